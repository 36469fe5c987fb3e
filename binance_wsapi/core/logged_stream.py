"""Brings market streams into an event log, each into one of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from binance_wsapi.core.event_log import (
    LONGEST_H,
    MOST_ENTRIES,
    EventLog,
    LogEntry,
    LogTail,
    LogWriter,
)
from binance_wsapi.core.gaps import Gaps
from binance_wsapi.core.log_entries import EVENT, encoded
from binance_wsapi.core.market_streams import key_of, stream_market
from binance_wsapi.endpoints import Environment, WsKey, endpoint, environment_of
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.events import StreamGap
from binance_wsapi.health import LogHealth
from binance_wsapi.protocol.log_tail import StreamEnd
from binance_wsapi.protocol.stream_identity import sent_us, stream_identity
from binance_wsapi.protocol.stream_names import checked_names

if TYPE_CHECKING:
    from binance_wsapi.core.market_streams import MarketStreams
    from binance_wsapi.core.runtime import Runtime

__all__ = ["CUSTOM", "PRODUCTION", "LoggedStream", "log_streams", "stream_log_name"]

PRODUCTION = Environment.PRODUCTION.value
CUSTOM = "custom"
"""The exchange of a client that the option ``urls`` leads somewhere."""

MOST_WAITING = 10_000
WAITS_MS = 30_000
"""So many events, and of so long, are kept while another client publishes: its turn ends much sooner."""
LAG_MS = 10_000
"""By so much one connection may be behind another one."""


class LoggedStream(Gaps):
    """Brings the events of one market stream into a log; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        ws_key: The connection the events come from.
        name: The stream.
    """

    def __init__(self, runtime: Runtime, ws_key: WsKey, name: str) -> None:
        super().__init__(runtime, ws_key)
        self._name = name
        self._writer: LogWriter | None = None
        self._leads = False
        self._time_ms = 0
        """When the latest of what is in the log was sent."""
        self._waiting: deque[tuple[bytes, int]] = deque()
        """What came while another client may have published, and when it was sent."""
        self._end: StreamEnd | None = None
        """The end of the log as it was taken over, while this connection may still bring what is in it."""
        self._ends_ms = 0
        self._gap_from_ms: int | None = None
        """Since when the log has had nothing, until that is told."""
        self._whole_since_us = 0
        """Since when nothing is missing in what waits, rather early."""
        self._gap_until_us = 0
        """The same moment, rather late."""
        self._has_ended = False

    def begin(self, event_log: EventLog, keep: int | None, keep_hours: float | None) -> None:
        """The events come from now on, unless the stream was given up before all of its call had come."""
        if self._has_ended:
            return
        self._is_whole_from_now()
        exchange, stream = _exchange_of(self._runtime, self._ws_key), self._name
        name = stream_log_name(self._ws_key, stream)
        self._writer = event_log.publish_stream(
            exchange, name, self, keep=keep, keep_hours=keep_hours
        )

    def health(self) -> LogHealth | None:
        """Return how the log is doing; ``None`` before it has begun."""
        return None if self._writer is None else self._writer.health()

    # What the connection tells

    def event(self, name: str, event: msgspec.Raw) -> None:
        """An event arrived."""
        text = bytes(event)
        time_ms = (sent_us(text) or self.earliest_us()) // 1000
        if not self._leads:
            self._keep(text, time_ms)
        elif self._end is None or not self._is_logged(self._end, text, time_ms):
            self._append(EVENT, text, time_ms)

    def interrupted(self, whole_until: float, source: object = None, *, told_us: int = 0) -> None:
        """Events may be missing since something was last heard from this connection."""
        super().interrupted(whole_until, source, told_us=told_us)
        if not self._leads:
            self._forget_waiting()

    def resumed(self, reason: str, source: object = None) -> bool:
        """The events of this connection flow again."""
        if not self._leads:
            self._forget_waiting()
        else:
            self._is_whole_from_now()
        return super().resumed(reason, source)

    def tell_gap(self, gap: StreamGap) -> None:
        """Tell a gap in its place."""
        if not self._leads:
            return
        since_ms, self._gap_from_ms = self._gap_from_ms, None
        if since_ms is not None and since_ms < gap.from_ms:
            gap = StreamGap(from_ms=since_ms, until_ms=gap.until_ms, reason=gap.reason)
        kind, text = encoded(gap)
        self._append(kind, text, max(self._time_ms + 1, self._whole_since_us // 1000))

    def end(self) -> None:
        """Nothing will come any more."""
        self._has_ended = True
        self._leads = False
        self._waiting.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # What the log tells

    def lead(self, tail: LogTail) -> int:
        """Publish from now on; return since when the log is kept, epoch microseconds."""
        waiting = list(self._waiting)
        self._waiting.clear()
        self._leads = True
        self._end, self._gap_from_ms = None, None
        if not tail.whole_ms:
            self._time_ms = self._whole_since_us // 1000
            for each in waiting:
                self._append(EVENT, *each)
            return self._whole_since_us
        self._time_ms = self._ends_ms = tail.time_ms
        end = StreamEnd(
            [stream_identity(self._name, text) for kind, text, _ in tail.entries if kind == EVENT],
            [stream_identity(self._name, text) for text, _ in waiting],
        )
        if not end.is_over:
            self._end = end
        if not end.is_continued or self.is_interrupted:
            self._gap_from_ms = tail.whole_ms
            if not self.is_interrupted:
                self._tell_of_nobody(self._gap_until_us // 1000)
        for each in waiting[end.first :]:
            self._append(EVENT, *each)
        return tail.since_us

    def stand_by(self) -> None:
        """Publish no more: somebody else does, or what was handed in could not be kept."""
        self._leads = False
        self._end = self._gap_from_ms = None
        self._forget_waiting()

    def time_ms(self) -> int:
        """Return the exchange's time, epoch milliseconds, rather early than late."""
        return self.earliest_us() // 1000

    def whole_for_ms(self) -> int:
        """Return for how long nothing has been missing in what came, milliseconds."""
        if self.is_interrupted:
            return 0
        return max(0, self.earliest_us() - self._whole_since_us) // 1000

    def changed_orders(self) -> Mapping[str, bytes]:
        """Return nothing: a market stream tells of no order."""
        return {}

    def known_orders(self) -> Mapping[str, bytes]:
        """Return nothing: a market stream tells of no order."""
        return {}

    def _keep(self, text: bytes, time_ms: int) -> None:
        waiting = self._waiting
        waiting.append((text, time_ms))
        while len(waiting) > MOST_WAITING or waiting[0][1] < time_ms - WAITS_MS:
            _, sent_ms = waiting.popleft()
            self._whole_since_us = (sent_ms + 1) * 1000
            self._gap_until_us = self._whole_since_us + self.latest_us() - self.earliest_us()

    def _forget_waiting(self) -> None:
        self._waiting.clear()
        self._is_whole_from_now()

    def _is_whole_from_now(self) -> None:
        self._whole_since_us = self.earliest_us()
        self._gap_until_us = self.latest_us()

    def _is_logged(self, end: StreamEnd, text: bytes, time_ms: int) -> bool:
        """Whether the one who published before has logged an event."""
        if end.has(stream_identity(self._name, text)):
            if end.is_over:
                self._end = None
            return True
        if end.is_continued:
            # What the log has comes first on a connection that misses nothing: this one does.
            end.is_continued = False
            self._gap_from_ms = self._time_ms
            self._tell_of_nobody(time_ms)
        if time_ms > self._ends_ms + LAG_MS:
            self._end = None
        return False

    def _tell_of_nobody(self, until_ms: int) -> None:
        since_ms = self._gap_from_ms or 0
        self.tell_gap(
            StreamGap(
                from_ms=since_ms,
                until_ms=max(since_ms, until_ms) + 1,
                reason="nobody published the stream",
            )
        )

    def _append(self, kind: str, text: bytes, time_ms: int) -> None:
        self._time_ms = max(self._time_ms, time_ms)
        if self._writer is not None:
            self._writer.append(LogEntry(kind, text, self._time_ms, self._time_ms, {}))


