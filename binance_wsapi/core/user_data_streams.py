"""User data of a client: one stream an account, whatever brings its events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.account_books import AccountBooks, Reconciles
from binance_wsapi.core.account_questions import AccountQuestions
from binance_wsapi.core.api_sessions import ApiSessions
from binance_wsapi.core.feed import Buffer
from binance_wsapi.core.linked_feed import LinkedFeed, Observer
from binance_wsapi.core.lost_answers import LostAnswers
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.session import Session
from binance_wsapi.core.user_data import ApiUserData
from binance_wsapi.endpoints import (
    EndpointKind,
    WsKey,
    check_takes_requests,
    endpoint,
    user_data_key,
)
from binance_wsapi.errors import ClientClosed, ConfigurationError, NotSent
from binance_wsapi.loading import uncut
from binance_wsapi.markets.books import CROSS_MARGIN, AccountBook, books_of, isolated_margin
from binance_wsapi.markets.market import find

if TYPE_CHECKING:
    import msgspec

    from binance_wsapi.core.event_log import EventLog
    from binance_wsapi.core.logged_account import LoggedAccount
    from binance_wsapi.core.rest_door import RestDoor

__all__ = ["UserData", "UserDataStreams"]

Account = tuple[WsKey, str | None]
"""The connection it was subscribed with, and the symbol of an isolated margin account."""


class UserData(Protocol):
    """What brings the events of one account into its feed."""

    @property
    def connection(self) -> Session | None:
        """The connection of its own that the events come on, if it has one."""

    async def start(self, timeout: float) -> None:
        """Subscribe for the first time, within ``timeout`` seconds."""

    async def renew(self, timeout: float) -> None:
        """Subscribe again where that is left to the caller, within ``timeout`` seconds."""

    async def stop(self) -> None:
        """Unsubscribe and end the stream."""

    async def close(self, reason: str) -> None:
        """End the stream; the exchange is not asked."""

    def key_stopped(self) -> None:
        """The account's listen key was stopped by a request of this client."""


