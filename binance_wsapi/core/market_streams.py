"""Market streams of a client: which connection carries a name, and who its events are for."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.catalogue.streams import route_of
from binance_wsapi.core.feed import Feed
from binance_wsapi.core.stream_session import StreamSession
from binance_wsapi.endpoints import EndpointKind, WsKey, endpoint, key_in_front, routed_key
from binance_wsapi.errors import (
    ClientClosed,
    ConfigurationError,
    NotSent,
    ParameterError,
    RequestRejected,
)
from binance_wsapi.events import BaseEventStream
from binance_wsapi.markets import Market
from binance_wsapi.models.stream_events import stream_event_decoder
from binance_wsapi.protocol.stream_names import checked_names, doubt
from binance_wsapi.protocol.weight import weight_of

if TYPE_CHECKING:
    from binance_wsapi.core.api_sessions import ApiSessions
    from binance_wsapi.core.runtime import Runtime

__all__ = ["MarketStreams", "StreamConsumer", "stream_market"]

log = logging.getLogger("binance_wsapi.streams")

_decode_any = msgspec.json.Decoder().decode

Place = tuple[WsKey, str]
"""A connection, and a name on it."""


class StreamConsumer(Protocol):
    """Who wants the events of some names; called on the loop's thread."""

    def event(self, name: str, event: msgspec.Raw) -> None:
        """An event arrived."""

    def interrupted(self, whole_until: float, source: object) -> None:
        """Events may be missing since something was last heard from this connection."""

    def resumed(self, reason: str, source: object) -> object:
        """The events of this connection flow again."""

    def end(self) -> None:
        """Nothing will come any more."""


class MarketFeed(Feed):
    """Puts market events into one stream, to be decoded by whoever takes them."""

    def __init__(self, runtime: Runtime, ws_key: WsKey, **kwargs: Any) -> None:
        super().__init__(runtime, ws_key, **kwargs)
        self._market = endpoint(ws_key).market
        self._makers: dict[str, Callable[[msgspec.Raw], Any]] = {}
        """What makes the events of each name."""

    def event(self, name: str, event: msgspec.Raw) -> None:
        """Append an event."""
        make = self._makers.get(name)
        if make is None:
            typed = self._runtime.options.beautify
            make = self._typed(stream_event_decoder(self._market, name)) if typed else _decode_any
            self._makers[name] = make
        self.put(make, event)


