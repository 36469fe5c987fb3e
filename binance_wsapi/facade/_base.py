"""What every namespace is made of: a connection, and the client's way to call an operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Self

from binance_wsapi.catalogue._types import Market, Operation
from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.response import Response

__all__ = ["AsyncNamespace", "Namespace"]


class Namespace:
    """The operations of one market on one connection, blocking.

    Safe to use from any thread.
    """

    __slots__ = ("_call", "_send", "ws_key")

    market: ClassVar[Market]

    ws_key: WsKey
    """The connection that requests go over."""

    def __init__(
        self,
        call: Callable[[WsKey, Operation, dict[str, object]], Response[Any]],
        ws_key: WsKey,
    ) -> None:
        self._send = call
        self._call = partial(call, ws_key)
        self.ws_key = ws_key

    def using(self, ws_key: WsKey) -> Self:
        """Return the same operations on another connection of this market.

        Args:
            ws_key: The connection, such as ``WsKey.MAIN_WSAPI2``.

        Raises:
            ConfigurationError: The connection does not serve this market's WebSocket API.
        """
        return type(self)(self._send, _checked(ws_key, self.market))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ws_key={self.ws_key!s})"


class AsyncNamespace:
    """The operations of one market on one connection, to be awaited.

    Safe to use from any thread and any event loop.
    """

    __slots__ = ("_call", "_send", "ws_key")

    market: ClassVar[Market]

    ws_key: WsKey
    """The connection that requests go over."""

    def __init__(
        self,
        call: Callable[[WsKey, Operation, dict[str, object]], Awaitable[Response[Any]]],
        ws_key: WsKey,
    ) -> None:
        self._send = call
        self._call = partial(call, ws_key)
        self.ws_key = ws_key

    def using(self, ws_key: WsKey) -> Self:
        """Return the same operations on another connection of this market.

        Args:
            ws_key: The connection, such as ``WsKey.MAIN_WSAPI2``.

        Raises:
            ConfigurationError: The connection does not serve this market's WebSocket API.
        """
        return type(self)(self._send, _checked(ws_key, self.market))

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
