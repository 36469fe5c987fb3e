"""Whatever account it is, who publishes next finds out what was missed, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from callers import WAIT_S
from redis_server import RedisServer, needs_redis

from binance_wsapi import AccountReconciled, Client, OrderReconciled, StreamGap, WsKey
from binance_wsapi.core import reconciliation
from binance_wsapi.event_log import read_events
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

pytestmark = needs_redis


class Case(NamedTuple):
    ws_key: WsKey
    market: Market
    find: Callable[[AccountHandle], AccountHandle]
    accounts: int = 1
    """How many records tell the account after a gap."""
    isolated_symbol: str | None = None


PM = WsKey.PORTFOLIO_MARGIN_USER_DATA
CASES = {
    "spot": Case(WsKey.MAIN_WSAPI, Market.SPOT, lambda owner: owner),
    "usdm": Case(WsKey.USDM_WSAPI, Market.USDM, lambda owner: owner),
    "coinm": Case(WsKey.COINM_WSAPI, Market.COINM, lambda owner: owner),
    "cross": Case(WsKey.MARGIN_USER_DATA, Market.SPOT, lambda owner: owner.margin()),
    "isolated": Case(
        WsKey.MARGIN_USER_DATA,
        Market.SPOT,
        lambda owner: owner.margin("BTCUSDT"),
        isolated_symbol="BTCUSDT",
    ),
    "um": Case(PM, Market.USDM, lambda owner: owner.portfolio_margin(), 3),
    "cm": Case(PM, Market.COINM, lambda owner: owner.portfolio_margin(), 3),
    "pm": Case(PM, Market.SPOT, lambda owner: owner.portfolio_margin(), 3),
}


def funded(exchange: SimulatedExchange, case: Case) -> tuple[AccountHandle, AccountHandle]:
    """Return an owner and the account that is traded on, with money."""
    owner = exchange.create_account()
    account = case.find(owner)
    if account is not owner:
        account.deposit("USDT", 100_000)

        def fund() -> None:
            for market, asset in ((Market.USDM, "USDT"), (Market.COINM, "BTC")):
                wallet = exchange.venue.futures[market].account(account.uid)
                wallet.credit(asset, Decimal(10_000), exchange.clock.now_us())

        exchange.call(fund)
    return owner, account


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_next_publisher_goes_on_with_the_orders_of_each_account(
    exchange: SimulatedExchange, tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "LAG_S", 0.0)
    owner, account = funded(exchange, case)
    symbol, lot = (
        ("BTCUSD_PERP", 1) if case.market is Market.COINM else ("BTCUSDT", Decimal("0.01"))
    )

    def sold() -> None:
        exchange.trade(symbol, "SELL", str(lot), "60000", market=case.market)

    with RedisServer(tmp_path) as server:
        options: dict[str, Any] = {
            **exchange.client_options(owner.create_key()),
            "event_log": f"{server.url}?account=desk",
            "attach_event_listeners": False,
        }
        which: dict[str, Any] = {"isolated_symbol": case.isolated_symbol}
        with read_events(server.url, "desk", case.ws_key, **which) as logged:
            told: list[Any] = []

            def up_to(holds: Callable[[], bool]) -> None:
                while not holds():
                    told.append(logged.get(timeout=3 * WAIT_S))

            with Client(**options) as client:
                client.subscribe_user_data_stream(case.ws_key, **which)
                order = account.request(
                    "order.place",
                    {
                        "symbol": symbol,
                        "side": "BUY",
                        "type": "LIMIT",
                        "timeInForce": "GTC",
                        "quantity": str(5 * lot),
                        "price": "60000",
                    },
                    market=case.market,
                )
                # What was learnt of the order by the first is written together with the second.
                sold()
                up_to(lambda: len(fills_of(told)) == 1)
                sold()
                up_to(lambda: len(fills_of(told)) == 2)
            sold()
            sold()
            with Client(**options) as client:
                client.subscribe_user_data_stream(case.ws_key, **which)
                up_to(lambda: count(told, AccountReconciled) == case.accounts)
                sold()
                up_to(lambda: len(fills_of(told)) == 5)

    assert count(told, StreamGap) == 1
    [found] = [event for event in told if isinstance(event, OrderReconciled)]
    assert (found.market, found.order_id, found.problem) == (case.market, order["orderId"], None)
    assert found.raw_order is not None
    assert Decimal(found.raw_order["executedQty"]) == 4 * lot


def count(told: list[Any], kind: type[Any]) -> int:
    return sum(isinstance(event, kind) for event in told)


def fills_of(told: list[Any]) -> list[int]:
    """The numbers of the trades that events and records tell, each once."""
    found = []
    for event in told:
        if isinstance(event, OrderReconciled):
            found += [fill["id"] for fill in event.raw_missed_fills]
        elif type(event).__name__ != "TradeLite":
            order = getattr(event, "order", event)
            if str(getattr(order, "execution_type", "")) == "TRADE":
                found.append(order.trade_id)
    assert len(found) == len(set(found)), "told twice"
    return found
