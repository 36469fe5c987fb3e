"""Each layer imports only what lies under it, and the pure ones touch no clock, thread or socket."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from binance_wsapi.simulator import saved_state

PACKAGE = "binance_wsapi"
ROOT = Path(__file__).parents[1] / PACKAGE

# What each layer may import besides itself; a layer is a folder or a module of the package. A module
# that stands in no line is part of the surface (the clients and what starts programs): it may import
# anything, and nobody in this table may import it.
ALLOWED: dict[str, set[str]] = {
    "_version": set(),
    "loading": set(),
    "errors": {"loading"},
    "markets": {"errors", "loading"},
    "models": {"loading", "markets"},
    "presentation": {"errors", "loading", "models"},
    "catalogue": {"loading", "markets", "models"},
    "endpoints": {"catalogue", "errors", "markets"},
    "health": {"endpoints", "models"},
    "_option_fields": {"endpoints", "health"},
    "options": {"_option_fields", "endpoints", "errors", "health", "proxies"},
    "proxies": {"errors", "loading"},
    "protocol": {"catalogue", "errors", "loading", "markets", "models"},
    "rules": {"catalogue", "errors", "markets", "models", "protocol"},
    "response": {"catalogue", "errors", "loading", "markets", "models", "protocol", "rules"},
    "buffer": {"forks", "options"},
    "forks": {"loading"},
    "kept_state": {"buffer", "errors", "forks"},
    "outcomes": {"endpoints", "errors", "events", "models", "response"},
    "events": {"buffer", "endpoints", "errors", "loading", "markets", "models", "options"},
    "core": {"buffer", "catalogue", "endpoints", "errors", "events", "forks", "health", "kept_state", "loading", "markets", "models", "options", "outcomes", "protocol", "proxies", "response", "rules"},
    "order_book": {"events", "catalogue", "core", "endpoints", "errors", "kept_state", "loading", "markets", "models", "protocol"},
    "account_state": {"core", "endpoints", "errors", "events", "kept_state", "models"},
    "shared_limits": {"core", "options", "protocol"},
    "event_log": {"buffer", "core", "endpoints", "errors", "events", "forks", "health", "models", "options", "protocol"},
    "history": {"catalogue", "core", "errors", "loading", "markets", "models", "protocol", "response"},
    "journal": {"catalogue", "core", "endpoints", "errors", "forks", "loading", "models", "options", "outcomes", "protocol"},
    "facade": {"account_state", "history", "catalogue", "core", "endpoints", "errors", "events", "loading", "markets", "models", "order_book", "protocol", "response", "rules"},
    "simulator": {"catalogue", "endpoints", "markets", "models"},
}  # fmt: skip
# Modules that belong to the surface although they lie in a layer's folder.
ON_THE_SURFACE = {
    "simulator.clients": "hands out clients of the exchange it belongs to",
    "simulator.pytest_plugin": "hands out clients as fixtures",
}
# Doors from a layer to what lies above it, which its users ask for; a line nobody needs fails.
DOORS: dict[str, set[str]] = {
    # OutcomeUnknown.resolve() gives a response, RulesBroken shows violations: their types alone.
    "errors": {"response", "rules.violation"},
    # exchange.client() hands out a client: its type, and the module that makes it when it is called.
    "simulator.exchange": {"AsyncClient", "Client", "simulator.clients"},
    # A saved exchange is gone on with by the version that saved it.
    "simulator.saved_state": {"_version"},
    # What is read out of a log is typed as what is subscribed: the types alone.
    "event_log.reading": {"user_data"},
    # A backtest runs a bot with its client: its type alone.
    "simulator.backtest.run": {"Client"},
}

PURE = {"catalogue", "markets", "models", "presentation", "protocol", "rules"}
IMPURE = {
    "aiohttp",
    "asyncio",
    "concurrent",
    "multiprocessing",
    "random",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "uvloop",
}
SOCKETS = {"aiohttp", "socket"}
REACHING_OUT = IMPURE - {"random", "time"} | {
    "builtins",
    "importlib",
    "io",
    "os",
    "pathlib",
    "pickle",
    "shutil",
    "sys",
    "tempfile",
    "urllib.request",
}
TRANSPORTS = {
    "core.transport",
    "core.aiohttp_transport",
    "core.direct_transport",
    "core.direct_socket",
}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package, as ``protocol.params``; a package's own module is its folder."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(source: str, module: str = "", *, is_package: bool = False) -> set[str]:
    """Every module that a source imports, at the top or inside, by its full name."""
    here = [PACKAGE, *filter(None, module.split("."))]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + is_package] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            # ``from binance_wsapi import errors`` imports a module, not the package alone.
            found |= {
                f"{origin}.{alias.name}" if origin == PACKAGE else origin for alias in node.names
            }
    return found


@cache
def imports_of(module: str) -> frozenset[str]:
    path = dict(modules())[module]
    return frozenset(imports(path.read_text(), module, is_package=path.name == "__init__.py"))


def called_in(module: str) -> set[str]:
    """The functions that a module calls by a plain name."""
    tree = ast.parse(dict(modules())[module].read_text())
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def layer_of(module: str) -> str:
    return "" if module in ON_THE_SURFACE else module.partition(".")[0]


def inner(imported: str) -> str | None:
    """The part of a name that lies in the package; ``None`` for what is not ours."""
    package, _, rest = imported.partition(".")
    return rest if package == PACKAGE else None


MODULES = [name for name, _ in modules()]
LAYERED = [name for name in MODULES if layer_of(name) in ALLOWED]


@pytest.mark.parametrize("module", LAYERED)
def test_a_module_imports_only_layers_under_it(module: str) -> None:
    layer = layer_of(module)
    reached = {
        target
        for target in map(inner, imports_of(module))
        if target is not None and layer_of(target) not in {layer, *ALLOWED[layer]}
    }
    doors = DOORS.get(module, set())

    assert not reached - doors, f"{module} ({layer}) may not import {sorted(reached - doors)}"
    assert not doors - reached, f"{module} has no need of the doors {sorted(doors - reached)}"


@pytest.mark.parametrize("module", [name for name in LAYERED if layer_of(name) in PURE])
def test_the_pure_layers_touch_no_clock_thread_or_socket(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports_of(module)} & IMPURE


@pytest.mark.parametrize("module", [name for name in MODULES if layer_of(name) == "core"])
def test_sockets_are_the_transports_business(module: str) -> None:
    touched = {name.partition(".")[0] for name in imports_of(module)} & SOCKETS

    assert not touched or module in TRANSPORTS


@pytest.mark.parametrize(
    "module", [name for name in MODULES if saved_state.is_of_an_engine(f"{PACKAGE}.{name}")]
)
def test_what_a_saved_exchange_names_reaches_nothing_outside(module: str) -> None:
    """A file of somebody else may have any of its methods called."""
    named = imports_of(module)

    assert not (named | {name.partition(".")[0] for name in named}) & REACHING_OUT
    assert not {"open", "exec", "eval", "compile", "__import__"} & called_in(module)


def test_no_layer_lies_under_itself() -> None:
    left = {layer: set(under) for layer, under in ALLOWED.items()}
    while lowest := {layer for layer, under in left.items() if not under & left.keys()}:
        for layer in lowest:
            del left[layer]

    assert not left, "these layers import each other in a circle"


def test_the_table_names_what_is_there() -> None:
    layers = {layer_of(name) for name in MODULES}

    assert ALLOWED.keys() >= PURE
    assert DOORS.keys() <= set(MODULES)
    assert set().union(*ALLOWED.values()) <= ALLOWED.keys()
    assert {"catalogue", "core", "errors", "models", "protocol", "simulator"} <= layers


LOADED_UNDER_CARE = {
    "core.loop_thread": "the loop is made under the lock",
    "protocol.signing": "signers are made under the lock, in the constructor of a client",
}
"""Modules whose imports inside functions need no guard of their own."""
WITHOUT_THREADS = {"__main__", "cli", "demo", "simulator"}


def unguarded(source: str) -> list[int]:
    """Lines of imports inside functions that a fork may cut in two."""

    def look(node: ast.AST, *, late: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                if late:
                    found.append(child.lineno)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                look(child, late="made_once" not in map(ast.unparse, child.decorator_list))
            elif not (
                isinstance(child, ast.With)
                and {ast.unparse(item.context_expr) for item in child.items} & {"uncut", "unforked"}
            ):
                look(child, late=late)

    found: list[int] = []
    look(ast.parse(source), late=False)
    return found


@pytest.mark.parametrize(
    "module", [name for name in MODULES if name.partition(".")[0] not in WITHOUT_THREADS]
)
def test_no_fork_cuts_in_two_what_is_loaded_late(module: str) -> None:
    source = dict(modules())[module].read_text()

    assert bool(unguarded(source)) == (module in LOADED_UNDER_CARE), unguarded(source)
    assert "import_module" not in source or module == "loading"


def test_unguarded_imports_are_found() -> None:
    source = """
