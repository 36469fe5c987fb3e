"""Payloads of futures market streams."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.funding import FUNDING_EVERY
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import DAY, Interval
from binance_wsapi.simulator.market_data.market_data import MarketData
from binance_wsapi.simulator.market_data.rows import percent_of
from binance_wsapi.simulator.market_data.stream_feeds import BestPrices, DepthChanges
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.book import Book

__all__ = ["StreamRows"]

Row = dict[str, Any]
Level = tuple[Decimal, Decimal]
ZERO = Decimal(0)


class StreamRows:
    """Makes the payloads of one market's streams.

    Args:
        market: Contracts, prices and time.
        data: History of its trades.
    """

    def __init__(self, market: FuturesMarket, data: MarketData) -> None:
        self._market = market
        self._data = data
        self._clock = market.clock

    def aggregate_trade(self, contract: Contract, trade: AggregateTrade) -> Row:
        """Return an ``aggTrade``."""
        quantity = contract.quantity_text(trade.quantity)
        row = {
            **self._head("aggTrade"),
            "s": contract.symbol,
            "a": trade.aggregate_id,
            "p": contract.price_text(trade.price),
            "q": quantity,
        }
        if not contract.is_inverse:
            row["nq"] = quantity
        return row | {
            "f": trade.first_id,
            "l": trade.last_id,
            "T": Micros(trade.time_us),
            "m": trade.buyer_is_maker,
            "st": contract.stream_type,
        }

    def trade(self, contract: Contract, trade: Trade) -> Row:
        """Return a ``trade``."""
        return {
            **self._head("trade"),
            "T": Micros(trade.time_us),
            "s": contract.symbol,
            "t": trade.trade_id,
            "p": contract.price_text(trade.price),
            "q": contract.quantity_text(trade.quantity),
            "X": "MARKET",
            "m": trade.buyer_is_maker,
        }

    def mark_price(self, contract: Contract) -> Row:
        """Return a ``markPriceUpdate``; delivery contracts have no funding."""
        prices = self._market.prices
        mark = f"{prices.mark(contract):.8f}"
        rate, funding = self._funding(contract)
        row = {
            **self._head("markPriceUpdate"),
            "s": contract.symbol,
            "p": mark,
            "i": f"{prices.index(contract):.8f}",
            "P": mark,
            "r": rate,
        }
        if not contract.is_inverse:
            row["ap"] = mark
        return row | {"T": funding, "st": contract.stream_type}

    def premium_index(self, contract: Contract) -> Row:
        """Return a row of REST ``premiumIndex``."""
        prices = self._market.prices
        mark = f"{prices.mark(contract):.8f}"
        rate, funding = self._funding(contract)
        return {
            "symbol": contract.symbol,
            "pair": contract.pair,
            "markPrice": mark,
            "indexPrice": f"{prices.index(contract):.8f}",
            "estimatedSettlePrice": mark,
            "lastFundingRate": rate,
            "interestRate": "0.00010000",
            "nextFundingTime": funding,
            "time": Micros(self._clock.now_us()),
        }

    def index_price(self, contract: Contract) -> Row:
        """Return an ``indexPriceUpdate`` of the contract's pair."""
        price = f"{self._market.prices.index(contract):.8f}"
        return {**self._head("indexPriceUpdate"), "i": contract.pair, "p": price}

    def kline(
        self, contract: Contract, interval: Interval, candle: Candle, *, is_closed: bool
    ) -> Row:
        """Return a ``kline``."""
        body = self._candle(contract, interval, candle, is_closed=is_closed)
        body = {"t": body.pop("t"), "T": body.pop("T"), "s": contract.symbol, **body}
        return {**self._head("kline"), "s": contract.symbol, "k": body}

    def continuous_kline(
        self, contract: Contract, interval: Interval, candle: Candle, *, is_closed: bool
    ) -> Row:
        """Return a ``continuous_kline``."""
        return {
            **self._head("continuous_kline"),
            "ps": contract.pair,
            "ct": contract.contract_type,
            "k": self._candle(contract, interval, candle, is_closed=is_closed),
        }

    def mini_ticker(self, contract: Contract) -> Row:
        """Return a ``24hrMiniTicker``."""
        day = self._data.rolling_window(contract.symbol, DAY)
        return {
            **self._head("24hrMiniTicker"),
            "s": contract.symbol,
            "ps": contract.pair,
            **self._prices_of(contract, day),
            **_volumes(contract, day),
            "st": contract.stream_type,
        }

    def ticker(self, contract: Contract) -> Row:
        """Return a ``24hrTicker``."""
        now_us = self._clock.now_us()
        day = self._data.rolling_window(contract.symbol, DAY)
        last = self._data.histories[contract.symbol].last_trade
        change = day.close - day.open
        prices = self._prices_of(contract, day)
        mean = contract.mean_price(day.quote_volume, day.volume)
        return {
            **self._head("24hrTicker"),
            "s": contract.symbol,
            "ps": contract.pair,
            "p": contract.price_text(change),
            "P": str(percent_of(change, day.open)),
            "w": contract.price_text(mean),
            "c": prices["c"],
            "Q": contract.quantity_text(ZERO if last is None else last.quantity),
            "o": prices["o"],
            "h": prices["h"],
            "l": prices["l"],
            **_volumes(contract, day),
            "O": Micros(now_us - DAY),
            "C": Micros(now_us),
            "F": day.first_id,
            "L": day.last_id,
            "n": day.trades,
            "st": contract.stream_type,
        }

    def best_prices(self, contract: Contract, best: BestPrices) -> Row:
        """Return a ``bookTicker``."""
        now = Micros(self._clock.now_us())
        return {
            "e": "bookTicker",
            "u": best.update_id,
            "E": now,
            "T": now,
            "s": contract.symbol,
            "ps": contract.pair,
            "b": contract.price_text(best.bid[0]),
            "B": contract.quantity_text(best.bid[1]),
            "a": contract.price_text(best.ask[0]),
            "A": contract.quantity_text(best.ask[1]),
            "st": contract.stream_type,
        }

    def depth(self, contract: Contract, changes: DepthChanges) -> Row:
        """Return a ``depthUpdate`` with what changed."""
        return self._depth(
            contract,
            (changes.first_id, changes.final_id, changes.previous_id),
            changes.bids,
            changes.asks,
        )

    def partial_depth(self, contract: Contract, book: Book, levels: int, previous_id: int) -> Row:
        """Return a ``depthUpdate`` with the best levels; its ids span what happened since the last."""
        ids = (min(previous_id + 1, book.last_update_id), book.last_update_id, previous_id)
        return self._depth(contract, ids, book.bids.top(levels), book.asks.top(levels))

    def liquidation(self, order: FuturesOrder) -> Row:
        """Return a ``forceOrder``."""
        contract = order.contract
        body: Row = {"s": contract.symbol}
        if contract.is_inverse:
            body["ps"] = contract.pair
        filled = contract.quantity_text(order.executed)
        body |= {
            "S": order.side,
            "o": "LIMIT",
            "f": order.time_in_force,
            "q": contract.quantity_text(order.quantity),
            "p": contract.price_text(order.price),
            "ap": contract.price_text(order.average_price),
            "X": order.status,
            "l": filled,
            "z": filled,
            "T": Micros(order.updated_us),
        }
        row = {**self._head("forceOrder"), "o": body, "st": contract.stream_type}
        if not contract.is_inverse:
            row["ps"] = contract.pair
        return row

    def contract_info(self, contract: Contract) -> Row:
        """Return a ``contractInfo``."""
        rows = contract.brackets.rows
        brackets = [
            {
                "bs": row.number,
                "bnf": int(row.floor),
                "bnc": int(row.cap),
                "mmr": float(row.maintenance_rate),
                "cf": float(row.cumulative),
                "mi": above.max_leverage + 1 if above else 1,
                "ma": row.max_leverage,
            }
            for row, above in zip_longest(rows, rows[1:])
        ]
        return {
            **self._head("contractInfo"),
            "s": contract.symbol,
            "ps": contract.pair,
            "ct": contract.contract_type,
            "dt": contract.delivery_ms,
            "ot": contract.onboard_ms,
            "cs": self._market.statuses[contract.symbol],
            "bks": brackets,
            "st": contract.stream_type,
        }

    def _head(self, event: str) -> Row:
        return {"e": event, "E": Micros(self._clock.now_us())}

    def _funding(self, contract: Contract) -> tuple[str, Micros]:
        """Return rate and time of the next funding; delivery contracts have none."""
        if contract.contract_type != "PERPETUAL":
            return "", Micros(0)
        now_us = self._clock.now_us()
        rate = f"{self._market.prices.funding_rate(contract):.8f}"
        return rate, Micros(now_us - now_us % FUNDING_EVERY + FUNDING_EVERY)

    def _candle(
        self, contract: Contract, interval: Interval, candle: Candle, *, is_closed: bool
    ) -> Row:
        prices = self._prices_of(contract, candle)
        volumes = _volumes(contract, candle)
        return {
            "t": Micros(candle.open_us),
            "T": Micros(interval.step(candle.open_us, 1) - 1),
            "i": interval.name,
            "f": candle.first_id,
            "L": candle.last_id,
            **prices,
            "v": volumes["v"],
            "n": candle.trades,
            "x": is_closed,
            "q": volumes["q"],
            "V": contract.quantity_text(candle.taker_base),
            "Q": f"{candle.taker_quote:.8f}",
            "B": "0",
        }

    def _prices_of(self, contract: Contract, candle: Candle) -> Row:
        return {
            "o": contract.price_text(candle.open),
            "c": contract.price_text(candle.close),
            "h": contract.price_text(candle.high),
            "l": contract.price_text(candle.low),
        }

    def _depth(
        self,
        contract: Contract,
        ids: tuple[int, int, int],
        bids: Iterable[Level],
        asks: Iterable[Level],
    ) -> Row:
        now = Micros(self._clock.now_us())
        first, final, previous = ids
        return {
            "e": "depthUpdate",
            "E": now,
            "T": now,
            "s": contract.symbol,
            "ps": contract.pair,
            "U": first,
            "u": final,
            "pu": previous,
            "b": _levels(contract, bids),
            "a": _levels(contract, asks),
            "st": contract.stream_type,
        }


def _volumes(contract: Contract, candle: Candle) -> Row:
    return {
        "v": contract.quantity_text(candle.volume),
        "q": f"{candle.quote_volume:.8f}",
    }


def _levels(contract: Contract, levels: Iterable[Level]) -> list[list[str]]:
    return [
        [contract.price_text(price), contract.quantity_text(quantity)] for price, quantity in levels
    ]
