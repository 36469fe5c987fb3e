"""How the logs are doing that the events of a connection go into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from binance_wsapi.core.logged_stream import LoggedStream
from binance_wsapi.core.market_streams import MarketStreams
from binance_wsapi.core.session import Session
from binance_wsapi.core.stream_session import StreamSession
from binance_wsapi.core.user_data_streams import UserDataStreams
from binance_wsapi.health import LogHealth

if TYPE_CHECKING:
    from binance_wsapi.core.logged_account import LoggedAccount

__all__ = ["logs_of"]


def logs_of(
    session: Session, user_data: UserDataStreams, streams: MarketStreams | None
) -> tuple[LogHealth, ...]:
    """Return how the logs of a connection are doing."""
    logs: Iterator[LoggedAccount | LoggedStream]
    if streams is not None and isinstance(session, StreamSession):
        logs = _logged_streams(session, streams)
    else:
        logs = user_data.logs_of(session)
    return tuple(health for each in logs if (health := each.health()) is not None)


def _logged_streams(session: StreamSession, streams: MarketStreams) -> Iterator[LoggedStream]:
    consumers = streams.consumers(session.ws_key)
    for name in sorted(session.names):
        for each in consumers.get(name, ()):
            if isinstance(each, LoggedStream):
                yield each
