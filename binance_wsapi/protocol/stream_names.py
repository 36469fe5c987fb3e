"""Names of market streams, checked before they are asked for: the exchange takes any name and stays silent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from binance_wsapi.catalogue.stream import OtherForm
from binance_wsapi.catalogue.stream_params import OPTION_EXAMPLE, OPTION_FORM
from binance_wsapi.catalogue.streams import find_stream, streams
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market
from binance_wsapi.protocol.control_messages import fits_message
from binance_wsapi.protocol.secrets import masked

__all__ = ["checked_names", "doubt", "stream_name"]

_SEPARATORS = frozenset("/,:;|-")
"""What stands between the parts of symbols elsewhere, and in no symbol of the exchange but an option's."""

_OF_TOKENS = "came@"
"""What streams of Alpha tokens begin with: an address of a contract may be as long as a listen key."""

_is_option = re.compile(OPTION_FORM, re.IGNORECASE).fullmatch
_is_like_option = re.compile(r"[^-]+-(?=[0-9])").match


def stream_name(name: str, /, **values: str | int | None) -> str:
    """Return the wire name of a stream of the catalogue.

    Args:
        name: The stream's name in the catalogue, such as ``agg_trade``.
        **values: Its parameters; ``None`` leaves an optional one out.

    Raises:
        ParameterError: A value cannot be right on any market.
    """
    for parameter, value in values.items():
        _check_value(name, parameter, value)
    problem: ValueError | None = None
    for market in Market:
        for stream in streams(market):
            if stream.name == name:
                try:
                    return stream.name_of(**values)
                except ValueError as error:
                    # Of several markets, what the one says whose symbols look like this one.
                    if problem is None or not isinstance(error, OtherForm):
                        problem = error
    at_fault = next(
        (each for each in values if f"{each}=" in str(problem) or f"needs {each}:" in str(problem)),
        name,
    )
    raise ParameterError(f"{problem}", parameter=at_fault, value=values.get(at_fault))


def checked_names(names: Sequence[str]) -> list[str]:
    """Return the names, each once, in the order they were given.

    A name that no document has passes, and so does one of another market: the exchange may have it
    all the same, and :func:`doubt` says what to look at.

    Raises:
        ParameterError: There are none, or one cannot be right on any market.
    """
    if not names:
        raise ParameterError("no stream is named: pass one or more names", parameter="names")
    for name in names:
        _check(name)
    return [str(name) for name in dict.fromkeys(names)]


def doubt(market: Market, name: str) -> str | None:
    """Return why a name may stay silent, in a few words; ``None`` when the market's documents have it."""
    if find_stream(market, name) is not None:
        return None
    others = [each.value for each in Market if find_stream(each, name) is not None]
    if others:
        return f"a stream of {' and '.join(others)}, not of {market.value}, in the documents"
    return "in no document"


def _check_value(name: str, parameter: str, value: object) -> None:
    """Refuse what has no place in a name at all: separators, white space, and nothing."""
    if value is None:
        return
    text = str(value)
    if parameter == "contract_address":
        return  # the form that chains have for one is the catalogue's to check
    if _is_like_option(text) and not set(text) & {"@", "!", "/"}:
        if why := _no_option(text):
            raise ParameterError(f"{parameter}={value!r} {why}", parameter=parameter, value=value)
        return
    if (
        not text
        or isinstance(value, bool)
        or not isinstance(value, (str, int))
        or set(text) & {"@", "!", *_SEPARATORS}
        or any(each.isspace() for each in text)
    ):
        raise ParameterError(
            f"{parameter}={value!r} has no place in the name of stream {name}: "
            "write a symbol such as 'BTCUSDT'",
            parameter=parameter,
            value=value,
        )


def _check(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ParameterError(
            f"{name!r} is not the name of a stream: write 'btcusdt@trade'",
            parameter="names",
            value=name,
        )
    if masked(name) != name and not name.startswith(_OF_TOKENS):
        raise ParameterError(
            "a listen key is not the name of a market stream: subscribe_user_data_stream() reads "
            "the account's events",
            parameter="names",
        )
    name = str(name)
    if not fits_message(name):
        raise ParameterError(
            f"{name[:40]!r}… is too long for the name of a stream: the exchange is silent on it",
            parameter="names",
            value=name,
        )
    if problem := _problem(name):
        raise ParameterError(problem, parameter="names", value=name)


def _problem(name: str) -> str | None:
    """Return what keeps a name from being one on any market."""
    several = [part.strip() for part in re.split("[/,]", name)]
    if len(several) > 1 and all(each.startswith("!") or "@" in each for each in several):
        return f"{name!r} names several streams: pass each by itself"
    has_symbol = "@" in name and not name.startswith("!")
    symbol, at, kind = name.partition("@") if has_symbol else ("", "", name)
    if _is_like_option(symbol):
        if why := _no_option(symbol):
            return f"{name!r} {why}"
        right = symbol.lower() + at + kind
        return None if right == name else f"the exchange is silent on {name!r}: write {right!r}"
    plain = "".join(each for each in symbol if each not in _SEPARATORS)
    right = "".join((plain.lower() + at + kind).split())
    if right.lower() != name.lower():
        return f"{name!r} has blanks or separators, which no name has: write {right!r}"
    if right != name:
        return f"the exchange is silent on {name!r}: write {right!r}"
    return None


def _no_option(symbol: str) -> str | None:
    """Return why a symbol that looks like an option's is none; ``None`` when it is."""
    if _is_option(symbol):
        day = symbol.split("-")[1]
        try:
            date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
        except ValueError:
            return f"has no day that can be as its expiry: write YYMMDD, as in {OPTION_EXAMPLE!r}"
        return None
    return (
        "is no symbol of an option: write underlying, expiry, strike and C or P, as in "
        f"{OPTION_EXAMPLE!r}"
    )
