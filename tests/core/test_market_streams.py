"""Market streams: which connections carry them, who gets their events, and how they outlive losses."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from callers import WAIT_S, Caller, rotating_after
from market_events import control_messages, make_trade, take_trades
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    Client,
    ClientClosed,
    ConfigurationError,
    EventStream,
    NotSent,
    ParameterError,
    RequestRejected,
    StreamGap,
    WsKey,
)
from binance_wsapi.core.market_streams import MarketStreams
from binance_wsapi.core.stream_session import StreamLink
from binance_wsapi.markets import Market, market
from binance_wsapi.models.futures_stream_events import (
    FuturesBookTickerEvent,
    FuturesDepthEvent,
    FuturesTradeEvent,
    MarkPriceEvent,
)
from binance_wsapi.models.spot_stream_events import BookTickerEvent, TradeEvent
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]

TRADES = "btcusdt@trade"
TICKER = "btcusdt@bookTicker"


def subscribe(caller: Caller, *names: str, ws_key: WsKey = WsKey.MAIN) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(
        lambda client: client.streams.subscribe(*names, ws_key=ws_key)
    )
    return stream


def begin(caller: Caller, name: str) -> concurrent.futures.Future[Any]:
    return caller.begin(lambda client: client.streams.subscribe(name))


def names_of(caller: Caller, ws_key: WsKey | None = None) -> list[str]:
    return list(caller.call(lambda client: client.streams.list(ws_key)))


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


# --- names and consumers


def test_first_subscriptions_of_two_threads_share_their_connection(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams: list[EventStream[Any]] = []
    second = threading.Thread(target=lambda: streams.append(client.streams.subscribe(TICKER)))
    made = MarketStreams.__init__

    def make(self: MarketStreams, *given: Any) -> None:
        made(self, *given)
        if second.ident is None:
            second.start()
            second.join(0.5)  # it is through by then, unless it waits for this thread

    monkeypatch.setattr(MarketStreams, "__init__", make)
    with Client(**exchange.client_options()) as client:
        streams.append(client.streams.subscribe(TRADES))
        second.join(WAIT_S)

        assert client.streams.list() == [TICKER, TRADES]
        assert len(client.health()) == 1


def test_one_stream_carries_the_events_of_several_names(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    names = caller.client.streams
    stream = subscribe(caller, names.trade("BTCUSDT"), names.book_ticker("btcusdt"))

    make_trade(exchange, account)
    events = [caller.next_event(stream) for _ in range(3)]

    trade = next(event for event in events if isinstance(event, TradeEvent))
    tickers = [event for event in events if isinstance(event, BookTickerEvent)]
    assert (trade.symbol, trade.price, trade.stream) == ("BTCUSDT", Decimal(65000), TRADES)
    assert [ticker.symbol for ticker in tickers] == ["BTCUSDT", "BTCUSDT"]
    assert names_of(caller) == names_of(caller, WsKey.MAIN) == [TICKER, TRADES]
    assert names_of(caller, WsKey.USDM) == []


def test_wire_dicts_come_without_beautify(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(beautify=False)
    stream = subscribe(caller, TRADES)

    make_trade(exchange, account)

    event = caller.next_event(stream)
    assert (event["e"], event["s"], event["p"]) == ("trade", "BTCUSDT", "65000.00000000")


def test_name_is_subscribed_once_and_unsubscribed_when_its_last_consumer_leaves(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    first = subscribe(caller, TRADES)
    second = subscribe(caller, TRADES, TICKER)
    third = subscribe(caller, TICKER)
    assert control_messages(exchange, "SUBSCRIBE") == [[TRADES], [TICKER]]

    first.close()
    make_trade(exchange, account)

    assert any(isinstance(caller.next_event(second), TradeEvent) for _ in range(3))
    assert take_trades(caller, first) == []
    second.close()
    exchange.journal.wait_for(lambda frame: frame.method == "UNSUBSCRIBE")
    assert control_messages(exchange, "UNSUBSCRIBE") == [[TRADES]]
    assert isinstance(caller.next_event(third), BookTickerEvent)
    third.close()
    exchange.journal.wait_for(lambda frame: frame.direction == "close")
    assert names_of(caller) == []


def test_unsubscribe_takes_names_from_every_stream(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    only_trades = subscribe(caller, TRADES)
    both = subscribe(caller, TRADES, TICKER)

    caller.call(lambda client: client.streams.unsubscribe(TRADES))
    make_trade(exchange, account)

    with pytest.raises(ClientClosed):
        caller.next_event(only_trades)
    assert isinstance(caller.next_event(both), BookTickerEvent)
    assert names_of(caller) == [TICKER]
    caller.call(lambda client: client.streams.unsubscribe(TRADES, "ethusdt@trade"))


def test_consumer_who_comes_while_the_last_one_leaves_gets_events(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    subscribe(caller, TICKER)
    for _ in range(2):
        leaving = subscribe(caller, TRADES)
        leaving.close()
        stream = subscribe(caller, TRADES)

        make_trade(exchange, account)

        assert isinstance(caller.next_event(stream), TradeEvent)
        stream.close()


def test_closing_the_client_ends_its_streams(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    stream = subscribe(caller, TRADES)

    caller.call(lambda client: client.close())

    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    stream.close()


def test_disconnect_all_ends_streams_and_later_ones_connect_anew(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    stream = subscribe(caller, TRADES)

    caller.call(lambda client: client.disconnect_all())

    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    assert names_of(caller) == []
    again = subscribe(caller, TRADES)
    make_trade(exchange, account)
    assert isinstance(caller.next_event(again), TradeEvent)


@pytest.mark.parametrize(
    ("names", "ws_key", "error", "way_out"),
    [
        ((), WsKey.MAIN, ParameterError, "pass one or more"),
        (("BTCUSDT@trade",), WsKey.MAIN, ParameterError, "'btcusdt@trade'"),
        (("",), WsKey.MAIN, ParameterError, "btcusdt@trade"),
        (("btc/usdt@trade",), WsKey.MAIN, ParameterError, "write 'btcusdt@trade'"),
        ((TICKER,), WsKey.USDM_MARKET, ParameterError, "use WsKey.USDM"),
        (("btcusdt@depth@0ms",), WsKey.USDM_MARKET, ParameterError, "use WsKey.USDM"),
        (("btcusdt@markPrice",), WsKey.USDM_PUBLIC, ParameterError, "use WsKey.USDM"),
        ((TRADES,), WsKey.MAIN_WSAPI, ConfigurationError, "WsKey.MAIN"),
        ((TRADES,), WsKey.USDM_PRIVATE, ConfigurationError, "WsKey.USDM"),
    ],
)
def test_name_that_would_stay_silent_is_refused_with_the_way_out(
    connect: Connect,
    exchange: SimulatedExchange,
    names: tuple[str, ...],
    ws_key: WsKey,
    error: type[Exception],
    way_out: str,
) -> None:
    caller = connect()

    with pytest.raises(error, match=way_out):
        subscribe(caller, *names, ws_key=ws_key)

    assert exchange.journal.connections() == []
    assert names_of(caller) == []


@pytest.mark.parametrize(
    ("ws_key", "name", "path", "why"),
    [
        (WsKey.MAIN, "btcusdt@brandNew", "/stream", "in no document"),
        (WsKey.MAIN, "btcusdt@forceOrder", "/stream", "a stream of usdm and coinm"),
        (WsKey.COINM, "!markPrice@arr", "/coinm/stream", "a stream of usdm"),
        (WsKey.USDM, "btcusdt@depth@0ms", "/usdm/public/stream", "in no document"),
        (WsKey.USDM, "btcusdt@depth50", "/usdm/public/stream", "in no document"),
        (WsKey.USDM, "btcusdt@rpiDepth", "/usdm/public/stream", "in no document"),
        (WsKey.USDM, "btcusdt@trade", "/usdm/public/stream", "a stream of spot"),
        (WsKey.USDM, "btcusdt@brandNew", "/usdm/market/stream", "in no document"),
        (WsKey.USDM_PUBLIC, "btcusdt@brandNew", "/usdm/public/stream", "in no document"),
    ],
)
def test_name_in_no_document_of_its_market_is_asked_for_with_one_warning(
    connect: Connect,
    exchange: SimulatedExchange,
    caplog: pytest.LogCaptureFixture,
    ws_key: WsKey,
    name: str,
    path: str,
    why: str,
) -> None:
    caller = connect()

    streams = [subscribe(caller, name, ws_key=ws_key) for _ in range(2)]

    (asked,) = exchange.journal.requests("SUBSCRIBE")
    assert (asked.payload["params"], asked.path) == ([name], path)
    warnings = [each.message for each in caplog.records if name in each.message]
    assert len(warnings) == 1
    assert why in warnings[0]
    assert len(streams) == 2


@pytest.mark.parametrize("ws_key", [WsKey.USDM, WsKey.COINM])
def test_streams_of_futures_that_no_document_names_are_typed(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, ws_key: WsKey
) -> None:
    caller = connect()
    symbol = "BTCUSDT" if ws_key is WsKey.USDM else "BTCUSD_PERP"
    market = Market.USDM if ws_key is WsKey.USDM else Market.COINM
    trades = subscribe(caller, f"{symbol.lower()}@trade", ws_key=ws_key)
    changes = subscribe(caller, f"{symbol.lower()}@depth@0ms", ws_key=ws_key)
    quantity = "0.01" if ws_key is WsKey.USDM else "1"
    order = {
        "symbol": symbol, "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": quantity, "price": "65000",
    }  # fmt: skip
    account.request("order.place", order, market=market)
    exchange.trade(symbol, "BUY", quantity, "65000", market=market)

    trade, change = caller.next_event(trades), caller.next_event(changes)

    assert isinstance(trade, FuturesTradeEvent)
    assert (trade.symbol, trade.price, trade.origin) == (symbol, Decimal(65000), "MARKET")
    assert isinstance(change, FuturesDepthEvent)
    assert [level.price for level in change.asks] == [Decimal(65000)]


# --- connections


def test_usdm_streams_go_to_their_routes(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()
    names = caller.client.streams

    stream = subscribe(
        caller,
        names.mark_price("BTCUSDT", "1s"),
        names.book_ticker("BTCUSDT"),
        ws_key=WsKey.USDM,
    )

    paths = {frame.payload["params"][0]: frame.path for frame in exchange.journal.requests()}
    assert paths == {
        "btcusdt@markPrice@1s": "/usdm/market/stream",
        TICKER: "/usdm/public/stream",
    }
    assert isinstance(caller.next_event(stream), MarkPriceEvent)
    order = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01", "price": "50000",
    }  # fmt: skip
    caller.call(lambda client: client.request(WsKey.USDM_WSAPI, "order.place", order))
    kinds = {type(caller.next_event(stream)) for _ in range(3)}
    assert FuturesBookTickerEvent in kinds
    assert names_of(caller, WsKey.USDM) == [TICKER, "btcusdt@markPrice@1s"]
    assert names_of(caller, WsKey.USDM_MARKET) == ["btcusdt@markPrice@1s"]


def test_coinm_streams_are_on_one_connection(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()

    stream = subscribe(caller, "btcusd_perp@markPrice@1s", ws_key=WsKey.COINM)

    event = caller.next_event(stream)
    assert isinstance(event, MarkPriceEvent)
    assert event.symbol == "BTCUSD_PERP"


def test_as_many_connections_as_the_limit_on_names_asks_for(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    others = [f"s{number}usdt@trade" for number in range(Market.SPOT.facts.streams_per_connection)]

    stream = subscribe(caller, *others, TRADES)

    assert len(exchange.journal.connections()) == 2
    asked = control_messages(exchange, "SUBSCRIBE")
    assert sum(map(len, asked)) == Market.SPOT.facts.streams_per_connection + 1
    make_trade(exchange, account)
    assert isinstance(caller.next_event(stream), TradeEvent)
    caller.call(lambda client: client.streams.unsubscribe(*others))
    exchange.journal.wait_for(lambda frame: frame.direction == "close")
    make_trade(exchange, account)
    assert isinstance(caller.next_event(stream), TradeEvent)


def test_control_messages_stay_under_the_exchanges_rate(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The exchange closes a connection that sends more than five messages in a second."""
    caller = connect()
    wanted = [f"s{number}usdt@trade" for number in range(30)]
    begun = [begin(caller, name) for name in wanted]

    for each in begun:
        each.result(10)

    assert {frame.direction for frame in exchange.journal.frames} == {"open", "in", "out"}
    assert len(exchange.journal.connections()) == 1
    assert sorted(name for names in control_messages(exchange, "SUBSCRIBE") for name in names) == (
        sorted(wanted)
    )


