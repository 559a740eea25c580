# SPDX-License-Identifier: Apache-2.0
"""A program that uses the FHIR API from outside: its key, its token, its requests."""

import json
import urllib.parse
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from support.line import Line
from support.served import LOST, Served
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid

Json = dict[str, Any]


class Reply:
    """One answer."""

    def __init__(self, status: int, headers: Mapping[str, str], raw: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.raw = raw

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def entries(self) -> list[Json]:
        found: list[Json] = self.json.get("entry", [])
        return found

    @property
    def resources(self) -> list[Json]:
        """What matched, without includes and outcomes."""
        return [
            one["resource"]
            for one in self.entries
            if one.get("search", {}).get("mode", "match") == "match"
        ]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.resources]

    @property
    def words(self) -> str:
        return str(self.json["issue"][0].get("diagnostics", ""))

    def link(self, relation: str) -> str:
        for one in self.json.get("link", []):
            if one["relation"] == relation:
                return str(one["url"])
        return ""

    def __repr__(self) -> str:
        return f"{self.status} {self.raw[:600]!r}"


class Program:
    """A registered service client of one organisation."""

    def __init__(
        self,
        served: Served,
        folder: Path,
        *,
        organisation: str,
        scope: str = "system/*.cruds",
        patients_per_hour: int = 100_000,
    ) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        keys = folder / f"{new_uuid()}.json"
        keys.write_text(json.dumps({"keys": [{**public, "kid": "k1"}]}))
        made = served.command(
            *("client", "register", "--organisation", organisation),
            *("--name", "A program", "--jwks", str(keys), "--scope", scope),
            *("--patients-per-hour", str(patients_per_hour), "--json"),
        )
        self.id: str = json.loads(made)["client_id"]
        self._port = served.port
        self._origin = served.origin
        self._connection = Line("localhost", served.port)
        self.token = ""
        self.sign_in()

    def twin(self, served: Served) -> "Program":
        """The same program and token on a connection of its own."""
        made = Program.__new__(Program)
        made.__dict__.update(self.__dict__)
        made._connection = Line("localhost", served.port)
        return made

    def assertion(self, **changed: object) -> str:
        now = int(SystemClock().now().timestamp())
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": f"{self._origin}/oauth/token",
            "iat": now,
            "exp": now + 240,
            "jti": new_uuid(),
            **changed,
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "k1"})

    def ask_for_token(self, assertion: str, scope: str = "") -> Reply:
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": kind,
            "client_assertion": assertion,
            "scope": scope,
        }
        body = urllib.parse.urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.raw("POST", "/oauth/token", body, headers)

    def sign_in(self, scope: str = "") -> None:
        reply = self.ask_for_token(self.assertion(), scope)
        assert reply.status == 200, reply
        self.token = reply.json["access_token"]

    def raw(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        for _ in range(2):
            with suppress(*LOST):
                self._connection.request(method, path, body, dict(headers))
                answer = self._connection.getresponse()
                sent = dict(answer.getheaders())
                return Reply(answer.status, sent, answer.read())
            self._connection.close()
        raise ConnectionError(method, path)

    def ask(
        self,
        method: str,
        path: str,
        content: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`path` behind `/fhir/`, or a whole URL as links have it."""
        path = path.removeprefix(f"{self._origin}/fhir/")
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        body = b""
        if isinstance(content, bytes):
            body = content
        elif content is not None:
            body = json.dumps(content).encode()
        if body:
            sent.setdefault("Content-Type", "application/fhir+json")
        return self.raw(method, f"/fhir/{path}", body, sent)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.ask("GET", path, headers=headers)

    def search(self, type_: str, *pairs: tuple[str, str]) -> Reply:
        reply = self.get(f"{type_}?{urllib.parse.urlencode(pairs)}")
        assert reply.status == 200, reply
        return reply

    def put(self, content: Json) -> Reply:
        path = f"{content['resourceType']}/{content['id']}"
        reply = self.ask("PUT", path, content)
        assert reply.status in (200, 201), reply
        return reply

    def put_together(self, *contents: Json) -> Reply:
        """All of them in one transaction."""
        entries = [
            {
                "resource": one,
                "request": {
                    "method": "PUT",
                    "url": f"{one['resourceType']}/{one['id']}",
                },
            }
            for one in contents
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        reply = self.ask("POST", "", bundle)
        assert reply.status == 200, reply
        return reply

    def create(self, content: Json) -> Json:
        reply = self.ask("POST", content["resourceType"], content)
        assert reply.status == 201, reply
        created: Json = reply.json
        return created

    def close(self) -> None:
        self._connection.close()
