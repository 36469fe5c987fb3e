"""The entries of an event log: events in the exchange's own text, and what the library tells between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from binance_wsapi.events import AccountReconciled, AlgoOrderReconciled, OrderReconciled, StreamGap
from binance_wsapi.markets import Market
from binance_wsapi.protocol.order_events import FINAL_STATUSES
from binance_wsapi.protocol.raw_event import raw_event
from binance_wsapi.protocol.wire_values import whole_number

__all__ = ["EVENT", "LoggedOrder", "decoded", "encoded", "gap_told", "order_told"]

EVENT = "event"
"""The kind of entry whose text is the exchange's."""

_RECORDS: dict[str, type[Any]] = {
    "gap": StreamGap,
    "order": OrderReconciled,
    "algo": AlgoOrderReconciled,
    "account": AccountReconciled,
}


@dataclass(frozen=True, kw_only=True)
class LoggedOrder:
    """What an entry tells of an order."""

    market: Market | None
    """Its market, where the entry says so."""
    unit: str | None
    """The business unit that an event of portfolio margin names."""
    symbol: str
    order_id: int
    trade_ids: tuple[int, ...]
    has_ended: bool
    is_algo: bool = False
    """It is one of the algo service."""


def encoded(
    record: StreamGap | OrderReconciled | AlgoOrderReconciled | AccountReconciled,
) -> tuple[str, bytes]:
    """Return the kind and the text of what the library tells."""
    kind = next(kind for kind, each in _RECORDS.items() if isinstance(record, each))
    return kind, msgspec.json.encode(msgspec.structs.asdict(record))


def decoded(kind: str, text: bytes, decode: Callable[[bytes], Any]) -> Any:
    """Return what an entry tells.

    Args:
        kind: The entry's kind.
        text: Its text.
        decode: Makes an event from the exchange's text.

    Raises:
        msgspec.DecodeError: It is no entry of a log.
    """
    return decode(text) if kind == EVENT else _record(kind, text)


def _record(kind: str, text: bytes) -> Any:
    try:
        return _made(_RECORDS[kind], text)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise msgspec.DecodeError(f"{kind} is no entry that can be read: {error!r}") from None


def _made(record: type[Any], text: bytes) -> Any:
    # A later version may tell more.
    told = {
        name: value
        for name, value in msgspec.json.decode(text).items()
        if name in record.__struct_fields__
    }
    if "market" in told:
        told["market"] = Market(told["market"])
    if "raw_missed_fills" in told:
        told["raw_missed_fills"] = tuple(told["raw_missed_fills"])
    return record(**told)


def gap_told(kind: str, text: bytes) -> StreamGap | None:
    """Return the gap that an entry tells, if it is one."""
    return _record(kind, text) if kind == "gap" else None


def order_told(kind: str, text: bytes) -> LoggedOrder | None:
    """Return what an entry tells of an order, if it does."""
    if kind == EVENT:
        event = raw_event(text)
        algo = event.algo_order
        order = event.order if algo is None else algo
        if order is None:
            return None
        return LoggedOrder(
            market=None,
            unit=event.unit,
            symbol=order.symbol,
            order_id=order.key[1],
            trade_ids=() if order.fill is None else (order.fill,),
            has_ended=order.status in FINAL_STATUSES,
            is_algo=algo is not None,
        )
    if kind == "order":
        record: OrderReconciled = _record(kind, text)
        # Options number a row, too; events have the number of the trade.
        ids = (
            whole_number(fill.get("tradeId", fill.get("id"))) for fill in record.raw_missed_fills
        )
        return LoggedOrder(
            market=record.market,
            unit=None,
            symbol=record.symbol,
            order_id=record.order_id,
            trade_ids=tuple(trade_id for trade_id in ids if trade_id is not None),
            has_ended=record.status in FINAL_STATUSES and record.problem is None,
        )
    if kind == "algo":
        algo_record: AlgoOrderReconciled = _record(kind, text)
        return LoggedOrder(
            market=algo_record.market,
            unit=None,
            symbol=algo_record.symbol,
            order_id=algo_record.algo_id,
            trade_ids=(),
            has_ended=algo_record.status in FINAL_STATUSES and algo_record.problem is None,
            is_algo=True,
        )
    return None
