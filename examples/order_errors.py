"""An order with every way it can end: what happened to it, and what to do next."""

from __future__ import annotations

from typing import Literal

from binance_wsapi import (
    AuthenticationFailed,
    Client,
    FilterFailure,
    InvalidTimestamp,
    IpBanned,
    NotPlaced,
    NotSent,
    OrderRejected,
    OutcomeUnknown,
    ParameterError,
    RateLimited,
    RequestRejected,
    UnreadableResult,
)
from binance_wsapi.simulator import practice

Ending = Literal["placed", "not placed", "unknown"]


def buy(client: Client, symbol: str, price: str, quantity: str) -> Ending:
    """Rest a buy order, and say what is known about it whatever happens."""
    try:
        response = client.spot.submit_new_order(
            symbol=symbol,
            side="BUY",
            type="LIMIT",
            time_in_force="GTC",
            price=price,
            quantity=quantity,
        )
        order = response.result
    except ParameterError as error:
        print("fix the call:", error.parameter, error)
    except NotSent as error:
        print("nothing left this machine, repeat when you like:", error.reason, error.retry_after)
    except NotPlaced as error:
        print("the answer was lost, and it is certain that the order does not exist:", error)
    except OutcomeUnknown as error:
        # Do not repeat: look the order up by its id, or wait for its user data event.
        print("the order may exist:", error.client_order_id, error.cause)
        return "unknown"
    except IpBanned as error:
        print("stop everything for", error.retry_after, "s: each request makes the ban longer")
    except RateLimited as error:
        print("too many requests, come back in", error.retry_after, "s")
    except FilterFailure as error:
        print("a trading rule of the symbol is broken:", error.filter, error.message)
    except OrderRejected as error:
        print("the matching engine refused it:", error.code, error.message)
    except AuthenticationFailed as error:
        print("check the key, its permissions and its IP list:", error.message)
    except InvalidTimestamp as error:
        print("check this machine's clock:", error.message)
    except RequestRejected as error:
        print("the exchange refused it:", error.code, error.message)
    except UnreadableResult as error:
        # The exchange accepted the order and answered in a way this version cannot read.
        print("the order exists:", error.raw)
        return "placed"
    else:
        found = " (its answer was lost; it was found by its id)" if response.resolved else ""
        print("order", order.order_id, order.status, found)
        return "placed"
    return "not placed"


if __name__ == "__main__":
    with practice(), Client.from_env() as trader:
        buy(trader, "BTCUSDT", "20000.00", "0.001")
        buy(trader, "BTCUSDT", "20000.00", "0.0000001")  # below the smallest lot
        buy(trader, "BTCUSDT", "1e5 USDT", "0.001")  # not a number
