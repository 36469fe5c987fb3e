"""What a client can be told, checked once, at construction."""

from __future__ import annotations

import datetime as dt
import ssl as ssl_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from binance_wsapi.endpoints import Environment, WsKey, url_of
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.health import Metrics

__all__ = ["OnRateLimit", "OnUnknownOutcome", "Options", "Overflow", "TimeUnit", "Urls"]

TimeUnit = Literal["MILLISECOND", "MICROSECOND"]
OnRateLimit = Literal["raise", "wait"]
OnUnknownOutcome = Literal["resolve", "raise"]
Overflow = Literal["drop_oldest", "drop_newest", "close"]
Urls = Mapping[WsKey, str] | Mapping[str, str] | Mapping[WsKey | str, str]

REST = "rest"
"""The key of ``urls`` under which the REST host of the margin listen token stands."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of both clients but for the secret; :class:`binance_wsapi.Client` explains each."""

    api_key: str | None = field(default=None, repr=False)
    beautify: bool = True
    testnet: bool = False
    demo_trading: bool = False
    market_maker: bool = False
    urls: Urls | None = None
    proxy: str | None = field(default=None, repr=False)
    ssl: ssl_module.SSLContext | None = None
    timeout: float = 10.0
    connect_timeout: float = 10.0
    recv_window: float | None = None
    time_unit: TimeUnit | None = None
    on_rate_limit: OnRateLimit = "raise"
    on_unknown_outcome: OnUnknownOutcome = "resolve"
    resolve_timeout: float = 30.0
    resubscribe_user_data_stream_after_reconnect: bool = True
    resubscribe_user_data_stream_delay_seconds: float = 2.0
    keep_margin_listen_token_refreshed: bool = True
    attach_event_listeners: bool = True
    mute_latency_warning: bool = False
    reconnect_delay: float = 0.25
    reconnect_delay_max: float = 30.0
    reconnect_factor: float = 2.0
    ping_interval: float = 10.0
    pong_timeout: float = 5.0
    rotate_after: float | None = 23 * 3600.0
    rotate_at: dt.time | None = None
    event_buffer_size: int = 100_000
    event_overflow: Overflow = "drop_oldest"
    metrics: Metrics | None = None

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_numbers()
        self._check_kinds()
        self._check_urls()
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
            ConfigurationError: The environment has no such connection.
        """
        override = (self.urls or {}).get(ws_key)
        return override or url_of(ws_key, self.environment)

    def _check_choices(self) -> None:
        for name, allowed in (
            ("time_unit", (None, *get_args(TimeUnit))),
            ("on_rate_limit", get_args(OnRateLimit)),
            ("on_unknown_outcome", get_args(OnUnknownOutcome)),
            ("event_overflow", get_args(Overflow)),
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
        for method in ("request_done", "connection_changed"):
            if self.metrics is not None and not callable(getattr(self.metrics, method, None)):
                raise ConfigurationError(
                    f"metrics={self.metrics!r} has no method {method}: see binance_wsapi.Metrics"
                )
        if self.proxy is not None and not _is_proxy(self.proxy):
            # Not shown: it may hold a password.
            raise ConfigurationError(
                "proxy is no URL: write it like http://user:password@host:8080, an @ or a / in the "
                "password as %40 or %2F"
            )

    def _check_urls(self) -> None:
        if self.urls is not None and not isinstance(self.urls, Mapping):
            raise ConfigurationError(
                f"urls={_without_user(repr(self.urls))}: use a dict of URLs by WsKey"
            )
        for key, url in (self.urls or {}).items():
            if key != REST and key not in set(WsKey):
                known = ", ".join(str(ws_key) for ws_key in WsKey)
                raise ConfigurationError(
                    f"urls has no connection {key!r}: use one of {known}, rest"
                )
            schemes = ("http", "https") if key == REST else ("ws", "wss")
            if not _is_url(url, *schemes):
                raise ConfigurationError(
                    f"urls[{str(key)!r}]={_without_user(url)!r}: use a URL that begins with "
                    f"{schemes[1]}://"
                )


LONGEST_S = 1_000_000
"""More than anybody waits, and less than what clocks and locks can take."""

SHORTEST_ROTATION_S = 60
"""A connection replaced more often than that uses up the connections the exchange allows."""


def _is_duration(seconds: float) -> bool:
    return 0 < seconds <= LONGEST_S


def _is_url(url: object, *schemes: str) -> bool:
    return isinstance(url, str) and url.startswith(tuple(f"{scheme}://" for scheme in schemes))


def _without_user(url: object) -> object:
    """Return a URL as an error may show it: a name and a password may stand before the host."""
    if isinstance(url, str) and "@" in url:
        return f"***@{url.rpartition('@')[2]}"
    return url


def _is_proxy(url: object) -> bool:
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False


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
    "recv_window": (lambda ms: 0 < ms <= 60_000, "use milliseconds above 0, up to 60000, or None"),
    "event_buffer_size": (
        lambda size: isinstance(size, int) and size > 0,
        "use a whole number above 0",
    ),
}
_MAY_BE_NONE = {"recv_window", "rotate_after"}
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
