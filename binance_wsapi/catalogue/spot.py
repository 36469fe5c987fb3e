"""The operations of the Spot WebSocket API, in the order of its documents."""

from __future__ import annotations

from binance_wsapi.catalogue import spot_account, spot_market, spot_session, spot_trading
from binance_wsapi.catalogue.operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: tuple[Operation, ...] = (
    *spot_market.OPERATIONS,
    *spot_session.OPERATIONS,
    *spot_trading.OPERATIONS,
    *spot_account.OPERATIONS,
    *spot_session.USER_DATA_OPERATIONS,
)
