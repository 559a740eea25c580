// SPDX-License-Identifier: Apache-2.0
// A car's list as it lies on the phone: sealed under what the passkey alone makes of a
// salt (WebAuthn's prf extension), which no server ever sees. Chromium writes keys that
// scripts cannot read in the clear into its profile, so none is stored: each is made
// anew from the passkey and held in the page's memory, and goes with the page.

const signal = document.getElementById("signal");
const { keeper, post } = await import(signal.dataset.ownStore);
const { packed } = await import(signal.dataset.sealedFor);

// What the sign-in page takes away when somebody signed out has this beginning.
const list = keeper("wardkeep-until-sign-out car-list");
// What somebody typed outlives the list: it goes when it is in, or when they say so.
const typed = keeper("wardkeep-car-words");
const VISIT = "visit ";
const WORDS = "words ";
const HALF = `${WORDS}half `;
const MOST = 40;
const CLOCK_MATTERS_MS = 60_000;
const bytes = (text) => new TextEncoder().encode(text);
const SALT = bytes("wardkeep/1/car-list-on-a-phone");
const ASKS_EVERY_MS = 60_000;
let keys = null;
let asked = 0;

// --- keys, in memory alone ------------------------------------------------------------

async function keyOf(secret, salt, label) {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: bytes(`wardkeep/1/${label}`) },
    base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function seal(key, value, identity) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const named = { name: "AES-GCM", iv, additionalData: bytes(identity) };
  const box = await crypto.subtle.encrypt(named, key, bytes(JSON.stringify(value)));
  return { iv, box };
}

async function open(key, { iv, box }, identity) {
  const named = { name: "AES-GCM", iv, additionalData: bytes(identity) };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(named, key, box)));
}

// Asks the passkey here: no server, so nothing proves itself but that the boxes open.
async function secretFrom({ credential, rpId }) {
  const publicKey = {
    challenge: crypto.getRandomValues(new Uint8Array(32)),
    rpId,
    allowCredentials: [{ type: "public-key", id: credential }],
    userVerification: "required",
    extensions: { prf: { eval: { first: SALT } } },
  };
  const given = await navigator.credentials.get({ publicKey });
  const secret = given.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw new Error("no secret");
  return secret;
}

const ofList = ({ id, account, car }) => `car list ${id} ${account} ${car}`;
const ofVisit = (found, entry) => `${ofList(found)} ${entry}`;

// What takes a list and what tidies up do not meet, in whichever tab.
const alone = (work) => navigator.locks.request("wardkeep-car-list", work);

export const lock = () => { keys = null; };

// --- what lies here -------------------------------------------------------------------

// The device's clock as the server's was when the list was taken.
export function nowOf(found) {
  const behind = found ? found.made_at - found.taken_at : 0;
  return Date.now() + (Math.abs(behind) < CLOCK_MATTERS_MS ? 0 : behind);
}

// The list without its visits; null: none lies here, or its time is over.
export function lies() {
  return alone(async () => {
    const found = await list.get("list");
    if (found && nowOf(found) < found.until) return { ...found, many: (await boxes()).length };
    // Its time is over, or the phone ended while it was being taken.
    await forget();
    return null;
  });
}

const boxes = () => list.all(VISIT);
export const entries = async () => (await boxes()).map(({ entry }) => entry);

export async function forget() {
  await list.clear();
}

// A visit that is over: where somebody lives leaves the phone.
export const drop = (entry) => list.drop(`${VISIT}${entry}`);

// How far a visit is since the list was taken: a step and when, beside its box.
export async function mark({ entry, step, at }) {
  const one = await list.get(`${VISIT}${entry}`);
  if (one) await list.put({ ...one, after: { entry, step, at } }, `${VISIT}${entry}`);
}

export const marks = async () =>
  Object.fromEntries((await boxes()).map(({ entry, after }) => [entry, after]));

// What is on the list of whoever asks; a colleague's page tidies nothing of it away.
export async function keepOnly(onList, me) {
  if ((await list.get("list"))?.me !== me) return;
  for (const one of await entries()) if (!onList.includes(one)) await drop(one);
}

// --- taking it along ------------------------------------------------------------------

// "taken", or "no-secret": this passkey cannot keep it, and nothing was given.
export async function take(form, { performWithSecret, post: ask }) {
  const fields = Object.fromEntries(new FormData(form));
  const made = await performWithSecret(form.dataset, fields, SALT);
  if (!made) return "no-secret";
  const { visits, ...told } = await ask(form.dataset.pack, {});
  const found = {
    id: crypto.randomUUID(),
    account: told.account,
    me: told.me,
    car: told.car,
    made_at: told.made_at,
    taken_at: Date.now(),
    until: told.until,
    left_out: told.left_out,
    voucher: told.voucher,
    credential: made.id,
    rpId: made.rpId,
    salt: crypto.getRandomValues(new Uint8Array(32)),
  };
  await alone(() => put(found, made.secret, visits, told));
  await hold(found, made.secret);
  await navigator.storage?.persist?.();
  return "taken";
}

async function put(found, secret, visits, { outcomes, longest_note, longest_why }) {
  const key = await keyOf(secret, found.salt, `car-list ${found.id}`);
  await list.clear();
  for (const [nth, one] of visits.entries()) {
    const sealed = await seal(key, one, ofVisit(found, one.entry));
    await list.put({ entry: one.entry, nth, ...sealed }, `${VISIT}${one.entry}`);
  }
  const choices = await seal(key, { outcomes, longest_note, longest_why }, ofList(found));
  // Last: what has no such line is no list.
  await list.put({ ...found, choices }, "list");
}

