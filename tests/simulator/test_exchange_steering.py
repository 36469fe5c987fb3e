"""What tests do to the exchange besides talking to it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedClock, SimulatedExchange
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.exchange import Amounts

BID: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": Decimal("60000.00"),
    "quantity": "0.002",
}


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange() as running:
        yield running


def test_an_account_acts_without_a_connection(exchange: SimulatedExchange) -> None:
    account = exchange.create_account({"USDT": "1000"})

    placed = account.request("order.place", BID)

    assert placed["price"] == "60000.00000000"
    assert account.balances()["USDT"].locked == 120
    with pytest.raises(ExchangeError, match="-2010"):
        account.request("order.place", BID | {"quantity": "1"})
    with pytest.raises(ExchangeError, match="-1102"):
        account.request("order.place", {})


def test_what_an_account_does_itself_counts_towards_no_limit(exchange: SimulatedExchange) -> None:
    account = exchange.create_account({"USDT": "100000"})

    for _ in range(60):
        account.request("order.place", BID)

    assert account.request("account.rateLimits.orders")[0]["count"] == 0


def test_a_stranger_fills_what_rests(exchange: SimulatedExchange) -> None:
    account = exchange.create_account({"USDT": "1000"})
    account.request("order.place", BID)

    sold = exchange.trade("BTCUSDT", "SELL", "0.001", "59999")

    assert sold["status"] == "FILLED"
    assert account.request("openOrders.status")[0]["executedQty"] == "0.00100000"
    assert exchange.trade("BTCUSDT", "SELL", "0.001", "60001")["status"] == "EXPIRED"


def test_a_stranger_trades_futures_too(exchange: SimulatedExchange) -> None:
    account = exchange.create_account(usdm={"USDT": "10000"})
    account.request("order.place", BID, market=Market.USDM)

    exchange.trade("BTCUSDT", "SELL", "0.002", "60000", market=Market.USDM)

    (position,) = [
        row
        for row in account.request("v2/account.position", market=Market.USDM)
        if row["symbol"] == "BTCUSDT"
    ]
    assert position["positionAmt"] == "0.002"


def test_deposits_and_margin_accounts(exchange: SimulatedExchange) -> None:
    account = exchange.create_account({"USDT": "1"})

    account.deposit("USDT", "2")
    account.margin().deposit("USDT", 5)
    account.margin("BTCUSDT").deposit("BTC", Decimal("0.5"))

    assert account.balances() == {"USDT": Amounts(Decimal(3), Decimal(0))}
    assert account.margin().balances() == {"USDT": Amounts(Decimal(5), Decimal(0))}
    assert account.margin("BTCUSDT").balances()["BTC"].free == Decimal("0.5")


def test_the_market_maker_moves_when_told() -> None:
    with SimulatedExchange(market_maker=True) as exchange:
        account = exchange.create_account()
        exchange.move_price("BTCUSDT", "50000")

        bid = Decimal(account.request("ticker.book", {"symbol": "BTCUSDT"})["bidPrice"])

        assert Decimal(49_000) < bid < Decimal(50_000)


def test_moving_nobodys_price_is_an_error(exchange: SimulatedExchange) -> None:
    with pytest.raises(RuntimeError, match="market_maker=True"):
        exchange.move_price("BTCUSDT", "50000")


def test_keys_can_be_restricted_and_revoked(exchange: SimulatedExchange) -> None:
    account = exchange.create_account()
    key = account.create_key()
    account.restrict_key(key, permissions=["USER_DATA"], ips=["10.0.0.1"])

    (record,) = exchange.call(lambda: exchange.venue.keys.of_account(account.uid))
    assert record.permissions == frozenset({"USER_DATA"})
    assert record.ips == frozenset({"10.0.0.1"})

    account.revoke_key(key)
    assert exchange.call(lambda: exchange.venue.keys.of_account(account.uid)) == []


def test_a_ban_closes_and_refuses(exchange: SimulatedExchange) -> None:
    exchange.ban(seconds=60)

    assert exchange.limits.is_banned("127.0.0.1")
    exchange.call(lambda: exchange.limits.lift_ban("127.0.0.1"))
    assert not exchange.limits.is_banned("127.0.0.1")


def test_repr_says_where_it_is(exchange: SimulatedExchange) -> None:
    assert exchange.rest_url in repr(exchange)
    assert "stopped" in repr(SimulatedExchange())


def test_prices_walk_by_the_exchanges_time() -> None:
    clock = SimulatedClock(start_us=1_800_000_000_000_000, frozen=True)
    with SimulatedExchange(market_maker=True, clock=clock) as exchange:
        account = exchange.create_account()
        exchange.start_random_market(step_seconds=1, volatility=20)

        clock.advance(60)

        trades = account.request("trades.recent", {"symbol": "BTCUSDT"})
        assert len({trade["price"] for trade in trades}) > 10


def test_a_walk_needs_a_market_maker(exchange: SimulatedExchange) -> None:
    with pytest.raises(RuntimeError, match="market_maker=True"):
        exchange.start_random_market()


def test_clients_are_handed_out_with_an_account_of_their_own(exchange: SimulatedExchange) -> None:
    with exchange.client() as client:
        assert client.spot.get_account_information().result.can_trade

    key = exchange.create_account({"USDT": "5"}).create_key("hmac")
    with exchange.client(key, mute_latency_warning=True) as client:
        balances = client.spot.get_account_information(omit_zero_balances=True).result.balances
    assert [(each.asset, each.free) for each in balances] == [("USDT", Decimal(5))]


def test_connections_are_closed_and_warned(exchange: SimulatedExchange) -> None:
    with exchange.client() as client:
        client.spot.test_connectivity()

        assert exchange.announce_shutdown() >= 1
        exchange.journal.wait_for(lambda frame: b"serverShutdown" in frame.text)
        assert exchange.close_connections(1001, "going away") >= 1
        exchange.journal.wait_for(lambda frame: frame.direction == "close")