class UserDataStreams:
    """All user data streams of a client; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        sessions: The connections that are subscribed on, and asked.
        lost_answers: Who is shown the events while the fate of a request is unknown.
        rest: The door to REST, made when it is first needed.
    """

    def __init__(
        self,
        runtime: Runtime,
        sessions: ApiSessions,
        lost_answers: LostAnswers,
        rest: Callable[[], RestDoor],
    ) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._lost_answers = lost_answers
        self._rest = rest
        self._reconcilers: dict[Account, list[Reconciler]] = {}
        self._kept: dict[Account, tuple[UserData, LinkedFeed]] = {}
        self._starting: set[UserData] = set()
        """What is being subscribed for the first time."""
        self._locks: dict[Account, asyncio.Lock] = {}

    @property
    def is_any(self) -> bool:
        """Whether any account's events are subscribed."""
        return bool(self._kept)

    async def subscribe(self, ws_key: WsKey, isolated_symbol: str | None) -> tuple[Any, bool]:
        """Return the user data stream of a connection, subscribed, and whether it was not before."""
        async with self._alone(ws_key, isolated_symbol) as timeout:
            feed, is_new = await self._subscribe((ws_key, isolated_symbol), timeout)
            if is_new:  # even if it has overflowed meanwhile, and was to end at that: who reads it learns so
                return feed.stream, True
            is_fresh = feed.buffer.is_ended
            return feed.open_stream(), is_fresh

    async def observe(self, ws_key: WsKey, observer: Observer) -> None:
        """Show an account's events to an observer, subscribed for it where they are not.

        Raises:
            ConfigurationError: The connection has no user data, or the client's key does not do for it.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused the subscription.
        """
        async with self._alone(ws_key, None) as timeout:
            feed, is_new = await self._subscribe((ws_key, None), timeout)
            if is_new:
                feed.leave_stream()
            feed.observers.append(observer)
            if not feed.is_interrupted:
                observer.resumed()

    def leave(self, ws_key: WsKey, observer: Observer) -> None:
        """Show an observer no more; from any thread."""
        with contextlib.suppress(ClientClosed):
            self._runtime.run(lambda: self._left((ws_key, None), observer))

    async def _left(self, key: Account, observer: Observer) -> None:
        async with self._locks.setdefault(key, asyncio.Lock()):
            user_data, feed = self._kept.get(key, (None, None))
            if user_data is None or feed is None or observer not in feed.observers:
                return
            feed.observers.remove(observer)
            if not feed.observers and feed.buffer.is_ended:
                await self._stop(key)

    @contextlib.asynccontextmanager
    async def _alone(self, ws_key: WsKey, isolated_symbol: str | None) -> AsyncIterator[float]:
        """Hold what keeps two subscriptions of one account apart; yield the seconds that are left."""
        self._check(ws_key, isolated_symbol)
        timeout = self._runtime.options.timeout
        lock = self._locks.setdefault((ws_key, isolated_symbol), asyncio.Lock())
        began = self._runtime.now()
        try:
            async with asyncio.timeout(timeout):
                await lock.acquire()
        except TimeoutError:
            raise NotSent(
                f"{ws_key}: another call has been subscribing the same user data for {timeout:g} s; "
                "repeating it is safe",
                operation="userDataStream.subscribe",
                reason="not connected",
            ) from None
        try:
            yield began + timeout - self._runtime.now()
        finally:
            lock.release()

    async def _subscribe(self, key: Account, timeout: float) -> tuple[LinkedFeed, bool]:
        """Return the feed of an account, subscribed, and whether it was not before."""
        ws_key, isolated_symbol = key
        existing = self._kept.get(key)
        if existing is not None:
            await existing[0].renew(timeout)
            return existing[1], False
        account = f" of {isolated_symbol}" if isolated_symbol else ""
        isolated = f", isolated_symbol={isolated_symbol!r}" if isolated_symbol else ""
        decode = user_event_decoder(ws_key)
        feed = LinkedFeed(
            self._runtime,
            ws_key,
            name=f"user data of {ws_key}{account}",
            decode=decode,
            handler_event="user_data",
            close=lambda buffer: self._close(key, buffer),
            lost_answers=self._lost_answers,
            subscribed_by=f"subscribe_user_data_stream(WsKey.{ws_key.name}{isolated})",
        )
        books = account_books(ws_key, isolated_symbol)
        if books:
            feed.make_reconciler = lambda: self._reconciler(key, books, feed)
        if self._runtime.event_log is not None:
            feed.log = _logged_account(self, self._runtime.event_log, key, books, feed)
        user_data = self._make(ws_key, isolated_symbol, feed)
        self._starting.add(user_data)
        try:
            await user_data.start(timeout)
            if user_data not in self._starting:  # all was closed when it had just been subscribed
                raise self._runtime.ended("userDataStream.subscribe")
        finally:
            self._starting.discard(user_data)
        self._kept[key] = (user_data, feed)
        if feed.reconciler is not None:
            self._follow(key, self._reconcilers[key])
            feed.reconciler.start()
        if feed.log is not None:
            feed.log.begin()
        return feed, True

    def _reconciler(
        self, key: Account, books: Sequence[AccountBook], feed: LinkedFeed
    ) -> Reconciles:
        questions = self._questions(key[0])
        made = _joined([Reconciler(questions, book, feed.tell) for book in books])
        self._reconcilers[key] = made
        return made[0] if len(made) == 1 else AccountBooks(made)

    def _questions(self, ws_key: WsKey) -> AccountQuestions:
        session = self._sessions.of(ws_key) if trades_over_sessions(ws_key) else None
        return AccountQuestions(self._runtime, ws_key, session, self._rest)

    def _follow(self, key: Account, reconcilers: Sequence[Reconciler]) -> None:
        if trades_over_sessions(key[0]):
            for each in reconcilers:
                self._sessions.follow(key[0], each)

    def show_order(self, path: str, params: Mapping[str, Any], result: msgspec.Raw) -> None:
        """Show an order that a request to a REST path has made to who keeps track of it."""
        for reconcilers in self._reconcilers.values():
            for each in reconcilers:
                if each.book.order_path == path and is_of_book(each.book, params):
                    each.answer(result, makes_orders=True)

    async def unsubscribe(
        self,
        ws_key: WsKey,
        isolated_symbol: str | None,
        *,
        buffer: Buffer | None = None,
    ) -> None:
        """End the user data stream of a connection; nothing to do when there is none.

        What the exchange has not confirmed within the timeout is seen to in the background.

        Args:
            ws_key: The connection.
            isolated_symbol: The symbol of an isolated margin account.
            buffer: What the stream to end reads; nothing to do when there is another one by now.
        """
        ending = self._runtime.spawn(self._unsubscribe((ws_key, isolated_symbol), buffer))
        await asyncio.wait({ending}, timeout=self._runtime.options.timeout)
        if ending.done():
            ending.result()

    async def _unsubscribe(self, key: Account, buffer: Buffer | None) -> None:
        # One after the other: giving a listen key back would take it from who has just started it.
        async with self._locks.setdefault(key, asyncio.Lock()):
            user_data, feed = self._kept.get(key, (None, None))
            if user_data is None or feed is None:
                return
            if buffer is not None and buffer is not feed.buffer:
                return
            if feed.observers:
                feed.leave_stream()
            else:
                await self._stop(key)

    async def _stop(self, key: Account) -> None:
        user_data, _ = self._kept.pop(key)
        for each in self._reconcilers.pop(key, ()):
            self._sessions.unfollow(key[0], each)
        await user_data.stop()

    def key_stopped(self, ws_key: WsKey) -> None:
        """The account's listen key was stopped by a request on this connection."""
        user_data, _ = self._kept.get((ws_key, None), (None, None))
        if user_data is not None:
            user_data.key_stopped()

    def connections(self) -> list[Session]:
        """Return the connections that subscribed user data has of its own."""
        return _connections(user_data for user_data, _ in self._kept.values())

    def logs_of(self, session: Session) -> Iterator[LoggedAccount]:
        """Yield what those events are logged by that come on a connection."""
        for (ws_key, _), (user_data, feed) in self._kept.items():
            connection = user_data.connection or self._sessions.open.get(ws_key)
            if feed.log is not None and connection is session:
                yield feed.log

    def connections_coming_up(self) -> list[Session]:
        """Return the same of what is being subscribed for the first time."""
        return _connections(self._starting)

    def connections_of(self, ws_key: WsKey) -> list[Session]:
        """Return the connections of its own that the user data of a key comes on."""
        return [
            connection
            for (key, _), (user_data, _) in self._kept.items()
            if (connection := user_data.connection) is not None
            and ws_key in {key, connection.ws_key}
        ]

    def take_all(self) -> list[UserData]:
        """Forget all user data and return it, to be closed."""
        kept, self._kept = list(self._kept.values()), {}
        starting, self._starting = self._starting, set()
        self._reconcilers.clear()
        return [*starting, *(user_data for user_data, _ in kept)]

    def _make(self, ws_key: WsKey, isolated_symbol: str | None, feed: LinkedFeed) -> UserData:
        known = endpoint(ws_key)
        if known.listen_keys is not None or known.market.facts.has_listen_keys:
            return self._make_by_listen_key(ws_key, feed)
        session = self._sessions.of(ws_key)
        if ws_key is WsKey.MARGIN_USER_DATA:
            with uncut:
                from binance_wsapi.core.listen_token import ListenTokenUserData

            return ListenTokenUserData(self._runtime, session, feed, isolated_symbol)
        return ApiUserData(self._runtime, session, feed)

    def _make_by_listen_key(self, ws_key: WsKey, feed: LinkedFeed) -> UserData:
        with uncut:
            from binance_wsapi.core.key_source import ApiKeySource, RestKeySource
            from binance_wsapi.core.listen_key import ListenKeyUserData

        calls = endpoint(ws_key).listen_keys
        if calls is not None:
            keys = RestKeySource(self._runtime, ws_key, find(calls))
            return ListenKeyUserData(self._runtime, ws_key, keys, feed)
        source = ApiKeySource(self._sessions.of(ws_key))
        return ListenKeyUserData(self._runtime, user_data_key(ws_key), source, feed)

    def _check(self, ws_key: WsKey, isolated_symbol: str | None) -> None:
        """Refuse what can have no user data.

        Raises:
            ConfigurationError: The connection, the symbol or the client's key do not fit.
        """
        if isolated_symbol is not None and ws_key is not WsKey.MARGIN_USER_DATA:
            raise ConfigurationError(
                f"WsKey.{ws_key.name} has no isolated accounts: isolated_symbol goes with "
                "WsKey.MARGIN_USER_DATA"
            )
        known = endpoint(ws_key)
        market = known.market
        if known.listen_keys is not None:
            if self._runtime.authoriser.api_key is None:
                raise ConfigurationError(
                    f"user data of WsKey.{ws_key.name} needs an API key: pass api_key and api_secret to "
                    "the client"
                )
            return
        check_takes_requests(ws_key)
        needed = "userDataStream.start"
        if not market.facts.has_listen_keys:
            needed = "userDataStream.subscribe.signature"
        operation = operation_by_method(market, needed)
        assert operation is not None
        self._runtime.authoriser.check(operation)

    def _close(self, key: Account, buffer: Buffer) -> None:
        with contextlib.suppress(ClientClosed):
            self._runtime.run(lambda: self.unsubscribe(*key, buffer=buffer))


