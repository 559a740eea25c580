// SPDX-License-Identifier: Apache-2.0
// Begins a service worker that keeps one page for where the server does not answer. The
// worker that it begins says `const KEPT = { cache, page, start, pages }`: the name of
// its cache, the address of the page that it keeps, and which pages it stands in for.

const BROKEN = 500;
const LONGEST_MS = 6_000;
const STATIC = /"(\/static\/[^"]+)"/g;

self.addEventListener("install", (event) => {
  event.waitUntil(renew().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  if (event.data.kind === "renew") event.waitUntil(renew().catch(() => {}));
});

// The kept page as the server has it now, with all that it names.
async function renew() {
  const asked = { cache: "no-store", credentials: KEPT.credentials, redirect: "error" };
  const page = await fetch(KEPT.page, asked);
  if (!page.ok) throw new Error(`kept page ${page.status}`);
  const text = await page.clone().text();
  const named = [...text.matchAll(STATIC)].map((found) => found[1]);
  const pages = await caches.open(KEPT.cache);
  for (const one of named)
    if (!(await pages.match(one))) await pages.add(one);
  await pages.put(KEPT.page, page);
  for (const { url } of await pages.keys()) {
    const path = new URL(url).pathname;
    if (path !== KEPT.page && !named.includes(path)) await pages.delete(url);
  }
}

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== self.location.origin) return;
  const isPage = event.request.mode === "navigate" && KEPT.pages.has(pathname);
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
  const page = await caches.match(KEPT.page);
  if (!page) return given ?? Response.error();
  // A form's address would send it again: begin anew at the start.
  if (pathname !== KEPT.start) return Response.redirect(`${KEPT.start}?again`, 303);
  return page;
}
