"""A caller's event loop drives the socket: it writes requests, and reads while their answers are awaited.

As a blocking caller does (:mod:`~binance_wsapi.core.driving`), but for as many calls as that loop has under
way: what they write in one turn of it leaves at once, and one read brings the answers of all.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from select import EPOLLIN, epoll  # gevent may take it away later
from threading import get_ident
from typing import TYPE_CHECKING

from binance_wsapi.core.lead import Lead
from binance_wsapi.forks import ends_at_fork

if TYPE_CHECKING:
    from binance_wsapi.core.loop_delivery import LoopDelivery

__all__ = ["LoopReader", "reader_of"]

PATIENCE_S = 0.001
"""A loop waits for the baton no longer: whoever has it so long reads in its place."""


class LoopReader:
    """Reads one socket on one caller's loop, in the core's place.

    On that loop's thread, but for what says otherwise. Once it has its answers it goes on watching the socket
    until the core's loop looks (:class:`Lead`): the next call then costs no system call for it.

    Args:
        loop: The caller's.
        delivery: Knows what is awaited on it.
        lead: Over the socket.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, delivery: LoopDelivery, lead: Lead) -> None:
        self._delivery = delivery
        self._lead = lead
        self._baton = lead.loop.baton
        self._is_flushing = self._is_left_behind = False
        # A set of its own: any thread may take the socket out of it, and a loop only its own.
        self._watched = epoll()
        loop.add_reader(self._watched.fileno(), self._readable)
        ends_at_fork(self)

    @property
    def is_over(self) -> bool:
        """Its loop is gone, or the socket is; on any thread."""
        return self._watched.closed or not self._delivery.is_open()

    @property
    def is_settled(self) -> bool:
        """Nothing is awaited on its loop, or cannot be any more; on any thread."""
        return self._delivery.is_idle

    is_idle = is_settled
    """Another one may take its place."""

    def lead(self, lead: Lead) -> None:
        """Read the socket from now on, and write what comes behind others at the end of the turn; under the baton."""
        if lead.leader is not self:
            lead.begin(self)
            self._watched.register(lead.descriptor, EPOLLIN)
        if self._delivery.is_busy:
            lead.loop.corked = set()
            if not self._is_flushing:
                asyncio.get_running_loop().call_soon(self._flush)
                self._is_flushing = True  # behind it: an interrupt may come with the call

    def abandon(self) -> None:
        """It was interrupted, or has no time to wait: the core's loop is to go on; on any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._lead.loop.call_soon_threadsafe(self._lead.left, self)

    def dismissed(self) -> None:
        """The core's loop reads again; under the baton, on any thread."""
        # The socket is closed, or it was not begun; or this is.
        with contextlib.suppress(OSError, ValueError):
            self._watched.unregister(self._lead.descriptor)

    def ended(self) -> None:
        """There is nothing more to read; on any thread."""
        loop = self._delivery.loop()
        try:
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._close)
        except RuntimeError:  # it was closed at this moment
            pass

    def release(self) -> None:
        """It is over: give its descriptor back; on any thread, for nobody runs its loop."""
        self._delivery.readers.pop(self._lead, None)
        self._watched.close()

    def left_behind(self) -> None:
        """In a forked child: the socket is the parent's, and so is what watches it."""
        self._is_left_behind = True

    def _close(self) -> None:
        loop = self._delivery.loop()
        if loop is not None and not self._watched.closed:
            self._delivery.readers.pop(self._lead, None)
            loop.remove_reader(self._watched.fileno())
            self._watched.close()

    def _readable(self) -> None:
        self._under_the_baton(self._read)

    def _read(self) -> None:
        if self._lead.leader is self:
            self._delivery.reads_on = get_ident()
            self._lead.pump()

    def _flush(self) -> None:
        self._is_flushing = False
        self._under_the_baton(self._lead.flush)

    def _under_the_baton(self, work: Callable[[], object]) -> None:
        """Do it; the core's loop does, if somebody is at it already or an interrupt comes."""
        if self._is_left_behind:
            return
        try:
            if not self._baton.acquire(timeout=PATIENCE_S):
                self.dismissed()  # else its loop would be woken again and again
                self.abandon()
            else:
                work()
        except BaseException:
            self.abandon()
            raise
        finally:
            self._delivery.reads_on = None
            try:  # noqa: SIM105  (a call more, and an interrupt could come before the release)
                self._baton.release()
            except RuntimeError:  # it was not had
                pass


def reader_of(delivery: LoopDelivery, lead: Lead) -> LoopReader | None:
    """Return what reads a socket on a caller's loop.

    ``None`` where nothing is known of that loop, or no descriptor is left for it.
    """
    reader: LoopReader | None = delivery.readers.get(lead)
    loop = delivery.loop()
    if reader is None and loop is not None and delivery.is_known:
        try:
            reader = delivery.readers[lead] = LoopReader(loop, delivery, lead)
        except OSError:
            return None
        for each in lead.readers[:]:
            if isinstance(each, LoopReader) and each.is_over:
                lead.readers.remove(each)
                each.release()
        lead.readers.append(reader)
    return reader
