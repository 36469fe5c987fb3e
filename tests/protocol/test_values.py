"""Every kind of value reaches the wire as the exchange takes it, or is refused with the way out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binance_wsapi.catalogue.operation import Kind, Param
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market
from binance_wsapi.models.base import OpenEnum
from binance_wsapi.protocol.values import any_value, converter, decimal_text


class Side(OpenEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(OpenEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"


class Interval(OpenEnum):
    ONE_MINUTE = "1m"
    ONE_MONTH = "1M"
    ONE_HOUR = "1h"


PARAMS = {
    param.name: param
    for param in (
        Param("symbol", "symbol", Kind.STRING, ""),
        Param("side", "side", Kind.ENUM, "", enum=Side),
        Param("type", "type", Kind.ENUM, "", enum=OrderType),
        Param("price", "price", Kind.DECIMAL, ""),
        Param("stop_price", "stopPrice", Kind.DECIMAL, "", minimum=0),
        Param("callback_rate", "callbackRate", Kind.DECIMAL, "", minimum=0.1, maximum=10),
        Param("new_client_order_id", "newClientOrderId", Kind.STRING, "", max_length=36,
              pattern=r"^[\.A-Z\:/a-z0-9_-]{1,36}$"),
        Param("strategy_type", "strategyType", Kind.INT, "", minimum=1_000_000),
        Param("limit", "limit", Kind.INT, "", minimum=1, maximum=5000),
        Param("order_id", "orderId", Kind.INT, ""),
        Param("reduce_only", "reduceOnly", Kind.BOOLEAN_TEXT, ""),
        Param("omit_zero_balances", "omitZeroBalances", Kind.BOOLEAN, ""),
        Param("start_time", "startTime", Kind.TIMESTAMP, ""),
        Param("interval", "interval", Kind.ENUM, "", enum=Interval),
        Param("symbols", "symbols", Kind.STRING_LIST, "", max_items=3),
        Param("sides", "sides", Kind.ENUM_LIST, "", enum=Side),
        Param("recv_window", "recvWindow", Kind.DECIMAL, "", maximum=60000, max_decimals=3, auth=True),
    )
}  # fmt: skip


def sent(**given: object) -> Any:
    """What a parameter becomes on the wire."""
    ((name, value),) = given.items()
    return converter(PARAMS[name], name, Market.SPOT)(value)


def refused(**given: object) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        sent(**given)
    return caught.value


# Decimals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("20000.00", "20000.00"),
        ("0", "0"),
        ("007.50", "007.50"),
        ("12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+5"), "100000"),
        (Decimal("20000.00"), "20000.00"),
        (Decimal("0E-8"), "0.00000000"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        (Decimal("1.5" + "0" * 30), "1.5"),
        (Decimal("-0.00"), "0.00"),
        (-0.0, "0.0"),
        (0.1, "0.1"),
        (1e-8, "0.00000001"),
        (1e19, "10000000000000000000"),
        (0.1 + 0.2, "0.30000000000000004"),
        (20000.0, "20000.0"),
        (5, "5"),
        (10**19, "1" + "0" * 19),
    ],
)  # fmt: skip
def test_decimals_reach_the_wire_as_plain_text(given: Any, text: str) -> None:
    assert decimal_text(given, "price") == text
    assert sent(price=given) == text


class NumpyLike(float):
    """As numpy's numbers show themselves."""

    def __repr__(self) -> str:
        return f"np.float64({float(self)})"


