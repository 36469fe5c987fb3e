"""From models to what every program can read: dicts, lists, texts and numbers; and to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from binance_wsapi.errors import ParameterError, UnreadableResult
from binance_wsapi.models.readable import Numbers
from binance_wsapi.presentation.attributes import Role, attributes
from binance_wsapi.presentation.secret_fields import SECRET_WORDS, beginning

__all__ = ["check_numbers", "exact", "json_text", "plain", "plain_decimal"]


def plain(value: Any, numbers: Numbers) -> Any:
    """Return a value as dicts, lists and what JSON knows, by readable names; secrets are cut short."""
    check_numbers(numbers)
    return _plain(value, *_WRITERS[numbers])


def json_text(value: Any, numbers: Numbers) -> str:
    """Return a value as JSON, by readable names; decimals are texts, or numbers for ``float``."""
    return msgspec.json.encode(plain(value, numbers)).decode()


def check_numbers(numbers: object) -> None:
    """Refuse what is no way to write numbers.

    Raises:
        ParameterError: It is not.
    """
    if numbers not in {"decimal", "float", "str"}:
        raise ParameterError(
            f"numbers={numbers!r} is not known: write 'decimal', 'float' or 'str'",
            parameter="numbers",
            value=numbers,
        )


def plain_decimal(number: Decimal) -> str:
    """Return a decimal without an exponent and without the zeros at its end."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def exact(number: float) -> Decimal:
    """Return what a float in the place of a decimal stands for: the number that its shortest text tells."""
    return Decimal(repr(number))


def _as_it_is(number: Any) -> Any:
    return number


def _as_text(number: Decimal) -> str:
    return format(number, "f")


def _float_as_text(number: float) -> str:
    return _as_text(exact(number))


_WRITERS: dict[str, tuple[Any, Any]] = {
    "decimal": (_as_it_is, _as_it_is),
    "float": (float, _as_it_is),
    "str": (_as_text, _float_as_text),
}
"""What writes a decimal, and a float that stands in the place of one."""


def _plain(value: Any, of_decimal: Any, of_float: Any) -> Any:
    match value:
        case Decimal():
            return of_decimal(value)
        case float():
            return of_float(value)
        case Enum():
            return value.value
        case msgspec.Struct():
            return _of_model(value, of_decimal, of_float)
        case list() | tuple():
            return [_plain(each, of_decimal, of_float) for each in value]
        case Mapping():
            return {
                key: _cut_short(key, _plain(each, of_decimal, of_float))
                for key, each in value.items()
            }
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case None | bool() | int() | str():
            return value
        case _:  # a response, within what became of a call
            return _plain(value.result, of_decimal, of_float)


def _of_model(model: msgspec.Struct, of_decimal: Any, of_float: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if (event_type := getattr(model, "event_type", None)) is not None:
        made["event_type"] = event_type
    for attribute in attributes(type(model)):
        name = attribute.name
        try:
            value = getattr(model, name)
        except UnreadableResult:
            name = attribute.field
            value = getattr(model, name)
        # What is no decimal on any client stays the number it is.
        own = _as_it_is if attribute.role is Role.FLOAT else of_float
        made[name] = _cut_short(name, _plain(value, of_decimal, own))
    return made


def _cut_short(name: object, value: Any) -> Any:
    return beginning(value) if name in SECRET_WORDS and isinstance(value, str) else value
