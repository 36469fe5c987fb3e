"""Symbols: what may be traded, under which rules, in the shape of ``exchangeInfo``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = [
    "ALL_ORDER_TYPES",
    "DEFAULT_SYMBOLS",
    "Filter",
    "PriceRange",
    "SymbolSpec",
    "standard_filters",
]

PLACES = Decimal("0.00000001")

ALL_ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)

ALL_PREVENTION_MODES = (
    "NONE",
    "EXPIRE_TAKER",
    "EXPIRE_MAKER",
    "EXPIRE_BOTH",
    "DECREMENT",
    "TRANSFER",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its ``filterType`` and its values in wire names.

    Decimals are :class:`~decimal.Decimal` with eight places (multipliers as written), so the mapping is
    what ``exchangeInfo`` shows.
    """

    filter_type: str
    values: Mapping[str, Any]

    def wire(self) -> dict[str, Any]:
        """Return the filter as the wire has it."""
        return {"filterType": self.filter_type, **self.values}


@dataclass(frozen=True, slots=True)
class PriceRange:
    """The ``PRICE_RANGE`` execution rule; a missing multiplier leaves that bound open."""

    bid_limit_mult_up: Decimal | None = None
    bid_limit_mult_down: Decimal | None = None
    ask_limit_mult_up: Decimal | None = None
    ask_limit_mult_down: Decimal | None = None

    def wire(self) -> dict[str, Any]:
        """Return the rule as ``executionRules`` shows it."""
        bounds = {
            "bidLimitMultUp": self.bid_limit_mult_up,
            "bidLimitMultDown": self.bid_limit_mult_down,
            "askLimitMultUp": self.ask_limit_mult_up,
            "askLimitMultDown": self.ask_limit_mult_down,
        }
        present = {name: value for name, value in bounds.items() if value is not None}
        return {"ruleType": "PRICE_RANGE", **present}


@dataclass(frozen=True, slots=True)
class SymbolSpec:
    """One symbol. The defaults are a symbol on which everything is allowed."""

    symbol: str
    base_asset: str
    quote_asset: str
    filters: tuple[Filter, ...]
    status: str = "TRADING"
    """Status at the start; :meth:`SpotMarket.set_status` changes it later."""
    base_asset_precision: int = 8
    quote_asset_precision: int = 8
    order_types: tuple[str, ...] = ALL_ORDER_TYPES
    iceberg_allowed: bool = True
    oco_allowed: bool = True
    oto_allowed: bool = True
    opo_allowed: bool = True
    quote_order_qty_market_allowed: bool = True
    allow_trailing_stop: bool = True
    cancel_replace_allowed: bool = True
    amend_allowed: bool = True
    peg_instructions_allowed: bool = True
    is_spot_trading_allowed: bool = True
    is_margin_trading_allowed: bool = False
    permission_sets: tuple[tuple[str, ...], ...] = (("SPOT",),)
    default_self_trade_prevention_mode: str = "EXPIRE_MAKER"
    allowed_self_trade_prevention_modes: tuple[str, ...] = ALL_PREVENTION_MODES
    price_range: PriceRange | None = None
    sor: bool = False
    """Orders of the base asset may be routed over all symbols that have this set."""
    start_price: Decimal = Decimal(1)
    """Where a market maker begins; no rule of the exchange looks at it."""

    def filter(self, filter_type: str) -> Mapping[str, Any] | None:
        """Return the values of one filter, ``None`` when the symbol lacks it."""
        for candidate in self.filters:
            if candidate.filter_type == filter_type:
                return candidate.values
        return None

    @property
    def tick_size(self) -> Decimal:
        """Step of prices; eight places when the symbol has no tick."""
        values = self.filter("PRICE_FILTER")
        return values["tickSize"] if values and values["tickSize"] else PLACES

    @property
    def step_size(self) -> Decimal:
        """Step of quantities; eight places when the symbol has no step."""
        values = self.filter("LOT_SIZE")
        return values["stepSize"] if values and values["stepSize"] else PLACES

    def wire(self, status: str, *, show_permission_sets: bool = True) -> dict[str, Any]:
        """Return the symbol as ``exchangeInfo`` shows it."""
        return {
            "symbol": self.symbol,
            "status": status,
            "baseAsset": self.base_asset,
            "baseAssetPrecision": self.base_asset_precision,
            "quoteAsset": self.quote_asset,
            "quotePrecision": self.quote_asset_precision,
            "quoteAssetPrecision": self.quote_asset_precision,
            "baseCommissionPrecision": self.base_asset_precision,
            "quoteCommissionPrecision": self.quote_asset_precision,
            "orderTypes": list(self.order_types),
            "icebergAllowed": self.iceberg_allowed,
            "ocoAllowed": self.oco_allowed,
            "otoAllowed": self.oto_allowed,
            "opoAllowed": self.opo_allowed,
            "quoteOrderQtyMarketAllowed": self.quote_order_qty_market_allowed,
            "allowTrailingStop": self.allow_trailing_stop,
            "cancelReplaceAllowed": self.cancel_replace_allowed,
            "amendAllowed": self.amend_allowed,
            "pegInstructionsAllowed": self.peg_instructions_allowed,
            "isSpotTradingAllowed": self.is_spot_trading_allowed,
            "isMarginTradingAllowed": self.is_margin_trading_allowed,
            "filters": [one.wire() for one in self.filters],
            "permissions": [],
            "permissionSets": (
                [list(one) for one in self.permission_sets] if show_permission_sets else []
            ),
            "defaultSelfTradePreventionMode": self.default_self_trade_prevention_mode,
            "allowedSelfTradePreventionModes": list(self.allowed_self_trade_prevention_modes),
        }


