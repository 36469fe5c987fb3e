"""Options over real sockets: market streams by their routes, user data by listen keys from REST."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    EventStream,
    OrderRejected,
    ParameterError,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import listen_key
from binance_wsapi.markets import Market
from binance_wsapi.models import eoptions_events as account_events
from binance_wsapi.models import eoptions_stream_events as market_events
from binance_wsapi.models.stream_events import EventBatch
from binance_wsapi.simulator import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.eoptions.contracts import UNDERLYINGS, Option, option
from binance_wsapi.simulator.eoptions.market import OptionMarket

Connect = Callable[..., Caller]

KEY = WsKey.EOPTIONS_USER_DATA
PRICE = "500"
"""In the bounds of every option near the money."""


@pytest.fixture
def market(exchange: SimulatedExchange) -> OptionMarket:
    return exchange.call(lambda: exchange.venue.eoptions.market)


@pytest.fixture
def call(market: OptionMarket) -> Option:
    """The call at the money that expires first."""
    return next(each for each in market.options.values() if each.is_call and each.strike == 65_000)


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def connected(connect: Connect, account: AccountHandle) -> Caller:
    return connect(account.create_key())


def place(account: AccountHandle, call: Option, side: str = "BUY", **changed: Any) -> int:
    place.count += 1  # type: ignore[attr-defined]
    order = {
        "symbol": call.symbol,
        "side": side,
        "type": "LIMIT",
        "quantity": "1",
        "price": PRICE,
        "clientOrderId": f"order-{place.count}",  # type: ignore[attr-defined]
    }
    answer = account.request("POST /eapi/v1/order", order | changed, market=Market.EOPTIONS)
    order_id: int = answer["orderId"]
    return order_id


place.count = 0  # type: ignore[attr-defined]


def trade(exchange: SimulatedExchange, call: Option, price: str = PRICE) -> None:
    """Let two others deal one contract."""
    seller = exchange.create_account()
    place(seller, call, "SELL", price=price)
    exchange.trade(call.symbol, "BUY", 1, price, market=Market.EOPTIONS)


def subscribe(caller: Caller) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(lambda client: client.subscribe_user_data_stream(KEY))
    return stream


def streams(caller: Caller, *names: Callable[[Any], str], ws_key: WsKey = WsKey.EOPTIONS) -> Any:
    return caller.call(
        lambda client: client.streams.subscribe(
            *(name(client.streams) for name in names), ws_key=ws_key
        )
    )


def next_of(caller: Caller, stream: EventStream[Any], kind: type[Any]) -> Any:
    for _ in range(5000):
        event = caller.next_event(stream)
        # An open gap goes on: what happens before its end is not told.
        if isinstance(event, kind) and not getattr(event, "is_open", False):
            return event
    raise AssertionError(f"no {kind.__name__}")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (lambda s, c: s.option_trade(c.symbol), market_events.OptionTradeEvent),
        (lambda s, c: s.underlying_trades("BTCUSDT"), market_events.OptionTradeEvent),
        (lambda s, c: s.book_ticker(c.symbol), market_events.OptionBookTickerEvent),
        (lambda s, c: s.depth(c.symbol, "100ms"), market_events.OptionDepthEvent),
        (lambda s, c: s.partial_depth(c.symbol, 5, "100ms"), market_events.OptionPartialDepthEvent),
        (lambda s, c: s.option_ticker(c.symbol), market_events.OptionTickerEvent),
        (
            lambda s, c: s.expiry_tickers("BTCUSDT", c.expiry_date),
            market_events.OptionTickerEvent,
        ),
        (lambda s, c: s.kline(c.symbol, "1m"), market_events.OptionKlineEvent),
        (lambda s, c: s.option_mark_price("BTCUSDT"), market_events.OptionMarkPriceEvent),
        (lambda s, c: s.all_index_prices(), market_events.OptionIndexPriceEvent),
        (
            lambda s, c: s.option_open_interest("BTCUSDT", c.expiry_date),
            market_events.OptionOpenInterestEvent,
        ),
        (lambda s, c: s.option_listed(), market_events.OptionListedEvent),
    ],
)
def test_every_stream_sends_its_events(
    connect: Connect,
    exchange: SimulatedExchange,
    market: OptionMarket,
    call: Option,
    name: Callable[[Any, Option], str],
    kind: type[Any],
) -> None:
    caller = connect(api_key=None)
    stream = streams(caller, lambda builders: name(builders, call))
    new = option(UNDERLYINGS[0], Decimal(64_000), call.expiry_us, call.onboard_us, is_call=True)

    trade(exchange, call)
    exchange.call(lambda: market.list(new))
    if kind is market_events.OptionOpenInterestEvent:
        exchange.clock.advance(60)

    event: Any = caller.next_event(stream)
    while isinstance(event, EventBatch):
        rows: list[Any] = list(event)
        event = next(each for each in rows if each.symbol in {call.symbol, "BTCUSDT"})
    assert type(event) is kind
    assert event.symbol in {call.symbol, new.symbol, "BTCUSDT"}
    assert not [each for each in event.raw if each not in _members(kind)]


def _members(kind: type[Any]) -> set[str]:
    return {"e", *(kind.__struct_encode_fields__)}


def test_one_subscription_reaches_both_routes(
    connect: Connect, exchange: SimulatedExchange, call: Option
) -> None:
    caller = connect(api_key=None)
    stream = streams(caller, lambda s: s.option_trade(call.symbol), lambda s: s.all_index_prices())
    trade(exchange, call)

    kinds = {caller.next_event(stream).event_type for _ in range(2)}

    assert kinds == {"trade", "indexPrice"}
    paths = {frame.path for frame in exchange.journal.frames}
    assert {"/eoptions/public/stream", "/eoptions/market/stream"} <= paths


def test_a_connection_carries_as_many_names_as_options_allow(
    connect: Connect, exchange: SimulatedExchange, market: OptionMarket, call: Option
) -> None:
    """200, where the other markets allow 1,024: more take a further connection."""
    caller = connect(api_key=None)
    kinds = ("optionTicker", "bookTicker", "depth@100ms", "depth@500ms", "depth5@100ms")
    names = [f"{symbol.lower()}@{kind}" for symbol in market.options for kind in kinds]
    assert len(names) == 200

    stream = streams(caller, *(lambda s, name=name: name for name in names))
    assert len(exchange.journal.connections()) == 1
    more = streams(caller, lambda s: s.option_trade(call.symbol))

    trade(exchange, call)
    assert len(exchange.journal.connections()) == 2
    assert next_of(caller, more, market_events.OptionTradeEvent).symbol == call.symbol
    assert next_of(caller, stream, market_events.OptionBookTickerEvent).symbol == call.symbol


def test_a_stream_asked_for_on_the_wrong_route_is_refused(connect: Connect) -> None:
    """The exchange would take it and be silent."""
    with pytest.raises(ParameterError, match=r"use WsKey\.EOPTIONS, which finds the route"):
        streams(connect(api_key=None), lambda s: s.all_index_prices(), ws_key=WsKey.EOPTIONS_PUBLIC)


def test_a_lost_stream_connection_is_a_gap_and_comes_back(
    connect: Connect, exchange: SimulatedExchange, call: Option
) -> None:
    caller = connect(api_key=None)
    stream = streams(caller, lambda s: s.option_trade(call.symbol))

    exchange.drop_connections("/eoptions/public")
    next_of(caller, stream, StreamGap)
    trade(exchange, call)

    assert next_of(caller, stream, market_events.OptionTradeEvent).symbol == call.symbol


def test_there_is_no_local_book_and_why_is_said(connect: Connect, call: Option) -> None:
    caller = connect(api_key=None)

    with pytest.raises(ConfigurationError, match="partial_depth"):
        caller.call(lambda client: client.streams.order_book(call.symbol, ws_key=WsKey.EOPTIONS))


def test_an_order_is_told_from_its_placement_to_the_exercise(
    connected: Caller,
    exchange: SimulatedExchange,
    account: AccountHandle,
    market: OptionMarket,
    call: Option,
) -> None:
    """Five of the six kinds of event in their order; the sixth is the end of the key."""
    stream = subscribed = subscribe(connected)
    order_id = place(account, call)
    exchange.trade(call.symbol, "SELL", 1, PRICE, market=Market.EOPTIONS)

    placed = connected.next_event(stream)
    filled = connected.next_event(stream)
    changed = connected.next_event(stream)
    stands = connected.next_event(stream)
    greeks = connected.next_event(subscribed)
    assert (placed.order.order_id, placed.order.execution_type) == (order_id, "NEW")
    assert (filled.order.status, filled.order.last_executed_price) == ("FILLED", Decimal(500))
    assert filled.order.commission < 0
    assert changed.positions[call.symbol].quantity == 1
    assert stands.equity == stands.wallet_balance + stands.position_value
    assert greeks.greeks["BTCUSDT"].delta > 0

    exchange.move_price("BTCUSDT", "66000", market=Market.EOPTIONS)
    before = changed.balances["USDT"].balance
    exchange.call(lambda: market.expire(call.symbol))
    paid = connected.next_event(stream)

    assert isinstance(paid, account_events.OptionBalancePositionUpdate)
    assert paid.balances["USDT"].balance - before == 1_000
    assert paid.positions[call.symbol].quantity == 0


def test_orders_by_rest_are_found_by_their_id(connected: Caller, call: Option) -> None:
    """The REST door leads to options: a client order id is made, the stream tells the order."""
    stream = subscribe(connected)
    order = {"symbol": call.symbol, "side": "BUY", "type": "LIMIT", "quantity": "1", "price": PRICE}

    answer = connected.call(
        lambda client: client.rest("eoptions", "POST", "/eapi/v1/order", order, signed=True)
    ).result

    told = next_of(connected, stream, account_events.OptionOrderUpdate).order
    assert (told.order_id, told.client_order_id) == (answer["orderId"], answer["clientOrderId"])
    with pytest.raises(OrderRejected, match="-2027"):
        connected.call(
            lambda client: client.rest(
                "eoptions",
                "POST",
                "/eapi/v1/order",
                order | {"quantity": "1000", "price": "6000"},
                signed=True,
            )
        )


def test_the_stream_outlives_its_connection_and_its_key(
    connected: Caller,
    exchange: SimulatedExchange,
    account: AccountHandle,
    market: OptionMarket,
    call: Option,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Losses, a key that another client stopped and one that ran out: each is a gap, then events come."""
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    stream = subscribe(connected)
    own = market.account(account.uid)

    for spoil, why in (
        (lambda: exchange.drop_connections("/eoptions/private"), ""),
        (lambda: exchange.call(lambda: market.listen_keys.stop(own)), "listen key"),
        (lambda: exchange.call(lambda: market.listen_keys.expire(own)), "listen key"),
    ):
        spoil()
        gap = next_of(connected, stream, StreamGap)
        order_id = place(account, call)

        assert why in gap.reason
        told = next_of(connected, stream, account_events.OptionOrderUpdate)
        assert told.order.order_id == order_id


