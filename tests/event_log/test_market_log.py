"""Market streams in a real Redis: one client publishes each, anybody reads, the next one goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from callers import WAIT_S
from market_events import make_trade
from redis_server import RedisServer, needs_redis
from scripted_server import Peer, ScriptedServer
from ways import Way

from binance_wsapi import (
    AsyncClient,
    Client,
    ConfigurationError,
    ParameterError,
    RequestRejected,
    StreamGap,
    WsKey,
)
from binance_wsapi.event_log import LoggedEvents, backlog, read_stream, read_stream_async
from binance_wsapi.event_log import redis_log as engine
from binance_wsapi.event_log.names import stream_keys_of
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_stream_events import FuturesBookTickerEvent
from binance_wsapi.models.spot_stream_events import BookTickerEvent, TradeEvent
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

pytestmark = needs_redis

Publish = Callable[..., Client]
Read = Callable[..., LoggedEvents[Any]]

TRADES = "btcusdt@trade"
LOG, STATE, _ = stream_keys_of("custom", f"spot:{TRADES}")


@pytest.fixture
def publish(server: RedisServer, exchange: SimulatedExchange) -> Iterator[Publish]:
    """Make clients that publish a stream, or stand by."""
    clients: list[Client] = []

    def make(*names: str, query: str = "", way: Way | None = None, **given: Any) -> Client:
        options: dict[str, Any] = {"reconnect_delay": 0.01, "attach_event_listeners": False}
        options |= exchange.client_options() if way is None else {"urls": way.urls}
        clients.append(Client(event_log=f"{server.url}{query}", **options))
        clients[-1].streams.log(*names or (TRADES,), **given)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def read(server: RedisServer) -> Iterator[Read]:
    streams: list[LoggedEvents[Any]] = []

    def begin(name: str = TRADES, ws_key: WsKey = WsKey.MAIN, **options: Any) -> LoggedEvents[Any]:
        streams.append(read_stream(server.url, name, ws_key, exchange="custom", **options))
        return streams[-1]

    yield begin
    for stream in streams:
        stream.close()


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 3 * WAIT_S
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


def is_published(database: Any) -> bool:
    """Whether somebody has a turn, and has said since when the log is."""
    return bool(database.hget(STATE, "holder")) and bool(database.hget(STATE, "since_us"))


def next_of(stream: LoggedEvents[Any], count: int) -> list[Any]:
    return [stream.get(timeout=3 * WAIT_S) for _ in range(count)]


def trade_ids(events: list[Any]) -> list[int | None]:
    """The numbers of trades; ``None`` for a gap."""
    return [None if isinstance(event, StreamGap) else event.trade_id for event in events]


def follows(ids: list[int | None], count: int) -> bool:
    return ids == list(range(ids[0] or 0, (ids[0] or 0) + count))


# Reading what is published


def test_a_stream_is_read_as_it_is_subscribed(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    client = publish()
    with client.streams.subscribe(TRADES) as delivered:
        for _ in range(3):
            make_trade(exchange, account)
        there = [delivered.get(timeout=WAIT_S) for _ in range(3)]

    here = next_of(logged, 3)
    assert here == there
    assert {type(event) for event in here} == {TradeEvent}
    assert [event.stream for event in here] == [TRADES] * 3
    assert client.streams.list() == [TRADES]


def test_a_reader_goes_on_where_another_one_has_ended(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    publish()
    for _ in range(3):
        make_trade(exchange, account)
    before = next_of(logged, 2)
    position = logged.position
    logged.close()
    make_trade(exchange, account)

    ids = trade_ids(before + next_of(read(after=position), 2))
    assert follows(ids, 4)
    assert trade_ids(next_of(read(after="start"), 4)) == ids


def test_streams_of_several_markets_have_logs_of_their_own(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    client = publish(TRADES, "ethusdt@trade", "btcusdt@bookTicker")
    client.streams.log("btcusdt@bookTicker", ws_key=WsKey.USDM)
    make_trade(exchange, account)
    make_trade(exchange, account, "ETHUSDT")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    account.request(
        "order.place", {**order, "quantity": "0.01", "price": "50000"}, market=Market.USDM
    )

    for name, ws_key, symbol, kind in (
        (TRADES, WsKey.MAIN, "BTCUSDT", TradeEvent),
        ("ethusdt@trade", WsKey.MAIN3, "ETHUSDT", TradeEvent),
        ("btcusdt@bookTicker", WsKey.MAIN, "BTCUSDT", BookTickerEvent),
        ("btcusdt@bookTicker", WsKey.USDM, "BTCUSDT", FuturesBookTickerEvent),
        ("btcusdt@bookTicker", WsKey.USDM_PUBLIC, "BTCUSDT", FuturesBookTickerEvent),
    ):
        [event] = next_of(read(name, ws_key, after="start"), 1)
        assert (event.symbol, type(event)) == (symbol, kind)


def test_a_stream_is_read_on_an_event_loop_and_published_on_one(
    server: RedisServer, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    async def run() -> list[Any]:
        async with AsyncClient(**exchange.client_options(), event_log=server.url) as client:
            await client.streams.log(client.streams.trade("BTCUSDT"))
            name = client.streams.trade("BTCUSDT")
            async with await read_stream_async(
                server.url, name, after="start", exchange="custom", numbers="float"
            ) as events:
                await asyncio.to_thread(make_trade, exchange, account)
                return [await events.get(timeout=WAIT_S)]

    [event] = asyncio.run(run())
    assert isinstance(event, TradeEvent)
    price: object = event.price
    assert isinstance(price, float)


def test_how_much_is_kept_is_said_for_each_stream(
    publish: Publish,
    exchange: SimulatedExchange,
    account: AccountHandle,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "MARGIN_MS", 0)
    monkeypatch.setattr(engine, "BEAT_S", 0.05)
    monkeypatch.setattr(engine, "TRIM_S", 0.05)
    publish(query="?keep_hours=5", keep_hours=1e-9)
    for _ in range(5):
        make_trade(exchange, account)
        exchange.clock.advance(1)

    # The last one stays: the next publisher joins on to it.
    wait_until(lambda: database.hget(STATE, "number") == "5" and database.xlen(LOG) == 1)


# Who publishes


def test_of_two_clients_one_publishes(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    database: Any,
) -> None:
    logged = read()
    publish(), publish()
    for _ in range(5):
        make_trade(exchange, account)

    assert follows(trade_ids(next_of(logged, 5)), 5)
    assert database.xlen(LOG) == 5


def test_who_saw_the_last_event_goes_on_without_a_gap(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    first, second = publish(), publish()
    make_trade(exchange, account)
    next_of(logged, 1)
    with second.streams.subscribe(TRADES) as delivered:
        make_trade(exchange, account)
        delivered.get(timeout=WAIT_S)
    next_of(logged, 1)
    first.close()
    make_trade(exchange, account)
    make_trade(exchange, account)

    ids = trade_ids(next_of(read(after="start"), 4))
    assert follows(ids, 4)


def test_who_saw_all_goes_before_who_did_not(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A publisher that dies, and is begun anew at once, leaves the log to the one that stood by."""
    monkeypatch.setattr(engine, "GRACE_MS", 10**9)
    monkeypatch.setattr(engine, "BEAT_S", 0.05)
    logged = read()
    publish()
    wait_until(lambda: is_published(database))
    make_trade(exchange, account)
    next_of(logged, 1)
    with publish().streams.subscribe(TRADES) as delivered:
        make_trade(exchange, account)
        delivered.get(timeout=WAIT_S)
    next_of(logged, 1)
    # As if another one had published, and given its last sign of life now.
    seconds, micros = database.time()
    now_ms = seconds * 1000 + micros // 1000
    until = str(now_ms + engine.LASTS_MS)
    database.hset(STATE, mapping={"holder": "dead", "until": until, "term": str(now_ms)})
    publish()
    make_trade(exchange, account)

    assert follows(trade_ids(next_of(read(after="start"), 3)), 3)


