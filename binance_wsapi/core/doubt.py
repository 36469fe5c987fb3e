"""Notices a link that answers pings and no requests, and has another one take its place."""

from __future__ import annotations

import logging
import math
from asyncio import sleep

from binance_wsapi.core.api_connection import ApiConnection
from binance_wsapi.core.api_link import ApiLink
from binance_wsapi.core.link import LinkLost
from binance_wsapi.core.outbox import LIMIT_MARGIN_S
from binance_wsapi.errors import BinanceWsApiError, NotSent, OutcomeUnknown
from binance_wsapi.protocol.answering import Patience, unanswered_since

__all__ = ["NO_ANSWERS", "Doubt"]

log = logging.getLogger("binance_wsapi.connection")

NO_ANSWERS = "it answers no requests"

PROOF_WAITS_S = 60.0
"""How long a replaced link is kept at most until a limit lets it be asked: the window of the weight."""


class Doubt:
    """Watches the serving link of one session; on the loop's thread.

    A link in doubt is asked a question and given no other request meanwhile: an order that it swallows
    would be one whose fate nobody knows. When the question is not answered either, a successor is
    brought up, where the fate of what is under way is asked. The link has the time of one more question
    until it is lost: that of a slow exchange still answers, which settles what is being found out.
    """

    def __init__(self, session: ApiConnection) -> None:
        self._session = session
        options = session.runtime.options
        self._patience = Patience.of(options.timeout, options.pong_timeout)
        self.look_after = self._patience.ask_after
        """Seconds after a request at which :meth:`look` has something to do if it is not answered."""
        self._question = session.market.facts.clock_question

    def look(self, now: float) -> None:
        """Ask where there is reason to."""
        link = self._session.serving
        if link is None or link.in_doubt_since is not None:
            return
        since = self._unanswered_since(link)
        if since is not None and now >= self._look_at(link, since):
            link.in_doubt_since = since
            log.log(
                self._log_level,
                "%s: requests get no answers for %.1f s: asking",
                self._session.ws_key,
                now - max(since, link.answered_at),
            )
            self._session.runtime.spawn(self._find_out(link, since))

    def next_look(self) -> float:
        """When :meth:`look` may have something to do."""
        link = self._session.serving
        if link is None or link.in_doubt_since is not None:
            return math.inf
        since = self._unanswered_since(link)
        return math.inf if since is None else self._look_at(link, since)

    async def ask(self, link: ApiLink) -> None:
        """Ask a link that carries user data whether it would bring any; its silence tells.

        A replaced one is kept until a limit lets it be asked: that it was not asked would be told as a gap,
        and what is read because of that would use up the limit again.
        """
        while link.lost_because is None:
            try:
                await self._session.ask(link, self._question, {})
            except NotSent as error:
                log.debug("%s: not asked in silence: %s", self._session.ws_key, error)
                if error.retry_after is None or not self._keep(link, error.retry_after):
                    return
                await sleep(error.retry_after + LIMIT_MARGIN_S)
            except (BinanceWsApiError, LinkLost) as error:
                log.debug("%s: asked in silence: %s", self._session.ws_key, error)
                return
            else:
                return

    def _keep(self, link: ApiLink, wait: float) -> bool:
        """Keep a replaced link until it can be asked, and has answered; false when that takes too long."""
        runtime = self._session.runtime
        asked_at = runtime.now() + wait
        if link.drains is None or asked_at > link.retired_at + PROOF_WAITS_S:
            return False
        earliest, latest = link.drains
        link.drains = earliest, max(latest, asked_at + runtime.options.timeout)
        return True

    @property
    def _log_level(self) -> int:
        """A warning begins a slow spell; while answers are slow it has been said."""
        return logging.INFO if self._session.last_round_trip > self.look_after else logging.WARNING

    def _unanswered_since(self, link: ApiLink) -> float | None:
        written = (call.written_at for call in link.pending.values() if call.written_at is not None)
        return unanswered_since(written, link.answered_from)

    def _look_at(self, link: ApiLink, since: float) -> float:
        # A burst is worked off one by one: while answers come, its last one may take its time.
        return max(since, link.answered_at) + self.look_after

    async def _find_out(self, link: ApiLink, since: float) -> None:
        has_successor = False
        while link.in_doubt_since == since and link.lost_because is None:
            asked_at = self._session.runtime.now()
            try:
                await self._session.ask(
                    link, self._question, {}, timeout=self._patience.answer_within
                )
            except OutcomeUnknown:
                # Any answer since then is a sign of life, be it to another request.
                if (
                    link.in_doubt_since != since
                    or link.lost_because is not None
                    or link.answered_at >= asked_at
                ):
                    continue
                if has_successor:
                    self._give_up(link)
                else:
                    has_successor = True
                    self._bring_up_successor()
            except NotSent:  # a limit or a ban: nothing can be asked now
                await sleep(self.look_after)
            except (BinanceWsApiError, LinkLost):
                pass  # refused is answered; and what is lost is in no doubt

    def _bring_up_successor(self) -> None:
        session = self._session
        log.log(
            self._log_level,
            "%s: %s: a fresh connection is to take over",
            session.ws_key,
            NO_ANSWERS,
        )
        session.last_failure = NO_ANSWERS
        session.rotate()

    def _give_up(self, link: ApiLink) -> None:
        # Its pongs proved nothing: events may be missing since it last answered.
        link.proven_at = link.served_until = link.answered_from
        self._session.lose(link, NO_ANSWERS)
