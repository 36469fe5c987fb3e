"""From request parameters to :class:`OrderTerms`: which parameters an order type needs, takes and refuses.

The legs of order lists are the same orders under prefixed names, so one reader serves all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache

from binance_wsapi.simulator.errors import (
    ExchangeError,
    bad_combination,
    either_missing,
    invalid_parameter,
    mandatory_missing,
    not_required,
)
from binance_wsapi.simulator.spot import parameters
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.orders import OrderTerms, Peg
from binance_wsapi.simulator.spot.parameters import Params
from binance_wsapi.simulator.spot.symbols import ALL_ORDER_TYPES, ALL_PREVENTION_MODES

__all__ = ["SINGLE", "LegNames", "leg_names", "prevention_mode", "read_side", "read_terms"]

SIDES = frozenset({"BUY", "SELL"})
TYPES = frozenset(ALL_ORDER_TYPES)
TIMES_IN_FORCE = frozenset({"GTC", "IOC", "FOK"})
PREVENTION_MODES = frozenset(ALL_PREVENTION_MODES)
LIMIT_TYPES = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
TRIGGER_TYPES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
TIMED_TYPES = frozenset({"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
PEG_PRICE_TYPES = frozenset({"PRIMARY_PEG", "MARKET_PEG"})
PEG_OFFSET_TYPES = frozenset({"PRICE_LEVEL"})
DEEPEST_PEG_LEVEL = 100
FIRST_STRATEGY_TYPE = 1_000_000


@dataclass(frozen=True, slots=True)
class LegNames:
    """Wire names of one order's parameters."""

    type: str = "type"
    quantity: str = "quantity"
    quote_quantity: str = "quoteOrderQty"
    price: str = "price"
    stop_price: str = "stopPrice"
    trailing_delta: str = "trailingDelta"
    time_in_force: str = "timeInForce"
    iceberg_quantity: str = "icebergQty"
    client_order_id: str = "newClientOrderId"
    strategy_id: str = "strategyId"
    strategy_type: str = "strategyType"
    peg_price_type: str = "pegPriceType"
    peg_offset_type: str = "pegOffsetType"
    peg_offset_value: str = "pegOffsetValue"


SINGLE = LegNames()


@cache
def leg_names(prefix: str, quantity: str) -> LegNames:
    """Return the names of a list's leg: ``above`` makes ``abovePrice``, ``aboveClientOrderId``, ...

    Args:
        prefix: ``above``, ``below``, ``working``, ``pending``, ``pendingAbove``, ``pendingBelow``.
        quantity: Wire name of the quantity, which the legs of an OCO pair share.
    """
    plain = {one.name: getattr(SINGLE, one.name) for one in fields(SINGLE)}
    plain["client_order_id"] = "clientOrderId"
    prefixed = {key: prefix + name[0].upper() + name[1:] for key, name in plain.items()}
    prefixed["quantity"] = quantity
    return LegNames(**prefixed)


def read_side(params: Params, name: str) -> str:
    """Return the side of an order."""
    side = parameters.one_of(params, name, SIDES, (-1117, "Invalid side."))
    if side is None:
        raise mandatory_missing(name)
    return side


def prevention_mode(params: Params) -> str | None:
    """Return the self-trade prevention mode asked for."""
    return parameters.one_of(params, "selfTradePreventionMode", PREVENTION_MODES)


def read_terms(
    params: Params,
    side: str,
    names: LegNames = SINGLE,
    *,
    mode: str | None = None,
    has_quantity: bool = True,
) -> OrderTerms:
    """Read one order.

    Args:
        params: The request's parameters.
        side: Already read, since both legs of a pair share it.
        names: Wire names of this order's parameters.
        mode: Self-trade prevention mode of the request.
        has_quantity: ``False`` for the pending orders of an OPO, whose quantity comes later.
    """
    order_type = parameters.one_of(params, names.type, TYPES, (-1116, "Invalid orderType."))
    if order_type is None:
        raise mandatory_missing(names.type)
    peg = _peg(params, names, order_type)
    quantity, quote_quantity = _quantities(params, names, order_type, has_quantity=has_quantity)
    time_in_force = _time_in_force(params, names, order_type)
    price = _price(params, names, order_type, is_pegged=peg is not None)
    stop_price, trailing_delta = _trigger(params, names, order_type)
    iceberg_quantity = _iceberg(params, names, order_type, time_in_force)
    strategy_type = parameters.integer(params, names.strategy_type)
    if strategy_type is not None and strategy_type < FIRST_STRATEGY_TYPE:
        raise ExchangeError(-1134, f"'{names.strategy_type}' was less than {FIRST_STRATEGY_TYPE}.")
    if peg is not None:
        _check_peg(peg, order_type, time_in_force)
    return OrderTerms(
        side=side,
        type=order_type,
        time_in_force=time_in_force,
        price=price,
        quantity=quantity,
        quote_quantity=quote_quantity,
        stop_price=stop_price,
        trailing_delta=trailing_delta,
        iceberg_quantity=iceberg_quantity,
        client_order_id=parameters.client_id(params, names.client_order_id),
        strategy_id=parameters.integer(params, names.strategy_id),
        strategy_type=strategy_type,
        prevention_mode=mode,
        peg=peg,
    )


