"""Reading the parameters of a request: the exchange's own checks of form, in its own words.

A value that is missing, null or empty text counts as not sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import to_micros
from binance_wsapi.simulator.errors import (
    ExchangeError,
    illegal_characters,
    invalid_parameter,
    mandatory_missing,
    too_much_precision,
)
from binance_wsapi.simulator.spot.money import places

__all__ = [
    "Params",
    "check_known",
    "client_id",
    "count",
    "decimal",
    "flag",
    "integer",
    "is_sent",
    "names",
    "one_of",
    "text",
    "time_range",
]

Params = Mapping[str, Any]

DECIMAL_PATTERN = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER_PATTERN = "^[0-9]{1,20}$"
CLIENT_ID_PATTERN = "^[a-zA-Z0-9-_]{1,36}$"

_DECIMAL = re.compile(DECIMAL_PATTERN)
_INTEGER = re.compile(INTEGER_PATTERN)
_CLIENT_ID = re.compile(r"^[a-zA-Z0-9\-_]{1,36}$")

LARGEST_INTEGER = 2**63 - 1
LARGEST_RANGE_US = 24 * 3600 * 1_000_000


def is_sent(params: Params, name: str) -> bool:
    """Whether a parameter carries a value."""
    value = params.get(name)
    return value is not None and value != ""


def text(params: Params, name: str) -> str:
    """Return a mandatory text."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise mandatory_missing(name)
    return value


def one_of(
    params: Params, name: str, values: frozenset[str], refusal: tuple[int, str] | None = None
) -> str | None:
    """Return an enumerated value, ``None`` when it was not sent.

    Args:
        params: The request's parameters.
        name: Wire name.
        values: What is allowed.
        refusal: Code and text of the error for any other value; -1130 by default.
    """
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in values:
        raise ExchangeError(*refusal) if refusal is not None else invalid_parameter(name)
    return value


def decimal(params: Params, name: str) -> Decimal | None:
    """Return a decimal with eight places, ``None`` when it was not sent."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if type(value) is not str:
        if isinstance(value, float):
            value = format(Decimal(repr(value)), "f")
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            value = str(value)
        else:
            raise mandatory_missing(name)
    if not _DECIMAL.match(value):
        raise illegal_characters(name, DECIMAL_PATTERN)
    number = Decimal(value)
    rounded = places(number)
    if rounded != number:
        raise too_much_precision(name)
    return rounded


def integer(params: Params, name: str) -> int | None:
    """Return a whole number that is not negative, ``None`` when it was not sent."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise mandatory_missing(name)
    if not _INTEGER.match(str(value)):
        raise illegal_characters(name, INTEGER_PATTERN)
    number = int(value)
    if number > LARGEST_INTEGER:
        raise ExchangeError(-1108, f"Parameter '{name}' overflowed.")
    return number


def flag(params: Params, name: str, *, default: bool = False) -> bool:
    """Return a boolean, sent as JSON boolean or as its text."""
    value = params.get(name)
    if value is None or value == "":
        return default
    if value in (True, "true", "TRUE"):
        return True
    if value in (False, "false", "FALSE"):
        return False
    raise invalid_parameter(name)


def client_id(params: Params, name: str) -> str | None:
    """Return an id of the caller's own making, ``None`` when it was not sent."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _CLIENT_ID.match(value):
        raise illegal_characters(name, CLIENT_ID_PATTERN)
    return value


def names(params: Params, name: str) -> list[str] | None:
    """Return a list of texts, ``None`` when it was not sent; a bare text is a list of one."""
    if not is_sent(params, name):
        return None
    value = params[name]
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise invalid_parameter(name)
    if not value:
        raise mandatory_missing(name)
    if len(set(value)) != len(value):
        raise ExchangeError(-1151, "Symbol is present multiple times in the list.")
    return list(value)


def count(params: Params, *, default: int = 500, largest: int = 1000) -> int:
    """Return ``limit``: how many rows are asked for, cut down to what the method gives at most."""
    value = integer(params, "limit")
    if value is None:
        return default
    if value == 0:
        raise invalid_parameter("limit")
    return min(value, largest)


def time_range(params: Params) -> tuple[int | None, int | None]:
    """Return ``startTime`` and ``endTime`` in microseconds, at most 24 hours apart."""
    start, end = integer(params, "startTime"), integer(params, "endTime")
    start_us = to_micros(start) if start is not None else None
    # Rows carry microseconds, an end in milliseconds includes all of its millisecond.
    end_us = None
    if end is not None:
        end_us = to_micros(end) + (999 if to_micros(end) != end else 0)
    if start_us is not None and end_us is not None:
        if end_us < start_us:
            raise ExchangeError(-1127, "Lookup interval is too big.")
        if end_us - start_us > LARGEST_RANGE_US + 999:
            raise ExchangeError(-1127, "More than 24 hours between startTime and endTime.")
    return start_us, end_us


def check_known(params: Params, known: frozenset[str]) -> None:
    """Refuse a request that carries a parameter its method does not read."""
    unread = params.keys() - known
    if unread:
        raise ExchangeError(
            -1104,
            "Not all sent parameters were read; read "
            f"'{len(params) - len(unread)}' parameter(s) but was sent '{len(params)}'.",
        )
