"""Errors are values: they travel between threads and processes whole, and read well."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from decimal import Decimal
from typing import Any

import pytest

from binance_wsapi import errors
from binance_wsapi.errors import (
    BinanceWsApiError,
    ConfigurationError,
    IpBanned,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    ParameterError,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    ServerUndecided,
)
from binance_wsapi.rules import Violation


def test_repr_has_what_tells_errors_apart() -> None:
    rejected = RequestRejected("Invalid symbol.", code=-1121, status=400, operation="order.place")
    not_sent = NotSent("No.", operation="order.place", reason="limit")
    unknown = OutcomeUnknown("?", operation="order.place", client_order_id="x")

    assert repr(rejected) == (
        "RequestRejected('Invalid symbol.', code=-1121, operation='order.place')"
    )
    assert repr(not_sent) == "NotSent('No.', operation='order.place', reason='limit')"
    assert repr(unknown) == "OutcomeUnknown('?', operation='order.place', client_order_id='x')"
    assert repr(ConfigurationError("no")) == "ConfigurationError('no')"


CLASSES: list[type[BinanceWsApiError]] = [getattr(errors, name) for name in errors.__all__]
VALUES: dict[str, Any] = {
    "proves_after": 16.0,
    "parameter": "price",
    "value": "1,000",
    "operation": "order.place",
    "reason": "deadline",
    "retry_after": 1.5,
    "client_order_id": "mine",
    "sent_at": 1_700_000_000_000_000,
    "cause": "timeout",
    "code": -2010,
    "status": 400,
    "filter": "LOT_SIZE",
    "cancel_result": "SUCCESS",
    "new_order_result": "FAILURE",
    "cancel_response": {"orderId": 1},
    "new_order_response": {"code": -2010},
    "raw": b"{}",
    "sent": {"quantity": "0.015"},
    "rule": {"filterType": "LOT_SIZE", "stepSize": "0.01"},
    "symbol": "BTCUSDT",
    "violations": (
        Violation(
            filter="LOT_SIZE",
            rule="stepSize",
            parameter="quantity",
            value=Decimal("0.015"),
            bound=Decimal("0.01"),
            nearest=Decimal("0.01"),
            problem="is no multiple of",
        ),
    ),
}


def keywords(error_class: type[BinanceWsApiError]) -> dict[str, Any]:
    parameters = inspect.signature(error_class.__init__).parameters.values()
    return {p.name: VALUES[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY}


def test_the_tree_is_the_contracts() -> None:
    parents = {error_class: error_class.__mro__[1] for error_class in CLASSES}

    assert {child.__name__: parent.__name__ for child, parent in parents.items()} == {
        "BinanceWsApiError": "Exception",
        "ConfigurationError": "BinanceWsApiError",
        "JournalHeld": "ConfigurationError",
        "ParameterError": "BinanceWsApiError",
        "RulesBroken": "ParameterError",
        "ClientClosed": "BinanceWsApiError",
        "NotSent": "BinanceWsApiError",
        "OutcomeUnknown": "BinanceWsApiError",
        "RequestTimeout": "OutcomeUnknown",
        "ConnectionLost": "OutcomeUnknown",
        "ServerUndecided": "OutcomeUnknown",
        "RequestRejected": "BinanceWsApiError",
        "AuthenticationFailed": "RequestRejected",
        "InvalidTimestamp": "RequestRejected",
        "RateLimited": "RequestRejected",
        "IpBanned": "RateLimited",
        "OrderRejected": "RequestRejected",
        "OrderNotFound": "RequestRejected",
        "FilterFailure": "RequestRejected",
        "PartlyExecuted": "RequestRejected",
        "NotPlaced": "BinanceWsApiError",
        "UnreadableResult": "BinanceWsApiError",
    }


@pytest.mark.parametrize("error_class", [ConfigurationError, ParameterError])
def test_mistakes_of_the_caller_are_value_errors_too(error_class: type) -> None:
    assert issubclass(error_class, ValueError)


def test_what_may_be_repeated_is_never_a_kind_of_what_may_not() -> None:
    for safe in (NotSent, NotPlaced, RequestRejected):
        assert not issubclass(safe, OutcomeUnknown)
        assert not issubclass(OutcomeUnknown, safe)


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda error_class: error_class.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles_whole(error_class: type[BinanceWsApiError], protocol: int) -> None:
    given = keywords(error_class)
    error = error_class("Some words.", **given)
    error.add_note("a note")
    twin = pickle.loads(pickle.dumps(error, protocol))

    assert type(twin) is error_class
    assert str(twin) == str(error)
    assert twin.args == error.args
    assert twin.__dict__ == error.__dict__
    assert {name: getattr(twin, name) for name in given} == given


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda error_class: error_class.__name__)
def test_every_error_copies_whole(error_class: type[BinanceWsApiError]) -> None:
    error = error_class("Some words.", **keywords(error_class))

    assert copy.copy(error).__dict__ == error.__dict__
    assert str(copy.deepcopy(error)) == str(error)


def test_a_value_that_does_not_pickle_is_told_in_words() -> None:
    lock = threading.Lock()
    twin = pickle.loads(pickle.dumps(ParameterError("no", parameter="price", value=lock)))

    assert twin.parameter == "price"
    assert twin.value == repr(lock)


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda error_class: error_class.__name__)
def test_every_error_says_what_it_means(error_class: type[BinanceWsApiError]) -> None:
    assert error_class.__doc__
    assert "Some words." in str(error_class("Some words.", **keywords(error_class)))


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda error_class: error_class.__name__)
def test_every_attribute_is_documented(error_class: type[BinanceWsApiError]) -> None:
    documented = "".join(base.__doc__ or "" for base in error_class.__mro__)

    for name in keywords(error_class):
        assert f"{name}:" in documented


def test_a_refusal_reads_as_a_sentence() -> None:
    refused = RateLimited(
        "Too many.", code=-1003, status=429, operation="order.place", retry_after=2.0
    )
    partly = PartlyExecuted("Partially failed.", **keywords(PartlyExecuted))

    assert str(refused) == "order.place refused by the exchange: -1003 Too many."
    assert str(partly) == (
        "order.place was partly executed: cancel SUCCESS, new order FAILURE: -2010 Partially failed."
    )


def test_a_ban_is_caught_as_a_limit_and_an_undecided_server_as_unknown() -> None:
    with pytest.raises(RateLimited):
        raise IpBanned("Banned.", **keywords(IpBanned))
    with pytest.raises(OutcomeUnknown):
        raise ServerUndecided("Who knows.", **keywords(ServerUndecided))
