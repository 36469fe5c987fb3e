"""Refusals of the embedded exchange, with the codes and texts of the real one.

Engines raise :class:`ExchangeError`; the gateway writes it into the answer. The constructors below are
those that more than one part needs; a refusal with one place stands at that place.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = [
    "ExchangeError",
    "amend_rejected",
    "bad_combination",
    "bad_symbol",
    "cancel_rejected",
    "either_missing",
    "filter_failure",
    "illegal_characters",
    "invalid_parameter",
    "mandatory_missing",
    "no_such_order",
    "not_required",
    "not_simulated",
    "note_not_simulated",
    "order_rejected",
    "too_many_orders",
    "too_much_precision",
    "unsupported",
]


_logger = logging.getLogger("binance_wsapi.simulator")


class ExchangeError(Exception):
    """The exchange says no to a request.

    Args:
        code: The exchange's error code, negative.
        message: Text of the ``msg`` field.
        status: Status of the answer; most refusals are 400.
        data: The ``data`` object of the error, where it has one.
    """

    def __init__(
        self, code: int, message: str, status: int = 400, data: dict[str, Any] | None = None
    ) -> None:
        super().__init__(code, message, status, data)
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def payload(self) -> dict[str, Any]:
        """Return the ``error`` object as the wire has it."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def unsupported(method: str) -> ExchangeError:
    """-1020: the embedded exchange does not serve this operation."""
    return ExchangeError(-1020, f"The embedded exchange does not support '{method}'.")


def note_not_simulated(what: str) -> None:
    """Say in the log that the real exchange does this, and the embedded one does not."""
    _logger.warning("not simulated: %s", what)


def not_simulated(what: str, status: int = 400) -> ExchangeError:
    """-1020: the real exchange does this, the embedded one does not; a line in the log says so."""
    note_not_simulated(what)
    return ExchangeError(-1020, f"The embedded exchange does not serve {what}.", status)


def mandatory_missing(parameter: str) -> ExchangeError:
    """-1102: a mandatory parameter is missing, empty or malformed."""
    return ExchangeError(
        -1102,
        f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.",
    )


def either_missing(first: str, second: str) -> ExchangeError:
    """-1102: neither of two parameters was sent."""
    return ExchangeError(
        -1102,
        f"Param '{first}' or '{second}' must be sent, but both were empty/null!",
    )


def illegal_characters(parameter: str, pattern: str) -> ExchangeError:
    """-1100: the parameter's text is outside the legal pattern."""
    return ExchangeError(
        -1100,
        f"Illegal characters found in parameter '{parameter}'; legal range is '{pattern}'.",
    )


def not_required(parameter: str) -> ExchangeError:
    """-1106: a parameter was sent where it does not belong."""
    return ExchangeError(-1106, f"Parameter '{parameter}' sent when not required.")


def too_much_precision(parameter: str) -> ExchangeError:
    """-1111: more decimals than the asset or symbol has."""
    return ExchangeError(-1111, f"Parameter '{parameter}' has too much precision.")


def bad_symbol() -> ExchangeError:
    """-1121: no such symbol."""
    return ExchangeError(-1121, "Invalid symbol.")


def bad_combination(detail: str = "") -> ExchangeError:
    """-1128: optional parameters that do not go together."""
    text = "Combination of optional parameters invalid."
    return ExchangeError(-1128, f"{text} {detail}" if detail else text)


def invalid_parameter(parameter: str) -> ExchangeError:
    """-1130: a value the parameter does not take."""
    return ExchangeError(-1130, f"Data sent for parameter '{parameter}' is not valid.")


def filter_failure(name: str, code: int = -1013) -> ExchangeError:
    """-1013 (amendments: -2038): a filter of the symbol, the exchange or the account."""
    return ExchangeError(code, f"Filter failure: {name}")


def order_rejected(message: str) -> ExchangeError:
    """-2010: the matching engine refuses the new order."""
    return ExchangeError(-2010, message)


def cancel_rejected(message: str = "Unknown order sent.") -> ExchangeError:
    """-2011: the matching engine refuses the cancellation."""
    return ExchangeError(-2011, message)


def amend_rejected(message: str) -> ExchangeError:
    """-2038: the matching engine refuses the amendment."""
    return ExchangeError(-2038, message)


def no_such_order() -> ExchangeError:
    """-2013: a query for an order that does not exist."""
    return ExchangeError(-2013, "Order does not exist.")


def too_many_orders(
    detail: str = "Too many new orders.", data: dict[str, Any] | None = None
) -> ExchangeError:
    """-1015: the account's unfilled order count is used up."""
    return ExchangeError(-1015, detail, 429, data)
