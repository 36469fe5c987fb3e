"""A symbol's rules as one object: the numbers, rounding to them, and what an order breaks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

from binance_wsapi.errors import ParameterError, RulesBroken
from binance_wsapi.markets import Market
from binance_wsapi.models.base import DecimalLike
from binance_wsapi.rules.checking import price_violations, quantity_violations, violations
from binance_wsapi.rules.exact import exact
from binance_wsapi.rules.filters import Notional, PercentPrice, TrailingDelta
from binance_wsapi.rules.fitting import FittedOrder, fitted
from binance_wsapi.rules.grid import Grid, Rounding
from binance_wsapi.rules.terms import OrderTerms
from binance_wsapi.rules.violation import Violation

__all__ = ["SymbolRules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRules:
    """What the exchange asks of the orders of one symbol, as ``exchangeInfo`` tells it.

    All arithmetic is exact, whatever the decimal context of the thread is; a ``float`` is taken by its
    shortest text, so ``0.29`` is 0.29. A zero among the bounds and steps switches that part off, as at the
    exchange. Every method may be called from any thread, and none asks the exchange.
    """

    market: Market
    """The market it trades on."""
    symbol: str
    """Name, such as ``BTCUSDT``."""
    status: str
    """Whether it trades, such as ``TRADING``; of the moment the rules were fetched."""
    base_asset: str
    """The asset that is bought and sold."""
    quote_asset: str
    """The asset that prices are in."""
    order_types: tuple[str, ...] = ()
    """Order types it accepts; empty where the exchange does not say."""
    times_in_force: tuple[str, ...] = ()
    """Times in force it accepts (futures); empty where the exchange does not say."""
    price: Grid
    """Bounds and step of prices (``PRICE_FILTER``)."""
    lot: Grid
    """Bounds and step of quantities (``LOT_SIZE``)."""
    market_lot: Grid
    """Bounds and step of the quantities of MARKET orders (``MARKET_LOT_SIZE``)."""
    percent_price: tuple[PercentPrice, ...] = ()
    """How far prices may be from a reference price."""
    notional: tuple[Notional, ...] = ()
    """Bounds of price times quantity."""
    trailing_delta: TrailingDelta | None = None
    """Bounds of trailing distances (Spot)."""
    max_iceberg_parts: int | None = None
    """Most parts of an iceberg order (Spot)."""
    max_num_orders: int | None = None
    """Most open orders of the symbol an account may have, conditional ones included."""
    max_num_algo_orders: int | None = None
    """Most open conditional orders of the symbol an account may have."""
    max_num_iceberg_orders: int | None = None
    """Most open iceberg orders of the symbol an account may have (Spot)."""
    max_num_order_lists: int | None = None
    """Most open order lists of the symbol an account may have (Spot)."""
    max_num_order_amends: int | None = None
    """Most amendments of one order (Spot)."""
    max_position: Decimal | None = None
    """Most of the base asset that buying may lead to (Spot)."""
    price_precision: int | None = None
    """Decimal places that a price may have."""
    quantity_precision: int | None = None
    """Decimal places that a quantity may have."""
    quote_precision: int | None = None
    """Decimal places that an amount of the quote asset may have."""
    contract_size: Decimal | None = None
    """What one contract is worth in the quote asset (COIN-M)."""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """The symbol as the exchange wrote it."""

    @property
    def tick_size(self) -> Decimal:
        """Prices are multiples of it; zero when there is no such rule."""
        return self.price.step

    @property
    def step_size(self) -> Decimal:
        """Quantities are multiples of it; zero when there is no such rule."""
        return self.lot.step

    @property
    def min_notional(self) -> Decimal | None:
        """Least price times quantity; ``None`` when there is no such rule."""
        return max((each.minimum for each in self.notional if each.minimum), default=None)

    @property
    def max_notional(self) -> Decimal | None:
        """Greatest price times quantity; ``None`` when there is no such rule."""
        return min((each.maximum for each in self.notional if each.maximum), default=None)

    def filter(self, filter_type: str) -> Mapping[str, Any] | None:
        """Return one filter as the exchange wrote it; ``None`` when the symbol has none of that type.

        Args:
            filter_type: The exchange's word for it, such as ``LOT_SIZE``.
        """
        for each in self.raw.get("filters") or ():
            if each.get("filterType") == filter_type:
                found: Mapping[str, Any] = each
                return found
        return None

    def round_price(
        self, price: DecimalLike, *, side: str | None = None, rounding: Rounding | None = None
    ) -> Decimal:
        """Return the price that can be sent.

        Args:
            price: The price.
            side: ``BUY`` rounds down and ``SELL`` up: the order is never worse than asked for.
            rounding: ``"down"``, ``"up"`` or ``"nearest"``, whatever the side; without either, the nearest.

        Raises:
            RulesBroken: What it would be rounded to is zero, or out of bounds.
            ParameterError: A value cannot be right.
        """
        given = exact(price, "price")
        if rounding is None:
            rounding = "nearest" if side is None else _of_side(side)
        elif rounding not in get_args(Rounding):
            raise _no_choice("rounding", rounding, *get_args(Rounding))
        rounded = self.price.rounded(given, rounding)
        return self._sound("price", given, rounded, price_violations(self, "price", rounded))

    def round_quantity(self, quantity: DecimalLike, *, market: bool = False) -> Decimal:
        """Return the quantity that can be sent: down to the step, never up.

        Args:
            quantity: The quantity, in base asset units (contracts on COIN-M).
            market: Whether it is for a MARKET order, which may have a step and bounds of its own.

        Raises:
            RulesBroken: What it would be rounded to is zero, or out of bounds.
            ParameterError: It is no number.
        """
        given = exact(quantity, "quantity")
        rounded = self.quantities(is_market=market).rounded(given, "down")
        broken = quantity_violations(self, "quantity", rounded, is_market=market)
        return self._sound("quantity", given, rounded, broken)

    def quantities(self, *, is_market: bool) -> Grid:
        """Return the bounds and the step of quantities.

        Args:
            is_market: Whether of MARKET orders, which may have to keep to two filters at once.
        """
        if not is_market:
            return self.lot
        return (
            self.lot.met_with(self.market_lot)
            if self.market.facts.market_keeps_lot_size
            else self.market_lot
        )

    def check(
        self,
        *,
        side: str,
        type: str,  # noqa: A002  (the exchange's word)
        price: DecimalLike | None = None,
        quantity: DecimalLike | None = None,
        quote_order_qty: DecimalLike | None = None,
        stop_price: DecimalLike | None = None,
        iceberg_qty: DecimalLike | None = None,
        trailing_delta: int | None = None,
        reduce_only: bool = False,
        reference_price: DecimalLike | None = None,
    ) -> tuple[Violation, ...]:
        """Return what an order breaks of the rules; nothing is sent or raised for it.

        What depends on the account (how many orders are open, what it holds) is not looked at.

        Args:
            side: ``BUY`` or ``SELL``.
            type: The order type, such as ``LIMIT``.
            price: The limit price.
            quantity: The quantity, in base asset units (contracts on COIN-M).
            quote_order_qty: What a MARKET order is to spend or receive, in quote asset units (Spot).
            stop_price: The trigger price, or the price from which a trailing order follows.
            iceberg_qty: The visible part of the quantity (Spot).
            trailing_delta: The trailing distance in basis points (Spot).
            reduce_only: Whether it can only make a position smaller (futures).
            reference_price: What the exchange measures prices and MARKET orders by: on Spot the reference
                price, the mean of some minutes, or the last price; on futures the mark price. Without it
                the distance of a price, and what an order without a limit price is worth, are not looked at.

        Returns:
            One :class:`Violation` for each filter that a parameter breaks; an empty tuple when it fits.

        Raises:
            ParameterError: A value is no number.
        """
        terms = _terms(
            side, type, price, quantity, quote_order_qty, stop_price, iceberg_qty, trailing_delta,
            reduce_only,
        )  # fmt: skip
        return violations(self, terms, _reference(reference_price))

    def fit(
        self,
        *,
        side: str,
        type: str,  # noqa: A002  (the exchange's word)
        price: DecimalLike | None = None,
        quantity: DecimalLike | None = None,
        quote_order_qty: DecimalLike | None = None,
        stop_price: DecimalLike | None = None,
        iceberg_qty: DecimalLike | None = None,
        trailing_delta: int | None = None,
        reduce_only: bool = False,
        reference_price: DecimalLike | None = None,
    ) -> FittedOrder:
        """Return an order's values as they can be sent, and what was changed about them.

        The price of a buy is rounded down and that of a sell up, a trigger price so that it is not reached
        before the one given, and all quantities down. Nothing is rounded to zero or out of the bounds.

        Args:
            side: ``BUY`` or ``SELL``.
            type: The order type, such as ``LIMIT``.
            price: The limit price.
            quantity: The quantity, in base asset units (contracts on COIN-M).
            quote_order_qty: What a MARKET order is to spend or receive, in quote asset units (Spot).
            stop_price: The trigger price, or the price from which a trailing order follows.
            iceberg_qty: The visible part of the quantity (Spot).
            trailing_delta: The trailing distance in basis points (Spot); it is not changed.
            reduce_only: Whether it can only make a position smaller (futures).
            reference_price: As for :meth:`check`.

        Raises:
            RulesBroken: Rounded, it still breaks a rule; the numbers are in ``violations``.
            ParameterError: A value is no number.
        """
        terms = _terms(
            side, type, price, quantity, quote_order_qty, stop_price, iceberg_qty, trailing_delta,
            reduce_only,
        )  # fmt: skip
        return fitted(self, terms, _reference(reference_price))

    def _sound(
        self, parameter: str, given: Decimal, rounded: Decimal, broken: tuple[Violation, ...]
    ) -> Decimal:
        if broken:
            change = "" if rounded == given else f" ({parameter}={given:f} is {rounded:f} then)"
            raise RulesBroken(f"{broken[0]}{change}", symbol=self.symbol, violations=broken)
        return rounded


def _of_side(side: str) -> Rounding:
    match str(side):
        case "BUY":
            return "down"
        case "SELL":
            return "up"
    raise _no_choice("side", side, "BUY", "SELL")


def _no_choice(parameter: str, value: object, *choices: str) -> ParameterError:
    listed = " or ".join(repr(each) for each in choices)
    return ParameterError(f"{parameter}={value!r}: use {listed}", parameter=parameter, value=value)


def _reference(reference_price: DecimalLike | None) -> Decimal | None:
    return None if reference_price is None else exact(reference_price, "reference_price")


def _terms(
    side: str,
    order_type: str,
    price: DecimalLike | None,
    quantity: DecimalLike | None,
    quote_order_qty: DecimalLike | None,
    stop_price: DecimalLike | None,
    iceberg_qty: DecimalLike | None,
    trailing_delta: int | None,
    reduce_only: bool,
) -> OrderTerms:
    _of_side(side)
    decimals = {
        "price": price,
        "quantity": quantity,
        "quote_order_qty": quote_order_qty,
        "stop_price": stop_price,
        "iceberg_qty": iceberg_qty,
    }
    given: dict[str, Any] = {
        name: exact(value, name) for name, value in decimals.items() if value is not None
    }
    return OrderTerms(
        side=str(side),
        type=str(order_type),
        trailing_delta=trailing_delta,
        only_closes=reduce_only,
        **given,
    )
