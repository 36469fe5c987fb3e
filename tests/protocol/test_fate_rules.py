"""Every kind of change has its rules, and every operation that changes something its kind."""

from __future__ import annotations

import importlib.util

import pytest

from binance_wsapi.catalogue import fates, operations
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol import questions
from binance_wsapi.protocol.fate_rules import rules_of
from binance_wsapi.protocol.verdict import LostRequest

MUTATING = [each for market in api_markets() for each in operations(market) if each.mutates]


@pytest.mark.parametrize(
    "operation", MUTATING, ids=lambda each: f"{each.market.value} {each.method}"
)
def test_every_change_can_be_asked_for_or_proven(operation: Operation) -> None:
    request = LostRequest(operation.market, operation.method, {}, sent_us=1, stamp_tolerance_us=0)
    rules = rules_of(request)

    assert rules.proof is not None or rules.questions is not questions.cannot_be_asked


def test_no_kind_is_left_without_an_operation() -> None:
    assert {each.fate for each in MUTATING} == set(fates.FATES)


def test_operation_that_the_catalogue_does_not_know_stays_unknown() -> None:
    rules = rules_of(
        LostRequest(Market.SPOT, "order.teleport", {}, sent_us=1, stamp_tolerance_us=0)
    )

    assert rules.questions is questions.cannot_be_asked


def test_a_kind_without_rules_fails_at_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fates, "FATES", (*fates.FATES, fates.Fate("order teleported")))
    spec = importlib.util.find_spec("binance_wsapi.protocol.fate_rules")
    assert spec is not None
    assert spec.loader is not None

    with pytest.raises(TypeError, match="nobody says how to find out: order teleported"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
