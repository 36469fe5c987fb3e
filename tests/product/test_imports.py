"""Importing the library is cheap: what a program does not use is not loaded.

Counted in modules rather than seconds, which say more about the machine than about the library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOOR = "import aiohttp, logging, msgspec.inspect"
"""What any websocket client with typed results has to load."""
MOST_ABOVE_THE_FLOOR = 132

LATER = {
    "aiohttp.web",  # the embedded exchange's server
    "cryptography",  # with the first key
    "nacl",  # with the first Ed25519 key
    "uvloop",  # with the first client
}


def loaded_by(code: str) -> set[str]:
    """Return the names of all modules that a fresh interpreter has loaded after running ``code``."""
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a program that imports the package and does nothing."""
    return loaded_by("import binance_wsapi")


def test_the_package_loads_little_of_its_own(loaded: set[str]) -> None:
    more = loaded - loaded_by(FLOOR)

    assert len(more) < MOST_ABOVE_THE_FLOOR, sorted(more)


def test_the_package_loads_nothing_before_its_time(loaded: set[str]) -> None:
    assert not LATER & loaded


@pytest.mark.parametrize(
    "part",
    ["catalogue.spot", "demo", "facade.spot", "models.futures", "models.order", "simulator"],
)
def test_the_package_leaves_its_big_parts_for_later(part: str, loaded: set[str]) -> None:
    assert not {name for name in loaded if f"{name}.".startswith(f"binance_wsapi.{part}.")}


def test_a_spot_client_loads_no_futures() -> None:
    loaded = loaded_by("from binance_wsapi import Client\nwith Client() as client: client.spot")

    # The records of the markets are a page each; what weighs is catalogues, models and facades.
    own = {
        name
        for name in loaded
        if name.startswith("binance_wsapi.") and not name.startswith("binance_wsapi.markets.")
    }
    assert "binance_wsapi.facade.spot" in own
    assert not {name for name in own if "futures" in name or "usdm" in name or "coinm" in name}


def test_the_pytest_plugin_loads_no_exchange() -> None:
    loaded = loaded_by("import binance_wsapi.simulator.pytest_plugin")

    assert "binance_wsapi.simulator.exchange" not in loaded
    assert not LATER & loaded
