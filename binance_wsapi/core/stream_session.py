"""A session of a market stream connection: stream names out, events in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.session import Link, LinkLost, Session
from binance_wsapi.core.takeover import Takeover
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import NotSent, RequestRejected
from binance_wsapi.protocol.limits import MessageRate

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core
    from binance_wsapi.core.market_streams import MarketStreams

__all__ = ["MAX_STREAMS", "StreamLink", "StreamSession"]

MAX_STREAMS = 1000
"""The exchange takes 1,024 streams a connection."""

NAMES_A_MESSAGE = 200


class _StreamFrame(msgspec.Struct):
    """A combined event, or the answer to a control message."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: dict[str, Any] | None = None
    code: int | None = None
    msg: str = ""


class _ControlMessage(msgspec.Struct):
    method: str
    params: list[str]
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
        self.rate = MessageRate(endpoint(session.ws_key).market)
        self.subscribed: set[str] = set()
        self.answers: dict[int, asyncio.Future[_StreamFrame]] = {}
        self.sending = asyncio.Lock()


class StreamSession(Session):
    """One market stream connection and the names it carries.

    Args:
        core: The client's core.
        ws_key: The connection; several sessions may stand for one key when the names are many.
        streams: Where the events go.
    """

    link_type: ClassVar[type[Link]] = StreamLink

    def __init__(self, core: Core, ws_key: WsKey, streams: MarketStreams) -> None:
        super().__init__(core, ws_key)
        self.names: set[str] = set()
        self._streams = streams
        self._ids = itertools.count(1)
        self._takeover = Takeover(core, self._tell)

    @property
    def free(self) -> int:
        """How many more names fit."""
        return MAX_STREAMS - len(self.names)

    async def add(self, names: Iterable[str]) -> None:
        """Subscribe names; those subscribed already cost nothing.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused a name.
        """
        fresh = [name for name in names if name not in self.names]
        await self._control(await self._ready(), "SUBSCRIBE", fresh)
        self.names.update(fresh)

    async def remove(self, names: Iterable[str]) -> None:
        """Unsubscribe names."""
        gone = [name for name in names if name in self.names]
        self.names.difference_update(gone)
        for link in list(self.links.values()):
            if isinstance(link, StreamLink) and link.socket is not None:
                await self._control(link, "UNSUBSCRIBE", gone)

    async def listed(self) -> list[str]:
        """Return the names as the exchange counts them.

        Raises:
            NotSent: No connection came up in time.
        """
        answer = await self._send(await self._ready(), "LIST_SUBSCRIPTIONS", [])
        names: list[str] = msgspec.json.decode(answer.result)
        return names

    async def restore(self, link: StreamLink) -> None:
        """Subscribe all names on a fresh link."""
        self._takeover.begin(link)
        try:
            await self._control(link, "SUBSCRIBE", sorted(self.names))
        except RequestRejected as error:
            self.announce("exception", error=error, reason=f"subscribing again: {error}")
            raise LinkLost(str(error)) from None
        self._takeover.carried_by(link)

    def received(self, link: StreamLink, frame: str | bytes) -> None:
        """Pass an event on, or take the answer to a control message."""
        try:
            message = _decode_frame(frame)
        except msgspec.MsgspecError as error:
            self.announce("exception", error=error, reason=f"malformed frame: {error}")
            return
        if message.stream:
            if self._takeover.is_active:
                self._takeover.event(link, frame if isinstance(frame, bytes) else frame.encode())
            else:
                self._streams.event(self.ws_key, message.stream, message.data)
        elif isinstance(message.id, int) and (answer := link.answers.pop(message.id, None)):
            if not answer.done():
                answer.set_result(message)
        elif _event_type(frame).e == "serverShutdown":
            if link is self.serving:
                self.rotate()
        elif message.error is not None or message.code is not None:
            refusal = _rejected("stream", message)
            self.announce("exception", error=refusal, reason=str(refusal))

    def link_lost(self, link: StreamLink, reason: str) -> None:
        """Tell the streams that events may be missing."""
        for answer in link.answers.values():
            if not answer.done():
                answer.set_exception(LinkLost(reason))
        if self._takeover.lost(link):
            self._streams.interrupted(self.ws_key, self.names, link.last_heard)

    def serve(self, link: StreamLink, *, after_loss: bool, replaced: Any) -> None:
        """Events flow again."""
        if after_loss:
            self._streams.resumed(self.ws_key, self.names, self.last_failure)
        if self.names - link.subscribed:  # added while this link was coming up
            self.core.spawn(self._catch_up(link))

    async def _catch_up(self, link: StreamLink) -> None:
        try:
            await self._control(link, "SUBSCRIBE", sorted(self.names))
        except (RequestRejected, LinkLost) as error:
            self.lose(link, f"subscribing: {error}")

    def _tell(self, frame: bytes) -> None:
        message = _decode_frame(frame)
        self._streams.event(self.ws_key, message.stream, message.data)

    async def _ready(self) -> StreamLink:
        timeout = self.core.options.timeout
        try:
            link: StreamLink = await self.ready(timeout)
        except TimeoutError:
            raise NotSent(
                f"subscribe: {self.ws_key} is not connected within {timeout:g} s "
                f"({self.last_failure or self.machine.state.value}); repeating it is safe",
                operation="subscribe",
                reason="not connected",
            ) from None
        return link

    async def _control(self, link: StreamLink, method: str, names: list[str]) -> None:
        for start in range(0, len(names), NAMES_A_MESSAGE):
            batch = names[start : start + NAMES_A_MESSAGE]
            wanted = [
                name for name in batch if (name in link.subscribed) != (method == "SUBSCRIBE")
            ]
            if not wanted:
                continue
            answer = await self._send(link, method, wanted)
            if answer.error is not None or answer.code is not None:
                raise _rejected(method, answer)
            if method == "SUBSCRIBE":
                link.subscribed.update(wanted)
            else:
                link.subscribed.difference_update(wanted)

    async def _send(self, link: StreamLink, method: str, names: list[str]) -> _StreamFrame:
        core = self.core
        async with link.sending:  # the rate is the connection's
            delay = link.rate.delay(core.now())
            if delay > 0:
                await asyncio.sleep(delay)
            link.rate.record(core.now())
            number = next(self._ids)
            answer: asyncio.Future[_StreamFrame] = core.loop.create_future()
            link.answers[number] = answer
            try:
                link.write(_encode(_ControlMessage(method, names, number)))
                async with asyncio.timeout(core.options.timeout):
                    return await answer
            except ConnectionError:
                raise LinkLost("the connection is closed") from None
            except TimeoutError:
                self.lose(link, f"{method} was not answered")
                raise LinkLost(f"{method} was not answered") from None
            finally:
                link.answers.pop(number, None)


def _rejected(method: str, answer: _StreamFrame) -> RequestRejected:
    error = answer.error or {"code": answer.code, "msg": answer.msg}
    return RequestRejected(
        str(error.get("msg", "")), code=int(error.get("code") or 0), status=400, operation=method
    )
