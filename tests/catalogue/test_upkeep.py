"""What operations do for their connection stands at the operation, and nobody asks for their names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Operation, Upkeep
from binance_wsapi.core.call_kind import kind_by_method
from binance_wsapi.markets import Market, api_markets

REFERENCE = Path(__file__).parents[1] / "reference"
SPECIAL = {
    "session.logon": Upkeep.LOGON,
    "session.logout": Upkeep.LOGOUT,
    "userDataStream.stop": Upkeep.LISTEN_KEY_END,
}


@pytest.mark.parametrize(
    "operation",
    [each for market in api_markets() for each in operations(market)],
    ids=lambda each: f"{each.market.value} {each.method}",
)
def test_what_keeps_a_connection_up_says_so(operation: Operation) -> None:
    is_upkeep = operation.method.startswith(("session.", "userDataStream."))
    expected = SPECIAL.get(operation.method, Upkeep.OTHER) if is_upkeep else None

    assert operation.upkeep is expected


def test_what_the_documents_say_to_change_the_session_is_upkeep() -> None:
    documented = json.loads((REFERENCE / "spot" / "operations.json").read_text())
    by_method = {each.method: each for each in operations(Market.SPOT)}

    changing = [each["method"] for each in documented if each["changes_session"]]

    assert changing
    assert not [method for method in changing if by_method[method].upkeep is None]


@pytest.mark.parametrize("market", api_markets())
def test_calls_for_upkeep_are_not_repeated_on_another_connection(market: Market) -> None:
    kind = kind_by_method(market, "session.logon")

    assert (kind.logs, kind.logs_on, kind.repeatable) == (True, True, False)
    assert (kind_by_method(market, "session.logout").logs_on, kind.ends_listen_key) == (
        False,
        False,
    )
    assert not kind_by_method(market, "session.status").repeatable
    assert kind_by_method(market, "order.status").repeatable
