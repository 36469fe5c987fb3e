"""Write single values as the exchange takes them, or say what is wrong with them.

One converter a parameter, made once with the parameter's limits inside; each tries the type that is
given most first.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple, TypeGuard

from binance_wsapi.catalogue.operation import Kind, Param
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import micros
from binance_wsapi.protocol.secrets import SECRET_NAMES

__all__ = [
    "Convert",
    "PlainValues",
    "WireValue",
    "any_value",
    "converter",
    "decimal_text",
    "name_text",
    "plain_values",
    "shown",
    "wrong_type",
]

WireValue = str | int | bool | list[str]
"""What a parameter is on the wire: decimals are text, timestamps are ints."""

Convert = Callable[[object], WireValue]


def converter(param: Param, label: str, market: Market, *, own_id: str | None = None) -> Convert:
    """Return the function that checks and writes the values of one parameter.

    Args:
        param: The parameter.
        label: Its name as the caller spells it, for errors.
        market: Whose operation it belongs to.
        own_id: The parameter, if there is one, that takes an id of the caller's own in its stead.
    """
    match param.kind:
        case Kind.STRING if param.name in _SYMBOLS:
            return _symbol(param, label)
        case Kind.STRING:
            return _string(param, label)
        case Kind.INT if param.is_id:
            return _id(param, label, own_id)
        case Kind.INT:
            return _int(param, label)
        case Kind.DECIMAL:
            return _decimal(param, label)
        case Kind.BOOLEAN:
            return _boolean(label)
        case Kind.BOOLEAN_TEXT:
            return _boolean_text(label)
        case Kind.ENUM:
            return _enum(param, label)
        case Kind.TIMESTAMP:
            return _timestamp(label, market)
        case Kind.STRING_LIST if param.name in _SYMBOLS:
            return _list(param, label, _symbol(param, label))
        case Kind.STRING_LIST:
            return _list(param, label, _string(param, label))
        case Kind.ENUM_LIST:
            return _list(param, label, _enum(param, label))


class PlainValues(NamedTuple):
    """Values of a parameter that its converter takes and leaves as they are."""

    type: type
    """Their own type; those of a subclass are converted."""
    test: Callable[[Any], object]
    """True of those that are plain; in C, for a call of it costs least."""


def plain_values(param: Param) -> PlainValues | None:
    """Return which values of a parameter need no converter, if there are such."""
    if param.max_length is not None or param.pattern is not None:
        return None
    match param.kind:
        case Kind.STRING if param.name in _SYMBOLS:
            return PlainValues(str, _met_symbols.__contains__)
        case Kind.STRING:
            return PlainValues(str, _is_plain_text)
        case Kind.INT:
            return PlainValues(int, _whole_numbers(param).__contains__)
        case Kind.DECIMAL if not _is_limited(param):
            return PlainValues(str, _met_decimals.__contains__)
        case Kind.ENUM:
            return PlainValues(str, frozenset(_texts(param)).__contains__)
        case Kind.TIMESTAMP:
            return PlainValues(int, _PLAIN_TIMES.__contains__)
        case _:
            return None


# A program trades few symbols, and quantities and prices come back: to find a text here costs a tenth of
# matching it.
_met_symbols: set[str] = set()
_met_decimals: set[str] = set()
_MOST_MET = 2000


def _meet(text: str, met: set[str]) -> None:
    if len(met) >= _MOST_MET:
        met.clear()
    met.add(text)


def any_value(label: str, value: object) -> WireValue:
    """Write the value of a parameter nothing is known about, by its type alone.

    Raises:
        ParameterError: The type has no place on the wire.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, label)
    if isinstance(value, Decimal | float):
        return decimal_text(value, label)
    if isinstance(value, Enum):
        return any_value(label, value.value)
    if isinstance(value, date):
        return _timestamp(label, Market.USDM)(value)  # milliseconds, which every market takes
    if _is_list(value):
        return [_text(item, label) for item in value]
    number = _whole(value, label)
    _check_range(label, value, number, -_INT64_MAX - 1, _INT64_MAX)
    return number


def name_text(name: object, label: str) -> str:
    """Return the name of a parameter or a method if it can stand on the wire.

    Raises:
        ParameterError: It is no text, empty, or holds half a character.
    """
    return _text(name, label)


# The exchange's own pattern: no sign, no exponent (-1100).
_is_plain_decimal = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?").fullmatch
_is_number = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?").fullmatch
_MOST_DIGITS = 20
"""On either side of the point."""


