"""What the WebSocket API cannot be asked after a gap is asked over REST: margin, portfolio margin, futures' fills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from callers import Caller

from binance_wsapi import AccountReconciled, OrderReconciled, StreamGap, WsKey
from binance_wsapi.core import reconciliation
from binance_wsapi.markets import Market
from binance_wsapi.models.account import AccountTrade
from binance_wsapi.models.futures import CoinFuturesOrder, FuturesOrder
from binance_wsapi.models.futures_history import FuturesAccountTrade
from binance_wsapi.models.margin import (
    IsolatedMarginAccount,
    MarginAccount,
    PortfolioBalances,
    PortfolioFuturesAccount,
)
from binance_wsapi.models.order import Order
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]
Find = Callable[[AccountHandle], AccountHandle]


@pytest.fixture(autouse=True)
def _no_copies_that_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange has one copy of all: the second look need not wait for others to catch up."""
    monkeypatch.setattr(reconciliation, "LAG_S", 0.0)


class Case(NamedTuple):
    """An account, and what REST is asked about it."""

    ws_key: WsKey
    market: Market
    find: Find
    path: str
    """Of the connection that its events come on."""
    order: type[Any]
    fill: type[Any]
    accounts: tuple[type[Any], ...]
    isolated_symbol: str | None = None
    rest: str = ""
    """Where REST places its orders."""


def itself(account: AccountHandle) -> AccountHandle:
    return account


def portfolio(account: AccountHandle) -> AccountHandle:
    return account.portfolio_margin()


PM = WsKey.PORTFOLIO_MARGIN_USER_DATA
PM_ACCOUNTS = (PortfolioFuturesAccount, PortfolioFuturesAccount, PortfolioBalances)
CASES = {
    "cross margin": Case(
        WsKey.MARGIN_USER_DATA,
        Market.SPOT,
        lambda account: account.margin(),
        "/ws-api",
        Order,
        AccountTrade,
        (MarginAccount,),
        rest="/sapi/v1/margin/order",
    ),
    "isolated margin": Case(
        WsKey.MARGIN_USER_DATA,
        Market.SPOT,
        lambda account: account.margin("BTCUSDT"),
        "/ws-api",
        Order,
        AccountTrade,
        (IsolatedMarginAccount,),
        "BTCUSDT",
        rest="/sapi/v1/margin/order",
    ),
    "usdm": Case(
        WsKey.USDM_WSAPI,
        Market.USDM,
        itself,
        "/usdm/private",
        FuturesOrder,
        FuturesAccountTrade,
        (),
        rest="/fapi/v1/order",
    ),
    "coinm": Case(
        WsKey.COINM_WSAPI,
        Market.COINM,
        itself,
        "/coinm/ws",
        CoinFuturesOrder,
        FuturesAccountTrade,
        (),
        rest="/dapi/v1/order",
    ),
    "portfolio margin on usdm": Case(
        PM, Market.USDM, portfolio, "/pm/", FuturesOrder, FuturesAccountTrade, PM_ACCOUNTS, rest="/papi/v1/um/order"
    ),
    "portfolio margin on coinm": Case(
        PM,
        Market.COINM,
        portfolio,
        "/pm/",
        CoinFuturesOrder,
        FuturesAccountTrade,
        PM_ACCOUNTS,
        rest="/papi/v1/cm/order",
    ),
    "portfolio margin on margin": Case(
        PM, Market.SPOT, portfolio, "/pm/", Order, AccountTrade, PM_ACCOUNTS, rest="/papi/v1/margin/order"
    ),
}  # fmt: skip


def limit(case: Case, quantity: str | None = None) -> dict[str, str]:
    symbol, lot = ("BTCUSD_PERP", "4") if case.market is Market.COINM else ("BTCUSDT", "0.04")
    return {
        "symbol": symbol,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity or lot,
        "price": "60000",
    }