def test_pings_count_as_messages(connect: Connect, exchange: SimulatedExchange) -> None:
    """A client that asks for signs of life often leaves its control messages the room they need."""
    caller = connect(ping_interval=0.01)
    for number in range(8):
        subscribe(caller, f"s{number}usdt@trade")

    assert len(exchange.journal.connections()) == 1
    assert all(frame.direction != "close" for frame in exchange.journal.frames)


def test_no_connection_is_not_sent_and_leaves_nothing_behind(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect(timeout=0.2)
    exchange.stop_listening()

    with pytest.raises(NotSent, match="repeating it is safe"):
        subscribe(caller, TRADES)

    assert names_of(caller) == []
    exchange.resume_listening()
    subscribe(caller, TRADES).close()


LONG_NAMES = [f"{number:03}{'x' * 20}usdt@kline_15m" for number in range(200)]
"""In one message they would be twice the size that the exchange answers."""


@pytest.mark.parametrize(
    ("ws_key", "path", "name"),
    [
        (WsKey.MAIN, "/stream", TICKER),
        (WsKey.USDM, "/usdm/market/stream", "btcusdt@markPrice@1s"),
        (WsKey.COINM, "/coinm/stream", "btcusd_perp@markPrice@1s"),
    ],
)
def test_long_names_are_asked_for_in_messages_that_the_exchange_answers(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    ws_key: WsKey,
    path: str,
    name: str,
) -> None:
    """Subscribed, subscribed again after a loss, unsubscribed: nothing is too large."""
    caller = connect()
    stream = subscribe(caller, *LONG_NAMES, name, ws_key=ws_key)

    exchange.drop_connections(path)
    while not isinstance(caller.next_event(stream), StreamGap):
        pass
    if ws_key is WsKey.MAIN:
        make_trade(exchange, account)
    assert not isinstance(caller.next_event(stream), StreamGap)
    caller.call(lambda client: client.streams.unsubscribe(*LONG_NAMES, ws_key=ws_key))

    sizes = [len(json.dumps(frame.payload).encode()) for frame in exchange.journal.requests()]
    assert max(sizes) < 4_096
    assert (
        sorted(name for each in control_messages(exchange, "UNSUBSCRIBE") for name in each)
        == LONG_NAMES
    )
    assert names_of(caller, ws_key) == [name]
    opened = [each for each in exchange.journal.frames if each.direction == "open"]
    assert [each.path for each in opened] == [path, path]


def test_name_that_no_message_carries_is_refused(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()

    with pytest.raises(ParameterError, match="too long"):
        subscribe(caller, f"{'x_' * 2_000}@trade")

    assert exchange.journal.connections() == []


def test_pongs_count_as_messages_and_what_the_exchange_sends_does_not() -> None:
    runtime = SimpleNamespace(now=lambda: 10.0, dispatcher=None)
    session: Any = SimpleNamespace(runtime=runtime, ws_key=WsKey.MAIN, received=None, taken=None)
    link = StreamLink(session, 1)

    for _ in range(4):
        assert link.ping_delay() == 0.0
        link.answered()
        link.heard()

    assert link.ping_delay() > 0.0


# --- refusals


def stream_urls(scripted: ScriptedServer) -> dict[str, str]:
    return {"main": f"ws://127.0.0.1:{scripted.port}/stream"}


async def _refuse_bad_names(peer: Peer, request: dict[str, Any]) -> None:
    if any("bad" in name for name in request["params"]):
        await peer.send({"code": 2, "msg": "Invalid request: no such stream", "id": request["id"]})
    else:
        await peer.send({"result": None, "id": request["id"]})


def test_refused_name_does_not_take_others_with_it(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    scripted.replies["SUBSCRIBE"] = _refuse_bad_names
    caller = dial(urls=stream_urls(scripted))
    good = [f"s{number}usdt@trade" for number in range(6)]
    # Wanted at once, so that one message asks for all of them.
    begun = {name: begin(caller, name) for name in [*good[:3], "badusdt@trade", *good[3:]]}

    for name in good:
        begun[name].result(10)
    with pytest.raises(RequestRejected, match="no such stream") as refused:
        begun["badusdt@trade"].result(10)

    assert (refused.value.code, refused.value.operation) == (2, "SUBSCRIBE")
    assert names_of(caller) == good


@pytest.mark.parametrize(
    "refusal",
    [
        {"code": 2, "msg": "Invalid request: no such stream"},
        {"error": {"code": 2, "msg": "Invalid request: no such stream"}},
        {"error": {"code": 2, "msg": "Invalid request: no such stream"}, "id": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one call", "many calls"])
def test_refusal_without_an_id_is_that_of_the_message_under_way(
    dial: Callable[..., Caller], scripted: ScriptedServer, refusal: dict[str, Any], at_once: bool
) -> None:
    async def refuse_without_id(peer: Peer, request: dict[str, Any]) -> None:
        is_bad = any("bad" in name for name in request["params"])
        await peer.send(refusal if is_bad else {"result": None, "id": request["id"]})

    scripted.replies["SUBSCRIBE"] = refuse_without_id
    caller = dial(urls=stream_urls(scripted), timeout=500)
    good = [f"s{number}usdt@trade" for number in range(6)]
    mixed = [*good[:3], "badusdt@trade", *good[3:]]
    kept = subscribe(caller, "s9usdt@trade")
    begun = {name: begin(caller, name) for name in mixed} if not at_once else {}

    with pytest.raises(RequestRejected, match="no such stream") as refused:
        subscribe(caller, *mixed) if at_once else begun.pop("badusdt@trade").result(10)

    assert (refused.value.code, refused.value.operation) == (2, "SUBSCRIBE")
    for each in begun.values():
        each.result(10)
    assert names_of(caller) == [*(() if at_once else good), "s9usdt@trade"]
    assert scripted.handshakes == 1
    (peer,) = scripted.peers
    scripted.run(peer.send({"stream": "s9usdt@trade", "data": {"e": "trade"}}))
    assert caller.next_event(kept).event_type == "trade"


def test_every_caller_of_a_refused_name_is_told(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    scripted.replies["SUBSCRIBE"] = _refuse_bad_names
    caller = dial(urls=stream_urls(scripted), timeout=500)
    begun = [begin(caller, "badusdt@trade") for _ in range(3)]

    for each in begun:
        with pytest.raises(RequestRejected):
            each.result(10)

    assert names_of(caller) == []


def test_refusal_of_a_caller_who_gave_up_is_not_that_of_the_next(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    """The next message waits until the one under way was answered, whoever asked for it."""
    go_on = asyncio.Event()

    async def refuse_late(peer: Peer, request: dict[str, Any]) -> None:
        if "badusdt@trade" in request["params"]:
            await go_on.wait()
            await peer.send({"code": 2, "msg": "Invalid request: no such stream"})
        else:
            await peer.send({"result": None, "id": request["id"]})

    scripted.replies["SUBSCRIBE"] = refuse_late
    caller = dial(urls=stream_urls(scripted), timeout=500)
    subscribe(caller, TICKER)
    core = caller.client._core
    bad = core.runtime.run(lambda: core.market_streams.subscribe(WsKey.MAIN, ["badusdt@trade"]))
    scripted.wait_for("SUBSCRIBE", 2)

    bad.cancel()
    following = begin(caller, TRADES)
    scripted.loop.call_soon_threadsafe(go_on.set)

    following.result(10)
    assert names_of(caller) == [TICKER, TRADES]
    assert scripted.handshakes == 1


def test_name_that_is_being_unsubscribed_is_not_taken_for_subscribed(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    go_on, answer = asyncio.Event(), asyncio.Event()

    async def unsubscribe_late(peer: Peer, request: dict[str, Any]) -> None:
        await go_on.wait()
        await peer.send({"result": None, "id": request["id"]})

    async def subscribe_late(peer: Peer, request: dict[str, Any]) -> None:
        if len(scripted.seen("SUBSCRIBE")) == 3:
            await answer.wait()
        await peer.send({"result": None, "id": request["id"]})

    scripted.replies |= {"SUBSCRIBE": subscribe_late, "UNSUBSCRIBE": unsubscribe_late}
    caller = dial(urls=stream_urls(scripted), timeout=500)
    subscribe(caller, TICKER)
    subscribe(caller, TRADES).close()
    scripted.wait_for("UNSUBSCRIBE")

    again = begin(caller, TRADES)
    scripted.loop.call_soon_threadsafe(go_on.set)

    scripted.wait_for("SUBSCRIBE", 3)
    assert not again.done()
    scripted.loop.call_soon_threadsafe(answer.set)
    again.result(10)


def test_refused_call_does_not_wait_for_its_other_names_to_be_unsubscribed(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    async def never(peer: Peer, request: dict[str, Any]) -> None:
        """Say nothing."""

    scripted.replies["SUBSCRIBE"] = _refuse_bad_names
    scripted.replies["UNSUBSCRIBE"] = never
    caller = dial(urls=stream_urls(scripted), timeout=500)
    subscribe(caller, TICKER)

    with pytest.raises(RequestRejected):
        subscribe(caller, TRADES, "badusdt@trade")

    assert names_of(caller) == [TICKER]


def test_name_that_costs_the_connection_does_not_keep_the_others_away(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    async def close_at_bad_names(peer: Peer, request: dict[str, Any]) -> None:
        if any("bad" in name for name in request["params"]):
            peer.cut()
        else:
            await peer.send({"result": None, "id": request["id"]})

    scripted.replies["SUBSCRIBE"] = close_at_bad_names
    caller = dial(urls=stream_urls(scripted), timeout=500)
    good = subscribe(caller, TRADES)

    bad = begin(caller, "badusdt@trade")

    gap = caller.next_event(good)
    assert isinstance(gap, StreamGap), "told when the events flow again"
    caller.call(lambda client: client.streams.unsubscribe("badusdt@trade"))
    bad.result(10)
    subscribe(caller, TICKER)
    assert names_of(caller) == [TICKER, TRADES]


def test_refusal_is_told_though_there_was_no_time_to_find_the_name_at_fault(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    scripted.replies["SUBSCRIBE"] = _refuse_bad_names
    caller = dial(urls=stream_urls(scripted), timeout=1)
    names = [f"bad{number}usdt@trade" for number in range(190)]

    with pytest.raises(RequestRejected, match="no such stream"):
        subscribe(caller, *(f"s{number}usdt@trade" for number in range(9)), *names)

    assert names_of(caller) == []


@pytest.mark.parametrize(
    ("refusal", "code", "message"),
    [
        ({"error": "No such stream"}, 0, "No such stream"),
        ({"error": {"code": "x", "msg": None}}, 0, ""),
        ({"code": "2", "msg": 5}, 0, "5"),
    ],
    ids=str,
)
def test_refusal_of_an_odd_form_is_one(
    dial: Callable[..., Caller],
    scripted: ScriptedServer,
    refusal: dict[str, Any],
    code: int,
    message: str,
) -> None:
    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        await peer.send(refusal)

    scripted.replies["SUBSCRIBE"] = refuse
    caller = dial(urls=stream_urls(scripted), timeout=500)

    with pytest.raises(RequestRejected) as refused:
        subscribe(caller, TRADES)

    assert refused.value.code == code
    assert message in refused.value.message


def test_message_that_is_never_answered_costs_the_connection(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    async def silent_at_first(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number > 1:
            await peer.send({"result": None, "id": request["id"]})

    scripted.replies["SUBSCRIBE"] = silent_at_first
    caller = dial(urls=stream_urls(scripted), timeout=0.3)

    with pytest.raises(NotSent):
        subscribe(caller, TRADES)

    subscribe(caller, TRADES)
    assert scripted.handshakes >= 2


# --- losses and moves


def test_stream_goes_on_after_a_loss_and_tells_the_gap_in_its_place(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    stream = subscribe(caller, TRADES, TICKER)
    trades = subscribe(caller, TRADES)
    make_trade(exchange, account)
    seen = [caller.next_event(trades).trade_id]

    exchange.drop_connections("/stream")
    while not any(isinstance(each, StreamGap) for each in seen):
        make_trade(exchange, account)
        seen += take_trades(caller, trades)
    make_trade(exchange, account)
    seen.append(caller.next_event(trades).trade_id)

    [place] = [index for index, each in enumerate(seen) if isinstance(each, StreamGap)]
    gap, before, after = seen[place], seen[:place], seen[place + 1 :]
    assert before == list(range(1, len(before) + 1)), "events before the gap are whole"
    assert after == list(range(after[0], after[0] + len(after))), "events after it are whole"
    assert gap.from_ms <= gap.until_ms
    assert gap.reason
    assert gap.lost is None
    gaps = [each for each in (caller.next_event(stream) for _ in range(len(stream)))
            if isinstance(each, StreamGap)]  # fmt: skip
    assert len(gaps) == 1, "one loss is told once to a stream of several names"


def test_names_on_several_connections_have_gaps_of_their_own(
    connect: Connect, exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(Market.SPOT.facts, streams_per_connection=1)
    monkeypatch.setitem(market._records, Market.SPOT, one)
    caller = connect()
    stream = subscribe(caller, TRADES, TICKER)

    exchange.drop_connections("/stream")

    gaps = [caller.next_event(stream) for _ in range(2)]
    assert [type(gap) for gap in gaps] == [StreamGap, StreamGap]
    assert len(exchange.journal.connections()) == 4


def test_dead_peer_is_noticed_by_its_missing_pongs(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(ping_interval=0.05, pong_timeout=0.05)
    stream = subscribe(caller, TRADES)

    dead = exchange.faults.half_open()

    assert isinstance(caller.next_event(stream), StreamGap)
    dead.end()
    make_trade(exchange, account)
    assert isinstance(caller.next_event(stream), TradeEvent)


def move_until_the_old_one_is_gone(
    caller: Caller, exchange: SimulatedExchange, account: AccountHandle, stream: EventStream[Any]
) -> list[Any]:
    """Trade until the first connection has closed and a while longer; return what the stream told."""
    seen: list[Any] = []
    moving = True
    while moving:
        moving = all(frame.direction != "close" for frame in exchange.journal.frames)
        make_trade(exchange, account)
        seen.append(caller.next_event(stream))
        seen += [caller.next_event(stream) for _ in range(len(stream))]
    for _ in range(5):
        make_trade(exchange, account)
        seen.append(caller.next_event(stream))
    return [each if isinstance(each, StreamGap) else each.trade_id for each in seen]


def test_planned_move_tells_each_event_once_and_in_order(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    stream = subscribe(caller, TRADES)

    exchange.announce_shutdown()
    told = move_until_the_old_one_is_gone(caller, exchange, account, stream)

    assert told == list(range(1, len(told) + 1))
    assert len(exchange.journal.connections()) == 2


def test_connection_is_replaced_before_the_exchange_cuts_it(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = rotating_after(connect(), 0.3)
    stream = subscribe(caller, TRADES)

    told = move_until_the_old_one_is_gone(caller, exchange, account, stream)

    assert told == list(range(1, len(told) + 1))


def test_name_added_during_a_move_is_on_the_new_connection(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    subscribe(caller, TICKER)
    exchange.announce_shutdown()

    stream = subscribe(caller, TRADES)

    exchange.journal.wait_for(lambda frame: frame.direction == "close", timeout=3 * WAIT_S)
    make_trade(exchange, account)
    assert isinstance(caller.next_event(stream), TradeEvent)
    assert len(stream) == 0, "told once"


# --- slow consumers


def test_slow_consumer_is_told_how_much_it_lost(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(event_buffer_size=2)
    slow = subscribe(caller, TRADES)
    other = subscribe(caller, TRADES)

    for number in range(5):
        make_trade(exchange, account)
        assert caller.next_event(other).trade_id == number + 1

    gap, *kept = [caller.next_event(slow) for _ in range(3)]
    assert isinstance(gap, StreamGap)
    assert gap.lost == 3
    assert [event.trade_id for event in kept] == [4, 5]


def test_stream_that_ends_at_an_overflow_is_unsubscribed(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(event_buffer_size=1, event_overflow="close")
    stream = subscribe(caller, TRADES)

    make_trade(exchange, account)
    make_trade(exchange, account)

    exchange.journal.wait_for(lambda frame: frame.direction == "close")
    assert [type(event) for event in (caller.next_event(stream), caller.next_event(stream))] == [
        TradeEvent,
        StreamGap,
    ]
    with pytest.raises(ClientClosed):
        caller.next_event(stream)
    assert names_of(caller) == []


def test_stream_that_ended_at_an_overflow_is_subscribed_afresh(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(event_buffer_size=1, event_overflow="close")
    ended = subscribe(caller, TRADES)
    make_trade(exchange, account)
    make_trade(exchange, account)
    exchange.journal.wait_for(lambda frame: frame.direction == "close")

    fresh = subscribe(caller, TRADES)
    make_trade(exchange, account)

    assert fresh is not ended
    assert isinstance(caller.next_event(fresh), TradeEvent)
    assert names_of(caller) == [TRADES]
