"""What a client can be told, checked once, at construction."""

from __future__ import annotations

import datetime as dt
import os
import re
import select
import ssl as ssl_module
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from binance_wsapi._option_fields import (
    ClientOptions,
    Durability,
    JournalFailure,
    OnRateLimit,
    OnUnknownOutcome,
    OptionFields,
    OrderRules,
    Overflow,
    ResultNumbers,
    TimeUnit,
    TransportName,
    Urls,
)
from binance_wsapi.endpoints import Environment, WsKey, endpoint, environment_of, rest_url, url_of
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.proxies import check_proxy, proxy_of

__all__ = [
    "ClientOptions",
    "Durability",
    "JournalFailure",
    "OnRateLimit",
    "OnUnknownOutcome",
    "Options",
    "OrderRules",
    "Overflow",
    "ResultNumbers",
    "TimeUnit",
    "TransportName",
    "Urls",
    "check_server",
    "problem_of_url",
    "without_user",
]

TRANSPORT_VARIABLE = "BINANCE_WSAPI_TRANSPORT"
"""Names what opens the sockets of clients that do not say it themselves."""

REST = "rest"
"""The key of ``urls`` under which the host of all REST calls stands."""


@dataclass(frozen=True, kw_only=True)
class Options(OptionFields):
    """The options of both clients but for the secret; :class:`binance_wsapi.Client` explains each."""

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_numbers()
        self._check_kinds()
        self._check_urls()
        self._check_way()
        if self.api_key is not None and (
            not isinstance(self.api_key, str)
            or not self.api_key
            or not self.api_key.isascii()
            or not self.api_key.isprintable()
            or " " in self.api_key
        ):
            raise ConfigurationError(
                "api_key is empty or has characters that no API key has: paste it again"
            )
        if not isinstance(self.client_order_id_prefix, str) or not re.fullmatch(
            "[a-zA-Z0-9_-]{0,10}", self.client_order_id_prefix
        ):
            raise ConfigurationError(
                f"client_order_id_prefix={self.client_order_id_prefix!r}: use up to 10 letters, digits, - "
                "and _: the exchange takes 36 characters, and 26 of them keep ids apart"
            )
        if self.testnet + self.demo_trading + self.market_maker > 1:
            raise ConfigurationError("testnet, demo_trading and market_maker exclude each other")

    @property
    def environment(self) -> Environment:
        """The exchange this client talks to."""
        if self.testnet:
            return Environment.TESTNET
        if self.demo_trading:
            return Environment.DEMO
        return Environment.MARKET_MAKER if self.market_maker else Environment.PRODUCTION

    def url(self, ws_key: WsKey) -> str:
        """Return where a connection goes.

        Raises:
            ConfigurationError: The environment has no such connection, or ``urls`` leads the client
                away from production and says nothing of this connection.
        """
        overrides = self.urls or {}
        override = overrides.get(ws_key)
        if override is None and overrides and self._is_production(ws_key):
            # Half of a client on another exchange and half of it on the real one is nobody's wish.
            raise ConfigurationError(
                f"urls leads this client away from production and has no address for "
                f"{ws_key.value!r}: add one (production's is {url_of(ws_key, self.environment)})"
            )
        return override or url_of(ws_key, self.environment)

    def rest_host(self, ws_key: WsKey) -> str:
        """Return where REST calls of the exchange go that a connection belongs to, without a path.

        Raises:
            ConfigurationError: The environment has no such host, or ``urls`` leads the client away from
                production and says nothing of it.
        """
        overrides: Mapping[Any, str] = self.urls or {}
        override = overrides.get(REST)
        if override is not None:
            return override.rstrip("/")
        host = rest_url(endpoint(ws_key).market, environment_of(ws_key, self.environment))
        if overrides and self._is_production(ws_key):
            raise ConfigurationError(
                f"urls leads this client away from production and has no address for {REST!r}: add one "
                f"(production's is {host})"
            )
        return host

    def shown_url(self, ws_key: WsKey) -> str | None:
        """Return where a connection goes as it may be shown; ``None`` without an address."""
        url = self._url_or_none(ws_key)
        return None if url is None else str(without_user(url))

    @property
    def whereabouts(self) -> str:
        """What a reader wants to know first: the environment, or the hosts of ``urls``."""
        if not self.urls:
            return self.environment.value
        hosts = dict.fromkeys(urlsplit(url).netloc.rpartition("@")[2] for url in self.urls.values())
        return ", ".join(hosts)

    def _is_production(self, ws_key: WsKey) -> bool:
        return environment_of(ws_key, self.environment) in _REAL_MONEY

    def _check_choices(self) -> None:
        for name, allowed in (
            ("time_unit", (None, *get_args(TimeUnit))),
            ("transport", (None, *get_args(TransportName))),
            ("on_rate_limit", get_args(OnRateLimit)),
            ("on_unknown_outcome", get_args(OnUnknownOutcome)),
            ("order_rules", get_args(OrderRules)),
            ("durability", get_args(Durability)),
            ("journal_failure", get_args(JournalFailure)),
            ("event_overflow", get_args(Overflow)),
            ("numbers", get_args(ResultNumbers)),
        ):
            value = getattr(self, name)
            if value not in allowed:
                choices = " or ".join(repr(choice) for choice in allowed)
                raise ConfigurationError(f"{name}={value!r}: use {choices}")

    def _check_numbers(self) -> None:
        for name, (fits, way_out) in _NUMBERS.items():
            value = getattr(self, name)
            if value is None and name in _MAY_BE_NONE:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not fits(value):
                raise ConfigurationError(f"{name}={value!r}: {way_out}")

    def _check_kinds(self) -> None:
        for name in _SWITCHES:
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise ConfigurationError(f"{name}={value!r}: use True or False")
        if self.ssl is not None and not isinstance(self.ssl, ssl_module.SSLContext):
            raise ConfigurationError(f"ssl={self.ssl!r}: use an ssl.SSLContext, or None")
        if self.rotate_at is not None and not isinstance(self.rotate_at, dt.time):
            raise ConfigurationError(f"rotate_at={self.rotate_at!r}: use a datetime.time, or None")
        if self.journal is not None and (
            not isinstance(self.journal, (str, os.PathLike)) or not str(self.journal)
        ):
            raise ConfigurationError(
                f"journal={self.journal!r}: use the path of a file, postgresql://…, or None"
            )
        for method in ("request_done", "connection_changed"):
            if self.metrics is not None and not callable(getattr(self.metrics, method, None)):
                raise ConfigurationError(
                    f"metrics={self.metrics!r} has no method {method}: see binance_wsapi.Metrics"
                )

    @property
    def transport_name(self) -> TransportName:
        """What opens the sockets.

        Raises:
            ConfigurationError: The environment names what is not there.
        """
        if self.transport is not None:
            return self.transport
        named = os.environ.get(TRANSPORT_VARIABLE) or "aiohttp"
        if named not in ("aiohttp", "direct"):
            raise ConfigurationError(
                f"{TRANSPORT_VARIABLE}={named!r} in the environment: use 'aiohttp' or 'direct'"
            )
        return "direct" if named == "direct" else "aiohttp"

    def _check_way(self) -> None:
        if self.transport_name == "direct":
            _check_own_sockets()
        if self.proxy is not None:
            check_proxy(self.proxy, "proxy")
        elif (url := self._url_or_none(WsKey.MAIN_WSAPI)) is not None:
            proxy_of(url, None)
        for name in ("shared_limits", "event_log"):
            server = getattr(self, name)
            if server is not None and (problem := problem_of_server(server)):
                raise ConfigurationError(f"{name}={without_user(server)!r}{problem}")
        if self.headers is not None and not isinstance(self.headers, Mapping):
            raise ConfigurationError("headers: use a dict of texts by name")
        for name, value in (self.headers or {}).items():
            if not isinstance(name, str) or not _is_token(name):
                raise ConfigurationError(f"headers has {name!r}, which is no name of a header")
            if name.lower().startswith(_HEADERS_OF_THE_HANDSHAKE):
                raise ConfigurationError(
                    f"headers has {name!r}, which the handshake sets itself: leave it out"
                )
            # Not shown: it may be a token.
            if not isinstance(value, str) or not value.isascii() or not value.isprintable():
                raise ConfigurationError(
                    f"headers[{name!r}] is no text that a header can carry: use printable ASCII"
                )

    def _url_or_none(self, ws_key: WsKey) -> str | None:
        try:
            return self.url(ws_key)
        except ConfigurationError:
            return None

    def _check_urls(self) -> None:
        if self.urls is not None and not isinstance(self.urls, Mapping):
            raise ConfigurationError(
                f"urls={without_user(repr(self.urls))}: use a dict of URLs by WsKey"
            )
        for key, url in (self.urls or {}).items():
            if key != REST and key not in set(WsKey):
                known = ", ".join(str(ws_key) for ws_key in WsKey)
                raise ConfigurationError(
                    f"urls has no connection {key!r}: use one of {known}, rest"
                )
            schemes = ("http", "https") if key == REST else ("ws", "wss")
            if problem := problem_of_url(url, schemes):
                raise ConfigurationError(f"urls[{str(key)!r}]={without_user(url)!r}{problem}")


