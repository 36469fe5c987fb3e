"""A futures market on a frozen clock, for tests: short calls in, answers and events out.

Every answer and every event is held against the library's own models on the way: what they do not take
fails the test that caused it.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.futures_events import decode_coinm_event, decode_usdm_event
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.market import FuturesMarket

START_US = 1_700_000_000_000_000
FUNDS = {
    Market.USDM: {"USDT": "100000", "USDC": "100000"},
    Market.COINM: {"BTC": "10", "ETH": "100"},
}
SYMBOL = {Market.USDM: "BTCUSDT", Market.COINM: "BTCUSD_PERP"}


class Trader:
    """One account, what it hears, and the requests it sends."""

    def __init__(self, market: FuturesMarket, account: FuturesAccount) -> None:
        self.market = market
        self.account = account
        self.symbol = SYMBOL[market.market]
        self.events: list[dict[str, Any]] = []
        account.listeners.append(self._hear)

    def ask(self, method: str, **params: Any) -> Any:
        answer = self.market.handle(method, params, self.account)
        operation = operation_by_method(self.market.market, method.removeprefix("v1/"))
        assert operation is not None
        tolerant_decoder(operation.result)(encode(answer, microseconds=False))
        return answer

    def _hear(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        decode = decode_usdm_event if self.market.market is Market.USDM else decode_coinm_event
        known = decode(encode(event, microseconds=False))
        assert not isinstance(known, UnknownEvent), event

    def place(self, side: str, quantity: str, price: str | None = None, **params: Any) -> Any:
        """Place a GTC limit order, or a market order without a price."""
        terms: dict[str, Any] = {"type": "MARKET"}
        if price is not None:
            terms = {"type": "LIMIT", "price": price, "timeInForce": "GTC"}
        terms = {"symbol": self.symbol, "side": side, "quantity": quantity} | terms | params
        return self.ask("order.place", **terms)

    def algo(self, side: str, order_type: str, **params: Any) -> Any:
        terms = {"symbol": self.symbol, "side": side, "type": order_type, "algoType": "CONDITIONAL"}
        return self.ask("algoOrder.place", **(terms | params))

    def refused(self, method: str, **params: Any) -> int:
        """Return the code with which a request is refused, 0 when it is not."""
        try:
            self.ask(method, **params)
        except ExchangeError as error:
            return error.code
        return 0

    def refused_order(
        self, side: str, quantity: str, price: str | None = None, **params: Any
    ) -> int:
        try:
            self.place(side, quantity, price, **params)
        except ExchangeError as error:
            return error.code
        return 0

    def status(self, order_id: int, symbol: str | None = None) -> Any:
        return self.ask("order.status", symbol=symbol or self.symbol, orderId=order_id)

    def cancel(self, order_id: int) -> Any:
        return self.ask("order.cancel", symbol=self.symbol, orderId=order_id)

    def position(self, side: str = "BOTH") -> Decimal:
        return self.account.held(self.market.contracts[self.symbol], side).amount

    def wallet(self) -> Decimal:
        return self.account.wallet(self.market.contracts[self.symbol].margin_asset)

    def heard(self, name: str) -> list[dict[str, Any]]:
        """Return the events of one name so far."""
        return [event for event in self.events if event["e"] == name]

    def executions(self) -> list[tuple[str, str]]:
        """Return (execution type, status) of every order event so far."""
        return [(e["o"]["x"], e["o"]["X"]) for e in self.heard("ORDER_TRADE_UPDATE")]


class Venue:
    """A market with as many funded traders as a test wants."""

    def __init__(
        self,
        market: Market = Market.USDM,
        seed: int = 7,
        clock: SimulatedClock | None = None,
    ) -> None:
        self.clock = clock or SimulatedClock(start_us=START_US, frozen=True)
        self.market = FuturesMarket(self.clock, Random(seed), market)
        self._uids = iter(range(1, 1000))

    def trader(self, **wallets: str) -> Trader:
        """Open an account; without wallets it is funded well."""
        account = self.market.open_account(next(self._uids), wallets or FUNDS[self.market.market])
        return Trader(self.market, account)
