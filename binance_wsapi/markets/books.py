"""What is asked about the orders of an account: over the WebSocket API, or over REST where that alone can tell.

A question is the name of an operation, or ``GET`` and a path of a REST API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from binance_wsapi.markets.market import Market

__all__ = [
    "CROSS_MARGIN",
    "EOPTIONS",
    "PORTFOLIO_MARGIN",
    "AccountBook",
    "books_of",
    "is_over_rest",
    "isolated_margin",
    "without_rest",
]


@dataclass(frozen=True, kw_only=True)
class AccountBook:
    """The orders that one account has on one market."""

    market: Market
    """Whose orders they are, in whose words."""
    order: str = "order.status"
    """Shows one order."""
    order_named_by: tuple[str, ...] = ("symbol", "orderId")
    """What that question names the order by."""
    open_orders: str | None
    """Shows all open orders; ``None`` where only single ones can be asked for."""
    all_orders: str | None = None
    """Shows all orders from a number on, a thousand at once; ``None`` where that weighs more than it is worth."""
    fills: str | None
    """Shows the fills of an order; ``None`` where nothing does."""
    most_fills: int = 1000
    """How many fills one answer shows at most."""
    fills_by_order: bool = True
    """That question names the order; otherwise its symbol alone."""
    account: str | None
    """Shows balances (and positions); ``None`` where another book of the account asks."""
    positions: str | None = None
    """Shows the positions where that does not; they become a member of it."""
    account_params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What goes with that question."""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """What goes with each question about orders."""
    account_model: str
    """What the account question decodes to: module and name."""
    listed_as: str | None = None
    """The member that it becomes where the answer is a list."""
    business_unit: str | None = None
    """What the events of its orders say where one stream tells of several (``fs``); ``None``: any."""
    order_path: str
    """Where REST makes its orders."""
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """Members of its orders and fills that go by another name than those of Spot, and that name."""
    statuses: Mapping[str, str] = field(default_factory=dict[str, str])
    """Statuses that go by another name than those of its events, and that name."""
    is_algo: bool = False
    """They are orders of the algo service: they have no fills, but become orders that have."""


def is_over_rest(question: str) -> bool:
    """Whether a question goes to a REST API."""
    return question.startswith("GET ")


def books_of(market: Market) -> tuple[AccountBook, ...]:
    """Return the orders of an account that trades over the market's WebSocket API."""
    return (_book_of(market), _USDM_ALGO) if market is Market.USDM else (_book_of(market),)


_ALL_ORDERS = {Market.SPOT: "allOrders", Market.USDM: "GET /fapi/v1/allOrders"}


def _book_of(market: Market) -> AccountBook:
    facts = market.facts
    question, params = facts.account_question
    prefix = facts.open_orders_path.removesuffix("openOrders")
    return AccountBook(
        market=market,
        open_orders=facts.open_orders_question or f"GET {facts.open_orders_path}",
        all_orders=_ALL_ORDERS.get(market),
        fills=facts.fills_question or f"GET {facts.fills_path}",
        account=question,
        account_params=params,
        account_model=facts.account_model,
        order_path=f"{prefix}order",
    )


_USDM_ALGO = AccountBook(
    market=Market.USDM,
    order="GET /fapi/v1/algoOrder",
    order_named_by=("algoId",),
    open_orders="GET /fapi/v1/openAlgoOrders",
    fills=None,
    account=None,
    account_model="",
    order_path="/fapi/v1/algoOrder",
    words={
        "algoId": "orderId",
        "clientAlgoId": "clientOrderId",
        "algoStatus": "status",
        "quantity": "origQty",
        "createTime": "time",
    },
    is_algo=True,
)


def without_rest(book: AccountBook) -> AccountBook:
    """Return the book as far as it can be asked about where there is no REST API."""

    def kept(question: str | None) -> str | None:
        return None if question is None or is_over_rest(question) else question

    return replace(
        book,
        open_orders=kept(book.open_orders),
        all_orders=kept(book.all_orders),
        fills=kept(book.fills),
    )


CROSS_MARGIN = AccountBook(
    market=Market.SPOT,
    order="GET /sapi/v1/margin/order",
    open_orders="GET /sapi/v1/margin/openOrders",
    fills="GET /sapi/v1/margin/myTrades",
    most_fills=500,
    account="GET /sapi/v1/margin/account",
    account_model="binance_wsapi.models.margin:MarginAccount",
    order_path="/sapi/v1/margin/order",
)


def isolated_margin(symbol: str) -> AccountBook:
    """Return the orders of the isolated margin account of a symbol."""
    return replace(
        CROSS_MARGIN,
        account="GET /sapi/v1/margin/isolated/account",
        account_params={"symbols": symbol},
        params={"isIsolated": "TRUE", "symbol": symbol},
        account_model="binance_wsapi.models.margin:IsolatedMarginAccount",
    )


PORTFOLIO_MARGIN = (
    *(
        AccountBook(
            market=market,
            order=f"GET /papi/v1/{unit.lower()}/order",
            open_orders=f"GET /papi/v1/{unit.lower()}/openOrders",
            fills=f"GET /papi/v1/{unit.lower()}/userTrades",
            fills_by_order=False,
            account=f"GET /papi/v1/{unit.lower()}/account",
            account_model="binance_wsapi.models.margin:PortfolioFuturesAccount",
            business_unit=unit,
            order_path=f"/papi/v1/{unit.lower()}/order",
        )
        for market, unit in ((Market.USDM, "UM"), (Market.COINM, "CM"))
    ),
    AccountBook(
        market=Market.SPOT,
        order="GET /papi/v1/margin/order",
        open_orders="GET /papi/v1/margin/openOrders",
        fills="GET /papi/v1/margin/myTrades",
        most_fills=500,
        account="GET /papi/v1/balance",
        account_model="binance_wsapi.models.margin:PortfolioBalances",
        listed_as="balances",
        order_path="/papi/v1/margin/order",
    ),
    # Last: event logs know books by their place.
    replace(
        _USDM_ALGO,
        order="GET /papi/v1/um/algo/algoOrder",
        open_orders="GET /papi/v1/um/algo/openAlgoOrders",
        business_unit="UM",
        order_path="/papi/v1/um/algo/order",
    ),
)

EOPTIONS = (
    AccountBook(
        market=Market.EOPTIONS,
        order="GET /eapi/v1/order",
        open_orders="GET /eapi/v1/openOrders",
        fills="GET /eapi/v1/userTrades",
        fills_by_order=False,
        account="GET /eapi/v1/marginAccount",
        positions="GET /eapi/v1/position",
        account_model="binance_wsapi.models.eoptions:OptionAccount",
        order_path="/eapi/v1/order",
        words={"quantity": "origQty", "createTime": "time"},
        # Documents of different age have both.
        statuses={"ACCEPTED": "NEW", "CANCELLED": "CANCELED"},
    ),
)
