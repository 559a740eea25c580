// SPDX-License-Identifier: Apache-2.0
// Narrows the list by what is typed. Nothing is asked of the server.

const box = document.getElementById("filter");
const rows = [...document.querySelectorAll(".wk-caseload tbody tr")];

function narrow(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const cell = row.cells[0].textContent.toLowerCase();
    const packed = cell.replace(/\s+/g, "");
    row.hidden = !wanted.every((word) => cell.includes(word) || packed.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  for (const part of document.querySelectorAll("section:has(> .wk-caseload)")) {
    part.hidden = part.querySelector("tbody tr:not([hidden])") === null;
  }
  box.querySelector("[role=status]").textContent = shown ? "" : box.dataset.none;
}

if (box) {
  const field = box.querySelector("input");
  box.hidden = false;
  field.addEventListener("input", () => narrow(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      narrow("");
    } else if (event.key === "Enter") {
      document.querySelector(".wk-caseload tbody tr:not([hidden]) a")?.focus();
    }
  });
  narrow(field.value);
}
