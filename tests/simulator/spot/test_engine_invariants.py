"""Whatever accounts do, the exchange keeps its books: money, priority, limits, and one story for all."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from typing import Any

from engine_harness import FINE, Exchange, on_wire
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from binance_wsapi.simulator.accounts import Account, CommissionRates
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.observers import Trade
from binance_wsapi.simulator.spot.orders import Phase
from binance_wsapi.simulator.spot.symbols import SymbolSpec

SYMBOLS = (
    SymbolSpec("BTCUSDT", "BTC", "USDT", FINE, sor=True),
    SymbolSpec("BTCUSDC", "BTC", "USDC", FINE, sor=True),
    SymbolSpec("BNBUSDT", "BNB", "USDT", FINE),
)
PLACES = Decimal("0.00000001")

sides = st.sampled_from(["BUY", "SELL"])
prices = st.integers(min_value=9_950, max_value=10_050).map(lambda cents: f"{cents / 100:.2f}")
quantities = st.integers(min_value=1, max_value=4_000).map(lambda parts: f"{parts / 1000:.3f}")
symbols = st.sampled_from(["BTCUSDT", "BTCUSDT", "BTCUSDC", "BNBUSDT"])
modes = st.sampled_from(
    ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
)
times_in_force = st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK"])
triggers = st.one_of(
    st.fixed_dictionaries({"stopPrice": prices}),
    st.fixed_dictionaries({"trailingDelta": st.integers(min_value=5, max_value=80)}),
    st.fixed_dictionaries(
        {"stopPrice": prices, "trailingDelta": st.integers(min_value=5, max_value=80)}
    ),
)
pegs = st.one_of(
    st.fixed_dictionaries({"pegPriceType": st.sampled_from(["PRIMARY_PEG", "MARKET_PEG"])}),
    st.fixed_dictionaries(
        {
            "pegPriceType": st.just("PRIMARY_PEG"),
            "pegOffsetType": st.just("PRICE_LEVEL"),
            "pegOffsetValue": st.integers(min_value=1, max_value=3),
        }
    ),
)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """A request for one order of any type, mostly sensible."""
    kind = draw(
        st.sampled_from(
            ["LIMIT"] * 6
            + ["LIMIT_MAKER", "MARKET", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"]
            + ["TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
        )
    )
    params: dict[str, Any] = {"side": draw(sides), "type": kind, "quantity": draw(quantities)}
    if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        params["timeInForce"] = draw(times_in_force)
    if kind in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        if draw(st.integers(min_value=0, max_value=5)) == 0:
            params |= draw(pegs)
        if "pegPriceType" not in params or draw(st.booleans()):
            params["price"] = draw(prices)
    if kind in ("LIMIT", "LIMIT_MAKER") and draw(st.integers(min_value=0, max_value=3)) == 0:
        params["icebergQty"] = draw(quantities)
    if kind.startswith(("STOP", "TAKE")):
        params |= draw(triggers)
    if kind == "MARKET" and draw(st.booleans()):
        del params["quantity"]
        params["quoteOrderQty"] = draw(quantities)
    if draw(st.booleans()):
        params["selfTradePreventionMode"] = draw(modes)
    params["newOrderRespType"] = draw(st.sampled_from(["ACK", "RESULT", "FULL"]))
    return params


@st.composite
def pairs(draw: st.DrawFn, above: str, below: str, side: str) -> dict[str, Any]:
    """The two legs of an OCO pair."""
    upper, lower = ("STOP", "LIMIT") if side == "BUY" else ("LIMIT", "STOP")
    params: dict[str, Any] = {}
    for prefix, role in ((above, upper), (below, lower)):
        if role == "STOP":
            kind = draw(st.sampled_from(["STOP_LOSS", "STOP_LOSS_LIMIT"]))
        else:
            kind = draw(st.sampled_from(["LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]))
        params[f"{prefix}Type"] = kind
        if kind.endswith(("LIMIT", "MAKER")):
            params[f"{prefix}Price"] = draw(prices)
        if kind != "LIMIT_MAKER":
            params[f"{prefix}StopPrice"] = draw(prices)
        if kind in ("STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
            params[f"{prefix}TimeInForce"] = draw(times_in_force)
    return params


@st.composite
def order_lists(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A request for an order list of any kind."""
    method = draw(st.sampled_from(["oco", "oto", "otoco", "opo", "opoco"]))
    if method == "oco":
        side = draw(sides)
        pair = draw(pairs("above", "below", side))
        return "orderList.place.oco", {"side": side, "quantity": draw(quantities), **pair}
    pays = method.startswith("opo")
    side = "SELL" if pays else draw(sides)
    params: dict[str, Any] = {
        "workingType": "LIMIT",
        "workingSide": "BUY" if pays else draw(sides),
        "workingTimeInForce": draw(times_in_force),
        "workingPrice": draw(prices),
        "workingQuantity": draw(quantities),
        "pendingSide": side,
    }
    if not pays:
        params["pendingQuantity"] = draw(quantities)
    if method.endswith("oco"):
        params |= draw(pairs("pendingAbove", "pendingBelow", side))
    else:
        kind = draw(st.sampled_from(["LIMIT", "MARKET", "STOP_LOSS", "LIMIT_MAKER"]))
        params["pendingType"] = kind
        if kind.startswith("LIMIT"):
            params["pendingPrice"] = draw(prices)
        if kind == "LIMIT":
            params["pendingTimeInForce"] = draw(times_in_force)
        if kind == "STOP_LOSS":
            params["pendingStopPrice"] = draw(prices)
    return f"orderList.place.{method}", params