def _check_own_sockets() -> None:
    if sys.platform != "linux":
        raise ConfigurationError(
            "transport='direct' (or the environment's) works on Linux alone: leave it out"
        )
    if not hasattr(select, "epoll"):
        raise ConfigurationError(
            "transport='direct' (or the environment's) needs select.epoll, which gevent and eventlet have taken "
            "from this process: leave it out"
        )


_REAL_MONEY = {Environment.PRODUCTION, Environment.MARKET_MAKER}

LONGEST_S = 1_000_000
"""More than anybody waits, and less than what clocks and locks can take."""

SHORTEST_ROTATION_S = 60
"""A connection replaced more often than that uses up the connections the exchange allows."""


def _is_duration(seconds: float) -> bool:
    return 0 < seconds <= LONGEST_S


def problem_of_url(url: object, schemes: tuple[str, str]) -> str | None:
    """Return why a URL cannot work, with the way out; ``None`` when it can."""
    if not isinstance(url, str) or not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        return f": use a URL that begins with {schemes[1]}://"
    if not url.isprintable() or " " in url:
        return " has a space or a line end inside: take it out"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # brackets or a port that are none
        return f" has no host or port that can be: write {schemes[1]}://host:443/path"
    if not host or port == 0:
        return f" has no host or port that can be: write {schemes[1]}://host:443/path"
    return None


