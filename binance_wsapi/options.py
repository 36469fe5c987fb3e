"""What a client can be told, checked once, at construction."""

from __future__ import annotations

import datetime as dt
import ssl as ssl_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

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
        if self.api_key is not None and (
            not self.api_key
            or not self.api_key.isascii()
            or not self.api_key.isprintable()
            or " " in self.api_key
        ):
            raise ConfigurationError(
                "api_key is empty or has characters that no API key has: paste it again"
            )
        if self.testnet + self.demo_trading + self.market_maker > 1:
            raise ConfigurationError("testnet, demo_trading and market_maker exclude each other")
        for key in self.urls or ():
            if key != REST and key not in set(WsKey):
                known = ", ".join(str(ws_key) for ws_key in WsKey)
                raise ConfigurationError(
                    f"urls has no connection {key!r}: use one of {known}, rest"
                )

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
        for name in (
            "timeout",
            "connect_timeout",
            "resolve_timeout",
            "reconnect_delay",
            "reconnect_delay_max",
            "ping_interval",
            "pong_timeout",
            "event_buffer_size",
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ConfigurationError(f"{name}={value!r}: use a number above zero")
        if not self.resubscribe_user_data_stream_delay_seconds >= 0:
            raise ConfigurationError(
                "resubscribe_user_data_stream_delay_seconds="
                f"{self.resubscribe_user_data_stream_delay_seconds!r}: use zero or more seconds"
            )
        if not self.reconnect_factor >= 1:
            raise ConfigurationError(f"reconnect_factor={self.reconnect_factor!r}: use 1 or more")
        if self.rotate_after is not None and not self.rotate_after > 0:
            raise ConfigurationError(
                f"rotate_after={self.rotate_after!r}: use seconds above zero, or None"
            )
        if self.recv_window is not None and not 0 < self.recv_window <= 60_000:
            raise ConfigurationError(
                f"recv_window={self.recv_window!r}: use milliseconds above 0, up to 60000"
            )
