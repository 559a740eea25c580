# SPDX-License-Identifier: Apache-2.0
"""What the OAuth endpoints answer when they say no: RFC 6749, 5.2."""

from http import HTTPStatus

import msgspec

from wardkeep.disclosure.smart import AccessRefused
from wardkeep.fhir.rest.answer import Answer

HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)


def error(status: int, code: str, description: str) -> Answer:
    body = {"error": code, "error_description": description}
    return Answer(status=status, body=msgspec.json.encode(body), headers=HEADERS)


def refused_access(refused: AccessRefused) -> Answer:
    is_client = refused.error == "invalid_client"
    status = HTTPStatus.UNAUTHORIZED if is_client else HTTPStatus.BAD_REQUEST
    return error(status, refused.error, refused.description)


NOT_A_FORM = error(
    HTTPStatus.BAD_REQUEST,
    "invalid_request",
    "Send a form with a grant_type, and every parameter once.",
)
UNAVAILABLE = error(503, "temporarily_unavailable", "Try again in a moment.")
