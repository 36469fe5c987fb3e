"""The glossary of the parts of stream names, each described once."""

from __future__ import annotations

from binance_wsapi.catalogue.stream import StreamParam
from binance_wsapi.models.enums import KlineInterval

SYMBOL = StreamParam("symbol", "Trading symbol, in any case.", lower_case=True)
PAIR = StreamParam("pair", "Pair, such as BTCUSD, in any case.", lower_case=True)
OPTION_FORM = r"[^@!/-]+-[0-9]{6}-[0-9]+(?:\.[0-9]+)?-[cp]"
OPTION_EXAMPLE = "BTC-260626-140000-C"
OPTION = StreamParam(
    "symbol",
    "Symbol of the option, such as BTC-260626-140000-C, in any case.",
    lower_case=True,
    form=OPTION_FORM,
    example=OPTION_EXAMPLE,
)
UNDERLYING = StreamParam("underlying", "What the options are on, such as BTCUSDT.", lower_case=True)
EXPIRATION_DATE = StreamParam(
    "expiration_date",
    "Day of the expiry as symbols have it, such as 260626.",
    form="[0-9]{6}",
    example="260626",
)
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
OPTION_DEPTH_SPEED = StreamParam("speed", "How often; it has to be said.", ("500ms", "100ms"))
MARK_SPEED = StreamParam("speed", "How often; every 3 s without it.", ("1s",), optional=True)
