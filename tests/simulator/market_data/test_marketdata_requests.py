from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from marketdata_tape import Tape

from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.market_data.intervals import DAY, HOUR, MINUTE, SECOND
from binance_wsapi.simulator.market_data.reference_price import ArithmeticMean

EXAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "reference" / "spot" / "examples.json").read_text()
)


@pytest.fixture
def tape() -> Tape:
    return Tape()


def refusal(tape: Tape, method: str, **params: Any) -> tuple[int, str]:
    with pytest.raises(ExchangeError) as caught:
        tape.ask(method, **params)
    return caught.value.code, caught.value.message


def sample(method: str, variant: str) -> Any:
    return next(
        example["payload"]["result"]
        for example in EXAMPLES
        if example["method"] == method and example["variant"] == variant
    )


def shape(value: Any) -> Any:
    """Return field names in order and the JSON types, of the first row of lists."""
    if isinstance(value, dict):
        return [(name, shape(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value] if _is_row(value) else [shape(value[0])]
    return type(value).__name__


def _is_row(value: list[Any]) -> bool:
    return not isinstance(value[0], dict | list)


@pytest.mark.parametrize(
    ("method", "params", "variant"),
    [
        ("trades.recent", {}, "response"),
        ("trades.historical", {"fromId": 0}, "response"),
        ("blockTrades.historical", {"fromId": 0}, "response"),
        ("trades.aggregate", {"fromId": 0}, "response"),
        ("klines", {"interval": "1h"}, "response"),
        ("uiKlines", {"interval": "1h"}, "response"),
        ("avgPrice", {}, "response"),
        ("ticker.24hr", {}, "FULL, one symbol"),
        ("ticker.24hr", {"type": "MINI"}, "MINI, one symbol"),
        ("ticker.24hr", {"symbols": ["BTCUSDT"]}, "FULL, several symbols"),
        ("ticker.tradingDay", {}, "FULL, symbol"),
        ("ticker.tradingDay", {"symbols": ["BTCUSDT"]}, "FULL, symbols"),
        ("ticker.tradingDay", {"type": "MINI"}, "MINI, symbol"),
        ("ticker.tradingDay", {"type": "MINI", "symbols": ["BTCUSDT"]}, "MINI, symbols"),
        ("ticker", {"windowSize": "7d"}, "FULL, one symbol"),
        ("ticker", {"type": "MINI"}, "MINI, one symbol"),
        ("ticker", {"symbols": ["BTCUSDT"]}, "FULL, several symbols"),
        ("ticker.price", {}, "one symbol"),
        ("ticker.price", {"symbols": ["BTCUSDT"]}, "several symbols"),
        ("referencePrice", {}, "price set"),
    ],
)
def test_answers_have_the_documented_shape(
    tape: Tape, method: str, params: dict[str, Any], variant: str
) -> None:
    tape.trade("100", "2")
    tape.data.block_trades.record("BTCUSDT", Decimal(99), Decimal(500), buyer_is_maker=True)
    tape.data.set_reference_price("BTCUSDT", Decimal(101))
    if "symbols" not in params:
        params = {"symbol": "BTCUSDT", **params}

    answer = plain(tape.ask(method, **params), microseconds=False)

    assert shape(answer) == shape(sample(method, variant))


def test_recent_trades_are_the_newest_oldest_first(tape: Tape) -> None:
    for price in range(1, 8):
        tape.trade(str(price))

    rows = tape.ask("trades.recent", symbol="BTCUSDT", limit=3)

    assert [(row["id"], row["price"]) for row in rows] == [(4, 5), (5, 6), (6, 7)]


def test_no_more_rows_than_the_most(tape: Tape) -> None:
    for _ in range(1_100):
        tape.trade("1")

    assert len(tape.ask("trades.recent", symbol="BTCUSDT", limit=5_000)) == 1_000
    assert len(tape.ask("trades.recent", symbol="BTCUSDT")) == 500


def test_historical_trades_page_by_id(tape: Tape) -> None:
    for price in range(1, 8):
        tape.trade(str(price))

    def ids(**params: Any) -> list[int]:
        return [row["id"] for row in tape.ask("trades.historical", symbol="BTCUSDT", **params)]

    assert ids(fromId=2, limit=3) == [2, 3, 4]
    assert ids(fromId=6) == [6]
    assert ids(fromId=7) == []
    assert ids(limit=2) == [5, 6]


def test_aggregate_trades_join_one_taker_at_one_price(tape: Tape) -> None:
    tape.trade("10", "1", taker=77)
    tape.trade("10", "2", taker=77)
    tape.trade("11", "3", taker=77)
    tape.trade("11", "4", taker=78)
    tape.clock.advance(1)
    tape.trade("11", "5", taker=78)
    tape.trade("11", "6", taker=78, buyer_is_maker=True)

    rows = tape.ask("trades.aggregate", symbol="BTCUSDT")

    assert [(row["a"], row["p"], row["q"], row["f"], row["l"], row["m"]) for row in rows] == [
        (0, 10, 3, 0, 1, False),
        (1, 11, 3, 2, 2, False),
        (2, 11, 4, 3, 3, False),
        (3, 11, 5, 4, 4, False),
        (4, 11, 6, 5, 5, True),
    ]


def test_aggregate_trades_are_chosen_by_id_or_by_time(tape: Tape) -> None:
    start_ms = tape.clock.now_us() // 1_000
    for price in range(10):
        tape.trade(str(price + 1))
        tape.clock.advance(1)

    def ids(**params: Any) -> list[int]:
        return [row["a"] for row in tape.ask("trades.aggregate", symbol="BTCUSDT", **params)]

    assert ids(limit=2) == [8, 9]
    assert ids(fromId=3, limit=2) == [3, 4]
    assert ids(startTime=start_ms + 2_500, limit=2) == [3, 4]
    assert ids(startTime=start_ms + 2_000, endTime=start_ms + 4_000) == [2, 3, 4]
    assert ids(endTime=start_ms + 4_000, limit=2) == [3, 4]
    assert ids(endTime=start_ms * 1_000 + 4_000_456, limit=1) == [4]
    assert ids(startTime=start_ms + 4_000, endTime=start_ms) == []
    assert refusal(tape, "trades.aggregate", symbol="BTCUSDT", fromId=1, startTime=1)[0] == -1128


def test_klines_fill_intervals_without_trades(tape: Tape) -> None:
    tape.trade("10")
    tape.clock.advance(180)
    tape.trade("12")

    rows = tape.ask("klines", symbol="BTCUSDT", interval="1m")

    assert [(row[1], row[4], row[5], row[8]) for row in rows] == [
        (10, 10, 1, 1),
        (10, 10, 0, 0),
        (10, 10, 0, 0),
        (12, 12, 1, 1),
    ]


def test_klines_go_on_until_now(tape: Tape) -> None:
    tape.trade("10")
    tape.clock.advance(600)

    assert len(tape.ask("klines", symbol="BTCUSDT", interval="1m")) == 11
    assert tape.ask("klines", symbol="ETHUSDT", interval="1m") == []


def test_klines_are_chosen_by_time(tape: Tape) -> None:
    first_us = tape.clock.now_us() // MINUTE * MINUTE
    for price in range(10):
        tape.trade(str(price + 1))
        tape.clock.advance(60)

    def opens(**params: Any) -> list[int]:
        rows = tape.ask("klines", symbol="BTCUSDT", interval="1m", **params)
        return [(row[0].us - first_us) // MINUTE for row in rows]

    def ms(minute: float) -> int:
        return first_us // 1_000 + int(minute * 60_000)

    assert opens() == list(range(11))
    assert opens(limit=2) == [9, 10]
    assert opens(startTime=ms(0), limit=2) == [0, 1]
    assert opens(startTime=ms(-500), limit=2) == [0, 1]
    assert opens(startTime=ms(1.5), limit=2) == [2, 3]
    assert opens(endTime=ms(4), limit=2) == [3, 4]
    assert opens(endTime=ms(4.9), limit=2) == [3, 4]
    assert opens(startTime=ms(2), endTime=ms(4)) == [2, 3, 4]
    assert opens(startTime=ms(2), endTime=ms(9), limit=1) == [2]
    assert opens(startTime=ms(4), endTime=ms(2)) == []
    assert opens(startTime=ms(20)) == []


@pytest.mark.parametrize("interval", ["1s", "1M"])
def test_times_out_of_this_world_are_no_trouble(tape: Tape, interval: str) -> None:
    tape.trade("10")
    end_of_time = 2**63 - 1

    def rows(**params: Any) -> int:
        return len(tape.ask("klines", symbol="BTCUSDT", interval=interval, **params))

    assert rows(startTime=end_of_time) == 0
    assert rows(endTime=end_of_time) == 1
    assert rows(startTime=0, endTime=end_of_time, timeZone="-12:00") == 1
    assert rows(endTime=0, timeZone="-12:00") == 0


def test_a_day_in_another_zone_begins_elsewhere(tape: Tape) -> None:
    tape.trade("10")

    rows = tape.ask("klines", symbol="BTCUSDT", interval="1d", timeZone="05:45")

    assert (rows[0][0].us + 5 * HOUR + 45 * MINUTE) % DAY == 0
    assert rows[0][6].us - rows[0][0].us == DAY - 1


def test_the_day_ticker_forgets_after_24_hours(tape: Tape) -> None:
    tape.trade("10", "3")
    tape.clock.advance(1)
    tape.trade("15", "1")
    before = tape.ask("ticker.24hr", symbol="BTCUSDT")
    tape.clock.advance(DAY / SECOND + 60)
    after = tape.ask("ticker.24hr", symbol="BTCUSDT")

    assert (before["priceChange"], before["priceChangePercent"]) == (5, 50)
    assert str(before["priceChangePercent"]) == "50.000"
    assert (before["weightedAvgPrice"], before["count"]) == (Decimal("11.25"), 2)
    assert before["prevClosePrice"] == 0
    assert (after["lastPrice"], after["openPrice"], after["prevClosePrice"]) == (15, 15, 15)
    assert (after["count"], after["firstId"], after["volume"]) == (0, -1, 0)


def test_the_trading_day_begins_at_midnight_of_its_zone(tape: Tape) -> None:
    tape.trade("10", "3")
    tape.clock.advance(2 * 3_600)
    tape.trade("12", "1")

    utc = tape.ask("ticker.tradingDay", symbol="BTCUSDT")
    # The clock starts at 22:13 UTC: two hours later it is tomorrow in UTC, still today at UTC-1.
    west = tape.ask("ticker.tradingDay", symbol="BTCUSDT", timeZone="-1:00")

    assert (utc["count"], utc["openTime"].us % DAY) == (1, 0)
    assert (west["count"], west["openTime"].us % DAY) == (2, HOUR)
    assert utc["closeTime"].us - utc["openTime"].us == DAY - 1


def test_a_symbol_that_never_traded_answers_zeros(tape: Tape) -> None:
    row = tape.ask("ticker.24hr", symbol="BTCUSDT")

    assert (row["lastPrice"], row["count"], row["firstId"]) == (0, 0, -1)
    assert str(row["lastPrice"]) == "0E-8"
    assert plain(row, microseconds=False)["lastPrice"] == "0.00000000"  # type: ignore[index]
    assert tape.ask("ticker.price", symbol="BTCUSDT")["price"] == 0
    assert tape.ask("avgPrice", symbol="BTCUSDT")["price"] == 0
    assert tape.data.last_price("BTCUSDT") is None


@pytest.mark.parametrize("method", ["ticker.24hr", "ticker.price"])
def test_without_symbols_all_trading_ones_are_meant(tape: Tape, method: str) -> None:
    def names(**params: Any) -> list[str]:
        return [row["symbol"] for row in tape.ask(method, **params)]

    assert names() == ["BTCUSDT", "ETHUSDT"]
    assert names(symbolStatus="BREAK") == ["OLDUSDT"]
    assert names(symbols=["ETHUSDT", "OLDUSDT"]) == ["ETHUSDT", "OLDUSDT"]
    assert names(symbols=["ETHUSDT", "OLDUSDT"], symbolStatus="TRADING") == ["ETHUSDT"]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("trades.recent", {}, -1102),
        ("trades.recent", {"symbol": ""}, -1102),
        ("trades.recent", {"symbol": "NOPE"}, -1121),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": 0}, -1130),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": -1}, -1100),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": "ten"}, -1100),
        ("trades.recent", {"symbol": "BTCUSDT", "limit": True}, -1102),
        ("blockTrades.historical", {"symbol": "BTCUSDT"}, -1102),
        ("klines", {"symbol": "BTCUSDT"}, -1102),
        ("klines", {"symbol": "BTCUSDT", "interval": "1D"}, -1120),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "timeZone": "15"}, -1130),
        ("ticker.24hr", {"symbol": "BTCUSDT", "symbols": ["ETHUSDT"]}, -1128),
        ("ticker.24hr", {"symbol": "BTCUSDT", "symbolStatus": "HALT"}, -1220),
        ("ticker.24hr", {"symbol": "BTCUSDT", "symbolStatus": "OPEN"}, -1122),
        ("ticker.24hr", {"symbol": "BTCUSDT", "type": "TINY"}, -1139),
        ("ticker.price", {"symbols": ["BTCUSDT", "BTCUSDT"]}, -1151),
        ("ticker.price", {"symbols": ["BTCUSDT", "NOPE"]}, -1121),
        ("ticker.price", {"symbols": []}, -1102),
        ("ticker", {}, -1102),
        ("ticker", {"symbol": "BTCUSDT", "window": "1h"}, -1104),
        ("ticker.tradingDay", {}, -1102),
        ("ticker", {"symbol": "BTCUSDT", "windowSize": "24h"}, -1130),
        ("ticker", {"symbols": [f"S{number}" for number in range(201)]}, -1101),
        ("referencePrice.calculation", {"symbol": "BTCUSDT"}, -2043),
        ("order.place", {}, -1020),
    ],
)
def test_bad_requests_get_the_documented_code(
    tape: Tape, method: str, params: dict[str, Any], code: int
) -> None:
    assert refusal(tape, method, **params)[0] == code


