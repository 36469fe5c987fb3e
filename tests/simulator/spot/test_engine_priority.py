"""Price and time priority, held against a matcher that is too simple to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine_harness import Exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.simulator.observers import Trade


@dataclass
class Resting:
    order_id: int
    side: str
    price: Decimal
    rest: Decimal


class Plain:
    """A book as one list, searched from end to end for each match."""

    def __init__(self) -> None:
        self.resting: list[Resting] = []
        self.trades: list[tuple[int, int, Decimal, Decimal]] = []

    def take(
        self, order_id: int, side: str, price: Decimal | None, quantity: Decimal, tif: str
    ) -> None:
        sign = 1 if side == "BUY" else -1
        fitting = [
            one
            for one in self.resting
            if one.side != side and (price is None or sign * one.price <= sign * price)
        ]
        # Python's sort is stable: at equal prices the older order stays first.
        fitting.sort(key=lambda one: sign * one.price)
        if tif == "FOK" and sum(one.rest for one in fitting) < quantity:
            return
        for maker in fitting:
            traded = min(maker.rest, quantity)
            if traded:
                self.trades.append((order_id, maker.order_id, maker.price, traded))
                maker.rest -= traded
                quantity -= traded
        self.resting = [one for one in self.resting if one.rest]
        if quantity and price is not None and tif == "GTC":
            self.resting.append(Resting(order_id, side, price, quantity))

    def cancel(self, order_id: int) -> None:
        self.resting = [one for one in self.resting if one.order_id != order_id]


class Tape:
    """Trades as (taker, maker, price, quantity)."""

    def __init__(self) -> None:
        self.trades: list[tuple[int, int, Decimal, Decimal]] = []

    def on_trade(self, trade: Trade) -> None:
        taker, maker = trade.buyer_order_id, trade.seller_order_id
        if trade.buyer_is_maker:
            taker, maker = maker, taker
        self.trades.append((taker, maker, trade.price, trade.quantity))

    def on_level(self, *change: object) -> None:
        pass

    def on_symbol(self, symbol: str) -> None:
        pass


steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["BUY", "SELL"]),
        st.one_of(st.none(), st.integers(95, 105)),
        st.integers(1, 5),
        st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK", "cancel"]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=steps)
def test_trades_are_those_of_a_plain_matcher(
    steps: list[tuple[int, str, int | None, int, str]],
) -> None:
    exchange = Exchange()
    tape, plain = Tape(), Plain()
    exchange.market.observers.append(tape)
    accounts = [exchange.account() for _ in range(3)]

    for who, side, price, quantity, action in steps:
        account = accounts[who]
        if action == "cancel":
            for row in exchange.call("openOrders.status", account)[:1]:
                exchange.call("order.cancel", account, symbol="BTCUSDT", orderId=row["orderId"])
                plain.cancel(row["orderId"])
            continue
        if price is None:
            answer = exchange.place(account, side, str(quantity))
            plain.take(answer["orderId"], side, None, Decimal(quantity), "IOC")
        else:
            answer = exchange.place(account, side, str(quantity), str(price), timeInForce=action)
            plain.take(answer["orderId"], side, Decimal(price), Decimal(quantity), action)

    assert tape.trades == plain.trades
    depth = exchange.call("depth", symbol="BTCUSDT")
    for side, rows in (("BUY", depth["bids"]), ("SELL", depth["asks"])):
        totals: dict[Decimal, Decimal] = {}
        for one in plain.resting:
            if one.side == side:
                totals[one.price] = totals.get(one.price, Decimal(0)) + one.rest
        assert {Decimal(price): Decimal(shown) for price, shown in rows} == totals
