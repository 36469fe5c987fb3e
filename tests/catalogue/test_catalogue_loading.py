"""A market's entries are loaded when they are first asked for, and no other's with them."""

from __future__ import annotations

import subprocess
import sys


def test_one_market_does_not_load_the_others() -> None:
    script = (
        "import sys, types, pathlib, importlib.util\n"
        # The package's own module imports the clients: stand in for it, to see the catalogue alone.
        "spec = importlib.util.find_spec('binance_wsapi')\n"
        "package = types.ModuleType('binance_wsapi')\n"
        "package.__path__ = list(spec.submodule_search_locations)\n"
        "sys.modules['binance_wsapi'] = package\n"
        "from binance_wsapi.catalogue import operations\n"
        "from binance_wsapi.catalogue.operation import Market\n"
        "operations(Market.SPOT)\n"
        "print(*(name for name in sys.modules if name.startswith('binance_wsapi')))\n"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "binance_wsapi.catalogue.spot" in loaded
    assert not [name for name in loaded if "usdm" in name or "coinm" in name or "futures" in name]
    assert "binance_wsapi.models.filters" not in loaded
