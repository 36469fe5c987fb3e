"""After an unplanned loss: which orders to ask for, and what the missed events would have told.

Events tell; answers only make an order known. An order is live from the moment an answer or an event
shows it until an *event* tells its end: an order whose answer said FILLED just before the connection
broke is asked for after the gap, since its event may have been lost.

What was missed is found by comparing the order as it stands with what its events told last. Fills are
matched by trade id, on Spot where ``myTrades`` lists them; a fill that was made known this way is not
told again when its event does come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import FINAL_STATUSES, micros, order_from_event
from binance_wsapi.protocol.own_orders import PLACING, orders_in
from binance_wsapi.protocol.verdict import Answer, Ask, Question

__all__ = ["LiveOrders", "Reconciled", "Reconciliation"]

_Key = tuple[str, int]

_NOT_FOUND = frozenset({-2013, -2011, -2026})


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An order that changed while nobody listened."""

    symbol: str
    order_id: int
    client_order_id: str
    status: str
    """Its status now; ``UNKNOWN`` when the exchange does not know the order any more."""
    missed_fills: tuple[dict[str, Any], ...] = ()
    """Rows of ``myTrades`` that no event told (Spot)."""
    order: dict[str, Any] | None = None
    """The order as it stands, as a wire dict of ``order.status``."""


@dataclass(slots=True)
class _Told:
    """What is known of one order, and which of its fills have been told."""

    client_order_id: str = ""
    status: str | None = None
    shape: tuple[Any, ...] = ()
    """Price and quantity, which amendments change."""
    updated: int = 0
    before: Decimal = Decimal(0)
    """Filled before it was first seen, and told by no event since: no loss of ours."""
    executed: Decimal = Decimal(0)
    """Filled before, and by the fills told."""
    trade_ids: set[int] = field(default_factory=set)

    def update(self, order: Mapping[str, Any]) -> None:
        """Take over the order's state, unless a later one is known."""
        updated = order.get("updateTime", 0)
        if updated >= self.updated:
            self.client_order_id = order.get("clientOrderId", "")
            self.status = order.get("status")
            self.shape = _shape(order)
            self.updated = updated

    def add_fill(self, trade_id: int, quantity: Decimal, total: Decimal | None = None) -> None:
        """Take note of a fill, after which ``total`` of the order was filled."""
        self.trade_ids.add(trade_id)
        if total is not None and total <= self.executed and quantity <= self.before:
            self.before -= quantity  # the answer that showed the order first has counted it
        else:
            self.executed += quantity

    @property
    def has_ended(self) -> bool:
        return self.status in FINAL_STATUSES


