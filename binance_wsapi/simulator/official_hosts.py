"""The exchange's own hosts: their names, and where their paths lead here, all markets being on one port."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from binance_wsapi.endpoints import Environment, WsKey, endpoint
from binance_wsapi.markets import Market
from binance_wsapi.simulator.paths import path_of

__all__ = ["OFFICIAL_HOSTS", "OFFICIAL_PORTS", "path_at"]

OFFICIAL_PORTS = (443, 9443)
_REST_ALONE = (
    *(f"api{number}.binance.com" for number in range(1, 5)),
    "api-gcp.binance.com",
    "data-api.binance.vision",
)
"""Further hosts of the Spot REST API."""


def _base(path: str) -> str:
    """Return a path without the form of its frames."""
    return path.removesuffix("/ws").removesuffix("/stream")


def _leads() -> dict[str, dict[str, str]]:
    """Return what the paths of each host begin with, there and here."""
    found: dict[str, dict[str, str]] = {}
    for ws_key in WsKey:
        for environment in Environment:
            url = endpoint(ws_key).urls.get(environment)
            if url is not None:
                there = urlsplit(url)
                prefixes = found.setdefault(there.hostname or "", {})
                prefixes.setdefault(_base(there.path), _base(path_of(ws_key)))
    return found


_LEADS = _leads()
_PRIVATE = "/private"
_names_option_key = re.compile(f"{_PRIVATE}/ws/[A-Za-z0-9]+").fullmatch
"""Options have their listen keys in the path; USD-M, on the same host, in the query."""
OFFICIAL_HOSTS = tuple(
    sorted(
        {
            *_LEADS,
            *_REST_ALONE,
            *(
                urlsplit(url).hostname or ""
                for market in Market
                for url in market.facts.rest_urls.values()
            ),
        }
    )
)
"""Every host that a client of the exchange may know."""


def path_at(host: str, path: str) -> str:
    """Return where a path of a host stands on this exchange; unknown hosts have this exchange's own paths.

    Args:
        host: As the ``Host`` header names it; a port is ignored.
        path: The path, with its query perhaps.
    """
    prefixes = _LEADS.get(host.partition(":")[0].lower(), {})
    if _names_option_key(path) and _PRIVATE in prefixes:
        return f"{_base(path_of(WsKey.EOPTIONS_USER_DATA))}{path.removeprefix(_PRIVATE)}"
    for there in sorted(prefixes, key=len, reverse=True):
        if path == there or path.startswith((f"{there}/", f"{there}?")):
            return prefixes[there] + path[len(there) :]
    return path
