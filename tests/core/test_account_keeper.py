"""What the keeper of an account believes of the answers it joins the account by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from binance_wsapi.core import account_keeper
from binance_wsapi.core.account_keeper import AccountKeeper
from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market

ACCOUNT = b'{"balances":[{"asset":"BTC","free":"1.5","locked":"0"}]}'
ORDERS = b"[]"
ODD_ACCOUNTS = [b"null", b"-5", b"[]", b'"text"', b"{}", b'{"balances":null}']
ODD_ORDERS = [b"null", b"-5", b"{}", b"[1]", b'[{"symbol":"BTCUSDT","orderId":null}]']


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAG_S", "RETRY_DELAY_S", "LONGEST_DELAY_S"):
        monkeypatch.setattr(account_keeper, name, 0.0)


@pytest.mark.parametrize(
    ("accounts", "orders"),
    [
        *(([odd, ACCOUNT], [ORDERS]) for odd in ODD_ACCOUNTS),
        *(([ACCOUNT], [odd, ORDERS]) for odd in ODD_ORDERS),
        ([*ODD_ACCOUNTS, ACCOUNT], [*ODD_ORDERS, ORDERS]),
    ],
)
def test_an_answer_that_tells_nothing_is_asked_for_again(
    accounts: list[bytes], orders: list[bytes]
) -> None:
    """Taken for an account without balances, or one without orders, it would be a lie."""
    answers: dict[str, Iterator[bytes]] = {
        "account.status": iter(accounts),
        "openOrders.status": iter(orders),
    }

    async def ask(link: None, method: str, params: Mapping[str, Any], *, urgent: bool) -> Any:
        return SimpleNamespace(raw_result=next(answers[method]))

    session: Any = SimpleNamespace(market=Market.SPOT, ask=ask, runtime=None)
    nobody: Any = None
    keeper = AccountKeeper(nobody, session, WsKey.MAIN_WSAPI, nobody)

    asyncio.run(keeper._join())

    assert keeper.is_ready
    assert list(keeper.mirror.snapshot().balances) == ["BTC"]
    assert [next(each, None) for each in answers.values()] == [None, None]


def test_an_answer_that_stays_unreadable_is_admitted() -> None:
    """Whoever waits for the account hears why it takes so long."""

    async def told() -> str:
        admitted = asyncio.Event()

        async def ask(link: None, method: str, params: Mapping[str, Any], *, urgent: bool) -> Any:
            if keeper.trouble:
                admitted.set()
            await asyncio.sleep(0)
            return SimpleNamespace(raw_result=b'[{"symbol":"BTCUSDT"}]')

        session: Any = SimpleNamespace(market=Market.SPOT, ask=ask, runtime=None)
        nobody: Any = None
        keeper = AccountKeeper(nobody, session, WsKey.MAIN_WSAPI, nobody)
        joining = asyncio.create_task(keeper._join())
        async with asyncio.timeout(60):
            await admitted.wait()
        joining.cancel()
        assert not keeper.is_ready
        return keeper.trouble

    assert asyncio.run(told()) == "an answer of the exchange cannot be read"
