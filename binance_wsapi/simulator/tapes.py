"""Tapes from files in the format of the exchange's public data: trades, aggregate trades, candles, best quotes.

Columns as https://github.com/binance/binance-public-data names them, for Spot and futures; CSV (with or without
a header, zipped or not) or Parquet with the same columns. A candle is replayed as four trades: open, the
extreme that lies farther from the close, the other one, close.

Files ``bookTicker`` are published of futures alone, and name their columns in the header row: ``update_id``,
``best_bid_price``, ``best_bid_qty``, ``best_ask_price``, ``best_ask_qty``, ``transaction_time``, ``event_time``. Files
``bookDepth`` hold sums over bands of percents around the price and no levels: nothing there can be replayed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from importlib import import_module
from pathlib import Path
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.replay import ReplayedQuote, ReplayedTrade

__all__ = ["Tape", "read_tape", "read_tapes"]

_NAME = re.compile(
    r"(?P<symbol>[^\W_a-z]+(?:_[A-Z0-9]+)?)-(?P<kind>trades|aggTrades|bookTicker|bookDepth|\d+[smhdw]o?)-"
)
_FIRST_MICROSECOND_VALUE = 10**14
"""Times are in milliseconds, or in microseconds (Spot since 2025)."""

_TRADE, _AGGREGATE, _CANDLE = (1, 2, 4, 5), (1, 2, 5, 6), ()
"""Where price, quantity, time and whether the buyer was the maker stand in a row."""
_QUOTE = (1, 2, 3, 4, 5)
"""Where bid and ask, each price and quantity, and the time stand in a row."""
_MOST_BACK_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Tape:
    """The trades of one symbol, or its best quotes, oldest first.

    Attributes:
        symbol: What was traded.
        market: Where.
        path: The file.
        begins_us: When the first one was, epoch microseconds.
        holds_quotes: Whether it has quotes and no trades.
    """

    symbol: str
    market: Market
    path: Path
    begins_us: int
    _columns: tuple[int, ...]

    @property
    def holds_quotes(self) -> bool:
        """Whether it has quotes and no trades."""
        return self._columns is _QUOTE

    def quotes(self, since_us: int | None = None) -> Iterator[ReplayedQuote]:
        """Read the quotes one after the other, their times counted from ``since_us`` or from the first one.

        Raises:
            ValueError: It holds trades, or a row cannot be read; the text names it.
        """
        if not self.holds_quotes:
            raise ValueError(f"{self.path.name!r} holds trades: read them with trades()")
        since = self.begins_us if since_us is None else since_us
        last = 0
        for number, row in _rows(self.path):
            try:
                bid, bid_quantity, ask, ask_quantity = (_decimal(row[at]) for at in _QUOTE[:4])
                time_us = _micros(row[_QUOTE[4]]) - since
            except (ValueError, IndexError, InvalidOperation):
                raise ValueError(f"{self.path.name}, row {number}, cannot be read: {row}") from None
            if last - time_us > _MOST_BACK_US:
                # Some of these files hold their day in pieces, one in the other.
                raise ValueError(
                    f"{self.path.name}, row {number}, is {(last - time_us) // 1_000_000} s earlier than one before it: "
                    "sort the file by transaction_time"
                )
            last = max(last, time_us)
            yield ReplayedQuote(bid, bid_quantity, ask, ask_quantity, last / 1e6)

    def trades(self, since_us: int | None = None) -> Iterator[ReplayedTrade]:
        """Read the trades one after the other, their times counted from ``since_us`` or from the first one.

        Raises:
            ValueError: It holds quotes, or a row cannot be read; the text names it.
        """
        if self.holds_quotes:
            raise ValueError(f"{self.path.name!r} holds quotes and no trades")
        since = self.begins_us if since_us is None else since_us
        last = 0
        for number, row in _rows(self.path):
            try:
                made = _of_candle(row) if not self._columns else (_of_trade(row, self._columns),)
                for time_us, price, quantity, buyer_is_maker in made:
                    last = max(
                        last, time_us - since
                    )  # dumps are in order but for a few milliseconds
                    yield ReplayedTrade(price, quantity, last / 1e6, buyer_is_maker)
            except (ValueError, IndexError, InvalidOperation):
                raise ValueError(f"{self.path.name}, row {number}, cannot be read: {row}") from None


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
    if named is None:
        raise ValueError(
            f"{path.name!r} does not say what is in it: name it like BTCUSDT-trades-2026-01-01.csv, "
            f"BTCUSDT-aggTrades-2026-01.zip or BTCUSDT-1m-2026-01.csv"
        )
    market = Market(market)
    if named["kind"] == "bookDepth":
        raise ValueError(
            f"{path.name!r} holds sums over bands of percents and no price levels: it cannot be replayed; "
            "bookTicker holds the best quotes"
        )
    if named["kind"] == "bookTicker" and market not in (Market.USDM, Market.COINM):
        raise ValueError(
            f"{path.name!r}: quotes are those of futures: write usdm: or coinm: before it"
        )
    columns: tuple[int, ...] = {
        "trades": _TRADE,
        "aggTrades": _AGGREGATE,
        "bookTicker": _QUOTE,
    }.get(named["kind"], _CANDLE)
    when = {_QUOTE: _QUOTE[4], _CANDLE: 0}.get(columns, columns[2] if columns else 0)
    first = next((row for _, row in _rows(path)), None)
    if first is None:
        raise ValueError(f"{path.name!r} is empty")
    try:
        begins_us = _micros(first[when])
    except (ValueError, IndexError):
        raise ValueError(
            f"{path.name!r} has other columns than {named['kind']} have: {first}"
        ) from None
    return Tape(symbol or named["symbol"], market, path, begins_us, columns)


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


def _rows(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a file with their numbers, the header left out."""
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
        return
    with _opened(path) as lines:
        for number, row in enumerate(csv.reader(lines), 1):
            if number == 1 and not row[0].strip().isdecimal():
                continue
            yield number, row


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[str]]:
    if path.suffix != ".zip":
        with path.open(newline="", encoding="utf-8") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        if len(names) != 1:
            raise ValueError(f"{path.name!r} holds {len(names)} CSV files: one is expected")
        with archive.open(names[0]) as file:
            yield io.TextIOWrapper(file, newline="", encoding="utf-8")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'binance-wsapi[history]'") from None
    number = 0
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                number += 1
                yield number, row


def _of_trade(row: Sequence[Any], columns: Sequence[int]) -> tuple[int, Decimal, Decimal, bool]:
    price, quantity, time, maker = (row[each] for each in columns)
    return _micros(time), _decimal(price), _decimal(quantity), str(maker).strip().lower() == "true"


def _of_candle(row: Sequence[Any]) -> Iterator[tuple[int, Decimal, Decimal, bool]]:
    opened, high, low, close, volume = (_decimal(each) for each in row[1:6])
    if not volume:
        return  # nobody traded
    begins, ends = _micros(row[0]), _micros(row[6])
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


def _decimal(value: Any) -> Decimal:
    # Parquet may hold floats, whose shortest text is what was written.
    number = Decimal(value) if isinstance(value, (str, Decimal)) else Decimal(repr(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def _micros(value: Any) -> int:
    # Parquet may hold timestamps.
    time = int(value) if isinstance(value, (str, int)) else int(value.timestamp() * 1_000_000)
    return time if time >= _FIRST_MICROSECOND_VALUE else time * 1_000
