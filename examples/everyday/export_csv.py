"""The last three days of candles and the last hour of trades, as CSV files."""

from datetime import UTC, datetime, timedelta

from binance_wsapi import Client

with Client() as client:
    now, history = datetime.now(UTC), client.spot.history
    candles = history.klines("BTCUSDT", "1m", start=now - timedelta(days=3))
    print(candles.to_csv("klines.csv"), "candles")
    trades = history.trades("BTCUSDT", start=now - timedelta(hours=1))
    print(trades.to_csv("trades.csv"), "trades")
