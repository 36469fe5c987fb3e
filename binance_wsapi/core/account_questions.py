"""Questions about an account: over its session of the WebSocket API, or over REST where that alone can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from binance_wsapi.core.asking import Asker
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.endpoints import WsKey, default_ws_key, endpoint, environment_of
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.loading import uncut
from binance_wsapi.markets.books import is_over_rest

if TYPE_CHECKING:
    import msgspec

    from binance_wsapi.core.rest_door import RestDoor

__all__ = ["AccountQuestions"]


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

    async def ask(self, question: str, params: Mapping[str, Any]) -> msgspec.Raw:
        """Return what a question is answered with.

        Raises:
            BinanceWsApiError: There is no answer, or the exchange refused it.
        """
        if is_over_rest(question):
            with uncut:
                from binance_wsapi.core.rest_questions import rest_answer

            path = question.removeprefix("GET ")
            return await rest_answer(
                self.runtime, self._rest(), self.ws_key, path, params, signed=True
            )
        assert self._session is not None, f"{question} needs a session"
        return (await self._session.ask(None, question, params)).raw_result
