// SPDX-License-Identifier: Apache-2.0
// Shows what support opens as it happens, and says loudly when it does not know.

const EVERY_MS = 2000;
const LOST_AFTER_MS = 5000;

const list = document.getElementById("watch");
const line = document.getElementById("watch-live");
let heardAt = Date.now();

function tell() {
  const isLost = Date.now() - heardAt > LOST_AFTER_MS;
  line.textContent = isLost ? line.dataset.lost : line.dataset.live;
  line.classList.toggle("nhsuk-error-message", isLost);
}

function made(name, text, href) {
  const node = document.createElement(name);
  node.textContent = text;
  if (href) node.href = href;
  return node;
}

// Built node by node: no page of ours takes text for markup.
function show(told) {
  if (!told.is_open) return window.location.reload();
  if (told.openings.length <= list.children.length) return undefined;
  const fresh = told.openings.slice(0, told.openings.length - list.children.length);
  for (const one of fresh.reverse()) {
    const line = made("li", `${one.at}: ${one.what} of `);
    line.append(made("a", one.patient, `/patients/${one.patient}`));
    list.prepend(line);
  }
  document.getElementById("watch-nothing")?.remove();
  return undefined;
}

async function look() {
  try {
    const answer = await fetch(list.dataset.from, { redirect: "error" });
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
