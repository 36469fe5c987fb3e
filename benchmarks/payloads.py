"""What the canned server answers: documented shapes, filled with made-up numbers."""

from __future__ import annotations

import json
import time
from typing import Any

__all__ = ["RATE_LIMITS", "canned_results"]

DEPTH_LEVELS = 1000
SYMBOLS = 1850
"""So many of the symbols below make an ``exchangeInfo`` of about the size of the real one, 3.6 MB."""

# Limits far out of reach: a client that counts its requests is not to be stopped by the benchmark.
RATE_LIMITS = (
    b'[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,'
    b'"limit":1000000,"count":1},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,'
    b'"limit":100000000,"count":1},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE",'
    b'"intervalNum":1,"limit":10000000,"count":12}]'
)


def canned_results() -> dict[bytes, bytes]:
    """Return the JSON of a result for each wire operation that the benchmark calls."""
    now_ms = time.time_ns() // 1_000_000
    session = {
        "apiKey": "k" * 64,
        "authorizedSince": now_ms,
        "connectedSince": now_ms,
        "returnRateLimits": True,
        "serverTime": now_ms,
        "userDataStream": False,
    }
    results: dict[str, Any] = {
        "order.place": {
            "symbol": "BTCUSDT",
            "orderId": 12569099453,
            "orderListId": -1,
            "clientOrderId": "4d96324ff9d44481926157ec08158a40",
            "transactTime": now_ms,
        },
        "time": {"serverTime": now_ms},
        "ping": {},
        "session.logon": session,
        "session.status": session,
        "depth": {
            "lastUpdateId": 2731179239,
            "bids": _levels(2345678, -1),
            "asks": _levels(2345679, 1),
        },
        "exchangeInfo": _exchange_info(now_ms),
        "userDataStream.subscribe": {"subscriptionId": 0},
        "openOrders.status": [],
    }
    return {
        method.encode(): json.dumps(result, separators=(",", ":")).encode()
        for method, result in results.items()
    }


def _levels(start: int, step: int) -> list[list[str]]:
    return [
        [f"{(start + i * step) / 100:.8f}", f"{(i % 97 + 1) / 1000:.8f}"]
        for i in range(DEPTH_LEVELS)
    ]


def _exchange_info(now_ms: int) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 10000000,
            }
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(f"COIN{number}", "USDT") for number in range(SYMBOLS)],
    }


def _symbol(base: str, quote: str) -> dict[str, Any]:
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00001000",
            },
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": "0.00000000",
                "maxQty": "107.10526315",
                "stepSize": "0.00000000",
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": 10,
                "maxTrailingAboveDelta": 2000,
                "minTrailingBelowDelta": 10,
                "maxTrailingBelowDelta": 2000,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN", *(f"TRD_GRP_{each:03}" for each in range(2, 20))]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }
