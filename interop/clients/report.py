"""What the Python clients' scripts share: where the exchange is, and how they tell what worked."""

from __future__ import annotations

import asyncio
import json
import os
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

FEATURE_SECONDS = 15


@dataclass(frozen=True)
class Place:
    """The key to trade with, and where, unless it stands in for the exchange's own hosts."""

    api_key: str
    api_secret: str
    key_type: str
    rest: str = ""
    ws_api: str = ""
    usdm_ws_api: str = ""
    coinm_ws_api: str = ""
    streams: str = ""
    usdm_streams: str = ""
    coinm_streams: str = ""


def place() -> Place:
    return Place(**json.loads(os.environ["INTEROP_PLACE"]))


async def feature(
    name: str, steps: Callable[[], Awaitable[None]], seconds: float = FEATURE_SECONDS
) -> None:
    """Go through the steps of one feature, and tell in a line how that went."""
    failure = ""
    try:
        await asyncio.wait_for(steps(), seconds)
    except Exception:  # noqa: BLE001 - whatever goes wrong is what the test wants to know
        failure = traceback.format_exc()
    print(json.dumps({"feature": name, "failure": failure}), flush=True)


def same(found: object, wanted: object) -> None:
    """Fail with both values when they differ."""
    if found != wanted:
        raise AssertionError(f"got {found!r} instead of {wanted!r}")


def holds(condition: object, told: object) -> None:
    """Fail with what was told when a condition does not hold."""
    if not condition:
        raise AssertionError(f"unexpected: {told!r}")


def near(price: str | float | Decimal, factor: str) -> str:
    """Return a price some way off another, in whole units: on the grid of every symbol used here."""
    return str((Decimal(str(price)) * Decimal(factor)).quantize(Decimal(1), ROUND_DOWN))


class Events:
    """User data events as they come, to be waited for in any order."""

    def __init__(self) -> None:
        self._seen: list[Any] = []
        self._changed = asyncio.Event()

    def take(self, event: Any) -> None:
        self._seen.append(event)
        self._changed.set()

    async def wait(self, matches: Callable[[Any], bool]) -> Any:
        """Return the first event so far, or from now on, that matches."""
        while True:
            for event in self._seen:
                if matches(event):
                    return event
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), 5)
            except TimeoutError:
                raise AssertionError(f"no such event among {self._seen!r}") from None
