"""User data of portfolio margin: every documented sample fits its model and loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

import msgspec
import pytest
from documented_samples import DECODERS, documented_events

from binance_wsapi.models import portfolio_margin_events as pm
from binance_wsapi.models.base import UnknownEvent

MARKETS = {
    "portfolio_margin": pm.PortfolioMarginUserEvent,
    "portfolio_margin_pro": pm.PortfolioMarginProUserEvent,
}
SAMPLES = [
    pytest.param(market, sample, id=f"{market} {each['event']} {number}")
    for market in MARKETS
    for each in documented_events(market)["user_data"]
    for number, sample in enumerate(each["samples"])
]


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    try:
        return Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value


@pytest.mark.parametrize(("market", "wire"), SAMPLES)
def test_documented_samples_survive_a_round_trip(
    market: str, wire: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    event = DECODERS[market](json.dumps(wire).encode())

    assert not isinstance(event, UnknownEvent), event.problem
    assert comparable(json.loads(msgspec.json.encode(event))) == comparable(wire)
    assert (event.event_type, event.event_time, event.raw) == (wire["e"], wire["E"], wire)
    assert not caplog.records, "no member of a documented sample is missing"


@pytest.mark.parametrize("market", MARKETS)
def test_every_documented_event_is_typed_and_no_other(market: str) -> None:
    typed = {
        kind.__struct_config__.tag for kind in get_args(MARKETS[market]) if kind is not UnknownEvent
    }
    documented = {each["event"] for each in documented_events(market)["user_data"]}

    assert typed - documented <= {"listenKeyExpired"}
    assert documented <= typed


def test_an_order_of_a_conditional_one_names_it() -> None:
    wire = next(
        each["samples"]
        for each in documented_events("portfolio_margin")["user_data"]
        if each["event"] == "ORDER_TRADE_UPDATE"
    )
    placed, amended = (
        pm.decode_portfolio_margin_event(json.dumps(sample).encode()) for sample in wire
    )

    assert isinstance(placed, pm.PortfolioFuturesOrderUpdate)
    assert isinstance(amended, pm.PortfolioFuturesOrderUpdate)
    assert (placed.business_unit, placed.order.strategy_id) == (pm.BusinessUnit.UM, 12893)
    assert (amended.business_unit, amended.order.strategy_id) == (pm.BusinessUnit.CM, None)


def test_a_drop_of_the_ratio_keeps_what_no_document_names() -> None:
    event = pm.decode_portfolio_margin_pro_event(b'{"e":"uniMMRDrop","E":7,"x":"1.5"}')

    assert isinstance(event, pm.UniMmrDrop)
    assert event.raw == {"e": "uniMMRDrop", "E": 7, "x": "1.5"}
