"""The way to the exchange: no detour a stranger asks for, no password that nobody gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from callers import WAIT_S, Caller, noted
from scripted_server import ScriptedServer

from binance_wsapi import (
    AsyncClient,
    Client,
    ClientClosed,
    ConfigurationError,
    NotSent,
    WsKey,
)
from binance_wsapi.catalogue.listen_keys import RISK
from binance_wsapi.core.rest import rest_call
from binance_wsapi.proxies import proxy_of

Connect = Callable[..., Caller]
KEY = {"api_key": "k" * 64, "api_secret": "s" * 64, "mute_latency_warning": True}
ELSEWHERE = {
    "mainWSAPI": "ws://exchange.test/ws-api",
    "rest": "http://exchange.test",
}
"""URLs of hosts that are not this machine; no name of them is ever looked up."""


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    """A second server, where nothing may arrive."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def refusal(caller: Caller, server: ScriptedServer) -> str:
    """Return why connections do not come up, once the server has turned one away."""
    already = server.handshakes
    call = caller.begin(lambda client: client.spot.test_connectivity())
    server.wait_until(lambda: server.handshakes >= already + 2)
    reason = caller.client._core.sessions.open[WsKey.MAIN_WSAPI].last_failure
    caller.close()
    assert isinstance(call.exception(WAIT_S), ClientClosed | NotSent)
    return reason


def redirecting(status: int, target: str) -> Any:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": target})

    return answer


def rest_of(server: ScriptedServer) -> dict[str, str]:
    return {"rest": f"http://127.0.0.1:{server.port}"}


def ask_rest(caller: Caller) -> bytes:
    """Make one REST call, as margin user data does."""
    runtime = caller.client._runtime
    body: bytes = runtime.run(
        lambda: rest_call(runtime, WsKey.MARGIN_RISK_USER_DATA, RISK.start, {})
    ).result(WAIT_S)
    return body


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirected_handshake_is_refused_and_names_the_host(
    dial: Connect, scripted: ScriptedServer, other: ScriptedServer, status: int
) -> None:
    scripted.handshake = redirecting(status, f"http://me:pw@127.0.0.1:{other.port}/x?listenKey=L")

    said = refusal(dial(), scripted)

    assert f"HTTP {status} redirects to 127.0.0.1:{other.port}, which is not followed" in said
    assert "pw" not in said
    assert "listenKey" not in said
    assert other.handshakes == 0


def test_a_redirect_within_the_host_is_not_followed_either(
    dial: Connect, scripted: ScriptedServer
) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": "/other"})

    scripted.handshake = answer

    assert "redirects to another path, which is not followed" in refusal(dial(), scripted)
    assert set(seen) == {"/mainWSAPI"}


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirected_rest_call_is_refused_and_names_the_host(
    dial: Connect, scripted: ScriptedServer, other: ScriptedServer, status: int
) -> None:
    scripted.handshake = redirecting(status, f"http://127.0.0.1:{other.port}/token")
    caller = dial(**KEY, urls=rest_of(scripted))

    with pytest.raises(NotSent, match=rf"redirects to 127.0.0.1:{other.port}, which is not"):
        ask_rest(caller)

    assert scripted.handshakes > 0
    assert other.handshakes == 0


# Passwords nobody gave