def _logged_account(
    streams: UserDataStreams,
    event_log: EventLog,
    key: Account,
    books: Sequence[AccountBook],
    feed: LinkedFeed,
) -> LoggedAccount:
    """Return what brings an account's events into the log."""
    with uncut:
        from binance_wsapi.core.logged_account import LoggedAccount, log_name, stream_of

    ws_key, sessions = key[0], streams._sessions
    own: list[Reconciler] = []

    def make(tell: Callable[[object], None], since_us: int) -> list[Reconciler]:
        questions = streams._questions(ws_key)
        return _joined([Reconciler(questions, book, tell, since_us=since_us) for book in books])

    def follow(reconcilers: Sequence[Reconciler]) -> None:
        following = streams._reconcilers.get(key)
        for each in own:
            sessions.unfollow(ws_key, each)
            if following is not None:
                following.remove(each)
        own.clear()
        if following is not None:  # else the account's events have ended
            own.extend(reconcilers)
            following.extend(own)
            streams._follow(key, own)

    account = log_name(streams._runtime.authoriser.api_key or "")
    return LoggedAccount(event_log, account, stream_of(*key), feed, make=make, follow=follow)


def _joined(books: list[Reconciler]) -> list[Reconciler]:
    """Return the books of an account, those of algo orders telling the first what their triggers placed."""
    for each in books:
        each.places_into = books[0] if each.book.is_algo else None
    return books


