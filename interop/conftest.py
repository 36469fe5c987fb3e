"""Run other people's clients, each in a process of its own, against the embedded exchange.

A client's run prints one JSON line a feature; every line is a test.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from binance_wsapi import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator.exchange import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.key_making import KeyTypeName
from binance_wsapi.simulator.official_hosts import OFFICIAL_HOSTS

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"
RUN_SECONDS = 60
PATIENT_SECONDS = {"nautilus_bot.py": 600}
"""For clients that take their time, at a restart above all."""
TRUST_NOBODY_ELSE = {"nautilus_bot.py"}
"""Their authorities are compiled in: they trade in the clear whatever the key."""
UNPATCHED_SECONDS = 1000
_IN_A_NAMESPACE = 'ip link set lo up; mount --bind "$1" /etc/hosts; shift; exec "$@"'


@dataclass
class Run:
    """What a client's process told."""

    outcomes: dict[str, str] = field(default_factory=dict)
    """What went wrong, by feature; an empty text when nothing did."""
    log: str = ""

    def check(self, feature: str) -> None:
        """Fail with the client's own words unless it went through a feature."""
        assert feature in self.outcomes, f"the client never came to {feature!r}:\n{self.log}"
        assert not self.outcomes[feature], self.outcomes[feature]


@dataclass
class RunOnAccount(Run):
    """What a client's process told, and the account it traded on."""

    account: AccountHandle = field(kw_only=True)


Start = Callable[[str, KeyTypeName], RunOnAccount]
"""Takes a script of ``clients`` and the kind of key to give it."""

StartUnpatched = Callable[[str, KeyTypeName], Run]
"""Takes the same; the client knows the exchange's own hosts alone."""


@pytest.fixture(scope="session")
def plain_exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=11, market_maker=True) as exchange:
        exchange.start_random_market(markets=(Market.SPOT, Market.USDM))
        yield exchange


@pytest.fixture(scope="session")
def tls_exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=12, market_maker=True, tls=True) as exchange:
        exchange.start_random_market(markets=(Market.SPOT, Market.USDM))
        yield exchange


@pytest.fixture(scope="session")
def run_client(
    plain_exchange: SimulatedExchange,
    tls_exchange: SimulatedExchange,
    tmp_path_factory: pytest.TempPathFactory,
) -> Start:
    """Return what runs a client's script with a key of a kind; each pair runs once.

    Ed25519 keys come over TLS, the others in the clear.
    """

    @functools.cache
    def start(script: str, key_type: KeyTypeName) -> RunOnAccount:
        wants_tls = key_type == "ed25519" and script not in TRUST_NOBODY_ELSE
        exchange = tls_exchange if wants_tls else plain_exchange
        folder = tmp_path_factory.mktemp(Path(script).stem)
        return _run(script, key_type, exchange, folder)

    return start


@pytest.fixture(scope="session")
def run_unpatched(tmp_path_factory: pytest.TempPathFactory) -> StartUnpatched:
    """Return what runs a client's script where the exchange's own hosts are the embedded one; each pair runs once."""

    @functools.cache
    def start(script: str, key_type: KeyTypeName) -> Run:
        folder = tmp_path_factory.mktemp(Path(script).stem)
        hosts = folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {' '.join(OFFICIAL_HOSTS)}\n")
        namespace = ("unshare", "--net", "--mount", "sh", "-euc", _IN_A_NAMESPACE, "sh", str(hosts))
        house = (sys.executable, str(HERE / "house.py"), key_type)
        command = (*namespace, *house, *_interpreter(script), str(CLIENTS / script))
        return Run(*_told_by(command, dict(os.environ), folder, UNPATCHED_SECONDS))

    return start


def _run(
    script: str, key_type: KeyTypeName, exchange: SimulatedExchange, folder: Path
) -> RunOnAccount:
    account = exchange.create_account()
    account.margin().deposit("USDT", 1000)
    key = account.create_key(key_type)
    place = {
        "api_key": key.api_key,
        "api_secret": key.api_secret,
        "key_type": key_type,
        "rest": exchange.rest_url,
        "ws_api": exchange.urls[WsKey.MAIN_WSAPI],
        "usdm_ws_api": exchange.urls[WsKey.USDM_WSAPI],
        "coinm_ws_api": exchange.urls[WsKey.COINM_WSAPI],
        "streams": exchange.urls[WsKey.MAIN].removesuffix("/stream"),
        "usdm_streams": exchange.urls[WsKey.USDM].removesuffix("/stream"),
        "coinm_streams": exchange.urls[WsKey.COINM].removesuffix("/stream"),
    }
    environment = os.environ | {"INTEROP_PLACE": json.dumps(place)}
    if exchange.certificate is not None:
        path = folder / "certificate.pem"
        path.write_text(exchange.certificate)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
            environment[name] = str(path)
    command = (*_interpreter(script), str(CLIENTS / script))
    seconds = PATIENT_SECONDS.get(script, RUN_SECONDS)
    return RunOnAccount(*_told_by(command, environment, folder, seconds), account=account)


def _told_by(
    command: Sequence[str], environment: dict[str, str], folder: Path, seconds: float
) -> tuple[dict[str, str], str]:
    """Run a client; return what it told of each feature, and its log."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        output, log = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        output, log = _text(late.stdout), _text(late.stderr) + "\nit did not end in time"
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return {line["feature"]: line["failure"] for line in lines}, log[-5000:]


def _interpreter(script: str) -> list[str]:
    if not script.endswith(".cjs"):
        return [sys.executable]
    node = shutil.which("node")
    assert node is not None, "node is needed for this client"
    return [node]


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


@pytest.fixture
def assert_nothing_is_left() -> Callable[[RunOnAccount], None]:
    """Return a check of the exchange's own books after a client cancelled what it placed."""

    def check(run: RunOnAccount) -> None:
        assert run.account.request("openOrders.status") == []
        assert all(not amounts.locked for amounts in run.account.balances().values())
        status = run.account.request("v2/account.status", market=Market.USDM)
        assert float(status["totalOpenOrderInitialMargin"]) == 0

    return check
