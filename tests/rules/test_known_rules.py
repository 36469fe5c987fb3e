"""What was fetched is kept, and how far it can be relied on is known."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from rules_samples import SPOT, captured

from binance_wsapi.markets import Market
from binance_wsapi.rules.known_rules import KnownRules


def answer(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"timezone": "UTC", "rateLimits": [], "symbols": rows}).encode()


@pytest.fixture
def known() -> KnownRules:
    known = KnownRules(Market.SPOT)
    known.take(answer(SPOT, captured()), 100.0, is_all=False)
    return known


def test_rules_are_kept_by_symbol(known: KnownRules) -> None:
    rules = known.get("ETHBTC")

    assert rules is not None
    assert rules.symbol == "ETHBTC"
    assert known.get("ETHBTC") is rules
    assert known.get("FOOBAR") is None
    assert len(known) == 2


def test_rules_are_sound_until_a_refusal_speaks_against_them(known: KnownRules) -> None:
    assert known.is_sound("BTCUSDT", 1e9)
    assert not known.is_sound("FOOBAR", 100)

    known.doubt("BTCUSDT")
    known.doubt("FOOBAR")

    assert known.is_sound("BTCUSDT", 159.9), "they have just been fetched"
    assert not known.is_sound("BTCUSDT", 160)
    assert known.is_sound("ETHBTC", 160)

    known.take(answer(SPOT), 161, is_all=False)

    assert known.is_sound("BTCUSDT", 1e9)


def test_rules_age(known: KnownRules) -> None:
    assert known.is_recent("BTCUSDT", 3699)
    assert not known.is_recent("BTCUSDT", 3700)
    assert not known.is_recent("FOOBAR", 100)
    assert known.was_fetched_since("BTCUSDT", 100)
    assert not known.was_fetched_since("BTCUSDT", 100.1)


def test_an_answer_with_all_symbols_is_complete_for_a_while(known: KnownRules) -> None:
    assert not known.is_complete(100)

    known.take(answer(SPOT), 200, is_all=True)

    assert known.is_complete(259)
    assert not known.is_complete(260)
    assert known.get("ETHBTC") is not None


@pytest.mark.parametrize("odd", [b"{}", b"[]", b'{"symbols": [{}]}', b'{"symbols": [3]}'])
def test_what_is_no_answer_is_refused_whole(known: KnownRules, odd: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        known.take(odd, 300, is_all=True)

    assert not known.is_complete(300)
