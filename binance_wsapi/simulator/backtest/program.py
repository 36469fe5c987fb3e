"""``python -m binance_wsapi backtest``: a bot from a file, tapes from files, a report."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from binance_wsapi.markets import Market
from binance_wsapi.simulator.backtest.run import Backtest
from binance_wsapi.simulator.progress import can_show_progress, progress_bar
from binance_wsapi.simulator.serve_arguments import read_fees, read_latency, read_wallets
from binance_wsapi.simulator.tapes import read_tapes

__all__ = ["main"]

_EXPLANATION = """
The bot's file defines start(client), called once when the tapes begin. What it returns is called with
each event, one by one, of the account and of the market streams that the file lists as STREAMS; the
exchange's clock stands still meanwhile. CLIENT_OPTIONS, a dict, are options of its client.

  binance-wsapi backtest bot.py --data BTCUSDT-trades-2026-01-01.zip --out report

Data are files of the exchange's public data (https://data.binance.vision): trades, aggTrades or candles, of
futures bookTicker and T_DEPTH as well, as CSV, zip or Parquet, on Spot unless they stand behind usdm: or coinm:.
"""


def main(argv: Sequence[str] | None = None, *, out: TextIO | None = None) -> int:
    """Run a backtest and print what came of it; return the exit status."""
    stream = out or sys.stdout
    parser = _parser()
    given = parser.parse_args(argv)
    try:
        tapes = read_tapes(given.data)
        bot = runpy.run_path(str(given.bot), run_name="backtest")
        if not callable(bot.get("start")):
            parser.error(f"{given.bot} defines no start(client)")
        wallets = given.account
        if wallets[Market.EOPTIONS]:
            parser.error("--account: options are not replayed: leave out eoptions:")
        backtest = Backtest(
            tapes,
            bot["start"],
            streams=tuple(bot.get("STREAMS", ())),
            balances=wallets[Market.SPOT],
            usdm=wallets[Market.USDM],
            coinm=wallets[Market.COINM],
            fees=given.fees,
            latency=given.latency,
            seed=given.seed,
            options=bot.get("CLIENT_OPTIONS"),
        )
        if given.out is not None:
            given.out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    report = backtest.run(progress_bar() if given.progress else _silent)
    stream.write(f"{report}\n")
    if given.out is not None:
        for path in report.save(given.out):
            stream.write(f"{path}\n")
    return 0


def _silent(trades: int) -> None:
    """Show nothing."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="binance-wsapi backtest",
        description="Run a bot over tapes of the exchange's public data.",
        epilog=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bot", type=Path, help="the bot's file")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="[usdm:]FILE", help="tapes, of any symbols"
    )
    parser.add_argument(
        "--account",
        type=read_wallets,
        default=read_wallets("USDT=10000,BTC=1"),
        metavar="USDT=10000,usdm:USDT=5000",
        help="what the account begins with (default: 10000 USDT and 1 BTC on Spot)",
    )
    parser.add_argument(
        "--fees", type=read_fees, metavar="MAKER,TAKER", help="as fractions: 0.001,0.001"
    )
    parser.add_argument(
        "--latency",
        type=read_latency,
        default=0.0,
        metavar="SECONDS",
        help="how long the tape goes on before a request of the bot reaches the engine",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the exchange")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write the report")
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=can_show_progress(),
        help="show a bar (with tqdm, of the extra 'history')",
    )
    return parser
