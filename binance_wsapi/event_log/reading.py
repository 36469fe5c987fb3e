"""Reading an account's events out of an event log, in any process."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from binance_wsapi.core.logged_account import stream_of
from binance_wsapi.core.user_data_streams import user_event_decoder
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.event_log.names import OWN_PARAMETERS, checked_account, keys_of
from binance_wsapi.event_log.position import Position
from binance_wsapi.events import AsyncEventStream, BaseEventStream, EventStream
from binance_wsapi.forks import unforked
from binance_wsapi.options import own_parameters, problem_of_server, without_user

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

__all__ = ["AsyncLoggedEvents", "LoggedEvents", "read_events", "read_events_async"]

T = TypeVar("T")

START = "start"


class _Logged(BaseEventStream[T]):
    """What both streams out of a log have."""

    _reader: LogReader

    @property
    def position(self) -> str:
        """Where the event that was taken last stands: a stream that is read ``after`` it goes on behind it.

        Keep it when an event has been dealt with. Who takes events on several threads cannot tell whose it is.
        """
        return str(self._reader.position)

    @property
    def problem(self) -> str | None:
        """Why nothing comes for now: the server is away, or nobody publishes; ``None`` when all is well."""
        return self._reader.problem


class LoggedEvents(_Logged[T], EventStream[T]):
    """The events of an account out of a log: an :class:`EventStream` that knows where it stands."""


class AsyncLoggedEvents(_Logged[T], AsyncEventStream[T]):
    """The same for event loops: an :class:`AsyncEventStream` that knows where it stands."""


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
    return _begun(LoggedEvents, reader)


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
    return await asyncio.to_thread(_begun, AsyncLoggedEvents, reader)


def _reader(
    url: str,
    account: str,
    ws_key: WsKey,
    after: str | None,
    isolated_symbol: str | None,
    numbers: str,
) -> LogReader:
    if problem := problem_of_server(url):
        raise ConfigurationError(f"url={without_user(url)!r}{problem}")
    if numbers not in ("decimal", "float"):
        raise ParameterError(f"numbers={numbers!r}: use 'decimal' or 'float'", parameter="numbers")
    try:
        with unforked:
            from binance_wsapi.event_log.reader import LogReader
    except ModuleNotFoundError:
        raise ConfigurationError(
            "an event log needs redis-py: pip install 'binance-wsapi[redis]'"
        ) from None
    ws_key = WsKey(ws_key)
    position = None if after is None else Position() if after == START else Position.read(after)
    return LogReader(
        own_parameters(url, OWN_PARAMETERS)[0],
        keys_of(checked_account(account), stream_of(ws_key, isolated_symbol)),
        position,
        decode=user_event_decoder(ws_key),
        in_floats=numbers == "float",
    )


S = TypeVar("S", LoggedEvents[Any], AsyncLoggedEvents[Any])


def _begun(kind: type[S], reader: LogReader) -> S:
    reader.begin()
    stream = kind(name=reader.name, buffer=reader.buffer, close=reader.close, hold=reader)
    stream._reader = reader
    weakref.finalize(stream, reader.close)
    return stream
