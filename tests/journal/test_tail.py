"""Rows on their way into the database: none is lost, whatever ends or fails at whatever moment."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.journal import sqlite
from binance_wsapi.journal import tail as tail_module
from binance_wsapi.journal.runs import new_run
from binance_wsapi.journal.sqlite import SqliteJournal, prune, read_file, tails_of
from binance_wsapi.journal.tail import Tail, rows_in
from binance_wsapi.protocol.journal_records import (
    IntentRecord,
    JournalRow,
    OutcomeRecord,
    Record,
)

DAY_US = 86_400_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orders.db"


def opened(path: Path, **given: Any) -> SqliteJournal:
    return SqliteJournal(path, new_run("k", "w-"), **{"is_quick": True, "keep_days": 30.0, **given})


def an_intent(number: int) -> IntentRecord:
    request = b'{"id":"r%d","method":"order.place","params":{}}' % number
    return IntentRecord(number, "mainWSAPI", 1, 0.0, Raw(request))


def an_outcome(journal: SqliteJournal, number: int) -> OutcomeRecord:
    return OutcomeRecord(number, journal.run.number, "accepted", 1, Raw(b"{}"))


def folded(journal: SqliteJournal) -> None:
    assert journal._folding is not None
    journal._folding.join()


def numbers(path: Path) -> list[int]:
    return sorted(number for _, number in read_file(path)[1])


def abandon(journal: SqliteJournal) -> None:
    """Leave it as a process does that is killed."""
    journal._lock.release()


@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_rows_before_one_that_is_torn_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes], choice: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("tail") / "rows"
    tail = Tail(path, is_synced=False)
    ends = [0]
    for number, each in enumerate(data):
        tail.append(number, 7, 9, each)
        ends.append(path.stat().st_size)
    cut = choice.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    with path.open("ab") as file:
        file.write(choice.draw(st.binary(max_size=5)))  # what a disk makes up

    whole = len([end for end in ends[1:] if end <= cut])
    found = list(rows_in(path))

    assert found[:whole] == [JournalRow(n, 7, 9, each) for n, each in enumerate(data[:whole])]
    assert found == [JournalRow(n, 7, 9, each) for n, each in enumerate(data[: len(found)])]


def test_row_behind_one_that_was_not_wholly_written_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data, write=os.write: write(file, data[:9]))
        with pytest.raises(JournalFailed, match="disk is full"):
            journal.append([an_intent(2)])
    journal.append([an_intent(3)])

    assert numbers(path) == [1, 3]
    journal.close()
    assert numbers(path) == [1, 3]


def test_row_that_did_not_reach_the_disk_is_none(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(path, is_quick=False)

    def fails(file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("binance_wsapi.journal.tail._to_disk", fails)
        with pytest.raises(JournalFailed, match="Input/output error"):
            journal.append([an_intent(1)])
    journal.append([an_intent(2)])
    journal.close()

    assert numbers(path) == [2]


def test_row_behind_one_that_the_disk_damaged_is_read(path: Path) -> None:
    journal = opened(path)
    ends = []
    for number in (1, 2, 3):
        journal.append([an_intent(number)])
        ends.append(tails_of(path)[0].stat().st_size)
    data = bytearray(tails_of(path)[0].read_bytes())
    data[ends[1] - 5] ^= 1
    tails_of(path)[0].write_bytes(data)
    abandon(journal)

    assert numbers(path) == [1, 3]
    opened(path).close()
    assert numbers(path) == [1, 3]


def test_closed_journal_is_one_file(path: Path) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    journal.close()

    assert {each.name for each in path.parent.iterdir()} == {"orders.db", "orders.db-lock"}


def test_what_a_killed_client_appended_is_folded_in(path: Path) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    journal.append([an_outcome(journal, 1)])
    abandon(journal)

    again = opened(path)
    again.append([an_intent(1)])  # of another run
    again.close()

    assert sorted(e.state for e in read_file(path)[1].values()) == ["accepted", "open"]


def test_row_that_is_in_both_places_counts_once(path: Path) -> None:
    """A client was killed between the commit and the emptying of the file."""
    journal = opened(path)
    journal.append([an_intent(1)])
    kept = tails_of(path)[0].read_bytes()
    journal.close()
    tails_of(path)[0].write_bytes(kept)

    assert numbers(path) == [1]
    opened(path).close()
    assert numbers(path) == [1]
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        assert file.execute("SELECT count(*) FROM records").fetchone() == (1,)


def test_rows_stay_readable_while_they_are_folded_in(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 3)
    journal = opened(path)
    for number in range(1, 20):
        journal.append([an_intent(number)])
        assert numbers(path) == list(range(1, number + 1))
    journal.close()
    assert numbers(path) == list(range(1, 20))


def test_what_cannot_be_folded_in_stays_and_is_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 2)
    journal = opened(path)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "_fold", full)
        for number in range(1, 6):
            journal.append([an_intent(number)])
            if number % 2 == 0:
                folded(journal)
    assert numbers(path) == [1, 2, 3, 4, 5]
    assert "database or disk is full" in caplog.text
    for number in range(6, 9):
        journal.append([an_intent(number)])
        if number % 2 == 0:
            folded(journal)

    assert [each.stat().st_size for each in tails_of(path)] == [0, 0]
    assert numbers(path) == list(range(1, 9))
    journal.close()


def test_old_entries_go_while_the_client_lives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 3)
    journal = opened(path)
    journal.append([an_intent(1), an_intent(2), an_intent(3)])
    journal.append([an_outcome(journal, 1)])
    journal.append([an_intent(4)])
    folded(journal)
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE records SET at_us = at_us - ? WHERE number < 3", (40 * DAY_US,))
    journal.append([an_outcome(journal, 2)])  # behind what is old
    journal.append([an_intent(5)])
    journal.append([an_intent(6)])
    folded(journal)

    assert numbers(path) == [3, 4, 5, 6]  # the third is open
    journal.append([an_outcome(journal, 3)])
    assert read_file(path)[1][journal.run.number, 3].state == "accepted"
    journal.close()


def test_what_is_moved_takes_no_place_of_what_is_not_folded_in_yet(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 2)
    journal = opened(path)

    def two(first: int, *more: Record) -> None:
        journal.append([an_intent(first), *more])
        journal.append([an_intent(first + 1)])
        folded(journal)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    two(1, an_outcome(journal, 1))
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE records SET at_us = at_us - ?", (40 * DAY_US,))
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "_fold", full)
        two(3)
    two(5)
    journal.close()

    assert numbers(path) == [2, 3, 4, 5, 6]


def test_a_quiet_client_folds_in_by_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(path)
    monkeypatch.setattr(sqlite, "FOLD_EVERY_US", 0)
    journal.append([an_intent(1)])
    folded(journal)

    with contextlib.closing(sqlite3.connect(path)) as file, file:
        assert file.execute("SELECT count(*) FROM records").fetchone() == (1,)
    journal.close()


def test_rows_stay_with_their_journal_in_another_folder(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    journal = opened(Path(path.name))
    journal.append([an_intent(1)])
    monkeypatch.chdir(elsewhere)
    journal.append([an_intent(2)])
    folded(journal)
    journal.append([an_intent(3)])

    assert sorted(number for _, number in journal.read()[1]) == [1, 2, 3]
    journal.close()
    assert numbers(path) == [1, 2, 3]
    assert not list(elsewhere.iterdir())


def test_rows_of_a_file_that_was_moved_away_are_folded_in(path: Path) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    tails_of(path)[0].rename(path.with_name("moved"))
    journal.close()

    assert numbers(path) == [1]


def test_journal_is_one_by_all_its_names(path: Path) -> None:
    journal = opened(path)
    link = path.with_name("link.db")
    link.symlink_to(path)

    with pytest.raises(ConfigurationError, match="held by this process"):
        opened(link)
    with pytest.raises(ConfigurationError, match="held by this process"):
        prune(link, 0)
    journal.append([an_intent(1)])
    assert numbers(link) == [1]
    journal.close()


def test_what_no_thread_can_fold_in_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 2)
    journal = opened(path)

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        journal.append([an_intent(1)])
        journal.append([an_intent(2)])
    assert "can't start new thread" in caplog.text
    journal.append([an_intent(3)])
    journal.close()

    opened(path).close()  # it is let go of
    assert numbers(path) == [1, 2, 3]


def test_closed_journal_takes_nothing(path: Path) -> None:
    journal = opened(path)
    journal.close()
    # Numbers of closed files are given to others.
    others = [os.open(path.with_name(f"other{n}"), os.O_RDWR | os.O_CREAT) for n in range(4)]
    try:
        with pytest.raises(JournalFailed, match="closed"):
            journal.append([an_intent(1)])
        journal.close()
        assert [os.fstat(each).st_size for each in others] == [0, 0, 0, 0]
    finally:
        for each in others:
            os.close(each)


def test_reader_misses_no_row_when_the_files_change_places(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "FOLD_EVERY", 3)
    monkeypatch.setattr(SqliteJournal, "_fold_other", lambda journal: None)  # not yet
    journal = opened(path)
    journal.append([an_intent(1)])
    due = [2, 3, 4]

    def read(tail: Path) -> list[JournalRow]:
        found = list(rows_in(tail))
        while due:
            journal.append([an_intent(due.pop(0))])
        return found

    monkeypatch.setattr(sqlite, "rows_in", read)

    assert numbers(path) == [1, 2, 3, 4]
    journal.close()


def test_rows_that_left_their_file_are_not_undone_by_a_power_cut(path: Path) -> None:
    with contextlib.closing(sqlite._made(path)) as file:
        assert file.execute("PRAGMA synchronous").fetchone() == (3,)  # EXTRA


def test_lock_that_cannot_be_written_is_not_held(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(ConfigurationError, match="No space left"):
            opened(path)
    opened(path).close()


def test_a_row_that_a_disk_damaged_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tail = Tail(path, is_synced=False)
    for number in range(3):
        tail.append(number, 7, 9, b"data")
    size = path.stat().st_size // 3
    with path.open("r+b") as file:
        file.seek(2 * size - 1)
        file.write(b"!")

    found = [row.number for row in tail.rows()]

    assert found == [0, 2]
    (told,) = caplog.messages
    assert f"{path}: a row of 4 bytes at byte {size} is damaged" in told


def test_power_durability_reaches_the_disk_of_a_mac(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(tail_module, "_FULLY", 51)
    monkeypatch.setattr("fcntl.fcntl", lambda file, command: asked.append((file, command)))

    tail = Tail(path, is_synced=True)
    tail.append(0, 7, 9, b"data")

    assert asked == [(tail._file, 51)]


# Files that go away under their client


@pytest.fixture
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOOK_EVERY_US", 0)


def replaced(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(file.read_bytes())
    other.replace(file)


def moved_away(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("lose", [Path.unlink, moved_away])
def test_row_that_nobody_could_find_is_refused_at_once(
    path: Path, lose: Callable[[Path], None], is_quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOOK_EVERY_US", DAY_US)
    journal = opened(path, is_quick=is_quick)
    journal.append([an_intent(1)])
    lose(tails_of(path)[0])

    for _ in range(2):
        with pytest.raises(JournalFailed, match="-tail0 was deleted or moved"):
            journal.append([an_intent(2)])
    journal.close()

    assert numbers(path) == [1]


@pytest.mark.usefixtures("looks_each_time")
@pytest.mark.parametrize("lose", [Path.unlink, replaced, moved_away])
@pytest.mark.parametrize("which", ["", "-lock", "-tail0", "-tail1"])
def test_no_row_is_taken_without_the_files_of_the_journal(
    path: Path, which: str, lose: Callable[[Path], None]
) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    file = path.with_name(path.name + which)
    lose(file)

    for _ in range(2):
        with pytest.raises(JournalFailed, match=f"{file.name} was deleted, moved or replaced"):
            journal.append([an_intent(2)])
    journal.close()

    assert path.exists() == (bool(which) or lose is replaced)  # it is not made anew


@pytest.mark.usefixtures("looks_each_time")
def test_file_that_is_put_back_is_used_again(path: Path) -> None:
    journal = opened(path)
    journal.append([an_intent(1)])
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalFailed):
        journal.append([an_intent(2)])
    path.with_name("elsewhere").rename(path)
    journal.append([an_intent(3)])
    journal.close()

    assert numbers(path) == [1, 3]


def test_rows_without_their_database_go_into_no_other(path: Path) -> None:
    """Those of a run of an earlier database would count as those of the run that has its number now."""
    journal = opened(path)
    journal.append([an_intent(1)])
    abandon(journal)
    path.rename(path.with_name("elsewhere"))

    with pytest.raises(ConfigurationError, match="is gone or empty, but files beside it"):
        opened(path)
    assert not path.exists()
    path.with_name("elsewhere").rename(path)
    opened(path).close()

    assert numbers(path) == [1]


def test_file_with_two_names_is_refused(path: Path) -> None:
    """Each name has a lock and tails of its own."""
    opened(path).close()
    other = path.with_name("other.db")
    other.hardlink_to(path)

    for each in (path, other):
        with pytest.raises(ConfigurationError, match=r"2 names \(hard links\)"):
            opened(each)
        with pytest.raises(ConfigurationError, match=r"2 names \(hard links\)"):
            prune(each, 0)
    other.unlink()
    opened(path).close()


def test_files_are_for_their_owner_alone(path: Path) -> None:
    before = os.umask(0o022)
    try:
        journal = opened(path)
    finally:
        os.umask(before)
    journal.append([an_intent(1)])

    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    journal.close()
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"PRAGMA user_version={sqlite.SCHEMA_VERSION + 1}", "later version"),
        ("CREATE TABLE mine (x)", "a database of something else, and no journal"),
        ("PRAGMA user_version=1", "is empty, and no journal"),
    ],
)
def test_no_journal_is_shown_as_such(path: Path, statement: str, words: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)

    with pytest.raises(JournalFailed, match=words):
        read_file(path)
    with pytest.raises(ConfigurationError, match=words):
        prune(path, 0)
