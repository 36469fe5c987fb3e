"""Sign requests with the key the user pasted, whatever its kind and form.

The cryptographic libraries are imported when a key needs them: import time is a feature.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import msgspec

from binance_wsapi.errors import ConfigurationError
from binance_wsapi.protocol.params import WireValue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["KeyType", "Secret", "Signer", "is_local", "load_signer", "signature_payload"]

Secret = str | bytes | os.PathLike[str]
"""An HMAC secret; a private key as PEM text, PEM or DER bytes; or the path of a key file."""


class KeyType(Enum):
    """The kinds of API key the exchange knows."""

    HMAC = "HMAC"
    RSA = "RSA"
    ED25519 = "Ed25519"
    """The only kind that can log a session on."""


class Signer(Protocol):
    """Whatever signs for an API key: built from ``api_secret``, or your own (a KMS, an HSM).

    ``sign`` is called on a thread of its own, since it may wait for a network, and several times at
    once; a call's timeout holds however long it takes. A signer that needs less than a millisecond says so with an
    attribute ``slow = False``: it is then called where the request is sent, which is quicker.
    """

    @property
    def key_type(self) -> KeyType:
        """The kind of the API key."""
        ...

    def sign(self, payload: bytes) -> str:
        """Return the signature: hexadecimal for HMAC, base64 for RSA and Ed25519."""
        ...


def signature_payload(params: Mapping[str, WireValue]) -> bytes:
    """Return the bytes a signature covers: ``name=value`` sorted by name, joined with ``&``.

    Each value stands as JSON carries it, unescaped, in UTF-8.

    Args:
        params: The request's parameters under their wire names, without ``signature``.
    """
    return "&".join(
        [
            f"{name}={value if value.__class__ in _WRITTEN_AS_THEY_ARE else _json_text(value)}"
            for name, value in sorted(params.items())
        ]
    ).encode()


_WRITTEN_AS_THEY_ARE = frozenset({str, int})


def _json_text(value: WireValue) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def load_signer(secret: Secret, passphrase: str | bytes | None = None) -> Signer:
    r"""Return the signer for a secret, after finding out what kind of key it is.

    Args:
        secret: An HMAC secret; a private RSA or Ed25519 key as PEM text, PEM bytes or DER bytes; or
            the path of a file with either. PEM text may carry its line ends as ``\n`` in two
            characters, as environment variables do.
        passphrase: What an encrypted key was encrypted with; ``None`` or empty for none.

    Raises:
        ConfigurationError: It is no key that can sign for Binance, or only a part of one. The
            message says what it is instead, and never quotes it.
    """
    if not isinstance(passphrase, str | bytes | None):
        raise ConfigurationError(
            f"api_secret_passphrase is of type {type(passphrase).__name__}: give it as str or bytes"
        )
    if isinstance(secret, str):
        return _from_text(secret, passphrase, files=True)
    if isinstance(secret, bytes | bytearray):
        return _from_bytes(bytes(secret), passphrase)
    try:
        path = Path(secret)
    except TypeError:
        raise ConfigurationError(
            f"api_secret is of type {type(secret).__name__}: give the secret or the PEM key as str "
            "or bytes, or the path of the key file"
        ) from None
    return _from_file(path, passphrase)


class _Secretive:
    """A signer shows nothing of its key and leaves the process by no door of Python's."""

    __slots__ = ()
    key_type: KeyType

    def __repr__(self) -> str:
        return f"<{self.key_type.value} signer>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a signer holds a secret key and can be neither pickled nor copied")


def is_local(signer: Signer | None) -> bool:
    """Whether :func:`load_signer` made it: it computes, and waits for nothing."""
    return isinstance(signer, _Secretive)


class _HmacSigner(_Secretive):
    __slots__ = ("_prepared",)
    key_type = KeyType.HMAC
    slow = False

    def __init__(self, secret: bytes) -> None:
        self._prepared = hmac.new(secret, digestmod=hashlib.sha256)

    def sign(self, payload: bytes) -> str:
        digest = self._prepared.copy()  # preparing the key costs as much as the digest itself
        digest.update(payload)
        return digest.hexdigest()


class _Ed25519Signer(_Secretive):
    __slots__ = ("_key", "_sign")
    key_type = KeyType.ED25519
    slow = False

    def __init__(self, key: Ed25519PrivateKey) -> None:
        from nacl.bindings import crypto_sign

        self._key = key.private_bytes_raw() + key.public_key().public_bytes_raw()
        self._sign = crypto_sign

    def sign(self, payload: bytes) -> str:
        signed = self._sign(payload, self._key)
        return binascii.b2a_base64(signed[:64], newline=False).decode()


