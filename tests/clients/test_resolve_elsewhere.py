"""What became of a request is found out by a client that did not send it: after a crash, say."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from callers import Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    Client,
    ConfigurationError,
    NotPlaced,
    OrderNotFound,
    OutcomeUnknown,
    ParameterError,
    Response,
    WsKey,
)
from binance_wsapi.protocol import inquiry

Dial = Callable[..., Caller]

KEY, SECRET = "k" * 64, "s" * 64
SIGNED: dict[str, Any] = {
    "api_key": KEY,
    "api_secret": SECRET,
    "mute_latency_warning": True,
    "timeout": 500,
}
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
NAMED = {**ORDER, "newClientOrderId": "mine"}


async def cuts(peer: Peer, request: dict[str, Any]) -> None:
    peer.cut()


async def has_it(peer: Peer, request: dict[str, Any]) -> None:
    now = int(time.time() * 1000)
    await peer.answer(
        request,
        {
            "symbol": "BTCUSDT",
            "orderId": 7,
            "clientOrderId": request["params"]["origClientOrderId"],
            "time": now,
            "updateTime": now,
            "status": "FILLED",
            "type": "MARKET",
            "side": "BUY",
            "origQty": "1",
            "executedQty": "1",
            "price": "0",
            "timeInForce": "GTC",
        },
    )


async def has_none(peer: Peer, request: dict[str, Any]) -> None:
    await peer.refuse(request, -2013, "Order does not exist.")


async def no_orders(peer: Peer, request: dict[str, Any]) -> None:
    await peer.answer(request, [])


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request can no longer be accepted 1.1 s after it was sent."""
    monkeypatch.setattr(inquiry, "_PROCESSING_US", -4_900_000)
    monkeypatch.setattr(inquiry, "_LAG_S", 0.01)


def lost(dial: Dial, scripted: ScriptedServer, ws_key: WsKey = WsKey.MAIN_WSAPI) -> bytes:
    """An order whose answer was lost, as the client that sent it leaves it behind."""
    scripted.replies["order.place"] = cuts
    first = dial(**SIGNED, on_unknown_outcome="raise")
    with pytest.raises(OutcomeUnknown) as ended:
        first.call(lambda client: client.request(ws_key, "order.place", NAMED))
    left_behind = pickle.dumps(ended.value)
    first.close()
    return left_behind


@pytest.mark.parametrize("ws_key", [WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI, WsKey.COINM_WSAPI])
def test_pickled_error_is_resolved_by_another_client(
    dial: Dial, scripted: ScriptedServer, ws_key: WsKey
) -> None:
    error = pickle.loads(lost(dial, scripted, ws_key))
    scripted.replies["order.status"] = has_it
    assert isinstance(error, OutcomeUnknown)

    response = dial(**SIGNED).call(lambda client: client.resolve(error))

    assert isinstance(response, Response)
    assert response.resolved
    assert response.raw["result"]["clientOrderId"] == "mine"
    (asked,) = scripted.seen("order.status")
    assert asked["params"]["origClientOrderId"] == "mine"
    assert len(scripted.seen("order.place")) == 1


def test_pickle_holds_no_secret(dial: Dial, scripted: ScriptedServer) -> None:
    left_behind = lost(dial, scripted)

    assert KEY.encode() not in left_behind
    assert SECRET.encode() not in left_behind
    assert scripted.seen("order.place")[0]["params"]["signature"].encode() not in left_behind


def test_error_resolves_nothing_by_itself_where_it_was_not_raised(
    dial: Dial, scripted: ScriptedServer
) -> None:
    error = pickle.loads(lost(dial, scripted))

    with pytest.raises(Exception, match=r"pass this error to resolve\(\) of another client"):
        error.resolve()


def test_request_is_resolved_by_its_description(dial: Dial, scripted: ScriptedServer) -> None:
    scripted.replies["order.status"] = has_it
    caller = dial(**SIGNED)

    response = caller.call(
        lambda client: client.resolve("order.place", NAMED, sent_at=datetime.now(UTC))
    )

    assert response.resolved
    assert not scripted.seen("order.place")


