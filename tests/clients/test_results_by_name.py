"""What a client returns finds its parts by name and goes into other programs, on every market."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import Rows, StreamGap, WsKey
from binance_wsapi.models.filters import LotSizeFilter, PriceFilter
from binance_wsapi.models.names import UnknownName
from binance_wsapi.simulator import SimulatedExchange

Connect = Callable[..., Caller]


@pytest.fixture
def caller(connect: Connect, exchange: SimulatedExchange) -> Caller:
    account = exchange.create_account({"USDT": "100000", "BTC": "1"})
    return connect(account.create_key())


def test_spot(caller: Caller) -> None:
    account = caller.call(lambda client: client.spot.get_account_information()).result
    info = caller.call(lambda client: client.spot.get_exchange_info()).result

    assert account.balances["USDT"].free == Decimal(100000)
    assert info.symbols["BTCUSDT"].filters[PriceFilter].tick_size > 0
    assert (
        info.symbols["BTCUSDT"].filters["LOT_SIZE"]
        == (info.symbols["BTCUSDT"].filters[LotSizeFilter])
    )
    with pytest.raises(UnknownName, match=r"near it are 'BTCUSDT'"):
        info.symbols["BTC/USDT"]


def test_orders_and_tickers(caller: Caller) -> None:
    def rest(client: Any) -> Any:
        return client.spot.submit_new_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", price="100",
            quantity="0.1", new_client_order_id="mine",
        )  # fmt: skip

    placed = caller.call(rest).result
    orders = caller.call(lambda client: client.spot.get_open_orders()).result
    tickers = caller.call(lambda client: client.spot.get_symbol_price_ticker()).result

    assert orders["mine"].order_id == placed.order_id
    assert tickers["ETHUSDT"].symbol == "ETHUSDT"
    assert placed.fills is not None
    assert isinstance(placed.fills, Rows)


@pytest.mark.parametrize(
    ("market", "method", "asset"),
    [
        ("usdm", "get_account_balance", "USDT"),
        ("usdm", "get_account_balance_v2", "USDT"),
        ("coinm", "get_account_balance", "BTC"),
    ],
)
def test_futures_balances(caller: Caller, market: str, method: str, asset: str) -> None:
    balances = caller.call(lambda client: getattr(client.futures(market), method)()).result

    assert balances[asset].asset == asset
    assert json.loads(balances.to_json())[0]["asset"] == balances[0].asset


@pytest.mark.parametrize(
    ("market", "method", "symbol"),
    [
        ("usdm", "get_account_status", "BTCUSDT"),
        ("usdm", "get_account_status_v2", None),
        ("coinm", "get_account_status", "BTCUSD_PERP"),
    ],
)
def test_futures_accounts(caller: Caller, market: str, method: str, symbol: str | None) -> None:
    account = caller.call(lambda client: getattr(client.futures(market), method)()).result

    assert account.assets.get("no such") is None
    assert account.assets[account.assets.names[0]] == account.assets[0]
    if symbol is not None:
        assert account.positions[symbol].symbol == symbol


@pytest.mark.parametrize(("market", "symbol"), [("usdm", "BTCUSDT"), ("coinm", "BTCUSD_PERP")])
def test_futures_positions(caller: Caller, market: str, symbol: str) -> None:
    positions = caller.call(lambda client: client.futures(market).get_position()).result

    assert positions[symbol, "BOTH"] == positions[symbol]


def test_an_event_of_the_account(caller: Caller, exchange: SimulatedExchange) -> None:
    events = caller.call(lambda client: client.subscribe_user_data_stream())
    caller.call(
        lambda client: client.spot.submit_new_order(
            symbol="BTCUSDT", side="BUY", type="LIMIT", time_in_force="GTC", price="100",
            quantity="0.1",
        )
    )  # fmt: skip
    seen = {}
    while "outboundAccountPosition" not in seen:
        event = caller.next_event(events)
        assert not isinstance(event, StreamGap)
        seen[event.event_type] = event

    assert seen["outboundAccountPosition"].balances["USDT"].locked == Decimal(10)


def test_health_and_limits(caller: Caller) -> None:
    caller.call(lambda client: client.spot.get_server_time())

    health = caller.call(lambda client: client.health())
    response = caller.call(lambda client: client.spot.get_server_time())
    used = caller.call(lambda client: client.rate_limits)

    assert health[WsKey.MAIN_WSAPI] == health["mainWSAPI"]
    assert health["mainWSAPI"].state == "ready"
    assert used["spot"]["ORDERS", "DAY"].limit > used["spot"]["ORDERS", "SECOND"].limit
    assert response.rate_limits["REQUEST_WEIGHT"].count > 0
    assert response._repr_html_().startswith("<table>")
    assert health._repr_html_().startswith("<table>")
    assert "<h4>spot</h4>" in used._repr_html_()


def test_an_empty_answer_knows_its_columns(caller: Caller) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    orders = caller.call(lambda client: client.spot.get_open_orders()).result

    assert list(orders) == []
    assert "price" in orders.to_frame()
