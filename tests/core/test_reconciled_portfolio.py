"""Portfolio margin after a gap, on sockets: algo orders, and fills that are listed by symbol alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import AlgoOrderReconciled, OrderReconciled, WsKey
from binance_wsapi.core import reconciliation
from binance_wsapi.markets import Market
from binance_wsapi.models.futures import FuturesAlgoOrder
from binance_wsapi.models.portfolio_margin_events import (
    PortfolioAlgoOrderUpdate,
    PortfolioFuturesOrderUpdate,
)
from binance_wsapi.simulator import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures import rest_orders

Connect = Callable[..., Caller]

ALGO: dict[str, Any] = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP",
    "quantity": "0.02",
    "price": "70100",
    "triggerPrice": "70000",
    "workingType": "MARK_PRICE",
}
"""Rests at 70,100 once the mark price is at 70,000."""

BOTH = pytest.mark.parametrize("market", [Market.USDM, Market.COINM])


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has one copy of all; what was refused is asked for again at once."""
    monkeypatch.setattr(reconciliation, "LAG_S", 0.0)
    monkeypatch.setattr(reconciliation, "RETRY_DELAY_S", 0.01)
    monkeypatch.setattr(reconciliation, "AGAIN_S", 0.05)


@pytest.fixture
def owner(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def account(exchange: SimulatedExchange, owner: AccountHandle) -> AccountHandle:
    found = owner.portfolio_margin()

    def fund() -> None:
        for market, asset in ((Market.USDM, "USDT"), (Market.COINM, "BTC")):
            wallet = exchange.venue.futures[market].account(found.uid)
            wallet.credit(asset, Decimal(10_000), exchange.clock.now_us())

    exchange.call(fund)
    return found


@pytest.fixture
def caller(connect: Connect, owner: AccountHandle, account: AccountHandle) -> Caller:
    return connect(owner.create_key())


@pytest.fixture
def stream(caller: Caller) -> Any:
    return caller.call(
        lambda client: client.subscribe_user_data_stream(WsKey.PORTFOLIO_MARGIN_USER_DATA)
    )


def place_algo(account: AccountHandle, **changed: Any) -> int:
    answer = account.request("algoOrder.place", ALGO | changed, market=Market.USDM)
    algo_id: int = answer["algoId"]
    return algo_id


def cancel_algo(account: AccountHandle, algo_id: int) -> None:
    account.request("algoOrder.cancel", {"algoId": algo_id}, market=Market.USDM)


def place(account: AccountHandle, market: Market) -> int:
    order = {
        "symbol": symbol_of(market),
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": str(5 * part(market)),
        "price": "60000",
    }
    order_id: int = account.request("order.place", order, market=market)["orderId"]
    return order_id


def symbol_of(market: Market) -> str:
    return "BTCUSD_PERP" if market is Market.COINM else "BTCUSDT"


def part(market: Market) -> Decimal:
    return Decimal(1) if market is Market.COINM else Decimal("0.01")


def fill(exchange: SimulatedExchange, market: Market) -> None:
    exchange.trade(symbol_of(market), "SELL", str(part(market)), "60000", market=market)


def next_of(caller: Caller, stream: Any, *kinds: type[Any]) -> Any:
    for _ in range(100):
        event = caller.next_event(stream)
        if isinstance(event, kinds):
            return event
    raise AssertionError(f"no {kinds}")


def until_filled(caller: Caller, stream: Any) -> None:
    while next_of(caller, stream, PortfolioFuturesOrderUpdate).order.execution_type != "TRADE":
        pass


def cut(exchange: SimulatedExchange, within: Callable[[], object]) -> None:
    """Let things happen while no connection carries the events."""
    down = exchange.faults.refuse_handshakes(503, path="/pm/", times=None)
    exchange.drop_connections("/pm/")
    within()
    down.end()


def test_an_algo_order_that_ended_within_a_gap_is_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    algo_id = place_algo(account)
    next_of(caller, stream, PortfolioAlgoOrderUpdate)

    cut(exchange, lambda: cancel_algo(account, algo_id))

    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.market, told.algo_id, told.symbol, told.status, told.problem) == (
        Market.USDM,
        algo_id,
        "BTCUSDT",
        "CANCELED",
        None,
    )
    assert type(told.order) is FuturesAlgoOrder
    assert told.order.client_algo_id == told.client_algo_id


