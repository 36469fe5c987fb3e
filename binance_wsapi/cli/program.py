"""``binance-wsapi``: the commands, put together."""

from __future__ import annotations

from collections.abc import Callable

import click

from binance_wsapi._version import __version__
from binance_wsapi.cli import account, calls, doctor, journal, market

__all__ = ["program"]

_PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def program() -> None:
    """Trade on Binance's WebSocket API, and look at it.

    Keys come from BINANCE_API_KEY and BINANCE_API_SECRET. For completion in bash (zsh and fish
    likewise): eval "$(_BINANCE_WSAPI_COMPLETE=bash_source binance-wsapi)"
    """


def _passing_on(main: Callable[[list[str]], int]) -> Callable[[click.Context], None]:
    def run(context: click.Context) -> None:
        context.exit(main(context.args))

    return run


def _demo(arguments: list[str]) -> int:
    from binance_wsapi import demo

    return demo.main(arguments)


def _examples(arguments: list[str]) -> int:
    from binance_wsapi import example_programs

    return example_programs.main(arguments)


def _simulator(arguments: list[str]) -> int:
    from binance_wsapi.simulator.serve import main

    return main(arguments)


def _backtest(arguments: list[str]) -> int:
    from binance_wsapi.simulator.backtest.program import main

    return main(arguments)


for _name, _main, _help in (
    ("demo", _demo, "Trade on the embedded exchange (or the testnet) and show what happens."),
    ("examples", _examples, "List the example programs, or run one."),
    ("simulator", _simulator, "Serve the embedded exchange to any client."),
    ("backtest", _backtest, "Run a bot over tapes of the exchange's public data."),
):
    program.command(_name, help=_help, add_help_option=False, context_settings=_PASSED_ON)(
        click.pass_context(_passing_on(_main))
    )
for _command in (
    *market.COMMANDS,
    *account.COMMANDS,
    *calls.COMMANDS,
    *doctor.COMMANDS,
    *journal.COMMANDS,
):
    program.add_command(_command)
