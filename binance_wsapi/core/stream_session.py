"""A session of a market stream connection: stream names out, events in."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.session import Link, LinkLost, Session
from binance_wsapi.core.takeover import Takeover
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import RequestRejected
from binance_wsapi.protocol.limits import MessageRate
from binance_wsapi.protocol.stream_identity import stream_identity

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core
    from binance_wsapi.core.market_streams import MarketStreams

__all__ = ["MAX_STREAMS", "StreamLink", "StreamSession"]

log = logging.getLogger("binance_wsapi.streams")

MAX_STREAMS = 1024
"""Most streams the exchange takes on a connection, on every market."""

NAMES_A_MESSAGE = 200


class _StreamFrame(msgspec.Struct):
    """A combined event, or the answer to a control message."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    error: dict[str, Any] | None = None
    code: int | None = None
    msg: str = ""


class _ControlMessage(msgspec.Struct):
    method: str
    params: list[str] | msgspec.UnsetType
    id: int


class _Head(msgspec.Struct):
    e: str = ""


_decode_frame = msgspec.json.Decoder(_StreamFrame).decode
_encode = msgspec.json.Encoder().encode
_event_type = msgspec.json.Decoder(_Head).decode


class StreamLink(Link):
    """A market stream connection."""

    def __init__(self, session: Session, number: int) -> None:
        super().__init__(session, number)
        self.subscribed: set[str] = set()
        self.answers: dict[int, asyncio.Future[_StreamFrame]] = {}
        self.changing = asyncio.Lock()
        """Held by the one who sends control messages and awaits their answers."""
        self.early: list[bytes] | None = None
        """Events that came while a connection that heals a loss was still being subscribed."""
        self._rate = MessageRate(endpoint(session.ws_key).market)

    def ping_delay(self) -> float:
        """Return the wait for a ping: the exchange counts pings as messages."""
        return self._rate.delay(self.session.core.now())

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._rate.record(self.session.core.now())
        super().ping()

    async def turn(self) -> None:
        """Wait until the exchange takes another message, and count it."""
        core = self.session.core
        while (delay := self._rate.delay(core.now())) > 0:  # noqa: ASYNC110  (time, no event)
            await asyncio.sleep(delay)
        self._rate.record(core.now())


