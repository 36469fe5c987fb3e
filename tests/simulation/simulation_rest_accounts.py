"""One account by its seed whose stream hangs on a listen key from REST: portfolio margin, or options.

``python tests/simulation/simulation_rest_accounts.py 0 100000`` runs many, on all processors, and prints what fails;
``--trace 17`` prints what happens in one.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from simulation_adversary import Adversary
from simulation_checks import check_nothing_left
from simulation_event_checks import check_events
from simulation_exchange import RICH, Happening, SimulatedExchange
from simulation_scenario import Plan, SlowSigner
from simulation_stage import Report, main, play
from simulation_world import World

from binance_wsapi import WsKey
from binance_wsapi.events import OrderReconciled, StreamGap
from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.listen_keys import ListenKeys

__all__ = ["simulate_rest_account"]

HOST = "rest"
PEACE_S = 200.0
"""Longer than any reconnect, any question, and any two signs of life of a key take."""
SIGN_OF_LIFE = "sign-of-life"
"""The client id of the order that is placed in peace."""

_OPTION_PRICE = "500"
_decode = msgspec.json.Decoder().decode
_PATHS = {
    WsKey.PORTFOLIO_MARGIN_USER_DATA: "/pm/ws",
    WsKey.EOPTIONS_USER_DATA: "/eoptions/private/ws",
}


def simulate_rest_account(seed: int, *, keep_trace: bool = False) -> Report:
    """Run one seed and judge it.

    Args:
        seed: Where all chance comes from.
        keep_trace: Keep what happened even if nothing went wrong.
    """
    return play(seed, _happens, name="rest", test="test_rest_accounts.py", keep_trace=keep_trace)


class RestAccount:
    """An account of the exchange whose listen key comes from REST, and the truth about it.

    Attributes:
        market: Where it trades: Spot and USD-M under portfolio margin, or options.
        source: Whose events its stream tells.
        keys: Where its listen key lives.
    """

    answers_oddly = False

    def __init__(self, world: World, exchange: SimulatedExchange, market: Market) -> None:
        self._world = world
        self.exchange = exchange
        self.market = market
        self.events: list[Happening] = []
        venue, owner = exchange.venue, exchange.account.uid
        self.source: EventSource
        self._trader: EventSource
        self.keys: ListenKeys
        if market is Market.EOPTIONS:
            options = venue.eoptions.market
            self._trader = self.source = options.open_account(owner, Decimal(RICH["USDT"]))
            self.keys = options.listen_keys
            self._symbol = next(
                each.symbol
                for each in options.options.values()
                if each.is_call and each.strike == 65_000
            )
        else:
            found = venue.portfolio_margin.account(owner)
            self.source, self.keys = (
                venue.portfolio_margin.source(owner),
                venue.portfolio_margin.keys,
            )
            self._trader = venue.services[market].account(found.uid)
            for asset, amount in RICH.items():
                venue.spot.deposit(found, asset, Decimal(amount))
            usdm = venue.futures[Market.USDM].account(found.uid)
            usdm.credit("USDT", Decimal(RICH["USDT"]), exchange.clock.now_us())
        self.source.listeners.append(self._happened)
        self._number = 0

    @property
    def names(self) -> set[str]:
        """The client ids of all its orders."""
        return {each.order["c"] for each in self.events if each.is_order}

    @property
    def clock_moved_ms(self) -> int:
        return self.exchange.clock_moved_ms

    @property
    def ws_key(self) -> WsKey:
        is_option = self.market is Market.EOPTIONS
        return WsKey.EOPTIONS_USER_DATA if is_option else WsKey.PORTFOLIO_MARGIN_USER_DATA

    def trade(self, rng: Random) -> None:
        """Let something happen to its orders."""
        kind = rng.choice(("place", "place", "fill", "fill", "cancel"))
        quantity = f"0.0{rng.randint(10, 99)}"
        if self.market is Market.EOPTIONS:
            quantity = str(rng.randint(1, 3))
        if kind == "place":
            self.order(f"order-{self._next()}", quantity)
        elif kind == "fill":
            self._fill(quantity)
        else:
            open_ids = self._open_orders()
            if open_ids:
                self._cancel(rng.choice(open_ids))

    def order(self, client_id: str, quantity: str = "1") -> None:
        """Place an order that rests."""
        params = {"side": "BUY", "type": "LIMIT", "quantity": quantity}
        if self.market is Market.EOPTIONS:
            params |= {"price": _OPTION_PRICE, "clientOrderId": client_id}
            self._option("POST /eapi/v1/order", self._trader.uid, params)
        else:
            params |= {"price": "64950", "timeInForce": "GTC", "newClientOrderId": client_id}
            self.exchange.perform("order.place", {**params}, self._trader)

    def _fill(self, quantity: str) -> None:
        params = {"side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "quantity": quantity}
        if self.market is Market.EOPTIONS:
            stranger = self.exchange.venue.stranger(self.market, self._symbol)
            params |= {"price": _OPTION_PRICE, "clientOrderId": f"stranger-{self._next()}"}
            self._option("POST /eapi/v1/order", stranger.uid, params)
        else:
            self.exchange.trade("order.place", price="64950", **params)

    def _cancel(self, order_id: int) -> None:
        params: dict[str, Any] = {"orderId": str(order_id)}
        if self.market is Market.EOPTIONS:
            self._option("DELETE /eapi/v1/order", self._trader.uid, params)
        else:
            self.exchange.perform("order.cancel", params, self._trader)

    def _option(self, call: str, uid: int, params: dict[str, str]) -> None:
        asked = {"symbol": self._symbol, **params}
        try:
            self.exchange.venue.rest.perform(Market.EOPTIONS, call, uid, asked)
        except ExchangeError as error:
            self._world.note(f"{call}: {error.message}")

    def _open_orders(self) -> list[int]:
        open_ids: dict[int, bool] = {}
        for each in self.events:
            if each.is_order:
                open_ids[each.order["i"]] = each.order["X"] in ("NEW", "PARTIALLY_FILLED")
        return [order_id for order_id, is_open in open_ids.items() if is_open]

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _happened(self, event: dict[str, Any]) -> None:
        wire: dict[str, Any] = _decode(encode(event, microseconds=False))
        happening = Happening(self._world.loop.time(), wire, _order_in(wire).get("c"))
        self.events.append(happening)
        self._world.note(f"  {self.market.value}: {wire}")


class RestAdversary(Adversary):
    """Spoils connections, REST requests and listen keys.

    Args:
        world: What it attacks.
        rng: Where its ideas come from.
        account: Whose listen key it ends.
    """

    def __init__(self, world: World, rng: Random, account: RestAccount) -> None:
        super().__init__(world, rng)
        self._account = account
        attacks = [
            self._cut,
            self._half_open,
            self._wedge,
            self._stall,
            self._shut_down,
            self._close_politely,
            self._refuse_handshakes,
            self._take_network_down,
            self._revoke_for_a_while,
            self._slow_down,
            self._expire_key,
            self._close_key,
            self._lose_requests,
        ]
        self._attacks = rng.sample(attacks, rng.choice((0, 1, 2, 3, 6, len(attacks))))
        self._pause_s = rng.choice((1.0, 3.0, 10.0))

    def stop(self) -> None:
        """Leave everything in peace."""
        self._world.network.weather.rest_losses = 0.0
        super().stop()

    def _expire_key(self) -> None:
        self._world.inject("listen key expired")
        self._account.keys.expire(self._account.source)

    def _close_key(self) -> None:
        """Somebody else gives the account's key back: no event tells of it."""
        if self._account.keys.has_key(self._account.source.uid):
            self._world.inject("listen key closed")
            self._account.keys.stop(self._account.source)

    def _lose_requests(self) -> None:
        part = self._rng.choice((0.0, 0.2, 0.5, 1.0))
        self._world.inject(f"REST loses {part}")
        self._world.network.weather.rest_losses = part