def test_netrc_is_not_read(
    dial: Connect, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login trader password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    sent: list[str | None] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        sent.append(request.headers.get("Authorization"))
        return None if request.path == "/mainWSAPI" else web.Response(status=403)

    scripted.handshake = note
    caller = dial(**KEY, urls={**scripted.urls, **rest_of(scripted)})

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    with pytest.raises(Exception, match="403"):
        ask_rest(caller)

    assert len(sent) >= 2
    assert set(sent) == {None}


# Proxies of the environment: one rule for sockets and REST


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_the_proxy_of_the_environment_carries_sockets_and_rest(
    dial: Connect, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        asked.append(request.headers["Host"])
        return None if "ws-api" in request.path else web.Response(status=403)

    scripted.handshake = note
    monkeypatch.setenv(name, f"http://127.0.0.1:{scripted.port}")
    caller = dial(**KEY, urls=ELSEWHERE)

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    with pytest.raises(Exception, match="403"):
        ask_rest(caller)

    assert len(asked) >= 2
    assert set(asked) == {"exchange.test"}


def test_a_proxy_of_the_environment_tunnels_what_is_encrypted(
    dial: Connect, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.headers['Host']}")
        asked.append(request.headers["Proxy-Authorization"])
        return web.Response(status=403)

    scripted.handshake = note
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:pw@127.0.0.1:{scripted.port}")
    secure = {"mainWSAPI": "wss://exchange.test/x", "rest": "https://exchange.test"}

    with pytest.raises(NotSent):
        ask_rest(dial(**KEY, urls=secure))
    for_rest = set(asked)
    asked.clear()
    said = refusal(dial(urls=secure), scripted)

    assert for_rest == set(asked) == {"CONNECT exchange.test", "Basic bWU6cHc="}
    assert "403" in said
    assert "pw" not in said


@pytest.mark.parametrize(
    ("url", "no_proxy", "chosen"),
    [
        ("wss://exchange.test/x", "", "http://secure:1"),
        ("https://exchange.test", "", "http://secure:1"),
        ("ws://exchange.test/x", "", "http://plain:1"),
        ("http://exchange.test", "", "http://plain:1"),
        ("wss://exchange.test/x", "exchange.test", None),
        ("https://api.exchange.test", ".exchange.test", None),
        ("wss://exchange.test:9443/x", "other.test, exchange.test:9443", None),
        ("wss://exchange.test/x", "*", None),
        ("wss://exchange.test/x", "change.test", "http://secure:1"),
        ("ws://127.0.0.1:5/x", "", None),
        ("ws://[::1]:5/x", "", None),
        ("wss://localhost/x", "", None),
    ],
)
def test_which_proxy_of_the_environment_leads_where(
    monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str, chosen: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://secure:1")
    monkeypatch.setenv("HTTP_PROXY", "http://plain:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert proxy_of(url, None) == chosen
    assert proxy_of(url, "http://mine:1") == "http://mine:1"


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("socks5://me:hunter2@127.0.0.1:1080", "is a SOCKS proxy, which is not supported"),
        ("socks5h://127.0.0.1:1080", "is a SOCKS proxy, which is not supported"),
        ("me:hunter2@127.0.0.1:8080", "is no URL of an HTTP proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_wherever_it_was_given(
    monkeypatch: pytest.MonkeyPatch, client: Any, proxy: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^proxy {says}") as given:
        client(proxy=proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(
        ConfigurationError, match=f"^HTTPS_PROXY in the environment {says}"
    ) as found:
        client()

    assert "hunter2" not in f"{given.value}{found.value}"
    client(urls={WsKey.MAIN_WSAPI: "ws://127.0.0.1:1"})._finalizer()


def test_a_proxy_that_the_environment_names_later_is_told(
    dial: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = dial(timeout=1, urls=ELSEWHERE)
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1080")

    with pytest.raises(
        ConfigurationError, match=r"^HTTP_PROXY in the environment is a SOCKS proxy"
    ):
        caller.call(lambda client: client.spot.get_server_time())


# Headers of the caller's own


def test_own_headers_stand_in_each_handshake_and_nowhere_else(
    dial: Connect, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    seen: list[str | None] = []

    async def note(request: web.Request) -> web.StreamResponse | None:
        seen.append(request.headers.get("X-Gateway"))
        return web.Response(status=403) if len(seen) == 1 else None

    scripted.handshake = note
    caller = dial(headers={"X-Gateway": "hunter2"}, attach_event_listeners=True)
    refused = noted(caller, "exception", "reconnecting", "close")

    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200

    assert seen == ["hunter2", "hunter2"]
    told = f"{refused.events} {caller.client!r} {caller.client._runtime.options!r}"
    assert "hunter2" not in told + caplog.text


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Host": "hunter2"}, "headers has 'Host', which the handshake sets itself"),
        ({"upgrade": "hunter2"}, "headers has 'upgrade', which the handshake sets itself"),
        ({"Sec-WebSocket-Key": "hunter2"}, "which the handshake sets itself"),
        ({"X-MBX-APIKEY": "hunter2"}, "which the handshake sets itself"),
        ({"Transfer-Encoding": "chunked"}, "which the handshake sets itself"),
        ({"Proxy-Authorization": "hunter2"}, "which the handshake sets itself"),
        ({"X: y": "hunter2"}, "headers has 'X: y', which is no name of a header"),
        ({5: "hunter2"}, "headers has 5, which is no name of a header"),
        ({"X": "hunter2\r\nY: z"}, "headers['X'] is no text that a header can carry"),
        ({"X": 5}, "headers['X'] is no text that a header can carry"),
        (["X"], "headers: use a dict of texts by name"),
    ],
)
def test_headers_that_cannot_stand_in_a_handshake_are_refused(headers: Any, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Client(headers=headers)

    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


# URLs


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("wss://host:99999/x", "has no host or port that can be"),
        ("wss://host:0", "has no host or port that can be"),
        ("wss://host:port", "has no host or port that can be"),
        ("wss://", "has no host or port that can be"),
        ("wss:///path", "has no host or port that can be"),
        ("wss://:443/x", "has no host or port that can be"),
        ("wss://[::1/x", "has no host or port that can be"),
        ("wss://ho st/x", "has a space or a line end inside"),
        ("wss://host/x\n", "has a space or a line end inside"),
        ("WSS//host", "use a URL that begins with wss://"),
        (5, "use a URL that begins with wss://"),
    ],
)
@pytest.mark.parametrize("key", ["mainWSAPI", "rest"])
def test_a_url_that_cannot_work_is_refused_at_construction(key: str, url: Any, says: str) -> None:
    if key == "rest":
        says = says.replace("wss", "https")
        url = url.replace("wss", "https") if isinstance(url, str) else url

    with pytest.raises(ConfigurationError) as refused:
        Client(urls={key: url})

    assert f"urls[{key!r}]={url!r}" in str(refused.value)
    assert says in str(refused.value)