def test_floats_of_other_libraries_are_floats() -> None:
    assert decimal_text(NumpyLike(0.1), "price") == "0.1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1,000", "price='1,000' is not a plain decimal number: write '1000'"),
        ("1 000.5", "write '1000.5'"),
        (" 5", "price=' 5' is not a plain decimal number: write '5'"),
        ("1e-7", "price='1e-7' is not a plain decimal number: write '0.0000001'"),
        ("1.50E+3", "write '1500'"),
        ("1.2345e2", "write '123.45'"),
        ("-0.0", "write '0.0'"),
        ("0." + "1" * 20 + "000", "write '0.11111111111111111111'"),
        ("-5", "price='-5' is negative"),
        ("-1e-7", "is negative"),
        (-1, "price=-1 is negative"),
        (-0.5, "is negative"),
        (Decimal("-1E+30"), "is negative"),
        ("1" * 21, "has more than 20 digits before the point"),
        (1e22, "has more than 20 digits before the point"),
        ("0." + "1" * 21, "has more than 20 digits after the point"),
        (Decimal(1) / 3, "has more than 20 digits after the point: round it"),
        (1e-21, "has more than 20 digits after the point"),
        ("1e-21", "has more than 20 digits after the point"),
        ("5\n", "write '5'"),
        ("1_000", "write '1000'"),
        (".5", "write '0.5'"),
        ("5.", "write '5'"),
        ("+5", "write '5'"),
        ("", "is not a decimal number"),
        ("abc", "price='abc' is not a decimal number"),
        ("1.2.3", "is not a decimal number"),
        ("0x10", "is not a decimal number"),
        ("\N{ARABIC-INDIC DIGIT FIVE}", "is not a decimal number"),
        ("\N{FULLWIDTH DIGIT FIVE}", "is not a decimal number"),
        ("NaN", "is not a decimal number"),
        ("Infinity", "is not a decimal number"),
        (float("nan"), "price=nan is not a finite number"),
        (float("-inf"), "price=-inf is not a finite number"),
        (Decimal("NaN"), "is not a finite number"),
        (Decimal("sNaN"), "is not a finite number"),
        (Decimal("Infinity"), "is not a finite number"),
        (True, "price=True is a bool: write a str, Decimal, int or float"),
        (b"5", "price=b'5' is a bytes: write a str"),
        ([5], "is a list"),
        ({"a": 1}, "is a dict"),
        (1j, "is a complex"),
        (object(), "is an object"),
        (Side.BUY, "is a Side"),
        (Decimal("1E+999999"), "more than 20 digits before the point"),
        (Decimal("1E-999999"), "more than 20 digits after the point"),
        ("1e999999", "more than 20 digits before the point"),
        ("1e9999999999", "is not a decimal number"),
        pytest.param(10**5000, "more than 20 digits before the point", id="huge"),
        pytest.param(-(10**5000), "is negative", id="hugely negative"),
    ],
)
def test_what_is_no_decimal_is_refused(given: Any, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        decimal_text(given, "price")

    assert said in str(caught.value)
    assert caught.value.parameter == "price"


PLAIN = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?", re.ASCII)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**22), max_value=10**22),
        st.floats(allow_nan=False, allow_infinity=False, min_value=-1e21, max_value=1e21),
        st.integers(min_value=-(10**22), max_value=10**22),
    )
)
def test_any_number_is_refused_or_keeps_its_value_and_is_plain(number: Decimal | float) -> None:
    try:
        text = decimal_text(number, "price")
    except ParameterError:
        assert not PLAIN.fullmatch(f"{Decimal(str(number)):f}")
    else:
        assert PLAIN.fullmatch(text)
        assert type(number)(text) == number if not isinstance(number, int) else int(text) == number


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=12),
        st.text(alphabet="0123456789.,eE+- _", max_size=12),
        st.from_regex(r"-?[0-9]{1,24}(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    )
)
def test_any_text_is_refused_or_stays_as_it_is(text: str) -> None:
    try:
        written = decimal_text(text, "price")
    except ParameterError as error:
        assert not PLAIN.fullmatch(text)
        hint = re.search(r"write '(.*)'$", str(error))
        assert hint is None or PLAIN.fullmatch(hint[1])
    else:
        assert PLAIN.fullmatch(text)
        assert written == text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stop_price": "-0.01"}, "stop_price='-0.01' is negative"),
        ({"stop_price": -1.5}, "is negative"),
        ({"callback_rate": "0.09"}, "is too small: the least is 0.1"),
        ({"callback_rate": 10.01}, "callback_rate=10.01 is too large: the most is 10"),
        ({"recv_window": 60000.001}, "is too large: the most is 60000"),
        ({"recv_window": "5000.1234"}, "has more than 3 decimals"),
    ],
)
def test_decimals_stay_within_their_limits(given: dict[str, object], said: str) -> None:
    assert said in str(refused(**given))


@pytest.mark.parametrize(
    ("given", "wire"),
    [(5000, 5000), ("5000", 5000), (60000, 60000), (Decimal("5000.125"), "5000.125"),
     ("4999.5000", "4999.5000")],
)  # fmt: skip
def test_the_window_is_a_number_where_it_is_whole(given: object, wire: object) -> None:
    assert sent(recv_window=given) == wire


def test_limits_themselves_are_allowed() -> None:
    assert sent(callback_rate=0.1) == "0.1"
    assert sent(callback_rate=10) == "10"
    assert sent(stop_price=0) == "0"


# Whole numbers -----------------------------------------------------------------------------------


