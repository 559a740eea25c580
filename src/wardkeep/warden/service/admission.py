# SPDX-License-Identifier: Apache-2.0
"""Admission: where every session begins and ends, whatever proved who it is.

No session starts but here, and only with a factor of its own
(tests/drills/test_sign_in_paths.py reads them all). Whatever is wrong with a proof, the
person hears the same words; the code goes to the ledger or the log.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.answers import Refusal, SignedIn
from wardkeep.identity.accounts import Membership
from wardkeep.identity.factor import Factor
from wardkeep.identity.scopes import CHECK_IN_SCOPES, Scopes
from wardkeep.ledger.beginnings import GOES_ON_FROM, told_of
from wardkeep.ledger.entry import Subject
from wardkeep.warden import session_store
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.service.said import FROZEN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.session_parts import ByApp, Elsewhere
from wardkeep.warden.session_store import Ended
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

log = logging.getLogger(__name__)

SIGN_IN_REFUSED = Refusal(
    code="sign-in-refused",
    why="That passkey could not sign you in.",
    mend="Try again. If it stays so, ask for a new enrolment link.",
)
LONGEST_DEVICE = 200
FACTS = Factor(name="facts", is_phishing_resistant=False)
"""Facts that others may know: they start no session but a ticket (`admit_ticket`)."""
MOST_AT_ONCE = 5
"""Sessions of one person: a desk, a ward, a phone, and two that were forgotten."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody proved themselves with, and what the session may do by it."""

    factor: Factor
    credential: bytes = b""
    device: str
    scopes: Scopes | None = None
    """Of a program; None for people."""
    patients_per_hour: int = 0
    until: datetime | None = None
    """The session ends then at the latest, as does the work that it is for."""
    key_thumbprint: str = ""
    """The key whose proof each use needs (RFC 9449); empty: none."""
    elsewhere: Elsewhere | None = None
    """The sign-in at an identity provider that it came from."""
    goes_on_from: str = ""
    """The session that it takes the place of, whose passkey was not used again."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who checks in gets for facts about one patient."""

    patient: str
    patients_per_hour: int
    until: datetime
    device: str = ""
    appointment: str = ""
    told: str = ""
    """What it was given for, where that is not facts that were typed just now."""


