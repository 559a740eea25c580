// SPDX-License-Identifier: Apache-2.0
// The list of one's car while there is a signal, and where it goes: the page stays, what
// is pressed is kept, and the list is taken along onto the phone. Without a script each
// button is a link to the visit.

const signal = document.getElementById("signal");
const { clock, draw, outbox } = await import(signal.dataset.outbox);
const phone = await import(signal.dataset.phone);
const ceremony = await import(document.documentElement.dataset.ceremony);
const { me } = signal.dataset;
const WORKER = "/home-visits/mine/worker.js";
const CLOCK_MATTERS_MS = 60_000;
// By the server's word. A code that opens a home belongs where a way in is set.
const WHY_NOT = {
  "way-in":
    "It seems to hold a code that opens a home. Set that as a way in on the patient’s page, and write the rest on the case: it",
};
const behind = Date.parse(signal.dataset.at) - Date.now();
const nowOf = () => Date.now() + (Math.abs(behind) < CLOCK_MATTERS_MS ? 0 : behind);
const part = document.getElementById("on-phone");
const form = part.querySelector("form[data-take]");
const lies = part.querySelector("[data-lies]");
const problem = part.querySelector("[data-problem]");
const forgets = part.querySelector("[data-forget]");
const goesOn = part.querySelector("[data-go-on]");
const sends = part.querySelector("[data-send]");
const fell = part.querySelector("[data-fell]");

const own = outbox(me, { nowOf, phone, tell });

function tell(said) {
  const kept = own.kept().length;
  const dropped = own.dropped().length;
  const words = [];
  if (kept) words.push(`${kept} kept on this phone. ${said}`);
  if (dropped)
    words.push(`${dropped} did not fit any more: read the visits as they are now.`);
  if (!kept && !navigator.onLine)
    words.push(`No signal. The list is as it was at ${clock(signal.dataset.at)}.`);
  signal.textContent = words.join(" ");
}

// --- what lies on the phone -----------------------------------------------------------

const shown = () => [...document.querySelectorAll("[data-entry]")].map((one) => one.dataset.entry);
const people = (many) => (many === 1 ? "1 visit lies" : `${many} visits lie`);

async function tellPhone() {
  const found = await phone.lies();
  const { many, shut, half, shutHalf } = await phone.waiting(me);
  const words = [];
  if (found)
    words.push(
      `${people(found.many)} sealed on this phone, as at ${clock(found.made_at)}, until ${clock(found.until)}.`,
    );
  else words.push("No list lies on this phone.");
  if (found && found.me !== me) words.push("It is a colleague’s: your passkey does not open it.");
  const there = await phone.entries();
  const fresh = shown().filter((one) => !there.includes(one)).length;
  if (found && found.me === me && fresh > found.left_out) words.push(`${fresh} on this page came later: take the list again.`);
  if (found?.left_out && found.me === me)
    words.push(`${found.left_out} did not go along yet: whoever is named second in the car takes a visit along from half an hour before its time.`);
  if (many) words.push(`${many} written on this phone, not sent yet.`);
  if (half) words.push(`${half} begun on this phone and not finished.`);
  lies.textContent = words.join(" ");
  forgets.hidden = !found;
  sends.hidden = !(shut || shutHalf);
  sends.textContent = `${shut ? "Send what is written" : "Show what was begun"}, with my passkey`;
  goesOn.hidden = !found || navigator.onLine;
  if (form) form.querySelector("button").textContent = found ? "Take it again" : "Take this list with me";
}

