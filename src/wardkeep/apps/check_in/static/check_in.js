// SPDX-License-Identifier: Apache-2.0
// Check-in: two facts, and a screen that forgets. What was typed lives in the page and
// goes with it. A kiosk keeps its key, and a pack that only facts open.

const page = document.body.dataset;
const {
  TOLD_MS, askOneMore, byId, hint, isKiosk, lookAgain, one, setUpFacts, setUpTools,
  tell, typedDate, watchOver,
} = await import(page.screen);
const { asDevice, kept, newKey, recall } = isKiosk ? await import(page.device) : {};
const pack = isKiosk ? await import(page.pack) : null;
const { post } = await import(page.ownStore);

const POLL_EVERY_MS = 2_000;
const HAND_EVERY_MS = 10_000;
const SPEAKS_EVERY_MS = 30_000;
const TAKES_EVERY_MS = 600_000;
const TAKES_THE_REST_MS = 5_000;
const BROKEN = 500;
const START = "/kiosk";
const WORKER = "/kiosk/worker.js";
const PRINTER = "printer";
const WHERE = "where";
const WAY_MARKS = ["class", "lang", "dir"];

// A device that is let in

async function pair() {
  byId("kiosk-pairing").hidden = false;
  const { key, jwk } = await newKey();
  const { status, told } = await post("/kiosk/pair/begin", { jwk });
  if (status !== 200) throw new Error("pairing");
  byId("kiosk-code").textContent = `${told.code.slice(0, 4)} ${told.code.slice(4)}`;
  const until = Date.now() + told.seconds * 1000;
  while (Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    const polled = await post("/kiosk/pair/poll", { secret: told.secret });
    if (polled.status !== 200) break;
    if (polled.told.client_id) {
      await kept.put({ key, id: polled.told.client_id }, "kiosk");
      break;
    }
  }
  window.location.reload();
}

// Ready for when the server is gone

async function work() {
  if (!("serviceWorker" in navigator)) return;
  const policy = trustedTypes.createPolicy("kiosk-worker", {
    createScriptURL: (name) => {
      if (name !== WORKER) throw new TypeError(name);
      return name;
    },
  });
  await navigator.serviceWorker.register(policy.createScriptURL(WORKER), { scope: "/" });
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller) return;
  await new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
    setTimeout(resolve, POLL_EVERY_MS);
  });
}

async function takePack() {
  let again = TAKES_EVERY_MS;
  try {
    if (await pack.take()) again = TAKES_THE_REST_MS;
    navigator.serviceWorker.controller?.postMessage({ kind: "renew" });
  } catch {
    again = SPEAKS_EVERY_MS;
  }
  setTimeout(takePack, again);
}

// Says that the kiosk is there, and brings what was done without the server.
async function speak() {
  try {
    const { left, done, again_ms } = await pack.merge();
    setTimeout(speak, left && done ? POLL_EVERY_MS : again_ms);
  } catch {
    await goOn();
    setTimeout(speak, SPEAKS_EVERY_MS);
  }
}

// To the kiosk's own page, where there is one and a pack that can be opened.
async function goOn() {
  if (!navigator.serviceWorker?.controller || !(await pack.ready())) return false;
  window.location.replace(`${START}?again`);
  return true;
}

async function keepReady() {
  const found = await pack.ready();
  pack.hand();
  setInterval(pack.hand, HAND_EVERY_MS);
  const age = found ? pack.nowOf(found.pack) - found.pack.made_at / 1000 : Infinity;
  if (age < TAKES_EVERY_MS) setTimeout(takePack, TAKES_EVERY_MS - age);
  else takePack();
}

// Who somebody is

