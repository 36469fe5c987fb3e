"""What a book does with snapshots and changes that come when they should not; time is the test's."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from binance_wsapi.core.book_keeper import BookKeeper
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import (
    BinanceWsApiError,
    NotSent,
    RateLimited,
    ServerUndecided,
    UnreadableResult,
)
from binance_wsapi.markets import Market
from binance_wsapi.models.market import OrderBook

Answer = Callable[[int], Awaitable[OrderBook]]
_yield = asyncio.sleep


class Streams:
    """What a keeper asks of market streams: time that passes where it is waited for, and snapshots."""

    def __init__(self, market: Market, answer: Answer) -> None:
        self.market = market
        self.time = 1_000.0
        self.asked: list[float] = []
        self.waits: list[float] = []
        """How long the share of the weight makes the next snapshots wait."""
        self.runtime = self.api_sessions = self
        self._turns = 0
        self._answer = answer
        key = WsKey.MAIN_WSAPI if market is Market.SPOT else WsKey.USDM_WSAPI
        self.keeper = BookKeeper(self, key, "BTCUSDT", 1_000)  # type: ignore[arg-type]  # what it uses

    def now(self) -> float:
        return self.time

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    def leave(self, keeper: BookKeeper) -> None:
        keeper.end()

    def snapshot_wait(self, ws_key: WsKey, params: Any) -> float:
        return self.waits.pop(0) if self.waits else 0.0

    def of(self, ws_key: WsKey) -> Streams:
        return self

    async def ask(self, link: None, method: str, params: Any, *, urgent: bool) -> Any:
        assert (method, params, urgent) == ("depth", {"symbol": "BTCUSDT", "limit": 1_000}, False)
        self.asked.append(self.time)
        book = await self._answer(len(self.asked))
        return type("Response", (), {"result": book})()

    async def pass_time(self, delay: float) -> None:
        self.time += delay
        await _yield(0)

    async def turn(self) -> None:
        """Let the others go on."""
        self._turns += 1
        assert self._turns < 20_000, "what the test waits for never comes"
        await _yield(0)

    def change(self, first: int, final: int, price: str = "50000") -> None:
        """A change comes."""
        event: dict[str, Any] = {
            "e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": final,
            "b": [[price, "1"]], "a": [],
        }  # fmt: skip
        if self.market is not Market.SPOT:
            event |= {"T": 1, "pu": first - 1}
        frame = msgspec.Raw(json.dumps(event).encode())
        self.keeper.event("btcusdt@depth@100ms", frame)


def snapshot(last: int) -> OrderBook:
    return OrderBook(last_update_id=last, bids=[], asks=[])


MARKETS = pytest.mark.parametrize("market", [Market.SPOT, Market.USDM])


def play(
    monkeypatch: pytest.MonkeyPatch,
    market: Market,
    answer: Answer,
    script: Callable[[Streams], Awaitable[None]],
) -> Streams:
    """Run a keeper through a script."""

    async def run() -> Streams:
        streams = Streams(market, answer)
        monkeypatch.setattr(asyncio, "sleep", streams.pass_time)
        await script(streams)
        streams.keeper.end()
        await turns(streams)
        return streams

    return asyncio.run(run())


def is_joined(streams: Streams) -> bool:
    return streams.keeper.book is not None


async def turns(streams: Streams, count: int = 5) -> None:
    for _ in range(count):
        await streams.turn()


@MARKETS
def test_snapshots_that_never_join_are_asked_for_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, market: Market
) -> None:
    async def stale(number: int) -> OrderBook:
        return snapshot(1)

    async def script(streams: Streams) -> None:
        streams.change(100, 110)
        streams.keeper.begin()
        while len(streams.asked) < 7:
            streams.change(111, 120)
            await streams.turn()
        assert streams.keeper.trouble == ""
        while streams.time < 4_600:
            await streams.turn()
        assert streams.keeper.trouble == "the snapshot is too old"

    with caplog.at_level(logging.WARNING):
        streams = play(monkeypatch, market, stale, script)

    assert len([at for at in streams.asked if at < 1_013]) <= 8
    assert len(streams.asked) <= 3_600 / 15 + 8
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "does not join" in caplog.text


@MARKETS
def test_book_that_breaks_with_every_change_takes_no_snapshot_with_every_change(
    monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    async def fresh(number: int) -> OrderBook:
        return snapshot(1_000 * number)

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        number = 0
        while streams.time < 1_013:
            await turns(streams)
            if is_joined(streams):
                number += 1
                streams.change(1_000 * number + 500, 1_000 * number + 501)
                assert not is_joined(streams)

    streams = play(monkeypatch, market, fresh, script)

    assert len(streams.asked) <= 9


@MARKETS
def test_book_in_trouble_that_joins_is_in_none(
    monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    async def stale_at_first(number: int) -> OrderBook:
        return snapshot(1 if number < 12 else 1_000)

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        streams.change(100, 110)
        while not is_joined(streams):
            await streams.turn()
        assert streams.keeper.trouble == ""

    assert len(play(monkeypatch, market, stale_at_first, script).asked) == 12


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("no", code=-1003, status=429, operation="depth", retry_after=100.0),
        NotSent("no", operation="depth", reason="limit", retry_after=100.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_snapshot_waits_for_as_long_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch, error: BinanceWsApiError
) -> None:
    async def refused(number: int) -> OrderBook:
        if number == 1:
            raise error
        return snapshot(1_000)

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        while not is_joined(streams):
            await streams.turn()

    streams = play(monkeypatch, Market.SPOT, refused, script)

    assert streams.asked == [1_000.0, 1_100.0]


def test_snapshot_waits_for_its_share_of_the_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fresh(number: int) -> OrderBook:
        return snapshot(1_000)

    async def script(streams: Streams) -> None:
        streams.waits = [20.0, 40.0]
        streams.keeper.begin()
        while not is_joined(streams):
            await streams.turn()
        assert not streams.keeper.trouble

    assert play(monkeypatch, Market.SPOT, fresh, script).asked == [1_060.0]


@pytest.mark.parametrize(
    "error",
    [
        UnreadableResult("no", raw=b"", operation="depth"),
        ServerUndecided("no", operation="depth", code=-1000, status=500),
    ],
    ids=lambda error: type(error).__name__,
)
def test_snapshot_that_failed_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, error: BinanceWsApiError
) -> None:
    async def fail_once(number: int) -> OrderBook:
        if number == 1:
            raise error
        return snapshot(1_000)

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        while not is_joined(streams):
            await streams.turn()

    assert len(play(monkeypatch, Market.SPOT, fail_once, script).asked) == 2


class Held:
    """Answers that come when the test says so."""

    def __init__(self) -> None:
        self.given: list[asyncio.Future[OrderBook]] = []

    async def __call__(self, number: int) -> OrderBook:
        self.given.append(asyncio.get_running_loop().create_future())
        return await self.given[-1]


@MARKETS
def test_snapshot_from_before_a_loss_is_not_joined_while_it_lasts(
    monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    held = Held()

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        streams.change(100, 110)
        await turns(streams)
        streams.keeper.interrupted(streams.time, None)
        held.given[0].set_result(snapshot(105))
        await turns(streams)
        assert not is_joined(streams)
        streams.keeper.resumed("lost", None)
        assert not is_joined(streams)

    play(monkeypatch, market, held, script)


@MARKETS
def test_changes_from_before_a_gap_are_not_joined_after_it(
    monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    """What the gap swallowed may lie between them and the snapshot."""
    held = Held()

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        streams.change(100, 110, "1")
        await turns(streams)
        streams.keeper.interrupted(streams.time, None)
        streams.keeper.resumed("lost", None)
        streams.change(200, 210, "2")
        held.given[0].set_result(snapshot(105))
        await turns(streams)
        assert not is_joined(streams)
        held.given[1].set_result(snapshot(205))
        await turns(streams)
        assert streams.keeper.book is not None
        assert [level.price_text for level in streams.keeper.book.copy().bids] == ["2"]

    play(monkeypatch, market, held, script)


@MARKETS
def test_change_that_showed_the_hole_has_to_be_in_the_next_book(
    monkeypatch: pytest.MonkeyPatch, market: Market
) -> None:
    """A snapshot of a server that lags is older than it."""
    held = Held()

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        await turns(streams)
        held.given[0].set_result(snapshot(100))
        await turns(streams)
        streams.change(201, 210)
        assert not is_joined(streams)
        while len(held.given) < 2:
            await streams.turn()
        held.given[1].set_result(snapshot(150))
        await turns(streams)
        assert not is_joined(streams)
        while len(held.given) < 3:
            await streams.turn()
        held.given[2].set_result(snapshot(205))
        await turns(streams)
        assert streams.keeper.book is not None
        assert streams.keeper.book.update_id == 210

    play(monkeypatch, market, held, script)


def test_closed_book_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()

    async def script(streams: Streams) -> None:
        streams.keeper.begin()
        await turns(streams)
        streams.keeper.end()
        held.given[0].set_result(snapshot(100))
        await turns(streams)
        assert not is_joined(streams)
        streams.change(101, 102)
        await turns(streams)
        assert not is_joined(streams)

    assert len(play(monkeypatch, Market.SPOT, held, script).asked) == 1


def test_worn_books_are_renewed_no_faster_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut-off snapshot whose levels are gone at once."""

    keepers: list[BookKeeper] = []

    async def worn(number: int) -> OrderBook:
        book = keepers[0].book
        rows = [[str(price), "1"] for price in range(2_000, 1_000, -1)]
        last = 1 if book is None else book.update_id
        return msgspec.convert({"lastUpdateId": last, "bids": rows, "asks": []}, OrderBook)

    async def script(streams: Streams) -> None:
        keepers.append(streams.keeper)
        streams.keeper.begin()
        while streams.time < 1_013:
            await turns(streams)
            book = streams.keeper.book
            if book is None or book.best_bid() is None:
                await streams.pass_time(0.01)
                continue
            event = {
                "e": "depthUpdate", "E": 1, "s": "BTCUSDT", "a": [],
                "U": book.update_id + 1, "u": book.update_id + 1,
                "b": [[str(price), "0"] for price in range(2_000, 1_000, -1)],
            }  # fmt: skip
            frame = msgspec.Raw(json.dumps(event).encode())
            streams.keeper.event("btcusdt@depth@100ms", frame)
            assert is_joined(streams)

    streams = play(monkeypatch, Market.SPOT, worn, script)

    assert 3 <= len([at for at in streams.asked if at < 1_013]) <= 9


@MARKETS
@pytest.mark.parametrize("is_joined_before", [True, False])
def test_change_that_cannot_be_read_leaves_no_book_and_a_new_one_is_joined(
    monkeypatch: pytest.MonkeyPatch, market: Market, is_joined_before: bool
) -> None:
    async def fresh(number: int) -> OrderBook:
        return snapshot(100 * number)

    async def script(streams: Streams) -> None:
        if is_joined_before:
            streams.keeper.begin()
            while not is_joined(streams):
                await streams.turn()
            streams.change(101, 101, price="about 50000")
            assert not is_joined(streams)
        else:
            streams.keeper.begin()
            streams.change(101, 101, price="about 50000")
        while not is_joined(streams):
            await streams.turn()

    streams = play(monkeypatch, market, fresh, script)

    assert len(streams.asked) == 2
