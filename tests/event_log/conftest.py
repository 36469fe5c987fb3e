"""A Redis for each test, and an account to be logged."""

from __future__ import annotations

import pytest
from redis_server import database, server

from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

__all__ = ["account", "database", "server"]


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()
