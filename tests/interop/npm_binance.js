// Trades on the embedded exchange with the npm package "binance"; run by test_interop_node.py.
const { WebsocketAPIClient } = require("binance");

const [wsUrl, api_key, api_secret] = process.argv.slice(2);
const quiet = { trace() {}, info() {}, error() {} };
const options = { api_key, api_secret, wsUrl, attachEventListeners: false, muteLatencyWarning: true };
const client = new WebsocketAPIClient({ ...options, beautify: true }, quiet);
const symbol = "BTCUSDT";

async function main() {
  const seen = [];
  const filled = new Promise((resolve) => {
    client.getWSClient().on("formattedUserDataMessage", (event) => {
      seen.push(event.eventType);
      if (event.orderStatus === "FILLED") resolve();
    });
  });
  await client.subscribeUserDataStream("mainWSAPI");
  const stamp = () => ({ timestamp: Date.now() });
  const limit = { symbol, side: "BUY", type: "LIMIT", timeInForce: "GTC", price: "60000", quantity: "0.001" };
  const { orderId } = (await client.submitNewSpotOrder({ ...limit, ...stamp() })).result;
  const named = () => ({ symbol, orderId, ...stamp() });
  const status = (await client.getSpotOrderStatus(named())).result.status;
  const amended = (await client.amendSpotOrderKeepPriority({ ...named(), newQty: "0.0005" })).result;
  const cancelled = (await client.cancelSpotOrder(named())).result.status;
  const bought = await client.submitNewSpotOrder({ symbol, side: "BUY", type: "MARKET", quantity: "0.001", ...stamp() });
  await filled;
  console.log(JSON.stringify([status, amended.amendedOrder.qty, cancelled, bought.result.status, seen[0]]));
  client.getWSClient().closeAll(true);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
