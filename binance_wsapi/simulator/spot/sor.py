"""Smart order routing: one order takes from all books of its base asset with like quote assets."""

from __future__ import annotations

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import order_rejected
from binance_wsapi.simulator.spot import filters, funds, matching, placement
from binance_wsapi.simulator.spot.engine import Engine, SymbolMarket
from binance_wsapi.simulator.spot.orders import Order, OrderTerms

__all__ = ["place", "routes"]


def routes(engine: Engine, market: SymbolMarket) -> list[SymbolMarket]:
    """Return the markets that an order of this one may take from, its own first."""
    if not market.spec.sor:
        raise order_rejected("SOR is not supported for this symbol.")
    others = [
        other
        for other in engine.markets.values()
        if other is not market
        and other.spec.sor
        and other.spec.base_asset == market.spec.base_asset
        and other.status == "TRADING"
    ]
    return [market, *others]


def place(engine: Engine, account: Account, terms: OrderTerms, symbol: str) -> Order:
    """Place a routed order: allocations when another book is better, plain trades when its own is."""
    market = engine.market(symbol)
    markets = routes(engine, market)
    placement.check_account(engine, account, market)
    if terms.peg is not None:
        raise order_rejected("This order type may not use pegged price.")
    order = placement.create(engine, account, market, terms)
    order.used_sor = True
    placement.admit(engine, order, markets)
    filters.check_counts(engine, [order])
    order.working_floor = "SOR" if matching.meets_others(order, markets) else "EXCHANGE"
    funds.reserve(engine, [order])
    engine.register(order)
    matching.work(engine, order, markets)
    return order
