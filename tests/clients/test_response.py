"""Answers: typed on first touch, raw whenever asked, unreadable without losing the order."""

from __future__ import annotations

import inspect
import json
import pickle
import pydoc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from callers import Caller
from scripted_server import Peer, ScriptedServer

from binance_wsapi import OrderRejected, Response, UnreadableResult, WsKey
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.simulator import SimulatedExchange

Dial = Callable[..., Caller]

BOOK = {"lastUpdateId": 7, "bids": [["1.10", "2"]], "asks": [], "novel": {"deep": 1}}
LIMITS = [
    {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
        "count": 42,
        "novel": True,
    }
]


def answering(server: ScriptedServer, method: str, result: object, **more: Any) -> None:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, result, **more)

    server.replies[method] = reply


def book_of(caller: Caller) -> Response[Any]:
    answer: Response[Any] = caller.call(lambda client: client.spot.get_order_book(symbol="A"))
    return answer


def test_result_is_typed_and_kept(dial: Dial, scripted: ScriptedServer) -> None:
    answering(scripted, "depth", BOOK, rateLimits=LIMITS)

    answer = book_of(dial())

    assert answer.result.bids[0].price * 10 == 11
    assert answer.result is answer.result
    assert answer.status == 200
    assert answer.id == scripted.seen("depth")[0]["id"]
    assert 0 < answer.round_trip < 10
    assert answer.resolved is False


def test_unknown_fields_stay_reachable(dial: Dial, scripted: ScriptedServer) -> None:
    answering(scripted, "depth", BOOK, rateLimits=LIMITS)

    answer = book_of(dial())

    assert answer.raw["result"] == BOOK
    assert answer.raw["rateLimits"] == LIMITS
    assert answer.raw is not answer.raw, "decoded anew, so that nobody changes it for others"


def test_limits_as_the_exchange_counts_them(dial: Dial, scripted: ScriptedServer) -> None:
    answering(scripted, "depth", BOOK, rateLimits=LIMITS)

    (limit,) = book_of(dial()).rate_limits

    assert (limit.rate_limit_type, limit.interval, limit.interval_num) == (
        "REQUEST_WEIGHT",
        "MINUTE",
        1,
    )
    assert (limit.limit, limit.count) == (6000, 42)


def test_limits_that_were_left_out_are_none(dial: Dial, scripted: ScriptedServer) -> None:
    answering(scripted, "depth", BOOK)

    assert book_of(dial()).rate_limits == []


@pytest.mark.parametrize("result", [None, {"lastUpdateId": "seven"}, [], "text"])
def test_answer_that_does_not_fit_raises_when_it_is_read_not_when_it_is_got(
    dial: Dial, scripted: ScriptedServer, result: object
) -> None:
    answering(scripted, "depth", result)

    answer = book_of(dial())

    assert answer.status == 200
    for _ in range(2):
        with pytest.raises(UnreadableResult) as unreadable:
            _ = answer.result
        assert json.loads(unreadable.value.raw) == result
        assert unreadable.value.operation == "depth"
        assert "was accepted" in str(unreadable.value)
    assert answer.raw["result"] == result
    assert "<unreadable>" in repr(answer)


def test_limits_that_do_not_fit_spoil_nothing(dial: Dial, scripted: ScriptedServer) -> None:
    caller = dial()
    for limits in ("many", [{"limit": "x"}], {"a": 1}, [1, None], None):
        answering(scripted, "depth", BOOK, rateLimits=limits)

        answer = book_of(caller)

        assert answer.result.last_update_id == 7
        assert answer.raw["rateLimits"] == limits
        if limits is not None:
            with pytest.raises(UnreadableResult):
                _ = answer.rate_limits


def test_unknown_operation_gives_plain_data(dial: Dial, scripted: ScriptedServer) -> None:
    answering(scripted, "novel.method", {"price": "1.0", "rows": [1]})

    answer = dial().call(lambda client: client.request(WsKey.MAIN_WSAPI, "novel.method"))

    assert answer.result == {"price": "1.0", "rows": [1]}


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("method", ["depth", "novel.method"])
def test_answer_survives_pickling(
    dial: Dial, scripted: ScriptedServer, method: str, is_read: bool
) -> None:
    answering(scripted, method, BOOK, rateLimits=LIMITS)
    answer = dial().call(lambda client: client.request(WsKey.MAIN_WSAPI, method, {"symbol": "A"}))
    if is_read:
        _ = answer.result, answer.rate_limits

    copy = pickle.loads(pickle.dumps(answer))

    assert copy.result == answer.result
    assert copy.rate_limits == answer.rate_limits
    assert copy.raw == answer.raw
    assert (copy.id, copy.status, copy.round_trip) == (answer.id, answer.status, answer.round_trip)


def test_each_answer_is_decoded_on_the_side_that_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never on the core's loop: nothing is decoded until the result is touched."""
    decoded: list[object] = []
    operation = operation_by_method(Market.SPOT, "depth")
    assert operation is not None

    def note(wire: bytes | msgspec.Raw) -> object:
        decoded.append(wire)
        return "typed"

    monkeypatch.setattr("binance_wsapi.response._decoders", {operation: note})
    answer: Response[Any] = Response(
        operation, b"{}", "1", 200, msgspec.Raw(b"{}"), msgspec.Raw(b""), 0.1
    )

    assert decoded == []
    assert (answer.result, answer.result) == ("typed", "typed")
    assert len(decoded) == 1


def test_wire_dict_of_an_unknown_operation_hides_keys_in_its_repr() -> None:
    result = b'{"listenKey":"secret-one","symbol":"BTCUSDT"}'
    answer: Response[Any] = Response(
        None, b"{}", "1", 200, msgspec.Raw(result), msgspec.Raw(b""), 0.1
    )

    assert answer.result["listenKey"] == "secret-one"
    assert "secret-one" not in repr(answer)
    assert "BTCUSDT" in repr(answer)


def test_errors_of_both_clients_survive_pickling(
    connect: Callable[..., Caller], exchange: SimulatedExchange
) -> None:
    exchange.faults.on("order.place").refuse(-2010, "Account has insufficient balance.")
    caller = connect()

    with pytest.raises(OrderRejected) as refused:
        caller.call(
            lambda client: client.spot.submit_new_order(
                symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1"
            )
        )

    copy = pickle.loads(pickle.dumps(refused.value))
    assert type(copy) is OrderRejected
    assert str(copy) == str(refused.value)
    assert vars(copy) == vars(refused.value)


def test_attributes_of_an_answer_show_in_help() -> None:
    text = pydoc.render_doc(Response, renderer=pydoc.plaintext)  # type: ignore[attr-defined]  # typeshed lacks it

    for name in ("id", "status", "round_trip", "resolved"):
        assert inspect.getdoc(getattr(Response, name))
    assert "Seconds from the write to the answer." in text
