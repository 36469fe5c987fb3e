"""An in-memory network between a client core and embedded exchanges, for an adversary to spoil.

A connection is two lanes. Frames of a lane arrive in the order they were sent, each after a delay; a lane
may stall, and what it held then comes late. A connection may be cut, each side learning of it in its own
time, with or without what was under way; or go half-open: from some moment on all is swallowed and nobody
is told. That is what TCP does to people. No single frame is lost or turned round, since TCP does not. What
stands behind the sockets may be wedged: pings are answered, and nothing else is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

from simulation_exchange import REMOTE, SimulatedExchange
from simulation_loop import VirtualLoop
from simulation_sockets import WireSocket

from binance_wsapi.core.direct_socket import DirectSocket
from binance_wsapi.core.transport import HandshakeRefused, Receiver, RestAnswer
from binance_wsapi.simulator.doors.gateway import Door
from binance_wsapi.simulator.doors.gateway import HandshakeRefused as RefusedByExchange
from binance_wsapi.simulator.doors.rest import RestRequest

__all__ = ["ClientEnd", "Network", "Weather", "Wire"]

IS_DIRECT = os.environ.get("BINANCE_WSAPI_TRANSPORT") == "direct"
"""Clients use the library's own sockets, as those outside of the simulation then do."""

LATE_S = 0.9
STEP_S = 1e-6
"""Least time between two frames of a lane: it keeps their order."""


@dataclass
class Weather:
    """What the network is like now; the adversary changes it."""

    shortest_s: float = 0.005
    longest_s: float = 0.050
    is_down: bool = False
    """Connections cannot be made: refused at once."""
    is_black_hole: bool = False
    """Connections cannot be made: no answer at all."""
    refusals: list[tuple[int, float | None]] | None = None
    """HTTP status and ``Retry-After`` for the next handshakes."""
    rest_losses: float = 0.0
    """Which part of REST requests goes wrong: not arriving, not answered, cut off, or answered late."""


class Lane:
    """One direction of a connection."""

    def __init__(self, network: Network, deliver: Callable[[str, Any], None]) -> None:
        self._network = network
        self._deliver = deliver
        self._last_at = 0.0
        self._held: list[tuple[str, Any]] | None = None
        self.is_swallowing = False

    def send(self, kind: str, payload: Any = None) -> None:
        """Put something on its way."""
        if self.is_swallowing:
            return
        if self._held is not None:
            self._held.append((kind, payload))
            return
        loop = self._network.loop
        self._last_at = max(self._last_at + STEP_S, loop.time() + self._network.delay())
        loop.call_at(self._last_at, self._arrive, kind, payload)

    def not_before(self, when: float) -> None:
        """Let nothing arrive before ``when``: the handshake, or a stall, goes first."""
        self._last_at = max(self._last_at, when)

    def hold(self) -> None:
        """Let nothing on its way until :meth:`release`."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Let what was held back go."""
        held, self._held = self._held or [], None
        for kind, payload in held:
            self.send(kind, payload)

    def swallow(self) -> None:
        """Lose what is under way, and all that follows."""
        self.is_swallowing = True

    def _arrive(self, kind: str, payload: Any) -> None:
        if not self.is_swallowing:
            self._deliver(kind, payload)


