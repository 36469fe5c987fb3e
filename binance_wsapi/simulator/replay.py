"""Replay of given trades and books: the market does again what a tape says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.market_maker import plain_text

if TYPE_CHECKING:
    from binance_wsapi.simulator.futures.recorded_book import RecordedBook

__all__ = [
    "BookReplay",
    "Level",
    "Replay",
    "ReplayedBook",
    "ReplayedMarket",
    "ReplayedTrade",
    "TapeReplay",
]

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ReplayedTrade:
    """One trade of a tape."""

    price: Decimal
    quantity: Decimal
    """In base asset units; of COIN-M futures in contracts."""
    after_seconds: float
    """Exchange time from the start of the replay."""
    buyer_is_maker: bool = False


Level = tuple[str, Decimal]
"""Side (``BUY``, ``SELL``) and price."""


@dataclass(frozen=True, slots=True)
class ReplayedBook:
    """What a tape says of the levels of a book."""

    levels: Mapping[Level, Decimal]
    """Their totals, in base asset units; of COIN-M futures in contracts. Zero is an empty level."""
    is_whole: bool
    """Whether every other level is empty."""
    update_id: int
    """The exchange's number of the change."""
    after_seconds: float
    """Exchange time from the start of the replay."""


_Played = TypeVar("_Played", ReplayedTrade, ReplayedBook)


class ReplayedMarket(Protocol):
    """What a replay needs of a market."""

    def print_trade(
        self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_is_maker: bool
    ) -> bool:
        """Let a trade of others happen; false when an order rests in its way."""
        ...

    def handle(self, method: str, params: dict[str, Any], account: Any) -> object:
        """Answer a request."""
        ...


class TapeReplay(Generic[_Played]):
    """Plays what a tape holds, each at its time.

    Attributes:
        done: How much of the tape was played.
        refused: What the exchange refused of it, and why.
    """

    def __init__(self, clock: SimulatedClock, tape: Iterable[_Played]) -> None:
        self._clock = clock
        self._tape: Iterator[_Played] = iter(tape)
        self._next: ScheduledCall | None = None
        self._began_us = 0
        self.done = 0
        self.refused: list[tuple[_Played, ExchangeError]] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing waits for its time."""
        return self._next is None

    def start(self, began_us: int | None = None) -> None:
        """Begin now; ``began_us`` is what several replays that begin together call now."""
        self._began_us = self._clock.now_us() if began_us is None else began_us
        self._plan()

    def stop(self) -> None:
        """Leave the rest of the tape unplayed."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _play(self, item: _Played) -> None:
        raise NotImplementedError

    def _plan(self) -> None:
        # Over, unless there is more: a tape that cannot be read any further has none.
        self._next = None
        item = next(self._tape, None)
        if item is None:
            return
        when_us = self._began_us + round(item.after_seconds * MICROSECONDS)
        self._next = self._clock.call_at(when_us, lambda: self._go_on(item))

    def _go_on(self, item: _Played) -> None:
        self._play(item)
        self._plan()


class Replay(TapeReplay[ReplayedTrade]):
    """Trades of one symbol, made again.

    Where no order rests in its way a trade is told as it stands on the tape, and costs as little as that.
    Where one does, one account offers the trade's quantity at its price and another takes it: what stands in
    the way trades first, at its own price, as it would have; what the tape's trade leaves over is taken out of the
    book. So a resting order is the first in the queue at its price, and is filled by what the tape trades
    there. Best used without a market maker on the symbol: its quotes stand in the way like any others.

    Args:
        clock: The exchange's clock.
        market: Where the trades happen.
        symbol: What is traded.
        trades: The tape, in order of time.
        maker: Offers what trades; with enough funds for all of it.
        taker: Takes it.

    Attributes:
        done: How many trades of the tape were made.
        refused: What the exchange refused of them, and why.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        market: ReplayedMarket,
        symbol: str,
        trades: Iterable[ReplayedTrade],
        *,
        maker: EventSource,
        taker: EventSource,
    ) -> None:
        super().__init__(clock, trades)
        self._market = market
        self._symbol = symbol
        self._maker = maker
        self._taker = taker

    def _play(self, item: ReplayedTrade) -> None:
        is_alone = self._market.print_trade(
            self._symbol, item.price, item.quantity, buyer_is_maker=item.buyer_is_maker
        )
        if is_alone:
            self.done += 1
        else:
            self._play_by_orders(item)

    def _play_by_orders(self, trade: ReplayedTrade) -> None:
        sides = ("BUY", "SELL") if trade.buyer_is_maker else ("SELL", "BUY")
        try:
            offer = self._order(self._maker, sides[0], "GTC", trade)
            try:
                self._order(self._taker, sides[1], "IOC", trade)
            finally:
                self._withdraw(offer)
            self.done += 1
        except ExchangeError as refusal:
            self.refused.append((trade, refusal))

    def _order(
        self, account: EventSource, side: str, time_in_force: str, trade: ReplayedTrade
    ) -> dict[str, Any]:
        answer = self._market.handle(
            "order.place",
            {
                "symbol": self._symbol,
                "side": side,
                "type": "LIMIT",
                "timeInForce": time_in_force,
                "price": plain_text(trade.price),
                "quantity": plain_text(trade.quantity),
                "newOrderRespType": "RESULT",
            },
            account,
        )
        return cast("dict[str, Any]", answer)

    def _withdraw(self, offer: dict[str, Any]) -> None:
        """Take what is left of an offer out of the book."""
        params = {"symbol": self._symbol, "orderId": offer["orderId"]}
        try:
            self._market.handle("order.cancel", params, self._maker)
        except ExchangeError:
            # Taken whole, as it should be.
            return


class BookReplay(TapeReplay[ReplayedBook]):
    """The book of one contract, made again as a tape has it: its best quotes, or all levels.

    Args:
        clock: The exchange's clock.
        book: Where the levels are shown.
        changes: The tape, in order of time.

    Attributes:
        done: How many changes of the tape were made.
        refused: What the exchange refused of them, and why.
    """

    def __init__(
        self, clock: SimulatedClock, book: RecordedBook, changes: Iterable[ReplayedBook]
    ) -> None:
        super().__init__(clock, changes)
        self._book = book

    def _play(self, item: ReplayedBook) -> None:
        try:
            self._book.show(item.levels, is_whole=item.is_whole, update_id=item.update_id)
            self.done += 1
        except ExchangeError as refusal:
            self.refused.append((item, refusal))
