"""An account's events in a real Redis: one client publishes, anybody reads, the next one goes on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from callers import WAIT_S
from redis_server import RedisServer, needs_redis
from ways import Way

from binance_wsapi import (
    AccountReconciled,
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    EventLogChanged,
    EventStream,
    LogHealth,
    NotSent,
    OrderReconciled,
    ParameterError,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import reconciliation
from binance_wsapi.core.logged_account import LoggedAccount
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.event_log import (
    LoggedEvents,
    account_name,
    backlog,
    read_events,
    read_events_async,
)
from binance_wsapi.event_log import redis_log as engine
from binance_wsapi.event_log.names import keys_of
from binance_wsapi.markets import Market
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import Key, SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

pytestmark = needs_redis

Publish = Callable[..., Client]
Read = Callable[..., LoggedEvents[Any]]

LOG, STATE, ORDERS = keys_of("desk", "mainWSAPI")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy of the embedded exchange lags: nothing is waited for before it is asked again."""
    monkeypatch.setattr(reconciliation, "LAG_S", 0.01)


@pytest.fixture
def key(account: AccountHandle) -> Key:
    return account.create_key()


@pytest.fixture
def publish(server: RedisServer, exchange: SimulatedExchange, key: Key) -> Iterator[Publish]:
    """Make clients that publish, or stand by, subscribed."""
    clients: list[Client] = []

    def make(ws_key: WsKey = WsKey.MAIN_WSAPI, query: str = "account=desk", **options: Any) -> Any:
        given = {"reconnect_delay": 0.01, "attach_event_listeners": False, **options}
        given = {**exchange.client_options(key), **given}
        clients.append(Client(event_log=f"{server.url}?{query}", **given))
        clients[-1].subscribe_user_data_stream(ws_key)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def ways(exchange: SimulatedExchange) -> Iterator[Callable[[], Way]]:
    """Make ways to the exchange that can be cut."""
    made: list[Way] = []

    def make() -> Way:
        made.append(Way(exchange))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def read(server: RedisServer) -> Iterator[Read]:
    streams: list[LoggedEvents[Any]] = []

    def begin(ws_key: WsKey = WsKey.MAIN_WSAPI, **options: Any) -> LoggedEvents[Any]:
        streams.append(read_events(server.url, "desk", ws_key, **options))
        return streams[-1]

    yield begin
    for stream in streams:
        stream.close()


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 3 * WAIT_S
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


def own_stream(client: Client, ws_key: WsKey = WsKey.MAIN_WSAPI) -> EventStream[Any]:
    return client.subscribe_user_data_stream(ws_key)


def is_published(database: Any) -> bool:
    """Whether somebody has a turn, and has said since when the log is."""
    return bool(database.hget(STATE, "holder")) and bool(database.hget(STATE, "since_us"))


def limit_order(
    account: AccountHandle,
    side: str = "BUY",
    quantity: str = "0.01",
    market: Market = Market.SPOT,
    price: str = "10000",
) -> int:
    placed = account.request(
        "order.place",
        {
            "symbol": "BTCUSDT",
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": quantity,
            "price": price,
        },
        market=market,
    )
    return int(placed["orderId"])


def next_of(stream: EventStream[Any], count: int) -> list[Any]:
    return [stream.get(timeout=3 * WAIT_S) for _ in range(count)]


def up_to(stream: EventStream[Any], kind: type[Any]) -> list[Any]:
    told = next_of(stream, 1)
    while not isinstance(told[-1], kind):
        told += next_of(stream, 1)
    return told


def told_of(events: list[Any]) -> list[tuple[int, str]]:
    """The orders that events tell of, and how each stood then."""
    return [
        (event.order_id, str(event.status))
        for event in events
        if isinstance(event, OrderUpdate | OrderReconciled)
    ]


# Reading what is published


def test_events_are_read_as_they_were_delivered(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange
) -> None:
    logged = read()
    delivered = own_stream(publish())
    limit_order(account)
    limit_order(exchange.create_account(), "SELL")

    there, here = next_of(delivered, 4), next_of(logged, 4)
    assert [type(event) for event in here] == [type(event) for event in there]
    assert [event.raw for event in here] == [event.raw for event in there]
    assert here == there


