"""How a pytest run of its own gets the library's plugin, whether the library is installed or not."""

from __future__ import annotations

from importlib.metadata import entry_points

__all__ = ["plugin_arguments"]

PLUGIN = "binance_wsapi.simulator.pytest_plugin"


def plugin_arguments() -> list[str]:
    """Return the arguments that load the plugin: none where pytest finds it by itself."""
    is_found = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
    return [] if is_found else ["-p", PLUGIN]