class Numbered(IntEnum):
    ONE = 1


class IndexLike:
    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize(("given", "number"), [(5, 5), (IndexLike(), 7), (Numbered.ONE, 1)])
def test_whole_numbers_are_sent_as_numbers(given: object, number: int) -> None:
    wire = sent(order_id=given)

    assert wire == number
    assert msgspec.json.encode(wire) == str(number).encode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (True, "order_id=True is a bool: write a whole number"),
        (" 12", "order_id=' 12' is a str: write 12 without quotes"),
        ("-12", "order_id='-12' is a str: write -12 without quotes"),
        ("\u0661", "order_id='\u0661' is no number"),
        ("x", "order_id='x' is no number"),
        ("1.0", "order_id='1.0' is no number"),
        ("", "order_id='' is a str: write a whole number"),
        ("9" * 20, "is too large"),
        ("9" * 21, "is a str"),
        (1.0, "order_id=1.0 is a float: write 1"),
        (1.5, "order_id=1.5 is a float: write a whole number"),
        (Decimal(1), "is a Decimal: write a whole number"),
        ([1], "is a list"),
        (2**63, "is too large"),
        (-(2**63) - 1, "is too small"),
        pytest.param(10**5000, "order_id=an int of 16610 bits is too large", id="huge"),
    ],
)
def test_what_is_no_whole_number_is_refused(given: object, said: str) -> None:
    assert said in str(refused(order_id=given))


@pytest.mark.parametrize(
    ("given", "number"), [("12", 12), ("007", 7), ("9223372036854775807", 2**63 - 1)]
)
def test_ids_may_be_text_of_digits(given: str, number: int) -> None:
    for each in (given, Text(given)):
        wire = sent(order_id=each)

        assert (wire, type(wire)) == (number, int)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": "10"}, "limit='10' is a str: write 10 without quotes"),
        ({"strategy_type": "1000000"}, "is a str: write 1000000 without quotes"),
    ],
)
def test_numbers_that_are_no_ids_are_not_taken_as_text(given: dict[str, object], said: str) -> None:
    assert said in str(refused(**given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": 0}, "limit=0 is too small: the least is 1"),
        ({"limit": 5001}, "limit=5001 is too large: the most is 5000"),
        ({"strategy_type": 999_999}, "is too small: the least is 1000000"),
    ],
)
def test_whole_numbers_stay_within_their_limits(given: dict[str, object], said: str) -> None:
    assert said in str(refused(**given))


# Text --------------------------------------------------------------------------------------------


class Text(str):
    __slots__ = ()


class Symbols(Enum):
    BTC = "BTCUSDT"


@pytest.mark.parametrize("given", ["BTCUSDT", Text("BTCUSDT"), Symbols.BTC])
def test_text_is_sent_as_plain_text(given: object) -> None:
    wire = sent(symbol=given)

    assert wire == "BTCUSDT"
    assert type(wire) is str


def test_symbols_of_other_scripts_pass() -> None:
    assert sent(symbol="这是测试币456") == "这是测试币456"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"symbol": ""}, "symbol='' is empty"),
        ({"symbol": 5}, "symbol=5 is an int: write '5'"),
        ({"symbol": b"BTCUSDT"}, "symbol=b'BTCUSDT' is a bytes: write a str"),
        ({"symbol": True}, "symbol=True is a bool"),
        ({"symbol": ["BTCUSDT"]}, "is a list"),
        ({"symbol": "\ud800"}, "is no valid text"),
        ({"new_client_order_id": "x" * 37}, "is too long: at most 36 characters"),
        ({"new_client_order_id": "a b"}, "does not match"),
        ({"new_client_order_id": "abc\n"}, "does not match"),
        ({"new_client_order_id": "é"}, "does not match"),
    ],
)
def test_what_is_no_text_is_refused(given: dict[str, object], said: str) -> None:
    assert said in str(refused(**given))


# Enumerated values -------------------------------------------------------------------------------


class OwnSide(Enum):
    BUY = "BUY"


@pytest.mark.parametrize("given", ["BUY", Side.BUY, Side("BUY"), OwnSide.BUY, Text("BUY")])
def test_members_and_their_texts_are_the_same(given: object) -> None:
    wire = sent(side=given)

    assert wire == "BUY"
    assert type(wire) is str


