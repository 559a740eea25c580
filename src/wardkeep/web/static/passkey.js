// SPDX-License-Identifier: Apache-2.0
// Asks the authenticator and carries its answer; the words stand in the page.
// A form names its ceremony: data-ceremony is "get" (sign in) or "create" (register),
// data-begin and data-finish are where to post. Its fields are posted along. What comes
// back says where to go, or what to show once.

const form = document.querySelector("form[data-ceremony]");
const button = form.querySelector("button[type=submit]");
const problem = document.getElementById("ceremony-problem");
const progress = document.getElementById("ceremony-progress");

const { Refused, perform } = await import(document.documentElement.dataset.ceremony);

async function ask() {
  const fields = Object.fromEntries(new FormData(form));
  const told = await perform(form.dataset.ceremony, form.dataset, fields);
  if (told.links) show(told.links);
  else goOn(told.next);
}

function goOn(next) {
  const kept = document.querySelector("form[data-kept]");
  if (kept) kept.submit();
  else window.location.assign(next);
}

function show(links) {
  const shown = document.getElementById("ceremony-shown");
  const slip = shown.querySelector("template");
  for (const { name, link, until, code } of links) {
    const one = slip.content.cloneNode(true);
    one.querySelector("[data-name]").textContent = name;
    one.querySelector("[data-until]").textContent = until;
    one.querySelector("[data-link]").textContent = link;
    const picture = one.querySelector("[data-code]");
    picture.setAttribute("viewBox", `0 0 ${code.side} ${code.side}`);
    picture.querySelector("path").setAttribute("d", code.lines);
    one.querySelector("[data-whose]").textContent = ` the link of ${name}`;
    const copied = one.querySelector("[data-copied]");
    one.querySelector("[data-copy]").addEventListener("click", async () => {
      await navigator.clipboard.writeText(link);
      copied.hidden = false;
    });
    shown.querySelector("[data-links]").append(one);
  }
  shown.querySelector("[data-print]").addEventListener("click", () => window.print());
  for (const before of document.querySelectorAll("[data-before]")) before.remove();
  shown.hidden = false;
  shown.focus();
}

function linesFor(error) {
  if (error instanceof Refused) return error.lines;
  const known = problem.querySelector(`template[data-name="${error.name}"]`);
  const told = known ?? problem.querySelector('template[data-name="other"]');
  return [...told.content.querySelectorAll("p")].map((line) => line.textContent);
}

function tell(error) {
  const list = problem.querySelector("[data-lines]");
  list.replaceChildren(
    ...linesFor(error).map((text) => {
      const line = document.createElement("p");
      line.textContent = text;
      return line;
    }),
  );
  problem.hidden = false;
  problem.focus();
}

function setBusy(isBusy) {
  button.disabled = isBusy;
  progress.hidden = !isBusy;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  setBusy(true);
  try {
    await ask();
  } catch (error) {
    tell(error);
    setBusy(false);
  }
});

document.getElementById("ceremony-without-script").hidden = true;
if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  form.hidden = false;
} else {
  tell({ name: "no-passkeys" });
}
