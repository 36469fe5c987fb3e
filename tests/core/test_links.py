"""Single connections: what they hear, how they end, and when a silent one is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from callers import WAIT_S, Caller

from binance_wsapi import WsKey
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]


def on_core(caller: Caller, work: Callable[[Any], Any]) -> Any:
    """Do something on the thread of the client's core."""
    core = caller.client._core

    async def run() -> Any:
        return work(core)

    return core.run(run).result(WAIT_S)


def test_link_that_was_given_up_delivers_nothing_more(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """Its end closed the books: another link may bring the same events again."""
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    event = b'{"e":"balanceUpdate","E":1,"a":"USDT","d":"1","T":1}'

    def lose_and_hear(core: Any) -> int:
        link = core.sessions[WsKey.MAIN_WSAPI].serving
        frame = b'{"subscriptionId":0,"event":' + event + b"}"
        link.received(frame)
        heard = len(stream)
        link.session.lose(link, "for the test")
        link.received(frame)
        assert len(stream) == heard
        return heard

    assert on_core(caller, lose_and_hear) == 1
