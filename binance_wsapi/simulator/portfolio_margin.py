"""Portfolio margin accounts, their listen keys and their events.

Such an account trades on the engines of Spot and of both futures under a uid of its own: its events are those of
the engines, in the words of its stream. One margin for all of it is not reckoned: the events about that say what a
test tells them to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, cast

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import Account, EventSource
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.futures.market import FuturesMarket
from binance_wsapi.simulator.futures.rest_calls import Params, RestCall
from binance_wsapi.simulator.market_data.stream_feeds import CallFeed
from binance_wsapi.simulator.market_data.stream_hub import Feed, Publish
from binance_wsapi.simulator.numbering import Numbers

__all__ = ["PortfolioMargin", "ProStreams", "classic_path", "portfolio_call"]

Balances = Mapping[str, Decimal | str | int]
Event = dict[str, Any]
_Open = Callable[[Balances], Account]

UNITS = {Market.USDM: "UM", Market.COINM: "CM"}


class PortfolioMargin:
    """The portfolio margin accounts of all owners, one each.

    Args:
        clock: The exchange's clock.
        rng: Where keys come from.
        futures: Both futures engines.
        open_account: Makes an account of the Spot engine: ``SpotMarket.open_account``.

    Attributes:
        keys: Listen keys of portfolio margin; those of portfolio margin pro are USD-M's.
    """

    def __init__(
        self,
        clock: SimulatedClock,
        rng: Random,
        futures: Mapping[Market, FuturesMarket],
        open_account: _Open,
    ) -> None:
        self._clock = clock
        self._futures = futures
        self._open_account = open_account
        self._accounts: dict[int, Account] = {}
        self._sources: dict[int, EventSource] = {}
        self._pro: dict[int, EventSource] = {}
        self._update_ids = Numbers()
        self.keys = ListenKeys(clock, rng)

    def account(self, owner_uid: int) -> Account:
        """Return an owner's account, making an empty one; its futures accounts have the same uid."""
        found = self._accounts.get(owner_uid)
        if found is None:
            found = self._accounts[owner_uid] = self._open_account({})
            source = self.source(owner_uid)
            found.listeners.append(partial(self._relay_margin, source))
            for market, engine in self._futures.items():
                follow = partial(self._relay_futures, source, UNITS[market])
                engine.account(found.uid).listeners.append(follow)
        return found

    def source(self, owner_uid: int) -> EventSource:
        """Return the source of an owner's events."""
        return self._sources.setdefault(owner_uid, EventSource(owner_uid))

    def pro(self, owner_uid: int) -> EventSource:
        """Return the source of an owner's events of portfolio margin pro."""
        return self._pro.setdefault(owner_uid, EventSource(owner_uid))

    def start_key(self, owner_uid: int) -> dict[str, str]:
        """Answer ``POST /papi/v1/listenKey``."""
        self.account(owner_uid)
        return self.keys.start(self.source(owner_uid))

    def keep_key(self, owner_uid: int) -> dict[str, str]:
        """Answer ``PUT /papi/v1/listenKey``."""
        self.keys.ping(self.source(owner_uid))
        return {}

    def close_key(self, owner_uid: int) -> dict[str, str]:
        """Answer ``DELETE /papi/v1/listenKey``."""
        return self.keys.stop(self.source(owner_uid))

    def balances(self, owner_uid: int) -> list[dict[str, str]]:
        """Answer ``GET /papi/v1/balance``: all wallets, by asset; nothing is borrowed here."""
        account = self.account(owner_uid)
        usdm, coinm = (self._futures[market].account(account.uid) for market in UNITS)
        rows: list[dict[str, str]] = []
        for asset in dict.fromkeys([*account.balances, *usdm.wallets, *coinm.wallets]):
            margin = account.balance(asset)
            held = margin.free + margin.locked
            rows.append(
                {
                    "asset": asset,
                    "totalWalletBalance": f"{held + usdm.wallet(asset) + coinm.wallet(asset):.8f}",
                    "crossMarginAsset": f"{held:.8f}",
                    "crossMarginBorrowed": "0.00000000",
                    "crossMarginFree": f"{margin.free:.8f}",
                    "crossMarginInterest": "0.00000000",
                    "crossMarginLocked": f"{margin.locked:.8f}",
                    "umWalletBalance": f"{usdm.wallet(asset):.8f}",
                    "cmWalletBalance": f"{coinm.wallet(asset):.8f}",
                }
            )
        return rows

    def tell(self, owner_uid: int, event: str, members: Mapping[str, Any]) -> None:
        """Tell what the engines do not reckon, such as ``riskLevelChange`` and ``liabilityChange``.

        Args:
            owner_uid: Whose account.
            event: The exchange's word for it.
            members: What it has besides its kind and its time.
        """
        self.source(owner_uid).publish(self._event(event, members))

    def tell_pro(self, owner_uid: int, event: str, members: Mapping[str, Any]) -> None:
        """Tell the same to portfolio margin pro, such as ``PM_PRO_ACCOUNT_UPDATE``."""
        self.pro(owner_uid).publish(self._event(event, members))

    def _event(self, event: str, members: Mapping[str, Any]) -> Event:
        return {"e": event, "E": Micros(self._clock.now_us()), **members}

    def _relay_futures(self, source: EventSource, unit: str, event: Event) -> None:
        change = _FUTURES_EVENTS.get(event["e"])
        if change is not None:
            source.publish(change(event, unit))

    def _relay_margin(self, source: EventSource, event: Event) -> None:
        if event["e"] == "executionReport":
            source.publish({name: value for name, value in event.items() if name != "M"})
        elif event["e"] in {"outboundAccountPosition", "balanceUpdate"}:
            source.publish(event | {"U": next(self._update_ids)})


