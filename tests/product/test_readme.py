"""The README makes one try it: it is short, its commands are the ones CI runs, its links lead somewhere.

Its code runs in ``test_pages.py``, as that of the site does. Tables of the site that are written by hand are complete.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks_of

import binance_wsapi
from binance_wsapi import AsyncClient, BinanceWsApiError, Client
from binance_wsapi.catalogue._render_options import render_table

README = ROOT / "README.md"
LONGEST = 200


def test_it_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < LONGEST


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_lead_somewhere(page: Path) -> None:
    """In the repository, too, where what the site is made of is read as it is."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    made = re.compile(r"(^|/)(reference/|changelog\.md)|^(operations|models|events)/")
    for link in links:
        if "://" not in link and not made.search(link):
            assert (page.parent / link).exists() or page.parent.name in {"hooks", "reference"}, link


def test_the_test_command_is_the_one_of_ci() -> None:
    """CI runs the README's second command: the same extra, the same pytest."""
    commands = [block.code.strip() for block in blocks_of(README) if block.language == "console"]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installed, tested = re.findall(
        r"\.venv/bin/(?:pip (install .+?)|python (-m pytest.*))(?: &&|$)", commands[1]
    )

    assert installed[0].replace("install", "install --quiet") in script
    assert f'"$venv/bin/python" {tested[1]}\n' in script


def test_the_options_table_is_complete_and_right() -> None:
    table = {
        name: ast.literal_eval(default)
        for name, default in re.findall(
            r"^\| `(\w+)` \| `([^`]+)` \| .+ \|$", render_table(), re.MULTILINE
        )
    }

    options = {
        name: parameter.default for name, parameter in inspect.signature(Client).parameters.items()
    }
    assert table == options
    assert inspect.signature(AsyncClient).parameters.keys() == options.keys()


def test_the_errors_table_is_complete() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| (?:[│├└] ?)*`(\w+)` \|", page, re.MULTILINE))

    public = {name: getattr(binance_wsapi, name) for name in binance_wsapi.__all__}
    assert named == {
        name
        for name, each in public.items()
        if isinstance(each, type)
        and issubclass(each, BinanceWsApiError)
        and each is not BinanceWsApiError
    }


def test_the_plugins_fixtures_are_named() -> None:
    from binance_wsapi.simulator import pytest_plugin

    page = (ROOT / "docs" / "how-to" / "testing.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("Fixtures: "))
    assert set(re.findall(r"`(binance_\w+)`", line)) == set(pytest_plugin.__all__)
