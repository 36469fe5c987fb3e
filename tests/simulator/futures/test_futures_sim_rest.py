"""REST calls of futures that the WebSocket API lacks."""

from __future__ import annotations

from typing import Any

import pytest
from futures_sim_venue import Trader, Venue

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.rest import FuturesRest
from binance_wsapi.simulator.futures.streams import StreamVenue


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
    assert float(house.ask("GET", "v1/ticker/price", symbol=house.symbol)["price"]) == 60000
    assert len(house.ask("GET", "v1/ticker/bookTicker")) == len(house.venue.market.contracts)
    assert len(house.ask("GET", "v1/klines", symbol=house.symbol, interval="1m")) == 1
    assert len(house.ask("GET", "v1/trades", symbol=house.symbol)) == 1
    index = house.ask("GET", "v1/premiumIndex", symbol=house.symbol)
    row = index if isinstance(index, dict) else index[0]
    assert row["markPrice"] == "60000.00000000"


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
    (bracket,) = row["brackets"]
    assert (row["symbol"], bracket["bracket"]) == (house.symbol, 1)
    assert bracket["initialLeverage"] == contract.max_leverage
    assert bracket["maintMarginRatio"] == float(contract.maintenance_rate)
    names = ("notionalCap", "notionalFloor")
    most, least = names if house.market is Market.USDM else ("qtyCap", "qtylFloor")
    assert (bracket[most], bracket[least]) == (contract.max_notional, 0)


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


def test_private_calls_need_an_account(usdm: House) -> None:
    call = usdm.rest.find("GET", "v1/openOrders")
    assert call is not None

    with pytest.raises(ExchangeError, match="-2015"):
        call.answer({}, None)