@pytest.mark.parametrize("given", ["TOMORROW", OrderType("TOMORROW")])
def test_values_the_exchange_may_add_pass(given: object) -> None:
    wire = sent(type=given)

    assert wire == "TOMORROW"
    assert type(wire) is str


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"side": "buy"}, "side='buy' is misspelt: write 'BUY'"),
        ({"side": " BUY"}, "write 'BUY'"),
        ({"type": "limit-maker"}, "write 'LIMIT_MAKER'"),
        ({"type": "LimitMaker"}, "write 'LIMIT_MAKER'"),
        ({"interval": "1H"}, "interval='1H' is misspelt: write '1h'"),
        ({"side": OrderType.LIMIT}, "is none of BUY, SELL"),
        ({"side": ""}, "is empty"),
        ({"side": 1}, "is an int"),
        ({"side": True}, "is a bool"),
        ({"side": ["BUY"]}, "is a list"),
    ],
)
def test_misspelt_and_foreign_values_are_refused(given: dict[str, object], said: str) -> None:
    assert said in str(refused(**given))


@pytest.mark.parametrize("interval", ["1m", "1M"])
def test_values_that_differ_by_case_alone_are_kept_apart(interval: str) -> None:
    assert sent(interval=interval) == interval


# Truth -------------------------------------------------------------------------------------------


def test_truth_is_written_as_the_parameter_asks() -> None:
    assert sent(omit_zero_balances=False) is False
    assert sent(reduce_only=True) == "true"
    assert sent(reduce_only=False) == "false"
    assert sent(reduce_only="false") == "false"


@pytest.mark.parametrize("name", ["omit_zero_balances", "reduce_only"])
@pytest.mark.parametrize("given", [1, 0, "yes", "", Decimal(1), []])
def test_what_is_no_truth_is_refused(name: str, given: object) -> None:
    assert "write True or False" in str(refused(**{name: given}))


# Time --------------------------------------------------------------------------------------------

MOMENT = datetime(2026, 7, 17, 12, 30, 15, tzinfo=UTC)
MOMENT_MS = 1_784_291_415_000
MIDNIGHT_MS = MOMENT_MS - (12 * 3600 + 30 * 60 + 15) * 1000


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (0, 0),
        (MOMENT_MS, MOMENT_MS),
        (MOMENT_MS * 1000, MOMENT_MS * 1000),
        (MOMENT, MOMENT_MS),
        (MOMENT.astimezone(timezone(timedelta(hours=-5))), MOMENT_MS),
        (MOMENT.replace(microsecond=123_000), MOMENT_MS + 123),
        (MOMENT.replace(microsecond=123_456), MOMENT_MS * 1000 + 123_456),
        (date(2026, 7, 17), MIDNIGHT_MS),
        ("2026-07-17", MIDNIGHT_MS),
        (" 2026-07-17 ", MIDNIGHT_MS),
        ("2026-07-17T12:30:15Z", MOMENT_MS),
        ("2026-07-17 12:30:15+00:00", MOMENT_MS),
        ("2026-07-17T14:30:15+02:00", MOMENT_MS),
        ("2026-07-17T12:30:15.123456Z", MOMENT_MS * 1000 + 123_456),
    ],
)
def test_moments_keep_their_resolution(given: object, wire: int) -> None:
    assert sent(start_time=given) == wire


def test_futures_take_milliseconds_alone() -> None:
    moment = MOMENT.replace(microsecond=123_456)

    assert converter(PARAMS["start_time"], "x", Market.USDM)(moment) == MOMENT_MS + 123


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (MOMENT.replace(tzinfo=None), "has no time zone"),
        (datetime(1969, 1, 1, tzinfo=UTC), "lies before 1970"),
        (-1, "lies before 1970"),
        (1_784_291_415, "is in seconds: write milliseconds, 1784291415000"),
        (2**63, "write milliseconds"),
        (True, "is a bool"),
        (1.5e12, "is a float: write 1500000000000"),
        (1795878685.25, "is in seconds: write whole milliseconds, 1795878685250"),
        (1795878685.0, "is in seconds: write whole milliseconds, 1795878685000"),
        ("1784291415000", "write 1784291415000 without quotes"),
        ("2026-07-17T12:30", "has no time zone: write '2026-07-17T12:30Z' for UTC"),
        ("1969-12-31", "lies before 1970"),
        (date(1969, 12, 31), "lies before 1970"),
    ],
)
def test_what_is_no_moment_is_refused(given: object, said: str) -> None:
    assert said in str(refused(start_time=given))