def test_reference_prices_are_set_unset_or_never_set(tape: Tape) -> None:
    never = tape.ask("referencePrice", symbol="BTCUSDT")
    tape.data.set_reference_price("BTCUSDT", Decimal("1.5"))
    was_set_us = tape.clock.now_us()
    tape.clock.advance(1)
    now_set = tape.ask("referencePrice", symbol="BTCUSDT")
    tape.data.set_reference_price("BTCUSDT", None)
    unset = tape.ask("referencePrice", symbol="BTCUSDT")

    assert never == {"code": -2043, "msg": "This symbol doesn't have a reference price."}
    assert (now_set["referencePrice"], now_set["timestamp"].us) == (Decimal("1.5"), was_set_us)
    assert unset["referencePrice"] is None
    assert tape.data.reference_price("BTCUSDT") is None
    assert tape.ask("referencePrice.calculation", symbol="BTCUSDT") == {
        "symbol": "BTCUSDT",
        "calculationType": "EXTERNAL",
        "externalCalculationId": 0,
    }


def test_the_engines_reference_price_counts_the_oldest_bucket_in_part(tape: Tape) -> None:
    tape.clock.set_to(tape.clock.now_us() // SECOND * SECOND)
    tape.data.use_reference_price("BTCUSDT", ArithmeticMean(bucket_count=2, bucket_width_ms=1_000))
    tape.trade("10", "5")
    tape.trade("20", "1")
    tape.clock.advance(1)
    tape.trade("40")

    assert tape.data.reference_price("BTCUSDT") == Decimal(70) / 3 // PLACE * PLACE
    tape.clock.advance(1.5)
    # The window of two seconds now begins in the middle of the first bucket: (30 / 2 + 40) / (2 / 2 + 1).
    assert tape.data.reference_price("BTCUSDT") == Decimal("27.5")
    tape.clock.advance(0.5)
    assert tape.data.reference_price("BTCUSDT") == 40
    tape.clock.advance(1)
    assert tape.data.reference_price("BTCUSDT") is None
    assert tape.ask("referencePrice.calculation", symbol="BTCUSDT") == {
        "symbol": "BTCUSDT",
        "calculationType": "ARITHMETIC_MEAN",
        "bucketCount": 2,
        "bucketWidthMs": 1_000,
    }


PLACE = Decimal("0.00000001")


def test_block_trades_page_by_id_and_move_no_price(tape: Tape) -> None:
    for price in (5, 6, 7):
        tape.data.block_trades.record("BTCUSDT", Decimal(price), Decimal(1), buyer_is_maker=False)

    rows = tape.ask("blockTrades.historical", symbol="BTCUSDT", fromId=1, limit=1)

    assert [(row["id"], row["price"]) for row in rows] == [(1, 6)]
    assert "isBestMatch" not in rows[0]
    assert tape.data.last_price("BTCUSDT") is None
    assert tape.ask("blockTrades.historical", symbol="ETHUSDT", fromId=0) == []


def test_timestamps_may_be_asked_in_microseconds(tape: Tape) -> None:
    tape.trade("10")

    rows = tape.ask("klines", symbol="BTCUSDT", interval="1m")

    milli = plain(rows, microseconds=False)
    micro = plain(rows, microseconds=True)
    assert isinstance(milli, list)
    assert isinstance(micro, list)
    assert micro[0][0] == milli[0][0] * 1_000
    assert micro[0][6] == milli[0][6] * 1_000 + 999
