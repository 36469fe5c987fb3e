"""An editor sees every method, its parameters and the fields of its result without running code."""

from __future__ import annotations

from pathlib import Path
from types import GenericAlias
from typing import Any, get_args

import msgspec
import pytest

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.markets import Market, api_markets

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


@pytest.mark.parametrize("market", api_markets())
def test_every_method_is_completed(market: Market) -> None:
    names = complete(market, "namespace.")

    assert {each.name for each in offered(market)} <= names
    assert "using" in names


@pytest.mark.parametrize(
    "source",
    [
        "{client}().spot.",
        "{client}.from_env().spot.",
        "{client}.from_env(testnet=True).spot.",
        "client = {client}.from_env()\nclient.spot.",
        "with {client}.from_env() as client:\n    client.spot.",
        "async def use():\n    async with {client}.from_env() as client:\n        client.spot.",
    ],
)
@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
def test_a_client_completes_however_it_was_made(client: str, source: str) -> None:
    if source.startswith("async" if client == "Client" else "with"):
        pytest.skip("no such context manager")
    code = f"from binance_wsapi import {client}\n{source.format(client=client)}"

    script = jedi.Script(code, path=ROOT / "tests" / "facade" / "imagined.py", project=PROJECT)

    assert {each.name for each in offered(Market.SPOT)} <= {each.name for each in script.complete()}


OFFERED = [
    pytest.param(each, id=f"{market.value} {each.name}")
    for market in api_markets()
    for each in offered(market)
]


@pytest.mark.parametrize("operation", OFFERED)
def test_every_parameter_is_completed(operation: Operation) -> None:
    names = complete(operation.market, f"namespace.{operation.name}(")

    assert {f"{param.name}=" for param in operation.params} <= names


@pytest.mark.parametrize("operation", OFFERED)
def test_fields_of_the_result_are_completed(operation: Operation) -> None:
    given = f'{operation.list_result_unless}="BTCUSDT"' if operation.list_result_unless else ""
    row = "[0]" if isinstance(operation.result, GenericAlias) else ""

    names = complete(operation.market, f"namespace.{operation.name}({given}).result{row}.")

    assert fields(operation.result) <= names


def fields(result: Any) -> set[str]:
    if isinstance(result, msgspec.StructMeta):
        return set(result.__struct_fields__)
    return {name for member in get_args(result) for name in fields(member)}
