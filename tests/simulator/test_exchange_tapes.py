"""Tapes on the exchange: recorded, replayed at any speed, and as the past of its symbols."""

from __future__ import annotations

import json
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange, clock
from binance_wsapi.simulator.market_data.intervals import INTERVALS
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.playback import Playback
from binance_wsapi.simulator.tapes import Tape, read_tape, read_tapes

BEGINS_US = 1_767_225_600_000_000
"""2026-01-01."""
MINUTE_US = 60_000_000
DAY_SECONDS = 24 * 3600
SYMBOLS = [
    (Market.SPOT, "BTCUSDT", 1),
    (Market.USDM, "BTCUSDT", 1),
    (Market.COINM, "BTCUSD_PERP", 1000),
]
"""Market, symbol, and what makes a whole quantity of a thousandth."""


def standing() -> SimulatedExchange:
    """An exchange on no thread, whose clock stands still."""
    return SimulatedExchange(clock=SimulatedClock(start_us=BEGINS_US - 1, frozen=True))


def trades_of(exchange: SimulatedExchange, market: Market, symbol: str) -> list[Trade]:
    log = data_of(exchange, market).histories[symbol].trades
    return list(log.between(log.start, log.end))


def data_of(exchange: SimulatedExchange, market: Market) -> Any:
    venue = exchange.venue
    if market is Market.SPOT:
        return venue.market_data
    return venue.stream_venues[market].data


def trade_tape(path: Path, rows: Sequence[tuple[float, str, str]]) -> Tape:
    """Write a tape of sales on USD-M: seconds from the beginning, price and quantity."""
    path.write_text(
        "".join(
            f"{number},{price},{quantity},0,{BEGINS_US + round(seconds * 1e6)},True\n"
            for number, (seconds, price, quantity) in enumerate(rows)
        )
    )
    return read_tape(path, market=Market.USDM)


def written(path: Path, rows: Sequence[tuple[float, str]]) -> Tape:
    """Write a tape of trades of one coin: seconds from the beginning, and price."""
    path.write_text(
        "".join(
            f"{number},{price},1,0,{BEGINS_US + round(seconds * 1e6)},True,True\n"
            for number, (seconds, price) in enumerate(rows)
        )
    )
    return read_tape(path)


def made(trades: list[Trade]) -> list[tuple[int, Decimal, Decimal, bool]]:
    return [
        (each.time_us - trades[0].time_us, each.price, each.quantity, each.buyer_is_maker)
        for each in trades
    ]


