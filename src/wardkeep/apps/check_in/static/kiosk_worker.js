// SPDX-License-Identifier: Apache-2.0
// A kiosk's service worker: where the server does not answer, the kiosk's own page does.
// It keeps pages that name nobody (kept_pages.js goes before it), and holds in memory
// what opens the pack.

const KEPT = {
  cache: "wardkeep-kiosk-pages",
  page: "/kiosk/offline",
  start: "/kiosk",
  pages: new Set(["/kiosk", "/kiosk/facts", "/check-in/visit", "/check-in/finish"]),
  credentials: "omit",
};
let held = [];

self.addEventListener("message", (event) => {
  const { kind } = event.data;
  if (kind === "hold") hold(event.data.held);
  if (kind === "held")
    event.ports[0].postMessage(held.find(({ id }) => id === event.data.id) ?? null);
});

// The newest and the one before: a page may be left while it changes from one pack to
// the next, and what is stored is opened by its own.
function hold(newest) {
  held = [newest, ...held.filter(({ id }) => id !== newest.id)].slice(0, 2);
}
