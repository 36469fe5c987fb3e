"""Order lists: OCO, OTO, OTOCO, OPO, OPOCO, from their placement to their end."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import Exchange

OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowPrice": "89",
    "belowStopPrice": "90",
    "belowTimeInForce": "GTC",
}
OTO = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingTimeInForce": "GTC",
    "workingPrice": "95",
    "workingQuantity": "1",
    "pendingSide": "SELL",
    "pendingType": "LIMIT",
    "pendingTimeInForce": "GTC",
    "pendingPrice": "105",
    "pendingQuantity": "1",
}
PAIR = {
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "90",
}
OTOCO = {name: value for name, value in OTO.items() if not name.startswith("pending")}
OTOCO |= {"pendingSide": "SELL", "pendingQuantity": "1", **PAIR}
OPO = {name: value for name, value in OTO.items() if name != "pendingQuantity"}
OPOCO = {name: value for name, value in OTOCO.items() if name != "pendingQuantity"}


class Scene:
    """The market stands at 100; one account trades, another one is there to be met."""

    def __init__(self, **balances: str) -> None:
        self.exchange = Exchange()
        self.exchange.trade_at("100.00")
        self.me = self.exchange.account(**balances)
        self.other = self.exchange.account()

    def place(self, kind: str, params: dict[str, Any], **more: Any) -> Any:
        answer = self.exchange.call(f"orderList.place.{kind}", self.me, **{**params, **more})
        self.exchange.events(self.me)
        return answer

    def refuse(self, kind: str, params: dict[str, Any], **more: Any) -> tuple[int, str]:
        error = self.exchange.refusal(f"orderList.place.{kind}", self.me, **{**params, **more})
        return error.code, error.message

    def statuses(self, answer: Any) -> list[str]:
        return [self.exchange.status(self.me, one["orderId"])["status"] for one in answer["orders"]]

    def list_status(self, answer: Any) -> str:
        found = self.exchange.call("orderList.status", self.me, orderListId=answer["orderListId"])
        status: str = found["listOrderStatus"]
        return status


def test_an_oco_locks_its_quantity_once() -> None:
    scene = Scene(BTC="1")

    answer = scene.place("oco", OCO)

    assert scene.exchange.balances(scene.me) == {"BTC": ("0.00000000", "1.00000000")}
    assert [one["type"] for one in answer["orderReports"]] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert scene.statuses(answer) == ["NEW", "NEW"]


def test_a_buy_oco_locks_the_dearer_leg() -> None:
    scene = Scene(USDT="111")
    pair = {"side": "BUY", "quantity": "1", "aboveType": "STOP_LOSS_LIMIT", "abovePrice": "111"}
    pair |= {"aboveStopPrice": "110", "aboveTimeInForce": "GTC"}

    scene.place(
        "oco", {"symbol": "BTCUSDT", **pair, "belowType": "LIMIT_MAKER", "belowPrice": "90"}
    )

    assert scene.exchange.balances(scene.me) == {"USDT": ("0.00000000", "111.00000000")}


def test_the_first_fill_of_the_limit_leg_expires_the_stop_leg() -> None:
    scene = Scene()
    answer = scene.place("oco", OCO)

    scene.exchange.place(scene.other, "BUY", "0.4", "110.00")

    assert scene.statuses(answer) == ["EXPIRED", "PARTIALLY_FILLED"]
    stop = scene.exchange.status(scene.me, answer["orders"][0]["orderId"])
    assert stop["expiryReason"] == "OCO_TRIGGER"
    assert scene.list_status(answer) == "EXECUTING"
    scene.exchange.place(scene.other, "BUY", "0.6", "110.00")
    assert scene.list_status(answer) == "ALL_DONE"
    assert scene.exchange.story(scene.me)[-2:] == ["list ALL_DONE", "position"]


def test_a_triggered_stop_leg_expires_the_limit_leg_and_works() -> None:
    scene = Scene()
    answer = scene.place("oco", OCO)
    scene.exchange.place(scene.other, "BUY", "5", "89.50")
    stop_id, limit_id = (one["orderId"] for one in answer["orders"])

    scene.exchange.trade_at("90.00")

    assert scene.statuses(answer) == ["FILLED", "EXPIRED"]
    assert scene.exchange.story(scene.me) == [
        f"{limit_id} EXPIRED/EXPIRED",
        f"{stop_id} NEW/NEW",
        f"{stop_id} TRADE/FILLED",
        "list ALL_DONE",
        "position",
    ]


def test_a_sweep_that_reaches_both_legs_leaves_the_trade_its_winner() -> None:
    """The first price of the sweep would trigger the stop leg, its last one fills the limit leg."""
    scene = Scene(BTC="1")
    answer = scene.place("oco", OCO, belowPrice="80")
    scene.exchange.place(scene.other, "BUY", "1", "85.00")
    scene.exchange.place(scene.other, "SELL", "1", "89.00")

    scene.exchange.place(scene.exchange.account(), "BUY", "2", "110.00")

    assert scene.statuses(answer) == ["EXPIRED", "FILLED"]
    assert scene.exchange.balances(scene.me) == {"USDT": ("110.00000000", "0.00000000")}


@pytest.mark.parametrize("leg", [0, 1])
def test_cancelling_one_leg_cancels_the_list(leg: int) -> None:
    scene = Scene(BTC="1")
    answer = scene.place("oco", OCO, listClientOrderId="mine")

    cancelled = scene.exchange.call(
        "order.cancel",
        scene.me,
        symbol="BTCUSDT",
        orderId=answer["orders"][leg]["orderId"],
        newClientOrderId="gone",
    )

    assert (cancelled["listClientOrderId"], cancelled["listOrderStatus"]) == ("mine", "ALL_DONE")
    assert cancelled["orders"] == answer["orders"]
    assert [one["clientOrderId"] for one in cancelled["orderReports"]] == ["gone", "gone"]
    assert scene.statuses(answer) == ["CANCELED", "CANCELED"]
    assert scene.exchange.story(scene.me) == [
        f"{answer['orders'][0]['orderId']} CANCELED/CANCELED",
        f"{answer['orders'][1]['orderId']} CANCELED/CANCELED",
        "list ALL_DONE",
        "position",
    ]
    assert scene.exchange.balances(scene.me) == {"BTC": ("1.00000000", "0.00000000")}


SELL_PAIR = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1"}
LIMIT_ABOVE = {"aboveType": "LIMIT_MAKER", "abovePrice": "110"}
LIMIT_BELOW = {"belowType": "LIMIT_MAKER", "belowPrice": "90"}
STOP_ABOVE = {"aboveType": "STOP_LOSS", "aboveStopPrice": "110"}
STOP_BELOW = {"belowType": "STOP_LOSS", "belowStopPrice": "90"}
PROFIT_ABOVE = {"aboveType": "TAKE_PROFIT", "aboveStopPrice": "110"}
PROFIT_BELOW = {"belowType": "TAKE_PROFIT", "belowStopPrice": "90"}


@pytest.mark.parametrize(
    ("side", "above", "below", "code"),
    [
        ("SELL", LIMIT_ABOVE, LIMIT_BELOW, -1168),
        ("BUY", LIMIT_ABOVE, STOP_BELOW, -1165),
        ("SELL", STOP_ABOVE, LIMIT_BELOW, -1166),
        ("BUY", STOP_ABOVE, STOP_BELOW, -1196),
        ("SELL", STOP_ABOVE, STOP_BELOW, -1197),
        ("BUY", PROFIT_ABOVE, LIMIT_BELOW, -1198),
        ("SELL", LIMIT_ABOVE, PROFIT_BELOW, -1199),
        (
            "SELL",
            {"aboveType": "LIMIT", "abovePrice": "1", "aboveTimeInForce": "GTC"},
            STOP_BELOW,
            -1158,
        ),
        ("SELL", LIMIT_ABOVE, {"belowType": "STOP_LOSS", "belowStopPrice": "101"}, -2010),
        ("SELL", {"aboveType": "LIMIT_MAKER", "abovePrice": "99"}, STOP_BELOW, -2010),
        (
            "SELL",
            LIMIT_ABOVE,
            {
                "belowType": "STOP_LOSS_LIMIT",
                "belowStopPrice": "90",
                "belowPrice": "89",
                "belowTimeInForce": "IOC",
                "belowIcebergQty": "0.1",
            },
            -1160,
        ),
    ],
)
def test_pairs_that_do_not_fit_are_refused(
    side: str, above: dict[str, str], below: dict[str, str], code: int
) -> None:
    refusal = Scene().refuse("oco", {**SELL_PAIR, "side": side, **above, **below})

    assert refusal[0] == code


@pytest.mark.parametrize(
    ("side", "above", "below"),
    [
        ("SELL", LIMIT_ABOVE, STOP_BELOW),
        ("SELL", PROFIT_ABOVE, STOP_BELOW),
        ("BUY", STOP_ABOVE, LIMIT_BELOW),
        ("BUY", STOP_ABOVE, PROFIT_BELOW),
    ],
)
def test_pairs_that_fit_are_placed(side: str, above: dict[str, str], below: dict[str, str]) -> None:
    scene = Scene()

    answer = scene.place("oco", {**SELL_PAIR, "side": side, **above, **below})

    assert scene.statuses(answer) == ["NEW", "NEW"]


def test_the_old_oco_makes_a_stop_and_a_limit_maker() -> None:
    scene = Scene()
    order = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "price": "110"}

    answer = scene.exchange.call("orderList.place", scene.me, **order, stopPrice="90")

    assert [one["type"] for one in answer["orderReports"]] == ["STOP_LOSS", "LIMIT_MAKER"]
    assert answer["orderReports"][1]["fills"] == []


def test_the_pending_order_waits_for_the_whole_working_order() -> None:
    scene = Scene()
    answer = scene.place("oto", OTO)
    pending_id = answer["orders"][1]["orderId"]

    scene.exchange.place(scene.other, "SELL", "0.5", "95.00")
    assert scene.statuses(answer) == ["PARTIALLY_FILLED", "PENDING_NEW"]
    scene.exchange.events(scene.me)
    scene.exchange.place(scene.other, "SELL", "0.5", "95.00")

    assert scene.statuses(answer) == ["FILLED", "NEW"]
    assert scene.exchange.story(scene.me)[1:] == [f"{pending_id} NEW/NEW", "position"]
    assert scene.exchange.status(scene.me, pending_id)["isWorking"] is True


def test_an_answer_shows_the_pending_order_before_it_goes_to_work() -> None:
    scene = Scene()
    scene.exchange.place(scene.other, "SELL", "1", "95.00")

    answer = scene.place("oto", OTO)

    assert [one["status"] for one in answer["orderReports"]] == ["FILLED", "PENDING_NEW"]
    assert scene.statuses(answer) == ["FILLED", "NEW"]


def test_an_expired_working_order_expires_the_pending_one() -> None:
    scene = Scene()

    answer = scene.place("oto", OTO, workingTimeInForce="IOC")

    assert scene.statuses(answer) == ["EXPIRED", "EXPIRED"]
    pending = scene.exchange.status(scene.me, answer["orders"][1]["orderId"])
    assert pending["expiryReason"] == "OTO_PHASE_ONE_EXPIRED"
    assert scene.list_status(answer) == "ALL_DONE"


def test_a_pending_order_without_funds_is_expired_as_rejected() -> None:
    scene = Scene(USDT="95")
    answer = scene.place("oto", OTO, pendingQuantity="2")

    scene.exchange.place(scene.other, "SELL", "1", "95.00")

    pending = scene.exchange.status(scene.me, answer["orders"][1]["orderId"])
    assert (pending["status"], pending["expiryReason"]) == ("EXPIRED", "REJECTED")
    assert scene.list_status(answer) == "ALL_DONE"
    assert scene.exchange.balances(scene.me) == {"BTC": ("1.00000000", "0.00000000")}


def test_an_otoco_goes_from_working_order_to_pair() -> None:
    scene = Scene(USDT="95")
    answer = scene.place("otoco", OTOCO)
    assert scene.statuses(answer) == ["NEW", "PENDING_NEW", "PENDING_NEW"]

    scene.exchange.place(scene.other, "SELL", "1", "95.00")
    assert scene.statuses(answer) == ["FILLED", "NEW", "NEW"]
    scene.exchange.place(scene.other, "BUY", "1", "110.00")

    assert scene.statuses(answer) == ["FILLED", "EXPIRED", "FILLED"]
    assert scene.list_status(answer) == "ALL_DONE"


@pytest.mark.parametrize("commission_from", ["free", "proceeds", "BNB"])
def test_an_opo_sells_what_its_working_order_received(commission_from: str) -> None:
    balances = {"USDT": "95"}
    if commission_from == "free":
        balances["BTC"] = "0.1"
    if commission_from == "BNB":
        balances["BNB"] = "1"
    scene = Scene()
    me = scene.me = scene.exchange.paying_account(**balances)
    answer = scene.place("opo", OPO)
    assert "origQty" not in answer["orderReports"][1]

    scene.exchange.place(scene.other, "SELL", "0.5", "95.00")
    free = "0.09950000" if commission_from == "free" else "0.00000000"
    received = "0.49950000" if commission_from != "free" else "0.50000000"
    assert scene.exchange.balances(me)["BTC"] == (free, received)
    scene.exchange.place(scene.other, "SELL", "0.5", "95.00")

    pending = scene.exchange.status(me, answer["orders"][1]["orderId"])
    sold = "1.00000000" if commission_from == "free" else "0.99900000"
    assert (pending["status"], pending["origQty"]) == ("NEW", sold)


def test_the_proceeds_of_a_cancelled_opo_are_freed() -> None:
    scene = Scene(USDT="95")
    answer = scene.place("opo", OPO)
    scene.exchange.place(scene.other, "SELL", "0.5", "95.00")

    scene.exchange.call(
        "orderList.cancel", scene.me, symbol="BTCUSDT", orderListId=answer["orderListId"]
    )

    assert scene.exchange.balances(scene.me) == {
        "USDT": ("47.50000000", "0.00000000"),
        "BTC": ("0.50000000", "0.00000000"),
    }


def test_an_opoco_places_its_pair_with_what_came_in() -> None:
    scene = Scene(USDT="95")
    answer = scene.place("opoco", OPOCO)

    scene.exchange.place(scene.other, "SELL", "1", "95.00")

    assert scene.statuses(answer) == ["FILLED", "NEW", "NEW"]
    assert scene.exchange.balances(scene.me)["BTC"] == ("0.00000000", "1.00000000")


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ("opo", {"workingSide": "SELL"}, -1222),
        ("opo", {"pendingSide": "BUY"}, -1223),
        ("opo", {"workingQuantity": ""}, -1224),
        ("opo", {"pendingQuantity": "1"}, -1225),
        ("oto", {"workingType": "MARKET"}, -1106),
        ("oto", {"pendingPrice": None}, -1102),
        ("oto", {"pendingQuantity": None}, -1102),
        ("otoco", {"pendingBelowType": None}, -1102),
        ("oto", {"symbol": "NOSUCH"}, -1121),
        ("oto", {"workingClientOrderId": "a", "pendingClientOrderId": "a"}, -2010),
    ],
)
def test_malformed_lists_are_refused(kind: str, change: dict[str, Any], code: int) -> None:
    params = {"opo": OPO, "oto": OTO, "otoco": OTOCO}[kind]

    assert Scene().refuse(kind, params, **change)[0] == code


def test_a_refused_list_leaves_nothing_behind() -> None:
    scene = Scene(BTC="0.5")

    assert scene.refuse("oco", OCO)[1] == "Account has insufficient balance for requested action."

    assert scene.exchange.balances(scene.me) == {"BTC": ("0.50000000", "0.00000000")}
    assert scene.exchange.call("allOrderLists", scene.me) == []
    assert scene.exchange.call("openOrders.status", scene.me) == []


def test_the_id_of_an_open_list_cannot_be_used_twice() -> None:
    scene = Scene()
    scene.place("oco", OCO, listClientOrderId="mine")

    assert scene.refuse("oco", OCO, listClientOrderId="mine") == (-2010, "Duplicate order sent.")

    scene.exchange.call("orderList.cancel", scene.me, symbol="BTCUSDT", listClientOrderId="mine")
    scene.place("oco", OCO, listClientOrderId="mine")


def test_a_pair_whose_leg_fills_while_its_stop_is_about_to_fire_trades_once() -> None:
    """Two orders fire at one price, and what the first one does ends the second."""
    exchange = Exchange()
    first, pair_owner, asker, buyer = (exchange.account() for _ in range(4))
    exchange.trade_at("60000.00")
    early = exchange.place(
        first,
        "SELL",
        "0.01",
        "59980.00",
        type="TAKE_PROFIT_LIMIT",
        stopPrice="60010.00",
    )
    pair = exchange.call(
        "orderList.place.oco",
        pair_owner,
        symbol="BTCUSDT",
        side="BUY",
        quantity="0.01",
        aboveType="STOP_LOSS_LIMIT",
        aboveStopPrice="60010.00",
        abovePrice="60020.00",
        aboveTimeInForce="GTC",
        belowType="LIMIT_MAKER",
        belowPrice="59990.00",
    )
    exchange.place(asker, "SELL", "0.01", "60010.00")
    exchange.place(asker, "SELL", "0.05", "60015.00")

    answer = exchange.place(buyer, "BUY", "0.01", "60010.00")

    assert answer["status"] == "FILLED"
    assert exchange.status(first, early["orderId"])["status"] == "FILLED"
    stop, maker = (
        next(one for one in pair["orderReports"] if one["type"] == kind)
        for kind in ("STOP_LOSS_LIMIT", "LIMIT_MAKER")
    )
    assert exchange.status(pair_owner, maker["orderId"])["status"] == "FILLED"
    assert exchange.status(pair_owner, stop["orderId"])["status"] == "EXPIRED"
    assert exchange.call("openOrders.status", pair_owner) == []
    locked = [amounts[1] for amounts in exchange.balances(pair_owner).values()]
    assert set(locked) == {"0.00000000"}
    assert exchange.call("openOrderLists.status", pair_owner) == []


def test_a_pair_whose_leg_is_prevented_while_its_stop_is_about_to_fire_ends() -> None:
    """The list goes on with what happened before anything else fires."""
    exchange = Exchange()
    owner, asker, buyer = (exchange.account() for _ in range(3))
    exchange.trade_at("60000.00")
    exchange.place(
        owner,
        "SELL",
        "0.01",
        "59980.00",
        type="TAKE_PROFIT_LIMIT",
        stopPrice="60010.00",
        selfTradePreventionMode="EXPIRE_MAKER",
    )
    exchange.call(
        "orderList.place.oco",
        owner,
        symbol="BTCUSDT",
        side="BUY",
        quantity="0.01",
        aboveType="STOP_LOSS_LIMIT",
        aboveStopPrice="60010.00",
        abovePrice="60020.00",
        aboveTimeInForce="GTC",
        belowType="LIMIT_MAKER",
        belowPrice="59990.00",
    )
    exchange.place(asker, "SELL", "0.01", "60010.00")
    exchange.place(asker, "SELL", "0.05", "60015.00")

    exchange.place(buyer, "BUY", "0.01", "60010.00")

    rows = exchange.call("allOrders", owner, symbol="BTCUSDT")
    assert sorted((row["type"], row["status"]) for row in rows) == [
        ("LIMIT_MAKER", "EXPIRED_IN_MATCH"),
        ("STOP_LOSS_LIMIT", "EXPIRED"),
        ("TAKE_PROFIT_LIMIT", "NEW"),
    ]
    assert exchange.call("openOrderLists.status", owner) == []
