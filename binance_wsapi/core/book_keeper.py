"""Keeps one local order book: changes from its stream, snapshots over the WebSocket API."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import BinanceWsApiError, NotSent, RateLimited, RequestRejected
from binance_wsapi.kept_state import KeptState
from binance_wsapi.markets import Market
from binance_wsapi.models.base import Event
from binance_wsapi.models.futures_stream_events import FuturesDepthEvent
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.spot_stream_events import DepthEvent
from binance_wsapi.models.stream_events import stream_event_decoder
from binance_wsapi.protocol.local_book import Change, LocalBook
from binance_wsapi.protocol.snapshots import SnapshotPace

if TYPE_CHECKING:
    from binance_wsapi.core.market_streams import MarketStreams

__all__ = ["BookKeeper"]

log = logging.getLogger("binance_wsapi.order_book")


class BookKeeper(KeptState):
    """A consumer of a diff depth stream that makes a book of it.

    The loop's thread writes; any thread reads ``book``, ``problem`` and ``version`` under ``lock``.

    Args:
        streams: The client's market streams.
        ws_key: The WebSocket API connection that snapshots come from.
        symbol: Trading symbol.
        limit: Levels a side in a snapshot.
    """

    def __init__(self, streams: MarketStreams, ws_key: WsKey, symbol: str, limit: int) -> None:
        super().__init__()
        self.book: LocalBook | None = None
        """The joined book; ``None`` while there is none to be trusted."""
        self._streams = streams
        self._ws_key = ws_key
        self._market: Market = endpoint(ws_key).market
        self._symbol = symbol
        self._limit = limit
        self._params = {"symbol": symbol, "limit": limit}
        self._decoders: dict[str, Callable[[msgspec.Raw], Event]] = {}
        """By the name of the stream."""
        self._coming: LocalBook | None = None
        """The next book, waiting for its snapshot."""
        self._fetching: asyncio.Task[None] | None = None
        self._pace = SnapshotPace()

    def _forget(self) -> None:
        self.book = None

    # The loop's thread

    def begin(self, first: DepthEvent | FuturesDepthEvent | None = None) -> None:
        """Begin with a new book; the present one is kept up until the new one has joined."""
        self._pace.needed(self._streams.runtime.now())
        self._coming = LocalBook(self._market, self._limit)
        if first is not None:
            self._coming.take(first)
        if self._fetching is None or self._fetching.done():
            self._fetching = self._streams.runtime.spawn(self._fetch_snapshots())

    def event(self, name: str, event: msgspec.Raw) -> None:
        """Take a change."""
        decode = self._decoders.get(name)
        if decode is None:
            decode = self._decoders[name] = stream_event_decoder(self._market, name)
        change = decode(event)
        if not isinstance(change, (DepthEvent, FuturesDepthEvent)):
            log.error("%s: an event that is no change of a book: %s", name, change)
            self._start_over("an event could not be read", None)
            return
        if self._coming is not None:
            self._coming.take(change)
        book = self.book
        if book is None:
            return
        try:
            with self.lock:
                outcome = book.take(change)
                if outcome is Change.APPLIED:
                    self.version += 1
        except (ValueError, ArithmeticError) as error:  # a price or a quantity that is no number
            log.warning("%s: a change that cannot be read: %s", name, error)
            self._start_over("a change could not be read", None)
            return
        if outcome is Change.APPLIED:
            self._ring()
            if book.is_worn and self._coming is None:
                self.begin()
        elif outcome is Change.MISSED:
            self._start_over("a change was missed", change)

    def interrupted(self, whole_until: float, source: object) -> None:
        """The book is not to be trusted until changes flow again."""
        self._coming = None
        self._drop_book("the connection was lost")

    def resumed(self, reason: str, source: object) -> None:
        """Changes flow again."""
        self.begin()

    def _start_over(self, reason: str, first: DepthEvent | FuturesDepthEvent | None) -> None:
        self._drop_book(reason)
        self._look_for_trouble(reason)
        self.begin(first)

    def _drop_book(self, reason: str) -> None:
        with self.lock:
            had_book, self.book = self.book is not None, None
            self.version += 1
        if had_book:
            log.warning("order book of %s: %s; it is being joined anew", self._symbol, reason)
            self._ring()

    async def _fetch_snapshots(self) -> None:
        streams, pace = self._streams, self._pace
        now = streams.runtime.now
        while (coming := self._coming) is not None and not self.ended:
            delay = pace.delay(now()) or streams.snapshot_wait(self._ws_key, self._params)
            if delay > 0:
                await asyncio.sleep(delay)
                continue
            pace.asked(now(), random.random())
            try:
                snapshot = await self._snapshot()
            except (NotSent, RateLimited) as error:
                pace.hold(now(), error.retry_after or 0.0)
                self._look_for_trouble(str(error))
            except RequestRejected as error:
                self._fail(error)
                return
            except BinanceWsApiError as error:
                self._look_for_trouble(str(error))
            else:
                if coming is not self._coming:
                    continue
                try:
                    has_joined = coming.join(snapshot)
                except (ValueError, ArithmeticError) as error:
                    log.warning("order book of %s: it cannot be read: %s", self._symbol, error)
                    self._coming = LocalBook(self._market, self._limit)
                    self._look_for_trouble("a price or a quantity is no number")
                    continue
                if has_joined:
                    self._promote(coming)
                    return
                self._look_for_trouble("the snapshot is too old")

    async def _snapshot(self) -> OrderBook:
        session = self._streams.api_sessions.of(self._ws_key)
        answer = await session.ask(None, "depth", self._params, urgent=False)
        snapshot: OrderBook = answer.result
        return snapshot

    def _look_for_trouble(self, reason: str) -> None:
        """A snapshot was of no use: say so when that goes on."""
        pace = self._pace
        if pace.is_worth_a_warning:
            log.warning(
                "order book of %s: it does not join: %s; it is tried again, with longer pauses",
                self._symbol,
                reason,
            )
        else:
            log.info("order book of %s: not joined: %s", self._symbol, reason)
        if pace.is_problem and self.book is None:
            with self.lock:
                self.trouble = reason
            self._ring()

    def _promote(self, book: LocalBook) -> None:
        self._coming = None
        self._pace.joined(self._streams.runtime.now())
        with self.lock:
            if self.ended:
                return
            self.book = book
            self.trouble = ""
            self.version += 1
        log.info("order book of %s: joined at %s", self._symbol, book.update_id)
        self._ring()

    def _fail(self, error: BinanceWsApiError) -> None:
        self.problem = error
        self._streams.leave(self)
