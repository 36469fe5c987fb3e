"""Tapes from files in the format of the exchange's public data: trades, aggregate trades, candles, quotes, depth.

Columns as https://github.com/binance/binance-public-data names them, for Spot and futures; CSV (with or without
a header, zipped or not) or Parquet with the same columns. A candle is replayed as four trades: open, the
extreme that lies farther from the close, the other one, close.

Files ``bookTicker`` are published of futures alone, and name their columns in the header row: ``update_id``,
``best_bid_price``, ``best_bid_qty``, ``best_ask_price``, ``best_ask_qty``, ``transaction_time``, ``event_time``. Files
``bookDepth`` hold sums over bands of percents around the price and no levels: nothing there can be replayed.

Files ``T_DEPTH`` are the historical order books of futures, which the exchange gives to VIP users: whole books in
``…_depth_snap.csv``, and in ``…_depth_update.csv`` the levels that changed, a row each: ``symbol``, ``timestamp``,
``first_update_id``, ``last_update_id``, ``side`` (``a``, ``b``), ``update_type`` (``snap``, ``set``), ``price``,
``qty``, ``pu``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from binance_wsapi.markets import Market
from binance_wsapi.simulator.replay import Level, ReplayedBook, ReplayedTrade
from binance_wsapi.simulator.tape_files import column_names, rows_of, to_decimal, to_micros

__all__ = ["Tape", "read_tape", "read_tapes"]

Contents = Literal["trades", "quotes", "depth"]

_SYMBOL = r"(?P<symbol>[^\W_a-z]+(?:_[A-Z0-9]+)?)"
_NAME = re.compile(
    _SYMBOL + r"-(?P<kind>trades|aggTrades|bookTicker|bookDepth|\d+[smhdw]o?)-"
    r"|" + _SYMBOL.replace("symbol", "contract") + r"_(?P<depth>T_DEPTH)_.*_depth_(?:snap|update)"
)

_TRADE, _AGGREGATE, _CANDLE = (1, 2, 4, 5), (1, 2, 5, 6), ()
"""Where price, quantity, time and whether the buyer was the maker stand in a row."""
_QUOTE = (1, 2, 3, 4, 5, 0)
"""Where bid and ask, each price and quantity, the time and the update id stand in a row."""
_DEPTH = (1, 3, 4, 5, 6, 7)
"""Where time, last update id, side, kind of change, price and quantity stand in a row without a header."""
_DEPTH_NAMES = ("timestamp", "last_update_id", "side", "update_type", "price", "qty")
_SIDES = {"b": "BUY", "a": "SELL"}
_HOLDS: dict[str, Contents] = {"bookTicker": "quotes", "T_DEPTH": "depth"}
"""What is in files that hold no trades."""
_MOST_BACK_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Tape:
    """The trades of one symbol, its best quotes or its book, oldest first.

    Attributes:
        symbol: What was traded.
        market: Where.
        path: The file.
        begins_us: When the first one was, epoch microseconds.
        holds: ``trades``, ``quotes`` or ``depth``.
    """

    symbol: str
    market: Market
    path: Path
    begins_us: int
    holds: Contents
    _columns: tuple[int, ...]

    def books(self, since_us: int | None = None) -> Iterator[ReplayedBook]:
        """Read the quotes or the changes of the book one after the other.

        Args:
            since_us: From when times are counted; from the first one when left out.

        Raises:
            ValueError: It holds trades, or a row cannot be read; the text names it.
        """
        if self.holds == "trades":
            raise ValueError(f"{self.path.name!r} holds trades: read them with trades()")
        since = self.begins_us if since_us is None else since_us
        last = 0
        for number, time_us, change in self._quotes() if self.holds == "quotes" else self._depth():
            after_us = time_us - since
            if last - after_us > _MOST_BACK_US:
                # Some of these files hold their day in pieces, one in the other.
                raise ValueError(
                    f"{self.path.name}, row {number}, is {(last - after_us) // 1_000_000} s earlier than one before "
                    "it: sort the file by its times"
                )
            last = max(last, after_us)
            yield ReplayedBook(after_seconds=last / 1e6, **change)

    def _quotes(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        for number, row in rows_of(self.path):
            try:
                bid, bid_quantity, ask, ask_quantity = (to_decimal(row[at]) for at in _QUOTE[:4])
                time_us, update_id = to_micros(row[_QUOTE[4]]), int(row[_QUOTE[5]])
            except (ValueError, IndexError, InvalidOperation):
                raise self._unreadable(number, row) from None
            levels = {("BUY", bid): bid_quantity, ("SELL", ask): ask_quantity}
            yield number, time_us, {"levels": levels, "is_whole": True, "update_id": update_id}

    def _depth(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        for (time_us, update_id, is_whole), rows in groupby(self._levels(), key=lambda one: one[1]):
            levels: dict[Level, Decimal] = {}
            for number, _, level, quantity in rows:  # noqa: B007 - the last number is told
                levels[level] = quantity
            # A change tells what the trades of its moment have left, so it comes after them.
            moment_us = time_us if is_whole else time_us + 1
            change = {"levels": levels, "is_whole": is_whole, "update_id": update_id}
            yield number, moment_us, change

    def _levels(self) -> Iterator[tuple[int, tuple[int, int, bool], Level, Decimal]]:
        """Read the rows of a book: number, what those that belong together share, level, quantity."""
        for number, row in rows_of(self.path):
            try:
                time, update_id, side, kind, price, quantity = (row[at] for at in self._columns)
                together = (to_micros(time), int(update_id), {"snap": True, "set": False}[kind])
                level = (_SIDES[side], to_decimal(price))
                yield number, together, level, to_decimal(quantity)
            except (ValueError, IndexError, KeyError, InvalidOperation):
                raise self._unreadable(number, row) from None

    def _unreadable(self, number: int, row: Sequence[Any]) -> ValueError:
        return ValueError(f"{self.path.name}, row {number}, cannot be read: {row}")

    def trades(self, since_us: int | None = None) -> Iterator[ReplayedTrade]:
        """Read the trades one after the other, their times counted from ``since_us`` or from the first one.

        Raises:
            ValueError: It holds none, or a row cannot be read; the text names it.
        """
        if self.holds != "trades":
            raise ValueError(f"{self.path.name!r} holds {self.holds} and no trades")
        since = self.begins_us if since_us is None else since_us
        last = 0
        for number, row in rows_of(self.path):
            try:
                made = _of_candle(row) if not self._columns else (_of_trade(row, self._columns),)
                for time_us, price, quantity, buyer_is_maker in made:
                    last = max(
                        last, time_us - since
                    )  # dumps are in order but for a few milliseconds
                    yield ReplayedTrade(price, quantity, last / 1e6, buyer_is_maker)
            except (ValueError, IndexError, InvalidOperation):
                raise self._unreadable(number, row) from None


def read_tape(
    path: str | Path, *, symbol: str | None = None, market: Market | str = Market.SPOT
) -> Tape:
    """Open a file of the exchange's public data.

    Args:
        path: ``BTCUSDT-trades-2026-01-01.csv``, ``….zip`` or ``….parquet``: the name says what is in it.
        symbol: What was traded, where the name does not say it.
        market: Where.

    Raises:
        ValueError: The name or the first row does not fit.
        OSError: It cannot be opened.
    """
    path = Path(path)
    named = _NAME.match(path.name)
    if path.name.endswith(".gz"):
        raise ValueError(f"{path.name!r} is packed: unpack it, and name the files in it")
    if named is None:
        raise ValueError(
            f"{path.name!r} does not say what is in it: name it like BTCUSDT-trades-2026-01-01.csv, "
            f"BTCUSDT-aggTrades-2026-01.zip or BTCUSDT-1m-2026-01.csv"
        )
    market = Market(market)
    kind, named_symbol = named["kind"] or named["depth"], named["symbol"] or named["contract"]
    if kind == "bookDepth":
        raise ValueError(
            f"{path.name!r} holds sums over bands of percents and no price levels: it cannot be replayed; "
            "bookTicker holds the best quotes, T_DEPTH whole books"
        )
    holds = _HOLDS.get(kind, "trades")
    if holds != "trades" and market not in (Market.USDM, Market.COINM):
        raise ValueError(
            f"{path.name!r}: {holds} is that of futures alone: write usdm: or coinm: before it"
        )
    columns: tuple[int, ...] = {
        "trades": _TRADE,
        "aggTrades": _AGGREGATE,
        "bookTicker": _QUOTE,
    }.get(kind, _CANDLE)
    if holds == "depth":
        columns = _depth_columns(path)
    when = columns[2] if columns else 0
    if holds != "trades":
        when = _QUOTE[4] if holds == "quotes" else columns[0]
    first = next((row for _, row in rows_of(path)), None)
    if first is None:
        raise ValueError(f"{path.name!r} is empty")
    try:
        begins_us = to_micros(first[when])
    except (ValueError, IndexError):
        raise ValueError(f"{path.name!r} has other columns than {kind} have: {first}") from None
    return Tape(symbol or named_symbol, market, path, begins_us, holds, columns)


def _depth_columns(path: Path) -> tuple[int, ...]:
    names = column_names(path)
    if names is None:
        return _DEPTH
    missing = [name for name in _DEPTH_NAMES if name not in names]
    if missing:
        raise ValueError(f"{path.name!r} has no column {missing[0]!r}")
    return tuple(names.index(name) for name in _DEPTH_NAMES)


def read_tapes(names: Iterable[str | Path]) -> list[Tape]:
    """Open files as a command line names them.

    Args:
        names: Files; ``usdm:`` or ``coinm:`` before one says where it was traded. Of a folder that a recording
            filled, every tape.

    Raises:
        ValueError: A file is no tape, or a folder holds none.
        OSError: One cannot be opened.
    """
    found: list[Tape] = []
    for name in map(str, names):
        place, colon, path = name.partition(":")
        if colon and place in {market.value for market in Market}:
            found.append(read_tape(path, market=place))
        elif Path(name).is_dir():
            found.extend(_recorded(Path(name)))
        else:
            found.append(read_tape(name))
    return found


def _recorded(folder: Path) -> list[Tape]:
    tapes = [
        read_tape(path, market=market)
        for market in Market
        for path in sorted((folder / market.value).glob("*-trades-*"))
    ]
    if not tapes:
        raise ValueError(
            f"{str(folder)!r} holds no tapes: a recording has folders spot, usdm, coinm"
        )
    return tapes


def _of_trade(row: Sequence[Any], columns: Sequence[int]) -> tuple[int, Decimal, Decimal, bool]:
    price, quantity, time, maker = (row[each] for each in columns)
    return (
        to_micros(time),
        to_decimal(price),
        to_decimal(quantity),
        str(maker).strip().lower() == "true",
    )


def _of_candle(row: Sequence[Any]) -> Iterator[tuple[int, Decimal, Decimal, bool]]:
    opened, high, low, close, volume = (to_decimal(each) for each in row[1:6])
    if not volume:
        return  # nobody traded
    begins, ends = to_micros(row[0]), to_micros(row[6])
    turns = (high, low) if high - close >= close - low else (low, high)
    path = (opened, *turns, close)
    # In parts that the symbol's step divides, as it divides the volume.
    part = (volume / 4).quantize(volume, ROUND_DOWN)
    parts = (part, part, part, volume - 3 * part)
    before = opened
    for at, (price, quantity) in enumerate(zip(path, parts, strict=True)):
        if quantity:
            yield begins + (ends - begins) * at // 3, price, quantity, price < before
        before = price
