"""What user data tells of trouble: a gap while it lasts, and after it each order and the account."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import (
    AccountReconciled,
    EventStream,
    OrderReconciled,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import reconciliation
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_events import FuturesOrderUpdate
from binance_wsapi.models.user_events import OrderUpdate
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]


@dataclass(frozen=True)
class Place:
    """One connection that user data is subscribed on, as these tests see it."""

    ws_key: WsKey
    market: Market
    path: str
    subscribes: str
    account_method: str
    symbol: str = "BTCUSDT"
    quantity: str = "0.01"

    def trade(self, account: AccountHandle, price: str = "50000") -> int:
        """Rest an order on the account, elsewhere, and return its id."""
        answer = account.request(
            "order.place",
            {
                "symbol": self.symbol,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": self.quantity,
                "price": price,
            },
            market=self.market,
        )
        order_id: int = answer["orderId"]
        return order_id

    def cancel(self, account: AccountHandle, order_id: int) -> None:
        params = {"symbol": self.symbol, "orderId": order_id}
        account.request("order.cancel", params, market=self.market)


SPOT = Place(WsKey.MAIN_WSAPI, Market.SPOT, "/ws-api", "userDataStream.subscribe", "account.status")
MARGIN = Place(
    WsKey.MARGIN_USER_DATA, Market.SPOT, "/ws-api", "userDataStream.subscribe.listenToken", ""
)
USDM = Place(
    WsKey.USDM_WSAPI, Market.USDM, "/usdm/private", "userDataStream.start", "account.status"
)
COINM = Place(
    WsKey.COINM_WSAPI,
    Market.COINM,
    "/coinm/ws",
    "userDataStream.start",
    "account.status",
    "BTCUSD_PERP",
    "1",
)
ALL = pytest.mark.parametrize("place", [SPOT, MARGIN, USDM, COINM], ids=lambda p: str(p.ws_key))
RECONCILED = pytest.mark.parametrize("place", [SPOT, USDM, COINM], ids=lambda p: str(p.ws_key))


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "RETRY_DELAY_S", 0.01)


def subscribed(
    connect: Connect, account: AccountHandle, place: Place, **options: Any
) -> tuple[Caller, EventStream[Any]]:
    options = {"resubscribe_user_data_stream_delay_seconds": 0.01, **options}
    caller = connect(account.create_key(), **options)
    stream = caller.call(lambda client: client.subscribe_user_data_stream(place.ws_key))
    return caller, stream


def next_of(caller: Caller, stream: EventStream[Any], kind: Any) -> Any:
    while not isinstance(event := caller.next_event(stream), kind):
        pass
    return event


def told_until_account(caller: Caller, stream: EventStream[Any]) -> list[Any]:
    """Return what is told up to the account, gaps and events left out."""
    told: list[Any] = []
    while not told or not isinstance(told[-1], AccountReconciled):
        told.append(next_of(caller, stream, (OrderReconciled, AccountReconciled)))
    return told


def with_gap(
    exchange: SimulatedExchange, place: Place, happens: Callable[[], object] = lambda: None
) -> None:
    """Cut the connection of the events, let something happen, and let it be restored."""
    down = exchange.faults.refuse_handshakes(503, path=place.path, times=None)
    exchange.drop_connections(place.path)
    happens()
    down.end()


@ALL
def test_that_the_exchange_is_gone_is_told_while_it_lasts(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place, timeout=500)
    down = exchange.faults.refuse_handshakes(503, path=place.path, times=None)
    exchange.drop_connections(place.path)

    told = caller.next_event(stream)

    assert isinstance(told, StreamGap)
    assert told.is_open
    assert re.search(r"not restored yet: .*503", told.reason)
    assert told.from_ms <= told.until_ms
    down.wait(down.hits + 3)
    assert len(stream) == 0, "told once for the same reason"
    down.end()
    closed = caller.next_event(stream)
    assert isinstance(closed, StreamGap)
    assert (closed.is_open, closed.from_ms) == (False, told.from_ms)


@ALL
def test_that_the_key_is_revoked_is_told_while_it_lasts(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place)
    revoked = exchange.faults.on(place.subscribes).refuse(
        -2015, "Invalid API-key, IP, or permissions for action.", times=None
    )
    exchange.drop_connections(place.path)

    told = caller.next_event(stream)

    assert isinstance(told, StreamGap)
    assert told.is_open
    assert "-2015" in told.reason
    revoked.end()
    closed = caller.next_event(stream)
    assert isinstance(closed, StreamGap)
    assert (closed.is_open, closed.from_ms) == (False, told.from_ms)


@ALL
def test_a_quick_restoration_is_told_by_one_gap(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place)

    exchange.drop_connections(place.path)

    gap = caller.next_event(stream)
    assert isinstance(gap, StreamGap)
    assert not gap.is_open


@RECONCILED
@pytest.mark.parametrize("code", [-1121, -1100, -2015, -1000])
def test_one_order_that_cannot_be_asked_for_holds_up_no_other(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place, code: int
) -> None:
    caller, stream = subscribed(connect, account, place)
    orders = [place.trade(account, str(50_000 + 100 * number)) for number in range(3)]
    for _ in orders:
        next_of(caller, stream, (OrderUpdate, FuturesOrderUpdate))
    exchange.faults.on(
        "order.status", when=lambda request: int(request.params["orderId"]) == orders[0]
    ).refuse(code, "Not this one.", times=None)
    exchange.faults.on("openOrders.status").refuse(code, "Nor all.", times=None)

    def cancel_all() -> None:
        for each in orders:
            place.cancel(account, each)

    with_gap(exchange, place, cancel_all)

    first, second, unknown, account_told = told_until_account(caller, stream)
    assert [(each.order_id, each.status) for each in (first, second)] == [
        (orders[1], "CANCELED"),
        (orders[2], "CANCELED"),
    ]
    assert (unknown.order_id, unknown.status, unknown.order) == (orders[0], "UNKNOWN", None)
    assert str(code) in unknown.problem
    assert account_told.problem is None
    assert account_told.account is not None


@RECONCILED
def test_an_order_that_was_told_unknown_is_asked_for_after_the_next_gap(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place)
    order_id = place.trade(account)
    next_of(caller, stream, (OrderUpdate, FuturesOrderUpdate))
    refused = exchange.faults.on("order.status").refuse(-1121, "Invalid symbol.", times=None)
    with_gap(exchange, place, lambda: place.cancel(account, order_id))
    assert told_until_account(caller, stream)[0].status == "UNKNOWN"
    refused.end()

    with_gap(exchange, place)

    order, _ = told_until_account(caller, stream)
    assert (order.order_id, order.status, order.problem) == (order_id, "CANCELED", None)


@RECONCILED
def test_an_account_that_cannot_be_read_is_told_so_at_the_end(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place)
    exchange.faults.on(place.account_method).refuse(-2015, "Invalid API-key.", times=None)

    with_gap(exchange, place)

    told = next_of(caller, stream, AccountReconciled)
    assert (told.raw_account, told.account) == (None, None)
    assert "-2015" in told.problem


@RECONCILED
@pytest.mark.parametrize("fault", ["refused", "undecided", "limited", "dropped"])
def test_an_account_that_is_not_read_at_first_is_asked_for_again(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place, fault: str
) -> None:
    caller, stream = subscribed(connect, account, place, timeout=5)
    faults = exchange.faults.on(place.account_method)
    if fault == "refused":
        happened = faults.refuse(-1000, "An unknown error occurred.")
    elif fault == "limited":
        happened = faults.rate_limited(0.05, times=3)
    elif fault == "dropped":
        happened = faults.drop_before_acceptance(times=8)
    else:
        happened = faults.server_error(503, times=4)

    with_gap(exchange, place)

    told = next_of(caller, stream, AccountReconciled)
    assert (told.problem, happened.is_over) == (None, True)
    assert told.account is not None


@RECONCILED
def test_an_account_in_a_form_of_its_own_is_told_as_a_problem(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    caller, stream = subscribed(connect, account, place)

    def odd(pending: Any) -> None:
        pending.send(
            b'{"id":"%s","status":200,"result":[1],"rateLimits":[]}' % pending.request.id.encode()
        )

    exchange.faults.on(place.account_method).do(odd, times=None)

    with_gap(exchange, place)

    told = next_of(caller, stream, AccountReconciled)
    assert told.raw_account is None
    assert "cannot be read" in told.problem


@pytest.mark.parametrize("fault", ["dropped", "undecided"])
def test_the_first_look_at_open_orders_outlives_failures(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, fault: str
) -> None:
    """What was open before the subscription is known although its first question was lost twice."""
    order_id = SPOT.trade(account)
    faults = exchange.faults.on("openOrders.status")
    if fault == "dropped":
        lost = faults.drop_before_acceptance(times=2)
    else:
        lost = faults.server_error(503, times=2)
    caller, stream = subscribed(connect, account, SPOT)
    lost.wait(2)
    exchange.journal.wait_for(
        lambda frame: frame.method == "openOrders.status" and frame.direction == "in",
        WAIT_S,
        count=3,
    )
    # The answer to what the client asks by itself is there when that to a later request is.
    caller.call(lambda client: client.spot.test_connectivity())

    with_gap(exchange, SPOT, lambda: SPOT.cancel(account, order_id))

    order = next_of(caller, stream, OrderReconciled)
    assert (order.order_id, order.status) == (order_id, "CANCELED")


@RECONCILED
def test_a_planned_move_closes_the_gap_that_was_feared(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    """Else an order whose end was told stays in mind, and is asked for after the next gap."""
    caller, stream = subscribed(connect, account, place)
    for _ in range(2):
        caller.call(lambda client: client.rotate(place.ws_key))
    order_id = place.trade(account)
    place.cancel(account, order_id)
    for _ in range(2):
        next_of(caller, stream, (OrderUpdate, FuturesOrderUpdate))
    core: Any = caller.client._core
    reconciler, *_ = core.sessions.reconcilers[place.ws_key]

    async def live() -> list[Any]:
        return list(reconciler._orders)

    replaced_until = time.monotonic() + WAIT_S
    while core.runtime.run(live).result(WAIT_S):  # until the replaced connections are let go
        assert time.monotonic() < replaced_until, "the gap stays open"

    with_gap(exchange, place)

    told_until_account(caller, stream)
    assert exchange.journal.requests("order.status") == []


def open_orders_are_known(caller: Caller) -> None:
    """Wait for what the client asks by itself at the start: later orders are not among the answers."""
    core = caller.client._core

    async def first_looks() -> None:
        for reconcilers in core.user_data._reconcilers.values():
            for each in reconcilers:
                assert each._first_look is not None
                await each._first_look

    core.runtime.run(first_looks).result(WAIT_S)


@pytest.mark.parametrize("place", [USDM, COINM], ids=lambda p: str(p.ws_key))
def test_an_answer_that_comes_late_shows_an_order_that_the_gap_hid(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, place: Place
) -> None:
    """Nobody knew of it while the gap was looked into: its answer starts another look."""
    caller, stream = subscribed(connect, account, place)
    open_orders_are_known(caller)
    answers: list[Callable[[], None]] = []

    def hold(pending: Any) -> None:
        answer = pending.execute()
        answers.append(lambda: pending.send(answer))

    held = exchange.faults.on("order.place").do(hold)
    order = {"symbol": place.symbol, "quantity": place.quantity, "price": "50000"}

    def place_order() -> Any:
        begun = caller.begin(
            lambda client: client.futures(place.market.value).submit_new_order(
                side="BUY", type="LIMIT", time_in_force="GTC", **order
            )
        )
        held.wait(1)
        return begun

    begun: list[Any] = []
    with_gap(exchange, place, lambda: begun.append(place_order()))
    assert len(told_until_account(caller, stream)) == 1

    exchange.call(answers[0])

    found, _ = told_until_account(caller, stream)
    placed = begun[0].result(WAIT_S).result
    assert (found.order_id, found.status) == (placed.order_id, "NEW")
