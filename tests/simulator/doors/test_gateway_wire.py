"""What payloads look like on the wire."""

from __future__ import annotations

from decimal import Decimal

import pytest

from binance_wsapi.simulator.doors.wire import Micros, encode, to_micros


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0E-8"), b'"0.00000000"'),
        (Decimal("1E-8"), b'"0.00000001"'),
        (Decimal("1E+3"), b'"1000"'),
        (Decimal("60000.00"), b'"60000.00"'),
        ((1, "a", None, True, 1.5), b'[1,"a",null,true,1.5]'),
        ({"a": [{"b": Decimal("0.10")}]}, b'{"a":[{"b":"0.10"}]}'),
    ],
)
def test_decimals_are_plain_text_with_their_places(value: object, text: bytes) -> None:
    assert encode(value, microseconds=False) == text


def test_times_have_the_unit_of_the_connection() -> None:
    payload = {"E": Micros(1_234_567), "all": [Micros(1_999)]}

    assert encode(payload, microseconds=False) == b'{"E":1234,"all":[1]}'
    assert encode(payload, microseconds=True) == b'{"E":1234567,"all":[1999]}'


@pytest.mark.parametrize(
    ("sent", "micros"),
    [(1_483_228_800_000, 1_483_228_800_000_000), (1_800_000_000_000_001, 1_800_000_000_000_001)],
)
def test_timestamps_of_requests_come_in_either_unit(sent: int, micros: int) -> None:
    assert to_micros(sent) == micros
