"""What rows of trades show of an order: which of its fills, and whether they are all.

The sum of the fills proves it. Those that were told before may have dropped out of a list, and count as shown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from binance_wsapi.markets.books import AccountBook
from binance_wsapi.protocol.order_events import FINAL_STATUSES, micros
from binance_wsapi.protocol.order_words import fill_in_words
from binance_wsapi.protocol.wire_values import amount, whole_number

__all__ = [
    "SymbolTrades",
    "ToldFills",
    "UntoldError",
    "fill_row",
    "filled_by",
    "fills_of",
    "missed_fills",
    "trades_of_symbol",
]

_ROW = " row"
"""Where a fill in the words of Spot has itself as it was sent."""


class UntoldError(Exception):
    """The exchange did not answer a question, or with nothing that can be read."""

    def __init__(self, problem: str, *, was_answered: bool = True) -> None:
        super().__init__(problem)
        self.was_answered = was_answered


class ToldFills(NamedTuple):
    """The fills of an order that have been told."""

    trade_ids: set[int]
    quantity: Decimal
    """Of all of them."""

    def but_for(self, trades: Iterable[Mapping[str, Any]]) -> Decimal:
        """Return the quantity of those that are not among these trades."""
        shown = (Decimal(each["qty"]) for each in trades if each["id"] in self.trade_ids)
        return max(Decimal(0), self.quantity - sum(shown))

    def with_fills(self, fills: Iterable[Mapping[str, Any]]) -> ToldFills:
        """Return these and those."""
        added = {fill["id"]: Decimal(fill["qty"]) for fill in fills}
        return ToldFills(self.trade_ids | added.keys(), self.quantity + sum(added.values()))


class SymbolTrades(NamedTuple):
    """The latest trades of a symbol, as rows."""

    by_order: dict[int, list[dict[str, Any]]]
    whole_since: float
    """All that were made later than this are among them, epoch milliseconds."""


def trades_of_symbol(rows: Iterable[dict[str, Any]], *, is_full: bool) -> SymbolTrades:
    """Sort the rows of a symbol's trades by order; what is no such row is left out.

    Args:
        rows: They.
        is_full: Older ones may be missing.
    """
    trades: dict[int, list[dict[str, Any]]] = defaultdict(list)
    times = []
    for row in rows:
        order_id = whole_number(row.get("orderId")) if isinstance(row, dict) else None
        if order_id is not None:
            trades[order_id].append(row)
            times.append(whole_number(row.get("time")) or math.inf)
    return SymbolTrades(trades, min(times, default=math.inf) if is_full else -math.inf)


def fills_of(
    book: AccountBook,
    order: Mapping[str, Any],
    rows: Iterable[dict[str, Any]],
    told: ToldFills,
    symbols: SymbolTrades | None = None,
) -> list[dict[str, Any]]:
    """Return the fills that an order shows, oldest first, in the words of Spot: events tell the later ones.

    Args:
        book: It is one of these.
        order: It, in the words of Spot.
        rows: Its trades.
        told: Which fills were told.
        symbols: The list of the symbol's trades that the rows are out of, where told ones may be missing.

    Raises:
        UntoldError: They are not all, or cannot be read: the copy that answers may lag.
    """
    trades = [_readable(book, row) for row in rows]
    executed = amount(order.get("executedQty")) or Decimal(0)
    # Futures show the trades of some days, and of a symbol the latest: those told may be left out.
    executed -= told.but_for(trades)
    if symbols is None:
        symbols = trades_of_symbol(trades, is_full=len(trades) >= book.most_fills)
    whole_since = symbols.whole_since
    made = whole_number(order.get("time")) or 0
    if made <= whole_since and order.get("status") not in FINAL_STATUSES:
        # Later fills than the order shows would make up for older ones that are missing.
        trades = _made_by(trades, whole_number(order.get("updateTime")) or 0, whole_since)
    if sum(Decimal(each["qty"]) for each in trades) < executed:
        raise UntoldError(f"{book.fills} shows less than was filled")
    return _upto(executed, trades)


def missed_fills(
    trades: Iterable[dict[str, Any]], trade_ids: Container[int], before: Decimal
) -> list[dict[str, Any]]:
    """Return the fills that no event told, oldest first.

    Args:
        trades: All of an order, oldest first.
        trade_ids: Which were told.
        before: How much was filled before the order was first seen: the oldest, whose ids are not known.
    """
    missed = []
    for trade in trades:
        if trade["id"] in trade_ids:
            continue
        if before > 0:
            before -= Decimal(trade["qty"])
        else:
            missed.append(trade)
    return missed


def filled_by(
    trades: Iterable[Mapping[str, Any]], trade_ids: Container[int], since_us: int
) -> Decimal:
    """Return how much was filled by a moment, epoch microseconds, and told by no event.

    Raises:
        UntoldError: They do not show when they were made.
    """
    filled = Decimal(0)
    for trade in trades:
        if trade["id"] in trade_ids:
            continue
        made = whole_number(trade.get("time"))
        if made is None:
            raise UntoldError("a row of an order's fills has no time that can be read")
        if micros(made) <= since_us:
            filled += Decimal(trade["qty"])
    return filled


def fill_row(fill: dict[str, Any]) -> dict[str, Any]:
    """Return a fill as it was sent."""
    row: dict[str, Any] = fill.get(_ROW, fill)
    return row


def _readable(book: AccountBook, row: dict[str, Any]) -> dict[str, Any]:
    trade = fill_in_words(book, row)
    if whole_number(trade.get("id")) is None:
        raise UntoldError(f"a row of {book.fills} cannot be read")
    if amount(trade.get("qty")) is None:
        raise UntoldError(f"the quantity of a row of {book.fills} cannot be read")
    return row if trade is row else {**trade, _ROW: row}


def _made_by(
    trades: Iterable[dict[str, Any]], time: int, whole_since: float
) -> list[dict[str, Any]]:
    """Return those made until then; of several made right then, shown or not, some may be later."""
    made = [(whole_number(each.get("time")), each) for each in trades]
    earlier = [each for at, each in made if at is not None and at < time]
    last = [each for at, each in made if at == time]
    return earlier + last if len(last) == 1 and whole_since < time else earlier


def _upto(executed: Decimal, trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = []
    for trade in sorted(trades, key=lambda trade: int(trade["id"])):
        executed -= Decimal(trade["qty"])
        if executed < 0:
            break
        shown.append(trade)
    return shown
