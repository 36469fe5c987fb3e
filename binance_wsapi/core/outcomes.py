"""What is done about a request whose outcome is unknown, and who is told of the orders it made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from binance_wsapi.core.asking import Asker
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.resolution import Resolver
from binance_wsapi.errors import OutcomeUnknown, PartlyExecuted
from binance_wsapi.protocol.own_orders import ReadAnswer
from binance_wsapi.protocol.session import SessionMachine, State
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.reconciliation import Reconciler

__all__ = ["Outcomes"]

log = logging.getLogger("binance_wsapi.session")

_encode = msgspec.json.Encoder().encode


class Followed(Asker, Protocol):
    """A session whose account's orders somebody may keep track of."""

    machine: SessionMachine
    reconcilers: Sequence[Reconciler]


class Outcomes:
    """Settles the requests of one session that have no plain answer; on the loop's thread."""

    def __init__(
        self,
        session: Followed,
        resolver: Resolver,
        giving_up: GivingUp,
        let_resolve: Callable[[Call, OutcomeUnknown], object],
    ) -> None:
        self._session = session
        self._runtime = session.runtime
        self._resolver = resolver
        self._giving_up = giving_up
        self._let_resolve = let_resolve

    def undecided(self, call: Call, error: OutcomeUnknown) -> None:
        """The fate of a request is unknown: find it out, or say so."""
        runtime = self._runtime
        if not call.kind.mutates or call.kind.operation is None or call.is_own:
            call.settle(error)
            return
        self._resolver.begin(self._session, call)
        self._let_resolve(call, error)
        # Where nobody is left to be told, and to ask on, it is found out all the same.
        is_told = runtime.options.on_unknown_outcome == "raise" and not call.is_given_up
        if is_told or self._session.machine.state is State.CLOSED:
            call.settle(error)
        else:
            runtime.spawn(self._resolve(call, error))

    def learned(self, call: Call, outcome: Outcome) -> None:
        """The answer came after it had been given up: that settles what became of the request."""
        if not call.kind.mutates or call.kind.operation is None:
            return
        call.late_answer = outcome
        if not self._resolver.learned(call):
            self._tell_orders(call, outcome)
            self._giving_up.learned(call, outcome)

    async def _resolve(self, call: Call, error: OutcomeUnknown) -> None:
        runtime = self._runtime
        try:
            outcome = await self._find_out(call, error, runtime.options.resolve_timeout)
        except asyncio.CancelledError:
            call.settle(error)  # the client is being closed
            raise
        except Exception:
            log.exception("%s: finding out its outcome failed", call.kind.method)
            outcome = error
        call.settle(outcome)

    async def find_out_again(
        self, call: Call, error: OutcomeUnknown, timeout: float | None
    ) -> Outcome:
        """Find out what became of a request, in the background: it ends with the client."""
        runtime = self._runtime
        pending = runtime.spawn(self._find_out(call, error, timeout))
        try:
            return await pending
        except asyncio.CancelledError:
            if runtime.closed:
                return runtime.closed_error()
            pending.cancel()
            raise

    async def _find_out(self, call: Call, error: OutcomeUnknown, timeout: float | None) -> Outcome:
        outcome = await self._resolver.resolve(self._session, call, error, timeout)
        self._tell_orders(call, outcome)
        return outcome

    def _tell_orders(self, call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, Response):
            self.tell_reconcilers(call, outcome.raw_result, resolved=True)
        elif isinstance(outcome, PartlyExecuted):
            self.tell_half(call, outcome, resolved=True)

    def tell_half(self, call: Call, error: PartlyExecuted, *, resolved: bool) -> None:
        """Show the order that half a cancel-replace made."""
        if error.new_order_result != "SUCCESS":
            return
        session, result = self._session, msgspec.Raw(_encode(error.new_order_response))
        session.own_orders.answers.append(
            ReadAnswer(call.id, call.writing, session.runtime.now(), call.kind.makes_orders, result)
        )
        self.tell_reconcilers(call, result, resolved=resolved)

    def tell_reconcilers(self, call: Call, result: msgspec.Raw, *, resolved: bool) -> None:
        """Show the answer to a request that changed orders to who keeps track of them."""
        for reconciler in self._session.reconcilers:
            reconciler.answer(result, makes_orders=call.kind.makes_orders, resolved=resolved)
