"""No row is skipped at a page's edge and none is told twice, whatever the gaps and whatever a page holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.protocol.paging import CandlePages, IdPages, Pages, candles_between

START_MS = 1_784_291_400_000


@dataclass(frozen=True)
class Row:
    """A row with an id and a time."""

    id: int
    time: int | None


@dataclass(frozen=True)
class Candle:
    """A candle by the time it opens."""

    open_time: int


class Exchange:
    """Answers as the exchange does: rows from an id or a time on, or the newest, up to a most of its own."""

    def __init__(self, rows: list[Any], most: int) -> None:
        self.rows = rows
        self.most = most
        self.asked = 0

    def answer(self, params: dict[str, Any]) -> list[Any]:
        self.asked += 1
        assert self.asked < 2000, "it never ends"
        limit = min(params["limit"], self.most)
        if "from_id" in params:
            return [row for row in self.rows if row.id >= params["from_id"]][:limit]
        if "start_time" in params:
            end = params.get("end_time", 2**62)
            return [row for row in self.rows if params["start_time"] <= row.open_time <= end][
                :limit
            ]
        return self.rows[-limit:]

    def read(self, pages: Pages) -> list[Any]:
        found: list[Any] = []
        while (params := pages.ask()) is not None:
            assert pages.ask() == params, "asked again, it is the same page"
            found += pages.take(self.answer(params))
        return found


def id_pages(**changes: Any) -> IdPages:
    given: dict[str, Any] = {"start_us": None, "end_us": None, "after_id": None, "page": 3}
    return IdPages(
        id_of=lambda row: row.id, id_parameter="from_id", is_dense=False, **(given | changes)
    )


GAPS = st.integers(0, 5) | st.integers(0, 10**6)
ROWS = st.lists(st.tuples(st.integers(1, 4) | st.integers(1, 10**9), GAPS), max_size=40).map(
    lambda steps: [
        Row(
            sum(step for step, _ in steps[: at + 1]) - 1,
            START_MS + sum(gap for _, gap in steps[: at + 1]),
        )
        for at in range(len(steps))
    ]
)
MOMENTS = st.none() | st.integers(-10, 50) | st.integers(-10, 10**7)


@settings(deadline=None)
@given(rows=ROWS, page=st.integers(1, 12), most=st.integers(1, 12), start=MOMENTS, end=MOMENTS)
def test_rows_between_two_times(
    rows: list[Row], page: int, most: int, start: int | None, end: int | None
) -> None:
    since = None if start is None else START_MS + start
    until = None if end is None else START_MS + end
    pages = id_pages(
        page=page,
        start_us=since and since * 1000,
        end_us=until and until * 1000,
    )

    assert Exchange(rows, most).read(pages) == [
        row
        for row in rows
        if row.time is not None
        and (since is None or row.time >= since)
        and (until is None or row.time < until)
    ]


@settings(deadline=None)
@given(rows=ROWS, page=st.integers(1, 12), data=st.data())
def test_rows_behind_a_row(rows: list[Row], page: int, data: st.DataObject) -> None:
    after = data.draw(st.sampled_from(rows).map(lambda row: row.id) if rows else st.integers(0, 9))

    assert Exchange(rows, 1000).read(id_pages(page=page, after_id=after)) == [
        row for row in rows if row.id > after
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_each_row_is_found_by_its_time(step: int) -> None:
    rows = [Row(id_, START_MS + id_) for id_ in range(0, 40, step)]

    for at, row in enumerate(rows):
        found = Exchange(rows, 1000).read(id_pages(start_us=(START_MS + row.id) * 1000))
        assert found == rows[at:]


class Years:
    """A symbol that is traded without a pause, ever more: a row of each number, of which the newest are kept.

    Args:
        kept: How many of them.
        answers_below: Where one that is not kept is asked for, it answers with the oldest that is.
    """

    COUNT = 4_000_000_000
    LASTS_MS = 6 * 365 * 86_400_000

    def __init__(self, kept: int = COUNT, *, answers_below: bool = True) -> None:
        self.oldest = self.COUNT - kept
        self.answers_below = answers_below
        self.asked = 0

    def row(self, number: int) -> Row:
        return Row(
            number, START_MS - self.LASTS_MS + int(self.LASTS_MS * (number / self.COUNT) ** 0.5)
        )

    def answer(self, params: dict[str, Any]) -> list[Row]:
        self.asked += 1
        first = params.get("from_id", self.COUNT - params["limit"])
        if first < self.oldest:
            if not self.answers_below:
                return []
            first = self.oldest
        return [self.row(each) for each in range(first, min(first + params["limit"], self.COUNT))]

    def first_page(self, pages: IdPages) -> list[Row]:
        while (params := pages.ask()) is not None:
            assert self.asked < 100, "it never ends"
            if found := pages.take(self.answer(params)):
                return found
        return []


@pytest.mark.parametrize("answers_below", [True, False])
@pytest.mark.parametrize(
    ("kept", "hours"),
    [
        (Years.COUNT, 0),
        (Years.COUNT, 1),
        (Years.COUNT, 24 * 30),
        (Years.COUNT, 24 * 365 * 4),
        (10_000_000, 1),
        (10_000_000, 40),
    ],
)
def test_finding_the_first_row_costs_few_requests(
    kept: int, hours: int, answers_below: bool
) -> None:
    exchange = Years(kept, answers_below=answers_below)
    start_ms = START_MS - hours * 3_600_000 - 1000

    found = exchange.first_page(id_pages(page=1000, start_us=start_ms * 1000))

    before = exchange.row(found[0].id - 1).time
    assert before is not None
    assert found[0].time is not None
    assert before < start_ms <= found[0].time
    assert exchange.asked <= 20


@pytest.mark.parametrize("answers_below", [True, False])
@pytest.mark.parametrize(
    "given",
    [{"start_us": (START_MS - 5 * 10**10) * 1000}, {"after_id": 7}, {}],
    ids=["start", "after", "all"],
)
def test_rows_that_are_not_kept_any_more_are_left_out(
    given: dict[str, Any], answers_below: bool
) -> None:
    exchange = Years(kept=10_000_000, answers_below=answers_below)

    found = exchange.first_page(id_pages(page=1000, **given))

    assert [row.id for row in found] == [*range(exchange.oldest, exchange.oldest + 1000)]
    assert exchange.asked <= 40


def test_an_exchange_that_keeps_nothing_between_is_not_asked_for_ever() -> None:
    pages = id_pages()
    pages.take([Row(50, START_MS)])
    asked = 0

    while pages.ask() is not None:
        assert pages.take([]) == []
        asked += 1

    assert asked < 20


class Week(Exchange):
    """A futures exchange: without an id it tells of the newest week alone."""

    def answer(self, params: dict[str, Any]) -> list[Any]:
        return super().answer(params) if "from_id" in params else []


@settings(deadline=None)
@given(rows=ROWS, page=st.integers(1, 12), start=MOMENTS, end=MOMENTS)
def test_rows_of_an_account_that_had_none_this_week(
    rows: list[Row], page: int, start: int | None, end: int | None
) -> None:
    since = None if start is None else START_MS + start
    until = None if end is None else START_MS + end
    pages = id_pages(page=page, start_us=since and since * 1000, end_us=until and until * 1000)

    assert Week(rows, 1000).read(pages) == [
        row
        for row in rows
        if row.time is not None
        and (since is None or row.time >= since)
        and (until is None or row.time < until)
    ]


def test_what_comes_while_it_is_read_is_left_to_the_next_reading() -> None:
    rows = [Row(id_, START_MS) for id_ in range(5)]
    exchange = Exchange(rows, 1000)
    pages = id_pages(page=2)
    found: list[Row] = []

    while (params := pages.ask()) is not None:
        found += pages.take(exchange.answer(params))
        rows.append(Row(len(rows), START_MS + len(rows)))

    assert [row.id for row in found] == [0, 1, 2, 3, 4]


def test_a_row_without_a_time_is_told() -> None:
    rows = [Row(1, None), Row(2, START_MS)]

    found = Exchange(rows, 1000).read(id_pages(end_us=(START_MS + 1) * 1000))

    assert found == rows


def test_how_many_there_are_is_known_where_no_id_is_left_out() -> None:
    exchange = Exchange([Row(id_, START_MS) for id_ in range(7)], 1000)
    pages = IdPages(
        id_of=lambda row: row.id,
        id_parameter="from_id",
        start_us=None,
        end_us=None,
        after_id=1,
        page=2,
        is_dense=True,
    )

    exchange.read(pages)

    assert pages.expected == 5


MINUTE = 60_000
OPENS = st.lists(st.integers(1, 3) | st.integers(1, 500), max_size=40).map(
    lambda gaps: [Candle(START_MS + MINUTE * sum(gaps[: at + 1])) for at in range(len(gaps))]
)


@settings(deadline=None)
@given(
    candles=OPENS,
    page=st.integers(1, 12),
    most=st.integers(1, 12),
    start=st.integers(-2, 60),
    odd=st.integers(0, 2),
    length=st.none() | st.integers(0, 60) | st.integers(0, 10_000),
)
def test_candles_between_two_times(
    candles: list[Candle], page: int, most: int, start: int, odd: int, length: int | None
) -> None:
    since_us = (START_MS + start * MINUTE) * 1000 + odd
    until_us = None if length is None else since_us + length * MINUTE * 1000

    assert Exchange(candles, most).read(CandlePages(since_us, until_us, page)) == [
        candle
        for candle in candles
        if candle.open_time * 1000 >= since_us
        and (until_us is None or candle.open_time * 1000 < until_us)
    ]


def test_candles_in_microseconds_are_read_as_well() -> None:
    pages = CandlePages(START_MS * 1000, None, 2)

    assert pages.ask() == {"start_time": START_MS, "limit": 2}
    assert len(pages.take([Candle(START_MS * 1000), Candle((START_MS + MINUTE) * 1000)])) == 2
    assert pages.ask() == {"start_time": START_MS + MINUTE + 1, "limit": 2}


@pytest.mark.parametrize(
    ("interval", "count"),
    [("1m", 1440), ("1d", 1), ("3d", 1), ("1s", 86_400), ("", None), ("x", None)],
)
def test_how_many_candles_open_in_a_day(interval: str, count: int | None) -> None:
    assert candles_between(0, 86_400 * 10**6, interval) == count