class MarketStreams:
    """All market stream connections of a client; owned by the loop's thread.

    A name is subscribed once, however many consumers it has, and unsubscribed when the last one
    leaves. As many connections are opened as the exchange's limit on names asks for.

    Args:
        runtime: What the core stands on.
        api_sessions: Where snapshots of order books are asked for.
    """

    def __init__(self, runtime: Runtime, api_sessions: ApiSessions) -> None:
        self.runtime = runtime
        self.api_sessions = api_sessions
        self._sessions: dict[WsKey, list[StreamSession]] = {}
        self._consumers: dict[WsKey, dict[str, list[StreamConsumer]]] = {}
        self._warned: set[Place] = set()
        self.logging = asyncio.Lock()
        """Held while streams are added to an event log."""

    async def subscribe(
        self, ws_key: WsKey, names: Sequence[str], *, in_floats: bool = False
    ) -> BaseEventStream[Any]:
        """Return one stream of the events of all these names.

        Raises:
            ConfigurationError: The connection carries no market streams.
            ParameterError: A name cannot be right.
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused a name.
        """
        market = stream_market(ws_key)
        wanted = checked_names(names)
        for name in wanted:
            self._warn_of(market, key_of(ws_key, name), name)
        feed: MarketFeed = MarketFeed(
            self.runtime,
            ws_key,
            name=f"{', '.join(wanted[:3])}{', …' if len(wanted) > 3 else ''} of {ws_key}",
            decode=_decode_any,
            handler_event=None,
            close=lambda _: self.leave(feed),
            in_floats=in_floats,
        )
        await self.attach(feed, ws_key, wanted)
        return feed.stream

    async def unsubscribe(self, ws_key: WsKey, names: Sequence[str]) -> None:
        """Take names away from all their consumers; one that has none left has ended.

        Nothing comes any more when it returns, whether the exchange has said so in time or not.
        """
        stream_market(ws_key)
        gone = {(key_of(ws_key, name), name) for name in checked_names(names)}
        concerned = {consumer for place in gone for consumer in self._at(place)}
        if told := self._take_away(concerned, gone):
            await asyncio.wait(told, timeout=self.runtime.options.timeout)

    async def attach(self, consumer: StreamConsumer, ws_key: WsKey, names: Iterable[str]) -> None:
        """Let a consumer have the events of these names; wait until they flow.

        Raises:
            NotSent: No connection came up in time.
            RequestRejected: The exchange refused a name.
        """
        by_key: dict[WsKey, list[str]] = {}
        for key, name in [(key_of(ws_key, name), name) for name in names]:
            by_key.setdefault(key, []).append(name)
            self.consumers(key).setdefault(name, []).append(consumer)
        timeout = self.runtime.options.timeout
        try:
            async with asyncio.timeout(timeout):
                await asyncio.gather(*(self._add(key, some) for key, some in by_key.items()))
        except TimeoutError:
            why, held = self._trouble(by_key), self._held_back(by_key, timeout)
            was_taken_away = not self._has(consumer)
            refusal = self._suspicion(by_key)
            self._let_go(consumer)
            if was_taken_away:
                raise self.runtime.ended("SUBSCRIBE") from None
            if held is not None:
                raise held from None
            if refusal is not None:
                raise copy.copy(refusal) from None
            raise NotSent(
                f"subscribe: not subscribed within {timeout:g} s ({why}); repeating it is safe",
                operation="SUBSCRIBE",
                reason="not connected",
            ) from None
        except BaseException:
            self._let_go(consumer)
            raise

    def leave(self, consumer: StreamConsumer) -> None:
        """Take a consumer away; from any thread, without waiting."""
        consumer.end()
        with contextlib.suppress(ClientClosed):
            self.runtime.run(lambda: self._detach(consumer))

    def names(self, ws_key: WsKey | None) -> list[str]:
        """Return the names that are subscribed, of one connection or of all."""
        keys = set(WsKey) if ws_key is None else _keys_of(ws_key)
        return sorted({name for key in keys for name in self._consumers.get(key, ())})

    def sessions(self, ws_key: WsKey | None = None) -> list[StreamSession]:
        """Return the connections, those that a key stands for or all."""
        keys = self._sessions if ws_key is None else _keys_of(ws_key)
        return [session for key in keys for session in self._sessions.get(key, ())]

    def snapshot_wait(self, ws_key: WsKey, params: Mapping[str, Any]) -> float:
        """Charge a snapshot of a book and return 0, or the seconds until there may be room for it."""
        depth = operation_by_method(endpoint(ws_key).market, "depth")
        assert depth is not None
        weight = weight_of(depth, params)
        limits = self.runtime.exchanges.limits_of(ws_key)
        return limits.share_wait(weight, lambda address: address.for_snapshots)

    async def close(self, reason: str) -> None:
        """End all connections and streams."""
        sessions, self._sessions = self._sessions, {}
        consumers = self._all()
        for named in self._consumers.values():
            named.clear()
        for consumer in consumers:
            consumer.end()
        await asyncio.gather(
            *(session.close(reason) for group in sessions.values() for session in group)
        )

    # What the sessions tell

    def consumers(self, ws_key: WsKey) -> dict[str, list[StreamConsumer]]:
        """Return who wants the events of each name on a connection, at any time."""
        return self._consumers.setdefault(ws_key, {})

    def interrupted(self, source: StreamSession, names: Iterable[str], whole_until: float) -> None:
        """Events of these names may be missing since something was last heard."""
        for consumer in self._consumers_of(source.ws_key, names):
            consumer.interrupted(whole_until, source)

    def resumed(self, source: StreamSession, names: Iterable[str], reason: str) -> None:
        """Events of these names flow again."""
        for consumer in self._consumers_of(source.ws_key, names):
            consumer.resumed(reason, source)

    async def _add(self, ws_key: WsKey, names: list[str]) -> None:
        sessions = self._sessions.setdefault(ws_key, [])
        carriers = {name: session for session in sessions for name in session.names}
        concerned: dict[StreamSession, list[str]] = {}
        for name in names:
            carrier = carriers.get(name)
            if carrier is None:
                carrier = next((session for session in sessions if session.free), None)
            if carrier is None:
                carrier = StreamSession(self.runtime, ws_key, self)
                sessions.append(carrier)
            carrier.want(name)
            concerned.setdefault(carrier, []).append(name)
        await asyncio.gather(*(session.settle(some) for session, some in concerned.items()))

    async def _detach(self, consumer: StreamConsumer) -> None:
        self._let_go(consumer)

    def _let_go(self, consumer: StreamConsumer) -> None:
        """Take a consumer away, and unsubscribe the names that nobody wants any more."""
        places = {
            (key, name)
            for key, named in self._consumers.items()
            for name, group in named.items()
            if consumer in group
        }
        self._take_away({consumer}, places)
        consumer.end()

    def _take_away(
        self, consumers: Iterable[StreamConsumer], places: set[Place]
    ) -> list[asyncio.Task[None]]:
        """Take places away from consumers; return what is done when the exchange has been told."""
        unwanted: dict[WsKey, set[str]] = {}
        for place in places:
            key, name = place
            left = [each for each in self._at(place) if each not in consumers]
            if left:
                self._consumers[key][name] = left
            elif self.consumers(key).pop(name, None) is not None:
                unwanted.setdefault(key, set()).add(name)
        remaining = self._all()
        for consumer in consumers:
            if consumer not in remaining:
                consumer.end()
        return [
            task
            for ws_key, names in unwanted.items()
            for session in list(self._sessions.get(ws_key, ()))
            for task in self._drop(session, names & session.names)
        ]

    def _drop(self, session: StreamSession, names: set[str]) -> list[asyncio.Task[None]]:
        if names == session.names:
            # Nobody else may take a place on a connection that goes.
            self._sessions[session.ws_key].remove(session)
            return [self.runtime.spawn(session.close("no stream left"))]
        return session.drop(names) if names else []

    def _warn_of(self, market: Market, ws_key: WsKey, name: str) -> None:
        """Say once that a name may stay silent."""
        why = doubt(market, name)
        if why is not None and (ws_key, name) not in self._warned:
            self._warned.add((ws_key, name))
            log.warning(
                "%s: %s is %s; it is asked for all the same, and the exchange is silent on what "
                "it does not have",
                ws_key,
                name,
                why,
            )

    def _has(self, consumer: StreamConsumer) -> bool:
        return consumer in self._all()

    def _all(self) -> set[StreamConsumer]:
        return {
            each for named in self._consumers.values() for group in named.values() for each in group
        }

    def _at(self, place: Place) -> Sequence[StreamConsumer]:
        key, name = place
        return self._consumers.get(key, {}).get(name, ())

    def _consumers_of(self, ws_key: WsKey, names: Iterable[str]) -> set[StreamConsumer]:
        return {each for name in names for each in self._at((ws_key, name))}

    def _suspicion(self, by_key: Mapping[WsKey, Sequence[str]]) -> RequestRejected | None:
        """Return the refusal of a message that asked for one of these names among others."""
        for ws_key, names in by_key.items():
            for session in self._sessions.get(ws_key, ()):
                if (refusal := session.suspicion(names)) is not None:
                    return refusal
        return None

    def _held_back(self, ws_keys: Iterable[WsKey], timeout: float) -> NotSent | None:
        """Return the error of what may not connect for a while."""
        for ws_key in ws_keys:
            for session in self._sessions.get(ws_key, ()):
                if session.is_silenced(self.runtime.now()):
                    return session.never_sent("SUBSCRIBE", timeout)
        return None

    def _trouble(self, ws_keys: Iterable[WsKey]) -> str:
        sessions = [each for ws_key in ws_keys for each in self._sessions.get(ws_key, ())]
        reasons = [each.last_failure for each in sessions if each.last_failure]
        return reasons[-1] if reasons else "no answer"


