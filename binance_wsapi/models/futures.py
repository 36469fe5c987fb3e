"""What the USD-M and COIN-M exchanges answer.

Times are epoch milliseconds. Quantities are in base asset units on USD-M and in contracts on COIN-M.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import field

from binance_wsapi.models.base import Level, Model
from binance_wsapi.models.book import HasLevels
from binance_wsapi.models.enums import OrderStatus, SelfTradePreventionMode, Side
from binance_wsapi.models.futures_enums import (
    AlgoStatus,
    AlgoType,
    FuturesOrderType,
    FuturesTimeInForce,
    MarginType,
    PositionSide,
    PriceMatch,
    WorkingType,
)
from binance_wsapi.models.rows import RowsOf, holds_rows
from binance_wsapi.models.session import ListenKey

__all__ = [
    "CancelledAlgoOrder",
    "CoinFuturesAccount",
    "CoinFuturesAccountAsset",
    "CoinFuturesAccountPosition",
    "CoinFuturesBalance",
    "CoinFuturesOrder",
    "CoinFuturesOrderAck",
    "CoinFuturesPosition",
    "FuturesAccount",
    "FuturesAccountAsset",
    "FuturesAccountPosition",
    "FuturesAccountPositionV2",
    "FuturesAccountV2",
    "FuturesAlgoOrder",
    "FuturesBalance",
    "FuturesBookTicker",
    "FuturesOrder",
    "FuturesOrderAck",
    "FuturesOrderBook",
    "FuturesPosition",
    "FuturesPositionV2",
    "FuturesPriceTicker",
    "ListenKey",
]


class FuturesOrderBook(HasLevels, Model):
    """Price levels of a symbol, best first; retail price improvement orders are left out."""

    last_update_id: int
    """Update the levels are as of."""
    event_time: int | None = field(name="E")
    """When the answer was made, in ms."""
    transaction_time: int | None = field(name="T")
    """Matching engine time of the levels, in ms."""
    bids: list[Level]
    """What buyers offer, highest price first."""
    asks: list[Level]
    """What sellers ask, lowest price first."""


class FuturesPriceTicker(Model):
    """Last price of a symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    """The symbol."""
    price: Decimal
    """Price of the last trade."""
    time: int | None
    """Matching engine time, in ms."""


class FuturesBookTicker(Model):
    """Best bid and ask of a symbol; retail price improvement orders are left out."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol",)

    last_update_id: int | None = None
    """Update of the order book the prices are as of."""
    symbol: str
    """The symbol."""
    bid_price: Decimal
    """Best price buyers offer."""
    bid_quantity: Decimal = field(name="bidQty")
    """Quantity at the best bid."""
    ask_price: Decimal
    """Best price sellers ask."""
    ask_quantity: Decimal = field(name="askQty")
    """Quantity at the best ask."""
    time: int | None
    """Matching engine time, in ms."""


class _OrderFields(Model):
    """What every order of both futures markets tells."""

    named_by: ClassVar[tuple[str, ...]] = ("client_order_id",)

    # In the order in which most answers send them: they are found fastest so.
    order_id: int
    """The exchange's id of the order, unique within the symbol."""
    symbol: str
    """The symbol."""
    status: OrderStatus
    """Where it stands."""
    client_order_id: str
    """Your id of the order."""
    price: Decimal
    """Limit price; zero when it has none."""
    quantity: Decimal = field(name="origQty")
    """Ordered."""
    executed_quantity: Decimal = field(name="executedQty")
    """Filled so far."""
    cumulative_quantity: Decimal | None = field(name="cumQty", default=None)
    """Filled so far, in answers to placing, modifying and cancelling; same as ``executed_quantity``."""
    time_in_force: FuturesTimeInForce | None
    """How long it stays."""
    type: FuturesOrderType
    """How it meets the book now."""
    reduce_only: bool | None
    """Whether it may only make a position smaller."""
    close_position: bool | None
    """Whether it closes the whole position when triggered."""
    side: Side
    """Which way the order goes."""
    position_side: PositionSide | None
    """The position it belongs to."""
    stop_price: Decimal | None
    """Trigger price; zero when it has none, without meaning for trailing orders."""
    activation_price: Decimal | None = field(name="activatePrice", default=None)
    """Price at which a trailing order starts to follow."""
    callback_rate: Decimal | None = field(name="priceRate", default=None)
    """Distance of a trailing order, in percent."""
    working_type: WorkingType | None
    """Which price triggers it."""
    price_protect: bool | None
    """Whether it is not triggered while mark and last price are far apart."""
    original_type: FuturesOrderType | None = field(name="origType")
    """Its type when it was placed: a triggered stop becomes a limit or market order."""
    price_match: PriceMatch | None = None
    """The price of the book it took in place of its own."""
    self_trade_prevention_mode: SelfTradePreventionMode | None = None
    """What happens when it meets another order of the account."""
    update_time: int | None
    """Last change, in ms."""


