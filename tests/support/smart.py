# SPDX-License-Identifier: Apache-2.0
"""An app that acts for a person, from outside: its requests, codes, tokens and key."""

import base64
import hashlib
import html
import http.client
import json
import re
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.program import Reply
from support.served import Served
from wardkeep.base.ids import new_secret, new_uuid

BACK = "http://localhost:9/back"
LAUNCH = "http://localhost:9/launch"
FORM = "application/x-www-form-urlencoded"


def ask(
    served: Served,
    method: str,
    path: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request of its own; redirects are not followed."""
    connection = http.client.HTTPConnection("localhost", served.port)
    body = urllib.parse.urlencode(form).encode() if form is not None else b""
    sent = dict(headers or {})
    if form is not None:
        sent.setdefault("Content-Type", FORM)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def register(served: Served, organisation: str, scope: str, *more: str) -> str:
    """A registered app's client id."""
    made = served.command(
        *("client", "register-app", "--organisation", organisation),
        *("--name", "Growth charts", "--redirect-uri", BACK, "--scope", scope),
        *("--launch-url", LAUNCH, *more, "--json"),
    )
    return str(json.loads(made)["client_id"])


class Key:
    """A client's own key: proofs (RFC 9449) are made with it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)

    def proof(self, method: str, url: str, token: str = "", **changed: object) -> str:
        claims: dict[str, object] = {
            "jti": new_uuid(),
            "htm": method,
            "htu": url,
            "iat": int(time.time()),
        }
        if token:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        head = {"typ": "dpop+jwt", "jwk": self.public}
        return jwt.encode(
            {**claims, **changed}, self.key, algorithm="ES256", headers=head
        )


def assertion(key: ec.EllipticCurvePrivateKey, client: str, token_url: str) -> str:
    """Who a confidential client is (RFC 7523), by its key k1."""
    now = int(time.time())
    claims = {
        "iss": client,
        "sub": client,
        "aud": token_url,
        "iat": now,
        "exp": now + 200,
        "jti": new_uuid(),
    }
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "k1"})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class App:
    """One registered app, and a person's browser beside it."""

    def __init__(self, served: Served, client_id: str, cookie: str) -> None:
        self.served = served
        self.client_id = client_id
        self.browser = {
            "Cookie": f"wardkeep={cookie}",
            "Origin": served.origin,
        }
        self.verifier = new_secret()
        self.state = new_uuid()

    def request(self, scope: str, /, **changed: str) -> dict[str, str]:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": scope,
            "state": self.state,
            "aud": f"{self.served.origin}/fhir",
            "code_challenge": b64(digest),
            "code_challenge_method": "S256",
            **changed,
        }

    def authorize(self, asked: Mapping[str, str]) -> Reply:
        path = f"/oauth/authorize?{urllib.parse.urlencode(asked)}"
        return ask(self.served, "GET", path, headers=self.browser)

    def decide(
        self,
        asked: Mapping[str, str],
        without: tuple[str, ...] = (),
        /,
        **fields: str,
    ) -> Reply:
        """Fill in the consent page as it stands, and send it."""
        page = self.authorize(asked)
        assert page.status == 200, page
        text = page.raw.decode()
        hidden = re.search(r'name="request" value="([^"]*)"', text)
        assert hidden, text
        names = re.findall(r'name="allow ([^"]*)"', text)
        ticked = {
            f"allow {html.unescape(one)}": "yes"
            for one in names
            if html.unescape(one) not in without
        }
        form = {
            "request": html.unescape(hidden[1]),
            "decision": "allow",
            **ticked,
            **fields,
        }
        return ask(
            self.served,
            "POST",
            "/oauth/authorize/decide",
            form=form,
            headers=self.browser,
        )

    def code(self, asked: Mapping[str, str], **fields: str) -> str:
        reply = self.decide(asked, **fields)
        told = told_in(reply)
        assert told.get("state") == self.state, (reply, told)
        assert told["iss"] == f"{self.served.origin}/fhir"
        return told["code"]

    def token(
        self, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        return ask(
            self.served,
            "POST",
            "/oauth/token",
            form={"client_id": self.client_id, **form},
            headers=headers,
        )

    def exchange(self, code: str, key: Key | None = None, /, **changed: str) -> Reply:
        headers = {}
        if key is not None:
            url = f"{self.served.origin}/oauth/token"
            headers["DPoP"] = key.proof("POST", url)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
        }
        return self.token({**form, **changed}, headers)

    def refresh(self, token: str, **more: str) -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.token({**form, **more})

    def access(self, scope: str, patient: str = "", **fields: str) -> dict[str, Any]:
        """The token endpoint's answer after a whole flow."""
        chosen = {"chosen": patient} if patient else {}
        reply = self.exchange(self.code(self.request(scope, **chosen), **fields))
        assert reply.status == 200, reply
        given: dict[str, Any] = reply.json
        return given

    def get(self, path: str, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}"}
        return ask(self.served, "GET", f"/fhir/{path}", headers=headers)


def told_in(reply: Reply) -> dict[str, str]:
    """The parameters of a redirect to the app."""
    assert reply.status in (302, 303), reply
    address = reply.headers["location"]
    assert address.startswith(f"{BACK}?"), address
    return dict(urllib.parse.parse_qsl(address.partition("?")[2]))
