"""After an unplanned loss: which orders to ask for, and what the missed events would have told.

What was missed is found by comparing the order as it stands with what its events told last. Fills are
matched by trade id, where they can be asked for; a fill that was made known this way is not
told again when its event does come.

Each order is looked at by itself, though many of a symbol, and their fills, are asked for in one. One that the
exchange does not tell about, or tells about in a form that cannot be read, is asked for again when all others are
known: once when it was refused, a few times when no answer came. Then it is told as unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.order_events import FINAL_STATUSES
from binance_wsapi.protocol.order_words import order_in_words
from binance_wsapi.protocol.own_orders import order_key
from binance_wsapi.protocol.reconciled import Reconciled
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
from binance_wsapi.protocol.wire_values import amount, text

__all__ = ["Reconciliation"]

_Key = tuple[str, int]

_NOT_FOUND = frozenset({-2013, -2011, -2026})

_WORTH_A_PAGE = 5
"""A page of orders, or of trades, weighs no more than so many questions after single ones."""

_MOST_ORDERS = 1000
"""How many orders a page shows."""

_LAST_ROUND = 4
"""How often an order is asked for that no answer comes to; each time after a longer pause."""


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
        told_of = {key: told for key in looked_at if (told := orders.get(key)) is not None}
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
        self._gaps = orders.gaps  # one that begins while this one asks needs a look of its own

    def glance(self, trades: Iterable[dict[str, Any]]) -> Steps[None]:
        for symbol in {symbol for symbol, _ in self._executed}:
            # Told before the orders are shown: nothing in it is later than they.
            self._listed[symbol] = trades_of_symbol(trades, is_full=False)
        yield from self._look(list(self._executed))

    def questions(self) -> Steps[None]:
        self._orders.has_strangers = False
        aside = yield from self._look(list(self._executed))
        # What has ended by the first look is told; the rest was perhaps shown by a copy that lags.
        live = [key for key in self._executed if key in self._orders and key not in aside]
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
        self._orders.close_gaps(self._gaps)

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
        if key not in self._orders:
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
        told = orders.get(key)
        if told is None:
            return None  # its end was told while the answer was under way
        if not self.is_second_look and (row is None or told.is_doubtful):
            return None  # of a copy that lags nothing is learnt about what is long past
        orders.note(key)
        was_in_the_dark = told.is_in_the_dark
        if row is None:
            orders.end(key)
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
                    before = filled_by(trades, told.trade_ids, orders.since_us)
                    told.settle(before)
                fills = missed_fills(trades, told.trade_ids, before)
            except UntoldError as error:
                if not self._gives_up(error):
                    raise
                problem = str(error)
            if key not in orders:
                return None  # events told all of it while the answer was under way
            for fill in fills:
                orders.make_known(key, fill["id"], Decimal(fill["qty"]))
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
            orders.end(key)
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
        told = self._orders.get(key)
        if told is not None and not told.is_in_the_dark:
            told.is_in_the_dark = True
            self._orders.note(key)
            self._records.append(Reconciled(*key, told.client_order_id, "UNKNOWN", problem=problem))
