"""The journal of frames, as those read it who come back to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.simulator import journal as journal_module
from binance_wsapi.simulator.journal import Journal

KEPT = 5


@given(noted=st.integers(0, 12), seen=st.integers(0, 12), cleared_at=st.integers(0, 12))
def test_what_is_new_is_told_in_order_as_far_as_it_is_kept(
    noted: int, seen: int, cleared_at: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "KEPT", KEPT)
        journal = Journal()
    for number in range(noted):
        if number == cleared_at:
            journal.clear()
        journal.note(1, "/", "out", number, str(number).encode())

    frames, count = journal.newer_than(seen)

    first_kept = max(noted - KEPT, cleared_at if cleared_at < noted else 0)
    assert [int(frame.text) for frame in frames] == list(range(max(seen, first_kept), noted))
    assert count == noted
