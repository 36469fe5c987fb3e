"""Every frame in and out, kept for assertions."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import cached_property
from itertools import islice
from typing import Any, Literal, cast

import msgspec

__all__ = ["Frame", "Journal"]

Direction = Literal["open", "in", "out", "close"]
KEPT = 100_000


class Frame:
    """One frame, or the opening or end of a connection.

    Attributes:
        connection_id: Which connection, counted from 1.
        path: The connection's path, without its query.
        direction: ``in`` is what the client sent; ``open`` and ``close`` have no text.
        time_us: When, by the exchange's clock.
        text: The frame as sent. Never shown by ``repr``: requests carry keys and signatures.
    """

    def __init__(
        self, connection_id: int, path: str, direction: Direction, time_us: int, text: bytes
    ) -> None:
        self.connection_id = connection_id
        self.path = path
        self.direction = direction
        self.time_us = time_us
        self.text = text

    @cached_property
    def payload(self) -> Any:
        """The decoded JSON; ``None`` when the frame is no JSON."""
        try:
            return msgspec.json.decode(self.text)
        except msgspec.DecodeError:
            return None

    @property
    def method(self) -> str | None:
        """The method of a request, ``None`` for everything else."""
        return _fields(self.payload).get("method") if self.direction == "in" else None

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of a request."""
        return _fields(self.payload).get("params") or {}

    def __repr__(self) -> str:
        what = self.method or (f"{len(self.text)} bytes" if self.text else "")
        return f"<Frame {self.direction} connection={self.connection_id} {self.path} {what}>"


class Journal:
    """What went over the exchange's connections, newest last; readable from any thread."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=KEPT)
        self._count = 0
        """Frames noted so far, those no longer kept included."""
        self._changed = threading.Condition()

    def note(
        self, connection_id: int, path: str, direction: Direction, time_us: int, text: bytes = b""
    ) -> None:
        """Keep a frame and wake those who wait for it."""
        frame = Frame(connection_id, path, direction, time_us, text)
        with self._changed:
            self._frames.append(frame)
            self._count += 1
            self._changed.notify_all()

    @property
    def count(self) -> int:
        """How many frames came so far, those no longer kept included."""
        return self._count

    @property
    def frames(self) -> list[Frame]:
        """All that is kept."""
        with self._changed:
            return list(self._frames)

    def requests(self, method: str | None = None) -> list[Frame]:
        """Return the requests received, of one method or all."""
        return [
            frame
            for frame in self.frames
            if frame.direction == "in" and (method is None or frame.method == method)
        ]

    def answers(self, request_id: object) -> list[Frame]:
        """Return the answers sent to a request id."""
        return [
            frame
            for frame in self.frames
            if frame.direction == "out"
            and "status" in (answer := _fields(frame.payload))
            and answer.get("id") == request_id
        ]

    def events(self, event_type: str | None = None) -> list[Frame]:
        """Return the events sent, of one type or all."""
        return [
            frame
            for frame in self.frames
            if frame.direction == "out"
            and (found := event_name(frame.payload)) is not None
            and (event_type is None or found == event_type)
        ]

    def connections(self) -> list[int]:
        """Return the ids of all connections that were opened."""
        return [frame.connection_id for frame in self.frames if frame.direction == "open"]

    def wait_for(
        self, predicate: Callable[[Frame], object], timeout: float = 5.0, *, count: int = 1
    ) -> list[Frame]:
        """Wait until ``count`` frames satisfy ``predicate``, those already there included.

        Raises:
            TimeoutError: They did not come within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        found: list[Frame] = []
        seen = 0
        while True:
            fresh, seen = self._await_newer_than(seen, deadline)
            # Outside the lock: the exchange's thread must not wait for a predicate.
            found.extend(frame for frame in fresh if predicate(frame))
            if len(found) >= count:
                return found
            if not fresh:
                raise TimeoutError(
                    f"{len(found)} of {count} expected frames within {timeout} s; "
                    f"the last ones: {self.frames[-5:]}"
                )

    def newer_than(self, seen: int) -> tuple[list[Frame], int]:
        """Return the frames after the first ``seen``, as far as they are kept, and how many came so far."""
        with self._changed:
            # From the new end: a journal is long, and what is new in it short.
            newer = list(islice(reversed(self._frames), max(0, self._count - seen)))
            newer.reverse()
            return newer, self._count

    def clear(self) -> None:
        """Forget all frames."""
        with self._changed:
            self._frames.clear()

    def _await_newer_than(self, seen: int, deadline: float) -> tuple[list[Frame], int]:
        """Return the frames after the first ``seen`` and their new number; none when the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._frames and self._count > seen, deadline - time.monotonic()
            )
            return self.newer_than(seen)

    def __repr__(self) -> str:
        return f"<Journal of {len(self._frames)} frames>"


def event_name(payload: object) -> str | None:
    """Return the type of the event a frame carries, wrapped as on any endpoint; ``None`` for answers."""
    body = _fields(payload)
    event = _fields(body.get("event")) or _fields(body.get("data")) or body
    name = event.get("e")
    return name if isinstance(name, str) else None


def _fields(value: object) -> dict[str, Any]:
    """Return a JSON object's fields; none for anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
