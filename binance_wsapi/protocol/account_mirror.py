"""A mirror of one account: joined from questions and the events around them, and kept by the events after.

Events are whole from a moment on. Whatever an event since then has told of is as the newest of these events
told; of all else nothing has changed since, so that it is as a question shows it, asked so late that no
copy that answers can lag behind that moment. No times are compared, and no answer covers an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.models.account_state import (
    AccountSnapshot,
    AssetBalance,
    OpenPosition,
    OrderFill,
    OrderState,
)
from binance_wsapi.protocol.order_events import FINAL_STATUSES, order_from_event
from binance_wsapi.protocol.own_orders import order_key
from binance_wsapi.protocol.wire_values import amount, text, whole_number

__all__ = ["AccountMirror", "OrderKey"]

OrderKey = tuple[str, int]
"""Symbol and order id."""

MOST_ENDED = 1_000
"""How many orders that have ended are kept in mind."""

ZERO = Decimal(0)

_MEAN = Context(prec=28)
"""Whoever looks may do so on a thread with a context of its own."""

_Row = Mapping[str, Any]


@dataclass(slots=True)
class _Order:
    """What is known of one order."""

    key: OrderKey
    client_order_id: str = ""
    shown: dict[str, Any] = field(default_factory=dict[str, Any])
    """The order in the words of ``order.status``."""
    fills: dict[int, OrderFill] = field(default_factory=dict[int, OrderFill])
    state: OrderState | None = None
    """As it is shown; made when somebody looks."""

    @property
    def status(self) -> str:
        return text(self.shown.get("status")) or "UNKNOWN"

    @property
    def executed(self) -> Decimal:
        return amount(self.shown.get("executedQty")) or ZERO

    def show(self, row: _Row) -> None:
        """Take over how it stands; a cancel's id does not cover its own."""
        shown_id = text(row.get("clientOrderId")) or ""
        is_cancelled = text(row.get("status")) == "CANCELED"
        if shown_id and not (is_cancelled and self.client_order_id):
            self.client_order_id = shown_id
        self.shown |= row
        self.state = None


