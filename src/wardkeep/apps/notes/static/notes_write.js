// SPDX-License-Identifier: Apache-2.0
// The page on which a note is written: keeps what is typed (keeping.js), and signs with
// Ctrl+Enter, only what the server has.

const form = document.getElementById("note");
const line = document.getElementById("note-state");
const alarm = document.getElementById("note-alarm");
const others = document.getElementById("note-others");
const beside = document.getElementById("note-beside");
const { keeperOf } = await import(form.dataset.keeping);

// Of what is ticked, only that which is: an assessment is kept like a note.
function sections() {
  const fields = [...form.querySelectorAll("[data-section]")];
  const ticked = (field) => field.checked || !["radio", "checkbox"].includes(field.type);
  return fields.filter(ticked).map((field) => ({
    heading: field.dataset.heading,
    text: field.value,
    hint: field.dataset.hint,
  }));
}

function read() {
  const { title, when, why } = form.elements;
  return {
    title: title.value,
    when: when.value,
    sections: sections(),
    why: why ? why.value : "",
  };
}

const keeper = await keeperOf(form, { line, alarm, others, beside, read, shown });

// Called while the keeper is at work, so never before there is one.
function shown() {
  document.getElementById("note-sign-in").hidden = keeper.serverSays !== "signed-out";
  document.getElementById("note-length").hidden = keeper.length() <= keeper.longest;
}

async function sign(event) {
  event.preventDefault();
  if (keeper.isLeaving) return;
  if (!(await keeper.isAllSaved())) {
    alarm.textContent = `${line.dataset.unsigned} ${keeper.state()[1]}`;
    return;
  }
  keeper.isLeaving = true;
  form.elements.place.value = keeper.place;
  // What is signed is what the server has; the fields are not sent a second time.
  for (const field of form.querySelectorAll("[data-typed]")) field.disabled = true;
  form.action = form.dataset.sign;
  form.submit();
}

form.addEventListener("submit", (event) => {
  // Enter in a field of one line presses the first button, which saves: it never signs.
  if (event.submitter && event.submitter.hasAttribute("formaction")) return sign(event);
  event.preventDefault();
  return keeper.saveNow();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sign(event);
});

keeper.meet(document.getElementById("note-windows"));
await keeper.bringIn();
