"""An account as it stands, over both clients and on all markets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import WAIT_S, Caller

from binance_wsapi import ClientClosed, ConfigurationError, OrderReconciled, ParameterError, WsKey
from binance_wsapi.account_state import AccountStateNotReady, OrderNotFilled
from binance_wsapi.core import account_keeper
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]

MARKETS = {"spot": "BTCUSDT", "usdm": "BTCUSDT", "coinm": "BTCUSD_PERP"}
LOT = {"spot": "0.01", "usdm": "0.01", "coinm": "10"}


@pytest.fixture(autouse=True)
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has no copies that lag."""
    monkeypatch.setattr(account_keeper, "LAG_S", 0.01)
    monkeypatch.setattr(account_keeper, "RETRY_DELAY_S", 0.01)


def namespace(client: Any, market: str) -> Any:
    return getattr(client, market)


class Held:
    """A state of an account and the caller whose it is."""

    def __init__(self, caller: Caller, market: str) -> None:
        self.caller = caller
        self.market = market
        self.state: Any = caller.call(lambda client: namespace(client, market).account_state())

    def do(self, work: Callable[[Any], Any]) -> Any:
        return self.caller.call(lambda _: work(self.state))

    def ready(self) -> Any:
        self.do(lambda state: state.wait_ready(WAIT_S))
        return self.state

    def place(self, side: str = "BUY", price: str | None = "59000", **more: Any) -> Any:
        terms: dict[str, Any] = {"type": "MARKET"}
        if price is not None:
            terms = {"type": "LIMIT", "time_in_force": "GTC", "price": price}
        return self.caller.call(
            lambda client: namespace(client, self.market).submit_new_order(
                symbol=MARKETS[self.market], side=side, quantity=LOT[self.market], **terms, **more
            )
        ).result

    def seen(self, holds: Callable[[Any], object]) -> Any:
        """Return the account once it is as ``holds`` wants it."""
        if hasattr(self.state, "__aenter__"):

            async def look(_: Any) -> Any:
                async with asyncio.timeout(WAIT_S):
                    async for seen in self.state.changes():
                        if holds(seen):
                            return seen
                raise AssertionError("it ended")

            return self.caller.call(look)
        changes = self.state.changes()
        timer = threading.Timer(WAIT_S, changes.close)
        timer.start()
        try:
            return next(seen for seen in changes if holds(seen))
        finally:
            timer.cancel()


@pytest.fixture
def hold(connect: Connect) -> Callable[..., Held]:
    def make(market: str = "spot", **options: Any) -> Held:
        return Held(connect(**options), market)

    return make


@pytest.mark.parametrize("market", MARKETS)
def test_an_account_is_read_and_followed(
    hold: Callable[..., Held], exchange: SimulatedExchange, market: str
) -> None:
    symbol = MARKETS[market]
    held = hold(market)
    early = held.place()
    state = held.ready()

    assert [order.order_id for order in state.open_orders] == [early.order_id]
    assert state.balances
    placed = held.place(price="60000")
    seen = held.seen(lambda seen: len(seen.open_orders) == 2)
    assert seen.open_orders[1].client_order_id == placed.client_order_id

    exchange.trade(symbol, "SELL", LOT[market], "60000", market=Market(market))
    order = state.order(symbol, order_id=placed.order_id)
    filled = held.do(lambda _: order.wait_filled(WAIT_S))

    assert filled.status == "FILLED"
    assert filled.fills[-1].price == Decimal(60000)
    assert abs(filled.average_price - 60000) < 1, "that of inverse contracts is rounded"
    assert filled.has_all_fills
    assert order.is_done
    held.seen(lambda seen: len(seen.open_orders) == 1)
    if market != "spot":
        (position,) = held.seen(lambda seen: seen.positions).positions
        assert (position.symbol, position.amount) == (symbol, Decimal(LOT[market]))
        assert abs(position.entry_price - 60000) < 1


