"""User data of futures: a listen key, its connection, and one stream through the life of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted, rotating_after

from binance_wsapi import (
    AccountReconciled,
    ClientClosed,
    ConfigurationError,
    EventStream,
    NotSent,
    OrderReconciled,
    RequestRejected,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import listen_key, watch
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_events import FuturesOrderUpdate, ListenKeyExpired
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]


@dataclass(frozen=True)
class Futures:
    """One futures market as these tests see it."""

    market: Market
    ws_key: WsKey
    symbol: str
    quantity: str
    price: int
    private: str
    """How the paths of its listen-key connections begin."""


USDM = Futures(Market.USDM, WsKey.USDM_WSAPI, "BTCUSDT", "0.01", 50_000, "/usdm/private")
COINM = Futures(Market.COINM, WsKey.COINM_WSAPI, "BTCUSD_PERP", "1", 50_000, "/coinm/ws")


@pytest.fixture(params=[USDM, COINM], ids=lambda futures: futures.market.value)
def futures(request: pytest.FixtureRequest) -> Futures:
    chosen: Futures = request.param
    return chosen


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@dataclass
class UserData:
    """A subscribed client and the other ends of what it is subscribed to."""

    caller: Caller
    exchange: SimulatedExchange
    account: AccountHandle
    futures: Futures
    stream: EventStream[Any]

    def place(self, step: int = 0) -> int:
        """Rest an order and return its id."""
        futures = self.futures
        answer = self.account.request(
            "order.place",
            {
                "symbol": futures.symbol,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": futures.quantity,
                "price": str(futures.price + step),
            },
            market=futures.market,
        )
        order_id: int = answer["orderId"]
        return order_id

    def cancel(self, order_id: int) -> None:
        """Cancel an order, elsewhere."""
        params = {"symbol": self.futures.symbol, "orderId": order_id}
        self.account.request("order.cancel", params, market=self.futures.market)

    def next(self, kind: type[Any]) -> Any:
        """Take events up to the first of a kind, which is returned."""
        for _ in range(50):
            event = self.caller.next_event(self.stream)
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__}")

    def next_order_id(self) -> int:
        order_id: int = self.next(FuturesOrderUpdate).order.order_id
        return order_id

    def keys(self) -> set[str]:
        """Return the listen keys that were handed out so far."""
        answers = (
            frame.payload["result"]
            for frame in self.exchange.journal.frames
            if frame.direction == "out" and "result" in (frame.payload or {})
        )
        return {answer["listenKey"] for answer in answers if "listenKey" in (answer or {})}

    def opened(self) -> int:
        """Return how many listen-key connections there were."""
        return sum(
            frame.direction == "open" and frame.path.startswith(self.futures.private)
            for frame in self.exchange.journal.frames
        )

    def asked(self, method: str, count: int = 1) -> int:
        """Wait for requests of a method; return how many there are."""
        self.exchange.journal.wait_for(
            lambda frame: frame.direction == "in" and frame.method == method, WAIT_S, count=count
        )
        return len(self.exchange.journal.requests(method))

    def kill_key(self) -> None:
        """End the key as the account's owner does elsewhere: the connection stays, and is silent."""
        self.account.request("userDataStream.stop", market=self.futures.market)


@pytest.fixture
def subscribed(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, futures: Futures
) -> Callable[..., UserData]:
    def make(
        key_type: Any = "ed25519", rotate_after: float | None = None, **options: Any
    ) -> UserData:
        caller = connect(account.create_key(key_type), **options)
        if rotate_after is not None:
            rotating_after(caller, rotate_after)
        stream = caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))
        return UserData(caller, exchange, account, futures, stream)

    return make


Subscribed = Callable[..., UserData]


@pytest.mark.parametrize("key_type", ["ed25519", "hmac"])
def test_events_of_the_account_come_typed(subscribed: Subscribed, key_type: str) -> None:
    data = subscribed(key_type)

    order_id = data.place()

    event = data.next(FuturesOrderUpdate)
    assert (event.order.order_id, event.order.symbol) == (order_id, data.futures.symbol)


def test_wire_dicts_come_without_beautify(subscribed: Subscribed) -> None:
    data = subscribed(beautify=False)

    order_id = data.place()

    event = data.next(dict)
    assert (event["e"], event["o"]["i"]) == ("ORDER_TRADE_UPDATE", order_id)


