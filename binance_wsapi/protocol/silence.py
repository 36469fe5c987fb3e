"""What the exchange told this address to leave alone, and until when.

A ban is by IP address: whatever is sent from it, request, handshake or REST call, makes it longer. So
whichever of them was told, all of them are kept back, and this is the one place that knows.

Times are monotonic seconds: no step of a clock, here or at the exchange, ends a ban early or draws it
out.
"""

from __future__ import annotations

import math
import re

from binance_wsapi.loading import uncut

__all__ = [
    "LONGEST_S",
    "LONGEST_WINDOW_S",
    "SHORTEST_BAN_S",
    "Silence",
    "longest_wait_s",
    "retry_after_s",
]

SHORTEST_BAN_S = 120.0
"""What a ban lasts at least (reference/spot/rules.json, rate_limits)."""

LONGEST_S = 3 * 86_400.0
"""What a ban lasts at most; whatever is told beyond that is a mistake."""

LONGEST_WINDOW_S = 300.0
"""The longest window of a limit on an address, that of connection attempts (reference/spot/rules.json):
short of a ban nothing has to be left alone for longer."""

_LONGEST_ORDER_WINDOW_S = 86_400.0

_TOO_MANY_ORDERS = -1015
_TOO_MUCH = -1003
_TOO_MANY_CONNECTIONS = -1034
_HALF_DONE = frozenset({-2021, -2022})
"""A cancel-replace with status 429: its new order was too many (reference/spot/rules.json)."""

_OF_ORDERS = _HALF_DONE | {_TOO_MANY_ORDERS}

_MINUTE_S = 60.0
_SHORTEST_ORDER_WINDOW_S = 10.0

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?")


