"""Local order books over sockets: joined, kept, joined anew, read from any thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import WAIT_S, Caller, noted
from market_events import make_trade

from binance_wsapi import (
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    ParameterError,
    RequestRejected,
    WsKey,
)
from binance_wsapi.markets import Market
from binance_wsapi.models.market import OrderBook
from binance_wsapi.order_book import AsyncLocalOrderBook, LocalOrderBook, OrderBookNotReady
from binance_wsapi.protocol import snapshots
from binance_wsapi.simulator import AccountHandle, SimulatedExchange

Connect = Callable[..., Caller]

KEYS = {Market.SPOT: WsKey.MAIN, Market.USDM: WsKey.USDM}
MARKETS = pytest.mark.parametrize("market", list(KEYS), ids=lambda market: market.value)


@pytest.fixture
def account(exchange: SimulatedExchange) -> AccountHandle:
    return exchange.create_account()


def rest(
    account: AccountHandle, price: int, side: str = "BUY", market: Market = Market.SPOT
) -> Any:
    """Rest an order; the book has one level more."""
    order = {
        "symbol": "BTCUSDT",
        "side": side,
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": str(price),
    }
    return account.request("order.place", order, market=market)


def open_book(
    caller: Caller, ws_key: WsKey = WsKey.MAIN, symbol: str = "BTCUSDT", **options: Any
) -> LocalOrderBook:
    book: LocalOrderBook | AsyncLocalOrderBook = caller.call(
        lambda client: client.streams.order_book(symbol, ws_key=ws_key, **options)
    )
    if isinstance(book, AsyncLocalOrderBook):  # read here as the other is
        book = LocalOrderBook(book._streams, book._keeper, book.symbol, book.ws_key)
    return book


def wait_ready(caller: Caller, book: LocalOrderBook, timeout: float = WAIT_S) -> None:
    if hasattr(caller, "loop"):
        asyncio.run_coroutine_threadsafe(book.wait_ready_async(timeout), caller.loop).result(
            2 * WAIT_S
        )
    else:
        book.wait_ready(timeout)


def wait_until(book: LocalOrderBook, holds: Callable[[OrderBook], object]) -> OrderBook:
    """Return the book once it satisfies ``holds``; a timer closes it when that takes too long."""
    timer = threading.Timer(WAIT_S, book.close)
    timer.start()
    try:
        for copy in book.changes():
            if holds(copy):
                return copy
    finally:
        timer.cancel()
    raise AssertionError("the book never came to that")


def prices(levels: list[Any]) -> list[Decimal]:
    return [level.price for level in levels]


def best_bid_is(price: int) -> Callable[[OrderBook], bool]:
    return lambda book: prices(book.bids[:1]) == [price]


def theirs(exchange: SimulatedExchange, market: Market) -> tuple[Any, Any]:
    """The exchange's own book."""

    def read() -> tuple[Any, Any]:
        venue = exchange.venue
        engine: Any = venue.spot if market is Market.SPOT else venue.futures[market]
        book = engine.books["BTCUSDT"]
        return book.bids.top(5_000), book.asks.top(5_000)

    return exchange.call(read)


def ours(book: OrderBook) -> tuple[Any, Any]:
    return (
        [(level.price, level.quantity) for level in book.bids],
        [(level.price, level.quantity) for level in book.asks],
    )


@MARKETS
def test_book_is_that_of_the_exchange(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, market: Market
) -> None:
    rest(account, 50_000, market=market)
    caller = connect()
    book = open_book(caller, KEYS[market])
    rest(account, 50_010, market=market)
    wait_ready(caller, book)

    for price in (50_020, 50_015):
        rest(account, price, market=market)
    rest(account, 70_000, "SELL", market=market)
    copy = wait_until(book, lambda now: now.asks)

    assert prices(copy.bids) == [50_020, 50_015, 50_010, 50_000]
    assert ours(copy) == tuple(map(list, theirs(exchange, market)))
    assert book.best_bid is not None
    assert book.best_bid.price == 50_020
    assert book.best_ask is not None
    assert book.best_ask.price == 70_000
    assert prices(book.depth(2).bids) == [50_020, 50_015]
    assert book.update_id == copy.last_update_id
    assert repr(book) == f"<LocalOrderBook BTCUSDT of {KEYS[market]}, ready>"


@MARKETS
def test_a_book_is_a_table_and_a_picture(
    connect: Connect, account: AccountHandle, market: Market
) -> None:
    rest(account, 50_000, market=market)
    caller = connect()
    book = open_book(caller, KEYS[market])
    wait_ready(caller, book)

    axes: Any = Axes()
    assert book.plot(axes) is axes
    assert axes.prices == [[50_000.0], []]
    assert "<td" in book._repr_html_()
    assert "50000" in book._repr_html_()

    book.close()
    assert book._repr_html_() == f"&lt;LocalOrderBook BTCUSDT of {KEYS[market]}, closed&gt;"
    with pytest.raises(ClientClosed):
        book.plot(axes)


