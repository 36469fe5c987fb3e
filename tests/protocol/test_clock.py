from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi import build
from binance_wsapi.protocol.clock import ServerClock

EPOCH_US = 1_795_000_000_000_000


def measure(
    clock: ServerClock,
    *,
    at: float,
    ahead_us: int = 0,
    there: float = 0.01,
    back: float = 0.01,
    milliseconds: bool = False,
) -> None:
    """Measure an exchange whose clock shows EPOCH_US + ahead_us when the monotonic clock shows 0."""
    server_us = EPOCH_US + ahead_us + round((at + there) * 1e6)
    clock.measured(
        sent=at,
        received=at + there + back,
        sent_wall_us=EPOCH_US + round(at * 1e6),
        server_time=server_us // 1000 if milliseconds else server_us,
    )


def test_before_any_measurement_the_wall_clock_is_taken() -> None:
    clock = ServerClock()

    assert clock.needs_refresh(0.0)
    assert clock.timestamp_us(lambda: EPOCH_US + 1999, 5.0) == EPOCH_US + 1999


@given(
    ahead_us=st.integers(-(10**12), 10**12),
    rounds=st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 3), st.floats(0, 400), st.booleans()),
        min_size=1,
        max_size=20,
    ),
    later=st.floats(0, 900),
)
def test_a_stamp_is_never_ahead_and_late_by_less_than_the_least_round_trip(
    ahead_us: int, rounds: list[tuple[float, float, float, bool]], later: float
) -> None:
    """Whatever the true offset and however lopsided the two ways are."""
    clock = ServerClock()
    now = 100.0
    measurements: list[tuple[float, float]] = []
    rounds = [rounds[0], *rounds]  # the wall clock may contradict the first
    for there, back, pause, milliseconds in rounds:
        measure(clock, at=now, ahead_us=ahead_us, there=there, back=back, milliseconds=milliseconds)
        now += there + back
        measurements.append((now, there + back))
        now += pause
    now += later

    stamp_us = clock.timestamp_us(lambda: 12345, now)
    true_us = EPOCH_US + ahead_us + now * 1e6
    last = measurements[-1][0]
    bound_us = min(trip * 1e6 + (last - at) * 100 for at, trip in measurements if at >= last - 1800)
    assert stamp_us <= true_us + 2
    assert stamp_us >= true_us - bound_us - 1000 - 3


def test_the_measurement_with_the_least_round_trip_counts() -> None:
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.002)
    measure(clock, at=10.0, there=0.0, back=0.8)

    assert clock.round_trip == pytest.approx(0.002)
    assert clock.timestamp_us(lambda: 0, 20.0) == pytest.approx(EPOCH_US + 20e6 - 2000, abs=2)


def test_a_lucky_old_measurement_gives_way_as_clocks_drift() -> None:
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.001)
    measure(clock, at=900.0, there=0.0, back=0.05)

    assert clock.round_trip == pytest.approx(0.05)


def test_measurements_leave_the_window() -> None:
    clock = ServerClock(window_s=60.0)
    measure(clock, at=0.0, there=0.0, back=0.001)
    measure(clock, at=61.1, there=0.0, back=0.5)

    assert clock.round_trip == pytest.approx(0.5)


def test_steps_of_the_wall_clock_move_nothing() -> None:
    clock = ServerClock()
    measure(clock, at=0.0)

    before = clock.timestamp_us(lambda: EPOCH_US + 1_000_000, 1.0)
    assert clock.timestamp_us(lambda: EPOCH_US - 3600 * 10**6, 1.0) == before


def test_a_contradicting_measurement_drops_the_old_ones() -> None:
    """The machine slept, or the exchange set its clock: a better old round trip does not help."""
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.001)
    for ahead_us in (5_000_000, -5_000_000):
        for at in (10.0, 11.0):
            measure(clock, at=at, ahead_us=ahead_us, there=0.1, back=0.1)
        expected = EPOCH_US + ahead_us + 12e6 - 100_000
        assert clock.timestamp_us(lambda: 0, 12.0) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("step_us", [100_000, -100_000, 1_000_000, 3_600_000_000])
def test_one_odd_measurement_is_not_believed(step_us: int) -> None:
    clock = ServerClock()
    measure(clock, at=0.0)
    measure(clock, at=10.0, ahead_us=step_us)

    assert clock.timestamp_us(lambda: 0, 11.0) == pytest.approx(EPOCH_US + 11e6 - 10_000, abs=2)
    assert clock.needs_refresh(11.0)

    measure(clock, at=12.0)
    assert clock.timestamp_us(lambda: 0, 13.0) == pytest.approx(EPOCH_US + 13e6 - 10_000, abs=2)
    assert not clock.needs_refresh(13.0)


