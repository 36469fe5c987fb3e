"""Peers that do what no document says: answers without content, late events, no goodbye, ids given twice."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Self

import pytest
from callers import WAIT_S, Caller, Flavour, caller_of, noted
from scripted_server import Peer, ScriptedServer

from binance_wsapi import NotSent, StreamGap, WsKey
from binance_wsapi.core import listen_key, watch
from binance_wsapi.core.linked_feed import LinkedFeed
from binance_wsapi.core.user_data import ApiUserData

Dial = Callable[..., Caller]
KEY = {"api_key": "key", "api_secret": "s" * 64, "mute_latency_warning": True}
ODD: list[Any] = [None, [], "", {"listenKey": None}, {"listenKey": 7}, {}]


def options(server: ScriptedServer, **more: Any) -> dict[str, Any]:
    base = f"ws://127.0.0.1:{server.port}"
    urls = {**server.urls, "usdmPrivate": f"{base}/private", "coinm": f"{base}/private"}
    return {**KEY, "urls": {**urls, "marginUserData": f"{base}/margin"}, **more}


def on_core(caller: Caller, work: Callable[[Any], Any]) -> Any:
    core = caller.client._core

    async def run() -> Any:
        return work(core)

    return core.runtime.run(run).result(WAIT_S)


def answering(result: Any) -> Any:
    async def reply(peer: Peer, request: dict[str, Any]) -> None:
        await peer.answer(request, result)

    return reply


@pytest.mark.parametrize("ws_key", [WsKey.USDM_WSAPI, WsKey.COINM_WSAPI])
@pytest.mark.parametrize("result", ODD, ids=json.dumps)
def test_odd_answer_to_a_keep_alive_does_not_end_it(
    dial: Dial,
    scripted: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    result: Any,
    ws_key: WsKey,
) -> None:
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr(listen_key, "KEEP_ALIVE_RETRY_S", 0.01)
    scripted.replies["userDataStream.start"] = answering({"listenKey": "listen"})
    scripted.replies["userDataStream.ping"] = answering(result)
    caller = dial(**options(scripted))

    stream = caller.call(lambda client: client.subscribe_user_data_stream(ws_key))

    scripted.wait_for("userDataStream.ping", 3)
    assert len(stream) == 0, "the key is the one it was"
    assert len([peer for peer in scripted.peers if "private" in peer.path_qs]) == 1


@pytest.mark.parametrize("result", ODD, ids=json.dumps)
def test_odd_answer_instead_of_a_key_is_no_internal_error(
    dial: Dial, scripted: ScriptedServer, result: Any
) -> None:
    scripted.replies["userDataStream.start"] = answering(result)
    caller = dial(**options(scripted, timeout=0.3))

    with pytest.raises(NotSent, match="listen key") as caught:
        caller.call(lambda client: client.subscribe_user_data_stream(WsKey.USDM_WSAPI))

    assert "internal" not in str(caught.value)


def test_late_event_on_a_replaced_connection_is_delivered(
    dial: Dial, scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From before its successor was subscribed: nobody else brings it."""
    monkeypatch.setattr(watch, "DRAIN_LINGER_S", 0.01)
    monkeypatch.setattr(watch, "EVENTS_LINGER_S", 500.0)
    scripted.replies["userDataStream.subscribe.signature"] = answering({"subscriptionId": 0})
    caller = dial(**options(scripted))
    stream = caller.call(lambda client: client.subscribe_user_data_stream())
    caller.call(lambda client: client.connect(WsKey.MAIN_WSAPI2))
    old = scripted.peers[0]

    caller.call(lambda client: client.rotate())
    gone = noted(caller, "close")
    caller.call(lambda client: client.rotate(WsKey.MAIN_WSAPI2))
    assert [event.ws_key for event in gone.wait()] == [WsKey.MAIN_WSAPI2]
    event = {"e": "balanceUpdate", "E": 1, "a": "USDT", "d": "1", "T": 1}
    scripted.run(old.send({"subscriptionId": 0, "event": event}))

    assert caller.next_event(stream).asset == "USDT"
    assert len(stream) == 0


def test_events_have_time_to_come_late_on_every_replaced_connection() -> None:
    assert watch.EVENTS_LINGER_S >= 3.0


