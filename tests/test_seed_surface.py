"""Every row of the seed SDK's tables exists on both clients and works on the embedded exchange.

The tables are those of its WebSocket API client: methods by group, user data, options.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from callers import FLAVOURS, Caller, Flavour, caller_of

from binance_wsapi import AsyncClient, Client, ClientClosed, EventStream, RequestRejected, WsKey
from binance_wsapi.core.market_streams import key_of
from binance_wsapi.endpoints import endpoint
from binance_wsapi.markets import Market
from binance_wsapi.simulator import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.paths import path_of

REFERENCE = Path(__file__).parent / "reference"


class Desk:
    """The account of the client under test, acted upon from beside it."""

    def __init__(self, exchange: SimulatedExchange, account: AccountHandle) -> None:
        self.exchange = exchange
        self.account = account
        self._steps = itertools.count()

    def order(self, market: Market = Market.SPOT) -> int:
        """Rest an order and return its id."""
        symbol, quantity = ("BTCUSD_PERP", "1") if market is Market.COINM else ("BTCUSDT", "0.01")
        answer = self.account.request(
            "order.place",
            {
                "symbol": symbol,
                "side": "BUY",
                "type": "LIMIT",
                "timeInForce": "GTC",
                "quantity": quantity,
                "price": str(50_000 + next(self._steps)),
            },
            market=market,
        )
        order_id: int = answer["orderId"]
        return order_id

    def order_list(self) -> int:
        """Rest a pair of orders and return the id of their list."""
        self.order()  # there has to be one to cancel
        # Few algo orders may be open at a time.
        self.account.request("openOrders.cancelAll", {"symbol": "BTCUSDT"})
        answer = self.account.request(
            "orderList.place.oco",
            {
                "symbol": "BTCUSDT",
                "side": "SELL",
                "quantity": "0.01",
                "aboveType": "LIMIT_MAKER",
                "abovePrice": "70000.00",
                "belowType": "STOP_LOSS",
                "belowStopPrice": "60000.00",
            },
        )
        list_id: int = answer["orderListId"]
        return list_id

    def make_news(self, ws_key: WsKey) -> None:
        """Let something happen that the user data of a connection tells."""
        venue, uid = self.exchange.venue, self.account.uid
        match ws_key:
            case WsKey.MARGIN_USER_DATA:
                self.account.margin().deposit("USDT", 1)
            case WsKey.MARGIN_RISK_USER_DATA:
                self.exchange.call(
                    lambda: venue.margin.tell_margin_level(uid, Decimal("1.1"), "MARGIN_CALL")
                )
            case WsKey.PORTFOLIO_MARGIN_USER_DATA:
                self.account.portfolio_margin().deposit("USDT", 1)
            case WsKey.EOPTIONS_USER_DATA:
                self.option_order()
            case WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA:
                portfolio = venue.portfolio_margin
                self.exchange.call(
                    lambda: portfolio.tell_pro(uid, "PM_PRO_ACCOUNT_UPDATE", {"u": "3.1"})
                )
            case _:
                self.order(endpoint(ws_key).market)

    def option_order(self, price: str = "5") -> str:
        """Place an order for an option and return its symbol."""
        market = self.exchange.venue.eoptions.market
        symbol = self.exchange.call(lambda: next(iter(market.options)))
        order = {"symbol": symbol, "side": "BUY", "type": "LIMIT", "quantity": "1", "price": price}
        number = next(self._steps)
        self.account.request(
            "POST /eapi/v1/order", {**order, "clientOrderId": f"o{number}"}, market=Market.EOPTIONS
        )
        return symbol

    def algo_order(self) -> int:
        """Rest a conditional order on USD-M and return its id."""
        answer = self.account.request(
            "algoOrder.place", {"algoType": "CONDITIONAL", **ALGO_ON_WIRE}, market=Market.USDM
        )
        algo_id: int = answer["algoId"]
        return algo_id


LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "50000",
    "quantity": "0.01",
}
COINM_LIMIT = {**LIMIT, "symbol": "BTCUSD_PERP", "quantity": 1}
ALGO_ON_WIRE = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP_MARKET",
    "quantity": "0.01",
    "triggerPrice": "70000",
}
ALGO = {
    "algo_type": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "STOP_MARKET",
    "quantity": "0.01",
    "trigger_price": "70000",
}
OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "0.01",
    "above_type": "LIMIT_MAKER",
    "above_price": "70000",
    "below_type": "STOP_LOSS",
    "below_stop_price": "60000",
}
WORKING = {
    "symbol": "BTCUSDT",
    "working_type": "LIMIT",
    "working_side": "BUY",
    "working_price": "50000",
    "working_quantity": "0.01",
    "working_time_in_force": "GTC",
}
PENDING = {"pending_type": "LIMIT_MAKER", "pending_side": "SELL", "pending_price": "70000"}
PENDING_PAIR = {
    "pending_side": "SELL",
    "pending_above_type": "LIMIT_MAKER",
    "pending_above_price": "70000",
    "pending_below_type": "STOP_LOSS",
    "pending_below_stop_price": "45000",
}

Use = Callable[[Any, Desk], Any]

SPOT: dict[str, Use] = {
    # Session & Exchange Info
    "testSpotConnectivity": lambda client, desk: client.spot.test_connectivity(),
    "getSpotSessionStatus": lambda client, desk: client.spot.get_session_status(),
    "getSpotServerTime": lambda client, desk: client.spot.get_server_time(),
    "getSpotExchangeInfo": lambda client, desk: client.spot.get_exchange_info(symbol="BTCUSDT"),
    "getSpotExecutionRules": lambda client, desk: client.spot.get_execution_rules(symbol="BTCUSDT"),
    # Market Data
    "getSpotOrderBook": lambda client, desk: client.spot.get_order_book(symbol="BTCUSDT"),
    "getSpotRecentTrades": lambda client, desk: client.spot.get_recent_trades(symbol="BTCUSDT"),
    "getSpotHistoricalTrades": lambda client, desk: client.spot.get_historical_trades(
        symbol="BTCUSDT"
    ),
    "getSpotHistoricalBlockTrades": lambda client, desk: client.spot.get_historical_block_trades(
        symbol="BTCUSDT", limit=10, from_id=0
    ),
    "getSpotAggregateTrades": lambda client, desk: client.spot.get_aggregate_trades(
        symbol="BTCUSDT"
    ),
    "getSpotKlines": lambda client, desk: client.spot.get_klines(symbol="BTCUSDT", interval="1m"),
    "getSpotUIKlines": lambda client, desk: client.spot.get_ui_klines(
        symbol="BTCUSDT", interval="1m"
    ),
    "getSpotAveragePrice": lambda client, desk: client.spot.get_average_price(symbol="BTCUSDT"),
    "getSpot24hrTicker": lambda client, desk: client.spot.get_24hr_ticker(symbol="BTCUSDT"),
    "getSpotTradingDayTicker": lambda client, desk: client.spot.get_trading_day_ticker(
        symbol="BTCUSDT"
    ),
    "getSpotTicker": lambda client, desk: client.spot.get_ticker(symbol="BTCUSDT"),
    "getSpotSymbolPriceTicker": lambda client, desk: client.spot.get_symbol_price_ticker(
        symbol="BTCUSDT"
    ),
    "getSpotSymbolOrderBookTicker": lambda client, desk: client.spot.get_symbol_order_book_ticker(
        symbol="BTCUSDT"
    ),
    "getSpotReferencePrice": lambda client, desk: client.spot.get_reference_price(symbol="BTCUSDT"),
    "getSpotReferencePriceCalculation": lambda client, desk: (
        client.spot.get_reference_price_calculation(symbol="BTCUSDT")
    ),
    # Order Management
    "submitNewSpotOrder": lambda client, desk: client.spot.submit_new_order(**LIMIT),
    "testSpotOrder": lambda client, desk: client.spot.test_order(**LIMIT),
    "getSpotOrderStatus": lambda client, desk: client.spot.get_order_status(
        symbol="BTCUSDT", order_id=desk.order()
    ),
    "cancelSpotOrder": lambda client, desk: client.spot.cancel_order(
        symbol="BTCUSDT", order_id=desk.order()
    ),
    "cancelReplaceSpotOrder": lambda client, desk: client.spot.cancel_replace_order(
        **LIMIT, cancel_replace_mode="STOP_ON_FAILURE", cancel_order_id=desk.order()
    ),
    "amendSpotOrderKeepPriority": lambda client, desk: client.spot.amend_order_keep_priority(
        symbol="BTCUSDT", order_id=desk.order(), new_qty="0.005"
    ),
    "getSpotOpenOrders": lambda client, desk: client.spot.get_open_orders(symbol="BTCUSDT"),
    "cancelAllSpotOpenOrders": lambda client, desk: (
        desk.order(),
        client.spot.cancel_all_open_orders(symbol="BTCUSDT"),
    )[1],
    "placeSpotOrderList": lambda client, desk: client.spot.place_order_list(
        symbol="BTCUSDT", side="SELL", price="70000", quantity="0.01", stop_price="60000"
    ),
    "placeSpotOCOOrderList": lambda client, desk: client.spot.place_oco_order_list(**OCO),
    "placeSpotOTOOrderList": lambda client, desk: client.spot.place_oto_order_list(
        **WORKING, **PENDING, pending_quantity="0.01"
    ),
    "placeSpotOTOCOOrderList": lambda client, desk: client.spot.place_otoco_order_list(
        **WORKING, **PENDING_PAIR, pending_quantity="0.01"
    ),
    "placeSpotOPOOrderList": lambda client, desk: client.spot.place_opo_order_list(
        **WORKING, **PENDING
    ),
    "placeSpotOPOCOOrderList": lambda client, desk: client.spot.place_opoco_order_list(
        **WORKING, **PENDING_PAIR
    ),
    "getSpotOrderListStatus": lambda client, desk: client.spot.get_order_list_status(
        order_list_id=desk.order_list()
    ),
    "cancelSpotOrderList": lambda client, desk: client.spot.cancel_order_list(
        symbol="BTCUSDT", order_list_id=desk.order_list()
    ),
    "getSpotOpenOrderLists": lambda client, desk: client.spot.get_open_order_lists(),
    "placeSpotSOROrder": lambda client, desk: client.spot.place_sor_order(**LIMIT),
    "testSpotSOROrder": lambda client, desk: client.spot.test_sor_order(**LIMIT),
    # Account
    "getSpotAccountInformation": lambda client, desk: client.spot.get_account_information(),
    "getSpotOrderRateLimits": lambda client, desk: client.spot.get_order_rate_limits(),
    "getSpotAllOrders": lambda client, desk: client.spot.get_all_orders(symbol="BTCUSDT"),
    "getSpotAllOrderLists": lambda client, desk: client.spot.get_all_order_lists(),
    "getSpotMyTrades": lambda client, desk: client.spot.get_my_trades(symbol="BTCUSDT"),
    "getSpotPreventedMatches": lambda client, desk: client.spot.get_prevented_matches(
        symbol="BTCUSDT", order_id=desk.order()
    ),
    "getSpotAllocations": lambda client, desk: client.spot.get_allocations(symbol="BTCUSDT"),
    "getSpotAccountCommission": lambda client, desk: client.spot.get_account_commission(
        symbol="BTCUSDT"
    ),
}

USDM: dict[str, Use] = {
    # Market Data
    "getFuturesOrderBook": lambda client, desk: client.usdm.get_order_book(symbol="BTCUSDT"),
    "getFuturesSymbolPriceTicker": lambda client, desk: client.usdm.get_symbol_price_ticker(
        symbol="BTCUSDT"
    ),
    "getFuturesSymbolOrderBookTicker": lambda client, desk: (
        client.usdm.get_symbol_order_book_ticker(symbol="BTCUSDT")
    ),
    # Order Management
    "submitNewFuturesOrder": lambda client, desk: client.futures("usdm").submit_new_order(**LIMIT),
    "modifyFuturesOrder": lambda client, desk: client.usdm.modify_order(
        symbol="BTCUSDT",
        order_id=desk.order(Market.USDM),
        side="BUY",
        quantity="0.02",
        price="50000",
    ),
    "cancelFuturesOrder": lambda client, desk: client.usdm.cancel_order(
        symbol="BTCUSDT", order_id=desk.order(Market.USDM)
    ),
    "getFuturesOrderStatus": lambda client, desk: client.usdm.get_order_status(
        symbol="BTCUSDT", order_id=desk.order(Market.USDM)
    ),
    "submitNewFuturesAlgoOrder": lambda client, desk: client.usdm.submit_new_algo_order(**ALGO),
    "cancelFuturesAlgoOrder": lambda client, desk: client.usdm.cancel_algo_order(
        algo_id=desk.algo_order()
    ),
    # Account & Positions
    "getFuturesPositionV2": lambda client, desk: client.usdm.get_position_v2(),
    "getFuturesPosition": lambda client, desk: client.usdm.get_position(),
    "getFuturesAccountBalanceV2": lambda client, desk: client.usdm.get_account_balance_v2(),
    "getFuturesAccountBalance": lambda client, desk: client.usdm.get_account_balance(),
    "getFuturesAccountStatusV2": lambda client, desk: client.usdm.get_account_status_v2(),
    "getFuturesAccountStatus": lambda client, desk: client.usdm.get_account_status(),
    # User Data Stream, by listen key
    "startUserDataStreamForKey": lambda client, desk: client.usdm.start_user_data_stream_for_key(),
    "pingUserDataStreamForKey": lambda client, desk: (
        desk.account.request("userDataStream.start", market=Market.USDM),
        client.usdm.ping_user_data_stream_for_key(),
    )[1],
    "stopUserDataStreamForKey": lambda client, desk: (
        desk.account.request("userDataStream.start", market=Market.USDM),
        client.usdm.stop_user_data_stream_for_key(),
    )[1],
}

COINM: dict[str, Use] = {
    "submitNewFuturesOrder": lambda client, desk: client.futures("coinm").submit_new_order(
        **COINM_LIMIT
    ),
    "modifyFuturesOrder": lambda client, desk: client.coinm.modify_order(
        symbol="BTCUSD_PERP",
        order_id=desk.order(Market.COINM),
        side="BUY",
        quantity=2,
        price="50000",
    ),
    "cancelFuturesOrder": lambda client, desk: client.coinm.cancel_order(
        symbol="BTCUSD_PERP", order_id=desk.order(Market.COINM)
    ),
    "getFuturesOrderStatus": lambda client, desk: client.coinm.get_order_status(
        symbol="BTCUSD_PERP", order_id=desk.order(Market.COINM)
    ),
    "getFuturesPosition": lambda client, desk: client.coinm.get_position(),
    "getFuturesAccountBalance": lambda client, desk: client.coinm.get_account_balance(),
    "getFuturesAccountStatus": lambda client, desk: client.coinm.get_account_status(),
    "startUserDataStreamForKey": lambda client, desk: client.coinm.start_user_data_stream_for_key(),
    "pingUserDataStreamForKey": lambda client, desk: (
        desk.account.request("userDataStream.start", market=Market.COINM),
        client.coinm.ping_user_data_stream_for_key(),
    )[1],
    "stopUserDataStreamForKey": lambda client, desk: (
        desk.account.request("userDataStream.start", market=Market.COINM),
        client.coinm.stop_user_data_stream_for_key(),
    )[1],
}

METHODS = {"spot": SPOT, "usdm": USDM, "coinm": COINM}

LEGACY: dict[str, Use] = {
    "startUserDataStreamForKey": lambda client, desk: client.spot.start_user_data_stream_for_key(),
    "pingUserDataStreamForKey": lambda client, desk: client.spot.ping_user_data_stream_for_key(
        listen_key="key"
    ),
    "stopUserDataStreamForKey": lambda client, desk: client.spot.stop_user_data_stream_for_key(
        listen_key="key"
    ),
}
"""Spot's listen-key methods: the exchange took them away, so that it refuses them."""

