"""The grid bot of ``replay.py`` on nautilus_trader's own backtest engine, where that is installed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from binance_wsapi.simulator.replay import ReplayedTrade

__all__ = ["grid_on_nautilus", "is_there"]


def is_there() -> bool:
    """Whether nautilus_trader can be imported."""
    return find_spec("nautilus_trader") is not None


def grid_on_nautilus(
    trades: Iterable[ReplayedTrade], *, begins_us: int, step: Decimal, quantity: str
) -> tuple[float, int]:
    """Run the bot; return seconds of CPU of the run alone, without making its ticks, and how many fills there were."""
    model = import_module("nautilus_trader.model")
    enums = import_module("nautilus_trader.model.enums")
    engines = import_module("nautilus_trader.backtest.engine")
    config = import_module("nautilus_trader.config")
    currencies = import_module("nautilus_trader.model.currencies")
    instrument = import_module(
        "nautilus_trader.test_kit.providers"
    ).TestInstrumentProvider.btcusdt_binance()
    Strategy: Any = import_module("nautilus_trader.trading.strategy").Strategy  # noqa: N806 - a class

    # Its package need not be there.
    class Grid(Strategy):  # type: ignore[misc]
        fills = 0
        has_begun = False

        def on_start(self) -> None:
            self.subscribe_trade_ticks(instrument.id)

        def on_trade_tick(self, tick: Any) -> None:
            if not self.has_begun:
                self.has_begun = True
                self.rest(tick.price.as_decimal())

        def on_order_filled(self, event: Any) -> None:
            self.fills += 1
            if self.cache.order(event.client_order_id).is_closed:
                self.cancel_all_orders(instrument.id)
                self.rest(event.last_px.as_decimal())

        def rest(self, middle: Decimal) -> None:
            sides = ((enums.OrderSide.BUY, middle - step), (enums.OrderSide.SELL, middle + step))
            for side, price in sides:
                self.submit_order(
                    self.order_factory.limit(
                        instrument.id,
                        side,
                        instrument.make_qty(quantity),
                        instrument.make_price(price),
                    )
                )

    engine = engines.BacktestEngine(
        engines.BacktestEngineConfig(
            logging=config.LoggingConfig(bypass_logging=True), run_analysis=False
        )
    )
    engine.add_venue(
        venue=model.Venue("BINANCE"),
        oms_type=enums.OmsType.NETTING,
        account_type=enums.AccountType.CASH,
        base_currency=None,
        starting_balances=[
            model.Money(100_000, currencies.USDT),
            model.Money(5, currencies.BTC),
        ],
        trade_execution=True,
    )
    engine.add_instrument(instrument)
    engine.add_data([_tick(model, enums, instrument, begins_us, each) for each in trades])
    grid = Grid()
    engine.add_strategy(grid)
    begun = time.process_time()
    engine.run()
    took = time.process_time() - begun
    engine.dispose()
    return took, grid.fills


def _tick(model: Any, enums: Any, instrument: Any, begins_us: int, trade: ReplayedTrade) -> Any:
    moment_us = begins_us + round(trade.after_seconds * 1e6)
    return model.TradeTick(
        instrument.id,
        instrument.make_price(trade.price),
        instrument.make_qty(trade.quantity),
        enums.AggressorSide.SELLER if trade.buyer_is_maker else enums.AggressorSide.BUYER,
        model.TradeId(str(moment_us)),
        moment_us * 1_000,
        moment_us * 1_000,
    )
