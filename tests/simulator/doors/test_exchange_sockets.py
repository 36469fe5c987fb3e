"""The exchange behind real sockets, with a client that is not ours."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp
import pytest
from gateway_client import LIMIT_BUY, signed

from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange

T = TypeVar("T")
TIMEOUT = 10


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=7) as running:
        yield running


def run(action: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(TIMEOUT):
            return await action()

    return asyncio.run(bounded())


Socket = aiohttp.ClientWebSocketResponse


@asynccontextmanager
async def connected(
    exchange: SimulatedExchange, ws_key: WsKey = WsKey.MAIN_WSAPI, **options: Any
) -> AsyncIterator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            exchange.urls[ws_key], ssl=exchange.ssl_context or True, **options
        ) as ws,
    ):
        yield ws


async def ask(ws: Socket, method: str, params: dict[str, Any] | None = None) -> Any:
    request_id = method.replace(".", "-")
    await ws.send_json({"id": request_id, "method": method, "params": params or {}})
    while True:
        frame = await ws.receive_json()
        if frame.get("id") == request_id:
            return frame


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_an_order_is_placed_filled_and_told(exchange: SimulatedExchange) -> None:
    buyer, seller = exchange.create_account({"USDT": "1000"}), exchange.create_account({"BTC": "1"})
    key, other = buyer.create_key(), seller.create_key("hmac")

    async def trade() -> list[str]:
        async with connected(exchange) as mine, connected(exchange) as theirs:
            await ask(mine, "session.logon", signed(key, now_ms()))
            await ask(mine, "userDataStream.subscribe")
            placed = await ask(mine, "order.place", {"timestamp": now_ms(), **LIMIT_BUY})
            assert placed["result"]["status"] == "NEW"
            sold = signed(other, now_ms(), **(LIMIT_BUY | {"side": "SELL"}))
            assert (await ask(theirs, "order.place", sold))["result"]["status"] == "FILLED"
            statuses: list[str] = []
            while "FILLED" not in statuses:
                event = (await mine.receive_json())["event"]
                statuses.append(event.get("X", ""))
            return statuses

    assert "FILLED" in run(trade)
    assert buyer.balances()["USDT"] == (Decimal(940), Decimal(0))
    assert buyer.balances()["BTC"].free == Decimal("0.000999")
    assert seller.balances()["BTC"].free == Decimal("0.999")


def test_client_pings_are_answered_and_server_pings_come(exchange: SimulatedExchange) -> None:
    async def exchange_pings() -> None:
        async with connected(exchange, autoping=False) as ws:
            await ws.ping(b"are you there")
            message = await ws.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"are you there")
            await asyncio.to_thread(exchange.clock.advance, 20)
            message = await ws.receive()
            assert message.type is aiohttp.WSMsgType.PING
            await ws.pong(message.data)
            await asyncio.to_thread(exchange.clock.advance, 20)
            assert (await ws.receive()).type is aiohttp.WSMsgType.PING

    run(exchange_pings)


def test_a_day_passes_in_no_time(exchange: SimulatedExchange) -> None:
    async def wait_for_the_end() -> int | None:
        async with connected(exchange) as ws:
            await asyncio.to_thread(exchange.clock.advance, 24 * 3600)
            assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE
            return ws.close_code

    assert run(wait_for_the_end) == 1000


@pytest.mark.parametrize("size", [10, 200, 70_000])
def test_frames_of_every_length_arrive_whole(exchange: SimulatedExchange, size: int) -> None:
    text = "x" * size
    exchange.faults.on("ping").do(
        lambda pending: pending.send(json.dumps({"id": "ping", "text": text}).encode())
    )

    async def receive() -> str:
        async with connected(exchange) as ws:
            return str((await ask(ws, "ping"))["text"])

    assert run(receive) == text


def test_large_requests_are_taken(exchange: SimulatedExchange) -> None:
    async def send() -> int:
        async with connected(exchange) as ws:
            answer = await ask(ws, "exchangeInfo", {"symbols": ["NOSUCH"] * 20_000})
            return int(answer["status"])

    assert run(send) == 400


def test_dropped_connections_end_without_a_close_frame(exchange: SimulatedExchange) -> None:
    async def drop() -> tuple[Any, int | None]:
        async with connected(exchange) as ws:
            await ask(ws, "ping")
            assert await asyncio.to_thread(exchange.drop_connections) == 1
            message = await ws.receive()
            return message.type, ws.close_code

    kind, code = run(drop)
    assert kind in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)
    assert code == 1006


def test_a_frame_cut_in_the_middle_never_arrives(exchange: SimulatedExchange) -> None:
    fault = exchange.faults.on("exchangeInfo").cut_mid_frame()

    async def receive() -> Any:
        async with connected(exchange) as ws:
            await ws.send_json({"id": 1, "method": "exchangeInfo"})
            return (await ws.receive()).type

    assert run(receive) is not aiohttp.WSMsgType.TEXT
    assert fault.hits == 1


def test_half_open_connections_accept_and_say_nothing(exchange: SimulatedExchange) -> None:
    async def talk() -> Any:
        async with connected(exchange, autoping=False) as ws:
            await ask(ws, "ping")
            fault = await asyncio.to_thread(exchange.faults.half_open)
            # The journal has no pings: this one is there once the request behind it is.
            await ws.ping()
            await ws.send_json({"id": 1, "method": "ping"})
            await asyncio.to_thread(
                exchange.journal.wait_for, lambda frame: frame.direction == "in", TIMEOUT, count=2
            )
            await asyncio.to_thread(fault.end)
            return await ask(ws, "time")

    answer = run(talk)
    assert answer["id"] == "time"
    assert exchange.journal.answers(1) == []


def test_slow_reads_leave_requests_lying(exchange: SimulatedExchange) -> None:
    async def talk() -> None:
        async with connected(exchange) as ws:
            await ask(ws, "ping")
            fault = await asyncio.to_thread(exchange.faults.slow_reads)
            await ws.send_json({"id": 1, "method": "ping"})
            await asyncio.to_thread(exchange.call, lambda: None)
            assert len(exchange.journal.requests()) == 1
            await asyncio.to_thread(fault.end)
            assert (await ws.receive_json())["id"] == 1

    run(talk)


def test_refused_handshakes_have_their_status(exchange: SimulatedExchange) -> None:
    exchange.faults.refuse_handshakes(429, retry_after=3)

    async def connect() -> tuple[int, str]:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(exchange):
                pass
        assert refused.value.headers is not None
        return refused.value.status, refused.value.headers["Retry-After"]

    assert run(connect) == (429, "3")


def test_stop_listening_refuses_and_resume_takes_the_same_port(
    exchange: SimulatedExchange,
) -> None:
    port = exchange.port

    async def scenario() -> None:
        async with connected(exchange) as ws:
            await asyncio.to_thread(exchange.stop_listening)
            with pytest.raises(aiohttp.ClientConnectorError):
                async with connected(exchange):
                    pass
            assert (await ask(ws, "ping"))["status"] == 200
            await asyncio.to_thread(exchange.resume_listening)
            async with connected(exchange) as again:
                assert (await ask(again, "ping"))["status"] == 200

    run(scenario)
    assert exchange.port == port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nobody_else_gets_the_port_while_it_is_not_listened_at(host: str) -> None:
    with SimulatedExchange(host=host) as exchange, socket.socket() as other:
        exchange.stop_listening()
        exchange.stop_listening()

        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", exchange.port))

        exchange.resume_listening()
        with socket.create_connection(("127.0.0.1", exchange.port), TIMEOUT):
            pass
        exchange.stop_listening()


def test_fault_stops_listening_and_listens_again(exchange: SimulatedExchange) -> None:
    """On the exchange's own thread, which cannot wait for itself."""

    def restart(pending: Any) -> None:
        exchange.stop_listening()
        exchange.resume_listening()
        pending.send(b'{"id":"ping","status":200,"result":{}}')

    exchange.faults.on("ping").do(restart)

    async def scenario() -> None:
        async with connected(exchange) as ws:
            assert (await ask(ws, "ping"))["result"] == {}
            assert (await ask(ws, "time"))["status"] == 200
        async with connected(exchange) as again:
            assert (await ask(again, "ping"))["status"] == 200

    run(scenario)
    exchange.stop_listening()
    exchange.resume_listening()


