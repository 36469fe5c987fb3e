"""The futures catalogues say what the documents say, but for a ledger of reasoned differences."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.catalogue import histories, operations
from binance_wsapi.catalogue.operation import Kind, Operation, Param, WeightStep
from binance_wsapi.markets import Market
from binance_wsapi.protocol.weight import weight_of

REFERENCE = Path(__file__).parents[1] / "reference"
MARKETS = (Market.USDM, Market.COINM)

# (market, method, what) -> why the catalogue says something else. An entry that is not needed fails.
HARMLESS = "Orders stay as they are: repeating it is safe, which is what 'mutates' decides."
LEDGER: dict[tuple[str, str, str], str] = {
    **{
        (market.value, f"userDataStream.{verb}", "mutates"): HARMLESS
        for market in MARKETS
        for verb in ("start", "ping", "stop")
    },
    **{
        (market.value, f"session.{verb}", "mutates"): HARMLESS
        for market in MARKETS
        for verb in ("logon", "logout")
    },
    **{
        (market.value, "session.logon", "auth kind timestamp"): "Time of the request, as elsewhere."
        for market in MARKETS
    },
}


def reference(market: Market) -> dict[str, Any]:
    found = json.loads((REFERENCE / market.value / "operations.json").read_text())
    methods = {each["method"]: each for each in found}
    for method, params in added_params(market).items():
        methods[method]["params"] += params
    return methods


def added_params(market: Market) -> dict[str, list[dict[str, Any]]]:
    """What the exchange added since, by method."""
    changes = json.loads((REFERENCE / "new" / "usdm_changes.json").read_text())["operations"]
    return {
        each["method"]: each["add_params"] for each in changes if each["market"] == market.value
    }


def method_names(market: Market) -> dict[str, Any]:
    found = json.loads((REFERENCE / "method_names.json").read_text())
    return {each["method"]: each for each in found if each["market"] == market.value}


OPERATIONS = [
    pytest.param(operation, id=f"{market.value} {operation.method}")
    for market in MARKETS
    for operation in operations(market)
]
KINDS = {
    "STRING": {Kind.STRING},
    "INT": {Kind.INT},
    "LONG": {Kind.INT},
    "DECIMAL": {Kind.DECIMAL},
    "ENUM": {Kind.ENUM},
}


def _expected_kinds(param: dict[str, Any]) -> set[Kind]:
    if param.get("enum") == ["true", "false"] and param["type"] in {"STRING", "ENUM"}:
        return {Kind.BOOLEAN_TEXT}
    if param["name"] in {"timestamp", "goodTillDate"} and param["type"] == "LONG":
        return {Kind.TIMESTAMP}
    return KINDS[param["type"]]


def _differences(operation: Operation) -> set[str]:
    documented = reference(operation.market)[operation.method]
    found: set[str] = set()

    def compare(what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            found.add(what)

    compare("mutates", operation.mutates, documented["mutates"])
    compare("signed", operation.signed, documented["signed"])
    compare("security", operation.security.value, documented["security"])
    cost = documented["order_rate_cost"] or {}
    compare("order count", operation.order_count, cost.get("10s", 0))
    compare("deprecated", operation.deprecated is not None, bool(documented["deprecated"]))
    theirs = {param["name"]: param for param in documented["params"]}
    ours = {param.wire: param for param in operation.params}
    compare("params", set(ours), set(theirs))
    for wire in ours.keys() & theirs.keys():
        found |= _param_differences(ours[wire], theirs[wire])
    return found


def _param_differences(ours: Param, theirs: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    auth = "auth " if ours.auth else ""
    if ours.kind not in _expected_kinds(theirs):
        found.add(f"{auth}kind {ours.wire}")
    # Conditional ones are checked as rules; the core fills in what authenticates.
    if ours.required != (theirs["mandatory"] is True and not ours.auth):
        found.add(f"required {ours.wire}")
    if ours.auth != theirs.get("auth", False):
        found.add(f"auth {ours.wire}")
    least = theirs.get("min")
    # Fixed values (enum) and "now+600000" are no bounds of one number.
    if "enum" not in theirs and (ours.minimum or None) != (
        None if isinstance(least, str) else least
    ):
        found.add(f"minimum {ours.wire}")
    if "enum" not in theirs and ours.maximum != theirs.get("max"):
        found.add(f"maximum {ours.wire}")
    if ours.max_length != theirs.get("max_len"):
        found.add(f"length {ours.wire}")
    if ours.enum is not None:
        values = ours.values or tuple(each.value for each in ours.enum)
        if set(values) != set(theirs["enum"]):
            found.add(f"enum {ours.wire}")
    return found


@pytest.mark.parametrize("market", MARKETS)
def test_every_documented_method_is_there_once(market: Market) -> None:
    methods = [operation.method for operation in operations(market)]

    assert methods == list(reference(market))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_agree_with_the_documents(operation: Operation) -> None:
    excused = {
        what
        for market, method, what in LEDGER
        if (market, method) == (operation.market.value, operation.method)
    }

    assert _differences(operation) == excused


def test_the_ledger_names_operations_that_exist() -> None:
    known = {(each.values[0].market.value, each.values[0].method) for each in OPERATIONS}  # type: ignore[union-attr]

    assert {(market, method) for market, method, _ in LEDGER} <= known


@pytest.mark.parametrize("operation", OPERATIONS)
def test_names_are_those_of_the_contract(operation: Operation) -> None:
    named = method_names(operation.market)[operation.method]

    assert operation.name == named["python_name"]
    added = added_params(operation.market).get(operation.method, [])
    assert {param.wire for param in operation.params} == {
        *named["params"],
        *(param["name"] for param in added),
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_parameter_names_follow_from_the_wire_names(operation: Operation) -> None:
    for param in operation.params:
        assert param.name == re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", param.wire).lower()


def _charged(operation: Operation, params: dict[str, Any]) -> int:
    def holds(step: WeightStep) -> bool:
        value = params.get(str(step.param))
        if step.param is None:
            return True
        if value is None:
            return False
        low = step.low is None or value >= step.low
        return low and (step.high is None or value <= step.high)

    return next(step.weight for step in operation.weight.steps if holds(step))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_weights_are_those_of_the_documents(operation: Operation) -> None:
    weight = reference(operation.market)[operation.method]["weight"]

    if isinstance(weight, int):
        assert _charged(operation, {}) == weight
    elif "table" in weight:
        assert _charged(operation, {}) == weight["when_omitted"]
        for row in weight["table"]:
            for limit in row["limits"]:
                assert _charged(operation, {"limit": limit}) == row["weight"]
    elif "with_symbol" in weight:
        assert _charged(operation, {"symbol": "BTCUSDT"}) == weight["with_symbol"]
        assert _charged(operation, {}) == weight["without_symbol"]
    else:  # page and change log disagree: the page counts
        assert _charged(operation, {}) == weight["value"]


def _needed_by_type(operation: Operation) -> dict[str, set[frozenset[str]]]:
    found: dict[str, set[frozenset[str]]] = {}
    for needs in operation.needs:
        if set(needs.when) == {"type"}:
            found.setdefault(needs.when["type"], set()).add(frozenset(needs.any_of))
    return found


@pytest.mark.parametrize(
    ("market", "method", "table"),
    [
        (Market.USDM, "order.place", "place_mandatory_by_type"),
        (Market.USDM, "algoOrder.place", "algo_mandatory_by_type"),
        (Market.COINM, "order.place", "place_mandatory_by_type"),
    ],
)
def test_what_an_order_type_needs_is_what_the_documents_say(
    market: Market, method: str, table: str
) -> None:
    rules = json.loads((REFERENCE / market.value / "rules.json").read_text())["order_rules"][table]
    operation = next(each for each in operations(market) if each.method == method)
    # "price" alone in the table of COIN-M, "unless priceMatch" at the parameter itself.
    either = {"price": {"price", "priceMatch"}, "price or priceMatch": {"price", "priceMatch"}}

    assert _needed_by_type(operation) == {
        order_type: {frozenset(either.get(name, {name})) for name in names}
        for order_type, names in rules.items()
    }
    assert ("price", "priceMatch") in operation.exclusive


@pytest.mark.parametrize("operation", OPERATIONS)
def test_either_id_is_asked_for_where_the_documents_ask_for_one(operation: Operation) -> None:
    conditions = {
        param["condition"]
        for param in reference(operation.market)[operation.method]["params"]
        if param["mandatory"] == "conditional" and " or " in param["condition"]
    }
    pairs = {each for each in conditions if re.fullmatch(r"\w+ or \w+", each)}
    always = {" or ".join(needs.any_of) for needs in operation.needs if not needs.when}

    assert always == pairs


@pytest.mark.parametrize("operation", OPERATIONS)
def test_rules_speak_of_parameters_the_operation_has(operation: Operation) -> None:
    wires = {param.wire for param in operation.params}
    named = {name for needs in operation.needs for name in (*needs.any_of, *needs.when)}
    named |= {name for group in (*operation.exclusive, *operation.together) for name in group}
    named |= {step.param for step in operation.weight.steps if step.param}
    named |= set(operation.client_ids)

    assert named <= wires


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_new_order_has_a_client_id(operation: Operation) -> None:
    expected = {"order.place": ("newClientOrderId",), "algoOrder.place": ("clientAlgoId",)}

    assert operation.client_ids == expected.get(operation.method, ())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_list_or_object_follows_the_documents(operation: Operation) -> None:
    kind = reference(operation.market)[operation.method]["result_kind"]

    assert (operation.list_result_unless == "symbol") == (kind["shape"] == "object|array")


@pytest.mark.parametrize("market", MARKETS)
def test_a_page_of_a_history_weighs_what_the_documents_say(market: Market) -> None:
    documented = json.loads((REFERENCE / market.value / "rules.json").read_text())["histories"]
    kept = histories.USDM if market is Market.USDM else histories.COINM
    sources = [getattr(kept, field.name) for field in fields(kept)]

    assert {source.path for source in sources} == set(documented["rest"])
    for source in sources:
        row = documented["rest"][source.path]
        for limit, weight in row.get("weight_from_limit", {"1": row.get("weight")}).items():
            if int(limit) <= source.page:
                assert weight_of(source.operation, {"limit": int(limit)}) == weight, source.path
