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
ALPHA_DEPTH_SPEED = StreamParam("speed", "How often; it has to be said.", ("500ms", "100ms", "0ms"))
CONTRACT_ADDRESS = StreamParam(
    "contract_address",
    "Address of the token's contract, in the case the exchange writes it in.",
    form=r"[A-Za-z0-9_:-]+",
    example="0x8fce7206e3043dd360f115afa956ee31b90b787c",
)
CHAIN_ID = StreamParam(
    "chain_id", "The chain it is on, such as 56 or CT_501.", form="[A-Za-z0-9_]+", example="CT_501"
)
TOKEN_INTERVAL = StreamParam(
    "interval", "Length of a candle.", ("1s", "1m", "5m", "15m", "1h", "4h", "1d")
)
MARK_SPEED = StreamParam("speed", "How often; every 3 s without it.", ("1s",), optional=True)
