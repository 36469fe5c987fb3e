"""The orders of one account that may still change, and what events and answers have told of each.

Events tell; answers only make an order known. An order is live from the moment an answer or an event
shows it until an *event* tells its end: an order whose answer said FILLED just before the connection
broke is asked for after the gap, since its event may have been lost.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from binance_wsapi.markets.books import AccountBook
from binance_wsapi.protocol.order_events import FINAL_STATUSES, micros
from binance_wsapi.protocol.order_words import orders_shown
from binance_wsapi.protocol.raw_event import RawEvent, ToldOrder
from binance_wsapi.protocol.reconciled import Reconciled
from binance_wsapi.protocol.wire_values import amount, text, whole_number

__all__ = ["LiveOrder", "LiveOrders"]

_Key = tuple[str, int]

_ZERO = Decimal(0)

_LATELY = 1_000
"""So many orders may end within the moment by which it is uncertain when a gap began."""


@dataclass(slots=True)
class LiveOrder:
    """What is known of one order, and which of its fills have been told."""

    client_order_id: str = ""
    status: str | None = None
    price: object = None
    quantity: object = None
    """As they were sent: amendments change them."""
    updated: int = 0
    before: Decimal = Decimal(0)
    """Filled before it was first seen, and told by no event since: no loss of ours."""
    executed: Decimal = Decimal(0)
    """Filled before, and by the fills told."""
    trade_ids: set[int] = field(default_factory=set)
    is_in_the_dark: bool = False
    """Nobody could tell what was missed of it, and its consumer was told so."""
    is_doubtful: bool = False
    """Some of ``before`` may have been filled since events are told: the times of its fills show it."""

    def update(self, order: Mapping[str, Any]) -> None:
        """Take over the order's state as an answer shows it, unless a later one is known."""
        updated = whole_number(order.get("updateTime")) or 0
        # Answers and events overtake each other: an older state must not cover a newer one.
        if updated > self.updated or (
            updated == self.updated and not self._is_past(text(order.get("status")))
        ):
            self.client_order_id = text(order.get("clientOrderId")) or ""
            self.status = text(order.get("status"))
            self.price, self.quantity = order.get("price"), order.get("origQty", order.get("qty"))
            self.updated = updated

    def follow(self, order: ToldOrder) -> None:
        """Take over the order's state as an event tells it, unless a later one is known."""
        updated = order.updated or 0
        if updated >= self.updated:
            self.client_order_id = order.client_order_id or ""
            self.status = order.status
            self.price, self.quantity = order.price, order.quantity
            self.updated = updated

    def settle(self, before: Decimal) -> None:
        """Take note of how much was filled before events were told."""
        self.executed += before - self.before
        self.before, self.is_doubtful = before, False

    def add_fill(self, trade_id: int, quantity: Decimal, total: Decimal | None = None) -> None:
        """Take note of a fill, after which ``total`` of the order was filled."""
        self.trade_ids.add(trade_id)
        if total is not None and total <= self.executed and quantity <= self.before:
            self.before -= quantity  # the answer that showed the order first has counted it
        else:
            self.executed += quantity

    def kept(self) -> bytes:
        """Return all of it, for whoever goes on with the order."""
        return _encode(
            (
                self.client_order_id,
                self.status,
                self.price,
                self.quantity,
                self.updated,
                self.before,
                self.executed,
                sorted(self.trade_ids),
                self.is_in_the_dark,
            )
        )

    @property
    def shape(self) -> tuple[Decimal, Decimal]:
        """Price and quantity."""
        zero = Decimal(0)
        return (amount(self.price) or zero).normalize(), (amount(self.quantity) or zero).normalize()

    def _is_past(self, status: str | None) -> bool:
        """Whether no order is in that state after the present one: a millisecond may see it made, filled and over."""
        return self.has_ended or (self.status == "PARTIALLY_FILLED" and status == "NEW")

    @property
    def has_ended(self) -> bool:
        """Whether its status, as far as it is known, is a last one."""
        return self.status in FINAL_STATUSES


_encode = msgspec.json.Encoder().encode
_decode_kept = msgspec.json.Decoder(
    tuple[str, str | None, Any, Any, int, Decimal, Decimal, set[int], bool]
).decode


class _Latest:
    """Keys, the latest ``size`` of them."""

    def __init__(self, size: int) -> None:
        self.keys: set[_Key] = set()
        self._order: deque[_Key] = deque()
        self._size = size

    def add(self, key: _Key) -> None:
        if key in self.keys:
            return
        self.keys.add(key)
        self._order.append(key)
        if len(self._order) > self._size:
            self.keys.discard(self._order.popleft())

    def keep(self, key: _Key) -> None:
        """Add a key that displaces none: so many more are kept from now on."""
        if key not in self.keys:
            self._size += 1
            self.add(key)

    def last(self, count: int) -> Iterator[_Key]:
        return itertools.islice(reversed(self._order), count)


