"""Alpha over real sockets: its market streams, and what there is not of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller

from binance_wsapi import ConfigurationError, EventStream, StreamGap, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.models import alpha_stream_events as alpha
from binance_wsapi.models import futures_stream_events as futures
from binance_wsapi.models import spot_stream_events as spot
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.alpha import TOKENS

Connect = Callable[..., Caller]

TOKEN = TOKENS[0]
ADDRESS, CHAIN = TOKEN.contract.split("@")


@pytest.fixture
def caller(connect: Connect, exchange: SimulatedExchange) -> Caller:
    """A client without a key, beside a maker who quotes every token."""
    exchange.call(lambda: exchange.venue.alpha.start_maker())
    return connect(api_key=None)


def subscribe(caller: Caller, *names: str) -> EventStream[Any]:
    stream: EventStream[Any] = caller.call(
        lambda client: client.streams.subscribe(*names, ws_key=WsKey.ALPHA)
    )
    return stream


def trade(exchange: SimulatedExchange, quantity: str = "1.5") -> None:
    exchange.trade(TOKEN.symbol, "BUY", quantity, "9", market=Market.ALPHA)


def next_of(caller: Caller, stream: EventStream[Any], kind: type[Any]) -> Any:
    for _ in range(50):
        event = caller.next_event(stream)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


NAMES: dict[str, tuple[Callable[[Any], str], type[Any]]] = {
    "agg_trade": (lambda s: s.agg_trade(TOKEN.symbol), spot.AggregateTradeEvent),
    "trade": (lambda s: s.trade(TOKEN.symbol), spot.TradeEvent),
    "kline": (lambda s: s.kline(TOKEN.symbol, "1m"), spot.KlineEvent),
    "mini_ticker": (lambda s: s.mini_ticker(TOKEN.symbol), spot.MiniTickerEvent),
    "all_alpha_mini_tickers": (lambda s: s.all_alpha_mini_tickers(), spot.MiniTickerEvent),
    "ticker": (lambda s: s.ticker(TOKEN.symbol), futures.FuturesTickerEvent),
    "all_alpha_tickers": (lambda s: s.all_alpha_tickers(), futures.FuturesTickerEvent),
    "book_ticker": (lambda s: s.book_ticker(TOKEN.symbol), futures.FuturesBookTickerEvent),
    "all_book_tickers": (lambda s: s.all_book_tickers(), futures.FuturesBookTickerEvent),
    "full_depth": (lambda s: s.full_depth(TOKEN.symbol, "100ms"), futures.FuturesDepthEvent),
    "full_depth 0ms": (lambda s: s.full_depth(TOKEN.symbol, "0ms"), futures.FuturesDepthEvent),
    "partial_depth": (
        lambda s: s.partial_depth(TOKEN.symbol, 5, "500ms"),
        futures.FuturesPartialDepthEvent,
    ),
    "token_kline": (lambda s: s.token_kline(ADDRESS, CHAIN, "1s"), alpha.AlphaTokenKlineEvent),
    "all_token_tickers": (lambda s: s.all_token_tickers(), alpha.AlphaTokenTickersEvent),
}


@pytest.mark.parametrize(("name", "kind"), NAMES.values(), ids=NAMES)
def test_every_stream_sends_its_events(
    caller: Caller, exchange: SimulatedExchange, name: Callable[[Any], str], kind: type[Any]
) -> None:
    stream = subscribe(caller, name(caller.client.streams))

    trade(exchange)

    event = caller.next_event(stream)
    assert type(event) is kind
    assert not [member for member in event.raw if member not in _members(kind)]
    assert _members(kind) - set(event.raw) <= {"M", "ps", "st", "nq", "E"}


def _members(kind: type[Any]) -> set[str]:
    return {"e", *(kind.__struct_encode_fields__)}


def test_what_was_traded_is_told(caller: Caller, exchange: SimulatedExchange) -> None:
    streams = caller.client.streams
    trades = subscribe(caller, streams.trade(TOKEN.symbol))
    tokens = subscribe(caller, streams.all_token_tickers())

    trade(exchange, "2.25")

    assert caller.next_event(trades).quantity == Decimal("2.25")
    ticker = caller.next_event(tokens).tokens[0]
    assert (ticker.contract, ticker.holder_count) == (TOKEN.contract, TOKEN.holders)
    assert ticker.fully_diluted_value == ticker.price * TOKEN.supply


def test_a_token_candle_ends_where_the_next_begins(
    caller: Caller, exchange: SimulatedExchange
) -> None:
    stream = subscribe(caller, caller.client.streams.token_kline(ADDRESS, CHAIN, "1m"))

    trade(exchange)

    candle = caller.next_event(stream).kline
    assert candle.close_time - candle.open_time == 60_000


def test_changes_of_a_book_name_the_one_before(caller: Caller, exchange: SimulatedExchange) -> None:
    stream = subscribe(caller, caller.client.streams.full_depth(TOKEN.symbol, "0ms"))

    trade(exchange)
    first = caller.next_event(stream)
    trade(exchange)
    second = caller.next_event(stream)

    assert second.previous_final_update_id == first.final_update_id
    assert first.asks


def test_a_lost_connection_is_a_gap_and_comes_back(
    caller: Caller, exchange: SimulatedExchange
) -> None:
    stream = subscribe(caller, caller.client.streams.trade(TOKEN.symbol))

    exchange.drop_connections("/alpha")
    gap = next_of(caller, stream, StreamGap)
    while gap.is_open:
        gap = next_of(caller, stream, StreamGap)
    trade(exchange)

    assert next_of(caller, stream, spot.TradeEvent).symbol == TOKEN.symbol


def test_there_is_no_local_book_and_why_is_said(caller: Caller) -> None:
    with pytest.raises(ConfigurationError, match="no document says how the order book"):
        caller.call(lambda client: client.streams.order_book(TOKEN.symbol, ws_key=WsKey.ALPHA))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda c: c.subscribe_user_data_stream(WsKey.ALPHA), "takes no requests"),
        (lambda c: c.request(WsKey.ALPHA, "ping"), "takes no requests"),
        (lambda c: c.rest("alpha", "GET", "/bapi/x"), "no market 'alpha' with a REST API"),
    ],
)
def test_what_it_does_not_have_is_refused(
    connect: Connect, asked: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        connect().call(asked)


def test_prices_of_tokens_move(caller: Caller, exchange: SimulatedExchange) -> None:
    stream = subscribe(caller, caller.client.streams.book_ticker(TOKEN.symbol))

    exchange.move_price(TOKEN.symbol, "12.5", market=Market.ALPHA)

    best = caller.next_event(stream)
    while best.bid_price < 12:
        best = caller.next_event(stream)
    assert 12 < best.bid_price < Decimal("12.5") < best.ask_price < 13
