# SPDX-License-Identifier: Apache-2.0
"""Large pages made small on the wire, where nobody else had a say in what they hold.

Whoever reads lengths on a network, and can have words of their own put beside a secret
in the same compressed answer, guesses the secret letter by letter
(https://breachattack.com). So pages are not compressed as a rule: one is that asks for
it here, was asked for with an address alone, and so has nothing of a sender in it.
"""

import gzip

from starlette.requests import Request
from starlette.responses import Response

WORTH_IT_BYTES = 4096
_LEVEL = 4
"""A chart of 90 kB takes a millisecond, and becomes a tenth; more work saves little."""


def compressed(response: Response, request: Request) -> Response:
    """The same page, gzipped if that is safe, asked for and worth it."""
    is_by_address = request.method == "GET" and not request.url.query
    is_asked = "gzip" in request.headers.get("accept-encoding", "")
    body = bytes(response.body)
    if not (is_by_address and is_asked) or len(body) < WORTH_IT_BYTES:
        return response
    small = gzip.compress(body, _LEVEL, mtime=0)
    told = Response(small, response.status_code, media_type=response.media_type)
    told.raw_headers = [
        *[one for one in response.raw_headers if one[0] != b"content-length"],
        (b"content-length", str(len(small)).encode()),
        (b"content-encoding", b"gzip"),
        (b"vary", b"Accept-Encoding"),
    ]
    return told
