"""Finding out what became of the requests that earlier clients left open in the journal.

They are looked up as lost answers are. What their clients knew is handed on: when they were written, where
that moment can be compared with this machine's clock; the client order ids that they made up; the orders
that other requests under the same ids had made.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.asking_order import AskingOrder
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.rest_questions import rest_answer
from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
    RequestRejected,
)
from binance_wsapi.events import OrderReconciled
from binance_wsapi.models.rows import Rows
from binance_wsapi.outcomes import Recovered, state_of
from binance_wsapi.protocol.account_answers import tells_fills
from binance_wsapi.protocol.journal_records import Entry, EntryKey, Run
from binance_wsapi.protocol.own_orders import ReadAnswer, order_key, orders_in
from binance_wsapi.protocol.secrets import without_secrets
from binance_wsapi.protocol.wire_values import amount, text
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.api_session import ApiSession
    from binance_wsapi.core.look_ups import LookUps
    from binance_wsapi.core.rest_door import RestDoor
    from binance_wsapi.core.write_ahead import WriteAhead

__all__ = ["recover"]

log = logging.getLogger("binance_wsapi.journal")

AT_ONCE = 20
"""How many requests are looked up at the same time."""

ATTEMPTS = 4
PAUSE_S = 1.0
"""Before a question is put again that had no answer, or one of a copy that lags."""

WRITING_S = 1.0
"""What writing down what was found out may take beyond the caller's time."""

SHOWING_S = 30.0
"""What showing one order may take where the caller gives no time."""

MOST_FILLS = 1000

_NOT_FOUND = frozenset({-2013, -2011, -2026})

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


async def recover(
    look_ups: LookUps,
    write_ahead: WriteAhead,
    rest: Callable[[], RestDoor],
    timeout: float | None,
) -> Rows[Recovered]:
    """Find out about every request that earlier clients of the same account left open in the journal.

    Args:
        look_ups: What finds out, and where.
        write_ahead: The journal.
        rest: Returns the door to REST, for what cannot be asked elsewhere.
        timeout: Seconds this may take, but for one more in which what is known is written down; what is
            not known by then stays open, and is told so.

    Raises:
        ConfigurationError: The journal cannot be read.
        NotSent: The exchange cannot be reached, or the journal could not be read in time.
    """
    try:
        return Rows(await _Recovery(look_ups, write_ahead, rest).recover(timeout), kind=Recovered)
    except JournalFailed as error:
        raise ConfigurationError(f"the journal cannot be read: {error}") from None


