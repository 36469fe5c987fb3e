"""Tapes on a running exchange: at some speed, as fast as it goes, or by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from binance_wsapi.simulator.replay import TapeReplay
from binance_wsapi.simulator.tapes import Tape

if TYPE_CHECKING:
    from binance_wsapi.simulator.exchange import SimulatedExchange

__all__ = ["Playback"]

TURN_SECONDS = 0.01
"""How long the exchange goes on at once before it serves its clients again."""
LOOK_SECONDS = 0.1


class Playback:
    """Replays tapes on an exchange whose clock is frozen; time goes on by itself after the last trade.

    Args:
        exchange: Where.
        tapes: What.
        advanced: Told now and then how many trades were replayed.

    Attributes:
        replays: One a tape.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        tapes: Sequence[Tape],
        advanced: Callable[[int], object] = lambda trades: None,
    ) -> None:
        self._exchange = exchange
        self._advanced = advanced
        self._told = 0
        self.replays: list[TapeReplay[Any]] = exchange.market.replay_tapes(tapes)

    @property
    def is_over(self) -> bool:
        """Whether every trade was made."""
        return all(replay.is_over for replay in self.replays)

    @property
    def done(self) -> int:
        """How many trades were made."""
        return sum(replay.done for replay in self.replays)

    def run_at(self, speed: float, stop: threading.Event) -> None:
        """Let so many seconds pass in one of real time, to the end of the tapes or until ``stop``."""
        self._exchange.clock.resume(speed)
        while not self.is_over and not stop.wait(LOOK_SECONDS):
            self._tell()
        self._end()

    def run(self, stop: threading.Event) -> None:
        """Go from trade to trade as fast as it goes."""
        while not self.is_over and not stop.is_set():
            self._exchange.call(self._turn)
            self._tell()
        self._end()

    def step_by(self, lines: Iterable[str], stop: threading.Event) -> None:
        """Go on a trade with every empty line, and for so many seconds with a line that says how many."""
        clock = self._exchange.clock
        for line in lines:
            if self.is_over or stop.is_set():
                break
            seconds = _seconds(line)
            if seconds is None:
                self._exchange.call(self._to_next_trade)
            else:
                clock.advance(seconds)
            self._tell()
        if self.is_over:
            self._end()

    def _to_next_trade(self) -> None:
        before = self.done
        while self.done == before and not self.is_over:
            self._exchange.clock.step()

    def _turn(self) -> None:
        until = time.monotonic() + TURN_SECONDS
        while not self.is_over and time.monotonic() < until:
            self._exchange.clock.step()

    def _end(self) -> None:
        self._tell()
        self._exchange.clock.resume()

    def _tell(self) -> None:
        done = self.done
        self._advanced(done - self._told)
        self._told = done


def _seconds(line: str) -> float | None:
    try:
        seconds = float(line)
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None
