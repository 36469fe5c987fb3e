"""Where a reader of an event log stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from binance_wsapi.errors import ParameterError

__all__ = ["Position"]

_parts = re.compile(r"([1-9][0-9]{0,15})-([1-9][0-9]{0,15})@([0-9]{1,16})").fullmatch


@dataclass(frozen=True, slots=True)
class Position:
    """The last entry that was read: the term in which it was published, its number in it, its time.

    Without one all comes that the log has.
    """

    term: int = 0
    number: int = 0
    time_ms: int = 0
    """Until when the log is whole with it, epoch milliseconds."""

    @classmethod
    def read(cls, text: str) -> Position:
        """Return a position that was kept.

        Raises:
            ParameterError: It is none.
        """
        parts = _parts(text) if isinstance(text, str) else None
        if parts is None:
            raise ParameterError(
                f"after={text!r} is no position in a log: give what a stream's position was, 'start', or None",
                parameter="after",
            )
        return cls(*map(int, parts.groups()))

    @property
    def entry(self) -> str:
        """The entry's id at the server; empty without one."""
        return f"{self.term}-{self.number}" if self.term else ""

    def is_before(self, term: int, number: int, after: str | None) -> bool:
        """Whether an entry is the next one.

        Args:
            term: The term in which it was published.
            number: Its number in it.
            after: What the first entry of a term says to follow.
        """
        if term == self.term:
            return number == self.number + 1
        return number == 1 and after == self.entry

    def __str__(self) -> str:
        return f"{self.entry}@{self.time_ms}" if self.term else "start"
