"""Names of elsewhere lead to what is meant here, and what nobody can know is answered with nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi import AsyncClient, Client
from binance_wsapi.catalogue import aliases, operations, operations_by_method
from binance_wsapi.catalogue.aliases import attribute_meant, operation_meant, parameter_meant
from binance_wsapi.history.histories import History
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.models.enums import Side

REFERENCE = Path(__file__).parents[1] / "reference"
FOREIGN: dict[str, Any] = json.loads(
    (Path(__file__).parent / "foreign_names.json").read_text(encoding="utf-8")
)
"""Methods of other libraries, read from their packages; "nothing" is what has no counterpart."""
SEED = [
    each
    for each in json.loads((REFERENCE / "method_names.json").read_text(encoding="utf-8"))
    if each["seed_name"] and "on the client" not in each.get("special", "")
]
SPOT = operations_by_method(Market.SPOT)
USDM = operations_by_method(Market.USDM)
COINM = operations_by_method(Market.COINM)
SELL, BUY = {"side": "SELL"}, {"side": "BUY"}


@pytest.mark.parametrize(
    ("operation", "name", "given", "meant"),
    [
        # Each of these once led, or would by its spelling, to another trade.
        (SPOT["order.place"], "quote_quantity", {}, "quote_order_qty"),
        (SPOT["order.place"], "client_order_id", {}, "new_client_order_id"),
        (SPOT["order.place"], "order_type", {}, "type"),
        (SPOT["order.place"], "amount", {}, "quantity or quote_order_qty"),
        (SPOT["order.place"], "qty", {}, "quantity"),
        (SPOT["order.place"], "tif", {}, "time_in_force"),
        (SPOT["order.place"], "trigger_price", {}, "stop_price"),
        (SPOT["order.cancel"], "client_order_id", {}, "orig_client_order_id"),
        (SPOT["order.cancel"], "id", {}, "order_id"),
        (SPOT["order.cancelReplace"], "client_order_id", {}, "cancel_orig_client_order_id or new_client_order_id"),
        (SPOT["order.cancelReplace"], "order_id", {}, "cancel_order_id"),
        (SPOT["order.amend.keepPriority"], "quantity", {}, "new_qty"),
        (SPOT["orderList.place.oco"], "price", SELL, "above_price"),
        (SPOT["orderList.place.oco"], "price", BUY, "below_price"),
        (SPOT["orderList.place.oco"], "stop_price", SELL, "below_stop_price"),
        (SPOT["orderList.place.oco"], "stop_price", {"side": Side.BUY}, "above_stop_price"),
        (SPOT["orderList.place.oco"], "stop_limit_price", SELL, "below_price"),
        (SPOT["orderList.place.oco"], "price", {}, "above_price for a SELL, below_price for a BUY"),
        (SPOT["orderList.place.oto"], "price", {}, "working_price or pending_price"),
        (SPOT["orderList.place.oto"], "qty", {}, "working_quantity or pending_quantity"),
        (SPOT["orderList.place.otoco"], "stop_price", {}, "pending_above_stop_price or pending_below_stop_price"),
        (SPOT["klines"], "since", {}, "start_time"),
        (SPOT["klines"], "timeframe", {}, "interval"),
        (SPOT["klines"], "startTime", {}, "start_time"),
        (SPOT["depth"], "depth", {}, "limit"),
        (USDM["order.place"], "stop_price", {}, "submit_new_algo_order(trigger_price=…)"),
        (USDM["order.place"], "callbackRate", {}, "submit_new_algo_order(callback_rate=…)"),
        (USDM["algoOrder.place"], "stop_price", {}, "trigger_price"),
        (USDM["algoOrder.place"], "new_client_order_id", {}, "client_algo_id"),
        (USDM["algoOrder.cancel"], "order_id", {}, "algo_id"),
        (COINM["order.place"], "trigger_price", {}, "stop_price"),
        (COINM["order.place"], "activate_price", {}, "activation_price"),
    ],
)  # fmt: skip
def test_a_parameter_is_told_by_what_it_means(
    operation: Any, name: str, given: dict[str, Any], meant: str
) -> None:
    assert parameter_meant(operation, name, given) == meant


@pytest.mark.parametrize(
    ("operation", "name", "given"),
    [
        (SPOT["order.place"], "quantit", {}),
        (SPOT["order.place"], "prices", {}),
        (SPOT["order.place"], "quote_order", {}),
        (SPOT["order.place"], "stop", {}),
        (SPOT["order.place"], "reduce_only", {}),
        (SPOT["order.place"], "qty", {"quantity": 1}),
        (SPOT["order.place"], "amount", {"quote_order_qty": 1}),
        (SPOT["account.status"], "symbol", {}),
        (USDM["order.place"], "quote_quantity", {}),
    ],
    ids=str,
)
def test_what_nobody_can_know_is_not_guessed(
    operation: Any, name: str, given: dict[str, Any]
) -> None:
    assert parameter_meant(operation, name, given) is None


@pytest.mark.parametrize("documented", SEED, ids=lambda each: f"{each['market']} {each['method']}")
def test_wire_names_and_those_of_the_seed_lead_to_the_method(documented: dict[str, Any]) -> None:
    market = Market(documented["market"])

    assert operation_meant(market, documented["method"]) == documented["python_name"]
    assert operation_meant(market, documented["method"].replace(".", "_")) is not None
    assert operation_meant(market, documented["seed_name"]) == documented["python_name"]


@pytest.mark.parametrize(
    ("market", "name", "meant"),
    [
        (Market.SPOT, "create_order", "submit_new_order"),
        (Market.SPOT, "createOrder", "submit_new_order"),
        (Market.SPOT, "create_test_order", "test_order"),
        (Market.SPOT, "order_limit_buy", "submit_new_order(side='BUY', type='LIMIT')"),
        (Market.SPOT, "get_account", "get_account_information"),
        (Market.SPOT, "user_data_stream_subscribe", "client.subscribe_user_data_stream()"),
        (Market.SPOT, "get_historical_klines", "history.klines(…)"),
        (Market.USDM, "futures_historical_klines", "history.klines(…)"),
        (Market.SPOT, "crate_order", None),
        (Market.SPOT, "order", None),
        (Market.USDM, "futures_create_order", "submit_new_order"),
        (Market.USDM, "create_test_order", None),
        (Market.USDM, "klines", 'client.rest("usdm", "GET", "/fapi/v1/klines")'),
        (Market.COINM, "set_leverage", 'client.rest("coinm", "POST", "/dapi/v1/leverage", signed=True)'),
    ],
)  # fmt: skip
def test_an_operation_is_told_by_what_it_means(
    market: Market, name: str, meant: str | None
) -> None:
    assert operation_meant(market, name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("futures_create_order", "client.usdm.submit_new_order"),
        ("futures_coin_create_order", "client.coinm.submit_new_order"),
        ("futures_change_leverage", 'client.rest("usdm", "POST", "/fapi/v1/leverage", signed=True)'),
        ("create_order", "client.spot.submit_new_order, client.usdm.submit_new_order or client.coinm.submit_new_order"),
        ("get_my_filters", "client.spot.get_my_filters"),
        ("um", "client.usdm"),
        ("watch_order_book", "client.streams.order_book(…)"),
        ("sendWSAPIRequest", "client.request(…)"),
        ("set_sandbox_mode", "Client(testnet=True)"),
        ("spott", None),
        ("margin", None),
    ],
)  # fmt: skip
def test_an_attribute_of_a_client_is_told_by_what_it_means(name: str, meant: str | None) -> None:
    assert attribute_meant(name) == meant


@pytest.mark.parametrize("library", FOREIGN["names"])
def test_methods_of_other_libraries_lead_somewhere(library: str) -> None:
    for name in FOREIGN["names"][library]:
        leads = hasattr(Client, name) or attribute_meant(name) is not None

        assert leads is (name not in FOREIGN["nothing"]), name


def hints() -> Iterator[str]:
    names = {name for each in FOREIGN["names"].values() for name in each}
    names |= {*aliases._OPERATIONS, *aliases._OVER_REST, *aliases._ATTRIBUTES}
    for name in sorted(names):
        yield attribute_meant(name) or ""
        yield from (operation_meant(market, name) or "" for market in api_markets())


def test_what_is_told_exists() -> None:
    offered = {
        market.value: {each.name: each for each in operations(market)} for market in api_markets()
    }
    for hint in hints():
        for market, operation in re.findall(r"client\.(spot|usdm|coinm)\.(\w+)", hint):
            assert operation in offered[market] or operation == "history", hint
        for kind in re.findall(r"history\.(\w+)", hint):
            assert hasattr(History, kind), hint
        for attribute in re.findall(r"client\.(\w+)", hint):
            assert hasattr(Client, attribute), hint
            assert hasattr(AsyncClient, attribute), hint
        for market, path in re.findall(r'client\.rest\("(\w+)", "\w+", "([^"]+)"', hint):
            assert path.startswith(Market(market).facts.rest_paths), hint
        for member, value in re.findall(r"(side|type)='(\w+)'", hint):
            enum = {each.name: each for each in SPOT["order.place"].params}[member].enum
            assert enum is not None
            assert value in {str(each.value) for each in enum}, hint


def test_every_line_of_the_tables_leads_to_something_of_ours() -> None:
    everything = [each for market in api_markets() for each in operations(market)]
    params = {param.name for each in everything for param in each.params}
    methods = {each.name for each in everything}

    for table in (aliases._PARAMETERS, aliases._BY_SIDE):
        meant = {part for each in table.values() for name in each for part in name.split("|")}
        assert meant <= params
    told = {each.partition("(")[0] for row in aliases._OPERATIONS.values() for each in row}
    assert {each for each in told if not each.startswith("history.")} <= methods
    assert {path for _, path in aliases._OVER_REST.values()} >= aliases._SIGNED


@pytest.mark.parametrize(
    "table", ["_PARAMETERS", "_BY_SIDE", "_OPERATIONS", "_OVER_REST", "_ATTRIBUTES"]
)
def test_no_name_stands_twice_in_a_table(table: str) -> None:
    names = [aliases._letters(name) for name in getattr(aliases, table)]

    assert len(names) == len(set(names))
