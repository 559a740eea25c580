// SPDX-License-Identifier: Apache-2.0
// A certified OpenID provider (npm oidc-provider) that does as a test tells it: who
// signs in and how, new keys, another clock, and ways to misbehave.
// It reads {ports, clients} on its standard input and lives until that is closed.

import { createServer } from "node:http";
import { randomBytes, generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const realNow = Date.now;
let skew = 0;
Date.now = () => realNow() + skew * 1000;

function newKeys() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = randomBytes(6).toString("hex");
  return { keys: [{ ...privateKey.export({ format: "jwk" }), kid, use: "sig" }] };
}

function configuration(own, clients) {
  return {
    clients: clients.map((one) => ({
      client_id: one.client_id,
      redirect_uris: [one.redirect_uri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "RS512",
      jwks: one.jwks,
      backchannel_logout_uri: one.backchannel_logout_uri,
      backchannel_logout_session_required: true,
    })),
    jwks: own.keys,
    acrValues: ["AAL2_OR_AAL3_ANY", "AAL3_ANY", "AAL1_USERPASS", "phr"],
    claims: { openid: ["sub", "acr", "amr", "vot", "vtm"], profile: ["nhs_number", "birthdate"] },
    conformIdTokenClaims: false,
    enabledJWA: { clientAuthSigningAlgValues: ["RS512"] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // It will not ask addresses of this machine by itself; here everything is on it.
    fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: (use) => ({
        sub: id,
        ...(use === "userinfo" ? own.next.profile : {}),
        ...own.next.claims,
      }),
    }),
    interactions: { url: (_ctx, one) => `/interaction/${one.uid}` },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid profile");
      await grant.save();
      return grant;
    },
    renderError: (ctx, out) => {
      ctx.type = "json";
      ctx.body = out;
    },
  };
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  return text ? JSON.parse(text) : {};
}

class Running {
  constructor(port, clients) {
    this.issuer = `http://127.0.0.1:${port}`;
    this.clients = clients;
    this.next = { sub: "nobody", acr: "AAL3_ANY", amr: ["N3_SMARTCARD"], claims: {} };
    this.misbehaves = {};
    this.asked = {};
    this.rotate();
    this.server = createServer((q, s) => this.answer(q, s));
    this.server.listen(port, "127.0.0.1");
  }

  rotate() {
    this.keys = newKeys();
    this.provider = new Provider(this.issuer, configuration(this, this.clients));
    this.callback = this.provider.callback();
  }

  async answer(request, response) {
    const path = new URL(request.url, this.issuer).pathname;
    this.asked[path] = (this.asked[path] ?? 0) + 1;
    if (path.startsWith("/control/")) return this.control(path, request, response);
    if (path.startsWith("/interaction/")) return this.interact(request, response);
    if (this.misbehaves[path]) return this.misbehave(this.misbehaves[path], response);
    return this.callback(request, response);
  }

  async interact(request, response) {
    const { next } = this;
    const login = { accountId: next.sub, acr: next.acr, amr: next.amr };
    if (next.signedInAgo) login.ts = Math.floor(Date.now() / 1000) - next.signedInAgo;
    const result = next.denies ? { error: "access_denied" } : { login };
    await this.provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    });
  }

  misbehave(how, response) {
    if (how === "nonsense") return response.end("<html>");
    if (how === "huge") return response.end("[" + "1,".repeat(600_000) + "1]");
    if (how === "redirect") {
      response.writeHead(302, { Location: "http://127.0.0.1:1/" });
      return response.end();
    }
    response.write("{");
    const drip = setInterval(() => response.write(" "), 500);
    response.on("close", () => clearInterval(drip));
    return undefined;
  }

  async control(path, request, response) {
    const told = await body(request);
    if (path === "/control/next") Object.assign(this.next, told);
    if (path === "/control/skew") skew = told.seconds;
    if (path === "/control/misbehave") this.misbehaves = told;
    if (path === "/control/rotate") this.rotate();
    if (path === "/control/clients") {
      this.clients = told.clients;
      this.rotate();
    }
    let answer = {};
    if (path === "/control/asked") answer = this.asked;
    if (path === "/control/logout") {
      const client = await this.provider.Client.find(told.client_id);
      answer = await client.backchannelLogout(told.sub, told.sid).then(
        () => ({ status: 200 }),
        (error) => ({ error: String(error.error_description ?? error), cause: String(error.cause ?? "") }),
      );
    }
    response.end(JSON.stringify(answer));
  }
}

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  const asked = JSON.parse(line);
  for (const port of asked.ports) new Running(port, []);
  console.log("ready");
});
lines.on("close", () => process.exit(0));
