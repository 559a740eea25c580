// SPDX-License-Identifier: Apache-2.0
// The list of one's car where there is no signal: an empty page until the passkey, asked
// here without a server, opens what lies on the phone. What is pressed and written is
// kept, and goes by itself when the signal is back.

const signal = document.getElementById("signal");
const { NEXT, button, clock, draw, outbox, whose } = await import(signal.dataset.outbox);
const phone = await import(signal.dataset.phone);
const list = document.querySelector("[data-visits]");
const lies = document.querySelector("[data-lies]");
const problem = document.querySelector("[data-problem]");
const opens = document.querySelector("[data-open]");
const closes = document.querySelector("[data-close]");
const forgets = document.querySelector("[data-forget]");
const undoes = document.querySelector("[data-undo]");
const UNTOUCHED_MS = 10 * 60_000;
const SEALS_AFTER_MS = 400;
const MAYBE = "There may be a signal again: press Try with the signal.";
const LOOK_EVERY_MS = 1_000;
let found = await phone.lies();
let opened = null;
let touched = Date.now();
const nowOf = () => phone.nowOf(found);
const me = found?.me ?? whose()[0] ?? "";
const own = outbox(me, { nowOf, phone, tell });

function tell(said, isSignedOut = false) {
  const words = [];
  const kept = own.kept().length;
  if (kept) words.push(`${kept} kept on this phone. ${said}`);
  else if (navigator.onLine) words.push(isSignedOut ? said : MAYBE);
  else words.push("No signal just now.");
  if (own.dropped().length) words.push(`${own.dropped().length} did not fit any more.`);
  signal.textContent = words.join(" ");
}

async function tellPhone() {
  const { many, half: begun } = await phone.waiting(me);
  const words = [];
  if (found) {
    const what = found.many === 1 ? "1 visit lies" : `${found.many} visits lie`;
    words.push(`${found.car}: ${what} sealed on this phone, as at ${clock(found.made_at)}, until ${clock(found.until)}.`);
  } else words.push("No list lies on this phone. Ring whoever dispatches.");
  if (many) words.push(`${many} written here still to be sent.`);
  if (begun) words.push(`${begun} begun here and not finished.`);
  lies.textContent = words.join(" ");
  opens.hidden = !found || opened !== null;
  closes.hidden = opened === null;
  forgets.hidden = !found;
  undoes.hidden = opened === null || !own.kept().length;
}

function say(words) {
  problem.textContent = words;
  problem.hidden = !words;
  if (words) problem.focus();
}

// --- a visit --------------------------------------------------------------------------

function made(name, words, className = "") {
  const one = document.createElement(name);
  one.textContent = words;
  if (className) one.className = className;
  return one;
}

function card(one, nth) {
  const row = document.createElement("li");
  row.className = `wk-visits__card${nth === 0 ? " wk-visits__card--next" : ""}`;
  row.id = `v-${one.entry}`;
  row.dataset.entry = one.entry;
  row.dataset.state = one.state;
  row.append(made("h2", `${one.name || "Name not recorded"}`), made("p", `Born ${one.born}`));
  for (const { kind, words, stops } of one.warnings)
    row.append(made("p", `${kind}: ${words}`, stops ? "wk-visits__warning wk-visits__warning--stops" : "wk-visits__warning"));
  row.append(made("p", one.place || "No address is recorded", "wk-visits__address"));
  row.append(made("p", `${one.words}. ${one.planned ? `Expected ${clock(one.planned)}, due` : "Due"} ${clock(one.due)}`));
  if (one.complaint) row.append(made("p", one.complaint));
  row.append(number(one), made("p", one.state_words, "wk-visits__state"));
  row.lastChild.dataset.said = "";
  const acts = document.createElement("div");
  acts.className = "wk-visits__acts";
  acts.append(...(NEXT[one.state] ?? []).map((step, first) => button(one.entry, step, first === 0)));
  row.append(acts, note(one));
  return row;
}

