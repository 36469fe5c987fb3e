"""The npm package ``binance`` trades on the embedded exchange, where node and the package are there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.endpoints import WsKey
from binance_wsapi.simulator import SimulatedExchange

HERE = Path(__file__).parent
NODE = shutil.which("node")


def has_package() -> bool:
    """Whether node finds the package; ``NODE_PATH`` names folders to look in."""
    if NODE is None:
        return False
    found = subprocess.run([NODE, "-e", "require('binance')"], capture_output=True, check=False)
    return found.returncode == 0


@pytest.mark.skipif(not has_package(), reason="node or its package 'binance' is missing")
@pytest.mark.parametrize("key_type", ["ed25519", "hmac", "rsa"])
def test_npm_binance(key_type: Any) -> None:
    with SimulatedExchange(market_maker=True) as exchange:
        key = exchange.create_account().create_key(key_type)
        assert NODE is not None
        done = subprocess.run(
            [
                NODE,
                str(HERE / "npm_binance.js"),
                exchange.urls[WsKey.MAIN_WSAPI],
                key.api_key,
                key.api_secret,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=dict(os.environ),
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "NEW",
        "0.00050000",
        "CANCELED",
        "FILLED",
        "executionReport",
    ]
