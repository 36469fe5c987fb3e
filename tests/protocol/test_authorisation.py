"""Who signs what: the caller's own words stand, the rest is filled in at the moment of sending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from binance_wsapi import ConfigurationError, KeyType
from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.markets import Market
from binance_wsapi.protocol.authorisation import Authoriser

NOW_MS = 1_800_000_000_123
PARAMS: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY"}


class Pen:
    """A signer whose signature shows what it signed."""

    def __init__(self, key_type: KeyType = KeyType.HMAC, *, slow: bool = False) -> None:
        self.key_type = key_type
        self.slow = slow

    def sign(self, payload: bytes) -> str:
        return f"signed({payload.decode()})"


def authoriser(
    key_type: KeyType = KeyType.HMAC, recv_window: float | None = None, *, slow: bool = False
) -> Authoriser:
    return Authoriser(api_key="key", signer=Pen(key_type, slow=slow), recv_window=recv_window)


def authorised(
    given: Mapping[str, Any],
    *,
    by: Authoriser | None = None,
    signed: bool = True,
    logged_on: bool = False,
) -> dict[str, Any]:
    by = by or authoriser()
    return dict(by.authorise(given, signed=signed, logged_on=logged_on, timestamp_ms=NOW_MS))


def test_signed_request_carries_key_time_and_signature_of_all_sorted() -> None:
    sent = authorised(PARAMS, by=authoriser(recv_window=5000))

    assert sent == {
        **PARAMS,
        "timestamp": NOW_MS,
        "recvWindow": 5000,
        "apiKey": "key",
        "signature": "signed(apiKey=key&recvWindow=5000&side=BUY&symbol=BTCUSDT"
        f"&timestamp={NOW_MS})",
    }


def test_logged_on_connection_needs_the_time_alone() -> None:
    assert authorised(PARAMS, logged_on=True) == {**PARAMS, "timestamp": NOW_MS}
    assert authorised(PARAMS, by=authoriser(recv_window=300), logged_on=True) == {
        **PARAMS,
        "timestamp": NOW_MS,
        "recvWindow": 300,
    }


def test_operation_that_wants_the_key_alone_gets_it_alone() -> None:
    assert authorised({"listenKey": "l"}, signed=False) == {"listenKey": "l", "apiKey": "key"}
    assert authorised({"apiKey": "other"}, signed=False) == {"apiKey": "other"}


@pytest.mark.parametrize("own", ["timestamp", "recvWindow", "apiKey"])
def test_what_the_caller_set_stands(own: str) -> None:
    sent = authorised({**PARAMS, own: "mine"}, by=authoriser(recv_window=5000))

    assert sent[own] == "mine"
    assert f"{own}=mine" in sent["signature"]


def test_request_that_the_caller_signed_is_left_alone() -> None:
    """One parameter more, and the signature fits no longer."""
    signed = {**PARAMS, "apiKey": "other", "timestamp": 1, "signature": "theirs"}

    for logged_on in (False, True):
        sent = authorised(signed, by=authoriser(recv_window=5000), logged_on=logged_on)
        assert sent == signed


def test_key_of_the_callers_own_is_signed_on_a_logged_on_connection_too() -> None:
    sent = authorised({**PARAMS, "apiKey": "other"}, logged_on=True)

    assert sent["signature"].startswith("signed(apiKey=other&")


def test_given_parameters_are_not_changed() -> None:
    given = dict(PARAMS)
    authorised(given)

    assert given == PARAMS


@pytest.mark.parametrize(
    ("milliseconds", "sent"), [(5000, 5000), (5000.0, 5000), (1500.5, "1500.5"), (0.125, "0.125")]
)
def test_window_is_written_as_the_exchange_reads_it(milliseconds: float, sent: object) -> None:
    told = authorised({}, by=authoriser(recv_window=milliseconds), logged_on=True)

    assert told["recvWindow"] == sent
    assert type(told["recvWindow"]) is type(sent)


@pytest.mark.parametrize(
    ("key_type", "logs_on"),
    [(KeyType.HMAC, False), (KeyType.RSA, False), (KeyType.ED25519, True)],
)
def test_only_ed25519_logs_on(key_type: KeyType, logs_on: bool) -> None:
    assert authoriser(key_type).logs_on is logs_on


def test_slowness_is_the_signers_own_word() -> None:
    class Remote:
        key_type = KeyType.HMAC

        def sign(self, payload: bytes) -> str:
            return ""

    assert authoriser(slow=True).signs_slowly
    assert Authoriser(api_key="key", signer=Remote(), recv_window=None).signs_slowly
    assert not authoriser().signs_slowly
    assert not Authoriser(api_key=None, signer=None, recv_window=None).signs_slowly


@pytest.mark.parametrize(
    ("method", "api_key", "signer", "says"),
    [
        ("time", None, None, None),
        ("order.place", None, None, "needs an API key: pass api_key and api_secret"),
        ("order.place", "key", None, "needs a signature: pass api_secret (or signer)"),
        ("order.place", "key", Pen(), None),
        ("userDataStream.start", None, None, "needs an API key"),
        ("userDataStream.start", "key", None, None),
    ],
)
def test_operation_without_its_key_is_refused(
    method: str, api_key: str | None, signer: Pen | None, says: str | None
) -> None:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None
    by = Authoriser(api_key=api_key, signer=signer, recv_window=None)

    if says is None:
        by.check(operation)
    else:
        with pytest.raises(ConfigurationError) as refused:
            by.check(operation)
        assert f"{method} {says}" in str(refused.value)
