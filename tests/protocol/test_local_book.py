"""A book joined from a snapshot and changes is the exchange's own, or says that it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.models.base import Level
from binance_wsapi.models.futures_stream_events import FuturesDepthEvent
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.spot_stream_events import DepthEvent
from binance_wsapi.protocol.local_book import Change, LocalBook

MARKETS = (Market.SPOT, Market.USDM)
PRICES = range(1, 30)
MIDDLE = 15


def level(price: object, quantity: object) -> Level:
    return Level(str(price), str(quantity))


def change(
    market: Market,
    first: int,
    final: int,
    *,
    previous: int | None = None,
    bids: list[Level] | None = None,
    asks: list[Level] | None = None,
) -> DepthEvent | FuturesDepthEvent:
    fields: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "first_update_id": first,
        "final_update_id": final,
        "bids": bids or [],
        "asks": asks or [],
    }
    if market is Market.SPOT:
        return DepthEvent(**fields)
    before = first - 1 if previous is None else previous
    return FuturesDepthEvent(transaction_time=0, previous_final_update_id=before, **fields)


def snapshot(last: int, bids: Any = (), asks: Any = ()) -> OrderBook:
    return OrderBook(last_update_id=last, bids=list(bids), asks=list(asks))


def as_numbers(levels: list[Level]) -> list[tuple[float, float]]:
    return [(float(each.price), float(each.quantity)) for each in levels]


# --- the exchange's own book


@dataclass
class Exchange:
    """A book that changes, with the numbers and the events of its market."""

    market: Market
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    update_id: int = 100
    sent_id: int = 100
    pending: list[tuple[int, str, int, int]] = field(default_factory=list)

    def set(self, price: int, quantity: int, step: int) -> None:
        side = "b" if price <= MIDDLE else "a"
        levels = self.bids if side == "b" else self.asks
        levels[price] = quantity
        if not quantity:
            del levels[price]
        # Numbers are shared by all symbols of a futures market: they count on in leaps.
        self.update_id += 1 if self.market is Market.SPOT else step
        self.pending.append((self.update_id, side, price, quantity))

    def flush(self) -> DepthEvent | FuturesDepthEvent | None:
        if not self.pending:
            return None
        sides: dict[str, dict[int, int]] = {"b": {}, "a": {}}
        for _, side, price, quantity in self.pending:
            sides[side][price] = quantity
        event = change(
            self.market,
            self.pending[0][0],
            self.update_id,
            previous=self.sent_id,
            bids=[level(price, quantity) for price, quantity in sides["b"].items()],
            asks=[level(price, quantity) for price, quantity in sides["a"].items()],
        )
        self.sent_id = self.update_id
        self.pending.clear()
        return event

    def snapshot(self, limit: int) -> OrderBook:
        bids = sorted(self.bids.items(), reverse=True)[:limit]
        asks = sorted(self.asks.items())[:limit]
        return snapshot(
            self.update_id,
            [level(price, quantity) for price, quantity in bids],
            [level(price, quantity) for price, quantity in asks],
        )

    def agrees_with(self, book: LocalBook, limit: int | None = None) -> bool:
        copy = book.copy(limit)
        bids = sorted(self.bids.items(), reverse=True)[:limit]
        asks = sorted(self.asks.items())[:limit]
        return as_numbers(copy.bids) == bids and as_numbers(copy.asks) == asks


SET = st.tuples(
    st.just("set"), st.sampled_from(PRICES), st.integers(0, 3), st.integers(1, 5)
)  # fmt: skip
STEPS = st.lists(
    st.one_of(SET, SET, st.just(("flush",)), st.just(("deliver",)), st.just(("ask",)), st.just(("answer",))),
    max_size=80,
)  # fmt: skip


@pytest.mark.parametrize("market", MARKETS)
@settings(max_examples=300, deadline=None)
@given(before=st.lists(SET, max_size=20), steps=STEPS)
def test_any_interleaving_of_snapshot_and_changes_gives_the_exchanges_book(
    market: Market, before: list[Any], steps: list[Any]
) -> None:
    """The stream is live from the first step; its events and the snapshot come as late as they like."""
    exchange = Exchange(market)
    for _, price, quantity, step in before:
        exchange.set(price, quantity, step)
    exchange.flush()
    book = LocalBook(market, limit=100)
    events: list[Any] = []
    snapshots: list[OrderBook] = []

    def deliver() -> None:
        if events:
            assert book.take(events.pop(0)) is not Change.MISSED

    for name, *arguments in steps:
        if name == "set":
            price, quantity, step = arguments
            exchange.set(price, quantity, step)
        elif name == "flush":
            event = exchange.flush()
            if event is not None:
                events.append(event)
        elif name == "deliver":
            deliver()
        elif name == "ask":
            snapshots.append(exchange.snapshot(limit=100))
        elif snapshots and not book.is_joined:
            assert book.join(snapshots.pop(0)), "nothing was missed: any snapshot will do"
    if not book.is_joined:
        assert book.join(exchange.snapshot(limit=100))
    last = exchange.flush()
    if last is not None:
        events.append(last)
    while events:
        deliver()

    assert exchange.agrees_with(book)
    assert book.update_id == exchange.update_id or not exchange.pending


@pytest.mark.parametrize("market", MARKETS)
@settings(max_examples=300, deadline=None)
@given(changes=st.lists(SET, min_size=3, max_size=40), lost=st.data())
def test_a_lost_change_never_goes_unnoticed(market: Market, changes: list[Any], lost: Any) -> None:
    exchange = Exchange(market)
    book = LocalBook(market, limit=100)
    assert book.join(exchange.snapshot(limit=100))
    events = []
    for _, price, quantity, step in changes:
        exchange.set(price, quantity, step)
        event = exchange.flush()
        assert event is not None
        events.append(event)
    del events[lost.draw(st.integers(0, len(events) - 2))]

    outcomes = [book.take(event) for event in events]

    assert Change.MISSED in outcomes


@settings(max_examples=200, deadline=None)
@given(before=st.lists(SET, min_size=10, max_size=40), changes=st.lists(SET, max_size=40))
def test_cut_off_snapshot_shows_no_level_it_cannot_know(
    before: list[Any], changes: list[Any]
) -> None:
    exchange = Exchange(Market.SPOT)
    for _, price, quantity, step in before:
        exchange.set(price, quantity, step)
    exchange.flush()
    book = LocalBook(Market.SPOT, limit=3)
    assert book.join(exchange.snapshot(limit=3))
    for _, price, quantity, step in changes:
        exchange.set(price, quantity, step)
        event = exchange.flush()
        assert event is not None
        book.take(event)

    shown = book.copy()

    bids = sorted(exchange.bids.items(), reverse=True)
    asks = sorted(exchange.asks.items())
    assert as_numbers(shown.bids) == bids[: len(shown.bids)]
    assert as_numbers(shown.asks) == asks[: len(shown.asks)]


# --- numbers


@st.composite
def neighbours(draw: Any) -> list[list[Level]]:
    """Lists of levels whose prices lie as close together as digits allow, each spelled in some way."""
    digits = draw(st.sampled_from([15, 16, 16, 17]))
    number = draw(st.sampled_from([10**digits - 5, 9 * 10 ** (digits - 1)]))
    scale = draw(st.sampled_from([0, digits - 1]))
    # Where one price is told by a decimal all are: most books are written in one way.
    form = draw(st.sampled_from(["{:f}", "{:f}", "{:e}", "{:f}00" if scale else "{:f}.0"]))
    prices = [Decimal(number + more).scaleb(-scale) for more in range(5)]
    spellings = [*(f"{price:f}" for price in prices), *(form.format(price) for price in prices)]
    quantities = st.sampled_from(["1", "2.50", "1e-400", "0", "0E-8"])
    level = st.builds(Level, st.sampled_from(spellings), quantities)
    lists = st.lists(st.lists(level, min_size=1, max_size=6), min_size=1, max_size=6)
    drawn: list[list[Level]] = draw(lists)
    return drawn


@settings(max_examples=150, deadline=None)
@given(lists=neighbours(), limit=st.integers(1, 9))
def test_prices_are_exact_whatever_their_digits(lists: list[list[Level]], limit: int) -> None:
    """The same book as one that reckons with decimals alone."""
    first, *changes = lists
    held = {each.price: each for each in first}
    best_first = sorted(held.values(), key=lambda each: -each.price)
    edge = best_first[-1].price if len(best_first) >= limit else None
    book = LocalBook(Market.SPOT, limit)
    assert book.join(snapshot(1, bids=best_first))

    for number, levels in enumerate(changes, start=2):
        assert book.take(change(Market.SPOT, number, number, bids=levels)) is Change.APPLIED
        for each in levels:
            if edge is not None and each.price < edge:
                continue
            held.pop(each.price, None)
            if each.quantity:
                held[each.price] = each
        expected = sorted(held.values(), key=lambda each: -each.price)
        assert book.copy().bids == expected
        assert book.best_bid() == (expected[0] if expected else None)


@pytest.mark.parametrize(
    "prices", [("1e-400", "2e-400"), ("1e400", "2e400"), ("0", "-1"), ("1e-400", "0")]
)
def test_prices_that_no_float_holds_are_told_apart(prices: tuple[str, str]) -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, asks=[level(5, 1)]))

    book.take(change(Market.SPOT, 2, 2, asks=[level(price, 1) for price in prices]))
    assert len(book.copy().asks) == 3
    book.take(
        change(Market.SPOT, 3, 3, asks=[level(prices[0], "0E-8"), level(prices[1], "1e-400")])
    )

    left = sorted([level(5, 1), level(prices[1], "1e-400")], key=lambda each: each.price)
    assert book.copy().asks == left


# --- single rules


def test_changes_wait_for_a_snapshot_and_what_it_holds_is_dropped() -> None:
    book = LocalBook(Market.SPOT, limit=100)

    assert book.take(change(Market.SPOT, 5, 6, bids=[level(10, 1)])) is Change.BUFFERED
    assert book.take(change(Market.SPOT, 7, 9, bids=[level(11, 2)])) is Change.BUFFERED
    assert book.join(snapshot(6, [level(9, 1)]))

    assert as_numbers(book.copy().bids) == [(11, 2), (9, 1)]
    assert book.update_id == 9


@pytest.mark.parametrize("market", MARKETS)
def test_snapshot_from_before_the_first_change_is_too_old(market: Market) -> None:
    book = LocalBook(market, limit=100)
    book.take(change(market, 10, 12, previous=9))

    assert not book.join(snapshot(8))
    assert book.join(snapshot(11))


@pytest.mark.parametrize("market", MARKETS)
def test_buffer_with_a_hole_counts_from_behind_it(market: Market) -> None:
    book = LocalBook(market, limit=100)
    book.take(change(market, 1, 2, previous=0))
    book.take(change(market, 10, 12, previous=9))

    assert not book.join(snapshot(5))
    assert book.join(snapshot(10))


def test_futures_change_must_name_the_one_before_it() -> None:
    book = LocalBook(Market.USDM, limit=100)
    assert book.join(snapshot(20))

    assert book.take(change(Market.USDM, 15, 19, previous=14)) is Change.IGNORED
    assert book.take(change(Market.USDM, 18, 25, previous=17)) is Change.APPLIED
    assert book.take(change(Market.USDM, 30, 31, previous=25)) is Change.APPLIED
    assert book.take(change(Market.USDM, 30, 31, previous=25)) is Change.IGNORED
    assert book.take(change(Market.USDM, 32, 33, previous=30)) is Change.MISSED


def test_futures_change_that_ends_at_the_snapshot_is_the_one_to_go_on_from() -> None:
    """The documents drop what ends before the snapshot; the one that ends at it is the first."""
    book = LocalBook(Market.USDM, limit=100)
    assert book.join(snapshot(20))

    assert book.take(change(Market.USDM, 15, 20, previous=14)) is Change.APPLIED
    assert book.take(change(Market.USDM, 19, 25, previous=18)) is Change.MISSED


def test_changes_that_wait_for_ever_do_not_pile_up() -> None:
    book = LocalBook(Market.SPOT, limit=100)
    for number in range(1, 2_502):
        book.take(change(Market.SPOT, number, number))

    assert not book.join(snapshot(500)), "the changes behind it are gone"
    assert book.join(snapshot(501))
    assert book.update_id == 2_501


def test_spot_change_may_overlap_but_leave_nothing_out() -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(20))

    assert book.take(change(Market.SPOT, 18, 22)) is Change.APPLIED
    assert book.take(change(Market.SPOT, 21, 22)) is Change.IGNORED
    assert book.take(change(Market.SPOT, 23, 23)) is Change.APPLIED
    assert book.take(change(Market.SPOT, 25, 25)) is Change.MISSED


def test_prices_are_numbers_however_they_are_written() -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level("10.00", 1)], [level("11.0", 1)]))

    book.take(change(Market.SPOT, 2, 2, bids=[level("10.0", 0)], asks=[level("11.00", "3.0")]))

    assert book.best_bid() is None
    assert book.best_ask() == level("11.00", "3.0")


@pytest.mark.parametrize("zero", ["0", "0.00000000", "000.0", "0.", ".0", "-0", "0E-8", "+0.0"])
def test_zero_is_zero_however_it_is_written(zero: str) -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level(10, 1), level(9, 2)]))

    book.take(change(Market.SPOT, 2, 2, bids=[level(10, zero)]))

    assert as_numbers(book.copy().bids) == [(9, 2)]


@pytest.mark.parametrize("some", ["1", "0.00000001", "100.", ".5", "1E-400", "+3", "00.10"])
def test_quantity_is_kept_however_it_is_written(some: str) -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level(10, 1)]))

    book.take(change(Market.SPOT, 2, 2, bids=[level(10, some), level(9, some)]))

    assert book.copy().bids == [level(10, some), level(9, some)]


@pytest.mark.parametrize("none", ["", ".", "1.2.3", "1,000", "five", "0x1", "--1"])
def test_quantity_that_is_no_number_is_refused(none: str) -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level(10, 1)]))

    with pytest.raises(ArithmeticError):
        book.take(change(Market.SPOT, 2, 2, bids=[level(10, none)]))


def test_unknown_level_that_is_removed_is_nothing_new() -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level(10, 1)]))

    assert book.take(change(Market.SPOT, 2, 2, bids=[level(7, 0)])) is Change.APPLIED
    assert as_numbers(book.copy().bids) == [(10, 1)]


def test_copy_is_best_first_and_stays_as_it_was() -> None:
    book = LocalBook(Market.SPOT, limit=100)
    assert book.join(snapshot(1, [level(10, 1), level(9, 2)], [level(11, 1), level(12, 2)]))

    before = book.copy()
    top = book.copy(1)
    book.take(change(Market.SPOT, 2, 2, bids=[level(10, 5)]))

    assert as_numbers(before.bids) == [(10, 1), (9, 2)]
    assert as_numbers(before.asks) == [(11, 1), (12, 2)]
    assert (as_numbers(top.bids), as_numbers(top.asks)) == ([(10, 1)], [(11, 1)])
    assert as_numbers(book.copy(0).bids) == []


def test_cut_off_snapshot_is_worn_when_few_of_its_levels_are_left() -> None:
    bids = [level(100 - number, 1) for number in range(20)]
    book = LocalBook(Market.SPOT, limit=20)
    assert book.join(snapshot(1, bids, [level(101, 1)]))
    was_worn = book.is_worn

    gone = [level(100 - number, 0) for number in range(19)]
    book.take(change(Market.SPOT, 2, 2, bids=gone))

    assert (was_worn, book.is_worn) == (False, True)
    whole = LocalBook(Market.SPOT, limit=21)
    assert whole.join(snapshot(1, bids))
    whole.take(change(Market.SPOT, 2, 2, bids=gone))
    assert not whole.is_worn, "all levels are known"
