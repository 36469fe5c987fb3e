"""One exchange of a simulation, and the books of an omniscient observer of what really happened on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from simulation_loop import ExchangeClock, VirtualLoop

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.authentication import ApiKey
from binance_wsapi.simulator.doors.request import engine_params
from binance_wsapi.simulator.doors.request_limits import LimitRules, RequestLimits
from binance_wsapi.simulator.doors.wire import encode
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.spot.symbols import DEFAULT_SYMBOLS
from binance_wsapi.simulator.venue import Venue

__all__ = ["REMOTE", "SYMBOL", "Execution", "Happening", "SimulatedExchange"]

SYMBOL = "BTCUSDT"
REMOTE = "192.0.2.7"
"""The address that the client is seen from."""
RICH = {"USDT": "1000000000", "BTC": "100000"}

_A_DAY_MS = 90_000_000

_ORDER_EVENTS = frozenset({"executionReport", "ORDER_TRADE_UPDATE"})

_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Execution:
    """One request that the engine was handed."""

    time: float
    method: str
    params: dict[str, Any]
    request: str | None
    """The id of the request."""
    result: Any = None
    """What it answered; ``None`` when it refused."""
    error: ExchangeError | None = None

    @property
    def succeeded(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of our account, as the exchange made it."""

    time: float
    """The loop's time."""
    event: dict[str, Any]
    request: str | None
    """The id of the request that brought it about; ``None`` when others did."""

    @property
    def order(self) -> dict[str, Any]:
        """The part of an order's event that tells of the order; of another event all of it."""
        part: dict[str, Any] = self.event.get("o", self.event) if self.is_order else self.event
        return part if isinstance(part, dict) else self.event

    @property
    def is_order(self) -> bool:
        """Whether something happened to an order."""
        return self.event["e"] in _ORDER_EVENTS

    def is_execution(self, *kinds: str) -> bool:
        """Whether an order was executed in one of these ways: ``NEW``, ``TRADE``, ``CANCELED``."""
        return self.is_order and self.order["x"] in kinds


