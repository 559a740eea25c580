// SPDX-License-Identifier: Apache-2.0
// A checklist: after each tick the server says what it comes to. Enter or Space chooses,
// Backspace takes a choice back. The log of what was ticked goes along, and is kept with
// the rest of the form.

const form = document.querySelector("form[data-work-out]");
const result = document.getElementById("result");
const { patch } = await import(form.dataset.patching);
let asked = 0;
let shown = 0;
let waiting = 0;

async function workOut() {
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form));
  let answer;
  try {
    answer = await fetch(form.dataset.workOut, { method: "POST", body });
  } catch {
    return tell("Wardkeep cannot be reached. Your ticks are kept; what they come to is not shown.");
  }
  if (mine < shown) return undefined;
  shown = mine;
  if (!answer.ok || answer.redirected) {
    return tell("It could not be worked out. Your ticks are kept; press Save to go on.");
  }
  return draw(await answer.json());
}

function draw({ log: said, parts }) {
  const { log } = form.elements;
  if (log.value !== said) {
    log.value = said;
    log.dispatchEvent(new Event("input", { bubbles: true }));
  }
  patch(result, parts);
}

// What is shown is older than what is ticked: it must not be read as if it were not.
function tell(words) {
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.className = "nhsuk-error-message";
  line.textContent = words;
  result.querySelectorAll(":scope > [role=alert]").forEach((one) => one.remove());
  result.prepend(line);
}

function soon(delay) {
  clearTimeout(waiting);
  waiting = setTimeout(workOut, delay);
}

form.addEventListener("input", (event) => {
  const { name = "", type } = event.target;
  if (name.startsWith("q-")) soon(type === "radio" ? 0 : 400);
});

form.addEventListener("keydown", (event) => {
  const { type, checked } = event.target;
  if (type !== "radio" || !checked || !["Backspace", "Delete"].includes(event.key)) return;
  event.preventDefault();
  event.target.checked = false;
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
});

// The form is sent by a script once all is kept, and such a form has no button.
form.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=press]");
  if (!button) return;
  const step = document.createElement("input");
  Object.assign(step, { type: "hidden", name: "press", value: button.value });
  button.removeAttribute("name");
  form.append(step);
});
