"""Servers, URLs and entries that are not what a log's are: each is told, and nobody hangs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from callers import WAIT_S
from market_events import make_trade
from redis_server import RedisServer, needs_redis
from scripted_server import Peer, ScriptedServer

from binance_wsapi import Client, ConfigurationError, ParameterError, StreamGap, WsKey
from binance_wsapi.core.event_log import LogTail
from binance_wsapi.core.logged_stream import LoggedStream
from binance_wsapi.event_log import LoggedEvents, read_events, read_stream, reader
from binance_wsapi.event_log import redis_log as engine
from binance_wsapi.event_log.names import stream_keys_of
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

pytestmark = needs_redis

TRADES = "btcusdt@trade"
LOG, STATE, ORDERS = stream_keys_of("custom", f"spot:{TRADES}")
NOWHERE = "redis://127.0.0.1:1/0"

Read = Callable[..., LoggedEvents[Any]]
Publish = Callable[[], Client]


@pytest.fixture
def read(server: RedisServer) -> Iterator[Read]:
    streams: list[LoggedEvents[Any]] = []

    def begin(**options: Any) -> LoggedEvents[Any]:
        given = {"after": "start", **options}
        streams.append(read_stream(server.url, TRADES, exchange="custom", **given))
        return streams[-1]

    yield begin
    for stream in streams:
        stream.close()


@pytest.fixture
def publish(server: RedisServer, exchange: SimulatedExchange) -> Iterator[Publish]:
    clients: list[Client] = []

    def make() -> Client:
        options = {**exchange.client_options(), "attach_event_listeners": False}
        clients.append(Client(**options, event_log=server.url))
        clients[-1].streams.log(TRADES)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 3 * WAIT_S
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


def next_of(stream: LoggedEvents[Any], count: int) -> list[Any]:
    return [stream.get(timeout=3 * WAIT_S) for _ in range(count)]


def append(database: Any, entry: str, number: int, **fields: Any) -> None:
    """Append a trade as a publisher would."""
    text = f'{{"e":"trade","E":{number},"s":"BTCUSDT","t":{number},"p":"1","q":"1","T":{number},"m":true,"M":true}}'
    database.xadd(LOG, {"k": "event", "d": text, "t": number, **fields}, id=entry)


# What is given


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("foo=bar", "foo"),
        ("db=abc", "db"),
        ("socket_timeout=soon", "socket_timeout"),
        ("ssl_ca_certs=x", "ssl_ca_certs"),
        ("decode_responses=True", "leave decode_responses= out"),
        ("encoding=utf-16", "leave encoding= out"),
        ("protocol=3", "leave protocol= out"),
    ],
)
@pytest.mark.parametrize("given_as", ["url", "event_log", "shared_limits"])
def test_a_url_that_redis_py_does_not_take_is_refused(
    query: str, named: str, given_as: str
) -> None:
    """Some ended a reader's thread, and its stream was silent for ever."""
    url = f"redis://me:geheim@127.0.0.1:1/0?password=geheim&{query}"

    def begin(**options: Any) -> object:
        return read_stream(url, TRADES, after="start") if "url" in options else Client(**options)

    with pytest.raises(ConfigurationError, match=f"{given_as}=.*{named}") as refused:
        begin(**{given_as: url})

    assert "geheim" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_a_password_in_the_query_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"password=\*\*\*&db=1") as refused:
        read_stream("redis://127.0.0.1:0/0?password=geheim&db=1", TRADES)

    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "after", ["99999999999999999999-1@1", "0-5@3", "1-0@0", "5-99999999999999999@1"]
)
def test_a_position_that_no_stream_has_had_is_refused(after: str) -> None:
    with pytest.raises(ParameterError, match="is no position in a log"):
        read_events(NOWHERE, "desk", after=after)


@pytest.mark.parametrize("exchange", ["kraken", "production"])
def test_a_testnet_connection_reads_of_the_testnet_alone(exchange: Any) -> None:
    with pytest.raises(ParameterError, match=f"exchange='{exchange}'"):
        read_stream(NOWHERE, TRADES, WsKey.MAIN_TESTNET_PUBLIC, after="start", exchange=exchange)


