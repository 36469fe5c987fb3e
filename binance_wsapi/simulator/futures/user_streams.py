"""User data over listen keys: the private route of USD-M, and names among COIN-M's streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Handshake
from binance_wsapi.simulator.futures.connections import (
    MESSAGES_PER_SECOND,
    FuturesStreamConnection,
)
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.market_data.stream_feeds import CallFeed
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish, StreamHub, StreamTable

__all__ = ["UserStreamServer", "UserStreams"]

_LISTEN_KEY = re.compile(r"[A-Za-z0-9]+")
Filters = Mapping[str, frozenset[str]]
"""Events wanted, by listen key; all of a key that is not in it."""


class UserStreams:
    """A stream table whose streams are named by listen keys.

    A key that does not exist is taken and stays silent, as on the real exchange.

    Args:
        keys: The market's listen keys.
        filters: Events wanted of single keys. ``listenKeyExpired`` comes only when named, too.
    """

    def __init__(self, keys: ListenKeys, filters: Filters | None = None) -> None:
        self._keys = keys
        self._filters = filters or {}

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin to pass a key's events on; ``None`` when the name can be no key."""
        if not _LISTEN_KEY.fullmatch(name):
            return None
        wanted = self._filters.get(name)

        def tell(event: dict[str, Any]) -> None:
            if wanted is None or event["e"] in wanted:
                publish(event)

        self._keys.listen(name, tell)
        return CallFeed(lambda: self._keys.unlisten(name, tell))


class UserStreamServer:
    """The doors of the private route.

    ``raw`` serves ``/ws?listenKey=<key>&events=<A>/<B>``, ``combined`` serves
    ``/stream?listenKey=<key>&events=<A>&listenKey=...`` and ``/stream?streams=<key>``.

    Args:
        clock: The exchange's clock.
        keys: The market's listen keys.
        reads_path: Whether ``/ws/<key>`` is served. Where it is not, it is let in and stays silent:
            so does USD-M in production since May 2026, while its testnet still serves it.
        make_table: Makes the streams of a connection, from the events that it wants of each key.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        keys: ListenKeys,
        *,
        reads_path: bool,
        make_table: Callable[[ListenKeys, Filters], StreamTable] = UserStreams,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._make_table = make_table
        self._reads_path = reads_path

    def raw(self, handshake: Handshake) -> FuturesStreamConnection:
        """Let a client in that wants bare events."""
        key = handshake.path.partition("/ws")[2] if self._reads_path else ""
        return self._connect(handshake, key, is_combined=False)

    def combined(self, handshake: Handshake) -> FuturesStreamConnection:
        """Let a client in that wants each event wrapped with its key."""
        return self._connect(handshake, handshake.query.get("streams", ""), is_combined=True)

    def _connect(
        self, handshake: Handshake, names: str, *, is_combined: bool
    ) -> FuturesStreamConnection:
        keys = [name for name in names.split("/") if name]
        named, filters = _keys_and_filters(handshake.query_text)
        # The filters are this connection's own, and so is the hub that applies them.
        return FuturesStreamConnection(
            handshake,
            StreamHub(self._make_table(self._keys, filters)),
            self._clock,
            streams=[*keys, *named],
            is_combined=is_combined,
            on_closed=lambda connection: None,
            messages_per_second=MESSAGES_PER_SECOND,
        )


def _keys_and_filters(query: str) -> tuple[list[str], dict[str, frozenset[str]]]:
    """Return the listen keys of a query and the events it asks of each."""
    keys: list[str] = []
    filters: dict[str, frozenset[str]] = {}
    for name, value in parse_qsl(query):
        if name == "listenKey":
            keys.append(value)
        elif name == "events" and keys:
            filters[keys[-1]] = frozenset(value.split("/"))
    return keys, filters
