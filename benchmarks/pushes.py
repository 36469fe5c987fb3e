"""Events as the canned server pushes them, and how a worker asks it to.

A worker asks over a plain connection to the server's port, with a line in place of a handshake:
``PUSH <worker> <kind> <count> <per second, 0 for flat out>``. The worker is the one that its URLs name
(``?worker=<process id>``).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

__all__ = [
    "BOOK_SYMBOLS",
    "FIRST_UPDATE_ID",
    "STREAMS",
    "USER",
    "Kind",
    "events",
    "pusher",
    "worker_url",
]

Kind = str
USER: Kind = "user"
BOOK_SYMBOLS: dict[Kind, str] = {"book5": "BTCUSDT", "book20": "ETHUSDT"}
STREAMS: dict[Kind, str] = {
    "ticker": "btcusdt@bookTicker",
    "book5": "btcusdt@depth@100ms",
    "book20": "ethusdt@depth@100ms",
}
FIRST_UPDATE_ID = 2731179240
"""The update id of the first book change: the one after the canned snapshot's."""

_TICKER = (
    '{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"23456.78000000",'
    '"B":"31.21000000","a":"23456.79000000","A":"40.66000000"}}'
)
_FILL = (
    '{"subscriptionId":0,"event":{"e":"executionReport","E":1801234567890,"s":"BTCUSDT",'
    '"c":"mUvoqJxFIILMdfAW5iGSOW%d","S":"BUY","o":"LIMIT","f":"GTC","q":"0.00100000",'
    '"p":"20000.00000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"FILLED",'
    '"r":"NONE","i":%d,"l":"0.00100000","z":"0.00100000","L":"20000.00000000","n":"0.00000100",'
    '"N":"BTC","T":1801234567889,"t":%d,"v":3,"I":%d,"w":false,"m":false,"M":true,'
    '"O":1801234567889,"Z":"20.00000000","Y":"20.00000000","Q":"0.00000000","W":1801234567889,'
    '"V":"EXPIRE_MAKER"}}'
)


def events(kind: Kind) -> Iterator[bytes]:
    """Yield the events of a kind, each one new: their ids go up."""
    number = 0
    while True:
        if kind == "ticker":
            text = _TICKER % (400_900_217 + number)
        elif kind == USER:
            text = _FILL % ((12_000_000_000 + number,) * 4)
        else:
            text = _book_change(kind, number)
        yield text.encode()
        number += 1


def _book_change(kind: Kind, number: int) -> str:
    levels = int(kind.removeprefix("book"))
    # Near the top of the canned book, some levels taken away, as changes come in the field.
    sides = [
        ",".join(
            f'["{(start + step * ((number * 7 + each) % 400)) / 100:.8f}",'
            f'"{((number + each) % 10) / 1000:.8f}"]'
            for each in range(levels)
        )
        for start, step in ((2345678, -1), (2345679, 1))
    ]
    update_id = FIRST_UPDATE_ID + number
    return (
        f'{{"stream":"{STREAMS[kind]}","data":{{"e":"depthUpdate","E":1801234567890,'
        f'"s":"{BOOK_SYMBOLS[kind]}","U":{update_id},"u":{update_id},"b":[{sides[0]}],"a":[{sides[1]}]}}}}'
    )


def worker_url(url: str) -> str:
    """Return a URL of the canned server that names this process."""
    return f"{url}?worker={os.getpid()}"


def pusher(url: str, context: ssl.SSLContext | None) -> Callable[..., None]:
    """Return what asks the server at a URL for events: ``ask(kind, count, per_second=0)``."""
    address = urlsplit(url)
    place = (str(address.hostname), int(address.port or 0))

    def ask(kind: Kind, count: int, per_second: int = 0) -> None:
        with socket.create_connection(place) as plain:
            connection = plain
            if context is not None:
                connection = context.wrap_socket(plain, server_hostname=place[0])
            connection.sendall(f"PUSH {os.getpid()} {kind} {count} {per_second}\r\n\r\n".encode())
            connection.recv(1)  # it is under way

    return ask