def funded(exchange: SimulatedExchange, case: Case) -> tuple[AccountHandle, AccountHandle]:
    """Return an owner and the account that is traded on, with money."""
    owner = exchange.create_account()
    account = case.find(owner)
    if account is not owner:
        account.deposit("USDT", 100_000)
        venue = exchange.venue

        def fund() -> None:
            for market, asset in ((Market.USDM, "USDT"), (Market.COINM, "BTC")):
                wallet = venue.futures[market].account(account.uid)
                wallet.credit(asset, Decimal(10_000), exchange.clock.now_us())

        exchange.call(fund)
    return owner, account


def subscribe(caller: Caller, case: Case) -> Any:
    return caller.call(
        lambda client: client.subscribe_user_data_stream(
            case.ws_key, isolated_symbol=case.isolated_symbol
        )
    )


def told_until_accounts(caller: Caller, stream: Any, count: int) -> list[Any]:
    told: list[Any] = []
    while sum(isinstance(each, AccountReconciled) for each in told) < count:
        told.append(caller.next_event(stream))
    return told


def part(case: Case) -> str:
    return "1" if case.market is Market.COINM else "0.01"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_gap_swallowed_is_told(
    connect: Connect, exchange: SimulatedExchange, case: Case
) -> None:
    """A fill before the gap was told, two within it were not; the order then rests on."""
    owner, account = funded(exchange, case)
    caller = connect(owner.create_key())
    stream = subscribe(caller, case)
    order = account.request("order.place", limit(case), market=case.market)
    symbol = order["symbol"]
    exchange.trade(symbol, "SELL", part(case), "60000", market=case.market)
    while not is_fill(caller.next_event(stream)):
        pass

    down = exchange.faults.refuse_handshakes(503, path=case.path, times=None)
    exchange.drop_connections(case.path)
    for _ in range(2):
        exchange.trade(symbol, "SELL", part(case), "60000", market=case.market)
    down.end()
    told = told_until_accounts(caller, stream, max(1, len(case.accounts)))

    [reconciled] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (reconciled.market, reconciled.order_id) == (case.market, order["orderId"])
    assert reconciled.problem is None
    assert type(reconciled.order) is case.order
    assert isinstance(reconciled.order, Order | FuturesOrder | CoinFuturesOrder)
    assert reconciled.order.executed_quantity == 3 * Decimal(part(case))
    assert [type(each) for each in reconciled.missed_fills] == [case.fill] * 2
    assert {each.quantity for each in reconciled.missed_fills} == {Decimal(part(case))}
    accounts = [event.account for event in told if isinstance(event, AccountReconciled)]
    if case.accounts:
        assert {type(each) for each in accounts} == set(case.accounts)

    exchange.trade(symbol, "SELL", part(case), "60000", market=case.market)
    assert is_fill(
        next(each for each in iter(lambda: caller.next_event(stream), None) if is_fill(each))
    )


@pytest.mark.parametrize("name", ["usdm", "portfolio margin on usdm", "portfolio margin on margin"])
def test_many_orders_that_a_gap_swallowed_are_told(
    connect: Connect, exchange: SimulatedExchange, name: str
) -> None:
    """They are asked for in one where that weighs less, and so are their fills."""
    case = CASES[name]
    owner, account = funded(exchange, case)
    caller = connect(owner.create_key())
    stream = subscribe(caller, case)
    order_ids = [
        account.request("order.place", limit(case, part(case)), market=case.market)["orderId"]
        for _ in range(8)
    ]
    seen: set[int] = set()
    while not seen.issuperset(order_ids):
        event = caller.next_event(stream)
        seen.add(getattr(getattr(event, "order", event), "order_id", 0))

    down = exchange.faults.refuse_handshakes(503, path=case.path, times=None)
    exchange.drop_connections(case.path)
    exchange.trade("BTCUSDT", "SELL", "0.08", "60000", market=case.market)
    down.end()
    told = told_until_accounts(caller, stream, max(1, len(case.accounts)))

    found = [event for event in told if isinstance(event, OrderReconciled)]
    assert sorted(each.order_id for each in found) == sorted(order_ids)
    assert {(each.status, len(each.missed_fills), each.problem) for each in found} == {
        ("FILLED", 1, None)
    }


