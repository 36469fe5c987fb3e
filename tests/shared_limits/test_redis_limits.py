"""One client's part in limits that are shared through a real Redis."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from callers import WAIT_S, Caller
from redis_server import RedisServer, needs_redis
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    Client,
    ConfigurationError,
    IpBanned,
    NotSent,
    SharedLimitsChanged,
    WsKey,
)
from binance_wsapi.shared_limits.lease_script import BOOK_KEYS, LEASE, LEASE_SHA
from binance_wsapi.shared_limits.redis_limits import BOOKS, LIVES_MS, PREFIX, RedisLimits
from binance_wsapi.shared_limits.silences import KEEP
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]

pytestmark = needs_redis


def ping(client: Any) -> Any:
    return client.spot.test_connectivity()


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


def channel_of(database: Any) -> str:
    """Where what the one address was told is published, once its client has said that it lives."""
    wait_until(lambda: list(database.scan_iter("*:weight}:members")))
    (members,) = database.scan_iter("*:weight}:members")
    return str(members).replace(BOOKS, PREFIX).replace(":weight}:members", "}:silence")


# Leases


SETTLED_MS = 10**9
"""The time of a book that has known its members for long."""


def lease(
    database: Any,
    member: str,
    *,
    limit: int = 1000,
    allowed: int = 1000,
    held: int = 0,
    spare: int = 0,
    done: int = 0,
    wanted: int = 1,
    most: Any = "",
    least: Any = "",
    expected: int = 0,
    need: int = 1,
    index: int = 7,
    window: str = "window",
    passed_ms: int = 0,
    is_new: bool = False,
    is_last: bool = False,
) -> tuple[int, int]:
    """Return what a member holds now, and what of that is for what is urgent."""
    keys = [f"book:{each}" for each in BOOK_KEYS] + [f"book:{window}"]
    now = int(database.hget("book:state", "now") or 0)
    if not is_new and now < SETTLED_MS:
        zeros = dict.fromkeys(("call", "known", "known_call", "known_at"), 0)
        state = database.hgetall("book:state") or {"life": "one", **zeros}
        database.hset("book:state", mapping={**state, "now": SETTLED_MS})
    elif is_new and now >= SETTLED_MS:
        database.hset("book:state", "now", 0)
    life, call, at = database.hmget("book:state", "life", "call", "now")
    asked = [member, LIVES_MS, expected, int(expected > 0), need, int(is_last), "one"]
    asked += [life or "", call or 0, at or 0, passed_ms]
    asked += [index, limit, allowed, held, spare, held, done, wanted, most, least, 100]
    *_, (leased, urgent, _, _) = database.eval(LEASE, len(keys), *keys, *asked)
    return int(leased), int(urgent)


def leased(database: Any, member: str, **asked: Any) -> int:
    return lease(database, member, **asked)[0]


def test_no_more_is_leased_than_there_is(database: Any) -> None:
    held = dict.fromkeys("abcd", 0)
    for _ in range(60):
        for member in held:
            held[member] = leased(database, member, held=held[member], wanted=5)

    assert sum(held.values()) == 1000


def test_half_of_its_part_is_kept_for_each_busy_member(database: Any) -> None:
    held = {"a": leased(database, "a"), "b": leased(database, "b", wanted=0)}
    for _ in range(60):
        held["a"] = leased(database, "a", held=held["a"], wanted=50)
    assert held["a"] == 1000 - 1000 // 4
    held["b"] = leased(database, "b", held=held["b"])

    assert held["b"] >= 1000 // 4


def test_what_a_dead_member_had_leased_comes_back(database: Any) -> None:
    assert leased(database, "dead", wanted=600) == 600
    assert leased(database, "b", wanted=900) == 400
    assert leased(database, "b", held=400, wanted=500, passed_ms=LIVES_MS - 1) == 400

    assert leased(database, "b", held=400, wanted=500, passed_ms=1) >= 900


def test_what_the_exchange_counts_corrects_what_is_left(database: Any) -> None:
    held = leased(database, "a", wanted=100, held=100, done=100, least=800)
    assert held <= 200, "strangers used 800"
    held = leased(database, "a", wanted=500, held=100, done=100, most=-50)

    assert held > 200, "less counts than was thought"


def test_a_server_that_lost_everything_knows_that_others_will_come(database: Any) -> None:
    back = "abc"
    for member in back:
        assert leased(database, member, held=100, wanted=900, expected=4) == 100
    # What the last one holds nobody could have known.
    assert leased(database, "d", held=650, wanted=1, expected=4) == 650
    assert leased(database, "a", held=100, wanted=900, is_new=True) == 100

    held = [leased(database, member, held=100, wanted=900) for member in back]
    assert sum(held) == 1000 - 650


def test_a_book_that_is_new_gives_a_small_part_to_each(database: Any) -> None:
    """Those may hold the rest who have not come back yet."""
    held = leased(database, "a", wanted=900, is_new=True)
    assert leased(database, "a", held=held, wanted=900, is_new=True) == 1000 // 8
    assert leased(database, "a", held=held, wanted=800) > 1000 // 8


def test_who_called_meanwhile_is_not_taken_to_be_silent_since_before(database: Any) -> None:
    """Nobody knows when in that time it was."""
    leased(database, "slow")
    life, call, at = database.hmget("book:state", "life", "call", "now")
    leased(database, "b")
    keys = [f"book:{each}" for each in BOOK_KEYS]
    told = ["slow", LIVES_MS, 0, 0, 1, 0, "one", life, call, at, LIVES_MS]
    members, *_ = database.eval(LEASE, len(keys), *keys, *told)

    assert members == 2


def test_what_is_for_cancels_alone_is_never_more_than_the_reserve(database: Any) -> None:
    members = [f"{number:02}" for number in range(20)]
    given = [lease(database, each, limit=1000, allowed=980)[1] for each in members]
    assert sum(given) <= 20
    assert given[0] == 20 // 8
    # What one of them used of it counts as held by it.
    used = lease(database, members[0], limit=1000, allowed=980, held=985)

    assert used == (985, 0)


def test_who_leaves_last_has_all_expire_and_who_comes_back_keeps_it(database: Any) -> None:
    leased(database, "a")
    assert {database.ttl(name) for name in database.scan_iter("book:*")} == {-1}
    leased(database, "a", is_last=True)
    assert min(database.ttl(name) for name in database.scan_iter("book:*")) > 86_400
    leased(database, "b")

    assert {database.ttl(name) for name in database.scan_iter("book:*")} == {-1}


@pytest.mark.parametrize(("weight", "limit"), [(250, 5880), (20, 59), (40, 59), (59, 59)])
def test_requests_that_weigh_more_than_a_part_take_turns(
    database: Any, weight: int, limit: int
) -> None:
    """Also where always the same comes first."""
    members, served = [f"{number:02}" for number in range(10)], set()
    for member in members:
        leased(database, member, need=weight)
    for index in range(len(members)):
        held = dict.fromkeys(members, 0)
        for wanted in (1, *[weight] * 4):
            for member in members:
                held[member] = leased(
                    database,
                    member,
                    allowed=limit,
                    held=held[member],
                    wanted=wanted,
                    need=weight,
                    index=index,
                    window=f"window:{index}",
                )
        assert sum(held.values()) <= limit
        served |= {member for member in members if held[member] >= weight}

    assert served == set(members)


def test_one_that_waits_for_a_whole_window_leaves_the_others_their_turns(database: Any) -> None:
    """It never gets it: somebody who is no member uses a part."""
    light, served = [f"{number:02}" for number in range(5)], set()
    for member in (*light, "heavy"):
        leased(database, member, need=59 if member == "heavy" else 1)
    for index in range(6):
        asked: dict[str, Any] = {"allowed": 59, "index": index, "window": f"window:{index}"}
        held = leased(database, "heavy", need=59, least=1, **asked)
        for _ in range(3):
            held = leased(database, "heavy", held=held, wanted=59, need=59, **asked)
            served |= {member for member in light if leased(database, member, **asked)}

    assert served == set(light)


def test_of_who_left_nothing_is_kept_but_what_it_sent(database: Any) -> None:
    for number in range(5):
        leased(database, f"{number}", held=100, done=90, is_last=True)
    assert database.hgetall("book:window") == {"O": "500", "D": "450", "F": "0"}

    assert leased(database, "b", wanted=1000) == 500


def test_a_window_that_is_over_is_deleted(database: Any) -> None:
    leased(database, "a", passed_ms=100_000)
    assert database.exists("book:window")
    keys = [f"book:{each}" for each in BOOK_KEYS]
    life, call, at = database.hmget("book:state", "life", "call", "now")
    told = ["a", LIVES_MS, 0, 0, 1, 0, "one", life, call, at, 100_000]
    database.eval(LEASE, len(keys), *keys, *told)

    assert not database.exists("book:window")


# A client


def test_limits_are_shared_by_clients_that_name_the_server(
    server: RedisServer, exchange: SimulatedExchange
) -> None:
    options = {**exchange.client_options(), "shared_limits": server.url}
    with Client(**options) as one, Client(**options) as other:
        for client in (one, other):
            ping(client)
        wait_until(lambda: one.health()[0].limits == "shared by 2")
        assert other.health()[0].limits == "shared by 2"
        other.close()
        wait_until(lambda: one.health()[0].limits == "shared by 1")


def test_books_that_an_older_library_writes_are_left_alone(
    server: RedisServer, database: Any, exchange: SimulatedExchange
) -> None:
    """It keeps them in another way, under names that begin without the number."""
    with Client(**exchange.client_options(), shared_limits=server.url) as client:
        ping(client)
        wait_until(lambda: client.health()[0].limits == "shared by 1")
        names = list(database.scan_iter())

    assert {name[: name.index("{")] for name in names} == {"binance_wsapi:limits:2:"}


def test_a_server_that_forgot_the_script_is_told_it_again(
    server: RedisServer, database: Any, exchange: SimulatedExchange
) -> None:
    told: list[str] = []

    def calls(command: str) -> int:
        return int(database.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0))

    with Client(**exchange.client_options(), shared_limits=server.url) as client:
        client.on("limits_alone", lambda event: told.append(event.reason))
        ping(client)
        wait_until(lambda: calls("evalsha") > 0)
        database.script_flush()
        wait_until(lambda: database.script_exists(LEASE_SHA) == [True])
        before = calls("evalsha")
        wait_until(lambda: calls("evalsha") > before)
        ping(client)

    assert told == []


def test_addresses_that_are_named_count_apart(
    server: RedisServer, exchange: SimulatedExchange
) -> None:
    options = exchange.client_options()
    with (
        Client(**options, shared_limits=f"{server.url}?address=north") as one,
        Client(**options, shared_limits=f"{server.url}?address=south") as other,
    ):
        for client in (one, other):
            ping(client)
        assert one.health()[0].limits == other.health()[0].limits == "shared by 1"


def test_a_ban_told_to_one_silences_all(
    server: RedisServer, dial: Dial, scripted: ScriptedServer
) -> None:
    banned, other = dial(shared_limits=server.url), dial(shared_limits=server.url)
    for caller in (banned, other):
        caller.call(ping)

    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        error = {"code": -1003, "msg": "Way too much."}
        await peer.send({"id": request["id"], "status": 418, "error": error})

    scripted.replies["ping"] = refuse
    with pytest.raises(Exception, match="Way too much"):
        banned.call(ping)
    requests = len(scripted.requests)
    wait_until(lambda: silence_delay(other) > 100)
    with pytest.raises(NotSent, match="banned"):
        other.call(ping)
    late = dial(shared_limits=server.url)
    with pytest.raises(NotSent, match="banned"):
        late.call(ping)
    assert [
        each["method"] for each in scripted.requests[requests:] if each["method"] == "ping"
    ] == []


def silence_delay(caller: Caller) -> float:
    exchanges = caller.client._runtime.exchanges
    return float(exchanges.governor_of(WsKey.MAIN_WSAPI).silence.delay(time.monotonic()))


async def never_listen(limits: RedisLimits) -> None:
    """Subscribe to nothing."""


def test_who_comes_while_the_address_is_banned_sends_nothing(
    server: RedisServer,
    database: Any,
    dial: Dial,
    scripted: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is subscribed in time or not."""
    monkeypatch.setattr(RedisLimits, "_listen", never_listen)
    present = dial(shared_limits=server.url)
    present.call(ping)
    banned = f"{channel_of(database)}:banned"
    database.set(banned, 1, px=100_000)
    database.set(banned.replace("banned", "requests"), 1, px=100_000)
    wait_until(lambda: silence_delay(present) > 50)
    requests = len(scripted.requests)
    for _ in range(5):
        late = dial(shared_limits=server.url)
        with pytest.raises(NotSent, match="banned"):
            late.call(ping)

    assert len(scripted.requests) == requests


