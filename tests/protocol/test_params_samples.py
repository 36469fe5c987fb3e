"""The requests of the exchange's own documents pass, or are known to be wrong themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.catalogue import operations, operations_by_method
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.params import wire_params, wire_params_by_name

REFERENCE = Path(__file__).parents[1] / "reference"

# Samples that are refused here, by what is wrong with them. A line that is not needed fails.
WRONG = {
    ("spot", "orderList.place.oto", "request"): "timestamp='1712544395951' is a str",
    ("spot", "orderList.place.otoco", "request"): "timestamp='1712544408509' is a str",
    ("usdm", "algoOrder.place", "docs"): "recvWindow='99999999' is a str",
    # Generated for the connectors from the mandatory parameters alone, or from all of them.
    ("usdm", "algoOrder.place", "connector-minimal"): "triggerPrice is missing",
    ("usdm", "algoOrder.place", "connector-optional"): "price and priceMatch exclude each other",
    ("usdm", "order.place", "connector-minimal"): "timeInForce is missing",
    ("usdm", "order.place", "connector-optional"): "price and priceMatch exclude each other",
    ("usdm", "order.cancel", "connector-minimal"): "orderId or origClientOrderId is missing",
    ("usdm", "order.modify", "connector-minimal"): "orderId or origClientOrderId is missing",
    ("usdm", "order.status", "connector-minimal"): "orderId or origClientOrderId is missing",
    ("coinm", "order.place", "connector-minimal"): "timeInForce is missing",
    ("coinm", "order.place", "connector-optional"): "callbackRate='5000.0' is too large",
    ("coinm", "order.cancel", "connector-minimal"): "orderId or origClientOrderId is missing",
    ("coinm", "order.modify", "connector-minimal"): "orderId or origClientOrderId is missing",
    ("coinm", "order.status", "connector-minimal"): "orderId or origClientOrderId is missing",
}


def samples() -> list[Any]:
    return [
        pytest.param(market, row, id=f"{market.value}-{row['method']}-{row['variant']}-{number}")
        for market in api_markets()
        for number, row in enumerate(
            json.loads((REFERENCE / market.value / "examples.json").read_text())
        )
        if row["kind"] == "request"
        and row["payload"].get("method") in operations_by_method(market)
        and "params" in row["payload"]
    ]


def as_text(value: object) -> object:
    """Samples send decimals as numbers here and there; the text of both is the same."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


@pytest.mark.parametrize(("market", "row"), samples())
def test_a_documented_request_passes_unchanged(market: Market, row: dict[str, Any]) -> None:
    method, given = row["payload"]["method"], row["payload"]["params"]
    operation = operations_by_method(market)[method]
    wrong = WRONG.get((market.value, method, row["variant"]))
    if wrong:
        with pytest.raises(ParameterError) as caught:
            wire_params_by_name(operation, given)
        assert str(caught.value).startswith(wrong)
        return
    sent = wire_params_by_name(operation, given)

    assert list(sent) == list(given)
    assert {name: as_text(value) for name, value in sent.items()} == {
        name: as_text(value) for name, value in given.items()
    }


def test_every_line_of_the_ledger_is_about_a_sample() -> None:
    known = {
        (param.values[0].value, param.values[1]["payload"]["method"], param.values[1]["variant"])
        for param in samples()
    }

    assert WRONG.keys() <= known


@pytest.mark.parametrize(
    "operation",
    [operation for market in api_markets() for operation in operations(market)],
    ids=lambda operation: f"{operation.market.value}-{operation.method}",
)
def test_every_operation_knows_its_parameters_by_both_names(operation: Operation) -> None:
    """An empty call names what is missing; nothing else stands in its way."""
    required = [param for param in operation.params if param.required and not param.auth]
    for write, spelling in ((wire_params, "name"), (wire_params_by_name, "wire")):
        if required:
            with pytest.raises(ParameterError) as caught:
                write(operation, {})
            assert caught.value.parameter == getattr(required[0], spelling)
        for param in operation.params:
            with pytest.raises(ParameterError) as caught:
                write(operation, {getattr(param, spelling): object()})
            assert caught.value.parameter == getattr(param, spelling)
