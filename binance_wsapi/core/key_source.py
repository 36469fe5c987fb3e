"""Where listen keys come from: the WebSocket API on futures, REST where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.errors import UnreadableResult
from binance_wsapi.loading import uncut
from binance_wsapi.models.session import ListenKey

if TYPE_CHECKING:
    from binance_wsapi.catalogue.listen_keys import ListenKeyCalls
    from binance_wsapi.catalogue.rest_call import RestCall
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.endpoints import WsKey

__all__ = ["ApiKeySource", "KeySource", "RestKeySource"]


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


class RestKeySource:
    """Listen keys of what has no WebSocket API, over REST.

    Args:
        runtime: What the core stands on.
        ws_key: The connection that the keys are for.
        calls: How they are started, extended and ended.
    """

    def __init__(self, runtime: Runtime, ws_key: WsKey, calls: ListenKeyCalls) -> None:
        self._runtime = runtime
        self._ws_key = ws_key
        self._calls = calls
        self.operation = f"{calls.start.http_method} {calls.start.path}"

    async def start(self) -> str:
        """Ask for the account's key."""
        body = await self._ask(self._calls.start, "")
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
        await self._ask(self._calls.keep, key)
        return key

    async def stop(self) -> None:
        """End the key, where nothing else ends with it; else it runs out."""
        if self._calls.close is not None:
            await self._ask(self._calls.close, "")

    async def _ask(self, call: RestCall, key: str) -> bytes:
        with uncut:
            from binance_wsapi.core.rest import rest_call

        params = {each.wire: key for each in call.params}
        return await rest_call(self._runtime, self._ws_key, call, params)


def _listen_key(result: object) -> str | None:
    key = result.get("listenKey") if isinstance(result, dict) else None
    return key if isinstance(key, str) and key else None
