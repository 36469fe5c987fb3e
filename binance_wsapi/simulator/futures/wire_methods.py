"""Which desk of a futures market answers which method of its WebSocket API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from binance_wsapi.markets import Market
from binance_wsapi.simulator.futures.accounts import FuturesAccount
from binance_wsapi.simulator.futures.algo_desk import AlgoDesk
from binance_wsapi.simulator.futures.answers import AccountAnswers
from binance_wsapi.simulator.futures.contracts import Contract
from binance_wsapi.simulator.futures.listen_keys import ListenKeys
from binance_wsapi.simulator.futures.market_answers import MarketAnswers
from binance_wsapi.simulator.futures.order_desk import OrderDesk
from binance_wsapi.simulator.futures.requests import Parameters
from binance_wsapi.simulator.futures.stop_desk import StopDesk

__all__ = ["WireMethods"]

_PublicHandler = Callable[[Parameters], object]
_AccountHandler = Callable[[FuturesAccount, dict[str, Any]], object]


class WireMethods:
    """The methods of one futures market.

    Args:
        market: ``Market.USDM`` or ``Market.COINM``: each has methods that the other lacks.
        contract_of: Returns a symbol's contract, or refuses.
        orders: Answers for orders.
        stops: Takes COIN-M's orders, which may wait for a price.
        algos: Answers for USD-M's conditional orders.
        listen_keys: The live listen keys.
        answers: Answers about accounts.
        market_answers: Answers about prices.
    """

    def __init__(
        self,
        market: Market,
        contract_of: Callable[[str], Contract],
        *,
        orders: OrderDesk,
        stops: StopDesk,
        algos: AlgoDesk,
        listen_keys: ListenKeys,
        answers: AccountAnswers,
        market_answers: MarketAnswers,
    ) -> None:
        self._contract_of = contract_of
        self._answers = answers
        self._public: dict[str, _PublicHandler] = {}
        self._private: dict[str, _AccountHandler] = {
            "order.place": partial(self._on_contract, orders.place),
            "order.modify": partial(self._on_contract, orders.modify),
            "order.cancel": partial(self._on_contract, orders.cancel),
            "order.status": partial(self._on_contract, orders.status),
            "userDataStream.start": partial(self._of_account, listen_keys.start),
            "userDataStream.ping": partial(self._of_account, listen_keys.ping),
            "userDataStream.stop": partial(self._of_account, listen_keys.stop),
        }
        if market is Market.COINM:
            self._serve_coinm(stops, answers)
        else:
            self._serve_usdm(algos, answers, market_answers)

    @property
    def names(self) -> frozenset[str]:
        """Their wire names."""
        return frozenset(self._public) | frozenset(self._private)

    def public(self, name: str) -> _PublicHandler | None:
        """Return what answers a method that needs no account."""
        return self._public.get(name)

    def private(self, name: str) -> _AccountHandler | None:
        """Return what answers a method of an account."""
        return self._private.get(name)

    def _serve_usdm(
        self, algos: AlgoDesk, answers: AccountAnswers, market_answers: MarketAnswers
    ) -> None:
        self._public |= {
            "depth": market_answers.depth,
            "ticker.price": market_answers.price_ticker,
            "ticker.book": market_answers.book_ticker,
        }
        self._private |= {
            "algoOrder.place": partial(self._on_contract, algos.place),
            "algoOrder.cancel": algos.cancel,
            "account.balance": partial(self._of_account, answers.usdm_balances),
            "v2/account.balance": partial(self._of_account, answers.usdm_balances),
            "account.status": partial(self._of_account, answers.usdm_status),
            "v2/account.status": partial(self._of_account, answers.usdm_status_v2),
            "account.position": partial(self._on_any_contract, answers.usdm_positions),
            "v2/account.position": partial(self._on_any_contract, answers.usdm_positions_v2),
        }

    def _serve_coinm(self, stops: StopDesk, answers: AccountAnswers) -> None:
        self._private |= {
            "order.place": partial(self._on_contract, stops.place),
            "account.balance": partial(self._of_account, answers.coinm_balances),
            "account.status": partial(self._of_account, answers.coinm_status),
            "account.position": self._coinm_positions,
        }

    # Methods and partials of them, as all state is: a function made on the spot could not be saved.

    def _on_contract(
        self,
        act: Callable[[FuturesAccount, Contract, dict[str, Any]], object],
        account: FuturesAccount,
        params: dict[str, Any],
    ) -> object:
        """Find the contract of ``symbol`` first."""
        return act(account, self._contract_of(Parameters(params).text("symbol")), params)

    def _on_any_contract(
        self,
        act: Callable[[FuturesAccount, str | None], object],
        account: FuturesAccount,
        params: dict[str, Any],
    ) -> object:
        given = Parameters(params)
        return act(
            account, self._contract_of(given.text("symbol")).symbol if "symbol" in given else None
        )

    def _of_account(
        self,
        act: Callable[[FuturesAccount], object],
        account: FuturesAccount,
        params: dict[str, Any],
    ) -> object:
        return act(account)

    def _coinm_positions(self, account: FuturesAccount, params: dict[str, Any]) -> object:
        return self._answers.coinm_positions(
            account, pair=params.get("pair"), margin_asset=params.get("marginAsset")
        )
