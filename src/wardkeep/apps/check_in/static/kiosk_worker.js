// SPDX-License-Identifier: Apache-2.0
// A kiosk's service worker: where the server does not answer, the kiosk's own page does.
// It keeps pages that name nobody, and holds in memory what opens the pack.

const CACHE = "wardkeep-kiosk-pages";
const OFFLINE = "/kiosk/offline";
const START = "/kiosk";
const PAGES = new Set([START, "/kiosk/facts", "/check-in/visit", "/check-in/finish"]);
const BROKEN = 500;
const LONGEST_MS = 6_000;
const STATIC = /"(\/static\/[^"]+)"/g;
let held = [];

self.addEventListener("install", (event) => {
  event.waitUntil(renew().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { kind } = event.data;
  if (kind === "hold") hold(event.data.held);
  if (kind === "held")
    event.ports[0].postMessage(held.find(({ id }) => id === event.data.id) ?? null);
  if (kind === "renew") event.waitUntil(renew().catch(() => {}));
});

// The newest and the one before: a page may be left while it changes from one pack to
// the next, and what is stored is opened by its own.
function hold(newest) {
  held = [newest, ...held.filter(({ id }) => id !== newest.id)].slice(0, 2);
}

// The kiosk's own page as the server has it now, with all that it names.
async function renew() {
  const page = await fetch(OFFLINE, { cache: "no-store", credentials: "omit" });
  if (!page.ok) throw new Error(`offline page ${page.status}`);
  const text = await page.clone().text();
  const named = [...text.matchAll(STATIC)].map((found) => found[1]);
  const pages = await caches.open(CACHE);
  for (const one of named)
    if (!(await pages.match(one))) await pages.add(one);
  await pages.put(OFFLINE, page);
  for (const { url } of await pages.keys()) {
    const path = new URL(url).pathname;
    if (path !== OFFLINE && !named.includes(path)) await pages.delete(url);
  }
}

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== self.location.origin) return;
  const isPage = event.request.mode === "navigate" && PAGES.has(pathname);
  if (isPage) event.respondWith(paged(event.request, pathname));
  else if (pathname.startsWith("/static/")) event.respondWith(kept(event.request));
});

async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}

const late = () => new Promise((resolve) => setTimeout(resolve, LONGEST_MS, null));

async function paged(request, pathname) {
  const given = await Promise.race([fetch(request).catch(() => null), late()]);
  if (given && given.status < BROKEN) return given;
  const page = await caches.match(OFFLINE);
  if (!page) return given ?? Response.error();
  // A form's address would send it again: begin anew at the start.
  if (pathname !== START) return Response.redirect(`${START}?again`, 303);
  return page;
}
