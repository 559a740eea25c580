// SPDX-License-Identifier: Apache-2.0
// What a shared device keeps in its browser, and how it asks: no cookie goes along.

export function keeper(database) {
  const kept = (mode, work) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(database, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("own");
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const base = opening.result;
        const change = base.transaction("own", mode, { durability: "strict" });
        const asked = work(change.objectStore("own"));
        // Only what is on the disk is kept: a device that loses its power then has it.
        change.oncomplete = () => { base.close(); resolve(asked.result); };
        change.onabort = () => { base.close(); reject(change.error); };
      };
    });
  return {
    get: (name) => kept("readonly", (own) => own.get(name)),
    put: (value, name) => kept("readwrite", (own) => own.put(value, name)),
    drop: (name) => kept("readwrite", (own) => own.delete(name)),
    clear: () => kept("readwrite", (own) => own.clear()),
    all: (begin) => kept("readonly", (own) =>
      own.getAll(IDBKeyRange.bound(begin, `${begin}\uffff`))),
  };
}

export async function post(path, sent, { headers = {}, within = 30_000 } = {}) {
  const given = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(sent),
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(within),
  });
  return { status: given.status, told: await given.json() };
}
