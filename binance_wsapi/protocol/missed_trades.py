"""Looking for the orders that were made and filled in the gaps of an event log, of which nobody told anything.

The trades of the account show them: those that were made in a gap, and no others. An account's events tell the
trades of a symbol in the order in which they were made: with the first that is told after a gap the gap is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.order_words import fill_in_words
from binance_wsapi.protocol.raw_event import RawEvent
from binance_wsapi.protocol.wire_values import whole_number

__all__ = ["MissedTrades", "Page", "Search"]

SEARCHED_MS = 24 * 3600 * 1000
"""The longest stretch in which the exchange shows trades by time."""

SLACK_MS = 1000
"""How much later than its trade an event may have been told."""

_NO_SUCH_SYMBOL = -1121


@dataclass(frozen=True, slots=True, eq=False)
class _Gap:
    """A stretch in which trades were not told."""

    since_ms: int
    """When the last of what was told before it was sent, epoch milliseconds, or earlier."""
    over: frozenset[tuple[str, int]]
    """The orders that had ended right before: what was told of them may be forgotten by the time they are met."""
    first_after: dict[str, int] = field(default_factory=dict[str, int])
    """By symbol, the number of the first trade that was told after it."""


class MissedTrades:
    """The gaps of one log in which nobody has looked for trades yet.

    Args:
        orders: The live orders: those that trades show are made known to them.
    """

    def __init__(self, orders: LiveOrders) -> None:
        self._orders = orders
        self._new: list[_Gap] = []
        self._searches: list[Search] = []

    @property
    def are_found(self) -> bool:
        """Whether all was looked for."""
        return not self._new and not self._searches

    def gap(self, since_ms: int) -> None:
        """There is a gap between what was told until now and what is told from now on.

        Args:
            since_ms: When it began, epoch milliseconds, rather early than late.
        """
        self._new.append(_Gap(since_ms, self._orders.lately_ended()))

    def told(self, symbol: str, trade_id: int) -> None:
        """An event has told a trade."""
        for each in self._new:
            each.first_after.setdefault(symbol, trade_id)
        for search in self._searches:
            search.gap.first_after.setdefault(symbol, trade_id)

    def event(self, event: RawEvent) -> None:
        """An event was told."""
        order = event.order
        if order is not None and (fill := order.fill) is not None:
            self.told(order.symbol, fill)

    def searches(self, now_ms: int) -> Iterator[Search]:
        """Yield what is to be looked for, in the symbols of the orders that are known: elsewhere nothing shows them.

        Args:
            now_ms: The exchange's time, epoch milliseconds.
        """
        symbols = sorted(self._orders.symbols())
        new, self._new = self._new, []
        self._searches += [Search(self._orders, symbol, gap) for gap in new for symbol in symbols]
        for search in list(self._searches):
            search.begin(now_ms)
            yield search
            if search.is_over:
                self._searches.remove(search)


class Page(NamedTuple):
    """What a page of trades shows of a gap."""

    met: list[tuple[str, int]]
    """The orders that nobody knew."""
    trades: list[dict[str, Any]]


class Search:
    """Looks for the trades of one symbol in one gap, page by page."""

    def __init__(self, orders: LiveOrders, symbol: str, gap: _Gap) -> None:
        self._orders = orders
        self._symbol = symbol
        self.gap = gap
        self._start_ms = 0
        self.is_over = False

    def begin(self, now_ms: int) -> None:
        """Look from the gap's beginning on, or as far back as the exchange shows trades."""
        self._start_ms = max(self.gap.since_ms - SLACK_MS, now_ms - SEARCHED_MS)

    def params(self) -> dict[str, Any]:
        """Return what the next page is asked for with."""
        book = self._orders.book
        return {
            "symbol": self._symbol,
            "startTime": self._start_ms,
            "limit": book.most_fills,
            **book.params,
        }

    def on_answer(self, result: object) -> Page:
        """Take in a page; return what it shows of the gap: its orders are known from now on."""
        book = self._orders.book
        trades = [
            (row, whole_number(fill_in_words(book, row).get("id")))
            for row in (result if isinstance(result, list) else ())
            if isinstance(row, dict) and type(row.get("orderId")) is type(row.get("time")) is int
        ]
        end = self.gap.first_after.get(self._symbol)
        missed = [row for row, number in trades if end is None or number is None or number < end]
        met = self._orders.meet(self._symbol, missed, over=self.gap.over)
        if len(trades) < book.most_fills or len(missed) < len(trades):
            self.is_over = True
        last_ms = max((row["time"] for row, _ in trades), default=self._start_ms)
        self._start_ms = max(last_ms, self._start_ms + 1)
        return Page(met, missed)

    def on_refusal(self, code: int | None) -> None:
        """Take in that a page is not to be had: another time, unless the symbol is gone.

        Args:
            code: The exchange's code, if it answered.
        """
        if code == _NO_SUCH_SYMBOL:
            self.is_over = True
