"""Values of wire dicts, read without trust: the exchange leaves them out, nulls them, changes their types."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

__all__ = ["amount", "text", "whole_number"]

_GREATEST_EXPONENT = 100
"""Beyond it arithmetic overflows sooner or later."""


def text(value: object) -> str | None:
    """Return a text; ``None`` for anything else."""
    return value if isinstance(value, str) else None


def whole_number(value: object) -> int | None:
    """Return an id or a timestamp; ``None`` for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount(value: object) -> Decimal | None:
    """Return a decimal that can be reckoned with; ``None`` for anything else."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _GREATEST_EXPONENT else None
