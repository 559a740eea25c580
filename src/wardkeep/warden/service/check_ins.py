# SPDX-License-Identifier: Apache-2.0
"""Check-ins: two facts name one person who is expected here, and give a ticket.

The warden matches them itself, by tokens of its own: neither a stolen kiosk nor a web
process that was taken over can say that somebody else's facts were typed. Whom a kiosk
expects, the appointments of its team's clinics say, as for everybody.
"""

from collections import deque
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import AccountId, OrganisationId, new_secret
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Created, Done, Refusal
from wardkeep.disclosure.check_in import (
    AskByLink,
    AskCheckIn,
    AskKiosk,
    AskTicket,
    CheckInAnswer,
    EndTicket,
    NewCheckInLink,
    TicketView,
)
from wardkeep.disclosure.purpose import Tier
from wardkeep.identity import arrivals, clients, own_records
from wardkeep.identity.accounts import Membership
from wardkeep.identity.arrivals import Link
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import CHECK_IN, KIOSK
from wardkeep.ledger.entry import Subject
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster
from wardkeep.warden.directory import Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.service.admission import Admission, Ticket
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK, NOTHING_ASKED
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions, hash_token

QUESTIONS_A_MINUTE = 12
MISSES_AN_HOUR = 40
"""Six kiosks see 75 people an hour each (domain.md, F.2); every other one mistypes."""
PATIENTS_AN_HOUR = 120
"""What one kiosk may check in: the busiest published hour, and half as many again."""
PHONES_AN_HOUR = 1_000
TICKET_LASTS = timedelta(minutes=5)
LINK_LASTS = timedelta(hours=36)
_MINUTE, _HOUR = 60.0, 3600.0
PHONES = "Check-in by phone"
LINK_OVER = Refusal(
    code="link-over",
    why="This link was used, is over, or was tried too often.",
    mend="Check in at the desk or at a kiosk.",
)
NO_TICKET = Refusal(
    code="not-signed-in",
    why="This check-in is over.",
    mend="Begin again, or go to the desk.",
)


class Known(Protocol):
    """What the warden has in memory, as far as it is needed here."""

    @property
    def sessions(self) -> Sessions: ...
    @property
    def keystore(self) -> KeyStore: ...
    @property
    def expected(self) -> ExpectedSets: ...
    @property
    def directory(self) -> Directory: ...


class CheckInParts(NamedTuple):
    """What the desk works with."""

    database: Database
    known: Known
    admission: Admission
    door: Door
    trace: Trace
    clock: Clock


class Facts(msgspec.Struct, frozen=True):
    """What a person typed, read."""

    born: date
    family: str
    given: str = ""