USER_DATA_KEYS = (
    WsKey.MAIN_WSAPI,
    WsKey.MARGIN_USER_DATA,
    WsKey.USDM_WSAPI,
    WsKey.COINM_WSAPI,
    WsKey.MARGIN_RISK_USER_DATA,
    WsKey.PORTFOLIO_MARGIN_USER_DATA,
    WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA,
    WsKey.EOPTIONS_USER_DATA,
)

OPTIONS: dict[str, tuple[str, Any]] = {
    # The seed's option: ours, and what it is when nothing is said. The seed leaves events as they
    # come; here they are typed unless told otherwise.
    "api_key": ("api_key", None),
    "api_secret": ("api_secret", None),
    "beautify": ("beautify", True),
    "testnet": ("testnet", False),
    "resubscribeUserDataStreamAfterReconnect": (
        "resubscribe_user_data_stream_after_reconnect",
        True,
    ),
    "resubscribeUserDataStreamDelaySeconds": ("resubscribe_user_data_stream_delay_seconds", 2),
    "attachEventListeners": ("attach_event_listeners", True),
    "muteLatencyWarning": ("mute_latency_warning", False),
    "keepMarginListenTokenRefreshed": ("keep_margin_listen_token_refreshed", True),
}


@pytest.fixture(scope="module")
def crowd() -> Iterator[SimulatedExchange]:
    """One exchange for all rows, with makers on every market."""
    with SimulatedExchange(seed=4, market_maker=True) as exchange:
        exchange.limits.enabled = False
        exchange.futures_limits.enabled = False
        exchange.trade("BTCUSDT", "BUY", "0.01", "66000")
        exchange.call(
            lambda: exchange.venue.market_data.set_reference_price("BTCUSDT", Decimal(65_000))
        )
        yield exchange


