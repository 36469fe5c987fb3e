"""The life of a request: where it stands, and what may become of it.

A request runs through ``TRANSITIONS``, which is the whole of what can happen to it. Money hangs on three
rules, and the table is how they are kept:

* What was written is not written again, unless it is known not to have been executed (the socket took
  nothing of it, or the exchange refused its timestamp) or it changes nothing.
* Of what was written nobody says that it was not sent: it is answered, or what became of it is unknown.
* It ends once.

An input that the table does not have is a fault of this library. It is an error; where assertions are
off it changes nothing, and the request ends the way of all others: by its answer, or as unknown when
its time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, IntEnum
from typing import Any, Generic, Protocol, TypeVar

from binance_wsapi.errors import BinanceWsApiError, InvalidTimestamp, OutcomeUnknown, RateLimited
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.transitions import Table, after, column

__all__ = ["TRANSITIONS", "Reaction", "Request", "RequestInput", "RequestState", "Unsent"]


class RequestState(IntEnum):
    """Where a request stands."""

    NEW = 1
    """On its way to a link; nothing of it is under way."""
    WAITING = 2
    """No link takes requests: it goes over the next that does."""
    HELD = 3
    """Something else comes first: a limit's window, its signature, the clock."""
    WRITTEN = 4
    """Handed to a socket: it may have been executed, until its answer says more."""
    REPEATING = 5
    """It changes nothing, its answer was lost, and it is on its way once more."""
    LEFT_OPEN = 6
    """No answer is waited for any more: what became of it is unknown, or being found out."""
    ENDED = 7
    """Its caller has the outcome."""


class RequestInput(IntEnum):
    """What happens to a request."""

    QUEUED = 1
    """No link takes it now."""
    HELD_BACK = 2
    """Something has to happen before it can be written."""
    WRITTEN = 3
    """It is about to be handed to a socket."""
    NOT_WRITTEN = 4
    """The socket took nothing of it."""
    STALE = 5
    """The exchange refused its timestamp: it was not executed."""
    REPEATED = 6
    """Its answer was lost, and it is asked once more."""
    LEFT_OPEN = 7
    """Its answer was lost, late or unreadable."""
    SETTLED = 8
    """Its answer has come, or what became of it was found out, or is said to be unknown."""
    DROPPED = 9
    """It ends without being under way."""


_UNSENT: Mapping[RequestInput, RequestState] = {
    RequestInput.QUEUED: RequestState.WAITING,
    RequestInput.HELD_BACK: RequestState.HELD,
    RequestInput.WRITTEN: RequestState.WRITTEN,
    RequestInput.DROPPED: RequestState.ENDED,
}

TRANSITIONS: Table[RequestState, RequestInput] = {
    RequestState.NEW: _UNSENT,
    RequestState.WAITING: _UNSENT,
    RequestState.HELD: _UNSENT,
    RequestState.REPEATING: _UNSENT,
    # No DROPPED here, and no way back but for what was not executed or changes nothing.
    RequestState.WRITTEN: {
        RequestInput.NOT_WRITTEN: RequestState.NEW,
        RequestInput.STALE: RequestState.NEW,
        RequestInput.REPEATED: RequestState.REPEATING,
        RequestInput.LEFT_OPEN: RequestState.LEFT_OPEN,
        RequestInput.SETTLED: RequestState.ENDED,
    },
    RequestState.LEFT_OPEN: {
        RequestInput.SETTLED: RequestState.ENDED,
    },
    RequestState.ENDED: {},
}

# Each request goes through these: a look into a dict, and no call.
_ON_WRITTEN = column(TRANSITIONS, RequestInput.WRITTEN)
_ON_SETTLED = column(TRANSITIONS, RequestInput.SETTLED)


class Reaction(Enum):
    """What is to be done about a request whose answer is no success."""

    TELL = "its caller is told what the exchange said"
    STAMP_ANEW = "it is stamped with a fresh time and sent again"
    LEAVE_OPEN = "the exchange does not know itself what became of it"
    UNREADABLE = "it says nothing that can be believed"


