// SPDX-License-Identifier: Apache-2.0
// Beside the form of a call: what is asked of another caller only, and what the national
// index says, which comes when it comes and holds nothing up.

const form = document.querySelector("form.wk-call");
const another = form.querySelector("[data-if-another]");
const line = document.querySelector("[data-trace]");

function fit() {
  another.hidden = form.elements.who.value !== "another";
}

// What nobody typed is filled in, and kept as if it were typed.
function fill(field, said) {
  if (field.value.trim()) return;
  field.value = said;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function ask() {
  line.textContent = line.dataset.asking;
  try {
    const answer = await fetch(line.dataset.trace, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      redirect: "error",
    });
    const told = await answer.json();
    line.dataset.status = told.status;
    line.textContent = [told.words, told.facts].filter(Boolean).join(" ");
    if (told.status === "verified") fill(form.elements.nhs_number, told.number);
  } catch {
    line.textContent = line.dataset.lost;
  }
}

form.addEventListener("change", fit);
fit();
if (line) ask();
