"""What the simulation found, each as a scenario of its own that ran wrong once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import simulation_network
from simulation_exchange import SYMBOL
from simulation_rest_accounts import RestAccount
from simulation_scenario import SlowSigner
from simulation_world import SimulatedClient, World

from binance_wsapi import WsKey
from binance_wsapi.core.carriers import Carriers
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    NotPlaced,
    NotSent,
    OutcomeUnknown,
    PartlyExecuted,
)
from binance_wsapi.events import AccountReconciled, OrderReconciled, StreamGap
from binance_wsapi.journal.lock import FileLock
from binance_wsapi.markets import Market
from binance_wsapi.response import Response
from binance_wsapi.simulator.doors.request_limits import LimitRules, Window
from binance_wsapi.simulator.doors.sessions import ApiConnection

Scenario = Callable[[World, SimulatedClient], Awaitable[Any]]


def play(
    scenario: Scenario,
    *,
    key_type: str = "ed25519",
    signs_slowly: bool = False,
    rules: LimitRules | None = None,
    **options: Any,
) -> Any:
    """Run a scenario in virtual time with a client of the embedded exchange; return what it returns."""
    world = World(1, rules=rules)
    key = world.make_key(key_type)
    secret: dict[str, Any] = (
        {"signer": SlowSigner(key.api_secret)} if signs_slowly else {"api_secret": key.api_secret}
    )

    async def run() -> Any:
        client = world.client(
            api_key=key.api_key,
            **secret,
            beautify=False,
            mute_latency_warning=True,
            **options,
        )
        try:
            return await scenario(world, client)
        finally:
            await client.close()
            assert world.host.ending is not None
            await world.host.ending

    try:
        return world.loop.run_until_complete(run())
    finally:
        world.exchange.clock.stop()
        world.loop.close()


async def place(client: SimulatedClient, **terms: Any) -> Any:
    """Place an order that rests, and return the response or the error."""
    given: dict[str, Any] = {
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "price": "64990",
        "quantity": "0.01",
    }
    try:
        return await client.spot.submit_new_order(symbol=SYMBOL, **(given | terms))
    except BinanceWsApiError as error:
        return error


def cut_all(world: World, **how: Any) -> None:
    """Cut every connection, by default so that both sides see it at once and all under way is lost."""
    given: dict[str, Any] = {
        "seen_after": 0.0,
        "known_after": 0.0,
        "loses_out": True,
        "loses_back": True,
    }
    for wire in list(world.network.wires.values()):
        wire.cut(**(given | how))


def end_subscriptions(world: World) -> None:
    """Have the exchange end every subscription."""
    for door in world.exchange.venue.gateway.connections:
        assert isinstance(door.inner, ApiConnection)
        for subscription in list(door.inner._subscriptions.values()):
            door.inner._terminate(subscription)


def used_weight(client: SimulatedClient) -> int:
    governor = client.core.runtime.exchanges.governor_of(WsKey.MAIN_WSAPI)
    limits = governor.usage(client.core.runtime.now())
    return next(each.count for each in limits if each.rate_limit_type == "REQUEST_WEIGHT")


async def a_minute_begins(world: World) -> None:
    """Wait until limits count anew."""
    await asyncio.sleep(60.0 - world.exchange.clock.now_us() / 1e6 % 60.0 + 1.0)


async def events_within(stream: Any, seconds: float) -> list[Any]:
    """Return what a stream brings in so many seconds."""
    await asyncio.sleep(seconds)
    return [await stream.get_async() for _ in range(len(stream))]


def test_a_gap_is_told_in_the_time_of_the_events_it_swallowed() -> None:
    """A wall clock that is a day wrong would send people looking for their fills in the wrong day."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.wall_error_us = 86_400_000_000
        began_us = world.exchange.clock.now_us()
        await asyncio.sleep(1.0)
        cut_all(world)
        events = await events_within(stream, 10.0)
        return began_us // 1000, events, world.exchange.clock.now_us() // 1000

    began_ms, events, ended_ms = play(scenario)

    gap = next(event for event in events if isinstance(event, StreamGap))
    assert began_ms - 10_000 <= gap.from_ms <= gap.until_ms <= ended_ms


