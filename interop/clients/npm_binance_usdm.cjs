// The official npm package "@binance/derivatives-trading-usds-futures" trades, knowing the exchange's own hosts alone.
"use strict";

const assert = require("node:assert/strict");
const { DerivativesTradingUsdsFutures } = require("@binance/derivatives-trading-usds-futures");
const { Events, feature, near, place } = require("./report.cjs");

const SYMBOL = "BTCUSDT";
const QUANTITY = 0.002;
const keys =
  place.key_type === "hmac"
    ? { apiKey: place.api_key, apiSecret: place.api_secret }
    : { apiKey: place.api_key, privateKey: place.api_secret };
const client = new DerivativesTradingUsdsFutures({
  configurationRestAPI: keys,
  configurationWebsocketAPI: keys,
  configurationWebsocketStreams: {},
});
const rest = client.restAPI;

const events = new Events();
let api;
let streams;
let bid;
let orderId;
const report = (id, kind) =>
  events.wait(
    (event) => event.e === "ORDER_TRADE_UPDATE" && Number(event.o.i) === id && event.o.x === kind,
  );
const limit = (price) => ({
  symbol: SYMBOL,
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  price: Number(price),
  quantity: QUANTITY,
});

async function main() {
  await feature("rest_market", async () => {
    const info = await (await rest.exchangeInformation()).data();
    assert.ok(info.symbols.some((each) => each.symbol === SYMBOL));
    const book = await (await rest.orderBook({ symbol: SYMBOL, limit: 5 })).data();
    bid = book.bids[0][0];
    const query = { symbol: SYMBOL, interval: "1m", limit: 3 };
    assert.equal((await (await rest.klineCandlestickData(query)).data())[0].length, 12);
    assert.ok((await (await rest.markPrice({ symbol: SYMBOL })).data()).markPrice);
  });
  await feature("settings", async () => {
    await rest.changeInitialLeverage({ symbol: SYMBOL, leverage: 10 });
    const [set] = await (await rest.symbolConfiguration({ symbol: SYMBOL })).data();
    assert.equal(Number(set.leverage), 10);
    const brackets = await (await rest.notionalAndLeverageBrackets({ symbol: SYMBOL })).data();
    assert.ok(JSON.stringify(brackets).includes("maintMarginRatio"));
  });
  await feature("connect", async () => {
    api = await client.websocketAPI.connect();
    streams = await client.websocketStreams.connect();
    const { data } = await api.orderBook({ symbol: SYMBOL, limit: 5 });
    bid = data.bids[0][0];
  });
  await feature("subscribe", async () => {
    const { data } = await api.startUserDataStream();
    streams.userData(data.listenKey).on("message", (event) => events.take(event));
    await api.keepaliveUserDataStream();
  });
  await feature("limit_order", async () => {
    const { data } = await api.newOrder(limit(near(bid, 0.9)));
    orderId = Number(data.orderId);
    await report(orderId, "NEW");
  });
  await feature("query_order", async () => {
    const { data } = await api.queryOrder({ symbol: SYMBOL, orderId });
    assert.equal(data.status, "NEW");
    assert.equal((await (await rest.currentAllOpenOrders({ symbol: SYMBOL })).data()).length, 1);
  });
  await feature("modify", async () => {
    await api.modifyOrder({
      symbol: SYMBOL,
      orderId,
      side: "BUY",
      quantity: QUANTITY,
      price: Number(near(bid, 0.87)),
    });
    await report(orderId, "AMENDMENT");
  });
  await feature("cancel", async () => {
    await api.cancelOrder({ symbol: SYMBOL, orderId });
    await report(orderId, "CANCELED");
  });
  await feature("position", async () => {
    for (const [side, reduceOnly] of [
      ["BUY", undefined],
      ["SELL", "true"],
    ]) {
      const { data } = await api.newOrder({
        symbol: SYMBOL,
        side,
        type: "MARKET",
        quantity: QUANTITY,
        reduceOnly,
        newOrderRespType: "RESULT",
      });
      assert.equal(data.status, "FILLED");
      await report(Number(data.orderId), "TRADE");
    }
    const { data } = await api.positionInformation({ symbol: SYMBOL });
    assert.ok(data.every((each) => Number(each.positionAmt) === 0));
    const trades = await (await rest.accountTradeList({ symbol: SYMBOL })).data();
    assert.ok(trades.length >= 2);
  });
  await feature("algo_order", async () => {
    const { data } = await api.newAlgoOrder({
      algoType: "CONDITIONAL",
      symbol: SYMBOL,
      side: "BUY",
      type: "STOP_MARKET",
      triggerPrice: Number(near(bid, 1.2)),
      quantity: QUANTITY,
    });
    await events.wait((event) => event.e === "ALGO_UPDATE");
    await api.cancelAlgoOrder({ algoId: data.algoId });
  });
  await feature("batch", async () => {
    const batchOrders = [0.7, 0.6].map((factor) => ({
      symbol: SYMBOL,
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      price: near(bid, factor),
      quantity: String(QUANTITY),
    }));
    const placed = await (await rest.placeMultipleOrders({ batchOrders })).data();
    assert.equal(placed.length, 2);
    await rest.cancelAllOpenOrders({ symbol: SYMBOL });
  });
  await feature("account", async () => {
    const { data } = await api.accountInformation();
    assert.ok(Number(data.totalWalletBalance) > 0);
    assert.ok((await api.futuresAccountBalance()).data.length > 0);
  });
  await feature("refusals", async () => {
    await assert.rejects(api.queryOrder({ symbol: SYMBOL, orderId: 999_999_999 }), (error) =>
      /-2013|does not exist/.test(JSON.stringify(error) + String(error?.message)),
    );
  });
  await feature("market_streams", async () => {
    for (const [name, options] of [
      ["individualSymbolBookTickerStreams", {}],
      ["aggregateTradeStreams", {}],
      ["klineCandlestickStreams", { interval: "1m" }],
      ["markPriceStream", {}],
      ["diffBookDepthStreams", {}],
    ]) {
      const seen = new Events(streams[name]({ symbol: SYMBOL, ...options }));
      await seen.wait((event) => event.s === SYMBOL);
    }
  });
  await streams?.disconnect();
  await api?.disconnect();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
