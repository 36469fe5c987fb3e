"""The REST calls and the operation of margin user data are those of the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.margin import FETCH_LISTEN_TOKEN, REST_CALLS
from binance_wsapi.catalogue.operation import Kind
from binance_wsapi.catalogue.rest_call import RestCall
from binance_wsapi.markets import Market

REFERENCE = Path(__file__).parents[1] / "reference" / "margin"
OPERATIONS = {
    each["method"]: each for each in json.loads((REFERENCE / "operations.json").read_text())
}
EXAMPLES = json.loads((REFERENCE / "examples.json").read_text())
KINDS = {
    "STRING": Kind.STRING,
    "LONG": Kind.INT,
    "INT": Kind.INT,
    # Lower-case text in a query, where JSON has no say.
    "BOOLEAN": Kind.BOOLEAN_TEXT,
}


def test_every_documented_rest_call_is_there() -> None:
    documented = [method for method, each in OPERATIONS.items() if each["transport"] == "REST"]

    assert [f"{call.http_method} {call.path}" for call in REST_CALLS] == documented


@pytest.mark.parametrize("call", REST_CALLS, ids=lambda call: f"{call.http_method} {call.path}")
def test_rest_calls_agree_with_the_documents(call: RestCall) -> None:
    documented = OPERATIONS[f"{call.http_method} {call.path}"]

    assert call.weight == documented["weight"]
    assert {(each.wire, each.kind, each.required, each.maximum) for each in call.params} == {
        (each["name"], KINDS[each["type"]], each["mandatory"] is True, each.get("max"))
        for each in documented["params"]
    }


def test_the_token_call_is_signed_as_its_evidence_advises() -> None:
    documented: dict[str, Any] = OPERATIONS["POST /sapi/v1/userListenToken"]

    assert "send apiKey header, timestamp and signature" in documented["signed"]
    assert FETCH_LISTEN_TOKEN.signed


@pytest.mark.parametrize("call", REST_CALLS, ids=lambda call: f"{call.http_method} {call.path}")
def test_documented_answers_fit(call: RestCall) -> None:
    for example in EXAMPLES:
        if example["kind"] == "response" and example["method"] == f"{call.http_method} {call.path}":
            answer = msgspec.convert(example["payload"], call.result)

            assert msgspec.to_builtins(answer) == example["payload"]


def test_the_token_is_used_by_an_operation_of_spot() -> None:
    documented = OPERATIONS["userDataStream.subscribe.listenToken"]
    operation = operation_by_method(Market.SPOT, "userDataStream.subscribe.listenToken")

    assert operation is not None
    assert [param.wire for param in operation.params] == ["listenToken"]
    assert operation.params[0].required
    assert operation.weight.steps[0].weight == documented["weight"]
    assert not operation.signed
