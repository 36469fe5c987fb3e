"""Answers have the fields of the documented samples, in their order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from engine_harness import BTCUSDT, FINE, Exchange

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.spot.market import ORDER_COSTS
from binance_wsapi.simulator.spot.symbols import SymbolSpec

REFERENCE = Path(__file__).parents[2] / "reference" / "spot"
EXAMPLES = json.loads((REFERENCE / "examples.json").read_text())
OPERATIONS = {one["method"]: one for one in json.loads((REFERENCE / "operations.json").read_text())}
CONDITIONAL = {
    row["field"]
    for row in json.loads((REFERENCE / "rules.json").read_text())["conditional_order_fields"]
}
OPTIONAL = CONDITIONAL | {"sors", "tradeGroupId", "origQuoteOrderQty", "workingTime"}
OPTIONAL |= {"matchType", "allocId", "preventedMatches", "selfTradePreventionMode"}


def sample(method: str, holding: str | None = None, lacking: str | None = None) -> Any:
    """Return the result of the first documented response that has and lacks the named fields."""
    for example in EXAMPLES:
        payload = example["payload"]
        if example["method"] == method and example["kind"] == "response":
            result = payload["result"]
            row = result[0] if isinstance(result, list) else result
            if (holding is None or holding in row) and lacking not in row:
                return result
    raise LookupError(method)


def assert_alike(mine: Any, documented: Any, path: str = "") -> None:
    """Compare fields and their order, all the way down; lists by their first element."""
    if isinstance(documented, list):
        assert isinstance(mine, list), path
        if mine and documented:
            assert_alike(mine[0], documented[0], f"{path}[0]")
        return
    if not isinstance(documented, dict):
        kinds = (int, float) if isinstance(documented, int | float) else type(documented)
        assert isinstance(mine, kinds) or documented is None, (path, mine, documented)
        return
    assert isinstance(mine, dict), path
    missing = documented.keys() - mine.keys() - OPTIONAL
    assert not missing, (path, missing)
    extra = mine.keys() - documented.keys() - OPTIONAL
    assert not extra, (path, extra)
    # openOrders.status prints origQuoteOrderQty twice, at two places.
    common = [name for name in documented if name in mine and name != "origQuoteOrderQty"]
    assert [name for name in mine if name in common] == common, path
    for name in common:
        if name not in ("filters", "symbolFilters", "exchangeFilters", "assetFilters", "rules"):
            assert_alike(mine[name], documented[name], f"{path}.{name}")


class Scene:
    """An account with an order of every kind behind it."""

    def __init__(self) -> None:
        usdc = SymbolSpec("BTCUSDC", "BTC", "USDC", FINE, sor=True)
        usdt = SymbolSpec("BTCUSDT", "BTC", "USDT", FINE, sor=True)
        self.exchange = Exchange([usdt, usdc])
        self.me = self.exchange.account()
        self.other = self.exchange.account()
        self.exchange.trade_at("100.00")

    def call(self, method: str, **params: Any) -> Any:
        return self.exchange.call(method, self.me, symbol="BTCUSDT", **params)

    def limit(self, **more: Any) -> dict[str, Any]:
        order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "90.00"}
        return {**order, "quantity": "1", **more}

    def fill(self, who: Account | None = None) -> Any:
        self.exchange.place(self.other, "SELL", "0.5", "90.00", newOrderRespType="ACK")
        return self.call("order.place", **self.limit())


OCO = {
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowPrice": "89",
    "belowStopPrice": "90",
    "belowTimeInForce": "GTC",
}
WORKING = {
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingTimeInForce": "GTC",
    "workingPrice": "90",
    "workingQuantity": "1",
    "pendingSide": "SELL",
}
PENDING_PAIR = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "80",
}


def test_placements_answer_as_documented() -> None:
    scene = Scene()

    for shape, holding, lacking in (
        ("ACK", None, "price"),
        ("RESULT", "price", "fills"),
        ("FULL", "fills", None),
    ):
        answer = scene.call("order.place", **scene.limit(newOrderRespType=shape))
        assert_alike(answer, sample("order.place", holding, lacking), shape)
    assert_alike(scene.fill(), sample("order.place", "fills"))


def test_order_lists_answer_as_documented() -> None:
    scene = Scene()
    market_order = {"pendingType": "MARKET"}

    for method, params in (
        ("orderList.place.oco", OCO),
        ("orderList.place.oto", {**WORKING, **market_order, "pendingQuantity": "1"}),
        ("orderList.place.otoco", {**WORKING, **PENDING_PAIR, "pendingQuantity": "1"}),
        ("orderList.place.opo", {**WORKING, **market_order}),
        ("orderList.place.opoco", {**WORKING, **PENDING_PAIR}),
    ):
        assert_alike(scene.call(method, **params), sample(method), method)
    legacy = {"side": "SELL", "quantity": "1", "price": "110", "stopPrice": "90"}
    legacy |= {"stopLimitPrice": "89", "stopLimitTimeInForce": "GTC", "newOrderRespType": "RESULT"}
    answer = scene.call("orderList.place", **legacy)
    assert_alike(answer, sample("orderList.place"))
    list_id = answer["orderListId"]
    for method, params in (
        ("orderList.status", {"orderListId": list_id}),
        ("openOrderLists.status", {}),
        ("allOrderLists", {}),
    ):
        assert_alike(scene.exchange.call(method, scene.me, **params), sample(method), method)
    # The sample of orderList.cancel leaves out origClientOrderId, that of order.cancel shows it.
    cancelled = scene.call("orderList.cancel", orderListId=list_id)
    assert_alike(cancelled, sample("order.cancel", "orderReports"))


def test_cancellations_and_amendments_answer_as_documented() -> None:
    scene = Scene()
    order = scene.call("order.place", **scene.limit())

    amended = scene.call("order.amend.keepPriority", orderId=order["orderId"], newQty="0.9")
    assert_alike(amended, sample("order.amend.keepPriority"))
    rows = scene.call("order.amendments", orderId=order["orderId"])
    assert_alike(rows, sample("order.amendments"))
    replaced = scene.call(
        "order.cancelReplace",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
        **scene.limit(newOrderRespType="RESULT"),
    )
    assert_alike(replaced, sample("order.cancelReplace"))
    order_id = replaced["newOrderResponse"]["orderId"]
    assert_alike(scene.call("order.cancel", orderId=order_id), sample("order.cancel", "price"))
    scene.call("order.place", **scene.limit())
    assert_alike(scene.call("openOrders.cancelAll"), sample("openOrders.cancelAll"))


def test_queries_answer_as_documented() -> None:
    scene = Scene()
    order = scene.fill()

    for method, params in (
        ("order.status", {"orderId": order["orderId"]}),
        ("openOrders.status", {}),
        ("allOrders", {}),
        ("myTrades", {}),
        ("account.commission", {}),
        ("myFilters", {}),
        ("depth", {}),
        ("exchangeInfo", {}),
        ("ticker.book", {}),
    ):
        assert_alike(scene.call(method, **params), sample(method), method)
    assert_alike(scene.exchange.call("account.status", scene.me), sample("account.status"))
    for method in ("ping", "time", "executionRules"):
        assert_alike(scene.exchange.call(method), sample(method), method)


def test_a_test_order_answers_as_documented() -> None:
    scene = Scene()

    assert scene.call("order.test", **scene.limit()) == {}
    rates = scene.call("order.test", **scene.limit(), computeCommissionRates=True)
    assert_alike(rates, sample("order.test", "discount"))
    assert scene.call("sor.order.test", **scene.limit()) == {}
    assert scene.call("openOrders.status") == []


def test_routed_orders_answer_as_documented() -> None:
    scene = Scene()
    scene.exchange.place(scene.other, "SELL", "1", "80.00", symbol="BTCUSDC")

    answer = scene.call("sor.order.place", **scene.limit())
    assert_alike(answer, sample("sor.order.place"))
    assert_alike(scene.call("myAllocations"), sample("myAllocations"))


def test_prevented_matches_answer_as_documented() -> None:
    scene = Scene()
    scene.call("order.place", **scene.limit())
    order = scene.limit(side="SELL", selfTradePreventionMode="EXPIRE_MAKER")
    taker = scene.call("order.place", **order)

    rows = scene.call("myPreventedMatches", orderId=taker["orderId"])
    assert_alike(rows, sample("myPreventedMatches"))


@pytest.mark.parametrize("method", sorted(ORDER_COSTS))
def test_unfilled_order_counts_are_the_documented_ones(method: str) -> None:
    assert ORDER_COSTS[method] == OPERATIONS[method]["unfilled_order_count"]


def test_every_trading_and_account_method_is_served() -> None:
    served = Exchange([BTCUSDT]).market.methods
    sections = {"trade", "account"}

    wanted = {name for name, one in OPERATIONS.items() if one["section"] in sections}
    assert wanted <= served
