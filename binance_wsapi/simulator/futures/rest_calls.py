"""What a REST call of futures is, and how its pages are cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.wire import to_micros
from binance_wsapi.simulator.errors import ExchangeError, invalid_parameter
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.requests import Parameters

__all__ = [
    "YEARS_US",
    "AccountTable",
    "Params",
    "RestCall",
    "newest_of",
    "page_limit",
    "time_window",
]

Params = dict[str, Any]
T = TypeVar("T")
AccountTable = dict[tuple[str, str], tuple[Security, Callable[[FuturesAccount, Params], object]]]
"""Calls of an account by HTTP method and name: what they ask of the sender, and what answers them."""
WEEK_US = 7 * 86_400_000_000
YEARS_US = 10**18
"""Where the exchange sets no bound."""


@dataclass(frozen=True, slots=True)
class RestCall:
    """One REST call: what it asks of the sender, and its answer."""

    security: Security
    answer: Callable[[Params, EventSource | None], object]
    """Takes the parameters without those of authentication, and whose request it is."""
    weight: Callable[[Params], int]
    """What it weighs with these parameters, all of them text."""
    orders: Callable[[Params], int] = lambda params: 0
    """How many orders it adds to the account's order count."""


def page_limit(given: Parameters, default: int, most: int) -> int:
    """Return ``limit``, cut down to what the call gives at most."""
    limit = given.integer("limit")
    if limit is None:
        return default
    if limit < 1:
        raise invalid_parameter("limit")
    return min(limit, most)


def time_window(given: Parameters, *, longest_us: int = WEEK_US) -> tuple[int | None, int | None]:
    """Return ``startTime`` and ``endTime`` in microseconds, the end as the last one included."""
    start, end = given.integer("startTime"), given.integer("endTime")
    start_us = None if start is None else to_micros(start)
    end_us = None if end is None else to_micros(end) + (999 if to_micros(end) != end else 0)
    if start_us is not None and end_us is not None:
        if start_us > end_us:
            raise ExchangeError(-1023, "Start time is greater than end time.")
        if end_us - start_us > longest_us + 999:
            raise ExchangeError(-4165, "Invalid time interval.")
    return start_us, end_us


def newest_of(
    rows: Iterable[T],
    given: Parameters,
    time_us: Callable[[T], int],
    *,
    limit: int,
    longest_us: int = WEEK_US,
    now_us: int | None = None,
) -> list[T]:
    """Return the rows of the asked time: the first ``limit`` from a start on, else the newest.

    Args:
        rows: All there are.
        given: The parameters.
        time_us: The time of a row.
        limit: How many to return at most.
        longest_us: The longest time that may be asked for.
        now_us: Where neither start nor end is asked for, the longest time before this one is meant; ``None``
            for all there are.
    """
    start_us, end_us = time_window(given, longest_us=longest_us)
    since_us = start_us
    if start_us is None and end_us is None and now_us is not None:
        since_us = now_us - longest_us
    chosen = [
        row
        for row in rows
        if (since_us is None or time_us(row) >= since_us)
        and (end_us is None or time_us(row) <= end_us)
    ]
    return chosen[-limit:] if start_us is None else chosen[:limit]
