// SPDX-License-Identifier: Apache-2.0
// The button that prints; without a script the page says how the browser does it.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
