"""Floats where a caller asked for them, on every way out of a client; decimals within it all the same."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from callers import FLAVOURS, WAIT_S, Caller, noted
from giving_up import given_up_when
from market_events import make_trade
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    AccountReconciled,
    AsyncClient,
    Client,
    ConfigurationError,
    OrderReconciled,
    OutcomeUnknown,
    Response,
    StreamGap,
    WsKey,
)
from binance_wsapi.account_state import OrderNotFilled
from binance_wsapi.core import account_keeper
from binance_wsapi.markets import Market
from binance_wsapi.models.base import Level
from binance_wsapi.presentation.attributes import attributes
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

PLACED: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 7, "orderListId": -1, "clientOrderId": "a", "transactTime": 1,
    "status": "NEW", "type": "LIMIT", "side": "BUY", "origQty": "0.01", "executedQty": "0",
    "price": "59000.00", "timeInForce": "GTC",
}  # fmt: skip

MARKETS = {"spot": "BTCUSDT", "usdm": "BTCUSDT", "coinm": "BTCUSD_PERP"}
LOT = {"spot": "0.01", "usdm": "0.01", "coinm": "10"}


@pytest.fixture(autouse=True)
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has no copies that lag."""
    monkeypatch.setattr(account_keeper, "LAG_S", 0.01)
    monkeypatch.setattr(account_keeper, "RETRY_DELAY_S", 0.01)


@pytest.fixture
def caller(connect: Connect) -> Caller:
    return connect(numbers="float")


def numbers(value: Any) -> Iterator[Any]:
    """Yield every number of a value that may be a decimal on another client."""
    match value:
        case msgspec.Struct():
            for attribute in attributes(type(value)):
                yield from numbers(getattr(value, attribute.name))
            if isinstance(value, Level):
                yield from value
        case Mapping():
            for each in value.values():
                yield from numbers(each)
        case list() | tuple():
            for each in value:
                yield from numbers(each)
        case Decimal() | float():
            yield value


def in_floats(value: Any) -> bool:
    kinds = {type(each) for each in numbers(value)}
    assert len(kinds) == 1, kinds
    return kinds == {float}


def place(client: Any, market: str = "spot", price: Any = "59000", side: str = "BUY") -> Any:
    terms: dict[str, Any] = {"type": "MARKET"}
    if price is not None:
        terms = {"type": "LIMIT", "time_in_force": "GTC", "price": price}
    return getattr(client, market).submit_new_order(
        MARKETS[market], side=side, quantity=LOT[market], **terms
    )


def both_sides(exchange: SimulatedExchange) -> None:
    """Have orders rest on both sides of the book, on Spot and USD-M."""
    account = exchange.create_account()
    for market in (Market.SPOT, Market.USDM):
        for side, price in (("BUY", "58000"), ("SELL", "59500")):
            order = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC",
                     "quantity": "1", "price": price}  # fmt: skip
            account.request("order.place", order, market=market)


async def first_of(awaited: Any) -> Any:
    async for each in awaited:
        return each
    raise AssertionError("it ended")


def told_until(caller: Caller, stream: Any, kind: type) -> list[Any]:
    told: list[Any] = []
    while not told or not isinstance(told[-1], kind):
        told.append(caller.next_event(stream))
    return told


@pytest.mark.parametrize("market", MARKETS)
def test_results(caller: Caller, market: str) -> None:
    placed = caller.call(lambda client: place(client, market))

    assert in_floats(placed.result)
    assert placed.result.price == 59000.0
    assert placed.raw["result"]["price"].startswith("59000")
    assert placed.result.price * 1.5 == 88500.0
    other = pickle.loads(pickle.dumps(placed))
    assert in_floats(other.result)
    assert repr(placed).startswith("Response(")
    assert "price=59000" in repr(placed)


def test_decimals_by_default(connect: Connect) -> None:
    caller = connect()
    placed = caller.call(place)

    assert type(placed) is Response
    assert placed.result.price == Decimal(59000)
    assert not in_floats(placed.result)
    assert not in_floats(pickle.loads(pickle.dumps(placed)).result)
    with pytest.raises(TypeError):
        placed.result.price * 1.5


