"""User data of portfolio margin: keys from REST, recovered after anything, on sockets."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    EventStream,
    StreamGap,
    WsKey,
)
from binance_wsapi.core import listen_key
from binance_wsapi.markets import Market
from binance_wsapi.models import portfolio_margin_events as pm
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]

PM, PRO = WsKey.PORTFOLIO_MARGIN_USER_DATA, WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


@pytest.fixture
def portfolio(exchange: SimulatedExchange, account: AccountHandle) -> AccountHandle:
    """The account under portfolio margin, with money on each engine."""
    found = account.portfolio_margin()
    found.deposit("USDT", 10_000)

    def fund() -> None:
        for market, asset in ((Market.USDM, "USDT"), (Market.COINM, "BTC")):
            engine = exchange.venue.futures[market]
            engine.account(found.uid).credit(asset, Decimal(1000), exchange.clock.now_us())

    exchange.call(fund)
    return found


def subscribe(caller: Caller, ws_key: WsKey = PM) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    return stream


def place(portfolio: AccountHandle, market: Market = Market.USDM) -> int:
    symbol, quantity = ("BTCUSD_PERP", "1") if market is Market.COINM else ("BTCUSDT", "0.01")
    order = {
        "symbol": symbol,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": "55000",
    }
    order_id: int = portfolio.request("order.place", order, market=market)["orderId"]
    return order_id


def next_of(caller: Caller, stream: EventStream[Any], kind: type[Any]) -> Any:
    for _ in range(50):
        event = caller.next_event(stream)
        # An open gap goes on: what happens before its end is not told.
        if isinstance(event, kind) and not getattr(event, "is_open", False):
            return event
    raise AssertionError(f"no {kind.__name__}")


@pytest.mark.parametrize("key_type", ["ed25519", "hmac"])
def test_all_that_the_account_trades_comes_on_one_stream(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    portfolio: AccountHandle,
    key_type: Any,
) -> None:
    caller = connect(account.create_key(key_type))
    stream = subscribe(caller)

    futures = [place(portfolio, market) for market in (Market.USDM, Market.COINM)]
    margin = place(portfolio, Market.SPOT)

    told = [next_of(caller, stream, pm.PortfolioFuturesOrderUpdate) for _ in futures]
    assert [(each.business_unit, each.order.order_id) for each in told] == [
        ("UM", futures[0]),
        ("CM", futures[1]),
    ]
    assert next_of(caller, stream, pm.PortfolioOrderUpdate).order_id == margin
    assert {frame.path.rpartition("/")[0] for frame in exchange.journal.frames} == {"/pm/ws"}


def test_fills_algo_orders_and_risk_are_told(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, portfolio: AccountHandle
) -> None:
    caller = connect(account.create_key())
    stream = subscribe(caller)

    order_id = place(portfolio)
    exchange.trade("BTCUSDT", "SELL", "0.01", "55000", market=Market.USDM)
    filled = next_of(caller, stream, pm.PortfolioAccountUpdate)
    portfolio.request(
        "algoOrder.place",
        {
            "algoType": "CONDITIONAL",
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "STOP_MARKET",
            "quantity": "0.01",
            "triggerPrice": "40000",
        },
        market=Market.USDM,
    )
    algo = next_of(caller, stream, pm.PortfolioAlgoOrderUpdate)
    exchange.call(
        lambda: exchange.venue.portfolio_margin.tell(
            account.uid, "riskLevelChange", {"u": "1.2", "s": "MARGIN_CALL"}
        )
    )

    assert order_id
    assert filled.business_unit == "UM"
    assert filled.change.positions["BTCUSDT", "BOTH"].position_amount
    assert (algo.business_unit, algo.algo_order.symbol) == ("UM", "BTCUSDT")
    assert next_of(caller, stream, pm.RiskLevelChange).status == "MARGIN_CALL"


def test_the_stream_outlives_its_connection_and_its_key(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    portfolio: AccountHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Losses, a key that another client stopped and one that ran out: each is a gap, then events come."""
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.02)
    caller = connect(account.create_key())
    stream = subscribe(caller)
    accounts = exchange.venue.portfolio_margin

    for spoil, why in (
        (lambda: exchange.drop_connections("/pm/"), ""),
        (lambda: exchange.call(lambda: accounts.close_key(account.uid)), "listen key"),
        (
            lambda: exchange.call(lambda: accounts.keys.expire(accounts.source(account.uid))),
            "listen key",
        ),
    ):
        spoil()
        gap = next_of(caller, stream, StreamGap)
        order_id = place(portfolio)

        assert why in gap.reason
        told = next_of(caller, stream, pm.PortfolioFuturesOrderUpdate)
        assert told.order.order_id == order_id


