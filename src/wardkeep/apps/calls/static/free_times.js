// SPDX-License-Identifier: Apache-2.0
// Asks for free times beside the page: services can be read, and words typed, meanwhile.

const { times, patching } = document.querySelector("script[data-times]").dataset;
const places = [...document.querySelectorAll("[data-free]")].filter((one) => one.querySelector("a"));

async function ask() {
  const { patch } = await import(patching);
  const before = places.map((one) => [...one.childNodes]);
  for (const place of places) {
    const line = document.createElement("p");
    line.setAttribute("role", "status");
    line.textContent = "Asking for free times …";
    place.replaceChildren(line);
  }
  try {
    const answer = await fetch(times, { redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    for (const place of places) patch(place, told[place.dataset.free] ?? []);
  } catch {
    places.forEach((place, nth) => place.replaceChildren(...before[nth]));
  }
}

if (places.length) ask();
