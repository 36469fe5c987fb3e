"""From JSON to models, also where the exchange has changed the form of what it sends.

What makes a thing what it is (symbol, ids, side, type, status, quantities, price) must be there. Any
other member, one whose type allows ``None``, costs itself alone when it is missing or of another form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin

import msgspec

__all__ = ["lenient_reader", "tolerant_decoder"]

_log = logging.getLogger("binance_wsapi.models")

Decode: TypeAlias = Callable[[bytes | msgspec.Raw], Any]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode

_noted: set[tuple[type, str]] = set()


@cache
def tolerant_decoder(wanted: Any) -> Decode:
    """Return a function that decodes JSON to the type ``wanted``: strictly, or else leniently.

    Of several structs the first that fits is taken: msgspec tells them apart by a tag, which the
    exchange does not send where a single order and an order list may come back. A list of such unions
    is decided item by item.

    The function raises ``msgspec.DecodeError`` for what does not fit either way.
    """
    strict, lenient = _strict(wanted), _lenient(wanted)
    if strict is None or lenient is None:
        only = strict or lenient
        assert only is not None
        return only

    def decode(wire: bytes | msgspec.Raw) -> Any:
        try:
            return strict(wire)
        except msgspec.ValidationError:
            return lenient(wire)

    return decode


@cache
def lenient_reader(kind: type[msgspec.Struct]) -> Decode:
    """Return a function that decodes JSON to a struct, member by member."""
    config = kind.__struct_config__
    fields = [_Field.of(each) for each in msgspec.structs.fields(kind)]
    names = [field.wire_name for field in fields]

    def read(wire: bytes | msgspec.Raw) -> Any:
        if config.array_like:
            members = dict(zip(names, _items(wire), strict=False))
        else:
            members = _members(wire)
        if config.tag_field in members and _any(members[config.tag_field]) != config.tag:
            raise msgspec.ValidationError(f"this is no {kind.__name__}")
        return kind(
            **{
                field.name: field.read(kind, members.get(field.wire_name))
                for field in fields
                if field.is_required or field.wire_name in members
            }
        )

    return read


class _Field(NamedTuple):
    """A member of a struct, and how to read it."""

    name: str
    wire_name: str
    is_required: bool
    is_essential: bool
    decode: Decode

    @classmethod
    def of(cls, field: msgspec.structs.FieldInfo) -> _Field:
        is_essential = not (_is_union(field.type) and NoneType in get_args(field.type))
        return cls(
            field.name,
            field.encode_name,
            field.required,
            is_essential,
            tolerant_decoder(field.type),
        )

    def read(self, kind: type, wire: msgspec.Raw | None) -> Any:
        if wire is None:
            if self.is_essential:
                raise msgspec.ValidationError(f"Object missing required field `{self.wire_name}`")
            self._note(kind, "is missing")
            return None
        try:
            return self.decode(wire)
        except msgspec.ValidationError as error:
            if self.is_essential:
                raise msgspec.ValidationError(f"`{self.wire_name}`: {error}") from None
            self._note(kind, str(error))
            return None

    def _note(self, kind: type, problem: str) -> None:
        if (kind, self.name) not in _noted:
            _noted.add((kind, self.name))
            _log.warning(
                "%s.%s is None: member %r of what the exchange sent has another form than documented "
                "(%s); told once",
                kind.__name__,
                self.name,
                self.wire_name,
                problem,
            )


def _strict(wanted: Any) -> Decode | None:
    try:
        return msgspec.json.Decoder(wanted).decode
    except TypeError:  # structs that no tag tells apart
        return None


def _lenient(wanted: Any) -> Decode | None:
    """Return a function that decodes what is made of structs; ``None`` for all else."""
    if isinstance(wanted, msgspec.StructMeta):
        return lenient_reader(wanted)
    if get_origin(wanted) is list and _lenient(get_args(wanted)[0]) is not None:
        decode_item = tolerant_decoder(get_args(wanted)[0])
        return lambda wire: [decode_item(item) for item in _items(wire)]
    if wanted == int | None:
        # Documents show a time of options as text.
        return msgspec.json.Decoder(wanted, strict=False).decode
    if _is_union(wanted):
        kinds = [each for each in get_args(wanted) if each is not NoneType]
        stricts = [decode for each in kinds if (decode := _strict(each)) is not None]
        lenients = [decode for each in kinds if (decode := _lenient(each)) is not None]
        return _first_that_fits([*stricts, *lenients]) if lenients else None
    return None


def _first_that_fits(decoders: list[Decode]) -> Decode:
    *first, last = decoders

    def decode(wire: bytes | msgspec.Raw) -> Any:
        for attempt in first:
            try:
                return attempt(wire)
            except msgspec.ValidationError:
                continue
        return last(wire)

    return decode


def _is_union(wanted: Any) -> bool:
    return isinstance(wanted, UnionType) or get_origin(wanted) is Union