class SimulatedExchange:
    """A whole exchange, what it did for our account, and what it refused us.

    Args:
        name: The host its connections lead to.
        market: What is traded there: Spot or USD-M futures.
        loop: The loop in virtual time.
        seed: Where all its chance comes from.
        start_us: What its clock shows.
        rules: Its limits; the documented ones when left out.
        note: Writes a line into the trace.
    """

    def __init__(
        self,
        name: str,
        loop: VirtualLoop,
        *,
        market: Market = Market.SPOT,
        seed: int,
        start_us: int,
        rules: LimitRules | None,
        note: Callable[[str], None],
    ) -> None:
        self.name = name
        self.market = market
        self.clock = ExchangeClock(loop, start_us)
        self.venue = Venue(self.clock, seed=seed, symbols=DEFAULT_SYMBOLS[:1])
        self.limits = self.venue.spot_limits if market is Market.SPOT else self.venue.futures_limits
        if rules is not None and market is Market.SPOT:
            self.limits.set_rules(rules)
            self.venue.spot.engine.rate_limits = self.limits.exchange_rows()
        self.service = self.venue.services[market]
        self.account = self._open_account()
        self.others = self._open_account()
        self._key: ApiKey | None = None
        """The key of our account."""
        self.executions: list[Execution] = []
        """What the engine did for our account."""
        self.events: list[Happening] = []
        """All events of our account."""
        self.limit_refusals: list[str] = []
        """Limits that we broke."""
        self.refused_for_time: set[str] = set()
        """Ids of requests that it refused with -1021."""
        self.foreign_weight = False
        """Somebody else behind our address used up its limits: being refused is no fault of ours."""
        self.late_frames = 0
        """Frames that arrived when their sender counted on it no more."""
        self.clock_moved_ms = 0
        """By how much its clock was moved: nobody can know before it is measured again."""
        self.answers_oddly = False
        """Some of its answers cannot be read: not all can be known."""
        self.turns_unforeseen = False
        """Limits turned at times that nobody could know."""
        self._loop = loop
        self._note = note
        self._request: str | None = None
        self._is_unseen = False
        self.account.listeners.append(self._happened)
        self._record_executions()
        self._record_refusals()
        self._bring_liquidity()

    def _open_account(self) -> EventSource:
        account = self.venue.open_account(RICH, usdm={"USDT": RICH["USDT"]})
        return self.service.account(account.uid)

    def receive(self, door: Any, frame: bytes) -> None:
        """Let a frame of the client in at a door."""
        with self.serving(_decode(frame).get("id")):
            door.receive(frame)

    def execute(self, pending: Any) -> bytes:
        """Let the engine have a request that a fault holds, and return the answer's frame."""
        with self.serving(pending.request.id):
            frame: bytes = pending.execute()
        return frame

    @contextmanager
    def serving(self, request: str | None) -> Iterator[None]:
        """Put down what happens meanwhile to a request."""
        former, self._request = self._request, request
        try:
            yield
        finally:
            self._request = former

    def trade(self, method: str, **params: object) -> Any:
        """Let the others do something; ``None`` when the exchange refuses it."""
        with self.serving(None):
            return self.perform(method, params, self.others)

    def look_up(self, method: str, **params: object) -> Any:
        """Ask the engine about our account, and put it down to nobody."""
        former, self._is_unseen = self._is_unseen, True
        try:
            return self.perform(method, params, self.account)
        finally:
            self._is_unseen = former

    def balances(self) -> list[dict[str, Any]]:
        """Return what our account has, by asset."""
        former, self._is_unseen = self._is_unseen, True
        try:
            answer: Any = self.service.perform(
                self.service.operation("account.status"), {}, self.account
            )
        finally:
            self._is_unseen = former
        rows: list[dict[str, Any]] = answer["balances"]
        return rows

    def perform(self, method: str, params: dict[str, object], account: EventSource) -> Any:
        """Let an account do something, for ``BTCUSDT`` by default; ``None`` when it is refused."""
        service = self.service
        operation = service.operation(method)
        given = {name: str(value) for name, value in params.items()}
        taken = engine_params(
            operation, {"symbol": SYMBOL, **given}, strict=self.market is Market.SPOT
        )
        try:
            return service.perform(operation, taken, account)
        except ExchangeError:
            return None

    def use_limits(self, weight: int, *, orders: int = 0) -> None:
        """Let somebody else behind our address use its weight, and place orders for our account."""
        self.foreign_weight = True
        limits = self.limits
        with suppress(ExchangeError):
            RequestLimits.charge(limits, REMOTE, weight)
            for _ in range(orders):
                RequestLimits.reserve(limits, self.account, 1)
                limits.settle(self.account, accepted=True)

    def ban(self, seconds: float) -> None:
        """Ban our address."""
        self.foreign_weight = True
        self.limits.ban(REMOTE, seconds)
        self.limits._client(REMOTE).bans = 0  # the next one need not be twice as long

    def skew(self, by_s: float) -> None:
        """Set the clock wrong by so much more."""
        self.turns_unforeseen |= by_s < 0
        self.clock_moved_ms += round(abs(by_s) * 1000)
        self.clock.skew(by_s)

    def clock_is_misjudged(self, by_s: float) -> None:
        """Allow for a user who takes its clock for another than it is: -1021 is all that is heard, and
        the wall clock tells the time of gaps."""
        self.turns_unforeseen = self.answers_oddly = True
        self.clock_moved_ms += round(abs(by_s) * 1000) + _A_DAY_MS

    def take_in_key(self, key: ApiKey) -> None:
        """Know a key of our account from now on."""
        self._key = key
        self.venue.keys.add(key)

    def revoke_key(self) -> None:
        """Know the key no more, for a while."""
        assert self._key is not None
        self.venue.keys.revoke(self._key.api_key)

    def restore_key(self) -> None:
        """Know the key again."""
        assert self._key is not None
        self.venue.keys.add(self._key)

    def _record_executions(self) -> None:
        service = self.service
        handle = service._handle

        def record(method: str, params: dict[str, Any], account: Any) -> object:
            if account is not self.account or self._is_unseen:
                return handle(method, params, account)
            execution = Execution(self._loop.time(), method, params, self._request)
            self.executions.append(execution)
            try:
                execution.result = handle(method, params, account)
            except ExchangeError as error:
                execution.error = error
                raise
            return execution.result

        service._handle = record

    def _record_refusals(self) -> None:
        limits = self.limits
        for name in ("connect", "charge", "reserve"):
            setattr(limits, name, self._watched(name, getattr(limits, name)))

    def _watched(self, name: str, check: Callable[..., None]) -> Callable[..., None]:
        def watched(*args: Any) -> None:
            try:
                check(*args)
            except ExchangeError as error:
                if args[0] in (REMOTE, self.account):
                    self.limit_refusals.append(f"{name}: {error.code} {error.message}")
                    self._note(f"! limit broken: {name} {error.code} {error.message}")
                raise

        return watched

    def _bring_liquidity(self) -> None:
        for side, prices in (("BUY", (64_900, 64_500, 62_000)), ("SELL", (65_100, 65_500, 68_000))):
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
        happening = Happening(self._loop.time(), wire, self._request)
        self.events.append(happening)
        if happening.is_order:
            told = happening.order
            self._note(
                f"  {self.name}: {told['x']} order {told['i']} {told['c']} {told.get('C', '')} "
                f"{told['X']} t={told['t']}"
            )
