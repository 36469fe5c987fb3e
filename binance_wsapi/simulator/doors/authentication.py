"""Who is asking: keys, signatures, timestamps, permissions and addresses.

Signatures are verified with ``cryptography`` and ``hmac``, never with the library's own signing code, so
that a mistake there cannot cancel itself out. The exchange keeps public keys (and HMAC secrets) only.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.simulator.doors.wire import to_micros
from binance_wsapi.simulator.errors import ExchangeError, illegal_characters, mandatory_missing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = [
    "ApiKey",
    "Credentials",
    "KeyKind",
    "KeyRing",
    "check_time",
]

_Verifier = Callable[[bytes, str], bool]

MAX_LEAD_US = 1_000_000
DEFAULT_RECV_WINDOW = "5000"
MAX_RECV_WINDOW = 60_000

_API_KEY = re.compile(r"[A-Za-z0-9]{64}")
_RECV_WINDOW_PATTERN = r"^([0-9]{1,20})(\.[0-9]{1,3})?$"
_RECV_WINDOW = re.compile(_RECV_WINDOW_PATTERN)
_TIMESTAMP_PATTERN = "^[0-9]{1,20}$"
_TIMESTAMP = re.compile(_TIMESTAMP_PATTERN)

_PERMISSION = {
    Security.TRADE: "TRADE",
    Security.USER_DATA: "USER_DATA",
    Security.USER_STREAM: "USER_DATA",
    Security.SIGNED: "USER_DATA",
}


class KeyKind(str, Enum):
    """How a key signs."""

    ED25519 = "ed25519"
    HMAC = "hmac"
    RSA = "rsa"


@dataclass(eq=False, slots=True)
class ApiKey:
    """A key as the exchange knows it. Change it while the exchange runs to take rights away."""

    api_key: str
    kind: KeyKind
    uid: int
    """The account it belongs to."""
    checked_by: str = field(repr=False)
    """What signatures are checked by: the HMAC secret, or the public key as PEM text."""
    secret: str = field(repr=False)
    """The owner's half, for owners who ask for it again."""
    permissions: frozenset[str] = frozenset({"USER_DATA", "TRADE"})
    ips: frozenset[str] = frozenset()
    """Addresses it may be used from; empty means any."""

    def verify(self, payload: bytes, signature: str) -> bool:
        """Whether a signature text belongs to a payload."""
        return _verifier(self.kind, self.checked_by)(payload, signature)

    def allows(self, security: Security, remote: str) -> bool:
        """Whether the key may do something of this kind from this address."""
        wanted = _PERMISSION.get(security)
        return (wanted is None or wanted in self.permissions) and (
            not self.ips or remote in self.ips
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about its sender, as text."""

    api_key: str | None
    signature: str | None
    timestamp: str | None
    recv_window: str | None
    payload: bytes
    """What the signature covers."""


class KeyRing:
    """All keys of the exchange."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}
        self.checks_time = True
        """Whether the timestamp of a request must be near the exchange's time."""

    def add(self, key: ApiKey) -> None:
        """Accept a key from now on."""
        self._keys[key.api_key] = key

    def revoke(self, api_key: str) -> None:
        """Delete a key; sessions logged on with it learn so at their next request."""
        self._keys.pop(api_key, None)

    @property
    def owners(self) -> list[int]:
        """The accounts that have a key, in the order of their oldest ones."""
        return list(dict.fromkeys(key.uid for key in self._keys.values()))

    def of_account(self, uid: int) -> list[ApiKey]:
        """Return the keys of an account."""
        return [key for key in self._keys.values() if key.uid == uid]

    def is_valid(self, key: ApiKey, remote: str) -> bool:
        """Whether a key that was accepted earlier still is."""
        return self._keys.get(key.api_key) is key and key.allows(Security.USER_DATA, remote)

    def identify(self, api_key: str, security: Security, remote: str) -> ApiKey:
        """Return the key of that name if it may do this from there.

        Raises:
            ExchangeError: -2014 when it is no key at all, -2015 when it is refused.
        """
        if _API_KEY.fullmatch(api_key) is None:
            raise ExchangeError(-2014, "API-key format invalid.", 401)
        key = self._keys.get(api_key)
        if key is None or not key.allows(security, remote):
            raise refused_key()
        return key


def refused_key() -> ExchangeError:
    """-2015: unknown key, wrong address or missing permission; the exchange does not say which."""
    return ExchangeError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def check_signature(key: ApiKey, credentials: Credentials) -> None:
    """Raise -1022 unless the signature belongs to the key and the payload."""
    if credentials.signature is None:
        raise mandatory_missing("signature")
    if not key.verify(credentials.payload, credentials.signature):
        raise ExchangeError(-1022, "Signature for this request is not valid.")


def check_time(credentials: Credentials, now_us: int) -> int:
    """Check the timestamp at receipt and return the last microsecond the engine may still take it."""
    if credentials.timestamp is None:
        raise mandatory_missing("timestamp")
    if _TIMESTAMP.fullmatch(credentials.timestamp) is None:
        raise illegal_characters("timestamp", _TIMESTAMP_PATTERN)
    window = credentials.recv_window or DEFAULT_RECV_WINDOW
    if _RECV_WINDOW.fullmatch(window) is None:
        raise illegal_characters("recvWindow", _RECV_WINDOW_PATTERN)
    if Decimal(window) > MAX_RECV_WINDOW:
        raise ExchangeError(-1131, f"recvWindow must be less than {MAX_RECV_WINDOW}.")
    timestamp_us = to_micros(int(credentials.timestamp))
    if timestamp_us >= now_us + MAX_LEAD_US:
        raise ExchangeError(
            -1021, "Timestamp for this request was 1000ms ahead of the server's time."
        )
    deadline_us = timestamp_us + int(Decimal(window) * 1_000)
    check_deadline(deadline_us, now_us)
    return deadline_us


def check_deadline(deadline_us: int, now_us: int) -> None:
    """Raise -1021 when the request's window is over."""
    if now_us > deadline_us:
        raise ExchangeError(-1021, "Timestamp for this request is outside of the recvWindow.")


def sorted_payload(params: Iterable[tuple[str, str]]) -> bytes:
    """Return what a WebSocket request's signature covers: all values but the signature, by name."""
    return "&".join(
        f"{name}={text}" for name, text in sorted(params) if name != "signature"
    ).encode()


@lru_cache(maxsize=1024)
def _verifier(kind: KeyKind, checked_by: str) -> _Verifier:
    """Return the check of a key's signatures: made once, as reading a key takes longer than using it."""
    return (
        _hmac_verifier(checked_by) if kind is KeyKind.HMAC else _public_verifier(kind, checked_by)
    )


def _hmac_verifier(secret: str) -> _Verifier:
    """Return the check of HMAC-SHA-256 signatures; hex, in either case."""
    key = secret.encode()

    def verify(payload: bytes, signature: str) -> bool:
        expected = hmac.new(key, payload, "sha256").hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())

    return verify


def _public_verifier(kind: KeyKind, pem: str) -> _Verifier:
    """Return the check of the signatures of a public key (PEM, SubjectPublicKeyInfo)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    public = serialization.load_pem_public_key(pem.encode())
    check: Callable[[bytes, bytes], None]
    if kind is KeyKind.ED25519:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        check = public.verify
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        check = partial(_verify_rsa, public)

    def verify(payload: bytes, signature: str) -> bool:
        try:
            check(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    return verify


def _verify_rsa(public: RSAPublicKey, signature: bytes, data: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
