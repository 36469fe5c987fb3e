"""Every documented result and event becomes a dict and JSON, with readable names."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from documented_samples import Sample, documented, is_typed

from binance_wsapi import OrderReconciled, ParameterError, Rows
from binance_wsapi.markets import Market
from binance_wsapi.models.account import AccountInformation
from binance_wsapi.models.base import Event, Level, UnknownEvent
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.order import PlacedOrder
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.models.user_events import decode_user_event

SAMPLES = [pytest.param(sample, id=name) for name, sample in documented() if is_typed(sample)]
ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 5,
    "orderListId": -1,
    "clientOrderId": "mine",
    "transactTime": 1795878685000,
    "price": "60000.00",
    "origQty": "0.00000010",
    "status": "NEW",
    "side": "BUY",
    "fills": [{"price": "60000.00", "qty": "0.1", "tradeId": 7}],
}


def read(sample: Sample) -> Any:
    value = sample.decode(json.dumps(sample.payload).encode())
    return Rows(value) if type(value) is list else value


def placed() -> PlacedOrder:
    order: PlacedOrder = tolerant_decoder(PlacedOrder)(json.dumps(ORDER).encode())
    return order


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def names(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for each in value.values() for name in names(each)}
    return {name for each in value for name in names(each)} if isinstance(value, list) else set()


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_documented_thing_is_made_of_what_all_programs_know(sample: Sample) -> None:
    value = read(sample)

    plain = value.to_dict()
    assert {type(leaf) for leaf in leaves(plain)} <= {str, int, float, bool, type(None), Decimal}
    assert not {name for name in names(plain) if name.startswith(("_", "unused"))}
    assert not {name for name in names(plain) if name.endswith(("_text", "_json"))}
    for numbers in ("str", "float"):
        assert json.loads(value.to_json(numbers=numbers)) == value.to_dict(numbers=numbers)


def test_names_are_those_of_the_attributes_and_decimals_are_exact() -> None:
    plain = placed().to_dict()

    assert plain["client_order_id"] == "mine"
    assert plain["quantity"] == Decimal("0.00000010")
    assert plain["status"] == "NEW"
    assert type(plain["status"]) is str
    assert plain["fills"][0]["quantity"] == Decimal("0.1")
    assert plain["stop_price"] is None


@pytest.mark.parametrize(("numbers", "quantity"), [("str", "0.00000010"), ("float", 1e-7)])
def test_decimals_become_what_was_asked_for(numbers: Any, quantity: object) -> None:
    assert placed().to_dict(numbers=numbers)["quantity"] == quantity
    assert json.loads(placed().to_json(numbers=numbers))["quantity"] == quantity


@pytest.mark.parametrize("thing", [placed(), Rows([placed()])], ids=["one", "several"])
def test_an_unknown_way_of_writing_numbers_is_refused(thing: Any) -> None:
    with pytest.raises(ParameterError, match="numbers='text' is not known: write 'decimal', "):
        thing.to_dict(numbers="text")
    with pytest.raises(ParameterError, match="numbers"):
        thing.to_json(numbers="text")


def test_an_event_says_what_it_is() -> None:
    event = decode_user_event(b'{"e":"balanceUpdate","E":5,"a":"BTC","d":"1.50","T":6}')

    assert event.to_dict() == {
        "event_type": "balanceUpdate",
        "event_time": 5,
        "asset": "BTC",
        "balance_delta": Decimal("1.50"),
        "clear_time": 6,
    }


def test_an_unknown_event_says_why() -> None:
    event: Event = UnknownEvent(problem="no such kind")

    assert event.to_dict()["problem"] == "no such kind"


def test_a_level_is_a_price_and_a_quantity() -> None:
    level = Level("60000.10", "0.50")
    price, quantity = level

    assert (price, quantity) == (Decimal("60000.10"), Decimal("0.50"))
    assert level.to_dict() == {"price": price, "quantity": quantity}
    assert [p * q for p, q in [level]] == [Decimal("30000.0500")]
    assert msgspec.json.encode(OrderBook(last_update_id=1, bids=[level], asks=[])) == (
        b'{"lastUpdateId":1,"bids":[["60000.10","0.50"]],"asks":[]}'
    )


def test_an_account_says_what_it_has() -> None:
    wire = b'{"balances":[{"asset":"BTC","free":"1","locked":"0"}]}'
    account: AccountInformation = tolerant_decoder(AccountInformation)(wire)

    assert account.to_dict(numbers="str")["balances"] == [
        {"asset": "BTC", "free": "1", "locked": "0"}
    ]


def test_a_record_whose_order_cannot_be_read_tells_the_wire() -> None:
    order = {"symbol": "BTCUSDT", "unreadable": True}
    record = OrderReconciled(
        market=Market.SPOT, symbol="BTCUSDT", order_id=1, client_order_id="c", status="NEW",
        raw_order=order,
    )  # fmt: skip

    assert record.to_dict()["raw_order"] == order
    assert record.to_dict()["market"] == "spot"
