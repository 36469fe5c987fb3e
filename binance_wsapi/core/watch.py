"""Notices a peer that says nothing any more, and lets a replaced link go when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from binance_wsapi.core.link import Link

if TYPE_CHECKING:
    from binance_wsapi.core.session import Session

__all__ = ["Watch"]

DRAIN_LINGER_S = 1.0
"""How long a replaced link stays open at least."""

EVENTS_LINGER_S = 5.0
"""The same of one that brings events: those from before its successor was subscribed may come late."""


class Watch:
    """Watches the links of one session; on the loop's thread."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def retire(self, link: Link) -> None:
        """Let a link that was replaced finish what it carries, for a while."""
        session = self._session
        now = session.runtime.now()
        linger = EVENTS_LINGER_S if session.brings_events(link) else DRAIN_LINGER_S
        link.drains = (now + linger, now + linger + session.runtime.options.timeout)
        link.retired_at = now
        if link.pinged_at is None and link.ping_delay() <= 0:
            # Its answer proves that all has come that was sent before its successor took over.
            link.probe(now)
        if not link.is_proven_by_pongs:
            session.ask_in_silence(link)
        session.wake_by(link.drains[0])

    def look(self, link: Link, now: float) -> None:
        """Do what is due on a link, and have the session woken when the next thing is."""
        if link.socket is None:
            return
        if link.drains is not None and self._is_done(link, link.drains, now):
            self._session.lose(link, "replaced by a fresh connection")
            return
        if link is self._session.serving:
            self._break_silence(link, now)
        self._await_pong(link, now)

    def _is_done(self, link: Link, drains: tuple[float, float], now: float) -> bool:
        """Whether a retired link has brought all it will, or has had its time."""
        earliest, latest = drains
        has_all = self._session.is_idle(link) and link.proven_at >= link.retired_at
        if now >= latest or (now >= earliest and has_all):
            return True
        self._session.wake_by(earliest if now < earliest else min(now + DRAIN_LINGER_S, latest))
        return False

    def _break_silence(self, link: Link, now: float) -> None:
        """Ask a link that serves and has brought nothing for a while: pongs do not show that it would."""
        interval = self._session.runtime.options.ping_interval
        silent_at = max(link.last_frame_at, link.asked_at) + interval
        if now >= silent_at:
            link.asked_at = now
            self._session.ask_in_silence(link)
            silent_at = now + interval
        self._session.wake_by(silent_at)

    def _await_pong(self, link: Link, now: float) -> None:
        """Ping a link that was not heard from, and lose one that does not answer its ping."""
        session, options = self._session, self._session.runtime.options
        if link.pinged_at is not None:
            if now >= link.pinged_at + options.pong_timeout:
                session.lose(link, f"no sign of life for {now - link.last_heard:.0f} s")
            else:
                session.wake_by(link.pinged_at + options.pong_timeout)
        elif now >= link.last_heard + options.ping_interval:
            delay = link.ping_delay()
            if delay > 0:  # the exchange counts pings as messages
                session.wake_by(now + delay)
            else:
                link.probe(now)
                session.wake_by(now + options.pong_timeout)
        else:
            session.wake_by(link.last_heard + options.ping_interval)
