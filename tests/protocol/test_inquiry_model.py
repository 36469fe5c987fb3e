"""An exchange that delays, renames and forgets: no verdict may ever be untrue."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from binance_wsapi.markets import Market, api_markets
from binance_wsapi.protocol.inquiry import (
    AskAgain,
    Executed,
    Knowledge,
    Moment,
    NotExecuted,
    StaysUnknown,
    open_inquiry,
)
from binance_wsapi.protocol.own_orders import OwnOrders, ReadAnswer

SENT = 1_795_000_000_000_000
SECOND = 1_000_000
WINDOW_MS = 5000


@dataclass
class Exchange:
    """Just enough of one symbol's matching engine; ids work as the documents say."""

    market: Market
    orders: list[dict[str, Any]] = field(default_factory=list)
    amendments: list[dict[str, Any]] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    randoms: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    now: int = SENT

    def place(self, client_id: str, at: int, quantity: str = "5") -> dict[str, Any] | None:
        if any(o["clientOrderId"] == client_id and is_open(o) for o in self.orders):
            return None
        order = {
            "symbol": "BTCUSDT",
            "orderId": next(self.numbers),
            "clientOrderId": client_id,
            "side": "BUY",
            "type": "LIMIT",
            "price": "100.00",
            "origQty": quantity,
            "executedQty": "0",
            "status": "NEW",
            "time": at // 1000,
            "updateTime": at // 1000,
        }
        self.orders.append(order)
        return order

    def find(
        self, *, order_id: int | None = None, client_id: str | None = None
    ) -> dict[str, Any] | None:
        found = [
            o
            for o in self.orders
            if (order_id is not None and o["orderId"] == order_id)
            or (order_id is None and o["clientOrderId"] == client_id)
        ]
        return found[-1] if found else None

    def cancel(self, order: dict[str, Any] | None, new_id: str | None = None) -> bool:
        if order is None or not is_open(order):
            return False
        order["status"] = "CANCELED"
        order["updateTime"] = self.now // 1000
        if self.market is Market.SPOT:
            order["clientOrderId"] = new_id or f"random{next(self.randoms)}"
        return True

    def fill(self, order: dict[str, Any] | None) -> None:
        if order is not None and is_open(order):
            order["status"] = "FILLED"
            order["updateTime"] = self.now // 1000
            order["executedQty"] = order["origQty"]

    def amend(
        self, order: dict[str, Any] | None, quantity: str, new_id: str | None, at: int
    ) -> bool:
        if order is None or not is_open(order) or float(order["origQty"]) <= float(quantity):
            return False
        old = order["clientOrderId"], order["origQty"]
        order["clientOrderId"] = new_id or f"random{next(self.randoms)}"
        order["origQty"] = quantity
        order["updateTime"] = at // 1000
        self.amendments.append(
            {
                "orderId": order["orderId"],
                "origClientOrderId": old[0],
                "newClientOrderId": order["clientOrderId"],
                "origQty": old[1],
                "newQty": quantity,
                "time": at // 1000,
            }
        )
        return True

    def modify(self, order: dict[str, Any] | None, quantity: str, price: str, at: int) -> bool:
        if order is None or not is_open(order):
            return False
        order.update(origQty=quantity, price=price, updateTime=at // 1000)
        change = {"origQty": {"after": quantity}, "price": {"after": price}}
        self.amendments.append({"time": at // 1000, "amendment": change})
        return True

    def answer(self, method: str, params: dict[str, Any]) -> Any:
        """Return a result, or ``None`` for -2013."""
        match method:
            case "order.status":
                found = self.find(
                    order_id=params.get("orderId"), client_id=params.get("origClientOrderId")
                )
                return None if found is None else dict(found)
            case "openOrders.status":
                return [dict(o) for o in self.orders if is_open(o)]
            case "allOrders":
                return [dict(o) for o in self.orders if o["time"] >= params["startTime"]]
            case "order.amendments":
                return [r for r in self.amendments if r["orderId"] == params["orderId"]]
            case "GET /fapi/v1/orderAmendment" | "GET /dapi/v1/orderAmendment":
                return [dict(r) for r in self.amendments if r["time"] >= params["startTime"]]
        raise AssertionError(method)


def is_open(order: dict[str, Any]) -> bool:
    return bool(order["status"] == "NEW")


@dataclass
class World:
    """The lost request and all that happens around it, on the exchange's clock."""

    data: st.DataObject
    market: Market
    late_us: int

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.market)
        # The request arrives at some time or never, is checked, and takes up to 10 s inside.
        self.executes_at: int | None = None
        if self.data.draw(st.booleans(), label="arrives"):
            arrives = SENT + self.data.draw(st.integers(0, 12 * SECOND), label="transit")
            if arrives - SENT <= WINDOW_MS * 1000:
                inside = self.data.draw(st.integers(0, 10 * SECOND), label="inside")
                self.executes_at = arrives + inside
        self.meddles = sorted(
            self.data.draw(
                st.lists(
                    st.tuples(
                        st.integers(SENT, SENT + 30 * SECOND),
                        st.sampled_from(["fill", "cancel", "cancelAll", "amend", "place"]),
                    ),
                    max_size=4,
                ),
                label="meddles",
            )
        )
        self.executed: Any = None
        self.now = SENT

    def run_until(self, now: int, execute: Any, target: Any) -> None:
        """Let the request and the meddlers act up to ``now``."""
        while True:
            due = [at for at, _ in self.meddles[:1]]
            if self.executes_at is not None:
                due.append(self.executes_at)
            due = [at for at in due if at <= now]
            if not due:
                break
            at = self.exchange.now = min(due)
            if at == self.executes_at:
                self.executes_at = None
                self.executed = execute(self.exchange, at)
            else:
                self._meddle(*self.meddles.pop(0), target(self.exchange))
        self.now = max(self.now, now)

    def _meddle(self, at: int, how: str, order: dict[str, Any] | None) -> None:
        exchange = self.exchange
        if how == "fill":
            exchange.fill(order)
        elif how == "cancel":
            exchange.cancel(order)
        elif how == "cancelAll":
            for each in exchange.orders:
                exchange.cancel(each)
        elif how == "amend" and self.market is Market.SPOT:
            exchange.amend(order, "1", None, at)
        elif how == "amend":
            exchange.modify(order, "7", "102", at)
        elif how == "place":
            exchange.place("someone-else", at, quantity="7")

    def resolve(
        self,
        method: str,
        params: dict[str, Any],
        execute: Any,
        target: Any,
        knowledge: Knowledge | None = None,
    ) -> Any:
        """Ask until there is a verdict, then let the rest happen; return the verdict."""
        network = random.Random(self.data.draw(st.integers(0, 10**9), label="network"))
        asking = open_inquiry(
            self.market,
            method,
            params,
            sent_us=SENT,
            written_at=0.0,
            recv_window_ms=WINDOW_MS,
            request_id="this",
            knowledge=knowledge,
        )
        verdict = asking.verdict
        now = 0.0
        for _ in range(120):
            if not isinstance(verdict, AskAgain):
                break
            now = max(now, verdict.not_before)
            question = asking.question(self.moment(now, network))
            assert question is not None
            asked_at = SENT + round(now * SECOND)
            handled_at = max(self.now, asked_at + network.randint(0, 2 * SECOND))
            self.run_until(handled_at, execute, target)
            now = (handled_at - SENT + network.randint(0, SECOND)) / SECOND
            at = self.moment(now, network)
            fails = network.random() < 0.2
            result = None if fails else self.exchange.answer(*question)
            if fails:
                verdict = asking.on_error(-1003, "busy", at)
            elif result is None:
                verdict = asking.on_error(-2013, "Order does not exist.", at)
            else:
                verdict = asking.on_answer(result, at)
        assert not isinstance(verdict, AskAgain), "no end"
        self.run_until(SENT + 1000 * SECOND, execute, target)
        event(f"{type(verdict).__name__}, executed: {bool(self.executed)}")
        return verdict

    def moment(self, now: float, network: random.Random) -> Moment:
        """Return what the clocks show: the exchange's time is estimated late, and at times wildly wrong."""
        wrong_us = 0 if network.random() < 0.9 else network.randint(-30 * SECOND, 3600 * SECOND)
        return Moment(now, SENT + round(now * SECOND) - self.late_us + wrong_us)


def shown(*orders: dict[str, Any]) -> Knowledge:
    """Return what is known when the answers that showed these orders were read before the request."""
    known = OwnOrders()
    for order in orders:
        result = msgspec.Raw(msgspec.json.encode(order))
        known.answers.append(ReadAnswer("earlier", -0.5, -0.1, True, result))
    return Knowledge(known)


lateness = st.integers(0, SECOND)
examples = settings(max_examples=200, deadline=None)


@examples
@given(
    st.data(),
    st.sampled_from(api_markets()),
    lateness,
    st.sampled_from(["", "old", "twin", "repeated"]),
)
def test_an_order_placed(data: st.DataObject, market: Market, late_us: int, earlier: str) -> None:
    """An older order may have had the id, another may look the same: neither is taken for ours."""
    world = World(data, market, late_us)
    if earlier:
        older = world.exchange.place("mine" if earlier == "old" else "twin", SENT - 3 * SECOND)
        world.exchange.fill(older)
    knowledge = None
    if earlier == "repeated":
        # A moment ago, which a late timestamp makes the future.
        made = SENT + data.draw(st.integers(-SECOND, late_us), label="made")
        first = world.exchange.place("mine", made)
        assert first is not None
        knowledge = shown(first)
        world.exchange.fill(first)
    params = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": "100",
        "quantity": "5.0",
        "newClientOrderId": "mine",
    }

    verdict = world.resolve(
        "order.place",
        params,
        lambda exchange, at: exchange.place("mine", at),
        lambda exchange: exchange.orders[-1] if exchange.orders else None,
        knowledge,
    )

    if isinstance(verdict, NotExecuted):
        assert world.executed is None
    elif isinstance(verdict, Executed):
        assert world.executed is not None
        assert verdict.result["orderId"] == world.executed["orderId"]


@examples
@given(st.data(), st.sampled_from(api_markets()), lateness, st.booleans(), st.booleans())
def test_a_cancel(
    data: st.DataObject, market: Market, late_us: int, by_id: bool, has_new_id: bool
) -> None:
    world = World(data, market, late_us)
    order = world.exchange.place("mine", SENT - 60 * SECOND)
    assert order is not None
    params: dict[str, Any] = {"symbol": "BTCUSDT"}
    params |= {"orderId": order["orderId"]} if by_id else {"origClientOrderId": "mine"}
    if has_new_id and market is Market.SPOT:
        params["newClientOrderId"] = "cancel"

    verdict = world.resolve(
        "order.cancel",
        params,
        lambda exchange, at: exchange.cancel(
            exchange.find(
                order_id=params.get("orderId"), client_id=params.get("origClientOrderId")
            ),
            params.get("newClientOrderId"),
        ),
        lambda exchange: order,
    )

    if isinstance(verdict, Executed):
        assert order["status"] == "CANCELED"
    elif isinstance(verdict, NotExecuted):
        assert not world.executed


@examples
@given(st.data(), lateness)
def test_a_cancel_of_all_orders(data: st.DataObject, late_us: int) -> None:
    world = World(data, Market.SPOT, late_us)
    # Some long ago, some just before: a late timestamp makes that the future.
    before = [
        world.exchange.place(f"mine{i}", SENT + data.draw(st.sampled_from([-60 * SECOND, late_us])))
        for i in range(data.draw(st.integers(0, 2)))
    ]

    def cancel_all(exchange: Exchange, at: int) -> bool:
        return sum(exchange.cancel(order) for order in exchange.orders) > 0

    verdict = world.resolve(
        "openOrders.cancelAll",
        {"symbol": "BTCUSDT"},
        cancel_all,
        lambda exchange: exchange.orders[-1] if exchange.orders else None,
        shown(*(order for order in before if order and data.draw(st.booleans(), label="read"))),
    )

    if isinstance(verdict, Executed):
        assert not any(is_open(order) for order in before if order is not None)
    elif isinstance(verdict, NotExecuted):
        assert not world.executed


@examples
@given(
    st.data(),
    lateness,
    st.booleans(),
    st.sampled_from(["STOP_ON_FAILURE", "ALLOW_FAILURE"]),
    st.sampled_from(["new", "mine"]),
    st.booleans(),
)
def test_a_cancel_replace(
    data: st.DataObject, late_us: int, by_id: bool, mode: str, new_id: str, new_fails: bool
) -> None:
    """The new order may take over the id of the old one, and either half may fail."""
    world = World(data, Market.SPOT, late_us)
    old = world.exchange.place("mine", SENT - 60 * SECOND)
    assert old is not None
    params: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "cancelReplaceMode": mode,
        "side": "BUY",
        "type": "LIMIT",
        "price": "100",
        "quantity": "5",
        "newClientOrderId": new_id,
        "cancelNewClientOrderId": "cancel",
    }
    params |= {"cancelOrderId": old["orderId"]} if by_id else {"cancelOrigClientOrderId": "mine"}

    def replace(exchange: Exchange, at: int) -> tuple[bool, Any]:
        was_cancelled = exchange.cancel(
            exchange.find(
                order_id=params.get("cancelOrderId"),
                client_id=params.get("cancelOrigClientOrderId"),
            ),
            "cancel",
        )
        placed = None
        if (was_cancelled or mode == "ALLOW_FAILURE") and not new_fails:
            placed = exchange.place(new_id, at)
        return was_cancelled, placed

    verdict = world.resolve("order.cancelReplace", params, replace, lambda exchange: old)

    was_cancelled, placed = world.executed or (False, None)
    if isinstance(verdict, NotExecuted):
        assert not was_cancelled
        assert placed is None
    elif isinstance(verdict, Executed):
        result = verdict.result
        assert result["cancelResult"] in ("SUCCESS" if was_cancelled else "FAILURE", "UNKNOWN")
        assert result["newOrderResult"] == ("SUCCESS" if placed else "FAILURE")
        assert verdict.is_partial or (was_cancelled and placed is not None)
        if placed:
            assert result["newOrderResponse"]["orderId"] == placed["orderId"]
        if was_cancelled and result["cancelResponse"]:
            assert result["cancelResponse"]["orderId"] == old["orderId"]