function number({ telephone, caller }) {
  const said = document.createElement("p");
  if (!telephone) { said.textContent = "No number is known"; return said; }
  const link = made("a", `Ring ${telephone}`, "nhsuk-button nhsuk-button--small nhsuk-button--secondary");
  link.href = `tel:${telephone}`;
  said.append(link);
  if (caller) said.append(made("span", ` ${caller} rang`));
  return said;
}

// --- what is half typed ---------------------------------------------------------------

// While the list is open it is in the page's memory, so that cards can be drawn anew, and
// a moment after each key sealed on the phone, so that a closed list loses none of it.
const half = new Map();
let sealing = Promise.resolve();
let sealsSoon = 0;
const halfKey = (one, step) => `${one.entry} ${step}`;

function typing(one, form, step) {
  const { words, code = "" } = Object.fromEntries(new FormData(form));
  const it = half.get(halfKey(one, step)) ?? { entry: one.entry, number: one.number, step };
  half.set(halfKey(one, step), Object.assign(it, { words, code, at: new Date(nowOf()).toISOString(), isNew: true }));
  clearTimeout(sealsSoon);
  sealsSoon = setTimeout(seals, SEALS_AFTER_MS);
}

function seals() {
  clearTimeout(sealsSoon);
  for (const it of half.values()) {
    if (!it.isNew) continue;
    it.isNew = false;
    sealing = sealing.then(async () => { it.name = await phone.keepHalf(it); })
      .catch(() => { it.isNew = true; });
  }
  return sealing;
}

// It is kept whole now.
function finished(one, step) {
  const it = half.get(halfKey(one, step));
  half.delete(halfKey(one, step));
  sealing = sealing.then(() => it?.name && phone.settled(it.name));
  return sealing;
}

function goesOn(one, form, step) {
  const begun = half.get(halfKey(one, step));
  if (!begun) return;
  form.elements.words.value = begun.words;
  if (form.elements.code) form.elements.code.value = begun.code;
}

function area(id, words, most) {
  const label = made("label", words, "nhsuk-label");
  label.htmlFor = id;
  const typed = made("textarea", "", "nhsuk-textarea");
  Object.assign(typed, { id, name: "words", rows: 3, maxLength: most, required: true });
  return [label, typed];
}

function writing(one, { step, title, press, before = [] , most }) {
  const form = document.createElement("form");
  form.dataset.writes = step;
  const pressed = made("button", press, step === "end" ? "nhsuk-button" : "nhsuk-button nhsuk-button--secondary");
  pressed.type = "submit";
  form.append(...before, ...area(`${step}-${one.entry}`, title, most), pressed);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keeps(one, form, step);
  });
  form.addEventListener("input", () => typing(one, form, step));
  goesOn(one, form, step);
  return form;
}

function note(one) {
  const more = document.createElement("details");
  more.append(made("summary", "Write a note"), writing(one, {
    step: "note", title: "Note", press: "Keep the note on this phone", most: opened.longest_note }));
  more.open = half.has(halfKey(one, "note"));
  return more;
}

// What came of it can be written once the home is left, as with a signal.
function outcome(one) {
  const row = document.getElementById(`v-${one.entry}`);
  if (!row || row.querySelector("[data-writes=end]")) return;
  const label = made("label", "What came of it", "nhsuk-label");
  const chosen = document.createElement("select");
  Object.assign(chosen, { id: `code-${one.entry}`, name: "code", className: "nhsuk-select", required: true });
  label.htmlFor = chosen.id;
  chosen.append(new Option("Choose", ""));
  for (const [code, words] of opened.outcomes) chosen.append(new Option(words, code));
  const hint = made("p", "An ambulance is asked for by ringing 999: nobody hears of it from here.", "nhsuk-hint");
  row.append(writing(one, {
    step: "end", title: "Why, and what was agreed", press: "Keep what came of it", before: [hint, label, chosen],
    most: opened.longest_why }));
}

