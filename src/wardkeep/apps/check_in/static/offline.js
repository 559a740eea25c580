// SPDX-License-Identifier: Apache-2.0
// The kiosk's own page, for when the server is gone: two facts open an entry of the pack,
// what is done is kept for the server, and the screen forgets as it always does.

const page = document.body.dataset;
const {
  askOneMore, byId, hint, leave, lookAgain, once, one, setUpFacts, setUpTools, tell,
  typedDate, watchOver,
} = await import(page.screen);
const { kept } = await import(page.device);
const pack = await import(page.pack);

const LOOKS_EVERY_MS = 5_000;
const HAND_EVERY_MS = 10_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MOST_MISSES = 40;
const START = "/kiosk";
const LANGUAGES = JSON.parse(byId("offline-words").content.textContent);
const SCREENS = ["offline-choose", "offline-ask", "offline-sure", "offline-done"];
let words = LANGUAGES[0].words;
let isChoosing = true;
let isShut = false;
let watch = null;
let chosen = null;

// --- words and screens --------------------------------------------------------------------

const say = (key, parts = {}) =>
  words[key].replaceAll(/\{(\w+)\}/g, (_, name) => parts[name] ?? "");

const clock = (ms) => new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", timeZone: "Europe/London",
}).format(ms);

function speakIn(code) {
  const language = LANGUAGES.find((other) => other.code === code) ?? LANGUAGES[0];
  words = language.words;
  document.documentElement.lang = language.code;
  document.documentElement.dir = language.direction;
  for (const node of document.querySelectorAll("[data-say]"))
    node.textContent = say(node.dataset.say);
  byId("born-hint").replaceChildren(
    `${say("day")} · ${say("month")} · ${say("year")} (03 02 1950)`);
  // The number that counts down is the same node in every language.
  const [before, after] = words.wiping.split("{seconds}");
  const wiping = one("[data-wiping] p");
  wiping.replaceChildren(before, wiping.querySelector("[data-seconds]"), after);
  one("[data-wiping]").setAttribute("aria-label", say("more_time"));
}

function show(id) {
  for (const name of SCREENS)
    for (const part of document.querySelectorAll(`[data-step="${name}"]`))
      part.hidden = name !== id;
  isChoosing = id === SCREENS[0];
  if (!isChoosing) watch ??= watchOver("idle");
  document.querySelector(`[data-step="${id}"] h1`)?.focus();
}

const list = (lines) => lines.map((line) => {
  const item = document.createElement("li");
  item.textContent = line;
  return item;
});

// --- who somebody is ----------------------------------------------------------------------

async function isTriedTooOften() {
  const recent = ((await kept.get("missed")) ?? []).filter((at) => at > Date.now() - HOUR_MS);
  return recent.length >= MOST_MISSES;
}

async function miss() {
  const recent = ((await kept.get("missed")) ?? []).filter((at) => at > Date.now() - HOUR_MS);
  await kept.put([...recent, Date.now()], "missed");
}

async function ask() {
  const typed = Object.fromEntries(new FormData(byId("facts")));
  const born = typedDate(typed.born);
  if (!born) { hint(say("unreadable")); return; }
  const held = await pack.ready();
  if (!held || (await isTriedTooOften())) { tell(say("desk")); return; }
  const found = await pack.opened(held, { ...typed, born }).catch(() => null);
  if (!found) {
    await miss();
    if (!lookAgain(say("not_found"))) tell(say("today_only"));
  } else if (found.needsMore && !typed.given) askOneMore();
  else if (!found.stops.length) tell(say("desk"));
  else await answer(held.pack, found);
}

const stopOf = ({ places, directions = [] }) => ([voucher, place, starts, standing]) =>
  ({ voucher, place: places[place] ?? "", ways: directions[place] ?? {},
    at: starts * 1000, standing });

async function answer(own, { entry, stops }) {
  byId("facts").reset();
  const day = stops.map(stopOf(own));
  const before = (await pack.captures()).find((done) => done.entry === entry);
  if (before) {
    const time = clock(before.claimed_at * 1000);
    return told(day, say("already", { time }), day[0]);
  }
  const now = pack.nowOf(own);
  const open = day.filter(({ standing }) => standing === "booked");
  const next = open.find(({ at }) => isTime(own, at, now));
  if (next) return sure({ entry, day, next });
  const known = day.find(({ standing }) => standing === "in");
  if (known) return told(day, say("done"), known);
  return tell(whyNot(own, open, day, now));
}

