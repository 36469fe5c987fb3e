"""Writes down what is traded, as tapes in the format of the exchange's public data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from binance_wsapi.markets import Market
from binance_wsapi.simulator.observers import MarketObserver, Trade

__all__ = ["Recording"]


class Recording:
    """One tape a symbol: ``FOLDER/spot/BTCUSDT-trades-recorded.csv``, begun at the symbol's first trade.

    Columns are those of the public data's ``trades``, times in microseconds on every market. Each row is
    written when the trade happens, so what ends the process loses none. Lives on the exchange's thread but
    for :meth:`stop`.

    Args:
        folder: Where to; made when it is not there.
        observed: The observers of each market.
        call: Runs a callable on the exchange's thread and returns its result.

    Raises:
        ValueError: There are tapes in the folder already.
        OSError: It cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        observed: Mapping[Market, list[MarketObserver]],
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        if any(folder.glob("*/*-trades-*")):
            raise ValueError(f"{str(folder)!r} holds tapes already: name another folder")
        self._call = call
        self._observed = observed
        self._writers = {market: _Writer(folder / market.value) for market in observed}
        folder.mkdir(parents=True, exist_ok=True)
        for market, observers in observed.items():
            observers.append(self._writers[market])

    @property
    def trades(self) -> int:
        """How many trades were written down."""
        return sum(writer.trades for writer in self._writers.values())

    def stop(self) -> None:
        """Write no more."""

        def stop() -> None:
            for market, writer in self._writers.items():
                if writer in self._observed[market]:
                    self._observed[market].remove(writer)
                writer.close()

        self._call(stop)


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self.trades = 0

    def on_trade(self, trade: Trade) -> None:
        """Write a row."""
        file = self._files.get(trade.symbol)
        if file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{trade.symbol}-trades-recorded.csv"
            # Line by line.
            file = self._files[trade.symbol] = path.open("x", encoding="utf-8", buffering=1)
        file.write(
            f"{trade.trade_id},{trade.price:f},{trade.quantity:f},{trade.quote_quantity:f},"
            f"{trade.time_us},{trade.buyer_is_maker},{trade.is_best_match}\n"
        )
        self.trades += 1

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        """Trades alone are written down."""

    def on_symbol(self, symbol: str) -> None:
        """Trades alone are written down."""

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()
