"""The README is true: its code runs, its tables are complete, its commands are the ones CI runs."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from plugin_arguments import plugin_arguments

import binance_wsapi
from binance_wsapi import AsyncClient, BinanceWsApiError, Client, KeyType
from binance_wsapi.protocol.signing import load_signer
from binance_wsapi.simulator import Key, SimulatedExchange

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    heading: str
    language: str
    code: str
    line: int


def _blocks() -> Iterator[Block]:
    heading = ""
    lines = iter(enumerate(README.splitlines(), start=1))
    for number, line in lines:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("```"):
            code: list[str] = []
            for _, each in lines:
                if each == "```":
                    break
                code.append(each)
            yield Block(heading, line[3:], "\n".join(code) + "\n", number)


BLOCKS = list(_blocks())
PYTHON = [block for block in BLOCKS if block.language == "python"]
BOT = [block for block in PYTHON if "DipBot" in block.code]
SNIPPETS = [block for block in PYTHON if block not in BOT]
COMMANDS = [block.code.strip() for block in BLOCKS if block.language == "console"]


@dataclass(frozen=True)
class Here:
    """Where the README's clients end up: an exchange with an account and a key of each kind."""

    exchange: SimulatedExchange
    keys: dict[KeyType, Key]

    def options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Put the embedded exchange and its keys in the place of the testnet and placeholders."""
        if "urls" in options:
            return options
        options = {**self.exchange.client_options(), **options, "testnet": False}
        if "signer" in options:
            options["api_key"] = self.keys[options["signer"].key_type].api_key
        elif "api_secret" in options:
            key = self.keys[load_signer(options["api_secret"]).key_type]
            options["api_key"] = key.api_key
            if key.key_type == "hmac":
                options["api_secret"] = key.api_secret
        return options


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    clients: list[Client | AsyncClient] = []
    with SimulatedExchange(seed=5, market_maker=True) as exchange:
        exchange.start_random_market(step_seconds=0.05)
        account = exchange.create_account()
        keys = {
            KeyType.ED25519: account.create_key("ed25519"),
            KeyType.HMAC: account.create_key("hmac"),
            KeyType.RSA: account.create_key("rsa"),
        }
        place = Here(exchange, keys)

        class HereClient(Client):
            def __init__(self, **options: Any) -> None:
                super().__init__(**place.options(options))
                clients.append(self)

        class HereAsyncClient(AsyncClient):
            def __init__(self, **options: Any) -> None:
                super().__init__(**place.options(options))
                clients.append(self)

        for kind in (KeyType.ED25519, KeyType.RSA):
            (tmp_path / f"{kind.name.lower()}.pem").write_text(keys[kind].api_secret)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("BINANCE_API_KEY", keys[KeyType.ED25519].api_key)
        monkeypatch.setenv("BINANCE_API_SECRET", "ed25519.pem")
        monkeypatch.setattr(binance_wsapi, "Client", HereClient)
        monkeypatch.setattr(binance_wsapi, "AsyncClient", HereAsyncClient)
        yield place
        for client in clients:
            closing = client.close()
            if closing is not None:
                asyncio.run(closing)


@pytest.mark.parametrize(
    "block", SNIPPETS, ids=lambda block: f"{block.heading}-{block.line}".replace(" ", "_")
)
def test_code_runs(block: Block, here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    def kms_sign(payload: bytes) -> str:
        pem = here.keys[KeyType.RSA].api_secret.encode()
        key = serialization.load_pem_private_key(pem, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return b64encode(key.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode()

    code = compile("\n" * block.line + block.code, str(ROOT / "README.md"), "exec")
    exec(code, {"__name__": "readme", "kms_sign": kms_sign})

    printed = capsys.readouterr().out
    assert bool(printed) == ("print(" in block.code), printed


def test_the_bot_passes_its_tests(tmp_path: Path) -> None:
    (tmp_path / "test_bot.py").write_text("\n\n".join(block.code for block in BOT))
    result = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin_arguments(),
            "--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path / "test_bot.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    assert "2 passed" in result.stdout, result.stdout + result.stderr


def test_the_options_table_is_complete_and_right() -> None:
    section = README.split("## Options")[1].split("\n## ")[0]
    table = {
        name: ast.literal_eval(default)
        for name, default in re.findall(
            r"^\| `(\w+)` \| `([^`]+)` \| .+ \|$", section, re.MULTILINE
        )
    }

    options = {
        name: parameter.default for name, parameter in inspect.signature(Client).parameters.items()
    }
    assert table == options
    assert inspect.signature(AsyncClient).parameters.keys() == options.keys()


def test_the_errors_table_is_complete() -> None:
    section = README.split("## Errors")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| (?:[│├└] ?)*`(\w+)` \|", section, re.MULTILINE))

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

    (line,) = (line for line in README.splitlines() if line.startswith("Fixtures: "))
    assert set(re.findall(r"`(binance_\w+)`", line)) == set(pytest_plugin.__all__)


def test_local_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]

    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_test_command_is_the_one_of_ci() -> None:
    """CI runs the README's second command: the same extra, the same pytest."""
    tests = COMMANDS[1]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installed, tested = re.findall(
        r"\.venv/bin/(?:pip (install .+?)|python (-m pytest.*))(?: &&|$)", tests
    )

    assert installed[0].replace("install", "install --quiet") in script
    assert f'"$venv/bin/python" {tested[1]}\n' in script