def test_a_subscription_whose_answer_was_lost_is_replaced() -> None:
    """The exchange has it and refuses another (-2035), under an id that nobody was told."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("userDataStream.subscribe").lose_answer()
        cut_all(world)
        await asyncio.sleep(30.0)
        assert isinstance(await place(client, new_client_order_id="later"), Response)
        return await events_within(stream, 5.0)

    events = play(scenario, timeout=3.0)

    assert any(isinstance(event, dict) and event.get("c") == "later" for event in events)


def test_a_first_subscription_whose_answer_was_lost_can_be_asked_for_again() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        world.exchange.venue.faults.on("userDataStream.subscribe").lose_answer()
        with contextlib.suppress(BinanceWsApiError):
            await client.subscribe_user_data_stream()
        stream = await client.subscribe_user_data_stream()
        await place(client, new_client_order_id="later")
        return await events_within(stream, 5.0)

    events = play(scenario, timeout=3.0)

    assert any(isinstance(event, dict) and event.get("c") == "later" for event in events)


def test_a_logon_held_back_by_a_limit_stays_with_its_connection() -> None:
    """Held back and let go, it went to the session's queue, to be written on whatever link served."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        assert isinstance(await place(client), Response)
        world.exchange.venue.faults.on("order.place").rate_limited(4.0)
        await place(client)
        await client.rotate()
        return await client.core.health()

    health = play(scenario, on_rate_limit="wait")

    assert health[0].logged_on


def test_a_subscription_refused_for_its_time_is_repeated_on_its_own_connection() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("userDataStream.subscribe.signature").refuse(-1021)
        cut_all(world)
        await asyncio.sleep(3.0)
        assert isinstance(await place(client, new_client_order_id="later"), Response)
        return await events_within(stream, 5.0)

    events = play(scenario, key_type="hmac")

    assert any(isinstance(event, dict) and event.get("c") == "later" for event in events)


def test_a_move_away_from_a_connection_that_had_fallen_silent_tells_a_gap() -> None:
    """A planned move may come before the silence is noticed: nothing had proven the old link alive."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        placed = await place(client)
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        await asyncio.sleep(1.0)
        happened_ms = world.exchange.clock.now_us() // 1000
        assert world.exchange.trade(
            "order.place",
            side="SELL",
            type="LIMIT",
            timeInForce="IOC",
            price="64980",
            quantity="0.01",
        )
        await asyncio.sleep(1.0)
        await client.rotate()
        return placed.raw["result"]["orderId"], happened_ms, await events_within(stream, 30.0)

    order_id, happened_ms, events = play(scenario)

    gaps = [event for event in events if isinstance(event, StreamGap)]
    assert [gap.from_ms <= happened_ms <= gap.until_ms for gap in gaps] == [True]
    reconciled = [event for event in events if isinstance(event, OrderReconciled)]
    assert [(order.order_id, len(order.missed_fills)) for order in reconciled] == [(order_id, 1)]


def test_a_move_away_from_a_connection_that_lives_tells_no_gap() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        await place(client)
        await client.rotate()
        await place(client)
        return await events_within(stream, 30.0)

    events = play(scenario)

    assert not [event for event in events if not isinstance(event, dict)]


def test_a_move_that_a_limit_keeps_from_being_proven_waits_for_the_next_window() -> None:
    """It told a gap that was none, whose questions used up the next window as well: for ever."""
    rules = LimitRules(weight=Window("MINUTE", 1, 150))

    async def scenario(world: World, client: SimulatedClient) -> Any:
        used = partial(used_weight, client)
        stream = await client.subscribe_user_data_stream()
        await a_minute_begins(world)
        await client.spot.get_server_time()
        before = used()
        await client.rotate()
        await asyncio.sleep(8.0)
        all_but_the_proof = used() - before - 1
        while used() < 150 - all_but_the_proof:
            await client.spot.get_server_time()
        await client.rotate()
        assert used() == 150
        return await events_within(stream, 120.0), len(world.network.wires)

    events, wires = play(scenario, rules=rules, ping_interval=100.0)

    assert not events
    assert wires == 1


def test_many_orders_of_a_gap_are_asked_for_in_one() -> None:
    """Each by itself costs 9, of the 6000 of a minute."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        await asyncio.gather(*(place(client) for _ in range(30)))
        await a_minute_begins(world)
        await client.spot.get_server_time()
        before = used_weight(client)
        cut_all(world)
        world.exchange.trade("order.place", side="SELL", type="MARKET", quantity="0.3")
        return await events_within(stream, 30.0), used_weight(client) - before

    events, used = play(scenario, ping_interval=100.0)

    told = [event for event in events if isinstance(event, OrderReconciled)]
    assert [len(order.missed_fills) for order in told] == [1] * 30
    assert (
        used <= 6 + 20 + 20 + 20 + 10
    )  # open orders, all orders, trades, the account, and the connection


