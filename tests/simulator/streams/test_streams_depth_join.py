"""A local book kept by the documented procedure is the exchange's book."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streams_bench import START_US, Bench, StreamBench

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import SymbolSpec, standard_filters

actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("level"),
            st.sampled_from(["BUY", "SELL"]),
            st.integers(0, 9),
            st.integers(0, 3),
        ),
        st.tuples(st.just("wait"), st.integers(1, 2_500)),
        st.tuples(st.just("snapshot")),
    ),
    max_size=60,
)


class LocalBook:
    """The documented procedure: buffer, snapshot, join, apply."""

    def __init__(self) -> None:
        self.update_id: int | None = None
        self.sides: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
        self.buffer: list[dict[str, Any]] = []

    def take(self, event: dict[str, Any]) -> None:
        if self.update_id is None:
            self.buffer.append(event)
        else:
            self.apply(event)

    def join(self, book: Book) -> None:
        """Take a snapshot, unless it is older than the events buffered."""
        if self.buffer and book.last_update_id < self.buffer[0]["U"]:
            return
        self.update_id = book.last_update_id
        self.sides = {"b": dict(book.bids.top(5_000)), "a": dict(book.asks.top(5_000))}
        buffered = [event for event in self.buffer if event["u"] > self.update_id]
        if buffered:
            assert buffered[0]["U"] <= self.update_id + 1
        for event in buffered:
            self.apply(event)

    def apply(self, event: dict[str, Any]) -> None:
        assert self.update_id is not None
        if event["u"] < self.update_id:
            return
        assert event["U"] <= self.update_id + 1, "events were missed"
        for side, levels in self.sides.items():
            for price, quantity in event[side]:
                if Decimal(quantity):
                    levels[Decimal(price)] = Decimal(quantity)
                else:
                    levels.pop(Decimal(price), None)
        self.update_id = event["u"]


def contents(book: Book) -> dict[str, dict[Decimal, Decimal]]:
    return {"b": dict(book.bids.top(5_000)), "a": dict(book.asks.top(5_000))}


@pytest.mark.parametrize("name", ["btcusdt@depth", "btcusdt@depth@100ms"])
@settings(max_examples=80, deadline=None)
@given(before=actions, after=actions)
def test_diffs_join_with_a_snapshot(name: str, before: list[Any], after: list[Any]) -> None:
    bench, local = Bench(), LocalBook()
    book = bench.books["BTCUSDT"]
    run(bench, before)
    wire = bench.connect(f"/ws/{name}")
    for action in [*after, ("snapshot",), ("wait", 2_000)]:
        if action[0] == "snapshot":
            if local.update_id is None:
                local.join(book)
        else:
            run(bench, [action])
        for event in wire.take():
            local.take(event)
            if local.update_id == book.last_update_id:
                assert local.sides == contents(book)

    assert local.update_id == book.last_update_id
    assert local.sides == contents(book)


@settings(max_examples=30, deadline=None)
@given(steps=actions)
def test_each_event_begins_where_the_last_one_ended(steps: list[Any]) -> None:
    bench = Bench()
    wire = bench.connect("/ws/btcusdt@depth@100ms")
    expected = bench.books["BTCUSDT"].last_update_id + 1
    run(bench, [*steps, ("wait", 1_000)])

    for event in wire.take():
        assert event["U"] == expected <= event["u"]
        expected = event["u"] + 1
    assert expected == bench.books["BTCUSDT"].last_update_id + 1


orders = st.one_of(
    st.tuples(
        st.just("limit"),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(95, 105),
        st.integers(1, 20),
        st.sampled_from(["GTC", "IOC", "FOK"]),
        st.booleans(),
    ),
    st.tuples(st.just("market"), st.sampled_from(["BUY", "SELL"]), st.integers(1, 30)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("wait"), st.integers(1, 250)),
)


@settings(max_examples=60, deadline=None)
@given(before=st.lists(orders, max_size=15), after=st.lists(orders, min_size=5, max_size=40))
def test_diffs_join_with_the_engines_snapshots(before: list[Any], after: list[Any]) -> None:
    """The same with real orders: partial fills, sweeps, icebergs, cancellations."""
    clock = SimulatedClock(start_us=START_US, frozen=True)
    market = SpotMarket(clock, Random(0), [SPEC])
    bench, local, book = StreamBench(clock, market), LocalBook(), market.books["BTCUSDT"]
    accounts = [market.open_account({"BTC": "1000000", "USDT": "100000000"}) for _ in range(2)]
    for number, step in enumerate(before):
        trade(market, accounts[number % 2], step)
    wire = bench.connect("/ws/btcusdt@depth@100ms")
    best = bench.connect("/ws/btcusdt@bookTicker")
    for number, step in enumerate([*after, ("wait", 200)]):
        trade(market, accounts[number % 2], step)
        clock.run_due()
        for event in wire.take():
            local.take(event)
            if local.update_id is None:
                local.join(book)
            if local.update_id == book.last_update_id:
                assert local.sides == contents(book)
        for event in best.take():
            assert event["u"] <= book.last_update_id

    if local.update_id is not None:
        assert local.update_id == book.last_update_id
        assert local.sides == contents(book)


SPEC = SymbolSpec("BTCUSDT", "BTC", "USDT", standard_filters(tick="1", step="1", min_notional="1"))


def trade(market: SpotMarket, account: Account, step: Any) -> None:
    params = {"symbol": "BTCUSDT"}
    match step:
        case ("wait", milliseconds):
            market.clock.advance(milliseconds / 1_000)
            return
        case ("cancel",):
            method = "openOrders.cancelAll"
        case ("market", side, quantity):
            method = "order.place"
            params |= {"side": side, "type": "MARKET", "quantity": str(quantity)}
        case (_, side, price, quantity, time_in_force, is_iceberg):
            method = "order.place"
            params |= {
                "side": side,
                "type": "LIMIT",
                "timeInForce": time_in_force,
                "price": str(price),
                "quantity": str(quantity),
            }
            if is_iceberg and time_in_force == "GTC" and quantity > 1:
                params["icebergQty"] = str((quantity + 1) // 2)
    # A refusal (nothing to cancel, nothing to trade with) changes no book.
    with suppress(ExchangeError):
        market.handle(method, params, account)


def run(bench: Bench, steps: list[Any]) -> None:
    for step in steps:
        if step[0] == "wait":
            bench.clock.advance(step[1] / 1_000)
        elif step[0] == "level":
            _, side, offset, quantity = step
            price = 100 - offset if side == "BUY" else 101 + offset
            bench.level(side, Decimal(price), Decimal(quantity))
