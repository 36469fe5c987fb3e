"""Both transports with peers that mean no good: whatever is said of one holds for the other."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller
from scripted_server import ScriptedServer
from yarl import URL

from binance_wsapi import AsyncClient, Client, ConfigurationError
from binance_wsapi.core import direct_transport
from binance_wsapi.core.aiohttp_transport import AiohttpTransport
from binance_wsapi.core.baton import CoreLoop
from binance_wsapi.core.direct_transport import DirectTransport
from binance_wsapi.core.transport import HandshakeRefused, Transport
from binance_wsapi.simulator.doors.certificates import server_context

if sys.platform != "linux":
    pytest.skip("direct sockets are for Linux", allow_module_level=True)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]

both = pytest.mark.parametrize("kind", [AiohttpTransport, DirectTransport])


class Ears:
    """Takes note of everything."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.changed = asyncio.Event()

    def received(self, frame: str | bytes) -> None:
        self._note(frame)

    def taken(self, frame: str | bytes) -> bool:
        return False

    def heard(self) -> None:
        self._note("ping")

    def answered(self) -> None:
        self._note("pong")

    def writable(self) -> None:
        self._note("writable")

    def closed(self, reason: str) -> None:
        self._note(f"closed: {reason}")

    def _note(self, what: Any) -> None:
        self.told.append(what)
        self.changed.set()

    async def wait(self, count: int) -> list[Any]:
        async with asyncio.timeout(WAIT_S):
            while len(self.told) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.told


def accepted(key: str, **more: str) -> bytes:
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        **more,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n".encode()


def make(kind: type[Any], **options: Any) -> Any:
    given = {"proxy": None, "headers": None, "ssl": None, "connect_timeout": WAIT_S, **options}
    return kind(**given)


