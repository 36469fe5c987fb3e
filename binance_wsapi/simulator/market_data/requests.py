"""Parameters of market data requests: read, checked, refused with the documented errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.simulator.errors import (
    ExchangeError,
    bad_combination,
    bad_symbol,
    either_missing,
    illegal_characters,
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
from binance_wsapi.simulator.wire import to_micros

__all__ = ["Request"]

MOST_ROLLING_SYMBOLS = 200
SYMBOL_STATUSES = ("TRADING", "HALT", "BREAK")
DIGITS = "^[0-9]{1,20}$"


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
        symbol = self._text("symbol")
        if symbol is None:
            raise mandatory_missing("symbol")
        return self._known(symbol)

    def chosen_symbols(self, *, mandatory: bool, most: int | None = None) -> tuple[list[str], bool]:
        """Return the symbols that ``symbol``, ``symbols`` and ``symbolStatus`` choose.

        Args:
            mandatory: One of ``symbol`` and ``symbols`` must be sent; else all symbols now trading are meant.
            most: How many ``symbols`` may be named.

        Returns:
            The symbols, and whether the answer is a single object instead of an array.
        """
        one, many = self._text("symbol"), self._params.get("symbols")
        status = self.symbol_status()
        if one is not None and many is not None:
            raise bad_combination()
        if one is not None:
            symbol = self._known(one)
            if status is not None and self._statuses[symbol] != status:
                raise ExchangeError(
                    -1220, "The symbol's status does not match the requested symbolStatus."
                )
            return [symbol], True
        if many is not None:
            named = self._named(many, most)
            kept = [name for name in named if status is None or self._statuses[name] == status]
            return kept, False
        if mandatory:
            raise either_missing("symbol", "symbols")
        wanted = status or "TRADING"
        return [name for name, current in self._statuses.items() if current == wanted], False

    def symbol_status(self) -> str | None:
        """Return ``symbolStatus``."""
        status = self._text("symbolStatus")
        if status is not None and status not in SYMBOL_STATUSES:
            raise ExchangeError(-1122, "Invalid symbolStatus.")
        return status

    def check_symbol_status(self, symbol: str) -> None:
        """Refuse when ``symbolStatus`` was sent and is not the symbol's."""
        status = self.symbol_status()
        if status is not None and self._statuses[symbol] != status:
            raise ExchangeError(
                -1220, "The symbol's status does not match the requested symbolStatus."
            )

    def limit(self, default: int = 500, most: int = 1_000) -> int:
        """Return ``limit``: how many rows are wanted."""
        limit = self.number("limit")
        if limit is None:
            return default
        if limit < 1:
            raise mandatory_missing("limit")
        if limit > most:
            raise ExchangeError(
                -1102, f"'limit' contains unexpected value. Cannot be greater than {most}."
            )
        return limit

    def number(self, name: str) -> int | None:
        """Return a whole number that is not negative, ``None`` when it was not sent."""
        value = self._params.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
            return int(value)
        raise illegal_characters(name, DIGITS)

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
        name = self._text("interval")
        if name is None:
            raise mandatory_missing("interval")
        if name not in INTERVALS:
            raise ExchangeError(-1120, "Invalid interval.")
        return INTERVALS[name]

    def time_zone_us(self) -> int:
        """Return the offset of ``timeZone`` in microseconds."""
        value = self._params.get("timeZone")
        if value is None:
            return 0
        offset = parse_time_zone(str(value))
        if offset is None:
            raise invalid_parameter("timeZone")
        return offset

    def is_mini(self) -> bool:
        """Whether ``type`` asks for the short ticker."""
        kind = self._text("type")
        if kind not in (None, "FULL", "MINI"):
            raise ExchangeError(-1139, "Invalid ticker type.")
        return kind == "MINI"

    def window_us(self) -> int:
        """Return ``windowSize`` in microseconds."""
        text = self._text("windowSize")
        if text is None:
            return DAY
        window = parse_window(text)
        if window is None:
            raise invalid_parameter("windowSize")
        return window

    def refuse_together(self, name: str, *others: str) -> None:
        """Refuse when ``name`` was sent along with one of the others."""
        if self._params.get(name) is not None and any(
            self._params.get(other) is not None for other in others
        ):
            raise bad_combination()

    def _text(self, name: str) -> str | None:
        value = self._params.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise mandatory_missing(name)
        return value

    def _known(self, symbol: str) -> str:
        if symbol not in self._statuses:
            raise bad_symbol()
        return symbol

    def _named(self, names: Any, most: int | None) -> list[str]:
        if not isinstance(names, list) or not names:
            raise mandatory_missing("symbols")
        if any(not isinstance(name, str) for name in names):
            raise invalid_parameter("symbols")
        if most is not None and len(names) > most:
            raise ExchangeError(
                -1101, f"Too many parameters; expected '{most}' and received '{len(names)}'."
            )
        if len(set(names)) != len(names):
            raise ExchangeError(-1151, "Symbol is present multiple times in the list.")
        return [self._known(name) for name in names]
