"""The async client: services with an event loop of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from binance_wsapi._awaited_user_data import AwaitedUserData
from binance_wsapi._client_base import (
    GRACE_S,
    close_account,
    kept_journal,
)
from binance_wsapi.core.own_threads import OwnThreads
from binance_wsapi.endpoints import WsKey, check_takes_requests, endpoint
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.events import AsyncEventStream
from binance_wsapi.forks import made_once, unforked
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.models.rows import Rows, Tables
from binance_wsapi.protocol.told_limits import LimitUsage

if TYPE_CHECKING:
    from binance_wsapi.account_state import AsyncAccountState
    from binance_wsapi.facade.async_coinm import AsyncCoinmNamespace
    from binance_wsapi.facade.async_spot import AsyncSpotNamespace
    from binance_wsapi.facade.async_usdm import AsyncUsdmNamespace
    from binance_wsapi.facade.market_streams import AsyncStreams
    from binance_wsapi.facade.opening import OpeningAccount
    from binance_wsapi.journal import AsyncOrderJournal
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["AsyncClient"]


class AsyncClient(AwaitedUserData):
    """A client whose calls are awaited; it may be used from several event loops at once.

    The connections live on a thread of their own, so a busy loop of yours never delays a heartbeat.
    Use it as an async context manager, or await :meth:`close`. A call whose task is cancelled (a
    timeout, a task group, a scope of ``anyio``) is withdrawn: if nothing was written, nothing ever is. If
    it was sent, its outcome is told by :meth:`outcomes`, and the exception says which
    (:func:`given_up`)::

        async with AsyncClient(api_key=KEY, api_secret=SECRET) as client:
            book = await client.spot.get_order_book(symbol="BTCUSDT", limit=10)
            print(book.result.bids[0].price)
    """

    _stream_type = AsyncEventStream

    @made_once
    def spot(self) -> AsyncSpotNamespace:
        """The operations of the Spot exchange."""
        from binance_wsapi.facade.async_spot import AsyncSpotNamespace

        return AsyncSpotNamespace(self._sender, WsKey.MAIN_WSAPI, self._rules_of, self._account_of)

    @made_once
    def usdm(self) -> AsyncUsdmNamespace:
        """The operations of the USD-M futures exchange."""
        from binance_wsapi.facade.async_usdm import AsyncUsdmNamespace

        return AsyncUsdmNamespace(self._sender, WsKey.USDM_WSAPI, self._rules_of, self._account_of)

    @made_once
    def coinm(self) -> AsyncCoinmNamespace:
        """The operations of the COIN-M futures exchange."""
        from binance_wsapi.facade.async_coinm import AsyncCoinmNamespace

        return AsyncCoinmNamespace(
            self._sender, WsKey.COINM_WSAPI, self._rules_of, self._account_of
        )

    @made_once
    def streams(self) -> AsyncStreams:
        """The market streams of all markets, and order books kept from them."""
        from binance_wsapi.facade.market_streams import AsyncStreams

        return AsyncStreams(lambda: self._core.market_streams, self._run, in_floats=self._in_floats)

    @made_once
    def journal(self) -> AsyncOrderJournal:
        """The requests that changed orders, as the file of the option ``journal`` has them."""
        from binance_wsapi.journal import AsyncOrderJournal

        return AsyncOrderJournal(kept_journal(self._core))

    @overload
    def futures(self, market: Literal["usdm"]) -> AsyncUsdmNamespace: ...
    @overload
    def futures(self, market: Literal["coinm"]) -> AsyncCoinmNamespace: ...
    @overload
    def futures(self, market: str) -> AsyncUsdmNamespace | AsyncCoinmNamespace: ...
    def futures(self, market: str) -> AsyncUsdmNamespace | AsyncCoinmNamespace:
        """Return the operations of a futures market chosen at run time.

        Args:
            market: ``"usdm"`` or ``"coinm"``.

        Raises:
            ConfigurationError: It is neither.
        """
        if market == "usdm":
            return self.usdm
        if market == "coinm":
            return self.coinm
        raise ConfigurationError(f"no futures market {market!r}: use 'usdm' or 'coinm'")

    async def connect(self, ws_key: WsKey = WsKey.MAIN_WSAPI) -> None:
        """Bring a connection up, logged on and subscribed, before it is needed.

        A refused logon is told as an ``"exception"`` event, and by the first call that needs the key.

        Args:
            ws_key: The connection, one of the WebSocket API.

        Raises:
            ConfigurationError: The connection takes no requests.
            NotSent: It did not come up within the timeout.
            ClientClosed: The client is closed.
        """
        check_takes_requests(ws_key)
        await self._run(lambda: self._core.connect(ws_key))

    async def rotate(self, ws_key: WsKey = WsKey.MAIN_WSAPI) -> None:
        """Replace a connection by a fresh one without a gap, now rather than at a worse moment.

        The fresh one is logged on and subscribed before it takes over, and events that come on both
        are told once. Returns when the fresh one serves.

        Args:
            ws_key: The connection; a key of the WebSocket API stands for futures user data as well, a
                stream key for all connections of that market's streams. Those not in use are no error.

        Raises:
            ConfigurationError: There is no such connection.
            NotSent: It did not come up within the timeout; the present one goes on.
            ClientClosed: The client is closed.
        """
        ws_key = WsKey(ws_key)
        await self._run(lambda: self._core.rotate(ws_key))

    async def disconnect_all(self) -> None:
        """Close all connections and streams; the next call connects anew.

        A call under way ends in :class:`ConnectionLost`, one that waits for a connection in
        :class:`NotSent`.

        Raises:
            ClientClosed: The client is closed.
        """
        await self._run(self._core.disconnect_all)

    async def health(self) -> Rows[ConnectionHealth]:
        """Return how each connection in use is doing; asks the client's own thread, quickly.

        Returns:
            The state of each connection that was used since the start or since
            :meth:`disconnect_all`: of the WebSocket API, then of user data that has one of its own, then
            of market streams.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        health: Rows[ConnectionHealth] = await self._run(self._core.health, timeout=GRACE_S)
        return health

    @property
    def rate_limits(self) -> Awaitable[Tables[LimitUsage]]:
        """How far the exchange's limits are used up, by market, what is under way included; awaited.

        These are the limits of the environment the client was made for; keys of the testnet in another
        client's hands have limits of their own.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        return _Awaited(lambda: self._run(self._runtime.exchanges.limit_usage, timeout=GRACE_S))

    async def close(self) -> None:
        """Close everything; idempotent, from any loop.

        A call under way ends in :class:`ConnectionLost` or :class:`ClientClosed`, every stream ends,
        and calls made later raise :class:`ClientClosed`. It raises nothing.
        """
        # Closing waits for the core's thread: not on the caller's loop.
        loop = asyncio.get_running_loop()
        try:
            closing = loop.run_in_executor(OwnThreads(), self._finalizer)
        except RuntimeError:  # the interpreter ends, and starts no thread any more
            self._finalizer()
        else:
            await closing

    async def _rules_of(self, ws_key: WsKey, symbol: str, refresh: bool) -> SymbolRules:
        symbol, known = self._known_rules(ws_key, symbol)
        if known is not None and not refresh:
            return known
        return await self._run(lambda: self._core.rules.fetched(ws_key, symbol, refresh=refresh))

    def _account_of(self, ws_key: WsKey) -> OpeningAccount:
        with unforked:
            from binance_wsapi.facade.opening import OpeningAccount

        name = f"Async{endpoint(ws_key).market.value.capitalize()}Namespace.account_state"
        return OpeningAccount(self._open_account(ws_key), name)

    async def _open_account(self, ws_key: WsKey) -> AsyncAccountState:
        with unforked:
            from binance_wsapi.account_state import AsyncAccountState

        keeper = await self._run(lambda: self._core.account(ws_key), close_account)
        return AsyncAccountState(keeper, self._runtime, ws_key, in_floats=self._in_floats)

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class _Awaited:
    """A property that is awaited: nothing is asked until it is, whoever looks at it."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._ask = ask

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._ask().__await__()
