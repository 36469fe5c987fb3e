"""The options exchange with its doors, made when somebody first comes to one of them."""

from __future__ import annotations

from random import Random
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Connection, Handshake
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.stream_connections import StreamServer
from binance_wsapi.simulator.eoptions.maker import OptionMaker
from binance_wsapi.simulator.eoptions.market import OptionMarket
from binance_wsapi.simulator.eoptions.rest import OptionRest
from binance_wsapi.simulator.eoptions.stream_rows import OptionRows
from binance_wsapi.simulator.eoptions.streams import PUBLIC_KINDS, OptionStreams
from binance_wsapi.simulator.futures.connections import (
    MESSAGES_PER_SECOND,
    FuturesStreamConnection,
)
from binance_wsapi.simulator.futures.user_streams import UserStreamServer
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish, StreamHub

__all__ = ["OptionVenue"]

MOST_STREAMS = 200
"""On one connection."""


class OptionVenue:
    """The options market, its streams and its REST API.

    There is a route each for ``public`` and ``market`` data and one for ``private`` data; a stream asked for
    on the wrong route is taken and stays silent. A listen key is read from the path.

    Args:
        clock: The exchange's clock.
        rng: Where listen keys come from.
        limits: What ``exchangeInfo`` tells of limits.

    Attributes:
        market: The engine.
        rows: What streams and REST tell of it.
        rest: Its REST API.
    """

    def __init__(self, clock: SimulatedClock, rng: Random, limits: RequestLimits) -> None:
        self._clock = clock
        self._maker: OptionMaker | None = None
        self.market = OptionMarket(clock, rng)
        self.rows = OptionRows(self.market)
        self._limits = limits
        self.open_doors()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: all but the doors."""
        doors = ("_tables", "_servers", "rest")
        return {name: part for name, part in vars(self).items() if name not in doors}

    def open_doors(self) -> None:
        """Serve streams and REST: to be called once more when it was read from a file."""
        clock, rows = self._clock, self.rows
        pulses = Pulses(clock)
        self._tables = {
            True: OptionStreams(rows, pulses, lambda kind: kind in PUBLIC_KINDS),
            False: OptionStreams(rows, pulses, lambda kind: kind not in PUBLIC_KINDS),
        }

        def server(*, is_public: bool) -> StreamServer:
            table = self._tables[is_public]
            return StreamServer(
                clock,
                StreamHub(table),
                messages_per_second=MESSAGES_PER_SECOND,
                most_streams=MOST_STREAMS,
                connection_class=FuturesStreamConnection,
            )

        self._servers: dict[str, StreamServer | UserStreamServer] = {
            "public": server(is_public=True),
            "market": server(is_public=False),
            "private": UserStreamServer(clock, self.market.listen_keys, reads_path=True),
        }
        self.rest = OptionRest(rows, self._limits)

    def connect(self, handshake: Handshake) -> Connection:
        """Let a client in at ``/eoptions/<route>/ws`` or ``/eoptions/<route>/stream``."""
        _, _, route, form, *_ = handshake.path.split("/")
        server = self._servers[route]
        return server.raw(handshake) if form == "ws" else server.combined(handshake)

    def open(self, is_public: bool, name: str, publish: Publish) -> Feed | None:
        """Begin a stream of a route; ``None`` when there is none of that name on it."""
        return self._tables[is_public].open(name, publish)

    def start_maker(self) -> None:
        """Keep a book on every option from now on."""
        if self._maker is None:
            self._maker = OptionMaker(self._clock, self.market)
            self._maker.start()
