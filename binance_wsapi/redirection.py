"""Where the process's environment leads clients, so that a program runs elsewhere as it is.

``BINANCE_WSAPI_ENV`` leads away from production, never towards it. What the program itself says in
``urls`` stays: whoever writes an address means it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, SIMULATOR_VARIABLE, WsKey
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import uncut
from binance_wsapi.options import REST, problem_of_url, without_user

__all__ = ["DEFAULT_SIMULATOR", "URL_PREFIX", "redirected"]

DEFAULT_SIMULATOR = "ws://127.0.0.1:9443"
URL_PREFIX = "BINANCE_WSAPI_URL_"
"""Before the name of a ``WsKey``, or ``REST``: the address of that connection alone."""

_SWITCHES = {
    "testnet": {"testnet": True, "demo_trading": False, "market_maker": False},
    "demo": {"testnet": False, "demo_trading": True, "market_maker": False},
    "simulator": {"testnet": False, "demo_trading": False, "market_maker": False},
}


def redirected(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return a client's options as the environment changes them; those that it changes alone.

    Args:
        given: The options, as the program gave them.
        environ: The process's environment.

    Raises:
        ConfigurationError: A variable has a value that cannot work.
    """
    changed: dict[str, Any] = {}
    urls: dict[str, str] = {}
    where = environ.get(ENVIRONMENT_VARIABLE, "")
    if where:
        if where not in _SWITCHES:
            known = ", ".join(_SWITCHES)
            raise ConfigurationError(
                f"{ENVIRONMENT_VARIABLE}={where!r} in the environment: use one of {known}"
            )
        changed = {
            option: value
            for option, value in _SWITCHES[where].items()
            if given.get(option, False) is not value
        }
    if where == "simulator":
        urls = _simulator(environ.get(SIMULATOR_VARIABLE) or DEFAULT_SIMULATOR)
    for variable, url in environ.items():
        if variable.startswith(URL_PREFIX) and url:
            urls[_connection(variable)] = _checked(variable, url)
    own: Any = given.get("urls") or {}
    if urls and isinstance(
        own, Mapping
    ):  # what else it may be is refused where options are checked
        changed["urls"] = urls | {str(key): url for key, url in own.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return changed


def _simulator(base: str) -> dict[str, str]:
    # Only who asks for it pays for loading it.
    with uncut:
        from binance_wsapi.simulator.paths import path_of

    base = _checked(SIMULATOR_VARIABLE, base).rstrip("/")
    urls = {str(ws_key): base + path_of(ws_key) for ws_key in WsKey}
    return urls | {REST: f"http{base.removeprefix('ws')}"}


def _connection(variable: str) -> str:
    name = variable.removeprefix(URL_PREFIX)
    if name == "REST":
        return REST
    try:
        return str(WsKey[name])
    except KeyError:
        known = ", ".join(each.name for each in WsKey)
        raise ConfigurationError(
            f"{variable} in the environment names no connection: put one of {known} or REST behind "
            f"{URL_PREFIX}"
        ) from None


def _checked(variable: str, url: str) -> str:
    schemes = ("http", "https") if variable == f"{URL_PREFIX}REST" else ("ws", "wss")
    if problem := problem_of_url(url, schemes):
        raise ConfigurationError(f"{variable}={without_user(url)!r} in the environment{problem}")
    return url
