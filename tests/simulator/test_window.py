"""The window to look through: in a real browser, and at its doors."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from browser import needs_browser, new_page, running_browser
from playwright.sync_api import Page, expect

from binance_wsapi import Client
from binance_wsapi.markets import Market
from binance_wsapi.simulator import ExchangeWindow, SimulatedExchange
from binance_wsapi.simulator.exchange import Key
from binance_wsapi.simulator.window.frames import as_test


@pytest.fixture
def exchange() -> Iterator[SimulatedExchange]:
    with SimulatedExchange(market_maker=True) as running:
        yield running


@pytest.fixture
def window(exchange: SimulatedExchange) -> Iterator[ExchangeWindow]:
    with ExchangeWindow(exchange) as opened:
        yield opened


@pytest.fixture
def key(exchange: SimulatedExchange) -> Key:
    return exchange.create_account().create_key()


@pytest.fixture
def bot(exchange: SimulatedExchange, key: Key) -> Iterator[Client]:
    with exchange.client(key) as client:
        yield client


@pytest.fixture
def page(window: ExchangeWindow) -> Iterator[Page]:
    with running_browser() as browser, new_page(browser) as opened:
        opened.goto(window.url)
        yield opened


def rest(client: Client, client_order_id: str) -> None:
    client.spot.submit_new_order(
        "BTCUSDT",
        side="BUY",
        type="LIMIT",
        time_in_force="GTC",
        price="50000",
        quantity="0.5",
        new_client_order_id=client_order_id,
    )


def refusal(window: ExchangeWindow, path: str, body: object, token: str | None = None) -> str:
    """Return status and words of a request that is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        asked(window, path, body, token)
    with refused.value as answer:
        return f"{answer.code} {answer.read().decode()}"


def asked(window: ExchangeWindow, path: str, body: object = None, token: str | None = None) -> Any:
    address, _, right = window.url.partition("#")
    request = urllib.request.Request(
        address + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {right if token is None else token}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@needs_browser
def test_what_a_bot_does_is_seen(page: Page, bot: Client) -> None:
    rest(bot, "seen")

    expect(page.locator("#accounts")).to_contain_text("seen")
    expect(page.locator("#accounts")).to_contain_text("25000 locked")
    expect(page.locator("#bids tr").first).to_be_visible()
    expect(page.locator("#frames")).to_contain_text("order.place")
    page.locator("#filter").fill("no such thing")
    expect(page.locator("#frames tr")).to_have_count(0)


@needs_browser
def test_a_fault_button_cuts_the_bot_off_and_it_heals(
    page: Page, bot: Client, exchange: SimulatedExchange
) -> None:
    events = bot.subscribe_user_data_stream()
    before = exchange.journal.connections()

    page.get_by_role("button", name="Cut all").click()

    exchange.journal.wait_for(
        lambda frame: frame.direction == "open" and frame.connection_id not in before
    )
    rest(bot, "after")
    assert any(getattr(event, "client_order_id", "") == "after" for event in iter(events.get, None))
    expect(page.locator("#accounts")).to_contain_text("after")


@needs_browser
def test_a_request_is_copied_as_a_test_that_passes(
    page: Page, bot: Client, exchange: SimulatedExchange
) -> None:
    rest(bot, "copied")
    page.locator("#filter").fill("request order.place")
    button = page.get_by_role("button", name="Copy as test")

    button.click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    made: dict[str, Any] = {}
    exec(text, made)
    with exchange.client() as fresh:
        made["test_order_place"](fresh)
    assert "apiKey" not in text


@needs_browser
def test_clock_price_deposits_and_refusals(
    page: Page, bot: Client, exchange: SimulatedExchange
) -> None:
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("#state")).to_have_text("clock frozen")
    assert exchange.clock.is_frozen

    page.get_by_label("Quote around").fill("70000")
    page.get_by_role("button", name="Move").click()
    expect(page.locator("#bids")).to_contain_text("699")

    page.get_by_label("Amount").fill("12345")
    page.get_by_role("button", name="Deposit").click()
    expect(page.locator("#accounts")).to_contain_text("1012345")

    page.get_by_label("Amount").fill("much")
    page.get_by_role("button", name="Deposit").click()
    expect(page.get_by_role("alert")).to_have_text("amount='much' is no number")

    page.get_by_role("button", name="Set").click()
    expect(page.locator("#faults")).to_contain_text("answer lost")
    page.get_by_role("button", name="End all faults").click()
    expect(page.locator("#faults li")).to_have_count(0)


