"""What a request weighs by the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from binance_wsapi.catalogue.operation import Operation, WeightStep

__all__ = ["weight_of"]


def weight_of(operation: Operation, params: Mapping[str, Any]) -> int:
    """Return the documented weight of a request that fails (success may cost less).

    Args:
        operation: The operation.
        params: Its parameters by wire name.
    """
    for step in operation.weight.steps:
        weight = _weight_by(step, params)
        if weight is not None:
            return weight
    return max(step.weight for step in operation.weight.steps)


def _weight_by(step: WeightStep, params: Mapping[str, Any]) -> int | None:
    """Return the weight by one step; ``None`` when its condition does not hold."""
    if step.param is None:
        return step.weight
    value = params.get(step.param)
    if value is None:
        return None
    size = _size(value)
    if step.low is not None and size < step.low:
        return None
    if step.high is not None and size > step.high:
        return None
    if not step.per_item:
        return step.weight
    return step.weight * size if step.cap is None else min(step.weight * size, step.cap)


def _size(value: object) -> int:
    """Return the number of items of a list, the value of a number, 1 or 0 for true and false."""
    if isinstance(value, (list, tuple)):
        return len(value)
    if isinstance(value, (int, float)):
        return int(value)
    text = str(value)
    return int(text) if text.isdecimal() else int(text == "true")