def test_a_rotation_loses_nothing_and_tells_nothing_twice(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, portfolio: AccountHandle
) -> None:
    caller = connect(account.create_key())
    stream = subscribe(caller)

    placed = [place(portfolio)]
    caller.call(lambda client: client.rotate(PM))
    placed.append(place(portfolio))
    portfolio.request(
        "order.cancel", {"symbol": "BTCUSDT", "orderId": placed[0]}, market=Market.USDM
    )

    told = [caller.next_event(stream) for _ in range(3)]
    assert [type(each) for each in told] == [pm.PortfolioFuturesOrderUpdate] * 3
    assert [each.order.order_id for each in told] == [*placed, placed[0]]


def test_without_resubscribing_the_caller_goes_on(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, portfolio: AccountHandle
) -> None:
    caller = connect(account.create_key(), resubscribe_user_data_stream_after_reconnect=False)
    stream = subscribe(caller)

    exchange.drop_connections("/pm/")
    gap = caller.next_event(stream)
    assert "subscribe_user_data_stream(WsKey.PORTFOLIO_MARGIN_USER_DATA)" in gap.reason

    subscribe(caller)
    order_id = place(portfolio)
    assert next_of(caller, stream, pm.PortfolioFuturesOrderUpdate).order.order_id == order_id


def test_unsubscribing_gives_the_key_back(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect(account.create_key())
    stream = subscribe(caller)
    keys = exchange.venue.portfolio_margin.keys

    assert exchange.call(lambda: keys.has_key(account.uid))
    caller.call(lambda client: client.unsubscribe_user_data_stream(PM))

    assert not exchange.call(lambda: keys.has_key(account.uid))
    with pytest.raises(ClientClosed):
        caller.next_event(stream)


def test_orders_by_rest_are_found_by_their_id(
    connect: Connect, account: AccountHandle, portfolio: AccountHandle
) -> None:
    """The REST door leads to portfolio margin: client order ids are made, the stream tells the order."""
    caller = connect(account.create_key())
    stream = subscribe(caller)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    price = {"quantity": "0.01", "price": "55000"}

    answer = caller.call(
        lambda client: client.rest(
            "portfolio_margin", "POST", "/papi/v1/um/order", {**order, **price}, signed=True
        )
    ).result

    told = next_of(caller, stream, pm.PortfolioFuturesOrderUpdate).order
    assert (told.order_id, told.client_order_id) == (answer["orderId"], answer["clientOrderId"])
    assert answer["clientOrderId"]


def test_pro_has_usdms_key_and_events_of_its_own(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    """Leaving it does not end the key: USD-M's user data goes on without a gap."""
    caller = connect(account.create_key())
    usdm, pro = subscribe(caller, WsKey.USDM_WSAPI), subscribe(caller, PRO)

    exchange.call(
        lambda: exchange.venue.portfolio_margin.tell_pro(
            account.uid, "uniMMRDrop", {"ratio": "0.05"}
        )
    )
    dropped = caller.next_event(pro)
    caller.call(lambda client: client.unsubscribe_user_data_stream(PRO))
    order_id = place(account)

    assert isinstance(dropped, pm.UniMmrDrop)
    assert dropped.raw["ratio"] == "0.05"
    assert caller.next_event(usdm).order.order_id == order_id


@pytest.mark.parametrize("ws_key", [PM, PRO], ids=str)
def test_a_client_without_a_key_learns_so_at_once(connect: Connect, ws_key: WsKey) -> None:
    caller = connect(api_key=None)

    with pytest.raises(ConfigurationError, match="api_key"):
        subscribe(caller, ws_key)


def test_a_refused_key_is_told(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    key = account.create_key()
    account.revoke_key(key)

    with pytest.raises(AuthenticationFailed):
        subscribe(connect(key))


def test_a_loss_while_rest_is_out_of_order_is_mended_later(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, portfolio: AccountHandle
) -> None:
    """No key, no connection: the stream tells the gap and goes on when REST does."""
    caller = connect(account.create_key())
    stream = subscribe(caller)

    exchange.faults.refuse_rest(503, times=2)
    exchange.drop_connections("/pm/")
    next_of(caller, stream, StreamGap)

    order_id = place(portfolio)
    told = next_of(caller, stream, pm.PortfolioFuturesOrderUpdate)
    assert told.order.order_id == order_id
