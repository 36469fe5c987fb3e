"""Market streams of a client: which connection carries a name, and whose streams its events feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.core.feed import Feed
from binance_wsapi.core.session import LinkLost
from binance_wsapi.core.stream_session import StreamSession
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import NotSent
from binance_wsapi.events import EventStream

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["MarketStreams"]


class MarketStreams:
    """All market stream connections of a client; owned by the loop's thread.

    A name is subscribed once, however many consumers it has, and unsubscribed when the last one
    leaves. As many connections are opened as the exchange's limit on names asks for.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sessions: dict[WsKey, list[StreamSession]] = {}
        self._feeds: dict[tuple[WsKey, str], list[Feed]] = {}

    async def subscribe(self, ws_key: WsKey, names: Sequence[str]) -> EventStream[Any]:
        """Return one stream of the events of all these names.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused a name.
        """
        routed = [(self._key_of(ws_key, name), name) for name in dict.fromkeys(names)]
        feed = Feed(
            self._core,
            name=f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''} of {ws_key}",
            decode=bytes,
            handler_event=None,
            close=lambda: self._close(feed, routed),
        )
        for key in routed:
            self._feeds.setdefault(key, []).append(feed)
        try:
            for routed_ws_key in {key for key, _ in routed}:
                await self._add(
                    routed_ws_key, [name for key, name in routed if key is routed_ws_key]
                )
        except LinkLost as error:
            await self._leave(feed, routed)
            raise NotSent(
                f"subscribe: {error}; repeating it is safe",
                operation="SUBSCRIBE",
                reason="not connected",
            ) from None
        except BaseException:
            await self._leave(feed, routed)
            raise
        return feed.stream

    def names(self, ws_key: WsKey | None) -> list[str]:
        """Return the names that are subscribed."""
        return sorted(
            {
                name
                for key, sessions in self._sessions.items()
                if ws_key is None or key in self._keys_of(ws_key)
                for session in sessions
                for name in session.names
            }
        )

    async def close(self, reason: str) -> None:
        """End all connections and streams."""
        sessions, self._sessions = self._sessions, {}
        feeds, self._feeds = self._feeds, {}
        for group in feeds.values():
            for feed in group:
                feed.end()
        for session in [session for group in sessions.values() for session in group]:
            await session.close(reason)

    def event(self, ws_key: WsKey, name: str, event: msgspec.Raw) -> None:
        """An event arrived."""
        for feed in self._feeds.get((ws_key, name), ()):
            feed.put(self._decoder(feed, ws_key, name, event))

    def interrupted(self, ws_key: WsKey, names: Iterable[str], last_heard: float) -> None:
        """Events of these names may be missing since something was last heard."""
        for feed in self._feeds_of(ws_key, names):
            feed.interrupted(last_heard)

    def resumed(self, ws_key: WsKey, names: Iterable[str], reason: str) -> None:
        """Events of these names flow again."""
        for feed in self._feeds_of(ws_key, names):
            feed.resumed(reason)