UPGRADE = (
    b"GET /ws-api/v3 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_tls_with_a_certificate_of_its_own() -> None:
    with SimulatedExchange(tls=True) as exchange:
        assert exchange.urls[WsKey.MAIN_WSAPI].startswith("wss://")
        assert exchange.ssl_context is not None
        address = ("127.0.0.1", exchange.port)
        with (
            socket.create_connection(address, TIMEOUT) as plain,
            exchange.ssl_context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(UPGRADE)
            assert secure.recv(1024).startswith(b"HTTP/1.1 101")


def test_every_connection_of_a_client_has_a_door(exchange: SimulatedExchange) -> None:
    async def connect_to_all() -> None:
        for ws_key in WsKey:
            if endpoint(ws_key).listen_keys is not None:
                continue  # its path ends in a key
            async with connected(exchange, ws_key) as ws:
                assert not ws.closed, ws_key

    run(connect_to_all)


def test_market_streams_move_with_the_market_maker() -> None:
    with SimulatedExchange(market_maker=True) as exchange:
        key = exchange.create_account().create_key("hmac")

        async def watch() -> Any:
            async with connected(exchange, WsKey.MAIN) as ws, connected(exchange) as api:
                await ws.send_json({"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@trade"]})
                assert await ws.receive_json() == {"result": None, "id": 1}
                order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
                await ask(api, "order.place", signed(key, now_ms(), **order))
                return await ws.receive_json()

        assert run(watch)["stream"] == "btcusdt@trade"


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "binance-simulator"}


def test_stopping_cuts_clients_and_frees_the_port() -> None:
    exchange = SimulatedExchange()
    before = threads()

    async def scenario() -> int:
        async with exchange, connected(exchange) as ws:
            await ask(ws, "ping")
            await exchange.__aexit__(None, None, None)
            await ws.receive()
            return exchange.venue.journal.connections()[0]

    assert run(scenario) == 1
    assert threads() == before
    with pytest.raises(RuntimeError, match="not running"):
        _ = exchange.port


