"""What an order journal holds, and out with what is old."""

from __future__ import annotations

import time

import click

from binance_wsapi.cli.desk import Desk
from binance_wsapi.core.write_ahead import JournalFailed
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.journal.entries import shown
from binance_wsapi.journal.opening import prune_journal, read_journal
from binance_wsapi.journal.pruning import DAY_US

__all__ = ["COMMANDS"]

_FILE = click.argument("file")


@click.group()
def journal() -> None:
    """Look into the file or database of the option journal=, and delete what is old."""


@journal.command()
@_FILE
@click.option("--open", "open_only", is_flag=True, help="Only what nobody knows the outcome of.")
@click.option("--json", "as_json", is_flag=True, help="Entries as JSON, a line each.")
def show(file: str, *, open_only: bool, as_json: bool) -> None:
    """Show the entries, oldest first; its client may be at work."""
    try:
        entries = shown(*read_journal(file), open_only=open_only)
    except (ConfigurationError, JournalFailed) as error:
        raise click.ClickException(f"the journal cannot be read: {error}") from None
    desk = Desk(as_json=as_json)
    if as_json:
        for entry in entries:
            desk.show_json(entry)
        return
    columns = ["entry", "sent at", "connection", "operation", "client order id", "state", "problem"]
    desk.show(
        entries,
        columns,
        [
            [
                f"{one.run}.{one.number}",
                _moment(one.sent_at),
                one.ws_key,
                one.operation,
                one.client_order_id,
                one.state,
                one.problem,
            ]
            for one in entries
        ],
    )


@journal.command("prune")
@_FILE
@click.option(
    "--days", type=click.FloatRange(min=0), default=30.0, show_default=True, help="How old."
)
def prune_old(file: str, *, days: float) -> None:
    """Delete settled entries that are so many days old; what is open stays."""
    try:
        count = prune_journal(file, time.time_ns() // 1000 - round(days * DAY_US))
    except (ConfigurationError, JournalFailed) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} deleted")


def _moment(at_us: int) -> str:
    seconds, us = divmod(at_us, 1_000_000)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{us:06d}Z"


COMMANDS = (journal,)
