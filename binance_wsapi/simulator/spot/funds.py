"""Balances behind orders: set aside, spent, received, given back."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.errors import order_rejected
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.orders import Order, Reservation

__all__ = ["adjust", "carry_over", "credit", "release", "release_proceeds", "reserve", "spend"]


def reserve(engine: Engine, orders: list[Order]) -> Reservation:
    """Set aside what the orders need: the larger of both for an OCO pair, since only one can trade.

    Raises:
        ExchangeError: -2010, the free balance is too small. Nothing changed.
    """
    first = orders[0]
    reservation = Reservation(first.account, first.spends, orders)
    adjust(engine, reservation)
    for order in orders:
        order.reservation = reservation
    return reservation


def adjust(engine: Engine, reservation: Reservation) -> None:
    """Bring a reservation to what its orders need now."""
    orders = reservation.orders
    needed = orders[0].need() if len(orders) == 1 else max(order.need() for order in orders)
    change = needed - reservation.amount
    if not change:
        return
    account = reservation.account
    if change > account.free(reservation.asset):
        raise order_rejected("Account has insufficient balance for requested action.")
    account.lock(reservation.asset, change)
    reservation.amount = needed
    engine.outbox.touch(account, reservation.asset)


def release(engine: Engine, order: Order) -> None:
    """Give back what an ended order no longer needs."""
    if order.reservation is not None:
        adjust(engine, order.reservation)


def spend(engine: Engine, order: Order, amount: Decimal) -> None:
    """Take what an order traded away out of its reservation."""
    reservation = order.reservation
    assert reservation is not None, "an order trades only with its funds set aside"
    if len(reservation.orders) > 1:
        _claim(reservation, order)
    reservation.account.spend_locked(reservation.asset, amount)
    reservation.amount -= amount
    if order.budget is not None:
        order.budget -= amount
    engine.outbox.touch(reservation.account, reservation.asset)


def _claim(reservation: Reservation, order: Order) -> None:
    """Give the funds of an OCO pair to the order that trades; the other one ends."""
    for other in reservation.orders:
        if other is not order:
            other.reservation = None
    reservation.orders = [order]


def credit(engine: Engine, order: Order, asset: str, amount: Decimal) -> None:
    """Add what an order received; an OPO's working order keeps it for the pending ones."""
    account = order.account
    account.credit(asset, amount)
    engine.outbox.touch(account, asset)
    order_list = order.order_list
    if order_list is not None and order_list.pays_other and order_list.orders[0] is order:
        proceeds = order_list.proceeds
        if proceeds is None:
            proceeds = order_list.proceeds = Reservation(account, asset, [])
        account.lock(asset, amount)
        proceeds.amount += amount


def release_proceeds(engine: Engine, reservation: Reservation) -> None:
    """Free the proceeds of an OPO's working order."""
    reservation.account.lock(reservation.asset, -reservation.amount)
    reservation.amount = ZERO
    engine.outbox.touch(reservation.account, reservation.asset)


def carry_over(engine: Engine, taker: Order, maker: Order, quote: Decimal) -> None:
    """Let the exchange stand between a routed order and a maker of another quote asset."""
    sign = 1 if taker.side == "BUY" else -1
    engine.house[taker.spec.quote_asset] += sign * quote
    engine.house[maker.spec.quote_asset] -= sign * quote
