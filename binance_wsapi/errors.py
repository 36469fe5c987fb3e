"""Every error the library raises, in one tree.

The axis is what the caller may do next; the cause is an attribute:

* :class:`NotSent`: nothing left this machine, repeat freely.
* :class:`OutcomeUnknown`: it may have been executed, find out before repeating.
* :class:`RequestRejected`: the exchange said no.
* :class:`NotPlaced`: the outcome was unknown and is now known: nothing was executed.

Errors are values: they are built on one thread and raised on another, they pickle, and none of them
carries a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from binance_wsapi.loading import uncut

if TYPE_CHECKING:
    from concurrent.futures import Future

    from binance_wsapi.response import Response
    from binance_wsapi.rules.violation import Violation

__all__ = [
    "AuthenticationFailed",
    "BinanceWsApiError",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionLost",
    "FilterFailure",
    "InvalidTimestamp",
    "IpBanned",
    "JournalHeld",
    "NotPlaced",
    "NotSent",
    "OrderNotFound",
    "OrderRejected",
    "OutcomeUnknown",
    "ParameterError",
    "PartlyExecuted",
    "RateLimited",
    "RequestRejected",
    "RequestTimeout",
    "RulesBroken",
    "ServerUndecided",
    "UnreadableResult",
]


class BinanceWsApiError(Exception):
    """Base of every error of this library."""

    def __repr__(self) -> str:
        facts = "".join(
            f", {name}={value!r}"
            for name in ("code", "operation", "client_order_id", "reason")
            if (value := self.__dict__.get(name)) is not None
        )
        return f"{type(self).__name__}({', '.join(map(repr, self.args))}{facts})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only constructors do not pickle by themselves: carry the attributes.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(
    error_type: type[BinanceWsApiError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BinanceWsApiError:
    error = error_type.__new__(error_type)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ConfigurationError(BinanceWsApiError, ValueError):
    """An option, a key or a combination of them cannot work; nothing was connected."""


class JournalHeld(ConfigurationError):
    """Another client has the journal; nothing was connected.

    Attributes:
        retry_after: Seconds until its lease runs out, unless it lives and renews it; ``None`` where the end of
            that client is what to wait for.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ParameterError(BinanceWsApiError, ValueError):
    """A parameter is missing, misspelt or of a value the exchange would refuse; nothing was sent.

    Attributes:
        parameter: The parameter's name as the method spells it.
        value: The value that was given; ``None`` when it is missing.
    """

    def __init__(self, message: str, *, parameter: str, value: object = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        # The value is whatever the caller passed, and not everything pickles.
        with uncut:
            import pickle

        try:
            pickle.dumps(self.value)
        except Exception:  # noqa: BLE001  (an object's own pickling may raise anything)
            return _rebuild, (type(self), self.args, {**self.__dict__, "value": repr(self.value)})
        return super().__reduce__()


class RulesBroken(ParameterError):
    """An order breaks a trading rule of its symbol, as far as this client knows the rules; nothing was sent.

    Attributes:
        symbol: The symbol.
        violations: What is broken: filter, rule, parameter, value, bound, and the nearest value that fits.
    """

    def __init__(self, message: str, *, symbol: str, violations: tuple[Violation, ...]) -> None:
        first = violations[0]
        super().__init__(
            f"{symbol}: {message}; nothing was sent", parameter=first.parameter, value=first.value
        )
        self.symbol = symbol
        self.violations = violations


def check_seconds(parameter: str, value: object, *, unit: str = "seconds") -> None:
    """Refuse what is no number of seconds.

    Raises:
        ParameterError: It is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ParameterError(
            f"{parameter}={value!r} is no finite number: write {unit}, such as 2.5",
            parameter=parameter,
            value=value,
        )


class ClientClosed(BinanceWsApiError):
    """The client is closed, or belongs to the parent of this forked process."""


class NotSent(BinanceWsApiError):
    """Nothing left this machine: repeating the call is safe.

    Attributes:
        operation: The wire operation, such as ``order.place``.
        reason: Why, in a few words: ``not connected``, ``deadline``, ``limit``, ...
        retry_after: Seconds until it makes sense to repeat, where that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        reason: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.reason = reason
        self.retry_after = retry_after


class LookUp(Protocol):
    """Finds out what became of one request; called from any thread."""

    def begin(self, timeout: float | None) -> Future[Any]:
        """Begin to find it out, for ``timeout`` seconds at most."""
        ...

    def patience(self, timeout: float | None) -> float:
        """Return the seconds within which what was begun ends, unless the client itself hangs."""
        ...

    def left(self, pending: Future[Any], error: BaseException) -> None:
        """Nobody waits any more for what was begun."""


class OutcomeUnknown(BinanceWsApiError):
    """The request was written and no verdict came: it may have been executed.

    :meth:`resolve` asks the exchange (again) what became of it.

    Attributes:
        operation: The wire operation, such as ``order.place``.
        client_order_id: The id to look the order up with, for orders and order lists.
        sent_at: When it was written, in epoch microseconds, exchange time.
        cause: What got in the way, in a few words.
        ws_key: The connection it went over, where it can be looked up.
        params: Its parameters by wire name, key and signature left out, where it can be looked up.
        recv_window: Its ``recvWindow`` in milliseconds; ``None`` for the exchange's default.
        request_id: The id it was sent under; ``None`` where nobody knows.
    """

    request_id: str | None = None
    ws_key: str | None = None
    params: Mapping[str, Any] | None = None
    recv_window: float | None = None

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        client_order_id: str | None = None,
        sent_at: int | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.client_order_id = client_order_id
        self.sent_at = sent_at
        self.cause: str = cause

    _look_up: LookUp | None = None
    _first_cause: str | None = None

    def stays_unknown(self, reason: str) -> None:
        """Tell in :attr:`cause` why it is still not known; called by the client that raises it."""
        if self._first_cause is None:
            self._first_cause = self.cause
        self.cause = f"{self._first_cause}; {reason}"

    @property
    def is_beyond_asking(self) -> bool:
        """Whether all was asked that can be asked, and it stays unknown."""
        return self._first_cause is not None

    def attach(self, look_up: LookUp) -> None:
        """Let the error be resolved; called by the client that raises it."""
        self._look_up = look_up

    def resolve(self, timeout: float | None = None) -> Response[Any]:
        """Ask what became of the request, and block until it is known.

        An order that is found settles it at once. One that is not found counts as not placed only when
        the request can no longer be accepted and a second look has confirmed it: ``recvWindow`` + 14 seconds
        after it was sent, which is 19 seconds by default and 74 with ``recv_window=60000``.

        Args:
            timeout: Seconds this may take; ``None`` waits until then, and half a minute more if the
                questions themselves have to wait.

        Returns:
            The :class:`Response` that was lost, as far as it is known; its ``resolved`` is true.

        Given up (interrupted, or cancelled), it goes on in the background: ``client.outcomes()`` tells.

        Raises:
            NotPlaced: It was not executed, and no longer can be.
            OutcomeUnknown: It is still not known.
            ClientClosed: The client that sent it is closed, or the error came from elsewhere.
            ParameterError: ``timeout`` is no number of seconds.
        """
        with uncut:
            from concurrent.futures import CancelledError

        look_up = self._can_look_up(timeout)
        pending = look_up.begin(timeout)
        try:
            outcome = pending.result(look_up.patience(timeout))
        except CancelledError:
            raise self._closed() from None
        except TimeoutError:
            raise self._unresponsive(look_up, pending) from None
        except BaseException as error:
            look_up.left(pending, error)
            raise
        return _verdict(outcome)

    async def resolve_async(self, timeout: float | None = None) -> Response[Any]:
        """Do what :meth:`resolve` does, to be awaited."""
        with uncut:
            import asyncio

        look_up = self._can_look_up(timeout)
        pending = look_up.begin(timeout)
        try:
            awaited = asyncio.wrap_future(pending)
            await asyncio.wait([awaited], timeout=look_up.patience(timeout))
            outcome = awaited.result() if awaited.done() else None
        except GeneratorExit as error:  # closed unfinished, with or without its loop
            look_up.left(pending, error)
            raise
        except BaseException as error:
            task = asyncio.current_task()
            if pending.cancelled() and (task is None or not task.cancelling()):
                raise self._closed() from None
            look_up.left(pending, error)
            raise
        if outcome is None:
            raise self._unresponsive(look_up, pending)
        return _verdict(outcome)

    def _unresponsive(self, look_up: LookUp, pending: Future[Any]) -> OutcomeUnknown:
        self.stays_unknown("the client's own thread does not answer")
        look_up.left(pending, self)
        return self

    def _closed(self) -> ClientClosed:
        return ClientClosed(f"the client was closed while {self.operation} was looked up")

    def _can_look_up(self, timeout: float | None) -> LookUp:
        if timeout is not None:
            check_seconds("timeout", timeout)
        if self._look_up is None:
            raise ClientClosed(
                f"{self.operation} can be looked up only by the client that sent it: where that is "
                "gone, pass this error to resolve() of another client of the same account"
            )
        return self._look_up

    def __reduce__(self) -> tuple[Any, ...]:
        # What ties it to its client stays behind.
        attributes = {name: value for name, value in self.__dict__.items() if name != "_look_up"}
        return _rebuild, (type(self), self.args, attributes)


def _verdict(outcome: Response[Any] | BinanceWsApiError) -> Response[Any]:
    if isinstance(outcome, BinanceWsApiError):
        raise outcome
    return outcome


class RequestTimeout(OutcomeUnknown):
    """No answer came within the timeout, counted after the write."""


class ConnectionLost(OutcomeUnknown):
    """The connection went away between the write and the answer."""


class ServerUndecided(OutcomeUnknown):
    """The exchange answered that it does not know itself (5xx, -1006, -1007).

    Attributes:
        code: The exchange's error code.
        status: The status of the answer.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        code: int,
        status: int,
        client_order_id: str | None = None,
        sent_at: int | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(
            message,
            operation=operation,
            client_order_id=client_order_id,
            sent_at=sent_at,
            cause=cause,
        )
        self.code = code
        self.status = status


class RequestRejected(BinanceWsApiError):
    """The exchange said no: the request was not executed.

    Attributes:
        code: The exchange's error code, such as -2010.
        message: The exchange's own words.
        status: The status of the answer, such as 400.
        operation: The wire operation, such as ``order.place``.
        retry_after: Seconds until it makes sense to repeat, where the exchange said so.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        status: int,
        operation: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.operation = operation
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.operation} refused by the exchange: {self.code} {self.message}"


