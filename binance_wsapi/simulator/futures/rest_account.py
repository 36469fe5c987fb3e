"""REST calls of futures about the account: its settings, what it pays, what it earned."""

from __future__ import annotations

from typing import Any

from binance_wsapi.catalogue.operation import Security
from binance_wsapi.markets import Market
from binance_wsapi.simulator.doors.request_limits import RequestLimits
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import (
    bad_symbol,
    invalid_parameter,
    mandatory_missing,
    not_simulated,
)
from binance_wsapi.simulator.futures.accounts import FuturesAccount, MarginChange
from binance_wsapi.simulator.futures.contracts import Contract, Money
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.refusals import precision_over_maximum, refusal
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.rest_calls import (
    YEARS_US,
    AccountTable,
    Params,
    newest_of,
    page_limit,
)

__all__ = ["AccountCalls"]

SUCCESS = {"code": 200, "msg": "success"}
MONTH_US = 30 * 86_400_000_000
_DIRECTIONS = {1: 1, 2: -1}
"""Of ``positionMargin``: 1 adds margin, 2 takes it out."""


class AccountCalls:
    """Settings and statements of an account.

    Args:
        market: The engine.
        limits: Where its orders are counted.
    """

    def __init__(self, market: FuturesMarket, limits: RequestLimits) -> None:
        self._market = market
        self._limits = limits
        self._is_coinm = market.market is Market.COINM
        self.table: AccountTable = {
            ("POST", "leverage"): (Security.TRADE, self._set_leverage),
            ("POST", "marginType"): (Security.TRADE, self._set_margin_type),
            ("POST", "positionMargin"): (Security.TRADE, self._move_margin),
            ("GET", "positionMargin/history"): (Security.TRADE, self._margin_changes),
            ("GET", "leverageBracket"): (Security.USER_DATA, self._leverage_brackets),
            ("GET", "positionSide/dual"): (Security.USER_DATA, _position_mode),
            ("POST", "positionSide/dual"): (Security.TRADE, self._set_position_mode),
            ("GET", "commissionRate"): (Security.USER_DATA, self._commission_rate),
            ("GET", "income"): (Security.USER_DATA, self._income),
            ("GET", "adlQuantile"): (Security.USER_DATA, self._adl_quantiles),
        }
        if not self._is_coinm:
            self.table |= {
                ("GET", "multiAssetsMargin"): (Security.USER_DATA, _margin_mode),
                ("POST", "multiAssetsMargin"): (Security.TRADE, self._set_margin_mode),
                ("GET", "symbolConfig"): (Security.USER_DATA, self._symbol_config),
                ("GET", "accountConfig"): (Security.USER_DATA, _account_config),
                ("GET", "rateLimit/order"): (Security.USER_DATA, self._order_limits),
                ("GET", "feeBurn"): (
                    Security.USER_DATA,
                    lambda account, params: {"feeBurn": False},
                ),
                ("POST", "feeBurn"): (Security.TRADE, _set_fee_burn),
            }

    def _contract(self, params: Params) -> Contract:
        contract = self._market.contracts.get(Parameters(params).text("symbol"))
        if contract is None:
            raise bad_symbol()
        return contract

    def _chosen(self, params: Params) -> list[Contract]:
        if "symbol" in Parameters(params):
            return [self._contract(params)]
        return list(self._market.contracts.values())

    def _set_leverage(self, account: FuturesAccount, params: Params) -> object:
        contract = self._contract(params)
        leverage = Parameters(params).integer("leverage")
        if leverage is None:
            raise mandatory_missing("leverage")
        self._market.settings.set_leverage(account, contract.symbol, leverage)
        most = "maxQty" if contract.is_inverse else "maxNotionalValue"
        return {
            "symbol": contract.symbol,
            "leverage": leverage,
            most: f"{contract.brackets.max_notional(leverage):f}",
        }

    def _set_margin_type(self, account: FuturesAccount, params: Params) -> object:
        contract = self._contract(params)
        wanted = Parameters(params).text("marginType")
        if wanted not in {"ISOLATED", "CROSSED"}:
            raise invalid_parameter("marginType")
        self._market.settings.set_margin_type(
            account, contract.symbol, is_isolated=wanted == "ISOLATED"
        )
        return SUCCESS

    def _move_margin(self, account: FuturesAccount, params: Params) -> object:
        contract, given = self._contract(params), Parameters(params)
        amount, direction = given.needed_decimal("amount"), given.integer("type")
        if direction is None:
            raise mandatory_missing("type")
        if direction not in _DIRECTIONS:
            raise invalid_parameter("type")
        if amount <= 0:
            raise refusal(-4055)
        side = given.choice("positionSide", account.position_sides, -4061, default="BOTH")
        if side not in account.position_sides:
            raise refusal(-4061)
        if amount != amount.quantize(Money):
            raise precision_over_maximum()
        self._market.settings.isolated_margin.move(
            account, account.held(contract, side), amount * _DIRECTIONS[direction]
        )
        return {
            "amount": float(amount),
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": direction,
        }

    def _margin_changes(self, account: FuturesAccount, params: Params) -> object:
        contract, given = self._contract(params), Parameters(params)
        direction = given.integer("type")
        found = [
            one
            for one in account.margin_changes
            if one.position.contract is contract
            and (direction is None or one.amount * _DIRECTIONS.get(direction, 0) > 0)
        ]
        limit = page_limit(given, 500, 500)
        rows = newest_of(found, given, lambda one: one.time_us, limit=limit, longest_us=MONTH_US)
        return [self._margin_change(one) for one in rows]

    def _margin_change(self, change: MarginChange) -> dict[str, object]:
        position = change.position
        row: dict[str, object] = {
            "symbol": position.contract.symbol,
            "type": 1 if change.amount > 0 else 2,
            "deltaType": "TRADE" if change.is_by_trade else "USER_ADJUST",
            "amount": f"{abs(change.amount):.8f}",
            "asset": position.contract.margin_asset,
            "time": Micros(change.time_us),
            "positionSide": position.side,
        }
        if self._is_coinm:
            del row["deltaType"]
        return row

    def _leverage_brackets(self, account: FuturesAccount, params: Params) -> object:
        del account
        if self._is_coinm and "pair" in Parameters(params):
            pair = Parameters(params).text("pair")
            found = [one for one in self._market.contracts.values() if one.pair == pair]
            if not found:
                raise refusal(-4144)
            return [{"pair": pair, "brackets": _bracket_rows(found[0])}]
        answers = [
            {"symbol": contract.symbol, "notionalCoef": 1.0, "brackets": _bracket_rows(contract)}
            for contract in self._chosen(params)
        ]
        is_single = "symbol" in Parameters(params) and not self._is_coinm
        return answers[0] if is_single else answers

    def _set_position_mode(self, account: FuturesAccount, params: Params) -> object:
        given = Parameters(params)
        given.text("dualSidePosition")
        self._market.settings.set_hedge_mode(account, given.flag("dualSidePosition"))
        return SUCCESS

    def _set_margin_mode(self, account: FuturesAccount, params: Params) -> object:
        given = Parameters(params)
        given.text("multiAssetsMargin")
        self._market.settings.set_multi_assets_mode(account, given.flag("multiAssetsMargin"))
        return SUCCESS

    def _symbol_config(self, account: FuturesAccount, params: Params) -> object:
        return [
            {
                "symbol": contract.symbol,
                "marginType": "ISOLATED" if account.is_isolated(contract) else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": account.leverage(contract),
                "maxNotionalValue": (
                    f"{contract.brackets.max_notional(account.leverage(contract)):f}"
                ),
            }
            for contract in self._chosen(params)
        ]

    def _commission_rate(self, account: FuturesAccount, params: Params) -> object:
        row: dict[str, Any] = {
            "symbol": self._contract(params).symbol,
            "makerCommissionRate": f"{account.maker_rate:f}",
            "takerCommissionRate": f"{account.taker_rate:f}",
        }
        return row if self._is_coinm else row | {"rpiCommissionRate": f"{account.maker_rate:f}"}

    def _income(self, account: FuturesAccount, params: Params) -> object:
        given = Parameters(params)
        symbol = self._contract(params).symbol if "symbol" in given else None
        kind = given.text("incomeType") if "incomeType" in given else None
        found = [
            one
            for one in account.incomes
            if symbol in (None, one.symbol) and kind in (None, one.kind)
        ]
        limit = page_limit(given, 100, 1000)
        return [
            {
                "symbol": one.symbol,
                "incomeType": one.kind,
                "income": f"{one.amount:.8f}",
                "asset": one.asset,
                "info": one.kind,
                "time": Micros(one.time_us),
                "tranId": one.transaction_id,
                "tradeId": "" if one.trade_id is None else str(one.trade_id),
            }
            for one in newest_of(
                found, given, lambda one: one.time_us, limit=limit, longest_us=YEARS_US
            )
        ]

    def _adl_quantiles(self, account: FuturesAccount, params: Params) -> object:
        """Tell how near positions are to being closed for somebody's liquidation."""
        return [
            {"symbol": contract.symbol, "adlQuantile": self._quantiles(account, contract)}
            for contract in self._chosen(params)
            if any(p.contract is contract for p in account.open_positions())
        ]

    def _quantiles(self, account: FuturesAccount, contract: Contract) -> dict[str, int]:
        quantile = self._market.margin_watch.deleveraging.quantile
        found = dict.fromkeys(("LONG", "SHORT"), 0)
        for side in account.position_sides:
            found[side] = quantile(account, account.held(contract, side))
        if account.is_hedging:
            # Of crossed positions in hedge mode there is a sign in place of BOTH.
            found["BOTH" if account.is_isolated(contract) else "HEDGE"] = 0
        return found

    def _order_limits(self, account: FuturesAccount, params: Params) -> object:
        del params
        return [
            {name: value for name, value in row.items() if name != "count"}
            for row in self._limits.order_limits(account)
        ]


