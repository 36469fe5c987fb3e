"""freqtrade trades live on Spot and USD-M, knowing the exchange's own hosts alone: in, stopped, started again, out.

The bot is the command as a user runs it; what it did is read from its own database.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

from report import feature, holds, place

FOLDER = Path.cwd()
SECONDS = 240
STRATEGY = """
from freqtrade.strategy import IStrategy


class InAndOut(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    can_short = False
    minimal_roi = {}
    stoploss = -0.5
    startup_candle_count = 1

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = 0
        return dataframe

    def custom_exit(self, pair, trade, current_time, current_rate, current_profit, **kwargs):
        return "told to" if __import__("os").path.exists("leave") else None
"""


_DONE = """
select trades.is_open, orders.ft_order_side as side, orders.status, orders.filled, exit_reason
from trades join orders on orders.ft_trade_id = trades.id
"""


def _config(futures: bool) -> dict[str, Any]:
    here = place()
    market: dict[str, Any] = {"trading_mode": "spot"}
    if futures:
        market = {"trading_mode": "futures", "margin_mode": "isolated"}
    book = {"use_order_book": True, "order_book_top": 1}
    return market | {
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": 300,
        "dry_run": False,
        "initial_state": "running",
        "entry_pricing": {"price_side": "other", **book},
        "exit_pricing": {"price_side": "other", **book},
        "unfilledtimeout": {"entry": 2, "exit": 2},
        "exchange": {
            "name": "binance",
            "key": here.api_key,
            "secret": here.api_secret,
            "pair_whitelist": ["BTC/USDT:USDT" if futures else "BTC/USDT"],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "internals": {"process_throttle_secs": 1},
    }


def _trades(folder: Path) -> list[dict[str, Any]]:
    with (
        contextlib.suppress(sqlite3.OperationalError),  # not made yet
        contextlib.closing(sqlite3.connect(folder / "trades.sqlite")) as database,
    ):
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(_DONE)]
    return []


async def _until(folder: Path, matches: Callable[[dict[str, Any]], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not any(map(matches, trades := _trades(folder))):
        log = (folder / "log").read_text()[-1500:]
        holds(time.monotonic() < until, f"{trades}\n{log}")
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def _bot(folder: Path) -> AsyncIterator[None]:
    command = (
        *(Path(sys.executable).with_name("freqtrade"), "trade", "--config", "config.json"),
        *("--strategy", "InAndOut", "--strategy-path", ".", "--userdir", "."),
        *("--db-url", "sqlite:///trades.sqlite"),
    )
    with (folder / "log").open("a") as log:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself: the log says why
                process.send_signal(signal.SIGINT)
            await process.wait()


def _prepare(folder: Path, futures: bool) -> None:
    folder.mkdir()
    (folder / "in_and_out.py").write_text(STRATEGY)
    (folder / "config.json").write_text(json.dumps(_config(futures)))


async def _trade(folder: Path, futures: bool) -> None:
    _prepare(folder, futures)
    async with _bot(folder):
        await _until(folder, lambda order: order["side"] == "buy" and order["status"] == "closed")


async def _leave(folder: Path) -> None:
    (folder / "leave").touch()
    async with _bot(folder):
        await _until(folder, lambda order: not order["is_open"])


async def main() -> None:
    for name, futures in (("spot", False), ("usdm", True)):
        await feature(f"{name}_in", partial(_trade, FOLDER / name, futures), SECONDS + 30)
        await feature(f"{name}_out_after_a_restart", partial(_leave, FOLDER / name), SECONDS + 30)


asyncio.run(main())
