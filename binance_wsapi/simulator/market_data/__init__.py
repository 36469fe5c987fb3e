"""Market data of the embedded exchange: history, candles, tickers and averages from its own trades."""
