"""Positions, wallets and margin, by example and as invariants."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from futures_sim_venue import FUNDS, SYMBOL, Trader, Venue
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.contracts import COINM_CONTRACTS, USDM_CONTRACTS
from binance_wsapi.simulator.futures.positions import Position

BTCUSDT = USDM_CONTRACTS[0]
BTCUSD_PERP = COINM_CONTRACTS[0]


def _trade(position: Position, quantity: str, price: str) -> Decimal:
    amount = Decimal(quantity)
    value = position.contract.value(Decimal(price), amount)
    return position.trade(amount, value, Decimal(0), 1)


@pytest.mark.parametrize(
    ("trades", "amount", "entry", "realized"),
    [
        ([("1", "100")], "1", "100", "0"),
        ([("1", "100"), ("1", "200")], "2", "150", "0"),
        ([("2", "150"), ("-1", "170")], "1", "150", "20"),
        ([("2", "150"), ("-2", "140")], "0", "0", "-20"),
        ([("2", "150"), ("-3", "160")], "-1", "160", "20"),
        ([("-2", "100"), ("1", "90")], "-1", "100", "10"),
        ([("-2", "100"), ("4", "110")], "2", "110", "-20"),
    ],
)
def test_linear_positions(
    trades: list[tuple[str, str]], amount: str, entry: str, realized: str
) -> None:
    position = Position(BTCUSDT, "BOTH")

    profits = [_trade(position, quantity, price) for quantity, price in trades]

    assert position.amount == Decimal(amount)
    assert position.entry_price == Decimal(entry)
    assert sum(profits) == position.realized == Decimal(realized)


def test_inverse_long_gains_base_asset_as_the_price_rises() -> None:
    position = Position(BTCUSD_PERP, "BOTH")
    _trade(position, "100", "50000")

    assert position.profit(Decimal(62500)) == Decimal("0.04")
    assert _trade(position, "-100", "62500") == Decimal("0.04")


def test_inverse_short_gains_as_the_price_falls_and_keeps_a_harmonic_entry() -> None:
    position = Position(BTCUSD_PERP, "BOTH")
    _trade(position, "-100", "40000")
    _trade(position, "-100", "50000")

    assert round(position.entry_price, 4) == Decimal("44444.4444")
    assert _trade(position, "200", "25000") == Decimal("0.8") - Decimal("0.45")


@pytest.mark.parametrize(("quantity", "break_even"), [("1", "100.5"), ("-1", "99.5")])
def test_break_even_pays_for_commission(quantity: str, break_even: str) -> None:
    position = Position(BTCUSDT, "BOTH")
    amount = Decimal(quantity)

    position.trade(amount, amount * 100, Decimal("0.5"), 1)

    assert position.break_even_price == Decimal(break_even)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def maker(venue: Venue) -> Trader:
    return venue.trader()


@pytest.fixture
def taker(venue: Venue) -> Trader:
    return venue.trader()


def test_wallets_move_by_profit_and_commission(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")
    maker.place("BUY", "1", "61000")
    taker.place("SELL", "1")

    assert taker.wallet() == 100_000 + 1000 - 30 - Decimal("30.5")
    assert maker.wallet() == 100_000 - 1000 - 12 - Decimal("12.2")
    assert taker.market.fees["USDT"] == Decimal("84.7")


def test_margin_of_positions_and_orders(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")
    taker.place("BUY", "0.5", "58000")

    (position,) = taker.ask("v2/account.position")

    assert position["positionInitialMargin"] == "3000.00000000"
    assert position["openOrderInitialMargin"] == "1450.00000000"
    assert position["maintMargin"] == "240.00000000"
    assert position["bidNotional"] == "29000.00000000"
    status = taker.ask("v2/account.status")
    assert status["availableBalance"] == f"{100_000 - 30 - 4450}.00000000"
    assert status["totalInitialMargin"] == "4450.00000000"


def test_an_order_that_closes_binds_no_margin(venue: Venue, maker: Trader) -> None:
    poor = venue.trader(USDT="3100")
    maker.place("SELL", "1", "60000")
    maker.place("BUY", "1", "59900")
    poor.place("BUY", "1")

    assert poor.refused_order("BUY", "0.1", "59000") == -2019
    assert poor.refused_order("SELL", "1", "60100") == 0
    assert poor.refused_order("SELL", "2", "60200") == -2019


def test_an_order_that_reduces_is_taken_under_water(venue: Venue, maker: Trader) -> None:
    """More is bound than there is: what adds to it is refused, what takes from it is not."""
    poor = venue.trader(USDT="3100")
    maker.place("SELL", "1", "60000")
    poor.place("BUY", "1")
    venue.market.set_mark_price("BTCUSDT", Decimal(59000))
    available = poor.ask("v2/account.status")["availableBalance"]

    assert Decimal(available) == 0
    assert poor.refused_order("BUY", "0.1", "58000") == -2019
    assert poor.refused_order("SELL", "0.5", "59500") == 0


def test_resting_orders_that_only_close_bind_no_margin(maker: Trader, taker: Trader) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")
    for step in range(3):
        taker.place("SELL", "1", str(61000 + step), reduceOnly="true")

    (position,) = taker.ask("v2/account.position")

    assert (position["openOrderInitialMargin"], position["askNotional"]) == ("0", "0")


def test_unrealised_profit_is_margin_but_cannot_be_withdrawn(
    venue: Venue, maker: Trader, taker: Trader
) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")

    venue.market.set_mark_price("BTCUSDT", Decimal(62000))

    (usdt, _) = taker.ask("account.balance")
    assert (usdt["crossUnPnl"], usdt["balance"]) == ("2000.00000000", "99970.00000000")
    assert usdt["availableBalance"] == f"{99_970 + 2000 - 3100}.00000000"
    assert usdt["maxWithdrawAmount"] == f"{99_970 - 3100}.00000000"


def test_single_asset_wallets_stand_alone_and_multi_assets_together(venue: Venue) -> None:
    trader = venue.trader(USDC="10000")
    assert trader.refused_order("BUY", "0.1", "59000") == -2019

    venue.market.settings.set_multi_assets_mode(trader.account, has_multi_assets=True)

    assert trader.refused_order("BUY", "0.1", "59000") == 0
    status = trader.ask("v2/account.status")
    assert [row["marginAvailable"] for row in status["assets"]] == [True, True]
    assert status["availableBalance"] == "9705.00000000"
    assert trader.heard("ACCOUNT_CONFIG_UPDATE")[-1]["ai"] == {"j": True}


def test_leverage_sets_the_margin(venue: Venue, taker: Trader) -> None:
    venue.market.settings.set_leverage(taker.account, "BTCUSDT", 50)
    taker.place("BUY", "1", "59000")

    (position,) = taker.ask("v2/account.position")

    assert position["initialMargin"] == "1180.00000000"
    assert taker.heard("ACCOUNT_CONFIG_UPDATE")[-1]["ac"] == {"s": "BTCUSDT", "l": 50}
    with pytest.raises(ExchangeError, match="-4028"):
        venue.market.settings.set_leverage(taker.account, "BTCUSDT", 126)


class TestReduceOnly:
    def test_needs_a_position_on_the_other_side(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        taker.place("BUY", "1")

        assert taker.refused_order("BUY", "0.5", "59000", reduceOnly="true") == -2022
        assert taker.refused_order("SELL", "0.5", "60500", reduceOnly="true") == 0

    def test_never_turns_a_position_around(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        taker.place("BUY", "1")
        maker.place("BUY", "5", "59900")

        order_id = taker.place("SELL", "3", reduceOnly="true")["orderId"]

        answer = taker.status(order_id)
        assert (answer["executedQty"], answer["status"]) == ("1.000", "EXPIRED")
        assert taker.heard("ORDER_TRADE_UPDATE")[-1]["o"]["er"] == "4"
        assert taker.position() == 0

    def test_expires_when_the_position_is_gone(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "1", "60000")
        taker.place("BUY", "1")
        resting = taker.place("SELL", "1", "61000", reduceOnly="true")["orderId"]
        maker.place("BUY", "1", "59900")

        taker.place("SELL", "1")

        assert taker.status(resting)["status"] == "EXPIRED"
        assert taker.ask("depth", symbol="BTCUSDT")["asks"] == []

    def test_is_exempt_from_the_least_order_value(self, maker: Trader, taker: Trader) -> None:
        maker.place("SELL", "0.002", "60000")
        taker.place("BUY", "0.002")

        assert taker.refused_order("SELL", "0.001", "60500") == -4164
        assert taker.refused_order("SELL", "0.001", "60500", reduceOnly="true") == 0


class TestHedgeMode:
    @pytest.fixture
    def hedger(self, venue: Venue, taker: Trader) -> Trader:
        venue.market.settings.set_hedge_mode(taker.account, is_hedging=True)
        return taker

    def test_keeps_long_and_short_apart(self, maker: Trader, hedger: Trader) -> None:
        maker.place("SELL", "2", "60000")
        maker.place("BUY", "2", "59900")

        hedger.place("BUY", "1", positionSide="LONG")
        hedger.place("SELL", "0.5", positionSide="SHORT")

        assert hedger.position("LONG") == 1
        assert hedger.position("SHORT") == Decimal("-0.5")
        rows = hedger.ask("account.position", symbol="BTCUSDT")
        assert [row["positionSide"] for row in rows] == ["LONG", "SHORT"]

    @pytest.mark.parametrize(
        ("side", "terms", "code"),
        [
            ("BUY", {}, -4061),
            ("BUY", {"positionSide": "BOTH"}, -4061),
            ("SELL", {"positionSide": "LONG"}, -2022),
            ("BUY", {"positionSide": "SHORT"}, -2022),
            ("BUY", {"positionSide": "LONG", "reduceOnly": "true"}, -1106),
        ],
    )
    def test_refusals(self, hedger: Trader, side: str, terms: dict[str, Any], code: int) -> None:
        assert hedger.refused_order(side, "1", "60000", **terms) == code

    def test_closes_no_more_than_there_is(self, maker: Trader, hedger: Trader) -> None:
        maker.place("SELL", "1", "60000")
        hedger.place("BUY", "1", positionSide="LONG")

        assert hedger.refused_order("SELL", "1.1", "60000", positionSide="LONG") == -2022
        assert hedger.refused_order("SELL", "1", "60000", positionSide="LONG") == 0

    def test_cannot_be_changed_with_orders_or_positions(
        self, venue: Venue, maker: Trader, hedger: Trader
    ) -> None:
        def change() -> None:
            venue.market.settings.set_hedge_mode(hedger.account, is_hedging=False)

        order_id = hedger.place("BUY", "1", "60000", positionSide="LONG")["orderId"]
        with pytest.raises(ExchangeError, match="-4067"):
            change()
        maker.place("SELL", "1", "60000")
        assert hedger.status(order_id)["status"] == "FILLED"
        with pytest.raises(ExchangeError, match="-4068"):
            change()

    def test_the_present_mode_cannot_be_chosen(self, venue: Venue, hedger: Trader) -> None:
        with pytest.raises(ExchangeError, match="-4059"):
            venue.market.settings.set_hedge_mode(hedger.account, is_hedging=True)

    def test_is_common_to_both_markets(self) -> None:
        usdm, coinm = Venue(Market.USDM), Venue(Market.COINM)
        usdm.market.settings.sibling, coinm.market.settings.sibling = coinm.market, usdm.market
        trader, coin_trader = usdm.trader(), coinm.trader()

        usdm.market.settings.set_hedge_mode(trader.account, is_hedging=True)

        assert coin_trader.account.is_hedging
        assert coin_trader.refused_order("BUY", "1", "60000") == -4061


class TestLiquidation:
    @pytest.fixture
    def gambler(self, venue: Venue, maker: Trader) -> Trader:
        gambler = venue.trader(USDT="1000")
        venue.market.settings.set_leverage(gambler.account, "BTCUSDT", 100)
        maker.place("SELL", "1", "60000")
        gambler.place("BUY", "1")
        return gambler

    def test_price_is_where_maintenance_meets_the_balance(
        self, venue: Venue, gambler: Trader
    ) -> None:
        (position,) = gambler.ask("v2/account.position")

        price = Decimal(position["liquidationPrice"])

        # 1000 - 30 + (price - 60000) = 0.004 * price
        assert round(price, 2) == round(Decimal(59030) / Decimal("0.996"), 2)

    def test_price_counts_the_maintenance_of_other_positions(
        self, venue: Venue, maker: Trader, gambler: Trader
    ) -> None:
        maker.place("SELL", "0.1", "3000", symbol="ETHUSDT")
        gambler.place("BUY", "0.1", symbol="ETHUSDT")

        rows = {row["symbol"]: row for row in gambler.ask("v2/account.position")}

        # 970 - 0.15 - 1.2 + (price - 60000) = 0.004 * price
        price = Decimal(rows["BTCUSDT"]["liquidationPrice"])
        assert round(price, 2) == round(Decimal("59031.35") / Decimal("0.996"), 2)

    def test_warns_once_then_closes_the_position(
        self, venue: Venue, maker: Trader, gambler: Trader
    ) -> None:
        maker.place("BUY", "2", "59100")
        order_id = gambler.place("BUY", "0.002", "55000")["orderId"]
        closed: list[str] = []
        venue.market.margin_watch.liquidation_listeners.append(
            lambda order: closed.append(order.client_order_id)
        )

        venue.market.set_mark_price("BTCUSDT", Decimal(59280))
        venue.market.set_mark_price("BTCUSDT", Decimal(59270))
        (call,) = gambler.heard("MARGIN_CALL")
        assert (call["cw"], call["p"][0]["mm"]) == ("970.00000000", "237.12000000")
        assert gambler.position() == 1
        venue.market.set_mark_price("BTCUSDT", Decimal(59000))

        assert gambler.position() == 0
        assert gambler.status(order_id)["status"] == "EXPIRED"
        assert closed[0].startswith("autoclose-")
        last = gambler.heard("ORDER_TRADE_UPDATE")[-1]["o"]
        assert (last["x"], last["X"], last["o"]) == ("CALCULATED", "FILLED", "LIQUIDATION")

    def test_insurance_pays_for_a_wallet_below_zero(
        self, venue: Venue, maker: Trader, gambler: Trader
    ) -> None:
        maker.place("BUY", "2", "58000")

        venue.market.set_mark_price("BTCUSDT", Decimal(58000))

        assert gambler.wallet() == 0
        assert venue.market.margin_watch.insurance["USDT"] < -1000
        assert gambler.heard("ACCOUNT_UPDATE")[-1]["a"]["m"] == "INSURANCE_CLEAR"

    def test_closes_against_the_other_side_where_the_book_has_no_counterpart(
        self, venue: Venue, maker: Trader, gambler: Trader
    ) -> None:
        venue.market.set_mark_price("BTCUSDT", Decimal(59000))

        assert gambler.position() == maker.position() == 0
        assert gambler.wallet() == 0


def test_funding_moves_money_from_longs_to_shorts(
    venue: Venue, maker: Trader, taker: Trader
) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")
    before = maker.wallet()

    venue.market.pay_funding("BTCUSDT", Decimal("0.001"))

    assert taker.wallet() == 100_000 - 30 - 60
    assert maker.wallet() - before == 60
    update = taker.heard("ACCOUNT_UPDATE")[-1]["a"]
    assert update == {
        "m": "FUNDING_FEE",
        "S": "BTCUSDT",
        "B": [{"a": "USDT", "wb": "99910.00000000", "cw": "99910.00000000", "bc": "-60.00000000"}],
    }


def test_mark_price_follows_again_when_it_is_let_go(
    venue: Venue, maker: Trader, taker: Trader
) -> None:
    maker.place("SELL", "1", "60000")
    taker.place("BUY", "1")
    venue.market.set_mark_price("BTCUSDT", Decimal(61000))
    venue.market.set_index_price("BTCUSDT", Decimal(60500))

    marks = []
    venue.market.set_mark_price("BTCUSDT", None)
    marks.append(taker.ask("v2/account.position")[0]["markPrice"])
    venue.market.set_index_price("BTCUSDT", None)
    marks.append(taker.ask("v2/account.position")[0]["markPrice"])

    assert marks == ["60500.00000000", "60000.00000000"]


def test_deposit_is_told(venue: Venue, taker: Trader) -> None:
    venue.market.deposit(taker.account, "USDT", Decimal(50))

    assert taker.heard("ACCOUNT_UPDATE")[-1]["a"]["B"][0]["bc"] == "50.00000000"


def test_wallets_of_other_assets_are_refused(venue: Venue) -> None:
    with pytest.raises(ValueError, match="BTC is no margin asset here"):
        venue.trader(BTC="1")


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 40),
        st.integers(-8, 8),
        st.sampled_from(["GTC", "IOC", "FOK", "GTX", "MARKET"]),
        st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]),
        st.booleans(),
    ),
    max_size=40,
)


@pytest.mark.parametrize("market", [Market.USDM, Market.COINM])
@settings(max_examples=60, deadline=None)
@given(orders=ORDERS, mark_step=st.integers(-300, 300))
def test_money_and_positions_are_conserved(
    market: Market, orders: list[tuple[int, str, int, int, str, str, bool]], mark_step: int
) -> None:
    """Whatever is traded: positions add up to zero, and no money appears or is lost."""
    venue = Venue(market)
    traders = [venue.trader() for _ in range(3)]
    contract = venue.market.contracts[SYMBOL[market]]
    for who, side, size, step, kind, prevention, reduce_only in orders:
        quantity = str(size if market is Market.COINM else Decimal(size) / 20)
        terms: dict[str, Any] = {"selfTradePreventionMode": prevention, "reduceOnly": reduce_only}
        price = None
        if kind != "MARKET":
            price = str(60000 + 100 * step)
            terms["timeInForce"] = kind
        traders[who].refused_order(side, quantity, price, **terms)
    if orders:
        venue.market.set_mark_price(contract.symbol, Decimal(60000 + 10 * mark_step))
        venue.market.pay_funding(contract.symbol)

    asset = contract.margin_asset
    accounts = [trader.account for trader in traders]
    positions = [account.held(contract, "BOTH") for account in accounts]
    start = 3 * Decimal(FUNDS[market][asset])
    wallets = sum(account.wallet(asset) for account in accounts)
    kept = venue.market.fees.get(asset, 0) + venue.market.margin_watch.insurance.get(asset, 0)
    costs = sum(position.cost for position in positions)
    assert sum(position.amount for position in positions) == 0
    assert wallets + kept - contract.profit_sign * costs == start
    unrealised = sum(position.profit(Decimal(60000)) for position in positions)
    assert abs(wallets + kept + unrealised - start) <= Decimal("0.00000003")
    _assert_book_matches_orders(venue, traders)


def _assert_book_matches_orders(venue: Venue, traders: list[Trader]) -> None:
    """Each level's total is the sum of the open orders at its price, and the book is not crossed."""
    book = venue.market.books[SYMBOL[venue.market.market]]
    for side in ("BUY", "SELL"):
        totals: dict[Decimal, Decimal] = {}
        for trader in traders:
            for order in trader.account.open_orders.values():
                if order.side == side:
                    totals[order.price] = totals.get(order.price, Decimal(0)) + order.remaining
        assert dict(book.side(side).top(1000)) == totals
    bid, ask = book.bids.best(), book.asks.best()
    assert bid is None or ask is None or bid < ask


