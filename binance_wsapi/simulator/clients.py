"""Clients of the embedded exchange: the one module of the simulator that knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from binance_wsapi import AsyncClient, Client
    from binance_wsapi.simulator.exchange import SimulatedExchange
    from binance_wsapi.simulator.key_making import Key

__all__ = ["async_client", "client"]


def client(exchange: SimulatedExchange, key: Key | None = None, **options: Any) -> Client:
    """Return a sync client; without a key, that of a new account with plenty of funds."""
    from binance_wsapi import Client

    return Client(**_options(exchange, key, options))


def async_client(
    exchange: SimulatedExchange, key: Key | None = None, **options: Any
) -> AsyncClient:
    """Return an async client; without a key, that of a new account with plenty of funds."""
    from binance_wsapi import AsyncClient

    return AsyncClient(**_options(exchange, key, options))


def _options(
    exchange: SimulatedExchange, key: Key | None, options: dict[str, Any]
) -> dict[str, Any]:
    if key is None and "api_key" not in options:
        key = exchange.create_account().create_key()
    return {**exchange.client_options(key), **options}
