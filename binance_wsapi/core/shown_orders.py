"""The orders that answers show, made known to whoever keeps track of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from binance_wsapi.core.asking import Asker
from binance_wsapi.core.call import Call
from binance_wsapi.errors import PartlyExecuted
from binance_wsapi.protocol.own_orders import ReadAnswer

if TYPE_CHECKING:
    from binance_wsapi.core.reconciliation import Reconciler

__all__ = ["Followed", "note_orders", "show_half", "show_orders"]

_encode = msgspec.json.Encoder().encode


class Followed(Asker, Protocol):
    """A session whose account's orders somebody may keep track of."""

    reconcilers: Sequence[Reconciler]


def show_orders(session: Followed, call: Call, result: msgspec.Raw, *, resolved: bool) -> None:
    """Show the answer to a request that changed orders to who keeps track of them.

    Args:
        session: Where the request was sent.
        call: The request.
        result: What it was answered.
        resolved: The answer had been lost, and was found out.
    """
    for reconciler in session.reconcilers:
        reconciler.answer(result, makes_orders=call.kind.makes_orders, resolved=resolved)


def show_half(session: Followed, call: Call, error: PartlyExecuted, *, resolved: bool) -> None:
    """Show the order that half a cancel-replace made."""
    if error.new_order_result == "SUCCESS":
        result = msgspec.Raw(_encode(error.new_order_response))
        note_orders(session, call, result)
        show_orders(session, call, result, resolved=resolved)


def note_orders(session: Asker, call: Call, result: msgspec.Raw) -> None:
    """Keep what an answer that was read just now shows of the exchange's orders."""
    session.own_orders.answers.append(
        ReadAnswer(call.id, call.writing, session.runtime.now(), call.kind.makes_orders, result)
    )
