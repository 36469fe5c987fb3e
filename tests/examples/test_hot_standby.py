"""The hot standby among the examples outlives a bot that is killed or held up, and its database's restart."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_runs import begun, leading_to, printed
from postgres_server import PostgresServer, needs_postgres

from binance_wsapi.journal.postgres import read_database
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

pytestmark = [needs_postgres, pytest.mark.timeout(300)]

Bot = subprocess.Popen[str]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def journal(server: PostgresServer) -> str:
    return server.url


@pytest.fixture
def market() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(seed=3, market_maker=True) as exchange:
        exchange.limits.enabled = False
        yield exchange


@pytest.fixture
def account(market: SimulatedExchange) -> AccountHandle:
    return market.create_account()


@pytest.fixture
def bot(
    tmp_path: Path, market: SimulatedExchange, account: AccountHandle, journal: str
) -> Iterator[Callable[[str], Bot]]:
    """Begin a bot that trades so many rounds, all with one key."""
    leads = leading_to(market, account)
    running: list[Bot] = []

    def begin(rounds: str) -> Bot:
        running.append(begun(tmp_path, "hot_standby", journal, rounds, **leads))
        return running[-1]

    yield begin
    for each in running:
        each.kill()
        each.communicate()


def until(bot: Bot, *words: str) -> str:
    """Return what a bot says up to a line that begins with one of these."""
    assert bot.stdout is not None
    said = []
    for line in bot.stdout:
        said.append(line)
        if line.startswith(words):
            return "".join(said)
    raise AssertionError("".join(said))


def check(account: AccountHandle, journal: str) -> None:
    """The journal knows what became of each request, and each order of the exchange's; one rests."""
    _, found = read_database(journal)
    made = [
        entry.params["newClientOrderId"]
        for entry in found.values()
        if entry.method == "order.place" and entry.state == "accepted"
    ]
    orders = account.request("allOrders", {"symbol": "BTCUSDT", "limit": 1000})
    assert not [entry for entry in found.values() if entry.state == "open"]
    assert (
        sorted(order["clientOrderId"] for order in orders if "NEW" in order["status"]) == made[-1:]
    )
    assert len(orders) == len(made)


def test_it_takes_over_from_a_bot_that_was_killed(
    bot: Callable[[str], Bot], account: AccountHandle, journal: str
) -> None:
    first = bot("100000")
    until(first, "rest")
    second = bot("3")
    assert "held by process" in until(second, "standing by")
    until(first, "rest")
    first.kill()

    said = until(second, "leading") + printed(second)

    assert said.count("rest ") == 3
    assert "Traceback" not in said
    check(account, journal)


def test_a_bot_that_was_held_up_leads_no_more(
    bot: Callable[[str], Bot], account: AccountHandle, journal: str
) -> None:
    first = bot("100000")
    until(first, "rest")
    first.send_signal(signal.SIGSTOP)
    second = bot("100000")
    until(second, "leading")
    until(second, "rest")

    first.send_signal(signal.SIGCONT)
    until(first, "lost the lead")
    until(first, "standing by")
    second.kill()

    until(first, "leading")
    until(first, "rest")
    first.kill()
    first.wait()
    third = bot("1")
    until(third, "rest")
    printed(third)
    check(account, journal)


def test_both_outlive_a_restart_of_their_database(
    bot: Callable[[str], Bot], server: PostgresServer, account: AccountHandle, journal: str
) -> None:
    first = bot("100000")
    until(first, "rest")
    second = bot("100000")
    until(second, "standing by")

    server.stop()
    assert "the journal did not take it" in until(first, "lost the lead")
    until(first, "waiting")
    until(second, "waiting")
    server.start()

    until(first, "standing by", "leading")  # whichever of the two was quicker
    first.kill()
    until(second, "leading")
    until(second, "rest")
    second.kill()
    second.wait()
    third = bot("1")
    until(third, "rest")
    printed(third)
    check(account, journal)
