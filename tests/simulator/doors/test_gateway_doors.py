"""How long connections live: pings, a day, notices; and the clock that drives it."""

from __future__ import annotations

import threading

import pytest
from gateway_client import START_US, MemoryClient, venue

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.journal import Frame
from binance_wsapi.simulator.venue import Venue


@pytest.fixture
def exchange() -> Venue:
    return venue()


def test_pings_come_every_twenty_seconds(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    for _ in range(4):
        exchange.clock.advance(10)

    assert len(client.wire.pings) == 2


def test_a_client_without_pongs_is_cut_after_a_minute(exchange: Venue) -> None:
    silent, alive = MemoryClient(exchange), MemoryClient(exchange)
    for _ in range(4):
        assert silent.wire.end is None
        exchange.clock.advance(20)
        alive.door.pong(alive.wire.pings[-1])

    assert silent.wire.end == (1008, "Pong timeout")
    assert alive.wire.end is None


def test_an_unsolicited_pong_keeps_nothing_alive(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    for _ in range(4):
        exchange.clock.advance(20)
        client.door.pong(b"")

    assert client.wire.end is not None


def test_a_jump_of_the_clock_cuts_nobody(exchange: Venue) -> None:
    client = MemoryClient(exchange)

    exchange.clock.advance(23 * 3600)
    client.door.pong(client.wire.pings[-1])
    exchange.clock.advance(60)

    assert client.wire.end is None


def test_a_connection_ends_after_a_day(exchange: Venue) -> None:
    client = MemoryClient(exchange)

    exchange.clock.advance(24 * 3600)

    assert client.wire.end is not None
    assert exchange.gateway.connections == []


def test_futures_ping_every_three_minutes(exchange: Venue) -> None:
    client = MemoryClient(exchange, "/ws-fapi/v1")

    exchange.clock.advance(179)
    assert client.wire.pings == []
    exchange.clock.advance(1)
    assert len(client.wire.pings) == 1


def test_shutdown_is_announced_in_each_endpoints_form(exchange: Venue) -> None:
    paths = [
        "/ws-api/v3?timeUnit=MICROSECOND",
        "/ws/btcusdt@trade",
        "/stream?streams=x",
        "/ws-fapi/v1",
    ]
    clients = [MemoryClient(exchange, path) for path in paths]

    exchange.gateway.announce_shutdown()

    event = {"e": "serverShutdown", "E": START_US // 1_000}
    assert [client.wire.frames for client in clients] == [
        [{"event": event | {"E": START_US}}],
        [event],
        [{"stream": "!serverShutdown", "data": event}],
        [],
    ]


def test_every_frame_stands_in_the_journal(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    client.ask("ping", id=9)
    client.door.closed()

    frames = exchange.journal.frames

    assert [frame.direction for frame in frames] == ["open", "in", "out", "close"]
    assert {frame.time_us for frame in frames} == {START_US}
    (asked,) = exchange.journal.requests("ping")
    assert asked.params == {}
    assert exchange.journal.answers(9)[0].payload["status"] == 200
    with pytest.raises(TimeoutError, match="0 of 1"):
        exchange.journal.wait_for(lambda frame: frame.method == "time", timeout=0.01)


def test_the_journal_is_waited_on_from_another_thread(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    client.ask("ping")
    exchange.journal.clear()
    found: list[Frame] = []
    thread = threading.Thread(
        target=lambda: found.extend(
            exchange.journal.wait_for(lambda frame: frame.method == "time", count=2)
        )
    )
    thread.start()

    for _ in range(2):
        client.ask("ping")
        client.ask("time")

    thread.join(5)
    assert [frame.method for frame in found] == ["time", "time"]


def test_the_journal_forgets_the_oldest(exchange: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("binance_wsapi.simulator.journal.KEPT", 3)
    exchange = venue()
    client = MemoryClient(exchange)
    for _ in range(5):
        client.ask("ping")

    assert len(exchange.journal.frames) == 3
    assert len(exchange.journal.wait_for(lambda frame: True)) == 3


def test_the_journal_shows_no_secret(exchange: Venue) -> None:
    client = MemoryClient(exchange)
    client.ask("session.logon", {"apiKey": "A" * 64, "signature": "SECRET", "timestamp": 1})

    assert b"SECRET" in exchange.journal.requests()[0].text
    assert "SECRET" not in repr(exchange.journal.frames)


def test_the_clock_runs_what_is_due_in_order_and_at_its_time() -> None:
    clock = SimulatedClock(start_us=0, frozen=True)
    seen: list[tuple[str, int]] = []
    clock.call_later(2, lambda: seen.append(("b", clock.now_us())))
    clock.call_later(1, lambda: seen.append(("a", clock.now_us())))
    clock.call_later(2, lambda: clock.call_later(1, lambda: seen.append(("c", clock.now_us()))))
    clock.call_later(1.5, lambda: seen.append(("never", 0))).cancel()

    clock.advance(10)

    assert seen == [("a", 1_000_000), ("b", 2_000_000), ("c", 3_000_000)]
    assert clock.now_us() == 10_000_000
    assert clock.next_due_us() is None


def test_the_clock_follows_real_time_until_it_is_frozen() -> None:
    clock = SimulatedClock(start_us=5)
    first = clock.now_us()
    while clock.now_us() == first:
        pass

    clock.freeze()

    frozen = clock.now_us()
    assert frozen > first
    assert clock.now_us() == frozen
    clock.resume()
    while clock.now_us() == frozen:
        pass


def test_a_skewed_clock_keeps_its_timers() -> None:
    clock = SimulatedClock(start_us=0, frozen=True)
    seen: list[int] = []
    clock.call_later(2, lambda: seen.append(clock.now_us()))

    clock.skew(100)
    clock.advance(1)
    assert seen == []
    clock.advance(1)

    assert seen == [102_000_000]


def test_the_clock_goes_back_without_running_anything() -> None:
    clock = SimulatedClock(start_us=10_000_000, frozen=True)
    seen: list[int] = []
    clock.call_later(1, lambda: seen.append(1))

    clock.set_to(0)

    assert clock.now_us() == 0
    assert seen == []
