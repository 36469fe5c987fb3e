"""The market streams of futures: which there are, on which route, and how often they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.stream_name_parser import (
    FuturesStreamName,
    parse_futures_stream_name,
)
from binance_wsapi.simulator.futures.stream_rows import Row, StreamRows
from binance_wsapi.simulator.market_data.intervals import SECOND
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.market_data.market_watch import MarketWatch
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_feeds import (
    AggregateTradeFeed,
    BestPriceFeed,
    BestPrices,
    CallFeed,
    ChangeFeed,
    DepthFeed,
    KlineFeed,
    PulseFeed,
    TradeFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish
from binance_wsapi.simulator.spot.book import Book

__all__ = ["FuturesStreams", "StreamVenue"]

ZERO = Decimal(0)
KLINE_PERIOD = SECOND // 4
_BOTH_MARKETS = frozenset({"markPrice", "kline"})
"""Streams of single contracts that either market's host serves for both."""


@dataclass(frozen=True, slots=True)
class StreamVenue:
    """A futures market as its streams see it. The tables of all routes share one."""

    market: FuturesMarket
    data: MarketData
    watch: MarketWatch
    rows: StreamRows

    @classmethod
    def of(cls, market: FuturesMarket) -> StreamVenue:
        """Return the venue of a market; it remembers trades from now on."""
        data = MarketData(market.clock, market)
        watch = MarketWatch(market.clock, market.observers)
        return cls(market, data, watch, StreamRows(market, data))

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """What is traded there."""
        return tuple(self.market.contracts.values())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A stream of one contract that somebody asks for."""

    venue: StreamVenue
    contract: Contract
    name: FuturesStreamName
    publish: Publish

    @property
    def book(self) -> Book:
        return self.venue.market.books[self.contract.symbol]


class FuturesStreams:
    """The stream table of one futures host, or of one of its routes.

    Single contracts are those of the host's own market, except for mark prices and candles; streams of
    all contracts hold those of both markets.

    Args:
        own: The host's market.
        other: The other futures market, if there is one.
        pulses: The beats.
        serves: Whether a kind of stream comes by this route.
        user_data: Opens what is no market stream: listen keys, where the host takes them here.
    """

    def __init__(
        self,
        own: StreamVenue,
        other: StreamVenue | None,
        pulses: Pulses,
        *,
        serves: Callable[[str], bool] = lambda kind: True,
        user_data: Callable[[str, Publish], Feed | None] = lambda name, publish: None,
    ) -> None:
        self._own = own
        self._venues = (own,) if other is None else (own, other)
        self._clock = own.market.clock
        self._pulses = pulses
        self._serves = serves
        self._user_data = user_data
        self._openers: dict[str, Callable[[_Asked], Feed]] = {
            "aggTrade": self._aggregate_trades,
            "bookTicker": self._best_prices,
            "continuousKline": self._continuous_klines,
            "depth": self._depth,
            "forceOrder": self._liquidations,
            "kline": self._klines,
            "markPrice": self._mark_price,
            "miniTicker": self._mini_ticker,
            "partialDepth": self._partial_depth,
            "ticker": self._ticker,
            "trade": self._trades,
        }
        self._openers_of_all: dict[str, Callable[[FuturesStreamName, Publish], Feed]] = {
            "bookTicker": self._all_best_prices,
            "contractInfo": self._contract_info,
            "forceOrder": self._all_liquidations,
            "markPrice": self._all_mark_prices,
            "miniTicker": self._all_mini_tickers,
            "ticker": self._all_tickers,
        }

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream; ``None`` when there is none of that name on this route."""
        asked = parse_futures_stream_name(name)
        if asked is None:
            return self._user_data(name, publish)
        if not self._serves(asked.kind):
            return None
        if asked.subject is None:
            return self._openers_of_all[asked.kind](asked, publish)
        if found := self._find(asked):
            venue, contract = found
            opener = self._openers.get(asked.kind)
            return opener(_Asked(venue, contract, asked, publish)) if opener else None
        return self._of_pair(asked, publish)

    def _find(self, asked: FuturesStreamName) -> tuple[StreamVenue, Contract] | None:
        """Return the contract that a stream is about."""
        venues = self._venues if asked.kind in _BOTH_MARKETS else (self._own,)
        for venue in venues:
            for contract in venue.contracts:
                subject = contract.symbol
                if asked.kind == "continuousKline":
                    subject = f"{contract.pair}_{contract.contract_type}"
                if subject.lower() == asked.subject:
                    return venue, contract
        return None

    def _of_pair(self, asked: FuturesStreamName, publish: Publish) -> Feed | None:
        """Open a COIN-M stream that is named by a pair."""
        venue = self._own
        contracts = [
            contract
            for contract in venue.contracts
            if contract.is_inverse and contract.pair.lower() == asked.subject
        ]
        rows = venue.rows
        if contracts and asked.kind == "markPrice":
            return PulseFeed(
                self._pulses,
                asked.period_us,
                publish,
                lambda: [rows.mark_price(contract) for contract in contracts],
            )
        if contracts and asked.kind == "indexPrice":
            first = contracts[0]
            return PulseFeed(
                self._pulses, asked.period_us, publish, lambda: rows.index_price(first)
            )
        return None

    # Streams of one contract.

    def _aggregate_trades(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return AggregateTradeFeed(
            venue.watch,
            venue.data.histories[contract.symbol],
            asked.publish,
            lambda trade: venue.rows.aggregate_trade(contract, trade),
        )

    def _trades(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return TradeFeed(
            venue.watch,
            contract.symbol,
            asked.publish,
            lambda trade: venue.rows.trade(contract, trade),
        )

    def _best_prices(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return BestPriceFeed(
            venue.watch,
            asked.book,
            asked.publish,
            lambda best: venue.rows.best_prices(contract, best),
        )

    def _depth(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return DepthFeed(
            venue.watch,
            self._pulses,
            asked.book,
            asked.name.period_us,
            asked.publish,
            lambda changes: venue.rows.depth(contract, changes),
        )

    def _partial_depth(self, asked: _Asked) -> Feed:
        book, levels = asked.book, asked.name.levels
        previous_id = book.last_update_id

        def make() -> Row:
            nonlocal previous_id
            row = asked.venue.rows.partial_depth(asked.contract, book, levels, previous_id)
            previous_id = book.last_update_id
            return row

        return PulseFeed(self._pulses, asked.name.period_us, asked.publish, make)

    def _klines(self, asked: _Asked) -> Feed:
        return self._candles(asked, asked.venue.rows.kline)

    def _continuous_klines(self, asked: _Asked) -> Feed:
        return self._candles(asked, asked.venue.rows.continuous_kline)

    def _candles(self, asked: _Asked, shape: Callable[..., Row]) -> Feed:
        contract, interval = asked.contract, asked.name.interval
        assert interval is not None
        return KlineFeed(
            self._clock,
            self._pulses,
            asked.venue.data.histories[contract.symbol],
            interval,
            0,
            KLINE_PERIOD,
            asked.publish,
            lambda candle, is_closed: shape(contract, interval, candle, is_closed=is_closed),
        )

    def _mark_price(self, asked: _Asked) -> Feed:
        return PulseFeed(
            self._pulses,
            asked.name.period_us,
            asked.publish,
            lambda: asked.venue.rows.mark_price(asked.contract),
        )

    def _mini_ticker(self, asked: _Asked) -> Feed:
        return PulseFeed(
            self._pulses,
            _ticker_period(asked.contract),
            asked.publish,
            lambda: asked.venue.rows.mini_ticker(asked.contract),
        )

    def _ticker(self, asked: _Asked) -> Feed:
        return PulseFeed(
            self._pulses,
            _ticker_period(asked.contract),
            asked.publish,
            lambda: asked.venue.rows.ticker(asked.contract),
        )

    def _liquidations(self, asked: _Asked) -> Feed:
        return self._liquidations_of(
            (asked.venue,), lambda order: order.contract is asked.contract, asked.publish
        )

    # Streams of all contracts, of both markets.

    def _all_best_prices(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        """Tell best prices as they change; USD-M, whose period is 5 s, once in it."""
        if self._own.market.market is Market.COINM:
            feeds = [
                self._best_prices(_Asked(venue, contract, asked, publish))
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

    def _all_mark_prices(self, asked: FuturesStreamName, publish: Publish) -> Feed:
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

    def _all_mini_tickers(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return self._changed_rows(publish, StreamRows.mini_ticker)

    def _all_tickers(self, asked: FuturesStreamName, publish: Publish) -> Feed:
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

    def _all_liquidations(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        return self._liquidations_of(self._venues, lambda order: True, publish)

    def _liquidations_of(
        self,
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
        ends.append(self._pulses.every(SECOND, beat))
        return _joined(ends)

    def _contract_info(self, asked: FuturesStreamName, publish: Publish) -> Feed:
        """Tell the contract whose status changed."""

        def listen_to(venue: StreamVenue) -> Callable[[], None]:
            def tell(contract: Contract) -> None:
                publish(venue.rows.contract_info(contract))

            venue.market.contract_listeners.append(tell)
            return lambda: venue.market.contract_listeners.remove(tell)

        return _joined([listen_to(venue) for venue in self._venues])


def _joined(ends: list[Callable[[], None]]) -> Feed:
    """Return a feed that ends several things at once."""

    def end() -> None:
        for one in ends:
            one()

    return CallFeed(end)


def _ticker_period(contract: Contract) -> int:
    return SECOND // 2 if contract.is_inverse else 2 * SECOND


def _best_row(venue: StreamVenue, contract: Contract) -> tuple[Any, Row]:
    book = venue.market.books[contract.symbol]
    bid, ask = (side.top(1) for side in (book.bids, book.asks))
    empty = (ZERO, ZERO)
    best = BestPrices(book.last_update_id, bid[0] if bid else empty, ask[0] if ask else empty)
    return (best.bid, best.ask), venue.rows.best_prices(contract, best)


def _without_times(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("E", "O", "C")}
