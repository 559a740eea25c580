# SPDX-License-Identifier: Apache-2.0
"""Signing in by an identity provider: there and back, and what it is worth here.

A provider's word is a factor only where it says that it could not be phished; else a
passkey of ours completes it, or nobody is signed in. Who may not lose a step (guarded
roles) always completes it.
"""

import hmac
import logging
from collections import OrderedDict
from hashlib import sha256
from typing import TypeVar

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_secret
from wardkeep.crypto.es256 import base64url
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Refusal, SignedIn
from wardkeep.disclosure.federation import (
    AskProviders,
    BeginFederation,
    BeginStepUp,
    FederatedIn,
    FederationBegun,
    FinishFederation,
    FinishStepUp,
    IdentityLinked,
    Providers,
    StepUpNeeded,
)
from wardkeep.identity import accounts, credentials, providers
from wardkeep.identity.accounts import Membership
from wardkeep.identity.assurance import NHS_LOGIN, Strength, strength
from wardkeep.identity.factor import Factor, FactorRefused
from wardkeep.identity.factors.passkey import PASSKEY
from wardkeep.identity.oidc import Claims
from wardkeep.identity.roles import NEED_DEVICE
from wardkeep.warden.service.admission import Admission, Proof
from wardkeep.warden.service.ceremonies import Ceremonies, Unproven
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.known_providers import KnownProviders
from wardkeep.warden.service.patients_in import (
    NO_RECORD,
    PATIENT_PHISHABLE,
    PatientMatch,
)
from wardkeep.warden.service.provider_client import ProviderClient, Way
from wardkeep.warden.service.said import DEVICE_BOUND, NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.session_parts import Elsewhere
from wardkeep.warden.sessions import Sessions, hash_token

log = logging.getLogger(__name__)
STRONG_ELSEWHERE = Factor(name="identity-provider", is_phishing_resistant=True)
"""Only for what `assurance.py` calls strong: a smartcard, a passkey, a device's key."""
WAY_SECONDS = 300.0
MOST_WAYS = 4_096
LONGEST_NEXT = 1_000
_STEP_UP = "step-up"
T = TypeVar("T")

NO_SUCH_PROVIDER = Refusal(
    code="no-such-provider",
    why="There is no such identity provider here any more.",
    mend="Sign in with your passkey, or choose another.",
)
PROVIDER_UNREACHABLE = Refusal(
    code="provider-unreachable",
    why="The identity provider does not answer as it should.",
    mend="Sign in with your passkey, or try again in a few minutes.",
)
NOT_TAKEN = Refusal(
    code="provider-sign-in-refused",
    why="That sign-in could not be taken.",
    mend="Start again from this page, in this browser. If it stays so, use your"
    " passkey, and tell whoever runs Wardkeep.",
)
NOT_LINKED = Refusal(
    code="not-linked",
    why="That identity belongs to no account here.",
    mend="Sign in with your passkey once, and link it under My account.",
)
PHISHABLE = Refusal(
    code="phishable",
    why="You signed in there in a way that somebody could talk you out of, as by a"
    " password or a code. That opens no records here.",
    mend="Use your smartcard, passkey or security key there, or sign in with your"
    " passkey here.",
)
NOT_THEIRS = Refusal(
    code="identity-not-yours",
    why="That identity cannot be linked to this account.",
    mend="NHS login is for patients' own accounts, and staff providers for staff.",
)
TAKEN_ALREADY = Refusal(
    code="identity-taken",
    why="That identity is linked already, or your session ended meanwhile.",
    mend="Look at My account; if it is not there, ask whoever runs Wardkeep.",
)


class _Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is on its way to a provider."""

    provider: str
    way: Way
    browser_hash: bytes
    next: str
    linking: bytes
    """Hash of the session that links; empty: this is a sign-in."""
    until: float


class _Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in elsewhere, and must still use a passkey here."""

    member: Membership
    elsewhere: Elsewhere
    next: str
    until: float


class Bounded(OrderedDict[bytes, T]):
    """The newest of those that wait; a flood pushes out the oldest."""

    def keep(self, secret: str, one: T) -> None:
        while len(self) >= MOST_WAYS:
            self.popitem(last=False)
        self[hash_token(secret)] = one


class FederationParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk works with."""

    database: Database
    sessions: Sessions
    known: KnownProviders
    admission: Admission
    ceremonies: Ceremonies
    match: PatientMatch
    trace: Trace
    clock: Clock


class Federation:
    """Answers browsers on their way to providers and back."""

    def __init__(self, parts: FederationParts) -> None:
        self._parts = parts
        self._admission = parts.admission
        self._pending: Bounded[_Pending] = Bounded()
        self._tickets: Bounded[_Ticket] = Bounded()
        self.desk = Desk(
            at_once={AskProviders: self._ask},
            later={
                BeginFederation: self._begin,
                FinishFederation: self._finish,
                BeginStepUp: self._begin_step_up,
                FinishStepUp: self._finish_step_up,
            },
        )

    def _ask(self, _asked: AskProviders) -> Answer:
        return Providers(tuple(self._parts.known.views()))

    # There

    async def _begin(self, asked: BeginFederation) -> Answer:
        client = self._parts.known.get(asked.provider)
        if client is None:
            return NO_SUCH_PROVIDER
        linking = b""
        if asked.linking_session:
            session = self._parts.sessions.use_own(asked.linking_session)
            if session is None or not self._may_link(session.token_hash):
                return NOT_SIGNED_IN
            linking = session.token_hash
        verifier, browser, state = new_secret(), new_secret(), new_secret()
        way = Way(
            state=state,
            nonce=new_secret(),
            verifier=verifier,
            challenge=base64url(sha256(verifier.encode()).digest()),
        )
        url = await client.address_for(way)
        if isinstance(url, FactorRefused):
            log.warning("%s: %s", client.row.issuer, url.code)
            return PROVIDER_UNREACHABLE
        pending = _Pending(
            provider=client.row.id,
            way=way,
            browser_hash=hash_token(browser),
            next=asked.next[:LONGEST_NEXT],
            linking=linking,
            until=self._until(),
        )
        self._pending.keep(state, pending)
        return FederationBegun(url, browser)

    def _until(self) -> float:
        return self._parts.clock.monotonic_seconds() + WAY_SECONDS

    def _may_link(self, token_hash: bytes) -> bool:
        """Whether the session's own passkey was used for that a few minutes ago."""
        session = self._parts.sessions.named(token_hash)
        now = self._parts.clock.monotonic_seconds()
        return session is not None and now < session.passkeys_open_until

    # And back

    async def _finish(self, asked: FinishFederation) -> Answer:
        pending = self._taken(asked)
        client = None if pending is None else self._parts.known.get(pending.provider)
        if pending is None or client is None:
            return self._not_taken("state")
        if not asked.code:
            return self._not_taken("provider-said-no")
        claims = await client.redeem(asked.code, pending.way, answered_by=asked.issuer)
        if isinstance(claims, FactorRefused):
            is_outage = claims.code.startswith("provider-")
            self._not_taken(claims.code)
            return PROVIDER_UNREACHABLE if is_outage else NOT_TAKEN
        found = strength(client.row.kind, client.row.issuer, claims)
        if isinstance(found, FactorRefused):
            return self._not_taken(found.code)
        if pending.linking:
            return await self._link(client, pending.linking, claims)
        return await self._enter(client, pending, claims, found, asked.device)

    def _taken(self, asked: FinishFederation) -> _Pending | None:
        """What this browser began a moment ago; good once, whatever comes of it."""
        pending = self._pending.pop(hash_token(asked.state), None)
        if pending is None or pending.until < self._parts.clock.monotonic_seconds():
            return None
        is_same = hmac.compare_digest(hash_token(asked.browser), pending.browser_hash)
        return pending if is_same else None

    def _not_taken(self, code: str) -> Refusal:
        log.info("a sign-in by a provider was refused: %s", code)
        return NOT_TAKEN

    async def _link(
        self, client: ProviderClient, linking: bytes, claims: Claims
    ) -> Answer:
        session, subject = self._parts.sessions.named(linking), str(claims["sub"])
        is_here = session is not None and (
            session.organisation == client.row.organisation
        )
        if session is None or not is_here or not self._may_link(linking):
            return TAKEN_ALREADY
        if not await self._is_for(client, session.own_patient, claims):
            return NOT_THEIRS
        async with self._parts.database.connection() as connection:
            is_new = await providers.link(
                connection,
                client.row.id,
                subject,
                session.account,
                clock=self._parts.clock,
            )
        if not is_new:
            return TAKEN_ALREADY
        self._parts.trace.of_session(
            session, "link-identity", request=f"provider {client.row.id}"
        )
        return IdentityLinked()

    async def _is_for(self, client: ProviderClient, own: str, claims: Claims) -> bool:
        """Whether the identity may be this account's: a patient's own, or of staff.

        NHS login is for patients, and the person must be the one whose record it is.
        """
        if client.row.kind != NHS_LOGIN:
            return not own
        return bool(own) and own == await self._parts.match.record_of(
            client.row, claims
        )

    async def _enter(
        self,
        client: ProviderClient,
        pending: _Pending,
        claims: Claims,
        found: Strength,
        device: str,
    ) -> Answer:
        subject = str(claims["sub"])
        member, has_passkey = await self._member(client, subject)
        if client.row.kind == NHS_LOGIN:
            found_ = await self._patient(client, claims, member, found)
            if isinstance(found_, Refusal):
                return found_
            member = found_
        if member is None:
            return NOT_LINKED
        sid = claims.get("sid")
        elsewhere = Elsewhere(
            provider=client.row.id,
            session=sid if isinstance(sid, str) else "",
            subject=subject,
        )
        if found == "strong" and member.role not in NEED_DEVICE:
            proof = Proof(factor=STRONG_ELSEWHERE, device=device, elsewhere=elsewhere)
            return await self._let_in(member, proof, pending.next)
        if not has_passkey:
            self._admission.refuse("phishable", account=member.account)
            return PHISHABLE
        ticket = new_secret()
        waiting = _Ticket(
            member=member, elsewhere=elsewhere, next=pending.next, until=self._until()
        )
        self._tickets.keep(ticket, waiting)
        return StepUpNeeded(ticket, pending.next)

    async def _patient(
        self,
        client: ProviderClient,
        claims: Claims,
        member: Membership | None,
        found: Strength,
    ) -> Membership | Refusal:
        """The patient's account, if the facts still name the same record."""
        patient = await self._parts.match.record_of(client.row, claims)
        if patient is None or (member and member.own_patient != patient):
            return NO_RECORD
        if member is not None:
            return member
        if found != "strong":
            return PATIENT_PHISHABLE
        made = await self._parts.match.account_for(
            client.row, patient, str(claims["sub"])
        )
        return made or NO_RECORD

    async def _member(
        self, client: ProviderClient, subject: str
    ) -> tuple[Membership | None, bool]:
        """Whose identity it is, and whether they have a passkey here."""
        async with self._parts.database.connection() as connection:
            account = await providers.account_of(connection, client.row.id, subject)
            if account is None:
                return None, False
            works = await accounts.memberships_of(
                connection, account, clock=self._parts.clock
            )
            own = await credentials.of_account(connection, account)
        here = [one for one in works if one.organisation == client.row.organisation]
        return (here[0] if here else None), bool(own)

    async def _let_in(self, member: Membership, proof: Proof, next_: str) -> Answer:
        elsewhere = proof.elsewhere
        # Nothing waits between this and the session's start but the database.
        if elsewhere is None or self._parts.known.get(elsewhere.provider) is None:
            return NO_SUCH_PROVIDER
        begun = await self._admission.admit(member, proof)
        return FederatedIn(begun.token, next_) if isinstance(begun, SignedIn) else begun

    # A passkey of ours

    async def _begin_step_up(self, asked: BeginStepUp) -> Answer:
        ticket = self._tickets.get(hash_token(asked.ticket))
        if ticket is None or ticket.until < self._parts.clock.monotonic_seconds():
            return NOT_TAKEN
        return await self._parts.ceremonies.begin_bound(
            _STEP_UP,
            asked.ticket,
            account=ticket.member.account,
            content=asked.ticket.encode(),
        )

    async def _finish_step_up(self, asked: FinishStepUp) -> Answer:
        ticket = self._tickets.get(hash_token(asked.ticket))
        if ticket is None or ticket.until < self._parts.clock.monotonic_seconds():
            return NOT_TAKEN
        proven = await self._parts.ceremonies.finish_assertion(
            _STEP_UP, asked.response, asked.ticket
        )
        if isinstance(proven, Unproven):
            return self._admission.refuse(proven.code, account=proven.account)
        own, member = proven.credential, ticket.member
        if own.account != member.account:
            return self._admission.refuse("wrong-account", account=own.account)
        if member.role in NEED_DEVICE and own.is_backup_eligible:
            return DEVICE_BOUND
        if self._tickets.pop(hash_token(asked.ticket), None) is None:
            return NOT_TAKEN
        proof = Proof(
            factor=PASSKEY,
            credential=own.id,
            device=asked.device,
            elsewhere=ticket.elsewhere,
        )
        return await self._let_in(member, proof, ticket.next)
