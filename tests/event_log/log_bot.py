"""Publishers and readers that are killed: ``python log_bot.py`` forks one for each line that it reads.

The library is loaded once, and each bot is a process of its own. It says when it is at work, and goes on until somebody
kills it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from binance_wsapi import Client, OrderReconciled, StreamGap
from binance_wsapi.core import reconciliation
from binance_wsapi.event_log import LoggedEvents, read_events, read_stream, redis_log
from binance_wsapi.models.user_events import OrderUpdate

# A turn lasts long enough for a busy machine; no copy of the embedded exchange lags.
redis_log.LASTS_MS = 5000
redis_log.BEAT_S = 0.1
redis_log.CUT_OFF_MS = 300
redis_log.ANSWER_S = redis_log.LEAD_S = 30.0
vars(reconciliation)["LAG_S"] = 0.01


def main() -> None:
    for line in sys.stdin:
        given = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                ROLES[given.pop("role")](**given)
            except BaseException:  # noqa: BLE001  (whatever ends a bot is shown)
                traceback.print_exc()
            finally:
                os._exit(1)
        os.waitpid(pid, 0)
        print("gone", flush=True)


def publish(options: dict[str, Any]) -> None:
    client = Client(**options)
    events = client.subscribe_user_data_stream()
    print(os.getpid(), flush=True)
    for _ in events:
        pass


def publish_stream(options: dict[str, Any], name: str) -> None:
    client = Client(**options)
    client.streams.log(name)
    print(os.getpid(), flush=True)
    while True:
        signal.pause()


def read(url: str, path: str) -> None:
    with read_events(url, "desk", after=position_in(path)) as events:
        keep(path, events, told_by)


def read_trades(url: str, path: str, name: str) -> None:
    after = position_in(path)
    with read_stream(url, name, after=after, exchange="custom") as events:
        keep(path, events, trade_told_by)


def position_in(path: str) -> str:
    """Where the last one has ended."""
    file = Path(path)
    file.touch()
    written = file.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    os.truncate(file, len(whole))  # what a kill has cut off is read again
    return str(json.loads(whole.splitlines()[-1])["position"]) if whole else "start"


def keep(path: str, events: LoggedEvents[Any], told_by: Callable[[Any], dict[str, Any]]) -> None:
    with Path(path).open("ab", buffering=0) as kept:
        print(os.getpid(), flush=True)
        for event in events:
            told = {"kind": type(event).__name__, "position": events.position, **told_by(event)}
            kept.write(json.dumps(told).encode() + b"\n")


def trade_told_by(event: Any) -> dict[str, Any]:
    """The number of a trade, or the moments of a gap."""
    if isinstance(event, StreamGap):
        return {"gap": [event.from_ms, event.until_ms]}
    return {"trade": event.trade_id}


def told_by(event: Any) -> dict[str, Any]:
    """What an event tells of an order: which, and the numbers of its trades."""
    if isinstance(event, OrderUpdate):
        is_trade = str(event.execution_type) == "TRADE"
        return {"order": event.order_id, "trades": [event.trade_id] if is_trade else []}
    if isinstance(event, OrderReconciled):
        return {"order": event.order_id, "trades": [fill["id"] for fill in event.raw_missed_fills]}
    return {"order": None, "trades": []}


ROLES: dict[str, Callable[..., None]] = {
    "publish": publish,
    "publish_stream": publish_stream,
    "read": read,
    "read_trades": read_trades,
}

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
