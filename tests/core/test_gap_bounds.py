"""Where a gap begins, and that a link which was not what it seemed leaves one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from binance_wsapi import StreamGap, WsKey
from binance_wsapi.core.feed import Feed
from binance_wsapi.core.link import Link
from binance_wsapi.core.linked_feed import TOO_LATE, LinkedFeed
from binance_wsapi.options import Options
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.raw_event import raw_event

NOBODY_ASKS = SimpleNamespace(is_busy=False)
NOW = 1_000.0
NOW_US = 1_700_000_000_000_000


def runtime() -> Any:
    made = SimpleNamespace(
        in_floats=False,
        options=Options(),
        time=NOW,
        dispatcher=SimpleNamespace(
            post_lazily=lambda name, make, what: None, hears=lambda name: False
        ),
        loop=SimpleNamespace(
            call_later=lambda delay, work: None, call_soon=lambda work, *given: work(*given)
        ),
    )
    made.now = lambda: made.time
    made.exchanges = SimpleNamespace(
        clock_of=lambda ws_key: ServerClock(),
        now_us=lambda ws_key: NOW_US + round((made.time - NOW) * 1e6),
    )
    return made


class FakeLink(Link):
    """Proven when it was opened."""

    def __init__(self) -> None:
        self.proven_at = self.opened_at = NOW


def options(**more: Any) -> dict[str, Any]:
    return {
        "ws_key": WsKey.MAIN_WSAPI,
        "name": "events",
        "decode": lambda event: event,
        "handler_event": None,
        "close": lambda buffer: None,
        **more,
    }


def taken(feed: Feed) -> list[Any]:
    untouched = [feed.buffer.take(0) for _ in range(len(feed.buffer))]
    return [make(what) for make, what in untouched]


@pytest.mark.parametrize(
    ("proven_s_ago", "told_s_ago", "from_s_ago"), [(1, 10, 1), (10, 1, 1), (5, 5, 5)]
)
def test_gap_begins_at_the_last_moment_that_is_known_to_be_whole(
    proven_s_ago: int, told_s_ago: int, from_s_ago: int
) -> None:
    feed = Feed(runtime(), **options())
    feed.interrupted(NOW - proven_s_ago, told_us=NOW_US - told_s_ago * 1_000_000)
    feed.resumed("for the test")

    (gap,) = taken(feed)
    assert gap.from_ms == NOW_US // 1000 - from_s_ago * 1000


@pytest.mark.parametrize("proves", [True, False])
def test_old_link_that_proves_nothing_after_it_was_replaced_leaves_a_gap(proves: bool) -> None:
    it = runtime()
    feed = LinkedFeed(it, **options(subscribed_by="a test", lost_answers=NOBODY_ASKS))
    old, new = FakeLink(), FakeLink()
    feed.carried_by(old)
    it.time += 10
    feed.expect(new)
    feed.carried_by(new)
    it.time += 1
    if proves:
        old.proven_at = NOW + 10.5

    feed.lost(old, "it is gone")

    told = taken(feed)
    assert [type(each) for each in told] == ([] if proves else [StreamGap])
    assert all(each.reason == "it is gone" for each in told)
    assert all(each.from_ms == NOW_US // 1000 for each in told)


def test_event_that_comes_later_than_those_after_it_lies_in_a_gap() -> None:
    """The old link has told its successor's events by being silent; what it brings then is not told behind them."""

    def told_at(ms: int) -> Any:
        return raw_event(f'{{"e":"balanceUpdate","E":{ms},"T":{ms},"a":"USDT","d":"1"}}'.encode())

    it = runtime()
    feed = LinkedFeed(it, **options(subscribed_by="a test", lost_answers=NOBODY_ASKS))
    ended: list[Any] = []
    feed.let_go = lambda link, reason: ended.append((link, reason, feed.lost(link, reason)))
    old, new = FakeLink(), FakeLink()
    feed.carried_by(old)
    it.time += 10
    feed.expect(new)
    feed.carried_by(new)
    newer_ms = NOW_US // 1000 + 10_000
    feed.deliver(told_at(newer_ms), new)
    it.time += 5
    feed._carriers._release()

    feed.deliver(told_at(newer_ms - 10), old)

    event, gap = taken(feed)
    assert ended == [(old, TOO_LATE, False)]
    assert f'"E":{newer_ms}' in event.decode()
    assert isinstance(gap, StreamGap)
    assert gap.from_ms == newer_ms - 10
    assert gap.until_ms > newer_ms
