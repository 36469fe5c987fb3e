"""Candles, windows and averages equal what the trade tape says when it is read from the beginning."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marketdata_tape import Tape

from binance_wsapi.simulator.market_data.intervals import DAY, HOUR, INTERVALS, MINUTE, SECOND
from binance_wsapi.simulator.observers import Trade

PLACES = Decimal("0.00000001")
ZERO = Decimal(0)
gaps = st.sampled_from([0, 1, SECOND // 3, 7 * SECOND, 61 * SECOND, 22 * MINUTE, 5 * HOUR, 3 * DAY])
trades = st.lists(
    st.tuples(
        gaps,
        st.decimals("0.01", "99999", places=2),
        st.decimals("0.00001", "50", places=5),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture
def tape() -> Tape:
    return Tape()


def cut(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_DOWN)


def naive(tape: list[Trade]) -> list[Any]:
    """Return open, high, low, close, volume, quote volume, count, taker base, taker quote."""
    bought = [trade for trade in tape if not trade.buyer_is_maker]
    return [
        cut(tape[0].price),
        cut(max(trade.price for trade in tape)),
        cut(min(trade.price for trade in tape)),
        cut(tape[-1].price),
        cut(sum((trade.quantity for trade in tape), ZERO)),
        cut(sum((trade.price * trade.quantity for trade in tape), ZERO)),
        len(tape),
        cut(sum((trade.quantity for trade in bought), ZERO)),
        cut(sum((trade.price * trade.quantity for trade in bought), ZERO)),
    ]


@settings(max_examples=60, deadline=None)
@given(
    rows=trades,
    interval=st.sampled_from(sorted(INTERVALS)),
    zone=st.sampled_from(["0", "8", "-1:00", "05:45", "14"]),
    asked_between=st.booleans(),
)
def test_klines_equal_the_tape(
    rows: list[tuple[int, Decimal, Decimal, bool]], interval: str, zone: str, asked_between: bool
) -> None:
    tape = Tape()
    for gap, price, quantity, buyer_is_maker in rows:
        tape.clock.advance(gap / SECOND)
        tape.trade(price, quantity, buyer_is_maker=buyer_is_maker)
        if asked_between:
            tape.ask("klines", symbol="BTCUSDT", interval=interval)
    answer = tape.ask("klines", symbol="BTCUSDT", interval=interval, timeZone=zone, limit=1_000)

    assert answer[0][0].us <= tape.trades[0].time_us or len(answer) == 1_000
    assert answer[-1][0].us <= tape.clock.now_us() <= answer[-1][6].us
    previous: list[Any] | None = None
    for row in answer:
        inside = [trade for trade in tape.trades if row[0].us <= trade.time_us <= row[6].us]
        if inside:
            assert [*row[1:6], *row[7:11]] == naive(inside)
        else:
            before = [trade for trade in tape.trades if trade.time_us < row[0].us][-1]
            assert [*row[1:6], *row[7:11]] == [cut(before.price)] * 4 + [ZERO, ZERO, 0, ZERO, ZERO]
        if previous is not None:
            assert row[0].us == previous[6].us + 1
        previous = row


@settings(max_examples=60, deadline=None)
@given(rows=trades, window=st.sampled_from(["1m", "7m", "1h", "4h", "1d", "7d"]))
def test_rolling_tickers_equal_the_tape(
    rows: list[tuple[int, Decimal, Decimal, bool]], window: str
) -> None:
    tape = Tape()
    for gap, price, quantity, buyer_is_maker in rows:
        tape.clock.advance(gap / SECOND)
        tape.trade(price, quantity, buyer_is_maker=buyer_is_maker)

        row = tape.ask("ticker", symbol="BTCUSDT", windowSize=window)
        inside = [trade for trade in tape.trades if trade.time_us >= row["openTime"].us]
        first, high, low, last, volume, quote, count, _, _ = naive(inside)
        assert [row["openPrice"], row["highPrice"], row["lowPrice"], row["lastPrice"]] == [
            first,
            high,
            low,
            last,
        ]
        assert (row["volume"], row["quoteVolume"], row["count"]) == (volume, quote, count)
        assert (row["firstId"], row["lastId"]) == (inside[0].trade_id, inside[-1].trade_id)
        assert row["priceChange"] == last - first
        assert row["closeTime"].us == tape.clock.now_us()


@settings(max_examples=60, deadline=None)
@given(rows=trades)
def test_average_price_equals_the_tape(rows: list[tuple[int, Decimal, Decimal, bool]]) -> None:
    tape = Tape()
    for gap, price, quantity, buyer_is_maker in rows:
        tape.clock.advance(gap / SECOND)
        since = tape.clock.now_us() // SECOND * SECOND - 5 * MINUTE
        inside = [trade for trade in tape.trades if trade.time_us >= since]
        if inside:
            volume = sum((trade.quantity for trade in inside), ZERO)
            quote = sum((trade.price * trade.quantity for trade in inside), ZERO)
            assert tape.data.average_price("BTCUSDT", 5) == cut(quote / volume)
        elif tape.trades:
            assert tape.data.average_price("BTCUSDT", 5) == tape.trades[-1].price
        else:
            assert tape.data.average_price("BTCUSDT", 5) is None
        tape.trade(price, quantity, buyer_is_maker=buyer_is_maker)


def test_statistics_outlive_the_tape(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgetting trades and seconds takes nothing from candles and windows."""
    from binance_wsapi.simulator.market_data import history

    monkeypatch.setattr(history, "KEPT_TRADES", 50)
    monkeypatch.setattr(history, "KEPT_SECONDS", 50)
    monkeypatch.setattr(history, "SETTLE_AT_MOST", 20)
    tape.data.histories["BTCUSDT"] = history.SymbolHistory("BTCUSDT")
    for number in range(1_000):
        tape.clock.advance(3)
        tape.trade(Decimal(100 + number % 7), "0.5")

    row = tape.ask("ticker.24hr", symbol="BTCUSDT")

    assert row["count"] == 1_000
    assert row["volume"] == 500
    assert len(tape.ask("trades.recent", symbol="BTCUSDT", limit=1_000)) < 200
    assert sum(candle[8] for candle in tape.ask("klines", symbol="BTCUSDT", interval="1m")) == 1_000


def test_a_second_leaves_the_average_when_its_minutes_are_over(tape: Tape) -> None:
    tape.clock.set_to(tape.clock.now_us() // MINUTE * MINUTE)
    tape.trade("10")
    tape.clock.advance(1)
    tape.trade("20")
    tape.clock.advance(299.999)
    kept = tape.data.average_price("BTCUSDT", 5)
    tape.clock.advance(0.001)
    gone = tape.data.average_price("BTCUSDT", 5)

    assert (kept, gone) == (Decimal(15), Decimal(20))
