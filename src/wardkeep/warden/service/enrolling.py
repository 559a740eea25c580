# SPDX-License-Identifier: Apache-2.0
"""Passkeys: the first by an invitation, further ones while signed in, and their end."""

from datetime import datetime, timedelta

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import (
    Answer,
    Done,
    Invitation,
    Passkey,
    Passkeys,
    Refusal,
)
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.people import ChangePasskeys
from wardkeep.disclosure.questions import (
    BeginAddPasskey,
    BeginEnrolment,
    FinishAddPasskey,
    FinishEnrolment,
    ListPasskeys,
    LookAtInvitation,
    RevokePasskey,
)
from wardkeep.identity import (
    accounts,
    app_grants,
    credentials,
    invitations,
    providers,
)
from wardkeep.identity.accounts import Membership
from wardkeep.identity.credentials import Credential
from wardkeep.identity.factors.passkey import PASSKEY
from wardkeep.identity.invitations import Invited
from wardkeep.identity.roles import NEED_DEVICE, Role
from wardkeep.warden.service.admission import Admission, Proof
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.said import DEVICE_BOUND, NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

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
CONFIRM_FIRST = Refusal(
    code="confirm-first",
    why="Passkeys are changed only by somebody who has just used one of them.",
    mend="Open the page again, and confirm with your passkey.",
)
OPEN_SECONDS = 5 * 60
RESTS_FOR = timedelta(hours=24)
"""A touch does not show what it signs, so whoever has the web process for an hour can
have one sign for a passkey of theirs. It outlasts that hour, and its owner's next shift
mostly; meanwhile each sign-in tells its owner, who revokes it."""
_ENROL, _ADD = "enrol", "add-passkey"


