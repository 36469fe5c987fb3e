"""One session on the loop's thread: carries out what the session machine decides.

What is spoken over the connection is left to the subclasses: requests and answers
(:mod:`~binance_wsapi.core.api_session`), or streams (:mod:`~binance_wsapi.core.stream_session`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any, ClassVar

from binance_wsapi.core.call_errors import held_back, never_sent
from binance_wsapi.core.link import Link
from binance_wsapi.core.link_life import LinkLife
from binance_wsapi.core.watch import Watch
from binance_wsapi.core.way_up import WayUp
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import NotSent
from binance_wsapi.events import ConnectionEvent, ConnectionEventKind
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.protocol.session import (
    Dial,
    Drain,
    Drop,
    Effect,
    LogOn,
    Serve,
    SessionInput,
    SessionMachine,
    SessionState,
    Subscribe,
)

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["Session"]

log = logging.getLogger("binance_wsapi.connection")

LOOK_AGAIN_S = 1.0
"""When a session is looked after again if that failed."""
_LEVELS = {
    "open": logging.INFO,
    "authenticated": logging.INFO,
    "reconnecting": logging.WARNING,
    "reconnected": logging.INFO,
    "rotated": logging.INFO,
    "close": logging.INFO,
    "exception": logging.ERROR,
}


class Session(LinkLife):
    """Base of the sessions: links, timers, reconnects, rotation.

    All methods run on the loop's thread.

    Args:
        runtime: What the core stands on.
        ws_key: The connection it is.
        heals: Whether it dials again by itself after a loss.
    """

    link_type: ClassVar[type[Link]] = Link

    def __init__(self, runtime: Runtime, ws_key: WsKey, *, heals: bool = True) -> None:
        self.runtime = runtime
        self.ws_key = ws_key
        self.links: dict[int, Link] = {}
        self.serving: Link | None = None
        self.silence = runtime.exchanges.governor_of(ws_key).silence
        """What its hosts told this address to leave alone."""
        self.last_failure = ""
        self.reconnects = 0
        self.machine = SessionMachine(
            retry=runtime.dialling.retry_policy(),
            lifetime=runtime.dialling.rotation_delay,
            next_link=runtime.dialling.next_link,
            heals=heals,
            moved=self._moved,
        )
        self._watch = Watch(self)
        self._way_up = WayUp(self, self.machine, self._carry_out)
        self._timer: asyncio.TimerHandle | None = None
        self.wakes_at = math.inf
        self._changed = asyncio.Event()

    async def address(self, link: Any) -> str:
        """Return where the next link dials; raise ``LinkLost`` when that cannot be found out."""
        return self.runtime.dialling.url(self.ws_key)

    # What the core uses

    def demand(self) -> None:
        """Somebody wants the connection."""
        self._carry_out(self.machine.demand())

    def rotate(self) -> None:
        """Bring up a successor of the serving link."""
        self._carry_out(self.machine.rotate(self.runtime.now()))

    async def ready(self, timeout: float) -> Any:
        """Return the serving link, waiting for one as long as there may be one in time.

        Raises:
            TimeoutError: None served, or can serve, in time; ``last_failure`` says why.
        """
        self.demand()
        deadline = self.runtime.now() + timeout
        async with asyncio.timeout(timeout):
            while self.serving is None:
                if self.machine.state is SessionState.CLOSED or self.is_silenced(deadline):
                    raise TimeoutError
                self._changed.clear()
                await self._changed.wait()
        return self.serving

    async def ready_or_not_sent(self, method: str) -> Any:
        """Return the serving link, waiting for one as long as a request would.

        Raises:
            NotSent: None served in time.
        """
        timeout = self.runtime.options.timeout
        try:
            return await self.ready(timeout)
        except TimeoutError:
            if self.machine.state is SessionState.CLOSED:
                raise self.runtime.ended(method) from None
            raise self.never_sent(method, timeout) from None

    async def rotated(self, method: str) -> None:
        """Replace the serving link, and wait until its successor serves.

        Raises:
            NotSent: None served in time.
        """
        timeout = self.runtime.options.timeout
        until = self.runtime.now() + timeout
        present = await self.ready_or_not_sent(method)
        self.rotate()
        try:
            async with asyncio.timeout(until - self.runtime.now()):
                while self.serving is None or self.serving is present:
                    if self.machine.state is SessionState.CLOSED:
                        raise self.runtime.ended(method)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self.never_sent(method, timeout) from None

    def health(self) -> ConnectionHealth:
        """Return how the connection is doing."""
        link, now = self.serving, self.runtime.now()
        shared = self.runtime.shared_limits
        return ConnectionHealth(
            ws_key=self.ws_key,
            state=self.machine.state.told,
            silent_for=None if link is None else now - link.last_heard,
            connected_for=None if link is None else now - link.opened_at,
            reconnects=self.reconnects,
            last_failure=self.last_failure,
            limits="" if shared is None else shared.status(),
        )

    @property
    def why_not(self) -> str:
        """Why there is no connection, in a few words."""
        used_up = "" if self.serving else self.runtime.dialling.used_up(self.ws_key)
        return used_up or self.last_failure or self.machine.state.told

    def never_sent(self, method: str, timeout: float) -> NotSent:
        """Return the error of what no connection came up for in time."""
        now = self.runtime.now()
        if not self.is_silenced(now):
            return never_sent(self.ws_key, method, timeout, self.why_not)
        reason = f"{self.silence.reason(now)} ({self.why_not})"
        return held_back(method, reason, self.silence.handshake_delay(now))

    def is_silenced(self, until: float) -> bool:
        """Whether no connection can come up by then, since the exchange forbids to open one."""
        wait = self.silence.handshake_delay(self.runtime.now())
        return (
            wait > 0
            and self.runtime.now() + wait > until
            and all(link.socket is None for link in self.links.values())
        )

    def silenced(self) -> None:
        """The exchange has forbidden to open a connection for a while, or more than that."""
        self._changed.set()

    async def close(self, reason: str) -> None:
        """End the session and its links."""
        links = list(self.links.values())
        self._carry_out(self.machine.close())
        for link in links:
            self.lose(link, reason)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed.set()
        sockets = [link.socket.close() for link in links if link.socket is not None]
        await asyncio.gather(*sockets, return_exceptions=True)

    def announce(self, kind: ConnectionEventKind, **details: Any) -> None:
        """Log what happened to the connection, and tell the handlers."""
        if self.runtime.options.attach_event_listeners and kind in _LEVELS:
            why = f": {reason}" if (reason := details.get("reason")) else ""
            log.log(_LEVELS[kind], "%s: %s%s", self.ws_key, kind, why)
        if self.runtime.options.metrics is not None and kind != "message":
            try:
                self.runtime.options.metrics.connection_changed(ws_key=self.ws_key, event=kind)
            except BaseException:  # not even SystemExit ends the loop
                log.exception("metrics.connection_changed raised")
        self.runtime.dispatcher.post(
            kind, ConnectionEvent(kind=kind, ws_key=self.ws_key, **details)
        )

    def lose(self, link: Link, reason: str) -> None:
        """Give a link up: its socket is gone, or is not to be trusted any more."""
        if link.lost_because is not None:
            return
        link.lost_because = reason
        self.links.pop(link.number, None)
        was_serving = link is self.serving
        if was_serving:
            self.serving = None
        retired = link.drains is not None
        for task in link.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        try:
            self.link_lost(link, reason)
        except Exception:
            # The edge of a link: whatever failed about its end, another one is to take its place.
            log.exception("%s: ending what a connection carried failed", self.ws_key)
        if link.socket is not None:
            self.runtime.spawn(link.socket.close())
            self.announce("close", reason=reason)
        if not retired:
            self.last_failure = reason
        self._carry_out(
            self.machine.lost(link.number, self.runtime.now(), served_until=link.served_until)
        )
        if was_serving and self.machine.state not in (SessionState.IDLE, SessionState.CLOSED):
            self.reconnects += 1
            self.announce("reconnecting", reason=reason)

    def wake_by(self, when: float) -> None:
        """Make sure that the timer fires by then."""
        if when < self.wakes_at:
            if self._timer is not None:
                self._timer.cancel()
            self.wakes_at = when
            delay = max(0.0, when - self.runtime.now())
            self._timer = self.runtime.loop.call_later(delay, self._tick)

    def _moved(self, before: SessionState, given: SessionInput, then: SessionState) -> None:
        log.debug("%s: %s -> %s (%s)", self.ws_key, before.value, then.value, given.value)

    # How effects are carried out

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dial(number):
                    link = self.links[number] = self.link_type(self, number)
                    self._way_up.dial(link)
                case LogOn(number):
                    self._way_up.log_on(self.links[number])
                case Subscribe(number):
                    self._way_up.subscribe(self.links[number])
                case Serve():
                    self._serve(effect)
                case Drain(number):
                    self._watch.retire(self.links[number])
                case Drop(number):
                    if (unwanted := self.links.get(number)) is not None:
                        self.lose(unwanted, "closed by this side")
        tick_at = self.machine.next_tick
        if tick_at is not None:
            self.wake_by(tick_at)

    def _serve(self, effect: Serve) -> None:
        link = self.links[effect.link]
        replaced = None if effect.replaces is None else self.links.get(effect.replaces)
        self.serving = link
        self.serve(link, after_loss=effect.after_loss, replaced=replaced)
        self._changed.set()
        if replaced is not None:
            self.announce("rotated")
        elif effect.after_loss:
            self.announce("reconnected")

    def _tick(self) -> None:
        self._timer = None
        self.wakes_at = math.inf
        now = self.runtime.now()
        try:
            self.expire(now)
            for link in list(self.links.values()):
                self._watch.look(link, now)
            self._carry_out(self.machine.tick(now))
            self.wake_by(self.next_deadline())
        except Exception:
            # The edge of a timer: whoever waits behind what failed is to be ended in time, too.
            log.exception("%s: looking after the connection failed", self.ws_key)
            self.wake_by(now + LOOK_AGAIN_S)
