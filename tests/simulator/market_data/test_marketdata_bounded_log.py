from __future__ import annotations

import pytest

from binance_wsapi.simulator.market_data.bounded_log import BoundedLog


def test_positions_survive_forgetting() -> None:
    log: BoundedLog[int] = BoundedLog(10)
    for number in range(1_000):
        log.append(number)

    assert 10 <= len(log) <= 20
    assert log.end == 1_000
    assert log[995] == 995
    assert log.first() == log.start
    assert list(log.between(0, 1_000)) == list(range(log.start, 1_000))
    assert log.position_of(997, lambda number: number) == 997
    with pytest.raises(IndexError):
        log[log.start - 1]


def test_newest_of_nothing_is_nothing() -> None:
    log: BoundedLog[int] = BoundedLog(10)

    assert log.newest(5) == []
    assert log.newest(0) == []
    assert log.last() is None
