// SPDX-License-Identifier: Apache-2.0
// What is typed is kept a second after the last letter, wrong or not. Saves go one after
// the other, each on the version that the one before it made; pressing Save waits for
// the one that is under way.

const form = document.querySelector("form[data-kept]");
const state = document.getElementById("kept");
let waiting = 0;
let saving = Promise.resolve();
let isOvertaken = false;

function say(words, isWrong) {
  state.textContent = words;
  state.toggleAttribute("data-wrong", isWrong);
}

async function keep() {
  if (isOvertaken) return;
  const body = new URLSearchParams(new FormData(form));
  body.set("press", "keep");
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const said = await answer.json();
    isOvertaken = answer.status === 409;
    if (said.wrong) return say(said.wrong, true);
    form.elements.version.value = said.version;
    for (const other of document.querySelectorAll("form input[name=version]")) {
      other.value = said.version;
    }
    say(`Kept at ${said.at}`, false);
  } catch {
    say("Not kept: Wardkeep cannot be reached. What you typed is in this window alone.", true);
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    waiting = 0;
    saving = saving.then(keep);
  }, 1000);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  await saving;
  form.submit();
});
