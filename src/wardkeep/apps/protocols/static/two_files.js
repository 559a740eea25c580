// SPDX-License-Identifier: Apache-2.0
// Puts the text of a chosen file into the field that it names; the text is what is sent.

for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  chosen.closest(".wk-choose").hidden = false;
  chosen.addEventListener("change", async () => {
    const [file] = chosen.files;
    if (file) document.getElementById(chosen.dataset.into).value = await file.text();
  });
}

// White space between values is not sent: written out with percent signs it would be
// half of what arrives. Strings and the digits of numbers stay as they are.
const VALUES = /("(?:[^"\\]|\\.)*")|\s+/g;

for (const form of document.querySelectorAll("form[data-compact]")) {
  form.addEventListener("submit", () => {
    for (const field of form.querySelectorAll("textarea")) {
      field.value = field.value.replace(VALUES, (_all, text) => text ?? "");
    }
  });
}