@pytest.fixture(scope="module")
def desk(crowd: SimulatedExchange) -> Desk:
    return Desk(crowd, crowd.create_account())


@pytest.fixture(scope="module", params=FLAVOURS)
def caller(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Caller]:
    made = caller_of(
        request.param,
        **desk.exchange.client_options(desk.account.create_key()),
        attach_event_listeners=False,
    )
    yield made
    made.close()


ROWS = [
    pytest.param(use, id=f"{market} {name}")
    for market, rows in METHODS.items()
    for name, use in rows.items()
]


@pytest.mark.parametrize("use", ROWS)
def test_method_of_the_tables_works(caller: Caller, desk: Desk, use: Use) -> None:
    answer = caller.call(lambda client: use(client, desk))

    assert answer.status == 200
    assert answer.result is not None
    assert answer.raw["id"] == answer.id


@pytest.mark.parametrize("name", LEGACY)
def test_legacy_method_is_there_and_the_exchange_says_that_it_is_gone(
    caller: Caller, desk: Desk, name: str
) -> None:
    with pytest.raises(RequestRejected):
        caller.call(lambda client: LEGACY[name](client, desk))


def test_rows_are_those_of_the_tables() -> None:
    """A row of the reference that is missing here, or one here that has no row, fails."""
    named: dict[str, set[str]] = {market: set() for market in METHODS}
    for row in json.loads((REFERENCE / "method_names.json").read_text()):
        if row["seed_name"] is not None and "UserDataStream" not in row["seed_name"]:
            named[row["market"]].add(row["seed_name"])

    for market, rows in METHODS.items():
        assert {name for name in rows if "UserDataStream" not in name} == named[market]


