"""Any operation by its name, at a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from binance_wsapi import Client
from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.operation import Kind, Operation, Param
from binance_wsapi.cli.desk import Desk, command
from binance_wsapi.markets import Market

__all__ = ["COMMANDS"]

_NUMBERS = {Kind.INT}
_LISTS = {Kind.STRING_LIST, Kind.ENUM_LIST}
_SWITCHES = {Kind.BOOLEAN, Kind.BOOLEAN_TEXT}


@click.command(short_help="Call any operation: call get_order_book symbol=BTCUSDT.")
@click.argument("method")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--yes", is_flag=True, help="Do not ask before something is changed.")
@command()
def call(
    desk: Desk, client: Client, *, method: str, parameters: tuple[str, ...], yes: bool
) -> None:
    """Call METHOD with its parameters and print the result as JSON.

    METHOD is a name of this library or of the exchange, such as get_order_book or depth;
    usdm.get_order_book for another market than Spot. A list is written as A,B.
    """
    operation = _find(method)
    given = dict(_parameter(operation, each) for each in parameters)
    if operation.mutates:
        shown = " ".join(parameters)
        desk.confirm(f"{operation.name} {shown} on {client!r}", yes=yes)
    namespace = getattr(client, operation.market.value)
    answer = getattr(namespace, operation.name)(**given).result
    if desk.as_json or not desk.console.is_terminal:
        desk.show_json(answer)
    else:
        desk.console.print(answer)


def _find(method: str) -> Operation:
    given, _, name = method.partition(".")
    markets = {each.value: each for each in Market}
    if given not in markets:  # wire names have dots, too
        given, name = Market.SPOT.value, method
    for operation in operations(markets[given]):
        if name in (operation.name, operation.method):
            return operation
    raise click.UsageError(f"{method!r} is no operation of {given}: see the reference")


def _parameter(operation: Operation, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is no parameter: write NAME=VALUE")
    for param in operation.params:
        if name in (param.name, param.wire):
            return param.name, _value(param, value)
    return name, value  # the library says which names there are


def _value(param: Param, text: str) -> Any:
    if param.kind in _SWITCHES and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if param.kind in _NUMBERS and text.lstrip("-").isdecimal():
        return int(text)
    if param.kind in _LISTS:
        return json.loads(text) if text.startswith("[") else text.split(",")
    return text


COMMANDS = (call,)