async def _happens(world: World, plan: Plan, rng: Random, report: Report) -> None:
    market = rng.choice((Market.SPOT, Market.USDM, Market.EOPTIONS))
    traded = Market.USDM if market is Market.USDM else Market.SPOT
    exchange = world.open_exchange(HOST, world.wall_us(), traded)
    account = RestAccount(world, exchange, market)
    key = world.make_key(plan.key_type)
    secret: dict[str, Any] = (
        {"signer": SlowSigner(key.api_secret)}
        if plan.signs_slowly
        else {"api_secret": key.api_secret}
    )
    urls = {account.ws_key: f"ws://{HOST}{_PATHS[account.ws_key]}", "rest": f"http://{HOST}"}
    client = world.client(urls=urls, api_key=key.api_key, **secret, **plan.options)
    world.note(f"{market.value} {plan}")
    stream = await client.subscribe_user_data_stream(account.ws_key)
    since = world.loop.time()
    adversary = RestAdversary(world, rng, account)
    attack = world.loop.create_task(adversary.attack())
    for _ in range(rng.randint(10, 60)):
        await asyncio.sleep(rng.expovariate(1.0))
        account.trade(rng)
    adversary.stop()
    attack.cancel()
    await asyncio.gather(attack, return_exceptions=True)
    await asyncio.sleep(PEACE_S)
    account.order(SIGN_OF_LIFE)
    await asyncio.sleep(10.0)
    until = world.loop.time() - 5.0
    await client.close()
    if world.host.ending is not None:
        await world.host.ending
    delivered: list[Any] = []
    async for item in stream:
        delivered.append(item)
        world.note(f"delivered {item}")
    await asyncio.sleep(900.0)  # half-open connections are the exchange's to close
    report.outcomes.update(
        type(item).__name__ for item in delivered if isinstance(item, StreamGap | OrderReconciled)
    )
    told = {order["c"] for order in map(_order_in, delivered) if order.get("x") == "NEW"}
    report.problems += check_events(
        account,
        delivered,
        since,
        until,
        microseconds=True,
        # What others made in a gap and ended in it, nobody can ask for: its name was never told.
        unknown=account.names - told,
    )
    if SIGN_OF_LIFE not in told:
        report.problems.append("no event comes in peace")
    report.problems += check_nothing_left(world, client)


def _order_in(item: Any) -> dict[str, Any]:
    """Return the part of an event that tells of an order."""
    if not isinstance(item, dict):
        return {}
    part = item.get("o")
    return part if isinstance(part, dict) else item


if __name__ == "__main__":
    main(simulate_rest_account)