def _positive(params: Params, name: str) -> Decimal | None:
    value = parameters.decimal(params, name)
    if value is not None and not value:
        raise invalid_parameter(name)
    return value


def _quantities(
    params: Params, names: LegNames, order_type: str, *, has_quantity: bool
) -> tuple[Decimal | None, Decimal | None]:
    if not has_quantity:
        if parameters.is_sent(params, names.quantity):
            raise ExchangeError(
                -1225, f"Pending orders should not include the '{names.quantity}' tag."
            )
        return None, None
    quantity = _positive(params, names.quantity)
    quote_quantity = _positive(params, names.quote_quantity)
    if order_type == "MARKET" and names is SINGLE:
        if quantity is not None and quote_quantity is not None:
            raise bad_combination()
        if quantity is None and quote_quantity is None:
            raise either_missing(names.quantity, names.quote_quantity)
        return quantity, quote_quantity
    if quote_quantity is not None:
        raise not_required(names.quote_quantity)
    if quantity is None:
        raise mandatory_missing(names.quantity)
    return quantity, None


def _time_in_force(params: Params, names: LegNames, order_type: str) -> str:
    value = parameters.one_of(
        params, names.time_in_force, TIMES_IN_FORCE, (-1115, "Invalid timeInForce.")
    )
    if order_type in TIMED_TYPES:
        if value is None:
            raise mandatory_missing(names.time_in_force)
        return value
    if value is not None:
        raise not_required(names.time_in_force)
    return "GTC"


def _price(params: Params, names: LegNames, order_type: str, *, is_pegged: bool) -> Decimal:
    price = _positive(params, names.price)
    if order_type in LIMIT_TYPES:
        if price is None and not is_pegged:
            raise mandatory_missing(names.price)
        return price if price is not None else ZERO
    if price is not None:
        raise not_required(names.price)
    return ZERO


def _trigger(params: Params, names: LegNames, order_type: str) -> tuple[Decimal | None, int | None]:
    stop_price = _positive(params, names.stop_price)
    trailing_delta = parameters.integer(params, names.trailing_delta)
    if order_type in TRIGGER_TYPES:
        if stop_price is None and trailing_delta is None:
            raise either_missing(names.stop_price, names.trailing_delta)
        return stop_price, trailing_delta
    if stop_price is not None:
        raise not_required(names.stop_price)
    if trailing_delta is not None:
        raise not_required(names.trailing_delta)
    return None, None


def _iceberg(
    params: Params, names: LegNames, order_type: str, time_in_force: str
) -> Decimal | None:
    quantity = parameters.decimal(params, names.iceberg_quantity)
    if not quantity:
        return quantity
    if order_type not in LIMIT_TYPES:
        raise not_required(names.iceberg_quantity)
    if time_in_force != "GTC":
        if names is SINGLE:
            raise ExchangeError(-1014, "Unsupported order combination.")
        raise ExchangeError(
            -1160,
            f"Parameter '{names.iceberg_quantity}' is not supported if "
            f"'{names.time_in_force}' is not GTC.",
        )
    return quantity


def _peg(params: Params, names: LegNames, order_type: str) -> Peg | None:
    price_type = parameters.one_of(
        params,
        names.peg_price_type,
        PEG_PRICE_TYPES,
        (-1210, "Invalid pegPriceType."),
    )
    offset_type = parameters.one_of(
        params,
        names.peg_offset_type,
        PEG_OFFSET_TYPES,
        (-1211, "Invalid pegOffsetType."),
    )
    offset_value = parameters.integer(params, names.peg_offset_value)
    if (offset_type is None) != (offset_value is None):
        raise bad_combination(
            f"Recommendation: '{names.peg_offset_type}' and '{names.peg_offset_value}' must both be sent."
        )
    if price_type is None:
        if offset_type is not None:
            raise mandatory_missing(names.peg_price_type)
        return None
    if order_type not in LIMIT_TYPES:
        raise ExchangeError(-2010, "This order type may not use pegged price.")
    if offset_value is not None and not 1 <= offset_value <= DEEPEST_PEG_LEVEL:
        raise invalid_parameter(names.peg_offset_value)
    return Peg(price_type, offset_type, offset_value)


def _check_peg(peg: Peg, order_type: str, time_in_force: str) -> None:
    if order_type == "LIMIT_MAKER" and peg.price_type == "MARKET_PEG":
        raise ExchangeError(-2010, "This price peg cannot be used with this order type.")
    if order_type == "LIMIT" and peg.price_type == "PRIMARY_PEG" and time_in_force != "GTC":
        raise ExchangeError(-1014, "Unsupported order combination.")