async def log_streams(
    streams: MarketStreams,
    ws_key: WsKey,
    names: Sequence[str],
    *,
    keep: int | None,
    keep_hours: float | None,
) -> None:
    """Have the events of these names logged, as soon as nobody else does; wait until they flow.

    Raises:
        ConfigurationError: The client has no event log, or the connection carries no market streams.
        ParameterError: A name cannot be right, or so much cannot be kept.
        NotSent: No connection came up in time.
        RequestRejected: The exchange refused a name.
    """
    event_log = streams.runtime.event_log
    if event_log is None:
        raise ConfigurationError("this client logs no events: pass event_log='redis://host:6379/0'")
    _check_keep(keep, keep_hours)
    stream_market(ws_key)
    async with streams.logging:
        logged = []
        for name in checked_names(names):
            key = key_of(ws_key, name)
            there = streams.consumers(key).get(name, ())
            if not any(isinstance(each, LoggedStream) for each in there):
                logged.append((key, name, LoggedStream(streams.runtime, key, name)))
        try:
            async with asyncio.TaskGroup() as group:
                for key, name, each in logged:
                    group.create_task(streams.attach(each, key, [name]))
        except BaseException as error:
            for _, _, each in logged:
                streams.leave(each)
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from None
            raise
        for _, _, each in logged:
            each.begin(event_log, keep, keep_hours)


def stream_log_name(ws_key: WsKey, name: str) -> str:
    """Return what tells the streams of an exchange apart: several connections carry the same ones."""
    return f"{endpoint(ws_key).market.value}:{name}"


def _exchange_of(runtime: Runtime, ws_key: WsKey) -> str:
    if runtime.options.urls:
        return CUSTOM
    environment = environment_of(ws_key, runtime.options.environment)
    # The hosts of market makers lead to the same markets.
    return PRODUCTION if environment is Environment.MARKET_MAKER else environment.value


def _check_keep(keep: int | None, keep_hours: float | None) -> None:
    if keep is not None and (
        isinstance(keep, bool) or not isinstance(keep, int) or not 1 <= keep <= MOST_ENTRIES
    ):
        raise ParameterError(
            f"keep={keep!r} is no number of entries: use a whole number from 1 to {MOST_ENTRIES}, or None",
            parameter="keep",
            value=keep,
        )
    if keep_hours is not None and (
        isinstance(keep_hours, bool)
        or not isinstance(keep_hours, int | float)
        or not 0 < keep_hours <= LONGEST_H
    ):
        raise ParameterError(
            f"keep_hours={keep_hours!r} is no number of hours: use one above 0, up to {LONGEST_H}, or None",
            parameter="keep_hours",
            value=keep_hours,
        )
