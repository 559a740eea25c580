// SPDX-License-Identifier: Apache-2.0
// Saves the line by itself at each pause, says so, and says loudly when it could not.

const form = document.querySelector("form[data-line]");
const field = form.elements.text;
const says = form.querySelector("[data-saved]");
const PAUSE_MS = 1500;
const AGAIN_MS = 4000;
let saved = field.value;
let waits = 0;
let isSaving = false;

function tell(words, isLost) {
  says.textContent = words;
  says.toggleAttribute("data-lost", isLost);
}

function later(ms) {
  clearTimeout(waits);
  waits = setTimeout(save, ms);
}

async function save() {
  const text = field.value;
  if (text === saved) return;
  if (isSaving) return later(PAUSE_MS);
  isSaving = true;
  const body = new URLSearchParams(new FormData(form));
  body.set("by-itself", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true, redirect: "error" });
    const said = await answer.json();
    if (said.problem) tell(`${form.dataset.not} ${said.problem}`, true);
    if (!answer.ok) return;
    saved = text;
    form.elements.seed.value = said.seed;
    form.elements.version.value = said.version;
    tell(`${form.dataset.kept} ${said.at}${said.is_beside ? `. ${form.dataset.beside}` : ""}`, false);
  } catch {
    tell(form.dataset.lost, true);
    later(AGAIN_MS);
  } finally {
    isSaving = false;
    if (field.value !== saved && field.value !== text) later(PAUSE_MS);
  }
}

field.addEventListener("input", () => later(PAUSE_MS));
field.addEventListener("blur", save);
document.addEventListener("visibilitychange", () => document.hidden && save());
window.addEventListener("beforeunload", (event) => {
  if (field.value !== saved) event.preventDefault();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
