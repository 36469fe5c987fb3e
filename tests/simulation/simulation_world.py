"""The exchange of one simulation, and what really happened on it."""

from __future__ import annotations

import contextvars
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec
from simulation_loop import ExchangeClock, VirtualHost, VirtualLoop
from simulation_network import REMOTE, Network

from binance_wsapi import AsyncClient, WsKey
from binance_wsapi.catalogue._types import Market
from binance_wsapi.core.call import CallKind
from binance_wsapi.core.core import Core, LoopHost
from binance_wsapi.core.transport import Transport
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.key_making import make_key
from binance_wsapi.simulator.request import engine_params
from binance_wsapi.simulator.request_limits import LimitRules
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS
from binance_wsapi.simulator.venue import Venue
from binance_wsapi.simulator.wire import encode

__all__ = ["SYMBOL", "CallRecord", "Execution", "SimulatedClient", "World"]

SYMBOL = "BTCUSDT"
EPOCH_US = 1_767_225_600_000_000
RICH = {"USDT": "1000000000", "BTC": "100000"}

_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Execution:
    """One request that the engine was handed."""

    time: float
    method: str
    params: dict[str, Any]
    result: Any = None
    """What it answered; ``None`` when it refused."""
    error: ExchangeError | None = None

    @property
    def succeeded(self) -> bool:
        return self.error is None


@dataclass(eq=False, slots=True)
class CallRecord:
    """One call of the simulated user, from its beginning to its end."""

    number: int
    begun: float
    limit: float
    """Seconds within which it has to end."""
    kind: CallKind | None = None
    params: dict[str, WireValue] = field(default_factory=dict)
    """As they go over the wire, client ids included; empty when it never came so far."""
    ended: float | None = None
    outcomes: list[Any] = field(default_factory=list)
    """The response or the error; a second one after an unknown outcome was looked into again."""
    settled: int = 0

    @property
    def outcome(self) -> Any:
        return self.outcomes[-1]

    @property
    def method(self) -> str:
        return "" if self.kind is None else self.kind.method


_current: contextvars.ContextVar[CallRecord | None] = contextvars.ContextVar("call", default=None)


