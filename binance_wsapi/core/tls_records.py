"""TLS between a socket and what is spoken over it."""

from __future__ import annotations

import ssl
from collections.abc import Callable

__all__ = ["TlsRecords"]

_HEADER_BYTES = 5
_KINDS = range(20, 25)
"""What a record may be of; a peer that sends something else speaks no TLS."""


class TlsRecords:
    """Turns what a socket brings into what was said, and what is to be said into what the socket takes.

    Whoever reads or writes may be interrupted at any line, and goes on where it was. Python's ``ssl`` looks
    for signals after OpenSSL has worked, and then forgets how much that was: so OpenSSL is given whole
    records, of each is read one byte, and then the rest, which OpenSSL knows the length of.

    Args:
        context: How the peer is verified.
        host: The name that its certificate has to be for.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._brought: list[bytes] = []
        """What the socket brought and OpenSSL has not got."""
        self._taken_in: list[int] = []
        """How much of that OpenSSL has got all the same."""
        self._first = bytearray(1)
        """The first byte of a record."""
        self._before: int | None = None
        """How much OpenSSL had not looked at when that was asked for."""
        self._rest: bytearray | None = None
        """What is behind it."""
        self.frames: list[bytes] = []
        """What is to be said."""
        self._sealing = self._sealed_before = 0
        """How many of these are being sealed, and how much was sealed before."""

    def shake_hands(self, data: bytes) -> tuple[bool, bytes]:
        """Take what the peer said, if anything; return whether that was all, and what to answer.

        Raises:
            OSError: There is no trusting the peer.
        """
        self._brought.append(data)
        self._take_in()
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
        if self._sealing:
            self._forget_sealed()
        if self._brought:
            self._take_in()
        # What an interrupted caller has left.
        if (self._before is not None or self._incoming.pending) and self._open_into(said):
            return True
        self._brought.extend(map(recv, (size,)))
        if not self._brought[-1]:
            return True
        self._take_in()
        return self._open_into(said)

    def seal_into(self, being_sent: list[bytes]) -> None:
        """Append what the socket has to take for :attr:`frames`, and for what TLS itself has to say."""
        if self._sealing:
            self._forget_sealed()
        frames, outgoing = self.frames, self._outgoing
        if frames:
            data = b"".join(frames)
            self._sealing, self._sealed_before = len(frames), outgoing.pending
            self._tls.write(data)
            self._forget_sealed()
        if outgoing.pending:
            being_sent.extend(map(outgoing.read, (-1,)))

    def _forget_sealed(self) -> None:
        """Drop the frames that were sealed, by a caller who was interrupted perhaps."""
        if self._outgoing.pending > self._sealed_before:
            del self.frames[: self._sealing]
        self._sealing = 0

    def _take_in(self) -> None:
        """Give OpenSSL the whole records of what was brought."""
        data = b"".join(self._brought)
        size = _whole_records(data)
        if size:
            if not self._taken_in:
                self._taken_in.extend(map(self._incoming.write, (data[:size],)))
            rest = data[size:]
            self._brought, self._taken_in = [rest] if rest else [], []

    def _open_into(self, said: list[bytes]) -> bool:
        tls, incoming, first = self._tls, self._incoming, self._first
        while self._before is not None or incoming.pending:
            rest = self._rest
            if rest is None:
                if self._before is None or not self._is_begun(self._before):
                    self._before, first[0] = incoming.pending, 0
                    try:
                        tls.read(1, first)
                    except ssl.SSLWantReadError:  # they were of TLS itself
                        self._before = None
                        return False
                    except ssl.SSLZeroReturnError:
                        self._before = None
                        return True
                left = tls.pending()
                rest = self._rest = bytearray(left)
            else:
                left = tls.pending()
                if left and left != len(rest):
                    raise _forgotten()
            if left:
                tls.read(left, rest)
            chunk = b"".join((first, rest))
            said += (chunk,)  # and no call before it counts as taken
            self._before = self._rest = None
        return False

    def _is_begun(self, before: int) -> bool:
        """Whether a caller who was interrupted has read the first byte of a record."""
        if self._tls.pending() or self._first[0]:
            return True
        if self._incoming.pending == before:
            return False
        # A record of TLS itself, or of one zero byte: which, is forgotten.
        raise _forgotten()


def _whole_records(data: bytes) -> int:
    """Return how much of it are whole records; what are none is OpenSSL's to refuse."""
    at, size = 0, len(data)
    while size - at >= _HEADER_BYTES:
        if data[at] not in _KINDS:
            return size
        end = at + _HEADER_BYTES + (data[at + 3] << 8 | data[at + 4])
        if end > size:
            break
        at = end
    return at


def _forgotten() -> OSError:
    return OSError("a caller was interrupted while TLS worked")
