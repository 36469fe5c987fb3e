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
orders: governors of clients behind one address share the former, those of one account the latter. A
governor is used from one thread, and a lock keeps those apart that share something.

Time is monotonic, and each ledger knows by how much the exchange's is ahead of that: its lead. Whatever a
clock shows, it moves nothing here but by :meth:`Ledger.set_lead`, and that moves the windows with it.
"""

from __future__ import annotations

import math
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
    "DRY_RETRY_S",
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

LEASE_RETRY_S = 0.02
"""When a request that waits for a lease is tried again."""

DRY_RETRY_S = 1.0
"""The same where none was to be had: what others give back can be leased."""

_UNIT_US = {"SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6, "DAY": 86400 * 10**6}

_RESERVE_PART = 50
"""One in so many of a weight limit is kept for cancels and for finding out the fate of orders."""

_READ_EVERY_S = 0.02
"""While a limit is less than half used, counts are read from answers no more often than this."""

_UNDER_WAY_S = 0.1
"""What a request waits while a guess keeps it back: what is under way is mostly answered by then."""

_OLD_S = 60.0
"""A told number of unfilled orders so old is tried out: they may have filled since."""

_LATE_US = 500_000
"""By how much our clock may be behind the exchange's (it never is ahead)."""

_TRY_S = 5.0
"""How often a request may go beyond a lease: its answer corrects what others are thought to use."""

_SHORT_US = 60 * 10**6
"""In windows up to so long none does: they are soon over, and each of many members would go."""

MANY_NOTED = 256
"""After so many notes it is time for :func:`take_notes`."""

_MOST_NOTED = 512

_PUT_BACK_US = 1_000_000
"""By how much a time that is set by hand has to be earlier than it was to count as put back."""


_ALONE = nullcontext()


Lock = Any
"""A lock of :mod:`threading`: of threads nothing is known here."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request must wait."""

    reason: str
    """Why, in a few words."""
    retry_at: float
    """When it may be sent, in monotonic seconds."""
    is_brief: bool = False
    """Only a new lease is waited for, which is on its way: no matter of ``on_rate_limit``."""

    def wait(self, now: float) -> float:
        """Return the seconds until it may be sent."""
        return max(0.0, self.retry_at - now)


@dataclass(frozen=True, slots=True)
class Claim:
    """A window as those see it who lease parts of it."""

    window: str
    """Which, in one word; without the time."""
    index: int
    """Which one of them, counted since the epoch."""
    length_us: int
    limit: int
    allowed: int
    """Most that all may use together, but for what is urgent."""
    held: int
    """The lease: most that may be used from here."""
    spare: int
    """What is urgent may use so much besides."""
    own: int
    """What is used from here, what is under way included."""
    done: int
    """What of that is known to be handled."""
    wanted: int
    """What a request takes that the lease has no room for, or 1 to have something ahead of need; 0 if nothing is."""
    is_needed: bool
    """A request waits for it."""
    told: int | None
    """The last count that was told in this window."""
    told_at: int
    """All that was ever sent when that count's request was."""