class World:
    """A loop in virtual time, an exchange and a network on it, and the books of an omniscient observer.

    Args:
        seed: Where all chance comes from.
        rules: The exchange's limits; its documented ones when left out.
        connect_timeout: Seconds after which the network gives up on a connection.
    """

    def __init__(
        self, seed: int, *, rules: LimitRules | None = None, connect_timeout: float = 10.0
    ) -> None:
        self.rng = Random(seed)
        self.loop = VirtualLoop()
        self.host = VirtualHost(self.loop)
        self.clock = ExchangeClock(self.loop, EPOCH_US + self.rng.randrange(86_400) * 1_000_000)
        self.venue = Venue(self.clock, seed=seed, symbols=DEFAULT_SYMBOLS[:1])
        if rules is not None:
            self.venue.spot_limits.set_rules(rules)
            self.venue.spot.engine.rate_limits = self.venue.spot_limits.exchange_rows()
        self.network = Network(
            self.loop,
            self.venue.gateway,
            Random(self.rng.random()),
            connect_timeout=connect_timeout,
        )
        self.network.on_written = self._written
        self.network.on_sent = self._sent
        self.account = self.venue.open_account(RICH)
        self.others = self.venue.open_account(RICH)
        self.executions: list[Execution] = []
        """What the engine did for our account."""
        self.events: list[tuple[float, dict[str, Any]]] = []
        """All events of our account, as the exchange made them, with the loop's time."""
        self.written: dict[str, list[str]] = defaultdict(list)
        """The methods of the frames that were written, by request id."""
        self.refused_for_time: set[str] = set()
        """Ids of requests that the exchange refused with -1021."""
        self.limit_refusals: list[str] = []
        """Limits that we broke."""
        self.foreign_weight = False
        """Somebody else behind our address used up its limits: being refused is no fault of ours."""
        self.calls: list[CallRecord] = []
        self.resolves_within: float | None = None
        """How long the client may take to find out what became of a call; ``None`` if it does not."""
        self.closed_at = math.inf
        """When the user closed the client in the middle of everything."""
        self.faults_injected: defaultdict[str, int] = defaultdict(int)
        self.trace: list[tuple[float, str]] = []
        self.clock_moved_ms = 0
        """By how much the exchange's clock was moved: nobody can know before it is measured again."""
        self.clock_was_put_back = False
        """Limits turned later than anybody could know."""
        self.wall_error_us = 0
        """By how much this machine's clock is wrong."""
        self.account.listeners.append(self._happened)
        self._record_executions()
        self._record_refusals()
        self._bring_liquidity()

    # What the simulated user's machine reads

    def wall_us(self) -> int:
        """Read this machine's clock, which has nothing to do with the exchange's."""
        return EPOCH_US + round(self.loop.time() * 1e6) + self.wall_error_us

    # Steering

    def note(self, text: str) -> None:
        """Write a line into the trace."""
        self.trace.append((self.loop.time(), text))

    def inject(self, fault: str) -> None:
        """Count a fault, and write it into the trace."""
        self.faults_injected[fault] += 1
        self.trace.append((self.loop.time(), f"! {fault}"))

    def make_key(self, key_type: str) -> Any:
        """Make an API key of our account."""
        key, record = make_key(
            self.account.uid,
            key_type,  # type: ignore[arg-type]  # a literal
            Random(self.rng.random()),
            permissions=frozenset({"USER_DATA", "TRADE"}),
            ips=frozenset(),
        )
        self.venue.keys.add(record)
        self.key_record = record
        return key

    def trade(self, method: str, **params: object) -> Any:
        """Let the others do something; ``None`` when the exchange refuses it."""
        service = self.venue.services[Market.SPOT]
        operation = service.operation(method)
        taken = engine_params(operation, {"symbol": SYMBOL, **params})
        try:
            return service.perform(operation, taken, self.others)
        except ExchangeError:
            return None

    def client(self, **options: Any) -> SimulatedClient:
        """Make the client under test."""
        return SimulatedClient(self, urls=_URLS, attach_event_listeners=False, **options)

    # The books

    def _record_executions(self) -> None:
        service = self.venue.services[Market.SPOT]
        handle = service._handle

        def record(method: str, params: dict[str, Any], account: Any) -> object:
            if account is not self.account:
                return handle(method, params, account)
            execution = Execution(self.loop.time(), method, params)
            self.executions.append(execution)
            try:
                execution.result = handle(method, params, account)
            except ExchangeError as error:
                execution.error = error
                raise
            return execution.result

        service._handle = record

    def _record_refusals(self) -> None:
        limits = self.venue.spot_limits
        for name in ("connect", "charge", "reserve"):
            setattr(limits, name, self._watched(name, getattr(limits, name)))

    def _watched(self, name: str, check: Callable[..., None]) -> Callable[..., None]:
        def watched(*args: Any) -> None:
            try:
                check(*args)
            except ExchangeError as error:
                if args[0] in (REMOTE, self.account):
                    self.limit_refusals.append(f"{name}: {error.code} {error.message}")
                    self.note(f"! limit broken: {name} {error.code} {error.message}")
                raise

        return watched

    def _bring_liquidity(self) -> None:
        for side, prices in (("BUY", (64_900, 64_500, 60_000)), ("SELL", (65_100, 65_500, 70_000))):
            for price in prices:
                assert self.trade(
                    "order.place",
                    side=side,
                    type="LIMIT",
                    timeInForce="GTC",
                    price=str(price),
                    quantity="100",
                )

    def _happened(self, event: dict[str, Any]) -> None:
        wire: dict[str, Any] = _decode(encode(event, microseconds=False))
        self.events.append((self.loop.time(), wire))
        if wire["e"] == "executionReport":
            self.note(
                f"  exchange: {wire['x']} order {wire['i']} {wire['c']} {wire['C']} {wire['X']} t={wire['t']}"
            )

    def _written(self, frame: bytes) -> None:
        request = _decode(frame)
        self.written[request["id"]].append(request["method"])

    def _sent(self, frame: bytes) -> None:
        if b'"code":-1021,' in frame:
            self.refused_for_time.add(_decode(frame)["id"])

    def call_began(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        """A call knows its parameters now."""
        record = _current.get()
        if record is not None:
            record.kind, record.params = kind, params

    def begin_call(self, limit: float) -> CallRecord:
        """Open the record of a call that the current task is about to make."""
        record = CallRecord(len(self.calls), self.loop.time(), limit)
        self.calls.append(record)
        _current.set(record)
        return record


_URLS = {WsKey.MAIN_WSAPI: "ws://exchange/ws-api/v3", WsKey.MAIN_WSAPI2: "ws://exchange/ws-api/v3"}


class SimulatedClient(AsyncClient):
    """The client under test: all of it real but its clocks, its sockets and its thread."""

    def __init__(self, world: World, *, rotate_after: float | None = None, **options: Any) -> None:
        self._world = world
        super().__init__(rotate_after=None, **options)
        # Far more often than the option allows.
        object.__setattr__(self._core.options, "rotate_after", rotate_after)

    def _host(self) -> LoopHost:
        return self._world.host

    def _transport(self) -> Transport:
        return self._world.network

    def _attach(self, core: Core) -> None:
        core.now = self._world.loop.time
        core.wall_us = self._world.wall_us
        core._prefix = f"{self._world.rng.getrandbits(64):016x}"
        make = core.call

        def watched(kind: Any, params: Any, settle: Any, *rest: Any) -> Any:
            record = _current.get()
            if record is None or record.params is not params:
                return make(kind, params, settle, *rest)

            def count(outcome: Any) -> None:
                record.settled += 1
                settle(outcome)

            return make(kind, params, count, *rest)

        core.call = watched  # type: ignore[assignment, method-assign]
        super()._attach(core)

    def _complete(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        super()._complete(kind, params)
        self._world.call_began(kind, params)

    @property
    def core(self) -> Core:
        """The core, for looking whether anything is left in it."""
        return self._core
