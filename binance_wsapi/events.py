"""What happens without being asked for: user data, market data, and the connections' own fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeAlias, TypeVar

import msgspec

from binance_wsapi.buffer import BufferEnded, EventBuffer
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import ClientClosed, UnreadableResult, check_seconds
from binance_wsapi.markets import Market
from binance_wsapi.markets.market import find
from binance_wsapi.models.base import Model
from binance_wsapi.models.tolerant import tolerant_decoder

if TYPE_CHECKING:
    from binance_wsapi.models.account import AccountInformation, AccountTrade
    from binance_wsapi.models.eoptions import OptionAccount, OptionAccountTrade, OptionOrder
    from binance_wsapi.models.futures import (
        CoinFuturesAccount,
        CoinFuturesOrder,
        FuturesAccountV2,
        FuturesAlgoOrder,
        FuturesOrder,
    )
    from binance_wsapi.models.futures_history import FuturesAccountTrade
    from binance_wsapi.models.margin import (
        IsolatedMarginAccount,
        MarginAccount,
        PortfolioBalances,
        PortfolioFuturesAccount,
    )
    from binance_wsapi.models.order import Order

    ReconciledAccount: TypeAlias = (
        AccountInformation
        | FuturesAccountV2
        | CoinFuturesAccount
        | MarginAccount
        | IsolatedMarginAccount
        | PortfolioFuturesAccount
        | PortfolioBalances
        | OptionAccount
    )

__all__ = [
    "AccountReconciled",
    "AlgoOrderReconciled",
    "AsyncEventStream",
    "BaseEventStream",
    "ConnectionEvent",
    "ConnectionEventKind",
    "Done",
    "EventLogChanged",
    "EventStream",
    "OrderReconciled",
    "StreamGap",
    "StreamName",
]

ConnectionEventKind = Literal[
    "open",
    "authenticated",
    "reconnecting",
    "reconnected",
    "rotated",
    "close",
    "exception",
    "message",
]

T = TypeVar("T")


class ConnectionEvent(Model, frozen=True):
    """Something happened to a connection."""

    kind: ConnectionEventKind
    """What happened."""
    ws_key: WsKey | None = None
    """The connection it happened to; ``None`` when a handler raised."""
    reason: str = ""
    """Why, in a few words."""
    error: BaseException | None = None
    """The error, for ``exception``."""
    frame: str | None = None
    """The text of the frame, keys and signatures masked, for ``message``."""


class SharedLimitsChanged(Model, frozen=True):
    """Limits are shared with other processes again, or not for now (``shared_limits``)."""

    kind: str
    """``limits_shared`` or ``limits_alone``."""
    reason: str
    """Why, and how the client goes on."""


class EventLogChanged(Model, frozen=True):
    """The server of the ``event_log`` takes entries again, or not for now."""

    kind: str
    """``log_back`` or ``log_away``."""
    log: str
    """Which log: see :attr:`LogHealth.name`."""
    reason: str
    """Why; empty when it is back."""


class StreamGap(Model, frozen=True):
    """Events may be missing here: what happened between two moments was not seen."""

    from_ms: int
    """The last moment at which the stream was known to be whole, epoch milliseconds."""
    until_ms: int
    """The moment from which it is whole again, epoch milliseconds."""
    reason: str
    """Why: the connection was lost, the buffer overflowed, ..."""
    lost: int | None = None
    """How many events were dropped, where that is known (overflow)."""
    is_open: bool = False
    """It lasts: the stream is not whole again yet, for the reason given. A gap from the same moment tells
    its end."""


class OrderReconciled(Model, dict=True):
    """An order as the exchange showed it after a gap: what the missed events would have told."""

    market: Market
    """The order's market: Spot for margin, and that of the futures on portfolio margin."""
    symbol: str
    """The order's symbol."""
    order_id: int
    """The exchange's id of the order."""
    client_order_id: str
    """The order's own id."""
    status: str
    """The order's status now; ``UNKNOWN`` when the exchange does not know the order any more, or, with a
    :attr:`problem`, when it could not be asked."""
    raw_missed_fills: tuple[dict[str, Any], ...] = ()
    """Fills that no event told, as wire dicts of ``myTrades`` (``userTrades`` on futures); none on futures
    without REST."""
    raw_order: dict[str, Any] | None = None
    """The order as a wire dict of ``order.status``; ``None`` when the exchange does not know it. Where an event
    that came meanwhile told of a later state, :attr:`status` is that one's."""
    problem: str | None = None
    """Why the order, or its missed fills where ``raw_order`` is there, could not be asked for: ask
    yourself. It is asked for again after the next gap; not so the oldest of more than 10,000 live orders of an
    account, which are told so when they are given up."""

    @cached_property
    def order(self) -> Order | FuturesOrder | CoinFuturesOrder | OptionOrder | None:
        """The order as the market's ``order.status`` shows it; ``None`` when it is not known any more.

        Raises:
            UnreadableResult: It does not fit its model: see :attr:`raw_order`.
        """
        if self.raw_order is None:
            return None
        typed: Order | FuturesOrder | CoinFuturesOrder | OptionOrder = _typed(
            self.raw_order, find(self.market.facts.order_model), "order.status", "raw_order"
        )
        return typed

    @cached_property
    def missed_fills(self) -> tuple[AccountTrade | FuturesAccountTrade | OptionAccountTrade, ...]:
        """Fills that no event told, oldest first.

        Raises:
            UnreadableResult: One does not fit its model: see :attr:`raw_missed_fills`.
        """
        kind: Any = find(self.market.facts.fill_model)
        trades: list[AccountTrade | FuturesAccountTrade | OptionAccountTrade] = _typed(
            self.raw_missed_fills, list[kind], "the question for fills", "raw_missed_fills"
        )
        return tuple(trades)