class Enrolling:
    """Answers questions about passkeys."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        ceremonies: Ceremonies,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._ceremonies = ceremonies
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                LookAtInvitation: self._look_at_invitation,
                BeginEnrolment: self._begin_enrolment,
                FinishEnrolment: self._finish_enrolment,
                BeginAddPasskey: self._begin_add,
                FinishAddPasskey: self._finish_add,
                ListPasskeys: self._list_passkeys,
                RevokePasskey: self._revoke_passkey,
            },
            acts={
                ChangePasskeys: Acting(
                    self._describe_change,
                    self._open,
                    needs_device_bound=False,
                    is_own=True,
                )
            },
        )

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
            return await accounts.membership_of(
                connection, invited.account, clock=self._clock
            )

    async def _begin_enrolment(self, asked: BeginEnrolment) -> Answer:
        member = await self._invited(asked.secret)
        if member is None:
            return INVITATION_OVER
        return await self._ceremonies.begin_registration(
            _ENROL, account=member.account, display_name=member.display_name
        )

    async def _finish_enrolment(self, asked: FinishEnrolment) -> Answer:
        member = await self._invited(asked.secret)
        if member is None:
            return INVITATION_OVER
        credential = self._ceremonies.finish_registration(
            _ENROL, asked.response, account=member.account, label=asked.label
        )
        if credential is None:
            return PASSKEY_REFUSED
        if _must_stay(member.role) and credential.is_backup_eligible:
            return DEVICE_BOUND
        used = await self._use_up(asked.secret, credential)
        if isinstance(used, Refusal):
            return used
        await self._note_enrolment(member, used)
        proof = Proof(factor=PASSKEY, credential=credential.id, device=asked.device)
        return await self._admission.admit(member, proof)

    async def _use_up(self, secret: str, credential: Credential) -> Invited | Refusal:
        """The link's one use: the passkey is kept, after a loss instead of all others.

        Whatever goes wrong, the link is as good as before.
        """
        try:
            async with self._database.transaction() as connection:
                used = await invitations.use(connection, secret, clock=self._clock)
                if used is None:
                    return INVITATION_OVER
                if used.is_recovery:
                    await self._end_all_else(connection, used.account)
                await credentials.add(connection, credential)
        except AlreadyExistsError:
            return PASSKEY_REFUSED
        return used

    async def _end_all_else(self, connection: Connection, account: str) -> None:
        """Whoever has the lost passkey may have left more ways in behind."""
        for end in (
            credentials.revoke_all,
            app_grants.end_of_account,
            providers.unlink_all,
        ):
            await end(connection, account, clock=self._clock)

    async def _note_enrolment(self, member: Membership, used: Invited) -> None:
        """The entry names both: whose passkey it is, and who vouched for them."""
        if used.is_recovery:
            old = self._sessions.of_account(member.account)
            await self._admission.end(old, why="passkeys recovered")
        self._trace.about_account(
            member.account,
            "recover" if used.is_recovery else "enrol",
            organisation=member.organisation,
            request=f"link by {used.created_by}",
        )

    async def _describe_change(
        self, session: Session, _act: ChangePasskeys
    ) -> ActDescription | Refusal:
        return ActDescription(
            title="Change my passkeys",
            lines=(("Account", session.display_name),),
            warning=f"For {OPEN_SECONDS // 60} minutes you can add and revoke passkeys."
            " Who found this screen unlocked could not.",
        )

    async def _open(self, session: Session, _act: ChangePasskeys) -> Answer:
        now = self._clock.monotonic_seconds()
        session.passkeys_open_until = now + OPEN_SECONDS
        return Done()

    def _changing(self, token: str) -> Session | Refusal:
        """The session of somebody who proved a moment ago that it is they."""
        session = self._sessions.use_own(token)
        if session is None:
            return NOT_SIGNED_IN
        is_open = self._clock.monotonic_seconds() < session.passkeys_open_until
        return session if is_open else CONFIRM_FIRST

    async def _begin_add(self, asked: BeginAddPasskey) -> Answer:
        session = self._changing(asked.session)
        if isinstance(session, Refusal):
            return session
        return await self._ceremonies.begin_registration(
            _ADD, account=session.account, display_name=session.display_name
        )

    async def _finish_add(self, asked: FinishAddPasskey) -> Answer:
        session = self._changing(asked.session)
        if isinstance(session, Refusal):
            return session
        credential = self._ceremonies.finish_registration(
            _ADD, asked.response, account=session.account, label=asked.label
        )
        if credential is None:
            return PASSKEY_REFUSED
        if _must_stay(session.role) and credential.is_backup_eligible:
            return DEVICE_BOUND
        rested = self._clock.now() + RESTS_FOR
        credential = msgspec.structs.replace(credential, works_from=rested)
        try:
            async with self._database.connection() as connection:
                await credentials.add(connection, credential)
        except AlreadyExistsError:
            return PASSKEY_REFUSED
        self._trace.of_session(session, "add-passkey")
        return Done()

    async def _list_passkeys(self, asked: ListPasskeys) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            found = await credentials.of_account(connection, session.account)
        now = self._clock.now()
        return Passkeys(tuple(passkey_shown(one, now) for one in found))

    async def _revoke_passkey(self, asked: RevokePasskey) -> Answer:
        session = self._changing(asked.session)
        if isinstance(session, Refusal):
            return session
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
        await self._admission.end(used_it, why="passkey revoked")
        return Done()


def _must_stay(role: Role) -> bool:
    """Whether a passkey that its maker copies between devices will not do."""
    return role in NEED_DEVICE


def passkey_shown(credential: Credential, now: datetime) -> Passkey:
    """A passkey as people see it."""
    return Passkey(
        credential=credential.id,
        label=credential.label,
        created_at=microseconds_since_epoch(credential.created_at),
        last_used_at=_moment(credential.last_used_at),
        is_synced=credential.is_backup_eligible,
        works_from=_moment(credential.works_from) if credential.rests(now) else 0,
    )


def _moment(at: datetime | None) -> int:
    return 0 if at is None else microseconds_since_epoch(at)
