"""Names of market streams, checked before they are asked for: the exchange takes any name and stays silent."""

from __future__ import annotations

from collections.abc import Sequence

from binance_wsapi.catalogue._types import Market
from binance_wsapi.catalogue.streams import find_stream, streams
from binance_wsapi.errors import ParameterError

__all__ = ["checked_names", "stream_name", "unknown_names"]


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
                    problem = error
    at_fault = next(
        (each for each in values if f"{each}=" in str(problem) or f"needs {each}:" in str(problem)),
        name,
    )
    raise ParameterError(f"{problem}", parameter=at_fault, value=values.get(at_fault))


def checked_names(market: Market, names: Sequence[str]) -> list[str]:
    """Return the names, each once, in the order they were given.

    A name that no market is known to have passes: the exchange may have added it.

    Raises:
        ParameterError: There are none, or one cannot be right on this market.
    """
    if not names:
        raise ParameterError("no stream is named: pass one or more names", parameter="names")
    for name in names:
        _check(market, name)
    return [str(name) for name in dict.fromkeys(names)]


def unknown_names(market: Market, names: Sequence[str]) -> list[str]:
    """Return the names that no entry of the catalogue has."""
    return [name for name in names if find_stream(market, name) is None]


def _check_value(name: str, parameter: str, value: object) -> None:
    """Refuse what has no place in a name at all: the separators of names, and nothing."""
    if value is None:
        return
    text = str(value)
    if (
        not text
        or isinstance(value, bool)
        or not isinstance(value, (str, int))
        or set(text) & set("@/! ")
    ):
        raise ParameterError(
            f"{parameter}={value!r} has no place in the name of stream {name}: "
            "write a symbol such as 'BTCUSDT'",
            parameter=parameter,
            value=value,
        )


def _check(market: Market, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ParameterError(
            f"{name!r} is not the name of a stream: write 'btcusdt@trade'",
            parameter="names",
            value=name,
        )
    subject, at, kind = name.partition("@")
    if at and not name.startswith("!") and subject != subject.lower():
        raise ParameterError(
            f"the exchange is silent on {name!r}: write {subject.lower() + at + kind!r}",
            parameter="names",
            value=name,
        )
    if find_stream(market, name) is None:
        others = [each.value for each in Market if find_stream(each, name) is not None]
        if others:
            raise ParameterError(
                f"{name!r} is no stream of {market.value}, but of {' and '.join(others)}: "
                "choose the connection with ws_key",
                parameter="names",
                value=name,
            )
