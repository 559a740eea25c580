// SPDX-License-Identifier: Apache-2.0
// A kiosk's pack: fetched while the server is there, opened without it by what somebody
// can say. What opens it is in memory alone, here and in the worker: whoever has all
// that is stored on this device has no entry of it.

const { asDevice, assertion, encoded, kept, recall } = await import(document.body.dataset.device);
const { newReader, openBox, packed, unpacked } = await import(document.body.dataset.sealedFor);

const WITHIN_MS = 20_000;
const REFUSED_MS = 5_000;
const MOST_AT_ONCE = 20;
const LETTERS = 3;
const TAG_BYTES = 16;
const HASH = "SHA-512";
const bytes = (words) => new TextEncoder().encode(words);
const joined = (...parts) => new Uint8Array(parts.flatMap((one) => [...new Uint8Array(one)]));

// --- what opens it, in memory ------------------------------------------------------------

let held = null;

const controlling = () => navigator.serviceWorker?.controller;

// The worker outlives a page by half a minute, so from one page to the next.
export function hand() {
  if (held) controlling()?.postMessage({ kind: "hold", held });
}

async function secretOf(id) {
  if (held?.id !== id) held = await fromWorker(id);
  return held;
}

function fromWorker(id) {
  return new Promise((resolve) => {
    if (!controlling()) { resolve(null); return; }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(null), 1000);
    controlling().postMessage({ kind: "held", id }, [port2]);
  });
}

// --- fetching it ------------------------------------------------------------------------

// How many people are still missing in it; the server goes on making it.
export async function take() {
  const own = await recall();
  const { key, point } = await newReader();
  const signed = await assertion(own, `wardkeep kiosk pack ${encoded(point)}`);
  const sent = { point: packed(point), assertion: signed };
  const { status, told } = await asDevice("/kiosk/pack", sent, WITHIN_MS);
  if (status !== 200) throw new Error(`pack ${status}`);
  const { box, left, ...pack } = told;
  const identity = `kiosk pack ${pack.organisation} ${pack.id}`;
  const raw = await openBox(key, unpacked(box), identity);
  const mac = { name: "HMAC", hash: HASH };
  const made = await crypto.subtle.importKey("raw", raw, mac, false, ["sign"]);
  raw.fill(0);
  const until = pack.until / 1000;
  // How far this device's clock is from the server's: what it claims later is set right.
  const behind_ms = pack.made_at / 1000 - Date.now();
  // First what opens it: a page may be left at any moment.
  held = { id: pack.id, key: made };
  hand();
  await kept.put({ ...pack, until, behind_ms }, "pack");
  return left;
}

// The pack, with what opens it; null: there is none of today, or nothing to open it with.
export async function ready() {
  const pack = await kept.get("pack");
  const own = pack && (await secretOf(pack.id));
  if (!own) return null;
  if (nowOf(pack) < pack.until) return { pack, key: own.key };
  held = null;
  await kept.drop("pack");
  return null;
}

export const nowOf = (pack) => Date.now() + pack.behind_ms;

// --- opening one entry --------------------------------------------------------------------

// As base/plain_text.py and identity/arrivals.py read a name's beginning.
export function beginning(typed) {
  const plain = typed.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/['`.´ʼ’]/gu, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  return [...plain].slice(0, LETTERS).join("").trim();
}

// What the facts open: null where that is nobody of today.
export async function opened({ pack, key }, { born, family, given = "" }) {
  const fact = bytes([born, beginning(family), beginning(given)].join("\x1f"));
  const base = await crypto.subtle.importKey("raw", fact, "PBKDF2", false, ["deriveBits"]);
  const slow = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt: unpacked(pack.salt), iterations: pack.rounds },
    base, 256);
  const label = bytes(`wardkeep/1/kiosk-pack ${pack.id} `);
  const made = await crypto.subtle.sign("HMAC", key, joined(label, slow));
  const tag = new Uint8Array(made, 0, TAG_BYTES);
  const found = pack.entries.find((one) => isTagged(unpacked(one.slice(0, 24)), tag));
  if (!found) return null;
  const box = unpacked(found).slice(TAG_BYTES);
  const own = await crypto.subtle.importKey(
    "raw", new Uint8Array(made, TAG_BYTES, 32), "AES-GCM", false, ["decrypt"]);
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: box.slice(0, 12), additionalData: tag }, own, box.slice(12));
  const { stops = [], needs_more = false } = JSON.parse(new TextDecoder().decode(plain));
  return { entry: `${pack.id} ${packed(tag)}`, stops, needsMore: needs_more };
}

const isTagged = (raw, tag) => tag.every((one, n) => raw[n] === one);

// --- what was done with it ----------------------------------------------------------------

const CAPTURE = "capture ";

// Kept before anybody is told that they are checked in.
export async function keepCapture(capture) {
  await kept.put(capture, `${CAPTURE}${capture.id}`);
}

export const captures = () => kept.all(CAPTURE);

// Sends what is here; dropped once the server says what came of it. The server knows it
// again by its id, so to send it twice does no harm.
export async function merge() {
  const all = await captures();
  const some = all.slice(0, MOST_AT_ONCE);
  const sent = some.map(({ id, voucher, claimed_at, shown_as }) =>
    ({ id, voucher, claimed_at, shown_as }));
  const { status, told } = await asDevice("/kiosk/merge", { captures: sent }, WITHIN_MS);
  if (status >= 500) throw new Error(`merge ${status}`);
  // The server is there and refuses: asked again in a moment, with a new token.
  if (status !== 200) return { left: all.length, done: 0, again_ms: REFUSED_MS };
  const done = Object.keys(told.became);
  for (const id of done) await kept.drop(`${CAPTURE}${id}`);
  const again_ms = told.speak_again_seconds * 1000;
  return { left: all.length - done.length, done: done.length, again_ms };
}
