"""What is known of each exchange that a client talks to: its clock, its limits, its orders, its rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from binance_wsapi.endpoints import (
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
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.limits import Governor, governors
from binance_wsapi.protocol.own_orders import OwnOrders
from binance_wsapi.protocol.told_limits import LimitUsage

if TYPE_CHECKING:
    from binance_wsapi.catalogue.operation import Operation
    from binance_wsapi.rules.known_rules import KnownRules

__all__ = ["Exchanges"]


class Exchanges:
    """Clocks, limits, orders and trading rules of the exchanges behind a client's connections.

    Owned by the loop's thread, but for :meth:`set_time_offset_ms` and :meth:`rules_of`.

    Args:
        options: The client's options.
        now: Monotonic seconds.
        wall_us: Epoch microseconds.
    """

    def __init__(
        self, options: Options, now: Callable[[], float], wall_us: Callable[[], int]
    ) -> None:
        self._options = options
        self._now = now
        self._wall_us = wall_us
        self._clocks: dict[tuple[Market, Environment, str], ServerClock] = {}
        self._time_offset_ms: float | None = None
        self._governors: dict[Environment, dict[Market, Governor]] = {}
        self._own_orders: dict[tuple[Market, Environment], OwnOrders] = {}
        self._rules: dict[tuple[Market, Environment], KnownRules] = {}

    def clock_of(self, ws_key: WsKey) -> ServerClock:
        """Return the clock of the exchange that a connection belongs to.

        Exchanges differ by market, environment and the host of the WebSocket API.
        """
        environment = environment_of(ws_key, self._options.environment)
        try:
            host = urlsplit(self._options.url(api_key_beside(ws_key))).netloc
        except ConfigurationError:  # streams alone: nothing there to measure by
            host = ""
        exchange = endpoint(ws_key).market, environment, host
        clock = self._clocks.get(exchange)
        if clock is None:
            clock = self._clocks[exchange] = ServerClock()
            # Read after it can be found: an offset set meanwhile, on another thread, is not missed.
            clock.set_time_offset_ms(self._time_offset_ms)
        return clock

    def now_us(self, ws_key: WsKey) -> int:
        """Return the time of the exchange that a connection belongs to, epoch microseconds."""
        return self.clock_of(ws_key).timestamp_us(self._wall_us, self._now())

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much every exchange is ahead of the wall clock; from any thread."""
        self._time_offset_ms = offset_ms
        for clock in list(self._clocks.values()):
            clock.set_time_offset_ms(offset_ms)

    def governor_of(self, ws_key: WsKey) -> Governor:
        """Return what keeps the limits of the exchange that a connection belongs to."""
        environment = environment_of(ws_key, self._options.environment)
        by_market = self._governors.get(environment)
        if by_market is None:
            by_market = self._governors[environment] = governors()
        return by_market[endpoint(ws_key).market]

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
