"""Floats in the place of decimals: models with all that is in them, for callers who asked for that.

A model becomes another of the same class. Where the class has numbers that are made of others (``price`` of
a level, ``total`` of a balance), it is one of a class below it, which goes by the same name: those numbers
are still made of decimals, and come as floats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property, wraps
from typing import Any, TypeAlias, get_args

import msgspec
from msgspec.structs import asdict, replace

from binance_wsapi.models.rows import Rows
from binance_wsapi.presentation.attributes import computed, field_types
from binance_wsapi.presentation.plain import exact

__all__ = ["floats"]

Convert: TypeAlias = Callable[[Any], Any]


def floats(value: Any) -> Any:
    """Return a value with floats for its decimals: a number, a model, a list, a mapping; or what it is."""
    kind: Any = type(value)
    return _conversion(kind)(value)


def _itself(value: Any) -> Any:
    return value


@cache
def _conversion(kind: type) -> Convert:
    """Return what makes floats of a value of a class."""
    if issubclass(kind, Decimal):
        return float
    if isinstance(kind, msgspec.StructMeta):
        return _model_conversion(kind)
    if issubclass(kind, Rows):
        return lambda rows: Rows(_each(rows), kind=rows.kind)
    if issubclass(kind, (list, tuple)):
        return lambda items: kind(_each(items))
    if issubclass(kind, Mapping):
        return lambda items: {key: floats(each) for key, each in items.items()}
    return _itself


def _each(items: Collection[Any]) -> Iterator[Any]:
    kinds: Any = set(map(type, items))
    # A book has thousands of items of one kind.
    return map(_conversion(kinds.pop()) if len(kinds) == 1 else floats, items)


def _model_conversion(kind: Any) -> Convert:
    if kind in _twins:
        return _itself
    names = _number_fields(kind)
    properties = computed(kind)
    made_of = kind
    if any(map(_may_hold, properties.values())):
        made_of = _twin(kind, names, properties)
    elif not names:
        return _itself
    has_dict = kind.__dictoffset__ != 0
    if not names and not has_dict:
        return lambda model: made_of(**asdict(model))

    def convert(model: Any) -> Any:
        values = asdict(model)
        for name in names:
            value = values[name]
            if value is not None:
                values[name] = float(value) if type(value) is Decimal else floats(value)
        made = made_of(**values)
        if has_dict:
            vars(made).update(_kept(model, properties))
        return made

    return convert


@cache
def _number_fields(kind: Any) -> tuple[str, ...]:
    """Return the fields of a model that may have decimals in them."""
    return tuple(name for name, held in field_types(kind).items() if _may_hold(held))


def _may_hold(held: Any) -> bool:
    """Whether a value of a type may have a decimal in it."""
    if parts := get_args(held):
        return any(map(_may_hold, parts))
    if isinstance(held, msgspec.StructMeta):
        # What stands for many kinds, as the events of a batch do, holds what they hold.
        return bool(held.__subclasses__()) or _conversion(held) is not _itself
    return held is Any or held is Decimal


_twins: set[Any] = set()


def _twin(kind: Any, names: tuple[str, ...], properties: Mapping[str, Any]) -> Any:
    """Return a class below a model's, whose computed numbers are floats.

    Args:
        kind: The model's class.
        names: Its fields that may hold decimals.
        properties: Its properties.
    """

    def decimals(model: Any) -> Any:
        """Return the model with decimals: what is made of its numbers is made of those."""
        values = asdict(model)
        for name in names:
            values[name] = _decimals(values[name])
        made = kind(**values)
        if kind.__dictoffset__:
            vars(made).update(_kept(model, properties))
        return made

    def in_floats(name: str) -> Any:
        member = _member(kind, name)
        getter: Any = member.func if isinstance(member, cached_property) else member.fget

        @wraps(getter)
        def get(model: Any) -> Any:
            value = getter(decimals(model) if names else model)
            return float(value) if type(value) is Decimal else floats(value)

        if isinstance(member, property):
            return property(get)
        made = cached_property(get)
        made.__set_name__(kind, name)
        return made

    def reduce(model: Any) -> Any:
        return floats, (decimals(model),)

    namespace: dict[str, Any] = {name: in_floats(name) for name in properties}
    namespace |= {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    twin = type(kind)(kind.__name__, (kind,), namespace | {"__reduce__": reduce})
    _twins.add(twin)
    return twin


def _decimals(value: Any) -> Any:
    """Return what :func:`floats` was given, as far as floats tell it."""
    match value:
        case float():
            return exact(value)
        case msgspec.Struct():
            names = _number_fields(type(value))
            return replace(value, **{name: _decimals(getattr(value, name)) for name in names})
        case list() | tuple():
            return type(value)(map(_decimals, value))
        case _:
            return value


def _kept(model: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model has besides its fields: its frame and stream, not what was computed of decimals."""
    return {name: each for name, each in vars(model).items() if name not in properties}


def _member(kind: type, name: str) -> Any:
    return next(vars(base)[name] for base in kind.__mro__ if name in vars(base))