async function ask() {
  const sent = Object.fromEntries(new FormData(byId("facts")));
  const born = typedDate(sent.born);
  if (!born) { hint(page.unreadable); return; }
  try {
    const { status, told } = await asDevice("/kiosk/check-in", { ...sent, born });
    if (status >= BROKEN) throw new Error(String(status));
    if (status !== 200) tell(page.unreachable);
    else if (told.outcome === "one-more") askOneMore();
    else if (told.outcome === "go-on") goOnWith(told.ticket);
    else if (told.outcome === "wait") tell(page.wait);
    else if (!lookAgain(page.notFound)) tell(page.desk);
  } catch {
    if (!(await goOn())) tell(page.unreachable);
  }
}

function goOnWith(ticket) {
  const onward = byId("onward");
  onward.elements.ticket.value = ticket;
  byId("facts").reset();
  onward.submit();
}

// What is sent twice would be told that it is over: a link and a ticket are good once.
function sendOnce(form) {
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
    setTimeout(() => { isSent = false; }, TOLD_MS);
  });
  window.addEventListener("pageshow", () => { isSent = false; });
}

function setUpHelp() {
  one("[data-help]")?.addEventListener("click", async () => {
    try {
      const { status } = await asDevice("/kiosk/help", {});
      // Whoever waits for help keeps what they typed; the countdown clears it.
      tell(status === 200 ? page.helpCalled : page.unreachable, false);
    } catch {
      tell(page.unreachable, false);
    }
  });
}

// Paper: everywhere but at a kiosk that has no printer, where a dialogue would be asked
// of whoever stands there. Who sets it up opens /kiosk?printer=yes on it once.
async function setUpPrinting() {
  const asked = isKiosk && new URLSearchParams(window.location.search).get("printer");
  if (asked === "yes") await kept.put(true, PRINTER);
  if (asked === "no") await kept.drop(PRINTER);
  const button = one("[data-print]");
  if (!button || (isKiosk && !(await kept.get(PRINTER)))) return;
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A phone takes along where to go: the page that it waits on knows a place in a queue,
// and not which clinic's. It goes with the tab.
function setUpWaiting() {
  const onward = one("[data-onward]");
  if (onward) {
    const lines = [...document.querySelectorAll("[data-where] > *")];
    sessionStorage.setItem(WHERE, JSON.stringify(lines.map(said)));
    window.location.replace(onward.href);
  }
  const known = JSON.parse(sessionStorage.getItem(WHERE) ?? "[]");
  one("[data-where-kept]")?.replaceChildren(...known.map(drawn));
}

const said = (node) => node.nodeType === Node.TEXT_NODE ? node.data : {
  tag: node.localName,
  kept: WAY_MARKS.map((name) => [name, node.getAttribute(name)]).filter(([, is]) => is),
  of: [...node.childNodes].map(said),
};

function drawn(one_) {
  if (typeof one_ === "string") return one_;
  const node = document.createElement(one_.tag);
  for (const [name, value] of one_.kept) node.setAttribute(name, value);
  node.replaceChildren(...one_.of.map(drawn));
  return node;
}

function setUpVisit() {
  const changed = one("[data-changed]");
  if (!changed) return;
  const look = () => { changed.hidden = !byId("details-changed").checked; };
  byId("visit").addEventListener("change", look);
  look();
}

async function start() {
  setUpTools();
  setUpHelp();
  setUpVisit();
  setUpWaiting();
  await setUpPrinting().catch(() => {});
  for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form);
  watchOver();
  const again = one("[data-look-again]");
  if (again) setTimeout(() => window.location.reload(), again.dataset.lookAgain * 1000);
  one("[data-at-once]")?.click();
  const facts = byId("facts");
  if (facts) setUpFacts(facts, ask);
  if (!byId("kiosk-asking")) {
    if (isKiosk && (await recall())) await keepReady();
    return;
  }
  if (!(await recall())) { await pair(); return; }
  byId("kiosk-title").hidden = false;
  byId("kiosk-asking").hidden = false;
  await work().catch(() => {});
  await keepReady();
  await speak();
}

start().catch(() => tell(page.unreachable));
