# What a key or an item is, is found out at run time; the overloads say it to type checkers.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportPrivateUsage=false
"""Lists of results: lists as any other, that find an item by its name and become data frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeVar, overload

from binance_wsapi.loading import uncut
from binance_wsapi.models.readable import Numbers, presentation

__all__ = ["Rows", "RowsOf", "Tables", "holds_rows"]

T = TypeVar("T")
D = TypeVar("D")
K = TypeVar("K")
C = TypeVar("C", bound=type)


class Rows(list[T]):
    """A list of results or events, in the order they came.

    What has a name is found by it: ``account.balances["BTC"]``, ``positions["BTCUSDT", "LONG"]`` where one
    name is that of several, ``symbol.filters[PriceFilter]`` by type. ``in`` and :meth:`get` take names as
    well. Make one of your own from models of one kind: ``Rows(order.fills)``.

    Args:
        items: The models.
        kind: Their class, for a list that may be empty.
    """

    __slots__ = ("_kind",)

    _kind: type | None

    def __init__(self, items: Iterable[T] = (), *, kind: type | None = None) -> None:
        super().__init__(items)
        self._kind = kind

    @property
    def kind(self) -> type | None:
        """The class of the items; ``None`` when there are none to tell it."""
        return self._kind or (type(self[0]) if self else None)

    @property
    def names(self) -> list[str]:
        """The names of the items, in order; empty where items of this kind have none."""
        first = self._named_by()[:1]
        return [str(getattr(item, first[0])) for item in self] if first else []

    # An int alone, and first: else jedi completes no fields of an item.
    @overload  # type: ignore[override]
    def __getitem__(self, key: int) -> T: ...
    @overload
    def __getitem__(self, key: SupportsIndex | str | tuple[str, ...]) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> Rows[T]: ...
    @overload
    def __getitem__(self, key: type[K]) -> K: ...
    def __getitem__(self, key: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(key, slice):
            part: list[T] = super().__getitem__(key)
            return Rows(part, kind=self._kind)
        if not _is_name(key):
            return super().__getitem__(key)
        found = self._find(key)
        if len(found) == 1:
            return found[0]
        with uncut:
            from binance_wsapi.models.names import ambiguous, unknown

        raise ambiguous(found, self._named_by(), key) if found else unknown(self, key)

    @overload
    def get(self, key: type[K], default: None = None) -> K | None: ...
    @overload
    def get(self, key: type[K], default: D) -> K | D: ...
    @overload
    def get(self, key: str | tuple[str, ...], default: None = None) -> T | None: ...
    @overload
    def get(self, key: str | tuple[str, ...], default: D) -> T | D: ...
    def get(self, key: Any, default: Any = None) -> Any:
        """Return the item of a name; ``default`` where there is none.

        Args:
            key: The name, several where one is that of several items, or a class.
            default: What to return where there is none.

        Raises:
            UnknownName: Several items have the name.
        """
        found = self._find(key)
        if not found:
            return default
        return found[0] if len(found) == 1 else self[key]

    def __contains__(self, key: object) -> bool:
        return bool(self._find(key)) if _is_name(key) else super().__contains__(key)

    def to_dict(self, *, numbers: Numbers = "decimal") -> list[dict[str, Any]]:
        """Return the items as dicts, with the names of their attributes.

        Args:
            numbers: What decimals become: ``"decimal"``, ``"float"``, or ``"str"`` (plain text, for JSON).

        Raises:
            ParameterError: ``numbers`` is none of these.
        """
        made: list[dict[str, Any]] = presentation("plain").plain(self, numbers)
        return made

    def to_json(self, *, numbers: Literal["str", "float"] = "str") -> str:
        """Return the items as JSON, with the names of their attributes.

        Args:
            numbers: What decimals become: ``"str"``, which keeps every digit, or ``"float"``.

        Raises:
            ParameterError: ``numbers`` is none of these.
        """
        return str(presentation("plain").json_text(self, numbers))

    def to_frame(
        self, backend: Literal["pandas", "polars"] = "pandas", *, numbers: Numbers = "float"
    ) -> Any:
        """Return the items as a data frame, a row each.

        Times are UTC timestamps; where the items follow each other in time it is the index (pandas) or
        the first column (polars). Candles have ``open high low close volume``. Models within the items
        are laid out in columns; lists of models within them are left out.

        Args:
            backend: ``"pandas"`` or ``"polars"``, which the extra ``frames`` installs.
            numbers: What decimals become: ``"float"``, ``"decimal"`` (exact, and slow), or ``"str"``.

        Raises:
            ParameterError: ``backend`` or ``numbers`` is not known.
            ConfigurationError: The package is not installed.
        """
        return presentation("frames").frame(self, self.kind, backend, numbers)

    def plot(self, axes: Any = None) -> Any:
        """Draw candles, with their volume, and return the axes; for klines.

        Args:
            axes: Where to draw, of matplotlib; a new figure without.

        Raises:
            ParameterError: The items are no klines.
            ConfigurationError: matplotlib is not installed: the extra ``plots`` does.
        """
        return presentation("plots").candles(self, axes)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (list(self), self._kind)

    def __repr__(self) -> str:
        return str(presentation("glance").list_line(self))

    def _repr_html_(self) -> str:
        return str(presentation("glance").rows_table(self, self.kind))

    def _named_by(self) -> tuple[str, ...]:
        return getattr(self.kind, "named_by", ())

    def _find(self, key: Any) -> list[T]:
        """Return the items of a name."""
        if isinstance(key, type):
            return [item for item in self if isinstance(item, key)]
        names: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
        by = self._named_by()[: len(names)]
        if not by or len(by) < len(names):
            return []
        found = list(self)
        for attribute, name in zip(by, names, strict=True):
            found = [item for item in found if getattr(item, attribute, None) == name]
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic, and so FastAPI, take it as a type; it is written as ``to_dict`` writes it."""
        return presentation("pydantic_schema").list_core_schema(cls)


if TYPE_CHECKING:
    RowsOf = Rows
else:
    # What a field of a model is annotated with: to msgspec the list that it decodes; see holds_rows.
    RowsOf = list


class Tables(dict[str, Rows[T]]):
    """Lists of results by name, shown as tables."""

    def _repr_html_(self) -> str:
        return "".join(f"<h4>{name}</h4>{rows._repr_html_()}" for name, rows in self.items())


def _restored(items: list[Any], kind: type | None) -> Rows[Any]:
    return Rows(items, kind=kind)


def _is_name(key: object) -> bool:
    return isinstance(key, str | tuple | type)


class _HeldRows:
    """Makes the list in a model's field one that finds its items by name, when it is first touched.

    Decoding would cost half as much again if it were done there.
    """

    __slots__ = ("_kind", "_slot")

    def __init__(self, slot: Any, kind: type | None) -> None:
        self._slot = slot
        self._kind = kind

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        items: Any = self._slot.__get__(model, owner)
        if type(items) is list:
            items = Rows(items, kind=self._kind)
            self._slot.__set__(model, items)  # past the guard of frozen models: it is the same list
        return items


def holds_rows(**kinds: type | None) -> Callable[[C], C]:
    """Decorate a model whose lists find their items by name.

    Args:
        kinds: The class of the items, by the attribute; ``None`` where there are several.
    """

    def decorate(model: C) -> C:
        for name, kind in kinds.items():
            setattr(model, name, _HeldRows(vars(model)[name], kind))
        return model

    return decorate
