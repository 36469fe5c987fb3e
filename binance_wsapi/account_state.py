# An order, and an iterator, belong to the state they come from.
# pyright: reportPrivateUsage=false
"""An account kept up to date on this side: open orders, balances and positions, to be read from any thread."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

from binance_wsapi.core.account_keeper import AccountKeeper
from binance_wsapi.core.hold import ClientHold
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    ParameterError,
)
from binance_wsapi.events import Done
from binance_wsapi.kept_state import AsyncChanges, Changes
from binance_wsapi.models.account_state import (
    AccountSnapshot,
    AssetBalance,
    OpenPosition,
    OrderState,
)
from binance_wsapi.models.readable import door

__all__ = [
    "AccountChanges",
    "AccountState",
    "AccountStateNotReady",
    "AsyncAccountChanges",
    "AsyncAccountState",
    "AsyncTrackedOrder",
    "OrderNotFilled",
    "TrackedOrder",
]


class AccountStateNotReady(BinanceWsApiError):
    """The account is being read, at the start or after a gap in its events: what is known may be out of date.

    Where that takes longer than it should, the message says why; it is tried on all the same.
    """


class OrderNotFilled(BinanceWsApiError):
    """An order that was waited for has ended, and not all of it is filled.

    Attributes:
        order: The order as it ended; its ``executed_quantity`` may be above zero.
    """

    def __init__(self, message: str, *, order: OrderState) -> None:
        super().__init__(message)
        self.order = order


class BaseAccountState:
    """What the states of both clients share: :class:`AccountState` and :class:`AsyncAccountState`."""

    # Any: users' type checkers would look into the core, and find types there that are inferred.
    def __init__(
        self, keeper: Any, runtime: Any, ws_key: WsKey, *, in_floats: bool = False
    ) -> None:
        self.ws_key = ws_key
        """The connection whose account it is."""
        self._keeper: AccountKeeper = keeper
        self._shown: Callable[[Any], Any] = door(in_floats=in_floats)
        self._hold = ClientHold(runtime)
        self._name = f"the account of {endpoint(ws_key).market.facts.label}"
        keeper.release = weakref.WeakMethod(self._hold.release)

    @property
    def is_ready(self) -> bool:
        """Whether the account can be read now: no event is missing, and nothing from before them is."""
        return self._keeper.is_ready

    @property
    def problem(self) -> BinanceWsApiError | None:
        """Why the account cannot be read, or not for longer than it should take; ``None`` while all is well."""
        keeper = self._keeper
        with keeper.lock:
            return copy.copy(keeper.problem) or (self._not_ready() if keeper.trouble else None)

    def snapshot(self) -> AccountSnapshot:
        """Return all of it as it is at one moment.

        Raises:
            AccountStateNotReady: It is being read, at the start or after a gap.
            ClientClosed: It was closed.
        """
        return self._shown(self._snapshot())  # type: ignore[no-any-return]  # it stays a snapshot

    @property
    def open_orders(self) -> tuple[OrderState, ...]:
        """The open orders, in the order they became known.

        Raises:
            AccountStateNotReady: It is being read, at the start or after a gap.
            ClientClosed: It was closed.
        """
        return self._shown(self._snapshot().open_orders)  # type: ignore[no-any-return]

    @property
    def balances(self) -> Mapping[str, AssetBalance]:
        """What the account has, by asset.

        Raises:
            AccountStateNotReady: It is being read, at the start or after a gap.
            ClientClosed: It was closed.
        """
        return self._shown(self._snapshot().balances)  # type: ignore[no-any-return]

    @property
    def positions(self) -> tuple[OpenPosition, ...]:
        """Positions that are not flat (futures).

        Raises:
            AccountStateNotReady: It is being read, at the start or after a gap.
            ClientClosed: It was closed.
        """
        return self._shown(self._snapshot().positions)  # type: ignore[no-any-return]

    def close(self) -> Awaitable[None] | None:
        """Keep the account no longer; idempotent."""
        self._keeper.close()
        return None

    def _snapshot(self) -> AccountSnapshot:
        with self._keeper.lock:
            self._check_readable()
            return self._keeper.mirror.snapshot()

    def _check_readable(self) -> None:
        """Refuse to show what may be out of date; called under the lock."""
        if not self._keeper.is_ready:
            self._check_open()
            raise self._not_ready()

    def _check_ready(self) -> bool:
        if self._keeper.is_ready:
            return True
        self._check_open()
        if self._keeper.trouble:
            raise self._not_ready()
        return False

    def _check_open(self) -> None:
        self._keeper.check_problem()
        if self._keeper.ended:
            raise ClientClosed(f"{self._name} is not kept any more")

    def _not_ready(self) -> AccountStateNotReady:
        if self._keeper.trouble:
            return AccountStateNotReady(
                f"{self._name} cannot be read: {self._keeper.trouble}; it is tried on"
            )
        return AccountStateNotReady(f"{self._name} is being read: wait_ready() waits for it")

    def _key(
        self, symbol: str, order_id: int | None, client_order_id: str | None
    ) -> Callable[[], tuple[str, int] | None]:
        """Return what finds the key of an order."""
        if (order_id is None) == (client_order_id is None):
            raise ParameterError(
                "order_id or client_order_id: give one of them",
                parameter="order_id",
                value=order_id,
            )
        if client_order_id is None:
            assert order_id is not None
            key = symbol, order_id
            return lambda: key

        def find() -> tuple[str, int] | None:
            found = self._keeper.mirror.key_of(client_order_id)
            return found if found is not None and found[0] == symbol else None

        return find

    def __repr__(self) -> str:
        keeper = self._keeper
        state = "ready" if keeper.is_ready else "closed" if keeper.ended else "being read"
        return f"<{type(self).__name__} of {self.ws_key}, {state}>"


class BaseTrackedOrder:
    """What the orders of both clients share: :class:`TrackedOrder` and :class:`AsyncTrackedOrder`."""

    def __init__(
        self,
        account: BaseAccountState,
        find: Callable[[], tuple[str, int] | None],
        name: str,
    ) -> None:
        self._account = account
        self._find = find
        self._name = name
        self._last: OrderState | None = None

    @property
    def state(self) -> OrderState | None:
        """The order as it stands; ``None`` while nothing is known of it.

        Raises:
            AccountStateNotReady: It may have changed: the account is being read.
            ClientClosed: The account is not kept any more.
        """
        with self._account._keeper.lock:
            known = self._look()
            if known is None or not known.is_done:
                self._account._check_readable()
        return self._account._shown(known)  # type: ignore[no-any-return]

    @property
    def is_done(self) -> bool:
        """Whether it is known to have ended: filled, cancelled, expired or rejected."""
        with self._account._keeper.lock:
            known = self._look()
            return known is not None and known.is_done

    def _look(self) -> OrderState | None:
        if self._last is not None and self._last.is_done and self._last.has_all_fills:
            return self._last
        key = self._find()
        found = None if key is None else self._account._keeper.mirror.order(key)
        if found is not None:
            self._last = found  # one that ended long ago is forgotten by the mirror
        return self._last

    def _done(self) -> OrderState | None:
        with self._account._keeper.lock:
            known = self._look()
            if known is None or not known.is_done:
                self._account._check_open()
                return None
        return known

    def _shown_done(self) -> OrderState | None:
        return self._account._shown(self._done())  # type: ignore[no-any-return]

    def _filled(self) -> OrderState | None:
        done = self._done()
        if done is not None and not done.is_filled:
            raise OrderNotFilled(
                f"{self._name} ended as {done.status}, {done.executed_quantity:f} of "
                f"{done.quantity:f} filled",
                order=self._account._shown(done),
            )
        return self._account._shown(done)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        with self._account._keeper.lock:
            known = self._look()
        return (
            f"<{type(self).__name__} {self._name}, {'unknown' if known is None else known.status}>"
        )


class TrackedOrder(BaseTrackedOrder):
    """One order of an account that is kept, from before it is known to its end."""

    def wait_done(self, timeout: float | None = None) -> OrderState:
        """Wait until it has ended, and return it as it ended.

        Args:
            timeout: Seconds; ``None`` waits until it has ended or the account is closed.

        Raises:
            TimeoutError: It had not ended in time.
            ClientClosed: The account is not kept any more.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} has not ended"
        return self._account._keeper.wait(self._shown_done, timeout, unmet)

    def wait_filled(self, timeout: float | None = None) -> OrderState:
        """Wait until all of it is filled, and return it.

        Args:
            timeout: Seconds; ``None`` waits until it has ended or the account is closed.

        Raises:
            OrderNotFilled: It has ended otherwise; the order is in the error.
            TimeoutError: It was not filled in time.
            ClientClosed: The account is not kept any more.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not filled"
        return self._account._keeper.wait(self._filled, timeout, unmet)


class AsyncTrackedOrder(BaseTrackedOrder):
    """One order of an account that is kept, from before it is known to its end, for event loops."""

    async def wait_done(self, timeout: float | None = None) -> OrderState:
        """Wait until it has ended, and return it as it ended.

        Args:
            timeout: Seconds; ``None`` waits until it has ended or the account is closed.

        Raises:
            TimeoutError: It had not ended in time.
            ClientClosed: The account is not kept any more.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} has not ended"
        return await self._account._keeper.wait_async(self._shown_done, timeout, unmet)

    async def wait_filled(self, timeout: float | None = None) -> OrderState:
        """Wait until all of it is filled, and return it.

        Args:
            timeout: Seconds; ``None`` waits until it has ended or the account is closed.

        Raises:
            OrderNotFilled: It has ended otherwise; the order is in the error.
            TimeoutError: It was not filled in time.
            ClientClosed: The account is not kept any more.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not filled"
        return await self._account._keeper.wait_async(self._filled, timeout, unmet)


class AccountState(BaseAccountState):
    """An account as it stands: open orders, balances and positions, kept by its events.

    What was open before is asked for, and so is what may have changed while events were missing; until
    that is done, about three seconds after events flow again (copies that answer may lag so long), reading
    raises :class:`AccountStateNotReady`. Every method may be called from any thread::

        with client.spot.account_state() as account:
            account.wait_ready(timeout=10)
            placed = client.spot.submit_new_order(...)
            order = account.order("BTCUSDT", order_id=placed.result.order_id)
            print(order.wait_filled(timeout=60).average_price, account.balances["BTC"].free)

    It keeps its client alive until it is closed.
    """

    def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the account can be read.

        Args:
            timeout: Seconds; ``None`` waits until it is ready or closed.

        Raises:
            TimeoutError: It was not ready in time.
            AccountStateNotReady: The exchange refuses what has to be asked, or its answers cannot be read;
                it is tried on all the same.
            ClientClosed: It was closed.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not ready"
        self._keeper.wait(lambda: self._check_ready() or None, timeout, unmet)

    def order(
        self, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> TrackedOrder:
        """Return an order to look at or to wait for; it need not be known yet.

        Args:
            symbol: Trading symbol.
            order_id: The exchange's id.
            client_order_id: Your id, in place of the exchange's: the newest order that went by it.

        Raises:
            ParameterError: Neither id is given, or both are.
        """
        find = self._key(symbol, order_id, client_order_id)
        return TrackedOrder(self, find, f"order {order_id or client_order_id} of {symbol}")

    def changes(self) -> AccountChanges:
        """Return an iterator of the account after it changed, for ``for`` and ``async for``.

        It begins with the account as it is. Whoever is slower than the exchange gets the newest state and
        none of those between; while a gap is being looked into it waits. It ends when the state is closed.
        """
        return AccountChanges(self)

    def close(self) -> None:
        """Keep the account no longer; idempotent."""
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncAccountState(BaseAccountState):
    """An account as it stands, for event loops; it never blocks one, and is else what :class:`AccountState` is.

    ::

        async with client.spot.account_state() as account:
            await account.wait_ready(timeout=10)
            placed = await client.spot.submit_new_order(...)
            order = account.order("BTCUSDT", order_id=placed.result.order_id)
            print((await order.wait_filled(timeout=60)).average_price)
    """

    async def wait_ready(self, timeout: float | None = None) -> None:
        """Wait until the account can be read.

        Args:
            timeout: Seconds; ``None`` waits until it is ready or closed.

        Raises:
            TimeoutError: It was not ready in time.
            AccountStateNotReady: The exchange refuses what has to be asked, or its answers cannot be read;
                it is tried on all the same.
            ClientClosed: It was closed.
            ParameterError: ``timeout`` is no number of seconds.
        """
        unmet = f"{self._name} is not ready"
        await self._keeper.wait_async(lambda: self._check_ready() or None, timeout, unmet)

    def order(
        self, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> AsyncTrackedOrder:
        """Return an order to look at or to wait for; it need not be known yet.

        Args:
            symbol: Trading symbol.
            order_id: The exchange's id.
            client_order_id: Your id, in place of the exchange's: the newest order that went by it.

        Raises:
            ParameterError: Neither id is given, or both are.
        """
        find = self._key(symbol, order_id, client_order_id)
        return AsyncTrackedOrder(self, find, f"order {order_id or client_order_id} of {symbol}")

    def changes(self) -> AsyncAccountChanges:
        """Return an iterator of the account after it changed, for ``async for``.

        It begins with the account as it is. Whoever is slower than the exchange gets the newest state and
        none of those between; while a gap is being looked into it waits. It ends when the state is closed.
        """
        return AsyncAccountChanges(self)

    def close(self) -> Awaitable[None]:
        """Keep the account no longer; idempotent, and done whether it is awaited or not."""
        super().close()
        return Done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncAccountChanges(AsyncChanges[AccountSnapshot]):
    """The newest state of an account, each time it has changed; see :meth:`AsyncAccountState.changes`."""

    def __init__(self, account: BaseAccountState) -> None:
        super().__init__(account._keeper, held=account)
        self._keeper = account._keeper
        self._shown = account._shown
        self._seen = -1

    def _newer(self) -> AccountSnapshot | None:
        keeper = self._keeper
        with keeper.lock:
            if not keeper.is_ready or keeper.version == self._seen:
                return None
            self._seen = keeper.version
            snapshot = keeper.mirror.snapshot()
        return self._shown(snapshot)  # type: ignore[no-any-return]


class AccountChanges(AsyncAccountChanges, Changes[AccountSnapshot]):
    """The newest state of an account, each time it has changed; see :meth:`AccountState.changes`."""
