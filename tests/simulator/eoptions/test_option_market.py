"""The options exchange inside the embedded one: quoted, traded, exercised, and told so."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.eoptions.accounts import OptionAccount, OptionPosition
from binance_wsapi.simulator.eoptions.contracts import UNDERLYINGS, Option, listed, option
from binance_wsapi.simulator.eoptions.doors import OptionVenue
from binance_wsapi.simulator.eoptions.order_desk import OptionDesk
from binance_wsapi.simulator.eoptions.pricing import value
from binance_wsapi.simulator.errors import ExchangeError

BTC = UNDERLYINGS[0]
DAY_SECONDS = 86_400
NOON_US = 1_780_000_000_000_000
CALL, PUT = (
    option(BTC, Decimal(65_000), NOON_US + 86_400_000_000, NOON_US, is_call=is_call)
    for is_call in (True, False)
)


class Desk:
    """Two accounts on one options exchange; what the first is told is noted."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(start_us=NOON_US, frozen=True)
        self.venue = OptionVenue(self.clock, Random(1), RequestLimits(self.clock))
        self.market = self.venue.market
        self.market.list(CALL)
        self.market.list(PUT)
        self.buyer = self.market.open_account(1, Decimal(10_000))
        self.seller = self.market.open_account(2, Decimal(100_000))
        self.told: list[dict[str, Any]] = []
        self.buyer.listeners.append(self.told.append)
        self._orders = OptionDesk(self.market)
        self._numbers = iter(range(1, 10_000))

    def place(
        self, account: OptionAccount, side: str, quantity: str, price: str, **more: Any
    ) -> dict[str, Any]:
        params = {
            "symbol": CALL.symbol,
            "side": side,
            "type": "LIMIT",
            "quantity": quantity,
            "price": price,
            "clientOrderId": f"id-{next(self._numbers)}",
        }
        return self._orders.place(account, params | more)

    def deal(self, quantity: str = "2", price: str = "500", symbol: str = CALL.symbol) -> None:
        """Let the buyer buy from the seller."""
        self.place(self.seller, "SELL", quantity, price, symbol=symbol)
        self.place(self.buyer, "BUY", quantity, price, symbol=symbol)

    def kinds(self) -> list[str]:
        return [each["e"] for each in self.told]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_there_are_always_options_of_the_next_day_and_later_ones() -> None:
    clock = SimulatedClock(start_us=NOON_US, frozen=True)
    venue = OptionVenue(clock, Random(1), RequestLimits(clock))
    venue.start_maker()
    market = venue.market
    for day in range(20):
        clock.advance(DAY_SECONDS)
        if day == 9:
            market.set_index("BTCUSDT", Decimal(80_000))
            market.expire(next(iter(market.options)))
        for underlying in UNDERLYINGS:
            days = [
                (each.expiry_us - clock.now_us()) / (DAY_SECONDS * 1_000_000)
                for each in market.options.values()
                if each.underlying is underlying
            ]
            assert 0 < min(days) < 1 < max(days)
        for symbol in market.options:
            assert market.books[symbol].asks.best()

    assert "BTC-260618-80000-C" in market.options
    assert len(market.options) < 100


def test_a_reduce_only_order_opens_nothing(desk: Desk) -> None:
    """It is filled as far as there is a position, and expires when there is none left."""
    desk.deal("2")
    resting = desk.place(desk.buyer, "SELL", "2", "600", reduceOnly=True)
    small = desk.place(desk.buyer, "SELL", "1", "610", reduceOnly=True)
    desk.place(desk.seller, "BUY", "0.5", "600")
    desk.place(desk.seller, "BUY", "1", "490")
    desk.place(desk.buyer, "SELL", "1", "490")  # half a contract is left

    desk.place(desk.seller, "BUY", "3", "610")

    assert desk.buyer.held(CALL) == 0
    orders = [desk.buyer.orders[each["orderId"]] for each in (resting, small)]
    assert [(each.status, each.executed) for each in orders] == [
        ("EXPIRED", Decimal(1)),
        ("EXPIRED", Decimal(0)),
    ]
    assert not desk.buyer.open_orders
    assert not desk.market.books[CALL.symbol].asks.best()


def test_options_are_named_by_underlying_day_strike_and_kind() -> None:
    chain = listed(BTC, Decimal(65_400), NOON_US)

    assert CALL.symbol == "BTC-260529-65000-C"
    assert {each.symbol.rsplit("-", 2)[1] for each in chain} == {
        "60000",
        "62500",
        "65000",
        "67500",
        "70000",
    }
    assert all(each.expiry_us > NOON_US for each in chain)
    assert all(each.expiry_us % 86_400_000_000 == 8 * 3_600_000_000 for each in chain)


