"""How tests run an example: as a program of its own, or in this process to look into it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from binance_wsapi.simulator import SimulatedExchange
from binance_wsapi.simulator.exchange import AccountHandle

EXAMPLES = Path(__file__).parents[2] / "examples"


def begun(folder: Path, name: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Begin an example in a folder; nothing but what is given leads it anywhere."""
    kept = {each: value for each, value in os.environ.items() if not each.startswith("BINANCE_")}
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(EXAMPLES.parent), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def printed(program: subprocess.Popen[str], status: int = 0) -> str:
    """Wait for the end of a program, and return what it printed since."""
    try:
        text, _ = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == status, text
    return text


def leading_to(exchange: SimulatedExchange, account: AccountHandle) -> dict[str, str]:
    """Return the environment that leads a program to an account of an exchange."""
    key = account.create_key("hmac")
    return {
        "BINANCE_WSAPI_ENV": "simulator",
        "BINANCE_WSAPI_SIMULATOR": exchange.rest_url.replace("http", "ws"),
        "BINANCE_API_KEY": key.api_key,
        "BINANCE_API_SECRET": key.api_secret,
    }


def example(name: str) -> ModuleType:
    """Return an example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module