def test_who_did_not_tells_a_gap(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    first = publish()
    make_trade(exchange, account)
    [before] = next_of(logged, 1)
    first.close()
    make_trade(exchange, account)
    publish()
    [gap] = next_of(logged, 1)
    make_trade(exchange, account)
    [after] = next_of(logged, 1)

    assert isinstance(gap, StreamGap)
    assert after.trade_id == before.trade_id + 2
    assert gap.from_ms == before.event_time
    assert gap.until_ms > gap.from_ms
    assert gap.reason == "nobody published the stream"


def test_a_lost_connection_is_a_gap(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle, database: Any
) -> None:
    logged = read()
    publish()
    wait_until(lambda: is_published(database))
    make_trade(exchange, account)
    [before] = next_of(logged, 1)
    down = exchange.faults.refuse_handshakes(503, path="/stream", times=None)
    exchange.drop_connections("/stream")
    make_trade(exchange, account)
    down.end()
    [gap] = next_of(logged, 1)
    make_trade(exchange, account)

    assert isinstance(gap, StreamGap)
    assert trade_ids(next_of(logged, 1)) == [before.trade_id + 2]


def test_a_publisher_that_is_cut_off_from_the_exchange_hands_its_turn_over(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "CUT_OFF_MS", 50)
    monkeypatch.setattr(engine, "BEAT_S", 0.05)
    logged = read()
    with contextlib.closing(Way(exchange)) as way:
        publish(way=way)
        wait_until(lambda: is_published(database))
        term = database.hget(STATE, "term")
        publish()
        make_trade(exchange, account)
        told = next_of(logged, 1)
        way.cut()
        make_trade(exchange, account)
        told += next_of(logged, 1)
        assert database.hget(STATE, "term") != term
        way.mend()
        make_trade(exchange, account)
        told += next_of(logged, 1)

    first = told[0].trade_id
    assert trade_ids(told) == [first, first + 1, first + 2]


def test_a_planned_move_of_the_connection_is_not_seen_in_the_log(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    client = publish()
    make_trade(exchange, account)
    client.rotate(WsKey.MAIN)
    make_trade(exchange, account)

    assert follows(trade_ids(next_of(logged, 2)), 2)


def test_who_logs_a_stream_no_more_lets_others_publish(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    database: Any,
) -> None:
    client = publish()
    client.streams.log(TRADES)  # logged already
    wait_until(lambda: is_published(database))
    client.streams.unsubscribe(TRADES)
    wait_until(lambda: database.hget(STATE, "holder") == "")
    assert client.streams.list() == []
    client.streams.log(TRADES)
    wait_until(lambda: database.hget(STATE, "holder"))
    logged = read(after="start")
    make_trade(exchange, account)

    assert isinstance(next_of(logged, 2)[-1], TradeEvent)


def test_a_server_that_lost_all_gets_it_back(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    server: RedisServer,
) -> None:
    logged = read()
    publish()
    make_trade(exchange, account)
    next_of(logged, 1)
    server.stop()
    make_trade(exchange, account)
    server.start()

    assert isinstance(next_of(logged, 1)[0], TradeEvent)
    assert follows(trade_ids(next_of(read(after="start"), 2)), 2)


def test_what_waits_for_a_server_too_long_is_a_gap(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backlog, "MOST_ENTRIES", 3)
    logged = read()
    client = publish()
    make_trade(exchange, account)
    [before] = next_of(logged, 1)
    with client.streams.subscribe(TRADES) as delivered:
        server.stop()
        for _ in range(6):
            make_trade(exchange, account)
            delivered.get(timeout=WAIT_S)
    server.start()
    wait_until(lambda: client.health()["main"].logs[0].state == "publishing")
    make_trade(exchange, account)

    told = next_of(logged, 2)
    while not isinstance(told[-1], TradeEvent) or told[-1].trade_id < before.trade_id + 7:
        told += next_of(logged, 1)
    ids = [event.trade_id for event in told if isinstance(event, TradeEvent)]
    assert isinstance(told[0], StreamGap)
    assert ids == sorted(set(ids))


def test_a_stream_that_is_given_up_while_the_server_is_away_goes_on_with_a_gap(
    publish: Publish,
    read: Read,
    exchange: SimulatedExchange,
    account: AccountHandle,
    server: RedisServer,
    database: Any,
) -> None:
    """What was not appended by then never is."""
    logged = read()
    client = publish()
    make_trade(exchange, account)
    [before] = next_of(logged, 1)
    database.config_set("requirepass", "changed")
    make_trade(exchange, account)
    database.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    wait_until(lambda: client.health()["main"].logs[0].state == "server away")
    client.streams.unsubscribe(TRADES)
    database.config_set("requirepass", "")
    client.streams.log(TRADES)
    wait_until(lambda: client.health()["main"].logs[0].state == "publishing")
    make_trade(exchange, account)

    told = next_of(logged, 1)
    while not isinstance(told[-1], TradeEvent) or told[-1].trade_id < before.trade_id + 2:
        told += next_of(logged, 1)
    ids = trade_ids(told)
    assert ids in ([None, before.trade_id + 2], [before.trade_id + 1, None, before.trade_id + 2])


# What cannot be


def test_a_client_without_a_log_says_so(exchange: SimulatedExchange) -> None:
    with (
        Client(**exchange.client_options()) as client,
        pytest.raises(ConfigurationError, match="pass event_log="),
    ):
        client.streams.log(TRADES)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"keep": 0}, "keep=0 is no number of entries"),
        ({"keep": True}, "keep=True"),
        ({"keep_hours": 0}, "keep_hours=0 is no number of hours"),
        ({"keep_hours": float("inf")}, "keep_hours=inf"),
        ({"keep_hours": "1"}, "keep_hours='1'"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    server: RedisServer, exchange: SimulatedExchange, given: dict[str, Any], named: str
) -> None:
    with (
        Client(**exchange.client_options(), event_log=server.url) as client,
        pytest.raises(ParameterError, match=named),
    ):
        client.streams.log(TRADES, **given)