class Admission:
    """Starts sessions, ends them, and tells the database of both."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        budgets: Budgets,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._budgets = budgets
        self._trace = trace
        self._clock = clock
        self._ended: dict[str, Ended] = {}

    async def admit(self, member: Membership, proof: Proof) -> SignedIn | Refusal:
        """A session for whoever proved themselves, kept before its token is told.

        A factor that can be phished starts none, whoever asks for it.
        """
        if not proof.factor.is_phishing_resistant:
            return self.refuse("phishable", account=member.account)
        token, session = self._start(member, proof)
        if self._sessions.is_frozen(session):
            self._sessions.end(session)
            self.refuse(FROZEN.code, account=member.account)
            return FROZEN
        is_kept = False
        try:
            async with self._database.connection() as connection:
                is_kept = await session_store.keep(connection, session)
        finally:
            if not is_kept:
                self._sessions.end(session)
        if not is_kept:
            return self.refuse("ended-meanwhile", account=member.account)
        if not proof.goes_on_from and not session.is_for_programs:
            whose = (session.organisation, session.account)
            self._budgets.touched(session.id, whose)
            session.passkey_used_monotonic = self._clock.monotonic_seconds()
        self._trace.of_session(
            session, "sign-in", reason=proof.factor.name, request=_told(proof)
        )
        if not session.is_for_programs:
            await self._end_surplus(session)
        return SignedIn(
            token=token,
            expires_at=microseconds_since_epoch(session.expires_at),
            scope="" if proof.scopes is None else proof.scopes.text,
        )

    def admit_app(
        self, member: Membership, app: ByApp, proof: Proof
    ) -> tuple[str, Session]:
        """An access token by a person's consent: for minutes, and in memory alone.

        A restart forgets it, and the app asks for another with its refresh token.
        """
        token, session = self._start(member, proof, app)
        self._trace.of_session(
            session, "app-token", reason=app.scopes.text[:500], request=f"app {app.app}"
        )
        return token, session

    def admit_ticket(
        self, member: Membership, ticket: Ticket, *, subject: Subject
    ) -> str:
        """A session for one patient's check-in: for minutes, and in memory alone.

        It is no sign-in: what gives it is not a factor, and what it reaches is one
        person, in the name of a program, within that program's contract.
        """
        proof = Proof(
            factor=FACTS,
            device=ticket.device,
            scopes=CHECK_IN_SCOPES,
            patients_per_hour=ticket.patients_per_hour,
            until=ticket.until,
        )
        whose = msgspec.structs.replace(member, own_patient=ticket.patient)
        token, session = self._start(whose, proof)
        session.appointment = ticket.appointment
        self._trace.of_session(
            session, "check-in", reason=ticket.told, subjects=(subject,)
        )
        return token

    def _start(
        self, member: Membership, proof: Proof, app: ByApp | None = None
    ) -> tuple[str, Session]:
        return self._sessions.start(
            SignedInAs(
                account=member.account,
                display_name=member.display_name,
                organisation=member.organisation,
                organisation_name=member.organisation_name,
                organisation_slug=member.organisation_slug,
                role=member.role,
                factor=proof.factor.name,
                credential=proof.credential,
                device=proof.device[:LONGEST_DEVICE],
                scopes=proof.scopes,
                patients_per_hour=proof.patients_per_hour,
                app=app,
                key_thumbprint=proof.key_thumbprint,
                elsewhere=proof.elsewhere,
                own_patient=member.own_patient,
                until=_earlier(member.valid_until, proof.until),
            )
        )

    async def _end_surplus(self, newest: Session) -> None:
        """Of many sessions of one person, those go that were used the longest ago."""
        live = [
            one
            for one in self._sessions.of_account(newest.account)
            if not one.is_for_programs and one is not newest
        ]
        live.sort(key=lambda one: one.last_used_monotonic)
        surplus = live[: max(0, len(live) + 1 - MOST_AT_ONCE)]
        if surplus:
            await self.end(surplus, why="too many at once")

    def needs_key(self, organisation: int) -> bool:
        """Whether its programs get tokens only that are bound to a key."""
        return organisation in self._sessions.bound_only

    def refuse(self, code: str, *, account: str = "") -> Refusal:
        # A refusal about a known account is an entry; one about nobody is a line in
        # the log, so that strangers cannot fill the ledger.
        if account:
            self._trace.about_account(account, "sign-in", outcome=f"refusal:{code}")
        else:
            log.info("a sign-in was refused: %s", code)
        return SIGN_IN_REFUSED

    async def end(self, ended: Sequence[Session], *, why: str) -> None:
        """End sessions here at once, then in the database."""
        for session in ended:
            self._sessions.end(session)
            self._trace.of_session(session, "sign-out", reason=why)
        self._remember_ends(ended, why=why)
        async with self._database.connection() as connection:
            await self._note_ends(connection)

    def _remember_ends(self, ended: Sequence[Session], *, why: str) -> None:
        """Keep what the database must hear, until it has: a restart asks it alone."""
        now = self._clock.now()
        self._ended.update({one.id: Ended(one, now, why) for one in ended})

    async def _note_ends(self, connection: Connection) -> None:
        noted = list(self._ended.values())
        await session_store.note_end(connection, noted)
        for one in noted:
            self._ended.pop(one.session.id, None)

    async def save(self) -> None:
        """Tell the database which sessions were used and which are over."""
        self._remember_ends(self._sessions.forget_ended(), why="ran out")
        changed = self._sessions.take_changed()
        if not (self._ended or changed):
            return
        try:
            async with self._database.connection() as connection:
                await session_store.note_use(connection, changed)
                await self._note_ends(connection)
        except BaseException:
            # It knows of none of them: the next turn tells it, or a restart would go
            # by what was before.
            for one in changed:
                one.is_changed = True
            raise

    async def save_one(self, session: Session) -> None:
        """Tell the database of one now, and not with the next turn.

        Where it cannot be told, the next turn does.
        """
        try:
            async with self._database.connection() as connection:
                await session_store.note_use(connection, [session])
        except (DatabaseBusyError, DatabaseUnavailableError) as error:
            log.warning("a lock is not written yet: %s", type(error).__name__)


def _told(proof: Proof) -> str:
    """How a session began, so that the ledger alone can say it of each one."""
    if proof.goes_on_from:
        return f"{GOES_ON_FROM}{proof.goes_on_from}"
    return told_of(passkey=proof.credential, device=proof.device[:LONGEST_DEVICE])


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    given = [moment for moment in (one, other) if moment is not None]
    return min(given, default=None)
