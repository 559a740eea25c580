# SPDX-License-Identifier: Apache-2.0
"""The entrance: signing in, enrolling, sessions and passkeys of one's own.

The warden verifies every proof itself and mints the session; the web process only
carries messages. Whatever is wrong with a proof, the person hears the same words; the
code goes to the ledger or the log.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import (
    Answer,
    CeremonyOptions,
    Done,
    Invitation,
    Passkey,
    Passkeys,
    Refusal,
    Sessions as SessionList,
    SignedIn,
)
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    BeginEnrolment,
    BeginSignIn,
    CheckSession,
    ClientSignIn,
    EndSession,
    FinishAddPasskey,
    FinishEnrolment,
    FinishSignIn,
    ListPasskeys,
    ListSessions,
    LookAtInvitation,
    RevokePasskey,
)
from wardkeep.identity import accounts, clients, credentials, invitations
from wardkeep.identity.accounts import Membership
from wardkeep.identity.challenges import Challenges
from wardkeep.identity.credentials import Credential
from wardkeep.identity.factors import FactorRefused, client_key, passkey
from wardkeep.identity.factors.client_key import CLIENT_KEY, Claimed
from wardkeep.identity.factors.passkey import PASSKEY, Presented, RelyingParty
from wardkeep.identity.scopes import Scopes, granted_of
from wardkeep.warden import session_store
from wardkeep.warden.directory import Directory
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.session_store import Ended
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

log = logging.getLogger(__name__)

SIGN_IN_REFUSED = Refusal(
    code="sign-in-refused",
    why="That passkey could not sign you in.",
    mend="Try again. If it stays so, ask for a new enrolment link.",
)
INVITATION_OVER = Refusal(
    code="invitation-over",
    why="This link has been used or has run out.",
    mend="Ask whoever invited you for another.",
)
PASSKEY_REFUSED = Refusal(
    code="passkey-refused",
    why="The passkey could not be registered.",
    mend="Try again, with a device that asks for your finger, face or PIN.",
)
LAST_PASSKEY = Refusal(
    code="last-passkey",
    why="This is your last passkey: without it you could not sign in again.",
    mend="Add another passkey first, then remove this one.",
)
SCOPE_REFUSED = Refusal(
    code="invalid-scope",
    why="None of the scopes that were asked for is one that this program has.",
    mend="Ask for scopes that it was registered with, or for none at all.",
)
_SIGN_IN, _ENROL, _ADD = "sign-in", "enrol", "add-passkey"
LONGEST_DEVICE = 200
_MOST_ASSERTION_IDS = 65_536


class Entrance:
    """Answers questions about identity."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        directory: Directory,
        trace: Trace,
        clock: Clock,
        origin: str,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._directory = directory
        self._trace = trace
        self._clock = clock
        self._party = RelyingParty.of(origin)
        self._challenges = Challenges(clock)
        self._assertions_seen: dict[str, float] = {}
        self._ended: dict[str, Ended] = {}
        self.at_once: Mapping[type, Callable[[Any], Answer]] = {
            BeginSignIn: self._begin_sign_in,
            CheckSession: self.check_session,
            ListSessions: self._list_sessions,
        }
        self.later: Mapping[type, Callable[[Any], Awaitable[Answer]]] = {
            FinishSignIn: self._finish_sign_in,
            ClientSignIn: self._client_sign_in,
            LookAtInvitation: self._look_at_invitation,
            BeginEnrolment: self._begin_enrolment,
            FinishEnrolment: self._finish_enrolment,
            EndSession: self.end_session,
            BeginAddPasskey: self._begin_add,
            FinishAddPasskey: self._finish_add,
            ListPasskeys: self._list_passkeys,
            RevokePasskey: self._revoke_passkey,
        }

    # Signing in

    def _begin_sign_in(self, _asked: BeginSignIn) -> Answer:
        challenge = self._challenges.give(_SIGN_IN)
        return CeremonyOptions(
            passkey.assertion_options(self._party, challenge=challenge)
        )

    async def _finish_sign_in(self, asked: FinishSignIn) -> Answer:
        presented = passkey.present(asked.response)
        if isinstance(presented, FactorRefused):
            return self._refuse_sign_in(presented.code)
        if not self._challenges.take(_SIGN_IN, presented.challenge):
            return self._refuse_sign_in("challenge")
        async with self._database.connection() as connection:
            credential = await credentials.find(connection, presented.credential)
        if credential is None:
            return self._refuse_sign_in("unknown-credential")
        count = self._verify(asked.response, presented, credential)
        if isinstance(count, FactorRefused):
            return self._refuse_sign_in(count.code, account=credential.account)
        return await self._admit(credential, count, device=asked.device)

    async def _admit(
        self, credential: Credential, count: int, *, device: str
    ) -> Answer:
        """Let in whoever proved themselves, unless they were faster than themselves."""
        async with self._database.connection() as connection:
            moved = await credentials.note_use(
                connection, credential.id, sign_count=count, clock=self._clock
            )
            member = await accounts.membership_of(connection, credential.account)
        if not moved or member is None:
            return self._refuse_sign_in("raced", account=credential.account)
        return await self._start_session(
            member, credential=credential.id, device=device
        )

    def _verify(
        self, response: bytes, presented: Presented, credential: Credential
    ) -> int | FactorRefused:
        """The new counter of a passkey that proved itself."""
        known = passkey.Known(
            account=credential.account,
            public_key=credential.public_key,
            sign_count=credential.sign_count,
            is_revoked=credential.revoked_at is not None,
        )
        found = passkey.finish_assertion(
            self._party, response, presented=presented, known=known
        )
        return found if isinstance(found, FactorRefused) else found.sign_count

    def _refuse_sign_in(self, code: str, *, account: str = "") -> Refusal:
        # A refusal about a known account is an entry; one about nobody is a line in
        # the log, so that strangers cannot fill the ledger.
        if account:
            self._trace.about_account(account, "sign-in", outcome=f"refusal:{code}")
        else:
            log.info("a sign-in was refused: %s", code)
        return SIGN_IN_REFUSED

    async def _start_session(
        self,
        member: Membership,
        *,
        credential: bytes,
        device: str,
        factor: str = PASSKEY.name,
        scopes: Scopes | None = None,
        patients_per_hour: int = 0,
    ) -> SignedIn | Refusal:
        token, session = self._sessions.start(
            SignedInAs(
                account=member.account,
                display_name=member.display_name,
                organisation=member.organisation,
                organisation_name=member.organisation_name,
                organisation_slug=member.organisation_slug,
                role=member.role,
                factor=factor,
                credential=credential,
                device=device[:LONGEST_DEVICE],
                scopes=scopes,
                patients_per_hour=patients_per_hour,
            )
        )
        is_kept = False
        try:
            async with self._database.connection() as connection:
                is_kept = await session_store.keep(connection, session)
        finally:
            if not is_kept:
                self._sessions.end(session)
        if not is_kept:
            return self._refuse_sign_in("ended-meanwhile", account=member.account)
        self._trace.of_session(session, "sign-in", reason=factor)
        return SignedIn(
            token=token,
            expires_at=microseconds_since_epoch(session.expires_at),
            scope="" if scopes is None else scopes.text,
        )

    async def _client_sign_in(self, asked: ClientSignIn) -> Answer:
        claimed = client_key.claim(asked.assertion)
        if isinstance(claimed, FactorRefused):
            return self._refuse_sign_in(claimed.code)
        async with self._database.connection() as connection:
            registered = await clients.find_registered(
                connection, account=claimed.account, key_id=claimed.key_id
            )
            member = await accounts.membership_of(connection, claimed.account)
        if registered is None or member is None:
            return self._refuse_sign_in("unknown-client")
        fault = self._fault_in(asked, claimed, registered.jwk)
        if fault:
            return self._refuse_sign_in(fault, account=member.account)
        scopes = granted_of(registered.scope, asked.scope)
        if scopes is None:
            return SCOPE_REFUSED
        return await self._start_session(
            member,
            credential=b"",
            device="service client",
            factor=CLIENT_KEY.name,
            scopes=scopes,
            patients_per_hour=registered.patients_per_hour,
        )

    def _fault_in(self, asked: ClientSignIn, claimed: Claimed, jwk: str) -> str:
        """The code of what is wrong with an assertion; empty where it holds."""
        signed = client_key.verify(
            asked.assertion, claimed=claimed, jwk=jwk, audience=asked.audience
        )
        if isinstance(signed, FactorRefused):
            return signed.code
        return "replayed" if self._was_seen(f"{claimed.account} {signed.id}") else ""

    def _was_seen(self, assertion_id: str) -> bool:
        """Whether an assertion's id came before; it is remembered while it is good."""
        now = self._clock.monotonic_seconds()
        seen = self._assertions_seen
        while seen and (
            len(seen) >= _MOST_ASSERTION_IDS
            or next(iter(seen.values())) < now - 2 * client_key.LONGEST_SECONDS
        ):
            del seen[next(iter(seen))]
        if assertion_id in seen:
            return True
        seen[assertion_id] = now
        return False

    # Enrolling

    async def _look_at_invitation(self, asked: LookAtInvitation) -> Answer:
        member = await self._invited(asked.secret)
        if member is None:
            return INVITATION_OVER
        return Invitation(
            display_name=member.display_name,
            organisation=member.organisation_name,
            role_title=member.role.title,
        )

    async def _invited(self, secret: str) -> Membership | None:
        async with self._database.connection() as connection:
            invited = await invitations.look(connection, secret, clock=self._clock)
            if invited is None:
                return None
            return await accounts.membership_of(connection, invited.account)

    async def _begin_enrolment(self, asked: BeginEnrolment) -> Answer:
        member = await self._invited(asked.secret)
        if member is None:
            return INVITATION_OVER
        return await self._registration(
            member.account, member.display_name, kind=_ENROL
        )

    async def _registration(
        self, account: str, display_name: str, *, kind: str
    ) -> CeremonyOptions:
        async with self._database.connection() as connection:
            existing = await credentials.of_account(connection, account)
        return CeremonyOptions(
            passkey.registration_options(
                self._party,
                account=account,
                display_name=display_name,
                challenge=self._challenges.give(kind, account),
                existing=[one.id for one in existing],
            )
        )

    async def _finish_enrolment(self, asked: FinishEnrolment) -> Answer:
        member = await self._invited(asked.secret)
        if member is None:
            return INVITATION_OVER
        credential = self._registered(
            asked.response, account=member.account, label=asked.label, kind=_ENROL
        )
        if credential is None:
            return PASSKEY_REFUSED
        try:
            async with self._database.transaction() as connection:
                used = await invitations.use(
                    connection, asked.secret, clock=self._clock
                )
                if used is None:
                    return INVITATION_OVER
                await credentials.add(connection, credential)
        except AlreadyExistsError:
            return PASSKEY_REFUSED
        self._trace.about_account(member.account, "enrol")
        return await self._start_session(
            member, credential=credential.id, device=asked.device
        )

    def _registered(
        self, response: bytes, *, account: str, label: str, kind: str
    ) -> Credential | None:
        """A passkey that proved itself under a challenge given for this account."""
        presented = passkey.present(response)
        if isinstance(presented, FactorRefused):
            log.info("a passkey was refused: %s", presented.code)
            return None
        if not self._challenges.take(kind, presented.challenge, account):
            log.info("a passkey was refused: challenge")
            return None
        found = passkey.finish_registration(
            self._party, response, challenge=presented.challenge
        )
        if isinstance(found, FactorRefused):
            log.info("a passkey was refused: %s", found.code)
            return None
        return msgspec.convert(
            {
                **msgspec.structs.asdict(found),
                "account": account,
                "label": label.strip() or "Passkey",
                "created_at": self._clock.now(),
            },
            Credential,
        )

    # Sessions

    def check_session(self, asked: CheckSession) -> Answer:
        session = self._sessions.use(asked.session)
        return NOT_SIGNED_IN if session is None else session.view()

    def _list_sessions(self, asked: ListSessions) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        mine = self._sessions.of_account(session.account)
        newest = sorted(mine, key=lambda one: one.started_at, reverse=True)
        return SessionList(tuple(one.view() for one in newest))

    async def end_session(self, asked: EndSession) -> Answer:
        """End a session of one's own: this one, or another by its id."""
        session = self._sessions.use(asked.session)
        if session is None:
            return Done()
        which = asked.which or session.id
        for one in self._sessions.of_account(session.account):
            if one.id == which:
                await self.end_sessions([one], why="signed out")
        return Done()

    async def end_sessions(self, ended: list[Session], *, why: str) -> None:
        """End sessions here at once, then in the database."""
        for session in ended:
            self._sessions.end(session)
            self._trace.of_session(session, "sign-out", reason=why)
        self._remember_ends(ended, why=why)
        async with self._database.connection() as connection:
            await self._note_ends(connection)

    def _remember_ends(self, ended: list[Session], *, why: str) -> None:
        """Keep what the database must hear, until it has: a restart asks it alone."""
        now = self._clock.now()
        self._ended.update({one.id: Ended(one, now, why) for one in ended})

    async def _note_ends(self, connection: Connection) -> None:
        noted = list(self._ended.values())
        await session_store.note_end(connection, noted)
        for one in noted:
            self._ended.pop(one.session.id, None)

    async def save_sessions(self) -> None:
        """Tell the database which sessions were used and which are over."""
        self._remember_ends(self._sessions.forget_ended(), why="ran out")
        changed = self._sessions.take_changed()
        if not (self._ended or changed):
            return
        async with self._database.connection() as connection:
            await session_store.note_use(connection, changed)
            await self._note_ends(connection)

    # Passkeys of one's own

    async def _begin_add(self, asked: BeginAddPasskey) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        return await self._registration(
            session.account, session.display_name, kind=_ADD
        )

    async def _finish_add(self, asked: FinishAddPasskey) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        credential = self._registered(
            asked.response, account=session.account, label=asked.label, kind=_ADD
        )
        if credential is None:
            return PASSKEY_REFUSED
        try:
            async with self._database.connection() as connection:
                await credentials.add(connection, credential)
        except AlreadyExistsError:
            return PASSKEY_REFUSED
        self._trace.of_session(session, "add-passkey")
        return Done()

    async def _list_passkeys(self, asked: ListPasskeys) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            found = await credentials.of_account(connection, session.account)
        return Passkeys(tuple(_shown(one) for one in found))

    async def _revoke_passkey(self, asked: RevokePasskey) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            is_revoked = await credentials.revoke(
                connection,
                account=session.account,
                id_=asked.credential,
                clock=self._clock,
            )
        if not is_revoked:
            return LAST_PASSKEY
        self._trace.of_session(session, "revoke-passkey")
        mine = self._sessions.of_account(session.account)
        used_it = [one for one in mine if one.credential == asked.credential]
        await self.end_sessions(used_it, why="passkey revoked")
        return Done()


def _shown(credential: Credential) -> Passkey:
    last = credential.last_used_at
    return Passkey(
        credential=credential.id,
        label=credential.label,
        created_at=microseconds_since_epoch(credential.created_at),
        last_used_at=microseconds_since_epoch(last) if last else 0,
        is_synced=credential.is_backup_eligible,
    )