def with_peer(
    serve: Serve,
    use: Callable[[str], Awaitable[None]],
    context: ssl.SSLContext | None = None,
    *,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> None:
    """Serve one kind of peer, and do something with its address."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            await serve(reader, writer, head)
            await reader.read()  # until the client has gone
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def main() -> None:
        server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        try:
            await use(f"{'wss' if context else 'ws'}://localhost:{port}/path?query=1")
        finally:
            server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())


def key_of(head: str) -> str:
    lines = [line.partition(": ") for line in head.split("\r\n")]
    return next(value for name, _, value in lines if name.lower() == "sec-websocket-key")


def saying(*parts: bytes, cuts: bool = False) -> Serve:
    """A peer that takes the handshake and says something at once, byte by byte perhaps."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        data = accepted(key_of(head)) + b"".join(parts)
        for each in (data[i : i + 1] for i in range(len(data))) if cuts else (data,):
            writer.write(each)
            await writer.drain()
            if cuts:
                await asyncio.sleep(0)

    return serve


def told_by(kind: type[Any], serve: Serve, count: int) -> list[Any]:
    ears: list[Ears] = []

    async def use(url: str) -> None:
        ears.append(Ears())
        transport = make(kind)
        await transport.connect(url, ears[0])
        await ears[0].wait(count)
        await transport.close()

    with_peer(serve, use)
    return ears[0].told[:count]


@both
@pytest.mark.parametrize("cuts", [False, True])
def test_what_comes_behind_the_handshake_is_heard_in_order(kind: type[Any], *, cuts: bool) -> None:
    said = [
        b"\x81\x03one",
        b"\x89\x01p",
        b"\x01\x02tw\x8a\x00\x80\x01o",
        b"\x82\x7e" + struct.pack("!H", 300) + bytes(300),
        b"\x88\x06\x03\xe9away",
    ]

    told = told_by(kind, saying(*said, cuts=cuts), 6)

    assert told == [
        "one",
        "ping",
        "pong",
        "two",
        bytes(300),
        "closed: closed by the exchange: 1001 away",
    ]


@both
@pytest.mark.parametrize("frame", [b"\xc1\x00", b"\x83\x00", b"\x81\x01\xff", b"\x89\x7e\x00\x7e"])
def test_peer_that_breaks_the_protocol_is_left(kind: type[Any], frame: bytes) -> None:
    (told,) = told_by(kind, saying(frame), 1)

    assert told.startswith("closed: websocket error: ")


@both
def test_half_a_frame_is_no_message(kind: type[Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(accepted(key_of(head)) + b"\x81\x05one")
        writer.write_eof()

    assert told_by(kind, serve, 1) == ["closed: connection dropped"]


@both
@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", HandshakeRefused, "HTTP 403"),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\n", HandshakeRefused, "HTTP 429"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://else.test/x\r\n\r\n",
            HandshakeRefused,
            "else.test",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", HandshakeRefused, "HTTP 200"),
        (
            b"HTTP/1.1 101 Yes\r\nUpgrade: tls\r\nConnection: Upgrade\r\n\r\n",
            HandshakeRefused,
            "upgrade",
        ),
        (
            (
                b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: no\r\n\r\n"
            ),
            HandshakeRefused,
            "challenge",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", Exception, "400|no HTTP"),
        (b"", OSError, "disconnected|closed during"),
    ],
    ids=["403", "429", "302", "200", "upgrade", "key", "ssh", "nothing"],
)
def test_handshake_that_is_refused(
    kind: type[Any], answer: bytes, error: type[Exception], says: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(answer)
        writer.close()

    async def use(url: str) -> None:
        transport = make(kind)
        with pytest.raises(error, match=says) as caught:
            await transport.connect(url, Ears())
        if isinstance(caught.value, HandshakeRefused) and caught.value.status == 429:
            assert caught.value.retry_after == 7
        await transport.close()
        assert not transport._open_sockets()

    with_peer(serve, use)


@both
def test_handshake_says_what_the_caller_wants(kind: type[Any]) -> None:
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        heads.append(head)
        writer.write(accepted(key_of(head)))

    async def use(url: str) -> None:
        transport = make(kind, headers={"user-agent": "mine", "X-Token": "t"})
        await transport.connect(url.replace("//", "//me:p%40ss@") + "&é=%2F", Ears())
        await transport.close()

    with_peer(serve, use)
    (head,) = heads
    lines = head.split("\r\n")
    given = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    assert lines[0].startswith("GET /path?query=1&%C3%A9=")
    assert given["user-agent"] == "mine"
    assert given["x-token"] == "t"
    assert given["authorization"] == f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert given["host"].startswith("localhost:")
    assert given["sec-websocket-version"] == "13"


@both
def test_handshake_takes_no_longer_than_it_may(kind: type[Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        await asyncio.Event().wait()

    async def use(url: str) -> None:
        transport = make(kind, connect_timeout=0.05)
        with pytest.raises(OSError, match=r"no connection within 0\.05 s"):
            await transport.connect(url, Ears())
        await transport.close()

    with_peer(serve, use)


@both
def test_failed_connection_says_where_it_went(kind: type[Any]) -> None:
    async def connect(port: int) -> None:
        transport = make(kind)
        with pytest.raises(OSError, match=f"localhost:{port}.*Connect call failed"):
            await transport.connect(f"ws://localhost:{port}/", Ears())
        await transport.close()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    asyncio.run(connect(port))


def test_address_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is tried beside it."""

    async def use(url: str) -> None:
        transport, ears = make(DirectTransport), Ears()
        alive = ("127.0.0.1", URL(url).port)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", to) for to in (silent, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        await transport.connect(url, ears)
        assert await ears.wait(1) == ["here"]
        await transport.close()

    with contextlib.ExitStack() as open_ones, socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        silent = hole.getsockname()
        for _ in range(3):  # nobody takes them: no more fit in
            waiting = open_ones.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent)
        with_peer(saying(b"\x81\x04here"), use)


@both
def test_peer_that_reads_nothing_congests_the_socket_and_loses_nothing(kind: type[Any]) -> None:
    frame, count = b"x" * 60_000, 300
    reads = asyncio.Event()
    got: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(accepted(key_of(head)))
        await reads.wait()
        for _ in range(count):
            first, size = await reader.readexactly(2)
            assert (first, size) == (0x81, 0xFE)
            length = int.from_bytes(await reader.readexactly(2), "big")
            key = await reader.readexactly(4)
            masked = await reader.readexactly(length)
            assert bytes(map(int.__xor__, masked[:4], key)) == b"xxxx"
            got.append(length)
        writer.write(b"\x81\x03all")

    async def use(url: str) -> None:
        transport, ears = make(kind), Ears()
        socket = await transport.connect(url, ears)
        for _ in range(count):
            socket.write(frame)
        assert socket.congested
        reads.set()
        assert await ears.wait(2) == ["writable", "all"]
        assert not socket.congested
        await transport.close()

    with_peer(serve, use)
    assert got == [len(frame)] * count


@both
def test_write_on_a_closed_socket_is_refused(kind: type[Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(accepted(key_of(head)) + b"\x88\x00")
        writer.write_eof()

    async def use(url: str) -> None:
        transport, ears = make(kind), Ears()
        socket = await transport.connect(url, ears)
        await ears.wait(1)
        with pytest.raises(ConnectionError):
            socket.write(b"{}")
        socket.ping()
        await socket.close()
        await transport.close()
        assert len(ears.told) == 1, "it is closed once"

    with_peer(serve, use)


@both
def test_goodbye_is_said_and_waited_for_but_not_for_long(kind: type[Any]) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(accepted(key_of(head)))
        heard.append(await reader.readexactly(2 + 4 + 2))

    async def use(url: str) -> None:
        transport, ears = make(kind), Ears()
        socket = await transport.connect(url, ears)
        await socket.close()
        assert len(await ears.wait(1)) == 1
        await transport.close()

    with_peer(serve, use)
    ((first, size, *key, one, two),) = heard
    assert (first, size) == (0x88, 0x82)
    assert (one ^ key[0]) << 8 | two ^ key[1] == 1000


def test_socket_that_takes_no_options_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dialled(*_: Any, **__: Any) -> socket.socket:
        return ours  # which is none of TCP

    async def use() -> None:
        with pytest.raises(OSError):
            await make(DirectTransport).connect("ws://127.0.0.1:1/", Ears())

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(direct_transport, "start_connection", dialled)
    with theirs:
        asyncio.run(use())

    assert ours.fileno() == -1


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, CoreLoop])
def test_socket_whose_closing_is_cut_short_is_closed(
    turns: int, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Its task was cancelled while it waited for the peer's goodbye, and nobody came back for it."""

    async def use(url: str) -> None:
        transport, ears = make(DirectTransport), Ears()
        socket = await transport.connect(url, ears)
        closing = asyncio.create_task(socket.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        assert closing.cancelled()
        assert socket.sock.fileno() == -1
        assert ears.told == ["closed: closed by this side"]
        assert not transport._open
        await transport.close()

    with_peer(saying(), use, new_loop=new_loop)


def test_socket_whose_closing_never_began_is_closed_with_its_transport() -> None:
    async def use(url: str) -> None:
        transport, ears = make(DirectTransport), Ears()
        socket = await transport.connect(url, ears)
        closing = asyncio.create_task(socket.close())
        closing.cancel()
        await asyncio.wait([closing])
        await transport.close()
        assert socket.sock.fileno() == -1
        assert ears.told == ["closed: closed by this side"]

    with_peer(saying(), use)


@pytest.mark.parametrize("does", ["write", "ping", "close"])
def test_nothing_is_written_over_tls_that_is_broken_and_the_socket_is_closed(does: str) -> None:
    """OpenSSL refuses to seal what is written then, a goodbye as well: that is a connection that is gone."""
    serving, certificate = server_context(["localhost", "127.0.0.1"])
    trusting = ssl.create_default_context(cadata=certificate)

    async def use(url: str) -> None:
        transport, ears = make(DirectTransport, ssl=trusting), Ears()
        socket = await transport.connect(url, ears)
        # A record that nobody can open, read by a caller who drives: the loop has not looked yet.
        socket._tls._brought.append(b"\x17\x03\x03\x00\x20" + bytes(32))
        socket._pump()
        if does == "write":
            with pytest.raises(ConnectionError):
                socket.write(b"{}")
        elif does == "ping":
            socket.ping()
        else:
            await socket.close()
        (told,) = await ears.wait(1)
        assert told.startswith("closed: ")
        assert socket.sock.fileno() == -1
        await transport.close()

    with_peer(saying(), use, serving)


@both
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_messages_go_over_tls_both_ways(kind: type[Any], version: ssl.TLSVersion) -> None:
    size = 300_000
    serving, certificate = server_context(["localhost", "127.0.0.1"])
    trusting = ssl.create_default_context(cadata=certificate)
    trusting.maximum_version = version

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        writer.write(accepted(key_of(head)))
        got = await reader.readexactly(10 + 4 + size)
        writer.write(b"\x82\x7f" + struct.pack("!Q", size) + got[-size:])

    async def use(url: str) -> None:
        transport, ears = make(kind, ssl=trusting), Ears()
        socket = await transport.connect(url, ears)
        socket.write(bytes(size))
        (echo,) = await ears.wait(1)
        assert len(echo) == size
        assert len(set(echo[:4])) > 1, "masked"
        await transport.close()

    with_peer(serve, use, serving)


@both
@pytest.mark.parametrize("trusts", ["nobody", "another name"])
def test_peer_that_cannot_be_trusted_is_not_spoken_to(kind: type[Any], trusts: str) -> None:
    serving, certificate = server_context(["else.test"])
    trusting = None if trusts == "nobody" else ssl.create_default_context(cadata=certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        pytest.fail("the handshake was sent to a stranger")

    async def use(url: str) -> None:
        transport: Transport = make(kind, ssl=trusting)
        with pytest.raises(OSError, match=r"(?i)certificate"):
            await transport.connect(url.replace("localhost", "127.0.0.1"), Ears())
        await transport.close()

    with_peer(serve, use, serving)


def test_option_or_environment_names_the_transport(
    connect: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    for named, option, kind in (
        ("direct", None, DirectTransport),
        ("direct", "aiohttp", AiohttpTransport),
        ("", "direct", DirectTransport),
        ("", None, AiohttpTransport),
    ):
        monkeypatch.setenv("BINANCE_WSAPI_TRANSPORT", named)
        caller = connect(transport=option)
        assert caller.call(lambda client: client.spot.get_server_time()).status == 200
        assert type(caller.client._runtime.transport) is kind


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_transport_that_is_not_there_is_refused(
    client: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"transport='tcp': use None or 'aiohttp' or 'direct'"
    ):
        client(transport="tcp")
    monkeypatch.setenv("BINANCE_WSAPI_TRANSPORT", "tcp")
    with pytest.raises(
        ConfigurationError, match="BINANCE_WSAPI_TRANSPORT='tcp' in the environment"
    ):
        client()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ConfigurationError, match="works on Linux alone"):
        client(transport="direct")


def test_through_a_proxy_it_is_aiohttp(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def connect() -> None:
        transport = make(DirectTransport, proxy="http://127.0.0.1:1")
        with pytest.raises(OSError, match=r"127\.0\.0\.1:1"):
            await transport.connect(f"ws://127.0.0.1:{scripted.port}", Ears())
        assert transport._aiohttp is not None
        await transport.close()

    asyncio.run(connect())
    assert not scripted.handshakes
