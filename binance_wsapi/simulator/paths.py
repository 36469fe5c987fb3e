"""Where the embedded exchange is found, and each connection on it."""

from __future__ import annotations

from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint
from binance_wsapi.markets import Market

__all__ = ["API_PATHS", "base_url", "path_of", "reached_at"]

API_PATHS = {
    Market.SPOT: "/ws-api/v3",
    Market.USDM: "/ws-fapi/v1",
    Market.COINM: "/ws-dapi/v1",
}
_SPECIAL_PATHS = {
    WsKey.MARGIN_RISK_USER_DATA: "/margin/ws",
    WsKey.USDM_PUBLIC: "/usdm/public/stream",
    WsKey.USDM_MARKET: "/usdm/market/stream",
    WsKey.USDM_PRIVATE: "/usdm/private/ws",
    WsKey.USDM_TESTNET_PUBLIC: "/usdm/public/stream",
    WsKey.USDM_TESTNET_MARKET: "/usdm/market/stream",
    WsKey.USDM_TESTNET_PRIVATE: "/usdm/private/ws",
    WsKey.COINM2: "/coinm/ws",
    WsKey.PORTFOLIO_MARGIN_USER_DATA: "/pm/ws",
    WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA: "/pm-classic/ws",
    WsKey.EOPTIONS_MARKET: "/eoptions/market/stream",
    WsKey.EOPTIONS_USER_DATA: "/eoptions/private/ws",
}
_STREAM_PATHS = {
    Market.SPOT: "/stream",
    Market.USDM: "/usdm/stream",
    Market.COINM: "/coinm/stream",
    Market.EOPTIONS: "/eoptions/public/stream",
    Market.ALPHA: "/alpha/stream",
}

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
"""What listens on all addresses of a machine has one that leads to it from there."""


def reached_at(host: str) -> str:
    """Return the address or name that leads to what listens on ``host``."""
    return _EVERY_ADDRESS.get(host, host)


def base_url(scheme: str, host: str, port: int) -> str:
    """Return the address of what listens on ``host``, without a path."""
    found = reached_at(host)
    return f"{scheme}://[{found}]:{port}" if ":" in found else f"{scheme}://{found}:{port}"


def path_of(ws_key: WsKey) -> str:
    """Return the path a connection has on this exchange."""
    special = _SPECIAL_PATHS.get(ws_key)
    if special is not None:
        return special
    known = endpoint(ws_key)
    paths = API_PATHS if known.kind is EndpointKind.WS_API else _STREAM_PATHS
    return paths[known.market]
