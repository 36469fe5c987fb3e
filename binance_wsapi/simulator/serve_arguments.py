"""What ``python -m binance_wsapi simulator`` takes, read from its command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from threading import TIMEOUT_MAX

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import read_rates
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET
from binance_wsapi.simulator.exchange import MOST_LATENCY_SECONDS
from binance_wsapi.simulator.futures.contracts import DEFAULT_CONTRACTS
from binance_wsapi.simulator.progress import can_show_progress
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS

__all__ = [
    "DEFAULT_PORT",
    "Speed",
    "Wallets",
    "parse",
    "parser",
    "read_fees",
    "read_latency",
    "read_span",
    "read_wallets",
]

Wallets = dict[Market, dict[str, str]]
"""Balances by market."""
Speed = float | str
"""Seconds in one of real time, ``max`` or ``step``."""
DEFAULT_PORT = 9443
MOST_PORT = 65_535
STATE_SECONDS = 30.0
_SPANS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python -m binance_wsapi simulator",
        description="Serve the embedded exchange to any client: WebSocket APIs, streams and REST.",
    )
    made.add_argument(
        "--port",
        type=_read_port,
        help=f"0 takes a free one (default: {DEFAULT_PORT})",
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--tls", action="store_true", help="serve wss:// and https://")
    made.add_argument(
        "--cert", type=Path, help="where to write the authority's certificate for clients to trust"
    )
    made.add_argument(
        "--as-binance",
        action="store_true",
        help="stand in for the exchange's own hosts: TLS on their ports, 443 and 9443, for clients that can be "
        "led here by /etc/hosts alone",
    )
    made.add_argument("--seed", type=int, default=0, help="the same seed makes the same market")
    made.add_argument(
        "--account",
        action="append",
        type=read_wallets,
        default=[],
        metavar="USDT=10000,usdm:USDT=5000,coinm:BTC=1",
        help="open an account with these balances, on Spot or in a futures or options wallet; may be repeated",
    )
    made.add_argument("--no-market-maker", action="store_true", help="leave the books empty")
    made.add_argument("--random-market", action="store_true", help="let prices walk on all markets")
    made.add_argument(
        "--web",
        type=_read_port,
        nargs="?",
        const=0,
        metavar="PORT",
        help="serve a page that shows it all and steers it; on a free port when none is named",
    )
    made.add_argument("--web-host", help="address the page listens on (default: 127.0.0.1)")
    made.add_argument(
        "--fees",
        type=read_fees,
        metavar="MAKER,TAKER",
        help="commission of the accounts, as fractions: 0.001,0.001",
    )
    made.add_argument(
        "--latency",
        type=read_latency,
        default=0.0,
        metavar="SECONDS",
        help="how long every request is under way",
    )
    made.add_argument(
        "--history",
        nargs="+",
        default=(),
        metavar="2d|[usdm:]FILE",
        help="a past for candles and tickers: invented, of so many minutes, hours or days (90m, 12h, 2d), or of tapes "
        "that are moved so as to end at the start",
    )
    made.add_argument(
        "--replay",
        nargs="+",
        default=(),
        metavar="[usdm:]FILE",
        help="repeat the trades of tapes (files of the exchange's public data, or a folder that --record filled); the "
        "clock begins where they do, and no market maker stands in their way",
    )
    made.add_argument(
        "--speed",
        type=_read_speed,
        metavar="N|max|step",
        help="of --replay: seconds that pass in one, as fast as it goes, or a trade with every empty line of the input and "
        "as many seconds as a line says (default: 1)",
    )
    made.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        help="write what is traded as tapes, a file a symbol",
    )
    made.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="save the exchange there at the end, and go on with it at the next start: accounts, keys, orders, history. "
        "--seed, --account, --fees, --history and --no-market-maker count when the file is made",
    )
    made.add_argument(
        "--env-file",
        type=Path,
        metavar="FILE",
        help="write the variables that lead programs here, keys among them",
    )
    made.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=can_show_progress(),
        help="of --replay: show a bar (with tqdm, of the extra 'history')",
    )
    made.add_argument("--no-limits", action="store_true", help="count weights and orders only")
    made.add_argument(
        "--state-every",
        type=_read_pause,
        default=STATE_SECONDS,
        metavar="SECONDS",
        help="how often to print the state",
    )
    return made


def parse(made: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read a command line; what does not go together ends the program."""
    options = made.parse_args(argv)
    for is_given, says in (
        (
            options.replay and options.random_market,
            "--replay and --random-market both move the prices: name one of them",
        ),
        (
            options.replay and options.state,
            "--replay begins with its tapes, --state with what was saved: name one of them",
        ),
        (
            options.speed is not None and not options.replay,
            "--speed is of --replay: leave it out, or name tapes",
        ),
        (
            options.random_market and options.no_market_maker,
            "--random-market moves what market makers quote: leave out --no-market-maker",
        ),
        (
            options.cert and not (options.tls or options.as_binance),
            "--cert is of --tls and --as-binance: name one of them",
        ),
        (
            options.as_binance and options.port is not None,
            "--as-binance has ports of its own, 443 and 9443: leave out --port",
        ),
        (
            options.web_host is not None and options.web is None,
            "--web-host is of --web: name both, or none",
        ),
    ):
        if is_given:
            made.error(says)
    options.port = DEFAULT_PORT if options.port is None else options.port
    options.web_host = options.web_host or "127.0.0.1"
    options.speed = options.speed or 1.0
    return options


