// SPDX-License-Identifier: Apache-2.0
// Ctrl and Enter approves the letter that is shown, once.

const form = document.querySelector("form[data-approve]");

document.addEventListener("keydown", (event) => {
  const isIt = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (!isIt || event.repeat || !form) return;
  event.preventDefault();
  form.requestSubmit();
});