def test_results_of_every_kind(caller: Caller, exchange: SimulatedExchange) -> None:
    both_sides(exchange)
    caller.call(lambda client: place(client, price=None))
    for ask in (
        lambda client: client.spot.get_order_book("BTCUSDT", limit=5),
        lambda client: client.spot.get_klines("BTCUSDT", interval="1m"),
        lambda client: client.spot.get_account_information(),
        lambda client: client.spot.get_my_trades("BTCUSDT"),
        lambda client: client.spot.get_exchange_info(symbol="BTCUSDT"),
        lambda client: client.spot.get_ticker(symbol="BTCUSDT"),
        lambda client: client.usdm.get_order_book("BTCUSDT", limit=5),
        lambda client: client.usdm.get_account_status_v2(),
        lambda client: client.request(WsKey.MAIN_WSAPI, "avgPrice", {"symbol": "BTCUSDT"}),
    ):
        assert in_floats(caller.call(ask).result)
    rest = caller.call(lambda client: client.rest("spot", "GET", "/api/v3/time"))
    assert rest.result == rest.raw["result"]
    account = caller.call(lambda client: client.spot.get_account_information()).result
    assert account.balances["BTC"].free == float(account.to_dict(numbers="str")["balances"][
        account.balances.names.index("BTC")
    ]["free"])  # fmt: skip


@pytest.mark.parametrize("price", [59000.1, 58999.99])
def test_floats_reach_the_exchange_by_their_shortest_text(
    caller: Caller, exchange: SimulatedExchange, price: float
) -> None:
    placed = caller.call(lambda client: place(client, price=price)).result
    caller.call(lambda client: place(client, price=placed.price))

    sent = [each.params["price"] for each in exchange.journal.requests("order.place")]
    assert sent == [str(price), str(price)]


@pytest.mark.parametrize("market", MARKETS)
def test_user_events(caller: Caller, exchange: SimulatedExchange, market: str) -> None:
    ws_key = {"spot": WsKey.MAIN_WSAPI, "usdm": WsKey.USDM_WSAPI}.get(market, WsKey.COINM_WSAPI)
    handled = noted(caller, "user_data")
    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    placed = caller.call(lambda client: place(client, market)).result
    event = caller.next_event(stream)

    assert event.raw
    assert in_floats(event)
    assert in_floats(handled.wait()[0])
    assert getattr(event, "order", event).price == placed.price == 59000.0
    assert in_floats(pickle.loads(pickle.dumps(event)))


@pytest.mark.parametrize("beautify", [True, False])
def test_records_after_a_gap(connect: Connect, exchange: SimulatedExchange, beautify: bool) -> None:
    caller = connect(numbers="float", beautify=beautify)
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    placed = caller.call(place).result
    first = caller.next_event(stream)
    assert isinstance(first, dict) is not beautify

    down = exchange.faults.refuse_handshakes(503, path="/ws-api", times=None)
    exchange.drop_connections("/ws-api")
    exchange.trade("BTCUSDT", "SELL", "0.005", "59000")
    down.end()
    told = told_until(caller, stream, AccountReconciled)

    [order] = [each for each in told if isinstance(each, OrderReconciled)]
    assert [each for each in told if isinstance(each, StreamGap)]
    assert order.order_id == placed.order_id
    assert in_floats(order.order)
    assert [fill.quantity for fill in order.missed_fills] == [0.005]
    assert order.raw_order is not None
    assert order.raw_order["executedQty"].startswith("0.005")
    assert in_floats(told[-1].account)


