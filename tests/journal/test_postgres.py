"""The order journal in PostgreSQL: one leader an account, fenced off once it has lost its lease."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from callers import WAIT_S, Caller
from click.testing import CliRunner
from msgspec import Raw
from postgres_server import PostgresServer, needs_postgres

from binance_wsapi import (
    ConfigurationError,
    JournalHeld,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    Recovered,
)
from binance_wsapi.cli.program import program
from binance_wsapi.core.write_ahead import JournalFailed, JournalLost
from binance_wsapi.journal import postgres as engine
from binance_wsapi.journal import runs
from binance_wsapi.journal.postgres import PostgresJournal, prune_database, read_database
from binance_wsapi.journal.runs import new_run
from binance_wsapi.protocol import inquiry
from binance_wsapi.protocol.journal_records import IntentRecord, OutcomeRecord, Record, account_of
from binance_wsapi.simulator import SimulatedExchange

pytestmark = needs_postgres

Connect = Callable[..., Caller]
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "quantity": "0.01",
    "price": "10000",
}
DAY_US = 86_400_000_000


@pytest.fixture(autouse=True)
def _nothing_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease runs out when a test says so, however slow the machine is."""
    monkeypatch.setattr(engine, "LEASE_S", 3600.0)
    monkeypatch.setattr(engine, "RENEW_S", 900.0)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """A database of the test's own: exchanges of different tests give out the same keys."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def own() -> Iterator[PostgresServer]:
    """A server of the test's own, which it may stop."""
    with PostgresServer() as server:
        yield server


