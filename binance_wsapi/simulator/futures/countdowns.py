"""The dead man's switch: a contract's orders are cancelled unless the account gives a sign of life in time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract

__all__ = ["Countdowns"]


class Countdowns:
    """The countdowns that run, one for each account and contract.

    Args:
        clock: Time of the exchange.
        handle: The engine: takes method, parameters and account.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        handle: Callable[[str, dict[str, Any], FuturesAccount], object],
    ) -> None:
        self._clock = clock
        self._handle = handle
        self._running: dict[tuple[int, str], ScheduledCall] = {}

    def start(self, account: FuturesAccount, contract: Contract, wait_ms: int) -> None:
        """Cancel the orders after a time, unless asked again before; 0 ends it."""
        key = (account.uid, contract.symbol)
        running = self._running.pop(key, None)
        if running is not None:
            running.cancel()
        if wait_ms:
            self._running[key] = self._clock.call_later(
                wait_ms / 1000, partial(self._expire, account, contract)
            )

    def cancel_orders(self, account: FuturesAccount, contract: Contract) -> None:
        """Cancel what an account has open in a contract."""
        for order in list(account.open_orders_of(contract)):
            request = {"symbol": contract.symbol, "orderId": order.order_id}
            self._handle("order.cancel", request, account)

    def _expire(self, account: FuturesAccount, contract: Contract) -> None:
        del self._running[account.uid, contract.symbol]
        self.cancel_orders(account, contract)
