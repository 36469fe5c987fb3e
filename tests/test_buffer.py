"""The buffer between the core and a consumer: order, bounds, both ways of waiting, the end."""

from __future__ import annotations

import _thread
import asyncio
import gc
import itertools
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from callers import WAIT_S
from hypothesis import given
from hypothesis import strategies as st
from interrupting import interrupted

from binance_wsapi import EventStream
from binance_wsapi.buffer import BufferEnded, EventBuffer
from binance_wsapi.core.hold import ClientHold
from binance_wsapi.options import Overflow


def buffer(size: int = 100, overflow: Overflow = "drop_oldest") -> EventBuffer[Any]:
    return EventBuffer(size=size, overflow=overflow, lost_marker=lambda lost: f"lost {lost}")


def drained(items: EventBuffer[Any]) -> list[Any]:
    taken: list[Any] = []
    while len(items) or taken[-1:] != ["end"]:
        try:
            taken.append(items.take(0))
        except TimeoutError:
            break
        except BufferEnded:
            taken.append("end")
    return taken


def test_items_come_in_order() -> None:
    items = buffer()
    for number in range(5):
        items.put(number)

    assert len(items) == 5
    assert [items.take(0) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_wait_has_an_end() -> None:
    with pytest.raises(TimeoutError, match=r"no event within 0\.01 s"):
        buffer().take(0.01)


def test_end_lets_what_is_left_be_taken() -> None:
    items = buffer()
    items.put(1)
    items.end()
    items.put(2)

    assert items.take(None) == 1
    for _ in range(2):
        with pytest.raises(BufferEnded):
            items.take(None)


@pytest.mark.parametrize(
    ("overflow", "left"),
    [
        ("drop_oldest", ["lost 2", 2, 3, 4]),
        ("drop_newest", [0, 1, 2, "lost 2"]),
        ("close", [0, 1, 2, "lost 1", "end"]),
    ],
)
def test_overflow_is_told_in_its_place(overflow: Overflow, left: list[Any]) -> None:
    items = buffer(3, overflow)
    for number in range(5):
        items.put(number)

    assert drained(items) == left


def test_marker_stands_between_what_came_before_and_after() -> None:
    items = buffer(2, "drop_newest")
    for number in range(4):
        items.put(number)
    assert items.take(0) == 0
    items.put(4)

    assert drained(items) == [1, "lost 2", 4]


def blocked_in(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run something that waits on a thread; what it returns or raises is in the list."""
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append(work())
        except Exception as error:  # noqa: BLE001
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, ended


def wait_for(holds: Callable[[], object]) -> None:
    never = threading.Event()
    for _ in range(int(WAIT_S / 0.001)):
        if holds():
            return
        never.wait(0.001)
    raise AssertionError("it never came to that")


def wait_for_waiters(items: EventBuffer[Any], count: int) -> None:
    wait_for(lambda: len(items._wakers) >= count)


def test_put_wakes_a_waiting_thread() -> None:
    items = buffer()
    thread, ended = blocked_in(lambda: items.take(None))
    wait_for_waiters(items, 1)
    items.put("event")
    thread.join(WAIT_S)

    assert ended == ["event"]


def test_end_wakes_all_who_wait() -> None:
    items = buffer()
    waiting = [blocked_in(lambda: items.take(None)) for _ in range(3)]
    wait_for_waiters(items, 3)
    items.end()
    for thread, ended in waiting:
        thread.join(WAIT_S)
        assert [type(each) for each in ended] == [BufferEnded]


def test_each_item_goes_to_one_of_many_takers() -> None:
    items = buffer(10_000)
    waiting = [blocked_in(lambda: [items.take(WAIT_S) for _ in range(250)]) for _ in range(4)]
    for number in range(1000):
        items.put(number)
    taken: list[int] = []
    for thread, ended in waiting:
        thread.join(WAIT_S)
        taken += ended[0]
        assert ended[0] == sorted(ended[0])

    assert sorted(taken) == list(range(1000))


def test_waiting_on_a_loop_and_on_threads_at_once() -> None:
    items = buffer()

    async def take(count: int) -> list[Any]:
        return [await items.take_async() for _ in range(count)]

    thread, ended = blocked_in(lambda: [items.take(WAIT_S) for _ in range(10)])
    loop_thread, loop_ended = blocked_in(lambda: asyncio.run(take(10)))
    for number in range(20):
        items.put(number)
    thread.join(WAIT_S)
    loop_thread.join(WAIT_S)

    assert sorted(ended[0] + loop_ended[0]) == list(range(20))


def test_cancelled_wait_takes_no_item_away() -> None:
    items = buffer()

    async def main() -> Any:
        first = asyncio.ensure_future(items.take_async())
        second = asyncio.ensure_future(items.take_async())
        await asyncio.sleep(0)
        items.put("event")  # wakes the first
        first.cancel()
        return await asyncio.wait_for(second, WAIT_S)

    assert asyncio.run(main()) == "event"


def test_waiter_whose_loop_is_gone_takes_no_item_away() -> None:
    items = buffer()

    async def leave() -> None:
        task = asyncio.ensure_future(items.take_async())
        await asyncio.sleep(0)
        kept.append(task)

    kept: list[Any] = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    thread, ended = blocked_in(lambda: items.take(WAIT_S))
    wait_for_waiters(items, 2)
    loop.close()
    items.put("event")
    thread.join(WAIT_S)

    assert ended == ["event"]
    kept[0]._log_destroy_pending = False


TAKES: dict[str, Callable[[EventStream[str]], str]] = {
    "get": lambda stream: stream.get(WAIT_S),
    "for": lambda stream: next(iter(stream)),
}


@pytest.mark.parametrize("way", TAKES)
def test_interrupt_at_any_place_takes_no_event_away(way: str) -> None:
    """Two take, one of them is interrupted: the other one gets the first event that comes."""
    gc.collect()  # a coroutine that an earlier test left behind would end, and be interrupted, here
    for at in itertools.count():
        items = buffer()
        stream: EventStream[str] = EventStream(
            name="events", buffer=items, close=items.end, hold=ClientHold.__new__(ClientHold)
        )
        has_struck: list[bool] = []

        def take_interrupted(
            stream: EventStream[str] = stream, at: int = at, has_struck: list[bool] = has_struck
        ) -> str | None:
            got: list[str] = []
            error = interrupted(at, lambda: got.append(TAKES[way](stream)), in_returns=False)
            has_struck.append(error is not None)
            return got[0] if got else None

        other, other_took = blocked_in(lambda stream=stream: stream.get(WAIT_S))  # type: ignore[misc]
        wait_for_waiters(items, 1)
        victim, took = blocked_in(take_interrupted)
        wait_for(lambda: len(items._wakers) > 1 or took)  # noqa: B023
        items.put((str, "first"))
        wait_for(lambda: took or other_took)  # noqa: B023
        events = ["first"]
        if took != [None]:
            events.append("second")
            items.put((str, "second"))
        victim.join(WAIT_S)
        other.join(WAIT_S)

        left = [make(what) for make, what in drained(items)]
        told = [event for event in [*took, *other_took] if event is not None]
        assert other_took, "the other one waits though there was an event for it"
        assert sorted([*told, *left]) == events, f"interrupted at place {at}"
        if has_struck == [False]:
            break
    assert at > 10, "not one place was interrupted"


@pytest.mark.parametrize("way", TAKES)
def test_interrupt_while_an_event_is_made_takes_it_not_away(way: str) -> None:
    items = buffer()
    stream: EventStream[str] = EventStream(
        name="events", buffer=items, close=items.end, hold=ClientHold.__new__(ClientHold)
    )
    items.put(
        (_thread.interrupt_main, signal.SIGINT)
    )  # the interrupt comes with the end of this call

    with pytest.raises(KeyboardInterrupt):
        TAKES[way](stream)

    assert drained(items) == [(_thread.interrupt_main, signal.SIGINT)]


def test_cancelled_wait_leaves_the_event_to_a_thread() -> None:
    items = buffer()
    thread, ended = blocked_in(lambda: items.take(WAIT_S))
    wait_for_waiters(items, 1)

    async def main() -> None:
        task = asyncio.ensure_future(items.take_async())
        await asyncio.sleep(0)
        task.cancel()
        items.put("event")
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    thread.join(WAIT_S)

    assert ended == ["event"]


def test_waits_that_ended_without_an_event_leave_nothing_behind() -> None:
    items = buffer()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            items.take(0)

    async def main() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(items.take_async(), 0.001)

    asyncio.run(main())
    assert not items._wakers


@given(
    st.sampled_from(["drop_oldest", "drop_newest", "close"]),
    st.integers(1, 4),
    st.lists(st.booleans(), max_size=30),
)
def test_every_item_is_taken_or_counted_as_lost(
    overflow: Overflow, size: int, steps: list[bool]
) -> None:
    """``True`` puts, ``False`` takes; nothing is doubled, turned round or silently gone."""
    items: EventBuffer[Any] = EventBuffer(size=size, overflow=overflow, lost_marker=lambda n: (n,))
    put = 0
    taken: list[Any] = []
    ended = False
    for is_put in steps:
        if is_put and not ended:
            before = items._ended
            items.put(put)
            put += not before
            ended = items._ended
        elif not is_put:
            try:
                taken.append(items.take(0))
            except TimeoutError:
                continue
            except BufferEnded:
                break
    items.end()
    while True:
        try:
            taken.append(items.take(0))
        except BufferEnded:
            break

    numbers = [each for each in taken if isinstance(each, int)]
    lost = sum(each[0] for each in taken if isinstance(each, tuple))
    assert numbers == sorted(set(numbers))
    assert len(numbers) + lost == put
    told = 0
    for each in taken:  # a marker stands where the missing ones would
        if isinstance(each, tuple):
            told += each[0]
        else:
            assert each == told
            told += 1


@given(
    st.sampled_from(["drop_oldest", "drop_newest", "close"]),
    st.integers(1, 4),
    st.lists(st.sampled_from(["gather", "gather", "flush", "take", "end"]), max_size=30),
)
def test_what_is_gathered_is_as_if_it_was_put_one_by_one(
    overflow: Overflow, size: int, steps: list[str]
) -> None:
    items, other = buffer(size, overflow), buffer(size, overflow)
    gathered: list[int] = []
    for number, step in enumerate([*steps, "end", *["take"] * 20]):
        if step == "gather":
            assert items.gather(number) is (not gathered)
            gathered.append(number)
        elif step == "take":
            assert drained_once(items) == drained_once(other)
        else:
            for each in gathered:
                other.put(each)
            gathered.clear()
            for both in (items, other):
                both.end() if step == "end" else both.flush()
        assert (len(items), items.is_ended) == (len(other), other.is_ended)


def drained_once(items: EventBuffer[Any]) -> object:
    try:
        return items.take(0)
    except (TimeoutError, BufferEnded) as error:
        return type(error)


def test_what_is_gathered_wakes_a_waiting_thread_once() -> None:
    items = buffer()
    woken: list[str] = []
    assert not items.take_or_wait([], lambda: woken.append("thread"))
    for number in range(3):
        items.gather(number)
    assert (woken, len(items)) == ([], 0)

    items.flush()

    assert (woken, drained(items)) == (["thread"], [0, 1, 2])


def test_forked_child_has_none_of_what_was_gathered() -> None:
    items = buffer()
    items.gather(1)
    items.left_behind()
    items.flush()

    assert drained(items) == ["end"]