class AuthenticationFailed(RequestRejected):
    """The key, its permissions, its IP list or the signature were refused."""


class InvalidTimestamp(RequestRejected):
    """The request was too old, or stamped ahead of the exchange's clock (-1021)."""


class RateLimited(RequestRejected):
    """A limit was exceeded (429); ``retry_after`` says when to come back."""


class IpBanned(RateLimited):
    """The IP address is banned (418); every further request makes it longer."""


class OrderRejected(RequestRejected):
    """The matching engine or its rules refused the order, cancel or amendment."""


class OrderNotFound(RequestRejected):
    """No such order (-2013, or -2011 "Unknown order sent."): it may be closed, or never arrived yet.

    Asked by a client order id, it proves nothing about an order that was sent a moment ago: that may
    still be accepted until its timestamp + ``recvWindow`` + the 10 seconds that the API gives the engine.
    ``client.resolve()`` waits that out.

    Attributes:
        client_order_id: The client order id that was asked for; ``None`` when it was another.
        proves_after: Seconds after which "not found" proves that an order sent under that id, with the
            client's ``recv_window`` (or that of a view by ``with_options``, where that is longer), does not
            exist and never will; ``None`` when it was another.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        status: int,
        operation: str,
        retry_after: float | None = None,
        client_order_id: str | None = None,
        proves_after: float | None = None,
    ) -> None:
        super().__init__(
            message, code=code, status=status, operation=operation, retry_after=retry_after
        )
        self.client_order_id = client_order_id
        self.proves_after = proves_after

    def __str__(self) -> str:
        if self.proves_after is None:
            return super().__str__()
        return (
            f"{super().__str__()} (an order sent as {self.client_order_id} less than "
            f"{self.proves_after:g} s ago may still be accepted: client.resolve() waits that out)"
        )


class FilterFailure(RequestRejected):
    """A trading rule of the symbol, the exchange or the account was broken.

    What the numbers of the rule are is told as far as this client knows them: from an earlier
    ``client.spot.rules(symbol)``, or with ``order_rules`` switched on. Nothing is asked for it.

    Attributes:
        filter: The filter's name, such as ``LOT_SIZE``.
        sent: The values that trading rules hold for, as they were sent, by the method's parameters.
        rule: The filter as ``exchangeInfo`` shows it; ``None`` when it is not known.
        violations: What the order breaks of the rules that are known, each with bound and nearest value
            that fits. Empty as well when the filter depends on what is not known here: the price that the
            exchange measures by, how many orders are open, what the account holds.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        status: int,
        operation: str,
        filter: str,  # noqa: A002  (the exchange's word)
        retry_after: float | None = None,
        sent: Mapping[str, str] | None = None,
        rule: Mapping[str, Any] | None = None,
        violations: tuple[Violation, ...] = (),
    ) -> None:
        super().__init__(
            message, code=code, status=status, operation=operation, retry_after=retry_after
        )
        self.filter = filter
        self.sent: Mapping[str, str] = {} if sent is None else sent
        self.rule = rule
        self.violations = violations

    def __str__(self) -> str:
        told = [str(each) for each in self.violations]
        if not told and self.rule is not None:
            numbers = (
                f"{name} {value}" for name, value in self.rule.items() if name != "filterType"
            )
            told.append(f"{self.filter} asks for {', '.join(numbers)}")
        return f"{super().__str__()} ({'; '.join(told)})" if told else super().__str__()


