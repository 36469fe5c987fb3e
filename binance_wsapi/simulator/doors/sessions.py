"""One WebSocket API connection: its logon, its subscriptions, its requests."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue.operation import Operation, Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.clock import ScheduledCall
from binance_wsapi.simulator.doors.authentication import (
    ApiKey,
    Credentials,
    KeyKind,
    refused_key,
    sorted_payload,
)
from binance_wsapi.simulator.doors.gateway import Handshake
from binance_wsapi.simulator.doors.request import (
    MalformedRequestError,
    Request,
    engine_params,
    parse_request,
    value_text,
)
from binance_wsapi.simulator.doors.service import Admitted, Service
from binance_wsapi.simulator.doors.wire import Micros, encode
from binance_wsapi.simulator.errors import ExchangeError, illegal_characters, mandatory_missing
from binance_wsapi.simulator.faults.script import Faults

__all__ = ["ApiConnection", "ListenToken", "TokenLookup"]

_logger = logging.getLogger("binance_wsapi.simulator")
MAX_ACTIVE_SUBSCRIPTIONS = 1_000
MAX_SUBSCRIPTION_IDS = 65_535
MALFORMED_WEIGHT = 1


@dataclass(frozen=True, slots=True)
class ListenToken:
    """What a margin listen token stands for."""

    account: EventSource
    expires_us: int


TokenLookup = Callable[[str], ListenToken | None]
"""Returns what a token text stands for; ``None`` when it is not, or no longer, valid."""


@dataclass(eq=False, slots=True)
class _Subscription:
    """One account's events on this connection."""

    id: int
    account: EventSource
    listener: Callable[[dict[str, Any]], None]
    by_logon: bool
    expires_us: int | None = None
    expiry: ScheduledCall | None = None