# --- recorded and replayed


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(SYMBOLS),
            st.integers(590_000, 700_000),
            st.integers(1, 5_000),
            st.booleans(),
            st.integers(0, 10**9),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_a_recording_replayed_is_the_same_market(drawn: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = standing(), standing()
        recording = first.market.record(folder)
        for (market, symbol, unit), price, quantity, maker, wait_us in drawn:
            first.clock.set_to(first.clock.now_us() + wait_us)
            where = first.venue.spot if market is Market.SPOT else first.venue.futures[market]
            assert where.print_trade(
                symbol, Decimal(price) / 10, Decimal(quantity * unit) / 1000, buyer_is_maker=maker
            )
        recording.stop()
        replays = second.market.replay_tapes(read_tapes([folder]))
        while not all(replay.is_over for replay in replays):
            second.clock.step()

        assert recording.trades == len(drawn) == sum(replay.done for replay in replays)
        for market, symbol, _ in SYMBOLS:
            before, after = (trades_of(each, market, symbol) for each in (first, second))
            if before:
                assert made(before) == made(after)


def test_a_recording_ends_when_it_is_told_to(tmp_path: Path) -> None:
    exchange = standing()
    recording = exchange.market.record(tmp_path / "tape")
    for price in ("60000", "60001"):
        exchange.venue.spot.print_trade("BTCUSDT", Decimal(price), Decimal(1), buyer_is_maker=True)
        recording.stop()

    (tape,) = read_tapes([tmp_path / "tape"])

    assert [each.price for each in tape.trades()] == [60000]
    with pytest.raises(ValueError, match="holds tapes already"):
        exchange.market.record(tmp_path / "tape")


def test_an_empty_folder_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no tapes"):
        read_tapes([tmp_path])
    with pytest.raises(ValueError, match="tapes is empty"):
        standing().market.replay_tapes([])


def test_tapes_replayed_together_keep_their_distance(tmp_path: Path) -> None:
    exchange = standing()
    tapes = [
        written(tmp_path / "BTCUSDT-trades-1.csv", [(10, "60000")]),
        written(tmp_path / "ETHUSDT-trades-1.csv", [(4, "3000"), (11, "3001")]),
    ]

    exchange.market.replay_tapes(tapes)
    exchange.clock.advance(60)

    times = [
        [each.time_us - BEGINS_US for each in trades_of(exchange, Market.SPOT, symbol)]
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]
    assert times == [[6_000_000], [0, 7_000_000]]


# --- quotes

QUOTES = (
    "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
)
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


def quoted(
    path: Path, rows: Sequence[tuple[float, str, str, str, str]], header: str = QUOTES
) -> Tape:
    """Write a tape of quotes: seconds from the beginning, then bid and ask, each price and quantity."""
    lines = [header] if header else []
    for number, (seconds, *quote) in enumerate(rows):
        time_ms = BEGINS_US // 1_000 + round(seconds * 1_000)
        lines.append(",".join([str(number), *quote, str(time_ms), str(time_ms + 4)]))
    path.write_text("\n".join(lines) + "\n")
    return read_tape(path, market=Market.USDM)


def best(exchange: SimulatedExchange) -> tuple[Any, ...]:
    book = exchange.venue.futures[Market.USDM].books["BTCUSDT"]
    found: list[Any] = []
    for side in (book.bids, book.asks):
        price = side.best()
        found += [price, None if price is None else side.quantity_at(price)]
    return tuple(found)


@pytest.mark.parametrize("header", [QUOTES, ""])
def test_the_book_shows_what_was_quoted(tmp_path: Path, header: str) -> None:
    rows = [
        (0.0, "27000.1", "19.35", "27000.2", "0.001"),
        (1, "27000.1", "19.35", "27000.3", "8.6"),
        (2, "27000.3", "1", "27000.4", "5"),  # the bid is where the ask was
        (3, "26000.0", "0", "26000.1", "2"),
    ]
    exchange = standing()
    (replay,) = exchange.market.replay_tapes(
        [quoted(tmp_path / "BTCUSDT-bookTicker-2024-01-01.csv", rows, header)]
    )
    seen = []
    while not replay.is_over:
        exchange.clock.step()
        seen.append(best(exchange))

    assert seen[:3] == [tuple(map(Decimal, row[1:])) for row in rows[:3]]
    assert seen[3] == (None, None, Decimal("26000.1"), 2)
    assert (replay.done, replay.refused) == (4, [])
    assert not trades_of(exchange, Market.USDM, "BTCUSDT")


def test_an_order_waits_behind_the_quote_that_was_there(tmp_path: Path) -> None:
    quote = ("60000", "1", "60000.1", "1")
    tapes = [
        quoted(
            tmp_path / "BTCUSDT-bookTicker-1.csv",
            [(0, *quote), (5, *quote), (20, "59999", "1", "60001", "1")],
        ),
        trade_tape(tmp_path / "BTCUSDT-trades-1.csv", [(10, "60000", "0.8"), (11, "60000", "0.5")]),
    ]
    exchange = standing()
    account = exchange.create_account()
    exchange.market.replay_tapes(tapes)
    exchange.clock.step()
    order = account.request(
        "order.place", BUY | {"price": "60000", "quantity": "0.4"}, market=Market.USDM
    )

    def executed() -> Decimal:
        asked = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
        return Decimal(account.request("order.status", asked, market=Market.USDM)["executedQty"])

    exchange.clock.advance(10.5)
    assert executed() == 0  # 0.8 of the 1 before it
    exchange.clock.advance(1)
    assert executed() == Decimal("0.3")


def test_a_quote_meets_the_order_in_its_way(tmp_path: Path) -> None:
    rows = [(0.0, "60000", "1", "60001", "1"), (5, "59990", "1", "59995", "1")]
    exchange = standing()
    account = exchange.create_account()
    exchange.market.replay_tapes([quoted(tmp_path / "BTCUSDT-bookTicker-1.csv", rows)])
    exchange.clock.step()
    account.request("order.place", BUY | {"price": "60000", "quantity": "0.4"}, market=Market.USDM)

    exchange.clock.advance(10)

    (trade,) = trades_of(exchange, Market.USDM, "BTCUSDT")
    assert (trade.price, trade.quantity) == (Decimal(60000), Decimal("0.4"))
    assert trade.buyer_is_maker
    assert best(exchange)[2:] == (59995, Decimal("0.6"))


def test_a_market_order_takes_the_quote(tmp_path: Path) -> None:
    exchange = standing()
    account = exchange.create_account()
    rows = [(0.0, "60000", "1", "60001", "0.3"), (9, "60000", "1", "60001", "0.3")]
    exchange.market.replay_tapes([quoted(tmp_path / "BTCUSDT-bookTicker-1.csv", rows)])
    exchange.clock.step()

    account.request(
        "order.place",
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.2"},
        market=Market.USDM,
    )

    (trade,) = trades_of(exchange, Market.USDM, "BTCUSDT")
    assert (trade.price, trade.quantity) == (Decimal(60001), Decimal("0.2"))
    assert best(exchange)[3] == Decimal("0.1")
    exchange.clock.advance(10)
    assert best(exchange)[3] == Decimal("0.3")


def test_what_holds_no_quotes_is_refused_in_words(tmp_path: Path) -> None:
    rows = [(0.0, "60000", "1", "60001", "1"), (4_000, "60000", "2", "60001", "1")]
    tape = quoted(tmp_path / "BTCUSDT-bookTicker-1.csv", [*rows, (1, "60000", "3", "60001", "1")])
    depth = tmp_path / "BTCUSDT-bookDepth-2024-01-01.csv"
    depth.write_text("timestamp,percentage,depth,notional\n2024-01-01 00:00:08,-5,9,100\n")

    with pytest.raises(ValueError, match=r"row 4, is 3999 s earlier.*sort the file"):
        list(tape.books())
    with pytest.raises(ValueError, match="holds quotes and no trades"):
        list(tape.trades())
    with pytest.raises(ValueError, match="holds trades: read them with trades"):
        list(written(tmp_path / "BTCUSDT-trades-1.csv", [(0, "1")]).books())
    with pytest.raises(ValueError, match="write usdm: or coinm: before it"):
        read_tape(tape.path)
    with pytest.raises(ValueError, match="no price levels: it cannot be replayed"):
        read_tapes([f"usdm:{depth}"])
    tape.path.write_text(f"{QUOTES}\n1,60000,1,,1,1767225600000,1767225600004\n")
    with pytest.raises(ValueError, match="row 2, cannot be read"):
        list(tape.books())


# --- depth

DEPTH = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu"
Rows = Sequence[tuple[float, int, str, str, str]]


def deep(
    path: Path,
    rows: Rows,
    *,
    header: str | None = DEPTH,
    market: Market = Market.USDM,
    symbol: str = "BTCUSDT",
) -> Tape:
    """Write a tape of a book: seconds from the beginning, update id, side, price, quantity."""
    kind = "snap" if "depth_snap" in path.name else "set"
    lines = [header] if header else []
    for seconds, update_id, side, price, quantity in rows:
        time_ms = BEGINS_US // 1_000 + round(seconds * 1_000)
        lines.append(
            f"{symbol},{time_ms},{update_id},{update_id},{side},{kind},{price},{quantity},0"
        )
    path.write_text("\n".join(lines) + "\n")
    return read_tape(path, market=market)


def depth(exchange: SimulatedExchange, market: Market = Market.USDM) -> dict[str, list[Any]]:
    symbol = "BTCUSDT" if market is Market.USDM else "BTCUSD_PERP"
    book = exchange.venue.futures[market].books[symbol]
    return {"b": book.bids.top(99), "a": book.asks.top(99)}


SNAPSHOT: Rows = [
    (0, 100, "b", "60000", "5"),
    (0, 100, "b", "59999", "2"),
    (0, 100, "a", "60001", "4"),
    (0, 100, "a", "60003", "1"),
]


@pytest.mark.parametrize("header", [DEPTH, None])
@pytest.mark.parametrize("market", [Market.USDM, Market.COINM])
def test_a_recorded_book_is_shown_level_by_level(
    tmp_path: Path, market: Market, header: str | None
) -> None:
    symbol = "BTCUSDT" if market is Market.USDM else "BTCUSD_PERP"
    changes: Rows = [
        (0, 99, "b", "59999", "77"),  # older than the whole book
        (0, 103, "b", "60000", "6"),
        (0, 103, "a", "60001", "0"),
        (2, 107, "b", "60002", "3"),
        (2, 107, "b", "59999", "1"),
        (4, 109, "a", "60004", "9"),
    ]
    later: Rows = [(6, 110, "b", "60002", "3"), (6, 110, "a", "60003", "2")]
    exchange = standing()
    terms: dict[str, Any] = {"header": header, "market": market, "symbol": symbol}
    replays = exchange.market.replay_tapes(
        [
            deep(tmp_path / f"{symbol}_T_DEPTH_2026-01-01_depth_update.csv", changes, **terms),
            deep(
                tmp_path / f"{symbol}_T_DEPTH_2026-01-01_depth_snap.csv",
                [*SNAPSHOT, *later],
                **terms,
            ),
        ]
    )
    seen = []
    while not all(replay.is_over for replay in replays):
        exchange.clock.step()
        seen.append(depth(exchange, market))

    assert seen == [
        {"b": [(60000, 5), (59999, 2)], "a": [(60001, 4), (60003, 1)]},
        {"b": [(60000, 6), (59999, 2)], "a": [(60003, 1)]},
        {"b": [(60002, 3), (60000, 6), (59999, 1)], "a": [(60003, 1)]},
        {"b": [(60002, 3), (60000, 6), (59999, 1)], "a": [(60003, 1), (60004, 9)]},
        {"b": [(60002, 3)], "a": [(60003, 2)]},
    ]
    assert [(replay.done, replay.refused) for replay in replays] == [(4, []), (2, [])]
    assert not trades_of(exchange, market, symbol)


def waiting(exchange: SimulatedExchange, quantity: str, price: str) -> Callable[[], Decimal]:
    """Rest an order and return what tells how much of it is executed."""
    account = exchange.create_account()
    order = account.request(
        "order.place", BUY | {"price": price, "quantity": quantity}, market=Market.USDM
    )

    def executed() -> Decimal:
        asked = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
        return Decimal(account.request("order.status", asked, market=Market.USDM)["executedQty"])

    return executed


def test_an_order_moves_up_by_trades_and_by_what_is_left_before_it(tmp_path: Path) -> None:
    tapes = [
        deep(tmp_path / "BTCUSDT_T_DEPTH_2026-01-01_depth_snap.csv", SNAPSHOT),
        deep(
            tmp_path / "BTCUSDT_T_DEPTH_2026-01-01_depth_update.csv",
            [
                (5, 101, "b", "60000", "8"),  # 3 more, behind the order
                (6, 102, "b", "60000", "4"),  # they went, and 1 of the 5 before it
                (10, 103, "b", "60000", "1"),  # what the trade of this moment left
                (12, 104, "b", "60000", "3"),
            ],
        ),
        trade_tape(
            tmp_path / "BTCUSDT-trades-1.csv",
            [(10, "60000", "3"), (11, "60000", "1"), (13, "60000", "0.1")],
        ),
    ]
    exchange = standing()
    exchange.market.replay_tapes(tapes)
    exchange.clock.step()
    executed = waiting(exchange, "0.4", "60000")

    exchange.clock.advance(10.5)
    assert executed() == 0
    assert depth(exchange)["b"][0] == (60000, Decimal("1.4"))
    exchange.clock.advance(1)
    assert executed() == 0  # the one before it was traded
    exchange.clock.advance(2)
    assert executed() == Decimal("0.1")
    assert depth(exchange)["b"][0] == (60000, Decimal("3.3"))


def test_a_recorded_level_meets_the_order_in_its_way(tmp_path: Path) -> None:
    exchange = standing()
    exchange.market.replay_tapes(
        [
            deep(tmp_path / "BTCUSDT_T_DEPTH_1_depth_snap.csv", SNAPSHOT),
            deep(tmp_path / "BTCUSDT_T_DEPTH_1_depth_update.csv", [(1, 101, "a", "60000", "7")]),
        ]
    )
    exchange.clock.step()
    executed = waiting(exchange, "0.4", "60000.5")

    exchange.clock.advance(2)

    assert executed() == Decimal("0.4")
    # The bids at that price, which the tape did not take back, are out of date.
    assert depth(exchange) == {
        "b": [(59999, 2)],
        "a": [(60000, Decimal("6.6")), (60001, 4), (60003, 1)],
    }
    (trade,) = trades_of(exchange, Market.USDM, "BTCUSDT")
    assert (trade.price, trade.quantity) == (Decimal("60000.5"), Decimal("0.4"))


def test_changes_of_a_recorded_book_are_streamed(tmp_path: Path) -> None:
    rows: Rows = [(60, 101, "a", "60001", "0"), (60, 101, "b", "60000", "9")]
    tapes = [
        deep(tmp_path / "BTCUSDT_T_DEPTH_1_depth_snap.csv", SNAPSHOT),
        deep(tmp_path / "BTCUSDT_T_DEPTH_1_depth_update.csv", rows),
    ]
    with standing() as exchange, exchange.client() as client:
        exchange.market.replay_tapes(tapes)
        exchange.clock.step()
        with client.streams.subscribe("btcusdt@depth@100ms", ws_key=WsKey.USDM) as stream:
            # The change, and the pulse of the stream that tells it.
            exchange.clock.advance(61)
            exchange.clock.advance(1)
            event: Any = stream.get(timeout=10)

    assert [(each.price, each.quantity) for each in event.bids] == [(60000, 9)]
    assert [(each.price, each.quantity) for each in event.asks] == [(60001, 0)]


def test_a_whole_book_is_larger_than_any_account_may_fill(tmp_path: Path) -> None:
    rows = [
        (0.0, 1, side, str(60000 + sign * level), "1")
        for side, sign in (("b", -1), ("a", 1))
        for level in range(1, 501)
    ]
    exchange = standing()
    (replay,) = exchange.market.replay_tapes(
        [deep(tmp_path / "BTCUSDT_T_DEPTH_1_depth_snap.csv", rows)]
    )
    exchange.clock.step()

    assert (replay.done, replay.refused) == (1, [])
    book = exchange.venue.futures[Market.USDM].books["BTCUSDT"]
    assert (len(book.bids), len(book.asks)) == (500, 500)


def test_what_is_no_recorded_book_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_T_DEPTH_2026-01-01_depth_update.csv"
    tape = deep(path, [(0, 1, "b", "60000.05", "1"), (0, 1, "b", "60000", "1")])
    exchange = standing()
    (replay,) = exchange.market.replay_tapes([tape])
    exchange.clock.advance(1)
    assert len(replay.refused) == 1  # off the tick
    assert depth(exchange)["b"] == [(60000, 1)]

    with pytest.raises(ValueError, match="is packed: unpack it"):
        read_tape(tmp_path / "BTCUSDT_T_DEPTH_2026-01-01.tar.gz", market="usdm")
    with pytest.raises(ValueError, match="depth is that of futures alone: write usdm:"):
        read_tape(path)
    with pytest.raises(ValueError, match="holds depth and no trades"):
        list(tape.trades())
    quotes = quoted(tmp_path / "BTCUSDT-bookTicker-1.csv", [(0, "60000", "1", "60001", "1")])
    with pytest.raises(ValueError, match="depth of BTCUSDT is there"):
        exchange.market.replay_tapes([tape, quotes])
    for cells, says in (
        ("1767225600000,1,1,c,set,60000,1,0", "row 2, cannot be read"),
        ("1767225600000,1,1,a,delta,60000,1,0", "row 2, cannot be read"),
    ):
        path.write_text(f"{DEPTH}\nBTCUSDT,{cells}\n")
        with pytest.raises(ValueError, match=says):
            list(tape.books())
    path.write_text("symbol,timestamp,side\nBTCUSDT,1767225600000,a\n")
    with pytest.raises(ValueError, match="has no column 'last_update_id'"):
        read_tape(path, market="usdm")


# --- clocks


def test_a_clock_runs_faster_than_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    real_us = 1_000
    monkeypatch.setattr(clock, "_monotonic_us", lambda: real_us)
    running = SimulatedClock(start_us=0)

    running.resume(60)
    real_us += 1_000_000
    assert (running.now_us(), running.speed) == (60_000_000, 60)
    running.set_to(0)
    real_us += 500_000
    assert running.now_us() == 30_000_000
    running.freeze()
    real_us += 1_000_000
    assert running.now_us() == 30_000_000
    running.resume()
    real_us += 1_000_000
    assert running.now_us() == 31_000_000


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_no_speed_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="freeze"):
        SimulatedClock().resume(speed)


