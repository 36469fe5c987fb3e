"""Requests for single orders: placed, tested, routed over several books."""

from __future__ import annotations

from typing import Any

from binance_wsapi.simulator.accounts import Account, CommissionRates
from binance_wsapi.simulator.errors import ExchangeError, not_required
from binance_wsapi.simulator.spot import filters, parameters, placement, reports, sor, terms
from binance_wsapi.simulator.spot.engine import Engine
from binance_wsapi.simulator.spot.money import places
from binance_wsapi.simulator.spot.orders import Order, OrderTerms
from binance_wsapi.simulator.spot.parameters import Params

__all__ = ["place", "place_routed", "read_order", "response_type", "test", "test_routed"]

RESPONSE_TYPES = frozenset({"ACK", "RESULT", "FULL"})
FULL_BY_DEFAULT = frozenset({"LIMIT", "MARKET"})


def read_order(params: Params) -> OrderTerms:
    """Read the order of ``order.place`` and its kin."""
    side = terms.read_side(params, "side")
    return terms.read_terms(params, side, mode=terms.prevention_mode(params))


def response_type(params: Params, order_type: str) -> str:
    """Return the form of answer that the request wants."""
    chosen = parameters.one_of(params, "newOrderRespType", RESPONSE_TYPES)
    if chosen is not None:
        return chosen
    return "FULL" if order_type in FULL_BY_DEFAULT else "ACK"


def place(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.place``."""
    symbol = parameters.text(params, "symbol")
    engine.market(symbol)
    wanted = read_order(params)
    shape = response_type(params, wanted.type)
    order = placement.place(engine, account, wanted, symbol)
    return reports.placed(order, shape, engine.now_us)


def place_routed(engine: Engine, params: Params, account: Account) -> list[dict[str, Any]]:
    """Answer ``sor.order.place``: a list of one report."""
    symbol = parameters.text(params, "symbol")
    engine.market(symbol)
    wanted = _read_routed(params)
    shape = response_type(params, wanted.type)
    order = sor.place(engine, account, wanted, symbol)
    return [reports.placed(order, shape, engine.now_us)]


def test(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``order.test``: all checks of form and filters, nothing placed."""
    symbol = parameters.text(params, "symbol")
    engine.market(symbol)
    return _test(engine, params, account, read_order(params), symbol)


def test_routed(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``sor.order.test``."""
    symbol = parameters.text(params, "symbol")
    sor.routes(engine, engine.market(symbol))
    return _test(engine, params, account, _read_routed(params), symbol)


def _read_routed(params: Params) -> OrderTerms:
    wanted = read_order(params)
    if wanted.type not in ("LIMIT", "MARKET"):
        raise ExchangeError(-1116, "Invalid orderType.")
    if wanted.quote_quantity is not None:
        raise not_required("quoteOrderQty")
    return wanted


def _test(
    engine: Engine, params: Params, account: Account, wanted: OrderTerms, symbol: str
) -> dict[str, Any]:
    market = engine.market(symbol)
    response_type(params, wanted.type)
    placement.check_account(engine, account, market)
    order = placement.create(engine, account, market, wanted)
    filters.check_terms(engine, order)
    filters.check_counts(engine, [order])
    if not parameters.flag(params, "computeCommissionRates"):
        return {}
    commissions = account.commissions
    return {
        "standardCommissionForOrder": _for_order(order, commissions.standard),
        "specialCommissionForOrder": _for_order(order, commissions.special),
        "taxCommissionForOrder": _for_order(order, commissions.tax),
        "discount": {
            "enabledForAccount": commissions.pays_with_discount_asset,
            "enabledForSymbol": True,
            "discountAsset": commissions.discount_asset,
            "discount": places(commissions.discount),
        },
    }


def _for_order(order: Order, rates: CommissionRates) -> dict[str, Any]:
    return {
        "maker": places(rates.rate(is_maker=True, is_buyer=order.is_buy)),
        "taker": places(rates.rate(is_maker=False, is_buyer=order.is_buy)),
    }
