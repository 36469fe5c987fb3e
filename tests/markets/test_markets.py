"""A market is its record and its catalogue: a further one needs nothing else."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from types import ModuleType

import pytest

from binance_wsapi.catalogue import operation_by_method, params, spot_trading
from binance_wsapi.catalogue._render import render
from binance_wsapi.catalogue.operation import Operation, Security, Weight
from binance_wsapi.errors import FilterFailure, OrderNotFound, RequestRejected
from binance_wsapi.markets import Market, MarketFacts, market
from binance_wsapi.models.spot_stream_events import TradeEvent
from binance_wsapi.models.stream_events import decode_stream_event
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.inquiry import AskAgain, Moment, open_inquiry
from binance_wsapi.protocol.limits import governors
from binance_wsapi.protocol.params import wire_params_by_name

GREET = Operation(
    market=Market.SPOT,
    method="greet",
    name="greet",
    title="Greet the exchange.",
    security=Security.NONE,
    params=(params.required(params.SYMBOL),),
    result=dict,
    weight=Weight.fixed(1),
)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Market:
    """A market that nobody has heard of, added by a record and a catalogue alone."""
    member = object.__new__(Market)
    member._name_, member._value_ = "TOY", "toy"
    for name, value in (
        ("_member_map_", {**Market._member_map_, "TOY": member}),
        ("_member_names_", [*Market._member_names_, "TOY"]),
        ("_value2member_map_", {**Market._value2member_map_, "toy": member}),
    ):
        monkeypatch.setattr(Market, name, value)
    monkeypatch.setattr(market, "_records", dict(market._records))
    record = ModuleType("binance_wsapi.markets.toy")
    record.FACTS = replace(  # type: ignore[attr-defined]
        Market.SPOT.facts,
        label="Toy exchange",
        limit_pool="toy",
        limits=(("REQUEST_WEIGHT", "MINUTE", 1, 7),),
        errors={-1: OrderNotFound},
        filters={-2: "TOY_SIZE"},
        not_found=frozenset({-1}),
    )
    catalogue = ModuleType("binance_wsapi.catalogue.toy")
    placing = operation_by_method(Market.SPOT, "order.place")
    assert placing in spot_trading.OPERATIONS
    catalogue.OPERATIONS = (  # type: ignore[attr-defined]
        replace(GREET, market=member),
        replace(placing, market=member),
    )
    streams = ModuleType("binance_wsapi.catalogue.toy_streams")
    streams.STREAMS = ()  # type: ignore[attr-defined]
    for module in (record, catalogue, streams):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return member


@pytest.mark.parametrize("missing", [each.name for each in fields(MarketFacts)])
def test_a_fact_left_out_is_an_error_when_the_record_is_made(missing: str) -> None:
    facts = {
        each.name: getattr(Market.SPOT.facts, each.name)
        for each in fields(MarketFacts)
        if each.name != missing
    }

    with pytest.raises(TypeError, match=missing):
        MarketFacts(**facts)


def test_a_toy_market_gets_its_facades(toy: Market) -> None:
    facades = render()

    assert "class ToyNamespace(Namespace):" in facades["toy.py"]
    assert "Toy exchange" in facades["toy.py"]
    assert "async def greet(" in facades["async_toy.py"]


def test_a_toy_market_has_limits_of_its_own(toy: Market) -> None:
    usage = governors()[toy].usage(0)

    assert [each.limit for each in usage] == [7]
    assert governors()[toy] is not governors()[Market.SPOT]


@pytest.mark.parametrize(
    ("code", "expected"), [(-1, OrderNotFound), (-2, FilterFailure), (-3, RequestRejected)]
)
def test_a_toy_market_has_codes_of_its_own(
    toy: Market, code: int, expected: type[RequestRejected]
) -> None:
    error = rejection(toy, "greet", 400, ErrorBody(code, "no"), wall_us=0)

    assert type(error) is expected


def test_a_lost_answer_of_a_toy_market_is_found_out(toy: Market) -> None:
    lost = open_inquiry(
        toy, "order.place", {"symbol": "A", "newClientOrderId": "x"}, sent_us=0, written_at=0.0
    )
    at = Moment(0.1, 1)

    assert lost.question(at) is not None
    assert isinstance(lost.on_error(-1, "none", at), AskAgain), "not found, and not for good yet"


def test_parameters_and_events_of_a_toy_market_are_read(toy: Market) -> None:
    sent = wire_params_by_name(operation_by_method(toy, "greet"), {"symbol": "BTCUSDT"})
    frame = b'{"e":"trade","E":1,"s":"A","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}'

    assert sent == {"symbol": "BTCUSDT"}
    assert isinstance(decode_stream_event(toy, "a@trade", frame), TradeEvent)