def test_the_order_that_a_trigger_placed_is_told_with_its_fills(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    """Nobody has heard of it: the algo order's row alone names it."""
    algo_id = place_algo(account)
    next_of(caller, stream, PortfolioAlgoOrderUpdate)
    engine = exchange.venue.futures[Market.USDM]

    def trigger_and_fill() -> None:
        exchange.call(lambda: engine.set_mark_price("BTCUSDT", Decimal(70_000)))
        exchange.trade("BTCUSDT", "SELL", "0.02", "70100", market=Market.USDM)

    cut(exchange, trigger_and_fill)

    told: dict[type[Any], Any] = {}
    while len(told) < 2:  # which of the two books tells first is open
        event = next_of(caller, stream, AlgoOrderReconciled, OrderReconciled)
        told[type(event)] = event
    algo, order = told[AlgoOrderReconciled], told[OrderReconciled]
    assert (algo.algo_id, algo.status) == (algo_id, "FINISHED")
    assert str(order.order_id) == algo.raw_order["actualOrderId"]
    assert order.status == "FILLED"
    assert sum(fill.quantity for fill in order.missed_fills) == Decimal("0.02")


def test_an_algo_order_that_rest_placed_within_a_gap_is_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    """Its answer is all that is known of it."""
    made: list[Any] = []

    def place_and_cancel() -> None:
        answer = caller.call(
            lambda client: client.rest(
                "portfolio_margin", "POST", "/papi/v1/um/algo/order", ALGO, signed=True
            )
        ).result
        made.append(answer)
        cancel_algo(account, answer["algoId"])

    cut(exchange, place_and_cancel)

    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.status) == (made[0]["algoId"], "CANCELED")


def test_algo_orders_that_rest_refuses_are_told_and_asked_for_again(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any
) -> None:
    algo_id = place_algo(account)
    next_of(caller, stream, PortfolioAlgoOrderUpdate)
    refused = exchange.faults.refuse_rest(400, path="/papi/v1/um/algo/algoOrder", times=None)

    cut(exchange, lambda: cancel_algo(account, algo_id))

    unknown = next_of(caller, stream, AlgoOrderReconciled)
    assert (unknown.algo_id, unknown.status, unknown.order) == (algo_id, "UNKNOWN", None)
    assert unknown.problem
    refused.end()
    told = next_of(caller, stream, AlgoOrderReconciled)
    assert (told.algo_id, told.status, told.problem) == (algo_id, "CANCELED", None)


@pytest.mark.parametrize("missing", ["algoStatus", "algoId", "symbol"])
def test_an_algo_row_that_cannot_be_read_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    missing: str,
) -> None:
    algo_id = place_algo(account)
    next_of(caller, stream, PortfolioAlgoOrderUpdate)
    whole = rest_orders._algo_row
    monkeypatch.setattr(
        rest_orders,
        "_algo_row",
        lambda algo: {name: value for name, value in whole(algo).items() if name != missing},
    )

    cut(exchange, lambda: cancel_algo(account, algo_id))

    unknown = next_of(caller, stream, AlgoOrderReconciled)
    assert unknown.status == "UNKNOWN"
    assert unknown.problem == "the answer to GET /papi/v1/um/algo/algoOrder cannot be read"
    monkeypatch.setattr(rest_orders, "_algo_row", whole)
    assert next_of(caller, stream, AlgoOrderReconciled).status == "CANCELED"


