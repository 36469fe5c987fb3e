"""What a client asked, read as the exchange reads it: strictly, and with every value's own text kept.

Signatures cover the text of each value as it was sent, so a JSON number keeps its digits here: ``0.10``
does not become ``0.1`` before the signature is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from binance_wsapi.catalogue.operation import Kind, Operation, Param
from binance_wsapi.simulator.errors import (
    ExchangeError,
    illegal_characters,
    mandatory_missing,
)

__all__ = [
    "MalformedRequestError",
    "Request",
    "check_symbols_text",
    "engine_params",
    "parse_request",
    "value_text",
]

_ID_TEXT = re.compile(r"[A-Za-z0-9_-]{1,36}")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_DECIMAL_PATTERN = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_DECIMAL = re.compile(_DECIMAL_PATTERN)
_INTEGER_PATTERN = "^[0-9]{1,20}$"
_TEXT_PATTERN = r"^[\w\-.:/ ]{1,}$"
_SYMBOL = re.compile(r"(?:[^\Wa-z]|[-.]){1,50}")
_SYMBOLS = re.compile(rf'\[("{_SYMBOL.pattern}"(,"{_SYMBOL.pattern}")*)?\]')
_SYMBOL_PATTERN = r"[\w\-._&&[^a-z]]{1,50}"
"""As the exchange writes it: word characters that are no small letters."""
_SYMBOLS_PATTERN = rf'^\[("{_SYMBOL_PATTERN}"(,"{_SYMBOL_PATTERN}"){{0,}}){{0,1}}\]$'
_INT64 = 1 << 63


class _Number(str):
    """The digits of a JSON number."""

    __slots__ = ()


@dataclass(slots=True)
class Request:
    """One request as it arrived."""

    id: int | str | None
    method: str
    """Wire name as sent, with its version prefix if it had one."""
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    """By wire name; JSON numbers as the text they came as."""

    def text(self, name: str) -> str | None:
        """Return a parameter's text as sent; ``None`` when it is absent, null or empty."""
        value = self.params.get(name)
        return None if value is None or value == "" else value_text(value)


