"""The account: balances, trades, commissions, limits.

Times are epoch milliseconds, or microseconds where the connection was asked for them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import msgspec
from msgspec import field

from binance_wsapi.loading import uncut
from binance_wsapi.models.base import Model
from binance_wsapi.models.enums import AccountType, AllocationType
from binance_wsapi.models.order import CommissionDiscount, MakerTakerRates
from binance_wsapi.models.rows import Rows, RowsOf, holds_rows

if TYPE_CHECKING:
    from binance_wsapi.models.filters import Filter

__all__ = [
    "AccountCommission",
    "AccountFilters",
    "AccountInformation",
    "AccountTrade",
    "Allocation",
    "Balance",
    "CommissionRates",
]


class Balance(Model, gc=False):
    """What an account has of an asset."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    free: Decimal
    """Free to be used."""
    locked: Decimal
    """Held for open orders."""


class CommissionRates(MakerTakerRates):
    """Commission rates, as fractions of what is traded."""

    buyer: Decimal | None
    """Added when buying."""
    seller: Decimal | None
    """Added when selling."""


@holds_rows(balances=Balance)
class AccountInformation(Model):
    """What an account may do and what it has."""

    maker_commission: int | None
    """In basis points; ``commission_rates`` is finer."""
    taker_commission: int | None
    """In basis points; ``commission_rates`` is finer."""
    buyer_commission: int | None
    """In basis points; ``commission_rates`` is finer."""
    seller_commission: int | None
    """In basis points; ``commission_rates`` is finer."""
    can_trade: bool | None
    """Whether it may trade."""
    can_withdraw: bool | None
    """Whether it may withdraw."""
    can_deposit: bool | None
    """Whether it may deposit."""
    commission_rates: CommissionRates | None
    """Standard commission rates."""
    brokered: bool | None
    """Whether a broker runs it."""
    require_self_trade_prevention: bool | None
    """Whether its orders must name a self-trade prevention mode."""
    prevent_sor: bool | None
    """Whether smart order routing is kept from it."""
    update_time: int | None
    """When it last changed, epoch ms."""
    account_type: AccountType | None
    """What it is for."""
    balances: RowsOf[Balance]
    """What it has: ``balances["BTC"]``."""
    permissions: list[str] | None
    """What it may trade: ``SPOT``, ``MARGIN``, trade groups."""
    uid: int | None
    """Its number."""


class AccountTrade(Model, gc=False):
    """A trade of an own order."""

    time_index = "time"

    symbol: str
    """Name, such as ``BTCUSDT``."""
    trade_id: int = field(name="id")
    """Its number."""
    order_id: int
    """The order."""
    order_list_id: int | None
    """The order's list; -1 when it is in none."""
    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount in base asset units."""
    quote_quantity: Decimal | None = field(name="quoteQty")
    """Amount in quote asset units."""
    commission: Decimal | None
    """What it cost."""
    commission_asset: str | None
    """The asset of the commission."""
    time: int | None
    """When, epoch ms."""
    is_buyer: bool
    """Whether the account bought."""
    is_maker: bool | None
    """Whether the order was resting."""
    is_best_match: bool | None
    """To be ignored."""


class Allocation(Model, gc=False):
    """What a routed order got."""

    time_index = "time"

    symbol: str
    """Name, such as ``BTCUSDT``."""
    allocation_id: int
    """Its number."""
    allocation_type: AllocationType | None
    """Where it comes from."""
    order_id: int
    """The order."""
    order_list_id: int | None
    """The order's list; -1 when it is in none."""
    price: Decimal
    """Price in quote asset units."""
    quantity: Decimal = field(name="qty")
    """Amount in base asset units."""
    quote_quantity: Decimal | None = field(name="quoteQty")
    """Amount in quote asset units."""
    commission: Decimal | None
    """What it cost."""
    commission_asset: str | None
    """The asset of the commission."""
    time: int | None
    """When, epoch ms."""
    is_buyer: bool
    """Whether the account bought."""
    is_maker: bool | None
    """Whether the order was resting."""
    is_allocator: bool | None
    """Whether the account gave rather than received."""


class AccountCommission(Model):
    """The commission rates of an account on one symbol."""

    symbol: str
    """Name, such as ``BTCUSDT``."""
    standard_commission: CommissionRates
    """Standard rates."""
    special_commission: CommissionRates | None = None
    """Special rates, added to the standard ones."""
    tax_commission: CommissionRates | None
    """Taxes, added to the standard rates."""
    discount: CommissionDiscount | None
    """Discount on the standard commission."""


class AccountFilters(Model):
    """The filters that hold for the account on one symbol."""

    exchange_filters_json: msgspec.Raw = field(name="exchangeFilters", default_factory=msgspec.Raw)
    """As the exchange wrote them; use :attr:`exchange_filters`."""
    symbol_filters_json: msgspec.Raw = field(name="symbolFilters", default_factory=msgspec.Raw)
    """As the exchange wrote them; use :attr:`symbol_filters`."""
    asset_filters_json: msgspec.Raw = field(name="assetFilters", default_factory=msgspec.Raw)
    """As the exchange wrote them; use :attr:`asset_filters`."""

    @property
    def exchange_filters(self) -> Rows[Filter]:
        """Those over all symbols together, by type or by its name, decoded at each touch."""
        with uncut:
            from binance_wsapi.models.filters import decode_filters

        return decode_filters(self.exchange_filters_json)

    @property
    def symbol_filters(self) -> Rows[Filter]:
        """Those on the symbol, by type or by its name, decoded at each touch."""
        with uncut:
            from binance_wsapi.models.filters import decode_filters

        return decode_filters(self.symbol_filters_json)

    @property
    def asset_filters(self) -> Rows[Filter]:
        """Those on its assets, by type or by its name, decoded at each touch."""
        with uncut:
            from binance_wsapi.models.filters import decode_filters

        return decode_filters(self.asset_filters_json)