@pytest.mark.parametrize("ws_key", USER_DATA_KEYS, ids=str)
def test_user_data_can_be_subscribed_and_unsubscribed(
    caller: Caller, desk: Desk, ws_key: WsKey
) -> None:
    stream: EventStream[Any] = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))
    desk.make_news(ws_key)
    assert caller.next_event(stream).event_type

    caller.call(lambda client: client.unsubscribe_user_data_stream(ws_key))

    with suppress(ClientClosed):  # it has an end
        while True:
            caller.next_event(stream)


SPOT_STREAM, USDM_STREAM = "btcusdt@miniTicker", "btcusdt@depth5@100ms"
MARK_PRICE = "btcusdt@markPrice@1s"

CONNECTIONS: dict[str, str | WsKey | None] = {
    # Of the WebSocket API: a request.
    "mainWSAPI": None,
    "mainWSAPI2": None,
    "mainWSAPITestnet": None,
    "marginUserData": None,
    "usdmWSAPI": None,
    "usdmWSAPITestnet": None,
    "coinmWSAPI": None,
    "coinmWSAPITestnet": None,
    # Market streams: the name of one.
    "main": SPOT_STREAM,
    "main2": SPOT_STREAM,
    "main3": SPOT_STREAM,
    "mainTestnetPublic": SPOT_STREAM,
    "mainTestnetUserData": SPOT_STREAM,
    "usdm": USDM_STREAM,
    "usdmPublic": USDM_STREAM,
    "usdmMarket": MARK_PRICE,
    "usdmTestnet": USDM_STREAM,
    "usdmTestnetPublic": USDM_STREAM,
    "usdmTestnetMarket": MARK_PRICE,
    "coinm": "btcusd_perp@depth5@100ms",
    "coinmTestnet": "btcusd_perp@depth5@100ms",
    "eoptions": "!index@arr",
    "alpha": "came@allTokens@ticker24",
    # User data by a listen key: what it is subscribed by.
    "marginRiskUserData": WsKey.MARGIN_RISK_USER_DATA,
    "usdmPrivate": WsKey.USDM_WSAPI,
    "usdmTestnetPrivate": WsKey.USDM_WSAPI_TESTNET,
    "coinm2": WsKey.COINM_WSAPI,
    "portfolioMarginUserData": WsKey.PORTFOLIO_MARGIN_USER_DATA,
    "portfolioMarginProUserData": WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA,
}
"""The connections of the seed, and what each is used by."""

