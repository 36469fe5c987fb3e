"""A Binance in one process: real sockets, real signatures, a matching engine, a clock and faults to steer.

``with SimulatedExchange() as exchange:`` starts it; see :class:`SimulatedExchange`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from binance_wsapi.simulator.clock import SimulatedClock
    from binance_wsapi.simulator.doors.request_limits import LimitRules, Window
    from binance_wsapi.simulator.errors import ExchangeError
    from binance_wsapi.simulator.exchange import AccountHandle, SimulatedExchange
    from binance_wsapi.simulator.faults.fault_handle import FaultHandle
    from binance_wsapi.simulator.key_making import Key
    from binance_wsapi.simulator.practising import practice
    from binance_wsapi.simulator.spot.symbols import SymbolSpec
    from binance_wsapi.simulator.window import ExchangeWindow

__all__ = [
    "AccountHandle",
    "ExchangeError",
    "ExchangeWindow",
    "FaultHandle",
    "Key",
    "LimitRules",
    "ReplayedTrade",
    "SimulatedClock",
    "SimulatedExchange",
    "SymbolSpec",
    "Window",
    "practice",
]

_HOME = {
    "AccountHandle": "exchange",
    "ExchangeError": "errors",
    "ExchangeWindow": "window",
    "FaultHandle": "faults.fault_handle",
    "Key": "key_making",
    "LimitRules": "doors.request_limits",
    "ReplayedTrade": "replay",
    "SimulatedClock": "clock",
    "SimulatedExchange": "exchange",
    "SymbolSpec": "spot.symbols",
    "Window": "doors.request_limits",
    "practice": "practising",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: the package itself costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
