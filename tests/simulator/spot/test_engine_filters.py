"""Every filter and execution rule, at its bounds and beyond."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from engine_harness import BTCUSDT, Exchange

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS, Filter, PriceRange

REFERENCE = Path(__file__).parents[2] / "reference" / "spot"


def decimals(**values: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


def limit(price: str, quantity: str, side: str = "BUY", **more: Any) -> dict[str, Any]:
    order = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC"}
    return {**order, "price": price, "quantity": quantity, **more}


def market(quantity: str, side: str = "BUY") -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": quantity}


def stop(price: str | None, delta: int | None, side: str = "SELL") -> dict[str, Any]:
    order = {"symbol": "BTCUSDT", "side": side, "type": "STOP_LOSS", "quantity": "1"}
    return {**order, "stopPrice": price, "trailingDelta": delta}


PRICE = Filter("PRICE_FILTER", decimals(minPrice="10", maxPrice="200", tickSize="0.5"))
LOT = Filter("LOT_SIZE", decimals(minQty="0.1", maxQty="10", stepSize="0.1"))
MARKET_LOT = Filter("MARKET_LOT_SIZE", decimals(minQty="0.2", maxQty="2", stepSize="0"))
PERCENT = Filter(
    "PERCENT_PRICE", {**decimals(multiplierUp="1.3", multiplierDown="0.7"), "avgPriceMins": 5}
)
BY_SIDE = Filter(
    "PERCENT_PRICE_BY_SIDE",
    {
        **decimals(bidMultiplierUp="1.2", bidMultiplierDown="0.2"),
        **decimals(askMultiplierUp="5", askMultiplierDown="0.8"),
        "avgPriceMins": 1,
    },
)
MIN_NOTIONAL = Filter(
    "MIN_NOTIONAL", {"minNotional": Decimal(50), "applyToMarket": True, "avgPriceMins": 5}
)
NOTIONAL = Filter(
    "NOTIONAL",
    {
        "minNotional": Decimal(50),
        "applyMinToMarket": False,
        "maxNotional": Decimal(500),
        "applyMaxToMarket": True,
        "avgPriceMins": 5,
    },
)
ICEBERG = Filter("ICEBERG_PARTS", {"limit": 10})
POSITION = Filter("MAX_POSITION", {"maxPosition": Decimal(1005)})
TRAILING = Filter(
    "TRAILING_DELTA",
    {
        "minTrailingAboveDelta": 10,
        "maxTrailingAboveDelta": 2000,
        "minTrailingBelowDelta": 20,
        "maxTrailingBelowDelta": 1000,
    },
)


@pytest.mark.parametrize(
    ("rule", "passing", "failing"),
    [
        (
            PRICE,
            [limit("10", "1"), limit("99.5", "1"), limit("200", "1", "SELL"), stop("50", None)],
            [limit("9.5", "1"), limit("200.5", "1"), limit("99.7", "1"), stop("50.1", None)],
        ),
        (
            LOT,
            [limit("50", "0.1"), limit("50", "10"), limit("50", "1", icebergQty="0.1")],
            [
                limit("50", "0.05"),
                limit("50", "10.1"),
                limit("50", "0.15"),
                market("0.05", "SELL"),
                limit("50", "1", icebergQty="0.05"),
            ],
        ),
        (
            MARKET_LOT,
            [market("0.2", "SELL"), market("2", "SELL"), limit("50", "9")],
            [market("0.1", "SELL"), market("2.1", "SELL")],
        ),
        (
            PERCENT,
            [limit("70", "1"), limit("130", "1")],
            [limit("69.99", "1"), limit("130.01", "1")],
        ),
        (
            BY_SIDE,
            [limit("120", "1"), limit("20", "1"), limit("500", "1", "SELL")],
            [
                limit("120.01", "1"),
                limit("19.99", "1"),
                limit("79.99", "1", "SELL"),
                limit("500.01", "1", "SELL"),
            ],
        ),
        (
            MIN_NOTIONAL,
            [limit("50", "1"), market("0.5", "SELL")],
            [limit("49.99", "1"), market("0.499", "SELL")],
        ),
        (
            NOTIONAL,
            [limit("50", "1"), limit("50", "10"), market("0.1", "SELL"), market("5", "SELL")],
            [limit("49.99", "1"), limit("50", "10.001"), market("5.001", "SELL")],
        ),
        (
            ICEBERG,
            [limit("50", "1", icebergQty="0.1")],
            [limit("50", "1", icebergQty="0.099")],
        ),
        (POSITION, [limit("50", "5"), limit("50", "9", "SELL")], [limit("50", "5.001")]),
        (
            TRAILING,
            [stop(None, 20), stop(None, 1000), stop(None, 10, "BUY"), stop(None, 2000, "BUY")],
            [stop(None, 19), stop(None, 1001), stop(None, 9, "BUY"), stop(None, 2001, "BUY")],
        ),
    ],
    ids=lambda one: one.filter_type if isinstance(one, Filter) else "",
)
def test_symbol_filters_hold(
    rule: Filter, passing: list[dict[str, Any]], failing: list[dict[str, Any]]
) -> None:
    exchange = Exchange([replace(BTCUSDT, filters=())])
    exchange.trade_at("100.00")
    exchange.market.engine.markets["BTCUSDT"].spec = replace(BTCUSDT, filters=(rule,))

    for order in passing:
        assert exchange.call("order.test", exchange.account(), **order) == {}, order
    for order in failing:
        error = exchange.refusal("order.place", exchange.account(), **order)
        assert (error.code, error.message) == (
            -1013,
            f"Filter failure: {rule.filter_type}",
        ), order


def test_open_buys_count_for_the_position() -> None:
    exchange = Exchange([replace(BTCUSDT, filters=(POSITION,))])
    me = exchange.account()
    exchange.call("order.place", me, **limit("50", "3"))
    exchange.call("order.place", me, **limit("60", "4", "SELL"))

    assert exchange.call("order.test", me, **limit("50", "2")) == {}
    assert exchange.refusal("order.place", me, **limit("50", "2.001")).code == -1013


@pytest.mark.parametrize("where", ["symbol", "exchange"])
@pytest.mark.parametrize(
    ("name", "key", "order", "other"),
    [
        ("MAX_NUM_ORDERS", "maxNumOrders", limit("90", "1"), None),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", stop("90", None), limit("90", "1")),
        (
            "MAX_NUM_ICEBERG_ORDERS",
            "maxNumIcebergOrders",
            limit("90", "1", icebergQty="0.5"),
            limit("90", "1"),
        ),
    ],
)
def test_open_orders_are_counted(
    where: str, name: str, key: str, order: dict[str, Any], other: dict[str, Any] | None
) -> None:
    full_name = name if where == "symbol" else f"EXCHANGE_{name}"
    rule = Filter(full_name, {key: 2})
    filters = (*BTCUSDT.filters, rule) if where == "symbol" else BTCUSDT.filters
    exchange = Exchange([replace(BTCUSDT, filters=filters)], [rule] if where == "exchange" else [])
    exchange.trade_at("100.00")
    me = exchange.account()
    first = exchange.call("order.place", me, **order)
    exchange.call("order.place", me, **order)

    error = exchange.refusal("order.place", me, **order)
    assert (error.code, error.message) == (-1013, f"Filter failure: {full_name}")
    if other is not None:
        exchange.call("order.place", me, **other)
    exchange.call("order.place", exchange.account(), **order)
    exchange.call("order.cancel", me, symbol="BTCUSDT", orderId=first["orderId"])
    exchange.call("order.place", me, **order)


@pytest.mark.parametrize("name", ["MAX_NUM_ORDER_LISTS", "EXCHANGE_MAX_NUM_ORDER_LISTS"])
def test_open_lists_are_counted(name: str) -> None:
    rule = Filter(name, {"maxNumOrderLists": 1})
    is_symbol = name == "MAX_NUM_ORDER_LISTS"
    spec = replace(BTCUSDT, filters=(*BTCUSDT.filters, rule)) if is_symbol else BTCUSDT
    exchange = Exchange([spec], [] if is_symbol else [rule])
    exchange.trade_at("100.00")
    me = exchange.account()
    pair = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "price": "110"}
    placed = exchange.call("orderList.place", me, **pair, stopPrice="90")

    error = exchange.refusal("orderList.place", me, **pair, stopPrice="90")
    assert error.message == f"Filter failure: {name}"
    exchange.call("orderList.cancel", me, symbol="BTCUSDT", orderListId=placed["orderListId"])
    exchange.call("orderList.place", me, **pair, stopPrice="90")


def test_amendments_of_one_order_are_counted() -> None:
    rule = Filter("MAX_NUM_ORDER_AMENDS", {"maxNumOrderAmends": 2})
    exchange = Exchange([replace(BTCUSDT, filters=(*BTCUSDT.filters, rule))])
    me = exchange.account()
    order_id = exchange.call("order.place", me, **limit("90", "1"))["orderId"]
    for quantity in ("0.9", "0.8"):
        exchange.call(
            "order.amend.keepPriority", me, symbol="BTCUSDT", orderId=order_id, newQty=quantity
        )

    error = exchange.refusal(
        "order.amend.keepPriority", me, symbol="BTCUSDT", orderId=order_id, newQty="0.7"
    )

    assert (error.code, error.message) == (-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


@pytest.mark.parametrize(
    ("asset", "passing", "failing"),
    [
        ("BTC", limit("90", "2"), limit("1", "2.001")),
        ("USDT", limit("1", "2"), limit("2.01", "1")),
    ],
)
def test_one_order_moves_no_more_of_an_asset_than_the_account_may(
    asset: str, passing: dict[str, Any], failing: dict[str, Any]
) -> None:
    exchange = Exchange()
    me = exchange.account()
    me.asset_limits[asset] = Decimal(2)

    exchange.call("order.place", me, **passing)
    assert exchange.refusal("order.place", me, **failing).message == "Filter failure: MAX_ASSET"
    assert exchange.call("myFilters", me, symbol="BTCUSDT")["assetFilters"] == [
        {"filterType": "MAX_ASSET", "asset": asset, "limit": "2.00000000"}
    ]
    assert exchange.call("myFilters", me, symbol="ETHUSDT")["assetFilters"] == (
        [{"filterType": "MAX_ASSET", "asset": "USDT", "limit": "2.00000000"}]
        if asset == "USDT"
        else []
    )


class Prices:
    """Reference and average prices as the test says."""

    def __init__(self, reference: str | None, average: str | None = None) -> None:
        self.reference = Decimal(reference) if reference else None
        self.average = Decimal(average) if average else None

    def average_price(self, symbol: str, minutes: int) -> Decimal | None:
        return self.average

    def last_price(self, symbol: str) -> Decimal | None:
        return None

    def reference_price(self, symbol: str) -> Decimal | None:
        return self.reference


@pytest.mark.parametrize(
    ("prices", "lowest"),
    [
        (Prices("200", "300"), "140"),
        (Prices(None, "300"), "210"),
        (Prices(None), "70"),
    ],
)
def test_percent_filters_measure_by_reference_then_mean_then_last_price(
    prices: Prices, lowest: str
) -> None:
    exchange = Exchange([replace(BTCUSDT, filters=())])
    exchange.trade_at("100.00")
    exchange.market.engine.markets["BTCUSDT"].spec = replace(BTCUSDT, filters=(PERCENT,))
    exchange.market.prices = prices
    me = exchange.account()

    exchange.call("order.place", me, **limit(lowest, "1"))
    error = exchange.refusal("order.place", me, **limit(str(Decimal(lowest) - 1), "1"))

    assert error.message == "Filter failure: PERCENT_PRICE"


def ranged(rule: PriceRange, reference: str | None) -> tuple[Exchange, Account]:
    exchange = Exchange([replace(BTCUSDT, price_range=rule)])
    exchange.market.prices = Prices(reference)
    other = exchange.account()
    for price in ("15", "20", "20.01"):
        exchange.place(other, "SELL", "1", price)
    for price in ("8", "5", "4.99"):
        exchange.place(other, "BUY", "1", price)
    return exchange, exchange.account()


BOTH = PriceRange(Decimal(2), Decimal("0.5"), Decimal(2), Decimal("0.5"))


@pytest.mark.parametrize(
    ("rule", "reference", "side", "executed", "reason"),
    [
        (BOTH, "10", "BUY", "2", "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
        (BOTH, "10", "SELL", "2", "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
        (BOTH, None, "BUY", "3", None),
        (PriceRange(bid_limit_mult_down=Decimal("0.5")), "10", "BUY", "3", None),
        (PriceRange(ask_limit_mult_down=Decimal("0.5")), "10", "SELL", "2", "EXECUTION"),
    ],
)
def test_a_taker_trades_only_inside_the_price_range(
    rule: PriceRange, reference: str | None, side: str, executed: str, reason: str | None
) -> None:
    exchange, me = ranged(rule, reference)

    answer = exchange.place(me, side, "3", "30" if side == "BUY" else "1")

    assert answer["executedQty"] == f"{executed}.00000000"
    assert answer["status"] == ("EXPIRED" if reason else "FILLED")
    assert answer.get("expiryReason", "").startswith(reason or "")
    assert exchange.call("executionRules", symbol="BTCUSDT")["symbolRules"][0]["rules"]


def test_the_default_symbols_carry_documented_filters_only() -> None:
    rules = json.loads((REFERENCE / "rules.json").read_text())["filters"]
    fields = {one["name"]: set(one["fields"]) for one in rules}

    for spec in DEFAULT_SYMBOLS:
        for one in spec.filters:
            assert set(one.values) == fields[one.filter_type]
        assert spec.tick_size > 0
        assert spec.start_price % spec.tick_size == 0
