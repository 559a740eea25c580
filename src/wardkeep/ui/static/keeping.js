// SPDX-License-Identifier: Apache-2.0
// Keeps what is typed into a form: at once on this device, every two seconds on the
// server, both sealed in this window; and says plainly which of the two it is.
//
//   const keeper = await keeperOf(form, { line, alarm, others, beside, read, shown });
//
// The form has `data-kept`, `-draft`, `-account`, `-key`, `-identity`, `-over`, `-longest`
// and a field `editor`; the line has the words of each state. `read()` gives what is in
// the fields, `shown()` is called at a change; the rest are elements of the page.

const SAVE_EVERY_MS = 2000;

function base64(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

function camel(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

// The key leaves the page's text at once and never leaves this window.
async function keyIn(form) {
  const raw = Uint8Array.from(atob(form.dataset.key), (letter) => letter.charCodeAt(0));
  form.removeAttribute("data-key");
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
}

export async function keeperOf(form, parts) {
  const key = await keyIn(form);
  const kept = await import(form.dataset.kept);
  return new Keeper(form, { ...parts, words: parts.line.dataset, key, kept });
}

class Keeper {
  constructor(form, parts) {
    Object.assign(this, parts);
    this.form = form;
    this.draft = form.dataset.draft;
    this.account = form.dataset.account;
    this.editor = form.elements.editor.value;
    this.over = JSON.parse(form.dataset.over);
    this.longest = Number(form.dataset.longest);
    this.typed = 0; // The number of what stands in the fields.
    this.onDevice = 0; // The newest that this device has,
    this.onServer = 0; // and the newest that the server has.
    this.newest = null; // The newest text, sealed.
    this.savedAt = this.words.saved;
    this.deviceFails = false;
    this.serverSays = "saved";
    this.keeping = null;
    this.saving = null;
    this.isLeaving = false;
    this.listen();
  }

  listen() {
    this.form.addEventListener("input", (event) => {
      if (!event.target.matches("[data-typed]")) return;
      this.typed += 1;
      this.keepNow();
      this.show();
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.isUnsaved()) event.preventDefault();
    });
    window.addEventListener("pagehide", () => {
      if (this.isUnsaved() && this.newest) this.kept.post(this.newest, { isLeaving: true });
    });
    // Back from somewhere else: the page may be old, and the draft may have gone on.
    window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
    window.addEventListener("online", () => this.saveNow());
    setInterval(() => {
      if (this.onServer < this.typed || this.serverSays !== "saved") this.saveNow();
    }, SAVE_EVERY_MS);
  }

  async sealed(number) {
    const text = new TextEncoder().encode(JSON.stringify(this.read()));
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const identity = `${this.form.dataset.identity}${this.editor}|${number}`;
    const additionalData = new TextEncoder().encode(identity);
    const body = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv: nonce, additionalData },
      this.key,
      text,
    );
    return base64(new Uint8Array([...nonce, ...new Uint8Array(body)]));
  }

  // One at a time: what is typed meanwhile is taken along by the next turn of the loop.
  async keepAll() {
    while (this.onDevice < this.typed || !this.newest || this.newest.number < this.typed) {
      const number = this.typed;
      const box = await this.sealed(number);
      const { draft, editor, over, account } = this;
      this.newest = { draft, editor, number, box, over, account };
      try {
        await this.kept.keep(this.newest);
        this.deviceFails = false;
      } catch {
        this.deviceFails = true;
      }
      this.onDevice = number;
    }
  }

  keepNow() {
    this.keeping ??= this.keepAll().finally(() => {
      this.keeping = null;
      this.show();
    });
    return this.keeping;
  }

  async saveOnce() {
    await this.keepNow();
    const text = this.newest;
    if (this.length() > this.longest) {
      this.serverSays = "too-long";
      return;
    }
    const answer = await this.kept.post(text);
    this.serverSays = answer.is;
    if (answer.is !== "saved") return;
    this.onServer = Math.max(this.onServer, Math.min(answer.told.number, text.number));
    this.savedAt = answer.told.at;
    if (answer.told.ended) this.alarm.textContent = this.words.ended;
    this.tell(answer.told);
    await this.kept.release(text, answer.told.number).catch(() => {});
  }

  // Texts of other windows, and who else is at the same thing.
  tell({ others, beside }) {
    this.others.hidden = !others;
    const names = beside.join(", ");
    this.beside.hidden = !names;
    this.beside.querySelector("[data-names]").textContent = names;
  }

  saveNow() {
    this.saving ??= this.saveOnce().finally(() => {
      this.saving = null;
      this.show();
    });
    return this.saving;
  }

  // Whether the server has every word; tries twice, for what was typed meanwhile.
  async isAllSaved() {
    await this.saveNow();
    if (this.onServer < this.typed) await this.saveNow();
    return this.onServer >= this.typed && this.serverSays === "saved";
  }

  get place() {
    return `${this.editor}:${this.onServer}`;
  }

  length() {
    return this.read().sections.reduce((sum, one) => sum + one.text.length, 0);
  }

  isUnsaved() {
    return !this.isLeaving && this.onServer < this.typed;
  }

  state() {
    const { words, serverSays, deviceFails } = this;
    if (this.onServer === this.typed && serverSays === "saved") {
      return ["saved", this.savedAt ? words.savedWords : words.fresh];
    }
    const why = words[camel(serverSays)] || "";
    if (deviceFails && serverSays !== "saved") return ["lost", `${words.lost} ${why}`];
    if (serverSays !== "saved") return ["waiting", `${words.kept} ${why}`];
    return deviceFails ? ["typing", words.typing] : ["typing", words.kept];
  }

  show() {
    const [is, said] = this.state();
    this.line.textContent = said.replace("{at}", this.savedAt);
    if (this.line.dataset.is !== is) {
      this.line.dataset.is = is;
      this.alarm.textContent = is === "lost" || is === "waiting" ? said : "";
    }
    this.shown();
  }

  // Another window of this browser with the same draft says so at once.
  meet(notice) {
    const windows = new BroadcastChannel(`wardkeep-note-${this.draft}`);
    windows.onmessage = (event) => {
      notice.hidden = false;
      if (event.data === "who") windows.postMessage("here");
    };
    windows.postMessage("who");
  }

  // What an earlier window left on this device goes in first, then the page anew.
  async bringIn() {
    document.documentElement.classList.add("wk-saves-itself");
    this.show();
    // What was typed while this script was on its way counts too.
    const isOlder = [...this.form.querySelectorAll("[data-typed]")].some(
      (field) => field.type !== "radio" && (field.defaultValue ?? field.value) !== field.value,
    );
    if (isOlder && !this.typed) {
      this.typed = 1;
      this.keepNow();
    }
    try {
      const brought = await this.kept.bringIn(this.account);
      if (brought.has(this.draft) && !this.typed) window.location.reload();
      else if (brought.has(this.draft)) await this.saveNow();
    } catch {
      this.deviceFails = true;
      this.show();
    }
  }
}
