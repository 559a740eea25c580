# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: an access token for a program's signed assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html and RFC 7523: the
client_credentials grant with private_key_jwt, and no other. The warden verifies the
assertion and mints the token; this only carries messages.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ClientSignIn
from wardkeep.fhir.rest.answer import Answer
from wardkeep.web.exchange import PATTERN

PREFIX = "/oauth"
PATH = "/oauth/token"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
)
_MICROSECONDS = 1_000_000


class TokenEndpoint:
    """Answers `POST /oauth/token`."""

    def __init__(self, warden: WardenClient, *, audience: str, clock: Clock) -> None:
        self._warden = warden
        self._audience = audience
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH:
            answer = _error(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")
        elif scope["method"] != "POST":
            words = "Send a POST with a form."
            answer = _error(HTTPStatus.METHOD_NOT_ALLOWED, "invalid_request", words)
        else:
            scope[PATTERN] = PATH
            answer = await self._token(await _form(receive))
        await answer.send(send)

    async def _token(self, form: Mapping[str, str] | None) -> Answer:
        fault = _fault_of(form)
        if fault is not None or form is None:
            return fault or _NOT_A_FORM
        assertion = form["client_assertion"]
        question = ClientSignIn(assertion, self._audience, form.get("scope", ""))
        signed_in = await self._warden.ask(question, SignedIn)
        if isinstance(signed_in, Refusal):
            return _refused(signed_in)
        now = microseconds_since_epoch(self._clock.now())
        return Answer(
            body=msgspec.json.encode(
                {
                    "access_token": signed_in.token,
                    "token_type": "bearer",
                    "expires_in": (signed_in.expires_at - now) // _MICROSECONDS,
                    "scope": signed_in.scope,
                }
            ),
            headers=_HEADERS,
        )


def _fault_of(form: Mapping[str, str] | None) -> Answer | None:
    if form is None or not form.get("grant_type"):
        return _NOT_A_FORM
    if form["grant_type"] != "client_credentials":
        words = "The grant type is client_credentials."
        return _error(HTTPStatus.BAD_REQUEST, "unsupported_grant_type", words)
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != _ASSERTION_TYPE or not assertion:
        words = f"Send client_assertion, and its type {_ASSERTION_TYPE}."
        return _error(HTTPStatus.BAD_REQUEST, "invalid_request", words)
    if form.get("client_id") and form["client_id"] != _issuer_of(assertion):
        words = "client_id names another client than the assertion does."
        return _error(HTTPStatus.UNAUTHORIZED, "invalid_client", words)
    return None


async def _form(receive: Receive) -> dict[str, str] | None:
    """None where a parameter comes twice (RFC 6749, 3.2)."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    text = b"".join(pieces).decode("latin-1")
    pairs = parse_qsl(text, max_num_fields=None)
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


class _Claims(msgspec.Struct):
    """Of an assertion, before anybody has verified it."""

    iss: str = ""


def _issuer_of(assertion: str) -> str:
    """Who the assertion says that it is (RFC 7521, 4.2: client_id must agree)."""
    payload = assertion.partition(".")[2].partition(".")[0]
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(raw, type=_Claims).iss
    except (ValueError, msgspec.DecodeError):
        return ""


def _refused(refusal: Refusal) -> Answer:
    if refusal.code == "invalid-scope":
        return _error(HTTPStatus.BAD_REQUEST, "invalid_scope", refusal.mend)
    if refusal.code == "sign-in-refused":
        words = "The assertion does not hold: see its key, audience, times and jti."
        return _error(HTTPStatus.UNAUTHORIZED, "invalid_client", words)
    return _error(
        HTTPStatus.SERVICE_UNAVAILABLE, "temporarily_unavailable", refusal.mend
    )


def _error(status: int, code: str, description: str) -> Answer:
    """RFC 6749, 5.2."""
    body = {"error": code, "error_description": description}
    return Answer(status=status, body=msgspec.json.encode(body), headers=_HEADERS)


_NOT_A_FORM = _error(
    HTTPStatus.BAD_REQUEST,
    "invalid_request",
    "Send a form with a grant_type, and every parameter once.",
)
