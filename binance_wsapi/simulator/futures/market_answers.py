"""Public market data of the WebSocket API: depth and tickers. USD-M alone serves it there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import bad_symbol
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.spot.book import Book, BookSide

__all__ = ["MarketAnswers", "levels"]

DEPTH_LIMITS = frozenset({5, 10, 20, 50, 100, 500, 1000})
DEFAULT_DEPTH = 500
ZERO = Decimal(0)


class MarketAnswers:
    """Answers from books and prices.

    Args:
        clock: Time of the exchange.
        contracts: By symbol.
        books: By symbol.
        prices: Last prices.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        contracts: Mapping[str, Contract],
        books: Mapping[str, Book],
        prices: Prices,
    ) -> None:
        self._clock = clock
        self._contracts = contracts
        self._books = books
        self._prices = prices

    def depth(self, params: Parameters) -> dict[str, Any]:
        """Return a snapshot of a book."""
        contract = self._contract(params)
        given = params.integer("limit")
        limit = DEFAULT_DEPTH if given is None else given
        if limit not in DEPTH_LIMITS:
            raise refusal(-4021)
        book = self._books[contract.symbol]
        now = Micros(self._clock.now_us())
        return {
            "lastUpdateId": book.last_update_id,
            "E": now,
            "T": now,
            "bids": levels(contract, book.bids, limit),
            "asks": levels(contract, book.asks, limit),
        }

    def price_ticker(self, params: Parameters) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the last price of one contract, or of all."""
        if "symbol" in params:
            return self.price_row(self._contract(params))
        return [self.price_row(contract) for contract in self._contracts.values()]

    def book_ticker(self, params: Parameters) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the best prices of one contract, or of all."""
        if "symbol" in params:
            return self.book_row(self._contract(params))
        return [self.book_row(contract) for contract in self._contracts.values()]

    def _contract(self, params: Parameters) -> Contract:
        contract = self._contracts.get(params.text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract

    def price_row(self, contract: Contract) -> dict[str, Any]:
        """Return the last price of a contract."""
        return {
            "symbol": contract.symbol,
            "price": contract.price_text(self._prices.last(contract)),
            "time": Micros(self._clock.now_us()),
        }

    def book_row(self, contract: Contract) -> dict[str, Any]:
        """Return the best prices of a contract."""
        book = self._books[contract.symbol]
        bid, bid_quantity = _best(book.bids)
        ask, ask_quantity = _best(book.asks)
        return {
            "lastUpdateId": book.last_update_id,
            "symbol": contract.symbol,
            "bidPrice": contract.price_text(bid),
            "bidQty": contract.quantity_text(bid_quantity),
            "askPrice": contract.price_text(ask),
            "askQty": contract.quantity_text(ask_quantity),
            "time": Micros(self._clock.now_us()),
        }


def levels(contract: Contract, side: BookSide, limit: int) -> list[list[str]]:
    """Return the best levels of a side as the wire writes them."""
    return [
        [contract.price_text(price), contract.quantity_text(quantity)]
        for price, quantity in side.top(limit)
    ]


def _best(side: BookSide) -> tuple[Decimal, Decimal]:
    best = side.top(1)
    return best[0] if best else (ZERO, ZERO)