async function tellFallen() {
  const rows = await phone.fallen(me);
  fell.replaceChildren(
    ...rows.map(({ name, number, entry, words, at, isHalf, why }) => {
      const row = document.createElement("div");
      row.className = "nhsuk-inset-text";
      const said = document.createElement("p");
      const unfit = WHY_NOT[why] ?? "It did not fit any more, and";
      said.textContent = `Case ${number}, written at ${clock(at)}. ${isHalf ? "It was not finished, and" : unfit} is not in the record: ${words}`;
      const link = document.createElement("a");
      link.href = `/urgent-queue/cases/${entry}`;
      link.textContent = `Open case ${number}`;
      const done = document.createElement("button");
      done.type = "button";
      done.className = "nhsuk-button nhsuk-button--small nhsuk-button--secondary";
      done.textContent = `I have written it elsewhere: forget it (case ${number})`;
      done.addEventListener("click", async () => {
        await phone.settled(name);
        await tellPhone();
        await tellFallen();
      });
      row.append(said, link, document.createElement("br"), done);
      return row;
    }),
  );
}

function say(lines) {
  problem.textContent = lines.join(" ");
  problem.hidden = !lines.length;
  if (lines.length) problem.focus();
}

// Keeps an empty page for where there is no signal.
async function work() {
  if (!("serviceWorker" in navigator)) return false;
  const policy = trustedTypes.createPolicy("car-worker", {
    createScriptURL: (name) => {
      if (name !== WORKER) throw new TypeError(name);
      return name;
    },
  });
  const scope = { scope: "/home-visits/mine" };
  const made = await navigator.serviceWorker.register(policy.createScriptURL(WORKER), scope);
  const began = made.installing ?? made.waiting;
  if (made.active) made.active.postMessage({ kind: "renew" });
  else
    await new Promise((resolve) => {
      began.addEventListener("statechange", () => began.state === "activated" && resolve());
    });
  return true;
}
let working = null;

async function takes() {
  const pressed = form.querySelector("button");
  pressed.disabled = true;
  say([]);
  try {
    working ??= work();
    await working;
    const took = await phone.take(form, ceremony);
    if (took === "taken") await flush();
    if (took === "no-secret")
      say([
        "This passkey cannot keep the list, so nothing was put on this phone.",
        "Stay where there is a signal, or use another passkey: add one made on this phone under My account, before the shift.",
      ]);
  } catch (error) {
    say(
      error instanceof ceremony.Refused
        ? error.lines
        : ["The list was not taken: it was cancelled, or there is no signal. Press again."],
    );
  }
  pressed.disabled = false;
  await tellPhone();
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  takes();
});
forgets.addEventListener("click", async () => {
  await phone.forget();
  await tellPhone();
});
goesOn.addEventListener("click", () => window.location.reload());
sends.addEventListener("click", async () => {
  try {
    await phone.unlockWords(me);
    await flush();
  } catch {
    say(["That passkey did not open what was written. It is still here: press again."]);
  }
  await tellPhone();
  await tellFallen();
});

// --- what is pressed ------------------------------------------------------------------

async function flush() {
  const hasNews = await own.flush();
  const { many, shut } = await phone.waiting(me);
  await tellPhone();
  if ((await phone.fallen(me)).length) return tellFallen();
  if (hasNews && !own.kept().length && many <= shut) window.location.reload();
}

document.addEventListener("submit", async (event) => {
  const { act, of } = event.target.dataset;
  if (!act) return;
  event.preventDefault();
  const entry = of ?? event.target.closest("[data-entry]").dataset.entry;
  draw(await own.keep(entry, act));
  await flush();
});
window.addEventListener("online", () => flush());
window.addEventListener("offline", () => {
  tell("No signal.");
  tellPhone();
});
for (const one of own.kept()) draw(one);
own.again(async () => {
  if (own.kept().length && own.isDue()) await flush();
  // Covered, and no signal to uncover it by: the phone's own list asks the passkey here.
  const isCovered = document.documentElement.classList.contains("wk-away");
  if (isCovered && !navigator.onLine && (await phone.lies())) window.location.reload();
});
part.hidden = false;
await phone.ask().catch(() => {});
if (navigator.onLine)
  await phone.keepOnly(shown(), me);
if (await phone.lies()) {
  working = work();
  await working.catch(() => {});
}
await flush();
await tellFallen();
// What did not fit was said once.
if (own.dropped().length) own.saidDropped();
