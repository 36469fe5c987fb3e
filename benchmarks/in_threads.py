"""Eight threads that call at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["in_threads"]

THREADS = 8


def in_threads(call: Callable[[], object], count: int) -> None:
    """Call ``count`` times in all, spread over the threads."""

    def repeat() -> None:
        for _ in range(count // THREADS):
            call()

    threads = [threading.Thread(target=repeat) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