def test_a_step_goes_to_what_is_planned_next() -> None:
    standing_clock = SimulatedClock(start_us=0, frozen=True)
    ran: list[int] = []
    for second in (3, 1):
        standing_clock.call_later(second, lambda: ran.append(standing_clock.now_us()))

    assert standing_clock.step()
    assert ran == [1_000_000]
    assert standing_clock.step()
    assert ran == [1_000_000, 3_000_000]
    assert not standing_clock.step()


def test_a_replay_at_speed_ends_and_time_goes_on_as_usual(tmp_path: Path) -> None:
    rows = [(second, "60000") for second in range(0, 3600, 60)]
    tape = written(tmp_path / "BTCUSDT-trades-1.csv", rows)
    told: list[int] = []
    with standing() as exchange:
        playback = Playback(exchange, [tape], told.append)
        playback.run_at(1e6, threading.Event())

        assert playback.is_over
        assert playback.done == sum(told) == 60
        assert (exchange.clock.speed, exchange.clock.is_frozen) == (1, False)


def test_a_replay_at_full_speed_keeps_its_times(tmp_path: Path) -> None:
    rows = [(second, "60000") for second in range(0, 36_000, 60)]
    tape = written(tmp_path / "BTCUSDT-trades-1.csv", rows)
    with standing() as exchange:
        Playback(exchange, [tape]).run(threading.Event())
        times = [each.time_us for each in trades_of(exchange, Market.SPOT, "BTCUSDT")]

    assert times == [BEGINS_US + second * 1_000_000 for second, _ in rows]


