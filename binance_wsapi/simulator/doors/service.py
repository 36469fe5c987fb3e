"""One market's API: what a request goes through, whichever door it came by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue.operation import Operation, Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.authentication import (
    ApiKey,
    Credentials,
    KeyRing,
    check_deadline,
    check_signature,
    check_time,
    refused_key,
)
from binance_wsapi.simulator.doors.request_limits import RequestLimits, weigh
from binance_wsapi.simulator.errors import ExchangeError, mandatory_missing, note_not_simulated

__all__ = ["Admitted", "Service"]

Handler = Callable[[str, dict[str, Any], EventSource | None], object]
_VERSIONS = {
    Market.SPOT: re.compile("v3/"),
    Market.USDM: re.compile("v1/"),
    Market.COINM: re.compile("v1/"),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that passed the door."""

    operation: Operation
    params: dict[str, Any]
    account: EventSource | None = None
    deadline_us: int | None = None
    """The engine may not take it after this."""


class Service:
    """The way of a request: known, weighed, authenticated, counted, handed to the engine.

    Args:
        market: Which market.
        operations: What can be asked, by wire name.
        handle: The engine.
        order_cost: How many orders a request adds to the account's count.
        account: The account of a uid on this market.
        keys: All keys.
        limits: The pool of limits this market draws on.
        clock: The exchange's clock.
    """

    def __init__(
        self,
        market: Market,
        *,
        operations: Mapping[str, Operation],
        handle: Handler,
        order_cost: Callable[[str, dict[str, Any]], int],
        account: Callable[[int], EventSource],
        keys: KeyRing,
        limits: RequestLimits,
        clock: SimulatedClock,
    ) -> None:
        self.market = market
        self.operations = operations
        self.account = account
        self.keys = keys
        self.limits = limits
        self.clock = clock
        self._handle = handle
        self._order_cost = order_cost

    def operation(self, method: str) -> Operation:
        """Return what a method is, its version prefix ignored where it means nothing."""
        found = self.operations.get(method)
        if found is None:
            plain = _VERSIONS[self.market].sub("", method, count=1)
            found = self.operations.get(plain)
        if found is None:
            note_not_simulated(f"method {method[:100]!r} of {self.market.value}")
            raise ExchangeError(-1020, f"This operation is not supported: '{method}'.")
        return found

    def charge(self, remote: str, operation: Operation, params: Mapping[str, Any]) -> int:
        """Count the request's documented weight and return it."""
        weight = weigh(operation.weight, params)
        self.limits.charge(remote, weight)
        return weight

    def identify(
        self,
        operation: Operation,
        credentials: Credentials,
        remote: str,
        session_key: ApiKey | None = None,
    ) -> tuple[ApiKey | None, int | None]:
        """Find out who asks, and until when the engine may take the request.

        A key named in the request wins; without one (or without a signature) the session's key counts.
        """
        if operation.security is Security.NONE:
            return None, None
        key = self._key(operation, credentials, remote, session_key)
        deadline_us = None
        if operation.signed:
            if self.keys.checks_time:
                deadline_us = check_time(credentials, self.clock.now_us())
            if key is not session_key or credentials.signature is not None:
                check_signature(key, credentials)
        return key, deadline_us

    def run(self, admitted: Admitted) -> object:
        """Hand an admitted request to the engine and return its result.

        Raises:
            ExchangeError: It came too late, there are too many orders, or the engine refuses it.
        """
        if admitted.deadline_us is not None:
            check_deadline(admitted.deadline_us, self.clock.now_us())
        operation, account = admitted.operation, admitted.account
        if account is None or not operation.order_count:
            return self._handle(operation.method, admitted.params, account)
        return self._run_order(operation, admitted.params, account)

    def perform(
        self, operation: Operation, params: dict[str, Any], account: EventSource | None
    ) -> object:
        """Let the engine do something that nobody's limits count."""
        return self._handle(operation.method, params, account)

    @contextmanager
    def counted(self, account: EventSource, orders: int) -> Iterator[None]:
        """Count orders while the engine works on them; what it refuses does not count.

        Raises:
            ExchangeError: -1015, the account has too many orders.
        """
        self.limits.reserve(account, orders)
        accepted = False
        try:
            yield
            accepted = True
        finally:
            self.limits.settle(account, accepted=accepted)

    def rate_limit_rows(
        self, operation: Operation | None, account: EventSource | None, remote: str
    ) -> list[dict[str, Any]]:
        """Return the ``rateLimits`` of an answer: order counts where orders are placed, then weight."""
        rows = self.limits.weight_rows(remote)
        if operation is not None and operation.order_count and account is not None:
            return [*self.limits.order_limits(account), *rows]
        return rows

    def _run_order(
        self, operation: Operation, params: dict[str, Any], account: EventSource
    ) -> object:
        method, cost = operation.method, self._order_cost(operation.method, params)
        if params.get("orderRateLimitExceededMode") == "CANCEL_ONLY" and self.limits.is_exceeded(
            account, cost
        ):
            # Only the engine can cancel the old order and refuse the new one.
            return self._handle(method, params, account)
        with self.counted(account, cost):
            return self._handle(method, params, account)

    def _key(
        self,
        operation: Operation,
        credentials: Credentials,
        remote: str,
        session_key: ApiKey | None,
    ) -> ApiKey:
        named = credentials.api_key
        if session_key is not None and (
            named is None or (named == session_key.api_key and credentials.signature is None)
        ):
            if not session_key.allows(operation.security, remote):
                raise refused_key()
            return session_key
        if named is None:
            raise mandatory_missing("apiKey")
        return self.keys.identify(named, operation.security, remote)
