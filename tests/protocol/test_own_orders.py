"""What a client knows of orders by their ids, while these stand for the same orders and once they begin anew."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from binance_wsapi.protocol.own_orders import OwnOrders, ReadAnswer

MADE_MS = 1_700_000_000_000
LATER_MS = MADE_MS + 60_000


def placed(number: int = 1, **fields: Any) -> dict[str, Any]:
    """An order as the answer to its request shows it."""
    return {"symbol": "BTCUSDT", "orderId": number, "clientOrderId": f"mine-{number}", **fields}


def hear(
    known: OwnOrders, order: dict[str, Any], request_id: str, *, makes_orders: bool = True
) -> None:
    result = msgspec.Raw(msgspec.json.encode(order))
    known.answers.append(ReadAnswer(request_id, 1.0, 2.0, makes_orders, result))


def knowing(order: dict[str, Any], *, makes_orders: bool = True) -> OwnOrders:
    known = OwnOrders()
    hear(known, order, "first", makes_orders=makes_orders)
    return known


def is_known(known: OwnOrders, order: dict[str, Any]) -> bool:
    return known.is_older(3.0, "BTCUSDT", order)


@pytest.mark.parametrize("name", ["transactTime", "updateTime", "time"])
def test_an_order_made_after_one_of_its_id_was_shown_is_another(name: str) -> None:
    known = knowing(placed(**{name: MADE_MS}))

    assert known.is_of_another("second", "BTCUSDT", placed(time=MADE_MS))
    assert not known.is_of_another("second", "BTCUSDT", placed(time=LATER_MS))


@pytest.mark.parametrize(
    "time",
    [MADE_MS, MADE_MS + 1, MADE_MS * 1000 + 999, MADE_MS - 60_000, None, 0, "later"],
)
def test_an_order_that_may_be_the_one_shown_is_taken_for_it(time: object) -> None:
    """Its times may be in other units, or missing."""
    known = knowing(placed(transactTime=MADE_MS))

    assert known.is_of_another("second", "BTCUSDT", placed(time=time))
    assert is_known(known, placed(time=time))


def test_nothing_from_before_ids_began_anew_counts() -> None:
    known = knowing(placed(1, transactTime=MADE_MS))
    hear(known, placed(2, transactTime=MADE_MS + 5), "second")
    hear(known, placed(3), "third")
    hear(known, placed(4, transactTime=LATER_MS + 5), "fourth")

    assert not is_known(known, placed(1, time=LATER_MS))

    assert [is_known(known, placed(number)) for number in (1, 2, 3, 4)] == [False] * 3 + [True]


def test_an_answer_tells_that_ids_began_anew() -> None:
    known = knowing(placed(1, transactTime=MADE_MS))
    hear(known, placed(2, transactTime=MADE_MS), "second")
    hear(known, placed(1, transactTime=LATER_MS), "first anew")

    assert known.is_of_another("first", "BTCUSDT", placed(1, time=LATER_MS))
    assert not is_known(known, placed(2, time=None))


def test_changes_of_an_order_are_no_other_order() -> None:
    known = knowing(placed(1, transactTime=MADE_MS))
    changed = placed(1, transactTime=LATER_MS, origClientOrderId="mine-1", status="CANCELED")
    hear(known, changed, "cancel", makes_orders=False)
    hear(known, changed, "replacement")

    assert not known.is_of_another("first", "BTCUSDT", placed(1, time=MADE_MS))
    assert known.is_of_another("cancel", "BTCUSDT", placed(1, time=MADE_MS))
