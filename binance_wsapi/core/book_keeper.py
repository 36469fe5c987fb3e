"""Keeps one local order book: changes from its stream, snapshots over the WebSocket API."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.buffer import EventBuffer
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import BinanceWsApiError, RateLimited, RequestRejected
from binance_wsapi.forks import ends_at_fork
from binance_wsapi.markets import Market
from binance_wsapi.models.futures_stream_events import FuturesDepthEvent
from binance_wsapi.models.spot_stream_events import DepthEvent
from binance_wsapi.models.stream_events import decode_stream_event
from binance_wsapi.protocol.backoff import Backoff
from binance_wsapi.protocol.local_book import Change, LocalBook

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["BookKeeper"]

log = logging.getLogger("binance_wsapi.order_book")

Bell = EventBuffer[None]
"""Rings when the book changed; what rings while nobody takes is one ring."""


class BookKeeper:
    """A consumer of a diff depth stream that makes a book of it.

    The loop's thread writes; any thread reads ``book``, ``problem`` and ``version`` under ``lock``.

    Args:
        core: The client's core.
        ws_key: The WebSocket API connection that snapshots come from.
        symbol: Trading symbol.
        limit: Levels a side in a snapshot.
    """

    def __init__(self, core: Core, ws_key: WsKey, symbol: str, limit: int) -> None:
        self.lock = threading.Lock()
        self.book: LocalBook | None = None
        """The joined book; ``None`` while there is none to be trusted."""
        self.version = 0
        """Counts the changes of ``book``."""
        self.problem: BinanceWsApiError | None = None
        """Why there will never be a book."""
        self.ended = False
        self.release: Callable[[], Callable[[], None] | None] = lambda: None
        """Returns what lets go of the client, while the book is in somebody's hands."""
        self._core = core
        self._ws_key = ws_key
        self._market: Market = endpoint(ws_key).market
        self._symbol = symbol
        self._limit = limit
        self._coming: LocalBook | None = None
        """The next book, waiting for its snapshot."""
        self._fetching: asyncio.Task[None] | None = None
        self._bells: weakref.WeakSet[Bell] = weakref.WeakSet()
        """Of all who wait; one whose reader has gone for good goes with it."""
        ends_at_fork(self)

    # Any thread

    def listen(self) -> Bell:
        """Return a bell that rings now and at each change."""
        bell = Bell(size=1, overflow="drop_oldest", lost_marker=lambda lost: None)
        bell.put(None)
        with self.lock:
            if self.ended:
                bell.end()
            self._bells.add(bell)
        return bell

    def unlisten(self, bell: Bell) -> None:
        """Let a bell ring no more."""
        with self.lock:
            self._bells.discard(bell)

    def end(self) -> None:
        """Nothing will come any more."""
        with self.lock:
            self.ended = True
            self.book = None
            bells = list(self._bells)
            self._bells.clear()
        for bell in bells:
            bell.end()
        if (release := self.release()) is not None:
            release()

    def left_behind(self) -> None:
        """In a forked child: a book that nobody keeps is none."""
        self.lock = threading.Lock()
        self.ended = True
        self.book = None

    # The loop's thread

    def begin(self, first: DepthEvent | FuturesDepthEvent | None = None) -> None:
        """Begin with a new book; the present one is kept up until the new one has joined."""
        self._coming = LocalBook(self._market, self._limit)
        if first is not None:
            self._coming.take(first)
        if self._fetching is None or self._fetching.done():
            self._fetching = self._core.spawn(self._fetch_snapshots())

    def event(self, market: Market, name: str, event: msgspec.Raw) -> None:
        """Take a change."""
        change = decode_stream_event(market, name, event)
        if not isinstance(change, (DepthEvent, FuturesDepthEvent)):
            log.error("%s: an event that is no change of a book: %s", name, change)
            self._start_over("an event could not be read", None)
            return
        if self._coming is not None:
            self._coming.take(change)
        book = self.book
        if book is None:
            return
        with self.lock:
            outcome = book.take(change)
            if outcome is Change.APPLIED:
                self.version += 1
        if outcome is Change.APPLIED:
            self._ring()
            if book.is_worn and self._coming is None:
                self.begin()
        elif outcome is Change.MISSED:
            self._start_over("a change was missed", change)

    def interrupted(self, whole_until: float, source: object) -> None:
        """The book is not to be trusted until changes flow again."""
        self._coming = None
        self._forget("the connection was lost")

    def resumed(self, reason: str, source: object) -> None:
        """Changes flow again."""
        self.begin()

    def _start_over(self, reason: str, first: DepthEvent | FuturesDepthEvent | None) -> None:
        self._forget(reason)
        self.begin(first)

    def _forget(self, reason: str) -> None:
        with self.lock:
            had_book, self.book = self.book is not None, None
            self.version += 1
        if had_book:
            log.warning("order book of %s: %s; it is being joined anew", self._symbol, reason)
            self._ring()

    async def _fetch_snapshots(self) -> None:
        backoff = Backoff(first_s=0.25, factor=2.0, max_s=30.0)
        while (coming := self._coming) is not None and not self.ended:
            delay = backoff.next_delay(random.random())
            try:
                answer = await self._core.session(self._ws_key).ask(
                    None, "depth", {"symbol": self._symbol, "limit": self._limit}
                )
            except RateLimited as error:
                delay = max(delay, error.retry_after or 0.0)
            except RequestRejected as error:
                self._fail(error)
                return
            except BinanceWsApiError as error:
                log.info("order book of %s: no snapshot: %s", self._symbol, error)
            else:
                if coming is not self._coming:
                    continue
                if coming.join(answer.result):
                    self._promote(coming)
                    return
                log.debug("order book of %s: the snapshot is too old", self._symbol)
            await asyncio.sleep(delay)

    def _promote(self, book: LocalBook) -> None:
        self._coming = None
        with self.lock:
            if self.ended:
                return
            self.book = book
            self.version += 1
        log.info("order book of %s: joined at %s", self._symbol, book.update_id)
        self._ring()

    def _fail(self, error: BinanceWsApiError) -> None:
        self.problem = error
        self._core.market_streams.leave(self)

    def _ring(self) -> None:
        with self.lock:
            bells = list(self._bells)
        for bell in bells:
            bell.put(None)
