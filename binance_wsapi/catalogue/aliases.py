"""What people call things here and elsewhere, and what they are called here: decides every "write …" of an error.

The names are those of the exchange's wire, of python-binance, of the exchange's own connectors, of ccxt, of unicorn, of
the SDK whose names this library has, and of everyday speech. A table made by hand, and no measure of
spelling: a name that is merely near may trade something else (``quote_quantity`` is not ``quantity``). What
stands in no table is answered with nothing.

Only errors look here: it is loaded with the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum

from binance_wsapi.catalogue import operations
from binance_wsapi.catalogue.client_options import OPTIONS
from binance_wsapi.catalogue.operation import Operation
from binance_wsapi.markets import Market, api_markets

__all__ = ["attribute_meant", "operation_meant", "parameter_meant"]

_OWN_ID = (
    "orig_client_order_id",
    "cancel_orig_client_order_id|new_client_order_id",
    "new_client_order_id",
    "list_client_order_id",
    "client_algo_id",
)

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "qty": ("quantity", "new_qty"),
    "quantity": ("new_qty",),
    "new_quantity": ("new_qty", "quantity"),
    "orig_qty": ("quantity",),
    "base_quantity": ("quantity",),
    "amount": ("quantity|quote_order_qty", "quantity", "new_qty"),
    "size": ("quantity|quote_order_qty", "quantity", "new_qty"),
    "volume": ("quantity|quote_order_qty", "quantity", "new_qty"),
    "quote_quantity": ("quote_order_qty",),
    "quote_qty": ("quote_order_qty",),
    "quote_amount": ("quote_order_qty",),
    "quote_order_quantity": ("quote_order_qty",),
    "cost": ("quote_order_qty",),
    "iceberg": ("iceberg_qty",),
    "iceberg_quantity": ("iceberg_qty",),
    "limit_price": ("price",),
    "tif": ("time_in_force",),
    "order_type": ("type",),
    "order_side": ("side",),
    "pos_side": ("position_side",),
    "id": ("order_id", "algo_id"),
    "orig_order_id": ("order_id",),
    "order_id": ("algo_id", "cancel_order_id"),
    "list_id": ("order_list_id",),
    "client_order_id": _OWN_ID,
    "client_id": _OWN_ID,
    "cl_ord_id": _OWN_ID,
    "orig_client_order_id": ("cancel_orig_client_order_id", "list_client_order_id", "client_algo_id"),
    "new_client_order_id": ("list_client_order_id", "client_algo_id"),
    "client_order_list_id": ("list_client_order_id",),
    "algo_client_id": ("client_algo_id",),
    "stop_price": ("trigger_price",),
    "trigger_price": ("stop_price",),
    "activation_price": ("activate_price",),
    "activate_price": ("activation_price",),
    "trailing_percent": ("callback_rate",),
    "response_type": ("new_order_resp_type",),
    "resp_type": ("new_order_resp_type",),
    "order_resp_type": ("new_order_resp_type",),
    "new_order_response_type": ("new_order_resp_type",),
    "stp": ("self_trade_prevention_mode",),
    "stp_mode": ("self_trade_prevention_mode",),
    "self_trade_prevention": ("self_trade_prevention_mode",),
    "good_till_time": ("good_till_date",),
    "gtd": ("good_till_date",),
    "mode": ("cancel_replace_mode",),
    "receive_window": ("recv_window",),
    "pair": ("symbol",),
    "ticker": ("symbol",),
    "instrument": ("symbol",),
    "market": ("symbol",),
    "asset": ("margin_asset",),
    "timeframe": ("interval",),
    "period": ("interval",),
    "since": ("start_time",),
    "start": ("start_time",),
    "start_str": ("start_time",),
    "until": ("end_time",),
    "end": ("end_time",),
    "end_str": ("end_time",),
    "depth": ("limit",),
    "levels": ("limit",),
    "count": ("limit",),
    "rows": ("limit",),
    "max_results": ("limit",),
    "tz": ("time_zone",),
    "window": ("window_size",),
    "trade_id": ("from_id",),
    "from_trade_id": ("from_id",),
    "omit_zero": ("omit_zero_balances",),
    "hide_zero_balances": ("omit_zero_balances",),
}  # fmt: skip
"""A name: what is meant by it, the first that an operation takes; ``|`` stands where it may be both."""

_BY_SIDE: Mapping[str, tuple[str, str]] = {
    "price": ("above_price", "below_price"),
    "limit_price": ("above_price", "below_price"),
    "stop_price": ("below_stop_price", "above_stop_price"),
    "stop_limit_price": ("below_price", "above_price"),
    "stop_limit_time_in_force": ("below_time_in_force", "above_time_in_force"),
    "limit_iceberg_qty": ("above_iceberg_qty", "below_iceberg_qty"),
    "stop_iceberg_qty": ("below_iceberg_qty", "above_iceberg_qty"),
    "limit_client_order_id": ("above_client_order_id", "below_client_order_id"),
    "stop_client_order_id": ("below_client_order_id", "above_client_order_id"),
    "trailing_delta": ("below_trailing_delta", "above_trailing_delta"),
}
"""The names of the old OCO form: what they are in the new one of a SELL, whose stop lies below, and of a BUY."""

_LEG = re.compile("^(working_|pending_above_|pending_below_|pending_|above_|below_)")
"""What the parameters of an order list begin with that belong to one of its orders."""

_FURTHER_ON = {"submit_new_order": "submit_new_algo_order"}
"""Where a market has the second, it takes parameters that the first does not."""

_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    # Orders
    "create_order": ("submit_new_order",),
    "new_order": ("submit_new_order",),
    "place_order": ("submit_new_order",),
    "submit_order": ("submit_new_order",),
    "send_order": ("submit_new_order",),
    "create_limit_order": ("submit_new_order(type='LIMIT')",),
    "limit_order": ("submit_new_order(type='LIMIT')",),
    "order_limit": ("submit_new_order(type='LIMIT')",),
    "order_limit_buy": ("submit_new_order(side='BUY', type='LIMIT')",),
    "limit_buy_order": ("submit_new_order(side='BUY', type='LIMIT')",),
    "create_limit_buy_order": ("submit_new_order(side='BUY', type='LIMIT')",),
    "order_limit_sell": ("submit_new_order(side='SELL', type='LIMIT')",),
    "limit_sell_order": ("submit_new_order(side='SELL', type='LIMIT')",),
    "create_limit_sell_order": ("submit_new_order(side='SELL', type='LIMIT')",),
    "create_market_order": ("submit_new_order(type='MARKET')",),
    "market_order": ("submit_new_order(type='MARKET')",),
    "order_market": ("submit_new_order(type='MARKET')",),
    "order_market_buy": ("submit_new_order(side='BUY', type='MARKET')",),
    "market_buy_order": ("submit_new_order(side='BUY', type='MARKET')",),
    "create_market_buy_order": ("submit_new_order(side='BUY', type='MARKET')",),
    "order_market_sell": ("submit_new_order(side='SELL', type='MARKET')",),
    "market_sell_order": ("submit_new_order(side='SELL', type='MARKET')",),
    "create_market_sell_order": ("submit_new_order(side='SELL', type='MARKET')",),
    "create_test_order": ("test_order",),
    "new_order_test": ("test_order",),
    "create_sor_order": ("place_sor_order",),
    "create_test_sor_order": ("test_sor_order",),
    "create_algo_order": ("submit_new_algo_order",),
    "get_order": ("get_order_status",),
    "query_order": ("get_order_status",),
    "fetch_order": ("get_order_status",),
    "fetch_order_status": ("get_order_status",),
    "fetch_open_orders": ("get_open_orders",),
    "open_orders": ("get_open_orders",),
    "get_orders": ("get_all_orders",),
    "fetch_orders": ("get_all_orders",),
    "order_history": ("get_all_orders",),
    "cancel_open_orders": ("cancel_all_open_orders",),
    "cancel_all_orders": ("cancel_all_open_orders",),
    "cancel_and_replace": ("cancel_replace_order",),
    "cancel_and_replace_order": ("cancel_replace_order",),
    "edit_order": ("modify_order", "cancel_replace_order"),
    "amend_order": ("amend_order_keep_priority", "modify_order"),
    "create_oco_order": ("place_oco_order_list",),
    "new_oco_order": ("place_oco_order_list",),
    "order_oco_buy": ("place_oco_order_list(side='BUY')",),
    "order_oco_sell": ("place_oco_order_list(side='SELL')",),
    "create_oto_order": ("place_oto_order_list",),
    "new_oto_order": ("place_oto_order_list",),
    "create_otoco_order": ("place_otoco_order_list",),
    "new_otoco_order": ("place_otoco_order_list",),
    "get_oco_order": ("get_order_list_status",),
    "get_oco_orders": ("get_all_order_lists",),
    "oco_history": ("get_all_order_lists",),
    "get_open_oco_orders": ("get_open_order_lists",),
    "get_oco_open_orders": ("get_open_order_lists",),
    "cancel_oco_order": ("cancel_order_list",),
    # The account
    "get_account": ("get_account_information", "get_account_status_v2", "get_account_status"),
    "account": ("get_account_information", "get_account_status_v2", "get_account_status"),
    "get_account_status": ("get_account_information",),
    "get_balance": ("get_account_information", "get_account_balance_v2", "get_account_balance"),
    "get_balances": ("get_account_information", "get_account_balance_v2", "get_account_balance"),
    "balance": ("get_account_information", "get_account_balance_v2", "get_account_balance"),
    "fetch_balance": ("get_account_information", "get_account_balance_v2", "get_account_balance"),
    "account_balance": ("get_account_balance_v2", "get_account_balance"),
    "get_asset_balance": ("get_account_information",),
    "account_position": ("get_position_v2", "get_position"),
    "get_account_position": ("get_position_v2", "get_position"),
    "position_information": ("get_position_v2", "get_position"),
    "get_position_risk": ("get_position_v2", "get_position"),
    "get_positions": ("get_position_v2", "get_position"),
    "fetch_position": ("get_position_v2", "get_position"),
    "fetch_positions": ("get_position_v2", "get_position"),
    "my_trades": ("get_my_trades",),
    "fetch_my_trades": ("get_my_trades",),
    "get_current_order_count": ("get_order_rate_limits",),
    "get_unfilled_order_count": ("get_order_rate_limits",),
    "get_order_rate_limit": ("get_order_rate_limits",),
    "order_rate_limit": ("get_order_rate_limits",),
    "get_account_rate_limits_orders": ("get_order_rate_limits",),
    "get_trade_fee": ("get_account_commission",),
    "fetch_trading_fee": ("get_account_commission",),
    "get_commission_rates": ("get_account_commission",),
    "query_commission_rates": ("get_account_commission",),
    "query_prevented_matches": ("get_prevented_matches",),
    "prevented_matches": ("get_prevented_matches",),
    "query_allocations": ("get_allocations",),
    # The market
    "ping_server": ("test_connectivity",),
    "ping_connectivity": ("test_connectivity",),
    "server_time": ("get_server_time",),
    "get_time": ("get_server_time",),
    "fetch_time": ("get_server_time",),
    "get_symbol_info": ("get_exchange_info",),
    "load_markets": ("get_exchange_info",),
    "fetch_markets": ("get_exchange_info",),
    "orderbook": ("get_order_book",),
    "get_depth": ("get_order_book",),
    "fetch_order_book": ("get_order_book",),
    "trades": ("get_recent_trades",),
    "recent_trades": ("get_recent_trades",),
    "fetch_trades": ("get_recent_trades",),
    "historical_trades": ("get_historical_trades",),
    "agg_trades": ("get_aggregate_trades",),
    "aggregate_trades": ("get_aggregate_trades",),
    "fetch_ohlcv": ("get_klines",),
    "get_candles": ("get_klines",),
    "get_historical_klines": ("history.klines(…)",),
    "historical_klines": ("history.klines(…)",),
    "get_avg_price": ("get_average_price",),
    "get_current_average_price": ("get_average_price",),
    "fetch_ticker": ("get_24hr_ticker",),
    "fetch_tickers": ("get_24hr_ticker",),
    "ticker_24hr": ("get_24hr_ticker",),
    "trading_day_ticker": ("get_trading_day_ticker",),
    "get_symbol_ticker_window": ("get_ticker",),
    "rolling_window_ticker": ("get_ticker",),
    "get_price": ("get_symbol_price_ticker",),
    "get_symbol_ticker": ("get_symbol_price_ticker",),
    "get_ticker_price": ("get_symbol_price_ticker",),
    "symbol_ticker": ("get_symbol_price_ticker",),
    "get_all_tickers": ("get_symbol_price_ticker",),
    "fetch_last_prices": ("get_symbol_price_ticker",),
    "book_ticker": ("get_symbol_order_book_ticker",),
    "get_orderbook_ticker": ("get_symbol_order_book_ticker",),
    "get_ticker_order_book": ("get_symbol_order_book_ticker",),
    "get_orderbook_tickers": ("get_symbol_order_book_ticker",),
    "orderbook_ticker": ("get_symbol_order_book_ticker",),
    "fetch_bids_asks": ("get_symbol_order_book_ticker",),
    # User data
    "stream_get_listen_key": ("start_user_data_stream_for_key",),
    "new_listen_key": ("start_user_data_stream_for_key",),
    "user_data_start": ("start_user_data_stream_for_key",),
    "user_data_ping": ("ping_user_data_stream_for_key",),
    "user_data_stop": ("stop_user_data_stream_for_key",),
    "stream_keepalive": ("ping_user_data_stream_for_key",),
    "renew_listen_key": ("ping_user_data_stream_for_key",),
    "stream_close": ("stop_user_data_stream_for_key",),
    "close_listen_key": ("stop_user_data_stream_for_key",),
}
"""A name without its market: the operation that is meant, the first that a market has."""

_OVER_REST: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("time", "server_time", "get_server_time", "fetch_time"), ("GET", "time")),
    **dict.fromkeys(("ping", "test_connectivity", "ping_server"), ("GET", "ping")),
    **dict.fromkeys(("change_leverage", "set_leverage"), ("POST", "leverage")),
    **dict.fromkeys(("change_margin_type", "set_margin_mode"), ("POST", "marginType")),
    **dict.fromkeys(("change_position_mode", "set_position_mode"), ("POST", "positionSide/dual")),
    **dict.fromkeys(("get_position_mode", "fetch_position_mode"), ("GET", "positionSide/dual")),
    **dict.fromkeys(("exchange_info", "get_exchange_info", "load_markets", "fetch_markets"), ("GET", "exchangeInfo")),
    **dict.fromkeys(("klines", "get_klines", "fetch_ohlcv"), ("GET", "klines")),
    **dict.fromkeys(("trades", "recent_trades", "get_recent_trades", "fetch_trades"), ("GET", "trades")),
    **dict.fromkeys(("order_book", "get_order_book", "depth", "fetch_order_book"), ("GET", "depth")),
    **dict.fromkeys(("symbol_ticker", "ticker_price", "get_symbol_price_ticker"), ("GET", "ticker/price")),
    **dict.fromkeys(("orderbook_ticker", "book_ticker", "get_symbol_order_book_ticker"), ("GET", "ticker/bookTicker")),
    **dict.fromkeys(("ticker", "get_24hr_ticker", "fetch_ticker", "ticker_24hr_price_change"), ("GET", "ticker/24hr")),
    **dict.fromkeys(("historical_trades", "get_historical_trades"), ("GET", "historicalTrades")),
    **dict.fromkeys(("open_interest", "fetch_open_interest"), ("GET", "openInterest")),
    **dict.fromkeys(("leverage_bracket", "leverage_brackets"), ("GET", "leverageBracket")),
    **dict.fromkeys(("agg_trades", "aggregate_trades", "get_aggregate_trades"), ("GET", "aggTrades")),
    **dict.fromkeys(("mark_price", "fetch_mark_price", "get_mark_price"), ("GET", "premiumIndex")),
    **dict.fromkeys(("funding_rate", "fetch_funding_rate", "get_funding_rate"), ("GET", "fundingRate")),
    **dict.fromkeys(("open_orders", "get_open_orders", "fetch_open_orders"), ("GET", "openOrders")),
    **dict.fromkeys(("get_all_orders", "get_orders", "fetch_orders"), ("GET", "allOrders")),
    **dict.fromkeys(("cancel_all_open_orders", "cancel_open_orders", "cancel_all_orders"), ("DELETE", "allOpenOrders")),
    **dict.fromkeys(("account_trades", "get_my_trades", "my_trades", "fetch_my_trades"), ("GET", "userTrades")),
    **dict.fromkeys(("income_history", "get_income_history"), ("GET", "income")),
}  # fmt: skip
"""What futures have over REST alone: HTTP method and path."""

_SIGNED = frozenset(
    {"leverage", "marginType", "positionSide/dual", "openOrders", "allOrders", "allOpenOrders", "userTrades", "income", "leverageBracket"}
)  # fmt: skip

_ATTRIBUTES: Mapping[str, str] = {
    **dict.fromkeys(("um", "usdt", "usdtm", "linear", "fapi", "usds_futures", "um_futures", "usdm_futures"), "usdm"),
    **dict.fromkeys(("cm", "coin", "inverse", "dapi", "delivery", "coin_futures", "cm_futures", "coinm_futures"), "coinm"),
    **dict.fromkeys(("stream", "market_streams", "websocket_streams"), "streams"),
    **dict.fromkeys(("subscribe", "subscribe_stream"), "streams.subscribe(…)"),
    **dict.fromkeys(("watch_order_book", "depth_cache"), "streams.order_book(…)"),
    **dict.fromkeys(("watch_trades", "trade_socket"), "streams.subscribe(client.streams.trade(…))"),
    **dict.fromkeys(("watch_ticker", "symbol_ticker_socket"), "streams.subscribe(client.streams.ticker(…))"),
    **dict.fromkeys(("watch_ohlcv", "kline_socket"), "streams.subscribe(client.streams.kline(…))"),
    **dict.fromkeys(("depth_socket",), "streams.subscribe(client.streams.depth(…))"),
    **dict.fromkeys(("user_socket", "futures_user_socket", "user_data", "user_data_stream", "subscribe_user_data", "watch_orders", "watch_balance", "watch_my_trades", "start_user_data_stream"), "subscribe_user_data_stream()"),
    **dict.fromkeys(("send_wsapi_request", "send_message", "send_signed_message", "call"), "request(…)"),
    **dict.fromkeys(("close_connection", "aclose", "shutdown", "stop", "disconnect"), "close()"),
    **dict.fromkeys(("close_all", "close_wsapi"), "disconnect_all()"),
    **dict.fromkeys(("add_listener", "once"), "on(…)"),
    **dict.fromkeys(("remove_listener",), "off(…)"),
    **dict.fromkeys(("set_time_offset",), "set_time_offset_ms(…)"),
    **dict.fromkeys(("copy", "options"), "with_options(…)"),
    **dict.fromkeys(("set_sandbox_mode", "sandbox"), "Client(testnet=True)"),
}  # fmt: skip
"""An attribute of a client: what of the client is meant."""


_OF_CALLS = frozenset(option.name for option in OPTIONS if option.is_per_call)


def parameter_meant(operation: Operation, name: str, given: Mapping[str, object]) -> str | None:
    """Return what to write for a parameter that an operation does not take.

    Args:
        operation: What is called.
        name: The parameter.
        given: All parameters of the call; what stands among them already is not told.

    Returns:
        A parameter, several with "or" between them, or a call; ``None`` when nobody can know.
    """
    own = [param.name for param in operation.params]
    letters = _letters(name)
    same = [each for each in own if _letters(each) == letters]
    if same:
        return same[0]
    if letters in _by_side and "above_type" in own:
        return _of_the_side(*_by_side[letters], given)
    for meant in _parameters.get(letters, ()):
        names = meant.split("|")
        if set(names) <= set(own):
            return None if any(each in given for each in names) else _either(names)
    ours = {letters, *map(_letters, _parameters.get(letters, ()))}
    legs = [each for each in own if _letters(_LEG.sub("", each)) in ours]
    if legs:
        return _either(legs)
    if name in _OF_CALLS:
        return f"client.with_options({name}=…)"
    return _further_on(operation, letters)


def operation_meant(market: Market, name: str) -> str | None:
    """Return what to write for an operation that a market does not have under this name.

    Returns:
        A method of its namespace, or a call that begins with ``client.``; ``None`` when nobody can know.
    """
    for letters in _without_market(_letters(name)):
        for each in operations(market):
            if letters in {_letters(each.name), _letters(each.method)}:
                return f"client.{each.name}()" if each.on_client else each.name
    offered = {each.name for each in operations(market) if not each.on_client}
    for letters in _without_market(_letters(name)):
        for meant in _operations.get(letters, ()):
            if meant.startswith("history.") or meant.partition("(")[0] in offered:
                return meant
        if letters in _over_rest and market.facts.has_listen_keys:
            http_method, path = _over_rest[letters]
            signed = ", signed=True" if path in _SIGNED else ""
            prefix = market.facts.rest_paths[0]
            return f'client.rest("{market.value}", "{http_method}", "{prefix}v1/{path}"{signed})'
    return None


def attribute_meant(name: str) -> str | None:
    """Return what to write for an attribute that a client does not have.

    Returns:
        An expression; several with "or" between them where it may be of any market; ``None`` when nobody can
        know.
    """
    letters = _letters(name)
    if letters in _attributes:
        meant = _attributes[letters]
        return meant if meant.startswith("Client(") else f"client.{meant}"
    found = []
    for market in _markets_of(letters):
        operation = operation_meant(market, name)
        if operation is not None:
            found.append(
                operation
                if operation.startswith("client.")
                else f"client.{market.value}.{operation}"
            )
    if letters.startswith(("futures", "wsfutures")):
        return found[0] if found else None
    return _either(found) if found else None


def _of_the_side(sell: str, buy: str, given: Mapping[str, object]) -> str:
    side = given.get("side")
    match side.value if isinstance(side, Enum) else side:
        case "SELL":
            return sell
        case "BUY":
            return buy
        case _:
            return f"{sell} for a SELL, {buy} for a BUY"


def _further_on(operation: Operation, letters: str) -> str | None:
    further = _FURTHER_ON.get(operation.name)
    for each in operations(operation.market):
        if each.name == further:
            own = [param.name for param in each.params]
            meant = [name for name in own if _letters(name) == letters]
            meant += [name for name in _parameters.get(letters, ()) if name in own]
            if meant:
                return f"{each.name}({meant[0]}=…)"
    return None


def _markets_of(letters: str) -> tuple[Market, ...]:
    bare = letters.removeprefix("ws")
    if bare.startswith("futurescoin"):
        return (Market.COINM,)
    return (Market.USDM,) if bare.startswith("futures") else api_markets()


def _without_market(letters: str) -> list[str]:
    """Return a name, and what is left of it without the words that name a market or the socket."""
    bare = letters.removeprefix("ws").removeprefix("futures").removeprefix("coin")
    if letters.endswith("ws"):  # ccxt: createOrderWs
        bare = bare.removesuffix("ws")
    inside = letters.replace("spot", "").replace("futures", "")  # getSpotOrderBook
    return list(dict.fromkeys((letters, bare, inside)))


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _letters(name: str) -> str:
    return name.replace("_", "").replace(".", "").replace("/", "").casefold()


_parameters = {_letters(name): meant for name, meant in _PARAMETERS.items()}
_by_side = {_letters(name): meant for name, meant in _BY_SIDE.items()}
_operations = {_letters(name): meant for name, meant in _OPERATIONS.items()}
_over_rest = {_letters(name): meant for name, meant in _OVER_REST.items()}
_attributes = {_letters(name): meant for name, meant in _ATTRIBUTES.items()}
