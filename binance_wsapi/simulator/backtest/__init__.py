"""Backtests: a bot on the blocking client, a tape, and a clock that stands still while the bot thinks."""

from binance_wsapi.simulator.backtest.report import Report
from binance_wsapi.simulator.backtest.run import Backtest

__all__ = ["Backtest", "Report"]