@examples
@given(st.data(), lateness, st.booleans(), st.sampled_from([None, "amended", "mine"]))
def test_an_amendment(data: st.DataObject, late_us: int, by_id: bool, new_id: str | None) -> None:
    world = World(data, Market.SPOT, late_us)
    order = world.exchange.place("mine", SENT - 60 * SECOND)
    assert order is not None
    params: dict[str, Any] = {"symbol": "BTCUSDT", "newQty": "3"}
    params |= {"orderId": order["orderId"]} if by_id else {"origClientOrderId": "mine"}
    if new_id is not None:
        params["newClientOrderId"] = new_id

    verdict = world.resolve(
        "order.amend.keepPriority",
        params,
        lambda exchange, at: exchange.amend(
            exchange.find(
                order_id=params.get("orderId"), client_id=params.get("origClientOrderId")
            ),
            "3",
            new_id,
            at,
        ),
        lambda exchange: order,
    )

    if isinstance(verdict, Executed):
        assert world.executed
    elif isinstance(verdict, NotExecuted):
        assert not world.executed


@examples
@given(
    st.data(),
    st.sampled_from([Market.USDM, Market.COINM]),
    lateness,
    st.booleans(),
    st.sampled_from([60 * SECOND, 300_000]),
)
def test_a_modification(
    data: st.DataObject, market: Market, late_us: int, has_rest: bool, older_us: int
) -> None:
    world = World(data, market, late_us)
    order = world.exchange.place("mine", SENT - older_us)
    assert order is not None
    params = {"symbol": "BTCUSDT", "orderId": order["orderId"], "quantity": "8", "price": "101"}

    verdict = world.resolve(
        "order.modify",
        params,
        lambda exchange, at: exchange.modify(order, "8", "101.0", at),
        lambda exchange: order,
        Knowledge(has_rest=has_rest),
    )

    if isinstance(verdict, Executed):
        assert world.executed
    elif isinstance(verdict, NotExecuted):
        assert not world.executed
    else:
        assert isinstance(verdict, StaysUnknown)
        assert not has_rest
