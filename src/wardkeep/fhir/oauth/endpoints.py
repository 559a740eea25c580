# SPDX-License-Identifier: Apache-2.0
"""The OAuth endpoints that programs ask: token, revocation, introspection, keys.

RFC 6749, RFC 7009, RFC 7662, RFC 7517 and RFC 8414. The authorization endpoint is a
page (`apps/connected_apps`), because a person answers there.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope, Send

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.federation import ProviderLogout
from wardkeep.disclosure.smart import (
    AccessRefused,
    AskSigningKeys,
    IntrospectToken,
    KeyProof,
    RevokeToken,
    SigningKeys,
    TokenFacts,
)
from wardkeep.fhir.oauth import token
from wardkeep.fhir.oauth.said import (
    HEADERS,
    NOT_A_FORM,
    UNAVAILABLE,
    error,
    refused_access,
)
from wardkeep.fhir.oauth.token import TokenDesk, client_in
from wardkeep.fhir.rest.answer import Answer
from wardkeep.fhir.rest.smart_metadata import WELL_KNOWN, authorization_server
from wardkeep.web.exchange import PATTERN

REVOKE, INTROSPECT, JWKS = "/oauth/revoke", "/oauth/introspect", "/oauth/jwks"
LOGOUT = "/oauth/back-channel-logout"
PREFIXES = (token.PATH, REVOKE, INTROSPECT, JWKS, LOGOUT, WELL_KNOWN)
FOR_ALL = frozenset({JWKS, WELL_KNOWN, f"{WELL_KNOWN}/fhir"})
_MOST_PARAMETERS = 50
_LONGEST_PROOF = 4_097

Form = Mapping[str, str]
Posted = Callable[[Form, KeyProof | None], Awaitable[Answer]]


class OAuthEndpoints:
    """Answers below `/oauth` whatever is no page."""

    def __init__(self, warden: WardenClient, *, origin: str, clock: Clock) -> None:
        self._warden = warden
        self._origin = origin
        self._tokens = TokenDesk(warden, clock=clock)
        self._posted: dict[str, Posted] = {
            token.PATH: self._tokens.answer,
            REVOKE: self._revoke,
            INTROSPECT: self._introspect,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope, receive)
        await answer.send(send, is_head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path: str = scope["path"]
        posted = self._posted.get(path)
        if path.startswith(f"{LOGOUT}/"):
            path, provider = LOGOUT, path.removeprefix(f"{LOGOUT}/")
            posted = partial(self._logout, provider)
        if posted is None and path not in FOR_ALL:
            return error(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")
        scope[PATTERN] = path
        if posted is None:
            return await self._told(path, scope["method"])
        if scope["method"] != "POST":
            words = "Send a POST with a form."
            return error(HTTPStatus.METHOD_NOT_ALLOWED, "invalid_request", words)
        form = await _form(receive)
        if form is None:
            return NOT_A_FORM
        return await posted(form, self._proof(scope))

    async def _told(self, path: str, method: str) -> Answer:
        if method not in ("GET", "HEAD"):
            words = "This is only read."
            return error(HTTPStatus.METHOD_NOT_ALLOWED, "invalid_request", words)
        if path != JWKS:
            body = msgspec.json.encode(authorization_server(self._origin))
            return Answer(body=body, headers=HEADERS)
        keys = await self._warden.ask(AskSigningKeys(), SigningKeys)
        if not isinstance(keys, SigningKeys):
            return UNAVAILABLE
        return Answer(body=keys.jwks, headers=HEADERS)

    def _proof(self, scope: Scope) -> KeyProof | None:
        """The DPoP header; two of them are one that does not hold (RFC 9449, 4.3)."""
        sent = [value for name, value in scope["headers"] if name == b"dpop"]
        if not sent:
            return None
        proof = sent[0].decode("latin-1")[:_LONGEST_PROOF] if len(sent) == 1 else ""
        return KeyProof(proof, scope["method"], f"{self._origin}{scope['path']}")

    async def _revoke(self, form: Form, _proof: KeyProof | None) -> Answer:
        client = client_in(form)
        if isinstance(client, Answer):
            return client
        if not form.get("token"):
            return error(400, "invalid_request", "Send the token.")
        question = RevokeToken(form["token"], client)
        given = await self._warden.ask_any(question)
        if isinstance(given, AccessRefused):
            return refused_access(given)
        return Answer(headers=HEADERS) if isinstance(given, Done) else UNAVAILABLE

    async def _logout(
        self, provider: str, form: Form, _proof: KeyProof | None
    ) -> Answer:
        """Somebody signed out at an identity provider (Back-Channel Logout 1.0)."""
        question = ProviderLogout(provider[:64], form.get("logout_token", ""))
        given = await self._warden.ask(question, Done)
        if not isinstance(given, Refusal):
            return Answer(headers=HEADERS)
        if given.code != "logout-refused":
            return UNAVAILABLE
        return error(HTTPStatus.BAD_REQUEST, "invalid_request", given.mend)

    async def _introspect(self, form: Form, _proof: KeyProof | None) -> Answer:
        client = client_in(form)
        if isinstance(client, Answer):
            return client
        if not form.get("token"):
            return error(400, "invalid_request", "Send the token.")
        question = IntrospectToken(form["token"], client)
        given = await self._warden.ask_any(question)
        if isinstance(given, AccessRefused):
            return refused_access(given)
        if not isinstance(given, TokenFacts):
            return UNAVAILABLE
        return Answer(body=given.body, headers=HEADERS)


async def _form(receive: Receive) -> dict[str, str] | None:
    """None where a parameter comes twice (RFC 6749, 3.2)."""
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    text = b"".join(pieces).decode("latin-1")
    if text.count("&") > _MOST_PARAMETERS:
        return None
    pairs = parse_qsl(text)
    found = dict(pairs)
    return found if len(found) == len(pairs) else None
