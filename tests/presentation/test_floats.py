"""Floats in the place of decimals: in every model that has any, wherever in it they are."""

from __future__ import annotations

import copy
import importlib
import pickle
import pkgutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_wsapi import AccountReconciled, OrderReconciled, models
from binance_wsapi.markets import Market
from binance_wsapi.models.account import Balance
from binance_wsapi.models.account_state import AssetBalance, OrderFill, OrderState
from binance_wsapi.models.base import Event, Level
from binance_wsapi.models.market import Kline
from binance_wsapi.models.order import CancelledOrder
from binance_wsapi.models.readable import Readable
from binance_wsapi.models.rows import Rows
from binance_wsapi.models.stream_events import decode_stream_event
from binance_wsapi.presentation.attributes import Role, attributes
from binance_wsapi.presentation.floats import floats

NUMBER = Decimal("0.10")
FILTERS = b'[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"9.5","tickSize":"0.01"}]'


def cancelled() -> bytes:
    return msgspec.json.encode(made(CancelledOrder))


def kinds() -> Iterator[Any]:
    for module in pkgutil.iter_modules(models.__path__):
        for kind in vars(importlib.import_module(f"{models.__name__}.{module.name}")).values():
            if isinstance(kind, msgspec.StructMeta) and issubclass(kind, Readable):
                yield kind


def sample(name: str, held: Any) -> Any:
    """Return a value of a type, with a number wherever there may be one."""
    parts = [part for part in get_args(held) if part is not NoneType]
    match get_origin(held) or held:
        case kind if kind is Literal:
            return parts[0]
        case kind if kind is Union or kind is UnionType:
            return sample(name, parts[0])
        case kind if kind is list or kind is tuple:
            return kind([sample(name, parts[0])])
        case kind if kind is dict:
            return {"a": sample(name, parts[1])}
        case kind if kind is Decimal:
            return NUMBER
        case kind if kind is msgspec.Raw:
            return msgspec.Raw(cancelled() if "cancel" in name else FILTERS)
        case kind if isinstance(kind, msgspec.StructMeta):
            return made(kind)
        case kind if isinstance(kind, type) and issubclass(kind, Enum):
            return next(iter(kind))
        case kind if kind in {bool, int, float}:
            return kind(1)
        case kind if kind is str:
            return "7" if name == "order_id_text" else str(NUMBER)
        case _:
            return None


def made(kind: Any) -> Any:
    fields = msgspec.structs.fields(kind)
    return kind(**{each.name: sample(each.name, each.type) for each in fields})


def numbers(value: Any) -> Iterator[Any]:
    """Yield every number that a person reads of a value."""
    match value:
        case msgspec.Struct():
            for attribute in attributes(type(value)):
                yield from numbers(getattr(value, attribute.name))
            if isinstance(value, Level):
                yield from value
        case Mapping():
            for each in value.values():
                yield from numbers(each)
        case list() | tuple():
            for each in value:
                yield from numbers(each)
        case Decimal() | float():
            yield value


KINDS = sorted(set(kinds()), key=lambda kind: (kind.__module__, kind.__name__))
SAMPLES = {f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}": made(kind) for kind in KINDS}
WITH_NUMBERS = {
    name: each
    for name, each in SAMPLES.items()
    if any(isinstance(number, Decimal) for number in numbers(each))
}


def test_models_have_numbers() -> None:
    assert len(WITH_NUMBERS) > 100
    assert {"base.Level", "account_state.OrderState", "market.Symbol"} <= WITH_NUMBERS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_no_decimal_is_left(name: str) -> None:
    model = SAMPLES[name]
    exact = [*numbers(model)]
    inexact = floats(model)

    assert [*numbers(inexact)] == [float(each) for each in exact]
    assert all(type(each) is float for each in numbers(inexact))
    assert [*numbers(model)] == exact
    assert all(type(a) is type(b) for a, b in zip(numbers(model), exact, strict=True))


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_it_stays_what_it_is(name: str) -> None:
    model = WITH_NUMBERS[name]
    inexact = floats(model)

    assert isinstance(inexact, type(model))
    assert type(inexact).__name__ == type(model).__name__
    assert repr(inexact) == repr(model)
    shown = model._repr_html_().replace("Decimal(&#x27;0.10&#x27;)", "0.1")  # within a mapping
    assert inexact._repr_html_() == shown
    assert inexact.to_dict(numbers="float") == model.to_dict(numbers="float")
    assert inexact.to_json(numbers="float") == model.to_json(numbers="float")
    assert inexact.to_dict() == model.to_dict(numbers="float")
    if isinstance(model, Event):
        assert inexact.event_type == model.event_type
        assert inexact.stream == model.stream
    for other in (
        copy.copy(inexact),
        copy.deepcopy(inexact),
        pickle.loads(pickle.dumps(inexact)),
        floats(inexact),
        floats(model),
    ):
        assert type(other) is type(inexact)
        assert other == inexact
        assert [*numbers(other)] == [*numbers(inexact)]
    with pytest.raises(AttributeError):
        inexact.symbol = "other"


