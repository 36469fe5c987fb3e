"""What must hold of a mirrored account at rest: it is the account of the exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulation_exchange import SYMBOL, SimulatedExchange

from binance_wsapi.account_state import AsyncAccountState
from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.models.account_state import OrderState

__all__ = ["check_mirror"]

READY_WITHIN_S = 150.0
"""In peace: the questions may have to wait for a window of the limits."""


async def check_mirror(exchange: SimulatedExchange, account: AsyncAccountState) -> list[str]:
    """Return in what a mirror differs from the account of the exchange."""
    try:
        await account.wait_ready(READY_WITHIN_S)
    except (BinanceWsApiError, TimeoutError) as error:
        return [f"the mirror is not ready in peace: {error!r}"]
    problems: list[str] = []
    shown = account.snapshot()
    rows: list[dict[str, Any]] = exchange.look_up("openOrders.status")
    real = {row["orderId"]: row for row in rows}
    mirrored = {each.order_id: each for each in shown.open_orders}
    for order_id in real.keys() ^ mirrored.keys():
        where = "the exchange" if order_id in real else "the mirror"
        problems.append(f"order {order_id} is open on {where} alone")
    for order_id in real.keys() & mirrored.keys():
        problems += _differences(mirrored[order_id], real[order_id])
    for order_id in {happening.order["i"] for happening in exchange.events if happening.is_order}:
        state = account._keeper.mirror.order((SYMBOL, order_id))
        row = exchange.look_up("order.status", orderId=order_id)
        if state is not None and state.status != "UNKNOWN" and row is not None:
            problems += _differences(state, row)
            if not state.has_all_fills:
                problems.append(f"fills of order {order_id} are missing: {state}")
    balances = exchange.balances()
    real_balances = {
        row["asset"]: (Decimal(row["free"]), Decimal(row["locked"]))
        for row in balances
        if Decimal(row["free"]) or Decimal(row["locked"])
    }
    mirrored_balances = {
        asset: (balance.free, balance.locked) for asset, balance in shown.balances.items()
    }
    if mirrored_balances != real_balances:
        problems.append(f"balances are {real_balances}, and mirrored as {mirrored_balances}")
    return problems


def _differences(state: OrderState, row: dict[str, Any]) -> list[str]:
    pairs = {
        "status": (state.status, row["status"]),
        "price": (state.price, Decimal(row["price"])),
        "quantity": (state.quantity, Decimal(row["origQty"])),
        "executed_quantity": (state.executed_quantity, Decimal(row["executedQty"])),
    }
    return [
        f"order {state.order_id}: {name} is {real}, and mirrored as {mirrored}"
        for name, (mirrored, real) in pairs.items()
        if mirrored != real
    ]
