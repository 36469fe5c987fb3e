from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.replay import Replay, ReplayedTrade
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.market_maker import MarketMaker
from binance_wsapi.simulator.spot.random_market import RandomMarket
from binance_wsapi.simulator.spot.symbols import SymbolSpec, standard_filters

START_US = 1_700_000_000_000_000
WEALTH = {"BTC": 10**9, "USDT": 10**15}


class Venue:
    """A Spot market with its data, and a maker that is not started yet."""

    def __init__(self, seed: int = 1, symbols: tuple[SymbolSpec, ...] | None = None) -> None:
        self.clock = SimulatedClock(start_us=START_US, frozen=True)
        choice = () if symbols is None else (symbols,)
        self.market = SpotMarket(self.clock, Random(seed), *choice)
        self.data = MarketData(self.clock, self.market)
        self.market.prices = self.data
        self.maker = MarketMaker(self.clock, self.market, Random(seed))
        self.user = self.market.open_account({"BTC": "100000", "USDT": "9000000000"})

    def levels(self, symbol: str = "BTCUSDT") -> tuple[Any, Any]:
        book = self.market.books[symbol]
        return book.bids.top(100), book.asks.top(100)

    def order(self, account: Account | None = None, **params: Any) -> Any:
        params = {"symbol": "BTCUSDT", **params}
        return self.market.handle("order.place", params, account or self.user)

    def replay(self, trades: Sequence[ReplayedTrade]) -> Replay:
        maker, taker = (self.market.open_account(WEALTH) for _ in range(2))
        return Replay(self.clock, self.market, "BTCUSDT", trades, maker=maker, taker=taker)

    def tape(self, symbol: str = "BTCUSDT") -> list[Trade]:
        return self.data.histories[symbol].trades.newest(10_000)


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.maker.start()
    return venue


def test_every_symbol_has_a_book_and_a_last_price(venue: Venue) -> None:
    for symbol, spec in venue.market.symbols.items():
        bids, asks = venue.levels(symbol)
        assert len(bids) >= 20
        assert len(asks) >= 20
        assert bids[0][0] < spec.start_price < asks[0][0]
        assert venue.data.last_price(symbol) == spec.start_price


def test_what_is_taken_comes_back_after_a_moment(venue: Venue) -> None:
    before = venue.levels()
    best_price, best_quantity = before[1][0]
    venue.order(side="BUY", type="MARKET", quantity=str(best_quantity))
    taken = venue.levels()
    venue.clock.advance(0.1)
    assert venue.levels() == taken
    assert taken[1][0][0] > best_price
    venue.clock.advance(0.1)

    assert venue.levels() == before


def test_a_small_bite_is_left_alone(venue: Venue) -> None:
    venue.order(side="BUY", type="MARKET", quantity="0.001")
    bitten = venue.levels()
    venue.clock.advance(60)

    assert venue.levels() == bitten


def test_an_emptied_side_comes_back_at_once(venue: Venue) -> None:
    before = venue.levels()
    for _ in range(20):
        if not venue.levels()[1]:
            break
        venue.order(
            side="BUY", type="LIMIT", timeInForce="IOC", price="100000", quantity="80.00000"
        )
    assert venue.levels()[1] == []
    venue.clock.run_due()

    assert venue.levels() == before


def test_a_quiet_market_plans_nothing(venue: Venue) -> None:
    venue.clock.advance(10)

    assert venue.clock.next_due_us() is None


def test_a_halted_symbol_is_quoted_again_when_it_trades(venue: Venue) -> None:
    before = venue.levels()
    taken = sum(quantity for _, quantity in before[1][:3])
    venue.order(side="BUY", type="MARKET", quantity=str(taken))
    venue.market.set_status("BTCUSDT", "HALT")
    venue.clock.advance(10)
    assert venue.levels() != before
    venue.market.set_status("BTCUSDT", "TRADING")
    venue.clock.advance(1)

    assert venue.levels() == before


def test_the_middle_moves_and_the_book_with_it(venue: Venue) -> None:
    venue.maker.move_to("BTCUSDT", Decimal("65100.004"))

    bids, asks = venue.levels()
    assert venue.maker.middle("BTCUSDT") == Decimal("65100.00")
    assert bids[0][0] < Decimal("65100.00") < asks[0][0]
    assert len(bids) == len(asks) == 23
    assert venue.tape()[-1].price == 65_000


def test_stopping_takes_every_order_out(venue: Venue) -> None:
    venue.maker.stop()
    venue.order(side="BUY", type="LIMIT", timeInForce="GTC", price="60000", quantity="1")
    venue.clock.advance(10)

    assert venue.levels() == ([(Decimal(60000), Decimal(1))], [])
    assert all(balance.locked == 0 for balance in venue.maker.account.balances.values())


