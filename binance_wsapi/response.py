"""The answer to a request: typed result, limits, round trip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from binance_wsapi.errors import BinanceWsApiError, UnreadableResult
from binance_wsapi.loading import load, uncut
from binance_wsapi.models.base import Model
from binance_wsapi.models.readable import Readable, presentation
from binance_wsapi.models.rows import Rows
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.protocol.secrets import masked

if TYPE_CHECKING:
    from binance_wsapi.catalogue.operation import Operation
    from binance_wsapi.rules.violation import Adjustment

__all__ = ["FloatResponse", "RateLimitUsage", "Response"]

_UNDECODED: Any = object()

T_co = TypeVar("T_co", covariant=True)


class RateLimitUsage(Model, frozen=True):
    """How much of one limit is used up, as an answer told it."""

    named_by: ClassVar[tuple[str, ...]] = ("rate_limit_type", "interval")

    rate_limit_type: str
    """``REQUEST_WEIGHT`` (per IP) or ``ORDERS`` (per account)."""
    interval: str
    """``SECOND``, ``MINUTE``, ``HOUR`` or ``DAY``."""
    interval_num: int
    """How many intervals the window lasts."""
    limit: int
    """Most that may be used in the window."""
    count: int
    """Used so far in the window."""


_decode_any = msgspec.json.Decoder().decode
_decode_rate_limits = msgspec.json.Decoder(list[RateLimitUsage]).decode
_decoders: dict[Operation, Callable[[bytes | msgspec.Raw], Any]] = {}


class Response(Generic[T_co]):
    """What the exchange answered to one request.

    The result is decoded on first touch, on the thread that touches it, and kept.
    """

    # A dict: help() shows what stands here, where it shows nothing of slots in a tuple.
    __slots__ = {  # noqa: RUF023  (the public ones first)
        "id": "The request's id.",
        "status": "The exchange's status, 200 for success.",
        "round_trip": "Seconds from the write to the answer.",
        "resolved": "True when the answer was lost and the outcome was found by asking for the order.",
        "_adjustments": None,
        "_frame": None,
        "_operation": None,
        "_rate_limits": None,
        "_raw_rate_limits": None,
        "_raw_result": None,
        "_result": None,
    }

    id: str
    status: int
    round_trip: float
    resolved: bool
    _result: Any
    _rate_limits: Rows[RateLimitUsage]
    _adjustments: tuple[Adjustment, ...]

    def __init__(
        self,
        operation: Operation | None,
        frame: bytes | str,
        request_id: str,
        status: int,
        result: msgspec.Raw,
        rate_limits: msgspec.Raw,
        round_trip: float,
        resolved: bool = False,
    ) -> None:
        self._result = _UNDECODED
        self._operation = operation
        self._frame = frame
        self._raw_result = result
        self._raw_rate_limits = rate_limits
        self.id = request_id
        self.status = status
        self.round_trip = round_trip
        self.resolved = resolved

    @property
    def result(self) -> T_co:
        """The typed result.

        Raises:
            UnreadableResult: the exchange accepted the request, but its answer does not fit the
                model; the answer is in the error's ``raw`` and in :attr:`raw`.
        """
        result = self._result
        if result is _UNDECODED:
            result = self._result = self._decode()
        return result  # type: ignore[no-any-return]  # the decoder is the operation's own

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What ``order_rules="round"`` changed of the order before it was sent; empty when nothing."""
        try:
            return self._adjustments
        except AttributeError:
            return ()

    def adjusted(self, adjustments: tuple[Adjustment, ...]) -> Response[T_co]:
        """Note what was changed of the request before it was sent."""
        self._adjustments = adjustments
        return self

    @property
    def raw_result(self) -> msgspec.Raw:
        """The result as the exchange sent it, not decoded."""
        return self._raw_result

    @property
    def rate_limits(self) -> Rows[RateLimitUsage]:
        """The limits as the exchange counts them; empty when it was asked to leave them out.

        Raises:
            UnreadableResult: They do not fit; the request was accepted all the same.
        """
        try:
            limits = self._rate_limits
        except AttributeError:
            raw = self._raw_rate_limits
            try:
                items = _decode_rate_limits(raw) if raw else ()
            except msgspec.DecodeError as error:
                raise UnreadableResult(
                    f"the answer's rate limits do not fit: {error}. They are in .raw",
                    operation="rateLimits" if self._operation is None else self._operation.method,
                    raw=bytes(raw),
                ) from None
            limits = self._rate_limits = Rows(items, kind=RateLimitUsage)
        return limits

    @property
    def raw(self) -> dict[str, Any]:
        """The whole answer as the exchange sent it, decoded anew at each touch."""
        answer: dict[str, Any] = _decode_any(self._frame)
        return answer

    def _decode(self) -> Any:
        operation = self._operation
        if operation is None:
            return _decode_any(self._raw_result)
        decode = _decoders.get(operation)
        if decode is None:
            decode = _decoders[operation] = _reader(operation.result)
        try:
            return decode(self._raw_result)
        except msgspec.MsgspecError as error:
            raise UnreadableResult(
                f"{operation.method} was accepted, but its answer does not fit "
                f"{operation.result!r}: {error}. The answer is in .raw",
                operation=operation.method,
                raw=bytes(self._raw_result),
            ) from None

    def __repr__(self) -> str:
        try:
            result = repr(self.result)
            if self._operation is None:
                result = masked(result)  # a wire dict, which hides nothing by itself
        except BinanceWsApiError:
            result = "<unreadable>"
        return f"Response(status={self.status}, round_trip={self.round_trip:.6f}, result={result})"

    def _repr_html_(self) -> str:
        try:
            result: Any = self.result
        except BinanceWsApiError:
            result = None
        if isinstance(result, Readable | Rows):
            return result._repr_html_()  # pyright: ignore[reportPrivateUsage]
        return str(load("html").escape(repr(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (
            self._operation and (self._operation.market.value, self._operation.method),
            self._frame,
            self.id,
            self.status,
            bytes(self._raw_result),
            bytes(self._raw_rate_limits),
            self.round_trip,
            self.resolved,
            self.adjustments,
            type(self),
        )


class FloatResponse(Response[T_co]):
    """A response to a caller who wants floats; all that is exact about it stands in :class:`Response`."""

    __slots__ = ()

    @property
    def exact_result(self) -> Any:
        """The result with decimals, decoded anew at each touch."""
        return super()._decode()

    def _decode(self) -> Any:
        result = super()._decode()
        return result if self._operation is None else presentation("floats").floats(result)


def _reader(wanted: Any) -> Callable[[bytes | msgspec.Raw], Any]:
    """Return a function that decodes a result; a list of models is one that finds them by name."""
    decode = tolerant_decoder(wanted)
    lists = [each for each in (wanted, *get_args(wanted)) if get_origin(each) is list]
    if not lists:
        return decode
    (item,) = get_args(lists[0])
    kind = item if isinstance(item, type) else None

    def read(wire: bytes | msgspec.Raw) -> Any:
        result = decode(wire)
        if not isinstance(result, list):
            return result
        items: list[Any] = result  # pyright: ignore[reportUnknownVariableType]
        return Rows(items, kind=kind)

    return read


def _restore(
    operation_key: tuple[str, str] | None,
    frame: bytes | str,
    request_id: str,
    status: int,
    result: bytes,
    rate_limits: bytes,
    round_trip: float,
    resolved: bool,
    adjustments: tuple[Adjustment, ...] = (),
    kind: type[Response[Any]] = Response,
) -> Response[Any]:
    with uncut:
        from binance_wsapi.catalogue import operation_by_method
        from binance_wsapi.markets import Market

    operation = operation_key and operation_by_method(Market(operation_key[0]), operation_key[1])
    response = kind(
        operation=operation or None,
        frame=frame,
        request_id=request_id,
        status=status,
        result=msgspec.Raw(result),
        rate_limits=msgspec.Raw(rate_limits),
        round_trip=round_trip,
        resolved=resolved,
    )
    return response.adjusted(adjustments) if adjustments else response
