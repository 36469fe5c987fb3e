"""A worker's side of the benchmark: run one measure for so many requests whenever it is asked to.

Each client is measured in a process of its own, in short chunks: the orchestrator writes a line of
JSON with a measure's name and a count to standard input, the worker answers with a line of figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import statistics
import sys
import time
from collections.abc import Callable
from typing import TypedDict

__all__ = [
    "BUSY_EVENTS",
    "BUSY_PACE",
    "ORDER",
    "Figures",
    "figures",
    "new_uvloop",
    "serve_chunks",
    "tls_context",
]

new_uvloop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
"""Makes a loop of uvloop's for a caller, or the stdlib's where there is no uvloop."""
with contextlib.suppress(ImportError):
    import uvloop

    new_uvloop = uvloop.new_event_loop

ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "20000.00",
    "quantity": "0.001",
}

BUSY_EVENTS, BUSY_PACE = 1000, 5000
"""Events that come while requests run, and how many of them a second."""


class Figures(TypedDict):
    """What one chunk gave."""

    seconds: float
    """Wall time a request, all requests of the chunk together."""
    cpu: float
    """CPU seconds a request, of the whole process."""
    p50: float
    p99: float


def figures(run: Callable[[], list[float]], count: int) -> Figures:
    """Run a chunk of ``count`` requests that returns the round trips it timed (or none)."""
    cpu, began = time.process_time(), time.perf_counter()
    round_trips = run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    cuts = statistics.quantiles(round_trips, n=100) if len(round_trips) > 1 else [seconds] * 99
    return {"seconds": seconds / count, "cpu": cpu / count, "p50": cuts[49], "p99": cuts[98]}


def serve_chunks(measures: dict[str, Callable[[int], Figures]]) -> None:
    """Run what standard input asks for until it ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(measures[asked["measure"]](asked["count"])), flush=True)


def tls_context(certificate: str) -> ssl.SSLContext | None:
    """Return a context that trusts the canned server, or none when it serves without TLS."""
    return ssl.create_default_context(cafile=certificate) if certificate else None
