"""From ``exchangeInfo`` to a symbol's rules, read without trust: what is missing or odd rules nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.protocol.wire_values import amount, text, whole_number
from binance_wsapi.rules.exact import ZERO, plain
from binance_wsapi.rules.filters import Notional, PercentPrice, TrailingDelta
from binance_wsapi.rules.grid import Grid
from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = ["read_rules"]

Row = Mapping[str, Any]


def read_rules(market: Market, row: Row) -> SymbolRules:
    """Return the rules of one symbol.

    Args:
        market: The market it trades on.
        row: The symbol as ``exchangeInfo`` shows it, decoded.
    """
    filters = _by_type(row.get("filters"))
    contract_size = amount(row.get("contractSize"))
    trailing = filters.get("TRAILING_DELTA")
    # Spot calls the precisions of orders by the assets, futures by what they are of.
    quote_precision = whole_number(row.get("quoteAssetPrecision", row.get("quotePrecision")))
    return SymbolRules(
        market=market,
        symbol=text(row.get("symbol")) or "",
        status=text(row.get("status", row.get("contractStatus"))) or "",
        base_asset=text(row.get("baseAsset")) or "",
        quote_asset=text(row.get("quoteAsset")) or "",
        order_types=_texts(row.get("orderTypes", row.get("orderType"))),
        times_in_force=_texts(row.get("timeInForce")),
        price=_grid(filters.get("PRICE_FILTER"), "minPrice", "maxPrice", "tickSize"),
        lot=_grid(filters.get("LOT_SIZE"), "minQty", "maxQty", "stepSize"),
        market_lot=_grid(filters.get("MARKET_LOT_SIZE"), "minQty", "maxQty", "stepSize"),
        percent_price=tuple(
            _percent_price(market, filters[name])
            for name in ("PERCENT_PRICE_BY_SIDE", "PERCENT_PRICE")
            if name in filters
        ),
        # What an inverse contract is worth is not price times quantity.
        notional=tuple(
            _notional(filters[name])
            for name in ("NOTIONAL", "MIN_NOTIONAL")
            if name in filters and contract_size is None
        ),
        trailing_delta=None if trailing is None else _trailing(trailing),
        max_iceberg_parts=_count(filters, "ICEBERG_PARTS", "limit"),
        max_num_orders=_count(filters, "MAX_NUM_ORDERS", "maxNumOrders", "limit"),
        max_num_algo_orders=_count(filters, "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", "limit"),
        max_num_iceberg_orders=_count(filters, "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders"),
        max_num_order_lists=_count(filters, "MAX_NUM_ORDER_LISTS", "maxNumOrderLists"),
        max_num_order_amends=_count(filters, "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends"),
        max_position=amount(filters.get("MAX_POSITION", {}).get("maxPosition")),
        price_precision=whole_number(row.get("pricePrecision", quote_precision)),
        quantity_precision=whole_number(
            row.get("quantityPrecision", row.get("baseAssetPrecision"))
        ),
        quote_precision=quote_precision,
        contract_size=contract_size,
        raw=dict(row),
    )


def _by_type(filters: object) -> dict[str, Row]:
    if not isinstance(filters, list):
        return {}
    rows: list[Any] = filters
    return {
        name: each
        for each in rows
        if isinstance(each, dict) and (name := text(each.get("filterType"))) is not None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  (a JSON object)
    }


def _bound(row: Row, name: str) -> Decimal:
    """Return a bound or a step; zero, which rules nothing, when it is missing or cannot be one."""
    number = amount(row.get(name))
    return plain(number) if number is not None and number > 0 else ZERO


def _grid(row: Row | None, least: str, most: str, step: str) -> Grid:
    row = row or {}
    return Grid(_bound(row, least), _bound(row, most), _bound(row, step))


def _percent_price(market: Market, row: Row) -> PercentPrice:
    name = row["filterType"]
    prefixes = ("bid", "ask") if name == "PERCENT_PRICE_BY_SIDE" else ("", "")
    (bid_up, bid_down), (ask_up, ask_down) = (
        (amount(row.get(_camel(prefix, "multiplierUp"))), amount(row.get(_camel(prefix, "multiplierDown"))))
        for prefix in prefixes
    )  # fmt: skip
    if market.facts.bounds_worse_prices_alone:
        bid_down = ask_up = None
    minutes = whole_number(row.get("avgPriceMins"))
    return PercentPrice(name, bid_up, bid_down, ask_up, ask_down, minutes)


def _camel(prefix: str, name: str) -> str:
    return prefix + name[0].upper() + name[1:] if prefix else name


def _notional(row: Row) -> Notional:
    name = row["filterType"]
    is_range = name == "NOTIONAL"
    return Notional(
        filter=name,
        minimum=_bound(row, "notional" if "notional" in row else "minNotional"),
        maximum=_bound(row, "maxNotional"),
        minimum_holds_for_market=_flag(row, "applyMinToMarket" if is_range else "applyToMarket"),
        maximum_holds_for_market=_flag(row, "applyMaxToMarket"),
        average_price_minutes=whole_number(row.get("avgPriceMins")),
    )


def _flag(row: Row, name: str) -> bool:
    """Return a flag; futures have none, and their least notional holds for MARKET orders too."""
    return bool(row.get(name, "notional" in row))


def _trailing(row: Row) -> TrailingDelta:
    return TrailingDelta(
        *(
            _grid(row, f"minTrailing{where}Delta", f"maxTrailing{where}Delta", "")
            for where in ("Above", "Below")
        )
    )


def _count(filters: Mapping[str, Row], filter_type: str, *names: str) -> int | None:
    row = filters.get(filter_type, {})
    return next(
        (found for name in names if (found := whole_number(row.get(name))) is not None), None
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    items: list[Any] = value
    return tuple(each for each in items if isinstance(each, str))
