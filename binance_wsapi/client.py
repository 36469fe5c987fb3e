"""The blocking client: scripts, notebooks, bots with threads."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, overload

from binance_wsapi._blocking_user_data import BlockingUserData
from binance_wsapi._client_base import (
    GRACE_S,
    close_account,
    kept_journal,
)
from binance_wsapi.endpoints import WsKey, check_takes_requests
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.forks import made_once, unforked
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.models.rows import Rows, Tables
from binance_wsapi.protocol.told_limits import LimitUsage

if TYPE_CHECKING:
    from binance_wsapi.account_state import AccountState
    from binance_wsapi.facade.coinm import CoinmNamespace
    from binance_wsapi.facade.market_streams import Streams
    from binance_wsapi.facade.spot import SpotNamespace
    from binance_wsapi.facade.usdm import UsdmNamespace
    from binance_wsapi.journal import OrderJournal
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["Client"]


class Client(BlockingUserData):
    """A client whose calls block until the exchange has answered.

    One client serves any number of threads, and works inside a running event loop (notebooks). Use
    it as a context manager, or call :meth:`close`. A call that is interrupted (Ctrl-C, a signal handler
    that raises) is withdrawn: if nothing was written, nothing ever is. If it was sent, its outcome is told
    by :meth:`outcomes`, and the exception says which (:func:`given_up`)::

        with Client(api_key=KEY, api_secret=SECRET) as client:
            book = client.spot.get_order_book(symbol="BTCUSDT", limit=10)
            print(book.result.bids[0].price)
    """

    @made_once
    def spot(self) -> SpotNamespace:
        """The operations of the Spot exchange."""
        from binance_wsapi.facade.spot import SpotNamespace

        return SpotNamespace(self._sender, WsKey.MAIN_WSAPI, self._rules_of, self._account_of)

    @made_once
    def usdm(self) -> UsdmNamespace:
        """The operations of the USD-M futures exchange."""
        from binance_wsapi.facade.usdm import UsdmNamespace

        return UsdmNamespace(self._sender, WsKey.USDM_WSAPI, self._rules_of, self._account_of)

    @made_once
    def coinm(self) -> CoinmNamespace:
        """The operations of the COIN-M futures exchange."""
        from binance_wsapi.facade.coinm import CoinmNamespace

        return CoinmNamespace(self._sender, WsKey.COINM_WSAPI, self._rules_of, self._account_of)

    @made_once
    def streams(self) -> Streams:
        """The market streams of all markets, and order books kept from them."""
        from binance_wsapi.facade.market_streams import Streams

        return Streams(lambda: self._core.market_streams, self._run, in_floats=self._in_floats)

    @made_once
    def journal(self) -> OrderJournal:
        """The requests that changed orders, as the file of the option ``journal`` has them."""
        from binance_wsapi.journal import OrderJournal

        return OrderJournal(kept_journal(self._core))

    @overload
    def futures(self, market: Literal["usdm"]) -> UsdmNamespace: ...
    @overload
    def futures(self, market: Literal["coinm"]) -> CoinmNamespace: ...
    @overload
    def futures(self, market: str) -> UsdmNamespace | CoinmNamespace: ...
    def futures(self, market: str) -> UsdmNamespace | CoinmNamespace:
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

    def connect(self, ws_key: WsKey = WsKey.MAIN_WSAPI) -> None:
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
        self._run(lambda: self._core.connect(ws_key))

    def rotate(self, ws_key: WsKey = WsKey.MAIN_WSAPI) -> None:
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
        self._run(lambda: self._core.rotate(ws_key))

    def disconnect_all(self) -> None:
        """Close all connections and streams; the next call connects anew.

        A call under way ends in :class:`ConnectionLost`, one that waits for a connection in
        :class:`NotSent`.

        Raises:
            ClientClosed: The client is closed.
        """
        self._run(self._core.disconnect_all)

    def health(self) -> Rows[ConnectionHealth]:
        """Return how each connection in use is doing; asks the client's own thread, quickly.

        Returns:
            The state of each connection that was used since the start or since
            :meth:`disconnect_all`: of the WebSocket API, then of user data that has one of its own, then
            of market streams.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        health: Rows[ConnectionHealth] = self._wait(self._core.health, GRACE_S)
        return health

    @property
    def rate_limits(self) -> Tables[LimitUsage]:
        """How far the exchange's limits are used up, by market, what is under way included.

        These are the limits of the environment the client was made for; keys of the testnet in another
        client's hands have limits of their own.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        usage: Tables[LimitUsage] = self._wait(self._runtime.exchanges.limit_usage, GRACE_S)
        return usage

    def close(self) -> None:
        """Close everything; idempotent, from any thread.

        A call under way ends in :class:`ConnectionLost` or :class:`ClientClosed`, every stream ends,
        and calls made later raise :class:`ClientClosed`. It raises nothing.
        """
        self._finalizer()

    def _rules_of(self, ws_key: WsKey, symbol: str, refresh: bool) -> SymbolRules:
        symbol, known = self._known_rules(ws_key, symbol)
        if known is not None and not refresh:
            return known
        return self._run(lambda: self._core.rules.fetched(ws_key, symbol, refresh=refresh))

    def _account_of(self, ws_key: WsKey) -> AccountState:
        with unforked:
            from binance_wsapi.account_state import AccountState

        keeper = self._run(lambda: self._core.account(ws_key), close_account)
        return AccountState(keeper, self._runtime, ws_key, in_floats=self._in_floats)

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
