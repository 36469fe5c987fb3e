"""One's own account at a terminal: orders, balances, events."""

from __future__ import annotations

import itertools
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from binance_wsapi import Client
from binance_wsapi.cli.desk import Desk, command
from binance_wsapi.endpoints import WsKey

__all__ = ["COMMANDS"]

MARKETS = click.Choice(["spot", "usdm", "coinm"])
USER_DATA = {
    "spot": WsKey.MAIN_WSAPI,
    "usdm": WsKey.USDM_WSAPI,
    "coinm": WsKey.COINM_WSAPI,
    "margin": WsKey.MARGIN_USER_DATA,
}


def amount(text: str) -> Decimal:
    """A decimal number, kept exact."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no number") from None
    if not number.is_finite():
        raise click.BadParameter(f"{text!r} is no number")
    return number


@click.group()
def order() -> None:
    """Place, cancel and list orders."""


@order.command()
@click.argument("symbol")
@click.argument("side", type=click.Choice(["BUY", "SELL"], case_sensitive=False))
@click.argument("quantity", type=amount)
@click.option("--price", type=amount, help="A LIMIT order, good till cancelled; else MARKET.")
@click.option("--id", "client_order_id", help="Your own id for it.")
@click.option("--market", type=MARKETS, default="spot", show_default=True)
@click.option("--test", "is_test", is_flag=True, help="Check it without sending it (Spot).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@command(needs_key=True)
def place(
    desk: Desk,
    client: Client,
    *,
    symbol: str,
    side: str,
    quantity: Decimal,
    price: Decimal | None,
    client_order_id: str | None,
    market: str,
    is_test: bool,
    yes: bool,
) -> None:
    """Place an order: SYMBOL, BUY or SELL, QUANTITY."""
    terms: dict[str, Any] = {"symbol": symbol, "side": side, "quantity": quantity}
    terms |= {"type": "MARKET"} if price is None else _limit(price)
    if client_order_id is not None:
        terms["new_client_order_id"] = client_order_id
    if is_test:
        if market != "spot":
            raise click.UsageError("--test is for Spot: futures have no test orders on this API")
        client.spot.test_order(**terms)
        desk.show_line({"accepted": True}, ["the exchange would take it"])
        return
    at = "at market" if price is None else f"at {price:f}"
    desk.confirm(f"{side} {quantity:f} {symbol} {at} on {client!r}", yes=yes)
    result = _namespace(client, market).submit_new_order(**terms).result
    desk.show(result, _ORDER, [_order_row(result)])


@order.command()
@click.argument("symbol")
@click.argument("order_id", type=int, required=False)
@click.option("--id", "client_order_id", help="By your own id.")
@click.option("--all", "is_all", is_flag=True, help="All open orders of the symbol (Spot).")
@click.option("--market", type=MARKETS, default="spot", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@command(needs_key=True)
def cancel(
    desk: Desk,
    client: Client,
    *,
    symbol: str,
    order_id: int | None,
    client_order_id: str | None,
    is_all: bool,
    market: str,
    yes: bool,
) -> None:
    """Cancel the order ORDER_ID of SYMBOL."""
    named = [order_id is not None, client_order_id is not None, is_all]
    if sum(named) != 1:
        raise click.UsageError("give one of ORDER_ID, --id and --all")
    if is_all:
        if market != "spot":
            raise click.UsageError("--all is for Spot: this API cancels futures one by one")
        desk.confirm(f"cancel all open orders of {symbol} on {client!r}", yes=yes)
        cancelled: list[Any] = list(client.spot.cancel_all_open_orders(symbol=symbol).result)
    else:
        desk.confirm(f"cancel {order_id or client_order_id} of {symbol} on {client!r}", yes=yes)
        reference: dict[str, Any] = {"order_id": order_id}
        if client_order_id is not None:
            reference = {"orig_client_order_id": client_order_id}
        cancelled = [_namespace(client, market).cancel_order(symbol=symbol, **reference).result]
    flat = [leg for one in cancelled for leg in getattr(one, "order_reports", [one])]
    desk.show(cancelled, _ORDER, map(_order_row, flat))


@order.command("list")
@click.argument("symbol", required=False)
@command(needs_key=True)
def list_orders(desk: Desk, client: Client, symbol: str | None) -> None:
    """List the open Spot orders, of SYMBOL or of all."""
    result = client.spot.get_open_orders(symbol=symbol).result
    desk.show(result, _ORDER, map(_order_row, result))


@click.command()
@click.option("--market", type=MARKETS, default="spot", show_default=True)
@command(needs_key=True)
def balances(desk: Desk, client: Client, market: str) -> None:
    """Show what the account has."""
    if market == "spot":
        result: Any = client.spot.get_account_information(omit_zero_balances=True).result.balances
        rows = [[each.asset, each.free, each.locked] for each in result]
        desk.show(result, ["asset", "free", "locked"], rows)
        return
    result = _namespace(client, market).get_account_balance().result
    rows = [[each.asset, each.balance, each.available_balance] for each in result]
    desk.show(result, ["asset", "balance", "available"], rows)


@click.group()
def tail() -> None:
    """Print events as they come."""


@tail.command("user-data")
@click.option("--market", type=click.Choice(list(USER_DATA)), default="spot", show_default=True)
@click.option("--count", type=int, help="End after so many; without it, at Ctrl-C.")
@command(needs_key=True)
def user_data(desk: Desk, client: Client, market: str, count: int | None) -> None:
    """Print the events of the account."""
    with client.subscribe_user_data_stream(USER_DATA[market]) as stream:
        click.echo("subscribed", err=True)
        for event in stream if count is None else itertools.islice(stream, count):
            desk.show_line(event, [repr(event)])


def _limit(price: Decimal) -> dict[str, Any]:
    return {"type": "LIMIT", "time_in_force": "GTC", "price": price}


def _namespace(client: Client, market: str) -> Any:
    return getattr(client, market)


_ORDER = ["order id", "symbol", "side", "type", "status", "executed", "quantity", "price"]


def _order_row(result: Any) -> list[object]:
    names = ("order_id", "symbol", "side", "type", "status")
    shown = [getattr(result, name, None) for name in names]
    executed = getattr(result, "executed_quantity", None)
    quantity = getattr(result, "quantity", getattr(result, "original_quantity", None))
    return [*shown, executed, quantity, getattr(result, "price", None)]


COMMANDS = (order, balances, tail)