class Bookkeeping(RuleBasedStateMachine):
    """Four accounts, two of them of one trade group, and what must hold whatever they send."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange = Exchange(SYMBOLS)
        self.trades: list[Trade] = []
        self.levels: dict[tuple[str, str], dict[Decimal, Decimal]] = defaultdict(dict)
        self.update_ids: dict[str, int] = defaultdict(int)
        self.exchange.market.observers.append(self)
        self.accounts = [self.exchange.paying_account() for _ in range(4)]
        self.accounts[0].trade_group_id = self.accounts[1].trade_group_id = 5
        self.accounts[1].commissions.pays_with_discount_asset = True
        self.accounts[2].commissions.tax = CommissionRates(
            buyer=Decimal("0.0003"), maker=Decimal("0.000017")
        )
        # Poor enough to run out of funds.
        self.accounts[3] = self.exchange.paying_account(BTC="3", USDT="300")
        self.deposited: dict[str, Decimal] = defaultdict(Decimal)
        for account in self.exchange.market.accounts.values():
            for asset, balance in account.balances.items():
                self.deposited[asset] += balance.free
        self.reports: dict[tuple[Account, str, int], list[Any]] = defaultdict(list)
        self.told: dict[tuple[Account, str], tuple[str, str]] = {}
        self.queues: dict[tuple[str, str, Decimal], list[int]] = {}

    def on_trade(self, trade: Trade) -> None:
        self.trades.append(trade)

    def on_level(
        self,
        symbol: str,
        side: str,
        price: Decimal,
        quantity: Decimal,
        update_id: int,
        time_us: int,
    ) -> None:
        assert update_id == self.update_ids[symbol] + 1
        self.update_ids[symbol] = update_id
        if quantity:
            self.levels[symbol, side][price] = quantity
        else:
            del self.levels[symbol, side][price]

    def on_symbol(self, symbol: str) -> None:
        raise AssertionError(symbol)

    def send(self, method: str, who: int, **params: Any) -> Any:
        """Send a request; a refusal is an answer too, and what is refused changes nothing."""
        self.exchange.clock.advance(0.001)
        before = self.state()
        try:
            return on_wire(self.exchange.market.handle(method, params, self.accounts[who]))
        except ExchangeError as refusal:
            half_done = refusal.code == -2021
            assert half_done or self.state() == before, "refused, and done all the same"
            return refusal

    def state(self) -> object:
        """Return what a request may change of all accounts."""
        return [
            (
                {name: (one.free, one.locked) for name, one in account.balances.items()},
                [
                    (order.order_id, order.status, order.executed, order.quantity)
                    for orders in self.exchange.market.engine.records[uid].orders.values()
                    for order in orders.values()
                ],
            )
            for uid, account in self.exchange.market.accounts.items()
        ]

    @invariant()
    def money_is_conserved(self) -> None:
        market = self.exchange.market
        sums = defaultdict(Decimal, market.house)
        for account in market.accounts.values():
            for asset, balance in account.balances.items():
                assert balance.free >= 0
                assert balance.locked >= 0
                sums[asset] += balance.free + balance.locked
        for asset in set(sums) | set(self.deposited):
            assert sums[asset] == self.deposited[asset], asset

    @invariant()
    def locked_is_what_open_orders_need(self) -> None:
        engine = self.exchange.market.engine
        for account in self.accounts:
            needs: dict[str, Decimal] = defaultdict(Decimal)
            pairs: dict[tuple[int, str], Decimal] = {}
            records = engine.records[account.uid]
            for orders in records.open.values():
                for order in orders.values():
                    if order.status == "PENDING_NEW":
                        continue
                    assert order.quantity is not None
                    rest = order.quantity - order.executed - order.prevented
                    price = order.pegged_price or order.price
                    if order.side == "SELL":
                        need = rest
                    elif price:
                        need = (price * rest).quantize(PLACES, ROUND_DOWN)
                    else:
                        assert order.budget is not None
                        need = order.budget
                    key = (order.order_list_id, order.spends)
                    if order.order_list is not None:
                        pairs[key] = max(need, pairs.get(key, Decimal(0)))
                    else:
                        needs[order.spends] += need
            for (_, asset), need in pairs.items():
                needs[asset] += need
            for order_list in records.lists.values():
                if order_list.proceeds is not None:
                    needs[order_list.proceeds.asset] += order_list.proceeds.amount
            for asset, balance in account.balances.items():
                assert balance.locked == needs[asset], (asset, balance, needs)

    @invariant()
    def books_are_in_order(self) -> None:
        for symbol, book in self.exchange.market.books.items():
            bid, ask = book.bids.best(), book.asks.best()
            assert bid is None or ask is None or bid < ask
            for side, half in (("BUY", book.bids), ("SELL", book.asks)):
                prices = list(half.prices())
                assert all(a > b if side == "BUY" else a < b for a, b in pairwise(prices))
                shown = {price: half.quantity_at(price) for price in prices}
                assert shown == self.levels[symbol, side]
                for price, quantity in shown.items():
                    orders = half.levels[price].orders.values()
                    assert quantity == sum(order.visible for order in orders) > 0
                    for order in orders:
                        assert 0 < order.visible <= order.remaining
                        assert order.limit_price == price
            assert book.last_update_id == self.update_ids[symbol]

    @invariant()
    def orders_keep_their_limits(self) -> None:
        engine = self.exchange.market.engine
        for account in self.accounts:
            records = engine.records[account.uid]
            for orders in records.orders.values():
                for order in orders.values():
                    quantity = order.quantity or Decimal(0)
                    assert order.executed + order.prevented <= quantity
                    assert (order.status == "FILLED") <= (order.remaining == 0)
                    for fill in order.fills:
                        if order.limit_price:
                            ahead = fill.price - order.limit_price
                            assert ahead <= 0 if order.is_buy else ahead >= 0

    @invariant()
    def queries_and_events_tell_the_same_story(self) -> None:
        exchange = self.exchange
        for account in self.accounts:
            for event in exchange.events(account):
                if event["e"] == "executionReport":
                    self.reports[account, event["s"], event["i"]].append(event)
                elif event["e"] == "outboundAccountPosition":
                    for row in event["B"]:
                        self.told[account, row["a"]] = row["f"], row["l"]
            self._compare(account)

    def _compare(self, account: Account) -> None:
        for asset, balance in account.balances.items():
            position = self.told.get((account, asset))
            if position is not None:
                assert position == (f"{balance.free:f}", f"{balance.locked:f}")
            else:
                assert f"{balance.locked:f}" == "0.00000000"
        for spec in SYMBOLS:
            rows = self.exchange.call("allOrders", account, symbol=spec.symbol, limit=1000)
            assert {row["orderId"] for row in rows} == {
                order_id
                for who, symbol, order_id in self.reports
                if who is account and symbol == spec.symbol
            }
            fills = self._pages("myTrades", "fromId", "id", account, spec.symbol)
            allocations = self._pages(
                "myAllocations", "fromAllocationId", "allocationId", account, spec.symbol
            )
            for row in rows:
                events = self.reports[account, spec.symbol, row["orderId"]]
                last = events[-1]
                assert events[0]["x"] == "NEW"
                assert (last["X"], last["z"], last["Z"], last["c"], last["q"]) == (
                    row["status"],
                    row["executedQty"],
                    row["cummulativeQuoteQty"],
                    row["clientOrderId"],
                    row["origQty"],
                )
                told = [
                    (one["t"], one["l"], one["L"], one["n"], one["N"])
                    for one in events
                    if one["x"] == "TRADE" and "a" not in one
                ]
                recorded = [
                    (one["id"], one["qty"], one["price"], one["commission"], one["commissionAsset"])
                    for one in fills
                    if one["orderId"] == row["orderId"]
                ]
                assert told == recorded
                routed = [one["a"] for one in events if "a" in one and one["x"] == "TRADE"]
                assert routed == [
                    one["allocationId"] for one in allocations if one["orderId"] == row["orderId"]
                ]
                total = sum(Decimal(one["l"]) for one in events if one["x"] == "TRADE")
                assert total == Decimal(row["executedQty"])

    def _pages(
        self, method: str, first: str, row_id: str, account: Account, symbol: str
    ) -> list[Any]:
        """Return all rows of a history, page by page."""
        rows: list[Any] = []
        next_id = 0
        while page := self.exchange.call(
            method, account, symbol=symbol, limit=1000, **{first: next_id}
        ):
            rows += page
            next_id = page[-1][row_id] + 1
        return rows

    @invariant()
    def first_come_is_first_served(self) -> None:
        """Who rests at a price stays before all who come later; only a used-up iceberg goes back."""
        queues: dict[tuple[str, str, Decimal], list[int]] = {}
        for symbol, book in self.exchange.market.books.items():
            for side, half in (("BUY", book.bids), ("SELL", book.asks)):
                for price in half.prices():
                    queues[symbol, side, price] = [
                        order_id
                        for order_id, order in half.levels[price].orders.items()
                        if not order.iceberg_quantity
                    ]
        for place, former in self.queues.items():
            queue = queues.get(place, [])
            stayed = [order_id for order_id in former if order_id in queue]
            assert queue[: len(stayed)] == stayed, "overtaken"
        self.queues = queues

    @invariant()
    def what_waits_is_watched(self) -> None:
        engine = self.exchange.market.engine
        assert not engine.follow_ups
        for market in engine.markets.values():
            waiting = {
                order.order_id
                for records in engine.records.values()
                for order in records.open[market.spec.symbol].values()
                if order.phase is Phase.WAITING
            }
            assert set(market.triggers._waiting) == waiting

    @invariant()
    def lists_end_with_their_orders(self) -> None:
        engine = self.exchange.market.engine
        for account in self.accounts:
            for order_list in engine.records[account.uid].lists.values():
                assert order_list.is_open == any(order.is_open for order in order_list.orders)


class Trading(Bookkeeping):
    """All of them send what they like."""

    @rule(who=st.integers(0, 3), symbol=symbols, order=orders())
    def place(self, who: int, symbol: str, order: dict[str, Any]) -> None:
        self.send("order.place", who, symbol=symbol, **order)

    @rule(who=st.integers(0, 3), symbol=symbols, side=sides, price=prices, quantity=quantities)
    def place_limit(self, who: int, symbol: str, side: str, price: str, quantity: str) -> None:
        order = {"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": quantity}
        self.send("order.place", who, symbol=symbol, side=side, **order)

    @rule(who=st.integers(0, 3), side=sides, price=prices, quantity=quantities)
    def place_routed(self, who: int, side: str, price: str, quantity: str) -> None:
        order = {"type": "LIMIT", "timeInForce": "GTC", "price": price, "quantity": quantity}
        self.send("sor.order.place", who, symbol="BTCUSDT", side=side, **order)

    @rule(who=st.integers(0, 3), symbol=symbols, request=order_lists())
    def place_list(self, who: int, symbol: str, request: tuple[str, dict[str, Any]]) -> None:
        self.send(request[0], who, symbol=symbol, **request[1])

    @rule(
        who=st.integers(0, 3), pick=st.integers(0, 99), quantity=quantities, what=st.integers(0, 5)
    )
    def change(self, who: int, pick: int, quantity: str, what: int) -> None:
        """Cancel, amend or replace an open order."""
        orders = self.send("openOrders.status", who)
        if not orders:
            return
        order = orders[pick % len(orders)]
        symbol, order_id = order["symbol"], order["orderId"]
        match what:
            case 0:
                self.send("openOrders.cancelAll", who, symbol=symbol)
            case 1 | 2:
                self.send("order.cancel", who, symbol=symbol, orderId=order_id)
            case 3:
                self.send(
                    "order.cancelReplace",
                    who,
                    symbol=symbol,
                    cancelOrderId=order_id,
                    cancelReplaceMode="STOP_ON_FAILURE",
                    side=order["side"],
                    type="LIMIT",
                    timeInForce="GTC",
                    price="100.00",
                    quantity=quantity,
                )
            case _:
                self.send(
                    "order.amend.keepPriority",
                    who,
                    symbol=symbol,
                    orderId=order_id,
                    newQty=quantity,
                )


class Crowding(Bookkeeping):
    """Pairs and conditional orders within a few ticks: one price fires several, and they meet."""

    @rule(
        who=st.integers(0, 3),
        side=sides,
        what=st.sampled_from(["pair", "stop", "take profit"]),
        far=st.integers(1, 3),
        near=st.integers(1, 3),
        leg=st.integers(-3, 3),
    )
    def crowd(self, who: int, side: str, what: str, far: int, near: int, leg: int) -> None:
        """Lay pairs and conditional orders close around the market: one price fires several."""
        last = self.exchange.market.engine.last_price("BTCUSDT")
        assert last is not None
        tick = Decimal("0.01") if side == "BUY" else Decimal("-0.01")
        order = {"symbol": "BTCUSDT", "side": side, "quantity": "0.010"}
        working = {"timeInForce": "GTC", "price": f"{last + leg * tick:.2f}"}
        if what == "pair":
            stop, maker = ("above", "below") if side == "BUY" else ("below", "above")
            legs = {
                f"{stop}Type": "STOP_LOSS_LIMIT",
                f"{stop}StopPrice": f"{last + near * tick:.2f}",
                f"{stop}Price": working["price"],
                f"{stop}TimeInForce": "GTC",
                f"{maker}Type": "LIMIT_MAKER",
                f"{maker}Price": f"{last - far * tick:.2f}",
            }
            self.send("orderList.place.oco", who, **order, **legs)
        else:
            is_stop = what == "stop"
            kind = "STOP_LOSS_LIMIT" if is_stop else "TAKE_PROFIT_LIMIT"
            trigger = last + (near if is_stop else -near) * tick
            self.send("order.place", who, type=kind, stopPrice=f"{trigger:.2f}", **order, **working)

    @initialize()
    def open_market(self) -> None:
        self.trade(Decimal(100))

    @rule(
        who=st.permutations(range(4)),
        side=sides,
        trigger=st.integers(1, 2),
        far=st.integers(1, 2),
        leg=st.integers(1, 3),
        takes_profit=st.booleans(),
    )
    def meet(
        self,
        who: list[int],
        side: str,
        trigger: int,
        far: int,
        leg: int,
        takes_profit: bool,
    ) -> None:
        """Two fire at one price, and the first one reaches for the other's pair."""
        other = "SELL" if side == "BUY" else "BUY"
        if takes_profit:
            self.crowd(who[0], other, "take profit", 1, trigger, leg)
        self.crowd(who[1], side, "pair", far, trigger, leg)
        self.move(trigger if side == "BUY" else -trigger)

    @rule(up=st.integers(-3, 3))
    def move(self, up: int) -> None:
        """Let two accounts trade a few ticks away, where the book lets them."""
        last = self.exchange.market.engine.last_price("BTCUSDT")
        assert last is not None
        self.trade(last + up * Decimal("0.01"))

    def trade(self, price: Decimal) -> None:
        order = {"type": "LIMIT", "quantity": "0.010", "price": f"{price:.2f}"}
        for who, side, time in ((0, "SELL", "GTC"), (2, "BUY", "IOC")):
            self.send("order.place", who, symbol="BTCUSDT", side=side, timeInForce=time, **order)


TestTrading = Trading.TestCase
TestTrading.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestCrowding = Crowding.TestCase
TestCrowding.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
