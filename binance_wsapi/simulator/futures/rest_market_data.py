"""REST calls of futures that tell of the market: books, trades, candles, tickers, funding."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError, bad_symbol, invalid_parameter
from binance_wsapi.simulator.futures.contract_info import contract_info
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import (
    YEARS_US,
    Params,
    newest_of,
    page_limit,
    time_window,
)
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.market_data.aggregate_trades import AggregateTrade
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.history import SymbolHistory
from binance_wsapi.simulator.market_data.intervals import DAY, HOUR, INTERVALS, Interval
from binance_wsapi.simulator.market_data.rows import percent_of
from binance_wsapi.simulator.observers import Trade

__all__ = ["MarketDataCalls"]

ZERO = Decimal(0)
FUNDING_HOURS = 8
_PriceSource = Callable[[Contract], SymbolHistory]


class MarketDataCalls:
    """The public REST calls of one futures market.

    COIN-M answers tickers and premium indices as lists whatever is asked for, adds ``pair`` to most rows
    and tells volumes in base asset where USD-M has quote asset.

    Args:
        venue: The market and its history.
        limits: What ``exchangeInfo`` tells of limits.
    """

    def __init__(self, venue: StreamVenue, limits: RequestLimits) -> None:
        self._venue = venue
        self._market = venue.market
        self._is_coinm = self._market.market is Market.COINM
        histories = self._market.price_histories
        self.table: dict[str, Callable[[Params], object]] = {
            "ping": lambda params: {},
            "time": lambda params: {"serverTime": Micros(self._market.clock.now_us())},
            "exchangeInfo": lambda params: contract_info(self._market, limits),
            "depth": self._depth,
            "ticker/price": self._price_tickers,
            "ticker/bookTicker": self._book_tickers,
            "ticker/24hr": self._day_tickers,
            "premiumIndex": self._premium_index,
            "fundingRate": self._funding_rates,
            "fundingInfo": lambda params: [
                _funding_info(one) for one in venue.contracts if one.contract_type == "PERPETUAL"
            ],
            "openInterest": self._open_interest,
            "trades": self._trades,
            "aggTrades": self._aggregate_trades,
            "klines": self._klines,
            "continuousKlines": self._continuous_klines,
            "markPriceKlines": lambda params: self._price_klines(
                self._contract(params), params, lambda one: histories[one.symbol].mark
            ),
            "indexPriceKlines": lambda params: self._price_klines(
                self._of_pair(params)[0], params, lambda one: histories[one.symbol].index
            ),
            "premiumIndexKlines": lambda params: self._price_klines(
                self._contract(params), params, lambda one: histories[one.symbol].premium
            ),
        }

    def historical_trades(self, params: Params) -> object:
        """Answer ``historicalTrades``, which asks for a key."""
        contract, given = self._contract(params), Parameters(params)
        trades = self._venue.data.histories[contract.symbol].trades
        limit, from_id = page_limit(given, 100, 500), given.integer("fromId")
        if from_id is None:
            return [self._trade_row(contract, trade) for trade in trades.newest(limit)]
        first = trades.position_of(from_id, lambda trade: trade.trade_id)
        rows = trades.between(first, first + limit)
        return [self._trade_row(contract, trade) for trade in rows]

    # --- which contracts

    def _contract(self, params: Params) -> Contract:
        contract = self._market.contracts.get(Parameters(params).text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract

    def _of_pair(self, params: Params) -> list[Contract]:
        """Return the contracts of the mandatory ``pair``, the perpetual one first."""
        pair = Parameters(params).text("pair")
        found = [contract for contract in self._venue.contracts if contract.pair == pair]
        if not found:
            raise refusal(-4144)
        return sorted(found, key=lambda one: one.contract_type != "PERPETUAL")

    def _chosen(self, params: Params) -> list[Contract]:
        """Return the contracts of ``symbol`` or of COIN-M's ``pair``; all without either."""
        given = Parameters(params)
        if "symbol" in given:
            return [self._contract(params)]
        if self._is_coinm and "pair" in given:
            return self._of_pair(params)
        return list(self._venue.contracts)

    def _one_or_all(self, params: Params, row: Callable[[Contract], object]) -> object:
        """Return a row for ``symbol`` and a list for all; COIN-M knows lists alone."""
        rows = [row(contract) for contract in self._chosen(params)]
        is_single = "symbol" in Parameters(params) and not self._is_coinm
        return rows[0] if is_single else rows

    # --- books and prices

    def _depth(self, params: Params) -> object:
        answer = self._market.market_answers.depth(Parameters(params))
        if not self._is_coinm:
            return answer
        contract = self._contract(params)
        return {"symbol": contract.symbol, "pair": contract.pair, **answer}

    def _price_tickers(self, params: Params) -> object:
        def row(contract: Contract) -> object:
            found = self._market.market_answers.price_row(contract)
            return found | {"ps": contract.pair} if self._is_coinm else found

        return self._one_or_all(params, row)

    def _book_tickers(self, params: Params) -> object:
        def row(contract: Contract) -> object:
            found = self._market.market_answers.book_row(contract)
            return found | {"pair": contract.pair} if self._is_coinm else found

        return self._one_or_all(params, row)

    def _day_tickers(self, params: Params) -> object:
        return self._one_or_all(params, self._day_ticker)

    def _day_ticker(self, contract: Contract) -> dict[str, Any]:
        data, now_us, price = self._venue.data, self._market.clock.now_us(), contract.price_text
        day = data.rolling_window(contract.symbol, DAY)
        last = data.histories[contract.symbol].last_trade
        row: dict[str, Any] = {"symbol": contract.symbol}
        if self._is_coinm:
            row["pair"] = contract.pair
        return row | {
            "priceChange": price(day.close - day.open),
            "priceChangePercent": percent_of(day.close - day.open, day.open),
            "weightedAvgPrice": price(contract.mean_price(day.quote_volume, day.volume)),
            "lastPrice": price(day.close),
            "lastQty": contract.quantity_text(ZERO if last is None else last.quantity),
            "openPrice": price(day.open),
            "highPrice": price(day.high),
            "lowPrice": price(day.low),
            "volume": contract.quantity_text(day.volume),
            "baseVolume" if self._is_coinm else "quoteVolume": f"{day.quote_volume:.8f}",
            "openTime": Micros(now_us - DAY),
            "closeTime": Micros(now_us),
            "firstId": day.first_id,
            "lastId": day.last_id,
            "count": day.trades,
        }

    def _premium_index(self, params: Params) -> object:
        return self._one_or_all(params, self._venue.rows.premium_index)

    def _funding_rates(self, params: Params) -> object:
        given = Parameters(params)
        contracts = self._chosen(params) if "symbol" in given else self._venue.contracts
        records = [
            (contract, record)
            for contract in contracts
            for record in self._market.price_histories[contract.symbol].funding.newest(1000)
        ]
        records.sort(key=lambda one: one[1].time_us)
        limit = page_limit(given, 100 if "startTime" in given else 200, 1000)
        return [
            {
                "symbol": contract.symbol,
                "fundingTime": Micros(record.time_us),
                "fundingRate": f"{record.rate:.8f}",
            }
            | ({} if self._is_coinm else {"markPrice": f"{record.mark:.8f}"})
            for contract, record in newest_of(
                records, given, lambda one: one[1].time_us, limit=limit, longest_us=YEARS_US
            )
        ]

    def _open_interest(self, params: Params) -> object:
        contract = self._contract(params)
        held = self._market.holdings.now(contract).open_interest
        row: dict[str, Any] = {
            "symbol": contract.symbol,
            "openInterest": contract.quantity_text(held),
        }
        if self._is_coinm:
            row |= {"pair": contract.pair, "contractType": contract.contract_type}
        return row | {"time": Micros(self._market.clock.now_us())}

    # --- trades and candles

    def _trades(self, params: Params) -> object:
        contract = self._contract(params)
        trades = self._venue.data.histories[contract.symbol].trades
        limit = page_limit(Parameters(params), 500, 1000)
        return [self._trade_row(contract, trade) for trade in trades.newest(limit)]

    def _trade_row(self, contract: Contract, trade: Trade) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": trade.trade_id,
            "price": contract.price_text(trade.price),
            "qty": contract.quantity_text(trade.quantity),
            "baseQty" if self._is_coinm else "quoteQty": f"{trade.quote_quantity:.8f}",
            "time": Micros(trade.time_us),
            "isBuyerMaker": trade.buyer_is_maker,
        }
        return row if self._is_coinm else row | {"isRPITrade": False}

    def _aggregate_trades(self, params: Params) -> object:
        contract, given = self._contract(params), Parameters(params)
        aggregates = self._venue.data.histories[contract.symbol].aggregates
        limit, from_id = page_limit(given, 500, 1000), given.integer("fromId")
        start_us, end_us = time_window(given, longest_us=HOUR)
        first, end = aggregates.start, aggregates.end
        if from_id is not None:
            first = max(first, from_id)
        if start_us is not None:
            first = max(first, aggregates.position_of(start_us, lambda row: row.time_us))
        if end_us is not None:
            end = aggregates.position_of(end_us + 1, lambda row: row.time_us)
        if from_id is None and start_us is None:
            first = max(first, end - limit)
        rows = aggregates.between(first, min(end, first + limit))
        return [self._aggregate_row(contract, row) for row in rows]

    def _aggregate_row(self, contract: Contract, trade: AggregateTrade) -> dict[str, Any]:
        quantity = contract.quantity_text(trade.quantity)
        row: dict[str, Any] = {
            "a": trade.aggregate_id,
            "p": contract.price_text(trade.price),
            "q": quantity,
        }
        if not self._is_coinm:
            row["nq"] = quantity
        return row | {
            "f": trade.first_id,
            "l": trade.last_id,
            "T": Micros(trade.time_us),
            "m": trade.buyer_is_maker,
        }

    def _klines(self, params: Params) -> object:
        contract = self._contract(params)
        return self._traded_klines(contract, params)

    def _continuous_klines(self, params: Params) -> object:
        wanted = Parameters(params).text("contractType")
        for contract in self._of_pair(params):
            if contract.contract_type == wanted:
                return self._traded_klines(contract, params)
        raise invalid_parameter("contractType")

    def _traded_klines(self, contract: Contract, params: Params) -> object:
        candles, interval = self._candles(params, self._venue.data.histories[contract.symbol])
        quantity = contract.quantity_text
        return [
            [
                *_prices(candle, contract.price_places),
                quantity(candle.volume),
                Micros(interval.step(candle.open_us, 1) - 1),
                f"{candle.quote_volume:.8f}",
                candle.trades,
                quantity(candle.taker_base),
                f"{candle.taker_quote:.8f}",
                "0",
            ]
            for candle in candles
        ]

    def _price_klines(self, contract: Contract, params: Params, source: _PriceSource) -> object:
        """Return candles of a reckoned price: they have no volume, and count the price's changes."""
        candles, interval = self._candles(params, source(contract))
        return [
            [
                *_prices(candle, 8),
                "0",
                Micros(interval.step(candle.open_us, 1) - 1),
                "0",
                candle.trades,
                "0",
                "0",
                "0",
            ]
            for candle in candles
        ]

    def _candles(self, params: Params, history: SymbolHistory) -> tuple[list[Candle], Interval]:
        given = Parameters(params)
        interval = INTERVALS.get(given.text("interval"))
        if interval is None or interval.name == "1s":
            raise ExchangeError(-1120, "Invalid interval.")
        start_us, end_us = time_window(given, longest_us=YEARS_US)
        candles = history.asked_candles(
            interval,
            0,
            start_us=start_us,
            end_us=end_us,
            limit=page_limit(given, 500, 1500),
            now_us=self._market.clock.now_us(),
        )
        return candles, interval


def _prices(candle: Candle, places: int) -> list[Any]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [Micros(candle.open_us), *(f"{price:.{places}f}" for price in prices)]


def _funding_info(contract: Contract) -> dict[str, Any]:
    return {
        "symbol": contract.symbol,
        "adjustedFundingRateCap": "0.02000000",
        "adjustedFundingRateFloor": "-0.02000000",
        "fundingIntervalHours": FUNDING_HOURS,
        "disclaimer": False,
    }
