"""A client of the exchange in memory: frames in lists, keys that sign with the standard tools."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
from random import Random
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.key_making import Key, KeyTypeName, make_key
from binance_wsapi.simulator.venue import Venue

START_US = 1_800_000_025_300_000
API = "/ws-api/v3"
_ids = itertools.count(1)


class Wire:
    """The transport of one connection."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.pings: list[bytes] = []
        self.end: tuple[int, str] | None = None
        self.cut: bytes | None = None
        self.is_held = False

    def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.end = (code, reason)

    def abort(self, partial: bytes = b"") -> None:
        self.cut = partial

    def hold_reading(self, held: bool) -> None:
        self.is_held = held


class MemoryClient:
    """One connection to a venue without sockets."""

    def __init__(self, venue: Venue, path: str = API, remote: str = "10.0.0.1") -> None:
        self.venue = venue
        self.wire = Wire()
        self.door = venue.gateway.connect(path, remote=remote, transport=self.wire)

    def send(self, method: str, params: dict[str, Any] | None = None, **more: Any) -> object:
        """Send a request; return its id."""
        request_id: object = more.pop("id", f"r{next(_ids)}")
        self.send_text(
            json.dumps({"id": request_id, "method": method, "params": params or {}} | more)
        )
        return request_id

    def send_text(self, text: str) -> None:
        self.door.receive(text)

    def ask(self, method: str, params: dict[str, Any] | None = None, **more: Any) -> Any:
        """Send a request and return its answer; events before it stay in ``wire.frames``."""
        request_id = self.send(method, params, **more)
        return self.answer(request_id)

    def answer(self, request_id: object) -> Any:
        found = [f for f in self.wire.frames if "status" in f and f.get("id") == request_id]
        assert found, f"no answer to {request_id!r} in {self.wire.frames}"
        self.wire.frames.remove(found[-1])
        return found[-1]

    @property
    def events(self) -> list[Any]:
        return [frame for frame in self.wire.frames if "event" in frame]


def venue(**options: Any) -> Venue:
    return Venue(SimulatedClock(start_us=START_US, frozen=True), **options)


def add_key(
    exchange: Venue,
    uid: int,
    key_type: KeyTypeName = "ed25519",
    *,
    permissions: tuple[str, ...] = ("USER_DATA", "TRADE"),
    ips: tuple[str, ...] = (),
    seed: int = 1,
) -> Key:
    key, record = make_key(
        uid,
        key_type,
        Random(f"{seed} {uid} {key_type} {permissions}"),
        permissions=frozenset(permissions),
        ips=frozenset(ips),
    )
    exchange.keys.add(record)
    return key


def signature(key: Key, payload: bytes) -> str:
    if key.key_type == "hmac":
        return hmac.new(key.api_secret.encode(), payload, "sha256").hexdigest()
    private = serialization.load_pem_private_key(key.api_secret.encode(), None)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return base64.b64encode(private.sign(payload)).decode()
    assert isinstance(private, rsa.RSAPrivateKey)
    signed = private.sign(payload, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signed).decode()


def signed(key: Key, at_ms: int = START_US // 1_000, **params: Any) -> dict[str, Any]:
    """Return the parameters with key, timestamp and signature."""
    params = {"timestamp": at_ms, **params, "apiKey": key.api_key}
    payload = "&".join(f"{name}={_text(value)}" for name, value in sorted(params.items()))
    return params | {"signature": signature(key, payload.encode())}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


LIMIT_BUY: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "60000.00",
    "quantity": "0.001",
}
