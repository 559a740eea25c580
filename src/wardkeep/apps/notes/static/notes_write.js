// SPDX-License-Identifier: Apache-2.0
// Keeps what is typed: at once on this device, every two seconds on the server, and says
// plainly which of the two it is. Signs with Ctrl+Enter, and only what the server has.

const SAVE_EVERY_MS = 2000;

const form = document.getElementById("note");
const line = document.getElementById("note-state");
const alarm = document.getElementById("note-alarm");
const others = document.getElementById("note-others");
const beside = document.getElementById("note-beside");
const words = line.dataset;
const kept = await import(form.dataset.kept);

const draft = form.dataset.draft;
const account = form.dataset.account;
const editor = form.elements.editor.value;
const over = JSON.parse(form.dataset.over);
const longest = Number(form.dataset.longest);
const key = await readKey();

let typed = 0; // The number of what stands in the fields.
let onDevice = 0; // The newest that this device has,
let onServer = 0; // and the newest that the server has.
let newest = null; // The newest text, sealed.
let savedAt = words.saved;
let deviceFails = false;
let serverSays = "saved";
let keeping = null;
let saving = null;
let isLeaving = false;

// The key leaves the page's text at once and never leaves this window.
async function readKey() {
  const raw = Uint8Array.from(atob(form.dataset.key), (letter) => letter.charCodeAt(0));
  form.removeAttribute("data-key");
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
}

function sections() {
  return [...form.querySelectorAll("[data-section]")].map((field) => ({
    heading: field.dataset.heading,
    text: field.value,
    hint: field.dataset.hint,
  }));
}

function inFields() {
  const { title, when, why } = form.elements;
  return {
    title: title.value,
    when: when.value,
    sections: sections(),
    why: why ? why.value : "",
  };
}

async function sealed(number) {
  const text = new TextEncoder().encode(JSON.stringify(inFields()));
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const identity = `${form.dataset.identity}${editor}|${number}`;
  const additionalData = new TextEncoder().encode(identity);
  const body = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData },
    key,
    text,
  );
  return base64(new Uint8Array([...nonce, ...new Uint8Array(body)]));
}

function base64(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

// One at a time: what is typed meanwhile is taken along by the next turn of the loop.
async function keepAll() {
  while (onDevice < typed || !newest || newest.number < typed) {
    const number = typed;
    const box = await sealed(number);
    newest = { draft, editor, number, box, over, account };
    try {
      await kept.keep(newest);
      deviceFails = false;
    } catch {
      deviceFails = true;
    }
    onDevice = number;
  }
}

function keepNow() {
  keeping ??= keepAll().finally(() => {
    keeping = null;
    show();
  });
  return keeping;
}

async function saveOnce() {
  await keepNow();
  const text = newest;
  if (length() > longest) {
    serverSays = "too-long";
    return;
  }
  const answer = await kept.post(text);
  serverSays = answer.is;
  if (answer.is !== "saved") return;
  onServer = Math.max(onServer, Math.min(answer.told.number, text.number));
  savedAt = answer.told.at;
  tell(answer.told);
  await kept.release(text, answer.told.number).catch(() => {});
}

function saveNow() {
  saving ??= saveOnce().finally(() => {
    saving = null;
    show();
  });
  return saving;
}

function length() {
  return sections().reduce((sum, one) => sum + one.text.length, 0);
}

function tell(told) {
  others.hidden = !told.others;
  const names = told.beside.join(", ");
  beside.hidden = !names;
  beside.querySelector("[data-names]").textContent = names;
  if (told.ended) alarm.textContent = words.ended;
}

function state() {
  if (onServer === typed && serverSays === "saved") return ["saved", words.savedWords];
  const why = words[camel(serverSays)] || "";
  if (deviceFails && serverSays !== "saved") return ["lost", `${words.lost} ${why}`];
  if (serverSays !== "saved") return ["waiting", `${words.kept} ${why}`];
  return deviceFails ? ["typing", words.typing] : ["typing", words.kept];
}

function camel(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

function show() {
  const [is, said] = state();
  line.textContent = said.replace("{at}", savedAt);
  if (line.dataset.is !== is) {
    line.dataset.is = is;
    alarm.textContent = is === "lost" || is === "waiting" ? said : "";
  }
  document.getElementById("note-sign-in").hidden = serverSays !== "signed-out";
  document.getElementById("note-length").hidden = length() <= longest;
}

async function sign(event) {
  event.preventDefault();
  if (isLeaving) return;
  await saveNow();
  if (onServer < typed) await saveNow();
  if (onServer < typed || serverSays !== "saved") {
    alarm.textContent = `${words.unsigned} ${state()[1]}`;
    return;
  }
  isLeaving = true;
  form.elements.place.value = `${editor}:${onServer}`;
  // What is signed is what the server has; the fields are not sent a second time.
  for (const field of form.querySelectorAll("[data-typed]")) field.disabled = true;
  form.action = form.dataset.sign;
  form.submit();
}

function isUnsaved() {
  return !isLeaving && onServer < typed;
}

form.addEventListener("input", (event) => {
  if (!event.target.matches("[data-typed]")) return;
  typed += 1;
  keepNow();
  show();
});
form.addEventListener("submit", (event) => {
  // Enter in a field of one line presses the first button, which saves: it never signs.
  if (event.submitter && event.submitter.hasAttribute("formaction")) return sign(event);
  event.preventDefault();
  return saveNow();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sign(event);
});
window.addEventListener("beforeunload", (event) => {
  if (isUnsaved()) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  if (isUnsaved() && newest) kept.post(newest, { isLeaving: true });
});
// Back from somewhere else: the page may be old, and the draft may have gone on.
window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
window.addEventListener("online", saveNow);
setInterval(() => {
  if (onServer < typed || serverSays !== "saved") saveNow();
}, SAVE_EVERY_MS);

// Another window of this browser with the same draft says so at once.
const windows = new BroadcastChannel(`wardkeep-note-${draft}`);
windows.onmessage = (event) => {
  document.getElementById("note-windows").hidden = false;
  if (event.data === "who") windows.postMessage("here");
};
windows.postMessage("who");

document.documentElement.classList.add("wk-saves-itself");
show();
try {
  // What an earlier window left on this device goes in first, then the page anew.
  const brought = await kept.bringIn(account);
  if (brought.has(draft) && !typed) window.location.reload();
  else if (brought.has(draft)) await saveNow();
} catch {
  deviceFails = true;
  show();
}
