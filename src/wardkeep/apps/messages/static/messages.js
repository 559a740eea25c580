// SPDX-License-Identifier: Apache-2.0
// Says that what the page shows was read, once it is seen; without scripts a button does.

let told = "";

async function tell() {
  const form = document.querySelector("form[data-read]");
  if (!form || document.hidden || form.elements.last.value === told) return;
  const last = form.elements.last.value;
  told = last;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      redirect: "manual",
    });
    if (answer.type !== "opaqueredirect") told = "";
  } catch {
    told = "";
  }
}

document.addEventListener("visibilitychange", tell);
new MutationObserver(tell).observe(document.getElementById("content"), {
  childList: true,
  subtree: true,
  attributes: true,
  attributeFilter: ["value"],
});
tell();
