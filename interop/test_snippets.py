"""The first lines that ``python -m binance_wsapi simulator`` prints for other clients, as they are printed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from binance_wsapi.simulator.exchange import SimulatedExchange
from binance_wsapi.simulator.snippets import SNIPPETS, environment


@pytest.mark.parametrize("client", SNIPPETS)
def test_first_lines_show_the_balances(plain_exchange: SimulatedExchange, client: str) -> None:
    account = plain_exchange.create_account({"BTC": "7"})
    keys = account.create_key(), account.create_key("hmac")
    led = environment(plain_exchange.rest_url, *keys, None)

    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS[client]],
        env=os.environ | led,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "BTC" in done.stdout
    assert "7" in done.stdout
