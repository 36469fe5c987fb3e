from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from binance_wsapi.protocol import event_merge
from binance_wsapi.protocol.event_merge import EventMerge
from binance_wsapi.protocol.raw_event import raw_event

REFERENCE = Path(__file__).parents[1] / "reference"


def identity(event: bytes) -> Hashable:
    return event_merge.identity(raw_event(event))


def report(number: int, **fields: Any) -> bytes:
    event = {
        "e": "executionReport",
        "E": 1_700_000_000_000 + number,
        "s": "BTCUSDT",
        "i": 7,
        "I": number,
        "t": -1,
        "x": "NEW",
        "X": "NEW",
        "T": 1_700_000_000_000,
    }
    return json.dumps(event | fields).encode()


def samples() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for market in ("spot", "usdm", "coinm"):
        events = json.loads((REFERENCE / market / "events.json").read_text())
        for described in events["user_data"]:
            for sample in described.get("samples", []):
                event = sample.get("event", sample)
                found.append((f"{market}-{described['event']}", event))
    return found


@st.composite
def merges(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[str, bytes]]]:
    """Draw a stream and the arrivals of a merge: a prefix on the old, a suffix on the new one.

    Events may repeat (balance updates of one millisecond), and the two cover the whole stream. Left
    out: twins of which each connection has seen another one. Nobody can tell them from copies.
    """
    kinds = draw(st.lists(st.integers(0, 30), max_size=30))
    stream = [report(kind) for kind in kinds]
    old_until = draw(st.integers(0, len(stream)))
    new_from = draw(st.integers(0, old_until))
    assume(not set(stream[:new_from]) & set(stream[old_until:]))
    old, new = stream[:old_until], stream[new_from:]
    arrivals: list[tuple[str, bytes]] = []
    while old or new:
        side = "old" if not new or (old and draw(st.booleans())) else "new"
        arrivals.append((side, (old if side == "old" else new).pop(0)))
    return stream, arrivals


@settings(max_examples=300)
@given(merges(), st.integers(0, 5))
def test_each_event_is_delivered_once_and_in_order(
    merge_case: tuple[list[bytes], list[tuple[str, bytes]]], later: int
) -> None:
    """Whatever the interleaving, and wherever after its last event the old connection ends."""
    stream, arrivals = merge_case
    on_new = [event for side, event in arrivals if side == "new"]
    assume(not set(stream[: len(stream) - len(on_new)]) & set(on_new))
    last_old = max((i for i, (side, _) in enumerate(arrivals) if side == "old"), default=-1)
    end_at = min(last_old + later, len(arrivals) - 1)
    merge = EventMerge(identify=identity)
    delivered: list[bytes] = []
    if end_at < 0:
        delivered += merge.old_ended(0.0)
    for i, (side, event) in enumerate(arrivals):
        if side == "old":
            delivered += merge.from_old(event)
        else:
            delivered += merge.from_new(event, 0.0)
        if i == end_at:
            delivered += merge.old_ended(0.0)

    assert delivered == stream


@settings(max_examples=300)
@given(merges(), st.lists(st.floats(0, 0.9), min_size=60, max_size=60))
def test_each_event_is_delivered_once_however_long_the_old_connection_is_silent(
    merge_case: tuple[list[bytes], list[tuple[str, bytes]]], pauses: list[float]
) -> None:
    stream, arrivals = merge_case
    merge = EventMerge(identify=identity, hold_s=1.0)
    delivered: list[bytes] = []
    now = 0.0
    for (side, event), pause in zip(arrivals, pauses, strict=False):
        now += pause
        delivered += merge.release(now)
        if side == "old":
            delivered += merge.from_old(event)
        else:
            delivered += merge.from_new(event, now)
    delivered += merge.old_ended(now)

    assert sorted(delivered) == sorted(stream)


@settings(max_examples=200)
@given(merges(), st.integers(0, 40))
def test_a_successor_that_dies_first_takes_nothing_with_it(
    merge_case: tuple[list[bytes], list[tuple[str, bytes]]], dies_at: int
) -> None:
    """The new connection dies at any moment; the old one has the whole stream."""
    stream, arrivals = merge_case
    old = iter(stream)
    merge = EventMerge(identify=identity, hold_s=0.5)
    delivered: list[bytes] = []
    for now, (side, event) in enumerate(arrivals[:dies_at]):
        if side == "old":
            delivered += merge.from_old(next(old))
        else:
            delivered += merge.from_new(event, now / 4)
    for event in old:
        delivered += merge.from_old(event)

    assert sorted(delivered) == sorted(stream)


