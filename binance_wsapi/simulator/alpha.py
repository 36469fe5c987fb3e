"""Alpha with its door, made when somebody first comes to it: tokens, a book of each, and their streams.

Its books are kept by an engine of Spot's kind, whose accounts are Alpha's own: of Alpha there are market streams
alone. What the exchange's own app ordered is not told from what the API did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Connection, Handshake
from binance_wsapi.simulator.doors.stream_connections import StreamServer
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import DAY, INTERVALS, SECOND
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.rows import percent_of, places
from binance_wsapi.simulator.market_data.stream_feeds import (
    BestPriceFeed,
    BestPrices,
    CallFeed,
    DepthChanges,
    DepthFeed,
    KlineFeed,
    PulseFeed,
)
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish, StreamHub
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.market_maker import MarketMaker
from binance_wsapi.simulator.spot.streams import SpotStreams
from binance_wsapi.simulator.spot.symbols import SymbolSpec, standard_filters

__all__ = ["AlphaVenue"]

MOST_STREAMS = 200
"""On one connection; not documented, so the least that another market allows."""
FORTUNE = Decimal(10) ** 12
Row = dict[str, Any]

_LEFT_OUT = {
    "aggTrade": frozenset({"M"}),
    "trade": frozenset({"M"}),
    "miniTicker": frozenset[str](),
    "ticker": frozenset({"x", "b", "B", "a", "A"}),
}
"""Streams that are as Spot's are, less these members."""
_DEPTH = re.compile(r"(?:fulldepth|depth(5|10|20))@(0|100|500)ms")
_KLINE = re.compile(r"kline_(\w+)", re.ASCII)
_TOKEN_KLINE = re.compile(r"came@([^@]+@[^@]+)@kline_(\w+)", re.ASCII)
_TOKEN_INTERVALS = frozenset({"1s", "1m", "5m", "15m", "1h", "4h", "1d"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token of Alpha, traded against USDT."""

    number: int
    contract: str
    """Address and chain, as streams have them."""
    start_price: Decimal
    circulating: Decimal
    supply: Decimal
    holders: int

    @property
    def symbol(self) -> str:
        """What it is traded as."""
        return f"ALPHA_{self.number}USDT"

    def spec(self) -> SymbolSpec:
        """Return the rules its engine goes by."""
        return SymbolSpec(
            self.symbol,
            f"ALPHA_{self.number}",
            "USDT",
            standard_filters(tick="0.00000001", step="0.01", max_quantity="9000000"),
            start_price=self.start_price,
        )


TOKENS = (
    Token(
        116,
        "0x000000000000000000000000000000000000a116@56",
        Decimal("8.4"),
        Decimal(5_000_000),
        Decimal(20_000_000),
        6_822,
    ),
    Token(
        474,
        "A1pha474Token1111111111111111111111111111111@CT_501",
        Decimal("0.0853"),
        Decimal(150_000_000),
        Decimal(1_000_000_000),
        21_340,
    ),
)


class AlphaVenue:
    """The tokens and their streams.

    Args:
        clock: The exchange's clock.
        rng: Where all chance comes from.

    Attributes:
        market: The engine.
        data: History and statistics of its symbols.
        maker: Who quotes, once he was started.
    """

    def __init__(self, clock: SimulatedClock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self.market = SpotMarket(clock, rng, [token.spec() for token in TOKENS])
        self.maker: MarketMaker | None = None
        assets = {"USDT": FORTUNE} | {f"ALPHA_{token.number}": FORTUNE for token in TOKENS}
        self._stranger = self.market.open_account(assets)
        self.data = MarketData(clock, self.market)
        self.open_doors()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: all but the doors."""
        return {name: part for name, part in vars(self).items() if name != "_server"}

    def open_doors(self) -> None:
        """Serve its streams: to be called once more when it was read from a file."""
        streams = AlphaStreams(self._clock, self.data)
        self._server = StreamServer(self._clock, StreamHub(streams), most_streams=MOST_STREAMS)

    def start_maker(self) -> MarketMaker:
        """Keep a book on every token from now on."""
        if self.maker is None:
            self.maker = MarketMaker(self._clock, self.market, Random(self._rng.random()))
            self.maker.start()
        return self.maker

    def trade(self, params: Mapping[str, Any]) -> object:
        """Place an order of somebody who can pay for any."""
        return self.market.handle("order.place", dict(params), self._stranger)

    def connect(self, handshake: Handshake) -> Connection:
        """Let a client in; there are wrapped payloads alone."""
        return self._server.combined(handshake)


class AlphaStreams:
    """The stream table of Alpha.

    Args:
        clock: The exchange's clock.
        data: History and statistics of its symbols.
    """

    def __init__(self, clock: SimulatedClock, data: MarketData) -> None:
        self._clock = clock
        self._data = data
        self._books = data.market.books
        self._watch = data.watch
        self._pulses = Pulses(clock)
        self._like_spot = SpotStreams(clock, data)

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin a stream; ``None`` when there is none of that name."""
        if name == "came@allTokens@ticker24":
            return PulseFeed(self._pulses, SECOND, publish, self._token_tickers)
        if match := _TOKEN_KLINE.fullmatch(name):
            return self._token_klines(match[1], match[2], publish)
        subject, _, kind = name.partition("@")
        if subject in {"!bookTicker", "!miniTicker", "!ticker"}:
            expected = "" if subject == "!bookTicker" else "arr"
            return self._of_all(subject[1:], publish) if kind == expected else None
        symbol = subject.upper()
        if symbol not in self._books or subject != subject.lower():
            return None
        return self._of_symbol(symbol, kind, publish)

    def _of_all(self, kind: str, publish: Publish) -> Feed:
        """Tell of every symbol, one by one: so the documents show it."""
        feeds = [self._of_symbol(symbol, kind, publish) for symbol in self._books]

        def end() -> None:
            for feed in feeds:
                if feed is not None:
                    feed.close()

        return CallFeed(end)

    def _of_symbol(self, symbol: str, kind: str, publish: Publish) -> Feed | None:
        name = f"{symbol.lower()}@{kind}"
        if kind in _LEFT_OUT:
            return self._like_spot.open(name, _without(_LEFT_OUT[kind], publish))
        if (match := _KLINE.fullmatch(kind)) and match[1] != "1s":
            return self._like_spot.open(name, publish)
        if kind == "bookTicker":
            return self._best_prices(symbol, publish)
        if match := _DEPTH.fullmatch(kind):
            return self._depth(symbol, int(match[1] or 0), int(match[2]) * SECOND // 1000, publish)
        return None

    def _best_prices(self, symbol: str, publish: Publish) -> Feed:
        def shape(best: BestPrices) -> Row:
            return {
                **self._head("bookTicker", symbol),
                "u": best.update_id,
                "b": places(best.bid[0]),
                "B": places(best.bid[1]),
                "a": places(best.ask[0]),
                "A": places(best.ask[1]),
            }

        return BestPriceFeed(self._watch, self._books[symbol], publish, shape)

    def _depth(self, symbol: str, levels: int, period_us: int, publish: Publish) -> Feed:
        book = self._books[symbol]

        def shape(changes: DepthChanges) -> Row:
            bids = book.bids.top(levels) if levels else changes.bids
            asks = book.asks.top(levels) if levels else changes.asks
            return {
                **self._head("depthUpdate", symbol),
                "U": changes.first_id,
                "u": changes.final_id,
                "pu": changes.previous_id,
                "b": [[places(price), places(quantity)] for price, quantity in bids],
                "a": [[places(price), places(quantity)] for price, quantity in asks],
            }

        return DepthFeed(self._watch, self._pulses, book, period_us, publish, shape)

    def _token_klines(self, contract: str, interval_name: str, publish: Publish) -> Feed | None:
        token = next((each for each in TOKENS if each.contract == contract), None)
        if token is None or interval_name not in _TOKEN_INTERVALS:
            return None
        interval = INTERVALS[interval_name]

        def shape(candle: Candle, is_closed: bool) -> Row:
            kline = {
                "ot": Micros(candle.open_us),
                "ct": Micros(interval.step(candle.open_us, 1)),
                "i": interval.name,
                "o": candle.open,
                "c": candle.close,
                "h": candle.high,
                "l": candle.low,
                "v": candle.volume,
            }
            return {"ca": contract, "e": "kline", "k": kline}

        history = self._data.histories[token.symbol]
        return KlineFeed(self._clock, self._pulses, history, interval, 0, SECOND, publish, shape)

    def _token_tickers(self) -> Row | None:
        rows = [
            self._token_ticker(token)
            for token in TOKENS
            if self._data.last_price(token.symbol) is not None
        ]
        return {"e": "tickerList", "d": rows} if rows else None

    def _token_ticker(self, token: Token) -> Row:
        day, book = self._data.rolling_window(token.symbol, DAY), self._books[token.symbol]
        bids = sum((price * level.quantity for price, level in book.bids.levels.items()), Decimal())
        return {
            "ca": token.contract,
            "cnt24": day.trades,
            "fdv": day.close * token.supply,
            "hc": str(token.holders),
            "liq": bids,
            "mc": day.close * token.circulating,
            "p": day.close,
            "pc24": str(percent_of(day.close - day.open, day.open)),
            "s": "1",
            "t": Micros(self._clock.now_us()),
            "vol24": day.quote_volume,
        }

    def _head(self, event: str, symbol: str) -> Row:
        now = Micros(self._clock.now_us())
        return {"e": event, "E": now, "T": now, "s": symbol}


def _without(left_out: frozenset[str], publish: Publish) -> Callable[[object], None]:
    """Return what publishes rows without some members."""

    def publish_rest(row: object) -> None:
        assert isinstance(row, dict)
        publish({name: value for name, value in row.items() if name not in left_out})

    return publish_rest
