"""Market data at a terminal."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections import deque
from typing import Any

import click
from rich.console import Group

from binance_wsapi import Client
from binance_wsapi.cli.desk import Desk, Shown, command, table
from binance_wsapi.models.market import OrderBook

__all__ = ["COMMANDS"]

SHOWN_TRADES = 10
MARKETS = click.Choice(["spot", "usdm"])
ALL_MARKETS = click.Choice(["spot", "usdm", "coinm"])


@click.command()
@click.option("--count", default=1, show_default=True, help="How often.")
@command()
def ping(desk: Desk, client: Client, count: int) -> None:
    """Ask the Spot exchange for a sign of life, and time it."""
    client.connect()
    for _ in range(count):
        begun = time.perf_counter()
        client.spot.test_connectivity()
        milliseconds = round((time.perf_counter() - begun) * 1000, 3)
        desk.show_line({"milliseconds": milliseconds}, [f"{milliseconds} ms"])


@click.command("time")
@command()
def server_time(desk: Desk, client: Client) -> None:
    """Show the exchange's time, and how far this machine's clock is from it."""
    client.connect()
    before = time.time()
    result = client.spot.get_server_time().result
    after = time.time()
    ahead = round(result.server_time - (before + after) / 2 * 1000)
    told = {"server_time": result.server_time, "exchange_ahead_ms": ahead}
    desk.show(
        told,
        ["exchange's time", "ahead of this machine"],
        [[_time(result.server_time), f"{ahead} ms"]],
    )


@click.command()
@click.argument("symbol")
@click.option("--limit", default=10, show_default=True, help="Levels of each side.")
@click.option("--market", type=MARKETS, default="spot", show_default=True)
@command()
def book(desk: Desk, client: Client, symbol: str, limit: int, market: str) -> None:
    """Show the order book of SYMBOL."""
    namespace: Any = client.usdm if market == "usdm" else client.spot
    result = namespace.get_order_book(symbol=symbol, limit=limit).result
    desk.show(result, _BOOK, _book_rows(result))


@click.command()
@click.argument("symbol")
@click.option("--limit", default=10, show_default=True, help="How many.")
@command()
def trades(desk: Desk, client: Client, symbol: str, limit: int) -> None:
    """Show the last trades of SYMBOL."""
    result = client.spot.get_recent_trades(symbol=symbol, limit=limit).result
    rows = [
        [_time(one.time), one.price, one.quantity, _taker(one.is_buyer_maker)] for one in result
    ]
    desk.show(result, ["time", "price", "quantity", "taker"], rows)


@click.command()
@click.argument("symbol")
@click.option("--interval", default="1m", show_default=True, help="Length of a candle.")
@click.option("--start", help="First moment: 2026-01-31, ISO text or epoch ms; a day ago without.")
@click.option("--end", help="First moment that does not count; now without.")
@click.option("--csv", "csv_path", type=click.Path(dir_okay=False), help="Write a CSV file.")
@click.option("--parquet", "parquet_path", type=click.Path(dir_okay=False), help="Or Parquet.")
@click.option("--market", type=ALL_MARKETS, default="spot", show_default=True)
@command()
def klines(
    desk: Desk,
    client: Client,
    *,
    symbol: str,
    interval: str,
    start: str | None,
    end: str | None,
    csv_path: str | None,
    parquet_path: str | None,
    market: str,
) -> None:
    """Show the candles of SYMBOL, or write them to a file, however many there are."""
    since: Any = start or dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    history = getattr(client, market).history
    found = history.klines(symbol, interval, start=_moment(since), end=_moment(end))
    if csv_path is not None or parquet_path is not None:
        count = found.to_csv(csv_path) if csv_path is not None else found.to_parquet(parquet_path)
        desk.show_line({"rows": count}, [f"{count} rows"])
        return
    columns = ["open time", "open", "high", "low", "close", "volume"]
    if desk.as_json:
        for one in found:
            desk.show_json(one)
        return
    desk.show(
        None,
        columns,
        (
            [
                _time(one.open_time),
                one.open_price,
                one.high_price,
                one.low_price,
                one.close_price,
                one.volume,
            ]
            for one in found
        ),
    )


@click.command()
@click.argument("symbol")
@click.option("--levels", default=10, show_default=True, help="Levels of each side.")
@click.option("--count", type=int, help="End after so many changes; without it, at Ctrl-C.")
@command()
def watch(desk: Desk, client: Client, symbol: str, levels: int, count: int | None) -> None:
    """Watch the book and the trades of SYMBOL as they come."""
    name = symbol.lower()
    traded: deque[Shown] = deque(maxlen=SHOWN_TRADES)
    shown = None
    live = desk.live()
    with client.streams.subscribe(f"{name}@depth20@100ms", f"{name}@trade") as stream:
        events = stream if count is None else itertools.islice(stream, count)
        if live is None:
            for event in events:
                desk.show_line(event, [_line(event)])
            return
        with live as screen:
            for event in events:
                if getattr(event, "event_type", "") == "trade":
                    traded.appendleft([_time(event.time), event.price, event.quantity])
                elif hasattr(event, "bids"):
                    shown = table(_BOOK, itertools.islice(_book_rows(event), levels))
                parts = [shown] if shown is not None else []
                screen.update(
                    Group(*parts, table(["time", "price", "quantity"], traded)), refresh=True
                )


_BOOK = ["bid quantity", "bid", "ask", "ask quantity"]


def _book_rows(result: OrderBook | Any) -> list[Shown]:
    return [
        [
            None if bid is None else bid.quantity,
            None if bid is None else bid.price,
            None if ask is None else ask.price,
            None if ask is None else ask.quantity,
        ]
        for bid, ask in itertools.zip_longest(result.bids, result.asks)
    ]


def _line(event: Any) -> str:
    if getattr(event, "event_type", "") == "trade":
        return f"trade\t{_time(event.time)}\t{event.price:f}\t{event.quantity:f}"
    if getattr(event, "bids", None) and event.asks:
        return f"book\t{event.bids[0].price:f}\t{event.asks[0].price:f}"
    return repr(event)


def _moment(given: Any) -> Any:
    """Return a time as the library takes it: digits are epoch ms, all else it reads itself."""
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _time(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "-"
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")


def _taker(is_buyer_maker: bool) -> str:
    return "sells" if is_buyer_maker else "buys"


COMMANDS = (ping, server_time, book, trades, klines, watch)