def stream_market(ws_key: WsKey) -> Market:
    """Return the market whose streams a connection carries.

    Raises:
        ConfigurationError: It carries none.
    """
    known = endpoint(ws_key)
    if known.kind is not EndpointKind.STREAMS:
        allowed = ", ".join(
            f"WsKey.{key.name}" for key in WsKey if endpoint(key).kind is EndpointKind.STREAMS
        )
        raise ConfigurationError(
            f"WsKey.{ws_key.name} carries no market streams: use one of {allowed}"
        )
    return known.market


def _keys_of(ws_key: WsKey) -> set[WsKey]:
    """Return the connections that a key stands for."""
    return {ws_key, *(routed_key(ws_key, route) for route in StreamRoute)}


def key_of(ws_key: WsKey, name: str) -> WsKey:
    """Return the connection that serves a name: on some markets each stream has its route.

    Raises:
        ParameterError: The connection is that of another route, where the stream would be silent.
    """
    market = endpoint(ws_key).market
    if not market.facts.has_routes:
        return ws_key
    route = route_of(market, name)
    chosen = key_in_front(ws_key)
    if route is not None and chosen is not None and route is not chosen[1]:
        raise ParameterError(
            f"{name!r} is silent on WsKey.{ws_key.name}: use WsKey.{chosen[0].name}, which finds the route",
            parameter="ws_key",
            value=ws_key,
        )
    # Most kinds are on the market route; a key that stands for one connection stays as it is.
    return routed_key(ws_key, route or StreamRoute.MARKET)
