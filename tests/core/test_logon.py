"""What comes first on a connection: the clock, and the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from callers import WAIT_S, Caller, noted
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scripted_server import Peer, ScriptedServer

from binance_wsapi import WsKey

Dial = Callable[..., Caller]
PEM = (
    Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


def test_logon_that_a_limit_refused_is_tried_again_and_no_refused_key(
    dial: Dial, scripted: ScriptedServer
) -> None:
    async def limited_once(peer: Peer, request: dict[str, Any]) -> None:
        if peer.number == 1:
            until_ms = int(time.time() * 1000) + 300
            error = {
                "code": -1003,
                "msg": "Too many requests.",
                "data": {"retryAfter": until_ms},
            }
            await peer.send({"id": request["id"], "status": 400, "error": error})
        else:
            await peer.answer(request, {"apiKey": "key"})

    scripted.replies["session.logon"] = limited_once
    caller = dial(api_key="key", api_secret=PEM, timeout=WAIT_S, on_rate_limit="wait")
    told = noted(caller, "exception", "authenticated")

    assert caller.call(lambda client: client.spot.get_open_orders()).status == 200

    assert [event.kind for event in told.wait()] == ["authenticated"]
    assert scripted.seen("openOrders.status")[0]["peer"] == 2


def test_limits_are_told_of_the_clock_that_was_measured(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Their windows turn by the exchange's clock."""

    async def ahead(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, {"serverTime": int(time.time() * 1000) + 100_000})

    scripted.replies["time"] = ahead
    caller = dial(api_key="key", api_secret="s" * 64)
    governor = caller.client._runtime.exchanges.governor_of(WsKey.MAIN_WSAPI)
    thought_us = governor._weights.lead_us

    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI))

    for ledger in (governor._weights, governor._counts):
        assert abs(ledger.lead_us - thought_us - 100_000_000) < 30_000_000