class Wire:
    """One connection: the client's socket on one end, the exchange's transport on the other."""

    def __init__(
        self,
        network: Network,
        url: str,
        exchange: SimulatedExchange,
        client_end: Callable[[Wire], ClientEnd],
    ) -> None:
        self.url = url
        self.exchange = exchange
        self.number = network.next_number()
        self.receiver: Receiver | None = None
        self.door: Door | None = None
        self.client_end: ClientEnd | DirectSocket = client_end(self)
        self.socket: WireSocket | None = None
        """Between the wire and a socket of the library's own."""
        self.exchange_end = _ExchangeEnd(self)
        self.network = network
        self.out = Lane(network, self._at_exchange)
        self.back = Lane(network, self._at_client)
        self.is_open_here = False
        """The client's side holds it for open."""
        self.is_deaf = False
        """Requests are not read, though pings are answered."""
        self.is_mute = False
        """Neither answers nor events are sent, though pings are answered."""

    def attach(self, receiver: Receiver) -> None:
        """The handshake is through."""
        self.receiver = receiver
        self.is_open_here = True
        if IS_DIRECT and type(self.client_end) is ClientEnd:
            self.socket = WireSocket(self, receiver)
            self.client_end = self.socket.end

    # What goes wrong

    def cut(
        self, *, seen_after: float, known_after: float, loses_out: bool, loses_back: bool
    ) -> None:
        """Break the connection.

        Args:
            seen_after: Seconds until the client sees it.
            known_after: Seconds until the exchange does.
            loses_out: What is under way to the exchange is lost.
            loses_back: What is under way to the client is lost.
        """
        loop = self.network.loop
        if loses_out:
            self.out.is_swallowing = True
        if loses_back:
            self.back.is_swallowing = True
        loop.call_later(seen_after, self.seen_closed, "connection dropped")
        loop.call_later(known_after, self.known_closed)

    def half_open(self, *, out: bool, back: bool) -> None:
        """Swallow everything from now on, and tell nobody."""
        self.out.is_swallowing = self.out.is_swallowing or out
        self.back.is_swallowing = self.back.is_swallowing or back

    def wedge(self, *, deaf: bool, mute: bool) -> None:
        """Have the exchange answer pings and do nothing else, until the connection ends."""
        self.is_deaf = self.is_deaf or deaf
        self.is_mute = self.is_mute or mute

    def stall(self, seconds: float, *, out: bool, back: bool) -> None:
        """Deliver nothing for a while, then all of it."""
        until = self.network.loop.time() + seconds
        if out:
            self.out.not_before(until)
        if back:
            self.back.not_before(until)

    def congest(self, seconds: float) -> None:
        """Have the client hold frames back for a while."""
        if self.is_open_here and not self.client_end.congested:
            self.client_end.congested = True
            self.network.loop.call_later(seconds, self._flow)

    def _flow(self) -> None:
        self.client_end.congested = False
        if self.is_open_here and self.receiver is not None:
            self.receiver.writable()

    # What each side learns

    def seen_closed(self, reason: str) -> None:
        """The client learns that the connection is gone."""
        if not self.is_open_here or self.receiver is None:
            return
        if self.socket is not None:
            self.socket.bring("close", reason)
        else:
            self.is_open_here = False
            self.receiver.closed(reason)

    def known_closed(self) -> None:
        """The exchange learns that the connection is gone."""
        if self.door is not None:
            self.door.closed()
        self.network.wires.pop(self.number, None)

    def _at_exchange(self, kind: str, payload: Any) -> None:
        door = self.door
        if door is None:
            return
        if kind == "frame":
            written_at, frame = payload
            if self.network.loop.time() - written_at > LATE_S or not self.is_open_here:
                self.exchange.late_frames += 1
            if not self.is_deaf:
                self.exchange.receive(door, frame)
        elif kind == "ping":
            if door.pinged(payload):
                self.back.send("pong")
        elif kind == "pong":
            door.pong(payload)
        else:
            self.known_closed()

    def _at_client(self, kind: str, payload: Any) -> None:
        if not self.is_open_here or self.receiver is None:
            return
        # Who has said goodbye waits for the peer's, and hears nothing else.
        if kind == "frame" and (self.socket is None or self.socket.end._is_open):
            self.network.on_received(self, payload)
        if self.socket is not None:
            self.socket.bring(kind, payload)
        elif kind == "frame":
            self.receiver.received(payload)
        elif kind == "ping":
            self.receiver.heard()
            self.out.send("pong", payload)
        elif kind == "pong":
            self.receiver.answered()
        else:
            self.seen_closed(payload)
            self.out.send("close")


class ClientEnd:
    """The socket as the core holds it."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.congested = False

    def write(self, frame: bytes) -> None:
        if not self.wire.is_open_here:
            raise ConnectionResetError("the connection is closed")
        # What does not copy must not be changed after it was written.
        self.wire.network.on_written(self.wire, bytes(frame))
        self.wire.out.send("frame", (self.wire.network.loop.time(), bytes(frame)))

    def ping(self) -> None:
        if self.wire.is_open_here:
            self.wire.out.send("ping", b"")

    async def close(self) -> None:
        wire = self.wire
        if wire.is_open_here:
            wire.out.send("close")
            wire.seen_closed("closed by this side")
            await asyncio.sleep(min(1.0, wire.network.delay()))


class _ExchangeEnd:
    """The transport as the exchange holds it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, frame: bytes) -> None:
        self._wire.network.on_sent(self._wire, frame)
        if not self._wire.is_mute:
            self._wire.back.send("frame", frame)

    def ping(self, payload: bytes) -> None:
        self._wire.back.send("ping", payload)

    def close(self, code: int, reason: str) -> None:
        self._wire.back.send("close", f"closed by the exchange: {code} {reason}")

    def abort(self, partial: bytes = b"") -> None:
        self._wire.back.send("close", "connection dropped")

    def hold_reading(self, held: bool) -> None:
        if held:
            self._wire.out.hold()
        else:
            self._wire.out.release()


