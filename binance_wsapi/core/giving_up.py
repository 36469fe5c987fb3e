"""What happens when a caller gives a call up: cancelled, interrupted, or gone with its event loop."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_errors import abandoned, withdrawn
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.errors import BinanceWsApiError, NotSent, OutcomeUnknown, RequestTimeout
from binance_wsapi.outcomes import CallOutcome, GivenUp, state_of
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.secrets import without_secrets
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["GivingUp", "tell_unsent"]

log = logging.getLogger("binance_wsapi.outcomes")

_KEPT = 1000
"""How many outcomes are kept for who asks late."""

_WORDS = {
    "accepted": "it was accepted",
    "rejected": "it was rejected",
    "partly executed": "it was partly executed",
    "not placed": "it was not executed, and no longer can be",
    "not sent": "nothing was sent, and nothing will be",
    "unknown": "its outcome is unknown: it may have been executed",
}


class GivingUp:
    """Withdraws the calls of one client that are given up, and tells what became of the others.

    Any thread may call it. An interrupt may come at any line: who is told that nothing was sent was so
    by the one step that decides it, :meth:`Call.withdraw`.

    Args:
        runtime: What the core stands on.
        take_in: Takes in, on the loop's thread, what was submitted before.
        drop: Forgets, on the loop's thread, a call that waits unwritten.
        let_resolve: Lets the error of a call be resolved later.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        take_in: Callable[[], object],
        drop: Callable[[Call], object],
        let_resolve: Callable[[Call, OutcomeUnknown], object],
    ) -> None:
        self._runtime = runtime
        self.now = runtime.now
        self._take_in = take_in
        self._drop = drop
        self._let_resolve = let_resolve
        # Used without a lock, step by step: an interrupted thread must not hold one.
        self._open: dict[object, CallOutcome] = {}
        self._known: deque[CallOutcome] = deque(maxlen=_KEPT)

    def give_up(self, call: Call, error: BaseException) -> None:
        """The caller of a call goes with an exception, which is told what is known."""
        written = not self._withdraw(call)
        mark = GivenUp(call.kind.method, call.client_order_id, written)
        mark.mark(error, f"{_named(call)} was given up: {_told(call, written=written)}")

    def abandon(self, call: Call) -> NotSent | RequestTimeout:
        """The caller of a call has waited beyond all measure: return the error it ends with."""
        error = abandoned(call, written=not self._withdraw(call))
        if (
            isinstance(error, OutcomeUnknown)
            and call.kind.mutates
            and call.kind.operation is not None
        ):
            self._let_resolve(call, error)
        return error

    def forsake(self, call: Call) -> None:
        """The caller of a call is gone without a word."""
        self._withdraw(call)

    def end(self) -> None:
        """The core has ended, perhaps between a call that was given up and :meth:`_clean_up`."""
        for call in list(self._open):
            if isinstance(call, Call) and call.outcome is not None:
                self._tell(call, call, call.outcome)

    def outcomes(self) -> list[CallOutcome]:
        """Return what became of the calls that were given up, then those that are open."""
        return [*self._known, *list(self._open.values())]

    def left(self, pending: Future[Any], call: Call, error: BaseException) -> None:
        """Nobody waits any more for what :meth:`OutcomeUnknown.resolve` finds out."""
        GivenUp(call.kind.method, call.client_order_id, written=True).mark(
            error, f"{_named(call)} is being looked up still: {_WHERE}"
        )
        self._open[pending] = _outcome_of(call, None)
        pending.add_done_callback(lambda _: self._found(pending, call))

    def learned(self, call: Call, outcome: Outcome) -> None:
        """The answer came after the caller had been told that the outcome is not known."""
        if call.outcome is None or isinstance(call.outcome, OutcomeUnknown):
            self._publish(call, outcome, "answered late")

    def _withdraw(self, call: Call) -> bool:
        """Return whether nothing was sent."""
        if call.is_given_up:
            return isinstance(call.outcome, NotSent)
        was_unwritten = call.withdraw()
        if was_unwritten:
            self._tell(call, call, withdrawn(call))
        elif call.kind.mutates:
            self._open[call] = _outcome_of(call, None)
        try:
            self._runtime.loop.call_soon_threadsafe(self._clean_up, call)
        except RuntimeError:  # the loop is closed, and has settled whatever it had
            self._follow(call)
        return was_unwritten

    def _clean_up(self, call: Call) -> None:
        """On the core's thread: nothing may wait for a call that was withdrawn, or be kept for it."""
        self._take_in()
        self._follow(call)
        self._drop(call)

    def _follow(self, call: Call) -> None:
        """Have the outcome of a call that was written told, now or when it is known."""
        if call not in self._open:
            return
        if call.outcome is not None:
            self._tell(call, call, call.outcome)
            return
        deliver = call.deliver

        def deliver_and_tell(outcome: Outcome) -> None:
            deliver(outcome)
            self._tell(call, call, outcome)

        call.deliver = deliver_and_tell

    def _found(self, pending: Future[Any], call: Call) -> None:
        outcome: Outcome
        if pending.cancelled() or pending.exception() is not None:
            outcome = self._runtime.closed_error()
        else:
            outcome = pending.result()
        self._tell(pending, call, outcome)

    def _tell(self, key: object, call: Call, outcome: Outcome) -> None:
        if not call.kind.mutates:
            return
        self._publish(call, outcome, "given up by its caller")
        self._open.pop(key, None)

    def _publish(self, call: Call, outcome: Outcome, why: str) -> None:
        told = _outcome_of(call, outcome)
        self._known.append(told)
        # That nothing was sent the caller was told by its exception.
        level = logging.INFO if told.state == "not sent" else logging.WARNING
        log.log(level, "%s, %s: %s", _named(call), why, _words(outcome))
        self._runtime.dispatcher.post("outcome", told)


_WHERE = "client.outcomes(), an 'outcome' event and a warning in the log tell its outcome"


def tell_unsent(kind: CallKind, params: Mapping[str, WireValue], error: BaseException) -> None:
    """The caller of an order that was not made into a call yet goes with an exception."""
    client_order_id = next((str(params[name]) for name in kind.client_ids if name in params), None)
    GivenUp(kind.method, client_order_id, written=False).mark(
        error, f"{kind.method} was given up: nothing was sent, and nothing will be"
    )


def _named(call: Call) -> str:
    found_by = call.client_order_id
    return call.kind.method + (f" (client order id {found_by})" if found_by else "")


def _told(call: Call, *, written: bool) -> str:
    """Return what an exception says of a call that it ended."""
    if not written:
        if call.retimed:
            return "the exchange had refused it for its timestamp, and it is not sent again"
        return _WORDS["not sent"]
    if not call.kind.mutates:
        return "it was sent, and its answer is dropped"
    return f"it was sent: {_WHERE}"


def _words(outcome: Outcome) -> str:
    words = _WORDS[state_of(outcome)]
    return words if isinstance(outcome, Response) else f"{words} ({outcome})"


def _outcome_of(call: Call, outcome: Outcome | None) -> CallOutcome:
    return CallOutcome(
        ws_key=call.ws_key,
        operation=call.kind.method,
        params=without_secrets(call.params),
        client_order_id=call.client_order_id,
        state="open" if outcome is None else state_of(outcome),
        response=outcome if isinstance(outcome, Response) else None,
        error=outcome if isinstance(outcome, BinanceWsApiError) else None,
    )
