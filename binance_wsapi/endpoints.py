"""Where the exchange listens: one ``WsKey`` a connection, one URL for each environment.

Spot with margin, USD-M and COIN-M futures have a WebSocket API; other products have streams alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.markets import Market

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "SIMULATOR_VARIABLE",
    "Endpoint",
    "EndpointKind",
    "Environment",
    "WsKey",
    "api_key_beside",
    "check_takes_requests",
    "default_ws_key",
    "endpoint",
    "environment_of",
    "key_in_front",
    "listen_key_url",
    "rest_url",
    "routed_key",
    "url_of",
    "user_data_key",
    "wsapi_keys",
]


ENVIRONMENT_VARIABLE = "BINANCE_WSAPI_ENV"
"""``testnet``, ``demo`` or ``simulator``: where clients of this process go instead."""
SIMULATOR_VARIABLE = "BINANCE_WSAPI_SIMULATOR"
"""Where the embedded exchange listens that ``BINANCE_WSAPI_ENV=simulator`` means."""


class WsKey(StrEnum):
    """A connection of a client, by what it serves."""

    MAIN_WSAPI = "mainWSAPI"
    """Spot WebSocket API."""
    MAIN_WSAPI2 = "mainWSAPI2"
    """Spot WebSocket API, alternate port: a second connection."""
    MAIN_WSAPI_TESTNET = "mainWSAPITestnet"
    """Spot WebSocket API of the testnet, whatever the ``testnet`` option says."""
    MARGIN_USER_DATA = "marginUserData"
    """Margin user data: the Spot WebSocket API, subscribed with a listen token."""
    USDM_WSAPI = "usdmWSAPI"
    """USD-M futures WebSocket API."""
    USDM_WSAPI_TESTNET = "usdmWSAPITestnet"
    """USD-M futures WebSocket API of the testnet, whatever the ``testnet`` option says."""
    COINM_WSAPI = "coinmWSAPI"
    """COIN-M futures WebSocket API."""
    COINM_WSAPI_TESTNET = "coinmWSAPITestnet"
    """COIN-M futures WebSocket API of the testnet, whatever the ``testnet`` option says."""
    MAIN = "main"
    """Spot market streams."""
    MAIN2 = "main2"
    """Spot market streams, alternate port."""
    MAIN3 = "main3"
    """Spot market streams, market data only host."""
    MAIN_TESTNET_PUBLIC = "mainTestnetPublic"
    """Spot market streams of the testnet, whatever the ``testnet`` option says."""
    MAIN_TESTNET_USER_DATA = "mainTestnetUserData"
    """Spot market streams of the testnet, alternate port.

    Spot user data no longer comes by listen key: it is read on ``MAIN_WSAPI_TESTNET``.
    """
    MARGIN_RISK_USER_DATA = "marginRiskUserData"
    """Cross margin risk data stream (listen key)."""
    USDM = "usdm"
    """USD-M futures market streams; each stream goes to its own route (public or market)."""
    USDM_PUBLIC = "usdmPublic"
    """USD-M futures order book and best price streams."""
    USDM_MARKET = "usdmMarket"
    """USD-M futures market streams other than books and best prices."""
    USDM_PRIVATE = "usdmPrivate"
    """USD-M futures user data (listen key)."""
    USDM_TESTNET = "usdmTestnet"
    """``USDM`` of the testnet, whatever the ``testnet`` option says."""
    USDM_TESTNET_PUBLIC = "usdmTestnetPublic"
    """``USDM_PUBLIC`` of the testnet, whatever the ``testnet`` option says."""
    USDM_TESTNET_MARKET = "usdmTestnetMarket"
    """``USDM_MARKET`` of the testnet, whatever the ``testnet`` option says."""
    USDM_TESTNET_PRIVATE = "usdmTestnetPrivate"
    """``USDM_PRIVATE`` of the testnet, whatever the ``testnet`` option says."""
    COINM = "coinm"
    """COIN-M futures market streams and user data."""
    COINM2 = "coinm2"
    """COIN-M futures user data on the authenticated host (listen key)."""
    COINM_TESTNET = "coinmTestnet"
    """``COINM`` of the testnet, whatever the ``testnet`` option says."""
    PORTFOLIO_MARGIN_USER_DATA = "portfolioMarginUserData"
    """User data of a portfolio margin account (listen key)."""
    PORTFOLIO_MARGIN_PRO_USER_DATA = "portfolioMarginProUserData"
    """Risk and equity of a portfolio margin pro account (listen key)."""
    EOPTIONS = "eoptions"
    """Options market streams; each stream goes to its own route (public or market)."""
    EOPTIONS_PUBLIC = "eoptionsPublic"
    """Order books, best prices, trades and statistics of options."""
    EOPTIONS_MARKET = "eoptionsMarket"
    """Options market streams other than those: marks, index prices, candles, open interest, listings."""
    EOPTIONS_USER_DATA = "eoptionsUserData"
    """User data of an options account (listen key)."""
    ALPHA = "alpha"
    """Market streams of Alpha tokens."""

    @classmethod
    def _missing_(cls, value: object) -> WsKey:
        known = ", ".join(f"WsKey.{each.name}" for each in cls)
        raise ConfigurationError(f"ws_key={value!r} is no connection: use one of {known}")


class EndpointKind(Enum):
    """What is spoken on a connection."""

    WS_API = "ws_api"
    """Requests and answers."""
    STREAMS = "streams"
    """Market streams, subscribed by name; frames are wrapped as ``{"stream": …, "data": …}``."""
    LISTEN_KEY = "listen_key"
    """User data of the listen key in the URL: see :func:`listen_key_url`."""


class Environment(Enum):
    """Which exchange the hosts belong to."""

    PRODUCTION = "production"
    TESTNET = "testnet"
    DEMO = "demo"
    MARKET_MAKER = "market_maker"
    """Hosts for whitelisted market makers (futures only)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One connection's market, protocol and URLs; an environment left out does not exist there."""

    market: Market
    kind: EndpointKind
    urls: Mapping[Environment, str]
    listen_key_in_path: bool = True
    """The host reads the listen key from the path."""
    listen_key_in_query: bool = False
    """The host reads the listen key from the query."""
    listen_key_is_subscribed: bool = False
    """The listen key is subscribed on the connection, too, as the name of a stream."""
    listen_keys: str | None = None
    """Where REST hands out its listen keys: module and name; ``None`` where a WebSocket API does."""
    user_events: str | None = None
    """What makes typed events of its user data: module and name; ``None`` for what its market says."""
    books: str | None = None
    """What is asked about its account's orders, where that is not what its market says: module and name."""


