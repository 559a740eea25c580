// SPDX-License-Identifier: Apache-2.0
// One passkey ceremony: options from us, the authenticator's answer back to us.

export class Refused extends Error {
  constructor({ code, why, mend }) {
    super("refused");
    this.code = code;
    this.lines = [why, mend];
  }
}

export async function post(path, sent) {
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
  // A passkey that is made with it can keep a list for where there is no signal.
  publicKey.extensions = { ...publicKey.extensions, prf: {} };
  return navigator.credentials.create({ publicKey });
}

function withoutSecrets(credential) {
  const sent = credential.toJSON();
  // A passkey's PRF output opens what lies on a phone; no server may ever see it.
  if (sent.clientExtensionResults) delete sent.clientExtensionResults.prf;
  return sent;
}

export async function perform(kind, { begin, finish }, fields) {
  const credential = await askAuthenticator(kind, await post(begin, fields));
  return post(finish, { ...fields, response: withoutSecrets(credential) });
}

// The same with what the passkey alone makes of a salt, 32 bytes that never leave this
// page; null where it makes nothing. Then nothing is sent, so nothing is done.
export async function performWithSecret({ begin, finish }, fields, salt) {
  const options = await post(begin, fields);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  publicKey.extensions = { ...publicKey.extensions, prf: { eval: { first: salt } } };
  const credential = await navigator.credentials.get({ publicKey });
  const secret = credential.getClientExtensionResults().prf?.results?.first;
  if (!secret) return null;
  await post(finish, { ...fields, response: withoutSecrets(credential) });
  return { secret, id: credential.rawId, rpId: publicKey.rpId };
}
