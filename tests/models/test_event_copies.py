"""A copy of an event is the event: its stream, its symbol and what came over the wire go along."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from binance_wsapi.markets import Market
from binance_wsapi.models.base import Event, UnknownEvent
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event
from binance_wsapi.models.user_events import decode_user_event

TICKER = {"u": 1, "s": "BTCUSDT", "b": "1.0", "B": "2", "a": "3", "A": "4"}
MINI = {"e": "24hrMiniTicker", "E": 5, "s": "BTCUSDT", "c": "1", "o": "1", "h": "1", "l": "1",
        "v": "1", "q": "1"}  # fmt: skip
DEPTH = {"lastUpdateId": 7, "bids": [["1", "2"]], "asks": []}
BALANCE = {"e": "balanceUpdate", "E": 1, "a": "USDT", "d": "5.0", "T": 2}
EVENTS: dict[str, Event] = {
    "of a stream": decode_stream_event(
        Market.SPOT, "btcusdt@bookTicker", json.dumps(TICKER).encode()
    ),
    "of a view": decode_stream_event(
        Market.SPOT, "btcusdt@bookTicker", msgspec.Raw(json.dumps(TICKER).encode())
    ),
    "without its symbol": decode_stream_event(
        Market.SPOT, "btcusdt@depth5", json.dumps(DEPTH).encode()
    ),
    "of several": decode_stream_event(
        Market.SPOT, "!miniTicker@arr", json.dumps([MINI, MINI]).encode()
    ),
    "of user data": decode_user_event(json.dumps({**BALANCE, "novel": 1}).encode()),
    "unknown": decode_user_event(b'{"e": "novelty", "E": 3, "x": [1]}'),
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda event, protocol=protocol: pickle.loads(  # type: ignore[misc]
            pickle.dumps(event, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=list(COPIES))
@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_a_copy_keeps_all(event: Event, copied: Callable[[Any], Any]) -> None:
    other = copied(event)

    assert type(other) is type(event)
    assert other == event
    assert other.raw == event.raw
    assert other.stream == event.stream
    assert getattr(other, "symbol", None) == getattr(event, "symbol", None)
    assert other.event_type == event.event_type
    if isinstance(event, EventBatch) and isinstance(other, EventBatch):
        assert [each.raw for each in other] == [each.raw for each in event]


@pytest.mark.parametrize("copied", COPIES.values(), ids=list(COPIES))
def test_a_copy_of_what_was_never_received_is_one(copied: Callable[[Any], Any]) -> None:
    event = UnknownEvent(event_time=1, problem="made up")

    assert copied(event) == event
    assert copied(event).stream is None
