"""Which path of the exchange leads to what serves it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.gateway import Connection, Handshake, Route
from binance_wsapi.simulator.doors.sessions import ApiConnection
from binance_wsapi.simulator.doors.stream_connections import StreamServer
from binance_wsapi.simulator.futures.doors import PING_SECONDS, PONG_SECONDS, FuturesDoors
from binance_wsapi.simulator.futures.user_streams import UserStreamServer
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish, StreamHub
from binance_wsapi.simulator.paths import API_PATHS, path_of
from binance_wsapi.simulator.portfolio_margin import ProStreams
from binance_wsapi.simulator.spot.streams import SpotStreams

if TYPE_CHECKING:
    from binance_wsapi.simulator.venue import Venue

__all__ = ["add_routes"]

SPOT_CONNECT_WEIGHT = 2
FUTURES_CONNECT_WEIGHT = 5
_is_option_stream = re.compile(
    r"!index@arr|!optionSymbol|[^@]+-[0-9]{6}-.*|[^@]+@(option|openInterest).*"
).fullmatch


def add_routes(venue: Venue) -> None:
    """Let clients in on every path."""
    gateway, limits = venue.gateway, venue.futures_limits
    gateway.add_route(
        API_PATHS[Market.SPOT],
        Route(
            partial(_serve_api, venue, Market.SPOT),
            limits=venue.spot_limits,
            connect_weight=SPOT_CONNECT_WEIGHT,
            notice=lambda event: {"event": event},
        ),
    )
    for market in venue.futures:
        gateway.add_route(
            API_PATHS[market],
            Route(
                partial(_serve_api, venue, market),
                limits=limits,
                connect_weight=FUTURES_CONNECT_WEIGHT,
                ping_seconds=PING_SECONDS,
                pong_seconds=PONG_SECONDS,
            ),
        )
    streams = StreamServer(venue.clock, StreamHub(SpotStreams(venue.clock, venue.market_data)))
    futures = FuturesDoors(
        venue.stream_venues[Market.USDM],
        venue.stream_venues[Market.COINM],
        guests=partial(_open_option_stream, venue),
    )
    for path, route in (streams.routes(venue.spot_limits) | futures.routes(limits)).items():
        gateway.add_route(path, route)
    gateway.add_route(path_of(WsKey.ALPHA), Route(partial(_serve_alpha, venue)))
    _add_listen_key_routes(venue)
    options = Route(
        partial(_serve_options, venue),
        venue.option_limits,
        ping_seconds=PING_SECONDS,
        pong_seconds=PONG_SECONDS,
    )
    for part in ("public", "market", "private"):
        for form in ("ws", "stream"):
            gateway.add_route(f"/eoptions/{part}/{form}", options)


def _serve_api(venue: Venue, market: Market, handshake: Handshake) -> Connection:
    return ApiConnection(
        handshake,
        venue.services[market],
        venue.faults,
        listen_tokens=venue.margin.find,
        banned=venue.gateway.expel,
    )


# Both are made when somebody first comes to them.


def _serve_alpha(venue: Venue, handshake: Handshake) -> Connection:
    return venue.alpha.connect(handshake)


def _serve_options(venue: Venue, handshake: Handshake) -> Connection:
    return venue.eoptions.connect(handshake)


def _open_option_stream(venue: Venue, is_public: bool, name: str, publish: Publish) -> Feed | None:
    """Open an options stream on the host of USD-M, which serves both markets on the same paths."""
    return venue.eoptions.open(is_public, name, publish) if _is_option_stream(name) else None


def _add_listen_key_routes(venue: Venue) -> None:
    clock, portfolio = venue.clock, venue.portfolio_margin
    usdm_keys = venue.futures[Market.USDM].listen_keys
    servers = {
        "/margin": UserStreamServer(clock, venue.margin.risk_keys, reads_path=True),
        "/pm": UserStreamServer(clock, portfolio.keys, reads_path=True),
        "/pm-classic": UserStreamServer(
            clock,
            usdm_keys,
            reads_path=True,
            make_table=lambda keys, filters: ProStreams(portfolio, keys),
        ),
    }
    for prefix, server in servers.items():
        limits = venue.spot_limits if prefix == "/margin" else venue.futures_limits
        venue.gateway.add_route(f"{prefix}/ws", Route(server.raw, limits))
        venue.gateway.add_route(f"{prefix}/stream", Route(server.combined, limits))
