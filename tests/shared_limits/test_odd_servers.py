"""Servers that are slow, that fail over, that take no writes: clients go on, and share again by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callers import WAIT_S
from redis_server import RedisServer, needs_redis
from tcp_proxy import Proxy

from binance_wsapi import Client, ConfigurationError, SharedLimitsChanged
from binance_wsapi.simulator import SimulatedExchange

pytestmark = needs_redis


class Told:
    """What a client's handlers heard about its limits."""

    def __init__(self, client: Client) -> None:
        self.kinds: list[str] = []
        self._heard = {"limits_alone": threading.Event(), "limits_shared": threading.Event()}
        client.on("limits_alone", self._hear)
        client.on("limits_shared", self._hear)

    def _hear(self, event: SharedLimitsChanged) -> None:
        self.kinds.append(event.kind)
        self._heard[event.kind].set()

    def wait_for(self, kind: str) -> None:
        assert self._heard[kind].wait(WAIT_S), f"{kind} was never told"


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.005)


def is_shared(client: Client) -> bool:
    return client.health()[0].limits == "shared by 1"


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[Proxy]:
    between = Proxy(server.port)
    yield between
    between.close()


@pytest.fixture
def client(proxy: Proxy, exchange: SimulatedExchange) -> Iterator[Client]:
    with Client(
        **exchange.client_options(),
        shared_limits=f"redis://127.0.0.1:{proxy.port}/0",
        on_rate_limit="wait",
    ) as sharing:
        sharing.spot.test_connectivity()
        wait_until(lambda: is_shared(sharing))
        yield sharing


def test_no_call_waits_for_a_server_that_answers_nothing(client: Client, proxy: Proxy) -> None:
    told = Told(client)
    proxy.hold()
    for _ in range(20):
        client.spot.test_connectivity()
    told.wait_for("limits_alone")
    for _ in range(20):
        client.spot.test_connectivity()
    proxy.let_go()
    told.wait_for("limits_shared")

    wait_until(lambda: is_shared(client))


def test_a_server_that_takes_no_writes_is_as_good_as_none(
    client: Client, server: RedisServer, tmp_path: Path
) -> None:
    import redis

    told = Told(client)
    (tmp_path / "primary").mkdir()
    with (
        RedisServer(tmp_path / "primary") as primary,
        redis.Redis.from_url(server.url) as database,
    ):
        database.replicaof("127.0.0.1", primary.port)
        told.wait_for("limits_alone")
        for _ in range(20):
            client.spot.test_connectivity()
        assert "alone, with 1/2 of each limit, half of its share" in client.health()[0].limits
        assert told.kinds == ["limits_alone"], "a replica that answers a ping leases nothing"
        database.replicaof("NO", "ONE")
        told.wait_for("limits_shared")

    wait_until(lambda: is_shared(client))


def test_a_replica_that_takes_over_goes_on_with_what_it_knows(
    client: Client, server: RedisServer, proxy: Proxy, tmp_path: Path
) -> None:
    import redis

    (tmp_path / "replica").mkdir()
    with (
        RedisServer(tmp_path / "replica") as replica,
        redis.Redis.from_url(replica.url, decode_responses=True) as database,
    ):
        database.replicaof("127.0.0.1", server.port)
        wait_until(lambda: database.info("replication")["master_link_status"] == "up")
        wait_until(lambda: list(database.scan_iter("*:weight}:members")))
        told = Told(client)
        server.stop()
        told.wait_for("limits_alone")
        database.replicaof("NO", "ONE")
        proxy.lead_to(replica.port)
        client.spot.test_connectivity()
        told.wait_for("limits_shared")

        wait_until(lambda: is_shared(client))
        (members,) = database.scan_iter("*:weight}:members")
        wait_until(lambda: database.hlen(members) == 1)


def test_another_server_in_its_place_that_knows_nothing_is_taught(
    client: Client, server: RedisServer, proxy: Proxy, tmp_path: Path
) -> None:
    import redis

    (tmp_path / "empty").mkdir()
    with RedisServer(tmp_path / "empty") as empty:
        with redis.Redis.from_url(empty.url, decode_responses=True) as database:
            proxy.lead_to(empty.port)
            for _ in range(20):
                client.spot.test_connectivity()
            wait_until(lambda: list(database.scan_iter("*:weight}:windows")))

        wait_until(lambda: is_shared(client))


@pytest.mark.parametrize("has_password", [False, True])
def test_a_password_that_the_server_does_not_take_is_told_and_not_shown(
    server: RedisServer,
    exchange: SimulatedExchange,
    has_password: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import redis

    if has_password:
        with redis.Redis.from_url(server.url) as database:
            database.config_set("requirepass", "correct")
    url = server.url.replace("redis://", "redis://:wr0ng@")
    with Client(**exchange.client_options(), shared_limits=url) as client:
        told: list[str] = []
        is_told = threading.Event()

        def hear(event: SharedLimitsChanged) -> None:
            told.append(event.reason)
            is_told.set()

        client.on("limits_alone", hear)
        client.spot.test_connectivity()
        assert is_told.wait(WAIT_S)
        told.append(client.health()[0].limits)

    for each in told:
        assert "AuthenticationError: " in each
    assert "wr0ng" not in repr(told) + caplog.text


def test_an_url_with_a_parameter_that_nobody_knows_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"shared_limits=.*: adress= is no .* address= and"
    ):
        Client(shared_limits="redis://127.0.0.1:6379/0?adress=north")
