"""Logs show everything but secrets."""

from __future__ import annotations

import json

import pytest

from binance_wsapi.protocol.secrets import masked

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
TOKEN = "6xXxePXwZRjVSHKhzUCCGnmN3fkvMTXru+pYJS8RwijXk9Vcyr3rkwfVOTcP2OkONqciYA"
BASE64 = "C3WvOC1/+Xc2sTnWkVYPNlTv1Lf4Yg+3l8FSfXZ9lnJaF2QyIcS2mSmyTlWpqB/hpxtkWz1aDPdRcyHbWmS9DA=="


@pytest.mark.parametrize("secret", [KEY, TOKEN, BASE64, "short", 'quo\\"ted'])
@pytest.mark.parametrize("name", ["apiKey", "signature", "listenKey", "listenToken", "token"])
@pytest.mark.parametrize("between", [":", " : "])
def test_secret_members_of_frames_are_masked(secret: str, name: str, between: str) -> None:
    frame = f'{{"symbol":"BTCUSDT","{name}"{between}"{secret}","timestamp":1}}'

    assert masked(frame) == f'{{"symbol":"BTCUSDT","{name}"{between}"***","timestamp":1}}'
    assert masked(frame.encode()) == masked(frame)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"wss://fstream.binance.com/private/ws?listenKey={KEY}&events=A/B",
         "wss://fstream.binance.com/private/ws?listenKey=***&events=A/B"),
        (f"wss://dstream.binance.com/ws/{KEY}", "wss://dstream.binance.com/ws/***"),
        (f"wss://dstream.binance.com/stream?streams={KEY}/btcusd_perp@trade",
         "wss://dstream.binance.com/stream?streams=***/btcusd_perp@trade"),
        (f"/sapi/v1/userListenToken?timestamp=1&signature={BASE64}",
         "/sapi/v1/userListenToken?timestamp=1&signature=***"),
        (f"apiKey={KEY}&symbol=BTCUSDT", "apiKey=***&symbol=BTCUSDT"),
        (f"{{'X-MBX-APIKEY': '{KEY}'}}", "{'X-MBX-APIKEY': '***'}"),
        ("X-MBX-APIKEY: short", "X-MBX-APIKEY: ***"),
        ("{'listenKey': 'quo\\'ted', 'id': 'it'}", """{'listenKey': "***", 'id': 'it'}"""),
        ("cannot connect to http://trader:hunter2@proxy:8080", "cannot connect to http://***@proxy:8080"),
        ("http://trader:hunter2@[bad", "http://***@[bad"),
        ("https://trader:hunt@er2@proxy/?a=b@c", "https://***@proxy/?a=b@c"),
        ("ws://token@127.0.0.1:1/ws", "ws://***@127.0.0.1:1/ws"),
        (f'{{"stream":"{KEY}","data":{{}}}}', '{"stream":"***","data":{}}'),
        (f'{{"method":"SUBSCRIBE","params":["{KEY}"]}}', '{"method":"SUBSCRIBE","params":["***"]}'),
    ],
)  # fmt: skip
def test_secrets_are_masked_wherever_they_stand(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"e2a85d9f-07a5-4f94-8d5f-789dc3deb097","result":{"clientOrderId":"x-HNA2TXFJ0123456789012345678901234"}}',
        '{"e":"executionReport","p":"20000.00000000","i":125690984230}',
        "wss://ws-api.binance.com:443/ws-api/v3?timeUnit=MICROSECOND",
        '{"signatures":"none","tokens":["a"]}',
        "btcusdt@depth20@100ms/ethusdt@aggTrade",
        "wss://stream.binance.com:9443/stream?streams=btcusdt@trade/ethusdt@trade",
        "wss://stream.binance.com:9443/ws/btcusdt@trade",
        "wss://stream.binance.com?streams=btcusdt@trade",
        '{"a":"//","b":"btcusdt@trade"}',
        "",
    ],
)
def test_everything_else_is_left_as_it_is(text: str) -> None:
    assert masked(text) == text


def test_a_frame_cut_short_shows_no_part_of_a_secret() -> None:
    frame = json.dumps({"params": {"apiKey": KEY, "signature": BASE64}})

    for end in range(len(frame)):
        shown = masked(frame[:end])
        assert KEY[:8] not in shown
        assert BASE64[:8] not in shown


def test_bytes_that_are_no_text_are_shown_somehow() -> None:
    assert masked(b'\xff{"apiKey":"x"}') == '\N{REPLACEMENT CHARACTER}{"apiKey":"***"}'
