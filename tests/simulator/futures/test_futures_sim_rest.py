"""REST calls of futures that the WebSocket API lacks."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from futures_sim_venue import FUNDS, Trader, Venue

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.funding import FundingSchedule
from binance_wsapi.simulator.futures.rest import FuturesRest
from binance_wsapi.simulator.futures.stream_venue import StreamVenue


class House:
    """A market with its REST calls and one trader."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.venue = Venue(market)
        self.rest = FuturesRest(
            StreamVenue.of(self.venue.market), RequestLimits(self.venue.market.clock)
        )
        self.trader: Trader = self.venue.trader()
        self.symbol = self.trader.symbol

    def ask(self, verb: str, path: str, **params: Any) -> Any:
        call = self.rest.find(verb, path)
        assert call is not None, f"no {verb} {path}"
        return call.answer(params, self.trader.account)

    def row(self, path: str, **params: Any) -> Any:
        """Return the one row of an answer: COIN-M wraps it in a list, USD-M does not."""
        answer = self.ask("GET", path, **params)
        if self.market is Market.USDM:
            return answer
        (row,) = answer
        return row


@pytest.fixture(params=[Market.USDM, Market.COINM], ids=lambda market: market.value)
def house(request: pytest.FixtureRequest) -> House:
    return House(request.param)


@pytest.fixture
def usdm() -> House:
    return House(Market.USDM)


def test_open_orders_and_all_orders(house: House) -> None:
    first = house.trader.place("BUY", "1", "59000")["orderId"]
    second = house.trader.place("BUY", "1", "59001")["orderId"]
    house.trader.cancel(first)

    assert [row["orderId"] for row in house.ask("GET", "v1/openOrders")] == [second]
    assert len(house.ask("GET", "v1/openOrders", symbol=house.symbol)) == 1
    everything = house.ask("GET", "v1/allOrders", symbol=house.symbol)
    assert [row["status"] for row in everything] == ["CANCELED", "NEW"]
    assert len(house.ask("GET", "v1/allOrders", symbol=house.symbol, limit="1")) == 1


def test_all_open_orders_of_a_contract_are_cancelled(house: House) -> None:
    for price in ("59000", "59001"):
        house.trader.place("BUY", "1", price)

    house.ask("DELETE", "v1/allOpenOrders", symbol=house.symbol)

    assert house.ask("GET", "v1/openOrders") == []


def test_market_data(house: House) -> None:
    other = house.venue.trader()
    other.place("SELL", "1", "60000")
    house.trader.place("BUY", "1")
    other.place("SELL", "1", "60100")

    assert len(house.ask("GET", "v1/depth", symbol=house.symbol)["asks"]) == 1
    assert float(house.row("v1/ticker/price", symbol=house.symbol)["price"]) == 60000
    assert len(house.ask("GET", "v1/ticker/bookTicker")) == len(house.venue.market.contracts)
    assert len(house.ask("GET", "v1/klines", symbol=house.symbol, interval="1m")) == 1
    assert len(house.ask("GET", "v1/trades", symbol=house.symbol)) == 1
    assert house.row("v1/premiumIndex", symbol=house.symbol)["markPrice"] == "60000.00000000"


def test_volumes_of_coinm_are_base_asset_to_the_last_place() -> None:
    house = House(Market.COINM)
    other = house.venue.trader()
    for quantity, price in (("10", "60002"), ("5", "60002"), ("18", "60000")):
        other.place("SELL", quantity, price)
        house.trader.place("BUY", quantity, price)
        house.venue.clock.advance(61)
    worth = ["0.01666611", "0.00833306", "0.03000000"]

    rows = house.ask("GET", "v1/klines", symbol=house.symbol, interval="1m")
    trades = house.ask("GET", "v1/trades", symbol=house.symbol)
    day = house.row("v1/ticker/24hr", symbol=house.symbol)
    fills = house.ask("GET", "v1/userTrades", symbol=house.symbol)

    assert [row[7] for row in rows if row[8]] == [row[10] for row in rows if row[8]] == worth
    assert [row["baseQty"] for row in trades] == [row["baseQty"] for row in fills] == worth
    assert (day["pair"], day["volume"], day["baseVolume"]) == ("BTCUSD", "33", "0.05499917")
    assert day["weightedAvgPrice"] == "60000.9"