class AlgoOrderReconciled(Model, dict=True):
    """An algo order as the exchange showed it after a gap: what the missed events would have told.

    The order that its trigger placed is told by an :class:`OrderReconciled` of its own.
    """

    market: Market
    """Its market."""
    symbol: str
    """Its symbol."""
    algo_id: int
    """The exchange's id of it."""
    client_algo_id: str
    """Its own id."""
    status: str
    """Its status now; ``UNKNOWN`` when the exchange does not know it any more, or, with a :attr:`problem`,
    when it could not be asked."""
    raw_order: dict[str, Any] | None = None
    """It as a wire dict of ``GET /fapi/v1/algoOrder``, on portfolio margin of ``/papi/v1/um/algo/algoOrder``;
    ``None`` when the exchange does not know it."""
    problem: str | None = None
    """Why it could not be asked for: ask yourself. It is asked for again after the next gap."""

    @cached_property
    def order(self) -> FuturesAlgoOrder | None:
        """The algo order as REST shows it; ``None`` when it is not known any more.

        Raises:
            UnreadableResult: It does not fit its model: see :attr:`raw_order`.
        """
        if self.raw_order is None:
            return None
        typed: FuturesAlgoOrder = _typed(
            self.raw_order,
            find("binance_wsapi.models.futures:FuturesAlgoOrder"),
            "GET /fapi/v1/algoOrder",
            "raw_order",
        )
        return typed


class AccountReconciled(Model, dict=True):
    """The account as the exchange showed it after a gap: balances, and positions on futures and options.

    It ends what is told after a gap. On portfolio margin there are three: USD-M's, COIN-M's, and the balances of
    all wallets under Spot.
    """

    market: Market
    """The account's market."""
    raw_account: dict[str, Any] | None
    """The result of ``account.status`` (``v2/account.status`` on USD-M) as a wire dict, on margin and portfolio
    margin what REST shows; ``None`` when it could not be asked for."""
    account_model: str = ""
    """What that is read as, as ``module:name``."""
    problem: str | None = None
    """Why the account could not be asked for: ask yourself."""

    @cached_property
    def account(self) -> ReconciledAccount | None:
        """The account as the market's ``account.status`` shows it (``v2/account.status`` on USD-M).

        ``None`` when it could not be asked for.

        Raises:
            UnreadableResult: It does not fit its model: see :attr:`raw_account`.
        """
        if self.raw_account is None:
            return None
        typed: ReconciledAccount = _typed(
            self.raw_account,
            find(self.account_model or self.market.facts.account_model),
            self.market.facts.account_question[0],
            "raw_account",
        )
        return typed


def _typed(raw: object, model: Any, operation: str, attribute: str) -> Any:
    wire = msgspec.json.encode(raw)
    try:
        return tolerant_decoder(model)(wire)
    except msgspec.MsgspecError as error:
        raise UnreadableResult(
            f"what {operation} told after a gap does not fit its model: {error}. It is in "
            f".{attribute}",
            operation=operation,
            raw=wire,
        ) from None


Untouched: TypeAlias = tuple[Callable[[Any], T], Any]
"""An event that nobody has taken yet: what makes it, and of what."""


class StreamName(str, Generic[T]):
    """The name of a market stream, which knows the type of the stream's events."""

    __slots__ = ()


class Hold(Protocol):
    """Keeps a client alive for what it handed out."""

    def release(self) -> None:
        """Let go of the client; from any thread."""


