# SPDX-License-Identifier: Apache-2.0
"""Answers to pages of other origins: https://fetch.spec.whatwg.org/#http-cors-protocol.

Never with credentials: a cookie is of no use here, the token is in a header. What tells
of nobody is for every origin; the rest is for those that registered apps live on.
"""

from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.smart import KnowsOrigin
from wardkeep.web.exchange import PATTERN

REMEMBERED_SECONDS = 1.0
MOST_REMEMBERED = 256
LONGEST_ORIGIN = 300
_ALLOWED = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"authorization, dpop, content-type, accept, prefer, if-match,"
            b" if-none-match, if-none-exist, if-modified-since"
        ),
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED = (
    b"access-control-expose-headers",
    b"etag, location, content-location, last-modified, www-authenticate, x-request-id",
)
_VARY = (b"vary", b"origin")
IsForAll = Callable[[str], bool]
"""Whether what is at a path is for every origin."""


class Origins:
    """Which origins registered apps live on, as the warden said a moment ago."""

    def __init__(self, warden: WardenClient, *, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, bool]] = OrderedDict()

    async def has(self, origin: str) -> bool:
        now = self._clock.monotonic_seconds()
        known = self._known.get(origin)
        if known is not None and known[0] > now:
            return known[1]
        given = await self._warden.ask(KnowsOrigin(origin), Done)
        is_known = not isinstance(given, Refusal)
        self._known[origin] = (now + REMEMBERED_SECONDS, is_known)
        self._known.move_to_end(origin)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return is_known


class Cors:
    """Stands in front of an application that browsers of other origins ask."""

    def __init__(
        self, inside: ASGIApp, origins: Origins, *, is_for_all: IsForAll
    ) -> None:
        self._inside = inside
        self._origins = origins
        self._is_for_all = is_for_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        if not origin:
            await self._inside(scope, receive, send)
            return
        allowed = await self._allowed(origin, scope["path"])
        is_asking_first = b"access-control-request-method" in headers
        if scope["method"] == "OPTIONS" and is_asking_first:
            await _answer_first(scope, send, allowed)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [_VARY, *([allowed, _EXPOSED] if allowed else [])]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._inside(scope, receive, sending)

    async def _allowed(self, origin: bytes, path: str) -> tuple[bytes, bytes] | None:
        name = b"access-control-allow-origin"
        if self._is_for_all(path):
            return name, b"*"
        text = origin.decode("latin-1")
        if len(text) > LONGEST_ORIGIN or not await self._origins.has(text):
            return None
        return name, origin


async def _answer_first(
    scope: Scope, send: Send, allowed: tuple[bytes, bytes] | None
) -> None:
    """The answer to a preflight: no body, and no permission for unknown origins."""
    scope[PATTERN] = "(preflight)"
    headers = [_VARY, *([allowed, *_ALLOWED] if allowed else [])]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
