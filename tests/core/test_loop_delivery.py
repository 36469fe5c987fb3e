"""Outcomes reach those who await them, whatever their loop is and whatever ends their wait."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S

from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.core.dispatch import Dispatcher
from binance_wsapi.core.giving_up import GivingUp
from binance_wsapi.core.loop_delivery import LoopDelivery
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import NotSent
from binance_wsapi.simulator import SimulatedExchange


def _loops() -> list[Callable[[], asyncio.AbstractEventLoop]]:
    try:
        import uvloop
    except ImportError:
        return [asyncio.new_event_loop]
    return [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.fixture(params=_loops(), ids=lambda make: make.__module__.partition(".")[0])
def runner(request: pytest.FixtureRequest) -> Any:
    """Runs coroutines on a loop of each kind."""
    with asyncio.Runner(loop_factory=request.param) as made:
        yield made


Awaited = asyncio.Future[Any]
THERE: Any = "there"


class Nobody:
    """A runtime that is closed."""

    dispatcher = Dispatcher(size=1, overflow="drop_oldest", wall_us=lambda: 0)

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.close()
        self.now = time.monotonic


NOBODY: Any = Nobody()


def answer(patience: float = WAIT_S) -> Awaited:
    """Begin to wait for a call, as the client does."""
    awaited: Awaited = asyncio.get_running_loop().create_future()
    call = Call(CallKind("ping", None), {}, lambda _: None, "1", patience, 0.0)
    call.giving_up, call.ws_key = (
        GivingUp(NOBODY, take_in=list, drop=print, let_resolve=print),
        WsKey.MAIN_WSAPI,
    )
    LoopDelivery.of(awaited.get_loop()).watch(awaited, call, time.monotonic() + patience)
    return awaited


def settle(*awaited: Awaited) -> None:
    """Do what the core does on its thread."""
    for each in awaited:
        LoopDelivery.of(each.get_loop()).settle(each, THERE)


async def outcome_of(awaited: Awaited) -> Any:
    return await awaited


def settle_from_a_thread(*awaited: Awaited) -> None:
    task = asyncio.ensure_future(asyncio.to_thread(settle, *awaited))
    _kept.add(task)
    task.add_done_callback(_kept.discard)


_kept: set[asyncio.Future[None]] = set()


def test_outcomes_reach_all_who_wait(runner: asyncio.Runner) -> None:
    async def main() -> list[Any]:
        answers = [answer() for _ in range(50)]
        tasks = [asyncio.create_task(outcome_of(each)) for each in answers]
        settle_from_a_thread(*answers)
        return await asyncio.gather(*tasks)

    assert runner.run(main()) == [THERE] * 50


def test_outcome_for_a_wait_that_was_cancelled_disturbs_nobody(runner: asyncio.Runner) -> None:
    async def main() -> list[Any]:
        problems: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, it: problems.append(it))
        cancelled, other = answer(), answer()
        task = asyncio.create_task(outcome_of(cancelled))
        await asyncio.sleep(0)
        task.cancel()
        settle_from_a_thread(cancelled, other)
        assert await other == THERE
        with pytest.raises(asyncio.CancelledError):
            await task
        return problems

    assert runner.run(main()) == []


def test_loop_turns_while_outcomes_keep_coming(runner: asyncio.Runner) -> None:
    """A task that is never short of outcomes leaves the loop to others all the same."""

    async def main() -> int:
        turns = 0
        loop = asyncio.get_running_loop()

        def turn() -> None:
            nonlocal turns
            turns += 1
            loop.call_soon(turn)

        loop.call_soon(turn)
        for _ in range(100):
            awaited = answer()
            settle(awaited)
            await awaited
        return turns

    assert runner.run(main()) >= 100


@pytest.mark.skipif(sys.platform != "linux", reason="no eventfd here")
def test_interrupt_between_ring_and_answer_costs_no_outcome(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin() -> Awaited:
        first = answer()
        await asyncio.sleep(0)
        return first

    awaited = runner.run(begin())
    read = os.eventfd_read

    def interrupted(descriptor: int) -> int:
        monkeypatch.setattr(os, "eventfd_read", read)
        read(descriptor)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "eventfd_read", interrupted)
    settle(awaited)
    with pytest.raises((KeyboardInterrupt, RuntimeError)):  # uvloop tells that it was stopped
        runner.get_loop().run_until_complete(asyncio.sleep(WAIT_S))

    assert runner.run(asyncio.wait_for(awaited, WAIT_S)) == THERE


def test_wait_within_a_timeout_ends_by_it(runner: asyncio.Runner) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await answer()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(outcome_of(answer()), 0.01)

    runner.run(main())


def test_core_that_never_settles_is_not_waited_for_beyond_patience(runner: asyncio.Runner) -> None:
    async def main() -> list[Any]:
        return await asyncio.gather(*(outcome_of(answer(0.01 * each)) for each in range(1, 4)))

    assert [type(each) for each in runner.run(main())] == [NotSent] * 3


def test_patience_ends_though_another_call_has_more(runner: asyncio.Runner) -> None:
    async def main() -> Any:
        patient = answer(1000 * WAIT_S)
        found = await asyncio.wait_for(outcome_of(answer(0.01)), WAIT_S)
        assert not patient.done()
        return found

    assert type(runner.run(main())) is NotSent


def test_task_keeps_its_context(runner: asyncio.Runner) -> None:
    name = contextvars.ContextVar[str]("name")

    async def ask(mine: str, awaited: Awaited) -> str:
        name.set(mine)
        await awaited
        return name.get()

    async def main() -> list[str]:
        answers = [answer() for _ in range(3)]
        tasks = [asyncio.create_task(ask(str(n), each)) for n, each in enumerate(answers)]
        await asyncio.sleep(0)
        settle_from_a_thread(*answers)
        return await asyncio.gather(*tasks)

    assert runner.run(main()) == ["0", "1", "2"]


def test_task_that_is_interrupted_takes_no_other_with_it(runner: asyncio.Runner) -> None:
    async def interrupted(awaited: Awaited) -> None:
        await awaited
        raise SystemExit(3)

    async def begin() -> tuple[list[Awaited], asyncio.Task[Any]]:
        answers = [answer(), answer()]
        _kept.add(asyncio.create_task(interrupted(answers[0])))
        other = asyncio.create_task(outcome_of(answers[1]))
        await asyncio.sleep(0)
        return answers, other

    async def finish(other: asyncio.Task[Any]) -> Any:
        return await other

    answers, other = runner.run(begin())
    settle(*answers)
    with pytest.raises(SystemExit):
        runner.run(asyncio.sleep(WAIT_S))
    _kept.clear()

    assert runner.run(finish(other)) == THERE


def test_outcome_for_a_loop_that_is_closed_is_dropped() -> None:
    for make in _loops():
        loop = make()

        async def begin() -> Awaited:
            return answer()

        left = loop.run_until_complete(begin())
        loop.close()

        delivery = LoopDelivery.of(loop)
        settle(left)
        assert not left.done()
        assert not delivery._due
        assert not delivery._open


def test_loops_that_are_gone_are_let_go() -> None:
    for make in _loops():
        with asyncio.Runner(loop_factory=make) as made:
            gone = weakref.ref(made.get_loop())
            made.run(_settled())

        del made
        gc.collect()

        assert gone() is None


async def _settled() -> None:
    awaited = answer()
    settle_from_a_thread(awaited)
    await awaited


def test_awaited_calls_leave_no_work_to_the_garbage_collector(
    exchange: SimulatedExchange, runner: asyncio.Runner
) -> None:
    async def main() -> int:
        async with exchange.async_client() as client:
            await client.spot.test_connectivity()
            gc.collect()
            gc.disable()
            try:
                before = _calls_in_memory()
                for _ in range(20):
                    await client.spot.test_connectivity()
                return _calls_in_memory() - before
            finally:
                gc.enable()

    assert runner.run(main()) <= 1


def _calls_in_memory() -> int:
    return sum(isinstance(each, Call) for each in gc.get_objects())