def test_tickers_of_coinm_are_lists_that_name_the_pair() -> None:
    house = House(Market.COINM)

    prices = house.ask("GET", "v1/ticker/price", pair="BTCUSD")
    books = house.ask("GET", "v1/ticker/bookTicker", symbol=house.symbol)

    assert {row["ps"] for row in prices} == {"BTCUSD"}
    assert [row["pair"] for row in books] == ["BTCUSD"]
    assert house.ask("GET", "v1/depth", symbol=house.symbol)["pair"] == "BTCUSD"


def test_candles_of_mark_and_index_prices(house: House) -> None:
    engine = house.venue.market
    contract = engine.contracts[house.symbol]
    for mark in ("61000", "60500"):
        house.venue.clock.advance(1)
        engine.set_mark_price(house.symbol, Decimal(mark))
    asked = {"symbol": house.symbol, "pair": contract.pair, "interval": "1h"}

    marks = house.ask("GET", "v1/markPriceKlines", **asked)
    indices = house.ask("GET", "v1/indexPriceKlines", **asked)
    premiums = house.ask("GET", "v1/premiumIndexKlines", **asked)

    opened, highest, lowest, closed = (float(text) for text in marks[0][1:5])
    assert (opened, highest, lowest, closed) == (60000, 61000, 60000, 60500)
    assert float(indices[0][4]) == 60000
    assert premiums[0][4] == "0.00833333"


def test_continuous_candles_are_those_of_the_contract(house: House) -> None:
    contract = house.venue.market.contracts[house.symbol]
    other = house.venue.trader()
    other.place("SELL", "1", "60000")
    house.trader.place("BUY", "1")
    asked = {"pair": contract.pair, "interval": "1m", "symbol": house.symbol}

    rows = house.ask("GET", "v1/continuousKlines", contractType="PERPETUAL", **asked)

    assert rows == house.ask("GET", "v1/klines", **asked)
    with pytest.raises(ExchangeError, match="-1130"):
        house.ask("GET", "v1/continuousKlines", contractType="NEXT_YEAR", **asked)


def test_funding_and_what_an_account_earned(house: House) -> None:
    other = house.venue.trader()
    other.place("SELL", "1", "60000")
    house.trader.place("BUY", "1")
    house.venue.clock.advance(1)
    house.venue.market.pay_funding(house.symbol, Decimal("0.0005"))
    house.venue.market.deposit(house.trader.account, other.market.margin_assets[0], Decimal(5))
    account = house.trader.account

    incomes = house.ask("GET", "v1/income", limit="1000")
    (funding,) = house.ask("GET", "v1/income", symbol=house.symbol, incomeType="FUNDING_FEE")
    (rate,) = house.ask("GET", "v1/fundingRate", symbol=house.symbol)

    assert [one["incomeType"] for one in incomes] == ["COMMISSION", "FUNDING_FEE", "TRANSFER"]
    assert float(funding["income"]) < 0
    assert rate["fundingRate"] == "0.00050000"
    asset = incomes[0]["asset"]
    gained = sum(Decimal(one["income"]) for one in incomes if one["asset"] == asset)
    began = Decimal(FUNDS[house.market][asset])
    assert account.wallet(asset) == began + gained


def test_open_interest_is_what_is_held_long(house: House) -> None:
    other = house.venue.trader()
    other.place("SELL", "2", "60000")
    house.trader.place("BUY", "2")

    answer = house.ask("GET", "v1/openInterest", symbol=house.symbol)

    assert float(answer["openInterest"]) == 2


