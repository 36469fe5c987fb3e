"""Margin user data: a listen token from REST, subscribed on the WebSocket API and kept fresh."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from binance_wsapi.catalogue._types import Market
from binance_wsapi.core.api_session import ApiLink, ApiSession
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.session import LinkLost
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.errors import BinanceWsApiError, ConfigurationError, NotSent
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.params import WireValue

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["MarginUserData"]

log = logging.getLogger("binance_wsapi.user_data")

TOKEN_PATH = "/sapi/v1/userListenToken"  # noqa: S105  (a path)

RENEW_AT = 0.8
"""The part of a token's life after which it is renewed."""


class _Token(msgspec.Struct, rename="camel"):
    token: str
    expiration_time: int


_decode_token = msgspec.json.Decoder(_Token).decode
_decode_error = msgspec.json.Decoder(ErrorBody).decode


class MarginUserData(ApiUserData):
    """The user data of the cross margin account, or of one isolated symbol.

    Args:
        core: The client's core.
        session: The session the token is subscribed on.
        feed: Where the events go.
        isolated_symbol: The symbol of an isolated account; ``None`` for the cross account.
    """

    def __init__(
        self, core: Core, session: ApiSession, feed: LinkedFeed, isolated_symbol: str | None
    ) -> None:
        super().__init__(core, session, feed)
        self._isolated_symbol = isolated_symbol
        self._renewal: asyncio.TimerHandle | None = None

    async def stop(self) -> None:
        """Unsubscribe and end the stream."""
        if self._renewal is not None:
            self._renewal.cancel()
        await super().stop()

    async def _request(self, link: ApiLink) -> tuple[str, dict[str, WireValue]]:
        token = await self._fetch_token()
        life_s = token.expiration_time / 1000 - self._core.wall_us() / 1e6
        if self._renewal is not None:
            self._renewal.cancel()
        if self._core.options.keep_margin_listen_token_refreshed:
            self._renewal = self._core.loop.call_later(max(1.0, life_s * RENEW_AT), self._renew)
        return "userDataStream.subscribe.listenToken", {"listenToken": token.token}

    async def _fetch_token(self) -> _Token:
        core = self._core
        authoriser = core.authoriser
        if authoriser.api_key is None or authoriser.signer is None:
            raise ConfigurationError("margin user data needs api_key and api_secret")
        params: dict[str, str] = {}
        if self._isolated_symbol is not None:
            params = {"isIsolated": "true", "symbol": self._isolated_symbol}
        params["timestamp"] = str(core.clock.timestamp_ms(core.wall_us(), core.now()))
        query = urlencode(params)
        sign = authoriser.signer.sign
        signature = await core.loop.run_in_executor(None, sign, query.encode())
        url = f"{core.rest_url()}{TOKEN_PATH}?{query}&{urlencode({'signature': signature})}"
        try:
            status, body = await core.transport.post(url, {"X-MBX-APIKEY": authoriser.api_key})
        except OSError as error:
            raise NotSent(
                f"POST {TOKEN_PATH}: {error}; repeating it is safe",
                operation=TOKEN_PATH,
                reason="not connected",
            ) from None
        if status != 200:
            try:
                refusal = _decode_error(body)
            except msgspec.MsgspecError:
                refusal = None
            raise rejection(
                Market.SPOT, f"POST {TOKEN_PATH}", status, refusal, wall_us=core.wall_us()
            )
        return _decode_token(body)

    def _renew(self) -> None:
        self._core.spawn(self._renew_on_live_links())

    async def _renew_on_live_links(self) -> None:
        # Subscribing again for the same account extends the running subscription without a gap.
        for link in list(self._ids):
            try:
                await self._subscribe(link)
            except (BinanceWsApiError, LinkLost, msgspec.MsgspecError) as error:
                self._failed(error if isinstance(error, BinanceWsApiError) else None)
                delay = max(1.0, self._core.options.resubscribe_user_data_stream_delay_seconds)
                self._renewal = self._core.loop.call_later(delay, self._renew)
            else:
                log.info("%s: listen token renewed", self._session.ws_key)
