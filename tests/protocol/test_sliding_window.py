from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.sliding_window import SlidingWindow


def test_a_full_window_opens_when_its_oldest_event_leaves() -> None:
    window = SlidingWindow(2, 1.0)
    window.record(10.0)
    window.record(10.4)

    assert window.delay(10.5) == pytest.approx(0.5)
    assert window.delay(11.0) == 0.0


def test_a_window_that_lets_nothing_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed=0"):
        SlidingWindow(0, 1.0)


@given(st.integers(1, 6), st.lists(st.integers(0, 800), min_size=1, max_size=60))
def test_no_stretch_holds_more_than_allowed(allowed: int, gaps_ms: list[int]) -> None:
    """Whatever the pauses, an event sent when its delay has passed never makes one too many."""
    window = SlidingWindow(allowed, 1.0)
    now = 0.0
    sent: list[float] = []
    for gap in gaps_ms:
        now += gap / 1000
        now += window.delay(now)
        window.record(now)
        sent.append(now)

    for i, first in enumerate(sent[:-allowed]):
        assert sent[i + allowed] - first >= 1.0 - 1e-9
