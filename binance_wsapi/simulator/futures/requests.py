"""Requests read from wire parameters, with the refusals for what is missing or malformed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.errors import (
    either_missing,
    illegal_characters,
    invalid_parameter,
    mandatory_missing,
    not_required,
)
from binance_wsapi.simulator.futures.orders import CONDITIONAL_TYPES
from binance_wsapi.simulator.futures.refusals import refusal

__all__ = [
    "NewOrder",
    "OrderReference",
    "Parameters",
    "read_new_order",
    "read_price",
    "read_price_match",
    "read_reference",
]

ZERO = Decimal(0)
_CLIENT_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
_TIMES_IN_FORCE = {
    Market.USDM: frozenset({"GTC", "IOC", "FOK", "GTX", "GTD", "RPI"}),
    Market.COINM: frozenset({"GTC", "IOC", "FOK", "GTX"}),
}
_PRICE_MATCHES = frozenset(
    f"{side}{depth}" for side in ("OPPONENT", "QUEUE") for depth in ("", "_5", "_10", "_20")
)
_SUSPENDED_MATCHES = frozenset({"OPPONENT_10", "OPPONENT_20"})
_PREVENTION_MODES = frozenset({"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"})
_WORKING_TYPES = frozenset({"CONTRACT_PRICE", "MARK_PRICE"})
_GOOD_TILL_LEAD_MS = 600_000
_GOOD_TILL_MAX_MS = 253_402_300_799_000


class Parameters:
    """The parameters of one request, each read as what it must be.

    Numbers are taken as JSON strings and as JSON numbers, flags as booleans and as text in any case, as
    the real exchange seems to.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Return a mandatory text."""
        if name not in self:
            raise mandatory_missing(name)
        return str(self._values[name])

    def choice(self, name: str, values: Collection[str], code: int, default: str = "") -> str:
        """Return one of ``values``, or refuse with ``code``; without a default it is mandatory."""
        if name not in self and default:
            return default
        given = self.text(name)
        if given not in values:
            raise refusal(code)
        return given

    def decimal(self, name: str) -> Decimal | None:
        """Return a decimal number, ``None`` when it was not sent."""
        if name not in self:
            return None
        given = self._values[name]
        try:
            number = Decimal(given if isinstance(given, str) else repr(given))
        except InvalidOperation:
            raise mandatory_missing(name) from None
        if not number.is_finite():
            raise mandatory_missing(name)
        return number

    def needed_decimal(self, name: str) -> Decimal:
        """Return a mandatory decimal number."""
        number = self.decimal(name)
        if number is None:
            raise mandatory_missing(name)
        return number

    def integer(self, name: str) -> int | None:
        """Return an integer, ``None`` when it was not sent."""
        if name not in self:
            return None
        try:
            return int(self._values[name])
        except (TypeError, ValueError):
            raise mandatory_missing(name) from None

    def flag(self, name: str) -> bool:
        """Return a flag, false when it was not sent."""
        given = str(self._values.get(name, "false")).lower()
        if given not in {"true", "false"}:
            raise invalid_parameter(name)
        return given == "true"

    def client_id(self, name: str) -> str | None:
        """Return a client id, ``None`` when it was not sent."""
        if name not in self:
            return None
        given = str(self._values[name])
        if len(given) > 36:
            raise refusal(-4015)
        if not _CLIENT_ID.fullmatch(given):
            raise illegal_characters(name, "^[\\.A-Z\\:/a-z0-9_-]{1,36}$")
        return given


@dataclass(frozen=True, slots=True)
class OrderReference:
    """Which order a request is about; the order id wins over the client id."""

    order_id: int | None
    client_order_id: str | None


def read_reference(params: Parameters, by_id: str, by_client_id: str) -> OrderReference:
    """Read the two ways to name an order; one of them must be there."""
    order_id = params.integer(by_id)
    client_order_id = params.client_id(by_client_id)
    if order_id is None and client_order_id is None:
        raise either_missing(by_client_id, by_id)
    return OrderReference(order_id, client_order_id)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What ``order.place`` and ``algoOrder.place`` ask for, complete and in range of its own."""

    side: str
    position_side: str
    type: str
    time_in_force: str
    quantity: Decimal
    """Zero with ``close_position``."""
    price: Decimal
    """Zero for market orders and with ``price_match``."""
    client_id: str | None
    reduce_only: bool
    close_position: bool
    price_match: str
    prevention_mode: str
    good_till_ms: int
    wants_result: bool
    trigger_price: Decimal
    activation_price: Decimal | None
    callback_rate: Decimal
    working_type: str
    price_protect: bool

    @property
    def is_conditional(self) -> bool:
        """Whether it waits for a trigger."""
        return self.type in CONDITIONAL_TYPES

    @property
    def has_limit(self) -> bool:
        """Whether it is, or becomes, a limit order."""
        return self.type in {"LIMIT", "STOP", "TAKE_PROFIT"}


