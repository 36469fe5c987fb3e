"""Questions about an account: over its session of the WebSocket API, or over REST where that alone can tell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.core.asking import Asker
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.endpoints import WsKey, default_ws_key, endpoint, environment_of
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import uncut
from binance_wsapi.markets.books import is_over_rest
from binance_wsapi.protocol.weight import weight_of

if TYPE_CHECKING:
    import msgspec

    from binance_wsapi.core.rest_door import RestDoor

__all__ = ["AccountQuestions"]

log = logging.getLogger("binance_wsapi.user_data")

REST_WEIGHT = 5
"""What a question over REST is taken to weigh: its answer tells what it did."""


class AccountQuestions:
    """How an account is asked; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        ws_key: The connection it was subscribed with.
        session: Its session of the WebSocket API, if it trades over one.
        rest: The door to REST, made at the first question.
    """

    def __init__(
        self,
        runtime: Runtime,
        ws_key: WsKey,
        session: Asker | None,
        rest: Callable[[], RestDoor],
    ) -> None:
        self.runtime = runtime
        self.ws_key = ws_key
        self._session = session
        self._rest = rest

    @property
    def has_rest(self) -> bool:
        """Whether REST can be asked at all: the client may have been led away from it, or have no secret."""
        options = self.runtime.options
        if environment_of(self.ws_key, options.environment) is not options.environment:
            return False
        try:
            options.rest_host(default_ws_key(endpoint(self.ws_key).market))
        except ConfigurationError:
            return False
        return self.runtime.authoriser.is_complete

    def exchange_us(self) -> int:
        """Return the exchange's time, epoch microseconds."""
        return self.runtime.exchanges.now_us(self.ws_key)

    async def ask_in_turn(self, question: str, params: Mapping[str, Any]) -> msgspec.Raw:
        """The same as :meth:`ask`, once there is room for it beside what the caller asks and orders."""
        while (wait := self._wait(question, params)) > 0:
            log.info("%s: %s waits %.1f s: half of the weight is used", self.ws_key, question, wait)
            await asyncio.sleep(wait)
        return await self.ask(question, params, urgent=False)

    async def ask(
        self, question: str, params: Mapping[str, Any], *, urgent: bool = True
    ) -> msgspec.Raw:
        """Return what a question is answered with.

        Args:
            question: The name of an operation, or ``GET`` and a path.
            params: Its parameters.
            urgent: It may use the reserve of the limits.

        Raises:
            BinanceWsApiError: There is no answer, or the exchange refused it.
        """
        if is_over_rest(question):
            with uncut:
                from binance_wsapi.core.rest_questions import rest_answer

            return await rest_answer(
                self.runtime, self._rest(), self.ws_key, _path(question), params, signed=True
            )
        assert self._session is not None, f"{question} needs a session"
        return (await self._session.ask(None, question, params, urgent=urgent)).raw_result

    def _wait(self, question: str, params: Mapping[str, Any]) -> float:
        """Charge a question and return 0, or the seconds until there may be room for it."""
        market = endpoint(self.ws_key).market
        ws_key, weight = default_ws_key(market), REST_WEIGHT
        if is_over_rest(question):
            with uncut:
                from binance_wsapi.protocol.rest_requests import is_counted

            if not is_counted(_path(question)):
                return 0.0
        else:
            assert self._session is not None, f"{question} needs a session"
            operation = operation_by_method(self._session.market, question)
            assert operation is not None
            ws_key, weight = self._session.ws_key, weight_of(operation, params)
        limits = self.runtime.exchanges.limits_of(ws_key)
        return limits.share_wait(weight, lambda address: address.for_gaps)


def _path(question: str) -> str:
    return question.removeprefix("GET ")
