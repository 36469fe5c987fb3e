"""A quiet market maker for futures: books that are always there, around prices that stay put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from random import Random
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.refills import Refills

__all__ = ["FuturesMaker"]

LEVELS = 20
STEP = Decimal("0.0001")
"""Distance between levels, as a part of the price."""
LEAST_VALUE = Decimal(100)
"""Unit of sizes, in quote asset."""
MAKER_UID = -1
TAKER_UID = -2
ZERO = Decimal(0)
Level = tuple[str, Decimal]
"""Side and price."""


class FuturesMaker:
    """Two house accounts: one quotes on both sides of each contract, the other takes the first trade.

    What others take comes back after a moment of the exchange's time. Single-threaded like the market.

    Args:
        clock: The exchange's clock.
        market: Where it trades.
        rng: Where quantities come from.
        symbols: Where it quotes; all contracts of the market when left out.

    Attributes:
        account: Who quotes.
        taker: Who takes the first trade, and the trades of a random market.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        market: FuturesMarket,
        rng: Random,
        symbols: Iterable[str] | None = None,
    ) -> None:
        self._market = market
        self._rng = rng
        names = tuple(market.contracts if symbols is None else symbols)
        self._contracts = {name: market.contracts[name] for name in names}
        self._middles = {
            name: market.prices.last(contract) for name, contract in self._contracts.items()
        }
        self._parts: dict[str, list[int]] = {}
        """How much each level of a ladder is worth, in parts: as drawn when its middle was set."""
        self._refills = Refills(clock, self._refill, self._contracts)
        self.account = market.open_account(MAKER_UID, is_house=True)
        self.taker = market.open_account(TAKER_UID, is_house=True)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Where it quotes."""
        return tuple(self._contracts)

    def start(self) -> None:
        """Trade once at each contract's price and fill the books."""
        for symbol, contract in self._contracts.items():
            middle, quantity = self._middles[symbol], self.size(symbol, 10)
            self._place(self.account, contract, "SELL", quantity, middle)
            self._place(self.taker, contract, "BUY", quantity, middle)
            self._draw(symbol)
            self._refill(symbol)
        self._market.observers.append(self._refills)

    def stop(self) -> None:
        """Quote no more; take all orders out of the books."""
        self._market.observers.remove(self._refills)
        self._refills.stop()
        for order_id, order in tuple(self.account.open_orders.items()):
            self._cancel(order.contract.symbol, order_id)

    def middle(self, symbol: str) -> Decimal:
        """Return the price around which a contract is quoted."""
        return self._middles[symbol]

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Quote a contract around another price from now on."""
        if self._refills.is_planned(symbol):
            self._refill(symbol)  # else the quotes would depend on which comes first in real time
        self._middles[symbol] = _on_grid(price, self._contracts[symbol].tick_size)
        self._draw(symbol)
        self._refill(symbol)

    def size(self, symbol: str, notionals: int) -> Decimal:
        """Return the quantity that is worth this many hundreds of the quote asset."""
        contract = self._contracts[symbol]
        worth = LEAST_VALUE * notionals
        quantity = worth / (contract.contract_size or self._middles[symbol])
        return max(contract.step_size, _cut(quantity, contract.step_size))

    def take(self, symbol: str, side: str, quantity: Decimal) -> None:
        """Let the second account trade at the market's price; a refusal is passed over."""
        contract = self._contracts[symbol]
        self._place(self.taker, contract, side, _cut(quantity, contract.step_size), None)

    def _draw(self, symbol: str) -> None:
        self._parts[symbol] = [self._rng.randint(100, 1000) for _ in range(2 * LEVELS)]

    def _refill(self, symbol: str) -> None:
        """Bring the contract's orders in line with its ladder; what rests there keeps its place."""
        self._refills.done(symbol)
        contract = self._contracts[symbol]
        wanted = dict(self._ladder(contract))
        for order_id, order in tuple(self.account.open_orders.items()):
            if order.contract is not contract:
                continue
            if wanted.pop((order.side, order.price), None) is None:
                self._cancel(symbol, order_id)
        for (side, price), quantity in wanted.items():
            self._place(self.account, contract, side, quantity, price)

    def _ladder(self, contract: Contract) -> Iterator[tuple[Level, Decimal]]:
        """Return all levels around the middle with a size each, none on the middle itself."""
        tick, middle = contract.tick_size, self._middles[contract.symbol]
        step = max(tick, _on_grid(contract.start_price * STEP, tick))
        parts = iter(self._parts[contract.symbol])
        for distance in range(1, LEVELS + 1):
            for side, sign in (("BUY", -1), ("SELL", 1)):
                price, worth = middle + sign * distance * step, next(parts) * (1 + distance) // 2
                if contract.min_price <= price <= contract.max_price:
                    yield (side, price), self.size(contract.symbol, worth)

    def _place(
        self,
        account: FuturesAccount,
        contract: Contract,
        side: str,
        quantity: Decimal,
        price: Decimal | None,
    ) -> None:
        """Place a limit order, or a market order without a price; a refusal is passed over."""
        quantity = min(quantity, contract.max_market_quantity)
        params: dict[str, Any] = {"symbol": contract.symbol, "side": side, "type": "MARKET"}
        params["quantity"] = f"{quantity:f}"
        if price is not None:
            params |= {"type": "LIMIT", "timeInForce": "GTC", "price": f"{price:f}"}
        try:
            self._market.handle("order.place", params, account)
        except ExchangeError:
            # A closed contract, a pinned mark price far away: the market goes on without this order.
            return

    def _cancel(self, symbol: str, order_id: int) -> None:
        self._market.handle("order.cancel", {"symbol": symbol, "orderId": order_id}, self.account)


def _on_grid(price: Decimal, step: Decimal) -> Decimal:
    return (price / step).to_integral_value(ROUND_HALF_EVEN) * step


def _cut(quantity: Decimal, step: Decimal) -> Decimal:
    return (quantity / step).to_integral_value(ROUND_FLOOR) * step
