"""What an async client gives for a stream or a book before it is awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator
from types import TracebackType
from typing import Any, Protocol, TypeVar

from binance_wsapi.account_state import AsyncAccountState
from binance_wsapi.events import AsyncEventStream
from binance_wsapi.order_book import AsyncLocalOrderBook

__all__ = ["OpeningAccount", "OpeningBook", "OpeningStream"]

T = TypeVar("T")


class _Closes(Protocol):
    def close(self) -> Awaitable[None]:
        """Let go of it."""
        ...


S = TypeVar("S", bound=_Closes)


class _Opening(Coroutine[Any, Any, S]):
    """Opens when it is awaited, or entered by ``async with``, which closes it at its end.

    A coroutine for all that takes one; forgotten, it opens nothing, and Python says so.
    """

    def __init__(self, opening: Coroutine[Any, Any, S], name: str) -> None:
        opening.__qualname__ = name  # type: ignore[attr-defined]  # of all coroutines of ours
        self._opening = opening

    def __await__(self) -> Generator[Any, Any, S]:
        return self._opening.__await__()

    def send(self, value: Any, /) -> Any:
        return self._opening.send(value)

    def throw(self, *error: Any) -> Any:
        return self._opening.throw(*error)

    def close(self) -> None:
        self._opening.close()

    async def __aenter__(self) -> S:
        self._opened = await self
        return self._opened

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._opened.close()


class OpeningStream(_Opening[AsyncEventStream[T]]):
    """A stream to be awaited, entered by ``async with``, or read at once by ``async for``."""

    async def __aiter__(self) -> AsyncIterator[T]:
        async for event in await self:
            yield event


class OpeningAccount(_Opening[AsyncAccountState]):
    """The state of an account to be awaited, or entered by ``async with``."""


class OpeningBook(_Opening[AsyncLocalOrderBook]):
    """An order book to be awaited, or entered by ``async with``."""
