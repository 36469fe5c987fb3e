"""``python -m binance_wsapi simulator``: the embedded exchange for any client in any language."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, SIMULATOR_VARIABLE, WsKey
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.eoptions.contracts import QUOTE_ASSET
from binance_wsapi.simulator.exchange import AccountHandle, Key, SimulatedExchange
from binance_wsapi.simulator.futures.contracts import DEFAULT_CONTRACTS
from binance_wsapi.simulator.official_hosts import OFFICIAL_HOSTS, OFFICIAL_PORTS

__all__ = ["main", "read_wallets"]

_Wallets = dict[Market, dict[str, str]]
DEFAULT_PORT = 9443
STATE_SECONDS = 30.0


def main(
    argv: Sequence[str] | None = None,
    *,
    out: TextIO | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Serve until Ctrl-C, SIGTERM or ``stop``; return the exit status."""
    stream = out or sys.stdout
    stop = stop or threading.Event()
    options = _parser().parse_args(argv)
    exchange = SimulatedExchange(
        seed=options.seed,
        market_maker=not options.no_market_maker,
        tls=options.tls or options.as_binance,
        port=OFFICIAL_PORTS[0] if options.as_binance else options.port,
        more_ports=OFFICIAL_PORTS[1:] if options.as_binance else (),
        host=options.host,
    )
    try:
        exchange.start()
    except OSError as error:
        ports = " and ".join(map(str, OFFICIAL_PORTS)) if options.as_binance else options.port
        stream.write(f"cannot listen on {options.host}:{ports}: {error.strerror or error}\n")
        return 1
    try:
        for limits in (exchange.limits, exchange.futures_limits, exchange.option_limits):
            limits.enabled = not options.no_limits
        exchange.start_funding()
        if options.random_market:
            exchange.start_random_market(markets=tuple(exchange.venue.market_makers))
        return _serve(_Desk(exchange, stream, options.account), exchange, options, stop)
    finally:
        exchange.stop()


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


class _Desk:
    """What the person at the terminal sees."""

    def __init__(
        self, exchange: SimulatedExchange, out: TextIO, accounts: Sequence[_Wallets]
    ) -> None:
        self._exchange = exchange
        self._out = out
        self._accounts = [
            exchange.create_account(
                each[Market.SPOT],
                usdm=each[Market.USDM],
                coinm=each[Market.COINM],
                eoptions=each[Market.EOPTIONS].get(QUOTE_ASSET),
            )
            for each in accounts
        ] or [exchange.create_account()]

    def serve(self, options: argparse.Namespace, stop: threading.Event) -> None:
        """Print where everything is, then the state now and then, until asked to stop."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
        self._introduce(options)
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
        exchange, certificate = self._exchange, options.cert
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
            self.tell(f"  {name:<22}{path}")
        if certificate is not None and exchange.certificate is not None:
            certificate.write_text(exchange.certificate)
            self.tell(f"  {'certificate authority':<22}{certificate}")
        if options.as_binance:
            self.tell(
                f"\nClients that know the exchange's own hosts come here with this line in /etc/hosts, "
                f"and the authority trusted:\n\n  {options.host} {' '.join(OFFICIAL_HOSTS)}"
            )
        keys = []
        for account in self._accounts:
            self.tell(f"\nAccount {account.uid}")
            self._tell_balances(account)
            keys.append(account.create_key("ed25519"))
            self._tell_key(keys[-1])
            self._tell_key(account.create_key("hmac"))
        self._tell_how(keys[0], certificate)

    def _tell_how(self, key: Key, certificate: Path | None) -> None:
        """Print what leads a program here as it is."""
        secret = key.api_secret.strip().replace("\n", "\\n")
        trust = f" SSL_CERT_FILE={certificate}" if certificate is not None else ""
        base = self._exchange.rest_url.replace("http", "ws", 1)
        self.tell(
            f"\nPrograms with this library trade here, as they are, after\n\n"
            f"  export {ENVIRONMENT_VARIABLE}=simulator {SIMULATOR_VARIABLE}={base}{trust}\n"
            f"  export BINANCE_API_KEY={key.api_key} BINANCE_API_SECRET='{secret}'\n\n"
            f"  from binance_wsapi import Client\n\n"
            f"  with Client.from_env() as client:\n"
            f"      print(client, client.spot.get_account_information().result)\n"
        )

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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m binance_wsapi simulator",
        description="Serve the embedded exchange to any client: WebSocket APIs, streams and REST.",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--tls", action="store_true", help="serve wss:// and https://")
    parser.add_argument(
        "--cert", type=Path, help="where to write the authority's certificate for clients to trust"
    )
    parser.add_argument(
        "--as-binance",
        action="store_true",
        help="stand in for the exchange's own hosts: TLS on their ports, 443 and 9443, for clients that can be "
        "led here by /etc/hosts alone",
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same market")
    parser.add_argument(
        "--account",
        action="append",
        type=read_wallets,
        default=[],
        metavar="USDT=10000,usdm:USDT=5000,coinm:BTC=1",
        help="open an account with these balances, on Spot or in a futures or options wallet; may be repeated",
    )
    parser.add_argument("--no-market-maker", action="store_true", help="leave the books empty")
    parser.add_argument(
        "--random-market", action="store_true", help="let prices walk on all markets"
    )
    parser.add_argument(
        "--web",
        type=int,
        nargs="?",
        const=0,
        metavar="PORT",
        help="serve a page that shows it all and steers it; on a free port when none is named",
    )
    parser.add_argument("--web-host", default="127.0.0.1", help="address the page listens on")
    parser.add_argument("--no-limits", action="store_true", help="count weights and orders only")
    parser.add_argument(
        "--state-every",
        type=float,
        default=STATE_SECONDS,
        metavar="SECONDS",
        help="how often to print the state",
    )
    return parser


_PLACES = {
    "spot": Market.SPOT,
    "usdm": Market.USDM,
    "coinm": Market.COINM,
    "eoptions": Market.EOPTIONS,
}


def read_wallets(text: str) -> _Wallets:
    """Read ``USDT=10000,usdm:USDT=5000``: balances by market.

    Raises:
        ArgumentTypeError: They cannot be read.
    """
    wallets: _Wallets = {market: {} for market in Market}
    for part in text.split(","):
        name, equals, amount = part.partition("=")
        place, colon, asset = name.strip().rpartition(":")
        market = _PLACES.get(place.lower() if colon else "spot")
        is_number = amount.replace(".", "", 1).isdecimal()
        if not asset or not equals or not is_number or market is None:
            raise argparse.ArgumentTypeError(
                f"{part!r} is no balance: write ASSET=AMOUNT, usdm:ASSET=AMOUNT, coinm:ASSET=AMOUNT or "
                "eoptions:USDT=AMOUNT"
            )
        known = {one.margin_asset for one in DEFAULT_CONTRACTS.get(market, ())}
        if market is Market.EOPTIONS:
            known = {QUOTE_ASSET}
        if known and asset.upper() not in known:
            raise argparse.ArgumentTypeError(
                f"{part!r}: the wallets there hold {', '.join(sorted(known))}"
            )
        wallets[market][asset.upper()] = amount
    return wallets