def test_lines_step_a_replay_by_trade_and_by_time(tmp_path: Path) -> None:
    rows = [(0.0, "60000"), (10, "60001"), (20, "60002"), (500, "60003")]
    tape = written(tmp_path / "BTCUSDT-trades-1.csv", rows)
    done: list[int] = []
    with standing() as exchange:
        # Something else that waits is no step.
        exchange.clock.call_later(5, lambda: None)
        playback = Playback(exchange, [tape])

        def lines() -> Iterator[str]:
            for line in ("\n", "\n", "30\n", "\n"):
                done.append(playback.done)
                yield line

        playback.step_by(lines(), threading.Event())

        assert [*done, playback.done] == [0, 1, 2, 3, 4]


def test_a_tape_that_cannot_be_read_on_does_not_stop_the_clock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "BTCUSDT-trades-1.csv"
    tape = written(path, [(0, "60000"), (1, "60001")])
    path.write_text(path.read_text() + "2,dear,1,0,0,True,True\n")
    later = threading.Event()
    with SimulatedExchange() as exchange:
        (replay,) = exchange.market.replay_tapes([tape])
        exchange.call(lambda: exchange.clock.call_later(3, later.set))
        exchange.clock.resume(1000)

        assert later.wait(30)
        assert (replay.is_over, replay.done) == (True, 2)
    assert "row 3, cannot be read" in caplog.text


