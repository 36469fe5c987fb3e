// The npm package "binance" trades: Spot, margin user data and both futures over the WebSocket APIs.
"use strict";

const assert = require("node:assert/strict");
const { MainClient, USDMClient, WebsocketAPIClient, WebsocketClient } = require("binance");
const { WS_KEY_URL_MAP } = require("binance/lib/util/websockets/websocket-util");
const { Events, feature, near, pause, place } = require("./report.cjs");

const SYMBOL = "BTCUSDT";
const QUANTITY = "0.002";

const base = place.ws_api.replace(/\/ws-api\/v3$/, "");
Object.assign(WS_KEY_URL_MAP, {
  main: place.streams,
  mainWSAPI: base,
  marginUserData: base,
  usdm: place.usdm_streams,
  usdmPublic: place.usdm_streams,
  usdmMarket: place.usdm_streams,
  usdmPrivate: place.usdm_streams,
  usdmWSAPI: base,
  coinm: place.coinm_streams,
  coinmWSAPI: base,
});

const quiet = { trace() {}, info() {}, error: (...words) => console.error(...words) };
const keys = { api_key: place.api_key, api_secret: place.api_secret };
const options = {
  ...keys,
  beautify: true,
  attachEventListeners: false,
  muteLatencyWarning: true,
  restOptions: { baseUrl: place.rest },
};

const client = new WebsocketAPIClient(options, quiet);
const events = new Events(client.getWSClient());
const formatted = new Events(client.getWSClient(), "formattedUserDataMessage");
const stamped = (params) => ({ ...params, timestamp: Date.now() });
const result = async (call) => (await call).result;
let bid;
let orderId;

const report = (id, kind) =>
  events.wait((event) => event.e === "executionReport" && event.i === id && event.x === kind);
const listEvent = (id, status) =>
  events.wait((event) => event.e === "listStatus" && event.g === id && event.l === status);

async function placeLimit(more = {}) {
  const order = await result(
    client.submitNewSpotOrder(
      stamped({
        symbol: SYMBOL,
        side: "BUY",
        type: "LIMIT",
        timeInForce: "GTC",
        quantity: QUANTITY,
        price: near(bid, 0.9),
        ...more,
      }),
    ),
  );
  assert.equal(order.status, "NEW");
  return order.orderId;
}

async function cancelList(placed, orders) {
  assert.equal(placed.orders.length, orders);
  const orderListId = placed.orderListId;
  await listEvent(orderListId, "EXEC_STARTED");
  const found = await result(client.getSpotOrderListStatus(stamped({ orderListId })));
  assert.equal(found.listOrderStatus, "EXECUTING");
  const rows = await result(client.getSpotOpenOrderLists(stamped({})));
  assert.deepEqual(rows.map((row) => row.orderListId), [orderListId]);
  const gone = await result(client.cancelSpotOrderList(stamped({ symbol: SYMBOL, orderListId })));
  assert.equal(gone.listStatusType, "ALL_DONE");
  assert.equal(gone.orderReports.length, orders);
  await listEvent(orderListId, "ALL_DONE");
}

const working = () => ({
  symbol: SYMBOL,
  workingType: "LIMIT",
  workingSide: "BUY",
  workingPrice: near(bid, 0.9),
  workingQuantity: QUANTITY,
  workingTimeInForce: "GTC",
});

async function refused(code, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.error.code, code);
    return true;
  });
}