class BaseEventStream(Generic[T]):
    """What the streams of both clients share: :class:`EventStream` and :class:`AsyncEventStream`."""

    def __init__(
        self,
        *,
        name: str,
        buffer: EventBuffer[Untouched[T]],
        close: Callable[[], None],
        hold: Hold,
    ) -> None:
        self.name = name
        self._buffer = buffer
        self._take_or_wait = buffer.take_or_wait
        self._close = close
        self._hold = hold

    async def get_async(self, timeout: float | None = None) -> T:
        """Return the next event, waiting on the running event loop.

        Args:
            timeout: Seconds to wait; ``None`` waits until an event comes or the stream is closed.

        Raises:
            TimeoutError: None came in time.
            ClientClosed: The stream is closed and empty.
            ParameterError: ``timeout`` is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        give_up = asyncio.timeout(timeout)
        try:
            async with give_up:
                return await self._take_async()
        except BufferEnded:
            raise ClientClosed(f"the event stream {self.name} is closed") from None
        except TimeoutError:
            if give_up.expired():
                raise TimeoutError(f"no event within {timeout} s") from None
            raise

    def close(self) -> Awaitable[None] | None:
        """Unsubscribe and end the stream; idempotent."""
        self._close()
        return None

    def __len__(self) -> int:
        """Return how many events wait to be taken."""
        return len(self._buffer)

    def __bool__(self) -> bool:
        """Whether there is a stream: always, also when no event waits."""
        return True

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        # Not by way of _take_async(): each event goes this way, and what only passes it on is a call.
        taken: list[Untouched[T]] = []
        try:
            if not self._take_or_wait(taken, None):
                await self._buffer.wait_into(taken)
            make, what = taken[0]
            return make(what)
        except BufferEnded:
            raise StopAsyncIteration from None
        except Exception:
            raise
        except BaseException:  # an interrupt
            self._buffer.give_back(taken)
            raise

    async def _take_async(self) -> T:
        taken: list[Untouched[T]] = []
        try:
            if not self._take_or_wait(taken, None):
                await self._buffer.wait_into(taken)
            make, what = taken[0]
            return make(what)
        except Exception:
            raise
        except BaseException:  # an interrupt
            self._buffer.give_back(taken)
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}, {len(self)} waiting>"


class EventStream(BaseEventStream[T]):
    """Events in the order they came, from any thread or event loop.

    ``for event in stream``, ``async for event in stream`` and :meth:`get` take events away; each
    event goes to one taker. The stream outlives reconnects, rotations and listen keys: what may
    have been missed is told by a :class:`StreamGap` in its place. It ends when it is closed, and
    keeps its client alive until then. An interrupt (Ctrl-C) while an event is awaited takes none away.

    A program ends when all its threads but daemons have ended: one that waits here keeps it going, also
    after the main thread's last line, until the stream or the client is closed.
    """

    def get(self, timeout: float | None = None) -> T:
        """Return the next event.

        Args:
            timeout: Seconds to wait; ``None`` waits until an event comes or the stream is closed.

        Raises:
            TimeoutError: None came in time.
            ClientClosed: The stream is closed and empty.
            ParameterError: ``timeout`` is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout)
        try:
            return self._take(timeout)
        except BufferEnded:
            raise ClientClosed(f"the event stream {self.name} is closed") from None

    def close(self) -> None:
        """Unsubscribe and end the stream; idempotent."""
        super().close()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        # As in __anext__().
        taken: list[Untouched[T]] = []
        try:
            if not self._take_or_wait(taken, None):
                self._buffer.take_into(taken, None)
            make, what = taken[0]
            return make(what)
        except BufferEnded:
            raise StopIteration from None
        except Exception:
            raise
        except BaseException:  # an interrupt
            self._buffer.give_back(taken)
            raise

    def _take(self, timeout: float | None) -> T:
        taken: list[Untouched[T]] = []
        try:
            self._buffer.take_into(taken, timeout)
            make, what = taken[0]
            return make(what)
        except Exception:
            raise
        except BaseException:  # an interrupt
            self._buffer.give_back(taken)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncEventStream(BaseEventStream[T]):
    """Events in the order they came, awaited on any event loop, and never blocking one.

    ``async for event in stream`` and ``await stream.get()`` take events away; each event goes to one
    taker. All else is as with :class:`EventStream`.
    """

    async def get(self, timeout: float | None = None) -> T:
        """Return the next event.

        Args:
            timeout: Seconds to wait; ``None`` waits until an event comes or the stream is closed.

        Raises:
            TimeoutError: None came in time.
            ClientClosed: The stream is closed and empty.
            ParameterError: ``timeout`` is no number of seconds.
        """
        return await self.get_async(timeout)

    def close(self) -> Awaitable[None]:
        """Unsubscribe and end the stream; idempotent, and done whether it is awaited or not."""
        self._close()
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


class Done:
    """What may be awaited, and has happened already."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield
