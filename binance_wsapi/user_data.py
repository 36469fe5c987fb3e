"""What comes on the user data stream of each market, for annotations and ``match``.

The clients' own types; with ``beautify=False`` the exchange's events come as wire dicts instead.
"""

from __future__ import annotations

from typing import TypeAlias

from binance_wsapi.events import AccountReconciled, AlgoOrderReconciled, OrderReconciled, StreamGap
from binance_wsapi.models.eoptions_events import EoptionsUserEvent
from binance_wsapi.models.futures_events import CoinmUserEvent, UsdmUserEvent
from binance_wsapi.models.margin_events import MarginUserEvent
from binance_wsapi.models.portfolio_margin_events import (
    PortfolioMarginProUserEvent,
    PortfolioMarginUserEvent,
)
from binance_wsapi.models.user_events import UserEvent

__all__ = [
    "CoinmUserData",
    "EoptionsUserData",
    "MarginUserData",
    "PortfolioMarginProUserData",
    "PortfolioMarginUserData",
    "SpotUserData",
    "UsdmUserData",
]

SpotUserData: TypeAlias = UserEvent | StreamGap | OrderReconciled | AccountReconciled
"""On ``WsKey.MAIN_WSAPI`` and its kin."""

UsdmUserData: TypeAlias = (
    UsdmUserEvent | StreamGap | OrderReconciled | AlgoOrderReconciled | AccountReconciled
)
"""On ``WsKey.USDM_WSAPI`` and its testnet."""

CoinmUserData: TypeAlias = CoinmUserEvent | StreamGap | OrderReconciled | AccountReconciled
"""On ``WsKey.COINM_WSAPI`` and its testnet."""

MarginUserData: TypeAlias = MarginUserEvent | StreamGap | OrderReconciled | AccountReconciled
"""On ``WsKey.MARGIN_USER_DATA`` and ``WsKey.MARGIN_RISK_USER_DATA``."""

PortfolioMarginUserData: TypeAlias = (
    PortfolioMarginUserEvent | StreamGap | OrderReconciled | AlgoOrderReconciled | AccountReconciled
)
"""On ``WsKey.PORTFOLIO_MARGIN_USER_DATA``."""

PortfolioMarginProUserData: TypeAlias = PortfolioMarginProUserEvent | StreamGap
"""On ``WsKey.PORTFOLIO_MARGIN_PRO_USER_DATA``."""

EoptionsUserData: TypeAlias = EoptionsUserEvent | StreamGap | OrderReconciled | AccountReconciled
"""On ``WsKey.EOPTIONS_USER_DATA``."""
