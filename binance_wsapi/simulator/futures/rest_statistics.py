"""The ``/futures/data/`` calls: what was held, bought, sold and paid above the index, period by period.

Each row tells of the period that ends at its timestamp. Top traders are the fifth of the accounts that has the
highest margin balances now; what they held is told as it was then.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import bad_symbol, invalid_parameter
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import Params, page_limit, time_window
from binance_wsapi.simulator.futures.stream_venue import StreamVenue
from binance_wsapi.simulator.market_data.candles import Candle
from binance_wsapi.simulator.market_data.intervals import DAY, INTERVALS, Interval

__all__ = ["StatisticsCalls"]

ZERO = Decimal(0)
MONTH_US = 30 * DAY
YEAR_US = 365 * DAY
_PERIODS = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
_RATIO_PLACES = Decimal("0.0001")
_Row = dict[str, Any]


class StatisticsCalls:
    """The statistics of one futures market. USD-M asks by symbol, COIN-M by pair and contract type.

    Args:
        venue: The market and its history.
    """

    def __init__(self, venue: StreamVenue) -> None:
        self._venue = venue
        self._market = venue.market
        self._is_coinm = self._market.market is Market.COINM
        self.table: dict[str, Callable[[Params], object]] = {
            "openInterestHist": self._open_interest,
            "globalLongShortAccountRatio": self._accounts_ratio,
            "takerBuySellVol" if self._is_coinm else "takerlongshortRatio": self._taker_volumes,
            "basis": self._basis,
            "topLongShortAccountRatio": self._top_accounts,
            "topLongShortPositionRatio": self._top_positions,
            "delivery-price": self._delivery_prices,
        }

    def _open_interest(self, params: Params) -> object:
        contracts = self._contracts(params)

        def row(moment_us: int, interval: Interval) -> _Row | None:
            if not any(self._traded(one, moment_us, interval) for one in contracts):
                return None
            held = worth = ZERO
            for contract in contracts:
                amount = self._market.holdings.at(contract, moment_us).open_interest
                mark = self._market.price_histories[contract.symbol].mark.close_before(moment_us)
                held += amount
                worth += contract.value(mark, amount) if mark else ZERO
            return self._named(params) | {
                "sumOpenInterest": f"{held:.8f}",
                "sumOpenInterestValue": f"{worth:.8f}",
                "timestamp": Micros(moment_us),
            }

        return self._rows(params, row)

    def _accounts_ratio(self, params: Params) -> object:
        contracts = self._contracts(params)

        def row(moment_us: int, interval: Interval) -> _Row | None:
            if not any(self._traded(one, moment_us, interval) for one in contracts):
                return None
            held = [self._market.holdings.at(one, moment_us) for one in contracts]
            longs, shorts = sum(one.longs for one in held), sum(one.shorts for one in held)
            if not shorts:
                return None
            return self._named(params, with_type=False) | {
                "longShortRatio": _ratio(longs, shorts),
                "longAccount": _ratio(longs, longs + shorts),
                "shortAccount": _ratio(shorts, longs + shorts),
                "timestamp": Micros(moment_us),
            }

        return self._rows(params, row)

    def _top_accounts(self, params: Params) -> object:
        return self._top_ratio(
            params, lambda net: Decimal(1 if net else 0), ("longAccount", "shortAccount")
        )

    def _top_positions(self, params: Params) -> object:
        names = (
            ("longPosition", "shortPosition") if self._is_coinm else ("longAccount", "shortAccount")
        )
        return self._top_ratio(params, abs, names)

    def _top_ratio(
        self, params: Params, counted: Callable[[Decimal], Decimal], names: tuple[str, str]
    ) -> object:
        """Compare long and short among top traders.

        Args:
            params: What was asked.
            counted: What a net position counts for.
            names: What the parts of long and short are called.
        """
        contracts, holdings = self._contracts(params), self._market.holdings
        top = self._market.margin_watch.richest(contracts[0].margin_asset)

        def row(moment_us: int, interval: Interval) -> _Row | None:
            if not any(self._traded(one, moment_us, interval) for one in contracts):
                return None
            nets = [
                sum((holdings.net_at(one, uid, moment_us) for one in contracts), ZERO)
                for uid in top
            ]
            longs = sum((counted(net) for net in nets if net > 0), ZERO)
            shorts = sum((counted(net) for net in nets if net < 0), ZERO)
            if not shorts:
                return None
            return self._named(params, with_type=False) | {
                "longShortRatio": _ratio(longs, shorts),
                names[0]: _ratio(longs, longs + shorts),
                names[1]: _ratio(shorts, longs + shorts),
                "timestamp": Micros(moment_us),
            }

        return self._rows(params, row)

    def _delivery_prices(self, params: Params) -> object:
        """No contract is ever delivered here."""
        self._of_pair(Parameters(params).text("pair"), "ALL")
        return []

    def _taker_volumes(self, params: Params) -> object:
        contracts = self._contracts(params)

        def row(moment_us: int, interval: Interval) -> _Row | None:
            candles = [
                candle
                for one in contracts
                if (candle := self._traded(one, moment_us, interval)) is not None
            ]
            if not candles:
                return None
            bought = sum((one.taker_base for one in candles), ZERO)
            sold = sum((one.volume for one in candles), ZERO) - bought
            if not self._is_coinm:
                return {
                    "buySellRatio": _ratio(bought, sold) if sold else "0.0000",
                    "buyVol": f"{bought:.4f}",
                    "sellVol": f"{sold:.4f}",
                    "timestamp": Micros(moment_us),
                }
            worth = sum((one.taker_quote for one in candles), ZERO)
            rest = sum((one.quote_volume for one in candles), ZERO) - worth
            return self._named(params) | {
                "takerBuyVol": f"{bought:.0f}",
                "takerSellVol": f"{sold:.0f}",
                "takerBuyVolValue": f"{worth:.8f}",
                "takerSellVolValue": f"{rest:.8f}",
                "timestamp": Micros(moment_us),
            }

        return self._rows(params, row)

    def _basis(self, params: Params) -> object:
        given = Parameters(params)
        pair, kind = given.text("pair"), given.text("contractType")
        if kind == "ALL":
            raise invalid_parameter("contractType")
        (contract,) = self._of_pair(pair, kind)
        histories = self._venue.data.histories[contract.symbol]
        indices = self._market.price_histories[contract.symbol].index

        def row(moment_us: int, interval: Interval) -> _Row | None:
            index = indices.close_before(moment_us)
            if not index:
                return None
            price = histories.close_before(moment_us) or contract.start_price
            rate = (price - index) / index
            annual = ""
            if contract.contract_type != "PERPETUAL" and contract.delivery_ms * 1000 > moment_us:
                years = Decimal(contract.delivery_ms * 1000 - moment_us) / YEAR_US
                annual = f"{rate / years:.4f}"
            return {
                "pair": pair,
                "contractType": kind,
                "indexPrice": f"{index:.8f}",
                "futuresPrice": contract.price_text(price),
                "basis": f"{price - index:.8f}",
                "basisRate": f"{rate:.4f}",
                "annualizedBasisRate": annual,
                "timestamp": Micros(moment_us),
            }

        return self._rows(params, row)

    def _rows(self, params: Params, row: Callable[[int, Interval], _Row | None]) -> list[_Row]:
        """Return a row for each period that was asked for and has one."""
        given = Parameters(params)
        interval = INTERVALS.get(given.text("period"))
        if interval is None or interval.name not in _PERIODS:
            raise invalid_parameter("period")
        moments = self._moments(given, interval)
        return [found for one in moments if (found := row(one, interval)) is not None]

    def _moments(self, given: Parameters, interval: Interval) -> range:
        """Return where the periods end: the first ones from a start on, else the newest."""
        limit = page_limit(given, 30, 500)
        start_us, end_us = time_window(given, longest_us=MONTH_US)
        now_us, width = self._market.clock.now_us(), interval.width_us
        last = interval.floor(now_us if end_us is None else min(now_us, end_us))
        first = last - (limit - 1) * width
        oldest = now_us - MONTH_US if start_us is None else max(start_us, now_us - MONTH_US)
        first = max(first if start_us is None else 0, interval.ceiling(oldest))
        return range(first, min(last, first + (limit - 1) * width) + 1, width)

    def _contracts(self, params: Params) -> list[Contract]:
        given = Parameters(params)
        if self._is_coinm:
            kind = given.text("contractType") if "contractType" in given else "ALL"
            return self._of_pair(given.text("pair"), kind)
        contract = self._market.contracts.get(given.text("symbol"))
        if contract is None:
            raise bad_symbol()
        return [contract]

    def _of_pair(self, pair: str, kind: str) -> list[Contract]:
        of_pair = [one for one in self._venue.contracts if one.pair == pair]
        if not of_pair:
            raise refusal(-4144)
        found = [one for one in of_pair if kind in ("ALL", one.contract_type)]
        if not found:
            raise invalid_parameter("contractType")
        return found

    def _named(self, params: Params, *, with_type: bool = True) -> _Row:
        """Return how a row says what it is about."""
        if not self._is_coinm:
            return {"symbol": params["symbol"]}
        row: _Row = {"pair": params["pair"]}
        return row | {"contractType": params.get("contractType", "ALL")} if with_type else row

    def _traded(self, contract: Contract, moment_us: int, interval: Interval) -> Candle | None:
        """Return the candle of the period that ends at a moment, ``None`` when nothing was traded in it."""
        history = self._venue.data.histories[contract.symbol]
        candle = history.candle(interval, 0, moment_us - interval.width_us)
        return candle if candle is not None and candle.trades else None


def _ratio(part: Decimal | int, whole: Decimal | int) -> str:
    return f"{(Decimal(part) / whole).quantize(_RATIO_PLACES)}"