def decimal_text(value: str | Decimal | float, parameter: str) -> str:
    """Return a number as plain decimal text: no exponent, no binary noise, no digit changed.

    Text that is plain already stays as it is, trailing zeros included.

    Args:
        value: The number; text must be as the exchange takes it.
        parameter: Its name, for the error.

    Raises:
        ParameterError: It is no number, or none that the exchange takes: it has a sign, or more than
            20 digits before or after the point; or it is text and not plain, such as ``1e-7``.
    """
    if type(value) is str:
        if _is_plain_decimal(value):
            return value
        raise _no_plain_text(value, parameter)
    if isinstance(value, Decimal):
        text = str(value)
    elif isinstance(value, float):
        text = float.__repr__(value)  # a subclass, such as numpy's, shows itself in other ways
    elif isinstance(value, str) and not isinstance(value, Enum):
        return decimal_text(str.__str__(value), parameter)
    else:
        text = _int_text(value, parameter)
    if _is_plain_decimal(text):
        return text
    number = Decimal(text)
    if not number.is_finite():
        raise _refused(parameter, value, "is not a finite number")
    plain = _written_out(number)
    if plain is None:
        raise _refused(parameter, value, _outside(number))
    return plain


def _no_plain_text(text: str, parameter: str) -> ParameterError:
    bare = re.sub(r"[\s,_]", "", text)
    if not _is_number(bare):
        return _refused(parameter, text, "is not a decimal number")
    number = Decimal(bare)
    plain = _written_out(number)
    if plain is None:
        return _refused(parameter, text, _outside(number))
    return _refused(parameter, text, f"is not a plain decimal number: write '{plain}'")


def _written_out(number: Decimal) -> str | None:
    """Return a number as the exchange takes it; ``None`` when it takes it in no spelling."""
    # What is far outside is not written out at all; at the bounds the pattern below decides.
    if not -_MOST_DIGITS <= number.adjusted() < _MOST_DIGITS:
        return None
    text = f"{number.copy_abs() if number.is_zero() else number:f}"
    if len(text.partition(".")[2]) > _MOST_DIGITS:
        text = text.rstrip("0")
    return text if _is_plain_decimal(text) else None


def _outside(number: Decimal) -> str:
    """Return why the exchange does not take a number."""
    if number < 0:
        return "is negative"
    if number.adjusted() >= _MOST_DIGITS:
        return f"has more than {_MOST_DIGITS} digits before the point"
    return f"has more than {_MOST_DIGITS} digits after the point: round it"


def _int_text(value: object, parameter: str) -> str:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]  # what is no integer raises
    except TypeError:
        raise wrong_type(parameter, value, "write a str, Decimal, int or float") from None
    if number >= 10**_MOST_DIGITS:  # Python refuses to write down the largest
        raise _refused(parameter, value, _outside(Decimal(10) ** _MOST_DIGITS))
    if number < 0:
        raise _refused(parameter, value, _outside(Decimal(-1)))
    return str(number)


def _decimal(param: Param, label: str) -> Convert:
    least, most = _limit(param.minimum), _limit(param.maximum)
    places = param.max_decimals
    if not _is_limited(param):
        return _plain_decimal(label)

    def convert(value: object) -> str:
        text = decimal_text(value, label)  # type: ignore[arg-type]  # checked there
        number = Decimal(text)
        _check_range(label, value, number, least, most)
        if places is not None and number != round(number, places):
            raise _refused(label, value, f"has more than {places} decimals")
        return text

    def convert_window(value: object) -> WireValue:
        text = convert(value)
        return text if "." in text else int(text)

    # The examples of all markets show recvWindow as a JSON number.
    return convert_window if param.auth else convert


def _is_limited(param: Param) -> bool:
    return any(each is not None for each in (param.minimum, param.maximum, param.max_decimals))


def _plain_decimal(label: str) -> Convert:
    def convert(value: object) -> str:
        if type(value) is str and _is_plain_decimal(value):
            _meet(value, _met_decimals)
            return value
        return decimal_text(value, label)  # type: ignore[arg-type]  # checked there

    return convert


