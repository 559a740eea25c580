// SPDX-License-Identifier: Apache-2.0
// The service worker of a car's list, for this one address: where there is no signal it
// shows an empty page, which names nobody (kept_pages.js goes before it). What lies on
// the phone is sealed, and this worker holds nothing that opens it.

const KEPT = {
  cache: "wardkeep-car-pages",
  page: "/home-visits/mine/no-signal",
  start: "/home-visits/mine",
  pages: new Set(["/home-visits/mine"]),
  credentials: "same-origin",
};
