"""Mark, index and premium prices as they went, for their candles; and the funding that was settled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.market_data.bounded_log import BoundedLog
from binance_wsapi.simulator.market_data.history import SymbolHistory
from binance_wsapi.simulator.observers import Trade

__all__ = ["FundingRecord", "PriceHistory"]

ZERO = Decimal(0)
KEPT_FUNDING = 1_000
PREMIUM_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class FundingRecord:
    """One settlement of a contract's funding."""

    time_us: int
    rate: Decimal
    mark: Decimal


class PriceHistory:
    """What one contract's reckoned prices were, one entry a change."""

    def __init__(self, contract: Contract) -> None:
        self.mark = SymbolHistory(contract.symbol)
        self.index = SymbolHistory(contract.symbol)
        self.premium = SymbolHistory(contract.symbol)
        """Mark over index, as a part of the index."""
        self.funding: BoundedLog[FundingRecord] = BoundedLog(KEPT_FUNDING)

    def note(self, contract: Contract, prices: Prices, now_us: int) -> None:
        """Take the prices of now."""
        mark, index = prices.mark(contract), prices.index(contract)
        marks, indices = _note(self.mark, mark, now_us), _note(self.index, index, now_us)
        if not (marks or indices):
            return
        premium = (mark - index) / index if index else ZERO
        _note(self.premium, premium.quantize(PREMIUM_PLACES), now_us)


def _note(history: SymbolHistory, price: Decimal, now_us: int) -> bool:
    """Take a price in; return whether it is another than the one before."""
    last = history.last_trade
    if last is not None and last.price == price:
        return False
    # Candles are made of trades; one of nothing moves their prices alone.
    history.record(
        Trade(
            symbol=history.symbol,
            trade_id=history.trades.end,
            price=price,
            quantity=ZERO,
            buyer_order_id=0,
            seller_order_id=0,
            buyer_is_maker=False,
            time_us=now_us,
        )
    )
    return True
