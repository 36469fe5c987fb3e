"""After an unplanned loss: which orders to ask for, and what the missed events would have told.

Events tell; answers only make an order known. An order is live from the moment an answer or an event
shows it until an *event* tells its end: an order whose answer said FILLED just before the connection
broke is asked for after the gap, since its event may have been lost.

What was missed is found by comparing the order as it stands with what its events told last. Fills are
matched by trade id, where they can be asked for; a fill that was made known this way is not
told again when its event does come.

Each order is looked at by itself, though many of a symbol, and their fills, are asked for in one. One that the
exchange does not tell about, or tells about in a form that cannot be read, is asked for again when all others are
known: once when it was refused, a few times when no answer came. Then it is told as unknown.
"""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from binance_wsapi.markets.books import AccountBook
from binance_wsapi.protocol.order_events import FINAL_STATUSES, micros
from binance_wsapi.protocol.order_words import order_in_words, orders_shown
from binance_wsapi.protocol.own_orders import order_key
from binance_wsapi.protocol.raw_event import RawEvent, ToldOrder
from binance_wsapi.protocol.shown_fills import (
    SymbolTrades,
    ToldFills,
    UntoldError,
    fill_row,
    filled_by,
    fills_of,
    missed_fills,
    trades_of_symbol,
)
from binance_wsapi.protocol.verdict import Answer, Question, Steps
from binance_wsapi.protocol.wire_values import amount, text, whole_number

__all__ = ["LiveOrders", "Reconciled", "Reconciliation"]

_Key = tuple[str, int]

_ZERO = Decimal(0)