@settings(max_examples=60, deadline=None)
@given(orders=ORDERS)
def test_hedge_mode_conserves_too(
    orders: list[tuple[int, str, int, int, str, str, bool]],
) -> None:
    """Two hedgers and one account in one-way mode trade; no side ever has the wrong sign."""
    venue = Venue()
    traders = [venue.trader() for _ in range(3)]
    for hedger in traders[:2]:
        venue.market.settings.set_hedge_mode(hedger.account, is_hedging=True)
    for who, side, size, step, _, prevention, picks_long in orders:
        terms = {} if who == 2 else {"positionSide": "LONG" if picks_long else "SHORT"}
        traders[who].refused_order(
            side,
            str(Decimal(size) / 20),
            str(60000 + 100 * step),
            selfTradePreventionMode=prevention,
            **terms,
        )

    held = [one for trader in traders for one in trader.account.positions.values()]
    assert sum(position.amount for position in held) == 0
    assert all(one.amount >= 0 for one in held if one.side == "LONG")
    assert all(one.amount <= 0 for one in held if one.side == "SHORT")
    wallets = sum(trader.wallet() for trader in traders)
    kept = venue.market.fees.get("USDT", Decimal(0))
    assert wallets + kept - sum(position.cost for position in held) == 300_000
    _assert_book_matches_orders(venue, traders)


@settings(max_examples=40, deadline=None)
@given(orders=ORDERS)
def test_wallet_is_start_plus_realised_profit_less_commission(
    orders: list[tuple[int, str, int, int, str, str, bool]],
) -> None:
    venue = Venue()
    traders = [venue.trader() for _ in range(3)]
    for who, side, size, step, _, prevention, _ in orders:
        traders[who].refused_order(
            side,
            str(Decimal(size) / 20),
            str(60000 + 100 * step),
            selfTradePreventionMode=prevention,
        )

    for trader in traders:
        fills = [e["o"] for e in trader.heard("ORDER_TRADE_UPDATE") if e["o"]["x"] == "TRADE"]
        profit = sum(Decimal(fill["rp"]) for fill in fills)
        commission = sum(Decimal(fill["n"]) for fill in fills)
        bought = sum(
            (Decimal(fill["l"]) if fill["S"] == "BUY" else -Decimal(fill["l"])) for fill in fills
        )
        assert trader.wallet() == 100_000 + profit - commission
        assert trader.position() == bought
