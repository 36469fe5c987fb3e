"""The tables of the migration pages hold names that exist: in the packages people come from, and here."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from read_names import LIBRARIES, installed, kept

from binance_wsapi import AsyncClient, Client, WsKey
from binance_wsapi.catalogue.aliases import attribute_meant, operation_meant
from binance_wsapi.markets import Market

DOCS = Path(__file__).parents[2] / "docs"
CALLS: dict[str, Any] = tomllib.loads((DOCS / "hooks" / "calls.toml").read_text())
GROUPS = [
    pytest.param(library, group, id=f"{library}: {group['title']}")
    for library, facts in CALLS.items()
    for group in facts["group"]
]


def names(group: dict[str, Any]) -> list[str]:
    return [*group.get("calls", ()), *group.get("instead", ()), *group.get("needless", ())]


def known_here(group: dict[str, Any], name: str) -> str | None:
    if "market" not in group:
        return attribute_meant(name)
    meant = operation_meant(Market(group["market"]), name)
    prefix = "" if meant is None or meant.startswith("client.") else f"client.{group['market']}."
    return meant and prefix + meant


def test_each_library_has_its_page() -> None:
    pages = {path.stem for path in (DOCS / "migration").glob("*.md")} - {"index"}
    assert pages == set(CALLS) == set(LIBRARIES)


@pytest.mark.parametrize("library", CALLS)
def test_the_page_tells_the_version_it_was_checked_with(library: str) -> None:
    version = kept(library)[0]
    assert CALLS[library]["version"] == version
    assert f" {version}" in (DOCS / "migration" / f"{library}.md").read_text()


@pytest.mark.parametrize(("library", "group"), GROUPS)
def test_the_names_exist_there(library: str, group: dict[str, Any]) -> None:
    there = kept(library)[1][group["of"]]
    listed = names(group)
    assert set(listed) <= set(there)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("library", CALLS)
def test_what_is_promised_whole_is_whole(library: str) -> None:
    groups = CALLS[library]["group"]
    listed = {(group["of"], name) for group in groups for name in names(group)}
    for group in groups:
        if "every" in group:
            there = {n for n in kept(library)[1][group["of"]] if n.startswith(group["every"])}
            assert {(group["of"], name) for name in there} <= listed


@pytest.mark.parametrize(("library", "group"), GROUPS)
def test_the_names_lead_to_something_here(library: str, group: dict[str, Any]) -> None:
    for name in group.get("calls", ()):
        assert known_here(group, name), f"{name}: write it to `instead`, or a line of the aliases"
    for name, call in group.get("instead", {}).items():
        assert known_here(group, name) != call, f"{name}: the aliases say so already"


def calls_here() -> Iterator[str]:
    for facts in CALLS.values():
        for group in facts["group"]:
            yield from group.get("instead", {}).values()
            for name in group.get("calls", ()):
                told = known_here(group, name) or ""
                # "client.a, client.b or client.c": each of them is a call
                yield from re.split(r", (?=client)| or (?=client)", told)


def test_what_is_written_exists_here() -> None:
    async_client = AsyncClient()
    with Client() as client:
        for call in calls_here():
            tree = ast.parse(call.replace("…", "..."), mode="eval").body
            for each in (client, async_client):
                looked_up(tree.value if isinstance(tree, ast.Await) else tree, each)
    asyncio.run(async_client.close())


def looked_up(node: ast.expr, client: Any) -> Any:
    """Return what an expression names, without calling anything; ``None`` for the results of calls."""
    match node:
        case ast.Name("client"):
            return client
        case ast.Name("Client"):
            return Client
        case ast.Attribute(ast.Name("WsKey"), key):
            return WsKey[key]
        case ast.Attribute(value, name):
            of = looked_up(value, client)
            return None if of is None else getattr(of, name)
        case ast.Call(function, arguments, keywords):
            called = looked_up(function, client)
            for each in (*arguments, *(word.value for word in keywords)):
                looked_up(each, client)
            if called is not None:
                takes = inspect.signature(called).parameters
                kinds = {each.kind for each in takes.values()}
                given = {word.arg for word in keywords}
                assert given <= set(takes) or inspect.Parameter.VAR_KEYWORD in kinds, (
                    called,
                    given,
                )
            return None
        case ast.Constant():
            return None
        case _:
            raise AssertionError(f"what is {ast.dump(node)}?")


@pytest.mark.filterwarnings("ignore")  # what packages warn of at their import
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_names_kept_are_those_of_the_package(library: str) -> None:
    """Where the package is installed, in the version they were read from."""
    package = library.removeprefix("npm-")
    if library == "npm-binance":
        pytest.skip("npm's packages are not looked for: read_names.py says how its names are read")
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    if version != kept(library)[0]:
        pytest.skip(f"the names were read from {kept(library)[0]}, and {version} is installed")

    assert installed(library) == kept(library)
