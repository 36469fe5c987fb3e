"""Refusals that only futures know; the two markets number some of them differently."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.markets import Market
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.contracts import Contract

__all__ = [
    "below_min_notional",
    "limit_orders_only",
    "margin_insufficient",
    "nothing_changes",
    "precision_over_maximum",
    "reduce_only_rejected",
    "refusal",
    "too_many_changes",
]

_TEXTS = {
    -1112: "No orders on book for symbol.",
    -1114: "TimeInForce parameter sent when not required.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1125: "This listenKey does not exist.",
    -1136: "Invalid newOrderRespType.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2023: "User in liquidation mode now.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4001: "Price less than 0.",
    -4002: "Price greater than max price.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4006: "Stop price less than zero.",
    -4007: "Stop price greater than max price.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id is not valid.",
    -4020: "Target strategy invalid for order type or reduceOnly.",
    -4021: "Invalid depth limit.",
    -4023: "Quantity not increased by step size.",
    -4028: "Leverage is not valid.",
    -4031: "Invalid working type.",
    -4045: "Reach max stop order limit.",
    -4059: "No need to change position side.",
    -4060: "Invalid position side.",
    -4061: "Order's position side does not match user's setting.",
    -4062: "Invalid or improper reduceOnly value.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4049: "Add margin only support for isolated position.",
    -4050: "Cross balance insufficient.",
    -4051: "Isolated balance insufficient.",
    -4054: "Cannot add position margin: position is 0.",
    -4055: "Amount must be positive.",
    -4082: "Invalid number of batch place orders.",
    -4116: "ClientOrderId is duplicated.",
    -4120: (
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
    ),
    -4135: "Invalid activation price.",
    -4137: "Quantity must be zero with closePosition equals true.",
    -4138: "Reduce only must be true with closePosition equals true.",
    -4140: "Invalid symbol status for opening position.",
    -4141: "Symbol is closed.",
    -4144: "Invalid pair.",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4167: (
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode."
    ),
    -4168: "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
    -4171: "No need to change multi-assets mode.",
    -5021: (
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history"
    ),
    -5022: (
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history"
    ),
    -5037: "Invalid price match",
    -5038: "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT",
    -5039: "Invalid self trade prevention mode",
    -5040: (
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000"
    ),
    -5041: "No depth matches this BBO order",
    -5047: "The original order is not a reduce-only order",
}


def refusal(code: int) -> ExchangeError:
    """Return the refusal of a code whose text does not depend on the request."""
    return ExchangeError(code, _TEXTS[code])


def margin_insufficient() -> ExchangeError:
    """-2019: the account cannot afford the order."""
    return refusal(-2019)


def reduce_only_rejected() -> ExchangeError:
    """-2022: there is nothing that the order could reduce."""
    return refusal(-2022)


def precision_over_maximum() -> ExchangeError:
    """-1111: more decimals than the contract has."""
    return ExchangeError(-1111, "Precision is over the maximum defined for this asset.")


def below_min_notional(contract: Contract) -> ExchangeError:
    """-4164 (COIN-M: -4178): the order is worth too little."""
    return ExchangeError(
        -4178 if contract.market is Market.COINM else -4164,
        f"Order's notional must be no smaller than {contract.min_notional} "
        "(unless you choose reduce only).",
    )


def price_too_high(bound: Decimal) -> ExchangeError:
    """-4016: a buy too far above the mark price."""
    return ExchangeError(-4016, f"Limit price can't be higher than {bound}.")


def price_too_low(bound: Decimal) -> ExchangeError:
    """-4024: a sell too far below the mark price."""
    return ExchangeError(-4024, f"Limit price can't be lower than {bound}.")


def limit_orders_only(market: Market) -> ExchangeError:
    """-5025 (COIN-M: -4196): only limit orders can be modified."""
    return ExchangeError(
        -4196 if market is Market.COINM else -5025, "Only limit order is supported."
    )


def nothing_changes(market: Market) -> ExchangeError:
    """-5027 (COIN-M: -4197): the modification changes nothing."""
    return ExchangeError(-4197 if market is Market.COINM else -5027, "No need to modify the order.")


def too_many_changes(market: Market) -> ExchangeError:
    """-5026 (COIN-M: -4198): the order was modified too often."""
    return ExchangeError(
        -4198 if market is Market.COINM else -5026, "Exceed maximum modify order limit."
    )
