"""User data events, in the shapes of each market."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import money, plain, price, signed
from binance_wsapi.simulator.futures.conditional import ConditionalOrder
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.orders import Fill, FuturesOrder
from binance_wsapi.simulator.futures.positions import Position
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.risk import Exposure, Risk

__all__ = ["UserEvents"]

ZERO = Decimal(0)


class UserEvents:
    """Publishes what happens to an account, on the account.

    Args:
        clock: Time of the exchange.
        risk: Margin, for the notionals in order events.
        prices: Mark prices, for the unrealised profits in account events.
    """

    def __init__(self, clock: SimulatedClock, risk: Risk, prices: Prices) -> None:
        self._clock = clock
        self._risk = risk
        self._prices = prices

    def order(
        self,
        order: FuturesOrder,
        execution: str,
        *,
        fill: Fill | None = None,
        modify_id: int | None = None,
    ) -> None:
        """Tell of a change of an order: ORDER_TRADE_UPDATE."""
        account, contract = order.account, order.contract
        if not account.listeners:
            return
        bids, asks = self._risk.order_values(account, contract, order.position_side)
        body: dict[str, Any] = {
            "s": contract.symbol,
            "c": order.client_order_id,
            "S": order.side,
            "o": order.type,
            "f": order.time_in_force,
            "q": contract.quantity_text(order.quantity),
            "p": contract.price_text(order.price),
            "ap": price(order.average_price),
            "sp": contract.price_text(order.stop_price),
            "x": execution,
            "X": order.status,
            "i": order.order_id,
            "l": contract.quantity_text(fill.quantity if fill else ZERO),
            "z": contract.quantity_text(order.executed),
            "L": contract.price_text(fill.price) if fill else "0",
        }
        if contract.is_inverse:
            body["ma"] = contract.margin_asset
        if fill is not None:
            body["N"] = contract.margin_asset
            body["n"] = money(fill.fee)
        body |= {
            "T": Micros(order.updated_us),
            "t": fill.trade_id if fill else 0,
            "b": signed(bids),
            "a": signed(asks),
            "m": fill.is_maker if fill else False,
            "R": order.reduce_only,
            "wt": order.working_type,
            "ot": order.original_type,
            "ps": order.position_side,
            "cp": order.close_position,
        }
        if order.callback_rate is not None:
            body["AP"] = contract.price_text(order.activation_price or ZERO)
            body["cr"] = plain(order.callback_rate)
        body["pP"] = order.price_protect
        if not contract.is_inverse:
            body |= {"si": 0, "ss": 0}
        body |= {
            "rp": money(fill.profit) if fill else "0",
            "V": order.prevention_mode,
            "pm": order.price_match,
        }
        if not contract.is_inverse:
            body["gtd"] = order.good_till_ms
        body["er"] = order.expiry_reason
        if modify_id is not None:
            body["M"] = str(modify_id)
        account.publish(self._head("ORDER_TRADE_UPDATE", account, contract) | {"o": body})

    def trade_lite(self, fill: Fill) -> None:
        """Tell of a fill, briefly: TRADE_LITE. USD-M only."""
        order = fill.order
        contract = order.contract
        now = Micros(self._clock.now_us())
        order.account.publish(
            {
                "e": "TRADE_LITE",
                "E": now,
                "T": now,
                "s": contract.symbol,
                "q": contract.quantity_text(order.quantity),
                "p": contract.price_text(order.price),
                "m": fill.is_maker,
                "c": order.client_order_id,
                "S": order.side,
                "L": contract.price_text(fill.price),
                "l": contract.quantity_text(fill.quantity),
                "t": fill.trade_id,
                "i": order.order_id,
            }
        )

    def balances(
        self,
        account: FuturesAccount,
        reason: str,
        *,
        asset: str,
        contract: Contract | None = None,
        positions: Iterable[Position] = (),
        change: Decimal = ZERO,
    ) -> None:
        """Tell of a wallet and positions that changed: ACCOUNT_UPDATE.

        Args:
            account: Whose.
            reason: ``m``: ORDER, DEPOSIT, FUNDING_FEE, ...
            asset: The wallet.
            contract: Of a funding fee.
            positions: The changed ones; COIN-M lists all that were ever open.
            change: What went in or out apart from profit and commission.
        """
        if not account.listeners:
            return
        body: dict[str, Any] = {"m": reason}
        if reason == "FUNDING_FEE" and contract is not None:
            body["S"] = contract.symbol
        body["B"] = [
            {
                "a": asset,
                "wb": money(account.wallet(asset)),
                "cw": money(account.cross_wallet(asset)),
                "bc": signed(change),
            }
        ]
        listed = list(positions)
        if listed:
            contract = listed[0].contract
            if contract.is_inverse:
                listed = list(account.positions.values())
            body["P"] = [self._position(position) for position in listed]
        account.publish(self._head("ACCOUNT_UPDATE", account, contract) | {"a": body})

    def leverage(self, account: FuturesAccount, contract: Contract) -> None:
        """Tell of a changed leverage: ACCOUNT_CONFIG_UPDATE."""
        change = {"s": contract.symbol, "l": account.leverage(contract)}
        account.publish(self._head("ACCOUNT_CONFIG_UPDATE") | {"ac": change})

    def multi_assets_mode(self, account: FuturesAccount) -> None:
        """Tell of a changed margin mode: ACCOUNT_CONFIG_UPDATE."""
        change = {"j": account.has_multi_assets}
        account.publish(self._head("ACCOUNT_CONFIG_UPDATE") | {"ai": change})

    def margin_call(self, account: FuturesAccount, at_risk: list[Exposure]) -> None:
        """Warn that the margin of these positions is nearly eaten up: MARGIN_CALL."""
        first = at_risk[0].position
        event = self._head("MARGIN_CALL", account, first.contract)
        del event["T"]
        if not first.is_isolated:
            event["cw"] = money(account.cross_wallet(first.contract.margin_asset))
        account.publish(
            event
            | {
                "p": [
                    {
                        "s": one.position.contract.symbol,
                        "ps": one.position.side,
                        "pa": one.position.contract.quantity_text(one.position.amount),
                        "mt": "ISOLATED" if one.position.is_isolated else "CROSSED",
                        "iw": signed(one.position.isolated_wallet),
                        "mp": money(self._prices.mark(one.position.contract)),
                        "up": money(one.profit),
                        "mm": money(one.maintenance_margin),
                    }
                    for one in at_risk
                ],
            }
        )

    def algo(self, algo: ConditionalOrder) -> None:
        """Tell of the state of an algo order: ALGO_UPDATE. USD-M only."""
        contract, trigger, child = algo.contract, algo.trigger, algo.order
        body: dict[str, Any] = {
            "caid": algo.client_algo_id,
            "aid": algo.algo_id,
            "at": "CONDITIONAL",
            "o": algo.request.type,
            "s": contract.symbol,
            "S": algo.request.side,
            "ps": algo.request.position_side,
            "f": algo.request.time_in_force,
            "q": contract.quantity_text(algo.request.quantity),
            "X": algo.status,
            "ai": str(child.order_id) if child else "",
            "ap": f"{child.average_price if child else ZERO:.5f}",
            "aq": f"{child.executed if child else ZERO:.5f}",
            "act": algo.actual_type if child else "0",
            "tp": contract.price_text(trigger.price),
            "p": contract.price_text(algo.request.price),
            "V": algo.request.prevention_mode,
            "wt": trigger.working_type,
            "pm": algo.request.price_match,
            "cp": algo.request.close_position,
            "pP": algo.request.price_protect,
            "R": algo.request.reduce_only,
            "tt": Micros(algo.triggered_us),
            "gtd": algo.request.good_till_ms,
            "rm": algo.reject_message,
        }
        if trigger.is_trailing:
            body["ia"] = trigger.is_activated
        algo.account.publish(self._head("ALGO_UPDATE") | {"o": body})

    def trigger_rejected(self, algo: ConditionalOrder) -> None:
        """Tell that what a trigger placed was refused: CONDITIONAL_ORDER_TRIGGER_REJECT.

        Deprecated in favour of ALGO_UPDATE with status REJECTED, which comes too.
        """
        rejection = {"s": algo.contract.symbol, "i": algo.algo_id, "r": algo.reject_message}
        algo.account.publish(self._head("CONDITIONAL_ORDER_TRIGGER_REJECT") | {"or": rejection})

    def _head(
        self,
        event: str,
        account: FuturesAccount | None = None,
        contract: Contract | None = None,
    ) -> dict[str, Any]:
        """Return the common members; COIN-M events of an account carry its alias."""
        now = Micros(self._clock.now_us())
        head: dict[str, Any] = {"e": event, "E": now, "T": now}
        if account is not None and contract is not None and contract.is_inverse:
            head["i"] = account.alias
        return head

    def _position(self, position: Position) -> dict[str, Any]:
        contract = position.contract
        return {
            "s": contract.symbol,
            "pa": contract.quantity_text(position.amount),
            "ep": price(position.entry_price),
            "bep": price(position.break_even_price),
            "cr": signed(position.realized),
            "up": signed(position.profit(self._prices.mark(contract))),
            "mt": "isolated" if position.is_isolated else "cross",
            "iw": signed(position.isolated_wallet),
            "ps": position.side,
        }
