"""A blocking caller drives the socket itself: it writes its request, and reads until its answer is there.

It does what the loop's thread does, by the same code, while that sleeps: a call wakes nobody. The loop
stays the owner: whatever is not plain is left to it, and it takes over from who is held up or gone.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING

from binance_wsapi.core.baton import CoreLoop
from binance_wsapi.core.call import Call
from binance_wsapi.core.direct_socket import DirectSocket
from binance_wsapi.core.lead import Lead
from binance_wsapi.core.link import frame_log
from binance_wsapi.core.loop_reading import LoopReader, reader_of
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.waiter import Waiter
from binance_wsapi.errors import NotSent

if TYPE_CHECKING:
    from binance_wsapi.core.api_session import ApiSession
    from binance_wsapi.core.loop_delivery import LoopDelivery

__all__ = ["Drives", "Driving"]

Drives = Callable[["ApiSession", Call, "Waiter | LoopDelivery"], bool]
"""Writes a call on its caller's thread and has its waiter read; false where that is the loop's."""

LOOK_AT_HANDLERS_S = 0.1
"""How long it is believed that no signal handler was installed since the last look."""


class Driving:
    """Lets blocking callers of one client drive; on any thread.

    An interrupt may come at any line of a caller's. Then the loop finds the books as they stand, and puts
    them right: a request is in the link's table before its first byte is written, what was read stays
    until it is taken, and the call is given up as after every interrupt.

    Args:
        runtime: What the core stands on.
        loop: Its loop.
        inbox: What was handed to the loop and not taken in yet.
    """

    def __init__(self, runtime: Runtime, loop: CoreLoop, inbox: deque[Call]) -> None:
        self._runtime = runtime
        self._loop = loop
        self._inbox = inbox
        self._host = runtime.host
        self._main = threading.main_thread().ident
        self._looked_at = -LOOK_AT_HANDLERS_S
        self._is_safe = False

    def begin(self, session: ApiSession, call: Call, waiter: Waiter | LoopDelivery) -> bool:
        """Write a request on its caller's thread, and have who waits for it read; false where that is the loop's.

        Raises:
            NotSent: A signal handler calls in the midst of another call on this thread, which cannot go on
                before it returns.
        """
        loop, baton, me = self._loop, self._loop.baton, get_ident()
        if loop.borrower == me:
            raise NotSent(
                f"{call.kind.method} was not sent: a signal handler called in the midst of another call of "
                "this client; make it on a thread of its own",
                operation=call.kind.method,
                reason="within another call",
            )
        if me == self._host.thread_id or (
            me == self._main and not self._is_interrupted_at_most(call.made_at)
        ):
            return False
        is_mine = False
        leader: Waiter | LoopReader | None = None
        try:
            if not baton.acquire(blocking=False) or loop.borrower is not None:
                return False
            lead = self._lead(session, call)
            if lead is None:
                return False
            leader = waiter if isinstance(waiter, Waiter) else reader_of(waiter, lead)
            if leader is None or not lead.is_free_for(leader):
                return False
            loop.borrower, is_mine = me, True
            call.is_driven = True
            leader.lead(lead)
            session.submit(call)
            return True  # noqa: TRY300  (an interrupt may come until here)
        except BaseException:
            if leader is not None:
                leader.abandon()
            raise
        finally:
            try:
                if is_mine:
                    loop.borrower = loop.corked = None
                    if loop.is_stirred:
                        loop.wake()
            finally:
                try:  # noqa: SIM105  (a call more, and an interrupt could come before the release)
                    baton.release()
                except RuntimeError:  # it was not had
                    pass

    def _lead(self, session: ApiSession, call: Call) -> Lead | None:
        """Return the lead over the socket that a call goes over, if nothing at all is in its way."""
        link = session.serving
        if (
            link is None
            or self._inbox  # who came first is written first
            or (call.kind.mutates and session.reconcilers)  # its answer would be the loop's
            or self._host.stopped  # in a forked child, for one: the socket is the parent's
            or self._runtime.is_closed
            or link.authority is not call.encoded_for
            or link.refusal is not None
            or link.in_doubt_since is not None
            or not session.is_calm(call)
            or frame_log.isEnabledFor(logging.DEBUG)
        ):
            return None
        socket = link.socket
        if type(socket) is not DirectSocket or not socket.is_free:
            return None
        return socket.lead

    def _is_interrupted_at_most(self, now: float) -> bool:
        """Whether a signal can do no more to the main thread than interrupt it.

        A handler of the user's may call this client, and wait for the very call that it came in the midst of.
        """
        if now - self._looked_at >= LOOK_AT_HANDLERS_S:
            self._is_safe = all(
                _is_harmless(signal.getsignal(number)) for number in signal.valid_signals()
            )
            self._looked_at = now
        return self._is_safe


_HARMLESS = (signal.SIG_DFL, signal.SIG_IGN, None, signal.default_int_handler)


def _is_harmless(handler: object) -> bool:
    """Whether a handler calls nothing of the user's: those of event loops note the signal, or cancel a task."""
    if handler in _HARMLESS:
        return True
    called = handler.func if isinstance(handler, partial) else handler
    return getattr(called, "__module__", "").partition(".")[0] in ("asyncio", "uvloop")