class LiveOrders:
    """The orders of one account that may still change, as far as they are known.

    Args:
        book: What is asked about them.
        since_us: From when on events were told, epoch microseconds.
        size: Most orders kept in mind; beyond that the oldest are forgotten, and told so.
    """

    def __init__(self, book: AccountBook, *, since_us: int = 0, size: int = 10_000) -> None:
        self.book = book
        self.has_strangers = False
        """An order made since then was first heard of by a later event than its first: a gap that was closed
        without it swallowed the others."""
        self.since_us = since_us
        self._size = size
        self._told: dict[_Key, LiveOrder] = {}
        self._ended = _Latest(size)
        """Orders that nothing more is to be told of: an answer that comes late brings none of them back."""
        self._made_known = _Latest(size)
        """Fills told by a reconciliation, by symbol and trade id: their events are no news."""
        self.forgotten: list[Reconciled] = []
        """Orders that are followed no more: their consumer is yet to be told so."""
        self.changed: set[_Key] | None = None
        """Of which orders something was learnt; ``None`` where nobody wants to know."""
        self.gaps = 0
        """How many gaps have begun; all those past ``_gaps_closed`` are yet to be looked into, and while there
        are any no order may be forgotten."""
        self._gaps_closed = 0

    def __len__(self) -> int:
        return len(self._told)

    def __iter__(self) -> Iterator[_Key]:
        """Yield symbol and order id of each live order, those known longest first."""
        return iter(list(self._told))

    def __contains__(self, key: object) -> bool:
        return key in self._told

    def get(self, key: _Key) -> LiveOrder | None:
        """Return what is known of an order; ``None`` where it is not live."""
        return self._told.get(key)

    def symbols(self) -> set[str]:
        """Return the symbols of all orders that are kept in mind, also of such as are over."""
        keys = (*self._told, *self._ended.keys, *self._made_known.keys)
        return {symbol for symbol, _ in keys}

    @property
    def are_in_the_dark(self) -> bool:
        """Whether nobody could tell yet what was missed of some order."""
        return any(told.is_in_the_dark for told in self._told.values())

    def kept(self, key: _Key) -> bytes | None:
        """Return what is known of an order, for :meth:`go_on_with`; ``None`` where it is not live."""
        told = self._told.get(key)
        return None if told is None else told.kept()

    def go_on_with(self, key: _Key, kept: bytes) -> None:
        """Know an order as somebody else has known it, whose events were told.

        Raises:
            msgspec.DecodeError: This is not what anybody knew.
        """
        told = self._told[key] = LiveOrder(*_decode_kept(kept))
        told.is_doubtful = told.before > 0
        for trade_id in told.trade_ids:
            self._made_known.add((key[0], trade_id))

    def was_told(self, key: _Key, trade_ids: Iterable[int], *, has_ended: bool) -> None:
        """Somebody else has told these fills of an order, and perhaps its end: none of it is forgotten."""
        for trade_id in trade_ids:
            self._made_known.keep((key[0], trade_id))
        if has_ended and key not in self._told:
            self._ended.keep(key)

    def lately_ended(self) -> frozenset[_Key]:
        """Return the orders that have ended last."""
        return frozenset(self._ended.last(_LATELY))

    def meet(
        self, symbol: str, trades: Iterable[Mapping[str, Any]], *, over: Container[_Key] = ()
    ) -> list[_Key]:
        """Take note of trades that were made in a gap: of orders that nobody knew, nothing was told.

        Args:
            symbol: Their symbol.
            trades: They, as wire dicts.
            over: Orders of which all was told before the gap.

        Returns:
            The orders that nobody knew.
        """
        met = []
        for trade in trades:
            key = symbol, trade["orderId"]
            if key not in self._told and key not in self._ended.keys and key not in over:
                self._track(key, LiveOrder())
                met.append(key)
        return met

    def begin_gap(self) -> None:
        """The events are no longer whole: call it at the loss, before any event of a new connection.

        From now on an event that tells the end of an order may not tell all of it: unless its events add up to
        what was filled, the order is kept until a reconciliation has looked at it.
        """
        self.gaps += 1

    def withdraw_gap(self) -> None:
        """What was feared to be a gap was none: all events came."""
        # A reconciliation that ran meanwhile may have closed it together with one that was a gap.
        if self.gaps > self._gaps_closed:
            self.gaps -= 1
            self.close_gaps(self._gaps_closed)

    def close_gaps(self, gaps: int) -> None:
        """The first so many gaps have been looked into."""
        self._gaps_closed = min(gaps, self.gaps)  # gaps may have been withdrawn since
        if self._gaps_closed == self.gaps:
            over = [
                key
                for key, told in self._told.items()
                if told.has_ended and not told.is_in_the_dark
            ]
            for key in over:
                self.end(key)

    def observe_answer(self, result: object, *, makes_orders: bool = False) -> int | None:
        """Take note of the orders in an answer.

        Args:
            result: The result.
            makes_orders: Whether it answers a request that makes the orders it shows.

        Returns:
            When the first of the orders was made that were not known yet, in epoch microseconds, 0 when
            the answer does not say; ``None`` when there is none.
        """
        first_us: int | None = None
        for order in orders_shown(self.book, result):
            key = order["symbol"], order["orderId"]
            # An event may tell the end of an order before its answer comes.
            if key in self._told or key in self._ended.keys:
                continue
            told = LiveOrder()
            # One with an origClientOrderId is the half that a cancel-replace cancelled.
            is_new = makes_orders and "origClientOrderId" not in order
            # What was made since events are told, and not known, had its first events lost.
            is_new = is_new or micros(whole_number(order.get("time")) or 0) > self.since_us > 0
            # All fills of a new order are for events to tell, those that its answer shows included; of an
            # older one those that it had are nobody's loss.
            if not is_new:
                if text(order.get("status")) in (None, *FINAL_STATUSES):
                    continue
                told.before = told.executed = amount(order.get("executedQty")) or Decimal(0)
                updated = whole_number(order.get("updateTime")) or 0
                if micros(updated) > self.since_us > 0:
                    # The event that told so may be lost with the connection.
                    told.client_order_id = text(order.get("clientOrderId")) or ""
                    told.is_doubtful = told.before > 0
                else:
                    told.update(order)
            self._track(key, told)
            made_us = micros(whole_number(order.get("time", order.get("transactTime"))) or 0)
            first_us = made_us if first_us is None else min(first_us, made_us)
        return first_us

    def observe_event(self, event: RawEvent) -> bool:
        """Take note of a user data event.

        Returns:
            False when the event tells a fill that was made known by a reconciliation.
        """
        order = event.algo_order if self.book.is_algo else event.order
        if order is None:
            return True
        key = order.key
        fill = order.fill
        made_known = self._made_known.keys
        if made_known and fill is not None and (key[0], fill) in made_known:
            return False
        if key in self._ended.keys:
            return True
        told = self._told.get(key)
        if told is None:
            is_whole = order.filled == order.filled_now  # nothing was filled before
            first_told = LiveOrder() if is_whole else self._stranger(event, order)
        # While a gap is open the events that told its fills may be the missing ones: it has to be looked at.
        # So has an order that nobody could tell about.
        if self.gaps == self._gaps_closed and not (told is not None and told.is_in_the_dark):
            status = order.status
            if told is not None and (order.updated or 0) < told.updated:
                status = told.status
            if status in FINAL_STATUSES:
                self.end(key)
                return True
        if told is None:
            told = first_told
            self._track(key, told)
        told.follow(order)
        if fill is not None:
            total, last = amount(order.filled), amount(order.filled_now) or Decimal(0)
            told.add_fill(fill, last, total)
        is_whole = order.status in FINAL_STATUSES and amount(order.filled) == told.executed
        if is_whole and not (told.is_in_the_dark or told.is_doubtful):
            self.end(key)  # whatever a gap has swallowed, it was no fill of this order
        self.note(key)
        return True

    def make_known(self, key: _Key, trade_id: int, quantity: Decimal) -> None:
        """A fill of a live order is told without its event, which is no news from now on."""
        self._told[key].add_fill(trade_id, quantity)
        self._made_known.add((key[0], trade_id))

    def end(self, key: _Key) -> None:
        """Nothing more is to be told of an order."""
        self._told.pop(key, None)
        self._ended.add(key)
        if self.changed is not None:
            self.changed.add(key)

    def note(self, key: _Key) -> None:
        """Something was learnt of an order."""
        if self.changed is not None:
            self.changed.add(key)

    def _stranger(self, event: RawEvent, order: ToldOrder) -> LiveOrder:
        """Return what is known of an order that has its first event heard of when some of it is filled."""
        filled, is_lost = order.filled_before, event.made_us > self.since_us > 0
        if filled and (is_lost or self.gaps):
            self.has_strangers = True
            self.begin_gap()
        if is_lost:
            filled = _ZERO  # events were told by then
        return LiveOrder(before=filled, executed=filled, is_doubtful=filled > 0 and self.gaps > 0)

    def _track(self, key: _Key, told: LiveOrder) -> None:
        self._told[key] = told
        self.note(key)
        if len(self._told) > self._size:
            oldest = next(iter(self._told))
            known = self._told.pop(oldest)
            self.note(oldest)
            problem = f"more than {self._size} orders are live: this one is not followed any more"
            unknown = Reconciled(*oldest, known.client_order_id, "UNKNOWN", problem=problem)
            self.forgotten.append(unknown)