def test_what_a_gap_swallowed_is_found_out_beside_what_the_caller_does() -> None:
    """The questions about many orders took all of the weight, and the reserve for cancels with it."""
    rules = LimitRules(weight=Window("MINUTE", 1, 400))

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        await asyncio.gather(*(place(client) for _ in range(30)))
        await a_minute_begins(world)
        while used_weight(client) < 250:
            await client.spot.get_all_orders(symbol=SYMBOL)
        await events_within(stream, 1.0)
        cut_all(world)
        world.exchange.trade("order.place", side="SELL", type="MARKET", quantity="0.3")
        told = await events_within(stream, 30.0)
        return used_weight(client), told, await events_within(stream, 600.0)

    used, at_once, later = play(scenario, rules=rules, ping_interval=100.0)

    assert (
        used <= 250 + 20 + 40 + 10
    )  # a tenth goes for the questions, and a little for the connection
    orders = [event for event in at_once + later if isinstance(event, OrderReconciled)]
    assert [len(order.missed_fills) for order in orders] == [1] * 30
    assert isinstance(later[-1], AccountReconciled)


def test_a_stream_that_is_closed_while_interrupted_tells_the_gap() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.network.weather.is_down = True
        cut_all(world)
        await asyncio.sleep(5.0)
        await client.close()
        return [event async for event in stream]

    assert any(isinstance(event, StreamGap) for event in play(scenario))


def test_an_order_whose_answer_was_lost_with_its_events_is_reconciled() -> None:
    """Nobody knew of it when the gap was closed; what it missed is told once its outcome is known."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("order.place").drop_after_acceptance()
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        error = await place(client, type="MARKET", time_in_force=None, price=None)
        assert isinstance(error, OutcomeUnknown)
        await asyncio.sleep(30.0)
        await error.resolve_async()
        return await events_within(stream, 5.0)

    events = play(scenario, timeout=2.0, on_unknown_outcome="raise", ping_interval=2.0)

    reconciled = [event for event in events if isinstance(event, OrderReconciled)]
    assert [len(order.missed_fills) for order in reconciled] == [1]


def test_an_order_of_another_connection_is_reconciled() -> None:
    """Its answer came, over a connection that was not interrupted; its events were lost."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        placed = await client.spot.using(WsKey.MAIN_WSAPI2).submit_new_order(
            symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.01"
        )
        return placed.raw["result"]["orderId"], await events_within(stream, 30.0)

    order_id, events = play(scenario)

    reconciled = [event for event in events if isinstance(event, OrderReconciled)]
    assert [(order.order_id, len(order.missed_fills)) for order in reconciled] == [(order_id, 1)]