class Reservation:
    """What an admitted request was charged; handed back to the governor when its fate is known."""

    __slots__ = (
        "admitted_at",
        "given_back",
        "is_over",
        "orders",
        "orders_mark",
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
        admitted_at: float,
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
        self.admitted_at = admitted_at

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
        "heard_at",
        "heard_done",
        "index",
        "interval",
        "interval_num",
        "is_dry",
        "is_needed",
        "late_given",
        "late_mark",
        "length_us",
        "limit",
        "low",
        "meter",
        "next_granted",
        "next_spare",
        "spare",
        "start",
        "sure",
        "told",
        "told_at",
        "tried_at",
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
        self.heard_at: float | None = None
        """When that was."""
        self.late_mark: int | None = None
        """What had been sent when the window neared its end; ``None`` before that."""
        self.late_given = 0
        """What was given back of that which was sent since."""
        self.start = meter.done
        """What was ever sent, less what of it may count in the current window: both for leases alone."""
        self.granted = 0
        """The lease: most of our own that may count in the current window."""
        self.spare = 0
        """Part of the lease for what is urgent alone, besides."""
        self.next_granted = 0
        """The same for the next one."""
        self.next_spare = 0
        self.low = 0
        """What of our own counts when more is asked for."""
        self.wanted = 0
        """What a request wanted that the lease has no room for."""
        self.is_needed = False
        """That request waits."""
        self.is_dry = False
        """There was not enough left for all to lease more."""
        self.tried_at = -math.inf
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

    def roll(self, exchange_us: int) -> int:
        """Begin a new window if one is due; return when to look again."""
        index = exchange_us // self.length_us
        if index > self.index:
            if self.index:  # not seen for the first time
                self._turn(is_next=index == self.index + 1)
            self.index = index
        if self.late_mark is None:
            if exchange_us < self.late_us:
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
        self.lease(self.next_granted, self.next_spare)
        self.next_granted = self.next_spare = 0
        self.is_dry = False
        self.told = None

    def lease(self, granted: int, spare: int = 0) -> None:
        """Hold that much of the window from now on, and so much for what is urgent besides."""
        self.granted = granted
        self.spare = spare
        self.low = self.own + (granted - self.own) // 2

    def lapse(self) -> None:
        """Hold nothing any more but what was used."""
        self.lease(min(self.granted, self.own))
        self.next_granted = self.next_spare = 0

    def move(self, exchange_us: int) -> None:
        """Lie where the time now is: that was set, and did not pass."""
        index = exchange_us // self.length_us
        if index != self.index:
            self.index = index
            # By the new time nobody knows when it was sent: all that is used may have come near the end.
            self.late_mark = -self.base if exchange_us >= self.late_us else None
            self.late_given = 0
            self.lapse()  # what was leased is part of another window

    def hear(
        self, count: int, mark: tuple[int, int, int], own: int, sent_us: int, now: float
    ) -> None:
        """Take in the count of an answer to a request that was sent at ``mark`` and costs ``own``.

        Args:
            count: The count.
            mark: What had been sent, handled, and handled without a count told.
            own: What the request costs.
            sent_us: When it was sent, exchange time.
            now: Monotonic seconds.
        """
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
        self.heard_at = now

    def give_back(self, amount: int, sent_at: int) -> None:
        """Take off what an answered request, sent at that mark, turned out not to cost.

        Whenever it was sent: until it was answered it was charged to the current window as well.
        """
        # A window that turned since may hold less than that: nothing is used at the least.
        self.base = max(self.base - amount, -self.meter.sent)
        self.start = min(self.start + amount, self.meter.sent)
        if self.late_mark is not None and sent_at > self.late_mark:
            self.late_given += amount

    def is_guess(self, wanted: int, most: int, now: float) -> bool:
        """Whether a request that would not fit by the estimate may well do."""
        if self.heard_at is None:
            return False
        is_stale = self.type == _ORDERS and now - self.heard_at >= _OLD_S
        return wanted + self.known <= most or is_stale


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
        "hand_set_us",
        "is_asked",
        "is_leased",
        "lapses_at",
        "lead_us",
        "look_at",
        "meter",
        "on_need",
        "type",
        "windows",
    )

    def __init__(self, limit_type: str, lead_us: int = 0) -> None:
        self.type = limit_type
        self.meter = _Meter()
        self.windows: dict[tuple[str, int], _Window] = {}
        self.lead_us = lead_us
        """By how much the exchange's time is ahead of monotonic time, as the windows lie."""
        self.hand_set_us: Callable[[], int] | None = None
        """The exchange's time, where it is set by hand and may jump at any moment."""
        self.look_at = -math.inf
        """When one of them turns, or nears its end."""
        self.is_leased = False
        """Others count in the same windows, elsewhere: each holds leases on parts of them."""
        self.fallback: Callable[[int, int], int] | None = None
        """The part of what is allowed in a window, by its index, that begins while no leases can be had;
        ``None`` while they can."""
        self.lapses_at = math.inf
        """When leases that were not confirmed any more may have been given to others."""
        self.is_asked = False
        self.on_need: Callable[[], object] = _nothing
        """Told once when a lease runs low."""

    def exchange_us(self, now: float) -> int:
        """Return the exchange's time as the windows go by it, epoch microseconds."""
        return round(now * 1e6) + self.lead_us

    def set_lead(self, lead_us: int, now: float) -> None:
        """Take it that the exchange's time is so much ahead: what was counted counts where it now is."""
        if lead_us == self.lead_us or self.hand_set_us is not None:
            return
        self.roll(now)  # what was due by the old time, first
        moved_us, self.lead_us = lead_us - self.lead_us, lead_us
        if not 0 <= moved_us <= _LATE_US:  # by that much it was thought to be late anyway
            self._move(now)
        self.look_at = -math.inf

    def _move(self, now: float) -> None:
        exchange_us = self.exchange_us(now)
        for window in self.windows.values():
            window.move(exchange_us)

    def _follow(self, now: float) -> None:
        """Go by the time that is set by hand: it passes as it is set, but not backwards."""
        if self.hand_set_us is None:
            return
        lead_us = self.hand_set_us() - round(now * 1e6)
        was_put_back = lead_us < self.lead_us - _PUT_BACK_US
        self.lead_us = lead_us
        if was_put_back:  # else windows that lie in the future would refuse for as long
            self._move(now)

    def window(self, interval: str, interval_num: int, limit: int) -> _Window:
        """Return the window of a limit, made if it was not heard of, and changed where that was."""
        key = (interval, interval_num)
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = _Window(
                self.type, interval, interval_num, limit, self.meter
            )
            self.look_at = -math.inf
        elif window.limit != limit:
            window.set_limit(limit)
            self.look_at = -math.inf
        return window

    def roll(self, now: float) -> None:
        """Turn the windows that are due."""
        self._follow(now)
        exchange_us, look_at_us = self.exchange_us(now), sys.maxsize
        for window in self.windows.values():
            index = window.index
            look_at_us = min(look_at_us, window.roll(exchange_us))
            if self.fallback is not None and window.index != index:
                part = self.fallback(window.allowed, window.index)
                spare = self.fallback(window.limit - window.allowed, window.index)
                window.lease(max(window.granted, part), max(window.spare, spare))
        if now >= self.lapses_at:
            self.lapses_at = math.inf
            for window in self.windows.values():
                window.lapse()
        self.look_at = min(self._moment(look_at_us), self.lapses_at)
        self.reckon()

    def _moment(self, exchange_us: int) -> float:
        """Return when it is that late at the exchange, monotonic seconds."""
        return (exchange_us - self.lead_us) / 1e6

    def confirmed(self, lapses_at: float) -> None:
        """What is leased holds until then, if it is not confirmed again."""
        self.lapses_at = lapses_at
        self.look_at = -math.inf

    def hear(
        self,
        told: ToldLimit,
        mark: tuple[int, int, int],
        own: int,
        reservation: Reservation,
        now: float,
    ) -> None:
        """Take in a count that came with an answer."""
        if told.count is None or told.interval not in _UNIT_US:
            return
        sent_us = self.exchange_us(reservation.admitted_at)
        window = self.windows.get((told.interval, told.interval_num))
        if window is None or window.limit != told.limit:
            window = self.window(told.interval, told.interval_num, told.limit)
            # All that counts may be ours.
            window.start = max(0, mark[0] - told.count)
            # A limit not heard of before: its window has yet to be placed.
            window.roll(sent_us)
        window.hear(told.count, mark, own, sent_us, now)

    def obstacle(self, wanted: int, now: float, *, urgent: bool) -> Refusal | None:
        """Say why a request must wait that costs so much, if it must."""
        if self.is_leased:
            refusal = self.exceeded(wanted, now, urgent=urgent)
            if refusal is not None:
                return refusal
        for window in self.windows.values():
            # What is not counted by weight has no reserve.
            most = window.limit if urgent else window.allowed
            # What is too heavy for any window is the exchange's to refuse.
            if (
                wanted + window.used > most
                and window.used
                and not _is_tried(window, wanted, most, now)
            ):
                unit = window.interval.lower()
                return Refusal(
                    f"limit {window.type}: {wanted} wanted, {max(0, most - window.used)} left of "
                    f"{window.limit} per {window.interval_num} {unit}",
                    self._retry_at(window, wanted, most, now),
                )
        return None

    def _retry_at(self, window: _Window, wanted: int, most: int, now: float) -> float:
        """Return when a request that does not fit may be tried."""
        when = self._moment(window.resets_at_us)
        if window.is_guess(wanted, most, now):
            when = min(when, now + _UNDER_WAY_S)
        elif window.type == _ORDERS and window.heard_at is not None:
            when = min(when, window.heard_at + _OLD_S)
        return when

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

    def exceeded(self, wanted: int, now: float, *, urgent: bool) -> Refusal | None:
        """Say why a request must wait for a lease, if it must; have one fetched ahead of need."""
        for window in self.windows.values():
            spare = window.spare if urgent else 0
            is_too_heavy = wanted > window.limit  # for anybody: the exchange's to refuse
            # What only fits with the reserve goes by itself, when nobody else holds anything.
            leased = min(wanted, window.allowed)
            if (
                window.own + leased > window.granted + spare
                and not is_too_heavy
                and not self._goes_beyond(window, wanted, now)
            ):
                window.wanted = max(window.wanted, leased)
                window.is_needed = True
                self.ask()
                # A lease is on its way, unless there was none to be had.
                is_brief = not window.is_dry and self.fallback is None
                retry_s = LEASE_RETRY_S if is_brief else DRY_RETRY_S
                return Refusal(
                    f"limit {window.type}: {wanted} wanted, {max(0, window.granted - window.own)} left of "
                    f"this client's share of {window.limit}",
                    min(self._moment(window.resets_at_us), now + retry_s),
                    is_brief,
                )
            if window.own + wanted > window.low:
                window.wanted = max(window.wanted, 1)
                self.ask()
        return None

    def _goes_beyond(self, window: _Window, wanted: int, now: float) -> bool:
        """Whether a request goes though no lease has room for it: by the exchange's count there is room."""
        if (
            window.length_us <= _SHORT_US
            or not window.is_dry
            or self.fallback is not None
            or self.meter.under_way
            or window.told is None
            or wanted + window.used > window.allowed
            or now - window.tried_at < _TRY_S
        ):
            return False
        window.tried_at = now
        return True

    def ask(self) -> None:
        """Have leases fetched, once."""
        if not self.is_asked:
            self.is_asked = True
            self.on_need()

    def claims(self, now: float, ahead_us: int) -> list[Claim]:
        """Return how the windows stand: the current ones, and the next ones if they begin so soon."""
        self.roll(now)
        self.is_asked = False
        soon_us = self.exchange_us(now) + ahead_us
        found = []
        for window in self.windows.values():
            name = f"{window.type}:{window.interval}:{window.interval_num}"
            own, under_way = window.own, window.meter.under_way
            found.append(
                Claim(
                    name,
                    window.index,
                    window.length_us,
                    window.limit,
                    window.allowed,
                    window.granted,
                    # What was urgent may have used a part.
                    max(0, min(window.spare, window.granted + window.spare - own)),
                    own,
                    max(0, own - under_way),
                    window.wanted,
                    window.is_needed,
                    window.told,
                    window.told_at,
                )
            )
            if soon_us >= window.resets_at_us:
                found.append(
                    Claim(
                        name,
                        window.index + 1,
                        window.length_us,
                        window.limit,
                        window.allowed,
                        window.next_granted,
                        window.next_spare,
                        0,
                        0,
                        0 if window.next_granted else 1,
                        False,
                        None,
                        0,
                    )
                )
            window.wanted = 0
            window.is_needed = False
        return found

    def grant(self, claim: Claim, granted: int, spare: int = 0, *, is_all: bool = True) -> None:
        """Hold that much of a window that was claimed; ``is_all`` where more is not to be had soon."""
        for window in self.windows.values():
            if claim.window != f"{window.type}:{window.interval}:{window.interval_num}":
                continue
            if claim.index == window.index:
                window.is_dry = is_all and claim.wanted > granted - window.own
                if granted != window.granted:
                    window.lease(granted)
                window.spare = spare
            elif claim.index == window.index + 1:
                window.next_granted, window.next_spare = granted, spare
        self.reckon()

    def hold(self, keep: Callable[[Claim], int], now: float) -> None:
        """Change what is held of each current window."""
        for claim in self.claims(now, 0):
            self.grant(claim, keep(claim), claim.spare)