class _RsaSigner(_Secretive):
    __slots__ = ("_hash", "_key", "_padding")
    key_type = KeyType.RSA
    slow = True

    def __init__(self, key: RSAPrivateKey) -> None:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        self._key = key
        self._padding = PKCS1v15()
        self._hash = SHA256()

    def sign(self, payload: bytes) -> str:
        signature = self._key.sign(payload, self._padding, self._hash)
        return binascii.b2a_base64(signature, newline=False).decode()


_KEY_FILES = (".pem", ".key", ".der", ".txt", ".p8", ".pk8", ".secret")
_LONGEST_PATH = 1024
_BYTE_ORDER_MARK = "\ufeff"


def _from_text(text: str, passphrase: str | bytes | None, *, files: bool) -> Signer:
    text = text.strip().strip(_BYTE_ORDER_MARK).strip()
    if not text:
        raise ConfigurationError("api_secret is empty")
    if "\x00" in text:
        raise ConfigurationError(
            "api_secret has zero characters inside, as UTF-16 text has that was read as another "
            "encoding: give the path of its file, or its bytes"
        )
    if "-----" in text:
        return _from_pem(text, passphrase)
    if files and _names_a_file(text):
        return _from_file(Path(text), passphrase)
    if _is_body_of_a_key(text):
        raise ConfigurationError(
            "api_secret is the inside of a PEM key: paste it whole, with its "
            "'-----BEGIN PRIVATE KEY-----' and '-----END PRIVATE KEY-----' lines"
        )
    return _from_hmac_secret(text, passphrase)


def _from_bytes(data: bytes, passphrase: str | bytes | None) -> Signer:
    text = _as_text(data)
    if text is None:
        return _from_der(data, passphrase)
    return _from_text(text, passphrase, files=False)


def _as_text(data: bytes) -> str | None:
    """Return the text that bytes are, UTF-8 or UTF-16; ``None`` for DER.

    Apart from its caller, so that no error is raised while one that shows the bytes is in flight.
    """
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        # Half of the bytes of a key in UTF-16 are zero; DER begins with a tag and a length.
        if data[1:2] == b"\x00":
            return data.decode("utf-16-le")
        if data[:1] == b"\x00":
            return data.decode("utf-16-be")
        return None if b"\x00" in data else data.decode()
    except UnicodeDecodeError:
        return None


def _from_file(path: Path, passphrase: str | bytes | None) -> Signer:
    try:
        data = path.expanduser().read_bytes()
    except (OSError, RuntimeError, ValueError) as error:  # a home or a name that cannot be
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"the key file {str(path)!r} cannot be read: {reason}") from None
    if not data.strip():
        raise ConfigurationError(f"the key file {str(path)!r} is empty")
    return _from_bytes(data, passphrase)


def _names_a_file(text: str) -> bool:
    if len(text) > _LONGEST_PATH or "\n" in text or "\x00" in text:
        return False
    if text.lower().endswith(_KEY_FILES):
        return True
    try:
        return Path(text).expanduser().is_file()
    except (OSError, RuntimeError):  # a name too long, a home that is not there
        return False


