"""After a gap in an account's events: ask what became of its orders and balances, and tell it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.link import LinkLost
from binance_wsapi.errors import (
    BinanceWsApiError,
    ConfigurationError,
    ConnectionLost,
    NotSent,
    RateLimited,
    RequestRejected,
)
from binance_wsapi.events import AccountReconciled, AlgoOrderReconciled, OrderReconciled
from binance_wsapi.markets.books import without_rest
from binance_wsapi.protocol.live_orders import LiveOrders
from binance_wsapi.protocol.raw_event import RawEvent
from binance_wsapi.protocol.reconcile import Reconciliation
from binance_wsapi.protocol.reconciled import Reconciled
from binance_wsapi.protocol.verdict import LAG_S
from binance_wsapi.protocol.wire_values import text

if TYPE_CHECKING:
    from binance_wsapi.core.account_questions import AccountQuestions
    from binance_wsapi.markets.books import AccountBook
    from binance_wsapi.protocol.missed_trades import MissedTrades

__all__ = ["Reconciler"]

log = logging.getLogger("binance_wsapi.user_data")

RETRY_DELAY_S = 1.0

AGAIN_S = 5.0
"""When those orders are asked for again that nobody could tell about; each further time is twice as far off."""

LONGEST_AGAIN_S = 300.0

AT_ONCE = 200
"""So many orders are compared without a look at anything else."""

MOST_LIVE = 10_000
"""So many orders of an account are followed at once."""

MOST_ANSWERS = 1_000
"""So many wait to be looked into: nothing else may come for hours while events are missing."""

ACCOUNT_ATTEMPTS = 5
"""Where no answer comes; one that was refused is tried twice."""

WATCHED_S = 120.0
"""How long after a gap answers are looked into at once: longer than most are under way."""

_SLACK_US = 1_000_000
"""The exchange's time is estimated late."""

_OF_THE_QUESTION = frozenset({"not signed", "not encoded"})
"""Why a question was not sent that others need not share, or that time does not mend."""

_decode = msgspec.json.Decoder().decode