def _limit(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _check_range(
    label: str,
    value: object,
    number: Decimal | int,
    least: Decimal | int | None,
    most: Decimal | int | None,
) -> None:
    if least is not None and number < least:
        raise _refused(label, value, f"is too small: the least is {least}")
    if most is not None and number > most:
        raise _refused(label, value, f"is too large: the most is {most}")


_INT64_MAX = 2**63 - 1


def _int(param: Param, label: str) -> Convert:
    allowed = _whole_numbers(param)
    least, most = allowed[0], allowed[-1]

    def convert(value: object) -> int:
        number = value if type(value) is int else _whole(value, label)
        if not least <= number <= most:
            _check_range(label, value, number, least, most)
        return number

    return convert


_is_id_text = re.compile(r"[0-9]{1,20}").fullmatch


def _id(param: Param, label: str, own_id: str | None) -> Convert:
    convert_number = _int(param, label)

    def convert(value: object) -> WireValue:
        if isinstance(value, str) and not isinstance(value, Enum):
            if _is_id_text(value):  # as files and databases keep it
                return convert_number(int(value))
            if not re.fullmatch(r"\s*-?[0-9]*\s*", value):
                hint = f": an id of your own goes into {own_id}" if own_id else ""
                raise _refused(label, value, f"is no number{hint}")
        return convert_number(value)

    return convert


def _whole_numbers(param: Param) -> range:
    least = -_INT64_MAX - 1 if param.minimum is None else int(param.minimum)
    most = _INT64_MAX if param.maximum is None else int(param.maximum)
    return range(least, most + 1)


def _whole(value: object, label: str) -> int:
    if isinstance(value, bool):
        raise wrong_type(label, value, "write a whole number")
    if isinstance(value, str) and value.isascii() and value.strip().lstrip("-").isdigit():
        raise wrong_type(label, value, f"write {value.strip()} without quotes")
    if isinstance(value, float) and value.is_integer():
        raise wrong_type(label, value, f"write {value:.0f}")
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what is no integer raises
    except TypeError:
        raise wrong_type(label, value, "write a whole number") from None


def _string(param: Param, label: str) -> Convert:
    longest = param.max_length
    matches = re.compile(param.pattern).fullmatch if param.pattern else None

    def convert(value: object) -> str:
        text = value if type(value) is str and value and value.isascii() else _text(value, label)
        if longest is not None and len(text) > longest:
            raise _refused(label, value, f"is too long: at most {longest} characters")
        if matches is not None and not matches(text):
            raise _refused(label, value, f"does not match {param.pattern}")
        return text

    return convert


_SYMBOLS = frozenset({"symbol", "symbols", "pair"})
# BTC/USDT, btc-usdt, BTC/USDT:USDT: how others spell them. The exchange's have none of these, and no
# lower case.
_is_spelled_otherwise = re.compile(r"[a-z/:\s-]").search
_is_plain_symbol = re.compile(r"[A-Z0-9_.]+").fullmatch
_is_plain_text = re.compile(r"[\x00-\x7f]+").fullmatch


def _symbol(param: Param, label: str) -> Convert:
    convert_text = _string(param, label)

    def convert(value: object) -> WireValue:
        if type(value) is str and _is_plain_symbol(value):
            _meet(value, _met_symbols)
            return value
        text = convert_text(value)
        assert isinstance(text, str)
        if text.isascii() and _is_spelled_otherwise(text):
            right = re.sub(r":.*|[/\s-]", "", text).upper() or "BTCUSDT"
            raise _refused(label, value, f"is misspelt: write {right!r}")
        return text

    return convert


def _text(value: object, label: str) -> str:
    """Return the text of a str or of an enum member of text."""
    if isinstance(value, Enum):
        value = value.value
    if not isinstance(value, str):
        hint = f"write {str(value)!r}" if type(value) is int else "write a str"
        raise wrong_type(label, value, hint)
    text = str.__str__(value)
    if not text:
        raise _refused(label, value, "is empty: leave it out or give a value")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused(label, value, "is no valid text: it holds half a character") from None
    return text


def _enum(param: Param, label: str) -> Convert:
    # Members of the enum are equal to their text: one look-up serves both, and gives plain text.
    known = {text: text for text in _texts(param)}
    right_spelling = {_folded(text): text for text in known}

    def convert(value: object) -> str:
        try:
            return known[value]  # type: ignore[index]  # anything hashable may be asked for
        except (KeyError, TypeError):
            pass  # told below, where this error is no part of it
        return unlisted(value)

    def unlisted(value: object) -> str:
        text = _text(value, label)
        if text in known:  # a member of an enum of the caller's own
            return text
        if isinstance(value, Enum) and param.enum and not isinstance(value, param.enum):
            raise _refused(label, value, f"is none of {', '.join(known)}")
        right = right_spelling.get(_folded(text))
        if right is not None:
            raise _refused(label, value, f"is misspelt: write {right!r}")
        return text  # the exchange may have added it

    return convert


def _texts(param: Param) -> list[str]:
    return [str(member.value) for member in param.enum or ()]


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).casefold()


