"""Results of the WebSocket API, in the shapes of each market."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.conditional import ConditionalOrder
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import AssetRisk, Exposure, Risk

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
        adl_quantile: How near a position is to being closed for a liquidation.
    """

    def __init__(
        self,
        risk: Risk,
        prices: Prices,
        contracts: tuple[Contract, ...],
        adl_quantile: Callable[[FuturesAccount, Position], int],
    ) -> None:
        self._adl_quantile = adl_quantile
        self._risk = risk
        self._prices = prices
        self._contracts = contracts

    def usdm_balances(self, account: FuturesAccount) -> list[dict[str, Any]]:
        """Return USD-M ``account.balance``; v2 is the same."""
        return [
            {
                "accountAlias": account.alias,
                "asset": asset,
                "balance": money(account.wallet(asset)),
                "crossWalletBalance": money(cross.wallet),
                "crossUnPnl": money(cross.profit),
                "availableBalance": money(self._risk.pool(account, asset).available),
                "maxWithdrawAmount": money(cross.withdrawable),
                "marginAvailable": True,
                "updateTime": Micros(account.wallet_updated_us(asset)),
            }
            for asset in self._risk.assets
            for cross in (self._risk.cross(account, asset),)
        ]

    def coinm_balances(self, account: FuturesAccount) -> list[dict[str, Any]]:
        """Return COIN-M ``account.balance``."""
        return [
            {
                "accountAlias": account.alias,
                "asset": asset,
                "balance": money(account.wallet(asset)),
                "withdrawAvailable": money(cross.withdrawable),
                "crossWalletBalance": money(cross.wallet),
                "crossUnPnl": money(cross.profit),
                "availableBalance": money(cross.available),
                "updateTime": Micros(account.wallet_updated_us(asset)),
            }
            for asset in self._risk.assets
            for cross in (self._risk.cross(account, asset),)
        ]

    def usdm_positions(
        self, account: FuturesAccount, symbol: str | None = None
    ) -> list[dict[str, Any]]:
        """Return USD-M ``account.position``: every contract, or one."""
        return [
            self._leveraged_position(account, one)
            | {
                "maxNotionalValue": self._most(account, one),
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
                    "isolatedMargin": signed(_isolated_margin(one)),
                    "notional": signed(one.notional),
                    "marginAsset": contract.margin_asset,
                    "isolatedWallet": signed(one.position.isolated_wallet),
                    "initialMargin": signed(one.initial_margin),
                    "maintMargin": signed(one.maintenance_margin),
                    "positionInitialMargin": signed(one.position_margin),
                    "openOrderInitialMargin": signed(one.order_margin),
                    "adl": self._adl_quantile(account, one.position),
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
                "maxQty": self._most(account, one),
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
                "assets": [row | {"marginAvailable": True} for row in self._assets(account)],
                "positions": [
                    self._status_position(account, one)
                    | {
                        "maxNotional": self._most(account, one),
                        "bidNotional": signed(one.bid_value),
                        "askNotional": signed(one.ask_value),
                    }
                    for one in self._all_exposures(account)
                ],
            }
        )

    def usdm_status_v2(self, account: FuturesAccount) -> dict[str, Any]:
        """Return USD-M ``v2/account.status``: what has a position or an open order."""
        assets = self._assets(account)
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
                    "isolatedMargin": money(_isolated_margin(one)),
                    "notional": signed(one.notional),
                    "isolatedWallet": signed(one.position.isolated_wallet),
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
            "assets": self._assets(account),
            "positions": [
                self._status_position(account, one)
                | {
                    "maxQty": self._most(account, one),
                    "notionalValue": signed(one.notional),
                    "isolatedWallet": signed(one.position.isolated_wallet),
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

    @staticmethod
    def _most(account: FuturesAccount, one: Exposure) -> str:
        """Return the largest value that a position may have at its leverage."""
        contract = one.position.contract
        return plain(contract.brackets.max_notional(account.leverage(contract)))

    def _assets(self, account: FuturesAccount) -> list[dict[str, Any]]:
        return [
            {
                "asset": asset,
                "walletBalance": money(risk.wallet),
                "unrealizedProfit": money(risk.profit),
                "marginBalance": money(risk.margin_balance),
                "maintMargin": money(risk.maintenance_margin),
                "initialMargin": money(risk.initial_margin),
                "positionInitialMargin": money(risk.position_margin),
                "openOrderInitialMargin": money(risk.order_margin),
                "crossWalletBalance": money(cross.wallet),
                "crossUnPnl": money(cross.profit),
                "availableBalance": money(self._risk.pool(account, asset).available),
                "maxWithdrawAmount": money(cross.withdrawable),
                "updateTime": Micros(account.wallet_updated_us(asset)),
            }
            for asset, risk in self._risk.by_asset(account).items()
            for cross in (self._risk.cross(account, asset),)
        ]

    def _totals(self, account: FuturesAccount) -> dict[str, Any]:
        """Return the sums; single-asset mode counts USDT alone."""
        by_asset = self._risk.by_asset(account)
        risk = sum(by_asset.values(), AssetRisk()) if account.has_multi_assets else by_asset["USDT"]
        cross = self._risk.pool(account, "USDT")
        return {
            "totalInitialMargin": money(risk.initial_margin),
            "totalMaintMargin": money(risk.maintenance_margin),
            "totalWalletBalance": money(risk.wallet),
            "totalUnrealizedProfit": money(risk.profit),
            "totalMarginBalance": money(risk.margin_balance),
            "totalPositionInitialMargin": money(risk.position_margin),
            "totalOpenOrderInitialMargin": money(risk.order_margin),
            "totalCrossWalletBalance": money(cross.wallet),
            "totalCrossUnPnl": money(cross.profit),
            "availableBalance": money(cross.available),
            "maxWithdrawAmount": money(cross.withdrawable),
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
            "marginType": "isolated" if position.is_isolated else "cross",
            "isolatedMargin": money(_isolated_margin(one)),
            "isAutoAddMargin": "false",
            "positionSide": position.side,
            "isolatedWallet": signed(position.isolated_wallet),
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
            "isolated": position.is_isolated,
            "positionSide": position.side,
            "entryPrice": price(position.entry_price),
            "breakEvenPrice": price(position.break_even_price),
            "positionAmt": contract.quantity_text(position.amount),
            "updateTime": Micros(position.updated_us),
        }


def _isolated_margin(one: Exposure) -> Decimal:
    """Return what an isolated position is worth now: its wallet and its profit; zero for a cross one."""
    return one.position.isolated_wallet + one.profit if one.position.is_isolated else Decimal(0)


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
