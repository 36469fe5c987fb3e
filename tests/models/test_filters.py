"""Filters are told apart by type, and one that is not known is kept."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.models import account, filters
from binance_wsapi.models.enums import FilterType
from binance_wsapi.models.market import ExchangeInfo

RULES = json.loads((Path(__file__).parents[1] / "reference/spot/rules.json").read_text())
SAMPLE_VALUES = {"DECIMAL": "0.00100000", "INT": 5, "BOOLEAN": True, "STRING": "JPY"}


def wire(documented: dict[str, Any]) -> dict[str, Any]:
    fields = {name: SAMPLE_VALUES[kind] for name, kind in documented["fields"].items()}
    return {"filterType": documented["name"], **fields}


def decode(*each: dict[str, Any]) -> list[filters.Filter]:
    return filters.decode_filters(msgspec.Raw(json.dumps(each).encode()))


@pytest.mark.parametrize("documented", RULES["filters"], ids=lambda each: each["name"])
def test_documented_filter_has_a_model_with_its_fields(documented: dict[str, Any]) -> None:
    (known,) = decode(wire(documented))

    assert not isinstance(known, filters.UnknownFilter)
    assert known.filter_type == documented["name"]
    assert json.loads(msgspec.json.encode(known)) == wire(documented)


def test_every_filter_type_of_the_enum_is_documented() -> None:
    assert {each["name"] for each in RULES["filters"]} == {each.value for each in FilterType}


def test_unknown_filter_is_kept_beside_the_known_ones() -> None:
    lot_size = wire(next(each for each in RULES["filters"] if each["name"] == "LOT_SIZE"))
    moon = {"filterType": "MOON_PHASE", "phase": "full"}

    known, unknown = decode(lot_size, moon)

    assert isinstance(known, filters.LotSizeFilter)
    assert known.step_size == Decimal("0.001")
    assert isinstance(unknown, filters.UnknownFilter)
    assert unknown.filter_type == "MOON_PHASE"
    assert unknown.raw == moon


def test_known_filter_that_changed_its_form_is_kept_too() -> None:
    (changed,) = decode({"filterType": "LOT_SIZE", "minimum": "1"})

    assert isinstance(changed, filters.UnknownFilter)
    assert changed.raw["minimum"] == "1"


def test_models_give_their_filters_decoded() -> None:
    info = msgspec.json.decode(
        b'{"timezone":"UTC","serverTime":1,"rateLimits":[],"symbols":[],'
        b'"exchangeFilters":[{"filterType":"EXCHANGE_MAX_NUM_ORDERS","maxNumOrders":1000}]}',
        type=ExchangeInfo,
    )
    mine = msgspec.json.decode(
        b'{"assetFilters":[{"filterType":"MAX_ASSET","asset":"JPY","limit":"1000000.00000000"}]}',
        type=account.AccountFilters,
    )

    assert info.exchange_filters == [filters.ExchangeMaxNumOrdersFilter(max_num_orders=1000)]
    assert mine.asset_filters == [filters.MaxAssetFilter(asset="JPY", limit=Decimal(1000000))]
    assert mine.symbol_filters == []
