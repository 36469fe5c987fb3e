"""Margin: what positions and open orders bind, what is left, where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.contracts import Contract, Money
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import margin_insufficient, refusal

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
    bound: Decimal
    """Largest value that the position can come to when open orders of one side fill."""

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

    @staticmethod
    def order_values(
        account: FuturesAccount, contract: Contract, side: str
    ) -> tuple[Decimal, Decimal]:
        """Return the value of the open buys and sells that add to the exposure of a position side."""
        bids = asks = ZERO
        for order in account.open_orders_of(contract):
            if order.position_side != side or order.type != "LIMIT" or order.only_closes:
                continue
            value = contract.value(order.price, order.remaining)
            if order.is_buy:
                bids += value
            else:
                asks += value
        return bids, asks

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
        bids, asks = self.order_values(account, contract, side)
        bids += more_bids
        asks += more_asks
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
            maintenance_margin=contract.brackets.maintenance_margin(abs(notional)).quantize(Money),
            bound=bound,
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
        """Return the state of every wallet of the market, isolated positions included."""
        found = {asset: AssetRisk(wallet=account.wallet(asset)) for asset in self.assets}
        for one in self.exposures(account):
            found[one.position.contract.margin_asset] += AssetRisk(
                profit=one.profit,
                position_margin=one.position_margin,
                order_margin=one.order_margin,
                maintenance_margin=one.maintenance_margin,
            )
        return found

    def cross(self, account: FuturesAccount, asset: str) -> AssetRisk:
        """Return what stands on the cross wallet of an asset.

        That is all but isolated positions with their margin; orders for them wait on the cross wallet.
        """
        found = AssetRisk(wallet=account.cross_wallet(asset))
        for one in self.exposures(account):
            if one.position.contract.margin_asset != asset:
                continue
            if one.position.is_isolated:
                found += AssetRisk(order_margin=one.order_margin)
            else:
                found += AssetRisk(
                    profit=one.profit,
                    position_margin=one.position_margin,
                    order_margin=one.order_margin,
                    maintenance_margin=one.maintenance_margin,
                )
        return found

    def pool(self, account: FuturesAccount, asset: str) -> AssetRisk:
        """Return what stands behind cross positions of ``asset``: its wallet, or all in multi-assets mode."""
        if not account.has_multi_assets:
            return self.cross(account, asset)
        return sum((self.cross(account, one) for one in self.assets), AssetRisk())

    def backing(self, account: FuturesAccount, position: Position) -> AssetRisk:
        """Return what stands behind a position: its isolated wallet, or the pool that it shares."""
        if not position.is_isolated:
            return self.pool(account, position.contract.margin_asset)
        one = self.exposure(account, position.contract, position.side)
        return AssetRisk(
            wallet=position.isolated_wallet,
            profit=one.profit,
            position_margin=one.position_margin,
            maintenance_margin=one.maintenance_margin,
        )

    def removable(self, account: FuturesAccount, position: Position) -> Decimal:
        """Return how much margin may leave an isolated position: unrealised profit may not."""
        return self.backing(account, position).withdrawable

    def check_order(
        self, account: FuturesAccount, contract: Contract, order: FuturesOrder, value: Decimal
    ) -> None:
        """Refuse an order of this value that the margin or the leverage does not allow.

        Orders that bind nothing more, because they close, are always allowed.
        """
        if account.is_house or order.only_closes:
            return
        bids, asks = (value, ZERO) if order.is_buy else (ZERO, value)
        before = self.exposure(account, contract, order.position_side)
        after = self.exposure(
            account, contract, order.position_side, more_bids=bids, more_asks=asks
        )
        more = after.initial_margin - before.initial_margin
        if more <= 0:
            return
        pool = self.pool(account, contract.margin_asset)
        if more > (pool.withdrawable if after.position.is_isolated else pool.spare):
            raise margin_insufficient()
        most = contract.brackets.max_notional(account.leverage(contract))
        if after.bound > max(most, before.bound):
            raise refusal(-2027)

    def liquidation_price(self, account: FuturesAccount, position: Position) -> Decimal:
        """Return the mark price at which the maintenance margin eats the balance; zero for none.

        All other positions of the pool are taken at their present marks.
        """
        if not position.amount:
            return ZERO
        contract = position.contract
        rest = self._rest(account, position)
        sign = contract.profit_sign
        direction = sign if position.amount > 0 else -sign
        for bracket in contract.brackets.rows:
            value = (sign * position.cost - rest - bracket.cumulative) / (
                direction - bracket.maintenance_rate
            )
            if bracket.floor < value <= bracket.cap:
                return contract.mean_price(value, abs(position.amount))
        return ZERO

    def bankruptcy_price(self, position: Position, balance: Decimal) -> Decimal:
        """Return the price at which closing a position costs ``balance`` more than at its mark; zero for none."""
        contract = position.contract
        value = position.value(self._prices.mark(contract)) - contract.profit_sign * balance
        if position.amount < 0:
            value = -value
        return contract.mean_price(value, abs(position.amount)) if value > 0 else ZERO

    def _rest(self, account: FuturesAccount, position: Position) -> Decimal:
        """Return what stands behind a position apart from its own profit, less what others must keep."""
        mark = self._prices.mark(position.contract)
        backing = self.backing(account, position)
        own = position.contract.brackets.maintenance_margin(abs(position.value(mark)))
        others = backing.maintenance_margin - own.quantize(Money)
        return backing.margin_balance - position.profit(mark) - others
