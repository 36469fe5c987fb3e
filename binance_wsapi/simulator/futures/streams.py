"""The market streams of futures: which there are, on which route, and how often they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.catalogue.streams import find_stream
from binance_wsapi.simulator.errors import note_not_simulated
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.stream_name_parser import (
    FuturesStreamName,
    parse_futures_stream_name,
)
from binance_wsapi.simulator.futures.stream_rows import Row
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.futures.streams_of_all import StreamsOfAll, liquidations_of
from binance_wsapi.simulator.market_data.intervals import SECOND
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_feeds import (
    AggregateTradeFeed,
    BestPriceFeed,
    DepthFeed,
    KlineFeed,
    PulseFeed,
    TradeFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish
from binance_wsapi.simulator.spot.book import Book

__all__ = ["FuturesStreams"]

ZERO = Decimal(0)
KLINE_PERIOD = SECOND // 4
_BOTH_MARKETS = frozenset({"markPrice", "kline"})
"""Streams of single contracts that either market's host serves for both."""


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
        others: Opens what is no stream of these markets: listen keys and options, where the host has them.
    """

    def __init__(
        self,
        own: StreamVenue,
        other: StreamVenue | None,
        pulses: Pulses,
        *,
        serves: Callable[[str], bool] = lambda kind: True,
        others: Callable[[str, Publish], Feed | None] = lambda name, publish: None,
    ) -> None:
        self._own = own
        self._venues = (own,) if other is None else (own, other)
        self._clock = own.market.clock
        self._pulses = pulses
        self._serves = serves
        self._others = others
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
        self._of_all = StreamsOfAll(own, self._venues, pulses)

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream; ``None`` when there is none of that name on this route."""
        asked = parse_futures_stream_name(name)
        if asked is None:
            feed = self._others(name, publish)
            if feed is None and find_stream(self._own.market.market, name) is not None:
                note_not_simulated(f"stream {name}")
            return feed
        if not self._serves(asked.kind):
            return None
        if asked.subject is None:
            return self._of_all.open(asked, publish)
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

    def _aggregate_trades(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return AggregateTradeFeed(
            venue.data.watch,
            venue.data.histories[contract.symbol],
            asked.publish,
            lambda trade: venue.rows.aggregate_trade(contract, trade),
        )

    def _trades(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return TradeFeed(
            venue.data.watch,
            contract.symbol,
            asked.publish,
            lambda trade: venue.rows.trade(contract, trade),
        )

    def _best_prices(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return BestPriceFeed(
            venue.data.watch,
            asked.book,
            asked.publish,
            lambda best: venue.rows.best_prices(contract, best),
        )

    def _depth(self, asked: _Asked) -> Feed:
        venue, contract = asked.venue, asked.contract
        return DepthFeed(
            venue.data.watch,
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
        return liquidations_of(
            self._pulses,
            (asked.venue,),
            lambda order: order.contract is asked.contract,
            asked.publish,
        )


def _ticker_period(contract: Contract) -> int:
    return SECOND // 2 if contract.is_inverse else 2 * SECOND
