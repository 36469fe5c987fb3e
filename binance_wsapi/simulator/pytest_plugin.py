"""Fixtures for tests of trading bots; found by pytest by itself, imported by nobody.

Nothing of the library is loaded before a test asks for a fixture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from binance_wsapi import AsyncClient, Client
    from binance_wsapi.simulator.exchange import AccountHandle, Key, SimulatedExchange

__all__ = [
    "binance_account",
    "binance_async_client",
    "binance_client",
    "binance_exchange",
    "binance_key",
]


@pytest.fixture
def binance_exchange() -> Iterator[SimulatedExchange]:
    """A fresh exchange with a market maker, stopped after the test."""
    from binance_wsapi.simulator.exchange import SimulatedExchange

    with SimulatedExchange(market_maker=True) as exchange:
        yield exchange


@pytest.fixture
def binance_account(binance_exchange: SimulatedExchange) -> AccountHandle:
    """An account with plenty of the usual assets: the one of the other fixtures here."""
    return binance_exchange.create_account()


@pytest.fixture
def binance_key(binance_account: AccountHandle) -> Key:
    """An Ed25519 key of ``binance_account``, for a client of your own."""
    return binance_account.create_key()


@pytest.fixture
def binance_client(binance_exchange: SimulatedExchange, binance_key: Key) -> Iterator[Client]:
    """A sync client of ``binance_account``, closed after the test."""
    with binance_exchange.client(binance_key) as client:
        yield client


@pytest.fixture
def binance_async_client(
    binance_exchange: SimulatedExchange, binance_key: Key
) -> Iterator[AsyncClient]:
    """An async client of ``binance_account``, closed after the test."""
    client = binance_exchange.async_client(binance_key)
    yield client
    asyncio.run(client.close())