class StreamSession(Session):
    """One market stream connection and the names it carries.

    What is wanted stands in ``names``; every link is brought in line with it, whatever was asked
    for, refused or lost meanwhile.

    Args:
        core: The client's core.
        ws_key: The connection; several sessions may stand for one key when the names are many.
        streams: Where the events go.
    """

    link_type: ClassVar[type[Link]] = StreamLink

    def __init__(self, core: Core, ws_key: WsKey, streams: MarketStreams) -> None:
        super().__init__(core, ws_key)
        self.names: set[str] = set()
        self._refusals: dict[str, RequestRejected] = {}
        self._streams = streams
        self._ids = itertools.count(1)
        self._takeover = Takeover(core, self._tell_frame, identify=stream_identity)

    @property
    def free(self) -> int:
        """How many more names fit."""
        return MAX_STREAMS - len(self.names)

    def want(self, name: str) -> None:
        """Reserve a place for a name; :meth:`settle` subscribes it."""
        self.names.add(name)
        self._refusals.pop(name, None)

    async def settle(self, names: Iterable[str]) -> None:
        """Wait until the wanted ones of these names are subscribed on a link that serves.

        Raises:
            TimeoutError: No link served in time.
            RequestRejected: The exchange refused a name.
        """
        while True:
            link: StreamLink = await self.ready(self.core.options.timeout)
            try:
                await self._align(link)
            except LinkLost:
                continue
            break
        for name in names:
            if name in self._refusals:
                raise self._refusals.pop(name)

    async def drop(self, names: Iterable[str]) -> None:
        """Unsubscribe names."""
        self.names.difference_update(names)
        for link in list(self.links.values()):
            if isinstance(link, StreamLink) and link.socket is not None:
                try:
                    await self._align(link)
                except LinkLost as error:
                    log.debug("%s: unsubscribing: %s", self.ws_key, error)

    async def restore(self, link: StreamLink) -> None:
        """Subscribe all names on a fresh link."""
        if self._takeover.link is None:
            link.early = []
        self._takeover.begin(link)
        await self._align(link)

    def received(self, link: StreamLink, frame: str | bytes) -> None:
        """Pass an event on, or take the answer to a control message."""
        try:
            message = _decode_frame(frame)
        except msgspec.MsgspecError as error:
            self.announce("exception", error=error, reason=f"malformed frame: {error}")
            return
        if message.stream in link.subscribed:
            if link.early is not None:
                link.early.append(_as_bytes(frame))
            elif self._takeover.is_active:
                self._takeover.event(link, _as_bytes(frame))
            else:
                self._streams.event(self.ws_key, message.stream, message.data)
        elif isinstance(message.id, int) and (answer := link.answers.get(message.id)) is not None:
            if not answer.done():
                answer.set_result(message)
        else:
            self._aside(link, message, frame)

    def link_lost(self, link: StreamLink, reason: str) -> None:
        """Tell the streams that events may be missing."""
        for answer in link.answers.values():
            if not answer.done():
                answer.set_exception(LinkLost(reason))
        if self._takeover.lost(link):
            whole_until = min(link.last_heard, link.served_until)
            self._streams.interrupted(self, link.subscribed, whole_until)

    def ask_in_silence(self, link: StreamLink) -> None:
        """Ask for a sign of life: that nothing happens and that nothing is told look the same."""
        if link.subscribed and not link.changing.locked():
            self.core.spawn(self._ask(link))

    async def _ask(self, link: StreamLink) -> None:
        try:
            async with link.changing:
                await self._send(link, "LIST_SUBSCRIPTIONS", msgspec.UNSET)
        except LinkLost as error:
            log.debug("%s: asked in silence: %s", self.ws_key, error)

    def serve(self, link: StreamLink, *, after_loss: bool, replaced: Any) -> None:
        """Events flow again."""
        self._takeover.carried_by(link)
        if after_loss:
            self._streams.resumed(self, link.subscribed, self.last_failure)
        early, link.early = link.early or (), None
        for frame in early:
            self._tell_frame(frame)

    def _aside(self, link: StreamLink, message: _StreamFrame, frame: str | bytes) -> None:
        """Take what is neither an event that is wanted nor an awaited answer."""
        event = message.data if message.stream else frame
        try:
            kind = _event_type(event).e
        except msgspec.MsgspecError:  # an array of events
            kind = ""
        if kind == "serverShutdown":
            log.info("%s: the exchange is about to close this connection", self.ws_key)
            if link is self.serving:
                self.rotate()
        elif message.error is not None or message.code is not None:
            refusal = _rejected("stream", message)
            self.announce("exception", error=refusal, reason=str(refusal))

    def _tell_frame(self, frame: bytes) -> None:
        message = _decode_frame(frame)
        self._streams.event(self.ws_key, message.stream, message.data)

    async def _align(self, link: StreamLink) -> None:
        """Send what it takes until the link carries the wanted names and no others."""
        async with link.changing:
            while True:
                if surplus := sorted(link.subscribed - self.names)[:NAMES_A_MESSAGE]:
                    await self._send(link, "UNSUBSCRIBE", surplus)
                    link.subscribed.difference_update(surplus)
                elif missing := sorted(self.names - link.subscribed)[:NAMES_A_MESSAGE]:
                    await self._ask_for(link, missing)
                else:
                    return

    async def _ask_for(self, link: StreamLink, names: list[str]) -> None:
        """Subscribe names; a message that is refused is halved until the name at fault is found."""
        link.subscribed.update(names)  # events may come together with the answer
        answer = await self._send(link, "SUBSCRIBE", names)
        if answer.error is None and answer.code is None:
            return
        link.subscribed.difference_update(names)
        if len(names) > 1:
            half = len(names) // 2
            await self._ask_for(link, names[:half])
            await self._ask_for(link, names[half:])
            return
        refusal = self._refusals[names[0]] = _rejected("SUBSCRIBE", answer)
        self.names.discard(names[0])
        self.announce("exception", error=refusal, reason=f"{names[0]} is refused: {refusal}")

    async def _send(
        self, link: StreamLink, method: str, names: list[str] | msgspec.UnsetType
    ) -> _StreamFrame:
        core = self.core
        await link.turn()
        number = next(self._ids)
        answer: asyncio.Future[_StreamFrame] = core.loop.create_future()
        link.answers[number] = answer
        try:
            link.write(_encode(_ControlMessage(method, names, number)))
            async with asyncio.timeout(core.options.timeout):
                return await answer
        except ConnectionError:
            self.lose(link, "connection dropped")
            raise LinkLost("connection dropped") from None
        except TimeoutError:
            link.served_until = link.last_frame_at
            self.lose(link, f"{method} was not answered")
            raise LinkLost(f"{method} was not answered") from None
        finally:
            del link.answers[number]


def _as_bytes(frame: str | bytes) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()


def _rejected(method: str, answer: _StreamFrame) -> RequestRejected:
    error = answer.error or {"code": answer.code, "msg": answer.msg}
    return RequestRejected(
        str(error.get("msg", "")), code=int(error.get("code") or 0), status=400, operation=method
    )
