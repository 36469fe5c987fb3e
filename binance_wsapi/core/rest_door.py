"""REST requests of callers: through the limits, bans, clock and key that the connections use."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import msgspec

from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.core.call import Call, Outcome
from binance_wsapi.core.call_errors import (
    connection_lost,
    held_back,
    not_sendable,
    timed_out,
    withdrawn,
)
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.core.rest import signature_of
from binance_wsapi.core.transport import RestAnswer
from binance_wsapi.endpoints import WsKey, default_ws_key
from binance_wsapi.errors import (
    BinanceWsApiError,
    ConfigurationError,
    InvalidTimestamp,
    NotSent,
    OutcomeUnknown,
    UnreadableResult,
)
from binance_wsapi.markets import Market
from binance_wsapi.options import Options
from binance_wsapi.protocol.clock import ServerClock
from binance_wsapi.protocol.error_table import rejection
from binance_wsapi.protocol.limits import Refusal
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.rest_requests import (
    check_request,
    client_id_name,
    is_counted,
    is_json,
    limit_rows,
    market_of,
    owner_of,
    query_text,
    refusal_of,
    rest_params,
    tells_nothing,
)
from binance_wsapi.protocol.secrets import masked
from binance_wsapi.response import FloatResponse, Response

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["RestDoor", "RestKind"]

log = logging.getLogger("binance_wsapi.rest")

LIMIT_MARGIN_S = 0.05
"""How long after a limit's window has turned a held call is let go: clocks differ a little."""

UNMEASURED_S = 60.0
"""How long requests that carry no stamp go without the exchange's clock once it could not be measured."""

MEASUREMENTS = 3
"""How often the clock is measured in a row, while what it shows is odd."""

_encode = msgspec.json.Encoder().encode


class RestKind(CallKind):
    """What all requests to one path have in common.

    All but ``GET`` are taken to change something: they are never repeated.

    Args:
        market: Whose REST API it is.
        http_method: The HTTP method.
        path: The path.
        signed: It carries a signature.
        operation: Its parameters, weight and result, where they are known.

    Raises:
        ParameterError: The method is none, or the path is none of that market's.
    """

    __slots__ = ("http_method", "market", "path")

    over_rest: ClassVar[bool] = True

    def __init__(
        self,
        market: Market,
        http_method: str,
        path: str,
        *,
        signed: bool,
        operation: Operation | None = None,
    ) -> None:
        check_request(market, http_method, path)
        super().__init__(f"{http_method} {path}", operation)
        self.market = market
        self.http_method = http_method
        self.path = path
        self.signed = signed
        self.needs_key = self.needs_key or signed
        self.mutates = http_method != "GET"
        self.repeatable = not self.mutates
        client_id = client_id_name(http_method, path)
        self.client_ids = () if client_id is None else (client_id,)

    def check(self, options: Options, *, has_key: bool) -> None:
        """Refuse what this client cannot ask for.

        Raises:
            ConfigurationError: It needs a key that the client was not given, or there is no such host.
        """
        if self.signed and not has_key:
            raise ConfigurationError(
                f"{self.method} needs a signature: pass api_key and api_secret to the client"
            )
        options.rest_host(default_ws_key(self.market))


def rest_request(
    runtime: Runtime,
    market: Market | str,
    http_method: str,
    path: str,
    params: Mapping[str, object] | None,
    *,
    signed: bool,
) -> tuple[RestKind, dict[str, WireValue]]:
    """Return a request that a caller asks for, checked and written.

    Raises:
        ParameterError: Something cannot be written, or the path is none of that market's.
        ConfigurationError: It needs a key that the client has not, or there is no such market or host.
    """
    kind = RestKind(market_of(market), http_method, path, signed=signed)
    written = rest_params({} if params is None else params)
    kind.check(runtime.options, has_key=runtime.authoriser.is_complete)
    for wire in kind.client_ids:
        written.setdefault(wire, runtime.client_order_id())
    return kind, written


class _Withdrawn(Exception):
    """The caller gave the request up before it was written."""


