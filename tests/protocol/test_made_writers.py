"""Writers made for one set of names write and refuse what the plain writer does, to the letter."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from binance_wsapi.catalogue import operation_by_method, operations, operations_by_method
from binance_wsapi.catalogue.operation import Kind, Operation, Param
from binance_wsapi.errors import ParameterError
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol import params as params_module
from binance_wsapi.protocol.params import writers

ALL = [
    pytest.param(each, id=f"{market.value} {each.method}")
    for market in api_markets()
    for each in operations(market)
]


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Index:
    def __index__(self) -> int:
        return 7


class Own(Enum):
    BUY = "BUY"
    LIMIT = "LIMIT"
    ODD = "odd"


ODD: list[Any] = [
    None, "", " ", "x", "buy", "é", "\ud800", "1e5", "1,000", "-1", "0", "1.5", ".5", "5.", "\u0661", "1\n",
    Text("BTCUSDT"), Text("1.5"), b"BTCUSDT", 0, -1, 7, 10**10, 1795824000000, 2**63, 2**64, 10**30,
    Number(7), Index(), True, False, 1.5, 1e-7, 1e30, float("nan"), float("inf"), Decimal("1E-7"),
    Decimal("NaN"), Decimal(5), [], ["BTCUSDT"], ["BTCUSDT", "BTCUSDT"], ("BTCUSDT", "ETHUSDT"), ["x", 5],
    {}, {"a"}, object(), Own.BUY, Own.LIMIT, Own.ODD, datetime(2026, 1, 1),  # noqa: DTZ001
    datetime(2026, 1, 1, tzinfo=UTC),
    "BTC/USDT", "btcusdt", "BTCUSDT", "B_C.D", "true", "x" * 40, "[\"BTCUSDT\"]",
]  # fmt: skip


def good(param: Param, chance: random.Random) -> Any:
    match param.kind:
        case Kind.STRING:
            return chance.choice(["BTCUSDT", "ETHUSDT", "1h", "id-1"])
        case Kind.ENUM:
            assert param.enum is not None
            member = chance.choice(list(param.enum))
            return chance.choice([member, str(member.value)])
        case Kind.INT:
            return chance.choice([5, 10, 100])
        case Kind.DECIMAL:
            return chance.choice(["1.5", "0.001", "20000.00", Decimal("0.1"), 2, 0.3])
        case Kind.TIMESTAMP:
            return chance.choice([1795824000000, datetime(2026, 1, 1, tzinfo=UTC)])
        case Kind.BOOLEAN | Kind.BOOLEAN_TEXT:
            return chance.choice([True, False])
        case Kind.STRING_LIST:
            return ["BTCUSDT", "ETHUSDT"]
        case Kind.ENUM_LIST:
            assert param.enum is not None
            return [next(iter(param.enum))]


def shapes(operation: Operation, chance: random.Random) -> Iterator[list[Param]]:
    required = [each for each in operation.params if each.required and not each.auth]
    yield required
    for _ in range(12):
        optional = [each for each in operation.params if each not in required]
        chosen = chance.sample(optional, chance.randint(0, min(6, len(optional))))
        shape = [*required, *chosen]
        if shape and chance.random() < 0.2:
            shape.pop(chance.randrange(len(shape)))
        chance.shuffle(shape)
        yield shape


def told(write: Any, given: Mapping[str, object]) -> Any:
    """What comes of a call, in a form that compares types and order as well."""
    try:
        written = write(given)
    except ParameterError as error:
        return (
            str(error),
            error.parameter,
            repr(error.value),
            error.__cause__,
            error.__suppress_context__,
        )
    return [(name, type(value), value) for name, value in written.items()]


@pytest.mark.parametrize("by", ["name", "wire"])
@pytest.mark.parametrize("operation", ALL)
def test_both_writers_write_and_refuse_the_same(operation: Operation, by: str) -> None:
    plan_of = {"name": params_module._plan, "wire": params_module._plan_by_wire_name}[by]
    fast, plain = plan_of.__wrapped__(operation), plan_of.__wrapped__(operation)
    chance = random.Random(operation.method)

    for shape in shapes(operation, chance):
        for _ in range(8):
            given = {getattr(each, by): good(each, chance) for each in shape}
            if given and chance.random() < 0.5:
                given[chance.choice(list(given))] = chance.choice(ODD)
            before = dict(given)

            # Twice: the first time texts are met that the second time are known.
            for _ in range(2):
                assert told(fast.write, given) == told(plain.write_plainly, given), given
            assert given == before
            assert tuple(given) in fast.writers


PLACE: Operation = operations_by_method(Market.SPOT)["order.place"]
ORDER: Mapping[str, object] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "time_in_force": None,
    "quantity": "1",
}


def test_rules_look_at_values_that_were_absent_when_the_writer_was_made() -> None:
    write = params_module._plan.__wrapped__(PLACE).write
    write(ORDER)

    with pytest.raises(ParameterError, match="time_in_force does not go with type='MARKET'"):
        write({**ORDER, "time_in_force": "GTC"})
    with pytest.raises(ParameterError, match="price or peg_price_type is missing"):
        write({**ORDER, "type": "LIMIT", "time_in_force": "GTC"})


def test_unknown_names_have_no_writer_of_their_own() -> None:
    plan = params_module._plan.__wrapped__(PLACE)

    for number in range(5):
        with pytest.raises(ParameterError, match=f"no parameter nonsense_{number}"):
            plan.write({**ORDER, f"nonsense_{number}": 1})

    assert not plan.writers


def test_writers_are_made_when_they_are_needed_and_not_without_end() -> None:
    plan = params_module._plan.__wrapped__(PLACE)
    optional = [each.name for each in PLACE.params if each.name not in ORDER and not each.auth]
    assert not plan.writers

    for first in optional:
        for second in optional:
            if first != second:
                given = {**ORDER, first: None, second: None}
                assert plan.write(given)["symbol"] == "BTCUSDT"

    assert len(plan.writers) == params_module._MOST_WRITERS
    with pytest.raises(ParameterError, match="quantity='x' is not a decimal number"):
        plan.write({"stop_price": None, **ORDER, "quantity": "x"})


def test_texts_that_were_met_are_not_kept_without_end() -> None:
    from binance_wsapi.protocol import values

    write = writers(PLACE)
    names = tuple(ORDER)

    for number in range(2 * values._MOST_MET + 5):
        assert write[names]({**ORDER, "quantity": f"{number}.5"})["quantity"] == f"{number}.5"
        assert len(values._met_decimals) <= values._MOST_MET


def test_a_mapping_that_is_no_dict_is_read_by_its_items() -> None:
    class Odd(dict[str, object]):
        def values(self) -> Any:
            return reversed(list(super().values()))

    given = Odd(symbol="BTCUSDT", limit=5)

    depth = operation_by_method(Market.SPOT, "depth")
    for _ in range(2):
        assert params_module.wire_params_by_name(depth, given) == {"symbol": "BTCUSDT", "limit": 5}
