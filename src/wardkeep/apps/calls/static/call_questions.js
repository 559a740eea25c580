// SPDX-License-Identifier: Apache-2.0
// The questions of a call, by keyboard: 1 yes, 2 no, 3 not sure, Backspace takes the last
// answer back. The page has what each key leads to before it is pressed, so an answer is
// painted without asking anybody; then the server is asked what comes after that. The log
// is a field of the form, and is kept with it.

const KEYS = { 1: "yes", 2: "no", 3: "not-sure", Backspace: "back" };
// Faster than anybody reads a question: the second key was meant for the one before.
const SLIP_MS = 150;
const AGAIN_MS = 1000;
const LONGEST_MS = 4000;

const form = document.querySelector("form[data-next]");
const card = document.getElementById("asking");
const trouble = document.getElementById("asking-trouble");
const { log } = form.elements;
const { patch } = await import(form.dataset.patching);
let filled = JSON.parse(form.dataset.filled);
let ahead = null; // What each key leads to; none while it is asked for.
let waiting = ""; // A key for what is shown, pressed before that came.
let paintedAt = performance.now(); // The first question too is read before it is answered.
let asked = 0;
let clock = null; // The server's time, and when it was told.

function changed(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// What nobody typed otherwise follows the answers.
function fill(wanted) {
  for (const [name, value] of Object.entries(wanted)) {
    const field = form.elements[name];
    if (field.value === filled[name]) changed(field, value);
  }
  filled = wanted;
}

function draw({ parts, fill: wanted }) {
  patch(card, parts);
  fill(wanted);
  paintedAt = performance.now();
  // A button that was pressed is gone with its question.
  if (document.activeElement === document.body) card.focus();
}

function now() {
  const at = new Date(clock.at + performance.now() - clock.heard);
  return `${at.toISOString().slice(0, 19)}+00:00`;
}

async function lookAhead() {
  asked += 1;
  const mine = asked;
  ahead = null;
  try {
    const answer = await fetch(form.dataset.next, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    if (mine !== asked) return;
    if (answer.ok && !answer.redirected) return take(await answer.json());
    trouble.textContent = card.dataset.gone;
  } catch {
    if (mine !== asked) return;
    trouble.textContent = card.dataset.cut;
  }
  setTimeout(() => mine === asked && lookAhead(), AGAIN_MS);
}

function take(told) {
  trouble.textContent = "";
  clock = { at: Date.parse(told.at), heard: performance.now() };
  if (told.log !== log.value) {
    changed(log, told.log);
    draw(told);
  }
  ahead = told.ahead;
  const key = waiting;
  waiting = "";
  if (key) press(key);
}

function press(key) {
  if (!ahead) {
    waiting ||= key;
    return;
  }
  const step = ahead[key];
  if (!step) return;
  changed(log, `${log.value}${log.value && "\n"}${now()} | ${step.line}`);
  draw(step);
  lookAhead();
}

function isElsewhere(target) {
  return target !== document.body && !card.contains(target);
}

document.addEventListener("keydown", (event) => {
  const key = KEYS[event.key];
  if (!key || event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event.target)) return;
  event.preventDefault();
  if (event.repeat || performance.now() - paintedAt < SLIP_MS) return;
  press(key);
});

card.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=press]");
  if (!button || !Object.values(KEYS).includes(button.value)) return;
  event.preventDefault();
  press(button.value);
});

if (!document.querySelector(".nhsuk-error-summary")) card.focus();
await lookAhead();
