"""Reading an account's events out of an event log, in any process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, overload

from binance_wsapi.core.logged_account import stream_of
from binance_wsapi.core.user_data_streams import user_event_decoder
from binance_wsapi.endpoints import WsKey
from binance_wsapi.event_log.logged_events import AsyncLoggedEvents, LoggedEvents, begun, reader_of
from binance_wsapi.event_log.names import checked_account, keys_of

if TYPE_CHECKING:
    from binance_wsapi.event_log.reader import LogReader
    from binance_wsapi.user_data import (
        CoinmUserData,
        EoptionsUserData,
        MarginUserData,
        PortfolioMarginProUserData,
        PortfolioMarginUserData,
        SpotUserData,
        UsdmUserData,
    )

__all__ = ["read_events", "read_events_async"]


@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[
        WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI_TESTNET
    ] = WsKey.MAIN_WSAPI,
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[SpotUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.USDM_WSAPI, WsKey.USDM_WSAPI_TESTNET],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[UsdmUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.COINM_WSAPI, WsKey.COINM_WSAPI_TESTNET],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[CoinmUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[MarginUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.PORTFOLIO_MARGIN_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[PortfolioMarginUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[PortfolioMarginProUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: Literal[WsKey.EOPTIONS_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[EoptionsUserData]: ...
@overload
def read_events(
    url: str,
    account: str,
    ws_key: WsKey,
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[Any]: ...
def read_events(
    url: str,
    account: str,
    ws_key: WsKey = WsKey.MAIN_WSAPI,
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[Any]:
    """Return an account's events as its publisher logged them, for blocking readers.

    They are typed as those of ``subscribe_user_data_stream``, and come in the same order, with the gaps and what
    was found out after them. What the log has lost or trimmed since ``after`` is told by a :class:`StreamGap`. The
    stream waits for a server that is away, and ends when it is closed.

    Args:
        url: The server, as the option ``event_log`` of the client that publishes names it.
        account: The account's name, or :func:`account_name` of its API key.
        ws_key: The connection whose account it is, as it was subscribed with.
        after: Where to go on: :attr:`~LoggedEvents.position` of a stream that was read before. ``None``
            begins with what is appended from now on, ``"start"`` with the oldest entry that is kept.
        isolated_symbol: The symbol of an isolated margin account.
        numbers: What events have for decimals: ``"decimal"`` or ``"float"``.

    Raises:
        ConfigurationError: redis-py is not installed, the URL cannot be, or the server refuses to tell.
        ParameterError: ``account``, ``after`` or ``numbers`` cannot be.
        TimeoutError: The server did not tell within ten seconds what "from now on" is; with ``after`` nothing
            is asked for, and a server that is away is waited for.
    """
    reader = _reader(url, account, ws_key, after, isolated_symbol, numbers)
    return begun(LoggedEvents, reader)


@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[
        WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI_TESTNET
    ] = WsKey.MAIN_WSAPI,
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[SpotUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.USDM_WSAPI, WsKey.USDM_WSAPI_TESTNET],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[UsdmUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.COINM_WSAPI, WsKey.COINM_WSAPI_TESTNET],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[CoinmUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[MarginUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.PORTFOLIO_MARGIN_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[PortfolioMarginUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[PortfolioMarginProUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: Literal[WsKey.EOPTIONS_USER_DATA],
    *,
    after: str | None = None,
    isolated_symbol: None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[EoptionsUserData]: ...
@overload
async def read_events_async(
    url: str,
    account: str,
    ws_key: WsKey,
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[Any]: ...
async def read_events_async(
    url: str,
    account: str,
    ws_key: WsKey = WsKey.MAIN_WSAPI,
    *,
    after: str | None = None,
    isolated_symbol: str | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[Any]:
    """Return an account's events as its publisher logged them, for event loops: see :func:`read_events`.

    Args:
        url: The server, as the option ``event_log`` of the client that publishes names it.
        account: The account's name, or :func:`account_name` of its API key.
        ws_key: The connection whose account it is, as it was subscribed with.
        after: Where to go on: :attr:`~LoggedEvents.position` of a stream that was read before. ``None``
            begins with what is appended from now on, ``"start"`` with the oldest entry that is kept.
        isolated_symbol: The symbol of an isolated margin account.
        numbers: What events have for decimals: ``"decimal"`` or ``"float"``.

    Raises:
        ConfigurationError: redis-py is not installed, the URL cannot be, or the server refuses to tell.
        ParameterError: ``account``, ``after`` or ``numbers`` cannot be.
        TimeoutError: The server did not tell within ten seconds what "from now on" is; with ``after`` nothing
            is asked for, and a server that is away is waited for.
    """
    reader = _reader(url, account, ws_key, after, isolated_symbol, numbers)
    return await asyncio.to_thread(begun, AsyncLoggedEvents, reader)


def _reader(
    url: str,
    account: str,
    ws_key: WsKey,
    after: str | None,
    isolated_symbol: str | None,
    numbers: str,
) -> LogReader:
    ws_key = WsKey(ws_key)
    return reader_of(
        url,
        keys_of(checked_account(account), stream_of(ws_key, isolated_symbol)),
        after,
        decode=user_event_decoder(ws_key),
        numbers=numbers,
        told_of="the account's events",
    )
