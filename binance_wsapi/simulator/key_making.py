"""Makes API keys: the half that the owner keeps, and the half that the exchange keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from string import ascii_letters, digits
from typing import Literal

from binance_wsapi.simulator.doors.authentication import ApiKey, KeyKind

__all__ = ["Key", "KeyTypeName", "key_of", "make_key"]

KeyTypeName = Literal["ed25519", "hmac", "rsa"]
API_KEY_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as its owner holds it."""

    api_key: str
    """The key's name, sent with requests."""
    api_secret: str = field(repr=False)
    """The private key as PEM text (Ed25519, RSA), or the HMAC secret."""
    key_type: KeyTypeName = "ed25519"


def make_key(
    uid: int,
    key_type: KeyTypeName,
    rng: Random,
    *,
    permissions: frozenset[str],
    ips: frozenset[str],
) -> tuple[Key, ApiKey]:
    """Make a key of an account: for its owner, and for the exchange."""
    name = _text(rng)
    if key_type == "hmac":
        secret = checked_by = _text(rng)
    else:
        secret, checked_by = _ed25519_pair(rng) if key_type == "ed25519" else _rsa_pair()
    record = ApiKey(name, KeyKind(key_type), uid, checked_by, secret, permissions, ips)
    return key_of(record), record


def key_of(record: ApiKey) -> Key:
    """Return a key as its owner holds it."""
    return Key(record.api_key, record.secret, record.kind.value)


def _text(rng: Random) -> str:
    return "".join(rng.choices(ascii_letters + digits, k=API_KEY_LENGTH))


def _ed25519_pair(rng: Random) -> tuple[str, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _pem(Ed25519PrivateKey.from_private_bytes(rng.randbytes(32)))


def _rsa_pair() -> tuple[str, str]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _pem(private: object) -> tuple[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    assert isinstance(private, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey)
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()
