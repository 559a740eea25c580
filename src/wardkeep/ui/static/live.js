// SPDX-License-Identifier: Apache-2.0
// Keeps the live parts of a page up to date, and says at once and loudly when they are
// not. The macro `live` of components.html makes what this looks for.

const LOST_AFTER_MS = 5000;
const LOOK_EVERY_MS = 250;

const regions = [...document.querySelectorAll("[data-live]")].map((node) => ({
  node,
  of: node.dataset.live,
  seen: node.dataset.seen,
  part: node.querySelector("[data-live-part]"),
  clock: node.querySelector("[data-live-at]"),
  says: node.querySelector("[data-live-says]"),
  alarm: node.querySelector("[data-live-alarm]"),
  at: node.dataset.at,
  isCurrent: false,
  isLate: false,
  heardAt: performance.now(),
  isLive: undefined,
}));
const { hear } = await import(regions[0].node.dataset.hearing);
const { patch } = await import(regions[0].node.dataset.patching);

// --- what is said ----------------------------------------------------------------------

function isLive(region) {
  const isHeard = performance.now() - region.heardAt < LOST_AFTER_MS;
  return isHeard && !region.isLate;
}

function tell(region) {
  const now = isLive(region);
  if (now && region.isCurrent) region.clock.textContent = region.at;
  if (now === region.isLive && region.isCurrent === region.wasCurrent) return;
  region.isLive = now;
  region.wasCurrent = region.isCurrent;
  region.node.classList.toggle("wk-live--lost", !now);
  const { words, lost, waits } = region.node.dataset;
  const buttons = document.querySelector("[data-needs-live]") ? waits : "";
  // Alive again and not yet brought up to date: as loud as before.
  if (now && region.isCurrent) {
    region.says.textContent = words;
    region.alarm.hidden = true;
    region.alarm.textContent = "";
  } else if (!now) {
    region.says.textContent = "As at";
    region.alarm.hidden = false;
    region.alarm.textContent = lost.replace("{at}", region.at) + buttons;
  }
  hold();
}

// --- buttons that act on what is shown -------------------------------------------------

const mayAct = () => regions.every((one) => one.isLive && one.isCurrent);

function hold() {
  const isHeld = !mayAct();
  for (const node of document.querySelectorAll("[data-needs-live]")) {
    if (isHeld && !node.disabled) {
      node.disabled = true;
      node.dataset.held = "";
    } else if (!isHeld && "held" in node.dataset) {
      node.disabled = false;
      delete node.dataset.held;
    }
  }
}

// A form is sent by Enter as well.
document.addEventListener(
  "submit",
  (event) => {
    const needs = event.target.querySelector("[data-needs-live]");
    if (needs && !mayAct()) event.preventDefault();
  },
  true,
);

// --- a press that is half done ---------------------------------------------------------
// What changes under a finger would lose the press, or take it for another act: until the
// finger is lifted the page stays as it is, and is not current. Nobody presses for long.

const HELD_AT_MOST_MS = 2000;
const heldBack = [];
let isPressed = false;
let lettingGo;

function letGo() {
  clearTimeout(lettingGo);
  isPressed = false;
  for (const act of heldBack.splice(0)) act();
}

function press({ target }) {
  if (!regions.some(({ part }) => part.contains(target))) return;
  isPressed = true;
  clearTimeout(lettingGo);
  lettingGo = setTimeout(letGo, HELD_AT_MOST_MS);
}

// The click comes after the finger is lifted, in the same turn.
const lift = () => isPressed && setTimeout(letGo);
const isSpace = (event) => event.key === " " && event.target.closest?.("button, summary");

document.addEventListener("pointerdown", press, true);
document.addEventListener("keydown", (event) => isSpace(event) && press(event), true);
for (const kind of ["pointerup", "pointercancel", "keyup"])
  document.addEventListener(kind, lift, true);

const onceLetGo = (act) => (isPressed ? heldBack.push(act) : act());

// --- what is heard ---------------------------------------------------------------------

function of(path, act) {
  for (const region of regions.filter((one) => one.of === path)) {
    act(region);
    tell(region);
  }
}

const heard = {
  alive(at) {
    for (const region of regions) {
      region.heardAt = performance.now();
      region.at = at;
      tell(region);
    }
  },
  current(path) {
    of(path, (region) => {
      region.isCurrent = true;
      region.isLate = false;
    });
  },
  part(path, { seen, whose, parts }) {
    // Somebody else has signed in here: nothing of theirs into this page.
    if (whose && whose !== regions[0].node.dataset.whose) window.location.reload();
    else
      onceLetGo(() =>
        of(path, (region) => {
          region.seen = seen;
          region.isCurrent = true;
          region.isLate = false;
          patch(region.part, parts);
          hold();
        }),
      );
  },
  late(path) {
    of(path, (region) => (region.isLate = true));
  },
  lost() {
    for (const region of regions) {
      region.heardAt = -Infinity;
      region.isCurrent = false;
      tell(region);
    }
  },
};

hear(() => regions.map(({ of: path, seen }) => [path, seen]), heard);
setInterval(() => regions.forEach(tell), LOOK_EVERY_MS);
