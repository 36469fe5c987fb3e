"""What is done about a request whose outcome is unknown, and who is told of the orders it made."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.errors import OutcomeUnknown, PartlyExecuted
from binance_wsapi.protocol.session import State
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.api_session import ApiSession

__all__ = ["Outcomes"]

log = logging.getLogger("binance_wsapi.session")

_encode = msgspec.json.Encoder().encode


class Outcomes:
    """Settles the requests of one session that have no plain answer; on the loop's thread."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    def undecided(self, call: Call, error: OutcomeUnknown) -> None:
        """The fate of a request is unknown: find it out, or say so."""
        core = self._session.core
        if not call.kind.mutates or call.kind.operation is None or call.is_own:
            call.settle(error)
            return
        core.resolver.begin(self._session, call)
        error.attach(lambda timeout: self._find_out_again(call, error, timeout), core.run)
        if (
            core.options.on_unknown_outcome == "raise"
            or self._session.machine.state is State.CLOSED
        ):
            call.settle(error)
        else:
            core.spawn(self._resolve(call, error))

    async def _resolve(self, call: Call, error: OutcomeUnknown) -> None:
        core = self._session.core
        try:
            outcome = await self._find_out(call, error, core.options.resolve_timeout)
        except asyncio.CancelledError:
            call.settle(error)  # the client is being closed
            raise
        except Exception:
            log.exception("%s: finding out its outcome failed", call.kind.method)
            outcome = error
        call.settle(outcome)

    async def _find_out_again(
        self, call: Call, error: OutcomeUnknown, timeout: float | None
    ) -> Outcome:
        core = self._session.core
        finding = core.spawn(self._find_out(call, error, timeout))
        try:
            return await finding
        except asyncio.CancelledError:
            if core.closed:
                return core.closed_error()
            finding.cancel()
            raise

    async def _find_out(self, call: Call, error: OutcomeUnknown, timeout: float | None) -> Outcome:
        outcome = await self._session.core.resolver.resolve(self._session, call, error, timeout)
        if isinstance(outcome, Response):
            self.tell_reconcilers(call, outcome.raw_result, resolved=True)
        elif isinstance(outcome, PartlyExecuted):
            self.tell_half(call, outcome, resolved=True)
        return outcome

    def tell_half(self, call: Call, error: PartlyExecuted, *, resolved: bool) -> None:
        """Show the order that half a cancel-replace made."""
        if error.new_order_result == "SUCCESS":
            self.tell_reconcilers(
                call, msgspec.Raw(_encode(error.new_order_response)), resolved=resolved
            )

    def tell_reconcilers(self, call: Call, result: msgspec.Raw, *, resolved: bool) -> None:
        """Show the answer to a request that changed orders to who keeps track of them."""
        for reconciler in self._session.reconcilers:
            reconciler.answer(call.kind.method, result, resolved=resolved)
