"""Public answers from the engine's own state: time, rules, books."""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError, bad_combination
from binance_wsapi.simulator.spot import parameters
from binance_wsapi.simulator.spot.engine import Engine, SymbolMarket
from binance_wsapi.simulator.spot.money import ZERO
from binance_wsapi.simulator.spot.parameters import Params

__all__ = ["book_ticker", "depth", "exchange_info", "execution_rules", "ping", "time"]

STATUSES = frozenset({"TRADING", "HALT", "BREAK"})
DEFAULT_PERMISSIONS = frozenset({"SPOT", "MARGIN", "LEVERAGED"})
DEEPEST_BOOK = 5000


def ping(engine: Engine, params: Params) -> dict[str, Any]:
    """Answer ``ping``."""
    del engine, params
    return {}


def time(engine: Engine, params: Params) -> dict[str, Any]:
    """Answer ``time``."""
    del params
    return {"serverTime": Micros(engine.now_us)}


def exchange_info(engine: Engine, params: Params) -> dict[str, Any]:
    """Answer ``exchangeInfo``."""
    named = _named(engine, params)
    permissions = parameters.names(params, "permissions")
    status = _status(params)
    shows_sets = parameters.flag(params, "showPermissionSets", default=True)
    if named is not None and (permissions is not None or status is not None):
        raise bad_combination()
    markets = named
    if markets is None:
        wanted = set(permissions) if permissions is not None else DEFAULT_PERMISSIONS
        markets = [
            market
            for market in engine.markets.values()
            if any(wanted & set(group) for group in market.spec.permission_sets)
            and status in (None, market.status)
        ]
    answer: dict[str, Any] = {
        "timezone": "UTC",
        "serverTime": Micros(engine.now_us),
        "rateLimits": [dict(one) for one in engine.rate_limits],
        "exchangeFilters": [one.wire() for one in engine.exchange_filters.values()],
        "symbols": [
            market.spec.wire(market.status, show_permission_sets=shows_sets) for market in markets
        ],
    }
    sors: dict[str, list[str]] = {}
    for market in engine.markets.values():
        if market.spec.sor:
            sors.setdefault(market.spec.base_asset, []).append(market.spec.symbol)
    if sors:
        answer["sors"] = [
            {"baseAsset": asset, "symbols": symbols} for asset, symbols in sors.items()
        ]
    return answer


def execution_rules(engine: Engine, params: Params) -> dict[str, Any]:
    """Answer ``executionRules``: symbols that have none are left out, unless asked for by name."""
    named = _named(engine, params)
    status = _status(params)
    if named is not None and status is not None:
        raise bad_combination()
    if named is None:
        named = [
            market
            for market in engine.markets.values()
            if market.spec.price_range is not None and status in (None, market.status)
        ]
    return {
        "symbolRules": [
            {
                "symbol": market.spec.symbol,
                "rules": [market.spec.price_range.wire()] if market.spec.price_range else [],
            }
            for market in named
        ]
    }


def depth(engine: Engine, params: Params) -> dict[str, Any]:
    """Answer ``depth``."""
    market = engine.market(parameters.text(params, "symbol"))
    limit = parameters.count(params, default=100, largest=DEEPEST_BOOK)
    _check_status(market, _status(params))
    book = market.book
    return {
        "lastUpdateId": book.last_update_id,
        "bids": book.bids.top(limit),
        "asks": book.asks.top(limit),
    }


def book_ticker(engine: Engine, params: Params) -> dict[str, Any] | list[dict[str, Any]]:
    """Answer ``ticker.book``: one object for ``symbol``, a list otherwise."""
    status = _status(params)
    named = _named(engine, params)
    if named is not None and parameters.is_sent(params, "symbol"):
        _check_status(named[0], status)
        return _ticker(named[0])
    if named is None:
        wanted = status or "TRADING"
        return [_ticker(one) for one in engine.markets.values() if one.status == wanted]
    return [_ticker(market) for market in named if status in (None, market.status)]


def _named(engine: Engine, params: Params) -> list[SymbolMarket] | None:
    """Return the markets that ``symbol`` or ``symbols`` name, ``None`` when neither was sent."""
    symbols = parameters.names(params, "symbols")
    if parameters.is_sent(params, "symbol"):
        if symbols is not None:
            raise bad_combination()
        return [engine.market(parameters.text(params, "symbol"))]
    return [engine.market(symbol) for symbol in symbols] if symbols is not None else None


def _status(params: Params) -> str | None:
    return parameters.one_of(params, "symbolStatus", STATUSES, (-1122, "Invalid symbolStatus."))


def _check_status(market: SymbolMarket, status: str | None) -> None:
    if status not in (None, market.status):
        raise ExchangeError(-1220, "The symbol's status does not match the requested symbolStatus.")


def _ticker(market: SymbolMarket) -> dict[str, Any]:
    bids, asks = market.book.bids.top(1), market.book.asks.top(1)
    bid, bid_quantity = bids[0] if bids else (ZERO, ZERO)
    ask, ask_quantity = asks[0] if asks else (ZERO, ZERO)
    return {
        "symbol": market.spec.symbol,
        "bidPrice": bid,
        "bidQty": bid_quantity,
        "askPrice": ask,
        "askQty": ask_quantity,
    }