def test_a_gap_is_read_with_what_was_found_out_after_it(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange, database: Any
) -> None:
    delivered = own_stream(publish())
    wait_until(lambda: is_published(database))
    logged = read()
    order_id = limit_order(account)
    next_of(delivered, 2), next_of(logged, 2)
    down = exchange.faults.refuse_handshakes(503, path="/ws-api", times=None)
    exchange.drop_connections("/ws-api")
    limit_order(exchange.create_account(), "SELL")
    down.end()

    told = up_to(delivered, AccountReconciled)
    read_too = up_to(logged, AccountReconciled)
    gaps = [[gap for gap in each if isinstance(gap, StreamGap)] for each in (told, read_too)]
    assert gaps[0] == gaps[1]
    for each in (told, read_too):
        [found] = [event for event in each if isinstance(event, OrderReconciled)]
        assert (found.order_id, found.status, found.market) == (order_id, "FILLED", Market.SPOT)
        assert [fill.quantity for fill in found.missed_fills] == [Decimal("0.01")]
        assert found.order is not None
    assert read_too[-1].account == told[-1].account


def test_a_reader_goes_on_where_another_one_has_ended(
    publish: Publish, read: Read, account: AccountHandle
) -> None:
    first = read()
    publish()
    for _ in range(3):
        limit_order(account)
    before = next_of(first, 3)
    position = first.position
    first.close()
    limit_order(account)
    after = next_of(read(after=position), 5)
    everything = next_of(read(after="start"), 8)

    assert everything == before + after


def test_a_reader_begins_with_what_comes_from_now_on(
    publish: Publish, read: Read, account: AccountHandle
) -> None:
    delivered = own_stream(publish())
    limit_order(account)
    next_of(read(after="start"), 2), next_of(delivered, 2)
    logged = read()
    order_id = limit_order(account)

    assert next_of(logged, 1)[0].order_id == order_id


def test_what_was_trimmed_since_is_a_gap(
    publish: Publish, read: Read, account: AccountHandle, database: Any
) -> None:
    logged = read()
    publish()
    limit_order(account)
    first = next_of(logged, 2)
    position = logged.position
    limit_order(account)
    last = limit_order(account)
    next_of(logged, 4)
    database.xtrim(LOG, maxlen=2, approximate=False)

    resumed = read(after=position)
    gap, *rest = next_of(resumed, 3)
    assert isinstance(gap, StreamGap)
    assert gap.lost == 2
    assert gap.from_ms <= gap.until_ms
    assert gap.from_ms >= first[0].event_time
    assert rest[0].order_id == last


def test_what_is_older_than_asked_for_goes(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a gap to who had not read it; whoever publishes next joins on to what is left."""
    monkeypatch.setattr(engine, "MARGIN_MS", 0)
    monkeypatch.setattr(engine, "BEAT_S", 0.05)
    monkeypatch.setattr(engine, "TRIM_S", 0.05)
    query = "account=desk&keep_hours=1"
    logged = read()
    first = publish(query=query)
    publish(query=query)
    limit_order(account)
    next_of(logged, 1)
    position = logged.position
    resting = [limit_order(account) for _ in range(60)]
    next_of(logged, 121)
    assert database.xlen(LOG) == 122, "a young entry was let go"
    exchange.clock.advance(2 * 3600)
    # Both clients measure the exchange's time anew where they connect anew.
    exchange.drop_connections("/ws-api")
    wait_until(lambda: database.xlen(LOG) < 122)
    last = limit_order(account)
    while (last, "NEW") not in told_of(next_of(logged, 1)):
        pass
    wait_until(lambda: database.xlen(LOG) < 10)
    [gap] = next_of(read(after=position), 1)
    first.close()
    seen = limit_order(account)

    assert isinstance(gap, StreamGap)
    assert gap.lost
    assert len(database.hgetall(ORDERS)) >= len(resting)
    told = next_of(logged, 1)
    while told_of(told[-1:]) != [(seen, "NEW")]:
        told += next_of(logged, 1)


def test_a_gap_that_was_not_dealt_with_comes_again(
    publish: Publish, read: Read, account: AccountHandle, database: Any
) -> None:
    logged = read()
    publish()
    for _ in range(3):
        limit_order(account)
    next_of(logged, 1)
    position = logged.position
    next_of(logged, 5)
    database.xtrim(LOG, maxlen=2, approximate=False)
    resumed = read(after=position)
    next_of(resumed, 1)

    assert resumed.position == position
    assert isinstance(next_of(read(after=resumed.position), 1)[0], StreamGap)


def test_an_event_of_a_kind_not_known_is_read_as_such(
    publish: Publish, read: Read, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    logged = read()
    publish()
    strange = {"e": "somethingNew", "E": 1_700_000_000_000, "x": "1"}
    exchange.call(lambda: account._account.publish(strange))

    event = next_of(logged, 1)[0]
    assert isinstance(event, UnknownEvent)
    assert event.raw == strange


def test_decimals_are_floats_for_who_wants_them(
    publish: Publish, read: Read, account: AccountHandle
) -> None:
    logged = read(numbers="float")
    publish()
    limit_order(account)

    price = next_of(logged, 1)[0].price
    assert (type(price), price) == (float, 10_000.0)


async def _read_async(url: str, count: int, after: str) -> tuple[list[Any], str]:
    async with await read_events_async(url, "desk", after=after) as events:
        told = [await events.get(timeout=3 * WAIT_S) for _ in range(count)]
        return told, events.position


def test_events_are_read_on_an_event_loop(
    publish: Publish, read: Read, account: AccountHandle, server: RedisServer
) -> None:
    logged = read()
    publish()
    limit_order(account)
    told = next_of(logged, 2)

    assert asyncio.run(_read_async(server.url, 2, "start")) == (told, logged.position)


def test_an_async_client_publishes(
    server: RedisServer, exchange: SimulatedExchange, read: Read, account: AccountHandle, key: Key
) -> None:
    logged = read()

    async def run() -> None:
        url = f"{server.url}?account=desk"
        async with AsyncClient(**exchange.client_options(key), event_log=url) as client:
            events = await client.subscribe_user_data_stream(WsKey.MAIN_WSAPI)
            await asyncio.to_thread(limit_order, account)
            await events.get(timeout=WAIT_S)

    asyncio.run(run())
    assert isinstance(next_of(logged, 1)[0], OrderUpdate)


@pytest.mark.parametrize("ends_by", ["close", "garbage"])
def test_a_stream_that_is_ended_lets_go(server: RedisServer, database: Any, ends_by: str) -> None:
    stream = read_events(server.url, "desk")
    wait_until(lambda: len(database.client_list()) > 1)
    if ends_by == "close":
        stream.close()
        with pytest.raises(ClientClosed):
            stream.get(timeout=WAIT_S)
        assert list(stream) == []
    del stream

    wait_until(lambda: len(database.client_list()) == 1)


def test_who_reads_slowly_loses_nothing(
    publish: Publish, read: Read, account: AccountHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    from binance_wsapi.event_log import reader

    monkeypatch.setattr(reader, "AHEAD", 1)
    monkeypatch.setattr(reader, "AT_ONCE", 2)
    monkeypatch.setattr(reader, "FIRST_AT_ONCE", 2)
    logged = read()
    delivered = own_stream(publish())
    for _ in range(10):
        limit_order(account)
    there = next_of(delivered, 20)

    assert len(logged) <= 4
    assert next_of(logged, 20) == there


def test_a_reader_says_that_nobody_publishes(
    publish: Publish, read: Read, account: AccountHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    from binance_wsapi.event_log import reader

    logged = read()
    nobody = "nobody has published the account's events yet under 'desk:mainWSAPI'"
    wait_until(lambda: logged.problem == nobody)
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    wait_until(lambda: logged.problem is None)
    client.close()
    monkeypatch.setattr(reader, "QUIET_MS", 0)

    wait_until(lambda: logged.problem is not None and " since " in logged.problem)


# Who publishes


def test_of_two_clients_one_publishes(
    publish: Publish, read: Read, account: AccountHandle, database: Any
) -> None:
    logged = read()
    streams = [own_stream(publish()) for _ in range(2)]
    order_ids = [limit_order(account) for _ in range(3)]
    for stream in streams:
        next_of(stream, 6)

    assert told_of(next_of(logged, 6)) == [(order_id, "NEW") for order_id in order_ids]
    assert database.xlen(LOG) == 6


def test_who_saw_the_last_entry_goes_on_without_a_gap(
    publish: Publish, read: Read, account: AccountHandle
) -> None:
    logged = read()
    first = publish()
    limit_order(account)
    next_of(logged, 2)
    second = own_stream(publish())
    seen_by_both = limit_order(account)
    next_of(second, 2), next_of(logged, 2)
    first.close()
    last = limit_order(account)

    told = next_of(logged, 2)
    assert not [event for event in told if isinstance(event, StreamGap)]
    assert told_of(told) == [(last, "NEW")], seen_by_both


def test_a_late_copy_of_what_is_logged_is_not_appended_again(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange
) -> None:
    logged = read()
    first = publish()
    limit_order(account)
    logged_already = next_of(logged, 2)[0].raw
    first.close()
    delivered = own_stream(publish())
    up_to(logged, AccountReconciled)
    exchange.call(lambda: account._account.publish(logged_already))
    order_id = limit_order(account)

    assert next_of(delivered, 2)[0].raw == logged_already
    assert told_of(next_of(logged, 1)) == [(order_id, "NEW")]


@pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])
def test_the_next_publisher_finds_out_what_was_missed(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    market: Market,
    database: Any,
) -> None:
    """Also of an order that was made and filled while nobody published."""
    ws_key = WsKey.MAIN_WSAPI if market is Market.SPOT else WsKey.USDM_WSAPI
    other = exchange.create_account()
    logged = read(ws_key)
    client = publish(ws_key)
    known = limit_order(account, "BUY", "0.03", market, "60000")
    limit_order(other, "SELL", "0.01", market, "60000")
    before = up_to(logged, object)
    while (known, "PARTIALLY_FILLED") not in _orders_told(before):
        before += next_of(logged, 1)
    client.close()
    limit_order(other, "SELL", "0.02", market, "60000")
    limit_order(other, "SELL", "0.05", market, "60100")
    unknown = limit_order(account, "BUY", "0.05", market, "60100")
    publish(ws_key)

    told = up_to(logged, AccountReconciled)
    gaps = [event for event in told if isinstance(event, StreamGap)]
    assert gaps
    assert not gaps[-1].is_open
    fills = {
        each.order_id: sum((fill.quantity for fill in each.missed_fills), Decimal(0))
        for each in told
        if isinstance(each, OrderReconciled)
    }
    assert fills == {known: Decimal("0.02"), unknown: Decimal("0.05")}
    wait_until(lambda: not database.hgetall(keys_of("desk", str(ws_key))[2]))


def test_who_takes_over_from_one_that_had_not_found_out_all_finds_it_out(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange
) -> None:
    other = exchange.create_account()
    logged = read()
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    client.close()
    limit_order(other, "SELL", "0.05", price="10100")
    unknown = limit_order(account, "BUY", "0.05", price="10100")
    unanswered = exchange.faults.on("myTrades").swallow(times=None)
    second = publish()
    [first_gap] = [each for each in up_to(logged, StreamGap) if isinstance(each, StreamGap)]
    unanswered.wait()
    limit_order(account)
    next_of(logged, 2)
    second.close()
    unanswered.end()
    publish()

    told = up_to(logged, AccountReconciled)
    [gap] = [event for event in told if isinstance(event, StreamGap)]
    assert gap.from_ms > first_gap.from_ms, "nothing is missing of what was told in between"
    [found] = [each for each in told if getattr(each, "order_id", None) == unknown]
    assert [fill.quantity for fill in found.missed_fills] == [Decimal("0.05")]


def test_what_was_found_out_long_before_the_last_entries_is_not_found_out_again(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who takes over before a gap is closed knows all that was told since it began."""
    monkeypatch.setattr(engine, "FIRST_PAGE", 2)
    monkeypatch.setattr(engine, "PAGE", 2)
    monkeypatch.setattr(engine, "ACCOUNT", engine.ACCOUNT._replace(tail=2))
    logged = read()
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    client.close()
    missed = made_and_filled(account, exchange)
    unanswered = exchange.faults.on("account.status").swallow(times=None)
    second = publish()
    found = up_to(logged, OrderReconciled)
    while found[-1].order_id != missed:
        found += up_to(logged, OrderReconciled)
    unanswered.wait()
    for _ in range(4):
        limit_order(account)
    next_of(logged, 8)
    second.close()
    unanswered.end()
    publish()

    told = up_to(logged, AccountReconciled)
    assert isinstance(told[0], StreamGap)
    assert missed not in [getattr(event, "order_id", None) for event in told]


def test_an_order_made_and_filled_while_the_publisher_was_cut_off_is_found(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange, database: Any
) -> None:
    publish()
    wait_until(lambda: is_published(database))
    logged = read()
    limit_order(account)
    next_of(logged, 2)
    down = exchange.faults.refuse_handshakes(503, path="/ws-api", times=None)
    exchange.drop_connections("/ws-api")
    missed = made_and_filled(account, exchange)
    down.end()

    told = up_to(logged, AccountReconciled)
    [found] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (found.order_id, found.status) == (missed, "FILLED")
    assert [fill.quantity for fill in found.missed_fills] == [Decimal("0.05")]


def test_orders_of_a_gap_are_looked_for_until_there_is_an_answer(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also by whoever takes over from one that had none."""
    logged = read()
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    client.close()
    missed = made_and_filled(account, exchange)
    refused = exchange.faults.on("myTrades", when=lambda asked: asked.text("startTime"))
    late = refused.refuse(
        -1021, "Timestamp for this request is outside of the recvWindow.", times=None
    )
    second = publish()
    told = up_to(logged, AccountReconciled)
    [gap] = [event for event in told if isinstance(event, StreamGap)]
    assert missed not in [getattr(event, "order_id", None) for event in told]
    limit_order(account)
    next_of(logged, 2)
    second.close()
    monkeypatch.setattr(reconciliation, "AGAIN_S", 0.01)
    publish()
    told = up_to(logged, AccountReconciled)
    assert isinstance(told[0], StreamGap)
    assert told[0].from_ms > gap.from_ms, "nothing is missing of what was told in between"
    late.end()

    told = up_to(logged, AccountReconciled)
    [found] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (found.order_id, found.status) == (missed, "FILLED")


@pytest.mark.parametrize("is_taken_over", [False, True], ids=["the same", "the next"])
def test_what_was_told_since_a_gap_is_not_told_again_when_that_is_found_out_late(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
    is_taken_over: bool,
) -> None:
    """However much it was: more orders have ended by then than anybody keeps in mind, or the log would keep."""
    database.config_set("stream-node-max-entries", 1)  # it trims whole nodes alone
    monkeypatch.setattr(reconciliation, "MOST_LIVE", 3)
    monkeypatch.setattr(reconciliation, "AGAIN_S", 0.01)
    logged = read()
    client = publish()
    resting = limit_order(account)
    next_of(logged, 2)
    client.close()
    missed = made_and_filled(account, exchange)
    refused = exchange.faults.on("myTrades", when=lambda asked: asked.text("startTime"))
    late = refused.refuse(
        -1021, "Timestamp for this request is outside of the recvWindow.", times=None
    )
    second = publish(query="account=desk&keep=2")
    up_to(logged, AccountReconciled)
    for _ in range(6):
        made = made_and_filled(account, exchange)
        while (made, "FILLED") not in told_of(next_of(logged, 1)):
            pass
    if is_taken_over:
        publish()
        second.close()
    late.end()

    found = up_to(logged, AccountReconciled)
    while not any(isinstance(event, OrderReconciled) for event in found):
        found += up_to(logged, AccountReconciled)
    told = [event.order_id for event in found if isinstance(event, OrderReconciled)]
    assert told == [missed], resting


def test_who_has_seen_all_tells_no_gap_when_it_finds_out_what_its_predecessor_has_not(
    publish: Publish, read: Read, account: AccountHandle, exchange: SimulatedExchange
) -> None:
    logged = read()
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    client.close()
    missed = made_and_filled(account, exchange)
    unanswered = exchange.faults.on("myTrades").swallow(times=None)
    second = publish()
    up_to(logged, StreamGap)
    unanswered.wait()
    third = own_stream(publish())
    limit_order(account)
    next_of(third, 2), next_of(logged, 2)
    second.close()
    unanswered.end()

    told = up_to(logged, AccountReconciled)
    assert not [event for event in told if isinstance(event, StreamGap)]
    assert [event.order_id for event in told if isinstance(event, OrderReconciled)] == [missed]


def made_and_filled(account: AccountHandle, exchange: SimulatedExchange) -> int:
    """Make an order that is filled at once; return its number."""
    limit_order(exchange.create_account(), "SELL", "0.05", price="10100")
    return limit_order(account, "BUY", "0.05", price="10100")


def _orders_told(events: list[Any]) -> list[tuple[int, str]]:
    orders = [getattr(event, "order", event) for event in events]
    return [(order.order_id, str(order.status)) for order in orders if hasattr(order, "status")]


def test_a_planned_move_of_the_connection_is_not_seen_in_the_log(
    publish: Publish, read: Read, account: AccountHandle
) -> None:
    logged = read()
    client = publish()
    order_ids = [limit_order(account)]
    client.rotate()
    order_ids.append(limit_order(account))

    assert told_of(next_of(logged, 4)) == [(order_id, "NEW") for order_id in order_ids]


@pytest.mark.parametrize("leaves_by", ["unsubscribe", "disconnect_all"])
def test_who_is_not_subscribed_any_more_lets_others_publish(
    publish: Publish, read: Read, account: AccountHandle, leaves_by: str, database: Any
) -> None:
    logged = read()
    client = publish()
    limit_order(account)
    next_of(logged, 2)
    if leaves_by == "unsubscribe":
        client.unsubscribe_user_data_stream()
    else:
        client.disconnect_all()
    wait_until(lambda: database.hget(STATE, "holder") == "")
    own_stream(client)
    order_id = limit_order(account)

    assert (order_id, "NEW") in told_of(up_to(logged, AccountReconciled))


def test_a_subscription_that_was_cut_off_is_no_publisher(
    server: RedisServer,
    exchange: SimulatedExchange,
    key: Key,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = ApiUserData.start

    async def cut_off(self: ApiUserData, timeout: float) -> None:
        await start(self, timeout)
        await client._core.disconnect_all()

    monkeypatch.setattr(ApiUserData, "start", cut_off)
    begun: list[object] = []
    monkeypatch.setattr(LoggedAccount, "begin", begun.append)
    url = f"{server.url}?account=desk"
    with Client(**exchange.client_options(key), event_log=url) as client:
        with pytest.raises(NotSent):
            client.subscribe_user_data_stream()
        assert not begun
        assert [each.state for each in client.health()] == []
    assert not database.keys()


def test_who_is_deposed_appends_nothing_and_comes_back_with_a_gap(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    database: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logged = read()
    delivered = own_stream(publish())
    limit_order(account)
    next_of(logged, 2), next_of(delivered, 2)
    term = int(database.hget(STATE, "term"))
    there = {"holder": "another", "until": str(10**15), "term": str(term + 1), "number": "0"}
    database.hset(STATE, mapping=there)
    refused = limit_order(account)
    next_of(delivered, 2)
    wait_until(lambda: "not published by this client any more" in caplog.text)
    assert database.xlen(LOG) == 2
    database.hset(STATE, "until", "0")

    told = up_to(logged, AccountReconciled)
    assert isinstance(told[0], StreamGap)
    # Nothing was executed, and the order stands as its event would have told it.
    assert (refused, "NEW") in told_of(told)
    assert int(database.hget(STATE, "term")) > term + 1


# The server


def test_a_server_that_lost_all_gets_it_back(
    publish: Publish, read: Read, account: AccountHandle, server: RedisServer, database: Any
) -> None:
    logged = read()
    client = publish()
    delivered = own_stream(client)
    resting = limit_order(account)
    next_of(logged, 2), next_of(delivered, 2)
    server.stop()
    order_id = limit_order(account)
    assert told_of(next_of(delivered, 2)) == [(order_id, "NEW")], "its own stream waits for nobody"
    server.start()

    assert told_of(next_of(logged, 2)) == [(order_id, "NEW")]
    assert told_of(next_of(read(after="start"), 4)) == [(resting, "NEW"), (order_id, "NEW")]
    assert len(database.hgetall(ORDERS)) == 2


def test_what_is_known_of_orders_comes_back_with_the_rest(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    server: RedisServer,
    database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also of those whose own entries are not known any more."""
    monkeypatch.setattr(engine, "ACCOUNT", engine.ACCOUNT._replace(most_kept=1))
    logged = read()
    publish()
    order_ids = []
    for _ in range(3):
        order_ids.append(limit_order(account))
        next_of(logged, 2)
    server.stop()
    server.start()

    wait_until(lambda: len(database.hgetall(ORDERS)) == 3)
    assert {name.rpartition(":")[2] for name in database.hgetall(ORDERS)} == {
        str(order_id) for order_id in order_ids
    }


def test_a_server_that_lost_the_last_entries_gets_them_back(
    publish: Publish, read: Read, account: AccountHandle, database: Any
) -> None:
    logged = read()
    publish()
    for _ in range(3):
        limit_order(account)
    told = next_of(logged, 6)
    term = database.hget(STATE, "term")
    database.xdel(LOG, f"{term}-5", f"{term}-6")
    database.execute_command("XSETID", LOG, f"{term}-4")
    database.hset(STATE, mapping={"number": "4", "last": f"{term}-4"})
    limit_order(account)

    assert next_of(logged, 2)
    assert next_of(read(after="start"), 8)[:6] == told


def test_what_a_slow_server_took_after_all_is_not_appended_again(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    server: RedisServer,
    database: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It gets the same entries twice, and takes them once."""
    logged = read()
    publish()
    first = limit_order(account)
    next_of(logged, 2)
    server.pause()
    second = limit_order(account)
    wait_until(lambda: "not appended for now" in caplog.text)
    server.go_on()
    third = limit_order(account)

    assert told_of(next_of(logged, 4)) == [(second, "NEW"), (third, "NEW")], first
    assert database.xlen(LOG) == 6


def test_what_waits_for_a_server_too_long_is_a_gap_that_is_found_out(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = read()
    delivered = own_stream(publish())
    order_id = limit_order(account, quantity="0.02")
    next_of(logged, 2), next_of(delivered, 2)
    monkeypatch.setattr(backlog, "MOST_ENTRIES", 3)
    server.pause()
    limit_order(exchange.create_account(), "SELL")
    limit_order(account), limit_order(account)
    next_of(delivered, 6)
    server.go_on()

    told = up_to(logged, AccountReconciled)
    assert [event for event in told if isinstance(event, StreamGap)]
    # Where it was under way when the server stopped to answer, its event was appended after all.
    filled = [
        event.last_executed_quantity
        for event in told
        if isinstance(event, OrderUpdate) and event.order_id == order_id
    ]
    for each in told:
        if isinstance(each, OrderReconciled) and each.order_id == order_id:
            filled += [fill.quantity for fill in each.missed_fills]
    assert filled == [Decimal("0.01")]


def test_nothing_hangs_where_no_server_is(
    exchange: SimulatedExchange, account: AccountHandle, key: Key, tmp_path: Path
) -> None:
    url = RedisServer(tmp_path).url
    with Client(**exchange.client_options(key), event_log=url) as client:
        delivered = own_stream(client)
        limit_order(account)
        next_of(delivered, 2)
    with (
        read_events(url, "desk", after="start") as logged,
        pytest.raises(TimeoutError, match="no event"),
    ):
        logged.get(timeout=0.05)
    assert logged.problem is not None


def test_the_client_tells_how_its_logs_are_doing(
    publish: Publish, account: AccountHandle, server: RedisServer, database: Any
) -> None:
    first, second = publish(), publish()
    first.streams.log("btcusdt@trade")

    def states(client: Client) -> dict[str, str]:
        return {log.name: log.state for each in client.health() for log in each.logs}

    wait_until(lambda: set(states(first).values()) == {"publishing"})
    assert set(states(first)) == {"desk:mainWSAPI", "custom:spot:btcusdt@trade"}
    assert states(second) == {"desk:mainWSAPI": "standing by"}
    told: list[EventLogChanged] = []
    back = threading.Event()

    def heard(event: EventLogChanged) -> None:
        told.append(event)
        if event.kind == "log_back":
            back.set()

    second.on("log_away", heard)
    second.on("log_back", heard)
    server.stop()
    limit_order(account)

    def log() -> LogHealth:
        [found] = first.health()["mainWSAPI"].logs
        return found

    wait_until(lambda: log().state == "server away" and log().held_back == 2)
    away_for = log().away_for
    assert away_for is not None
    assert away_for > 0
    assert log().problem
    wait_until(lambda: states(second) == {"desk:mainWSAPI": "server away"})
    server.start()
    assert back.wait(3 * WAIT_S)
    # Which of the two goes on is nobody's business here.
    wait_until(
        lambda: (
            {states(each)["desk:mainWSAPI"] for each in (first, second)}
            == {"publishing", "standing by"}
        )
    )
    wait_until(lambda: (log().held_back, log().away_for, log().problem) == (0, None, ""))
    assert [(event.kind, event.log) for event in told[:2]] == [
        ("log_away", "desk:mainWSAPI"),
        ("log_back", "desk:mainWSAPI"),
    ]
    assert told[0].reason


# A publisher that has lost the exchange


@pytest.fixture
def soon_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CUT_OFF_MS", 50)
    monkeypatch.setattr(engine, "BEAT_S", 0.05)


@pytest.mark.usefixtures("soon_cut_off")
def test_a_publisher_that_is_cut_off_from_the_exchange_hands_its_turn_over(
    publish: Publish, read: Read, account: AccountHandle, ways: Callable[[], Way], database: Any
) -> None:
    """Nothing is missing, nothing comes twice, and it goes on when its turn comes again."""
    logged = read()
    way = ways()
    cut_off = publish(urls=way.urls)
    made = [limit_order(account)]
    next_of(logged, 2)
    other = publish()
    made.append(limit_order(account))
    next_of(own_stream(other), 2), next_of(logged, 2)
    way.cut()
    made.append(limit_order(account))
    told = _up_to_order(logged, made[-1])
    term = database.hget(STATE, "term")
    way.mend()
    made.append(limit_order(account))
    told += _up_to_order(logged, made[-1])
    # It stands by again once it has seen that one, too.
    up_to(own_stream(cut_off), AccountReconciled)
    made.append(limit_order(account))
    told += _up_to_order(logged, made[-1])
    wait_until(lambda: _has_seen(cut_off, made[-1]))
    assert database.hget(STATE, "term") == term
    other.close()
    made.append(limit_order(account))
    told += _up_to_order(logged, made[-1])

    assert [each.order_id for each in told if isinstance(each, OrderUpdate)] == made[2:]
    everything = next_of(read(after="start"), database.xlen(LOG))
    assert [each.order_id for each in everything if isinstance(each, OrderUpdate)] == made
    gaps = [each for each in everything if isinstance(each, StreamGap)]
    # The first it may have told itself, before it had lost its turn.
    assert {each.from_ms for each in gaps if each.is_open} <= {
        each.from_ms for each in gaps if not each.is_open
    }


@pytest.mark.usefixtures("soon_cut_off")
def test_who_did_not_see_the_last_entry_takes_over_with_a_gap_and_finds_out_what_was_missed(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    exchange: SimulatedExchange,
    ways: Callable[[], Way],
) -> None:
    logged = read()
    way = ways()
    publish(urls=way.urls)
    limit_order(account)
    next_of(logged, 2)
    way.cut()
    up_to(logged, StreamGap)
    missed = made_and_filled(account, exchange)
    publish()

    told = up_to(logged, AccountReconciled)
    gaps = [each for each in told if isinstance(each, StreamGap)]
    assert not gaps[-1].is_open
    [found] = [each for each in told if isinstance(each, OrderReconciled)]
    assert (found.order_id, found.status) == (missed, "FILLED")
    order_id = limit_order(account)
    assert _up_to_order(logged, order_id)


@pytest.mark.usefixtures("soon_cut_off")
def test_a_publisher_that_is_cut_off_keeps_its_turn_while_nobody_is_better_off(
    publish: Publish,
    read: Read,
    account: AccountHandle,
    ways: Callable[[], Way],
    database: Any,
) -> None:
    logged = read()
    first, second = ways(), ways()
    publish(urls=first.urls)
    limit_order(account)
    next_of(logged, 2)
    publish(urls=second.urls)
    term = database.hget(STATE, "term")
    second.cut()
    first.cut()
    wait_until(lambda: database.hget(STATE, "cut_at"))
    beats = _scripts_run(database) + 40  # of both, in twenty times as long as it takes

    wait_until(lambda: _scripts_run(database) > beats)
    assert database.hget(STATE, "term") == term
    wait_until(
        lambda: logged.problem == "whoever publishes the account's events has lost the exchange"
    )
    first.mend()
    told = up_to(logged, AccountReconciled)
    wait_until(lambda: logged.problem is None)
    assert database.hget(STATE, "cut_at") is None
    assert [each for each in told if isinstance(each, StreamGap)]


def _up_to_order(stream: EventStream[Any], order_id: int) -> list[Any]:
    told = next_of(stream, 1)
    while getattr(told[-1], "order_id", None) != order_id:
        told += next_of(stream, 1)
    return told


def _has_seen(client: Client, order_id: int) -> bool:
    return order_id in [getattr(each, "order_id", None) for each in next_of(own_stream(client), 1)]


def _scripts_run(database: Any) -> int:
    return int(database.info("commandstats")["cmdstat_eval"]["calls"])


# Names and secrets


def test_the_server_sees_no_key_and_no_secret(
    publish: Publish, account: AccountHandle, key: Key, database: Any
) -> None:
    client = publish(query="keep=1000")
    limit_order(account)
    next_of(own_stream(client), 2)
    log, state, orders = keys_of(account_name(key.api_key), "mainWSAPI")
    wait_until(lambda: database.xlen(log) == 2)

    everything = repr((database.keys(), database.xrange(log), database.hgetall(state)))
    everything += repr(database.hgetall(orders))
    assert key.api_key not in everything
    assert key.api_secret not in everything


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("account=a/b", "account='a/b'"),
        ("kep=5", "event_log=.*: kep= is no parameter .* account=, keep=, keep_hours= and"),
        ("keep=many", "keep='many'"),
        ("keep=0", "keep='0'"),
        ("keep_hours=day", "keep_hours='day' is no number of hours"),
        ("keep_hours=0", "keep_hours='0'"),
        ("keep_hours=inf", "keep_hours='inf'"),
    ],
)
def test_an_url_that_names_what_cannot_be_is_refused(query: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        Client(event_log=f"redis://127.0.0.1:6379/0?{query}").close()


def test_the_value_of_a_parameter_that_nobody_knows_is_not_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"url=.*: pasword= is no parameter") as refused:
        read_events("redis://127.0.0.1:6379/0?pasword=hush", "desk")
    assert "hush" not in str(refused.value)


def test_the_option_takes_servers_alone() -> None:
    with pytest.raises(ConfigurationError, match="event_log='http://x': write redis://"):
        Client(event_log="http://x")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"after": "yesterday"}, "after='yesterday' is no position"),
        ({"account": "a b"}, "account='a b' is no name"),
        ({"numbers": "text"}, "numbers='text'"),
    ],
)
def test_what_a_reader_cannot_mean_is_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        read_events(**{"url": "redis://127.0.0.1:1/0", "account": "desk", **given})


def test_a_server_that_refuses_the_reader_is_told(server: RedisServer, database: Any) -> None:
    url = server.url.replace("redis://", "redis://nobody:hush@")

    with pytest.raises(ConfigurationError, match="refuses") as refused:
        read_events(url, "desk")
    assert "hush" not in str(refused.value)
