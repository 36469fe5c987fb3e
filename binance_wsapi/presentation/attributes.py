"""What of a model a person reads: its attributes by their readable names, and what each of them is.

A field whose name says that it is only the wire's form of a property (``price_text`` of ``price``,
``filters_json`` of ``filters``, ``raw_order`` of ``order``) gives its place to the property.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["Attribute", "Role", "attributes", "computed", "epoch_us", "field_types", "is_time"]


class Role(Enum):
    """What an attribute is."""

    DECIMAL = auto()
    FLOAT = auto()
    INTEGER = auto()
    TIME = auto()
    """An epoch time; its size tells whether in ms or µs."""
    FLAG = auto()
    TEXT = auto()
    MODEL = auto()
    """Another model."""
    MODELS = auto()
    """A list of models."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a model."""

    name: str
    """What it is read by."""
    field: str
    """The field it is made from; the name itself where it is made of several, or of none."""
    role: Role
    """What it is."""
    type: Any
    """Its type, ``None`` left out."""
    is_essential: bool
    """Whether it is always there."""


_TIMES = frozenset(
    {
        "authorized_since",
        "connected_since",
        "expires_at_ms",
        "from_ms",
        "good_till_date",
        "resets_at_us",
        "session_end",
        "session_start",
        "time",
        "timestamp",
        "until_ms",
    }
)
_LEAST_MICROSECONDS = 10**14
_NO_DATA = frozenset({"event_type", "raw", "stream"})
"""Properties of every event that tell nothing new, or too much."""


def is_time(name: str) -> bool:
    """Whether an integer of that name is an epoch time."""
    return name in _TIMES or name.endswith("_time")


def epoch_us(time: int | None) -> int | None:
    """Return an epoch time in µs; ``None`` where it is no time (-1 and 0 stand for none)."""
    if time is None or time <= 0:
        return None
    return time if time >= _LEAST_MICROSECONDS else time * 1000


@cache
def attributes(kind: Any) -> tuple[Attribute, ...]:
    """Return what a person reads of a model, in the order it is declared."""
    properties = computed(kind)
    types = field_types(kind)
    found: dict[str, Attribute] = {}
    if "filter_type" in properties:
        found["filter_type"] = _attribute("filter_type", "filter_type", properties["filter_type"])
    for field in kind.__struct_fields__:
        name = _readable(field, properties)
        if name is not None and name not in found:
            found[name] = _attribute(
                name, field, properties[name] if name in properties else types.get(field, Any)
            )
    for name, returned in properties.items():
        if name not in found:
            found[name] = _attribute(name, name, returned)
    return tuple(found.values())


def _readable(field: str, properties: dict[str, Any]) -> str | None:
    """Return what a field is read by; ``None`` for one that is not for people."""
    for name in (
        field.lstrip("_"),
        field.removesuffix("_text"),
        field.removesuffix("_json"),
        field.removeprefix("raw_"),
    ):
        if name != field and name in properties:
            return name
    return None if field.startswith(("_", "unused")) else field


def computed(kind: type) -> dict[str, Any]:
    """Return what the public properties of a model return, those of its bases first."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, (property, cached_property)):
                getter = member.fget if isinstance(member, property) else member.func
                if not name.startswith("_") and name not in _NO_DATA:
                    found[name] = _returned(getter)
    return found


def _returned(getter: Any) -> Any:
    try:
        return get_type_hints(getter)["return"]
    except NameError:  # imported for type checkers alone
        return Any


def field_types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the types of a model's fields; nothing for models that hold no more than texts."""
    try:
        return {field.name: field.type for field in msgspec.structs.fields(kind)}
    except NameError:  # a class that says it belongs to the package, where its types are not
        return {}


def _attribute(name: str, field: str, declared: Any) -> Attribute:
    members = _members(declared)
    wanted = [each for each in members if each is not NoneType]
    alone = wanted[0] if len(wanted) == 1 else declared
    is_essential = len(wanted) == len(members) and declared is not Any
    return Attribute(name, field, _role(name, wanted), alone, is_essential)


def _members(declared: Any) -> tuple[Any, ...]:
    is_union = isinstance(declared, UnionType) or get_origin(declared) is Union
    return get_args(declared) if is_union else (declared,)


def _role(name: str, wanted: list[Any]) -> Role:
    if all(isinstance(each, msgspec.StructMeta) for each in wanted):
        return Role.MODEL
    declared: Any = wanted[0] if len(wanted) == 1 else Any
    origin = get_origin(declared)
    if origin in {list, tuple}:
        members = _members(get_args(declared)[0])
        is_models = all(isinstance(each, msgspec.StructMeta) for each in members)
        return Role.MODELS if is_models else Role.OTHER
    if origin is Literal:
        return Role.TEXT
    if not isinstance(declared, type):
        return Role.OTHER
    if issubclass(declared, int) and declared is not bool:
        return Role.TIME if is_time(name) else Role.INTEGER
    for kind, role in _SIMPLE.items():
        if issubclass(declared, kind):
            return role
    return Role.OTHER


_SIMPLE: dict[type, Role] = {
    Decimal: Role.DECIMAL,
    float: Role.FLOAT,
    bool: Role.FLAG,
    str: Role.TEXT,
    Enum: Role.TEXT,
}
