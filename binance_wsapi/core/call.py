"""One request on its way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.protocol.limits import Refusal, Reservation
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.requests import Request
from binance_wsapi.response import Response

if TYPE_CHECKING:
    from binance_wsapi.core.api_link import ApiLink
    from binance_wsapi.options import Options

__all__ = ["Call", "Outcome"]

Outcome = Response[Any] | BinanceWsApiError

_ASKS_FOR = ("origClientOrderId", "cancelOrigClientOrderId", "listClientOrderId", "clientAlgoId")


class GivesUp(Protocol):
    """Who is told of calls that are given up without an exception to tell it by."""

    now: Callable[[], float]
    """The clock that its calls are timed by."""

    def forsake(self, call: Call) -> None:
        """The caller of a call is gone without a word."""

    def abandon(self, call: Call) -> BinanceWsApiError:
        """The caller of a call has waited beyond all measure: return the error it ends with."""
        raise NotImplementedError


class Call(Request[CallKind, Outcome]):
    """A request of a caller's, or of the core's own, and what the core keeps beside it.

    Made on the caller's thread, then owned by the core's thread alone, but for the right to write it.
    :meth:`settle` or :meth:`drop` is called exactly once, on the core's thread.
    """

    # What most calls never change stands here once, and costs a call nothing.
    is_urgent = False
    """It may use the reserve of limits."""
    link: ApiLink | None = None
    """The one link it belongs to; ``None`` when any link of the session will do."""
    frame: bytes | None = None
    sent_params: Mapping[str, WireValue] | None = None
    """The parameters as they were sent, key and time included, where they differ."""
    encoded_for: object = None
    """The authority it was signed and encoded under."""
    encoded_at = 0.0
    sent_us = 0
    """The time stamped on it, epoch microseconds on the exchange's clock."""
    reservation: Reservation | None = None
    is_driven = False
    """Its caller sends it on its own thread, and may be interrupted at any line of that."""
    admitted: Reservation | Refusal | None = None
    """What the limits said last: it may be written, or not."""
    was_answered = False
    """An answer came that does not say what became of it."""
    late_answer: Outcome | None = None
    """What the exchange answered after nobody had waited for it any more."""

    entry = 0
    """The number of its latest entry in the journal; 0 while it has none."""
    journalled_frame: bytes | None = None
    """What of it may be sent as far as the journal is concerned."""

    options: Options | None = None
    """The options it is made with in place of the client's."""
    in_floats = False
    """Its caller wants floats."""

    ws_key: WsKey
    """The connection it was made on; the core's own requests have none."""
    giving_up: GivesUp
    """Whom to tell when its caller gives it up."""
    is_awaited: Callable[[], bool] | None = None
    """Whether the caller can still be reached, where that may end without a word."""

    def renew(self, request_id: str) -> None:
        """Make it ready to be sent once more, under an id of its own.

        A late or doubled answer to the first sending must not be taken for the answer to this one.
        """
        self.id = request_id
        self.encoded_for = None

    @property
    def asks_for(self) -> str | None:
        """The client id of the order or order list that it asks for or changes."""
        return next((str(self.params[name]) for name in _ASKS_FOR if name in self.params), None)

    @property
    def writing(self) -> float:
        """When it was written, for comparing; nothing is before or after what nobody here has seen."""
        return math.nan if self.written_at is None else self.written_at

    @property
    def client_order_id(self) -> str | None:
        """The id that finds the order or order list it makes."""
        ids = self.kind.client_ids
        return str(self.params[ids[0]]) if ids and ids[0] in self.params else None
