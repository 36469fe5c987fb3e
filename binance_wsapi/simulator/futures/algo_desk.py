"""The algo service of USD-M: conditional orders until they become orders of the matching engine."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.errors import ExchangeError, cancel_rejected
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.answers import algo_answer
from binance_wsapi.simulator.futures.conditional import ConditionalOrder
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.events import UserEvents
from binance_wsapi.simulator.futures.order_intake import OrderIntake, make_client_id
from binance_wsapi.simulator.futures.orders import FuturesOrder
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import Parameters, read_new_order, read_reference
from binance_wsapi.simulator.futures.triggers import TriggerDesk, make_trigger
from binance_wsapi.simulator.numbering import Numbers

__all__ = ["AlgoDesk"]

FIRST_ALGO_ID = 2_000_000_000_000_001


class AlgoDesk:
    """What ``algoOrder.*`` requests come to.

    Args:
        clock: Time of the exchange.
        rng: Where generated client ids come from.
        prices: Mark and last prices.
        intake: Where a trigger places its order.
        events: Where the accounts' events are made.
        triggers: Where the orders wait.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        *,
        prices: Prices,
        intake: OrderIntake,
        events: UserEvents,
        triggers: TriggerDesk,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._prices = prices
        self._intake = intake
        self._events = events
        self._triggers = triggers
        self._ids = Numbers(FIRST_ALGO_ID)

    def place(
        self, account: FuturesAccount, contract: Contract, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Answer ``algoOrder.place``. No margin is asked for before the trigger."""
        request = read_new_order(
            Parameters(params),
            Market.USDM,
            is_hedging=account.is_hedging,
            now_ms=self._clock.now_us() // 1000,
            is_algo=True,
        )
        if not request.close_position:
            limit = request.price or self._prices.last(contract)
            self._intake.check_terms(contract, request, price=limit, quantity=request.quantity)
        trigger = make_trigger(request, contract, self._prices)
        waiting = [one for one in account.conditional_orders.values() if one.is_open]
        if len(waiting) >= contract.max_conditional_orders:
            raise refusal(-4045)
        if any(one.client_algo_id == request.client_id for one in waiting):
            raise refusal(-4116)

        now = self._clock.now_us()
        algo = ConditionalOrder(
            algo_id=next(self._ids),
            account=account,
            contract=contract,
            client_algo_id=request.client_id or make_client_id(self._rng),
            request=request,
            trigger=trigger,
            created_us=now,
            updated_us=now,
        )
        account.conditional_orders[algo.algo_id] = algo
        self._triggers.watch(
            algo.algo_id,
            contract,
            trigger,
            partial(self._fire, algo),
            partial(self._remove, algo),
            partial(self._events.algo, algo),
        )
        if request.good_till_ms:
            algo.expiry_call = self._clock.call_at(
                request.good_till_ms * 1000, partial(self._end, algo, "EXPIRED")
            )
        self._events.algo(algo)
        return algo_answer(algo)

    def cancel(self, account: FuturesAccount, params: dict[str, Any]) -> dict[str, Any]:
        """Answer ``algoOrder.cancel``."""
        reference = read_reference(Parameters(params), "algoId", "clientAlgoId")
        for algo in account.conditional_orders.values():
            named = (
                algo.algo_id == reference.order_id
                if reference.order_id is not None
                else algo.client_algo_id == reference.client_order_id
            )
            if named and algo.is_open:
                self._end(algo, "CANCELED")
                return {
                    "algoId": algo.algo_id,
                    "clientAlgoId": algo.client_algo_id,
                    "code": "200",
                    "msg": "success",
                }
        raise cancel_rejected()

    def ended(self, order: FuturesOrder) -> None:
        """Finish the algo order whose order ended."""
        algo = order.algo
        if algo is not None:
            self._set_status(algo, "FINISHED")

    def _fire(self, algo: ConditionalOrder) -> None:
        """Place the order a triggered algo order stands for, or tell why it cannot be placed."""
        account, contract = algo.account, algo.contract
        if algo.expiry_call is not None:
            algo.expiry_call.cancel()
        algo.triggered_us = self._clock.now_us()
        self._set_status(algo, "TRIGGERING")
        quantity: Decimal | None = None
        if algo.request.close_position:
            held = account.held(contract, algo.request.position_side)
            quantity = held.closing_quantity(algo.request.side)
            if not quantity:
                self._set_status(algo, "EXPIRED")
                return
        try:
            order = self._intake.build(account, contract, algo.request, quantity=quantity)
            order.client_order_id = algo.client_algo_id
            self._intake.admit(order)
        except ExchangeError as error:
            algo.reject_message = error.message
            self._set_status(algo, "REJECTED")
            self._events.trigger_rejected(algo)
            return
        algo.order = order
        order.algo = algo
        self._set_status(algo, "TRIGGERED")
        self._intake.submit(order)

    def _remove(self, algo: ConditionalOrder) -> None:
        if algo.order is not None and algo.order.is_open:
            self._intake.expire(algo.order)
        elif algo.status in {"NEW", "TRIGGERING"}:
            self._set_status(algo, "REJECTED")

    def _end(self, algo: ConditionalOrder, status: str) -> None:
        self._triggers.forget(algo.algo_id)
        if algo.expiry_call is not None:
            algo.expiry_call.cancel()
        self._set_status(algo, status)

    def _set_status(self, algo: ConditionalOrder, status: str) -> None:
        algo.status = status
        algo.updated_us = self._clock.now_us()
        self._events.algo(algo)
