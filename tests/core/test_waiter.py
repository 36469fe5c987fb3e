"""A caller's thread sleeps until its own call is settled, on whatever there is to sleep on."""

from __future__ import annotations

import gc
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from callers import WAIT_S

from binance_wsapi.core import bell, waiter
from binance_wsapi.core.waiter import Waiter

needs_eventfd = pytest.mark.skipif(sys.platform != "linux", reason="no eventfd here")


@pytest.fixture(params=["descriptor", "lock"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the waiters of a test sleep on."""
    monkeypatch.setattr(waiter, "_idle", waiter._IdleBells())
    if request.param == "lock":
        monkeypatch.setattr(waiter, "make_bell", bell._LockBell)
    elif sys.platform != "linux":
        pytest.skip("no eventfd here")
    return str(request.param)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def own(waiter: Waiter) -> Any:
    return f"of {id(waiter)}"


FIRST: Any = "first"
SECOND: Any = "second"


@pytest.mark.usefixtures("kind")
def test_each_of_many_threads_gets_its_own_outcome() -> None:
    waiters: list[Waiter] = []
    made = threading.Semaphore(0)

    def call(number: int) -> tuple[int, Any]:
        mine = Waiter()
        waiters.append(mine)
        made.release()
        return number, (mine, mine.wait(WAIT_S))

    with ThreadPoolExecutor(100) as pool:
        running = [pool.submit(call, number) for number in range(300)]
        for _ in range(300):
            assert made.acquire(timeout=WAIT_S)
            one = waiters.pop()
            one.settle(own(one))
        for each in running:
            _, (mine, got) = each.result(WAIT_S)
            assert got == own(mine)


@pytest.mark.usefixtures("kind")
def test_wait_ends_without_an_outcome_and_a_late_one_disturbs_nobody() -> None:
    late = Waiter()
    assert late.wait(0.01) is None

    late.settle(FIRST)

    next_one = Waiter()
    assert next_one.wait(0.01) is None
    next_one.settle(SECOND)
    assert Waiter().wait(0.0) is None


@needs_eventfd
def test_outcome_that_came_twice_is_not_taken_for_that_of_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiter, "_idle", waiter._IdleBells())
    first = Waiter()
    first.settle(FIRST)
    assert first.wait(WAIT_S) == FIRST
    first.settle(FIRST)

    second = Waiter()
    assert second._bell is first._bell
    threading.Timer(0.05, second.settle, (SECOND,)).start()

    assert second.wait(WAIT_S) == SECOND


@pytest.mark.usefixtures("kind")
def test_waits_of_any_length_are_taken() -> None:
    for timeout in (1e18, 2**31, 0.5):
        one = Waiter()
        one.settle(FIRST)
        assert one.wait(timeout) == FIRST


@needs_eventfd
@pytest.mark.parametrize("is_built_in", [True, False])
def test_calls_go_on_where_no_descriptor_is_to_be_had(
    monkeypatch: pytest.MonkeyPatch, is_built_in: bool
) -> None:
    def none_left(*args: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(waiter, "_idle", waiter._IdleBells())
    if is_built_in:
        monkeypatch.setattr(os, "eventfd", none_left)
    else:
        monkeypatch.delattr(os, "eventfd")

    one = Waiter()
    threading.Timer(0.01, one.settle, (FIRST,)).start()

    assert isinstance(one._bell, bell._LockBell)
    assert one.wait(WAIT_S) == FIRST


@needs_eventfd
def test_idle_descriptors_are_few_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiter, "_idle", waiter._IdleBells())
    gc.collect()  # of what earlier tests left, nothing closes meanwhile
    before = open_descriptors()

    waiters = [Waiter() for _ in range(200)]
    for one in waiters:
        one.settle(FIRST)
        one.wait(WAIT_S)
    waiters.clear()
    del one

    assert open_descriptors() - before <= waiter._MOST_IDLE
    waiter._idle.left_behind()
    assert open_descriptors() == before


@needs_eventfd
def test_forked_child_listens_to_bells_of_its_own() -> None:
    one = Waiter()
    one.settle(FIRST)
    one.wait(WAIT_S)
    inherited = one._bell

    child = os.fork()
    if child == 0:
        os._exit(1 if Waiter()._bell is inherited else 0)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert Waiter()._bell is inherited
