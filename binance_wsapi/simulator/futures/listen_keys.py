"""Listen keys: one for each account, valid for an hour from its last start or ping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from string import ascii_letters, digits
from typing import Any

from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import ScheduledCall, SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.refusals import refusal

__all__ = ["VALIDITY_US", "ListenKeys"]

VALIDITY_US = 60 * 60 * 1_000_000

Listener = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _LiveKey:
    key: str
    account: EventSource
    expiry: ScheduledCall
    relay: Listener


class ListenKeys:
    """The live keys of a market, and who listens to them.

    Listeners are registered by key text alone: a connection may wait on a key that does not exist, and
    hears nothing.

    Args:
        clock: Time of the exchange.
        rng: Where keys come from.
    """

    def __init__(self, clock: SimulatedClock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self.keys_expire = True
        """Whether a key ends an hour after its last sign of life."""
        self._by_uid: dict[int, _LiveKey] = {}
        self._listeners: dict[str, list[Listener]] = {}

    def start(self, account: EventSource) -> dict[str, str]:
        """Answer ``userDataStream.start``: the live key, extended, or a new one."""
        live = self._by_uid.get(account.uid)
        if live is not None:
            return self._extend(live)
        key = "".join(self._rng.choices(ascii_letters + digits, k=64))
        relay = partial(self._tell, key)
        account.listeners.append(relay)
        self._by_uid[account.uid] = _LiveKey(key, account, self._schedule(account), relay)
        return {"listenKey": key}

    def ping(self, account: EventSource) -> dict[str, str]:
        """Answer ``userDataStream.ping``: another hour for the live key."""
        live = self._by_uid.get(account.uid)
        if live is None:
            raise refusal(-1125)
        return self._extend(live)

    def stop(self, account: EventSource) -> dict[str, str]:
        """Answer ``userDataStream.stop``: the key is dead, its connections stay open and silent."""
        live = self._by_uid.get(account.uid)
        if live is None:
            raise refusal(-1125)
        self._end(live)
        return {}

    def expire(self, account: EventSource) -> None:
        """Let the account's key run out now, with its event; nothing happens without one."""
        live = self._by_uid.get(account.uid)
        if live is None:
            return
        self._end(live)
        now = Micros(self._clock.now_us())
        self._tell(live.key, {"e": "listenKeyExpired", "E": now, "listenKey": live.key})

    def is_live(self, key: str) -> bool:
        """Whether a key is valid now."""
        return any(live.key == key for live in self._by_uid.values())

    def has_key(self, uid: int) -> bool:
        """Whether an account has a valid key now."""
        return uid in self._by_uid

    def owner_of(self, key: str) -> int | None:
        """Return whose key it is; ``None`` when it is not valid now."""
        return next((uid for uid, live in self._by_uid.items() if live.key == key), None)

    def listen(self, key: str, listener: Listener) -> None:
        """Hand every event of a key to ``listener``, as long as the key lives."""
        self._listeners.setdefault(key, []).append(listener)

    def unlisten(self, key: str, listener: Listener) -> None:
        """Stop handing events to ``listener``."""
        listeners = self._listeners.get(key, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._listeners.pop(key, None)

    def _tell(self, key: str, event: dict[str, Any]) -> None:
        for listener in tuple(self._listeners.get(key, ())):
            listener(event)

    def _extend(self, live: _LiveKey) -> dict[str, str]:
        live.expiry.cancel()
        live.expiry = self._schedule(live.account)
        return {"listenKey": live.key}

    def _schedule(self, account: EventSource) -> ScheduledCall:
        expiry = self._clock.call_at(
            self._clock.now_us() + VALIDITY_US, partial(self.expire, account)
        )
        if not self.keys_expire:
            expiry.cancel()
        return expiry

    def _end(self, live: _LiveKey) -> None:
        live.expiry.cancel()
        live.account.listeners.remove(live.relay)
        del self._by_uid[live.account.uid]
