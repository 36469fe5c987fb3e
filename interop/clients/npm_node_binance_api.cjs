// The npm package "node-binance-api" trades on Spot and USD-M, knowing the exchange's own hosts alone.
"use strict";

const assert = require("node:assert/strict");
const Binance = require("node-binance-api");
const { Events, feature, near, place } = require("./report.cjs");

const SYMBOL = "BTCUSDT";
const QUANTITY = 0.002;
const secret =
  place.key_type === "hmac" ? { APISECRET: place.api_secret } : { PRIVATEKEY: place.api_secret };
const binance = new Binance({ APIKEY: place.api_key, ...secret, useServerTime: true, log() {} });
const spot = new Events();
const usdm = new Events();
const spotReport = (id, kind) =>
  spot.wait(
    (event) => event.e === "executionReport" && String(event.i) === id && event.x === kind,
  );
const usdmReport = (id, kind) =>
  usdm.wait((event) => String(event.order?.orderId) === id && event.order.executionType === kind);
const subscribed = (begin) => new Promise((resolve) => begin(resolve));
let bid;

async function main() {
  await feature("market_data", async () => {
    const book = await binance.depth(SYMBOL, 5);
    bid = book.bids[0].price;
    assert.ok(Number((await binance.prices(SYMBOL))[SYMBOL]) > 0);
    assert.ok((await binance.candles(SYMBOL, "1m", { limit: 3 })).length > 0);
  });
  await feature("subscribe", () =>
    subscribed((resolve) =>
      binance.userData((event) => spot.take(event), undefined, undefined, resolve),
    ),
  );
  await feature("orders", async () => {
    const { orderId } = await binance.limitOrder("BUY", SYMBOL, QUANTITY, Number(near(bid, 0.9)));
    await spotReport(String(orderId), "NEW");
    assert.equal((await binance.orderStatus(SYMBOL, orderId)).status, "NEW");
    assert.equal((await binance.openOrders(SYMBOL)).length, 1);
    await binance.cancel(SYMBOL, orderId);
    await spotReport(String(orderId), "CANCELED");
    const bought = await binance.marketBuy(SYMBOL, QUANTITY);
    assert.equal(bought.status, "FILLED");
    await spotReport(String(bought.orderId), "TRADE");
    assert.ok((await binance.trades(SYMBOL)).length > 0);
  });
  await feature("depth_cache", async () => {
    const books = new Events();
    binance.depthCacheStream([SYMBOL], (symbol, depth) => books.take({ symbol, depth }), 100);
    const { depth } = await books.wait((event) => event.symbol === SYMBOL);
    assert.ok(Object.keys(depth.bids).length > 0);
  });
  await feature("market_streams", async () => {
    const ticks = new Events();
    binance.bookTickersStream(SYMBOL, (tick) => ticks.take(tick));
    await ticks.wait((tick) => tick.symbol === SYMBOL);
  });
  await feature("usdm_market_streams", async () => {
    const ticks = new Events();
    binance.futuresBookTickerStream(SYMBOL, (tick) => ticks.take(tick));
    await ticks.wait((tick) => tick.symbol === SYMBOL);
  });
  await feature("usdm_subscribe", () =>
    subscribed((resolve) => {
      const take = (event) => usdm.take(event);
      binance.userFutureData(undefined, undefined, undefined, take, resolve);
    }),
  );
  await feature("usdm_orders", async () => {
    await binance.futuresLeverage(SYMBOL, 10);
    const { orderId } = await binance.futuresBuy(SYMBOL, QUANTITY, Number(near(bid, 0.9)));
    await usdmReport(String(orderId), "NEW");
    assert.equal((await binance.futuresOrderStatus(SYMBOL, { orderId })).status, "NEW");
    await binance.futuresCancel(SYMBOL, orderId);
    await usdmReport(String(orderId), "CANCELED");
    for (const trade of ["futuresMarketBuy", "futuresMarketSell"]) {
      const filled = await binance[trade](SYMBOL, QUANTITY, { newOrderRespType: "RESULT" });
      assert.equal(filled.status, "FILLED");
      await usdmReport(String(filled.orderId), "TRADE");
    }
    const risks = await binance.futuresPositionRisk({ symbol: SYMBOL });
    assert.ok(risks.every((risk) => Number(risk.positionAmt) === 0));
  });
  await feature("refusals", async () => {
    await assert.rejects(binance.orderStatus(SYMBOL, 999_999_999), (error) =>
      /-2013/.test(JSON.stringify(error) + String(error?.message)),
    );
  });
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