OURS = {"eoptionsPublic", "eoptionsMarket", "eoptionsUserData"}
"""The routes of options, which the seed has one key for."""


def test_connections_are_those_of_the_seed() -> None:
    assert len(CONNECTIONS) == 29
    assert {str(each) for each in WsKey} - OURS == set(CONNECTIONS)


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", CONNECTIONS)
def test_every_connection_of_the_seed_works(flavour: Flavour, desk: Desk, name: str) -> None:
    """Over real sockets, to the address that the connection has."""
    ws_key, used_by = WsKey(name), CONNECTIONS[name]
    options: dict[str, Any] = desk.exchange.client_options(desk.account.create_key())
    if ws_key is WsKey.COINM2:
        # Whoever wants the authenticated host for user data leads it there.
        options["urls"]["coinm"] = options["urls"]["coinm2"]
    carrier = key_of(ws_key, used_by) if type(used_by) is str else ws_key
    desk.exchange.journal.clear()
    caller = caller_of(flavour, **options, attach_event_listeners=False)
    try:
        if used_by is None:
            method = endpoint(ws_key).market.facts.clock_question
            assert caller.call(lambda client: client.request(ws_key, method)).status == 200
        elif isinstance(used_by, WsKey):
            stream = caller.call(lambda client: client.subscribe_user_data_stream(used_by))
            desk.make_news(used_by)
            assert caller.next_event(stream).event_type
        else:
            stream = caller.call(lambda client: client.streams.subscribe(used_by, ws_key=ws_key))
            assert caller.next_event(stream).event_type
        used = {frame.path for frame in desk.exchange.journal.frames}
        assert any(path.startswith(path_of(carrier)) for path in used)
    finally:
        caller.close()


