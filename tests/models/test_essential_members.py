"""What must be there is what makes a thing what it is: a further required member fails here first.

The exchange took members away in June 2024 and four times from December 2025 to July 2026.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import NoneType
from typing import get_args

import msgspec
import pytest

from binance_wsapi import models
from binance_wsapi.models import futures, futures_events, order, user_events
from binance_wsapi.models.base import Model

WHAT = """symbol pair business_unit asset base_asset quote_asset side position_side type order_type rule_type status
 algo_status list_order_status strategy_status strategy_type execution_type contingency_type
 calculation_type rate_limit_type session_type interval interval_num is_buyer is_buyer_maker is_closed
 cancel_result new_order_result underlying option_type risk_level contract"""
IDS = """order_id client_order_id orig_client_order_id new_client_order_id order_list_id
 list_client_order_id algo_id client_algo_id client_strategy_id trade_id aggregate_trade_id block_trade_id allocation_id
 prevented_match_id maker_order_id taker_order_id strategy_id subscription_id update_id last_update_id
 first_update_id final_update_id previous_final_update_id listen_key token"""
AMOUNTS = """quantity executed_quantity last_executed_quantity orig_quantity new_qty position_amount volume
 free locked equity open_interest balance wallet_balance balance_delta locked_delta principal interest margin_level uni_mmr leverage"""
PRICES = """price last_executed_price entry_price open_price high_price low_price close_price last_price
 mark_price index_price strike_price bid_price ask_price bid_price_text ask_price_text bid_quantity ask_quantity
 bid_quantity_text ask_quantity_text price_text quantity_text"""
RATES = "maker taker discount standard_commission"
TIMES = "open_time session_start session_end server_time expiration_time"
"""Of things that are a span of time, a time, or of use until one."""
PARTS = """bids asks balances assets positions orders greeks order_reports order algo_order conditional_order grid strategy
 rejection change kline events symbols symbol_rules rules amended_order new_order_response
 tokens cancel_response_json multi_assets_mode bracket notional_floor notional_cap raw problem"""
"""What the thing is made of."""
OURS = {"binance_wsapi.models.account_state"}
"""What the library itself makes: nothing of it comes over the wire."""
ESSENTIAL = set(" ".join((WHAT, IDS, AMOUNTS, PRICES, RATES, TIMES, PARTS)).split())


def kinds() -> Iterator[type[msgspec.Struct]]:
    for module in pkgutil.iter_modules(models.__path__):
        for kind in vars(importlib.import_module(f"{models.__name__}.{module.name}")).values():
            if isinstance(kind, type) and issubclass(kind, Model) and kind is not Model:
                yield kind


def essentials(kind: type[msgspec.Struct]) -> set[str]:
    return {
        each.name
        for each in msgspec.structs.fields(kind)
        if each.required and NoneType not in get_args(each.type)
    }


def test_only_what_makes_a_thing_what_it_is_must_be_there() -> None:
    # The numbers of a filter are the filter.
    others = {
        (kind.__name__, name)
        for kind in kinds()
        if not kind.__name__.endswith("Filter") and kind.__module__ not in OURS
        for name in essentials(kind) - ESSENTIAL
    }

    assert others == {("RateLimit", "limit")}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            user_events.OrderUpdate,
            (
                "symbol client_order_id order_id trade_id side type execution_type status price "
                "executed_quantity last_executed_price last_executed_quantity"
            ),
        ),
        (
            futures_events.FuturesUpdatedOrder,
            (
                "symbol client_order_id order_id trade_id side type execution_type status price quantity "
                "executed_quantity last_executed_price last_executed_quantity"
            ),
        ),
        (order.PlacedOrder, "symbol order_id client_order_id"),
        (
            order.Order,
            "symbol order_id client_order_id side type status price executed_quantity",
        ),
        (
            futures.FuturesOrderAck,
            "symbol order_id client_order_id side type status price quantity executed_quantity",
        ),
    ],
)
def test_essentials_of_orders(kind: type[msgspec.Struct], expected: str) -> None:
    assert essentials(kind) == set(expected.split())


def test_every_model_is_exported_where_it_is_made() -> None:
    left_out = [
        f"{kind.__module__}.{kind.__name__}"
        for kind in kinds()
        if kind.__name__ not in vars(importlib.import_module(kind.__module__)).get("__all__", ())
        and kind.__name__[0] != "_"
    ]

    assert not left_out
