"""Where listen keys come from: the WebSocket API on futures, REST for the cross margin risk stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.errors import UnreadableResult
from binance_wsapi.loading import uncut

if TYPE_CHECKING:
    from binance_wsapi.core.runtime import Runtime

__all__ = ["ApiKeySource", "KeySource", "RiskKeySource"]


class KeySource(Protocol):
    """Starts, extends and ends the listen key of one account."""

    operation: str
    """What it asks for a key, as errors name it."""

    async def start(self) -> str:
        """Return the live key, or a new one."""
        raise NotImplementedError

    async def extend(self, key: str) -> str:
        """Let the key live for another hour; return the account's key."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Give the key back."""


class ApiKeySource:
    """Listen keys of futures, over the session of the account."""

    operation = "userDataStream.start"

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    async def start(self) -> str:
        """Ask for the account's key."""
        answer = await self._session.ask(None, self.operation, {})
        key = _listen_key(answer.raw.get("result"))
        if key is None:
            raise UnreadableResult(
                f"{self.operation}: the answer is no listen key",
                operation=self.operation,
                raw=b"",
            )
        return key

    async def extend(self, key: str) -> str:
        """Extend the account's key, whichever it is."""
        answer = await self._session.ask(None, "userDataStream.ping", {})
        return _listen_key(answer.raw.get("result")) or key

    async def stop(self) -> None:
        """End the account's key."""
        await self._session.ask(None, "userDataStream.stop", {})


class RiskKeySource:
    """Listen keys of the cross margin risk stream, over REST."""

    operation = "POST /sapi/v1/margin/listen-key"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def start(self) -> str:
        """Ask for the account's key."""
        with uncut:
            from binance_wsapi.catalogue.margin import START_RISK_LISTEN_KEY
            from binance_wsapi.core.rest import rest_call
            from binance_wsapi.models.session import ListenKey

        body = await rest_call(self._runtime, START_RISK_LISTEN_KEY, {})
        try:
            return msgspec.json.decode(body, type=ListenKey).listen_key
        except msgspec.MsgspecError as error:
            raise UnreadableResult(
                f"{self.operation}: the answer is no listen key: {error}",
                operation=self.operation,
                raw=b"",
            ) from None

    async def extend(self, key: str) -> str:
        """Extend this key."""
        with uncut:
            from binance_wsapi.catalogue.margin import KEEP_RISK_LISTEN_KEY
            from binance_wsapi.core.rest import rest_call

        await rest_call(self._runtime, KEEP_RISK_LISTEN_KEY, {"listenKey": key})
        return key

    async def stop(self) -> None:
        """Let the key run out: ending it would weigh 3,000, half of what a minute allows."""


def _listen_key(result: object) -> str | None:
    key = result.get("listenKey") if isinstance(result, dict) else None
    return key if isinstance(key, str) and key else None