import a
def f():
    if b:
        import c
    with uncut:
        import d
@made_once
def g():
    import e
"""

    assert unguarded(source) == [5]


# A knot: modules that need each other's names, be it for types alone. None of it can be read by itself.
LARGEST_KNOT = 4

LARGEST_CLASS = 300, 25
"""Lines and methods of a class, a method with its overloads being one; what is generated is as long as the
exchange's list of operations."""

THE_DOOR = "core.core"
AT_THE_DOOR = {"_client_base"}


def needed(module: str) -> set[str]:
    """Every module of the package that one imports, types alone included."""
    named = set(imports_of(module))
    for node in ast.walk(ast.parse(dict(modules())[module].read_text())):
        if isinstance(node, ast.ImportFrom):  # ``from binance_wsapi.protocol import proofs``
            named |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {each for each in filter(None, map(inner, named)) if each in MODULES} - {module}


def knots(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules each of which reaches all others of its group."""
    reach = {module: set(graph[module]) for module in graph}
    grown = True
    while grown:
        grown = False
        for reached in reach.values():
            further = set().union(*(reach[each] for each in reached)) - reached
            reached.update(further)
            grown = grown or bool(further)
    groups = {
        frozenset(each for each in reach[module] if module in reach[each])
        for module in reach
        if module in reach[module]
    }
    return [set(group) for group in groups]


def test_no_module_hangs_on_many_that_hang_on_it() -> None:
    found = knots({module: needed(module) for module in MODULES})

    assert not [sorted(knot) for knot in found if len(knot) > LARGEST_KNOT]


def test_knots_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}

    assert sorted(map(sorted, knots(graph))) == [["a", "b", "c"], ["d", "e"]]


def large_classes(source: str) -> dict[str, tuple[int, int]]:
    """The classes of a module that are beyond the bounds, their lines and methods."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            methods = {
                each.name
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            size = (node.end_lineno or 0) - node.lineno + 1, len(methods)
            if any(measured > most for measured, most in zip(size, LARGEST_CLASS, strict=True)):
                found[node.name] = size
    return found


def test_no_class_does_too_much() -> None:
    found = {
        f"{module}.{name}": size
        for module, path in modules()
        if not (source := path.read_text()).startswith("# Generated by")
        for name, size in large_classes(source).items()
    }

    assert not found, found


def test_large_classes_are_found() -> None:
    many = "class Many:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(26))
    long = "class Long:\n" + "    x = 1\n" * 300
    overloaded = "class Overloaded:\n" + "    @overload\n    def m(self): ...\n" * 26

    assert large_classes(many + long + overloaded) == {"Many": (27, 26), "Long": (301, 0)}


WITH_NAMES_OF_THEIR_OWN = {"facade", "models", "simulator"}
"""Layers whose words are the exchange's, which has orders and trades as well."""


def made_in(module: str) -> set[str]:
    """The public types and aliases that a module makes, by their names."""
    made: set[str] = set()
    for node in ast.parse(dict(modules())[module].read_text()).body:
        if isinstance(node, ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made.add(node.targets[0].id)
    return {name for name in made if name[0].isupper() and not name.isupper() and len(name) > 1}


def test_no_name_stands_for_two_things() -> None:
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        if layer_of(module) not in WITH_NAMES_OF_THEIR_OWN:
            for name in made_in(module):
                homes.setdefault(name, []).append(module)

    assert {"Core", "EventMerge", "Limit"} <= homes.keys()
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_the_clients_alone_use_the_door() -> None:
    users = {module for module in MODULES if THE_DOOR in needed(module)}

    assert users
    assert users <= AT_THE_DOOR


@pytest.mark.parametrize(
    ("source", "module", "found"),
    [
        ("import time, a.b", "protocol.x", {"time", "a.b"}),
        ("def f():\n    from binance_wsapi.core import core", "models.x", {"binance_wsapi.core"}),
        ("from binance_wsapi import client", "core.x", {"binance_wsapi.client"}),
        ("from .signing import a", "protocol.x", {"binance_wsapi.protocol.signing"}),
        ("from ..core import a", "protocol.x", {"binance_wsapi.core"}),
        ("from .. import core", "protocol.x", {"binance_wsapi.core"}),
        ("if TYPE_CHECKING:\n    import asyncio", "protocol.x", {"asyncio"}),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, module: str, found: set[str]) -> None:
    assert imports(source, module) == found


PAGE = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_page_shows_the_layers_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)

    assert {layer: set(re.findall(r"`(\w+)`", under)) for layer, under in rows} == ALLOWED


@pytest.mark.parametrize("folder", ["core", "protocol"])
def test_the_page_has_a_line_for_each_module(folder: str) -> None:
    section = PAGE.split(f"### The {folder}\n")[1].split("\n#")[0]

    named = re.findall(r"^\| `(\w+)\.py` \|", section, re.MULTILINE)
    assert named == [
        path.stem for path in sorted((ROOT / folder).glob("*.py")) if path.stem != "__init__"
    ]


def test_the_page_leads_to_modules_that_are_there() -> None:
    named = {name for name in re.findall(r"`([\w/]+/\w+\.py)`", PAGE) if name[0] != "/"}

    assert named
    assert not [
        name for name in named if not (ROOT / name).exists() and not (ROOT.parent / name).exists()
    ]
