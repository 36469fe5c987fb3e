"""Market streams on a market that does what a test says, with a wire that is a list."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Door, Gateway
from binance_wsapi.simulator.doors.stream_connections import StreamConnection, StreamServer
from binance_wsapi.simulator.market_data.market_data import MarketData, ObservedMarket
from binance_wsapi.simulator.market_data.stream_hub import StreamHub
from binance_wsapi.simulator.observers import MarketObserver, Trade
from binance_wsapi.simulator.spot.book import Book
from binance_wsapi.simulator.spot.streams import SpotStreams

START_US = 1_700_000_000_123_456


class Wire:
    """The client's end of one connection."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.pings: list[bytes] = []
        self.closing: tuple[int, str] | None = None
        self.door: Door

    def send(self, frame: bytes) -> None:
        assert self.closing is None, "sent after closing"
        self.frames.append(frame)

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.closing = (code, reason)

    def abort(self, partial: bytes = b"") -> None:
        raise NotImplementedError

    def hold_reading(self, held: bool) -> None:
        raise NotImplementedError

    def is_open(self) -> bool:
        return self.closing is None

    @property
    def connection(self) -> StreamConnection:
        assert isinstance(self.door.inner, StreamConnection)
        return self.door.inner

    def take(self) -> list[Any]:
        """Return what arrived since the last time."""
        frames, self.frames = self.frames, []
        return [json.loads(frame) for frame in frames]

    def ask(self, **request: Any) -> Any:
        """Send a request and return the answer, the last frame that came."""
        return self.ask_text(json.dumps(request))

    def ask_text(self, text: str | bytes) -> Any:
        self.door.receive(text)
        return json.loads(self.frames.pop())


class StreamBench:
    """Streams on a market, and clients of them.

    Args:
        clock: The exchange's clock.
        market: The market.
    """

    def __init__(self, clock: SimulatedClock, market: ObservedMarket) -> None:
        self.clock = clock
        self.data = MarketData(clock, market)
        self.hub = StreamHub(SpotStreams(self.clock, self.data))
        self.server = StreamServer(self.clock, self.hub)
        self.gateway = Gateway(self.clock)
        for path, route in self.server.routes().items():
            self.gateway.add_route(path, route)

    def connect(self, path_qs: str) -> Wire:
        wire = Wire()
        wire.door = self.gateway.connect(path_qs, remote="127.0.0.1", transport=wire)
        return wire


class Bench(StreamBench):
    """Streams on a market of two symbols without orders."""

    def __init__(self) -> None:
        self.books = {name: Book(name, 1_000) for name in ("BTCUSDT", "ETHUSDT")}
        self.statuses = dict.fromkeys(self.books, "TRADING")
        self.observers: list[MarketObserver] = []
        self._trade_ids = dict.fromkeys(self.books, 0)
        super().__init__(SimulatedClock(start_us=START_US, frozen=True), self)

    def trade(
        self,
        price: str,
        quantity: str = "1",
        *,
        symbol: str = "BTCUSDT",
        taker: int | None = None,
        buyer_is_maker: bool = False,
    ) -> Trade:
        trade_id = self._trade_ids[symbol]
        self._trade_ids[symbol] += 1
        taker = 1_000_000 + trade_id if taker is None else taker
        trade = Trade(
            symbol=symbol,
            trade_id=trade_id,
            price=Decimal(price),
            quantity=Decimal(quantity),
            buyer_order_id=trade_id if buyer_is_maker else taker,
            seller_order_id=taker if buyer_is_maker else trade_id,
            buyer_is_maker=buyer_is_maker,
            time_us=self.clock.now_us(),
        )
        for observer in tuple(self.observers):
            observer.on_trade(trade)
        return trade

    def level(
        self, side: str, price: str | Decimal, quantity: str | Decimal, *, symbol: str = "BTCUSDT"
    ) -> None:
        """Set the total of one level."""
        price, quantity, book = Decimal(price), Decimal(quantity), self.books[symbol]
        levels = book.side(side)
        if quantity:
            levels.open_level(price).quantity = quantity
        elif price in levels.levels:
            levels.close_level(price)
        book.last_update_id += 1
        for observer in tuple(self.observers):
            observer.on_level(
                symbol, side, price, quantity, book.last_update_id, self.clock.now_us()
            )
