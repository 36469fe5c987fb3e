"""What a tape does to a market: told as it stands, or through the book where orders rest in its way."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.simulator import ReplayedTrade, SimulatedClock, SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.replay import Replay
from binance_wsapi.simulator.spot.market import SpotMarket

START_US = 1_700_000_000_000_000

prices = st.integers(min_value=64_990, max_value=65_010).map(Decimal)
quantities = st.integers(min_value=1, max_value=50).map(lambda each: Decimal(each) / 100)
tapes = st.lists(
    st.builds(ReplayedTrade, prices, quantities, st.just(0.0), st.booleans()), max_size=30
)
resting = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), prices, quantities), max_size=6)


class AllByOrders(SpotMarket):
    """A market on which no trade of a tape is told by itself."""

    def print_trade(self, *terms: Any, **more: Any) -> bool:
        return False


def replayed(
    kind: type[SpotMarket],
    orders: Sequence[tuple[str, Decimal, Decimal]],
    tape: Sequence[ReplayedTrade],
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Return public trades, the fills and the balances of a trader whose orders rest when a tape begins."""
    clock = SimulatedClock(start_us=START_US, frozen=True)
    market = kind(clock, Random(1))
    data = MarketData(clock, market)
    trader = market.open_account({"BTC": 1_000, "USDT": 10**8})
    for side, price, quantity in orders:
        terms = {"type": "LIMIT_MAKER", "price": str(price), "quantity": str(quantity)}
        best = market.books["BTCUSDT"].opposite(side).best()
        if best is None or (price < best if side == "BUY" else price > best):
            market.handle("order.place", {"symbol": "BTCUSDT", "side": side, **terms}, trader)
    wealth = {"BTC": 10**9, "USDT": 10**15}
    maker, taker = market.open_account(wealth), market.open_account(wealth)
    Replay(clock, market, "BTCUSDT", tape, maker=maker, taker=taker).start()
    clock.advance(1)
    told = data.histories["BTCUSDT"].trades.newest(1_000)
    fills = market.handle("myTrades", {"symbol": "BTCUSDT"}, trader)
    assert isinstance(fills, list)
    return (
        [(each.trade_id, each.price, each.quantity, each.buyer_is_maker) for each in told],
        [(each["id"], each["price"], each["qty"], each["isMaker"]) for each in fills],
        {asset: (each.free, each.locked) for asset, each in trader.balances.items()},
    )


@given(resting, tapes)
def test_it_makes_no_difference_whether_a_trade_is_told_or_made_by_orders(
    orders: list[tuple[str, Decimal, Decimal]], tape: list[ReplayedTrade]
) -> None:
    assert replayed(SpotMarket, orders, tape) == replayed(AllByOrders, orders, tape)


def test_what_a_symbol_cannot_trade_is_refused_and_the_tape_goes_on() -> None:
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True))
    off_the_tick = ReplayedTrade(Decimal("64000.001"), Decimal(1), 0.0)
    tape = [off_the_tick, ReplayedTrade(Decimal(64000), Decimal(1), 1.0)]

    replay = exchange.market.replay("BTCUSDT", tape)
    exchange.clock.advance(1)

    assert (replay.done, [each for each, _ in replay.refused]) == (1, [off_the_tick])


@pytest.mark.parametrize(("market", "least"), [(Market.SPOT, "0.00001"), (Market.USDM, "0.001")])
def test_the_smallest_trade_fills_what_rests_in_its_way(market: Market, least: str) -> None:
    """Smaller than an order of anybody's may be, and far below the price before it."""
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True))
    account = exchange.create_account()
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    placed = account.request(
        "order.place", order | {"price": "60000", "quantity": "0.1"}, market=market
    )
    tape = [
        ReplayedTrade(Decimal(price), Decimal(least), second, buyer_is_maker=True)
        for second, price in enumerate(["65000", "60000", "5000"])
    ]

    replay = exchange.market.replay("BTCUSDT", tape, market=market)
    exchange.clock.advance(5)

    asked = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    found = account.request("order.status", asked, market=market)
    assert (replay.done, replay.refused) == (3, [])
    assert Decimal(found["executedQty"]) == 2 * Decimal(least)


@pytest.mark.parametrize(
    ("market", "symbol", "quantity"),
    [(Market.USDM, "BTCUSDT", "0.5"), (Market.COINM, "BTCUSD_PERP", "5")],
)
def test_futures_follow_a_tape(market: Market, symbol: str, quantity: str) -> None:
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True))
    account = exchange.create_account()
    rest_a_buy(account, market, symbol, quantity)
    fall = [Decimal(price) for price in (65_000, 64_500, 63_900, 64_100)]
    tape = [ReplayedTrade(price, Decimal(quantity), at) for at, price in enumerate(fall)]

    replay = exchange.market.replay(symbol, tape, market=market)
    exchange.clock.advance(10)

    assert replay.done == 4
    (position,) = [
        each
        for each in account.request("account.position", market=market)
        if float(each["positionAmt"])
    ]
    assert Decimal(position["positionAmt"]) == Decimal(quantity)
    assert Decimal(position["entryPrice"]) == 64_000
    assert Decimal(position["markPrice"]) == 64_100
    history = exchange.venue.stream_venues[market] if market is Market.USDM else None
    if history is not None:
        told = [trade.price for trade in history.data.histories[symbol].trades.newest(9)]
        assert told == [65_000, 64_500, 64_000, 64_100]


def test_a_tape_triggers_what_waits_for_its_price() -> None:
    exchange = SimulatedExchange(clock=SimulatedClock(start_us=START_US, frozen=True))
    account = exchange.create_account()
    tape = [
        ReplayedTrade(Decimal(price), Decimal(1), at) for at, price in enumerate((65_000, 63_000))
    ]
    exchange.market.replay("BTCUSDT", tape)
    exchange.clock.advance(0.5)
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS_LIMIT", "timeInForce": "GTC"}
    terms = {"quantity": "0.1", "price": "62000", "stopPrice": "64000"}
    placed = account.request("order.place", stop | terms)

    exchange.clock.advance(1)

    order = account.request("order.status", {"symbol": "BTCUSDT", "orderId": placed["orderId"]})
    assert (order["isWorking"], order["status"]) == (True, "NEW")


def rest_a_buy(account: AccountHandle, market: Market, symbol: str, quantity: str) -> None:
    terms = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    account.request("order.place", terms | {"price": "64000", "quantity": quantity}, market=market)
