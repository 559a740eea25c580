# SPDX-License-Identifier: Apache-2.0
"""What an interaction answers: a status, headers, and bytes that are JSON already."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TypeAlias

import msgspec
from starlette.types import Send

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]
JSON = (b"content-type", b"application/fhir+json; charset=utf-8")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, ready to be sent."""

    status: int = 200
    body: bytes = b""
    headers: Headers = (JSON,)

    async def send(self, send: Send, *, is_head: bool = False) -> None:
        """`is_head`: the length is told, and the body kept (RFC 9110, 9.3.2)."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send(
            {
                "type": "http.response.start",
                "status": int(self.status),
                "headers": headers,
            }
        )
        body = b"" if is_head else self.body
        await send({"type": "http.response.body", "body": body})


def etag(version: int) -> bytes:
    return b'W/"%d"' % version


@lru_cache(maxsize=64)
def http_date(second: datetime) -> bytes:
    return format_datetime(second, usegmt=True).encode()


def version_headers(version: int, last_updated: datetime) -> Headers:
    """ETag and Last-Modified: https://hl7.org/fhir/R4/http.html#versioning."""
    second = last_updated.astimezone(UTC).replace(microsecond=0)
    return (
        (b"etag", etag(version)),
        (b"last-modified", http_date(second)),
    )
