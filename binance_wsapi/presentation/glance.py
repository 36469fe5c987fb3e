"""Models at a glance: a line of text that fits a log, and a table that fits a notebook.

What matters comes first, what is not set stays out, decimals and times are written as people write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from html import escape
from typing import Any

import msgspec

from binance_wsapi.errors import BinanceWsApiError
from binance_wsapi.presentation.attributes import Attribute, Role, attributes, epoch_us, is_time
from binance_wsapi.presentation.plain import exact, plain_decimal
from binance_wsapi.presentation.secret_fields import SECRET_FIELDS, beginning

__all__ = [
    "book_table",
    "line",
    "list_line",
    "model_table",
    "rows_table",
]

_MOST_CHARACTERS = 200
_MOST_OF_A_LIST = 70
_MOST_OF_A_TEXT = 90
_ITEMS_SHOWN = 3
_ROWS_SHOWN = 20
_COLUMNS_SHOWN = 12
_LEVELS_SHOWN = 10
_UNSET = (None, "", -1, 0, False)
_FIRST = (
    "symbol",
    "asset",
    "filter_type",
    "ws_key",
    "state",
    "rate_limit_type",
    "balances",
    "assets",
    "positions",
    "symbols",
    "open_time",
    "order",
    "side",
    "position_side",
    "type",
    "order_type",
    "execution_type",
    "status",
    "algo_status",
    "order_id",
    "algo_id",
    "executed_quantity",
    "quantity",
    "price",
    "last_executed_quantity",
    "last_executed_price",
    "average_price",
    "client_order_id",
    "client_algo_id",
    "trade_id",
)
_LAST = ("event_time",)


def line(model: msgspec.Struct, room: int = _MOST_CHARACTERS) -> str:
    """Return a model as a line of at most ``room`` characters; dots stand for what did not fit."""
    head = f"{type(model).__name__}("
    if not _is_named(model):
        return f"{head}{', '.join(_word('', _exact(value), room) for value in model)})"  # type: ignore[attr-defined]
    parts: list[str] = []
    left = room - len(head) - len(", ...)")
    for name, value in _set(model):
        part = f"{name}={_word(name, value, left - len(name) - 1)}"
        if len(part) + 2 > left:
            parts.append("...")
            break
        parts.append(part)
        left -= len(part) + 2
    return f"{head}{', '.join(parts)})"


def list_line(items: Sequence[Any]) -> str:
    """Return a list as a line, its first items alone when it is long."""
    shown = items if len(items) <= _ITEMS_SHOWN + 1 else items[:_ITEMS_SHOWN]
    texts = [repr(item) for item in shown]
    if len(shown) < len(items):
        texts.append(f"... {len(items) - len(shown)} more")
    return f"[{', '.join(texts)}]"


def model_table(model: msgspec.Struct) -> str:
    """Return a model as an HTML table: a row for each attribute that is set."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{_inner(name, value)}</td></tr>"
        for name, value in _set(model)
    )
    return _table(type(model).__name__, rows)


def rows_table(items: Sequence[Any], kind: type | None) -> str:
    """Return a list of models as an HTML table: a row for each, those in the middle left out."""
    count = f"{kind.__name__ if kind else 'nothing'} ({len(items):,})"
    if not items:
        return _table(count, "")
    columns = _columns(items)
    head = "".join(f"<th>{escape(column.name)}</th>" for column in columns)
    half = _ROWS_SHOWN // 2
    parts = [items] if len(items) <= _ROWS_SHOWN else [items[:half], items[-half:]]
    gap = f"<tr><td colspan='{len(columns)}' style='text-align:center'>⋮</td></tr>"
    body = gap.join("".join(_row(item, columns) for item in part) for part in parts)
    return _table(count, f"<tr>{head}</tr>{body}")


def book_table(title: str, bids: Sequence[Any], asks: Sequence[Any]) -> str:
    """Return the best levels of an order book as an HTML table, buyers on the left."""
    head = "".join(f"<th>{each}</th>" for each in ("quantity", "bid", "ask", "quantity"))
    rows = [f"<tr>{head}</tr>"]
    for place in range(min(_LEVELS_SHOWN, max(len(bids), len(asks)))):
        bid = bids[place] if place < len(bids) else None
        ask = asks[place] if place < len(asks) else None
        cells = (bid and bid.quantity, bid and bid.price, ask and ask.price, ask and ask.quantity)
        rows.append(f"<tr>{''.join(_cell('', _exact(cell)) for cell in cells)}</tr>")
    return _table(title, "".join(rows))


def _is_named(model: msgspec.Struct) -> bool:
    """Whether its values need their names: those of a level say what they are by their place."""
    return not hasattr(model, "__iter__") or not model.__struct_config__.array_like


