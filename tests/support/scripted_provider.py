# SPDX-License-Identifier: Apache-2.0
"""An identity provider on 127.0.0.1 that answers exactly what a test says."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from wardkeep.base.ids import new_uuid

DISCOVERY = "/.well-known/openid-configuration"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class ScriptedProvider:
    """Sound until a test changes one of its answers."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.client_id = f"client-{new_uuid()}"
        self.asked: list[str] = []
        self.claims: dict[str, Any] = {"acr": "phr", "amr": ["pop"], "sub": new_uuid()}
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.says(DISCOVERY, self.discovery())
        self.says("/jwks", {"keys": [{**public, "kid": "k1", "alg": "ES256"}]})

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }

    def says(self, path: str, what: object, *, status: int = 200) -> None:
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.answers[path] = (status, body)

    def token(self, **changed: object) -> str:
        """Signed by its key; a claim that is None is left out."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            **self.claims,
            **changed,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(given, self.key, algorithm="ES256", headers={"kid": "k1"})

    def signs_in(self, url: str, **changed: object) -> dict[str, str]:
        """Its answer to a browser that went there; the code opens a sound token."""
        asked = dict(parse_qsl(urlsplit(url).query))
        token = self.token(nonce=asked["nonce"], **changed)
        self.says("/token", {"id_token": token, "access_token": "opaque"})
        return {"state": asked["state"], "code": "a-code"}

    def signs_out(self, **changed: object) -> str:
        """A logout token (Back-Channel Logout 1.0, 2.4)."""
        told: dict[str, object] = {
            "jti": new_uuid(),
            "events": {LOGOUT_EVENT: {}},
            "acr": None,
            "amr": None,
            "auth_time": None,
        }
        return self.token(**{**told, **changed})


@contextmanager
def scripted_provider() -> Iterator[ScriptedProvider]:
    """One that serves while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer()

        def _answer(self) -> None:
            made.asked.append(self.path)
            status, body = made.answers.get(self.path, (404, b"{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = ScriptedProvider(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
