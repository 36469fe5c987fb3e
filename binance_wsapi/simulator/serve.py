"""``python -m binance_wsapi simulator``: the embedded exchange for any client in any language."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import textwrap
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from binance_wsapi.endpoints import WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.exchange import AccountHandle, Key, SimulatedExchange
from binance_wsapi.simulator.key_making import KeyTypeName
from binance_wsapi.simulator.official_hosts import OFFICIAL_HOSTS, OFFICIAL_PORTS
from binance_wsapi.simulator.past_trades import MOST_SECONDS
from binance_wsapi.simulator.paths import reached_at
from binance_wsapi.simulator.playback import Playback
from binance_wsapi.simulator.progress import progress_bar
from binance_wsapi.simulator.serve_arguments import Speed, Wallets, parse, parser, read_span
from binance_wsapi.simulator.snippets import SNIPPETS, environment, write_environment
from binance_wsapi.simulator.state_file import StateFile
from binance_wsapi.simulator.tapes import Tape, read_tapes

__all__ = ["main"]

KINDS: tuple[KeyTypeName, KeyTypeName] = ("ed25519", "hmac")
"""The keys that an account has."""


def main(
    argv: Sequence[str] | None = None,
    *,
    out: TextIO | None = None,
    stop: threading.Event | None = None,
    lines: Iterable[str] | None = None,
) -> int:
    """Serve until Ctrl-C, SIGTERM or ``stop``; return the exit status.

    Args:
        argv: The command line; the process's own when left out.
        out: Where to print.
        stop: Set to end it.
        lines: What steps a replay with ``--speed step``; the standard input when left out.
    """
    stream = out or sys.stdout
    stop = stop or threading.Event()
    made = parser()
    options = parse(made, argv)
    try:
        tapes = read_tapes(options.replay)
        file = None if options.state is None else StateFile(options.state)
        exchange = _exchange(options, tapes, file)
        exchange.market.check(tapes)
        if file is None or not file.goes_on:
            _give_past(exchange, options)
        elif options.random_market and not exchange.venue.market_makers:
            made.error(f"{options.state} has no market makers: leave out --random-market")
        recording = None if options.record is None else exchange.market.record(options.record)
    except (OSError, ValueError, ExchangeError) as error:
        made.error(str(error))
    try:
        exchange.start()
    except OSError as error:
        ports = " and ".join(map(str, OFFICIAL_PORTS)) if options.as_binance else options.port
        stream.write(f"cannot listen on {options.host}:{ports}: {error.strerror or error}\n")
        if recording is not None:
            recording.stop()
        return 1
    with ExitStack() as endings:
        if recording is not None:
            endings.callback(recording.stop)
        endings.callback(exchange.stop)
        if options.cert is not None and not _wrote_authority(exchange, options.cert, stream):
            return 1
        for limits in (exchange.limits, exchange.futures_limits, exchange.option_limits):
            limits.enabled = not options.no_limits
        exchange.start_funding()
        if options.state is not None:
            exchange.market.stop()  # a walk of the last run
        if options.random_market:
            exchange.start_random_market(markets=tuple(exchange.venue.market_makers))
        desk = _Desk(exchange, stream, options.account)
        if tapes:
            exchange.let_time_jump()
            advanced = progress_bar() if options.progress else _silent
            desk.playback = Playback(exchange, tapes, advanced)
            desk.lines = sys.stdin if lines is None else lines
        try:
            status = _serve(desk, exchange, options, stop)
        except OSError:
            # What is told goes nowhere: the terminal is gone, or what read it has ended.
            status = 1
    return status if file is None or file.is_saved(exchange, stream) else 1


def _exchange(
    options: argparse.Namespace, tapes: Sequence[Tape], file: StateFile | None
) -> SimulatedExchange:
    ports: dict[str, Any] = {
        "tls": options.tls or options.as_binance,
        "port": OFFICIAL_PORTS[0] if options.as_binance else options.port,
        "more_ports": OFFICIAL_PORTS[1:] if options.as_binance else (),
        "host": options.host,
        "latency": options.latency,
    }
    if file is not None and file.goes_on:
        return SimulatedExchange(state=options.state, **ports)
    clock = None
    if tapes:
        # Before the first trade: it waits until everything is told.
        clock = SimulatedClock(start_us=min(tape.begins_us for tape in tapes) - 1, frozen=True)
    return SimulatedExchange(
        seed=options.seed,
        clock=clock,
        market_maker=not options.no_market_maker and not tapes,
        fees=options.fees,
        **ports,
    )


def _wrote_authority(exchange: SimulatedExchange, path: Path, out: TextIO) -> bool:
    try:
        path.write_text(exchange.certificate or "")
    except OSError as error:
        out.write(f"cannot write {path}: {error.strerror or error}\n")
        return False
    return True


def _give_past(exchange: SimulatedExchange, options: argparse.Namespace) -> None:
    spans = [span for text in options.history if (span := read_span(text)) is not None]
    tapes = read_tapes(text for text in options.history if read_span(text) is None)
    if len(spans) > 1 or (spans and tapes):
        raise ValueError("--history takes one span of time, or tapes")
    for span in spans:
        if not 0 < span <= MOST_SECONDS:
            raise ValueError(
                f"--history {options.history[0]} is out of range: up to {MOST_SECONDS // 86_400}d"
            )
        exchange.market.invent_past(span, seed=options.seed)
    exchange.market.load_past(tapes)


def _silent(trades: int) -> None:
    """Show nothing."""


def _serve(
    desk: _Desk, exchange: SimulatedExchange, options: argparse.Namespace, stop: threading.Event
) -> int:
    if options.web is None:
        desk.serve(options, stop)
        return 0
    from binance_wsapi.simulator.window import ExchangeWindow

    window = ExchangeWindow(exchange, host=options.web_host, port=options.web)
    try:
        window.open()
    except OSError as error:
        desk.tell(f"cannot listen on {options.web_host}:{options.web}: {error.strerror or error}")
        return 1
    try:
        desk.tell(f"Watch it at {window.url}\n")
        desk.serve(options, stop)
    finally:
        window.close()
    return 0


def _end_with_signals(stop: threading.Event) -> None:
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Under nohup it goes on.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: stop.set())


class _Desk:
    """What the person at the terminal sees."""

    def __init__(
        self, exchange: SimulatedExchange, out: TextIO, accounts: Sequence[Wallets]
    ) -> None:
        self._exchange = exchange
        self._out = out
        self._accounts = (
            exchange.accounts
            or [
                exchange.create_account(
                    each[Market.SPOT],
                    usdm=each[Market.USDM],
                    coinm=each[Market.COINM],
                    eoptions=each[Market.EOPTIONS].get(QUOTE_ASSET),
                )
                for each in accounts
            ]
            or [exchange.create_account()]
        )
        self.playback: Playback | None = None
        """What is replayed once everything is told."""
        self.lines: Iterable[str] = ()
        """What steps it."""

    def serve(self, options: argparse.Namespace, stop: threading.Event) -> None:
        """Print where everything is, then the state now and then, until asked to stop."""
        if threading.current_thread() is threading.main_thread():
            _end_with_signals(stop)
        self._introduce(options)
        if self.playback is not None:
            threading.Thread(
                target=self._play, args=(self.playback, options.speed, stop), daemon=True
            ).start()
        seen = -1
        try:
            while not stop.wait(options.state_every):
                frames = len(self._exchange.journal.frames)
                if frames != seen:
                    self._tell_state()
                seen = frames
        except KeyboardInterrupt:
            self.tell("\nstopped")

    def _introduce(self, options: argparse.Namespace) -> None:
        exchange = self._exchange
        self.tell("The embedded exchange is running; Ctrl-C stops it.\n")
        for name, path in (
            ("Spot WebSocket API", exchange.urls[WsKey.MAIN_WSAPI]),
            ("Spot streams", exchange.urls[WsKey.MAIN]),
            ("USD-M WebSocket API", exchange.urls[WsKey.USDM_WSAPI]),
            ("USD-M streams, books", exchange.urls[WsKey.USDM_PUBLIC]),
            ("USD-M streams, trades", exchange.urls[WsKey.USDM_MARKET]),
            ("USD-M user data", exchange.urls[WsKey.USDM_PRIVATE]),
            ("COIN-M WebSocket API", exchange.urls[WsKey.COINM_WSAPI]),
            ("COIN-M streams", exchange.urls[WsKey.COINM]),
            ("options streams, books", exchange.urls[WsKey.EOPTIONS_PUBLIC]),
            ("options streams, marks", exchange.urls[WsKey.EOPTIONS_MARKET]),
            ("options user data", exchange.urls[WsKey.EOPTIONS_USER_DATA]),
            ("Alpha streams", exchange.urls[WsKey.ALPHA]),
            ("REST", exchange.rest_url),
            ("Spot REST", f"{exchange.rest_url}/api/v3"),
            ("margin, wallet", f"{exchange.rest_url}/sapi/v1"),
            ("USD-M REST", f"{exchange.rest_url}/fapi/v1"),
            ("COIN-M REST", f"{exchange.rest_url}/dapi/v1"),
            ("options REST", f"{exchange.rest_url}/eapi/v1"),
        ):
            self.tell(f"  {name:<23}{path}")
        if options.cert is not None:
            self.tell(f"  {'certificate authority':<23}{options.cert}")
        if options.as_binance:
            self.tell(
                f"\nClients that know the exchange's own hosts come here with this line in /etc/hosts, "
                f"and the authority trusted:\n\n  {reached_at(options.host)} {' '.join(OFFICIAL_HOSTS)}"
            )
        keys: list[tuple[Key, Key]] = []
        for account in self._accounts:
            self.tell(f"\nAccount {account.uid}")
            self._tell_balances(account)
            made = [
                next((key for key in account.keys if key.key_type == kind), None)
                or account.create_key(kind)
                for kind in KINDS
            ]
            keys.append((made[0], made[1]))
            for key in keys[-1]:
                self._tell_key(key)
        self._tell_how(*keys[0], options)

    def _tell_how(self, key: Key, hmac_key: Key, options: argparse.Namespace) -> None:
        """Print what leads a program here as it is."""
        variables = environment(self._exchange.rest_url, key, hmac_key, options.cert)
        if options.env_file is not None and self._wrote(options.env_file, variables):
            path = shlex.quote(str(options.env_file.resolve()))
            self.tell(f"\nPrograms trade here after\n\n  set -a; . {path}; set +a")
        else:
            self.tell("\nPrograms trade here after\n")
            for name, value in variables.items():
                self.tell(f"  export {name}={shlex.quote(value)}")
        for client, lines in SNIPPETS.items():
            self.tell(f"\nWith {client}:\n")
            self.tell(textwrap.indent(lines.strip(), "  "))
        self.tell("")

    def _wrote(self, path: Path, variables: dict[str, str]) -> bool:
        try:
            write_environment(path, variables)
        except OSError as error:
            self.tell(f"cannot write {path}: {error.strerror or error}")
            return False
        return True

    def _play(self, playback: Playback, speed: Speed, stop: threading.Event) -> None:
        try:
            if speed == "max":
                playback.run(stop)
            elif speed == "step":
                playback.step_by(self.lines, stop)
            else:
                playback.run_at(float(speed), stop)
        except (ValueError, RuntimeError) as error:
            # A row that cannot be read; or the exchange was stopped meanwhile.
            self.tell(f"the replay ended early: {error}")
            return
        if playback.is_over:
            refused = sum(len(replay.refused) for replay in playback.replays)
            self.tell(f"the tapes are over: {playback.done} trades, {refused} refused")

    def _tell_key(self, key: Key) -> None:
        self.tell(f"  {key.key_type} key\n    api key  {key.api_key}")
        if key.key_type == "hmac":
            self.tell(f"    secret   {key.api_secret}")
            return
        self.tell("    private key")
        for line in key.api_secret.strip().splitlines():
            self.tell(f"      {line}")

    def _tell_balances(self, account: AccountHandle) -> None:
        for asset, amounts in account.balances().items():
            locked = (
                f"  (locked {plain(amounts.locked, microseconds=False)})" if amounts.locked else ""
            )
            self.tell(f"  {asset:<8}{plain(amounts.free, microseconds=False)}{locked}")
        for market, label in ((Market.USDM, "USD-M"), (Market.COINM, "COIN-M")):
            for wallet in account.request("account.balance", market=market):
                if Decimal(wallet["balance"]):
                    amount = f"{Decimal(wallet['balance']).normalize():f}"
                    self.tell(f"  {wallet['asset']:<8}{amount}  ({label} wallet)")
        (options,) = account.request("GET /eapi/v1/marginAccount", market=Market.EOPTIONS)["asset"]
        if Decimal(options["marginBalance"]):
            amount = f"{Decimal(options['marginBalance']).normalize():f}"
            self.tell(f"  {options['asset']:<8}{amount}  (options wallet)")

    def _tell_state(self) -> None:
        exchange = self._exchange
        connections = exchange.call(lambda: len(exchange.venue.gateway.connections))
        self.tell(f"-- {connections} connections, {len(exchange.journal.requests())} requests")
        for account in self._accounts:
            orders = account.request("openOrders.status")
            self.tell(f"Account {account.uid}: {len(orders)} open orders")
            self._tell_balances(account)

    def tell(self, text: str) -> None:
        """Print a line."""
        self._out.write(text + "\n")
        self._out.flush()
