"""Options: what is traded, on which grid, and what one is worth when it expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = [
    "CENT",
    "QUOTE_ASSET",
    "UNDERLYINGS",
    "Option",
    "Underlying",
    "listed",
    "next_expiry_hour",
]

ZERO = Decimal(0)
DAY_US = 86_400_000_000
EXPIRY_HOUR_US = 8 * 3_600_000_000
QUOTE_ASSET = "USDT"
CENT = Decimal("0.00000001")
"""Grid of every amount in a wallet."""

DAYS_TO_EXPIRY = (1, 8)
"""In how many days what is listed expires."""
STRIKES_A_SIDE = 2


@dataclass(frozen=True, slots=True)
class Underlying:
    """What options are about."""

    symbol: str
    asset: str
    start_price: Decimal
    strike_step: Decimal
    tick_size: Decimal
    step_size: Decimal = Decimal("0.01")
    price_places: int = 3
    quantity_places: int = 2


UNDERLYINGS = (
    Underlying("BTCUSDT", "BTC", Decimal(65_000), Decimal(2_500), Decimal(5)),
    Underlying("ETHUSDT", "ETH", Decimal(3_500), Decimal(200), Decimal("0.2")),
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option."""

    symbol: str
    underlying: Underlying
    is_call: bool
    strike: Decimal
    expiry_us: int
    onboard_us: int
    unit: int = 1

    @property
    def expiry_date(self) -> str:
        """The day of its expiry as its symbol has it."""
        return self.symbol.split("-")[1]

    def payoff(self, index: Decimal) -> Decimal:
        """Return what one contract pays at its expiry."""
        worth = index - self.strike if self.is_call else self.strike - index
        return max(worth, ZERO) * self.unit

    def price_text(self, price: Decimal) -> str:
        """Return a price as the wire writes it."""
        return f"{price:.{self.underlying.price_places}f}"

    def quantity_text(self, quantity: Decimal) -> str:
        """Return a quantity as the wire writes it."""
        return f"{quantity:.{self.underlying.quantity_places}f}"

    def on_grid(self, price: Decimal) -> Decimal:
        """Return the nearest price that an order may have; a tick at least."""
        tick = self.underlying.tick_size
        return max(tick, (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick)


def next_expiry_hour(now_us: int) -> int:
    """Return when options next expire, and others are listed."""
    return now_us - (now_us - EXPIRY_HOUR_US) % DAY_US + DAY_US


def listed(
    underlying: Underlying,
    index: Decimal,
    now_us: int,
    days_to_expiry: Sequence[int] = DAYS_TO_EXPIRY,
) -> list[Option]:
    """Return what is listed of an underlying on a day: calls and puts around its price."""
    step = underlying.strike_step
    middle = (index / step).to_integral_value(ROUND_HALF_EVEN) * step
    first = now_us - now_us % DAY_US + EXPIRY_HOUR_US
    strikes = [middle + each * step for each in range(-STRIKES_A_SIDE, STRIKES_A_SIDE + 1)]
    return [
        option(underlying, strike, first + days * DAY_US, now_us, is_call=is_call)
        for days in days_to_expiry
        for strike in strikes
        for is_call in (True, False)
    ]


def option(
    underlying: Underlying, strike: Decimal, expiry_us: int, now_us: int, *, is_call: bool
) -> Option:
    """Return an option, named as the exchange would."""
    day = datetime.fromtimestamp(expiry_us // 1_000_000, UTC).strftime("%y%m%d")
    symbol = f"{underlying.asset}-{day}-{strike:f}-{'C' if is_call else 'P'}"
    return Option(symbol, underlying, is_call, strike, expiry_us, now_us)
