// SPDX-License-Identifier: Apache-2.0
// A form whose words are kept while they are typed (keeping.js), whatever fields it has.
// It is sent when the server has every word of it, and not before.

const form = document.querySelector("form[data-keeping]");
const line = document.getElementById("kept-state");
const alarm = document.getElementById("kept-alarm");
const others = document.getElementById("kept-others");
const beside = document.getElementById("kept-beside");
const { keeperOf } = await import(form.dataset.keeping);

const fields = [...form.elements].filter(
  (field) => field.name && field.type !== "hidden" && field.type !== "submit",
);
for (const field of fields) field.toggleAttribute("data-typed", true);

function labelOf(field) {
  const legend = field.closest("fieldset")?.querySelector("legend")?.textContent.trim();
  const label = field.labels[0]?.textContent.trim() || field.name;
  if (field.type === "radio") return legend || label;
  return legend ? `${legend}: ${label.toLowerCase()}` : label;
}

// A section a field, in its order; of radio buttons the one that is chosen.
function sections() {
  const found = new Map();
  for (const field of fields) {
    const isChoice = field.type === "radio" || field.type === "checkbox";
    const text = isChoice && !field.checked ? found.get(field.name)?.text || "" : field.value;
    found.set(field.name, { heading: labelOf(field), text, hint: field.name });
  }
  return [...found.values()];
}

function read() {
  return { title: form.dataset.title, when: "", sections: sections(), why: "" };
}

const keeper = await keeperOf(form, { line, alarm, others, beside, read, shown });

function shown() {
  document.getElementById("kept-sign-in").hidden = keeper.serverSays !== "signed-out";
}

// Which button was pressed: a form may have several, each with its own address.
function press(button) {
  if (!button) return;
  if (button.hasAttribute("formaction")) form.action = button.formAction;
  if (!button.name) return;
  const said = document.createElement("input");
  Object.assign(said, { type: "hidden", name: button.name, value: button.value });
  form.append(said);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (keeper.isLeaving) return;
  // Hurried: whoever waits on the telephone does not wait for what the press says anyway.
  const isHurried = "hurried" in form.dataset;
  if (!isHurried && keeper.typed && !(await keeper.isAllSaved())) {
    alarm.textContent = `${line.dataset.unsent} ${keeper.state()[1]}`;
    return;
  }
  keeper.isLeaving = true;
  form.elements.place.value = keeper.typed ? keeper.place : "";
  press(button);
  form.submit();
});

keeper.meet(document.getElementById("kept-windows"));
await keeper.bringIn();
