"""A Spot market in memory for the tests of its engine: calls answer what the wire would carry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from binance_wsapi.simulator.accounts import Account, CommissionRates
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import Filter, SymbolSpec

START_US = 1_700_000_000_000_000

FINE = (
    Filter(
        "PRICE_FILTER",
        {
            "minPrice": Decimal("0.01000000"),
            "maxPrice": Decimal("1000000.00000000"),
            "tickSize": Decimal("0.01000000"),
        },
    ),
    Filter(
        "LOT_SIZE",
        {
            "minQty": Decimal("0.00100000"),
            "maxQty": Decimal("100000.00000000"),
            "stepSize": Decimal("0.00100000"),
        },
    ),
)
"""Filters that stay out of the way."""

BTCUSDT = SymbolSpec("BTCUSDT", "BTC", "USDT", FINE, default_self_trade_prevention_mode="NONE")
ETHUSDT = SymbolSpec("ETHUSDT", "ETH", "USDT", FINE, default_self_trade_prevention_mode="NONE")

RICH = {"BTC": "1000", "USDT": "10000000", "ETH": "1000", "BNB": "1000", "USDC": "10000000"}


def on_wire(payload: object) -> Any:
    """Return what a client reads of a payload."""
    return json.loads(encode(payload, microseconds=False))


class Exchange:
    """A market with its clock held still, and the events of each account."""

    def __init__(
        self,
        symbols: Sequence[SymbolSpec] = (BTCUSDT, ETHUSDT),
        exchange_filters: Sequence[Filter] = (),
    ) -> None:
        self.clock = SimulatedClock(start_us=START_US, frozen=True)
        self.market = SpotMarket(self.clock, Random(7), symbols, exchange_filters=exchange_filters)
        self._events: dict[Account, list[dict[str, Any]]] = {}

    def paying_account(self, **balances: str) -> Account:
        """Return a new account; a rich one when no balances are given."""
        account = self.market.open_account(balances or RICH)
        events = self._events[account] = []
        account.listeners.append(events.append)
        return account

    def account(self, **balances: str) -> Account:
        """Return a new account that trades free of commission."""
        account = self.paying_account(**balances)
        account.commissions.standard = CommissionRates()
        return account

    def call(self, method: str, account: Account | None = None, **params: Any) -> Any:
        """Return the result of a request."""
        return on_wire(self.market.handle(method, params, account))

    def refusal(self, method: str, account: Account | None = None, **params: Any) -> ExchangeError:
        """Return the error that a request ends in."""
        with pytest.raises(ExchangeError) as caught:
            self.market.handle(method, params, account)
        return caught.value

    def place(
        self, account: Account, side: str, quantity: str, price: str | None = None, **more: Any
    ) -> Any:
        """Place a LIMIT GTC order at ``price``, a MARKET order without one."""
        params = {"symbol": "BTCUSDT", "side": side, "quantity": quantity, "type": "MARKET"}
        if price is not None:
            params |= {"type": "LIMIT", "timeInForce": "GTC", "price": price}
        return self.call("order.place", account, **(params | more))

    def status(self, account: Account, order_id: int, symbol: str = "BTCUSDT") -> Any:
        """Return an order as ``order.status`` shows it."""
        return self.call("order.status", account, symbol=symbol, orderId=order_id)

    def trade_at(self, price: str, symbol: str = "BTCUSDT") -> None:
        """Let two strangers trade, so that the last price is ``price``."""
        seller, buyer = self.account(), self.account()
        for account, side in ((seller, "SELL"), (buyer, "BUY")):
            self.place(account, side, "0.001", price, symbol=symbol, newOrderRespType="ACK")

    def events(self, account: Account, kind: str | None = None) -> list[Any]:
        """Return and forget the account's events, or those of one kind."""
        events = [on_wire(event) for event in self._events[account]]
        self._events[account].clear()
        return [event for event in events if kind in (None, event["e"])]

    def story(self, account: Account) -> list[str]:
        """Return and forget the account's events in short: ``NEW/NEW``, ``list ALL_DONE``, ``position``."""
        words = []
        for event in self.events(account):
            match event["e"]:
                case "executionReport":
                    words.append(f"{event['i']} {event['x']}/{event['X']}")
                case "listStatus":
                    words.append(f"list {event['l']}")
                case "outboundAccountPosition":
                    words.append("position")
                case other:
                    words.append(other)
        return words

    def balances(self, account: Account) -> dict[str, tuple[str, str]]:
        """Return free and locked of all assets that the account has."""
        rows = self.call("account.status", account, omitZeroBalances=True)["balances"]
        return {row["asset"]: (row["free"], row["locked"]) for row in rows}
