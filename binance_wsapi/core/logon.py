"""What comes first on a link: the exchange's clock is measured, the key is logged on."""

from __future__ import annotations

import asyncio
import logging

from binance_wsapi.core.api_connection import ApiConnection
from binance_wsapi.core.api_link import ApiLink, Authority
from binance_wsapi.core.link import LinkLost
from binance_wsapi.errors import (
    AuthenticationFailed,
    BinanceWsApiError,
    InvalidTimestamp,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    RequestRejected,
)

__all__ = ["Logon"]

log = logging.getLogger("binance_wsapi.session")

RELOGON_AFTER_S = 5.0
"""How long a refused logon stands before a call that needs it has it tried again."""

MEASUREMENTS = 3
"""How often the clock is measured in a row, while what it shows is odd."""


class Logon:
    """Logs the links of one session on, and keeps the clock fresh; on the loop's thread.

    A refused logon stands on its link: calls that need it are refused with it, all others go on.
    """

    def __init__(self, session: ApiConnection) -> None:
        self._session = session
        self._clock_task: asyncio.Task[None] | None = None

    async def greet(self, link: ApiLink) -> None:
        """Measure the clock and log the key on, where there is one.

        Raises:
            LinkLost: The link went away, or did not answer.
        """
        authoriser = self._session.runtime.authoriser
        try:
            # Windows that are shared with others have to turn at the same time.
            if authoriser.api_key is not None or self._session.runtime.shared_limits is not None:
                await self.measure_clock(link)
            if authoriser.logs_on:
                await self._log_key_on(link)
        except (NotSent, OutcomeUnknown) as error:
            raise LinkLost(f"logon: {error}") from None

    def keep_clock_fresh(self, now: float) -> None:
        """Have the clock measured again in the background when that is due."""
        session = self._session
        if (
            session.serving is not None
            and (
                session.runtime.authoriser.api_key is not None
                or session.runtime.shared_limits is not None
            )
            and session.clock.needs_refresh(now)
            and (self._clock_task is None or self._clock_task.done())
        ):
            self._clock_task = session.runtime.spawn(self.refresh_clock(session.serving))

    def refresh(self) -> bool:
        """Have a logon that was refused a while ago tried again, on a fresh link; false if it stands."""
        link = self._session.serving
        if link is None or link.refusal is None:
            return False
        if self._session.runtime.now() - link.refused_at < RELOGON_AFTER_S:
            return False
        self._session.rotate()
        return True

    def set_logged_on(self, link: ApiLink, *, logged_on: bool) -> None:
        """Take note that a link was logged on or off: frames made before no longer fit."""
        link.authority = Authority(self._session.clock, logged_on=logged_on)
        link.refusal = None
        if link is self._session.serving:
            self._session.authority = link.authority

    async def _log_key_on(self, link: ApiLink) -> None:
        for attempt in (1, 2):
            try:
                await self._session.ask(link, "session.logon", {})
            except InvalidTimestamp as error:
                if attempt == 1:
                    self._session.clock.invalidate()
                    await self.measure_clock(link)
                    continue
                self._refuse(link, error)
            except RateLimited as error:
                raise LinkLost(f"logon: {error}") from None
            except RequestRejected as error:
                self._refuse(link, error)
            else:
                self._session.announce("authenticated")
            return

    def _refuse(self, link: ApiLink, error: RequestRejected) -> None:
        link.refusal = _as_authentication_failure(error)
        link.refused_at = self._session.runtime.now()
        self._session.announce("exception", error=error, reason=f"logon refused: {error}")

    async def refresh_clock(self, link: ApiLink) -> None:
        """Measure the clock again if that is due; failing is no harm."""
        try:
            await self.measure_clock(link)
        except (BinanceWsApiError, LinkLost) as error:
            log.info("%s: the exchange's clock could not be read: %s", self._session.ws_key, error)

    async def measure_clock(self, link: ApiLink) -> None:
        """Estimate the exchange's clock, where it was not set by hand.

        What is odd is measured again at once, so that it is borne out or forgotten.
        """
        session = self._session
        for _ in range(MEASUREMENTS):
            if not session.clock.needs_refresh(session.runtime.now()):
                return
            try:
                await self._measure_once(link)
            except RequestRejected as error:
                log.warning("%s: the exchange's clock could not be read: %s", session.ws_key, error)
                return

    async def _measure_once(self, link: ApiLink) -> None:
        session, runtime = self._session, self._session.runtime
        method = session.market.facts.clock_question
        sent = runtime.now()
        wall_us = runtime.wall_us()
        answer = await session.ask(link, method, {})
        result = answer.raw.get("result")
        server_time = result.get("serverTime") if isinstance(result, dict) else None
        if isinstance(server_time, int):
            runtime.exchanges.clock_measured(
                session.ws_key, sent=sent, sent_wall_us=wall_us, server_time=server_time
            )


def _as_authentication_failure(error: RequestRejected) -> RequestRejected:
    """Any refusal of a logon means the same to a call that needs it."""
    if isinstance(error, (AuthenticationFailed, InvalidTimestamp)):
        return error
    return AuthenticationFailed(
        error.message, code=error.code, status=error.status, operation=error.operation
    )