class Reconciler:
    """Knows the live orders of one account, and brings its stream up to date after a gap.

    Owned by the loop's thread.

    Args:
        questions: How the account is asked.
        book: Which of its orders, and what is asked about them.
        tell: Appends a record to the account's stream.
        since_us: From when on events were told, epoch microseconds; now by default.
    """

    def __init__(
        self,
        questions: AccountQuestions,
        book: AccountBook,
        tell: Callable[[object], None],
        *,
        since_us: int | None = None,
    ) -> None:
        self._questions = questions
        self.book = book if questions.has_rest else without_rest(book)
        self._append = tell
        self.places_into: Reconciler | None = None
        """Who keeps track of the orders that the triggers of algo orders place."""
        since_us = questions.exchange_us() if since_us is None else since_us
        self._orders = LiveOrders(self.book, since_us=since_us, size=MOST_LIVE)
        self._answers: deque[tuple[bool, msgspec.Raw]] = deque()
        """Not decoded until it matters: each answer to an order passes here."""
        self._task: asyncio.Task[None] | None = None
        self._first_look: asyncio.Task[None] | None = None
        self._is_interrupted = False
        self._gap: tuple[int, float] | None = None
        """Until when events were missing, epoch microseconds, and until when answers are watched for
        orders from before that, monotonic seconds."""
        self.missed: MissedTrades | None = None
        """The gaps in which orders are looked for that were made and filled there; a log has some."""

    @property
    def is_searching(self) -> bool:
        """Whether orders of a gap are yet to be looked for."""
        return self.missed is not None and not self.missed.are_found

    @property
    def orders(self) -> LiveOrders:
        """The live orders, with all that answers have shown of them."""
        if self._answers:
            self._look_into_answers()
        return self._orders

    def start(self) -> None:
        """Learn which orders are open already: no event tells of them until they change."""
        question = self.book.open_orders
        if question is not None:
            self._first_look = self._questions.runtime.spawn(self._learn_open_orders(question))

    def end(self) -> None:
        """The account's stream has ended."""
        self.stop()
        if self._first_look is not None:
            self._first_look.cancel()

    def answer(
        self, result: msgspec.Raw, *, makes_orders: bool = False, resolved: bool = False
    ) -> None:
        """Take note of an answer that shows orders; looked into when it matters.

        Args:
            result: The result.
            makes_orders: It answers a request that makes the orders it shows.
            resolved: It tells of orders that may have been made long before.
        """
        if len(self._answers) >= MOST_ANSWERS:
            self._look_into_answers()
        self._answers.append((makes_orders, result))
        # With no gap behind, nothing is missing; within one, begin() will look into all answers.
        if self._gap is None or self._is_interrupted:
            return
        until_us, watched_until = self._gap
        if resolved or self._questions.runtime.now() < watched_until:
            made_us = self._look_into_answers()
            # What was found out late made no event either: the clock need not be asked.
            if made_us is not None and (resolved or made_us <= until_us):
                self._orders.begin_gap()
                self.begin()

    def is_news(self, event: RawEvent) -> bool:
        """Take note of an event; false when it tells a fill that was reconciled already."""
        if self._answers:
            self._look_into_answers()
        orders = self._orders
        is_news = orders.observe_event(event)
        if is_news and self.missed is not None:
            self.missed.event(event)
        if self.places_into is not None and (placed := _placed(*event.placed_by_algo)):
            # The events that tell of it may be lost though this one came.
            self.places_into._answers.append((True, placed))
        if orders.has_strangers and not self._is_interrupted:
            self.begin()
        if orders.forgotten:
            self._tell_forgotten()
        return is_news

    def begin(self) -> None:
        """Events flow again after a gap: find out what they would have told.

        Called again when an answer shows an order from before the gap's end that nobody knew of.
        """
        runtime = self._questions.runtime
        # An order heard of late belongs to the gap that is known: its end stays where it was.
        if self._gap is None or self._is_interrupted:
            self._gap = self._questions.exchange_us() + _SLACK_US, runtime.now() + WATCHED_S
        self._is_interrupted = False
        self.stop()
        self._look_into_answers()
        self._task = runtime.spawn(self._reconcile())

    def moving(self) -> None:
        """Another link takes over: whether all events came is known when the former one has ended."""
        self._look_into_answers()
        self._orders.begin_gap()

    def moved(self) -> None:
        """All events came."""
        self._orders.withdraw_gap()

    def interrupted(self) -> None:
        """Events are missing from now on: what is being asked is out of date."""
        self._is_interrupted = True
        self.stop()
        self._look_into_answers()
        self._orders.begin_gap()

    def stop(self) -> None:
        """Ask no further."""
        if self._task is not None:
            self._task.cancel()

    def _look_into_answers(self) -> int | None:
        """Return when the first order was made that nobody knew of, epoch microseconds."""
        answers, first_us = self._answers, None
        while answers:
            makes_orders, result = answers.popleft()
            made_us = self._orders.observe_answer(_decode(result), makes_orders=makes_orders)
            if made_us is not None:
                first_us = made_us if first_us is None else min(first_us, made_us)
        return first_us

    async def _reconcile(self) -> None:
        delay = AGAIN_S
        await self._search()
        await self._look()
        # Last, so that the balances are no older than the orders told before them.
        await self._refresh_account()
        # A key that is refused now may be let in again in an hour, and no event need come of those orders.
        while self._orders.are_in_the_dark or self.is_searching:
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_AGAIN_S)
            self._orders.begin_gap()
            has_searched = await self._search()
            if await self._look() or has_searched:
                await self._refresh_account()

    async def _search(self) -> bool:
        """Look for orders of gaps; return whether some symbol is done with."""
        question, missed = self.book.fills, self.missed
        if missed is None or question is None:
            return False
        has_searched = False
        for search in missed.searches(self._questions.exchange_us() // 1000):
            try:
                while not search.is_over:
                    page = search.on_answer(await self._ask(question, search.params()))
                    # Page by page: all at once may be more orders than are kept in mind.
                    for at in range(0, len(page.met), AT_ONCE):
                        met = page.met[at : at + AT_ONCE]
                        await self._carry_out(Reconciliation(self._orders, met, page.trades))
            except BinanceWsApiError as error:
                log.warning("%s: orders of a gap: %s", self._questions.ws_key, error)
                search.on_refusal(error.code if isinstance(error, RequestRejected) else None)
            has_searched |= search.is_over
        return has_searched

    async def _look(self) -> bool:
        """Tell what the events would have told; return whether there was something."""
        return await self._carry_out(Reconciliation(self._orders))

    async def _carry_out(self, work: Reconciliation) -> bool:
        has_told = False
        rounds = 0
        runtime = self._questions.runtime
        caught_up_at = runtime.now() + LAG_S
        while (question := work.question()) is not None:
            if work.is_second_look and (early := caught_up_at - runtime.now()) > 0:
                await asyncio.sleep(early)
            if work.round > rounds:
                await asyncio.sleep(RETRY_DELAY_S * 2**rounds)
                rounds = work.round
            try:
                result = await self._ask(*question)
            except RequestRejected as error:
                records = work.on_refusal(error.code, str(error))
            except BinanceWsApiError as error:
                records = work.on_refusal(None, str(error))
            else:
                records = work.on_answer(result)
            for record in records:
                has_told = True
                self._tell(record)
        self._tell_forgotten()
        return has_told

    async def _learn_open_orders(self, question: str) -> None:
        while True:
            try:
                result = await self._answer_to(question, self.book.params)
            except (RequestRejected, ConfigurationError) as error:
                log.warning("%s: open orders could not be read: %s", self._questions.ws_key, error)
                return
            except BinanceWsApiError as error:
                await self._pause(error)
            else:
                self.answer(result, resolved=True)
                return

    async def _refresh_account(self) -> None:
        book = self.book
        method, params = book.account, book.account_params
        if method is None:
            return
        problem = ""
        for attempt in range(ACCOUNT_ATTEMPTS):
            try:
                account = await self._ask(method, params)
                positions = None if book.positions is None else await self._ask(book.positions, {})
            except BinanceWsApiError as error:
                problem = str(error)
                if isinstance(error, ConfigurationError) or (
                    attempt and isinstance(error, RequestRejected)
                ):
                    break
                await self._pause(error)
                continue
            if isinstance(account, list) and book.listed_as is not None:
                account = {book.listed_as: account}
            if isinstance(account, dict) and isinstance(positions, (list, NoneType)):
                if positions is not None:
                    account = {**account, "positions": positions}
                self._append(
                    AccountReconciled(
                        market=book.market, raw_account=account, account_model=book.account_model
                    )
                )
                return
            asked = method if not isinstance(account, dict) else book.positions
            problem = f"the answer to {asked} cannot be read"
            break
        log.warning("%s: the account could not be read: %s", self._questions.ws_key, problem)
        self._append(AccountReconciled(market=book.market, raw_account=None, problem=problem))

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        result = await self._answer_to(method, params)
        return _decode(result) if result else None

    async def _answer_to(self, method: str, params: Mapping[str, Any]) -> msgspec.Raw:
        """Return an answer, asked for again as long as none can come to any question.

        Raises:
            BinanceWsApiError: This question has no answer.
        """
        while True:
            try:
                return await self._questions.ask_in_turn(method, params)
            except (NotSent, ConnectionLost, RateLimited, LinkLost) as error:
                if isinstance(error, NotSent) and error.reason in _OF_THE_QUESTION:
                    raise
                await self._pause(error)

    async def _pause(self, error: Exception) -> None:
        log.info("%s: reconciling: %s", self._questions.ws_key, error)
        wait = error.retry_after if isinstance(error, (NotSent, RequestRejected)) else None
        await asyncio.sleep(max(RETRY_DELAY_S, wait or 0.0))

    def _tell_forgotten(self) -> None:
        forgotten, self._orders.forgotten = self._orders.forgotten, []
        for record in forgotten:
            self._tell(record)

    def _tell(self, record: Reconciled) -> None:
        self._append(_told_of(self.book, record))
        order = record.order or {}
        if self.places_into is not None and (
            placed := _placed(record.symbol, order.get("actualOrderId"))
        ):
            # Its events were missed, too: nobody may have heard of it.
            self.places_into.answer(placed, makes_orders=True, resolved=True)


def _told_of(book: AccountBook, record: Reconciled) -> OrderReconciled | AlgoOrderReconciled:
    """Return what the account's stream is told of an order."""
    if book.is_algo:
        return AlgoOrderReconciled(
            market=book.market,
            symbol=record.symbol,
            algo_id=record.order_id,
            client_algo_id=record.client_order_id,
            status=record.status,
            raw_order=record.order,
            problem=record.problem,
        )
    return OrderReconciled(
        market=book.market,
        symbol=record.symbol,
        order_id=record.order_id,
        client_order_id=record.client_order_id,
        status=record.status,
        raw_missed_fills=record.missed_fills,
        raw_order=record.order,
        problem=record.problem,
    )


def _placed(symbol: str, order_id: object) -> msgspec.Raw | None:
    """Return the order that a trigger placed, as an answer would show it; ``None`` without one."""
    number = text(order_id) or ""
    if not symbol or not number.isdecimal():
        return None
    order = {"symbol": symbol, "orderId": int(number), "clientOrderId": ""}
    return msgspec.Raw(msgspec.json.encode(order))
