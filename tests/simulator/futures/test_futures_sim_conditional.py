"""Conditional orders: algo orders on USD-M, conditional types of ``order.place`` on COIN-M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import START_US, Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.conditional import Trigger


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def maker(venue: Venue) -> Trader:
    """Deep on both sides, so that triggered orders find a counterpart."""
    maker = venue.trader()
    maker.place("BUY", "20", "57000")
    maker.place("SELL", "20", "63000")
    return maker


@pytest.fixture
def trader(venue: Venue, maker: Trader) -> Trader:
    return venue.trader()


def _move_last_price(venue: Venue, price: str) -> None:
    one, other = venue.trader(), venue.trader()
    one.place("SELL", "0.01", price)
    other.place("BUY", "0.01", price)


@pytest.mark.parametrize(
    ("order_type", "side", "below", "at", "above"),
    [
        ("STOP", "BUY", False, True, True),
        ("STOP_MARKET", "SELL", True, True, False),
        ("TAKE_PROFIT", "BUY", True, True, False),
        ("TAKE_PROFIT_MARKET", "SELL", False, True, True),
    ],
)
def test_which_prices_fire(order_type: str, side: str, below: bool, at: bool, above: bool) -> None:
    trigger = Trigger(order_type, side, "CONTRACT_PRICE", price=Decimal(100))

    assert [trigger.fires_at(Decimal(price)) for price in (99, 100, 101)] == [below, at, above]


@pytest.mark.parametrize(
    ("side", "activation", "prices", "fires_on"),
    [
        ("SELL", None, [100, 120, 115, "114"], "114"),
        ("SELL", "110", [104, 90, 110, 104.6, "104.5"], "104.5"),
        ("BUY", None, [100, 80, 83, "84"], "84"),
        ("BUY", "90", [99, 110, 90, 94, "94.5"], "94.5"),
    ],
)
def test_trailing_trigger_follows_the_best_price_since_its_activation(
    side: str, activation: str | None, prices: list[Any], fires_on: str
) -> None:
    trigger = Trigger(
        "TRAILING_STOP_MARKET",
        side,
        "CONTRACT_PRICE",
        activation_price=Decimal(activation) if activation else None,
        callback_rate=Decimal(5),
        is_activated=activation is None,
    )

    fired = [price for price in prices if trigger.fires_at(Decimal(str(price)))]

    assert fired == [fires_on]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"triggerPrice": None}, -1102),
        ({"triggerPrice": "59000"}, -2021),
        ({"triggerPrice": "61000.05"}, -4014),
        ({"triggerPrice": "-1"}, -4006),
        ({"quantity": None}, -1102),
        ({"quantity": "0.00001"}, -1111),
        ({"type": "STOP"}, -1102),
        ({"type": "LIMIT"}, -1116),
        ({"algoType": "TWAP"}, -1116),
        ({"algoType": None}, -1102),
        ({"workingType": "INDEX"}, -4031),
        ({"closePosition": "true"}, -4137),
        ({"closePosition": "true", "quantity": None, "reduceOnly": "true"}, -1106),
        ({"priceMatch": "QUEUE"}, -5038),
        ({"type": "TRAILING_STOP_MARKET", "triggerPrice": None}, -1102),
        ({"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "25"}, -1130),
        (
            {
                "type": "TRAILING_STOP_MARKET",
                "triggerPrice": None,
                "callbackRate": "1",
                "activatePrice": "61000",
            },
            -2021,
        ),
        ({"positionSide": "LONG"}, -4061),
        ({"timeInForce": "GTD", "goodTillDate": 1}, -5040),
    ],
)
def test_refusals(trader: Trader, terms: dict[str, Any], code: int) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "STOP_MARKET",
        "algoType": "CONDITIONAL",
        "quantity": "0.1",
        "triggerPrice": "61000",
    }

    assert trader.refused("algoOrder.place", **(order | terms)) == code


def test_life_of_an_algo_order(venue: Venue, trader: Trader) -> None:
    placed = trader.algo(
        "BUY", "STOP_MARKET", quantity="0.1", triggerPrice="61000", clientAlgoId="guard"
    )
    assert (placed["algoStatus"], placed["orderType"]) == ("NEW", "STOP_MARKET")

    _move_last_price(venue, "60999.9")
    assert trader.position() == 0
    _move_last_price(venue, "61000")

    assert trader.position() == Decimal("0.1")
    updates = [event["o"] for event in trader.heard("ALGO_UPDATE")]
    assert [one["X"] for one in updates] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    assert {one["aid"] for one in updates} == {placed["algoId"]}
    order = trader.heard("ORDER_TRADE_UPDATE")[-1]["o"]
    assert (order["X"], order["o"], order["c"]) == ("FILLED", "MARKET", "guard")
    assert updates[-1]["ai"] == str(order["i"])
    assert (updates[0]["ai"], updates[0]["act"]) == ("", "0")


def test_mark_price_triggers_look_at_marks_alone(venue: Venue, trader: Trader) -> None:
    trader.algo(
        "SELL", "STOP_MARKET", quantity="0.1", triggerPrice="59000", workingType="MARK_PRICE"
    )
    venue.market.set_mark_price("BTCUSDT", Decimal(60000))

    _move_last_price(venue, "58000")
    assert trader.position() == 0
    venue.market.set_mark_price("BTCUSDT", Decimal(59000))

    assert trader.position() == Decimal("-0.1")


def test_stop_limit_order_rests_at_its_price(venue: Venue, trader: Trader) -> None:
    trader.algo("BUY", "STOP", quantity="0.1", triggerPrice="61000", price="60500")

    _move_last_price(venue, "61000")

    assert ["60500.00", "0.100"] in trader.ask("depth", symbol="BTCUSDT")["bids"]
    assert trader.heard("ALGO_UPDATE")[-1]["o"]["X"] == "TRIGGERED"


def test_one_trigger_sets_off_another(venue: Venue, maker: Trader, trader: Trader) -> None:
    trader.algo("BUY", "STOP_MARKET", quantity="0.1", triggerPrice="61000")
    trader.algo("BUY", "STOP_MARKET", quantity="0.2", triggerPrice="62000")

    _move_last_price(venue, "61500")

    assert trader.position() == Decimal("0.3")


def test_close_position_closes_what_is_there_then(
    venue: Venue, maker: Trader, trader: Trader
) -> None:
    maker.place("SELL", "1.5", "60000")
    trader.place("BUY", "1.5")
    trader.algo("SELL", "STOP_MARKET", triggerPrice="59000", closePosition="true")
    trader.algo("SELL", "STOP_MARKET", triggerPrice="58900", closePosition="true")

    _move_last_price(venue, "58000")

    assert trader.position() == 0
    assert [e["o"]["X"] for e in trader.heard("ALGO_UPDATE")][-1] == "EXPIRED"


def test_order_refused_at_its_trigger_is_told_twice(venue: Venue, trader: Trader) -> None:
    trader.algo("SELL", "STOP_MARKET", quantity="0.1", triggerPrice="59000", reduceOnly="true")

    _move_last_price(venue, "59000")

    last = trader.heard("ALGO_UPDATE")[-1]["o"]
    assert (last["X"], last["rm"]) == ("REJECTED", "ReduceOnly Order is rejected.")
    rejected = trader.heard("CONDITIONAL_ORDER_TRIGGER_REJECT")[-1]["or"]
    assert rejected == {"s": "BTCUSDT", "i": last["aid"], "r": "ReduceOnly Order is rejected."}


def test_trailing_order_tells_when_it_starts_to_trail(venue: Venue, trader: Trader) -> None:
    trader.algo(
        "SELL",
        "TRAILING_STOP_MARKET",
        quantity="0.1",
        callbackRate="1",
        activatePrice="61000",
    )

    _move_last_price(venue, "61000")
    _move_last_price(venue, "62000")
    _move_last_price(venue, "61380")

    updates = [event["o"] for event in trader.heard("ALGO_UPDATE")]
    assert [(one["X"], one["ia"]) for one in updates[:3]] == [
        ("NEW", False),
        ("NEW", True),
        ("TRIGGERING", True),
    ]
    assert trader.position() == Decimal("-0.1")


def test_trailing_order_without_an_activation_price_starts_from_the_last_price(
    venue: Venue, trader: Trader
) -> None:
    trader.algo("SELL", "TRAILING_STOP_MARKET", quantity="0.1", callbackRate="1")

    _move_last_price(venue, "59400")

    assert trader.position() == Decimal("-0.1")


def test_cancel_by_either_id(venue: Venue, trader: Trader) -> None:
    by_id = trader.algo("BUY", "STOP_MARKET", quantity="0.1", triggerPrice="61000")
    trader.algo("BUY", "STOP_MARKET", quantity="0.1", triggerPrice="61000", clientAlgoId="x")

    cancelled = trader.ask("algoOrder.cancel", algoId=by_id["algoId"])
    trader.ask("algoOrder.cancel", clientAlgoId="x")

    assert (cancelled["algoId"], cancelled["code"]) == (by_id["algoId"], "200")
    assert trader.refused("algoOrder.cancel", clientAlgoId="x") == -2011
    assert trader.refused("algoOrder.cancel") == -1102
    _move_last_price(venue, "62000")
    assert trader.position() == 0


def test_algo_order_with_a_date_expires(venue: Venue, trader: Trader) -> None:
    trader.algo(
        "BUY",
        "STOP",
        quantity="0.1",
        triggerPrice="61000",
        price="61000",
        timeInForce="GTD",
        goodTillDate=START_US // 1000 + 700_000,
    )

    venue.clock.advance(700)

    assert trader.heard("ALGO_UPDATE")[-1]["o"]["X"] == "EXPIRED"


def test_client_id_is_taken_while_its_algo_order_waits(trader: Trader) -> None:
    terms = {"quantity": "0.1", "triggerPrice": "61000", "clientAlgoId": "x"}
    trader.algo("BUY", "STOP_MARKET", **terms)

    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET", "algoType": "CONDITIONAL"}
    assert trader.refused("algoOrder.place", **order, **terms) == -4116


def test_at_most_two_hundred_wait(trader: Trader) -> None:
    terms = {"quantity": "0.1", "triggerPrice": "61000"}
    for _ in range(200):
        trader.algo("BUY", "STOP_MARKET", **terms)

    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP_MARKET", "algoType": "CONDITIONAL"}
    assert trader.refused("algoOrder.place", **order, **terms) == -4045


class TestCoinM:
    @pytest.fixture
    def venue(self) -> Venue:
        return Venue(Market.COINM)

    @pytest.fixture
    def maker(self, venue: Venue) -> Trader:
        maker = venue.trader()
        maker.place("BUY", "100", "57000")
        maker.place("SELL", "100", "63000")
        return maker

    def _stop(self, trader: Trader, **terms: Any) -> Any:
        order = {"symbol": "BTCUSD_PERP", "side": "BUY", "type": "STOP_MARKET", "quantity": "10"}
        return trader.ask("order.place", **(order | {"stopPrice": "61000"} | terms))

    def _move(self, venue: Venue, price: str) -> None:
        one, other = venue.trader(), venue.trader()
        one.place("SELL", "1", price)
        other.place("BUY", "1", price)

    def test_conditional_order_keeps_its_id_when_it_fires(
        self, venue: Venue, trader: Trader
    ) -> None:
        placed = self._stop(trader)
        assert (placed["type"], placed["stopPrice"]) == ("STOP_MARKET", "61000.0")

        self._move(venue, "61000")

        answer = trader.status(placed["orderId"])
        assert (answer["status"], answer["type"], answer["origType"]) == (
            "FILLED",
            "MARKET",
            "STOP_MARKET",
        )
        updates = [event["o"] for event in trader.heard("ORDER_TRADE_UPDATE")]
        assert [(one["x"], one["o"], one["er"]) for one in updates] == [
            ("NEW", "STOP_MARKET", "0"),
            ("EXPIRED", "STOP_MARKET", "8"),
            ("NEW", "MARKET", "0"),
            ("TRADE", "MARKET", "0"),
        ]

    def test_waiting_order_can_be_cancelled(self, venue: Venue, trader: Trader) -> None:
        order_id = self._stop(trader)["orderId"]

        trader.cancel(order_id)
        self._move(venue, "61000")

        assert trader.status(order_id)["status"] == "CANCELED"
        assert trader.position() == 0

    def test_trailing_order_shows_its_terms(self, trader: Trader) -> None:
        placed = self._stop(
            trader,
            type="TRAILING_STOP_MARKET",
            stopPrice=None,
            callbackRate="1.5",
            activationPrice="59000",
        )

        assert (placed["activatePrice"], placed["priceRate"]) == ("59000.0", "1.5")

    def test_waiting_order_cannot_be_modified(self, trader: Trader) -> None:
        order_id = self._stop(trader)["orderId"]

        code = trader.refused(
            "order.modify",
            symbol="BTCUSD_PERP",
            orderId=order_id,
            side="BUY",
            quantity="5",
            price="60000",
        )
        assert code == -4196

    @pytest.mark.parametrize(
        ("terms", "status", "price"),
        [
            ({"type": "STOP", "price": "60500"}, "NEW", "60500.0"),
            ({"type": "STOP", "priceMatch": "QUEUE"}, "NEW", "57000.0"),
            ({"type": "STOP", "priceMatch": "QUEUE_5"}, "EXPIRED", "0.0"),
            ({"quantity": None, "closePosition": "true"}, "EXPIRED", "0.0"),
            ({"reduceOnly": "true"}, "EXPIRED", "0.0"),
            ({"quantity": "60000"}, "EXPIRED", "0.0"),
        ],
    )
    def test_what_becomes_of_it(
        self, venue: Venue, trader: Trader, terms: dict[str, Any], status: str, price: str
    ) -> None:
        trader.account.wallets["BTC"] = Decimal("0.01")
        order_id = self._stop(trader, **terms)["orderId"]

        self._move(venue, "61000")

        answer = trader.status(order_id)
        assert (answer["status"], answer["price"]) == (status, price)

    def test_close_position_closes_what_is_there_then(
        self, venue: Venue, maker: Trader, trader: Trader
    ) -> None:
        maker.place("BUY", "7", "59900")
        trader.place("SELL", "7")
        order_id = self._stop(trader, quantity=None, closePosition="true")["orderId"]

        self._move(venue, "61000")

        assert trader.position() == 0
        assert trader.status(order_id)["executedQty"] == "7"

    def test_at_most_two_hundred_wait(self, trader: Trader) -> None:
        trader.place("BUY", "1", "59000")
        for _ in range(200):
            self._stop(trader)

        order = {"symbol": "BTCUSD_PERP", "side": "BUY", "type": "STOP_MARKET", "quantity": "1"}
        assert trader.refused("order.place", **order, stopPrice="61000") == -4045

    def test_algo_methods_are_refused(self, trader: Trader) -> None:
        assert trader.refused("algoOrder.place") == -1020
        assert trader.refused("depth", symbol="BTCUSD_PERP") == -1020
