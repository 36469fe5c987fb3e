"""Frames of the journal as the page shows them, and as a test: keys and signatures are left out."""

from __future__ import annotations

from pprint import pformat
from typing import Any, cast

import msgspec

from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint
from binance_wsapi.simulator.journal import Frame, event_name
from binance_wsapi.simulator.paths import path_of

__all__ = ["as_test", "row_of"]

_SECRET = frozenset({"apiKey", "signature", "listenKey", "listenToken"})
_OF_THE_CLIENT = frozenset({"timestamp", "recvWindow"}) | _SECRET
"""What a client adds by itself."""


def row_of(frame: Frame, number: int) -> dict[str, Any]:
    """Return a frame as a row of the page.

    Args:
        frame: The frame.
        number: Which one of the journal, counted from 0.
    """
    payload = frame.payload
    fields = cast("dict[str, Any]", payload) if isinstance(payload, dict) else {}
    kind: str = frame.direction
    name = ""
    if frame.direction == "in":
        kind, name = "request", frame.method or ""
    elif frame.direction == "out":
        event = event_name(payload)
        kind, name = ("answer", "") if event is None else ("event", event)
    return {
        "number": number,
        "time_ms": frame.time_us // 1_000,
        "connection": frame.connection_id,
        "path": frame.path,
        "kind": kind,
        "name": name,
        "id": fields.get("id"),
        "status": fields.get("status") if kind == "answer" else None,
        "text": _text(payload, frame),
    }


def as_test(request: Frame, answer: Frame | None) -> str:
    """Return a request as a test that asks the same of a fresh exchange.

    Args:
        request: The request.
        answer: Its answer, if one was sent.

    Raises:
        ValueError: The frame is no request of a WebSocket API.
    """
    ws_key = next((each for each in WsKey if path_of(each) == request.path), None)
    if request.method is None or ws_key is None or endpoint(ws_key).kind is not EndpointKind.WS_API:
        raise ValueError("only requests of a WebSocket API can be copied as a test")
    params = {name: each for name, each in request.params.items() if name not in _OF_THE_CLIENT}
    method = request.method.rpartition("/")[2]
    ask = f"WsKey.{ws_key.name}, {method!r}, {pformat(params, sort_dicts=False)}"
    status = 200 if answer is None else answer.payload.get("status", 200)
    error = {} if answer is None else answer.payload.get("error") or {}
    if status == 200:
        check = f"    answer = binance_client.request({ask})\n\n    assert answer.status == 200\n"
        imports = "from binance_wsapi import WsKey\n"
    else:
        check = (
            f"    with pytest.raises(RequestRejected) as refused:\n"
            f"        binance_client.request({ask})\n\n"
            f"    assert refused.value.code == {error.get('code')}\n"
        )
        imports = "import pytest\n\nfrom binance_wsapi import RequestRejected, WsKey\n"
    name = "".join(each if each.isalnum() else "_" for each in method).lower()
    return f"{imports}\n\ndef test_{name}(binance_client):\n{check}"


def _text(payload: object, frame: Frame) -> str:
    if payload is None:
        return f"{len(frame.text)} bytes" if frame.text else ""
    return msgspec.json.encode(_without_secrets(payload)).decode()


def _without_secrets(payload: object) -> object:
    if isinstance(payload, dict):
        fields = cast("dict[str, object]", payload)
        return {
            name: "…" if name in _SECRET else _without_secrets(value)
            for name, value in fields.items()
        }
    if isinstance(payload, list):
        return [_without_secrets(each) for each in cast("list[object]", payload)]
    return payload
