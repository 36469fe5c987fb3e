"""From the bytes of an answer to its model, also where one answer has several shapes."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec

__all__ = ["result_decoder"]


def result_decoder(result: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function that decodes the JSON of an answer to the type ``result``.

    msgspec tells structs of a union apart by a tag, which the exchange does not send where a single
    order and an order list may come back. There the first struct that fits is taken; a list of such
    unions is decided row by row.

    The function raises ``msgspec.MsgspecError`` for what does not fit.
    """
    if _is_union_of_structs(result):
        return _first_that_fits(get_args(result))
    if get_origin(result) is list and _is_union_of_structs(get_args(result)[0]):
        decode_row = _first_that_fits(get_args(get_args(result)[0]))
        decode_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
        return lambda wire: [decode_row(row) for row in decode_rows(wire)]
    return msgspec.json.Decoder(result).decode


def _is_union_of_structs(result: Any) -> bool:
    members = get_args(result) if isinstance(result, UnionType) else ()
    return len(members) > 1 and all(isinstance(each, msgspec.StructMeta) for each in members)


def _first_that_fits(types: tuple[Any, ...]) -> Callable[[bytes | msgspec.Raw], Any]:
    *first, last = [msgspec.json.Decoder(each).decode for each in types]

    def decode(wire: bytes | msgspec.Raw) -> Any:
        for attempt in first:
            try:
                return attempt(wire)
            except msgspec.ValidationError:
                continue
        return last(wire)

    return decode
