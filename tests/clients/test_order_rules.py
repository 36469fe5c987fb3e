"""Trading rules over both clients: fetched once, kept to when asked, told in refusals."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from callers import Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import (
    AsyncClient,
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    FilterFailure,
    NotSent,
    ParameterError,
    RequestTimeout,
    RulesBroken,
    WsKey,
    given_up,
)
from binance_wsapi.rules import SymbolRules
from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.spot.symbols import Filter

Connect = Callable[..., Caller]

ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "time_in_force": "GTC",
    "price": "60000",
    "quantity": "0.001",
}


def asked(exchange: SimulatedExchange) -> list[Any]:
    """Return what was asked of exchangeInfo, request by request."""
    return [frame.params for frame in exchange.journal.requests("exchangeInfo")]


def placed(exchange: SimulatedExchange) -> list[Any]:
    return [frame.params for frame in exchange.journal.requests("order.place")]


def set_filter(exchange: SimulatedExchange, filter_type: str, **values: str) -> None:
    """Change a filter of BTCUSDT, as the exchange does now and then."""
    market = exchange.venue.spot.engine.markets["BTCUSDT"]
    changed = {name: Decimal(value) for name, value in values.items()}
    filters = tuple(
        Filter(each.filter_type, {**each.values, **changed})
        if each.filter_type == filter_type
        else each
        for each in market.spec.filters
    )

    def change() -> None:
        market.spec = replace(market.spec, filters=filters)

    exchange.call(change)


def grow_old(caller: Caller, seconds: float) -> None:
    """Have the rules that a client knows be fetched so much earlier."""
    known = caller.client._runtime.exchanges.rules_of(WsKey.MAIN_WSAPI)
    for entry in known._entries.values():
        entry.fetched_at -= seconds
    if known.all_fetched_at is not None:
        known.all_fetched_at -= seconds


class TestFetching:
    def test_rules_are_fetched_once(self, connect: Connect, exchange: SimulatedExchange) -> None:
        caller = connect()

        rules = caller.call(lambda client: client.spot.rules("BTCUSDT"))
        again = caller.call(lambda client: client.spot.using(WsKey.MAIN_WSAPI2).rules("BTCUSDT"))

        assert isinstance(rules, SymbolRules)
        assert rules.tick_size == Decimal("0.01")
        assert again is rules
        assert asked(exchange) == [{"symbol": "BTCUSDT"}]

    def test_rules_need_no_key(self, connect: Connect) -> None:
        caller = connect(api_key=None, api_secret=None)

        assert caller.call(lambda client: client.spot.rules("ETHBTC")).quote_asset == "BTC"

    def test_rules_are_fetched_anew_when_asked_for(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        set_filter(exchange, "PRICE_FILTER", tickSize="0.5")

        kept = caller.call(lambda client: client.spot.rules("BTCUSDT"))
        fresh = caller.call(lambda client: client.spot.rules("BTCUSDT", refresh=True))

        assert kept.tick_size == Decimal("0.01")
        assert fresh.tick_size == Decimal("0.5")

    def test_of_many_symbols_all_are_fetched(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()
        symbols = ["BTCUSDT", "BTCUSDC", "ETHUSDT", "BNBUSDT", "ETHBTC", "这是测试币456"]

        def rules(symbol: str) -> Any:
            return caller.call(lambda client: client.spot.rules(symbol))

        found = [rules(symbol) for symbol in symbols]

        assert [each.symbol for each in found] == symbols
        assert asked(exchange) == [
            *({"symbol": symbol} for symbol in symbols[:5]),
            {"showPermissionSets": False},
        ]

    def test_those_who_ask_together_ask_once(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()
        held = exchange.faults.on("exchangeInfo").delay_answer(0.2)

        begun = [caller.begin(lambda client: client.spot.rules("BTCUSDT")) for _ in range(5)]
        found = [each.result(10) for each in begun]

        assert held.hits == 1
        assert all(each is found[0] for each in found)

    def test_a_symbol_that_is_not_there_is_named(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()

        with pytest.raises(ParameterError, match="'FOOBAR': Spot has no such symbol") as caught:
            caller.call(lambda client: client.spot.rules("FOOBAR"))

        assert (caught.value.parameter, caught.value.value) == ("symbol", "FOOBAR")

    @pytest.mark.parametrize("symbol", ["btcusdt", "BTC/USDT", "", 7, None])
    def test_what_cannot_be_a_symbol_is_not_asked_for(
        self, connect: Connect, exchange: SimulatedExchange, symbol: Any
    ) -> None:
        caller = connect()

        with pytest.raises(ParameterError, match="symbol"):
            caller.call(lambda client: client.spot.rules(symbol))

        assert asked(exchange) == []

    def test_a_closed_client_knows_no_rules(self, connect: Connect) -> None:
        caller = connect()
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        namespace = caller.client.spot
        caller.client._finalizer()

        with pytest.raises(ClientClosed):
            caller.call(lambda _: namespace.rules("BTCUSDT"))

    def test_an_answer_that_is_none_is_an_error(
        self, dial: Connect, scripted: ScriptedServer
    ) -> None:
        caller = dial()

        with pytest.raises(Exception, match="exchangeInfo does not fit"):
            caller.call(lambda client: client.spot.rules("BTCUSDT"))


class TestChecking:
    def test_an_order_that_breaks_the_rules_is_not_sent(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")

        with pytest.raises(RulesBroken) as caught:
            caller.call(
                lambda client: client.spot.submit_new_order(**ORDER | {"quantity": 0.0012345})
            )

        (violation,) = caught.value.violations
        assert (violation.filter, violation.parameter) == ("LOT_SIZE", "quantity")
        assert (violation.bound, violation.nearest) == (Decimal("0.00001"), Decimal("0.00123"))
        assert caught.value.symbol == "BTCUSDT"
        assert placed(exchange) == []

    def test_an_order_that_keeps_the_rules_is_sent_as_it_is(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")

        response = caller.call(
            lambda client: client.spot.submit_new_order(**ORDER | {"price": "60000.10"})
        )

        assert response.adjustments == ()
        assert placed(exchange)[0]["price"] == "60000.10"

    def test_an_order_by_its_wire_name_is_checked_as_well(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")
        wire = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "MARKET",
            "quoteOrderQty": "1",
        }

        with pytest.raises(RulesBroken, match="quoteOrderQty=1 breaks NOTIONAL"):
            caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.place", wire))

        assert placed(exchange) == []

    def test_a_leg_of_a_list_is_named(self, connect: Connect, exchange: SimulatedExchange) -> None:
        caller = connect(order_rules="check")

        with pytest.raises(RulesBroken, match=r"below_stop_price=59999\.999 breaks PRICE_FILTER"):
            caller.call(
                lambda client: client.spot.place_oco_order_list(
                    symbol="BTCUSDT",
                    side="SELL",
                    quantity="0.01",
                    above_type="LIMIT_MAKER",
                    above_price="70000",
                    below_type="STOP_LOSS",
                    below_stop_price="59999.999",
                )
            )

        assert exchange.journal.requests("orderList.place.oco") == []

    def test_other_operations_ask_for_no_rules(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="round")

        caller.call(lambda client: client.spot.get_order_book(symbol="BTCUSDT"))
        caller.call(lambda client: client.spot.get_open_orders(symbol="BTCUSDT"))

        assert asked(exchange) == []

    def test_off_asks_for_nothing(self, connect: Connect, exchange: SimulatedExchange) -> None:
        caller = connect()

        with pytest.raises(FilterFailure):
            caller.call(
                lambda client: client.spot.submit_new_order(**ORDER | {"quantity": "0.00000001"})
            )

        assert asked(exchange) == []

    def test_an_order_of_a_symbol_that_is_not_there_is_not_sent(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")

        with pytest.raises(ParameterError, match="no such symbol"):
            caller.call(lambda client: client.spot.submit_new_order(**ORDER | {"symbol": "FOOBAR"}))

        assert placed(exchange) == []

    def test_without_a_key_nothing_is_asked(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(api_key=None, api_secret=None, order_rules="check")

        with pytest.raises(ConfigurationError, match="api_key"):
            caller.call(lambda client: client.spot.submit_new_order(**ORDER))

        assert asked(exchange) == []

    def test_old_rules_refuse_nothing_before_they_were_looked_at_again(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        set_filter(exchange, "LOT_SIZE", stepSize="0.000001")
        finer = ORDER | {"quantity": "0.001001"}

        with pytest.raises(RulesBroken):
            caller.call(lambda client: client.spot.submit_new_order(**finer))
        grow_old(caller, 3600)
        caller.call(lambda client: client.spot.submit_new_order(**finer))

        assert [order["quantity"] for order in placed(exchange)] == ["0.001001"]
        assert len(asked(exchange)) == 2

    def test_old_rules_do_when_there_are_no_others(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        grow_old(caller, 3600)
        exchange.faults.on("exchangeInfo").refuse(-1003, "Too many requests.", status=429)

        with pytest.raises(RulesBroken):
            caller.call(
                lambda client: client.spot.submit_new_order(**ORDER | {"quantity": "0.001001"})
            )

        assert len(asked(exchange)) == 2

    @pytest.mark.parametrize("answers", ["refusal", "nothing"])
    def test_rules_that_cannot_be_fetched_leave_the_order_unsent(
        self, connect: Connect, exchange: SimulatedExchange, answers: str
    ) -> None:
        caller = connect(order_rules="check", timeout=0.5)
        fault = exchange.faults.on("exchangeInfo")
        if answers == "refusal":
            fault.refuse(-1000, "No.", status=400)
        else:
            fault.lose_answer()

        with pytest.raises(
            NotSent, match=r"order\.place was not sent: the rules of BTCUSDT"
        ) as caught:
            caller.call(lambda client: client.spot.submit_new_order(**ORDER))

        assert caught.value.operation == "order.place"
        assert not isinstance(caught.value, RequestTimeout)
        assert placed(exchange) == []

    def test_an_order_that_is_cancelled_while_its_rules_are_fetched_was_not_sent(
        self, exchange: SimulatedExchange
    ) -> None:
        held = exchange.faults.on("exchangeInfo").lose_answer()

        async def place(client: AsyncClient) -> BaseException | None:
            try:
                await client.spot.submit_new_order(**ORDER, new_client_order_id="mine")
            except asyncio.CancelledError as error:
                return error
            return None

        async def run() -> BaseException | None:
            async with exchange.async_client(order_rules="check", timeout=10) as client:
                order = asyncio.ensure_future(place(client))
                await asyncio.to_thread(held.wait)
                order.cancel()
                return await order

        error = asyncio.run(run())

        assert error is not None
        told = given_up(error)
        assert told is not None
        assert (told.operation, told.client_order_id, told.written) == (
            "order.place",
            "mine",
            False,
        )
        assert placed(exchange) == []


class TestRounding:
    def test_an_order_is_fitted_and_the_response_says_what_was_changed(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="round")

        response = caller.call(
            lambda client: client.spot.submit_new_order(
                **ORDER | {"price": 60000.129, "quantity": 0.0012345}
            )
        )

        assert (placed(exchange)[0]["price"], placed(exchange)[0]["quantity"]) == (
            "60000.12",
            "0.00123",
        )
        assert [(each.parameter, each.given, each.sent) for each in response.adjustments] == [
            ("price", Decimal("60000.129"), Decimal("60000.12")),
            ("quantity", Decimal("0.0012345"), Decimal("0.00123")),
        ]
        assert response.result.price == Decimal("60000.12")
        assert pickle.loads(pickle.dumps(response)).adjustments == response.adjustments

    def test_a_sell_is_never_cheaper_than_asked_for(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="round")

        response = caller.call(
            lambda client: client.spot.submit_new_order(
                **ORDER | {"side": "SELL", "price": 70000.121}
            )
        )

        assert response.result.price == Decimal("70000.13")

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"quantity": 0.000001}, "LOT_SIZE"),
            ({"quantity": 0.0000835}, "NOTIONAL"),
            ({"price": 0.001}, "PRICE_FILTER"),
        ],
    )
    def test_nothing_is_rounded_to_zero_or_below_a_minimum(
        self, connect: Connect, exchange: SimulatedExchange, change: dict[str, Any], named: str
    ) -> None:
        caller = connect(order_rules="round")

        with pytest.raises(RulesBroken) as caught:
            caller.call(lambda client: client.spot.submit_new_order(**ORDER | change))

        assert named in {each.filter for each in caught.value.violations}
        assert placed(exchange) == []

    def test_rounded_by_its_wire_name(self, connect: Connect, exchange: SimulatedExchange) -> None:
        caller = connect(order_rules="round")
        wire = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.0012345"}

        response = caller.call(lambda client: client.request(WsKey.MAIN_WSAPI, "order.test", wire))

        assert [each.parameter for each in response.adjustments] == ["quantity"]
        assert exchange.journal.requests("order.test")[0].params["quantity"] == "0.00123"


class TestRefusals:
    def test_a_refusal_tells_what_was_sent(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()

        with pytest.raises(FilterFailure) as caught:
            caller.call(
                lambda client: client.spot.submit_new_order(**ORDER | {"quantity": "0.0000123"})
            )

        error = caught.value
        assert error.filter == "LOT_SIZE"
        assert error.sent == {
            "side": "BUY",
            "type": "LIMIT",
            "price": "60000",
            "quantity": "0.0000123",
        }
        assert (error.rule, error.violations) == (None, ())
        assert asked(exchange) == []

    def test_a_refusal_tells_the_numbers_of_rules_that_are_known(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()
        caller.call(lambda client: client.spot.rules("BTCUSDT"))

        with pytest.raises(FilterFailure) as caught:
            caller.call(
                lambda client: client.spot.submit_new_order(**ORDER | {"quantity": "0.0012345"})
            )

        error = caught.value
        (violation,) = error.violations
        assert error.rule is not None
        assert error.rule["stepSize"] == "0.00001000"
        assert (violation.value, violation.nearest) == (Decimal("0.0012345"), Decimal("0.00123"))
        assert "no multiple of 0.00001 (stepSize); the nearest that fits is 0.00123" in str(error)
        assert len(asked(exchange)) == 1

    def test_a_filter_that_depends_on_the_market_tells_its_numbers(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect()
        exchange.trade("BTCUSDT", "SELL", "1", "60000")
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        caller.call(lambda client: client.spot.submit_new_order(**ORDER))
        exchange.trade("BTCUSDT", "SELL", "1", "60000")

        with pytest.raises(FilterFailure) as caught:
            caller.call(lambda client: client.spot.submit_new_order(**ORDER | {"price": "900000"}))

        assert caught.value.filter == "PERCENT_PRICE_BY_SIDE"
        assert caught.value.rule is not None
        assert "PERCENT_PRICE_BY_SIDE asks for bidMultiplierUp 5" in str(caught.value)

    def test_rules_that_explain_no_refusal_are_fetched_anew(
        self, connect: Connect, exchange: SimulatedExchange
    ) -> None:
        caller = connect(order_rules="check")
        caller.call(lambda client: client.spot.rules("BTCUSDT"))
        set_filter(exchange, "PRICE_FILTER", tickSize="0.5")
        order = ORDER | {"price": "60000.1"}
        grow_old(caller, 60)

        with pytest.raises(FilterFailure):
            caller.call(lambda client: client.spot.submit_new_order(**order))
        with pytest.raises(RulesBroken, match=r"no multiple of 0\.5"):
            caller.call(lambda client: client.spot.submit_new_order(**order))

        assert len(placed(exchange)) == 1
        assert len(asked(exchange)) == 2


FUTURES = {
    "usdm": {"symbol": "BTCUSDT", "price": "60000.05", "quantity": "0.0025"},
    "coinm": {"symbol": "BTCUSD_PERP", "price": "60000.05", "quantity": "2.5"},
}
"""Orders that break the rules, by market."""
FUTURES_ORDER = {"side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}


@pytest.mark.parametrize("market", FUTURES)
class TestFutures:
    def test_rules_come_over_rest_once_for_all(
        self, connect: Connect, exchange: SimulatedExchange, market: str
    ) -> None:
        caller = connect(api_key=None, api_secret=None)
        symbol = FUTURES[market]["symbol"]

        rules = caller.call(lambda client: client.futures(market).rules(symbol))
        exchange.faults.refuse_rest(503)
        again = caller.call(lambda client: client.futures(market).rules(symbol))

        assert rules.tick_size == Decimal("0.1")
        assert rules.status == "TRADING"
        assert again is rules
        with pytest.raises(ParameterError, match="has no such symbol"):
            caller.call(lambda client: client.futures(market).rules("FOOBAR"))
        with pytest.raises(BinanceWsApiError):
            caller.call(lambda client: client.futures(market).rules(symbol, refresh=True))

    def test_an_order_is_checked(
        self, connect: Connect, exchange: SimulatedExchange, market: str
    ) -> None:
        caller = connect(order_rules="check")

        with pytest.raises(RulesBroken) as caught:
            caller.call(
                lambda client: client.futures(market).submit_new_order(
                    **FUTURES_ORDER, **FUTURES[market]
                )
            )

        assert {each.parameter for each in caught.value.violations} == {"price", "quantity"}
        assert placed(exchange) == []

    def test_an_order_is_fitted(
        self, connect: Connect, exchange: SimulatedExchange, market: str
    ) -> None:
        caller = connect(order_rules="round")

        response = caller.call(
            lambda client: client.futures(market).submit_new_order(
                **FUTURES_ORDER, **FUTURES[market]
            )
        )

        assert response.result.price == Decimal(60000)
        assert [each.parameter for each in response.adjustments] == ["price", "quantity"]

    def test_a_refusal_tells_the_numbers(
        self, connect: Connect, exchange: SimulatedExchange, market: str
    ) -> None:
        caller = connect()
        symbol = FUTURES[market]["symbol"]
        order = {**FUTURES_ORDER, **FUTURES[market], "quantity": "2000000", "price": "60000"}
        caller.call(lambda client: client.futures(market).rules(symbol))

        with pytest.raises(FilterFailure) as caught:
            caller.call(lambda client: client.futures(market).submit_new_order(**order))

        assert caught.value.filter == "LOT_SIZE"
        assert caught.value.violations[0].rule == "maxQty"
        assert caught.value.rule is not None
        assert caught.value.sent["quantity"] == "2000000"


def test_rules_of_futures_elsewhere_are_not_guessed(connect: Connect) -> None:
    caller = connect()

    with pytest.raises(ConfigurationError, match="another environment"):
        caller.call(lambda client: client.usdm.using(WsKey.USDM_WSAPI_TESTNET).rules("BTCUSDT"))


def test_threads_share_what_is_known(exchange: SimulatedExchange) -> None:
    with exchange.client(order_rules="round") as client:
        adjusted: list[int] = []

        def place() -> None:
            response = client.spot.test_order(**ORDER | {"price": 60000.129})
            adjusted.append(len(response.adjustments))

        threads = [threading.Thread(target=place) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert adjusted == [1] * 8


def test_an_option_that_is_none_is_refused(exchange: SimulatedExchange) -> None:
    with pytest.raises(
        ConfigurationError, match="order_rules='on': use 'off' or 'check' or 'round'"
    ):
        exchange.client(order_rules="on")


def test_a_peer_that_answers_oddly_loses_nothing(dial: Connect, scripted: ScriptedServer) -> None:
    """A refusal of a request with odd parameters is told as it came."""

    async def refuse(peer: Peer, request: dict[str, Any]) -> None:
        await peer.refuse(request, -1013, "Filter failure: NOVEL_FILTER")

    scripted.replies["order.test"] = refuse
    caller = dial(api_key="key", api_secret="secret")

    with pytest.raises(FilterFailure) as caught:
        caller.call(lambda client: client.spot.test_order(**ORDER))

    assert caught.value.filter == "NOVEL_FILTER"
    assert caught.value.sent["price"] == "60000"
