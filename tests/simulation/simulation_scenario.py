"""What the simulated user does: several tasks that trade at once, by seed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from simulation_exchange import SYMBOL, SimulatedExchange
from simulation_patience import Patience
from simulation_world import CallRecord, SimulatedClient, World

from binance_wsapi import WsKey
from binance_wsapi.errors import BinanceWsApiError, OutcomeUnknown
from binance_wsapi.markets import Market
from binance_wsapi.protocol.signing import KeyType
from binance_wsapi.response import Response

__all__ = [
    "Desk",
    "Plan",
    "Trader",
    "desks_of",
    "others_trade",
    "others_use_limits",
    "plan_of",
    "set_clock",
]


@dataclass
class Plan:
    """What distinguishes one seed's user from another's."""

    options: dict[str, Any]
    key_type: str
    signs_slowly: bool
    traders: int
    calls_each: int
    pause_s: float
    subscribes: bool
    rotations: int
    closes_early: bool
    others_pause_s: float
    uses_two_connections: bool
    bursts: bool
    weight_limit: int | None
    """Request weight a minute, where it is not the documented one."""
    second_clock_s: float | None
    """By how much the clock of a second exchange differs; ``None`` where there is none."""
    second_market: Market
    """What is traded on the second exchange."""
    gives_up: float
    """How often the user waits for no answer."""
    repeats_ids: bool
    """Client order ids of the user's own come again."""
    subscribes_twice: bool
    """The account's events are read on a second connection as well."""
    shares_address: bool
    """Another process of the user's trades for the same account from the same address."""
    sets_clock: bool
    """The user sets the clock by hand now and then, often wrongly."""


def plan_of(rng: Random) -> Plan:
    """Make up a user."""
    options: dict[str, Any] = {
        "beautify": False,
        "timeout": rng.choice((1.0, 3.0, 10.0)),
        "resolve_timeout": rng.choice((5.0, 30.0, 60.0)),
        "on_unknown_outcome": rng.choice(("resolve", "resolve", "resolve", "raise")),
        "on_rate_limit": rng.choice(("raise", "wait")),
        "recv_window": rng.choice((None, None, 1_000, 10_000, 30_000)),
        "ping_interval": rng.choice((2.0, 10.0)),
        "pong_timeout": rng.choice((1.0, 5.0)),
        "rotate_after": rng.choice((None, rng.uniform(4.0, 40.0))),
        "connect_timeout": rng.choice((2.0, 10.0)),
        "time_unit": rng.choice((None, None, "MICROSECOND")),
        "resubscribe_user_data_stream_delay_seconds": rng.choice((0.5, 2.0)),
        "mute_latency_warning": True,
    }
    key_type = rng.choice(("ed25519", "ed25519", "hmac"))
    return Plan(
        options=options,
        key_type=key_type,
        signs_slowly=key_type == "hmac" and rng.random() < 0.4,
        traders=rng.randint(1, 4),
        calls_each=rng.randint(2, 8),
        pause_s=rng.choice((0.02, 0.3, 2.0)),
        subscribes=rng.random() < 0.8,
        rotations=rng.choice((0, 0, 1, 3)),
        closes_early=rng.random() < 0.1,
        others_pause_s=rng.choice((0.2, 1.0, 4.0)),
        uses_two_connections=rng.random() < 0.15,
        bursts=rng.random() < 0.1,
        weight_limit=rng.choice((None, None, None, 150, 400)),
        second_clock_s=rng.choice((None,) * 9 + (-7_200.0, -20.0, 20.0, 90.0)),
        second_market=rng.choice((Market.SPOT, Market.USDM)),
        gives_up=rng.choice((0.0, 0.0, 0.0, 0.1, 0.5)),
        repeats_ids=rng.random() < 0.15,
        subscribes_twice=rng.random() < 0.15,
        shares_address=rng.random() < 0.1,
        sets_clock=rng.random() < 0.1,
    )


class SlowSigner:
    """A signer of the user's own, which must not run on the core's loop."""

    key_type = KeyType.HMAC
    slow = True

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, payload: bytes) -> str:
        import hmac

        return hmac.new(self._secret, payload, "sha256").hexdigest()


@dataclass
class Desk:
    """Where the user trades, and the orders that are known there."""

    exchange: SimulatedExchange
    ws_keys: tuple[WsKey, ...]
    orders: list[tuple[int, str]] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    own_ids: list[str] = field(default_factory=list)
    """Client order ids that the user has made up."""


