"""Bots are killed at any moment, and the next one finds out what became of each order: no lie, nothing lost.

``BINANCE_WSAPI_KILLS=500`` kills more of them than the suite does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres_server import PostgresServer, needs_postgres

from binance_wsapi import Client, Recovered
from binance_wsapi.journal import JournalEntry
from binance_wsapi.markets import Market
from binance_wsapi.protocol import inquiry
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.exchange import AccountHandle

BOUNDLESS = LimitRules(
    weight=Window("MINUTE", 1, 10**9),
    orders=(Window("SECOND", 10, 10**9), Window("MINUTE", 1, 10**9)),
    connections=Window("MINUTE", 5, 10**9),
)
KILLS = int(os.environ.get("BINANCE_WSAPI_KILLS", "40"))
BOT = Path(__file__).with_name("journal_bot.py")
LONGEST_S = 0.08
"""A bot is killed within this of its first order."""

ID_OF = {"order.place": "newClientOrderId", "order.cancelReplace": "newClientOrderId"}
MARKET_OF = {"mainWSAPI": Market.SPOT, "usdmWSAPI": Market.USDM, "coinmWSAPI": Market.COINM}
SYMBOL_OF = {Market.SPOT: "BTCUSDT", Market.USDM: "BTCUSDT", Market.COINM: "BTCUSD_PERP"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded exchange looks at recvWindow last of all: no engine takes its time behind that."""
    monkeypatch.setattr(inquiry, "_PROCESSING_US", 0)
    monkeypatch.setattr(inquiry, "_LAG_S", 0.01)


