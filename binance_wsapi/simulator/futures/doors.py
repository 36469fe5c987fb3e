"""Where the futures streams are to be found: every path of both hosts, with the class that serves it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from binance_wsapi.simulator.doors.gateway import Route
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.stream_connections import StreamServer
from binance_wsapi.simulator.futures.connections import (
    MESSAGES_PER_SECOND,
    FuturesStreamConnection,
)
from binance_wsapi.simulator.futures.stream_name_parser import PUBLIC_KINDS
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.futures.streams import FuturesStreams
from binance_wsapi.simulator.futures.user_streams import UserStreams, UserStreamServer
from binance_wsapi.simulator.market_data.pulses import Pulses
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish, StreamHub

__all__ = ["PING_SECONDS", "PONG_SECONDS", "FuturesDoors"]

PING_SECONDS = 180.0
PONG_SECONDS = 600.0
"""How long a connection lives without a pong; the WebSocket API of futures keeps the same times."""


class FuturesDoors:
    """All stream paths of both futures markets.

    USD-M has a route each for ``public`` and ``market`` data and one for ``private`` data; a stream asked
    for on the wrong route is taken and stays silent, and paths without a route serve public data. COIN-M
    has one host for everything, listen keys included.

    Args:
        usdm: What its streams know of USD-M.
        coinm: What its streams know of COIN-M.
        guests: Opens what the host of USD-M serves for another market, on its public route or the other:
            options share it.
    """

    def __init__(
        self,
        usdm: StreamVenue,
        coinm: StreamVenue,
        guests: Callable[[bool, str, Publish], Feed | None] = lambda is_public, name, publish: None,
    ) -> None:
        clock = usdm.market.clock
        self.usdm, self.coinm = usdm, coinm
        pulses = Pulses(clock)

        def server(table: FuturesStreams) -> StreamServer:
            return StreamServer(
                clock,
                StreamHub(table),
                messages_per_second=MESSAGES_PER_SECOND,
                connection_class=FuturesStreamConnection,
            )

        public = server(
            FuturesStreams(
                self.usdm,
                self.coinm,
                pulses,
                serves=PUBLIC_KINDS.__contains__,
                others=partial(guests, True),
            )
        )
        market = server(
            FuturesStreams(
                self.usdm,
                self.coinm,
                pulses,
                serves=lambda kind: kind not in PUBLIC_KINDS,
                others=partial(guests, False),
            )
        )
        coinm_streams = server(
            FuturesStreams(
                self.coinm, self.usdm, pulses, others=UserStreams(coinm.market.listen_keys).open
            )
        )
        self._servers: dict[str, StreamServer | UserStreamServer] = {
            "/usdm/public": public,
            "/usdm/market": market,
            "/usdm/private": UserStreamServer(clock, usdm.market.listen_keys, reads_path=False),
            "/usdm": public,
            "/coinm": coinm_streams,
        }

    def routes(self, limits: RequestLimits | None = None) -> dict[str, Route]:
        """Return what serves each path, for the gateway.

        Args:
            limits: Where connection attempts are counted.
        """
        return {
            f"{prefix}/{form}": Route(
                factory, limits, ping_seconds=PING_SECONDS, pong_seconds=PONG_SECONDS
            )
            for prefix, server in self._servers.items()
            for form, factory in (("ws", server.raw), ("stream", server.combined))
        }