def _bracket_rows(contract: Contract) -> list[dict[str, object]]:
    most, least = (
        ("qtyCap", "qtylFloor") if contract.is_inverse else ("notionalCap", "notionalFloor")
    )
    return [
        {
            "bracket": row.number,
            "initialLeverage": row.max_leverage,
            most: int(row.cap),
            least: int(row.floor),
            "maintMarginRatio": float(row.maintenance_rate),
            "cum": float(row.cumulative),
        }
        for row in contract.brackets.rows
    ]


def _set_fee_burn(account: FuturesAccount, params: Params) -> object:
    """Leave commission in the margin asset; BNB pays none here."""
    given = Parameters(params)
    given.text("feeBurn")
    if given.flag("feeBurn"):
        raise not_simulated("commission paid in BNB")
    return SUCCESS


def _position_mode(account: FuturesAccount, params: Params) -> object:
    del params
    return {"dualSidePosition": account.is_hedging}


def _margin_mode(account: FuturesAccount, params: Params) -> object:
    del params
    return {"multiAssetsMargin": account.has_multi_assets}


def _account_config(account: FuturesAccount, params: Params) -> object:
    del params
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": account.is_hedging,
        "updateTime": 0,
        "multiAssetsMargin": account.has_multi_assets,
        "tradeGroupId": -1,
    }
