// SPDX-License-Identifier: Apache-2.0
// Puts the text of a chosen file into the field that it names; the text is what is sent.

for (const chosen of document.querySelectorAll("input[type=file][data-into]")) {
  chosen.closest(".wk-choose").hidden = false;
  chosen.addEventListener("change", async () => {
    const [file] = chosen.files;
    if (file) document.getElementById(chosen.dataset.into).value = await file.text();
  });
}