def _is_body_of_a_key(text: str) -> bool:
    """Whether it is base64 of a DER structure of just that length, which no HMAC secret is."""
    try:
        data = binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        return False
    is_pkcs8_ed25519 = data.startswith(b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70")
    is_public_ed25519 = data.startswith(b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70")
    is_long = data[:2] == b"\x30\x82" and int.from_bytes(data[2:4], "big") == len(data) - 4
    return is_pkcs8_ed25519 or is_public_ed25519 or is_long


# The exchange's are 64 letters and digits.
_is_hmac_secret = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def _from_hmac_secret(text: str, passphrase: str | bytes | None) -> Signer:
    if any(character.isspace() for character in text) or "\\n" in text:
        raise ConfigurationError(
            "api_secret has a space or a line end inside: an HMAC secret is one word (if it is meant "
            "to be a PEM key, its '-----BEGIN ...-----' line is missing)"
        )
    if text[0] in "'\"" or text[-1] in "'\"":
        raise ConfigurationError("api_secret stands in quotes: leave them out")
    if any(character in text for character in "/\\.~"):
        raise ConfigurationError(
            "api_secret looks like the path of a key file, and there is no such file: mend the path "
            "(an HMAC secret is made of letters and digits)"
        )
    if not _is_hmac_secret(text):
        raise ConfigurationError("api_secret has characters that no HMAC secret has: copy it again")
    if passphrase:
        raise ConfigurationError(
            "api_secret_passphrase was given, but api_secret is an HMAC secret, which has none"
        )
    return _HmacSigner(text.encode())


_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PEM_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PRIVATE_KEYS = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY")
_GENERATE = "make one with 'openssl genpkey -algorithm ed25519 -out key.pem'"


def _from_pem(text: str, passphrase: str | bytes | None) -> Signer:
    text = text.replace("\\r", "").replace("\\n", "\n")
    blocks = {match[1]: match[2] for match in _PEM.finditer(text)}
    for label in _PRIVATE_KEYS:
        if label in blocks:
            return _from_key(_pem_of(label, blocks[label]), passphrase, _load_pem)
    raise _pem_problem(blocks, _PEM_BEGIN.search(text))


# An old encrypted key names its cipher in two headers, and an empty line ends them.
_PEM_HEADERS = re.compile(r"\s*Proc-Type:\s*(\S+)\s+DEK-Info:\s*(\S+)\s+(.*)", re.DOTALL)


def _pem_of(label: str, body: str) -> bytes:
    """Write a PEM block anew, since its line ends are the first thing that pasting breaks."""
    headers = ""
    if old := _PEM_HEADERS.fullmatch(body):
        headers = f"Proc-Type: {old[1]}\nDEK-Info: {old[2]}\n\n"
        body = old[3]
    body = "\n".join(body.split())
    return f"-----BEGIN {label}-----\n{headers}{body}\n-----END {label}-----\n".encode()


def _pem_problem(blocks: Mapping[str, str], begin: re.Match[str] | None) -> ConfigurationError:
    if not blocks:
        missing = "END" if begin else "BEGIN"
        return ConfigurationError(
            f"api_secret is a part of a PEM key: its '-----{missing} ...-----' line is missing or "
            "damaged, paste the whole file"
        )
    label = next(iter(blocks))
    if "PUBLIC KEY" in label:
        return ConfigurationError(
            "api_secret is a public key, the half that is registered with Binance: give the private "
            "key that was made with it"
        )
    if "CERTIFICATE" in label:
        return ConfigurationError("api_secret is a certificate: give a private RSA or Ed25519 key")
    if label == "OPENSSH PRIVATE KEY":
        return ConfigurationError(
            f"api_secret is an OpenSSH key, which Binance does not take: {_GENERATE} and register "
            "its public half"
        )
    if label == "EC PRIVATE KEY":
        return ConfigurationError(
            f"api_secret is an elliptic curve (EC) key, and Binance takes Ed25519 and RSA: {_GENERATE}"
        )
    return ConfigurationError(
        f"api_secret is a PEM block {label!r}: give a private RSA or Ed25519 key"
    )


def _from_der(data: bytes, passphrase: str | bytes | None) -> Signer:
    return _from_key(data, passphrase, _load_der)


def _load_pem(data: bytes, passphrase: bytes | None) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(data, passphrase)


def _load_der(data: bytes, passphrase: bytes | None) -> object:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(data, passphrase)


_SMALLEST_RSA_BITS = 2048


def _from_key(
    data: bytes, passphrase: str | bytes | None, load: Callable[[bytes, bytes | None], object]
) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    key = _loaded(data, passphrase, load)
    if isinstance(key, Ed25519PrivateKey):
        return _Ed25519Signer(key)
    if isinstance(key, RSAPrivateKey):
        if key.key_size < _SMALLEST_RSA_BITS:
            raise ConfigurationError(
                f"api_secret is an RSA key of {key.key_size} bits, and Binance takes 2048 and more"
            )
        return _RsaSigner(key)
    kind = type(key).__name__.removesuffix("PrivateKey")
    raise ConfigurationError(
        f"api_secret is a private key of kind {kind}, and Binance takes Ed25519 and RSA: {_GENERATE}"
    )


def _loaded(
    data: bytes, passphrase: str | bytes | None, load: Callable[[bytes, bytes | None], object]
) -> object:
    """Read a key; no error of the library below comes through, since it may show what it read."""
    from cryptography.exceptions import UnsupportedAlgorithm

    if isinstance(passphrase, str):
        passphrase = passphrase.encode(errors="surrogateescape")
    try:
        return load(data, passphrase or None)
    except TypeError:
        problem = (
            "the key is encrypted: give its api_secret_passphrase"
            if not passphrase
            else "api_secret_passphrase was given, but the key is not encrypted: leave it out"
        )
    except UnsupportedAlgorithm:
        problem = f"api_secret is a key of a kind that Binance does not take: {_GENERATE}"
    except ValueError:
        problem = (
            "the key cannot be decrypted: api_secret_passphrase is wrong, or the key is damaged"
            if passphrase
            else "api_secret is no readable private key: it is damaged or only a part of one, paste "
            "the whole file"
        )
    raise ConfigurationError(problem)
