"""Calls that are awaited: how they are sent and waited for, and those that no namespace has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, overload

from binance_wsapi._client_base import ClientBase, HttpMethod, MarketName, T, recovery_of
from binance_wsapi.core.call import Outcome
from binance_wsapi.core.call_errors import before_sending, unresponsive
from binance_wsapi.core.call_kind import CallKind, kind_by_method
from binance_wsapi.core.giving_up import tell_unsent
from binance_wsapi.core.handed_over import lost_request
from binance_wsapi.core.loop_delivery import LoopDelivery
from binance_wsapi.endpoints import WsKey, check_takes_requests, default_ws_key, endpoint
from binance_wsapi.errors import BinanceWsApiError, OutcomeUnknown
from binance_wsapi.forks import unforked
from binance_wsapi.markets import Market
from binance_wsapi.models.base import Timestamp
from binance_wsapi.models.rows import Rows
from binance_wsapi.options import LONGEST_S
from binance_wsapi.outcomes import Recovered
from binance_wsapi.protocol.made_writers import Writer
from binance_wsapi.protocol.params import name_text, wire_params_by_name
from binance_wsapi.response import Response

__all__ = ["AwaitedCalls"]


class AwaitedCalls(ClientBase):
    """How an async client makes its calls; see :class:`AsyncClient`."""

    _delivery: LoopDelivery | None = None
    """To the loop that called last."""

    async def request(
        self, ws_key: WsKey, method: str, params: Mapping[str, object] | None = None
    ) -> Response[Any]:
        """Call any operation by its wire name.

        Args:
            ws_key: The connection to use.
            method: The wire operation, such as ``order.place``.
            params: Parameters under their wire names. Those this library does not know are passed
                on, since the exchange may know more.

        Returns:
            The answer, its result typed as that of the operation's own method.

        Raises:
            ParameterError: A parameter cannot be written, or breaks a rule of the operation.
            BinanceWsApiError: As for the operation's own method.
        """
        check_takes_requests(ws_key)
        kind = kind_by_method(endpoint(ws_key).market, name_text(method, "method"))
        write = partial(wire_params_by_name, kind.operation)
        given: Mapping[str, object] = {} if params is None else params
        if self._runtime.options.order_rules == "off":
            return await self._send(ws_key, kind, write, given)
        return await self._send_by_rules(ws_key, kind, write, given, by_wire_name=True)

    async def rest(
        self,
        market: Market | MarketName,
        http_method: HttpMethod,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        signed: bool = False,
    ) -> Response[Any]:
        """Ask over REST for what has no method on the WebSocket API.

        Key, signature, clock, proxy and timeout are those of every call, and so are the limits: what the
        answer's headers tell of weight and orders counts for the connections as well, and a limit or a ban
        keeps both back. Redirects are not followed. All but ``GET`` is taken to change something, and is
        written once at most.

        Orders belong to the methods of the namespaces, which find out what became of one whose answer is
        lost. One placed here gets a client order id if it has none, and looking it up is up to you:
        ``resolve("order.place", …)``.

        Args:
            market: ``"spot"``, ``"usdm"``, ``"coinm"``, ``"portfolio_margin"`` or ``"eoptions"``.
            http_method: ``"GET"``, ``"POST"``, ``"PUT"`` or ``"DELETE"``.
            path: The path, such as ``/fapi/v1/leverage``.
            params: Parameters under their wire names, without key, time and signature.
            signed: Stamp and sign it, as everything of an account wants it.

        Returns:
            The answer; its ``result`` is plain JSON.

        Raises:
            ParameterError: Something cannot be written, or the path is none of that market's.
            ConfigurationError: It needs a key that the client has not, or there is no such market or host.
            NotSent: Nothing left this machine.
            OutcomeUnknown: It was sent, and there is no answer: it may have been executed.
            RequestRejected: The exchange refused it.
            UnreadableResult: A ``GET`` was answered with something that is no answer of the exchange's.
            ClientClosed: The client is closed.
        """
        with unforked:
            from binance_wsapi.core.rest_door import rest_request

        kind, written = rest_request(
            self._runtime, market, http_method, path, params, signed=signed
        )
        return await self._send(default_ws_key(kind.market), kind, lambda _: written, {})

    @overload
    async def resolve(
        self, request: OutcomeUnknown, *, timeout: float | None = None
    ) -> Response[Any]: ...
    @overload
    async def resolve(
        self,
        request: str,
        params: Mapping[str, object],
        *,
        sent_at: Timestamp,
        recv_window: float | None = None,
        ws_key: WsKey = WsKey.MAIN_WSAPI,
        timeout: float | None = None,
    ) -> Response[Any]: ...
    async def resolve(
        self,
        request: OutcomeUnknown | str,
        params: Mapping[str, object] | None = None,
        *,
        sent_at: Timestamp | None = None,
        recv_window: float | None = None,
        ws_key: WsKey = WsKey.MAIN_WSAPI,
        timeout: float | None = None,
    ) -> Response[Any]:
        """Find out what became of a request that another client made, or this one, and wait until it is known.

        That other client may have died: it asks for the order, and waits until the request can no longer
        be accepted. As nobody knows here how long ago it was sent, that is ``recvWindow`` + 14 seconds from
        now if the order is not found: 19 seconds by default, 74 with ``recv_window=60000``.

        Args:
            request: An :class:`OutcomeUnknown`, unpickled perhaps, which has all the rest in it; or the
                wire operation, such as ``order.place``.
            params: The parameters of the request under their wire names, with the client order id
                (``newClientOrderId``) it was sent with.
            sent_at: When the call was made: epoch milliseconds or microseconds, a ``datetime`` that
                knows its time zone, or ISO text. What was made before it is not taken for this request's.
            recv_window: Its ``recvWindow`` in milliseconds; by default this client's option.
            ws_key: The connection it was made on.
            timeout: Seconds this may take; ``None`` for as long as said above, and half a minute more if
                the questions themselves have to wait.

        Returns:
            The :class:`Response` that was lost, as far as it is known; its ``resolved`` is true.

        Raises:
            NotPlaced: It was not executed, and no longer can be.
            OutcomeUnknown: It is still not known.
            ParameterError: The operation changes nothing, the parameters do not tell the order, or a value
                cannot be right.
            ClientClosed: The client is closed.
        """
        unknown = lost_request(
            self._core.look_ups,
            request,
            params,
            sent_at=sent_at,
            recv_window=self._recv_window if recv_window is None else recv_window,
            ws_key=ws_key,
        )
        return await unknown.resolve_async(timeout)

    async def recover(self, *, timeout: float | None = None) -> Rows[Recovered]:
        """Find out what became of the requests that earlier clients left open in the journal, and wait until it is known.

        Call it after a start, before you trade. Each is looked up by its client order id and never sent
        again. One that is not found counts as not placed only when it can no longer be accepted, by the
        exchange's clock, which is measured anew: ``recvWindow`` + 14 seconds after it was sent (19 by default),
        or after this call where nobody knows how long ago that was (on another machine, or after a restart of
        this one). What was found out is written down, and not asked again. Requests sent with other API keys
        are left alone.

        Args:
            timeout: Seconds this may take; what is not known by then stays open. Writing down what is known may
                take one more. ``None`` for as long as it takes.

        Returns:
            Each of them, oldest first, with what became of it, and its orders as they stand.

        Raises:
            ConfigurationError: The client keeps no journal, or it cannot be read.
            NotSent: The exchange cannot be reached, or in that time the journal was not read, or not left by
                another recovery: nothing was found out.
            ParameterError: ``timeout`` is no number of seconds.
            ClientClosed: The client is closed.
        """
        recovery = recovery_of(self._core, timeout)
        patience = LONGEST_S if timeout is None else timeout + self._longest_wait
        return await self._run(recovery, timeout=patience)

    @property
    def _sender(
        self,
    ) -> Callable[[WsKey, CallKind, Writer, dict[str, object]], Coroutine[Any, Any, Response[Any]]]:
        # Chosen once: where rules are off they cost a call nothing.
        return self._send if self._runtime.options.order_rules == "off" else self._send_by_rules

    async def _send_by_rules(
        self,
        ws_key: WsKey,
        kind: CallKind,
        write: Writer,
        given: Mapping[str, object],
        *,
        by_wire_name: bool = False,
    ) -> Response[Any]:
        operation = kind.operation
        if operation is None or not operation.legs:
            return await self._send(ws_key, kind, write, given)
        params = write(given)
        self._complete(kind, params)
        rules = self._core.rules
        ruled = rules.ruled_at_once(ws_key, operation, params, by_wire_name=by_wire_name)
        if ruled is None:
            try:
                ruled = await self._run(
                    lambda: rules.ruled(ws_key, operation, params, by_wire_name=by_wire_name)
                )
            except BinanceWsApiError as error:
                raise before_sending(kind, error) from None
            except BaseException as error:
                tell_unsent(kind, params, error)
                raise
        sent, adjustments = ruled
        response = await self._send(ws_key, kind, lambda _: sent, {})
        return response.adjusted(adjustments) if adjustments else response

    async def _send(
        self,
        ws_key: WsKey,
        kind: CallKind,
        write: Writer,
        given: Mapping[str, object],
    ) -> Response[Any]:
        core = self._core
        params = write(given)
        if kind.needs_completion:
            self._complete(kind, params)
        loop = asyncio.get_running_loop()
        delivery = self._delivery
        if delivery is None or delivery.loop() is not loop:
            delivery = self._delivery = LoopDelivery.of(loop)
        answered: asyncio.Future[Outcome] = loop.create_future()
        call = core.callers_call(ws_key, kind, params, partial(delivery.settle, answered))
        if self._call_options is not None:
            self._apply(self._call_options, call)
        call.is_awaited = delivery.is_open
        delivery.watch(answered, call, call.deadline + self._patience)
        try:
            if kind.over_rest:
                core.submit_rest(call)
            else:
                here = not self._runtime.authoriser.signs_slowly
                core.submit(call, encode_here=here, waiter=delivery)
            outcome = await answered
            if isinstance(outcome, BinanceWsApiError):
                raise outcome
            return outcome  # noqa: TRY300  (until the last line an interrupt may come)
        except BinanceWsApiError:
            delivery.forget(answered)
            raise
        except BaseException as error:  # cancelled, interrupted, or closed unfinished
            core.giving_up.give_up(call, error)
            delivery.forget(answered)
            raise

    async def _run(
        self,
        work: Callable[[], Coroutine[Any, Any, T]],
        undo: Callable[[T], object] | None = None,
        timeout: float | None = None,
    ) -> T:
        runtime = self._runtime
        patience = self._longest_wait if timeout is None else timeout
        running: Future[T] = runtime.run(work)
        awaited = asyncio.wrap_future(running)
        # What it ends with when nobody waits any more is no failure of the caller's loop.
        awaited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(awaited)
        except TimeoutError:
            runtime.leave(running, undo)
            raise unresponsive(patience) from None
        except GeneratorExit:  # closed unfinished, with or without its loop
            runtime.leave(running, undo)
            raise
        except BaseException:
            task = asyncio.current_task()
            if running.cancelled() and (task is None or not task.cancelling()):
                raise runtime.closed_error() from None
            runtime.leave(running, undo)
            raise
