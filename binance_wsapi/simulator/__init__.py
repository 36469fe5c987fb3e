"""A Binance in one process: real sockets, real signatures, a matching engine, a clock and faults to steer.

``with SimulatedExchange() as exchange:`` starts it; see :class:`SimulatedExchange`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from binance_wsapi.simulator.clock import SimulatedClock
    from binance_wsapi.simulator.exchange import AccountHandle, Key, SimulatedExchange

__all__ = ["AccountHandle", "Key", "SimulatedClock", "SimulatedExchange"]

_HOME = {
    "AccountHandle": "binance_wsapi.simulator.exchange",
    "Key": "binance_wsapi.simulator.exchange",
    "SimulatedClock": "binance_wsapi.simulator.clock",
    "SimulatedExchange": "binance_wsapi.simulator.exchange",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: the package itself costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