def _nothing() -> None:
    pass


def connection_ledger(lead_us: int = 0) -> Ledger:
    """Return a ledger of the connections that an address has opened."""
    ledger = Ledger(_CONNECTIONS, lead_us)
    ledger.window("MINUTE", 5, _CONNECTIONS_OF_ALL)
    return ledger


def weight_ledger(lead_us: int = 0) -> Ledger:
    """Return a ledger of the weight that an address has used."""
    return Ledger(_WEIGHT, lead_us)


def order_ledger(lead_us: int = 0) -> Ledger:
    """Return a ledger of the unfilled orders of an account."""
    return Ledger(_ORDERS, lead_us)


class _Word:
    """The last answer whose counts were left unread, and when some were read."""

    __slots__ = ("rate_limits", "read_at", "reservation")

    def __init__(self) -> None:
        self.read_at = -math.inf
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
        self._noted: deque[tuple[Reservation, RawJson, float]] = deque()
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
        now: float,
        urgent: bool = False,
    ) -> Reservation | Refusal:
        """Charge a request that is about to be written, or say when it may be.

        Args:
            operation: The operation; ``None`` for one the catalogue does not know, taken to weigh 1.
            params: Its parameters by wire name, which some weights depend on.
            now: Monotonic seconds.
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
        sent, counted = self._weight, self._orders
        if self._noted and (
            now >= min(self._weights.look_at, self._counts.look_at)
            or sent.sent + weight > sent.easy
            or counted.sent + orders > counted.easy
        ):
            take_notes(self)
        if self._lock is not None:
            self._lock.acquire()
        try:
            if now >= self._weights.look_at or now >= self._counts.look_at:
                self._roll(now)
            # The hot path: while all windows are half empty, two sums tell that there is room.
            if sent.sent + weight > sent.easy or counted.sent + orders > counted.easy:
                refusal = self._refusal(weight, orders, now, urgent=urgent)
                if refusal is not None:
                    return refusal
            reservation = Reservation(
                weight,
                weight - on_success,
                orders,
                (sent.sent + weight, sent.done, sent.mute),
                (counted.sent + orders, counted.done, counted.mute),
                now,
            )
            # Nothing is called from here on: an interrupted caller would leave it charged for ever.
            sent.sent += weight
            counted.sent += orders
            return reservation
        finally:
            if self._lock is not None:
                self._lock.release()

    def connect(self, weight: int, now: float) -> Reservation | Refusal:
        """Charge a connection attempt, or say when it may be made.

        Returns:
            A reservation, for :meth:`lost` when the attempt has ended: its answer tells no count. Or a
            refusal.
        """
        take_notes(self)
        sent, counted = self._weight, self._orders
        with self._lock or _ALONE:
            self._roll_if_due(now)
            refusal = self._refusal(weight, 0, now, urgent=True)
            if refusal is not None:
                return refusal
            sent.sent += weight
            return Reservation(
                weight,
                0,
                0,
                (sent.sent, sent.done, sent.mute),
                (counted.sent, counted.done, counted.mute),
                now,
            )

    def answered(
        self, reservation: Reservation, rate_limits: RawJson, *, succeeded: bool, now: float
    ) -> None:
        """Take in an answer.

        Args:
            reservation: What the request was charged.
            rate_limits: The answer's ``rateLimits``, undecoded; empty when hidden.
            succeeded: Its status is 200.
            now: Monotonic seconds.
        """
        take_notes(self)
        self._take_answer(reservation, rate_limits, succeeded, now)

    def _take_answer(
        self, reservation: Reservation, rate_limits: RawJson, succeeded: bool, now: float
    ) -> None:
        if not reservation.ends():
            return
        sent, counted = self._weight, self._orders
        if self._lock is not None:
            self._lock.acquire()
        try:
            if now >= self._weights.look_at or now >= self._counts.look_at:
                self._roll(now)
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
                or now - word.read_at >= _READ_EVERY_S
            ):
                word.read_at = now
                word.reservation = None
                self._read(rate_limits, reservation, now)
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

    def set_lead(self, lead_us: int, now: float) -> None:
        """Take it that the exchange's time is so much ahead of monotonic time: it was measured."""
        take_notes(self)
        with self._lock or _ALONE:
            self._read_unread()
            self._weights.set_lead(lead_us, now)
            self._counts.set_lead(lead_us, now)

    def usage(self, now: float) -> list[LimitUsage]:
        """Return how far each limit is used up."""
        take_notes(self)
        with self._lock or _ALONE:
            self._roll(now)
            return [
                LimitUsage(
                    rate_limit_type=window.type,
                    interval=window.interval,
                    interval_num=window.interval_num,
                    limit=window.limit,
                    count=window.used,
                    resets_at_us=window.resets_at_us,
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

    def _refusal(self, weight: int, orders: int, now: float, *, urgent: bool) -> Refusal | None:
        if self._weights.hand_set_us is None:
            self._read_unread()
        else:  # the time may have jumped since the last look
            self._roll(now)
        refusal = self._weights.obstacle(weight, now, urgent=urgent)
        if refusal is None and orders:
            refusal = self._counts.obstacle(orders, now, urgent=urgent)
        return refusal

    def _roll(self, now: float) -> None:
        self._read_unread()
        self._weights.roll(now)
        self._counts.roll(now)

    def _roll_if_due(self, now: float) -> None:
        if now >= self._weights.look_at or now >= self._counts.look_at:
            self._roll(now)

    def _reckon(self) -> None:
        self._weights.reckon()
        self._counts.reckon()

    def _read_unread(self) -> None:
        """Read the counts that were left unread."""
        for word in (self._of_orders, self._of_others):
            if word.reservation is not None:
                # When its answer came is not kept: no sooner than its request was sent.
                self._read(word.rate_limits, word.reservation, word.reservation.admitted_at)
                word.reservation = None
                self._reckon()

    def _read(self, rate_limits: RawJson, reservation: Reservation, now: float) -> None:
        for told in told_limits(rate_limits):
            ledger = self._ledger(told.rate_limit_type)
            if ledger is self._weights:
                ledger.hear(told, reservation.weight_mark, reservation.weight, reservation, now)
            elif ledger is not None:
                ledger.hear(told, reservation.orders_mark, reservation.orders, reservation, now)


def governors() -> dict[Market, Governor]:
    """Return a governor for each market; those that share a pool share the governor."""
    pools: dict[str, Governor] = {}
    for market in Market:
        facts = market.facts
        if facts.limit_pool not in pools:
            pools[facts.limit_pool] = Governor(facts.limits)
    return {market: pools[market.facts.limit_pool] for market in Market}


def has_room(governor: Governor, operation: Operation | None, now: float) -> bool:
    """Whether a request would be admitted at once, without a look at any window."""
    cost = None if operation is None else governor._costs.get(operation)
    if cost is None or cost.fixed is None or governor._lock is not None:
        return False
    if now >= governor._weights.look_at or now >= governor._counts.look_at:
        return False
    sent, counted = governor._weight, governor._orders
    return sent.sent + cost.fixed <= sent.easy and counted.sent + cost.orders <= counted.easy


def note(governor: Governor, reservation: Reservation, rate_limits: RawJson, now: float) -> int:
    """Keep a success to be taken in later; return how many are kept, 0 when it is to be taken in now.

    For who may be interrupted at any line: it is one step, and may be done twice. What is under way
    counts until then.
    """
    noted = governor._noted
    if len(noted) >= _MOST_NOTED or governor._lock is not None:
        return 0
    noted.append((reservation, rate_limits, now))
    return len(noted)


def take_notes(governor: Governor) -> None:
    """Take in what was noted."""
    while governor._noted:
        reservation, rate_limits, now = governor._noted.popleft()
        governor._take_answer(reservation, rate_limits, True, now)


def _is_tried(window: _Window, wanted: int, most: int, now: float) -> bool:
    """Whether a request goes though the estimate says no: a guess, and nothing else to tell better."""
    if window.meter.under_way or not window.is_guess(wanted, most, now):
        return False
    window.heard_at = now  # the next one waits for its answer, or as long again
    return True
