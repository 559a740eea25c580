# SPDX-License-Identifier: Apache-2.0
"""The site as browsers know it: its origin, the hosts it answers to, its limits."""

from urllib.parse import urlsplit

import msgspec

from wardkeep.base.settings import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}
MOST_STREAMS = 8192
"""In one process; each is a connection that does nothing most of the time."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may take, and how many may be under way at once."""

    body_bytes: int = 256 * 1024
    body_seconds: float = 15.0
    """For the whole body: a byte every few seconds does not hold a place."""
    answer_seconds: float = 20.0
    """Until the answer begins."""
    send_seconds: float = 30.0
    """From one piece of the answer to the next: who stops reading loses the place,
    and a stream of events must show a sign of life more often than this."""
    at_once: int = 256
    """Requests under way in this process; more are told to come back."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One installation's address and what follows from it."""

    origin: str
    is_demo: bool = False
    limits: Limits = Limits()

    @classmethod
    def of(cls, settings: Settings) -> "Site":
        return cls(origin=settings.public_origin, is_demo=settings.demo)

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def hosts_for_programs(self) -> frozenset[str]:
        """The same, and where we are on this machine alone its other loopback names.

        A page of an attacker can send such a Host, but no access token with it.
        """
        name, colon, port = self.origin.rpartition(":")
        if name != "http://localhost":
            return self.hosts
        return self.hosts | {f"127.0.0.1{colon}{port}", f"[::1]{colon}{port}"}

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that we answer to: the origin's, nothing else.

        A page of an attacker whose name was made to resolve to us (DNS rebinding)
        sends the attacker's name, and so gets nothing.
        """
        parts = urlsplit(self.origin)
        host = (parts.hostname or "").lower()
        name = f"[{host}]" if ":" in host else host
        usual = _DEFAULT_PORTS[parts.scheme]
        port = parts.port or usual
        with_port = f"{name}:{port}"
        return frozenset({name, with_port} if port == usual else {with_port})
