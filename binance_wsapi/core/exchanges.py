"""What is known of each exchange that a client talks to: its clock, its limits, its orders, its rules."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from binance_wsapi.core.neighbours import AccountShare, AddressShare, Group, Neighbour, Neighbours
from binance_wsapi.endpoints import (
    EndpointKind,
    Environment,
    WsKey,
    api_key_beside,
    default_ws_key,
    endpoint,
    environment_of,
)
from binance_wsapi.errors import ConfigurationError, FilterFailure
from binance_wsapi.forks import unforked
from binance_wsapi.markets import Market
from binance_wsapi.models.rows import Rows, Tables
from binance_wsapi.options import Options
from binance_wsapi.protocol.backoff import ConnectionBudget
from binance_wsapi.protocol.clock import Measurements, ServerClock
from binance_wsapi.protocol.limits import Governor, connection_ledger
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.silence import Silence
from binance_wsapi.protocol.told_limits import LimitUsage
from binance_wsapi.proxies import proxy_of

if TYPE_CHECKING:
    from binance_wsapi.catalogue.operation import Operation
    from binance_wsapi.core.shared_limits import SharedLimits, SharedPool
    from binance_wsapi.protocol.weight_share import WeightShare
    from binance_wsapi.rules.known_rules import KnownRules

    _ShareOf = Callable[[AddressShare], WeightShare]

__all__ = ["Exchanges"]


SWITCH_S = 0.1
"""How long a client that comes waits for its neighbours to take the lock from now on: they do so at once,
unless their threads stand still, and what stands still uses nothing."""


class _Limits:
    """The limits of one pool at one exchange, as this client and its neighbours use them up."""

    def __init__(
        self,
        ws_key: WsKey,
        governor: Governor,
        address: Group[AddressShare],
        account: Group[AccountShare],
    ) -> None:
        self.ws_key = ws_key
        self.governor = governor
        self.address = address
        self.account = account
        self.pool: SharedPool | None = None
        """The same as those see it who share it with other processes."""

    def beside(self, member: Neighbour) -> set[Neighbour]:
        """Return who uses some of them up as well."""
        return {*self.address.beside(member), *self.account.beside(member)}


class Exchanges:
    """Clocks, limits, orders and trading rules of the exchanges behind a client's connections.

    Owned by the loop's thread, but for :meth:`set_time_offset_ms`, :meth:`rules_of`, :meth:`post` and :meth:`leave`.
    Clocks are measured, and limits used up, together with the neighbours: the clients of this process that use
    the same address or account.

    Args:
        options: The client's options.
        now: Monotonic seconds.
        wall_us: Epoch microseconds.
        neighbours: Whom to share with; nobody by default.
        post: Has something done on the loop's thread; raises ``RuntimeError`` when that has ended.
        shared: Shares the limits with other processes; neighbours are among them then.
    """

    def __init__(
        self,
        options: Options,
        now: Callable[[], float],
        wall_us: Callable[[], int],
        *,
        neighbours: Neighbours | None = None,
        post: Callable[[Callable[[], object]], object] = lambda work: work(),
        shared: SharedLimits | None = None,
    ) -> None:
        self._options = options
        self._now = now
        self._wall_us = wall_us
        self._neighbours = neighbours or Neighbours()
        self._post = post
        self._shared = shared
        self._clocks: dict[tuple[Market, Environment, str], ServerClock] = {}
        self._time_offset_ms: float | None = None
        self._limits: dict[tuple[str, Environment], _Limits] = {}
        self._own_orders: dict[tuple[Market, Environment], OwnOrders] = {}
        self._rules: dict[tuple[Market, Environment], KnownRules] = {}
        self.on_silence: Callable[[Silence], None] = lambda silence: None
        """Told of a limit or a ban that a neighbour was told of."""

    # Clocks

    def clock_of(self, ws_key: WsKey) -> ServerClock:
        """Return the clock of the exchange that a connection belongs to.

        Exchanges differ by market, environment and the host of the WebSocket API, or of REST without one.
        """
        environment = environment_of(ws_key, self._options.environment)
        host = self._host(api_key_beside(ws_key)) or self._rest_host(ws_key)
        exchange = endpoint(ws_key).market, environment, host
        clock = self._clocks.get(exchange)
        if clock is None:
            group = self._neighbours.join(("clock", *exchange), Measurements, self)
            clock = self._clocks[exchange] = ServerClock(measurements=group.shared)
            # Read after it can be found: an offset set meanwhile, on another thread, is not missed.
            clock.set_time_offset_ms(self._time_offset_ms)
        return clock

    def clock_measured(
        self, ws_key: WsKey, *, sent: float, sent_wall_us: int, server_time: int
    ) -> None:
        """Take in a server time that an answer told which has just come.

        Args:
            ws_key: The connection of the exchange.
            sent: When the request was written, monotonic seconds.
            sent_wall_us: When the request was written, by the wall clock.
            server_time: What the answer said, in milliseconds or microseconds.
        """
        clock, governor = self.clock_of(ws_key), self.governor_of(ws_key)
        # Both at once: the time of every neighbour moves, and what they have used up moves with it.
        with self._neighbours.lock:
            thought_us = self.now_us(ws_key)
            clock.measured(
                sent=sent,
                received=self._now(),
                sent_wall_us=sent_wall_us,
                server_time=server_time,
            )
            now_us = self.now_us(ws_key)
            governor.clock_set(now_us, now_us - thought_us)

    def now_us(self, ws_key: WsKey) -> int:
        """Return the time of the exchange that a connection belongs to, epoch microseconds."""
        return self.clock_of(ws_key).timestamp_us(self._wall_us, self._now())

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much every exchange is ahead of the wall clock; from any thread."""
        limits = list(self._limits.values())
        before = [self.now_us(each.ws_key) for each in limits]
        self._time_offset_ms = offset_ms
        for clock in list(self._clocks.values()):
            clock.set_time_offset_ms(offset_ms)
        for each, us in zip(limits, before, strict=True):
            with self._neighbours.lock:
                # What was shared once goes by the clock of those who shared it, also when they are gone.
                if each.beside(self) or each.governor.lead_us:
                    # The neighbours' clocks show what they did, and one ledger cannot go by two.
                    each.governor.lead_us += us - self.now_us(each.ws_key)
                else:  # it goes by this client's clock from now on, and so does nobody else
                    each.address.is_shut = each.account.is_shut = True

    # Limits

    def governor_of(self, ws_key: WsKey) -> Governor:
        """Return what keeps the limits of the exchange that a connection belongs to."""
        return self._limits_of(ws_key).governor

    def connections_of(self, ws_key: WsKey) -> ConnectionBudget:
        """Return what counts the connections from this address to the exchange of a connection."""
        return self._limits_of(ws_key).address.shared.connections

    def connection_lease_delay(self, ws_key: WsKey) -> float:
        """Return the seconds until a connection may be opened, by what other processes open."""
        pool = self._limits_of(ws_key).pool
        if pool is None:
            return 0.0
        wall_us = self.now_us(ws_key)
        pool.connections.roll(wall_us)
        refusal = pool.connections.exceeded(1, wall_us, urgent=False)
        return 0.0 if refusal is None else max(0.01, refusal.wait(wall_us))

    def count_connection(self, ws_key: WsKey) -> None:
        """Count a connection attempt for other processes to see."""
        if (pool := self._limits_of(ws_key).pool) is not None:
            pool.connections.meter.sent += 1
            pool.connections.meter.done += 1

    def share_wait(self, ws_key: WsKey, weight: int, share_of: _ShareOf) -> float:
        """Charge a request of the core's own and return 0, or the seconds until there may be room for it."""
        limits, wall_us = self._limits_of(ws_key), self.now_us(ws_key)
        with self._neighbours.lock:
            share = share_of(limits.address.shared)
            return share.wait(weight, limits.governor.usage(wall_us), wall_us)

    def spread_silence(self, ws_key: WsKey) -> None:
        """Have the neighbours leave alone what this client was told to."""
        limits = self._limits_of(ws_key)
        told = copy.copy(limits.governor.silence)
        with self._neighbours.lock:
            limits.address.shared.silence.heed(told)
            limits.account.shared.silence.heed_orders(told)
            neighbours = limits.beside(self)
        if self._shared is not None and limits.pool is not None:
            self._shared.told(limits.pool, told)
        for neighbour in neighbours:
            neighbour.post(partial(neighbour.hear, limits.address, limits.account, told))

    def hear(
        self, address: Group[AddressShare], account: Group[AccountShare], told: Silence
    ) -> None:
        """Leave alone what a neighbour was told to, who shares that address or that account."""
        for limits in self._limits.values():
            silence = limits.governor.silence
            if limits.address is address:
                silence.heed(told)
            if limits.account is account:
                silence.heed_orders(told)
            if limits.address is address or limits.account is account:
                self.on_silence(silence)

    def post(self, work: Callable[[], object]) -> None:
        """Have something done on the loop's thread, if that still runs; from any thread."""
        with contextlib.suppress(RuntimeError):
            self._post(work)

    def leave(self) -> None:
        """Share nothing any more: the client is closed; from any thread."""
        self._neighbours.leave(self)

    def _limits_of(self, ws_key: WsKey) -> _Limits:
        environment = environment_of(ws_key, self._options.environment)
        facts = endpoint(ws_key).market.facts
        limits = self._limits.get((facts.limit_pool, environment))
        if limits is None:
            limits = self._limits[facts.limit_pool, environment] = self._join(ws_key, environment)
        return limits

    def _join(self, ws_key: WsKey, environment: Environment) -> _Limits:
        """Share what the exchange counts by address and by account with those who use the same."""
        facts, neighbours = endpoint(ws_key).market.facts, self._neighbours
        host, proxy = self._way(ws_key, environment)
        # What goes by a clock that was set by hand goes by that alone.
        clock = None if self._time_offset_ms is None else id(self)
        exchange = facts.limit_pool, environment, host, clock
        key = self._options.api_key
        with neighbours.lock:
            address = neighbours.join(("address", *exchange, proxy), AddressShare, self)
            account = neighbours.join(("account", *exchange, key or id(self)), AccountShare, self)
            weight, orders = address.shared.weight, account.shared.orders
            governor = Governor(facts.limits, weight=weight, orders=orders)
            governor.silence.heed(address.shared.silence)
            governor.silence.heed_orders(account.shared.silence)
            limits = _Limits(ws_key, governor, address, account)
            others = limits.beside(self)
        for neighbour in others:
            governor.share(neighbours.lock)
            switched = threading.Event()
            neighbour.post(partial(neighbour.take_turns, switched))
            switched.wait(SWITCH_S)
        if self._shared is not None:
            name = "|".join((facts.limit_pool, environment.value, host))
            limits.pool = self._pool(limits, name, proxy)
            self._shared.share(limits.pool)
        return limits

    def _pool(self, limits: _Limits, exchange: str, proxy: str | None) -> SharedPool:
        """Return limits as those see them who share them with other processes."""
        with unforked:
            from binance_wsapi.core.shared_limits import SharedPool

        silence, key = limits.governor.silence, self._options.api_key

        def hear(address: Silence, account: Silence) -> None:
            silence.heed(address)
            silence.heed_orders(account)
            self.on_silence(silence)

        return SharedPool(
            address=exchange if proxy is None else f"{exchange}|{_fingerprint(proxy)}",
            account=None if key is None else f"{exchange}|{_fingerprint(key)}",
            weight=limits.address.shared.weight,
            orders=limits.account.shared.orders,
            connections=connection_ledger(),
            exchange_us=partial(self.now_us, limits.ws_key),
            hear=hear,
        )

    def take_turns(self, switched: threading.Event) -> None:
        """Somebody else uses the same limits from now on."""
        for limits in self._limits.values():
            limits.governor.share(self._neighbours.lock)
        switched.set()

    def _way(self, wanted: WsKey, environment: Environment) -> tuple[str, str | None]:
        """Return the host of a pool's exchange, and the proxy that leads there."""
        pool = endpoint(wanted).market.facts.limit_pool
        for ws_key in WsKey:
            known = endpoint(ws_key)
            if (
                known.kind is EndpointKind.WS_API
                and known.market.facts.limit_pool == pool
                and environment_of(ws_key, self._options.environment) is environment
                and (host := self._host(ws_key))
            ):
                return host, proxy_of(self._options.url(ws_key), self._options.proxy)
        try:  # it has no WebSocket API, or the client none of its addresses
            url = self._options.rest_host(wanted)
        except ConfigurationError:
            return "", self._options.proxy
        return urlsplit(url).netloc, proxy_of(url, self._options.proxy)

    def _rest_host(self, ws_key: WsKey) -> str:
        try:
            return urlsplit(self._options.rest_host(ws_key)).netloc
        except ConfigurationError:  # streams alone: nothing there to measure by
            return ""

    def _host(self, ws_key: WsKey) -> str:
        try:
            return urlsplit(self._options.url(ws_key)).netloc
        except ConfigurationError:
            return ""

    def own_orders_of(self, ws_key: WsKey) -> OwnOrders:
        """Return what answers have shown of the orders of a connection's exchange."""
        environment = environment_of(ws_key, self._options.environment)
        return self._own_orders.setdefault((endpoint(ws_key).market, environment), OwnOrders())

    def rules_of(self, ws_key: WsKey) -> KnownRules:
        """Return what was fetched of the trading rules of a connection's exchange; from any thread."""
        exchange = endpoint(ws_key).market, environment_of(ws_key, self._options.environment)
        known = self._rules.get(exchange)
        if known is None:
            with unforked:
                from binance_wsapi.rules.known_rules import KnownRules

            known = self._rules.setdefault(exchange, KnownRules(exchange[0]))
        return known

    def explain(
        self, ws_key: WsKey, error: FilterFailure, operation: Operation, params: Mapping[str, Any]
    ) -> None:
        """Tell in a filter's refusal what is known about it."""
        with unforked:
            from binance_wsapi.rules.refusals import explain

        explain(error, operation, params, self.rules_of(ws_key))

    async def limit_usage(self) -> Tables[LimitUsage]:
        """Return how far the limits are used up, by market."""
        return Tables(
            {
                market.value: Rows(
                    self.governor_of(ws_key).usage(self.now_us(ws_key)), kind=LimitUsage
                )
                for market in Market
                for ws_key in (default_ws_key(market),)
            }
        )


def _fingerprint(secret: str) -> str:
    """Return what tells a key or a proxy from others and does not give it away."""
    with unforked:
        import hashlib

    return hashlib.sha256(secret.encode()).hexdigest()[:20]
