// SPDX-License-Identifier: Apache-2.0
// The button that prints; without scripts the page says how.

const button = document.querySelector("[data-print]");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
