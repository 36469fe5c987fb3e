"""Every operation has its method on both flavours, and passes on what it is given."""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import re
import traceback
import warnings
from collections.abc import Awaitable, Coroutine
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.endpoints import WsKey
from binance_wsapi.errors import ConfigurationError, ParameterError
from binance_wsapi.facade.namespace import AsyncNamespace, Namespace
from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.made_writers import Writer

NAMES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "method_names.json").read_text()
)
CONNECTIONS = {
    Market.SPOT: WsKey.MAIN_WSAPI,
    Market.USDM: WsKey.USDM_WSAPI,
    Market.COINM: WsKey.COINM_WSAPI,
}
OFFERED = [
    pytest.param(each, id=f"{market.value} {each.method}")
    for market in api_markets()
    for each in operations(market)
    if not each.on_client
]


class Recorder:
    """Stands where the client's door is, and notes what comes through."""

    def __init__(self) -> None:
        self.calls: list[tuple[WsKey, Operation, dict[str, object]]] = []

    def call(self, ws_key: WsKey, kind: CallKind, write: Writer, params: dict[str, object]) -> Any:
        assert kind.operation is not None
        assert write == kind.writers[tuple(params)]
        self.calls.append((ws_key, kind.operation, params))
        return "answer"

    async def call_async(
        self, ws_key: WsKey, kind: CallKind, write: Writer, params: dict[str, object]
    ) -> Any:
        return self.call(ws_key, kind, write, params)

    def rules(self, ws_key: WsKey, symbol: str, refresh: bool) -> Any:
        return ws_key, symbol, refresh

    def account(self, ws_key: WsKey) -> Any:
        return ws_key


def namespace_class(market: Market, flavour: str = "") -> Any:
    name = f"{flavour.capitalize()}{market.value.capitalize()}Namespace"
    module = f"binance_wsapi.facade.{flavour + '_' if flavour else ''}{market.value}"
    return getattr(import_module(module), name)


def blocking(market: Market, recorder: Recorder) -> Any:
    return namespace_class(market)(
        recorder.call, CONNECTIONS[market], recorder.rules, recorder.account
    )


def awaited(market: Market, recorder: Recorder) -> Any:
    return namespace_class(market, "async")(
        recorder.call_async, CONNECTIONS[market], recorder.rules, recorder.account
    )


def test_rules_are_those_of_the_connection() -> None:
    spot = blocking(Market.SPOT, Recorder())

    assert spot.rules("BTCUSDT") == (WsKey.MAIN_WSAPI, "BTCUSDT", False)
    assert spot.using(WsKey.MAIN_WSAPI2).rules("BTCUSDT", refresh=True) == (
        WsKey.MAIN_WSAPI2,
        "BTCUSDT",
        True,
    )


def given(operation: Operation) -> dict[str, object]:
    return {param.name: object() for param in operation.params}