@given(st.integers(40_000, 90_000), st.integers(3_600, 30 * 86_400))
def test_calls_and_puts_are_in_parity(index: int, seconds_left: int) -> None:
    """Who holds the one and owes the other holds the underlying and owes the strike."""
    now_us = CALL.expiry_us - seconds_left * 1_000_000
    call, put = (value(each, Decimal(index), now_us) for each in (CALL, PUT))
    owed = float(CALL.strike) * 2.718281828459045 ** (-0.05 * seconds_left / (365 * 86_400))

    assert abs(float(call.mark - put.mark) - (index - owed)) < 0.01
    assert abs(call.delta - put.delta - 1) < Decimal("0.000001")
    assert call.gamma == put.gamma
    assert 0 <= call.delta <= 1


@given(
    st.lists(
        st.tuples(st.integers(-5, 5).filter(bool).map(Decimal), st.integers(1, 100).map(Decimal)),
        max_size=12,
    )
)
def test_a_position_keeps_every_penny(fills: list[tuple[Decimal, Decimal]]) -> None:
    """What was paid and what was realized make up what the position was entered at."""
    position, paid, realized = OptionPosition(CALL), Decimal(0), Decimal(0)
    for quantity, price in fills:
        realized += position.trade(quantity, price)
        paid += quantity * price

    assert position.quantity or not position.average_price
    assert abs(paid - position.quantity * position.average_price + realized) < Decimal("1e-18")
    assert position.quantity == sum((quantity for quantity, _ in fills), Decimal(0))


def test_a_fill_moves_both_wallets_and_tells_the_account(desk: Desk) -> None:
    desk.deal("2", "500")

    order, filled, changed, account, greeks = desk.told
    fee = Decimal("0.0003") * 65_000 * 2
    assert [order["o"]["x"], filled["o"]["x"], filled["o"]["X"]] == ["NEW", "TRADE", "FILLED"]
    assert Decimal(filled["o"]["n"]) == -fee
    assert changed["P"] == [
        {"s": CALL.symbol, "c": "2.00", "p": "1000.00000000", "a": "500.00000000"}
    ]
    assert Decimal(changed["B"][0]["b"]) == desk.buyer.balance == 10_000 - 1_000 - fee
    assert desk.seller.balance == 100_000 + 1_000 - fee
    assert Decimal(account["eq"]) == Decimal(account["b"]) + Decimal(account["m"])
    assert greeks["G"][0]["u"] == "BTCUSDT"
    assert 0 < Decimal(greeks["G"][0]["d"]) < 2


def test_an_account_with_positions_is_told_every_ten_seconds(desk: Desk) -> None:
    desk.deal()
    desk.told.clear()

    desk.clock.advance(25)
    assert desk.kinds() == ["ACCOUNT_UPDATE", "GREEK_UPDATE"] * 2
    desk.market.expire(CALL.symbol)
    desk.told.clear()
    desk.clock.advance(25)
    assert desk.told == []


@pytest.mark.parametrize(("index", "payoff"), [(66_500, 1_500), (65_000, 0), (60_000, 0)])
def test_expiry_pays_what_the_call_is_worth(desk: Desk, index: int, payoff: int) -> None:
    desk.deal("2", "500")
    before = desk.buyer.balance, desk.seller.balance
    desk.market.set_index("BTCUSDT", Decimal(index))

    desk.clock.advance((CALL.expiry_us - NOON_US) / 1_000_000)

    assert desk.buyer.balance - before[0] == 2 * payoff
    assert before[1] - desk.seller.balance == 2 * payoff
    assert desk.buyer.held(CALL) == desk.seller.held(CALL) == 0
    assert (CALL, Decimal(index)) in desk.market.expired
    assert [each.amount for each in desk.buyer.exercises] == [2 * payoff]
    (gone,) = [each for each in desk.told if each["e"] == "BALANCE_POSITION_UPDATE"][-1]["P"]
    assert (gone["s"], gone["c"]) == (CALL.symbol, "0.00")


