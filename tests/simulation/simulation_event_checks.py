"""What must hold of a stream of user data, whatever happened: each event told once, or lying in a gap."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

from simulation_exchange import Happening

from binance_wsapi.events import AccountReconciled, OrderReconciled, StreamGap
from binance_wsapi.markets import Market

__all__ = ["Books", "check_events"]

_OF_THE_STREAM = frozenset({"eventStreamTerminated", "listenKeyExpired"})


class Books(Protocol):
    """What really happened to one account."""

    market: Market
    """Where it trades."""
    events: list[Happening]
    answers_oddly: bool
    """Not all that is asked can be known."""

    @property
    def clock_moved_ms(self) -> int:
        """By how much the exchange's clock was moved."""
        raise NotImplementedError


def check_events(
    exchange: Books,
    delivered: list[Any],
    since: float,
    until: float,
    *,
    microseconds: bool,
    unknown: set[str],
) -> Iterator[str]:
    """Every event was told once and in order, or lies in a gap that was told and closed.

    Args:
        exchange: Where it happened.
        delivered: What the stream brought.
        since: From when on the stream was subscribed, by the loop's time.
        until: Up to when what happened has to be told.
        microseconds: The stream tells times in microseconds.
        unknown: Requests whose outcome stays unknown: nobody can ask for their orders.
    """
    truth = exchange.events
    # Balances that changed twice within a millisecond, to and fro, make equal events.
    places: dict[Any, deque[int]] = defaultdict(deque)
    for index, happening in enumerate(truth):
        places[_name(happening.event)].append(index)
    told: set[int] = set()
    last = -1
    gaps: list[StreamGap] = []
    reconciled_fills: Counter[int] = Counter()
    reconciled_to: defaultdict[int, Decimal] = defaultdict(Decimal)
    """How much of each order was told to be filled, where no question shows single fills."""
    told_unknown: set[int] = set()
    for item in delivered:
        if isinstance(item, StreamGap):
            gaps.append(item)
            if item.until_ms < item.from_ms:
                yield f"a gap that ends before it begins: {item}"
        elif isinstance(item, OrderReconciled):
            reconciled_fills.update(row["id"] for row in item.raw_missed_fills if "id" in row)
            if item.raw_order is not None and exchange.market is not Market.SPOT:
                filled = Decimal(item.raw_order.get("executedQty", 0))
                reconciled_to[item.order_id] = max(reconciled_to[item.order_id], filled)
            if item.problem is not None and exchange.answers_oddly:
                told_unknown.add(item.order_id)
        elif isinstance(item, dict):
            event = _normal(item, microseconds=microseconds)
            if event["e"] in _OF_THE_STREAM:
                continue
            left = places.get(_name(event))
            if left is None:
                yield f"an event that never was: {event}"
            elif not left:
                yield f"told twice: {event}"
            else:
                found = left.popleft()
                if found < last:
                    yield f"told after a later one: {event}"
                told.add(found)
                last = max(last, found)
        elif not isinstance(item, AccountReconciled):
            yield f"in the stream: {item!r}"
    fills_told = Counter(
        happening.order["t"]
        for index, happening in enumerate(truth)
        if index in told and happening.is_execution("TRADE")
    )
    for trade_id, count in (fills_told + reconciled_fills).items():
        if count > 1:
            yield f"fill {trade_id} was told {count} times"
    subscribed_with = {
        happening.order["i"]
        for happening in truth
        if happening.time >= since
        and happening.is_execution("NEW")
        and happening.request not in unknown
    }
    for index, happening in enumerate(truth):
        at, event = happening.time, happening.event
        if index in told or not since <= at <= until:
            continue
        is_fill = happening.is_execution("TRADE")
        order = happening.order
        if is_fill and (
            reconciled_fills[order["t"]] or Decimal(order["z"]) <= reconciled_to[order["i"]]
        ):
            continue
        happened_ms, slack_ms = event["E"], 1 + exchange.clock_moved_ms
        around = [
            gap for gap in gaps if gap.from_ms - slack_ms <= happened_ms <= gap.until_ms + slack_ms
        ]
        if not around:
            yield f"missing without a gap (at {at:.3f}): {event}"
        elif is_fill and order["i"] in subscribed_with - told_unknown:
            yield f"a fill in a gap that was not reconciled (at {at:.3f}): {event}"


def _normal(event: dict[str, Any], *, microseconds: bool) -> dict[str, Any]:
    if not microseconds:
        return event
    return {name: _in_ms(value) for name, value in event.items()}


def _in_ms(value: Any) -> Any:
    return value // 1000 if isinstance(value, int) and value > 10**14 else value


def _name(event: dict[str, Any]) -> Any:
    return repr(sorted(event.items(), key=lambda item: item[0]))
