"""The stage of one simulation: exchanges, network, clocks, and what the client did."""

from __future__ import annotations

import contextvars
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec
from simulation_exchange import SimulatedExchange
from simulation_loop import VirtualHost, VirtualLoop
from simulation_network import Network, Wire
from simulation_silence import Silences

from binance_wsapi import AsyncClient, WsKey
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.core.core import Core
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.core.transport import Transport
from binance_wsapi.markets import Market
from binance_wsapi.options import Options
from binance_wsapi.outcomes import CallOutcome
from binance_wsapi.protocol.authorisation import Authoriser
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.simulator.doors.request_limits import LimitRules
from binance_wsapi.simulator.key_making import make_key

__all__ = ["CallRecord", "SimulatedClient", "World", "WrittenFrame"]

EPOCH_US = 1_767_225_600_000_000

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class WrittenFrame:
    """A frame that the client wrote."""

    time: float
    method: str
    exchange: SimulatedExchange
    is_ahead: bool
    """It is stamped later than it can be accepted now."""


@dataclass(eq=False, slots=True)
class CallRecord:
    """One call of the simulated user, from its beginning to its end."""

    number: int
    begun: float
    limit: float
    """Seconds within which it has to end."""
    exchange: SimulatedExchange
    """Where it goes."""
    call: Call | None = None
    requests: set[str] = field(default_factory=set)
    """The ids it was written under."""
    kind: CallKind | None = None
    params: dict[str, WireValue] = field(default_factory=dict)
    """As they go over the wire, client ids included; empty when it never came so far."""
    ended: float | None = None
    outcomes: list[Any] = field(default_factory=list)
    """The response or the error; a second one after an unknown outcome was looked into again."""
    told: list[float] = field(default_factory=list)
    """When each of them came."""
    settled: int = 0

    def take(self, outcome: Any, now: float) -> None:
        """Take in an outcome."""
        self.outcomes.append(outcome)
        self.told.append(now)

    @property
    def outcome(self) -> Any:
        return self.outcomes[-1]

    @property
    def method(self) -> str:
        return "" if self.kind is None else self.kind.method


_current: contextvars.ContextVar[CallRecord | None] = contextvars.ContextVar("call", default=None)


