"""A quiet maker: quotes every option around its mark price, and puts back what is taken."""

from __future__ import annotations

from decimal import Decimal

from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.eoptions.contracts import Option
from binance_wsapi.simulator.eoptions.market import OptionMarket
from binance_wsapi.simulator.eoptions.order_desk import OptionDesk
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.refills import Refills

__all__ = ["OptionMaker"]

LEVELS = 5
SIZE = Decimal(10)
HOUSE_UID = -1


class OptionMaker:
    """Keeps a book on every option.

    Args:
        clock: The exchange's clock.
        market: The options.
    """

    def __init__(self, clock: SimulatedClock, market: OptionMarket) -> None:
        self._market = market
        self._desk = OptionDesk(market)
        self._refills = Refills(clock, self._refill)
        self._orders = 0
        self.account = market.open_account(HOUSE_UID, is_house=True)

    def start(self) -> None:
        """Quote everything from now on."""
        for option in self._market.options.values():
            self.quote(option)
        self._market.observers.append(self._refills)
        self._market.listing_listeners.append(self.quote)
        self._market.index_listeners.append(self._moved)

    def quote(self, option: Option) -> None:
        """Bring the option's orders in line with its mark price; what rests there keeps its place."""
        self._refills.done(option.symbol)
        wanted = {price: side for side in ("BUY", "SELL") for price in self._ladder(option, side)}
        for order in list(self.account.open_orders.values()):
            if order.option is not option:
                continue
            if wanted.get(order.price) == order.side and order.remaining == SIZE:
                del wanted[order.price]
            else:
                self._market.finish(order, "CANCELED")
        for price, side in wanted.items():
            self._place(option, side, price)

    def _refill(self, symbol: str) -> None:
        self._refills.done(symbol)
        option = self._market.options.get(symbol)
        if option is not None:
            self.quote(option)

    def _moved(self, underlying: str) -> None:
        for option in list(self._market.options.values()):
            if option.underlying.symbol == underlying:
                self.quote(option)

    def _ladder(self, option: Option, side: str) -> list[Decimal]:
        """Return the prices of one side, a tick apart from the mark price on."""
        tick, middle = option.underlying.tick_size, self._market.risk.valuation(option).mark
        sign = -1 if side == "BUY" else 1
        mark = option.on_grid(middle)
        prices = [mark + sign * each * tick for each in range(1, LEVELS + 1)]
        return [price for price in prices if price > 0]

    def _place(self, option: Option, side: str, price: Decimal) -> None:
        self._orders += 1
        try:
            self._desk.place(
                self.account,
                {
                    "symbol": option.symbol,
                    "side": side,
                    "type": "LIMIT",
                    "price": f"{price:f}",
                    "quantity": f"{SIZE:f}",
                    "clientOrderId": f"maker-{self._orders}",
                },
            )
        except ExchangeError:
            return  # an option that expires just now, a price out of bounds: the market goes on
