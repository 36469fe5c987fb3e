"""Market streams of a client: which connection carries a name, and whose streams its events feed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.catalogue._types import Market, Route
from binance_wsapi.catalogue.streams import route_of
from binance_wsapi.core.feed import Feed
from binance_wsapi.core.session import LinkLost
from binance_wsapi.core.stream_session import StreamSession
from binance_wsapi.endpoints import WsKey, endpoint, routed_key
from binance_wsapi.errors import BinanceWsApiError, NotSent
from binance_wsapi.events import EventStream
from binance_wsapi.models.stream_events import decode_stream_event

if TYPE_CHECKING:
    from binance_wsapi.core.core import Core

__all__ = ["MarketStreams"]

log = logging.getLogger("binance_wsapi.streams")

_decode_any = msgspec.json.Decoder().decode


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
        routed = [(_key_of(ws_key, name), name) for name in dict.fromkeys(names)]
        feed = Feed(
            self._core,
            name=f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''} of {ws_key}",
            decode=_decode_any,
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
                if ws_key is None or key in _keys_of(ws_key)
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
        feeds = self._feeds.get((ws_key, name))
        if feeds:
            make = self._maker(ws_key, name, event)
            for feed in feeds:
                feed.put(make)

    def interrupted(self, ws_key: WsKey, names: Iterable[str], last_heard: float) -> None:
        """Events of these names may be missing since something was last heard."""
        for feed in self._feeds_of(ws_key, names):
            feed.interrupted(last_heard)

    def resumed(self, ws_key: WsKey, names: Iterable[str], reason: str) -> None:
        """Events of these names flow again."""
        for feed in self._feeds_of(ws_key, names):
            feed.resumed(reason)

    async def _add(self, ws_key: WsKey, names: list[str]) -> None:
        sessions = self._sessions.setdefault(ws_key, [])
        subscribed = {name for session in sessions for name in session.names}
        fresh = [name for name in names if name not in subscribed]
        while fresh:
            session = next((session for session in sessions if session.free), None)
            if session is None:
                session = StreamSession(self._core, ws_key, self)
                sessions.append(session)
            batch, fresh = fresh[: session.free], fresh[session.free :]
            await session.add(batch)

    async def _leave(self, feed: Feed, keys: Iterable[tuple[WsKey, str]]) -> None:
        """Take a consumer away, and unsubscribe the names that nobody wants any more."""
        unwanted: dict[WsKey, list[str]] = {}
        for key in keys:
            feeds = self._feeds.get(key, [])
            if feed in feeds:
                feeds.remove(feed)
            if not feeds and self._feeds.pop(key, None) is not None:
                unwanted.setdefault(key[0], []).append(key[1])
        feed.end()
        for ws_key, names in unwanted.items():
            await self._remove(ws_key, names)

    async def _remove(self, ws_key: WsKey, names: list[str]) -> None:
        for session in list(self._sessions.get(ws_key, ())):
            try:
                await session.remove(names)
            except (BinanceWsApiError, LinkLost) as error:
                log.info("%s: unsubscribing: %s", ws_key, error)
            if not session.names:
                self._sessions[ws_key].remove(session)
                await session.close("no stream left")

    def _close(self, feed: Feed, keys: Iterable[tuple[WsKey, str]]) -> None:
        if self._core.closed:
            feed.end()
        else:
            self._core.run(lambda: self._leave(feed, keys))

    def _feeds_of(self, ws_key: WsKey, names: Iterable[str]) -> set[Feed]:
        return {feed for name in names for feed in self._feeds.get((ws_key, name), ())}

    def _maker(self, ws_key: WsKey, name: str, event: msgspec.Raw) -> Callable[[], Any]:
        if not self._core.options.beautify:
            return partial(_decode_any, event)
        return partial(decode_stream_event, endpoint(ws_key).market, name, event)


def _key_of(ws_key: WsKey, name: str) -> WsKey:
    """Return the connection that serves a name: on USD-M each stream has its route."""
    return routed_key(ws_key, route_of(name)) if endpoint(ws_key).market is Market.USDM else ws_key


def _keys_of(ws_key: WsKey) -> set[WsKey]:
    return {ws_key, *(routed_key(ws_key, route) for route in Route)}
