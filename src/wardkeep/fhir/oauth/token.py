# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: an access token for a code, a refresh token, or an assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/ (App Launch and Backend Services), OAuth
2.1, RFC 7523 and RFC 9449. The warden verifies everything and mints the tokens; this
only carries messages.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.questions import ClientSignIn
from wardkeep.disclosure.smart import (
    AccessGiven,
    AccessRefused,
    ClientProof,
    ExchangeCode,
    KeyProof,
    RefreshAccess,
)
from wardkeep.fhir.oauth.said import HEADERS, error, refused_access
from wardkeep.fhir.rest.answer import Answer

PATH = "/oauth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MICROSECONDS = 1_000_000
_GRANT_TYPES = ("client_credentials", "authorization_code", "refresh_token")

Form = Mapping[str, str]


class TokenDesk:
    """Answers the form of `POST /oauth/token`."""

    def __init__(self, warden: WardenClient, *, clock: Clock) -> None:
        self._warden = warden
        self._clock = clock

    async def answer(self, form: Form, proof: KeyProof | None) -> Answer:
        grant_type = form.get("grant_type", "")
        if not grant_type:
            return error(400, "invalid_request", "Send a grant_type.")
        if grant_type not in _GRANT_TYPES:
            words = f"The grant types are {', '.join(_GRANT_TYPES)}."
            return error(400, "unsupported_grant_type", words)
        if grant_type == "client_credentials":
            return await self._of_program(form, proof)
        is_refresh = grant_type == "refresh_token"
        client = client_in(form, is_nameless_fine=is_refresh)
        if isinstance(client, Answer):
            return client
        if not is_refresh:
            return await self._of_code(form, client, proof)
        return await self._of_refresh(form, client, proof)

    async def _of_program(self, form: Form, proof: KeyProof | None) -> Answer:
        client = client_in(form, is_assertion_needed=True)
        if isinstance(client, Answer):
            return client
        question = ClientSignIn(client.assertion, form.get("scope", ""), proof)
        signed_in = await self._warden.ask(question, SignedIn)
        if isinstance(signed_in, Refusal):
            return _refused_program(signed_in)
        now = microseconds_since_epoch(self._clock.now())
        return _given(
            {
                "access_token": signed_in.token,
                "token_type": "bearer" if proof is None else "DPoP",
                "expires_in": (signed_in.expires_at - now) // _MICROSECONDS,
                "scope": signed_in.scope,
            }
        )

    async def _of_code(
        self, form: Form, client: ClientProof, proof: KeyProof | None
    ) -> Answer:
        code, verifier = form.get("code", ""), form.get("code_verifier", "")
        redirect_uri = form.get("redirect_uri", "")
        if not (code and verifier and redirect_uri):
            words = "Send code, code_verifier and redirect_uri."
            return error(400, "invalid_request", words)
        question = ExchangeCode(code, redirect_uri, verifier, client, proof)
        return _told(await self._warden.ask_any(question))

    async def _of_refresh(
        self, form: Form, client: ClientProof, proof: KeyProof | None
    ) -> Answer:
        token = form.get("refresh_token", "")
        if not token:
            return error(400, "invalid_request", "Send a refresh_token.")
        question = RefreshAccess(token, form.get("scope", ""), client, proof)
        return _told(await self._warden.ask_any(question))


def client_in(
    form: Form, *, is_assertion_needed: bool = False, is_nameless_fine: bool = False
) -> ClientProof | Answer:
    """Who asks, as the form says it (RFC 7521, 4.2).

    A public client need not say who it is with its refresh token (RFC 6749, 6), and
    the commonest SMART library does not.
    """
    assertion = form.get("client_assertion", "")
    kind = form.get("client_assertion_type", "")
    is_proven = bool(assertion) and kind == ASSERTION_TYPE
    if is_assertion_needed and not is_proven:
        words = f"Send client_assertion, and its type {ASSERTION_TYPE}."
        return error(400, "invalid_request", words)
    if (assertion or kind) and not is_proven:
        words = f"The client_assertion_type is {ASSERTION_TYPE}."
        return error(400, "invalid_request", words)
    client_id = form.get("client_id", "")
    if form.get("client_secret"):
        words = "No client has a secret here: sign an assertion, or be public."
        return error(401, "invalid_client", words)
    if not (client_id or assertion or is_nameless_fine):
        return error(401, "invalid_client", "Say which client asks: client_id.")
    if assertion and client_id and client_id != _issuer_of(assertion):
        words = "client_id names another client than the assertion does."
        return error(401, "invalid_client", words)
    return ClientProof(client_id, assertion)


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


def _told(given: object) -> Answer:
    if isinstance(given, AccessRefused):
        return refused_access(given)
    if not isinstance(given, AccessGiven):
        return error(503, "temporarily_unavailable", "Try again in a moment.")
    found: dict[str, object] = {
        "access_token": given.access_token,
        "token_type": "DPoP" if given.is_bound else "Bearer",
        "expires_in": given.expires_in,
        "scope": given.scope,
    }
    if given.refresh_token:
        found["refresh_token"] = given.refresh_token
    if given.id_token:
        found["id_token"] = given.id_token
    if given.patient:
        found["patient"] = given.patient
        # Nobody embeds an app in our pages: it always stands alone.
        found["need_patient_banner"] = True
    return _given(found)


def _given(found: Mapping[str, object]) -> Answer:
    return Answer(body=msgspec.json.encode(found), headers=HEADERS)


def _refused_program(refusal: Refusal) -> Answer:
    if refusal.code == "invalid-scope":
        return error(HTTPStatus.BAD_REQUEST, "invalid_scope", refusal.mend)
    if refusal.code == "proof-refused":
        return error(HTTPStatus.BAD_REQUEST, "invalid_dpop_proof", refusal.mend)
    if refusal.code == "sign-in-refused":
        words = "The assertion does not hold: see its key, audience, times and jti."
        return error(HTTPStatus.UNAUTHORIZED, "invalid_client", words)
    return error(
        HTTPStatus.SERVICE_UNAVAILABLE, "temporarily_unavailable", refusal.mend
    )