class MalformedRequestError(Exception):
    """The frame is no request; ``request_id`` is its id, where one could be read."""

    def __init__(self, error: ExchangeError, request_id: int | str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.request_id = request_id


def parse_request(frame: str | bytes) -> Request:
    """Read one frame.

    Raises:
        MalformedRequestError: It is no JSON object with ``id``, ``method`` and perhaps ``params``.
    """
    try:
        decoded: object = json.loads(
            frame,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except _RepeatedNameError:
        raise MalformedRequestError(
            ExchangeError(-1101, "Duplicate values for a parameter detected.")
        ) from None
    except (ValueError, RecursionError):
        raise MalformedRequestError(ExchangeError(-1135, "Invalid JSON Request")) from None
    if not isinstance(decoded, dict):
        raise MalformedRequestError(ExchangeError(-1135, "Invalid JSON Request"))
    body = cast("dict[str, Any]", decoded)
    request_id = _request_id(body)
    method = body.get("method")
    if not isinstance(method, str) or isinstance(method, _Number) or not method:
        raise MalformedRequestError(mandatory_missing("method"), request_id)
    params: object = body.get("params")
    if params is None:
        params = {}
    if not isinstance(params, dict):
        raise MalformedRequestError(ExchangeError(-1135, "Invalid JSON Request"), request_id)
    unread = body.keys() - {"id", "method", "params"}
    if unread:
        raise MalformedRequestError(_unread(len(body) - len(unread), len(body)), request_id)
    return Request(request_id, method, cast("dict[str, Any]", params))


def value_text(value: object) -> str:
    """Return the text of a value as the signature covers it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def engine_params(
    operation: Operation, params: Mapping[str, Any], *, strict: bool = True
) -> dict[str, Any]:
    """Check the parameters' form and return them as engines take them.

    Engines get ``int`` for integers and timestamps (as sent: milliseconds or microseconds), ``bool`` for
    booleans, lists of ``str``, and plain decimal text for decimals. Everything else is text; whether an
    enumerated value exists, or fits the order, is the engine's to say.

    Args:
        operation: What is asked for.
        params: All of the request's parameters by wire name, those of authentication among them.
        strict: Refuse parameters the operation does not have, as Spot does; futures let them pass.
    """
    taken: dict[str, Any] = {}
    for param in operation.params:
        if param.auth:
            continue
        value = params.get(param.wire)
        if value is None or value == "":
            if param.required:
                raise mandatory_missing(param.wire)
            if value == "":
                raise ExchangeError(-1105, f"Parameter '{param.wire}' was empty.")
            continue
        read = taken[param.wire] = _value(param, value)
        if strict:
            _check_symbols(param.wire, read)
    if strict:
        known = {param.wire for param in operation.params} | {"returnRateLimits"}
        unread = [name for name in params if name not in known]
        if unread:
            raise _unread(len(params) - len(unread), len(params))
    return taken


def check_symbols_text(text: str) -> None:
    """Refuse what is no list of symbols as REST takes it: a JSON array without a blank in it."""
    if _SYMBOLS.fullmatch(text) is None:
        raise illegal_characters("symbols", _SYMBOLS_PATTERN)


def _check_symbols(name: str, value: Any) -> None:
    """Refuse what cannot be a symbol; futures look for it instead, and find none."""
    if name == "symbol" and _SYMBOL.fullmatch(value) is None:
        raise illegal_characters(name, f"^{_SYMBOL_PATTERN}$")
    if name == "symbols" and not all(_SYMBOL.fullmatch(each) for each in value):
        raise illegal_characters(name, _SYMBOLS_PATTERN)


def _value(param: Param, value: Any) -> Any:
    kind = param.kind
    if kind in (Kind.STRING_LIST, Kind.ENUM_LIST):
        return _texts(param, value)
    if isinstance(value, dict | list):
        raise _malformed(param, _TEXT_PATTERN)
    if kind is Kind.BOOLEAN or kind is Kind.BOOLEAN_TEXT:
        return _boolean(param, value)
    if isinstance(value, bool):
        raise _malformed(param, _TEXT_PATTERN)
    text = str(value)
    if kind is Kind.DECIMAL:
        if _DECIMAL.fullmatch(text) is None:
            raise _malformed(param, _DECIMAL_PATTERN)
        return text
    if kind is Kind.INT or kind is Kind.TIMESTAMP:
        if _INTEGER.fullmatch(text) is None or not -_INT64 <= int(text) < _INT64:
            raise _malformed(param, _INTEGER_PATTERN)
        return int(text)
    return text


def _boolean(param: Param, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _malformed(param, "^(true|false)$")


def _texts(param: Param, value: Any) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else None
    if items is None or any(isinstance(each, dict | list) for each in items):
        raise _malformed(param, _TEXT_PATTERN)
    return [str(each) for each in items]


def _malformed(param: Param, pattern: str) -> ExchangeError:
    return illegal_characters(param.wire, pattern)


def _request_id(body: dict[str, Any]) -> int | str | None:
    if "id" not in body:
        raise MalformedRequestError(mandatory_missing("id"))
    value = body["id"]
    if value is None:
        return None
    if isinstance(value, _Number):
        if _INTEGER.fullmatch(value) and -_INT64 <= int(value) < _INT64:
            return int(value)
    elif isinstance(value, str) and _ID_TEXT.fullmatch(value):
        return value
    echo = str(value) if isinstance(value, str) and not isinstance(value, _Number) else None
    raise MalformedRequestError(illegal_characters("id", "^[a-zA-Z0-9-_]{1,36}$"), echo)


def _unread(read: int, sent: int) -> ExchangeError:
    return ExchangeError(
        -1104,
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
    )


class _RepeatedNameError(Exception):
    """An object has a name twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise _RepeatedNameError
    return body


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)
