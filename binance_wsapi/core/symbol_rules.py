"""Fetches the trading rules of symbols when they are needed, and holds requests to them."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from binance_wsapi.catalogue import params as catalogue_params
from binance_wsapi.core.rest_questions import rest_answer
from binance_wsapi.endpoints import (
    WsKey,
    check_takes_requests,
    endpoint,
)
from binance_wsapi.errors import (
    BinanceWsApiError,
    ClientClosed,
    ConfigurationError,
    NotSent,
    ParameterError,
    RequestRejected,
    RulesBroken,
    UnreadableResult,
)
from binance_wsapi.markets import Market
from binance_wsapi.protocol.values import converter
from binance_wsapi.rules.known_rules import KnownRules
from binance_wsapi.rules.requests import check_request, fit_request
from binance_wsapi.rules.symbol_rules import SymbolRules
from binance_wsapi.rules.violation import Adjustment

if TYPE_CHECKING:
    from binance_wsapi.catalogue.operation import Operation
    from binance_wsapi.core.asking import Askers
    from binance_wsapi.core.rest_door import RestDoor
    from binance_wsapi.core.runtime import Runtime
    from binance_wsapi.protocol.params import WireValue

__all__ = ["RuleKeeper", "Ruled"]

Ruled = tuple[dict[str, "WireValue"], tuple[Adjustment, ...]]
"""A request as it is to be sent, and what was changed about it."""

MOST_SINGLES = 5
"""``exchangeInfo`` weighs the same for one symbol and for all: from so many on all are asked for."""

_NO_SUCH_SYMBOL = -1121


class RuleKeeper:
    """The rules of the symbols of a client's exchanges.

    ``known`` and ``ruled_at_once`` may be called from any thread; all else runs on the loop's thread.

    Args:
        runtime: What the core stands on.
        sessions: Where the WebSocket API is asked.
        rest: The door to REST, made on first use.
        fits: Whether requests are fitted to the rules, rather than refused.
    """

    def __init__(
        self, runtime: Runtime, sessions: Askers, rest: Callable[[], RestDoor], *, fits: bool
    ) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._rest = rest
        self._fits = fits
        self._fetching: dict[
            tuple[KnownRules, str | None], asyncio.Task[BinanceWsApiError | None]
        ] = {}

    def known(self, ws_key: WsKey, symbol: str) -> SymbolRules | None:
        """Return the rules of a symbol if they need not be asked for."""
        known = self._runtime.exchanges.rules_of(ws_key)
        return known.get(symbol) if known.is_sound(symbol, self._runtime.now()) else None

    async def fetched(self, ws_key: WsKey, symbol: str, *, refresh: bool) -> SymbolRules:
        """Return the rules of a symbol, asked for where they are not known.

        Args:
            ws_key: The connection whose exchange it is.
            symbol: The symbol.
            refresh: Ask even if they are known.

        Raises:
            ParameterError: There is no such symbol.
            ConfigurationError: The rules of that exchange cannot be asked for.
            BinanceWsApiError: They could not be fetched.
        """
        now = self._runtime.now()
        known = self._runtime.exchanges.rules_of(ws_key)
        if not refresh and known.is_sound(symbol, now):
            return _rules(known, symbol)
        path = known.market.facts.exchange_info_path
        is_unknown = known.get(symbol) is None
        if path is not None and is_unknown and known.is_complete(now):
            raise no_such_symbol(known.market, symbol)
        # Of many symbols all are asked for, once; Spot leaves some of them out for all that.
        is_all = is_unknown and known.all_fetched_at is None and len(known) >= MOST_SINGLES
        error = await self._fetch(ws_key, known, None if is_all or path is not None else symbol)
        if error is not None:
            raise copy.copy(error)
        if not known.was_fetched_since(symbol, now):
            if is_all:
                return await self.fetched(ws_key, symbol, refresh=True)
            raise no_such_symbol(known.market, symbol)
        return _rules(known, symbol)

    def ruled_at_once(
        self,
        ws_key: WsKey,
        operation: Operation,
        params: dict[str, WireValue],
        *,
        by_wire_name: bool,
    ) -> Ruled | None:
        """Hold a request to the rules; ``None`` when they have to be asked for first.

        Args:
            ws_key: The connection it goes over.
            operation: What is called.
            params: Its parameters as they would be sent.
            by_wire_name: Whether parameters are told by their wire names.

        Raises:
            RulesBroken: It breaks a rule.
        """
        symbol = params.get("symbol")
        if not isinstance(symbol, str):
            return params, ()  # the exchange says what it thinks of that
        rules = self.known(ws_key, symbol)
        if rules is None:
            return None
        known, now = self._runtime.exchanges.rules_of(ws_key), self._runtime.now()
        try:
            ruled = self._ruled(rules, operation, params, by_wire_name)
        except RulesBroken:
            if known.is_recent(symbol, now):
                raise
            return None
        return ruled if not ruled[1] or known.is_recent(symbol, now) else None

    async def ruled(
        self,
        ws_key: WsKey,
        operation: Operation,
        params: dict[str, WireValue],
        *,
        by_wire_name: bool,
    ) -> Ruled:
        """Fetch the rules that a request is to keep to, and hold it to them.

        Raises:
            RulesBroken: It breaks a rule.
            ParameterError: There is no such symbol.
            NotSent: The rules are not known and could not be fetched.
        """
        symbol = str(params["symbol"])
        exchange = self._runtime.exchanges.rules_of(ws_key)
        is_recent = exchange.is_recent(symbol, self._runtime.now())
        try:
            rules = await self.fetched(ws_key, symbol, refresh=not is_recent)
        except (ClientClosed, ConfigurationError, ParameterError):
            raise
        except BinanceWsApiError as error:
            old = exchange.get(symbol)
            if old is None:
                raise _not_sent(operation.method, symbol, error) from None
            rules = old
        return self._ruled(rules, operation, params, by_wire_name)

    def _ruled(
        self,
        rules: SymbolRules,
        operation: Operation,
        params: dict[str, WireValue],
        by_wire_name: bool,
    ) -> Ruled:
        if self._fits:
            return fit_request(rules, operation, params, by_wire_name=by_wire_name)
        check_request(rules, operation, params, by_wire_name=by_wire_name)
        return params, ()

    async def _fetch(
        self, ws_key: WsKey, known: KnownRules, symbol: str | None
    ) -> BinanceWsApiError | None:
        """Fetch one symbol, or all; whoever asks for the same meanwhile waits for the one answer."""
        key = known, symbol
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = self._runtime.spawn(self._asked(ws_key, known, symbol))
            task.add_done_callback(lambda _: self._fetching.pop(key))
        return await asyncio.shield(task)

    async def _asked(
        self, ws_key: WsKey, known: KnownRules, symbol: str | None
    ) -> BinanceWsApiError | None:
        path = known.market.facts.exchange_info_path
        try:
            if path is not None:
                answer = await rest_answer(self._runtime, self._rest(), ws_key, path)
            else:
                asked: Mapping[str, Any] = (
                    {"symbol": symbol} if symbol is not None else {"showPermissionSets": False}
                )
                session = self._sessions.of(ws_key)
                response = await session.ask(None, "exchangeInfo", asked, urgent=False)
                answer = response.raw_result
            known.take(answer, self._runtime.now(), is_all=symbol is None)
        except RequestRejected as error:
            is_unknown = error.code == _NO_SUCH_SYMBOL and symbol is not None
            return no_such_symbol(known.market, symbol or "") if is_unknown else error
        except BinanceWsApiError as error:
            return error
        except msgspec.MsgspecError as error:
            return UnreadableResult(
                f"the answer to exchangeInfo does not fit: {error}",
                operation="exchangeInfo",
                raw=b"",
            )
        return None


def checked_symbol(ws_key: WsKey, symbol: object) -> str:
    """Return a symbol as the exchange spells it.

    Raises:
        ParameterError: It is none, or spelled as no symbol is.
        ConfigurationError: The connection takes no requests.
    """
    check_takes_requests(ws_key)
    return str(converter(catalogue_params.SYMBOL, "symbol", endpoint(ws_key).market)(symbol))


def no_such_symbol(market: Market, symbol: str) -> ParameterError:
    """Return the error of a symbol that the exchange does not have."""
    return ParameterError(
        f"symbol={symbol!r}: {market.facts.label} has no such symbol",
        parameter="symbol",
        value=symbol,
    )


def _rules(known: KnownRules, symbol: str) -> SymbolRules:
    rules = known.get(symbol)
    assert rules is not None
    return rules


def _not_sent(method: str, symbol: str, error: BinanceWsApiError) -> NotSent:
    return NotSent(
        f"{method} was not sent: the rules of {symbol} are not known, and could not be fetched: {error}",
        operation=method,
        reason="rules not known",
        retry_after=getattr(error, "retry_after", None),
    )
