"""User data that comes over the WebSocket API connection itself: Spot, and the base of margin."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.call import Outcome
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.errors import BinanceWsApiError, ConnectionLost, NotSent, RequestRejected
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.raw_event import RawEvent
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ApiUserData"]

log = logging.getLogger("binance_wsapi.user_data")

_ALREADY_ACTIVE = -2035
"""The answer to an earlier try was lost: its events come under an id that nobody here knows, and only
a fresh connection has none."""

LEAST_DELAY_S = 0.02
"""Between attempts, whatever the option says: an attempt may fail without waiting for anything."""


class ApiUserData:
    """The user data subscription of one WebSocket API connection.

    It is restored on each fresh link before that link serves; when that fails it is tried again in
    the background, and the stream tells the gap.
    """

    def __init__(self, runtime: Runtime, session: ApiSession, feed: LinkedFeed) -> None:
        self._runtime = runtime
        self._session = session
        self._feed = feed
        feed.let_go = self.lost
        self.deliver: Callable[[RawEvent, ApiLink], None] = feed.deliver
        self._subscribed_at = -math.inf
        self._retry: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def connection(self) -> None:
        """It has none of its own: its events come on that of the session."""

    def key_stopped(self) -> None:
        """It needs no listen key."""

    async def start(self, timeout: float) -> None:
        """Subscribe for the first time, within ``timeout`` seconds.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        self._session.subscriptions.append(self)
        try:
            await self._subscribe_first(timeout)
        except BaseException:
            # Its caller may have gone just when it was subscribed.
            subscribed = self._subscribed_on()
            await self.close("not subscribed")
            for link, subscription_id in subscribed.items():
                self._runtime.spawn(self._unsubscribe(link, subscription_id))
            raise

    async def renew(self, timeout: float) -> None:
        """Subscribe again where that is left to the caller, within ``timeout`` seconds.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        if not self._runtime.options.resubscribe_user_data_stream_after_reconnect:
            await self._subscribe_first(timeout)

    async def stop(self) -> None:
        """Unsubscribe and end the stream."""
        subscribed = self._subscribed_on()
        await self.close("unsubscribed")
        for link, subscription_id in subscribed.items():
            await self._unsubscribe(link, subscription_id)

    async def _unsubscribe(self, link: ApiLink, subscription_id: int) -> None:
        try:
            await self._session.ask(
                link, "userDataStream.unsubscribe", {"subscriptionId": subscription_id}
            )
        except (BinanceWsApiError, LinkLost) as error:
            log.info("%s: unsubscribing: %s", self._session.ws_key, error)

    async def close(self, reason: str) -> None:
        """End the stream; the connection is not asked."""
        self._closed = True
        for link, subscription_id in self._subscribed_on().items():
            link.let_go(subscription_id)
        if self in self._session.subscriptions:
            self._session.subscriptions.remove(self)
        if self._retry is not None:
            self._retry.cancel()
        self._feed.end()

    async def restore(self, link: ApiLink) -> None:
        """Subscribe on a fresh link, before it serves."""
        options = self._runtime.options
        if self._closed or (
            not self._subscribed_on() and not options.resubscribe_user_data_stream_after_reconnect
        ):
            return
        try:
            await self._subscribe(link)
        except (BinanceWsApiError, LinkLost) as error:
            if link.lost_because is not None:
                return
            self._failed(error)
            if self._subscribed_on():  # another link carries the events: it stays until this works
                raise LinkLost(f"user data is not subscribed: {error}") from None
            self._try_again(options.resubscribe_user_data_stream_delay_seconds)

    def lost(self, link: ApiLink, reason: str) -> None:
        """A link is gone."""
        subscription_id = link.subscription_id(self)
        if subscription_id is not None:
            link.let_go(subscription_id)
        self._feed.lost(link, reason)
        if subscription_id is None or self._subscribed_on():
            return
        options = self._runtime.options
        if not options.resubscribe_user_data_stream_after_reconnect:
            self._announce(f"user data is interrupted: {self._feed.left_off(reason)}", None)
        elif self._session.serving is not None:
            # The exchange ended the successor's subscription while this link still carried the events.
            self._try_again(0.0)

    def doubted(self, link: ApiLink, reason: str) -> None:
        """A link that answers nothing was replaced: its events count no more, though it lives."""
        if link.subscription_id(self) is not None:
            self.lost(link, reason)

    async def _subscribe_first(self, timeout: float) -> None:
        method = "userDataStream.subscribe"
        try:
            async with asyncio.timeout(timeout):
                while True:
                    link = await self._session.ready_or_not_sent(method)
                    if link.subscription_id(self) is not None:
                        return
                    try:
                        await self._subscribe(link)
                    except (ConnectionLost, LinkLost):
                        # A subscription ends with its link: asking anew is safe. On a link that lives
                        # it came to nothing at once, and would again.
                        if link.lost_because is None:
                            options = self._runtime.options
                            await asyncio.sleep(options.resubscribe_user_data_stream_delay_seconds)
                    except RequestRejected as error:
                        if error.code != _ALREADY_ACTIVE:
                            raise
                        await self._session.rotated(method)
        except TimeoutError:
            raise NotSent(
                f"{method}: not subscribed within {self._runtime.options.timeout:g} s "
                f"({self._session.why_not}); repeating it is safe",
                operation=method,
                reason="not connected",
            ) from None

    async def _subscribe(self, link: ApiLink) -> None:
        self._feed.expect(link)
        method, params = await self._request(link)
        await self._session.ask(
            link, method, params, on_outcome=lambda outcome: self._subscribed(link, outcome)
        )

    async def _request(self, link: ApiLink) -> tuple[str, dict[str, WireValue]]:
        """Return the request that subscribes on this link."""
        if link.authority.logged_on:
            return "userDataStream.subscribe", {}
        return "userDataStream.subscribe.signature", {}

    def _subscribed(self, link: ApiLink, outcome: Outcome) -> None:
        # Called while the answer is read: the events behind it in the socket find their sink.
        if not isinstance(outcome, Response):
            return
        subscription_id: int = outcome.result.subscription_id
        if self._closed:
            # Whoever asked for it has gone meanwhile: it must not stay half known.
            self._unwanted(link, subscription_id)
            return
        if subscription_id in link.ended_subscriptions:
            # The exchange has ended it already: that overtook the answer.
            self._failed(None)
            self._try_again(self._runtime.options.resubscribe_user_data_stream_delay_seconds)
            return
        if link.subscribed.get(subscription_id, self) is not self:
            # Another account's: nobody could tell whose events come under it.
            self._session.lose(link, f"two subscriptions were given the id {subscription_id}")
            return
        former = link.subscription_id(self)
        if former is None and any(other.number > link.number for other in self._subscribed_on()):
            # Its successor was faster, perhaps at the exchange, too: as the older one it would lead, and
            # never bring what the successor has brought before.
            self._unwanted(link, subscription_id)
            self._feed.lost(link, "its successor carries the events")
            return
        if former is not None and former != subscription_id:
            # The same account's events would come under both ids.
            link.let_go(former)
        link.subscribed[subscription_id] = self
        self._subscribed_at = self._runtime.now()
        self._feed.carried_by(link)
        log.info("%s: user data subscribed", self._session.ws_key)

    def _unwanted(self, link: ApiLink, subscription_id: int) -> None:
        link.let_go(subscription_id)
        self._runtime.spawn(self._unsubscribe(link, subscription_id))

    def terminated(self, link: ApiLink) -> None:
        """The exchange ended the subscription on a link (``eventStreamTerminated``)."""
        self._feed.lost(link, "the exchange ended the subscription")
        if not self._subscribed_on():
            self._failed(None)
            options = self._runtime.options
            due = self._subscribed_at + options.resubscribe_user_data_stream_delay_seconds
            self._try_again(max(0.0, due - self._runtime.now()))

    def _subscribed_on(self) -> dict[ApiLink, int]:
        """Return the links that carry the events, and under which ids: two of them during a rotation."""
        return {
            link: subscription_id
            for link in self._session.links.values()
            if (subscription_id := link.subscription_id(self)) is not None
        }

    def _failed(self, error: Exception | None) -> None:
        if error is not None:
            self._feed.not_restored(str(error))
        self._announce("user data is interrupted" + ("" if error is None else f": {error}"), error)

    def _announce(self, reason: str, error: Exception | None) -> None:
        self._session.announce("exception", error=error, reason=reason)

    def _try_again(self, delay: float) -> None:
        if self._retry is None or self._retry.done():
            self._retry = self._runtime.spawn(self._keep_trying(delay))

    async def _keep_trying(self, delay: float) -> None:
        while not self._closed:
            await asyncio.sleep(delay)
            delay = (
                self._runtime.options.resubscribe_user_data_stream_delay_seconds or LEAST_DELAY_S
            )
            try:
                link = await self._session.ready(self._runtime.options.timeout)
            except TimeoutError:
                delay = max(delay, self._session.silence.handshake_delay(self._runtime.now()))
                continue
            if link.subscription_id(self) is not None:
                return
            try:
                await self._subscribe(link)
            except RequestRejected as error:
                self._failed(error)
                delay = max(delay, error.retry_after or 0.0)
                if error.code == _ALREADY_ACTIVE:
                    self._session.rotate()
                else:
                    self._session.logon.refresh()
            except (BinanceWsApiError, LinkLost) as error:
                self._failed(error)
                if isinstance(error, NotSent):
                    delay = max(delay, error.retry_after or 0.0)
