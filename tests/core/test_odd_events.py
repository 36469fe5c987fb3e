"""User data of any form reaches the stream, whatever the exchange makes of it: nothing dies on the way."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from callers import WAIT_S, Caller
from hypothesis import example, given, settings
from hypothesis import strategies as st

from binance_wsapi import WsKey
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.core.user_data_streams import user_event_decoder
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.markets.books import books_of
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.protocol.fate_rules import rules_of
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.stream_identity import stream_identity
from binance_wsapi.protocol.verdict import LostRequest
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

REFERENCE = Path(__file__).parents[1] / "reference"
KEYS = {
    Market.SPOT: WsKey.MAIN_WSAPI,
    Market.USDM: WsKey.USDM_WSAPI,
    Market.COINM: WsKey.COINM_WSAPI,
}


def documented(market: Market) -> list[dict[str, Any]]:
    events = json.loads((REFERENCE / market.value / "events.json").read_text())["user_data"]
    samples = [sample for event in events for sample in event.get("samples", [])]
    return [sample.get("event", sample) for sample in samples]


SAMPLES = [(market, sample) for market in api_markets() for sample in documented(market)]

odd_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.text(max_size=5),
        st.sampled_from(["NaN", "Infinity", "-1", "1E+9999", "", "BTCUSDT", "TRADE", "FILLED"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    here = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items if isinstance(value, (dict, list)) else ():
        here += places(inner, (*path, key)) if isinstance(inner, (dict, list)) else [(*path, key)]
    return here


@st.composite
def odd_events(draw: Any) -> tuple[Market, bytes]:
    """Draw a documented event of which up to three parts are gone or something else."""
    market, event = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(0, 3))):
        if not isinstance(event, dict):
            break
        path = draw(st.sampled_from(places(event)))
        if not path:
            event = draw(odd_values)
            continue
        inner: Any = event
        for step in path[:-1]:
            inner = inner[step]
        if draw(st.booleans()):
            del inner[path[-1]]
        else:
            inner[path[-1]] = draw(odd_values)
    return market, json.dumps(event).encode()


NOBODY_ASKS: Any = SimpleNamespace(is_busy=False)


class FakeRuntime:
    """What a feed and a reconciler need of a runtime; what they would ask is not asked."""

    in_floats = False

    def __init__(self) -> None:
        self.options = SimpleNamespace(
            beautify=True,
            event_buffer_size=1_000,
            event_overflow="drop_oldest",
            resubscribe_user_data_stream_after_reconnect=True,
        )
        self.in_floats = False
        self.dispatcher = SimpleNamespace(hears=lambda name: False)
        self.exchanges = SimpleNamespace(
            clock_of=lambda ws_key: SimpleNamespace(round_trip=0.0),
            now_us=lambda ws_key: 1_700_000_000_000_000,
        )
        self.loop = SimpleNamespace(
            call_later=lambda delay, callback: None, call_soon=lambda work, *given: work(*given)
        )

    def owner(self) -> None:
        return None

    def now(self) -> float:
        return 1_000.0

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> SimpleNamespace:
        coroutine.close()
        return SimpleNamespace(cancel=lambda: None)


class FakeLink:
    """A link that all has arrived on."""

    proven_at = 1_000.0


class Account:
    """The feed of one market's account, carried by links without sockets."""

    def __init__(self, market: Market, *, beautify: bool = True) -> None:
        runtime: Any = FakeRuntime()
        runtime.options.beautify = beautify
        self.feed = LinkedFeed(
            runtime,
            KEYS[market],
            name="test",
            decode=user_event_decoder(KEYS[market]),
            handler_event=None,
            close=lambda buffer: None,
            lost_answers=NOBODY_ASKS,
            subscribed_by="",
        )
        session: Any = SimpleNamespace(
            has_rest=True,
            runtime=runtime,
            ws_key=KEYS[market],
            exchange_us=lambda: runtime.exchanges.now_us(KEYS[market]),
        )
        self.feed.reconciler = Reconciler(session, books_of(market)[0], self.feed.tell)

    def link(self) -> Any:
        link: Any = FakeLink()
        self.feed.expect(link)
        self.feed.carried_by(link)
        return link

    def taken(self) -> list[Any]:
        untouched = [self.feed.buffer.take(0) for _ in range(len(self.feed.buffer))]
        return [make(what) for make, what in untouched]