def _connections(user_data: Iterable[UserData]) -> list[Session]:
    return [each.connection for each in user_data if each.connection is not None]


def trades_over_sessions(ws_key: WsKey) -> bool:
    """Whether the account of a connection trades over the WebSocket API: its answers show its orders."""
    return endpoint(ws_key).kind is EndpointKind.WS_API and ws_key is not WsKey.MARGIN_USER_DATA


def account_books(ws_key: WsKey, isolated_symbol: str | None) -> Sequence[AccountBook]:
    """Return the orders that the account of a connection has."""
    known = endpoint(ws_key)
    if ws_key is WsKey.MARGIN_USER_DATA:
        return [CROSS_MARGIN if isolated_symbol is None else isolated_margin(isolated_symbol)]
    if known.books is not None:
        books: Sequence[AccountBook] = find(known.books)
        return books
    return books_of(known.market) if known.kind is EndpointKind.WS_API else []


def is_of_book(book: AccountBook, params: Mapping[str, Any]) -> bool:
    """Whether the order that a REST request makes goes to this account, and to no other of its kind."""
    is_isolated = str(params.get("isIsolated", "")).upper() == "TRUE"
    if not book.params:
        return not is_isolated
    return is_isolated and params.get("symbol") == book.params.get("symbol")


def user_event_decoder(ws_key: WsKey) -> Callable[[bytes], Any]:
    """Return what makes typed events from a connection's user data."""
    known = endpoint(ws_key)
    decoder: Callable[[bytes], Any] = find(
        known.user_events or known.market.facts.user_event_decoder
    )
    return decoder
