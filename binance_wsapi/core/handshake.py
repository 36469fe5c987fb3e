"""The opening handshake of a WebSocket, sans I/O: what a client asks for, and what it is answered."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping

from yarl import URL

from binance_wsapi.core.transport import HandshakeRefused, redirected
from binance_wsapi.protocol.silence import retry_after_s

__all__ = ["Handshake"]

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_MOST_BYTES = 64 << 10
"""An answer is a few hundred bytes long."""

_REDIRECTS = {301, 302, 303, 307, 308}


class Handshake:
    """One opening handshake.

    Args:
        url: Where to.
        headers: What the caller wants to stand in it.
    """

    def __init__(self, url: URL, headers: Mapping[str, str] | None) -> None:
        self._key = base64.b64encode(os.urandom(16)).decode()
        sent = {
            "Host": url.host_port_subcomponent or "",
            "User-Agent": "binance_wsapi",
        }
        if url.user is not None or url.password is not None:
            user = f"{url.user or ''}:{url.password or ''}".encode()
            sent["Authorization"] = f"Basic {base64.b64encode(user).decode()}"
        names = {name.lower(): name for name in sent}
        for name, value in (headers or {}).items():
            sent[names.get(name.lower(), name)] = value
        sent |= {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": self._key,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self.request = f"GET {url.raw_path_qs} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        """What the client sends."""
        self._answer = b""

    def take(self, data: bytes, wall_us: int) -> bytes | None:
        """Take a part of the answer; return what stands behind it, or ``None`` when it is not whole.

        Args:
            data: The part; empty at the end of the connection.
            wall_us: This machine's time, epoch microseconds.

        Raises:
            HandshakeRefused: The answer is an HTTP error, or a redirection.
            OSError: It is no answer at all.
        """
        if not data:
            raise ConnectionResetError("the connection was closed during the handshake")
        self._answer += data
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end:
            if len(self._answer) > _MOST_BYTES:
                raise OSError("the handshake was answered with something that is no HTTP")
            return None
        self._check(head.decode("latin-1"), wall_us)
        return rest

    def _check(self, head: str, wall_us: int) -> None:
        status_line, *lines = head.split("\r\n")
        version, _, status_text = status_line.partition(" ")
        code = status_text.partition(" ")[0]
        if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdecimal()):
            raise OSError("the handshake was answered with something that is no HTTP")
        status = int(code)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        if status in _REDIRECTS and "location" in headers:
            raise HandshakeRefused(status, redirected(headers["location"]))
        if status != 101:
            retry_after = retry_after_s(
                headers.get("retry-after", ""), headers.get("date", ""), wall_us
            )
            raise HandshakeRefused(status, "Invalid response status", retry_after)
        if headers.get("upgrade", "").lower() != "websocket":
            raise HandshakeRefused(status, "Invalid upgrade header")
        if headers.get("connection", "").lower() != "upgrade":
            raise HandshakeRefused(status, "Invalid connection header")
        digest = hashlib.sha1((self._key + _GUID).encode(), usedforsecurity=False).digest()
        if headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise HandshakeRefused(status, "Invalid challenge response")
        if "sec-websocket-extensions" in headers or "sec-websocket-protocol" in headers:
            raise HandshakeRefused(status, "Unasked extension or protocol")