@pytest.mark.parametrize(
    "given", [{"keep": 10**13}, {"keep": 10**30}, {"keep_hours": 1e7}, {"keep_hours": 1e308}]
)
def test_no_more_can_be_kept_than_the_server_can_be_told(
    exchange: SimulatedExchange, given: dict[str, Any]
) -> None:
    [(name, value)] = given.items()
    with pytest.raises(ConfigurationError, match=f"event_log: {name}="):
        Client(event_log=f"{NOWHERE}?{name}={value}")
    with (
        Client(**exchange.client_options(), event_log=NOWHERE) as client,
        pytest.raises(ParameterError, match=f"{name}="),
    ):
        client.streams.log(TRADES, **given)


# What stands at the server


def test_what_is_no_entry_is_passed_over(read: Read, database: Any) -> None:
    append(database, "5-1", 1)
    database.xadd(LOG, {"some": "thing"}, id="5-2")
    append(database, "5-3", 3)
    database.xadd(LOG, {"k": "event", "d": "{}", "t": "soon"}, id="6-0")
    append(database, "6-1", 4, a="5-3")

    first, gap, *others = next_of(read(), 4)
    assert isinstance(gap, StreamGap)
    assert gap.lost == 1
    assert [event.trade_id for event in (first, *others)] == [1, 3, 4]


def test_an_entry_that_a_later_version_wrote_is_a_gap(read: Read, database: Any) -> None:
    append(database, "5-1", 1)
    append(database, "5-2", 2, k="later")
    append(database, "5-3", 3, k="order", d='{"no":"order"}')
    append(database, "5-4", 4)

    first, *gaps, last = next_of(read(), 4)
    assert [first.trade_id, last.trade_id] == [1, 4]
    assert [(gap.from_ms, gap.lost) for gap in gaps] == [(2, 1), (3, 1)]


def test_a_state_that_is_none_is_told_and_the_log_read_all_the_same(
    read: Read, database: Any
) -> None:
    database.hset(STATE, mapping={"until": "abc", "last": "x", "whole_ms": "y"})
    logged = read()
    wait_until(lambda: "ValueError" in (logged.problem or ""))
    append(database, "5-1", 1)

    assert next_of(logged, 1)[0].trade_id == 1
    with pytest.raises(ConfigurationError, match="is no state of a log"):
        read(after=None)


@pytest.mark.parametrize("key", [LOG, STATE])
def test_a_key_of_another_kind_is_told_until_it_is_gone(
    read: Read,
    publish: Publish,
    database: Any,
    exchange: SimulatedExchange,
    account: AccountHandle,
    key: str,
) -> None:
    database.set(key, "mine")
    logged, client = read(), publish()
    wait_until(lambda: "WRONGTYPE" in (logged.problem or ""))
    wait_until(lambda: "WRONGTYPE" in client.health()["main"].logs[0].problem)
    database.delete(key)
    wait_until(lambda: client.health()["main"].logs[0].state == "publishing")
    make_trade(exchange, account)

    assert not isinstance(next_of(logged, 1)[0], StreamGap)


def test_orders_of_another_kind_leave_nothing_half_appended(
    read: Read,
    publish: Publish,
    database: Any,
    exchange: SimulatedExchange,
    account: AccountHandle,
) -> None:
    logged, client = read(), publish()
    wait_until(lambda: client.health()["main"].logs[0].state == "publishing")
    database.set(ORDERS, "mine")
    make_trade(exchange, account)
    wait_until(lambda: "WRONGTYPE" in client.health()["main"].logs[0].problem)
    assert not database.exists(LOG)
    database.delete(ORDERS)
    make_trade(exchange, account)

    first, second = next_of(logged, 2)
    assert second.trade_id == first.trade_id + 1


def test_who_publishes_goes_on_behind_what_is_no_entry(
    read: Read,
    publish: Publish,
    database: Any,
    exchange: SimulatedExchange,
    account: AccountHandle,
) -> None:
    database.xadd(LOG, {"some": "thing"}, id="5-1")
    logged = read()
    publish()
    make_trade(exchange, account)

    assert not isinstance(next_of(logged, 1)[0], StreamGap)


def test_a_log_that_begins_anew_under_an_earlier_clock_is_read(read: Read, database: Any) -> None:
    """All its entries lie before what was read: none would ever come."""
    append(database, "1000-7", 1)
    logged = read()
    next_of(logged, 1)
    database.flushall()
    append(database, "900-1", 2)
    database.hset(STATE, mapping={"term": "900", "until": "0"})

    gap, event = next_of(logged, 2)
    assert isinstance(gap, StreamGap)
    assert event.trade_id == 2
    assert logged.position == "900-1@2"


