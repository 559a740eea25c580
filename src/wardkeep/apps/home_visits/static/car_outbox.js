// SPDX-License-Identifier: Apache-2.0
// What is pressed on a car's list where there is no signal: kept on the phone, and
// brought in once, in its order. It names nobody: the id of a case, which button, when.
// What has words lies sealed (car_phone.js) and comes in after the presses.

const AGAIN_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
const MOST = 40;
const ACTS = "wardkeep-car-acts ";
const DROPPED = "wardkeep-car-dropped ";
export const AFTER = {
  "set-off": { state: "on-the-way", words: "On the way", next: ["arrive"] },
  arrive: { state: "arrived", words: "At the home", next: ["safe", "leave"] },
  safe: { state: "arrived", words: "At the home", next: ["safe", "leave"] },
  leave: { state: "awaiting-action", words: "Left, outcome to be written", next: [] },
};
export const NEXT = { booked: ["set-off", "arrive"], "on-the-way": ["arrive"], arrived: ["safe", "leave"] };
const WORDS = {
  "set-off": "Set off",
  arrive: "I have arrived",
  safe: "All is well with me",
  leave: "I have left",
};

const AN_HOUR = 3600000;
const local = (ms) =>
  new Date(ms).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "Europe/London",
  });
// As time_of_day.py says it: which of the two, in the hour that comes twice.
export const clock = (at) => {
  const ms = new Date(at).getTime();
  const said = local(ms);
  if (local(ms + AN_HOUR) === said) return `${said} summer time (BST)`;
  if (local(ms - AN_HOUR) === said) return `${said} winter time (GMT)`;
  return said;
};
const read = (name) => JSON.parse(localStorage.getItem(name) ?? "[]");
const store = (name, acts) => localStorage.setItem(name, JSON.stringify(acts));

// Whoever pressed something on this phone that is not in yet.
export const whose = () =>
  Object.keys(localStorage)
    .filter((name) => name.startsWith(ACTS) && read(name).length)
    .map((name) => name.slice(ACTS.length));

export function button(entry, step, isFirst) {
  const form = document.createElement("form");
  form.dataset.act = step;
  form.dataset.of = entry;
  const pressed = document.createElement("button");
  pressed.type = "submit";
  pressed.className = `nhsuk-button${isFirst ? "" : " nhsuk-button--secondary"}`;
  pressed.textContent = WORDS[step];
  form.append(pressed);
  return form;
}

// The card as it is after what is kept; the server's own word comes with the next page.
export function draw({ entry, step, at }, isIn = false) {
  const card = document.getElementById(`v-${entry}`);
  if (!card) return null;
  const { state, words, next } = AFTER[step];
  card.dataset.state = state;
  card.querySelector("[data-said]").textContent =
    `${words} since ${clock(at)}${isIn ? "" : ", kept on this phone"}`;
  const acts = card.querySelector(".wk-visits__acts");
  for (const one of acts.querySelectorAll("form[data-act]")) one.remove();
  acts.prepend(...next.map((one, nth) => button(entry, one, nth === 0)));
  return card;
}

async function sentBy(me, acts) {
  const answer = await fetch("/home-visits/mine/acts", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ acts, me }),
    redirect: "manual",
  });
  if (!answer.ok) throw new Error(`acts ${answer.status}`);
  return answer.json();
}

const isTold = (became, id) => became[id] !== undefined;
const isDropped = (became, id) => became[id] === "not-so" || became[id] === "refused";

// The outbox of one person; `nowOf` is the device's clock set right by the server's.
export function outbox(me, { nowOf, phone, tell }) {
  const sent = (acts) => sentBy(me, acts);
  const [name, dropped] = [`${ACTS}${me}`, `${DROPPED}${me}`];
  // One page at a time, so that two tabs do not lose what the other keeps.
  const alone = (work) => navigator.locks.request(name, work);
  let every = AGAIN_MS;
  let next = 0;

  // What a server answered and does not take is asked again later and later; where there
  // was no signal, as soon as before.
  function askAgain(isStuck) {
    every = isStuck ? Math.min(2 * every, LONGEST_MS) : AGAIN_MS;
    // Half a turn early, so that the turn at that time is not missed by a moment.
    next = isStuck ? performance.now() + every - AGAIN_MS / 2 : 0;
  }

  async function remains() {
    const { many, shut } = await phone.waiting(me);
    return read(name).length > 0 || many > shut;
  }

  function keep(entry, step) {
    return alone(() => {
      const at = new Date(nowOf()).toISOString();
      const act = { id: crypto.randomUUID(), entry, step, at };
      store(name, [...read(name), act]);
      return act;
    });
  }

  // The last press, as long as it waits here.
  const undo = () => alone(() => store(name, read(name).slice(0, -1)));

  // What became of them is read before they are forgotten: an answer that is lost is
  // asked for again, and the server knows each by its id.
  async function bring() {
    const acts = read(name).slice(0, MOST);
    if (!acts.length) return false;
    const { became, on_list: onList } = await sent(acts);
    for (const one of acts)
      if (isTold(became, one.id) && !isDropped(became, one.id)) await phone.mark(one);
    const fell = acts.filter(({ id }) => isDropped(became, id));
    if (fell.length) store(dropped, [...read(dropped), ...fell]);
    store(name, read(name).filter(({ id }) => !isTold(became, id)));
    if (onList) await phone.keepOnly(onList, me);
    return acts.some(({ id }) => isTold(became, id));
  }

  // Presses first: words are about what was done before them at the same visit.
  async function all() {
    const hasNews = await bring();
    const waits = read(name).map(({ entry }) => entry);
    return (await phone.bringWords(me, sent, waits)) || hasNews;
  }

  async function flush() {
    let hasNews = false;
    try {
      hasNews = await alone(all);
      askAgain(!hasNews && (await remains()));
      tell("The server cannot take them just now. They are sent by themselves.");
    } catch (error) {
      const isNetwork = error instanceof TypeError;
      askAgain(!isNetwork);
      tell(
        isNetwork
          ? "No signal. They are sent by themselves when it is back."
          : "They are sent once you are signed in again.",
        !isNetwork,
      );
    }
    return hasNews;
  }

  return {
    keep,
    undo,
    flush,
    kept: () => read(name),
    dropped: () => read(dropped),
    saidDropped: () => store(dropped, []),
    isDue: () => performance.now() >= next,
    again: (work) => setInterval(work, AGAIN_MS),
  };
}
