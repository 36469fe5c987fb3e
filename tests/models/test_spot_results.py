"""Every documented Spot answer fits its model, and no field of it is lost."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.models import account, market, order, order_list, session
from binance_wsapi.models.base import Level
from binance_wsapi.models.enums import RateLimitType
from binance_wsapi.models.tolerant import tolerant_decoder

SPOT = Path(__file__).parents[1] / "reference" / "spot"
EXAMPLES: list[dict[str, Any]] = json.loads((SPOT / "examples.json").read_text())

PARTIAL = {"sor sample 5": "exchangeInfo cut down to its sors"}
"""Samples that show part of an answer."""


def _result(example: dict[str, Any]) -> Any:
    payload = example["payload"]
    if example["kind"] == "response":
        return payload["result"]
    # Pages about routed orders print the one order of the list by itself.
    return [payload] if example["method"] == "sor.order.place" else payload


RESULTS = [
    pytest.param(
        each["method"],
        _result(each),
        id=f"{each['method']} {each['variant']}",
    )
    for each in EXAMPLES
    if each["method"] is not None
    and each["kind"] in {"response", "result"}
    and each["variant"] not in PARTIAL
]


def assert_holds(value: Any, sample: Any) -> None:
    """Check that a decoded value knows every key of the sample, and has its value."""
    if isinstance(value, msgspec.Raw):
        assert json.loads(bytes(value)) == sample
    elif isinstance(value, msgspec.Struct) and value.__struct_config__.array_like:
        fields = value.__struct_fields__
        assert len(fields) == len(sample)
        for name, part in zip(fields, sample, strict=True):
            assert_holds(getattr(value, name), part)
    elif isinstance(value, msgspec.Struct):
        names = {each.encode_name: each.name for each in msgspec.structs.fields(type(value))}
        unknown = sample.keys() - names.keys() - {value.__struct_config__.tag_field}
        assert not unknown, f"{type(value).__name__} loses {unknown}"
        for key in sample.keys() & names.keys():
            assert_holds(getattr(value, names[key]), sample[key])
    elif isinstance(value, list):
        assert len(value) == len(sample)
        for row, part in zip(value, sample, strict=True):
            assert_holds(row, part)
    elif isinstance(value, Decimal):
        assert isinstance(sample, str)
        assert f"{value:f}" == sample
    elif isinstance(value, Enum):
        assert value.value == sample
    else:
        assert value == sample
        assert type(value) is type(sample)


@pytest.mark.parametrize(("method", "sample"), RESULTS)
def test_sample_decodes_without_loss(method: str, sample: Any) -> None:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None

    value = tolerant_decoder(operation.result)(json.dumps(sample).encode())

    assert_holds(value, sample)


@pytest.mark.parametrize(("method", "sample"), RESULTS)
def test_sample_survives_being_written_and_read_again(method: str, sample: Any) -> None:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None
    decode = tolerant_decoder(operation.result)

    value = decode(json.dumps(sample).encode())

    assert_holds(decode(msgspec.json.encode(value)), _without_nulls(sample))


def _without_nulls(sample: Any) -> Any:
    if isinstance(sample, dict):
        return {key: _without_nulls(part) for key, part in sample.items() if part is not None}
    return [_without_nulls(part) for part in sample] if isinstance(sample, list) else sample


def test_every_operation_but_the_withdrawn_ones_has_a_sample() -> None:
    documented = {each["method"] for each in json.loads((SPOT / "operations.json").read_text())}

    assert documented == {param.values[0] for param in RESULTS}


def test_halves_of_a_failed_cancel_replace_fit_the_models_of_orders() -> None:
    halves = [
        (half, data[half])
        for each in EXAMPLES
        if each["kind"] == "error" and each["method"] == "order.cancelReplace"
        if (data := each["payload"]["error"].get("data"))
        for half in ("cancelResponse", "newOrderResponse")
        if data[half] is not None and "orderId" in data[half]
    ]

    assert halves
    for half, sample in halves:
        model = order.CancelledOrder if half == "cancelResponse" else order.PlacedOrder
        assert_holds(msgspec.convert(sample, model, strict=False), sample)


def test_cancelling_one_order_of_a_list_gives_a_cancelled_order_list() -> None:
    results = {
        each["variant"]: tolerant_decoder(order.CancelledOrder | order_list.CancelledOrderList)(
            json.dumps(each["payload"]["result"]).encode()
        )
        for each in EXAMPLES
        if each["method"] == "order.cancel" and each["kind"] == "response"
    }

    assert isinstance(results["single order"], order.CancelledOrder)
    assert isinstance(results["order list"], order_list.CancelledOrderList)


def test_reference_price_error_inside_the_result_is_not_lost() -> None:
    wire = b'{"code": -2043, "msg": "This symbol doesn\'t have a reference price."}'

    answer = msgspec.json.decode(wire, type=market.ReferencePrice)

    assert answer.code == -2043
    assert answer.message == "This symbol doesn't have a reference price."
    assert answer.reference_price is None


def test_acknowledged_order_has_ids_and_no_terms() -> None:
    wire = b'{"symbol":"BTCUSDT","orderId":7,"orderListId":-1,"clientOrderId":"a","transactTime":5}'

    placed = msgspec.json.decode(wire, type=order.PlacedOrder)

    assert (placed.order_id, placed.client_order_id, placed.transaction_time) == (7, "a", 5)
    assert placed.status is None
    assert placed.fills is None


def test_book_levels_keep_their_text_and_give_decimals() -> None:
    book = msgspec.json.decode(
        b'{"lastUpdateId":1,"bids":[["0.01379900","3.43200000"]],"asks":[]}', type=market.OrderBook
    )

    assert book.bids == [Level("0.01379900", "3.43200000")]
    assert book.bids[0].price == Decimal("0.013799")
    assert book.bids[0].quantity == Decimal("3.432")


def test_unknown_fields_and_enum_values_do_not_break_decoding() -> None:
    wire = (
        b'[{"rateLimitType":"MOON_PHASE","interval":"LUNATION","intervalNum":1,"limit":2,"new":{}}]'
    )

    (limit,) = msgspec.json.decode(wire, type=list[market.RateLimit])

    assert limit.rate_limit_type == "MOON_PHASE"
    assert isinstance(limit.rate_limit_type, RateLimitType)


def test_results_are_immutable() -> None:
    balance = account.Balance(asset="BTC", free=Decimal(1), locked=Decimal(0))

    with pytest.raises(AttributeError):
        balance.free = Decimal(2)  # type: ignore[misc]  # the point of the test


def test_listen_key_does_not_show_itself() -> None:
    assert "3PanraNagEkdKuFwUHn48" not in repr(
        session.ListenKey(listen_key="3PanraNagEkdKuFwUHn48")
    )
