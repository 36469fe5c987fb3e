"""The embedded exchange as its users hold it: started, steered and looked into from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from binance_wsapi.endpoints import WsKey
from binance_wsapi.simulator.clock import SimulatedClock

__all__ = ["AccountHandle", "Key", "KeyKind", "SimulatedExchange"]

T = TypeVar("T")
KeyKind = Literal["ed25519", "hmac", "rsa"]


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as its owner holds it."""

    api_key: str
    api_secret: str = field(repr=False)
    """The private key as PEM text (Ed25519, RSA) or the HMAC secret."""
    key_type: KeyKind = "ed25519"


class AccountHandle:
    """One account of the exchange, usable from any thread."""

    uid: int

    def balances(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Return free and locked amounts by asset."""
        raise NotImplementedError

    def create_key(
        self,
        key_type: KeyKind = "ed25519",
        *,
        permissions: Sequence[str] = ("USER_DATA", "TRADE"),
        ips: Sequence[str] = (),
    ) -> Key:
        """Make a key; without ``ips`` it may be used from anywhere."""
        raise NotImplementedError


class SimulatedExchange:
    """A Binance on 127.0.0.1 in a thread of its own.

    ``with SimulatedExchange() as exchange:`` starts and stops it; ``async with`` does the same.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        market_maker: bool = False,
        clock: SimulatedClock | None = None,
        symbols: Sequence[Any] | None = None,
        tls: bool = False,
        port: int = 0,
    ) -> None:
        raise NotImplementedError

    urls: dict[WsKey, str]
    rest_url: str
    clock: SimulatedClock

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError

    def create_account(self, balances: Mapping[str, str] | None = None) -> AccountHandle:
        """Open an account with these free amounts."""
        raise NotImplementedError

    def client_options(self, key: Key | None = None) -> dict[str, Any]:
        """Return the options that lead a client here: ``Client(**exchange.client_options(key))``."""
        raise NotImplementedError

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on the exchange's thread and return its result."""
        raise NotImplementedError
