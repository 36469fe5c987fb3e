"""Spot user data: subscribed on the WebSocket API connection itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.api_session import ApiLink, ApiSession
from binance_wsapi.core.call import Outcome
from binance_wsapi.core.session import LinkLost
from binance_wsapi.errors import BinanceWsApiError, RequestRejected
from binance_wsapi.events import EventStream, StreamGap
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["Feed", "SpotUserData"]

log = logging.getLogger("binance_wsapi.user_data")

_decode_any = msgspec.json.Decoder().decode


class Feed:
    """Puts events into one stream and hands them to the handlers; owned by the loop's thread.

    Args:
        core: The client's core.
        name: What the stream is called in messages.
        decode: Makes a typed event from its bytes.
        handler_event: The handlers' event name; ``None`` for streams without handlers.
        close: Ends the subscription, called from any thread.
    """

    def __init__(
        self,
        core: Core,
        *,
        name: str,
        decode: Callable[[bytes], Any],
        handler_event: str | None,
        close: Callable[[], None],
    ) -> None:
        options = core.options
        self._core = core
        self._decode = decode if options.beautify else _decode_any
        self._handler_event = handler_event
        self._gap_since_us: int | None = None
        self.stream: EventStream[Any] = EventStream(
            name=name,
            buffer_size=options.event_buffer_size,
            overflow=options.event_overflow,
            lost_marker=self._overflowed,
            close=close,
        )

    def deliver(self, event: bytes) -> None:
        """An event arrived."""
        decode = self._decode
        self.put(lambda: decode(event))

    def put(self, make: Callable[[], Any]) -> None:
        """Append an event, to be made by whoever takes it."""
        self.stream._buffer.put(make)
        if self._handler_event is not None:
            self._core.dispatcher.post_lazily(self._handler_event, make)

    def interrupted(self, last_heard: float) -> None:
        """Nothing is delivered from the moment something was last heard."""
        if self._gap_since_us is None:
            silent_s = self._core.now() - last_heard
            self._gap_since_us = self._core.wall_us() - int(silent_s * 1_000_000)

    def resumed(self, reason: str) -> None:
        """Events flow again: tell the gap in its place, if there was one."""
        if self._gap_since_us is None:
            return
        gap = StreamGap(
            from_ms=self._gap_since_us // 1000,
            until_ms=self._core.wall_us() // 1000,
            reason=reason,
        )
        self._gap_since_us = None
        self.put(lambda: gap)

    def end(self) -> None:
        """Nothing will come any more."""
        self.stream._buffer.end()

    def _overflowed(self, lost: int) -> StreamGap:
        now_ms = self._core.wall_us() // 1000
        return StreamGap(
            from_ms=now_ms, until_ms=now_ms, reason="the consumer was too slow", lost=lost
        )


class SpotUserData:
    """The user data subscription of one WebSocket API connection.

    It is restored on each fresh link before that link serves; when that fails it is tried again in
    the background, and the stream tells the gap.
    """

    def __init__(self, core: Core, session: ApiSession, feed: Feed) -> None:
        self._core = core
        self._session = session
        self._feed = feed
        self._link: ApiLink | None = None
        self._subscription_id: int | None = None
        self._loss = ""
        self._retry: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Subscribe for the first time.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        self._session.subscriptions.append(self)
        try:
            link = await self._session.ready_or_not_sent("userDataStream.subscribe")
            if self._link is None:
                await self._subscribe(link)
        except BaseException:
            self._session.subscriptions.remove(self)
            raise

    async def stop(self) -> None:
        """Unsubscribe and end the stream."""
        self._closed = True
        if self in self._session.subscriptions:
            self._session.subscriptions.remove(self)
        if self._retry is not None:
            self._retry.cancel()
        link, subscription_id = self._link, self._subscription_id
        self._link = self._subscription_id = None
        self._feed.end()
        if link is not None and subscription_id is not None and link.lost_because is None:
            link.event_sinks.pop(subscription_id, None)
            link.ended_subscriptions.add(subscription_id)
            try:
                await self._session.ask(
                    link, "userDataStream.unsubscribe", {"subscriptionId": subscription_id}
                )
            except (BinanceWsApiError, LinkLost) as error:
                log.info("%s: unsubscribing: %s", self._session.ws_key, error)

    async def restore(self, link: ApiLink) -> None:
        """Subscribe on a fresh link, before it serves."""
        options = self._core.options
        if self._closed or (
            self._link is None and not options.resubscribe_user_data_stream_after_reconnect
        ):
            return
        try:
            await self._subscribe(link)
        except (BinanceWsApiError, LinkLost) as error:
            if link.lost_because is None:
                self._failed(error)
                self._try_again()

    def lost(self, link: ApiLink, reason: str) -> None:
        """A link is gone."""
        if link is self._link:
            self._interrupt(link, reason)

    def _interrupt(self, link: ApiLink, reason: str) -> None:
        self._link = self._subscription_id = None
        self._loss = reason
        self._feed.interrupted(link.last_heard)

    async def _subscribe(self, link: ApiLink) -> None:
        by_session = link.authority.logged_on
        await self._session.ask(
            link,
            "userDataStream.subscribe" if by_session else "userDataStream.subscribe.signature",
            {},
            on_outcome=lambda outcome: self._subscribed(link, outcome),
        )

    def _subscribed(self, link: ApiLink, outcome: Outcome) -> None:
        # Called while the answer is read: the events behind it in the socket find their sink.
        if not isinstance(outcome, Response) or self._closed:
            return
        subscription_id = outcome.raw["result"]["subscriptionId"]
        link.event_sinks[subscription_id] = self._event
        self._link, self._subscription_id = link, subscription_id
        self._feed.resumed(self._loss)
        log.info("%s: user data subscribed", self._session.ws_key)

    def _event(self, link: ApiLink, event: msgspec.Raw) -> None:
        self._feed.deliver(bytes(event))

    def terminated(self, link: ApiLink) -> None:
        """The exchange ended the subscription (``eventStreamTerminated``)."""
        if link is self._link and not self._closed:
            self._interrupt(link, "the exchange ended the subscription")
            self._failed(None)
            self._try_again()

    def _failed(self, error: Exception | None) -> None:
        reason = "user data is interrupted" + ("" if error is None else f": {error}")
        self._session.announce("exception", error=error, reason=reason)

    def _try_again(self) -> None:
        if self._retry is None or self._retry.done():
            self._retry = self._core.spawn(self._keep_trying())

    async def _keep_trying(self) -> None:
        delay = self._core.options.resubscribe_user_data_stream_delay_seconds
        while self._link is None and not self._closed:
            await asyncio.sleep(delay)
            link = self._session.serving
            if link is None:
                continue
            try:
                await self._subscribe(link)
            except RequestRejected as error:
                self._failed(error)
                self._session.refresh_logon()
            except (BinanceWsApiError, LinkLost) as error:
                self._failed(error)
