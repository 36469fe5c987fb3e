"""How the simulated user gives up: as programs do, by a cancelled task, a scope or a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["GivenUp", "Patience"]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The user waited for an answer no longer."""

    error: BaseException
    """What ended the call."""

    def __str__(self) -> str:
        return f"given up: {self.error!r} {self.notes}"

    @property
    def notes(self) -> list[str]:
        """What the library had to say about it."""
        notes: list[str] = []
        error: BaseException | None = self.error
        while error is not None:
            notes += getattr(error, "__notes__", [])
            error = error.__cause__ or error.__context__
        return notes


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long one call is awaited, and how it is given up then."""

    seconds: float
    by: str

    @classmethod
    def of(cls, rng: Random) -> Patience:
        """Make up an impatient user."""
        seconds = rng.choice((0.0, 0.004, 0.03, 0.3, 1.0, 4.0, 15.0)) * rng.uniform(0.5, 1.5)
        return cls(seconds, rng.choice(("cancel", "scope", "wait_for")))

    async def bear(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Return what comes of some work, or that it was given up."""
        match self.by:
            case "cancel":
                return await self._cancel(work)
            case "scope":
                try:
                    async with asyncio.timeout(self.seconds):
                        return await work()
                except TimeoutError as error:
                    return GivenUp(error)
            case _:
                try:
                    return await asyncio.wait_for(work(), self.seconds)
                except TimeoutError as error:
                    return GivenUp(error)

    async def _cancel(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            return await work()

        task = asyncio.create_task(run())
        timer = asyncio.get_running_loop().call_later(self.seconds, task.cancel)
        try:
            await asyncio.wait([task])
        finally:
            timer.cancel()
        try:
            return task.result()
        except asyncio.CancelledError as error:
            return GivenUp(error)
