"""One session on the loop's thread: carries out what the session machine decides.

What is spoken over the connection is left to the subclasses: requests and answers
(:mod:`~binance_wsapi.core.api_session`), or streams (:mod:`~binance_wsapi.core.stream_session`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from binance_wsapi.core.call_errors import held_back, never_sent
from binance_wsapi.core.transport import HandshakeRefused, Socket
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import NotSent
from binance_wsapi.events import ConnectionEvent, ConnectionEventKind
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.protocol.secrets import masked
from binance_wsapi.protocol.session import (
    Dial,
    Drain,
    Drop,
    Effect,
    LogOn,
    Serve,
    SessionMachine,
    State,
    Subscribe,
)

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["Link", "LinkLost", "Session"]

log = logging.getLogger("binance_wsapi.connection")
frame_log = logging.getLogger("binance_wsapi.frames")


DRAIN_LINGER_S = 1.0
"""How long a replaced link stays open at least."""

EVENTS_LINGER_S = 5.0
"""The same of one that brings events: those from before its successor was subscribed may come late."""


_LEVELS = {
    "open": logging.INFO,
    "authenticated": logging.INFO,
    "reconnecting": logging.WARNING,
    "reconnected": logging.INFO,
    "rotated": logging.INFO,
    "close": logging.INFO,
    "exception": logging.ERROR,
}


class LinkLost(Exception):
    """The link went away, or is no good, while it was being brought up."""


class Link:
    """One connection of a session, from dialling to its end."""

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.number = number
        self.socket: Socket | None = None
        self.lost_because: str | None = None
        self.opened_at = 0.0
        self.last_frame_at = session.runtime.now()
        """When the last data frame came."""
        self._last_sign_at = self.last_frame_at
        self.asked_at = self.last_frame_at
        """When it was last asked a question because it brought nothing."""
        self.served_until = math.inf
        """When it last did what it is there for, if that ended before it was lost."""
        self.proven_at = self.last_frame_at
        """When the last request or ping was written that was answered: what the peer had sent before
        it came has arrived."""
        self.pinged_at: float | None = None
        self.drains: tuple[float, float] | None = None
        """Retired: from when it may go if it is idle, and when it goes at the latest."""
        self.retired_at = 0.0
        self._pings: deque[float] = deque()
        """When each ping was written that is not answered yet."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._now = session.runtime.now
        self._dispatcher = session.runtime.dispatcher
        self._take = session.received

    @property
    def is_proven_by_pongs(self) -> bool:
        """Whether a pong shows that all has come that the peer had sent before."""
        return True

    def received(self, frame: str | bytes) -> None:
        """A data frame arrived."""
        if self.lost_because is not None:
            return  # the books of this link are closed: what it still brings would count twice
        self.last_frame_at = self._now()
        self.pinged_at = None
        if frame_log.isEnabledFor(logging.DEBUG):
            frame_log.debug("%s < %s", self.session.ws_key, masked(frame))
        if self._dispatcher.hears_messages:
            self.session.announce("message", frame=masked(frame))
        try:
            self._take(self, frame)
        except Exception as error:
            # The edge of a frame: one that cannot be taken in must not end the reading.
            log.exception("%s: a frame could not be taken in", self.session.ws_key)
            self.session.announce("exception", error=error, reason="a frame could not be taken in")

    def heard(self) -> None:
        """A ping arrived, and was answered."""
        self.lives()

    def lives(self) -> None:
        """Take note of a sign of life."""
        self._last_sign_at = self.session.runtime.now()
        self.pinged_at = None

    @property
    def last_heard(self) -> float:
        """When anything came, pings and pongs included."""
        return max(self.last_frame_at, self._last_sign_at)

    def answered(self) -> None:
        """A pong arrived."""
        if self._pings:
            written_at = self._pings.popleft()
            if self.is_proven_by_pongs:
                self.proven_at = max(self.proven_at, written_at)
        self.lives()

    def writable(self) -> None:
        """The socket takes frames again."""
        self.session.writable(self)

    def closed(self, reason: str) -> None:
        """The socket is gone."""
        self.session.lose(self, reason)

    def ping_delay(self) -> float:
        """Return the seconds until the exchange takes a ping."""
        return 0.0

    def probe(self, now: float) -> None:
        """Ask for a sign of life, and expect it from now on."""
        self.pinged_at = now
        self._pings.append(now)
        self.ping()

    def ping(self) -> None:
        """Write a ping."""
        if self.socket is not None:
            self.socket.ping()

    def write(self, frame: bytes) -> None:
        """Write a frame.

        Raises:
            ConnectionError: The link is down; nothing was written.
        """
        if self.socket is None or self.lost_because is not None:
            raise ConnectionResetError("the connection is closed")
        if frame_log.isEnabledFor(logging.DEBUG):
            frame_log.debug("%s > %s", self.session.ws_key, masked(frame))
        self.socket.write(frame)


