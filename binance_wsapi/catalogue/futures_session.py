"""Listen keys and log-on, which both futures markets have alike."""

from __future__ import annotations

from binance_wsapi.catalogue import futures_params as fp
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Operation, Security, Upkeep, Weight
from binance_wsapi.markets import Market
from binance_wsapi.models.market import Empty
from binance_wsapi.models.session import ListenKey, SessionStatus

__all__ = ["session_operations"]


def session_operations(market: Market) -> tuple[Operation, ...]:
    """Return the operations of a futures market on its listen key and on the connection."""
    return (
        Operation(
            market=market,
            method="userDataStream.start",
            upkeep=Upkeep.OTHER,
            name="start_user_data_stream_for_key",
            title="Return the account's listen key, making it when there is none.",
            security=Security.USER_STREAM,
            params=(p.API_KEY,),
            result=ListenKey,
            weight=Weight.fixed(1),
            notes=(
                "Valid for 60 minutes, each call starts them anew. An account has one key at a time.",
            ),
        ),
        Operation(
            market=market,
            method="userDataStream.ping",
            upkeep=Upkeep.OTHER,
            name="ping_user_data_stream_for_key",
            title="Keep the account's listen key for another 60 minutes.",
            security=Security.USER_STREAM,
            params=(p.API_KEY,),
            result=ListenKey,
            weight=Weight.fixed(1),
            notes=("Refused with -1125 when the key is gone: start anew then.",),
        ),
        Operation(
            market=market,
            method="userDataStream.stop",
            upkeep=Upkeep.LISTEN_KEY_END,
            name="stop_user_data_stream_for_key",
            title="End the account's listen key, for everyone who reads with it.",
            security=Security.USER_STREAM,
            params=(p.API_KEY,),
            result=Empty,
            weight=Weight.fixed(1),
        ),
        Operation(
            market=market,
            method="session.logon",
            upkeep=Upkeep.LOGON,
            name="session_logon",
            title="Authenticate the connection with an Ed25519 key.",
            security=Security.SIGNED,
            signed=True,
            params=fp.AUTH,
            result=SessionStatus,
            weight=Weight.fixed(2),
            notes=("The client does so by itself when it connects with an Ed25519 key.",),
        ),
        Operation(
            market=market,
            method="session.status",
            upkeep=Upkeep.OTHER,
            name="get_session_status",
            title="Return who is logged on to the connection, and the exchange's time.",
            security=Security.NONE,
            params=(),
            result=SessionStatus,
            weight=Weight.fixed(2),
        ),
        Operation(
            market=market,
            method="session.logout",
            upkeep=Upkeep.LOGOUT,
            name="session_logout",
            title="Forget who is logged on to the connection; it stays open.",
            security=Security.NONE,
            params=(),
            result=SessionStatus,
            weight=Weight.fixed(2),
        ),
    )
