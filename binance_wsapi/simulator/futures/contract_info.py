"""``exchangeInfo`` of futures, which only their REST API has."""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.market import FuturesMarket

__all__ = ["contract_info"]

ORDER_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]
TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"]


def contract_info(market: FuturesMarket, limits: RequestLimits) -> dict[str, Any]:
    """Return the answer of ``GET /fapi/v1/exchangeInfo`` and ``/dapi/v1/exchangeInfo``."""
    return {
        "timezone": "UTC",
        "serverTime": Micros(market.clock.now_us()),
        "rateLimits": [
            row for row in limits.exchange_rows() if row["rateLimitType"] != "CONNECTIONS"
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"}
            for asset in market.margin_assets
        ],
        "symbols": [
            _row(contract, market.statuses[contract.symbol])
            for contract in market.contracts.values()
        ],
    }


def _row(contract: Contract, status: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "symbol": contract.symbol,
        "pair": contract.pair,
        "contractType": contract.contract_type,
        "deliveryDate": contract.delivery_ms,
        "onboardDate": contract.onboard_ms,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base_asset,
        "quoteAsset": contract.quote_asset,
        "marginAsset": contract.margin_asset,
        "pricePrecision": contract.price_places,
        "quantityPrecision": contract.quantity_places,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": contract.liquidation_fee,
        "marketTakeBound": "0.05",
        "orderTypes": ORDER_TYPES,
        "timeInForce": TIMES_IN_FORCE,
        "filters": _filters(contract),
    }
    if contract.contract_size is None:
        row["status"] = status
    else:
        row["contractStatus"] = status
        row["contractSize"] = int(contract.contract_size)
    return row


def _filters(contract: Contract) -> list[dict[str, Any]]:
    price, quantity = contract.price_text, contract.quantity_text
    filters: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(contract.min_price),
            "maxPrice": price(contract.max_price),
            "tickSize": price(contract.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": quantity(contract.step_size),
            "maxQty": quantity(contract.max_quantity),
            "stepSize": quantity(contract.step_size),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": quantity(contract.step_size),
            "maxQty": quantity(contract.max_market_quantity),
            "stepSize": quantity(contract.step_size),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": contract.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": contract.max_conditional_orders},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": contract.multiplier_up,
            "multiplierDown": contract.multiplier_down,
            "multiplierDecimal": "4",
        },
    ]
    if contract.min_notional:
        filters.insert(5, {"filterType": "MIN_NOTIONAL", "notional": contract.min_notional})
    return filters