# --- a past


@pytest.mark.parametrize(("market", "symbol", "unit"), SYMBOLS)
def test_an_invented_past_ends_at_the_present_price(market: Market, symbol: str, unit: int) -> None:
    exchange = SimulatedExchange(
        clock=SimulatedClock(start_us=BEGINS_US, frozen=True), market_maker=True
    )
    exchange.market.invent_past(3 * 3600, markets=[market])
    with exchange:
        trades = trades_of(exchange, market, symbol)
        maker = exchange.venue.market_makers[market]

        assert trades[0].time_us < BEGINS_US - 3 * 3600 * 1_000_000 + 2 * MINUTE_US
        assert [each.trade_id for each in trades] == list(range(1, len(trades) + 1))
        assert [each.time_us for each in trades] == sorted(each.time_us for each in trades)
        assert trades[-2].price == trades[-1].price == maker.middle(symbol)
        assert exchange.clock.now_us() == BEGINS_US
        assert len({each.price for each in trades}) > 100


def test_candles_show_an_invented_past_on_every_market() -> None:
    exchange = SimulatedExchange(market_maker=True)
    exchange.market.invent_past(2 * 3600, seed=3)
    with exchange, exchange.client() as client:
        asked = {"symbol": "BTCUSDT", "interval": "1m", "limit": 100}
        spot = client.spot.get_klines(symbol="BTCUSDT", interval="1m", limit=100).result
        usdm = client.rest("usdm", "GET", "/fapi/v1/klines", asked).result
        mark = client.rest("usdm", "GET", "/fapi/v1/markPriceKlines", asked).result

    assert len(spot) == len(usdm) == len(mark) == 100
    assert all(candle.volume > 0 for candle in spot[:-1])
    assert len({candle[4] for candle in mark}) > 50


