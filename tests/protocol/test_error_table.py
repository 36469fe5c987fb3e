"""Every documented error code becomes the class that says what to do next."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from binance_wsapi.errors import (
    AuthenticationFailed,
    BinanceWsApiError,
    FilterFailure,
    InvalidTimestamp,
    IpBanned,
    NotSent,
    OrderNotFound,
    OrderRejected,
    PartlyExecuted,
    RateLimited,
    RequestRejected,
    ServerUndecided,
)
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.envelope import ErrorBody
from binance_wsapi.protocol.error_table import rejection

REFERENCE = Path(__file__).parents[1] / "reference"
MARKETS = {
    "spot": Market.SPOT,
    "usdm": Market.USDM,
    "coinm": Market.COINM,
    "margin": Market.SPOT,  # margin user data lives on the Spot connection
}
WALL_US = 1_659_142_907_531_000


def refuse(
    code: int,
    msg: str = "",
    *,
    market: Market = Market.SPOT,
    status: int = 400,
    data: dict[str, Any] | None = None,
    rate_limits: list[dict[str, Any]] | None = None,
    operation: str = "order.place",
) -> BinanceWsApiError:
    return rejection(
        market,
        operation,
        status,
        ErrorBody(code, msg, Raw(json.dumps(data).encode()) if data else Raw()),
        wall_us=WALL_US,
        client_order_id="mine",
        sent_at=7,
        rate_limits=Raw(json.dumps(rate_limits).encode()) if rate_limits else Raw(),
    )


# What the documents say about a code decides its class ...
BY_OUTCOME = {
    "unknown": ServerUndecided,
    "not_stated": ServerUndecided,
    "probably not done": ServerUndecided,
}
BY_GROUP = {
    "general": RequestRejected,
    "request": RequestRejected,
    "processing": OrderRejected,
    "engine_message": OrderRejected,
    "filter": FilterFailure,
    "auth": AuthenticationFailed,
    "limits": RateLimited,
    "time": InvalidTimestamp,
    "order": OrderRejected,
    "matching": OrderRejected,
    "filter or account": OrderRejected,
    "account settings": RequestRejected,
    "options (old)": RequestRejected,
    "subscription": RequestRejected,
}
# ... but where a group holds more than one thing. Each line says why; an unused one fails.
OF_ITS_OWN: dict[tuple[str, int], tuple[type[BinanceWsApiError], str]] = {
    ("spot", -1002): (AuthenticationFailed, "not allowed: a matter of the key"),
    ("spot", -1003): (RateLimited, "limit, listed as general"),
    ("spot", -1008): (RateLimited, "busy: come back later"),
    ("spot", -1010): (OrderRejected, "same messages as -2010"),
    ("spot", -1013): (OrderRejected, "an order refused before the engine"),
    ("spot", -1014): (OrderRejected, "a combination of order settings"),
    ("spot", -1015): (RateLimited, "limit, listed as general"),
    ("spot", -1021): (InvalidTimestamp, "time, listed as general"),
    ("spot", -1022): (AuthenticationFailed, "signature, listed as general"),
    ("spot", -1034): (RateLimited, "connection attempts"),
    ("spot", -1181): (RateLimited, "FIX: too many messages"),
    ("spot", -2013): (OrderNotFound, "no such order"),
    ("spot", -2014): (AuthenticationFailed, "key, listed as processing"),
    ("spot", -2015): (AuthenticationFailed, "key, listed as processing"),
    ("spot", -2021): (PartlyExecuted, "cancel-replace: one half done"),
    ("spot", -2026): (RequestRejected, "a query: the order is there, but archived"),
    ("spot", -2035): (RequestRejected, "a subscription, no order"),
    ("spot", -2036): (RequestRejected, "a subscription, no order"),
    ("spot", -2042): (RequestRejected, "a subscription, no order"),
    ("spot", -2043): (RequestRejected, "a query of a price"),
    ("margin", -1125): (RequestRejected, "a listen key is gone: nothing wrong with the API key"),
    **{
        (market, code): row
        for market in ("usdm", "coinm")
        for code, row in {
            -1014: (OrderRejected, "a combination of order settings"),
            -2013: (OrderNotFound, "no such order"),
            -2025: (FilterFailure, "MAX_NUM_ORDERS"),
            **dict.fromkeys(
                (-4001, -4002, -4006, -4007, -4013, -4014), (FilterFailure, "PRICE_FILTER")
            ),
            **dict.fromkeys((-4003, -4004, -4005, -4023), (FilterFailure, "LOT_SIZE")),
            **dict.fromkeys((-4016, -4024), (FilterFailure, "PERCENT_PRICE")),
            -4045: (FilterFailure, "MAX_NUM_ALGO_ORDERS"),
            **dict.fromkeys(range(-4012, -4007), (RequestRejected, "rules of the market itself")),
            **dict.fromkeys(
                (-4017, -4018, -4019, -4025, -4026, -4027, -4029, -4030),
                (RequestRejected, "rules of the market itself"),
            ),
            **dict.fromkeys(
                (-4000, -4021, -4022, -4033, -4044, -4055, -4058, -4084, -4086, -4104),
                (RequestRejected, "bad request, no order"),
            ),
            **dict.fromkeys((-4047, -4048), (RequestRejected, "margin type, an account setting")),
            **dict.fromkeys((-4060, -4061), (OrderRejected, "position side of an order")),
        }.items()
    },
    **{
        ("usdm", code): row
        for code, row in {
            -4085: (RequestRejected, "rules of the market itself"),
            **dict.fromkeys((-4114, -4115), (RequestRejected, "a transfer")),
            -4118: (OrderRejected, "a reduce-only order"),
            **dict.fromkeys((-4131, -4183, -4184, -4210, -4211), (FilterFailure, "PERCENT_PRICE")),
            **dict.fromkeys((-4164, -5029), (FilterFailure, "MIN_NOTIONAL")),
            **dict.fromkeys((-4144, -4165), (RequestRejected, "bad request, no order")),
        }.items()
    },
    **{
        ("coinm", code): row
        for code, row in {
            **dict.fromkeys((-4087, -4088), (RequestRejected, "bad request, no order")),
            **dict.fromkeys((-4110, -4111), (RequestRejected, "a transfer")),
            -4112: (OrderRejected, "a reduce-only order"),
            **dict.fromkeys((-4113, -4151, -4152, -4154, -4155), (FilterFailure, "PERCENT_PRICE")),
            -4178: (FilterFailure, "MIN_NOTIONAL"),
        }.items()
    },
}


def documented() -> list[Any]:
    added = json.loads((REFERENCE / "new" / "usdm_changes.json").read_text())["errors"]
    return [
        pytest.param(name, row, id=f"{name}{row['code']}-{row['name']}")
        for name in MARKETS
        for row in [
            *json.loads((REFERENCE / name / "errors.json").read_text()),
            *(added if name == "usdm" else ()),
        ]
    ]


def expected_class(name: str, row: dict[str, Any]) -> type[BinanceWsApiError]:
    message = row.get("message", "")
    if message.startswith("Filter failure: "):
        return FilterFailure
    if message == "Unknown order sent.":
        return OrderNotFound
    if (name, row["code"]) in OF_ITS_OWN:
        return OF_ITS_OWN[name, row["code"]][0]
    return BY_OUTCOME.get(row.get("outcome", ""), BY_GROUP[row["group"]])


@pytest.mark.parametrize(("name", "row"), documented())
def test_every_documented_code_has_its_class(name: str, row: dict[str, Any]) -> None:
    error = refuse(row["code"], row.get("message", "Some words."), market=MARKETS[name])

    assert type(error) is expected_class(name, row)


@pytest.mark.parametrize("key", OF_ITS_OWN, ids=str)
def test_every_exception_from_the_groups_is_needed(key: tuple[str, int]) -> None:
    name, code = key
    rows = [
        row
        for row in json.loads((REFERENCE / name / "errors.json").read_text())
        if row["code"] == code and "message" not in row
    ]

    assert rows, "the code is in no document"
    assert (
        BY_OUTCOME.get(rows[0].get("outcome"), BY_GROUP[rows[0]["group"]]) is not OF_ITS_OWN[key][0]
    )


@pytest.mark.parametrize(
    "row",
    [
        row
        for name in ("usdm", "coinm")
        for row in json.loads((REFERENCE / name / "errors.json").read_text())
        if "filter" in OF_ITS_OWN.get((name, row["code"]), ("", ""))[1].lower()
    ],
    ids=lambda row: str(row["code"]),
)
def test_filters_of_futures_codes_are_named(row: dict[str, Any]) -> None:
    error = refuse(row["code"], "Some words.", market=Market.USDM)

    assert isinstance(error, FilterFailure)
    assert error.filter


@pytest.mark.parametrize(
    ("market", "code", "name"),
    [
        (Market.USDM, -4164, "MIN_NOTIONAL"),
        (Market.COINM, -4178, "MIN_NOTIONAL"),
        (Market.USDM, -4014, "PRICE_FILTER"),
        (Market.COINM, -4023, "LOT_SIZE"),
        (Market.USDM, -4131, "PERCENT_PRICE"),
    ],
)
def test_a_futures_code_names_its_filter(market: Market, code: int, name: str) -> None:
    error = refuse(code, "Some words.", market=market)

    assert isinstance(error, FilterFailure)
    assert error.filter == name


def test_the_filter_is_named_by_the_message() -> None:
    error = refuse(-1013, "Filter failure: LOT_SIZE")

    assert isinstance(error, FilterFailure)
    assert error.filter == "LOT_SIZE"
    assert error.message == "Filter failure: LOT_SIZE"
    assert str(error) == "order.place refused by the exchange: -1013 Filter failure: LOT_SIZE"


@pytest.mark.parametrize("market", api_markets())
def test_an_unknown_order_is_not_found(market: Market) -> None:
    error = refuse(-2011, "Unknown order sent.", market=market, operation="order.cancel")

    assert type(error) is OrderNotFound


@pytest.mark.parametrize(
    ("market", "status", "code", "msg", "error_class"),
    [
        (Market.SPOT, 400, -9999, "", RequestRejected),
        (Market.USDM, 400, -4999, "", OrderRejected),
        (Market.COINM, 400, -5999, "", OrderRejected),
        (Market.USDM, 400, -2099, "", OrderRejected),
        (Market.USDM, 400, -1199, "", RequestRejected),
        (Market.SPOT, 401, -9999, "", AuthenticationFailed),
        (Market.SPOT, 403, 0, "", RateLimited),
        (Market.SPOT, 409, 0, "", PartlyExecuted),
        (Market.SPOT, 418, 0, "", IpBanned),
        (Market.SPOT, 418, -1003, "Way too much", IpBanned),
        (Market.USDM, 429, -1003, "IP(1.2.3.4) banned until 1659142910000.", IpBanned),
        (Market.SPOT, 429, 0, "", RateLimited),
        (Market.SPOT, 429, -2010, "", RateLimited),
        (Market.SPOT, 500, 0, "", ServerUndecided),
        (Market.SPOT, 503, -1008, "", ServerUndecided),
        (Market.SPOT, 504, -2010, "", ServerUndecided),
        (Market.USDM, 503, -1008, "", RateLimited),
        (Market.USDM, 503, 0, "Service Unavailable.", RequestRejected),
        (Market.USDM, 503, 0, "Unknown error, please check your request.", ServerUndecided),
        (Market.USDM, 408, 0, "", ServerUndecided),
        (Market.SPOT, 400, -1006, "", ServerUndecided),
        (Market.SPOT, 429, -1007, "", ServerUndecided),
    ],
)
def test_status_decides_what_the_code_leaves_open(
    market: Market, status: int, code: int, msg: str, error_class: type[BinanceWsApiError]
) -> None:
    assert type(refuse(code, msg, market=market, status=status)) is error_class


@pytest.mark.parametrize("operation", ["order.place", "depth"])
def test_an_undecided_server_leaves_what_is_needed_to_find_out(operation: str) -> None:
    error = refuse(-1007, "Timeout.", status=500, operation=operation)

    assert isinstance(error, ServerUndecided)
    assert (error.operation, error.client_order_id, error.sent_at) == (operation, "mine", 7)
    assert (error.code, error.status) == (-1007, 500)
    assert "-1007 Timeout." in str(error)


def test_an_answer_without_an_error_is_judged_by_its_status() -> None:
    error = rejection(Market.SPOT, "depth", 400, None, wall_us=WALL_US)

    assert type(error) is RequestRejected
    assert error.code == 0
    assert "status 400" in str(error)


# How long to wait --------------------------------------------------------------------------------

USED_UP = {
    "rateLimitType": "REQUEST_WEIGHT",
    "interval": "MINUTE",
    "intervalNum": 1,
    "limit": 9,
    "count": 9,
}
LEFT = {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 9, "count": 8}
SECONDS_INTO_MINUTE = WALL_US / 1e6 % 60


@pytest.mark.parametrize(
    ("code", "msg", "data", "rate_limits", "seconds"),
    [
        pytest.param(-1003, "", {"serverTime": 1000, "retryAfter": 61_000}, None, 60, id="told"),
        pytest.param(
            -1003,
            "",
            {"serverTime": 1_659_142_907_531_000, "retryAfter": 1_659_142_908_031_000},
            None,
            0.5,
            id="told-in-microseconds",
        ),
        pytest.param(
            -1003,
            "",
            {"retryAfter": WALL_US // 1000 + 4000},
            None,
            4,
            id="told-without-server-time",
        ),
        pytest.param(
            -1003, "", {"serverTime": 2000, "retryAfter": 1000}, None, 0, id="told-too-late"
        ),
        pytest.param(
            -1003,
            f"IP banned until {WALL_US // 1000 + 9000}.",
            None,
            [USED_UP],
            9,
            id="in-the-message",
        ),
        pytest.param(
            -1003, "", None, [LEFT, USED_UP], 60 - SECONDS_INTO_MINUTE, id="until-the-interval-ends"
        ),
        pytest.param(
            -1015,
            "Too many new orders; current limit is 50 orders per 10 SECOND.",
            None,
            None,
            10 - WALL_US / 1e6 % 10,
            id="interval-in-the-message",
        ),
        pytest.param(
            -1003,
            "Too many requests; current limit of IP is 2400 requests per minute.",
            None,
            [LEFT],
            60 - SECONDS_INTO_MINUTE,
            id="minute-in-the-message",
        ),
        pytest.param(-1003, "Too many requests queued.", None, None, None, id="not-told"),
    ],
)
def test_retry_after_is_the_seconds_to_wait(
    code: int,
    msg: str,
    data: dict[str, Any] | None,
    rate_limits: list[dict[str, Any]] | None,
    seconds: float | None,
) -> None:
    error = refuse(code, msg, status=429, data=data, rate_limits=rate_limits)

    assert isinstance(error, RateLimited)
    assert error.retry_after == (None if seconds is None else pytest.approx(seconds))


def test_the_documented_ban_says_when_it_ends() -> None:
    samples = json.loads((REFERENCE / "spot" / "examples.json").read_text())
    (ban,) = (row["payload"] for row in samples if row["variant"] == "banned (418) with retryAfter")
    error = refuse(ban["error"]["code"], ban["error"]["msg"], status=418, data=ban["error"]["data"])

    assert isinstance(error, IpBanned)
    assert error.retry_after == pytest.approx(3492.469)


@pytest.mark.parametrize(
    ("status", "code", "longest"),
    [(429, -1003, 300), (429, -1015, 86_400), (418, -1003, 3 * 86_400)],
)
def test_no_wait_is_told_that_no_limit_and_no_ban_lasts(
    status: int, code: int, longest: float
) -> None:
    data = {"serverTime": 1_000_000, "retryAfter": 10**15}

    error = refuse(code, "No.", status=status, data=data)

    assert isinstance(error, RateLimited)
    assert error.retry_after == longest


@pytest.mark.parametrize("raw", [b"{", b"[1]", b'"x"', b"\xff", b"null"])
def test_unreadable_data_does_not_hide_the_error(raw: bytes) -> None:
    error = rejection(
        Market.SPOT,
        "order.place",
        429,
        ErrorBody(-1003, "Too many.", Raw(raw)),
        wall_us=WALL_US,
        rate_limits=Raw(raw),
    )

    assert type(error) is RateLimited
    assert error.retry_after is None


# Cancel-replace ----------------------------------------------------------------------------------


def cancel_replace_errors() -> list[Any]:
    samples = json.loads((REFERENCE / "spot" / "examples.json").read_text())
    return [
        pytest.param(row["payload"], id=row["variant"])
        for row in samples
        if row["method"] == "order.cancelReplace" and row["kind"] == "error"
    ]


@pytest.mark.parametrize("answer", cancel_replace_errors())
@pytest.mark.parametrize("status", [400, 409, 429])
def test_the_halves_decide_whatever_the_status(answer: dict[str, Any], status: int) -> None:
    body = answer["error"]
    data = body.get("data")
    error = refuse(
        body["code"], body["msg"], status=status, data=data, operation="order.cancelReplace"
    )

    if data is None:
        assert type(error) is (PartlyExecuted if status == 409 else RateLimited)
    elif "SUCCESS" in (data["cancelResult"], data["newOrderResult"]):
        assert isinstance(error, PartlyExecuted)
        assert error.cancel_result == data["cancelResult"]
        assert error.new_order_result == data["newOrderResult"]
        assert error.cancel_response == data["cancelResponse"]
        assert error.new_order_response == data["newOrderResponse"]
        failed = data[
            "newOrderResponse" if data["newOrderResult"] == "FAILURE" else "cancelResponse"
        ]
        assert f"{failed['code']} {failed['msg']}" in str(error)
    else:
        assert not isinstance(error, PartlyExecuted | ServerUndecided)
        assert "-2011 Unknown order sent." in str(error)


@pytest.mark.parametrize("undecided", [-1000, -1001, -1006, -1007])
def test_an_undecided_half_leaves_the_whole_undecided(undecided: int) -> None:
    halves = {
        "cancelResult": "SUCCESS",
        "newOrderResult": "FAILURE",
        "cancelResponse": {"symbol": "BTCUSDT"},
        "newOrderResponse": {"code": undecided, "msg": "Who knows."},
    }
    error = refuse(-2021, "Partially failed.", status=409, data=halves)

    assert isinstance(error, ServerUndecided)
    assert error.client_order_id == "mine"
    assert "Who knows." in str(error)


def test_a_409_that_tells_nothing_is_still_partly_executed() -> None:
    error = refuse(-2021, "Partially failed.", status=409)

    assert isinstance(error, PartlyExecuted)
    assert (error.cancel_result, error.new_order_result) == ("UNKNOWN", "UNKNOWN")


def test_no_secret_of_a_message_gets_into_the_error() -> None:
    listen_key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    error = refuse(
        -1125, f"Listen key {listen_key} does not exist, signature=abc.", market=Market.USDM
    )

    assert listen_key not in str(error)
    assert "abc" not in str(error)
    assert not isinstance(error, NotSent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=3,
)
DATA = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "retryAfter",
            "serverTime",
            "cancelResult",
            "newOrderResult",
            "cancelResponse",
            "newOrderResponse",
        ),
        JSON,
    ),
)
MESSAGES = st.text(max_size=20) | st.from_regex(
    r"(IP banned until|Filter failure:|limit is 5 orders per) [0-9]{0,30} ?(SECOND|minute|)"
)
LIMITS = st.lists(
    st.fixed_dictionaries(
        {
            "interval": st.sampled_from(["SECOND", "DAY", "EON"]),
            "intervalNum": st.integers(-1, 10**20),
            "limit": st.integers(0, 2),
            "count": st.integers(0, 2),
        }
    ),
    max_size=2,
)


@settings(max_examples=400, deadline=None)
@given(
    market=st.sampled_from(Market),
    status=st.sampled_from([0, 400, 401, 403, 408, 409, 418, 429, 500, 503]),
    code=st.integers(-6000, 10) | st.sampled_from([-1003, -1013, -1015, -2021, -2022, -4014]),
    msg=MESSAGES,
    data=DATA,
    rate_limits=LIMITS,
)
def test_no_answer_at_all_breaks_the_table(
    market: Market,
    status: int,
    code: int,
    msg: str,
    data: dict[str, Any],
    rate_limits: list[dict[str, Any]],
) -> None:
    error = refuse(code, msg, market=market, status=status, data=data, rate_limits=rate_limits)

    assert isinstance(error, RequestRejected | ServerUndecided)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    retry_after = getattr(error, "retry_after", None)
    assert retry_after is None or retry_after >= 0