@pytest.mark.parametrize(
    "given",
    [
        "2026-07-32",
        "2026-07-17T25:00Z",
        "2026-W29-5",
        "17.07.2026",
        "1 hour ago UTC",
        "",
        timedelta(hours=1),
        True,
        1.5,
        float("nan"),
        float("inf"),
        None,
        [MOMENT],
        Decimal(1784291415000),
    ],
    ids=repr,
)
def test_what_is_no_moment_is_told_all_forms_of_one(given: object) -> None:
    assert str(refused(start_time=given)).endswith(
        ": write a datetime that knows its time zone, a date, ISO text such as '2026-11-28' or "
        "'2026-11-28T12:00Z' (days begin at midnight UTC), or whole epoch milliseconds such as "
        "1795824000000"
    )


# Symbols -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("btcusdt", "BTCUSDT"),
        ("BtcUSDT", "BTCUSDT"),
        ("BTC/USDT", "BTCUSDT"),
        ("btc/usdt", "BTCUSDT"),
        ("BTC-USDT", "BTCUSDT"),
        ("BTC USDT", "BTCUSDT"),
        (" BTCUSDT\n", "BTCUSDT"),
        ("BTC/USDT:USDT", "BTCUSDT"),
        ("btcusd_perp", "BTCUSD_PERP"),
    ],
)
def test_a_symbol_in_the_spelling_of_others_is_named_in_the_exchanges(
    given: str, right: str
) -> None:
    assert str(refused(symbol=given)) == f"symbol={given!r} is misspelt: write {right!r}"
    assert str(refused(symbols=["ETHUSDT", given])) == (
        f"symbols={given!r} is misspelt: write {right!r}"
    )


@pytest.mark.parametrize(
    "given", ["BTCUSDT", "BTCUSD_PERP", "BTCUSDT_261225", "1000PEPE.X", "这是usdt"]
)
def test_a_symbol_of_the_exchange_passes(given: str) -> None:
    assert sent(symbol=given) == given
    assert sent(symbols=[given]) == [given]


# Lists -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (["BTCUSDT", "ETHUSDT"], ["BTCUSDT", "ETHUSDT"]),
        (("BTCUSDT", Symbols.BTC.value + "X"), ["BTCUSDT", "BTCUSDTX"]),
        ("BTCUSDT", ["BTCUSDT"]),
    ],
)
def test_lists_are_lists_of_plain_text(given: object, wire: list[str]) -> None:
    assert sent(symbols=given) == wire


def test_lists_of_enumerated_values_take_members_and_texts() -> None:
    assert sent(sides=[Side.BUY, "SELL"]) == ["BUY", "SELL"]
    assert "write 'BUY'" in str(refused(sides=["buy"]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "is empty"),
        ("BTCUSDT,ETHUSDT", "is a str: write a list"),
        ('["BTCUSDT"]', "is a str: write a list"),
        ({"BTCUSDT"}, "is a set: write a list"),
        ({"BTCUSDT": 1}, "is a dict: write a list"),
        (["A", "B", "C", "D"], "has 4 items: at most 3 are taken"),
        (["BTCUSDT", "BTCUSDT"], "names BTCUSDT twice"),
        (["BTCUSDT", 5], "symbols=5 is an int: write '5'"),
        (["BTCUSDT", ""], "symbols='' is empty"),
        (5, "is an int: write a list"),
    ],
)
def test_what_is_no_list_is_refused(given: object, said: str) -> None:
    assert said in str(refused(symbols=given))


# Of parameters nobody knows -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("text", "text"),
        (Text("text"), "text"),
        (Side.BUY, "BUY"),
        (Numbered.ONE, 1),
        (5, 5),
        (True, True),
        (1e-8, "0.00000001"),
        (Decimal("1E+3"), "1000"),
        (MOMENT.replace(microsecond=5), MOMENT_MS),
        (["a", Side.BUY], ["a", "BUY"]),
        (("a",), ["a"]),
    ],
)
def test_values_of_unknown_parameters_are_made_safe(given: object, wire: object) -> None:
    value = any_value("anything", given)

    assert value == wire
    assert type(value) is type(wire)


@pytest.mark.parametrize(
    "given",
    [
        float("nan"),
        b"x",
        {"a": 1},
        {1},
        pytest.param(object(), id="an object"),
        [1.5],
        [["a"]],
        MOMENT.replace(tzinfo=None),
        "",
        "\ud800",
    ],
    ids=repr,
)
def test_values_without_a_place_on_the_wire_are_refused(given: object) -> None:
    with pytest.raises(ParameterError, match=r"^anything="):
        any_value("anything", given)