@pytest.mark.usefixtures("soon")
def test_not_found_counts_only_once_it_can_no_longer_be_accepted(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """However long ago it is said to have been sent: nobody here has seen it."""
    scripted.replies |= {"order.status": has_none, "allOrders": no_orders}
    caller = dial(**SIGNED)
    began = time.monotonic()

    with pytest.raises(NotPlaced) as ended:
        caller.call(
            lambda client: client.resolve(
                "order.place", NAMED, sent_at=int(time.time() * 1000) - 3_600_000
            )
        )

    assert time.monotonic() - began >= 1.1
    assert ended.value.client_order_id == "mine"


@pytest.mark.usefixtures("soon")
def test_window_of_the_request_counts(dial: Dial, scripted: ScriptedServer) -> None:
    scripted.replies |= {"order.status": has_none, "allOrders": no_orders}
    caller = dial(**SIGNED)

    with pytest.raises(OutcomeUnknown):
        caller.call(
            lambda client: client.resolve(
                "order.place", NAMED, sent_at=datetime.now(UTC), recv_window=60_000, timeout=2
            )
        )


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (("no.such", NAMED), ParameterError, "no operation that changes orders"),
        (("order.status", NAMED), ParameterError, "no operation that changes orders"),
        (("order.place", ORDER), ParameterError, "params has no newClientOrderId"),
        (("order.place", {"symbol": "BTCUSDT"}), ParameterError, "side"),
        (("order.place", NAMED, {"sent_at": None}), ParameterError, "sent_at is missing"),
        (("order.place", NAMED, {"sent_at": 1_795_824_000}), ParameterError, "is in seconds"),
        (("order.place", NAMED, {"sent_at": datetime(2026, 1, 1)}), ParameterError, "time zone"),  # noqa: DTZ001
        (("order.place", NAMED, {"sent_at": 2**52}), ParameterError, "in the future"),
        (("order.place", NAMED, {"recv_window": 70_000}), ParameterError, "recv_window=70000"),
        (("order.place", NAMED, {"ws_key": WsKey.MAIN}), ConfigurationError, "takes no requests"),
        ((OutcomeUnknown("", operation="order.place"),), ParameterError, "what was sent"),
    ],
)
def test_description_that_cannot_be_right_is_refused(
    dial: Dial, scripted: ScriptedServer, given: Any, error: type[Exception], words: str
) -> None:
    caller = dial(**SIGNED)
    *given, more = given if isinstance(given[-1], dict) and len(given) == 3 else (*given, {})
    options = {} if len(given) == 1 else {"sent_at": datetime(2026, 1, 1, tzinfo=UTC), **more}

    with pytest.raises(error, match=re.escape(words)):
        caller.call(lambda client: client.resolve(*given, **options))

    assert not scripted.requests


# "Not found" by itself

ASKED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "order.status": (
        lambda client: client.spot.get_order_status(symbol="BTCUSDT", orig_client_order_id="mine"),
        "order.status",
    ),
    "orderList.status": (
        lambda client: client.spot.get_order_list_status(orig_client_order_id="mine"),
        "orderList.status",
    ),
    "order.cancel": (
        lambda client: client.spot.cancel_order(symbol="BTCUSDT", orig_client_order_id="mine"),
        "order.cancel",
    ),
    "usdm": (
        lambda client: client.usdm.get_order_status(symbol="BTCUSDT", orig_client_order_id="mine"),
        "order.status",
    ),
    "coinm": (
        lambda client: client.coinm.get_order_status(
            symbol="BTCUSD_PERP", orig_client_order_id="mine"
        ),
        "order.status",
    ),
    "algo": (
        lambda client: client.request(
            WsKey.USDM_WSAPI, "algoOrder.cancel", {"clientAlgoId": "mine"}
        ),
        "algoOrder.cancel",
    ),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize(("recv_window", "seconds"), [(None, 16), (60_000, 71)])
def test_not_found_says_from_when_on_it_proves_something(
    dial: Dial, scripted: ScriptedServer, what: str, recv_window: float | None, seconds: float
) -> None:
    ask, method = ASKED[what]
    scripted.replies[method] = has_none

    with pytest.raises(OrderNotFound) as ended:
        dial(**SIGNED, recv_window=recv_window).call(ask)

    told = pickle.loads(pickle.dumps(ended.value))
    assert (told.client_order_id, told.proves_after) == ("mine", seconds)
    assert f"sent as mine less than {seconds} s ago may still be accepted" in str(told)


def test_not_found_by_order_id_is_as_it_is(dial: Dial, scripted: ScriptedServer) -> None:
    scripted.replies["order.status"] = has_none

    with pytest.raises(OrderNotFound) as ended:
        dial(**SIGNED).call(
            lambda client: client.spot.get_order_status(symbol="BTCUSDT", order_id=1)
        )

    assert ended.value.proves_after is None
    assert "may still be accepted" not in str(ended.value)


