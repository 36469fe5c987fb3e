"""Symbols as ``exchangeInfo`` shows them, for the tests of their rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.rules import SymbolRules
from binance_wsapi.rules.reading import read_rules

REFERENCE = Path(__file__).parents[1] / "reference"


def filters(**more: dict[str, Any]) -> list[dict[str, Any]]:
    """Return filters by their types, with their values as the wire has them."""
    return [{"filterType": name, **values} for name, values in more.items()]


SPOT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quoteAssetPrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT", "STOP_LOSS"],
    "filters": filters(
        PRICE_FILTER={"minPrice": "0.01000000", "maxPrice": "1000000.00000000", "tickSize": "0.01000000"},
        LOT_SIZE={"minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        MARKET_LOT_SIZE={"minQty": "0.00000000", "maxQty": "50.00000000", "stepSize": "0.00003000"},
        ICEBERG_PARTS={"limit": 10},
        TRAILING_DELTA={
            "minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 2000,
            "minTrailingBelowDelta": 20, "maxTrailingBelowDelta": 1000,
        },
        PERCENT_PRICE_BY_SIDE={
            "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
            "askMultiplierUp": "4", "askMultiplierDown": "0.5", "avgPriceMins": 5,
        },
        NOTIONAL={
            "minNotional": "5.00000000", "applyMinToMarket": True,
            "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5,
        },
        MAX_NUM_ORDERS={"maxNumOrders": 200},
        MAX_NUM_ALGO_ORDERS={"maxNumAlgoOrders": 5},
        MAX_NUM_ORDER_LISTS={"maxNumOrderLists": 20},
        MAX_NUM_ORDER_AMENDS={"maxNumOrderAmends": 10},
        MAX_POSITION={"maxPosition": "10.00000000"},
    ),
}  # fmt: skip

USDM: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "contractType": "PERPETUAL",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "baseAssetPrecision": 8,
    "quotePrecision": 8,
    "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TRAILING_STOP_MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    "filters": filters(
        PRICE_FILTER={"minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        LOT_SIZE={"minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        MARKET_LOT_SIZE={"minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        MAX_NUM_ORDERS={"limit": 200},
        MAX_NUM_ALGO_ORDERS={"limit": 10},
        MIN_NOTIONAL={"notional": "100"},
        PERCENT_PRICE={"multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
    ),
}  # fmt: skip

COINM: dict[str, Any] = {
    "symbol": "BTCUSD_PERP",
    "contractStatus": "TRADING",
    "contractSize": 100,
    "baseAsset": "BTC",
    "quoteAsset": "USD",
    "pricePrecision": 1,
    "quantityPrecision": 0,
    "orderType": ["LIMIT", "MARKET"],
    "filters": filters(
        PRICE_FILTER={"minPrice": "1000", "maxPrice": "4520958", "tickSize": "0.1"},
        LOT_SIZE={"minQty": "1", "maxQty": "1000000", "stepSize": "1"},
        MIN_NOTIONAL={"notional": "1"},
    ),
}

SPOT_RULES = read_rules(Market.SPOT, SPOT)
USDM_RULES = read_rules(Market.USDM, USDM)
COINM_RULES = read_rules(Market.COINM, COINM)


def spot_rules(**more: dict[str, Any]) -> SymbolRules:
    """Return the rules of a Spot symbol with these filters and no others."""
    return read_rules(Market.SPOT, SPOT | {"filters": filters(**more)})


def captured() -> dict[str, Any]:
    """Return a Spot symbol as the exchange sent it in 2021."""
    sample = REFERENCE / "new" / "samples" / "15_spot_exchange_info_2021.json"
    row: dict[str, Any] = json.loads(sample.read_text())["payload"]["symbols"][0]
    return row