const spot = {
  async rest() {
    const rest = new MainClient({ ...keys, baseUrl: place.rest });
    // getServerTime() asks binance.com whatever the options say.
    assert.equal((await rest.getOrderBook({ symbol: SYMBOL, limit: 5 })).bids.length, 5);
    const account = await rest.getAccountInformation();
    assert.ok(account.balances.some((balance) => balance.asset === "USDT"));
  },
  async time() {
    await client.testSpotConnectivity();
    assert.ok((await result(client.getSpotServerTime())).serverTime > 1_600_000_000_000);
  },
  async exchange_info() {
    const info = await result(client.getSpotExchangeInfo({ symbol: SYMBOL }));
    assert.equal(info.symbols[0].baseAsset, "BTC");
  },
  async depth() {
    const book = await result(client.getSpotOrderBook({ symbol: SYMBOL, limit: 5 }));
    assert.equal(book.bids.length, 5);
    bid = book.bids[0][0];
  },
  async market_data() {
    const symbol = SYMBOL;
    for (const call of [
      client.getSpotRecentTrades({ symbol }),
      client.getSpotAggregateTrades({ symbol }),
      client.getSpotKlines({ symbol, interval: "1m" }),
      client.getSpotUIKlines({ symbol, interval: "1m" }),
      client.getSpotAveragePrice({ symbol }),
      client.getSpotExecutionRules({ symbol }),
      client.getSpotTradingDayTicker({ symbol }),
      client.getSpotTicker({ symbol }),
      client.getSpotSymbolPriceTicker({ symbol }),
      client.getSpotSymbolOrderBookTicker({ symbol }),
    ]) {
      assert.equal((await call).status, 200);
    }
  },
  async subscribe() {
    await client.subscribeUserDataStream("mainWSAPI");
    const status = await result(client.getSpotSessionStatus());
    assert.equal(status.apiKey, place.key_type === "ed25519" ? place.api_key : null);
  },
  async account() {
    const account = await result(client.getSpotAccountInformation(stamped({})));
    assert.ok(account.balances.some((balance) => balance.asset === "BTC"));
    await client.getSpotAccountCommission(stamped({ symbol: SYMBOL }));
    await client.getSpotOrderRateLimits(stamped({}));
  },
  async limit_order() {
    orderId = await placeLimit();
    assert.equal((await report(orderId, "NEW")).X, "NEW");
  },
  async query_order() {
    const order = await result(client.getSpotOrderStatus(stamped({ symbol: SYMBOL, orderId })));
    assert.equal(order.status, "NEW");
    const orders = await result(client.getSpotOpenOrders(stamped({ symbol: SYMBOL })));
    assert.deepEqual(orders.map((row) => row.orderId), [orderId]);
  },
  async amend() {
    const amended = await result(
      client.amendSpotOrderKeepPriority(stamped({ symbol: SYMBOL, orderId, newQty: "0.001" })),
    );
    assert.equal(Number(amended.amendedOrder.qty), 0.001);
    assert.equal(Number((await report(orderId, "REPLACED")).q), 0.001);
  },
  async cancel_replace() {
    const replaced = await result(
      client.cancelReplaceSpotOrder(
        stamped({
          symbol: SYMBOL,
          cancelReplaceMode: "STOP_ON_FAILURE",
          cancelOrderId: orderId,
          side: "BUY",
          type: "LIMIT",
          timeInForce: "GTC",
          quantity: QUANTITY,
          price: near(bid, 0.85),
        }),
      ),
    );
    assert.equal(replaced.newOrderResult, "SUCCESS");
    await report(orderId, "CANCELED");
    orderId = replaced.newOrderResponse.orderId;
    await report(orderId, "NEW");
  },
  async cancel() {
    const order = await result(client.cancelSpotOrder(stamped({ symbol: SYMBOL, orderId })));
    assert.equal(order.status, "CANCELED");
    await report(orderId, "CANCELED");
  },
  async cancel_all() {
    await placeLimit();
    await placeLimit();
    const gone = await result(client.cancelAllSpotOpenOrders(stamped({ symbol: SYMBOL })));
    assert.equal(gone.length, 2);
    assert.deepEqual(await result(client.getSpotOpenOrders(stamped({ symbol: SYMBOL }))), []);
  },
  async market_order() {
    const order = await result(
      client.submitNewSpotOrder(
        stamped({ symbol: SYMBOL, side: "BUY", type: "MARKET", quoteOrderQty: "100" }),
      ),
    );
    assert.equal(order.status, "FILLED");
    assert.equal((await report(order.orderId, "TRADE")).X, "FILLED");
    await events.wait((event) => event.e === "outboundAccountPosition");
    await formatted.wait(
      (event) =>
        event.eventType === "executionReport" &&
        event.orderId === order.orderId &&
        event.orderStatus === "FILLED",
    );
    const trades = await result(
      client.getSpotMyTrades(stamped({ symbol: SYMBOL, orderId: order.orderId })),
    );
    assert.equal(trades.length, order.fills.length);
  },
  async test_order() {
    await client.testSpotOrder(
      stamped({ symbol: SYMBOL, side: "SELL", type: "MARKET", quantity: QUANTITY }),
    );
  },
  async oco() {
    const placed = await result(
      client.placeSpotOCOOrderList(
        stamped({
          symbol: SYMBOL,
          side: "SELL",
          quantity: QUANTITY,
          aboveType: "LIMIT_MAKER",
          abovePrice: near(bid, 1.1),
          belowType: "STOP_LOSS_LIMIT",
          belowPrice: near(bid, 0.89),
          belowStopPrice: near(bid, 0.9),
          belowTimeInForce: "GTC",
        }),
      ),
    );
    await cancelList(placed, 2);
  },
  async oto() {
    const placed = await result(
      client.placeSpotOTOOrderList(
        stamped({
          ...working(),
          pendingType: "LIMIT",
          pendingSide: "SELL",
          pendingPrice: near(bid, 1.1),
          pendingQuantity: QUANTITY,
          pendingTimeInForce: "GTC",
        }),
      ),
    );
    await cancelList(placed, 2);
  },
  async otoco() {
    const placed = await result(
      client.placeSpotOTOCOOrderList(
        stamped({
          ...working(),
          pendingSide: "SELL",
          pendingQuantity: QUANTITY,
          pendingAboveType: "LIMIT_MAKER",
          pendingAbovePrice: near(bid, 1.1),
          pendingBelowType: "STOP_LOSS",
          pendingBelowStopPrice: near(bid, 0.8),
        }),
      ),
    );
    await cancelList(placed, 3);
  },
  async opo() {
    const placed = await result(
      client.placeSpotOPOOrderList(
        stamped({
          ...working(),
          pendingType: "LIMIT",
          pendingSide: "SELL",
          pendingPrice: near(bid, 1.1),
          pendingTimeInForce: "GTC",
        }),
      ),
    );
    await cancelList(placed, 2);
  },
  async opoco() {
    const placed = await result(
      client.placeSpotOPOCOOrderList(
        stamped({
          ...working(),
          pendingSide: "SELL",
          pendingAboveType: "LIMIT_MAKER",
          pendingAbovePrice: near(bid, 1.1),
          pendingBelowType: "STOP_LOSS",
          pendingBelowStopPrice: near(bid, 0.8),
        }),
      ),
    );
    await cancelList(placed, 3);
  },
  async history() {
    const orders = await result(client.getSpotAllOrders(stamped({ symbol: SYMBOL })));
    assert.ok(orders.some((order) => order.orderId === orderId));
    assert.ok((await result(client.getSpotAllOrderLists(stamped({})))).length);
    await client.getSpotPreventedMatches(stamped({ symbol: SYMBOL, orderId }));
    await client.getSpotAllocations(stamped({ symbol: SYMBOL }));
  },
  async refusals() {
    const nobody = { symbol: SYMBOL, orderId: 1e12 };
    await refused(-2011, client.cancelSpotOrder(stamped(nobody)));
    await refused(-2013, client.getSpotOrderStatus(stamped(nobody)));
    await refused(-1121, client.getSpotOrderBook({ symbol: "NOSUCH" }));
  },
  async reconnect() {
    const reconnected = new Promise((resolve) => client.getWSClient().once("reconnected", resolve));
    client.getWSClient().executeReconnectableClose("mainWSAPI", "interop");
    await reconnected;
    await pause(2_500); // it subscribes again two seconds later
    const again = await placeLimit();
    await report(again, "NEW");
    await client.cancelSpotOrder(stamped({ symbol: SYMBOL, orderId: again }));
    await report(again, "CANCELED");
  },
  async unsubscribe() {
    await client.unsubscribeUserDataStream("mainWSAPI");
  },
  async margin() {
    const rest = new MainClient({ ...keys, baseUrl: place.rest });
    await client.subscribeUserDataStream("marginUserData");
    const order = await rest.marginAccountNewOrder({
      symbol: SYMBOL,
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      quantity: QUANTITY,
      price: near(bid, 0.9),
    });
    await report(order.orderId, "NEW");
    await rest.marginAccountCancelOrder({ symbol: SYMBOL, orderId: order.orderId });
    await report(order.orderId, "CANCELED");
  },
  async market_streams() {
    const streams = new WebsocketClient(options, quiet);
    const seen = new Events(streams);
    await streams.subscribe([`${SYMBOL.toLowerCase()}@bookTicker`, `${SYMBOL.toLowerCase()}@depth`], "main");
    await seen.wait((event) => event.e === "depthUpdate");
    await seen.wait((event) => event.s === SYMBOL && event.e !== "depthUpdate" && event.A);
    streams.closeAll(true);
  },
};

