// SPDX-License-Identifier: Apache-2.0
// Keeps the picture of the day up to date, and says loudly when it does not know.

const EVERY_MS = 5000;
const LOST_AFTER_MS = 15000;

const picture = document.getElementById("today");
const line = document.getElementById("today-live");
let heardAt = Date.now();

function tell() {
  const isLost = Date.now() - heardAt > LOST_AFTER_MS;
  line.textContent = isLost ? line.dataset.lost : line.dataset.live;
  line.classList.toggle("nhsuk-error-message", isLost);
}

function show(told) {
  const has = (name) => Number(picture.dataset[name]);
  const isOther =
    told.unusual !== has("unusual") ||
    Number(told.is_tripped) !== has("tripped") ||
    Number(told.is_behind) !== has("behind");
  if (isOther) return window.location.reload();
  for (const [name, words] of Object.entries(told.cells)) {
    const cell = picture.querySelector(`[data-cell="${CSS.escape(name)}"]`);
    if (cell && cell.textContent !== words) cell.textContent = words;
  }
  return undefined;
}

// The question does not count as use: a page left open lets its session sleep.
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(picture.dataset.from, { redirect: "error" });
    if (answer.ok) {
      show(await answer.json());
      heardAt = Date.now();
    }
  } catch {
    // The line says it once it has lasted.
  }
  tell();
}

tell();
setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
