"""Runs a bot over tapes: time goes on to the next event for the bot, and stands still until it has dealt with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator.backtest.equity import equity
from binance_wsapi.simulator.backtest.report import Report, fills_of
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.exchange import AccountHandle, SimulatedExchange
from binance_wsapi.simulator.journal import Frame, event_name
from binance_wsapi.simulator.replay import Replay
from binance_wsapi.simulator.tapes import Tape

if TYPE_CHECKING:
    from binance_wsapi import Client
    from binance_wsapi.simulator.faults.request_faults import PendingRequest

__all__ = ["Backtest"]

Follow = Callable[[Any], object]
Start = Callable[["Client"], "Follow | None"]
_ACCOUNTS = {
    Market.SPOT: (WsKey.MAIN_WSAPI, "/ws-api/"),
    Market.USDM: (WsKey.USDM_WSAPI, "/usdm/private/"),
    Market.COINM: (WsKey.COINM_WSAPI, "/coinm/ws"),
}
"""Whose user data is followed, and where it comes from."""
_STREAMS = {Market.SPOT: WsKey.MAIN, Market.USDM: WsKey.USDM, Market.COINM: WsKey.COINM}
SAMPLES = 1_000
"""How often the equity is looked at."""
EVENT_TIMEOUT_S = 10.0


class Backtest:
    """One bot on some tapes.

    ``start(client)`` is called when the tapes begin and returns what is called with each event, one by one, of
    the account and of ``streams``. Between two events the exchange's clock jumps to the next one, so hours
    pass in seconds, and the same bot, tapes and seed give the same fills.

    Args:
        tapes: What happened; all on one market or on several.
        start: The bot.
        streams: Market streams whose events the bot gets as well, such as ``btcusdt@trade``.
        balances: Free amounts on Spot; wallets by ``usdm`` and ``coinm``.
        usdm: Wallets on USD-M futures.
        coinm: Wallets on COIN-M futures.
        fees: Maker's and taker's commission as fractions; the exchange's usual ones when left out.
        latency: Seconds from the bot to the engine: the tape goes on for so long before a request is served.
        seed: Of the exchange.
        options: Further options of the bot's client.

    Raises:
        ValueError: There are no tapes, or one of a symbol that the exchange has not; ``fees`` or ``latency`` are none.
    """

    def __init__(
        self,
        tapes: Sequence[Tape],
        start: Start,
        *,
        streams: Sequence[str] = (),
        balances: Mapping[str, str] | None = None,
        usdm: Mapping[str, str] | None = None,
        coinm: Mapping[str, str] | None = None,
        fees: tuple[Decimal, Decimal] | None = None,
        latency: float = 0.0,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if not tapes:
            raise ValueError("tapes is empty: there is nothing to replay")
        SimulatedExchange(fees=fees, latency=latency).market.check(tapes)
        self._tapes = tuple(tapes)
        self._start = start
        self._streams = tuple(streams)
        self._balances = balances
        self._usdm = usdm
        self._coinm = coinm
        self._fees = fees
        self._latency = latency
        self._seed = seed
        self._options = dict(options or {})

    def run(self, advanced: Callable[[int], object] = lambda trades: None) -> Report:
        """Run it to the end of the tapes.

        Args:
            advanced: Told now and then how many trades were replayed.
        """
        begins_us = min(tape.begins_us for tape in self._tapes)
        # Before the first trade: it waits for the bot.
        clock = SimulatedClock(start_us=begins_us - 1, frozen=True)
        with SimulatedExchange(seed=self._seed, clock=clock) as exchange:
            exchange.limits.enabled = exchange.futures_limits.enabled = False
            # Hours pass between two answers of the client: nothing may end for want of a pong.
            exchange.let_time_jump()
            account = exchange.create_account(self._balances, usdm=self._usdm, coinm=self._coinm)
            if self._fees is not None:
                account.set_fees(*self._fees)
            key = account.create_key()
            options: dict[str, Any] = {"mute_latency_warning": True, **self._options}
            with exchange.client(key, **options) as client:
                return _Run(self, exchange, account, client).to_the_end(begins_us, advanced)


class _Run:
    def __init__(
        self, plan: Backtest, exchange: SimulatedExchange, account: AccountHandle, client: Client
    ) -> None:
        self._plan = plan
        self._exchange = exchange
        self._account = account
        self._client = client
        self._seen = 0
        self._equity: list[tuple[int, Decimal]] = []
        self._sample_us = 1_000_000
        """How much time lies between two looks at the equity."""
        self._first_prices = {
            tape.symbol: next(tape.trades()).price
            for tape in plan._tapes
            if tape.market is Market.SPOT
        }
        self._sources: dict[str, Any] = {}
        """Streams by the name of a market stream, or by the beginning of an account's path."""

    def to_the_end(self, begins_us: int, advanced: Callable[[int], object]) -> Report:
        plan, exchange = self._plan, self._exchange
        began = time.perf_counter()
        markets = tuple(dict.fromkeys(tape.market for tape in plan._tapes))
        for market in markets:
            ws_key, path = _ACCOUNTS[market]
            self._sources[path] = self._client.subscribe_user_data_stream(ws_key)
        for name in plan._streams:
            market = self._market_of(name, markets)
            self._sources[name] = self._client.streams.subscribe(name, ws_key=_STREAMS[market])
        if plan._latency:
            exchange.faults.on().do(self._late, name="latency", times=None)
        replays = exchange.market.replay_tapes(plan._tapes)
        sample = exchange.call(self._worth)
        self._equity.append((begins_us, sample))
        self._keep_time()
        follow = plan._start(self._client) or (lambda event: None)
        events = 0
        told = 0
        while True:
            waiting = exchange.call(lambda: self._news() or self._go_on(replays))
            done = sum(replay.done for replay in replays)
            if done - told >= SAMPLES:
                advanced(done - told)
                told = done
            if not waiting and all(replay.is_over for replay in replays):
                break
            for frame in waiting:
                self._keep_time()
                follow(self._event_of(frame))
                events += 1
        advanced(done - told)
        return Report(
            fills=exchange.call(lambda: fills_of(exchange.venue, self._account.uid)),
            equity=self._sampled(),
            trades=sum(replay.done for replay in replays if isinstance(replay, Replay)),
            refused=sum(len(replay.refused) for replay in replays),
            events=events,
            seconds=time.perf_counter() - began,
        )

    def _worth(self) -> Decimal:
        return equity(self._exchange.venue, self._account.uid, self._first_prices)

    def _market_of(self, name: str, markets: Sequence[Market]) -> Market:
        symbol = name.partition("@")[0].upper()
        for tape in self._plan._tapes:
            if tape.symbol == symbol:
                return tape.market
        return markets[0]

    def _late(self, pending: PendingRequest) -> None:
        """Let the tape go on while a request is under way."""
        if pending.admit():
            self._exchange.clock.advance(self._plan._latency)
            self._keep_time()
            pending.send(pending.execute())

    def _go_on(self, replays: Sequence[Any]) -> list[Frame]:
        """Go on to the next moment that brings events to the bot and return them; not too far at once."""
        clock = self._exchange.clock
        for _ in range(SAMPLES):
            if all(replay.is_over for replay in replays):
                break
            clock.step()
            self._sample(clock.now_us())
            if news := self._news():
                return news
        return []

    def _sample(self, now_us: int) -> None:
        if now_us - self._equity[-1][0] >= self._sample_us:
            self._equity.append((now_us, self._worth()))
            if len(self._equity) > 2 * SAMPLES:
                del self._equity[1::2]
                self._sample_us = (now_us - self._equity[0][0]) // SAMPLES

    def _sampled(self) -> list[tuple[int, Decimal]]:
        now_us = self._exchange.clock.now_us()
        last = self._exchange.call(self._worth)
        return [*self._equity, (now_us, last)]

    def _news(self) -> list[Frame]:
        """Return the events that were sent to the bot and that it has not been given.

        Asked on the exchange's thread, which has written by then all that a request led to.
        """
        journal = self._exchange.journal
        if journal.count == self._seen:
            return []
        frames, self._seen = journal.newer_than(self._seen)
        return [
            frame
            for frame in frames
            if frame.direction == "out" and event_name(frame.payload) is not None
        ]

    def _event_of(self, frame: Frame) -> Any:
        name = frame.payload.get("stream")
        source = self._sources.get(name) if name else None
        if source is None:
            source = next(
                each for path, each in self._sources.items() if frame.path.startswith(path)
            )
        return source.get(timeout=EVENT_TIMEOUT_S)

    def _keep_time(self) -> None:
        """Let the client stamp its requests by the clock that has jumped."""
        ahead_us = self._exchange.clock.now_us() - time.time_ns() // 1_000
        self._client.set_time_offset_ms(ahead_us // 1_000)