class RestDoor:
    """Carries REST requests out; on the loop's thread.

    Args:
        runtime: What the core stands on.
        show_order: Told what a request to a path has made, with its parameters.
    """

    def __init__(
        self,
        runtime: Runtime,
        show_order: Callable[[str, Mapping[str, object], msgspec.Raw], None],
    ) -> None:
        self._runtime = runtime
        self._show_order = show_order
        self._tasks: dict[Call, asyncio.Task[Outcome]] = {}
        self._measuring: dict[ServerClock, asyncio.Task[None]] = {}
        """By clock: its measurement under way, which all wait for who come meanwhile."""
        self._failed_at: dict[ServerClock, float] = {}
        """By clock: when it could not be measured."""

    def submit(self, call: Call) -> None:
        """Send a request as soon as limits and bans allow it."""
        if call.is_given_up:
            call.drop(withdrawn(call))
            return
        task = self._tasks[call] = self._runtime.spawn(self._outcome(call))
        task.add_done_callback(lambda ended: self._settle(call, ended))

    def drop_unwritten(self, call: Call) -> None:
        """Forget a request that its caller gave up, if it has not been written."""
        task = self._tasks.get(call)
        if task is not None and not _is_written(call):
            task.cancel()

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _settle(self, call: Call, ended: asyncio.Task[Outcome]) -> None:
        del self._tasks[call]
        outcome = self._ended(call) if ended.cancelled() else ended.result()
        if call.is_unsent:
            call.drop(outcome)
        else:
            call.settle(outcome)

    def _ended(self, call: Call) -> BinanceWsApiError:
        if _is_written(call):
            return connection_lost(call, "closed by this side")
        return withdrawn(call) if call.is_given_up else self._runtime.ended(call.kind.method)

    async def _outcome(self, call: Call) -> Outcome:
        kind = call.kind
        assert isinstance(kind, RestKind)
        try:
            async with asyncio.timeout(call.deadline - self._runtime.now()):
                outcome = await self._sent(call, kind)
                if isinstance(outcome, InvalidTimestamp) and kind.signed:
                    # Refused before it was executed: sending it again cannot do it twice.
                    self._runtime.exchanges.clock_of(call.ws_key).invalidate()
                    if call.was_stale():
                        outcome = await self._sent(call, kind)
                return outcome
        except TimeoutError:
            return timed_out(call) if _is_written(call) else _too_late(call)
        except BinanceWsApiError as error:
            return error
        except Exception as error:
            # The edge of a call: those beside it go on.
            log.exception("%s failed", kind.method)
            if _is_written(call):
                return connection_lost(call, f"{type(error).__name__}: {masked(str(error))}")
            return not_sendable(call, error)

    async def _sent(self, call: Call, kind: RestKind) -> Outcome:
        """Send a request once, and return what it is answered with."""
        runtime = self._runtime
        governor = runtime.exchanges.governor_of(call.ws_key)
        # Stamps are made by it, and limits counted, whoever asks; it is asked for itself without.
        if (kind.signed or is_counted(kind.path)) and kind.path != kind.market.facts.rest_clock:
            await self._keep_clock_fresh(call, kind)
        while True:
            url = await self._signed_url(call, kind)
            now = runtime.now()
            wait, reason = governor.silence.delay(now), governor.silence.reason(now)
            reservation, is_brief = None, False
            if wait <= 0 and is_counted(kind.path):
                is_urgent = kind.http_method == "DELETE"
                admitted = governor.admit(kind.operation, call.params, now, is_urgent)
                if isinstance(admitted, Refusal):
                    wait, reason = admitted.wait(now), admitted.reason
                    wait = max(wait, LIMIT_MARGIN_S)
                    is_brief = admitted.is_brief
                else:
                    reservation = admitted
            if wait <= 0:
                break
            options = call.options or runtime.options
            may_wait = is_brief or options.on_rate_limit == "wait"
            if not may_wait or now + wait >= call.deadline:
                return held_back(kind.method, reason, wait)
            await asyncio.sleep(wait + LIMIT_MARGIN_S)
        answer: RestAnswer | None = None
        try:
            answer = await self._answer(call, kind, url)
        finally:
            if reservation is not None:
                if not _is_written(call):
                    governor.unsent(reservation)
                elif answer is None:
                    governor.lost(reservation)
        heard_at = runtime.now()
        rows = limit_rows(answer.headers, governor.usage(heard_at)) if is_counted(kind.path) else []
        limits = msgspec.Raw(_encode(rows)) if rows else msgspec.Raw()
        if reservation is not None:
            governor.answered(reservation, limits, succeeded=answer.status == 200, now=heard_at)
        return self._read(call, kind, answer, limits, heard_at)

    async def _answer(self, call: Call, kind: RestKind, url: str) -> RestAnswer:
        """Return the answer to a request.

        Raises:
            NotSent: It was not written.
            ConnectionLost: It was, and there is no answer.
        """
        runtime = self._runtime

        def begin_write() -> None:
            if _is_written(call):
                return  # what changes nothing may be written again
            if call.is_awaited is not None and not call.is_awaited():
                call.giving_up.forsake(call)
            # From here on nobody may say that it was not sent.
            if not call.begin_write(runtime.now()):
                raise _Withdrawn

        headers = {}
        if runtime.authoriser.api_key is not None:
            headers["X-MBX-APIKEY"] = runtime.authoriser.api_key
        try:
            return await runtime.transport.request(
                kind.http_method, url, headers, timeout=call.timeout, on_write=begin_write
            )
        except _Withdrawn:
            raise withdrawn(call) from None
        except OSError as error:
            why = masked(str(error))
            if _is_written(call):
                is_late = isinstance(error, TimeoutError)
                raise (timed_out(call) if is_late else connection_lost(call, why)) from None
            raise NotSent(
                f"{kind.method} was not sent: {why}; repeating it is safe",
                operation=kind.method,
                reason="not connected",
            ) from None

    def _read(
        self, call: Call, kind: RestKind, answer: RestAnswer, limits: msgspec.Raw, heard_at: float
    ) -> Outcome:
        """Return what an answer means."""
        runtime, status, body = self._runtime, answer.status, answer.body
        assert call.written_at is not None
        if status == 200 and is_json(body):
            if kind.http_method == "POST":
                self._show_order(kind.path, call.params, msgspec.Raw(body))
            frame = b'{"id":"%b","status":200,"result":%b' % (call.id.encode(), body)
            if limits:
                frame += b',"rateLimits":%b' % bytes(limits)
            made = FloatResponse if call.in_floats else Response
            return made(
                kind.operation,
                frame + b"}",
                call.id,
                status,
                msgspec.Raw(body),
                limits,
                heard_at - call.written_at,
            )
        refusal = refusal_of(body)
        if status == 200 or tells_nothing(status, refusal):
            return _unreadable(call, f"status {status} with no answer of the exchange's", body)
        error = rejection(
            kind.market,
            kind.method,
            status,
            refusal,
            wall_us=runtime.exchanges.now_us(call.ws_key),
            client_order_id=call.client_order_id,
            sent_at=call.sent_us,
            rate_limits=limits,
            retry_after=answer.retry_after,
        )
        runtime.dialling.refused(call.ws_key, error)
        return error

    async def _signed_url(self, call: Call, kind: RestKind) -> str:
        """Return where a request goes, stamped and signed as of now."""
        runtime = self._runtime
        call.sent_us = runtime.exchanges.now_us(call.ws_key)
        query = query_text(call.params)
        if kind.signed:
            query = query_text(runtime.authoriser.stamped(call.params, call.sent_us // 1000))
            signature = await signature_of(runtime, kind.method, query)
            query += f"&{urlencode({'signature': signature})}"
        url = f"{runtime.options.rest_host(call.ws_key)}{kind.path}"
        return f"{url}?{query}" if query else url

    async def _keep_clock_fresh(self, call: Call, kind: RestKind) -> None:
        """Have the exchange's clock measured where that is due, once for all who need it meanwhile."""
        runtime = self._runtime
        clock, now = runtime.exchanges.clock_of(call.ws_key), runtime.now()
        has_failed = now - self._failed_at.get(clock, -math.inf) < UNMEASURED_S
        if not clock.needs_refresh(now) or (has_failed and not kind.signed):
            return
        measuring = self._measuring.get(clock)
        if measuring is None:
            measuring = runtime.spawn(self._measure(clock, call.ws_key, kind.market))
            self._measuring[clock] = measuring
            measuring.add_done_callback(lambda ended: self._measuring.pop(clock))
        # Who gives up leaves it to the others; the request itself needs time, too.
        await asyncio.wait([measuring], timeout=max(0.0, (call.deadline - now) / 2))

    async def _measure(self, clock: ServerClock, ws_key: WsKey, market: Market) -> None:
        """Measure the exchange's clock; failing is no harm."""
        runtime = self._runtime
        path = market.facts.rest_clock
        owner = owner_of(path)
        assert owner is not None, f"{path} is no path of any market"
        kind = RestKind(owner, "GET", path, signed=False)
        for _ in range(MEASUREMENTS):
            if not clock.needs_refresh(runtime.now()):
                return
            sent, wall_us = runtime.now(), runtime.wall_us()
            asked: list[Outcome] = []
            timeout = runtime.options.timeout
            asking = Call(kind, {}, asked.append, runtime.request_id(), timeout, sent)
            asking.ws_key = ws_key if owner is market else default_ws_key(owner)
            try:
                outcome = await self._sent(asking, kind)
            except (BinanceWsApiError, TimeoutError) as error:
                outcome = not_sendable(asking, error)
            told: Any = outcome.raw.get("result") if isinstance(outcome, Response) else None
            server_time = told.get("serverTime") if isinstance(told, dict) else None
            if not isinstance(server_time, int):
                log.info("%s: the exchange's clock could not be read: %s", market.value, outcome)
                self._failed_at[clock] = runtime.now()
                return
            runtime.exchanges.clock_measured(
                ws_key,
                sent=asking.written_at or sent,
                sent_wall_us=wall_us,
                server_time=server_time,
            )


def _is_written(call: Call) -> bool:
    return call.written_at is not None


def _too_late(call: Call) -> NotSent:
    return NotSent(
        f"{call.kind.method} was not sent within {call.timeout:g} s; repeating it is safe",
        operation=call.kind.method,
        reason="deadline",
    )


def _unreadable(call: Call, problem: str, body: bytes) -> BinanceWsApiError:
    if call.kind.mutates:
        return OutcomeUnknown(
            f"{call.kind.method}: the answer cannot be read ({problem}); it may have been executed",
            operation=call.kind.method,
            client_order_id=call.client_order_id,
            sent_at=call.sent_us,
            cause="the answer cannot be read",
        )
    return UnreadableResult(
        f"{call.kind.method}: the answer cannot be read: {problem}",
        operation=call.kind.method,
        raw=body,
    )
