"""Results of the WebSocket API, in the shapes of each market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.conditional import ConditionalOrder
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import AssetRisk, Exposure, Risk, total

__all__ = ["AccountAnswers", "algo_answer", "order_answer", "order_status", "plain"]


def order_answer(order: FuturesOrder) -> dict[str, Any]:
    """Return an order as placing, modifying and cancelling answer it."""
    contract = order.contract
    answer: dict[str, Any] = {"orderId": order.order_id, "symbol": contract.symbol}
    if contract.is_inverse:
        answer["pair"] = contract.pair
    answer |= {
        "status": order.status,
        "clientOrderId": order.client_order_id,
        "price": contract.price_text(order.price),
        "origQty": contract.quantity_text(order.quantity),
        "executedQty": contract.quantity_text(order.executed),
        "cumQty": contract.quantity_text(order.executed),
        "timeInForce": order.time_in_force,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": contract.price_text(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.original_type,
    }
    if order.callback_rate is not None:
        activation = order.activation_price or Decimal(0)
        answer["activatePrice"] = contract.price_text(activation)
        answer["priceRate"] = plain(order.callback_rate)
    if not contract.is_inverse:
        answer["priceMatch"] = order.price_match
        answer["selfTradePreventionMode"] = order.prevention_mode
        answer["goodTillDate"] = order.good_till_ms
    answer["updateTime"] = Micros(order.updated_us)
    return answer


def order_status(order: FuturesOrder) -> dict[str, Any]:
    """Return an order as ``order.status`` answers it: with its mean price and value so far."""
    contract = order.contract
    answer = order_answer(order)
    answer["avgPrice"] = f"{order.average_price:.5f}"
    answer["cumBase" if contract.is_inverse else "cumQuote"] = money(order.executed_value)
    answer["priceMatch"] = order.price_match
    answer["selfTradePreventionMode"] = order.prevention_mode
    answer["time"] = Micros(order.created_us)
    return answer


def algo_answer(algo: ConditionalOrder) -> dict[str, Any]:
    """Return an algo order as ``algoOrder.place`` answers it."""
    contract = algo.contract
    trigger = algo.trigger
    answer: dict[str, Any] = {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.request.type,
        "symbol": contract.symbol,
        "side": algo.request.side,
        "positionSide": algo.request.position_side,
        "timeInForce": algo.request.time_in_force,
        "quantity": contract.quantity_text(algo.request.quantity),
        "algoStatus": algo.status,
        "triggerPrice": contract.price_text(trigger.price),
        "price": contract.price_text(algo.request.price),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.request.prevention_mode,
        "workingType": trigger.working_type,
        "priceMatch": algo.request.price_match,
        "closePosition": algo.request.close_position,
        "priceProtect": algo.request.price_protect,
        "reduceOnly": algo.request.reduce_only,
    }
    if trigger.is_trailing:
        answer["activatePrice"] = contract.price_text(trigger.activation_price or Decimal(0))
        answer["callbackRate"] = plain(trigger.callback_rate)
    return answer | {
        "createTime": Micros(algo.created_us),
        "updateTime": Micros(algo.updated_us),
        "triggerTime": Micros(algo.triggered_us),
        "goodTillDate": algo.request.good_till_ms,
    }


class AccountAnswers:
    """Balances, positions and account states, reckoned at the present marks.

    Args:
        risk: Margin of the market.
        prices: Its mark prices.
        contracts: Every contract, in the order answers list them.
    """

    def __init__(self, risk: Risk, prices: Prices, contracts: tuple[Contract, ...]) -> None:
        self._risk = risk
        self._prices = prices
        self._contracts = contracts

    def usdm_balances(self, account: FuturesAccount) -> list[dict[str, Any]]:
        """Return USD-M ``account.balance``; v2 is the same."""
        return [
            {
                "accountAlias": account.alias,
                "asset": asset,
                "balance": money(risk.wallet),
                "crossWalletBalance": money(risk.wallet),
                "crossUnPnl": money(risk.profit),
                "availableBalance": money(self._pool(account, risk).available),
                "maxWithdrawAmount": money(risk.withdrawable),
                "marginAvailable": True,
                "updateTime": Micros(account.wallet_updated_us(asset)),
            }
            for asset, risk in self._risk.by_asset(account).items()
        ]

    def coinm_balances(self, account: FuturesAccount) -> list[dict[str, Any]]:
        """Return COIN-M ``account.balance``."""
        return [
            {
                "accountAlias": account.alias,
                "asset": asset,
                "balance": money(risk.wallet),
                "withdrawAvailable": money(risk.withdrawable),
                "crossWalletBalance": money(risk.wallet),
                "crossUnPnl": money(risk.profit),
                "availableBalance": money(risk.available),
                "updateTime": Micros(account.wallet_updated_us(asset)),
            }
            for asset, risk in self._risk.by_asset(account).items()
        ]

    def usdm_positions(
        self, account: FuturesAccount, symbol: str | None = None
    ) -> list[dict[str, Any]]:
        """Return USD-M ``account.position``: every contract, or one."""
        return [
            self._leveraged_position(account, one)
            | {
                "maxNotionalValue": plain(one.position.contract.max_notional),
                "notional": signed(one.notional),
            }
            for one in self._all_exposures(account)
            if symbol is None or one.position.contract.symbol == symbol
        ]

    def usdm_positions_v2(
        self, account: FuturesAccount, symbol: str | None = None
    ) -> list[dict[str, Any]]:
        """Return USD-M ``v2/account.position``: what has a position or an open order."""
        rows: list[dict[str, Any]] = []
        for one in self._risk.exposures(account):
            contract = one.position.contract
            if symbol is not None and contract.symbol != symbol:
                continue
            rows.append(
                {
                    "symbol": contract.symbol,
                    "positionSide": one.position.side,
                    "positionAmt": contract.quantity_text(one.position.amount),
                    "entryPrice": price(one.position.entry_price),
                    "breakEvenPrice": price(one.position.break_even_price),
                    "markPrice": money(self._prices.mark(contract)),
                    "unRealizedProfit": money(one.profit),
                    "liquidationPrice": price(self._risk.liquidation_price(account, one.position)),
                    "isolatedMargin": "0",
                    "notional": signed(one.notional),
                    "marginAsset": contract.margin_asset,
                    "isolatedWallet": "0",
                    "initialMargin": signed(one.initial_margin),
                    "maintMargin": signed(one.maintenance_margin),
                    "positionInitialMargin": signed(one.position_margin),
                    "openOrderInitialMargin": signed(one.order_margin),
                    "adl": 1 if one.position.amount else 0,
                    "bidNotional": signed(one.bid_value),
                    "askNotional": signed(one.ask_value),
                    "updateTime": Micros(one.position.updated_us),
                }
            )
        return rows

    def coinm_positions(
        self, account: FuturesAccount, *, pair: str | None, margin_asset: str | None
    ) -> list[dict[str, Any]]:
        """Return COIN-M ``account.position``: every contract, of a pair, or of a margin asset."""
        return [
            self._leveraged_position(account, one)
            | {
                "maxQty": plain(one.position.contract.max_notional),
                "notionalValue": signed(one.notional),
            }
            for one in self._all_exposures(account)
            if pair in (None, one.position.contract.pair)
            and margin_asset in (None, one.position.contract.margin_asset)
        ]

    def usdm_status(self, account: FuturesAccount) -> dict[str, Any]:
        """Return USD-M ``account.status``: every contract."""
        return (
            {
                "feeTier": 0,
                "canTrade": True,
                "canDeposit": True,
                "canWithdraw": True,
                "updateTime": 0,
                "multiAssetsMargin": account.has_multi_assets,
                "tradeGroupId": -1,
            }
            | self._totals(account)
            | {
                "assets": [row | {"marginAvailable": True} for row in self._usdm_assets(account)],
                "positions": [
                    self._status_position(account, one)
                    | {
                        "maxNotional": plain(one.position.contract.max_notional),
                        "bidNotional": signed(one.bid_value),
                        "askNotional": signed(one.ask_value),
                    }
                    for one in self._all_exposures(account)
                ],
            }
        )

    def usdm_status_v2(self, account: FuturesAccount) -> dict[str, Any]:
        """Return USD-M ``v2/account.status``: what has a position or an open order."""
        assets = self._usdm_assets(account)
        if account.has_multi_assets:
            assets = [row | {"marginAvailable": True} for row in assets]
        return self._totals(account) | {
            "assets": assets,
            "positions": [
                {
                    "symbol": one.position.contract.symbol,
                    "positionSide": one.position.side,
                    "positionAmt": one.position.contract.quantity_text(one.position.amount),
                    "unrealizedProfit": money(one.profit),
                    "isolatedMargin": money(Decimal(0)),
                    "notional": signed(one.notional),
                    "isolatedWallet": "0",
                    "initialMargin": signed(one.initial_margin),
                    "maintMargin": signed(one.maintenance_margin),
                    "updateTime": Micros(one.position.updated_us),
                }
                for one in self._risk.exposures(account)
            ],
        }

    def coinm_status(self, account: FuturesAccount) -> dict[str, Any]:
        """Return COIN-M ``account.status``: no totals, since its assets are no common money."""
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "updateTime": 0,
            "assets": [
                _asset_row(asset, risk, risk)
                | {"updateTime": Micros(account.wallet_updated_us(asset))}
                for asset, risk in self._risk.by_asset(account).items()
            ],
            "positions": [
                self._status_position(account, one)
                | {
                    "maxQty": plain(one.position.contract.max_notional),
                    "notionalValue": signed(one.notional),
                    "isolatedWallet": "0",
                }
                for one in self._all_exposures(account)
            ],
        }

    def _all_exposures(self, account: FuturesAccount) -> list[Exposure]:
        return [
            self._risk.exposure(account, contract, side)
            for contract in self._contracts
            for side in account.position_sides
        ]

    def _pool(self, account: FuturesAccount, own: AssetRisk) -> AssetRisk:
        return total(self._risk.by_asset(account)) if account.has_multi_assets else own

    def _usdm_assets(self, account: FuturesAccount) -> list[dict[str, Any]]:
        return [
            _asset_row(asset, risk, self._pool(account, risk))
            | {"updateTime": Micros(account.wallet_updated_us(asset))}
            for asset, risk in self._risk.by_asset(account).items()
        ]

    def _totals(self, account: FuturesAccount) -> dict[str, Any]:
        """Return the sums; single-asset mode counts USDT alone."""
        by_asset = self._risk.by_asset(account)
        risk = total(by_asset) if account.has_multi_assets else by_asset["USDT"]
        return {
            "totalInitialMargin": money(risk.initial_margin),
            "totalMaintMargin": money(risk.maintenance_margin),
            "totalWalletBalance": money(risk.wallet),
            "totalUnrealizedProfit": money(risk.profit),
            "totalMarginBalance": money(risk.margin_balance),
            "totalPositionInitialMargin": money(risk.position_margin),
            "totalOpenOrderInitialMargin": money(risk.order_margin),
            "totalCrossWalletBalance": money(risk.wallet),
            "totalCrossUnPnl": money(risk.profit),
            "availableBalance": money(risk.available),
            "maxWithdrawAmount": money(risk.withdrawable),
        }

    def _leveraged_position(self, account: FuturesAccount, one: Exposure) -> dict[str, Any]:
        position = one.position
        contract = position.contract
        return {
            "symbol": contract.symbol,
            "positionAmt": contract.quantity_text(position.amount),
            "entryPrice": price(position.entry_price),
            "breakEvenPrice": price(position.break_even_price),
            "markPrice": money(self._prices.mark(contract)),
            "unRealizedProfit": money(one.profit),
            "liquidationPrice": price(self._risk.liquidation_price(account, position)),
            "leverage": str(account.leverage(contract)),
            "marginType": "cross",
            "isolatedMargin": money(Decimal(0)),
            "isAutoAddMargin": "false",
            "positionSide": position.side,
            "isolatedWallet": "0",
            "updateTime": Micros(position.updated_us),
        }

    @staticmethod
    def _status_position(account: FuturesAccount, one: Exposure) -> dict[str, Any]:
        position = one.position
        contract = position.contract
        return {
            "symbol": contract.symbol,
            "initialMargin": signed(one.initial_margin),
            "maintMargin": signed(one.maintenance_margin),
            "unrealizedProfit": money(one.profit),
            "positionInitialMargin": signed(one.position_margin),
            "openOrderInitialMargin": signed(one.order_margin),
            "leverage": str(account.leverage(contract)),
            "isolated": False,
            "positionSide": position.side,
            "entryPrice": price(position.entry_price),
            "breakEvenPrice": price(position.break_even_price),
            "positionAmt": contract.quantity_text(position.amount),
            "updateTime": Micros(position.updated_us),
        }


def _asset_row(asset: str, risk: AssetRisk, pool: AssetRisk) -> dict[str, Any]:
    return {
        "asset": asset,
        "walletBalance": money(risk.wallet),
        "unrealizedProfit": money(risk.profit),
        "marginBalance": money(risk.margin_balance),
        "maintMargin": money(risk.maintenance_margin),
        "initialMargin": money(risk.initial_margin),
        "positionInitialMargin": money(risk.position_margin),
        "openOrderInitialMargin": money(risk.order_margin),
        "crossWalletBalance": money(risk.wallet),
        "crossUnPnl": money(risk.profit),
        "availableBalance": money(pool.available),
        "maxWithdrawAmount": money(risk.withdrawable),
    }


def money(amount: Decimal) -> str:
    """Return an amount with eight places; an inverse position's profit of nothing is no -0."""
    return f"{amount:z.8f}"


def price(amount: Decimal) -> str:
    """Return a mean price with eight places, a bare zero when there is none."""
    return f"{amount:.8f}" if amount else "0"


def signed(amount: Decimal) -> str:
    """Return an amount with eight places, a bare zero for nothing."""
    return f"{amount:.8f}" if amount else "0"


def plain(amount: Decimal) -> str:
    """Return a number with the places it needs."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
