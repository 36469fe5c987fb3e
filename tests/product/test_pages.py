"""The README and the site are true: each snippet and each command in them runs on the embedded exchange.

A Python block stands for itself and is run as it is. One with a title is a file: ``title="test_bot.py"`` is run by
pytest, beside the other files of its page; any other is run as a program of its own. A ``text`` block titled
``output`` is what the block before it prints, ``...`` standing for what differs from run to run.
"""

from __future__ import annotations

import asyncio
import doctest
import itertools
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pages import PAGES, ROOT, Block, blocks_of
from plugin_arguments import plugin_arguments
from redis_server import PROGRAM, RedisServer

import binance_wsapi
from binance_wsapi import AsyncClient, Client, KeyType
from binance_wsapi.cli.program import program
from binance_wsapi.protocol.signing import load_signer
from binance_wsapi.simulator import Key, SimulatedClock, SimulatedExchange

pytestmark = pytest.mark.usefixtures("loggers_as_before")

BLOCKS = [block for path in PAGES for block in blocks_of(path)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SNIPPETS = [block for block in PYTHON if not block.title]
FILES = [block for block in PYTHON if block.title]
PROGRAMS = [block for block in FILES if not block.title.startswith("test_")]
TESTED_PAGES = sorted({block.page for block in FILES if block.title.startswith("test_")})
CONSOLE = [block for block in BLOCKS if block.language == "console"]
OUTPUT = {
    before: after.code for before, after in itertools.pairwise(BLOCKS) if after.title == "output"
}
REDIS_URL = "redis://127.0.0.1:6379/0"
PAST_DAYS, DAY_S = 2, 86_400
"""How much of a past the exchange has where a page asks for yesterday."""
READ_ALONE = {"", "text", "toml", "ini", "yaml", "dockerfile", "diff", "json", "javascript"}
"""Languages of blocks that nothing here can run."""


@dataclass(frozen=True)
class Here:
    """Where the clients of the pages end up: an exchange with an account and a key of each kind."""

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
def here(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Here]:
    clients: list[Client | AsyncClient] = []
    block = request.getfixturevalue("block") if "block" in request.fixturenames else None
    past = PAST_DAYS if block is not None and "yesterday" in block.code else 0
    began_us = time.time_ns() // 1000 - past * DAY_S * 1_000_000
    with SimulatedExchange(
        seed=5, market_maker=True, clock=SimulatedClock(start_us=began_us)
    ) as exchange:
        if past:
            exchange.start_random_market(step_seconds=900)
            exchange.clock.advance(past * DAY_S)
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
        # Those who read what clients log are led there by the environment.
        monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
        monkeypatch.setenv("BINANCE_WSAPI_SIMULATOR", exchange.rest_url.replace("http", "ws"))
        monkeypatch.setattr(binance_wsapi, "Client", HereClient)
        monkeypatch.setattr(binance_wsapi, "AsyncClient", HereAsyncClient)
        yield place
        for client in clients:
            closing = client.close()
            if closing is not None:
                asyncio.run(closing)


@pytest.fixture
def redis_url(block: Block, tmp_path: Path) -> Iterator[str]:
    """Where the server is that a snippet speaks of."""
    if REDIS_URL not in block.code:
        yield REDIS_URL
        return
    if PROGRAM is None and not os.environ.get("CI"):
        pytest.skip("no redis-server here: apt-get install redis-server")
    with RedisServer(tmp_path) as server:
        yield server.url


@pytest.mark.parametrize("block", SNIPPETS, ids=str)
def test_snippets_run(
    block: Block, here: Here, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def kms_sign(payload: bytes) -> str:
        pem = here.keys[KeyType.RSA].api_secret.encode()
        key = serialization.load_pem_private_key(pem, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return b64encode(key.sign(payload, padding.PKCS1v15(), hashes.SHA256())).decode()

    source = block.code.replace(REDIS_URL, redis_url)
    code = compile("\n" * block.line + source, str(ROOT / block.page), "exec")
    exec(code, {"__name__": "snippet", "kms_sign": kms_sign})

    printed = capsys.readouterr().out
    assert bool(printed) == ("print(" in block.code), printed
    check_output(block, printed)


@pytest.mark.parametrize("block", PROGRAMS, ids=str)
def test_programs_run(block: Block, here: Here) -> None:
    """They are programs as users start them: the environment alone leads them to the embedded exchange."""
    write_files(block.page, Path.cwd())
    environment = {
        **os.environ,
        "BINANCE_WSAPI_ENV": "simulator",
        "BINANCE_WSAPI_SIMULATOR": here.exchange.rest_url.replace("http", "ws"),
    }
    ran = subprocess.run(
        [sys.executable, block.title],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    check_output(block, ran.stdout)


@pytest.mark.parametrize("page", TESTED_PAGES)
def test_tests_pass(page: str, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    ran = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin_arguments(),
            "--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^\d+ passed in", ran.stdout, re.MULTILINE), ran.stdout


def test_the_web_services_answer(here: Here) -> None:
    django = pytest.importorskip("django.conf", reason="Django is not installed")
    files = {
        block.title: executed(block) for block in FILES if block.page.endswith("/web-services.md")
    }

    async def ask_fastapi() -> None:
        api = files["api.py"]
        async with api["lifespan"](api["app"]):
            assert len((await api["book"]("BTCUSDT")).bids) == 5
            assert (await api["balances"]())["BTC"].free == 100

    asyncio.run(ask_fastapi())
    answer = files["shop.py"]["app"].test_client().get("/price/BTCUSDT").json
    assert answer["symbol"] == "BTCUSDT"
    if not django.settings.configured:
        django.settings.configure(DEFAULT_CHARSET="utf-8")
    assert b'"symbol": "ETHUSDT"' in files["views.py"]["price"](None, "ETHUSDT").content


def executed(block: Block) -> dict[str, Any]:
    """Return what a file defines, run where the clients are those of the embedded exchange."""
    names: dict[str, Any] = {"__name__": block.title.removesuffix(".py")}
    exec(compile("\n" * block.line + block.code, str(ROOT / block.page), "exec"), names)
    return names


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page; blocks of one title are one file."""
    for block in FILES:
        if block.page == page:
            with (folder / block.title).open("a") as file:
                file.write(block.code)


def check_output(block: Block, printed: str) -> None:
    wanted = OUTPUT.get(block)
    if wanted is not None:
        matches = doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS)
        assert matches, f"{block} printed:\n{printed}"


@pytest.mark.parametrize("block", CONSOLE, ids=str)
def test_commands_run(block: Block, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
    monkeypatch.setenv("BINANCE_WSAPI_SIMULATOR", here.exchange.rest_url.replace("http", "ws"))
    write_files(block.page, Path.cwd())
    for line in block.code.replace("\\\n", "").splitlines():
        for command in re.split(r" && ", line.partition(" #")[0].strip()):
            if command:
                run_command(command, monkeypatch)


def run_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command of a page, or check what can be checked where that would need another machine."""
    words = shlex.split(command.replace(".venv/bin/", "").replace("python3", "python"))
    if words[:3] == ["python", "-m", "binance_wsapi"]:
        words = ["binance-wsapi", *words[3:]]
    match words:
        case ["binance-wsapi", "simulator", *arguments]:
            serve(arguments)
        case ["binance-wsapi", *arguments]:
            ran = CliRunner().invoke(program, arguments, prog_name="binance-wsapi")
            assert ran.exit_code == 0, (command, ran.output)
        case ["python", file] if Path(file).exists():
            subprocess.run([sys.executable, file], timeout=60, check=True)
        case ["export", *variables]:
            for variable in variables:
                name, _, value = variable.partition("=")
                if not name.startswith("BINANCE_API"):  # the keys are placeholders
                    monkeypatch.setenv(name, value)
        case ["python", "-m", "venv", ".venv"]:
            pass  # CI makes one to run this
        case ["pip", "install", *wanted]:
            check_extras(wanted)
        case _:
            elsewhere = [reason for pattern, reason in ELSEWHERE if re.fullmatch(pattern, command)]
            assert elsewhere, f"no test runs this command: {command}"


ELSEWHERE = (
    (r"\.venv/bin/python -m pytest -n 2|\.ci/run", "CI runs it, and this test with it"),
    (
        r"python -m pytest tests/(protocol tests/models tests/catalogue|simulation/test_simulation\.py --seed 17)",
        "CI runs these tests",
    ),
    (r"python -m binance_wsapi\.catalogue", "tests/product/test_contributing.py runs it in a copy"),
    (r"python -m hatchling build", "tests/product/test_wheel.py builds by the same hook"),
    (r"(\.venv/bin/)?mkdocs (build --strict|serve)", "tests/product/test_site.py builds the site"),
)
"""Commands that something else runs, and what."""


def check_extras(wanted: list[str]) -> None:
    """The extras that are installed are there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for each in wanted:
        named = re.fullmatch(r"(?:binance-wsapi|\.)(?:\[([\w,]+)\])?", each)
        if named and named[1]:
            assert set(named[1].split(",")) <= project["optional-dependencies"].keys(), each


def serve(arguments: list[str]) -> None:
    """Start the embedded exchange, see what it prints, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "binance_wsapi", "simulator", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert any("BINANCE_WSAPI" in line for line in process.stdout)
        finally:
            process.terminate()


def test_every_block_is_of_a_kind_that_is_known() -> None:
    known = READ_ALONE | {"python", "console"}
    assert not [str(block) for block in BLOCKS if block.language not in known]


def test_what_a_block_prints_stands_behind_one_that_prints() -> None:
    assert {block.language for block in OUTPUT} <= {"python"}
