"""Serve the embedded exchange at the exchange's own hosts, inside a network namespace, and let a client trade there.

``python house.py KEY_TYPE INTERPRETER SCRIPT``: the client finds its key in ``INTEROP_PLACE``, and is told nothing
else. What it prints comes through; a last line tells what the exchange's books say afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.official_hosts import OFFICIAL_PORTS

SECONDS = 900
_PAST_S = 200
"""So long it was open when a client comes: some candles are there."""
_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def _bundles(interpreter: str) -> list[str]:
    """Return where authorities stand for programs that no variable tells about another one."""
    program = "import certifi; print(certifi.where())"
    asked = subprocess.run(
        [interpreter, "-c", program], capture_output=True, text=True, check=False
    )
    return [path for path in (*asked.stdout.split(), _SYSTEM_BUNDLE) if Path(path).exists()]


key_type, *command = sys.argv[1:]
port, *more_ports = OFFICIAL_PORTS
clock = SimulatedClock(start_us=time.time_ns() // 1000 - _PAST_S * 1_000_000)
with SimulatedExchange(
    seed=13, market_maker=True, clock=clock, tls=True, port=port, more_ports=more_ports
) as exchange:
    exchange.start_random_market(step_seconds=2.0, markets=(Market.SPOT, Market.USDM, Market.COINM))
    while (
        now := time.time_ns() // 1000
    ) - clock.now_us() > 100_000:  # what it takes is made up for
        clock.set_to(now)
    account = exchange.create_account()
    key = account.create_key(key_type)  # type: ignore[arg-type]  # the tests know the literals
    authority = Path("authority.pem").resolve()
    authority.write_text(exchange.certificate or "")
    trusting = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    place = {"api_key": key.api_key, "api_secret": key.api_secret, "key_type": key_type}
    environment = {name: str(authority) for name in trusting} | {"INTEROP_PLACE": json.dumps(place)}
    for bundle in _bundles(command[0]):
        subprocess.run(["mount", "--bind", authority, bundle], check=True)
    subprocess.run(command, env=os.environ | environment, timeout=SECONDS, check=False)

    left = [
        account.request("openOrders.status"),
        [asset for asset, amounts in account.balances().items() if amounts.locked],
        *(
            account.request("v2/account.status", market=market).get("totalOpenOrderInitialMargin")
            for market in (Market.USDM,)
        ),
    ]
failure = "" if not any(map(float, left[2:])) and left[:2] == [[], []] else f"left behind: {left}"
print(json.dumps({"feature": "leaves_nothing_behind", "failure": failure}))
