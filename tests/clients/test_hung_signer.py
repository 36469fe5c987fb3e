"""A signer of the caller's own that hangs or raises: it holds up its own calls alone, and not for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from callers import WAIT_S, Caller
from scripted_server import ScriptedServer

from binance_wsapi import NotSent
from binance_wsapi.protocol.signing import KeyType

Dial = Callable[..., Caller]
ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 1}


class Remote:
    """A signer behind a network that may be down."""

    key_type = KeyType.HMAC

    def __init__(self) -> None:
        self.hangs = 0
        self.is_asked = threading.Event()
        self.back = threading.Event()

    def sign(self, payload: bytes) -> str:
        if self.hangs:
            self.hangs -= 1
            self.is_asked.set()
            self.back.wait(3 * WAIT_S)
        return "signature"


@pytest.fixture
def signer() -> Iterator[Remote]:
    remote = Remote()
    yield remote
    remote.back.set()


def test_call_whose_signer_hangs_ends_within_its_timeout(
    dial: Dial, scripted: ScriptedServer, signer: Remote
) -> None:
    caller = dial(api_key="key", signer=signer, timeout=0.3)
    caller.call(lambda client: client.connect())
    signer.hangs = 1

    with pytest.raises(NotSent) as caught:
        caller.call(lambda client: client.spot.submit_new_order(**ORDER))

    assert caught.value.reason == "deadline"
    signer.back.set()
    caller.call(lambda client: client.spot.test_connectivity())
    assert not scripted.seen("order.place"), "nobody waits for it any more"


def test_signature_that_hangs_holds_up_nobody_else(
    dial: Dial, scripted: ScriptedServer, signer: Remote
) -> None:
    caller = dial(api_key="key", signer=signer, timeout=500)
    caller.call(lambda client: client.connect())
    signer.hangs = 5
    stuck = [caller.begin(lambda client: client.spot.submit_new_order(**ORDER)) for _ in range(5)]
    assert signer.is_asked.wait(WAIT_S)
    caller.call(lambda client: client.spot.test_connectivity())
    while signer.hangs:
        caller.call(lambda client: client.spot.test_connectivity())

    caller.call(lambda client: client.spot.submit_new_order(**ORDER))

    assert not any(each.done() for each in stuck)
    assert len(scripted.seen("order.place")) == 1
    signer.back.set()
    for each in stuck:
        each.result(WAIT_S)


def test_client_is_closed_while_its_signer_hangs(
    dial: Dial, scripted: ScriptedServer, signer: Remote
) -> None:
    caller = dial(api_key="key", signer=signer, timeout=500)
    caller.call(lambda client: client.connect())
    signer.hangs = 1
    stuck = caller.begin(lambda client: client.spot.submit_new_order(**ORDER))
    assert signer.is_asked.wait(WAIT_S)

    caller.call(lambda client: client.close())

    assert type(stuck.exception(WAIT_S)).__name__ == "ClientClosed"


@pytest.mark.parametrize("slow", [True, False])
@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_whatever_a_signer_raises_ends_its_own_call_alone(
    dial: Dial, scripted: ScriptedServer, slow: bool, raised: type[BaseException]
) -> None:
    class Broken:
        key_type = KeyType.HMAC

        def __init__(self) -> None:
            self.slow = slow

        def sign(self, payload: bytes) -> str:
            raise raised

    # Held until there is a connection: it is signed on the core's side then.
    caller = dial(api_key="key", signer=Broken())
    first = caller.begin(lambda client: client.spot.submit_new_order(**ORDER))

    assert isinstance(first.exception(WAIT_S), NotSent)
    caller.call(lambda client: client.spot.test_connectivity())
    assert not scripted.seen("order.place")