def endpoint(ws_key: WsKey) -> Endpoint:
    """Return what is known about a connection.

    Raises:
        ConfigurationError: There is no such connection.
    """
    # Members are found as they are: asked with every event, so without the detour.
    return _ENDPOINTS[ws_key if isinstance(ws_key, WsKey) else WsKey(ws_key)]


def url_of(ws_key: WsKey, environment: Environment) -> str:
    """Return the URL of a connection, path included.

    Keys with ``TESTNET`` in their name mean the testnet in every environment.

    Raises:
        ConfigurationError: The environment has no such connection.
    """
    urls = endpoint(ws_key).urls
    try:
        return urls[environment]
    except KeyError:
        known = ", ".join(each.value for each in urls)
        raise ConfigurationError(
            f"{ws_key.value} has no address in the {environment.value} environment "
            f"(only in: {known}); give one with the 'urls' option"
        ) from None


def environment_of(ws_key: WsKey, environment: Environment) -> Environment:
    """Return the environment a connection belongs to, in a client of ``environment``."""
    return Environment.TESTNET if "TESTNET" in ws_key.name else environment


def listen_key_url(ws_key: WsKey, url: str, listen_key: str) -> str:
    """Return the URL that reads the user data of a listen key.

    Args:
        ws_key: The connection.
        url: Its URL, as from :func:`url_of` or the ``urls`` option.
        listen_key: The key, as the exchange gave it.
    """
    known = endpoint(ws_key)
    address, _, query = url.partition("?")
    # Market streams and user data share COIN-M's host: only the last part of the path differs.
    path = address.rstrip("/").removesuffix("/stream").removesuffix("/ws") + "/ws"
    if known.listen_key_in_path:
        path += f"/{listen_key}"
    if known.listen_key_in_query:
        query = "&".join(filter(None, (query, f"listenKey={listen_key}")))
    return f"{path}?{query}" if query else path


