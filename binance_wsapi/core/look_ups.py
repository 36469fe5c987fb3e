"""Finding out again what became of a request: what :meth:`OutcomeUnknown.resolve` does."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from binance_wsapi.core.api_sessions import ApiSessions
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.lost_answers import ASKING_S, LostAnswers
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.errors import OutcomeUnknown
from binance_wsapi.protocol.inquiry import patience_us
from binance_wsapi.protocol.secrets import without_secrets

__all__ = ["LookUps"]

LOOKS_AGAIN_S = 10.0
"""At least what passes until a second look has confirmed that there is no such order."""

GRACE_S = 5.0
"""What a look-up may take beyond its own time before the client's thread counts as hung."""


class LookUps:
    """Lets the errors of one client be resolved; for any thread.

    Args:
        runtime: What the core stands on.
        sessions: Where questions are asked.
        lost_answers: Who asks them.
        giving_up: Who tells what is found out when nobody waits for it any more.
    """

    def __init__(
        self,
        runtime: Runtime,
        sessions: ApiSessions,
        lost_answers: LostAnswers,
        giving_up: GivingUp,
    ) -> None:
        self.runtime = runtime
        self.sessions = sessions
        self.lost_answers = lost_answers
        self.giving_up = giving_up

    def let_resolve(self, call: Call, error: OutcomeUnknown) -> None:
        """Let an error be resolved, here and by another client that it is handed to."""
        window = (call.sent_params or call.params).get("recvWindow")
        error.request_id = call.id or None
        error.ws_key = call.ws_key
        error.params = without_secrets(call.params)
        error.recv_window = None if window is None else float(str(window))
        error.attach(_LookUp(self, call, error))


class _LookUp:
    """What a request was whose outcome an error calls unknown, and who finds it out; for any thread."""

    def __init__(self, look_ups: LookUps, call: Call, error: OutcomeUnknown) -> None:
        self._look_ups = look_ups
        self._call = call
        self._error = error

    def begin(self, timeout: float | None) -> Future[Any]:
        pending: Future[Any] = self._look_ups.runtime.run(lambda: self._find_out(timeout))
        return pending

    def patience(self, timeout: float | None) -> float:
        if timeout is None:
            call, exchanges = self._call, self._look_ups.runtime.exchanges
            ahead_us = max(0, call.sent_us - exchanges.now_us(call.ws_key))
            window_us = patience_us(self._error.recv_window, ahead_us)
            timeout = window_us / 1e6 + LOOKS_AGAIN_S + ASKING_S
        return timeout + GRACE_S

    async def _find_out(self, timeout: float | None) -> Outcome:
        session = self._look_ups.sessions.of(self._call.ws_key)
        return await self._look_ups.lost_answers.find_out_again(
            session, self._call, self._error, timeout
        )

    def left(self, pending: Future[Any], error: BaseException) -> None:
        self._look_ups.giving_up.left(pending, self._call, error)
