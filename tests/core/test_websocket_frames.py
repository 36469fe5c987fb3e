"""Frames: whatever pieces they come in, the same messages; whatever garbage, one kind of error."""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi.core import websocket_frames
from binance_wsapi.core.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameError,
    FrameReader,
    Message,
    client_frame,
)


def server_frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    first, size = (0x80 if is_last else 0) | opcode, len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def read(reader: FrameReader, *chunks: bytes) -> list[Message]:
    messages = []
    for chunk in chunks:
        reader.chunks.append(chunk)
        while (message := reader.peek()) is not None:
            assert reader.peek() is message, "told until it is dropped"
            messages.append(message)
            reader.drop()
    return messages


def read_as_the_loop_does(reader: FrameReader, *chunks: bytes) -> list[Message]:
    messages: list[Message] = []
    for chunk in chunks:
        reader.chunks.append(chunk)
        while (message := reader.peek()) is not None:
            reader.drop()
            messages.append(message)
            messages += ((TEXT, text) for text in reader.texts())
    return messages


Read = Callable[..., list[Message]]

both_ways = pytest.mark.parametrize("read", [read, read_as_the_loop_does])


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


Control = tuple[int, bytes]


class Sent(NamedTuple):
    """A message as it is sent: cut in fragments, control frames between them."""

    opcode: int
    payload: str | bytes
    cuts: list[int]
    between: list[Control]

    def frames(self) -> bytes:
        data = self.payload.encode() if isinstance(self.payload, str) else self.payload
        parts = pieces(data, self.cuts)
        controls = b"".join(server_frame(*each) for each in self.between)
        return controls.join(
            server_frame(
                CONTINUATION if number else self.opcode, part, is_last=number == len(parts) - 1
            )
            for number, part in enumerate(parts)
        )

    def told(self) -> list[Message]:
        return [*self.between * len(self.cuts), (self.opcode, self.payload)]


cuts = st.lists(st.integers(0, 10_000), max_size=4)
controls = st.tuples(st.sampled_from([PING, PONG, CLOSE]), st.binary(max_size=125))
texts = st.builds(Sent, st.just(TEXT), st.text(max_size=200), cuts, st.lists(controls, max_size=2))
binaries = st.builds(
    Sent, st.just(BINARY), st.binary(max_size=200), cuts, st.lists(controls, max_size=2)
)


@both_ways
@given(st.lists(st.one_of(texts, binaries)), st.lists(st.integers(0, 10**6)))
def test_messages_come_out_as_they_went_in_whatever_pieces_they_come_in(
    read: Read, sent: list[Sent], cuts: list[int]
) -> None:
    wire = b"".join(each.frames() for each in sent)

    messages = read(FrameReader(), *pieces(wire, cuts))

    assert messages == [told for each in sent for told in each.told()]


@both_ways
@given(st.lists(st.binary(max_size=64)))
def test_garbage_is_refused_by_one_kind_of_error(read: Read, chunks: list[bytes]) -> None:
    with contextlib.suppress(FrameError):
        read(FrameReader(), *chunks)


@given(st.lists(texts, min_size=3), st.integers(0, 10))
def test_texts_whose_taker_was_cut_short_are_still_there(sent: list[Sent], taken: int) -> None:
    reader = FrameReader()
    first, *_ = read(reader, server_frame(TEXT, b"first"))
    reader.chunks.append(b"".join(server_frame(TEXT, str(each.payload).encode()) for each in sent))
    second = reader.peek()
    reader.drop()

    told = [first, second, *((TEXT, text) for text in itertools.islice(reader.texts(), taken))]
    told += read(reader, b"")

    assert told == [(TEXT, "first"), *((TEXT, each.payload) for each in sent)]


def test_small_frame_behind_a_large_one_is_read_though_a_reader_was_interrupted_between() -> None:
    reader = FrameReader()
    large = server_frame(TEXT, b"x" * 5000)
    assert read(reader, large[:100]) == []

    reader.chunks.append(large[100:] + server_frame(PING, b""))
    reader._gather()  # the interrupt comes behind it
    told = [*reader.texts()]

    assert told == ["x" * 5000]
    assert reader.peek() == (PING, b"")


@given(st.sampled_from([TEXT, PING, PONG, CLOSE]), st.binary(max_size=300))
def test_what_a_client_writes_is_masked_and_can_be_read(opcode: int, payload: bytes) -> None:
    frame = client_frame(opcode, payload)

    size, at = frame[1] & 127, 2
    assert frame[0] == 0x80 | opcode
    assert frame[1] & 0x80, "a client's frames are masked"
    if size == 126:
        size, at = int.from_bytes(frame[2:4], "big"), 4
    key, masked = frame[at : at + 4], frame[at + 4 :]
    assert size == len(payload)
    assert bytes(byte ^ key[i % 4] for i, byte in enumerate(masked)) == payload


@both_ways
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 300_000])
def test_every_size_has_its_form(read: Read, size: int) -> None:
    frame = client_frame(TEXT, bytes(size))

    assert len(frame) - size == 2 + 4 + (0 if size < 126 else 2 if size < 65_536 else 8)
    assert read(FrameReader(), server_frame(BINARY, bytes(size))) == [(BINARY, bytes(size))]
    one, text = server_frame(TEXT, bytes(size)), (TEXT, "\0" * size)
    assert read(FrameReader(), one + one) == read(FrameReader(), one, one) == [text, text]


def test_no_two_masks_are_told_by_each_other() -> None:
    assert len({client_frame(TEXT, b"")[2:6] for _ in range(50)}) > 45


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b"\x81\x80abcd", 1002),
        (b"\x81\xfeabcd", 1002),
        (b"\xc1\x00", 1002),
        (b"\x83\x00", 1002),
        (b"\x8b\x00", 1002),
        (b"\x80\x00", 1002),
        (b"\x01\x00\x81\x00", 1002),
        (b"\x09\x00", 1002),
        (b"\x89\x7e\x00\x7e", 1002),
        (b"\x81\x01\xff", 1007),
        (b"\x81\x7f\x00\x00\x00\x00\x04\x00\x00\x01", 1009),
        (b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
    ],
    ids=repr,
)
@both_ways
def test_what_breaks_the_protocol_is_refused(read: Read, wire: bytes, code: int) -> None:
    with pytest.raises(FrameError) as caught:
        read(FrameReader(), server_frame(TEXT, b"before it") + wire)

    assert caught.value.code == code


def test_fragments_are_too_long_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_frames, "MAX_MESSAGE_BYTES", 10)
    reader = FrameReader()
    assert not read(reader, server_frame(TEXT, b"123456", is_last=False))

    with pytest.raises(FrameError) as caught:
        read(reader, server_frame(CONTINUATION, b"12345"))

    assert caught.value.code == 1009


def test_character_may_be_cut_between_two_fragments() -> None:
    parts = [server_frame(TEXT, b"\xe2", is_last=False), server_frame(CONTINUATION, b"\x82\xac")]

    assert read(FrameReader(), *parts) == [(TEXT, "€")]
