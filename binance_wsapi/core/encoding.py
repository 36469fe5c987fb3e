"""A request as it is sent: stamped, signed and written down."""

from __future__ import annotations

from binance_wsapi.core.api_link import Authority
from binance_wsapi.core.call import Call
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.errors import NotSent
from binance_wsapi.protocol.envelope import encode_request

__all__ = ["encode"]


def encode(runtime: Runtime, call: Call, authority: Authority, now: float) -> None:
    """Stamp, sign and write down a request as it is sent under ``authority``.

    Raises:
        NotSent: It could not be signed, or not be written down.
    """
    kind = call.kind
    sent_us = authority.clock.timestamp_us(runtime.wall_us, now)
    params = call.params
    if kind.signed or kind.keyed:
        try:
            params = call.sent_params = runtime.authoriser.authorise(
                params,
                signed=kind.signed,
                logged_on=authority.logged_on and not kind.logs,
                timestamp_ms=sent_us // 1000,
            )
        except Exception as error:
            # The caller's signer may raise anything.
            raise NotSent(
                f"{kind.method} was not sent: it could not be signed: "
                f"{type(error).__name__}: {error}",
                operation=kind.method,
                reason="not signed",
            ) from error
    try:
        call.frame = encode_request(call.id, kind.method, params)
    except Exception as error:
        # The exchange never sees it; whoever else waits on this connection must not suffer.
        raise NotSent(
            f"{kind.method} was not sent: it cannot be written as JSON: "
            f"{type(error).__name__}: {error}",
            operation=kind.method,
            reason="not encoded",
        ) from error
    call.encoded_for = authority
    call.encoded_at = now
    call.sent_us = sent_us