def test_batches_answer_each_order_in_its_place(house: House) -> None:
    terms = {"symbol": house.symbol, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    batch = [terms | {"quantity": "1", "price": price} for price in ("50000", "-1", "51000")]
    batch[1]["price"] = "-1"

    first, refused, third = house.ask("POST", "v1/batchOrders", batchOrders=json.dumps(batch))
    changed = [
        {"symbol": house.symbol, "side": "BUY", "orderId": first["orderId"]}
        | {"quantity": "2", "price": "52000"}
    ]
    (modified,) = house.ask("PUT", "v1/batchOrders", batchOrders=json.dumps(changed))
    ids = json.dumps([first["orderId"], third["orderId"], 5])
    ended = house.ask("DELETE", "v1/batchOrders", symbol=house.symbol, orderIdList=ids)

    assert refused["code"] == -4001
    assert float(modified["price"]) == 52000
    assert [one.get("status", one.get("code")) for one in ended] == ["CANCELED", "CANCELED", -2011]
    for wrong in ("[]", json.dumps([terms] * 6)):
        with pytest.raises(ExchangeError, match="-4082"):
            house.ask("POST", "v1/batchOrders", batchOrders=wrong)
    for wrong in ("{}", "[1]", "[", "1"):
        with pytest.raises(ExchangeError, match="-1102"):
            house.ask("POST", "v1/batchOrders", batchOrders=wrong)


def test_the_countdown_cancels_unless_it_is_asked_again(house: House) -> None:
    def count_down(ms: int) -> None:
        house.ask("POST", "v1/countdownCancelAll", symbol=house.symbol, countdownTime=str(ms))

    house.trader.place("BUY", "1", "59000")
    count_down(1000)
    house.venue.clock.advance(0.9)
    count_down(1000)
    house.venue.clock.advance(0.9)
    count_down(0)
    house.venue.clock.advance(5)
    assert len(house.ask("GET", "v1/openOrders")) == 1
    count_down(1000)
    house.venue.clock.advance(1)

    assert house.ask("GET", "v1/openOrders") == []


def test_an_open_order_is_found_until_it_ends(house: House) -> None:
    order_id = house.trader.place("BUY", "1", "59000")["orderId"]
    asked = {"symbol": house.symbol, "orderId": str(order_id)}

    assert house.ask("GET", "v1/openOrder", **asked)["orderId"] == order_id
    house.trader.cancel(order_id)
    with pytest.raises(ExchangeError, match="-2013"):
        house.ask("GET", "v1/openOrder", **asked)


def test_pages_are_cut_by_time_and_by_id(house: House) -> None:
    other, start = house.venue.trader(), house.venue.clock.now_us() // 1000
    for _ in range(3):
        other.place("SELL", "1", "60000")
        house.trader.place("BUY", "1")
        house.venue.clock.advance(10)

    def trades(**params: object) -> list[int]:
        asked = {name: str(value) for name, value in params.items()}
        rows = house.ask("GET", "v1/userTrades", symbol=house.symbol, **asked)
        return [row["id"] for row in rows]

    assert trades() == [1, 2, 3]
    assert trades(limit=2) == [2, 3]
    assert trades(startTime=start, limit=2) == [1, 2]
    assert trades(startTime=start + 5_000, endTime=start + 15_000) == [2]
    assert trades(fromId=2) == [2, 3]
    with pytest.raises(ExchangeError, match="-1023"):
        trades(startTime=start, endTime=start - 1)


def test_test_orders_are_checked_and_not_placed(usdm: House) -> None:
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}

    usdm.ask("POST", "v1/order/test", **terms, quantity="1", price="59000")
    with pytest.raises(ExchangeError, match="-2019"):
        usdm.ask("POST", "v1/order/test", **terms, quantity="900", price="59000")

    assert usdm.ask("GET", "v1/allOrders", symbol="BTCUSDT") == []