def standard_filters(
    *,
    tick: str,
    step: str,
    min_notional: str = "5",
    max_quantity: str = "9000",
    max_price: str = "1000000",
    max_market_quantity: str = "500",
    max_num_orders: int = 200,
) -> tuple[Filter, ...]:
    """Return the set of filters that a symbol of the exchange usually has."""

    def places(text: str) -> Decimal:
        return Decimal(text).quantize(PLACES)

    return (
        Filter(
            "PRICE_FILTER",
            {"minPrice": places(tick), "maxPrice": places(max_price), "tickSize": places(tick)},
        ),
        Filter(
            "LOT_SIZE",
            {"minQty": places(step), "maxQty": places(max_quantity), "stepSize": places(step)},
        ),
        Filter("ICEBERG_PARTS", {"limit": 100}),
        Filter(
            "MARKET_LOT_SIZE",
            {
                "minQty": places("0"),
                "maxQty": places(max_market_quantity),
                "stepSize": places("0"),
            },
        ),
        Filter(
            "TRAILING_DELTA",
            {
                "minTrailingAboveDelta": 10,
                "maxTrailingAboveDelta": 2000,
                "minTrailingBelowDelta": 10,
                "maxTrailingBelowDelta": 2000,
            },
        ),
        Filter(
            "PERCENT_PRICE_BY_SIDE",
            {
                "bidMultiplierUp": Decimal(5),
                "bidMultiplierDown": Decimal("0.2"),
                "askMultiplierUp": Decimal(5),
                "askMultiplierDown": Decimal("0.2"),
                "avgPriceMins": 5,
            },
        ),
        Filter(
            "NOTIONAL",
            {
                "minNotional": places(min_notional),
                "applyMinToMarket": True,
                "maxNotional": places("9000000"),
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ),
        Filter("MAX_NUM_ORDERS", {"maxNumOrders": max_num_orders}),
        Filter("MAX_NUM_ORDER_LISTS", {"maxNumOrderLists": 20}),
        Filter("MAX_NUM_ALGO_ORDERS", {"maxNumAlgoOrders": 5}),
        Filter("MAX_NUM_ORDER_AMENDS", {"maxNumOrderAmends": 10}),
    )


DEFAULT_SYMBOLS: tuple[SymbolSpec, ...] = (
    SymbolSpec(
        "BTCUSDT",
        "BTC",
        "USDT",
        standard_filters(tick="0.01", step="0.00001"),
        sor=True,
        start_price=Decimal(65000),
    ),
    SymbolSpec(
        "BTCUSDC",
        "BTC",
        "USDC",
        standard_filters(tick="0.01", step="0.00001"),
        sor=True,
        start_price=Decimal(65000),
    ),
    SymbolSpec(
        "ETHUSDT",
        "ETH",
        "USDT",
        standard_filters(tick="0.01", step="0.0001"),
        start_price=Decimal(3200),
    ),
    SymbolSpec(
        "BNBUSDT",
        "BNB",
        "USDT",
        standard_filters(tick="0.01", step="0.001", max_quantity="900000"),
        start_price=Decimal(600),
    ),
    SymbolSpec(
        "ETHBTC",
        "ETH",
        "BTC",
        standard_filters(tick="0.00001", step="0.0001", min_notional="0.0001"),
        start_price=Decimal("0.05"),
    ),
    SymbolSpec(
        "这是测试币456",
        "这是测试币",
        "456",
        standard_filters(tick="0.01", step="0.01", min_notional="1"),
        start_price=Decimal(10),
    ),
)
"""The symbols of an exchange that names none: two that share SOR, and one that is not ASCII."""
