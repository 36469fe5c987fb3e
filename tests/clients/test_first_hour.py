"""Small things that are met in the first hour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import AsyncClient, Client, ClientClosed
from binance_wsapi.__main__ import main

Connect = Callable[..., Caller]


def test_a_stream_on_which_no_event_waits_is_true(connect: Connect) -> None:
    stream = connect().call(lambda client: client.subscribe_user_data_stream())

    assert len(stream) == 0
    assert stream


def test_a_closed_client_is_not_entered_again() -> None:
    async def enter(client: AsyncClient) -> None:
        await client.close()
        async with client:
            raise AssertionError("entered")

    client = Client()
    client.close()

    with pytest.raises(ClientClosed, match="the client is closed"), client:
        raise AssertionError("entered")
    with pytest.raises(ClientClosed, match="the client is closed"):
        asyncio.run(enter(AsyncClient()))


def test_a_symbol_of_any_case_opens_a_book(connect: Connect) -> None:
    book: Any = connect().call(lambda client: client.streams.order_book("btcusdt"))

    assert book.symbol == "BTCUSDT"


def test_help_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "`" not in capsys.readouterr().out
