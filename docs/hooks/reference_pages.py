"""The pages of the reference, made from the code while the site is built: none can be stale.

Tables come from the catalogue and what else the code says of itself, the rest from docstrings.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from binance_wsapi import endpoints
from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue._docstring import weight_in_words
from binance_wsapi.catalogue._render_options import render_table
from binance_wsapi.catalogue.aliases import attribute_meant, operation_meant
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.catalogue.stream import Stream
from binance_wsapi.catalogue.streams import streams
from binance_wsapi.cli.program import program
from binance_wsapi.endpoints import Environment, WsKey, endpoint
from binance_wsapi.markets import Market

__all__ = ["called_here", "on_config", "on_files", "on_page_markdown"]

ROOT = Path(__file__).parents[2]
CALLS = Path(__file__).with_name("calls.toml")
MODELS = ROOT / "binance_wsapi" / "models"
INSIDE = {"__init__", "names", "readable", "tolerant"}
"""Modules of the models that hold nothing a user names."""
_BEHIND = "---\nsearch:\n  boost: 0.5\n---\n\n"
"""Who searches finds what is written for readers first."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages of a folder where the navigation says ``folder/*``."""
    written = [
        path.relative_to(config.docs_dir).as_posix() for path in Path(config.docs_dir).rglob("*.md")
    ]
    left = sorted({*written, *_pages()} - set(_named(config.nav)))
    config.nav = _expanded(config.nav, left)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    for name, text in _pages().items():
        files.append(File.generated(config, name, content=_BEHIND + text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put what is made here into pages that are written by hand: behind them, or where they have a mark for it."""
    folder, _, name = page.file.src_uri.removesuffix(".md").rpartition("/")
    if page.file.src_uri == "reference/errors.md":
        return f"{markdown}\n## Classes\n\n{_error_classes(markdown)}"
    if page.file.src_uri == "how-to/examples.md":
        return _marked(markdown, "the programs", _examples())
    if folder == "migration" and name != "index":
        groups = tomllib.loads(CALLS.read_text(encoding="utf-8"))[name]["group"]
        return _marked(markdown, "the tables of calls", "".join(map(_calls, groups)))
    return markdown


def _marked(markdown: str, mark: str, text: str) -> str:
    before, after = re.split(rf"<!-- {mark} .*? -->\n", markdown)
    return before + text + after


def _error_classes(markdown: str) -> str:
    """Return the classes of the errors whose table is written by hand."""
    named = re.findall(r"^\| (?:[│├└] ?)*`(\w+)` \|", markdown, re.MULTILINE)
    hidden = "filters: ['!^_', '!^(attach|stays_unknown)$']"
    classes = (
        _directive(f"binance_wsapi.errors.{name}", "heading_level: 3", hidden)
        for name in ("BinanceWsApiError", *named)
    )
    return "\n".join(classes)


def _directive(name: str, *options: str) -> str:
    lines = [f"::: {name}", "    options:", *(f"      {option}" for option in options)]
    return "\n".join(lines) + "\n"


def _named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _named(each)


def _expanded(nav: Any, left: list[str]) -> Any:
    if isinstance(nav, dict):
        entries = {title: _expanded(each, left) for title, each in nav.items()}
        return {title: each for title, each in entries.items() if each}
    if not isinstance(nav, list):
        return nav
    found: list[Any] = []
    for each in nav:
        if isinstance(each, str) and "*" in each:
            depth = each.count("/")
            found += [page for page in left if fnmatch(page, each) and page.count("/") == depth]
        elif expanded := _expanded(each, left):
            found.append(expanded)
    return found


def _pages() -> dict[str, str]:
    """Return the text of each page by its place."""
    pages = {
        f"reference/operations/{market.value}.md": _operations(market)
        for market in Market
        if (ROOT / "binance_wsapi" / "facade" / f"{market.value}.py").exists()
    }
    for path in sorted(MODELS.glob("*.py")):
        if path.stem in INSIDE or path.stem.startswith("_"):
            continue
        kind = "events" if path.stem.endswith("_events") else "models"
        pages[f"reference/{kind}/{path.stem}.md"] = _module(path)
    return pages | {
        "reference/streams.md": _streams(),
        "reference/connections.md": _connections(),
        "reference/options.md": _filled("options", "| the table |", render_table()),
        "reference/command-line.md": _command_line(),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    }


def _filled(page: str, mark: str, text: str) -> str:
    template = (Path(__file__).parent / f"{page}.md").read_text(encoding="utf-8")
    before, after = template.split(mark)
    return before + text + after


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [[*heads], ["---" for _ in heads], *([*row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _operations(market: Market) -> str:
    facts = market.facts
    namespace = f"binance_wsapi.facade.{market.value}.{market.value.capitalize()}Namespace"
    rows = (
        (
            f"{_method(each, namespace)}<br>`{each.method}`",
            "trades" if each.mutates else "signed" if each.signed else "",
            _weight(each),
        )
        for each in operations(market)
    )
    return f"""# {facts.label} operations

Methods of `client.{market.value}`. On the async client they have the same names and are awaited. Whatever
*trades* is signed, and written once at most: if its answer is lost, [what became of it is found out](../../explanation/lost-answer.md).

{_table(("method<br>wire name", "", "weight"), rows)}
::: {namespace}
    options:
      show_root_heading: false
      show_root_toc_entry: false
"""


def _method(operation: Operation, namespace: str) -> str:
    if operation.on_client:
        return f"`{operation.name}` (of the client)"
    return f"[`{operation.name}`][{namespace}.{operation.name}]"


def _weight(operation: Operation) -> str:
    return weight_in_words(operation).removeprefix("weight ").replace("``", "`")


def _module(path: Path) -> str:
    module = ast.parse(path.read_text(encoding="utf-8"))
    first = (ast.get_docstring(module) or path.stem).splitlines()[0].rstrip(".").replace("``", "`")
    title = path.stem.replace("_", " ").capitalize()
    return f"""# {title}

{first}. Import from `binance_wsapi.models.{path.stem}`.

::: binance_wsapi.models.{path.stem}
    options:
      show_root_heading: false
      show_root_toc_entry: false
      show_root_members_full_path: false
      show_docstring_description: true
      show_if_no_docstring: true
"""


def _streams() -> str:
    parts = [
        """# Market streams

`client.streams.subscribe(…)` takes names, as text or as its builders make them; `client.streams.order_book(…)` keeps a
[local order book](../how-to/order-book.md).
"""
    ]
    for market in Market:
        try:
            known = streams(market)
        except ModuleNotFoundError:
            continue
        rows = ((f"`{each.template}`", each.title, _parts(each), _events(each)) for each in known)
        parts.append(
            f"## {market.facts.label}\n\n"
            + _table(("name on the wire", "what it sends", "parts of the name", "events"), rows)
        )
    parts.append(
        "## Methods\n\nThose of the async client have the same names; streams and books are awaited.\n"
    )
    parts.append(
        _directive("binance_wsapi.facade.market_streams.Streams", "inherited_members: true")
    )
    return "\n".join(parts)


def _parts(stream: Stream) -> str:
    return "<br>".join(
        f"`{part.name}`: {', '.join(f'`{value}`' for value in part.values) or part.about}"
        + (" (may be left out)" if part.optional else "")
        for part in stream.params
    )


def _events(stream: Stream) -> str:
    return ", ".join(f"`{event.__name__}`" for event in stream.events)


def _calls(group: dict[str, Any]) -> str:
    """Return the table of some calls of another library."""
    market = Market(group["market"]) if "market" in group else None
    rows = {name: f"`{called_here(name, market)}`" for name in group.get("calls", ())}
    rows |= {name: f"`{call}`" for name, call in group.get("instead", {}).items()}
    rows |= {name: f"*{why}*" for name, why in group.get("needless", {}).items()}
    table = _table(("there", "here"), ((f"`{name}`", call) for name, call in rows.items()))
    return f"## {group['title']}\n\n{table}\n"


def called_here(name: str, market: Market | None) -> str | None:
    """Return what a method of another library is called here, by the table that the errors of the library have it from."""
    if market is None:
        return attribute_meant(name)
    meant = operation_meant(market, name)
    if meant is None or meant.startswith("client."):
        return meant
    return f"client.{market.value}.{meant}"


def _examples() -> str:
    programs = []
    for path in sorted((ROOT / "examples").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        module = ast.parse(code)
        told = (ast.get_docstring(module) or "").replace("``", "`")
        docstring = module.body[0].end_lineno or 0
        indented = textwrap.indent("\n".join(code.splitlines()[docstring:]).strip(), "    ")
        programs.append(
            f"## {path.stem}\n\n{told}\n\n"
            f'??? example "examples/{path.name}"\n\n    ```{{.python}}\n{indented}\n    ```\n'
        )
    return "\n".join(programs)


def _connections() -> str:
    about = _attribute_docstrings(endpoints, "WsKey")
    parts: list[str] = []
    for market in Market:
        rows = [
            (
                f"`WsKey.{key.name}`<br>{about[key.name]}".replace("\n", " ").replace("``", "`"),
                _addresses({where.value: url for where, url in endpoint(key).urls.items()}),
            )
            for key in WsKey
            if endpoint(key).market is market
        ]
        if market.facts.rest_urls:
            rest = _addresses(market.facts.rest_urls)
            rows.append(("REST<br>What the WebSocket API lacks.", rest))
        table = _table(("connection", "addresses"), rows)
        parts.append(f"## {market.facts.label}\n\n{table}")
    return _filled("connections", "| the tables |", "\n".join(parts))


def _addresses(urls: Mapping[str, str]) -> str:
    """Return the addresses, one a line; one that is the same everywhere once."""
    if len(urls) == len(Environment) and len(set(urls.values())) == 1:
        return f"everywhere `{next(iter(urls.values()))}`"
    return "<br>".join(f"{where.replace('_', ' ')} `{url}`" for where, url in urls.items())


def _attribute_docstrings(module: Any, class_name: str) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(module))
    body = next(
        each.body
        for each in tree.body
        if isinstance(each, ast.ClassDef) and each.name == class_name
    )
    found: dict[str, str] = {}
    for each, after in itertools.pairwise(body):
        if (
            isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[each.targets[0].id] = inspect.cleandoc(str(after.value.value))
    return found


def _command_line() -> str:
    parts = [(Path(__file__).parent / "command-line.md").read_text(encoding="utf-8")]
    for path, command in _commands(program, ("binance-wsapi",)):
        rows = [
            (f"`{' '.join(_spelling(each))}`", getattr(each, "help", None) or "")
            for each in command.params
            if not getattr(each, "hidden", False)
        ]
        told = inspect.cleandoc(command.help or "").replace("\n", " ")
        parts.append(f"## {' '.join(path)}\n\n{told}\n")
        if rows:
            parts.append(_table(("parameter", ""), rows))
    return "\n".join(parts)


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, each in sorted(command.commands.items()):
            yield from _commands(each, (*path, name))
    else:
        yield path, command


def _spelling(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [(parameter.name or "").upper()]
    return [*parameter.opts, *parameter.secondary_opts]
