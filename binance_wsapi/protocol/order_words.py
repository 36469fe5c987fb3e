"""The orders and fills of every account in the words of Spot's, whatever theirs are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from binance_wsapi.markets.books import AccountBook
from binance_wsapi.protocol.own_orders import orders_in
from binance_wsapi.protocol.wire_values import text

__all__ = ["fill_in_words", "order_in_words", "orders_shown"]

_NO_FILLS = {"executedQty": "0"}
"""What an order of the algo service would say: what it becomes has the fills."""


def order_in_words(book: AccountBook, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an order as Spot would show it."""
    if not book.words:
        return row
    order = _renamed(row, book.words)
    status = text(order.get("status"))
    if status is not None:
        order["status"] = book.statuses.get(status, status)
    return order | _NO_FILLS if book.is_algo else order


def fill_in_words(book: AccountBook, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a fill as Spot would show it."""
    # Options number a row, too; events have the number of the trade.
    return _renamed(row, {"tradeId": "id", "quantity": "qty"}) if book.words else row


def orders_shown(book: AccountBook, result: object) -> Iterator[Mapping[str, Any]]:
    """Yield the orders of a book that an answer shows, in the words of Spot."""
    if not book.words:
        yield from orders_in(result)
        return
    for row in result if isinstance(result, list) else [result]:
        if isinstance(row, dict):
            yield from orders_in(order_in_words(book, row))


def _renamed(row: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Return a row under other names; what goes by one of these already is something else."""
    taken = set(words.values())
    kept = {name: value for name, value in row.items() if name not in taken}
    return kept | {word: row[name] for name, word in words.items() if name in row}
