"""Cancel-replace: an order cancelled and another placed in one request."""

from __future__ import annotations

import msgspec
from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import CancelReplaceOutcome
from binance_wsapi.models.order import CancelledOrder, PlacedOrder
from binance_wsapi.models.order_list import CancelledOrderList
from binance_wsapi.models.tolerant import tolerant_decoder

__all__ = ["CancelReplaceResult"]

_decode_cancelled = tolerant_decoder(CancelledOrder | CancelledOrderList)


class CancelReplaceResult(Model):
    """Both halves of a cancel-replace that went through."""

    cancel_result: CancelReplaceOutcome
    """What became of the cancel."""
    new_order_result: CancelReplaceOutcome
    """What became of the new order."""
    cancel_response_json: msgspec.Raw = field(name="cancelResponse")
    """The cancelled order as the exchange wrote it; use :attr:`cancel_response`."""
    new_order_response: PlacedOrder
    """The new order."""

    @property
    def cancel_response(self) -> CancelledOrder | CancelledOrderList:
        """The cancelled order, or the order list it took with it; decoded at each touch."""
        cancelled: CancelledOrder | CancelledOrderList = _decode_cancelled(
            self.cancel_response_json
        )
        return cancelled
