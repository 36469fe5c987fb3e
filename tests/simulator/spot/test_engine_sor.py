"""Smart order routing, by the examples of the official questions and answers."""

from __future__ import annotations

from typing import Any

import pytest
from engine_harness import FINE, Exchange

from binance_wsapi.simulator.spot.symbols import SymbolSpec

QUOTES = ("USDT", "USDC", "USDP")
SYMBOLS = [SymbolSpec(f"BTC{quote}", "BTC", quote, FINE, sor=True) for quote in QUOTES]
FUNDS = {"BTC": "1000"} | dict.fromkeys(QUOTES, "10000000")


def routed(book: str, **order: str) -> tuple[Exchange, Any, Any]:
    """Fill the books, ``BTCUSDT 3 30800, ...``; return exchange, account and the order's report."""
    exchange = Exchange(SYMBOLS)
    maker, me = exchange.account(**FUNDS), exchange.account(**FUNDS)
    opposite = "SELL" if order["side"] == "BUY" else "BUY"
    for line in book.split(", "):
        symbol, quantity, price = line.split()
        exchange.place(maker, opposite, quantity, price, symbol=symbol)
    (report,) = exchange.call("sor.order.place", me, symbol="BTCUSDT", **order)
    return exchange, me, report


ASKS = (
    "BTCUSDT 3 30800, BTCUSDT 3 30500, BTCUSDC 1 30000, BTCUSDC 1 28000, "
    "BTCUSDP 1 35000, BTCUSDP 1 29000"
)
BIDS = "BTCUSDT 5 29500, BTCUSDC 5 35000, BTCUSDC 5 30000, BTCUSDP 5 28000"


@pytest.mark.parametrize(
    ("book", "order", "status", "spent", "fills"),
    [
        (
            ASKS,
            {"side": "BUY", "type": "LIMIT", "quantity": "0.5", "price": "31000"},
            "FILLED",
            "14000",
            ["28000 0.5"],
        ),
        (
            ASKS,
            {"side": "BUY", "type": "LIMIT", "quantity": "5", "price": "31000"},
            "FILLED",
            "148000",
            ["28000 1", "29000 1", "30000 1", "30500 2"],
        ),
        (
            ASKS,
            {"side": "BUY", "type": "MARKET", "quantity": "11"},
            "EXPIRED",
            "305900",
            ["28000 1", "29000 1", "30000 1", "30500 3", "30800 3", "35000 1"],
        ),
        (
            BIDS,
            {"side": "SELL", "type": "LIMIT", "quantity": "10", "price": "29000"},
            "FILLED",
            "325000",
            ["35000 5", "30000 5"],
        ),
    ],
)
def test_the_best_prices_of_all_books_are_allocated(
    book: str, order: dict[str, str], status: str, spent: str, fills: list[str]
) -> None:
    if order["type"] == "LIMIT":
        order = order | {"timeInForce": "GTC"}

    exchange, me, report = routed(book, **order)

    assert (report["status"], report["cummulativeQuoteQty"]) == (status, f"{spent}.00000000")
    assert (report["workingFloor"], report["usedSor"]) == ("SOR", True)
    assert [(one["price"], one["qty"]) for one in report["fills"]] == [
        (f"{price}.00000000", f"{float(quantity):.8f}")
        for price, quantity in (line.split() for line in fills)
    ]
    for number, fill in enumerate(report["fills"]):
        assert (fill["matchType"], fill["tradeId"], fill["allocId"]) == (
            "ONE_PARTY_TRADE_REPORT",
            -1,
            number,
        )
    assert len(exchange.call("myAllocations", me, symbol="BTCUSDT")) == len(fills)
    assert exchange.call("myTrades", me, symbol="BTCUSDT") == []


def test_the_order_is_paid_in_its_own_quote_asset() -> None:
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5"}

    exchange, me, _ = routed(ASKS, **order, price="31000")

    balances = exchange.balances(me)
    assert balances["USDT"] == ("9986000.00000000", "0.00000000")
    assert balances["USDC"] == ("10000000.00000000", "0.00000000")
    event = exchange.events(me, "executionReport")[-1]
    assert (event["b"], event["a"], event["k"], event["uS"], event["t"]) == (
        "ONE_PARTY_TRADE_REPORT",
        0,
        "SOR",
        True,
        -1,
    )


def test_an_order_that_only_meets_its_own_book_trades_there() -> None:
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "4"}

    exchange, me, report = routed("BTCUSDT 3 30000, BTCUSDC 1 40000", **order, price="31000")

    assert (report["workingFloor"], report["status"]) == ("EXCHANGE", "PARTIALLY_FILLED")
    assert "matchType" not in report["fills"][0]
    assert len(exchange.call("myTrades", me, symbol="BTCUSDT")) == 1
    assert exchange.call("depth", symbol="BTCUSDT")["bids"] == [["31000.00000000", "1.00000000"]]


def test_what_its_own_book_gives_is_not_routed() -> None:
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "4"}

    _, _, report = routed("BTCUSDT 4 30000, BTCUSDC 1 30500", **order, price="31000")

    assert (report["workingFloor"], report["status"]) == ("EXCHANGE", "FILLED")


@pytest.mark.parametrize(
    ("quantity", "status", "executed"), [("5", "FILLED", "5"), ("5.1", "EXPIRED", "0")]
)
def test_fill_or_kill_order_looks_into_all_books(quantity: str, status: str, executed: str) -> None:
    order = {"side": "BUY", "type": "LIMIT", "timeInForce": "FOK", "quantity": quantity}

    _, _, report = routed("BTCUSDT 3 30000, BTCUSDC 2 30500", **order, price="31000")

    assert (report["status"], report["executedQty"]) == (status, f"{executed}.00000000")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"type": "STOP_LOSS", "quantity": "1", "stopPrice": "2"}, -1104),
        ({"type": "LIMIT_MAKER", "quantity": "1", "price": "2"}, -1116),
        ({"type": "MARKET", "quoteOrderQty": "100"}, -1104),
    ],
)
def test_only_limit_and_market_orders_are_routed(order: dict[str, str], code: int) -> None:
    exchange = Exchange(SYMBOLS)
    account = exchange.account()

    error = exchange.refusal("sor.order.place", account, symbol="BTCUSDT", side="BUY", **order)

    assert error.code == code
