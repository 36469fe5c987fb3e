"""Writes into the journal what a request is before it is sent, and what became of it afterwards.

A journal that is quick is written on the loop's thread, in one step for all that leaves in one turn. Any
other is written on a thread aside: what comes while one step is under way goes together with the next.

An outcome need not be in the journal before its caller has it, for a lost one is found out again: outcomes
go together, with the next requests of one turn, a moment later or when they are many.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
)
from binance_wsapi.outcomes import state_of
from binance_wsapi.protocol.journal_records import (
    Entry,
    EntryKey,
    IntentRecord,
    OutcomeRecord,
    Record,
    Run,
    settle,
    shown_request,
)
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.api_connection import ApiConnection
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.endpoints import WsKey

__all__ = ["Journal", "JournalFailed", "JournalLost", "JournalUnsure", "WriteAhead"]

log = logging.getLogger("binance_wsapi.journal")

OUTCOMES_LATER_S = 0.05
"""When outcomes are written."""

OUTCOMES_AT_ONCE = 128
"""With so many they are written at once: what is written in one step is to be short."""

_encode = msgspec.json.Encoder().encode


class JournalFailed(Exception):
    """A journal did not take what was to be written."""


class JournalUnsure(JournalFailed):
    """It may belong to another client by now: nothing is sent without it, whatever was chosen."""


class JournalLost(JournalUnsure):
    """It belongs to another client by now, and never again to this one."""


class Journal(Protocol):
    """Where records go; ``append`` is called from one thread at a time."""

    is_quick: bool
    """Appending takes microseconds and never waits: the loop's own thread may do it."""
    run: Run
    """This client's life with it."""

    def append(self, records: Sequence[Record]) -> None:
        """Write records as one row; when it returns they are as durable as they get.

        Raises:
            JournalFailed: They were not written.
        """

    def read(self) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
        """Return all runs by their number, and all entries; from any thread.

        Raises:
            JournalFailed: They cannot be read.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it; idempotent."""


