"""What every namespace is made of: a connection, and the client's way to call an operation.

A subclass writes its methods down as signatures alone; what runs is made here, from the operation of
the same name. It takes what was given and nothing else: of the twenty parameters that an order may
have, a call gives six.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from types import CoroutineType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.core.call_kind import CallKind, kinds
from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.loading import load, uncut
from binance_wsapi.markets import Market
from binance_wsapi.protocol.made_writers import Writer
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.account_state import AccountState
    from binance_wsapi.facade.opening import OpeningAccount
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["AsyncNamespace", "Namespace"]

_COROUTINE: type[Any] = CoroutineType
"""Typed so that what proves to be one is not of a half-known type, which strict checkers refuse."""


def _make_methods(namespace: type[Namespace | AsyncNamespace]) -> None:
    for operation in operations(namespace.market):
        if not operation.on_client:
            signature = vars(namespace)[operation.name]
            setattr(namespace, operation.name, _method(operation, signature))


def _method(operation: Operation, signature: Callable[..., Any]) -> Callable[..., Any]:
    first = operation.first
    if not inspect.iscoroutinefunction(signature):

        @wraps(signature)
        def method(self: Any, /, *nameless: object, **given: object) -> Any:
            if nameless:
                given = _named(operation, first, nameless, given)
            kind = kinds[operation]
            return self._send(kind, kind.writers[tuple(given)], given)

    else:
        name = signature.__qualname__

        @wraps(signature)
        def method(self: Any, /, *nameless: object, **given: object) -> Any:
            if nameless:
                try:
                    given = _named(operation, first, nameless, given)
                except ParameterError as error:
                    return _raising(error)
            kind = kinds[operation]
            coroutine = self._send(kind, kind.writers[tuple(given)], given)
            if type(coroutine) is _COROUTINE:
                coroutine.__qualname__ = name  # Python warns by it where the await is forgotten
            return coroutine

        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(method)
        else:
            method._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]
    return method


def _named(
    operation: Operation, first: str | None, nameless: tuple[object, ...], given: dict[str, object]
) -> dict[str, object]:
    """Return the parameters of a call that gives the first of them without its name."""
    call = operation.name
    if isinstance(nameless[0], Mapping):
        raise ParameterError(
            f"{call} takes its parameters by name: write {call}(**params)", parameter="params"
        )
    if first is None or len(nameless) > 1:
        others = [each.name for each in operation.params if each.name != first and not each.auth]
        only = (
            f"takes {first} alone without its name" if first else "takes nothing without its name"
        )
        hint = f": write {others[0]}=" if others else ""
        raise ParameterError(f"{call} {only}{hint}", parameter=others[0] if others else call)
    if first in given:
        raise ParameterError(f"{call} is given {first} twice: leave one out", parameter=first)
    return {first: nameless[0], **given}  # pyright: ignore[reportGeneralTypeIssues]


async def _raising(error: ParameterError) -> NoReturn:
    raise error


class _Refusing:
    """Says of an operation that is not there what it is called, if that is known, and never guesses."""

    __slots__ = ()

    market: ClassVar[Market]

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # Names that begin so are asked for by Python and notebooks.
            meant = None if name.startswith("_") else self._meant(name)
            hint = f"write {meant}" if meant else "dir() lists what there is"
            # With nothing to look at, Python offers nothing: for create_order it would test_order,
            # which places no order.
            raise AttributeError(
                f"{type(self).__name__} has no operation {name!r}: {hint}", name=name
            )

    def _meant(self, name: str) -> str | None:
        meant: str | None = load("binance_wsapi.catalogue.aliases").operation_meant(
            self.market, name
        )
        return meant


class Namespace(_Refusing):
    """The operations of one market on one connection, blocking.

    Safe to use from any thread.
    """

    __slots__ = ("_account", "_rules", "_send", "ws_key")

    market: ClassVar[Market]

    ws_key: WsKey
    """The connection that requests go over."""

    def __init_subclass__(cls) -> None:
        if Namespace in cls.__bases__:  # not what a caller derives from one
            _make_methods(cls)

    def __init__(
        self,
        send: Callable[[WsKey, CallKind, Writer, dict[str, object]], Response[Any]],
        ws_key: WsKey,
        rules: Callable[[WsKey, str, bool], SymbolRules],
        account: Callable[[WsKey], AccountState],
    ) -> None:
        self._send = partial(send, ws_key)
        self._rules = rules
        self._account = account
        self.ws_key = ws_key

    @property
    def history(self) -> Any:
        """Candles, trades and orders of any length of time, row by row."""
        with uncut:
            from binance_wsapi.history.histories import History

        return History(self._send, self.market)  # pyright: ignore[reportUnknownVariableType]

    def using(self, ws_key: WsKey) -> Self:
        """Return the same operations on another connection of this market.

        Args:
            ws_key: The connection, such as ``WsKey.MAIN_WSAPI2``.

        Raises:
            ConfigurationError: The connection does not serve this market's WebSocket API.
        """
        return type(self)(
            self._send.func, _checked(ws_key, self.market), self._rules, self._account
        )

    def rules(self, symbol: str, *, refresh: bool = False) -> SymbolRules:
        """Return the trading rules of a symbol: ticks, steps, bounds, counts, and how an order fits them.

        They are fetched once and kept: on Spot a symbol at a time (``exchangeInfo``, weight 20), and all
        together when many are asked for; on futures all together, over REST (weight 1). They are fetched
        anew when asked for, and when the exchange has refused an order that fits them.

        Args:
            symbol: Trading symbol.
            refresh: Fetch them anew.

        Raises:
            ParameterError: There is no such symbol.
            ConfigurationError: The connection is of another environment than the client (futures).
            NotSent: They could not be asked for; repeating it is safe.
            RequestRejected: The exchange refused the question.
            RequestTimeout: There was no answer in time; repeating it is safe.
            ClientClosed: The client is closed.
        """
        return self._rules(self.ws_key, symbol, refresh)

    def account_state(self) -> AccountState:
        """Return the account as it stands, kept up to date here: open orders, balances, positions.

        It is kept by the account's events, which are subscribed for it, and filled in the background: see
        :meth:`AccountState.wait_ready`. Each call returns one of its own; close it when it is no longer wanted.
        At the start and after each gap the open orders and the account are asked for: on Spot over the
        WebSocket API (weight 100 in all), on futures the open orders over REST (weight 40). So are fills
        that no event told, an order at a time (Spot weight 5, USD-M 5, COIN-M 20). Algo orders of USD-M
        are not among the orders: they are no orders of the book until they are triggered.

        Raises:
            ConfigurationError: The connection has no user data, or the client's key does not do for it.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
            ClientClosed: The client is closed.
        """
        return self._account(self.ws_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ws_key={self.ws_key!s})"


class AsyncNamespace(_Refusing):
    """The operations of one market on one connection, to be awaited.

    Safe to use from any thread and any event loop.
    """

    __slots__ = ("_account", "_rules", "_send", "ws_key")

    market: ClassVar[Market]

    ws_key: WsKey
    """The connection that requests go over."""

    def __init_subclass__(cls) -> None:
        if AsyncNamespace in cls.__bases__:  # not what a caller derives from one
            _make_methods(cls)

    def __init__(
        self,
        send: Callable[[WsKey, CallKind, Writer, dict[str, object]], Awaitable[Response[Any]]],
        ws_key: WsKey,
        rules: Callable[[WsKey, str, bool], Awaitable[SymbolRules]],
        account: Callable[[WsKey], OpeningAccount],
    ) -> None:
        self._send = partial(send, ws_key)
        self._rules = rules
        self._account = account
        self.ws_key = ws_key

    @property
    def history(self) -> Any:
        """Candles, trades and orders of any length of time, row by row."""
        with uncut:
            from binance_wsapi.history.histories import AsyncHistory

        return AsyncHistory(self._send, self.market)  # pyright: ignore[reportUnknownVariableType]

    def using(self, ws_key: WsKey) -> Self:
        """Return the same operations on another connection of this market.

        Args:
            ws_key: The connection, such as ``WsKey.MAIN_WSAPI2``.

        Raises:
            ConfigurationError: The connection does not serve this market's WebSocket API.
        """
        return type(self)(
            self._send.func, _checked(ws_key, self.market), self._rules, self._account
        )

    async def rules(self, symbol: str, *, refresh: bool = False) -> SymbolRules:
        """Return the trading rules of a symbol: ticks, steps, bounds, counts, and how an order fits them.

        They are fetched once and kept: on Spot a symbol at a time (``exchangeInfo``, weight 20), and all
        together when many are asked for; on futures all together, over REST (weight 1). They are fetched
        anew when asked for, and when the exchange has refused an order that fits them.

        Args:
            symbol: Trading symbol.
            refresh: Fetch them anew.

        Raises:
            ParameterError: There is no such symbol.
            ConfigurationError: The connection is of another environment than the client (futures).
            NotSent: They could not be asked for; repeating it is safe.
            RequestRejected: The exchange refused the question.
            RequestTimeout: There was no answer in time; repeating it is safe.
            ClientClosed: The client is closed.
        """
        return await self._rules(self.ws_key, symbol, refresh)

    def account_state(self) -> OpeningAccount:
        """Return the account as it stands, kept up to date here: open orders, balances, positions.

        It is kept by the account's events, which are subscribed for it, and filled in the background: see
        :meth:`AsyncAccountState.wait_ready`. Each call returns one of its own; close it when it is no longer wanted.
        At the start and after each gap the open orders and the account are asked for: on Spot over the
        WebSocket API (weight 100 in all), on futures the open orders over REST (weight 40). So are fills
        that no event told, an order at a time (Spot weight 5, USD-M 5, COIN-M 20). Algo orders of USD-M
        are not among the orders: they are no orders of the book until they are triggered.

        Await it for the state, or enter it by ``async with``.

        Raises:
            ConfigurationError: The connection has no user data, or the client's key does not do for it.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
            ClientClosed: The client is closed.
        """
        return self._account(self.ws_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ws_key={self.ws_key!s})"


def _checked(ws_key: WsKey, market: Market) -> WsKey:
    ws_key = WsKey(ws_key)
    if _serves(ws_key, market):
        return ws_key
    allowed = ", ".join(f"WsKey.{each.name}" for each in WsKey if _serves(each, market))
    raise ConfigurationError(
        f"{ws_key!s} does not serve the WebSocket API of {market.value}: use one of {allowed}"
    )


def _serves(ws_key: WsKey, market: Market) -> bool:
    known = endpoint(ws_key)
    return known.kind is EndpointKind.WS_API and known.market is market
