"""Spot: the authentication of a connection and its user data subscriptions."""

from __future__ import annotations

from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Kind, Operation, Security, Upkeep, Weight
from binance_wsapi.markets import Market
from binance_wsapi.models import market, session

__all__ = ["OPERATIONS", "USER_DATA_OPERATIONS"]

_LISTEN_KEY = p.required(p.param("listen_key", Kind.STRING, "The key that was started."))
_LISTEN_KEYS_REMOVED = (
    "``client.subscribe_user_data_stream``: Spot has had no listen keys since 2026-02-20"
)

_SESSION_LOGON = Operation(
    market=Market.SPOT,
    method="session.logon",
    upkeep=Upkeep.LOGON,
    name="session_logon",
    title="Authenticate the connection with an Ed25519 key.",
    security=Security.SIGNED,
    params=p.AUTH,
    result=session.SessionStatus,
    weight=Weight.fixed(2),
    signed=True,
    notes=(
        "The client logs on by itself, and again after each reconnect.",
        "A new logon replaces the key of the connection.",
    ),
)

_GET_SESSION_STATUS = Operation(
    market=Market.SPOT,
    method="session.status",
    upkeep=Upkeep.OTHER,
    name="get_session_status",
    title="Return who the connection is logged on as.",
    security=Security.NONE,
    params=(),
    result=session.SessionStatus,
    weight=Weight.fixed(2),
)

_SESSION_LOGOUT = Operation(
    market=Market.SPOT,
    method="session.logout",
    upkeep=Upkeep.LOGOUT,
    name="session_logout",
    title="Drop the authentication of the connection, which stays open.",
    security=Security.NONE,
    params=(),
    result=session.SessionStatus,
    weight=Weight.fixed(2),
    notes=("It ends the user data subscription that came with the logon.",),
)

_SUBSCRIBE_USER_DATA_STREAM = Operation(
    market=Market.SPOT,
    method="userDataStream.subscribe",
    upkeep=Upkeep.OTHER,
    name="subscribe_user_data_stream",
    title="Subscribe to the events of the account that is logged on.",
    security=Security.USER_STREAM,
    params=(),
    result=session.Subscription,
    weight=Weight.fixed(2),
    on_client=True,
)

_UNSUBSCRIBE_USER_DATA_STREAM = Operation(
    market=Market.SPOT,
    method="userDataStream.unsubscribe",
    upkeep=Upkeep.OTHER,
    name="unsubscribe_user_data_stream",
    title="End one or all user data subscriptions of the connection.",
    security=Security.NONE,
    params=(
        p.param("subscription_id", Kind.INT, "The subscription to end.", default="all of them"),
    ),
    result=market.Empty,
    weight=Weight.fixed(2),
    on_client=True,
)

_GET_SESSION_SUBSCRIPTIONS = Operation(
    market=Market.SPOT,
    method="session.subscriptions",
    upkeep=Upkeep.OTHER,
    name="get_session_subscriptions",
    title="Return the user data subscriptions of the connection.",
    security=Security.NONE,
    params=(),
    result=list[session.Subscription],
    weight=Weight.fixed(2),
)

_SUBSCRIBE_USER_DATA_STREAM_SIGNED = Operation(
    market=Market.SPOT,
    method="userDataStream.subscribe.signature",
    upkeep=Upkeep.OTHER,
    name="subscribe_user_data_stream",
    title="Subscribe to the events of an account with a signed request.",
    security=Security.USER_STREAM,
    params=p.AUTH,
    result=session.Subscription,
    weight=Weight.fixed(2),
    signed=True,
    on_client=True,
)

_SUBSCRIBE_USER_DATA_STREAM_BY_TOKEN = Operation(
    market=Market.SPOT,
    method="userDataStream.subscribe.listenToken",
    upkeep=Upkeep.OTHER,
    name="subscribe_user_data_stream",
    title="Subscribe to the events of a margin account with a listen token.",
    security=Security.NONE,
    params=(p.required(p.param("listen_token", Kind.STRING, "The token, fetched over REST.")),),
    result=session.Subscription,
    weight=Weight.fixed(2),
    on_client=True,
)

_START_USER_DATA_STREAM = Operation(
    market=Market.SPOT,
    method="userDataStream.start",
    upkeep=Upkeep.OTHER,
    name="start_user_data_stream_for_key",
    title="Start a listen key.",
    security=Security.USER_STREAM,
    params=(p.API_KEY,),
    result=session.ListenKey,
    weight=Weight.fixed(2),
    deprecated=_LISTEN_KEYS_REMOVED,
)

_PING_USER_DATA_STREAM = Operation(
    market=Market.SPOT,
    method="userDataStream.ping",
    upkeep=Upkeep.OTHER,
    name="ping_user_data_stream_for_key",
    title="Keep a listen key alive.",
    security=Security.USER_STREAM,
    params=(_LISTEN_KEY, p.API_KEY),
    result=market.Empty,
    weight=Weight.fixed(2),
    deprecated=_LISTEN_KEYS_REMOVED,
)

_STOP_USER_DATA_STREAM = Operation(
    market=Market.SPOT,
    method="userDataStream.stop",
    upkeep=Upkeep.LISTEN_KEY_END,
    name="stop_user_data_stream_for_key",
    title="End a listen key.",
    security=Security.USER_STREAM,
    params=(_LISTEN_KEY, p.API_KEY),
    result=market.Empty,
    weight=Weight.fixed(2),
    deprecated=_LISTEN_KEYS_REMOVED,
)

OPERATIONS: tuple[Operation, ...] = (_SESSION_LOGON, _GET_SESSION_STATUS, _SESSION_LOGOUT)

USER_DATA_OPERATIONS: tuple[Operation, ...] = (
    _SUBSCRIBE_USER_DATA_STREAM,
    _UNSUBSCRIBE_USER_DATA_STREAM,
    _GET_SESSION_SUBSCRIPTIONS,
    _SUBSCRIBE_USER_DATA_STREAM_SIGNED,
    _SUBSCRIBE_USER_DATA_STREAM_BY_TOKEN,
    _START_USER_DATA_STREAM,
    _PING_USER_DATA_STREAM,
    _STOP_USER_DATA_STREAM,
)
