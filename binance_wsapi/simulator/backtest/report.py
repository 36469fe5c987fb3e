"""What came of a backtest: fills, equity, drawdown, fees."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.venue import Venue

__all__ = ["BacktestFill", "Report", "fills_of"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BacktestFill:
    """One execution of the bot's."""

    time_us: int
    market: Market
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a backtest.

    Attributes:
        fills: The bot's executions, oldest first.
        equity: What the account was worth, by exchange time in epoch microseconds.
        trades: How many trades of the tapes were replayed.
        refused: How many of them, and of the changes of books, the exchange refused: off the symbol's tick or step.
        events: How many events the bot was given.
        seconds: How long it took.
    """

    fills: Sequence[BacktestFill]
    equity: Sequence[tuple[int, Decimal]]
    trades: int
    refused: int
    events: int
    seconds: float

    @property
    def fees(self) -> dict[str, Decimal]:
        """Commission paid, by asset."""
        paid: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for fill in self.fills:
            paid[fill.fee_asset] += fill.fee
        return dict(paid)

    @property
    def profit(self) -> Decimal:
        """What the account gained, commission paid."""
        return self.equity[-1][1] - self.equity[0][1]

    @property
    def drawdown(self) -> Decimal:
        """The deepest fall of the equity from a former height, as a fraction of that."""
        deepest, height = ZERO, ZERO
        for _, worth in self.equity:
            height = max(height, worth)
            if height:
                deepest = max(deepest, (height - worth) / height)
        return deepest

    def save(self, folder: Path) -> list[Path]:
        """Write ``fills.csv``, ``equity.csv``, ``report.json``, and ``equity.png`` where matplotlib is there.

        Returns:
            The files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        names = ("time_us", "market", "symbol", "side", "price", "quantity", "fee", "fee_asset")
        fills = (
            [getattr(fill, name) for name in names[:1]]
            + [fill.market.value, fill.symbol, fill.side]
            + [f"{each:f}" for each in (fill.price, fill.quantity, fill.fee)]
            + [fill.fee_asset, "maker" if fill.is_maker else "taker"]
            for fill in self.fills
        )
        written = [
            _write_csv(folder / "fills.csv", (*names, "role"), fills),
            _write_csv(
                folder / "equity.csv",
                ("time_us", "equity"),
                ([time_us, f"{worth:f}"] for time_us, worth in self.equity),
            ),
            folder / "report.json",
        ]
        summary = {
            "begins": _moment(self.equity[0][0]),
            "ends": _moment(self.equity[-1][0]),
            "trades": self.trades,
            "refused": self.refused,
            "events": self.events,
            "fills": len(self.fills),
            "fees": {asset: f"{amount:f}" for asset, amount in self.fees.items()},
            "profit": f"{self.profit:f}",
            "drawdown": f"{self.drawdown:.6f}",
        }
        written[-1].write_text(json.dumps(summary, indent=2) + "\n")
        picture = folder / "equity.png"
        if self._draw(picture):
            written.append(picture)
        return written

    def _draw(self, path: Path) -> bool:
        try:
            figures = import_module("matplotlib.figure")
        except ImportError:
            return False
        figure = figures.Figure(figsize=(10, 4), layout="constrained")
        axes = figure.add_subplot()
        times: Any = [datetime.fromtimestamp(time_us / 1e6, UTC) for time_us, _ in self.equity]
        axes.plot(times, [float(worth) for _, worth in self.equity], linewidth=1.2)
        axes.set_ylabel("equity, USD")
        axes.grid(visible=True, alpha=0.3)
        axes.set_title(f"{len(self.fills)} fills, profit {self.profit:.2f}")
        figure.savefig(path, dpi=110)
        return True

    def __str__(self) -> str:
        fees = ", ".join(f"{amount:f} {asset}" for asset, amount in self.fees.items()) or "none"
        rate = self.trades / self.seconds if self.seconds else 0.0
        return (
            f"{_moment(self.equity[0][0])} to {_moment(self.equity[-1][0])}\n"
            f"{self.trades} trades replayed, {self.events} events, {self.seconds:.1f} s "
            f"({rate:.0f} trades/s); {self.refused} refused\n"
            f"{len(self.fills)} fills, fees {fees}\n"
            f"equity {self.equity[0][1]:.2f} -> {self.equity[-1][1]:.2f}, profit {self.profit:.2f}, "
            f"drawdown {self.drawdown:.2%}"
        )


def fills_of(venue: Venue, uid: int) -> list[BacktestFill]:
    """Return all executions of an account, oldest first."""
    found = [
        BacktestFill(
            fill.time_us,
            Market.SPOT,
            symbol,
            "BUY" if fill.is_buyer else "SELL",
            fill.price,
            fill.quantity,
            fill.commission,
            fill.commission_asset,
            fill.is_maker,
        )
        for symbol, fills in venue.spot.engine.records[uid].trades.items()
        for fill in fills
    ]
    for market, engine in venue.futures.items():
        account = engine.accounts.get(uid)
        for time_us, fill in account.fills if account is not None else ():
            contract = fill.order.contract
            found.append(
                BacktestFill(
                    time_us,
                    market,
                    contract.symbol,
                    fill.order.side,
                    fill.price,
                    fill.quantity,
                    fill.fee,
                    contract.margin_asset,
                    fill.is_maker,
                )
            )
    return sorted(found, key=lambda fill: fill.time_us)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _moment(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(timespec="seconds")
