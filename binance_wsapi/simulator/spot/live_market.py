"""What makes markets move while nobody trades: walks, replays, and prices set from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.markets import Market
from binance_wsapi.simulator.replay import Replay, ReplayedTrade
from binance_wsapi.simulator.spot.market_maker import MarketMaker
from binance_wsapi.simulator.spot.random_market import RandomMarket

if TYPE_CHECKING:
    from binance_wsapi.simulator.venue import Venue

__all__ = ["LiveMarket"]


class _Running(Protocol):
    def stop(self) -> None:
        """End it."""


class LiveMarket:
    """Steers the public side of Spot. Every method may be called from any thread.

    Args:
        venue: The exchange's parts.
        call: Runs a callable on the exchange's thread and returns its result.
    """

    def __init__(self, venue: Venue, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._venue = venue
        self._call = call
        self._running: list[_Running] = []

    def walk(
        self,
        symbols: Sequence[str] | None = None,
        *,
        seed: int = 0,
        step_seconds: float = 0.5,
        volatility: int = 2,
    ) -> None:
        """Let prices walk at random, with depth and trades, until :meth:`stop`.

        The exchange's market maker quotes around the moving price; where it has none, one begins on these
        symbols. The same seed, clock and orders of others give the same market.

        Args:
            symbols: What moves; all that the maker quotes when left out.
            seed: Of the walk.
            step_seconds: Mean time between two steps of a symbol, in the exchange's time.
            volatility: Standard deviation of one step, in basis points of the price.
        """

        def start() -> None:
            rng = Random(seed)
            market = RandomMarket(
                self._venue.clock,
                self._maker(symbols, rng),
                rng,
                symbols,
                step_seconds=step_seconds,
                volatility=volatility,
            )
            market.start()
            self._running.append(market)

        self._call(start)

    def replay(
        self, symbol: str, trades: Iterable[ReplayedTrade], *, market: Market = Market.SPOT
    ) -> Replay:
        """Make given trades again, each at its time from now; several symbols at once if you like.

        Best without a market maker, whose quotes stand in the way of the tape's prices.

        Args:
            symbol: What is traded.
            trades: The tape, in order of time.
            market: Where.

        Returns:
            The replay: ``is_over``, ``done`` and ``refused`` tell how far it is.
        """

        def start() -> Replay:
            venue = self._venue
            maker, taker = venue.tape_traders(market, symbol)
            where = venue.spot if market is Market.SPOT else venue.futures[market]
            replay = Replay(venue.clock, where, symbol, trades, maker=maker, taker=taker)
            replay.start()
            self._running.append(replay)
            return replay

        replay: Replay = self._call(start)
        return replay

    def stop(self) -> None:
        """End all walks and replays; books stay as they are."""

        def stop() -> None:
            while self._running:
                self._running.pop().stop()

        self._call(stop)

    def set_reference_price(self, symbol: str, price: Decimal | str | int | None) -> None:
        """Set a symbol's reference price by hand; ``None`` leaves it unset from now on."""
        value = None if price is None else Decimal(price)
        self._call(lambda: self._venue.market_data.set_reference_price(symbol, value))

    def report_block_trade(
        self,
        symbol: str,
        price: Decimal | str | int,
        quantity: Decimal | str | int,
        *,
        buyer_is_maker: bool = False,
    ) -> None:
        """Tell of a block trade: agreed on outside the book, it moves no price and no statistic."""
        trades, amounts = self._venue.market_data.block_trades, (Decimal(price), Decimal(quantity))
        self._call(lambda: trades.record(symbol, *amounts, buyer_is_maker=buyer_is_maker))

    def _maker(self, symbols: Sequence[str] | None, rng: Random) -> MarketMaker:
        """Return the maker that quotes Spot, started if there was none."""
        makers = self._venue.market_makers
        maker = makers.get(Market.SPOT)
        if not isinstance(maker, MarketMaker):
            maker = MarketMaker(self._venue.clock, self._venue.spot, rng, symbols)
            maker.start()
            makers[Market.SPOT] = maker
        return maker
