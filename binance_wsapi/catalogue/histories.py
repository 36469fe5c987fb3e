"""Where each market keeps its histories: the operation that tells them, and how it is paged.

Those of futures have no method on the WebSocket API, and are asked for over REST.
"""

from __future__ import annotations

from dataclasses import dataclass

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue import params as p
from binance_wsapi.catalogue.operation import Operation, Param, Security, Weight, WeightStep
from binance_wsapi.markets import Market
from binance_wsapi.models.futures import CoinFuturesOrder, FuturesOrder
from binance_wsapi.models.futures_history import FuturesAccountTrade, FuturesTrade
from binance_wsapi.models.market import AggregateTrade, Kline

__all__ = ["COINM", "SPOT", "USDM", "Histories", "HistorySource"]


@dataclass(frozen=True, slots=True, eq=False)
class HistorySource:
    """One history."""

    operation: Operation
    page: int
    """How many rows to ask for at once."""
    path: str | None = None
    """The path of the REST API; ``None`` where it is a method of the WebSocket API."""
    id: str = ""
    """The attribute of a row that numbers it; candles have none."""
    id_parameter: str = "from_id"
    """The parameter that asks for rows from an id on."""
    is_dense: bool = False
    """Every number has its row."""


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """What is kept of one market."""

    klines: HistorySource
    aggregate_trades: HistorySource
    trades: HistorySource
    my_trades: HistorySource
    all_orders: HistorySource


def _spot(method: str, **facts: str | bool) -> HistorySource:
    operation = operation_by_method(Market.SPOT, method)
    assert operation is not None
    return HistorySource(operation, 1000, **facts)  # type: ignore[arg-type]  # as the fields are


SPOT = Histories(
    klines=_spot("klines"),
    aggregate_trades=_spot("trades.aggregate", id="aggregate_trade_id", is_dense=True),
    trades=_spot("trades.historical", id="trade_id", is_dense=True),
    my_trades=_spot("myTrades", id="trade_id"),
    all_orders=_spot("allOrders", id="order_id", id_parameter="order_id"),
)


def _futures(
    market: Market,
    prefix: str,
    order: type[FuturesOrder | CoinFuturesOrder],
    *,
    weight_of_account: int,
    most_trades: int,
    most_orders: int,
) -> Histories:
    def source(
        name: str,
        result: object,
        weight: Weight,
        page: int,
        *more: Param,
        security: Security = Security.NONE,
        id: str = "",  # noqa: A002  (the field's name)
        id_parameter: str = "from_id",
        is_dense: bool = False,
    ) -> HistorySource:
        path = f"{prefix}/v1/{name}"
        operation = Operation(
            market=market,
            method=f"GET {path}",
            name=name,
            title=f"Return {name}.",
            security=security,
            params=(p.required(p.SYMBOL), *more, p.but(p.LIMIT, maximum=page)),
            result=result,
            weight=weight,
            signed=security is Security.USER_DATA,
        )
        return HistorySource(
            operation, page, path, id=id, id_parameter=id_parameter, is_dense=is_dense
        )

    return Histories(
        klines=source(
            "klines",
            list[Kline],
            Weight(
                (WeightStep(1, "limit", high=99), WeightStep(2, "limit", high=499), WeightStep(5))
            ),
            1000,
            p.required(p.INTERVAL),
            p.START_TIME,
            p.END_TIME,
        ),
        aggregate_trades=source(
            "aggTrades",
            list[AggregateTrade],
            Weight.fixed(20),
            1000,
            p.FROM_ID,
            id="aggregate_trade_id",
            is_dense=True,
        ),
        trades=source(
            "historicalTrades",
            list[FuturesTrade],
            Weight.fixed(200),
            most_trades,
            p.FROM_ID,
            security=Security.USER_STREAM,
            id="trade_id",
            is_dense=True,
        ),
        my_trades=source(
            "userTrades",
            list[FuturesAccountTrade],
            Weight.fixed(weight_of_account),
            1000,
            p.FROM_ID,
            security=Security.USER_DATA,
            id="trade_id",
        ),
        all_orders=source(
            "allOrders",
            list[order],  # type: ignore[valid-type]  # one of two
            Weight.fixed(weight_of_account),
            most_orders,
            p.ORDER_ID,
            security=Security.USER_DATA,
            id="order_id",
            id_parameter="order_id",
        ),
    )


USDM = _futures(
    Market.USDM, "/fapi", FuturesOrder, weight_of_account=5, most_trades=500, most_orders=1000
)
COINM = _futures(
    Market.COINM, "/dapi", CoinFuturesOrder, weight_of_account=20, most_trades=500, most_orders=100
)