@pytest.fixture
def bots() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(BOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


def line_of(bots: subprocess.Popen[str]) -> str:
    assert bots.stdout is not None
    line = bots.stdout.readline()
    assert line, "the bots ended by themselves"
    return line


def a_moment(seed: int) -> None:
    """Wait for what chance makes of it: whatever it is, all that follows has to hold."""
    signal.sigtimedwait([], random.Random(seed).uniform(0, LONGEST_S))


def one_dies(
    bots: subprocess.Popen[str],
    options: dict[str, Any],
    seed: int,
    is_time: Callable[[], object],
) -> None:
    assert bots.stdin is not None
    bots.stdin.write(json.dumps({"options": options, "seed": seed}) + "\n")
    bots.stdin.flush()
    pid = int(line_of(bots))
    is_time()
    os.kill(pid, signal.SIGKILL)
    assert line_of(bots) == "gone\n"


def is_there(account: AccountHandle, market: Market, **named: Any) -> bool:
    try:
        account.request("order.status", {"symbol": SYMBOL_OF[market], **named}, market=market)
    except ExchangeError as error:
        if error.code != -2013:
            raise
        return False
    return True


def check(account: AccountHandle, recovered: list[Recovered], asked_ms: float) -> int:
    """Compare what was found out with the exchange's truth.

    Args:
        account: Whose orders they are.
        recovered: What was found out.
        asked_ms: When that began: an order that changed since may have been looked at before it did.

    Returns:
        How many orders were not shown as they stand, as something was not answered in time.
    """
    unread = 0
    for each in recovered:
        market = MARKET_OF[str(each.ws_key)]
        assert each.state in {"accepted", "not placed", "partly executed", "unknown"}, each
        if each.operation in ID_OF and each.state in {"accepted", "not placed"}:
            named = each.params[ID_OF[each.operation]]
            executed = is_there(account, market, origClientOrderId=named)
            assert executed == (each.state == "accepted"), (each, executed)
        for order in each.orders:
            truth = account.request(
                "order.status", {"symbol": order.symbol, "orderId": order.order_id}, market=market
            )
            is_later = truth["updateTime"] >= asked_ms
            if order.problem is not None:
                unread += 1
                if order.status == "UNKNOWN":
                    continue  # it guesses nothing
            assert order.status == truth["status"] or is_later, (order, truth)
            told = sum(Decimal(fill["qty"]) for fill in order.raw_missed_fills)
            assert told == Decimal(truth["executedQty"]) or is_later or order.problem
    return unread


def check_all_known(account: AccountHandle, entries: list[JournalEntry]) -> None:
    """Each order of the exchange's stands in the journal as one that was made there."""
    made = {
        str(entry.client_order_id)
        for entry in entries
        if entry.state in {"accepted", "partly executed", "unknown"}
    }
    for market, symbol in SYMBOL_OF.items():
        if market is Market.SPOT:
            orders = account.request("allOrders", {"symbol": symbol, "limit": 1000})
            for order in orders:
                if order["orderListId"] == -1 and order["status"] != "CANCELED":
                    assert order["clientOrderId"] in made, order


def check_kills(
    bots: subprocess.Popen[str], journal: str, kills: int, gone: Callable[[], None]
) -> None:
    """Let bots be killed one after the other, and compare what is found out with the exchange's truth.

    Args:
        bots: Where they come from.
        journal: Theirs.
        kills: How many.
        gone: Is called when one is dead, and the journal is to be free.
    """
    found: list[Recovered] = []
    with SimulatedExchange(seed=7) as exchange:
        for limits in (exchange.limits, exchange.futures_limits):
            exchange.call(
                partial(limits.set_rules, BOUNDLESS)
            )  # else the bots wait, and so does recovery
        account = exchange.create_account(
            {"USDT": "1000000000", "BTC": "100000"},
            usdm={"USDT": "1000000000"},
            coinm={"BTC": "100000"},
        )
        options = {
            **exchange.client_options(account.create_key()),
            "journal": journal,
            "attach_event_listeners": False,
            "journal_days": None,
            "recv_window": 500,
        }
        chance = random.Random(kills)
        is_last = False
        # Some are executed when their bot is dead already, and perhaps being asked about.
        exchange.faults.on("order.place", when=lambda _: is_last or chance.random() < 0.3).delay(
            0.3, times=None
        )

        def has_ordered() -> None:
            exchange.journal.wait_for(
                lambda frame: frame.method == "order.place" and frame.connection_id not in earlier,
                timeout=60.0,
            )

        for seed in range(kills):
            is_last = seed % 8 == 7 or seed + 1 == kills
            earlier = set(exchange.journal.connections())
            # The last of some is amid an order; the others may have sent none, or have had all answers.
            one_dies(bots, options, seed, has_ordered if is_last else partial(a_moment, seed))
            gone()
            if not is_last:
                continue  # what several left behind is found out together
            with Client(**options) as client:
                # What could not be asked is told to be open, and asked the next time.
                asked_ms = exchange.clock.now_us() // 1000
                while recovered := client.recover():
                    settled = [each for each in recovered if each.state != "open"]
                    check(account, settled, asked_ms)
                    found += settled
                    asked_ms = exchange.clock.now_us() // 1000
                assert not client.journal.orders(open_only=True)
                check_all_known(account, client.journal.orders())
        # What was said not to be placed is not placed later on either.
        unread = check(account, found, 0)
    states = Counter(each.state for each in found)
    print(states, "unread:", unread)
    assert states["accepted"], "nobody was killed with an order under way"
    assert states["unknown"] + unread <= len(found) // 10, "too much is not found out"


@pytest.mark.usefixtures("soon")
@pytest.mark.timeout(60 + 10 * KILLS)
def test_what_the_killed_left_open_is_found_out(
    tmp_path: Path, bots: subprocess.Popen[str]
) -> None:
    check_kills(bots, str(tmp_path / "orders.db"), KILLS, lambda: None)


@needs_postgres
@pytest.mark.usefixtures("soon")
@pytest.mark.timeout(60 + 10 * KILLS)
def test_what_the_killed_left_open_in_postgresql_is_found_out(
    postgres: PostgresServer, bots: subprocess.Popen[str]
) -> None:
    with postgres.database() as url:

        def lease_runs_out() -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    b"UPDATE binance_wsapi_journal.leases SET expires_at = '2000-01-01'"
                )

        check_kills(bots, url, max(KILLS // 4, 8), lease_runs_out)
