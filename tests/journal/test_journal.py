"""The order journal: what stands in it before a request is sent, and what becomes of it after a crash."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from callers import WAIT_S, Caller, Flavour, caller_of
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    ClientClosed,
    ConfigurationError,
    JournalHeld,
    NotPlaced,
    NotSent,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    ParameterError,
    Recovered,
    Response,
    WsKey,
)
from binance_wsapi.core import write_ahead
from binance_wsapi.core.call import Call
from binance_wsapi.core.logon import Logon
from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.journal.lock import FileLock
from binance_wsapi.journal.runs import new_run
from binance_wsapi.journal.sqlite import SCHEMA_VERSION, SqliteJournal, prune, read_file, tails_of
from binance_wsapi.protocol import inquiry
from binance_wsapi.protocol.journal_records import IntentRecord, Record
from binance_wsapi.simulator import LimitRules, SimulatedExchange, Window

Connect = Callable[..., Caller]

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
ORDER: dict[str, Any] = {**LIMIT, "quantity": "0.01", "price": "10000"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request can no longer be accepted 1.1 s after it was sent."""
    monkeypatch.setattr(inquiry, "_PROCESSING_US", -4_900_000)
    monkeypatch.setattr(inquiry, "_LAG_S", 0.01)


def entries(caller: Caller, flavour: Flavour, **given: Any) -> Any:
    return caller.call(lambda client: client.journal.orders(**given))


def buy(client: Any) -> Any:
    return client.spot.submit_new_order(**ORDER)


def recovered(caller: Caller) -> list[Recovered]:
    found: list[Recovered] = caller.call(lambda client: client.recover())
    return found


def leave_open(
    connect: Connect, key: Any, path: Path, work: Callable[[Any], Any], **options: Any
) -> None:
    """Let a client end before it knows what became of a call."""
    caller = connect(key, journal=path, on_unknown_outcome="raise", **options)
    with pytest.raises(OutcomeUnknown):
        caller.call(work)
    caller.close()


# Before it is sent


