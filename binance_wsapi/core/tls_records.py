"""TLS between a socket and what is spoken over it."""

from __future__ import annotations

import ssl
from collections.abc import Callable

__all__ = ["TlsRecords"]

_MOST_BYTES = 1 << 20


class TlsRecords:
    """Turns what a socket brings into what was said, and what is to be said into what the socket takes.

    Whoever reads or writes may be interrupted at any line, and goes on where it was. But for one place:
    Python's ``ssl`` looks for signals after OpenSSL has worked, and then forgets what came of it. Then it
    ``is_torn``, and good for nothing any more.

    Args:
        context: How the peer is verified.
        host: The name that its certificate has to be for.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._brought: list[bytes] = []
        self._taken_in: list[int] = []
        """How much OpenSSL has of what the socket brought."""
        self._sealed: list[int] = []
        self.is_torn = False
        """Nobody knows what was said."""

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

    def read_into(self, said: list[bytes], recv: Callable[[int], bytes], size: int) -> bool:
        """Read and append what was said; return whether that was the end of it.

        Raises:
            OSError: There is nothing, or it cannot be believed.
        """
        if self._open_into(said):  # what an interrupted caller has left
            return True
        if not self._brought:
            self._brought.extend(map(recv, (size,)))
        if not self._brought[0]:
            self._brought = []
            return True
        if not self._taken_in:
            self._taken_in.extend(map(self._incoming.write, self._brought))
        self._brought, self._taken_in = [], []
        return self._open_into(said)

    def _open_into(self, said: list[bytes]) -> bool:
        incoming, tls = self._incoming, self._tls
        while incoming.pending or tls.pending():
            before = len(said)
            try:
                said.extend(map(tls.read, (_MOST_BYTES,)))
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLZeroReturnError:
                return True
            except OSError:
                raise
            except BaseException:
                self.is_torn = len(said) == before
                raise
            if not said[-1]:
                return True
        return False

    def seal_into(self, being_sent: list[bytes], data: bytes) -> None:
        """Append what the socket has to take for ``data``, and for what TLS itself has to say."""
        if data:
            self._sealed = []
            try:
                self._sealed.extend(map(self._tls.write, (data,)))
            except BaseException:
                self.is_torn = not self._sealed
                raise
        if self._outgoing.pending:
            being_sent.extend(map(self._outgoing.read, (-1,)))
