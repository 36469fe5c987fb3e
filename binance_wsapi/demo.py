"""The tour: what a first hour with the library looks like, on an exchange that needs no account."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Generator, Sequence
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any, TypeGuard

from binance_wsapi import (
    AccountReconciled,
    AsyncClient,
    AsyncEventStream,
    BinanceWsApiError,
    Client,
    EventStream,
    OrderReconciled,
    StreamGap,
    WsKey,
)
from binance_wsapi.models.user_events import OrderUpdate

if TYPE_CHECKING:
    from binance_wsapi.models.account import AccountInformation
    from binance_wsapi.models.market import OrderBook

__all__ = ["main"]

SYMBOL = "BTCUSDT"
BASE, QUOTE = "BTC", "USDT"
QUANTITY = Decimal("0.01")
KEY_NAMES = ("BINANCE_API_KEY", "BINANCE_API_SECRET")
EVENT_TIMEOUT_S = 10.0
ROUND_TRIPS = 200
TESTNET_ROUND_TRIPS = 10

DropConnections = Callable[[], object] | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="binance-wsapi demo",
        description="Connect, read the book, rest an order, take a fill, cancel, survive a dropped "
        "connection: first with the sync client, then with the async one.",
    )
    parser.add_argument(
        "--testnet",
        action="store_true",
        help="run on the Spot testnet, with BINANCE_API_KEY and BINANCE_API_SECRET from the "
        "environment (play money)",
    )
    given = parser.parse_args(arguments)
    if given.testnet and (missing := [name for name in KEY_NAMES if not os.environ.get(name)]):
        parser.error(f"--testnet needs {' and '.join(missing)} in the environment")
    with contextlib.ExitStack() as stack:
        if given.testnet:
            options, drop = _testnet_options(), None
            round_trips = TESTNET_ROUND_TRIPS
        else:
            options, drop = stack.enter_context(_embedded_exchange())
            round_trips = ROUND_TRIPS
        try:
            _title("The sync client")
            with Client(**options) as client:
                _run_sync(client, drop, round_trips)
            _title("The async client, the same names awaited")
            asyncio.run(_run_async(options, drop, round_trips))
        except BinanceWsApiError as error:
            print(f"\nThe demo ends here: {error}", file=sys.stderr)
            return 1
    print("\nDone. Every step above is in binance_wsapi/demo.py.")
    return 0


def _testnet_options() -> dict[str, Any]:
    print("Trading on the Spot testnet.")
    return {
        "api_key": os.environ[KEY_NAMES[0]],
        "api_secret": os.environ[KEY_NAMES[1]],
        "testnet": True,
    }


@contextlib.contextmanager
def _embedded_exchange() -> Generator[tuple[dict[str, Any], DropConnections]]:
    from binance_wsapi.simulator import SimulatedExchange

    with SimulatedExchange(seed=1, market_maker=True) as exchange:
        account = exchange.create_account({QUOTE: "10000", BASE: "1"})
        key = account.create_key("ed25519")
        print(f"The embedded exchange listens on {exchange.urls[WsKey.MAIN_WSAPI]}")
        print(f"An account with 10,000 {QUOTE} and 1 {BASE}, and an Ed25519 key, are ready.")
        # Connections are dropped on purpose, and it is shown: no warnings in between.
        options = {**exchange.client_options(key), "attach_event_listeners": False}
        yield options, exchange.drop_connections


def _run_sync(client: Client, drop: DropConnections, round_trips: int) -> None:
    began = time.perf_counter()
    client.connect()
    status = client.spot.get_session_status().result
    _step(
        "connected", f"logged on: {status.api_key is not None}, {_ms(time.perf_counter() - began)}"
    )
    events = client.subscribe_user_data_stream()
    before = client.spot.get_account_information(omit_zero_balances=True).result
    _balances("balances", before)

    book = client.spot.get_order_book(symbol=SYMBOL, limit=5).result
    _book(book)

    price = _far_below(book)
    order = client.spot.submit_new_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", time_in_force="GTC", price=price, quantity=QUANTITY
    ).result
    _step("resting order", f"{order.order_id} buys {QUANTITY} at {price}: {order.status}")
    _event(_next_report(events))
    client.spot.cancel_order(symbol=SYMBOL, order_id=order.order_id)
    now = client.spot.get_order_status(symbol=SYMBOL, order_id=order.order_id).result
    _step("cancelled", f"{now.order_id}: {now.status}")
    _event(_next_report(events))

    taken = client.spot.submit_new_order(
        symbol=SYMBOL, side="BUY", type="MARKET", quantity=QUANTITY
    )
    _step(
        "market order", f"{taken.result.order_id} {taken.result.status} in {_ms(taken.round_trip)}"
    )
    _event(_next_report(events, filled=True))

    if drop is not None:
        resting = client.spot.submit_new_order(
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=QUANTITY,
        ).result
        _step("another order", f"{resting.order_id} buys {QUANTITY} at {price}: {resting.status}")
        _event(_next_report(events))
        began = time.perf_counter()
        drop()
        open_orders = client.spot.get_open_orders(symbol=SYMBOL).result
        _step(
            "dropped connection",
            f"healed in {_ms(time.perf_counter() - began)}, {len(open_orders)} order still open",
        )
        client.spot.cancel_order(symbol=SYMBOL, order_id=resting.order_id)
        _event(_next_report(events))
        _step("same event stream", "went on by itself and told where events may be missing")

    after = client.spot.get_account_information(omit_zero_balances=True).result
    _balances("balances", after)
    _round_trips([client.spot.get_server_time().round_trip for _ in range(round_trips)])


async def _run_async(options: dict[str, Any], drop: DropConnections, round_trips: int) -> None:
    async with AsyncClient(**options) as client:
        began = time.perf_counter()
        await client.connect()
        status = (await client.spot.get_session_status()).result
        _step(
            "connected",
            f"logged on: {status.api_key is not None}, {_ms(time.perf_counter() - began)}",
        )
        events = await client.subscribe_user_data_stream()
        account = await client.spot.get_account_information(omit_zero_balances=True)
        _balances("balances", account.result)
        book = (await client.spot.get_order_book(symbol=SYMBOL, limit=5)).result
        _book(book)

        price = _far_below(book)
        orders = await asyncio.gather(
            *(
                client.spot.submit_new_order(
                    symbol=SYMBOL,
                    side="BUY",
                    type="LIMIT",
                    time_in_force="GTC",
                    price=price - step,
                    quantity=QUANTITY,
                )
                for step in range(3)
            )
        )
        _step("three orders at once", ", ".join(f"{each.result.status}" for each in orders))
        for _ in orders:
            _event(await _next_report_async(events))
        cancelled = (await client.spot.cancel_all_open_orders(symbol=SYMBOL)).result
        _step("cancelled all", f"{len(cancelled)} orders")
        for _ in orders:
            _event(await _next_report_async(events))

        sold = await client.spot.submit_new_order(
            symbol=SYMBOL, side="SELL", type="MARKET", quantity=QUANTITY
        )
        _step(
            "market order", f"{sold.result.order_id} {sold.result.status} in {_ms(sold.round_trip)}"
        )
        _event(await _next_report_async(events, filled=True))

        if drop is not None:
            began = time.perf_counter()
            drop()
            await client.spot.test_connectivity()
            _step("dropped connection", f"healed in {_ms(time.perf_counter() - began)}")

        account = await client.spot.get_account_information(omit_zero_balances=True)
        _balances("balances", account.result)
        _round_trips([(await client.spot.get_server_time()).round_trip for _ in range(round_trips)])


def _next_report(events: EventStream[Any], *, filled: bool = False) -> OrderUpdate:
    while True:
        event = events.get(timeout=EVENT_TIMEOUT_S)
        if _is_awaited(event, filled=filled):
            return event


async def _next_report_async(events: AsyncEventStream[Any], *, filled: bool = False) -> OrderUpdate:
    async with asyncio.timeout(EVENT_TIMEOUT_S):
        async for event in events:
            if _is_awaited(event, filled=filled):
                return event
    raise AssertionError("the stream ended")


def _is_awaited(event: object, *, filled: bool) -> TypeGuard[OrderUpdate]:
    match event:
        case OrderUpdate():
            return not filled or event.status == "FILLED"
        case StreamGap():
            print(f"      gap of {event.until_ms - event.from_ms} ms: {event.reason}")
        case OrderReconciled():
            print(f"      after the gap: order {event.order_id} {event.status}")
        case AccountReconciled():
            print("      after the gap: balances as the exchange has them")
        case _:
            pass
    return False


def _far_below(book: OrderBook) -> Decimal:
    return (book.bids[0].price * Decimal("0.95")).quantize(Decimal(1), ROUND_DOWN)


def _title(text: str) -> None:
    print(f"\n{text}\n{'─' * len(text)}")


def _step(what: str, outcome: str) -> None:
    print(f"  {what:<22}{outcome}")


def _event(report: OrderUpdate) -> None:
    fill = ""
    if report.last_executed_quantity:
        fill = f" {_plain(report.last_executed_quantity)} at {_plain(report.last_executed_price)}"
    print(f"      event {report.execution_type}{fill}: order {report.order_id} {report.status}")


def _book(book: OrderBook) -> None:
    _step("order book", f"{SYMBOL}, update {book.last_update_id}")
    for ask in reversed(book.asks[:3]):
        print(f"  {'':<22}{'':>10} {ask.price:>10.2f} {_plain(ask.quantity):>10}")
    for bid in book.bids[:3]:
        print(f"  {'':<22}{_plain(bid.quantity):>10} {bid.price:>10.2f}")


def _balances(what: str, account: AccountInformation) -> None:
    shown = [
        f"{_plain(balance.free)} {balance.asset}"
        + (f" (+{_plain(balance.locked)} locked)" if balance.locked else "")
        for balance in account.balances
        if balance.free or balance.locked
    ]
    _step(what, ", ".join(shown))


def _round_trips(seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[int(len(ordered) * 0.99)]
    _step(
        "round trips",
        f"{len(ordered)} requests: median {_ms(statistics.median(ordered))}, "
        f"p99 {_ms(p99)}, least {_ms(ordered[0])}",
    )


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