def test_the_same_stream_is_returned_when_asked_for_again(
    subscribed: Subscribed, futures: Futures
) -> None:
    data = subscribed()

    again = data.caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))

    assert again is data.stream
    assert data.opened() == 1


def test_unsubscribing_stops_the_key_and_ends_the_stream(
    subscribed: Subscribed, futures: Futures
) -> None:
    data = subscribed()

    data.caller.call(lambda client: client.unsubscribe_user_data_stream(futures.ws_key))

    assert data.asked("userDataStream.stop") == 1
    with pytest.raises(ClientClosed):
        data.caller.next_event(data.stream)
    data.caller.call(lambda client: client.unsubscribe_user_data_stream(futures.ws_key))
    data.stream = data.caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))
    order_id = data.place()
    assert data.next_order_id() == order_id
    assert len(data.keys()) == 2, "a key of its own"


def test_closing_the_stream_unsubscribes(subscribed: Subscribed) -> None:
    data = subscribed()

    data.stream.close()

    assert data.asked("userDataStream.stop") == 1


def test_key_is_kept_alive(subscribed: Subscribed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    data = subscribed()

    data.asked("userDataStream.ping", count=3)

    order_id = data.place()
    assert data.next_order_id() == order_id
    assert data.opened() == 1, "the connection stays"


def test_expired_key_is_replaced_and_the_stream_goes_on(subscribed: Subscribed) -> None:
    data = subscribed()

    data.exchange.clock.advance(3_601)

    assert isinstance(data.next(ListenKeyExpired), ListenKeyExpired)
    gap = data.next(StreamGap)
    assert "expired" in gap.reason
    order_id = data.place()
    assert data.next_order_id() == order_id
    assert len(data.keys()) == 2


def test_key_that_died_unseen_is_found_by_its_refused_ping(
    subscribed: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    data = subscribed()

    data.kill_key()

    gap = data.next(StreamGap)

    assert "listen key" in gap.reason
    order_id = data.place()
    assert data.next_order_id() == order_id
    assert len(data.keys()) == 2


def test_key_stopped_through_the_client_itself_is_replaced_at_once(
    subscribed: Subscribed, futures: Futures
) -> None:
    data = subscribed()
    name = futures.market.value

    data.caller.call(lambda client: client.futures(name).stop_user_data_stream_for_key())

    gap = data.next(StreamGap)
    assert "listen key was stopped" in gap.reason
    order_id = data.place()
    assert data.next_order_id() == order_id
    assert len(data.keys()) == 2
    assert data.exchange.journal.requests("userDataStream.ping") == []


def test_key_that_another_client_stopped_is_noticed_within_a_minute() -> None:
    assert listen_key.KEEP_ALIVE_S <= 60


def test_another_key_of_the_account_is_noticed_by_the_next_ping(
    subscribed: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another client stopped the key and started one: the pings go on, for a key we do not read."""
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    data = subscribed()

    def replace_key() -> None:
        data.kill_key()
        data.account.request("userDataStream.start", market=data.futures.market)

    data.exchange.call(replace_key)

    gap = data.next(StreamGap)
    assert "another listen key" in gap.reason
    order_id = data.place()
    assert data.next_order_id() == order_id


def test_a_dead_key_takes_no_connection_of_another_key_with_it(
    subscribed: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation comes upon a new key: the connection of the old one goes at once, and with a gap."""
    monkeypatch.setattr(watch, "DRAIN_LINGER_S", 60.0)
    data = subscribed()
    data.kill_key()
    data.caller.call(lambda client: client.rotate(data.futures.ws_key))
    core: Any = data.caller.client._core

    async def links() -> list[Any]:
        return list(core.user_data._kept[data.futures.ws_key, None][0].links.values())

    gap = data.next(StreamGap)
    assert "another listen key" in gap.reason
    [link] = core.runtime.run(links).result(WAIT_S)
    assert link.lost_because is None
    order_id = data.place()
    assert data.next_order_id() == order_id
    assert data.opened() == 2


def test_a_server_that_is_about_to_go_is_left_without_a_gap(subscribed: Subscribed) -> None:
    data = subscribed()
    rotated = noted(data.caller, "rotated")
    core: Any = data.caller.client._core

    async def announce() -> None:
        core.user_data._kept[data.futures.ws_key, None][0].serving.received(
            b'{"e":"serverShutdown","E":1}'
        )

    core.runtime.run(announce).result(WAIT_S)

    rotated.wait()
    order_id = data.place()
    event = data.caller.next_event(data.stream)
    assert (event.order.order_id, data.opened()) == (order_id, 2)


def test_ping_that_fails_for_another_reason_costs_nothing(
    subscribed: Subscribed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_RETRY_S", 0.01)
    data = subscribed()
    fault = data.exchange.faults.on("userDataStream.ping").refuse(-1000, "Unknown error.", times=3)

    fault.wait(3)

    order_id = data.place()
    assert data.next_order_id() == order_id
    assert data.opened() == 1


def test_lost_connection_is_restored_with_the_gap_in_its_place(subscribed: Subscribed) -> None:
    data = subscribed()
    before = data.place()
    assert data.next_order_id() == before

    down = data.exchange.faults.refuse_handshakes(503, path=data.futures.private, times=None)
    data.exchange.drop_connections(data.futures.private)
    data.cancel(before)
    down.end()
    told = [data.caller.next_event(data.stream)]
    while not isinstance(told[-1], AccountReconciled):
        told.append(data.caller.next_event(data.stream))
    after = data.place(2)

    gap, order, _ = (
        event for event in told if not isinstance(event, StreamGap) or not event.is_open
    )
    assert isinstance(gap, StreamGap)
    assert isinstance(order, OrderReconciled)
    assert (order.order_id, order.status) == (before, "CANCELED")
    assert data.next_order_id() == after
    assert len(data.keys()) == 1, "the key lives on"


def test_dead_peer_is_noticed(subscribed: Subscribed) -> None:
    data = subscribed(ping_interval=0.05, pong_timeout=0.5)

    data.exchange.faults.half_open()

    gap = data.next(StreamGap)
    assert "no sign of life" in gap.reason
    order_id = data.place()
    assert data.next_order_id() == order_id


def test_planned_move_tells_each_event_once(subscribed: Subscribed) -> None:
    data = subscribed(rotate_after=0.3)
    happened: list[tuple[int, str]] = []
    told: list[Any] = []

    while data.opened() < 2 or len(happened) < 100:
        order_id = data.place()
        data.cancel(order_id)
        happened += [(order_id, "NEW"), (order_id, "CANCELED")]
        while len(data.stream):
            told.append(data.next(FuturesOrderUpdate).order)
    while len(told) < len(happened):
        told.append(data.next(FuturesOrderUpdate).order)

    assert [(order.order_id, order.status) for order in told] == happened
    assert len(data.stream) == 0


def test_refused_key_is_told_at_once(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, futures: Futures
) -> None:
    exchange.faults.on("userDataStream.start").refuse(-2015, "Invalid API-key.", times=None)
    caller = connect(account.create_key())

    with pytest.raises(RequestRejected) as refused:
        caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))

    assert refused.value.code == -2015


def test_no_connection_is_not_sent(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, futures: Futures
) -> None:
    caller = connect(account.create_key(), timeout=0.3)
    exchange.faults.refuse_handshakes(503, path=futures.private, times=None)

    with pytest.raises(NotSent, match="repeating it is safe"):
        caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))


def test_client_without_a_key_is_told_so(
    connect: Connect, exchange: SimulatedExchange, futures: Futures
) -> None:
    caller = connect(api_key=None)

    with pytest.raises(ConfigurationError, match="api_key"):
        caller.call(lambda client: client.subscribe_user_data_stream(futures.ws_key))


def test_listen_key_methods_exist_on_their_own(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, futures: Futures
) -> None:
    caller = connect(account.create_key())
    name = futures.market.value

    started = caller.call(lambda client: client.futures(name).start_user_data_stream_for_key())
    pinged = caller.call(lambda client: client.futures(name).ping_user_data_stream_for_key())
    caller.call(lambda client: client.futures(name).stop_user_data_stream_for_key())

    assert started.result.listen_key == pinged.result.listen_key
    with pytest.raises(RequestRejected) as gone:
        caller.call(lambda client: client.futures(name).ping_user_data_stream_for_key())
    assert gone.value.code == -1125
