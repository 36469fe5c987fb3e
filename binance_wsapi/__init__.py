"""Binance's WebSocket API for Python: Spot and futures, sync and async, with an exchange to test on."""

from binance_wsapi._build import build
from binance_wsapi._version import __version__
from binance_wsapi.async_client import AsyncClient
from binance_wsapi.client import Client
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import (
    AuthenticationFailed,
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    ConnectionLost,
    FilterFailure,
    InvalidTimestamp,
    IpBanned,
    JournalHeld,
    NotPlaced,
    NotSent,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    ParameterError,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    RequestTimeout,
    RulesBroken,
    ServerUndecided,
    UnreadableResult,
)
from binance_wsapi.events import (
    AccountReconciled,
    AlgoOrderReconciled,
    AsyncEventStream,
    ConnectionEvent,
    EventLogChanged,
    EventStream,
    OrderReconciled,
    SharedLimitsChanged,
    StreamGap,
    StreamName,
)
from binance_wsapi.health import ConnectionHealth, LogHealth, Metrics
from binance_wsapi.models.rows import Rows
from binance_wsapi.outcomes import CallOutcome, GivenUp, Recovered, given_up
from binance_wsapi.protocol.signing import KeyType, Signer
from binance_wsapi.protocol.told_limits import LimitUsage
from binance_wsapi.response import RateLimitUsage, Response

__all__ = [
    "AccountReconciled",
    "AlgoOrderReconciled",
    "AsyncClient",
    "AsyncEventStream",
    "AuthenticationFailed",
    "BinanceWsApiError",
    "CallOutcome",
    "Client",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionEvent",
    "ConnectionHealth",
    "ConnectionLost",
    "EventLogChanged",
    "EventStream",
    "FilterFailure",
    "GivenUp",
    "InvalidTimestamp",
    "IpBanned",
    "JournalHeld",
    "KeyType",
    "LimitUsage",
    "LogHealth",
    "Metrics",
    "NotPlaced",
    "NotSent",
    "OrderNotFound",
    "OrderReconciled",
    "OrderRejected",
    "OutcomeUnknown",
    "ParameterError",
    "PartlyExecuted",
    "RateLimitUsage",
    "RateLimited",
    "Recovered",
    "RequestRejected",
    "RequestTimeout",
    "Response",
    "Rows",
    "RulesBroken",
    "ServerUndecided",
    "SharedLimitsChanged",
    "Signer",
    "StreamGap",
    "StreamName",
    "UnreadableResult",
    "WsKey",
    "__version__",
    "build",
    "given_up",
]

# Tracebacks, help() and pickles show the names users import.
for _name in __all__:
    if isinstance(_public := globals()[_name], type):
        _public.__module__ = __name__