@pytest.mark.parametrize("market", MARKETS)
def test_what_a_gap_swallowed_is_found(
    hold: Callable[..., Held], exchange: SimulatedExchange, market: str
) -> None:
    symbol = MARKETS[market]
    held = hold(market)
    rests, fills, ends = held.place(), held.place(price="60000"), held.place(price="58000")
    state = held.ready()
    fills_order, ends_order = (
        state.order(symbol, order_id=each.order_id) for each in (fills, ends)
    )

    refused = exchange.faults.refuse_handshakes(503, times=None)
    exchange.drop_connections()
    refused.wait()
    exchange.trade(symbol, "SELL", LOT[market], "60000", market=Market(market))
    exchange.call(lambda: cancel(exchange, market, ends.order_id))
    refused.end()
    filled = held.do(lambda _: fills_order.wait_done(WAIT_S))
    ended = held.do(lambda _: ends_order.wait_done(WAIT_S))
    held.ready()

    assert (filled.status, ended.status) == ("FILLED", "CANCELED")
    assert [order.order_id for order in state.open_orders] == [rests.order_id]
    assert filled.has_all_fills
    assert [fill.is_maker for fill in filled.fills] == [True]
    assert sum(filled.fees.values()) > 0
    with pytest.raises(OrderNotFilled, match="ended as CANCELED") as caught:
        held.do(lambda _: ends_order.wait_filled(WAIT_S))
    assert caught.value.order == ended


def cancel(exchange: SimulatedExchange, market: str, order_id: int) -> None:
    """Cancel an order of the only account, as another process of its owner would."""
    params = {"symbol": MARKETS[market], "orderId": order_id}
    if market == "spot":
        engine = exchange.venue.spot
        (account,) = [
            each for each in engine.engine.accounts.values() if order_id in ids_of(engine, each)
        ]
        engine.handle("order.cancel", params, account)
    else:
        futures = exchange.venue.futures[Market(market)]
        (holder,) = [each for each in futures.accounts.values() if order_id in each.open_orders]
        futures.handle("order.cancel", params, holder)


def ids_of(engine: Any, account: Any) -> set[int]:
    rows = engine.handle("openOrders.status", {}, account)
    return {row["orderId"] for row in rows}


def test_while_a_gap_lasts_nothing_is_shown(
    hold: Callable[..., Held], exchange: SimulatedExchange
) -> None:
    held = hold()
    placed = held.place()
    state = held.ready()
    order = state.order("BTCUSDT", order_id=placed.order_id)
    refused = exchange.faults.refuse_handshakes(503, times=None)

    exchange.drop_connections()
    refused.wait()

    assert not state.is_ready
    for read in (
        lambda: state.open_orders,
        lambda: state.balances,
        lambda: state.positions,
        state.snapshot,
        lambda: order.state,
    ):
        with pytest.raises(AccountStateNotReady, match="is being read"):
            read()
    assert not order.is_done
    refused.end()
    held.ready()
    assert order.state.status == "NEW"


def test_an_order_may_be_waited_for_before_it_is_known(
    hold: Callable[..., Held], exchange: SimulatedExchange
) -> None:
    held = hold()
    state = held.ready()
    order = state.order("BTCUSDT", client_order_id="mine")

    assert order.state is None
    begun = held.caller.begin(lambda _: order.wait_done(WAIT_S))
    held.place(new_client_order_id="mine")
    held.caller.call(
        lambda client: client.spot.cancel_order(symbol="BTCUSDT", orig_client_order_id="mine")
    )

    ended = begun.result(WAIT_S)
    assert (ended.status, ended.client_order_id) == ("CANCELED", "mine")
    assert repr(order).endswith("order mine of BTCUSDT, CANCELED>")


def test_a_wait_has_an_end(hold: Callable[..., Held]) -> None:
    held = hold()
    order = held.ready().order("BTCUSDT", order_id=77)

    with pytest.raises(TimeoutError, match="order 77 of BTCUSDT is not filled within"):
        held.do(lambda _: order.wait_filled(0.01))
    begun = held.caller.begin(lambda _: order.wait_done())
    held.do(lambda state: state.close())
    with pytest.raises(ClientClosed):
        begun.result(WAIT_S)
    with pytest.raises(ParameterError, match="timeout"):
        held.do(lambda _: order.wait_done("soon"))


