// SPDX-License-Identifier: Apache-2.0
// What a check-in page does wherever it came from: keys to touch, larger text, reading
// aloud, one sentence to be told, and a screen that forgets.

const IDLE_MS = 20_000;
const WIPE_SECONDS = 10;
export const TOLD_MS = 10_000;
const TRIES = 3;
const START = "/kiosk";
const page = document.body.dataset;
export const isKiosk = page.at === "kiosk";
export const byId = (id) => document.getElementById(id);
export const one = (selector) => document.querySelector(selector);

// The screen forgets

export function leave() {
  sessionStorage.clear();
  const ticket = byId("visit")?.elements.ticket?.value;
  // Whoever goes back finds that it is over.
  if (ticket) navigator.sendBeacon("/check-in/leave", new URLSearchParams({ ticket }));
  window.location.replace(START);
}

let telling;

// What is told last takes the place of what was told before, and of its end. Help stays
// in reach: the row of tools lies above it.
export function tell(words, isLast = isKiosk) {
  const told = one("[data-told]");
  told.textContent = words;
  told.hidden = false;
  clearTimeout(telling);
  telling = setTimeout(isLast ? leave : () => { told.hidden = true; }, TOLD_MS);
}

// `mode`: `idle` counts down after a while without a touch, `now` at once, `no` never.
export function watchOver(mode = page.wipes) {
  const wiping = one("[data-wiping]");
  if (!wiping || mode === "no") return null;
  const seconds = wiping.querySelector("[data-seconds]");
  let waiting;
  let counting;
  const count = () => {
    let left = WIPE_SECONDS;
    seconds.textContent = left;
    wiping.hidden = false;
    counting = setInterval(() => {
      left -= 1;
      seconds.textContent = left;
      if (left <= 0) leave();
    }, 1000);
  };
  const again = (delay) => {
    clearTimeout(waiting);
    clearInterval(counting);
    wiping.hidden = true;
    waiting = setTimeout(count, delay);
  };
  for (const kind of ["pointerdown", "keydown", "input"])
    document.addEventListener(kind, (event) => {
      if (!event.target.closest?.("[data-more-time]")) again(IDLE_MS);
    });
  one("[data-more-time]").addEventListener("click", () => again(IDLE_MS));
  if (mode === "now") count(); else again(IDLE_MS);
  return { count: () => { again(IDLE_MS); clearTimeout(waiting); count(); } };
}

// Who somebody is

export function typedDate(typed) {
  const found = /^\s*(\d{1,2})\D+(\d{1,2})\D+(\d{4})\s*$|^\s*(\d\d)\s*(\d\d)\s*(\d{4})\s*$/.exec(typed);
  if (!found) return "";
  const [day, month, year] = found.slice(1).filter(Boolean);
  return `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
}

export function hint(words) {
  byId("born-hint").textContent = words;
  byId("born-hint").setAttribute("role", "alert");
  byId("born").focus();
}

// Whoever mistyped looks at it and tries again: with the same words whatever was wrong,
// and as often as a person does. How many tries there are for a device is not said here.
let misses = 0;

export function lookAgain(words) {
  misses += 1;
  if (misses >= TRIES) return false;
  const said = byId("again");
  said.textContent = words;
  said.hidden = false;
  said.scrollIntoView({ block: "nearest" });
  said.focus();
  return true;
}

export function askOneMore() {
  byId("one-more").hidden = false;
  byId("given").focus();
}

// A hand that shakes presses twice: what is under way is not begun again.
export function once(work) {
  let isAsking = false;
  return async (event) => {
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    await work();
    isAsking = false;
  };
}

export function setUpFacts(form, ask) {
  let current = byId("born");
  const digits = one('[data-keys="digits"]');
  const letters = one('[data-keys="letters"]');
  const choose = (field) => {
    current = field;
    digits.hidden = field.id !== "born";
    letters.hidden = field.id === "born";
    for (const other of form.querySelectorAll(".ci-field"))
      other.classList.toggle("is-current", other.contains(field));
  };
  const write = (key) => {
    const plain = current.value.replaceAll(" ", "") + key;
    if (current.id !== "born") {
      current.value = plain.slice(0, 12);
      return;
    }
    const parts = [plain.slice(0, 2), plain.slice(2, 4), plain.slice(4, 8)];
    current.value = parts.filter(Boolean).join(" ");
    if (plain.length >= 8) choose(byId("family"));
  };
  for (const field of form.querySelectorAll("input"))
    field.addEventListener("focus", () => choose(field));
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-key], [data-delete]");
    if (!pressed) return;
    if (pressed.dataset.key) write(pressed.dataset.key);
    else current.value = current.value.trimEnd().slice(0, -1).trimEnd();
  });
  form.addEventListener("submit", once(async () => {
    // The same words again would look as if nothing had been asked.
    byId("again").hidden = true;
    await ask();
  }));
  choose(current);
}

// Larger text, reading aloud

export function setUpTools() {
  const larger = one("[data-larger]");
  const enlarge = (is) => {
    document.documentElement.classList.toggle("ci--larger", is);
    larger?.setAttribute("aria-pressed", String(is));
  };
  enlarge(sessionStorage.getItem("larger") === "yes");
  larger?.addEventListener("click", () => {
    const is = sessionStorage.getItem("larger") !== "yes";
    sessionStorage.setItem("larger", is ? "yes" : "no");
    enlarge(is);
  });
  for (const link of document.querySelectorAll("[data-leave]"))
    link.addEventListener("click", (event) => { event.preventDefault(); leave(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted && isKiosk) leave(); });
  const listen = one("[data-listen]");
  if (!listen || !("speechSynthesis" in window)) return;
  listen.hidden = false;
  listen.addEventListener("click", () => {
    const said = new SpeechSynthesisUtterance(byId("ci-words").innerText);
    said.lang = document.documentElement.lang;
    speechSynthesis.cancel();
    speechSynthesis.speak(said);
  });
}