@dataclass(frozen=True, slots=True)
class _Names:
    """What a method calls the parameters of conditional orders."""

    client_id: str
    trigger_price: str
    activation_price: str


_ORDER_NAMES = _Names("newClientOrderId", "stopPrice", "activationPrice")
_ALGO_NAMES = _Names("clientAlgoId", "triggerPrice", "activatePrice")


def read_new_order(
    params: Parameters, market: Market, *, is_hedging: bool, now_ms: int, is_algo: bool = False
) -> NewOrder:
    """Read a new order.

    Args:
        params: The request's parameters.
        market: USD-M takes more times in force and no conditional types outside the algo method.
        is_hedging: The account's position mode.
        now_ms: Exchange time; ``goodTillDate`` is held against it.
        is_algo: It came by ``algoOrder.place``.
    """
    names = _ALGO_NAMES if is_algo else _ORDER_NAMES
    side = params.choice("side", {"BUY", "SELL"}, -1117)
    order_type = _read_type(params, market, is_algo=is_algo)
    is_conditional = order_type in CONDITIONAL_TYPES
    has_limit = order_type in {"LIMIT", "STOP", "TAKE_PROFIT"}
    close_position = params.flag("closePosition")
    time_in_force = _read_time_in_force(params, market, order_type)
    return NewOrder(
        side=side,
        position_side=_read_position_side(params, is_hedging=is_hedging),
        type=order_type,
        time_in_force=time_in_force,
        quantity=_read_quantity(params, order_type, close_position=close_position),
        price=read_price(params, has_limit=has_limit),
        client_id=params.client_id(names.client_id),
        reduce_only=_read_reduce_only(params, is_hedging=is_hedging, closes=close_position),
        close_position=close_position,
        price_match=read_price_match(params, has_limit=has_limit),
        prevention_mode=params.choice(
            "selfTradePreventionMode", _PREVENTION_MODES, -5039, default="NONE"
        ),
        good_till_ms=_read_good_till(params, time_in_force, now_ms),
        wants_result=params.choice("newOrderRespType", {"ACK", "RESULT"}, -1136, default="ACK")
        == "RESULT",
        trigger_price=_read_trigger_price(params, names, order_type),
        activation_price=params.decimal(names.activation_price) if is_conditional else None,
        callback_rate=_read_callback_rate(params, market, order_type),
        working_type=params.choice("workingType", _WORKING_TYPES, -4031, default="CONTRACT_PRICE"),
        price_protect=params.flag("priceProtect"),
    )


def _read_type(params: Parameters, market: Market, *, is_algo: bool) -> str:
    order_type = params.text("type")
    if is_algo:
        params.choice("algoType", {"CONDITIONAL"}, -1116)
        if order_type not in CONDITIONAL_TYPES:
            raise refusal(-1116)
    elif order_type in CONDITIONAL_TYPES:
        if market is Market.USDM:
            raise refusal(-4120)
    elif order_type not in {"LIMIT", "MARKET"}:
        raise refusal(-1116)
    return order_type