@pytest.mark.parametrize("ids", [{}, {"order_id": 1, "client_order_id": "a"}])
def test_an_order_goes_by_one_id(hold: Callable[..., Held], ids: dict[str, Any]) -> None:
    held = hold()

    with pytest.raises(ParameterError, match="give one of them"):
        held.state.order("BTCUSDT", **ids)


def test_a_state_lives_beside_the_stream_of_events(
    hold: Callable[..., Held], exchange: SimulatedExchange
) -> None:
    """Either may be closed; the other goes on with the account's events."""
    held = hold()
    caller = held.caller
    held.ready()
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    held.place()
    assert caller.next_event(stream).event_type == "executionReport"

    caller.call(lambda client: client.unsubscribe_user_data_stream())
    held.place()
    held.seen(lambda seen: len(seen.open_orders) == 2)

    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    held.do(lambda state: state.close())
    held.place()
    assert caller.next_event(stream).event_type == "executionReport"
    with pytest.raises(ClientClosed):
        held.state.snapshot()


def test_the_last_to_close_unsubscribes(
    hold: Callable[..., Held], exchange: SimulatedExchange
) -> None:
    held = hold()
    held.ready()

    held.do(lambda state: state.close())
    held.do(lambda state: state.close())

    exchange.journal.wait_for(lambda frame: frame.method == "userDataStream.unsubscribe", WAIT_S)


def test_a_stream_that_was_there_first_goes_on(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    held = Held(caller, "spot")
    held.ready()
    held.do(lambda state: state.close())

    held.place()

    assert caller.next_event(stream).event_type == "executionReport"
    assert not isinstance(stream, OrderReconciled)


def test_a_closed_client_ends_its_states(hold: Callable[..., Held]) -> None:
    held = hold()
    state = held.ready()

    held.caller.call(lambda client: client.close())

    with pytest.raises(ClientClosed):
        state.snapshot()
    assert "closed" in repr(state)


def test_a_refusal_is_told_while_it_is_tried_on(
    hold: Callable[..., Held], exchange: SimulatedExchange
) -> None:
    fault = exchange.faults.on("account.status").refuse(-2015, "Invalid API-key.", times=None)
    held = hold()

    with pytest.raises(AccountStateNotReady, match=r"-2015 Invalid API-key\.; it is tried on"):
        held.ready()
    assert isinstance(held.state.problem, AccountStateNotReady)
    fault.end()
    assert held.seen(lambda seen: True).balances
    assert held.state.problem is None


def test_a_key_is_needed(connect: Connect) -> None:
    caller = connect(api_key=None, api_secret=None)

    with pytest.raises(ConfigurationError, match="api_key"):
        caller.call(lambda client: client.spot.account_state())


def test_futures_elsewhere_cannot_be_read(hold: Callable[..., Held], connect: Connect) -> None:
    caller = connect()

    state = caller.call(lambda client: client.usdm.using(WsKey.USDM_WSAPI_TESTNET).account_state())

    with pytest.raises(ConfigurationError, match="another environment"):
        caller.call(lambda _: state.wait_ready(WAIT_S))
    assert isinstance(state.problem, ConfigurationError)


def test_a_state_is_closed_by_its_with(exchange: SimulatedExchange) -> None:
    with exchange.client() as client, client.spot.account_state() as state:
        state.wait_ready(WAIT_S)
        changes = state.changes()
        assert next(changes).balances
    with pytest.raises(StopIteration):
        next(changes)

    async def run() -> None:
        async with exchange.async_client() as client, client.spot.account_state() as state:
            await state.wait_ready(WAIT_S)
            changes = state.changes()
            assert (await anext(changes)).balances
            changes.close()
            with pytest.raises(StopAsyncIteration):
                await anext(changes)

    asyncio.run(run())