def test_all_algo_orders_and_their_end(usdm: House) -> None:
    placed = [
        usdm.trader.algo("BUY", "STOP_MARKET", quantity="0.1", triggerPrice=price)["algoId"]
        for price in ("61000", "62000")
    ]

    usdm.ask("DELETE", "v1/algoOpenOrders", symbol="BTCUSDT")

    rows = usdm.ask("GET", "v1/allAlgoOrders", symbol="BTCUSDT")
    assert [(row["algoId"], row["algoStatus"]) for row in rows] == [
        (one, "CANCELED") for one in placed
    ]
    assert usdm.ask("GET", "v1/openAlgoOrders") == []


def test_a_client_id_used_again_means_the_latest_algo_order(usdm: House) -> None:
    terms = {"quantity": "0.1", "triggerPrice": "61000", "clientAlgoId": "mine"}
    first = usdm.trader.algo("BUY", "STOP_MARKET", **terms)["algoId"]
    usdm.trader.ask("algoOrder.cancel", algoId=first)
    second = usdm.trader.algo("BUY", "STOP_MARKET", **terms)["algoId"]

    assert usdm.ask("GET", "v1/algoOrder", clientAlgoId="mine")["algoId"] == second


def test_configurations_and_rates(usdm: House) -> None:
    (config,) = usdm.ask("GET", "v1/symbolConfig", symbol="BTCUSDT")
    rate = usdm.ask("GET", "v1/commissionRate", symbol="BTCUSDT")
    limits = usdm.ask("GET", "v1/rateLimit/order")

    assert (config["marginType"], config["leverage"]) == ("CROSSED", 20)
    assert usdm.ask("GET", "v1/accountConfig")["dualSidePosition"] is False
    assert (rate["makerCommissionRate"], rate["takerCommissionRate"]) == ("0.0002", "0.0005")
    assert {row["rateLimitType"] for row in limits} == {"ORDERS"}


def test_settings_of_the_account(house: House) -> None:
    answer = house.ask("POST", "v1/leverage", symbol=house.symbol, leverage="50")
    assert answer["leverage"] == 50

    assert house.ask("GET", "v1/positionSide/dual") == {"dualSidePosition": False}
    house.ask("POST", "v1/positionSide/dual", dualSidePosition="true")
    assert house.ask("GET", "v1/positionSide/dual") == {"dualSidePosition": True}


def test_leverage_brackets_are_what_the_engine_charges(house: House) -> None:
    path = "v1/leverageBracket" if house.market is Market.USDM else "v2/leverageBracket"
    contract = house.venue.market.contracts[house.symbol]

    everything = house.ask("GET", path)
    assert len(everything) == len(house.venue.market.contracts)
    answer = house.ask("GET", path, symbol=house.symbol)
    row = answer if house.market is Market.USDM else answer[0]
    names = ("notionalCap", "notionalFloor")
    most, least = names if house.market is Market.USDM else ("qtyCap", "qtylFloor")
    assert row["symbol"] == house.symbol
    assert [(one["initialLeverage"], one[least], one[most]) for one in row["brackets"]] == [
        (one.max_leverage, one.floor, one.cap) for one in contract.brackets.rows
    ]


def test_multi_assets_mode(usdm: House) -> None:
    usdm.ask("POST", "v1/multiAssetsMargin", multiAssetsMargin="true")

    assert usdm.ask("GET", "v1/multiAssetsMargin") == {"multiAssetsMargin": True}


def test_algo_orders_can_be_asked_for(usdm: House) -> None:
    placed = usdm.trader.algo("BUY", "STOP_MARKET", quantity="0.1", triggerPrice="61000")

    (open_one,) = usdm.ask("GET", "v1/openAlgoOrders", symbol="BTCUSDT")
    found = usdm.ask("GET", "v1/algoOrder", algoId=str(placed["algoId"]))
    by_client_id = usdm.ask("GET", "v1/algoOrder", clientAlgoId=placed["clientAlgoId"])

    assert open_one["algoId"] == found["algoId"] == by_client_id["algoId"] == placed["algoId"]
    assert found["actualOrderId"] == ""
    with pytest.raises(ExchangeError, match="-2013"):
        usdm.ask("GET", "v1/algoOrder", algoId="5")


