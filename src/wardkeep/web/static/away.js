// SPDX-License-Identifier: Apache-2.0
// Covers the page of somebody who has gone away, and brings it back with their passkey.
// The session sleeps in the warden at the same time, so that nothing behind this cover
// could be asked for; the cover hides what was on the screen already.

const LAST_USE = "wardkeep-last-use";
// Before anything is waited for: a tab that is still loading would undo a lock.
noteUse();

const { Refused, perform } = await import(document.documentElement.dataset.ceremony);

const WARNING_SECONDS = 60;
const LOOK_EVERY_MS = 1000;

const cover = document.getElementById("away");
const warning = document.getElementById("away-warning");
const problem = cover.querySelector("[data-problem]");
const limit = Number(cover.dataset.after);

// All tabs share one session: a page loaded in one of them is use in every one. By the
// wall clock, which goes on while a laptop sleeps.
function noteUse() {
  localStorage.setItem(LAST_USE, String(Date.now()));
}

// Locking is having been away for ever: every tab is covered within a second.
function noteLock() {
  localStorage.setItem(LAST_USE, "0");
}

function idleSeconds() {
  const last = Number(localStorage.getItem(LAST_USE)) || 0;
  return (Date.now() - last) / 1000;
}

function look() {
  const idle = idleSeconds();
  const isAway = idle < 0 || idle > limit;
  if (isAway && !cover.open) hide();
  // Another tab woke it.
  if (!isAway && cover.open) show();
  warning.hidden = isAway || idle < limit - WARNING_SECONDS;
}

function hide() {
  document.documentElement.classList.add("wk-away");
  problem.textContent = "";
  cover.showModal();
}

function show() {
  document.documentElement.classList.remove("wk-away");
  if (cover.open) cover.close();
}

function words(error) {
  if (error instanceof Refused) return error.lines.join(" ");
  return error.name === "NotAllowedError"
    ? cover.dataset.cancelled
    : cover.dataset.unreachable;
}

async function wake() {
  problem.textContent = "";
  try {
    await perform("get", { begin: "/wake/begin", finish: "/wake/finish" }, {});
    noteUse();
    show();
  } catch (error) {
    if (error.code === "not-signed-in") signIn();
    else problem.textContent = words(error);
  }
}

// The session is over: whoever signs in now may be somebody else, so nothing of this
// page is kept.
function signIn() {
  const here = window.location.pathname + window.location.search;
  window.location.assign(`/sign-in?ended=yes&next=${encodeURIComponent(here)}`);
}

async function lock(event) {
  event.preventDefault();
  noteLock();
  hide();
  await fetch("/lock", { method: "POST", redirect: "manual" });
}

cover.addEventListener("cancel", (event) => event.preventDefault());
cover.querySelector("[data-wake]").addEventListener("click", wake);
document.querySelector("form[data-lock]").addEventListener("submit", lock);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.altKey && event.code === "KeyL") lock(event);
});
warning.querySelector("button").addEventListener("click", async () => {
  const answer = await fetch("/still-here", { method: "POST" });
  if (answer.ok) noteUse();
  look();
});
// A page that the browser kept from before is as old as it is, not new.
window.addEventListener("pageshow", (event) => event.persisted && look());
document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_EVERY_MS);
