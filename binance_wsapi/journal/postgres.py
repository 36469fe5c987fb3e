"""A journal in PostgreSQL: for the orders of a process on another host, and for one leader an account.

Who has the journal of an account holds a *lease*: a row with a *token* that another client replaces when it
takes over. An intent is inserted by the statement that finds the token unchanged and keeps it so until the
insert is committed: whoever takes over sees every intent of its predecessor, and no later one can follow.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from binance_wsapi.core.write_ahead import JournalFailed, JournalLost, JournalUnsure
from binance_wsapi.errors import ConfigurationError, JournalHeld
from binance_wsapi.forks import ends_at_fork
from binance_wsapi.journal.postgres_link import ANSWER_S, PostgresLink, name_of
from binance_wsapi.journal.pruning import DAY_US, left_open
from binance_wsapi.journal.runs import expect_process
from binance_wsapi.protocol.journal_records import (
    Entry,
    EntryKey,
    JournalRow,
    Record,
    Run,
    encoded,
    entries,
)

__all__ = ["LEASE_S", "SCHEMA_VERSION", "PostgresJournal", "prune_database", "read_database"]

log = logging.getLogger("binance_wsapi.journal")

LEASE_S = 10.0
"""How long a lease lasts without being renewed, by the database's clock."""

OPENING_S = 10.0
"""How long opening may take: some ten questions, and twenty where the tables are to be made."""

RENEW_S = 2.5
PRUNE_EVERY_S = 3600.0
READ_S = 60.0
"""How long reading everything may take."""

