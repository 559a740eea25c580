# SPDX-License-Identifier: Apache-2.0
"""One request and its answer on the wire: what came in is counted and timed."""

import asyncio
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope, Send

from wardkeep.web.headers import RawHeaders, completed
from wardkeep.web.site import Limits
from wardkeep.web.trouble import BodyTooLargeError, BodyTooSlowError, ClientGoneError

PATTERN = "wardkeep.pattern"
"""Where the scope holds the route's pattern; it alone goes into logs and metrics."""
REFERENCE = "wardkeep.reference"
"""Where the scope holds the reference that error page and log share."""
NO_PATTERN = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SINGLE = frozenset(
    {
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"sec-fetch-mode",
        b"sec-fetch-dest",
        b"content-length",
    }
)


class RepeatedHeaderError(Exception):
    """A header that must be single came twice: two readers would see two requests."""


def single_headers(scope: Scope) -> Mapping[bytes, str]:
    """The headers by which the guard decides, each at most once.

    Raises:
        RepeatedHeaderError: one of them was sent twice (request smuggling, CWE-444).
    """
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name not in _SINGLE:
            continue
        if name in found:
            raise RepeatedHeaderError
        found[name] = value.decode("latin-1")
    return found


def method_word(scope: Scope) -> str:
    """The method if it is one we know: a label must not be a sender's text."""
    method: str = scope["method"]
    return method if method in _METHODS else "OTHER"


class Exchange:
    """Wraps `receive` and `send` of one request."""

    __slots__ = (
        "_deadline",
        "_headers",
        "_is_read",
        "_limits",
        "_moves_again_at",
        "_read_bytes",
        "_receive",
        "_send",
        "_timeout",
        "reference",
        "status",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        limits: Limits,
        headers: RawHeaders,
        reference: str,
    ) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._headers = headers
        self._is_read = False
        self._read_bytes = 0
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
        self._timeout: asyncio.Timeout | None = None
        self._moves_again_at = 0.0
        self.reference = reference
        self.status = 0
        """The status sent; 0 while nothing was."""

    def hold(self, timeout: asyncio.Timeout | None) -> None:
        """The time limit that each piece of the answer moves on; None: no more."""
        self._timeout = timeout

    def _move_on(self, timeout: asyncio.Timeout) -> None:
        """Give what is sent next its own time; a piece right behind another has it."""
        now = asyncio.get_running_loop().time()
        if now >= self._moves_again_at and not timeout.expired():
            seconds = self._limits.send_seconds
            timeout.reschedule(now + seconds)
            self._moves_again_at = now + seconds / 16

    async def receive(self) -> Message:
        if self._is_read:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlowError from None
        if message["type"] == "http.disconnect":
            self._is_read = True
            return message
        self._read_bytes += len(message.get("body", b""))
        if self._read_bytes > self._limits.body_bytes:
            raise BodyTooLargeError
        self._is_read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = completed(message.get("headers", ()), self._headers)
            headers.append((b"x-request-id", self.reference.encode()))
            message = {**message, "headers": headers}
        if self._timeout is not None:
            self._move_on(self._timeout)
        try:
            await self._send(message)
        except OSError:
            raise ClientGoneError from None