class LiveOrders:
    """The orders of one account that may still change, as far as they are known.

    Args:
        market: Whose orders these are.
        since_us: From when on events were told, epoch microseconds.
        size: Most orders kept in mind; beyond that the oldest are forgotten.
    """

    def __init__(self, market: Market, *, since_us: int = 0, size: int = 10_000) -> None:
        self.market = market
        self.has_strangers = False
        """An order made since then was first heard of by a later event than its first: a gap that was
        closed without it swallowed the others."""
        self._since_us = since_us
        self._size = size
        self._told: dict[_Key, _Told] = {}
        self._ended: dict[_Key, None] = {}
        self._made_known: dict[_Key, None] = {}
        self._gaps = 0
        self._gaps_closed = 0

    def __len__(self) -> int:
        return len(self._told)

    def __iter__(self) -> Iterator[_Key]:
        """Yield symbol and order id of each live order, those known longest first."""
        return iter(list(self._told))

    def begin_gap(self) -> None:
        """The events are no longer whole: call it at the loss, before any event of a new connection.

        From now on an event that tells the end of an order does not tell all of it: the order is kept
        until a reconciliation has looked at it.
        """
        self._gaps += 1

    def withdraw_gap(self) -> None:
        """What was feared to be a gap was none: all events came."""
        if self._gaps > self._gaps_closed:
            self._gaps -= 1
            self._close_gap(self._gaps_closed)

    def observe_answer(self, method: str, result: object) -> int | None:
        """Take note of the orders in an answer.

        Args:
            method: The wire operation it answers; for a resolved outcome the one that was resolved.
            result: The result.

        Returns:
            When the first of the orders was made that were not known yet, in epoch microseconds, 0 when
            the answer does not say; ``None`` when there is none.
        """
        first_us: int | None = None
        for order in orders_in(result):
            key = order["symbol"], order["orderId"]
            # An event may tell the end of an order before its answer comes.
            if key in self._told or key in self._ended:
                continue
            told = _Told()
            is_new = method.startswith(PLACING) and "origClientOrderId" not in order
            # What was made since events are told, and not known, had its first events lost.
            is_new = is_new or micros(order.get("time", 0)) > self._since_us > 0
            if not is_new:
                if order.get("status") in (None, *FINAL_STATUSES):
                    continue
                told.update(order)
                told.before = told.executed = Decimal(order.get("executedQty", 0))
            self._track(key, told)
            made_us = micros(order.get("time", order.get("transactTime", 0)))
            first_us = made_us if first_us is None else min(first_us, made_us)
        return first_us

    def observe_event(self, event: Mapping[str, Any]) -> bool:
        """Take note of a user data event.

        Returns:
            False when the event tells a fill that was made known by a reconciliation.
        """
        order = order_from_event(dict(event))
        if order is None:
            return True
        body: Mapping[str, Any] = event["o"] if event["e"] == "ORDER_TRADE_UPDATE" else event
        key = order["symbol"], order["orderId"]
        fill = body["t"] if body.get("x") == "TRADE" else None
        if fill is not None and (order["symbol"], fill) in self._made_known:
            return False
        if key in self._ended:
            return True
        told = self._told.get(key)
        if told is None:
            told = _Told()
            filled_before = Decimal(body["z"]) - Decimal(body["l"])
            is_gap_open = self._gaps != self._gaps_closed
            # Only Spot's events tell when the order was made.
            made_us = micros(order.get("time", 0))
            if filled_before and (made_us > self._since_us > 0 or (not made_us and is_gap_open)):
                self.has_strangers = True
                self.begin_gap()
            elif not is_gap_open:
                told.before = told.executed = filled_before
            self._track(key, told)
        told.update(order)
        if fill is not None:
            told.add_fill(fill, Decimal(body["l"]), Decimal(body["z"]))
        if told.has_ended and self._gaps == self._gaps_closed:
            self._end(key)
        return True

    def _track(self, key: _Key, told: _Told) -> None:
        self._told[key] = told
        if len(self._told) > self._size:
            del self._told[next(iter(self._told))]

    def _end(self, key: _Key) -> None:
        self._told.pop(key, None)
        self._remember(self._ended, key)

    def _remember(self, keys: dict[_Key, None], key: _Key) -> None:
        keys[key] = None
        if len(keys) > self._size:
            del keys[next(iter(keys))]

    def _close_gap(self, gaps: int) -> None:
        self._gaps_closed = min(gaps, self._gaps)
        if self._gaps_closed == self._gaps:
            for key in [key for key, told in self._told.items() if told.has_ended]:
                self._end(key)


class Reconciliation:
    """Brings the orders known to be live up to date after a gap: questions out, records out.

    Make one when events come again; when the connection is lost once more, drop it and make another.
    """

    def __init__(self, orders: LiveOrders) -> None:
        self._records: list[Reconciled] = []
        self._steps = _questions(orders, self._records)
        self._ask: Ask | None = next(self._steps, None)

    def question(self) -> tuple[str, dict[str, Any]] | None:
        """Return the method and the parameters to ask with; ``None`` when all is known."""
        return None if self._ask is None else (self._ask.method, dict(self._ask.params))

    def on_answer(self, result: object) -> list[Reconciled]:
        """Take in the result of the question; return what is new."""
        return self._proceed(result)

    def on_error(self, code: int) -> list[Reconciled]:
        """Take in an error: only "not found" is an answer, after any other the question stays."""
        return self._proceed(None) if code in _NOT_FOUND else []

    def _proceed(self, result: object) -> list[Reconciled]:
        if self._ask is not None:
            try:
                self._ask = self._steps.send(Answer(result, is_final=True))
            except StopIteration:
                self._ask = None
        new = self._records.copy()
        self._records.clear()
        return new


