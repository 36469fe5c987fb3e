"""Margin: what positions and open orders bind, what is left, where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract, Money
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices

__all__ = ["AssetRisk", "Exposure", "Risk"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one position and the open orders on its side bind, in the margin asset."""

    position: Position
    profit: Decimal
    notional: Decimal
    """Value of the position at the mark price, signed."""
    bid_value: Decimal
    """Value of the open buys that add to exposure."""
    ask_value: Decimal
    position_margin: Decimal
    order_margin: Decimal
    maintenance_margin: Decimal

    @property
    def initial_margin(self) -> Decimal:
        """Margin of position and orders together."""
        return self.position_margin + self.order_margin


@dataclass(frozen=True, slots=True)
class AssetRisk:
    """One wallet and all that stands on it. Addition gives the totals of an account."""

    wallet: Decimal = ZERO
    profit: Decimal = ZERO
    position_margin: Decimal = ZERO
    order_margin: Decimal = ZERO
    maintenance_margin: Decimal = ZERO

    @property
    def margin_balance(self) -> Decimal:
        """Wallet with unrealised profit."""
        return self.wallet + self.profit

    @property
    def initial_margin(self) -> Decimal:
        """Margin of positions and orders together."""
        return self.position_margin + self.order_margin

    @property
    def spare(self) -> Decimal:
        """What new orders may bind; negative when too much is bound already."""
        return self.margin_balance - self.initial_margin

    @property
    def available(self) -> Decimal:
        """The spare amount as answers show it, never below zero."""
        return max(ZERO, self.spare)

    @property
    def withdrawable(self) -> Decimal:
        """What may leave the wallet: unrealised profit may not."""
        return max(ZERO, min(self.spare, self.wallet - self.initial_margin))

    def __add__(self, other: AssetRisk) -> AssetRisk:
        return AssetRisk(
            self.wallet + other.wallet,
            self.profit + other.profit,
            self.position_margin + other.position_margin,
            self.order_margin + other.order_margin,
            self.maintenance_margin + other.maintenance_margin,
        )


class Risk:
    """Reckons margin from accounts and prices; holds no state of its own.

    Args:
        prices: Mark prices.
        assets: The margin assets of the market.
    """

    def __init__(self, prices: Prices, assets: tuple[str, ...]) -> None:
        self._prices = prices
        self.assets = assets

    def exposure(
        self,
        account: FuturesAccount,
        contract: Contract,
        side: str,
        *,
        more_bids: Decimal = ZERO,
        more_asks: Decimal = ZERO,
    ) -> Exposure:
        """Return what one position side binds, with further order value when told."""
        position = account.held(contract, side)
        bids, asks = more_bids, more_asks
        for order in account.open_orders_of(contract):
            if order.position_side != side or order.type != "LIMIT" or order.only_closes:
                continue
            value = contract.value(order.price, order.remaining)
            if order.is_buy:
                bids += value
            else:
                asks += value
        mark = self._prices.mark(contract)
        notional = position.value(mark)
        bound = max(abs(notional + bids), abs(notional - asks))
        leverage = account.leverage(contract)
        position_margin = (abs(notional) / leverage).quantize(Money)
        return Exposure(
            position=position,
            profit=position.profit(mark),
            notional=notional,
            bid_value=bids,
            ask_value=asks,
            position_margin=position_margin,
            order_margin=max(ZERO, (bound / leverage).quantize(Money) - position_margin),
            maintenance_margin=(abs(notional) * contract.maintenance_rate).quantize(Money),
        )

    def exposures(self, account: FuturesAccount) -> list[Exposure]:
        """Return every side that has a position or an open order, in the order they were first used."""
        keys: dict[tuple[str, str], Contract] = {
            key: position.contract for key, position in account.positions.items() if position.amount
        }
        for order in account.open_orders.values():
            keys.setdefault((order.contract.symbol, order.position_side), order.contract)
        return [self.exposure(account, contract, side) for (_, side), contract in keys.items()]

    def by_asset(self, account: FuturesAccount) -> dict[str, AssetRisk]:
        """Return the state of every wallet of the market."""
        found = {asset: AssetRisk(wallet=account.wallet(asset)) for asset in self.assets}
        for one in self.exposures(account):
            found[one.position.contract.margin_asset] += AssetRisk(
                profit=one.profit,
                position_margin=one.position_margin,
                order_margin=one.order_margin,
                maintenance_margin=one.maintenance_margin,
            )
        return found

    def pool(self, account: FuturesAccount, asset: str) -> AssetRisk:
        """Return what stands behind positions of ``asset``: its wallet, or all in multi-assets mode."""
        found = self.by_asset(account)
        return total(found) if account.has_multi_assets else found[asset]

    def can_afford(
        self, account: FuturesAccount, contract: Contract, order: FuturesOrder, value: Decimal
    ) -> bool:
        """Whether the account's margin allows one more order of this value.

        Orders that bind nothing more, because they close, are always allowed.
        """
        if account.is_house or order.only_closes:
            return True
        bids, asks = (value, ZERO) if order.is_buy else (ZERO, value)
        before = self.exposure(account, contract, order.position_side)
        after = self.exposure(
            account, contract, order.position_side, more_bids=bids, more_asks=asks
        )
        more = after.initial_margin - before.initial_margin
        return more <= 0 or more <= self.pool(account, contract.margin_asset).spare

    def liquidation_price(self, account: FuturesAccount, position: Position) -> Decimal:
        """Return the mark price at which the maintenance margin eats the balance; zero for none.

        All other positions of the pool are taken at their present marks.
        """
        if not position.amount:
            return ZERO
        contract = position.contract
        mark = self._prices.mark(contract)
        pool = self.pool(account, contract.margin_asset)
        own_maintenance = abs(position.value(mark)) * contract.maintenance_rate
        rest = pool.margin_balance - position.profit(mark)
        rest -= pool.maintenance_margin - own_maintenance
        direction = 1 if position.amount > 0 else -1
        sign = contract.profit_sign
        value = (sign * position.cost - rest) / (sign * direction - contract.maintenance_rate)
        return contract.mean_price(value, abs(position.amount)) if value > 0 else ZERO


def total(risks: dict[str, AssetRisk]) -> AssetRisk:
    """Return the sum over wallets; the stable coins of USD-M count one for one."""
    return sum(risks.values(), AssetRisk())
