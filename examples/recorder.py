"""A recorder of market data: trades and best prices in Parquet files, with the gaps between them.

``python recorder.py 200 folder`` ends after two hundred events. Needs ``pip install 'binance-wsapi[history]'``.

Prices stay what they are: Parquet's decimals. A gap is a row of its own, so that nobody takes a stretch in
which nothing was heard for one in which nothing happened.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped]  # it brings no types
from pyarrow import parquet

from binance_wsapi import Client, StreamGap
from binance_wsapi.models.spot_stream_events import BookTickerEvent, TradeEvent
from binance_wsapi.simulator import practice

SYMBOLS = ("BTCUSDT", "ETHUSDT")
NUMBER = pa.decimal128(38, 12)
TIME = pa.timestamp("ms", tz="UTC")
TRADES = {"time": TIME, "symbol": pa.string(), "price": NUMBER, "quantity": NUMBER, "is_buyer_maker": pa.bool_()}  # fmt: skip
QUOTES = {"heard": TIME, "symbol": pa.string(), "bid": NUMBER, "bid_quantity": NUMBER, "ask": NUMBER, "ask_quantity": NUMBER}  # fmt: skip
GAPS = {"from": TIME, "until": TIME, "reason": pa.string()}


class Table:
    """A Parquet file that grows by a thousand rows at a time."""

    def __init__(self, path: Path, columns: dict[str, Any]) -> None:
        self.schema = pa.schema(list(columns.items()))
        self.file = parquet.ParquetWriter(path, self.schema)
        self.rows: list[tuple[Any, ...]] = []

    def add(self, *row: Any) -> None:
        """Add a row."""
        self.rows.append(row)
        if len(self.rows) >= 1_000:
            self.flush()

    def flush(self) -> None:
        """Write what has come together."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.schema)
        arrays = [
            pa.array(each, field.type) for each, field in zip(columns, self.schema, strict=True)
        ]
        self.file.write_table(pa.table(arrays, schema=self.schema))
        self.rows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the rest, and what makes the file readable, whatever happened."""
        self.flush()
        self.file.close()


def main(events: int, folder: Path) -> None:
    """Record so many events."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        practice(),
        Client() as client,
        Table(folder / "trades.parquet", TRADES) as trades,
        Table(folder / "quotes.parquet", QUOTES) as quotes,
        Table(folder / "gaps.parquet", GAPS) as gaps,
        client.streams.subscribe(
            *map(client.streams.trade, SYMBOLS), *map(client.streams.book_ticker, SYMBOLS)
        ) as stream,
    ):
        for event in itertools.islice(stream, events):
            match event:
                case TradeEvent():
                    trades.add(
                        event.time, event.symbol, event.price, event.quantity, event.is_buyer_maker
                    )
                case BookTickerEvent():  # it comes without a time of its own
                    heard = time.time_ns() // 1_000_000
                    best = (
                        event.bid_price,
                        event.bid_quantity,
                        event.ask_price,
                        event.ask_quantity,
                    )
                    quotes.add(heard, event.symbol, *best)
                case StreamGap():
                    gaps.add(event.from_ms, event.until_ms, event.reason)
                case _:
                    pass
    for name in ("trades", "quotes", "gaps"):
        table = parquet.read_table(folder / f"{name}.parquet")
        print(name, table.num_rows, "rows")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 200, Path(given[1] if len(given) > 1 else "recorded"))