class _Recovery:
    """Settles what is open in a journal; on the loop's thread.

    Args:
        look_ups: What finds out, and where.
        write_ahead: The journal.
        rest: Returns the door to REST.
    """

    def __init__(
        self, look_ups: LookUps, write_ahead: WriteAhead, rest: Callable[[], RestDoor]
    ) -> None:
        self._look_ups = look_ups
        self._runtime = look_ups.runtime
        self._write_ahead = write_ahead
        self._rest = rest
        self._own = self._write_ahead.journal.run
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._order = AskingOrder(self._runtime.exchanges)
        self._found: list[tuple[EntryKey, Outcome, bool]] = []
        """What became of entries, and whether that is all that can be known."""

    async def recover(self, timeout: float | None) -> list[Recovered]:
        until = math.inf if timeout is None else self._runtime.now() + timeout
        write_ahead = self._write_ahead
        try:
            async with asyncio.timeout(self._left(until)):
                await write_ahead.recovering.acquire()
        except TimeoutError:
            raise _too_late("another recovery had not ended", timeout) from None
        try:
            recovered = await self._recover(timeout, until)
            # What is told is not asked again; what is not, as nobody waits any more, has to be.
            for key, outcome, is_final in self._found:
                write_ahead.note(key, outcome, was_written=True, is_final=is_final)
            left = self._left(until)
            with contextlib.suppress(TimeoutError):  # it is written all the same
                async with asyncio.timeout(None if left is None else max(left, WRITING_S)):
                    await write_ahead.flush()
        finally:
            write_ahead.recovering.release()
        return recovered

    async def _recover(self, timeout: float | None, until: float) -> list[Recovered]:
        journal = self._write_ahead.journal
        try:
            async with asyncio.timeout(self._left(until)):
                runs, found = await self._runtime.loop.run_in_executor(None, journal.read)
        except TimeoutError:
            raise _too_late("the journal could not be read", timeout) from None
        runs = {n: run for n, run in runs.items() if run.account == self._own.account}
        entries = [e for e in found.values() if e.key[0] in runs and e.key[0] != self._own.number]
        left_open = [entry for entry in entries if entry.state == "open"]
        if not left_open:
            return []
        self._runtime.inherit(run.id_prefix for run in runs.values())
        calls = {entry.key: self._call(entry, runs[entry.key[0]]) for entry in left_open}
        for ws_key in dict.fromkeys(call.ws_key for call in calls.values()):
            session = self._look_ups.sessions.of(ws_key)
            try:
                async with asyncio.timeout(self._left(until)):
                    await self._measure_clock(session)
            except TimeoutError:
                raise _clock_not_read(f" within {timeout} s") from None
            # All of them first: each may be another one's rival.
            self._look_ups.lost_answers.note_unknown(
                session, [call for call in calls.values() if call.ws_key == ws_key]
            )
        self._hand_on(entries, runs)
        return list(
            await asyncio.gather(
                *(self._settled(entry, calls[entry.key], until) for entry in left_open)
            )
        )

    def _call(self, entry: Entry, run: Run) -> Call:
        runtime, ws_key = self._runtime, WsKey(entry.ws_key)
        kind = kind_by_method(endpoint(ws_key).market, entry.method)
        params = {name: value for name, value in entry.params.items() if name != "timestamp"}
        call = Call(
            kind, params, lambda _: None, entry.request_id, runtime.options.timeout, runtime.now()
        )
        call.ws_key = ws_key
        call.giving_up = self._look_ups.giving_up
        call.sent_us = entry.sent_us
        if self._is_comparable(run):
            call.written_at = entry.written_at
        return call

    def _is_comparable(self, run: Run) -> bool:
        """Whether moments of a run are moments of this one's monotonic clock."""
        return bool(run.boot) and run.boot == self._own.boot

    async def _measure_clock(self, session: ApiSession) -> None:
        """Measure the exchange's clock anew: the fence stands on it."""
        link = await session.ready_or_not_sent("recover")
        session.clock.invalidate()
        try:
            await session.logon.measure_clock(link)
        except NotSent as error:
            if error.retry_after is None:
                raise
            await asyncio.sleep(error.retry_after)  # a limit lets it through then
            await self._measure_clock(session)
            return
        except (LinkLost, OutcomeUnknown) as error:
            why = f": {error}"
        else:
            if not session.clock.needs_refresh(self._runtime.now()):
                return
            why = ""  # the question was refused, or its answer contradicts all that is known
        raise _clock_not_read(why) from None

    def _left(self, until: float) -> float | None:
        """Return how many seconds are left of the time this may take."""
        return None if until == math.inf else max(until - self._runtime.now(), 0.0)

    def _hand_on(self, entries: Iterable[Entry], runs: Mapping[int, Run]) -> None:
        """Let the look-ups know whose orders those are that other requests are known to have made.

        Whatever connection they went over: several lead to one exchange.
        """
        for entry in entries:
            if entry.result is None:
                continue
            run, ws_key = runs[entry.key[0]], WsKey(entry.ws_key)
            self._runtime.exchanges.own_orders_of(ws_key).answers.append(
                ReadAnswer(
                    entry.request_id,
                    entry.written_at if self._is_comparable(run) else math.nan,
                    # Nobody wrote down when it was heard. So a cancel by an id of the caller's own that was
                    # sent within the clocks' error of its order may have met an order that had the id
                    # before; and no field of futures tells which request cancelled an order, as the new
                    # client id does on Spot. Its outcome stays unknown.
                    math.inf,
                    kind_by_method(endpoint(ws_key).market, entry.method).makes_orders,
                    msgspec.Raw(entry.result),
                )
            )

    async def _settled(self, entry: Entry, call: Call, until: float) -> Recovered:
        error = OutcomeUnknown(
            f"{entry.method}: its client ended before it knew what became of it; it may have been "
            "executed",
            operation=entry.method,
            client_order_id=call.client_order_id,
            sent_at=entry.sent_us,
            cause="its client ended",
        )
        self._look_ups.let_resolve(call, error)
        session = self._look_ups.sessions.of(call.ws_key)
        async with self._slots:
            try:
                outcome: Outcome = await self._look_ups.lost_answers.find_out_again(
                    session, call, error, self._left(until), partial(self._order.may_ask, call)
                )
                if isinstance(outcome, ClientClosed):
                    raise outcome
                is_final = not isinstance(outcome, OutcomeUnknown) or error.is_beyond_asking
                self._found.append((entry.key, outcome, is_final))
                orders = await self._as_they_stand(session, call, outcome, until)
            finally:
                self._order.ended(call)
        return Recovered(
            ws_key=call.ws_key,
            operation=entry.method,
            params=without_secrets(call.params),
            client_order_id=call.client_order_id,
            state=state_of(outcome) if is_final else "open",
            response=outcome if isinstance(outcome, Response) else None,
            error=outcome if isinstance(outcome, BinanceWsApiError) else None,
            sent_at=entry.sent_us,
            orders=orders,
        )

    # The orders as they stand

    async def _as_they_stand(
        self, session: ApiSession, call: Call, outcome: Outcome, until: float
    ) -> tuple[OrderReconciled, ...]:
        if isinstance(outcome, Response):
            shown: object = _decode(outcome.raw_result)
        elif isinstance(outcome, PartlyExecuted):
            shown = [outcome.cancel_response, outcome.new_order_response]
        else:
            return ()
        known = {order_key(order): order for order in orders_in(shown)}
        return tuple(
            [
                await self._as_it_stands(session, call, key, order, until)
                for key, order in known.items()
                if key is not None
            ]
        )

    async def _as_it_stands(
        self,
        session: ApiSession,
        call: Call,
        key: tuple[str, int],
        shown: Mapping[str, Any],
        until: float,
    ) -> OrderReconciled:
        symbol, order_id = key
        asked = {"symbol": symbol, "orderId": order_id}
        row: dict[str, Any] | None = None
        fills: list[dict[str, Any]] = []
        problem = None
        try:
            async with asyncio.timeout(SHOWING_S if until == math.inf else self._left(until)):
                while not self._order.may_ask(call, is_last=True):  # noqa: ASYNC110  (a limit tells nobody)
                    await asyncio.sleep(PAUSE_S)
                row = await self._asked(session, "order.status", asked)
                executed = amount(row.get("executedQty")) or 0
                if executed:
                    fills = await self._fills(session, asked, executed)
        except RequestRejected as error:
            problem = None if row is None and error.code in _NOT_FOUND else str(error)
        except (BinanceWsApiError, LinkLost) as error:
            problem = str(error)
        except TimeoutError:
            problem = "the time that the recovery may take was over"
        return OrderReconciled(
            market=session.market,
            symbol=symbol,
            order_id=order_id,
            client_order_id=str((row or shown).get("clientOrderId", "")),
            status=(text(row.get("status")) if row else None) or "UNKNOWN",
            raw_missed_fills=tuple(fills),
            raw_order=row,
            problem=problem,
        )

    async def _asked(
        self, session: ApiSession, method: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        for attempt in range(ATTEMPTS):
            pause_s = PAUSE_S
            try:
                answer = await session.ask(None, method, params)
            except RequestRejected:
                raise
            except (BinanceWsApiError, LinkLost) as error:
                if attempt + 1 == ATTEMPTS:
                    raise
                pause_s = _pause_after(error)
            else:
                row = answer.raw.get("result")
                if isinstance(row, dict):
                    return row
            await asyncio.sleep(pause_s)
        raise NotSent(
            f"the answer to {method} cannot be read", operation=method, reason="unreadable"
        )

    async def _fills(
        self, session: ApiSession, asked: Mapping[str, Any], executed: Any
    ) -> list[dict[str, Any]]:
        """Return the fills of an order, once they are all there: a copy may lag."""
        facts = session.market.facts
        params = {**asked, "limit": MOST_FILLS}
        problem = "its fills cannot be read"
        for _ in range(ATTEMPTS):
            pause_s = PAUSE_S
            try:
                if facts.fills_question is not None:
                    raw = (await session.ask(None, facts.fills_question, params)).raw_result
                else:
                    raw = await rest_answer(
                        self._runtime,
                        self._rest(),
                        session.ws_key,
                        facts.fills_path,
                        params,
                        signed=True,
                    )
                rows = _decode(raw)
                if tells_fills(rows):
                    told = sum(amount(row["qty"]) or 0 for row in rows)
                    if told >= executed or len(rows) == MOST_FILLS:
                        return list(rows)
                    problem = "its fills show less than was executed"
            except (RequestRejected, ConfigurationError):
                raise
            except (BinanceWsApiError, LinkLost) as error:
                problem, pause_s = str(error), _pause_after(error)
            await asyncio.sleep(pause_s)
        raise NotSent(problem, operation="fills", reason="unreadable")


def _pause_after(error: BinanceWsApiError | LinkLost) -> float:
    """Return the seconds until a question may be put again: a limit says when it lets it through."""
    retry_after = error.retry_after if isinstance(error, NotSent) else None
    return max(PAUSE_S, retry_after or 0.0)


def _too_late(problem: str, timeout: float | None) -> NotSent:
    return NotSent(
        f"recover: {problem} within {timeout} s; call it again",
        operation="recover",
        reason="deadline",
    )


def _clock_not_read(why: str) -> NotSent:
    return NotSent(
        f"recover: the exchange's clock could not be read{why}; call it again",
        operation="recover",
        reason="not connected",
    )
