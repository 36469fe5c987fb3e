"""How the user data of an account is subscribed by an async client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from binance_wsapi._awaited_calls import AwaitedCalls
from binance_wsapi._client_base import close_new
from binance_wsapi.endpoints import WsKey
from binance_wsapi.events import AsyncEventStream
from binance_wsapi.forks import unforked

if TYPE_CHECKING:
    from binance_wsapi.facade.opening import OpeningStream
    from binance_wsapi.user_data import (
        CoinmUserData,
        EoptionsUserData,
        MarginUserData,
        PortfolioMarginProUserData,
        PortfolioMarginUserData,
        SpotUserData,
        UsdmUserData,
    )

__all__ = ["AwaitedUserData"]


class AwaitedUserData(AwaitedCalls):
    """A client's user data streams: the type of their events follows from the connection."""

    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[
            WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI_TESTNET
        ] = WsKey.MAIN_WSAPI,
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[SpotUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.USDM_WSAPI, WsKey.USDM_WSAPI_TESTNET],
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[UsdmUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.COINM_WSAPI, WsKey.COINM_WSAPI_TESTNET],
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[CoinmUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA],
        *,
        isolated_symbol: str | None = None,
    ) -> OpeningStream[MarginUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.PORTFOLIO_MARGIN_USER_DATA],
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[PortfolioMarginUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA],
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[PortfolioMarginProUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.EOPTIONS_USER_DATA],
        *,
        isolated_symbol: None = None,
    ) -> OpeningStream[EoptionsUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self, ws_key: WsKey, *, isolated_symbol: str | None = None
    ) -> OpeningStream[Any]: ...
    def subscribe_user_data_stream(
        self, ws_key: WsKey = WsKey.MAIN_WSAPI, *, isolated_symbol: str | None = None
    ) -> OpeningStream[Any]:
        """Return the events of the account: orders, fills, balances.

        The stream goes on through reconnects; a :class:`StreamGap` in it tells where events may be
        missing. Asked for again, the same stream is returned.

        The orders that are open already are asked for once, so that what a later gap swallows of them is
        found as well: on Spot by ``openOrders.status`` (weight 80), elsewhere over REST (weight 40 on futures,
        10 on margin, 85 on portfolio margin), where the client has a REST host and a secret.

        On futures the account has one listen key, shared by all its clients: whoever stops it ends
        the events of all. The stream then gets a new key and tells the gap; at once when this client
        stopped it (``stop_user_data_stream_for_key``), within a
        minute when another one did.

        Await it for the stream, enter it by ``async with``, or read it at once by ``async for``.

        The type of the events follows from the connection, as :mod:`binance_wsapi.user_data` lists it;
        with ``beautify=False`` those of the exchange are wire dicts, whatever the type says.

        Args:
            ws_key: The connection whose account it is: one of the WebSocket API, ``MARGIN_USER_DATA``,
                ``MARGIN_RISK_USER_DATA`` for the margin level and debts of cross margin,
                ``PORTFOLIO_MARGIN_USER_DATA``, ``PORTFOLIO_MARGIN_PRO_USER_DATA``, or
                ``EOPTIONS_USER_DATA``.
            isolated_symbol: With ``MARGIN_USER_DATA``: the symbol of an isolated margin account;
                ``None`` is the cross margin account.

        Raises:
            ConfigurationError: The connection has no user data, or the client's key does not do for it.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        with unforked:
            from binance_wsapi.facade.opening import OpeningStream

        return OpeningStream(
            self._subscribe_user_data(ws_key, isolated_symbol),
            "AsyncClient.subscribe_user_data_stream",
        )

    async def _subscribe_user_data(
        self, ws_key: WsKey, isolated_symbol: str | None
    ) -> AsyncEventStream[Any]:
        ws_key = WsKey(ws_key)
        stream: AsyncEventStream[Any]
        stream, _ = await self._run(
            lambda: self._core.user_data.subscribe(ws_key, isolated_symbol), close_new
        )
        return stream

    async def unsubscribe_user_data_stream(
        self, ws_key: WsKey = WsKey.MAIN_WSAPI, *, isolated_symbol: str | None = None
    ) -> None:
        """End the account's event stream; nothing to do when there is none.

        Args:
            ws_key: The connection it was subscribed with.
            isolated_symbol: The symbol it was subscribed with.

        Raises:
            ConfigurationError: There is no such connection.
            ClientClosed: The client is closed, and its streams with it.
        """
        ws_key = WsKey(ws_key)
        await self._run(lambda: self._core.user_data.unsubscribe(ws_key, isolated_symbol))
