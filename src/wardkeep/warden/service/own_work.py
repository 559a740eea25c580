# SPDX-License-Identifier: Apache-2.0
"""Work of one's own: in several organisations, one at a time, under one passkey."""

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.people import (
    AcceptInvitation,
    ListMyOrganisations,
    MyOrganisations,
    OrganisationView,
    SwitchOrganisation,
)
from wardkeep.identity import accounts, credentials, invitations, people
from wardkeep.identity.factors.passkey import PASSKEY
from wardkeep.identity.roles import NEED_DEVICE
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.service.admission import Admission, Proof
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.enrolling import INVITATION_OVER
from wardkeep.warden.service.said import DEVICE_BOUND, NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions


class OwnWork:
    """Answers about where somebody works."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        budgets: Budgets,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._budgets = budgets
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListMyOrganisations: self._list,
                SwitchOrganisation: self._switch,
                AcceptInvitation: self._accept,
            }
        )

    def _person(self, token: str) -> Session | None:
        """The session of a person who signed in with a passkey here."""
        session = self._sessions.use(token)
        is_person = session is not None and session.factor == PASSKEY.name
        return session if is_person else None

    async def _list(self, asked: ListMyOrganisations) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            found = await accounts.memberships_of(
                connection, session.account, clock=self._clock
            )
        named = sorted(found, key=lambda one: one.organisation_name.lower())
        return MyOrganisations(
            tuple(
                OrganisationView(
                    number=one.organisation,
                    name=one.organisation_name,
                    role_title=one.role.title,
                    is_current=one.organisation == session.organisation,
                )
                for one in named
            )
        )

    async def _switch(self, asked: SwitchOrganisation) -> Answer:
        session = self._person(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.connection() as connection:
            found = await accounts.memberships_of(
                connection, session.account, clock=self._clock
            )
            credential = await credentials.find(connection, session.credential)
        there = [one for one in found if one.organisation == asked.organisation]
        if not there or credential is None:
            return NOT_YOUR_WORK
        if there[0].role in NEED_DEVICE and credential.is_backup_eligible:
            return DEVICE_BOUND
        proof = Proof(
            factor=PASSKEY,
            credential=session.credential,
            device=session.device,
            until=session.expires_at,
            elsewhere=session.elsewhere,
            goes_on_from=session.id,
        )
        begun = await self._admission.admit(there[0], proof)
        if not isinstance(begun, Refusal):
            self._carry(session, begun.token)
            await self._admission.end([session], why="went to another organisation")
        return begun

    def _carry(self, old: Session, token: str) -> None:
        """No passkey was used: what the old session reached counts for the new one."""
        new = self._sessions.use(token)
        if new is not None:
            whose = (new.organisation, new.account)
            self._budgets.carried(old.id, new.id, whose)

    async def _is_new(
        self, connection: Connection, invited: str, session: Session
    ) -> bool:
        """Whether a link is for a starter who has no passkey; patients do not start."""
        keys = await credentials.of_account(connection, invited)
        works = await accounts.memberships_of(connection, invited, clock=self._clock)
        is_patient = any(one.own_patient for one in works)
        return not (keys or is_patient or invited == session.account)

    async def _needs_device(
        self, connection: Connection, invited: str, session: Session
    ) -> bool:
        """Whether the work asks for another passkey than the session's.

        Asked before it is taken on: who has none of one device could then make none.
        """
        works = await accounts.memberships_of(connection, invited, clock=self._clock)
        credential = await credentials.find(connection, session.credential)
        is_guarded = any(one.role in NEED_DEVICE for one in works)
        return is_guarded and (credential is None or credential.is_backup_eligible)

    async def _accept(self, asked: AcceptInvitation) -> Answer:
        """Somebody who has a passkey here takes on the work that a link is for."""
        session = self._person(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        async with self._database.transaction() as connection:
            invited = await invitations.look(
                connection, asked.secret, clock=self._clock
            )
            if invited is None or invited.is_recovery:
                return INVITATION_OVER
            if not await self._is_new(connection, invited.account, session):
                return INVITATION_OVER
            if await self._needs_device(connection, invited.account, session):
                return DEVICE_BOUND
            used = await invitations.use(connection, asked.secret, clock=self._clock)
            if used is None:
                return INVITATION_OVER
            await people.move_work(
                connection, invited.account, to=session.account, clock=self._clock
            )
            # One organisation vouched for the work that it knew of.
            await invitations.end_all(connection, session.account, clock=self._clock)
        async with self._database.connection() as connection:
            await accounts.end_account(connection, invited.account, clock=self._clock)
        self._trace.of_session(
            session, "accept-work", request=f"account {invited.account}"
        )
        return Done()