def test_market_streams_and_books(caller: Caller, exchange: SimulatedExchange) -> None:
    def subscribe(client: Any) -> Any:
        names = client.streams.agg_trade("BTCUSDT"), client.streams.book_ticker("BTCUSDT")
        return client.streams.subscribe(*names)

    both_sides(exchange)
    stream = caller.call(subscribe)
    book = caller.call(lambda client: client.streams.order_book("BTCUSDT"))
    caller.call(lambda _: book.wait_ready(WAIT_S))
    make_trade(exchange, exchange.create_account())
    kinds: set[str] = set()
    while len(kinds) < 2:
        event = caller.next_event(stream)
        assert in_floats(event)
        kinds.add(event.event_type)

    assert type(book.best_bid.price) is float
    assert type(book.best_ask.quantity) is float
    assert in_floats(book.depth(5))
    assert in_floats(book.copy())
    assert book.best_bid == book.depth(1).bids[0]


def test_changes_of_a_book(caller: Caller, exchange: SimulatedExchange) -> None:
    both_sides(exchange)
    book = caller.call(lambda client: client.streams.order_book("BTCUSDT"))
    changes = book.changes(levels=3)
    if hasattr(book, "__aenter__"):
        change = caller.call(lambda _: first_of(changes))
    else:
        change = next(changes)
    assert in_floats(change)


@pytest.mark.parametrize("market", MARKETS)
def test_account_states(caller: Caller, exchange: SimulatedExchange, market: str) -> None:
    symbol = MARKETS[market]
    state = caller.call(lambda client: getattr(client, market).account_state())
    caller.call(lambda _: state.wait_ready(WAIT_S))
    placed = caller.call(lambda client: place(client, market, "60000")).result
    cancelled = caller.call(lambda client: place(client, market, "50000")).result
    order, other = (state.order(symbol, order_id=each.order_id) for each in (placed, cancelled))
    exchange.trade(symbol, "SELL", LOT[market], "60000", market=Market(market))
    filled = caller.call(lambda _: order.wait_filled(WAIT_S))

    assert in_floats(filled)
    assert in_floats(caller.call(lambda _: order.wait_done(WAIT_S)))
    assert in_floats(order.state)
    assert filled.has_all_fills
    assert filled.remaining_quantity == 0.0
    assert in_floats(state.snapshot())
    assert in_floats(state.open_orders)
    assert in_floats(state.balances)
    assert market == "spot" or in_floats(state.positions)
    caller.call(
        lambda client: getattr(client, market).cancel_order(
            symbol=symbol, order_id=cancelled.order_id
        )
    )
    with pytest.raises(OrderNotFilled) as unfilled:
        caller.call(lambda _: other.wait_filled(WAIT_S))
    assert in_floats(unfilled.value.order)
    mirror = state._keeper.mirror.snapshot()
    assert not in_floats(mirror)


def test_changes_of_an_account(caller: Caller) -> None:
    caller.call(place)
    state = caller.call(lambda client: client.spot.account_state())
    changes = state.changes()
    if hasattr(state, "__aenter__"):
        seen = caller.call(lambda _: first_of(changes))
    else:
        seen = next(iter(changes))
    assert in_floats(seen.open_orders)


def test_histories_but_exact_files(
    caller: Caller, exchange: SimulatedExchange, tmp_path: Path
) -> None:
    def trades(client: Any) -> Any:
        return client.spot.history.my_trades("BTCUSDT", progress=False)

    both_sides(exchange)
    caller.call(lambda client: place(client, price=None))
    rows = trades(caller.client)
    row = caller.call(lambda _: first_of(rows)) if hasattr(rows, "__anext__") else next(rows)

    assert in_floats(row)
    assert rows.last is row
    for name, write in (("t.csv", "to_csv"), ("t.parquet", "to_parquet")):
        left = trades(caller.client)
        assert caller.call(lambda _: getattr(left, write)(tmp_path / name)) >= 1  # noqa: B023  (at once)
    assert f",{Decimal(str(row.price)):.8f}," in (tmp_path / "t.csv").read_text()


