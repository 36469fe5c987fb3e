"""The streams of all contracts, of both futures markets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, cast

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.stream_name_parser import (
    FuturesStreamName,
)
from binance_wsapi.simulator.futures.stream_rows import Row, StreamRows
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.market_data.intervals import SECOND
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_feeds import (
    BestPriceFeed,
    BestPrices,
    CallFeed,
    ChangeFeed,
    PulseFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish

__all__ = ["StreamsOfAll", "liquidations_of"]

ZERO = Decimal(0)


class StreamsOfAll:
    """Opens the streams that a host has of all contracts at once.

    Args:
        own: The host's market.
        venues: That and the other futures market, if there is one.
        pulses: The beats.
    """

    def __init__(self, own: StreamVenue, venues: tuple[StreamVenue, ...], pulses: Pulses) -> None:
        self._own = own
        self._venues = venues
        self._pulses = pulses
        self._openers: dict[str, Callable[[FuturesStreamName, Publish], Feed]] = {
            "bookTicker": self._best_prices,
            "contractInfo": self._contract_info,
            "forceOrder": self._liquidations,
            "markPrice": self._mark_prices,
            "miniTicker": self._mini_tickers,
            "ticker": self._tickers,
        }

    def open(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        """Begin a stream."""
        return self._openers[asked.kind](asked, publish)

    def _best_prices(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        """Tell best prices as they change; USD-M, whose period is 5 s, once in it."""
        if self._own.market.market is Market.COINM:
            feeds = [
                BestPriceFeed(
                    venue.data.watch,
                    venue.market.books[contract.symbol],
                    publish,
                    partial(venue.rows.best_prices, contract),
                )
                for venue in self._venues
                for contract in venue.contracts
            ]
            return _joined([feed.close for feed in feeds])

        def make() -> dict[str, tuple[Any, Any]]:
            return {
                contract.symbol: _best_row(venue, contract)
                for venue in self._venues
                for contract in venue.contracts
            }

        def tell(rows: object) -> None:
            # One object a contract, not an array.
            for row in cast("list[Row]", rows):
                publish(row)

        return ChangeFeed(self._pulses, 5 * SECOND, tell, make, lambda rows: rows)

    def _mark_prices(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return PulseFeed(
            self._pulses,
            asked.period_us,
            publish,
            lambda: [
                venue.rows.mark_price(contract)
                for venue in self._venues
                for contract in venue.contracts
            ],
        )

    def _mini_tickers(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return self._changed_rows(publish, StreamRows.mini_ticker)

    def _tickers(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return self._changed_rows(publish, StreamRows.ticker)

    def _changed_rows(self, publish: Publish, row: Callable[[StreamRows, Contract], Row]) -> Feed:
        """Tell the rows of all contracts that traded, as far as they changed."""

        def make() -> dict[str, tuple[Any, Any]]:
            rows = {
                contract.symbol: row(venue.rows, contract)
                for venue in self._venues
                for contract in venue.contracts
                if venue.data.histories[contract.symbol].last_trade is not None
            }
            return {symbol: (_without_times(one), one) for symbol, one in rows.items()}

        return ChangeFeed(self._pulses, SECOND, publish, make, lambda rows: rows)

    def _liquidations(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return liquidations_of(self._pulses, self._venues, lambda order: True, publish)

    def _contract_info(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        """Tell the contract whose status changed."""

        def listen_to(venue: StreamVenue) -> Callable[[], None]:
            def tell(contract: Contract) -> None:
                publish(venue.rows.contract_info(contract))

            venue.market.contract_listeners.append(tell)
            return lambda: venue.market.contract_listeners.remove(tell)

        return _joined([listen_to(venue) for venue in self._venues])


def liquidations_of(
    pulses: Pulses,
    venues: tuple[StreamVenue, ...],
    is_wanted: Callable[[FuturesOrder], bool],
    publish: Publish,
) -> Feed:
    """Tell the latest liquidation of each contract, once a second when there was one."""
    latest: dict[str, Row] = {}

    def listen_to(venue: StreamVenue) -> Callable[[], None]:
        def note(order: FuturesOrder) -> None:
            if is_wanted(order):
                latest[order.contract.symbol] = venue.rows.liquidation(order)

        listeners = venue.market.margin_watch.liquidation_listeners
        listeners.append(note)
        return lambda: listeners.remove(note)

    def beat() -> None:
        rows = tuple(latest.values())
        latest.clear()
        for row in rows:
            publish(row)

    ends = [listen_to(venue) for venue in venues]
    ends.append(pulses.every(SECOND, beat))
    return _joined(ends)


def _joined(ends: list[Callable[[], None]]) -> Feed:
    """Return a feed that ends several things at once."""

    def end() -> None:
        for one in ends:
            one()

    return CallFeed(end)


def _best_row(venue: StreamVenue, contract: Contract) -> tuple[Any, Row]:
    book = venue.market.books[contract.symbol]
    bid, ask = (side.top(1) for side in (book.bids, book.asks))
    empty = (ZERO, ZERO)
    best = BestPrices(book.last_update_id, bid[0] if bid else empty, ask[0] if ask else empty)
    return (best.bid, best.ask), venue.rows.best_prices(contract, best)


def _without_times(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("E", "O", "C")}
