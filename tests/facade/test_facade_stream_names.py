"""The builders of stream names: one for each stream of the catalogue, typed by what it sends."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from binance_wsapi import StreamName
from binance_wsapi.catalogue.stream import Stream
from binance_wsapi.catalogue.stream_params import OPTION
from binance_wsapi.catalogue.streams import streams
from binance_wsapi.facade.market_streams import AsyncStreams, Streams
from binance_wsapi.facade.stream_name_builders import StreamNames
from binance_wsapi.markets import Market
from binance_wsapi.models.enums import KlineInterval

ROOT = Path(__file__).parents[2]
SPOKEN = {"diff_depth": "depth", "rpi_diff_depth": "rpi_depth"}
ALIKE = {each.name for each in streams(Market.SPOT)}
STREAMS = [
    pytest.param(stream, id=f"{market.value} {stream.name}")
    for market in Market
    for stream in streams(market)
]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_has_a_builder_of_its_name(stream: Stream) -> None:
    values = {
        param.name: param.values[-1] if param.values else param.example for param in stream.params
    }
    build = getattr(StreamNames(), SPOKEN.get(stream.name, stream.name))

    name = build(**values)

    assert name == stream.name_of(**values)
    assert isinstance(name, StreamName)
    assert stream.matches(name)


@pytest.mark.parametrize("stream", STREAMS)
def test_parameters_are_those_of_the_stream(stream: Stream) -> None:
    build = getattr(StreamNames, SPOKEN.get(stream.name, stream.name))

    parameters = list(inspect.signature(build).parameters.values())[1:]

    assert [each.name for each in parameters] == [param.name for param in stream.params]
    # What one market may leave out, another may need.
    optional = {
        param.name
        for market in Market
        for alike in streams(market)
        if alike.name == stream.name
        for param in alike.params
        if param.optional
    }
    assert {each.name for each in parameters if each.default is None} == optional
    for param in stream.params:
        if param is OPTION and stream.name in ALIKE:
            continue  # the symbol of whichever market is meant
        assert param.about.split(";")[0] in " ".join((build.__doc__ or "").split())


def test_no_builder_is_without_a_stream() -> None:
    names = {SPOKEN.get(each.name, each.name) for market in Market for each in streams(market)}

    builders = {name for name in vars(StreamNames) if not name.startswith("_")}

    assert builders == names


@pytest.mark.parametrize("facade", [Streams, AsyncStreams])
def test_both_facades_have_the_builders_and_the_same_methods(facade: type[StreamNames]) -> None:
    assert issubclass(facade, StreamNames)
    own = {name for name in vars(facade) if not name.startswith("_")}
    assert own == {"subscribe", "unsubscribe", "list", "log", "order_book"}
    for name in own:
        assert inspect.signature(getattr(facade, name)).parameters.keys() == (
            inspect.signature(getattr(Streams, name)).parameters.keys()
        )
        # What opens something may be entered and iterated as well, before it is awaited.
        is_plain = facade is Streams or name in {"subscribe", "order_book"}
        assert inspect.iscoroutinefunction(getattr(facade, name)) is not is_plain


def test_names_take_the_enum_and_its_text() -> None:
    names = StreamNames()

    assert names.kline("BTCUSDT", KlineInterval.MINUTE_1) == names.kline("BTCUSDT", "1m")


def test_streams_cost_nothing_until_they_are_used() -> None:
    """Neither the package nor a client loads what only streams need."""
    script = (
        "import sys, binance_wsapi; binance_wsapi.Client().close();"
        "print([m for m in sys.modules if m.startswith('binance_wsapi.') and"
        " ('stream' in m or 'order_book' in m or 'local_book' in m or 'margin' in m)"
        " and m != 'binance_wsapi.core.user_data_streams'])"  # the registry every client has
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "[]"
