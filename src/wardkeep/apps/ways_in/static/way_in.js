// SPDX-License-Identifier: Apache-2.0
// Takes a way in off the page: after 20 seconds, when the window is left, on Escape, and
// before the page is kept for going back. The style sheet hides it too, without this.

const SHOWN_MS = 20_000;

const shown = document.getElementById("way-in");
const told = document.getElementById("way-in-hidden");

function hide() {
  if (!shown.isConnected) return;
  shown.remove();
  told.textContent = told.dataset.words;
}

shown.focus();
// Going back or reloading asks for the page before it, and never sends the tap again.
window.history.replaceState(null, "", window.location.href);
setTimeout(hide, SHOWN_MS);
window.addEventListener("blur", hide);
window.addEventListener("pagehide", hide);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
