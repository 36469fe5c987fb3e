"""What is awaited for an outcome behaves as a future does, whatever the loop is."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S

from binance_wsapi.core.call import Call, CallKind
from binance_wsapi.core.loop_delivery import Answer, LoopDelivery
from binance_wsapi.errors import RequestTimeout
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


def answer(patience: float = WAIT_S) -> Answer:
    """Begin to wait for a call, as the client does."""
    loop = asyncio.get_running_loop()
    made = Answer(loop, LoopDelivery.of(loop))
    call = Call(CallKind("ping", None), {}, made.settle, "1", patience, 0.0)
    made.watch(call, patience)
    return made


async def outcome_of(awaited: Answer) -> Any:
    return await awaited


THERE: Any = "there"


def settle_from_a_thread(*answers: Answer) -> None:
    async def settle() -> None:
        await asyncio.to_thread(lambda: [each.settle(THERE) for each in answers])  # type: ignore[func-returns-value]

    task = asyncio.ensure_future(settle())
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


def test_outcome_that_is_there_already_is_not_waited_for(runner: asyncio.Runner) -> None:
    async def main() -> Any:
        early = answer()
        await asyncio.to_thread(early.settle, THERE)
        while not early.done():  # noqa: ASYNC110  (the loop itself brings it)
            await asyncio.sleep(0)
        return await early

    assert runner.run(main()) == THERE


def test_wait_is_cancelled_as_that_for_a_future(runner: asyncio.Runner) -> None:
    async def main() -> None:
        awaited = answer()
        task = asyncio.create_task(outcome_of(awaited))
        await asyncio.sleep(0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert not awaited.cancel()
        awaited.settle(THERE)
        other = answer()
        settle_from_a_thread(other)
        assert await other == THERE
        assert not other.cancel()

    runner.run(main())


def test_outcome_that_comes_with_the_cancellation_is_dropped(runner: asyncio.Runner) -> None:
    async def main() -> list[Any]:
        problems: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, it: problems.append(it))
        awaited = answer()
        task = asyncio.create_task(outcome_of(awaited))
        await asyncio.sleep(0)
        task.cancel()
        awaited.deliver(THERE)
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        return problems

    assert runner.run(main()) == []


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

    assert [type(each) for each in runner.run(main())] == [RequestTimeout] * 3


def test_task_keeps_its_context(runner: asyncio.Runner) -> None:
    name = contextvars.ContextVar[str]("name")

    async def ask(mine: str, awaited: Answer) -> str:
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
    async def interrupted(awaited: Answer) -> None:
        await awaited
        raise SystemExit(3)

    async def begin() -> tuple[list[Answer], asyncio.Task[Any]]:
        answers = [answer(), answer()]
        _kept.add(asyncio.create_task(interrupted(answers[0])))
        other = asyncio.create_task(outcome_of(answers[1]))
        await asyncio.sleep(0)
        return answers, other

    async def finish(other: asyncio.Task[Any]) -> Any:
        return await other

    answers, other = runner.run(begin())
    for each in answers:
        each.settle(THERE)
    with pytest.raises(SystemExit):
        runner.run(asyncio.sleep(WAIT_S))
    _kept.clear()

    assert runner.run(finish(other)) == THERE


def test_outcome_for_a_loop_that_is_closed_is_dropped() -> None:
    for make in _loops():
        loop = make()

        async def begin() -> Answer:
            return answer()

        left = loop.run_until_complete(begin())
        loop.close()

        left.settle(THERE)
        assert not left.done()
        assert not left._delivery._due


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
    return sum(isinstance(each, Answer | Call) for each in gc.get_objects())
