"""Requests whose answers are not waited for any more."""

from __future__ import annotations

import logging

from binance_wsapi.core.api_connection import ApiConnection
from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.call import Call
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.errors import OutcomeUnknown
from binance_wsapi.protocol.requests import RequestInput, RequestState

__all__ = ["Unanswered"]

log = logging.getLogger("binance_wsapi.session")

OVERDUE_KEPT = 1024
"""Most requests of a link kept in mind whose answers are late."""


class Unanswered:
    """Takes the requests of one session off its links, and leaves open what became of them.

    Args:
        session: Whose requests they are.
        lost_answers: Finds out what became of them.
    """

    def __init__(self, session: ApiConnection, lost_answers: LostAnswers) -> None:
        self._session = session
        self._governor = session.governor
        self._lost_answers = lost_answers

    def give_up(self, link: ApiLink, call: Call) -> None:
        """Wait no longer for an answer on this link."""
        del link.pending[call.id]
        self._listen_on(link, call)
        if call.reservation is not None:
            self._governor.lost(call.reservation)

    def answered(self, link: ApiLink, call: Call) -> None:
        """An answer has come that does not say what became of a request: another one may yet."""
        call.was_answered = True
        self._listen_on(link, call)

    def _listen_on(self, link: ApiLink, call: Call) -> None:
        if call.is_heard_late and link.lost_because is None:
            link.overdue[call.id] = call
            if len(link.overdue) > OVERDUE_KEPT:
                del link.overdue[next(iter(link.overdue))]

    def leave_open(self, call: Call, error: OutcomeUnknown) -> None:
        """Have it found out what became of a request, or say that nobody knows."""
        if call.move(RequestInput.LEFT_OPEN):
            ws_key, method = self._session.ws_key, call.kind.method
            log.debug("%s: %s %s is left open: %s", ws_key, method, call.id, error.cause)
            try:
                self._lost_answers.begin(self._session, call, error)
            except Exception:
                # The edge of a call: those beside it are to end as well, and so is this one.
                log.exception("%s: its lost answer could not be taken up", method)
                if call.state is RequestState.LEFT_OPEN:
                    call.settle(error)
