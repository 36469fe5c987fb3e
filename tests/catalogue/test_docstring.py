"""What an entry says is what the method's docstring says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from binance_wsapi.catalogue import fates
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue._docstring import docstring
from binance_wsapi.catalogue.operation import (
    Forbids,
    Kind,
    Needs,
    Operation,
    Param,
    Security,
    Weight,
    WeightStep,
)
from binance_wsapi.markets import Market
from binance_wsapi.models.market import Empty, PriceTicker

OPERATION = Operation(
    market=Market.SPOT,
    method="moon.phase",
    name="get_moon_phase",
    title="Return the phase of the moon.",
    security=Security.NONE,
    params=(p.SYMBOL, p.SYMBOLS, p.LIMIT, p.COMPUTE_COMMISSION_RATES, p.ORDER_TYPE, p.PRICE),
    result=Empty,
    weight=Weight.fixed(3),
)


def text(operation: Operation) -> str:
    return " ".join("\n".join(docstring(operation, indent=8, width=100)).split())


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (Weight.fixed(3), "weight 3."),
        (Weight.fixed(1, on_success=0), "weight 1 (0 when it succeeds)."),
        (
            Weight((WeightStep(2, "symbol"), WeightStep(4))),
            "weight 2 with ``symbol``, else 4.",
        ),
        (
            Weight((WeightStep(4, "symbols", per_item=True, cap=200),)),
            "weight 4 for each of ``symbols`` (200 at most).",
        ),
        (
            Weight((WeightStep(50, "limit", low=501), WeightStep(5))),
            "weight 50 with ``limit`` from 501, else 5.",
        ),
        (
            Weight((WeightStep(2, "symbols", low=1, high=20), WeightStep(80))),
            "weight 2 with items in ``symbols`` from 1 to 20, else 80.",
        ),
        (
            Weight((WeightStep(20, "computeCommissionRates", low=1), WeightStep(1))),
            "weight 20 with ``compute_commission_rates``, else 1.",
        ),
    ],
)
def test_weight_is_told(weight: Weight, said: str) -> None:
    assert f"Wire operation ``moon.phase``, {said}" in text(replace(OPERATION, weight=weight))


def test_rules_are_told_in_the_names_of_the_method() -> None:
    told = text(
        replace(
            OPERATION,
            needs=(
                Needs(("symbol", "symbols")),
                Needs(("price",), {"type": "LIMIT"}),
                Needs(("price",), {"type": "LIMIT_MAKER"}),
                Needs(("limit",), {"type": "MARKET"}),
            ),
            exclusive=(("symbol", "symbols"),),
            together=(("computeCommissionRates", "price"),),
        )
    )

    assert "* Needs ``symbol`` or ``symbols``." in told
    assert "* ``type`` LIMIT or LIMIT_MAKER needs ``price``." in told
    assert "* ``type`` MARKET needs ``limit``." in told
    assert "* At most one of ``symbol`` and ``symbols``." in told
    assert "* ``compute_commission_rates`` and ``price`` go together." in told


@pytest.mark.parametrize(
    ("param", "said"),
    [
        (p.SIDE, "side: Which way the order goes. BUY or SELL."),
        (p.but(p.LIMIT, minimum=1, maximum=5000), "rows at most. 1 to 5000. Default: 500."),
        (p.STRATEGY_TYPE, "At least 1000000."),
        (p.RECV_WINDOW, "At most 60000, up to 3 decimal places."),
        (p.but(p.SYMBOLS, max_items=200), "symbols: Several trading symbols. At most 200 of them."),
        (p.param("key", Kind.STRING, "A key.", max_length=36), "A key. At most 36 characters."),
    ],
)
def test_bounds_and_values_of_parameters_are_told(param: Param, said: str) -> None:
    assert said in text(replace(OPERATION, params=(param,)))


def test_orders_tell_what_an_error_means_for_them() -> None:
    told = text(replace(OPERATION, fate=fates.ORDER_PLACED, order_count=2))

    assert "counts 2 unfilled orders." in told
    assert "it may have been executed" in told
    assert "NotPlaced: " in told


def test_answer_of_two_shapes_says_which_comes_when() -> None:
    told = text(
        replace(OPERATION, result=PriceTicker | list[PriceTicker], list_result_unless="symbol")
    )

    assert "is a ``PriceTicker`` with ``symbol``, else a list of ``PriceTicker``." in told


def test_what_is_forbidden_is_told() -> None:
    forbids = (Forbids(("symbol",), "key", ("A", "B")),)
    told = text(
        replace(OPERATION, params=(p.SYMBOL, p.param("key", Kind.STRING, "A.")), forbids=forbids)
    )

    assert "* No ``symbol`` with ``key`` A or B." in told


def test_lines_keep_within_the_width() -> None:
    lines = docstring(replace(OPERATION, notes=("A long note. " * 30,)), indent=8, width=100)

    assert max(len(line) for line in lines) <= 100
    assert not [line for line in lines if line != line.rstrip()]
