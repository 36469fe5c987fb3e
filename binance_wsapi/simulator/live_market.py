"""What makes markets move while nobody trades: walks, replays, a past, and prices set from outside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.past_trades import MOST_SECONDS, invented_past, live_through, past_of
from binance_wsapi.simulator.recording import Recording
from binance_wsapi.simulator.replay import BookReplay, Replay, ReplayedTrade, TapeReplay
from binance_wsapi.simulator.spot.market_maker import MarketMaker
from binance_wsapi.simulator.spot.random_market import RandomMarket

if TYPE_CHECKING:
    from binance_wsapi.simulator.futures.recorded_book import RecordedBook
    from binance_wsapi.simulator.tapes import Tape
    from binance_wsapi.simulator.venue import Venue

__all__ = ["LiveMarket"]


TRADED = (Market.SPOT, Market.USDM, Market.COINM)


class LiveMarket:
    """Steers the public side of the markets. Every method may be called from any thread.

    Args:
        venue: The exchange's parts.
        call: Runs a callable on the exchange's thread and returns its result.
    """

    def __init__(self, venue: Venue, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._venue = venue
        self._call = call
        self._running: list[Replay | BookReplay] = []

    def walk(
        self,
        symbols: Sequence[str] | None = None,
        *,
        seed: int = 0,
        step_seconds: float = 0.5,
        volatility: int = 2,
    ) -> None:
        """Let prices walk at random, with depth and trades, until :meth:`stop`.

        The exchange's market maker quotes around the moving price; where it has none, one begins on these
        symbols. The same seed, clock and orders of others give the same market.

        Args:
            symbols: What moves; all that the maker quotes when left out.
            seed: Of the walk.
            step_seconds: Mean time between two steps of a symbol, in the exchange's time.
            volatility: Standard deviation of one step, in basis points of the price.
        """

        def start() -> None:
            rng = Random(seed)
            market = RandomMarket(
                self._venue.clock,
                self._maker(symbols, rng),
                rng,
                symbols,
                step_seconds=step_seconds,
                volatility=volatility,
            )
            market.start()
            self._venue.walks.append(market)

        self._call(start)

    def replay(
        self, symbol: str, trades: Iterable[ReplayedTrade], *, market: Market = Market.SPOT
    ) -> Replay:
        """Make given trades again, each at its time from now; several symbols at once if you like.

        Best without a market maker, whose quotes stand in the way of the tape's prices.

        Args:
            symbol: What is traded.
            trades: The tape, in order of time.
            market: Where.

        Returns:
            The replay: ``is_over``, ``done`` and ``refused`` tell how far it is.

        Raises:
            ValueError: The symbol is not traded here.
        """
        self._check(market, symbol)
        replay: Replay = self._call(lambda: self._replay(symbol, trades, market))
        return replay

    def check(self, tapes: Sequence[Tape]) -> None:
        """Look whether all tapes are of symbols that are traded here.

        Raises:
            ValueError: One is not.
        """
        for tape in tapes:
            self._check(tape.market, tape.symbol)

    def replay_tapes(self, tapes: Sequence[Tape]) -> list[TapeReplay[Any]]:
        """Make the trades and books of files again, side by side.

        The earliest of all happens a microsecond from now, so a clock that is frozen waits before it.
        ``exchange.clock.step()`` goes on from moment to moment, ``exchange.clock.resume(60)`` lets an hour pass in a
        minute. A clock that stands before the tapes (``start_us=tapes[0].begins_us - 1``) shows their times.

        Args:
            tapes: What ``read_tape()`` returned, on any market.

        Returns:
            A replay for each of them, in their order.

        Raises:
            ValueError: ``tapes`` is empty, a file cannot be read, its symbol is not traded here, or a contract has both
                quotes and depth.
        """
        if not tapes:
            raise ValueError("tapes is empty: there is nothing to replay")
        self.check(tapes)
        begins_us = min(tape.begins_us for tape in tapes)
        told_by = {(tape.market, tape.symbol): tape for tape in tapes if tape.holds == "depth"}
        for tape in tapes:
            if tape.holds == "quotes" and (tape.market, tape.symbol) in told_by:
                raise ValueError(
                    f"{tape.path.name!r}: depth of {tape.symbol} is there, which holds its quotes: leave it out"
                )

        def start() -> list[TapeReplay[Any]]:
            now_us = self._venue.clock.now_us()
            shown: dict[tuple[Market, str], RecordedBook] = {}
            # Books first: at one moment the book is there before it is traded on.
            started = {
                tape: self._replay(tape.symbol, tape.trades(begins_us - 1), tape.market, now_us)
                if tape.holds == "trades"
                else self._show(tape, begins_us - 1, now_us, shown)
                for tape in sorted(tapes, key=lambda tape: tape.holds == "trades")
            }
            return [started[tape] for tape in tapes]

        replays: list[TapeReplay[Any]] = self._call(start)
        return replays

    def invent_past(
        self, seconds: float, *, markets: Sequence[Market] = TRADED, seed: int = 0
    ) -> None:
        """Give every symbol a past: a random walk that ends at its present price.

        Candles, tickers, averages and the list of trades show it. Call it before the exchange starts, or without
        a market maker: what has traded has its past already.

        Args:
            seconds: How far back, at most 200 days; candles below a quarter of an hour reach a week back.
            markets: Where.
            seed: Of the walk.

        Raises:
            ValueError: ``seconds`` is out of range, or a symbol has traded already.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"seconds={seconds!r} is out of range: up to {MOST_SECONDS}, 200 days")

        def pour() -> None:
            venue = self._venue
            ends_us = venue.clock.now_us()
            for market in markets:
                for symbol in self._traded(market) or ():
                    walk = invented_past(
                        venue, market, symbol, seconds=seconds, seed=seed, ends_us=ends_us
                    )
                    live_through(venue, market, symbol, walk)

        self._call(pour)

    def load_past(self, tapes: Sequence[Tape]) -> None:
        """Give symbols the past that files tell of, moved by whole minutes so that it ends now.

        Candles and tickers show it, and prices go on from it. Call it before the exchange starts, or without a
        market maker: what has traded has its past already.

        Args:
            tapes: What ``read_tape()`` returned, one a symbol.

        Raises:
            ValueError: A file cannot be read, holds trades off the symbol's tick or step, or the symbol is not
                traded here or has traded already.
        """
        self.check(tapes)

        def pour() -> None:
            ends_us = self._venue.clock.now_us()
            for tape in tapes:
                live_through(self._venue, tape.market, tape.symbol, past_of(tape, ends_us))

        self._call(pour)

    def record(self, folder: str | Path) -> Recording:
        """Write down what is traded from now on, as tapes that :meth:`replay_tapes` reads.

        Args:
            folder: Gets a file a symbol, ``spot/BTCUSDT-trades-recorded.csv``, as the exchange's public data
                have them; ``read_tapes([folder])`` reads them all.

        Returns:
            The recording, which ``stop()`` ends.

        Raises:
            ValueError: There are tapes in the folder already.
            OSError: It cannot be made.
        """
        venue = self._venue
        observed = {Market.SPOT: venue.spot.observers} | {
            market: engine.observers for market, engine in venue.futures.items()
        }
        recording: Recording = self._call(lambda: Recording(Path(folder), observed, self._call))
        return recording

    def stop(self) -> None:
        """End all walks and replays; books stay as they are."""

        def stop() -> None:
            for running in (self._running, self._venue.walks):
                while running:
                    running.pop().stop()

        self._call(stop)

    def set_reference_price(self, symbol: str, price: Decimal | str | int | None) -> None:
        """Set a symbol's reference price by hand; ``None`` leaves it unset from now on."""
        value = None if price is None else Decimal(price)
        self._call(lambda: self._venue.market_data.set_reference_price(symbol, value))

    def report_block_trade(
        self,
        symbol: str,
        price: Decimal | str | int,
        quantity: Decimal | str | int,
        *,
        buyer_is_maker: bool = False,
    ) -> None:
        """Tell of a block trade: agreed on outside the book, it moves no price and no statistic."""
        trades, amounts = self._venue.market_data.block_trades, (Decimal(price), Decimal(quantity))
        self._call(lambda: trades.record(symbol, *amounts, buyer_is_maker=buyer_is_maker))

    def _check(self, market: Market, symbol: str) -> None:
        if (traded := self._traded(market)) is None:
            raise ValueError(f"market={market.value!r}: a replay is on spot, usdm or coinm")
        if symbol not in traded:
            raise ValueError(
                f"{symbol} is not traded on {market.value} here: {', '.join(traded)} are"
            )

    def _traded(self, market: Market) -> Collection[str] | None:
        venue = self._venue
        if market is Market.SPOT:
            return venue.spot.symbols
        return venue.futures[market].contracts if market in venue.futures else None

    def _replay(
        self,
        symbol: str,
        trades: Iterable[ReplayedTrade],
        market: Market,
        began_us: int | None = None,
    ) -> Replay:
        venue = self._venue
        maker, taker = venue.tape_traders(market, symbol)
        where = venue.spot if market is Market.SPOT else venue.futures[market]
        replay = Replay(venue.clock, where, symbol, trades, maker=maker, taker=taker)
        replay.start(began_us)
        self._running.append(replay)
        return replay

    def _show(
        self,
        tape: Tape,
        since_us: int,
        began_us: int,
        shown: dict[tuple[Market, str], RecordedBook],
    ) -> BookReplay:
        venue = self._venue
        contract = tape.market, tape.symbol
        if contract not in shown:
            engine = venue.futures[tape.market]
            house = engine.open_account(venue.open_account().uid, is_house=True)
            shown[contract] = engine.recorded_book(tape.symbol, house)
        replay = BookReplay(venue.clock, shown[contract], tape.books(since_us))
        replay.start(began_us)
        self._running.append(replay)
        return replay

    def _maker(self, symbols: Sequence[str] | None, rng: Random) -> MarketMaker:
        """Return the maker that quotes Spot, started if there was none."""
        makers = self._venue.market_makers
        maker = makers.get(Market.SPOT)
        if not isinstance(maker, MarketMaker):
            maker = MarketMaker(self._venue.clock, self._venue.spot, rng, symbols)
            maker.start()
            makers[Market.SPOT] = maker
        return maker
