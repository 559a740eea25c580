# SPDX-License-Identifier: Apache-2.0
"""A phone in a car: a browser with a profile on a disk, and a passkey that outlives it.

Chromium's own virtual authenticator forgets what its prf extension makes when the
browser ends, and cannot be given it again. So where a phone is started anew its passkey
is the software authenticator, beside the browser: real answers and a real secret.
"""

import hashlib
import hmac
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext

from support.authenticator import KEYS, SoftwareAuthenticator, decoded, encoded
from support.chromium import Device
from support.lone_kiosk import lone_kiosk
from support.urgent import Desk

SMALL = {"width": 360, "height": 740}
_PRF = b"WebAuthn PRF\x00"


class PhoneKey:
    """A passkey with the prf extension (WebAuthn level 3, section 10.1.4)."""

    def __init__(self, origin: str, *, makes_secrets: bool = True) -> None:
        self._key = SoftwareAuthenticator(origin=origin)
        self._secret = os.urandom(32)
        self._makes_secrets = makes_secrets
        self.touches = 0

    async def answer(self, _source: Any, kind: str, asked: str) -> str:
        options = json.loads(asked)
        self.touches += 1
        made = self._key.register if kind == "create" else self._key.sign_in
        told = json.loads(made(asked.encode()))
        secret = ""
        if kind == "get" and self._makes_secrets and options["salt"]:
            salt = hashlib.sha256(_PRF + decoded(options["salt"])).digest()
            secret = encoded(hmac.digest(self._secret, salt, "sha256"))
        return json.dumps({"told": told, "secret": secret})

    async def plug_into(self, context: BrowserContext) -> None:
        await context.expose_binding("phoneKey", self.answer)
        await context.add_init_script(_WIRE)


def signs_for_list(desk: Desk) -> None:
    """The touch that takes a list, as the page's script carries it.

    Raises:
        AssertionError: the page offers none, or the signature was not taken.
    """
    page = desk.get("/home-visits/mine").decode()
    found = re.search(r'name="act" value="([^"]+)"', page)
    assert found, page[:2000]
    fields: dict[str, Any] = {"act": found[1], "after": "/home-visits/mine"}
    options = posts(desk, "/confirm/begin", fields)
    fields["response"] = json.loads(
        KEYS[desk.token].sign_in(json.dumps(options).encode())
    )
    posts(desk, "/confirm/finish", fields)


def posts(desk: Desk, path: str, fields: dict[str, Any]) -> Any:
    """What the answer to JSON says that must be taken."""
    sent = json.dumps(fields).encode()
    headers = {"Content-Type": "application/json"}
    status, answer = desk.ask("POST", path, sent, headers)
    assert status == 200, answer[:2000]
    return json.loads(answer)


@asynccontextmanager
async def phone(profile: Path, key: PhoneKey, **options: Any) -> AsyncIterator[Device]:
    """The browser of a phone; ended and begun again it has the same disk and key."""
    async with lone_kiosk(profile, **{"viewport": SMALL, **options}) as own:
        await key.plug_into(own.context)
        yield own


_WIRE = """(() => {
  const coded = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const raw = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")),
    (one) => one.charCodeAt(0)).buffer;
  const answer = async (kind, { publicKey }) => {
    const first = publicKey.extensions?.prf?.eval?.first;
    const { told, secret } = JSON.parse(await window.phoneKey(kind, JSON.stringify({
      challenge: coded(publicKey.challenge),
      user: publicKey.user && { id: coded(publicKey.user.id) },
      salt: first ? coded(first.buffer ?? first) : "",
    })));
    const named = publicKey.allowCredentials ?? [];
    if (named.length && !named.some(({ id }) => coded(id.buffer ?? id) === told.id))
      throw new DOMException("no such passkey", "NotAllowedError");
    const results = secret ? { prf: { results: { first: raw(secret) } } } : {};
    return {
      id: told.id, rawId: raw(told.rawId), type: "public-key",
      getClientExtensionResults: () => results,
      toJSON: () => ({ ...told, clientExtensionResults: { ...results } }),
    };
  };
  navigator.credentials.create = (asked) => answer("create", asked);
  navigator.credentials.get = (asked) => answer("get", asked);
})();"""