class ApiConnection:
    """A client of one market's WebSocket API.

    Args:
        handshake: How it came in.
        service: The market's API.
        faults: The script of what goes wrong.
        listen_tokens: Finds margin listen tokens; ``None`` where there is no margin.
        banned: Told when the client's address was banned, after it was answered.
    """

    def __init__(
        self,
        handshake: Handshake,
        service: Service,
        faults: Faults,
        *,
        listen_tokens: TokenLookup | None = None,
        banned: Callable[[str], None] = lambda remote: None,
    ) -> None:
        self.remote = handshake.remote
        self.service = service
        self.key: ApiKey | None = None
        self.transport = handshake.transport
        self._microseconds = handshake.microseconds
        self.shows_limits = handshake.query.get("returnRateLimits", "true").lower() != "false"
        self._faults = faults
        self._listen_tokens = listen_tokens
        self.banned = banned
        self._connected_us = service.clock.now_us()
        self._authorized_us: int | None = None
        self._subscriptions: dict[int, _Subscription] = {}
        self._next_subscription = 0
        self.open_ids: set[int | str] = set()
        self.is_closed = False
        self._own_methods: dict[str, Callable[[_Pending], object]] = {
            "session.logon": self._log_on,
            "session.status": lambda pending: self._status(),
            "session.logout": lambda pending: self._log_out(),
        }
        if service.market is Market.SPOT:
            self._own_methods |= {
                "userDataStream.subscribe": self._subscribe,
                "userDataStream.subscribe.signature": self._subscribe_by_signature,
                "userDataStream.subscribe.listenToken": self._subscribe_by_token,
                "userDataStream.unsubscribe": self._unsubscribe,
                "session.subscriptions": lambda pending: [
                    {"subscriptionId": each} for each in self._subscriptions
                ],
            }

    def receive(self, text: str | bytes) -> None:
        """Take one request."""
        try:
            request = parse_request(text)
        except MalformedRequestError as malformed:
            pending = _Pending(self, Request(malformed.request_id, ""))
            pending.send(pending.malformed(malformed.error))
            return
        pending = _Pending(self, request)
        if request.id is not None and request.id in self.open_ids:
            pending.send(pending.malformed(illegal_characters("id", "unique among open requests")))
            return
        fault = self._faults.request_fault(request)
        if fault is None:
            pending.send(pending.execute())
        else:
            fault(pending)

    def pong(self, payload: bytes) -> None:
        """Nothing to do: the door counts pongs."""

    def closed(self) -> None:
        """Let go of the accounts."""
        self.is_closed = True
        for subscription in tuple(self._subscriptions.values()):
            self._drop_subscription(subscription)

    # --- the session

    def _log_on(self, pending: _Pending) -> object:
        key = pending.key
        if key is None or key.kind is not KeyKind.ED25519:
            raise ExchangeError(
                -4056,
                f"{'HMAC_SHA256' if key and key.kind is KeyKind.HMAC else 'RSA'} API key is not supported.",
            )
        self._end_logon_subscriptions()
        self.key = key
        self._authorized_us = self.service.clock.now_us()
        return self._status()

    def _log_out(self) -> object:
        self._end_logon_subscriptions()
        self.key = self._authorized_us = None
        return self._status()

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "apiKey": None if self.key is None else self.key.api_key,
            "authorizedSince": None if self._authorized_us is None else Micros(self._authorized_us),
            "connectedSince": Micros(self._connected_us),
            "returnRateLimits": self.shows_limits,
            "serverTime": Micros(self.service.clock.now_us()),
        }
        if self.service.market is Market.SPOT:
            status["userDataStream"] = bool(self._subscriptions)
        return status

    def revoke_logon(self) -> None:
        """Tell that the key is no longer accepted; the logon is gone."""
        self._end_logon_subscriptions()
        self.key = self._authorized_us = None
        self.transmit({"id": None, "status": 401, "error": refused_key().payload()})

    # --- user data

    def _subscribe(self, pending: _Pending) -> object:
        if self.key is None:
            raise ExchangeError(-1002, "You are not authorized to execute this request.", 401)
        return self._start(self.service.account(self.key.uid), by_logon=True)

    def _subscribe_by_signature(self, pending: _Pending) -> object:
        account = pending.account
        if account is None:
            raise refused_key()
        return self._start(account, by_logon=False)

    def _subscribe_by_token(self, pending: _Pending) -> object:
        text = pending.request.text("listenToken")
        if text is None:
            raise mandatory_missing("listenToken")
        token = None if self._listen_tokens is None else self._listen_tokens(text)
        if token is None:
            raise ExchangeError(-1209, "The listen token is not valid.")
        subscription = self._of_account(token.account)
        if subscription is None:
            started = self._start(token.account, by_logon=False)
            subscription = self._subscriptions[started["subscriptionId"]]
        self._expire_at(subscription, token.expires_us)
        # The documents show microseconds here, on connections in milliseconds too.
        return {"subscriptionId": subscription.id, "expirationTime": token.expires_us}

    def _unsubscribe(self, pending: _Pending) -> object:
        wanted = pending.request.text("subscriptionId")
        if wanted is None:
            ended = list(self._subscriptions.values())
        elif wanted.isdecimal() and int(wanted) in self._subscriptions:
            ended = [self._subscriptions[int(wanted)]]
        else:
            raise ExchangeError(-2036, "User Data Stream subscription not active.")
        for subscription in ended:
            self._terminate(subscription)
        return {}

    def _start(self, account: EventSource, *, by_logon: bool) -> dict[str, Any]:
        if self._of_account(account) is not None:
            raise ExchangeError(-2035, "User Data Stream subscription already active.")
        if (
            self._next_subscription >= MAX_SUBSCRIPTION_IDS
            or len(self._subscriptions) >= MAX_ACTIVE_SUBSCRIPTIONS
        ):
            raise ExchangeError(-2042, "The maximum number of subscriptions is reached.")
        subscription_id = self._next_subscription
        self._next_subscription += 1

        def listener(event: dict[str, Any]) -> None:
            self.transmit({"subscriptionId": subscription_id, "event": event})

        account.listeners.append(listener)
        self._subscriptions[subscription_id] = _Subscription(
            subscription_id, account, listener, by_logon
        )
        return {"subscriptionId": subscription_id}

    def _of_account(self, account: EventSource) -> _Subscription | None:
        return next((s for s in self._subscriptions.values() if s.account is account), None)

    def _expire_at(self, subscription: _Subscription, expires_us: int) -> None:
        if subscription.expiry is not None:
            subscription.expiry.cancel()
        subscription.expires_us = expires_us
        subscription.expiry = self.service.clock.call_at(
            expires_us, lambda: self._terminate(subscription)
        )

    def _end_logon_subscriptions(self) -> None:
        for subscription in tuple(self._subscriptions.values()):
            if subscription.by_logon:
                self._terminate(subscription)

    def _terminate(self, subscription: _Subscription) -> None:
        self._drop_subscription(subscription)
        event = {"e": "eventStreamTerminated", "E": Micros(self.service.clock.now_us())}
        self.transmit({"subscriptionId": subscription.id, "event": event})

    def _drop_subscription(self, subscription: _Subscription) -> None:
        subscription.account.listeners.remove(subscription.listener)
        if subscription.expiry is not None:
            subscription.expiry.cancel()
        del self._subscriptions[subscription.id]

    # --- the wire, and what requests need of their connection

    def transmit(self, payload: object) -> None:
        """Send a payload, in the connection's time unit."""
        if not self.is_closed:
            self.transport.send(self.encode(payload))

    def encode(self, payload: object) -> bytes:
        """Return a payload as a frame."""
        return encode(payload, microseconds=self._microseconds)

    def own_method(self, method: str) -> Callable[[_Pending], object] | None:
        """Return what answers a method of the session itself."""
        return self._own_methods.get(method)