def told(url: str, sql: str, *params: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        asked = connection.execute(sql.encode(), params or None)
        return asked.fetchall() if asked.description else []


def run_out(url: str, key: Any) -> None:
    """Let the lease of an account run out, as it does when its holder is gone."""
    told(
        url,
        "UPDATE binance_wsapi_journal.leases SET expires_at = clock_timestamp() WHERE account = %s",
        account_of(key.api_key),
    )


def buy(client: Any) -> Any:
    return client.spot.submit_new_order(**ORDER)


def recovered(caller: Caller) -> list[Recovered]:
    found: list[Recovered] = caller.call(lambda client: client.recover())
    return found


def states(url: str, key: Any) -> list[str]:
    return [entry.state for entry in read_database(url, account_of(key.api_key))[1].values()]


def journal_of(url: str, key: str, **given: Any) -> PostgresJournal:
    defaults: dict[str, Any] = {"is_synced": False, "keep_days": None}
    return PostgresJournal(url, new_run(key, "w-"), **{**defaults, **given})


def an_intent(number: int) -> IntentRecord:
    request = b'{"id":"r%d","method":"order.place","params":{}}' % number
    return IntentRecord(number, "mainWSAPI", 1, 0.0, Raw(request))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_forked_child_neither_writes_into_it_nor_gives_it_back(url: str) -> None:
    journal = journal_of(url, "a key")
    journal.append([an_intent(1)])
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            with pytest.raises(JournalFailed, match=f"process {os.getppid()}"):
                journal.append([an_intent(2)])
            journal.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0

    journal.append([an_intent(3)])
    with pytest.raises(ConfigurationError, match="held by"):
        journal_of(url, "a key")
    journal.close()


# What stands there


@pytest.mark.parametrize("durability", ["process", "power"])
def test_what_was_sent_stands_there_with_what_became_of_it(
    connect: Connect, exchange: SimulatedExchange, url: str, durability: str
) -> None:
    key = exchange.create_account().create_key()
    caller = connect(key, journal=url, durability=durability)
    begun = [caller.begin(buy) for _ in range(20)]
    placed = [each.result(3 * WAIT_S).result.client_order_id for each in begun]
    caller.close()

    _, found = read_database(url, account_of(key.api_key))
    assert sorted(placed) == sorted(entry.params["newClientOrderId"] for entry in found.values())
    assert {entry.state for entry in found.values()} == {"accepted"}


def test_intent_is_committed_when_the_exchange_sees_the_request(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    key = exchange.create_account().create_key()
    exchange.faults.on("order.place").drop_before_acceptance()
    caller = connect(key, journal=url, on_unknown_outcome="raise")

    with pytest.raises(OutcomeUnknown):
        caller.call(buy)

    assert states(url, key) == ["open"]


@pytest.mark.parametrize("durability", ["process", "power"])
def test_durability_is_what_the_session_has(url: str, durability: str) -> None:
    journal = journal_of(url, f"k{durability}", is_synced=durability == "power")
    try:
        ((level,),) = journal._writer.ask("SHOW synchronous_commit")
        assert level == {"process": "off", "power": "on"}[durability]
    finally:
        journal.close()


@pytest.mark.parametrize("key_type", ["ed25519", "hmac"])
def test_no_secret_is_written(
    connect: Connect, exchange: SimulatedExchange, url: str, key_type: Any
) -> None:
    key = exchange.create_account().create_key(key_type)
    caller = connect(key, journal=url, mute_latency_warning=True)
    caller.call(buy)
    caller.close()

    rows = [
        told(url, f"SELECT * FROM binance_wsapi_journal.{table}")
        for table in ("leases", "runs", "records")
    ]
    written = repr(rows)
    assert "order.place" in written
    for secret in (key.api_key, key.api_secret, "signature", "apiKey"):
        assert secret not in written


# Whose it is


def test_journal_of_a_live_client_is_refused_with_who_has_it(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    key = exchange.create_account().create_key()
    caller = connect(key, journal=url)

    with pytest.raises(JournalHeld, match=r"held by process \d+ on ") as refused:
        connect(key, journal=url)
    assert refused.value.retry_after
    assert "sesame" not in str(refused.value)
    assert caller.call(buy).result.order_id
    caller.close()

    connect(key, journal=url)


def test_accounts_have_journals_of_their_own(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    keys = [exchange.create_account().create_key() for _ in range(2)]
    callers = [connect(key, journal=url) for key in keys]
    for caller in callers:
        caller.call(buy)

    for caller in callers:
        assert len(caller.call(lambda client: client.journal.orders())) == 1


@pytest.mark.parametrize("journal_failure", ["raise", "send"])
def test_holder_that_lost_its_lease_sends_no_order(
    connect: Connect, exchange: SimulatedExchange, url: str, journal_failure: str
) -> None:
    key = exchange.create_account().create_key()
    first = connect(key, journal=url, journal_failure=journal_failure)
    first.call(buy)
    run_out(url, key)
    second = connect(key, journal=url)
    sent = len(exchange.journal.requests("order.place"))

    for _ in range(2):
        with pytest.raises(NotSent, match="another client of the account took") as ended:
            first.call(buy)
        assert ended.value.reason == "journal lost"
    first.close()

    assert len(exchange.journal.requests("order.place")) == sent
    assert second.call(buy).result.order_id
    with pytest.raises(JournalHeld):  # the first one's end did not give it away
        connect(key, journal=url)


def test_lease_that_ran_out_is_kept_while_nobody_takes_it(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    key = exchange.create_account().create_key()
    caller = connect(key, journal=url)
    run_out(url, key)

    assert caller.call(buy).result.order_id


def test_lease_is_renewed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "RENEW_S", 0.01)
    renewed = threading.Event()
    renews = PostgresJournal._renewed

    def tells(journal: PostgresJournal) -> bool:
        done = renews(journal)
        renewed.set()
        return done

    monkeypatch.setattr(PostgresJournal, "_renewed", tells)
    journal = journal_of(url, "renews")
    told(url, "UPDATE binance_wsapi_journal.leases SET expires_at = '2000-01-01'")
    for _ in range(2):  # the first one may have been under way
        renewed.clear()
        assert renewed.wait(WAIT_S)
    ((left,),) = told(
        url,
        "SELECT expires_at > clock_timestamp() FROM binance_wsapi_journal.leases WHERE account = %s",
        account_of("renews"),
    )
    journal.close()

    assert left


def test_nobody_takes_over_in_the_midst_of_an_insert(url: str) -> None:
    """Whoever takes over sees every intent of the one before."""
    journal = journal_of(url, "midst")
    told(url, "UPDATE binance_wsapi_journal.leases SET expires_at = clock_timestamp()")
    row = (account_of("midst"), journal._token, 1, journal.run.number, 1, b"[]")
    take = (account_of("midst"), 7, "host", 1, 10.0)
    with (
        psycopg.connect(url) as inserting,
        psycopg.connect(url, autocommit=True) as taking,
    ):
        assert inserting.execute(engine._APPEND.encode(), row).fetchall()
        taking.execute(b"SET lock_timeout = 50")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            taking.execute(engine._TAKE.encode(), take)
        inserting.commit()
        assert taking.execute(engine._TAKE.encode(), take).fetchall() == [(7,)]

    with pytest.raises(JournalLost):
        journal.append([an_intent(1)])
    journal.close()


# A server that is away


@pytest.mark.parametrize("how", ["stop", "halt"])
def test_order_is_not_sent_while_the_server_is_away(
    connect: Connect, exchange: SimulatedExchange, own: PostgresServer, how: str
) -> None:
    caller = connect(journal=own.url)
    assert caller.call(buy).result.order_id
    sent = len(exchange.journal.requests("order.place"))

    getattr(own, how)()
    begun = [caller.begin(buy) for _ in range(3)]
    for each in begun:
        with pytest.raises(NotSent, match=r"the journal|limit, its signature") as ended:
            each.result(6 * WAIT_S)
        assert "sesame" not in str(ended.value)
    assert len(exchange.journal.requests("order.place")) == sent
    assert caller.call(lambda client: client.spot.test_connectivity())  # nothing else is held up
    own.start() if how == "stop" else own.go_on()

    for _ in range(5):  # a connection that ended meanwhile is noticed by the one who uses it
        with contextlib.suppress(NotSent):
            assert caller.call(buy).result.order_id
            break
    else:
        pytest.fail("the journal did not come back")


def test_client_goes_on_when_its_server_is_back_though_its_lease_may_have_run_out(
    connect: Connect, own: PostgresServer
) -> None:
    caller = connect(journal=own.url)
    own.stop()
    caller.client._core.write_ahead.journal._sure_until = 0.0  # type: ignore[union-attr]
    with pytest.raises(NotSent) as ended:
        caller.call(buy)
    own.start()

    assert ended.value.reason == "journal"
    assert caller.call(buy).result.order_id


def test_outcome_that_the_server_did_not_take_is_written_when_it_is_back(
    connect: Connect,
    exchange: SimulatedExchange,
    own: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_away, has_failed, is_written = (threading.Event() for _ in range(3))
    append = PostgresJournal.append

    def told(journal: PostgresJournal, records: Sequence[Record]) -> None:
        if any(isinstance(record, IntentRecord) for record in records):
            append(journal, records)
            return
        assert is_away.wait(6 * WAIT_S)
        try:
            append(journal, records)
        except JournalFailed:
            has_failed.set()
            raise
        is_written.set()

    monkeypatch.setattr(PostgresJournal, "append", told)
    key = exchange.create_account().create_key()
    caller = connect(key, journal=own.url)
    caller.call(buy)
    own.stop()
    is_away.set()
    assert has_failed.wait(WAIT_S)
    own.start()

    assert is_written.wait(3 * WAIT_S)
    assert states(own.url, key) == ["accepted"]


def test_no_answer_is_waited_for_without_end(own: PostgresServer) -> None:
    journal = journal_of(own.url, "waits")
    journal.append([an_intent(1)])
    own.halt()
    with ThreadPoolExecutor(1) as threads:
        appended = threads.submit(journal.append, [an_intent(2)])
        try:
            with pytest.raises(JournalFailed, match="no answer in time"):
                appended.result(6 * WAIT_S)
        finally:
            own.go_on()
    journal.append([an_intent(3)])
    journal.close()


def test_it_is_sent_unjournalled_where_that_was_chosen_while_the_lease_is_sure(
    connect: Connect, exchange: SimulatedExchange, own: PostgresServer
) -> None:
    caller = connect(journal=own.url, journal_failure="send")
    own.stop()

    assert caller.call(buy).result.order_id
    caller.client._core.write_ahead.journal._sure_until = 0.0  # type: ignore[union-attr]
    with pytest.raises(NotSent, match="is not known until the server is back") as ended:
        caller.call(buy)
    assert ended.value.reason == "journal"


def test_server_that_is_away_at_the_beginning_is_told(
    connect: Connect, postgres: PostgresServer
) -> None:
    nobody = postgres.url.replace(f":{postgres.port}", ":1")

    with pytest.raises(ConfigurationError, match=r"127.0.0.1:1/postgres") as refused:
        connect(journal=nobody)
    assert "sesame" not in str(refused.value)


def test_opening_has_one_time_for_all_its_questions(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would be answered in its own time."""
    with monkeypatch.context() as patch:
        patch.setattr(engine, "OPENING_S", 0.0)
        with pytest.raises(ConfigurationError, match="no answer in time"):
            journal_of(url, "opens")

    journal_of(url, "opens").close()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda url: url.replace("sesame", "wrong"), "password authentication failed"),
        (lambda url: url.replace("sesame", "%zz"), "can be read"),
        (lambda url: f"{url}?nonsense=1", "can be read"),
    ],
)
def test_url_that_cannot_work_is_refused(
    connect: Connect, url: str, given: Callable[[str], str], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        connect(journal=given(url))
    for secret in ("sesame", "wrong", "%zz"):
        assert secret not in str(refused.value)


def test_missing_driver_is_told(
    connect: Connect, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "binance_wsapi.journal.postgres")
    monkeypatch.delitem(sys.modules, "binance_wsapi.journal.postgres_link")
    monkeypatch.delattr("binance_wsapi.journal.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'binance-wsapi\[postgres\]'"):
        connect(journal=url)


def test_url_is_not_shown(connect: Connect, url: str) -> None:
    assert "sesame" not in repr(connect(journal=url).client._runtime.options)


# Recovery


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request can no longer be accepted 1.1 s after it was sent."""
    monkeypatch.setattr(inquiry, "_PROCESSING_US", -4_900_000)
    monkeypatch.setattr(inquiry, "_LAG_S", 0.01)


def test_journal_that_is_not_read_in_time_settles_nothing(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    caller = connect(journal=url)

    with psycopg.connect(url) as others:
        others.execute("LOCK TABLE binance_wsapi_journal.runs IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(NotSent, match=r"could not be read within 0\.2 s") as ended:
            caller.call(lambda client: client.recover(timeout=0.2))

    assert ended.value.reason == "deadline"
    assert not recovered(caller)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("fault", ["drop_after_acceptance", "drop_before_acceptance"])
def test_orders_of_another_host_are_found_out(
    connect: Connect,
    exchange: SimulatedExchange,
    url: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = exchange.create_account().create_key()
    first = connect(key, journal=url, on_unknown_outcome="raise")
    getattr(exchange.faults.on("order.place"), fault)()
    with pytest.raises(OutcomeUnknown):
        first.call(buy)
    run_out(url, key)
    monkeypatch.setattr(runs, "_boot", lambda: "another machine")

    second = connect(key, journal=url)
    (found,) = recovered(second)

    if fault == "drop_after_acceptance":
        assert found.state == "accepted"
        assert [order.status for order in found.orders] == ["NEW"]
    else:
        assert found.state == "not placed"
        assert isinstance(found.error, NotPlaced)
    assert not recovered(second)
    assert len(exchange.journal.requests("order.place")) == 1


# The database


def test_clients_that_begin_together_make_the_tables_once(url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda n: journal_of(url, f"k{n}"), range(4)))

    assert told(url, "SELECT * FROM binance_wsapi_journal.version") == [(engine.SCHEMA_VERSION,)]
    for journal in opened:
        journal.close()


def test_earlier_schema_is_migrated(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = journal_of(url, "k")
    journal.append([an_intent(1)])
    journal.close()
    step = "ALTER TABLE binance_wsapi_journal.runs ADD COLUMN later text"
    monkeypatch.setattr(engine, "SCHEMA_VERSION", engine.SCHEMA_VERSION + 1)
    monkeypatch.setitem(engine._STEPS, engine.SCHEMA_VERSION - 1, step)

    journal_of(url, "k").close()

    assert told(url, "SELECT later FROM binance_wsapi_journal.runs") == [(None,), (None,)]
    assert len(read_database(url)[1]) == 1


def test_later_schema_is_refused(connect: Connect, url: str) -> None:
    journal_of(url, "k").close()
    told(url, "UPDATE binance_wsapi_journal.version SET version = 99")

    with pytest.raises(ConfigurationError, match="later version"):
        connect(journal=url)
    with pytest.raises(JournalFailed, match="later version"):
        read_database(url)


def test_row_that_failed_does_not_stand_in_the_way(url: str) -> None:
    """Its commit may have gone through although nobody heard of it."""
    journal = journal_of(url, "ways")
    row = (account_of("ways"), journal._token, journal._next, journal.run.number, 1, b"[]")
    told(url, engine._APPEND, *row)

    with pytest.raises(JournalFailed, match="duplicate key"):
        journal.append([an_intent(1)])
    journal.append([an_intent(2)])
    journal.close()

    assert [number for _, number in read_database(url, account_of("ways"))[1]] == [2]


def test_old_entries_go_and_open_ones_stay(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned = threading.Event()
    prunes = engine.prune_database

    def tells(*given: Any) -> int:
        count = prunes(*given)
        pruned.set()
        return count

    journal = journal_of(url, "prunes")
    for number in range(1, 4):
        journal.append([an_intent(number)])
    journal.append([OutcomeRecord(1, journal.run.number, "accepted", 1, Raw(b"{}"))])
    journal.close()
    told(
        url,
        "UPDATE binance_wsapi_journal.records SET at_us = at_us - %s WHERE account = %s AND number < 4",
        40 * DAY_US,
        account_of("prunes"),
    )
    monkeypatch.setattr(engine, "prune_database", tells)
    monkeypatch.setattr(engine, "RENEW_S", 0.01)

    journal = journal_of(url, "prunes", keep_days=30.0)  # it does so while it lives
    assert pruned.wait(6 * WAIT_S)
    _, found = journal.read()
    journal.close()

    assert [(number, entry.state) for (_, number), entry in found.items()] == [
        (2, "open"),
        (3, "open"),
    ]
    assert prune_database(url, 2**60, account_of("prunes")) == 0


def test_commands_read_and_prune_a_database(
    connect: Connect, exchange: SimulatedExchange, url: str
) -> None:
    key = exchange.create_account().create_key()
    caller = connect(key, journal=url)
    caller.call(buy)
    caller.close()

    shown = CliRunner().invoke(program, ["journal", "show", url, "--json"])
    pruned = CliRunner().invoke(program, ["journal", "prune", url, "--days", "0"])
    nothing = CliRunner().invoke(program, ["journal", "show", url, "--json"])
    wrong = CliRunner().invoke(program, ["journal", "show", f"{url}none"])

    assert '"order.place"' in shown.output
    assert pruned.output == "1 deleted\n"
    assert nothing.output == ""
    assert wrong.exit_code == 1
    assert "does not exist" in wrong.output
    assert "sesame" not in wrong.output
