// SPDX-License-Identifier: Apache-2.0
// What was typed and is not confirmed yet, kept on this device: sealed, and of no use to
// whoever sits down here next. The key is never kept: the server gives it anew, at the
// door, to the account whose draft it is.

const NAME = "wardkeep-notes";
const TEXTS = "texts";
const MOST_KEEPALIVE_BYTES = 60_000;

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(TEXTS, { keyPath: ["draft", "editor"] });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("blocked"));
  });
}

// "strict": on the disk when it is done, and not in a queue of the machine.
async function within(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const turn = database.transaction(TEXTS, mode, { durability: "strict" });
      const asked = act(turn.objectStore(TEXTS));
      turn.oncomplete = () => resolve(asked && asked.result);
      turn.onerror = () => reject(turn.error);
      turn.onabort = () => reject(turn.error);
    });
  } finally {
    database.close();
  }
}

export function keep(text) {
  return within("readwrite", (store) => store.put(text));
}

// Off the device once the server has this one or a later one of the same window.
export function release(text, confirmed) {
  return within("readwrite", (store) => {
    const place = [text.draft, text.editor];
    store.get(place).onsuccess = (event) => {
      const there = event.target.result;
      if (there && there.number <= confirmed) store.delete(place);
    };
  });
}

export function all() {
  return within("readonly", (store) => store.getAll());
}

const BY_STATUS = { 401: "asleep", 403: "signed-out", 404: "not-yours", 413: "too-long" };

// How the server answered: { is: "saved", told } or { is: why not }.
export async function post(text, { isLeaving = false } = {}) {
  const body = JSON.stringify({
    editor: text.editor,
    number: text.number,
    box: text.box,
    over: text.over,
  });
  try {
    const answer = await fetch(`/notes/drafts/${text.draft}/save`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      redirect: "error",
      keepalive: isLeaving && body.length < MOST_KEEPALIVE_BYTES,
      signal: AbortSignal.timeout(15_000),
    });
    if (answer.ok) return { is: "saved", told: await answer.json() };
    return { is: BY_STATUS[answer.status] || "unreachable" };
  } catch {
    return { is: "unreachable" };
  }
}

// When each draft was last brought in by a window of this browser. A page that was asked
// for before that may be drawn without it, and finds nothing on the device any more.
const BROUGHT = "wardkeep-brought";
const A_WHILE_MS = 60_000;

function broughtSince(moment) {
  const known = Object.entries(JSON.parse(localStorage.getItem(BROUGHT) || "{}"));
  return known.filter(([, at]) => at >= moment);
}

function noteBrought(draft) {
  const lately = Object.fromEntries(broughtSince(Date.now() - A_WHILE_MS));
  localStorage.setItem(BROUGHT, JSON.stringify({ ...lately, [draft]: Date.now() }));
}

// Send on what an earlier window of this account left here; which drafts got new words
// since this page was asked for.
export async function bringIn(account) {
  const drafts = new Set();
  for (const text of await all()) {
    if (text.account !== account) continue;
    const answer = await post(text);
    if (answer.is !== "saved") continue;
    noteBrought(text.draft);
    await release(text, answer.told.number);
    // Also where the server has it by now: a page that was left in the middle of this sent
    // it, and the page that came next was drawn before it was in. Released, it is once.
    drafts.add(text.draft);
  }
  for (const [draft] of broughtSince(performance.timeOrigin)) drafts.add(draft);
  return drafts;
}

// On a list of drafts: bring in what is here, and show the list as it is then.
// Whoever follows a link meanwhile goes there: loading anew would hold them back here.
const list = document.querySelector("[data-bring-in]");
if (list) {
  let isLeft = false;
  window.addEventListener("beforeunload", () => {
    isLeft = true;
  });
  window.addEventListener("pageshow", (event) => {
    isLeft = isLeft && !event.persisted;
  });
  try {
    if ((await bringIn(list.dataset.bringIn)).size && !isLeft) window.location.reload();
  } catch {
    // A browser that keeps nothing has nothing to bring in.
  }
}