class _Pending:
    """One request between receipt and answer."""

    def __init__(self, connection: ApiConnection, request: Request) -> None:
        self.request = request
        self.key: ApiKey | None = None
        self.account: EventSource | None = None
        self._connection = connection
        self._service = connection.service
        self._operation: Operation | None = None
        self._admitted: Admitted | None = None
        self._refused: bytes | None = None
        self._weight = MALFORMED_WEIGHT
        self._is_unanswerable = False

    def admit(self) -> bool:
        if self._admitted is None and self._refused is None:
            try:
                self._admitted = self._admission()
            except ExchangeError as error:
                self._refused = self.refusal(error)
                self.send(self._refused)
        return self._admitted is not None

    def execute(self) -> bytes:
        if self._refused is not None:
            return self._refused
        try:
            admitted = self._admitted or self._admission()
            own = self._connection.own_method(admitted.operation.method)
            result = own(self) if own is not None else self._service.run(admitted)
        except ExchangeError as error:
            return self.refusal(error)
        except Exception:
            # A fault of the simulator: the client must not wait for an answer that never comes.
            _logger.exception("the embedded exchange failed at %s", self.request.method)
            return self.refusal(ExchangeError(-1000, "The embedded exchange has a fault.", 500))
        on_success = admitted.operation.weight.on_success
        if on_success is not None:
            self._service.limits.refund(self._connection.remote, self._weight - on_success)
        return self._frame({"id": self.request.id, "status": 200, "result": result})

    def refusal(self, error: ExchangeError) -> bytes:
        return self._frame(
            {"id": self.request.id, "status": error.status, "error": error.payload()}
        )

    def malformed(self, error: ExchangeError) -> bytes:
        """Return the answer to a frame that is no request; it weighs something too."""
        try:
            self._service.limits.charge(self._connection.remote, MALFORMED_WEIGHT)
        except ExchangeError as limit:
            error = limit
        return self.refusal(error)

    def send(self, frame: bytes) -> None:
        connection = self._connection
        if self.request.id is not None:
            connection.open_ids.discard(self.request.id)
        if not self._is_unanswerable and not connection.is_closed:
            connection.transport.send(frame)
        if self._service.limits.is_banned(connection.remote):
            connection.banned(connection.remote)

    def drop(self, partial: bytes = b"") -> None:
        self._connection.transport.abort(partial)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        if self.request.id is not None:
            self._connection.open_ids.add(self.request.id)
        self._service.clock.call_later(seconds, action)

    def now_us(self) -> int:
        return self._service.clock.now_us()

    def _admission(self) -> Admitted:
        request, service, connection = self.request, self._service, self._connection
        try:
            operation = self._operation = service.operation(request.method)
        except ExchangeError:
            service.limits.charge(connection.remote, MALFORMED_WEIGHT)
            raise
        params = request.params
        self._weight = service.charge(connection.remote, operation, _weighable(params))
        taken = (
            {}
            if connection.own_method(operation.method) is not None
            else engine_params(operation, params, strict=service.market is Market.SPOT)
        )
        self._check_logon(operation)
        if operation.method == "userDataStream.subscribe":
            # It asks for a logon and takes no key of its own.
            return Admitted(operation, taken)
        self.key, deadline_us = service.identify(
            operation, self._credentials(), connection.remote, connection.key
        )
        if self.key is not None:
            self.account = service.account(self.key.uid)
        return Admitted(operation, taken, self.account, deadline_us)

    def _check_logon(self, operation: Operation) -> None:
        connection = self._connection
        key = connection.key
        if key is None or self._service.keys.is_valid(key, connection.remote):
            return
        connection.revoke_logon()
        if operation.security is not Security.NONE and self.request.text("signature") is None:
            # The frame without an id was the answer.
            self._is_unanswerable = True
            raise refused_key()

    def _credentials(self) -> Credentials:
        request = self.request
        return Credentials(
            api_key=request.text("apiKey"),
            signature=request.text("signature"),
            timestamp=request.text("timestamp"),
            recv_window=request.text("recvWindow"),
            payload=sorted_payload(
                (name, value_text(value)) for name, value in request.params.items()
            ),
        )

    def _frame(self, answer: dict[str, Any]) -> bytes:
        shown = self.request.params.get("returnRateLimits")
        shows = self._connection.shows_limits if shown is None else shown in (True, "true")
        if shows:
            answer["rateLimits"] = self._service.rate_limit_rows(
                self._operation, self.account, self._connection.remote
            )
        return self._connection.encode(answer)


def _weighable(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with integers as such: weights depend on them."""
    return {
        name: int(value) if isinstance(value, str) and value.isdecimal() else value
        for name, value in params.items()
        if value is not None
    }