class AccountMirror:
    """The open orders, balances and positions of one account.

    Args:
        market: Which market it is of.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._open: dict[OrderKey, _Order] = {}
        self._ended: dict[OrderKey, _Order] = {}
        self._by_client_id: dict[str, OrderKey] = {}
        self._balances: dict[str, AssetBalance] = {}
        self._positions: dict[tuple[str, str], OpenPosition] = {}
        self._told: set[object] = set()
        """What events have told of since they are whole: order keys, assets, positions."""

    # What is seen

    def snapshot(self) -> AccountSnapshot:
        """Return all of it at this moment."""
        return AccountSnapshot(
            open_orders=tuple(_state(order) for order in self._open.values()),
            balances={
                asset: balance
                for asset, balance in self._balances.items()
                if balance.total or balance.locked
            },
            positions=tuple(each for each in self._positions.values() if each.amount),
        )

    def order(self, key: OrderKey) -> OrderState | None:
        """Return an order that is open, or ended not long ago; ``None`` when it is not known."""
        order = self._open.get(key) or self._ended.get(key)
        return None if order is None else _state(order)

    def key_of(self, client_order_id: str) -> OrderKey | None:
        """Return the newest order that goes, or went, by a client order id."""
        return self._by_client_id.get(client_order_id)

    # Events

    def events_are_whole(self) -> None:
        """From now on no event is missing."""
        self._told.clear()

    def on_event(self, event: _Row) -> bool:
        """Take in an event; return whether it is about what is mirrored."""
        match event.get("e"):
            case "executionReport" | "ORDER_TRADE_UPDATE":
                return self._on_order_event(event)
            case "outboundAccountPosition":
                for row in _rows(event.get("B")):
                    self._tell_balance(text(row.get("a")), free=row.get("f"), locked=row.get("l"))
                return True
            case "ACCOUNT_UPDATE":
                body: Any = event.get("a")
                account: _Row = body if isinstance(body, dict) else {}
                for row in _rows(account.get("B")):
                    asset = text(row.get("a"))
                    self._tell_balance(
                        asset, wallet_balance=row.get("wb"), cross_wallet_balance=row.get("cw")
                    )
                for row in _rows(account.get("P")):
                    self._tell_position(row.get("s"), row.get("ps"), row.get("pa"), row.get("ep"))
                return True
        return False

    def _on_order_event(self, event: _Row) -> bool:
        row = order_from_event(dict(event))
        key = None if row is None else order_key(row)
        if row is None or key is None:
            return False
        body: _Row = event["o"] if event["e"] == "ORDER_TRADE_UPDATE" else event
        self._told.add(key)
        order = self._known(key)
        if (fill := _fill_of(body)) is not None:
            order.fills[fill.trade_id] = fill
            order.state = None
        # One that was told late must not bring back what a question has shown since.
        is_late = key in self._ended or (amount(row.get("executedQty")) or ZERO) < order.executed
        if not is_late:
            before = text(body.get("C"))
            if before and not order.client_order_id:
                order.client_order_id = before
            order.show(row)
        self._place(order)
        for client_id in (text(body.get("C")), text(body.get("c")), order.client_order_id):
            self._name(client_id, key)
        return True

    # Answers

    def on_open_orders(self, rows: Iterable[_Row]) -> list[OrderKey]:
        """Take in which orders are open.

        Returns:
            The orders that were open, are not any more, and no event told the end of: ask for each.
        """
        shown: set[OrderKey] = set()
        for row in rows:
            key = order_key(row)
            if key is None:
                continue
            shown.add(key)
            if key not in self._told and key not in self._ended:
                self._show(key, row)
        return [key for key in self._open if key not in shown and key not in self._told]

    def on_order(self, key: OrderKey, row: _Row | None, *, is_last: bool) -> bool:
        """Take in an order that is not among the open ones.

        Args:
            key: The order.
            row: How it stands; ``None`` when the exchange does not know it.
            is_last: Nobody asks again: what the exchange does not tell now stays unknown.

        Returns:
            Whether it is known what became of it.
        """
        if key in self._told or key not in self._open:
            return True
        if row is not None and text(row.get("status")) in FINAL_STATUSES:
            self._show(key, row)
            return True
        if is_last:
            self._show(key, {"status": "UNKNOWN"})
            self._end(self._open[key])
        return is_last

    def on_account(self, account: _Row) -> None:
        """Take in balances and positions."""
        shown: set[str] = set()
        for row in [*_rows(account.get("balances")), *_rows(account.get("assets"))]:
            asset = text(row.get("asset"))
            if asset is None:
                continue
            shown.add(asset)
            if asset not in self._told:
                self._set_balance(
                    asset,
                    free=row.get("free"),
                    locked=row.get("locked"),
                    wallet_balance=row.get("walletBalance"),
                    cross_wallet_balance=row.get("crossWalletBalance"),
                )
        for asset in [each for each in self._balances if each not in shown | self._told]:
            del self._balances[asset]
        positions: set[object] = set()
        for row in _rows(account.get("positions")):
            key = text(row.get("symbol")) or "", text(row.get("positionSide")) or "BOTH"
            positions.add(key)
            if key not in self._told:
                self._set_position(key, row.get("positionAmt"), row.get("entryPrice"))
        for key in [each for each in self._positions if each not in positions | self._told]:
            del self._positions[key]

    def orders_without_fills(self) -> list[OrderKey]:
        """Return the orders of which not all fills are known."""
        return [
            key
            for key, order in [*self._open.items(), *self._ended.items()]
            if order.status != "UNKNOWN" and not _state(order).has_all_fills
        ]

    def on_fills(self, key: OrderKey, rows: Iterable[_Row]) -> None:
        """Take in the fills of an order."""
        order = self._open.get(key) or self._ended.get(key)
        if order is None:
            return
        for row in rows:
            fill = _fill_of_row(row)
            if fill is not None:
                order.fills.setdefault(fill.trade_id, fill)
        order.state = None

    # What is kept

    def _known(self, key: OrderKey) -> _Order:
        return self._open.get(key) or self._ended.get(key) or _Order(key)

    def _show(self, key: OrderKey, row: _Row) -> None:
        order = self._known(key)
        order.show(row)
        self._place(order)
        self._name(order.client_order_id, key)

    def _place(self, order: _Order) -> None:
        if order.status in FINAL_STATUSES:
            self._end(order)
        elif order.key not in self._ended:
            self._open.setdefault(order.key, order)

    def _end(self, order: _Order) -> None:
        self._open.pop(order.key, None)
        order.state = None
        self._ended[order.key] = order
        if len(self._ended) > MOST_ENDED:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            for name in [name for name, key in self._by_client_id.items() if key == oldest]:
                del self._by_client_id[name]

    def _name(self, client_order_id: str | None, key: OrderKey) -> None:
        if client_order_id and self._by_client_id.get(client_order_id, key)[1] <= key[1]:
            self._by_client_id[client_order_id] = key

    def _tell_balance(self, asset: str | None, **amounts: Any) -> None:
        if asset is not None:
            self._told.add(asset)
            self._set_balance(asset, **amounts)

    def _set_balance(self, asset: str, **amounts: Any) -> None:
        self._balances[asset] = AssetBalance(
            asset=asset, **{name: amount(value) for name, value in amounts.items()}
        )

    def _tell_position(self, symbol: Any, side: Any, held: Any, entry_price: Any) -> None:
        key = text(symbol) or "", text(side) or "BOTH"
        self._told.add(key)
        self._set_position(key, held, entry_price)

    def _set_position(self, key: tuple[str, str], held: Any, entry_price: Any) -> None:
        self._positions[key] = OpenPosition(
            symbol=key[0],
            position_side=key[1],
            amount=amount(held) or ZERO,
            entry_price=amount(entry_price),
        )


def _rows(value: Any) -> list[_Row]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _state(order: _Order) -> OrderState:
    if order.state is None:
        order.state = _made(order)
    return order.state


def _made(order: _Order) -> OrderState:
    shown, executed = order.shown, order.executed
    average = amount(shown.get("avgPrice"))
    quote = amount(shown.get("cummulativeQuoteQty"))
    if quote is not None and executed:
        average = _MEAN.divide(quote, executed)
    return OrderState(
        symbol=order.key[0],
        order_id=order.key[1],
        client_order_id=order.client_order_id,
        side=text(shown.get("side")) or "",
        type=text(shown.get("type")) or "",
        status=order.status,
        price=amount(shown.get("price")) or ZERO,
        quantity=amount(shown.get("origQty")) or ZERO,
        executed_quantity=executed,
        average_price=(average or None) if executed else None,
        is_done=order.status in FINAL_STATUSES or order.status == "UNKNOWN",
        stop_price=amount(shown.get("stopPrice")),
        time_in_force=text(shown.get("timeInForce")),
        position_side=text(shown.get("positionSide")),
        time=whole_number(shown.get("time")),
        update_time=whole_number(shown.get("updateTime")),
        fills=tuple(order.fills[number] for number in sorted(order.fills)),
    )


def _fill_of(body: _Row) -> OrderFill | None:
    """Return the fill that an order's event tells; ``None`` when it tells of none."""
    trade_id, price, quantity = (
        whole_number(body.get("t")),
        amount(body.get("L")),
        amount(body.get("l")),
    )
    if body.get("x") != "TRADE" or trade_id is None or price is None or not quantity:
        return None
    maker = body.get("m")
    return OrderFill(
        trade_id=trade_id,
        price=price,
        quantity=quantity,
        commission=amount(body.get("n")),
        commission_asset=text(body.get("N")),
        is_maker=maker if isinstance(maker, bool) else None,
        time=whole_number(body.get("T")),
    )


def _fill_of_row(row: _Row) -> OrderFill | None:
    trade_id, price, quantity = (
        whole_number(row.get("id")),
        amount(row.get("price")),
        amount(row.get("qty")),
    )
    if trade_id is None or price is None or not quantity:
        return None
    maker = row.get("isMaker", row.get("maker"))  # Spot's word, and that of futures
    return OrderFill(
        trade_id=trade_id,
        price=price,
        quantity=quantity,
        commission=amount(row.get("commission")),
        commission_asset=text(row.get("commissionAsset")),
        is_maker=maker if isinstance(maker, bool) else None,
        time=whole_number(row.get("time")),
    )
