"""Where a program trades while it is tried out: on an exchange of its own, unless the environment leads elsewhere."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, SIMULATOR_VARIABLE
from binance_wsapi.markets import Market
from binance_wsapi.simulator.exchange import SimulatedExchange

__all__ = ["practice"]

PRODUCTION = "production"
KEY_VARIABLES = ("BINANCE_API_KEY", "BINANCE_API_SECRET")


@contextmanager
def practice(
    *, seed: int = 1, step_seconds: float = 0.05, volatility: int = 5
) -> Generator[SimulatedExchange | None]:
    """Lead the clients of a block to an embedded exchange, unless the environment leads them elsewhere.

    The examples trade in it, and so may a program of yours that is not ready for money yet::

        with practice(), Client.from_env() as client:
            print(client.spot.get_account_information().result.balances)

    ``BINANCE_WSAPI_ENV`` decides. Not set, an exchange is started whose markets move by themselves, and the
    environment of this process leads to a funded account on it until the block ends; keys that stand there are
    not used. ``testnet``, ``demo`` and ``simulator`` lead there, with your keys. ``production`` does so as
    well: here alone, since a client takes no such value.

    Args:
        seed: The same seed gives the same prices.
        step_seconds: Mean time between two steps of a symbol.
        volatility: Standard deviation of one step, in basis points of the price.

    Yields:
        The exchange that was started; ``None`` where the environment leads elsewhere.
    """
    where = os.environ.get(ENVIRONMENT_VARIABLE, "")
    if where:
        led: dict[str, str] = {ENVIRONMENT_VARIABLE: "" if where == PRODUCTION else where}
        with _environment(led):
            yield None
        return
    with SimulatedExchange(seed=seed, market_maker=True) as exchange:
        exchange.start_random_market(
            step_seconds=step_seconds, volatility=volatility, markets=(Market.SPOT, Market.USDM)
        )
        key = exchange.create_account().create_key()
        led = {
            ENVIRONMENT_VARIABLE: "simulator",
            SIMULATOR_VARIABLE: exchange.rest_url.replace("http", "ws", 1),
            **dict(zip(KEY_VARIABLES, (key.api_key, key.api_secret), strict=True)),
        }
        with _environment(led):
            yield exchange


@contextmanager
def _environment(changed: dict[str, str]) -> Generator[None]:
    """Change variables of this process for a while."""
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
