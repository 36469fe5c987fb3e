from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.simulator.market_data.intervals import (
    DAY,
    HOUR,
    INTERVALS,
    MINUTE,
    parse_time_zone,
    parse_window,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(min_value=1_300_000_000_000_000, max_value=2_500_000_000_000_000)
offsets = st.integers(min_value=-12 * 60, max_value=14 * 60).map(lambda minutes: minutes * MINUTE)


def micros(*when: int) -> int:
    return (datetime(*when, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("name", "offset_us", "moment", "begins"),
    [
        ("1m", 0, (2024, 2, 29, 13, 47, 31), (2024, 2, 29, 13, 47)),
        ("1h", 5 * HOUR + 45 * MINUTE, (2024, 2, 29, 13, 47), (2024, 2, 29, 13, 15)),
        ("1d", 0, (2024, 2, 29, 13, 47), (2024, 2, 29)),
        ("1d", 8 * HOUR, (2024, 2, 29, 13, 47), (2024, 2, 28, 16)),
        ("1d", -1 * HOUR, (2024, 2, 29, 0, 30), (2024, 2, 28, 1)),
        ("1w", 0, (2024, 2, 29, 13, 47), (2024, 2, 26)),
        ("1w", 0, (2024, 2, 26), (2024, 2, 26)),
        ("1M", 0, (2024, 2, 29, 13, 47), (2024, 2, 1)),
        ("1M", 8 * HOUR, (2024, 2, 29, 17), (2024, 2, 29, 16)),
    ],
)
def test_candles_begin_where_the_calendar_says(
    name: str, offset_us: int, moment: tuple[int, ...], begins: tuple[int, ...]
) -> None:
    assert INTERVALS[name].floor(micros(*moment), offset_us) == micros(*begins)


@given(name=st.sampled_from(sorted(INTERVALS)), moment=moments, offset=offsets)
def test_intervals_tile_time(name: str, moment: int, offset: int) -> None:
    interval = INTERVALS[name]
    begin = interval.floor(moment, offset)
    following = interval.step(begin, 1, offset)

    assert begin <= moment < following
    assert interval.floor(following - 1, offset) == begin
    assert interval.floor(following, offset) == following
    assert interval.step(following, -1, offset) == begin
    assert interval.count_between(begin, interval.step(begin, 17, offset), offset) == 17


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("0", 0),
        ("8", 8 * HOUR),
        ("-1:00", -HOUR),
        ("05:45", 5 * HOUR + 45 * MINUTE),
        ("+14:00", 14 * HOUR),
        ("14:01", None),
        ("-12:00", -12 * HOUR),
        ("-12:01", None),
        ("1:60", None),
        ("UTC", None),
        ("", None),
    ],
)
def test_time_zones_are_hours_or_hours_and_minutes(text: str, offset: int | None) -> None:
    assert parse_time_zone(text) == offset


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("1m", MINUTE),
        ("59m", 59 * MINUTE),
        ("60m", None),
        ("23h", 23 * HOUR),
        ("24h", None),
        ("7d", 7 * DAY),
        ("8d", None),
        ("0m", None),
        ("1d 2h", None),
        ("1w", None),
    ],
)
def test_windows_stay_in_their_unit(text: str, width: int | None) -> None:
    assert parse_window(text) == width
