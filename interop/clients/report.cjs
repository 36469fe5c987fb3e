// What the JavaScript clients' scripts share: the key, how they wait, and how they tell what worked.
"use strict";

const EVENT_MS = 10_000;
const FEATURE_MS = 20_000;

const place = JSON.parse(process.env.INTEROP_PLACE);
const near = (price, factor) => String(Math.floor(Number(price) * factor));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Go through the steps of one feature, and tell in a line how that went.
async function feature(name, steps) {
  let failure = "";
  const late = pause(FEATURE_MS).then(() => {
    throw new Error("it took too long");
  });
  late.catch(() => {});
  try {
    await Promise.race([steps(), late]);
  } catch (error) {
    failure = error instanceof Error ? error.stack : JSON.stringify(error);
  }
  console.log(JSON.stringify({ feature: name, failure }));
}

// Events as they come, to be waited for in any order.
class Events {
  constructor(emitter, channel = "message") {
    this.seen = [];
    emitter?.on(channel, (event) => this.take(event));
  }

  take(event) {
    this.seen.push(event);
  }

  async wait(matches) {
    const end = Date.now() + EVENT_MS;
    while (Date.now() < end) {
      const found = this.seen.find(matches);
      if (found) return found;
      await pause(10);
    }
    throw new Error(`no such event among ${JSON.stringify(this.seen).slice(0, 3000)}`);
  }
}

module.exports = { Events, feature, near, pause, place };
