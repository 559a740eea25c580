// SPDX-License-Identifier: Apache-2.0
// Boxes for one reader, as crypto/sealed_for.py makes them: a key that cannot leave this
// browser opens them.

const LABEL = "wardkeep/1/sealed-for ";
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const bytes = (text) => new TextEncoder().encode(text);

export const unpacked = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
export const packed = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)));

// A pair: the private half for `openBox`, and the point to be sealed for.
export async function newReader() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const point = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { key: pair.privateKey, point: new Uint8Array(point) };
}

// Ephemeral point (65), nonce (12), ciphertext with its tag.
export async function openBox(key, box, identity) {
  const [point, nonce, sealed] = [box.slice(0, 65), box.slice(65, 77), box.slice(77)];
  const named = bytes(identity);
  const theirs = await crypto.subtle.importKey("raw", point, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, key, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const info = new Uint8Array([...bytes(LABEL), ...named]);
  const own = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: point, info },
    base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  return new Uint8Array(await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: nonce, additionalData: named }, own, sealed));
}
