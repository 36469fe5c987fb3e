"""Where the exchange listens: one ``WsKey`` a connection, one URL for each environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from binance_wsapi.catalogue._types import Market

__all__ = ["Endpoint", "EndpointKind", "Environment", "WsKey", "endpoint", "url_of"]


class WsKey(str, Enum):
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
    COINM_WSAPI = "coinmWSAPI"
    """COIN-M futures WebSocket API."""
    COINM_WSAPI_TESTNET = "coinmWSAPITestnet"
    MAIN = "main"
    """Spot market streams."""
    MAIN2 = "main2"
    """Spot market streams, alternate port."""
    MAIN3 = "main3"
    """Spot market streams, market data only host."""
    MAIN_TESTNET_PUBLIC = "mainTestnetPublic"
    MAIN_TESTNET_USER_DATA = "mainTestnetUserData"
    MARGIN_RISK_USER_DATA = "marginRiskUserData"
    """Cross margin risk data stream (listen key)."""
    USDM = "usdm"
    """USD-M futures market streams; each stream goes to its own route (public or market)."""
    USDM_PUBLIC = "usdmPublic"
    USDM_MARKET = "usdmMarket"
    USDM_PRIVATE = "usdmPrivate"
    """USD-M futures user data (listen key)."""
    USDM_TESTNET = "usdmTestnet"
    USDM_TESTNET_PUBLIC = "usdmTestnetPublic"
    USDM_TESTNET_MARKET = "usdmTestnetMarket"
    USDM_TESTNET_PRIVATE = "usdmTestnetPrivate"
    COINM = "coinm"
    """COIN-M futures market streams and user data."""
    COINM2 = "coinm2"
    """COIN-M futures user data on the authenticated host (listen key)."""
    COINM_TESTNET = "coinmTestnet"

    def __str__(self) -> str:
        return str(self.value)


class EndpointKind(Enum):
    """What is spoken on a connection."""

    WS_API = "ws_api"
    STREAMS = "streams"
    LISTEN_KEY = "listen_key"


class Environment(Enum):
    """Which exchange the hosts belong to."""

    PRODUCTION = "production"
    TESTNET = "testnet"
    DEMO = "demo"
    MARKET_MAKER = "market_maker"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One connection's market, protocol and URLs; an environment left out does not exist there."""

    market: Market
    kind: EndpointKind
    urls: dict[Environment, str]


def endpoint(ws_key: WsKey) -> Endpoint:
    """Return what is known about a connection."""
    raise NotImplementedError


def url_of(ws_key: WsKey, environment: Environment) -> str:
    """Return the URL of a connection, or raise ``ConfigurationError`` where the environment has none."""
    raise NotImplementedError