@pytest.mark.parametrize("step_us", [100_000, -100_000, 1_000_000, 3_600_000_000])
def test_a_step_that_the_next_measurement_bears_out_is_followed(step_us: int) -> None:
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.001)
    measure(clock, at=10.0, ahead_us=step_us)
    measure(clock, at=10.1, ahead_us=step_us)

    assert clock.timestamp_us(lambda: 0, 11.0) == pytest.approx(
        EPOCH_US + step_us + 11e6 - 10_000, abs=2
    )
    assert not clock.needs_refresh(11.0)


def test_odd_measurements_that_contradict_each_other_are_not_believed() -> None:
    clock = ServerClock()
    measure(clock, at=0.0)
    for at in range(1, 20):
        measure(clock, at=float(at), ahead_us=at * 10_000_000)

    assert clock.timestamp_us(lambda: 0, 30.0) == pytest.approx(EPOCH_US + 30e6 - 10_000, abs=2)


@pytest.mark.parametrize("wrong_us", [-3_600_000_000, 2_000_000])
def test_a_first_measurement_far_from_the_wall_clock_has_to_be_borne_out(wrong_us: int) -> None:
    clock = ServerClock()
    measure(clock, at=0.0, ahead_us=wrong_us)

    assert clock.needs_refresh(0.1)
    assert clock.timestamp_us(lambda: EPOCH_US + 1, 1.0) == EPOCH_US + 1
    measure(clock, at=0.1, ahead_us=wrong_us)
    assert clock.timestamp_us(lambda: 0, 1.0) == pytest.approx(
        EPOCH_US + wrong_us + 1e6 - 10_000, abs=2
    )


def test_a_refused_timestamp_does_not_make_one_odd_measurement_believed() -> None:
    clock = ServerClock()
    measure(clock, at=0.0)
    clock.invalidate()
    measure(clock, at=1.0, ahead_us=3_600_000_000)

    assert clock.needs_refresh(2.0)
    assert clock.timestamp_us(lambda: 0, 2.0) == pytest.approx(EPOCH_US + 2e6 - 10_000, abs=2)


@pytest.mark.parametrize("drift_us_per_s", [-450, 450])
def test_clocks_that_drift_contradict_nothing(drift_us_per_s: int) -> None:
    """Half a second in a quarter of an hour: it is followed, and needs no bearing out."""
    clock = ServerClock()
    for at in (0.0, 900.0):
        measure(clock, at=at, ahead_us=round(at * drift_us_per_s), there=0.0, back=0.001)

    assert not clock.needs_refresh(901.0)


def test_an_offset_set_by_hand_wins_until_it_is_taken_back() -> None:
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.0)
    clock.set_time_offset_ms(-250.5)

    assert clock.timestamp_us(lambda: EPOCH_US, 99.0) == EPOCH_US - 250_500
    assert not clock.needs_refresh(10**6)

    clock.set_time_offset_ms(None)
    assert clock.timestamp_us(lambda: 0, 99.0) == EPOCH_US + 99_000_000


def test_it_wants_a_refresh_when_the_last_measurement_is_old() -> None:
    clock = ServerClock(refresh_s=600.0)
    measure(clock, at=0.0, there=0.0, back=1.0)

    assert not clock.needs_refresh(600.9)
    assert clock.needs_refresh(601.0)


def test_a_doubted_estimate_is_kept_until_the_next_measurement_replaces_it() -> None:
    clock = ServerClock()
    measure(clock, at=0.0, there=0.0, back=0.001)
    doubted = clock.timestamp_us(lambda: 0, 5.0)
    clock.invalidate()

    assert clock.needs_refresh(1.0)
    assert clock.timestamp_us(lambda: 0, 5.0) == doubted

    measure(clock, at=2.0, ahead_us=30_000, there=0.0, back=0.2)
    assert not clock.needs_refresh(3.0)
    assert clock.round_trip == pytest.approx(0.2)


@pytest.mark.skipif(build == "compiled", reason="no class can derive from a compiled one")
def test_an_offset_that_another_thread_takes_back_meanwhile_does_no_harm() -> None:
    class Contested(ServerClock):
        """The offset is gone when it is looked at again."""

        _offset: int | None = None

        @property
        def _manual_us(self) -> int | None:
            offset, self._offset = self._offset, None
            return offset

        @_manual_us.setter
        def _manual_us(self, offset: int | None) -> None:
            self._offset = offset

    clock = Contested()
    clock.set_time_offset_ms(2.5)
    assert clock.timestamp_us(lambda: EPOCH_US, 0.0) == EPOCH_US + 2500


def test_the_wall_clock_is_not_read_when_it_does_not_count() -> None:
    clock = ServerClock()
    measure(clock, at=1.0)

    def never() -> int:
        raise AssertionError("it was read")

    assert clock.timestamp_us(never, 2.0) > EPOCH_US
