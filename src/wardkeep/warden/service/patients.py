# SPDX-License-Identifier: Apache-2.0
"""Patients' accounts: made by somebody who may open the record, and what they see.

An account of a patient holds no name, so that a copy of the database names nobody.
"""

import secrets
from bisect import bisect_left

from wardkeep.base.clock import Clock
from wardkeep.base.ids import is_fhir_id
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.patients import (
    EndPatientAccount,
    InvitePatient,
    LookAtPatientAccount,
    OwnAccess,
    OwnAccessLine,
    PatientAccount,
    ReadOwnAccess,
)
from wardkeep.disclosure.people import EnrolmentLink, Links
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.identity import accounts, credentials, own_records
from wardkeep.identity.accounts import PERSON, Granted
from wardkeep.identity.roles import BANNER, PEOPLE, Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.onward import sent_to
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.rules.opening import OWN
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.door import GRANTED, Door
from wardkeep.warden.service.links import FIRST_HOURS, RECOVERY_HOURS, LinkOffice
from wardkeep.warden.service.own_incidents import OwnIncidents
from wardkeep.warden.service.rights_words import when
from wardkeep.warden.service.said import ERASED, NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

LINES_A_PAGE = 50
OPEN_FIRST = Refusal(
    code="reason-needed",
    why="Nothing in today's work explains this.",
    mend="Open the record first, saying why.",
    needs_reason=True,
)
NO_ACCOUNT = Refusal(
    code="no-patient-account",
    why="This patient has no account here.",
    mend="Give them a link first.",
)