def is_fill(event: Any) -> bool:
    order = getattr(event, "order", event)
    return str(getattr(order, "execution_type", "")) == "TRADE"


@pytest.mark.parametrize(
    "name", ["cross margin", "isolated margin", "usdm", "portfolio margin on usdm"]
)
def test_an_order_made_over_rest_within_a_gap_is_found(
    connect: Connect, exchange: SimulatedExchange, name: str
) -> None:
    """Its answer is all that is known of it: its events were swallowed, and it is filled by then."""
    case = CASES[name]
    owner, _ = funded(exchange, case)
    caller = connect(owner.create_key())
    stream = subscribe(caller, case)
    params = limit(case) | ({"isIsolated": "TRUE"} if case.isolated_symbol else {})
    market = "portfolio_margin" if case.ws_key is PM else case.market.value

    down = exchange.faults.refuse_handshakes(503, path=case.path, times=None)
    exchange.drop_connections(case.path)
    made = caller.call(
        lambda client: client.rest(market, "POST", case.rest, params, signed=True)
    ).result
    exchange.trade("BTCUSDT", "SELL", "0.04", "60000", market=case.market)
    down.end()
    told = told_until_accounts(caller, stream, max(1, len(case.accounts)))

    [reconciled] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (reconciled.order_id, reconciled.status) == (made["orderId"], "FILLED")


def test_orders_of_cross_and_isolated_margin_are_told_on_their_own_streams(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    cross, isolated = CASES["cross margin"], CASES["isolated margin"]
    owner, cross_account = funded(exchange, cross)
    isolated_account = owner.margin("BTCUSDT")
    isolated_account.deposit("USDT", 100_000)
    caller = connect(owner.create_key())
    streams = [subscribe(caller, case) for case in (cross, isolated)]
    orders = [
        each.request("order.place", limit(cross)) for each in (cross_account, isolated_account)
    ]
    for stream, order in zip(streams, orders, strict=True):
        while getattr(caller.next_event(stream), "order_id", None) != order["orderId"]:
            pass

    down = exchange.faults.refuse_handshakes(503, path="/ws-api", times=None)
    exchange.drop_connections("/ws-api")
    for each, order in zip((cross_account, isolated_account), orders, strict=True):
        each.request("order.cancel", {"symbol": "BTCUSDT", "orderId": order["orderId"]})
    down.end()

    for stream, order in zip(streams, orders, strict=True):
        told = told_until_accounts(caller, stream, 1)
        assert [each.order_id for each in told if isinstance(each, OrderReconciled)] == [
            order["orderId"]
        ]


def test_futures_without_rest_tell_how_far_an_order_is_filled(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    """The client was led away from production and no REST host was named: what can be told is told."""
    case = CASES["usdm"]
    owner, account = funded(exchange, case)
    key = owner.create_key()
    urls = {
        name: url for name, url in exchange.client_options(key)["urls"].items() if name != "rest"
    }
    caller = connect(key, urls=urls)
    stream = subscribe(caller, case)
    order = account.request("order.place", limit(case), market=case.market)
    caller.next_event(stream)

    down = exchange.faults.refuse_handshakes(503, path=case.path, times=None)
    exchange.drop_connections(case.path)
    exchange.trade("BTCUSDT", "SELL", "0.01", "60000", market=case.market)
    down.end()
    told = told_until_accounts(caller, stream, 1)

    [reconciled] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (reconciled.order_id, reconciled.missed_fills) == (order["orderId"], ())
    assert reconciled.problem is None
    assert isinstance(told[0], StreamGap)
