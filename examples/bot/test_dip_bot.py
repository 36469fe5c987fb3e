"""How a bot is tested offline: the fixtures come with the library, nothing is imported for them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from dip_bot import DipBot

from binance_wsapi import Client
from binance_wsapi.simulator import SimulatedExchange


@pytest.fixture
def bot(binance_client: Client) -> DipBot:
    return DipBot(binance_client, "BTCUSDT", Decimal("0.01"))


def test_the_bot_waits_below_the_market(bot: DipBot, binance_client: Client) -> None:
    bot.rest_buy()

    (order,) = binance_client.spot.get_open_orders(symbol="BTCUSDT").result
    best = binance_client.spot.get_symbol_order_book_ticker(symbol="BTCUSDT").result.bid_price
    assert order.price < best * Decimal("0.99")


def test_a_dip_is_bought_and_offered_higher(
    bot: DipBot, binance_client: Client, binance_exchange: SimulatedExchange
) -> None:
    bought = bot.rest_buy()
    (resting,) = binance_client.spot.get_open_orders(symbol="BTCUSDT").result

    # Somebody sells all the way down to the bot's price.
    binance_exchange.trade("BTCUSDT", "SELL", "100", resting.price)
    sold = bot.wait_and_sell(timeout=5)

    (offer,) = binance_client.spot.get_open_orders(symbol="BTCUSDT").result
    assert offer.order_id == sold != bought
    assert offer.price > resting.price


def test_a_lost_answer_leaves_one_order(
    bot: DipBot, binance_client: Client, binance_exchange: SimulatedExchange
) -> None:
    """The connection is cut after the exchange took the order and before it could say so."""
    binance_exchange.faults.on("order.place").drop_after_acceptance()

    order_id = bot.rest_buy()

    (order,) = binance_client.spot.get_open_orders(symbol="BTCUSDT").result
    assert order.order_id == order_id
