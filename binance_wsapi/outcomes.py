"""Calls whose callers gave them up: what the exception says of them, and what became of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
)
from binance_wsapi.events import OrderReconciled
from binance_wsapi.models.base import Model
from binance_wsapi.response import Response

__all__ = ["CallOutcome", "GivenUp", "OutcomeState", "Recovered", "given_up", "state_of"]

OutcomeState = Literal[
    "open", "accepted", "rejected", "partly executed", "not placed", "not sent", "unknown"
]


class CallOutcome(Model, frozen=True):
    """What became of a call that changes something, after its caller gave it up."""

    ws_key: WsKey
    """The connection it was made on."""
    operation: str
    """The wire operation, such as ``order.place``."""
    params: Mapping[str, Any]
    """Its parameters by wire name, key and signature left out."""
    client_order_id: str | None
    """The id that finds the order or order list, where it makes one."""
    state: OutcomeState
    """``open`` while it is being found out, ``accepted``, ``rejected``, ``partly executed`` (half of a
    cancel-replace), ``not placed``, ``not sent``, or ``unknown``."""
    response: Response[Any] | None = None
    """The answer, where it was accepted."""
    error: BinanceWsApiError | None = None
    """What the call would have raised. An :class:`OutcomeUnknown` can be resolved once more."""


class Recovered(CallOutcome, frozen=True):
    """What became of a request that an earlier client left open in the journal.

    ``state`` is as for every call: ``accepted`` with the answer that was lost, as far as it is known;
    ``not placed``; ``unknown`` where all was asked that can be asked, and ``open`` where the time was over
    before that: :meth:`recover` asks again. ``error`` says what was tried.
    """

    sent_at: int
    """Its timestamp, epoch microseconds, exchange time."""
    orders: tuple[OrderReconciled, ...] = ()
    """The orders that it made or changed as they stand now, each with its fills (``missed_fills``)."""


def state_of(outcome: Response[Any] | BinanceWsApiError) -> OutcomeState:
    """Return in a word what became of a call."""
    match outcome:
        case Response():
            return "accepted"
        case OutcomeUnknown():
            return "unknown"
        case NotSent() | ClientClosed():
            return "not sent"
        case NotPlaced():
            return "not placed"
        case PartlyExecuted():
            return "partly executed"
        case _:
            return "rejected"


@dataclass(frozen=True)
class GivenUp:
    """The call that an exception ended."""

    operation: str
    """The wire operation, such as ``order.place``."""
    client_order_id: str | None
    """The id that finds the order or order list, where it makes one."""
    written: bool
    """Whether it was sent. If not, nothing was, and nothing will be: repeating it is safe."""

    def mark(self, error: BaseException, note: str) -> None:
        """Write it down on the exception that is in flight."""
        # Some classes take neither, and that must not hide the exception itself.
        with contextlib.suppress(Exception):
            error.add_note(note)
            error.operation = self.operation  # type: ignore[attr-defined]
            error.client_order_id = self.client_order_id  # type: ignore[attr-defined]
            error.written = self.written  # type: ignore[attr-defined]


def given_up(error: BaseException) -> GivenUp | None:
    """Return the call that an exception ended, where its caller gave one up.

    The exception that ends a wait (``CancelledError``, ``KeyboardInterrupt``, what a signal handler
    raises) has the attributes ``operation``, ``client_order_id`` and ``written``. This finds them on what
    others make of it, too: a ``TimeoutError`` of ``asyncio.timeout`` or ``asyncio.wait_for``, or a group
    of exceptions. A scope that swallows the exception (``anyio.move_on_after``, a ``TaskGroup`` that ends
    its other tasks) leaves nothing to look at: ``client.outcomes()`` knows of those calls, too.

    Args:
        error: The exception.

    Returns:
        What it says of the call; ``None`` when it ended none.
    """
    for each in _related(error):
        if isinstance(written := getattr(each, "written", None), bool):
            return GivenUp(
                getattr(each, "operation", ""), getattr(each, "client_order_id", None), written
            )
    return None


def _related(error: BaseException) -> Iterator[BaseException]:
    """The exception, those it came from, and those of a group."""
    seen: set[int] = set()
    open_: list[BaseException | None] = [error]
    while open_:
        each = open_.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            open_.extend(cast("BaseExceptionGroup[BaseException]", each).exceptions)
        open_.extend((each.__cause__, None if each.__suppress_context__ else each.__context__))