# What is large


def test_of_large_events_few_are_read_ahead(
    read: Read, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "PAGE_BYTES", 1000)
    asked: list[int] = []
    for number in range(1, 101):
        append(database, f"5-{number}", number, d='{"e":"none","text":"%s"}' % ("x" * 400))
    logged = read()
    xread = logged._reader._server.xread

    def noted(*given: Any, count: int, **more: Any) -> Any:
        asked.append(count)
        return xread(*given, count=count, **more)

    monkeypatch.setattr(logged._reader._server, "xread", noted)
    next_of(logged, 100)

    assert set(asked[2:]) == {2}


def test_of_a_stream_no_more_is_looked_at_than_joins_on(
    publish: Publish, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tails: list[LogTail] = []
    lead = LoggedStream.lead

    def noted(stream: LoggedStream, tail: LogTail) -> int:
        tails.append(tail)
        return lead(stream, tail)

    monkeypatch.setattr(LoggedStream, "lead", noted)
    for number in range(1, 201):
        append(database, f"5-{number}", number * 1000)
    database.hset(STATE, mapping={"term": "5", "last": "5-200", "whole_ms": "200000"})
    publish()
    wait_until(lambda: tails)

    assert len(tails[0].entries) == 16
    assert tails[0].time_ms == 200_000


def test_a_turn_lasts_while_the_end_of_a_long_log_is_read(
    read: Read,
    publish: Publish,
    database: Any,
    exchange: SimulatedExchange,
    account: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two clients took it from each other, and nobody published."""
    import redis.asyncio

    monkeypatch.setattr(engine, "LASTS_MS", 500)
    monkeypatch.setattr(engine, "GRACE_MS", 0)
    monkeypatch.setattr(engine, "BEAT_S", 0.01)
    monkeypatch.setattr(engine, "PAGE", 16)
    xrevrange = redis.asyncio.Redis.xrevrange
    last = int(time.time() * 1000)
    for number in range(1, 101):
        append(database, f"5-{number}", last)
    database.hset(STATE, mapping={"term": "5", "last": "5-100", "whole_ms": last})
    turns: list[str] = []

    async def slowly(*given: Any, **more: Any) -> Any:
        term = await given[0].hget(STATE, "term")
        turns.extend([term] if term not in turns else [])
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            page = await xrevrange(*given, **more)
        return page

    monkeypatch.setattr(redis.asyncio.Redis, "xrevrange", slowly)
    logged = read(after=f"5-100@{last}")
    publish(), publish()
    assert isinstance(next_of(logged, 1)[0], StreamGap)
    make_trade(exchange, account)

    assert not isinstance(next_of(logged, 1)[0], StreamGap)


# What comes at the same time


def test_a_name_that_is_given_up_while_others_of_its_call_come_is_not_logged(
    server: RedisServer, scripted: ScriptedServer, database: Any
) -> None:
    """Its log had a publisher that brought nothing, and let nobody else publish."""
    other = "ethusdt@trade"
    is_asked, may_answer = threading.Event(), threading.Event()

    async def answer(peer: Peer, request: dict[str, Any]) -> None:
        if request["method"] == "SUBSCRIBE" and other in request["params"]:
            is_asked.set()
            await asyncio.to_thread(may_answer.wait)
        await peer.send({"result": None, "id": request["id"]})

    scripted.replies["*"] = answer
    url = f"ws://127.0.0.1:{scripted.port}/stream"
    with Client(urls={"main": url, "main2": url, "main3": url}, event_log=server.url) as client:
        with ThreadPoolExecutor() as threads:
            logs = threads.submit(client.streams.log, TRADES, other)
            assert is_asked.wait(WAIT_S)
            wait_until(lambda: TRADES in client.streams.list())
            leaves = threads.submit(client.streams.unsubscribe, TRADES)
            wait_until(lambda: TRADES not in client.streams.list())
            may_answer.set()
            logs.result(WAIT_S), leaves.result(WAIT_S)
        state = stream_keys_of("custom", f"spot:{other}")[1]
        wait_until(lambda: database.hget(state, "since_us"))

        assert not database.exists(STATE)