def test_a_long_past_has_coarse_candles_before_a_week() -> None:
    exchange = standing()
    exchange.market.invent_past(30 * DAY_SECONDS, markets=[Market.COINM])
    history = data_of(exchange, Market.COINM).histories["BTCUSD_PERP"]
    candles = history.asked_candles(
        INTERVALS["15m"], 0, start_us=None, end_us=None, limit=4_000, now_us=BEGINS_US
    )

    assert len(candles) >= 30 * 96
    assert all(candle.trades for candle in candles[1:-1])


def test_the_same_seed_gives_the_same_past() -> None:
    def past(seed: int) -> list[Any]:
        exchange = standing()
        exchange.market.invent_past(600, markets=[Market.SPOT], seed=seed)
        return made(trades_of(exchange, Market.SPOT, "ETHBTC"))

    assert past(1) == past(1) != past(2)


def test_a_tape_as_past_is_moved_by_whole_minutes(tmp_path: Path) -> None:
    tape = written(
        tmp_path / "BTCUSDT-trades-1.csv", [(0, "61000"), (59, "61010"), (3_600, "61500")]
    )
    now_us = BEGINS_US + 400 * DAY_SECONDS * 1_000_000 + 12_345_678
    exchange = SimulatedExchange(
        clock=SimulatedClock(start_us=now_us, frozen=True), market_maker=True
    )
    exchange.market.load_past([tape])
    with exchange:
        trades = trades_of(exchange, Market.SPOT, "BTCUSDT")
        moved = {each.time_us - now_us for each in trades[:3]}

        assert [each.price for each in trades[:3]] == [61000, 61010, 61500]
        assert all((each.time_us - BEGINS_US) % MINUTE_US in (0, 59_000_000) for each in trades[:3])
        assert -MINUTE_US <= max(moved) < 0
        assert exchange.venue.market_makers[Market.SPOT].middle("BTCUSDT") == 61500


