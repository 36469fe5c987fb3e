"""Filters of symbols, of the exchange and of accounts, each with the exchange's refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import ExchangeError, filter_failure
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import is_multiple, notional
from binance_wsapi.simulator.spot.orders import Order
from binance_wsapi.simulator.spot.symbols import SymbolSpec
from binance_wsapi.simulator.spot.triggers import rises_to_trigger

__all__ = ["check_counts", "check_list_count", "check_quantity", "check_terms"]

Values = Mapping[str, Any]


def check_terms(engine: Engine, order: Order) -> None:
    """Check everything about one order that does not depend on how many others are open."""
    spec = order.spec
    for price in (order.price, order.pegged_price, order.stop_price):
        if price:
            _price_filter(spec, price)
    for price in (order.price, order.pegged_price):
        if price and not order.account.is_house:
            _check_price(engine, order, price)
    if order.trailing_delta is not None:
        _trailing_delta(order)
    if order.quantity is not None:
        check_quantity(engine, order)
    elif order.quote_quantity is not None:
        _notional(order, order.quote_quantity, is_market=True)


def check_quantity(engine: Engine, order: Order) -> None:
    """Check an order's quantity and what it is worth."""
    spec, quantity = order.spec, order.quantity
    assert quantity is not None
    _lot_size(spec, "LOT_SIZE", quantity)
    if order.is_market:
        _lot_size(spec, "MARKET_LOT_SIZE", quantity)
    if order.iceberg_quantity:
        _iceberg(spec, quantity, order.iceberg_quantity)
    price = order.limit_price
    if not price:
        _market_notional(engine, order, quantity)
    else:
        # A pegged order with a limit price of its own must pass at both prices.
        for one in {price, order.price} if order.price else {price}:
            value = notional(one, quantity)
            if not value:
                raise ExchangeError(-2010, "Price * QTY is zero or less.")
            _notional(order, value, is_market=False)
    _max_asset(order.account, spec.base_asset, quantity)
    _max_position(engine, order, quantity)


def _check_price(engine: Engine, order: Order, price: Decimal) -> None:
    """Check a limit price against what the symbol trades at."""
    spec = order.spec
    by_side = spec.filter("PERCENT_PRICE_BY_SIDE")
    if by_side is not None:
        prefix = "bid" if order.is_buy else "ask"
        up, down = by_side[f"{prefix}MultiplierUp"], by_side[f"{prefix}MultiplierDown"]
        _percent_price(engine, spec, "PERCENT_PRICE_BY_SIDE", by_side, price, up, down)
    plain = spec.filter("PERCENT_PRICE")
    if plain is not None:
        up, down = plain["multiplierUp"], plain["multiplierDown"]
        _percent_price(engine, spec, "PERCENT_PRICE", plain, price, up, down)


def check_counts(engine: Engine, orders: Sequence[Order]) -> None:
    """Check that the account may open these orders of one symbol beside those it has."""
    first = orders[0]
    records = engine.records[first.account.uid]
    counts, total = records.counts[first.symbol], records.total
    algo = sum(order.is_algo for order in orders)
    iceberg = sum(bool(order.iceberg_quantity) for order in orders)
    spec = first.spec
    for name, key, opened, added, opened_anywhere in (
        ("MAX_NUM_ORDERS", "maxNumOrders", counts.orders, len(orders), total.orders),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", counts.algo, algo, total.algo),
        ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", counts.iceberg, iceberg, total.iceberg),
    ):
        if not added:
            continue
        values = spec.filter(name)
        if values is not None and opened + added > values[key]:
            raise filter_failure(name)
        exchange = engine.exchange_filters.get(f"EXCHANGE_{name}")
        if exchange is not None and opened_anywhere + added > exchange.values[key]:
            raise filter_failure(f"EXCHANGE_{name}")


