"""What looks like the lost request's doing, and is another's, is never told to be the lost one's.

The scripted exchange is quick: a user id repeated, a cancel right behind an order. A ``recv_window`` of
a millisecond keeps the wait until the outcome counts short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import NotPlaced, OutcomeUnknown, PartlyExecuted
from binance_wsapi.protocol import inquiry

Dial = Callable[..., Caller]

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "1",
    "new_client_order_id": "mine",
}

KEYED: dict[str, Any] = {
    "api_key": "key",
    "api_secret": "s" * 64,
    "mute_latency_warning": True,
    "recv_window": 1,
    "timeout": 500,
}


@pytest.fixture(autouse=True)
def _engine_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the engine needs no 10 seconds, no copy lags and no clock is wrong: nobody has to wait."""
    monkeypatch.setattr(inquiry, "patience_us", lambda recv_window_ms, margin_us: 0)
    monkeypatch.setattr(inquiry, "_LAG_S", 0.0)


class Exchange:
    """Takes the first order of a symbol, and loses every later request that changes something."""

    def __init__(self, scripted: ScriptedServer) -> None:
        self.orders: list[dict[str, Any]] = []
        self.status = "FILLED"
        scripted.replies["order.place"] = self._place
        scripted.replies["openOrders.cancelAll"] = self._lose
        scripted.replies["order.status"] = self._show
        scripted.replies["allOrders"] = self._show_all
        scripted.replies["openOrders.status"] = self._show_all

    async def _place(self, peer: Peer, request: dict[str, Any]) -> None:
        if self.orders:
            return peer.cut()
        params = request["params"]
        self.orders.append(
            {
                "symbol": params["symbol"],
                "orderId": 7,
                "clientOrderId": params["newClientOrderId"],
                "side": params["side"],
                "type": params["type"],
                "origQty": params["quantity"],
                "executedQty": params["quantity"],
                "status": self.status,
                # Later than both timestamps: they are stamped late.
                "time": params["timestamp"] + 5000,
            }
        )
        await peer.answer(request, self.orders[0])
        return None

    async def _lose(self, peer: Peer, request: dict[str, Any]) -> None:
        peer.cut()

    async def _show(self, peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, self.orders[0])

    async def _show_all(self, peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, self.orders)


PLACING: dict[str, Callable[[Any], Any]] = {
    "spot": lambda client: client.spot.submit_new_order(**ORDER),
    "usdm": lambda client: client.usdm.submit_new_order(**ORDER),
    "coinm": lambda client: client.coinm.submit_new_order(**ORDER),
}


@pytest.mark.parametrize("market", PLACING)
def test_an_id_repeated_at_once_does_not_find_the_first_order(
    dial: Dial, scripted: ScriptedServer, market: str
) -> None:
    Exchange(scripted)
    caller = dial(**KEYED)
    assert caller.call(PLACING[market]).raw["result"]["orderId"] == 7

    with pytest.raises(NotPlaced if market == "spot" else OutcomeUnknown):
        caller.call(PLACING[market])

    assert len(scripted.seen("order.place")) == 2


def test_a_cancel_of_all_lost_right_behind_an_acknowledged_order_is_not_told_as_done(
    dial: Dial, scripted: ScriptedServer
) -> None:
    exchange = Exchange(scripted)
    exchange.status = "NEW"
    caller = dial(**KEYED)
    caller.call(PLACING["spot"])

    with pytest.raises(NotPlaced, match="still open"):
        caller.call(lambda client: client.spot.cancel_all_open_orders(symbol="BTCUSDT"))


