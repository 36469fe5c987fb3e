"""An editor sees every method, its parameters and the fields of its result without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue._types import Market, Operation

jedi = pytest.importorskip("jedi")

ROOT = Path(__file__).parents[2]
PROJECT = jedi.Project(ROOT, sys_path=[str(ROOT)], smart_sys_path=False)

HEAD = "from binance_wsapi.facade.{module} import {name}\ndef use(namespace: {name}):\n    "


def complete(market: Market, line: str) -> set[str]:
    name = f"{market.value.capitalize()}Namespace"
    source = HEAD.format(module=market.value, name=name) + line
    script = jedi.Script(source, path=ROOT / "tests" / "facade" / "imagined.py", project=PROJECT)
    return {each.name for each in script.complete(3, len(line) + 4)}


def offered(market: Market) -> list[Operation]:
    return [each for each in operations(market) if not each.on_client]


@pytest.mark.parametrize("market", Market)
def test_every_method_is_completed(market: Market) -> None:
    names = complete(market, "namespace.")

    assert {each.name for each in offered(market)} <= names
    assert "using" in names


SAMPLES = [
    pytest.param(each, id=f"{each.market.value} {each.name}")
    for market, names in {
        Market.SPOT: {"submit_new_order", "get_order_book", "place_otoco_order_list"},
        Market.USDM: {"submit_new_order"},
        Market.COINM: {"get_order_status"},
    }.items()
    for each in offered(market)
    if each.name in names
]


@pytest.mark.parametrize("operation", SAMPLES)
def test_every_parameter_is_completed(operation: Operation) -> None:
    names = complete(operation.market, f"namespace.{operation.name}(")

    assert {f"{param.name}=" for param in operation.params} <= names


@pytest.mark.parametrize("operation", SAMPLES)
def test_fields_of_the_result_are_completed(operation: Operation) -> None:
    names = complete(operation.market, f"namespace.{operation.name}().result.")

    assert fields(operation.result) <= names


def test_fields_of_rows_are_completed() -> None:
    line = 'namespace.get_my_trades(symbol="BTCUSDT").result[0].'

    assert {"trade_id", "price", "quantity", "commission"} <= complete(Market.SPOT, line)


def fields(result: Any) -> set[str]:
    models = [each for each in (result, *get_args(result)) if isinstance(each, msgspec.StructMeta)]
    return {name for model in models for name in model.__struct_fields__}
