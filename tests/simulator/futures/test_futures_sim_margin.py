"""Isolated margin, leverage brackets, and positions closed for somebody else's liquidation."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from futures_sim_venue import FUNDS, SYMBOL, Trader, Venue
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.contracts import DEFAULT_CONTRACTS, Money
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.rest import FuturesRest
from binance_wsapi.simulator.futures.stream_venue import StreamVenue


class Desk:
    """A market with its REST calls: one who makes prices, one who trades with isolated margin."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.venue = Venue(market)
        self.engine = self.venue.market
        self.contract = self.engine.contracts[SYMBOL[market]]
        self.maker = self.venue.trader()
        self.trader = self.venue.trader(**self.funds())
        self._rest = FuturesRest(StreamVenue.of(self.engine), RequestLimits(self.engine.clock))
        self.ask("POST", "v1/leverage", symbol=self.contract.symbol, leverage="10")
        self.ask("POST", "v1/marginType", symbol=self.contract.symbol, marginType="ISOLATED")

    def funds(self) -> dict[str, str]:
        return {self.contract.margin_asset: f"{self.value('10000')}"}

    def size(self, contracts: int) -> str:
        """Return a quantity worth about 6,000 quote units a contract."""
        return str(contracts * (60 if self.market is Market.COINM else Decimal("0.1")))

    def ask(self, verb: str, path: str, who: Trader | None = None, **params: Any) -> Any:
        call = self._rest.find(verb, path)
        assert call is not None, f"no {verb} {path}"
        return call.answer(params, (who or self.trader).account)

    def refused(self, verb: str, path: str, who: Trader | None = None, **params: Any) -> int:
        with pytest.raises(ExchangeError) as refusal:
            self.ask(verb, path, who, **params)
        return refusal.value.code

    def move(self, amount: str, direction: int, **params: Any) -> Any:
        terms: dict[str, Any] = {
            "symbol": self.contract.symbol,
            "amount": amount,
            "type": str(direction),
        }
        return self.ask("POST", "v1/positionMargin", **terms, **params)

    def trade(self, side: str, contracts: int, price: str = "60000", **params: Any) -> None:
        """Let the trader trade with the maker, and nothing rest."""
        other = "SELL" if side == "BUY" else "BUY"
        self.maker.place(other, self.size(contracts), price)
        self.trader.place(side, self.size(contracts), price, **params)

    @property
    def position(self) -> Position:
        return self.trader.account.held(self.contract, "BOTH")

    @property
    def cross(self) -> Decimal:
        return self.trader.account.cross_wallet(self.contract.margin_asset)

    def value(self, text: str) -> Decimal:
        """Return what an amount of USD-M money is on this market, at 60000."""
        amount = Decimal(text)
        return amount if self.market is Market.USDM else (amount / 60_000).quantize(Money)


@pytest.fixture(params=[Market.USDM, Market.COINM], ids=lambda market: market.value)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