class Session:
    """Base of the sessions: links, timers, reconnects, rotation, dead peers.

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
        )
        self._timer: asyncio.TimerHandle | None = None
        self.wakes_at = math.inf
        self._changed = asyncio.Event()

    # What subclasses fill in

    async def address(self, link: Any) -> str:
        """Return where the next link dials; raise ``LinkLost`` when that cannot be found out."""
        return self.runtime.dialling.url(self.ws_key)

    def received(self, link: Any, frame: str | bytes) -> None:
        """A data frame arrived on a link."""
        raise NotImplementedError

    def opened(self, link: Any) -> None:
        """A link is open; nothing has been read from it yet."""

    async def greet(self, link: Any) -> None:
        """Do what comes first on a fresh link (logon); raise ``LinkLost`` when it is no good."""

    async def restore(self, link: Any) -> None:
        """Subscribe again what was subscribed."""

    def serve(self, link: Any, *, after_loss: bool, replaced: Any) -> None:
        """A link has taken over."""

    def writable(self, link: Any) -> None:
        """A congested link takes frames again."""

    def link_lost(self, link: Any, reason: str) -> None:
        """A link is gone: end what depended on it."""

    def brings_events(self, link: Any) -> bool:
        """Whether something else than answers may come on a link."""
        return False

    def ask_in_silence(self, link: Any) -> None:
        """The serving link has brought nothing for a while: its pongs do not show that it would."""

    def is_idle(self, link: Any) -> bool:
        """Whether a retired link has nothing left to carry."""
        return True

    def next_deadline(self) -> float:
        """When :meth:`expire` has something to do."""
        return math.inf

    def expire(self, now: float) -> None:
        """Time has passed."""

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
                if self.machine.state is State.CLOSED or self.is_silenced(deadline):
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
            if self.machine.state is State.CLOSED:
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
                    if self.machine.state is State.CLOSED:
                        raise self.runtime.ended(method)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self.never_sent(method, timeout) from None

    def health(self) -> ConnectionHealth:
        """Return how the connection is doing."""
        link, now = self.serving, self.runtime.now()
        return ConnectionHealth(
            ws_key=self.ws_key,
            state=self.machine.state.value,
            silent_for=None if link is None else now - link.last_heard,
            connected_for=None if link is None else now - link.opened_at,
            reconnects=self.reconnects,
            last_failure=self.last_failure,
        )

    @property
    def why_not(self) -> str:
        """Why there is no connection, in a few words."""
        return self.last_failure or self.machine.state.value

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
        self.link_lost(link, reason)
        if link.socket is not None:
            self.runtime.spawn(link.socket.close())
            self.announce("close", reason=reason)
        if not retired:
            self.last_failure = reason
        self._carry_out(
            self.machine.lost(link.number, self.runtime.now(), served_until=link.served_until)
        )
        if was_serving and self.machine.state not in (State.IDLE, State.CLOSED):
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

    # How effects are carried out

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dial(number):
                    link = self.links[number] = self.link_type(self, number)
                    self._start(link, self._dial)
                case LogOn(number):
                    self._start(self.links[number], self._log_on)
                case Subscribe(number):
                    self._start(self.links[number], self._subscribe)
                case Serve():
                    self._serve(effect)
                case Drain(number):
                    self._retire(self.links[number])
                case Drop(number):
                    if (unwanted := self.links.get(number)) is not None:
                        self.lose(unwanted, "closed by this side")
        tick_at = self.machine.next_tick
        if tick_at is not None:
            self.wake_by(tick_at)

    def _start(self, link: Link, work: Callable[[Link], Awaitable[None]]) -> None:
        async def bring_up() -> None:
            try:
                await work(link)
            except LinkLost as error:
                self.lose(link, str(error))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a task's edge: the link cannot be trusted
                log.exception("%s: bringing the connection up failed", self.ws_key)
                self.announce("exception", error=error, reason="connection not brought up")
                self.lose(link, f"internal error: {type(error).__name__}")

        task = self.runtime.loop.create_task(bring_up())
        link.tasks.add(task)
        task.add_done_callback(link.tasks.discard)

    async def _dial(self, link: Link) -> None:
        await self._may_dial()
        url = await self.address(link)
        await self._may_dial()  # finding out where takes time, and may have met a limit
        self.runtime.dialling.dialled()
        try:
            link.socket = await self.runtime.transport.connect(url, link)
        except HandshakeRefused as error:
            self.last_failure = str(error)
            self.runtime.dialling.handshake_refused(self.ws_key, error)
            raise LinkLost(str(error)) from None
        except OSError as error:
            raise LinkLost(f"not connected: {masked(str(error))}") from None
        if link.lost_because is not None:  # given up while it opened
            await link.socket.close()
            return
        link.lives()
        link.opened_at = self.runtime.now()
        self.opened(link)
        self.announce("open")
        self.wake_by(self.runtime.now() + self.runtime.options.ping_interval)
        self._carry_out(self.machine.opened(link.number))

    async def _may_dial(self) -> None:
        while (delay := self.runtime.dialling.delay(self.ws_key)) > 0:
            log.warning("%s: %.1f s until a limit or a ban allows a try", self.ws_key, delay)
            await asyncio.sleep(delay)

    async def _log_on(self, link: Link) -> None:
        await self.greet(link)
        self._carry_out(self.machine.logged_on(link.number))

    async def _subscribe(self, link: Link) -> None:
        await self.restore(link)
        self._carry_out(self.machine.subscribed(link.number, self.runtime.now()))

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

    def _retire(self, link: Link) -> None:
        now = self.runtime.now()
        linger = EVENTS_LINGER_S if self.brings_events(link) else DRAIN_LINGER_S
        link.drains = (now + linger, now + linger + self.runtime.options.timeout)
        link.retired_at = now
        if link.pinged_at is None and link.ping_delay() <= 0:
            # Its answer proves that all has come that was sent before its successor took over.
            link.probe(now)
        if not link.is_proven_by_pongs:
            self.ask_in_silence(link)
        self.wake_by(link.drains[0])

    def _tick(self) -> None:
        self._timer = None
        self.wakes_at = math.inf
        now = self.runtime.now()
        self.expire(now)
        for link in list(self.links.values()):
            self._watch(link, now)
        self._carry_out(self.machine.tick(now))
        self.wake_by(self.next_deadline())

    def _watch(self, link: Link, now: float) -> None:
        """Let a retired link go when it is done, and notice a peer that says nothing any more."""
        options = self.runtime.options
        if link.socket is None:
            return
        if link.drains is not None:
            earliest, latest = link.drains
            is_done = self.is_idle(link) and link.proven_at >= link.retired_at
            if now >= latest or (now >= earliest and is_done):
                self.lose(link, "replaced by a fresh connection")
                return
            self.wake_by(earliest if now < earliest else min(now + DRAIN_LINGER_S, latest))
        if link is self.serving:
            silent_at = max(link.last_frame_at, link.asked_at) + options.ping_interval
            if now >= silent_at:
                link.asked_at = now
                self.ask_in_silence(link)
                silent_at = now + options.ping_interval
            self.wake_by(silent_at)
        if link.pinged_at is not None:
            if now >= link.pinged_at + options.pong_timeout:
                self.lose(link, f"no sign of life for {now - link.last_heard:.0f} s")
                return
            self.wake_by(link.pinged_at + options.pong_timeout)
        elif now >= link.last_heard + options.ping_interval:
            delay = link.ping_delay()
            if delay > 0:
                self.wake_by(now + delay)
                return
            link.probe(now)
            self.wake_by(now + options.pong_timeout)
        else:
            self.wake_by(link.last_heard + options.ping_interval)
