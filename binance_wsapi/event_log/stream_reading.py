"""Reading a market stream out of an event log, in any process."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args, overload

from binance_wsapi.core.logged_stream import CUSTOM, PRODUCTION, stream_log_name
from binance_wsapi.core.market_streams import key_of, stream_market
from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, Environment, WsKey, environment_of
from binance_wsapi.errors import ParameterError
from binance_wsapi.event_log.logged_events import AsyncLoggedEvents, LoggedEvents, begun, reader_of
from binance_wsapi.event_log.names import stream_keys_of
from binance_wsapi.events import StreamGap, StreamName
from binance_wsapi.models.stream_events import stream_event_decoder
from binance_wsapi.protocol.stream_names import checked_names

if TYPE_CHECKING:
    from binance_wsapi.event_log.reader import LogReader

__all__ = ["read_stream", "read_stream_async"]

E = TypeVar("E")

Exchange: TypeAlias = Literal["production", "testnet", "demo", "custom"]


@overload
def read_stream(
    url: str,
    name: StreamName[E],
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[E | StreamGap]: ...
@overload
def read_stream(
    url: str,
    name: str,
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[Any]: ...
def read_stream(
    url: str,
    name: str,
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> LoggedEvents[Any]:
    """Return a market stream as its publisher logged it, for blocking readers.

    The events are typed as those of ``client.streams.subscribe``, and come in the same order, with the gaps. What
    the log has lost or trimmed since ``after`` is told by a :class:`StreamGap`. The stream waits for a server that
    is away, and ends when it is closed.

    Args:
        url: The server, as the option ``event_log`` of the client that publishes names it.
        name: The stream, from the builders of ``client.streams`` or as the exchange spells it.
        ws_key: The connection, and with it the market; several that carry the same streams are one.
        after: Where to go on: :attr:`~LoggedEvents.position` of a stream that was read before. ``None``
            begins with what is appended from now on, ``"start"`` with the oldest entry that is kept.
        exchange: Whose stream it is: ``"production"``, ``"testnet"``, ``"demo"``, or ``"custom"`` where the client
            that publishes is led by ``urls``, to the embedded exchange for example. By default where
            ``BINANCE_WSAPI_ENV`` leads clients of this process, else production; keys of the testnet mean that.
        numbers: What events have for decimals: ``"decimal"`` or ``"float"``.

    Raises:
        ConfigurationError: redis-py is not installed, the URL cannot be, the server refuses to tell, or the
            connection carries no market streams.
        ParameterError: ``name``, ``after``, ``exchange`` or ``numbers`` cannot be.
        TimeoutError: The server did not tell within ten seconds what "from now on" is; with ``after`` nothing
            is asked for, and a server that is away is waited for.
    """
    return begun(LoggedEvents, _reader(url, name, ws_key, after, exchange, numbers))


@overload
async def read_stream_async(
    url: str,
    name: StreamName[E],
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[E | StreamGap]: ...
@overload
async def read_stream_async(
    url: str,
    name: str,
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[Any]: ...
async def read_stream_async(
    url: str,
    name: str,
    ws_key: WsKey = WsKey.MAIN,
    *,
    after: str | None = None,
    exchange: Exchange | None = None,
    numbers: Literal["decimal", "float"] = "decimal",
) -> AsyncLoggedEvents[Any]:
    """Return a market stream as its publisher logged it, for event loops: see :func:`read_stream`.

    Args:
        url: The server, as the option ``event_log`` of the client that publishes names it.
        name: The stream, from the builders of ``client.streams`` or as the exchange spells it.
        ws_key: The connection, and with it the market; several that carry the same streams are one.
        after: Where to go on: :attr:`~LoggedEvents.position` of a stream that was read before. ``None``
            begins with what is appended from now on, ``"start"`` with the oldest entry that is kept.
        exchange: Whose stream it is: ``"production"``, ``"testnet"``, ``"demo"``, or ``"custom"`` where the client
            that publishes is led by ``urls``, to the embedded exchange for example. By default where
            ``BINANCE_WSAPI_ENV`` leads clients of this process, else production; keys of the testnet mean that.
        numbers: What events have for decimals: ``"decimal"`` or ``"float"``.

    Raises:
        ConfigurationError: redis-py is not installed, the URL cannot be, the server refuses to tell, or the
            connection carries no market streams.
        ParameterError: ``name``, ``after``, ``exchange`` or ``numbers`` cannot be.
        TimeoutError: The server did not tell within ten seconds what "from now on" is; with ``after`` nothing
            is asked for, and a server that is away is waited for.
    """
    reader = _reader(url, name, ws_key, after, exchange, numbers)
    return await asyncio.to_thread(begun, AsyncLoggedEvents, reader)


def _reader(
    url: str, name: str, ws_key: WsKey, after: str | None, exchange: str | None, numbers: str
) -> LogReader:
    ws_key = WsKey(ws_key)
    market = stream_market(ws_key)
    (name,) = checked_names([name])
    key = key_of(ws_key, name)
    return reader_of(
        url,
        stream_keys_of(_exchange(key, exchange), stream_log_name(key, name)),
        after,
        decode=stream_event_decoder(market, name),
        numbers=numbers,
        told_of=f"{name} of {key}",
    )


def _exchange(ws_key: WsKey, given: str | None) -> str:
    known = get_args(Exchange)
    if given is not None and given not in known:
        raise ParameterError(
            f"exchange={given!r} is none that can be logged: use one of {', '.join(map(repr, known))}",
            parameter="exchange",
            value=given,
        )
    if environment_of(ws_key, Environment.PRODUCTION) is Environment.TESTNET:
        testnet = Environment.TESTNET.value
        if given not in (None, testnet):
            raise ParameterError(
                f"exchange={given!r}, but {ws_key!s} is of the testnet: leave it out, or use another connection",
                parameter="exchange",
                value=given,
            )
        return testnet
    if given is not None:
        return given
    led = os.environ.get(ENVIRONMENT_VARIABLE) or PRODUCTION
    return led if led in known else CUSTOM