class ProStreams:
    """A stream table of portfolio margin pro: named by USD-M's listen keys, with events of its own.

    Args:
        portfolio: The accounts.
        keys: USD-M's listen keys.
    """

    def __init__(self, portfolio: PortfolioMargin, keys: ListenKeys) -> None:
        self._portfolio = portfolio
        self._keys = keys

    def open(self, name: str, publish: Publish) -> Feed | None:
        """Begin to pass the events of a key's account on, as long as the key lives."""
        owner_uid = self._keys.owner_of(name)

        def tell(event: Event) -> None:
            if self._keys.is_live(name):
                publish(event)

        def tell_end(event: Event) -> None:
            if event["e"] == "listenKeyExpired":
                publish(event)

        source = None if owner_uid is None else self._portfolio.pro(owner_uid)
        if source is not None:
            source.listeners.append(tell)
        self._keys.listen(name, tell_end)

        def close() -> None:
            self._keys.unlisten(name, tell_end)
            if source is not None:
                source.listeners.remove(tell)

        return CallFeed(close)


def classic_path(path: str) -> str | None:
    """Return where a classic account asks for what a path of portfolio margin means; ``None`` if nowhere."""
    for prefix, classic in _PREFIXES:
        if path.startswith(prefix):
            rest = path.removeprefix(prefix)
            return classic + _PATHS.get((prefix, rest), rest)
    return None


_PREFIXES = (
    ("/papi/v1/um/", "/fapi/v1/"),
    ("/papi/v2/um/", "/fapi/v3/"),
    ("/papi/v1/cm/", "/dapi/v1/"),
    ("/papi/v1/margin/", "/sapi/v1/margin/"),
)
_PATHS = {
    ("/papi/v1/um/", "algo/order"): "algoOrder",
    ("/papi/v1/um/", "algo/algoOrder"): "algoOrder",
    ("/papi/v1/um/", "algo/openAlgoOrders"): "openAlgoOrders",
    ("/papi/v1/margin/", "allOpenOrders"): "openOrders",
}


def portfolio_call(path: str, call: RestCall, clock: SimulatedClock) -> RestCall:
    """Return what portfolio margin makes of a classic account's call: its documents know less of some.

    Args:
        path: Where the classic account asks.
        call: What that does.
        clock: The exchange's clock.
    """

    def fills(params: Params, account: EventSource | None) -> object:
        asked = {name: value for name, value in params.items() if name != "orderId"}
        rows = cast("list[Event]", call.answer(asked, account))
        if asked.keys() & {"startTime", "endTime", "fromId"}:
            return rows
        since_us = clock.now_us() - _FILLS_SHOWN_US[path]
        return [row for row in rows if row["time"].us >= since_us]

    def algo_orders(params: Params, account: EventSource | None) -> object:
        answer = cast("Event | list[Event]", call.answer(params, account))
        if isinstance(answer, list):
            return [_without(row, _NOT_IN_ALGO_ROWS | _NOT_WHILE_OPEN) for row in answer]
        return _without(answer, _NOT_IN_ALGO_ROWS)

    if path in _FILLS_SHOWN_US:
        return replace(call, answer=fills)
    return replace(call, answer=algo_orders) if path in _ALGO_PATHS else call


def _without(row: Event, left_out: frozenset[str]) -> Event:
    return {name: value for name, value in row.items() if name not in left_out}


_DAY_US = 86_400_000_000
_FILLS_SHOWN_US = {"/fapi/v1/userTrades": 7 * _DAY_US, "/dapi/v1/userTrades": _DAY_US}
"""How far back fills are listed where no time is asked for; they cannot be asked for by order."""
_ALGO_PATHS = frozenset({"/fapi/v1/algoOrder", "/fapi/v1/openAlgoOrders"})
_NOT_IN_ALGO_ROWS = frozenset({"icebergQuantity"})
_NOT_WHILE_OPEN = frozenset({"actualOrderId", "actualPrice"})


def _order(event: Event, unit: str) -> Event:
    order = {name: value for name, value in event["o"].items() if name not in _NOT_IN_ORDERS}
    return {"e": event["e"], "fs": unit, "E": event["E"], "T": event["T"]} | {
        "i": event.get("i", ""),
        "o": order,
    }


_NOT_IN_ORDERS = frozenset({"ma", "wt", "ot", "cp", "AP", "cr", "pP", "si", "ss", "pm", "er"})


def _account(event: Event, unit: str) -> Event:
    change = dict(event["a"])
    if "P" in change:
        change["P"] = [
            {name: value for name, value in row.items() if name not in {"mt", "iw"}}
            for row in change["P"]
        ]
    return event | {"fs": unit, "i": event.get("i", ""), "a": change}


def _algo(event: Event, unit: str) -> Event:
    told = {name: value for name, value in event.items() if name != "o"}
    return told | {"fs": unit, "ao": event["o"]}


_FUTURES_EVENTS: dict[str, Callable[[Event, str], Event]] = {
    "ORDER_TRADE_UPDATE": _order,
    "ACCOUNT_UPDATE": _account,
    "ALGO_UPDATE": _algo,
    "ACCOUNT_CONFIG_UPDATE": lambda event, unit: event | {"fs": unit},
}
"""What its stream tells of futures, in its own words; nothing else comes."""
