// The official npm package "@binance/spot" trades, knowing the exchange's own hosts alone.
"use strict";

const assert = require("node:assert/strict");
const { Spot } = require("@binance/spot");
const { Events, feature, near, place } = require("./report.cjs");

const SYMBOL = "BTCUSDT";
const QUANTITY = "0.002";
const keys =
  place.key_type === "hmac"
    ? { apiKey: place.api_key, apiSecret: place.api_secret }
    : { apiKey: place.api_key, privateKey: place.api_secret };
const client = new Spot({
  configurationRestAPI: keys,
  configurationWebsocketAPI: keys,
  configurationWebsocketStreams: {},
});
const rest = client.restAPI;

const events = new Events();
let api;
let bid;
let orderId;
const report = (id, kind) =>
  events.wait((event) => event.e === "executionReport" && event.i === id && event.x === kind);
const limit = (price) => ({
  symbol: SYMBOL,
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  price: Number(price),
  quantity: Number(QUANTITY),
});

async function main() {
  await feature("rest_market", async () => {
    const info = await (await rest.exchangeInfo({ symbol: SYMBOL })).data();
    assert.equal(info.symbols[0].symbol, SYMBOL);
    const book = await (await rest.depth({ symbol: SYMBOL, limit: 5 })).data();
    bid = book.bids[0][0];
    const candles = await (await rest.klines({ symbol: SYMBOL, interval: "1m", limit: 3 })).data();
    assert.equal(candles[0].length, 12);
  });
  await feature("rest_orders", async () => {
    const placed = await (await rest.newOrder(limit(near(bid, 0.9)))).data();
    const found = await (await rest.getOrder({ symbol: SYMBOL, orderId: placed.orderId })).data();
    assert.equal(found.status, "NEW");
    const ended = await (await rest.deleteOrder({ symbol: SYMBOL, orderId: placed.orderId })).data();
    assert.equal(ended.status, "CANCELED");
    const account = await (await rest.getAccount({ omitZeroBalances: true })).data();
    assert.ok(account.balances.length > 0);
  });
  await feature("connect", async () => {
    api = await client.websocketAPI.connect();
    const { data } = await api.time();
    assert.ok(Math.abs(Number(data.serverTime) - Date.now()) < 60_000);
  });
  await feature("market_data", async () => {
    const depth = await api.depth({ symbol: SYMBOL, limit: 5 });
    bid = depth.data.bids[0][0];
    const trades = await api.tradesRecent({ symbol: SYMBOL, limit: 5 });
    assert.ok(Array.isArray(trades.data));
  });
  if (place.key_type === "ed25519")
    await feature("session_logon", async () => {
      const [answer] = [await api.sessionLogon()].flat();
      assert.equal(answer.data.apiKey, place.api_key);
    });
  await feature("subscribe", async () => {
    const begun =
      place.key_type === "ed25519"
        ? await api.userDataStreamSubscribe()
        : await api.userDataStreamSubscribeSignature();
    begun.stream.on("message", (event) => events.take(event));
  });
  await feature("limit_order", async () => {
    const { data } = await api.orderPlace(limit(near(bid, 0.9)));
    orderId = Number(data.orderId);
    await report(orderId, "NEW");
  });
  await feature("query_order", async () => {
    const { data } = await api.orderStatus({ symbol: SYMBOL, orderId });
    assert.equal(data.status, "NEW");
    const open = await api.openOrdersStatus({ symbol: SYMBOL });
    assert.equal(open.data.length, 1);
  });
  await feature("amend", async () => {
    await api.orderAmendKeepPriority({ symbol: SYMBOL, orderId, newQty: 0.001 });
    await report(orderId, "REPLACED");
  });
  await feature("cancel_replace", async () => {
    const { data } = await api.orderCancelReplace({
      ...limit(near(bid, 0.8)),
      cancelReplaceMode: "STOP_ON_FAILURE",
      cancelOrderId: orderId,
    });
    orderId = Number(data.newOrderResponse.orderId);
    await report(orderId, "NEW");
  });
  await feature("cancel", async () => {
    await api.orderCancel({ symbol: SYMBOL, orderId });
    await report(orderId, "CANCELED");
  });
  await feature("market_order", async () => {
    for (const side of ["BUY", "SELL"]) {
      const { data } = await api.orderPlace({
        symbol: SYMBOL,
        side,
        type: "MARKET",
        quantity: Number(QUANTITY),
        newOrderRespType: "FULL",
      });
      assert.equal(data.status, "FILLED");
      await report(Number(data.orderId), "TRADE");
    }
  });
  await feature("order_list", async () => {
    const { data } = await api.orderListPlaceOco({
      symbol: SYMBOL,
      side: "SELL",
      quantity: Number(QUANTITY),
      aboveType: "LIMIT_MAKER",
      abovePrice: Number(near(bid, 1.1)),
      belowType: "STOP_LOSS_LIMIT",
      belowStopPrice: Number(near(bid, 0.9)),
      belowPrice: Number(near(bid, 0.89)),
      belowTimeInForce: "GTC",
    });
    await api.orderListCancel({ symbol: SYMBOL, orderListId: data.orderListId });
    await events.wait((event) => event.e === "listStatus" && event.l === "ALL_DONE");
  });
  await feature("refusals", async () => {
    await assert.rejects(
      api.orderStatus({ symbol: SYMBOL, orderId: 999_999_999 }),
      (error) => /-2013|does not exist/.test(JSON.stringify(error) + String(error?.message)),
    );
  });
  await feature("history", async () => {
    const { data } = await api.myTrades({ symbol: SYMBOL });
    assert.equal(data.length >= 2, true);
  });
  await feature("market_streams", async () => {
    const streams = await client.websocketStreams.connect();
    for (const [name, options] of [
      ["bookTicker", {}],
      ["trade", {}],
      ["kline", { interval: "1m" }],
      ["diffBookDepth", {}],
    ]) {
      const seen = new Events(streams[name]({ symbol: SYMBOL, ...options }));
      await seen.wait((event) => event.s === SYMBOL);
    }
    await streams.disconnect();
  });
  await api?.disconnect();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