class FuturesOrderAck(_OrderFields):
    """A USD-M order, as answered to placing, modifying or cancelling it.

    Average price and filled value are no longer sent here since mid-2026: ask ``get_order_status``, or
    listen to the user data.
    """

    modify_id: int | None = None
    """Your id of the amendment, when one was sent."""
    average_price: Decimal | None = field(name="avgPrice", default=None)
    """Mean price of its fills; no longer sent."""
    cumulative_quote_quantity: Decimal | None = field(name="cumQuote", default=None)
    """Filled so far, in quote asset units; no longer sent."""
    good_till_date: int | None = None
    """End of a ``GTD`` order, in ms; zero otherwise."""


class FuturesOrder(_OrderFields):
    """A USD-M order."""

    time_index = "time"

    modify_id: int | None = None
    """Your id of its last amendment, when one was sent."""
    average_price: Decimal | None = field(name="avgPrice")
    """Mean price of its fills; zero before the first."""
    cumulative_quote_quantity: Decimal | None = field(name="cumQuote")
    """Filled so far, in quote asset units."""
    good_till_date: int | None = None
    """End of a ``GTD`` order, in ms; zero otherwise."""
    time: int | None
    """When it was placed, in ms."""


class CoinFuturesOrderAck(_OrderFields):
    """A COIN-M order, as answered to placing, modifying or cancelling it.

    Average price and filled value are no longer sent here since mid-2026: ask ``get_order_status``, or
    listen to the user data.
    """

    pair: str | None
    """The pair the contract belongs to, such as ``BTCUSD``."""
    modify_id: int | None = None
    """Your id of the amendment, when one was sent."""
    average_price: Decimal | None = field(name="avgPrice", default=None)
    """Mean price of its fills; no longer sent."""
    cumulative_base_quantity: Decimal | None = field(name="cumBase", default=None)
    """Filled so far, in base asset units; no longer sent."""


class CoinFuturesOrder(_OrderFields):
    """A COIN-M order."""

    time_index = "time"

    pair: str | None
    """The pair the contract belongs to, such as ``BTCUSD``."""
    modify_id: int | None = None
    """Your id of its last amendment, when one was sent."""
    average_price: Decimal | None = field(name="avgPrice")
    """Mean price of its fills; zero before the first."""
    cumulative_base_quantity: Decimal | None = field(name="cumBase")
    """Filled so far, in base asset units."""
    time: int | None
    """When it was placed, in ms."""


class FuturesAlgoOrder(Model):
    """A conditional order kept by the algo service until it is triggered (USD-M)."""

    named_by: ClassVar[tuple[str, ...]] = ("client_algo_id",)

    algo_id: int
    """The exchange's id of the conditional order; not an order id."""
    client_algo_id: str
    """Your id of the conditional order."""
    algo_type: AlgoType | None
    """What kind of order it is."""
    order_type: FuturesOrderType
    """How it meets the book once triggered."""
    symbol: str
    """The symbol."""
    side: Side
    """Which way the order goes."""
    position_side: PositionSide | None
    """The position it belongs to."""
    time_in_force: FuturesTimeInForce | None
    """How long the order stays once it is placed."""
    quantity: Decimal
    """Quantity, in base asset units."""
    algo_status: AlgoStatus
    """Where it stands."""
    trigger_price: Decimal | None
    """Price that triggers it."""
    price: Decimal
    """Limit price; zero when it has none."""
    iceberg_quantity: Decimal | None = None
    """Visible part."""
    self_trade_prevention_mode: SelfTradePreventionMode | None
    """What happens when it meets another order of the account."""
    working_type: WorkingType | None
    """Which price triggers it."""
    price_match: PriceMatch | None
    """The price of the book it takes in place of its own."""
    close_position: bool | None
    """Whether it closes the whole position when triggered."""
    price_protect: bool | None
    """Whether it is not triggered while mark and last price are far apart."""
    reduce_only: bool | None
    """Whether it may only make a position smaller."""
    activation_price: Decimal | None = field(name="activatePrice", default=None)
    """Price at which a trailing order starts to follow."""
    callback_rate: Decimal | None = None
    """Distance of a trailing order, in percent."""
    create_time: int | None
    """When it was made, in ms."""
    update_time: int | None
    """Last change, in ms."""
    trigger_time: int | None
    """When it was triggered, in ms; zero before."""
    good_till_date: int | None
    """End of a ``GTD`` order, in ms; zero otherwise."""