def test_orders_expire_with_their_option(desk: Desk) -> None:
    desk.place(desk.buyer, "BUY", "1", "100")

    desk.market.expire(CALL.symbol)

    assert desk.told[-1]["o"]["X"] == "EXPIRED"
    assert not desk.buyer.open_orders
    with pytest.raises(ExchangeError, match="-1121"):
        desk.place(desk.buyer, "BUY", "1", "100")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"price": "501"}, -4029),
        ({"price": "0"}, -4001),
        ({"price": "90000"}, -4002),
        ({"quantity": "0.001"}, -4030),
        ({"quantity": "0"}, -4003),
        ({"quantity": "5000"}, -4005),
        ({"symbol": "BTC-260529-1-C"}, -1121),
        ({"type": "MARKET"}, -1116),
        ({"side": "HOLD"}, -1117),
        ({"timeInForce": "GTD"}, -1115),
        ({"clientOrderId": ""}, -1102),
        ({"reduceOnly": True}, -2010),
        ({"quantity": "100"}, -2027),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, changed: dict[str, Any], code: int) -> None:
    given = {"quantity": "1", "price": "500"} | changed

    with pytest.raises(ExchangeError) as refused:
        desk.place(desk.buyer, given.pop("side", "BUY"), **given)

    assert refused.value.code == code
    assert desk.told == []


def test_selling_needs_margin_and_too_little_of_it_is_told(desk: Desk) -> None:
    """A short option that rises eats its account up: it may make positions smaller alone then."""
    told: list[dict[str, Any]] = []
    desk.seller.listeners.append(told.append)
    desk.deal("5", "500")

    desk.market.set_index("BTCUSDT", Decimal(85_000))
    desk.market.deposit(desk.seller, Decimal(-1))

    (level,) = [each for each in told if each["e"] == "RISK_LEVEL_CHANGE"]
    assert level["s"] == "REDUCE_ONLY"
    assert Decimal(level["mb"]) < Decimal(level["mm"])
    with pytest.raises(ExchangeError, match="ReduceOnly"):
        desk.place(desk.seller, "SELL", "1", "20000")
    desk.place(desk.seller, "BUY", "1", "20000")
    desk.market.deposit(desk.seller, Decimal(1_000_000))
    assert [each["s"] for each in told if each["e"] == "RISK_LEVEL_CHANGE"][-1] == "NORMAL"


@pytest.mark.parametrize(
    ("time_in_force", "executed", "status"),
    [("GTC", "1.00", "PARTIALLY_FILLED"), ("IOC", "1.00", "EXPIRED"), ("FOK", "0.00", "EXPIRED")],
)
def test_how_long_an_order_stays(
    desk: Desk, time_in_force: str, executed: str, status: str
) -> None:
    desk.place(desk.seller, "SELL", "1", "500")

    answer = desk.place(desk.buyer, "BUY", "3", "500", timeInForce=time_in_force)

    assert (answer["executedQty"], answer["status"]) == (executed, status)


@pytest.mark.parametrize("given", [{"timeInForce": "GTX"}, {"postOnly": True}])
def test_a_post_only_order_never_takes(desk: Desk, given: dict[str, Any]) -> None:
    desk.place(desk.seller, "SELL", "1", "500")

    assert desk.place(desk.buyer, "BUY", "1", "500", **given)["status"] == "EXPIRED"
    assert desk.place(desk.buyer, "BUY", "1", "495", **given)["status"] == "NEW"


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("NONE", "FILLED", "FILLED"),
    ],
)
def test_an_account_that_meets_itself(desk: Desk, mode: str, maker: str, taker: str) -> None:
    first = desk.place(desk.seller, "SELL", "1", "500")

    second = desk.place(desk.seller, "BUY", "1", "500", selfTradePreventionMode=mode)

    assert desk.seller.orders[first["orderId"]].status == maker
    assert second["status"] == taker


def test_the_maker_quotes_follows_the_index_and_puts_back(desk: Desk) -> None:
    desk.venue.start_maker()
    book = desk.market.books[CALL.symbol]

    def middle() -> Decimal:
        best = book.bids.best(), book.asks.best()
        assert best[0] is not None
        assert best[1] is not None
        return (best[0] + best[1]) / 2

    before = middle()
    assert abs(before - desk.market.risk.valuation(CALL).mark) <= BTC.tick_size
    ask = book.asks.best()
    desk.place(desk.buyer, "BUY", "3", str(ask))
    assert book.asks.top(1)[0][1] == 7
    desk.clock.advance(1)
    assert book.asks.top(1)[0][1] == 10
    desk.market.set_index("BTCUSDT", Decimal(66_000))
    assert middle() > before + 300


def test_a_new_option_is_quoted_and_traded(desk: Desk) -> None:
    desk.venue.start_maker()
    new: Option = option(BTC, Decimal(66_000), CALL.expiry_us, NOON_US, is_call=True)

    desk.market.list(new)

    ask = desk.market.books[new.symbol].asks.best()
    answer = desk.place(desk.buyer, "BUY", "1", str(ask), symbol=new.symbol)
    assert answer["status"] == "FILLED"