class Trader:
    """One task of the user: it places, cancels, amends and asks."""

    def __init__(
        self, world: World, client: SimulatedClient, plan: Plan, rng: Random, desks: list[Desk]
    ) -> None:
        self._world = world
        self._client = client
        self._plan = plan
        self._rng = rng
        self._desks = desks
        self._desk = desks[0]
        options = client.core.runtime.options
        self._limit = options.timeout + options.resolve_timeout

    async def trade(self) -> None:
        """Make all calls of this trader, one after the other."""
        for _ in range(self._plan.calls_each):
            self._desk = self._rng.choice(self._desks)
            if self._plan.bursts and self._rng.random() < 0.2:
                await asyncio.gather(*(self._place() for _ in range(25)))
            else:
                kinds, weights = _KINDS[self._desk.exchange.market]
                await self._rng.choices(kinds, weights)[0](self)
            await asyncio.sleep(self._rng.expovariate(1 / self._plan.pause_s))

    async def call(self, work: Callable[[], Awaitable[Any]]) -> CallRecord:
        """Make a call and keep the record of it."""
        world = self._world
        record = world.begin_call(self._limit, self._desk.exchange)
        if self._rng.random() < self._plan.gives_up:
            work = partial(Patience.of(self._rng).bear, work)
        try:
            record.take(await work(), world.loop.time())
        except BinanceWsApiError as error:
            record.take(error, world.loop.time())
        record.ended = world.loop.time()
        world.note(f"call {record.number} {record.method}: {_shown(record.outcome)}")
        if isinstance(record.outcome, OutcomeUnknown) and self._rng.random() < 0.5:
            await self.look_again(record, self._rng.choice((3.0, 30.0)))
        return record

    async def look_again(self, record: CallRecord, timeout: float) -> None:
        """Ask once more what became of an unknown outcome."""
        loop = self._world.loop
        began = loop.time()
        try:
            record.take(await record.outcome.resolve_async(timeout), loop.time())
        except BinanceWsApiError as error:
            record.take(error, loop.time())
        took = loop.time() - began
        assert took <= timeout + 0.5, f"resolve({timeout}) of call {record.number} took {took}"
        self._world.note(f"call {record.number} looked into again: {_shown(record.outcome)}")

    @property
    def _orders(self) -> Any:
        """The operations of the market that is traded."""
        if self._desk.exchange.market is Market.USDM:
            return self._client.usdm
        return self._spot

    @property
    def _spot(self) -> Any:
        return self._client.spot.using(self._rng.choice(self._desk.ws_keys))

    def _own_id(self) -> str | None:
        """Choose a client order id, or leave it to the library."""
        used = self._desk.own_ids
        if self._rng.random() < 0.5:
            return None
        if self._plan.repeats_ids and used and self._rng.random() < 0.5:
            return used[-1]
        used.append(f"mine-{id_of(self._rng)}-{len(used)}")
        return used[-1]

    def _side(self) -> str:
        return self._rng.choice(("BUY", "SELL"))

    def _resting_price(self, side: str) -> str:
        offset = self._rng.randint(1, 40)
        return str(65_000 - offset if side == "BUY" else 65_000 + offset)

    async def _place(self) -> None:
        side = self._side()
        kind = self._rng.choice(("rest", "rest", "take", "market"))
        terms: dict[str, Any] = {"type": "LIMIT", "time_in_force": "GTC"}
        if kind == "market":
            terms = {"type": "MARKET"}
        elif kind == "take":
            terms |= {"time_in_force": "IOC", "price": "65200" if side == "BUY" else "64800"}
        else:
            terms |= {"price": self._resting_price(side)}
        record = await self.call(
            lambda: self._orders.submit_new_order(
                symbol=SYMBOL,
                side=side,
                quantity=f"0.0{self._rng.randint(10, 99)}",
                new_client_order_id=self._own_id(),
                **terms,
            )
        )
        self._learn(record)

    async def _place_refused(self) -> None:
        await self.call(
            lambda: self._orders.submit_new_order(
                symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.000001"
            )
        )

    async def _place_list(self) -> None:
        quantity = f"0.0{self._rng.randint(10, 99)}"
        if self._rng.random() < 0.5:
            record = await self.call(
                lambda: self._spot.place_oco_order_list(
                    symbol=SYMBOL,
                    side="SELL",
                    quantity=quantity,
                    above_type="LIMIT_MAKER",
                    above_price="65090",
                    below_type="STOP_LOSS_LIMIT",
                    below_stop_price="64000",
                    below_price="63900",
                    below_time_in_force="GTC",
                    list_client_order_id=self._own_id(),
                )
            )
        else:
            record = await self.call(
                lambda: self._spot.place_oto_order_list(
                    symbol=SYMBOL,
                    working_type="LIMIT",
                    working_side="BUY",
                    working_price=self._resting_price("BUY"),
                    working_quantity=quantity,
                    working_time_in_force="GTC",
                    pending_type="LIMIT",
                    pending_side="SELL",
                    pending_price="65080",
                    pending_quantity="0.005",
                    pending_time_in_force="GTC",
                    list_client_order_id=self._own_id(),
                )
            )
        if isinstance(record.outcome, Response):
            self._desk.lists.append(record.outcome.raw["result"]["orderListId"])

    async def _cancel(self) -> None:
        if self._desk.orders:
            order_id, client_id = self._rng.choice(self._desk.orders)
            which: dict[str, Any] = (
                {"order_id": order_id}
                if self._rng.random() < 0.5
                else {"orig_client_order_id": client_id}
            )
            await self.call(lambda: self._orders.cancel_order(symbol=SYMBOL, **which))

    async def _cancel_list(self) -> None:
        if self._desk.lists:
            order_list_id = self._rng.choice(self._desk.lists)
            await self.call(
                lambda: self._spot.cancel_order_list(symbol=SYMBOL, order_list_id=order_list_id)
            )

    async def _cancel_all(self) -> None:
        if self._rng.random() < 0.5:
            await self._place()  # right behind an order that was acknowledged
        await self.call(lambda: self._spot.cancel_all_open_orders(symbol=SYMBOL))

    async def _replace(self) -> None:
        if not self._desk.orders:
            return await self._place()
        order_id, client_id = self._rng.choice(self._desk.orders)
        which: dict[str, Any] = (
            {"cancel_order_id": order_id}
            if self._rng.random() < 0.5
            else {"cancel_orig_client_order_id": client_id}
        )
        side = self._side()
        record = await self.call(
            lambda: self._spot.cancel_replace_order(
                symbol=SYMBOL,
                cancel_replace_mode=self._rng.choice(("STOP_ON_FAILURE", "ALLOW_FAILURE")),
                side=side,
                type="LIMIT",
                time_in_force="GTC",
                price=self._resting_price(side),
                quantity=f"0.0{self._rng.randint(10, 99)}",
                new_client_order_id=self._own_id(),
                **which,
            )
        )
        self._learn(record)
        return None

    async def _amend(self) -> None:
        if self._desk.orders:
            order_id, client_id = self._rng.choice(self._desk.orders)
            which: dict[str, Any] = (
                {"order_id": order_id}
                if self._rng.random() < 0.5
                else {"orig_client_order_id": client_id}
            )
            await self.call(
                lambda: self._spot.amend_order_keep_priority(
                    symbol=SYMBOL, new_qty=f"0.00{self._rng.randint(10, 99)}", **which
                )
            )

    async def _modify(self) -> None:
        if self._desk.orders:
            order_id, client_id = self._rng.choice(self._desk.orders)
            which: dict[str, Any] = (
                {"order_id": order_id}
                if self._rng.random() < 0.5
                else {"orig_client_order_id": client_id}
            )
            side = self._side()
            await self.call(
                lambda: self._client.usdm.modify_order(
                    symbol=SYMBOL,
                    side=side,
                    price=self._resting_price(side),
                    quantity=f"0.0{self._rng.randint(10, 99)}",
                    **which,
                )
            )

    async def _read_futures(self) -> None:
        usdm = self._client.usdm
        reads: list[Callable[[], Awaitable[Any]]] = [
            usdm.get_account_status_v2,
            lambda: usdm.get_order_book(symbol=SYMBOL, limit=5),
        ]
        if self._desk.orders:
            order_id = self._rng.choice(self._desk.orders)[0]
            reads.append(lambda: usdm.get_order_status(symbol=SYMBOL, order_id=order_id))
        await self.call(self._rng.choice(reads))

    async def _read(self) -> None:
        spot, rng = self._spot, self._rng
        reads: list[Callable[[], Awaitable[Any]]] = [
            lambda: spot.get_open_orders(symbol=SYMBOL),
            spot.get_account_information,
            spot.get_server_time,
            lambda: spot.get_order_book(symbol=SYMBOL, limit=5),
            lambda: spot.get_my_trades(symbol=SYMBOL),
        ]
        if self._desk.orders:
            order_id = rng.choice(self._desk.orders)[0]
            reads.append(lambda: spot.get_order_status(symbol=SYMBOL, order_id=order_id))
        await self.call(rng.choice(reads))

    def _learn(self, record: CallRecord) -> None:
        outcome = record.outcome
        if isinstance(outcome, Response):
            order = outcome.raw["result"]
            order = order.get("newOrderResponse", order)
            self._desk.orders.append((order["orderId"], order["clientOrderId"]))


