# SPDX-License-Identifier: Apache-2.0
"""Apps' tokens: a code or refresh token for an access token, and what becomes of it.

OAuth 2.1 (draft-ietf-oauth-v2-1), RFC 7009, RFC 7662 and RFC 9449. Access tokens live
for minutes and in memory; codes and refresh tokens are hashes in the database.
"""

import hmac
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_secret
from wardkeep.crypto.es256 import base64url
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.smart import (
    AccessGiven,
    AccessRefused,
    AskSigningKeys,
    CheckToken,
    ClientProof,
    ExchangeCode,
    IntrospectToken,
    KnowsOrigin,
    RefreshAccess,
    RevokeToken,
    SigningKeys as KeySet,
    TokenFacts,
)
from wardkeep.identity import accounts, app_grants
from wardkeep.identity.accounts import Membership
from wardkeep.identity.app_grants import CONSENT, AppGrant, Found
from wardkeep.identity.app_scopes import (
    FHIR_USER,
    OFFLINE,
    ONLINE,
    OPENID,
    AppScopes,
    UnreadableScope,
    read_app_scopes,
)
from wardkeep.identity.apps import Apps, RegisteredApp
from wardkeep.identity.scopes import CHECK_IN
from wardkeep.warden.service.admission import Admission, Proof
from wardkeep.warden.service.consents import ConsentEnding
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.key_proofs import (
    BAD_PROOF,
    FHIR_PATH,
    PROOF_NEEDED,
    AppClients,
    KeyProofs,
)
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.signing_keys import SigningKeys
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.session_parts import ByApp
from wardkeep.warden.sessions import Session, Sessions, hash_token

ACCESS_SECONDS = 300
INVALID_GRANT = AccessRefused(
    "invalid_grant",
    "The code or refresh token is not good: used, over, withdrawn, or another"
    " client's, address's or key's.",
)
_WIDER = AccessRefused(
    "invalid_scope", "A refresh gives no more than was consented to."
)
_INACTIVE = TokenFacts(b'{"active":false}')
NOT_KNOWN_ORIGIN = Refusal(
    code="unknown-origin",
    why="No registered app lives there.",
    mend="Register the app with a redirect address of that origin.",
)


class _Asker(NamedTuple):
    """Who asks for a token, and the key that they proved."""

    app: RegisteredApp
    thumbprint: str


class TokenParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk of tokens works with."""

    database: Database
    sessions: Sessions
    apps: Apps
    admission: Admission
    ending: ConsentEnding
    clients: AppClients
    proofs: KeyProofs
    keys: SigningKeys
    trace: Trace
    clock: Clock
    origin: str


class AppTokens:
    """Answers the token endpoint and those beside it."""

    def __init__(self, parts: TokenParts) -> None:
        self._parts = parts
        self._base = f"{parts.origin}{FHIR_PATH}"
        self.desk = Desk(
            at_once={
                CheckToken: self._check,
                AskSigningKeys: self._key_set,
                KnowsOrigin: self._knows_origin,
                IntrospectToken: self._introspect,
            },
            later={
                ExchangeCode: self._exchange,
                RefreshAccess: self._refresh,
                RevokeToken: self._revoke,
            },
        )

    # A token for a code

    async def _exchange(self, asked: ExchangeCode) -> Answer:
        asker = self._asker(asked)
        if isinstance(asker, AccessRefused):
            return asker
        async with self._parts.database.connection() as connection:
            found = await app_grants.of_code(connection, hash_token(asked.code))
        if found is None or found.grant.app != asker.app.id:
            return INVALID_GRANT
        grant = found.grant
        if found.is_used or not _is_code_for(grant, asked, asker):
            # Somebody else has the code as well, or tried to use it.
            return await self._end(grant, why="code used wrongly")
        if found.is_ended or grant.code_until < self._parts.clock.now():
            return INVALID_GRANT
        async with self._parts.database.connection() as connection:
            is_first = await app_grants.use_code(
                connection,
                grant.id,
                thumbprint=asker.thumbprint,
                clock=self._parts.clock,
            )
        if not is_first:
            return await self._end(grant, why="code used twice")
        scopes = _scopes(grant)
        return await self._give(grant, scopes, asker.thumbprint)

    def _asker(self, asked: ExchangeCode | RefreshAccess) -> _Asker | AccessRefused:
        app = self._parts.clients.prove(asked.client)
        if isinstance(app, AccessRefused):
            return app
        thumbprint = self._parts.proofs.thumbprint(asked.proof)
        if thumbprint is None:
            return BAD_PROOF
        if not thumbprint and app.organisation in self._parts.sessions.bound_only:
            return PROOF_NEEDED
        return _Asker(app, thumbprint)

    async def _end(self, grant: AppGrant, *, why: str) -> AccessRefused:
        self._parts.trace.about_account(
            grant.account,
            "app-token",
            organisation=grant.organisation,
            request=f"app {grant.app}",
            outcome=f"refusal:{why.replace(' ', '-')}",
        )
        await self._parts.ending.end(grant.id, why=why)
        return INVALID_GRANT

    # A token for a refresh token

    async def _refresh(self, asked: RefreshAccess) -> Answer:
        token_hash = hash_token(asked.refresh_token)
        shown = await self._shown(asked, token_hash)
        if isinstance(shown, AccessRefused):
            return shown
        found, asker = shown
        grant = found.grant
        if found.is_used:
            return await self._end(grant, why="refresh token used twice")
        if not self._is_good(found) or grant.key_thumbprint not in (
            "",
            asker.thumbprint,
        ):
            return INVALID_GRANT
        scopes = _narrowed(_scopes(grant), asked.scope)
        if scopes is None:
            return _WIDER
        async with self._parts.database.connection() as connection:
            is_first = await app_grants.use_refresh_token(
                connection, token_hash, grant.id, clock=self._parts.clock
            )
        if not is_first:
            return await self._end(grant, why="refresh token used twice")
        return await self._give(grant, scopes, asker.thumbprint)

    async def _shown(
        self, asked: RefreshAccess, token_hash: bytes
    ) -> tuple[Found, _Asker] | AccessRefused:
        """Whose refresh token it is, and that it is this client's."""
        async with self._parts.database.connection() as connection:
            found = await app_grants.of_refresh_token(connection, token_hash)
        client = asked.client
        if client == ClientProof():
            if found is None:
                return INVALID_GRANT
            # Good for a public client alone: any other must prove itself.
            client = ClientProof(found.grant.app)
        asker = self._asker(msgspec.structs.replace(asked, client=client))
        if isinstance(asker, AccessRefused):
            return asker
        if found is None or found.grant.app != asker.app.id:
            return INVALID_GRANT
        return found, asker

    def _is_good(self, found: Found) -> bool:
        is_over = found.grant.expires_at < self._parts.clock.now()
        return not found.is_ended and not is_over

    # What is given

    async def _give(
        self, grant: AppGrant, scopes: AppScopes, thumbprint: str
    ) -> AccessGiven | AccessRefused:
        parts = self._parts
        refresh_token = ""
        consented = _scopes(grant).words
        async with parts.database.connection() as connection:
            if {OFFLINE, ONLINE} & consented:
                refresh_token = new_secret()
                is_kept = await app_grants.add_refresh_token(
                    connection, hash_token(refresh_token), grant.id, clock=parts.clock
                )
                if not is_kept:
                    return INVALID_GRANT
            found = await accounts.memberships_of(
                connection, grant.account, clock=parts.clock
            )
        member = _member(grant, found)
        app = parts.apps.get(grant.app)
        # Nothing waits from here on: what ended meanwhile is seen.
        is_signed_out = grant.session and not parts.sessions.is_live(grant.session)
        if member is None or app is None or is_signed_out:
            return INVALID_GRANT
        if parts.ending.has_ended(grant.id):
            return INVALID_GRANT
        until = parts.clock.now() + timedelta(seconds=ACCESS_SECONDS)
        proof = Proof(
            factor=CONSENT,
            device=app.name,
            patients_per_hour=app.patients_per_hour,
            until=min(until, grant.expires_at),
            key_thumbprint=thumbprint,
        )
        token, session = parts.admission.admit_app(
            member, _by_app(grant, app, scopes), proof
        )
        lasts = (session.expires_at - parts.clock.now()).total_seconds()
        return AccessGiven(
            access_token=token,
            expires_in=int(lasts),
            scope=scopes.text,
            is_bound=bool(thumbprint),
            refresh_token=refresh_token,
            id_token=self._id_token(grant, scopes),
            patient=grant.patient,
        )

    def _id_token(self, grant: AppGrant, scopes: AppScopes) -> str:
        """https://openid.net/specs/openid-connect-core-1_0.html#IDToken."""
        if OPENID not in scopes.words:
            return ""
        now = int(self._parts.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self._base,
            "sub": grant.account,
            "aud": grant.app,
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "auth_time": int(grant.signed_in_at.timestamp()),
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        if FHIR_USER in scopes.words:
            claims["fhirUser"] = f"{self._base}/Practitioner/{grant.account}"
        return self._parts.keys.sign(claims)

    # Whose it is

    def _check(self, asked: CheckToken) -> Answer:
        sessions = self._parts.sessions
        session = sessions.named(hash_token(asked.token))
        if session is None or session.only == CHECK_IN:
            return NOT_SIGNED_IN
        if not session.is_for_programs:
            return session.view()
        if not session.key_thumbprint:
            is_refused = session.organisation in sessions.bound_only
            if is_refused or asked.proof is not None:
                return NOT_SIGNED_IN
            return session.view()
        proven = self._parts.proofs.thumbprint(asked.proof, token=asked.token)
        if not proven or not hmac.compare_digest(proven, session.key_thumbprint):
            return NOT_SIGNED_IN
        handle = sessions.new_handle(session)
        return msgspec.structs.replace(session.view(), handle=handle)

    def _introspect(self, asked: IntrospectToken) -> Answer:
        app = self._parts.clients.prove(asked.client)
        if isinstance(app, AccessRefused) or app.is_public:
            return AccessRefused("invalid_client", "Sign in with the client's own key.")
        session = self._parts.sessions.named(hash_token(asked.token))
        if session is None or not _may_see(app, session):
            return _INACTIVE
        return TokenFacts(msgspec.json.encode(_facts(session, self._base)))

    async def _revoke(self, asked: RevokeToken) -> Answer:
        app = self._parts.clients.prove(asked.client)
        if isinstance(app, AccessRefused):
            return app
        token_hash = hash_token(asked.token)
        session = self._parts.sessions.named(token_hash)
        if session is not None and session.app is not None:
            if session.app.app == app.id:
                await self._parts.admission.end([session], why="revoked by the app")
            return Done()
        async with self._parts.database.connection() as connection:
            found = await app_grants.of_refresh_token(connection, token_hash)
        if found is not None and found.grant.app == app.id:
            await self._parts.ending.end(found.grant.id, why="revoked by the app")
        return Done()

    def _key_set(self, _asked: AskSigningKeys) -> Answer:
        return KeySet(self._parts.keys.key_set())

    def _knows_origin(self, asked: KnowsOrigin) -> Answer:
        return (
            Done() if self._parts.apps.knows_origin(asked.origin) else NOT_KNOWN_ORIGIN
        )


def _is_code_for(grant: AppGrant, asked: ExchangeCode, asker: _Asker) -> bool:
    made = base64url(sha256(asked.verifier.encode()).digest())
    return (
        hmac.compare_digest(made, grant.challenge)
        and asked.redirect_uri == grant.redirect_uri
        and grant.key_thumbprint in ("", asker.thumbprint)
    )


def _scopes(grant: AppGrant) -> AppScopes:
    found = read_app_scopes(grant.scope)
    return AppScopes(()) if isinstance(found, UnreadableScope) else found


def _narrowed(consented: AppScopes, asked: str) -> AppScopes | None:
    """None where more is asked for than was consented to."""
    if not asked:
        return consented
    wanted = read_app_scopes(asked)
    if isinstance(wanted, UnreadableScope):
        return None
    found = consented.narrowed(wanted)
    is_within = set(wanted.names) <= set(found.names)
    return found if is_within and found.names else None


def _member(grant: AppGrant, found: Sequence[Membership]) -> Membership | None:
    """The same work as when it was consented to; another role asks anew."""
    for one in found:
        if (one.organisation, one.role.value) == (grant.organisation, grant.role):
            return one
    return None


def _by_app(grant: AppGrant, app: RegisteredApp, scopes: AppScopes) -> ByApp:
    return ByApp(
        app=app.id,
        name=app.name,
        grant=grant.id,
        patient=grant.patient,
        # What an app is registered with now bounds what was consented to then.
        scopes=app.scopes.narrowed(scopes),
        purpose=grant.purpose,
        reason=grant.reason,
        person_session=grant.session,
        patients_per_hour=app.patients_per_hour,
    )


def _may_see(app: RegisteredApp, session: Session) -> bool:
    if not session.is_for_programs or session.organisation != app.organisation:
        return False
    is_own = session.app is not None and session.app.app == app.id
    return is_own or app.is_resource_server


def _facts(session: Session, base: str) -> dict[str, object]:
    """RFC 7662, 2.2, with what SMART adds."""
    view = session.view()
    found: dict[str, object] = {
        "active": True,
        "scope": view.scope,
        "client_id": view.app or view.account,
        "sub": view.account,
        "iss": base,
        "iat": int(session.started_at.timestamp()),
        "exp": int(session.expires_at.timestamp()),
        "token_type": "DPoP" if session.key_thumbprint else "Bearer",
    }
    if session.key_thumbprint:
        found["cnf"] = {"jkt": session.key_thumbprint}
    if view.patient:
        found["patient"] = view.patient
    if session.app is not None and FHIR_USER in session.app.scopes.words:
        found["fhirUser"] = f"{base}/Practitioner/{session.account}"
    return found
