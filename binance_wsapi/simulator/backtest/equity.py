"""What an account is worth, in US dollars and what is held to be one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from binance_wsapi.markets import Market
from binance_wsapi.simulator.venue import Venue

__all__ = ["equity"]

ZERO = Decimal(0)
DOLLARS = ("USDT", "USDC", "FDUSD", "USD")


def equity(venue: Venue, uid: int, first_prices: Mapping[str, Decimal]) -> Decimal:
    """Return the worth of an account's balances, wallets and open positions at the last prices.

    Assets that nothing is known to trade against dollars count as nothing.

    Args:
        venue: The exchange.
        uid: The account.
        first_prices: By Spot symbol, for those that have not traded yet.
    """
    spot = venue.spot.accounts[uid]
    worth = sum(
        (
            (balance.free + balance.locked) * _spot_price(venue, asset, first_prices)
            for asset, balance in spot.balances.items()
            if balance.free or balance.locked
        ),
        ZERO,
    )
    for market, engine in venue.futures.items():
        account = engine.accounts.get(uid)
        if account is None:
            continue
        for asset, amount in account.wallets.items():
            worth += amount * _margin_price(venue, market, asset)
        for position in account.open_positions():
            contract = position.contract
            profit = position.profit(engine.prices.mark(contract))
            worth += profit * _margin_price(venue, market, contract.margin_asset)
    return worth


def _spot_price(venue: Venue, asset: str, first_prices: Mapping[str, Decimal]) -> Decimal:
    if asset in DOLLARS:
        return Decimal(1)
    for symbol in (asset + quote for quote in DOLLARS):
        market = venue.spot.engine.markets.get(symbol)
        price = (market.last_price if market is not None else None) or first_prices.get(symbol)
        if price is not None:
            return price
    return ZERO


def _margin_price(venue: Venue, market: Market, asset: str) -> Decimal:
    if asset in DOLLARS:
        return Decimal(1)
    engine = venue.futures[market]
    contract = engine.contracts.get(f"{asset}USD_PERP") or engine.contracts.get(f"{asset}USDT")
    return ZERO if contract is None else engine.prices.mark(contract)
