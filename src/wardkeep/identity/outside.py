# SPDX-License-Identifier: Apache-2.0
"""Requests to servers of others: bounded in time and size, and led nowhere else.

The warden asks identity providers itself, because whoever carried their answers could
sign anybody in. What they answer is a stranger's text all the same.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3

from wardkeep.base.strangers import TooLongError, TooSlowError, pieces
from wardkeep.identity.apps import is_loopback

PATIENCE_SECONDS = 8.0
_STEP_SECONDS = 3.0
LARGEST_BYTES = 256 * 1024
_AT_ONCE = 2
_OK = 200


class Unreachable(msgspec.Struct, frozen=True):
    """No answer that can be used; the code is for the log."""

    code: str


def fault_of_server(address: str) -> str:
    """What is wrong with a server's address; empty where it will do."""
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(parts.hostname or "")
    )
    if not is_safe or not parts.hostname:
        return "it is not https (http is for this machine alone)"
    if "@" in parts.netloc or parts.fragment or not address.isascii():
        return "it names a user, has a fragment, or letters that no address has"
    return ""


class Reply(msgspec.Struct, frozen=True):
    """An answer of whatever status."""

    status: int
    body: bytes


class Outside:
    """Asks one server; a slow one holds up nobody but itself."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="outside")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_STEP_SECONDS, read=_STEP_SECONDS),
            retries=False,
        )

    async def get(self, url: str, *, bearer: str = "") -> bytes | Unreachable:
        return await self._ask("GET", url, None, bearer)

    async def post(self, url: str, form: Mapping[str, str]) -> bytes | Unreachable:
        return await self._ask("POST", url, form)

    async def send(self, url: str, text: bytes) -> Reply | Unreachable:
        """Send text, and take any answer: its status says something too."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return await self._in_time("POST", url, text, headers)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, bearer: str = ""
    ) -> bytes | Unreachable:
        headers = {"Accept": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = None if form is None else urlencode(form).encode()
        reply = await self._in_time(method, url, body, headers)
        if isinstance(reply, Unreachable):
            return reply
        is_answered = reply.status == _OK
        return reply.body if is_answered else Unreachable(f"status-{reply.status}")

    async def _in_time(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> Reply | Unreachable:
        if fault_of_server(url):
            return Unreachable("address")
        loop = asyncio.get_running_loop()
        asking = loop.run_in_executor(
            self._threads, self._exchange, method, url, body, headers
        )
        try:
            return await asyncio.wait_for(asking, PATIENCE_SECONDS)
        except TimeoutError:
            return Unreachable("too-slow")

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> Reply | Unreachable:
        until = time.monotonic() + PATIENCE_SECONDS
        try:
            answer = self._pool.urlopen(
                method,
                url,
                body=body,
                headers={**headers, "Accept-Encoding": "identity"},
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Unreachable(type(error).__name__)
        try:
            found = _read(answer, until)
            if isinstance(found, Unreachable):
                return found
            return Reply(answer.status, found)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Unreachable(type(error).__name__)
        finally:
            answer.close()


def _read(answer: urllib3.BaseHTTPResponse, until: float) -> bytes | Unreachable:
    try:
        return b"".join(pieces(answer.read1, at_most=LARGEST_BYTES, until=until))
    except TooLongError:
        return Unreachable("too-large")
    except TooSlowError:
        return Unreachable("too-slow")
