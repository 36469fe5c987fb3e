"use strict";
const TOKEN = location.hash.slice(1);
const KEPT = 500; // rows of the journal
const PERIOD_MS = 300;
const FIRST_SYMBOL = "BTCUSDT";
const one = (selector) => document.querySelector(selector);
const frames = [];
let seen = 0, symbols = {}, held = null, opened = new Set();

async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { Authorization: `Bearer ${TOKEN}` } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const row = (...cells) => make("tr", {}, ...cells.map((cell) => (cell instanceof Node ? cell : make("td", {}, String(cell)))));
const clock = (ms) => new Date(ms).toISOString().slice(11, 23);
const plain = (text) => (/\.\d*0+$/.test(text) ? text.replace(/\.?0+$/, "") : text);

function tell(message) {
  one("#message").textContent = message;
  one("#message").hidden = !message;
}

function fill(select, values) {
  if (select.dataset.values === values.join()) return;
  const before = select.value;
  select.dataset.values = values.join();
  select.replaceChildren(...values.map((value) => make("option", {}, String(value))));
  const chosen = before || FIRST_SYMBOL;
  if (values.map(String).includes(chosen)) select.value = chosen;
}

function drawBook(book) {
  const rows = (levels) => levels.map(([price, quantity]) => row(plain(price), plain(quantity)));
  one("#asks").replaceChildren(...rows((book?.asks ?? []).slice(0, 12).reverse()));
  one("#bids").replaceChildren(...rows((book?.bids ?? []).slice(0, 12)));
}

function drawCandles(candles) {
  const svg = one("#chart"), width = svg.clientWidth, height = svg.clientHeight;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const rows = (candles ?? []).map((each) => each.slice(1, 5).map(Number));
  one("#price").textContent = candles?.length ? plain(candles.at(-1)[4]) : "";
  if (!rows.length) return svg.replaceChildren();
  const high = Math.max(...rows.map((each) => each[1])), low = Math.min(...rows.map((each) => each[2]));
  const margin = 60, step = (width - margin) / Math.max(rows.length, 30);
  const y = (price) => 12 + (height - 24) * (high === low ? 0.5 : (high - price) / (high - low));
  const draw = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const parts = [];
  for (const price of [low, (low + high) / 2, high]) {
    const label = draw("text", { x: width - margin + 6, y: y(price) + 4 });
    label.textContent = price.toPrecision(7).replace(/\.?0+$/, "");
    parts.push(draw("line", { class: "grid", x1: 0, x2: width - margin, y1: y(price), y2: y(price) }), label);
  }
  rows.forEach(([open, top, bottom, close], at) => {
    const middle = (at + 0.5) * step, kind = close >= open ? "up" : "down";
    parts.push(
      draw("line", { class: kind, x1: middle, x2: middle, y1: y(top), y2: y(bottom) }),
      draw("rect", { class: kind, x: middle - step * 0.35, width: step * 0.7, y: y(Math.max(open, close)), height: Math.max(1, Math.abs(y(open) - y(close))) }),
    );
  });
  svg.replaceChildren(...parts);
}

function table(heads, rows) {
  return rows.length ? make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))), make("tbody", {}, ...rows)) : "";
}

function drawAccounts(accounts) {
  fill(one("#uids"), accounts.map((each) => each.uid));
  const side = (text) => make("td", { class: text.toLowerCase() }, text);
  one("#accounts").replaceChildren(
    make("h2", {}, "Accounts"),
    ...accounts.map((account) =>
      make("div", { class: "account" },
        make("h3", {}, `Account ${account.uid}`),
        make("div", { class: "amounts" },
          ...Object.entries(account.balances).map(([asset, [free, locked]]) => make("span", {}, make("b", {}, asset), ` ${plain(free)}`, Number(locked) ? ` + ${plain(locked)} locked` : "")),
          ...account.wallets.map((wallet) => make("span", {}, make("b", {}, `${wallet.market} ${wallet.asset}`), ` ${plain(wallet.balance)}`))),
        table(["Market", "Symbol", "Side", "Type", "Price", "Executed / quantity", "Status", "Order", "Client id"],
          account.orders.map((each) => row(each.market, each.symbol, side(each.side), each.type, plain(each.price), `${plain(each.executedQty)} / ${plain(each.origQty)}`, each.status, each.orderId, each.clientOrderId))),
        table(["Market", "Position", "Amount", "Entry", "Mark", "Profit"],
          account.positions.map((each) => row(each.market, `${each.symbol} ${each.positionSide}`, plain(each.positionAmt), plain(each.entryPrice), plain(each.markPrice), plain(each.unRealizedProfit ?? each.unrealizedProfit ?? "")))))),
  );
}

