"""What support asks first: is it reachable, is the clock right, what may the key do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

import click

from binance_wsapi import BinanceWsApiError, Client
from binance_wsapi.cli.desk import KEY, Desk, command
from binance_wsapi.endpoints import WsKey
from binance_wsapi.proxies import proxy_of

__all__ = ["COMMANDS"]

ROUND_TRIPS = 20
CLOCK_OFF_MS = 1_000
"""From here on requests are refused: the exchange takes no timestamp further ahead than this."""
_CONNECTIONS = {
    "Spot": WsKey.MAIN_WSAPI,
    "USD-M": WsKey.USDM_WSAPI,
    "COIN-M": WsKey.COINM_WSAPI,
}
_COLOURS = {"ok": "green", "note": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "note", "failed"]
    words: str


@click.command()
@command()
def health(desk: Desk, client: Client) -> None:
    """Open the Spot connection and show how it is doing."""
    client.connect()
    client.spot.test_connectivity()
    rows = client.health()
    columns = ["connection", "state", "logged on", "median round trip", "last failure"]
    desk.show(
        rows,
        columns,
        [
            [
                one.ws_key,
                one.state,
                one.logged_on,
                _milliseconds(one.round_trip_p50),
                one.last_failure,
            ]
            for one in rows
        ],
    )


@click.command()
@command()
def doctor(desk: Desk, client: Client) -> None:
    """Look at what usually goes wrong: network, TLS, proxy, clock, key, limits, speed.

    The exit status is 1 when anything failed.
    """
    has_failed = False
    for finding in _diagnose(client):
        has_failed = has_failed or finding.state == "failed"
        if desk.as_json:
            desk.show_json(asdict(finding))
        else:
            mark = click.style(f"{finding.state:<7}", fg=_COLOURS[finding.state])
            click.echo(f"{mark} {finding.what}: {finding.words}")
    click.get_current_context().exit(1 if has_failed else 0)


def _diagnose(client: Client) -> Iterator[Finding]:
    yield Finding("this client", "note", repr(client))
    reachable = []
    for name, ws_key in _CONNECTIONS.items():
        finding = _connection(client, name, ws_key)
        yield finding
        reachable += [ws_key] if finding.state == "ok" else []
    if WsKey.MAIN_WSAPI not in reachable:
        return
    for name, look in _LOOKS.items():
        try:
            yield look(client)
        except BinanceWsApiError as error:
            yield Finding(name, "failed", str(error))


def _connection(client: Client, name: str, ws_key: WsKey) -> Finding:
    url = client.urls.get(ws_key)
    if url is None:
        return Finding(name, "note", "has no address on this exchange")
    begun = time.perf_counter()
    try:
        client.connect(ws_key)
    except BinanceWsApiError as error:
        return Finding(name, "failed", str(error))
    took = _milliseconds(time.perf_counter() - begun)
    parts = urlsplit(url)
    way = "TLS" if parts.scheme == "wss" else "no TLS"
    proxy = proxy_of(url, None)
    through = f" through the proxy {urlsplit(proxy).hostname}" if proxy else ", no proxy"
    return Finding(name, "ok", f"{parts.hostname} reached in {took} ({way}{through})")


def _clock(client: Client) -> Finding:
    before = time.time()
    told = client.spot.get_server_time().result.server_time
    ahead = round(told - (before + time.time()) / 2 * 1000)
    words = f"the exchange is {ahead} ms ahead of this machine; the library reckons with it"
    if abs(ahead) < CLOCK_OFF_MS:
        return Finding("clock", "ok", words)
    return Finding("clock", "note", f"{words}, but set the clock (NTP): other programs do not")


def _round_trips(client: Client) -> Finding:
    taken = []
    for _ in range(ROUND_TRIPS):
        begun = time.perf_counter()
        client.spot.test_connectivity()
        taken.append(time.perf_counter() - begun)
    taken.sort()
    median, slow = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    words = f"median {_milliseconds(median)}, 95 of 100 within {_milliseconds(slow)}"
    return Finding("round trip", "ok", words)


def _key(client: Client) -> Finding:
    authoriser = client._runtime.authoriser
    if authoriser.signer is None:
        return Finding("key", "note", f"none: set {KEY} to have it looked at")
    kind = authoriser.signer.key_type.value
    account = client.spot.get_account_information(omit_zero_balances=True).result
    may = "may trade" if account.can_trade else "may not trade"
    words = f"{kind}, taken from this address, {may}, permissions {', '.join(account.permissions or ())}"
    return Finding("key", "ok" if account.can_trade else "note", words)


def _limits(client: Client) -> Finding:
    words = "; ".join(
        f"{market}: "
        + ", ".join(f"{limit.count} of {limit.limit} {limit.rate_limit_type}" for limit in limits)
        for market, limits in client.rate_limits.items()
    )
    return Finding("limits", "ok", f"used {words}" if words else "none told yet")


_LOOKS = {"clock": _clock, "round trip": _round_trips, "key": _key, "limits": _limits}


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.2f} ms"


COMMANDS = (health, doctor)
