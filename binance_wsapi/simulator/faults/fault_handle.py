"""One scripted fault, as the test that scripted it holds it."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["FaultHandle"]


class FaultHandle:
    """One scripted fault: how often it struck, and its end. Usable from any thread."""

    def __init__(self, name: str, times: int | None, skip: int = 0) -> None:
        self.name = name
        self._times = times
        self._skip = skip
        self._hits = 0
        self._changed = threading.Condition()
        self._ended = False
        self.on_end: Callable[[], None] | None = None

    @property
    def hits(self) -> int:
        """How often it struck so far."""
        return self._hits

    @property
    def is_over(self) -> bool:
        """Whether it will not strike again."""
        return self._ended or (self._times is not None and self._hits >= self._times)

    def wait(self, times: int = 1, timeout: float = 5.0) -> None:
        """Wait until it struck ``times`` times.

        Raises:
            TimeoutError: It did not within ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._hits >= times, timeout):
                raise TimeoutError(
                    f"fault {self.name!r} struck {self._hits} of {times} times within {timeout} s"
                )

    def end(self) -> None:
        """Let it not strike again; a lasting fault (half-open, slow reads) is over."""
        if not self._ended:
            self._ended = True
            if self.on_end is not None:
                self.on_end()

    def strike(self) -> bool:
        """Count an occasion; whether the fault strikes now."""
        if self.is_over:
            return False
        if self._skip:
            self._skip -= 1
            return False
        with self._changed:
            self._hits += 1
            self._changed.notify_all()
        return True

    def __repr__(self) -> str:
        return f"<FaultHandle {self.name!r} hits={self._hits}>"
