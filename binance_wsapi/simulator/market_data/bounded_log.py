"""A list that forgets its oldest items, with positions that stay valid while it does."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["BoundedLog"]

T = TypeVar("T")


class BoundedLog(Generic[T]):
    """Items in order, of which at least the newest ``capacity`` are kept.

    An item's position never changes: the first one ever is at 0, whether it is still kept or not.
    Appending is O(1) amortised, since forgetting happens in bulk.
    """

    __slots__ = ("_capacity", "_items", "start")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: list[T] = []
        self.start = 0
        """Position of the oldest item kept."""

    @property
    def end(self) -> int:
        """Position the next item gets."""
        return self.start + len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def append(self, item: T) -> None:
        """Add the newest item."""
        items = self._items
        items.append(item)
        if len(items) > 2 * self._capacity:
            forgotten = len(items) - self._capacity
            del items[:forgotten]
            self.start += forgotten

    def last(self) -> T | None:
        """Return the newest item, ``None`` when there is none."""
        return self._items[-1] if self._items else None

    def first(self) -> T | None:
        """Return the oldest item kept, ``None`` when there is none."""
        return self._items[0] if self._items else None

    def __getitem__(self, position: int) -> T:
        if position < self.start:
            raise IndexError(position)
        return self._items[position - self.start]

    def between(self, first: int, end: int) -> Iterator[T]:
        """Iterate over the kept items from position ``first`` up to, without, ``end``."""
        items, start = self._items, self.start
        for index in range(max(first - start, 0), min(end - start, len(items))):
            yield items[index]

    def newest(self, count: int) -> list[T]:
        """Return the newest ``count`` items, oldest first."""
        return self._items[-count:] if count > 0 else []

    def position_of(self, value: int, key: Callable[[T], int]) -> int:
        """Return the position of the first kept item whose key is at least ``value``.

        The items' keys must never fall from one item to the next.
        """
        return self.start + bisect_left(self._items, value, key=key)
