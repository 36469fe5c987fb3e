"""The taker phase: an order meets the book, best price first, oldest order first.

Also the look ahead that some orders need before they may meet it: what would be filled, at which cost.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot import commissions, endings, funds, resting
from binance_wsapi.simulator.spot.engine import Engine, FollowUp, SymbolMarket
from binance_wsapi.simulator.spot.execution_rules import (
    PRICE_RANGE_EXCEEDED,
    execution_bounds,
    is_within,
)
from binance_wsapi.simulator.spot.money import ZERO, notional, quotient, round_to_step
from binance_wsapi.simulator.spot.orders import Fill, Order, Phase
from binance_wsapi.simulator.spot.self_trade import effective_mode, prevent

__all__ = ["Preview", "crosses", "meets_others", "preview", "work"]

MAKER_REWARD = 5
"""Orders taken off the unfilled count when one is first filled as maker; as taker it is one."""


@dataclass(slots=True)
class Preview:
    """What an order would find on the book."""

    quantity: Decimal = ZERO
    quote: Decimal = ZERO
    shortfall: Decimal = ZERO
    """What the book lacked, in base asset units."""
    last_price: Decimal | None = None


def crosses(order: Order, price: Decimal) -> bool:
    """Whether the order accepts a price of the other side."""
    if order.is_market:
        return True
    return price <= order.limit_price if order.side == "BUY" else price >= order.limit_price


def work(engine: Engine, order: Order, routes: Sequence[SymbolMarket] = ()) -> None:
    """Let an order trade; then rest what is left of it, or end it.

    Args:
        engine: The exchange.
        order: Checked, registered, its funds set aside.
        routes: Markets to take from; its own alone when empty.
    """
    order.phase = Phase.TAKING
    order.is_working = True
    order.working_us = order.updated_us = engine.now_us
    engine.report(order, "NEW")
    markets = routes or (engine.markets[order.symbol],)
    if order.time_in_force == "FOK" and preview(engine, order, markets).quantity < order.remaining:
        endings.expire(engine, order, "UNFILLED_FOK_ORDER_EXPIRED")
        return
    _take(engine, order, markets)
    if order.phase is Phase.DONE:
        return
    if order.is_market:
        endings.expire(engine, order, "INSUFFICIENT_LIQUIDITY")
    elif order.time_in_force == "IOC":
        endings.expire(engine, order, "UNFILLED_IOC_QUANTITY_EXPIRED")
    else:
        resting.rest(engine, order)


def preview(
    engine: Engine,
    order: Order,
    markets: Sequence[SymbolMarket],
    quote_quantity: Decimal | None = None,
) -> Preview:
    """Return what the order would trade now, without trading it.

    Args:
        engine: The exchange.
        order: Not yet on the book.
        markets: Where it would take from.
        quote_quantity: Look for this much quote asset instead of for the order's quantity.
    """
    result = Preview()
    bounds = execution_bounds(engine, order)
    wanted = order.remaining
    step = order.spec.step_size
    for maker in _makers(order, markets):
        price = maker.limit_price
        if not crosses(order, price) or not is_within(price, bounds):
            break
        if quote_quantity is not None:
            affordable = quotient(quote_quantity - result.quote, price)
            wanted = result.quantity + round_to_step(affordable, step)
        mode = effective_mode(order, maker)
        if mode == "EXPIRE_MAKER":
            continue
        if mode in ("EXPIRE_TAKER", "EXPIRE_BOTH"):
            break
        take = min(maker.remaining, wanted - result.quantity)
        if take <= 0:
            return result
        result.last_price = price
        result.quantity += take
        result.quote += notional(price, take)
        if take < maker.remaining:
            return result
    if quote_quantity is not None and result.last_price is not None:
        affordable = quotient(quote_quantity - result.quote, result.last_price)
        wanted = result.quantity + round_to_step(affordable, step)
    result.shortfall = max(wanted - result.quantity, ZERO)
    return result


def _makers(order: Order, markets: Sequence[SymbolMarket]) -> Iterator[Order]:
    """Yield all orders of the other side in the order in which they would be met."""
    if len(markets) == 1:
        yield from _queue(markets[0], order.side)
        return
    sign = 1 if order.side == "BUY" else -1
    yield from heapq.merge(
        *(_queue(market, order.side) for market in markets),
        key=lambda maker: sign * maker.limit_price,
    )


def _queue(market: SymbolMarket, side: str) -> Iterator[Order]:
    opposite = market.book.opposite(side)
    for price in opposite.prices():
        yield from opposite.levels[price].orders.values()


def _best(markets: Sequence[SymbolMarket], side: str) -> tuple[SymbolMarket, Decimal] | None:
    best: tuple[SymbolMarket, Decimal] | None = None
    for market in markets:
        price = market.book.opposite(side).best()
        if price is not None and (
            best is None or (price < best[1] if side == "BUY" else price > best[1])
        ):
            best = market, price
    return best


def _take(engine: Engine, order: Order, markets: Sequence[SymbolMarket]) -> None:
    bounds = execution_bounds(engine, order)
    while order.phase is Phase.TAKING:
        found = _best(markets, order.side)
        if found is None or not crosses(order, found[1]):
            return
        market, price = found
        if not is_within(price, bounds):
            endings.expire(engine, order, PRICE_RANGE_EXCEEDED)
            return
        level = market.book.opposite(order.side).levels[price]
        maker = next(iter(level.orders.values()))
        mode = effective_mode(order, maker)
        if mode is None:
            _trade(engine, order, maker, min(order.remaining, maker.visible))
        else:
            prevent(engine, order, maker, mode)


def _trade(engine: Engine, taker: Order, maker: Order, quantity: Decimal) -> None:
    market = engine.markets[maker.symbol]
    price = maker.limit_price
    quote = notional(price, quantity)
    market.trade_id += 1
    market.last_price = price
    taker_id = taker.order_id
    allocation_id = None
    if maker.symbol != taker.symbol:
        taker.working_floor = "SOR"
    if taker.working_floor == "SOR":
        market.order_id += 1
        taker_id = market.order_id
        own = engine.markets[taker.symbol]
        own.allocation_id += 1
        allocation_id = own.allocation_id
        funds.carry_over(engine, taker, maker, quote)
    _fill(engine, taker, price, quantity, quote, market.trade_id, allocation_id=allocation_id)
    _fill(engine, maker, price, quantity, quote, market.trade_id, is_maker=True)
    level = resting.consume(engine, maker, quantity)
    _close_if_filled(engine, taker)
    _close_if_filled(engine, maker)
    _report_fill(engine, taker)
    _report_fill(engine, maker)
    is_buy = taker.side == "BUY"
    trade = Trade(
        symbol=maker.symbol,
        trade_id=market.trade_id,
        price=price,
        quantity=quantity,
        buyer_order_id=taker_id if is_buy else maker.order_id,
        seller_order_id=maker.order_id if is_buy else taker_id,
        buyer_is_maker=not is_buy,
        time_us=engine.now_us,
    )
    for observer in engine.observers:
        observer.on_trade(trade)
    engine.announce_level(maker.symbol, maker.side, level.price, level.quantity)
    engine.follow_ups.append(FollowUp(FollowUp.TRADED, maker.symbol, price=price))


def _fill(
    engine: Engine,
    order: Order,
    price: Decimal,
    quantity: Decimal,
    quote: Decimal,
    trade_id: int,
    *,
    is_maker: bool = False,
    allocation_id: int | None = None,
) -> None:
    """Book one side of a trade: money, commission, quantities, the record of the fill."""
    is_buy = order.side == "BUY"
    if is_buy:
        given, received, asset = quote, quantity, order.spec.base_asset
    else:
        given, received, asset = quantity, quote, order.spec.quote_asset
    funds.spend(engine, order, given)
    commission, commission_asset = commissions.charge(
        engine, order, asset, received, is_maker=is_maker
    )
    _receive(engine, order, asset, received, commission, commission_asset)
    engine.house[commission_asset] += commission
    is_first = not order.executed
    order.executed += quantity
    order.quote_executed += quote
    order.updated_us = engine.now_us
    order.status = "PARTIALLY_FILLED"
    fill = Fill(
        symbol=order.symbol,
        order_id=order.order_id,
        order_list_id=order.order_list_id,
        trade_id=trade_id if allocation_id is None else -1,
        price=price,
        quantity=quantity,
        quote_quantity=quote,
        commission=commission,
        commission_asset=commission_asset,
        time_us=engine.now_us,
        is_buyer=is_buy,
        is_maker=is_maker,
        allocation_id=allocation_id,
    )
    order.fills.append(fill)
    if order.account.keeps_history:
        records = engine.records[order.account.uid]
        rows = records.trades if allocation_id is None else records.allocations
        rows[order.symbol].append(fill)
    if is_first:
        if engine.order_counter is not None:
            engine.order_counter.filled(order.account, MAKER_REWARD if is_maker else 1)
        if order.order_list is not None:
            # Before all else: the other order of a pair must not be triggered any more.
            engine.follow_ups.appendleft(FollowUp(FollowUp.FIRST_FILL, order.symbol, order=order))


def _receive(
    engine: Engine, order: Order, asset: str, amount: Decimal, commission: Decimal, paid_in: str
) -> None:
    account = order.account
    if paid_in == asset and not _pays_from_free(order, asset, commission):
        funds.credit(engine, order, asset, amount - commission)
        return
    funds.credit(engine, order, asset, amount)
    account.credit(paid_in, -commission)
    engine.outbox.touch(account, paid_in)


def _pays_from_free(order: Order, asset: str, commission: Decimal) -> bool:
    """Whether an OPO's working order leaves its proceeds whole and pays from the free balance."""
    order_list = order.order_list
    return (
        order_list is not None
        and order_list.pays_other
        and order_list.orders[0] is order
        and asset != order.account.commissions.discount_asset
        and order.account.free(asset) >= commission
    )


def _close_if_filled(engine: Engine, order: Order) -> None:
    if not order.remaining:
        engine.finish(order, "FILLED")


def _report_fill(engine: Engine, order: Order) -> None:
    engine.report(order, "TRADE", fill=order.fills[-1])
    funds.release(engine, order)


def meets_others(order: Order, markets: Sequence[SymbolMarket]) -> bool:
    """Whether a routed order would trade on a book that is not its own."""
    wanted = order.remaining
    for maker in _makers(order, markets):
        if wanted <= 0 or not crosses(order, maker.limit_price):
            return False
        if maker.symbol != order.symbol:
            return True
        wanted -= maker.remaining
    return False
