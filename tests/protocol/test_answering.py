"""A connection is in doubt while nothing that was sent after an unanswered request is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.answering import Patience, unanswered_since


@pytest.mark.parametrize(
    ("written", "answered_from", "since"),
    [
        ([], 5.0, None),
        ([6.0], 5.0, 6.0),
        ([8.0, 6.0, 7.0], 5.0, 6.0),
        ([4.0], 5.0, None),
        ([4.0, 6.0], 5.0, 6.0),
        ([5.0], 5.0, None),
    ],
    ids=["idle", "one", "the first counts", "slow alone", "slow and more", "at the same moment"],
)
def test_what_was_sent_before_an_answered_request_is_slow_and_no_sign(
    written: list[float], answered_from: float, since: float | None
) -> None:
    assert unanswered_since(written, answered_from) == since


@pytest.mark.parametrize(
    ("timeout", "pong_timeout", "expected"),
    [
        (10.0, 5.0, Patience(2.0, 3.0)),
        (10.0, 2.0, Patience(2.0, 2.0)),
        (60.0, 5.0, Patience(2.0, 5.0)),
        (1.0, 5.0, Patience(0.2, 1.0)),
    ],
)
def test_patience_follows_from_the_callers_timeouts(
    timeout: float, pong_timeout: float, expected: Patience
) -> None:
    assert Patience.of(timeout, pong_timeout) == expected


@given(st.floats(5.0, 1000.0), st.floats(0.1, 100.0))
def test_half_of_a_calls_timeout_is_left(timeout: float, pong_timeout: float) -> None:
    patience = Patience.of(timeout, pong_timeout)

    assert patience.ask_after + patience.answer_within <= timeout / 2 + 1e-9
