"""The tests run on the build that was asked for, and a pure one needs nothing but Python."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import pytest

import binance_wsapi

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES: list[str] = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"][
    "modules"
]

HOOK = ROOT / "hatch_build.py"


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_build_that_runs_is_the_one_that_was_asked_for() -> None:
    assert binance_wsapi.build == os.environ.get("BINANCE_WSAPI_BUILD", "pure")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_compiled_with_all_others_or_not_at_all(name: str) -> None:
    module = importlib.import_module(f"binance_wsapi.{name.replace('/', '.')}")

    is_compiled = str(module.__file__).endswith(tuple(EXTENSION_SUFFIXES))
    assert is_compiled == (binance_wsapi.build == "compiled")


def test_no_module_that_is_compiled_has_structs_of_msgspec() -> None:
    """They would decode nothing, and not say so."""
    for name in MODULES:
        source = (ROOT / "binance_wsapi" / f"{name}.py").read_text(encoding="utf-8")

        assert "Struct" not in source, name
        assert "(Model" not in source, name


@pytest.mark.parametrize(("asked", "wanted"), [(None, False), ("pure", False), ("compiled", True)])
def test_what_is_compiled_is_asked_for(
    asked: str | None, wanted: bool, hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(hook.SWITCH, raising=False)
    if asked is not None:
        monkeypatch.setenv(hook.SWITCH, asked)

    assert hook.is_wanted() is wanted


def test_another_word_for_a_build_is_refused(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(hook.SWITCH, "fast")

    with pytest.raises(ValueError, match="BINANCE_WSAPI_BUILD='fast': use 'pure' or 'compiled'"):
        hook.is_wanted()
