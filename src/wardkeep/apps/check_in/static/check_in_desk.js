// SPDX-License-Identifier: Apache-2.0
// Looks again every 10 s whether somebody calls for help; says so when it cannot.

const EVERY_MS = 10_000;
const said = document.querySelector("[data-desk]");
let known = null;

async function look() {
  try {
    const given = await fetch("/check-in/desk/calls", { redirect: "error" });
    if (!given.ok) throw new Error("calls");
    const { newest } = await given.json();
    if (known !== null && newest !== known) { window.location.reload(); return; }
    known = newest;
    said.textContent = "Live: calls for help appear by themselves.";
  } catch {
    said.textContent = "NOT LIVE: this page shows no new calls. Reload it, or look at the kiosks.";
  }
}

look();
setInterval(look, EVERY_MS);
