"""Trades between others, as a tape tells them: no order of this exchange has a part in them."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.engine import Engine, FollowUp

__all__ = ["print_trade"]


def print_trade(
    engine: Engine, symbol: str, price: Decimal, quantity: Decimal, buyer_is_maker: bool
) -> bool:
    """Tell of a trade between others; false when an order rests in its way, or the symbol cannot trade so."""
    market = engine.market(symbol)
    spec = market.spec
    if price % spec.tick_size or quantity % spec.step_size or not market.book.is_free_at(price):
        return False
    market.order_id += 2
    market.trade_id += 1
    market.last_price = price
    trade = Trade(
        symbol=symbol,
        trade_id=market.trade_id,
        price=price,
        quantity=quantity,
        buyer_order_id=market.order_id - 1,
        seller_order_id=market.order_id,
        buyer_is_maker=buyer_is_maker,
        time_us=engine.now_us,
    )
    for observer in engine.observers:
        observer.on_trade(trade)
    engine.follow_ups.append(FollowUp(FollowUp.TRADED, symbol, price=price))
    return True
