// SPDX-License-Identifier: Apache-2.0
// Check-in: a key that cannot leave this browser, two facts, and a screen that forgets.
// Nothing about a person is kept: what was typed lives in the page, and goes with it.

const DATABASE = "wardkeep-kiosk";
const IDLE_MS = 20_000;
const WIPE_SECONDS = 10;
const TOLD_MS = 10_000;
const POLL_EVERY_MS = 2_000;
const LEEWAY_SECONDS = 30;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const START = "/kiosk";
const page = document.body.dataset;
const isKiosk = page.at === "kiosk";
const byId = (id) => document.getElementById(id);
const one = (selector) => document.querySelector(selector);
let token = { value: "", until: 0 };

// The device's key

function kept(mode, work) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("own");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asked = work(opening.result.transaction("own", mode).objectStore("own"));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    };
  });
}

const recall = () => kept("readonly", (store) => store.get("kiosk"));
const remember = (one) => kept("readwrite", (store) => store.put(one, "kiosk"));
const forget = () => kept("readwrite", (store) => store.delete("kiosk"));

async function post(path, sent, headers = {}) {
  const given = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(sent),
    credentials: "omit",
    redirect: "error",
  });
  return { status: given.status, told: await given.json() };
}

async function newKey() {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, false, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { key: pair.privateKey, jwk: { kty, crv, x, y, kid: "kiosk" } };
}

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
      await remember({ key, id: polled.told.client_id });
      break;
    }
  }
  window.location.reload();
}

const encoded = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const text = (value) => encoded(new TextEncoder().encode(JSON.stringify(value)));

