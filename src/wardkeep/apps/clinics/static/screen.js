// SPDX-License-Identifier: Apache-2.0
// A waiting room's screen: a key that cannot leave this browser, and who is called.

const DATABASE = "wardkeep-screen";
const EVERY_MS = 600;
const LOST_AFTER_MS = 3000;
const STREAM_IS_SILENT_AFTER_MS = 1800;
const STREAM_AGAIN_MS = 500;
const STREAM_LONGEST_PAUSE_MS = 60_000;
const pairing = document.getElementById("screen-pairing");
const calling = document.getElementById("screen-calling");
const list = document.getElementById("screen-list");
const state = document.getElementById("screen-state");
const nobody = document.getElementById("screen-nobody");
const lateness = document.getElementById("screen-late");
const { ownStore, sealedFor } = document.body.dataset;
const { keeper, post } = await import(ownStore);
const { newReader, openBox, packed, unpacked } = await import(sealedFor);
const kept = keeper(DATABASE);
let own;
let heardAt = performance.now();
let heard = "";
let streamedAt = -Infinity;
let known = new Map();
let late = 0;

async function ask(path, sent) {
  const { status, told } = await post(path, sent, { within: LOST_AFTER_MS });
  if (status !== 200) throw new Error(String(status));
  return told;
}

async function pair(event) {
  event.preventDefault();
  const problem = document.getElementById("screen-problem");
  try {
    const { key, point } = await newReader();
    const code = new FormData(event.target).get("code");
    const { secret } = await ask("/screen/pair", { code, key: packed(point) });
    if (!secret) {
      problem.textContent = problem.dataset.wrong;
      return;
    }
    await kept.put({ secret, key }, "screen");
    window.location.reload();
  } catch {
    problem.textContent = problem.dataset.unreachable;
  }
}

async function opened(entry, box) {
  const organisation = own.secret.split(".")[0];
  const identity = `clinic label ${organisation} ${entry}`;
  const plain = await openBox(own.key, unpacked(box), identity);
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
  lateness.hidden = isLost || !late;
  nobody.hidden = isLost || known.size > 0;
}

async function take(told) {
  if (!told.is_let_in) {
    await kept.drop("screen");
    window.location.reload();
    return;
  }
  await show(told.called);
  heard = told.at;
  late = told.late;
  lateness.textContent = lateness.dataset.words.replace("§", late);
  heardAt = performance.now();
}

// --- the stream: a line each second, and at once when anything changes --------------------

async function listen(signal) {
  const given = await fetch("/live/screen", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ secret: own.secret }),
    credentials: "omit",
    redirect: "error",
    signal,
  });
  if (!given.ok) throw new Error(String(given.status));
  const reader = given.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const one of lines) {
      streamedAt = performance.now();
      await take(JSON.parse(one));
    }
  }
  // Who is let in no more gets an answer without a line's end.
  if (rest) await take(JSON.parse(rest));
}

const isStreamed = () => performance.now() - streamedAt < STREAM_IS_SILENT_AFTER_MS;

// A proxy that gathers answers lets no line through: then it is tried less and less.
async function stream() {
  let pause = STREAM_AGAIN_MS;
  for (;;) {
    const begun = performance.now();
    const given = new AbortController();
    const silence = setInterval(() => {
      const since = performance.now() - Math.max(begun, streamedAt);
      if (since > LOST_AFTER_MS) given.abort();
    }, STREAM_AGAIN_MS);
    try {
      await listen(given.signal);
    } catch {
      // Asked instead, below.
    }
    clearInterval(silence);
    pause = streamedAt > begun ? STREAM_AGAIN_MS : Math.min(pause * 2, STREAM_LONGEST_PAUSE_MS);
    // Not all at once when a server comes back.
    await new Promise((go) => setTimeout(go, pause * (0.5 + Math.random())));
  }
}

// --- asked: as long as no stream comes through --------------------------------------------

async function look() {
  const begun = performance.now();
  if (!isStreamed()) {
    try {
      const told = await ask("/screen/now", { secret: own.secret });
      if (streamedAt < begun) await take(told);
    } catch {
      // The state says it once it has lasted.
    }
  }
  setTimeout(look, EVERY_MS);
}

own = await kept.get("screen");
if (own) {
  calling.hidden = false;
  setInterval(tell, 250);
  look();
  stream();
} else {
  pairing.hidden = false;
  document.getElementById("screen-form").addEventListener("submit", pair);
}
