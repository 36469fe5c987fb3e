"""The recipes for whoever carries on work: each change they show is made in a copy, generated from, and used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT, Block, blocks_of

PAGE = ROOT / "CONTRIBUTING.md"
BLOCKS = list(blocks_of(PAGE))
CHANGES = [block for block in BLOCKS if block.language == "diff"]
USED = """
from binance_wsapi import AsyncClient, Client, ConfigurationError, OrderNotFound, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.models.stream_events import decode_stream_event
from binance_wsapi.models.spot_stream_events import VenueStatusEvent
from binance_wsapi.models.user_events import CreditLimitUpdate, decode_user_event
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.event_merge import identity
from binance_wsapi.protocol.raw_event import RawEvent
from binance_wsapi.simulator import SimulatedExchange

with SimulatedExchange() as exchange, exchange.client() as client:
    print("operation", client.spot.get_venue_status().result)
    print("stream", client.streams.venue_status("BTCUSDT"))
assert AsyncClient.from_env

event = decode_stream_event(Market.SPOT, "btcusdt@venueStatus", b'{"e":"venueStatus","E":1,"s":"BTCUSDT","o":true}')
assert isinstance(event, VenueStatusEvent) and event.is_open

told = [b'{"e":"creditLimitUpdate","E":%d,"T":5,"l":"7"}' % at for at in (1, 2)]
assert isinstance(decode_user_event(told[0]), CreditLimitUpdate)
assert len({identity(RawEvent(each)) for each in told}) == 1, "the copy is known"

found = rejection(Market.USDM, "order.status", 400, ErrorBody(code=-2099, msg="gone"), wall_us=0)
assert isinstance(found, OrderNotFound)

assert Client(dial_pause=2.5)
try:
    Client(dial_pause=-1)
except ConfigurationError as error:
    print("option", error)
"""
"""What comes of the recipes, one line or two for each."""


def test_every_file_it_names_is_there() -> None:
    for page in (PAGE, ROOT / "SECURITY.md"):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`((?:tests|binance_wsapi|docs|\.ci)/[^`\s]*)`", text))
        named |= {block.title for block in CHANGES}
        assert len(named) > 8
        assert not [each for each in named if not (ROOT / each).exists()]


def test_the_recipes_lead_where_they_say(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "binance_wsapi",
        tmp_path / "binance_wsapi",
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert len(CHANGES) >= 9
    for change in CHANGES:
        apply(change, tmp_path / change.title)

    written = run(tmp_path, "-m", "binance_wsapi.catalogue")
    for name in ("spot.py", "async_spot.py", "stream_name_builders.py", "_client_signature.py"):
        assert f"{name}\n" in written
    used = run(tmp_path, "-c", USED)

    assert "operation Empty()" in used
    assert "stream btcusdt@venueStatus" in used
    assert "option dial_pause=-1: use seconds above 0" in used


def apply(change: Block, path: Path) -> None:
    """Make a change: what it shows before and between has to stand in the file as it is shown, once."""
    lines = change.code.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    text = path.read_text(encoding="utf-8")
    assert text.count(f"\n{before}") == 1, (
        f"{change}: what it shows does not stand once in {path.name}"
    )
    path.write_text(text.replace(f"\n{before}", f"\n{after}"), encoding="utf-8")


def run(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("shown", ["dial_pause", "get_venue_status", "creditLimitUpdate"])
def test_the_examples_are_no_more_than_that(shown: str) -> None:
    """They name what is not there: else a recipe would show a change that was made already."""
    for path in (ROOT / "binance_wsapi").rglob("*.py"):
        assert shown not in path.read_text(encoding="utf-8")
