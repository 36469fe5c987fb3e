"""Processes that are killed at any moment, and begun again: see ``log_bot.py``."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from binance_wsapi.simulator.doors.request_limits import LimitRules, Window

ROUNDS = int(os.environ.get("BINANCE_WSAPI_LOG_KILLS", "3"))
"""How often bots are killed."""
ENDLESS = Window("MINUTE", 5, 10**9)
NO_LIMITS = LimitRules(
    weight=Window("MINUTE", 1, 10**9), orders=(), connections=ENDLESS, raw_requests=ENDLESS
)
BOT = Path(__file__).with_name("log_bot.py")


class Slot:
    """Where one bot at a time works."""

    def __init__(self, **given: Any) -> None:
        self._given = json.dumps(given) + "\n"
        self._bots = subprocess.Popen(
            [sys.executable, str(BOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._pid = 0

    def begin(self) -> None:
        assert self._bots.stdin is not None
        self._bots.stdin.write(self._given)
        self._bots.stdin.flush()

    def is_at_work(self) -> None:
        self._pid = int(self._line())

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        assert self._line() == "gone\n"

    def end(self) -> None:
        self._bots.communicate()

    def _line(self) -> str:
        assert self._bots.stdout is not None
        line = self._bots.stdout.readline()
        assert line, "the bots ended by themselves"
        return line


def start(slots: list[Slot]) -> None:
    for slot in slots:
        slot.begin()
    for slot in slots:
        slot.is_at_work()


@contextlib.contextmanager
def at_work(slots: list[Slot]) -> Iterator[None]:
    start(slots)
    try:
        yield
    finally:
        for slot in slots:
            slot.kill()
        for slot in slots:
            slot.end()
