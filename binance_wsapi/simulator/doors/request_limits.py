"""How much a client may ask: weight by address, orders by account, connections by address, bans.

Windows are fixed and aligned to the UTC clock: a minute's count drops to zero at its second 0. Everything
here is configurable; ``enabled = False`` lets everything through and still counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from binance_wsapi.catalogue.operation import Weight
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError, too_many_orders

__all__ = ["LimitRules", "RequestLimits", "Window", "retry_headers", "weigh"]

_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
_FIRST_BAN_SECONDS = 120
_LONGEST_BAN_SECONDS = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """One rate limit."""

    interval: str
    """``SECOND``, ``MINUTE``, ``HOUR`` or ``DAY``."""
    interval_num: int
    limit: int

    @property
    def length_us(self) -> int:
        """How long it lasts."""
        return _SECONDS[self.interval] * self.interval_num * 1_000_000

    def row(self, kind: str) -> dict[str, Any]:
        """Return its ``rateLimits`` row without a count, as ``exchangeInfo`` has it."""
        return {
            "rateLimitType": kind,
            "interval": self.interval,
            "intervalNum": self.interval_num,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class LimitRules:
    """The limits of one pool: Spot has one, both futures markets share another."""

    weight: Window = Window("MINUTE", 1, 6_000)
    orders: Sequence[Window] = (Window("SECOND", 10, 50), Window("DAY", 1, 160_000))
    connections: Window = Window("MINUTE", 5, 300)
    raw_requests: Window = Window("MINUTE", 5, 300_000)
    """Told over REST, not enforced."""
    offences_before_ban: int = 10
    """How many requests a client may send after its weight is used up before its address is banned."""


class HasUid(Protocol):
    """An account of any market."""

    uid: int


class _Count:
    """What was used in the current window."""

    __slots__ = ("_border_us", "_used", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._border_us = 0
        self._used = 0

    def used(self, now_us: int) -> int:
        if now_us >= self._border_us or now_us < self._border_us - self.window.length_us:
            self._used = 0
            self._border_us = (now_us // self.window.length_us + 1) * self.window.length_us
        return self._used

    def add(self, amount: int, now_us: int) -> None:
        self._used = max(0, self.used(now_us) + amount)

    def border_us(self, now_us: int) -> int:
        self.used(now_us)
        return self._border_us

    def fits(self, amount: int, now_us: int) -> bool:
        return self.used(now_us) + amount <= self.window.limit


@dataclass(slots=True)
class _Client:
    """One address."""

    weight: _Count
    connections: _Count
    offences: int = 0
    bans: int = 0
    banned_until_us: int = 0


@dataclass(slots=True)
class _Orders:
    counts: list[_Count] = field(default_factory=list[_Count])
    reserved: int = 0
    """Counted for the request that the engine is working on."""


class RequestLimits:
    """Counts and refuses for one pool.

    Args:
        clock: The exchange's clock.
        rules: The limits; replace them at any time with ``set_rules``.
    """

    def __init__(self, clock: SimulatedClock, rules: LimitRules | None = None) -> None:
        self.clock = clock
        self.enabled = True
        self.rules = rules or LimitRules()
        self._clients: dict[str, _Client] = {}
        self._orders: dict[int, _Orders] = {}

    def set_rules(self, rules: LimitRules) -> None:
        """Use other limits from now on; all counts start again."""
        self.rules = rules
        self._clients.clear()
        self._orders.clear()

    # --- addresses

    def connect(self, remote: str, weight: int) -> None:
        """Count a connection attempt and its weight.

        Raises:
            ExchangeError: Too many attempts, too much weight, or the address is banned.
        """
        self.check_ban(remote)
        client, now = self._client(remote), self.clock.now_us()
        fits = client.connections.fits(1, now)
        client.connections.add(1, now)
        if self.enabled and not fits:
            raise ExchangeError(
                -1034,
                "Too many connection attempts.",
                429,
                self._retry_data(client.connections.border_us(now)),
            )
        self.charge(remote, weight)

    def charge(self, remote: str, weight: int) -> None:
        """Count a request's weight.

        Raises:
            ExchangeError: 429 when it is too much, 418 when the address went on regardless.
        """
        self.check_ban(remote)
        client, now = self._client(remote), self.clock.now_us()
        if client.weight.fits(weight, now):
            client.weight.add(weight, now)
            if client.weight.used(now) == weight:
                client.offences = 0
            return
        client.weight.add(weight, now)
        if not self.enabled:
            return
        client.offences += 1
        if client.offences > self.rules.offences_before_ban:
            self.ban(remote)
            self.check_ban(remote)
        window = client.weight.window
        raise ExchangeError(
            -1003,
            f"Too much request weight used; current limit is {window.limit} request weight per "
            f"{window.interval_num} {window.interval}. Please use WebSocket Streams for live updates "
            "to avoid polling the API.",
            429,
            self._retry_data(client.weight.border_us(now)),
        )

    def refund(self, remote: str, weight: int) -> None:
        """Give back weight of a request that turned out to weigh less."""
        self._client(remote).weight.add(-weight, self.clock.now_us())

    def ban(self, remote: str, seconds: float | None = None) -> None:
        """Ban an address; without ``seconds`` twice as long as the last time, from 2 minutes to 3 days."""
        client = self._client(remote)
        if seconds is None:
            seconds = float(min(_FIRST_BAN_SECONDS * 2**client.bans, _LONGEST_BAN_SECONDS))
        client.bans += 1
        client.offences = 0
        client.banned_until_us = self.clock.now_us() + round(seconds * 1_000_000)

    def lift_ban(self, remote: str) -> None:
        """Let an address in again."""
        self._client(remote).banned_until_us = 0

    def is_banned(self, remote: str) -> bool:
        """Whether an address is banned now."""
        client = self._clients.get(remote)
        return client is not None and self.clock.now_us() < client.banned_until_us

    def check_ban(self, remote: str) -> None:
        """Raise 418 while the address is banned."""
        if not self.is_banned(remote):
            return
        client = self._clients[remote]
        raise ExchangeError(
            -1003,
            f"Way too much request weight used; IP banned until {client.banned_until_us // 1_000}. "
            "Please use WebSocket Streams for live updates to avoid bans.",
            418,
            self._retry_data(client.banned_until_us),
        )

    def weight_rows(self, remote: str) -> list[dict[str, Any]]:
        """Return the ``REQUEST_WEIGHT`` row of answers to this address."""
        count = self._client(remote).weight
        row = count.window.row("REQUEST_WEIGHT")
        row["count"] = count.used(self.clock.now_us())
        return [row]

    # --- accounts

    def reserve(self, account: HasUid, cost: int) -> None:
        """Count orders that the engine is about to see; ``settle`` ends it.

        Raises:
            ExchangeError: -1015, the account has too many unfilled orders.
        """
        if self.enabled and self.is_exceeded(account, cost):
            now = self.clock.now_us()
            full = [c for c in self._counts(account) if not c.fits(cost, now)][-1]
            window = full.window
            raise too_many_orders(
                f"Too many new orders; current limit is {window.limit} orders per "
                f"{window.interval_num} {window.interval}.",
                self._retry_data(full.border_us(now)),
            )
        self._add(account, cost)
        self._of(account).reserved = cost

    def settle(self, account: HasUid, *, accepted: bool) -> None:
        """The engine has answered: a refused order does not count."""
        orders = self._of(account)
        if not accepted:
            self._add(account, -orders.reserved)
        orders.reserved = 0

    def order_limits(self, account: HasUid) -> list[dict[str, Any]]:
        """Return the ``ORDERS`` rows of an account."""
        now = self.clock.now_us()
        rows: list[dict[str, Any]] = []
        for count in self._counts(account):
            row = count.window.row("ORDERS")
            row["count"] = count.used(now)
            rows.append(row)
        return rows

    def is_exceeded(self, account: HasUid, cost: int) -> bool:
        """Whether ``cost`` more orders would be too many, the request under way left aside."""
        now, reserved = self.clock.now_us(), self._of(account).reserved
        return self.enabled and not all(
            count.fits(cost - reserved, now) for count in self._counts(account)
        )

    def filled(self, account: HasUid, count: int) -> None:
        """Take ``count`` off the account's unfilled orders, never below zero."""
        self._add(account, -count)

    def exchange_rows(self) -> list[dict[str, Any]]:
        """Return ``rateLimits`` of ``exchangeInfo``."""
        return [
            self.rules.weight.row("REQUEST_WEIGHT"),
            *(window.row("ORDERS") for window in self.rules.orders),
            self.rules.connections.row("CONNECTIONS"),
        ]

    def rest_rows(self) -> list[dict[str, Any]]:
        """Return ``rateLimits`` of Spot's ``exchangeInfo`` over REST."""
        return [
            self.rules.weight.row("REQUEST_WEIGHT"),
            *(window.row("ORDERS") for window in self.rules.orders),
            self.rules.raw_requests.row("RAW_REQUESTS"),
        ]

    def _add(self, account: HasUid, amount: int) -> None:
        now = self.clock.now_us()
        for count in self._counts(account):
            count.add(amount, now)

    def _counts(self, account: HasUid) -> list[_Count]:
        return self._of(account).counts

    def _of(self, account: HasUid) -> _Orders:
        found = self._orders.get(account.uid)
        if found is None:
            found = self._orders[account.uid] = _Orders(
                [_Count(window) for window in self.rules.orders]
            )
        return found

    def _client(self, remote: str) -> _Client:
        found = self._clients.get(remote)
        if found is None:
            found = self._clients[remote] = _Client(
                _Count(self.rules.weight), _Count(self.rules.connections)
            )
        return found

    def _retry_data(self, retry_us: int) -> dict[str, Any]:
        return {"serverTime": Micros(self.clock.now_us()), "retryAfter": Micros(retry_us)}


def retry_headers(error: ExchangeError, now_us: int) -> dict[str, str]:
    """Return the ``Retry-After`` header of an HTTP answer, where the refusal says until when."""
    retry = (error.data or {}).get("retryAfter")
    if not isinstance(retry, Micros):
        return {}
    return {"Retry-After": str(max(1, -((now_us - retry.us) // 1_000_000)))}


def weigh(weight: Weight, params: Mapping[str, Any]) -> int:
    """Return the documented weight of a request with these parameters."""
    for step in weight.steps:
        if step.param is None:
            return step.weight
        if step.param not in params:
            continue
        value = params[step.param]
        items = cast("list[object]", value) if isinstance(value, list) else None
        size: object = value if items is None else len(items)
        if isinstance(size, bool):
            size = int(size)
        if isinstance(size, int):
            if step.low is not None and size < step.low:
                continue
            if step.high is not None and size > step.high:
                continue
        if step.per_item and items is not None:
            total = step.weight * len(items)
            return total if step.cap is None else min(total, step.cap)
        return step.weight
    return weight.steps[-1].weight if weight.steps else 1