class Axes:
    """Stands where matplotlib's axes would, and keeps the prices that were drawn."""

    def __init__(self) -> None:
        self.prices: list[list[float]] = []

    def step(self, prices: list[float], *_: Any, **__: Any) -> None:
        self.prices.append(prices)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


@MARKETS
def test_levels_that_trade_away_are_gone(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, market: Market
) -> None:
    rest(account, 60_000, market=market)
    rest(account, 59_000, market=market)
    caller = connect()
    book = open_book(caller, KEYS[market])
    wait_ready(caller, book)

    exchange.trade("BTCUSDT", "SELL", "0.01", "60000", market=market)

    assert prices(wait_until(book, lambda now: len(now.bids) == 1).bids) == [59_000]


@MARKETS
def test_missed_change_is_noticed_and_the_book_joined_anew(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle, market: Market
) -> None:
    rest(account, 50_000, market=market)
    caller = connect()
    book = open_book(caller, KEYS[market])
    wait_ready(caller, book)
    snapshots = len(exchange.journal.requests("depth"))

    lost = exchange.faults.on_event("depthUpdate").lose()
    rest(account, 50_001, market=market)
    lost.wait()
    rest(account, 50_002, market=market)

    copy = wait_until(book, lambda now: prices(now.bids)[0] == 50_002)
    assert prices(copy.bids) == [50_002, 50_001, 50_000]
    assert len(exchange.journal.requests("depth")) > snapshots


def test_book_shows_nothing_while_the_connection_is_lost(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    rest(account, 50_000)
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)
    lost = noted(caller, "reconnecting")
    exchange.stop_listening()
    exchange.drop_connections("/stream")
    lost.wait()

    with pytest.raises(OrderBookNotReady, match="wait_ready"):
        book.copy()
    with pytest.raises(TimeoutError, match="not ready"):
        wait_ready(caller, book, timeout=0.05)
    rest(account, 50_001)
    exchange.resume_listening()
    wait_ready(caller, book)

    assert prices(book.copy().bids) == [50_001, 50_000], "what was missed is in the new snapshot"


def test_book_survives_a_planned_move_without_a_new_snapshot(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)
    snapshots = len(exchange.journal.requests("depth"))

    exchange.call(lambda: exchange.venue.gateway.announce_shutdown("/stream"))
    price, moving = 50_000, True
    while moving:
        moving = all(frame.direction != "close" for frame in exchange.journal.frames)
        price += 1
        rest(account, price)
        wait_until(book, best_bid_is(price))

    assert prices(book.copy().bids) == list(range(price, 50_000, -1))
    assert len(exchange.journal.requests("depth")) == snapshots


