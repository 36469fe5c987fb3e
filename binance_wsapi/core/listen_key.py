"""User data by listen key: the key kept alive, its events read from a connection of their own."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.key_source import KeySource
from binance_wsapi.core.link import Link, LinkLost, LinkOwner
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.session import Session
from binance_wsapi.endpoints import WsKey, endpoint, listen_key_url
from binance_wsapi.errors import BinanceWsApiError, NotSent, RequestRejected
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.session import SessionState

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ListenKeyUserData"]

log = logging.getLogger("binance_wsapi.user_data")

KEEP_ALIVE_S = 60.0
"""A key lives for 60 minutes unless it is extended; but the account has one, which any of its clients
may stop, and only a refused ping tells."""

KEEP_ALIVE_RETRY_S = 15.0

NO_SUCH_KEY = -1125

LONGEST_PAUSE_S = 24 * 3600.0
"""Between connections that are opened to find out whether any answers."""

NO_ANSWERS = "it answers no requests"

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ANSWERS = frozenset({"result", "error", "code"})
"""Answers to control messages have one of these."""
_WHICH: dict[str, Any] = {"method": "LIST_SUBSCRIPTIONS"}


class KeyLink(Link):
    """A connection that reads the events of one listen key."""

    def __init__(self, session: LinkOwner, number: int) -> None:
        super().__init__(session, number)
        self.key = ""
        self.key_lived_at = 0.0
        """When the key was last asked for and found alive."""
        self.dialled_at = self.proven_at
        self.questions: dict[int, asyncio.Future[None]] = {}
        """Those that may still be answered."""
        self.next_question = itertools.count(1).__next__

    @property
    def is_proven_by_pongs(self) -> bool:
        """Not where questions are answered: a wedged link sends pongs, too."""
        session: Any = self.session
        return not session.answers


class ListenKeyUserData(Session):
    """The stream connection of one account's listen key, and the key itself.

    Every dial asks for the key first: the exchange returns the live one, or makes a new one when
    it died while nobody looked.

    Args:
        runtime: What the core stands on.
        ws_key: The connection the events come on.
        keys: Where the account's key comes from.
        feed: Where the events go.
    """

    link_type: ClassVar[type[Link]] = KeyLink

    def __init__(self, runtime: Runtime, ws_key: WsKey, keys: KeySource, feed: LinkedFeed) -> None:
        self._is_restored = runtime.options.resubscribe_user_data_stream_after_reconnect
        super().__init__(runtime, ws_key, heals=self._is_restored)
        self._keys = keys
        self._feed = feed
        feed.let_go = self.lose
        self._refusal: BinanceWsApiError | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lost: KeyLink | None = None
        """Carried the events until they were interrupted, by a key that may have died before that."""
        self._is_awaited = False
        """Somebody waits for the connection: a refused key is told to them."""
        self.answers = False
        """A link has answered a question once: silence after another one is a sign, on any link."""
        self._believed_since = math.inf
        """Since when links have come and gone of which pongs alone said that they brought all there was."""
        self._pause_s = 2 * runtime.options.pong_timeout
        self._next_trial = 0.0
        """When another connection may be opened to find out whether that one answers."""

    @property
    def connection(self) -> Session:
        """It is one itself."""
        return self

    async def start(self, timeout: float) -> None:
        """Get a key and read its events, within ``timeout`` seconds.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the key.
        """
        try:
            await self._come_up(timeout)
        except BaseException:
            await self.close("closed by this side")
            raise

    async def renew(self, timeout: float) -> None:
        """Go on after a loss, where that is left to the caller, within ``timeout`` seconds.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the key.
        """
        if not self._is_restored:
            await self._come_up(timeout)

    async def _come_up(self, timeout: float) -> None:
        self._is_awaited, self._refusal = True, None
        try:
            await self.ready(timeout)
        except TimeoutError:
            if isinstance(self._refusal, RequestRejected):
                raise self._refusal from None
            if self.machine.state is SessionState.CLOSED:
                raise self.runtime.ended(self._keys.operation) from None
            if self.is_silenced(self.runtime.now()):
                raise self.never_sent(self._keys.operation, timeout) from None
            within = f"{self.runtime.options.timeout:g} s"
            raise NotSent(
                f"{self._keys.operation}: {self.ws_key} is not connected within {within} "
                f"({self.last_failure}); repeating it is safe",
                operation=self._keys.operation,
                reason="not connected",
            ) from None
        finally:
            self._is_awaited = False

    async def stop(self) -> None:
        """Give the key back and end the stream."""
        await self.close("closed by this side")
        try:
            await self._keys.stop()
        except BinanceWsApiError as error:
            log.info("%s: giving the listen key back: %s", self.ws_key, error)

    def key_stopped(self) -> None:
        """The account's key was stopped by a request of this client, not by :meth:`stop`."""
        for link in list(self.links.values()):
            if isinstance(link, KeyLink) and link.key:
                self._key_died(link.key, "the listen key was stopped")

    async def close(self, reason: str) -> None:
        """End the connection and the stream; the key is left to run out."""
        self._feed.end()
        if self._keeper is not None:
            self._keeper.cancel()
        await super().close(reason)

    async def address(self, link: KeyLink) -> str:
        """Return the URL of the live key, asking for the key first."""
        asked_at = self.runtime.now()
        try:
            key = await self._keys.start()
        except BinanceWsApiError as error:
            self._refusal = error
            if isinstance(error, RequestRejected):
                self.announce("exception", error=error, reason=f"no listen key: {error}")
                if self._is_awaited:
                    self._changed.set()
            raise LinkLost(f"no listen key: {error}") from None
        self._refusal = None
        link.key, link.key_lived_at = key, asked_at
        for other in list(self.links.values()):
            if isinstance(other, KeyLink) and other.key not in ("", key):
                self._key_gone(other.key, "the account has another listen key")
        self._feed.expect(link)
        return listen_key_url(self.ws_key, self.runtime.dialling.url(self.ws_key), link.key)

    async def ready(self, timeout: float | None) -> Any:
        """Return the serving link; a refused key or a ban ends the wait at once."""
        self.demand()
        deadline = self.runtime.now() + (math.inf if timeout is None else timeout)
        async with asyncio.timeout(timeout):
            while self.serving is None:
                if (
                    self.machine.state is SessionState.CLOSED
                    or self.is_silenced(deadline)
                    or (self._is_awaited and isinstance(self._refusal, RequestRejected))
                ):
                    raise TimeoutError
                self._changed.clear()
                await self._changed.wait()
        return self.serving

    def received(self, link: KeyLink, frame: str | bytes) -> None:
        """Deliver an event."""
        event = raw_event(frame.encode() if isinstance(frame, str) else frame)
        if not event.kind:
            try:
                members = _members(event.data)
            except msgspec.ValidationError:
                members = {}
            except msgspec.DecodeError as error:
                self.announce("exception", error=error, reason=f"malformed frame: {error}")
                return
            if _ANSWERS & members.keys():
                _answer(link, bytes(members.get("id", b"null")))
                return
            if members.keys() == {"stream", "data"}:
                event = raw_event(members["data"])
        if event.kind == "serverShutdown":
            if link is self.serving:
                self.rotate()
            return
        self._feed.deliver(event, link)
        if event.kind == "listenKeyExpired":
            link.key_lived_at = self.runtime.now()
            self._key_died(link.key, "the listen key expired")

    def opened(self, link: KeyLink) -> None:
        """The key is in the URL: events come as soon as the link is open."""
        if self._lost is not None and self._lost.key != link.key:
            self._feed.interrupted_since(self._lost.key_lived_at)
        self._lost = None
        self._feed.carried_by(link)
        asked = _WHICH
        if endpoint(self.ws_key).listen_key_is_subscribed:
            asked = {"method": "SUBSCRIBE", "params": [link.key]}
        self.runtime.spawn(self._ask(link, asked))
        if self._keeper is None:
            self._keeper = self.runtime.spawn(self._keep_alive())

    def brings_events(self, link: KeyLink) -> bool:
        """Nothing but events comes on it."""
        return True

    def ask_in_silence(self, link: KeyLink) -> None:
        """Ask for a sign of life: that nothing happens and that nothing is told look the same."""
        self.runtime.spawn(self._ask(link, _WHICH))

    async def _ask(self, link: KeyLink, asked: dict[str, Any]) -> None:
        now, number = self.runtime.now(), link.next_question()
        answer = link.questions[number] = self.runtime.loop.create_future()
        try:
            link.write(_encode({**asked, "id": number}))
            # Longer than a pong may take: a peer that says nothing at all is told so.
            async with asyncio.timeout(2 * self.runtime.options.pong_timeout):
                await answer
        except ConnectionError as error:
            log.debug("%s: asked in silence: %s", self.ws_key, error)
        except TimeoutError:
            if link.lost_because is None:
                self._unanswered(link, now)
        else:
            if not self.answers:
                self._answered_first(link)
            link.proven_at = max(link.proven_at, now)
        finally:
            link.questions.pop(number, None)

    def _unanswered(self, link: KeyLink, asked_at: float) -> None:
        """Take note of a question that was not answered in time."""
        if self.answers:
            if link.proven_at < asked_at:  # a later one was not answered either
                link.served_until = link.proven_at
                self.lose(link, NO_ANSWERS)
        elif link is self.serving and self.runtime.now() >= self._next_trial:
            # No document promises answers here: another link shows whether this one is wedged.
            self._next_trial = self.runtime.now() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self.rotate()

    def _answered_first(self, link: KeyLink) -> None:
        """Questions are answered here: what answered none was wedged, and its pongs have proven nothing."""
        self.answers = True
        for other in self.links.values():
            if isinstance(other, KeyLink) and other is not link:
                other.proven_at = other.dialled_at
        if self._believed_since < math.inf:
            self._feed.doubted(
                self._believed_since, "an earlier connection had answered no requests"
            )

    def link_lost(self, link: Link, reason: str) -> None:
        """Events may be missing from here on."""
        if isinstance(link, KeyLink) and not self.answers and link.proven_at > link.dialled_at:
            self._believed_since = min(self._believed_since, link.dialled_at)
        if self._feed.lost(link, reason) and isinstance(link, KeyLink):
            self._lost = link
        if not self._is_restored and self.machine.state is SessionState.READY:
            reason = self._feed.left_off(reason)
            self.announce("exception", error=None, reason=f"user data is interrupted: {reason}")

    def _key_died(self, key: str, reason: str) -> None:
        """Let go of every connection that reads a dead key: they are open, and silent for good."""
        for link in list(self.links.values()):
            if isinstance(link, KeyLink) and link.key == key:
                self.lose(link, reason)

    def _key_gone(self, key: str, reason: str) -> None:
        """Let go of a key that died unheard: no sign of life since it was last seen proves anything."""
        for link in self.links.values():
            if isinstance(link, KeyLink) and link.key == key:
                link.proven_at = min(link.proven_at, link.key_lived_at)
        self._key_died(key, reason)

    async def _keep_alive(self) -> None:
        delay = KEEP_ALIVE_S
        while True:
            await asyncio.sleep(delay)
            if not isinstance(self.serving, KeyLink):
                continue  # the next dial asks for the key
            key, asked_at = self.serving.key, self.runtime.now()
            try:
                extended = await self._keys.extend(key)
            except BinanceWsApiError as error:
                delay = KEEP_ALIVE_RETRY_S
                if isinstance(error, RequestRejected) and error.code == NO_SUCH_KEY:
                    log.warning("%s: the listen key is gone: %s", self.ws_key, error)
                    self._key_gone(key, "the listen key is gone")
                else:
                    log.warning("%s: extending the listen key: %s", self.ws_key, error)
            except Exception:  # the edge of a task that must not end while the key lives
                delay = KEEP_ALIVE_RETRY_S
                log.exception("%s: extending the listen key failed", self.ws_key)
            else:
                delay = KEEP_ALIVE_S
                if extended != key:
                    self._key_gone(key, "the account has another listen key")
                for link in self.links.values():
                    if isinstance(link, KeyLink) and link.key == extended:
                        link.key_lived_at = max(link.key_lived_at, asked_at)


def _answer(link: KeyLink, number: bytes) -> None:
    """Take the answer to a question; one that names none is meant for the oldest."""
    for asked, answer in link.questions.items():
        if number in (b"null", str(asked).encode()) and not answer.done():
            answer.set_result(None)
            return
