"""The frame around every request, answer and event of the WebSocket API.

A frame is taken apart in one pass; the parts that only the caller understands stay as the bytes they
are and are decoded on the caller's side.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from binance_wsapi.protocol.params import WireValue

__all__ = ["ErrorBody", "Frame", "MalformedFrame", "decode_frame", "encode_request"]

_ABSENT = Raw()


class MalformedFrame(ValueError):
    """The exchange sent something that is no frame of the WebSocket API.

    Attributes:
        request_id: The request it answers all the same; ``None`` when that cannot be told.
    """

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class ErrorBody(msgspec.Struct, gc=False):
    """What the exchange says about a request that failed."""

    code: int = 0
    """The exchange's error code, such as -2010; 0 when it gave none."""
    msg: str = ""
    """The exchange's own words."""
    data: Raw = _ABSENT
    """More about it (``retryAfter``, the halves of a cancel-replace), undecoded; empty when absent."""


class Frame(msgspec.Struct, rename="camel", gc=False):
    """One message of the exchange: an answer, an event, or a notice that the logon is gone."""

    id: str | int | None = None
    """The request it answers; ``None`` for what answers none."""
    status: int = 0
    """200 when the request was carried out; 0 in events, and where it is missing."""
    result: Raw = _ABSENT
    """The answer, undecoded; empty when there is none."""
    error: ErrorBody | None = None
    rate_limits: Raw = _ABSENT
    """The limits touched by the request, undecoded; empty when hidden."""
    subscription_id: int | None = None
    """The user data subscription an event belongs to; ``None`` for events of the connection."""
    event: Raw = _ABSENT
    """An event, undecoded; empty in answers."""

    @property
    def is_success(self) -> bool:
        """It says that the request was carried out, and what came of it."""
        return self.status == 200 and self.error is None and bool(self.result)

    @property
    def is_failure(self) -> bool:
        """It says in so many words that the request failed, or that nobody knows.

        What is neither success nor failure says nothing about what became of the request.
        """
        return 400 <= self.status < 600 and self.error is not None and self.error.code != 0

    @property
    def oddity(self) -> str:
        """What it says where it is neither success nor failure, in a few words."""
        if self.error is not None:
            return f"status {self.status} with error {self.error.code}"
        return f"status {self.status} with {'a' if self.result else 'no'} result"

    @property
    def is_revocation(self) -> bool:
        """The logged-on key is not valid any more: the session's logon is gone."""
        return self.status == 401 and self.id is None


class _Address(msgspec.Struct, gc=False):
    id: str | None = None


class _Request(msgspec.Struct, gc=False, omit_defaults=True):
    id: str
    method: str
    params: Mapping[str, WireValue] | None = None


_decode = msgspec.json.Decoder(Frame).decode
_decode_address = msgspec.json.Decoder(_Address).decode
_encode = msgspec.json.Encoder().encode


def decode_frame(data: bytes | str) -> Frame:
    """Take a frame apart.

    Raises:
        MalformedFrame: It is no JSON object, or one of its parts has a type no frame has.
    """
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        problem = f"the exchange sent a malformed frame: {error}"
        raise MalformedFrame(problem, _answered_by(data)) from None


def _answered_by(data: bytes | str) -> str | None:
    try:
        return _decode_address(data).id
    except (msgspec.DecodeError, UnicodeError):
        return None


def encode_request(
    request_id: str, method: str, params: Mapping[str, WireValue] | None = None
) -> bytes:
    """Write a request as the text frame that is sent, UTF-8 encoded; no ``params`` when empty."""
    return _encode(_Request(request_id, method, params or None))
