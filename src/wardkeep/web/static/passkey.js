// SPDX-License-Identifier: Apache-2.0
// Asks the authenticator and carries its answer; the words stand in the page.
// A form names its ceremony: data-ceremony is "get" (sign in) or "create" (register),
// data-begin and data-finish are where to post. Its fields are posted along. What comes
// back says where to go, or what to show once.

const form = document.querySelector("form[data-ceremony]");
const button = form.querySelector("button[type=submit]");
const problem = document.getElementById("ceremony-problem");
const progress = document.getElementById("ceremony-progress");

class Refused extends Error {
  constructor({ why, mend }) {
    super("refused");
    this.lines = [why, mend];
  }
}

async function post(path, sent) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(sent),
    redirect: "error",
  });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(told);
  return told;
}

async function askAuthenticator(kind, options) {
  if (kind === "get") {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return navigator.credentials.get({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return navigator.credentials.create({ publicKey });
}

function withoutSecrets(credential) {
  const sent = credential.toJSON();
  // A passkey's PRF output opens outage packs; no server may ever see it.
  if (sent.clientExtensionResults) delete sent.clientExtensionResults.prf;
  return sent;
}

async function perform() {
  const fields = Object.fromEntries(new FormData(form));
  const options = await post(form.dataset.begin, fields);
  const credential = await askAuthenticator(form.dataset.ceremony, options);
  const sent = { ...fields, response: withoutSecrets(credential) };
  const told = await post(form.dataset.finish, sent);
  if (told.links) show(told.links);
  else window.location.assign(told.next);
}

function show(links) {
  const shown = document.getElementById("ceremony-shown");
  const slip = shown.querySelector("template");
  for (const { name, link, until } of links) {
    const one = slip.content.cloneNode(true);
    one.querySelector("[data-name]").textContent = name;
    one.querySelector("[data-until]").textContent = until;
    one.querySelector("[data-link]").textContent = link;
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
    await perform();
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
