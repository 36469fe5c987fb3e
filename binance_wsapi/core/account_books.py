"""The books of one account: several where one stream tells of several markets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["AccountBooks", "Reconciles"]


class Reconciles(Protocol):
    """Who brings an account's stream up to date after a gap."""

    def start(self) -> None:
        """Learn which orders are open already."""

    def end(self) -> None:
        """The account's stream has ended."""

    def is_news(self, event: RawEvent) -> bool:
        """Take note of an event; false when it tells what was told already."""
        raise NotImplementedError

    def begin(self) -> None:
        """Events flow again after a gap."""

    def moving(self) -> None:
        """Another link takes over."""

    def moved(self) -> None:
        """All events came."""

    def interrupted(self) -> None:
        """Events are missing from now on."""


class AccountBooks:
    """Several reconcilers, each for the orders of one kind; owned by the loop's thread.

    Args:
        books: They.
    """

    def __init__(self, books: Iterable[Reconciler]) -> None:
        # Who hands a list in may add the log's, which are told by the log alone.
        self.books = tuple(books)

    def start(self) -> None:
        """Learn which orders are open already."""
        for each in self.books:
            each.start()

    def end(self) -> None:
        """The account's stream has ended."""
        for each in self.books:
            each.end()

    def is_news(self, event: RawEvent) -> bool:
        """Let the books of the business unit that an event is about take note of it."""
        concerned = [each for each in self.books if each.book.business_unit == event.unit]
        told = [each.is_news(event) for each in concerned]  # each has to see it
        return all(told)

    def begin(self) -> None:
        """Events flow again after a gap."""
        for each in self.books:
            each.begin()

    def moving(self) -> None:
        """Another link takes over."""
        for each in self.books:
            each.moving()

    def moved(self) -> None:
        """All events came."""
        for each in self.books:
            each.moved()

    def interrupted(self) -> None:
        """Events are missing from now on."""
        for each in self.books:
            each.interrupted()
