"""Everything the documents show of what the exchange sends, and what reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.eoptions_events import decode_eoptions_event
from binance_wsapi.models.futures_events import decode_coinm_event, decode_usdm_event
from binance_wsapi.models.margin_events import decode_margin_event
from binance_wsapi.models.portfolio_margin_events import (
    decode_portfolio_margin_event,
    decode_portfolio_margin_pro_event,
)
from binance_wsapi.models.stream_events import EventBatch, decode_stream_event
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.models.user_events import decode_user_event

REFERENCE = Path(__file__).parent / "reference"

Decode = Callable[[bytes], Any]


class Sample(NamedTuple):
    """One thing the exchange sends, and what reads it."""

    decode: Decode
    payload: Any


DECODERS: dict[str, Decode] = {
    "spot": decode_user_event,
    "margin": decode_margin_event,
    "usdm": decode_usdm_event,
    "coinm": decode_coinm_event,
    "portfolio_margin": decode_portfolio_margin_event,
    "portfolio_margin_pro": decode_portfolio_margin_pro_event,
    "eoptions": decode_eoptions_event,
    "alpha": decode_user_event,
}
WITHOUT_RESULTS = {"margin", "portfolio_margin", "portfolio_margin_pro", "eoptions", "alpha"}


def documented_events(market: str) -> dict[str, Any]:
    place = f"{market}/events.json"
    if market == "portfolio_margin_pro":
        place = "portfolio_margin/pro_events.json"
    events: dict[str, Any] = json.loads((REFERENCE / place).read_text())
    return events


def documented() -> Iterator[tuple[str, Sample]]:
    """Yield every documented event and result."""
    for market, decode_event in DECODERS.items():
        events = documented_events(market)
        user_data = [*events["user_data"], *events.get("risk_stream", [])]
        for event in user_data:
            for number, payload in enumerate(event.get("samples", [])):
                payload = payload.get("event", payload)  # noqa: PLW2901 - out of its envelope
                name = f"{market} {event['event']} {number}"
                yield name, Sample(decode_event, payload)
        for stream in events.get("market_streams", {}).get("streams", []):
            for number, payload in enumerate(stream.get("samples", [stream.get("sample")])):
                decode = partial(decode_stream_event, Market(market), stream_name(stream))
                yield f"{market} {stream['name']} {number}", Sample(decode, payload)
        if market not in WITHOUT_RESULTS:
            yield from results(market)


def results(market: str) -> Iterator[tuple[str, Sample]]:
    for example in json.loads((REFERENCE / market / "examples.json").read_text()):
        operation = example["method"] and operation_by_method(Market(market), example["method"])
        result = example["payload"].get("result") if isinstance(example["payload"], dict) else None
        if operation and result and example["kind"] == "response" and operation.result is not None:
            name = f"{market} {example['method']} {example['variant']}"
            yield name, Sample(tolerant_decoder(operation.result), result)


def stream_name(stream: dict[str, Any]) -> str:
    name: str = stream["pattern"].partition("[")[0]
    places = {
        "<levels>": "5",
        "<interval>": "1m",
        "<window_size>": "1h",
        "<window-size>": "1h",
        "<speed>": "100ms",
    }
    for place, value in places.items():
        name = name.replace(place, value)
    name = name.replace("<", "").replace(">", "")
    return name.lower() if "@" in name and not name.startswith("came@") else name


def is_typed(sample: Sample) -> bool:
    try:
        read = sample.decode(json.dumps(sample.payload).encode())
    except msgspec.ValidationError:
        return False
    if isinstance(read, EventBatch):
        return not any(isinstance(each, UnknownEvent) for each in read)
    return isinstance(read, (msgspec.Struct, list)) and not isinstance(read, UnknownEvent)
