// SPDX-License-Identifier: Apache-2.0
// Puts the names that this page was opened with beside the list as it changes: what is
// sent afterwards has none. Who came since then is shown by opening the list again.

const part = document.querySelector("[data-live-part]");
const names = new Map();

const copies = (nodes) => [...nodes].map((one) => one.cloneNode(true));

function learn(node) {
  if (!node.querySelector("a")) names.set(node.dataset.who, copies(node.childNodes));
}

function name(node) {
  const known = names.get(node.dataset.who);
  if (known && node.querySelector("a")) {
    node.replaceChildren(...copies(known));
  }
}

for (const node of part.querySelectorAll("[data-who]")) learn(node);
const changes = new MutationObserver(() => {
  for (const node of part.querySelectorAll("[data-who]")) name(node);
});
changes.observe(part, { childList: true, subtree: true });
