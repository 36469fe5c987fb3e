"""TLS between a socket and what is spoken over it, sans I/O."""

from __future__ import annotations

import ssl

__all__ = ["TlsRecords"]

_MOST_BYTES = 1 << 20


class TlsRecords:
    """Turns what a socket brings into what was said, and what is to be said into what the socket takes.

    Args:
        context: How the peer is verified.
        host: The name that its certificate has to be for.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake_hands(self, data: bytes) -> tuple[bool, bytes]:
        """Take what the peer said, if anything; return whether that was all, and what to answer.

        Raises:
            OSError: There is no trusting the peer.
        """
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False, self._outgoing.read()
        return True, self._outgoing.read()

    def opened(self, data: bytes) -> tuple[bytes, bool]:
        """Return what was said, and whether the peer said that this is its end.

        Raises:
            OSError: It cannot be believed.
        """
        incoming, tls = self._incoming, self._tls
        incoming.write(data)
        said: list[bytes] = []
        try:
            while incoming.pending or tls.pending():
                part = tls.read(_MOST_BYTES)
                if not part:
                    return b"".join(said), True
                said.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            return b"".join(said), True
        return b"".join(said), False

    def sealed(self, data: bytes) -> bytes:
        """Return what the socket takes; with it goes what TLS itself has to say."""
        if data:
            self._tls.write(data)
        return self._outgoing.read()

    @property
    def has_to_say(self) -> bool:
        """Whether TLS itself has to say something, such as that its keys are new."""
        return self._outgoing.pending > 0
