"""TLS without a socket: read and written by callers who are interrupted at any point of it."""

from __future__ import annotations

import itertools
import random
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from interrupting import interrupted

from binance_wsapi.core.tls_records import TlsRecords
from binance_wsapi.simulator.doors.certificates import server_context

SERVING, CERTIFICATE = server_context(["localhost"])
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
SIZES = (1, 2, 600, 16_384, 1, 16_385, 70_000, 1)


class Peer:
    """The other side, and what is under way to and from it."""

    def __init__(self, version: ssl.TLSVersion) -> None:
        trusting = ssl.create_default_context(cadata=CERTIFICATE)
        trusting.maximum_version = version
        self.records = TlsRecords(trusting, "localhost")
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = SERVING.wrap_bio(self._incoming, self._outgoing, server_side=True)
        is_done, answer = self.records.shake_hands(b"")
        while not is_done:
            self.hear(answer)
            is_done, answer = self.records.shake_hands(self.saying(b""))
        self.hear(answer)
        self.under_way = self.saying(b"")

    def saying(self, *data: bytes) -> bytes:
        """Return what comes over the wire for it."""
        for each in data:
            if each:
                self._tls.write(each)
        return self._outgoing.read()

    def hear(self, sealed: bytes) -> bytes:
        """Take what came over the wire, and return what it says."""
        self._incoming.write(sealed)
        said = b""
        try:
            self._tls.do_handshake()
            while True:
                said += self._tls.read(1 << 20)
        except ssl.SSLWantReadError:
            return said

    def recv(self, size: int) -> bytes:
        """As a socket does."""
        if not self.under_way:
            raise BlockingIOError
        got, self.under_way = self.under_way[:size], self.under_way[size:]
        return got

    def read(self, said: list[bytes], size: int) -> None:
        """Read what there is."""
        while True:
            try:
                assert not self.records.read_into(said, self.recv, size)
            except BlockingIOError:
                return


class Forgetful:
    """Python's own objects of TLS, where a signal comes when OpenSSL has worked, or is about to."""

    def __init__(self, tls: Any, point: int) -> None:
        self._tls = tls
        self._left = point
        self.pending = tls.pending

    def read(self, *given: Any) -> Any:
        return self._interrupted(lambda: self._tls.read(*given))

    def write(self, *given: Any) -> Any:
        return self._interrupted(lambda: self._tls.write(*given))

    def _interrupted(self, work: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left == -1:
            raise KeyboardInterrupt
        result = work()
        self._left -= 1
        if self._left == -1:
            raise KeyboardInterrupt
        return result


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [7, 1448, 65_536])
def test_what_is_said_is_read_whatever_the_pieces_it_comes_in(
    version: ssl.TLSVersion, size: int
) -> None:
    peer, said = Peer(version), list[bytes]()
    told = [random.Random(size).randbytes(each) for each in SIZES]
    peer.under_way += peer.saying(*told)

    peer.read(said, size)

    assert b"".join(said) == b"".join(told)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [1448, 65_536])
def test_signal_while_openssl_reads_loses_nothing(version: ssl.TLSVersion, size: int) -> None:
    """Python's ``ssl`` then forgets how much it has read."""
    told = [random.Random(size).randbytes(each) for each in SIZES]
    was_interrupted = True
    for point in itertools.count():
        if not was_interrupted:
            break
        peer, said = Peer(version), list[bytes]()
        peer.read(said, size)  # what TLS itself has to say
        peer.under_way += peer.saying(*told)
        tls = peer.records._tls
        peer.records._tls = Forgetful(tls, point)  # type: ignore[assignment]
        was_interrupted = False
        try:
            peer.read(said, size)
        except KeyboardInterrupt:
            was_interrupted = True
            peer.read(said, size)

        assert b"".join(said) == b"".join(told), point
    assert point > 2 * len(SIZES)


@pytest.mark.parametrize("version", VERSIONS)
def test_interrupt_at_any_point_of_a_read_loses_nothing(version: ssl.TLSVersion) -> None:
    told = [b"\x01", b"two", b"x" * 20_000]
    for point in itertools.count():
        peer, said = Peer(version), list[bytes]()
        peer.read(said, 65_536)
        peer.under_way += peer.saying(*told)

        error = interrupted(point, partial(peer.read, said, 65_536))

        if error is None:
            break
        peer.read(said, 65_536)
        assert b"".join(said) == b"".join(told), point
    assert point > 20


@pytest.mark.parametrize("version", VERSIONS)
def test_interrupt_at_any_point_of_a_write_sends_everything_once(
    version: ssl.TLSVersion,
) -> None:
    told = [b"x" * 40_000, b"y" * 600]
    heard: set[bytes] = set()
    for point in itertools.count():
        peer, being_sent = Peer(version), list[bytes]()
        peer.records._tls = Forgetful(peer.records._tls, point)  # type: ignore[assignment]
        peer.records.frames += told
        try:
            peer.records.seal_into(being_sent)
        except KeyboardInterrupt:
            peer.records.frames.append(b"later")
            peer.records.seal_into(being_sent)
            heard.add(peer.hear(b"".join(being_sent)))
        else:
            break
    for point in itertools.count():
        peer, being_sent = Peer(version), []
        peer.records.frames += told
        if interrupted(point, partial(peer.records.seal_into, being_sent)) is None:
            break
        peer.records.frames.append(b"later")
        peer.records.seal_into(being_sent)
        heard.add(peer.hear(b"".join(being_sent)))
    assert heard == {b"".join((*told, b"later"))}


def test_record_that_nobody_can_tell_from_none_costs_the_connection() -> None:
    """A single zero byte, or one of TLS itself: such a record is not guessed at."""
    peer, said = Peer(ssl.TLSVersion.TLSv1_3), list[bytes]()
    peer.read(said, 65_536)
    peer.under_way += peer.saying(b"\x00")
    tls = peer.records._tls
    peer.records._tls = Forgetful(tls, 1)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        peer.read(said, 65_536)

    with pytest.raises(OSError, match="interrupted while TLS worked"):
        peer.read(said, 65_536)
    assert not said


def test_peer_that_speaks_no_tls_is_refused_at_once() -> None:
    records = TlsRecords(ssl.create_default_context(), "localhost")
    records.shake_hands(b"")

    with pytest.raises(ssl.SSLError):
        records.shake_hands(b"HTTP/1.1 400 Bad Request\r\n\r\n")
