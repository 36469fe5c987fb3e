"""Enums know the documented values and take the ones added later."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from binance_wsapi.models import enums
from binance_wsapi.models.base import OpenEnum

DOCUMENTED = json.loads((Path(__file__).parents[1] / "reference/spot/enums.json").read_text())

NAMES = {
    "STPMode": "SelfTradePreventionMode",
    "CancelReplaceResult": "CancelReplaceOutcome",
}
# name in the documents -> why there is no enum of it here. An entry that is not needed fails.
LEFT_OUT = {
    "SymbolStatusFilter": "values of SymbolStatus that the parameter takes",
    "TickerWindow": "a pattern: the parameter checks it",
    "StreamTickerWindow": "part of stream names",
    "PartialDepthLevels": "numbers",
    "ExternalReferencePriceCalculation": "numbers",
    "UserDataEvent": "tags of the event models",
    "SecurityType": "the catalogue's Security",
    "TimeUnit": "an option of the client",
    "ResponseFormat": "SBE is not spoken",
    "KeyType": "the signer's",
    "StreamLiveMethod": "part of the stream protocol",
}
MEMBERS_LEFT_OUT = {"Permission": "trade groups are numbered, more are added all the time"}


def documented_enums() -> dict[str, list[str]]:
    return {
        name: entry["values"]
        for name, entry in DOCUMENTED.items()
        if not name.startswith("_") and name not in LEFT_OUT
    }


@pytest.mark.parametrize("name", documented_enums())
def test_enum_has_every_documented_value(name: str) -> None:
    enum: type[OpenEnum] = getattr(enums, NAMES.get(name, name))
    values = {each.value for each in enum}

    missing = set(documented_enums()[name]) - values

    assert not values - set(documented_enums()[name])
    assert bool(missing) is (name in MEMBERS_LEFT_OUT)


def test_nothing_is_left_out_that_is_not_documented() -> None:
    assert LEFT_OUT.keys() <= DOCUMENTED.keys()
    assert not {name for name in LEFT_OUT if hasattr(enums, name)}


def test_every_enum_is_documented() -> None:
    here = {NAMES.get(name, name) for name in documented_enums()}

    assert here == set(enums.__all__)


def test_value_added_later_is_a_member_equal_to_its_text() -> None:
    value: Any = enums.OrderStatus("SUSPENDED")

    assert isinstance(value, enums.OrderStatus)
    assert value == "SUSPENDED"
    assert str(value) == "SUSPENDED"
    assert hash(value) == hash("SUSPENDED")
    assert pickle.loads(pickle.dumps(value)) == value


def test_member_hashes_and_prints_as_its_text() -> None:
    assert hash(enums.KlineInterval.MINUTE_1) == hash("1m")
    assert f"{enums.KlineInterval.MINUTE_1}" == "1m"


def test_what_is_not_text_is_no_member() -> None:
    with pytest.raises(ValueError, match="5"):
        enums.Side(5)
