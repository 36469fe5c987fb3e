"""The way up of a link: dialled, logged on, subscribed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from binance_wsapi.core.link import Link, LinkLost
from binance_wsapi.core.transport import HandshakeRefused
from binance_wsapi.protocol.secrets import masked
from binance_wsapi.protocol.session import Effect, SessionMachine

if TYPE_CHECKING:
    from binance_wsapi.core.session import Session

__all__ = ["WayUp"]

log = logging.getLogger("binance_wsapi.connection")


WORTH_TELLING_S = 0.1
"""A lease that is shared with other processes is there sooner."""


class WayUp:
    """Takes the links of one session up, step by step, each in a task; on the loop's thread.

    Args:
        session: Whose links they are.
        machine: Is told how far they have come.
        carry_out: Carries out what it answers.
    """

    def __init__(
        self,
        session: Session,
        machine: SessionMachine,
        carry_out: Callable[[list[Effect]], object],
    ) -> None:
        self._session = session
        self._runtime = session.runtime
        self._machine = machine
        self._carry_out = carry_out

    def dial(self, link: Link) -> None:
        """Open a connection as soon as one may be opened."""
        self._start(link, self._dial)

    def log_on(self, link: Link) -> None:
        """Let the session do what comes first on a link."""
        self._start(link, self._log_on)

    def subscribe(self, link: Link) -> None:
        """Let the session restore what was subscribed."""
        self._start(link, self._subscribe)

    def _start(self, link: Link, work: Callable[[Link], Awaitable[None]]) -> None:
        session = self._session

        async def bring_up() -> None:
            try:
                await work(link)
            except LinkLost as error:
                session.lose(link, str(error))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a task's edge: the link cannot be trusted
                log.exception("%s: bringing the connection up failed", session.ws_key)
                session.announce("exception", error=error, reason="connection not brought up")
                session.lose(link, f"internal error: {type(error).__name__}")

        task = self._runtime.loop.create_task(bring_up())
        link.tasks.add(task)
        task.add_done_callback(link.tasks.discard)

    async def _dial(self, link: Link) -> None:
        session, dialling = self._session, self._runtime.dialling
        await self._may_dial()
        url = await session.address(link)
        await self._may_dial()  # finding out where takes time, and may have met a limit
        dialling.dialled(session.ws_key)
        try:
            link.socket = await self._runtime.transport.connect(url, link)
        except HandshakeRefused as error:
            session.last_failure = str(error)
            dialling.handshake_refused(session.ws_key, error)
            raise LinkLost(str(error)) from None
        except OSError as error:
            raise LinkLost(f"not connected: {masked(str(error))}") from None
        if link.lost_because is not None:  # given up while it opened
            await link.socket.close()
            return
        link.lives()
        link.opened_at = self._runtime.now()
        session.opened(link)
        session.announce("open")
        session.wake_by(link.opened_at + self._runtime.options.ping_interval)
        self._carry_out(self._machine.opened(link.number))

    async def _may_dial(self) -> None:
        ws_key = self._session.ws_key
        while (delay := self._runtime.dialling.delay(ws_key)) > 0:
            level = logging.WARNING if delay >= WORTH_TELLING_S else logging.DEBUG
            log.log(level, "%s: %.1f s until a limit or a ban allows a try", ws_key, delay)
            await asyncio.sleep(delay)

    async def _log_on(self, link: Link) -> None:
        await self._session.greet(link)
        self._carry_out(self._machine.logged_on(link.number))

    async def _subscribe(self, link: Link) -> None:
        await self._session.restore(link)
        self._carry_out(self._machine.subscribed(link.number, self._runtime.now()))
