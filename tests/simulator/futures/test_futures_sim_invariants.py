"""Whatever accounts do on futures, the exchange keeps its books: money, positions, queues, triggers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar

from futures_sim_venue import FUNDS, Venue
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from binance_wsapi.markets import Market
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.contracts import Money

CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")

who = st.integers(0, 5)
sides = st.sampled_from(["BUY", "SELL"])
ticks = st.integers(-4, 4)
sizes = st.integers(1, 5)
times = st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK", "GTX"])
modes = st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"])


class FuturesTrading(RuleBasedStateMachine):
    """Six accounts within nine prices of each other: in hedge mode, poor, or with isolated margin."""

    market: ClassVar[Market]
    unit: ClassVar[Decimal]
    centre = 60_000

    def __init__(self) -> None:
        super().__init__()
        self.venue = Venue(self.market)
        asset = next(iter(FUNDS[self.market]))
        poor = {asset: "400" if self.market is Market.USDM else "0.01"}
        self.traders = [self.venue.trader() for _ in range(3)]
        self.traders += [self.venue.trader(**poor) for _ in range(3)]
        self.engine = self.venue.market
        self.contract = self.engine.contracts[self.traders[0].symbol]
        for hedger in (1, 5):
            self.engine.settings.set_hedge_mode(self.traders[hedger].account, True)
        for isolated in (2, 4, 5):
            self.engine.settings.set_margin_type(
                self.traders[isolated].account, self.contract.symbol, is_isolated=True
            )
        self.deposited: dict[str, Decimal] = defaultdict(Decimal)
        for trader in self.traders:
            trader.account.leverages[trader.symbol] = 20
            for name, amount in trader.account.wallets.items():
                self.deposited[name] += amount
        self.queues: dict[tuple[str, Decimal], list[tuple[int, int]]] = {}
        self.send(0, "order.place", **self.limit("SELL", 0, 1))
        self.send(2, "order.place", **self.limit("BUY", 0, 1))

    def price(self, tick: int) -> str:
        return str(self.centre + tick)

    def limit(self, side: str, tick: int, size: int, **more: Any) -> dict[str, Any]:
        terms = {"side": side, "type": "LIMIT", "timeInForce": "GTC", "price": self.price(tick)}
        return terms | {"quantity": str(self.unit * size)} | more

    def send(self, sender: int, method: str, **params: Any) -> Any:
        """Send a request; what is refused changes nothing."""
        trader = self.traders[sender]
        self.venue.clock.advance(0.001)
        if trader.account.is_hedging and method in ("order.place", "algoOrder.place"):
            params.setdefault("positionSide", "LONG" if params["side"] == "BUY" else "SHORT")
            params.pop("reduceOnly", None)
        return self.attempt(lambda: trader.ask(method, symbol=trader.symbol, **params))

    def attempt(self, act: Callable[[], Any]) -> Any:
        before = self.state()
        try:
            return act()
        except ExchangeError:
            assert self.state() == before, "refused, and done all the same"
            return None

    def state(self) -> object:
        return [
            (
                dict(account.wallets),
                {
                    key: (one.amount, one.cost, one.isolated_wallet, one.is_isolated)
                    for key, one in account.positions.items()
                    if one.amount
                },
                dict(account.leverages),
                set(account.isolated_symbols),
                [
                    (one.order_id, one.status, one.executed, one.quantity, one.price)
                    for one in account.orders.values()
                ],
                [(one.algo_id, one.status) for one in account.conditional_orders.values()],
            )
            for account in self.engine.accounts.values()
        ]

    @rule(
        sender=who, side=sides, tick=ticks, size=sizes, time=times, mode=modes, reduce=st.booleans()
    )
    def place_limit(
        self, sender: int, side: str, tick: int, size: int, time: str, mode: str, reduce: bool
    ) -> None:
        more: dict[str, Any] = {"timeInForce": time, "selfTradePreventionMode": mode}
        if reduce:
            more["reduceOnly"] = "true"
        self.send(sender, "order.place", **self.limit(side, tick, size, **more))

    @rule(sender=who, side=sides, tick=ticks, size=sizes)
    def rest(self, sender: int, side: str, tick: int, size: int) -> None:
        self.send(sender, "order.place", **self.limit(side, tick, size))

    @rule(sender=who, side=sides, size=sizes, reduce=st.booleans())
    def place_market(self, sender: int, side: str, size: int, reduce: bool) -> None:
        more = {"reduceOnly": "true"} if reduce else {}
        quantity = str(self.unit * size)
        self.send(sender, "order.place", side=side, type="MARKET", quantity=quantity, **more)

    @rule(
        sender=who,
        side=sides,
        kind=st.sampled_from(CONDITIONAL),
        trigger=ticks,
        tick=ticks,
        size=sizes,
        close=st.sampled_from(["all", "reduce", "open"]),
        working=st.sampled_from(["CONTRACT_PRICE", "MARK_PRICE"]),
    )
    def place_conditional(
        self,
        sender: int,
        side: str,
        kind: str,
        trigger: int,
        tick: int,
        size: int,
        close: str,
        working: str,
    ) -> None:
        terms: dict[str, Any] = {"side": side, "type": kind, "workingType": working}
        name = "triggerPrice" if self.market is Market.USDM else "stopPrice"
        if kind.startswith("TRAILING"):
            terms["callbackRate"] = "0.1"
        else:
            terms[name] = self.price(trigger)
        if kind in ("STOP", "TAKE_PROFIT"):
            terms |= {"price": self.price(tick), "timeInForce": "GTC"}
        if close == "all" and kind in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
            terms["closePosition"] = "true"
        else:
            terms["quantity"] = str(self.unit * size)
            if close == "reduce":
                terms["reduceOnly"] = "true"
        if self.market is Market.USDM:
            self.send(sender, "algoOrder.place", algoType="CONDITIONAL", **terms)
        else:
            self.send(sender, "order.place", **terms)

    @rule(sender=who, pick=st.integers(0, 99), tick=ticks, size=sizes, cancels=st.booleans())
    def change(self, sender: int, pick: int, tick: int, size: int, cancels: bool) -> None:
        found = list(self.traders[sender].account.open_orders.values())
        if not found:
            return
        order = found[pick % len(found)]
        if cancels:
            self.send(sender, "order.cancel", orderId=order.order_id)
        else:
            terms = {"price": self.price(tick), "quantity": str(self.unit * size)}
            self.send(sender, "order.modify", orderId=order.order_id, side=order.side, **terms)

    @rule(tick=st.one_of(ticks, st.integers(-4000, 4000), st.sampled_from([-15_000, 15_000])))
    def move_mark(self, tick: int) -> None:
        """Mark prices trigger, and far ones liquidate."""
        self.engine.set_mark_price(self.traders[0].symbol, Decimal(self.price(tick)))

    @rule(
        sender=who,
        side=sides,
        size=sizes,
        tick=st.sampled_from([-15_000, -4000, 4000, 15_000]),
        is_caught=st.booleans(),
    )
    def gamble(self, sender: int, side: str, size: int, tick: int, is_caught: bool) -> None:
        """Open a position against the rich, and let the mark run for it or against it.

        Caught is who finds a counterpart there: the insurance pays for the way to it.
        """
        self.engine.set_mark_price(self.contract.symbol, None)
        other = "SELL" if side == "BUY" else "BUY"
        self.send(0, "order.place", **self.limit(other, 0, size))
        self.send(sender, "order.place", **self.limit(side, 0, size))
        if is_caught:
            self.send(0, "order.place", **self.limit("BUY" if tick < 0 else "SELL", tick, size))
        self.move_mark(tick)

    @rule(rate=st.sampled_from(["0.0001", "-0.0003", "0.02", "-0.02"]))
    def settle_funding(self, rate: str) -> None:
        self.engine.pay_funding(self.contract.symbol, Decimal(rate))

    @rule(sender=who, leverage=st.sampled_from([1, 3, 10, 20, 50, 125]))
    def set_leverage(self, sender: int, leverage: int) -> None:
        account = self.traders[sender].account
        self.attempt(
            lambda: self.engine.settings.set_leverage(account, self.contract.symbol, leverage)
        )

    @rule(sender=who, is_isolated=st.booleans())
    def set_margin_type(self, sender: int, is_isolated: bool) -> None:
        account, symbol = self.traders[sender].account, self.contract.symbol
        self.attempt(
            lambda: self.engine.settings.set_margin_type(account, symbol, is_isolated=is_isolated)
        )

    @rule(sender=who, side=st.integers(0, 1), part=st.sampled_from(["-0.9", "-0.1", "0.1", "1"]))
    def move_margin(self, sender: int, side: int, part: str) -> None:
        """Move margin in or out, in parts of the wallet."""
        account = self.traders[sender].account
        sides = account.position_sides
        position = account.held(self.contract, sides[side % len(sides)])
        whole = max(account.wallet(self.contract.margin_asset), Decimal(0))
        amount = (whole * Decimal(part)).quantize(Money)
        self.attempt(lambda: self.engine.settings.isolated_margin.move(account, position, amount))

    @invariant()
    def isolated_margin_is_set_apart(self) -> None:
        for account in self.engine.accounts.values():
            for (symbol, _), position in account.positions.items():
                assert position.is_isolated == (symbol in account.isolated_symbols)
                assert not position.isolated_wallet or (position.is_isolated and position.amount)
            has_cross = any(not one.is_isolated for one in account.open_positions())
            assert has_cross or account.cross_wallet(self.contract.margin_asset) >= 0

    @invariant()
    def nobody_trades_on_margin_that_is_eaten_up(self) -> None:
        for account in self.engine.accounts.values():
            for position in account.open_positions():
                backing = self.engine._risk.backing(account, position)
                assert backing.maintenance_margin < backing.margin_balance

    @invariant()
    def money_is_conserved(self) -> None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for table in (self.engine.fees, self.engine.margin_watch.insurance):
            for asset, amount in table.items():
                sums[asset] += amount
        for account in self.engine.accounts.values():
            for asset, amount in account.wallets.items():
                sums[asset] += amount
            for position in account.positions.values():
                contract = position.contract
                sums[contract.margin_asset] -= contract.profit_sign * position.cost
        for asset in set(sums) | set(self.deposited):
            assert sums[asset] == self.deposited[asset], asset

    @invariant()
    def every_long_has_its_short(self) -> None:
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for account in self.engine.accounts.values():
            for (symbol, side), position in account.positions.items():
                amounts[symbol] += position.amount
                assert side != "LONG" or position.amount >= 0
                assert side != "SHORT" or position.amount <= 0
                assert position.amount or not position.cost
        assert not any(amounts.values()), amounts
        held = [
            one.amount
            for account in self.engine.accounts.values()
            for one in account.open_positions()
        ]
        holdings = self.engine.holdings.now(self.contract)
        assert holdings.open_interest == sum(one for one in held if one > 0)
        assert (holdings.longs, holdings.shorts) == (
            sum(one > 0 for one in held),
            sum(one < 0 for one in held),
        )

    @invariant()
    def books_hold_what_is_open_in_order(self) -> None:
        book = self.engine.books[self.traders[0].symbol]
        bid, ask = book.bids.best(), book.asks.best()
        assert bid is None or ask is None or bid < ask
        on_book: set[int] = set()
        queues: dict[tuple[str, Decimal], list[tuple[int, int]]] = {}
        for side, half in (("BUY", book.bids), ("SELL", book.asks)):
            prices = list(half.prices())
            assert all(a > b if side == "BUY" else a < b for a, b in pairwise(prices))
            for price in prices:
                orders: list[Any] = list(half.levels[price].orders.values())
                assert half.quantity_at(price) == sum(one.remaining for one in orders) > 0
                queue = queues[side, price] = [
                    (one.order_id, len(one.amendments)) for one in orders
                ]
                stayed = [one for one in self.queues.get((side, price), []) if one in queue]
                assert queue[: len(stayed)] == stayed, "overtaken"
                for one in orders:
                    assert (one.side, one.price, one.is_open, one.is_resting) == (
                        *(side, price),
                        *(True, True),
                    )
                    on_book.add(one.order_id)
        self.queues = queues
        resting = {
            one.order_id
            for account in self.engine.accounts.values()
            for one in account.orders.values()
            if one.is_resting
        }
        assert resting == on_book

    @invariant()
    def orders_are_what_their_status_says(self) -> None:
        for account in self.engine.accounts.values():
            assert not account.is_liquidating
            for order in account.orders.values():
                assert 0 <= order.executed <= order.quantity or order.close_position
                assert (order.status == "FILLED") <= (not order.remaining)
                assert order.is_open == (order.order_id in account.open_orders)
                if order.is_open:
                    waits = order.type in CONDITIONAL
                    assert order.is_resting != waits, order.type
                    assert waits <= (order.order_id in self.engine._triggers._watches)

    @invariant()
    def conditional_orders_are_watched_until_they_end(self) -> None:
        watched = self.engine._triggers._watches
        for account in self.engine.accounts.values():
            for algo in account.conditional_orders.values():
                assert (algo.status == "NEW") == (algo.algo_id in watched)
                if algo.order is not None and not algo.order.is_open:
                    assert algo.status == "FINISHED"
        assert not self.engine._moves._waiting


class UsdmTrading(FuturesTrading):
    market = Market.USDM
    unit = Decimal("0.05")


class CoinmTrading(FuturesTrading):
    market = Market.COINM
    unit = Decimal(10)


_SETTINGS = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestUsdmTrading = UsdmTrading.TestCase
TestUsdmTrading.settings = _SETTINGS
TestCoinmTrading = CoinmTrading.TestCase
TestCoinmTrading.settings = _SETTINGS
