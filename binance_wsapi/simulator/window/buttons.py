"""What the page's buttons do: faults, the clock, prices, deposits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from binance_wsapi.markets import Market

if TYPE_CHECKING:
    from binance_wsapi.simulator.exchange import SimulatedExchange
    from binance_wsapi.simulator.faults.fault_handle import FaultHandle
    from binance_wsapi.simulator.faults.request_faults import RequestFaults

__all__ = ["Buttons"]

_Given = Mapping[str, Any]

REQUEST_FAULTS: dict[str, Callable[[RequestFaults], FaultHandle]] = {
    "lose_answer": lambda requests: requests.lose_answer(),
    "drop_before_acceptance": lambda requests: requests.drop_before_acceptance(),
    "drop_after_acceptance": lambda requests: requests.drop_after_acceptance(),
    "server_error": lambda requests: requests.server_error(),
    "unknown_outcome": lambda requests: requests.unknown_outcome(),
    "rate_limited": lambda requests: requests.rate_limited(5.0),
    "delay_answer": lambda requests: requests.delay_answer(5.0),
    "duplicate_answer": lambda requests: requests.duplicate_answer(),
}


class Buttons:
    """Steers an exchange; usable from any thread.

    Args:
        exchange: The exchange.
    """

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange
        self._actions: dict[str, Callable[[_Given], object]] = {
            "drop_connections": lambda given: exchange.drop_connections(),
            "close_connections": lambda given: exchange.close_connections(),
            "announce_shutdown": lambda given: exchange.announce_shutdown(),
            "half_open": lambda given: exchange.faults.half_open(),
            "refuse_handshakes": lambda given: exchange.faults.refuse_handshakes(times=None),
            "ban": lambda given: exchange.ban(seconds=10.0),
            "request_fault": self._request_fault,
            "end_faults": lambda given: exchange.faults.clear(),
            "freeze": lambda given: exchange.clock.freeze(),
            "resume": lambda given: exchange.clock.resume(),
            "advance": lambda given: exchange.clock.advance(_seconds(given)),
            "skew": lambda given: exchange.faults.skew_clock(_seconds(given)),
            "move_price": self._move_price,
            "deposit": self._deposit,
        }

    def press(self, action: str, given: _Given) -> None:
        """Do what a button says.

        Args:
            action: Which button.
            given: What stands in the fields beside it.

        Raises:
            ValueError: It cannot be done so; the text says why.
        """
        do = self._actions.get(action)
        if do is None:
            raise ValueError(f"no button {action!r}")
        try:
            do(given)
        except RuntimeError as error:  # the exchange's own words: no market maker, not running
            raise ValueError(str(error)) from None

    def _request_fault(self, given: _Given) -> None:
        fault = REQUEST_FAULTS.get(str(given.get("fault")))
        if fault is None:
            raise ValueError(f"no fault {given.get('fault')!r}")
        fault(self._exchange.faults.on(str(given.get("method") or "") or None))

    def _move_price(self, given: _Given) -> None:
        market, symbol = _market(given), str(given.get("symbol"))
        venue = self._exchange.venue
        known = venue.spot.symbols if market is Market.SPOT else venue.futures[market].contracts
        if symbol not in known:
            raise ValueError(f"no symbol {symbol!r} on {market}")
        self._exchange.move_price(symbol, _positive(given, "price"), market=market)

    def _deposit(self, given: _Given) -> None:
        exchange, market = self._exchange, _market(given)
        asset, amount = str(given.get("asset") or "").upper(), _positive(given, "amount")
        if not asset.isalnum():
            raise ValueError("asset is missing: write USDT, say")

        def pay() -> None:
            venue = exchange.venue
            uid = int(given.get("uid") or 0)
            account = venue.spot.accounts.get(uid)
            if account is None:
                raise ValueError(f"no account {uid}")
            if market is Market.SPOT:
                venue.spot.deposit(account, asset, amount)
                return
            engine = venue.futures[market]
            assets = {contract.margin_asset for contract in engine.contracts.values()}
            if asset not in assets:
                raise ValueError(f"the wallets there hold {', '.join(sorted(assets))}")
            engine.deposit(engine.account(uid), asset, amount)

        exchange.call(pay)


def _market(given: _Given) -> Market:
    try:
        return Market(given.get("market"))
    except ValueError:
        raise ValueError(f"no market {given.get('market')!r}") from None


def _number(given: _Given, name: str) -> Decimal:
    try:
        number = Decimal(str(given.get(name)))
    except InvalidOperation:
        raise ValueError(f"{name}={given.get(name)!r} is no number") from None
    if not number.is_finite():
        raise ValueError(f"{name}={given.get(name)!r} is no number")
    return number


def _positive(given: _Given, name: str) -> Decimal:
    number = _number(given, name)
    if number <= 0:
        raise ValueError(f"{name}={number} is not more than nothing")
    return number


def _seconds(given: _Given) -> float:
    return float(_number(given, "seconds"))
