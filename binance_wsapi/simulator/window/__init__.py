"""A window to look through: one page that shows the exchange at work and steers it."""

from binance_wsapi.simulator.window.window import ExchangeWindow

__all__ = ["ExchangeWindow"]