@pytest.mark.parametrize(
    ("verb", "path", "security"),
    [
        ("GET", "v1/premiumIndex", Security.NONE),
        ("GET", "v1/openOrders", Security.USER_DATA),
        ("POST", "v1/leverage", Security.TRADE),
    ],
)
def test_what_is_asked_of_the_sender(
    house: House, verb: str, path: str, security: Security
) -> None:
    call = house.rest.find(verb, path)

    assert call is not None
    assert call.security is security


@pytest.mark.parametrize(
    ("market", "verb", "path"),
    [
        (Market.USDM, "POST", "v1/klines"),
        (Market.USDM, "GET", "v1/nothing"),
        (Market.USDM, "GET", ""),
        (Market.COINM, "GET", "v1/openAlgoOrders"),
    ],
)
def test_calls_that_do_not_exist(market: Market, verb: str, path: str) -> None:
    assert House(market).rest.find(verb, path) is None


def test_what_is_the_accounts_is_that_of_a_week_unless_asked_for_otherwise(house: House) -> None:
    other = house.venue.trader()
    other.place("SELL", "1", "60000")
    order_id = house.trader.place("BUY", "1")["orderId"]
    began_ms = house.venue.clock.now_us() // 1000
    (trade,) = house.ask("GET", "v1/userTrades", symbol=house.symbol)
    house.venue.clock.advance(7 * 86_400 + 1)

    for path, first in (
        ("v1/userTrades", {"fromId": trade["id"]}),
        ("v1/allOrders", {"orderId": order_id}),
    ):
        assert house.ask("GET", path, symbol=house.symbol) == []
        assert len(house.ask("GET", path, symbol=house.symbol, **first)) == 1
        assert len(house.ask("GET", path, symbol=house.symbol, startTime=str(began_ms))) == 1


def test_histories_weigh_what_the_documents_say(house: House) -> None:
    path = Path(__file__).parents[2] / "reference" / house.market.value / "rules.json"
    documented = json.loads(path.read_text())["histories"]["rest"]

    for name, row in documented.items():
        call = house.rest.find("GET", name.split("/", 2)[2])
        assert call is not None, name
        fixed = {"1": row.get("weight_since_integration", row.get("weight"))}
        for limit, weight in row.get("weight_from_limit", fixed).items():
            assert call.weight({"limit": limit}) == weight, (name, limit)


def test_private_calls_need_an_account(usdm: House) -> None:
    call = usdm.rest.find("GET", "v1/openOrders")
    assert call is not None

    with pytest.raises(ExchangeError, match="-2015"):
        call.answer({}, None)


def test_funding_is_settled_on_time_and_conserves_what_there_is(house: House) -> None:
    other, clock = house.venue.trader(), house.venue.clock
    other.place("SELL", "1", "60000")
    house.trader.place("BUY", "1")
    engine = house.venue.market
    FundingSchedule(engine).start()
    asset = engine.contracts[house.symbol].margin_asset

    def owned() -> Decimal:
        wallets = (account.wallet(asset) for account in engine.accounts.values())
        return sum(wallets, engine.margin_watch.insurance.get(asset, Decimal(0)))

    before = owned()
    clock.advance(24 * 3600)

    times = [row["fundingTime"].us for row in house.ask("GET", "v1/fundingRate")]
    own = house.ask("GET", "v1/fundingRate", symbol=house.symbol)
    paid = house.ask("GET", "v1/income", incomeType="FUNDING_FEE")
    assert all(time_us % (8 * 3600 * 1_000_000) == 0 for time_us in times)
    assert len(own) == len(paid) == 3
    assert owned() == before


