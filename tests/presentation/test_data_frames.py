"""Lists of results become data frames with the types that pandas and polars users expect."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from documented_samples import Sample, documented, is_typed

from binance_wsapi import ConfigurationError, ParameterError, Rows, models
from binance_wsapi.markets import Market
from binance_wsapi.models.account import AccountTrade, Balance
from binance_wsapi.models.base import Level
from binance_wsapi.models.market import Kline, OrderBook, Trade
from binance_wsapi.models.order import Order
from binance_wsapi.models.spot_stream_events import KlineEvent
from binance_wsapi.models.stream_events import decode_stream_event
from binance_wsapi.models.tolerant import tolerant_decoder
from binance_wsapi.presentation.attributes import is_time

SAMPLES = [pytest.param(sample, id=name) for name, sample in documented() if is_typed(sample)]
OPEN_MS = 1795878660000
KLINES = Rows(
    msgspec.json.decode(
        json.dumps(
            [
                [OPEN_MS + n * 60_000, "1.5", "2.5", "0.5", "2.0", "10.00", OPEN_MS + n * 60_000 + 59_999,
                 "15.0", 4, "5.0", "7.5", "0"]
                for n in range(3)
            ]
        ).encode(),
        type=list[Kline],
    ),
    kind=Kline,
)  # fmt: skip
BALANCES = Rows([Balance(asset="BTC", free=Decimal("0.10"), locked=Decimal(0))], kind=Balance)
BOOK = OrderBook(
    last_update_id=7, bids=[Level("99.50", "1"), Level("99", "2")], asks=[Level("101", "3.25")]
)


@pytest.fixture
def pd() -> Any:
    return pytest.importorskip("pandas", reason="pandas is not installed")


@pytest.fixture
def pl() -> Any:
    return pytest.importorskip("polars", reason="polars is not installed")


def read(kind: type, wire: dict[str, Any]) -> Any:
    return tolerant_decoder(kind)(json.dumps(wire).encode())


def test_klines_are_what_tools_for_candles_expect(pd: Any) -> None:
    frame = KLINES.to_frame()

    assert list(frame.columns[:5]) == ["open", "high", "low", "close", "volume"]
    assert frame.index.name == "open_time"
    assert str(frame.index.tz) == "UTC"
    assert frame.index[0] == pd.Timestamp(OPEN_MS, unit="ms", tz="UTC")
    assert frame.index.is_monotonic_increasing
    assert {str(frame[name].dtype) for name in ("open", "high", "low", "close", "volume")} == {
        "float64"
    }
    assert frame.close_time.dtype == frame.index.dtype
    assert str(frame.trade_count.dtype) == "int64"
    assert "unused" not in frame
    assert frame.close.iloc[-1] == 2.0
    assert list(frame.resample("2min").close.last()) == [2.0, 2.0]


def test_klines_in_polars(pl: Any) -> None:
    frame = KLINES.to_frame("polars")

    assert frame.columns[:6] == ["open_time", "open", "high", "low", "close", "volume"]
    assert frame.schema["open_time"] == pl.Datetime("us", "UTC")
    assert frame.schema["close"] == pl.Float64
    assert frame.schema["trade_count"] == pl.Int64
    assert frame["open_time"][0] == datetime.fromtimestamp(OPEN_MS / 1000, UTC)


@pytest.mark.parametrize(
    "rows", [KLINES, BALANCES, Rows[Order](kind=Order)], ids=["klines", "balances", "none"]
)
def test_decimals_stay_exact_where_asked(rows: Rows[Any], pd: Any, pl: Any) -> None:
    frame = rows.to_frame(numbers="decimal")
    column = "open" if "open" in frame else "free" if "free" in frame else "price"

    assert all(isinstance(each, Decimal) for each in frame[column])
    assert isinstance(rows.to_frame("polars", numbers="decimal").schema[column], pl.Decimal)
    assert rows.to_frame("polars", numbers="str").schema[column] == pl.String


def test_exact_decimals_keep_their_value() -> None:
    pytest.importorskip("polars", reason="polars is not installed")
    rows = Rows([Balance(asset="A", free=Decimal(f"0.{'0' * 17}1"), locked=Decimal("1E+3"))])

    frame = rows.to_frame("polars", numbers="decimal")
    assert frame["free"][0] == Decimal(f"0.{'0' * 17}1")
    assert frame["locked"][0] == Decimal(1000)


@pytest.mark.parametrize("kind", [Kline, Balance, Trade, AccountTrade, Order])
def test_an_empty_list_has_the_columns_and_types_of_a_full_one(kind: Any, pd: Any, pl: Any) -> None:
    samples: dict[type, Rows[Any]] = {Kline: KLINES, Balance: BALANCES}
    sample = samples.get(kind)
    empty = Rows[Any](kind=kind)

    assert len(empty.to_frame()) == 0
    if sample is not None:
        assert dict(empty.to_frame().dtypes) == dict(sample.to_frame().dtypes)
        assert empty.to_frame().index.name == sample.to_frame().index.name
        assert empty.to_frame("polars").schema == sample.to_frame("polars").schema


def test_what_is_not_there_is_missing_and_costs_no_type(pd: Any, pl: Any) -> None:
    wire = {
        "symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "c", "price": "1", "executedQty": "0",
        "status": "NEW", "type": "LIMIT", "side": "BUY", "time": OPEN_MS, "isWorking": True,
        "workingTime": -1,
    }  # fmt: skip
    orders = Rows([read(Order, {**wire, "strategyId": 9}), read(Order, wire)])
    frame = orders.to_frame()

    assert frame.index.name == "time"
    assert str(frame.strategy_id.dtype) == "Int64"
    assert frame.strategy_id.isna().tolist() == [False, True]
    assert frame.working_time.isna().all()
    assert str(frame.is_working.dtype) == "bool"
    assert frame.stop_price.isna().all()
    assert str(frame.stop_price.dtype) == "float64"
    assert frame.side.tolist() == ["BUY", "BUY"]
    assert orders.to_frame("polars")["strategy_id"].to_list() == [9, None]


def test_a_book_is_a_frame_of_levels(pd: Any, pl: Any) -> None:
    frame = BOOK.to_frame()

    assert frame.to_dict("list") == {
        "side": ["bid", "bid", "ask"],
        "price": [99.5, 99.0, 101.0],
        "quantity": [1.0, 2.0, 3.25],
    }
    assert BOOK.to_frame("polars", numbers="decimal")["price"].to_list()[0] == Decimal("99.5")
    assert pd.DataFrame(BOOK.bids, columns=["price", "quantity"]).shape == (2, 2)


def test_what_is_within_an_event_is_laid_out(pd: Any) -> None:
    wire = {"e": "kline", "E": OPEN_MS + 1, "s": "BTCUSDT", "k": {
        "t": OPEN_MS, "T": OPEN_MS + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "1",
        "c": "2", "h": "3", "l": "0.5", "v": "9", "n": 2, "x": False, "q": "9", "V": "1", "Q": "1",
        "B": "0"}}  # fmt: skip
    event = decode_stream_event(Market.SPOT, "btcusdt@kline_1m", json.dumps(wire).encode())
    assert isinstance(event, KlineEvent)
    frame = Rows([event]).to_frame()

    assert frame.index.name == "event_time"
    assert frame.close.tolist() == [2.0]
    assert frame.symbol.tolist() == ["BTCUSDT"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_documented_thing_becomes_a_frame(sample: Sample, pd: Any, pl: Any) -> None:
    value = sample.decode(json.dumps(sample.payload).encode())
    rows = Rows(value) if type(value) is list else Rows([value])

    frame = rows.to_frame()
    assert len(frame) == len(rows) or frame.columns.empty  # made of lists alone
    assert rows.to_frame("polars").height in {len(rows), 0}


NOT_SAID = {"expiration_time"}
"""What one docstring calls a time and another one the number that was sent."""


def documented_integers() -> dict[str, str]:
    """Every integer field of the models, and what its docstring says."""
    found = {}
    for path in sorted(Path(models.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for field, text in pairwise(node.body):
                    if (
                        isinstance(field, ast.AnnAssign)
                        and isinstance(text, ast.Expr)
                        and ast.unparse(field.annotation) in {"int", "int | None"}
                    ):
                        found[ast.unparse(field.target)] = ast.literal_eval(text.value)
    return found


def test_what_is_documented_as_a_time_is_a_time_and_nothing_else() -> None:
    told = documented_integers()
    times = {
        name for name, text in told.items() if re.search("[Ee]poch|in ms|unit of|it ends", text)
    }

    assert {name for name in told if is_time(name)} ^ times == NOT_SAID


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(ParameterError, match="backend='spark' is not known: write 'pandas' or"):
        KLINES.to_frame("spark")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="numbers="):
        KLINES.to_frame(numbers="text")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="backend='spark'"):
        BOOK.to_frame("spark")  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["pandas", "polars"])
def test_a_missing_package_is_named_with_the_extra(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, backend, None)

    with pytest.raises(ConfigurationError, match=rf"{backend} is not installed: pip install 'bina"):
        KLINES.to_frame(backend)
    with pytest.raises(ConfigurationError, match=r"binance-wsapi\[frames\]"):
        BOOK.to_frame(backend)


def test_nothing_of_it_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys; import binance_wsapi; from binance_wsapi.models import account, market; "
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('pandas', 'polars', 'matplotlib', 'numpy', 'pydantic') or 'presentation' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"
