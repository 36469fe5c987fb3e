"""Orders of the futures markets: placing, filling, modifying, cancelling, asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import START_US, Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures import grid
from binance_wsapi.simulator.futures.contracts import USDM_CONTRACTS


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def maker(venue: Venue) -> Trader:
    return venue.trader()


@pytest.fixture
def taker(venue: Venue) -> Trader:
    return venue.trader()


def test_limit_order_rests_and_is_found_by_both_ids(taker: Trader) -> None:
    placed = taker.place("BUY", "0.1", "59000", newClientOrderId="mine")

    by_id = taker.status(placed["orderId"])
    by_client_id = taker.ask("order.status", symbol="BTCUSDT", origClientOrderId="mine")
    assert by_id == by_client_id
    assert (by_id["status"], by_id["price"], by_id["origQty"]) == ("NEW", "59000.00", "0.100")
    assert taker.ask("depth", symbol="BTCUSDT")["bids"] == [["59000.00", "0.100"]]


def test_best_price_trades_first_and_older_orders_before_younger(
    venue: Venue, taker: Trader
) -> None:
    late, first, second = venue.trader(), venue.trader(), venue.trader()
    late.place("SELL", "1", "60010")
    first.place("SELL", "1", "60000")
    second.place("SELL", "1", "60000")

    taker.place("BUY", "1.5")

    assert [one.position() for one in (late, first, second)] == [0, -1, Decimal("-0.5")]


def test_acknowledgement_shows_the_order_before_it_traded(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")

    acknowledged = taker.place("BUY", "0.5")

    assert (acknowledged["status"], acknowledged["executedQty"]) == ("NEW", "0.000")
    assert "avgPrice" not in acknowledged
    assert taker.status(acknowledged["orderId"])["status"] == "FILLED"


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"price": None}, "FILLED"),
        ({"price": "60000", "timeInForce": "IOC"}, "FILLED"),
        ({"price": "60000", "timeInForce": "FOK"}, "FILLED"),
        ({"price": "60000", "timeInForce": "GTC"}, "NEW"),
    ],
)
def test_result_response_shows_the_end_of_immediate_orders(
    maker: Trader, taker: Trader, terms: dict[str, Any], status: str
) -> None:
    maker.place("SELL", "1", "60000")

    answer = taker.place("BUY", "0.5", newOrderRespType="RESULT", **terms)

    assert answer["status"] == status


@pytest.mark.parametrize(
    ("terms", "status", "reason"),
    [
        ({"price": None}, "EXPIRED", "9"),
        ({"price": "60000", "timeInForce": "IOC"}, "EXPIRED", "2"),
        ({"price": "60000", "timeInForce": "GTC"}, "PARTIALLY_FILLED", "0"),
    ],
)
def test_what_the_book_cannot_fill(
    maker: Trader, taker: Trader, terms: dict[str, Any], status: str, reason: str
) -> None:
    maker.place("SELL", "1", "60000")

    order_id = taker.place("BUY", "1.5", **terms)["orderId"]

    answer = taker.status(order_id)
    assert (answer["status"], answer["executedQty"]) == (status, "1.000")
    assert taker.heard("ORDER_TRADE_UPDATE")[-1]["o"]["er"] == reason


def test_mean_price_and_value_of_several_fills(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")
    maker.place("SELL", "1", "60100")

    answer = taker.status(taker.place("BUY", "2")["orderId"])

    assert answer["avgPrice"] == "60050.00000"
    assert answer["cumQuote"] == "120100.00000000"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": "0"}, -4003),
        ({"quantity": "-1"}, -4003),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "1001"}, -4005),
        ({"quantity": "121", "type": "MARKET", "price": None, "timeInForce": None}, -4005),
        ({"price": "0"}, -4001),
        ({"price": "59000.001"}, -1111),
        ({"price": "59000.05"}, -4014),
        ({"price": "70000"}, -4016),
        ({"side": "SELL", "price": "50000"}, -4024),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "50"}, -2019),
        ({"symbol": "NOPE"}, -1121),
        ({"symbol": None}, -1102),
        ({"side": "HOLD"}, -1117),
        ({"type": "LIMIT_MAKER"}, -1116),
        ({"timeInForce": "DAY"}, -1115),
        ({"timeInForce": None}, -1102),
        ({"quantity": None}, -1102),
        ({"quantity": "much"}, -1102),
        ({"price": None}, -1102),
        ({"positionSide": "LONG"}, -4061),
        ({"positionSide": "UP"}, -4060),
        ({"newOrderRespType": "FULL"}, -1136),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": "no spaces"}, -1100),
        ({"selfTradePreventionMode": "DECREMENT"}, -5039),
        ({"priceMatch": "QUEUE"}, -1106),
        ({"priceMatch": "QUEUE", "price": None}, -5041),
        ({"priceMatch": "OPPONENT_20", "price": None}, -5037),
        ({"priceMatch": "BEST", "price": None}, -5037),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": START_US // 1000 + 600_000}, -5040),
        ({"type": "MARKET", "price": None}, -1106),
        ({"type": "MARKET", "price": None, "timeInForce": None}, -1112),
        ({"reduceOnly": "true"}, -2022),
        ({"reduceOnly": "yes"}, -1130),
        ({"type": "MARKET", "timeInForce": None}, -1106),
        ({"closePosition": "true"}, -4020),
        ({"goodTillDate": 1}, -1106),
        ({"stopPrice": "59000"}, -1106),
        ({"callbackRate": "1"}, -1106),
        ({"type": "STOP_MARKET", "stopPrice": "59000"}, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -4120),
    ],
)
def test_refusals(taker: Trader, terms: dict[str, Any], code: int) -> None:
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "59000",
    }

    assert taker.refused("order.place", **(order | terms)) == code
    assert not taker.account.orders


def test_numbers_and_flags_come_as_text_or_json_values(taker: Trader) -> None:
    placed = taker.place("BUY", quantity=0.1, price=59000.0, reduceOnly=False)  # type: ignore[arg-type]

    assert (placed["origQty"], placed["price"]) == ("0.100", "59000.00")


def test_client_id_is_taken_while_its_order_is_open(taker: Trader) -> None:
    order_id = taker.place("BUY", "0.1", "59000", newClientOrderId="same")["orderId"]
    assert taker.refused_order("BUY", "0.1", "59000", newClientOrderId="same") == -4116

    taker.cancel(order_id)

    again = taker.place("BUY", "0.1", "59000", newClientOrderId="same")
    latest = taker.ask("order.status", symbol="BTCUSDT", origClientOrderId="same")
    assert latest["orderId"] == again["orderId"]


def test_post_only_order_that_would_trade_is_refused(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")

    assert taker.refused_order("BUY", "1", "60000", timeInForce="GTX") == -5022
    assert taker.refused_order("BUY", "1", "59999", timeInForce="GTX") == 0


def test_fill_or_kill_that_cannot_fill_is_refused(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")

    assert taker.refused_order("BUY", "1.5", "60000", timeInForce="FOK") == -5021
    assert taker.position() == maker.position() == 0


def test_good_till_date_order_expires_on_its_second(venue: Venue, taker: Trader) -> None:
    good_till = START_US // 1000 + 700_500
    placed = taker.place("BUY", "0.1", "59000", timeInForce="GTD", goodTillDate=good_till)
    assert placed["goodTillDate"] == good_till - 500

    venue.clock.advance(699)
    assert taker.status(placed["orderId"])["status"] == "NEW"
    venue.clock.advance(1)

    assert taker.status(placed["orderId"])["status"] == "EXPIRED"
    assert taker.ask("depth", symbol="BTCUSDT")["bids"] == []


def test_retail_order_is_open_but_not_in_the_book(maker: Trader, taker: Trader) -> None:
    placed = maker.place("BUY", "0.1", "60000", timeInForce="RPI")

    assert taker.ask("depth", symbol="BTCUSDT")["bids"] == []
    assert taker.refused_order("SELL", "0.1") == -1112
    assert maker.cancel(placed["orderId"])["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("mode", "price"),
    [
        ("OPPONENT", "60010.00"),
        ("OPPONENT_5", "60050.00"),
        ("QUEUE", "59990.00"),
        ("QUEUE_5", "59950.00"),
        ("QUEUE_10", None),
    ],
)
def test_price_match_takes_its_price_from_the_book(
    maker: Trader, taker: Trader, mode: str, price: str | None
) -> None:
    for step in range(1, 6):
        maker.place("SELL", "0.1", str(60000 + 10 * step))
        maker.place("BUY", "0.1", str(60000 - 10 * step))
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}

    if price is None:
        assert taker.refused("order.place", quantity="0.1", priceMatch=mode, **order) == -5041
    else:
        placed = taker.ask("order.place", quantity="0.1", priceMatch=mode, **order)
        assert (placed["price"], placed["priceMatch"]) == (price, mode)


@pytest.mark.parametrize(
    ("mode", "maker_status", "taker_status", "position"),
    [
        ("NONE", "FILLED", "FILLED", "0"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH", "0"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "FILLED", "1"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "0"),
    ],
)
def test_self_trade_prevention(
    maker: Trader,
    taker: Trader,
    mode: str,
    maker_status: str,
    taker_status: str,
    position: str,
) -> None:
    own = taker.place("SELL", "1", "60000")["orderId"]
    maker.place("SELL", "1", "60001")

    crossing = taker.place("BUY", "1", "60001", selfTradePreventionMode=mode)["orderId"]

    assert taker.status(own)["status"] == maker_status
    assert taker.status(crossing)["status"] == taker_status
    assert taker.position() == Decimal(position)


def test_cancelled_order_leaves_the_book_and_cannot_be_cancelled_again(taker: Trader) -> None:
    order_id = taker.place("BUY", "0.1", "59000")["orderId"]

    assert taker.cancel(order_id)["status"] == "CANCELED"
    assert taker.ask("depth", symbol="BTCUSDT")["bids"] == []
    assert taker.refused("order.cancel", symbol="BTCUSDT", orderId=order_id) == -2011
    assert taker.refused("order.cancel", symbol="BTCUSDT") == -1102


def test_orders_of_others_and_of_other_symbols_are_not_found(maker: Trader, taker: Trader) -> None:
    order_id = maker.place("BUY", "0.1", "59000")["orderId"]

    assert taker.refused("order.status", symbol="BTCUSDT", orderId=order_id) == -2013
    assert maker.refused("order.status", symbol="ETHUSDT", orderId=order_id) == -2013


@pytest.mark.parametrize(("fills", "forgotten_after_days"), [(False, 3), (True, 90)])
def test_ended_orders_are_forgotten(
    venue: Venue, maker: Trader, taker: Trader, fills: bool, forgotten_after_days: int
) -> None:
    if fills:
        maker.place("SELL", "1", "59000")
    order_id = taker.place("BUY", "1", "59000")["orderId"]
    if not fills:
        taker.cancel(order_id)

    venue.clock.advance(forgotten_after_days * 86_400)
    taker.status(order_id)
    venue.clock.advance(1)

    with pytest.raises(ExchangeError, match="-2013"):
        taker.status(order_id)


class TestModify:
    def modify(self, trader: Trader, order_id: int, **terms: Any) -> Any:
        order = {"symbol": trader.symbol, "orderId": order_id, "side": "BUY"}
        return trader.ask("order.modify", **(order | terms))

    def test_moves_to_the_end_of_its_new_level(
        self, venue: Venue, maker: Trader, taker: Trader
    ) -> None:
        other = venue.trader()
        moved = maker.place("BUY", "1", "59000")["orderId"]
        other.place("BUY", "1", "59000")
        self.modify(maker, moved, quantity="2", price="59000")

        taker.place("SELL", "1")

        assert maker.position() == 0
        assert other.position() == 1

    def test_answers_and_tells_the_new_terms_with_the_modify_id(self, taker: Trader) -> None:
        order_id = taker.place("BUY", "1", "59000")["orderId"]

        answer = self.modify(taker, order_id, quantity="2", price="59100", modifyId=5)

        assert (answer["price"], answer["origQty"], answer["modifyId"]) == ("59100.00", "2.000", 5)
        told = taker.heard("ORDER_TRADE_UPDATE")[-1]["o"]
        assert (told["x"], told["X"], told["M"], told["p"]) == ("AMENDMENT", "NEW", "5", "59100.00")
        assert taker.ask("depth", symbol="BTCUSDT")["bids"] == [["59100.00", "2.000"]]

    def test_trades_at_once_when_its_new_price_crosses(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        order_id = taker.place("BUY", "1", "59000")["orderId"]

        self.modify(taker, order_id, quantity="1", price="60000")

        assert taker.status(order_id)["status"] == "FILLED"

    def test_cancels_a_post_only_order_that_would_trade(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        order_id = taker.place("BUY", "1", "59000", timeInForce="GTX")["orderId"]

        answer = self.modify(taker, order_id, quantity="1", price="60000")

        assert answer["status"] == "CANCELED"
        assert taker.position() == 0

    def test_cancels_an_order_reduced_to_what_is_filled(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        order_id = taker.place("BUY", "2", "60000")["orderId"]

        answer = self.modify(taker, order_id, quantity="1", price="60000")

        assert (answer["status"], answer["executedQty"]) == ("CANCELED", "1.000")

    @pytest.mark.parametrize(
        ("terms", "code"),
        [
            ({"quantity": "1"}, -1102),
            ({"price": "59000"}, -1102),
            ({"quantity": "1", "price": "59000"}, -5027),
            ({"quantity": "1", "price": "59000.05"}, -4014),
            ({"quantity": "900", "price": "59000"}, -2019),
            ({"quantity": "1", "price": "59100", "side": "SELL"}, -1130),
            ({"quantity": "1", "price": "59100", "priceMatch": "QUEUE"}, -1106),
            ({"quantity": "1", "price": "59100", "orderId": 1}, -2013),
            ({"quantity": "1", "price": "59100", "orderId": "x"}, -1102),
            ({"quantity": "0.001", "price": "59100"}, -4164),
        ],
    )
    def test_refusal_leaves_the_order_as_it_is(
        self, taker: Trader, terms: dict[str, Any], code: int
    ) -> None:
        order_id = taker.place("BUY", "1", "59000")["orderId"]
        order = {"symbol": "BTCUSDT", "orderId": order_id, "side": "BUY"}

        assert taker.refused("order.modify", **(order | terms)) == code
        assert taker.status(order_id)["price"] == "59000.00"

    def test_reduce_only_order_is_spared_the_least_notional_where_the_request_says_so(
        self, maker: Trader, taker: Trader
    ) -> None:
        maker.place("SELL", "1", "60000")
        taker.place("BUY", "1")
        order_id = taker.place("SELL", "0.002", "61000", reduceOnly="true")["orderId"]
        small = {"side": "SELL", "quantity": "0.001", "price": "61100"}
        order = {"symbol": "BTCUSDT", "orderId": order_id, **small}

        assert taker.refused("order.modify", **order) == -4164
        assert taker.refused("order.modify", **order, reduceOnly="false") == -4164
        assert self.modify(taker, order_id, **small, reduceOnly="true")["origQty"] == "0.001"

    def test_order_that_is_not_reduce_only_is_not_taken_for_one(self, taker: Trader) -> None:
        order_id = taker.place("BUY", "1", "59000")["orderId"]
        order = {"symbol": "BTCUSDT", "orderId": order_id, "side": "BUY", "quantity": "1"}

        assert taker.refused("order.modify", **order, price="59100", reduceOnly="true") == -5047

    def test_takes_its_price_from_the_book(self, maker: Trader, taker: Trader) -> None:
        maker.place("BUY", "1", "59500")
        order_id = taker.place("BUY", "1", "59000")["orderId"]

        answer = self.modify(taker, order_id, quantity="1", priceMatch="QUEUE")

        assert (answer["price"], answer["priceMatch"]) == ("59500.00", "QUEUE")

    def test_ten_thousand_changes_are_the_limit(self, taker: Trader) -> None:
        order_id = taker.place("BUY", "1", "59000")["orderId"]
        amendments = taker.account.orders[order_id].amendments
        self.modify(taker, order_id, quantity="1", price="59001")
        amendments *= 10_000

        order = {"symbol": "BTCUSDT", "orderId": order_id, "side": "BUY", "quantity": "1"}
        assert taker.refused("order.modify", **order, price="59100") == -5026


COARSE = replace(
    USDM_CONTRACTS[0],
    tick_size=Decimal("0.5"),
    step_size=Decimal("0.5"),
    price_places=1,
    quantity_places=1,
    min_price=Decimal(10),
    max_price=Decimal(1000),
    max_quantity=Decimal(100),
    max_market_quantity=Decimal(50),
)


@pytest.mark.parametrize(
    ("price", "code"),
    [("9.5", -4013), ("10", 0), ("10.3", -4014), ("10.25", -1111), ("1000", 0), ("1000.5", -4002)],
)
def test_price_grid(price: str, code: int) -> None:
    assert _code(lambda: grid.check_price(COARSE, Decimal(price))) == code


@pytest.mark.parametrize(
    ("quantity", "is_market", "code"),
    [
        ("0.4", False, -4004),
        ("0.5", False, 0),
        ("0.7", False, -4023),
        ("100", False, 0),
        ("100.5", False, -4005),
        ("50.5", True, -4005),
    ],
)
def test_quantity_grid(quantity: str, is_market: bool, code: int) -> None:
    def check() -> None:
        grid.check_quantity(COARSE, Decimal(quantity), is_market=is_market)

    assert _code(check) == code


def _code(check: Callable[[], None]) -> int:
    try:
        check()
    except ExchangeError as error:
        return error.code
    return 0


def test_private_methods_need_an_account(venue: Venue) -> None:
    with pytest.raises(ExchangeError, match="-2015"):
        venue.market.handle("order.place", {}, None)


@pytest.mark.parametrize(
    ("terms", "reason"), [({"timeInForce": "FOK"}, "10"), ({"timeInForce": "GTX"}, "11")]
)
def test_coinm_takes_and_expires_what_usdm_refuses(terms: dict[str, str], reason: str) -> None:
    venue = Venue(Market.COINM)
    maker, taker = venue.trader(), venue.trader()
    maker.place("SELL", "10", "60000")

    order_id = taker.place("BUY", "11", "60000", **terms)["orderId"]

    assert taker.status(order_id)["status"] == "EXPIRED"
    assert taker.heard("ORDER_TRADE_UPDATE")[-1]["o"]["er"] == reason
    assert taker.position() == 0


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"quantity": "0.5"}, -1111),
        ({"timeInForce": "GTD", "goodTillDate": 1}, -1115),
        ({"type": "STOP"}, -1102),
    ],
)
def test_coinm_refusals(terms: dict[str, Any], code: int) -> None:
    trader = Venue(Market.COINM).trader()

    assert trader.refused_order("BUY", price="59000", **({"quantity": "1"} | terms)) == code


def test_coinm_answers_carry_the_pair_and_base_value() -> None:
    venue = Venue(Market.COINM)
    maker, taker = venue.trader(), venue.trader()
    maker.place("SELL", "12", "60000")

    placed = taker.place("BUY", "12")

    assert placed["pair"] == "BTCUSD"
    assert "goodTillDate" not in placed
    status = taker.status(placed["orderId"])
    assert (status["cumBase"], status["avgPrice"]) == ("0.02000000", "60000.00000")


@pytest.mark.parametrize("method", ["order.test", "klines", "depth ", "v2/order.place"])
def test_methods_that_futures_lack_are_refused(taker: Trader, method: str) -> None:
    assert taker.refused(method) == -1020


def test_version_one_prefix_changes_nothing(taker: Trader) -> None:
    assert taker.ask("v1/depth", symbol="BTCUSDT") == taker.ask("depth", symbol="BTCUSDT")


def test_open_order_limit(taker: Trader) -> None:
    for _ in range(200):
        taker.place("BUY", "0.002", "59000")

    assert taker.refused_order("BUY", "0.002", "59000") == -2025


@pytest.mark.parametrize(
    ("method", "cost"),
    [("order.place", 1), ("v1/order.place", 1), ("order.modify", 1), ("order.cancel", 0)],
)
def test_order_cost(venue: Venue, method: str, cost: int) -> None:
    assert venue.market.order_cost(method, {}) == cost
