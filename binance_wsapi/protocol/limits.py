"""Whether a request may be sent now without breaking a limit of the exchange.

The exchange counts request weight (per IP) and unfilled orders (per account) in fixed windows aligned
to the UTC clock, and its answers tell how far each is used. The governor keeps, for every window, an
upper estimate of what will have been counted once everything sent so far has been handled:

* A request is charged when it is admitted, with its documented weight, since a failure costs that;
  what success makes cheaper is given back when it succeeds.
* An answer's count holds what was handled before it. What was in flight when its request was sent, or
  sent after, may be missing in it, and is added: the estimate is never above that sum.
* The count may show more than we sent: others use the same IP address or account. The estimate is
  never below the count and what has been sent since and is still under way.

An estimate that fills a window is a guess where the last counts told are lower: orders that fill no
longer count, and what was sent as a window turned counts in one of the two only. So beside it stands
what is known to count. Where that leaves room, a request waits for the answers under way at most, not
for the window to turn, and then goes alone: its answer says how things stand.

One governor for a pool of limits: Spot has one, USD-M and COIN-M share one since mid-2026
(reference/usdm/rules.json, integration_2026). What it counts stands in ledgers, one of weight and one of
orders: governors of clients behind one address share the former, those of one account the latter. They
go by one clock; a governor is used from one thread, and a lock keeps those apart that share something.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.markets import Market
from binance_wsapi.markets.market import Limit
from binance_wsapi.protocol.silence import Silence
from binance_wsapi.protocol.told_limits import LimitUsage, RawJson, ToldLimit, told_limits
from binance_wsapi.protocol.weight import weight_of

__all__ = [
    "MANY_NOTED",
    "Claim",
    "Governor",
    "Ledger",
    "Lock",
    "Refusal",
    "Reservation",
    "connection_ledger",
    "governors",
    "has_room",
    "note",
    "order_ledger",
    "take_notes",
    "weight_ledger",
]

_WEIGHT = "REQUEST_WEIGHT"
_ORDERS = "ORDERS"
_CONNECTIONS = "CONNECTIONS"
_CONNECTIONS_OF_ALL = 250
"""Connection attempts in 5 minutes of all that share an address: the exchange takes 300."""

LEASE_RETRY_US = 20_000
"""When a request that waits for a lease is tried again."""

DRY_RETRY_US = 1_000_000
"""The same where none was to be had: what others give back can be leased."""

_UNIT_US = {"SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6, "DAY": 86400 * 10**6}

_RESERVE_PART = 50
"""One in so many of a weight limit is kept for cancels and for finding out the fate of orders."""

_READ_EVERY_US = 20_000
"""While a limit is less than half used, counts are read from answers no more often than this."""

_UNDER_WAY_US = 100_000
"""What a request waits while a guess keeps it back: what is under way is mostly answered by then."""

_OLD_US = 60 * 10**6
"""A told number of unfilled orders so old is tried out: they may have filled since."""

_LATE_US = 500_000
"""By how much our clock may be behind the exchange's (it never is ahead)."""

_TRY_US = 5 * 10**6
"""How often a request may go beyond a lease: its answer corrects what others are thought to use."""

MANY_NOTED = 256
"""After so many notes it is time for :func:`take_notes`."""

_MOST_NOTED = 512

_PUT_BACK_US = 1_000_000
"""By how much the time has to be earlier than it was to count as put back."""


_ALONE = nullcontext()


Lock = Any
"""A lock of :mod:`threading`: of threads nothing is known here."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request must wait."""

    reason: str
    """Why, in a few words."""
    retry_at_us: int
    """When it may be sent, in epoch microseconds, exchange time."""
    is_brief: bool = False
    """Only a new lease is waited for, which is on its way: no matter of ``on_rate_limit``."""

    def wait(self, wall_us: int) -> float:
        """Return the seconds until it may be sent."""
        return max(0.0, (self.retry_at_us - wall_us) / 1e6)


@dataclass(frozen=True, slots=True)
class Claim:
    """A window as those see it who lease parts of it."""

    window: str
    """Which, in one word; without the time."""
    index: int
    """Which one of them, counted since the epoch."""
    length_us: int
    allowed: int
    """Most that all may use together."""
    held: int
    """The lease: most that may be used from here."""
    own: int
    """What is used from here, what is under way included."""
    done: int
    """What of that is known to be handled."""
    wanted: int
    """What is missing for a request, or 1 to have something ahead of need; 0 if nothing is."""
    told: int | None
    """The last count that was told in this window."""
    told_at: int
    """All that was ever sent when that count's request was."""


