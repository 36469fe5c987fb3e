"""The proof proves something: with one safeguard taken out, some seed fails soon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from simulation_run import simulate

from binance_wsapi.core import linked_feed, resolution
from binance_wsapi.core.api_session import ApiSession
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.reconciliation import Reconciler
from binance_wsapi.core.session import Link
from binance_wsapi.errors import NotPlaced
from binance_wsapi.protocol import fate
from binance_wsapi.protocol.handover import Handover
from binance_wsapi.protocol.limits import Governor

SEEDS = 1_500

Mutation = Callable[[pytest.MonkeyPatch], None]


def no_resolution(patch: pytest.MonkeyPatch) -> None:
    """What was not answered was not executed: the guess that everybody makes."""

    async def guess(self: Any, session: Any, call: Any, error: Any, timeout: float) -> Any:
        return NotPlaced("no answer", operation=call.kind.method)

    patch.setattr(resolution.Resolver, "resolve", guess)


def resolution_gives_up(patch: pytest.MonkeyPatch) -> None:
    """The outcome stays unknown, though the exchange could be asked."""

    async def give_up(self: Any, session: Any, call: Any, error: Any, timeout: float) -> Any:
        return error

    patch.setattr(resolution.Resolver, "resolve", give_up)


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """An order that is not found right away will not come any more."""
    patch.setattr(fate, "patience_us", lambda recv_window_ms, margin_us: 0)


def fence_without_processing_time(patch: pytest.MonkeyPatch) -> None:
    """A request is executed within its recvWindow: the engine never takes longer."""
    patch.setattr(fate, "_PROCESSING_US", 0)


def no_dedupe(patch: pytest.MonkeyPatch) -> None:
    """In a planned move each connection's events are told as they come."""
    patch.setattr(Handover, "from_old", lambda self, event: [event])
    patch.setattr(Handover, "from_new", lambda self, event, now: [event])


def blind_repeat(patch: pytest.MonkeyPatch) -> None:
    """A request whose answer was lost is sent again, whatever it does."""

    def repeat(self: Any, call: Any, reason: str) -> bool:
        if call.is_own or call.loss is not None:
            return False
        call.loss = reason
        call.encoded_for = call.written_at = None
        return True

    patch.setattr(ApiSession, "_is_repeated", repeat)


def silent_gaps(patch: pytest.MonkeyPatch) -> None:
    """A reconnect is nothing that the consumer of events should care about."""
    patch.setattr(LinkedFeed, "resumed", lambda self, reason, source=None: False)


def no_reconciliation(patch: pytest.MonkeyPatch) -> None:
    """A gap is told, and left at that."""
    patch.setattr(Reconciler, "begin", lambda self: None)


def last_sign_of_life_proves_all(patch: pytest.MonkeyPatch) -> None:
    """A link that was heard from lately has brought everything."""
    heard = property(lambda self: self.last_heard, lambda self, value: None)
    patch.setattr(Link, "proven_at", heard, raising=False)
    patch.setattr(linked_feed, "_time_us", lambda event: 0)


def no_limits(patch: pytest.MonkeyPatch) -> None:
    """The exchange will say when it is enough."""

    def admit(self: Any, *args: Any, **options: Any) -> Any:
        for window in self._windows.values():
            window.used = 0
        return real(self, *args, **options)

    real = Governor.admit
    patch.setattr(Governor, "admit", admit)


MUTATIONS: tuple[Mutation, ...] = (
    no_resolution,
    resolution_gives_up,
    no_fence,
    fence_without_processing_time,
    no_dedupe,
    blind_repeat,
    silent_gaps,
    no_reconciliation,
    last_sign_of_life_proves_all,
    no_limits,
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_without_the_safeguard_a_seed_fails(
    mutation: Mutation, monkeypatch: pytest.MonkeyPatch, record_property: Callable[..., None]
) -> None:
    mutation(monkeypatch)

    failed = next(failing_seeds(), None)

    assert failed is not None, f"{SEEDS} seeds pass without it"
    seed, problem = failed
    record_property("seed", seed)
    print(f"{mutation.__name__}: seed {seed}: {problem[:300]}")


def failing_seeds() -> Iterator[tuple[int, str]]:
    """Yield the seeds that fail, with the first thing that is wrong."""
    for seed in range(SEEDS):
        report = simulate(seed)
        if report.problems:
            yield seed, report.problems[0]
