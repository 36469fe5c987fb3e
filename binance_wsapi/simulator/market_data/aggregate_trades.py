"""Aggregate trades: what one taker order did at one price, as one row."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.observers import Trade

__all__ = ["AggregateTrade"]


class AggregateTrade:
    """Trades of the same taker order at the same time and price."""

    __slots__ = (
        "aggregate_id",
        "buyer_is_maker",
        "first_id",
        "last_id",
        "price",
        "quantity",
        "symbol",
        "taker_order_id",
        "time_us",
    )

    def __init__(self, aggregate_id: int, trade: Trade) -> None:
        self.aggregate_id = aggregate_id
        self.symbol = trade.symbol
        self.price = trade.price
        self.quantity: Decimal = trade.quantity
        self.first_id = self.last_id = trade.trade_id
        self.time_us = trade.time_us
        self.buyer_is_maker = trade.buyer_is_maker
        self.taker_order_id = _taker_order_id(trade)

    def take(self, trade: Trade) -> bool:
        """Take the next trade of the symbol in, if it belongs here; return whether it did."""
        if (
            trade.price != self.price
            or trade.time_us != self.time_us
            or trade.buyer_is_maker != self.buyer_is_maker
            or _taker_order_id(trade) != self.taker_order_id
        ):
            return False
        self.quantity += trade.quantity
        self.last_id = trade.trade_id
        return True


def _taker_order_id(trade: Trade) -> int:
    return trade.seller_order_id if trade.buyer_is_maker else trade.buyer_order_id
