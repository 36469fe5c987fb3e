"""Orders for options as accounts ask for them: read, checked, placed, found, cancelled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.eoptions.accounts import OptionAccount, OptionOrder
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET, Option
from binance_wsapi.simulator.eoptions.market import OptionMarket
from binance_wsapi.simulator.errors import (
    ExchangeError,
    mandatory_missing,
    no_such_order,
    order_rejected,
)
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters, read_reference

__all__ = ["OptionDesk", "order_row"]

ZERO = Decimal(0)
_SIDES = frozenset({"BUY", "SELL"})
_TIMES_IN_FORCE = frozenset({"GTC", "IOC", "FOK", "GTX"})
_PREVENTION_MODES = frozenset({"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"})
MOST_QUANTITY = Decimal(1_000)
PRICE_BOUND = Decimal(5)
"""No order is more than this many times the mark price away from it, or a tenth of the index price."""


class OptionDesk:
    """Places and cancels.

    Args:
        market: The engine.
    """

    def __init__(self, market: OptionMarket) -> None:
        self._market = market

    def place(self, account: OptionAccount, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a new order."""
        order = self._read(account, Parameters(params))
        self._check(order)
        matching = self._market.matching
        account.orders[order.order_id] = account.open_orders[order.order_id] = order
        self._market.events.order(order, "NEW")
        is_refused = (order.time_in_force == "GTX" and matching.crosses(order, order.price)) or (
            order.time_in_force == "FOK" and matching.fillable(order) < order.quantity
        )
        if not is_refused:
            matching.execute(order)
        if order.is_open and order.remaining:
            if is_refused or order.time_in_force in {"IOC", "FOK"}:
                matching.finish(order, "EXPIRED")
            else:
                matching.rest(order)
        return order_row(order) | {"source": "API", "fee": "0"}

    def cancel(self, account: OptionAccount, params: dict[str, Any]) -> dict[str, Any]:
        """Answer a cancel."""
        order = self.find(account, params)
        if not order.is_open:
            raise no_such_order()
        self._market.finish(order, "CANCELED")
        return order_row(order) | {"source": "API"}

    def find(self, account: OptionAccount, params: dict[str, Any]) -> OptionOrder:
        """Return the order that a request names, or refuse."""
        given = Parameters(params)
        symbol = given.text("symbol")
        reference = read_reference(given, "orderId", "clientOrderId")
        for order in reversed(account.orders.values()):
            is_meant = (
                order.order_id == reference.order_id
                if reference.order_id is not None
                else order.client_order_id == reference.client_order_id
            )
            if is_meant and order.option.symbol == symbol:
                return order
        raise no_such_order()

    def _read(self, account: OptionAccount, given: Parameters) -> OptionOrder:
        option = self._market.option(given.text("symbol"))
        given.choice("type", {"LIMIT"}, -1116)
        client_order_id = given.client_id("clientOrderId")
        if client_order_id is None:
            raise mandatory_missing("clientOrderId")
        now_us = self._market.clock.now_us()
        time_in_force = given.choice("timeInForce", _TIMES_IN_FORCE, -1115, default="GTC")
        return OptionOrder(
            order_id=next(self._market.order_ids),
            account=account,
            option=option,
            client_order_id=client_order_id,
            side=given.choice("side", _SIDES, -1117),
            time_in_force="GTX" if given.flag("postOnly") else time_in_force,
            quantity=given.needed_decimal("quantity"),
            price=given.needed_decimal("price"),
            reduce_only=given.flag("reduceOnly"),
            prevention_mode=given.choice(
                "selfTradePreventionMode", _PREVENTION_MODES, -1130, default="EXPIRE_MAKER"
            ),
            created_us=now_us,
            updated_us=now_us,
        )

    def _check(self, order: OptionOrder) -> None:
        option, account = order.option, order.account
        self._check_grid(order, option)
        if any(
            each.client_order_id == order.client_order_id for each in account.open_orders.values()
        ):
            raise order_rejected("Duplicate order sent.")
        held = account.held(option)
        closes = bool(held) and (held > 0) is not order.is_buy and order.quantity <= abs(held)
        if (order.reduce_only or account.risk_level == "REDUCE_ONLY") and not closes:
            raise order_rejected("ReduceOnly Order is rejected.")
        if account.is_house:
            return
        wanted = self._market.risk.held_by(order)
        if wanted and wanted > self._market.risk.standing(account).available:
            raise ExchangeError(-2027, "Option margin is insufficient.")

    def _check_grid(self, order: OptionOrder, option: Option) -> None:
        underlying = option.underlying
        if order.price <= 0:
            raise refusal(-4001)
        if order.price % underlying.tick_size:
            raise ExchangeError(-4029, "Tick size precision is invalid.")
        if order.quantity <= 0:
            raise refusal(-4003)
        if order.quantity % underlying.step_size:
            raise ExchangeError(-4030, "Step size precision is invalid.")
        if order.quantity > MOST_QUANTITY:
            raise refusal(-4005)
        highest, lowest = price_bounds(self._market, option)
        if order.is_buy and order.price > highest:
            raise refusal(-4002)
        if not order.is_buy and order.price < lowest:
            raise refusal(-4013)


def price_bounds(market: OptionMarket, option: Option) -> tuple[Decimal, Decimal]:
    """Return the highest price of a buy order and the lowest of a sell order."""
    mark = market.risk.valuation(option).mark
    distance = max(mark * PRICE_BOUND, market.risk.index(option) / 10)
    return option.on_grid(mark + distance), option.on_grid(mark / PRICE_BOUND)


def order_row(order: OptionOrder) -> dict[str, Any]:
    """Return an order as REST shows it."""
    option = order.option
    return {
        "orderId": order.order_id,
        "symbol": option.symbol,
        "price": option.price_text(order.price),
        "quantity": option.quantity_text(order.quantity),
        "executedQty": option.quantity_text(order.executed),
        "side": order.side,
        "type": "LIMIT",
        "timeInForce": order.time_in_force,
        "reduceOnly": order.reduce_only,
        "postOnly": order.time_in_force == "GTX",
        "createTime": Micros(order.created_us),
        "updateTime": Micros(order.updated_us),
        "status": order.status,
        "avgPrice": option.price_text(order.average_price),
        "clientOrderId": order.client_order_id,
        "priceScale": option.underlying.price_places,
        "quantityScale": option.underlying.quantity_places,
        "optionSide": "CALL" if option.is_call else "PUT",
        "quoteAsset": QUOTE_ASSET,
        "mmp": False,
        "selfTradePreventionMode": order.prevention_mode,
    }