def rest_url(market: Market, environment: Environment) -> str:
    """Return the address of a market's REST API, without a path.

    Raises:
        ConfigurationError: The environment has no REST API for that market.
    """
    url = market.facts.rest_urls.get(environment.value)
    if url is None:
        raise ConfigurationError(
            f"{market.value} has no REST address in the {environment.value} environment"
        )
    return url


def wsapi_keys(market: Market) -> tuple[WsKey, ...]:
    """Return the connections that answer a market's operations, the default one first."""
    return tuple(
        ws_key
        for ws_key, known in _ENDPOINTS.items()
        if known.market is market and known.kind is EndpointKind.WS_API
    )


def default_ws_key(market: Market) -> WsKey:
    """Return the connection a market's requests are counted to unless told otherwise.

    It is the one its operations use, or its first where it has no WebSocket API.
    """
    return (
        wsapi_keys(market) or [key for key, known in _ENDPOINTS.items() if known.market is market]
    )[0]


def api_key_beside(ws_key: WsKey) -> WsKey:
    """Return the WebSocket API connection of the exchange that a connection belongs to.

    Itself if it is one, or if its market has none.
    """
    known = endpoint(ws_key)
    if known.kind is EndpointKind.WS_API or not known.market.facts.has_api:
        return ws_key
    is_testnet = "TESTNET" in ws_key.name
    return next(key for key in wsapi_keys(known.market) if ("TESTNET" in key.name) is is_testnet)


def check_takes_requests(ws_key: WsKey) -> None:
    """Refuse a connection that takes no requests.

    Raises:
        ConfigurationError: It is a stream connection, or none at all.
    """
    takers = [key for key in WsKey if endpoint(key).kind is EndpointKind.WS_API]
    if ws_key not in takers:
        allowed = ", ".join(f"WsKey.{key.name}" for key in takers)
        raise ConfigurationError(f"{ws_key!r} takes no requests: use one of {allowed}")


def user_data_key(ws_key: WsKey) -> WsKey:
    """Return the connection that carries the user data of a WebSocket API connection.

    Futures have a stream connection for it; on Spot and margin it is the same connection.

    Raises:
        ConfigurationError: ``ws_key`` is not a WebSocket API connection.
    """
    if endpoint(ws_key).kind is not EndpointKind.WS_API:
        raise ConfigurationError(f"{ws_key.value} is not a WebSocket API connection")
    return _FUTURES_USER_DATA.get(ws_key, ws_key)


def routed_key(ws_key: WsKey, route: StreamRoute | None) -> WsKey:
    """Return the connection that serves streams of a route.

    Only ``USDM``, ``USDM_TESTNET`` and ``EOPTIONS`` stand for several connections; every other key is returned
    as it is.
    """
    return ws_key if route is None else _ROUTES.get((ws_key, route), ws_key)


def key_in_front(ws_key: WsKey) -> tuple[WsKey, StreamRoute] | None:
    """Return the key that stands for a connection among others, and which route of it this is."""
    return next((place for place, routed in _ROUTES.items() if routed is ws_key), None)


_PRODUCTION, _TESTNET = Environment.PRODUCTION, Environment.TESTNET
_DEMO, _MARKET_MAKER = Environment.DEMO, Environment.MARKET_MAKER