def test_closing_ends_what_is_being_found_out_and_opens_nothing() -> None:
    """A question asked while the client closed opened a new connection, for good."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        assert isinstance(await place(client), Response)
        world.exchange.venue.faults.on("order.place").drop_before_acceptance()
        error = await place(client)
        assert isinstance(error, OutcomeUnknown)
        looking = world.loop.create_task(error.resolve_async(60.0))
        await asyncio.sleep(1.0)
        await client.close()
        await asyncio.wait([looking])
        await asyncio.sleep(5.0)
        wires = [wire for wire in world.network.wires.values() if wire.is_open_here]
        return looking.exception(), wires, client.core.sessions.open

    ended, wires, sessions = play(scenario, on_unknown_outcome="raise")

    assert isinstance(ended, ClientClosed)
    assert not wires
    assert not sessions


def test_an_order_first_heard_of_by_its_second_fill_is_reconciled() -> None:
    """Its answer and its first events were lost; that a later event came does not make it whole."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        lost = world.loop.create_task(place(client))
        await asyncio.sleep(1.0)
        take = {"side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "price": "64990"}
        assert world.exchange.trade("order.place", quantity="0.004", **take)
        await asyncio.sleep(20.0)
        assert world.exchange.trade("order.place", quantity="0.006", **take)
        assert isinstance(await lost, OutcomeUnknown)
        return await events_within(stream, 5.0)

    events = play(scenario, timeout=2.0, on_unknown_outcome="raise", ping_interval=2.0)

    told = [event["t"] for event in events if isinstance(event, dict) and event.get("x") == "TRADE"]
    missed = [
        fill.trade_id
        for event in events
        if isinstance(event, OrderReconciled)
        for fill in event.missed_fills
    ]
    assert sorted(told + missed) == [1, 2]


def test_an_order_that_nobody_could_tell_about_is_asked_for_until_somebody_can() -> None:
    """Nothing more need happen to it: no event comes that would have it looked at."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        assert isinstance(await place(client), Response)
        asked = world.exchange.venue.faults.on("order.status")
        refused = asked.refuse(-2015, status=401, times=None)
        cut_all(world)
        assert world.exchange.trade(
            "order.place", symbol=SYMBOL, side="SELL", type="MARKET", quantity="0.01"
        )
        refused_meanwhile = await events_within(stream, 20.0)
        refused.end()
        return (
            refused_meanwhile,
            await events_within(stream, 30.0),
            await events_within(stream, 900.0),
        )

    def orders(events: list[Any]) -> list[tuple[str, int]]:
        told = [event for event in events if isinstance(event, OrderReconciled)]
        return [(order.status, len(order.missed_fills)) for order in told]

    told = [orders(events) for events in play(scenario)]

    assert told == [[("UNKNOWN", 0)], [("FILLED", 1)], []]


def test_the_orders_of_a_list_whose_answer_was_lost_are_reconciled() -> None:
    """A list that is found out names its orders without telling more of them."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        with contextlib.suppress(BinanceWsApiError):
            await client.spot.place_oto_order_list(
                symbol=SYMBOL,
                working_type="LIMIT",
                working_side="BUY",
                working_price="65200",
                working_quantity="0.01",
                working_time_in_force="GTC",
                pending_type="LIMIT",
                pending_side="SELL",
                pending_price="65300",
                pending_quantity="0.005",
                pending_time_in_force="GTC",
            )
        return await events_within(stream, 30.0)

    events = play(scenario, timeout=2.0, ping_interval=2.0)

    reconciled = [event for event in events if isinstance(event, OrderReconciled)]
    assert [len(order.missed_fills) for order in reconciled] == [1, 0]


@pytest.mark.parametrize("jump_s", [0.0, -86_400.0])
def test_a_ban_told_before_the_clock_is_known_ends_in_time(jump_s: float) -> None:
    """It was kept by a wall clock that was a day ahead, or that was put back: for a day."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        world.wall_error_us = 86_400_000_000
        world.exchange.venue.faults.on("time").banned(3.0)
        assert isinstance(await place(client), NotSent)
        world.wall_error_us += round(jump_s * 1e6)
        await asyncio.sleep(10.0)
        return await place(client)

    assert isinstance(play(scenario, timeout=2.0), Response)


def test_an_amendment_that_the_exchange_cut_short_is_found() -> None:
    """What is filled already cannot be amended away: the quantity is another than the one asked for."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        placed = await place(client, quantity="0.05")
        take = {"side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "price": "64990"}
        assert world.exchange.trade("order.place", quantity="0.02", **take)
        world.exchange.venue.faults.on("order.amend.keepPriority").lose_answer()
        return await client.spot.amend_order_keep_priority(
            symbol=SYMBOL, order_id=placed.raw["result"]["orderId"], new_qty="0.005"
        )

    assert play(scenario, timeout=2.0).resolved


def test_events_are_not_left_to_a_link_that_was_never_subscribed() -> None:
    """What a new link had brought was dropped when it ended: the old one was to bring it."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("userDataStream.subscribe").refuse(-1000)
        cut_all(world)
        await asyncio.sleep(1.0)
        await client.rotate()
        await place(client, new_client_order_id="told")
        await asyncio.sleep(0.2)
        end_subscriptions(world)
        return await events_within(stream, 5.0)

    events = play(scenario)

    assert [event["x"] for event in events if isinstance(event, dict) and event.get("c") == "told"]


def test_an_order_that_ends_while_it_is_reconciled_is_not_forgotten() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        for wire in list(world.network.wires.values()):
            wire.half_open(out=False, back=True)
        lost = world.loop.create_task(place(client))
        await asyncio.sleep(1.0)
        take = {"side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "price": "64990"}
        assert world.exchange.trade("order.place", quantity="0.004", **take)
        await asyncio.sleep(30.0)
        error = await lost
        assert isinstance(error, OutcomeUnknown)
        await error.resolve_async()
        assert world.exchange.trade("order.place", quantity="0.006", **take)
        return await events_within(stream, 5.0)

    events = play(scenario, timeout=2.0, on_unknown_outcome="raise", ping_interval=2.0)

    told = [event["t"] for event in events if isinstance(event, dict) and event.get("x") == "TRADE"]
    missed = [
        fill.trade_id
        for event in events
        if isinstance(event, OrderReconciled)
        for fill in event.missed_fills
    ]
    assert sorted(told + missed) == [1, 2]


def test_connection_attempts_count_against_the_weight() -> None:
    """The exchange weighs them: the logon after one was the request too many."""
    rules = LimitRules(weight=Window("MINUTE", 1, 40))

    async def scenario(world: World, client: SimulatedClient) -> Any:
        for _ in range(12):
            with contextlib.suppress(BinanceWsApiError):
                await client.rotate()
        await asyncio.sleep(90.0)
        return await place(client), world.exchange.limit_refusals

    response, refusals = play(scenario, rules=rules)

    assert isinstance(response, Response)
    assert not refusals


def test_a_subscription_that_ended_before_its_answer_came_is_made_anew() -> None:
    """The end overtook the answer, which then looked like a subscription: silent for good."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("userDataStream.subscribe").delay_answer(1.0)
        cut_all(world)
        await asyncio.sleep(1.0)
        end_subscriptions(world)
        await asyncio.sleep(10.0)
        await place(client, new_client_order_id="told")
        return await events_within(stream, 5.0)

    events = play(scenario)

    assert [event["x"] for event in events if isinstance(event, dict) and event.get("c") == "told"]


def test_a_link_that_was_subscribed_again_can_be_lost_again() -> None:
    """While another link lingered, the second loss of the same link was taken for the first."""
    runtime: Any = SimpleNamespace(now=lambda: 0.0, loop=None)
    one: Any = object()
    other: Any = object()
    carriers = Carriers(runtime, lambda event: None, identify=lambda event: event)
    carriers.begin(one)
    carriers.carried_by(one)
    carriers.begin(other)
    assert carriers.lost(one)

    carriers.begin(one)
    carriers.carried_by(one)

    assert carriers.lost(one)


def test_a_link_counts_though_all_were_lost_while_it_was_subscribed() -> None:
    runtime: Any = SimpleNamespace(now=lambda: 0.0, loop=None)
    one: Any = object()
    carriers = Carriers(runtime, lambda event: None, identify=lambda event: event)
    carriers.begin(one)
    carriers.lost(one)

    carriers.carried_by(one)

    assert carriers.lost(one)


def test_what_comes_while_the_first_subscription_is_still_under_way_is_known() -> None:
    """A rotation had subscribed meanwhile: nobody noted its events, and a gap told their fills again."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        await client.connect()
        world.exchange.venue.faults.on("userDataStream.subscribe").delay_answer(5.0)
        subscribing = world.loop.create_task(client.subscribe_user_data_stream())
        await asyncio.sleep(0.2)
        await client.rotate()
        world.exchange.venue.faults.on("order.place").delay_answer(6.0)
        await place(client, type="MARKET", time_in_force=None, price=None)
        stream = await subscribing
        cut_all(world)
        return await events_within(stream, 10.0)

    events = play(scenario)

    told = [event["t"] for event in events if isinstance(event, dict) and event.get("x") == "TRADE"]
    missed = [
        fill.trade_id
        for event in events
        if isinstance(event, OrderReconciled)
        for fill in event.missed_fills
    ]
    assert told + missed == [1]


def test_a_subscription_that_ended_while_the_former_link_was_let_go_is_made_anew() -> None:
    """The former link still counted as carrying the events; when it went, nobody subscribed again."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        await client.rotate()
        _, successor = world.exchange.venue.gateway.connections
        assert isinstance(successor.inner, ApiConnection)
        for subscription in list(successor.inner._subscriptions.values()):
            successor.inner._terminate(subscription)
        await asyncio.sleep(30.0)
        await place(client, new_client_order_id="told")
        return await events_within(stream, 5.0)

    events = play(scenario)

    assert [event["x"] for event in events if isinstance(event, dict) and event.get("c") == "told"]


def test_an_order_that_a_lagging_copy_did_not_show_at_the_fence_is_found() -> None:
    """One answer that there is no such order, from a copy that lags behind, is not the last word."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        faults = world.exchange.venue.faults
        faults.on("order.place").drop_after_acceptance()
        lagging = [
            faults.on(method).refuse(-2013, "Order does not exist.", times=None)
            for method in ("order.status", "allOrders")
        ]
        placing = asyncio.create_task(place(client))
        # 5 s of recvWindow, 10 s for the engine, 1 s margin: it is asked for at 16 s and some.
        await asyncio.sleep(17.5)
        for fault in lagging:
            fault.end()
        return await placing

    answer = play(scenario)

    assert isinstance(answer, Response)
    assert answer.resolved


def test_resolving_waits_until_a_long_recv_window_is_over() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        await client.connect()
        world.exchange.venue.faults.on("order.place").drop_before_acceptance()
        began = world.loop.time()
        error = await place(client)
        assert isinstance(error, OutcomeUnknown)
        with pytest.raises(NotPlaced):
            await error.resolve_async()
        return world.loop.time() - began

    took = play(scenario, recv_window=60_000, on_unknown_outcome="raise")

    assert 74.0 <= took < 80.0


def test_the_new_order_of_a_half_done_replacement_is_not_taken_for_a_lost_one() -> None:
    """An error answered the replacement, and nobody looked there for the order that it made."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        world.exchange.venue.faults.on("order.place").drop_before_acceptance()
        lost = await place(client, side="SELL", price="65010", new_client_order_id="again")
        assert isinstance(lost, OutcomeUnknown)
        with pytest.raises(PartlyExecuted):
            await client.spot.cancel_replace_order(
                symbol=SYMBOL,
                cancel_replace_mode="ALLOW_FAILURE",
                cancel_order_id=99,
                side="BUY",
                type="LIMIT",
                time_in_force="GTC",
                price="64990",
                quantity="0.02",
                new_client_order_id="again",
            )
        await asyncio.sleep(30.0)
        try:
            return await lost.resolve_async()
        except BinanceWsApiError as error:
            return error

    assert isinstance(play(scenario, on_unknown_outcome="raise"), (NotPlaced, OutcomeUnknown))


def test_the_clock_is_measured_again_in_time() -> None:
    """Clocks drift, and the exchange may set its own."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        def measured() -> int:
            frames = [frame for written in world.frames.values() for frame in written]
            return sum(frame.method == "time" for frame in frames)

        await client.connect()
        before = measured()
        await asyncio.sleep(700.0)
        return measured() - before

    assert play(scenario, rotate_after=None, ping_interval=10.0) == 1


@pytest.mark.parametrize("slow_s", [5.5, 7.0])
def test_answers_that_always_take_long_are_waited_for(
    slow_s: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each link was given up before it answered, and its successor as well: no order had an answer."""
    late = 0.0
    send = simulation_network._ExchangeEnd.send
    monkeypatch.setattr(
        simulation_network._ExchangeEnd,
        "send",
        lambda end, frame: asyncio.get_running_loop().call_later(late, send, end, frame),
    )

    async def scenario(world: World, client: SimulatedClient) -> list[Any]:
        nonlocal late
        await client.connect()
        late = slow_s
        return [await place(client) for _ in range(6)]

    placed = play(scenario)

    assert {type(each) for each in placed} == {Response}
    told = [record for record in caplog.records if "answer" in record.getMessage()]
    warned = [record for record in told if record.levelname == "WARNING"]
    assert len(warned) == 2, "that it is slow, and that another link takes over: once"


def test_a_move_away_from_a_wedged_connection_tells_the_gap() -> None:
    """It answered pings to the last, so it was thought to have brought everything."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        stream = await client.subscribe_user_data_stream()
        placed = await place(client)
        for wire in list(world.network.wires.values()):
            wire.wedge(deaf=False, mute=True)
        assert world.exchange.trade(
            "order.place",
            side="SELL",
            type="LIMIT",
            timeInForce="IOC",
            price="64980",
            quantity="0.01",
        )
        await asyncio.sleep(0.1)
        await client.rotate()
        return placed.raw["result"]["orderId"], await events_within(stream, 40.0)

    order_id, events = play(scenario)

    assert [event for event in events if isinstance(event, StreamGap)]
    reconciled = [event for event in events if isinstance(event, OrderReconciled)]
    assert [(order.order_id, len(order.missed_fills)) for order in reconciled] == [(order_id, 1)]


def test_an_outcome_that_an_event_proved_is_not_told_again_by_a_late_answer() -> None:
    async def scenario(world: World, client: SimulatedClient) -> Any:
        await client.subscribe_user_data_stream()
        world.exchange.venue.faults.on("order.place").delay_answer(4.0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(place(client), 2.0)
        await asyncio.sleep(10.0)
        return [outcome.state for outcome in client.outcomes()], world.told_outcomes

    states, told = play(scenario, timeout=3.0)

    assert states == ["accepted"]
    assert len(told) == 1


def test_a_logon_that_is_answered_with_nothing_is_no_logon() -> None:
    """The link was held for logged on, and every order on it refused for want of a key."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        def answer_nothing(pending: Any) -> None:
            pending.send(pending._frame({"id": pending.request.id, "status": 200, "result": None}))

        world.exchange.venue.faults.on("session.logon").do(answer_nothing)
        return await place(client)

    assert isinstance(play(scenario), Response)


def test_an_event_of_one_exchange_proves_nothing_of_another() -> None:
    """Each numbers its orders for itself: the wrong order's cancel was taken for the one asked for."""
    world = World(1)
    testnet = world.open_exchange("testnet", world.exchange.clock.now_us())
    key = world.make_key("ed25519")

    async def scenario() -> Any:
        client = world.client(
            api_key=key.api_key, api_secret=key.api_secret, beautify=False, timeout=2.0
        )
        there = client.spot.using(WsKey.MAIN_WSAPI_TESTNET)
        await client.subscribe_user_data_stream()
        terms: dict[str, Any] = {
            "symbol": SYMBOL,
            "side": "BUY",
            "type": "LIMIT",
            "time_in_force": "GTC",
            "price": "64990",
            "quantity": "0.01",
        }
        here_id = (await client.spot.submit_new_order(**terms)).raw["result"]["orderId"]
        there_id = (await there.submit_new_order(**terms)).raw["result"]["orderId"]
        assert here_id == there_id
        testnet.venue.faults.on("order.cancel").swallow()
        lost = world.loop.create_task(there.cancel_order(symbol=SYMBOL, order_id=there_id))
        await asyncio.sleep(3.0)
        await client.spot.cancel_order(symbol=SYMBOL, order_id=here_id)
        try:
            return await lost
        except BinanceWsApiError as error:
            return error
        finally:
            await client.close()
            assert world.host.ending is not None
            await world.host.ending

    try:
        outcome = world.loop.run_until_complete(scenario())
    finally:
        world.exchange.clock.stop()
        testnet.clock.stop()
        world.loop.close()

    assert isinstance(outcome, NotPlaced)


def test_task_that_is_cancelled_before_its_first_step_leaves_no_coroutine_that_nobody_awaits() -> (
    None
):
    """A client closed right behind a call that was to be signed aside complained of itself on stderr."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        await place(client)
        spawn = client.core.runtime.spawn

        def cut_short(work: Any) -> Any:
            task = spawn(work)
            task.cancel()
            return task

        client.core.runtime.spawn = cut_short  # type: ignore[method-assign]
        outcome = await place(client)
        client.core.runtime.spawn = spawn  # type: ignore[method-assign]
        return outcome

    outcome = play(scenario, key_type="hmac", signs_slowly=True)
    gc.collect()

    assert isinstance(outcome, NotSent)


def test_journal_is_let_go_of_though_what_was_to_write_into_it_never_began(tmp_path: Path) -> None:
    """Its client was closed before the first step of that: it waited for it, and kept the file locked."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        spawn = client.core.runtime.spawn

        def cut_short(work: Any) -> Any:
            task = spawn(work)
            if work.__name__ == "_write_aside":
                task.cancel()
            return task

        client.core.runtime.spawn = cut_short  # type: ignore[method-assign]
        outcome = await place(client)
        await client.close()
        assert world.host.ending is not None
        await world.host.ending
        assert not world.host.is_late
        return outcome

    path = tmp_path / "orders.db"
    outcome = play(scenario, journal=path, durability="power")

    assert isinstance(outcome, NotSent)
    FileLock(path).release()


def test_recovery_ends_in_its_time_though_fills_cannot_be_asked_for(tmp_path: Path) -> None:
    """Only finding out was bounded by it: asking for the orders as they stand took as long again."""

    async def scenario(world: World, client: SimulatedClient) -> Any:
        faults = world.exchange.venue.faults
        faults.on("order.place").drop_after_acceptance()
        assert isinstance(await place(client), OutcomeUnknown)
        world.exchange.trade(
            "order.place", side="SELL", type="MARKET", quantity="0.01", newClientOrderId="others"
        )
        await client.close()
        assert world.host.ending is not None
        await world.host.ending
        faults.on("myTrades").swallow(times=None)
        heir = client.successor()
        began = world.loop.time()
        try:
            (found,) = await heir.recover(timeout=3.0)
        finally:
            took = world.loop.time() - began
            await heir.close()
            host: Any = heir.core.runtime.host
            await host.ending
        return took, found

    took, found = play(scenario, journal=tmp_path / "orders.db", on_unknown_outcome="raise")

    assert took < 3.5
    assert found.state == "accepted"
    assert "the time that the recovery may take was over" in found.orders[0].problem


def test_what_a_recovery_found_that_was_cut_short_is_told_by_the_next(tmp_path: Path) -> None:
    """It stood in the journal as settled, though nobody had been told, and none was told later on."""

    async def end(client: SimulatedClient) -> None:
        await client.close()
        host: Any = client.core.runtime.host
        await host.ending

    async def scenario(world: World, client: SimulatedClient) -> Any:
        faults = world.exchange.venue.faults
        faults.on("order.place").drop_after_acceptance()
        assert isinstance(await place(client), OutcomeUnknown)
        faults.on("order.place").drop_before_acceptance()
        assert isinstance(await place(client), OutcomeUnknown)
        await end(client)
        first = client.successor()
        cut_short = world.loop.create_task(first.recover())
        await asyncio.sleep(5.0)  # what was executed is known by now, and what was not cannot be
        cut_short.cancel()
        await asyncio.wait([cut_short])
        await end(first)
        second = client.successor()
        try:
            return await second.recover()
        finally:
            await end(second)

    found = play(scenario, journal=tmp_path / "orders.db", on_unknown_outcome="raise")

    assert sorted(each.state for each in found) == ["accepted", "not placed"]


def test_what_a_lost_successor_had_brought_is_told_though_the_former_link_never_brings_it() -> None:
    """It was dropped, being left to the former link, which was wedged; the gap began after it."""
    told: list[bytes] = []
    timers: list[Callable[[], None]] = []
    now = [0.0]
    loop = SimpleNamespace(call_later=lambda delay, action: timers.append(action))
    runtime: Any = SimpleNamespace(now=lambda: now[0], loop=loop)
    former: Any = object()
    successor: Any = object()
    carriers = Carriers(runtime, told.append, identify=lambda event: event)
    for link in (former, successor):
        carriers.begin(link)
        carriers.carried_by(link)
    carriers.event(successor, b'{"e":"listenKeyExpired"}')
    carriers.lost(successor)
    now[0] = 2.0
    while timers:
        timers.pop()()

    assert told == [b'{"e":"listenKeyExpired"}']


@pytest.mark.parametrize("found_by", ["a sign of life", "a new connection", "a rotation"])
def test_what_a_listen_key_swallowed_that_was_closed_elsewhere_lies_in_the_gap(
    found_by: str,
) -> None:
    """No event tells that a key is closed, and its connection goes on answering."""

    async def scenario(world: World, client: SimulatedClient) -> tuple[list[StreamGap], int]:
        world.wall_error_us = world.exchange.clock.now_us() - world.wall_us()
        account = RestAccount(world, world.exchange, Market.SPOT)
        stream = await client.subscribe_user_data_stream(account.ws_key)
        await asyncio.sleep(10.0)
        account.keys.stop(account.source)
        await asyncio.sleep(10.0)
        account.order("swallowed", "0.01")
        await asyncio.sleep(10.0)
        if found_by == "a new connection":
            for wire in list(world.network.wires.values()):
                wire.cut(seen_after=0.0, known_after=0.0, loses_out=True, loses_back=True)
        await asyncio.sleep(90.0)
        await client.close()
        gaps = [item async for item in stream if isinstance(item, StreamGap)]
        return gaps, account.events[0].event["E"]

    gaps, happened_ms = play(
        scenario,
        ping_interval=2.0,
        rotate_after=30.0 if found_by == "a rotation" else None,
        urls={
            WsKey.PORTFOLIO_MARGIN_USER_DATA: "ws://exchange/pm/ws",
            "rest": "http://exchange",
        },
    )

    assert [gap for gap in gaps if gap.from_ms <= happened_ms <= gap.until_ms]
