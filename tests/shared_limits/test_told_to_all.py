"""What one client was told reaches the others it concerns, on every market: in the process, and through Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from callers import Caller, until
from redis_server import RedisServer, needs_redis
from scripted_server import Peer, ScriptedServer

from binance_wsapi import NotSent, RequestRejected, WsKey

pytestmark = pytest.mark.parametrize("flavour", ["sync"])

Dial = Callable[..., Caller]

ORDER = {"side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "price": "20000", "quantity": "1"}


@dataclass(frozen=True)
class Asked:
    """A market, and what is asked there."""

    ws_key: WsKey
    namespace: str
    symbol: str

    def order(self, client: Any) -> Any:
        return getattr(client, self.namespace).submit_new_order(symbol=self.symbol, **ORDER)

    def look(self, client: Any) -> Any:
        return getattr(client, self.namespace).get_order_status(symbol=self.symbol, order_id=1)


SPOT = Asked(WsKey.MAIN_WSAPI, "spot", "BTCUSDT")
USDM = Asked(WsKey.USDM_WSAPI, "usdm", "BTCUSDT")
COINM = Asked(WsKey.COINM_WSAPI, "coinm", "BTCUSD_PERP")


@pytest.fixture(params=["of the process", pytest.param("through Redis", marks=needs_redis)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The options by which clients share."""
    if request.param == "of the process":
        yield {}
        return
    with RedisServer(tmp_path) as server:
        yield {"shared_limits": server.url}


class Clients:
    """Two of one account, one of another, all behind one address."""

    def __init__(self, dial: Dial, scripted: ScriptedServer, options: dict[str, Any]) -> None:
        self._scripted = scripted
        self.told, self.same, self.other = (
            dial(api_key=key, api_secret="s" * 64, on_unknown_outcome="raise", **options)
            for key in ("one", "one", "two")
        )
        for caller in (self.told, self.same, self.other):
            for asked in (SPOT, USDM, COINM):
                caller.call(asked.look)

    def tell(
        self, work: Callable[[Any], Any], status: int, code: int, retry_after_s: int | None = None
    ) -> None:
        """Have the exchange refuse what the one that is told asks."""
        data = {"serverTime": 1_000_000, "retryAfter": 1_000_000 + 1000 * (retry_after_s or 0)}
        error = {"code": code, "msg": "No.", **({"data": data} if retry_after_s else {})}

        async def refuse(peer: Peer, request: dict[str, Any]) -> None:
            await peer.send({"id": request["id"], "status": status, "error": error})

        replies = self._scripted.replies
        replies["order.place"] = replies["order.status"] = refuse
        with pytest.raises(RequestRejected):
            self.told.call(work)
        del replies["order.place"], replies["order.status"]


def remaining(caller: Caller, asked: Asked) -> dict[str, float]:
    """What a client leaves alone on a market, and for how many seconds."""
    governor = caller.client._runtime.exchanges.governor_of(asked.ws_key)
    return {
        kind: seconds
        for kind, seconds in governor.silence.remaining(time.monotonic()).items()
        if seconds > 0
    }


def assert_not_sent(caller: Caller, work: Callable[[Any], Any]) -> None:
    with pytest.raises(NotSent) as refused:
        caller.call(work)
    assert refused.value.reason == "limit"


@pytest.fixture
def clients(dial: Dial, scripted: ScriptedServer, shared: dict[str, Any]) -> Clients:
    return Clients(dial, scripted, shared)


MARKETS = pytest.mark.parametrize(
    ("asked", "beside", "elsewhere"),
    [
        pytest.param(SPOT, SPOT, USDM, id="spot"),
        pytest.param(USDM, COINM, SPOT, id="usdm"),
        pytest.param(COINM, USDM, SPOT, id="coinm"),
    ],
)


def wait_until_left_alone(caller: Caller, asked: Asked, *kinds: str) -> None:
    until(caller, lambda core: remaining(caller, asked).keys() == set(kinds))


@MARKETS
@pytest.mark.parametrize(
    ("status", "kinds"), [(429, ["requests"]), (418, ["requests", "banned"])], ids=str
)
def test_what_concerns_the_address_keeps_all_back(
    clients: Clients,
    asked: Asked,
    beside: Asked,
    elsewhere: Asked,
    status: int,
    kinds: list[str],
) -> None:
    clients.tell(asked.order, status, -1003, retry_after_s=200)

    for caller in (clients.told, clients.same, clients.other):
        wait_until_left_alone(caller, asked, *kinds)
        assert 100 < min(remaining(caller, asked).values()) <= 201
        assert_not_sent(caller, beside.look)
        assert caller.call(elsewhere.look).status == 200


@MARKETS
def test_what_concerns_an_account_keeps_its_orders_back_alone(
    clients: Clients, asked: Asked, beside: Asked, elsewhere: Asked
) -> None:
    clients.tell(asked.order, 429, -1015, retry_after_s=200)

    for caller in (clients.told, clients.same):
        wait_until_left_alone(caller, asked, "orders")
        assert_not_sent(caller, beside.order)
        assert caller.call(beside.look).status == 200
        assert caller.call(elsewhere.order).status == 200
    # Once the other one has heard what came later, it would have heard of orders, too.
    clients.tell(asked.look, 429, -1003, retry_after_s=200)
    wait_until_left_alone(clients.other, asked, "requests")


@MARKETS
def test_too_many_connections_keep_nobody_from_asking(
    clients: Clients, asked: Asked, beside: Asked, elsewhere: Asked
) -> None:
    clients.tell(asked.order, 429, -1034)

    for caller in (clients.told, clients.same, clients.other):
        wait_until_left_alone(caller, asked, "handshakes")
        assert caller.call(beside.order).status == 200
        assert not remaining(caller, elsewhere)
