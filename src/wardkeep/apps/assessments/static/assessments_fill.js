// SPDX-License-Identifier: Apache-2.0
// Marks the fields of an assessment for the script that keeps what is typed in them:
// each is a section by its own name.

for (const field of document.querySelectorAll("#questions [name]")) {
  field.dataset.typed = "";
  field.dataset.section = "";
  field.dataset.heading = field.name;
  field.dataset.hint = "";
}