class Network:
    """The transport of a core: connections lead to the exchanges, as well as the weather lets them.

    Args:
        loop: The loop in virtual time.
        exchanges: Where connections lead, by host.
        rng: Where all chance comes from.
        connect_timeout: Seconds after which a connection that does not come up is given up.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        exchanges: Mapping[str, SimulatedExchange],
        rng: Random,
        *,
        connect_timeout: float,
    ) -> None:
        self.loop = loop
        self.weather = Weather()
        self.wires: dict[int, Wire] = {}
        """Those that at least the exchange holds for open."""
        self.attempts = 0
        self.on_dialled: Callable[[SimulatedExchange], None] = lambda exchange: None
        """Told each attempt of the client to connect."""
        self.on_refused: Callable[[SimulatedExchange, int, float | None], None] = (
            lambda exchange, status, retry_after: None
        )
        """Told what the client hears of a handshake that was refused, and for how long."""
        self.on_written: Callable[[Wire, bytes], None] = lambda wire, frame: None
        """Told each frame that the client writes."""
        self.on_sent: Callable[[Wire, bytes], None] = lambda wire, frame: None
        """Told each frame that an exchange sends."""
        self.on_received: Callable[[Wire, bytes], None] = lambda wire, frame: None
        """Told each frame that reaches the client."""
        self._exchanges = exchanges
        self._rng = rng
        self._connect_timeout = connect_timeout

    def next_number(self) -> int:
        """Return a number for a connection."""
        self.attempts += 1
        return self.attempts

    def delay(self) -> float:
        """Return how long a frame is under way."""
        return self._rng.uniform(self.weather.shortest_s, self.weather.longest_s)

    async def connect(
        self, url: str, receiver: Receiver, client_end: Callable[[Wire], ClientEnd] = ClientEnd
    ) -> ClientEnd | DirectSocket:
        """Open a connection."""
        weather = self.weather
        parts = urlsplit(url)
        exchange = self._exchanges[str(parts.hostname)]
        self.on_dialled(exchange)
        await asyncio.sleep(self.delay())
        if weather.is_black_hole:
            await asyncio.sleep(self._connect_timeout)
            raise OSError(f"no connection within {self._connect_timeout} s")
        if weather.is_down:
            raise OSError("connection refused")
        if weather.refusals:
            await asyncio.sleep(self.delay())
            if weather.refusals:
                raise self._refusal(exchange, *weather.refusals.pop())
        wire = Wire(self, url, exchange, client_end)
        try:
            wire.door = exchange.venue.gateway.connect(
                f"{parts.path}?{parts.query}", remote=REMOTE, transport=wire.exchange_end
            )
        except RefusedByExchange as refused:
            await asyncio.sleep(self.delay())
            told = refused.headers.get("Retry-After")
            raise self._refusal(
                exchange, refused.status, None if told is None else float(told)
            ) from None
        self.wires[wire.number] = wire
        back = self.delay()
        wire.back.not_before(self.loop.time() + back + STEP_S)
        try:
            await asyncio.sleep(back)
        except asyncio.CancelledError:
            wire.out.send("close")
            raise
        wire.attach(receiver)
        return wire.client_end

    def _refusal(
        self, exchange: SimulatedExchange, status: int, retry_after: float | None
    ) -> HandshakeRefused:
        self.on_refused(exchange, status, retry_after)
        return HandshakeRefused(status, "refused", retry_after)

    async def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        *,
        timeout: float | None = None,
        on_write: Callable[[], object] | None = None,
    ) -> RestAnswer:
        """Send a REST request, which weather and chance may swallow, or its answer."""
        try:
            async with asyncio.timeout(self._connect_timeout if timeout is None else timeout):
                return await self._ask(method, url, headers, on_write)
        except TimeoutError:
            raise TimeoutError("no answer in time") from None

    async def _ask(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        on_write: Callable[[], object] | None,
    ) -> RestAnswer:
        weather, parts = self.weather, urlsplit(url)
        exchange = self._exchanges[str(parts.hostname)]
        loss = self._rng.choice(("request", "answer", "connection", "time"))
        if self._rng.random() >= weather.rest_losses:
            loss = ""
        await asyncio.sleep(self.delay())
        if weather.is_down:
            raise OSError("connection refused")
        if on_write is not None and not weather.is_black_hole:
            on_write()
        if loss == "request" or weather.is_black_hole:
            await self.loop.create_future()
        await asyncio.sleep(self.delay())
        answer = exchange.venue.rest.answer(
            RestRequest(method, parts.path, parts.query, "", REMOTE, headers)
        )
        await asyncio.sleep(self.delay() + (self._rng.uniform(0, 8) if loss == "time" else 0))
        if loss == "answer":
            await self.loop.create_future()
        if loss == "connection" or weather.is_down or weather.is_black_hole:
            raise OSError("connection dropped")
        told = answer.headers.get("Retry-After")
        retry_after = None if told is None else float(told)
        return RestAnswer(answer.status, answer.body, retry_after, answer.headers)

    async def close(self) -> None:
        """Nothing is shared between connections."""
