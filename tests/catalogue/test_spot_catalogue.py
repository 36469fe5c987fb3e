"""The Spot catalogue says what the documents say, but for a ledger of reasoned differences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.catalogue import operation_by_method, operations, spot
from binance_wsapi.catalogue.operation import Kind, Operation, Param
from binance_wsapi.markets import Market
from binance_wsapi.models import enums
from binance_wsapi.protocol.weight import weight_of

REFERENCE = Path(__file__).parents[1] / "reference"
DOCUMENTED: dict[str, Any] = {
    each["method"]: each for each in json.loads((REFERENCE / "spot/operations.json").read_text())
}
NAMES: dict[str, Any] = {
    each["method"]: each
    for each in json.loads((REFERENCE / "method_names.json").read_text())
    if each["market"] == "spot"
}

BEYOND_THE_SPOT_PAGES = {
    "userDataStream.start": "removed by the exchange on 2026-02-20, kept for old servers",
    "userDataStream.ping": "removed by the exchange on 2026-02-20, kept for old servers",
    "userDataStream.stop": "removed by the exchange on 2026-02-20, kept for old servers",
    "userDataStream.subscribe.listenToken": "margin user data: reference/margin/operations.json",
}

_PEGGED_WORKING_ORDER = (
    "printed mandatory, yet a pegged working order may leave its price out: either is asked for"
)
_BASIS_POINTS = "whole basis points, INT in order.place; printed DECIMAL here"
_QUANTITY = "a quantity, DECIMAL in all other methods; printed LONG here"
_ONE_WITH_LIMIT_MAKER = "the page's examples use LIMIT_MAKER, its list of values leaves it out"
_TIME_ZONE = "bounds of an offset, not of a number; the exchange checks it"

# (method, what) -> why the catalogue says something else. An entry that is not needed fails.
LEDGER: dict[tuple[str, str], str] = {
    ("exchangeInfo", "kind permissions"): "a list of values of an enum",
    ("exchangeInfo", "values permissions"): "open-ended: trade groups are added",
    ("executionRules", "kind symbols"): "printed STRING, a list in practice",
    ("klines", "bounds timeZone"): _TIME_ZONE,
    ("uiKlines", "bounds timeZone"): _TIME_ZONE,
    ("ticker.tradingDay", "bounds timeZone"): _TIME_ZONE,
    ("ticker", "kind windowSize"): "88 values that a pattern says better",
    ("ticker", "values windowSize"): "88 values that a pattern says better",
    ("order.cancelReplace", "kind trailingDelta"): _BASIS_POINTS,
    ("orderList.place.oco", "kind aboveIcebergQty"): _QUANTITY,
    ("orderList.place.oco", "kind belowIcebergQty"): _QUANTITY,
    ("orderList.place.oco", "values belowType"): _ONE_WITH_LIMIT_MAKER,
    ("orderList.place.otoco", "values pendingBelowType"): _ONE_WITH_LIMIT_MAKER,
    ("orderList.place.opoco", "values pendingBelowType"): _ONE_WITH_LIMIT_MAKER,
    **{
        (f"orderList.place.{kind}", what): _PEGGED_WORKING_ORDER
        for kind in ("oto", "otoco", "opo", "opoco")
        for what in ("mandatory workingPrice", "needs")
    },
    **{
        (f"orderList.place.{kind}", f"kind {leg}TrailingDelta"): _BASIS_POINTS
        for kind, legs in {
            "oto": ["pending"],
            "opo": ["pending"],
            "otoco": ["pendingAbove", "pendingBelow"],
            "opoco": ["pendingAbove", "pendingBelow"],
        }.items()
        for leg in legs
    },
    ("myPreventedMatches", "exclusive"): (
        "the page lists which parameters work together: fromPreventedMatchId and limit go with "
        "orderId, so not with preventedMatchId"
    ),
    ("order.amend.keepPriority", "weight on success"): (
        "4, and 0 only when the amendment ends the order, which nobody knows beforehand"
    ),
}

KINDS = {
    "STRING": Kind.STRING,
    "INT": Kind.INT,
    "LONG": Kind.INT,
    "DECIMAL": Kind.DECIMAL,
    "BOOLEAN": Kind.BOOLEAN,
    "ENUM": Kind.ENUM,
    "ARRAY of STRING": Kind.STRING_LIST,
}
TIMES = {"startTime", "endTime", "timestamp"}


def differences(operation: Operation) -> Iterator[str]:
    documented = DOCUMENTED[operation.method]
    facts = [
        ("name", operation.name, NAMES[operation.method]["python_name"]),
        ("security", operation.security.value, documented["security"]),
        ("signed", operation.signed, documented["signed"]),
        ("mutates", operation.mutates, documented["mutates"]),
        ("order count", operation.order_count, documented["unfilled_order_count"] or 0),
        ("deprecated", operation.deprecated is not None, documented["deprecated"]),
        ("weight", charges(operation), documented_charges(documented)),
        ("weight on success", operation.weight.on_success, documented.get("weight_on_success")),
        ("params", {p.wire for p in operation.params}, {p["name"] for p in documented["params"]}),
        ("needs", needs(operation), documented_needs(documented)),
        (
            "exclusive",
            {frozenset(group) for group in operation.exclusive},
            {frozenset(group) for group in documented.get("mutually_exclusive", [])},
        ),
        (
            "together",
            {frozenset(group) for group in operation.together},
            {frozenset(group) for group in documented.get("together", [])},
        ),
        (
            "one or many",
            operation.list_result_unless is not None,
            documented["result_kind"] == "object_or_array",
        ),
    ]
    for what, ours, theirs in facts:
        if ours != theirs:
            yield what
    params = {each["name"]: each for each in documented["params"]}
    for param in operation.params:
        if param.wire in params:
            yield from param_differences(param, params[param.wire])


def param_differences(param: Param, documented: dict[str, Any]) -> Iterator[str]:
    kind = Kind.TIMESTAMP if param.wire in TIMES else KINDS[documented["type"]]
    if param.kind is not kind:
        yield f"kind {param.wire}"
    # The core fills in what authenticates a request, so no caller has to.
    if not param.auth and param.required is not (documented["mandatory"] is True):
        yield f"mandatory {param.wire}"
    # That nothing the exchange numbers is negative goes without saying there.
    bounds = (param.minimum or None, param.maximum, param.max_items, param.max_decimals)
    if bounds != tuple(documented.get(key) for key in ("min", "max", "max_items", "max_decimals")):
        yield f"bounds {param.wire}"
    values = param.values or tuple(each.value for each in param.enum or ())
    if set(values) != set(documented.get("enum", ())):
        yield f"values {param.wire}"


def needs(operation: Operation) -> set[Any]:
    return {(frozenset(each.any_of), frozenset(each.when.items())) for each in operation.needs}


def documented_needs(documented: dict[str, Any]) -> set[Any]:
    return {
        (frozenset(need["any_of"]), frozenset(case["when"].items()))
        for case in documented.get("requires", [])
        for need in case["needs"]
    } | {(frozenset(group), frozenset()) for group in documented.get("at_least_one_of", [])}


def charges(operation: Operation) -> list[int]:
    return [weight_of(operation, given) for given, _ in WEIGHTS.get(operation.method, [])]


def documented_charges(documented: dict[str, Any]) -> list[int]:
    return [weight for _, weight in WEIGHTS.get(documented["method"], [])]


def _symbols(count: int) -> dict[str, Any]:
    return {"symbols": [f"S{number}" for number in range(count)]}


# The tables of reference/spot/operations.json in words a test can reckon with.
_LAST_PRICE: list[tuple[dict[str, Any], int]] = [({"symbol": "S"}, 2), (_symbols(2), 4), ({}, 4)]
_PER_SYMBOL: list[tuple[dict[str, Any], int]] = [
    ({"symbol": "S"}, 4),
    (_symbols(1), 4),
    (_symbols(50), 200),
    (_symbols(51), 200),
]
_TEST_ORDER: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"computeCommissionRates": False}, 1),
    ({"computeCommissionRates": True}, 20),
]
WEIGHTS: dict[str, list[tuple[dict[str, Any], int]]] = {
    **{
        method: [({}, each["weight"])]
        for method, each in DOCUMENTED.items()
        if isinstance(each["weight"], int)
    },
    "executionRules": [
        ({"symbol": "S"}, 2),
        (_symbols(3), 6),
        (_symbols(30), 40),
        ({"symbolStatus": "TRADING"}, 40),
        ({}, 40),
    ],
    "depth": [
        ({}, 5),
        ({"limit": 100}, 5),
        ({"limit": 101}, 25),
        ({"limit": 500}, 25),
        ({"limit": 501}, 50),
        ({"limit": 1000}, 50),
        ({"limit": 1001}, 250),
        ({"limit": 5000}, 250),
    ],
    "ticker.24hr": [
        ({"symbol": "S"}, 2),
        (_symbols(20), 2),
        (_symbols(21), 40),
        (_symbols(100), 40),
        (_symbols(101), 80),
        ({}, 80),
    ],
    "ticker.tradingDay": _PER_SYMBOL,
    "ticker": _PER_SYMBOL,
    "ticker.price": _LAST_PRICE,
    "ticker.book": _LAST_PRICE,
    "order.test": _TEST_ORDER,
    "sor.order.test": _TEST_ORDER,
    "openOrders.status": [({"symbol": "S"}, 6), ({}, 80)],
    "myTrades": [({"orderId": 1}, 5), ({}, 20)],
    "myPreventedMatches": [({"preventedMatchId": 1}, 2), ({"orderId": 1}, 20)],
}


OPERATIONS = operations(Market.SPOT)
BY_METHOD = {each.method: each for each in OPERATIONS}


def test_every_documented_operation_is_there_once() -> None:
    methods = [each.method for each in OPERATIONS]

    assert len(methods) == len(set(methods))
    assert set(methods) == DOCUMENTED.keys() | BEYOND_THE_SPOT_PAGES.keys()
    assert len(DOCUMENTED) >= 55


def test_every_weight_table_is_reckoned() -> None:
    assert WEIGHTS.keys() == DOCUMENTED.keys()


@pytest.mark.parametrize("method", DOCUMENTED)
def test_entry_says_what_the_documents_say(method: str) -> None:
    allowed = {what for operation, what in LEDGER if operation == method}

    assert set(differences(BY_METHOD[method])) == allowed


def test_ledger_names_documented_operations_only() -> None:
    assert {method for method, _ in LEDGER} <= DOCUMENTED.keys()


@pytest.mark.parametrize("method", [each for each in BEYOND_THE_SPOT_PAGES if each in NAMES])
def test_withdrawn_operation_keeps_its_name_and_parameters(method: str) -> None:
    operation = BY_METHOD[method]

    assert operation.name == NAMES[method]["python_name"]
    assert {param.wire for param in operation.params} == set(NAMES[method]["params"])
    assert operation.deprecated is not None


def test_operations_of_the_client_are_the_special_ones() -> None:
    special = {
        method
        for method, each in NAMES.items()
        if each.get("special", "").startswith("on the client")
    }

    on_client = {each.method for each in OPERATIONS if each.on_client}
    assert on_client == special | {"userDataStream.subscribe.listenToken"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.method)
def test_entry_is_consistent(operation: Operation) -> None:
    wires = {param.wire for param in operation.params}
    named = {
        *operation.client_ids,
        *(wire for need in operation.needs for wire in (*need.any_of, *need.when)),
        *(wire for each in operation.forbids for wire in (*each.params, each.when)),
        *(wire for group in (*operation.exclusive, *operation.together) for wire in group),
        *(step.param for step in operation.weight.steps if step.param is not None),
        *([operation.list_result_unless] if operation.list_result_unless else []),
    }

    assert named <= wires
    assert len({param.name for param in operation.params}) == len(operation.params)
    assert operation.title.endswith(".")
    assert all(param.about.endswith(".") for param in operation.params)
    assert operation.signed is ({"signature", "timestamp"} <= wires)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.mutates and each.method != "openOrders.cancelAll"],
    ids=lambda each: each.method,
)
def test_every_order_gets_a_client_id(operation: Operation) -> None:
    ids = {
        param.wire
        for param in operation.params
        if param.wire.endswith("ClientOrderId")
        and not param.wire.lower().endswith("origclientorderid")
    }
    if operation.method == "orderList.cancel":
        ids -= {"listClientOrderId"}  # it says which list to cancel

    assert set(operation.client_ids) == ids


def test_unknown_method_is_not_found() -> None:
    assert operation_by_method(Market.SPOT, "order.teleport") is None
    assert operation_by_method(Market.SPOT, "depth") is BY_METHOD["depth"]


@pytest.mark.parametrize("method", ["order.place", "order.test", "order.cancelReplace"])
def test_what_goes_with_some_order_types_only_is_forbidden_with_the_others(method: str) -> None:
    """As the documents say: ``quoteOrderQty`` for MARKET, pegs for the four types with a limit price."""
    [operation] = [each for each in OPERATIONS if each.method == method]
    types = {each.value for each in enums.OrderType}
    allowed = {
        wire: types
        - {value for each in operation.forbids if wire in each.params for value in each.values}
        for each in operation.forbids
        for wire in each.params
    }

    limited = {"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}
    assert allowed == {
        "quoteOrderQty": {"MARKET"},
        "pegPriceType": limited,
        "pegOffsetValue": limited,
        "pegOffsetType": limited,
        "price": types - {"MARKET"},
        "timeInForce": types - {"MARKET", "LIMIT_MAKER"},
    }


def test_catalogue_with_an_entry_that_trades_and_has_no_fate_does_not_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What became of it could not be found out when its answer is lost."""
    placing = next(each for each in OPERATIONS if each.method == "order.place")
    monkeypatch.setattr(spot, "OPERATIONS", (replace(placing, fate=None),))

    with pytest.raises(TypeError, match=r"order\.place trades: say by fate="):
        operations.__wrapped__(Market.SPOT)