_SPOT_TESTNET = "wss://stream.testnet.binance.vision"
_USDM_TESTNET = "wss://fstream.binancefuture.com"
_COINM_TESTNET = "wss://dstream.binancefuture.com"


def _everywhere(url: str) -> dict[Environment, str]:
    return dict.fromkeys(Environment, url)


def _usdm_streams(path: str) -> dict[Environment, str]:
    return {
        _PRODUCTION: f"wss://fstream.binance.com{path}",
        _TESTNET: f"{_USDM_TESTNET}{path}",
        # Demo trading of futures runs on the testnet: its WebSocket API is the testnet's, so a
        # listen key made there is known to the testnet's stream host.
        _DEMO: f"{_USDM_TESTNET}{path}",
        _MARKET_MAKER: f"wss://fstream-mm.binance.com{path}",
    }


def _option_streams(path: str) -> dict[Environment, str]:
    # The exchange's documents call its demo trading the testnet of options.
    demo = f"wss://demo-fstream.binance.com{path}"
    return {_PRODUCTION: f"wss://fstream.binance.com{path}", _TESTNET: demo, _DEMO: demo}


_ENDPOINTS: dict[WsKey, Endpoint] = {
    WsKey.MAIN_WSAPI: Endpoint(
        Market.SPOT,
        EndpointKind.WS_API,
        {
            _PRODUCTION: "wss://ws-api.binance.com:443/ws-api/v3",
            _TESTNET: "wss://ws-api.testnet.binance.vision/ws-api/v3",
            _DEMO: "wss://demo-ws-api.binance.com/ws-api/v3",
        },
    ),
    WsKey.MAIN_WSAPI2: Endpoint(
        Market.SPOT,
        EndpointKind.WS_API,
        {
            _PRODUCTION: "wss://ws-api.binance.com:9443/ws-api/v3",
            _TESTNET: "wss://ws-api.testnet.binance.vision:9443/ws-api/v3",
            # Not in the exchange's documents, which name no second port for demo trading.
            _DEMO: "wss://demo-ws-api.binance.com:9443/ws-api/v3",
        },
    ),
    WsKey.MAIN_WSAPI_TESTNET: Endpoint(
        Market.SPOT,
        EndpointKind.WS_API,
        _everywhere("wss://ws-api.testnet.binance.vision/ws-api/v3"),
    ),
    WsKey.MARGIN_USER_DATA: Endpoint(
        Market.SPOT,
        EndpointKind.WS_API,
        {_PRODUCTION: "wss://ws-api.binance.com:443/ws-api/v3"},
        user_events="binance_wsapi.models.margin_events:decode_margin_event",
    ),
    WsKey.USDM_WSAPI: Endpoint(
        Market.USDM,
        EndpointKind.WS_API,
        {
            _PRODUCTION: "wss://ws-fapi.binance.com/ws-fapi/v1",
            _TESTNET: "wss://testnet.binancefuture.com/ws-fapi/v1",
            _DEMO: "wss://testnet.binancefuture.com/ws-fapi/v1",
            _MARKET_MAKER: "wss://ws-fapi-mm.binance.com/ws-fapi/v1",
        },
    ),
    WsKey.USDM_WSAPI_TESTNET: Endpoint(
        Market.USDM,
        EndpointKind.WS_API,
        _everywhere("wss://testnet.binancefuture.com/ws-fapi/v1"),
    ),
    WsKey.COINM_WSAPI: Endpoint(
        Market.COINM,
        EndpointKind.WS_API,
        {
            _PRODUCTION: "wss://ws-dapi.binance.com/ws-dapi/v1",
            _TESTNET: "wss://testnet.binancefuture.com/ws-dapi/v1",
            _DEMO: "wss://testnet.binancefuture.com/ws-dapi/v1",
            _MARKET_MAKER: "wss://ws-dapi-mm.binance.com/ws-dapi/v1",
        },
    ),
    WsKey.COINM_WSAPI_TESTNET: Endpoint(
        Market.COINM,
        EndpointKind.WS_API,
        _everywhere("wss://testnet.binancefuture.com/ws-dapi/v1"),
    ),
    WsKey.MAIN: Endpoint(
        Market.SPOT,
        EndpointKind.STREAMS,
        {
            _PRODUCTION: "wss://stream.binance.com:9443/stream",
            _TESTNET: f"{_SPOT_TESTNET}/stream",
            _DEMO: "wss://demo-stream.binance.com/stream",
        },
    ),
    WsKey.MAIN2: Endpoint(
        Market.SPOT,
        EndpointKind.STREAMS,
        {
            _PRODUCTION: "wss://stream.binance.com:443/stream",
            _TESTNET: f"{_SPOT_TESTNET}:9443/stream",
            _DEMO: "wss://demo-stream.binance.com:9443/stream",
        },
    ),
    WsKey.MAIN3: Endpoint(
        Market.SPOT,
        EndpointKind.STREAMS,
        {_PRODUCTION: "wss://data-stream.binance.vision/stream"},
    ),
    WsKey.MAIN_TESTNET_PUBLIC: Endpoint(
        Market.SPOT, EndpointKind.STREAMS, _everywhere(f"{_SPOT_TESTNET}/stream")
    ),
    WsKey.MAIN_TESTNET_USER_DATA: Endpoint(
        Market.SPOT, EndpointKind.STREAMS, _everywhere(f"{_SPOT_TESTNET}:9443/stream")
    ),
    WsKey.MARGIN_RISK_USER_DATA: Endpoint(
        Market.SPOT,
        EndpointKind.LISTEN_KEY,
        {_PRODUCTION: "wss://margin-stream.binance.com/ws"},
        listen_keys="binance_wsapi.catalogue.listen_keys:RISK",
        user_events="binance_wsapi.models.margin_events:decode_margin_event",
    ),
    WsKey.USDM: Endpoint(Market.USDM, EndpointKind.STREAMS, _usdm_streams("/stream")),
    WsKey.USDM_PUBLIC: Endpoint(Market.USDM, EndpointKind.STREAMS, _usdm_streams("/public/stream")),
    WsKey.USDM_MARKET: Endpoint(Market.USDM, EndpointKind.STREAMS, _usdm_streams("/market/stream")),
    WsKey.USDM_PRIVATE: Endpoint(
        Market.USDM,
        EndpointKind.LISTEN_KEY,
        _usdm_streams("/private/ws"),
        # Production takes a key in the path, and never sends anything; the testnet takes both forms.
        listen_key_in_path=False,
        listen_key_in_query=True,
    ),
    WsKey.USDM_TESTNET: Endpoint(
        Market.USDM, EndpointKind.STREAMS, _everywhere(f"{_USDM_TESTNET}/stream")
    ),
    WsKey.USDM_TESTNET_PUBLIC: Endpoint(
        Market.USDM, EndpointKind.STREAMS, _everywhere(f"{_USDM_TESTNET}/public/stream")
    ),
    WsKey.USDM_TESTNET_MARKET: Endpoint(
        Market.USDM, EndpointKind.STREAMS, _everywhere(f"{_USDM_TESTNET}/market/stream")
    ),
    WsKey.USDM_TESTNET_PRIVATE: Endpoint(
        Market.USDM,
        EndpointKind.LISTEN_KEY,
        _everywhere(f"{_USDM_TESTNET}/private/ws"),
        listen_key_in_path=False,
        listen_key_in_query=True,
    ),
    WsKey.COINM: Endpoint(
        Market.COINM,
        EndpointKind.STREAMS,
        {
            _PRODUCTION: "wss://dstream.binance.com/stream",
            _TESTNET: f"{_COINM_TESTNET}/stream",
            _DEMO: f"{_COINM_TESTNET}/stream",
            _MARKET_MAKER: "wss://dstream-mm.binance.com/stream",
        },
    ),
    WsKey.COINM2: Endpoint(
        Market.COINM,
        EndpointKind.LISTEN_KEY,
        {_PRODUCTION: "wss://dstream-auth.binance.com/ws"},
        listen_key_in_query=True,
    ),
    WsKey.COINM_TESTNET: Endpoint(
        Market.COINM, EndpointKind.STREAMS, _everywhere(f"{_COINM_TESTNET}/stream")
    ),
    WsKey.PORTFOLIO_MARGIN_USER_DATA: Endpoint(
        Market.PORTFOLIO_MARGIN,
        EndpointKind.LISTEN_KEY,
        {_PRODUCTION: "wss://fstream.binance.com/pm/ws"},
        books="binance_wsapi.markets.books:PORTFOLIO_MARGIN",
        listen_keys="binance_wsapi.catalogue.listen_keys:PORTFOLIO_MARGIN",
    ),
    WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA: Endpoint(
        # Its key is asked for where those of USD-M are.
        Market.USDM,
        EndpointKind.LISTEN_KEY,
        {_PRODUCTION: "wss://fstream.binance.com/pm-classic/ws"},
        listen_keys="binance_wsapi.catalogue.listen_keys:PORTFOLIO_MARGIN_PRO",
        user_events="binance_wsapi.models.portfolio_margin_events:decode_portfolio_margin_pro_event",
    ),
    WsKey.EOPTIONS: Endpoint(
        Market.EOPTIONS, EndpointKind.STREAMS, _option_streams("/public/stream")
    ),
    WsKey.EOPTIONS_PUBLIC: Endpoint(
        Market.EOPTIONS, EndpointKind.STREAMS, _option_streams("/public/stream")
    ),
    WsKey.EOPTIONS_MARKET: Endpoint(
        Market.EOPTIONS, EndpointKind.STREAMS, _option_streams("/market/stream")
    ),
    WsKey.EOPTIONS_USER_DATA: Endpoint(
        Market.EOPTIONS,
        EndpointKind.LISTEN_KEY,
        _option_streams("/private/ws"),
        # The documents have the key in the path, which the host no longer reads for USD-M; the official
        # connector subscribes it. Both together bring each event once: it is one stream.
        listen_key_is_subscribed=True,
        books="binance_wsapi.markets.books:EOPTIONS",
        listen_keys="binance_wsapi.catalogue.listen_keys:EOPTIONS",
    ),
    WsKey.ALPHA: Endpoint(
        Market.ALPHA,
        EndpointKind.STREAMS,
        {_PRODUCTION: "wss://nbstream.binance.com/w3w/wsa/stream"},
    ),
}

