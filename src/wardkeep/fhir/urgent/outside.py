# SPDX-License-Identifier: Apache-2.0
"""A service of somebody else's, asked by whoever answers calls: measured and bounded.

A few questions at once, each within its time; what comes is read as far as is needed.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
import urllib3

from wardkeep.base.ids import new_uuid
from wardkeep.base.strangers import TooLongError, TooSlowError, pieces

LARGEST_BYTES = 256 * 1024
_AT_ONCE = 8


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = {}


class Outside:
    """One service, at one address."""

    def __init__(self, address: str, *, seconds: float, name: str) -> None:
        self._address = address.rstrip("/")
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=name)
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=_AT_ONCE,
            timeout=urllib3.Timeout(total=seconds),
            retries=False,
        )

    async def ask(self, question: Question) -> tuple[int, bytes]:
        """Status and body; 0 where nothing came in time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._exchange, question)

    def close(self) -> None:
        """Whoever still waits is told nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def _exchange(self, question: Question) -> tuple[int, bytes]:
        until = time.monotonic() + self._seconds
        try:
            answer = self._pool.urlopen(
                question.method,
                f"{self._address}{question.path}",
                body=question.body,
                headers={
                    "Accept": "application/fhir+json",
                    "X-Request-ID": new_uuid(),
                    "Accept-Encoding": "identity",
                    **question.headers,
                },
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            return 0, b""
        try:
            read = pieces(answer.read1, at_most=LARGEST_BYTES, until=until)
            return answer.status, b"".join(read)
        except (urllib3.exceptions.HTTPError, OSError, TooLongError, TooSlowError):
            return 0, b""
        finally:
            answer.close()