def test_a_name_that_is_refused_takes_the_others_of_the_call_away(
    server: RedisServer, scripted: ScriptedServer, database: Any
) -> None:
    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        is_bad = any("bad" in name for name in request["params"])
        error = {"error": {"code": 2, "msg": "no such stream"}} if is_bad else {"result": None}
        await peer.send({**error, "id": request["id"]})

    scripted.replies["SUBSCRIBE"] = refuse
    urls = {"main": f"ws://127.0.0.1:{scripted.port}/stream"}
    with Client(urls=urls, event_log=server.url) as client:
        with pytest.raises(RequestRejected, match="no such stream"):
            client.streams.log(TRADES, "badusdt@trade")
        wait_until(lambda: client.streams.list() == [])
    assert not database.keys()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"name": "btc usdt"}, "btc usdt"),
        ({"exchange": "kraken"}, "exchange='kraken'"),
        ({"after": "yesterday"}, "after='yesterday' is no position"),
        ({"numbers": "text"}, "numbers='text'"),
    ],
)
def test_what_a_reader_cannot_mean_is_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        read_stream(**{"url": "redis://127.0.0.1:1/0", "name": TRADES, **given})


def test_a_reader_is_led_as_clients_of_its_process_are(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, database: Any
) -> None:
    """No event of the embedded exchange is taken for one of production."""
    for led, exchange in (("", "production"), ("demo", "demo"), ("simulator", "custom")):
        monkeypatch.setenv("BINANCE_WSAPI_ENV", led)
        with read_stream(server.url, TRADES) as stream:
            assert f"{{{exchange}:spot:{TRADES}}}" in stream.name
    with read_stream(server.url, TRADES, WsKey.MAIN_TESTNET_PUBLIC) as stream:
        assert f"{{testnet:spot:{TRADES}}}" in stream.name


def test_a_connection_without_streams_is_refused(server: RedisServer) -> None:
    with pytest.raises(ConfigurationError, match="carries no market streams"):
        read_stream(server.url, TRADES, WsKey.MAIN_WSAPI)


def test_decimals_are_decimals(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    publish()
    make_trade(exchange, account)

    assert isinstance(next_of(logged, 1)[0].price, Decimal)