class Reservation:
    """What an admitted request was charged; handed back to the governor when its fate is known."""

    __slots__ = (
        "given_back",
        "is_over",
        "orders",
        "orders_mark",
        "sent_us",
        "weight",
        "weight_mark",
    )

    def __init__(
        self,
        weight: int,
        given_back: int,
        orders: int,
        weight_mark: tuple[int, int, int],
        orders_mark: tuple[int, int, int],
        sent_us: int,
    ) -> None:
        self.is_over = False
        """It was handed back: once is enough."""
        self.weight = weight
        self.given_back = given_back
        """The part of the weight that success gives back."""
        self.orders = orders
        self.weight_mark = weight_mark
        """Weight sent so far, this request's included, handled so far, and handled without a count told,
        when it was sent."""
        self.orders_mark = orders_mark
        self.sent_us = sent_us

    def ends(self) -> bool:
        """Whether it is handed back for the first time."""
        was_over, self.is_over = self.is_over, True
        return not was_over


class _Window:
    """One limit, and what is used of it in the current window."""

    __slots__ = (
        "allowed",
        "base",
        "granted",
        "half",
        "heard_done",
        "heard_us",
        "index",
        "interval",
        "interval_num",
        "is_dry",
        "late_given",
        "late_mark",
        "length_us",
        "limit",
        "low",
        "meter",
        "next_granted",
        "start",
        "sure",
        "told",
        "told_at",
        "tried_us",
        "type",
        "wanted",
    )

    def __init__(
        self, limit_type: str, interval: str, interval_num: int, limit: int, meter: _Meter
    ) -> None:
        self.type = limit_type
        self.meter = meter
        self.interval = interval
        self.interval_num = interval_num
        self.length_us = _UNIT_US[interval] * interval_num
        self.index = 0
        self.base = -meter.done
        """What is used, less all that was ever sent: sending charges every window by that alone."""
        self.sure = -meter.mute
        """What is known to count, less all that was ever handled without a count told."""
        self.heard_done = 0
        """What had been handled when a count was last told."""
        self.heard_us: int | None = None
        """When that was."""
        self.late_mark: int | None = None
        """What had been sent when the window neared its end; ``None`` before that."""
        self.late_given = 0
        """What was given back of that which was sent since."""
        self.start = meter.done
        """What was ever sent, less what of it may count in the current window: both for leases alone."""
        self.granted = 0
        """The lease: most of our own that may count in the current window."""
        self.next_granted = 0
        """The same for the next one."""
        self.low = 0
        """What of our own counts when more is asked for."""
        self.wanted = 0
        """What a request wanted that the lease has no room for."""
        self.is_dry = False
        """There was not enough left for all to lease more."""
        self.tried_us = 0
        """When a request last went beyond the lease."""
        self.told: int | None = None
        """The last count told in this window."""
        self.told_at = 0
        """What had been sent when its request was."""
        self.limit = 0
        self.allowed = 0
        """Most for requests that may not use the reserve."""
        self.half = 0
        self.set_limit(limit)

    def set_limit(self, limit: int) -> None:
        self.limit = limit
        self.half = limit // 2
        reserve = max(1, limit // _RESERVE_PART) if self.type == _WEIGHT and limit > 1 else 0
        self.allowed = limit - reserve

    @property
    def used(self) -> int:
        return self.base + self.meter.sent

    @used.setter
    def used(self, used: int) -> None:
        self.base = used - self.meter.sent

    @property
    def known(self) -> int:
        return self.sure + self.meter.mute

    @known.setter
    def known(self, known: int) -> None:
        self.sure = known - self.meter.mute

    @property
    def own(self) -> int:
        return self.meter.sent - self.start

    @property
    def resets_at_us(self) -> int:
        return (self.index + 1) * self.length_us

    @property
    def late_us(self) -> int:
        return self.resets_at_us - _LATE_US

    def roll(self, wall_us: int) -> int:
        """Begin a new window if one is due; return when to look again."""
        index = wall_us // self.length_us
        if index > self.index:
            if self.index:  # not seen for the first time
                self._turn(is_next=index == self.index + 1)
            self.index = index
        if self.late_mark is None:
            if wall_us < self.late_us:
                return self.late_us
            self.late_mark = self.meter.sent
            self.late_given = 0
        return self.resets_at_us

    def _turn(self, *, is_next: bool) -> None:
        """Keep what may count in the new window, too.

        The exchange may have turned first: our clock runs late. What was sent near the end may count
        there, as may all that is under way; but no more than counts now.
        """
        recent = 0
        if self.late_mark is not None and is_next:
            recent = self.meter.sent - self.late_mark - self.late_given
        self.used = min(self.used, self.meter.under_way + recent)
        # What was told to count did so in the old window: only what came near its end may be in both.
        self.known = min(self.known, recent)
        self.late_mark = None
        self.start = self.meter.sent - min(self.own, self.meter.under_way + recent)
        self.lease(self.next_granted)
        self.next_granted = 0
        self.is_dry = False
        self.told = None

    def lease(self, granted: int) -> None:
        """Hold that much of the window from now on."""
        self.granted = granted
        self.low = self.own + (granted - self.own) // 2

    def move(self, wall_us: int) -> None:
        """Lie where the time now is: that was set, and did not pass."""
        index = wall_us // self.length_us
        if index != self.index:
            self.index = index
            # By the new time nobody knows when it was sent: all that is used may have come near the end.
            self.late_mark = -self.base if wall_us >= self.late_us else None
            self.late_given = 0

    def hear(
        self, count: int, mark: tuple[int, int, int], own: int, sent_us: int, wall_us: int
    ) -> None:
        """Take in the count of an answer to a request that was sent at ``mark`` and costs ``own``."""
        meter = self.meter
        sent_at, done_at, mute_at = mark
        # Whichever window it was counted in: what it does not hold is all that can count besides.
        used = min(self.used, count + meter.sent - done_at - own)
        if sent_us // self.length_us == self.index:
            # A count from before a border is no lower bound of the window after it.
            used = max(used, count + min(meter.sent - sent_at, meter.under_way))
            self.told, self.told_at = count, sent_at
        self.used = used
        # No count will tell of what was handled since without one: it counts beside this one.
        known = count + meter.mute - mute_at
        if done_at < self.heard_done:  # counts told while it was under way may be later ones
            known = max(known, self.known)
        self.known = min(known, used)  # the estimate is the upper bound, whatever is known
        self.heard_done = meter.done
        self.heard_us = wall_us

    def give_back(self, amount: int, sent_at: int) -> None:
        """Take off what an answered request, sent at that mark, turned out not to cost.

        Whenever it was sent: until it was answered it was charged to the current window as well.
        """
        # A window that turned since may hold less than that: nothing is used at the least.
        self.base = max(self.base - amount, -self.meter.sent)
        self.start = min(self.start + amount, self.meter.sent)
        if self.late_mark is not None and sent_at > self.late_mark:
            self.late_given += amount

    def is_guess(self, wanted: int, most: int, wall_us: int) -> bool:
        """Whether a request that would not fit by the estimate may well do."""
        if self.heard_us is None:
            return False
        return wanted + self.known <= most or self._is_stale(wall_us)

    def retry_at_us(self, wanted: int, most: int, wall_us: int) -> int:
        """When a request that does not fit may be tried."""
        when = self.resets_at_us
        if self.is_guess(wanted, most, wall_us):
            when = min(when, wall_us + _UNDER_WAY_US)
        elif self.type == _ORDERS and self.heard_us is not None:
            when = min(when, self.heard_us + _OLD_US)
        return when

    def _is_stale(self, wall_us: int) -> bool:
        return (
            self.type == _ORDERS
            and self.heard_us is not None
            and wall_us - self.heard_us >= _OLD_US
        )


class _Meter:
    """Sums over all time: what was sent, and how much of it is known to be handled."""

    __slots__ = ("done", "easy", "mute", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.done = 0
        self.mute = 0
        """Handled, as far as anybody knows, without a count told: lost, or answered without one."""
        self.easy = 0
        """Up to this sum no window is more than half used: nothing has to be looked at."""

    @property
    def under_way(self) -> int:
        return self.sent - self.done


class Ledger:
    """What is used of all limits of one kind."""

    __slots__ = (
        "fallback",
        "is_asked",
        "is_leased",
        "lapses_us",
        "look_at_us",
        "meter",
        "on_need",
        "type",
        "windows",
    )

    def __init__(self, limit_type: str) -> None:
        self.type = limit_type
        self.meter = _Meter()
        self.windows: dict[tuple[str, int], _Window] = {}
        self.look_at_us = 0
        """When one of them turns, or nears its end."""
        self.is_leased = False
        """Others count in the same windows, elsewhere: each holds leases on parts of them."""
        self.fallback = 0
        """In how many parts windows are divided that begin while no leases can be had; 0 while they can."""
        self.lapses_us = sys.maxsize
        """When leases that were not confirmed any more may have been given to others."""
        self.is_asked = False
        self.on_need: Callable[[], object] = _nothing
        """Told once when a lease runs low."""

    def window(self, interval: str, interval_num: int, limit: int) -> _Window:
        """Return the window of a limit, made if it was not heard of, and changed where that was."""
        key = (interval, interval_num)
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = _Window(
                self.type, interval, interval_num, limit, self.meter
            )
            self.look_at_us = 0
        elif window.limit != limit:
            window.set_limit(limit)
            self.look_at_us = 0
        return window

    def roll(self, wall_us: int) -> None:
        """Turn the windows that are due."""
        look_at_us = sys.maxsize
        for window in self.windows.values():
            index = window.index
            look_at_us = min(look_at_us, window.roll(wall_us))
            if self.fallback and window.index != index:
                window.lease(window.allowed // self.fallback)
        if wall_us >= self.lapses_us:
            self.lapses_us = sys.maxsize
            for window in self.windows.values():
                window.lease(min(window.granted, window.own))
                window.next_granted = 0
        self.look_at_us = min(look_at_us, self.lapses_us)
        self.reckon()

    def confirmed(self, lapses_us: int) -> None:
        """What is leased holds until then, if it is not confirmed again."""
        self.lapses_us = lapses_us
        self.look_at_us = 0

    def hear(
        self,
        told: ToldLimit,
        mark: tuple[int, int, int],
        own: int,
        reservation: Reservation,
        wall_us: int,
    ) -> None:
        """Take in a count that came with an answer."""
        if told.count is None or told.interval not in _UNIT_US:
            return
        window = self.windows.get((told.interval, told.interval_num))
        if window is None or window.limit != told.limit:
            window = self.window(told.interval, told.interval_num, told.limit)
            # All that counts may be ours.
            window.start = max(0, mark[0] - told.count)
            # A limit not heard of before: its window has yet to be placed.
            window.roll(reservation.sent_us)
        window.hear(told.count, mark, own, reservation.sent_us, wall_us)

    def obstacle(self, wanted: int, wall_us: int, *, urgent: bool) -> Refusal | None:
        """Say why a request must wait that costs so much, if it must."""
        if self.is_leased:
            refusal = self.exceeded(wanted, wall_us, urgent=urgent)
            if refusal is not None:
                return refusal
        for window in self.windows.values():
            # What is not counted by weight has no reserve.
            most = window.limit if urgent else window.allowed
            # What is too heavy for any window is the exchange's to refuse.
            if (
                wanted + window.used > most
                and window.used
                and not _is_tried(window, wanted, most, wall_us)
            ):
                return _used_up(window, wanted, most, wall_us)
        return None

    def reckon(self) -> None:
        """Work out up to which sum there is room for sure."""
        # Used is base + sent: up to this sum sent, half of each limit is left.
        self.meter.easy = min(
            (window.allowed - window.half - window.base for window in self.windows.values()),
            default=sys.maxsize,
        )
        if self.is_leased:
            for window in self.windows.values():
                self.meter.easy = min(self.meter.easy, window.start + window.low)

    # Leases

    def exceeded(self, wanted: int, wall_us: int, *, urgent: bool) -> Refusal | None:
        """Say why a request must wait for a lease, if it must; have one fetched ahead of need."""
        for window in self.windows.values():
            # What may be urgent takes from the reserve, of which each has a small part.
            spare = (window.limit - window.allowed) // 8 if urgent else 0
            is_too_heavy = wanted > window.allowed  # for anybody: the exchange's to refuse
            if (
                window.own + wanted > window.granted + spare
                and not is_too_heavy
                and not self._goes_beyond(window, wanted, wall_us)
            ):
                window.wanted = max(window.wanted, wanted)
                self.ask()
                # A lease is on its way, unless there was none to be had.
                is_brief = not window.is_dry and not self.fallback
                retry_us = LEASE_RETRY_US if is_brief else DRY_RETRY_US
                return Refusal(
                    f"limit {window.type}: {wanted} wanted, {max(0, window.granted - window.own)} left of "
                    f"this client's share of {window.limit}",
                    min(window.resets_at_us, wall_us + retry_us),
                    is_brief,
                )
            if window.own + wanted > window.low:
                window.wanted = max(window.wanted, 1)
                self.ask()
        return None

    def _goes_beyond(self, window: _Window, wanted: int, wall_us: int) -> bool:
        """Whether a request goes though no lease has room for it: by the exchange's count there is room."""
        if (
            not window.is_dry
            or self.fallback
            or self.meter.under_way
            or window.told is None
            or wanted + window.used > window.allowed
            or wall_us - window.tried_us < _TRY_US
        ):
            return False
        window.tried_us = wall_us
        return True

    def ask(self) -> None:
        """Have leases fetched, once."""
        if not self.is_asked:
            self.is_asked = True
            self.on_need()

    def claims(self, wall_us: int, ahead_us: int) -> list[Claim]:
        """Return how the windows stand: the current ones, and the next ones if they begin so soon."""
        self.roll(wall_us)
        self.is_asked = False
        found = []
        for window in self.windows.values():
            name = f"{window.type}:{window.interval}:{window.interval_num}"
            own, under_way = window.own, window.meter.under_way
            found.append(
                Claim(
                    name,
                    window.index,
                    window.length_us,
                    window.allowed,
                    window.granted,
                    own,
                    max(0, own - under_way),
                    window.wanted,
                    window.told,
                    window.told_at,
                )
            )
            if wall_us + ahead_us >= window.resets_at_us:
                found.append(
                    Claim(
                        name,
                        window.index + 1,
                        window.length_us,
                        window.allowed,
                        window.next_granted,
                        0,
                        0,
                        0 if window.next_granted else 1,
                        None,
                        0,
                    )
                )
            window.wanted = 0
        return found

    def grant(self, claim: Claim, granted: int, *, is_all: bool = True) -> None:
        """Hold that much of a window that was claimed; ``is_all`` where more is not to be had soon."""
        for window in self.windows.values():
            if claim.window != f"{window.type}:{window.interval}:{window.interval_num}":
                continue
            if claim.index == window.index:
                window.is_dry = is_all and claim.wanted > granted - window.own
                if granted != window.granted:
                    window.lease(granted)
            elif claim.index == window.index + 1:
                window.next_granted = granted
        self.reckon()

    def hold(self, keep: Callable[[Claim], int], wall_us: int) -> None:
        """Change what is held of each current window."""
        for claim in self.claims(wall_us, 0):
            self.grant(claim, keep(claim))


def _nothing() -> None:
    pass


def connection_ledger() -> Ledger:
    """Return a ledger of the connections that an address has opened."""
    ledger = Ledger(_CONNECTIONS)
    ledger.window("MINUTE", 5, _CONNECTIONS_OF_ALL)
    return ledger


def weight_ledger() -> Ledger:
    """Return a ledger of the weight that an address has used."""
    return Ledger(_WEIGHT)


def order_ledger() -> Ledger:
    """Return a ledger of the unfilled orders of an account."""
    return Ledger(_ORDERS)


class _Word:
    """The last answer whose counts were left unread, and when some were read."""

    __slots__ = ("rate_limits", "read_at_us", "reservation")

    def __init__(self) -> None:
        self.read_at_us = 0
        self.rate_limits: RawJson = b""
        self.reservation: Reservation | None = None


class _Cost:
    """What an operation costs, worked out once."""

    __slots__ = ("fixed", "is_cancel", "on_success", "orders", "steps")

    def __init__(self, operation: Operation) -> None:
        steps = operation.weight.steps
        self.steps = steps
        self.fixed = steps[0].weight if len(steps) == 1 and steps[0].param is None else None
        self.on_success = operation.weight.on_success
        self.orders = operation.order_count
        self.is_cancel = operation.fate is not None and operation.fate.takes_orders_away


class Governor:
    """Admits requests while the limits of one pool allow them.

    Args:
        limits: The limits as they are documented; answers may tell others.
        weight: Counts the weight; one that other governors use as well, or a fresh one.
        orders: Counts the orders.
    """

    def __init__(
        self,
        limits: tuple[Limit, ...],
        *,
        weight: Ledger | None = None,
        orders: Ledger | None = None,
    ) -> None:
        self._lock: Lock | None = None
        self._weights = weight_ledger() if weight is None else weight
        self._counts = order_ledger() if orders is None else orders
        self._weight = self._weights.meter
        self._orders = self._counts.meter
        self._costs: dict[Operation, _Cost] = {}
        for limit_type, interval, interval_num, limit in limits:
            ledger = self._ledger(limit_type)
            # What answers told meanwhile is newer than the documents.
            if ledger is not None and (interval, interval_num) not in ledger.windows:
                ledger.window(interval, interval_num, limit)
        self.lead_us = 0
        """By how much the clock that the ledgers go by is ahead of the one whose time is given here."""
        self._noted: deque[tuple[Reservation, RawJson, int]] = deque()
        """Successes that are to be taken in yet."""
        self._of_orders = _Word()
        self._of_others = _Word()
        """Only answers to orders tell how many orders count."""
        self.silence = Silence()
        """What the exchange told us to leave alone: not looked at here, but shared by the same hosts."""

    def share(self, lock: Lock) -> None:
        """From now on others use the ledgers as well, on other threads.

        Until then no lock is taken: it would cost each request half a microsecond.
        """
        self._lock = lock

    def admit(
        self,
        operation: Operation | None,
        params: Mapping[str, Any],
        wall_us: int,
        urgent: bool = False,
    ) -> Reservation | Refusal:
        """Charge a request that is about to be written, or say when it may be.

        Args:
            operation: The operation; ``None`` for one the catalogue does not know, taken to weigh 1.
            params: Its parameters by wire name, which some weights depend on.
            wall_us: The exchange's time.
            urgent: It may use the reserve, as cancels do: logons, and questions after orders.

        Returns:
            A reservation, for :meth:`answered`, :meth:`lost` or :meth:`unsent`; or a refusal.
        """
        if operation is None:
            weight = on_success = 1
            orders = 0
        else:
            cost = self._costs.get(operation)
            if cost is None:
                cost = self._costs[operation] = _Cost(operation)
            weight = weight_of(operation, params) if cost.fixed is None else cost.fixed
            on_success = weight if cost.on_success is None else cost.on_success
            orders = cost.orders
            urgent = urgent or cost.is_cancel
        wall_us += self.lead_us
        sent, counted = self._weight, self._orders
        if self._noted and (
            wall_us >= min(self._weights.look_at_us, self._counts.look_at_us)
            or sent.sent + weight > sent.easy
            or counted.sent + orders > counted.easy
        ):
            take_notes(self)
        if self._lock is not None:
            self._lock.acquire()
        try:
            if wall_us >= self._weights.look_at_us or wall_us >= self._counts.look_at_us:
                self._roll(wall_us)
            # The hot path: while all windows are half empty, two sums tell that there is room.
            if sent.sent + weight > sent.easy or counted.sent + orders > counted.easy:
                refusal = self._refusal(weight, orders, wall_us, urgent=urgent)
                if refusal is not None:
                    return refusal
            reservation = Reservation(
                weight,
                weight - on_success,
                orders,
                (sent.sent + weight, sent.done, sent.mute),
                (counted.sent + orders, counted.done, counted.mute),
                wall_us,
            )
            # Nothing is called from here on: an interrupted caller would leave it charged for ever.
            sent.sent += weight
            counted.sent += orders
            return reservation
        finally:
            if self._lock is not None:
                self._lock.release()

    def connect(self, weight: int, wall_us: int) -> Reservation | Refusal:
        """Charge a connection attempt, or say when it may be made.

        Returns:
            A reservation, for :meth:`lost` when the attempt has ended: its answer tells no count. Or a
            refusal.
        """
        take_notes(self)
        wall_us += self.lead_us
        sent, counted = self._weight, self._orders
        with self._lock or _ALONE:
            self._roll_if_due(wall_us)
            refusal = self._refusal(weight, 0, wall_us, urgent=True)
            if refusal is not None:
                return refusal
            sent.sent += weight
            return Reservation(
                weight,
                0,
                0,
                (sent.sent, sent.done, sent.mute),
                (counted.sent, counted.done, counted.mute),
                wall_us,
            )

    def answered(
        self, reservation: Reservation, rate_limits: RawJson, *, succeeded: bool, wall_us: int
    ) -> None:
        """Take in an answer.

        Args:
            reservation: What the request was charged.
            rate_limits: The answer's ``rateLimits``, undecoded; empty when hidden.
            succeeded: Its status is 200.
            wall_us: The exchange's time.
        """
        take_notes(self)
        self._take_answer(reservation, rate_limits, succeeded, wall_us)

    def _take_answer(
        self, reservation: Reservation, rate_limits: RawJson, succeeded: bool, wall_us: int
    ) -> None:
        if not reservation.ends():
            return
        wall_us += self.lead_us
        sent, counted = self._weight, self._orders
        if self._lock is not None:
            self._lock.acquire()
        try:
            if wall_us >= self._weights.look_at_us or wall_us >= self._counts.look_at_us:
                self._roll(wall_us)
            sent.done += reservation.weight
            counted.done += reservation.orders
            if succeeded and reservation.given_back:
                sent_at = reservation.weight_mark[0]
                for window in self._weights.windows.values():
                    window.give_back(reservation.given_back, sent_at)
            if not rate_limits:
                sent.mute += reservation.weight - (reservation.given_back if succeeded else 0)
                counted.mute += reservation.orders
                return
            word = self._of_orders if reservation.orders else self._of_others
            if (
                sent.sent > sent.easy
                or counted.sent > counted.easy
                or not succeeded
                or wall_us - word.read_at_us >= _READ_EVERY_US
            ):
                word.read_at_us = wall_us
                word.reservation = None
                self._read(rate_limits, reservation, wall_us)
                self._reckon()
            else:
                word.rate_limits = rate_limits
                word.reservation = reservation
        finally:
            if self._lock is not None:
                self._lock.release()

    def lost(self, reservation: Reservation) -> None:
        """No answer will come: the exchange may have counted it, or not."""
        take_notes(self)
        if not reservation.ends():
            return
        with self._lock or _ALONE:
            self._weight.done += reservation.weight
            self._weight.mute += reservation.weight
            self._orders.done += reservation.orders
            self._orders.mute += reservation.orders

    def unsent(self, reservation: Reservation) -> None:
        """It was not written after all."""
        if not reservation.ends():
            return
        with self._lock or _ALONE:
            self._weight.done += reservation.weight
            self._orders.done += reservation.orders
            for window in self._weights.windows.values():
                window.give_back(reservation.weight, reservation.weight_mark[0])
            for window in self._counts.windows.values():
                window.give_back(reservation.orders, reservation.orders_mark[0])

    def clock_set(self, wall_us: int, moved_us: int = 0) -> None:
        """The exchange's time was measured: what was counted counts where it now is.

        Args:
            wall_us: The exchange's time.
            moved_us: By how much it is later than it was thought to be.
        """
        take_notes(self)
        with self._lock or _ALONE:
            self._move(wall_us + self.lead_us, moved_us)

    def usage(self, wall_us: int) -> list[LimitUsage]:
        """Return how far each limit is used up."""
        take_notes(self)
        with self._lock or _ALONE:
            self._roll(wall_us + self.lead_us)
            return [
                LimitUsage(
                    rate_limit_type=window.type,
                    interval=window.interval,
                    interval_num=window.interval_num,
                    limit=window.limit,
                    count=window.used,
                    resets_at_us=window.resets_at_us - self.lead_us,
                )
                for window in self._windows()
            ]

    def _windows(self) -> Iterator[_Window]:
        yield from self._weights.windows.values()
        yield from self._counts.windows.values()

    def _ledger(self, limit_type: str) -> Ledger | None:
        if limit_type == _WEIGHT:
            return self._weights
        return self._counts if limit_type == _ORDERS else None

    def _refusal(self, weight: int, orders: int, wall_us: int, *, urgent: bool) -> Refusal | None:
        self._read_unread()
        refusal = self._obstacle(weight, orders, wall_us, urgent=urgent)
        # Windows that lie in the future would refuse for as long as the time was put back.
        if refusal is not None and _was_put_back(self, wall_us):
            self._roll(wall_us)
            refusal = self._obstacle(weight, orders, wall_us, urgent=urgent)
        return refusal

    def _obstacle(self, weight: int, orders: int, wall_us: int, *, urgent: bool) -> Refusal | None:
        refusal = self._weights.obstacle(weight, wall_us, urgent=urgent)
        if refusal is None and orders:
            refusal = self._counts.obstacle(orders, wall_us, urgent=urgent)
        if refusal is not None and self.lead_us:
            refusal = dataclasses.replace(refusal, retry_at_us=refusal.retry_at_us - self.lead_us)
        return refusal

    def _roll(self, wall_us: int) -> None:
        self._read_unread()
        self._weights.roll(wall_us)
        self._counts.roll(wall_us)

    def _roll_if_due(self, wall_us: int) -> None:
        if wall_us >= self._weights.look_at_us or wall_us >= self._counts.look_at_us:
            self._roll(wall_us)

    def _reckon(self) -> None:
        self._weights.reckon()
        self._counts.reckon()

    def _move(self, wall_us: int, moved_us: int) -> None:
        self._roll(wall_us - moved_us)  # what was due by the old time, first
        if not 0 <= moved_us <= _LATE_US:  # by that much it was thought to be late anyway
            for window in self._windows():
                window.move(wall_us)
        self._weights.look_at_us = self._counts.look_at_us = 0
        self._of_orders.read_at_us = self._of_others.read_at_us = 0

    def _read_unread(self) -> None:
        """Read the counts that were left unread."""
        for word in (self._of_orders, self._of_others):
            if word.reservation is not None:
                # When its answer came is not kept: no sooner than its request was sent.
                self._read(word.rate_limits, word.reservation, word.reservation.sent_us)
                word.reservation = None
                self._reckon()

    def _read(self, rate_limits: RawJson, reservation: Reservation, wall_us: int) -> None:
        for told in told_limits(rate_limits):
            ledger = self._ledger(told.rate_limit_type)
            if ledger is self._weights:
                ledger.hear(told, reservation.weight_mark, reservation.weight, reservation, wall_us)
            elif ledger is not None:
                ledger.hear(told, reservation.orders_mark, reservation.orders, reservation, wall_us)


def governors() -> dict[Market, Governor]:
    """Return a governor for each market; those that share a pool share the governor."""
    pools: dict[str, Governor] = {}
    for market in Market:
        facts = market.facts
        if facts.limit_pool not in pools:
            pools[facts.limit_pool] = Governor(facts.limits)
    return {market: pools[market.facts.limit_pool] for market in Market}


def has_room(governor: Governor, operation: Operation | None, wall_us: int) -> bool:
    """Whether a request would be admitted at once, without a look at any window."""
    cost = None if operation is None else governor._costs.get(operation)
    if cost is None or cost.fixed is None or governor._lock is not None:
        return False
    wall_us += governor.lead_us
    if wall_us >= governor._weights.look_at_us or wall_us >= governor._counts.look_at_us:
        return False
    sent, counted = governor._weight, governor._orders
    return sent.sent + cost.fixed <= sent.easy and counted.sent + cost.orders <= counted.easy


def note(governor: Governor, reservation: Reservation, rate_limits: RawJson, wall_us: int) -> int:
    """Keep a success to be taken in later; return how many are kept, 0 when it is to be taken in now.

    For who may be interrupted at any line: it is one step, and may be done twice. What is under way
    counts until then.
    """
    noted = governor._noted
    if len(noted) >= _MOST_NOTED or governor._lock is not None:
        return 0
    noted.append((reservation, rate_limits, wall_us))
    return len(noted)


def _used_up(window: _Window, wanted: int, most: int, wall_us: int) -> Refusal:
    unit = window.interval.lower()
    return Refusal(
        f"limit {window.type}: {wanted} wanted, {max(0, most - window.used)} left of {window.limit} "
        f"per {window.interval_num} {unit}",
        window.retry_at_us(wanted, most, wall_us),
    )


def take_notes(governor: Governor) -> None:
    """Take in what was noted."""
    while governor._noted:
        reservation, rate_limits, wall_us = governor._noted.popleft()
        governor._take_answer(reservation, rate_limits, True, wall_us)


def _is_tried(window: _Window, wanted: int, most: int, wall_us: int) -> bool:
    """Whether a request goes though the estimate says no: a guess, and nothing else to tell better."""
    if window.meter.under_way or not window.is_guess(wanted, most, wall_us):
        return False
    window.heard_us = wall_us  # the next one waits for its answer, or as long again
    return True


def _was_put_back(governor: Governor, wall_us: int) -> bool:
    """Whether the time that limits are counted by was put back; then they are put right.

    It cannot once it was measured, but the wall clock that counts before that can.
    """
    soonest_us = wall_us + _PUT_BACK_US
    windows = list(governor._windows())
    if all(soonest_us >= window.index * window.length_us for window in windows):
        return False
    governor._move(wall_us, 0)
    for window in windows:  # nothing tells by how much
        window.move(wall_us)
    return True
