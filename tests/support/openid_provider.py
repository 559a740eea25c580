# SPDX-License-Identifier: Apache-2.0
"""Certified OpenID providers (npm `oidc-provider`) on 127.0.0.1, for real flows."""

import http.client
import http.cookies
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from support.house import free_port
from support.npm import SCRIPTS, installed

PACKAGE = "oidc-provider@9.8.2"
SCRIPT = "openid_provider.mjs"
_MOST_STEPS = 10
PATIENCE_SECONDS = 60.0


class OpenIdProvider:
    """One provider that does as it is told."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"

    def _connection(self) -> closing[http.client.HTTPConnection]:
        return closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        )

    def tell(self, what: str, **told: object) -> Any:
        """`next`, `rotate`, `skew`, `misbehave`, `clients`, `asked`, `logout`."""
        with self._connection() as connection:
            connection.request("POST", f"/control/{what}", json.dumps(told))
            return json.loads(connection.getresponse().read())

    def knows(
        self, client_id: str, jwks: bytes, *, origin: str, provider: str = ""
    ) -> None:
        """Register us there."""
        self.tell(
            "clients",
            clients=[
                {
                    "client_id": client_id,
                    "redirect_uri": f"{origin}/sign-in/back",
                    "jwks": json.loads(jwks),
                    "backchannel_logout_uri": (
                        f"{origin}/oauth/back-channel-logout/{provider}"
                    ),
                }
            ],
        )

    def sign_in(self, url: str) -> dict[str, str]:
        """Follow a browser through the provider; what it brings back to us."""
        cookies: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        for _ in range(_MOST_STEPS):
            location, headers = self._step(url, cookies)
            for header in headers:
                cookies.load(header)
            url = urljoin(url, location)
            if not url.startswith(self.issuer):
                return dict(parse_qsl(urlsplit(url).query))
        raise AssertionError(url)

    def _step(self, url: str, cookies: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
        parts = urlsplit(url)
        sent = "; ".join(f"{name}={one.value}" for name, one in cookies.items())
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        with self._connection() as connection:
            connection.request("GET", path, headers={"Cookie": sent})
            answer = connection.getresponse()
            said = answer.read()
            location = answer.getheader("Location")
            assert location, (answer.status, said)
            return location, answer.headers.get_all("Set-Cookie") or []


@contextmanager
def openid_providers(number: int = 1) -> Iterator[list[OpenIdProvider]]:
    """Providers while the block lasts."""
    folder = installed(PACKAGE)
    shutil.copyfile(SCRIPTS / SCRIPT, folder / SCRIPT)
    ports = [free_port() for _ in range(number)]
    process = subprocess.Popen(
        ["node", str(folder / SCRIPT)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError
    try:
        process.stdin.write(json.dumps({"ports": ports}) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.strip() == "ready":
                break
        else:
            pytest.fail(f"the provider ended before it was ready, on {ports}")
        yield [OpenIdProvider(port) for port in ports]
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)
