"""Requests on a market stream connection: read, checked, refused with the documented errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["StreamRequest", "StreamRequestError", "read_stream_request"]

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
LONGEST_ID = 36
_MISSING = object()


class StreamRequestError(Exception):
    """A request that the stream server refuses."""

    def __init__(self, code: int, message: str, request_id: Any = _MISSING) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self._id = request_id

    def payload(self) -> dict[str, Any]:
        """Return the answer; it names the request when its id could be read."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self._id is not _MISSING:
            body["id"] = self._id
        return body


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """One request that is well formed."""

    method: str
    request_id: int | str | None
    streams: tuple[str, ...] = ()
    """Of ``SUBSCRIBE`` and ``UNSUBSCRIBE``."""
    property_name: str = ""
    """Of ``SET_PROPERTY`` and ``GET_PROPERTY``."""
    property_value: bool = False


def read_stream_request(text: str) -> StreamRequest:
    """Return the request that a frame carries.

    Raises:
        StreamRequestError: It is none; the error is what the server answers.
    """
    try:
        parsed: Any = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno} column {error.colno}"
        raise StreamRequestError(3, f"Invalid JSON: expected value {where}") from None
    except RecursionError:
        raise StreamRequestError(3, "Invalid JSON: recursion limit exceeded") from None
    if type(parsed) is not dict:
        raise _invalid(f"invalid type, expected a map at line 1 column {len(text)}")
    frame = cast("dict[str, Any]", parsed)
    request_id = _request_id(frame)
    method = _method(frame, text, request_id)
    if method == "LIST_SUBSCRIPTIONS":
        if frame.get("params"):
            raise _invalid("too many parameters", request_id)
        return StreamRequest(method, request_id)
    params: list[Any] = frame.get("params") or []
    if type(params) is not list:
        raise _invalid("invalid type: params must be an array", request_id)
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        if any(not isinstance(name, str) for name in params):
            raise _invalid("invalid type: stream names must be strings", request_id)
        return StreamRequest(method, request_id, streams=tuple(params))
    return _property_request(method, request_id, params)


def _property_request(
    method: str, request_id: int | str | None, params: list[Any]
) -> StreamRequest:
    if not params or not isinstance(params[0], str):
        raise _invalid("property name must be a string", request_id)
    expected = 2 if method == "SET_PROPERTY" else 1
    if len(params) > expected:
        raise _invalid("too many parameters", request_id)
    if params[0] != "combined":
        raise StreamRequestError(0, "Unknown property", request_id)
    if method == "GET_PROPERTY":
        return StreamRequest(method, request_id, property_name=params[0])
    if len(params) < expected or not isinstance(params[1], bool):
        raise StreamRequestError(1, "Invalid value type: expected Boolean", request_id)
    return StreamRequest(method, request_id, property_name=params[0], property_value=params[1])


def _request_id(frame: dict[str, Any]) -> int | str | None:
    request_id = frame.get("id", _MISSING)
    if request_id is None:
        return None
    if isinstance(request_id, int) and not isinstance(request_id, bool):
        if -(2**63) <= request_id < 2**63:
            return request_id
    elif (
        isinstance(request_id, str)
        and len(request_id) <= LONGEST_ID
        # Clients number their requests with UUIDs, whose hyphens the server takes as well.
        and re.fullmatch(r"[A-Za-z0-9-]+", request_id)
    ):
        return request_id
    # The server's text still asks for what the documents allowed once.
    raise _invalid("request ID must be an unsigned integer")


def _method(frame: dict[str, Any], text: str, request_id: int | str | None) -> str:
    if "method" not in frame:
        raise _invalid(f"missing field `method` at line 1 column {len(text)}", request_id)
    method = frame["method"]
    if method in METHODS:
        return str(method)
    shown = method if isinstance(method, str) else json.dumps(method)
    expected = ", ".join(f"`{name}`" for name in METHODS)
    quoted = json.dumps(method)
    column = text.find(quoted) + len(quoted)
    raise _invalid(
        f"unknown variant `{shown}`, expected one of {expected} at line 1 column {column}",
        request_id,
    )


def _invalid(detail: str, request_id: Any = _MISSING) -> StreamRequestError:
    return StreamRequestError(2, f"Invalid request: {detail}", request_id)