@settings(deadline=None, max_examples=500)
@given(st.lists(odd_events(), min_size=1, max_size=4))
def test_every_event_reaches_the_stream(events: list[tuple[Market, bytes]]) -> None:
    accounts = {market: Account(market) for market in api_markets()}
    links = {market: account.link() for market, account in accounts.items()}

    for market, event in events:
        accounts[market].feed.deliver(raw_event(event), links[market])

    for market, account in accounts.items():
        told = account.taken()
        assert all(isinstance(each, Event) for each in told)
        assert [each.raw for each in told] == [
            json.loads(event) for of, event in events if of is market
        ]


@settings(deadline=None, max_examples=200)
@given(odd_events())
@example((Market.SPOT, b'{"e":"balanceUpdate","a":["BTC"],"d":"1","T":1}'))
@example((Market.USDM, b'{"e":"ORDER_TRADE_UPDATE","T":1,"o":"text"}'))
@example((Market.USDM, b'{"e":"ORDER_TRADE_UPDATE","T":{},"o":{}}'))
@example((Market.SPOT, b'{"e":{"a":1}}'))
def test_an_event_that_comes_on_two_links_is_told_once(drawn: tuple[Market, bytes]) -> None:
    market, event = drawn
    account = Account(market)
    old = account.link()
    new = account.link()

    account.feed.deliver(raw_event(event), new)
    account.feed.deliver(raw_event(event), old)

    assert [each.raw for each in account.taken()] == [json.loads(event)]


@settings(deadline=None, max_examples=200)
@given(st.lists(odd_events(), max_size=3), odd_events())
def test_a_gap_behind_odd_events_still_leads_to_questions(
    before: list[tuple[Market, bytes]], after: tuple[Market, bytes]
) -> None:
    market, event = after
    account = Account(market)
    link = account.link()
    for of, each in before:
        if of is market:
            account.feed.deliver(raw_event(each), link)
    account.taken()

    account.feed.lost(link, "lost")
    link = account.link()
    account.feed.deliver(raw_event(event), link)

    gap, told = account.taken()
    assert gap.reason == "lost"
    assert told.raw == json.loads(event)


CASES = [
    (Market.SPOT, "order.place", {"symbol": "BTCUSDT", "newClientOrderId": "mine"}),
    (Market.SPOT, "order.cancel", {"symbol": "BTCUSDT", "orderId": 1}),
    (Market.SPOT, "order.cancelReplace", {"symbol": "BTCUSDT", "newClientOrderId": "mine"}),
    (Market.SPOT, "order.amend.keepPriority", {"symbol": "BTCUSDT", "orderId": 1, "newQty": "1"}),
    (Market.SPOT, "orderList.place.oco", {"symbol": "BTCUSDT", "listClientOrderId": "mine"}),
    (Market.SPOT, "orderList.cancel", {"symbol": "BTCUSDT", "listClientOrderId": "mine"}),
    (Market.USDM, "order.place", {"symbol": "BTCUSDT", "newClientOrderId": "mine"}),
    (Market.USDM, "order.cancel", {"symbol": "BTCUSDT", "orderId": 1}),
    (Market.USDM, "order.modify", {"symbol": "BTCUSDT", "orderId": 1, "quantity": "1"}),
    (Market.USDM, "algoOrder.place", {"symbol": "BTCUSDT", "clientAlgoId": "mine"}),
    (Market.USDM, "algoOrder.cancel", {"algoId": 1}),
]


@pytest.mark.parametrize(
    "data", [{"e": "trade", "t": [1]}, {"e": "kline", "E": {}}, {"e": [1]}, {"u": {}}, [1], None]
)
def test_a_market_stream_event_of_odd_form_is_its_own_identity(data: Any) -> None:
    event = json.dumps(data).encode()

    assert stream_identity("btcusdt@trade", event) == ("btcusdt@trade", event)


