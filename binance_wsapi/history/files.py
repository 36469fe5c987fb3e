"""Files that rows of a history are written to, page by page."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, get_args, get_type_hints

import msgspec

from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import load
from binance_wsapi.protocol.order_events import micros

__all__ = ["CsvFile", "ParquetFile", "RowFile"]

_LEFT_OUT = frozenset({"unused"})
"""Members of a row that mean nothing."""


class RowFile(Protocol):
    """A file for rows."""

    def write(self, rows: Sequence[Any]) -> None:
        """Write a page of rows."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class CsvFile:
    """A CSV file.

    Args:
        path: Where it is.
        kind: The call whose rows it holds.
        append: Go on behind what it holds.
    """

    def __init__(self, path: str | os.PathLike[str], kind: CallKind, *, append: bool) -> None:
        self._path = Path(path)
        self._names = list(_columns(kind))
        self._mode = "a" if append else "w"

    def __enter__(self) -> Self:
        self._file = self._path.open(self._mode, newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        if self._file.tell() == 0:
            self._rows.writerow(self._names)
        return self

    def write(self, rows: Sequence[Any]) -> None:
        """Write a page of rows."""
        self._rows.writerows([_text(getattr(row, name)) for name in self._names] for row in rows)
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class _Time:
    """An epoch time, in milliseconds or microseconds."""


class ParquetFile:
    """A Parquet file.

    Args:
        path: Where it is.
        kind: The call whose rows it holds.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], kind: CallKind) -> None:
        try:
            self._arrow, self._parquet = load("pyarrow"), load("pyarrow.parquet")
        except ImportError:
            raise ConfigurationError(
                "to_parquet() needs pyarrow: pip install 'binance-wsapi[history]'"
            ) from None
        self._path = path
        self._columns = _columns(kind)
        types = {
            Decimal: self._arrow.decimal128(38, 18),
            _Time: self._arrow.timestamp("us", tz="UTC"),
            int: self._arrow.int64(),
            bool: self._arrow.bool_(),
        }
        self._schema = self._arrow.schema(
            [(name, types.get(held, self._arrow.string())) for name, held in self._columns.items()]
        )

    def __enter__(self) -> Self:
        self._writer = self._parquet.ParquetWriter(self._path, self._schema)
        return self

    def write(self, rows: Sequence[Any]) -> None:
        """Write a page of rows."""
        values = {
            name: [_stored(getattr(row, name), held) for row in rows]
            for name, held in self._columns.items()
        }
        self._writer.write_table(self._arrow.Table.from_pydict(values, schema=self._schema))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()


def _columns(kind: CallKind) -> dict[str, Any]:
    """Return what each column holds, by name."""
    assert kind.operation is not None
    (row_type,) = get_args(kind.operation.result)
    hints = get_type_hints(row_type)
    names = (each.name for each in msgspec.structs.fields(row_type))
    return {
        name: _held(name, hints[name])
        for name in names
        if name not in _LEFT_OUT and not name.startswith("_")
    }


def _held(name: str, hint: Any) -> Any:
    if name == "time" or name.endswith("_time"):
        return _Time
    plain = [each for each in get_args(hint) or (hint,) if each is not type(None)]
    return plain[0] if len(plain) == 1 else str


def _stored(value: Any, held: Any) -> Any:
    if value is None or held in (Decimal, int, bool):
        return value
    return micros(value) if held is _Time else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Enum):
        return str(value.value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
