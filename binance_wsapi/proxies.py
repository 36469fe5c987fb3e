"""Through which proxy a connection goes: the ``proxy`` option's, or the environment's."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from urllib.parse import urlsplit

from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import uncut

__all__ = ["check_proxy", "proxy_of"]

_VARIABLES = {
    "ws": "http_proxy",
    "http": "http_proxy",
    "wss": "https_proxy",
    "https": "https_proxy",
}
_FORM = "write it like http://user:password@host:8080, an @ or a / in the password as %40 or %2F"


def proxy_of(url: str, proxy: str | None) -> str | None:
    """Return the proxy that leads to a URL; ``None`` when the way is straight.

    Without the option, the environment decides: ``HTTPS_PROXY`` for ``wss`` and ``https``,
    ``HTTP_PROXY`` for ``ws`` and ``http``, but not for the hosts of ``NO_PROXY``, nor for this machine.

    Args:
        url: Where the connection goes.
        proxy: The ``proxy`` option.

    Raises:
        ConfigurationError: The environment names a proxy that cannot be used.
    """
    if proxy is not None:
        return proxy
    parts = urlsplit(url)
    name = _VARIABLES[parts.scheme]
    name = name if os.environ.get(name) else name.upper()
    chosen = os.environ.get(name)
    if not chosen or _is_spared(parts.hostname or "", parts.port):
        return None
    check_proxy(chosen, f"{name} in the environment")
    return chosen


def check_proxy(proxy: object, name: str) -> None:
    """Refuse what is no URL of an HTTP proxy; it is not shown, since it may hold a password.

    Args:
        proxy: The proxy.
        name: Where it was given, for the error.

    Raises:
        ConfigurationError: It cannot be used.
    """
    if isinstance(proxy, str) and proxy.lower().startswith("socks"):
        raise ConfigurationError(
            f"{name} is a SOCKS proxy, which is not supported: give an HTTP proxy, {_FORM}"
        )
    if not _is_http_proxy(proxy):
        raise ConfigurationError(f"{name} is no URL of an HTTP proxy: {_FORM}")


def _is_http_proxy(url: object) -> bool:
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False


def _is_spared(host: str, port: int | None) -> bool:
    if host == "localhost":
        return True
    try:
        if ipaddress.ip_address(host).is_loopback:
            return True
    except ValueError:  # a name
        pass
    with uncut:
        import urllib.request

    # Not in typeshed.
    bypasses: Callable[[str], bool] = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009
    return bool(bypasses(host if port is None else f"{host}:{port}"))
