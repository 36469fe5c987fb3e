"""What became of a request whose answer was lost: what to ask, and what an answer proves.

Nothing is ever sent twice. An order that is *found* settles the matter at once. An order that is *not*
found proves nothing until the request can no longer be accepted, and only if the question was asked
after that. A request is accepted up to its timestamp + recvWindow, which the exchange checks again just
before the matching engine; the API then gives the engine 10 seconds. That moment, with a margin, is the
*fence*. It has to have passed on the exchange's clock, and so much time since the write on the monotonic
clock as well: what the exchange's clock is thought to show may jump, by hand or by a wrong measurement.

What is read at the fence may come from a copy that lags behind: what rests on something *not* having been
found is asked once more some seconds later before it counts.

======================== ============================ ==================================================
request                  question                     proof
======================== ============================ ==================================================
order.place,             order.status by client id    found, made since: executed. Not found after the
sor.order.place                                       fence: not executed, confirmed on Spot by allOrders
                                                      (a cancel gives the order another id)
order.cancel             order.status by the id it    CANCELED: executed. Ended otherwise: not executed,
                         named, on Spot then by the   says how. Open after the fence: not executed
                         cancel's own id
openOrders.cancelAll     openOrders.status, after     none left but younger ones: executed (or there was
                         the fence only               none); an older one: not executed; else unknown
order.cancelReplace      order.status of both orders  each half as above; one half alone is partial
order.amend.keepPriority order.status, by the new     the new quantity or the new id: executed. Else,
                         client id first              after the fence, order.amendments decides
order.modify             order.status, then its       price and quantity as asked: executed. Unchanged
                         changes over REST            since, or no such change after the fence: not
                                                      executed
orderList.place.*        orderList.status by client   found: executed. Not found after the fence, nor any
                         id, then its orders          of its orders: not executed
orderList.cancel         orderList.status, then its   done, an order CANCELED: executed. Done otherwise:
                         orders                       not executed. Executing after the fence: neither
algoOrder.place          its REST path, by client id  found: executed. Else it stays unknown, but for
                                                      ALGO_UPDATE of the order
algoOrder.cancel         its REST path                CANCELED since: executed. Open after the fence, or
                                                      ended otherwise: not executed. Else unknown
======================== ============================ ==================================================

A user data event of the order proves as much as an answer, without asking. What stays unknown: an order
that goes by no known id any more (amended or cancelled by others, without an id of ours), a change
that the exchange may have turned into a cancel, and what a repeated client id may not have meant: an order
that had ended before a cancel or a change of it was sent, or that was made after.

Client ids are unique among *open* orders only. What answers have shown to be another request's order, or
to have been there before, decides first, whatever the clocks say; an id that this client made up was had by
nobody else. Only then times are compared: the timestamp is late by an unknown bit, and the exchange takes none
that is further ahead than the margin, so what was made before that is older. What may be either's stays unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.protocol.fate_rules import rules_of
from binance_wsapi.protocol.verdict import LAG_S as _LAG_S
from binance_wsapi.protocol.verdict import (
    Answer,
    AskAgain,
    Executed,
    Knowledge,
    LostRequest,
    Moment,
    NotExecuted,
    Question,
    StaysUnknown,
    Verdict,
    When,
)

__all__ = [
    "DEFAULT_RECV_WINDOW_MS",
    "AskAgain",
    "Executed",
    "Inquiry",
    "Knowledge",
    "Moment",
    "NotExecuted",
    "StaysUnknown",
    "Verdict",
    "open_inquiry",
    "patience_us",
]

_PROCESSING_US = 10_000_000
"""How long the API waits for the matching engine (reference/spot/rules.json, connection)."""

DEFAULT_RECV_WINDOW_MS = 5000

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 4.0


def patience_us(recv_window_ms: float | None, margin_us: int) -> int:
    """Return how long after its timestamp a request may still be executed."""
    window_ms = DEFAULT_RECV_WINDOW_MS if recv_window_ms is None else recv_window_ms
    return round(window_ms * 1000) + _PROCESSING_US + margin_us


def open_inquiry(
    market: Market,
    method: str,
    params: Mapping[str, Any],
    *,
    sent_us: int,
    written_at: float,
    is_write_seen: bool = True,
    recv_window_ms: float | None = None,
    margin_us: int = 1_000_000,
    request_id: str = "",
    knowledge: Knowledge | None = None,
) -> Inquiry:
    """Begin to find out what became of a request.

    Args:
        market: The market it went to.
        method: The wire operation, such as ``order.place``.
        params: Its parameters by wire name, with the client ids it was sent with.
        sent_us: Its timestamp, in epoch microseconds.
        written_at: When it was written, in monotonic seconds; where nobody knows, any later moment.
        is_write_seen: Somebody knows: what else was read and written here can be compared with it.
        recv_window_ms: Its recvWindow; ``None`` for the exchange's default.
        margin_us: By how much the clocks may disagree: the timestamp may have been ahead of the
            exchange by as much, and the fence is put off by as much.
        request_id: The id it was sent under; empty where nobody knows.
        knowledge: What the client knows besides.
    """
    patience = patience_us(recv_window_ms, margin_us)
    request = LostRequest(
        market,
        method,
        params,
        sent_us,
        margin_us,
        written_at if is_write_seen else math.nan,
        sent_us + patience,
        request_id,
        knowledge or Knowledge(),
    )
    return Inquiry(request, Moment(written_at + patience / 1e6, sent_us + patience))


class Inquiry:
    """Finds out what became of one request: put its questions, hand in the answers.

    While the verdict is :class:`AskAgain`, put the next question at the time it names. Any other
    verdict is final, though :meth:`on_event` may still settle what stays unknown. The exchange's time
    must not be taken to be later than it is.
    """

    def __init__(self, request: LostRequest, fence: Moment) -> None:
        self.fence = fence
        """When the request can no longer be accepted: when both clocks have passed it."""
        self._request = request
        self._rules = rules_of(request)
        self._steps = self._rules.questions(request)
        self._is_past_fence = False
        """The question was put after the fence."""
        self._is_second_look = False
        self._pause = _FIRST_PAUSE_S
        self._question: Question | None = None
        self.verdict: Verdict = AskAgain(-math.inf)
        """What is known so far."""
        self._proceed(None, Moment(-math.inf, 0))

    def is_past_fence(self, at: Moment) -> bool:
        """Whether the request can no longer be accepted at a moment."""
        return at.now >= self.fence.now and at.exchange_us >= self.fence.exchange_us

    def settles_at(self, at: Moment) -> float:
        """Return when all that can be asked is known, in monotonic seconds, as things stand."""
        return self._fence_due(at) + (0.0 if self._is_second_look else _LAG_S)

    def question(self, at: Moment) -> tuple[str, dict[str, Any]] | None:
        """Return the method and the parameters to ask with now; ``None`` when there is no question.

        Call it at the moment of asking: an answer proves nothing about what came after its question.
        """
        if self._question is None:
            return None
        self._is_past_fence = self.is_past_fence(at)
        return self._question.method, dict(self._question.params)

    def on_answer(self, result: object, at: Moment) -> Verdict:
        """Take in the result of the question."""
        if not isinstance(result, (dict, list)):
            return self.on_failure(at)
        return self._take_in(result, at)

    def on_error(self, code: int, message: str, at: Moment) -> Verdict:
        """Take in the error the exchange answered the question with; only "not found" says a thing."""
        if code in self._request.market.facts.not_found:
            return self._take_in(None, at)
        return self.on_failure(at)

    def on_failure(self, at: Moment) -> Verdict:
        """The question itself was lost, or could not be sent: it is put again after a pause."""
        if self._question is not None:
            self.verdict = AskAgain(self._later(at))
        return self.verdict

    def answer(self, found: Any) -> Any:
        """Return what the request would have been answered, from what an :class:`Executed` holds."""
        return self._rules.answer(found, self._request.params)

    def on_event(self, event: Mapping[str, Any]) -> Verdict | None:
        """Take in a user data event; ``None`` when it says nothing about the request."""
        found = self._rules.proven_by(self._request, event)
        if found is None or isinstance(self.verdict, (Executed, NotExecuted)):
            return None
        if isinstance(found, AskAgain):
            if self._question is None:
                return None
            self.verdict = found
        else:
            self.settle(found)
        return found

    def settle(self, verdict: Verdict) -> None:
        """Take in what is known from elsewhere: there is nothing to ask any more."""
        self._question = None
        self._steps.close()
        self.verdict = verdict

    def _take_in(self, result: object, at: Moment) -> Verdict:
        if self._question is not None:
            self._proceed(Answer(result, is_final=self._is_past_fence), at)
        return self.verdict

    def _proceed(self, answer: Answer | None, at: Moment) -> None:
        try:
            question = self._question = (
                next(self._steps) if answer is None else self._steps.send(answer)
            )
        except StopIteration as end:
            self._question = None
            self.verdict = end.value
            is_whole = isinstance(end.value, Executed) and not end.value.is_partial
            if self._is_past_fence and not is_whole:
                self._look_again(at)
            return
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # Something in the answer is not what it should be: it proves nothing, and all is asked again.
            self._steps = self._rules.questions(self._request)
            self._question = next(self._steps)
            self.verdict = AskAgain(self._later(at))
            return
        match question.when:
            case When.NOW:
                not_before = at.now
            case When.LATER:
                not_before = self._later(at)
            case When.SETTLED:
                not_before = self._fence_due(at)
            case When.CAUGHT_UP:
                not_before = at.now + _LAG_S
        self.verdict = AskAgain(not_before)

    def _look_again(self, at: Moment) -> None:
        if not self._is_second_look:
            self._is_second_look = True
            self._steps = self._rules.questions(self._request)
            self._question = next(self._steps)
            self.verdict = AskAgain(at.now + _LAG_S)

    def _later(self, at: Moment) -> float:
        pause = self._pause
        self._pause = min(pause * 2, _LONGEST_PAUSE_S)
        due = self._fence_due(at)
        return min(at.now + pause, due) if at.now < due else at.now + pause

    def _fence_due(self, at: Moment) -> float:
        """Return when the fence will have passed on both clocks, in monotonic seconds; now at the earliest."""
        # Microseconds are rounded down: asked too soon, the question would have to be put again.
        left_s = (self.fence.exchange_us - at.exchange_us) / 1e6 + 0.001
        return max(at.now, self.fence.now, at.now + left_s if left_s > 0.001 else at.now)
