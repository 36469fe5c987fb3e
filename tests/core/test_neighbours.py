"""Clients of one process that use the same address, account or exchange."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S, Caller
from scripted_server import ScriptedServer

from binance_wsapi import AsyncClient, NotSent, WsKey
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.exchanges import Exchanges
from binance_wsapi.core.neighbours import Neighbours
from binance_wsapi.markets import Market
from binance_wsapi.options import Options
from binance_wsapi.protocol.limits import Refusal, Reservation
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window

Dial = Callable[..., Caller]

SPOT = WsKey.MAIN_WSAPI
WALL_US = 1_795_000_020 * 10**6
PING = operation_by_method(Market.SPOT, "ping")
PLACE = operation_by_method(Market.SPOT, "order.place")
FUTURES_PRICE = operation_by_method(Market.USDM, "ticker.price")
NOW = 1000.0
DAY = LimitRules(weight=Window("DAY", 1, 300))
"""A window that does not turn while a test runs."""


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
def exchanges(neighbours: Neighbours) -> Callable[..., Exchanges]:
    def make(wall_us: Callable[[], int] = lambda: WALL_US, **options: Any) -> Exchanges:
        return Exchanges(Options(**options), lambda: NOW, wall_us, neighbours=neighbours)

    return make


def admitted(exchanges: Exchanges, operation: Any = PING, ws_key: WsKey = SPOT) -> int:
    """How many requests are admitted until one is refused."""
    governor, count = exchanges.governor_of(ws_key), 0
    while True:
        got = governor.admit(operation, {}, NOW)
        if not isinstance(got, Reservation):
            return count
        count += 1
        governor.answered(got, b"", succeeded=True, now=NOW)


def measure(exchanges: Exchanges, ws_key: WsKey, ahead_s: int) -> None:
    """Read the clock of an exchange that is so far ahead of the wall clock."""
    for _ in range(2):  # what is odd has to be borne out
        exchanges.clock_measured(
            ws_key, sent=NOW, sent_wall_us=WALL_US, server_time=WALL_US + ahead_s * 10**6
        )


def test_weight_is_used_up_together(exchanges: Callable[..., Exchanges]) -> None:
    one, other = exchanges(), exchanges()

    assert admitted(one) == 5880
    assert admitted(other) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "http://elsewhere:8080"},
        {"testnet": True},
        {"urls": {"mainWSAPI": "ws://127.0.0.1:1/", "rest": "http://127.0.0.1:1"}},
    ],
)
def test_other_addresses_and_exchanges_count_alone(
    exchanges: Callable[..., Exchanges], options: dict[str, Any]
) -> None:
    assert admitted(exchanges()) == 5880
    assert admitted(exchanges(**options)) == 5880


def test_orders_are_counted_by_account(exchanges: Callable[..., Exchanges]) -> None:
    proxied = {"proxy": "http://elsewhere:8080"}
    one, same, away, other = (
        exchanges(api_key=key, **options)
        for key, options in (("one", {}), ("one", {}), ("one", proxied), ("two", {}))
    )
    allowed = admitted(one, PLACE)

    assert allowed > 0
    assert admitted(same, PLACE) == 0
    assert admitted(away, PLACE) == 0, "an account has one count, whatever the address"
    assert admitted(other, PLACE) == allowed


def test_what_is_shared_goes_with_the_last_client(exchanges: Callable[..., Exchanges]) -> None:
    one, other = exchanges(), exchanges()
    assert admitted(one) == 5880
    assert admitted(other) == 0
    one.leave()
    assert admitted(exchanges()) == 0, "another client is there yet"
    for each in (other,):
        each.leave()
    del one, other

    assert admitted(exchanges()) == 5880


def test_a_client_that_was_abandoned_keeps_nothing(exchanges: Callable[..., Exchanges]) -> None:
    assert admitted(exchanges()) == 5880
    assert admitted(exchanges()) == 5880


@pytest.mark.parametrize("offset_ms", [70_000, -70_000])
def test_a_clock_set_by_hand_makes_no_second_window(
    exchanges: Callable[..., Exchanges], offset_ms: int
) -> None:
    one, other = exchanges(), exchanges()
    governor = other.governor_of(SPOT)
    one.governor_of(SPOT)
    other.set_time_offset_ms(offset_ms)
    total = 0
    for _ in range(5):
        total += admitted(one) + admitted(other)

    assert total == 5880
    refusal = governor.admit(PING, {}, NOW)
    assert isinstance(refusal, Refusal)
    assert 0 < refusal.wait(NOW) <= 60


def test_who_comes_to_a_clock_set_by_hand_counts_alone(
    exchanges: Callable[..., Exchanges],
) -> None:
    one = exchanges()
    one.governor_of(SPOT)
    one.set_time_offset_ms(40_000)
    assert admitted(one) == 5880
    other = exchanges()

    assert admitted(other) == 5880
    early = exchanges()
    early.set_time_offset_ms(40_000)
    assert admitted(early) == 5880


def test_who_comes_to_neighbours_one_of_whom_set_a_clock_by_hand_counts_with_them(
    exchanges: Callable[..., Exchanges],
) -> None:
    one, other = exchanges(), exchanges()
    one.governor_of(SPOT)
    other.governor_of(SPOT)
    other.set_time_offset_ms(70_000)
    late = exchanges()

    assert admitted(late) == 5880
    assert admitted(one) == admitted(other) == 0


def test_a_clock_set_by_hand_is_made_up_for_when_the_neighbours_are_gone(
    exchanges: Callable[..., Exchanges],
) -> None:
    one, other = exchanges(), exchanges()
    turns_at = exchanges().governor_of(SPOT).usage(NOW)[0].resets_at_us
    for each in (one, other):
        each.governor_of(SPOT)
    other.set_time_offset_ms(70_000)
    one.leave()
    other.set_time_offset_ms(None)

    assert other.governor_of(SPOT).usage(NOW)[0].resets_at_us == turns_at
    late = exchanges()
    assert admitted(other) == 5880
    assert admitted(late) == 0


@pytest.mark.parametrize("ws_key", [SPOT, WsKey.EOPTIONS])
def test_exchanges_that_are_known_by_rest_alone_have_clocks_of_their_own(
    exchanges: Callable[..., Exchanges], ws_key: WsKey
) -> None:
    one, other = (exchanges(urls={"rest": f"http://127.0.0.1:{port}"}) for port in (1, 2))
    other.clock_of(ws_key)
    measure(one, ws_key, 3600)

    assert one.now_us(ws_key) == WALL_US + 3600 * 10**6
    assert other.now_us(ws_key) == WALL_US


@pytest.mark.parametrize("ahead_s", [40, -40])
def test_one_measures_the_clock_for_all(exchanges: Callable[..., Exchanges], ahead_s: int) -> None:
    one, other = exchanges(), exchanges()
    assert admitted(other) == 5880
    measure(one, SPOT, ahead_s)

    assert other.now_us(SPOT) == one.now_us(SPOT) == WALL_US + ahead_s * 10**6
    assert admitted(one) == admitted(other) == 0, "what was used up is where the time now is"


@pytest.mark.parametrize("ahead_s", [40, -40])
def test_what_others_count_alone_moves_with_the_clock_that_one_measured(
    exchanges: Callable[..., Exchanges], ahead_s: int
) -> None:
    """The orders of another account, and the weight of another address: at the same exchange."""
    one = exchanges(api_key="one")
    account = exchanges(api_key="two")
    address = exchanges(proxy="http://elsewhere:8080")
    one.governor_of(SPOT)
    assert admitted(account, PLACE) == 50
    assert admitted(address) == 5880
    measure(one, SPOT, ahead_s)

    assert admitted(account, PLACE) == 0
    assert admitted(address) == 0


@pytest.mark.parametrize("ahead_s", [40, -40])
def test_markets_that_share_limits_count_by_one_time(
    exchanges: Callable[..., Exchanges], ahead_s: int
) -> None:
    """Whichever of their clocks was measured, and whatever the other one shows until it is."""
    one = exchanges()
    one.governor_of(WsKey.USDM_WSAPI)
    measure(one, WsKey.USDM_WSAPI, ahead_s)
    assert admitted(one, FUTURES_PRICE, WsKey.USDM_WSAPI) == 1176

    assert admitted(one, FUTURES_PRICE, WsKey.COINM_WSAPI) == 0
    assert admitted(one, FUTURES_PRICE, WsKey.USDM_WSAPI) == 0
    measure(one, WsKey.COINM_WSAPI, ahead_s)
    assert admitted(one, FUTURES_PRICE, WsKey.COINM_WSAPI) == 0
    assert admitted(one, FUTURES_PRICE, WsKey.USDM_WSAPI) == 0


def test_who_comes_late_counts_by_the_time_that_was_measured(
    exchanges: Callable[..., Exchanges],
) -> None:
    """Also over a market whose clock nobody has read."""
    one = exchanges(api_key="one")
    measure(one, WsKey.USDM_WSAPI, -40)
    late = exchanges(api_key="two", proxy="http://elsewhere:8080")

    expected = one.governor_of(WsKey.USDM_WSAPI).usage(NOW)
    assert late.governor_of(WsKey.COINM_WSAPI).usage(NOW) == expected


def test_who_joins_after_a_neighbour_has_gone_takes_up_the_time_measured_meanwhile(
    neighbours: Neighbours,
) -> None:
    """A neighbour whose loop stands still has not been able to count by it."""
    posted: list[Callable[[], object]] = []

    def client(post: Callable[[Callable[[], object]], object], **options: Any) -> Exchanges:
        return Exchanges(
            Options(**options), lambda: NOW, lambda: WALL_US, neighbours=neighbours, post=post
        )

    still = client(posted.append, proxy="http://elsewhere:8080")
    one = client(lambda work: work())
    assert admitted(still) == 5880
    one.governor_of(SPOT)
    measure(one, SPOT, 40)
    late = client(lambda work: work(), proxy="http://elsewhere:8080")

    assert admitted(late) == 0
    for work in posted:
        work()
    assert admitted(still) == admitted(late) == 0


@pytest.mark.parametrize("offset_ms", [70_000, -70_000])
def test_what_is_admitted_while_a_clock_is_set_by_hand_counts_where_all_count(
    exchanges: Callable[..., Exchanges], offset_ms: int
) -> None:
    counted: list[int] = []

    def wall_us() -> int:
        if is_setting:
            counted.append(admitted(one) + admitted(other))
        return WALL_US

    is_setting = False
    one, other = exchanges(), exchanges(wall_us)
    assert admitted(one) + admitted(other) == 5880
    is_setting = True
    other.set_time_offset_ms(offset_ms)
    is_setting = False

    assert sum(counted) == 0
    assert admitted(one) + admitted(other) == 0


def test_threads_lose_no_count(exchanges: Callable[..., Exchanges]) -> None:
    members = [exchanges() for _ in range(4)]
    counts: list[int] = []
    governors = [each.governor_of(SPOT) for each in members]

    def work(each: Exchanges) -> None:
        governor, count = each.governor_of(SPOT), 0
        for _ in range(3000):
            got = governor.admit(PING, {}, NOW)
            if isinstance(got, Reservation):
                count += 1
                governor.answered(got, b"", succeeded=True, now=NOW)
        counts.append(count)

    threads = [threading.Thread(target=work, args=(each,)) for each in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    assert sum(counts) == 5880
    assert {governor.usage(NOW)[0].count for governor in governors} == {5880}


def test_a_neighbour_takes_the_lock_before_another_begins(neighbours: Neighbours) -> None:
    """Its thread is asked, and waited for: what it is in the middle of takes no lock."""
    told: list[str] = []

    def post(work: Callable[[], object]) -> None:
        told.append("asked")
        threading.Thread(target=work).start()

    one = Exchanges(Options(), lambda: NOW, lambda: WALL_US, neighbours=neighbours, post=post)
    alone = one.governor_of(SPOT)
    assert alone._lock is None
    other = Exchanges(Options(), lambda: NOW, lambda: WALL_US, neighbours=neighbours, post=post)
    governor = other.governor_of(SPOT)

    assert told == ["asked"]
    assert alone._lock is governor._lock is neighbours.lock


def test_a_forked_child_shares_nothing(exchanges: Callable[..., Exchanges]) -> None:
    one = exchanges()
    assert admitted(one) == 5880
    one._neighbours.left_behind()

    assert admitted(exchanges()) == 5880


# On the wire


@pytest.fixture
def strict(exchange: SimulatedExchange) -> SimulatedExchange:
    exchange.limits.set_rules(DAY)
    exchange.limits.enabled = True
    return exchange


def test_many_clients_of_a_process_get_no_429(strict: SimulatedExchange) -> None:
    """Each has more under way at once than all of them may send."""
    refused: list[BaseException] = []

    async def hammer(client: AsyncClient) -> int:
        calls = [client.spot.test_connectivity() for _ in range(150)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        errors = [each for each in outcomes if isinstance(each, BaseException)]
        refused.extend(error for error in errors if not isinstance(error, NotSent))
        return len(outcomes) - len(errors)

    async def run() -> int:
        clients = [AsyncClient(**strict.client_options()) for _ in range(4)]
        for client in clients:
            await client.spot.test_connectivity()  # from now on it knows the limit
        answered = await asyncio.gather(*(hammer(client) for client in clients))
        for client in clients:
            await client.close()
        return sum(answered)

    answered = asyncio.run(run())

    assert not refused, refused[:3]
    assert answered >= 0.95 * 300 - 4 - 4 * 2, "connections and first calls weigh something as well"


def test_a_ban_told_to_one_client_silences_the_others(dial: Dial, scripted: ScriptedServer) -> None:
    banned, other = dial(), dial()
    for caller in (banned, other):
        caller.call(lambda client: client.spot.test_connectivity())
    scripted.replies["ping"] = lambda peer, request: peer.answer(
        request, status=418, error={"code": -1003, "msg": "Way too much."}
    )
    with pytest.raises(Exception, match="Way too much"):
        banned.call(lambda client: client.spot.test_connectivity())
    requests = len(scripted.requests)

    until = time.monotonic() + WAIT_S
    exchanges = other.client._runtime.exchanges
    while not exchanges.governor_of(SPOT).silence.delay(time.monotonic()):
        assert time.monotonic() < until
        time.sleep(0.001)
    with pytest.raises(NotSent, match="banned"):
        other.call(lambda client: client.spot.test_connectivity())
    late = dial()
    with pytest.raises(NotSent, match="banned"):
        late.call(lambda client: client.spot.test_connectivity())
    assert len(scripted.requests) == requests


def test_a_client_that_closes_leaves_nothing_under_way(
    dial: Dial, scripted: ScriptedServer
) -> None:
    stays, goes = dial(), dial(timeout=60.0)
    for caller in (stays, goes):
        caller.call(lambda client: client.spot.test_connectivity())
    unanswered = threading.Event()

    async def ignore(peer: Any, request: Any) -> None:
        unanswered.set()

    scripted.replies["exchangeInfo"] = ignore
    calls = [goes.begin(lambda client: client.spot.get_exchange_info()) for _ in range(3)]
    assert unanswered.wait(WAIT_S)
    goes.close()
    for call in calls:
        assert call.exception(WAIT_S) is not None

    governor = stays.client._runtime.exchanges.governor_of(SPOT)
    assert governor._weight.under_way == 0


def test_a_call_without_a_connection_tells_that_attempts_are_used_up(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """The 201st connection of five minutes, of whichever client behind the address, waits."""
    caller = dial(timeout=0.5)
    exchanges = caller.client._runtime.exchanges
    budget = exchanges.limits_of(SPOT).connections
    for _ in range(budget.allowed):
        budget.record(time.monotonic())
    with pytest.raises(NotSent, match=r"the 200 connection attempts in 5 minutes .* are used up"):
        caller.call(lambda client: client.spot.test_connectivity())

    assert scripted.requests == []
