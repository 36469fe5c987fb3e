"""nautilus_trader trades live on Spot and USD-M; it trusts its own authorities alone, so it is told other addresses.

Its first node rests an order, changes and cancels it, trades, and stops with an order open; its second one
finds that order on the exchange and cancels it.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from threading import Timer
from typing import Any

from nautilus_trader.adapters.binance import (
    BINANCE,
    BinanceAccountType,
    BinanceDataClientConfig,
    BinanceExecClientConfig,
    BinanceInstrumentProviderConfig,
    BinanceKeyType,
    BinanceLiveDataClientFactory,
    BinanceLiveExecClientFactory,
)
from nautilus_trader.config import (
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy
from report import place

SECONDS = 150
IDS = {"spot": "BTCUSDT.BINANCE", "usdm": "BTCUSDT-PERP.BINANCE"}
TYPES = {"spot": BinanceAccountType.SPOT, "usdm": BinanceAccountType.USDT_FUTURES}


class Steps(Strategy):
    """Take one step after the other, each when the event of the former one has come."""

    def __init__(self, market: str, again: bool, done: Any) -> None:
        self.id_ = InstrumentId.from_str(IDS[market])
        # What is found on the exchange is this strategy's, as before the restart.
        claims = StrategyConfig(order_id_tag="001", external_order_claims=[self.id_])
        super().__init__(claims)
        self.market, self.again, self.done = market, again, done
        self.begun = False
        self.waits: dict[str, Any] = {}

    def on_start(self) -> None:
        self.instrument = self.cache.instrument(self.id_)
        self.subscribe_quote_ticks(self.id_)

    def tell(self, name: str) -> None:
        print(json.dumps({"feature": f"{self.market}_{name}", "failure": ""}), flush=True)

    def on_quote_tick(self, tick: Any) -> None:
        if self.begun:
            return
        self.begun = True
        self.bid = Decimal(str(tick.bid_price))
        if self.again:
            (order,) = self.cache.orders_open(instrument_id=self.id_)
            self.tell("finds_its_order_after_a_restart")
            self.waits["OrderCanceled"] = self.stop_here
            self.cancel_order(order)
        else:
            self.tell("quotes")
            self.rest("0.9", self.cancel_it)

    def rest(self, factor: str, then: Any) -> None:
        order = self.order_factory.limit(
            instrument_id=self.id_,
            order_side=OrderSide.BUY,
            quantity=self.instrument.make_qty("0.002"),
            price=self.instrument.make_price(round(self.bid * Decimal(factor))),
            time_in_force=TimeInForce.GTC,
        )
        self.waits["OrderAccepted"] = lambda: then(order)
        self.submit_order(order)

    def cancel_it(self, order: Any) -> None:
        self.tell("limit_order")
        self.waits["OrderCanceled"] = self.trade
        self.cancel_order(order)

    def trade(self) -> None:
        self.tell("cancel")
        self.market_order(OrderSide.BUY, lambda: self.market_order(OrderSide.SELL, self.leave_one))

    def market_order(self, side: OrderSide, then: Any) -> None:
        self.waits["OrderFilled"] = then
        self.submit_order(
            self.order_factory.market(self.id_, side, self.instrument.make_qty("0.002"))
        )

    def leave_one(self) -> None:
        self.tell("fills")
        self.rest("0.88", lambda order: self.stop_here())

    def stop_here(self) -> None:
        if self.again:
            self.tell("cancels_it")
        self.done()

    def on_order_event(self, event: Any) -> None:
        then = self.waits.pop(type(event).__name__, None)
        if then is not None:
            then()


def main(market: str, again: bool) -> None:
    here = place()
    keys = {
        "api_key": here.api_key,
        "api_secret": here.api_secret,
        "key_type": BinanceKeyType.HMAC if here.key_type == "hmac" else BinanceKeyType.ED25519,
        "account_type": TYPES[market],
        "base_url_http": here.rest,
        "instrument_provider": BinanceInstrumentProviderConfig(
            load_ids=frozenset([InstrumentId.from_str(IDS[market])])
        ),
    }
    usdm = market == "usdm"
    streams = f"{here.usdm_streams}/public" if usdm else here.streams
    private = f"{here.usdm_streams}/private/ws" if usdm else here.streams
    api = here.usdm_ws_api if usdm else here.ws_api
    data = BinanceDataClientConfig(**keys, base_url_ws=streams)
    orders = BinanceExecClientConfig(**keys, base_url_ws=api, base_url_ws_stream=private)
    node = TradingNode(
        TradingNodeConfig(
            trader_id="BOT-001",
            logging=LoggingConfig(log_level="WARNING"),
            exec_engine=LiveExecEngineConfig(reconciliation_startup_delay_secs=1.0),
            data_clients={BINANCE: data},
            exec_clients={BINANCE: orders},
            timeout_connection=60.0,
            timeout_reconciliation=30.0,
            timeout_post_stop=1.0,
        )
    )
    loop = node.get_event_loop()
    node.trader.add_strategy(Steps(market, again, lambda: loop.call_soon(node.stop)))
    node.add_data_client_factory(BINANCE, BinanceLiveDataClientFactory)
    node.add_exec_client_factory(BINANCE, BinanceLiveExecClientFactory)
    node.build()
    late = Timer(SECONDS, lambda: loop.call_soon_threadsafe(node.stop))
    late.start()
    try:
        node.run()
    finally:
        late.cancel()
        node.dispose()


if len(sys.argv) > 1:
    main(sys.argv[1], sys.argv[2] == "again")
else:
    import subprocess

    for market in sorted(IDS, reverse=True):
        for turn in ("first", "again"):
            subprocess.run([sys.executable, __file__, market, turn], check=False, stderr=sys.stderr)
            time.sleep(0)
