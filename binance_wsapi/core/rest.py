"""The few REST calls behind user data: keys and tokens that no WebSocket API hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from binance_wsapi.catalogue.rest_call import RestCall
from binance_wsapi.core.call_errors import held_back
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import ConfigurationError, NotSent
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.secrets import masked

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["rest_call", "signature_of"]

_decode_error = msgspec.json.Decoder(ErrorBody).decode


async def rest_call(
    runtime: Runtime, ws_key: WsKey, call: RestCall, params: Mapping[str, str]
) -> bytes:
    """Return the body of the answer to a call that changes nothing which may not be repeated.

    Args:
        runtime: What the core stands on.
        ws_key: The connection it is made for; it goes to the REST API of its market.
        call: The call.
        params: Its parameters.

    Raises:
        ConfigurationError: The client has no key, or no secret.
        NotSent: There was no answer, or a limit or a ban keeps it back; repeating it is safe.
        BinanceWsApiError: The exchange refused it.
    """
    name = f"{call.http_method} {call.path}"
    authoriser = runtime.authoriser
    if authoriser.api_key is None or (call.signed and authoriser.signer is None):
        raise ConfigurationError(f"{name} needs api_key and api_secret: pass them to the client")
    query = urlencode(params)
    if call.signed and authoriser.signer is not None:
        timestamp = runtime.exchanges.now_us(ws_key) // 1000
        query = urlencode({**params, "timestamp": timestamp})
        signature = await signature_of(runtime, name, query)
        query += f"&{urlencode({'signature': signature})}"
    silence = runtime.exchanges.governor_of(ws_key).silence
    if (wait := silence.delay(runtime.now())) > 0:
        raise held_back(name, silence.reason(runtime.now()), wait)
    url = f"{runtime.options.rest_host(ws_key)}{call.path}" + (f"?{query}" if query else "")
    try:
        status, body, retry_after, _ = await runtime.transport.request(
            call.http_method, url, {"X-MBX-APIKEY": authoriser.api_key}
        )
    except OSError as error:
        raise NotSent(
            f"{name}: {masked(str(error))}; repeating it is safe",
            operation=name,
            reason="not connected",
        ) from None
    if status == 200:
        return body
    try:
        refusal = _decode_error(body)
    except msgspec.MsgspecError:
        refusal = None
    rejected = rejection(
        endpoint(ws_key).market,
        name,
        status,
        refusal,
        wall_us=runtime.exchanges.now_us(ws_key),
        retry_after=retry_after,
    )
    runtime.dialling.refused(ws_key, rejected)
    raise rejected


async def signature_of(runtime: Runtime, name: str, query: str) -> str:
    """Return the signature of a query.

    Raises:
        NotSent: It could not be signed.
    """
    signer = runtime.authoriser.signer
    assert signer is not None
    # Always elsewhere: RSA keys and remote signers would stall the loop.
    signing = runtime.loop.run_in_executor(None, signer.sign, query.encode())
    try:
        async with asyncio.timeout(runtime.options.timeout):
            return await signing
    except asyncio.CancelledError:
        raise  # the caller has gone, or the client is being closed
    except BaseException as error:  # noqa: BLE001
        # The caller's signer may raise anything, and may never return.
        raise NotSent(
            f"{name} was not sent: it could not be signed: {type(error).__name__}: {error}",
            operation=name,
            reason="not signed",
        ) from None
