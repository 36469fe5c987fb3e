"""What an event log keeps of records, and what its entries tell of orders and of algo orders."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from binance_wsapi import AccountReconciled, AlgoOrderReconciled, OrderReconciled, StreamGap
from binance_wsapi.core.log_entries import EVENT, decoded, encoded, order_told
from binance_wsapi.markets import Market

ALGO = AlgoOrderReconciled(
    market=Market.USDM,
    symbol="BTCUSDT",
    algo_id=5,
    client_algo_id="stop",
    status="FINISHED",
    raw_order={"algoId": 5},
)
OPTION = OrderReconciled(
    market=Market.EOPTIONS,
    symbol="BTC-260626-140000-C",
    order_id=7,
    client_order_id="mine",
    status="FILLED",
    raw_missed_fills=({"id": 1, "tradeId": 9},),
)


@pytest.mark.parametrize(
    "record",
    [
        ALGO,
        OPTION,
        StreamGap(from_ms=1, until_ms=2, reason="lost"),
        AccountReconciled(market=Market.USDM, raw_account={"assets": []}),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_comes_back_as_it_was(record: Any) -> None:
    assert decoded(*encoded(record), lambda _: None) == record


def test_an_algo_order_and_an_order_of_one_number_are_kept_apart() -> None:
    event = {"e": "ALGO_UPDATE", "T": 1, "o": {"s": "BTCUSDT", "aid": 7, "caid": "a", "X": "NEW"}}

    algo, option = order_told(*encoded(ALGO)), order_told(*encoded(OPTION))
    of_event = order_told(EVENT, msgspec.json.encode(event))

    assert algo is not None
    assert option is not None
    assert of_event is not None
    assert [(each.order_id, each.is_algo, each.has_ended) for each in (algo, option, of_event)] == [
        (5, True, True),
        (7, False, True),
        (7, True, False),
    ]
    assert option.trade_ids == (9,)  # as its event numbers it