@pytest.mark.parametrize("durability", ["process", "power"])
def test_what_was_sent_stands_there_with_what_became_of_it(
    connect: Connect, path: Path, flavour: Flavour, durability: str
) -> None:
    caller = connect(journal=path, durability=durability)
    order = caller.call(buy).result
    with pytest.raises(OrderNotFound):
        caller.call(lambda client: client.spot.cancel_order(symbol="BTCUSDT", order_id=777))
    caller.close()

    _, found = read_file(path)
    placed, cancelled = found.values()

    assert (placed.method, placed.ws_key, placed.state) == ("order.place", "mainWSAPI", "accepted")
    assert placed.params["newClientOrderId"] == order.client_order_id
    assert abs(placed.sent_us // 1000 - placed.params["timestamp"]) <= 1
    assert str(order.order_id).encode() in (placed.result or b"")
    assert (cancelled.method, cancelled.state) == ("order.cancel", "rejected")
    assert "-2011" in (cancelled.problem or "")


def test_intent_is_there_when_the_exchange_sees_the_request(
    dial: Connect, scripted: ScriptedServer, path: Path
) -> None:
    seen: list[str] = []

    async def looks(peer: Peer, request: dict[str, Any]) -> None:
        seen.extend(entry.request_id for entry in read_file(path)[1].values())
        await peer.refuse(request, -2010, "Account has insufficient balance.")

    scripted.replies["order.place"] = looks
    caller = dial(api_key="k" * 64, api_secret="s" * 64, mute_latency_warning=True, journal=path)

    with pytest.raises(OrderRejected):
        caller.call(buy)

    assert seen == [scripted.seen("order.place")[0]["id"]]


def test_calls_of_one_turn_have_an_entry_each(
    connect: Connect, path: Path, flavour: Flavour
) -> None:
    caller = connect(journal=path)
    caller.call(lambda client: client.connect())

    begun = [caller.begin(buy) for _ in range(50)]
    placed = [each.result(WAIT_S).result.client_order_id for each in begun]
    caller.close()

    _, found = read_file(path)
    assert sorted(placed) == sorted(entry.params["newClientOrderId"] for entry in found.values())
    assert {entry.state for entry in found.values()} == {"accepted"}


def test_reads_leave_no_entry(connect: Connect, path: Path, flavour: Flavour) -> None:
    caller = connect(journal=path)
    caller.call(lambda client: client.spot.get_account_information())

    assert not entries(caller, flavour)


@pytest.mark.parametrize("key_type", ["ed25519", "hmac"])
def test_no_secret_is_written(
    connect: Connect, exchange: SimulatedExchange, path: Path, key_type: Any
) -> None:
    key = exchange.create_account().create_key(key_type)
    caller = connect(key, journal=path, mute_latency_warning=True)
    caller.call(buy)
    written = b"".join(each.read_bytes() for each in path.parent.iterdir())
    caller.close()

    assert b"order.place" in written
    assert key.api_key.encode() not in written
    assert key.api_secret.encode() not in written
    assert b"signature" not in written
    assert b"apiKey" not in written


def test_request_sent_anew_has_an_entry_of_its_own(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    caller = connect(journal=path)
    caller.call(buy)
    exchange.faults.on("order.place").refuse(-1021, "Timestamp for this request is outside.")

    caller.call(buy)
    caller.close()

    _, found = read_file(path)
    assert [entry.state for entry in found.values()] == ["accepted", "rejected", "accepted"]
    _, first, second = found.values()
    assert first.params["newClientOrderId"] == second.params["newClientOrderId"]
    assert first.request_id != second.request_id


def test_call_that_is_held_back_was_not_sent(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    exchange.limits.enabled = True
    caller = connect(journal=path)
    caller.call(buy)
    begun = [caller.begin(buy) for _ in range(80)]
    refused = [each for each in begun if isinstance(each.exception(WAIT_S), NotSent)]
    caller.close()

    _, found = read_file(path)
    assert refused
    states = [entry.state for entry in found.values()]
    assert set(states) == {"accepted", "not sent"}
    assert states.count("accepted") == len(begun) - len(refused) + 1


def test_call_that_ends_while_it_is_written_down_was_not_sent(
    connect: Connect, exchange: SimulatedExchange, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_ended, append = threading.Event(), SqliteJournal.append

    def slow(journal: SqliteJournal, records: Sequence[Record]) -> None:
        if any(isinstance(record, IntentRecord) for record in records):
            assert has_ended.wait(WAIT_S)
        append(journal, records)

    monkeypatch.setattr(SqliteJournal, "append", slow)
    caller = connect(journal=path, durability="power", timeout=0.2)

    with pytest.raises(NotSent):
        caller.call(buy)
    has_ended.set()
    caller.call(buy)
    caller.close()

    _, found = read_file(path)
    assert [entry.state for entry in found.values()] == ["not sent", "accepted"]
    assert len(exchange.journal.requests("order.place")) == 1


def test_calls_that_have_ended_are_not_kept(
    connect: Connect, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the garbage collector looks through the whole program again and again: it took more than the journal."""
    monkeypatch.setattr(write_ahead, "OUTCOMES_LATER_S", 10 * WAIT_S)
    caller = connect(journal=path)
    placed = {caller.call(buy).result.client_order_id for _ in range(3)}
    caller.call(lambda client: client.spot.get_account_information())  # the loop is done with them

    calls = [each for each in gc.get_objects() if isinstance(each, Call)]
    assert placed.isdisjoint(each.client_order_id for each in calls)
    caller.close()
    assert {entry.state for entry in read_file(path)[1].values()} == {"accepted"}


@pytest.mark.parametrize("durability", ["process", "power"])
@pytest.mark.parametrize("is_failing", [False, True])
def test_a_client_shows_what_it_knows_though_it_is_not_written_yet(
    connect: Connect,
    path: Path,
    flavour: Flavour,
    durability: str,
    is_failing: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(write_ahead, "OUTCOMES_LATER_S", 0.001 if is_failing else 10 * WAIT_S)
    append = SqliteJournal.append

    def fails(journal: SqliteJournal, records: Sequence[Record]) -> None:
        if is_failing and not any(isinstance(record, IntentRecord) for record in records):
            raise JournalFailed("database or disk is full")
        append(journal, records)

    monkeypatch.setattr(SqliteJournal, "append", fails)
    caller = connect(journal=path, durability=durability)
    order = caller.call(buy).result

    (entry,) = entries(caller, flavour)

    assert (entry.client_order_id, entry.state) == (order.client_order_id, "accepted")
    assert entry.raw_result["orderId"] == order.order_id
    assert entry.settled_at is None
    assert not entries(caller, flavour, open_only=True)
    assert [each.state for each in read_file(path)[1].values()] == ["open"]


# A journal that fails


class Full:
    """Makes a journal refuse what is written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = True
        self._append = SqliteJournal.append
        full = self

        def append(journal: SqliteJournal, records: Any) -> None:
            if full.is_full:
                raise JournalFailed("database or disk is full")
            full._append(journal, records)

        monkeypatch.setattr(SqliteJournal, "append", append)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Full:
    return Full(monkeypatch)


@pytest.mark.parametrize("durability", ["process", "power"])
def test_what_the_journal_does_not_take_is_not_sent(
    connect: Connect, exchange: SimulatedExchange, path: Path, full: Full, durability: str
) -> None:
    caller = connect(journal=path, durability=durability)

    with pytest.raises(NotSent, match="disk is full") as ended:
        caller.call(buy)
    begun = [caller.begin(buy) for _ in range(5)]
    for each in begun:
        with pytest.raises(NotSent, match="disk is full"):
            each.result(WAIT_S)

    assert ended.value.reason == "journal"
    assert not exchange.journal.requests("order.place")
    full.is_full = False
    assert caller.call(buy).result.order_id


def test_full_disk_is_told_as_such(exchange: SimulatedExchange, path: Path) -> None:
    """A real one, as far as the file may not grow: in a process of its own, whose limit it is."""
    key = exchange.create_account().create_key()
    options = {**exchange.client_options(key), "journal": str(path)}
    program = f"""
import resource, signal
from binance_wsapi import Client, NotSent
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Client(**{options!r}) as client:
    client.spot.submit_new_order(**{ORDER!r})
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
    try:
        while True:
            client.spot.submit_new_order(**{ORDER!r})
    except NotSent as error:
        print(error.reason, error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    client.spot.submit_new_order(**{ORDER!r})
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=6 * WAIT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("journal order.place was not sent: the journal did not take it")
    _, found = read_file(path)
    sent = exchange.journal.requests("order.place")
    assert len([entry for entry in found.values() if entry.state == "accepted"]) == len(sent)


@pytest.mark.parametrize("durability", ["process", "power"])
def test_it_is_sent_all_the_same_where_that_was_chosen(
    connect: Connect, path: Path, full: Full, durability: str, caplog: pytest.LogCaptureFixture
) -> None:
    caller = connect(journal=path, journal_failure="send", durability=durability)

    assert caller.call(buy).result.order_id
    assert caller.call(buy).result.order_id
    caller.close()

    told = [each for each in caplog.records if each.name == "binance_wsapi.journal"]
    assert "disk is full" in told[0].getMessage()


# Whose it is


def test_journal_of_a_live_process_is_refused_with_its_pid(
    exchange: SimulatedExchange, path: Path
) -> None:
    options = {**exchange.client_options(), "journal": str(path)}
    program = f"""
import sys
from binance_wsapi import Client
client = Client(**{options!r})
print("open", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(ConfigurationError, match=f"held by process {other.pid}"):
            caller_of("sync", **options)
        with pytest.raises(ConfigurationError, match=f"held by process {other.pid}"):
            prune(path, 0)
        assert read_file(path)[1] == {}  # reading it is no harm
        other.kill()
    caller_of("sync", **options).close()


def test_second_client_of_the_process_is_refused(connect: Connect, path: Path) -> None:
    caller = connect(journal=path)
    with pytest.raises(ConfigurationError, match="held by this process"):
        connect(journal=path)
    caller.close()

    connect(journal=path)


def test_forked_child_does_not_keep_it(connect: Connect, path: Path) -> None:
    caller = connect(journal=path)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(tell)
        os.read(told, 1)  # until the parent is done
        os._exit(0)
    os.close(told)
    try:
        caller.close()
        connect(journal=path)
    finally:
        os.close(tell)
        os.waitpid(pid, 0)


def forked_unnoticed(work: Callable[[], object]) -> tuple[int, int]:
    """Have a child do something that Python was not told of, and wait; return its number, and what ends it."""
    told, tell = os.pipe()
    done, do = os.pipe()
    pid = ctypes.PyDLL(None).fork()
    if pid == 0:
        try:
            os.close(tell)
            work()
            os.write(do, b"y")
            os.read(told, 1)  # until the parent is done
        finally:
            os._exit(0)
    os.close(told)
    os.close(do)
    said = os.read(done, 1)
    os.close(done)
    assert said == b"y"
    return pid, tell


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_child_that_a_library_forks_does_not_keep_it(path: Path) -> None:
    """It has the descriptor, and no code of Python's has closed it there."""
    lock = FileLock(path)
    pid, end = forked_unnoticed(lambda: None)
    try:
        lock.release()
        FileLock(path).release()
    finally:
        os.close(end)
        os.waitpid(pid, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_child_that_a_library_forks_does_not_release_it(path: Path) -> None:
    lock = FileLock(path)
    pid, end = forked_unnoticed(lock.release)
    try:
        with pytest.raises(JournalHeld, match="held by this process"):
            FileLock(path)
    finally:
        os.close(end)
        os.waitpid(pid, 0)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("fork", ["Python's", "a library's"])
def test_forked_child_neither_writes_into_it_nor_takes_it_away(path: Path, fork: str) -> None:
    run = new_run("key", "")
    journal = SqliteJournal(path, run, is_quick=True, keep_days=None)
    journal.append([])

    def in_child() -> None:
        with pytest.raises(JournalFailed, match=f"process {os.getppid()}"):
            journal.append([])
        journal.close()

    if fork == "Python's":
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                in_child()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    else:
        pid, end = forked_unnoticed(in_child)
        os.close(end)
        os.waitpid(pid, 0)
    with pytest.raises(JournalHeld):
        FileLock(path)
    assert tails_of(path)[0].stat().st_size
    journal.append([])
    journal.close()


def execute(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.write_bytes(b"no database" * 100), "cannot be used"),
        (lambda path: path.mkdir(), "cannot be used"),
        (lambda path: execute(path, "CREATE TABLE mine (x)"), "something else"),
        (
            lambda path: execute(path, f"PRAGMA user_version={SCHEMA_VERSION + 1}"),
            "later version",
        ),
    ],
)
def test_file_that_is_no_journal_is_refused(
    connect: Connect, path: Path, prepare: Callable[[Path], Any], words: str
) -> None:
    prepare(path)

    with pytest.raises(ConfigurationError, match=words):
        connect(journal=path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"journal": ""}, "journal=''"),
        ({"journal": 7}, "journal=7"),
        ({"durability": "disk"}, "durability='disk'"),
        ({"journal_failure": "ignore"}, "journal_failure='ignore'"),
        ({"journal_days": 0}, "journal_days=0"),
        ({"journal": ":memory:"}, "journal=':memory:' cannot be a journal"),
        ({"journal": "file:x.db?mode=ro"}, "use the path of a file, or postgresql://"),
        ({"journal": "redis://user:sesame@host"}, "journal='redis://…'"),
        ({"journal": "/no/such/folder/orders.db"}, "No such file or directory"),
    ],
)
def test_options_that_cannot_work_are_refused(
    connect: Connect, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        connect(**options)


def test_client_without_a_journal_says_so(connect: Connect) -> None:
    caller = connect()
    with pytest.raises(ConfigurationError, match="keeps no journal"):
        recovered(caller)
    with pytest.raises(ConfigurationError, match="keeps no journal"):
        caller.call(lambda client: client.journal)


def test_timeout_that_is_none_is_refused(connect: Connect, path: Path) -> None:
    caller = connect(journal=path)
    with pytest.raises(ParameterError, match="timeout='soon'"):
        caller.call(lambda client: client.recover(timeout="soon"))


# Recovery


def test_order_of_a_client_that_ended_is_found_with_its_fills(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_after_acceptance()
    leave_open(connect, key, path, buy)
    exchange.trade("BTCUSDT", "SELL", "0.004", "10000")

    caller = connect(key, journal=path)
    (found,) = recovered(caller)

    assert (found.state, found.operation) == ("accepted", "order.place")
    assert isinstance(found.response, Response)
    assert found.response.resolved
    (order,) = found.orders
    assert order.status == "PARTIALLY_FILLED"
    assert [str(fill.quantity) for fill in order.missed_fills] == ["0.00400000"]
    assert not recovered(caller)
    assert len(exchange.journal.requests("order.place")) == 1


@pytest.mark.usefixtures("soon")
def test_order_that_never_arrived_is_not_placed(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_before_acceptance()
    leave_open(connect, key, path, buy)

    caller = connect(key, journal=path)
    (found,) = recovered(caller)
    caller.close()

    assert found.state == "not placed"
    assert isinstance(found.error, NotPlaced)
    assert not found.orders
    ((entry),) = read_file(path)[1].values()
    assert entry.state == "not placed"


def test_what_is_not_known_in_time_stays_open(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_before_acceptance()
    leave_open(connect, key, path, buy)

    caller = connect(key, journal=path)
    caller.call(lambda client: client.connect())
    (found,) = caller.call(lambda client: client.recover(timeout=1.0))
    (again,) = caller.call(lambda client: client.recover(timeout=1.0))

    assert (found.state, again.state) == ("open", "open")
    assert isinstance(found.error, OutcomeUnknown)


def test_second_recovery_waits_for_the_first_no_longer_than_its_time(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_before_acceptance()
    leave_open(connect, key, path, buy)
    caller = connect(key, journal=path)
    first = caller.begin(lambda client: client.recover())
    exchange.journal.wait_for(lambda frame: frame.method == "order.status")

    with pytest.raises(NotSent, match=r"another recovery had not ended within 0\.2 s") as ended:
        caller.call(lambda client: client.recover(timeout=0.2))

    assert ended.value.reason == "deadline"
    caller.close()
    with pytest.raises(ClientClosed):
        first.result(WAIT_S)


@pytest.mark.usefixtures("soon")
def test_scarce_weight_settles_some_and_a_second_look_the_rest(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    """Each of twenty takes 48 to be told as not placed: shared out among all, 200 would do for none."""
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").unknown_outcome(executed=False, times=20)
    caller = connect(key, journal=path, on_unknown_outcome="raise")
    for _ in range(20):
        with pytest.raises(OutcomeUnknown):
            caller.call(buy)
    caller.close()
    exchange.clock.advance(10)  # none can be accepted any more
    exchange.limits.set_rules(LimitRules(weight=Window("MINUTE", 1, 200)))
    exchange.limits.enabled = True

    caller = connect(key, journal=path)
    first = caller.begin(lambda client: client.recover(timeout=4.0)).result(4.0 + WAIT_S)
    caller.close()
    exchange.limits.set_rules(LimitRules())
    caller = connect(key, journal=path)
    second = recovered(caller)

    states = [each.state for each in first]
    assert (set(states), len(states)) == ({"not placed", "open"}, 20)
    assert [each.state for each in second] == ["not placed"] * states.count("open")
    assert not recovered(caller)


@pytest.mark.usefixtures("soon")
def test_recovery_waits_until_a_limit_lets_it_read_the_clock(
    connect: Connect, exchange: SimulatedExchange, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_after_acceptance()
    leave_open(connect, key, path, buy)
    caller = connect(key, journal=path)
    caller.call(lambda client: client.connect())
    measure, held_back = Logon.measure_clock, [0.01, 0.01]

    async def measured(logon: Logon, link: Any) -> None:
        if held_back:
            problem = "time was not sent: limit REQUEST_WEIGHT"
            raise NotSent(problem, operation="time", reason="limits", retry_after=held_back.pop())
        await measure(logon, link)

    monkeypatch.setattr(Logon, "measure_clock", measured)

    (found,) = recovered(caller)

    assert found.state == "accepted"
    assert not held_back


def test_orders_of_other_keys_are_left_alone(
    connect: Connect, exchange: SimulatedExchange, path: Path, flavour: Flavour
) -> None:
    exchange.faults.on("order.place").drop_after_acceptance()
    leave_open(connect, exchange.create_account().create_key(), path, buy)

    caller = connect(journal=path)

    assert not recovered(caller)
    (entry,) = entries(caller, flavour, open_only=True)
    assert entry.operation == "order.place"
    assert entry.ws_key is WsKey.MAIN_WSAPI


def test_exchange_out_of_reach_settles_nothing(
    connect: Connect, exchange: SimulatedExchange, path: Path, flavour: Flavour
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_after_acceptance()
    leave_open(connect, key, path, buy)
    exchange.faults.refuse_handshakes(503, times=None)

    caller = connect(key, journal=path, timeout=0.3)
    with pytest.raises(NotSent):
        recovered(caller)
    assert entries(caller, flavour, open_only=True)
    caller.close()
    exchange.faults.clear()

    (found,) = recovered(connect(key, journal=path))
    assert found.state == "accepted"


@pytest.mark.parametrize(
    "fail",
    [
        lambda rule: rule.refuse(-1100, "Illegal characters found.", times=None),
        lambda rule: rule.drop_before_acceptance(times=None),
    ],
    ids=["refused", "not answered"],
)
def test_clock_that_cannot_be_read_settles_nothing(
    connect: Connect,
    exchange: SimulatedExchange,
    path: Path,
    flavour: Flavour,
    fail: Callable[[Any], Any],
) -> None:
    """What the fence stands on is measured, or nothing is said."""
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_before_acceptance()
    leave_open(connect, key, path, buy)
    caller = connect(key, journal=path)
    caller.call(lambda client: client.connect())
    fail(exchange.faults.on("time"))

    with pytest.raises(NotSent, match="the exchange's clock could not be read"):
        recovered(caller)

    assert entries(caller, flavour, open_only=True)


def spot_order(client: Any, method: str, **given: Any) -> Any:
    return client.request(WsKey.MAIN_WSAPI, method, {"symbol": "BTCUSDT", **given})


def usdm_order(client: Any, method: str, **given: Any) -> Any:
    return client.request(WsKey.USDM_WSAPI, method, {"symbol": "BTCUSDT", **given})


def coinm_order(client: Any, method: str, **given: Any) -> Any:
    return client.request(WsKey.COINM_WSAPI, method, {"symbol": "BTCUSD_PERP", **given})


WIRE = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "10000"}
OCO = {
    "side": "SELL",
    "quantity": "0.01",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "90000",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "5000",
}
ALGO = {
    "algoType": "CONDITIONAL",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.02",
    "triggerPrice": "5000",
}

Kind = tuple[Callable[..., Any], str, dict[str, Any] | None, dict[str, Any], str]
KINDS: dict[str, Kind] = {
    "cancel": (
        spot_order,
        "order.cancel",
        {**WIRE, "quantity": "0.01"},
        {"orderId": 1},
        "accepted",
    ),
    "cancel all": (
        spot_order,
        "openOrders.cancelAll",
        {**WIRE, "quantity": "0.01"},
        {},
        "accepted",
    ),
    "cancel-replace": (
        spot_order,
        "order.cancelReplace",
        {**WIRE, "quantity": "0.01"},
        {**WIRE, "quantity": "0.01", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1},
        "accepted",
    ),
    "amend": (
        spot_order,
        "order.amend.keepPriority",
        {**WIRE, "quantity": "0.01"},
        {"orderId": 1, "newQty": "0.005"},
        "accepted",
    ),
    "list": (spot_order, "orderList.place.oco", None, OCO, "accepted"),
    "USD-M order": (usdm_order, "order.place", None, {**WIRE, "quantity": "0.02"}, "accepted"),
    "USD-M cancel": (
        usdm_order,
        "order.cancel",
        {**WIRE, "quantity": "0.02"},
        {"orderId": 1},
        "accepted",
    ),
    "USD-M modify": (
        usdm_order,
        "order.modify",
        {**WIRE, "quantity": "0.02"},
        {"side": "BUY", "quantity": "0.02", "price": "9000", "orderId": 1},
        "accepted",
    ),
    "USD-M algo order": (usdm_order, "algoOrder.place", None, ALGO, "accepted"),
    "COIN-M order": (coinm_order, "order.place", None, {**WIRE, "quantity": "1"}, "accepted"),
}


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_change_is_recovered(
    connect: Connect, exchange: SimulatedExchange, path: Path, name: str
) -> None:
    ask, method, first, given, state = KINDS[name]
    key = exchange.create_account().create_key()
    given = dict(given)
    if first is not None:
        before = connect(key)
        made = before.call(lambda client: ask(client, "order.place", **first)).raw["result"]
        before.close()
        for wire in ("orderId", "cancelOrderId"):
            if wire in given:
                given[wire] = made["orderId"]
    exchange.faults.on(method).drop_after_acceptance()
    leave_open(connect, key, path, lambda client: ask(client, method, **given))

    caller = connect(key, journal=path)
    (found,) = recovered(caller)

    assert (found.operation, found.state) == (method, state), found.error
    assert not recovered(caller)
    if state == "accepted":
        assert all(order.problem is None and order.raw_order for order in found.orders)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("executed", "state"), [(True, "accepted"), (False, "not placed")])
@pytest.mark.parametrize(
    ("ask", "quantity"), [(usdm_order, "0.02"), (coinm_order, "1")], ids=["USD-M", "COIN-M"]
)
def test_modification_of_an_order_that_changed_since_is_recovered(
    connect: Connect,
    exchange: SimulatedExchange,
    path: Path,
    ask: Callable[..., Any],
    quantity: str,
    executed: bool,
    state: str,
) -> None:
    """It was placed right before, and moved by another client right behind: its changes tell."""
    key = exchange.create_account().create_key()
    other = connect(key)
    terms = {"side": "BUY", "quantity": quantity}
    made = other.call(lambda client: ask(client, "order.place", **{**WIRE, **terms})).raw["result"]
    terms["orderId"] = made["orderId"]
    exchange.faults.on("order.modify").unknown_outcome(executed=executed)
    leave_open(
        connect, key, path, lambda client: ask(client, "order.modify", **terms, price="9000")
    )
    other.call(lambda client: ask(client, "order.modify", **terms, price="8000"))

    (found,) = recovered(connect(key, journal=path))

    assert (found.operation, found.state) == ("order.modify", state), found.error
    assert [order.raw_order["price"][:4] for order in found.orders if order.raw_order] == [
        "8000" for _ in range(executed)
    ]


@pytest.mark.usefixtures("soon")
def test_journal_says_why_an_outcome_stays_unknown(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("algoOrder.place").drop_before_acceptance()
    leave_open(connect, key, path, lambda client: usdm_order(client, "algoOrder.place", **ALGO))

    caller = connect(key, journal=path)
    (found,) = recovered(caller)
    caller.close()

    (entry,) = read_file(path)[1].values()
    assert (found.state, entry.state) == ("unknown", "unknown")
    assert "REST shows none under its client id" in (entry.problem or "")


@pytest.mark.usefixtures("soon")
def test_repeated_client_order_id_is_not_taken_for_the_order_before(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    """The journal knows whose the order is that goes by the id."""
    key = exchange.create_account().create_key()
    caller = connect(key, journal=path, on_unknown_outcome="raise")
    named = {**ORDER, "new_client_order_id": "mine"}
    first = caller.call(lambda client: client.spot.submit_new_order(**named)).result
    exchange.trade("BTCUSDT", "SELL", "0.01", "10000")  # it ends: its id is free
    exchange.faults.on("order.place").drop_before_acceptance()
    with pytest.raises(OutcomeUnknown):
        caller.call(lambda client: client.spot.submit_new_order(**named))
    caller.close()

    (found,) = recovered(connect(key, journal=path))

    assert first.order_id not in [order.order_id for order in found.orders]
    assert found.state == "not placed"


@pytest.mark.usefixtures("soon")
def test_repeated_client_order_id_is_not_taken_for_an_order_of_another_connection(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    """Nothing is open on that one, but it leads to the same exchange."""
    key = exchange.create_account().create_key()
    caller = connect(key, journal=path, on_unknown_outcome="raise")
    named = {**ORDER, "new_client_order_id": "mine"}
    exchange.faults.on("order.place").drop_before_acceptance()
    with pytest.raises(OutcomeUnknown):
        caller.call(lambda client: client.spot.submit_new_order(**named))
    second = caller.call(
        lambda client: client.spot.using(WsKey.MAIN_WSAPI2).submit_new_order(**named)
    ).result
    caller.close()

    (found,) = recovered(connect(key, journal=path))

    assert second.order_id not in [order.order_id for order in found.orders]
    assert found.state == "not placed"


@pytest.mark.usefixtures("soon")
def test_order_ids_that_begin_anew_are_of_other_orders(connect: Connect, path: Path) -> None:
    """As on a testnet that is set up anew: the journal knows an order of the same id, which was another request's."""
    ids: list[int] = []
    for is_anew in (False, True):
        with SimulatedExchange(seed=7) as exchange:
            options = exchange.client_options(exchange.create_account().create_key())
            if is_anew:
                exchange.clock.advance(60)  # it takes a while to set it up
                exchange.faults.on("order.place").drop_after_acceptance()
                leave_open(connect, None, path, buy, **options)
                (found,) = recovered(connect(journal=path, **options))
                ids.extend(order.order_id for order in found.orders)
            else:
                caller = connect(journal=path, **options)
                ids.append(caller.call(buy).result.order_id)
                caller.close()

    assert found.state == "accepted"
    assert ids[0] == ids[1]


# What the file outlives


def test_torn_last_record_is_survived(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    options = {**exchange.client_options(key), "journal": str(path)}
    program = f"""
import os, signal
from binance_wsapi import Client
client = Client(**{options!r})
for _ in range(3):
    client.spot.submit_new_order(**{ORDER!r})
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], timeout=6 * WAIT_S, check=False)
    appended = tails_of(path)[0]
    appended.write_bytes(appended.read_bytes()[:-10])
    left = len(read_file(path)[1])

    caller = connect(key, journal=path)
    found = recovered(caller)
    caller.call(buy)
    caller.close()

    assert [each.state for each in found] == ["accepted"] * len(found)
    assert len(read_file(path)[1]) == left + 1


def test_settled_entries_go_with_time_and_open_ones_stay(
    connect: Connect, exchange: SimulatedExchange, path: Path
) -> None:
    key = exchange.create_account().create_key()
    caller = connect(key, journal=path)
    caller.call(buy)
    caller.close()
    exchange.faults.on("order.place").drop_after_acceptance()
    leave_open(connect, key, path, buy)
    (_, left) = read_file(path)[1].values()

    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE records SET at_us = at_us - 40 * 86400000000")
    caller = connect(key, journal=path)
    kept = read_file(path)[1]
    (found,) = recovered(caller)

    assert list(kept) == [left.key]
    assert kept[left.key].params == left.params
    assert kept[left.key].request_id == left.request_id
    assert found.state == "accepted"
    assert not recovered(caller)


def test_journal_may_be_read_while_it_is_written(
    connect: Connect, path: Path, flavour: Flavour
) -> None:
    caller = connect(journal=path)
    for count in range(1, 4):
        caller.call(buy)
        assert len(read_file(path)[1]) == count
    caller.close()


def test_much_that_was_appended_is_folded_in(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, path: Path
) -> None:
    monkeypatch.setattr("binance_wsapi.journal.sqlite.FOLD_EVERY", 5)
    caller = connect(journal=path)
    for _ in range(30):
        caller.call(buy)
    caller.close()

    assert len(read_file(path)[1]) == 30