class Patients:
    """Answers about patients' accounts, and their own question."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        door: Door,
        ledger: Ledger,
        sessions: Sessions,
        admission: Admission,
        directory: Directory,
        erased: ErasedPatients,
        trace: Trace,
        incidents: OwnIncidents,
        clock: Clock,
    ) -> None:
        self._database = database
        self._door = door
        self._ledger = ledger
        self._sessions = sessions
        self._admission = admission
        self._directory = directory
        self._erased = erased
        self._trace = trace
        self._incidents = incidents
        self._clock = clock
        self._links = LinkOffice(directory=directory, clock=clock)
        self.desk = Desk(
            at_once={ReadOwnAccess: self._own_access},
            later={LookAtPatientAccount: self._look, EndPatientAccount: self._end},
            acts={
                InvitePatient: Acting(
                    self._describe, self._invite, needs_device_bound=False
                )
            },
        )

    # The staff's side

    def _fault_in(self, session: Session, patient: str) -> Refusal | None:
        """Why this session may not deal with the patient's account."""
        is_staff = session.role in PEOPLE and BANNER in session.role.tiers
        if not is_staff or session.is_for_programs:
            return NOT_YOUR_WORK
        if not is_fhir_id(patient):
            return NO_ACCOUNT
        if self._erased.has(session.organisation, patient):
            return ERASED
        now = self._clock.monotonic_seconds()
        has_opened = session.held_reason(patient, now) is not None
        is_open = has_opened or bool(self._door.explains(session, patient))
        return None if is_open else OPEN_FIRST

    async def _describe(
        self, session: Session, act: InvitePatient
    ) -> ActDescription | Refusal:
        refused = self._fault_in(session, act.patient)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            old = await own_records.account_of(
                connection, session.organisation, act.patient
            )
            has_passkey = old is not None and bool(
                await credentials.of_account(connection, old)
            )
        hours = RECOVERY_HOURS if has_passkey else FIRST_HOURS
        warning = "Do it only when the person stands before you and you know who it is."
        if has_passkey:
            warning += " Their passkeys of before end when they use the new link."
        return ActDescription(
            title="Give the patient a link to sign in",
            lines=(
                ("Record", act.patient),
                ("It lasts", f"{hours:.0f} h, for one use"),
            ),
            warning=warning,
        )

    async def _invite(self, session: Session, act: InvitePatient) -> Answer:
        async with self._database.transaction() as connection:
            await own_records.lock(connection, session.organisation, act.patient)
            link = await self._link(connection, session, act.patient)
        self._note(session, "invite-patient", act.patient, link.account)
        return Links((link,))

    async def _link(
        self, connection: Connection, session: Session, patient: str
    ) -> EnrolmentLink:
        old = await own_records.account_of(connection, session.organisation, patient)
        if old is not None and await credentials.of_account(connection, old):
            return await self._links.recovery(connection, old, by=session.account)
        account = old or await make_account(
            connection,
            self._directory,
            organisation=(session.organisation, session.organisation_name),
            patient=patient,
            by=session.account,
            clock=self._clock,
        )
        return await self._links.first(connection, account, by=session.account)

    async def _look(self, asked: LookAtPatientAccount) -> Answer:
        found = await self._found(asked.session, asked.patient)
        if isinstance(found, Refusal):
            return found
        _, account = found
        if account is None:
            return PatientAccount(is_there=False)
        async with self._database.connection() as connection:
            keys = await credentials.of_account(connection, account)
            since, last, has_link = await own_records.state_of(
                connection, account, clock=self._clock
            )
        return PatientAccount(
            is_there=True,
            passkeys=len(keys),
            since=when(since),
            last_signed_in=when(last),
            has_link=has_link,
        )

    async def _end(self, asked: EndPatientAccount) -> Answer:
        found = await self._found(asked.session, asked.patient)
        if isinstance(found, Refusal):
            return found
        session, account = found
        if account is None:
            return NO_ACCOUNT
        live = self._sessions.of_account(account)
        for one in live:
            self._sessions.end(one)
        async with self._database.connection() as connection:
            await accounts.end_account(connection, account, clock=self._clock)
        await self._admission.end(
            [*live, *self._sessions.of_account(account)], why="patient account ended"
        )
        self._note(session, "end-patient-account", asked.patient, account)
        return Done()

    async def _found(
        self, token: str, patient: str
    ) -> tuple[Session, str | None] | Refusal:
        session = self._sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        refused = self._fault_in(session, patient)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            return session, await own_records.account_of(
                connection, session.organisation, patient
            )

    def _note(self, session: Session, action: str, patient: str, account: str) -> None:
        """The entry names the patient, so that the patient reads it too."""
        about = Subject.about(
            patient=patient,
            tier="",
            relationship=self._door.explains(session, patient),
            resources=(),
        )
        self._trace.of_session(
            session, action, request=f"account {account}", subjects=(about,)
        )

    # The patient's side

    def _own_access(self, asked: ReadOwnAccess) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        patient = session.own_patient
        if session.role is not Role.PATIENT or not patient:
            return NOT_YOUR_WORK
        if self._erased.has(session.organisation, patient):
            return ERASED
        positions = self._ledger.entries_about(
            patient, organisation=session.organisation
        )
        last = len(positions)
        if asked.before >= 0:
            last = bisect_left(positions, asked.before)
        shown = positions[max(0, last - LINES_A_PAGE) : last]
        lines = [line for one in reversed(shown) for line in self._lines(one, session)]
        self._note_look(session)
        is_more = last > len(shown)
        return OwnAccess(
            organisation_name=session.organisation_name,
            lines=tuple(lines),
            total=len(positions),
            next=shown[0] if is_more else -1,
            incidents=self._incidents.of(session, positions)
            if asked.before < 0
            else (),
        )

    def _note_look(self, session: Session) -> None:
        about = Subject.about(
            patient=session.own_patient, tier="", relationship=OWN, resources=()
        )
        self._ledger.append(
            self._door.entry_of(
                session,
                action=Action.HISTORY.value,
                purpose=Purpose.PATIENT_REQUEST.value,
                subjects=(about,),
            )
        )

    def _lines(self, position: int, session: Session) -> list[OwnAccessLine]:
        """The line of an entry; none where its key in the index was another's."""
        entry = self._ledger.read(position)
        about = entry.subjects_about(session.own_patient)
        return [self._line(position, entry, about, session)] if about else []

    def _line(
        self,
        position: int,
        entry: Entry,
        about: tuple[Subject, ...],
        session: Session,
    ) -> OwnAccessLine:
        return OwnAccessLine(
            entry=position,
            at=entry.at,
            role=entry.role,
            role_title=self._directory.role_title(entry.role),
            purpose=entry.purpose,
            reason=entry.reason if entry.purpose else "",
            relationship=about[0].relationship,
            action=entry.action,
            tier=", ".join(dict.fromkeys(one.tier for one in about if one.tier)),
            resources=sum(one.resource_count for one in about),
            is_refused=entry.outcome != GRANTED,
            is_mine=entry.account == session.account,
            sent_to=sent_to(entry),
        )


async def make_account(
    connection: Connection,
    directory: Directory,
    *,
    organisation: tuple[int, str],
    patient: str,
    by: str,
    clock: Clock,
) -> str:
    """An account for a patient, named after the place; the caller holds a lock."""
    number, name = organisation
    # Two of one family on one phone tell their passkeys apart by it.
    display_name = f"Patient of {name}, {secrets.token_hex(2).upper()}"
    account = await accounts.create_account(
        connection,
        kind=PERSON,
        display_name=display_name,
        organisation=number,  # type: ignore[arg-type]
        role=Role.PATIENT,
        granted=Granted(by=by) if by else None,
    )
    await own_records.add(
        connection, account, organisation=number, patient=patient, clock=clock
    )
    directory.remember(account, display_name, home=number)
    return account