def _questions(orders: LiveOrders, records: list[Reconciled]) -> Question[None]:
    gaps = orders._gaps
    orders.has_strangers = False
    executed = {key: told.executed for key, told in orders._told.items()}
    by_symbol: dict[str, list[int]] = defaultdict(list)
    for symbol, order_id in executed:
        by_symbol[symbol].append(order_id)
    for symbol, order_ids in by_symbol.items():
        shown: dict[int, dict[str, Any]] = {}
        # One list weighs no more than two single orders; futures have no such question.
        in_one = orders.market.facts.open_orders_question
        if in_one is not None and len(order_ids) > 1:
            answer = yield Ask(in_one, {"symbol": symbol})
            shown = {row["orderId"]: row for row in answer.rows}
        for order_id in order_ids:
            row = shown.get(order_id)
            if row is None:
                answer = yield Ask("order.status", {"symbol": symbol, "orderId": order_id})
                row = answer.order
            record = yield from _compared(orders, (symbol, order_id), row, executed)
            if record is not None:
                records.append(record)
    orders._close_gap(gaps)


def _compared(
    orders: LiveOrders, key: _Key, row: dict[str, Any] | None, executed: Mapping[_Key, Decimal]
) -> Question[Reconciled | None]:
    """Return what the events of an order have not told.

    Args:
        orders: The orders.
        key: The order.
        row: The order as it stands; ``None`` when the exchange does not know it.
        executed: What was told to be filled when the reconciliation began: events that come meanwhile
            tell of later fills.
    """
    symbol, order_id = key
    told = orders._told.get(key)
    if told is None:
        return None
    if row is None:
        orders._end(key)
        return Reconciled(symbol, order_id, told.client_order_id, "UNKNOWN")
    now_executed = Decimal(row.get("executedQty", 0))
    fills: list[dict[str, Any]] = []
    fills_question = orders.market.facts.fills_question
    if now_executed > executed[key] and fills_question is not None:
        answer = yield Ask(fills_question, {"symbol": symbol, "orderId": order_id, "limit": 1000})
        fills = _missed(_upto(now_executed, answer.rows), told)
        for fill in fills:
            told.add_fill(fill["id"], Decimal(fill["qty"]))
            orders._remember(orders._made_known, (symbol, fill["id"]))
    was = (told.client_order_id, told.status, told.shape)
    told.update(row)
    is_changed = (told.client_order_id, told.status, told.shape) != was
    if fills_question is None and now_executed > told.executed:
        told.executed = now_executed
        is_changed = True
    if told.has_ended:
        orders._end(key)
    if not is_changed and not fills:
        return None
    return Reconciled(
        symbol, order_id, row.get("clientOrderId", ""), row["status"], tuple(fills), row
    )


def _upto(executed: Decimal, trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the fills that the order showed, oldest first: events tell the later ones."""
    shown = []
    for trade in sorted(trades, key=lambda trade: int(trade["id"])):
        executed -= Decimal(trade["qty"])
        if executed < 0:
            break
        shown.append(trade)
    return shown


def _missed(trades: list[dict[str, Any]], told: _Told) -> list[dict[str, Any]]:
    """Return the fills no event told, oldest first.

    The ids of fills from before the order was first seen are not known: they are the oldest.
    """
    before = told.before
    missed = []
    for trade in trades:
        if trade["id"] in told.trade_ids:
            continue
        if before > 0:
            before -= Decimal(trade["qty"])
        else:
            missed.append(trade)
    return missed


def _shape(order: Mapping[str, Any]) -> tuple[Any, ...]:
    quantity = order.get("origQty", order.get("qty", 0))
    return Decimal(order.get("price", 0)).normalize(), Decimal(quantity).normalize()