def test_texts_keep_the_digits_that_floats_tell() -> None:
    balance = floats(AssetBalance(asset="BTC", free=Decimal("0.00000012"), locked=Decimal(3)))

    assert repr(balance.free) == "1.2e-07"
    assert "0.00000012" in repr(balance)
    assert balance.to_dict(numbers="str")["free"] == "0.00000012"
    assert '"0.00000012"' in balance.to_json()
    assert balance.total == 3.00000012


def test_frame_and_bytes_stay_with_an_event() -> None:
    frame = b'{"u":1,"s":"BTCUSDT","b":"0.1","B":"2","a":"0.3","A":"4"}'
    event: Any = floats(decode_stream_event(Market.SPOT, "btcusdt@bookTicker", frame))

    assert event.bid_price == 0.1
    assert event.raw["b"] == "0.1"
    assert event.stream == "btcusdt@bookTicker"
    assert pickle.loads(pickle.dumps(event)).raw == event.raw


def test_levels_unpack() -> None:
    price, quantity = floats(Level("0.1", "20"))

    assert (price, type(price), quantity) == (0.1, float, 20.0)


@given(st.lists(st.decimals("0.001", "100000", places=3, allow_nan=False), min_size=1, max_size=9))
def test_what_is_made_of_numbers_is_made_of_decimals(quantities: list[Decimal]) -> None:
    """A sum of floats is none of theirs: ten tenths are not one."""
    order = OrderState(
        symbol="BTCUSDT", order_id=1, client_order_id="a", side="BUY", type="LIMIT",
        status="FILLED", price=Decimal(1), quantity=sum(quantities, Decimal(1)),
        executed_quantity=sum(quantities, Decimal(0)), average_price=Decimal(1), is_done=False,
        fills=tuple(
            OrderFill(
                trade_id=1, price=Decimal(1), quantity=each, commission=each, commission_asset="BNB"
            )
            for each in quantities
        ),
    )  # fmt: skip
    inexact = floats(order)

    assert inexact.has_all_fills
    assert inexact.remaining_quantity == 1.0
    assert inexact.fees == {"BNB": float(sum(quantities, Decimal(0)))}


def test_records_of_a_gap() -> None:
    order = {
        "symbol": "BTCUSDT", "orderId": 1, "orderListId": -1, "clientOrderId": "a", "price": "0.1",
        "origQty": "1", "executedQty": "0", "cummulativeQuoteQty": "0",
        "status": "NEW", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0",
        "icebergQty": "0", "time": 1, "updateTime": 1, "isWorking": True, "workingTime": 1,
        "origQuoteOrderQty": "0", "selfTradePreventionMode": "NONE",
    }  # fmt: skip
    record = OrderReconciled(
        market=Market.SPOT, symbol="BTCUSDT", order_id=1, client_order_id="a", status="NEW",
        raw_order=order,
    )  # fmt: skip
    exact = record.order
    inexact = floats(record)

    assert exact is not None
    assert exact.price == Decimal("0.1")
    assert inexact.order.price == 0.1
    assert inexact.order is inexact.order
    assert pickle.loads(pickle.dumps(inexact)).order.price == 0.1
    assert floats(AccountReconciled(market=Market.SPOT, raw_account=None)).account is None


def test_lists_keep_their_ways() -> None:
    rows = Rows([Balance(asset="BTC", free=NUMBER, locked=NUMBER)])
    inexact = floats(rows)

    assert type(inexact) is Rows
    assert inexact["BTC"].free == 0.1
    assert floats(Rows([], kind=Kline)).kind is Kline
    info: Any = floats(SAMPLES["market.ExchangeInfo"])
    assert info.symbols[0].filters[0].tick_size == 0.01


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_data_frames_are_those_of_decimals(backend: Any) -> None:
    rows = Rows([AssetBalance(asset="BTC", free=Decimal("0.10"), locked=None)])
    inexact = floats(rows)

    for numbers_as in ("float", "str", "decimal"):
        made, wanted = (each.to_frame(backend, numbers=numbers_as) for each in (inexact, rows))
        assert [*made.columns] == [*wanted.columns]
        assert [*made["free"]] in ([*wanted["free"]], ["0.1"])
        assert numbers_as == "decimal" or [*map(str, made.dtypes)] == [*map(str, wanted.dtypes)]


def test_what_is_no_decimal_stays() -> None:
    class Span(models.base.Model):
        seconds: float
        price: Decimal

    inexact = floats(Span(seconds=0.25, price=NUMBER))

    assert inexact.to_dict(numbers="str") == {"seconds": 0.25, "price": "0.1"}
    assert [each.role for each in attributes(Span)] == [Role.FLOAT, Role.DECIMAL]
    for other in (5, "0.1", None, b"x", True):
        assert floats(other) is other


def test_the_events_of_a_batch_have_floats() -> None:
    row = {"e": "24hrMiniTicker", "E": 1, "s": "BTCUSDT", "c": "1.5", "o": "1", "h": "2"}
    frame = msgspec.json.encode([row | {"l": "1", "v": "3", "q": "4"}])
    batch = decode_stream_event(Market.SPOT, "!miniTicker@arr", frame)

    (event,) = floats(batch)

    assert type(event.last_price) is float
    assert event.last_price == 1.5
