"""Parameters are sent under the exchange's names and by its rules, or refused with the way out."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.operation import (
    Forbids,
    Kind,
    Needs,
    Operation,
    Param,
    Security,
    Weight,
    WeightStep,
)
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market
from binance_wsapi.models.base import OpenEnum
from binance_wsapi.protocol.params import wire_params, wire_params_by_name


class Side(OpenEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(OpenEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    TRAILING = "TRAILING"


def operation(*params: Param, market: Market = Market.SPOT, **rules: Any) -> Operation:
    return Operation(
        market=market,
        method="order.place",
        name="submit_new_order",
        title="Place an order.",
        security=Security.TRADE,
        params=params,
        result=dict,
        weight=Weight((WeightStep(1),)),
        **rules,
    )


PLACE = operation(
    Param("symbol", "symbol", Kind.STRING, "", required=True),
    Param("side", "side", Kind.ENUM, "", required=True, enum=Side),
    Param("type", "type", Kind.ENUM, "", required=True, enum=OrderType),
    Param("price", "price", Kind.DECIMAL, ""),
    Param("quantity", "quantity", Kind.DECIMAL, ""),
    Param("quote_order_qty", "quoteOrderQty", Kind.DECIMAL, ""),
    Param("stop_price", "stopPrice", Kind.DECIMAL, ""),
    Param("callback_rate", "callbackRate", Kind.DECIMAL, ""),
    Param("new_client_order_id", "newClientOrderId", Kind.STRING, ""),
    Param("strategy_type", "strategyType", Kind.INT, ""),
    Param("order_id", "orderId", Kind.INT, ""),
    Param("reduce_only", "reduceOnly", Kind.BOOLEAN_TEXT, ""),
    Param("omit_zero_balances", "omitZeroBalances", Kind.BOOLEAN, ""),
    Param("peg_price_type", "pegPriceType", Kind.STRING, ""),
    Param("peg_offset_type", "pegOffsetType", Kind.STRING, ""),
    Param("peg_offset_value", "pegOffsetValue", Kind.INT, ""),
    Param("listen_key", "listenKey", Kind.STRING, ""),
    Param("api_key", "apiKey", Kind.STRING, "", required=True, auth=True),
    Param("recv_window", "recvWindow", Kind.DECIMAL, "", maximum=60000, max_decimals=3, auth=True),
    needs=(
        Needs(("price", "pegPriceType"), {"type": "LIMIT"}),
        Needs(("quantity",), {"type": "LIMIT"}),
        Needs(("quantity", "quoteOrderQty"), {"type": "MARKET"}),
        Needs(("stopPrice", "callbackRate"), {"type": "TRAILING", "side": "SELL"}),
        Needs(("quantity",), {"reduceOnly": "true"}),
        Needs(("orderId",), {"omitZeroBalances": "true"}),
    ),
    exclusive=(("quantity", "quoteOrderQty"),),
    together=(("pegOffsetType", "pegOffsetValue"),),
)  # fmt: skip
GIVEN: Mapping[str, object] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "price": "20000.00",
    "quantity": "0.001",
}


def refused(**given: object) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        wire_params(PLACE, {**GIVEN, **given})
    return caught.value


# The whole ---------------------------------------------------------------------------------------


def test_names_and_values_become_the_exchanges() -> None:
    params = wire_params(
        PLACE,
        {
            **GIVEN,
            "side": Side.SELL,
            "quantity": Decimal("1E-3"),
            "new_client_order_id": None,
            "strategy_type": 1_000_000,
        },
    )

    assert params == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "price": "20000.00",
        "quantity": "0.001",
        "strategyType": 1_000_000,
    }
    assert {type(value) for value in params.values()} == {str, int}


def test_what_is_given_is_not_changed() -> None:
    given = dict(GIVEN)
    wire_params(PLACE, given)

    assert given == GIVEN


def test_a_missing_mandatory_parameter_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^side is missing: order.place cannot do") as caught:
        wire_params(PLACE, {"symbol": "BTCUSDT", "type": "LIMIT", "side": None})

    assert (caught.value.parameter, caught.value.value) == ("side", None)


def test_all_missing_mandatory_parameters_are_named() -> None:
    with pytest.raises(ParameterError, match=r"^symbol, side and type are missing"):
        wire_params(PLACE, {})


def test_what_the_core_fills_in_is_never_missing_but_may_be_given() -> None:
    assert wire_params(PLACE, {**GIVEN, "api_key": "k"})["apiKey"] == "k"


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("quoteOrderQty", "quote_order_qty"),
        ("STOP_PRICE", "stop_price"),
        ("Quantity", "quantity"),
    ],
)
def test_a_parameter_of_other_spelling_is_named(name: str, right: str) -> None:
    error = refused(**{name: "x"})

    assert (error.parameter, error.value) == (name, "x")
    assert str(error) == f"submit_new_order (order.place) has no parameter {name}: write {right}"


@pytest.mark.parametrize(
    "name",
    ["quantty", "quote_quantiti", "qtyy", "client_order", "stop_prices", "ordertypes", "orice"],
)
@pytest.mark.parametrize(
    ("market", "method"),
    [
        (Market.SPOT, "order.place"),
        (Market.SPOT, "order.test"),
        (Market.SPOT, "order.cancel"),
        (Market.SPOT, "orderList.place.oco"),
        (Market.SPOT, "order.status"),
        (Market.USDM, "order.place"),
        (Market.COINM, "order.place"),
    ],
)
def test_no_name_is_guessed_by_how_near_it_is(market: Market, method: str, name: str) -> None:
    """``quantity`` for ``quote_quantity`` would buy 25 BTC for 25 USDT."""
    operation = operation_by_method(market, method)
    assert operation is not None
    with pytest.raises(ParameterError) as caught:
        wire_params(operation, {name: "x"})

    all_names = [param.name for param in operation.params if not param.auth]
    said = f"has no parameter {name}, but {', '.join(all_names[:-1])} and {all_names[-1]}"
    assert str(caught.value).endswith(said)


def test_an_operation_without_parameters_says_so() -> None:
    ping = operation_by_method(Market.SPOT, "ping")
    assert ping is not None

    with pytest.raises(ParameterError, match=r"has no parameter symbol, but none$"):
        wire_params(ping, {"symbol": "BTCUSDT"})


@pytest.mark.parametrize(
    "wrong", [{"symbl": "x"}, {"side": "buy"}, {"side": ["BUY"]}, {"symbol": "btcusdt"}], ids=str
)
def test_no_error_of_this_library_shows_one_of_python(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        wire_params(PLACE, {**GIVEN, **wrong})

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


# Rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said", "parameter"),
    [
        ({"price": None}, "price or peg_price_type is missing: type='LIMIT' needs it", "price"),
        ({"quantity": None}, "quantity is missing: type='LIMIT' needs it", "quantity"),
        (
            {"type": "MARKET", "quantity": None},
            "quantity or quote_order_qty is missing: type='MARKET' needs it",
            "quantity",
        ),
        (
            {"type": OrderType.TRAILING, "side": "SELL"},
            "stop_price or callback_rate is missing: type='TRAILING' and side='SELL' needs it",
            "stop_price",
        ),
        (
            {"type": "LIMIT_MAKER", "quantity": None, "reduce_only": True},
            "quantity is missing: reduce_only='true' needs it",
            "quantity",
        ),
        (
            {"omit_zero_balances": True},
            "order_id is missing: omit_zero_balances=True needs it",
            "order_id",
        ),
        (
            {"quote_order_qty": 5},
            "quantity and quote_order_qty exclude each other: send one of them",
            "quote_order_qty",
        ),
        (
            {"peg_offset_value": 5},
            "peg_offset_type is missing: peg_offset_value goes with it or not at all",
            "peg_offset_type",
        ),
    ],
)
def test_broken_rules_are_told_in_the_callers_names(
    given: dict[str, object], said: str, parameter: str
) -> None:
    error = refused(**given)

    assert str(error) == said
    assert error.parameter == parameter


@pytest.mark.parametrize(
    "given",
    [
        {"price": None, "peg_price_type": "PRIMARY_PEG"},
        {"type": "MARKET", "price": None},
        {"type": "MARKET", "price": None, "quantity": None, "quote_order_qty": 100},
        {"type": "TRAILING", "side": "SELL", "stop_price": 5},
        {"type": "TRAILING", "side": "BUY"},
        {"type": "LIMIT_MAKER", "quantity": None, "reduce_only": False},
        {"omit_zero_balances": False},
        {"peg_offset_value": 5, "peg_offset_type": "PRICE_LEVEL"},
        {"type": "A_TYPE_OF_TOMORROW", "price": None, "quantity": None},
    ],
)
def test_kept_rules_pass(given: dict[str, object]) -> None:
    wire_params(PLACE, {**GIVEN, **given})


def test_one_of_several_ways_to_name_a_thing_is_enough() -> None:
    status = operation(
        Param("order_id", "orderId", Kind.INT, ""),
        Param("orig_client_order_id", "origClientOrderId", Kind.STRING, ""),
        needs=(Needs(("orderId", "origClientOrderId")),),
    )

    assert wire_params(status, {"orig_client_order_id": "a"}) == {"origClientOrderId": "a"}
    with pytest.raises(
        ParameterError, match=r"^order_id or orig_client_order_id is missing: order.place needs it"
    ):
        wire_params(status, {})


# By wire name ------------------------------------------------------------------------------------


def test_rules_hold_by_wire_name_and_are_told_in_wire_names() -> None:
    with pytest.raises(ParameterError, match=r"^price or pegPriceType is missing") as caught:
        wire_params_by_name(PLACE, {**GIVEN, "price": None})

    assert caught.value.parameter == "price"
    with pytest.raises(ParameterError, match=r"^recvWindow=70000 is too large"):
        wire_params_by_name(PLACE, {**GIVEN, "recvWindow": 70_000})
    with pytest.raises(ParameterError, match=r"^side and type are missing"):
        wire_params_by_name(PLACE, {"symbol": "BTCUSDT"})


def test_a_parameter_of_tomorrow_passes_by_wire_name() -> None:
    params = wire_params_by_name(PLACE, {**GIVEN, "newThing": Decimal("1E-9"), "other": None})

    assert params == {**GIVEN, "newThing": "0.000000001"}


def test_a_known_parameter_in_the_facades_spelling_is_a_mistake_by_wire_name() -> None:
    with pytest.raises(ParameterError, match=r"quote_order_qty is spelled quoteOrderQty here"):
        wire_params_by_name(PLACE, {**GIVEN, "quote_order_qty": 5})


def test_a_misspelt_parameter_is_refused_even_when_it_is_none() -> None:
    with pytest.raises(ParameterError, match="no parameter stop_prise"):
        wire_params(PLACE, {**GIVEN, "stop_prise": None})

    assert "anything" not in wire_params_by_name(PLACE, {**GIVEN, "anything": None})


def test_an_unknown_operations_parameters_pass() -> None:
    assert wire_params_by_name(None, {"symbol": "BTCUSDT", "limit": 5, "other": None}) == {
        "symbol": "BTCUSDT",
        "limit": 5,
    }
    with pytest.raises(ParameterError, match=r"^anything="):
        wire_params_by_name(None, {"anything": b"x"})


# Errors ------------------------------------------------------------------------------------------


def test_long_values_are_cut_in_the_message_alone() -> None:
    error = refused(symbol=["x" * 1000])

    assert len(str(error)) < 150
    assert error.value == ["x" * 1000]


def test_secrets_do_not_show_in_errors() -> None:
    error = refused(listen_key=["pqia91ma19a5s61cv6a81va65sdf19v8"])

    assert "pqia91" not in str(error)
    assert b"pqia91" not in pickle.dumps(error)
    with pytest.raises(ParameterError) as caught:
        wire_params_by_name(None, {"apiKey": {"pqia91"}})
    assert "pqia91" not in f"{caught.value}{caught.value.value}"


FORBIDDING = operation(
    *PLACE.params,
    forbids=(
        Forbids(("price",), "type", ("MARKET",)),
        Forbids(("quoteOrderQty", "stopPrice"), "type", ("LIMIT", "MARKET")),
    ),
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "MARKET", "price": 5}, "price does not go with type='MARKET': leave it out"),
        ({"type": OrderType.MARKET, "stop_price": 5}, "stop_price does not go with type='MARKET'"),
        ({"type": "LIMIT", "price": 5, "quote_order_qty": 5}, "quote_order_qty does not go with"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ParameterError, match=said) as refused:
        wire_params(FORBIDDING, {"symbol": "A", "side": "BUY", **given})

    assert refused.value.parameter in given
    assert refused.value.value == "5"


@pytest.mark.parametrize(
    "given",
    [
        {"type": "LIMIT", "price": 5},
        {"type": "MARKET", "price": None},
        {"type": "LIMIT_MAKER", "price": 5, "stop_price": 5},
    ],
)
def test_what_goes_together_passes(given: dict[str, object]) -> None:
    assert wire_params(FORBIDDING, {"symbol": "A", "side": "BUY", **given})


# Ids of the caller's own ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "method", "name", "goes_into"),
    [
        (Market.SPOT, "order.cancel", "order_id", "orig_client_order_id"),
        (Market.SPOT, "order.status", "order_id", "orig_client_order_id"),
        (Market.SPOT, "order.cancelReplace", "cancel_order_id", "cancel_orig_client_order_id"),
        (Market.SPOT, "order.amend.keepPriority", "order_id", "orig_client_order_id"),
        (Market.SPOT, "orderList.cancel", "order_list_id", "list_client_order_id"),
        (Market.SPOT, "orderList.status", "order_list_id", "orig_client_order_id"),
        (Market.USDM, "order.modify", "order_id", "orig_client_order_id"),
        (Market.USDM, "algoOrder.cancel", "algo_id", "client_algo_id"),
        (Market.COINM, "order.cancel", "order_id", "orig_client_order_id"),
    ],
)
def test_an_id_of_ones_own_is_told_where_it_goes(
    market: Market, method: str, name: str, goes_into: str
) -> None:
    known = operation_by_method(market, method)
    assert known is not None
    spelling = {each.name: each.wire for each in known.params}

    for label, other, write in (
        (name, goes_into, wire_params),
        (spelling[name], spelling[goes_into], wire_params_by_name),
    ):
        with pytest.raises(
            ParameterError,
            match=f"^{label}='my-id' is no number: an id of your own goes into {other}$",
        ):
            write(known, {label: "my-id"})


def test_where_no_id_of_ones_own_is_taken_none_is_told() -> None:
    known = operation_by_method(Market.SPOT, "allOrders")
    assert known is not None

    with pytest.raises(ParameterError, match=r"^order_id='my-id' is no number$"):
        wire_params(known, {"symbol": "BTCUSDT", "order_id": "my-id"})
