"""User data with ``resubscribe_user_data_stream_after_reconnect=False``: a loss is told, and left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from callers import Caller, Noted, noted

from binance_wsapi import EventStream, RequestRejected, StreamGap, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_events import FuturesOrderUpdate
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]


@dataclass(frozen=True)
class Place:
    """One connection that user data is subscribed on, as these tests see it."""

    ws_key: WsKey
    path: str
    """How the paths of the connections begin that its events come on."""
    subscribes: str
    """The request that is made for each subscription."""
    event: type[Any]
    order: tuple[str, str, str]

    def trade(self, account: AccountHandle) -> int:
        """Rest an order on the account, elsewhere, and return its id."""
        symbol, quantity, market = self.order
        account = account.margin() if self.ws_key is WsKey.MARGIN_USER_DATA else account
        answer = account.request(
            "order.place",
            {
                "symbol": symbol,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": quantity,
                "price": "50000",
            },
            market=Market(market),
        )
        order_id: int = answer["orderId"]
        return order_id

    def order_id(self, event: Any) -> int:
        order_id: int = (event.order if self.event is FuturesOrderUpdate else event).order_id
        return order_id


SPOT = Place(
    WsKey.MAIN_WSAPI,
    "/ws-api",
    "userDataStream.subscribe",
    OrderUpdate,
    ("BTCUSDT", "0.01", "spot"),
)
MARGIN = Place(
    WsKey.MARGIN_USER_DATA,
    "/ws-api",
    "userDataStream.subscribe.listenToken",
    OrderUpdate,
    ("BTCUSDT", "0.01", "spot"),
)
USDM = Place(
    WsKey.USDM_WSAPI,
    "/usdm/private",
    "userDataStream.start",
    FuturesOrderUpdate,
    ("BTCUSDT", "0.01", "usdm"),
)
COINM = Place(
    WsKey.COINM_WSAPI,
    "/coinm/ws",
    "userDataStream.start",
    FuturesOrderUpdate,
    ("BTCUSD_PERP", "1", "coinm"),
)


@pytest.fixture(params=[SPOT, MARGIN, USDM, COINM], ids=lambda place: str(place.ws_key))
def place(request: pytest.FixtureRequest) -> Place:
    chosen: Place = request.param
    return chosen


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    account = exchange.create_account()
    account.margin().deposit("USDT", 10_000)
    return account


@dataclass
class LeftOff:
    """A client that does not resubscribe, its stream, and what its handlers were told."""

    caller: Caller
    place: Place
    stream: EventStream[Any]
    failures: Noted

    def subscribe(self) -> EventStream[Any]:
        place = self.place
        stream: EventStream[Any] = self.caller.call(
            lambda client: client.subscribe_user_data_stream(place.ws_key)
        )
        return stream

    def next(self, kind: type[Any]) -> Any:
        while not isinstance(event := self.caller.next_event(self.stream), kind):
            pass
        return event


@pytest.fixture
def left_off(connect: Connect, account: AccountHandle, place: Place) -> LeftOff:
    caller = connect(account.create_key(), resubscribe_user_data_stream_after_reconnect=False)
    failures = noted(caller, "exception")
    stream = caller.call(lambda client: client.subscribe_user_data_stream(place.ws_key))
    return LeftOff(caller, place, stream, failures)


def test_loss_is_told_with_the_way_out_and_nothing_is_resubscribed(
    left_off: LeftOff, exchange: SimulatedExchange
) -> None:
    place = left_off.place
    exchange.drop_connections(place.path)

    gap = left_off.next(StreamGap)
    [failure] = left_off.failures.wait()

    for reason in (gap.reason, failure.reason):
        assert "resubscribing is switched off" in reason
        assert f"subscribe_user_data_stream(WsKey.{place.ws_key.name})" in reason
    assert gap.from_ms <= gap.until_ms
    left_off.caller.call(lambda client: client.connect(place.ws_key))
    assert len(exchange.journal.requests(place.subscribes)) == 1


def test_subscribing_again_goes_on_with_the_same_stream(
    left_off: LeftOff, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    place = left_off.place
    exchange.drop_connections(place.path)
    told = left_off.next(StreamGap)

    again = left_off.subscribe()

    gap = left_off.next(StreamGap)
    order_id = place.trade(account)
    assert again is left_off.stream
    assert "switched off" not in gap.reason
    assert gap.from_ms == told.from_ms
    assert place.order_id(left_off.next(place.event)) == order_id
    assert left_off.subscribe() is left_off.stream
    assert len(exchange.journal.requests(place.subscribes)) == 2


def test_planned_move_is_no_loss(
    left_off: LeftOff, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    place = left_off.place
    left_off.caller.call(lambda client: client.rotate(place.ws_key))

    order_id = place.trade(account)

    assert place.order_id(left_off.next(place.event)) == order_id
    assert left_off.failures.events == []


def test_refusal_of_the_second_subscription_is_raised(
    left_off: LeftOff, exchange: SimulatedExchange
) -> None:
    place = left_off.place
    exchange.drop_connections(place.path)
    left_off.next(StreamGap)
    exchange.faults.on(place.subscribes).refuse(-2015, "Invalid API-key.")

    with pytest.raises(RequestRejected) as refused:
        left_off.subscribe()

    assert refused.value.code == -2015
    assert left_off.subscribe() is left_off.stream
