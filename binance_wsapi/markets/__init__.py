"""The markets of the exchange and the facts that tell them apart: one record each."""

from binance_wsapi.markets.market import Market, MarketFacts, api_markets

__all__ = ["Market", "MarketFacts", "api_markets"]
