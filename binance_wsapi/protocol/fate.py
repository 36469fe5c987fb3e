"""What became of a request whose answer was lost: what to ask, and what an answer proves.

Nothing is ever sent twice. An order that is *found* settles the matter at once. An order that is *not*
found proves nothing until the request can no longer be accepted, and only if the question was asked
after that. A request is accepted up to its timestamp + recvWindow, which the exchange checks again just
before the matching engine; the API then gives the engine 10 seconds. That moment, with a margin, all on
the exchange's clock, is the *fence*.

======================== ============================ ==================================================
request                  question                     proof
======================== ============================ ==================================================
order.place,             order.status by client id    found, made since: executed. Not found after the
sor.order.place                                       fence: not executed, confirmed on Spot by allOrders
                                                      (a cancel gives the order another id)
order.cancel             order.status by the id it    CANCELED: executed. Ended otherwise: not executed,
                         named, on Spot then by the   says how. Open after the fence: not executed
                         cancel's own id
openOrders.cancelAll     openOrders.status, after     none left that is older than the request: executed
                         the fence only               (or there was none); else not executed
order.cancelReplace      order.status of both orders  each half as above; one half alone is partial
order.amend.keepPriority order.status, by the new     the new quantity or the new id: executed. Else,
                         client id first              after the fence, order.amendments decides
order.modify             order.status                 price and quantity, or modifyId, as asked:
                                                      executed. Else, after the fence, not executed
orderList.place.*        orderList.status by client   found: executed. Not found after the fence, nor any
                         id, then its orders          of its orders: not executed
orderList.cancel         orderList.status, then its   done, an order CANCELED: executed. Done otherwise:
                         orders                       not executed. Executing after the fence: neither
algoOrder.*              none on the WebSocket API    ALGO_UPDATE of the order, else it stays unknown
======================== ============================ ==================================================

A user data event of the order proves as much as an answer, without asking. What stays unknown: an order
that goes by no known id any more (amended or cancelled by others, without an id of ours), and a change
that the exchange may have turned into a cancel.

Client ids are unique among *open* orders only: an order found under the id counts when it was made since
the request was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.protocol.inquiries import questions
from binance_wsapi.protocol.proofs import proof
from binance_wsapi.protocol.verdict import (
    Answer,
    Ask,
    AskAgain,
    Case,
    Executed,
    NotExecuted,
    StaysUnknown,
    Verdict,
    When,
)

__all__ = [
    "AskAgain",
    "Executed",
    "Inquiry",
    "NotExecuted",
    "StaysUnknown",
    "Verdict",
    "fence_us",
    "inquiry",
]

_PROCESSING_US = 10_000_000
"""How long the API waits for the matching engine (reference/spot/rules.json, connection)."""

_DEFAULT_RECV_WINDOW_MS = 5000

_FIRST_PAUSE_US = 250_000
_LONGEST_PAUSE_US = 4_000_000


def fence_us(sent_us: int, recv_window_ms: float | None, margin_us: int) -> int:
    """Return the exchange time from which on a request can no longer be accepted."""
    window_ms = _DEFAULT_RECV_WINDOW_MS if recv_window_ms is None else recv_window_ms
    return sent_us + round(window_ms * 1000) + _PROCESSING_US + margin_us


def inquiry(
    market: Market,
    method: str,
    params: Mapping[str, Any],
    *,
    sent_us: int,
    recv_window_ms: float | None = None,
    margin_us: int = 1_000_000,
) -> Inquiry:
    """Begin to find out what became of a request.

    Args:
        market: The market it went to.
        method: The wire operation, such as ``order.place``.
        params: Its parameters by wire name, with the client ids it was sent with.
        sent_us: Its timestamp, in epoch microseconds.
        recv_window_ms: Its recvWindow; ``None`` for the exchange's default.
        margin_us: By how much the clocks may disagree: the timestamp may have been ahead of the
            exchange by as much, and the fence is put off by as much.
    """
    case = Case(market, method, params, sent_us, margin_us)
    return Inquiry(case, fence_us(sent_us, recv_window_ms, margin_us))


class Inquiry:
    """Finds out what became of one request: put its questions, hand in the answers.

    While the verdict is :class:`AskAgain`, put the next question at the time it names. Any other
    verdict is final, though :meth:`on_event` may still settle what stays unknown. All times are the
    exchange's, and must not run ahead of it.
    """

    def __init__(self, case: Case, fence_us: int) -> None:
        self.fence_us = fence_us
        """When the request can no longer be accepted."""
        self._case = case
        self._steps = questions(case)
        self._asked_us = 0
        self._pause_us = _FIRST_PAUSE_US
        self._ask: Ask | None = None
        self.verdict: Verdict = AskAgain(0)
        """What is known so far."""
        self._proceed(None, 0)

    def question(self, wall_us: int) -> tuple[str, dict[str, Any]] | None:
        """Return the method and the parameters to ask with now; ``None`` when there is no question.

        Call it at the moment of asking: an answer proves nothing about what came after its question.
        """
        if self._ask is None:
            return None
        self._asked_us = wall_us
        return self._ask.method, dict(self._ask.params)

    def on_answer(self, result: object, wall_us: int) -> Verdict:
        """Take in the result of the question."""
        if not isinstance(result, (dict, list)):
            return self.on_failure(wall_us)
        return self._take_in(result, wall_us)

    def on_error(self, code: int, message: str, wall_us: int) -> Verdict:
        """Take in the error the exchange answered the question with; only "not found" says a thing."""
        if code in self._case.market.facts.not_found:
            return self._take_in(None, wall_us)
        return self.on_failure(wall_us)

    def on_failure(self, wall_us: int) -> Verdict:
        """The question itself was lost, or could not be sent: it is put again after a pause."""
        if self._ask is not None:
            self.verdict = AskAgain(self._later(wall_us))
        return self.verdict

    def on_event(self, event: Mapping[str, Any]) -> Verdict | None:
        """Take in a user data event; ``None`` when it says nothing about the request."""
        found = proof(self._case, event)
        if found is None or isinstance(self.verdict, (Executed, NotExecuted)):
            return None
        if isinstance(found, AskAgain):
            if self._ask is None:
                return None
        else:
            self._ask = None
            self._steps.close()
        self.verdict = found
        return found

    def _take_in(self, result: object, wall_us: int) -> Verdict:
        if self._ask is not None:
            self._proceed(Answer(result, is_final=self._asked_us >= self.fence_us), wall_us)
        return self.verdict

    def _proceed(self, answer: Answer | None, wall_us: int) -> None:
        try:
            ask = self._ask = next(self._steps) if answer is None else self._steps.send(answer)
        except StopIteration as end:
            self._ask = None
            self.verdict = end.value
            return
        match ask.when:
            case When.NOW:
                not_before_us = wall_us
            case When.LATER:
                not_before_us = self._later(wall_us)
            case When.SETTLED:
                not_before_us = max(wall_us, self.fence_us)
        self.verdict = AskAgain(not_before_us)

    def _later(self, wall_us: int) -> int:
        pause_us = self._pause_us
        self._pause_us = min(pause_us * 2, _LONGEST_PAUSE_US)
        if wall_us < self.fence_us:
            return min(wall_us + pause_us, self.fence_us)
        return wall_us + pause_us