def test_a_host_that_reads_no_key_from_the_path_is_asked_for_it(
    connected: Caller, exchange: SimulatedExchange, account: AccountHandle, call: Option
) -> None:
    """So is USD-M's, on the same paths: the key is subscribed as well, and each event comes once."""
    venue = exchange.call(lambda: exchange.venue.eoptions)
    private: Any = venue._servers["private"]
    private._reads_path = False
    stream = subscribe(connected)
    exchange.journal.wait_for(lambda frame: frame.payload == {"result": None, "id": 1})

    placed = place(account, call)
    assert connected.next_event(stream).order.order_id == placed


def test_the_end_of_the_key_is_told_before_the_gap(
    connected: Caller, exchange: SimulatedExchange, account: AccountHandle, market: OptionMarket
) -> None:
    stream = subscribe(connected)

    exchange.call(lambda: market.listen_keys.expire(market.account(account.uid)))

    assert connected.next_event(stream).event_type == "listenKeyExpired"
    assert isinstance(connected.next_event(stream), StreamGap)


def test_a_rotation_loses_nothing_and_tells_nothing_twice(
    connected: Caller, exchange: SimulatedExchange, account: AccountHandle, call: Option
) -> None:
    stream = subscribe(connected)

    placed = [place(account, call)]
    connected.call(lambda client: client.rotate(KEY))
    placed.append(place(account, call))
    exchange.trade(call.symbol, "SELL", 1, PRICE, market=Market.EOPTIONS)

    told = [connected.next_event(stream) for _ in range(6)]
    assert [type(each) for each in told] == [
        *[account_events.OptionOrderUpdate] * 3,
        account_events.OptionBalancePositionUpdate,
        account_events.OptionAccountUpdate,
        account_events.OptionGreekUpdate,
    ]
    assert [each.order.order_id for each in told[:3]] == [*placed, placed[0]]