_NOT_FOUND = frozenset({-2013, -2011, -2026})


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An order that changed while nobody listened."""

    symbol: str
    order_id: int
    client_order_id: str
    status: str
    """Its status now; ``UNKNOWN`` when the exchange does not know the order any more, or did not tell."""
    missed_fills: tuple[dict[str, Any], ...] = ()
    """Rows of the fills question that no event told."""
    order: dict[str, Any] | None = None
    """The order as it stands, as a wire dict."""
    problem: str | None = None
    """Why the order, or its fills, could not be asked for."""


_LATELY = 1_000
"""So many orders may end within the moment by which it is uncertain when a gap began."""

_WORTH_A_PAGE = 5
"""A page of orders, or of trades, weighs no more than so many questions after single ones."""

_MOST_ORDERS = 1000
"""How many orders a page shows."""


_LAST_ROUND = 4
"""How often an order is asked for that no answer comes to; each time after a longer pause."""


@dataclass(slots=True)
class _Told:
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
        self._since_us = since_us
        self._size = size
        self._told: dict[_Key, _Told] = {}
        self._ended = _Latest(size)
        """Orders that nothing more is to be told of: an answer that comes late brings none of them back."""
        self._made_known = _Latest(size)
        """Fills told by a reconciliation, by symbol and trade id: their events are no news."""
        self.forgotten: list[Reconciled] = []
        """Orders that are followed no more: their consumer is yet to be told so."""
        self.changed: set[_Key] | None = None
        """Of which orders something was learnt; ``None`` where nobody wants to know."""
        self._gaps = 0
        """How many gaps have begun; all those past ``_gaps_closed`` are yet to be looked into, and while there
        are any no order may be forgotten."""
        self._gaps_closed = 0

    def __len__(self) -> int:
        return len(self._told)

    def __iter__(self) -> Iterator[_Key]:
        """Yield symbol and order id of each live order, those known longest first."""
        return iter(list(self._told))

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
        told = self._told[key] = _Told(*_decode_kept(kept))
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
                self._track(key, _Told())
                met.append(key)
        return met

    def begin_gap(self) -> None:
        """The events are no longer whole: call it at the loss, before any event of a new connection.

        From now on an event that tells the end of an order may not tell all of it: unless its events add up to
        what was filled, the order is kept until a reconciliation has looked at it.
        """
        self._gaps += 1

    def withdraw_gap(self) -> None:
        """What was feared to be a gap was none: all events came."""
        # A reconciliation that ran meanwhile may have closed it together with one that was a gap.
        if self._gaps > self._gaps_closed:
            self._gaps -= 1
            self._close_gap(self._gaps_closed)

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
            told = _Told()
            # One with an origClientOrderId is the half that a cancel-replace cancelled.
            is_new = makes_orders and "origClientOrderId" not in order
            # What was made since events are told, and not known, had its first events lost.
            is_new = is_new or micros(whole_number(order.get("time")) or 0) > self._since_us > 0
            # All fills of a new order are for events to tell, those that its answer shows included; of an
            # older one those that it had are nobody's loss.
            if not is_new:
                if text(order.get("status")) in (None, *FINAL_STATUSES):
                    continue
                told.before = told.executed = amount(order.get("executedQty")) or Decimal(0)
                updated = whole_number(order.get("updateTime")) or 0
                if micros(updated) > self._since_us > 0:
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
            first_told = _Told() if is_whole else self._stranger(event, order)
        # While a gap is open the events that told its fills may be the missing ones: it has to be looked at.
        # So has an order that nobody could tell about.
        if self._gaps == self._gaps_closed and not (told is not None and told.is_in_the_dark):
            status = order.status
            if told is not None and (order.updated or 0) < told.updated:
                status = told.status
            if status in FINAL_STATUSES:
                self._end(key)
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
            self._end(key)  # whatever a gap has swallowed, it was no fill of this order
        self.note(key)
        return True

    def note(self, key: _Key) -> None:
        """Something was learnt of an order."""
        if self.changed is not None:
            self.changed.add(key)

    def _stranger(self, event: RawEvent, order: ToldOrder) -> _Told:
        """Return what is known of an order that has its first event heard of when some of it is filled."""
        filled, is_lost = order.filled_before, event.made_us > self._since_us > 0
        if filled and (is_lost or self._gaps):
            self.has_strangers = True
            self.begin_gap()
        if is_lost:
            filled = _ZERO  # events were told by then
        return _Told(before=filled, executed=filled, is_doubtful=filled > 0 and self._gaps > 0)

    def _track(self, key: _Key, told: _Told) -> None:
        self._told[key] = told
        self.note(key)
        if len(self._told) > self._size:
            oldest = next(iter(self._told))
            known = self._told.pop(oldest)
            self.note(oldest)
            problem = f"more than {self._size} orders are live: this one is not followed any more"
            unknown = Reconciled(*oldest, known.client_order_id, "UNKNOWN", problem=problem)
            self.forgotten.append(unknown)

    def _end(self, key: _Key) -> None:
        self._told.pop(key, None)
        self._ended.add(key)
        if self.changed is not None:
            self.changed.add(key)

    def _close_gap(self, gaps: int) -> None:
        self._gaps_closed = min(gaps, self._gaps)  # gaps may have been withdrawn since
        if self._gaps_closed == self._gaps:
            over = [
                key
                for key, told in self._told.items()
                if told.has_ended and not told.is_in_the_dark
            ]
            for key in over:
                self._end(key)


class Reconciliation:
    """Brings the orders known to be live up to date after a gap: questions out, records out.

    Make one when events come again; when the connection is lost once more, drop it and make another.

    Args:
        orders: They.
        met: Look at these orders of a symbol alone, once: what has ended is told, the rest is left to a look at all.
        trades: What is known of that symbol's trades: rows of the fills question.
    """

    def __init__(
        self,
        orders: LiveOrders,
        met: Sequence[_Key] | None = None,
        trades: Iterable[dict[str, Any]] = (),
    ) -> None:
        self._records: list[Reconciled] = []
        self._rounds = _Rounds(orders, self._records, orders if met is None else met)
        if met is None:
            self._questions = self._rounds.questions()
        else:
            self._questions = self._rounds.glance(trades)
        self._question: Question | None = next(self._questions, None)

    @property
    def round(self) -> int:
        """How often what the question is about was asked for before."""
        return self._rounds.round

    @property
    def is_second_look(self) -> bool:
        """Whether a copy that lags has to have caught up before the question is put."""
        return self._rounds.is_second_look

    def question(self) -> tuple[str, dict[str, Any]] | None:
        """Return the method and the parameters to ask with; ``None`` when all is known."""
        return (
            None if self._question is None else (self._question.method, dict(self._question.params))
        )

    def on_answer(self, result: object) -> list[Reconciled]:
        """Take in the result of the question; return what is new."""
        return self._proceed(lambda: self._questions.send(Answer(result, is_final=True)))

    def on_refusal(self, code: int | None, problem: str) -> list[Reconciled]:
        """Take in that there is no result; return what is new.

        Args:
            code: The exchange's code, if it answered: "not found" is an answer.
            problem: What happened, in words.
        """
        if code in _NOT_FOUND:
            return self.on_answer(None)
        untold = UntoldError(problem, was_answered=code is not None)
        return self._proceed(lambda: self._questions.throw(untold))

    def _proceed(self, step: Callable[[], Question]) -> list[Reconciled]:
        if self._question is not None:
            try:
                self._question = step()
            except StopIteration:
                self._question = None
        new = self._records.copy()
        self._records.clear()
        return new


class _Rounds:
    """Two looks at all live orders, and further ones at those that could not be asked for.

    The first look may be answered by a copy that lags: orders that it shows to have ended have; what else
    it shows, or does not know, may have been true before the gap. What was told to be filled is taken down when it
    begins: events that come meanwhile tell of later fills.
    """

    def __init__(
        self, orders: LiveOrders, records: list[Reconciled], looked_at: Iterable[_Key]
    ) -> None:
        self.round = 0
        self.is_second_look = False
        self._orders = orders
        self._records = records
        told_of = {key: orders._told[key] for key in looked_at if key in orders._told}
        self._executed = {
            key: told.executed - told.before if told.is_doubtful else told.executed
            for key, told in told_of.items()
        }
        self._fills = {
            key: ToldFills(set(told.trade_ids), told.executed - told.before)
            for key, told in told_of.items()
        }
        """Which fills of an order were told when this began, and by this: events that came since may tell later ones
        than the order shows."""
        self._listed: dict[str, SymbolTrades] = {}
        """What is known of the trades of a symbol."""
        self._gaps = orders._gaps  # one that begins while this one asks needs a look of its own

    def glance(self, trades: Iterable[dict[str, Any]]) -> Steps[None]:
        for symbol in {symbol for symbol, _ in self._executed}:
            # Told before the orders are shown: nothing in it is later than they.
            self._listed[symbol] = trades_of_symbol(trades, is_full=False)
        yield from self._look(list(self._executed))

    def questions(self) -> Steps[None]:
        self._orders.has_strangers = False
        aside = yield from self._look(list(self._executed))
        # What has ended by the first look is told; the rest was perhaps shown by a copy that lags.
        live = [key for key in self._executed if key in self._orders._told and key not in aside]
        if live:
            self.is_second_look = True
            self._listed.clear()
            aside += yield from self._look(live)
        self.is_second_look = True  # whoever answers has caught up by then
        while aside:
            self.round += 1
            present, aside = aside, []
            for key in present:
                try:
                    yield from self._look_at(key, None)
                except UntoldError as error:
                    if self._gives_up(error):
                        self._tell_unknown(key, str(error))
                    else:
                        aside.append(key)
        self._orders._close_gap(self._gaps)

    def _look(self, keys: list[_Key]) -> Steps[list[_Key]]:
        """Look at these orders; return those that could not be asked for."""
        aside: list[_Key] = []
        by_symbol: dict[str, list[int]] = defaultdict(list)
        for symbol, order_id in keys:
            by_symbol[symbol].append(order_id)
        for symbol, order_ids in by_symbol.items():
            shown = yield from self._open_orders(symbol, len(order_ids))
            rest = [order_id for order_id in order_ids if order_id not in shown]
            shown |= yield from self._all_orders(symbol, rest)
            yield from self._latest_trades(symbol, shown)
            for order_id in order_ids:
                key = symbol, order_id
                try:
                    yield from self._look_at(key, shown.get(order_id))
                except UntoldError:
                    aside.append(key)
        return aside

    def _gives_up(self, error: UntoldError) -> bool:
        return self.round >= (1 if error.was_answered else _LAST_ROUND)

    def _open_orders(self, symbol: str, count: int) -> Steps[dict[int, dict[str, Any]]]:
        # One list weighs no more than two single orders.
        in_one = self._orders.book.open_orders
        if in_one is None or count == 1:
            return {}
        try:
            answer = yield self._question(in_one, {"symbol": symbol})
        except UntoldError:
            return {}  # each is asked for by itself
        return self._by_id(answer.rows)

    def _all_orders(self, symbol: str, order_ids: list[int]) -> Steps[dict[int, dict[str, Any]]]:
        """Return what pages of all orders show of these, while they show more than as many questions would."""
        book = self._orders.book
        shown: dict[int, dict[str, Any]] = {}
        rest = sorted(order_ids)
        while book.all_orders is not None and len(rest) >= _WORTH_A_PAGE:
            asked = {"symbol": symbol, "orderId": rest[0], "limit": _MOST_ORDERS}
            try:
                answer = yield self._question(book.all_orders, asked)
            except UntoldError:
                break  # each is asked for by itself
            page = self._by_id(answer.rows)
            shown |= {order_id: page[order_id] for order_id in rest if order_id in page}
            last = max(page, default=0)
            later = [order_id for order_id in rest if order_id > last]
            if len(answer.rows) < _MOST_ORDERS or len(rest) - len(later) < _WORTH_A_PAGE:
                break
            rest = later
        return shown

    def _latest_trades(self, symbol: str, shown: Mapping[int, Mapping[str, Any]]) -> Steps[None]:
        """Ask for the latest trades of a symbol, where as many orders have fills that were not told."""
        book = self._orders.book
        if book.fills is None or symbol in self._listed:
            return
        filled = (amount(self._in_words(row).get("executedQty")) for row in shown.values())
        told = (self._executed.get((symbol, order_id)) for order_id in shown)
        missed = sum(
            was is not None and now is not None and now > was
            for now, was in zip(filled, told, strict=True)
        )
        if missed < _WORTH_A_PAGE:
            return
        try:
            answer = yield self._question(book.fills, {"symbol": symbol, "limit": book.most_fills})
        except UntoldError:
            return  # those of each are asked for
        self._listed[symbol] = trades_of_symbol(
            answer.rows, is_full=len(answer.rows) >= book.most_fills
        )

    def _by_id(self, rows: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        keyed = ((order_key(self._in_words(row)), row) for row in rows)
        return {key[1]: row for key, row in keyed if key is not None}

    def _look_at(self, key: _Key, row: dict[str, Any] | None) -> Steps[None]:
        """Tell what the events of an order have not told.

        Args:
            key: The order.
            row: The order as it stands, where that is known already.
        """
        if key not in self._orders._told:
            return  # an event has told its end meanwhile, or it was forgotten
        if row is None or not self._is_readable(key, row):
            book, question = self._orders.book, self._orders.book.order
            names = book.order_named_by
            name = dict(zip(names, key[-len(names) :], strict=True))
            answer = yield self._question(question, name)
            row = answer.order
            if answer.result is not None and (row is None or not self._is_readable(key, row)):
                raise UntoldError(f"the answer to {question} cannot be read")
        record = yield from self._compared(key, row)
        if record is not None:
            self._records.append(record)

    def _compared(self, key: _Key, row: dict[str, Any] | None) -> Steps[Reconciled | None]:
        orders, (symbol, order_id) = self._orders, key
        told = orders._told.get(key)
        if told is None:
            return None  # its end was told while the answer was under way
        if not self.is_second_look and (row is None or told.is_doubtful):
            return None  # of a copy that lags nothing is learnt about what is long past
        orders.note(key)
        was_in_the_dark = told.is_in_the_dark
        if row is None:
            orders._end(key)
            return Reconciled(symbol, order_id, told.client_order_id, "UNKNOWN")
        order = self._in_words(row)
        now_executed = amount(order.get("executedQty")) or Decimal(0)
        fills: list[dict[str, Any]] = []
        problem = None
        fills_question = orders.book.fills
        # Beside what was told when this began: an event that came since may tell a later fill than those missed.
        if now_executed > self._executed[key] and fills_question is not None:
            try:
                trades = yield from self._trades(key, fills_question, order)
                before = told.before
                if told.is_doubtful:
                    before = filled_by(trades, told.trade_ids, orders._since_us)
                    told.settle(before)
                fills = missed_fills(trades, told.trade_ids, before)
            except UntoldError as error:
                if not self._gives_up(error):
                    raise
                problem = str(error)
            if key not in orders._told:
                return None  # events told all of it while the answer was under way
            for fill in fills:
                told.add_fill(fill["id"], Decimal(fill["qty"]))
                orders._made_known.add((symbol, fill["id"]))
            # For the second look: else it would take a later fill for one missed, and that fill's event, which may
            # tell the order's end, for no news.
            self._fills[key] = self._fills[key].with_fills(fills)
        was = (told.client_order_id, told.status, told.shape)
        told.update(order)
        is_changed = (told.client_order_id, told.status, told.shape) != was
        # Where no fills can be asked for, how far it is filled is all that can be told.
        if fills_question is None and (now_executed > told.executed or told.is_doubtful):
            told.executed, told.is_doubtful = now_executed, False
            is_changed = True
        # An event may have told the end already; what a copy that lags does not show yet is missed still.
        told.is_in_the_dark = problem is not None
        is_final = self.is_second_look or order.get("status") in FINAL_STATUSES
        if told.has_ended and is_final and not told.is_in_the_dark:
            orders._end(key)
        if was_in_the_dark and problem is None:
            is_changed = True  # whatever it is: it was told as unknown
        elif was_in_the_dark and not is_changed and not fills:
            problem = None  # told before
        if not is_changed and not fills and problem is None:
            return None
        return Reconciled(
            symbol,
            order_id,
            told.client_order_id,
            told.status or order["status"],  # an event may have told more than the order shows
            tuple(fill_row(fill) for fill in fills),
            row,
            problem,
        )

    def _trades(
        self, key: _Key, question: str, order: Mapping[str, Any]
    ) -> Steps[list[dict[str, Any]]]:
        """Return the trades of an order as it is shown, oldest first.

        Those told before may be left out: some show a symbol's latest trades alone, futures those of seven days.

        Raises:
            UntoldError: They cannot be read, or are not all there: the copy that answers may lag.
        """
        book, (symbol, order_id) = self._orders.book, key
        if (listed := self._listed.get(symbol)) is not None:
            try:
                return fills_of(book, order, listed.by_order[order_id], self._fills[key], listed)
            except UntoldError:
                pass  # some are older, or later
        asked = {"symbol": symbol, "orderId": order_id, "limit": book.most_fills}
        if not book.fills_by_order:
            del asked["orderId"]
        answer = yield self._question(question, asked)
        if not isinstance(answer.result, list):
            raise UntoldError(f"the answer to {question} cannot be read")
        if any(not isinstance(row, dict) for row in answer.rows):
            raise UntoldError(f"a row of {question} cannot be read")
        if book.fills_by_order:
            return fills_of(book, order, answer.rows, self._fills[key])
        listed = trades_of_symbol(answer.rows, is_full=len(answer.rows) >= book.most_fills)
        self._listed[symbol] = listed
        return fills_of(book, order, listed.by_order[order_id], self._fills[key], listed)

    def _in_words(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return order_in_words(self._orders.book, row)

    def _is_readable(self, key: _Key, row: Mapping[str, Any]) -> bool:
        order = self._in_words(row)
        # Where a question does not name all of the key, another order might be shown.
        is_it = len(self._orders.book.order_named_by) == len(key) or order_key(order) == key
        return (
            is_it
            and text(order.get("status")) is not None
            and amount(order.get("executedQty")) is not None
        )

    def _question(self, method: str, params: Mapping[str, Any]) -> Question:
        return Question(method, {**self._orders.book.params, **params})

    def _tell_unknown(self, key: _Key, problem: str) -> None:
        """The order stays live, whatever events tell: a later look may find out more."""
        told = self._orders._told.get(key)
        if told is not None and not told.is_in_the_dark:
            told.is_in_the_dark = True
            self._orders.note(key)
            self._records.append(Reconciled(*key, told.client_order_id, "UNKNOWN", problem=problem))
