"""Every example runs against the embedded exchange, and prints what it is there to show."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from plugin_arguments import plugin_arguments

from binance_wsapi.simulator import SimulatedExchange

EXAMPLES = Path(__file__).parents[2] / "examples"
TESTED = {
    "async_quick_start",
    "backtest",
    "fastapi_service",
    "futures_order",
    "local_order_book",
    "many_threads",
    "market_streams",
    "notebook",
    "order_errors",
    "sync_quick_start",
    "user_data",
}


@pytest.fixture
def market() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        yield exchange


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == TESTED


def test_sync_quick_start(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    with market.client() as client:
        example("sync_quick_start").main(client)
        left_open = client.spot.get_open_orders().result

    printed = capsys.readouterr().out
    assert " NEW after " in printed
    assert " CANCELED" in printed
    assert not left_open


def test_async_quick_start(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with market.async_client() as client:
            await example("async_quick_start").main(client)

    asyncio.run(run())

    assert "cancelled 3" in capsys.readouterr().out


def test_backtest(capsys: pytest.CaptureFixture[str]) -> None:
    runs = []
    for _ in range(2):
        example("backtest").main(trades=120)
        runs.append(re.sub(r"in [0-9.]+ s", "", capsys.readouterr().out))

    assert runs[0] == runs[1], "the same tape gives the same fills"
    assert " fills" in runs[0]


def test_fastapi_service(market: SimulatedExchange, monkeypatch: pytest.MonkeyPatch) -> None:
    fastapi = pytest.importorskip("fastapi")
    key = market.create_account().create_key("hmac")
    monkeypatch.setenv("BINANCE_WSAPI_ENV", "simulator")
    monkeypatch.setenv("BINANCE_WSAPI_SIMULATOR", market.rest_url.replace("http", "ws"))
    monkeypatch.setenv("BINANCE_API_KEY", key.api_key)
    monkeypatch.setenv("BINANCE_API_SECRET", key.api_secret)
    service = example("fastapi_service")
    request = SimpleNamespace(app=service.app)

    async def run() -> None:
        async with service.lifespan(service.app):
            assert len((await service.book("BTCUSDT", request))["bids"]) == 5
            assert isinstance(await service.candles("BTCUSDT", request), list)
            bought = await service.buy("BTCUSDT", "0.001", request)
            assert (bought["status"], bought["executed_quantity"]) == ("FILLED", "0.00100000")
            with pytest.raises(fastapi.HTTPException, match="quantity") as refused:
                await service.buy("BTCUSDT", "much", request)
            assert refused.value.status_code == 400

    asyncio.run(run())


def test_fastapi_service_tells_events(market: SimulatedExchange) -> None:
    pytest.importorskip("fastapi")
    service = example("fastapi_service")

    async def run() -> list[str]:
        async with market.async_client() as client:
            await client.subscribe_user_data_stream()
            both = [service.told(client) for _ in range(2)]
            first = [asyncio.ensure_future(anext(lines)) for lines in both]
            await asyncio.sleep(0)  # both listen before anything happens
            await client.spot.submit_new_order(
                "BTCUSDT", side="BUY", type="MARKET", quantity="0.001"
            )
            told = list(await asyncio.gather(*first))
            for lines in both:
                await lines.aclose()
            return told

    for line in asyncio.run(run()):
        assert line.startswith('event: OrderUpdate\ndata: {"')
        assert line.endswith("\n\n")


def test_user_data(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    with market.client() as client:
        example("user_data").main(client)

    printed = capsys.readouterr().out
    assert "TRADE FILLED" in printed
    assert "balance BTC" in printed


class TestOrderErrors:
    """One test for each way an order can end, told apart as the example tells them."""

    def buy(self, market: SimulatedExchange, **changed: str) -> str:
        order = {"symbol": "BTCUSDT", "price": "20000.00", "quantity": "0.001"} | changed
        with market.client(resolve_timeout=20.0) as client:
            client.connect()
            ending: str = example("order_errors").buy(client, **order)
        return ending

    def test_placed(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.buy(market) == "placed"
        assert "NEW" in capsys.readouterr().out

    def test_found_again(
        self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]
    ) -> None:
        market.faults.on("order.place").drop_after_acceptance()

        assert self.buy(market) == "placed"
        assert "found by its id" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("order", "told"),
        [
            ({"price": "1e5 USDT"}, "fix the call: price"),
            ({"quantity": "0.0000001"}, "a trading rule of the symbol is broken: LOT_SIZE"),
            ({"price": "50000.00", "quantity": "100"}, "the matching engine refused it: -2010"),
            ({"symbol": "NOSUCHCOIN"}, "the exchange refused it: -1121"),
        ],
    )
    def test_refused(
        self,
        order: dict[str, str],
        told: str,
        market: SimulatedExchange,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert self.buy(market, **order) == "not placed"
        assert told in capsys.readouterr().out

    def test_rate_limited(
        self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]
    ) -> None:
        market.faults.on("order.place").rate_limited(retry_after=2.0)

        assert self.buy(market) == "not placed"
        assert "too many requests, come back in" in capsys.readouterr().out

    def test_not_sent(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        with market.client(timeout=0.3) as client:
            market.stop_listening()
            assert example("order_errors").buy(client, "BTCUSDT", "20000.00", "0.001") == (
                "not placed"
            )

        assert "nothing left this machine" in capsys.readouterr().out

    def test_unknown(self, market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
        market.faults.on("order.place").drop_after_acceptance()

        with market.client(on_unknown_outcome="raise") as client:
            ending = example("order_errors").buy(client, "BTCUSDT", "20000.00", "0.001")

        assert ending == "unknown"
        assert "the order may exist" in capsys.readouterr().out


def test_many_threads(market: SimulatedExchange) -> None:
    with market.client() as client:
        spreads = example("many_threads").main(client)

    assert len(spreads) == 3
    assert all(spread > 0 for spread in spreads.values())


def test_notebook(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    """Both clients are used inside a running loop, as a notebook does."""
    notebook = example("notebook")

    async def cells() -> None:
        with market.client() as client:
            notebook.last_prices(client)
        async with market.async_client() as client:
            await notebook.compare(client)

    asyncio.run(cells())

    printed = capsys.readouterr().out
    assert "BTCUSDT" in printed
    assert "ETH " in printed


def test_futures_order(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    with market.client() as client:
        example("futures_order").main(client)

    printed = capsys.readouterr().out
    assert "position 0.01" in printed
    assert "sold at" in printed


def test_market_streams(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    market.start_random_market(step_seconds=0.02)

    with market.client() as client:
        example("market_streams").main(client, events=4)

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4
    assert all("BTCUSDT" in line for line in printed)


def test_local_order_book(market: SimulatedExchange, capsys: pytest.CaptureFixture[str]) -> None:
    market.start_random_market(step_seconds=0.02)

    with market.client() as client:
        example("local_order_book").main(client, changes=2)

    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("spread ")
    assert [line.split()[0] for line in printed[1:]] == ["bids", "bids"]


def test_a_bot_is_tested_with_the_plugin() -> None:
    """The bot's own tests pass, with the fixtures that pytest finds by itself."""
    result = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin_arguments(),
            "--rootdir", str(EXAMPLES / "bot"), "-c", os.devnull, str(EXAMPLES / "bot"),
        ],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    assert "3 passed" in result.stdout, result.stdout + result.stderr