def _set(model: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """Yield what is set, what matters first."""
    for attribute in _ordered(attributes(type(model))):
        value = _value(model, attribute)
        is_shown = attribute.is_essential if value in _UNSET else value != []
        if is_shown and not (value is None and attribute.is_essential):
            yield attribute.name, value


def _value(model: Any, attribute: Attribute) -> Any:
    try:
        value = getattr(model, attribute.name)
    except BinanceWsApiError:
        return "<unreadable>"
    return _exact(value) if attribute.role is Role.DECIMAL else value


def _exact(value: Any) -> Any:
    """Return a decimal for the float that stands in its place: all its digits are shown, and no exponent."""
    return exact(value) if isinstance(value, float) else value


def _ordered(given: Iterable[Attribute]) -> list[Attribute]:
    def place(attribute: Attribute) -> int:
        name = attribute.name
        if name in _FIRST:
            return _FIRST.index(name) - len(_FIRST)
        return 1 if name in _LAST else 0

    return sorted(given, key=place)


def _word(name: str, value: Any, room: int) -> str:
    match value:
        case Decimal():
            return plain_decimal(value)
        case Enum():
            return str(value.value)
        case str():
            return _text(beginning(value) if name in SECRET_FIELDS else value, room)
        case float():
            return repr(round(value, 6))
        case bool() | None:
            return repr(value)
        case int():
            return _time(value, "T", "Z") if is_time(name) and epoch_us(value) else str(value)
        case msgspec.Struct():
            return line(value, room)
        case list() | tuple():
            return _items(value, min(room, _MOST_OF_A_LIST))
        case Mapping():
            return _text(repr(value), room)[1:-1]
        case _:
            return repr(value)


def _text(text: str, room: int) -> str:
    most = max(10, min(room, _MOST_OF_A_TEXT)) - 5
    return repr(text if len(text) <= most else f"{text[:most]}...")


def _items(items: Sequence[Any], room: int) -> str:
    shown: list[str] = []
    left = room - len("[... 9999 more]")
    for item in items[:_ITEMS_SHOWN]:
        text = _word("", item, left - 2)
        if len(text) + 2 > left:
            break
        shown.append(text)
        left -= len(text) + 2
    if len(shown) < len(items):
        shown.append(f"... {len(items) - len(shown)} more")
    return f"[{', '.join(shown)}]"


def _time(value: int, between: str, zone: str) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=epoch_us(value) or 0)
    digits = 6 if moment.microsecond % 1000 else 3
    text = moment.strftime(f"%Y-%m-%d{between}%H:%M:%S.%f")
    return text[: len(text) - 6 + digits] + zone


def _columns(items: Sequence[msgspec.Struct]) -> list[Attribute]:
    """Return the attributes that at least one item has set."""
    found: dict[str, Attribute] = {}
    for kind in dict.fromkeys(map(type, items)):
        for attribute in attributes(kind):
            if attribute.role not in {Role.MODEL, Role.MODELS}:
                found.setdefault(attribute.name, attribute)
    used = [
        each
        for each in _ordered(found.values())
        if any(_value_or_none(item, each) not in (*_UNSET, []) for item in items)
        or each.is_essential
    ]
    return used[:_COLUMNS_SHOWN]


def _value_or_none(item: Any, attribute: Attribute) -> Any:
    return _value(item, attribute) if hasattr(type(item), attribute.name) else None


def _row(item: msgspec.Struct, columns: list[Attribute]) -> str:
    cells = (_cell(each.name, _value_or_none(item, each)) for each in columns)
    return f"<tr>{''.join(cells)}</tr>"


def _cell(name: str, value: Any) -> str:
    return f"<td style='white-space:nowrap'>{_nested(name, value)}</td>"


def _nested(name: str, value: Any) -> str:
    """Return a value as HTML."""
    if value is None:
        return ""
    if isinstance(value, int) and is_time(name) and epoch_us(value):
        return _time(value, " ", "").removesuffix(".000")
    if isinstance(value, str):
        shown = beginning(value) if name in SECRET_FIELDS else str(value)
        return escape(shown)
    return escape(_word(name, value, _MOST_CHARACTERS))


def _inner(name: str, value: Any) -> str:
    """Return a value as HTML, models in it as tables."""
    if isinstance(value, msgspec.Struct):
        return model_table(value)
    if isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
        return rows_table(value, type(value[0]))
    return _nested(name, value)


def _table(caption: str, rows: str) -> str:
    return (
        "<table><caption style='text-align:left;caption-side:top'>"
        f"{escape(caption)}</caption>{rows}</table>"
    )
