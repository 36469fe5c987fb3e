"""What the simulated user does: several tasks that trade at once, by seed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulation_exchange import SYMBOL, SimulatedExchange
from simulation_world import CallRecord, SimulatedClient, World

from binance_wsapi import WsKey
from binance_wsapi.errors import BinanceWsApiError, OutcomeUnknown
from binance_wsapi.protocol.signing import KeyType
from binance_wsapi.response import Response

__all__ = ["Plan", "Trader", "others_trade", "plan_of"]


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
class Known:
    """Orders the user knows of."""

    orders: list[tuple[int, str]] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)


class Trader:
    """One task of the user: it places, cancels, amends and asks."""

    def __init__(
        self, world: World, client: SimulatedClient, plan: Plan, rng: Random, known: Known
    ) -> None:
        self._world = world
        self._client = client
        self._plan = plan
        self._rng = rng
        self._known = known
        self._number = 0
        options = client.core.options
        self._limit = options.timeout + options.resolve_timeout

    async def trade(self) -> None:
        """Make all calls of this trader, one after the other."""
        for _ in range(self._plan.calls_each):
            if self._plan.bursts and self._rng.random() < 0.2:
                await asyncio.gather(*(self._place() for _ in range(25)))
            else:
                await self._rng.choices(_KINDS, _WEIGHTS)[0](self)
            await asyncio.sleep(self._rng.expovariate(1 / self._plan.pause_s))

    async def call(self, work: Callable[[], Awaitable[Any]]) -> CallRecord:
        """Make a call and keep the record of it."""
        world = self._world
        record = world.begin_call(self._limit, world.exchange)
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
        began = self._world.loop.time()
        loop = self._world.loop
        try:
            record.take(await record.outcome.resolve_async(timeout), loop.time())
        except BinanceWsApiError as error:
            record.take(error, loop.time())
        took = loop.time() - began
        assert took <= timeout + 0.5, f"resolve({timeout}) of call {record.number} took {took}"
        self._world.note(f"call {record.number} looked into again: {_shown(record.outcome)}")

    @property
    def _spot(self) -> Any:
        if self._plan.uses_two_connections and self._rng.random() < 0.5:
            return self._client.spot.using(WsKey.MAIN_WSAPI2)
        return self._client.spot

    def _own_id(self) -> str | None:
        """Choose a client order id, or leave it to the library."""
        self._number += 1
        if self._rng.random() < 0.5:
            return None
        return f"mine-{id_of(self._rng)}-{self._number}"

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
            lambda: self._spot.submit_new_order(
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
            lambda: self._spot.submit_new_order(
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
            self._known.lists.append(record.outcome.raw["result"]["orderListId"])

    async def _cancel(self) -> None:
        if self._known.orders:
            order_id, client_id = self._rng.choice(self._known.orders)
            which: dict[str, Any] = (
                {"order_id": order_id}
                if self._rng.random() < 0.5
                else {"orig_client_order_id": client_id}
            )
            await self.call(lambda: self._spot.cancel_order(symbol=SYMBOL, **which))

    async def _cancel_list(self) -> None:
        if self._known.lists:
            order_list_id = self._rng.choice(self._known.lists)
            await self.call(
                lambda: self._spot.cancel_order_list(symbol=SYMBOL, order_list_id=order_list_id)
            )

    async def _cancel_all(self) -> None:
        await self.call(lambda: self._spot.cancel_all_open_orders(symbol=SYMBOL))

    async def _replace(self) -> None:
        if not self._known.orders:
            return await self._place()
        order_id, client_id = self._rng.choice(self._known.orders)
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
        if self._known.orders:
            order_id, client_id = self._rng.choice(self._known.orders)
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

    async def _read(self) -> None:
        spot, rng = self._spot, self._rng
        reads: list[Callable[[], Awaitable[Any]]] = [
            lambda: spot.get_open_orders(symbol=SYMBOL),
            spot.get_account_information,
            spot.get_server_time,
            lambda: spot.get_order_book(symbol=SYMBOL, limit=5),
            lambda: spot.get_my_trades(symbol=SYMBOL),
        ]
        if self._known.orders:
            order_id = rng.choice(self._known.orders)[0]
            reads.append(lambda: spot.get_order_status(symbol=SYMBOL, order_id=order_id))
        await self.call(rng.choice(reads))

    def _learn(self, record: CallRecord) -> None:
        outcome = record.outcome
        if isinstance(outcome, Response):
            order = outcome.raw["result"]
            order = order.get("newOrderResponse", order)
            self._known.orders.append((order["orderId"], order["clientOrderId"]))


_Doing = Callable[[Trader], Awaitable[None]]
_TABLE: tuple[tuple[_Doing, int], ...] = (
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
_KINDS = [kind for kind, _ in _TABLE]
_WEIGHTS = [weight for _, weight in _TABLE]


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


def id_of(rng: Random) -> str:
    """Make up a part of an id."""
    return f"{rng.getrandbits(40):010x}"


def _shown(outcome: Any) -> str:
    if isinstance(outcome, Response):
        mark = " resolved" if outcome.resolved else ""
        return f"ok{mark} {str(outcome.raw.get('result'))[:120]}"
    return f"{type(outcome).__name__}: {outcome}"[:240]