def test_a_past_comes_before_the_first_trade(tmp_path: Path) -> None:
    tape = written(tmp_path / "BTCUSDT-trades-1.csv", [(0, "61000")])
    off_tick = written(tmp_path / "ETHUSDT-trades-1.csv", [(0, "3000.001")])
    with SimulatedExchange(market_maker=True) as exchange:
        with pytest.raises(ValueError, match="BTCUSDT has traded already"):
            exchange.market.invent_past(60, markets=[Market.USDM])
        with pytest.raises(ValueError, match="BTCUSDT has traded already"):
            exchange.market.load_past([tape])
    with pytest.raises(ValueError, match="off the symbol's tick"):
        standing().market.load_past([off_tick])
    with pytest.raises(ValueError, match="200 days"):
        standing().market.invent_past(201 * DAY_SECONDS)


def test_a_past_takes_no_time_from_a_running_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    real_us = 0

    def go_on() -> int:
        nonlocal real_us
        real_us += 1
        return real_us

    monkeypatch.setattr(clock, "_monotonic_us", go_on)
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=BEGINS_US))
    exchange.market.invent_past(3600, markets=[Market.SPOT])

    assert real_us > 1_000
    assert exchange.clock.now_us() == BEGINS_US + real_us - 1


# --- fees, latency, time that jumps


