"""A session of a market stream connection: stream names out, events in."""

from __future__ import annotations

import asyncio
import copy
import itertools
import logging
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from binance_wsapi.core.carriers import Carriers
from binance_wsapi.core.link import Link, LinkLost, LinkOwner
from binance_wsapi.core.session import Session
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import RequestRejected
from binance_wsapi.protocol.control_messages import MessageRate, next_names
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.stream_identity import stream_identity

if TYPE_CHECKING:
    from binance_wsapi.core.market_streams import MarketStreams
    from binance_wsapi.core.runtime import Runtime

__all__ = ["StreamLink", "StreamSession"]

log = logging.getLogger("binance_wsapi.streams")


class _StreamFrame(msgspec.Struct, gc=False):
    """A combined event, or the answer to a control message."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    # Of any type: a refusal must not be lost for the form of its words.
    error: Any = None
    code: Any = None
    msg: Any = ""

    @property
    def is_refusal(self) -> bool:
        """Whether it says no to a control message."""
        return self.error is not None or self.code is not None


class _ControlMessage(msgspec.Struct):
    method: str
    params: list[str] | msgspec.UnsetType
    id: int


_decode_frame = msgspec.json.Decoder(_StreamFrame).decode
_encode = msgspec.json.Encoder().encode


class StreamLink(Link):
    """A market stream connection."""

    def __init__(self, session: LinkOwner, number: int) -> None:
        super().__init__(session, number)
        self.subscribed: set[str] = set()
        """The names whose events are taken: what was asked for, answered or not."""
        self.asked: set[str] = set()
        """Those among them whose answer is not there yet."""
        self.refused: list[tuple[set[str], RequestRejected]] = []
        """Parts of messages that were refused; each has one name at fault, at least, until it is asked."""
        self.answer: tuple[int, asyncio.Future[_StreamFrame]] | None = None
        """Id and answer of the one control message under way."""
        self.changing = asyncio.Lock()
        """Held by the one who sends control messages and awaits their answers."""
        self.changed = asyncio.Event()
        """Set when a message was answered, when names are wanted no more, and at the end."""
        self.early: list[_StreamFrame] | None = None
        """Events that came while a connection that heals a loss was still being subscribed."""
        self._rate = MessageRate(endpoint(session.ws_key).market)

    def ping_delay(self) -> float:
        """Return the wait for a ping: the exchange counts pings as messages."""
        return self._rate.delay(self.session.runtime.now())

    def heard(self) -> None:
        """A ping arrived, and was answered; the exchange counts pongs as messages."""
        self._rate.record(self.session.runtime.now())
        super().heard()

    def ping(self) -> None:
        """Ask for a sign of life."""
        self._rate.record(self.session.runtime.now())
        super().ping()

    async def turn(self) -> None:
        """Wait until the exchange takes another message, and count it."""
        runtime = self.session.runtime
        while (delay := self._rate.delay(runtime.now())) > 0:  # noqa: ASYNC110  (time, no event)
            await asyncio.sleep(delay)
        self._rate.record(runtime.now())


class StreamSession(Session):
    """One market stream connection and the names it carries.

    What is wanted stands in ``names``; every link is brought in line with it, whatever was asked
    for, refused or lost meanwhile.

    Args:
        runtime: What the core stands on.
        ws_key: The connection; several sessions may stand for one key when the names are many.
        streams: Where the events go.
    """

    link_type: ClassVar[type[Link]] = StreamLink

    def __init__(self, runtime: Runtime, ws_key: WsKey, streams: MarketStreams) -> None:
        super().__init__(runtime, ws_key)
        self.names: set[str] = set()
        self._proven: set[str] = set()
        """The names that the exchange has taken once."""
        self._refusals: dict[str, RequestRejected] = {}
        self._streams = streams
        self._ids = itertools.count(1)
        self._consumers = streams.consumers(ws_key)
        self._carriers = Carriers(runtime, self._tell, identify=_identity)

    @property
    def free(self) -> int:
        """How many more names fit."""
        return endpoint(self.ws_key).market.facts.streams_per_connection - len(self.names)

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
        wanted = set(names)
        while True:
            link: StreamLink = await self.ready(self.runtime.options.timeout)
            self._bring_in_line(link)
            while link is self.serving:
                self._check_refused(wanted)
                if wanted & self.names <= link.subscribed - link.asked:
                    return
                link.changed.clear()
                await link.changed.wait()

    def drop(self, names: Iterable[str]) -> list[asyncio.Task[None]]:
        """Unsubscribe names; return what is done when the exchange has been told."""
        self.names.difference_update(names)
        self._proven.difference_update(names)
        links = [each for each in self.links.values() if isinstance(each, StreamLink)]
        for link in links:
            link.changed.set()  # nobody waits for what nobody wants
        return [self._bring_in_line(link) for link in links if link.socket is not None]

    def suspicion(self, names: Iterable[str]) -> RequestRejected | None:
        """Return the refusal of a message with one of these names, any of which may be at fault."""
        for link in self.links.values():
            if isinstance(link, StreamLink):
                for part, refusal in link.refused:
                    if not (part - link.subscribed).isdisjoint(names):
                        return refusal
        return None

    async def restore(self, link: StreamLink) -> None:
        """Subscribe the names on a fresh link.

        Those that the exchange has not taken yet come when the link serves: one that costs the
        connection must not keep the others from coming back.
        """
        if self._carriers.link is None:
            link.early = []
        self._carriers.begin(link)
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
                link.early.append(message)
            elif self._carriers.is_active:
                self._carriers.event(link, message)
            else:
                self._tell(message)
        elif not self._is_answer(link, message):
            self._aside(link, message, frame)

    def link_lost(self, link: StreamLink, reason: str) -> None:
        """Tell the streams that events may be missing."""
        if link.answer is not None and not link.answer[1].done():
            link.answer[1].set_exception(LinkLost(reason))
        link.changed.set()
        self._carriers.forget(link)
        if self._carriers.lost(link):
            whole_until = min(link.last_heard, link.served_until)
            self._streams.interrupted(self, link.subscribed - link.asked, whole_until)

    def brings_events(self, link: StreamLink) -> bool:
        """Whether names are subscribed on a link."""
        return bool(link.subscribed)

    def ask_in_silence(self, link: StreamLink) -> None:
        """Ask for a sign of life: that nothing happens and that nothing is told look the same."""
        if link.subscribed and not link.changing.locked():
            self.runtime.spawn(self._ask(link))

    async def _ask(self, link: StreamLink) -> None:
        try:
            async with link.changing:
                await self._send(link, "LIST_SUBSCRIPTIONS", msgspec.UNSET)
        except LinkLost as error:
            log.debug("%s: asked in silence: %s", self.ws_key, error)

    def serve(self, link: StreamLink, *, after_loss: bool, replaced: Any) -> None:
        """Events flow again."""
        self._carriers.carried_by(link)
        if replaced is not None:
            replaced.changed.set()  # who waits for a name there is to look at this link now
        if after_loss:
            self._streams.resumed(self, link.subscribed, self.last_failure)
        early, link.early = link.early or (), None
        for message in early:
            self._tell(message)

    def _is_answer(self, link: StreamLink, message: _StreamFrame) -> bool:
        """Take the answer to the message under way; a refusal that names none is meant for it, too."""
        if link.answer is None:
            return False
        number, answer = link.answer
        if message.id != number and not (message.id is None and message.is_refusal):
            return False
        if not answer.done():
            answer.set_result(message)
        return True

    def _aside(self, link: StreamLink, message: _StreamFrame, frame: str | bytes) -> None:
        """Take what is neither an event that is wanted nor an awaited answer."""
        event = message.data if message.stream else frame
        if raw_event(event).kind == "serverShutdown":
            log.info("%s: the exchange is about to close this connection", self.ws_key)
            if link is self.serving:
                self.rotate()
        elif message.is_refusal:
            refusal = _rejected("stream", message)
            self.announce("exception", error=refusal, reason=str(refusal))

    def _tell(self, message: _StreamFrame) -> None:
        name = message.stream
        for consumer in self._consumers.get(name, ()):
            consumer.event(name, message.data)

    def _check_refused(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._refusals:
                raise copy.copy(self._refusals[name])

    def _bring_in_line(self, link: StreamLink) -> asyncio.Task[None]:
        """Align a link in the background: a caller who gives up must not leave a message half way."""

        async def align() -> None:
            try:
                await self._align(link)
            except LinkLost as error:
                log.debug("%s: %s", self.ws_key, error)

        return self.runtime.spawn(align())

    async def _align(self, link: StreamLink) -> None:
        """Send what it takes until the link carries the wanted names and no others."""
        async with link.changing:
            while True:
                if surplus := link.subscribed - self.names:
                    names = next_names(sorted(surplus))
                    # Before the answer: who wants a name again meanwhile has to wait for another one.
                    link.subscribed.difference_update(names)
                    await self._send(link, "UNSUBSCRIBE", names)
                elif names := self._next_to_ask(link):
                    await self._ask_for(link, names)
                else:
                    return

    def _next_to_ask(self, link: StreamLink) -> list[str]:
        """Return the names of the next SUBSCRIBE; those of refused messages come last, part by part."""
        wanted = self.names if link is self.serving else self.names & self._proven
        missing = wanted - link.subscribed
        if good := missing.difference(*(part for part, _ in link.refused)):
            return next_names(sorted(good))
        while link.refused:
            if part := missing & link.refused[-1][0]:
                return next_names(sorted(part))
            link.refused.pop()
        return []

    async def _ask_for(self, link: StreamLink, names: list[str]) -> None:
        """Subscribe names; a message that is refused is halved until the name at fault is found."""
        link.subscribed.update(names)  # events may come together with the answer
        link.asked.update(names)
        answer = await self._send(link, "SUBSCRIBE", names)
        link.asked.clear()
        if not answer.is_refusal:
            self._proven.update(names)
        else:
            link.subscribed.difference_update(names)
            refusal = _rejected("SUBSCRIBE", answer)
            if len(names) > 1:
                half = len(names) // 2
                link.refused += [(set(names[half:]), refusal), (set(names[:half]), refusal)]
            else:
                self._refuse(names[0], refusal)
        link.changed.set()

    def _refuse(self, name: str, refusal: RequestRejected) -> None:
        if name not in self.names:
            return  # nobody wants it any more
        self._refusals[name] = refusal
        self.names.discard(name)
        self.announce("exception", error=refusal, reason=f"{name} is refused: {refusal}")

    async def _send(
        self, link: StreamLink, method: str, names: list[str] | msgspec.UnsetType
    ) -> _StreamFrame:
        runtime = self.runtime
        await link.turn()
        number = next(self._ids)
        answer: asyncio.Future[_StreamFrame] = runtime.loop.create_future()
        link.answer = number, answer
        try:
            link.write(_encode(_ControlMessage(method, names, number)))
            async with asyncio.timeout(runtime.options.timeout):
                return await answer
        except ConnectionError:
            self.lose(link, "connection dropped")
            raise LinkLost("connection dropped") from None
        except TimeoutError:
            link.served_until = link.last_frame_at
            self.lose(link, f"{method} was not answered")
            raise LinkLost(f"{method} was not answered") from None
        finally:
            link.answer = None


def _identity(message: _StreamFrame) -> Hashable:
    return stream_identity(message.stream, message.data)


def _rejected(method: str, answer: _StreamFrame) -> RequestRejected:
    said = (
        answer.error if isinstance(answer.error, dict) else {"code": answer.code, "msg": answer.msg}
    )
    code: object = said.get("code")
    return RequestRejected(
        str(said.get("msg") or answer.error or ""),
        code=code if isinstance(code, int) else 0,
        status=400,
        operation=method,
    )
