"""What no operation describes is checked too: the error names the argument, its value and the way out."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from callers import Caller
from scripted_server import ScriptedServer

from binance_wsapi import ConfigurationError, ParameterError, RequestTimeout, WsKey
from binance_wsapi.response import Response

Dial = Callable[..., Caller]
Work = Callable[[Any, Any], Any]

TAKES_A_CONNECTION: dict[str, Work] = {
    "using": lambda client, ws_key: client.spot.using(ws_key),
    "request": lambda client, ws_key: client.request(ws_key, "ping"),
    "connect": lambda client, ws_key: client.connect(ws_key),
    "rotate": lambda client, ws_key: client.rotate(ws_key),
    "subscribe": lambda client, ws_key: client.subscribe_user_data_stream(ws_key),
    "unsubscribe": lambda client, ws_key: client.unsubscribe_user_data_stream(ws_key),
    "streams.subscribe": lambda client, key: client.streams.subscribe("a@trade", ws_key=key),
    "streams.unsubscribe": lambda client, key: client.streams.unsubscribe("a@trade", ws_key=key),
    "streams.order_book": lambda client, key: client.streams.order_book("BTCUSDT", ws_key=key),
}


async def _awaited(work: Work, client: Any, argument: Any) -> Any:
    answer = work(client, argument)
    return await answer if hasattr(answer, "__await__") else answer


def call(caller: Caller, work: Work, argument: Any) -> Any:
    if hasattr(caller, "loop"):
        return caller.call(lambda client: _awaited(work, client, argument))
    return caller.call(lambda client: work(client, argument))


@pytest.mark.parametrize("ws_key", ["xx", None, 5, []], ids=str)
@pytest.mark.parametrize("work", TAKES_A_CONNECTION.values(), ids=list(TAKES_A_CONNECTION))
def test_connection_that_does_not_exist_is_refused_everywhere(
    dial: Dial, scripted: ScriptedServer, work: Work, ws_key: Any
) -> None:
    with pytest.raises(ConfigurationError, match=rf"{re.escape(repr(ws_key))}.*WsKey\.MAIN\w*"):
        call(dial(), work, ws_key)
    assert scripted.handshakes == 0


def test_listing_the_streams_of_no_connection_is_refused(dial: Dial) -> None:
    with pytest.raises(ConfigurationError, match="'xx' is no connection"):
        call(dial(), lambda client, ws_key: client.streams.list(ws_key), "xx")


def test_connections_may_be_named_by_their_text(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial()

    assert caller.client.spot.using("mainWSAPI2").ws_key is WsKey.MAIN_WSAPI2  # type: ignore[arg-type]
    call(caller, lambda client, ws_key: client.connect(ws_key), "mainWSAPI2")
    call(caller, lambda client, ws_key: client.rotate(ws_key), "mainWSAPI2")
    assert [each.ws_key for each in caller.call(lambda client: client.health())] == [
        WsKey.MAIN_WSAPI2
    ]


@pytest.mark.parametrize("params", [[1], "symbol", 5], ids=str)
def test_parameters_of_a_request_are_a_mapping(
    dial: Dial, scripted: ScriptedServer, params: Any
) -> None:
    with pytest.raises(ParameterError, match=r"params=.* write a dict") as refused:
        call(dial(), lambda client, it: client.request(WsKey.MAIN_WSAPI, "ping", it), params)

    assert refused.value.parameter == "params"
    assert scripted.handshakes == 0


@pytest.mark.parametrize("name", [["open"], None, "opened"], ids=str)
def test_event_that_does_not_exist_is_refused(dial: Dial, name: Any) -> None:
    client = dial().client

    for method in (client.on, client.off):
        with pytest.raises(ConfigurationError, match=rf"{re.escape(repr(name))}.*reconnecting"):
            method(name, print)


@pytest.mark.parametrize("timeout", ["5", float("nan"), float("inf"), True], ids=repr)
def test_timeouts_are_seconds(connect: Dial, timeout: Any) -> None:
    caller = connect()
    stream = call(caller, lambda client, it: client.streams.subscribe(it), "btcusdt@trade")

    with pytest.raises(ParameterError, match=rf"timeout={timeout!r}.*seconds"):
        caller.call(lambda client: stream.get(timeout))
    with pytest.raises(ParameterError, match=rf"timeout={timeout!r}.*seconds"):
        RequestTimeout("", operation="order.place").resolve(timeout)


@pytest.mark.parametrize("offset_ms", ["5", float("nan"), float("-inf"), False], ids=repr)
def test_time_offsets_are_milliseconds(dial: Dial, offset_ms: Any) -> None:
    with pytest.raises(ParameterError, match=rf"offset_ms={offset_ms!r}.*milliseconds"):
        dial().client.set_time_offset_ms(offset_ms)


def test_time_is_measured_again_without_an_offset(dial: Dial) -> None:
    client = dial().client
    client.set_time_offset_ms(-1e6)

    client.set_time_offset_ms(None)

    caller_time = client._runtime.exchanges.now_us(WsKey.MAIN_WSAPI)
    assert abs(caller_time - client._runtime.wall_us()) < 60_000_000


def test_limits_that_nobody_can_read_are_an_error_of_the_library() -> None:
    import msgspec

    from binance_wsapi import UnreadableResult

    answer: Response[Any] = Response(
        None, b"{}", "1", 200, msgspec.Raw(b"{}"), msgspec.Raw(b'[{"limit":[]}]'), 0.0
    )

    with pytest.raises(UnreadableResult, match="rate limits"):
        _ = answer.rate_limits


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda client: client.spot.get_order_book("BTCUSDT", 5), "write limit="),
        (
            lambda client: client.usdm.cancel_order("BTCUSDT", order_id="my-id"),
            "orig_client_order_id",
        ),
    ],
    ids=["nameless", "own id"],
)
def test_what_is_given_in_the_wrong_place_is_refused_unsent(
    dial: Dial, scripted: ScriptedServer, work: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        call(dial(), lambda client, _: work(client), None)
    assert scripted.handshakes == 0


@pytest.mark.parametrize("market", ["spot", "usdm", "coinm"])
def test_orders_are_found_by_nameless_symbol_and_id_of_digits(connect: Dial, market: str) -> None:
    caller = connect()
    symbol, quantity = ("BTCUSD_PERP", "1") if market == "coinm" else ("BTCUSDT", "0.01")

    placed = call(
        caller,
        lambda client, _: getattr(client, market).submit_new_order(
            symbol,
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price="30000",
            quantity=quantity,
        ),
        None,
    ).result
    found = call(
        caller,
        lambda client, it: getattr(client, market).get_order_status(symbol, order_id=it),
        str(placed.order_id),
    ).result

    assert found.order_id == placed.order_id


ORDER: dict[str, Any] = {"side": "SELL", "type": "MARKET"}


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (lambda c: c.spot.submit_new_order("BTCUSDT", **ORDER, quote_quantity=25), "write quote_order_qty$"),
        (lambda c: c.spot.cancel_order("BTCUSDT", client_order_id="x"), "write orig_client_order_id$"),
        (lambda c: c.spot.place_oco_order_list("BTCUSDT", side="SELL", quantity=1, price=7), "write above_price$"),
        (
            lambda c: c.usdm.submit_new_order("BTCUSDT", **ORDER, quantity=1, stop_price=6),
            r"write submit_new_algo_order\(trigger_price=…\)$",
        ),
        (lambda c: c.coinm.submit_new_order("BTCUSD_PERP", **ORDER, qty=1), "write quantity$"),
        (lambda c: c.spot.submit_new_order("BTCUSDT", **ORDER, quantit=1), "has no parameter quantit, but symbol, side"),
    ],
)  # fmt: skip
def test_a_parameter_of_another_name_is_told_by_its_name_here(
    dial: Dial, scripted: ScriptedServer, work: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        call(dial(), lambda client, _: work(client), None)
    assert scripted.handshakes == 0


def test_an_attribute_of_another_name_is_told_by_its_name_here(dial: Dial) -> None:
    client: Any = dial().client

    with pytest.raises(
        AttributeError, match=r"'futures_create_order': write client\.usdm\.submit_new_order$"
    ):
        client.futures_create_order  # noqa: B018
    with pytest.raises(AttributeError, match=r"'spott': dir\(\) lists what there is$") as caught:
        client.spott  # noqa: B018
    assert "id you mean" not in "".join(traceback.format_exception(caught.value))
    assert not hasattr(client, "_ipython_canary_method_should_not_exist_")


def test_an_attribute_that_fails_fails_by_its_own_error(
    dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(client: Any) -> None:
        raise AttributeError("of its own")

    client: Any = dial().client
    monkeypatch.setattr(type(client), "closed", property(broken))

    with pytest.raises(AttributeError, match=r"^of its own$"):
        client.closed  # noqa: B018
