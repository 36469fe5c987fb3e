"""Keeps a mirror of one account: events as they come, questions at the start and after each gap."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.link import LinkLost
from binance_wsapi.errors import BinanceWsApiError, ConfigurationError, NotSent, RequestRejected
from binance_wsapi.kept_state import KeptState
from binance_wsapi.protocol.account_answers import (
    tells_account,
    tells_fills,
    tells_order,
    tells_orders,
)
from binance_wsapi.protocol.account_mirror import AccountMirror, OrderKey
from binance_wsapi.protocol.verdict import LAG_S

if TYPE_CHECKING:
    from binance_wsapi.core.asking import Asker
    from binance_wsapi.core.user_data_streams import UserDataStreams
    from binance_wsapi.endpoints import WsKey
    from binance_wsapi.protocol.raw_event import RawEvent

__all__ = ["AccountKeeper"]

log = logging.getLogger("binance_wsapi.account_state")

RETRY_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
MOST_LOOKS = 3
"""How often an order that is not among the open ones is asked for before it is unknown what became of it."""
MOST_FILLS = 1_000
"""How many fills one answer shows at most."""

_NOT_FOUND = frozenset({-2013, -2011, -2026})

_decode = msgspec.json.Decoder().decode


class AccountKeeper(KeptState):
    """Observes the events of one account and makes a mirror of it.

    The loop's thread writes; any thread reads the mirror, ``problem`` and ``version`` under ``lock``.

    Args:
        user_data: The client's user data, which brings the events.
        session: Where questions are asked.
        ws_key: Whose account it is.
        ask_rest: Asks, signed, what is at a path of the REST API, with parameters.
    """

    def __init__(
        self,
        user_data: UserDataStreams,
        session: Asker,
        ws_key: WsKey,
        ask_rest: Callable[[str, Mapping[str, Any]], Awaitable[msgspec.Raw]],
    ) -> None:
        super().__init__()
        self.mirror = AccountMirror(session.market)
        self.is_ready = False
        """The mirror is joined: no event is missing, and what was open before them is known."""
        self._user_data = user_data
        self._session = session
        self._ws_key = ws_key
        self._ask_rest = ask_rest
        self._joining: asyncio.Task[None] | None = None

    # Any thread

    def close(self) -> None:
        """Keep it no longer; idempotent."""
        self._user_data.leave(self._ws_key, self)
        self.end()

    def _forget(self) -> None:
        self.is_ready = False

    # The loop's thread

    def event(self, event: RawEvent) -> None:
        """An event of the account came, after all that came before it."""
        told = event.fields
        if told is not None:
            with self.lock:
                is_about_it = self.mirror.on_event(told)
            if is_about_it:
                self._changed()

    def interrupted(self) -> None:
        """Events are missing from now on."""
        self._stop()
        with self.lock:
            self.is_ready = False
        self._changed()

    def resumed(self) -> None:
        """No event is missing from now on."""
        self.interrupted()
        if self.ended:
            return
        with self.lock:
            self.mirror.events_are_whole()
        self._joining = self._session.runtime.spawn(self._join())

    def stopped(self) -> None:
        """The account's events have ended for good."""
        self._stop()
        self.end()

    def _stop(self) -> None:
        if self._joining is not None:
            self._joining.cancel()

    def _changed(self) -> None:
        with self.lock:
            self.version += 1
        self._ring()

    async def _join(self) -> None:
        """Ask for what no event has told, and for what became of orders while events were missing."""
        # Copies that answer may lag: from then on they show what was when events became whole, or later.
        await asyncio.sleep(LAG_S)
        try:
            await self._ask_all()
        except RequestRejected as error:
            await self._refused(error)
        except ConfigurationError as error:
            with self.lock:
                self.problem = error
            self.close()
            return
        with self.lock:
            self.is_ready = True
            self.trouble = ""
        self._changed()

    async def _refused(self, error: RequestRejected) -> None:
        """Try on, with long pauses: a key may get its permission, an order be found."""
        delay = RETRY_DELAY_S
        while True:
            log.warning("%s: the account cannot be read: %s", self._ws_key, error)
            self._admit(str(error))
            delay = min(2 * delay, LONGEST_DELAY_S)
            await asyncio.sleep(delay)
            try:
                await self._ask_all()
            except RequestRejected as again:
                error = again
            else:
                return

    def _admit(self, trouble: str) -> None:
        """Let whoever waits know why it takes so long."""
        with self.lock:
            self.trouble = trouble
        self._changed()

    async def _ask_all(self) -> None:
        facts = self._session.market.facts
        mirror, lock = self.mirror, self.lock
        rows = await self._open_orders()
        with lock:
            gone = mirror.on_open_orders(rows)
        account = await self._asked(*facts.account_question, fits=tells_account)
        with lock:
            mirror.on_account(account)
        for look in range(MOST_LOOKS):
            if gone and look:
                await asyncio.sleep(LAG_S)
            gone = [
                key for key in gone if not await self._look_at(key, is_last=look + 1 == MOST_LOOKS)
            ]
        with lock:
            incomplete = mirror.orders_without_fills()
        for key in incomplete:
            await self._learn_fills(key)

    async def _open_orders(self) -> list[Mapping[str, Any]]:
        facts = self._session.market.facts
        rows: list[Mapping[str, Any]] = await self._asked_somewhere(
            facts.open_orders_question, facts.open_orders_path, {}, fits=tells_orders
        )
        return rows

    async def _look_at(self, key: OrderKey, *, is_last: bool) -> bool:
        """Ask what became of an order that is not open any more; return whether that is known."""
        symbol, order_id = key
        row: Any = None
        try:
            row = await self._asked(
                "order.status", {"symbol": symbol, "orderId": order_id}, fits=tells_order
            )
        except RequestRejected as error:
            if error.code not in _NOT_FOUND:
                log.info("%s: order %s of %s: %s", self._ws_key, order_id, symbol, error)
        with self.lock:
            is_known = self.mirror.on_order(key, row, is_last=is_last)
        if is_known:
            with self.lock:
                state = self.mirror.order(key)
            if state is not None and not state.has_all_fills:
                await self._learn_fills(key)
        return is_known

    async def _learn_fills(self, key: OrderKey) -> None:
        facts = self._session.market.facts
        symbol, order_id = key
        asked = {"symbol": symbol, "orderId": order_id, "limit": MOST_FILLS}
        try:
            rows = await self._asked_somewhere(
                facts.fills_question, facts.fills_path, asked, fits=tells_fills
            )
        except RequestRejected as error:
            log.info("%s: fills of order %s of %s: %s", self._ws_key, order_id, symbol, error)
            return
        with self.lock:
            self.mirror.on_fills(key, rows)

    async def _asked_somewhere(
        self,
        method: str | None,
        path: str,
        params: Mapping[str, Any],
        *,
        fits: Callable[[Any], bool],
    ) -> Any:
        """Ask over the WebSocket API if it can be asked (``method``), else at a path of the REST API."""
        if method is not None:
            return await self._asked(method, params, fits=fits)

        return await self._patiently(lambda: self._ask_rest(path, params), fits)

    async def _asked(
        self, method: str, params: Mapping[str, Any], *, fits: Callable[[Any], bool]
    ) -> Any:
        async def ask() -> msgspec.Raw:
            return (await self._session.ask(None, method, params, urgent=False)).raw_result

        return await self._patiently(ask, fits)

    async def _patiently(
        self, ask: Callable[[], Awaitable[msgspec.Raw]], fits: Callable[[Any], bool]
    ) -> Any:
        """Return an answer, asked for again as long as none can come, or none that can be read.

        Raises:
            RequestRejected: The exchange refuses it.
            ConfigurationError: It can never be asked for.
        """
        delay = RETRY_DELAY_S
        unreadable = 0
        while True:
            try:
                answer = _decode(await ask())
                if fits(answer):
                    return answer
                # What is passed over would be shown as if it were not there.
                log.info("%s: joining the account: an answer that cannot be read", self._ws_key)
                unreadable += 1
                if unreadable >= MOST_LOOKS:
                    self._admit("an answer of the exchange cannot be read")
                await asyncio.sleep(delay)
            except ConfigurationError:
                raise
            except (BinanceWsApiError, LinkLost) as error:
                wait = getattr(error, "retry_after", None)
                if isinstance(error, RequestRejected) and wait is None:
                    raise
                if isinstance(error, NotSent) and self._session.runtime.closed:
                    raise asyncio.CancelledError from None
                log.info("%s: joining the account: %s", self._ws_key, error)
                await asyncio.sleep(max(delay, wait or 0.0))
            delay = min(2 * delay, LONGEST_DELAY_S)