class TestIsolatedWallet:
    def test_opening_sets_the_value_by_the_leverage_apart(self, desk: Desk) -> None:
        before = desk.cross
        desk.trade("BUY", 2)

        fee = desk.value("6")
        assert desk.position.isolated_wallet == desk.value("1200")
        assert desk.cross == before - desk.value("1200") - fee
        assert desk.trader.wallet() == before - fee
        update = desk.trader.heard("ACCOUNT_UPDATE")[-1]["a"]
        assert (update["P"][0]["mt"], Decimal(update["P"][0]["iw"])) == (
            "isolated",
            desk.value("1200"),
        )
        assert Decimal(update["B"][0]["cw"]) == desk.cross

    def test_a_part_closed_gives_back_its_share_with_its_profit(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        cross = desk.cross

        desk.trade("SELL", 1)

        assert desk.position.isolated_wallet == desk.value("600")
        assert desk.cross == cross + desk.value("600") - desk.value("3")

    def test_a_loss_beyond_the_share_stays_with_the_position(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        cross, apart = desk.cross, desk.position.isolated_wallet

        desk.maker.place("BUY", desk.size(1), "53500")
        desk.engine.set_mark_price(desk.contract.symbol, Decimal(60_000))
        desk.trader.place("SELL", desk.size(1))

        assert desk.position.amount > 0
        assert desk.cross == cross
        assert desk.position.isolated_wallet < apart / 2

    def test_a_flip_gives_all_back_and_sets_anew_apart(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        desk.trade("SELL", 3)

        assert desk.position.amount < 0
        assert desk.position.isolated_wallet == desk.value("600")

    def test_nothing_is_set_apart_once_it_is_closed(self, desk: Desk) -> None:
        before = desk.cross
        desk.trade("BUY", 2)
        desk.trade("SELL", 2)

        assert desk.position.isolated_wallet == 0
        assert desk.cross == desk.trader.wallet() == before - 2 * desk.value("6")

    def test_orders_wait_on_the_cross_wallet(self, desk: Desk) -> None:
        for _ in range(15):
            desk.trade("BUY", 1)

        assert desk.trader.refused_order("BUY", desk.size(2), "60000") == -2019
        assert desk.trader.refused_order("BUY", desk.size(1), "60000") == 0

    def test_profit_that_is_not_realised_opens_none(self) -> None:
        desk = Desk(Market.USDM)
        desk.maker.place("SELL", "60", "3000", symbol="ETHUSDT")
        desk.trader.place("BUY", "60", symbol="ETHUSDT")
        desk.engine.set_mark_price("ETHUSDT", Decimal(3600))

        assert desk.trader.refused_order("BUY", desk.size(2), "60000") == -2019
        assert desk.trader.refused_order("BUY", "10", "3000", symbol="ETHUSDT") == 0

    def test_funding_is_paid_by_the_position(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        cross, apart = desk.cross, desk.position.isolated_wallet

        desk.engine.pay_funding(desk.contract.symbol, Decimal("0.001"))

        assert desk.position.isolated_wallet == apart - desk.value("12")
        assert desk.cross == cross
        update = desk.trader.heard("ACCOUNT_UPDATE")[-1]["a"]
        assert update["m"] == "FUNDING_FEE"
        assert [row["s"] for row in update["P"]] == [desk.contract.symbol]

    def test_answers_tell_it(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        desk.engine.set_mark_price(desk.contract.symbol, Decimal(60_600))
        asset = desk.contract.margin_asset

        positions = desk.trader.ask("account.position")
        row = next(one for one in positions if one["symbol"] == desk.contract.symbol)
        balances = {one["asset"]: one for one in desk.trader.ask("account.balance")}

        assert row["marginType"] == "isolated"
        assert Decimal(row["isolatedWallet"]) == desk.value("1200")
        assert Decimal(row["isolatedMargin"]) == desk.value("1200") + Decimal(
            row["unRealizedProfit"]
        )
        assert Decimal(row["unRealizedProfit"]) > 0
        assert Decimal(balances[asset]["crossWalletBalance"]) == desk.cross
        assert Decimal(balances[asset]["balance"]) == desk.trader.wallet()
        assert Decimal(balances[asset]["crossUnPnl"]) == 0
        assert Decimal(balances[asset]["availableBalance"]) == desk.cross


class TestMovingMargin:
    def test_in_and_out_and_its_history(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        cross, some = desk.cross, desk.value("300")
        desk.venue.clock.advance(1)

        answer = desk.move(f"{some}", 1)
        desk.venue.clock.advance(1)
        desk.move(f"{some}", 2)

        assert (answer["code"], answer["type"], answer["amount"]) == (200, 1, float(some))
        assert (desk.cross, desk.position.isolated_wallet) == (cross, desk.value("1200"))
        assert [e["a"]["m"] for e in desk.trader.heard("ACCOUNT_UPDATE")][-2:] == [
            "MARGIN_TRANSFER"
        ] * 2
        rows = desk.ask("GET", "v1/positionMargin/history", symbol=desk.contract.symbol)
        assert [(row["type"], Decimal(row["amount"])) for row in rows] == [
            (1, desk.value("1200")),
            (1, some),
            (2, some),
        ]
        if desk.market is Market.USDM:
            assert [row["deltaType"] for row in rows] == ["TRADE", "USER_ADJUST", "USER_ADJUST"]
        taken = desk.ask("GET", "v1/positionMargin/history", symbol=desk.contract.symbol, type="2")
        assert len(taken) == 1

    def test_liquidation_goes_farther_away(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        before = desk.engine._risk.liquidation_price(desk.trader.account, desk.position)
        desk.move(f"{desk.value('600')}", 1)

        after = desk.engine._risk.liquidation_price(desk.trader.account, desk.position)
        assert 54_000 < before < 54_900
        assert after < before - 2000

    @pytest.mark.parametrize(
        ("amount", "direction", "code"),
        [("9000", 1, -4050), ("1", 2, -4051), ("0", 1, -4055), ("-1", 1, -4055)],
    )
    def test_refusals(self, desk: Desk, amount: str, direction: int, code: int) -> None:
        desk.trade("BUY", 2)

        terms: dict[str, Any] = {"symbol": desk.contract.symbol, "amount": f"{desk.value(amount)}"}
        refused = desk.refused("POST", "v1/positionMargin", **terms, type=str(direction))
        assert refused == code

    def test_there_has_to_be_an_isolated_position(self, desk: Desk) -> None:
        terms: dict[str, Any] = {"symbol": desk.contract.symbol, "amount": "0.001", "type": "1"}

        assert desk.refused("POST", "v1/positionMargin", **terms) == -4054
        assert desk.refused("POST", "v1/positionMargin", desk.maker, **terms) == -4049
        hedged: dict[str, Any] = terms | {"positionSide": "LONG"}
        assert desk.refused("POST", "v1/positionMargin", **hedged) == -4061

    def test_profit_that_is_not_realised_stays(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        desk.engine.set_mark_price(desk.contract.symbol, Decimal(70_000))

        assert (
            desk.refused(
                "POST",
                "v1/positionMargin",
                symbol=desk.contract.symbol,
                type="2",
                amount=f"{desk.value('600')}",
            )
            == -4051
        )


class TestMarginType:
    def test_it_changes_only_without_orders_and_positions(self, desk: Desk) -> None:
        terms: dict[str, Any] = {"symbol": desk.contract.symbol}

        def change(kind: str) -> int:
            return desk.refused("POST", "v1/marginType", **terms, marginType=kind)

        assert change("ISOLATED") == -4046
        order = desk.trader.place("BUY", desk.size(1), "59000")["orderId"]
        assert change("CROSSED") == -4047
        desk.trader.cancel(order)
        desk.trade("BUY", 1)
        assert change("CROSSED") == -4048
        desk.trade("SELL", 1)
        desk.ask("POST", "v1/marginType", **terms, marginType="CROSSED")
        assert change("CROSSED") == -4046
        assert change("WRONG") == -1130
        last = desk.trader.heard("ACCOUNT_UPDATE")[-1]["a"]
        assert (last["m"], last["P"][0]["mt"]) == ("MARGIN_TYPE_CHANGE", "cross")

    def test_not_in_multi_assets_mode(self) -> None:
        desk = Desk(Market.USDM)

        assert desk.refused("POST", "v1/multiAssetsMargin", multiAssetsMargin="true") == -4167
        desk.ask("POST", "v1/multiAssetsMargin", desk.maker, multiAssetsMargin="true")
        refused = desk.refused(
            "POST", "v1/marginType", desk.maker, symbol="BTCUSDT", marginType="ISOLATED"
        )
        assert refused == -4168

    def test_sides_of_hedge_mode_are_apart_from_each_other(self) -> None:
        desk = Desk(Market.USDM)
        desk.ask("POST", "v1/positionSide/dual", dualSidePosition="true")
        desk.trade("BUY", 2, positionSide="LONG")
        desk.trade("SELL", 1, positionSide="SHORT")

        account = desk.trader.account
        wallets = [account.held(desk.contract, side).isolated_wallet for side in ("LONG", "SHORT")]
        assert wallets == [1200, 600]


class TestIsolatedLiquidation:
    def test_the_position_alone_is_lost(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        kept = desk.trader.place("BUY", desk.size(1), "3000", symbol=_other(desk))
        lost = desk.trader.place("BUY", desk.size(1), "51000")
        cross = desk.cross
        desk.maker.place("BUY", desk.size(2), "53900")

        desk.engine.set_mark_price(desk.contract.symbol, Decimal(54_200))

        assert desk.position.amount == 0
        assert desk.cross == cross == desk.trader.wallet()
        assert desk.trader.status(lost["orderId"])["status"] == "EXPIRED"
        assert desk.trader.status(kept["orderId"], _other(desk))["status"] == "NEW"
        assert desk.engine.margin_watch.insurance[desk.contract.margin_asset] < 0

    def test_warns_once_before(self, desk: Desk) -> None:
        desk.trade("BUY", 2)

        near = 54_270 if desk.market is Market.USDM else 54_810
        for mark in (near, near - 10):
            desk.engine.set_mark_price(desk.contract.symbol, Decimal(mark))

        (call,) = desk.trader.heard("MARGIN_CALL")
        assert "cw" not in call
        (row,) = call["p"]
        assert (row["mt"], Decimal(row["iw"])) == ("ISOLATED", desk.value("1200"))
        assert desk.position.amount

    def test_cross_positions_are_closed_without_it(self) -> None:
        desk = Desk(Market.USDM)
        desk.trade("BUY", 1)
        desk.trader.account.leverages["ETHUSDT"] = 20
        desk.maker.place("SELL", "30", "3000", symbol="ETHUSDT")
        desk.trader.place("BUY", "30", symbol="ETHUSDT")
        apart = desk.position.isolated_wallet
        desk.maker.place("BUY", "30", "2400", symbol="ETHUSDT")

        desk.engine.set_mark_price("ETHUSDT", Decimal(2600))

        assert not desk.trader.account.held(desk.engine.contracts["ETHUSDT"], "BOTH").amount
        assert desk.position.isolated_wallet == apart
        assert desk.trader.wallet() == apart


def _other(desk: Desk) -> str:
    return {Market.USDM: "ETHUSDT", Market.COINM: "BTCUSD_261225"}[desk.market]


class TestBrackets:
    def test_the_list_grows_without_a_step(self, desk: Desk) -> None:
        answer = desk.ask("GET", "v1/leverageBracket", symbol=desk.contract.symbol)
        rows = (answer if desk.market is Market.USDM else answer[0])["brackets"]
        cap, floor = (
            ("notionalCap", "notionalFloor")
            if desk.market is Market.USDM
            else ("qtyCap", "qtylFloor")
        )

        assert len(rows) > 5
        assert [row["bracket"] for row in rows] == list(range(1, len(rows) + 1))
        for below, above in pairwise(rows):
            assert above[floor] == below[cap] < above[cap]
            assert above["initialLeverage"] < below["initialLeverage"]
            at = below[cap]
            assert at * below["maintMarginRatio"] - below["cum"] == pytest.approx(
                at * above["maintMarginRatio"] - above["cum"]
            )

    def test_coinm_lists_a_pair_s(self) -> None:
        desk = Desk(Market.COINM)

        (row,) = desk.ask("GET", "v1/leverageBracket", pair="BTCUSD")

        assert row["pair"] == "BTCUSD"
        assert "symbol" not in row

    def test_maintenance_is_by_bracket(self) -> None:
        desk = Desk(Market.USDM)
        rich = desk.venue.trader(USDT="10000000")
        desk.venue.market.deposit(desk.maker.account, "USDT", Decimal(10_000_000))
        desk.maker.place("SELL", "10", "60000")
        rich.place("BUY", "10")

        (row,) = rich.ask("v2/account.position")

        # 600,000 at 0.5 %, less what the first 300,000 pay less: 0.1 % of them.
        assert Decimal(row["maintMargin"]) == 3000 - 300

    @pytest.mark.parametrize(
        ("leverage", "fits", "passes"), [("125", "4.9", "5.1"), ("100", "13.3", "13.4")]
    )
    def test_a_position_cannot_pass_the_limit_of_its_leverage(
        self, leverage: str, fits: str, passes: str
    ) -> None:
        desk = Desk(Market.USDM)
        rich = desk.venue.trader(USDT="10000000")
        desk.ask("POST", "v1/leverage", rich, symbol="BTCUSDT", leverage=leverage)

        assert rich.refused_order("BUY", passes, "60000") == -2027
        first = rich.place("BUY", fits, "60000")["orderId"]
        assert rich.refused_order("BUY", "0.2", "60000") == -2027
        assert rich.refused_order("SELL", "0.2", "60001") == 0
        assert (
            rich.refused(
                "order.modify",
                symbol="BTCUSDT",
                orderId=first,
                side="BUY",
                quantity=passes,
                price="60000",
            )
            == -2027
        )

    def test_leverage_cannot_pass_what_the_position_allows(self) -> None:
        desk = Desk(Market.USDM)
        rich = desk.venue.trader(USDT="10000000")
        rich.place("BUY", "20", "60000")

        assert desk.refused("POST", "v1/leverage", rich, symbol="BTCUSDT", leverage="125") == -2027
        answer = desk.ask("POST", "v1/leverage", rich, symbol="BTCUSDT", leverage="75")
        assert answer["maxNotionalValue"] == "3000000"

    def test_leverage_cannot_go_below_what_the_margin_pays(self, desk: Desk) -> None:
        terms: dict[str, Any] = {"symbol": desk.contract.symbol}
        desk.trader.place("BUY", desk.size(8), "60000")

        assert desk.refused("POST", "v1/leverage", **terms, leverage="3") == -2028
        assert desk.trader.account.leverage(desk.contract) == 10
        desk.ask("POST", "v1/leverage", **terms, leverage="5")

    def test_leverage_of_an_isolated_position_cannot_be_lowered(self, desk: Desk) -> None:
        terms: dict[str, Any] = {"symbol": desk.contract.symbol}
        desk.trade("BUY", 1)

        assert desk.refused("POST", "v1/leverage", **terms, leverage="9") == -4161
        desk.ask("POST", "v1/leverage", **terms, leverage="20")


@given(
    market=st.sampled_from([Market.USDM, Market.COINM]),
    size=st.integers(1, 30_000),
    is_long=st.booleans(),
    leverage=st.sampled_from([1, 2, 5, 20, 50, 125]),
)
def test_at_the_liquidation_price_the_maintenance_margin_is_all_that_is_left(
    market: Market, size: int, is_long: bool, leverage: int
) -> None:
    """In whatever bracket that price finds the position."""
    venue = Venue(market)
    trader = venue.trader()
    contract = DEFAULT_CONTRACTS[market][0]
    account = trader.account
    account.isolated_symbols.add(contract.symbol)
    position = account.position(contract, "BOTH")
    quantity = Decimal(size) * (1 if is_long else -1) * contract.step_size
    cost = contract.value(Decimal(60_000), quantity)
    position.trade(quantity, cost, Decimal(0), 0)
    position.isolated_wallet = abs(cost) / leverage

    price = venue.market._risk.liquidation_price(account, position)

    if not price:
        assert leverage == 1
        return
    kept = contract.brackets.maintenance_margin(abs(position.value(price)))
    left = position.isolated_wallet + position.profit(price)
    assert abs(kept - left) < Decimal("0.0000001")


class TestDeleveraging:
    def test_the_one_who_gained_most_with_most_leverage_is_closed_at_the_bankruptcy_price(
        self, desk: Desk
    ) -> None:
        careful, bold = (desk.venue.trader(**desk.funds()) for _ in range(2))
        for seller, leverage in ((careful, 2), (bold, 20)):
            terms: dict[str, Any] = {"symbol": desk.contract.symbol}
            desk.ask("POST", "v1/leverage", seller, **terms, leverage=str(leverage))
            desk.ask("POST", "v1/marginType", seller, **terms, marginType="ISOLATED")
            seller.place("SELL", desk.size(1), "60000")
        desk.trader.place("BUY", desk.size(2))
        before = desk.cross
        desk.engine.set_mark_price(desk.contract.symbol, Decimal(59_000))
        (quantile,) = desk.ask("GET", "v1/adlQuantile", bold)
        assert quantile["adlQuantile"]["BOTH"] == 4

        desk.engine.set_mark_price(desk.contract.symbol, Decimal(54_000))

        assert desk.position.amount == bold.position() == careful.position() == 0
        assert 0 <= desk.cross - before < desk.value("1")
        assert not desk.engine.margin_watch.insurance.get(desk.contract.margin_asset)
        first = [e["o"] for e in desk.trader.heard("ORDER_TRADE_UPDATE")]
        assert [(o["o"], o["x"], o["X"]) for o in first[-3:]] == [
            ("LIQUIDATION", "NEW", "NEW"),
            ("LIQUIDATION", "CALCULATED", "PARTIALLY_FILLED"),
            ("LIQUIDATION", "CALCULATED", "FILLED"),
        ]
        told = [e["o"] for e in bold.heard("ORDER_TRADE_UPDATE")[-2:]]
        assert [(o["c"], o["o"], o["S"], o["x"], o["X"]) for o in told] == [
            ("adl_autoclose", "MARKET", "BUY", "NEW", "NEW"),
            ("adl_autoclose", "MARKET", "BUY", "CALCULATED", "FILLED"),
        ]
        assert Decimal(told[1]["n"]) == 0
        price = Decimal(told[1]["L"])
        assert 54_000 <= price < 54_600

        (forced,) = desk.ask("GET", "v1/forceOrders", bold, autoCloseType="ADL")
        assert forced["clientOrderId"] == "adl_autoclose"
        assert desk.ask("GET", "v1/forceOrders", bold, autoCloseType="LIQUIDATION") == []
        assert len(desk.ask("GET", "v1/forceOrders")) == 1
        assert desk.refused("GET", "v1/forceOrders", autoCloseType="X") == -1130

    def test_losses_come_after_gains_and_the_house_behind_all(self, desk: Desk) -> None:
        house = desk.engine.open_account(900, is_house=True)
        winner, loser = desk.venue.trader(), desk.venue.trader()
        desk.engine.set_mark_price(desk.contract.symbol, Decimal(60_000))
        desk.engine.handle(
            "order.place",
            {
                "symbol": desk.contract.symbol,
                "side": "SELL",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "price": "60000",
                "quantity": desk.size(1),
            },
            house,
        )
        desk.trader.place("BUY", desk.size(1))
        desk.maker.place("BUY", desk.size(1), "52000")
        loser.place("SELL", desk.size(1), "52000")
        desk.maker.place("BUY", desk.size(1), "60000")
        winner.place("SELL", desk.size(1), "60000")

        desk.engine.set_mark_price(desk.contract.symbol, Decimal(54_000))

        assert [one.position() != 0 for one in (winner, loser)] == [False, True]
        assert house.held(desk.contract, "BOTH").amount
        assert desk.position.amount == 0

    def test_a_book_that_takes_all_leaves_everybody_alone(self, desk: Desk) -> None:
        desk.trade("BUY", 2)
        bidder = desk.venue.trader()
        bidder.place("BUY", desk.size(2), "54100")

        desk.engine.set_mark_price(desk.contract.symbol, Decimal(54_000))

        assert desk.position.amount == 0
        assert desk.maker.position() != 0
        assert bidder.position() > 0

    def test_what_cross_margin_lacks_the_insurance_pays(self) -> None:
        """A counterpart that is closed at a worse price than the mark may have less than that costs."""
        venue = Venue()
        poor, other, rich = venue.trader(USDT="700"), venue.trader(USDT="700"), venue.trader()
        for trader in (poor, other):
            venue.market.settings.set_leverage(trader.account, "BTCUSDT", 100)
        other.place("SELL", "1", "60000")
        poor.place("BUY", "1")
        venue.market.set_mark_price("BTCUSDT", Decimal(58_000))

        assert poor.position() == other.position() == 0
        total = poor.wallet() + other.wallet() + rich.wallet()
        total += venue.market.fees["USDT"] + venue.market.margin_watch.insurance.get("USDT", 0)
        assert total == 1400 + Decimal(FUNDS[Market.USDM]["USDT"])
        assert min(poor.wallet(), other.wallet()) >= 0
