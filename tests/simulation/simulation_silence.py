"""What the exchange told the client to be silent for, and whether it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulation_exchange import SimulatedExchange

__all__ = ["Silences"]

_BANNED = 418
_STATUSES = frozenset({_BANNED, 429})
_SHORTEST_BAN_S = 120.0
_TOO_MANY_ORDERS = -1015
"""Other requests than orders may go on."""


@dataclass(frozen=True, slots=True)
class _Silence:
    exchange: SimulatedExchange
    since: float
    until: float
    why: str
    dials_only: bool
    """Only connecting is refused: open connections go on."""


class Silences:
    """Keeps what the client was told, and what it sent all the same."""

    def __init__(self) -> None:
        self._silences: list[_Silence] = []
        self._broken: list[str] = []

    def refused(
        self, exchange: SimulatedExchange, now: float, status: int, retry_after: float | None
    ) -> None:
        """A handshake was refused."""
        if status in _STATUSES:
            if retry_after is None:
                retry_after = _SHORTEST_BAN_S if status == _BANNED else 0.0
            why = f"a handshake was refused with {status}"
            self._tell(exchange, now, retry_after, why, dials_only=status != _BANNED)

    def answered(self, exchange: SimulatedExchange, now: float, answer: dict[str, Any]) -> None:
        """An answer reached the client."""
        if answer.get("status") not in _STATUSES:
            return
        error = answer.get("error", {})
        data = error.get("data")
        if data and error["code"] != _TOO_MANY_ORDERS:
            unit = 1e6 if data["serverTime"] > 10**14 else 1e3
            seconds = (data["retryAfter"] - data["serverTime"]) / unit
            self._tell(exchange, now, seconds, f"{answer['id']} was answered {answer['status']}")

    def sent(
        self, exchange: SimulatedExchange, now: float, what: str, *, dials: bool = False
    ) -> None:
        """The client sent something, or dialled."""
        for silence in self._silences:
            if silence.dials_only and not dials:
                continue
            if silence.exchange is exchange and silence.since < now < silence.until:
                self._broken.append(
                    f"{what} at {now:.3f} to {exchange.name}, which wants silence from "
                    f"{silence.since:.3f} to {silence.until:.3f}: {silence.why}"
                )
                return

    def broken(self) -> Iterator[str]:
        """Yield what was sent in spite of what had been told."""
        yield from self._broken

    def _tell(
        self,
        exchange: SimulatedExchange,
        now: float,
        seconds: float,
        why: str,
        *,
        dials_only: bool = False,
    ) -> None:
        if seconds > 0:
            self._silences.append(_Silence(exchange, now, now + seconds, why, dials_only))
