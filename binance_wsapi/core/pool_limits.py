"""The limits of one pool at one exchange, as a client, its neighbours and other processes use them up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from binance_wsapi.core.neighbours import (
    AccountShare,
    AddressShare,
    ExchangeTime,
    Group,
    Neighbour,
    Neighbours,
)
from binance_wsapi.endpoints import WsKey
from binance_wsapi.forks import unforked
from binance_wsapi.protocol.backoff import ConnectionBudget
from binance_wsapi.protocol.limits import Governor, Ledger, connection_ledger
from binance_wsapi.protocol.silence import Silence

if TYPE_CHECKING:
    from binance_wsapi.core.shared_limits import SharedPool
    from binance_wsapi.protocol.weight_share import WeightShare

__all__ = ["PoolLimits"]


class PoolLimits:
    """What a client may use of one pool; on its loop's thread, but for what neighbours share.

    Args:
        ws_key: A connection of the pool.
        governor: Keeps the limits.
        time: What they are counted by.
        address: What is shared by address.
        account: What is shared by account.
        neighbours: Who may share them.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        ws_key: WsKey,
        governor: Governor,
        *,
        time: Group[ExchangeTime],
        address: Group[AddressShare],
        account: Group[AccountShare],
        neighbours: Neighbours,
        now: Callable[[], float],
    ) -> None:
        self.ws_key = ws_key
        self.governor = governor
        self.time = time
        self.address = address
        self.account = account
        self._neighbours = neighbours
        self._now = now
        self.pool: SharedPool | None = None
        """The same as those see it who share it with other processes."""

    def beside(self, member: Neighbour) -> set[Neighbour]:
        """Return who uses some of them up as well."""
        return {*self.address.beside(member), *self.account.beside(member)}

    def share_wait(self, weight: int, share_of: Callable[[AddressShare], WeightShare]) -> float:
        """Charge a request of the core's own and return 0, or the seconds until there may be room for it."""
        address, now = self.address.shared, self._now()
        with self._neighbours.lock:
            share = share_of(address)
            return share.wait(weight, self.governor.usage(now), address.weight.exchange_us(now))

    # The time they are counted by

    def set_time(self) -> None:
        """Count by the time as it was measured last."""
        lead_us, now = self.time.shared.lead_us, self._now()
        self.governor.set_lead(lead_us, now)
        if self.pool is not None:
            self.pool.connections.set_lead(lead_us, now)

    def go_by(self, hand_set_us: Callable[[], int] | None) -> None:
        """Count by the exchange's time as it is set by hand; ``None`` where it is measured."""
        for ledger in self._ledgers():
            ledger.hand_set_us = hand_set_us

    def _ledgers(self) -> list[Ledger]:
        ledgers = [self.address.shared.weight, self.account.shared.orders]
        return ledgers if self.pool is None else [*ledgers, self.pool.connections]

    # Connections

    @property
    def connections(self) -> ConnectionBudget:
        """Counts the connections from this address."""
        return self.address.shared.connections

    def connection_lease_delay(self) -> float:
        """Return the seconds until a connection may be opened, by what other processes open."""
        if self.pool is None:
            return 0.0
        now = self._now()
        self.pool.connections.roll(now)
        refusal = self.pool.connections.exceeded(1, now, urgent=False)
        return 0.0 if refusal is None else max(0.01, refusal.wait(now))

    def count_connection(self) -> None:
        """Count a connection attempt, for this process and for others to see."""
        self.connections.record(self._now())
        if self.pool is not None:
            self.pool.connections.meter.sent += 1
            self.pool.connections.meter.done += 1

    # Other processes

    def shared_pool(
        self,
        exchange: str,
        proxy: str | None,
        api_key: str | None,
        on_silence: Callable[[Silence], None],
    ) -> SharedPool:
        """Return them as those see them who share them with other processes."""
        with unforked:
            from binance_wsapi.core.shared_limits import SharedPool

        silence = self.governor.silence

        def hear(address: Silence, account: Silence) -> None:
            silence.heed(address)
            silence.heed_orders(account)
            on_silence(silence)

        self.pool = SharedPool(
            address=exchange if proxy is None else f"{exchange}|{_fingerprint(proxy)}",
            account=None if api_key is None else f"{exchange}|{_fingerprint(api_key)}",
            weight=self.address.shared.weight,
            orders=self.account.shared.orders,
            connections=connection_ledger(self.time.shared.lead_us),
            hear=hear,
        )
        return self.pool


def _fingerprint(secret: str) -> str:
    """Return what tells a key or a proxy from others and does not give it away."""
    with unforked:
        import hashlib

    return hashlib.sha256(secret.encode()).hexdigest()[:20]
