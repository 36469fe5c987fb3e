"""Who reads a socket: its loop, or a caller in the loop's place while it waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from select import EPOLLIN, POLLIN, epoll, poll  # gevent may take them away later
from threading import get_ident
from typing import Protocol

from binance_wsapi.core.baton import CoreLoop
from binance_wsapi.core.bell import make_bell

__all__ = ["Lead", "Leader"]

LOOK_S = 0.02
"""So often it is looked whether a leader reads; if not, the loop does."""

LOOKS_IN_VAIN = 250
"""After so many without a leader nobody looks any more, until there is one."""


class Leader(Protocol):
    """A caller who waits for an answer, or for several."""

    @property
    def is_settled(self) -> bool:
        """It has its answers, and waits no more."""

    @property
    def is_idle(self) -> bool:
        """It reads though it waits for nothing: another one may take its place."""

    def dismissed(self) -> None:
        """The loop reads again; under the baton."""

    def ended(self) -> None:
        """There is nothing more to read; under the baton."""


class Lead:
    """Lets callers read one socket in the loop's place; under the baton.

    A caller may be interrupted at any line of these methods, but not where no call stands between two.

    Args:
        loop: The loop.
        descriptor: The socket's.
        read: Reads on the loop's thread, and does what an interrupted caller has not done; returns whether
            there was something.
        pump: Reads on a caller's.
        flush: Writes the frames of a turn, on a caller's.

    Raises:
        OSError: No descriptor is left for it.
    """

    def __init__(
        self,
        loop: CoreLoop,
        descriptor: int,
        *,
        read: Callable[[], bool],
        pump: Callable[[], object],
        flush: Callable[[], object],
    ) -> None:
        self.loop = loop
        self.descriptor = descriptor
        """The socket's."""
        self._read = read
        self._pump = pump
        self._flush = flush
        self.leader: Leader | None = None
        self.readers: list[Leader] = []
        """Loops that have led, and may again."""
        self._led = self._seen = self._reads = self._seen_reads = self._in_vain = 0
        self._looking: asyncio.TimerHandle | None = None
        # A set of its own: to let go of the socket, and to take it back, is one system call.
        self._watched = epoll()
        self._watched.register(descriptor, EPOLLIN)
        loop.add_reader(self._watched, read)
        self.renew()

    def renew(self) -> None:
        """Have whoever leads next wake by another bell: the present one is waited for still."""
        self.bell = make_bell()
        """Wakes the leader."""
        self.bell_descriptor: int | None = getattr(self.bell, "descriptor", None)
        """``None`` where none was left: then nobody may lead."""
        both = poll()
        both.register(self.descriptor, POLLIN)
        if self.bell_descriptor is not None:
            both.register(self.bell_descriptor, POLLIN)
        self.poll = both.poll
        """Waits until there is something to read, or the bell rings; without the baton."""

    def is_free_for(self, leader: Leader) -> bool:
        """Whether a caller may lead, or does."""
        present = self.leader
        return self.bell_descriptor is not None and (
            present is None or present is leader or present.is_idle
        )

    def begin(self, leader: Leader) -> None:
        """Have a caller read from now on."""
        if self.leader is not None:
            self.take_over()
        self.leader = leader
        self._led += 1
        self._watched.modify(self.descriptor, 0)
        if self._looking is None:
            self._looking = self.loop.call_later(LOOK_S, self._look)

    def pump(self) -> None:
        """Read, on the leader's thread."""
        self._reads += 1
        self._borrowed(self._pump)

    def flush(self) -> None:
        """Write the frames of a turn, on the thread of the caller whose turn it was."""
        self._borrowed(self._flush)

    def _borrowed(self, work: Callable[[], object]) -> None:
        loop = self.loop
        loop.borrower = get_ident()
        try:
            work()
        finally:
            loop.borrower = None
            if loop.is_stirred:
                loop.wake()

    def end(self) -> None:
        """Have the loop read again."""
        self._watched.modify(self.descriptor, EPOLLIN)
        self.leader = None

    def take_over(self) -> None:
        """Have the loop read again, though the leader may wait still."""
        leader = self.leader
        if leader is not None:
            self.end()
            leader.dismissed()

    def left(self, leader: Leader) -> None:
        """A leader is gone in the midst of whatever it did; on the loop's thread."""
        if self.leader is leader:
            self.take_over()
        self._read()

    def close(self) -> None:
        """The socket is about to be closed."""
        self.loop.remove_reader(self._watched)
        self._watched.close()
        if self._looking is not None:
            self._looking.cancel()
        leader, self.leader = self.leader, None
        readers, self.readers = self.readers, []  # who holds the other keeps its descriptors
        for each in readers:
            each.ended()
        if leader is not None and leader not in readers:
            leader.ended()

    def _look(self) -> None:
        # A leader that is settled is gone: it would have left by now, and may have written not all. Another one
        # may be held up.
        leader = self.leader if self._reads == self._seen_reads else None
        if leader is not None and (self._read() or leader.is_settled):
            self.take_over()
        self._in_vain = self._in_vain + 1 if self._led == self._seen and self.leader is None else 0
        self._seen, self._seen_reads = self._led, self._reads
        if self.loop.is_closed() or self._watched.closed or self._in_vain > LOOKS_IN_VAIN:
            self._looking = None
        else:
            self._looking = self.loop.call_later(LOOK_S, self._look)
