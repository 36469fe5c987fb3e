"""Requests that place order lists: their legs read, checked together, set to work."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import ExchangeError, mandatory_missing, order_rejected
from binance_wsapi.simulator.spot import (
    filters,
    funds,
    matching,
    parameters,
    placement,
    reports,
    terms,
)
from binance_wsapi.simulator.spot.engine import Engine, SymbolMarket
from binance_wsapi.simulator.spot.orders import Order, OrderList, OrderTerms, Phase
from binance_wsapi.simulator.spot.parameters import Params
from binance_wsapi.simulator.spot.terms import LegNames, leg_names, read_side, read_terms

__all__ = ["place_legacy_oco", "place_oco", "place_opo", "place_opoco", "place_oto", "place_otoco"]

STOP_LOSSES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT"})
TAKE_PROFITS = frozenset({"TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
RESPONSE_TYPES = frozenset({"ACK", "RESULT", "FULL"})

LEGACY_LIMIT = LegNames(
    type="limitType",
    quote_quantity="limitQuoteOrderQty",
    stop_price="limitStopPrice",
    trailing_delta="limitTrailingDelta",
    time_in_force="limitTimeInForce",
    iceberg_quantity="limitIcebergQty",
    client_order_id="limitClientOrderId",
    strategy_id="limitStrategyId",
    strategy_type="limitStrategyType",
    peg_price_type="limitPegPriceType",
    peg_offset_type="limitPegOffsetType",
    peg_offset_value="limitPegOffsetValue",
)
LEGACY_STOP = LegNames(
    type="stopType",
    quote_quantity="stopQuoteOrderQty",
    price="stopLimitPrice",
    time_in_force="stopLimitTimeInForce",
    iceberg_quantity="stopIcebergQty",
    client_order_id="stopClientOrderId",
    strategy_id="stopStrategyId",
    strategy_type="stopStrategyType",
    peg_price_type="stopPegPriceType",
    peg_offset_type="stopPegOffsetType",
    peg_offset_value="stopPegOffsetValue",
)


def place_legacy_oco(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place``: a limit maker above or below, and a stop loss on the other side."""
    side = read_side(params, "side")
    if not parameters.is_sent(params, "price"):
        raise mandatory_missing("price")
    mode = terms.prevention_mode(params)
    has_limit = parameters.is_sent(params, "stopLimitPrice")
    typed = {
        **params,
        "limitType": "LIMIT_MAKER",
        "stopType": "STOP_LOSS_LIMIT" if has_limit else "STOP_LOSS",
    }
    limit = read_terms(typed, side, LEGACY_LIMIT, mode=mode)
    stop = read_terms(typed, side, LEGACY_STOP, mode=mode)
    return _place_pair(engine, params, account, stop, limit, default_response="FULL")