class CancelledAlgoOrder(Model):
    """Confirmation that a conditional order was cancelled (USD-M)."""

    algo_id: int
    """The exchange's id of the conditional order."""
    client_algo_id: str
    """Your id of the conditional order."""
    code: str | None
    """``200`` for success; not an error code."""
    message: str | None = field(name="msg")
    """``success``."""


class FuturesPositionV2(Model):
    """A position, or the orders that may open one, of a USD-M symbol."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str
    """The symbol."""
    position_side: PositionSide
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="positionAmt")
    """Size, in base asset units; below zero when short."""
    entry_price: Decimal
    """Mean price it was entered at."""
    break_even_price: Decimal | None
    """Price at which it ends without profit or loss, fees included."""
    mark_price: Decimal | None
    """Mark price."""
    _unrealized_profit: Decimal | None = field(name="unRealizedProfit", default=None)
    _unrealized_profit_older: Decimal | None = field(name="unrealizedProfit", default=None)
    liquidation_price: Decimal | None
    """Price at which it is liquidated; zero when there is none."""
    isolated_margin: Decimal | None
    """Margin set aside for it, profit included."""
    isolated_wallet: Decimal | None
    """Margin set aside for it, profit left out."""
    notional: Decimal | None
    """Value at the mark price, in margin asset units; below zero when short."""
    margin_asset: str | None
    """Asset it is margined in."""
    initial_margin: Decimal | None
    """Margin needed for position and open orders."""
    maintenance_margin: Decimal | None = field(name="maintMargin")
    """Margin needed to keep it."""
    position_initial_margin: Decimal | None
    """Margin needed for the position."""
    open_order_initial_margin: Decimal | None
    """Margin needed for the open orders."""
    adl: int | None
    """Place in the auto-deleveraging queue, from 0 (last) to 4 (next)."""
    bid_notional: Decimal | None
    """Value of the open buy orders."""
    ask_notional: Decimal | None
    """Value of the open sell orders."""
    update_time: int | None
    """Last change, in ms; zero when there was none."""

    @property
    def unrealized_profit(self) -> Decimal | None:
        """Profit at the mark price, in margin asset units; the exchange spells the key in two ways."""
        profit = self._unrealized_profit
        return self._unrealized_profit_older if profit is None else profit


class _PositionFields(Model):
    """What a position of both futures markets tells in the full list."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str
    """The symbol."""
    position_side: PositionSide
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="positionAmt")
    """Size, in base asset units (contracts on COIN-M); below zero when short."""
    entry_price: Decimal
    """Mean price it was entered at."""
    break_even_price: Decimal | None
    """Price at which it ends without profit or loss, fees included."""
    mark_price: Decimal | None
    """Mark price."""
    unrealized_profit: Decimal | None = field(name="unRealizedProfit")
    """Profit at the mark price, in margin asset units."""
    liquidation_price: Decimal | None
    """Price at which it is liquidated; zero when there is none."""
    leverage: Decimal | None
    """Leverage of the symbol."""
    margin_type: MarginType | None
    """Cross or isolated."""
    isolated_margin: Decimal | None
    """Margin set aside for it, profit included."""
    isolated_wallet: Decimal | None
    """Margin set aside for it, profit left out."""
    _auto_add_margin: str | bool | None = field(name="isAutoAddMargin")
    update_time: int | None
    """Last change, in ms; zero when there was none."""

    @property
    def is_auto_add_margin(self) -> bool | None:
        """Whether margin is added by itself; the exchange writes it as text."""
        sent = self._auto_add_margin
        return None if sent is None else str(sent).lower() == "true"


