"""An answer about an account is believed whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from binance_wsapi.protocol.account_answers import (
    tells_account,
    tells_fills,
    tells_order,
    tells_orders,
)

SPOT_ORDER = {
    "symbol": "BTCUSDT", "orderId": 1, "clientOrderId": "mine", "side": "BUY", "type": "LIMIT",
    "status": "NEW", "price": "100", "origQty": "1", "executedQty": "0", "cummulativeQuoteQty": "0",
}  # fmt: skip
FUTURES_ORDER = {
    "symbol": "BTCUSDT", "orderId": 1, "clientOrderId": "mine", "side": "BUY", "type": "LIMIT",
    "status": "NEW", "price": "100", "origQty": "1", "executedQty": "0", "avgPrice": "0",
}  # fmt: skip
FILL = {"id": 1, "price": "100", "qty": "1"}
BALANCE = {"asset": "BTC", "free": "1", "locked": "0"}
ASSET = {"asset": "USDT", "walletBalance": "1"}
POSITION = {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "1"}

Reading = Callable[[dict[str, Any]], bool]

ROWS: list[tuple[dict[str, Any], Reading]] = [
    (SPOT_ORDER, tells_order),
    (FUTURES_ORDER, tells_order),
    (SPOT_ORDER, lambda row: tells_orders([SPOT_ORDER, row])),
    (FILL, lambda row: tells_fills([FILL, row])),
    (BALANCE, lambda row: tells_account({"balances": [BALANCE, row]})),
    (ASSET, lambda row: tells_account({"assets": [ASSET, row]})),
    (POSITION, lambda row: tells_account({"assets": [], "positions": [POSITION, row]})),
]


@pytest.mark.parametrize(("row", "is_read"), ROWS)
def test_a_row_with_all_its_members_is_read(row: dict[str, Any], is_read: Reading) -> None:
    assert is_read(row)


@pytest.mark.parametrize(
    ("row", "is_read", "name"), [(row, is_read, name) for row, is_read in ROWS for name in row]
)
def test_a_row_that_lacks_a_member_makes_the_answer_unreadable(
    row: dict[str, Any], is_read: Reading, name: str
) -> None:
    """Passed over, the order would be missing, its fills be too few, or a balance be gone."""
    assert not is_read({key: value for key, value in row.items() if key != name})
    assert not is_read(row | {name: None})
    assert not is_read(row | {name: {"odd": True}})


@pytest.mark.parametrize(
    "answer", [None, -5, "text", {}, [1], {"balances": None}, {"positions": []}]
)
def test_what_is_no_such_answer_is_not_read(answer: Any) -> None:
    assert not tells_order(answer)
    assert not tells_orders(answer)
    assert not tells_fills(answer)
    assert not tells_account(answer)
