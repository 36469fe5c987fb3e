"""Answers of the futures exchanges: every documented sample fits its model and loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from binance_wsapi.models import futures as m
from binance_wsapi.models.enums import OrderStatus
from binance_wsapi.models.futures_enums import FuturesOrderType, MarginType, PositionSide

REFERENCE = Path(__file__).parents[1] / "reference"
RESULTS: dict[str, dict[str, Any]] = {
    "usdm": {
        "depth": m.FuturesOrderBook,
        "ticker.price": m.FuturesPriceTicker | list[m.FuturesPriceTicker],
        "ticker.book": m.FuturesBookTicker | list[m.FuturesBookTicker],
        "order.place": m.FuturesOrderAck,
        "order.modify": m.FuturesOrderAck,
        "order.cancel": m.FuturesOrderAck,
        "order.status": m.FuturesOrder,
        "algoOrder.place": m.FuturesAlgoOrder,
        "algoOrder.cancel": m.CancelledAlgoOrder,
        "v2/account.position": list[m.FuturesPositionV2],
        "account.position": list[m.FuturesPosition],
        "v2/account.balance": list[m.FuturesBalance],
        "account.balance": list[m.FuturesBalance],
        "v2/account.status": m.FuturesAccountV2,
        "account.status": m.FuturesAccount,
        "userDataStream.start": m.ListenKey,
        "userDataStream.ping": m.ListenKey,
    },
    "coinm": {
        "order.place": m.CoinFuturesOrderAck,
        "order.modify": m.CoinFuturesOrderAck,
        "order.cancel": m.CoinFuturesOrderAck,
        "order.status": m.CoinFuturesOrder,
        "account.position": list[m.CoinFuturesPosition],
        "account.balance": list[m.CoinFuturesBalance],
        "account.status": m.CoinFuturesAccount,
        "userDataStream.start": m.ListenKey,
        "userDataStream.ping": m.ListenKey,
    },
}
# Methods with models of other modules, or answered with nothing.
ELSEWHERE = {"userDataStream.stop", "session.logon", "session.status", "session.logout"}


def _samples() -> list[Any]:
    found = []
    for market in RESULTS:
        for example in json.loads((REFERENCE / market / "examples.json").read_text()):
            result = example["payload"].get("result")
            if example["kind"] != "response" or "status" not in example["payload"]:
                continue
            if example["method"] in ELSEWHERE:
                continue
            name = f"{market} {example['method']} {example['variant']}"
            found.append(pytest.param(market, example["method"], result, id=name))
    return found


def comparable(value: Any) -> Any:
    """Nulls left out (absent means the same in our models), decimal text as its value (0E-8 is 0)."""
    if isinstance(value, dict):
        return {key: comparable(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return value


@pytest.mark.parametrize(("market", "method", "result"), _samples())
def test_documented_samples_survive_a_round_trip(market: str, method: str, result: Any) -> None:
    decoded = msgspec.json.decode(json.dumps(result), type=RESULTS[market][method])

    assert comparable(json.loads(msgspec.json.encode(decoded))) == comparable(result)


def _sample(market: str, method: str) -> Any:
    examples = json.loads((REFERENCE / market / "examples.json").read_text())
    return next(
        example["payload"]["result"]
        for example in examples
        if (example["method"], example["kind"]) == (method, "response")
    )


def test_every_sampled_method_has_a_model() -> None:
    for market, models in RESULTS.items():
        examples = json.loads((REFERENCE / market / "examples.json").read_text())
        sampled = {
            e["method"] for e in examples if "status" in e["payload"] and "result" in e["payload"]
        }

        assert sampled - ELSEWHERE == set(models)


def test_words_and_types_of_an_order() -> None:
    order = msgspec.convert(_sample("usdm", "order.status"), m.FuturesOrder)

    assert order.quantity == Decimal("0.40")
    assert order.original_type is FuturesOrderType.TRAILING_STOP_MARKET
    assert order.position_side is PositionSide.SHORT
    assert order.status is OrderStatus.NEW
    assert order.callback_rate == Decimal("0.3")
    assert order.good_till_date is None


@pytest.mark.parametrize("key", ["unRealizedProfit", "unrealizedProfit"])
def test_both_spellings_of_unrealized_profit_are_read(key: str) -> None:
    wire = _sample("usdm", "v2/account.position")[0]
    del wire["unrealizedProfit"]

    position = msgspec.convert({**wire, key: "-1.25"}, m.FuturesPositionV2)

    assert position.unrealized_profit == Decimal("-1.25")


def test_a_position_without_profit_is_a_position_all_the_same() -> None:
    wire = _sample("usdm", "v2/account.position")[0]
    del wire["unrealizedProfit"]

    position = msgspec.convert(wire, m.FuturesPositionV2)

    assert position.unrealized_profit is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [("false", False), ("False", False), ("true", True), ("True", True), (True, True)],
)
def test_auto_add_margin_is_a_boolean_however_it_is_written(sent: str | bool, read: bool) -> None:
    wire = _sample("coinm", "account.position")[0]

    position = msgspec.convert({**wire, "isAutoAddMargin": sent}, m.CoinFuturesPosition)

    assert position.is_auto_add_margin is read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("cross", MarginType.CROSS),
        ("CROSSED", MarginType.CROSS),
        ("ISOLATED", MarginType.ISOLATED),
    ],
)
def test_margin_types_are_one_word_each(sent: str, read: MarginType) -> None:
    assert MarginType(sent) is read


def test_a_new_margin_type_passes() -> None:
    assert MarginType("portfolio") == "portfolio"
