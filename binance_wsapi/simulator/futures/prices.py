"""Last, mark and index prices of a futures market."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.futures.contracts import Contract

__all__ = ["Prices"]


class Prices:
    """Mark and index follow the last trade until someone sets them.

    A set mark price wins over a set index price; the index follows the last trade of its own contract.
    """

    def __init__(self) -> None:
        self._last: dict[str, Decimal] = {}
        self._mark: dict[str, Decimal] = {}
        self._index: dict[str, Decimal] = {}
        self._funding: dict[str, Decimal] = {}

    def last(self, contract: Contract) -> Decimal:
        """Return the price of the last trade, or the contract's start price."""
        return self._last.get(contract.symbol, contract.start_price)

    def has_traded(self, contract: Contract) -> bool:
        """Whether the last price is that of a trade."""
        return contract.symbol in self._last

    def index(self, contract: Contract) -> Decimal:
        """Return the index price."""
        return self._index.get(contract.symbol) or self.last(contract)

    def mark(self, contract: Contract) -> Decimal:
        """Return the mark price."""
        return self._mark.get(contract.symbol) or self.index(contract)

    def funding_rate(self, contract: Contract) -> Decimal:
        """Return the funding rate shown for a perpetual contract."""
        return self._funding.get(contract.symbol, Decimal("0.0001"))

    def traded(self, contract: Contract, price: Decimal) -> None:
        """Take a trade's price as the last one."""
        self._last[contract.symbol] = price

    def set_mark(self, contract: Contract, price: Decimal | None) -> None:
        """Pin the mark price; ``None`` lets it follow the index again."""
        _set(self._mark, contract, price)

    def set_index(self, contract: Contract, price: Decimal | None) -> None:
        """Pin the index price; ``None`` lets it follow the last trade again."""
        _set(self._index, contract, price)

    def set_funding_rate(self, contract: Contract, rate: Decimal) -> None:
        """Set the funding rate shown and used from now on."""
        self._funding[contract.symbol] = rate


def _set(prices: dict[str, Decimal], contract: Contract, price: Decimal | None) -> None:
    if price is None:
        prices.pop(contract.symbol, None)
    else:
        prices[contract.symbol] = price
