"""Histories in files: three days of candles and an hour of trades, as CSV.

``python download_history.py folder``. ``to_parquet`` writes the other format.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from binance_wsapi import Client
from binance_wsapi.simulator import practice


def main(folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    with practice(), Client() as client:
        history = client.spot.history
        candles = history.klines("BTCUSDT", "1m", start=now - timedelta(days=3))
        print(candles.to_csv(folder / "klines.csv"), "candles")
        trades = history.trades("BTCUSDT", start=now - timedelta(hours=1))
        print(trades.to_csv(folder / "trades.csv"), "trades")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "history"))