# Client order ids


def sent_ids(dial: Dial, scripted: ScriptedServer, **options: Any) -> list[str]:
    caller = dial(**SIGNED, **options)
    for _ in range(2):
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", ORDER))
    caller.close()
    return [each["params"]["newClientOrderId"] for each in scripted.seen("order.place")]


def test_ids_differ_between_clients_and_restarts(dial: Dial, scripted: ScriptedServer) -> None:
    sent_ids(dial, scripted)
    ids = sent_ids(dial, scripted)

    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize("prefix", ["w", "", "bot-1_A", "x-ABCDEFG-"])
def test_ids_begin_as_chosen(dial: Dial, scripted: ScriptedServer, prefix: str) -> None:
    ids = sent_ids(dial, scripted, client_order_id_prefix=prefix)

    for each in ids:
        assert re.fullmatch("[a-zA-Z0-9_-]{1,30}", each)
        assert re.match(f"{prefix}[0-9a-f]{{16}}-", each)


@pytest.mark.parametrize("prefix", ["a b", "x" * 11, "ä", None, 7, "a.b", "a\n"])
def test_prefix_that_the_exchange_would_refuse_is_refused(prefix: Any) -> None:
    with pytest.raises(ConfigurationError, match="client_order_id_prefix="):
        Client(client_order_id_prefix=prefix)


@pytest.mark.parametrize("ws_key", [WsKey.MAIN_WSAPI, WsKey.USDM_WSAPI, WsKey.COINM_WSAPI])
def test_asked_twice_it_is_the_same_request(
    dial: Dial, scripted: ScriptedServer, ws_key: WsKey
) -> None:
    """What was found out the first time is not another request's order the second time."""
    left_behind = lost(dial, scripted, ws_key)
    scripted.replies["order.status"] = has_it
    scripted.replies["allOrders"] = no_orders
    caller = dial(**SIGNED)
    description = {
        "request": "order.place",
        "params": NAMED,
        "sent_at": pickle.loads(left_behind).sent_at,
        "ws_key": ws_key,
    }

    for _ in range(2):
        assert caller.call(lambda client: client.resolve(pickle.loads(left_behind))).resolved
        assert caller.call(lambda client: client.resolve(**description)).resolved


def test_client_that_sent_it_resolves_what_was_left_behind(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """It is no rival of itself, and what the client has found out before is no other's."""
    scripted.replies["order.place"] = cuts
    scripted.replies["order.status"] = has_it
    caller = dial(**SIGNED, on_unknown_outcome="raise")
    with pytest.raises(OutcomeUnknown) as ended:
        caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", NAMED))
    left_behind = pickle.dumps(ended.value)

    def resolving(error: OutcomeUnknown) -> Callable[[Any], Any]:
        return lambda client: client.resolve(error)

    for error in (pickle.loads(left_behind), ended.value, pickle.loads(left_behind)):
        assert caller.call(resolving(error)).resolved


def test_order_whose_answer_this_client_has_read_is_found_by_its_description(
    dial: Dial, scripted: ScriptedServer
) -> None:
    async def accepts(peer: Peer, request: dict[str, Any]) -> None:
        shown = {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "mine", "status": "FILLED"}
        await peer.answer(request, shown)

    scripted.replies["order.place"] = accepts
    scripted.replies["order.status"] = has_it
    caller = dial(**SIGNED)
    began = datetime.now(UTC)
    caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", NAMED))

    assert caller.call(lambda client: client.resolve("order.place", NAMED, sent_at=began)).resolved


@pytest.mark.usefixtures("soon")
def test_order_made_since_does_not_show_that_another_clients_cancel_of_all_failed(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """This client knows the order, but not whether it was there when the other client sent that."""
    open_orders: list[dict[str, Any]] = []

    async def accepts(peer: Peer, request: dict[str, Any]) -> None:
        made = int(time.time() * 1000)
        open_orders.append(
            {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "mine", "time": made}
        )
        await peer.answer(request, open_orders[0])

    async def shows(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, open_orders)

    scripted.replies |= {"order.place": accepts, "openOrders.status": shows}
    caller = dial(**SIGNED)
    began = datetime.now(UTC)
    caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", NAMED))

    with pytest.raises(OutcomeUnknown, match="may have been executed"):
        caller.call(
            lambda client: client.resolve(
                "openOrders.cancelAll", {"symbol": "BTCUSDT"}, sent_at=began
            )
        )
