from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.protocol.silence import (
    LONGEST_S,
    LONGEST_WINDOW_S,
    Silence,
    retry_after_s,
)

WALL_US = 1_795_000_020_000_000 + 15_000_000
"""Fifteen seconds past a full minute."""
NOW = 1000.0
DATE = "Wed, 29 Jul 2026 10:00:00 GMT"


def refused(silence: Silence, status: int, code: int, wait: float | None, **more: Any) -> Any:
    return silence.refused(
        status=status, code=code, wait=wait, is_ban=False, now=NOW, wall_us=WALL_US, **more
    )


def handshake_refused(silence: Silence, status: int, wait: float | None) -> float | None:
    return silence.handshake_refused(status=status, wait=wait, now=NOW, wall_us=WALL_US)


def delays(silence: Silence, now: float = NOW) -> tuple[float, float, float]:
    """Of requests, of orders, of handshakes."""
    return (
        silence.delay(now),
        silence.delay(now, orders=True),
        silence.handshake_delay(now),
    )


@pytest.mark.parametrize(
    ("status", "code", "wait", "requests", "orders", "handshakes"),
    [
        (418, -1003, 300.0, 300, 300, 300),
        (418, -1003, None, 120, 120, 120),
        (418, 0, 0.0, 120, 120, 120),
        (418, -1000, -5.0, 120, 120, 120),
        (418, 0, float("nan"), 120, 120, 120),
        (418, 0, 1e12, LONGEST_S, LONGEST_S, LONGEST_S),
        (418, -1015, 300.0, 300, 300, 300),
        (429, -1003, 20.0, 20, 20, 20),
        (429, -1003, None, 45, 45, 45),
        (429, 0, None, 45, 45, 45),
        (429, -1003, 0.0, 0, 0, 0),
        (429, -1003, 1e12, LONGEST_WINDOW_S, LONGEST_WINDOW_S, LONGEST_WINDOW_S),
        (400, -1003, 301.0, 300, 300, 300),
        (429, -1034, 1e12, 0, 0, LONGEST_WINDOW_S),
        (429, -1015, 40_000.0, 0, 40_000, 0),
        (429, -1015, 1e12, 0, 86_400, 0),
        (429, -2021, 1e12, 0, 86_400, 0),
        (400, -1003, None, 45, 45, 45),
        (429, -1015, 7.0, 0, 7, 0),
        (429, -1015, None, 0, 5, 0),
        (400, -1015, 7.0, 0, 7, 0),
        (429, -2021, None, 0, 5, 0),
        (429, -2022, 3.0, 0, 3, 0),
        (429, -1034, 200.0, 0, 0, 200),
        (429, -1034, None, 0, 0, 45),
        (409, -2021, None, 0, 0, 0),
        (400, -2010, None, 0, 0, 0),
        (503, -1008, 3.0, 0, 0, 0),
        (403, 0, None, 0, 0, 0),
    ],
)
def test_what_a_refused_request_keeps_back(
    status: int, code: int, wait: float | None, requests: float, orders: float, handshakes: float
) -> None:
    silence = Silence()

    told = refused(silence, status, code, wait)

    assert delays(silence) == (requests, orders, handshakes)
    longest = max(requests, orders, handshakes)
    assert told == (longest or None) or (told == 0 and wait == 0)
    assert delays(silence, NOW + longest) == (0, 0, 0)


def test_a_ban_told_in_words_is_a_ban_whatever_its_status() -> None:
    silence = Silence()
    silence.refused(status=400, code=-1003, wait=None, is_ban=True, now=NOW, wall_us=WALL_US)

    assert delays(silence) == (120, 120, 120)
    assert silence.reason(NOW) == "the IP address is banned"
    assert silence.reason(NOW + 120) == "the exchange asked to wait"


@pytest.mark.parametrize(
    ("status", "wait", "requests", "handshakes"),
    [
        (418, 300.0, 300, 300),
        (418, None, 120, 120),
        (418, 0.0, 120, 120),
        (418, 1e9, LONGEST_S, LONGEST_S),
        (429, 20.5, 0, 20.5),
        (429, None, 0, 45),
        (429, 1e9, 0, LONGEST_WINDOW_S),
        (503, 1e9, 0, LONGEST_WINDOW_S),
        (503, 20.0, 0, 20),
        (503, None, 0, 0),
        (403, None, 0, 0),
    ],
)
def test_what_a_refused_handshake_keeps_back(
    status: int, wait: float | None, requests: float, handshakes: float
) -> None:
    """Short of a ban nothing is said of requests: cancels on open connections go on."""
    silence = Silence()

    told = handshake_refused(silence, status, wait)

    assert delays(silence) == (requests, requests, handshakes)
    assert told == (handshakes or None)


def test_a_later_shorter_word_does_not_shorten_a_ban() -> None:
    silence = Silence()
    refused(silence, 418, -1003, 300.0)
    refused(silence, 418, -1003, 150.0)
    refused(silence, 429, -1003, 2.0)
    refused(silence, 429, -1015, 2.0)
    handshake_refused(silence, 429, 2.0)

    assert delays(silence) == (300, 300, 300)


def test_orders_told_to_wait_longer_than_all_others_do_so() -> None:
    silence = Silence()
    refused(silence, 429, -1015, 50.0)
    refused(silence, 429, -1003, 20.0)

    assert delays(silence) == (20, 50, 20)


def test_most_requests_look_at_one_number() -> None:
    """It is never earlier than anything that keeps requests back."""
    silence = Silence()
    assert silence.until < NOW
    refused(silence, 429, -1015, 50.0)
    assert silence.until == NOW + 50
    refused(silence, 418, -1003, 300.0)
    assert silence.until == NOW + 300


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("2.", 2.0),
        ("99999999999", LONGEST_S),
        ("9" * 400, LONGEST_S),
        ("Wed, 29 Jul 2026 10:02:30 GMT", 150.0),
        ("Wednesday, 29-Jul-26 10:02:30 GMT", 150.0),
        ("Wed Jul 29 10:02:30 2026", 150.0),
        ("Wed, 29 Jul 2026 12:02:30 +0200", 150.0),
        ("Wed, 29 Jul 2126 10:00:00 GMT", LONGEST_S),
        ("Wed, 29 Jul 2026 09:59:00 GMT", None),
        *((text, None) for text in ("", "-5", "nan", "inf", "1e3", "1_0", "٣", "soon", "12 s")),
        ("Wed, 99 Jul 2026 10:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_any_of_its_forms(text: str, seconds: float | None) -> None:
    assert retry_after_s(text, DATE, 0) == seconds


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_without_a_date_beside_it_this_machines_time_counts(date: str) -> None:
    at_ten = 1_785_319_200 * 10**6

    assert retry_after_s("Wed, 29 Jul 2026 10:02:30 GMT", date, at_ten) == 150.0


@given(st.text(), st.text())
def test_no_header_breaks_it(text: str, date: str) -> None:
    seconds = retry_after_s(text, date, WALL_US)

    assert seconds is None or 0 <= seconds <= LONGEST_S
