"""Rows of tapes' files: CSV, zipped or not, or Parquet; and what their cells mean."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["column_names", "rows_of", "to_decimal", "to_micros"]

_FIRST_MICROSECOND_VALUE = 10**14
"""Times are in milliseconds, or in microseconds (Spot since 2025)."""


def column_names(path: Path) -> Sequence[str] | None:
    """Return what a file calls its columns; ``None`` where it does not say."""
    if path.suffix == ".parquet":
        with _parquet().ParquetFile(path) as file:
            return [str(name) for name in file.schema_arrow.names]
    with _opened(path) as lines:
        first = next(csv.reader(lines), [])
    return [name.strip() for name in first] if _is_header(first) else None


def rows_of(path: Path) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the rows of a file with their numbers, the header left out."""
    if path.suffix == ".parquet":
        yield from _parquet_rows(path)
        return
    with _opened(path) as lines:
        for number, row in enumerate(csv.reader(lines), 1):
            if number == 1 and _is_header(row):
                continue
            yield number, row


def to_decimal(value: Any) -> Decimal:
    """Return a cell's number."""
    # Parquet may hold floats, whose shortest text is what was written.
    number = Decimal(value) if isinstance(value, (str, Decimal)) else Decimal(repr(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def to_micros(value: Any) -> int:
    """Return a cell's time in epoch microseconds."""
    # Parquet may hold timestamps.
    time = int(value) if isinstance(value, (str, int)) else int(value.timestamp() * 1_000_000)
    return time if time >= _FIRST_MICROSECOND_VALUE else time * 1_000


def _is_header(row: Sequence[str]) -> bool:
    return not any(cell.strip().isdecimal() for cell in row)


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
    number = 0
    with _parquet().ParquetFile(path) as file:
        for batch in file.iter_batches():
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                number += 1
                yield number, row


def _parquet() -> Any:
    try:
        return import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'binance-wsapi[history]'") from None