function futures(market, symbol, quantity, twice) {
  let price;
  const heard = (id, kind) =>
    events.wait((event) => event.e === "ORDER_TRADE_UPDATE" && event.o.i === id && event.o.x === kind);
  return {
    async market() {
      const rest = new USDMClient({ ...keys, baseUrl: place.rest });
      if (market === "usdm") {
        const book = await result(client.getFuturesOrderBook({ symbol, limit: 5 }));
        assert.equal(book.bids.length, 5);
        price = book.bids[0][0];
        await client.getFuturesSymbolPriceTicker({ symbol });
        await client.getFuturesSymbolOrderBookTicker({ symbol });
        assert.ok((await rest.getExchangeInfo()).symbols.length);
      } else {
        // COIN-M has no market data on its WebSocket API.
        const answer = await fetch(`${place.rest}/dapi/v1/depth?symbol=${symbol}&limit=5`);
        price = (await answer.json()).bids[0][0];
      }
    },
    async subscribe() {
      await client.subscribeUserDataStream(market === "usdm" ? "usdmWSAPI" : "coinmWSAPI");
    },
    async account() {
      const balances = await result(client.getFuturesAccountBalance(market, stamped({})));
      assert.ok(balances.some((row) => Number(row.balance) > 0));
      await client.getFuturesAccountStatus(market, stamped({}));
    },
    async orders() {
      const order = await result(
        client.submitNewFuturesOrder(
          market,
          stamped({
            symbol,
            side: "BUY",
            type: "LIMIT",
            timeInForce: "GTC",
            quantity,
            price: near(price, 0.95),
          }),
        ),
      );
      assert.equal(order.status, "NEW");
      const named = () => stamped({ symbol, orderId: order.orderId });
      await heard(order.orderId, "NEW");
      assert.equal((await result(client.getFuturesOrderStatus(market, named()))).status, "NEW");
      const changed = await result(
        client.modifyFuturesOrder(market, {
          ...named(),
          side: "BUY",
          quantity: twice,
          price: near(price, 0.94),
        }),
      );
      assert.equal(Number(changed.origQty), Number(twice));
      await heard(order.orderId, "AMENDMENT");
      assert.equal((await result(client.cancelFuturesOrder(market, named()))).status, "CANCELED");
      await heard(order.orderId, "CANCELED");
    },
    async position() {
      const trade = (side, more) =>
        result(
          client.submitNewFuturesOrder(
            market,
            stamped({ symbol, side, type: "MARKET", quantity, ...more }),
          ),
        );
      const order = await trade("BUY", {});
      await heard(order.orderId, "TRADE");
      await events.wait((event) => event.e === "ACCOUNT_UPDATE");
      const rows = await result(client.getFuturesPosition(market, stamped({})));
      const row = rows.find((one) => one.symbol === symbol);
      assert.equal(Number(row.positionAmt), Number(quantity));
      await trade("SELL", { reduceOnly: "true" });
    },
    async algo_order() {
      const algo = await result(
        client.submitNewFuturesAlgoOrder(
          stamped({
            algoType: "CONDITIONAL",
            symbol,
            side: "BUY",
            type: "STOP_MARKET",
            quantity,
            triggerPrice: near(price, 1.1),
          }),
        ),
      );
      await events.wait((event) => event.e === "ALGO_UPDATE");
      await client.cancelFuturesAlgoOrder(stamped({ algoId: algo.algoId }));
    },
  };
}

async function main() {
  for (const [name, steps] of Object.entries(spot)) await feature(name, steps);
  const usdm = futures("usdm", SYMBOL, "0.002", "0.004");
  for (const [name, steps] of Object.entries(usdm)) await feature(`usdm_${name}`, steps);
  const { algo_order, ...coinm } = futures("coinm", "BTCUSD_PERP", "1", "2");
  for (const [name, steps] of Object.entries(coinm)) await feature(`coinm_${name}`, steps);
  client.getWSClient().closeAll(true);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
