"""The market streams of options: which there are, on which route, and how often they speak."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, cast

from binance_wsapi.simulator.eoptions.contracts import Option
from binance_wsapi.simulator.eoptions.stream_rows import OptionRows, Row
from binance_wsapi.simulator.market_data.intervals import INTERVALS, MINUTE, SECOND
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_feeds import (
    BestPriceFeed,
    CallFeed,
    ChangeFeed,
    DepthFeed,
    KlineFeed,
    PulseFeed,
    TradeFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish

__all__ = ["PUBLIC_KINDS", "OptionStreams"]

PUBLIC_KINDS = frozenset({"bookTicker", "depth", "optionTicker", "optionTrade"})
"""What the public route serves; everything else comes by the market route."""

_DEPTH = re.compile(r"depth(5|10|20)?@(100|500)ms")
_KLINE = re.compile(r"kline_(\w+)", re.ASCII)
_NO_INTERVALS = frozenset({"1s", "8h", "1M"})


class _Asked(NamedTuple):
    """A stream of one option that somebody asks for."""

    option: Option
    kind: str
    publish: Publish


class OptionStreams:
    """The stream table of one route.

    Args:
        rows: The market, and what its streams send.
        pulses: The beats.
        serves: Whether a kind of stream comes by this route.
    """

    def __init__(self, rows: OptionRows, pulses: Pulses, serves: Callable[[str], bool]) -> None:
        self._rows = rows
        self._market = rows.market
        self._pulses = pulses
        self._serves = serves

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream; ``None`` when there is none of that name on this route."""
        if name in {"!index@arr", "!optionSymbol"}:
            return self._of_all(name, publish) if self._serves(name) else None
        subject, _, kind = name.partition("@")
        plain = re.split("[^A-Za-z]", kind)[0]
        if not subject or subject != subject.lower() or not self._serves(plain):
            return None
        option = self._market.options.get(subject.upper())
        if option is not None:
            return self._of_option(_Asked(option, kind, publish))
        if subject.upper() in self._market.indexes:
            return self._of_underlying(subject.upper(), kind, publish)
        return None

    def _of_all(self, name: str, publish: Publish) -> Feed:
        if name == "!index@arr":
            return PulseFeed(self._pulses, SECOND, publish, self._rows.index_prices)

        def tell(option: Option) -> None:
            publish(self._rows.listed(option))

        listeners = self._market.listing_listeners
        listeners.append(tell)
        return CallFeed(lambda: listeners.remove(tell))

    def _of_option(self, asked: _Asked) -> Feed | None:
        option, kind, publish = asked
        rows, book = self._rows, self._market.books[option.symbol]
        if kind == "optionTrade":
            return TradeFeed(
                rows.watch, option.symbol, publish, lambda trade: rows.trade(option, trade)
            )
        if kind == "bookTicker":
            return BestPriceFeed(
                rows.watch, book, publish, lambda best: rows.best_prices(option, best)
            )
        if kind == "optionTicker":
            return self._tickers([option], publish)
        if match := _DEPTH.fullmatch(kind):
            return self._depth(asked, int(match[1] or 0), int(match[2]) * SECOND // 1000)
        if match := _KLINE.fullmatch(kind):
            interval = INTERVALS.get(match[1])
            if interval is None or interval.name in _NO_INTERVALS:
                return None
            return KlineFeed(
                self._market.clock,
                self._pulses,
                rows.data.histories[option.symbol],
                interval,
                0,
                SECOND,
                publish,
                lambda candle, is_closed: rows.kline(option, interval, candle, is_closed=is_closed),
            )
        return None

    def _of_underlying(self, underlying: str, kind: str, publish: Publish) -> Feed | None:
        rows = self._rows
        if kind == "optionMarkPrice":
            return PulseFeed(self._pulses, SECOND, publish, lambda: rows.mark_prices(underlying))
        if kind == "optionTrade":
            return self._trades(underlying, publish)
        name, _, date = kind.partition("@")
        if name == "openInterest" and date:
            return PulseFeed(
                self._pulses, MINUTE, publish, lambda: rows.open_interest(underlying, date)
            )
        if name == "optionTicker" and date:
            chosen = [
                each
                for each in self._market.options.values()
                if (each.underlying.symbol, each.expiry_date) == (underlying, date)
            ]
            return self._tickers(chosen, publish)
        return None

    def _trades(self, underlying: str, publish: Publish) -> Feed:
        feeds = [
            TradeFeed(
                self._rows.watch,
                option.symbol,
                publish,
                lambda trade, option=option: self._rows.trade(option, trade),  # type: ignore[misc]
            )
            for option in self._market.options.values()
            if option.underlying.symbol == underlying
        ]

        def end() -> None:
            for feed in feeds:
                feed.close()

        return CallFeed(end)

    def _tickers(self, options: list[Option], publish: Publish) -> Feed:
        """Tell the statistics of options that changed, one by one."""

        def publish_each(rows: object) -> None:
            for row in cast("list[Row]", rows):
                publish(row)

        def make() -> dict[str, tuple[object, Row]]:
            histories = self._rows.data.histories
            return {
                each.symbol: (histories[each.symbol].last_trade, self._rows.ticker(each))
                for each in options
                if histories[each.symbol].last_trade is not None
            }

        return ChangeFeed(
            self._pulses,
            SECOND,
            publish_each,
            make,
            lambda rows: rows,
        )

    def _depth(self, asked: _Asked, levels: int, period_us: int) -> Feed:
        option, _, publish = asked
        rows, book = self._rows, self._market.books[option.symbol]
        if not levels:
            return DepthFeed(
                rows.watch,
                self._pulses,
                book,
                period_us,
                publish,
                lambda changes: rows.depth(option, changes),
            )
        previous_id = book.last_update_id

        def make() -> Row:
            nonlocal previous_id
            row = rows.partial_depth(option, book, levels, previous_id)
            previous_id = book.last_update_id
            return row

        return PulseFeed(self._pulses, period_us, publish, make)
