"""Triggers of conditional orders: made, watched, and fired when the price is right."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from binance_wsapi.simulator.futures.conditional import Trigger
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.grid import check_price
from binance_wsapi.simulator.futures.prices import Prices
from binance_wsapi.simulator.futures.refusals import refusal
from binance_wsapi.simulator.futures.requests import NewOrder

__all__ = ["TriggerDesk", "make_trigger"]

_logger = logging.getLogger("binance_wsapi.simulator")


@dataclass(frozen=True, slots=True)
class _Watch:
    contract: Contract
    trigger: Trigger
    fire: Callable[[], None]
    remove: Callable[[], None]
    activated: Callable[[], None] | None


class TriggerDesk:
    """Holds the triggers that wait, oldest first."""

    def __init__(self) -> None:
        self._watches: dict[int, _Watch] = {}

    def watch(
        self,
        key: int,
        contract: Contract,
        trigger: Trigger,
        fire: Callable[[], None],
        remove: Callable[[], None],
        activated: Callable[[], None] | None = None,
    ) -> None:
        """Call ``fire`` once when the trigger's price comes; ``activated`` when it starts to trail.

        ``remove`` ends what fired when the exchange itself fails at it.
        """
        self._watches[key] = _Watch(contract, trigger, fire, remove, activated)

    def forget(self, key: int) -> None:
        """Stop watching."""
        self._watches.pop(key, None)

    def see(self, contract: Contract, working_type: str, price: Decimal) -> None:
        """Show a price to every trigger that looks at its kind, and fire those it meets."""
        met: list[tuple[int, _Watch]] = []
        for key, watch in list(self._watches.items()):
            trigger = watch.trigger
            if watch.contract is not contract or trigger.working_type != working_type:
                continue
            was_activated = trigger.is_activated
            if trigger.fires_at(price):
                met.append((key, watch))
            if watch.activated is not None and trigger.is_activated and not was_activated:
                watch.activated()
        for key, watch in met:
            # Firing one may have cancelled another.
            if self._watches.pop(key, None) is not None:
                _fire(key, watch)


def _fire(key: int, watch: _Watch) -> None:
    try:
        watch.fire()
    except Exception:
        # Whoever moved the price did nothing wrong, and the triggers behind still have their turn.
        _logger.exception("the embedded exchange failed at the triggered order %s", key)
        try:
            watch.remove()
        except Exception:
            _logger.exception("the embedded exchange failed at ending order %s", key)


def make_trigger(request: NewOrder, contract: Contract, prices: Prices) -> Trigger:
    """Return the trigger of a conditional request, or refuse it when it would fire at once."""
    watches_mark = request.working_type == "MARK_PRICE"
    price = prices.mark(contract) if watches_mark else prices.last(contract)
    trigger = Trigger(
        order_type=request.type,
        side=request.side,
        working_type=request.working_type,
        price=request.trigger_price,
        activation_price=request.activation_price,
        callback_rate=request.callback_rate,
    )
    if not trigger.is_trailing:
        check_price(contract, request.trigger_price)
        if trigger.fires_at(price):
            raise refusal(-2021)
        return trigger
    if request.activation_price is None:
        trigger.activation_price = trigger.extreme = price
        return trigger
    check_price(contract, request.activation_price)
    is_sell = request.side == "SELL"
    if request.activation_price <= price if is_sell else request.activation_price >= price:
        raise refusal(-2021)
    trigger.is_activated = False
    return trigger
