// SPDX-License-Identifier: Apache-2.0
// The list of one's car where the signal goes: the page stays, and what is pressed is
// kept on the phone and brought in once, in its order. What is kept names nobody: the
// id of a case, which button, when. Without a script each button is a link to the visit.

const signal = document.getElementById("signal");
const KEPT = `wardkeep-car-acts ${signal.dataset.me}`;
const DROPPED = `wardkeep-car-dropped ${signal.dataset.me}`;
const AGAIN_MS = 5_000;
const MOST = 40;
const AFTER = {
  "set-off": { state: "on-the-way", words: "On the way", next: ["arrive"] },
  arrive: { state: "arrived", words: "At the home", next: ["safe", "leave"] },
  safe: { state: "arrived", words: "At the home", next: ["safe", "leave"] },
  leave: { state: "awaiting-action", words: "Left, outcome to be written", next: [] },
};
const WORDS = {
  "set-off": "Set off",
  arrive: "I have arrived",
  safe: "All is well with me",
  leave: "I have left",
};

const clock = (at) =>
  new Date(at).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "Europe/London",
  });
const read = (name) => JSON.parse(localStorage.getItem(name) ?? "[]");
const store = (name, acts) => localStorage.setItem(name, JSON.stringify(acts));

// One page at a time, so that two tabs do not lose what the other keeps.
const alone = (work) => navigator.locks.request(KEPT, work);

function keep(entry, step) {
  return alone(() => {
    const acts = read(KEPT);
    acts.push({ id: crypto.randomUUID(), entry, step, at: new Date().toISOString() });
    store(KEPT, acts);
  });
}

function button(entry, step, isFirst) {
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
function draw({ entry, step, at }) {
  const card = document.getElementById(`v-${entry}`);
  if (!card) return;
  const { state, words, next } = AFTER[step];
  card.dataset.state = state;
  card.querySelector("[data-said]").textContent = `${words} since ${clock(at)}, kept on this phone`;
  const acts = card.querySelector(".wk-visits__acts");
  for (const one of acts.querySelectorAll("form[data-act]")) one.remove();
  acts.prepend(...next.map((one, nth) => button(entry, one, nth === 0)));
}

function tell(said) {
  const kept = read(KEPT).length;
  const dropped = read(DROPPED).length;
  const words = [];
  if (kept) words.push(`${kept} kept on this phone. ${said}`);
  if (dropped)
    words.push(`${dropped} did not fit any more: read the visits as they are now.`);
  if (!kept && !navigator.onLine)
    words.push(`No signal. The list is as it was at ${clock(signal.dataset.at)}.`);
  signal.textContent = words.join(" ");
}

async function sent(acts) {
  const answer = await fetch("/home-visits/mine/acts", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ acts }),
    redirect: "manual",
  });
  if (!answer.ok) throw new Error(`acts ${answer.status}`);
  return (await answer.json()).became;
}

const isTold = (became, id) => became[id] !== undefined;
const isDropped = (became, id) => became[id] === "not-so" || became[id] === "refused";

// What became of them is read before they are forgotten: an answer that is lost is asked
// for again, and the server knows each by its id.
async function bring() {
  const acts = read(KEPT).slice(0, MOST);
  if (!acts.length) return false;
  const became = await sent(acts);
  const fell = acts.filter(({ id }) => isDropped(became, id));
  if (fell.length) store(DROPPED, [...read(DROPPED), ...fell]);
  store(
    KEPT,
    read(KEPT).filter(({ id }) => !isTold(became, id)),
  );
  return acts.some(({ id }) => isTold(became, id));
}

async function flush() {
  let hasNews = false;
  try {
    hasNews = await alone(bring);
    tell("The server cannot take them just now. They are sent by themselves.");
  } catch (error) {
    const isNetwork = error instanceof TypeError;
    tell(
      isNetwork
        ? "No signal. They are sent by themselves when it is back."
        : "They are sent once you are signed in again.",
    );
  }
  if (hasNews && !read(KEPT).length) window.location.reload();
}

document.addEventListener("submit", async (event) => {
  const { act, of } = event.target.dataset;
  if (!act) return;
  event.preventDefault();
  const entry = of ?? event.target.closest("[data-entry]").dataset.entry;
  await keep(entry, act);
  draw(read(KEPT).at(-1));
  await flush();
});
window.addEventListener("online", flush);
window.addEventListener("offline", () => tell("No signal."));
for (const one of read(KEPT)) draw(one);
setInterval(() => {
  if (read(KEPT).length) flush();
}, AGAIN_MS);
await flush();
// What did not fit was said once.
if (read(DROPPED).length) store(DROPPED, []);