def test_what_the_new_one_brings_first_waits_for_the_old_one() -> None:
    """The new connection was subscribed after event 1, which the old one is yet to bring."""
    merge = EventMerge(identify=identity)

    assert merge.from_new(report(2), 0.0) == []
    assert merge.from_old(report(1)) == [report(1)]
    assert merge.from_old(report(2)) == [report(2)]


def test_twins_on_one_connection_are_both_delivered() -> None:
    merge = EventMerge(identify=identity)

    assert merge.from_old(report(1)) == [report(1)]
    assert merge.from_old(report(1)) == [report(1)]
    assert merge.from_new(report(1), 0.0) == []
    assert merge.from_new(report(1), 0.0) == []
    assert merge.old_ended(0.0) == []
    assert merge.from_new(report(1), 0.0) == [report(1)]


def test_what_the_old_one_lost_is_delivered_in_its_place() -> None:
    merge = EventMerge(identify=identity)
    merge.from_new(report(1), 0.0)
    merge.from_new(report(2), 0.0)

    assert merge.from_old(report(2)) == [report(1), report(2)]


def test_what_the_old_one_has_passed_without_bringing_is_not_held_longer() -> None:
    merge = EventMerge(identify=identity)
    merge.from_old(report(2))
    merge.from_new(report(1), 0.0)

    assert merge.from_new(report(2), 0.0) == [report(1)]


def test_events_are_not_held_back_for_longer_than_told() -> None:
    merge = EventMerge(identify=identity, hold_s=1.0)
    merge.from_new(report(1), 10.0)

    assert merge.release(10.9) == []
    assert merge.release(11.0) == [report(1)]
    assert merge.from_old(report(1)) == []


def test_what_lies_before_events_that_were_not_held_back_any_longer_is_too_late() -> None:
    merge = EventMerge(identify=identity, hold_s=1.0)
    merge.from_new(report(2), 0.0)
    assert not merge.is_too_late(report(1)), "it is in time"
    merge.from_new(report(4), 2.0)
    merge.from_new(report(5), 2.5)

    assert merge.release(3.0) == [report(4)]

    assert merge.is_too_late(report(1))
    assert not merge.is_too_late(report(4)), "the copy of what was told"
    assert not merge.is_too_late(report(5)), "the copy of what is held back"
    merge.from_old(report(5))
    assert not merge.is_too_late(report(6)), "the old one is past what was told"


@pytest.mark.parametrize("passed_by", ["its copies", "a later event", "its end"])
def test_nothing_is_too_late_once_the_old_one_is_past_what_was_told(passed_by: str) -> None:
    merge = EventMerge(identify=identity, hold_s=1.0)
    if passed_by == "a later event":
        merge.from_old(report(3))
    merge.from_new(report(2), 0.0)
    merge.release(1.0)
    assert merge.is_too_late(report(1))

    if passed_by == "its copies":
        merge.from_old(report(2))
    elif passed_by == "a later event":
        merge.from_new(report(3), 1.0)
    else:
        merge.old_ended(1.0)

    assert not merge.is_too_late(report(1))


def test_the_old_ones_copies_are_still_known_after_its_end() -> None:
    merge = EventMerge(identify=identity, linger_s=30.0)
    merge.from_old(report(1))
    merge.old_ended(5.0)

    assert not merge.is_over(5.0)
    assert merge.from_new(report(1), 6.0) == []
    assert merge.is_over(6.0)
    assert merge.from_new(report(2), 6.0) == [report(2)]


def test_it_ends_though_copies_never_came() -> None:
    """Events from before the new subscription have no copies."""
    merge = EventMerge(identify=identity, linger_s=30.0)
    merge.from_old(report(1))

    assert not merge.is_over(1000.0)
    merge.old_ended(1000.0)
    assert not merge.is_over(1029.0)
    assert merge.is_over(1030.0)


def test_memory_is_bounded() -> None:
    merge = EventMerge(identify=identity, size=3)

    released = [event for number in range(10) for event in merge.from_new(report(number), 0.0)]
    assert released == [report(number) for number in range(7)]
    assert merge.old_ended(0.0) == [report(number) for number in range(7, 10)]

    for number in range(100, 110):
        merge.from_old(report(number))
    assert merge.from_new(report(109), 0.0) == []
    assert merge.from_new(report(100), 0.0) == [report(100)]  # no longer known as a copy


