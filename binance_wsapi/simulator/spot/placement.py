"""From checked terms to a working order: the engine's own checks, the funds, the entry.

The steps are the same for a single order, a leg of a list and an order that was triggered later; only who
hears of a refusal differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from binance_wsapi.simulator.accounts import Account
from binance_wsapi.simulator.errors import ExchangeError, filter_failure, order_rejected
from binance_wsapi.simulator.spot import filters, funds, matching, pegged
from binance_wsapi.simulator.spot.engine import Engine, SymbolMarket
from binance_wsapi.simulator.spot.money import ZERO, notional
from binance_wsapi.simulator.spot.orders import Order, OrderTerms, Phase
from binance_wsapi.simulator.spot.triggers import rises_to_trigger

__all__ = [
    "admit",
    "admit_triggered",
    "check_account",
    "create",
    "place",
    "wait",
]

UNSUPPORTED_TYPES = {
    "MARKET": "Market orders are not supported for this symbol.",
    "STOP_LOSS": "Stop loss orders are not supported for this symbol.",
    "STOP_LOSS_LIMIT": "Stop loss limit orders are not supported for this symbol.",
    "TAKE_PROFIT": "Take profit orders are not supported for this symbol.",
    "TAKE_PROFIT_LIMIT": "Take profit limit orders are not supported for this symbol.",
}


def place(
    engine: Engine,
    account: Account,
    terms: OrderTerms,
    symbol: str,
    *,
    routes: Sequence[SymbolMarket] = (),
) -> Order:
    """Place one order on its own and return it as it stands after its entry."""
    market = engine.market(symbol)
    check_account(engine, account, market)
    order = create(engine, account, market, terms)
    admit(engine, order, routes)
    filters.check_counts(engine, [order])
    funds.reserve(engine, [order])
    engine.register(order)
    if order.is_algo:
        wait(engine, order)
    else:
        matching.work(engine, order, routes)
    return order


def check_account(engine: Engine, account: Account, market: SymbolMarket) -> None:
    """Check that the account may trade the symbol now."""
    if not account.can_trade:
        raise order_rejected("This account may not place or cancel orders.")
    spec = market.spec
    if not all(set(group) & set(account.permissions) for group in spec.permission_sets):
        raise order_rejected("This symbol is not permitted for this account.")
    if market.status != "TRADING":
        raise order_rejected("Market is closed.")


def create(engine: Engine, account: Account, market: SymbolMarket, terms: OrderTerms) -> Order:
    """Return an unregistered order, after checking that its symbol serves such orders."""
    spec = market.spec
    if terms.type not in spec.order_types:
        message = UNSUPPORTED_TYPES.get(terms.type)
        if message is None:
            raise ExchangeError(-1116, "Invalid orderType.")
        raise order_rejected(message)
    if terms.iceberg_quantity and not spec.iceberg_allowed:
        raise order_rejected("Iceberg orders are not supported for this symbol.")
    if terms.trailing_delta is not None and not spec.allow_trailing_stop:
        raise order_rejected("Trailing stop orders are not supported for this symbol.")
    if terms.quote_quantity is not None and not spec.quote_order_qty_market_allowed:
        raise order_rejected("Quote order qty market orders are not support for this symbol.")
    if terms.peg is not None and not spec.peg_instructions_allowed:
        raise order_rejected("Pegged orders are not supported for this symbol.")
    mode = terms.prevention_mode
    if mode is not None and mode not in spec.allowed_self_trade_prevention_modes:
        raise ExchangeError(
            -1013, "This symbol does not allow the specified self-trade prevention mode."
        )
    if account.require_self_trade_prevention and mode == "NONE":
        raise ExchangeError(
            -1013, "This symbol does not allow the specified self-trade prevention mode."
        )
    client_order_id = terms.client_order_id or engine.generated_id()
    if engine.records[account.uid].holds_client_id(spec.symbol, client_order_id):
        raise order_rejected("Duplicate order sent.")
    return Order(spec, account, terms, client_order_id)


def admit(engine: Engine, order: Order, routes: Sequence[SymbolMarket] = ()) -> None:
    """Check an order by the filters and the state of the market, short of its funds."""
    if order.is_algo:
        filters.check_terms(engine, order)
        _check_trigger(engine, order)
    else:
        if order.peg is not None:
            order.pegged_price = pegged.select_price(engine, order)
        filters.check_terms(engine, order)
        _check_entry(engine, order, routes)


def _check_trigger(engine: Engine, order: Order) -> None:
    """Check that the trigger lies beyond the market, and find the funds of a buyer without a limit."""
    last_price = engine.last_price(order.symbol)
    if order.stop_price is not None and last_price is not None:
        rises = rises_to_trigger(order.side, order.type)
        if last_price >= order.stop_price if rises else last_price <= order.stop_price:
            raise order_rejected("Order would trigger immediately.")
    if order.is_buy and not order.limit_price:
        price = order.stop_price or last_price or ZERO
        order.budget = notional(price, order.remaining)


def _check_entry(engine: Engine, order: Order, routes: Sequence[SymbolMarket] = ()) -> None:
    """Check that an order may meet the book now, and find the funds of one without a limit price."""
    markets = routes or (engine.markets[order.symbol],)
    if order.type == "LIMIT_MAKER":
        best = markets[0].book.opposite(order.side).best()
        if best is not None and matching.crosses(order, best):
            raise order_rejected("Order would immediately match and take.")
    elif order.quote_quantity is not None:
        _convert_quote_quantity(engine, order, markets)
    elif order.is_market and order.is_buy:
        order.budget = matching.preview(engine, order, markets).quote


def _convert_quote_quantity(engine: Engine, order: Order, markets: Sequence[SymbolMarket]) -> None:
    """Find the base quantity that is worth the quote quantity on the book as it is."""
    found = matching.preview(engine, order, markets, order.quote_quantity)
    opposite = markets[0].book.opposite(order.side)
    if not len(opposite):
        raise order_rejected("Order book liquidity is less than symbol minimum quantity.")
    for name in ("LOT_SIZE", "MARKET_LOT_SIZE"):
        values = order.spec.filter(name)
        if values is None:
            continue
        if found.quantity < values["minQty"]:
            if found.shortfall or found.last_price is None:
                raise order_rejected(
                    f"Order book liquidity is less than {name} filter minimum quantity."
                )
            raise filter_failure(name)
        if found.quantity > values["maxQty"]:
            raise filter_failure(name)
    if not found.quantity:
        raise filter_failure("LOT_SIZE")
    order.quantity = found.quantity + found.shortfall
    if order.is_buy:
        order.budget = order.quote_quantity


def wait(engine: Engine, order: Order) -> None:
    """Let a registered order wait for its trigger."""
    market = engine.markets[order.symbol]
    order.phase = Phase.WAITING
    market.triggers.add(order, market.last_price, engine.now_us)
    engine.report(order, "NEW")


def admit_triggered(engine: Engine, order: Order) -> None:
    """Check an order whose trigger was reached as if it came in now, short of its funds."""
    if order.peg is not None:
        order.pegged_price = pegged.select_price(engine, order)
        order.budget = None
        filters.check_terms(engine, order)
    if order.is_market and order.is_buy:
        order.budget = matching.preview(engine, order, (engine.markets[order.symbol],)).quote
