"""How fast the embedded exchange's Spot engine is, on one core, without sockets.

Two questions: how many orders a second (target: 2,000), and what an order costs when 10,000 others are open
(target: no more than logarithmically dearer). Run: ``python benchmarks/engine.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import SymbolSpec, standard_filters

ORDERS = 10_000
OPEN_ORDERS = (0, 100, 1_000, 10_000)
MIDDLE = 6_500_000
SYMBOL = SymbolSpec(
    "BTCUSDT",
    "BTC",
    "USDT",
    standard_filters(tick="0.01", step="0.00001", max_num_orders=10**6),
)
SYMBOL = replace(
    SYMBOL,
    filters=tuple(one for one in SYMBOL.filters if one.filter_type != "MAX_NUM_ALGO_ORDERS"),
)


def new_market() -> tuple[SpotMarket, Random, list[Account]]:
    """Return a market with four rich accounts, each with a listener of its events."""
    market = SpotMarket(SimulatedClock(start_us=0, frozen=True), Random(1), [SYMBOL])
    accounts = [market.open_account({"BTC": 10**9, "USDT": 10**12}) for _ in range(4)]
    for account in accounts:
        account.listeners.append(lambda event: None)
    return market, Random(2), accounts


def limit(side: str, cents: int, quantity: str) -> dict[str, Any]:
    """Return the parameters of a LIMIT order."""
    return {
        "symbol": "BTCUSDT",
        "side": side,
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": f"{cents / 100:.2f}",
        "quantity": quantity,
    }


def mixed(rng: Random) -> Iterator[dict[str, Any]]:
    """Yield limit and market orders around the middle; about every second one trades."""
    while True:
        side = rng.choice(("BUY", "SELL"))
        quantity = f"{rng.randint(10, 5_000) / 100_000:.5f}"
        if rng.random() < 0.2:
            yield {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": quantity}
        else:
            yield limit(side, MIDDLE + rng.randint(-2_000, 2_000), quantity)


def orders_per_second() -> float:
    """Send a mix of orders and return the rate."""
    market, rng, accounts = new_market()
    requests = mixed(rng)
    batch = [(next(requests), rng.choice(accounts)) for _ in range(ORDERS)]
    begin = time.perf_counter()
    for params, account in batch:
        market.handle("order.place", params, account)
    return ORDERS / (time.perf_counter() - begin)


def cost_us(action: Callable[[], None], repeats: int) -> float:
    """Return the mean time of an action in microseconds."""
    begin = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - begin) / repeats * 1e6


def trade_us(followers: int) -> float:
    """Return what a trade costs beside so many trailing orders that follow the price."""
    market, rng, accounts = new_market()
    cents = MIDDLE
    for number in range(followers + 1):
        if number % 10 == 0:
            cents -= rng.randint(0, 10)
            market.handle("order.place", limit("SELL", cents, "0.001"), accounts[1])
            market.handle("order.place", limit("BUY", cents, "0.001"), accounts[2])
        params = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.001"}
        market.handle("order.place", {**params, "trailingDelta": 2_000}, accounts[0])

    def trade() -> None:
        price = cents + rng.randint(-100, 100)
        market.handle("order.place", limit("SELL", price, "0.001"), accounts[1])
        market.handle("order.place", limit("BUY", price, "0.001"), accounts[2])

    return cost_us(trade, 1_000)


def place_and_cancel_us(open_orders: int, *, stops: bool) -> float:
    """Return what one order placed and cancelled costs beside so many open ones of its account."""
    market, rng, accounts = new_market()
    account = accounts[0]
    market.handle("order.place", limit("SELL", MIDDLE, "0.001"), accounts[1])
    market.handle("order.place", limit("BUY", MIDDLE, "0.001"), accounts[2])
    for _ in range(open_orders):
        params = limit("BUY", MIDDLE - rng.randint(100, 1_000_000), "0.001")
        if stops:
            params |= {"side": "SELL", "type": "STOP_LOSS_LIMIT", "stopPrice": params["price"]}
        market.handle("order.place", params, account)

    def place_and_cancel() -> None:
        params = limit("BUY", MIDDLE - rng.randint(100, 1_000_000), "0.001")
        placed: Any = market.handle("order.place", params, account)
        market.handle("order.cancel", {"symbol": "BTCUSDT", "orderId": placed["orderId"]}, account)

    return cost_us(place_and_cancel, 2_000)


def sweep_us(depth: int) -> float:
    """Return the cost of each fill of a market order through so many levels."""
    market, _, accounts = new_market()
    for level in range(depth):
        market.handle("order.place", limit("SELL", MIDDLE + level, "0.00100"), accounts[0])
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    quantity = Decimal("0.001") * depth
    begin = time.perf_counter()
    market.handle("order.place", {**params, "quantity": str(quantity)}, accounts[1])
    return (time.perf_counter() - begin) / depth * 1e6


def main() -> None:
    """Print the figures."""
    print(f"mixed orders per second: {orders_per_second():,.0f} (target 2,000)")
    for stops in (False, True):
        kind = "waiting stop orders" if stops else "resting limit orders"
        for count in OPEN_ORDERS:
            cost = place_and_cancel_us(count, stops=stops)
            print(f"place + cancel beside {count:>6,} {kind}: {cost:7.1f} us")
    for count in OPEN_ORDERS:
        print(f"trade beside {count:>6,} trailing orders: {trade_us(count):7.1f} us")
    for depth in (10, 100, 1_000, 5_000):
        print(f"sweep of {depth:>5,} levels: {sweep_us(depth):7.1f} us a fill")


if __name__ == "__main__":
    main()