@BOTH
def test_fills_of_other_orders_of_the_symbol_are_not_taken_for_its_own(
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    market: Market,
) -> None:
    """REST lists the fills of a symbol, not of an order."""
    orders = {place(account, market), place(account, market)}
    while orders:
        orders.discard(next_of(caller, stream, PortfolioFuturesOrderUpdate).order.order_id)

    def fill_the_first_and_a_part_of_the_second() -> None:
        for _ in range(7):
            fill(exchange, market)

    cut(exchange, fill_the_first_and_a_part_of_the_second)

    told = [next_of(caller, stream, OrderReconciled) for _ in range(2)]
    assert sorted((each.status, len(each.missed_fills)) for each in told) == [
        ("FILLED", 5),
        ("PARTIALLY_FILLED", 2),
    ]
    for each in told:
        assert each.problem is None
        assert {fill.order_id for fill in each.missed_fills} == {each.order_id}


@BOTH
def test_a_told_fill_that_is_listed_no_more_hides_no_missed_one(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    market: Market,
) -> None:
    """The list goes some days back; an order may be older."""
    place(account, market)
    fill(exchange, market)
    until_filled(caller, stream)
    engine = exchange.venue.futures[market]
    old, whole = (
        [one[1].trade_id for one in engine.account(account.uid).fills],
        rest_orders._user_trade,
    )
    week_us = 7 * 86_400_000_000

    def aged(time_us: int, fill: Any) -> dict[str, Any]:
        row = whole(time_us, fill)
        is_old = fill.trade_id in old
        return row | ({"time": Micros(time_us - week_us - 1)} if is_old else {})

    monkeypatch.setattr(rest_orders, "_user_trade", aged)

    def fill_twice() -> None:
        for _ in range(2):
            fill(exchange, market)

    cut(exchange, fill_twice)

    told = next_of(caller, stream, OrderReconciled)
    assert told.problem is None
    assert told.order.executed_quantity == 3 * part(market)
    assert [each.quantity for each in told.missed_fills] == [part(market)] * 2
    assert not {each.trade_id for each in told.missed_fills} & set(old)


@BOTH
@pytest.mark.parametrize("missing", ["orderId", "id", "qty"])
def test_a_fill_that_cannot_be_read_is_told_as_a_problem(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    market: Market,
    missing: str,
) -> None:
    """The order is told as it stands; later with the fill."""
    place(account, market)
    next_of(caller, stream, PortfolioFuturesOrderUpdate)
    whole = rest_orders._user_trade
    monkeypatch.setattr(
        rest_orders,
        "_user_trade",
        lambda time_us, fill: {
            name: value for name, value in whole(time_us, fill).items() if name != missing
        },
    )

    cut(exchange, lambda: fill(exchange, market))

    told = next_of(caller, stream, OrderReconciled)
    assert told.problem
    assert told.order.executed_quantity == part(market)
    assert told.missed_fills == ()
    monkeypatch.setattr(rest_orders, "_user_trade", whole)
    assert len(next_of(caller, stream, OrderReconciled).missed_fills) == 1


@BOTH
def test_fills_that_rest_refuses_are_told_as_a_problem_and_asked_for_again(
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    market: Market,
) -> None:
    place(account, market)
    next_of(caller, stream, PortfolioFuturesOrderUpdate)
    unit = "cm" if market is Market.COINM else "um"
    refused = exchange.faults.refuse_rest(400, path=f"/papi/v1/{unit}/userTrades", times=None)

    cut(exchange, lambda: fill(exchange, market))

    told = next_of(caller, stream, OrderReconciled)
    assert told.problem
    assert told.missed_fills == ()
    refused.end()
    again = next_of(caller, stream, OrderReconciled)
    assert (again.problem, len(again.missed_fills)) == (None, 1)


def test_portfolio_margin_shows_what_its_documents_name(
    account: AccountHandle, caller: Caller
) -> None:
    """Less than a classic account's: open algo orders name no order that they placed."""
    algo_id = place_algo(account)

    def asked(path: str, **params: Any) -> Any:
        return caller.call(
            lambda client: client.rest("portfolio_margin", "GET", path, params, signed=True)
        ).result

    [row] = asked("/papi/v1/um/algo/openAlgoOrders")
    single = asked("/papi/v1/um/algo/algoOrder", algoId=algo_id)
    assert row["algoId"] == single["algoId"] == algo_id
    assert single.keys() - row.keys() == {"actualOrderId", "actualPrice"}
    assert "icebergQuantity" not in row.keys() | single.keys()