def check_list_count(engine: Engine, account: Account, spec: SymbolSpec) -> None:
    """Check that the account may open one more order list."""
    records = engine.records[account.uid]
    values = spec.filter("MAX_NUM_ORDER_LISTS")
    if values is not None and records.counts[spec.symbol].lists >= values["maxNumOrderLists"]:
        raise filter_failure("MAX_NUM_ORDER_LISTS")
    exchange = engine.exchange_filters.get("EXCHANGE_MAX_NUM_ORDER_LISTS")
    if exchange is not None and records.total.lists >= exchange.values["maxNumOrderLists"]:
        raise filter_failure("EXCHANGE_MAX_NUM_ORDER_LISTS")


def _price_filter(spec: SymbolSpec, price: Decimal) -> None:
    values = spec.filter("PRICE_FILTER")
    if values is None:
        return
    low, high = values["minPrice"], values["maxPrice"]
    if (low and price < low) or (high and price > high):
        raise filter_failure("PRICE_FILTER")
    if not is_multiple(price, values["tickSize"]):
        raise filter_failure("PRICE_FILTER")


def _percent_price(
    engine: Engine,
    spec: SymbolSpec,
    name: str,
    values: Values,
    price: Decimal,
    up: Decimal,
    down: Decimal,
) -> None:
    base = engine.base_price(spec.symbol, values["avgPriceMins"])
    if base is not None and not base * down <= price <= base * up:
        raise filter_failure(name)


def _lot_size(spec: SymbolSpec, name: str, quantity: Decimal) -> None:
    values = spec.filter(name)
    if values is None:
        return
    if not values["minQty"] <= quantity <= values["maxQty"]:
        raise filter_failure(name)
    if not is_multiple(quantity, values["stepSize"]):
        raise filter_failure(name)


def _iceberg(spec: SymbolSpec, quantity: Decimal, part: Decimal) -> None:
    if part > quantity:
        raise ExchangeError(-2010, "IcebergQty exceeds QTY.")
    _lot_size(spec, "LOT_SIZE", part)
    values = spec.filter("ICEBERG_PARTS")
    if values is not None and quantity > part * values["limit"]:
        raise filter_failure("ICEBERG_PARTS")


def _market_notional(engine: Engine, order: Order, quantity: Decimal) -> None:
    for name in ("NOTIONAL", "MIN_NOTIONAL"):
        values = order.spec.filter(name)
        if values is None:
            continue
        base = engine.base_price(order.symbol, values["avgPriceMins"])
        if base is not None:
            _notional(order, notional(base, quantity), is_market=True)
        return


def _notional(order: Order, value: Decimal, *, is_market: bool) -> None:
    if order.account.is_house:
        return
    spec = order.spec
    values = spec.filter("NOTIONAL")
    if values is not None:
        if value < values["minNotional"] and (not is_market or values["applyMinToMarket"]):
            raise filter_failure("NOTIONAL")
        if value > values["maxNotional"] and (not is_market or values["applyMaxToMarket"]):
            raise filter_failure("NOTIONAL")
    values = spec.filter("MIN_NOTIONAL")
    if (
        values is not None
        and value < values["minNotional"]
        and (not is_market or values["applyToMarket"])
    ):
        raise filter_failure("MIN_NOTIONAL")
    _max_asset(order.account, spec.quote_asset, value)


def _trailing_delta(order: Order) -> None:
    values = order.spec.filter("TRAILING_DELTA")
    if values is None:
        return
    where = "Above" if rises_to_trigger(order.side, order.type) else "Below"
    low, high = values[f"minTrailing{where}Delta"], values[f"maxTrailing{where}Delta"]
    assert order.trailing_delta is not None
    if not low <= order.trailing_delta <= high:
        raise filter_failure("TRAILING_DELTA")


def _max_asset(account: Account, asset: str, amount: Decimal) -> None:
    limit = account.asset_limits.get(asset)
    if limit is not None and amount > limit:
        raise filter_failure("MAX_ASSET")


def _max_position(engine: Engine, order: Order, quantity: Decimal) -> None:
    values = order.spec.filter("MAX_POSITION")
    if values is None or not order.is_buy:
        return
    balance = order.account.balance(order.spec.base_asset)
    position = balance.free + balance.locked
    for other in engine.records[order.account.uid].open[order.symbol].values():
        if other.is_buy and other is not order:
            position += other.remaining
    if position + quantity > values["maxPosition"]:
        raise filter_failure("MAX_POSITION")
