"""Lists of results find their items by name, and stay lists."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from binance_wsapi import Rows
from binance_wsapi.models.account import AccountInformation, Balance
from binance_wsapi.models.filters import LotSizeFilter, PriceFilter, decode_filters
from binance_wsapi.models.futures import FuturesPositionV2
from binance_wsapi.models.market import Kline, PriceTicker
from binance_wsapi.models.names import UnknownName

BTC = Balance(asset="BTC", free=Decimal(1), locked=Decimal(0))
USDT = Balance(asset="USDT", free=Decimal(10), locked=Decimal(2))
ACCOUNT = {
    "makerCommission": 15,
    "accountType": "SPOT",
    "balances": [
        {"asset": "BTC", "free": "1", "locked": "0"},
        {"asset": "USDT", "free": "10", "locked": "2"},
    ],
}
FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.1", "maxQty": "9", "stepSize": "0.1"},
    {"filterType": "BRAND_NEW", "x": 1},
]


def account() -> AccountInformation:
    from binance_wsapi.models.tolerant import tolerant_decoder

    read: AccountInformation = tolerant_decoder(AccountInformation)(json.dumps(ACCOUNT).encode())
    return read


def position(symbol: str, side: str) -> FuturesPositionV2:
    from binance_wsapi.models.tolerant import tolerant_decoder

    wire = {"symbol": symbol, "positionSide": side, "positionAmt": "1", "entryPrice": "5"}
    read: FuturesPositionV2 = tolerant_decoder(FuturesPositionV2)(json.dumps(wire).encode())
    return read


def test_a_list_within_a_result_finds_its_items_by_name() -> None:
    balances = account().balances

    assert balances["BTC"] == BTC
    assert balances.get("USDT") == USDT
    assert balances.get("XYZ") is None
    assert "BTC" in balances  # type: ignore[comparison-overlap]
    assert "XYZ" not in balances  # type: ignore[comparison-overlap]
    assert balances.names == ["BTC", "USDT"]


def test_it_is_a_list_in_the_order_things_came() -> None:
    balances = account().balances

    assert isinstance(balances, list)
    assert balances == [BTC, USDT]
    assert [each.asset for each in balances] == ["BTC", "USDT"]
    assert balances[0] == BTC
    assert balances[-1] == USDT
    assert BTC in balances
    assert isinstance(balances[1:], Rows)
    assert balances[1:]["USDT"] == USDT
    with pytest.raises(IndexError):
        balances[2]


def test_a_result_keeps_the_list_it_was_decoded_with() -> None:
    whole = account()

    assert whole.balances is whole.balances
    assert whole == account()
    assert msgspec.json.decode(msgspec.json.encode(whole))["balances"] == ACCOUNT["balances"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_copy_finds_them_as_well(protocol: int) -> None:
    for twin in (
        pickle.loads(pickle.dumps(account(), protocol)),
        copy.copy(account()),
        copy.deepcopy(account()),
    ):
        assert twin == account()
        assert twin.balances["BTC"] == BTC


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("btc", "no Balance here is named 'btc': near it are 'BTC'"),
        ("USD", "no Balance here is named 'USD': near it are 'USDT'"),
        ("XYZ", "no Balance here is named 'XYZ': there are 'BTC', 'USDT'"),
    ],
)
def test_a_missing_name_says_which_are_near(asked: str, told: str) -> None:
    with pytest.raises(KeyError) as missing:
        account().balances[asked]

    assert str(missing.value) == told


def test_of_many_names_none_is_told_that_is_not_near() -> None:
    tickers = Rows(PriceTicker(symbol=f"A{n}USDT", price=Decimal(n)) for n in range(20))

    with pytest.raises(UnknownName, match=r"no PriceTicker of these 20 is named 'qqq'"):
        tickers["qqq"]
    with pytest.raises(UnknownName, match=r"near it are 'A7USDT'"):
        tickers["a7/usdt"]


def test_an_empty_list_says_so() -> None:
    with pytest.raises(UnknownName, match="there is no 'BTC' here: the list is empty"):
        Rows[Any]()["BTC"]


def test_what_has_no_name_says_so() -> None:
    kline = Kline(
        open_time=1, open_price=Decimal(1), high_price=Decimal(1), low_price=Decimal(1),
        close_price=Decimal(1), volume=Decimal(1), close_time=2, quote_volume=None,
        trade_count=None, taker_buy_volume=None, taker_buy_quote_volume=None, unused=None,
    )  # fmt: skip

    with pytest.raises(UnknownName, match="a Kline has no name, write an index"):
        Rows([kline])["BTC"]


def test_one_name_of_several_takes_the_other_half() -> None:
    long, short = position("BTCUSDT", "LONG"), position("BTCUSDT", "SHORT")
    positions = Rows([long, short, position("ETHUSDT", "BOTH")])

    assert positions["BTCUSDT", "LONG"] == long
    assert positions.get(("BTCUSDT", "SHORT")) == short
    assert positions["ETHUSDT"].symbol == "ETHUSDT"
    assert ("BTCUSDT", "BOTH") not in positions  # type: ignore[comparison-overlap]
    with pytest.raises(UnknownName) as several:
        positions["BTCUSDT"]
    assert str(several.value) == (
        "2 are named 'BTCUSDT': write ['BTCUSDT', 'LONG'] or ['BTCUSDT', 'SHORT']"
    )
    with pytest.raises(UnknownName, match="2 are named"):
        positions.get("BTCUSDT")


def test_a_filter_is_found_by_its_type_and_by_its_name() -> None:
    filters = decode_filters(msgspec.Raw(json.dumps(FILTERS).encode()))

    assert filters[PriceFilter].tick_size == Decimal("0.01")
    assert filters["LOT_SIZE"] == filters[LotSizeFilter]
    assert filters["BRAND_NEW"].filter_type == "BRAND_NEW"
    assert PriceFilter in filters  # type: ignore[comparison-overlap]
    assert filters.get(Balance) is None
    with pytest.raises(UnknownName, match=r"near it are 'LOT_SIZE'"):
        filters["lot size"]
    with pytest.raises(UnknownName, match=r"none of these is a Balance: there are LotSizeFilter, "):
        filters[Balance]
