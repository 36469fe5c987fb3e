"""Margin user data: a listen token from REST, subscribed on the WebSocket API and kept fresh."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.catalogue.margin import FETCH_LISTEN_TOKEN
from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.rest import rest_call
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.errors import (
    BinanceWsApiError,
    NotSent,
    RequestRejected,
    UnreadableResult,
)
from binance_wsapi.models.margin import ListenToken
from binance_wsapi.protocol.params import WireValue

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ListenTokenUserData"]

log = logging.getLogger("binance_wsapi.user_data")

RENEW_AT = 0.8
"""The part of a token's life after which it is renewed."""

_decode_token = msgspec.json.Decoder(ListenToken).decode


class ListenTokenUserData(ApiUserData):
    """The user data of the cross margin account, or of one isolated symbol.

    Args:
        runtime: What the core stands on.
        session: The session the token is subscribed on.
        feed: Where the events go.
        isolated_symbol: The symbol of an isolated account; ``None`` for the cross account.
    """

    def __init__(
        self, runtime: Runtime, session: ApiSession, feed: LinkedFeed, isolated_symbol: str | None
    ) -> None:
        super().__init__(runtime, session, feed)
        self._isolated_symbol = isolated_symbol
        self._renewal: asyncio.TimerHandle | None = None

    async def close(self, reason: str) -> None:
        """End the stream; the connection is not asked."""
        if self._renewal is not None:
            self._renewal.cancel()
        await super().close(reason)

    async def _request(self, link: ApiLink) -> tuple[str, dict[str, WireValue]]:
        runtime = self._runtime
        token = await self._fetch_token()
        if self._renewal is not None:
            self._renewal.cancel()
        if runtime.options.keep_margin_listen_token_refreshed:
            life_s = (token.expiration_time * 1000 - self._session.exchange_us()) / 1e6
            self._renew_in(max(1.0, life_s * RENEW_AT))
        return "userDataStream.subscribe.listenToken", {"listenToken": token.token}

    async def _fetch_token(self) -> ListenToken:
        params: dict[str, str] = {}
        if self._isolated_symbol is not None:
            params = {"symbol": self._isolated_symbol, "isIsolated": "true"}
        body = await rest_call(self._runtime, self._session.ws_key, FETCH_LISTEN_TOKEN, params)
        try:
            return _decode_token(body)
        except msgspec.MsgspecError as error:
            raise UnreadableResult(
                f"{FETCH_LISTEN_TOKEN.path}: the answer is no listen token: {error}",
                operation=FETCH_LISTEN_TOKEN.path,
                raw=b"",
            ) from None

    def _renew_in(self, delay: float) -> None:
        self._renewal = self._runtime.loop.call_later(
            delay, lambda: self._runtime.spawn(self._renew())
        )

    async def _renew(self) -> None:
        # Subscribing again for the same account extends the running subscription without a gap.
        for link in self._subscribed_on():
            try:
                await self._subscribe(link)
            except (BinanceWsApiError, LinkLost) as error:
                if link.lost_because is None and not self._closed:
                    self._announce(f"renewing the listen token: {error}", error)
                    delay = self._runtime.options.resubscribe_user_data_stream_delay_seconds
                    if isinstance(error, (NotSent, RequestRejected)):
                        delay = max(delay, error.retry_after or 0.0)
                    self._renew_in(max(1.0, delay))
            else:
                log.info("%s: listen token renewed", self._session.ws_key)