def test_accounts_pay_the_fees_of_their_exchange() -> None:
    exchange = SimulatedExchange(fees=("0.0002", "0.0005"))

    account = exchange.create_account()
    rates = account.request("account.commission", {"symbol": "BTCUSDT"})["standardCommission"]

    assert (Decimal(rates["maker"]), Decimal(rates["taker"])) == (
        Decimal("0.0002"),
        Decimal("0.0005"),
    )


class Wire:
    """What a connection writes to."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given: None


def test_a_frame_is_under_way_for_the_latency() -> None:
    exchange = SimulatedExchange(
        latency=0.05, clock=SimulatedClock(start_us=BEGINS_US, frozen=True)
    )
    door = exchange.venue.gateway.connect("/ws-api/v3", remote="127.0.0.1", transport=Wire())

    door.receive('{"id": 1, "method": "ping"}')
    exchange.clock.advance(0.049)
    assert not exchange.journal.requests("ping")
    exchange.clock.advance(0.002)

    (ping,) = exchange.journal.requests("ping")
    assert ping.time_us == BEGINS_US + 50_000
    assert len(exchange.journal.answers(1)) == 1


def test_a_rest_request_is_under_way_for_the_latency() -> None:
    with SimulatedExchange(latency=5) as exchange:
        exchange.clock.resume(1_000)
        asked_us = exchange.clock.now_us()
        with urllib.request.urlopen(f"{exchange.rest_url}/fapi/v1/time") as answer:
            told = json.load(answer)["serverTime"]

    # Told in milliseconds.
    assert told * 1_000 - asked_us >= 4_999_000


@pytest.mark.parametrize("latency", [-1, float("inf"), float("nan")])
def test_no_latency_is_refused(latency: float) -> None:
    with pytest.raises(ValueError, match="latency"):
        SimulatedExchange(latency=latency)


def test_timestamps_are_not_judged_where_time_jumps() -> None:
    with SimulatedExchange() as exchange, exchange.client() as client:
        exchange.let_time_jump()
        for _ in range(3):
            exchange.faults.skew_clock(3_600)
            client.spot.get_account_information()

        statuses = [
            frame.payload["status"]
            for request in exchange.journal.requests("account.status")
            for frame in exchange.journal.answers(request.payload["id"])
        ]
    assert statuses == [200, 200, 200]