def snake(wire: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", wire).lower()


@pytest.mark.parametrize("operation", OFFERED)
def test_method_passes_on_every_parameter(operation: Operation) -> None:
    recorder = Recorder()
    values = given(operation)

    answer = getattr(blocking(operation.market, recorder), operation.name)(**values)

    assert answer == "answer"
    assert recorder.calls == [(CONNECTIONS[operation.market], operation, values)]


@pytest.mark.parametrize("operation", OFFERED)
def test_awaited_method_does_the_same(operation: Operation) -> None:
    recorder = Recorder()
    values = given(operation)

    answer = asyncio.run(getattr(awaited(operation.market, recorder), operation.name)(**values))

    assert answer == "answer"
    assert recorder.calls == [(CONNECTIONS[operation.market], operation, values)]


@pytest.mark.parametrize("operation", OFFERED)
def test_parameters_but_the_first_are_keyword_only_and_optional_ones_default_to_none(
    operation: Operation,
) -> None:
    params = sorted(operation.params, key=lambda param: param.name != operation.first)
    for flavour in ("", "async"):
        method = getattr(namespace_class(operation.market, flavour), operation.name)
        parameters = list(inspect.signature(method).parameters.values())[1:]

        assert [each.name for each in parameters] == [each.name for each in params]
        for shown, param in zip(parameters, params, strict=True):
            assert shown.default is (inspect.Parameter.empty if param.required else None)
            assert (shown.kind is inspect.Parameter.KEYWORD_ONLY) is (param.name != operation.first)


@pytest.mark.parametrize("operation", OFFERED)
def test_only_the_obvious_parameter_may_go_without_its_name(operation: Operation) -> None:
    names = {param.name for param in operation.params}
    assert operation.first in names or not names & {"symbol", "listen_key"}

    recorder, others = Recorder(), given(operation)
    value = others.pop(operation.first, None) if operation.first else None
    for namespace in (blocking(operation.market, recorder), awaited(operation.market, recorder)):
        method = getattr(namespace, operation.name)
        if operation.first is None:
            with pytest.raises(ParameterError, match=f"^{operation.name} takes nothing without"):
                outcome(method("BTCUSDT"))
            assert not recorder.calls
        else:
            assert outcome(method(value, **others)) == "answer"
            expected = {operation.first: value, **others}
            assert recorder.calls.pop() == (CONNECTIONS[operation.market], operation, expected)


def outcome(answer: Any) -> Any:
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


@pytest.mark.parametrize(
    ("nameless", "named", "said"),
    [
        (("BTCUSDT", 5), {}, "^get_order_book takes symbol alone without its name: write limit=$"),
        (("BTCUSDT",), {"symbol": "BTCUSDT"}, "^get_order_book is given symbol twice"),
        (
            ({"symbol": "BTCUSDT"},),
            {},
            r"takes its parameters by name: write get_order_book\(\*\*params",
        ),
    ],
)
@pytest.mark.parametrize("make", [blocking, awaited])
def test_what_goes_without_its_name_and_must_not_is_refused(
    make: Any, nameless: tuple[Any, ...], named: dict[str, Any], said: str
) -> None:
    recorder = Recorder()

    answer = partial(make(Market.SPOT, recorder).get_order_book, *nameless, **named)

    with pytest.raises(ParameterError, match=said):
        outcome(answer())
    assert not recorder.calls


@pytest.mark.parametrize(
    "documented",
    [each for each in NAMES if "on the client" not in each.get("special", "")],
    ids=lambda each: f"{each['market']} {each['method']}",
)
def test_documented_method_and_its_parameters_are_there(documented: dict[str, Any]) -> None:
    method = getattr(namespace_class(Market(documented["market"])), documented["python_name"])

    parameters = inspect.signature(method).parameters
    assert {snake(wire) for wire in documented["params"]} <= parameters.keys()


@pytest.mark.parametrize("operation", OFFERED)
def test_docstring_has_its_sections(operation: Operation) -> None:
    for flavour in ("", "async"):
        method = getattr(namespace_class(operation.market, flavour), operation.name)
        text = inspect.getdoc(method)

        assert text is not None
        assert text.startswith(operation.title)
        assert f"Wire operation ``{operation.method}``, weight " in text
        assert ("\nArgs:\n" in text) is bool(operation.params)
        assert all(f"\n    {param.name}: " in text for param in operation.params)
        assert "\nReturns:\n" in text
        assert "\nRaises:\n" in text
        assert ("NotPlaced" in text) is operation.mutates


@pytest.mark.parametrize("operation", OFFERED)
def test_annotations_can_be_resolved(operation: Operation) -> None:
    hints = get_type_hints(getattr(namespace_class(operation.market), operation.name))

    assert hints.keys() == {param.name for param in operation.params} | {"return"}


@pytest.mark.parametrize("market", api_markets())
def test_namespace_offers_nothing_but_the_operations(market: Market) -> None:
    offered = {each.name for each in operations(market) if not each.on_client}

    for flavour in ("", "async"):
        public = {
            name for name in vars(namespace_class(market, flavour)) if not name.startswith("_")
        }
        assert public - {"market"} == offered


def test_forgotten_await_sends_nothing_and_is_noticed() -> None:
    recorder = Recorder()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forgotten = awaited(Market.SPOT, recorder).submit_new_order(
            symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1"
        )
        assert isinstance(forgotten, Coroutine)
        del forgotten
        gc.collect()

    assert recorder.calls == []
    assert any("was never awaited" in str(each.message) for each in caught)


def test_awaited_methods_count_as_coroutine_functions() -> None:
    awaited_class = namespace_class(Market.SPOT, "async")

    assert asyncio.iscoroutinefunction(awaited_class.get_order_book)
    assert not asyncio.iscoroutinefunction(namespace_class(Market.SPOT).get_order_book)


@pytest.mark.parametrize("flavour", ["", "async"])
def test_namespace_can_be_derived_from(flavour: str) -> None:
    base = namespace_class(Market.SPOT, flavour)

    class Mine(base):  # type: ignore[misc, valid-type]  # one of them
        def get_order_book(self, **given: object) -> Any:
            return super().get_order_book(**given, limit=5)

    recorder = Recorder()
    Mine(recorder.call, WsKey.MAIN_WSAPI, recorder.rules, recorder.account).get_order_book(
        symbol="BTCUSDT"
    )

    [(_, operation, given)] = recorder.calls
    assert operation.method == "depth"
    assert given == {"symbol": "BTCUSDT", "limit": 5}


@pytest.mark.parametrize("operation", OFFERED)
def test_only_what_was_given_is_passed_on(operation: Operation) -> None:
    recorder = Recorder()

    getattr(blocking(operation.market, recorder), operation.name)()

    assert recorder.calls == [(CONNECTIONS[operation.market], operation, {})]


def test_using_binds_the_same_operations_to_another_connection() -> None:
    recorder = Recorder()
    spot = blocking(Market.SPOT, recorder)

    other = spot.using(WsKey.MAIN_WSAPI2)
    other.get_server_time()
    spot.get_server_time()

    assert type(other) is type(spot)
    assert [call[0] for call in recorder.calls] == [WsKey.MAIN_WSAPI2, WsKey.MAIN_WSAPI]


@pytest.mark.parametrize("ws_key", [WsKey.USDM_WSAPI, WsKey.MAIN, WsKey.USDM_PRIVATE])
@pytest.mark.parametrize("make", [blocking, awaited])
def test_using_refuses_what_does_not_serve_the_market(make: Any, ws_key: WsKey) -> None:
    namespace: Namespace | AsyncNamespace = make(Market.SPOT, Recorder())

    with pytest.raises(ConfigurationError, match=r"use one of .*WsKey\.MAIN_WSAPI2"):
        namespace.using(ws_key)


def test_awaited_using_keeps_the_flavour() -> None:
    recorder = Recorder()

    other = awaited(Market.USDM, recorder).using(WsKey.USDM_WSAPI_TESTNET)
    answer: Awaitable[Any] = other.get_order_book(symbol="BTCUSDT")

    assert asyncio.run(_awaited(answer)) == "answer"
    assert recorder.calls[0][0] is WsKey.USDM_WSAPI_TESTNET


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize("flavour", ["", "async"])
def test_python_offers_no_other_operation_for_one_that_is_not_there(
    market: Market, flavour: str
) -> None:
    """For python-binance's ``create_order`` it offered ``test_order``, which places nothing."""
    recorder = Recorder()
    namespace = namespace_class(market, flavour)(
        recorder.call, CONNECTIONS[market], recorder.rules, recorder.account
    )

    with pytest.raises(AttributeError) as caught:
        namespace.crate_order  # noqa: B018

    shown = "".join(traceback.format_exception(caught.value))
    assert "id you mean" not in shown
    assert "has no operation 'crate_order': dir() lists what there is" in shown
    assert not hasattr(namespace, "crate_order")


@pytest.mark.parametrize("market", api_markets())
@pytest.mark.parametrize("flavour", ["", "async"])
def test_an_operation_of_another_library_is_told_by_its_name_here(
    market: Market, flavour: str
) -> None:
    namespace = namespace_class(market, flavour)(Recorder().call, CONNECTIONS[market], None, None)

    with pytest.raises(
        AttributeError, match=r"no operation 'create_order': write submit_new_order$"
    ):
        namespace.create_order  # noqa: B018


@pytest.mark.parametrize("name", ["submitNewOrder", "submit_New_order", "SubmitNewOrder"])
def test_an_operation_of_other_spelling_is_named(name: str) -> None:
    namespace = blocking(Market.SPOT, Recorder())

    with pytest.raises(AttributeError, match=f"no operation '{name}': write submit_new_order"):
        getattr(namespace, name)


def test_a_forgotten_await_names_the_method() -> None:
    namespace = awaited(Market.SPOT, Recorder())

    with pytest.warns(
        RuntimeWarning, match="'AsyncSpotNamespace.get_order_book' was never awaited"
    ):
        namespace.get_order_book(symbol="BTCUSDT")