def test_a_ban_that_is_told_while_the_server_is_away_reaches_others_when_it_is_back(
    server: RedisServer, dial: Dial, scripted: ScriptedServer
) -> None:
    banned, other = dial(shared_limits=server.url), dial(shared_limits=server.url)
    for caller in (banned, other):
        caller.call(ping)
    server.stop()

    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        error = {"code": -1003, "msg": "Way too much."}
        await peer.send({"id": request["id"], "status": 418, "error": error})

    scripted.replies["ping"] = refuse
    with pytest.raises(IpBanned):
        banned.call(ping)
    assert silence_delay(other) == 0
    server.start()

    wait_until(lambda: silence_delay(other) > 100)


def test_a_short_wait_ends_no_longer_one(database: Any) -> None:
    for lasts_ms in (60_000, 500, 0):
        database.eval(KEEP, 2, "requests", "banned", "word", lasts_ms, lasts_ms // 2)

    assert 30_000 < database.pttl("requests") <= 60_000
    assert 15_000 < database.pttl("banned") <= 30_000


def test_without_its_server_a_client_goes_on_and_comes_back_by_itself(
    tmp_path: Path, exchange: SimulatedExchange
) -> None:
    server = RedisServer(tmp_path)
    told: list[SharedLimitsChanged] = []
    alone, shared = threading.Event(), threading.Event()
    with Client(**exchange.client_options(), shared_limits=server.url) as client:

        def hear(event: SharedLimitsChanged) -> None:
            told.append(event)
            (alone if event.kind == "limits_alone" else shared).set()

        client.on("limits_alone", hear)
        client.on("limits_shared", hear)
        ping(client)
        assert alone.wait(WAIT_S)
        assert "alone, with up to 1/8 of each limit, as nobody knows" in client.health()[0].limits
        try:
            server.start()
            assert shared.wait(WAIT_S)
            ping(client)
            wait_until(lambda: client.health()[0].limits == "shared by 1")
            server.stop()
            for _ in range(50):
                ping(client)
            wait_until(
                lambda: (
                    "alone, with 1/1 of each limit, as one of 1 clients: "
                    in client.health()[0].limits
                )
            )
        finally:
            server.stop()
    assert [event.kind for event in told[:2]] == ["limits_alone", "limits_shared"]


def test_what_the_server_says_and_nobody_understands_ends_nothing(
    server: RedisServer, database: Any, exchange: SimulatedExchange
) -> None:
    alone = threading.Event()
    with Client(**exchange.client_options(), shared_limits=server.url) as client:
        client.on("limits_alone", lambda event: alone.set())
        ping(client)
        (windows,) = database.scan_iter("*:weight}:windows")
        channel = channel_of(database)
        for text in (
            "no JSON",
            "[]",
            '{"banned": "x"}',
            '{"banned": null}',
            "7",
            "[" * 100_000,
            b"\xff",
        ):
            wait_until(lambda: database.pubsub_numsub(channel)[0][1] == 1)
            assert database.publish(channel, text) == 1
        database.hset(windows, "nonsense", "x")
        assert alone.wait(WAIT_S)
        for _ in range(20):
            ping(client)
        database.delete(windows)
        wait_until(lambda: client.health()[0].limits == "shared by 1")
        wait_until(lambda: database.pubsub_numsub(channel)[0][1] == 1)


def test_the_server_sees_no_key(
    server: RedisServer, database: Any, exchange: SimulatedExchange
) -> None:
    key = exchange.create_account().create_key()
    with Client(**exchange.client_options(key), shared_limits=server.url) as client:
        client.spot.get_account_information()
        wait_until(lambda: any(":orders" in str(name) for name in database.scan_iter()))
        found = [str(name) for name in database.scan_iter()]
        seen = "\n".join(found)
        seen += "".join(str(database.hgetall(n)) for n in found if database.type(n) == "hash")
    assert key.api_key not in seen


@pytest.mark.parametrize(
    "url", ["localhost", "http://host", "redis://", "redis://host:0", "redis://host/x", 7]
)
def test_what_names_no_server_is_refused(url: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"shared_limits=.*redis://host:6379/0"):
        Client(shared_limits=url)


def test_a_password_of_the_server_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(shared_limits="redis://me:hunter2@host:0")
    assert "hunter2" not in str(caught.value)


def test_without_redis_py_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "binance_wsapi.shared_limits.redis_limits", None)
    with pytest.raises(ConfigurationError, match=r"binance-wsapi\[redis\]"):
        Client(shared_limits="redis://127.0.0.1:6379/0")
