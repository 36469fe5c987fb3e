"""The whole exchange without sockets or threads: markets, keys, limits and doors, wired together.

It lives on one thread: the server's, or that of a test that drives it in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue._types import Market
from binance_wsapi.simulator.accounts import Account, EventSource
from binance_wsapi.simulator.authentication import KeyRing
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.faults import Faults
from binance_wsapi.simulator.gateway import Gateway, Handshake, Route
from binance_wsapi.simulator.journal import Journal
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.request_limits import RequestLimits
from binance_wsapi.simulator.service import Service
from binance_wsapi.simulator.sessions import ApiConnection, TokenLookup
from binance_wsapi.simulator.spot.market import SpotMarket
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS, SymbolSpec
from binance_wsapi.simulator.spot_streams import SpotStreams
from binance_wsapi.simulator.stream_hub import StreamHub
from binance_wsapi.simulator.streams import StreamServer

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest, StreamResponse

    from binance_wsapi.simulator.market_maker import MarketMaker

__all__ = ["Venue"]

SPOT_API = "/ws-api/v3"
SPOT_CONNECT_WEIGHT = 2


class Venue:
    """All parts of the exchange.

    Args:
        clock: Its clock.
        seed: Where all chance comes from.
        symbols: What is traded on Spot.

    Attributes:
        spot: The Spot engine.
        market_data: Spot's public history.
        keys: All API keys.
        spot_limits: Request weight, order counts and connection attempts of Spot.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        *,
        seed: int = 0,
        symbols: Sequence[SymbolSpec] | None = None,
    ) -> None:
        self.clock = clock
        self.rng = Random(seed)
        self.journal = Journal()
        self.faults = Faults(clock.skew)
        self.gateway = Gateway(clock, self.faults, self.journal)
        self.keys = KeyRing()
        self.spot_limits = RequestLimits(clock)
        self.spot = SpotMarket(clock, self.rng, DEFAULT_SYMBOLS if symbols is None else symbols)
        self.market_data = MarketData(clock, self.spot)
        self.spot.prices = self.market_data
        self.spot.order_counter = self.spot_limits
        self.services: dict[Market, Service] = {Market.SPOT: self._spot_service()}
        self.market_maker: MarketMaker | None = None
        self.listen_tokens: TokenLookup | None = None
        self._open_spot_doors()

    def open_account(self, balances: Mapping[str, str | int | Decimal] | None = None) -> Account:
        """Open an account with these free amounts."""
        return self.spot.open_account(dict(balances or {}))

    def start_market_maker(self) -> None:
        """Keep a book on every Spot symbol from now on."""
        from binance_wsapi.simulator.market_maker import MarketMaker

        self.market_maker = MarketMaker(self.clock, self.spot, Random(self.rng.random()))
        self.market_maker.start()

    async def serve_rest(self, request: BaseRequest) -> StreamResponse:
        """Answer a request of the REST API."""
        from aiohttp.web import Response

        return Response(status=404)

    def api_connection(self, handshake: Handshake, market: Market) -> ApiConnection:
        """Serve a WebSocket API connection."""
        return ApiConnection(
            handshake,
            self.services[market],
            self.faults,
            listen_tokens=lambda token: self.listen_tokens and self.listen_tokens(token),
            banned=self.gateway.expel,
        )

    def _spot_service(self) -> Service:
        market_data, spot = self.market_data, self.spot

        def handle(method: str, params: dict[str, Any], account: EventSource | None) -> object:
            if method in market_data.methods:
                return market_data.handle(method, params)
            return spot.handle(method, params, account if isinstance(account, Account) else None)

        return Service(
            Market.SPOT,
            operations={each.method: each for each in operations(Market.SPOT)},
            handle=handle,
            order_cost=spot.order_cost,
            account=lambda uid: spot.accounts[uid],
            keys=self.keys,
            limits=self.spot_limits,
            clock=self.clock,
        )

    def _open_spot_doors(self) -> None:
        limits = self.spot_limits
        self.gateway.add_route(
            SPOT_API,
            Route(
                lambda handshake: self.api_connection(handshake, Market.SPOT),
                limits=limits,
                connect_weight=SPOT_CONNECT_WEIGHT,
                notice=lambda event: {"event": event},
            ),
        )
        streams = StreamServer(self.clock, StreamHub(SpotStreams(self.clock, self.market_data)))
        for path, route in streams.routes(limits).items():
            self.gateway.add_route(path, route)