class Unsent(Enum):
    """Why the time of a request was over before it was written."""

    NO_CONNECTION = "no connection took it"
    HELD_TOO_LONG = "there was a connection, and something else stood in the way"
    LOST = "it had been sent once, its answer was lost, and it was to be asked again"


class RequestKind(Protocol):
    """What all requests of one operation have in common."""

    @property
    def mutates(self) -> bool:
        """It changes something: sent twice it may be done twice."""

    @property
    def repeatable(self) -> bool:
        """Asking again on another connection is the same as asking once."""

    @property
    def signed(self) -> bool:
        """It needs a signature, or a connection that is logged on."""

    @property
    def logs(self) -> bool:
        """It changes whether the connection is logged on."""

    @property
    def operation(self) -> object:
        """The catalogue's entry; ``None`` for what it does not know."""


KindT = TypeVar("KindT", bound=RequestKind)
OutcomeT = TypeVar("OutcomeT")


class Request(Generic[KindT, OutcomeT]):
    """A request: its state, and the decisions that hang on it.

    Made on the caller's thread, then moved by the core's alone. Only the right to write it may be taken
    by both: whoever takes that, the core by :meth:`begin_write` or the caller by :meth:`withdraw`, decides
    alone and at once whether it is sent.

    Args:
        kind: What kind of request it is.
        params: Its parameters, checked and converted.
        deliver: Is called with the outcome.
        request_id: The id of its first sending.
        timeout: Seconds it may take.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        kind: KindT,
        params: Mapping[str, WireValue],
        deliver: Callable[[OutcomeT], object],
        request_id: str,
        timeout: float,
        now: float,
    ) -> None:
        self.kind = kind
        self.params = params
        self.deliver = deliver
        self.id = request_id
        self.timeout = timeout
        self.made_at = now
        self.deadline = now + timeout
        # A list: taking its one element is a single step, which no two threads can both do.
        self._right_to_write = [True]
        self.state = RequestState.NEW

    # What most requests never change stands here once, and costs a request nothing.
    is_own = False
    """The core's own request: a logon, a subscription, a question, a snapshot."""
    is_given_up = False
    """Its caller waits no more."""
    written_at: float | None = None
    """When it was handed to the socket; ``None`` means that nothing left this machine."""
    loss: str | None = None
    """Why the answer to its last sending was lost; it is being repeated."""
    retimed = False
    """It was refused for its timestamp once and stamped anew."""
    outcome: OutcomeT | None = None
    """What it ended with."""
    note_end: Callable[[Any], object] | None = None
    """Is called with it once it has ended, before its caller knows."""

    @property
    def is_unsent(self) -> bool:
        """Whether nothing of it is under way, and may still be."""
        return RequestInput.DROPPED in TRANSITIONS[self.state]

    def move(self, given: RequestInput) -> bool:
        """Go where the table leads; false, with assertions off, where it leads nowhere."""
        then = after(TRANSITIONS, self.state, given)
        if then is None:
            return False
        self.state = then
        return True

    # Its end

    def settle(self, outcome: OutcomeT) -> None:
        """End it by its answer, by what was found out, or by the word that nobody knows."""
        then = _ON_SETTLED.get(self.state)
        if then is None:
            self.move(RequestInput.SETTLED)
            return
        self.state = then
        self.outcome = outcome
        if self.note_end is not None:
            self.note_end(self)
        self.deliver(outcome)

    def drop(self, error: OutcomeT) -> None:
        """End it while nothing of it is under way."""
        if self.move(RequestInput.DROPPED):
            self.outcome = error
            if self.note_end is not None:
                self.note_end(self)
            self.deliver(error)

    # The right to write

    def begin_write(self, now: float) -> bool:
        """Take the right to write it; false when the caller has withdrawn it.

        From here on nobody may say that it was not sent.
        """
        then = _ON_WRITTEN.get(self.state)
        if then is None:
            return self.move(RequestInput.WRITTEN)
        try:
            self._right_to_write.pop()
        except IndexError:
            return False
        self.state = then
        self.written_at = now
        return True

    def withdraw(self) -> bool:
        """Take the right to write it away, from any thread; false when it was written before."""
        # Said before it is tried: a right that is given back meanwhile is found to be unwanted.
        self.is_given_up = True
        try:
            self._right_to_write.pop()
        except IndexError:
            return False
        return True

    def was_not_written(self) -> bool:
        """The socket took nothing of it; true when it may be written later."""
        return self.move(RequestInput.NOT_WRITTEN) and self._give_right_back()

    def was_stale(self) -> bool:
        """The exchange refused its timestamp; true when it may be stamped anew, once."""
        if not self.move(RequestInput.STALE):
            return False
        self.retimed = True
        return self._give_right_back()

    def repeat(self, reason: str) -> bool:
        """Its answer is lost, and asking again does no harm; true when it may be written again."""
        if not self.move(RequestInput.REPEATED):
            return False
        self.loss = reason
        return self._give_right_back()

    def _give_right_back(self) -> bool:
        self.written_at = None
        self._right_to_write.append(True)
        # Looked at last: a caller who gives it up from here on finds the right and takes it.
        if self.is_given_up:
            self.withdraw()
        return not self.is_given_up

    # Decisions

    @property
    def needs_logon(self) -> bool:
        """Whether a refused logon stands in its way: it has no signature, and does not log on itself."""
        return self.kind.signed and not self.kind.logs and "signature" not in self.params

    @property
    def has_to_show(self) -> bool:
        """Whether success shows something: what changes orders those, and a logon the key.

        An answer that does not is none: nobody could tell what became of the request.
        """
        return self.kind.logs or (self.kind.mutates and self.kind.operation is not None)

    @property
    def is_open_unread(self) -> bool:
        """Whether an answer that nobody can read leaves open what became of it: no other will come."""
        return self.kind.mutates or self.is_own

    @property
    def is_ended_by_revocation(self) -> bool:
        """Whether its fate is unknown when the exchange ends the logon it was sent under."""
        return self.kind.signed

    @property
    def is_found_out(self) -> bool:
        """Whether the exchange can be asked what became of it."""
        return self.kind.mutates and self.kind.operation is not None and not self.is_own

    @property
    def is_heard_late(self) -> bool:
        """Whether an answer after its end would tell anybody anything."""
        return self.kind.mutates and not self.is_own

    def may_wait(self, wait: float, now: float, *, on_rate_limit: str) -> bool:
        """Whether it waits for a limit or a ban to pass, rather than end with it."""
        return on_rate_limit == "wait" and now + wait < self.deadline

    def may_be_repeated(self, *, on_unknown_outcome: str, is_closed: bool) -> bool:
        """Whether it is asked once more when its answer is lost."""
        return (
            self.kind.repeatable
            and not self.is_own  # whoever asks for the core decides about asking again
            and on_unknown_outcome != "raise"
            and not is_closed
        )

    def after_failure(
        self, error: BinanceWsApiError, *, is_told: bool, is_clock_manual: bool
    ) -> Reaction:
        """Decide what follows from an answer that is no success.

        Args:
            error: What it means.
            is_told: Whether it says so itself; else it is neither success nor failure.
            is_clock_manual: Whether the user set the exchange's clock.
        """
        if isinstance(error, OutcomeUnknown):
            return Reaction.LEAVE_OPEN
        # A limit may be told in any form, but of what changes something only a plain no is believed.
        if not is_told and (self.kind.mutates or not isinstance(error, RateLimited)):
            return Reaction.UNREADABLE
        if isinstance(error, InvalidTimestamp) and self._may_be_retimed(
            is_clock_manual=is_clock_manual
        ):
            return Reaction.STAMP_ANEW  # refused before it was executed: it cannot be done twice
        return Reaction.TELL

    def unsent_in_time(self, *, is_connected: bool) -> Unsent:
        """Say why its time was over before it was written."""
        if self.loss is not None:
            return Unsent.LOST
        return Unsent.HELD_TOO_LONG if is_connected else Unsent.NO_CONNECTION

    def _may_be_retimed(self, *, is_clock_manual: bool) -> bool:
        return not (
            self.retimed
            or self.kind.logs  # a logon has its own second try
            or "timestamp" in self.params  # the caller's own
            or is_clock_manual
        )