_PLACES = {
    "spot": Market.SPOT,
    "usdm": Market.USDM,
    "coinm": Market.COINM,
    "eoptions": Market.EOPTIONS,
}


def read_wallets(text: str) -> Wallets:
    """Read ``USDT=10000,usdm:USDT=5000``: balances by market.

    Raises:
        ArgumentTypeError: They cannot be read.
    """
    wallets: Wallets = {market: {} for market in Market}
    for part in text.split(","):
        name, equals, amount = part.partition("=")
        place, colon, asset = name.strip().rpartition(":")
        market = _PLACES.get(place.lower() if colon else "spot")
        is_number = amount.replace(".", "", 1).isdecimal()
        if not asset or not equals or not is_number or market is None:
            raise argparse.ArgumentTypeError(
                f"{part!r} is no balance: write ASSET=AMOUNT, usdm:ASSET=AMOUNT, coinm:ASSET=AMOUNT or "
                "eoptions:USDT=AMOUNT"
            )
        known = _assets(market)
        if asset.upper() not in known:
            raise argparse.ArgumentTypeError(
                f"{part!r}: the wallets there hold {', '.join(sorted(known))}"
            )
        if asset.upper() in wallets[market]:
            raise argparse.ArgumentTypeError(f"{text!r} names {asset.upper()} twice")
        wallets[market][asset.upper()] = amount
    return wallets


def _assets(market: Market) -> set[str]:
    """Return what a wallet may hold: the assets that are traded there."""
    if market is Market.EOPTIONS:
        return {QUOTE_ASSET}
    if market is Market.SPOT:
        return {asset for one in DEFAULT_SYMBOLS for asset in (one.base_asset, one.quote_asset)}
    return {one.margin_asset for one in DEFAULT_CONTRACTS[market]}


def read_fees(text: str) -> tuple[Decimal, Decimal]:
    """Read ``0.001,0.001``: maker's and taker's commission.

    Raises:
        ArgumentTypeError: They cannot be read.
    """
    maker, comma, taker = text.partition(",")
    if not comma:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no pair of fees: write maker and taker as fractions, 0.001,0.001"
        )
    try:
        rates = read_rates(maker, taker)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return rates.maker, rates.taker


def read_span(text: str) -> float | None:
    """Read ``90m``, ``12h`` or ``2d`` as seconds; ``None`` when it is something else."""
    number, unit = text[:-1], text[-1:]
    return int(number) * _SPANS[unit] if number.isdecimal() and unit in _SPANS else None


def read_latency(text: str) -> float:
    """Read a number of seconds that a request is under way.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not 0 <= (seconds := _number(text)) <= MOST_LATENCY_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: write 0.05")
    return seconds


def _read_pause(text: str) -> float:
    if not 0 < (seconds := _number(text)) <= TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: write 30")
    return seconds


def _read_port(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no port: write a number up to {MOST_PORT}, 0 for a free one"
        )
    return int(text)


def _number(text: str) -> float:
    """Read a number; NaN, which is in no range, when it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _read_speed(text: str) -> Speed:
    if text in ("max", "step"):
        return text
    if not 0 < (speed := _number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: write a number, max or step")
    return speed