const words = (frame) => `${frame.kind} ${frame.name} ${frame.connection} ${frame.path} ${frame.status ?? ""} ${frame.text}`.toLowerCase();

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function copyAsTest(event, number) {
  event.stopPropagation();
  try {
    const text = await ask(`test?frame=${number}`);
    await navigator.clipboard.writeText(text);
    event.target.textContent = "Copied";
  } catch (error) { tell(error.message); }
}

function drawFrame(frame) {
  const isOpen = opened.has(frame.number);
  const what = make("td", { class: "what" }, isOpen ? make("pre", { onclick: (event) => event.stopPropagation() }, pretty(frame.text)) : `${frame.name} ${frame.text.slice(0, 160)}`);
  const refused = frame.status !== null && frame.status !== 200;
  const tools = make("td", {});
  if (frame.kind === "request") tools.append(make("button", { title: "Copy as a test of pytest", onclick: (event) => copyAsTest(event, frame.number) }, "Copy as test"));
  const made = row(clock(frame.time_ms), frame.connection, make("td", { class: `kind-${frame.kind}` }, frame.kind), what, make("td", { class: refused ? "refused" : null }, String(frame.status ?? "")), tools);
  made.dataset.number = frame.number;
  made.addEventListener("click", () => {
    if (!opened.delete(frame.number)) opened.add(frame.number);
    made.replaceWith(drawFrame(frame));
  });
  return made;
}

function drawJournal(isAll) {
  const wanted = one("#filter").value.trim().toLowerCase(), body = one("#frames");
  const shown = frames.filter((frame) => !wanted || words(frame).includes(wanted)).slice(-KEPT).reverse();
  one("#count").textContent = `${seen} frames`;
  if (one("#pause").checked && !isAll) return;
  const there = new Map([...body.children].map((node) => [Number(node.dataset.number), node]));
  body.replaceChildren(...shown.map((frame) => there.get(frame.number) ?? drawFrame(frame)));
}

function show(state) {
  symbols = state.symbols;
  fill(one("#symbol"), symbols[one("#market").value]);
  one("#time").textContent = new Date(state.time_ms).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  one("#connections").textContent = `${state.connections} connection${state.connections === 1 ? "" : "s"}`;
  one("#state").textContent = state.is_frozen ? "clock frozen" : "running";
  one("#state").className = state.is_frozen ? "frozen" : "";
  one("#freeze").hidden = state.is_frozen;
  one("#resume").hidden = !state.is_frozen;
  one("#faults").replaceChildren(...state.faults.map((each) => make("li", {}, each)));
  one("#end-faults").hidden = !state.faults.length;
  drawBook(state.book);
  drawCandles(state.candles);
  drawAccounts(state.accounts);
  if (state.seen < seen) frames.length = 0; // another exchange at this address
  seen = state.seen;
  frames.push(...state.frames);
  frames.splice(0, frames.length - 4 * KEPT);
  drawJournal(false);
}

async function look() {
  clearTimeout(held);
  try {
    const query = new URLSearchParams({ market: one("#market").value, symbol: one("#symbol").value || FIRST_SYMBOL, seen });
    show(await ask(`state?${query}`));
  } catch (error) {
    one("#state").textContent = TOKEN ? "not reached" : "token missing: open the whole address";
    one("#state").className = "lost";
  }
  held = setTimeout(look, PERIOD_MS);
}

async function press(given) {
  try {
    await ask("press", { method: "POST", body: JSON.stringify(given) });
    tell("");
  } catch (error) { tell(error.message); }
}

for (const button of document.querySelectorAll("button[data-press]")) {
  button.addEventListener("click", () => press({ action: button.dataset.press, seconds: button.dataset.seconds }));
}
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const place = { market: one("#market").value, symbol: one("#symbol").value };
    press({ ...place, action: form.dataset.press, ...Object.fromEntries(new FormData(form)) });
  });
}
one("#market").addEventListener("change", () => fill(one("#symbol"), symbols[one("#market").value] ?? []));
one("#filter").addEventListener("input", () => drawJournal(true));
look();
