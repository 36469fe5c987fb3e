"""The filters of symbols, assets and the exchange, told apart by ``filterType``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

import msgspec
from msgspec import field

from binance_wsapi.models.base import Model
from binance_wsapi.models.rows import Rows
from binance_wsapi.models.tolerant import tolerant_decoder

__all__ = [
    "ExchangeMaxNumAlgoOrdersFilter",
    "ExchangeMaxNumIcebergOrdersFilter",
    "ExchangeMaxNumOrderListsFilter",
    "ExchangeMaxNumOrdersFilter",
    "Filter",
    "IcebergPartsFilter",
    "LotSizeFilter",
    "MarketLotSizeFilter",
    "MaxAssetFilter",
    "MaxNumAlgoOrdersFilter",
    "MaxNumIcebergOrdersFilter",
    "MaxNumOrderAmendsFilter",
    "MaxNumOrderListsFilter",
    "MaxNumOrdersFilter",
    "MaxPositionFilter",
    "MinNotionalFilter",
    "NotionalFilter",
    "PercentPriceBySideFilter",
    "PercentPriceFilter",
    "PriceFilter",
    "TrailingDeltaFilter",
    "UnknownFilter",
    "decode_filters",
]


class _Filter(Model, tag_field="filterType"):
    named_by: ClassVar[tuple[str, ...]] = ("filter_type",)

    @property
    def filter_type(self) -> str:
        """The exchange's word for the filter, such as ``LOT_SIZE``."""
        return str(self.__struct_config__.tag)


class PriceFilter(_Filter, tag="PRICE_FILTER"):
    """Bounds and step of prices; a zero switches that part off."""

    min_price: Decimal
    """Least price."""
    max_price: Decimal
    """Greatest price."""
    tick_size: Decimal
    """Prices are multiples of it."""


class PercentPriceFilter(_Filter, tag="PERCENT_PRICE"):
    """How far a price may be from the average."""

    multiplier_up: Decimal
    """Greatest price as a multiple of the average."""
    multiplier_down: Decimal
    """Least price as a multiple of the average."""
    average_price_minutes: int | None = field(name="avgPriceMins")
    """Minutes the average covers; 0 stands for the last price."""


class PercentPriceBySideFilter(_Filter, tag="PERCENT_PRICE_BY_SIDE"):
    """How far a price may be from the average, by side."""

    bid_multiplier_up: Decimal
    """Greatest price of a buy order as a multiple of the average."""
    bid_multiplier_down: Decimal
    """Least price of a buy order as a multiple of the average."""
    ask_multiplier_up: Decimal
    """Greatest price of a sell order as a multiple of the average."""
    ask_multiplier_down: Decimal
    """Least price of a sell order as a multiple of the average."""
    average_price_minutes: int | None = field(name="avgPriceMins")
    """Minutes the average covers; 0 stands for the last price."""


class LotSizeFilter(_Filter, tag="LOT_SIZE"):
    """Bounds and step of quantities."""

    min_quantity: Decimal = field(name="minQty")
    """Least quantity, in base asset units."""
    max_quantity: Decimal = field(name="maxQty")
    """Greatest quantity, in base asset units."""
    step_size: Decimal
    """Quantities are multiples of it."""


class MarketLotSizeFilter(_Filter, tag="MARKET_LOT_SIZE"):
    """Bounds and step of quantities of MARKET orders."""

    min_quantity: Decimal = field(name="minQty")
    """Least quantity, in base asset units."""
    max_quantity: Decimal = field(name="maxQty")
    """Greatest quantity, in base asset units."""
    step_size: Decimal
    """Quantities are multiples of it."""


class MinNotionalFilter(_Filter, tag="MIN_NOTIONAL"):
    """Least price times quantity."""

    min_notional: Decimal
    """Least notional, in quote asset units."""
    apply_to_market: bool | None
    """Whether it holds for MARKET orders, by the average price."""
    average_price_minutes: int | None = field(name="avgPriceMins")
    """Minutes the average covers; 0 stands for the last price."""


class NotionalFilter(_Filter, tag="NOTIONAL"):
    """Bounds of price times quantity."""

    min_notional: Decimal
    """Least notional, in quote asset units."""
    apply_min_to_market: bool | None
    """Whether the least holds for MARKET orders, by the average price."""
    max_notional: Decimal
    """Greatest notional, in quote asset units."""
    apply_max_to_market: bool | None
    """Whether the greatest holds for MARKET orders, by the average price."""
    average_price_minutes: int | None = field(name="avgPriceMins")
    """Minutes the average covers; 0 stands for the last price."""


class IcebergPartsFilter(_Filter, tag="ICEBERG_PARTS"):
    """How many parts an iceberg order may have."""

    limit: int
    """Most parts: quantity divided by the visible part, rounded up."""


class MaxNumOrdersFilter(_Filter, tag="MAX_NUM_ORDERS"):
    """How many orders of the symbol an account may have open."""

    max_num_orders: int
    """Most open orders, conditional ones included."""