async function assertion({ key, id }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: id, sub: id, aud: `${window.location.origin}/oauth/token`,
    iat: now, exp: now + 60, jti: crypto.randomUUID(),
  };
  const body = `${text({ alg: "ES256", kid: "kiosk", typ: "JWT" })}.${text(claims)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(
    algorithm, key, new TextEncoder().encode(body),
  );
  return `${body}.${encoded(signature)}`;
}

async function signIn(own) {
  if (Date.now() < token.until) return token.value;
  const given = await fetch("/oauth/token", {
    method: "POST",
    credentials: "omit",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertion(own),
    }),
  });
  if (given.status === 401) return ended();
  if (!given.ok) throw new Error("sign-in");
  const told = await given.json();
  const lasts = (told.expires_in - LEEWAY_SECONDS) * 1000;
  token = { value: told.access_token, until: Date.now() + lasts };
  return token.value;
}

// An administrator ended this kiosk: it may be paired anew.
async function ended() {
  await forget();
  leave();
  return new Promise(() => {});
}

async function asDevice(path, sent) {
  const own = await recall();
  if (!own) return ended();
  const bearer = await signIn(own);
  const given = await post(path, sent, { Authorization: `Bearer ${bearer}` });
  if (given.status === 401) token = { value: "", until: 0 };
  return given;
}

// The screen forgets

function leave() {
  sessionStorage.clear();
  const ticket = byId("visit")?.elements.ticket.value;
  // Whoever goes back finds that it is over.
  if (ticket) navigator.sendBeacon("/check-in/leave", new URLSearchParams({ ticket }));
  window.location.replace(START);
}

function tell(words, isLast = isKiosk) {
  const told = one("[data-told]");
  told.textContent = words;
  told.hidden = false;
  setTimeout(isLast ? leave : () => { told.hidden = true; }, TOLD_MS);
}

function watchOver() {
  const wiping = one("[data-wiping]");
  if (!wiping || page.wipes === "no") return;
  const seconds = wiping.querySelector("[data-seconds]");
  const isAtOnce = page.wipes === "now";
  let waiting;
  let counting;
  const count = () => {
    let left = WIPE_SECONDS;
    seconds.textContent = left;
    wiping.hidden = false;
    counting = setInterval(() => {
      left -= 1;
      seconds.textContent = left;
      if (left <= 0) leave();
    }, 1000);
  };
  const again = (delay) => {
    clearTimeout(waiting);
    clearInterval(counting);
    wiping.hidden = true;
    waiting = setTimeout(count, delay);
  };
  for (const kind of ["pointerdown", "keydown", "input"])
    document.addEventListener(kind, (event) => {
      if (!event.target.closest?.("[data-more-time]")) again(IDLE_MS);
    });
  one("[data-more-time]").addEventListener("click", () => again(IDLE_MS));
  if (isAtOnce) count(); else again(IDLE_MS);
}

// Who somebody is

function typedDate(typed) {
  const found = /^\s*(\d{1,2})\D+(\d{1,2})\D+(\d{4})\s*$|^\s*(\d\d)\s*(\d\d)\s*(\d{4})\s*$/.exec(typed);
  if (!found) return "";
  const [day, month, year] = found.slice(1).filter(Boolean);
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

let isAsking = false;

// A hand that shakes presses twice: the second question would end the first one's ticket.
async function ask(event) {
  event.preventDefault();
  if (isAsking) return;
  isAsking = true;
  await askOnce();
  isAsking = false;
}

async function askOnce() {
  const sent = Object.fromEntries(new FormData(byId("facts")));
  const born = typedDate(sent.born);
  if (!born) return hint(page.unreadable);
  try {
    const { status, told } = await asDevice("/kiosk/check-in", { ...sent, born });
    if (status !== 200) return tell(page.unreachable);
    if (told.outcome === "one-more") return askOneMore();
    if (told.outcome !== "go-on") return tell(told.outcome === "wait" ? page.wait : page.desk);
    const onward = byId("onward");
    onward.elements.ticket.value = told.ticket;
    byId("facts").reset();
    return onward.submit();
  } catch {
    return tell(page.unreachable);
  }
}

function hint(words) {
  byId("born-hint").textContent = words;
  byId("born-hint").setAttribute("role", "alert");
  byId("born").focus();
}

function askOneMore() {
  byId("one-more").hidden = false;
  byId("given").focus();
}

function setUpFacts(form) {
  let current = byId("born");
  const digits = one('[data-keys="digits"]');
  const letters = one('[data-keys="letters"]');
  const choose = (field) => {
    current = field;
    digits.hidden = field.id !== "born";
    letters.hidden = field.id === "born";
    for (const other of form.querySelectorAll(".ci-field"))
      other.classList.toggle("is-current", other.contains(field));
  };
  const write = (key) => {
    const plain = current.value.replaceAll(" ", "") + key;
    if (current.id !== "born") {
      current.value = plain.slice(0, 12);
      return;
    }
    const parts = [plain.slice(0, 2), plain.slice(2, 4), plain.slice(4, 8)];
    current.value = parts.filter(Boolean).join(" ");
    if (plain.length >= 8) choose(byId("family"));
  };
  for (const field of form.querySelectorAll("input"))
    field.addEventListener("focus", () => choose(field));
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-key], [data-delete]");
    if (!pressed) return;
    if (pressed.dataset.key) write(pressed.dataset.key);
    else current.value = current.value.trimEnd().slice(0, -1).trimEnd();
  });
  form.addEventListener("submit", ask);
  choose(current);
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

// Help, larger text, reading aloud

function setUpTools() {
  one("[data-help]")?.addEventListener("click", async () => {
    try {
      const { status } = await asDevice("/kiosk/help", {});
      // Whoever waits for help keeps what they typed; the countdown clears it.
      tell(status === 200 ? page.helpCalled : page.unreachable, false);
    } catch {
      tell(page.unreachable, false);
    }
  });
  const larger = one("[data-larger]");
  const enlarge = (is) => {
    document.documentElement.classList.toggle("ci--larger", is);
    larger?.setAttribute("aria-pressed", String(is));
  };
  enlarge(sessionStorage.getItem("larger") === "yes");
  larger?.addEventListener("click", () => {
    const is = sessionStorage.getItem("larger") !== "yes";
    sessionStorage.setItem("larger", is ? "yes" : "no");
    enlarge(is);
  });
  const listen = one("[data-listen]");
  if (listen && "speechSynthesis" in window) {
    listen.hidden = false;
    listen.addEventListener("click", () => {
      const said = new SpeechSynthesisUtterance(byId("ci-words").innerText);
      said.lang = document.documentElement.lang;
      speechSynthesis.cancel();
      speechSynthesis.speak(said);
    });
  }
}

function setUpVisit() {
  const changed = one("[data-changed]");
  if (!changed) return;
  const look = () => { changed.hidden = !byId("details-changed").checked; };
  byId("visit").addEventListener("change", look);
  look();
}

async function start() {
  for (const link of document.querySelectorAll("[data-leave]"))
    link.addEventListener("click", (event) => { event.preventDefault(); leave(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted && isKiosk) leave(); });
  setUpTools();
  setUpVisit();
  for (const form of document.querySelectorAll('form[method="post"]')) sendOnce(form);
  watchOver();
  const again = one("[data-look-again]");
  if (again) setTimeout(() => window.location.reload(), again.dataset.lookAgain * 1000);
  one("[data-at-once]")?.click();
  const facts = byId("facts");
  if (facts) setUpFacts(facts);
  if (!byId("kiosk-asking")) return;
  if (!(await recall())) { await pair(); return; }
  byId("kiosk-title").hidden = false;
  byId("kiosk-asking").hidden = false;
}

start().catch(() => tell(page.unreachable));
