"""Hide secrets in frames and addresses, so that both can be logged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["SECRET_NAMES", "masked", "without_secrets"]

SECRET_NAMES = frozenset({"apiKey", "signature", "listenKey", "listenToken", "token"})
"""Parameters and result fields whose values never leave the process but on the wire."""

_MASK = "***"
_NAMES = "|".join(sorted(SECRET_NAMES))
_TEXT = r"""(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)"""
_MEMBER = re.compile(rf"""(["'](?:{_NAMES})["']\s*:\s*){_TEXT}""")
_QUERY = re.compile(rf"\b((?:{_NAMES})=)[^&\s\"'<>]*")
_HEADER = re.compile(r"(X-MBX-APIKEY['\"]?\s*[:=]\s*['\"]?)[^\s'\",}]+", re.IGNORECASE)
# What stands between the slashes and the host is a name and a password, whatever is in it.
_USER = re.compile(r'(?<=//)[^/\s?#"]+@')
# Listen keys also stand bare: as a path segment, a stream name, an item of SUBSCRIBE. They, API keys
# and HMAC signatures are 60 characters and more; no id, symbol or stream name comes near.
_BARE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{60,}(?![A-Za-z0-9])")


def masked(frame: str | bytes) -> str:
    """Return the text of a frame, a URL or headers with every secret replaced by ``***``."""
    text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
    text = _MEMBER.sub(rf'\1"{_MASK}"', text)
    text = _QUERY.sub(rf"\1{_MASK}", text)
    text = _HEADER.sub(rf"\1{_MASK}", text)
    text = _USER.sub(f"{_MASK}@", text)
    return _BARE.sub(_MASK, text)


def without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters without those that are secret."""
    return {name: value for name, value in params.items() if name not in SECRET_NAMES}
