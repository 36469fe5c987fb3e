"""A mirror is joined from questions and the events around them, whatever order they come in."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.markets import Market
from binance_wsapi.models.account_state import OrderState
from binance_wsapi.protocol import account_mirror
from binance_wsapi.protocol.account_mirror import AccountMirror

KEY = "BTCUSDT", 1


def report(status: str = "NEW", order_id: int = 1, **more: Any) -> dict[str, Any]:
    """Return an event of a Spot order."""
    return {
        "e": "executionReport", "s": "BTCUSDT", "i": order_id, "c": f"mine-{order_id}", "C": "",
        "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "1", "p": "100", "P": "0", "X": status,
        "x": status, "z": "0", "Z": "0", "l": "0", "L": "0", "t": -1, "T": 5, "O": 1, **more,
    }  # fmt: skip


def fill(
    executed: str, trade_id: int, quantity: str, price: str = "100", **more: Any
) -> dict[str, Any]:
    """Return an event of a fill, after which so much is executed."""
    status = "FILLED" if Decimal(executed) == 1 else "PARTIALLY_FILLED"
    told = {
        "x": "TRADE",
        "z": executed,
        "Z": str(Decimal(executed) * 100),
        "l": quantity,
        "L": price,
        "t": trade_id,
    }
    return report(status, **{"n": "0.001", "N": "BNB", "m": True, **told, **more})


def row(status: str = "NEW", order_id: int = 1, **more: Any) -> dict[str, Any]:
    """Return an order as a question shows it."""
    return {
        "symbol": "BTCUSDT", "orderId": order_id, "clientOrderId": f"mine-{order_id}", "side": "BUY",
        "type": "LIMIT", "timeInForce": "GTC", "price": "100", "origQty": "1", "executedQty": "0",
        "cummulativeQuoteQty": "0", "status": status, **more,
    }  # fmt: skip


def mirrored(*events: dict[str, Any]) -> AccountMirror:
    mirror = AccountMirror(Market.SPOT)
    for event in events:
        mirror.on_event(event)
    return mirror


def known(mirror: AccountMirror, order_id: int = 1) -> OrderState:
    order = mirror.order(("BTCUSDT", order_id))
    assert order is not None
    return order


def open_ids(mirror: AccountMirror) -> list[int]:
    return [each.order_id for each in mirror.snapshot().open_orders]


def test_events_tell_an_order_from_its_beginning_to_its_end() -> None:
    mirror = mirrored(report(), fill("0.4", 7, "0.4", "99"))

    (order,) = mirror.snapshot().open_orders
    assert (order.status, order.executed_quantity) == ("PARTIALLY_FILLED", Decimal("0.4"))
    assert (order.average_price, order.remaining_quantity) == (Decimal(100), Decimal("0.6"))
    assert not order.is_done

    mirror.on_event(fill("1", 8, "0.6"))

    order = known(mirror)
    assert open_ids(mirror) == []
    assert order.is_done
    assert order.is_filled
    assert order.has_all_fills
    assert [each.trade_id for each in order.fills] == [7, 8]
    assert order.fees == {"BNB": Decimal("0.002")}


def test_an_order_keeps_the_id_that_a_cancel_changed() -> None:
    mirror = mirrored(report(), report("CANCELED", c="cancel", C="mine-1"))

    assert known(mirror).client_order_id == "mine-1"
    assert mirror.key_of("mine-1") == mirror.key_of("cancel") == KEY


def test_an_order_first_heard_of_by_its_cancel_has_its_own_id() -> None:
    mirror = mirrored(report("CANCELED", c="cancel", C="mine-1"))

    assert known(mirror).client_order_id == "mine-1"


def test_an_id_that_comes_again_is_the_newest_orders() -> None:
    mirror = mirrored(
        report(c="same"), report("CANCELED", c="x", C="same"), report(order_id=2, c="same")
    )

    assert mirror.key_of("same") == ("BTCUSDT", 2)


def test_a_question_tells_what_no_event_has() -> None:
    mirror = mirrored()
    mirror.events_are_whole()
    mirror.on_event(report(order_id=2))

    gone = mirror.on_open_orders(
        [row(executedQty="0.5", status="PARTIALLY_FILLED"), row(order_id=2, executedQty="0.9")]
    )

    assert gone == []
    assert known(mirror).executed_quantity == Decimal("0.5")
    assert known(mirror, 2).executed_quantity == 0, "an event since then is newer than any answer"
    assert mirror.orders_without_fills() == [KEY]


def test_what_events_told_before_a_gap_is_covered_by_a_question() -> None:
    mirror = mirrored(report(), report(order_id=2), report(order_id=3))
    mirror.events_are_whole()
    mirror.on_event(report(order_id=3))

    gone = mirror.on_open_orders([row(order_id=2, status="PARTIALLY_FILLED", executedQty="0.1")])

    assert gone == [KEY], "3 was told of since"
    assert known(mirror, 2).status == "PARTIALLY_FILLED"

    assert not mirror.on_order(KEY, row(), is_last=False), "a copy that lags"
    assert mirror.on_order(
        KEY, row("FILLED", executedQty="1", cummulativeQuoteQty="90"), is_last=False
    )

    assert known(mirror).average_price == Decimal(90)
    assert open_ids(mirror) == [2, 3]


@pytest.mark.parametrize("last", [None, row()])
def test_an_order_nobody_tells_of_is_unknown_and_open_no_more(last: dict[str, Any] | None) -> None:
    mirror = mirrored(report())
    mirror.events_are_whole()
    mirror.on_open_orders([])

    assert mirror.on_order(KEY, last, is_last=True)

    assert (known(mirror).status, known(mirror).is_done) == ("UNKNOWN", True)
    assert open_ids(mirror) == []


def test_an_event_that_comes_meanwhile_tells_what_became_of_an_order() -> None:
    mirror = mirrored(report())
    mirror.events_are_whole()
    mirror.on_open_orders([])
    mirror.on_event(fill("1", 9, "1"))

    assert mirror.on_order(KEY, None, is_last=True)
    assert known(mirror).status == "FILLED"


def test_a_late_event_brings_nothing_back_but_its_fill() -> None:
    mirror = mirrored(report(), fill("1", 8, "0.6"))

    mirror.on_event(fill("0.4", 7, "0.4"))
    mirror.on_event(report())
    mirror.on_open_orders([row()])

    order = known(mirror)
    assert (order.status, order.executed_quantity) == ("FILLED", Decimal(1))
    assert order.has_all_fills
    assert open_ids(mirror) == []


def test_fills_that_no_event_told_are_filled_in_once() -> None:
    mirror = mirrored(report(), fill("0.4", 7, "0.4"))
    mirror.events_are_whole()
    mirror.on_open_orders([row("PARTIALLY_FILLED", executedQty="0.9", cummulativeQuoteQty="90")])
    trades: list[dict[str, Any]] = [
        {"id": 7, "price": "100", "qty": "0.4", "commission": "1", "commissionAsset": "USDT"},
        {"id": 8, "price": "100", "qty": "0.5", "commission": "2", "commissionAsset": "USDT", "isMaker": False, "time": 3},
        {"id": None, "price": "1", "qty": "1"},
    ]  # fmt: skip

    assert mirror.orders_without_fills() == [KEY]
    mirror.on_fills(KEY, trades)
    mirror.on_fills(("BTCUSDT", 99), trades)

    order = known(mirror)
    assert order.has_all_fills
    assert mirror.orders_without_fills() == []
    assert order.fees == {"BNB": Decimal("0.001"), "USDT": Decimal(2)}


def test_balances_are_as_the_newest_event_or_else_as_a_question_tells() -> None:
    mirror = mirrored(
        {
            "e": "outboundAccountPosition",
            "B": [{"a": "OLD", "f": "1", "l": "0"}, {"a": "USDT", "f": "9", "l": "0"}],
        }
    )
    mirror.events_are_whole()
    mirror.on_event({"e": "outboundAccountPosition", "B": [{"a": "BTC", "f": "2", "l": "1"}]})

    mirror.on_account(
        {
            "balances": [
                {"asset": "BTC", "free": "5", "locked": "5"},
                {"asset": "USDT", "free": "7", "locked": "0"},
            ]
        }
    )

    balances = mirror.snapshot().balances
    assert {asset: (each.free, each.locked) for asset, each in balances.items()} == {
        "BTC": (Decimal(2), Decimal(1)),
        "USDT": (Decimal(7), Decimal(0)),
    }
    assert balances["BTC"].total == Decimal(3)


def test_futures_show_wallets_and_positions() -> None:
    mirror = AccountMirror(Market.USDM)
    mirror.on_account(
        {
            "assets": [{"asset": "USDT", "walletBalance": "50", "crossWalletBalance": "40"}],
            "positions": [
                {
                    "symbol": "BTCUSDT",
                    "positionSide": "BOTH",
                    "positionAmt": "1",
                    "entryPrice": "60000",
                },
                {"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": "0"},
            ],
        }
    )
    mirror.events_are_whole()
    mirror.on_event(
        {
            "e": "ACCOUNT_UPDATE",
            "a": {
                "B": [{"a": "USDT", "wb": "49", "cw": "39"}],
                "P": [{"s": "BTCUSDT", "ps": "BOTH", "pa": "0", "ep": "0"}, {"s": "BTCUSDT", "ps": "SHORT", "pa": "-2", "ep": "61000"}],
            },
        }
    )  # fmt: skip

    seen = mirror.snapshot()
    assert seen.balances["USDT"].total == Decimal(49)
    assert [(each.position_side, each.amount) for each in seen.positions] == [
        ("SHORT", Decimal(-2))
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"e": "executionReport"},
        {"e": "ORDER_TRADE_UPDATE", "o": 3},
        {"e": "ACCOUNT_UPDATE", "a": None},
        {"e": "outboundAccountPosition", "B": [None, {"a": 3}]},
        {"e": "listStatus"},
        {},
    ],
)
def test_odd_events_change_nothing(odd: dict[str, Any]) -> None:
    mirror = mirrored(report())
    before = mirror.snapshot()

    mirror.on_event(odd)
    mirror.on_open_orders([{"symbol": "BTCUSDT"}])
    mirror.on_account({"balances": None, "assets": [{}], "positions": [{}]})

    assert mirror.snapshot() == before


def test_orders_that_ended_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_mirror, "MOST_ENDED", 2)
    mirror = mirrored(*(report("EXPIRED", order_id=number) for number in range(1, 5)))

    assert mirror.order(KEY) is None
    assert mirror.key_of("mine-1") is None
    assert known(mirror, 4).is_done


def test_the_context_of_the_reader_does_not_matter() -> None:
    mirror = mirrored(report(), fill("0.3", 7, "0.3", Z="33.333333"))

    with localcontext(Context(prec=3)):
        assert known(mirror).average_price == Decimal("111.11111")


STORY = [report(), fill("0.4", 7, "0.4"), fill("0.7", 8, "0.3"), fill("1", 9, "0.3")]
ROWS = [
    row(),
    row("PARTIALLY_FILLED", executedQty="0.4"),
    row("PARTIALLY_FILLED", executedQty="0.7"),
    row("FILLED", executedQty="1"),
]


@given(
    told=st.integers(0, 4), lost=st.integers(0, 4), shown=st.integers(0, 4), asked=st.integers(0, 4)
)
def test_after_a_gap_the_mirror_is_as_the_exchange(
    told: int, lost: int, shown: int, asked: int
) -> None:
    """Some events are told, some lost; the answer was true at some moment after the loss."""
    whole_from = min(told + lost, 4)
    answered_at = max(whole_from, min(shown, 4))
    heard = max(whole_from, min(asked, 4))
    """Which events have come when the answer does."""
    mirror = mirrored(*STORY[:told])
    mirror.events_are_whole()
    for event in STORY[whole_from:heard]:
        mirror.on_event(event)
    is_open = 0 < answered_at < 4
    for key in mirror.on_open_orders([ROWS[answered_at - 1]] if is_open else []):
        mirror.on_order(key, ROWS[3], is_last=True)
    for event in STORY[heard:]:
        mirror.on_event(event)

    order = mirror.order(KEY)
    assert open_ids(mirror) == []
    assert order is None or (order.status, order.executed_quantity) == ("FILLED", Decimal(1))
