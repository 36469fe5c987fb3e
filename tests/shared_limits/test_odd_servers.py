"""Servers that are slow, that fail over, that take no writes: clients go on, and share again by themselves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callers import WAIT_S
from redis_server import RedisServer, needs_redis

from binance_wsapi import Client, SharedLimitsChanged
from binance_wsapi.simulator import SimulatedExchange

pytestmark = needs_redis


class Proxy:
    """Stands between clients and a server: it can forward nothing for a while, and to another server."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._may_pass = threading.Event()
        self._may_pass.set()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), WAIT_S)
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(
                    target=self._forward, args=(one, other), name="proxy", daemon=True
                ).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        one.settimeout(None)
        try:
            while received := one.recv(1 << 16):
                self._may_pass.wait()
                other.sendall(received)
        except OSError:
            pass
        finally:
            for each in (one, other):
                each.close()

    def hold(self) -> None:
        """Forward nothing from now on."""
        self._may_pass.clear()

    def let_go(self) -> None:
        """Forward all that was held up, and what comes."""
        self._may_pass.set()

    def lead_to(self, port: int) -> None:
        """Break all connections; new ones lead to another server."""
        self._target = port
        while self._open:
            each = self._open.pop()
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                each.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listening.close()
        self.let_go()
        self.lead_to(self._target)


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
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as running:
        yield running


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[Proxy]:
    between = Proxy(server.port)
    yield between
    between.close()


@pytest.fixture
def client(proxy: Proxy, exchange: SimulatedExchange) -> Iterator[Client]:
    with Client(
        **exchange.client_options(), shared_limits=proxy.url, on_rate_limit="wait"
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
        assert "alone, with one part in 2" in client.health()[0].limits
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
        database.replicaof("NO", "ONE")
        proxy.lead_to(replica.port)
        told.wait_for("limits_alone")
        client.spot.test_connectivity()
        told.wait_for("limits_shared")

        wait_until(lambda: is_shared(client))
        (members,) = database.scan_iter("*:weight}:members")
        wait_until(lambda: database.zcard(members) == 1)


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
