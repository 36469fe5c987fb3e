"""When and where a client's connections are dialled, and for how long they serve."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import random
from collections.abc import Callable

from binance_wsapi.core.exchanges import Exchanges
from binance_wsapi.core.transport import HandshakeRefused
from binance_wsapi.endpoints import WsKey, endpoint
from binance_wsapi.errors import BinanceWsApiError, IpBanned, RequestRejected, ServerUndecided
from binance_wsapi.options import Options
from binance_wsapi.protocol.backoff import Backoff, ConnectionBudget
from binance_wsapi.protocol.session import RetryPolicy
from binance_wsapi.protocol.silence import Silence

__all__ = ["Dialling"]

log = logging.getLogger("binance_wsapi.core")


class _Retry:
    """How long a session waits before its next attempt."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff

    def failed(self, now: float) -> float:
        return self._backoff.next_delay(random.random())

    def succeeded(self, now: float) -> None:
        self._backoff.reset()


class Dialling:
    """What all connections of a client have to agree on; owned by the loop's thread.

    Args:
        options: The client's options.
        exchanges: Whose limits and bans count.
        now: Monotonic seconds.
        wall_us: Epoch microseconds.
    """

    def __init__(
        self,
        options: Options,
        exchanges: Exchanges,
        now: Callable[[], float],
        wall_us: Callable[[], int],
    ) -> None:
        self._options = options
        self._exchanges = exchanges
        self._now = now
        self._wall_us = wall_us
        self._connections = ConnectionBudget()
        self._links = itertools.count(1)
        self.on_silence: Callable[[Silence], None] = lambda silence: None
        """Told of each limit or ban: what would wait for its end in vain is to end."""
        exchanges.on_silence = self._heard

    def url(self, ws_key: WsKey) -> str:
        """Return where a connection dials."""
        url = self._options.url(ws_key)
        time_unit = self._options.time_unit
        if time_unit is not None and endpoint(ws_key).market.facts.takes_microseconds:
            url += f"{'&' if '?' in url else '?'}timeUnit={time_unit}"
        return url

    def next_link(self) -> int:
        """Return a number for a link."""
        return next(self._links)

    def retry_policy(self) -> RetryPolicy:
        """Return how a new session backs off."""
        options = self._options
        return _Retry(
            Backoff(
                first_s=options.reconnect_delay,
                factor=options.reconnect_factor,
                max_s=options.reconnect_delay_max,
            )
        )

    def rotation_delay(self) -> float | None:
        """Return the seconds after which a serving link is replaced."""
        options = self._options
        if options.rotate_at is None:
            return options.rotate_after
        now = dt.datetime.fromtimestamp(self._wall_us() / 1e6, dt.UTC)
        moment = options.rotate_at.replace(tzinfo=options.rotate_at.tzinfo or dt.UTC)
        due = dt.datetime.combine(now.astimezone(moment.tzinfo).date(), moment)
        while due <= now + dt.timedelta(minutes=1):
            due += dt.timedelta(days=1)
        return (due - now).total_seconds()

    def delay(self, ws_key: WsKey) -> float:
        """Return the seconds to wait before limits and bans allow a connection attempt."""
        now, limits = self._now(), self._exchanges.limits_of(ws_key)
        return max(
            self._connections.delay(now),
            limits.connections.delay(now),
            limits.governor.silence.handshake_delay(now),
            limits.connection_lease_delay(),
        )

    def used_up(self, ws_key: WsKey) -> str:
        """Return which budget of connection attempts is used up, in a few words; empty if none is."""
        now, limits = self._now(), self._exchanges.limits_of(ws_key)
        for budget in (self._connections, limits.connections):
            if (wait := budget.delay(now)) > 0:
                return (
                    f"the {budget.allowed} connection attempts in {budget.seconds / 60:g} minutes of one "
                    f"address are used up, the next one is due in {wait:.1f} s"
                )
        if limits.connection_lease_delay() > 0:
            return "this client's share of the address's connection attempts is used up"
        return ""

    def dialled(self, ws_key: WsKey) -> None:
        """Count a connection attempt."""
        self._connections.record(self._now())
        self._exchanges.limits_of(ws_key).count_connection()

    def refused(self, ws_key: WsKey, error: BinanceWsApiError) -> None:
        """Take note of a limit or a ban that an answer to a request or to a REST call tells of."""
        if isinstance(error, (RequestRejected, ServerUndecided)):
            wait = self._exchanges.governor_of(ws_key).silence.refused(
                status=error.status,
                code=error.code,
                wait=error.retry_after if isinstance(error, RequestRejected) else None,
                is_ban=isinstance(error, IpBanned),
                now=self._now(),
                wall_us=self._exchanges.now_us(ws_key),
            )
            self._silenced(ws_key, str(error), wait)

    def handshake_refused(self, ws_key: WsKey, error: HandshakeRefused) -> None:
        """Take note of what the exchange said to a connection attempt."""
        wait = self._exchanges.governor_of(ws_key).silence.handshake_refused(
            status=error.status,
            wait=error.retry_after,
            now=self._now(),
            wall_us=self._exchanges.now_us(ws_key),
        )
        self._silenced(ws_key, str(error), wait)

    def _silenced(self, ws_key: WsKey, why: str, wait: float | None) -> None:
        """Tell of a limit or a ban, and end what would wait for it in vain."""
        if wait is None:
            return
        silence = self._exchanges.governor_of(ws_key).silence
        log.warning("%s: %s for %.1f s: %s", ws_key, silence.reason(self._now()), wait, why)
        self.on_silence(silence)
        self._exchanges.spread_silence(ws_key)

    def _heard(self, silence: Silence) -> None:
        """A neighbour was told of a limit or a ban."""
        self.on_silence(silence)
