"""A result or an event is read at a glance: as a line in a log, as a table in a notebook."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from documented_samples import Sample, documented, is_typed

from binance_wsapi import ConnectionEvent, Rows, StreamGap
from binance_wsapi.models.account import Balance
from binance_wsapi.models.base import Event, Level
from binance_wsapi.models.market import OrderBook, Symbol
from binance_wsapi.models.order import Order
from binance_wsapi.models.rows import Tables
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.models.user_events import decode_user_event

SAMPLES = [pytest.param(sample, id=name) for name, sample in documented() if is_typed(sample)]
ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 5,
    "orderListId": -1,
    "clientOrderId": "mine",
    "price": "60000.00",
    "origQty": "0.01000000",
    "executedQty": "0E-8",
    "cummulativeQuoteQty": "0.00000000",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "stopPrice": "0.00000000",
    "time": 1795878685123,
}
FILL = {
    "e": "executionReport", "E": 1795878685123, "s": "BTCUSDT", "c": "mine", "S": "BUY",
    "o": "LIMIT", "f": "GTC", "q": "0.01", "p": "60000.00", "P": "0.0", "F": "0.0", "g": -1,
    "C": "", "x": "TRADE", "X": "FILLED", "r": "NONE", "i": 5, "l": "0.01", "z": "0.01",
    "L": "59999.50", "n": "0.00", "N": "BNB", "T": 1795878685123, "t": 9,
}  # fmt: skip


class Tags(HTMLParser):
    """Counts what is opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


def order() -> Order:
    read: Order = tolerant_decoder(Order)(json.dumps(ORDER).encode())
    return read


def book(levels: int = 30) -> OrderBook:
    return OrderBook(
        last_update_id=7,
        bids=[Level(f"{100 - n}.00", "1.50000000") for n in range(levels)],
        asks=[Level(f"{101 + n}.00", "2.00000000") for n in range(levels)],
    )


def test_an_order_shows_what_matters_first() -> None:
    assert repr(order()) == (
        "Order(symbol='BTCUSDT', side=BUY, type=LIMIT, status=NEW, order_id=5, "
        "executed_quantity=0, quantity=0.01, price=60000, client_order_id='mine', "
        "time_in_force=GTC, time=2026-11-28T15:11:25.123Z)"
    )


def test_a_fill_shows_what_matters_first() -> None:
    shown = repr(decode_user_event(json.dumps(FILL).encode()))

    assert shown.startswith(
        "OrderUpdate(symbol='BTCUSDT', side=BUY, type=LIMIT, execution_type=TRADE, status=FILLED, "
        "order_id=5, executed_quantity=0.01, quantity=0.01, price=60000, "
    )
    assert shown.endswith(", ...)")


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_documented_thing_fits_a_line(sample: Sample) -> None:
    value = sample.decode(json.dumps(sample.payload).encode())
    for each in value if type(value) is list else [value]:
        shown = repr(each)

        assert len(shown) <= 200
        assert "\n" not in shown
        assert not re.search(r"Decimal|Raw|=None|E-\d|\b_\w+=|\w+_(text|json)=", shown), shown


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_documented_thing_is_a_table(sample: Sample) -> None:
    value = sample.decode(json.dumps(sample.payload).encode())
    html = (Rows(value) if type(value) is list else value)._repr_html_()

    assert tags(html)[0] == "table"
    assert not re.search(r"Decimal|Raw|0E-", html), html


def test_a_gap_says_why_and_since_when() -> None:
    gap = StreamGap(from_ms=1795878685123, until_ms=1795878686000, reason="lost: " + "x" * 500)

    assert repr(gap).startswith("StreamGap(from_ms=2026-11-28T15:11:25.123Z, until_ms=2026-")
    assert "reason='lost: xxx" in repr(gap)
    assert len(repr(gap)) <= 200


def test_microseconds_are_told_from_milliseconds() -> None:
    event = decode_user_event(b'{"e":"balanceUpdate","E":1795878685123456,"a":"B","d":"1"}')

    assert "event_time=2026-11-28T15:11:25.123456Z" in repr(event)


def test_an_error_in_an_event_is_shown() -> None:
    assert "ValueError('x')" in repr(ConnectionEvent(kind="exception", error=ValueError("x")))


def test_a_long_list_shows_its_beginning() -> None:
    balances = Rows(Balance(asset=f"A{n}", free=Decimal(n), locked=Decimal(0)) for n in range(9))

    assert repr(balances) == (
        "[Balance(asset='A0', free=0, locked=0), Balance(asset='A1', free=1, locked=0), "
        "Balance(asset='A2', free=2, locked=0), ... 6 more]"
    )
    assert repr(balances[:2]) == repr(list(balances[:2]))


def test_a_book_shows_its_best_levels() -> None:
    assert repr(book()) == (
        "OrderBook(last_update_id=7, bids=[Level(100, 1.5), Level(99, 1.5), Level(98, 1.5), ... 27 more], "
        "asks=[Level(101, 2), Level(102, 2), Level(103, 2), ... 27 more])"
    )
    assert repr(Level("60000.10", "0.00000000")) == "Level(60000.1, 0)"


def test_a_book_is_a_ladder_of_ten_levels() -> None:
    html = book()._repr_html_()

    assert tags(html).count("tr") == 11
    first = re.findall(r"<td.*?>(.*?)</td>", html)[:4]
    assert first == ["1.5", "100", "101", "2"]
    assert tags(book(0)._repr_html_()).count("tr") == 1


def test_a_one_sided_book_leaves_the_other_side_empty() -> None:
    one_sided = OrderBook(last_update_id=7, bids=[Level("1", "2")], asks=[])

    assert re.findall(r"<td.*?>(.*?)</td>", one_sided._repr_html_()) == ["2", "1", "", ""]


def test_a_long_table_leaves_out_its_middle() -> None:
    balances = Rows(Balance(asset=f"A{n}", free=Decimal(n), locked=Decimal(0)) for n in range(99))
    html = balances._repr_html_()

    assert "Balance (99)" in html
    assert tags(html).count("tr") == 1 + 10 + 1 + 10
    assert "A9<" in html
    assert "A10<" not in html
    assert "A98<" in html


def test_a_table_has_the_columns_that_are_set() -> None:
    heads = re.findall(r"<th>(.*?)</th>", Rows([order()])._repr_html_())

    assert heads[:5] == ["symbol", "side", "type", "status", "order_id"]
    assert "stop_price" not in heads
    assert len(heads) <= 12


def test_text_of_others_is_no_html() -> None:
    event: Event = decode_user_event(
        b'{"e":"balanceUpdate","a":"<script>alert(1)</script>","d":"1"}'
    )

    assert "<script>" not in event._repr_html_()
    assert "<script>" not in Rows([event])._repr_html_()


def test_an_empty_list_is_a_table_that_says_so() -> None:
    assert "Symbol (0)" in Rows[Symbol](kind=Symbol)._repr_html_()
    assert "nothing (0)" in Rows[Symbol]()._repr_html_()


def test_lists_by_name_are_a_table_each() -> None:
    html = Tables({"spot": Rows([order()]), "usdm": Rows([order()])})._repr_html_()

    assert tags(html).count("table") == 2
    assert "<h4>spot</h4>" in html
