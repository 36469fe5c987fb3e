"""Every kind of user data event says how its copy on a second connection is known, or is known by its bytes."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from documented_samples import documented_events

from binance_wsapi.models.base import UnknownEvent
from binance_wsapi.models.eoptions_events import EoptionsUserEvent
from binance_wsapi.models.futures_events import CoinmUserEvent, UsdmUserEvent
from binance_wsapi.models.margin_events import MarginUserEvent
from binance_wsapi.models.portfolio_margin_events import (
    PortfolioMarginProUserEvent,
    PortfolioMarginUserEvent,
)
from binance_wsapi.models.user_events import UserEvent
from binance_wsapi.protocol import event_merge
from binance_wsapi.protocol.raw_event import raw_event

KINDS = {
    str(event.__struct_config__.tag)
    for union in (
        UserEvent,
        UsdmUserEvent,
        CoinmUserEvent,
        MarginUserEvent,
        PortfolioMarginUserEvent,
        PortfolioMarginProUserEvent,
        EoptionsUserEvent,
    )
    for event in get_args(union)
    if event is not UnknownEvent
}
KNOWN_BY_THEIR_BYTES = {
    "MARGIN_CALL",
    "CONDITIONAL_ORDER_TRIGGER_REJECT",
    "STRATEGY_UPDATE",
    "GRID_UPDATE",
    "MARGIN_LEVEL_STATUS_CHANGE",
    "USER_LIABILITY_CHANGE",
    "openOrderLoss",
    "riskLevelChange",
    "RISK_LEVEL_CHANGE",
    "PM_PRO_ACCOUNT_UPDATE",
    "uniMMRDrop",
    "listenKeyExpired",
    "eventStreamTerminated",
    "serverShutdown",
}
"""None tells a fill or by how much a balance changed: told twice, by a server that writes further fields,
they do no harm."""


def test_every_kind_says_how_its_copies_are_known() -> None:
    assert set(event_merge._IDENTITIES) | KNOWN_BY_THEIR_BYTES == KINDS
    assert not set(event_merge._IDENTITIES) & KNOWN_BY_THEIR_BYTES


OPTION_SAMPLES = {
    each["event"]: each["samples"][0]
    for each in documented_events("eoptions")["user_data"]
    if each["event"] in event_merge._IDENTITIES
}


@pytest.mark.parametrize("kind", OPTION_SAMPLES)
def test_a_copy_of_an_options_event_is_known_whatever_a_newer_server_adds(kind: str) -> None:
    sample = OPTION_SAMPLES[kind]
    other = sample | {"T": sample["T"] + 1}

    first, copy, another = (
        event_merge.identity(raw_event(json.dumps(each).encode()))
        for each in (sample, sample | {"E": sample["E"] + 7, "new": 1}, other)
    )

    assert first == copy != another
    assert not isinstance(first, bytes)
