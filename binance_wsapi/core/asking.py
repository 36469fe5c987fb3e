"""Sessions of the WebSocket API as those see them who ask questions over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.call import Outcome
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.verdict import Moment
from binance_wsapi.response import Response

__all__ = ["Asker", "Askers"]


class Asker(Protocol):
    """One session: what it is of, and how it is asked."""

    runtime: Runtime
    ws_key: WsKey
    market: Market
    own_orders: OwnOrders
    links: dict[int, ApiLink]

    def exchange_us(self) -> int:
        """Return the exchange's time, epoch microseconds."""
        raise NotImplementedError

    def moment(self) -> Moment:
        """Return this moment, by this machine's clock and by the exchange's."""
        raise NotImplementedError

    async def ask(
        self,
        link: ApiLink | None,
        method: str,
        params: Mapping[str, Any],
        *,
        on_outcome: Callable[[Outcome], None] | None = None,
        timeout: float | None = None,
        urgent: bool = True,
    ) -> Response[Any]:
        """Send a request of the core's own, on this link or on the serving one; raise its error."""
        raise NotImplementedError


class Askers(Protocol):
    """The sessions of a client."""

    @property
    def open(self) -> Mapping[WsKey, Asker]:
        """Those in use."""

    def of(self, ws_key: WsKey) -> Asker:
        """Return the session of a connection, made on first use."""
        raise NotImplementedError
