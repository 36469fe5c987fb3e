"""Futures accounts: wallets, positions, leverage, modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.positions import Position

if TYPE_CHECKING:
    from binance_wsapi.simulator.futures.conditional import ConditionalOrder
    from binance_wsapi.simulator.futures.orders import Fill, FuturesOrder

__all__ = ["DEFAULT_LEVERAGE", "FuturesAccount", "Income", "MarginChange"]

ZERO = Decimal(0)
DEFAULT_LEVERAGE = 20
SIDES_BY_MODE = {False: ("BOTH",), True: ("LONG", "SHORT")}


@dataclass(frozen=True, slots=True)
class Income:
    """One movement of a wallet, as ``income`` lists it."""

    transaction_id: int
    time_us: int
    kind: str
    """``TRANSFER``, ``REALIZED_PNL``, ``COMMISSION``, ``FUNDING_FEE``, ``INSURANCE_CLEAR``."""
    asset: str
    amount: Decimal
    symbol: str = ""
    trade_id: int | None = None


@dataclass(frozen=True, slots=True)
class MarginChange:
    """Margin moved into (or, negative, out of) an isolated position."""

    time_us: int
    position: Position
    amount: Decimal
    is_by_trade: bool
    """It came with a trade; else a request asked for it."""


class FuturesAccount(EventSource):
    """One account of one futures market. Lives on the exchange's thread alone.

    Cross positions of a margin asset stand on the one wallet of that asset, less what is set apart for
    isolated ones.

    Args:
        uid: The same as of the owner's Spot account.
        alias: ``accountAlias`` of answers and COIN-M events.
        is_house: The house's own: no margin is asked of it, and its ended orders are forgotten.
    """

    def __init__(
        self,
        uid: int,
        alias: str,
        *,
        is_house: bool = False,
    ) -> None:
        super().__init__(uid)
        self.alias = alias
        self.is_house = is_house
        self.wallets: dict[str, Decimal] = {}
        self.positions: dict[tuple[str, str], Position] = {}
        """By symbol and position side; made when first needed, never removed."""
        self.leverages: dict[str, int] = {}
        self.isolated_symbols: set[str] = set()
        """Whose positions have isolated margin; all others are cross."""
        self.margin_changes: list[MarginChange] = []
        """What was moved into and out of isolated positions, oldest first; the house keeps none."""
        self.is_hedging = False
        """Hedge mode: a long and a short position of one symbol side by side."""
        self.has_multi_assets = False
        """Multi-assets mode: all wallets together are margin for all positions."""
        self.maker_rate = Decimal("0.0002")
        self.taker_rate = Decimal("0.0005")
        self.orders: dict[int, FuturesOrder] = {}
        """Every order ever placed, by order id."""
        self.orders_by_client_id: dict[str, FuturesOrder] = {}
        """The latest order of each client id."""
        self.open_orders: dict[int, FuturesOrder] = {}
        self.fills: list[tuple[int, Fill]] = []
        """Every fill, with its time in microseconds."""
        self.conditional_orders: dict[int, ConditionalOrder] = {}
        """Every algo order ever placed, by algo id."""
        self.incomes: list[Income] = []
        """What moved the wallets, oldest first; the house keeps none."""
        self.is_liquidating = False
        self.has_margin_call = False
        self._wallets_updated_us: dict[str, int] = {}

    def wallet(self, asset: str) -> Decimal:
        """Return the wallet balance of an asset, isolated margin included."""
        return self.wallets.get(asset, ZERO)

    def cross_wallet(self, asset: str) -> Decimal:
        """Return the wallet balance of an asset without what is set apart for isolated positions."""
        if not self.isolated_symbols:
            return self.wallet(asset)
        apart = sum(
            position.isolated_wallet
            for position in self.positions.values()
            if position.contract.margin_asset == asset
        )
        return self.wallet(asset) - apart

    def credit(self, asset: str, amount: Decimal, now_us: int) -> None:
        """Add to a wallet; a negative amount takes from it."""
        self.wallets[asset] = self.wallet(asset) + amount
        self._wallets_updated_us[asset] = now_us

    def earn(
        self,
        kind: str,
        asset: str,
        amount: Decimal,
        now_us: int,
        *,
        symbol: str = "",
        trade_id: int | None = None,
    ) -> None:
        """Add to a wallet (negative: take) and remember why; nothing is no income."""
        self.credit(asset, amount, now_us)
        if amount and not self.is_house:
            number = len(self.incomes) + 1
            self.incomes.append(Income(number, now_us, kind, asset, amount, symbol, trade_id))

    def wallet_updated_us(self, asset: str) -> int:
        """Return when a wallet last changed, 0 for one that never held anything."""
        return self._wallets_updated_us.get(asset, 0)

    def leverage(self, contract: Contract) -> int:
        """Return the leverage set for a contract."""
        wanted = self.leverages.get(contract.symbol, DEFAULT_LEVERAGE)
        return min(wanted, contract.brackets.max_leverage)

    def is_isolated(self, contract: Contract) -> bool:
        """Whether positions of a contract have isolated margin."""
        return contract.symbol in self.isolated_symbols

    def position(self, contract: Contract, side: str) -> Position:
        """Return a position, making an empty one."""
        key = (contract.symbol, side)
        found = self.positions.get(key)
        if found is None:
            found = self.positions[key] = self._empty(contract, side)
        return found

    def held(self, contract: Contract, side: str) -> Position:
        """Return a position for reading; an empty one is not kept."""
        return self.positions.get((contract.symbol, side)) or self._empty(contract, side)

    def _empty(self, contract: Contract, side: str) -> Position:
        return Position(contract, side, is_isolated=self.is_isolated(contract))

    @property
    def position_sides(self) -> tuple[str, ...]:
        """The sides of the account's mode."""
        return SIDES_BY_MODE[self.is_hedging]

    def open_positions(self) -> Iterator[Position]:
        """Iterate over the positions that hold something."""
        return (position for position in self.positions.values() if position.amount)

    def open_orders_of(self, contract: Contract) -> Iterator[FuturesOrder]:
        """Iterate over the open orders of one contract, oldest first."""
        return (order for order in self.open_orders.values() if order.contract is contract)
