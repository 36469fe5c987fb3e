"""Market streams: trades and candles of one symbol in one stream of typed events.

Market data needs no key.
"""

from __future__ import annotations

from binance_wsapi import Client, StreamGap


def main(client: Client, *, events: int = 10) -> None:
    """Print so many events."""
    streams = client.streams
    with streams.subscribe(streams.agg_trade("BTCUSDT"), streams.kline("BTCUSDT", "1m")) as stream:
        for _ in range(events):
            event = stream.get(timeout=30)
            if isinstance(event, StreamGap):
                print("events may be missing from", event.from_ms, "until", event.until_ms)
            else:
                print(event)


if __name__ == "__main__":
    with Client() as public_client:
        main(public_client)