async function hold(found, secret) {
  const name = `lock ${found.me} ${packed(found.credential)}`;
  let own = await typed.get(name);
  if (!own) {
    const { me, account, credential, rpId } = found;
    own = { me, account, credential, rpId, salt: crypto.getRandomValues(new Uint8Array(32)) };
    await typed.put(own, name);
  }
  const words = await keyOf(secret, own.salt, `car-words ${own.account}`);
  keys = { ...keys, words, lock: name, me: found.me };
}

// Opens the list with the passkey: its visits in their order, and what may come of them.
export async function unlock() {
  const found = await lies();
  if (!found) return null;
  const secret = await secretFrom(found);
  const key = await keyOf(secret, found.salt, `car-list ${found.id}`);
  const choices = await open(key, found.choices, ofList(found));
  await hold(found, secret);
  const there = (await boxes()).sort((one, other) => one.nth - other.nth);
  const visits = [];
  for (const one of there)
    visits.push({ ...(await open(key, one, ofVisit(found, one.entry))), after: one.after });
  return { found, visits, ...choices };
}

// --- words ----------------------------------------------------------------------------

// Sealed and on the disk before anybody is told that it is kept.
export async function keepWords({ entry, number, step, words, code = "", at }) {
  const id = crypto.randomUUID();
  const act = { id, entry, number, step, words, code, at };
  const sealed = await seal(keys.words, act, id);
  const name = `${WORDS}${String(Date.now()).padStart(15, "0")} ${id}`;
  await typed.put({ id, name, me: keys.me, lock: keys.lock, ...sealed }, name);
}

const ofMe = async (me) => (await typed.all(WORDS)).filter((one) => one.me === me);

// How many wait, how many of them this page cannot send, and what is only half typed.
export async function waiting(me) {
  const all = await ofMe(me);
  const [begun, kept] = [all.filter(({ half }) => half), all.filter(({ half }) => !half)];
  const shutOf = (some) => some.filter(({ lock }) => keys?.lock !== lock).length;
  const many = kept.filter(({ fell }) => !fell).length;
  return { many, shut: shutOf(kept), half: begun.length, shutHalf: shutOf(begun) };
}

async function opened(me, isWanted) {
  const mine = (await ofMe(me)).filter((one) => isWanted(one) && keys?.lock === one.lock);
  return Promise.all(mine.map(async (one) =>
    ({ ...(await open(keys.words, one, one.id)), name: one.name, isHalf: Boolean(one.half), why: one.fell })));
}

// What does not fit any more, and what was never finished.
export const fallen = (me) => opened(me, ({ fell, half }) => fell || half);
export const halves = (me) => opened(me, ({ half }) => half);

// What is half typed, as it is now: one row, sealed as all words are, and sent by nobody.
// The name of its row; without words it has none.
export async function keepHalf({ name, entry, number, step, words, code, at }) {
  if (!keys?.words) return name;
  if (!words.trim() && !code) {
    if (name) await settled(name);
    return undefined;
  }
  const { words: key, me, lock: under } = keys;
  const id = crypto.randomUUID();
  const sealed = await seal(key, { id, entry, number, step, words, code, at }, id);
  const row = name ?? `${HALF}${id}`;
  await typed.put({ id, name: row, me, lock: under, half: true, ...sealed }, row);
  return row;
}

export const settled = (name) => typed.drop(name);

// The passkey opens what was typed, also after the list's time is over.
export async function unlockWords(me) {
  const first = (await ofMe(me)).find((one) => keys?.lock !== one.lock);
  if (!first) return;
  const own = await typed.get(first.lock);
  const words = await keyOf(await secretFrom(own), own.salt, `car-words ${own.account}`);
  keys = { ...keys, words, lock: first.lock, me };
}

// Sends what this page can open, but for visits of which presses still wait; each goes
// once the server says that it is in. What does not fit any more stays until its author
// says that it is written elsewhere.
export async function bringWords(me, sent, waits) {
  const some = (await ofMe(me)).filter((one) => !one.fell && !one.half && keys?.lock === one.lock);
  const acts = [];
  for (const one of some) {
    const act = await open(keys.words, one, one.id);
    if (!waits.includes(act.entry) && acts.length < MOST) acts.push(act);
  }
  if (!acts.length) return false;
  const { became, on_list: onList } = await sent(
    acts.map(({ id, entry, step, words, code, at }) => ({ id, entry, step, words, code, at })));
  for (const one of some) {
    const told = became[one.id];
    if (told === "in" || told === "in-before") await typed.drop(one.name);
    else if (told) await typed.put({ ...one, fell: told }, one.name);
  }
  if (onList) await keepOnly(onList, me);
  return Object.keys(became).length > 0;
}

// --- whether it is to stay ------------------------------------------------------------

// Asked at each contact: whose account was frozen, or who left, has no list any more.
export async function ask() {
  const found = await list.get("list");
  if (!found || Date.now() - asked < ASKS_EVERY_MS) return;
  const { status, told } = await post("/home-visits/mine/still", { voucher: found.voucher });
  asked = Date.now();
  if (status === 200 && !told.stays) await forget();
}
