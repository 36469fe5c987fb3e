"""The glossary of the parts of stream names, each described once."""

from __future__ import annotations

from binance_wsapi.catalogue.stream import StreamParam
from binance_wsapi.models.enums import KlineInterval

SYMBOL = StreamParam("symbol", "Trading symbol, in any case.", lower_case=True)
PAIR = StreamParam("pair", "Pair, such as BTCUSD, in any case.", lower_case=True)
LEVELS = StreamParam("levels", "How many levels a side.", ("5", "10", "20"))
INTERVAL = StreamParam(
    "interval",
    "Length of a candle.",
    tuple(each.value for each in KlineInterval if each is not KlineInterval.SECOND_1),
)
INTERVAL_FROM_1S = StreamParam(
    "interval", "Length of a candle.", tuple(each.value for each in KlineInterval)
)
DEPTH_SPEED = StreamParam(
    "speed", "How often; every 250 ms without it.", ("500ms", "100ms"), optional=True
)
MARK_SPEED = StreamParam("speed", "How often; every 3 s without it.", ("1s",), optional=True)