def _boolean(label: str) -> Convert:
    def convert(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise wrong_type(label, value, "write True or False")

    return convert


def _boolean_text(label: str) -> Convert:
    def convert(value: object) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and value in {"true", "false", "TRUE", "FALSE"}:
            return value
        raise wrong_type(label, value, "write True or False")

    return convert


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS_LIKE_SECONDS = range(10**9, 10**11)
_PLAIN_TIMES = range(_LOOKS_LIKE_SECONDS.stop, _INT64_MAX + 1)


def _timestamp(label: str, market: Market) -> Convert:
    def convert(value: object) -> int:
        if isinstance(value, datetime):
            return _epoch(value, label, market)
        number = value if type(value) is int else _other_time(value, label, market)
        if number < 0:
            raise _refused(label, value, "lies before 1970")
        if number in _LOOKS_LIKE_SECONDS:
            raise _refused(label, value, f"is in seconds: write milliseconds, {number}000")
        if number > _INT64_MAX:
            raise _refused(label, value, "is in no unit of the exchange: write milliseconds")
        return number

    return convert


def epoch_us(value: object, parameter: str) -> int:
    """Return a time as epoch microseconds, whatever form of a time it is given in.

    Raises:
        ParameterError: It is none.
    """
    number = _timestamp(parameter, Market.SPOT)(value)
    assert isinstance(number, int)
    return micros(number)


_FORMS_OF_TIME = (
    "write a datetime that knows its time zone, a date, ISO text such as '2026-11-28' or "
    "'2026-11-28T12:00Z' (days begin at midnight UTC), or whole epoch milliseconds such as "
    "1795824000000"
)
_is_iso_text = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?").fullmatch


def _other_time(value: object, label: str, market: Market) -> int:
    """Return what is neither a datetime nor an int as a time."""
    if isinstance(value, date):
        return _epoch(datetime(value.year, value.month, value.day, tzinfo=UTC), label, market)
    if isinstance(value, str) and (found := _is_iso_text(value.strip())):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise _refused(label, value, f"is no time ({error}): {_FORMS_OF_TIME}") from None
        if found[1] is None:
            moment = moment.replace(tzinfo=UTC)
        elif moment.utcoffset() is None:
            raise _refused(label, value, f"has no time zone: write '{value.strip()}Z' for UTC")
        return _epoch(moment, label, market)
    return _whole_time(value, label)


def _whole_time(value: object, label: str) -> int:
    if isinstance(value, float) and int(value if isfinite(value) else 0) in _LOOKS_LIKE_SECONDS:
        millis = f"{value * 1000:.0f}"
        raise _refused(label, value, f"is in seconds: write whole milliseconds, {millis}")
    if isinstance(value, int | str | float) and not isinstance(value, bool):
        text = str(value).strip()
        if re.fullmatch(r"-?[0-9]+(\.0)?", text):
            return _whole(value, label)
    try:
        if not isinstance(value, bool):
            return operator.index(value)  # type: ignore[arg-type]  # what is no integer raises
    except TypeError:
        pass
    raise wrong_type(label, value, _FORMS_OF_TIME)


def _epoch(moment: datetime, label: str, market: Market) -> int:
    """Return epoch milliseconds, or microseconds for a Spot moment between two milliseconds.

    The futures markets take milliseconds alone, so there the rest is cut off.
    """
    if moment.utcoffset() is None:
        raise _refused(label, moment, "has no time zone: use datetime.now(UTC) or tzinfo=")
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    if micros < 0:
        raise _refused(label, moment, "lies before 1970")
    millis, rest = divmod(micros, 1000)
    return micros if rest and market.facts.takes_microseconds else millis


def _list(param: Param, label: str, convert_item: Convert) -> Convert:
    most = param.max_items

    def convert(value: object) -> list[str]:
        # A bare name is a list of one (the exchange takes it so too); a list written as text is not.
        if isinstance(value, str) and not re.search(r"[\s,\[\]\"]", value):
            value = [value]
        if not _is_list(value):
            raise wrong_type(label, value, "write a list, such as ['BTCUSDT', 'ETHUSDT']")
        if not value:
            raise _refused(label, value, "is empty: leave it out or give a value")
        items = [str(convert_item(item)) for item in value]
        if most is not None and len(items) > most:
            raise _refused(label, value, f"has {len(items)} items: at most {most} are taken")
        if len(set(items)) < len(items):
            twice = next(item for item in items if items.count(item) > 1)
            raise _refused(label, value, f"names {twice} twice")
        return items

    return convert


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


_SECRET_LABELS = SECRET_NAMES | {"api_key", "listen_key", "listen_token"}
_LONGEST_SHOWN = 80


def shown(label: str, value: object) -> object:
    """Return a value as an error may carry it: a secret is not shown."""
    return "***" if label in _SECRET_LABELS else value


def _refused(label: str, value: object, problem: str) -> ParameterError:
    value = shown(label, value)
    return ParameterError(f"{label}={_brief(value)} {problem}", parameter=label, value=value)


def _brief(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN * 3:
        return f"an int of {value.bit_length()} bits"  # Python refuses to print the largest
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def wrong_type(label: str, value: object, way_out: str) -> ParameterError:
    """Return the error for a value of a type that the parameter does not take."""
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    return _refused(label, value, f"is {article} {kind}: {way_out}")