class Silence:
    """What has to be left alone towards the hosts that share one pool of limits."""

    def __init__(self) -> None:
        self.until = -math.inf
        """From then on nothing keeps requests back: all that most of them look at."""
        self._requests_until = -math.inf
        self._orders_until = -math.inf
        self._handshakes_until = -math.inf
        self._banned_until = -math.inf

    def delay(self, now: float, *, orders: bool = False) -> float:
        """Return the seconds until a request or a REST call may be sent; 0 when it may now."""
        until = self.until if orders else self._requests_until
        return max(0.0, until - now)

    def handshake_delay(self, now: float) -> float:
        """Return the seconds until a connection may be opened; 0 when it may now."""
        return max(0.0, max(self._handshakes_until, self._requests_until) - now)

    def heed(self, other: Silence) -> None:
        """Leave alone what another one of the same address does, but for its account's orders."""
        self._requests_until = max(self._requests_until, other._requests_until)
        self._handshakes_until = max(self._handshakes_until, other._handshakes_until)
        self._banned_until = max(self._banned_until, other._banned_until)
        self.until = max(self._requests_until, self._orders_until)

    def heed_orders(self, other: Silence) -> None:
        """Leave alone the orders that another one of the same account does, behind whatever address."""
        self._orders_until = max(self._orders_until, other._orders_until)
        self.until = max(self._requests_until, self._orders_until)

    def remaining(self, now: float) -> dict[str, float]:
        """Return the seconds that each kind has to be left alone yet, for those whose clocks begin elsewhere."""
        return {
            "requests": max(0.0, self._requests_until - now),
            "orders": max(0.0, self._orders_until - now),
            "handshakes": max(0.0, self._handshakes_until - now),
            "banned": max(0.0, self._banned_until - now),
        }

    @classmethod
    def of(cls, remaining: dict[str, float], now: float) -> Silence:
        """Return what :meth:`remaining` told, as of now."""
        silence = cls()
        silence._requests_until = now + min(remaining.get("requests", -math.inf), LONGEST_S)
        silence._orders_until = now + min(
            remaining.get("orders", -math.inf), _LONGEST_ORDER_WINDOW_S
        )
        silence._handshakes_until = now + min(
            remaining.get("handshakes", -math.inf), LONGEST_WINDOW_S
        )
        silence._banned_until = now + min(remaining.get("banned", -math.inf), LONGEST_S)
        silence.until = max(silence._requests_until, silence._orders_until)
        return silence

    def reason(self, now: float) -> str:
        """Return why, in a few words."""
        if now < self._banned_until:
            return "the IP address is banned"
        return "the exchange asked to wait"

    def refused(
        self,
        *,
        status: int,
        code: int,
        wait: float | None,
        is_ban: bool,
        now: float,
        wall_us: int,
    ) -> float | None:
        """Take in the refusal of a request or a REST call.

        Args:
            status: Its status.
            code: Its error code; 0 when there is none.
            wait: The seconds it told to wait; ``None`` when it told none.
            is_ban: It says that the address is banned, whatever its status.
            now: Monotonic seconds.
            wall_us: The exchange's time, in epoch microseconds.

        Returns:
            For how many seconds something is left alone; ``None`` if it is no matter of limits.
        """
        if is_ban or status == 418:
            return self._ban(wait, now)
        if code == _TOO_MANY_ORDERS or (status == 429 and code in _HALF_DONE):
            wait = _bounded(
                wait, _rest_of(_SHORTEST_ORDER_WINDOW_S, wall_us), _LONGEST_ORDER_WINDOW_S
            )
            self._orders_until = max(self._orders_until, now + wait)
        elif code == _TOO_MANY_CONNECTIONS:
            wait = _bounded(wait, _rest_of(_MINUTE_S, wall_us), LONGEST_WINDOW_S)
            self._handshakes_until = max(self._handshakes_until, now + wait)
        elif status == 429 or code == _TOO_MUCH:
            wait = _bounded(wait, _rest_of(_MINUTE_S, wall_us), LONGEST_WINDOW_S)
            self._requests_until = max(self._requests_until, now + wait)
        else:
            return None
        self.until = max(self._requests_until, self._orders_until)
        return wait

    def handshake_refused(
        self, *, status: int, wait: float | None, now: float, wall_us: int
    ) -> float | None:
        """Take in the refusal of a handshake.

        Short of a ban it is no word on requests: attempts to connect have a limit of their own.

        Args:
            status: The HTTP status.
            wait: The seconds it told to wait; ``None`` when it told none.
            now: Monotonic seconds.
            wall_us: The exchange's time, in epoch microseconds.

        Returns:
            For how many seconds something is left alone; ``None`` if nothing is.
        """
        if status == 418:
            return self._ban(wait, now)
        if status != 429 and not wait:
            return None
        wait = _bounded(wait, _rest_of(_MINUTE_S, wall_us), LONGEST_WINDOW_S)
        self._handshakes_until = max(self._handshakes_until, now + wait)
        return wait

    def _ban(self, wait: float | None, now: float) -> float:
        wait = _bounded(wait or None, SHORTEST_BAN_S, LONGEST_S)
        self._banned_until = max(self._banned_until, now + wait)
        self._requests_until = max(self._requests_until, self._banned_until)
        self.until = max(self._requests_until, self._orders_until)
        return wait


def retry_after_s(text: str, date: str, wall_us: int) -> float | None:
    """Return the seconds that a ``Retry-After`` header tells to wait; ``None`` if it tells none.

    Args:
        text: The header: seconds, with or without a fraction, or an HTTP date.
        date: The ``Date`` header of the same answer, which such a date is measured from.
        wall_us: This machine's time, where there is none.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_S)
    until = _epoch_s(text)
    if until is None:
        return None
    since = _epoch_s(date)
    wait = until - (wall_us / 1e6 if since is None else since)
    return min(wait, LONGEST_S) if wait > 0 else None


def _epoch_s(date: str) -> float | None:
    with uncut:
        import datetime as dt
        from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def longest_wait_s(code: int, *, is_ban: bool) -> float:
    """Return the most seconds that the refusal of a request can mean; what tells more is a mistake."""
    if is_ban:
        return LONGEST_S
    return _LONGEST_ORDER_WINDOW_S if code in _OF_ORDERS else LONGEST_WINDOW_S


def _bounded(wait: float | None, default: float, longest: float) -> float:
    """Return what was told, within reason."""
    if wait is None or not wait >= 0:
        return default
    return min(wait, longest)


def _rest_of(length_s: float, wall_us: int) -> float:
    return length_s - wall_us / 1e6 % length_s
