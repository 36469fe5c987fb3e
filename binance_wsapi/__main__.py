"""``python -m binance_wsapi``: the demo, and the embedded exchange as a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from binance_wsapi._version import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the process's exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="binance-wsapi", description=(__doc__ or "").replace("`", "")
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "demo",
        help="trade on the embedded exchange (or the testnet) and show what happens",
        add_help=False,
    )
    commands.add_parser(
        "simulator", help="serve the embedded exchange to any client", add_help=False
    )
    command = parser.parse_args(given[:1]).command
    if command == "demo":
        from binance_wsapi import demo

        return demo.main(given[1:])
    from binance_wsapi.simulator.serve import main as serve

    return serve(given[1:])


if __name__ == "__main__":
    sys.exit(main())