class FuturesPosition(_PositionFields):
    """A position of a USD-M symbol, held or not."""

    max_notional_value: Decimal | None
    """Largest value allowed at this leverage."""
    notional: Decimal | None
    """Value at the mark price, in margin asset units; below zero when short."""


class CoinFuturesPosition(_PositionFields):
    """A position of a COIN-M symbol, held or not."""

    max_quantity: Decimal | None = field(name="maxQty")
    """Largest size allowed at this leverage, in base asset units."""
    notional_value: Decimal | None
    """Value at the mark price, in base asset units; below zero when short."""


class _BalanceFields(Model):
    """What a wallet balance of both futures markets tells."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    account_alias: str | None
    """Alias of the account."""
    asset: str
    """The asset."""
    balance: Decimal
    """Wallet balance."""
    cross_wallet_balance: Decimal | None
    """Part of the wallet balance that serves cross positions."""
    cross_unrealized_profit: Decimal | None = field(name="crossUnPnl")
    """Profit of the cross positions at the mark price."""
    available_balance: Decimal | None
    """Free for new positions."""
    update_time: int | None
    """Last change, in ms; zero when there was none."""


class FuturesBalance(_BalanceFields):
    """Wallet balance of an asset (USD-M)."""

    max_withdraw_amount: Decimal | None
    """Largest amount that may be transferred out."""
    margin_available: bool | None
    """Whether it serves as margin in multi-assets mode."""


class CoinFuturesBalance(_BalanceFields):
    """Wallet balance of an asset (COIN-M)."""

    withdraw_available: Decimal | None
    """Largest amount that may be transferred out."""


class CoinFuturesAccountAsset(Model):
    """An asset of a futures account."""

    named_by: ClassVar[tuple[str, ...]] = ("asset",)

    asset: str
    """The asset."""
    wallet_balance: Decimal
    """Wallet balance."""
    unrealized_profit: Decimal | None
    """Profit of the positions at the mark price."""
    margin_balance: Decimal | None
    """Wallet balance and unrealized profit."""
    maintenance_margin: Decimal | None = field(name="maintMargin")
    """Margin needed to keep the positions."""
    initial_margin: Decimal | None
    """Margin needed for positions and open orders."""
    position_initial_margin: Decimal | None
    """Margin needed for the positions."""
    open_order_initial_margin: Decimal | None
    """Margin needed for the open orders."""
    cross_wallet_balance: Decimal | None
    """Part of the wallet balance that serves cross positions."""
    cross_unrealized_profit: Decimal | None = field(name="crossUnPnl")
    """Profit of the cross positions at the mark price."""
    available_balance: Decimal | None
    """Free for new positions."""
    max_withdraw_amount: Decimal | None
    """Largest amount that may be transferred out."""
    update_time: int | None
    """Last change, in ms; zero when there was none."""


class FuturesAccountAsset(CoinFuturesAccountAsset):
    """An asset of a USD-M account."""

    margin_available: bool | None = None
    """Whether it serves as margin in multi-assets mode; left out in single-asset mode by the newer method."""


class _AccountPositionFields(Model):
    """What a position tells as a part of the account."""

    named_by: ClassVar[tuple[str, ...]] = ("symbol", "position_side")

    symbol: str
    """The symbol."""
    position_side: PositionSide
    """Which position of the symbol this is."""
    position_amount: Decimal = field(name="positionAmt")
    """Size, in base asset units (contracts on COIN-M); below zero when short."""
    unrealized_profit: Decimal | None
    """Profit at the mark price."""
    initial_margin: Decimal | None
    """Margin needed for position and open orders."""
    maintenance_margin: Decimal | None = field(name="maintMargin")
    """Margin needed to keep it."""
    update_time: int | None
    """Last change, in ms; zero when there was none."""


class FuturesAccountPositionV2(_AccountPositionFields):
    """A position or open orders of a USD-M account."""

    isolated_margin: Decimal | None
    """Margin set aside for it, profit included."""
    isolated_wallet: Decimal | None
    """Margin set aside for it, profit left out."""
    notional: Decimal | None
    """Value at the mark price; below zero when short."""


class FuturesAccountPosition(_AccountPositionFields):
    """A symbol of a USD-M account, whether a position is held or not."""

    position_initial_margin: Decimal | None
    """Margin needed for the position."""
    open_order_initial_margin: Decimal | None
    """Margin needed for the open orders."""
    leverage: Decimal | None
    """Leverage of the symbol."""
    isolated: bool | None
    """Whether it is margined on its own."""
    entry_price: Decimal | None
    """Mean price it was entered at."""
    break_even_price: Decimal | None = None
    """Price at which it ends without profit or loss, fees included."""
    max_notional: Decimal | None
    """Largest value allowed at this leverage."""
    bid_notional: Decimal | None
    """Value of the open buy orders."""
    ask_notional: Decimal | None
    """Value of the open sell orders."""


class CoinFuturesAccountPosition(_AccountPositionFields):
    """A symbol of a COIN-M account, whether a position is held or not."""

    position_initial_margin: Decimal | None
    """Margin needed for the position."""
    open_order_initial_margin: Decimal | None
    """Margin needed for the open orders."""
    leverage: Decimal | None
    """Leverage of the symbol."""
    isolated: bool | None
    """Whether it is margined on its own."""
    isolated_wallet: Decimal | None
    """Margin set aside for it, profit left out."""
    entry_price: Decimal | None
    """Mean price it was entered at."""
    break_even_price: Decimal | None
    """Price at which it ends without profit or loss, fees included."""
    max_quantity: Decimal | None = field(name="maxQty")
    """Largest size allowed at this leverage, in base asset units."""
    notional_value: Decimal | None
    """Value at the mark price, in base asset units; below zero when short."""


@holds_rows(assets=FuturesAccountAsset)
class _AccountTotals(Model):
    """Sums over a USD-M account: in USDT in single-asset mode, in USD in multi-assets mode."""

    total_initial_margin: Decimal | None
    """Margin needed for all positions and open orders."""
    total_maintenance_margin: Decimal | None = field(name="totalMaintMargin")
    """Margin needed to keep all positions."""
    total_wallet_balance: Decimal | None
    """Wallet balance."""
    total_unrealized_profit: Decimal | None
    """Profit of all positions at the mark price."""
    total_margin_balance: Decimal | None
    """Wallet balance and unrealized profit."""
    total_position_initial_margin: Decimal | None
    """Margin needed for all positions."""
    total_open_order_initial_margin: Decimal | None
    """Margin needed for all open orders."""
    total_cross_wallet_balance: Decimal | None
    """Part of the wallet balance that serves cross positions."""
    total_cross_unrealized_profit: Decimal | None = field(name="totalCrossUnPnl")
    """Profit of all cross positions at the mark price."""
    available_balance: Decimal | None
    """Free for new positions."""
    max_withdraw_amount: Decimal | None
    """Largest amount that may be transferred out."""
    assets: RowsOf[FuturesAccountAsset]
    """Each asset of the account."""


@holds_rows(positions=FuturesAccountPositionV2)
class FuturesAccountV2(_AccountTotals):
    """A USD-M account, with the symbols that have a position or an open order."""

    positions: RowsOf[FuturesAccountPositionV2]
    """Positions and symbols with open orders."""


@holds_rows(positions=FuturesAccountPosition)
class FuturesAccount(_AccountTotals):
    """A USD-M account, with every symbol of the market."""

    fee_tier: int | None
    """Commission tier."""
    can_trade: bool | None
    """Whether it may trade."""
    can_deposit: bool | None
    """Whether it may transfer in."""
    can_withdraw: bool | None
    """Whether it may transfer out."""
    update_time: int | None
    """Reserved by the exchange."""
    multi_assets_margin: bool | None
    """Whether multi-assets mode is on."""
    trade_group_id: int | None
    """Trade group; -1 for none."""
    positions: RowsOf[FuturesAccountPosition]
    """Every symbol, whether a position is held or not."""


@holds_rows(assets=CoinFuturesAccountAsset, positions=CoinFuturesAccountPosition)
class CoinFuturesAccount(Model):
    """A COIN-M account, with every symbol of the market."""

    fee_tier: int | None
    """Commission tier."""
    can_trade: bool | None
    """Whether it may trade."""
    can_deposit: bool | None
    """Whether it may transfer in."""
    can_withdraw: bool | None
    """Whether it may transfer out."""
    update_time: int | None
    """Reserved by the exchange."""
    assets: RowsOf[CoinFuturesAccountAsset]
    """Each asset of the account."""
    positions: RowsOf[CoinFuturesAccountPosition]
    """Every symbol, whether a position is held or not."""