_Doing = Callable[[Trader], Awaitable[None]]
_SPOT: tuple[tuple[_Doing, int], ...] = (
    (Trader._place, 40),
    (Trader._place_refused, 3),
    (Trader._place_list, 10),
    (Trader._cancel, 14),
    (Trader._cancel_list, 3),
    (Trader._cancel_all, 3),
    (Trader._replace, 10),
    (Trader._amend, 7),
    (Trader._read, 12),
)
_USDM: tuple[tuple[_Doing, int], ...] = (
    (Trader._place, 50),
    (Trader._place_refused, 5),
    (Trader._cancel, 20),
    (Trader._modify, 20),
    (Trader._read_futures, 10),
)
_KINDS = {
    market: ([kind for kind, _ in table], [weight for _, weight in table])
    for market, table in ((Market.SPOT, _SPOT), (Market.USDM, _USDM))
}
"""What is done on each market, and how often."""


_SECOND = {Market.SPOT: WsKey.MAIN_WSAPI_TESTNET, Market.USDM: WsKey.USDM_WSAPI}
"""How the client connects to a second exchange."""


def desks_of(world: World, plan: Plan) -> list[Desk]:
    """Return where a user trades."""
    first = (WsKey.MAIN_WSAPI, WsKey.MAIN_WSAPI2)
    desks = [Desk(world.exchange, first if plan.uses_two_connections else first[:1])]
    desks += [
        Desk(exchange, (_SECOND[exchange.market],))
        for exchange in world.exchanges.values()
        if exchange is not world.exchange
    ]
    return desks


