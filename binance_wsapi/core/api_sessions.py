"""A client's sessions of the WebSocket API, and who keeps track of the orders made over them."""

from __future__ import annotations

from collections.abc import Callable

from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.endpoints import WsKey, endpoint

__all__ = ["ApiSessions"]


class ApiSessions:
    """One session for each connection in use; owned by the loop's thread.

    Args:
        runtime: What the core stands on.
        make: Makes a connection's session.
    """

    def __init__(self, runtime: Runtime, make: Callable[[WsKey], ApiSession]) -> None:
        self._runtime = runtime
        self._make = make
        self.open: dict[WsKey, ApiSession] = {}
        """Those in use; looked into from any thread."""
        self.reconcilers: dict[WsKey, list[Reconciler]] = {}
        """Who follows the orders of an account, by the connection it was subscribed with."""

    def of(self, ws_key: WsKey) -> ApiSession:
        """Return the session of a connection, made on first use.

        Raises:
            ConfigurationError: The environment has no such connection.
            ClientClosed: The client is being closed.
        """
        session = self.open.get(ws_key)
        if session is None:
            if self._runtime.is_ending:
                raise self._runtime.closed_error()
            self._runtime.dialling.url(ws_key)  # raises if the environment has none
            session = self.open[ws_key] = self._make(WsKey(ws_key))
            session.reconcilers = self._reconcilers_of(ws_key)
        return session

    def follow(self, ws_key: WsKey, reconciler: Reconciler) -> None:
        """Let somebody keep track of the orders that a connection's account makes."""
        self.reconcilers.setdefault(ws_key, []).append(reconciler)
        self._share_reconcilers()

    def unfollow(self, ws_key: WsKey, reconciler: Reconciler) -> None:
        """Somebody keeps track of them no longer."""
        following = self.reconcilers.get(ws_key, [])
        if reconciler in following:
            following.remove(reconciler)
            self._share_reconcilers()

    def take_all(self) -> list[ApiSession]:
        """Forget all sessions and return them, to be closed: the next call makes new ones."""
        self.reconcilers.clear()
        sessions, self.open = list(self.open.values()), {}
        return sessions

    def _reconcilers_of(self, ws_key: WsKey) -> list[Reconciler]:
        """Return what follows the orders of the account that a connection trades with."""
        return [
            reconciler
            for other, following in self.reconcilers.items()
            for reconciler in following
            if endpoint(other).market is endpoint(ws_key).market
            and (other is ws_key or "TESTNET" not in other.name + ws_key.name)
        ]

    def _share_reconcilers(self) -> None:
        for ws_key, session in self.open.items():
            session.reconcilers = self._reconcilers_of(ws_key)