class World:
    """A loop in virtual time, exchanges and a network on it, and the books of what the client did.

    Args:
        seed: Where all chance comes from.
        rules: The exchanges' limits; their documented ones when left out.
        connect_timeout: Seconds after which the network gives up on a connection.
    """

    def __init__(
        self, seed: int, *, rules: LimitRules | None = None, connect_timeout: float = 10.0
    ) -> None:
        self.rng = Random(seed)
        self.loop = VirtualLoop()
        self.host = VirtualHost(self.loop)
        self.seed = seed
        self.rules = rules
        start_us = EPOCH_US + self.rng.randrange(86_400) * 1_000_000
        self.exchanges: dict[str, SimulatedExchange] = {}
        self.exchange = self.open_exchange("exchange", start_us)
        """The first of them, often the only one."""
        self.network = Network(
            self.loop, self.exchanges, Random(self.rng.random()), connect_timeout=connect_timeout
        )
        self.network.on_written = self._written
        self.network.on_sent = self._sent
        self.network.on_received = self._received
        self.network.on_refused = lambda exchange, status, retry_after: self.silences.refused(
            exchange, self.loop.time(), status, retry_after
        )
        self.network.on_dialled = lambda exchange: self.silences.sent(
            exchange, self.loop.time(), "dialled", dials=True
        )
        self.silences = Silences()
        self.frames: dict[str, list[WrittenFrame]] = defaultdict(list)
        """The frames that were written, by request id."""
        self.answers: dict[str, float] = {}
        """When the first answer reached the client, by request id."""
        self.clocks_told: dict[str, float] = {}
        """When an exchange's time reached the client, by the id of the question."""
        self.calls: list[CallRecord] = []
        self.told_outcomes: list[tuple[float, CallOutcome]] = []
        """What was told of calls that their callers had given up, and when."""
        self.resolves_within: float | None = None
        """How long the client may take to find out what became of a call; ``None`` if it does not."""
        self.repeats_ids = False
        """The user's own client order ids come again."""
        self.closed_at = math.inf
        """When the user closed the client in the middle of everything."""
        self.faults_injected: defaultdict[str, int] = defaultdict(int)
        self.trace: list[tuple[float, str]] = []
        self.wall_error_us = 0
        """By how much this machine's clock is wrong."""

    def open_exchange(
        self, name: str, start_us: int, market: Market = Market.SPOT
    ) -> SimulatedExchange:
        """Open an exchange under a host name."""
        exchange = self.exchanges[name] = SimulatedExchange(
            name,
            self.loop,
            market=market,
            seed=self.seed,
            start_us=start_us,
            rules=self.rules,
            note=lambda text: self.note(text),
        )
        return exchange

    def exchange_of(self, ws_key: WsKey) -> SimulatedExchange:
        """Return the exchange that a connection leads to."""
        return self.exchanges[str(urlsplit(_URLS[ws_key]).hostname)]

    # What the simulated user's machine reads

    def wall_us(self) -> int:
        """Read this machine's clock, which has nothing to do with an exchange's."""
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
        """Make an API key of our account, which every exchange knows."""
        key, record = make_key(
            self.exchange.account.uid,
            key_type,  # type: ignore[arg-type]  # a literal
            Random(self.rng.random()),
            permissions=frozenset({"USER_DATA", "TRADE"}),
            ips=frozenset(),
        )
        for exchange in self.exchanges.values():
            exchange.take_in_key(replace(record, uid=exchange.account.uid))
        return key

    def client(self, **options: Any) -> SimulatedClient:
        """Make the client under test."""
        return SimulatedClient(self, **{"urls": _URLS, "attach_event_listeners": False, **options})

    # The books

    def _written(self, wire: Wire, frame: bytes) -> None:
        request = _decode(frame)
        request_id = request.get("id")
        self.silences.sent(wire.exchange, self.loop.time(), f"{request['method']} was written")
        self.frames[request_id].append(
            WrittenFrame(
                self.loop.time(), request["method"], wire.exchange, self._is_ahead(wire, request)
            )
        )
        for call in self.calls:
            if call.call is not None and call.call.id == request_id:
                call.requests.add(request_id)

    def _is_ahead(self, wire: Wire, request: dict[str, Any]) -> bool:
        params = request.get("params", {})
        stamp = int(params.get("timestamp", 0)) if isinstance(params, dict) else 0
        return stamp > wire.exchange.clock.now_us() // 1000 + 1_000

    def _sent(self, wire: Wire, frame: bytes) -> None:
        if b'"code":-1021,' in frame:
            wire.exchange.refused_for_time.add(_decode(frame)["id"])

    def _received(self, wire: Wire, frame: bytes) -> None:
        if frame.startswith(b'{"id":"'):
            answer = _decode(frame)
            self.answers.setdefault(answer["id"], self.loop.time())
            result = answer.get("result")
            if isinstance(result, dict) and isinstance(result.get("serverTime"), int):
                self.clocks_told[answer["id"]] = self.loop.time()
            self.silences.answered(wire.exchange, self.loop.time(), answer)

    def call_began(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        """A call knows its parameters now."""
        record = _current.get()
        if record is not None:
            record.kind, record.params = kind, params

    def begin_call(self, limit: float, exchange: SimulatedExchange) -> CallRecord:
        """Open the record of a call that the current task is about to make."""
        record = CallRecord(len(self.calls), self.loop.time(), limit, exchange)
        self.calls.append(record)
        _current.set(record)
        return record


_URLS = {
    WsKey.MAIN_WSAPI: "ws://exchange/ws-api/v3",
    WsKey.MAIN_WSAPI2: "ws://exchange/ws-api/v3",
    WsKey.MAIN_WSAPI_TESTNET: "ws://testnet/ws-api/v3",
    WsKey.USDM_WSAPI: "ws://futures/ws-fapi/v1",
    WsKey.USDM_PRIVATE: "ws://futures/private/ws",
    "rest": "http://futures",  # Spot asks nothing over REST
}


class SimulatedClient(AsyncClient):
    """The client under test: all of it real but its clocks, its sockets and its thread."""

    def __init__(
        self,
        world: World,
        *,
        host: VirtualHost | None = None,
        transport: Transport | None = None,
        rotate_after: float | None = None,
        **options: Any,
    ) -> None:
        self._world = world
        self._given = options
        self._stands_on = host or world.host, transport or world.network
        super().__init__(rotate_after=None, **options)
        # Far more often than the option allows.
        object.__setattr__(self._runtime.options, "rotate_after", rotate_after)

    def _make_runtime(self, options: Options, authoriser: Authoriser) -> Runtime:
        world = self._world
        host, transport = self._stands_on
        runtime = Runtime(
            options,
            host,
            authoriser=authoriser,
            transport=transport,
            now=world.loop.time,
            wall_us=world.wall_us,
            prefix=f"{world.rng.getrandbits(64):016x}",
        )
        post = runtime.dispatcher.post

        def overheard(name: Any, event: Any) -> None:
            if name == "outcome":
                world.told_outcomes.append((world.loop.time(), event))
            post(name, event)

        runtime.dispatcher.post = overheard  # type: ignore[method-assign]
        return runtime

    def _attach(self, core: Core) -> None:
        make = core.callers_call

        def watched(ws_key: WsKey, kind: Any, params: Any, settle: Any) -> Any:
            record = _current.get()
            if record is None or record.params is not params:
                return make(ws_key, kind, params, settle)

            def count(outcome: Any) -> None:
                record.settled += 1
                settle(outcome)

            record.call = make(ws_key, kind, params, count)
            return record.call

        core.callers_call = watched  # type: ignore[assignment, method-assign]
        super()._attach(core)

    def _complete(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        super()._complete(kind, params)
        self._world.call_began(kind, params)

    def successor(self) -> SimulatedClient:
        """Make a client with the same options, which outlives this one."""
        return SimulatedClient(self._world, host=VirtualHost(self._world.loop), **self._given)

    @property
    def core(self) -> Core:
        """The core, for looking whether anything is left in it."""
        return self._core
