"""The market maker keeps the books of futures alive."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from futures_sim_venue import Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.maker import FuturesMaker
from binance_wsapi.simulator.spot.random_market import RandomMarket


@pytest.fixture(params=[Market.USDM, Market.COINM], ids=lambda market: market.value)
def venue(request: pytest.FixtureRequest) -> Venue:
    return Venue(request.param)


@pytest.fixture
def maker(venue: Venue) -> FuturesMaker:
    maker = FuturesMaker(venue.clock, venue.market, Random(3))
    maker.start()
    return maker


@pytest.fixture
def trader(venue: Venue, maker: FuturesMaker) -> Trader:
    return venue.trader()


def _best(venue: Venue, symbol: str) -> tuple[Decimal | None, Decimal | None]:
    book = venue.market.books[symbol]
    return book.bids.best(), book.asks.best()


def test_every_contract_has_a_last_price_and_both_sides(venue: Venue, maker: FuturesMaker) -> None:
    for symbol, contract in venue.market.contracts.items():
        bid, ask = _best(venue, symbol)
        assert bid is not None
        assert ask is not None
        assert bid < contract.start_price < ask
        assert len(venue.market.books[symbol].bids) == 20


def test_what_is_taken_comes_back_and_the_rest_stays(
    venue: Venue, maker: FuturesMaker, trader: Trader
) -> None:
    book = venue.market.books[trader.symbol]
    (first, quantity), *rest = book.asks.top(20)
    trader.place("BUY", f"{quantity:f}", f"{first:f}")
    assert book.asks.quantity_at(first) == 0

    venue.clock.advance(1)

    assert book.asks.quantity_at(first) > 0
    assert book.asks.top(20)[1:] == rest


def test_it_moves_to_another_price(venue: Venue, maker: FuturesMaker, trader: Trader) -> None:
    maker.move_to(trader.symbol, Decimal(61000))

    bid, ask = _best(venue, trader.symbol)
    assert bid is not None
    assert ask is not None
    assert bid < 61000 < ask
    assert maker.middle(trader.symbol) == 61000


def test_its_second_account_takes(venue: Venue, maker: FuturesMaker, trader: Trader) -> None:
    maker.take(trader.symbol, "BUY", maker.size(trader.symbol, 10))

    held = maker.taker.held(venue.market.contracts[trader.symbol], "BOTH")
    assert held.amount == 2 * maker.size(trader.symbol, 10)


def test_it_forgets_ended_orders_and_leaves_empty_books(venue: Venue, maker: FuturesMaker) -> None:
    maker.stop()

    assert maker.account.orders == {}
    assert all(_best(venue, symbol) == (None, None) for symbol in venue.market.contracts)


def test_it_passes_over_what_the_exchange_refuses(
    venue: Venue, maker: FuturesMaker, trader: Trader
) -> None:
    venue.market.set_status(trader.symbol, "SETTLING")

    maker.move_to(trader.symbol, Decimal(61000))
    venue.market.set_status(trader.symbol, "TRADING")
    maker.move_to(trader.symbol, Decimal(61000))

    assert _best(venue, trader.symbol)[0] is not None
    assert trader.symbol in maker.symbols


def test_the_same_seed_gives_the_same_book() -> None:
    books = []
    for _ in range(2):
        venue = Venue()
        FuturesMaker(venue.clock, venue.market, Random(5)).start()
        books.append(venue.market.books["BTCUSDT"].bids.top(20))

    assert books[0] == books[1]


def test_a_walk_moves_futures_too(venue: Venue, maker: FuturesMaker, trader: Trader) -> None:
    before = maker.middle(trader.symbol)
    RandomMarket(venue.clock, maker, Random(5), step_seconds=1, volatility=20).start()

    venue.clock.advance(30)

    assert maker.middle(trader.symbol) != before
    assert venue.market.prices.last(venue.market.contracts[trader.symbol]) != before