def test_options_market_streams_can_be_subscribed(caller: Caller, desk: Desk) -> None:
    """``eoptions``: one key for the streams of both its routes."""
    symbol = desk.option_order()
    stream: EventStream[Any] = caller.call(
        lambda client: client.streams.subscribe(
            client.streams.option_trade(symbol),
            client.streams.all_index_prices(),
            ws_key=WsKey.EOPTIONS,
        )
    )
    desk.exchange.trade(symbol, "BUY", 1, "20000", market=Market.EOPTIONS)

    seen: set[str] = set()
    while seen != {"trade", "indexPrice"}:
        seen.add(caller.next_event(stream).event_type)
    caller.call(
        lambda client: client.streams.unsubscribe(
            client.streams.option_trade(symbol),
            client.streams.all_index_prices(),
            ws_key=WsKey.EOPTIONS,
        )
    )


def test_any_operation_can_be_called_by_its_wire_name(caller: Caller) -> None:
    """``sendWSAPIRequest``, and ``connectWSAPI`` before it."""
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))

    answer = caller.call(
        lambda client: client.request(WsKey.MAIN_WSAPI2, "depth", {"symbol": "BTCUSDT"})
    )

    assert answer.result.bids


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("client_class", [Client, AsyncClient])
def test_option_of_the_table_is_there_with_its_default(
    client_class: type[Client | AsyncClient], option: str
) -> None:
    name, default = OPTIONS[option]

    parameter = inspect.signature(client_class).parameters[name]

    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert parameter.default == default


def test_options_of_the_table_are_taken_together(desk: Desk) -> None:
    given = desk.exchange.client_options(desk.account.create_key("hmac"))
    options: dict[str, Any] = {
        "beautify": False,
        "resubscribe_user_data_stream_after_reconnect": False,
        "resubscribe_user_data_stream_delay_seconds": 1,
        "attach_event_listeners": False,
        "mute_latency_warning": True,
        "keep_margin_listen_token_refreshed": False,
    }

    with Client(**given, **options, testnet=True) as client:
        assert client.spot.get_account_information().result.balances