class CheckIns:
    """Answers kiosks and phones, and gives tickets."""

    def __init__(self, parts: CheckInParts) -> None:
        self._parts = parts
        self._asked: dict[str, deque[float]] = {}
        self._missed: dict[str, deque[float]] = {}
        self.desk = Desk(
            at_once={
                AskTicket: self._tell,
                AskKiosk: self._tell_kiosk,
                EndTicket: self._end,
            },
            later={
                AskCheckIn: self._at_kiosk,
                AskByLink: self._by_link,
                NewCheckInLink: self._new_link,
            },
        )

    # At a kiosk

    async def _at_kiosk(self, asked: AskCheckIn) -> Answer:
        kiosk = self._parts.known.sessions.use_only(asked.session, KIOSK)
        if kiosk is None:
            is_somebody = self._parts.known.sessions.use(asked.session) is not None
            return NOT_YOUR_WORK if is_somebody else NOT_SIGNED_IN
        if self._is_too_fast(kiosk.account):
            return CheckInAnswer("wait")
        facts = read_facts(asked.born, asked.family, asked.given)
        found = [] if facts is None else await self._people(kiosk.organisation, facts)
        if len(found) > 1 and not asked.given:
            return CheckInAnswer("one-more")
        if len(found) != 1 or not self._is_expected(kiosk, found[0]):
            return self._miss(kiosk)
        self._end_tickets(kiosk.account)
        ticket = Ticket(
            patient=found[0],
            patients_per_hour=PATIENTS_AN_HOUR,
            until=self._parts.clock.now() + TICKET_LASTS,
            device=kiosk.display_name,
        )
        return CheckInAnswer("go-on", self._give(member_of(kiosk), ticket))

    def _is_too_fast(self, kiosk: str) -> bool:
        """Nobody guesses birthdays here by the thousand."""
        now = self._parts.clock.monotonic_seconds()
        asked = _since(self._asked, kiosk, now - _MINUTE)
        missed = _since(self._missed, kiosk, now - _HOUR)
        if len(asked) >= QUESTIONS_A_MINUTE or len(missed) >= MISSES_AN_HOUR:
            return True
        asked.append(now)
        return False

    def _miss(self, kiosk: Session) -> Answer:
        """The same words whether nobody has these facts, or is not expected here."""
        missed = self._missed[kiosk.account]
        missed.append(self._parts.clock.monotonic_seconds())
        if len(missed) == MISSES_AN_HOUR:
            self._parts.trace.of_session(
                kiosk, "check-in-misses", reason=f"{MISSES_AN_HOUR} within an hour"
            )
        return CheckInAnswer("go-to-the-desk")

    async def _people(self, organisation: int, facts: Facts) -> list[str]:
        """Whom the facts name, as names may be spelt; of more than one only two."""
        found: dict[str, None] = {}
        async with self._parts.database.connection() as connection:
            for terms in arrivals.spelt(facts.born, facts.family, facts.given):
                tokens = self._parts.known.keystore.tokens(organisation, terms)
                some = await own_records.people_with(connection, organisation, tokens)
                found.update(dict.fromkeys(some))
                if len(found) > 1:
                    break
        return list(found)

    def _is_expected(self, kiosk: Session, patient: str) -> bool:
        why = self._parts.known.expected.explains(
            account=kiosk.account,
            organisation=kiosk.organisation,
            patient=patient,
            at=self._parts.clock.now(),
        )
        return why is not None

    # By a link

    async def _new_link(self, asked: NewCheckInLink) -> Answer:
        session = self._parts.known.sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if Tier.BANNER.word not in session.role.tiers or session.is_for_programs:
            return NOT_YOUR_WORK
        if not (asked.patient and asked.appointment):
            return NOTHING_ASKED
        now = self._parts.clock.now()
        is_known = self._parts.door.explains(session, asked.patient)
        if not is_known and not session.has_found(
            asked.patient, self._parts.clock.monotonic_seconds()
        ):
            return NOT_YOUR_WORK
        secret = new_secret()
        link = Link(
            member=await self._phones(session),
            patient=asked.patient,
            appointment=asked.appointment,
            until=min(_moment(asked.until, now), now + LINK_LASTS),
        )
        async with self._parts.database.connection() as connection:
            await arrivals.add_link(
                connection,
                hash_token(secret),
                link,
                by=session.account,
                clock=self._parts.clock,
            )
        self._parts.trace.of_session(
            session, "check-in-link", subjects=(_about(asked.patient),)
        )
        return Created(secret)

    async def _phones(self, session: Session) -> Membership:
        """The program in whose name phones check in, made when it is first needed."""
        async with self._parts.database.transaction() as connection:
            await own_records.lock(connection, session.organisation, PHONES)
            known = await arrivals.phones_of(connection, session.organisation)
            account = known or await self._register(connection, session)
        return msgspec.structs.replace(member_of(session), account=AccountId(account))

    async def _register(self, connection: Connection, session: Session) -> str:
        account = await clients.register_client(
            connection,
            organisation=session.organisation_id,
            name=PHONES,
            keys=[],
            scope=CHECK_IN,
            patients_per_hour=PHONES_AN_HOUR,
            clock=self._parts.clock,
        )
        self._parts.known.directory.remember(account, PHONES, home=session.organisation)
        return account

    async def _by_link(self, asked: AskByLink) -> Answer:
        secret_hash = hash_token(asked.secret)
        clock = self._parts.clock
        async with self._parts.database.connection() as connection:
            link = await arrivals.try_link(connection, secret_hash, clock=clock)
        if link is None:
            return LINK_OVER
        facts = read_facts(asked.born, asked.family, "")
        organisation = link.member.organisation
        if facts is None or not await self._is_of(organisation, link.patient, facts):
            return CheckInAnswer("go-to-the-desk")
        async with self._parts.database.connection() as connection:
            is_first = await arrivals.use_up(connection, secret_hash, clock=clock)
        if not is_first:
            return LINK_OVER
        ticket = Ticket(
            patient=link.patient,
            appointment=link.appointment,
            patients_per_hour=PHONES_AN_HOUR,
            until=clock.now() + TICKET_LASTS,
        )
        return CheckInAnswer("go-on", self._give(link.member, ticket))

    async def _is_of(self, organisation: int, patient: str, facts: Facts) -> bool:
        """Whether they are facts about this one; a twin has the same ones too."""
        return patient in await self._people(organisation, facts)

    # Tickets

    def _give(self, member: Membership, ticket: Ticket) -> str:
        return self._parts.admission.admit_ticket(
            member, ticket, subject=_about(ticket.patient)
        )

    def _end_tickets(self, account: str) -> None:
        """Whoever stood there before is gone."""
        for one in self._parts.known.sessions.of_account(account):
            if one.only == CHECK_IN:
                self._parts.known.sessions.end(one)

    def _tell(self, asked: AskTicket) -> Answer:
        session = self._parts.known.sessions.ticket(asked.session)
        if session is None:
            return NO_TICKET
        return self._view(session)

    def _tell_kiosk(self, asked: AskKiosk) -> Answer:
        session = self._parts.known.sessions.use_only(asked.session, KIOSK)
        return NO_TICKET if session is None else self._view(session)

    def _view(self, session: Session) -> TicketView:
        roster = self._parts.known.expected.rosters.get(session.organisation, Roster())
        at = microseconds_since_epoch(self._parts.clock.now())
        is_kiosk = session.only == KIOSK
        return TicketView(
            account=session.account,
            patient=session.own_patient,
            appointment=session.appointment,
            organisation=session.organisation,
            device=session.display_name if is_kiosk else session.device,
            places=tuple(sorted(roster.names_of(session.account, at))),
            until=microseconds_since_epoch(session.expires_at),
        )

    def _end(self, asked: EndTicket) -> Answer:
        session = self._parts.known.sessions.ticket(asked.session)
        if session is None:
            return NO_TICKET
        self._parts.known.sessions.end(session)
        return Done()


def read_facts(born: str, family: str, given: str) -> Facts | None:
    """None where they are none: no day, or no letter."""
    try:
        day = date.fromisoformat(born)
    except ValueError:
        return None
    is_given_wrong = bool(given) and not arrivals.beginning(given)
    if not arrivals.beginning(family) or is_given_wrong:
        return None
    return Facts(day, family, given)


def member_of(session: Session) -> Membership:
    """The program that a session is of, as what starts another one names it."""
    return Membership(
        account=AccountId(session.account),
        display_name=session.display_name,
        organisation=OrganisationId(session.organisation),
        organisation_name=session.organisation_name,
        organisation_slug=session.organisation_slug,
        role=Role.SERVICE,
    )


def _about(patient: str) -> Subject:
    return Subject.about(patient=patient, tier="", relationship="", resources=())


def _moment(microseconds: int, now: datetime) -> datetime:
    """The end of a link; a day from now where what was asked is none."""
    try:
        return datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return now + LINK_LASTS


def _since(kept: dict[str, deque[float]], account: str, oldest: float) -> deque[float]:
    moments = kept.setdefault(account, deque())
    while moments and moments[0] < oldest:
        moments.popleft()
    return moments
