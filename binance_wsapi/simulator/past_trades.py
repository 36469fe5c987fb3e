"""Trades from before the exchange opened, so that candles and tickers have something to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.price_history import PriceHistory
from binance_wsapi.simulator.market_data.intervals import MINUTE, SECOND
from binance_wsapi.simulator.spot.ladder import Ladder

if TYPE_CHECKING:
    from binance_wsapi.simulator.tapes import Tape
    from binance_wsapi.simulator.venue import Venue

__all__ = ["PastTrade", "invented_past", "live_through", "past_of"]

BASIS_POINT = Decimal("0.0001")
STEP_US = 15 * SECOND
FINE_STEPS = 7 * 24 * 60 * 4
"""Candles of a minute are kept for a week: before it four trades in a quarter of an hour are enough."""
COARSENESS = 15
MOST_SECONDS = 200 * 24 * 3600
"""As far as candles of a quarter of an hour are kept."""
FUTURES_VALUE = 1_000


@dataclass(frozen=True, slots=True)
class PastTrade:
    """One trade of the past."""

    time_us: int
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


def past_of(tape: Tape, ends_us: int) -> Iterator[PastTrade]:
    """Return a tape's trades, moved by whole minutes so that the last one happens before ``ends_us``."""
    last = 0.0
    for trade in tape.trades():
        last = trade.after_seconds
    last_us = tape.begins_us + round(last * SECOND)
    moved_us = (ends_us - 1 - last_us) // MINUTE * MINUTE
    for trade in tape.trades():
        time_us = tape.begins_us + round(trade.after_seconds * SECOND) + moved_us
        yield PastTrade(time_us, trade.price, trade.quantity, trade.buyer_is_maker)


def invented_past(
    venue: Venue, market: Market, symbol: str, *, seconds: float, seed: int, ends_us: int
) -> Iterator[PastTrade]:
    """Return a random walk that ends at the symbol's start price."""
    rng = Random(f"past {seed} {market} {symbol}")
    if market is Market.SPOT:
        spec = venue.spot.engine.market(symbol).spec
        start_price, tick, step = spec.start_price, spec.tick_size, spec.step_size
        unit = Ladder(spec).worth(10, start_price)
    else:
        contract = venue.futures[market].contracts[symbol]
        start_price, tick, step = contract.start_price, contract.tick_size, contract.step_size
        unit = FUTURES_VALUE / (contract.contract_size or start_price)
    steps = _steps(ends_us, round(seconds * SECOND))
    # Backwards in time: the walk ends at the price that the market goes on from.
    walked: list[PastTrade] = []
    price = start_price
    for time_us in steps:
        coarse = COARSENESS if len(walked) >= FINE_STEPS else 1
        # A whole number of thousandths of a basis point: prices never pass through a float.
        size = round(rng.gauss(0, 2 * coarse**0.5) * 1_000)
        quantity = max(step, unit * rng.randint(1, 200) // step * step)
        walked.append(PastTrade(time_us, price // tick * tick, quantity, size < 0))
        moved = price - price * BASIS_POINT * size / 1_000
        price = min(max(moved, start_price / 5), start_price * 5)
    return reversed(walked)


def live_through(venue: Venue, market: Market, symbol: str, trades: Iterable[PastTrade]) -> None:
    """Let trades happen at their times in the past.

    Raises:
        ValueError: The symbol traded already, or a trade does not fit its tick or step.
    """
    where = venue.spot if market is Market.SPOT else venue.futures[market]
    _expect_quiet(venue, market, symbol)
    with venue.clock.elsewhere():
        for trade in trades:
            venue.clock.set_to(trade.time_us)
            price, quantity = trade.price, trade.quantity
            if not where.print_trade(symbol, price, quantity, buyer_is_maker=trade.buyer_is_maker):
                raise ValueError(
                    f"{symbol}: a trade of {quantity} at {price} is off the symbol's tick or step"
                )


def _expect_quiet(venue: Venue, market: Market, symbol: str) -> None:
    if market is Market.SPOT:
        has_traded = venue.spot.engine.market(symbol).trade_id > 0
    else:
        engine = venue.futures[market]
        contract = engine.contracts[symbol]
        has_traded = engine.prices.has_traded(contract)
        if not has_traded:
            # It began with the price of the present.
            engine.price_histories[symbol] = PriceHistory(contract)
    if has_traded:
        raise ValueError(
            f"{symbol} has traded already: give it a past before the exchange starts its market maker"
        )


def _steps(ends_us: int, width_us: int) -> Sequence[int]:
    """Return the times of trades, latest first."""
    fine = range(ends_us - 1, max(ends_us - width_us, ends_us - FINE_STEPS * STEP_US), -STEP_US)
    coarse = range(fine[-1] - STEP_US * COARSENESS, ends_us - width_us, -STEP_US * COARSENESS)
    return [*fine, *coarse]