def problem_of_server(url: object) -> str | None:
    """Return why a URL names no Redis server, with the way out; ``None`` when it does."""
    way_out = ": write redis://host:6379/0, or rediss:// for TLS"
    if not isinstance(url, str) or not url.startswith(("redis://", "rediss://")):
        return way_out
    if not url.isprintable() or " " in url:
        return " has a space or a line end inside: take it out"
    try:
        parts = urlsplit(url)
        host, port, path = parts.hostname, parts.port, parts.path
    except ValueError:  # brackets or a port that are none
        return f" has no host or port that can be{way_out}"
    if not host or port == 0 or not re.fullmatch("(/[0-9]*)?", path):
        return f" has no host, port or number of a database that can be{way_out}"
    return None


def own_parameters(url: str, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return a server's URL without what is for this library, and that by its name."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query)
    rest = urlencode([each for each in query if each[0] not in names])
    own = {name: value for name, value in query if name in names}
    return urlunsplit(parts._replace(query=rest)), own


def check_server(url: str, given_as: str, own: Collection[str], pool: type[Any]) -> None:
    """Refuse a URL of a Redis server that redis-py does not take, before anything is asked there.

    Args:
        url: It, without what is for this library.
        given_as: What it was given as, as texts name it.
        own: What its query may say to this library.
        pool: A pool of connections of redis-py.

    Raises:
        ConfigurationError: It says what cannot be.
    """
    shown = f"{given_as}={without_user(url)!r}"
    for name, _ in parse_qsl(urlsplit(url).query):
        if name in _OWN_WORDS:
            raise ConfigurationError(
                f"{shown}: leave {name}= out, this library reads bytes in its own way"
            )
    try:
        pool.from_url(url).make_connection()  # it is not opened
    except Exception as error:  # noqa: BLE001  (redis-py raises whatever comes)
        if unknown := _is_not_known(str(error)):
            # Without the query: the value may be a password whose name was misspelt.
            bare = without_user(urlunsplit(urlsplit(url)._replace(query="")))
            raise ConfigurationError(
                f"{given_as}={bare!r}: {unknown[1]}= is no parameter that its URL may have: they are "
                f"{', '.join(f'{name}=' for name in own)} and those of redis-py (username=, password=, db=, ...)"
            ) from None
        raise ConfigurationError(f"{shown} is not taken by redis-py: {error}") from None


_OWN_WORDS = frozenset({"decode_responses", "encoding", "encoding_errors", "protocol"})
"""What a URL may say to redis-py, but for how answers are read."""

_is_not_known = re.compile("unexpected keyword argument '(.*)'").search

_secrets = re.compile("([?&][a-z_]*(?:username|password)=)[^&#'\"]*", re.IGNORECASE)


def without_user(url: object) -> object:
    """Return a URL as it may be shown: a name and a password may stand before the host, or in the query."""
    if not isinstance(url, str):
        return url
    return _secrets.sub(r"\1***", f"***@{url.rpartition('@')[2]}" if "@" in url else url)


_is_token = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_HEADERS_OF_THE_HANDSHAKE = (
    "connection",
    "content-length",
    "host",
    "proxy-",
    "sec-websocket-",
    "transfer-encoding",
    "upgrade",
    "x-mbx-apikey",
)

_SECONDS = f"use seconds above 0, up to {LONGEST_S}"
_NUMBERS: dict[str, tuple[Callable[[float], bool], str]] = {
    "timeout": (_is_duration, _SECONDS),
    "connect_timeout": (_is_duration, _SECONDS),
    "resolve_timeout": (_is_duration, _SECONDS),
    "reconnect_delay": (_is_duration, _SECONDS),
    "reconnect_delay_max": (_is_duration, _SECONDS),
    "ping_interval": (_is_duration, _SECONDS),
    "pong_timeout": (_is_duration, _SECONDS),
    "rotate_after": (
        lambda seconds: SHORTEST_ROTATION_S <= seconds <= LONGEST_S,
        f"use seconds from {SHORTEST_ROTATION_S} to {LONGEST_S}, or None",
    ),
    "resubscribe_user_data_stream_delay_seconds": (
        lambda seconds: 0 <= seconds <= LONGEST_S,
        f"use seconds from 0 to {LONGEST_S}",
    ),
    "reconnect_factor": (lambda factor: 1 <= factor <= 100, "use a number from 1 to 100"),
    "journal_days": (lambda days: 0 < days <= 36_500, "use days above 0, up to 36500, or None"),
    "recv_window": (lambda ms: 0 < ms <= 60_000, "use milliseconds above 0, up to 60000, or None"),
    "event_buffer_size": (
        lambda size: isinstance(size, int) and size > 0,
        "use a whole number above 0",
    ),
}
_MAY_BE_NONE = {"journal_days", "recv_window", "rotate_after"}
_SWITCHES = (
    "beautify",
    "testnet",
    "demo_trading",
    "market_maker",
    "resubscribe_user_data_stream_after_reconnect",
    "keep_margin_listen_token_refreshed",
    "attach_event_listeners",
    "mute_latency_warning",
)