def _read_time_in_force(params: Parameters, market: Market, order_type: str) -> str:
    if order_type == "LIMIT":
        return params.choice("timeInForce", _TIMES_IN_FORCE[market], -1115)
    if order_type == "MARKET":
        if "timeInForce" in params:
            raise not_required("timeinforce")
        return "GTC"
    return params.choice("timeInForce", _TIMES_IN_FORCE[market], -1115, default="GTC")


def _read_position_side(params: Parameters, *, is_hedging: bool) -> str:
    given = params.choice("positionSide", {"BOTH", "LONG", "SHORT"}, -4060, default="BOTH")
    if (given != "BOTH") != is_hedging:
        raise refusal(-4061)
    return given


def _read_quantity(params: Parameters, order_type: str, *, close_position: bool) -> Decimal:
    quantity = params.decimal("quantity")
    if close_position:
        if order_type not in {"STOP_MARKET", "TAKE_PROFIT_MARKET"}:
            raise refusal(-4020)
        if quantity:
            raise refusal(-4137)
        return ZERO
    if quantity is None:
        raise mandatory_missing("quantity")
    return quantity


def read_price(params: Parameters, *, has_limit: bool) -> Decimal:
    """Read a limit price; zero where there is none, since a priceMatch mode or the market makes it."""
    price = params.decimal("price")
    if not has_limit:
        if price:
            raise not_required("price")
        return ZERO
    if "priceMatch" in params and params.text("priceMatch") != "NONE":
        if price is not None:
            raise not_required("price")
        return ZERO
    if price is None:
        raise mandatory_missing("price")
    return price


def read_price_match(params: Parameters, *, has_limit: bool) -> str:
    """Read the priceMatch mode, ``NONE`` when none was sent."""
    given = params.choice("priceMatch", _PRICE_MATCHES | {"NONE"}, -5037, default="NONE")
    if given != "NONE" and not has_limit:
        raise refusal(-5038)
    if given in _SUSPENDED_MATCHES:
        raise refusal(-5037)
    return given


def _read_reduce_only(params: Parameters, *, is_hedging: bool, closes: bool) -> bool:
    reduce_only = params.flag("reduceOnly")
    if "reduceOnly" in params and (is_hedging or closes):
        raise not_required("reduceonly")
    return reduce_only


def _read_good_till(params: Parameters, time_in_force: str, now_ms: int) -> int:
    good_till_ms = params.integer("goodTillDate")
    if time_in_force != "GTD":
        if good_till_ms:
            raise not_required("goodTillDate")
        return 0
    if good_till_ms is None:
        raise mandatory_missing("goodTillDate")
    if not now_ms + _GOOD_TILL_LEAD_MS < good_till_ms < _GOOD_TILL_MAX_MS:
        raise refusal(-5040)
    return good_till_ms // 1000 * 1000


def _read_trigger_price(params: Parameters, names: _Names, order_type: str) -> Decimal:
    given = params.decimal(names.trigger_price)
    if order_type not in CONDITIONAL_TYPES or order_type == "TRAILING_STOP_MARKET":
        if given:
            raise not_required(names.trigger_price)
        return ZERO
    if given is None:
        raise mandatory_missing(names.trigger_price)
    if given <= 0:
        raise refusal(-4006)
    return given


def _read_callback_rate(params: Parameters, market: Market, order_type: str) -> Decimal:
    rate = params.decimal("callbackRate")
    if order_type != "TRAILING_STOP_MARKET":
        if rate:
            raise not_required("callbackRate")
        return ZERO
    if rate is None:
        raise mandatory_missing("callbackRate")
    highest = 20 if market is Market.USDM else 10
    if not Decimal("0.1") <= rate <= highest:
        raise invalid_parameter("callbackRate")
    return rate