KINDS = ("executionReport", "listStatus", "ORDER_TRADE_UPDATE", "ALGO_UPDATE", "TRADE_LITE")
MEMBERS = ("s", "c", "C", "i", "x", "X", "o", "O", "g", "L", "q", "p", "T", "caid", "aid")


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(CASES),
    st.sampled_from([*KINDS]),
    st.dictionaries(st.sampled_from([*MEMBERS]), odd_values),
)
def test_no_event_of_any_form_breaks_a_proof(
    case: tuple[Market, str, dict[str, Any]], kind: str, members: dict[str, Any]
) -> None:
    market, method, params = case
    lost = LostRequest(market, method, params, sent_us=1, stamp_tolerance_us=0)
    body = {"s": "BTCUSDT", "i": 1, "aid": 1, "c": "mine", "caid": "mine", "C": "mine", **members}

    prove = rules_of(lost).proven_by
    prove(lost, {"e": kind, **body})
    prove(lost, {"e": kind, "T": 1, "o": body})
    prove(lost, {"e": kind, "T": 1, "o": members.get("o")})


@pytest.mark.parametrize("beautify", [True, False])
@pytest.mark.parametrize(
    "event", [b'{"e":"executionReport","E":1e999999}', b'{"e":"balanceUpdate","a":"\xff"}']
)
def test_what_python_cannot_hold_is_told_as_text(event: bytes, beautify: bool) -> None:
    account = Account(Market.SPOT, beautify=beautify)

    account.feed.deliver(raw_event(event), account.link())

    (told,) = account.taken()
    assert isinstance(told, UnknownEvent)
    assert told.raw == event.decode(errors="replace")
    assert told.event_type == ""


ON_THE_WAY: list[Any] = [
    {"e": "ORDER_TRADE_UPDATE", "o": [1]},
    {"e": "executionReport", "i": 1},
    {"e": 5},
    {"e": None, "E": 1},
    {"E": 1},
    [],
    [{"e": "ORDER_TRADE_UPDATE"}],
    "text",
]


@pytest.mark.parametrize("ws_key", list(KEYS.values()))
@pytest.mark.parametrize("wrapped", [False, True])
def test_odd_events_come_through_each_kind_of_connection(
    connect: Connect, exchange: SimulatedExchange, ws_key: WsKey, wrapped: bool
) -> None:
    """Wrapped: as the private stream's ``/stream`` form sends them, where a listen key is read."""
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    core: Any = caller.client._core

    async def deliver() -> None:
        subscription, _ = core.user_data._kept[ws_key, None]
        if ws_key is WsKey.MAIN_WSAPI:
            link, form = core.sessions.open[ws_key].serving, '{"subscriptionId":0,"event":%s}'
        else:
            link, form = subscription.serving, '{"stream":"key","data":%s}' if wrapped else "%s"
        for event in ON_THE_WAY:
            link.received(form % json.dumps(event))

    core.runtime.run(deliver).result(WAIT_S)

    told = [caller.next_event(stream) for _ in ON_THE_WAY]
    assert all(type(each) is UnknownEvent for each in told)
    assert [each.raw for each in told] == ON_THE_WAY


@pytest.mark.parametrize("ws_key", [WsKey.USDM_WSAPI, WsKey.COINM_WSAPI])
@pytest.mark.parametrize("answer", [{"result": None, "id": 1}, {"error": {"code": 2}, "id": 1}])
def test_answers_on_a_listen_key_connection_are_no_events(
    connect: Connect, ws_key: WsKey, answer: Any
) -> None:
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    core: Any = caller.client._core

    async def deliver() -> None:
        core.user_data._kept[ws_key, None][0].serving.received(msgspec.json.encode(answer))

    core.runtime.run(deliver).result(WAIT_S)

    assert len(stream) == 0


@pytest.mark.parametrize("ws_key", [WsKey.USDM_WSAPI, WsKey.COINM_WSAPI])
def test_a_frame_that_is_no_json_is_announced_and_costs_nothing(
    connect: Connect, exchange: SimulatedExchange, ws_key: WsKey
) -> None:
    caller = connect()
    failures: list[Any] = []
    caller.client.on("exception", failures.append)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    core: Any = caller.client._core

    async def deliver() -> None:
        link = core.user_data._kept[ws_key, None][0].serving
        for frame in (b'{"e":', b'{"e":"balanceUpdate"}'):
            link.received(frame)

    core.runtime.run(deliver).result(WAIT_S)

    assert caller.next_event(stream).event_type == "balanceUpdate"
    caller.close()
    (failure,) = failures
    assert "malformed frame" in failure.reason
