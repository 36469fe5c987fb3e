"""What all commands share: where they talk to, the key, and how answers are shown."""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from binance_wsapi import BinanceWsApiError, Client
from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["Desk", "Failed", "Shown", "command"]

KEY, SECRET = "BINANCE_API_KEY", "BINANCE_API_SECRET"
Shown = Sequence[object]
F = TypeVar("F", bound=Callable[..., Any])


class Failed(click.ClickException):
    """What ends a command, in the library's own words."""

    def __init__(self, error: BinanceWsApiError) -> None:
        super().__init__(f"{type(error).__name__}: {error}")


class Desk:
    """One command at work.

    Args:
        as_json: Answers as JSON, a line each.
        timeout: Seconds a call may take.
    """

    def __init__(self, *, as_json: bool = False, timeout: float = 10.0) -> None:
        self.as_json = as_json
        self.console = Console()
        self._timeout = timeout

    def client(self, *, needs_key: bool = False) -> Client:
        """Return a client of the chosen exchange; with the environment's key, where it has one."""
        options: dict[str, Any] = {
            "timeout": self._timeout,
            "connect_timeout": self._timeout,
            "mute_latency_warning": True,
            "attach_event_listeners": False,
        }
        if missing := [name for name in (KEY, SECRET) if not os.environ.get(name)]:
            if needs_key:
                raise click.ClickException(
                    f"this needs a key: set {' and '.join(missing)} in the environment"
                )
            return Client(**options)
        return Client.from_env(**options)

    def show(self, answer: Any, columns: Sequence[str], rows: Iterable[Shown]) -> None:
        """Show an answer: as JSON, as a table on a terminal, else as lines with tabs."""
        if self.as_json:
            self.show_json(answer)
        elif self.console.is_terminal:
            self.console.print(table(columns, rows))
        else:
            self._show_lines(columns, rows)

    def show_json(self, answer: Any) -> None:
        """Print an answer as one line of JSON."""
        click.echo(json.dumps(_plain(answer)))

    def show_line(self, answer: Any, row: Shown) -> None:
        """Show one of many answers that come one after the other."""
        if self.as_json:
            self.show_json(answer)
        else:
            click.echo("\t".join(map(text, row)))

    def live(self) -> AbstractContextManager[Live] | None:
        """Return what a table that changes is shown in; ``None`` where nobody watches."""
        if self.as_json or not self.console.is_terminal:
            return None
        return Live(console=self.console, auto_refresh=False)

    def confirm(self, what: str, *, yes: bool) -> None:
        """Ask before something is sent that changes something; ``--yes`` answers."""
        if not yes:
            click.confirm(f"{what}?", abort=True, err=True)

    def _show_lines(self, columns: Sequence[str], rows: Iterable[Shown]) -> None:
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(map(text, row)))


def command(*, needs_key: bool = False) -> Callable[[F], Callable[..., None]]:
    """Give a command the options that all have, and call it with its desk and a client."""

    def decorate(act: F) -> Callable[..., None]:
        @click.option("--testnet", is_flag=True, help="Talk to the testnet: --env testnet.")
        @click.option(
            "--env",
            "where",
            type=click.Choice(["production", "testnet", "demo", "simulator"]),
            help=f"Which exchange; without it {ENVIRONMENT_VARIABLE} decides, else production.",
        )
        @click.option("--json", "as_json", is_flag=True, help="Answers as JSON, a line each.")
        @click.option("--timeout", default=10.0, show_default=True, help="Seconds a call may take.")
        @functools.wraps(act)
        def run(
            *, testnet: bool, where: str | None, as_json: bool, timeout: float, **given: Any
        ) -> None:
            # A command says itself what went wrong, and doctor where it talks to.
            logging.getLogger("binance_wsapi").setLevel(logging.ERROR)
            logging.getLogger("binance_wsapi.outcomes").setLevel(logging.WARNING)
            _choose("testnet" if testnet else where)
            desk = Desk(as_json=as_json, timeout=timeout)
            try:
                with desk.client(needs_key=needs_key) as client:
                    act(desk, client, **given)
            except BinanceWsApiError as error:
                raise Failed(error) from None
            except KeyboardInterrupt as interrupt:
                # What became of an order that was given up: nobody else would show it.
                for note in getattr(interrupt, "__notes__", ()):
                    click.echo(note, err=True)
                raise

        return run

    return decorate


def _choose(where: str | None) -> None:
    """Let an option of the command win over the environment: for this process alone."""
    if where == "production":
        os.environ.pop(ENVIRONMENT_VARIABLE, None)
    elif where is not None:
        os.environ[ENVIRONMENT_VARIABLE] = where


def table(columns: Sequence[str], rows: Iterable[Shown]) -> Table:
    """Return rows as a table; numbers to the right."""
    made = Table()
    listed = [list(row) for row in rows]
    for index, name in enumerate(columns):
        is_number = bool(listed) and isinstance(listed[0][index], (int, float, Decimal))
        made.add_column(name, justify="right" if is_number else "left")
    for row in listed:
        made.add_row(*map(text, row))
    return made


def text(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _plain(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {str(key): _plain(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_plain(each) for each in answer]
    if isinstance(answer, Decimal):
        return text(answer)
    return answer.to_dict(numbers="str") if hasattr(answer, "to_dict") else answer