def test_nobody_comes_in_without_the_token(window: ExchangeWindow) -> None:
    for path, body in (("state", None), ("test?frame=0", None), ("press", {"action": "freeze"})):
        assert refusal(window, path, body, "guessed").startswith("401 ")


def test_futures_orders_wallets_and_positions_are_shown(
    window: ExchangeWindow, bot: Client
) -> None:
    bot.usdm.submit_new_order("BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    bot.usdm.submit_new_algo_order(
        "BTCUSDT",
        algo_type="CONDITIONAL",
        side="SELL",
        type="STOP_MARKET",
        trigger_price="40000",
        quantity="0.1",
    )
    bot.coinm.submit_new_order(
        "BTCUSD_PERP", side="BUY", type="LIMIT", time_in_force="GTC", price="40000", quantity="3"
    )

    for market, symbol in (("usdm", "BTCUSDT"), ("coinm", "BTCUSD_PERP")):
        state = asked(window, f"state?market={market}&symbol={symbol}")
        assert state["book"]["bids"]
        assert symbol in state["symbols"][market]
    (account,) = state["accounts"]
    orders = {(order["market"], order["type"]): order["origQty"] for order in account["orders"]}
    assert orders == {("usdm", "STOP_MARKET"): "0.100", ("coinm", "LIMIT"): "3"}
    assert [each["positionAmt"] for each in account["positions"]] == ["0.100"]
    assert {(each["market"], each["asset"]) for each in account["wallets"]} >= {("usdm", "USDT")}


def test_no_secret_is_shown(window: ExchangeWindow, bot: Client, key: Key) -> None:
    bot.spot.get_account_information()
    bot.usdm.start_user_data_stream_for_key()

    text = json.dumps(asked(window, "state"))

    assert "session.logon" in text
    assert key.api_key not in text
    assert '\\"signature\\":\\"' in text.replace("\\u2026", "…")
    assert '\\"listenKey\\":\\"…' in text.replace("\\u2026", "…")


def test_a_refused_request_is_copied_with_its_refusal(
    exchange: SimulatedExchange, bot: Client
) -> None:
    with pytest.raises(Exception, match="-2013"):
        bot.spot.get_order_status("BTCUSDT", order_id=999)
    (request,) = exchange.journal.requests("order.status")
    (answer,) = exchange.journal.answers(request.payload["id"])
    made: dict[str, Any] = {}

    exec(as_test(request, answer), made)

    made["test_order_status"](bot)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"action": "explode"}, "no button 'explode'"),
        ({"action": "advance", "seconds": "NaN"}, "seconds='NaN' is no number"),
        ({"action": "advance", "seconds": "-1"}, "set back"),
        ({"action": "move_price", "market": "spot", "symbol": "NONE", "price": "1"}, "no symbol"),
        ({"action": "move_price", "market": "moon", "symbol": "X", "price": "1"}, "no market"),
        ({"action": "move_price", "market": "spot", "symbol": "BTCUSDT", "price": "0"}, "price=0"),
        ({"action": "deposit", "market": "spot", "asset": "", "amount": "1"}, "asset is missing"),
        ({"action": "deposit", "market": "spot", "asset": "BTC", "amount": "1"}, "no account 0"),
        ({"action": "request_fault", "fault": "rain"}, "no fault 'rain'"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(
    window: ExchangeWindow, given: dict[str, str], says: str
) -> None:
    told = refusal(window, "press", given)

    assert told.startswith("400 ")
    assert says in told


def test_a_futures_deposit_reaches_its_wallet(
    window: ExchangeWindow, exchange: SimulatedExchange
) -> None:
    account = exchange.create_account({}, usdm={"USDT": "1"})
    given = {"action": "deposit", "market": "usdm", "asset": "usdt", "uid": account.uid}

    asked(window, "press", given | {"amount": "5"})

    (wallet,) = [
        each
        for each in account.request("account.balance", market=Market.USDM)
        if each["asset"] == "USDT"
    ]
    assert float(wallet["balance"]) == 6.0


def test_it_can_be_closed_and_the_exchange_goes_on(
    exchange: SimulatedExchange, bot: Client
) -> None:
    window = ExchangeWindow(exchange).open()
    address = window.url
    window.close()
    window.close()

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address)
    bot.spot.test_connectivity()
