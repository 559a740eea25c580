// SPDX-License-Identifier: Apache-2.0
// One stream of events for all pages of a browser: over HTTP/1.1 a browser opens six
// connections to a site, and a seventh page with a stream of its own would hang, with
// every other page of the site. The visible page that holds a lock hears for all.

const LEAD = "wardkeep-live-lead";
const SHOWS = "wardkeep-live-shows ";
const GATHER_MS = 20;
const LONGEST_ASK_MS = 3000;
const FIRST_TRY_MS = 300;
const LONGEST_WAIT_MS = 4000;

const channel = new BroadcastChannel("wardkeep-live");
const me = crypto.randomUUID();

export function hear(wanted, heard) {
  const own = { wanted, heard };
  channel.onmessage = ({ data }) => take(own, data);
  const look = () => (document.hidden ? leave(own) : arrive(own));
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", () => leave(own));
  window.addEventListener("pageshow", look);
  look();
}

// --- being one of the pages ------------------------------------------------------------

// Locks tell who is there, and go with a page that crashes. A hidden page shows nobody
// anything, so nothing is asked for it.
function arrive(own) {
  if (own.gone) return;
  own.gone = new AbortController();
  const { signal } = own.gone;
  const until = new Promise((done) => signal.addEventListener("abort", done));
  const paths = own.wanted().map(([path]) => path);
  navigator.locks.request(SHOWS + JSON.stringify({ me, paths }), () => {
    sayArrived(own);
    return until;
  });
  navigator.locks
    .request(LEAD, { signal }, () => {
      lead(own, signal);
      return until;
    })
    .catch(() => undefined);
}

function sayArrived(own) {
  if (own.gone) say(own, { kind: "arrived", wanted: own.wanted() });
}

function leave(own) {
  own.gone?.abort();
  own.gone = undefined;
  own.heard.lost();
}

// To every page, this one as well.
function say(own, told) {
  channel.postMessage(told);
  take(own, told);
}

function take(own, told) {
  if (told.kind === "roll") sayArrived(own);
  else if (told.kind === "arrived") own.led?.add(told.wanted);
  else if (own.gone) own.heard[told.kind]?.(...told.with);
}

// --- hearing for all -------------------------------------------------------------------

function lead(own, signal) {
  own.led = new Led((kind, ...more) => say(own, { kind, with: more }));
  signal.addEventListener("abort", () => {
    own.led.close();
    own.led = undefined;
  });
  say(own, { kind: "roll" });
}

async function shown() {
  const { held } = await navigator.locks.query();
  const names = held.map((one) => one.name).filter((name) => name.startsWith(SHOWS));
  return new Set(names.flatMap((name) => JSON.parse(name.slice(SHOWS.length)).paths));
}

class Led {
  constructor(tell) {
    this.tell = tell;
    this.seen = new Map();
    this.asking = new Map();
    this.wait = FIRST_TRY_MS;
  }

  // A page has come: it is behind, or its part is heard of already.
  add(wanted) {
    const fresh = wanted.filter(([path]) => !this.seen.has(path));
    for (const [path, seen] of fresh) this.seen.set(path, seen);
    if (fresh.length) {
      clearTimeout(this.again);
      this.again = setTimeout(() => this.open(), GATHER_MS);
      return;
    }
    for (const [path, seen] of wanted) {
      if (seen !== this.seen.get(path)) this.ask(path);
      else if (this.isOpen) this.tell("current", path);
    }
  }

  open() {
    clearTimeout(this.again);
    this.source?.close();
    const asked = new URLSearchParams();
    for (const [path, seen] of this.seen) {
      asked.append("of", path);
      asked.append("seen", seen);
    }
    const source = new EventSource(`/live?${asked}`);
    this.source = source;
    this.isOpen = false;
    const on = (name, act) =>
      source.addEventListener(name, ({ data }) => source === this.source && act(JSON.parse(data)));
    on("begun", (told) => this.began(told));
    on("beat", ({ at }) => this.tell("alive", at));
    on("current", ({ of }) => this.tell("current", of));
    on("changed", ({ of }) => this.ask(of));
    on("part", (told) => this.give(told.of, told));
    on("late", ({ of }) => this.tell("late", of));
    on("refused", ({ of }) => this.tell("late", of));
    source.onerror = () => source === this.source && this.lose();
  }

  began(told) {
    this.isOpen = true;
    this.wait = FIRST_TRY_MS;
    this.tell("alive", told.at);
  }

  lose() {
    this.source.close();
    this.isOpen = false;
    this.tell("lost");
    // Not all at once when a server comes back to a thousand of them.
    const wait = this.wait * (0.5 + Math.random());
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    this.again = setTimeout(() => this.renew(), wait);
  }

  async renew() {
    const paths = await shown();
    for (const path of this.seen.keys()) if (!paths.has(path)) this.seen.delete(path);
    if (this.seen.size) this.open();
  }

  // Once for all pages that show it; what changes meanwhile has it asked once more.
  async ask(path) {
    if (this.asking.has(path)) {
      this.asking.set(path, true);
      return;
    }
    this.asking.set(path, false);
    try {
      await this.askOnce(path);
    } finally {
      const isAgain = this.asking.get(path);
      this.asking.delete(path);
      if (isAgain) this.ask(path);
    }
  }

  async askOnce(path) {
    if (!(await shown()).has(path)) {
      this.seen.delete(path);
      return;
    }
    try {
      const signal = AbortSignal.timeout(LONGEST_ASK_MS);
      const answer = await fetch(path, { redirect: "error", signal });
      if (!answer.ok) throw new Error("refused");
      this.give(path, await answer.json());
    } catch {
      this.tell("late", path);
      const isWanted = () => this.isOpen && this.seen.has(path);
      setTimeout(() => isWanted() && this.ask(path), LONGEST_WAIT_MS);
    }
  }

  give(path, told) {
    this.seen.set(path, told.seen);
    this.tell("part", path, told);
  }

  close() {
    clearTimeout(this.again);
    this.source?.close();
    this.isOpen = false;
  }
}