class PartlyExecuted(RequestRejected):
    """A cancel-replace of which one half was done and the other was not (409).

    Attributes:
        cancel_result: ``SUCCESS``, ``FAILURE`` or ``NOT_ATTEMPTED``.
        new_order_result: ``SUCCESS``, ``FAILURE`` or ``NOT_ATTEMPTED``.
        cancel_response: The cancelled order, or the error of that half, as a wire dict.
        new_order_response: The new order, or the error of that half, as a wire dict.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        status: int,
        operation: str,
        cancel_result: str,
        new_order_result: str,
        cancel_response: dict[str, Any] | None = None,
        new_order_response: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(
            message, code=code, status=status, operation=operation, retry_after=retry_after
        )
        self.cancel_result = cancel_result
        self.new_order_result = new_order_result
        self.cancel_response = cancel_response
        self.new_order_response = new_order_response

    def __str__(self) -> str:
        return (
            f"{self.operation} was partly executed: cancel {self.cancel_result}, "
            f"new order {self.new_order_result}: {self.code} {self.message}"
        )


class NotPlaced(BinanceWsApiError):
    """The outcome was unknown and is now known: it was not executed, and no longer can be.

    Attributes:
        operation: The wire operation, such as ``order.place``.
        client_order_id: The id that was looked up.
    """

    def __init__(self, message: str, *, operation: str, client_order_id: str | None = None) -> None:
        super().__init__(message)
        self.operation = operation
        self.client_order_id = client_order_id


class UnreadableResult(BinanceWsApiError):
    """The exchange accepted the request, but the answer does not fit the model.

    A request that changes nothing raises it from the call itself when the answer is none at all: no status
    200 with a result, and no error either. (One that changes something is an :class:`OutcomeUnknown` then.)

    Attributes:
        operation: The wire operation, such as ``order.place``.
        raw: The answer as the exchange sent it.
    """

    def __init__(self, message: str, *, operation: str, raw: bytes) -> None:
        super().__init__(message)
        self.operation = operation
        self.raw = raw