def test_a_view(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect()

    def view(client: Any) -> Any:
        return client.with_options(numbers="float")

    assert in_floats(caller.call(lambda client: place(view(client))).result)
    assert not in_floats(caller.call(place).result)
    book = caller.call(lambda client: view(client).streams.order_book("BTCUSDT"))
    caller.call(lambda _: book.wait_ready(WAIT_S))
    assert in_floats(book.depth(1))
    exact = caller.call(lambda client: client.streams.order_book("BTCUSDT"))
    caller.call(lambda _: exact.wait_ready(WAIT_S))
    assert not in_floats(exact.depth(1))
    state = caller.call(lambda client: view(client).spot.account_state())
    caller.call(lambda _: state.wait_ready(WAIT_S))
    assert in_floats(state.open_orders)
    stream = caller.call(lambda client: view(client).streams.subscribe("btcusdt@aggTrade"))
    make_trade(exchange, exchange.create_account())
    assert in_floats(caller.next_event(stream))


def test_a_view_of_decimals(connect: Connect) -> None:
    caller = connect(numbers="float")

    placed = caller.call(lambda client: place(client.with_options(numbers="decimal")))
    assert not in_floats(placed.result)
    assert in_floats(caller.call(lambda client: place(client.with_options(timeout=5))).result)


def test_what_was_found_out(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect(numbers="float")
    exchange.faults.on("order.place").drop_after_acceptance()
    resolved = caller.call(place)

    assert resolved.resolved
    assert in_floats(resolved.result)


def test_what_is_found_out_later(connect: Connect, exchange: SimulatedExchange) -> None:
    caller = connect(numbers="float", on_unknown_outcome="raise")
    exchange.faults.on("order.place").drop_after_acceptance()
    with pytest.raises(OutcomeUnknown) as unknown:
        caller.call(place)

    error = unknown.value
    found = caller.call(lambda client: client.resolve(error))
    again = caller.call(lambda client: client.resolve(pickle.loads(pickle.dumps(error))))
    for each in (found, again):
        assert in_floats(each.result)


def test_what_became_of_a_call_that_was_given_up(
    dial: Callable[..., Caller], scripted: ScriptedServer
) -> None:
    is_given_up = asyncio.Event()

    async def late(peer: Peer, request: dict[str, Any]) -> None:
        await is_given_up.wait()
        await peer.answer(request, PLACED)

    async def let_go() -> None:
        is_given_up.set()

    scripted.replies["order.place"] = late
    caller = dial(api_key="key", api_secret="secret", mute_latency_warning=True, numbers="float")
    caller.call(lambda client: client.connect())
    told = noted(caller, "outcome")
    given_up_when(lambda: scripted.wait_for("order.place"), caller, place)
    scripted.run(let_go())
    (outcome,) = told.wait()

    assert outcome.response.result.price == 59000.0
    assert in_floats(outcome.response.result)
    assert caller.client.outcomes() == [outcome]


def test_rules_stay_exact(connect: Connect) -> None:
    caller = connect(numbers="float", order_rules="round")
    rules = caller.call(lambda client: client.spot.rules("BTCUSDT"))
    placed = caller.call(lambda client: place(client, price=59000.123))

    assert type(rules.tick_size) is Decimal
    assert type(rules.round_price(59000.123, side="BUY")) is Decimal
    assert placed.adjustments[0].sent == Decimal("59000.12")
    assert type(placed.adjustments[0].sent) is Decimal
    assert placed.result.price == 59000.12
    assert in_floats(placed.result)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("value", ["floats", "str", None, float, Decimal])
def test_a_bad_value_is_refused(flavour: str, value: Any) -> None:
    kind: Any = {"sync": Client, "async": AsyncClient}[flavour]
    says = rf"^numbers={value!r}: use 'decimal' or 'float'$"

    with pytest.raises(ConfigurationError, match=says):
        kind(numbers=value)


def test_a_view_refuses_a_bad_value(caller: Caller) -> None:
    with pytest.raises(ConfigurationError, match=r"^numbers='str': use 'decimal' or 'float'"):
        caller.client.with_options(numbers="str")  # type: ignore[arg-type]


def test_from_env(flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "key")
    monkeypatch.setenv("BINANCE_API_SECRET", "secret")
    kind: Any = {"sync": Client, "async": AsyncClient}[flavour]

    client = kind.from_env(numbers="float", mute_latency_warning=True)
    assert client._runtime.options.numbers == "float"
    closing = client.close()
    if closing is not None:
        closing.close()
