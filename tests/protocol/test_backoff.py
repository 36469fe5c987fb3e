from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.backoff import Backoff, ConnectionBudget


def test_delays_double_up_to_the_most_and_start_over_after_a_success() -> None:
    backoff = Backoff(first_s=1.0, factor=2.0, max_s=5.0)

    assert [backoff.next_delay(1.0) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.next_delay(1.0) == 1.0


@pytest.mark.parametrize(("jitter", "least"), [(0.0, 8.0), (0.5, 4.0), (1.0, 0.0)])
def test_jitter_is_the_part_left_to_chance(jitter: float, least: float) -> None:
    assert Backoff(first_s=8.0, jitter=jitter).next_delay(0.0) == least
    assert Backoff(first_s=8.0, jitter=jitter).next_delay(1.0) == 8.0


def test_the_first_delay_is_no_longer_than_the_most() -> None:
    assert Backoff(first_s=60.0, max_s=10.0).next_delay(1.0) == 10.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=2000))
def test_delays_stay_within_bounds_for_ever(chances: list[float]) -> None:
    backoff = Backoff(first_s=0.25, factor=3.0, max_s=30.0, jitter=0.5)

    delays = [backoff.next_delay(chance) for chance in chances]

    assert all(0.125 <= delay <= 30.0 for delay in delays)


def test_attempts_stay_within_the_exchanges_limit_with_room_for_others() -> None:
    budget = ConnectionBudget()
    attempts = 0
    now = 1000.0
    while budget.delay(now) == 0.0:
        budget.record(now)
        attempts += 1

    assert 100 < attempts < 300
    assert budget.delay(now + 299.0) == pytest.approx(1.0)
    assert budget.delay(now + 300.0) == 0.0