@pytest.mark.parametrize(("name", "event"), samples(), ids=lambda value: str(value)[:40])
def test_copies_are_known_by_content_not_by_bytes(name: str, event: dict[str, Any]) -> None:
    """A newer server may write fields in another order, and more of them."""
    kind = event["e"]
    plain = json.dumps(event).encode()
    richer = json.dumps(dict(reversed(event.items())) | {"new": 1, "E": event["E"] + 1}).encode()
    known = kind in {
        "executionReport",
        "outboundAccountPosition",
        "balanceUpdate",
        "listStatus",
        "externalLockUpdate",
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ACCOUNT_CONFIG_UPDATE",
        "ALGO_UPDATE",
    }

    assert (identity(plain) == identity(richer)) is known
    assert identity(plain) == identity(bytes(plain))


def test_all_samples_differ() -> None:
    """No two documented events are taken for copies of one another."""
    events = {json.dumps(event) for _, event in samples()}

    assert len({identity(event.encode()) for event in events}) == len(events)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"E": 5}, True),
        ({"I": 99}, False),
        ({"x": "TRADE", "t": 4}, False),
        ({"s": "ETHUSDT"}, False),
    ],
)
def test_execution_reports_differ_by_what_happened(change: dict[str, Any], same: bool) -> None:
    assert (identity(report(1)) == identity(report(1, **change))) is same


@pytest.mark.parametrize("event", [b"no json", b"[1]", b'"e"', b'{"E":1}', b'{"e":"neverSeen"}'])
def test_what_is_not_known_is_its_own_identity(event: bytes) -> None:
    assert identity(event) == event


@pytest.mark.parametrize(
    ("event", "change"),
    [
        ({"e": "TRADE_LITE", "s": "BTCUSDT", "i": 1, "t": 5, "T": 9}, {"t": 6}),
        ({"e": "TRADE_LITE", "s": "BTCUSDT", "i": 1, "t": 5, "T": 9}, {"i": 2}),
        ({"e": "TRADE_LITE", "s": "BTCUSDT", "i": 1, "t": 5, "T": 9}, {"s": "ETHUSDT"}),
        ({"e": "balanceUpdate", "T": 9, "a": "USDT", "d": "1"}, {"d": "2"}),
        ({"e": "balanceUpdate", "T": 9, "a": "USDT", "d": "1"}, {"a": "BTC"}),
        ({"e": "externalLockUpdate", "T": 9, "a": "USDT", "d": "1"}, {"d": "2"}),
        ({"e": "outboundAccountPosition", "u": 9, "B": [{"a": "A", "f": "1"}]}, {"B": []}),
        (
            {"e": "outboundAccountPosition", "u": 9, "B": [{"a": "A", "f": "1"}]},
            {"B": [{"a": "A", "f": "2"}]},
        ),
        ({"e": "ACCOUNT_UPDATE", "T": 9, "a": {"B": [{"wb": "1"}]}}, {"a": {"B": [{"wb": "2"}]}}),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "T": 9, "ac": {"l": 5}}, {"ac": {"l": 6}}),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "T": 9, "ai": {"j": True}}, {"ai": {"j": False}}),
    ],
)
def test_two_things_of_one_millisecond_are_no_copies(
    event: dict[str, Any], change: dict[str, Any]
) -> None:
    one, other = (msgspec.json.encode(each) for each in (event, event | change))

    assert identity(one) != identity(other)
    assert identity(one) == identity(msgspec.json.encode(event | {"E": 77}))
    assert merged_of_a_move([one, other]) == [one, other]


@pytest.mark.parametrize(
    ("name", "value"),
    [("s", "ETHUSDT"), ("i", 2), ("t", 6), ("z", "2"), ("X", "FILLED"), ("x", "NEW")],
)
def test_two_fills_of_one_millisecond_are_both_delivered_in_a_move(name: str, value: Any) -> None:
    order = {
        "s": "BTCUSDT",
        "i": 1,
        "c": "mine",
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "T": 9,
        "t": 5,
        "z": "1",
        "p": "1",
        "q": "3",
    }
    one, other = (
        msgspec.json.encode({"e": "ORDER_TRADE_UPDATE", "T": 9, "o": each})
        for each in (order, order | {name: value})
    )

    assert merged_of_a_move([one, other]) == [one, other]


def merged_of_a_move(events: list[bytes]) -> list[bytes]:
    """Return what is told when the old connection brings the first, the new one all after it."""
    merge = EventMerge(identify=identity, hold_s=1.0)
    told = merge.from_old(events[0])
    for event in events[1:]:
        told += merge.from_new(event, 0.0)
    return told + merge.old_ended(0.5)
