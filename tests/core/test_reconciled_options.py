"""Options after a gap, on sockets: orders, fills, balances and positions as REST shows them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import AccountReconciled, OrderReconciled, WsKey
from binance_wsapi.core import reconciliation
from binance_wsapi.markets import Market
from binance_wsapi.models.eoptions import OptionAccount, OptionAccountTrade, OptionOrder
from binance_wsapi.models.eoptions_events import OptionOrderUpdate
from binance_wsapi.simulator import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.eoptions import rest as option_rest
from binance_wsapi.simulator.eoptions.order_desk import order_row

Connect = Callable[..., Caller]

KEY = WsKey.EOPTIONS_USER_DATA
PATH = "/eoptions/private"
PRICE = "500"
_numbers = count(1)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has one copy of all; what was refused is asked for again at once."""
    monkeypatch.setattr(reconciliation, "LAG_S", 0.0)
    monkeypatch.setattr(reconciliation, "RETRY_DELAY_S", 0.01)
    monkeypatch.setattr(reconciliation, "AGAIN_S", 0.05)


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def caller(connect: Connect, account: AccountHandle) -> Caller:
    return connect(account.create_key())


@pytest.fixture
def stream(caller: Caller) -> Any:
    return caller.call(lambda client: client.subscribe_user_data_stream(KEY))


@pytest.fixture
def symbol(exchange: SimulatedExchange) -> str:
    """The call at the money that expires first."""
    market = exchange.venue.eoptions.market
    return exchange.call(
        lambda: next(
            each.symbol
            for each in market.options.values()
            if each.is_call and each.strike == 65_000
        )
    )


def order(symbol: str, quantity: str = "3") -> dict[str, str]:
    return {
        "symbol": symbol,
        "side": "BUY",
        "type": "LIMIT",
        "quantity": quantity,
        "price": PRICE,
        "clientOrderId": f"order-{next(_numbers)}",
    }


def place(account: AccountHandle, symbol: str) -> int:
    answer = account.request("POST /eapi/v1/order", order(symbol), market=Market.EOPTIONS)
    order_id: int = answer["orderId"]
    return order_id


def fill(exchange: SimulatedExchange, symbol: str) -> None:
    exchange.trade(symbol, "SELL", 1, PRICE, market=Market.EOPTIONS)


def next_of(caller: Caller, stream: Any, kind: type[Any]) -> Any:
    for _ in range(100):
        event = caller.next_event(stream)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


def cut(exchange: SimulatedExchange, within: Callable[[], object]) -> None:
    """Let things happen while no connection carries the events."""
    down = exchange.faults.refuse_handshakes(503, path=PATH, times=None)
    exchange.drop_connections(PATH)
    within()
    down.end()


def until_filled(caller: Caller, stream: Any) -> None:
    while next_of(caller, stream, OptionOrderUpdate).order.execution_type != "TRADE":
        pass


def test_what_a_gap_swallowed_is_told(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any, symbol: str
) -> None:
    """A fill before the gap was told, one within it was not; then the account, with its positions."""
    order_id = place(account, symbol)
    fill(exchange, symbol)
    until_filled(caller, stream)

    cut(exchange, lambda: fill(exchange, symbol))

    told = next_of(caller, stream, OrderReconciled)
    assert (told.market, told.order_id, told.status) == (
        Market.EOPTIONS,
        order_id,
        "PARTIALLY_FILLED",
    )
    assert told.problem is None
    assert type(told.order) is OptionOrder
    assert told.order.executed_quantity == 2
    [missed] = told.missed_fills
    assert type(missed) is OptionAccountTrade
    assert (missed.quantity, missed.price) == (Decimal(1), Decimal(PRICE))
    shown = next_of(caller, stream, AccountReconciled).account
    assert type(shown) is OptionAccount
    assert shown.positions[symbol].quantity == 2
    assert shown.assets["USDT"].margin_balance

    fill(exchange, symbol)
    last = next_of(caller, stream, OptionOrderUpdate).order
    assert (last.execution_type, last.executed_quantity) == ("TRADE", 3)


