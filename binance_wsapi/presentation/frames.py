"""Lists of models as data frames of pandas or polars, each column with its type.

Both are extras, imported when a frame is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.loading import load
from binance_wsapi.models.readable import Numbers
from binance_wsapi.presentation.attributes import Role, attributes, epoch_us
from binance_wsapi.presentation.plain import check_numbers, exact, plain

__all__ = ["book_frame", "frame"]

_CANDLE = {
    "open_price": "open",
    "high_price": "high",
    "low_price": "low",
    "close_price": "close",
}
"""What tools for candles call them."""


@dataclass(frozen=True)
class Column:
    """A column: where its values are, and what they are."""

    name: str
    """Its name."""
    path: tuple[str, ...]
    """The attributes that lead from an item to a value."""
    role: Role
    """What the values are."""

    def values(self, items: Sequence[Any]) -> list[Any]:
        """Return the values of all items; ``None`` where an item has none."""
        values: list[Any] = list(items)
        for name in self.path:
            values = [None if each is None else getattr(each, name, None) for each in values]
        if self.role is Role.TIME:
            return [epoch_us(each) for each in values]
        if self.role in {Role.TEXT, Role.OTHER}:
            return [plain(each, "str") for each in values]
        return values


def frame(items: Sequence[Any], kind: type | None, backend: str, numbers: Numbers) -> Any:
    """Return models as a data frame; see ``Rows.to_frame``."""
    check_numbers(numbers)
    make = _maker(backend)
    kinds = dict.fromkeys(map(type, items)) or ([kind] if kind is not None else [])
    columns: dict[str, Column] = {}
    for each in kinds:
        for column in _columns(each):
            columns.setdefault(column.name, column)
    index = getattr(kind, "time_index", "")
    ordered = sorted(columns.values(), key=lambda column: column.name != index)
    values = {column: column.values(items) for column in ordered}
    is_index = index in columns and None not in values[columns[index]]
    return make(values, numbers, index if is_index else None)


def book_frame(bids: Sequence[Any], asks: Sequence[Any], backend: str, numbers: Numbers) -> Any:
    """Return the levels of an order book as a data frame of side, price and quantity, best first."""
    check_numbers(numbers)
    make = _maker(backend)
    levels = [*bids, *asks]
    values = {
        Column("side", (), Role.TEXT): ["bid"] * len(bids) + ["ask"] * len(asks),
        Column("price", (), Role.DECIMAL): [level.price for level in levels],
        Column("quantity", (), Role.DECIMAL): [level.quantity for level in levels],
    }
    return make(values, numbers, None)


def _columns(kind: type) -> Iterator[Column]:
    """Yield the columns of a model; those of a model within it go under its name where names clash."""
    own = attributes(kind)
    names = {each.name for each in own}
    is_candle = names >= _CANDLE.keys()
    for each in own:
        if each.role is Role.MODEL and isinstance(each.type, msgspec.StructMeta):
            for inner in _columns(each.type):
                name = f"{each.name}_{inner.name}" if inner.name in names else inner.name
                yield Column(name, (each.name, *inner.path), inner.role)
        elif each.role not in {Role.MODEL, Role.MODELS}:
            name = _CANDLE.get(each.name, each.name) if is_candle else each.name
            yield Column(name, (each.name,), each.role)


_Values = dict[Column, list[Any]]


def _maker(backend: str) -> Callable[[_Values, Numbers, str | None], Any]:
    if backend not in _MAKERS:
        raise ParameterError(
            f"backend={backend!r} is not known: write 'pandas' or 'polars'",
            parameter="backend",
            value=backend,
        )
    try:
        package = load(backend)
    except ModuleNotFoundError:
        other = "polars" if backend == "pandas" else "pandas"
        raise ConfigurationError(
            f"{backend} is not installed: pip install 'binance-wsapi[frames]', or ask for "
            f"backend={other!r}"
        ) from None
    return lambda values, numbers, index: _MAKERS[backend](package, values, numbers, index)


def _pandas(pd: Any, values: _Values, numbers: Numbers, index: str | None) -> Any:
    made = pd.DataFrame(
        {column.name: _pandas_column(pd, column, each, numbers) for column, each in values.items()}
    )
    return made if index is None else made.set_index(index)


def _pandas_column(pd: Any, column: Column, values: list[Any], numbers: Numbers) -> Any:
    has_gaps = None in values
    match column.role:
        case Role.TIME:
            return pd.to_datetime(pd.Series(values, dtype="Int64"), unit="us", utc=True)
        case Role.DECIMAL if numbers != "float":
            return pd.Series(_decimals(values, numbers), dtype=object)
        case Role.DECIMAL | Role.FLOAT:
            return pd.Series(_decimals(values, "float"), dtype="float64")
        case Role.INTEGER:
            return pd.Series(values, dtype="Int64" if has_gaps else "int64")
        case Role.FLAG:
            return pd.Series(values, dtype="boolean" if has_gaps else "bool")
        case Role.TEXT:
            return pd.Series(values, dtype="string")
        case _:
            return pd.Series(values, dtype=object)


def _polars(pl: Any, values: _Values, numbers: Numbers, index: str | None) -> Any:
    return pl.DataFrame(
        [_polars_column(pl, column, each, numbers) for column, each in values.items()]
    )


def _polars_column(pl: Any, column: Column, values: list[Any], numbers: Numbers) -> Any:
    match column.role:
        case Role.TIME:
            return pl.Series(column.name, values, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
        case Role.DECIMAL if numbers == "decimal":
            decimals = _decimals(values, numbers)
            places = [-int(each.as_tuple().exponent) for each in decimals if each is not None]
            scale = max([0, *places])
            return pl.Series(column.name, decimals, dtype=pl.Decimal(38, scale))
        case Role.DECIMAL if numbers == "str":
            return pl.Series(column.name, _decimals(values, numbers), dtype=pl.String)
        case Role.DECIMAL | Role.FLOAT:
            return pl.Series(column.name, _decimals(values, "float"), dtype=pl.Float64)
        case Role.INTEGER:
            return pl.Series(column.name, values, dtype=pl.Int64)
        case Role.FLAG:
            return pl.Series(column.name, values, dtype=pl.Boolean)
        case Role.TEXT:
            return pl.Series(column.name, values, dtype=pl.String)
        case _:
            return pl.Series(column.name, values)


_MAKERS: dict[str, Callable[[Any, _Values, Numbers, str | None], Any]] = {
    "pandas": _pandas,
    "polars": _polars,
}


def _decimals(values: list[Any], numbers: Numbers) -> list[Any]:
    if numbers == "decimal":
        return [exact(each) if isinstance(each, float) else each for each in values]
    return [None if each is None else plain(each, numbers) for each in values]