_FUTURES_USER_DATA: dict[WsKey, WsKey] = {
    WsKey.USDM_WSAPI: WsKey.USDM_PRIVATE,
    WsKey.USDM_WSAPI_TESTNET: WsKey.USDM_TESTNET_PRIVATE,
    WsKey.COINM_WSAPI: WsKey.COINM,
    WsKey.COINM_WSAPI_TESTNET: WsKey.COINM_TESTNET,
}

_ROUTES: dict[tuple[WsKey, StreamRoute], WsKey] = {
    (WsKey.USDM, StreamRoute.PUBLIC): WsKey.USDM_PUBLIC,
    (WsKey.USDM, StreamRoute.MARKET): WsKey.USDM_MARKET,
    (WsKey.USDM, StreamRoute.PRIVATE): WsKey.USDM_PRIVATE,
    (WsKey.USDM_TESTNET, StreamRoute.PUBLIC): WsKey.USDM_TESTNET_PUBLIC,
    (WsKey.USDM_TESTNET, StreamRoute.MARKET): WsKey.USDM_TESTNET_MARKET,
    (WsKey.USDM_TESTNET, StreamRoute.PRIVATE): WsKey.USDM_TESTNET_PRIVATE,
    (WsKey.EOPTIONS, StreamRoute.PUBLIC): WsKey.EOPTIONS_PUBLIC,
    (WsKey.EOPTIONS, StreamRoute.MARKET): WsKey.EOPTIONS_MARKET,
}