def test_the_same_seed_makes_the_same_book() -> None:
    first, second, other = Venue(5), Venue(5), Venue(6)
    for venue in (first, second, other):
        venue.maker.start()

    assert first.levels() == second.levels() != other.levels()


def test_a_cheap_and_coarse_symbol_is_quoted_above_zero() -> None:
    spec = SymbolSpec(
        "PEPEUSDT",
        "PEPE",
        "USDT",
        standard_filters(tick="0.01", step="1", max_quantity="1000000000"),
        start_price=Decimal("0.05"),
    )
    venue = Venue(symbols=(spec,))
    venue.maker.start()

    bids, asks = venue.levels("PEPEUSDT")
    assert [price for price, _ in bids] == [Decimal(price) / 100 for price in (4, 3, 2, 1)]
    assert len(asks) >= 20


def walk(seed: int, seconds: float = 60) -> Venue:
    venue = Venue()
    venue.maker.start()
    RandomMarket(venue.clock, venue.maker, Random(seed), ["BTCUSDT"]).start()
    venue.clock.advance(seconds)
    return venue


def test_a_random_market_moves_and_keeps_its_book() -> None:
    venue = Venue()
    venue.maker.start()
    market = RandomMarket(venue.clock, venue.maker, Random(3), ["BTCUSDT"])
    market.start()
    prices = set()
    for _ in range(120):
        venue.clock.advance(0.5)
        bids, asks = venue.levels()
        assert len(bids) > 15
        assert len(asks) > 15
        assert bids[0][0] < asks[0][0]
        prices.add(venue.data.last_price("BTCUSDT"))

    assert len(prices) > 20
    assert {trade.buyer_is_maker for trade in venue.tape()} == {True, False}
    market.stop()
    venue.clock.advance(1)
    assert venue.clock.next_due_us() is None


def test_a_random_market_is_made_by_its_seed() -> None:
    assert walk(3).tape() == walk(3).tape() != walk(4).tape()


def test_money_is_conserved_by_the_random_market() -> None:
    venue = walk(9, 30)

    for asset in ("BTC", "USDT"):
        held = sum(
            account.balance(asset).free + account.balance(asset).locked
            for account in venue.market.accounts.values()
        )
        users = Decimal(100_000) if asset == "BTC" else Decimal(9_000_000_000)
        assert held + venue.market.house[asset] == 2 * Decimal(10) ** 12 + users


TAPE = [
    ReplayedTrade(Decimal(64000), Decimal("0.5"), 0.0),
    ReplayedTrade(Decimal("64010.5"), Decimal("0.25"), 1.5, buyer_is_maker=True),
    ReplayedTrade(Decimal(63990), Decimal(2), 1.5),
]


def test_a_tape_is_traded_again_at_its_times() -> None:
    venue = Venue()
    replay = venue.replay(TAPE)
    replay.start()
    venue.clock.advance(1)
    assert len(venue.tape()) == 1
    venue.clock.advance(1)

    assert [
        (trade.price, trade.quantity, (trade.time_us - START_US) / 1e6, trade.buyer_is_maker)
        for trade in venue.tape()
    ] == [(row.price, row.quantity, row.after_seconds, row.buyer_is_maker) for row in TAPE]
    assert venue.levels() == ([], [])
    assert replay.is_over
    assert (replay.done, replay.refused) == (3, [])


def test_a_replay_fills_the_orders_that_stand_in_its_way() -> None:
    venue = Venue()
    venue.order(side="BUY", type="LIMIT", timeInForce="GTC", price="64005", quantity="0.1")
    replay = venue.replay([*TAPE[1:2], *TAPE[2:]])
    replay.start()
    venue.clock.advance(2)

    assert [(trade.price, trade.quantity) for trade in venue.tape()] == [
        (Decimal("64010.5"), Decimal("0.25")),
        # The tape's ask at 63990 meets the user's bid on its way into the book.
        (Decimal(64005), Decimal("0.1")),
        (Decimal(63990), Decimal("1.9")),
    ]
    assert venue.levels() == ([], [])


def test_a_replay_goes_on_after_a_refused_trade() -> None:
    venue = Venue()
    bad = ReplayedTrade(Decimal("64000.001"), Decimal(1), 0.5)
    replay = venue.replay([bad, *TAPE[1:]])
    replay.start()
    venue.clock.advance(2)

    assert [(row, error.code) for row, error in replay.refused] == [(bad, -1013)]
    assert replay.done == 2


def test_a_stopped_replay_trades_no_more() -> None:
    venue = Venue()
    replay = venue.replay(TAPE)
    replay.start()
    venue.clock.advance(1)
    replay.stop()
    venue.clock.advance(5)

    assert len(venue.tape()) == 1
    assert replay.is_over