def test_snapshot_is_asked_for_again_when_there_was_none(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    rest(account, 50_000)
    caller = connect()
    fault = exchange.faults.on("depth").server_error()

    book = open_book(caller)
    wait_ready(caller, book)

    assert fault.hits == 1
    assert prices(book.copy().bids) == [50_000]


@MARKETS
def test_book_that_does_not_join_is_a_problem_until_it_does(
    connect: Connect,
    exchange: SimulatedExchange,
    account: AccountHandle,
    market: Market,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "PROBLEM_AT", 2)
    rest(account, 50_000, market=market)
    caller = connect()
    fault = exchange.faults.on("depth").server_error(times=None)
    book = open_book(caller, KEYS[market])

    with pytest.raises(OrderBookNotReady, match=r"in spite of many snapshots: .*tried on"):
        wait_ready(caller, book)
    with pytest.raises(OrderBookNotReady, match="in spite of many"):
        next(book.changes())
    with pytest.raises(OrderBookNotReady, match="in spite of many"):
        _ = book.best_bid
    assert isinstance(book.problem, OrderBookNotReady)
    assert "not joining" in repr(book)

    fault.end()
    joined = False
    while not joined:
        with contextlib.suppress(OrderBookNotReady):
            wait_ready(caller, book)
            joined = True
    assert getattr(book, "problem", book) is None
    assert prices(book.copy().bids) == [50_000]


def test_new_snapshot_is_taken_before_a_cut_off_one_runs_out(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    for price in range(50_000, 50_030):
        rest(account, price)
    caller = connect()
    book = open_book(caller, limit=20)
    wait_ready(caller, book)
    assert len(book.copy().bids) == 20

    exchange.trade("BTCUSDT", "SELL", "0.2", "50000")

    copy = wait_until(book, lambda now: prices(now.bids[-1:]) == [50_000])
    assert prices(copy.bids) == list(range(50_009, 49_999, -1))


def test_symbol_that_does_not_exist_is_told_to_who_waits(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    book = open_book(caller, symbol="NOSUCHUSDT")

    with pytest.raises(RequestRejected) as refused:
        wait_ready(caller, book)

    assert refused.value.code == -1121
    with pytest.raises(RequestRejected):
        book.copy()
    with pytest.raises(RequestRejected):
        list(book.changes())
    assert isinstance(book.problem, RequestRejected)
    exchange.journal.wait_for(lambda frame: frame.direction == "close")


@pytest.mark.parametrize(
    ("symbol", "options", "error", "way_out"),
    [
        ("BTCUSD_PERP", {"ws_key": WsKey.COINM}, ConfigurationError, "partial_depth"),
        ("BTCUSDT", {"ws_key": WsKey.USDM_MARKET}, ConfigurationError, "use WsKey.USDM"),
        ("BTCUSDT", {"ws_key": WsKey.MAIN_WSAPI}, ConfigurationError, "use one of"),
        ("BTCUSDT", {"limit": 0}, ParameterError, "limit"),
        ("BTCUSDT", {"limit": 5_001}, ParameterError, "limit"),
        ("BTCUSDT", {"speed": "500ms"}, ParameterError, "usdm"),
        ("BTC@USDT", {}, ParameterError, "symbol"),
    ],
)
def test_book_that_cannot_be_kept_is_refused_with_the_way_out(
    connect: Connect,
    symbol: str,
    options: dict[str, Any],
    error: type[BinanceWsApiError],
    way_out: str,
) -> None:
    caller = connect()

    with pytest.raises(error, match=way_out):
        caller.call(lambda client: client.streams.order_book(symbol, **options))


def test_closed_book_ends_what_reads_it_and_unsubscribes(
    connect: Connect, exchange: SimulatedExchange
) -> None:
    caller = connect()
    with open_book(caller) as book:
        wait_ready(caller, book)
        changes = book.changes(levels=1)
        next(changes)

    assert list(changes) == []
    with pytest.raises(ClientClosed):
        _ = book.best_bid
    with pytest.raises(ClientClosed):
        wait_ready(caller, book)
    exchange.journal.wait_for(lambda frame: frame.direction == "close")
    book.close()


def test_slow_reader_gets_the_newest_book_alone(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)
    changes = book.changes(levels=1)
    next(changes)
    for price in (50_001, 50_002, 50_003):
        rest(account, price)
        wait_until(book, best_bid_is(price))

    assert prices(next(changes).bids) == [50_003]


def test_ring_without_a_change_yields_nothing(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    """A bell may ring for a change that the copy before had already."""
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)

    async def follow() -> list[Decimal]:
        changes = book.changes()
        await anext(changes)
        book._keeper._ring()
        following = asyncio.ensure_future(anext(changes))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not following.done()
        rest(account, 50_001)
        async with asyncio.timeout(WAIT_S):
            return prices((await following).bids)

    assert asyncio.run(follow()) == [50_001]


def test_changes_can_be_awaited(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)

    async def follow() -> list[Decimal]:
        async with asyncio.timeout(WAIT_S):
            async for copy in book.changes():
                if not copy.bids:
                    rest(account, 50_001)
                else:
                    return prices(copy.bids)
        raise AssertionError

    assert asyncio.run(follow()) == [50_001]


def test_book_follows_a_market_that_moves(
    connect: Connect, exchange: SimulatedExchange, account: AccountHandle
) -> None:
    """Many changes at once, read by another thread all the while: each copy is whole."""
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)
    crossed: list[OrderBook] = []

    def read() -> None:
        crossed.extend(
            copy
            for copy in book.changes()
            if copy.bids and copy.asks and copy.bids[0].price >= copy.asks[0].price
        )

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(40):
        rest(account, 50_000 + number)
        rest(account, 70_000 - number, "SELL")
        make_trade(exchange, account)
    rest(account, 30_000)
    copy = wait_until(book, lambda now: prices(now.bids[-1:]) == [30_000])

    assert ours(copy) == tuple(map(list, theirs(exchange, Market.SPOT)))
    book.close()
    reader.join(WAIT_S)
    assert crossed == []


@pytest.mark.parametrize("levels", [-1, 0, 2.0, "x", True], ids=repr)
def test_levels_are_counted_from_one(connect: Connect, levels: Any) -> None:
    caller = connect()
    book = open_book(caller)
    wait_ready(caller, book)

    for read in (book.depth, book.changes):
        with pytest.raises(ParameterError, match=f"levels={levels!r}.* whole number above 0"):
            read(levels)


def test_timeout_of_a_book_is_a_number(connect: Connect) -> None:
    caller = connect()
    book = open_book(caller)

    with pytest.raises(ParameterError, match=r"timeout='5'.*seconds"):
        wait_ready(caller, book, "5")  # type: ignore[arg-type]
