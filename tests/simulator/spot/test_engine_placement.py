"""Single orders: what each type does, what is refused and in which words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from engine_harness import BTCUSDT, Exchange

from binance_wsapi.simulator.accounts import CommissionRates
from binance_wsapi.simulator.spot.symbols import SymbolSpec

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
LIMIT |= {"price": "90", "quantity": "1"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "1"}


def missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


@pytest.mark.parametrize(
    ("order", "change", "code", "message"),
    [
        (LIMIT, {"symbol": None}, -1102, missing("symbol")),
        (LIMIT, {"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
        (LIMIT, {"side": None}, -1102, missing("side")),
        (LIMIT, {"side": "buy"}, -1117, "Invalid side."),
        (LIMIT, {"type": None}, -1102, missing("type")),
        (LIMIT, {"type": "LIMITED"}, -1116, "Invalid orderType."),
        (LIMIT, {"timeInForce": None}, -1102, missing("timeInForce")),
        (LIMIT, {"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        (LIMIT, {"price": None}, -1102, missing("price")),
        (LIMIT, {"price": ""}, -1102, missing("price")),
        (LIMIT, {"quantity": None}, -1102, missing("quantity")),
        (LIMIT, {"quantity": True}, -1102, missing("quantity")),
        (
            LIMIT,
            {"price": "1,5"},
            -1100,
            (
                r"Illegal characters found in parameter 'price'; legal range is "
                r"'^([0-9]{1,20})(\.[0-9]{1,20})?$'."
            ),
        ),
        (LIMIT, {"price": "-1"}, -1100, None),
        (LIMIT, {"quantity": "1e3"}, -1100, None),
        (
            LIMIT,
            {"price": "1.123456789"},
            -1111,
            "Parameter 'price' has too much precision.",
        ),
        (LIMIT, {"price": "0"}, -1130, "Data sent for parameter 'price' is not valid."),
        (LIMIT, {"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
        (LIMIT, {"quoteOrderQty": "1"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
        (LIMIT, {"timeInForce": "IOC", "icebergQty": "0.1"}, -1014, None),
        (LIMIT, {"newOrderRespType": "SOME"}, -1130, None),
        (LIMIT, {"strategyType": 999_999}, -1134, None),
        (LIMIT, {"strategyId": "x"}, -1100, None),
        (LIMIT, {"newClientOrderId": "with space"}, -1100, None),
        (LIMIT, {"newClientOrderId": "x" * 37}, -1100, None),
        (LIMIT, {"selfTradePreventionMode": "SOMETIMES"}, -1130, None),
        (LIMIT, {"pegPriceType": "FIRST"}, -1210, "Invalid pegPriceType."),
        (
            LIMIT,
            {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "TICKS", "pegOffsetValue": 1},
            -1211,
            "Invalid pegOffsetType.",
        ),
        (LIMIT, {"pegPriceType": "PRIMARY_PEG", "pegOffsetValue": 1}, -1128, None),
        (LIMIT, {"hidden": "1"}, -1104, None),
        (MARKET, {"price": "1"}, -1106, "Parameter 'price' sent when not required."),
        (MARKET, {"timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not required."),
        (MARKET, {"quoteOrderQty": "1"}, -1128, None),
        (
            MARKET,
            {"quantity": None},
            -1102,
            "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
        ),
        (
            MARKET,
            {"pegPriceType": "PRIMARY_PEG"},
            -2010,
            "This order type may not use pegged price.",
        ),
        (
            STOP,
            {},
            -1102,
            "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
        ),
        (STOP, {"stopPrice": "1", "icebergQty": "0.1"}, -1106, None),
        (
            {**LIMIT, "type": "LIMIT_MAKER", "timeInForce": None},
            {"pegPriceType": "MARKET_PEG"},
            -2010,
            "This price peg cannot be used with this order type.",
        ),
    ],
)
def test_malformed_orders_are_refused_in_the_words_of_the_exchange(
    order: dict[str, Any], change: dict[str, Any], code: int, message: str | None
) -> None:
    exchange = Exchange()
    account = exchange.account()

    for method in ("order.place", "order.test"):
        error = exchange.refusal(method, account, **{**order, **change})
        assert error.code == code
        assert message in (None, error.message)
    assert exchange.call("allOrders", account, symbol="BTCUSDT") == []
    assert exchange.events(account) == []


@pytest.mark.parametrize(
    ("change", "order", "message"),
    [
        (
            {"order_types": ("LIMIT",)},
            MARKET,
            "Market orders are not supported for this symbol.",
        ),
        (
            {"order_types": ("LIMIT",)},
            {**STOP, "stopPrice": "1"},
            "Stop loss orders are not supported for this symbol.",
        ),
        (
            {"iceberg_allowed": False},
            {**LIMIT, "icebergQty": "0.1"},
            "Iceberg orders are not supported for this symbol.",
        ),
        (
            {"allow_trailing_stop": False},
            {**STOP, "trailingDelta": 100},
            "Trailing stop orders are not supported for this symbol.",
        ),
        (
            {"quote_order_qty_market_allowed": False},
            {**MARKET, "quantity": None, "quoteOrderQty": "100"},
            "Quote order qty market orders are not support for this symbol.",
        ),
        (
            {"peg_instructions_allowed": False},
            {**LIMIT, "pegPriceType": "PRIMARY_PEG"},
            "Pegged orders are not supported for this symbol.",
        ),
        (
            {"permission_sets": (("SPOT",), ("TRD_GRP_004", "TRD_GRP_005"))},
            LIMIT,
            "This symbol is not permitted for this account.",
        ),
        ({"status": "BREAK"}, LIMIT, "Market is closed."),
    ],
)
def test_what_a_symbol_does_not_serve_is_refused(
    change: dict[str, Any], order: dict[str, Any], message: str
) -> None:
    exchange = Exchange([replace(BTCUSDT, **change)])

    error = exchange.refusal("order.place", exchange.account(), **order)

    assert (error.code, error.message) == (-2010, message)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            {**LIMIT, "quantity": "1.2"},
            "Account has insufficient balance for requested action.",
        ),
        (MARKET | {"quantity": "2"}, "Account has insufficient balance for requested action."),
        (
            {**LIMIT, "type": "LIMIT_MAKER", "timeInForce": None, "price": "100"},
            "Order would immediately match and take.",
        ),
        ({**LIMIT, "icebergQty": "1.1"}, "IcebergQty exceeds QTY."),
        (
            {**MARKET, "side": "SELL", "quantity": None, "quoteOrderQty": "10"},
            "Order book liquidity is less than symbol minimum quantity.",
        ),
        (
            {**LIMIT, "pegPriceType": "PRIMARY_PEG"},
            "Order book liquidity is too low for this pegged order.",
        ),
    ],
)
def test_what_the_matching_engine_refuses(order: dict[str, Any], message: str) -> None:
    exchange = Exchange()
    exchange.place(exchange.account(), "SELL", "5", "100.00")
    me = exchange.account(USDT="100", BTC="1")

    error = exchange.refusal("order.place", me, **order)

    assert (error.code, error.message) == (-2010, message)
    assert exchange.balances(me)["USDT"] == ("100.00000000", "0.00000000")


def test_an_id_is_unique_among_open_orders_only() -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    order = {**LIMIT, "newClientOrderId": "mine"}
    exchange.call("order.place", me, **order)

    error = exchange.refusal("order.place", me, **order)
    assert (error.code, error.message) == (-2010, "Duplicate order sent.")
    exchange.call("order.place", other, **order)
    exchange.call("order.place", me, **{**order, "symbol": "ETHUSDT"})
    exchange.place(exchange.account(), "SELL", "2")

    second = exchange.call("order.place", me, **order)
    found = exchange.call("order.status", me, symbol="BTCUSDT", origClientOrderId="mine")
    assert found["orderId"] == second["orderId"]


@pytest.mark.parametrize(
    ("kind", "asked", "shape"),
    [
        ("LIMIT", None, "FULL"),
        ("MARKET", None, "FULL"),
        ("LIMIT_MAKER", None, "ACK"),
        ("STOP_LOSS", None, "ACK"),
        ("LIMIT", "RESULT", "RESULT"),
        ("LIMIT_MAKER", "FULL", "FULL"),
    ],
)
def test_the_answer_has_the_form_asked_for(kind: str, asked: str | None, shape: str) -> None:
    orders: dict[str, dict[str, Any]] = {
        "LIMIT": LIMIT,
        "MARKET": MARKET,
        "LIMIT_MAKER": {**LIMIT, "type": "LIMIT_MAKER", "timeInForce": None},
        "STOP_LOSS": {**STOP, "stopPrice": "1"},
    }
    exchange = Exchange()

    answer = exchange.call(
        "order.place", exchange.account(), **orders[kind], newOrderRespType=asked
    )

    assert ("price" in answer) == (shape != "ACK")
    assert ("fills" in answer) == (shape == "FULL")


@pytest.mark.parametrize(
    ("time_in_force", "quantity", "status", "executed", "reason"),
    [
        ("GTC", "3", "PARTIALLY_FILLED", "2", None),
        ("IOC", "3", "EXPIRED", "2", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("IOC", "2", "FILLED", "2", None),
        ("FOK", "3", "EXPIRED", "0", "UNFILLED_FOK_ORDER_EXPIRED"),
        ("FOK", "2", "FILLED", "2", None),
    ],
)
def test_the_time_in_force_decides_on_the_rest(
    time_in_force: str, quantity: str, status: str, executed: str, reason: str | None
) -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    exchange.place(other, "SELL", "1", "100.00")
    exchange.place(other, "SELL", "1", "101.00")
    exchange.place(other, "SELL", "9", "103.00")

    answer = exchange.place(me, "BUY", quantity, "102.00", timeInForce=time_in_force)

    assert (answer["status"], answer["executedQty"]) == (status, f"{executed}.00000000")
    assert answer.get("expiryReason") == reason
    locked = "102.00000000" if time_in_force == "GTC" else "0.00000000"
    assert exchange.balances(me)["USDT"][1] == locked


def test_a_market_order_takes_what_there_is_and_expires() -> None:
    """The sample of the official page on market orders."""
    spec = SymbolSpec("LTCBNB", "LTC", "BNB", BTCUSDT.filters)
    exchange = Exchange([spec])
    other = exchange.account(LTC="10")
    me = exchange.paying_account(BNB="1000")
    for _ in range(2):
        exchange.place(other, "SELL", "2", "1.00", symbol="LTCBNB")
    me.commissions.pays_with_discount_asset = True
    exchange.place(exchange.account(LTC="1"), "SELL", "1", "1.00", symbol="LTCBNB")

    answer = exchange.place(me, "BUY", "6", symbol="LTCBNB")

    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "5.00000000")
    assert answer["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
    events = exchange.events(me)
    assert [(one.get("x"), one.get("X")) for one in events] == [
        ("NEW", "NEW"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("TRADE", "PARTIALLY_FILLED"),
        ("EXPIRED", "EXPIRED"),
        (None, None),
    ]
    assert [one["t"] for one in events[:5]] == [-1, 1, 2, 3, -1]
    assert [one["M"] for one in events[:5]] == [False, True, True, True, False]
    assert {row["a"] for row in events[-1]["B"]} == {"LTC", "BNB"}


@pytest.mark.parametrize(
    ("side", "quote", "base", "spent"),
    [("BUY", "1000", "9.950", "999.95"), ("SELL", "100", "1.010", "99.99")],
)
def test_a_quote_quantity_buys_or_sells_as_much_as_it_is_worth(
    side: str, quote: str, base: str, spent: str
) -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    exchange.place(other, "SELL", "5", "100.00")
    exchange.place(other, "SELL", "5", "101.00")
    exchange.place(other, "BUY", "5", "99.00")

    answer = exchange.call(
        "order.place", me, symbol="BTCUSDT", side=side, type="MARKET", quoteOrderQty=quote
    )

    assert (answer["status"], answer["executedQty"]) == ("FILLED", f"{Decimal(base):.8f}")
    assert answer["cummulativeQuoteQty"] == f"{Decimal(spent):.8f}"
    assert answer["origQuoteOrderQty"] == f"{quote}.00000000"


def test_an_iceberg_shows_one_part_and_queues_again_after_each() -> None:
    exchange = Exchange()
    hider, other, taker = (exchange.account() for _ in range(3))
    exchange.place(hider, "SELL", "5", "100.00", icebergQty="2")
    exchange.place(other, "SELL", "1", "100.00")
    assert exchange.call("depth", symbol="BTCUSDT")["asks"] == [["100.00000000", "3.00000000"]]

    exchange.place(taker, "BUY", "3", "100.00")

    assert exchange.call("openOrders.status", other) == []
    assert exchange.call("openOrders.status", hider)[0]["executedQty"] == "2.00000000"
    assert exchange.call("depth", symbol="BTCUSDT")["asks"] == [["100.00000000", "2.00000000"]]
    exchange.place(taker, "BUY", "3", "100.00")
    assert exchange.call("depth", symbol="BTCUSDT")["asks"] == []


@pytest.mark.parametrize(
    ("side", "peg", "pegged"),
    [
        ("BUY", {"pegPriceType": "PRIMARY_PEG"}, "99"),
        (
            "BUY",
            {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 1},
            "98",
        ),
        ("SELL", {"pegPriceType": "PRIMARY_PEG"}, "101"),
        ("BUY", {"pegPriceType": "MARKET_PEG"}, "101"),
        ("SELL", {"pegPriceType": "MARKET_PEG"}, "99"),
        (
            "SELL",
            {"pegPriceType": "MARKET_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 1},
            "98",
        ),
        ("BUY", {"pegPriceType": "MARKET_PEG", "price": "100"}, "100"),
        ("BUY", {"pegPriceType": "MARKET_PEG", "price": "105"}, "101"),
    ],
)
def test_a_pegged_order_takes_its_price_from_the_book(
    side: str, peg: dict[str, Any], pegged: str
) -> None:
    exchange = Exchange()
    me, other = exchange.account(), exchange.account()
    for price, where in (("99", "BUY"), ("98", "BUY"), ("101", "SELL"), ("102", "SELL")):
        exchange.place(other, where, "1", price)

    order = {**LIMIT, "side": side, "price": None, **peg}
    answer = exchange.call("order.place", me, **order)

    assert answer["peggedPrice"] == f"{pegged}.00000000"
    assert answer["pegPriceType"] == peg["pegPriceType"]
    assert answer["price"] == f"{Decimal(peg.get('price', '0')):.8f}"
    event = exchange.events(me, "executionReport")[0]
    assert (event["gP"], event["gp"]) == (peg["pegPriceType"], answer["peggedPrice"])


def test_commission_is_reckoned_as_in_the_official_example() -> None:
    spec = replace(BTCUSDT, filters=())
    exchange = Exchange([spec])
    me, other = exchange.paying_account(BTC="0.49975"), exchange.account()
    commissions = me.commissions
    for name, values in (
        ("standard", "0.00000010 0.00000020 0.00000030 0.00000040"),
        ("special", "0.01000000 0.02000000 0.03000000 0.04000000"),
        ("tax", "0.00000112 0.00000114 0.00000118 0.00000116"),
    ):
        setattr(commissions, name, CommissionRates(*map(Decimal, values.split())))
    exchange.place(other, "BUY", "0.49975", "35000")

    answer = exchange.place(me, "SELL", "0.49975")

    total = Decimal("0.01049475") + Decimal("0.04022988") + Decimal("1049.47500000")
    assert answer["fills"][0]["commission"] == f"{total:f}"
    assert answer["fills"][0]["commissionAsset"] == "USDT"
    assert exchange.market.house["USDT"] == total


def test_commission_goes_to_bnb_while_the_account_has_enough() -> None:
    bnb = SymbolSpec("BNBUSDT", "BNB", "USDT", BTCUSDT.filters)
    exchange = Exchange([BTCUSDT, bnb])
    exchange.trade_at("200.00", "BNBUSDT")
    me, other = exchange.paying_account(BTC="2", BNB="0.4"), exchange.account()
    me.commissions.pays_with_discount_asset = True
    exchange.place(other, "BUY", "2", "100000.00")

    first = exchange.place(me, "SELL", "1")["fills"][0]
    second = exchange.place(me, "SELL", "1")["fills"][0]

    # 100 USDT of commission are 0.5 BNB, and 0.375 BNB with the discount.
    assert (first["commission"], first["commissionAsset"]) == ("0.37500000", "BNB")
    assert (second["commission"], second["commissionAsset"]) == ("100.00000000", "USDT")
    assert exchange.balances(me)["BNB"] == ("0.02500000", "0.00000000")


def test_bnb_that_comes_in_pays_its_own_commission() -> None:
    bnb = SymbolSpec("BNBUSDT", "BNB", "USDT", BTCUSDT.filters)
    exchange = Exchange([bnb])
    me, other = exchange.paying_account(USDT="200"), exchange.account()
    me.commissions.pays_with_discount_asset = True
    exchange.place(other, "SELL", "1", "200.00", symbol="BNBUSDT")

    fill = exchange.place(me, "BUY", "1", symbol="BNBUSDT")["fills"][0]

    assert (fill["commission"], fill["commissionAsset"]) == ("0.00075000", "BNB")
    assert exchange.balances(me) == {"BNB": ("0.99925000", "0.00000000")}


def test_conditional_fields_come_with_their_condition() -> None:
    exchange = Exchange()
    me = exchange.account()

    answer = exchange.call("order.place", me, **LIMIT, strategyId=7, strategyType=1_000_001)
    plain = exchange.call("order.place", me, **LIMIT)

    assert (answer["strategyId"], answer["strategyType"]) == (7, 1_000_001)
    assert not {"strategyId", "stopPrice", "icebergQty", "expiryReason"} & plain.keys()
    event = exchange.events(me, "executionReport")[0]
    assert (event["j"], event["J"]) == (7, 1_000_001)


def test_transfers_from_outside_have_their_events() -> None:
    exchange = Exchange()
    me = exchange.account(USDT="100")

    exchange.market.deposit(me, "USDT", Decimal(50))
    exchange.market.lock_externally(me, "USDT", Decimal(30))

    assert exchange.story(me) == ["balanceUpdate", "position", "externalLockUpdate", "position"]
    assert exchange.balances(me) == {"USDT": ("120.00000000", "30.00000000")}
    with pytest.raises(ValueError, match="free"):
        exchange.market.deposit(me, "USDT", Decimal(-121))


def test_methods_of_others_are_refused() -> None:
    error = Exchange().refusal("klines", symbol="BTCUSDT", interval="1m")

    assert error.code == -1020


def test_the_same_requests_give_the_same_exchange() -> None:
    def run() -> list[Any]:
        exchange = Exchange()
        me, other = exchange.account(), exchange.account()
        exchange.place(me, "SELL", "5", "100.00", icebergQty="1")
        exchange.place(other, "BUY", "2")
        return [exchange.events(me), exchange.events(other), exchange.call("account.status", me)]

    assert run() == run()
