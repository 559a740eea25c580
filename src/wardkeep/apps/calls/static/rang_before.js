// SPDX-License-Identifier: Apache-2.0
// Asks the repeat caller service beside the page; what it says comes when it comes.

const form = document.querySelector("form[data-rang]");
const line = form.querySelector("[data-status]");

async function ask() {
  const before = line.textContent;
  line.textContent = form.dataset.asking;
  try {
    const answer = await fetch(form.dataset.rang, {
      method: "POST",
      body: new URLSearchParams(),
      redirect: "error",
    });
    const told = await answer.json();
    line.dataset.status = told.status;
    line.textContent = told.words;
    if (told.status !== "not-reached") form.querySelector("button").remove();
  } catch {
    line.textContent = before;
  }
}

ask();
