"""``python -m binance_wsapi``, or ``binance-wsapi``: the demo, the examples, the embedded exchange, and all commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from binance_wsapi._version import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the process's exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from binance_wsapi.cli.program import program
    except ModuleNotFoundError as missing:
        if missing.name not in {"click", "rich"}:
            raise
        return _without_cli(given)
    return _status(program, given)


def _status(program: Any, given: list[str]) -> int:
    try:
        program.main(given, prog_name="binance-wsapi")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _without_cli(given: list[str]) -> int:
    """Do what needs none of the packages of the extra ``cli``."""
    name = given[0] if given else "--help"
    if name == "demo":
        from binance_wsapi import demo

        return demo.main(given[1:])
    if name == "examples":
        from binance_wsapi import example_programs

        return example_programs.main(given[1:])
    if name == "simulator":
        from binance_wsapi.simulator.serve import main as serve

        return serve(given[1:])
    if name == "backtest":
        from binance_wsapi.simulator.backtest.program import main as backtest

        return backtest(given[1:])
    if name == "--version":
        print(__version__)
        return 0
    print(
        "usage: binance-wsapi demo|examples|simulator|backtest|--version\n"
        "All other commands need the extra 'cli': pip install 'binance-wsapi[cli]'",
        file=sys.stderr,
    )
    return 0 if name in {"-h", "--help"} else 2


if __name__ == "__main__":
    sys.exit(main())