def test_modifications_of_an_order_are_remembered_newest_first(house: House) -> None:
    order_id = house.trader.place("BUY", "1", "59000")["orderId"]
    terms = {"symbol": house.symbol, "orderId": order_id, "side": "BUY"}
    for quantity, price, more in (("2", "59000", {}), ("2", "59001", {"modifyId": 7})):
        house.venue.clock.advance(1)
        house.trader.ask("order.modify", **terms, quantity=quantity, price=price, **more)

    rows = house.ask("GET", "v1/orderAmendment", symbol=house.symbol, orderId=str(order_id))
    later = house.ask(
        "GET",
        "v1/orderAmendment",
        symbol=house.symbol,
        orderId=str(order_id),
        startTime=str(rows[0]["time"].us // 1000),
    )

    assert [row["amendment"]["count"] for row in rows] == [2, 1]
    newest = rows[0]["amendment"]
    assert {name: float(price) for name, price in newest["price"].items()} == {
        "before": 59000,
        "after": 59001,
    }
    assert newest["origQty"]["before"] == newest["origQty"]["after"]
    assert (newest["modifyId"], "modifyId" in rows[1]["amendment"]) == (7, False)
    assert [float(text) for text in rows[1]["amendment"]["origQty"].values()] == [1, 2]
    assert rows[0]["amendmentId"] > rows[1]["amendmentId"]
    assert (rows[0]["pair"], later) == (house.venue.market.contracts[house.symbol].pair, rows[:1])
    with pytest.raises(ExchangeError, match="-2013"):
        house.ask("GET", "v1/orderAmendment", symbol=house.symbol, orderId="1")


class TestStatistics:
    """What ``/futures/data/`` tells, by periods of five minutes; the clock starts 200 s into one."""

    @pytest.fixture
    def traded(self, house: House) -> House:
        """Two trade in the first period, and one of them again in the third."""
        other = house.venue.trader()
        for side, quantity, wait in (("BUY", "4", 600), ("SELL", "1", 300)):
            other.place("SELL" if side == "BUY" else "BUY", quantity, "60000")
            house.trader.place(side, quantity, "60000")
            house.venue.clock.advance(wait)
        return house

    def named(self, house: House, **more: Any) -> dict[str, Any]:
        """Return how each market asks: by symbol, or by pair and contract type."""
        if house.market is Market.USDM:
            return {"symbol": house.symbol, "period": "5m"} | more
        return {"pair": "BTCUSD", "contractType": "PERPETUAL", "period": "5m"} | more

    def test_open_interest_of_periods_with_trades(self, traded: House) -> None:
        rows = traded.ask("GET", "data/openInterestHist", **self.named(traded))

        assert [float(row["sumOpenInterest"]) for row in rows] == [4, 3]
        worth = 240_000 if traded.market is Market.USDM else pytest.approx(400 / 60_000, abs=1e-8)
        assert float(rows[0]["sumOpenInterestValue"]) == worth
        first, second = (row["timestamp"].us for row in rows)
        assert second - first == 600_000_000
        assert first % 300_000_000 == 0

    def test_periods_are_chosen_by_time_and_limit(self, traded: House) -> None:
        def asked(**more: Any) -> list[float]:
            rows = traded.ask("GET", "data/openInterestHist", **self.named(traded, **more))
            return [float(row["sumOpenInterest"]) for row in rows]

        (first, second) = (
            row["timestamp"].us // 1000
            for row in traded.ask("GET", "data/openInterestHist", **self.named(traded))
        )
        assert asked(limit="1") == [3]
        assert asked(startTime=str(first + 1)) == [3]
        assert asked(endTime=str(second - 1)) == [4]
        assert asked(startTime=str(first), limit="1") == [4]
        assert asked(period="1h") == []
        with pytest.raises(ExchangeError, match="-1130"):
            asked(period="3m")

    def test_what_takers_bought_and_sold(self, traded: House) -> None:
        if traded.market is Market.USDM:
            rows = traded.ask("GET", "data/takerlongshortRatio", **self.named(traded))
            assert [(float(r["buyVol"]), float(r["sellVol"])) for r in rows] == [(4, 0), (0, 1)]
            return
        rows = traded.ask("GET", "data/takerBuySellVol", **self.named(traded))
        assert [(r["takerBuyVol"], r["takerSellVol"]) for r in rows] == [("4", "0"), ("0", "1")]
        assert rows[0]["takerBuyVolValue"] == "0.00666667"

    def test_accounts_by_side(self, traded: House) -> None:
        third = traded.venue.trader()
        third.place("SELL", "1", "60000")
        traded.trader.place("BUY", "1", "60000")
        traded.venue.clock.advance(300)

        rows = traded.ask("GET", "data/globalLongShortAccountRatio", **self.named(traded))

        assert [row["longShortRatio"] for row in rows] == ["1.0000", "1.0000", "0.5000"]
        assert (rows[-1]["longAccount"], rows[-1]["shortAccount"]) == ("0.3333", "0.6667")

    def test_basis(self, house: House) -> None:
        pair = "BTCUSDT" if house.market is Market.USDM else "BTCUSD"
        quarter = next(
            one.symbol
            for one in house.venue.market.contracts.values()
            if (one.pair, one.contract_type) == (pair, "CURRENT_QUARTER")
        )
        house.venue.market.set_index_price(quarter, Decimal(60_000))
        house.venue.clock.advance(300)
        asked = {"pair": pair, "contractType": "CURRENT_QUARTER", "period": "5m"}

        rows = house.ask("GET", "data/basis", **asked)

        last = rows[-1]
        assert (last["basis"], last["basisRate"]) == ("600.00000000", "0.0100")
        assert 0 < float(last["annualizedBasisRate"]) < 0.01
        perpetual = house.ask("GET", "data/basis", **asked | {"contractType": "PERPETUAL"})
        assert perpetual[-1]["annualizedBasisRate"] == ""
        for wrong, code in (({"contractType": "ALL"}, "-1130"), ({"pair": "X"}, "-4144")):
            with pytest.raises(ExchangeError, match=code):
                house.ask("GET", "data/basis", **asked | wrong)

    def test_top_traders_are_the_richest_fifth(self, traded: House) -> None:
        traders = [traded.venue.trader() for _ in range(8)]
        asset = "USDT" if traded.market is Market.USDM else "BTC"
        for rich in traders[:2]:
            traded.venue.market.deposit(rich.account, asset, Decimal(1000))
        traders[0].place("SELL", "3", "60000")
        traders[1].place("BUY", "1", "60000")
        traders[2].place("BUY", "2", "60000")
        traded.venue.clock.advance(300)
        traders[0].place("BUY", "1", "60000")
        traders[2].place("SELL", "1", "60000")
        traded.venue.clock.advance(300)

        by_accounts = traded.ask("GET", "data/topLongShortAccountRatio", **self.named(traded))
        by_positions = traded.ask("GET", "data/topLongShortPositionRatio", **self.named(traded))

        # Of ten accounts two are the fifth: one long of 1, one short of 3, later 2.
        assert [row["longShortRatio"] for row in by_accounts] == ["1.0000", "1.0000"]
        assert [row["longShortRatio"] for row in by_positions] == ["0.3333", "0.5000"]
        long, short = (
            ("longAccount", "shortAccount")
            if traded.market is Market.USDM
            else ("longPosition", "shortPosition")
        )
        assert (by_positions[0][long], by_positions[0][short]) == ("0.2500", "0.7500")
        assert (by_accounts[0]["longAccount"], by_accounts[0]["shortAccount"]) == ("0.5000",) * 2

    def test_no_contract_was_delivered(self, house: House) -> None:
        pair = "BTCUSDT" if house.market is Market.USDM else "BTCUSD"
        assert house.ask("GET", "data/delivery-price", pair=pair) == []
        with pytest.raises(ExchangeError, match="-4144"):
            house.ask("GET", "data/delivery-price", pair="NONE")
        assert house.rest.find("POST", "data/basis") is None


def test_the_insurance_fund_tells_what_it_got_and_paid(usdm: House) -> None:
    other = usdm.venue.trader()
    other.place("SELL", "1", "60000")
    usdm.trader.place("BUY", "1", "60000")
    (whole,) = usdm.ask("GET", "v1/insuranceBalance")
    assert {row["asset"]: row["marginBalance"] for row in whole["assets"]} == dict.fromkeys(
        usdm.venue.market.margin_assets, "0.00000000"
    )
    # Its margin cannot pay the way down; what is left over the fund pays.
    usdm.venue.market.deposit(usdm.trader.account, "USDT", Decimal(-95_000))
    third = usdm.venue.trader()
    third.place("BUY", "2", "50000")

    usdm.venue.market.set_mark_price(usdm.symbol, Decimal(50_000))

    fund = usdm.ask("GET", "v1/insuranceBalance", symbol=usdm.symbol)
    assert usdm.symbol in fund["symbols"]
    (paid,) = [row["marginBalance"] for row in fund["assets"] if row["asset"] == "USDT"]
    assert Decimal(paid) == usdm.venue.market.margin_watch.insurance["USDT"] < -4_000
    with pytest.raises(ExchangeError, match="-1121"):
        usdm.ask("GET", "v1/insuranceBalance", symbol="NONE")


def test_deleveraging_is_likely_where_the_book_cannot_take_a_position(usdm: House) -> None:
    def risk() -> str:
        row = usdm.ask("GET", "v1/symbolAdlRisk", symbol=usdm.symbol)
        assert list(row) == ["symbol", "adlRisk", "updateTime"]
        return str(row["adlRisk"])

    assert risk() == "low"  # nobody holds anything
    long, short, maker = (usdm.venue.trader() for _ in range(3))
    short.place("SELL", "3", "60000")
    usdm.trader.place("BUY", "2", "60000")
    long.place("BUY", "1", "60000")
    assert risk() == "high"
    maker.place("SELL", "3", "60100")
    maker.place("BUY", "2", "59900")
    assert risk() == "medium"  # both longs together are more than is bid
    maker.place("BUY", "1", "59800")
    assert risk() == "low"
    assert len(usdm.ask("GET", "v1/symbolAdlRisk")) == len(usdm.venue.market.contracts)


def test_commission_is_not_paid_in_bnb(usdm: House, caplog: pytest.LogCaptureFixture) -> None:
    assert usdm.ask("POST", "v1/feeBurn", feeBurn="false")["code"] == 200
    with pytest.raises(ExchangeError, match="-1020"):
        usdm.ask("POST", "v1/feeBurn", feeBurn="true")
    assert "not simulated: commission paid in BNB" in caplog.text
    with pytest.raises(ExchangeError, match="-1102"):
        usdm.ask("POST", "v1/feeBurn")


def test_aggregate_trades_are_told_by_the_hour(house: House) -> None:
    now_ms = house.venue.clock.now_us() // 1000
    hour = {"startTime": str(now_ms - 3_600_000), "endTime": str(now_ms)}
    assert house.ask("GET", "v1/aggTrades", symbol=house.symbol, **hour) == []
    longer = hour | {"startTime": str(now_ms - 3_600_001)}
    with pytest.raises(ExchangeError, match="-4165"):
        house.ask("GET", "v1/aggTrades", symbol=house.symbol, **longer)


@pytest.mark.parametrize("values", [(), ("",)], ids=["missing", "empty"])
def test_a_setting_without_its_value_is_refused(usdm: House, values: tuple[str, ...]) -> None:
    for path, name in (
        ("leverage", "leverage"),
        ("positionSide/dual", "dualSidePosition"),
        ("multiAssetsMargin", "multiAssetsMargin"),
    ):
        given = dict(zip((name,), values, strict=False))
        with pytest.raises(ExchangeError, match="-1102"):
            usdm.ask("POST", f"v1/{path}", symbol=usdm.symbol, **given)
