// SPDX-License-Identifier: Apache-2.0
// A kiosk's own key, made here, which cannot leave this browser; and what it signs.

const { keeper, post } = await import(document.body.dataset.ownStore);

const LEEWAY_SECONDS = 30;
const SETTLES_MS = 2_000;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
export const kept = keeper("wardkeep-kiosk");
let token = { value: "", until: 0 };
// How far this clock is behind the server's, once that was found to matter.
let behind_ms = 0;

export const recall = () => kept.get("kiosk");

export async function newKey() {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { key: pair.privateKey, jwk: { kty, crv, x, y, kid: "kiosk" } };
}

export const encoded = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const text = (value) => encoded(new TextEncoder().encode(JSON.stringify(value)));

export async function assertion({ key, id }, audience) {
  const now = Math.floor((Date.now() + behind_ms) / 1000);
  const claims = {
    iss: id, sub: id, aud: audience, iat: now, exp: now + 60, jti: crypto.randomUUID(),
  };
  const body = `${text({ alg: "ES256", kid: "kiosk", typ: "JWT" })}.${text(claims)}`;
  const signature = await crypto.subtle.sign(
    ALGORITHM, key, new TextEncoder().encode(body),
  );
  return `${body}.${encoded(signature)}`;
}

const askToken = async (own) => fetch("/oauth/token", {
  method: "POST",
  credentials: "omit",
  signal: AbortSignal.timeout(20_000),
  body: new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: ASSERTION_TYPE,
    client_assertion: await assertion(own, `${window.location.origin}/oauth/token`),
  }),
});

async function setRight({ headers }) {
  const theirs = Date.parse(headers.get("date"));
  if (theirs) behind_ms = theirs - Date.now();
  await new Promise((resolve) => setTimeout(resolve, SETTLES_MS));
}

async function signIn(own) {
  if (Date.now() < token.until) return token.value;
  let given = await askToken(own);
  if (given.status === 401) {
    // Our clock may be wrong, or the server began anew after we signed. Whoever is ended
    // loses who checked in: so only what is refused by the server's own time is over.
    await setRight(given);
    given = await askToken(own);
  }
  if (given.status === 401) return ended();
  if (!given.ok) throw new Error("sign-in");
  const told = await given.json();
  const lasts = (told.expires_in - LEEWAY_SECONDS) * 1000;
  token = { value: told.access_token, until: Date.now() + lasts };
  return token.value;
}

// An administrator ended this kiosk: nothing of it stays, and it may be paired anew.
async function ended() {
  await kept.clear();
  for (const name of await caches.keys()) await caches.delete(name);
  for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
  window.location.replace("/kiosk");
  return new Promise(() => {});
}

export async function asDevice(path, sent, within) {
  const own = await recall();
  if (!own) return ended();
  const bearer = await signIn(own);
  const headers = { Authorization: `Bearer ${bearer}` };
  const given = await post(path, sent, { headers, within });
  // Refused: the next question is asked with a new token.
  if (given.status === 401 || given.status === 403) token = { value: "", until: 0 };
  return given;
}