AT_ONCE = 1000
"""Rows that are fetched in one go."""

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE binance_wsapi_journal.leases (
    account text PRIMARY KEY, token bigint NOT NULL, host text NOT NULL, pid integer NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE TABLE binance_wsapi_journal.runs (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, began_us bigint NOT NULL,
    pid integer NOT NULL, host text NOT NULL, boot text NOT NULL, id_prefix text NOT NULL
);
CREATE TABLE binance_wsapi_journal.records (
    account text NOT NULL, number bigint NOT NULL, run bigint NOT NULL, at_us bigint NOT NULL,
    data bytea NOT NULL, PRIMARY KEY (account, number)
);
"""
_STEPS: dict[int, str] = {0: _SCHEMA}
"""What leads from a version to the next."""

_MIGRATING = 0x62696E616E6365
"""The number of the lock that is held meanwhile."""

_TAKE = """
INSERT INTO binance_wsapi_journal.leases AS held
VALUES (%s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (account) DO UPDATE SET
    token = excluded.token, host = excluded.host, pid = excluded.pid, expires_at = excluded.expires_at
WHERE held.expires_at <= clock_timestamp()
RETURNING token
"""
_HOLDER = """
SELECT host, pid, extract(epoch FROM expires_at - clock_timestamp())::float8
FROM binance_wsapi_journal.leases WHERE account = %s
"""
_RENEW = """
UPDATE binance_wsapi_journal.leases SET expires_at = clock_timestamp() + make_interval(secs => %s)
WHERE account = %s AND token = %s RETURNING token
"""
_APPEND = """
WITH held AS (
    SELECT account FROM binance_wsapi_journal.leases WHERE account = %s AND token = %s FOR SHARE
)
INSERT INTO binance_wsapi_journal.records SELECT account, %s, %s, %s, %s FROM held RETURNING number
"""
_REGISTER = """
INSERT INTO binance_wsapi_journal.runs (account, began_us, pid, host, boot, id_prefix)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING run
"""
_ROWS = """
SELECT number, run, at_us, data FROM binance_wsapi_journal.records
WHERE account = %s AND number >= %s AND number < %s ORDER BY number LIMIT %s
"""
_NEVER = 2**62


class PostgresJournal:
    """One client's journal in a database.

    ``"process"`` durability: when :meth:`append` returns, the server has committed it, and writes it to its
    disk within a second (``synchronous_commit=off``): it survives this process and this machine, not always
    the end of the server. ``"power"``: it is on the server's disk, and on those of its synchronous standbys.

    Args:
        url: Of the database.
        run: The client's run, without its number.
        is_synced: ``"power"`` durability.
        keep_days: How long settled entries stay; ``None`` keeps all.

    Raises:
        ConfigurationError: The server cannot be reached or refuses, or its journal is of a later version.
        JournalHeld: Another client has the journal of the account.
    """

    is_quick = False

    def __init__(self, url: str, run: Run, *, is_synced: bool, keep_days: float | None) -> None:
        self._url, self._name = url, name_of(url)
        self._account = run.account
        self._pid = os.getpid()
        self._keep_us = None if keep_days is None else round(keep_days * DAY_US)
        limit = f"SET statement_timeout = {round(ANSWER_S * 1000)}"
        durability = f"SET synchronous_commit = {'on' if is_synced else 'off'}"
        self._writer = PostgresLink(url, limit, durability)
        self._renewer = PostgresLink(url, limit)
        self._writing = threading.Lock()
        self._is_ended = threading.Event()
        self._lost: str | None = None
        """Who has it by now."""
        opening = PostgresLink(url, limit, until=time.monotonic() + OPENING_S)
        try:
            _migrate(opening, self._name)
            asked_at = time.monotonic()
            # By chance: a counter could repeat when a server comes back without its last commits.
            self._token = secrets.randbits(62)
            self._take(opening, run)
            self._sure_until = asked_at + LEASE_S
            """Until when nobody else can have it."""
            try:
                self.run = _registered(opening, run)
                ((last,),) = opening.ask(
                    "SELECT coalesce(max(number), 0) FROM binance_wsapi_journal.records WHERE account = %s",
                    (run.account,),
                )
            except JournalFailed:
                self._release()
                raise
        except JournalFailed as error:
            raise ConfigurationError(f"the journal cannot be used: {error}") from None
        finally:
            opening.close()
        self._next = last + 1
        self._keeper = threading.Thread(
            target=self._keep, name="binance-wsapi-journal", daemon=True
        )
        self._keeper.start()
        ends_at_fork(self)

    def append(self, records: Sequence[Record]) -> None:
        """Write records as one row."""
        expect_process(self._pid, self._name)
        with self._writing:
            if self._lost is not None:
                raise JournalLost(self._lost)
            number = self._next
            self._next = number + 1  # a row that failed may be there all the same
            row = (number, self.run.number, time.time_ns() // 1000, encoded(records))
            try:
                written = self._writer.ask(_APPEND, (self._account, self._token, *row))
            except JournalFailed as error:
                if time.monotonic() >= self._sure_until:
                    raise JournalUnsure(
                        f"{error}; its lease may have run out meanwhile, and whether another client has taken it over "
                        "is not known until the server is back"
                    ) from None
                raise
            if not written:
                raise JournalLost(self._lose())

    def read(self) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
        """Return all runs and entries of the account."""
        return read_database(self._url, self._account)

    def close(self) -> None:
        """Let others have it; in a forked child it does nothing: the lease and the connections are the parent's."""
        if self._pid != os.getpid():
            return
        self._is_ended.set()
        with self._writing:
            self._writer.close()
        self._keeper.join(ANSWER_S)  # else it could renew what is given back
        if self._lost is None:
            self._release()

    def left_behind(self) -> None:
        """In a forked child: the parent has it; the driver leaves its connections alone."""
        self._is_ended.set()

    def _take(self, link: PostgresLink, run: Run) -> None:
        given = (run.account, self._token, run.host, run.pid, LEASE_S)
        if link.ask(_TAKE, given):
            return
        holder, retry_after = _holder(link, run.account)
        raise JournalHeld(
            f"the journal of this account in {self._name} is held by {holder}: close that client, or try "
            f"again in {retry_after:.1f} s, when its lease has run out unless it lives",
            retry_after=retry_after,
        )

    def _release(self) -> None:
        link = PostgresLink(self._url)  # the other one may be asking
        try:
            link.ask(_RENEW, (0.0, self._account, self._token))
        except JournalFailed as error:
            log.warning("the lease of the journal runs out by itself: %s", error)
        finally:
            link.close()

    # On a thread aside

    def _keep(self) -> None:
        """Renew the lease until the journal is closed or lost, and delete what is old."""
        is_failing, prune_at = False, time.monotonic()
        while not self._is_ended.wait(RENEW_S):
            try:
                if not self._renewed():
                    log.error("%s", self._lose())
                    break
                if self._keep_us is not None and time.monotonic() >= prune_at:
                    prune_at = time.monotonic() + PRUNE_EVERY_S
                    prune_database(self._url, _ago(self._keep_us), self._account)
                is_failing = False
            except JournalFailed as error:
                if not is_failing:
                    log.warning("the lease of the journal was not renewed: %s", error)
                is_failing = True
        self._renewer.close()

    def _renewed(self) -> bool:
        asked_at = time.monotonic()
        if not self._renewer.ask(_RENEW, (LEASE_S, self._account, self._token)):
            return False
        self._sure_until = asked_at + LEASE_S
        return True

    def _lose(self) -> str:
        self._lost = (
            f"{self._name}: another client of the account took the journal over, for its lease had run out: "
            "this one sends no more orders; close it"
        )
        return self._lost


def read_database(
    url: str, account: str | None = None
) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
    """Return all runs by their number, and all entries, of one account or of all.

    Raises:
        ConfigurationError: The URL is none.
        JournalFailed: They cannot be read.
    """
    name = name_of(url)
    link = PostgresLink(url, answer_s=READ_S)
    try:
        _check_version(link, name)
        runs = {
            row[0]: Run(*row)
            for row in link.ask(
                "SELECT run, account, began_us, pid, host, boot, id_prefix FROM binance_wsapi_journal.runs"
            )
            if account in (None, row[1])
        }
        found: dict[EntryKey, Entry] = {}
        for each in sorted({run.account for run in runs.values()}):
            entries(_rows(link, each), found)
    except msgspec.DecodeError as error:
        raise JournalFailed(f"{name}: {error}") from None
    finally:
        link.close()
    return runs, found


def prune_database(url: str, before_us: int, account: str | None = None) -> int:
    """Delete the settled entries from before a moment, of one account or of all; return how many.

    Clients may be at work on it.

    Raises:
        ConfigurationError: The URL is none.
        JournalFailed: It was not done.
    """
    link = PostgresLink(url, answer_s=READ_S)
    try:
        _check_version(link, name_of(url))
        accounts = [account]
        if account is None:
            found = link.ask("SELECT DISTINCT account FROM binance_wsapi_journal.runs")
            accounts = [each for (each,) in found]
        return sum(_pruned(link, str(each), before_us) for each in accounts)
    except msgspec.DecodeError as error:
        raise JournalFailed(f"{name_of(url)}: {error}") from None
    finally:
        link.close()


def _pruned(link: PostgresLink, account: str, before_us: int) -> int:
    link.ask("BEGIN")
    # One at a time: what is open goes to one row.
    link.ask("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", (account, _MIGRATING))
    ((kept,),) = link.ask(
        "SELECT coalesce(min(number) FILTER (WHERE at_us >= %s), max(number) + 1, 0) "
        "FROM binance_wsapi_journal.records WHERE account = %s",
        (before_us, account),
    )
    count, left = left_open(_rows(link, account, below=kept), _rows(link, account, kept))
    if count:
        link.ask(
            "DELETE FROM binance_wsapi_journal.records WHERE account = %s AND number < %s",
            (account, kept),
        )
        if left:
            # In the place of the last: what settles them stands behind.
            link.ask(
                "INSERT INTO binance_wsapi_journal.records VALUES (%s, %s, %s, %s, %s)",
                (account, kept - 1, 0, before_us, encoded(left)),
            )
    link.ask("COMMIT")
    return count


def _rows(
    link: PostgresLink, account: str, number: int = 0, *, below: int = _NEVER
) -> Iterator[JournalRow]:
    while rows := link.ask(_ROWS, (account, number, below, AT_ONCE)):
        yield from (JournalRow(*row) for row in rows)
        number = rows[-1][0] + 1


def _registered(link: PostgresLink, run: Run) -> Run:
    given = (run.account, run.began_us, run.pid, run.host, run.boot, run.id_prefix)
    ((number,),) = link.ask(_REGISTER, given)
    return replace(run, number=number)


def _ago(span_us: int) -> int:
    return time.time_ns() // 1000 - span_us


def _holder(link: PostgresLink, account: str) -> tuple[str, float]:
    found = link.ask(_HOLDER, (account,))
    if not found:
        return "nobody any more", 0.0
    ((host, pid, expires_in),) = found
    return f"process {pid} on {host}", max(expires_in, 0.0)


def _version(link: PostgresLink) -> int:
    # Not by to_regclass(): within a transaction that may not see what another one has just made.
    if not link.ask(
        "SELECT 1 FROM pg_catalog.pg_tables "
        "WHERE schemaname = 'binance_wsapi_journal' AND tablename = 'version'"
    ):
        return 0
    ((version,),) = link.ask("SELECT version FROM binance_wsapi_journal.version")
    return int(version)


def _check_version(link: PostgresLink, name: str) -> None:
    version = _version(link)
    if version == 0:
        raise JournalFailed(f"{name} holds no journal")
    if version > SCHEMA_VERSION:
        raise JournalFailed(
            f"{name} was written by a later version of this library (schema {version}; this one knows "
            f"{SCHEMA_VERSION}): install that version, or use another database"
        )


def _migrate(link: PostgresLink, name: str) -> None:
    if _version(link) != SCHEMA_VERSION:
        link.ask("BEGIN")
        link.ask("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
        version = _version(link)  # another client may have been quicker
        if version == 0:
            link.ask("CREATE SCHEMA IF NOT EXISTS binance_wsapi_journal")
            link.ask("CREATE TABLE binance_wsapi_journal.version (version integer NOT NULL)")
            link.ask("INSERT INTO binance_wsapi_journal.version VALUES (0)")
        for step in range(version, SCHEMA_VERSION):
            for statement in filter(str.strip, _STEPS[step].split(";")):
                link.ask(statement)
            link.ask("UPDATE binance_wsapi_journal.version SET version = %s", (step + 1,))
        link.ask("COMMIT")
    _check_version(link, name)
