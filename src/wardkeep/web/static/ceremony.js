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
  return navigator.credentials.create({ publicKey });
}

function withoutSecrets(credential) {
  const sent = credential.toJSON();
  // A passkey's PRF output opens outage packs; no server may ever see it.
  if (sent.clientExtensionResults) delete sent.clientExtensionResults.prf;
  return sent;
}

export async function perform(kind, { begin, finish }, fields) {
  const credential = await askAuthenticator(kind, await post(begin, fields));
  return post(finish, { ...fields, response: withoutSecrets(credential) });
}
