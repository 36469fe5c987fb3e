"""Questions of the core's own that REST alone answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.rest_door import RestDoor, RestKind
from binance_wsapi.endpoints import WsKey, default_ws_key, endpoint, environment_of
from binance_wsapi.errors import BinanceWsApiError, ConfigurationError

if TYPE_CHECKING:
    import msgspec

    from binance_wsapi.core.runtime import Runtime

__all__ = ["rest_answer"]


async def rest_answer(
    runtime: Runtime,
    rest: RestDoor,
    ws_key: WsKey,
    path: str,
    params: Mapping[str, Any] | None = None,
    *,
    signed: bool = False,
) -> msgspec.Raw:
    """Return what the REST API of a connection's market answers to a ``GET``.

    Raises:
        ConfigurationError: The connection is of another environment than the client, or the REST host is
            not known, or a key is needed.
        BinanceWsApiError: There is no answer, or the exchange refused it.
    """
    market, environment = endpoint(ws_key).market, runtime.options.environment
    if environment_of(ws_key, environment) is not environment:
        raise ConfigurationError(
            f"{ws_key!s} is of another environment than this client, and {path} is asked for on the "
            "REST host of the client's own: make a client with testnet=True"
        )
    kind = RestKind(market, "GET", path, signed=signed)
    kind.check(runtime.options, has_key=runtime.authoriser.is_complete)
    answered: asyncio.Future[Outcome] = runtime.loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not answered.done():  # the client is being closed
            answered.set_result(outcome)

    call = Call(
        kind, params or {}, settle, runtime.request_id(), runtime.call_timeout, runtime.now()
    )
    call.ws_key = default_ws_key(market)
    call.is_own = True
    rest.submit(call)
    outcome = await answered
    if isinstance(outcome, BinanceWsApiError):
        raise outcome
    return outcome.raw_result