class WriteAhead:
    """The journal of one client, as its core uses it; on the loop's thread.

    Args:
        runtime: What the core stands on.
        journal: Where the records go.
        sends_unjournalled: A request that the journal did not take is sent all the same.
    """

    def __init__(self, runtime: Runtime, journal: Journal, *, sends_unjournalled: bool) -> None:
        self.journal = journal
        self.is_quick = journal.is_quick
        self._runtime = runtime
        self._sends_unjournalled = sends_unjournalled
        self._run = journal.run.number
        self._numbers = itertools.count(1)
        self._outcomes: list[OutcomeRecord] = []
        """Not in the journal yet."""
        self._is_flush_due = False
        self._waiting: list[tuple[Call | None, asyncio.Future[None]]] = []
        """Calls that go with the next step on the thread aside, and ``None`` for who waits for outcomes alone."""
        self._is_writing = False
        self._has_failed = False
        self._note_end = self._ended
        self.recovering = asyncio.Lock()
        """Held while it is found out about what earlier clients left open."""

    # Before a request is sent

    def record_all(self, calls: Iterable[Call], sessions: Mapping[WsKey, ApiConnection]) -> None:
        """Write what is about to be sent in one step; what that leaves out goes one by one.

        Nothing where the journal is not quick: there all that comes meanwhile goes together anyway.
        """
        if not self.is_quick:
            return
        serving = {each.serving.authority for each in sessions.values() if each.serving is not None}
        due = [
            call
            for call in calls
            if call.kind.has_fate
            and call.encoded_for in serving  # else it is signed anew, or waits
            and call.journalled_frame is not call.frame
        ]
        if len(due) > 1:
            try:
                self._append(due)
            except JournalFailed:
                return

    def record(self, call: Call) -> None:
        """Write what a call is before it is sent.

        Raises:
            NotSent: The journal did not take it.
        """
        try:
            self._append((call,))
        except JournalFailed as error:
            self._failed(call, error)

    async def recorded(self, call: Call) -> None:
        """Write what a call is on a thread aside, together with all that comes meanwhile.

        Raises:
            NotSent: The journal did not take it.
        """
        try:
            await self._next_step(call)
        except JournalFailed as error:
            self._failed(call, error)

    def _append(self, calls: Sequence[Call]) -> None:
        intents, earlier = self._intents_of(calls)
        # One write for both; a call that goes by itself does not wait for what became of others.
        outcomes = self._known() if len(calls) > 1 else []
        self.journal.append([*outcomes, *earlier, *intents])
        if outcomes:
            self._outcomes = []
        self._written(calls, intents)

    def _next_step(self, call: Call | None) -> asyncio.Future[None]:
        """Return what is done with the next step on the thread aside, which takes a call along."""
        done: asyncio.Future[None] = self._runtime.loop.create_future()
        self._waiting.append((call, done))
        self._begin_writing()
        return done

    def _begin_writing(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._runtime.spawn(self._write_aside()).add_done_callback(self._writing_ended)

    def _writing_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # before its first step, perhaps: none of its code ever ran
            self._is_writing = False

    async def _write_aside(self) -> None:
        loop = self._runtime.loop
        try:
            while self._waiting or self._outcomes:
                waiting, self._waiting = self._waiting, []
                calls = [call for call, _ in waiting if call is not None]
                taken = len(self._outcomes)
                intents, earlier = self._intents_of(calls)
                records: list[Record] = [*self._known(), *earlier, *intents]
                try:
                    if records:
                        await loop.run_in_executor(None, self.journal.append, records)
                except Exception as error:  # noqa: BLE001  (somebody waits for each of them)
                    for _, done in waiting:
                        if not done.done():
                            done.set_exception(error)
                    if not calls:
                        self._told_failed(error)
                    if not self._waiting:
                        return  # the outcomes go with what is sent next
                    continue
                del self._outcomes[:taken]
                self._written(calls, intents)
                for _, done in waiting:
                    if not done.done():
                        done.set_result(None)
        finally:
            self._is_writing = False

    def _intents_of(self, calls: Sequence[Call]) -> tuple[list[IntentRecord], list[OutcomeRecord]]:
        """Return the record of each call, and the ends of their entries from before."""
        now = self._runtime.now()
        intents, earlier = [], []
        for call, number in zip(calls, self._numbers, strict=False):
            assert call.frame is not None
            params = call.sent_params or call.params
            request = shown_request(call.id, call.kind.method, params, call.frame)
            intents.append(IntentRecord(number, call.ws_key, call.sent_us, now, request))
            if call.entry:  # it stands in the journal as it was to be sent before
                # Refused for its time it goes by another id; else it was only signed anew.
                was_sent = b'"%b"' % call.id.encode() not in (call.journalled_frame or b"")
                state = "rejected" if was_sent else "not sent"
                at_us, why = self._runtime.wall_us(), f"sent anew as {number}"
                earlier.append(OutcomeRecord(call.entry, self._run, state, at_us, None, why))
        return intents, earlier

    def _written(self, calls: Sequence[Call], intents: Sequence[IntentRecord]) -> None:
        self._has_failed = False
        for call, record in zip(calls, intents, strict=True):
            call.entry, call.journalled_frame = record.intent, call.frame
            call.note_end = self._note_end
            if call.outcome is not None:  # given up while it was being written down
                self._ended(call)

    def _failed(self, call: Call, error: JournalFailed) -> None:
        if self._sends_unjournalled and not isinstance(error, JournalUnsure):
            self._told_failed(error)
            call.journalled_frame = call.frame
            return
        method = call.kind.method
        if isinstance(error, JournalLost):
            raise NotSent(
                f"{method} was not sent: the journal is not this client's any more: {error}",
                operation=method,
                reason="journal lost",
            ) from None
        may_choose = not isinstance(error, JournalUnsure)
        unless = " (journal_failure='send' would send it unjournalled)" if may_choose else ""
        raise NotSent(
            f"{method} was not sent: the journal did not take it: {error}; repeating it is safe once that is mended"
            f"{unless}",
            operation=method,
            reason="journal",
        ) from None

    def _told_failed(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            log.error("the journal fails: %s", error)

    # After it

    def settled(self, call: Call, known: Outcome) -> None:
        """Note what became of a call that had been told as unknown."""
        if call.entry:
            self.note((self._run, call.entry), known, was_written=True)

    def note(
        self, key: EntryKey, known: Outcome, *, was_written: bool, is_final: bool = False
    ) -> None:
        """Note what became of a request; it is written a moment later.

        Args:
            key: Its entry.
            known: What became of it.
            was_written: It was handed to a socket: whatever ended the wait for its answer, it was sent.
            is_final: Where that is not known, nothing can tell any more.
        """
        if isinstance(known, OutcomeUnknown) and not is_final:
            return
        if was_written and isinstance(known, (NotSent, ClientClosed)):
            return
        run, number = key
        self._add(_record_of(run, number, known))

    def _ended(self, call: Call) -> None:
        known = call.outcome
        assert known is not None
        if isinstance(known, Response):
            self._add(_record_of(self._run, call.entry, known))
        else:
            was_written = call.written_at is not None
            self.note((self._run, call.entry), known, was_written=was_written)

    def _add(self, record: OutcomeRecord) -> None:
        # Not the call is kept until that is written, but the record alone: hundreds of ended calls more
        # would have the garbage collector look through everything that the program has.
        self._outcomes.append(record)
        if not self._is_flush_due:
            self._flush_later()
        if len(self._outcomes) == OUTCOMES_AT_ONCE and self.is_quick:
            self._runtime.loop.call_soon(self._write_outcomes)

    def _flush_later(self) -> None:
        self._is_flush_due = True
        self._runtime.loop.call_later(OUTCOMES_LATER_S, self._flush_due)

    def _flush_due(self) -> None:
        if self._runtime.is_ending:
            return
        if self.is_quick:
            self._write_outcomes()
        elif self._outcomes:
            self._begin_writing()
        self._is_flush_due = bool(self._outcomes)
        if self._is_flush_due:
            self._flush_later()

    def _write_outcomes(self) -> None:
        if self._outcomes:
            try:
                self.journal.append(self._known())
            except JournalFailed as error:
                self._told_failed(error)
            else:
                self._outcomes = []
                self._has_failed = False

    def _known(self) -> list[OutcomeRecord]:
        """Return the outcomes that are written now."""
        at_us = self._runtime.wall_us()
        for record in self._outcomes:
            record.at = at_us
        return self._outcomes

    def read(self) -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
        """Return all runs by their number, and all entries, with what is known and not written yet; from any thread.

        Raises:
            JournalFailed: They cannot be read.
        """
        known = list(self._outcomes)  # first: what is not among them any more is there to be read
        runs, found = self.journal.read()
        settle(found, known)
        return runs, found

    async def flush(self) -> None:
        """Write what is known by now, and wait for no more than that: others may write on and on."""
        if self.is_quick:
            self._write_outcomes()
            return
        try:
            await self._next_step(None)
        except Exception as error:  # noqa: BLE001  (what was not written is found out again)
            self._told_failed(error)

    async def close(self) -> None:
        """Write what is known by now, and let go of the journal; when nothing else runs any more."""
        try:
            if self.is_quick:
                self._write_outcomes()
            else:
                await self._write_aside()
        finally:
            await self._runtime.loop.run_in_executor(None, self.journal.close)


def _record_of(run: int, number: int, known: Outcome) -> OutcomeRecord:
    if isinstance(known, Response):
        return OutcomeRecord(number, run, "accepted", 0, known.raw_result or None)
    assert isinstance(known, BinanceWsApiError)
    result = None
    if isinstance(known, PartlyExecuted):
        result = msgspec.Raw(
            _encode(
                {
                    "cancelResult": known.cancel_result,
                    "newOrderResult": known.new_order_result,
                    "cancelResponse": known.cancel_response,
                    "newOrderResponse": known.new_order_response,
                }
            )
        )
    problem = f"{known} ({known.cause})" if isinstance(known, OutcomeUnknown) else str(known)
    return OutcomeRecord(number, run, state_of(known), 0, result, problem)
