"""Listen keys: one an account, an hour each, an event at the end."""

from __future__ import annotations

from typing import Any

import pytest
from futures_sim_venue import START_US, Trader, Venue

from binance_wsapi.simulator.doors.wire import Micros


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def trader(venue: Venue) -> Trader:
    return venue.trader()


def _start(trader: Trader) -> str:
    key: str = trader.ask("userDataStream.start")["listenKey"]
    return key


def test_start_again_gives_the_live_key_and_extends_it(venue: Venue, trader: Trader) -> None:
    key = _start(trader)
    venue.clock.advance(3000)

    assert _start(trader) == key
    venue.clock.advance(3599)

    assert venue.market.listen_keys.is_live(key)
    venue.clock.advance(1)
    assert not venue.market.listen_keys.is_live(key)
    assert _start(trader) != key


def test_ping_extends_and_names_the_key(venue: Venue, trader: Trader) -> None:
    key = _start(trader)
    venue.clock.advance(3599)

    assert trader.ask("userDataStream.ping") == {"listenKey": key}
    venue.clock.advance(3599)

    assert venue.market.listen_keys.is_live(key)


@pytest.mark.parametrize("method", ["userDataStream.ping", "userDataStream.stop"])
def test_without_a_live_key_there_is_nothing_to_extend_or_stop(trader: Trader, method: str) -> None:
    assert trader.refused(method) == -1125


def test_events_reach_listeners_until_the_key_expires(venue: Venue, trader: Trader) -> None:
    key = _start(trader)
    heard: list[dict[str, Any]] = []
    venue.market.listen_keys.listen(key, heard.append)

    trader.place("BUY", "1", "59000")
    venue.clock.advance(3600)
    trader.place("BUY", "1", "59000")

    assert [event["e"] for event in heard] == ["ORDER_TRADE_UPDATE", "listenKeyExpired"]
    expected = Micros(START_US + 3_600_000_000)
    assert heard[-1] == {"e": "listenKeyExpired", "E": expected, "listenKey": key}


def test_stopped_key_is_silent(venue: Venue, trader: Trader) -> None:
    key = _start(trader)
    heard: list[dict[str, Any]] = []
    venue.market.listen_keys.listen(key, heard.append)

    assert trader.ask("userDataStream.stop") == {}
    trader.place("BUY", "1", "59000")
    venue.clock.advance(4000)

    assert heard == []


def test_keys_of_accounts_are_apart(venue: Venue, trader: Trader) -> None:
    other = venue.trader()
    heard: list[dict[str, Any]] = []
    venue.market.listen_keys.listen(_start(other), heard.append)
    _start(trader)

    trader.place("BUY", "1", "59000")

    assert heard == []


def test_unlistened_listener_hears_nothing(venue: Venue, trader: Trader) -> None:
    key = _start(trader)
    heard: list[dict[str, Any]] = []
    venue.market.listen_keys.listen(key, heard.append)
    venue.market.listen_keys.unlisten(key, heard.append)
    venue.market.listen_keys.unlisten("nobody's key", heard.append)

    trader.place("BUY", "1", "59000")

    assert heard == []