def test_a_stopped_exchange_starts_again_as_it_was() -> None:
    exchange = SimulatedExchange(market_maker=True)
    with exchange:
        account, url = exchange.create_account({"USDT": "3"}), exchange.urls[WsKey.MAIN_WSAPI]

    async def talk() -> Any:
        async with connected(exchange) as ws:
            return await ask(ws, "depth", {"symbol": "BTCUSDT"})

    with exchange:
        assert exchange.urls[WsKey.MAIN_WSAPI] == url
        assert account.balances()["USDT"].free == 3
        assert run(talk)["result"]["bids"]


def test_nobody_waits_for_an_exchange_that_stops(exchange: SimulatedExchange) -> None:
    is_busy, may_go_on = threading.Event(), threading.Event()

    def occupy() -> None:
        is_busy.set()
        may_go_on.wait(TIMEOUT)

    def wait_in_vain() -> None:
        with suppress(RuntimeError):
            exchange.call(lambda: None)

    busy = threading.Thread(target=lambda: exchange.call(occupy))
    busy.start()
    is_busy.wait(TIMEOUT)
    stopper = threading.Thread(target=exchange.stop)
    stopper.start()
    waiters = [threading.Thread(target=wait_in_vain) for _ in range(3)]
    for waiter in waiters:
        waiter.start()

    may_go_on.set()

    for thread in (busy, stopper, *waiters):
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def test_an_occupied_port_is_an_error_at_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        exchange = SimulatedExchange(port=taken.getsockname()[1])

        with pytest.raises(OSError, match="address"):
            exchange.start()


def test_a_second_start_is_refused(exchange: SimulatedExchange) -> None:
    with pytest.raises(RuntimeError, match="running already"):
        exchange.start()


def test_call_brings_errors_back(exchange: SimulatedExchange) -> None:
    def fail() -> None:
        raise KeyError("here")

    with pytest.raises(KeyError, match="here"):
        exchange.call(fail)
    assert exchange.call(threading.current_thread) is not threading.current_thread()
    assert (
        exchange.call(lambda: exchange.call(threading.current_thread)).name == "binance-simulator"
    )


def test_many_threads_may_steer_at_once(exchange: SimulatedExchange) -> None:
    threads = [
        threading.Thread(target=lambda: [exchange.create_account().create_key() for _ in range(5)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert exchange.call(lambda: len(exchange.venue.spot.accounts)) == 40


def test_the_same_seed_makes_the_same_exchange() -> None:
    def story() -> list[bytes]:
        clock = SimulatedClock(start_us=1_800_000_000_000_000, frozen=True)
        with SimulatedExchange(seed=3, market_maker=True, clock=clock) as exchange:
            key = exchange.create_account().create_key("hmac")

            async def talk() -> None:
                async with connected(exchange) as ws:
                    order = LIMIT_BUY | {"price": "66000.00"}
                    await ask(ws, "order.place", signed(key, 1_800_000_000_000, **order))
                    await ask(ws, "depth", {"symbol": "BTCUSDT"})

            run(talk)
            return [frame.text for frame in exchange.journal.frames if frame.direction == "out"]

    assert story() == story()


def test_frozen_time_moves_only_when_told() -> None:
    clock = SimulatedClock(start_us=1_800_000_000_000_000, frozen=True)
    with SimulatedExchange(clock=clock) as exchange:

        async def times() -> list[int]:
            async with connected(exchange) as ws:
                first = (await ask(ws, "time"))["result"]["serverTime"]
                await asyncio.to_thread(exchange.clock.advance, 0.5)
                return [first, (await ask(ws, "time"))["result"]["serverTime"]]

        assert run(times) == [1_800_000_000_000, 1_800_000_000_500]


def test_real_time_rings_the_timers(exchange: SimulatedExchange) -> None:
    rung = threading.Event()

    exchange.call(lambda: exchange.clock.call_later(0.01, rung.set))

    assert rung.wait(TIMEOUT)


def test_client_options_name_every_address_and_the_key(exchange: SimulatedExchange) -> None:
    key = exchange.create_account().create_key("rsa")

    options = exchange.client_options(key)

    assert options["api_key"] == key.api_key
    assert "PRIVATE KEY" in options["api_secret"]
    assert options["urls"]["rest"] == exchange.rest_url
    assert options["urls"]["mainWSAPI"].endswith("/ws-api/v3")
    assert "PRIVATE" not in repr(key)


def test_rest_is_served_beside_the_sockets(exchange: SimulatedExchange) -> None:
    async def get() -> tuple[int, Any, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{exchange.rest_url}/api/v3/depth?symbol=BTCUSDT") as answer,
        ):
            return answer.status, await answer.json(), answer.headers["X-MBX-USED-WEIGHT-1M"]

    status, book, weight = run(get)
    assert (status, weight) == (200, "5")
    assert book["bids"] == []