def place_oco(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place.oco``."""
    side = read_side(params, "side")
    stop, other = _read_pair(params, side, "above", "below", "quantity")
    return _place_pair(engine, params, account, stop, other)


def place_oto(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place.oto``."""
    return _place_triggering(engine, params, account, _read_pending(params))


def place_otoco(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place.otoco``."""
    return _place_triggering(engine, params, account, _read_pending_pair(params))


def place_opo(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place.opo``."""
    _check_opo_sides(params)
    pending = _read_pending(params, has_quantity=False)
    return _place_triggering(engine, params, account, pending, pays_other=True)


def place_opoco(engine: Engine, params: Params, account: Account) -> dict[str, Any]:
    """Answer ``orderList.place.opoco``."""
    _check_opo_sides(params)
    pending = _read_pending_pair(params, has_quantity=False)
    return _place_triggering(engine, params, account, pending, pays_other=True)


def _check_opo_sides(params: Params) -> None:
    if read_side(params, "workingSide") != "BUY":
        raise ExchangeError(-1222, "Working order in an OPO list must be a bid.")
    if read_side(params, "pendingSide") != "SELL":
        raise ExchangeError(-1223, "Pending orders in an OPO list must be asks.")
    if not parameters.is_sent(params, "workingQuantity"):
        raise ExchangeError(-1224, "Working order must include the 'workingQuantity' tag.")


def _read_pending(params: Params, *, has_quantity: bool = True) -> list[OrderTerms]:
    side = read_side(params, "pendingSide")
    names = leg_names("pending", "pendingQuantity")
    mode = terms.prevention_mode(params)
    return [read_terms(params, side, names, mode=mode, has_quantity=has_quantity)]


def _read_pending_pair(params: Params, *, has_quantity: bool = True) -> list[OrderTerms]:
    side = read_side(params, "pendingSide")
    return list(
        _read_pair(
            params,
            side,
            "pendingAbove",
            "pendingBelow",
            "pendingQuantity",
            has_quantity=has_quantity,
        )
    )


def _read_pair(
    params: Params,
    side: str,
    above_prefix: str,
    below_prefix: str,
    quantity: str,
    *,
    has_quantity: bool = True,
) -> tuple[OrderTerms, OrderTerms]:
    """Return the stop loss order of an OCO pair and the other one."""
    mode = terms.prevention_mode(params)
    above, below = (
        read_terms(params, side, leg_names(prefix, quantity), mode=mode, has_quantity=has_quantity)
        for prefix in (above_prefix, below_prefix)
    )
    for leg in (above, below):
        if leg.type in ("LIMIT", "MARKET"):
            raise ExchangeError(-1158, "Order type not supported in OCO.")
    if above.type == below.type == "LIMIT_MAKER":
        raise ExchangeError(-1168, "At least one OCO order must be contingent.")
    upper, lower = (above, below) if side == "SELL" else (below, above)
    _check_places(side, upper, lower)
    return lower, upper


def _check_places(side: str, other: OrderTerms, stop: OrderTerms) -> None:
    """Check that each type stands where its side has it: for a SELL the stop loss is below."""
    is_buy = side == "BUY"
    if stop.type == "LIMIT_MAKER":
        raise (
            ExchangeError(-1165, "A limit order in a buy OCO must be below.")
            if is_buy
            else ExchangeError(-1166, "A limit order in a sell OCO must be above.")
        )
    if stop.type in TAKE_PROFITS:
        raise (
            ExchangeError(-1198, "A take profit order in a buy OCO must be below.")
            if is_buy
            else ExchangeError(-1199, "A take profit order in a sell OCO must be above.")
        )
    if other.type in STOP_LOSSES:
        raise (
            ExchangeError(-1196, "A stop loss order in a buy OCO must be above.")
            if is_buy
            else ExchangeError(-1197, "A stop loss order in a sell OCO must be below.")
        )


def _place_pair(
    engine: Engine,
    params: Params,
    account: Account,
    stop: OrderTerms,
    other: OrderTerms,
    *,
    default_response: str = "RESULT",
) -> dict[str, Any]:
    response_type, market = _begin(engine, params, account, default_response)
    if not market.spec.oco_allowed:
        raise order_rejected("OCO orders are not supported for this symbol")
    _check_pair_prices(engine, market, stop, other)
    orders = _create(engine, account, market, [stop, other])
    for order in orders:
        placement.admit(engine, order)
    filters.check_counts(engine, orders)
    funds.reserve(engine, orders)
    order_list = _register(engine, params, market, "OCO", orders)
    for order in orders:
        if order.is_algo:
            placement.wait(engine, order)
        else:
            matching.work(engine, order)
    return _answer(engine, order_list, response_type)


def _place_triggering(
    engine: Engine,
    params: Params,
    account: Account,
    pending_terms: list[OrderTerms],
    *,
    pays_other: bool = False,
) -> dict[str, Any]:
    side = read_side(params, "workingSide")
    names = leg_names("working", "workingQuantity")
    working_terms = read_terms(params, side, names, mode=terms.prevention_mode(params))
    if working_terms.type not in ("LIMIT", "LIMIT_MAKER"):
        raise ExchangeError(-1116, "Invalid orderType.")
    response_type, market = _begin(engine, params, account, "RESULT")
    spec = market.spec
    if not spec.oto_allowed:
        raise order_rejected("OTO orders are not supported for this symbol.")
    if pays_other and not spec.opo_allowed:
        raise order_rejected("OPO orders are not supported for this symbol.")
    if len(pending_terms) == 2 and not spec.oco_allowed:
        raise order_rejected("OCO orders are not supported for this symbol")
    working, *pending = orders = _create(engine, account, market, [working_terms, *pending_terms])
    placement.admit(engine, working)
    for order in pending:
        filters.check_terms(engine, order)
    filters.check_counts(engine, orders)
    funds.reserve(engine, [working])
    order_list = _register(engine, params, market, "OTO", orders, pays_other=pays_other)
    order_list.pending = pending
    for order in pending:
        order.phase = Phase.PENDING
        order.status = "PENDING_NEW"
    matching.work(engine, working)
    for order in pending:
        engine.report(order, "NEW")
    return _answer(engine, order_list, response_type)


def _begin(
    engine: Engine, params: Params, account: Account, default_response: str
) -> tuple[str, SymbolMarket]:
    """Read what all lists have; check account, symbol and list id."""
    market = engine.market(parameters.text(params, "symbol"))
    response_type = parameters.one_of(params, "newOrderRespType", RESPONSE_TYPES)
    list_id = parameters.client_id(params, "listClientOrderId")
    placement.check_account(engine, account, market)
    filters.check_list_count(engine, account, market.spec)
    if list_id is not None:
        former = engine.records[account.uid].lists_by_client_id.get(list_id)
        if former is not None and former.is_open:
            raise order_rejected("Duplicate order sent.")
    return response_type or default_response, market


def _create(
    engine: Engine, account: Account, market: SymbolMarket, legs: list[OrderTerms]
) -> list[Order]:
    orders = [placement.create(engine, account, market, leg) for leg in legs]
    if len({order.client_order_id for order in orders}) < len(orders):
        raise order_rejected("Duplicate order sent.")
    return orders


def _check_pair_prices(
    engine: Engine, market: SymbolMarket, stop: OrderTerms, other: OrderTerms
) -> None:
    """Check that the market lies between the two prices of a pair."""
    far = other.price if other.type == "LIMIT_MAKER" else other.stop_price
    near = stop.stop_price
    last = engine.last_price(market.spec.symbol)
    ascending: list[Decimal | None] = [near, last, far]
    if stop.side == "BUY":
        ascending.reverse()
    known = [price for price in ascending if price]
    if any(low >= high for low, high in pairwise(known)):
        raise order_rejected("The relationship of the prices for the orders is not correct.")


def _register(
    engine: Engine,
    params: Params,
    market: SymbolMarket,
    contingency_type: str,
    orders: list[Order],
    *,
    pays_other: bool = False,
) -> OrderList:
    account = orders[0].account
    order_list = OrderList(
        order_list_id=engine.next_order_list_id(),
        account=account,
        symbol=market.spec.symbol,
        contingency_type=contingency_type,
        client_order_id=parameters.client_id(params, "listClientOrderId") or engine.generated_id(),
        orders=orders,
        created_us=engine.now_us,
        updated_us=engine.now_us,
        pays_other=pays_other,
    )
    for order in orders:
        order.order_list = order_list
        engine.register(order)
    engine.records[account.uid].add_list(order_list)
    return order_list


def _answer(engine: Engine, order_list: OrderList, response_type: str) -> dict[str, Any]:
    engine.report_list(order_list)
    answer = reports.list_summary(order_list)
    answer["orderReports"] = [
        reports.placed(order, response_type, engine.now_us) for order in order_list.orders
    ]
    return answer
