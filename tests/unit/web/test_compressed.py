# SPDX-License-Identifier: Apache-2.0
"""A large page is compressed only where nobody else had a say in what it holds."""

import gzip

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse

from wardkeep.web.compressed import WORTH_IT_BYTES, compressed

LARGE = "<p>Pulse 72</p>" * WORTH_IT_BYTES


def asked(method: str = "GET", query: str = "", accepts: str = "gzip, br") -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/patients/pat",
            "query_string": query.encode(),
            "headers": [
                (b"accept-encoding", accepts.encode()),
                (b"host", b"localhost"),
            ],
        }
    )


def test_a_large_page_by_its_address_alone_is_compressed_and_says_so() -> None:
    page = HTMLResponse(LARGE, headers={"x-own": "kept"})
    small = compressed(page, asked())
    assert gzip.decompress(bytes(small.body)).decode() == LARGE
    assert small.headers["content-encoding"] == "gzip"
    assert small.headers["vary"] == "Accept-Encoding"
    assert small.headers["x-own"] == "kept"
    assert small.headers["content-type"] == page.headers["content-type"]
    assert small.headers.getlist("content-length") == [str(len(small.body))]
    assert len(small.body) < len(page.body) / 10


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (asked("POST"), LARGE),
        (asked(query="said=guess"), LARGE),
        (asked(accepts="br"), LARGE),
        (asked(), "<p>Short</p>"),
    ],
)
def test_nothing_that_a_sender_chose_is_compressed_with_it(
    request_: Request, text: str
) -> None:
    page = HTMLResponse(text)
    assert compressed(page, request_) is page
