"""Futures contracts: what is traded, on which grid, and what an amount of it is worth.

USD-M contracts are linear: their quantity is base asset, their value quote asset. COIN-M contracts are
inverse: their quantity counts contracts of a fixed quote amount, their value is base asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.brackets import Brackets, brackets_of

__all__ = ["COINM_CONTRACTS", "DEFAULT_CONTRACTS", "USDM_CONTRACTS", "Contract", "Money"]

Money = Decimal("0.00000001")
"""Grid of every amount in a wallet."""

PERPETUAL_DELIVERY_MS = 4_133_404_800_000

_BRACKETS_IN_USD = brackets_of(
    (125, "300_000", "0.004"),
    (100, "800_000", "0.005"),
    (75, "3_000_000", "0.0065"),
    (50, "12_000_000", "0.01"),
    (25, "70_000_000", "0.02"),
    (20, "100_000_000", "0.025"),
    (10, "230_000_000", "0.05"),
    (5, "480_000_000", "0.1"),
    (4, "600_000_000", "0.125"),
    (3, "800_000_000", "0.15"),
    (2, "1_200_000_000", "0.25"),
    (1, "1_800_000_000", "0.5"),
)
_BRACKETS_IN_BASE_ASSET = (
    (125, "5", "0.004"),
    (100, "10", "0.005"),
    (50, "20", "0.01"),
    (20, "50", "0.025"),
    (10, "100", "0.05"),
    (5, "200", "0.1"),
    (4, "400", "0.125"),
    (3, "1_000", "0.15"),
    (2, "1_500", "0.25"),
    (1, "2_000", "0.5"),
)


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract. Decimals are plain numbers; the places say how the wire writes them."""

    symbol: str
    pair: str
    market: Market
    base_asset: str
    quote_asset: str
    margin_asset: str
    tick_size: Decimal
    step_size: Decimal
    price_places: int
    quantity_places: int
    start_price: Decimal
    """Mark and index price until something traded."""
    min_notional: Decimal = Decimal(0)
    """Least value of an order that is not reduce-only."""
    max_quantity: Decimal = Decimal(1000)
    max_market_quantity: Decimal = Decimal(120)
    min_price: Decimal = Decimal("0.1")
    max_price: Decimal = Decimal(4_529_764)
    multiplier_up: Decimal = Decimal("1.15")
    """Limit buys above this multiple of the mark price are refused."""
    multiplier_down: Decimal = Decimal("0.85")
    """Limit sells below this multiple of the mark price are refused."""
    contract_type: str = "PERPETUAL"
    contract_size: Decimal | None = None
    """Quote amount of one inverse contract; ``None`` for linear ones."""
    brackets: Brackets = _BRACKETS_IN_USD
    """By value in the margin asset."""
    liquidation_fee: Decimal = Decimal("0.0125")
    onboard_ms: int = 1_569_398_400_000
    delivery_ms: int = PERPETUAL_DELIVERY_MS
    max_orders: int = 200
    max_conditional_orders: int = 200

    @property
    def is_inverse(self) -> bool:
        """Whether profit is paid in the base asset."""
        return self.contract_size is not None

    @property
    def profit_sign(self) -> int:
        """1 when a long gains as its value rises; -1 for inverse contracts, whose value falls then."""
        return -1 if self.is_inverse else 1

    @property
    def stream_type(self) -> int:
        """The ``st`` of stream events: 1 for USD-M, 2 for COIN-M."""
        return 2 if self.market is Market.COINM else 1

    def value(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Return what a quantity is worth at a price, in the margin asset; it has the quantity's sign."""
        if self.contract_size is None:
            return (price * quantity).quantize(Money)
        return (self.contract_size * quantity / price).quantize(Money)

    def mean_price(self, value: Decimal, quantity: Decimal) -> Decimal:
        """Return the price at which ``quantity`` is worth ``value``; zero for a zero quantity."""
        if not quantity or not value:
            return Decimal(0)
        if self.contract_size is None:
            return value / quantity
        return self.contract_size * quantity / value

    def price_text(self, price: Decimal) -> str:
        """Return a price as the wire writes it."""
        return f"{price:.{self.price_places}f}"

    def quantity_text(self, quantity: Decimal) -> str:
        """Return a quantity as the wire writes it."""
        return f"{quantity:.{self.quantity_places}f}"


def _linear(
    base: str,
    quote: str,
    start_price: str,
    *,
    tick: str,
    step: str,
    min_notional: str,
    suffix: str = "",
    contract_type: str = "PERPETUAL",
    delivery_ms: int = PERPETUAL_DELIVERY_MS,
) -> Contract:
    return Contract(
        symbol=base + quote + suffix,
        pair=base + quote,
        market=Market.USDM,
        base_asset=base,
        quote_asset=quote,
        margin_asset=quote,
        tick_size=Decimal(tick),
        step_size=Decimal(step),
        price_places=max(2, _places(tick)),
        quantity_places=_places(step),
        start_price=Decimal(start_price),
        min_notional=Decimal(min_notional),
        max_quantity=Decimal(1000) / Decimal(step) * Decimal("0.001"),
        max_market_quantity=Decimal(120) / Decimal(step) * Decimal("0.001"),
        min_price=Decimal(tick),
        contract_type=contract_type,
        delivery_ms=delivery_ms,
    )


def _inverse(
    base: str,
    suffix: str,
    start_price: str,
    *,
    tick: str,
    size: int,
    bracket_unit: int = 1,
    contract_type: str = "PERPETUAL",
    delivery_ms: int = PERPETUAL_DELIVERY_MS,
) -> Contract:
    return Contract(
        symbol=f"{base}USD_{suffix}",
        pair=f"{base}USD",
        market=Market.COINM,
        base_asset=base,
        quote_asset="USD",
        margin_asset=base,
        tick_size=Decimal(tick),
        step_size=Decimal(1),
        price_places=_places(tick),
        quantity_places=0,
        start_price=Decimal(start_price),
        max_quantity=Decimal(1_000_000),
        max_market_quantity=Decimal(60_000),
        min_price=Decimal(tick),
        contract_type=contract_type,
        contract_size=Decimal(size),
        brackets=brackets_of(*_BRACKETS_IN_BASE_ASSET, unit=bracket_unit),
        delivery_ms=delivery_ms,
    )


def _places(step: str) -> int:
    return len(step.partition(".")[2])


_QUARTER = "261225"
_QUARTER_MS = 1_798_185_600_000
_NEXT_QUARTER = "270326"
_NEXT_QUARTER_MS = 1_806_048_000_000

USDM_CONTRACTS: tuple[Contract, ...] = (
    _linear("BTC", "USDT", "60000", tick="0.10", step="0.001", min_notional="100"),
    _linear("ETH", "USDT", "3000", tick="0.01", step="0.001", min_notional="20"),
    _linear("BNB", "USDT", "600", tick="0.010", step="0.01", min_notional="5"),
    _linear("BTC", "USDC", "60000", tick="0.1", step="0.001", min_notional="100"),
    _linear(
        "BTC",
        "USDT",
        "60600",
        tick="0.1",
        step="0.001",
        min_notional="100",
        suffix=f"_{_QUARTER}",
        contract_type="CURRENT_QUARTER",
        delivery_ms=_QUARTER_MS,
    ),
)

COINM_CONTRACTS: tuple[Contract, ...] = (
    _inverse("BTC", "PERP", "60000", tick="0.1", size=100),
    _inverse("ETH", "PERP", "3000", tick="0.01", size=10, bracket_unit=20),
    _inverse(
        "BTC",
        _QUARTER,
        "60600",
        tick="0.1",
        size=100,
        contract_type="CURRENT_QUARTER",
        delivery_ms=_QUARTER_MS,
    ),
    _inverse(
        "BTC",
        _NEXT_QUARTER,
        "61200",
        tick="0.1",
        size=100,
        contract_type="NEXT_QUARTER",
        delivery_ms=_NEXT_QUARTER_MS,
    ),
)

DEFAULT_CONTRACTS: dict[Market, tuple[Contract, ...]] = {
    Market.USDM: USDM_CONTRACTS,
    Market.COINM: COINM_CONTRACTS,
}