async def set_clock(world: World, client: SimulatedClient, rng: Random) -> None:
    """Set the clock by hand now and then, as a user would who looked it up: often wrongly."""
    for _ in range(rng.randint(1, 4)):
        await asyncio.sleep(rng.expovariate(1 / 5.0))
        error_s = rng.choice((None, None, 0.0, -0.4, -3.0, 0.5, 5.0, 60.0, 3_600.0))
        world.inject(f"clock set by hand, wrong by {error_s} s")
        if error_s is None:
            client.set_time_offset_ms(None)
        else:
            offset_us = world.exchange.clock.now_us() - world.wall_us()
            client.set_time_offset_ms(offset_us // 1000 + round(error_s * 1000))
            for exchange in world.exchanges.values():
                apart_us = world.exchange.clock.now_us() - exchange.clock.now_us()
                exchange.clock_is_misjudged(error_s + apart_us / 1e6)


async def others_trade(exchange: SimulatedExchange, rng: Random, pause_s: float) -> None:
    """Let others trade against what rests, for ever."""
    while True:
        await asyncio.sleep(rng.expovariate(1 / pause_s))
        side = rng.choice(("BUY", "SELL"))
        exchange.trade(
            "order.place",
            side=side,
            type="LIMIT",
            timeInForce="IOC",
            price="64960" if side == "SELL" else "65040",
            quantity=f"0.0{rng.randint(10, 99)}",
        )


async def others_use_limits(exchange: SimulatedExchange, rng: Random) -> None:
    """Let another process use up weight and orders of the same address and account, for ever."""
    exchange.foreign_weight = True
    limit = exchange.limits.rules.weight.limit
    while True:
        await asyncio.sleep(rng.expovariate(1.0))
        exchange.use_limits(rng.randint(1, limit // 20), orders=rng.choice((0, 1, 3, 10)))


def id_of(rng: Random) -> str:
    """Make up a part of an id."""
    return f"{rng.getrandbits(40):010x}"


def _shown(outcome: Any) -> str:
    if isinstance(outcome, Response):
        mark = " resolved" if outcome.resolved else ""
        return f"ok{mark} {str(outcome.raw.get('result'))[:120]}"
    return f"{type(outcome).__name__}: {outcome}"[:240]
