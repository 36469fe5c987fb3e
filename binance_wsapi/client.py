"""The blocking client: scripts, notebooks, bots with threads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from binance_wsapi._client_base import (
    GRACE_S,
    ClientBase,
    HttpMethod,
    MarketName,
    T,
    close_account,
    close_new,
    tell_unsent,
)
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.call_errors import before_sending
from binance_wsapi.core.call_kind import CallKind, kinds
from binance_wsapi.core.handed_over import described, handed_over
from binance_wsapi.core.waiter import Waiter
from binance_wsapi.endpoints import WsKey, check_takes_requests, default_ws_key, endpoint
from binance_wsapi.errors import BinanceWsApiError, ConfigurationError, OutcomeUnknown
from binance_wsapi.events import EventStream
from binance_wsapi.forks import made_once, unforked
from binance_wsapi.health import ConnectionHealth
from binance_wsapi.markets import Market
from binance_wsapi.models.base import Timestamp
from binance_wsapi.models.rows import Rows, Tables
from binance_wsapi.protocol.made_writers import Writer
from binance_wsapi.protocol.params import name_text, wire_params_by_name
from binance_wsapi.protocol.told_limits import LimitUsage
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.account_state import AccountState
    from binance_wsapi.facade.coinm import CoinmNamespace
    from binance_wsapi.facade.market_streams import Streams
    from binance_wsapi.facade.spot import SpotNamespace
    from binance_wsapi.facade.usdm import UsdmNamespace
    from binance_wsapi.rules.symbol_rules import SymbolRules
    from binance_wsapi.user_data import (
        CoinmUserData,
        MarginUserData,
        SpotUserData,
        UsdmUserData,
    )

__all__ = ["Client"]


class Client(ClientBase):
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

        return Streams(lambda: self._core.market_streams, self._run)

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

    def request(
        self, ws_key: WsKey, method: str, params: Mapping[str, object] | None = None
    ) -> Response[Any]:
        """Call any operation by its wire name.

        Args:
            ws_key: The connection to use.
            method: The wire operation, such as ``order.place``.
            params: Parameters under their wire names. Those this library does not know are passed
                on, since the exchange may know more.

        Returns:
            The answer, its result typed as that of the operation's own method.

        Raises:
            ParameterError: A parameter cannot be written, or breaks a rule of the operation.
            BinanceWsApiError: As for the operation's own method.
        """
        check_takes_requests(ws_key)
        operation = operation_by_method(endpoint(ws_key).market, name_text(method, "method"))
        kind = CallKind(method, None) if operation is None else kinds[operation]
        given: Mapping[str, object] = {} if params is None else params
        write = partial(wire_params_by_name, operation)
        if self._runtime.options.order_rules == "off":
            return self._send(ws_key, kind, write, given)
        return self._send_by_rules(ws_key, kind, write, given, by_wire_name=True)

    def rest(
        self,
        market: Market | MarketName,
        http_method: HttpMethod,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        signed: bool = False,
    ) -> Response[Any]:
        """Ask over REST for what has no method on the WebSocket API.

        Key, signature, clock, proxy and timeout are those of every call, and so are the limits: what the
        answer's headers tell of weight and orders counts for the connections as well, and a limit or a ban
        keeps both back. Redirects are not followed. All but ``GET`` is taken to change something, and is
        written once at most.

        Orders belong to the methods of the namespaces, which find out what became of one whose answer is
        lost. One placed here gets a client order id if it has none, and looking it up is up to you:
        ``resolve("order.place", …)``.

        Args:
            market: ``"spot"``, ``"usdm"`` or ``"coinm"``.
            http_method: ``"GET"``, ``"POST"``, ``"PUT"`` or ``"DELETE"``.
            path: The path, such as ``/fapi/v1/leverage``.
            params: Parameters under their wire names, without key, time and signature.
            signed: Stamp and sign it, as everything of an account wants it.

        Returns:
            The answer; its ``result`` is plain JSON.

        Raises:
            ParameterError: Something cannot be written, or the path is none of that market's.
            ConfigurationError: It needs a key that the client has not, or there is no such market or host.
            NotSent: Nothing left this machine.
            OutcomeUnknown: It was sent, and there is no answer: it may have been executed.
            RequestRejected: The exchange refused it.
            UnreadableResult: A ``GET`` was answered with something that is no answer of the exchange's.
            ClientClosed: The client is closed.
        """
        kind, written = self._rest_request(market, http_method, path, params, signed=signed)
        return self._send(default_ws_key(kind.market), kind, lambda _: written, {})

    @overload
    def resolve(
        self, request: OutcomeUnknown, *, timeout: float | None = None
    ) -> Response[Any]: ...
    @overload
    def resolve(
        self,
        request: str,
        params: Mapping[str, object],
        *,
        sent_at: Timestamp,
        recv_window: float | None = None,
        ws_key: WsKey = WsKey.MAIN_WSAPI,
        timeout: float | None = None,
    ) -> Response[Any]: ...
    def resolve(
        self,
        request: OutcomeUnknown | str,
        params: Mapping[str, object] | None = None,
        *,
        sent_at: Timestamp | None = None,
        recv_window: float | None = None,
        ws_key: WsKey = WsKey.MAIN_WSAPI,
        timeout: float | None = None,
    ) -> Response[Any]:
        """Find out what became of a request that another client made, or this one, and block until it is known.

        That other client may have died: it asks for the order, and waits until the request can no longer
        be accepted. As nobody knows here how long ago it was sent, that is ``recvWindow`` + 14 seconds from
        now if the order is not found: 19 seconds by default, 74 with ``recv_window=60000``.

        Args:
            request: An :class:`OutcomeUnknown`, unpickled perhaps, which has all the rest in it; or the
                wire operation, such as ``order.place``.
            params: The parameters of the request under their wire names, with the client order id
                (``newClientOrderId``) it was sent with.
            sent_at: When the call was made: epoch milliseconds or microseconds, a ``datetime`` that
                knows its time zone, or ISO text. What was made before it is not taken for this request's.
            recv_window: Its ``recvWindow`` in milliseconds; by default this client's option.
            ws_key: The connection it was made on.
            timeout: Seconds this may take; ``None`` for as long as said above, and half a minute more if
                the questions themselves have to wait.

        Returns:
            The :class:`Response` that was lost, as far as it is known; its ``resolved`` is true.

        Raises:
            NotPlaced: It was not executed, and no longer can be.
            OutcomeUnknown: It is still not known.
            ParameterError: The operation changes nothing, the parameters do not tell the order, or a value
                cannot be right.
            ClientClosed: The client is closed.
        """
        unknown = (
            handed_over(self._core.look_ups, request)
            if isinstance(request, OutcomeUnknown)
            else described(
                self._core.look_ups,
                request,
                params,
                sent_at,
                self._recv_window if recv_window is None else recv_window,
                ws_key,
            )
        )
        return unknown.resolve(timeout)

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

    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[
            WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI_TESTNET
        ] = WsKey.MAIN_WSAPI,
        *,
        isolated_symbol: None = None,
    ) -> EventStream[SpotUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.USDM_WSAPI, WsKey.USDM_WSAPI_TESTNET],
        *,
        isolated_symbol: None = None,
    ) -> EventStream[UsdmUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.COINM_WSAPI, WsKey.COINM_WSAPI_TESTNET],
        *,
        isolated_symbol: None = None,
    ) -> EventStream[CoinmUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self,
        ws_key: Literal[WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA],
        *,
        isolated_symbol: str | None = None,
    ) -> EventStream[MarginUserData]: ...
    @overload
    def subscribe_user_data_stream(
        self, ws_key: WsKey, *, isolated_symbol: str | None = None
    ) -> EventStream[Any]: ...
    def subscribe_user_data_stream(
        self, ws_key: WsKey = WsKey.MAIN_WSAPI, *, isolated_symbol: str | None = None
    ) -> EventStream[Any]:
        """Return the events of the account: orders, fills, balances.

        The stream goes on through reconnects; a :class:`StreamGap` in it tells where events may be
        missing. Asked for again, the same stream is returned.

        On Spot the orders that are open already are asked for once (``openOrders.status``, weight 80),
        so that what a later gap swallows of them is found as well.

        On futures the account has one listen key, shared by all its clients: whoever stops it ends
        the events of all. The stream then gets a new key and tells the gap; at once when this client
        stopped it (``stop_user_data_stream_for_key``), within a
        minute when another one did.

        The type of the events follows from the connection, as :mod:`binance_wsapi.user_data` lists it;
        with ``beautify=False`` those of the exchange are wire dicts, whatever the type says.

        Args:
            ws_key: The connection whose account it is: one of the WebSocket API, ``MARGIN_USER_DATA``,
                or ``MARGIN_RISK_USER_DATA`` for the margin level and debts of cross margin.
            isolated_symbol: With ``MARGIN_USER_DATA``: the symbol of an isolated margin account;
                ``None`` is the cross margin account.

        Raises:
            ConfigurationError: The connection has no user data, or the client's key does not do for it.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        ws_key = WsKey(ws_key)
        stream: EventStream[Any]
        stream, _ = self._run(
            lambda: self._core.user_data.subscribe(ws_key, isolated_symbol), close_new
        )
        return stream

    def unsubscribe_user_data_stream(
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
        self._run(lambda: self._core.user_data.unsubscribe(ws_key, isolated_symbol))

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
        return AccountState(keeper, self._runtime, ws_key)

    @property
    def _sender(
        self,
    ) -> Callable[[WsKey, CallKind, Writer, dict[str, object]], Response[Any]]:
        # Chosen once: where rules are off they cost a call nothing.
        return self._send if self._runtime.options.order_rules == "off" else self._send_by_rules

    def _send_by_rules(
        self,
        ws_key: WsKey,
        kind: CallKind,
        write: Writer,
        given: Mapping[str, object],
        *,
        by_wire_name: bool = False,
    ) -> Response[Any]:
        operation = kind.operation
        if operation is None or not operation.legs:
            return self._send(ws_key, kind, write, given)
        params = write(given)
        self._complete(kind, params)
        rules = self._core.rules
        ruled = rules.ruled_at_once(ws_key, operation, params, by_wire_name=by_wire_name)
        if ruled is None:
            try:
                ruled = self._run(
                    lambda: rules.ruled(ws_key, operation, params, by_wire_name=by_wire_name)
                )
            except BinanceWsApiError as error:
                raise before_sending(kind, error) from None
            except BaseException as error:
                tell_unsent(kind, params, error)
                raise
        sent, adjustments = ruled
        response = self._send(ws_key, kind, lambda _: sent, {})
        return response.adjusted(adjustments) if adjustments else response

    def _send(
        self,
        ws_key: WsKey,
        kind: CallKind,
        write: Writer,
        given: Mapping[str, object],
    ) -> Response[Any]:
        core = self._core
        params = write(given)
        if kind.needs_completion:
            self._complete(kind, params)
        if get_ident() == self._runtime.host.thread_id:
            raise ConfigurationError(
                "a blocking call on the client's own loop would never end: use a handler, which "
                "runs on a thread of its own"
            )
        waiter = Waiter()
        call = core.callers_call(ws_key, kind, params, waiter.settle)
        if self._call_options is not None:
            self._apply(self._call_options, call)
        try:
            if kind.over_rest:
                core.submit_rest(call)
            else:
                core.submit(call, encode_here=not self._runtime.authoriser.may_hang)
            outcome = waiter.wait(call.timeout + self._patience) or core.giving_up.abandon(call)
            if isinstance(outcome, BinanceWsApiError):
                raise outcome
            return outcome  # noqa: TRY300  (until the last line an interrupt may come)
        except BinanceWsApiError:
            raise
        except BaseException as error:  # an interrupt, or what a signal handler raised
            core.giving_up.give_up(call, error)
            raise

    def _run(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        undo: Callable[[T], object] | None = None,
    ) -> T:
        return self._wait(work, self._longest_wait, undo)

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
