"""Order books and klines are drawn with matplotlib."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from binance_wsapi import ConfigurationError, ParameterError, Rows
from binance_wsapi.models.account import Balance
from binance_wsapi.models.base import Level
from binance_wsapi.models.futures import FuturesOrderBook
from binance_wsapi.models.market import Kline, OrderBook

OPEN_MS = 1795878660000
BIDS = [Level("99", "1"), Level("98", "2")]
ASKS = [Level("101", "4"), Level("102", "0.5")]
BOOKS: list[Any] = [
    OrderBook(last_update_id=1, bids=BIDS, asks=ASKS),
    FuturesOrderBook(
        last_update_id=1, event_time=None, transaction_time=None, bids=BIDS, asks=ASKS
    ),
]


@pytest.fixture
def axes() -> Any:
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    matplotlib.use("agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    yield plt.subplots()[1]
    plt.close("all")


def klines(*prices: tuple[str, str]) -> Rows[Kline]:
    wire = [
        [OPEN_MS + n * 60_000, first, "9", "1", last, "10", OPEN_MS, "15", 4, "5", "7", "0"]
        for n, (first, last) in enumerate(prices)
    ]
    return Rows(msgspec.json.decode(json.dumps(wire), type=list[Kline]), kind=Kline)


@pytest.mark.parametrize("book", BOOKS, ids=["spot", "futures"])
def test_depth_adds_up_away_from_the_middle(book: Any, axes: Any) -> None:
    assert book.plot(axes) is axes

    bids, asks = axes.get_lines()
    assert (list(bids.get_xdata()), list(bids.get_ydata())) == ([99, 98], [1, 3])
    assert (list(asks.get_xdata()), list(asks.get_ydata())) == ([101, 102], [4, 4.5])
    axes.figure.canvas.draw()


def test_candles_stand_where_they_opened_and_closed(axes: Any) -> None:
    klines(("3", "5"), ("5", "2")).plot(axes)

    rising, falling = axes.patches
    assert (rising.get_y(), rising.get_height()) == (3, 2)
    assert (falling.get_y(), falling.get_height()) == (2, 3)
    assert rising.get_facecolor() != falling.get_facecolor()
    axes.figure.canvas.draw()


def test_the_whole_of_a_candle_is_seen(axes: Any) -> None:
    bottom, top = klines(("3", "5"), ("5", "2")).plot(axes).get_ylim()

    assert bottom < 1
    assert top > 9


@pytest.mark.parametrize("count", [0, 1])
def test_few_candles_are_drawn_as_well(count: int, axes: Any) -> None:
    klines(*[("3", "5")] * count).plot(axes).figure.canvas.draw()

    assert len(axes.patches) == count


def test_a_figure_is_made_where_none_is_given(axes: Any) -> None:
    assert BOOKS[0].plot() is not axes


def test_an_empty_side_is_drawn_as_nothing(axes: Any) -> None:
    OrderBook(last_update_id=1, bids=BIDS, asks=[]).plot(axes).figure.canvas.draw()


def test_what_is_no_candle_is_refused(axes: Any) -> None:
    with pytest.raises(ParameterError, match="a Balance is no candle: only klines can be plotted"):
        Rows([Balance(asset="A", free=Decimal(1), locked=Decimal(1))]).plot(axes)


def test_a_missing_matplotlib_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    for draw in (BOOKS[0].plot, klines(("1", "2")).plot):
        with pytest.raises(ConfigurationError, match=r"pip install 'binance-wsapi\[plots\]'"):
            draw()
