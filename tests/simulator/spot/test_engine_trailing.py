"""Groups of trailing orders fire exactly when each order alone would."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import BTCUSDT, Exchange
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.simulator.spot.orders import Order, OrderTerms
from binance_wsapi.simulator.spot.trailing import Followers

steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(9_000, 11_000)),
        st.tuples(st.just("follow"), st.integers(1, 1_500)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
    ),
    max_size=80,
)


def plainly_fires(side: str, extreme: Decimal, delta: int, price: Decimal) -> bool:
    if side == "BUY":
        return price >= extreme * (10_000 + delta) / 10_000
    return price <= extreme * (10_000 - delta) / 10_000


@settings(max_examples=200, deadline=None)
@given(side=st.sampled_from(["BUY", "SELL"]), steps=steps)
def test_followers_fire_as_each_alone_would(side: str, steps: list[tuple[str, int]]) -> None:
    account = Exchange().account()
    followers = Followers(side)
    alone: dict[int, tuple[int, Decimal | None]] = {}
    last: Decimal | None = None
    number = 0

    for action, value in steps:
        if action == "follow":
            number += 1
            terms = OrderTerms(side, "STOP_LOSS", trailing_delta=value, quantity=Decimal(1))
            order = Order(BTCUSDT, account, terms, f"{number}")
            order.order_id = number
            followers.add(order, last)
            alone[number] = value, last
        elif action == "cancel":
            followers.discard(value)
            alone.pop(value, None)
        else:
            last = Decimal(value) / 100
            expected = set()
            for order_id, (delta, extreme) in list(alone.items()):
                better = min if side == "BUY" else max
                best = last if extreme is None else better(extreme, last)
                alone[order_id] = delta, best
                if plainly_fires(side, best, delta, last):
                    expected.add(order_id)
                    del alone[order_id]
            assert {order.order_id for order in followers.on_price(last)} == expected