class MaxNumAlgoOrdersFilter(_Filter, tag="MAX_NUM_ALGO_ORDERS"):
    """How many conditional orders of the symbol an account may have open."""

    max_num_algo_orders: int
    """Most open stop loss and take profit orders."""


class MaxNumIcebergOrdersFilter(_Filter, tag="MAX_NUM_ICEBERG_ORDERS"):
    """How many iceberg orders of the symbol an account may have open."""

    max_num_iceberg_orders: int
    """Most open iceberg orders."""


class MaxPositionFilter(_Filter, tag="MAX_POSITION"):
    """How much of the base asset an account may come to hold."""

    max_position: Decimal
    """Most of free, locked and still to be bought, in base asset units."""


class TrailingDeltaFilter(_Filter, tag="TRAILING_DELTA"):
    """Bounds of trailing distances, in basis points."""

    min_trailing_above_delta: int
    """Least for stop loss buys and take profit sells."""
    max_trailing_above_delta: int
    """Greatest for stop loss buys and take profit sells."""
    min_trailing_below_delta: int
    """Least for stop loss sells and take profit buys."""
    max_trailing_below_delta: int
    """Greatest for stop loss sells and take profit buys."""


class MaxNumOrderAmendsFilter(_Filter, tag="MAX_NUM_ORDER_AMENDS"):
    """How often an order can be amended."""

    max_num_order_amends: int
    """Most amendments of one order."""


class MaxNumOrderListsFilter(_Filter, tag="MAX_NUM_ORDER_LISTS"):
    """How many order lists of the symbol an account may have open."""

    max_num_order_lists: int
    """Most open order lists."""


class ExchangeMaxNumOrdersFilter(_Filter, tag="EXCHANGE_MAX_NUM_ORDERS"):
    """How many orders an account may have open on the whole exchange."""

    max_num_orders: int
    """Most open orders, conditional ones included."""


class ExchangeMaxNumAlgoOrdersFilter(_Filter, tag="EXCHANGE_MAX_NUM_ALGO_ORDERS"):
    """How many conditional orders an account may have open on the whole exchange."""

    max_num_algo_orders: int
    """Most open stop loss and take profit orders."""


class ExchangeMaxNumIcebergOrdersFilter(_Filter, tag="EXCHANGE_MAX_NUM_ICEBERG_ORDERS"):
    """How many iceberg orders an account may have open on the whole exchange."""

    max_num_iceberg_orders: int
    """Most open iceberg orders."""


class ExchangeMaxNumOrderListsFilter(_Filter, tag="EXCHANGE_MAX_NUM_ORDER_LISTS"):
    """How many order lists an account may have open on the whole exchange."""

    max_num_order_lists: int
    """Most open order lists."""


class MaxAssetFilter(_Filter, tag="MAX_ASSET"):
    """How much of an asset one order of the account may move."""

    asset: str
    """The asset."""
    limit: Decimal
    """Most of it in one order, as quantity or as notional."""


class UnknownFilter(Model):
    """A filter of a type not known here, or one that does not fit its model."""

    named_by: ClassVar[tuple[str, ...]] = ("filter_type",)

    raw: dict[str, Any]
    """The filter as the exchange wrote it."""

    @property
    def filter_type(self) -> str:
        """The exchange's word for the filter; empty when it gave none."""
        return str(self.raw.get("filterType", ""))


_KnownFilter: TypeAlias = (
    PriceFilter
    | PercentPriceFilter
    | PercentPriceBySideFilter
    | LotSizeFilter
    | MarketLotSizeFilter
    | MinNotionalFilter
    | NotionalFilter
    | IcebergPartsFilter
    | MaxNumOrdersFilter
    | MaxNumAlgoOrdersFilter
    | MaxNumIcebergOrdersFilter
    | MaxPositionFilter
    | TrailingDeltaFilter
    | MaxNumOrderAmendsFilter
    | MaxNumOrderListsFilter
    | ExchangeMaxNumOrdersFilter
    | ExchangeMaxNumAlgoOrdersFilter
    | ExchangeMaxNumIcebergOrdersFilter
    | ExchangeMaxNumOrderListsFilter
    | MaxAssetFilter
)

Filter: TypeAlias = _KnownFilter | UnknownFilter
"""Any filter."""

_all_known = msgspec.json.Decoder(list[_KnownFilter])
_decode_known = tolerant_decoder(_KnownFilter)
_list_of_raw = msgspec.json.Decoder(list[msgspec.Raw])


def decode_filters(wire: msgspec.Raw) -> Rows[Filter]:
    """Return the filters of a JSON list; those not known are kept as :class:`UnknownFilter`."""
    if bytes(wire) in {b"", b"null"}:
        return Rows()
    try:
        return Rows(_all_known.decode(wire))
    except msgspec.ValidationError:
        return Rows(_decode_filter(each) for each in _list_of_raw.decode(wire))


def _decode_filter(wire: msgspec.Raw) -> Filter:
    try:
        known: Filter = _decode_known(wire)
    except msgspec.ValidationError:
        return UnknownFilter(raw=msgspec.json.decode(wire))
    return known
