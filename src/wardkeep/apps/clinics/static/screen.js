// SPDX-License-Identifier: Apache-2.0
// A waiting room's screen: a key that cannot leave this browser, and who is called.

const DATABASE = "wardkeep-screen";
const EVERY_MS = 600;
const LOST_AFTER_MS = 3000;
const LABEL = "wardkeep/1/sealed-for ";
const pairing = document.getElementById("screen-pairing");
const calling = document.getElementById("screen-calling");
const list = document.getElementById("screen-list");
const state = document.getElementById("screen-state");
const nobody = document.getElementById("screen-nobody");
const bytes = (text) => new TextEncoder().encode(text);
const unpacked = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const packed = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)));
let own;
let heardAt = performance.now();
let heard = "";
let known = new Map();

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

async function post(path, sent) {
  const given = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(sent),
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(LOST_AFTER_MS),
  });
  if (!given.ok) throw new Error(String(given.status));
  return given.json();
}

async function pair(event) {
  event.preventDefault();
  const problem = document.getElementById("screen-problem");
  const curve = { name: "ECDH", namedCurve: "P-256" };
  try {
    const key = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
    const point = await crypto.subtle.exportKey("raw", key.publicKey);
    const code = new FormData(event.target).get("code");
    const { secret } = await post("/screen/pair", { code, key: packed(point) });
    if (!secret) {
      problem.textContent = problem.dataset.wrong;
      return;
    }
    await kept("readwrite", (store) =>
      store.put({ secret, key: key.privateKey }, "screen"));
    window.location.reload();
  } catch {
    problem.textContent = problem.dataset.unreachable;
  }
}

// The box of sealed_for.py: ephemeral point, nonce, ciphertext with its tag.
async function opened(entry, box) {
  const raw = unpacked(box);
  const [point, nonce, sealed] = [raw.slice(0, 65), raw.slice(65, 77), raw.slice(77)];
  const organisation = own.secret.split(".")[0];
  const identity = bytes(`clinic label ${organisation} ${entry}`);
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("raw", point, curve, false, []);
  const shared = await crypto.subtle.deriveBits(
    { name: "ECDH", public: theirs }, own.key, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const info = new Uint8Array([...bytes(LABEL), ...identity]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: point, info },
    base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: nonce, additionalData: identity }, key, sealed);
  return new TextDecoder().decode(plain).replaceAll("\0", "");
}

async function wordsFor({ entry, ticket, box }) {
  if (!box) return `Number ${ticket}`;
  try {
    return await opened(entry, box);
  } catch {
    return `Number ${ticket}`;
  }
}

function chime() {
  try {
    const audio = new AudioContext();
    for (const [n, tone] of [660, 880].entries()) {
      const [source, gain] = [audio.createOscillator(), audio.createGain()];
      source.frequency.value = tone;
      gain.gain.setValueAtTime(0.2, audio.currentTime + n * 0.35);
      gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + n * 0.35 + 0.6);
      source.connect(gain).connect(audio.destination);
      source.start(audio.currentTime + n * 0.35);
      source.stop(audio.currentTime + n * 0.35 + 0.6);
    }
  } catch {
    // A browser without sound shows it all the same.
  }
}

function line(words, one) {
  const item = document.createElement("li");
  const who = document.createElement("strong");
  const where = document.createElement("span");
  who.textContent = words;
  where.textContent = `to ${one.room}`;
  item.append(who, where);
  return item;
}

async function show(called) {
  const now = new Map(called.map((one) => [`${one.entry} ${one.at} ${one.room}`, one]));
  const isNew = [...now.keys()].some((one) => !known.has(one));
  if (!isNew && now.size === known.size) return;
  const lines = await Promise.all(
    called.map(async (one) => line(await wordsFor(one), one)));
  list.replaceChildren(...lines);
  nobody.hidden = called.length > 0;
  if (isNew) chime();
  known = now;
}

function tell() {
  const isLost = performance.now() - heardAt > LOST_AFTER_MS;
  const words = isLost ? state.dataset.lost : `${state.dataset.live} ${heard}`;
  if (state.textContent !== words) state.textContent = words;
  state.classList.toggle("wk-screen__lost", isLost);
  // What may be old is not shown as if it were now.
  list.hidden = isLost;
}

async function look() {
  try {
    const told = await post("/screen/now", { secret: own.secret });
    if (!told.is_let_in) {
      await kept("readwrite", (store) => store.delete("screen"));
      window.location.reload();
      return;
    }
    await show(told.called);
    heard = told.at;
    heardAt = performance.now();
  } catch {
    // The state says it once it has lasted.
  }
  setTimeout(look, EVERY_MS);
}

own = await kept("readonly", (store) => store.get("screen"));
if (own) {
  calling.hidden = false;
  setInterval(tell, 250);
  look();
} else {
  pairing.hidden = false;
  document.getElementById("screen-form").addEventListener("submit", pair);
}
