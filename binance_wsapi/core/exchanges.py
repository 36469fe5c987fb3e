"""What is known of each exchange that a client talks to: its clock, its limits, its orders, its rules."""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from binance_wsapi.core.neighbours import (
    AccountShare,
    AddressShare,
    ExchangeTime,
    Group,
    Neighbours,
)
from binance_wsapi.core.pool_limits import PoolLimits
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
from binance_wsapi.protocol.clock import Measurements, ServerClock
from binance_wsapi.protocol.limits import Governor
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.silence import Silence
from binance_wsapi.protocol.told_limits import LimitUsage
from binance_wsapi.proxies import proxy_of

if TYPE_CHECKING:
    from binance_wsapi.catalogue.operation import Operation
    from binance_wsapi.core.shared_limits import SharedLimits
    from binance_wsapi.rules.known_rules import KnownRules

__all__ = ["Exchanges"]


SWITCH_S = 0.1
"""How long a client that comes waits for its neighbours to take the lock from now on: they do so at once,
unless their threads stand still, and what stands still uses nothing."""


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
        self._limits: dict[tuple[str, Environment], PoolLimits] = {}
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
        clock, limits = self.clock_of(ws_key), self.limits_of(ws_key)
        with self._neighbours.lock:
            clock.measured(
                sent=sent,
                received=self._now(),
                sent_wall_us=sent_wall_us,
                server_time=server_time,
            )
            if clock.lead_us is None:
                return  # what is odd has to be borne out
            limits.time.shared.lead_us = clock.lead_us
            neighbours = limits.time.beside(self)
        limits.set_time()
        for neighbour in neighbours:
            neighbour.post(partial(neighbour.time_measured, limits.time))

    def time_measured(self, time: Group[ExchangeTime]) -> None:
        """Count limits by the time that was measured, here or by a neighbour; on the loop's thread."""
        for limits in self._limits.values():
            if limits.time is time:
                limits.set_time()

    def now_us(self, ws_key: WsKey) -> int:
        """Return the time of the exchange that a connection belongs to, epoch microseconds."""
        return self.clock_of(ws_key).timestamp_us(self._wall_us, self._now())

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much every exchange is ahead of the wall clock; from any thread."""
        self._time_offset_ms = offset_ms
        for clock in list(self._clocks.values()):
            clock.set_time_offset_ms(offset_ms)
        for limits in list(self._limits.values()):
            self._heed_offset(limits)
            self.post(partial(self.time_measured, limits.time))

    def _heed_offset(self, limits: PoolLimits) -> None:
        """Count by the time that is set by hand, if one is: what is shared goes by none but the exchange's."""
        with self._neighbours.lock:
            is_by_hand = self._time_offset_ms is not None and not limits.beside(self)
            if is_by_hand:
                limits.address.is_shut = limits.account.is_shut = True
            limits.go_by(partial(self.now_us, limits.ws_key) if is_by_hand else None)

    # Limits

    def governor_of(self, ws_key: WsKey) -> Governor:
        """Return what keeps the limits of the exchange that a connection belongs to."""
        return self.limits_of(ws_key).governor

    def limits_of(self, ws_key: WsKey) -> PoolLimits:
        """Return the limits of the exchange that a connection belongs to."""
        environment = environment_of(ws_key, self._options.environment)
        facts = endpoint(ws_key).market.facts
        limits = self._limits.get((facts.limit_pool, environment))
        if limits is None:
            limits = self._limits[facts.limit_pool, environment] = self._join(ws_key, environment)
            self._heed_offset(limits)
        return limits

    def spread_silence(self, ws_key: WsKey) -> None:
        """Have the neighbours leave alone what this client was told to."""
        limits = self.limits_of(ws_key)
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

    def _join(self, ws_key: WsKey, environment: Environment) -> PoolLimits:
        """Share what the exchange counts by address and by account with those who use the same."""
        facts, neighbours = endpoint(ws_key).market.facts, self._neighbours
        host, proxy = self._way(ws_key, environment)
        # What goes by a clock that was set by hand goes by that alone.
        clock = None if self._time_offset_ms is None else id(self)
        exchange = facts.limit_pool, environment, host, clock
        key = self._options.api_key
        with neighbours.lock:
            time = neighbours.join(
                ("time", *exchange[:3]), lambda: ExchangeTime(self._lead_us(ws_key)), self
            )
            lead_us = time.shared.lead_us
            address = neighbours.join(
                ("address", *exchange, proxy), partial(AddressShare, lead_us), self
            )
            account = neighbours.join(
                ("account", *exchange, key or id(self)), partial(AccountShare, lead_us), self
            )
            weight, orders = address.shared.weight, account.shared.orders
            governor = Governor(facts.limits, weight=weight, orders=orders)
            governor.silence.heed(address.shared.silence)
            governor.silence.heed_orders(account.shared.silence)
            limits = PoolLimits(
                ws_key,
                governor,
                time=time,
                address=address,
                account=account,
                neighbours=neighbours,
                now=self._now,
            )
            others = limits.beside(self)
        for neighbour in others:
            governor.share(neighbours.lock)
            switched = threading.Event()
            neighbour.post(partial(neighbour.take_turns, switched))
            switched.wait(SWITCH_S)
        if self._shared is not None:
            name = "|".join((facts.limit_pool, environment.value, host))
            pool = limits.shared_pool(name, proxy, key, self.on_silence)
            self._shared.share(pool)
        limits.set_time()  # what was measured while nobody was there to be told
        return limits

    def _lead_us(self, ws_key: WsKey) -> int:
        """Return by how much the exchange is ahead of monotonic time: as measured, else by the wall clock."""
        measured = self.clock_of(ws_key).lead_us
        return self._wall_us() - round(self._now() * 1e6) if measured is None else measured

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

    def usage_of(self, ws_key: WsKey) -> list[LimitUsage]:
        """Return how far the limits of a connection are used up."""
        return self.governor_of(ws_key).usage(self._now())

    async def limit_usage(self) -> Tables[LimitUsage]:
        """Return how far the limits are used up, by market."""
        return Tables(
            {
                market.value: Rows(self.usage_of(ws_key), kind=LimitUsage)
                for market in Market
                for ws_key in (default_ws_key(market),)
            }
        )
