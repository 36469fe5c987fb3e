"""Parameters of market data requests: read, checked, refused with the documented errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.simulator.doors.wire import to_micros
from binance_wsapi.simulator.errors import (
    ExchangeError,
    bad_combination,
    bad_symbol,
    either_missing,
    invalid_parameter,
    mandatory_missing,
)
from binance_wsapi.simulator.market_data.intervals import (
    DAY,
    INTERVALS,
    Interval,
    parse_time_zone,
    parse_window,
)
from binance_wsapi.simulator.spot import parameters

__all__ = ["Request"]

MOST_ROLLING_SYMBOLS = 200
SYMBOL_STATUSES = frozenset(("TRADING", "HALT", "BREAK"))
TICKER_TYPES = frozenset(("FULL", "MINI"))


class Request:
    """The parameters of one request, read one by one.

    Args:
        params: As they came, without those of authentication.
        statuses: Trading status of each symbol of the market.
    """

    def __init__(self, params: Mapping[str, Any], statuses: Mapping[str, str]) -> None:
        self._params = params
        self._statuses = statuses

    def symbol(self) -> str:
        """Return the mandatory ``symbol``."""
        return self._known(parameters.text(self._params, "symbol"))

    def chosen_symbols(self, *, mandatory: bool, most: int | None = None) -> tuple[list[str], bool]:
        """Return the symbols that ``symbol``, ``symbols`` and ``symbolStatus`` choose.

        Args:
            mandatory: One of ``symbol`` and ``symbols`` must be sent; else all symbols now trading are meant.
            most: How many ``symbols`` may be named.

        Returns:
            The symbols, and whether the answer is a single object instead of an array.
        """
        many = parameters.names(self._params, "symbols")
        if parameters.is_sent(self._params, "symbol"):
            if many is not None:
                raise bad_combination()
            symbol = self.symbol()
            self.check_symbol_status(symbol)
            return [symbol], True
        status = self.symbol_status()
        if many is not None:
            if most is not None and len(many) > most:
                text = f"Too many parameters; expected '{most}' and received '{len(many)}'."
                raise ExchangeError(-1101, text)
            named = [self._known(name) for name in many]
            kept = [name for name in named if status is None or self._statuses[name] == status]
            return kept, False
        if mandatory:
            raise either_missing("symbol", "symbols")
        wanted = status or "TRADING"
        return [name for name, current in self._statuses.items() if current == wanted], False

    def symbol_status(self) -> str | None:
        """Return ``symbolStatus``."""
        refusal = (-1122, "Invalid symbolStatus.")
        return parameters.one_of(self._params, "symbolStatus", SYMBOL_STATUSES, refusal)

    def check_symbol_status(self, symbol: str) -> None:
        """Refuse when ``symbolStatus`` was sent and is not the symbol's."""
        status = self.symbol_status()
        if status is not None and self._statuses[symbol] != status:
            raise ExchangeError(
                -1220, "The symbol's status does not match the requested symbolStatus."
            )

    def limit(self) -> int:
        """Return ``limit``: how many rows are wanted, cut down to what there is at most."""
        return parameters.count(self._params)

    def number(self, name: str) -> int | None:
        """Return a whole number that is not negative, ``None`` when it was not sent."""
        return parameters.integer(self._params, name)

    def mandatory_number(self, name: str) -> int:
        """Return a whole number that must be there."""
        value = self.number(name)
        if value is None:
            raise mandatory_missing(name)
        return value

    def time_us(self, name: str) -> int | None:
        """Return a timestamp in microseconds; requests may carry milliseconds or microseconds."""
        value = self.number(name)
        return None if value is None else to_micros(value)

    def time_range_us(self) -> tuple[int | None, int | None]:
        """Return ``startTime`` and ``endTime`` in microseconds, the end as the last one included."""
        start, end = self.time_us("startTime"), self.number("endTime")
        if end is None:
            return start, None
        end_us = to_micros(end)
        # A millisecond includes all of its microseconds.
        return start, end_us if end_us == end else end_us + 999

    def interval(self) -> Interval:
        """Return the mandatory candle ``interval``."""
        name = parameters.text(self._params, "interval")
        if name not in INTERVALS:
            raise ExchangeError(-1120, "Invalid interval.")
        return INTERVALS[name]

    def time_zone_us(self) -> int:
        """Return the offset of ``timeZone`` in microseconds."""
        if not parameters.is_sent(self._params, "timeZone"):
            return 0
        offset = parse_time_zone(str(self._params["timeZone"]))
        if offset is None:
            raise invalid_parameter("timeZone")
        return offset

    def is_mini(self) -> bool:
        """Whether ``type`` asks for the short ticker."""
        refusal = (-1139, "Invalid ticker type.")
        return parameters.one_of(self._params, "type", TICKER_TYPES, refusal) == "MINI"

    def window_us(self) -> int:
        """Return ``windowSize`` in microseconds."""
        if not parameters.is_sent(self._params, "windowSize"):
            return DAY
        window = parse_window(str(self._params["windowSize"]))
        if window is None:
            raise invalid_parameter("windowSize")
        return window

    def refuse_together(self, name: str, *others: str) -> None:
        """Refuse when ``name`` was sent along with one of the others."""
        is_sent = parameters.is_sent
        if is_sent(self._params, name) and any(is_sent(self._params, other) for other in others):
            raise bad_combination()

    def _known(self, symbol: str) -> str:
        if symbol not in self._statuses:
            raise bad_symbol()
        return symbol