def test_a_loss_while_rest_is_out_of_order_is_mended_later(
    connected: Caller, exchange: SimulatedExchange, account: AccountHandle, call: Option
) -> None:
    """No key, no connection: the stream tells the gap and goes on when REST does."""
    stream = subscribe(connected)

    exchange.faults.refuse_rest(503, times=2)
    exchange.drop_connections("/eoptions/private")
    next_of(connected, stream, StreamGap)
    order_id = place(account, call)

    assert next_of(connected, stream, account_events.OptionOrderUpdate).order.order_id == order_id


def test_without_resubscribing_the_caller_goes_on(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, call: Option
) -> None:
    caller = connect(account.create_key(), resubscribe_user_data_stream_after_reconnect=False)
    stream = subscribe(caller)

    exchange.drop_connections("/eoptions/private")
    gap = caller.next_event(stream)
    assert "subscribe_user_data_stream(WsKey.EOPTIONS_USER_DATA)" in gap.reason

    subscribe(caller)
    order_id = place(account, call)
    assert next_of(caller, stream, account_events.OptionOrderUpdate).order.order_id == order_id


def test_unsubscribing_gives_the_key_back(
    connected: Caller, exchange: SimulatedExchange, account: AccountHandle, market: OptionMarket
) -> None:
    stream = subscribe(connected)
    assert exchange.call(lambda: market.listen_keys.has_key(account.uid))

    connected.call(lambda client: client.unsubscribe_user_data_stream(KEY))

    assert not exchange.call(lambda: market.listen_keys.has_key(account.uid))
    with pytest.raises(ClientClosed):
        connected.next_event(stream)


def test_a_client_without_a_key_learns_so_at_once(connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match="api_key"):
        subscribe(connect(api_key=None))


def test_a_refused_key_is_told(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    key = account.create_key()
    account.revoke_key(key)

    with pytest.raises(AuthenticationFailed):
        subscribe(connect(key))
