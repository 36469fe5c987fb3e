"""Self-trade prevention: orders of one account, or of one trade group, that would meet."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.spot import endings, funds, resting
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.events import Prevention
from binance_wsapi.simulator.spot.money import notional
from binance_wsapi.simulator.spot.orders import Order, Phase, PreventedMatch

__all__ = ["effective_mode", "prevent"]


def effective_mode(taker: Order, maker: Order) -> str | None:
    """Return how a match is prevented, ``None`` when the two may trade."""
    first, second = taker.account, maker.account
    if first is not second and (
        first.trade_group_id == -1 or first.trade_group_id != second.trade_group_id
    ):
        return None
    mode = taker.prevention_mode
    if mode == "NONE":
        return None
    if mode == "TRANSFER" and maker.prevention_mode != "TRANSFER":
        return "DECREMENT"
    return mode


def prevent(engine: Engine, taker: Order, maker: Order, mode: str) -> None:
    """Expire what the mode says in place of a trade, and record the prevented match."""
    price = maker.limit_price
    execution = min(taker.remaining, maker.remaining)
    if mode in ("DECREMENT", "TRANSFER"):
        from_taker: Decimal | None = execution
        from_maker: Decimal | None = execution
    else:
        from_taker = taker.remaining if mode in ("EXPIRE_TAKER", "EXPIRE_BOTH") else None
        from_maker = maker.remaining if mode in ("EXPIRE_MAKER", "EXPIRE_BOTH") else None
    match = _record(engine, taker, maker, mode, price, from_taker, from_maker)
    quote = notional(price, execution)
    if mode == "TRANSFER" and taker.account is not maker.account:
        _transfer(engine, taker, maker, execution, quote)
    taker.prevented_matches.append(match)
    for order, counter, quantity in ((taker, maker, from_taker), (maker, taker, from_maker)):
        if quantity is not None:
            prevention = Prevention(counter, quantity, price, execution, quote)
            _reduce(engine, order, match, quantity, prevention)


def _record(
    engine: Engine,
    taker: Order,
    maker: Order,
    mode: str,
    price: Decimal,
    from_taker: Decimal | None,
    from_maker: Decimal | None,
) -> PreventedMatch:
    market = engine.markets[taker.symbol]
    market.prevented_match_id += 1
    match = PreventedMatch(
        symbol=taker.symbol,
        prevented_match_id=market.prevented_match_id,
        taker_order_id=taker.order_id,
        maker_symbol=maker.symbol,
        maker_order_id=maker.order_id,
        trade_group_id=taker.account.trade_group_id,
        mode=mode,
        price=price,
        taker_prevented_quantity=from_taker,
        maker_prevented_quantity=from_maker,
        time_us=engine.now_us,
    )
    for uid in {taker.account.uid, maker.account.uid}:
        engine.records[uid].prevented[taker.symbol].append(match)
    return match


def _reduce(
    engine: Engine, order: Order, match: PreventedMatch, quantity: Decimal, prevention: Prevention
) -> None:
    order.prevented += quantity
    order.prevented_match_id = match.prevented_match_id
    order.updated_us = engine.now_us
    if order.remaining:
        if order.phase is Phase.RESTING:
            resting.resize(engine, order)
    else:
        endings.withdraw(engine, order)
        engine.finish(order, "EXPIRED_IN_MATCH")
    engine.report(order, "TRADE_PREVENTION", prevention=prevention)
    funds.release(engine, order)


def _transfer(
    engine: Engine, taker: Order, maker: Order, quantity: Decimal, quote: Decimal
) -> None:
    """Move what would have traded between the two accounts, without commission."""
    funds.carry_over(engine, taker, maker, quote)
    for order in (taker, maker):
        spec = order.spec
        if order.is_buy:
            funds.spend(engine, order, quote)
            funds.credit(engine, order, spec.base_asset, quantity)
        else:
            funds.spend(engine, order, quantity)
            funds.credit(engine, order, spec.quote_asset, quote)
