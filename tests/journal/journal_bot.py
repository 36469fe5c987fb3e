"""A bot that is killed: ``python journal_bot.py`` forks one for each line of options that it reads.

The library is loaded once, and each bot is a process of its own: its clients are its alone. It says when it
trades, and goes on until somebody kills it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

from binance_wsapi import BinanceWsApiError, Client
from binance_wsapi.journal import postgres, sqlite

WORKERS = 4

sqlite.FOLD_EVERY = 20  # some are killed while rows are folded in
postgres.RENEW_S = 900.0  # what is renewed is for the test to say


def main() -> None:
    for line in sys.stdin:
        given = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                trade(given["options"], given["seed"])
            finally:
                os._exit(1)
        os.waitpid(pid, 0)
        print("gone", flush=True)


def trade(options: dict[str, Any], seed: int) -> None:
    client = Client(**options)
    markets: dict[str, Any] = {"spot": client.spot, "usdm": client.usdm, "coinm": client.coinm}
    for market in markets.values():
        market.test_connectivity() if market is client.spot else market.get_account_balance()
    print(os.getpid(), flush=True)

    def work(number: int) -> None:
        chance = random.Random(seed * WORKERS + number)
        while True:
            act = chance.choice(ACTS)
            try:
                act(markets, chance)
            except BinanceWsApiError as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)

    threads = [
        threading.Thread(target=work, args=(number,), daemon=True) for number in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def limit(chance: random.Random, **more: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "time_in_force": "GTC",
        "quantity": "0.01",
        "price": f"{chance.randint(9_000, 9_999)}",
        **more,
    }


def placed(markets: dict[str, Any], chance: random.Random) -> None:
    markets["spot"].submit_new_order(**limit(chance))


def filled(markets: dict[str, Any], chance: random.Random) -> None:
    markets["spot"].submit_new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")


def cancelled(markets: dict[str, Any], chance: random.Random) -> None:
    made = markets["spot"].submit_new_order(**limit(chance)).result
    markets["spot"].cancel_order(symbol="BTCUSDT", order_id=made.order_id)


def replaced(markets: dict[str, Any], chance: random.Random) -> None:
    made = markets["spot"].submit_new_order(**limit(chance)).result
    markets["spot"].cancel_replace_order(
        **limit(chance), cancel_replace_mode="STOP_ON_FAILURE", cancel_order_id=made.order_id
    )


def amended(markets: dict[str, Any], chance: random.Random) -> None:
    made = markets["spot"].submit_new_order(**limit(chance)).result
    markets["spot"].amend_order_keep_priority(
        symbol="BTCUSDT", order_id=made.order_id, new_qty="0.005"
    )


def listed(markets: dict[str, Any], chance: random.Random) -> None:
    made = markets["spot"].place_oco_order_list(
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.01",
        above_type="LIMIT_MAKER",
        above_price="90000",
        below_type="STOP_LOSS",
        below_stop_price="5000",
    )
    if chance.random() < 0.5:
        markets["spot"].cancel_order_list(symbol="BTCUSDT", order_list_id=made.result.order_list_id)


def futures(markets: dict[str, Any], chance: random.Random) -> None:
    made = markets["usdm"].submit_new_order(**limit(chance, quantity="0.02")).result
    markets["usdm"].modify_order(
        symbol="BTCUSDT",
        side="BUY",
        order_id=made.order_id,
        quantity="0.02",
        price=f"{chance.randint(9_000, 9_999)}",
    )
    if chance.random() < 0.5:
        markets["usdm"].cancel_order(symbol="BTCUSDT", order_id=made.order_id)


def coins(markets: dict[str, Any], chance: random.Random) -> None:
    markets["coinm"].submit_new_order(**limit(chance, symbol="BTCUSD_PERP", quantity="1"))


ACTS: list[Callable[[dict[str, Any], random.Random], None]] = [
    placed,
    filled,
    cancelled,
    replaced,
    amended,
    listed,
    futures,
    coins,
]

if __name__ == "__main__":
    main()