class Talkative:
    """A peer that answers, sends events without end, and ignores every goodbye."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name="scripted talkative")

    def __enter__(self) -> Self:
        self._thread.start()
        self._listener = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._listener.close()
            for writer in self._writers:
                writer.transport.abort()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._run(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WAIT_S)
        self.loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = head.lower().partition("sec-websocket-key: ")[0]
        key = head[len(key) :].partition(": ")[2].partition("\r\n")[0]
        digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        talking = self.loop.create_task(self._talk(writer))
        try:
            while True:
                first, size = await reader.readexactly(2)
                size &= 127
                if size == 126:
                    size = int.from_bytes(await reader.readexactly(2))
                mask = await reader.readexactly(4)
                masked = await reader.readexactly(size)
                payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
                if first & 15 == 1:
                    request = json.loads(payload)
                    self._send(writer, {"id": request["id"], "status": 200, "result": {}})
                elif first & 15 == 9:
                    writer.write(bytes((0x8A, len(payload))) + payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            talking.cancel()

    async def _talk(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._send(writer, {"event": {"e": "tick"}})
            await asyncio.sleep(0.1)

    def _send(self, writer: asyncio.StreamWriter, frame: object) -> None:
        text = json.dumps(frame).encode()
        assert len(text) < 126
        writer.write(bytes((0x81, len(text))) + text)


@pytest.fixture
def talkative() -> Iterator[Talkative]:
    with Talkative() as peer:
        yield peer


def test_peer_that_ignores_the_goodbye_keeps_no_socket(
    flavour: Flavour, talkative: Talkative
) -> None:
    caller = caller_of(
        flavour,
        urls={WsKey.MAIN_WSAPI: f"ws://127.0.0.1:{talkative.port}"},
        attach_event_listeners=False,
    )
    caller.call(lambda client: client.spot.test_connectivity())
    for _ in range(5):
        caller.call(lambda client: client.rotate())

    never = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        left = on_core(caller, lambda core: len(core.runtime.transport._open_sockets()))
        if left == 1:
            break
        never.wait(0.02)
    assert left == 1
    assert caller.call(lambda client: client.spot.test_connectivity()).status == 200
    caller.close()


def test_second_subscription_under_the_same_id_takes_nothing_from_the_first(
    dial: Dial, scripted: ScriptedServer
) -> None:
    """Nobody could tell whose events come under it: it is refused, and the doubt is told as a gap."""
    scripted.replies["userDataStream.subscribe.signature"] = answering({"subscriptionId": 3})
    caller = dial(**options(scripted, timeout=1))
    first = caller.call(lambda client: client.subscribe_user_data_stream())
    core = caller.client._core

    async def subscribe_another() -> None:
        feed = LinkedFeed(
            core.runtime,
            WsKey.MAIN_WSAPI,
            name="another account",
            decode=lambda event: event,
            handler_event=None,
            close=lambda buffer: None,
            lost_answers=core.lost_answers,
            subscribed_by="the test",
        )
        await ApiUserData(core.runtime, core.sessions.open[WsKey.MAIN_WSAPI], feed).start(0.5)

    with pytest.raises(NotSent, match="two subscriptions were given the id 3"):
        core.runtime.run(subscribe_another).result(WAIT_S)

    gap = caller.next_event(first)
    assert isinstance(gap, StreamGap)
    assert "two subscriptions were given the id 3" in gap.reason


def test_unsubscribing_keeps_the_timeout(dial: Dial, scripted: ScriptedServer) -> None:
    async def silent(peer: Peer, request: dict[str, Any]) -> None:
        return

    scripted.replies["userDataStream.start"] = answering({"listenKey": "listen"})
    scripted.replies["userDataStream.subscribe.signature"] = answering({"subscriptionId": 0})
    scripted.replies["userDataStream.stop"] = silent
    scripted.replies["userDataStream.unsubscribe"] = silent
    caller = dial(**options(scripted, timeout=500))
    keys = {
        "userDataStream.unsubscribe": WsKey.MAIN_WSAPI,
        "userDataStream.stop": WsKey.USDM_WSAPI,
    }
    for method, ws_key in keys.items():
        stream = caller.call(partial(type(caller.client).subscribe_user_data_stream, ws_key=ws_key))
        object.__setattr__(caller.client._runtime.options, "timeout", 0.05)

        caller.call(partial(type(caller.client).unsubscribe_user_data_stream, ws_key=ws_key))

        assert stream._buffer.is_ended
        scripted.wait_for(method)
        object.__setattr__(caller.client._runtime.options, "timeout", 500)
