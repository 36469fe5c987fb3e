"""Control messages of stream connections are neither too large nor too many."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.protocol.control_messages import MessageRate, fits_message, next_names

NAMES = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789_@", min_size=1, max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500),
).filter(fits_message)


def message(names: list[str]) -> bytes:
    """The longest message that carries these names."""
    body = {"method": "UNSUBSCRIBE", "params": names, "id": 2**63}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def split(names: list[str]) -> list[list[str]]:
    rest, found = names, []
    while rest:
        found.append(next_names(rest))
        rest = rest[len(found[-1]) :]
    return found


@given(st.lists(NAMES, max_size=600))
def test_names_are_split_in_order_into_messages_that_are_answered(names: list[str]) -> None:
    messages = split(names)

    assert [name for each in messages for name in each] == names
    for each in messages:
        assert len(message(each)) < 4_000
        assert len(each) <= 200
    for each, following in pairwise(messages):
        # As few as can be, but for some bytes of room.
        assert len(message([*each, following[0]])) >= 3_950 or len(each) == 200


def test_two_hundred_long_names_take_more_than_one_message() -> None:
    names = [f"{number:03}{'x' * 20}usdt@kline_15m" for number in range(200)]

    assert len(message(names)) > 4_096
    assert len(split(names)) == 3


def test_no_names_are_no_message() -> None:
    assert next_names([]) == []


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("btcusdt@trade", True),
        ("x" * 3_900, True),
        ("x" * 3_950, False),
        ("ü" * 1_900, True),
        ("ü" * 1_975, False),
        ("\x01" * 700, False),
        ("\ud800@trade", False),
    ],
    ids=lambda value: str(value)[:5].encode(errors="replace").decode(),
)
def test_name_that_no_message_can_carry(name: str, fits: bool) -> None:
    assert fits_message(name) is fits


@pytest.mark.parametrize(("market", "allowed"), [(Market.SPOT, 4), (Market.COINM, 9)])
def test_messages_leave_room_for_a_pong(market: Market, allowed: int) -> None:
    rate = MessageRate(market)
    for _ in range(allowed):
        assert rate.delay(10.0) == 0.0
        rate.record(10.0)

    assert rate.delay(10.25) == 1.0


@pytest.mark.parametrize(("market", "limit"), [(Market.SPOT, 5), (Market.USDM, 10)])
@given(data=st.data())
def test_the_exchange_never_sees_more_than_its_limit(
    market: Market, limit: int, data: st.DataObject
) -> None:
    """Messages as fast as allowed, a pong now and then, each up to a quarter of a second under way."""
    rate = MessageRate(market)
    now, arrivals = 0.0, [0.0]
    next_pong = data.draw(st.floats(0, 3), label="first ping")
    for _ in range(data.draw(st.integers(1, 60), label="messages")):
        now += data.draw(st.sampled_from([0, 0, 0, 0.001, 0.3, 1.0]), label="pause")
        send_at = now + rate.delay(now)
        while next_pong <= send_at:  # it is not waited with
            rate.record(next_pong)
            arrivals.append(max(arrivals[-1], next_pong + data.draw(st.floats(0, 0.25))))
            next_pong += 20.0
            send_at = max(send_at, now + rate.delay(now))
        now = send_at
        rate.record(now)
        arrivals.append(max(arrivals[-1], now + data.draw(st.floats(0, 0.2499))))

    for first, last in zip(arrivals[1:], arrivals[1 + limit :], strict=False):
        assert last - first >= 1.0 - 1e-9