async function keeps(one, form, step) {
  const { words, code = "" } = Object.fromEntries(new FormData(form));
  if (!words.trim()) return;
  const at = new Date(nowOf()).toISOString();
  await phone.keepWords({ entry: one.entry, number: one.number, step, words, code, at });
  await finished(one, step);
  if (step === "end") await over(one, at);
  else {
    form.reset();
    form.closest("details").open = false;
    form.closest("[data-entry]").append(made("p", `Note kept on this phone at ${clock(at)}`));
  }
  await flush();
}

// Where somebody lives leaves the phone with what came of the visit.
async function over(one, at) {
  await phone.drop(one.entry);
  opened.visits = opened.visits.filter(({ entry }) => entry !== one.entry);
  const row = document.getElementById(`v-${one.entry}`);
  row.replaceChildren(made("h2", `Case ${one.number}: done`),
    made("p", `What came of it is kept on this phone since ${clock(at)}. Name and address left it.`));
  found = await phone.lies();
}

// --- opening and closing --------------------------------------------------------------

function show() {
  list.replaceChildren(...opened.visits.map(card));
  for (const { after } of opened.visits) if (after) draw(after, true);
  for (const one of own.kept()) draw(one);
  left();
}

function left() {
  for (const one of opened?.visits ?? []) {
    const row = document.getElementById(`v-${one.entry}`);
    if (row?.dataset.state === "awaiting-action") outcome(one);
  }
}

async function shut(words = "") {
  await seals();
  phone.lock();
  opened = null;
  half.clear();
  list.replaceChildren();
  found = await phone.lies();
  await tellPhone();
  say(words);
}

opens.addEventListener("click", async () => {
  say("");
  try {
    opened = await phone.unlock();
    touched = Date.now();
    for (const it of await phone.halves(me)) half.set(halfKey(it, it.step), it);
    if (opened) show();
    await tellPhone();
    await flush();
  } catch {
    await shut("That passkey did not open the list, or it was cancelled. The list is still here: press again.");
  }
});
closes.addEventListener("click", () => shut());
forgets.addEventListener("click", async () => {
  await phone.forget();
  await shut();
});

undoes.addEventListener("click", async () => {
  await own.undo();
  show();
  tell("Taken back.");
  await tellPhone();
});

// --- what is pressed, and the signal --------------------------------------------------

async function flush() {
  await own.flush();
  if (navigator.onLine) await phone.ask().catch(() => {});
  found = await phone.lies();
  if (opened && !found) return shut();
  if (opened) {
    const there = await phone.entries();
    for (const { entry } of opened.visits)
      if (!there.includes(entry)) document.getElementById(`v-${entry}`)?.remove();
    opened.visits = opened.visits.filter(({ entry }) => there.includes(entry));
    await sayWhatCameIn();
  }
  return tellPhone();
}

async function sayWhatCameIn() {
  const marks = await phone.marks();
  const waits = own.kept().map(({ entry }) => entry);
  for (const one of opened.visits) {
    const after = marks[one.entry];
    const isNew = after && JSON.stringify(after) !== JSON.stringify(one.after);
    one.after = after;
    if (isNew && !waits.includes(one.entry)) draw(after, true);
  }
  left();
}

document.addEventListener("submit", async (event) => {
  const { act, of } = event.target.dataset;
  if (!act) return;
  event.preventDefault();
  draw(await own.keep(of, act));
  left();
  await flush();
});
for (const name of ["pointerdown", "keydown"])
  document.addEventListener(name, () => { touched = Date.now(); });
setInterval(() => {
  const isUntouched = Date.now() - touched > UNTOUCHED_MS;
  const isOver = found && nowOf() >= found.until;
  if (opened && (isUntouched || isOver)) shut();
}, LOOK_EVERY_MS);
document.addEventListener("visibilitychange", () => { if (document.hidden) seals(); });
window.addEventListener("online", flush);
window.addEventListener("offline", () => tell("No signal."));
own.again(async () => {
  const { many, shut: closed } = await phone.waiting(me);
  const waits = own.kept().length || many > closed;
  if (waits && own.isDue()) await flush();
  else if (!waits && found) {
    await phone.ask().catch(() => {});
    if (!(await phone.lies())) await shut();
  }
});
await tellPhone();
await flush();
