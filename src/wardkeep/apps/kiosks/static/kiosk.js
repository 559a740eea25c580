// SPDX-License-Identifier: Apache-2.0
// A kiosk: a key that cannot leave this browser, and one question.

const DATABASE = "wardkeep-kiosk";
const WIPE_AFTER_MS = 10_000;
const POLL_EVERY_MS = 2_000;
const LEEWAY_SECONDS = 30;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const pairing = document.getElementById("kiosk-pairing");
const asking = document.getElementById("kiosk-asking");
const form = document.getElementById("kiosk-form");
const answer = document.getElementById("kiosk-answer");
let token = { value: "", until: 0 };
let wiping;

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
  pairing.hidden = false;
  const { key, jwk } = await newKey();
  const { status, told } = await post("/kiosk/pair/begin", { jwk });
  if (status !== 200) throw new Error("pairing");
  document.getElementById("kiosk-code").textContent =
    `${told.code.slice(0, 4)} ${told.code.slice(4)}`;
  const until = Date.now() + told.seconds * 1000;
  while (Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
    const polled = await post("/kiosk/pair/poll", { secret: told.secret });
    if (polled.status !== 200) break;
    if (polled.told.client_id && polled.told.client_id !== "-") {
      await remember({ key, id: polled.told.client_id });
      return start();
    }
  }
  return window.location.reload();
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
  window.location.reload();
  return new Promise(() => {});
}

function wipe() {
  clearTimeout(wiping);
  form.reset();
  answer.hidden = true;
  answer.textContent = "";
}

function say(outcome) {
  answer.textContent = answer.dataset[outcome.replace(/-(.)/g, (_, a) => a.toUpperCase())]
    ?? answer.dataset.unreachable;
  answer.hidden = false;
  clearTimeout(wiping);
  wiping = setTimeout(wipe, WIPE_AFTER_MS);
}

function typedDate(typed) {
  const found = /^\s*(\d{1,2})\D+(\d{1,2})\D+(\d{4})\s*$|^\s*(\d\d)(\d\d)(\d{4})\s*$/.exec(typed);
  if (!found) return "";
  const [day, month, year] = found.slice(1).filter(Boolean);
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

async function ask(event) {
  event.preventDefault();
  const typed = Object.fromEntries(new FormData(form));
  const born = typedDate(typed.born);
  if (!born) return say("unreadable");
  try {
    const bearer = await signIn(await recall());
    const { status, told } = await post(
      "/kiosk/check-in",
      { born, initial: typed.initial },
      { Authorization: `Bearer ${bearer}` },
    );
    if (status === 401) token = { value: "", until: 0 };
    form.reset();
    return say(status === 200 ? told.outcome : "unreachable");
  } catch {
    return say("unreachable");
  }
}

async function start() {
  const own = await recall();
  if (!own) return pair();
  pairing.hidden = true;
  asking.hidden = false;
  form.addEventListener("submit", ask);
  form.addEventListener("input", () => {
    clearTimeout(wiping);
    wiping = setTimeout(wipe, WIPE_AFTER_MS);
  });
  return undefined;
}

start().catch(() => say("unreachable"));
