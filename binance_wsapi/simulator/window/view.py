"""What the page shows: the exchange as it stands, as plain JSON values. Belongs to the exchange's thread."""

from __future__ import annotations

from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.accounts import EventSource
from binance_wsapi.simulator.doors.wire import plain
from binance_wsapi.simulator.errors import ExchangeError
from binance_wsapi.simulator.futures.rest import FuturesRest
from binance_wsapi.simulator.journal import Frame
from binance_wsapi.simulator.venue import Venue
from binance_wsapi.simulator.window.frames import row_of

__all__ = ["View"]

LEVELS = 20
CANDLES = 90
MOST_FRAMES = 300
"""How many frames one answer shows: who looks in late sees the newest."""


class View:
    """Reads a venue.

    Args:
        venue: The exchange.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._rest = {
            market: FuturesRest(known, venue.futures_limits)
            for market, known in venue.stream_venues.items()
        }

    def state(self, market: Market, symbol: str, seen: int) -> dict[str, Any]:
        """Return what a page shows now.

        Args:
            market: Whose book and candles.
            symbol: Of which symbol; one that does not exist has none.
            seen: How many frames of the journal the page has.
        """
        venue = self._venue
        frames, count = venue.journal.newer_than(seen)
        shown = frames[-MOST_FRAMES:]
        return {
            "time_ms": venue.clock.now_us() // 1_000,
            "is_frozen": venue.clock.is_frozen,
            "connections": len(venue.gateway.connections),
            "faults": venue.faults.in_force,
            "symbols": {
                Market.SPOT: sorted(venue.spot.symbols),
                **{each: sorted(engine.contracts) for each, engine in venue.futures.items()},
            },
            "book": self._public(market, "depth", {"symbol": symbol, "limit": LEVELS}),
            "candles": self._public(
                market, "klines", {"symbol": symbol, "interval": "1m", "limit": CANDLES}
            ),
            "accounts": [self._account(uid) for uid in venue.keys.owners],
            "frames": [row_of(frame, count - len(shown) + at) for at, frame in enumerate(shown)],
            "seen": count,
        }

    def frame(self, number: int) -> Frame | None:
        """Return a frame of the journal by its number from 0; ``None`` when it is not kept."""
        frames, _ = self._venue.journal.newer_than(number)
        return frames[0] if frames else None

    def _public(self, market: Market, method: str, params: dict[str, Any]) -> Any:
        try:
            if market is Market.SPOT:
                return self._ask(market, method, params, None)
            return self._call(market, f"v1/{method}", params, None)
        except ExchangeError:
            return None

    def _account(self, uid: int) -> dict[str, Any]:
        venue = self._venue
        spot = venue.spot.accounts[uid]
        row: dict[str, Any] = {
            "uid": uid,
            "balances": {
                asset: [
                    plain(each.free, microseconds=False),
                    plain(each.locked, microseconds=False),
                ]
                for asset, each in spot.balances.items()
                if each.free or each.locked
            },
            "wallets": [],
            "orders": [
                order | {"market": Market.SPOT}
                for order in self._ask(Market.SPOT, "openOrders.status", {}, spot)
            ],
            "positions": [],
        }
        for market, engine in venue.futures.items():
            if uid not in engine.accounts:
                continue
            account = engine.accounts[uid]
            row["wallets"] += [
                wallet | {"market": market}
                for wallet in self._ask(market, "account.balance", {}, account)
                if float(wallet["balance"])
            ]
            row["orders"] += [
                order | {"market": market}
                for order in self._call(market, "v1/openOrders", {}, account)
            ]
            if market is Market.USDM:  # where they are orders of their own
                algo_orders = self._call(market, "v1/openAlgoOrders", {}, account)
                row["orders"] += [_as_order(order) | {"market": market} for order in algo_orders]
            row["positions"] += [
                position | {"market": market}
                for position in self._ask(market, "account.position", {}, account)
                if float(position["positionAmt"])
            ]
        return row

    def _ask(
        self, market: Market, method: str, params: dict[str, Any], account: EventSource | None
    ) -> Any:
        service = self._venue.services[market]
        answer = service.perform(service.operation(method), params, account)
        return plain(answer, microseconds=False)

    def _call(
        self, market: Market, path: str, params: dict[str, Any], account: EventSource | None
    ) -> Any:
        call = self._rest[market].find("GET", path)
        assert call is not None
        return plain(call.answer(params, account), microseconds=False)


def _as_order(algo_order: dict[str, Any]) -> dict[str, Any]:
    """Return an algo order under the names of other orders."""
    return {
        "symbol": algo_order["symbol"],
        "side": algo_order["side"],
        "type": algo_order["orderType"],
        "price": algo_order["triggerPrice"],
        "executedQty": "0",
        "origQty": algo_order["quantity"],
        "status": algo_order["algoStatus"],
        "orderId": algo_order["algoId"],
        "clientOrderId": algo_order["clientAlgoId"],
    }
