// SPDX-License-Identifier: Apache-2.0
// Puts a chosen file's text into the field below, which is what is sent.

const chosen = document.getElementById("chosen");
const field = document.getElementById("file");
const state = document.getElementById("file-state");

document.querySelector(".wk-choose").hidden = false;
chosen.addEventListener("change", async () => {
  const [file] = chosen.files;
  if (!file) return;
  if (file.size > Number(chosen.dataset.most)) {
    state.textContent = chosen.dataset.tooLong;
    return;
  }
  field.value = await file.text();
  state.textContent = chosen.dataset.read.replace("{name}", file.name);
});
