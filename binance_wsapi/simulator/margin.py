"""Margin accounts, their listen tokens, and the risk stream of cross margin.

A margin account is an account of the Spot engine with balances of its own: it trades by
``SpotMarket.handle(method, params, margin_account)`` and its events are Spot's. Borrowing, interest and
margin levels are not reckoned: the risk stream says what a test tells it to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from random import Random
from string import ascii_letters, digits
from typing import Any

from binance_wsapi.simulator.accounts import Account, EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.sessions import ListenToken
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import bad_symbol, invalid_parameter, mandatory_missing
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.spot.symbols import SymbolSpec

__all__ = ["LONGEST_VALIDITY_MS", "Margin"]

LONGEST_VALIDITY_MS = 24 * 60 * 60 * 1000
Balances = Mapping[str, Decimal | str | int]


class Margin:
    """The margin accounts of all owners: one cross account each, and one for each isolated symbol.

    Args:
        clock: The exchange's clock; tokens run out on it.
        rng: Where tokens come from.
        symbols: What has isolated accounts.
        open_account: Makes an account of the Spot engine: ``SpotMarket.open_account``.

    Attributes:
        risk_keys: Listen keys of the risk stream.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        symbols: Mapping[str, SymbolSpec],
        open_account: Callable[[Balances], Account],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._symbols = symbols
        self._open_account = open_account
        self._accounts: dict[tuple[int, str | None], Account] = {}
        self._tokens: dict[str, ListenToken] = {}
        self.risk_keys = ListenKeys(clock, rng)
        self._risks: dict[int, EventSource] = {}

    def account(self, owner_uid: int, symbol: str | None = None) -> Account:
        """Return an owner's cross account, or the isolated one of a symbol, making an empty one."""
        key = (owner_uid, symbol)
        found = self._accounts.get(key)
        if found is None:
            found = self._accounts[key] = self._open_account({})
        return found

    def cross_answer(self, owner_uid: int) -> dict[str, Any]:
        """Answer ``GET /sapi/v1/margin/account``: nothing is borrowed here."""
        account = self.account(owner_uid)
        return {
            "borrowEnabled": True,
            "marginLevel": "999.00000000",
            "totalAssetOfBtc": "0.00000000",
            "totalLiabilityOfBtc": "0.00000000",
            "totalNetAssetOfBtc": "0.00000000",
            "tradeEnabled": True,
            "userAssets": [_asset(account, asset) for asset in account.balances],
        }

    def isolated_answer(self, owner_uid: int, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ``GET /sapi/v1/margin/isolated/account`` for the symbols that are named."""
        symbols = [each for each in str(params.get("symbols", "")).split(",") if each]
        rows: list[dict[str, Any]] = []
        for symbol in symbols or [
            each for uid, each in self._accounts if uid == owner_uid and each
        ]:
            spec = self._symbols.get(symbol)
            if spec is None:
                raise bad_symbol()
            account = self.account(owner_uid, symbol)
            rows.append(
                {
                    "symbol": symbol,
                    "isolatedCreated": True,
                    "marginLevel": "999.00000000",
                    "baseAsset": _asset(account, spec.base_asset),
                    "quoteAsset": _asset(account, spec.quote_asset),
                }
            )
        return {"assets": rows}

    def create_token(self, owner_uid: int, params: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ``POST /sapi/v1/userListenToken``.

        Args:
            owner_uid: Whose key sent it.
            params: ``isIsolated``, ``symbol`` and ``validity``, as text or JSON values.

        Returns:
            ``token`` and ``expirationTime``, the latter in milliseconds on the wire.
        """
        symbol = self._isolated_symbol(params)
        validity_ms = _validity_ms(params)
        expires_us = self._clock.now_us() + validity_ms * 1000
        token = "".join(self._rng.choices(ascii_letters + digits, k=70))
        self._tokens[token] = ListenToken(self.account(owner_uid, symbol), expires_us)
        self._clock.call_at(expires_us, partial(self._forget, token))
        return {"token": token, "expirationTime": Micros(expires_us)}

    def find(self, token: str) -> ListenToken | None:
        """Return what a token stands for; ``None`` when there is none, or it has run out."""
        return self._tokens.get(token)

    def risk(self, owner_uid: int) -> EventSource:
        """Return the source of an owner's risk events."""
        return self._risks.setdefault(owner_uid, EventSource(owner_uid))

    def start_risk_key(self, owner_uid: int) -> dict[str, str]:
        """Answer ``POST /sapi/v1/margin/listen-key``."""
        return self.risk_keys.start(self.risk(owner_uid))

    def keep_risk_key(self, owner_uid: int, params: Mapping[str, Any]) -> dict[str, str]:
        """Answer ``PUT /sapi/v1/margin/listen-key``, which names the key."""
        key = params.get("listenKey")
        if not key:
            raise mandatory_missing("listenKey")
        if not self.risk_keys.is_live(str(key)):
            raise refusal(-1125)
        self.risk_keys.ping(self.risk(owner_uid))
        return {}

    def close_risk_key(self, owner_uid: int) -> dict[str, str]:
        """Answer ``DELETE /sapi/v1/margin/listen-key``."""
        return self.risk_keys.stop(self.risk(owner_uid))

    def tell_margin_level(self, owner_uid: int, level: Decimal, status: str) -> None:
        """Tell that the margin level crossed a line: ``MARGIN_LEVEL_STATUS_CHANGE``."""
        self._tell_risk(owner_uid, "MARGIN_LEVEL_STATUS_CHANGE", {"l": level, "s": status})

    def tell_liability(
        self,
        owner_uid: int,
        asset: str,
        kind: str,
        principal: Decimal,
        interest: Decimal = Decimal(0),
    ) -> None:
        """Tell of borrowing or repayment (``kind``: ``BORROW``, ...): ``USER_LIABILITY_CHANGE``."""
        change = {"a": asset, "t": kind, "p": f"{principal:.8f}", "i": f"{interest:.8f}"}
        self._tell_risk(owner_uid, "USER_LIABILITY_CHANGE", change)

    def _tell_risk(self, owner_uid: int, event: str, members: dict[str, Any]) -> None:
        now = Micros(self._clock.now_us())
        self.risk(owner_uid).publish({"e": event, "E": now, **members})

    def _forget(self, token: str) -> None:
        del self._tokens[token]

    def _isolated_symbol(self, params: Mapping[str, Any]) -> str | None:
        is_isolated = str(params.get("isIsolated", "false")).lower()
        if is_isolated not in {"true", "false"}:
            raise invalid_parameter("isIsolated")
        if is_isolated == "false":
            return None
        symbol = params.get("symbol")
        if not symbol:
            raise mandatory_missing("symbol")
        if symbol not in self._symbols:
            raise bad_symbol()
        return str(symbol)


def _asset(account: Account, asset: str) -> dict[str, str]:
    balance = account.balance(asset)
    return {
        "asset": asset,
        "borrowed": "0.00000000",
        "free": f"{balance.free:.8f}",
        "interest": "0.00000000",
        "locked": f"{balance.locked:.8f}",
        "netAsset": f"{balance.free + balance.locked:.8f}",
    }


def _validity_ms(params: Mapping[str, Any]) -> int:
    """Read how long a token shall live; a day is the default and the most."""
    given = params.get("validity")
    if given in (None, ""):
        return LONGEST_VALIDITY_MS
    try:
        validity_ms = int(given)
    except (TypeError, ValueError):
        raise mandatory_missing("validity") from None
    if not 0 < validity_ms <= LONGEST_VALIDITY_MS:
        raise invalid_parameter("validity")
    return validity_ms