const isTime = ({ early_minutes, late_minutes }, at, now) =>
  now >= at - early_minutes * MINUTE_MS && now <= at + late_minutes * MINUTE_MS;

function whyNot({ early_minutes }, open, day, now) {
  const coming = open.find(({ at }) => at > now);
  if (coming) return say("early", { time: clock(coming.at - early_minutes * MINUTE_MS) });
  if (open.length) return say("late", { time: clock(open[0].at) });
  return say(day.some(({ standing }) => standing === "cancelled") ? "cancelled" : "desk");
}

const lines = (day) => day
  .filter(({ standing }) => standing === "booked" || standing === "in")
  .map(({ at, place }) => say("at_time", { time: clock(at), place }));

function sure(found) {
  chosen = found;
  byId("offline-stops").replaceChildren(...list(lines(found.day)));
  show("offline-sure");
}

// --- checked in ---------------------------------------------------------------------------

async function finish() {
  const { entry, day, next } = chosen;
  const held = await pack.ready();
  if (!held) { tell(say("desk")); return; }
  const shown_as = new FormData(byId("offline-form")).get("shown_as");
  const claimed_at = pack.nowOf(held.pack) / 1000;
  await pack.keepCapture(
    { id: crypto.randomUUID(), voucher: next.voucher, claimed_at, shown_as, entry });
  told(day, say("done"), next);
}

// The clinic's own words, in this language or in English, and marked as what they are.
function way(part, texts) {
  const code = texts[document.documentElement.lang] ? document.documentElement.lang : "en";
  if (!texts[code]) return null;
  const [before, after = ""] = part === "way" ? ["", ""]
    : words[part === "area" ? "waiting_area" : "step_free"].split(/\{\w+\}/);
  const [line, text] = [document.createElement("p"), document.createElement("bdi")];
  line.className = `ci-way ci-way--${part}`;
  text.lang = code;
  text.dir = LANGUAGES.find((other) => other.code === code)?.direction ?? "ltr";
  text.textContent = texts[code];
  line.append(before, text, after);
  return line;
}

function told(day, title, { place, ways }) {
  byId("offline-title").textContent = title;
  const go = byId("offline-go");
  go.textContent = say("go_to", { place });
  go.hidden = !place;
  byId("offline-ways").replaceChildren(
    ...["area", "way", "step-free"].map((part) => way(part, ways[part] ?? {})).filter(Boolean));
  const stops = lines(day);
  byId("offline-route").replaceChildren(...list(stops.length > 1 ? stops : []));
  show("offline-done");
  watch.count();
}

// --- the server again ---------------------------------------------------------------------

async function describe() {
  const held = await pack.ready();
  const since = (await kept.get("since")) ?? Date.now();
  await kept.put(since, "since");
  const waiting = (await pack.captures()).length;
  const age = held ? `list of ${clock(held.pack.made_at / 1000)}` : "no list to open";
  byId("offline-staff").textContent =
    `For staff: offline since ${clock(since)}, ${age}, ${waiting} to be sent.`;
  return held !== null;
}

async function look() {
  if (isChoosing) {
    try {
      const { left, done } = await pack.merge();
      // What the server does not take now is sent from its own pages.
      if (isChoosing && (left === 0 || done === 0)) {
        await kept.drop("since");
        window.location.replace(START);
        return;
      }
    } catch {
      // It is still gone.
    }
    if (!(await describe()) !== isShut) window.location.replace(START);
  }
  setTimeout(look, LOOKS_EVERY_MS);
}

async function start() {
  setUpTools();
  setUpFacts(byId("facts"), ask);
  byId("offline-form").addEventListener("submit", once(finish));
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => {
      speakIn(button.dataset.language);
      show("offline-ask");
      byId("born").focus();
    });
  setInterval(pack.hand, HAND_EVERY_MS);
  isShut = !(await describe());
  byId("offline-again").hidden = isShut || !window.location.search;
  byId("offline-shut").hidden = !isShut;
  byId("offline-languages").hidden = isShut;
  byId("offline-title-first").hidden = isShut;
  setTimeout(look, LOOKS_EVERY_MS);
}

start().catch(leave);
