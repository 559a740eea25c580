// SPDX-License-Identifier: Apache-2.0
// Shortcuts: g and a letter goes to a place; ? shows them all, and switches them off.
// The page /keyboard has them too (my_account/keyboard.py; a test holds both together).

const OFF = "wardkeep-keys-off";
const PLACES = {
  m: ["/caseload", "My patients"],
  f: ["/find", "Find a patient"],
  h: ["/handover", "Handover"],
  k: ["/tasks", "Tasks"],
  e: ["/messages", "Messages"],
  l: ["/letters", "Letters to approve"],
  q: ["/urgent-queue", "Urgent care queue"],
  v: ["/home-visits", "Home visits"],
  c: ["/calls", "Calls"],
};
const SECTIONS = {
  s: ["summary", "Summary"],
  p: ["problems", "Problems"],
  d: ["medicines", "Medicines"],
  a: ["allergies", "Allergies and alerts"],
  o: ["observations", "Observations"],
  r: ["results", "Results"],
  t: ["timeline", "Timeline"],
};
const WAIT_MS = 1500;

const help = document.getElementById("keys");
let startedAt = 0;

function isOff() {
  return localStorage.getItem(OFF) === "yes";
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

function linkTo(letter) {
  const section = SECTIONS[letter] && document.querySelector(`[data-go="${SECTIONS[letter][0]}"]`);
  if (section) return section.href;
  const place = PLACES[letter];
  const link = place && document.querySelector(`.wk-menu--all a[href="${place[0]}"]`);
  return link ? link.href : "";
}

function list() {
  const lines = help.querySelector("dl");
  if (lines.childElementCount) return;
  for (const [letter, [, words]] of Object.entries({ ...PLACES, ...SECTIONS })) {
    if (!linkTo(letter)) continue;
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = `g, then ${letter}`;
    text.textContent = words;
    lines.append(term, text);
  }
}

function show() {
  list();
  help.querySelector("input").checked = !isOff();
  help.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  if (isOff()) return;
  if (event.key === "?") {
    event.preventDefault();
    show();
  } else if (event.key === "g") {
    startedAt = Date.now();
  } else if (Date.now() - startedAt < WAIT_MS) {
    startedAt = 0;
    const to = linkTo(event.key);
    if (to) window.location.assign(to);
  }
});
// A menu closes by Escape, which gives the focus back, by a press beside it, and when
// the keyboard goes on to what lies below it.
for (const menu of document.querySelectorAll(".wk-menu")) {
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
document.getElementById("keys-open").addEventListener("click", (event) => {
  event.preventDefault();
  show();
});
help.querySelector("input").addEventListener("change", (event) => {
  if (event.target.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "yes");
});
help.querySelector("button").addEventListener("click", () => help.close());