def test_two_lost_requests_under_one_id_do_not_share_an_order(
    dial: Dial, scripted: ScriptedServer
) -> None:
    exchange = Exchange(scripted)
    caller = dial(**KEYED, on_unknown_outcome="raise")
    lost: list[OutcomeUnknown] = []
    for _ in range(2):
        exchange.orders = exchange.orders or [{"orderId": 7, "clientOrderId": "mine"}]
        with pytest.raises(OutcomeUnknown) as unknown:
            caller.call(PLACING["spot"])
        lost.append(unknown.value)
    sent_ms = scripted.seen("order.place")[0]["params"]["timestamp"]
    exchange.orders[0] |= {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    exchange.orders[0] |= {"origQty": "1", "status": "FILLED", "time": sent_ms + 5000}

    def resolving(error: OutcomeUnknown) -> Callable[[Any], Any]:
        if hasattr(caller, "loop"):
            return lambda client: error.resolve_async()
        return lambda client: error.resolve()

    for error in lost:
        with pytest.raises(OutcomeUnknown, match="may have been executed"):
            caller.call(resolving(error))
        assert "another request" in error.cause


def test_an_order_of_a_lost_list_is_not_taken_for_the_lost_order_under_its_id(
    dial: Dial, scripted: ScriptedServer
) -> None:
    exchange = Exchange(scripted)

    async def lose(peer: Peer, request: dict[str, Any]) -> None:
        peer.cut()

    scripted.replies["orderList.place.oto"] = scripted.replies["order.place"] = lose
    caller = dial(**KEYED, on_unknown_outcome="raise")
    with pytest.raises(OutcomeUnknown):
        caller.call(
            lambda client: client.spot.place_oto_order_list(
                symbol="BTCUSDT",
                working_type="LIMIT",
                working_side="BUY",
                working_quantity="1",
                working_price="1",
                working_time_in_force="GTC",
                working_client_order_id="mine",
                pending_type="MARKET",
                pending_side="SELL",
                pending_quantity="1",
            )
        )
    with pytest.raises(OutcomeUnknown) as lost:
        caller.call(PLACING["spot"])
    sent_ms = scripted.seen("order.place")[0]["params"]["timestamp"]
    leg = {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "mine", "orderListId": 3}
    exchange.orders = [leg | {"time": sent_ms + 5000, "side": "BUY", "status": "NEW"}]

    with pytest.raises(OutcomeUnknown, match="may have been executed"):
        caller.call(
            lambda client: (
                lost.value.resolve_async() if hasattr(caller, "loop") else lost.value.resolve()
            )
        )


def test_a_half_done_cancel_replace_is_found_out_as_such(
    dial: Dial, scripted: ScriptedServer
) -> None:
    async def lose(peer: Peer, request: dict[str, Any]) -> None:
        peer.cut()

    async def show(peer: Peer, request: dict[str, Any]) -> None:
        if "orderId" not in request["params"]:
            return await peer.refuse(request, -2013)
        old = {"symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "gone", "status": "CANCELED"}
        return await peer.answer(request, old)

    async def show_none(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, [])

    scripted.replies["order.cancelReplace"] = lose
    scripted.replies["order.status"] = show
    scripted.replies["allOrders"] = show_none

    with pytest.raises(PartlyExecuted) as half:
        dial(**KEYED).call(
            lambda client: client.spot.cancel_replace_order(
                symbol="BTCUSDT",
                cancel_replace_mode="STOP_ON_FAILURE",
                cancel_order_id=5,
                cancel_new_client_order_id="gone",
                side="BUY",
                type="MARKET",
                quantity="1",
            )
        )

    assert (half.value.cancel_result, half.value.new_order_result) == ("SUCCESS", "FAILURE")


@pytest.mark.parametrize("market", ["usdm", "coinm"])
def test_a_cancel_is_not_told_done_by_an_older_order_under_the_same_id(
    dial: Dial, scripted: ScriptedServer, market: str
) -> None:
    """The copy that is read from lags: the order in question is not in it yet."""
    shown = {"symbol": "BTCUSDT", "clientOrderId": "mine", "status": "NEW", "side": "BUY"}

    async def place(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, shown | {"orderId": 8})

    async def lose(peer: Peer, request: dict[str, Any]) -> None:
        peer.cut()

    async def show_older(peer: Peer, request: dict[str, Any]) -> None:
        long_ago = request["params"]["timestamp"] - 100
        older = {"orderId": 7, "status": "CANCELED", "time": long_ago, "updateTime": long_ago}
        await peer.answer(request, shown | older)

    scripted.replies["order.place"] = place
    scripted.replies["order.cancel"] = lose
    scripted.replies["order.status"] = show_older
    caller = dial(**KEYED)
    caller.call(PLACING[market])

    with pytest.raises(OutcomeUnknown) as unknown:
        caller.call(
            lambda client: client.futures(market).cancel_order(
                symbol="BTCUSDT", orig_client_order_id="mine"
            )
        )

    assert "which had the same id" in unknown.value.cause