def test_fills_of_other_orders_of_the_symbol_are_not_taken_for_its_own(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any, symbol: str
) -> None:
    """REST lists the fills of a symbol, not of an order."""
    orders = {place(account, symbol), place(account, symbol)}
    while orders:
        orders.discard(next_of(caller, stream, OptionOrderUpdate).order.order_id)

    def fill_the_first_and_a_part_of_the_second() -> None:
        for _ in range(4):
            fill(exchange, symbol)

    cut(exchange, fill_the_first_and_a_part_of_the_second)

    told = [next_of(caller, stream, OrderReconciled) for _ in range(2)]
    assert sorted((each.status, len(each.missed_fills)) for each in told) == [
        ("FILLED", 3),
        ("PARTIALLY_FILLED", 1),
    ]
    for each in told:
        assert {fill.order_id for fill in each.missed_fills} == {each.order_id}


def test_an_order_made_over_rest_within_the_gap_is_told(
    exchange: SimulatedExchange, caller: Caller, stream: Any, symbol: str
) -> None:
    """Its answer is all that is known of it."""
    made: list[int] = []

    def trade() -> None:
        answer = caller.call(
            lambda client: client.rest(
                "eoptions", "POST", "/eapi/v1/order", order(symbol, "1"), signed=True
            )
        )
        made.append(answer.result["orderId"])
        fill(exchange, symbol)

    cut(exchange, trade)

    told = next_of(caller, stream, OrderReconciled)
    assert (told.order_id, told.status) == (made[0], "FILLED")
    assert len(told.missed_fills) == 1


def test_words_of_older_documents_are_no_change(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    symbol: str,
) -> None:
    """An open order that REST calls ACCEPTED is the one that its event called NEW."""
    place(account, symbol)
    assert next_of(caller, stream, OptionOrderUpdate).order.status == "NEW"
    whole = order_row
    monkeypatch.setattr(
        option_rest,
        "order_row",
        lambda order: whole(order) | ({"status": "ACCEPTED"} if order.is_open else {}),
    )

    cut(exchange, lambda: None)

    event: Any = None
    while not isinstance(event, AccountReconciled):
        event = caller.next_event(stream)
        assert not isinstance(event, OrderReconciled)


def test_rest_that_is_refused_meanwhile_is_told_and_asked_again(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any, symbol: str
) -> None:
    order_id = place(account, symbol)
    next_of(caller, stream, OptionOrderUpdate)
    refused = exchange.faults.refuse_rest(400, path="/eapi/v1/order", times=None)

    cut(exchange, lambda: fill(exchange, symbol))

    unknown = next_of(caller, stream, OrderReconciled)
    assert (unknown.order_id, unknown.status, unknown.order) == (order_id, "UNKNOWN", None)
    assert unknown.problem
    refused.end()
    told = next_of(caller, stream, OrderReconciled)
    assert (told.status, len(told.missed_fills)) == ("PARTIALLY_FILLED", 1)


@pytest.mark.parametrize("missing", ["orderId", "tradeId", "quantity"])
def test_a_fill_that_cannot_be_read_is_told_as_unknown(
    monkeypatch: pytest.MonkeyPatch,
    exchange: SimulatedExchange,
    account: AccountHandle,
    caller: Caller,
    stream: Any,
    symbol: str,
    missing: str,
) -> None:
    """The order is told as it stands, with what could not be found out; later with the fill."""
    place(account, symbol)
    next_of(caller, stream, OptionOrderUpdate)
    whole = option_rest._fill_row
    monkeypatch.setattr(
        option_rest,
        "_fill_row",
        lambda fill: {name: value for name, value in whole(fill).items() if name != missing},
    )

    cut(exchange, lambda: fill(exchange, symbol))

    told = next_of(caller, stream, OrderReconciled)
    assert told.problem
    assert told.order.executed_quantity == 1
    assert told.missed_fills == ()
    monkeypatch.setattr(option_rest, "_fill_row", whole)
    assert len(next_of(caller, stream, OrderReconciled).missed_fills) == 1


def test_positions_that_cannot_be_asked_for_are_no_empty_positions(
    exchange: SimulatedExchange, account: AccountHandle, caller: Caller, stream: Any, symbol: str
) -> None:
    exchange.faults.refuse_rest(400, path="/eapi/v1/position", times=None)

    cut(exchange, lambda: None)

    told = next_of(caller, stream, AccountReconciled)
    assert told.raw_account is None
    assert told.problem
